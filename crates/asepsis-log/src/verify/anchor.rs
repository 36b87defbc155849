//! What vouches for the log from outside its entries: signatures, a pin, the cosignatures of witnesses.

use std::collections::BTreeMap;
use std::path::Path;

use tlog_tiles::Hash;

use super::{Anchor, KeySource, Place, Report, TOLERANCE, VerifyOptions};
use crate::note::{NoteFault, Parsed};
use crate::policy::Policy;
use crate::{VerifierKey, layout, tiles};

const RESTORE: &str = "restore the file from a backup";
const WHO: &str = "entries that existed then are gone: restore a newer backup and find out who had access";
const REWRITTEN: &str = "restore a backup from that time and find out who had access to the log's key";

/// How many of the keys have to have signed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    All,
    Any,
}

/// The checkpoints that the entries are compared with.
pub(crate) struct Anchors {
    /// The checkpoint in the directory.
    pub(crate) signed: Option<Parsed>,
    pinned: Option<Parsed>,
    /// What witnesses cosigned, if it is worth something.
    cosigned: Option<Parsed>,
}

impl Anchors {
    /// Reads and checks all of them, with what is wrong in the report. A size and root whose signature is wrong are still
    /// compared.
    pub(crate) fn read(
        dir: &Path,
        options: &VerifyOptions,
        now: u64,
        checkpoint: Option<&[u8]>,
        cosigned: Option<&[u8]>,
        report: &mut Report,
    ) -> Self {
        let origin = checkpoint.and_then(|text| Some(Parsed::new(text).ok()?.origin));
        let (keys, asked) = keys(dir, options, origin.as_deref(), report);
        let signed = checked(layout::CHECKPOINT, checkpoint, keys.as_deref(), asked, report);
        let pin = options.pin.as_deref().map(str::as_bytes);
        // A pin may be from the time before the log had all of its keys.
        let pinned = pin.and_then(|text| checked("pin", Some(text), keys.as_deref(), Asked::Any, report));
        let mut anchors = Self { signed, pinned, cosigned: None };
        if let Some(policy) = options.policy.as_ref().filter(|policy| policy.needs_witnesses()) {
            anchors.witnessed(policy, keys.as_deref(), cosigned, report);
            fresh(options, now, report);
        }
        anchors
    }

    /// Takes what witnesses cosigned.
    fn witnessed(
        &mut self,
        policy: &Policy,
        keys: Option<&[VerifierKey]>,
        cosigned: Option<&[u8]>,
        report: &mut Report,
    ) {
        let Some(text) = cosigned else {
            report.add(
                Place::File(layout::COSIGNED.to_owned()),
                "it is missing: the policy asks for witnesses, and none has cosigned".to_owned(),
                "let the witnesses cosign, or restore the file; a checkpoint from a witness itself can be given as --pin",
            );
            return;
        };
        let Some(parsed) = checked(layout::COSIGNED, Some(text), keys, Asked::Any, report) else { return };
        match policy.standing(&parsed) {
            Err(fault) => report.add(
                Place::Field(layout::COSIGNED.to_owned(), "cosignature"),
                fault.to_string(),
                "a witness that the policy names has not signed this: compare with what the witness itself holds",
            ),
            Ok(standing) => {
                if !standing.quorum {
                    let named: Vec<&str> = standing.cosigned.iter().map(|(name, _)| name.as_str()).collect();
                    let by = if named.is_empty() { "no witness".to_owned() } else { named.join(", ") };
                    report.add(
                        Place::Field(layout::COSIGNED.to_owned(), "cosignature"),
                        format!("the quorum of the policy is not reached: cosigned by {by}"),
                        "let more of the witnesses cosign",
                    );
                }
                report.anchor = Some(Anchor { size: parsed.size(), standing });
                self.cosigned = Some(parsed);
            }
        }
    }

    /// The sizes whose roots are needed.
    pub(crate) fn sizes(&self) -> Vec<u64> {
        [&self.signed, &self.pinned, &self.cosigned].into_iter().flatten().map(Parsed::size).collect()
    }

