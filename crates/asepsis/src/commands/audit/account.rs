use asepsis_log::account::{self, Disclosure};
use asepsis_vocab::SubjectId;
use serde_json::json;

use super::Place;
use crate::args::Account;
use crate::commands::keys::read_patient;
use crate::config::Config;
use crate::home::Home;
use crate::output;

pub(crate) fn run(place: &Place<'_>, asked: &Account) -> anyhow::Result<u8> {
    let log = place.log(asked.folder.as_ref())?;
    let Some(subject) = subject(place, asked)? else {
        output::line("no disclosures: this patient has no pseudonym here, or it was erased")?;
        return Ok(0);
    };
    let found = place.wait(account::of(&log, subject, asked.from.clone(), asked.until.clone()))??;
    let listed = found.iter().filter(|disclosure| !asked.required || disclosure.exempt.is_none());
    for disclosure in listed {
        output::line(&if asked.json { json_line(disclosure) } else { line(disclosure) })?;
    }
    if !asked.json {
        let required = found.iter().filter(|disclosure| disclosure.exempt.is_none()).count();
        output::line(&format!(
            "{} disclosures about {}; {required} of them must be accounted for (45 CFR 164.528)",
            found.len(),
            subject
        ))?;
    }
    Ok(0)
}

/// Who the patient is in the log.
fn subject(place: &Place<'_>, asked: &Account) -> anyhow::Result<Option<SubjectId>> {
    if let Ok(subject) = asked.patient.parse() {
        return Ok(Some(subject));
    }
    let patient = read_patient(&asked.patient)?;
    let config = Config::read(place.config)?;
    place.wait(async {
        let keys = Home::of(&config)?.keys().await?;
        Ok(keys.find_subject(&patient).await?)
    })?
}

/// A disclosure for a person to read: date, recipient, what, purpose, and whether it must be accounted for.
fn line(disclosure: &Disclosure) -> String {
    let what: Vec<String> = disclosure.what.iter().map(|found| format!("{} {}", found.class, found.places)).collect();
    let what = if what.is_empty() { "nothing found in it".to_owned() } else { what.join(", ") };
    let recipient = &disclosure.recipient;
    let agreement = recipient.agreement.as_deref().unwrap_or("no agreement");
    format!(
        "{}  to {} of {} under {agreement}  {} ({what})  {}  {}  {}  entry {}",
        disclosure.time,
        recipient.system,
        recipient.vendor,
        disclosure.form,
        disclosure.purpose,
        disclosure.status.as_deref().unwrap_or("end not recorded"),
        disclosure.exempt.map_or("ACCOUNT".to_owned(), |paragraph| format!("exempt by {paragraph}")),
        disclosure.index
    )
}

fn json_line(disclosure: &Disclosure) -> String {
    json!({
        "index": disclosure.index,
        "exchange": disclosure.exchange,
        "date": disclosure.time,
        "recipient": disclosure.recipient,
        "form": disclosure.form,
        "what": disclosure.what,
        "purpose": disclosure.purpose,
        "status": disclosure.status,
        "exempt": disclosure.exempt,
    })
    .to_string()
}
