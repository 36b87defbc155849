//! `asepsis emergency`: emergencies that were declared, and their reviews.

use std::path::Path;

use anyhow::Context;
use asepsis_conduct::{EMERGENCY, Emergency, EmergencyError, new_id};
use asepsis_console::{Declared, emergencies};
use asepsis_people::person::{self, KIND, Person};
use asepsis_store::{Change, Store};
use asepsis_vocab::ActKind;
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::act::{Recorded, actor, checked};
use crate::args::{EmergencyAction, EmergencyCommand};
use crate::config::Config;
use crate::home::Home;
use crate::output;
use crate::people::change;
use crate::runtime::block_on;

/// The exit code of what was refused.
const REFUSED: u8 = 3;

pub(crate) fn run(path: &Path, emergency: &EmergencyCommand) -> anyhow::Result<u8> {
    let config = Config::read(path)?;
    block_on(act(&config, emergency))
}

async fn act(config: &Config, command: &EmergencyCommand) -> anyhow::Result<u8> {
    let home = Home::of(config)?;
    let store = home.store().await?;
    let done = match &command.action {
        EmergencyAction::Declare { user, reason, minutes, basis } => {
            checked(basis)?;
            let (user, role) = known(&store, user).await?;
            let now = OffsetDateTime::now_utc().unix_timestamp();
            let declared = Emergency::declared(&user, role.as_deref(), &actor().user, *reason, *minutes, now)?;
            if emergencies(&store).await?.iter().any(|e| e.emergency.user == user && e.emergency.lasts(now)) {
                Err(EmergencyError::Lasts)
            } else {
                let id = new_id()?;
                Recorded::new(
                    "cli.emergency.declare",
                    ActKind::EmergencyDeclared,
                    Some(&format!("{reason}; {basis}")),
                )?
                .target(id.clone())
                .figure("minutes", (*minutes).into())
                .append(&home)
                .await?;
                let set = Change::set(EMERGENCY, &id, declared.body()).expecting(0);
                change(&home, &store, "cli.emergency.declare", vec![set], Some(basis)).await?;
                let until = moment(declared.until);
                let line = format!("{id}  {user} until {until}; review it within three days");
                let known = json!({"id": id, "user": user, "reason": reason, "until": until});
                output::line(&if command.json { known.to_string() } else { line })?;
                Ok(())
            }
        }
        EmergencyAction::List => {
            let overdue = list(&store, command.json).await?;
            store.close().await?;
            return Ok(u8::from(overdue));
        }
        EmergencyAction::Review { id, verdict, basis } => {
            checked(basis)?;
            let record = store.record(EMERGENCY, id).await?;
            let record = record.ok_or(EmergencyError::Unknown)?;
            let emergency = Emergency::read(&record.body)
                .with_context(|| format!("the record {EMERGENCY}/{}@{}", record.id, record.version))?;
            let now = OffsetDateTime::now_utc().unix_timestamp();
            match emergency.reviewed(&reviewer(), *verdict, Some(basis), now) {
                Err(error) => Err(error),
                Ok(reviewed) => {
                    let said = format!("{}; {basis}", verdict.code());
                    Recorded::new("cli.emergency.review", ActKind::EmergencyReviewed, Some(&said))?
                        .target(id.clone())
                        .append(&home)
                        .await?;
                    let set = Change::set(EMERGENCY, id, reviewed.body()).expecting(record.version);
                    change(&home, &store, "cli.emergency.review", vec![set], Some(basis)).await?;
                    output::remark(&format!("{id} is reviewed: {}", verdict.code()));
                    Ok(())
                }
            }
        }
    };
    store.close().await?;
    match done {
        Ok(()) => Ok(0),
        Err(refused) => {
            output::remark(&refused.to_string());
            Ok(REFUSED)
        }
    }
}

/// The user of this machine; empty where it is not known, so that nobody could tell two persons apart.
fn reviewer() -> String {
    let user = actor().user;
    if user == "unknown" { String::new() } else { user }
}

/// The user as the gateway knows the name, and the role where it is a local user.
async fn known(store: &Store, user: &str) -> anyhow::Result<(String, Option<String>)> {
    if let Ok(name) = person::name(user)
        && let Some(record) = store.record(KIND, &name).await?
    {
        let person: Person = serde_json::from_str(&record.body).with_context(|| format!("the record of {name}"))?;
        return Ok((name, Some(person.role)));
    }
    Ok((user.to_owned(), None))
}

/// Lists all; whether a review is overdue.
async fn list(store: &Store, as_json: bool) -> anyhow::Result<bool> {
    let now = OffsetDateTime::now_utc().unix_timestamp();
    let mut overdue = false;
    for Declared { id, emergency, .. } in emergencies(store).await? {
        overdue |= emergency.is_overdue(now);
        let state = match &emergency.review {
            Some(review) => review.verdict.code(),
            None if emergency.is_overdue(now) => "review overdue",
            None if emergency.lasts(now) => "lasts",
            None => "to be reviewed",
        };
        let (from, until) = (moment(emergency.from), moment(emergency.until));
        let known = json!({"id": id, "user": emergency.user, "role": emergency.role, "by": emergency.by,
            "reason": emergency.reason, "from": from, "until": until, "state": state,
            "reviewed_by": emergency.review.as_ref().map(|review| &review.by)});
        let line = format!("{id}  {} from {from} until {until}: {}; {state}", emergency.user, emergency.reason);
        output::line(&if as_json { known.to_string() } else { line })?;
    }
    Ok(overdue)
}

fn moment(at: i64) -> String {
    OffsetDateTime::from_unix_timestamp(at).ok().and_then(|at| at.format(&Rfc3339).ok()).unwrap_or_default()
}
