//! `asepsis training`: courses, and who passed them.

use std::path::Path;

use anyhow::{Context, bail};
use asepsis_conduct::{Learned, TRAINING};
use asepsis_course::Standing;
use asepsis_people::person;
use asepsis_store::{Change, Record, Store};
use serde_json::json;
use time::OffsetDateTime;

use crate::args::{Training, TrainingAction};
use crate::config::Config;
use crate::home::Home;
use crate::output;
use crate::people::change;
use crate::runtime::block_on;

pub(crate) fn run(path: &Path, training: &Training) -> anyhow::Result<u8> {
    let config = Config::read(path)?;
    block_on(act(&config, training))
}

async fn act(config: &Config, training: &Training) -> anyhow::Result<u8> {
    let now = OffsetDateTime::now_utc();
    match &training.action {
        TrainingAction::List => {
            for course in &config.courses().0 {
                let roles = course.roles.iter().cloned().collect::<Vec<_>>().join(", ");
                let known = json!({"course": course.id, "title": course.title, "version": course.version,
                    "roles": course.roles, "minutes": course.minutes, "valid_days": course.valid_days});
                let line = format!(
                    "{}@{}  {} (for {roles}; {} minutes, counts {} days)",
                    course.id, course.version, course.title, course.minutes, course.valid_days
                );
                output::line(&if training.json { known.to_string() } else { line })?;
            }
            Ok(0)
        }
        TrainingAction::Status { user } => {
            let store = Home::of(config)?.store().await?;
            let mut ended = false;
            for record in everybody(&store, TRAINING, user.as_deref()).await? {
                let learned = Learned::read(&record.body)
                    .with_context(|| format!("the record {TRAINING}/{}@{}", record.id, record.version))?;
                for course in &config.courses().0 {
                    let standing = learned.standing(course, now);
                    let (state, day) = match standing {
                        Standing::Current { until } => ("counts until", Some(until.date())),
                        Standing::Lapsed { since } => ("ended on", Some(since.date())),
                        Standing::Older => ("passed in an older version", None),
                        Standing::Missing => continue,
                    };
                    ended |= !standing.is_current();
                    let known = json!({"user": record.id, "course": course.id, "counts": standing.is_current(),
                        "day": day.map(|day| day.to_string())});
                    let day = day.map(|day| format!(" {day}")).unwrap_or_default();
                    let line = format!("{}  {}: {state}{day}", record.id, course.id);
                    output::line(&if training.json { known.to_string() } else { line })?;
                }
            }
            Ok(u8::from(ended))
        }
        TrainingAction::Record { user, course, basis } => {
            let home = Home::of(config)?;
            let store = home.store().await?;
            let user = person::name(user)?;
            let courses = config.courses();
            let Some(course) = courses.course(course) else {
                bail!("there is no course `{course}`; `asepsis training list` shows them");
            };
            let (mut learned, version) = match store.record(TRAINING, &user).await? {
                None => (Learned::default(), 0),
                Some(record) => (Learned::read(&record.body)?, record.version),
            };
            learned.pass(course, now.unix_timestamp());
            let set = Change::set(TRAINING, &user, learned.body()).expecting(version);
            change(&home, &store, "cli.training.record", vec![set], Some(basis)).await?;
            store.close().await?;
            output::remark(&format!("{user} has passed {}@{}", course.id, course.version));
            Ok(0)
        }
    }
}

/// The records of a kind, of one user or of all.
pub(crate) async fn everybody(store: &Store, kind: &str, user: Option<&str>) -> anyhow::Result<Vec<Record>> {
    if let Some(user) = user {
        return Ok(store.record(kind, &person::name(user)?).await?.into_iter().collect());
    }
    let mut all: Vec<Record> = Vec::new();
    loop {
        let page = store.records(kind, all.last().map(|record| record.id.as_str()), 1000).await?;
        if page.is_empty() {
            return Ok(all);
        }
        all.extend(page);
    }
}