    /// Whether the log of `size` entries holds what was pinned and cosigned as its beginning.
    pub(crate) fn compare(&self, size: u64, roots: &BTreeMap<u64, Hash>, report: &mut Report) {
        let cosigned = layout::COSIGNED;
        for (place, done, anchor) in [("pin", "pinned", &self.pinned), (cosigned, "cosigned", &self.cosigned)] {
            let Some(anchor) = anchor else { continue };
            if anchor.size() > size {
                let what = format!("the log shrank {} -> {size}", anchor.size());
                report.add(Place::Field(place.to_owned(), "size"), what, WHO);
            } else if roots.get(&anchor.size()) != Some(&anchor.root) {
                let what = format!(
                    "the first {} entries are not those that were {done}: history was rewritten",
                    anchor.size()
                );
                report.add(Place::Field(place.to_owned(), "root"), what, REWRITTEN);
            }
        }
    }
}

/// Whether the newest cosignature is young enough, and none is of the future.
fn fresh(options: &VerifyOptions, now: u64, report: &mut Report) {
    let place = Place::Field(layout::COSIGNED.to_owned(), "time");
    let newest = report.anchor.as_ref().and_then(|anchor| anchor.standing.newest());
    let ahead = newest.map_or(0, |newest| newest.saturating_sub(now));
    if ahead > TOLERANCE.as_secs() {
        let what = format!("it was cosigned {ahead} s after the present");
        report.add(place, what, "set the clock of this machine or of the witness, and look again");
    } else if let Some(most) = options.max_age {
        let age = newest.map(|newest| now.saturating_sub(newest));
        if age.is_none_or(|age| age > most.as_secs()) {
            let age = age.map_or("there is no cosignature".to_owned(), |age| format!("the newest is {age} s old"));
            report.add(
                place,
                format!("{age}, and {} s are allowed", most.as_secs()),
                "ask the witnesses what they hold: the log may have been put back to an older state",
            );
        }
    }
}

/// The keys to check signatures with.
fn keys(
    dir: &Path,
    options: &VerifyOptions,
    origin: Option<&str>,
    report: &mut Report,
) -> (Option<Vec<VerifierKey>>, Asked) {
    if options.vkey.is_none()
        && let Some(policy) = options.policy.as_ref().filter(|policy| !policy.logs().is_empty())
    {
        report.key_source = KeySource::Given;
        let keys = origin.map(|origin| policy.keys_of(origin)).unwrap_or_default();
        if keys.is_empty() && origin.is_some() {
            report.add(
                Place::Field(layout::CHECKPOINT.to_owned(), "origin"),
                NoteFault::OtherOrigin.to_string(),
                "the policy does not list this log: take the policy that was made for it",
            );
        }
        return (Some(keys).filter(|keys| !keys.is_empty()), Asked::Any);
    }
    let (text, place) = match &options.vkey {
        Some(vkey) => {
            report.key_source = KeySource::Given;
            (Some(vkey.clone()), "verifier key")
        }
        None => {
            let content = tiles::read(dir, layout::PUBLIC_KEY).ok();
            (content.and_then(|content| String::from_utf8(content).ok()), layout::PUBLIC_KEY)
        }
    };
    let keys = text.and_then(|text| VerifierKey::list(&text).ok());
    if keys.is_none() {
        report.add(
            Place::File(place.to_owned()),
            NoteFault::BadVerifierKey.to_string(),
            "pass the public key that was printed when the log was made",
        );
    }
    (keys, Asked::All)
}

/// A checkpoint or pin, with what is wrong with it reported.
fn checked(
    name: &str,
    text: Option<&[u8]>,
    keys: Option<&[VerifierKey]>,
    asked: Asked,
    report: &mut Report,
) -> Option<Parsed> {
    let place = |field| Place::Field(name.to_owned(), field);
    let Some(text) = text else {
        report.add(Place::File(name.to_owned()), "it is missing".to_owned(), "open the log once, or restore the file");
        return None;
    };
    let parsed = match Parsed::new(text) {
        Ok(parsed) => parsed,
        Err(fault) => {
            report.add(place("text"), fault.to_string(), RESTORE);
            return None;
        }
    };
    let checked = keys.map(|keys| match asked {
        Asked::All => parsed.check(keys),
        Asked::Any => parsed.check_any(keys).map(drop),
    });
    if let Some(Err(fault)) = checked {
        let field = if fault == NoteFault::OtherOrigin { "origin" } else { "signature" };
        report.add(
            place(field),
            fault.to_string(),
            "restore the file from a backup; check which key belongs to this log",
        );
    }
    Some(parsed)
}
