//! Checking what is published: every entry is hashed, every tile compared, the checkpoint's signatures checked.

mod walk;

use std::time::{SystemTime, UNIX_EPOCH};

use asepsis_log::files;
use asepsis_log::verify::{Anchor, Fault, KeySource, Place, Report, VerifyOptions};
use asepsis_log::{NoteFault, ParsedCheckpoint, VerifierKey};
use bytes::Bytes;
use tlog_tiles::Hash;

use crate::{MirrorError, Store};
use walk::Walk;

/// Findings that are listed; the rest is counted.
const LISTED: usize = 100;

/// How far a witness's clock may be ahead of ours, in seconds.
const TOLERANCE: u64 = 300;

const MIRROR: &str = "compare with the log itself, and find out who had access to the store; publish to a new place";
const KEY: &str = "pass the public key that was printed when the log was made";
const WHO: &str = "entries that existed then are not published: find out who had access";
const REWRITTEN: &str = "history was rewritten: find out who had access to the log's key";
const WITNESS: &str = "let the witnesses cosign, and look at what they hold";

/// Checks the published log in `store`. Memory is bounded, whatever the length of the log, and nothing is written anywhere.
/// Payloads and what else only the log's database has are not looked at.
///
/// # Errors
/// [`MirrorError`] if the store cannot be read. What is wrong with the log is in the report.
pub async fn verify(store: &Store, options: &VerifyOptions) -> Result<Report, MirrorError> {
    let now =
        options.now.unwrap_or_else(|| SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()));
    let mut report = Report { now, pinned: options.pin.is_some(), ..Report::default() };
    // Before the checkpoint, which is never the smaller one.
    let cosigned = store.get(files::COSIGNED).await?.map(|stored| stored.content);
    let Some(checkpoint) = store.get(files::CHECKPOINT).await? else {
        add(&mut report, Place::File(files::CHECKPOINT.to_owned()), "it is missing: no log is published here", MIRROR);
        return Ok(report);
    };
    let keys = keys(store, options, &checkpoint.content, &mut report).await?;
    // Of the keys of a policy one is enough, as is one for what may be from the time before the log had all of its keys.
    let of_policy = options.vkey.is_none() && report.key_source == KeySource::Given;
    let asked = if of_policy { 1 } else { keys.len() };
    let signed = checked(files::CHECKPOINT, &checkpoint.content, &keys, asked, &mut report);
    let pin = options.pin.as_deref().and_then(|pin| checked("pin", pin.as_bytes(), &keys, 1, &mut report));
    let witnessed = witnessed(options, cosigned.as_ref(), &keys, &mut report);
    let Some(signed) = signed else { return Ok(report) };

    report.size = signed.size();
    report.root = Some(hex(&signed.root()));
    let anchors = [("pin", "pinned", pin), (files::COSIGNED, "cosigned", witnessed)];
    let wanted = anchors.iter().filter_map(|(_, _, parsed)| Some(parsed.as_ref()?.size()));
    let mut walk = Walk::new(store, &signed, wanted.collect());
    walk.run(&mut report).await?;
    walk.finish(&mut report).await?;
    for (place, done, anchor) in &anchors {
        let Some(anchor) = anchor else { continue };
        let field = |field| Place::Field((*place).to_owned(), field);
        if anchor.size() > signed.size() {
            let what = format!("{} entries were {done}, and {} are published", anchor.size(), signed.size());
            add(&mut report, field("size"), what, WHO);
        } else if walk.roots.get(&anchor.size()).copied().flatten() != Some(Hash(anchor.root())) {
            let what = format!("the first {} entries are not those that were {done}", anchor.size());
            add(&mut report, field("root"), what, REWRITTEN);
        }
    }
    Ok(report)
}

fn add(report: &mut Report, place: Place, what: impl Into<String>, remedy: &'static str) {
    if report.findings.len() < LISTED {
        report.findings.push(Fault { place, what: what.into(), remedy });
    } else {
        report.more_findings += 1;
    }
}

