//! Packs of signatures: reading, listing, signing.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use asepsis_db::files;
use asepsis_guard::{Pack, PackKey, PublisherKey, Rule};
use asepsis_vocab::Channel;
use serde_json::json;

use crate::args::GuardPacks;
use crate::output;

/// No key file is longer.
const MAX_KEY_FILE: usize = 1024;

/// The packs that arguments name, the shipped ones first.
pub(super) fn of(arguments: &GuardPacks) -> anyhow::Result<Vec<Arc<Pack>>> {
    let mut packs = if arguments.no_shipped { Vec::new() } else { Pack::shipped() };
    let publishers = arguments.publisher.iter().map(|key| publisher(key)).collect::<anyhow::Result<Vec<_>>>()?;
    for path in &arguments.pack {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let note = note(path);
        let signature = std::fs::read_to_string(&note).with_context(|| {
            format!("{} (the signature of the pack; `asepsis guard sign` makes it)", note.display())
        })?;
        let pack = Pack::read(&text, &signature, &publishers).with_context(|| path.display().to_string())?;
        packs.push(Arc::new(pack));
    }
    Ok(packs)
}

/// Where the signature of a pack is.
fn note(pack: &Path) -> PathBuf {
    let mut name = pack.as_os_str().to_owned();
    name.push(".sig");
    name.into()
}

/// A key that is given as it is, or as the file that holds it.
fn publisher(key: &str) -> anyhow::Result<PublisherKey> {
    if let Ok(key) = key.parse() {
        return Ok(key);
    }
    let text =
        std::fs::read_to_string(key).with_context(|| format!("{key} is no publisher's key, nor a file with one"))?;
    text.parse().with_context(|| key.to_owned())
}

/// `asepsis guard rules`.
pub(super) fn rules(arguments: &GuardPacks, as_json: bool) -> anyhow::Result<u8> {
    for pack in of(arguments)? {
        if !as_json {
            output::line(&format!("{}  {} rules  sha256 {}", pack.name(), pack.rules().len(), pack.id()))?;
        }
        for rule in pack.rules() {
            output::line(&if as_json { in_json(&pack, rule) } else { in_words(rule) })?;
        }
    }
    Ok(0)
}

fn in_words(rule: &Rule) -> String {
    let alarms = match &rule.false_alarms {
        Some(f) => format!("{} in {} clinical texts, counted {}", f.flagged, f.texts, f.on),
        None => "not counted".to_owned(),
    };
    let tags = rule.owasp.iter().chain(&rule.atlas).map(String::as_str).collect::<Vec<_>>().join(" ");
    let verdict = rule.verdict.word();
    format!(
        "  {:<24}  {verdict:<10}  {tags}\n      {}\n      false alarms: {alarms}",
        rule.id,
        output::harmless(&rule.about)
    )
}

fn in_json(pack: &Pack, rule: &Rule) -> String {
    let alarms = rule.false_alarms.as_ref().map(|f| json!({"texts": f.texts, "flagged": f.flagged, "on": f.on}));
    let channels: Vec<&str> = rule.channels.iter().map(|c| Channel::word(*c)).collect();
    json!({
        "pack": pack.id(), "rule": rule.id, "about": rule.about, "owasp": rule.owasp, "atlas": rule.atlas,
        "channels": channels, "verdict": rule.verdict.word(), "false_alarms": alarms,
    })
    .to_string()
}

/// `asepsis guard key`.
pub(super) fn key(name: &str, out: &Path) -> anyhow::Result<u8> {
    let key = PackKey::generate(name).context("a publisher's name has no spaces and no plus, as guard.example.org")?;
    files::create_secret(out, key.to_text().as_bytes())?;
    output::line(&key.public().to_string())?;
    Ok(0)
}

/// `asepsis guard sign`.
pub(super) fn sign(path: &Path, key: &Path) -> anyhow::Result<u8> {
    let secret = zeroize::Zeroizing::new(files::read_secret(key, MAX_KEY_FILE)?);
    let key = std::str::from_utf8(&secret).ok().and_then(|text| PackKey::from_text(text).ok());
    let Some(key) = key else { bail!("the file of the key holds no key that `asepsis guard key` wrote") };
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let pack = Pack::of_trusted(&text).with_context(|| path.display().to_string())?;
    let note = note(path);
    std::fs::write(&note, key.sign(pack.name(), &text)?).with_context(|| note.display().to_string())?;
    output::remark(&format!("{} signed as {}: {}", path.display(), key.public().name(), note.display()));
    Ok(0)
}
