//! `asepsis card`: Applied Model Cards of the Coalition for Health AI.

use std::io::Read as _;
use std::path::Path;

use anyhow::{Context, bail};
use asepsis_govern::Subject;
use asepsis_govern::card::{self, Card};
use aws_lc_rs::digest::{SHA256, digest};
use data_encoding::HEXLOWER;
use serde_json::json;
use time::OffsetDateTime;

use super::assess;
use super::assess::book::Reach;
use crate::args::{Card as Command, CardAction};
use crate::output;

pub(crate) fn run(path: &Path, command: &Command) -> anyhow::Result<u8> {
    match &command.action {
        CardAction::Show { file, json } => show(file, *json),
        CardAction::Import { system, file, basis, json } => import(path, system, file, basis, *json),
    }
}

/// A card, and the SHA-256 of its file.
fn read(file: &Path) -> anyhow::Result<(Card, String)> {
    let mut bytes = Vec::new();
    // One byte more than a card may have, so that a longer one is told from one of just that length.
    let most = card::LIMITS.bytes as u64 + 1;
    let opened = std::fs::File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    opened.take(most).read_to_end(&mut bytes).with_context(|| format!("cannot read {}", file.display()))?;
    let card = Card::read(&bytes).with_context(|| file.display().to_string())?;
    Ok((card, HEXLOWER.encode(digest(&SHA256, &bytes).as_ref())))
}

fn show(file: &Path, json: bool) -> anyhow::Result<u8> {
    let (card, sha256) = read(file)?;
    let facts = card.facts(&sha256, OffsetDateTime::now_utc().date());
    if json {
        let fields: serde_json::Map<_, _> =
            card.fields().iter().map(|field| (field.path.clone(), field.text.as_str().into())).collect();
        let shown = json!({ "sha256": sha256, "signature": card.has_signature(), "fields": fields, "facts": facts });
        output::line(&serde_json::to_string(&shown)?)?;
        return Ok(0);
    }
    output::line(&format!("{} by {}", output::harmless(card.name()), output::harmless(card.developer())))?;
    output::line(&format!("SHA-256 {sha256}"))?;
    for field in card.fields() {
        output::line(&format!("{}: {}", field.path, output::harmless(field.text.trim())))?;
    }
    if card.has_signature() {
        output::remark("It has an XML signature, which is not checked: what it says is a statement, grade D.");
    }
    Ok(0)
}

fn import(path: &Path, system: &str, file: &Path, basis: &str, json: bool) -> anyhow::Result<u8> {
    let (card, sha256) = read(file)?;
    assess::with(path, Reach::Named(system), async |home, _, book| {
        let (subject, id) = book.find(system)?;
        if subject != Subject::System {
            bail!("a model card is about an AI system, and `{id}` is a vendor");
        }
        let dossier = book.dossier(subject, &id);
        let (facts, left) = assess::better(&dossier, card.facts(&sha256, book.today), book.today);
        assess::state(&home, &book, "cli.card.import", basis, subject, &id, &facts).await?;
        if json {
            output::line(&serde_json::to_string(
                &json!({ "system": id, "sha256": sha256, "facts": facts, "left": left }),
            )?)?;
            return Ok(0);
        }
        output::line(&format!("{} facts of {} are stated, grade D", facts.len(), output::harmless(card.name())))?;
        for name in left {
            output::remark(&format!("{name}: something better is known, and stays"));
        }
        Ok(0)
    })
}