/// The keys to check signatures with: those that were given, those of the policy, or those that lie beside the log.
async fn keys(
    store: &Store,
    options: &VerifyOptions,
    checkpoint: &[u8],
    report: &mut Report,
) -> Result<Vec<VerifierKey>, MirrorError> {
    let policy = options.policy.as_ref().filter(|policy| options.vkey.is_none() && !policy.logs().is_empty());
    if let Some(policy) = policy {
        report.key_source = KeySource::Given;
        let origin = ParsedCheckpoint::new(checkpoint).map(|parsed| parsed.origin().to_owned()).unwrap_or_default();
        return Ok(policy.keys_of(&origin));
    }
    let text = match &options.vkey {
        Some(vkey) => {
            report.key_source = KeySource::Given;
            Some(vkey.clone())
        }
        None => {
            let stored = store.get(files::PUBLIC_KEY).await?;
            stored.and_then(|stored| String::from_utf8(stored.content.to_vec()).ok())
        }
    };
    Ok(text.and_then(|text| VerifierKey::list(&text).ok()).unwrap_or_default())
}

/// A checkpoint that so many of the keys have to have signed, with what is wrong with it reported. Its size and root are compared
/// also where its signature is wrong.
fn checked(
    name: &str,
    text: &[u8],
    keys: &[VerifierKey],
    asked: usize,
    report: &mut Report,
) -> Option<ParsedCheckpoint> {
    let place = |field| Place::Field(name.to_owned(), field);
    let parsed = match ParsedCheckpoint::new(text) {
        Ok(parsed) => parsed,
        Err(fault) => {
            add(report, place("text"), fault.to_string(), MIRROR);
            return None;
        }
    };
    let fault = if keys.is_empty() {
        Some(NoteFault::BadVerifierKey)
    } else if keys.iter().any(|key| key.name() != parsed.origin()) {
        Some(NoteFault::OtherOrigin)
    } else {
        match parsed.signed_by(keys) {
            Err(fault) => Some(fault),
            Ok(signed) if signed.is_empty() => Some(NoteFault::OtherKey),
            Ok(signed) if signed.len() < asked => Some(NoteFault::MissingSignature),
            Ok(_) => None,
        }
    };
    if let Some(fault) = fault {
        let field = if fault == NoteFault::OtherOrigin { "origin" } else { "signature" };
        add(report, place(field), fault.to_string(), KEY);
    }
    Some(parsed)
}

/// What witnesses cosigned, where the policy asks for that.
fn witnessed(
    options: &VerifyOptions,
    cosigned: Option<&Bytes>,
    keys: &[VerifierKey],
    report: &mut Report,
) -> Option<ParsedCheckpoint> {
    let policy = options.policy.as_ref().filter(|policy| policy.needs_witnesses())?;
    let file = || Place::File(files::COSIGNED.to_owned());
    let field = |field| Place::Field(files::COSIGNED.to_owned(), field);
    let Some(text) = cosigned else {
        add(
            report,
            file(),
            "it is missing: the policy asks for witnesses, and none has cosigned what is published",
            WITNESS,
        );
        return None;
    };
    let parsed = checked(files::COSIGNED, text, keys, 1, report)?;
    match std::str::from_utf8(text).map_err(|_| NoteFault::Malformed).and_then(|text| policy.check(text)) {
        Err(fault) => add(report, field("cosignature"), fault.to_string(), WITNESS),
        Ok(standing) => {
            if !standing.quorum {
                add(report, field("cosignature"), "the quorum of the policy is not reached", WITNESS);
            }
            let newest = standing.newest();
            report.anchor = Some(Anchor { size: parsed.size(), standing });
            let ahead = newest.map_or(0, |newest| newest.saturating_sub(report.now));
            if ahead > TOLERANCE {
                add(report, field("time"), format!("it was cosigned {ahead} s after the present"), WITNESS);
            } else if let Some(most) = options.max_age {
                let age = newest.map(|newest| report.now.saturating_sub(newest));
                if age.is_none_or(|age| age > most.as_secs()) {
                    let age =
                        age.map_or("there is no cosignature".to_owned(), |age| format!("the newest is {age} s old"));
                    add(report, field("time"), format!("{age}, and {} s are allowed", most.as_secs()), WITNESS);
                }
            }
        }
    }
    Some(parsed)
}

fn hex(hash: &[u8; 32]) -> String {
    hash.iter().map(|byte| format!("{byte:02x}")).collect()
}
