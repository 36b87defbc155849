//! Stating facts.

use std::collections::BTreeMap;

use anyhow::{Context, bail};
use asepsis_govern::{Dossier, Fact, Grade, Subject, Value, ValueKind, catalogue};
use serde_json::json;
use time::Date;

use super::book::Book;
use super::changes::Written;
use super::day_or;
use crate::args::AssessAnswer;
use crate::home::Home;
use crate::output;

pub(super) async fn run(home: &Home, book: &Book, asked: &AssessAnswer) -> anyhow::Result<u8> {
    let (subject, id) = book.find(&asked.of)?;
    let proof = &asked.proof;
    if let Some(document) = proof.source.as_deref().and_then(|source| source.strip_prefix("evidence:"))
        && !book.evidence().contains_key(document)
    {
        bail!("there is no document `{document}`; `asepsis evidence list` shows them");
    }
    let mut facts = BTreeMap::new();
    for one in &asked.facts {
        let (name, value) = one.split_once('=').with_context(|| format!("--fact {one}: write NAME=VALUE"))?;
        let fact = Fact {
            value: read(name.trim(), value)?,
            grade: proof.grade,
            source: proof.source.clone(),
            as_of: Some(day_or(proof.as_of, book.today)),
            expires: proof.expires,
            checked_by: Some(crate::act::actor().user),
            note: None,
        };
        if fact.as_of > fact.expires && fact.expires.is_some() {
            bail!("--expires is before --as-of");
        }
        facts.insert(name.trim().to_owned(), fact);
    }
    state(home, book, "cli.assess.answer", &proof.basis, subject, &id, &facts).await?;
    if asked.json {
        output::line(&serde_json::to_string(&json!({ "of": id, "facts": facts }))?)?;
    } else {
        for (name, fact) in &facts {
            let value = fact.value.as_ref().map_or_else(|| "unknown".to_owned(), ToString::to_string);
            output::line(&format!("{name}  {}  grade {:?}", output::harmless(&value), fact.grade))?;
        }
    }
    Ok(0)
}

/// The value that a fact of this name can have.
pub(crate) fn read(name: &str, text: &str) -> anyhow::Result<Option<Value>> {
    let Some(kind) = catalogue().fact(name) else { bail!("there is no fact `{name}`{}", hint(name)) };
    let value = match (Value::read(text), kind.value) {
        (None, _) => return Ok(None),
        (Some(_), ValueKind::Text | ValueKind::Day) => Value::Text(text.trim().to_owned()),
        (Some(_), ValueKind::Words) => {
            let words = text.split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty());
            Value::Words(words.collect())
        }
        (Some(value), _) => value,
    };
    if !kind.value.fits(&value) {
        bail!("`{name}` is {}, or unknown", kind.value.looks());
    }
    Ok(Some(value))
}

pub(super) fn hint(name: &str) -> String {
    let near = catalogue().nearest(name).map(|near| format!("; did you mean `{near}`?"));
    near.unwrap_or_else(|| "; `asepsis assess facts` lists them".to_owned())
}

/// Records and makes the changes that state these facts.
pub(crate) async fn state(
    home: &Home,
    book: &Book,
    interface: &str,
    basis: &str,
    subject: Subject,
    id: &str,
    facts: &BTreeMap<String, Fact>,
) -> anyhow::Result<()> {
    let changes = book.state(subject, id, facts)?;
    book.change(home, Written { interface, basis, second: None }, changes).await
}

/// Those of these facts that would not stand in the place of a better one that counts today.
pub(crate) fn better(
    dossier: &Dossier,
    facts: BTreeMap<String, Fact>,
    today: Date,
) -> (BTreeMap<String, Fact>, Vec<String>) {
    let mut left = Vec::new();
    let mut taken = BTreeMap::new();
    for (name, fact) in facts {
        let known = dossier.known(catalogue(), &name, today);
        if known.value.is_some() && known.grade < fact.grade && known.grade != Grade::U {
            left.push(name);
        } else {
            taken.insert(name, fact);
        }
    }
    (taken, left)
}
