//! The records of the store that decide, beside what the configuration says: vendors, AI systems, agreements, what is known of
//! people, and what is switched off.
//!
//! A record's body is JSON in the shape of the configuration's tables, without `id`, which the record itself has.

pub(crate) mod evidence;
pub(crate) mod field;
pub(crate) mod file;
pub(crate) mod import;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use asepsis_conduct::{ATTESTATION, Accepted, Courses, EMERGENCY, Emergency, Learned, RULES, Rules, TRAINING, USAGE};
use asepsis_policy::{Agreement, Emergencies, Fact, Grade, Person, Standing, Stop, Stops, Trained, Vendor};
use asepsis_store::{Change, Record, Store};
use serde::de::DeserializeOwned;
use serde_json::Value;
use time::UtcOffset;

use crate::config::{Config, System};
use crate::home::Home;

/// The present moment, in milliseconds since 1970 UTC.
pub(crate) fn now() -> i64 {
    i64::try_from(time::OffsetDateTime::now_utc().unix_timestamp_nanos() / 1_000_000).unwrap_or(i64::MAX)
}

/// The kinds of records that decide.
pub(crate) const KINDS: [&str; 10] =
    [VENDOR, SYSTEM, AGREEMENT, STOP, STANDING, evidence::EVIDENCE, TRAINING, ATTESTATION, RULES, EMERGENCY];

pub(crate) const VENDOR: &str = "vendor";
pub(crate) const SYSTEM: &str = "system";
pub(crate) const AGREEMENT: &str = "agreement";
pub(crate) const STOP: &str = "stop";
/// What is known of a user; the id is the user's.
pub(crate) const STANDING: &str = "standing";

/// The records, as they were in one moment, and where each stands.
#[derive(Clone, Default)]
pub(crate) struct Records {
    pub(crate) vendors: Vec<(Vendor, String)>,
    pub(crate) systems: Vec<(System, String)>,
    pub(crate) agreements: Vec<(Agreement, String)>,
    pub(crate) people: BTreeMap<String, Standing>,
    /// What users passed.
    learned: BTreeMap<String, Learned>,
    /// What users accepted.
    accepted: BTreeMap<String, Accepted>,
    /// The usage policy.
    rules: Rules,
    /// The emergency of each user that ends last.
    pub(crate) emergencies: Emergencies,
    pub(crate) stops: Stops,
    /// The number of the last change then.
    pub(crate) last: i64,
    /// The first record that cannot be read, and why.
    pub(crate) fault: Option<(String, String)>,
}

impl Records {
    /// Reads what the store holds. A record that cannot be read is a fault of the whole; what is switched off is known all the
    /// same.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(crate) async fn read(store: &Store) -> anyhow::Result<Self> {
        Self::read_as_after(store, &[]).await
    }

    /// The records as they would be after these changes.
    ///
    /// # Errors
    /// Where the store cannot be read.
    pub(crate) async fn read_as_after(store: &Store, changes: &[Change]) -> anyhow::Result<Self> {
        let documents = evidence::documents(store, changes).await?;
        let of_changes = documents.clone();
        let found = Arc::new(Mutex::new((Self::default(), Vec::new())));
        let into = Arc::clone(&found);
        let changed: Vec<_> = changes.iter().map(|c| (c.kind().to_owned(), c.id().to_owned())).collect();
        let take = move |record: Record| {
            if changed.iter().any(|(kind, id)| *kind == record.kind && *id == record.id) {
                return;
            }
            let (records, stops) = &mut *into.lock().unwrap_or_else(PoisonError::into_inner);
            let (kind, id) = (record.kind.as_str(), record.id.as_str());
            let place = format!("in the store (version {})", record.version);
            let body = evidence::resolved(kind, id, &record.body, &documents);
            if let Err(error) = records.take((kind, id, record.version, &body), place, stops) {
                let name = format!("{kind}/{id}@{}", record.version);
                records.fault.get_or_insert((name, format!("{error:#}")));
            }
        };
        let last = store.each_record(&KINDS, take).await.context("the registers in the store cannot be read")?;
        let (mut records, mut stops) = std::mem::take(&mut *found.lock().unwrap_or_else(PoisonError::into_inner));
        for change in changes {
            if let Some(body) = change.body() {
                let place = "as it is to be".to_owned();
                let body = &evidence::resolved(change.kind(), change.id(), body, &of_changes);
                records
                    .take(
                        (change.kind(), change.id(), change.expected().map_or(1, |version| version + 1), body),
                        place,
                        &mut stops,
                    )
                    .with_context(|| format!("{} `{}`", change.kind(), change.id()))?;
            }
        }
        records.stops = Stops::new(stops);
        records.last = last;
        Ok(records)
    }

    fn take(
        &mut self,
        (kind, id, version, body): (&str, &str, u32, &str),
        place: String,
        stops: &mut Vec<Stop>,
    ) -> anyhow::Result<()> {
        match kind {
            VENDOR => self.vendors.push((entry(id, body)?, place)),
            SYSTEM => self.systems.push((entry(id, body)?, place)),
            AGREEMENT => self.agreements.push((entry(id, body)?, place)),
            STANDING => drop(self.people.insert(id.to_owned(), parse(serde_json::from_str(body)?)?)),
            STOP => stops.push(stop_of(body)?),
            TRAINING => drop(self.learned.insert(id.to_owned(), Learned::read(body)?)),
            ATTESTATION => drop(self.accepted.insert(id.to_owned(), Accepted::read(body)?)),
            EMERGENCY => {
                let emergency = Emergency::read(body)?;
                let glass = emergency.glass();
                let known = self.emergencies.entry(emergency.user).or_insert_with(|| glass.clone());
                if known.until < glass.until {
                    *known = glass;
                }
            }
            RULES if id == USAGE => self.rules = Rules::read(version, body)?,
            _ => {}
        }
        Ok(())
    }

    /// The people of the configuration with what the store knows of them: what is said there counts first.
    pub(crate) fn people_with(&self, mut people: Vec<Person>) -> Vec<Person> {
        fn first<T: Clone>(record: &Fact<T>, other: &mut Fact<T>) {
            if record.value.is_some() || record.grade != Grade::U {
                *other = record.clone();
            }
        }
        let mut rest = self.people.clone();
        // What is said of a person by an administrator counts before what the person accepted.
        for (user, accepted) in &self.accepted {
            let known = rest.entry(user.clone()).or_default();
            if known.attestation == Fact::default() {
                known.attestation = self.rules.fact(accepted);
            }
        }
        for person in &mut people {
            if let Some(known) = rest.remove(&person.user) {
                first(&known.training, &mut person.standing.training);
                first(&known.attestation, &mut person.standing.attestation);
                first(&known.managed_device, &mut person.standing.managed_device);
                first(&known.zone, &mut person.standing.zone);
            }
        }
        people.extend(rest.into_iter().map(|(user, standing)| Person { user, standing }));
        people
    }

    /// Whether users have passed what these roles need.
    pub(crate) fn trained(&self, courses: &Courses, roles: &[&str], offset: UtcOffset) -> Trained {
        let of = |learned| courses.facts(roles.iter().copied(), learned, offset);
        self.learned.iter().map(|(user, learned)| (user.clone(), of(learned))).collect()
    }

    /// Whether every record can be read.
    pub(crate) fn sound(&self) -> anyhow::Result<()> {
        match &self.fault {
            None => Ok(()),
            Some((record, why)) => anyhow::bail!("the record {record} in the store cannot be used: {why}"),
        }
    }
}

/// A kill switch from its record's body. More may stand in it.
pub(crate) fn stop_of(body: &str) -> anyhow::Result<Stop> {
    parse(serde_json::from_str(body)?)
}

/// The entry of a register that a record holds.
pub(crate) fn entry<T: DeserializeOwned>(id: &str, body: &str) -> anyhow::Result<T> {
    let Value::Object(mut body) = serde_json::from_str(body)? else {
        anyhow::bail!("it is no table");
    };
    body.insert("id".to_owned(), id.into());
    parse(Value::Object(body))
}

/// Reads a value as what it is to be; the error names the field.
pub(crate) fn parse<T: DeserializeOwned>(value: Value) -> anyhow::Result<T> {
    serde_path_to_error::deserialize(value).map_err(|error| {
        let path = error.path().to_string();
        let error = error.into_inner();
        match path.as_str() {
            "." => anyhow::anyhow!("{error}"),
            _ => anyhow::anyhow!("{path}: {error}"),
        }
    })
}

/// The configuration with the records of the store, where there is one.
///
/// # Errors
/// Where the store cannot be read or its records do not hold together with the configuration.
/// The status of an entry with all that it rests on, where it is approved.
pub(crate) fn approval(body: &str) -> Option<String> {
    let status = serde_json::from_str::<Value>(body).ok()?.get("status")?.clone();
    let approved = status == "approved" || status.get("value").is_some_and(|value| value == "approved");
    approved.then(|| status.to_string())
}

/// What is said where one person alone would approve.
pub(crate) fn needs_two(kind: &str, id: &str) -> String {
    format!(
        "this would approve {kind} `{id}` by one person, and [registers] second_person asks for two: leave `status` as it is, and use \
         `asepsis assess approve {id}`"
    )
}

pub(crate) async fn joined(config: &Config) -> anyhow::Result<Config> {
    if config.server()?.is_none() && !config.data_dir().join("store.db").exists() {
        return Ok(config.clone());
    }
    let store = Home::of(config)?.store().await?;
    let records = Records::read(&store).await?;
    records.sound()?;
    config.joined(records)
}

/// As [`joined`] for a command that has no runtime.
pub(crate) fn joined_blocking(config: &Config) -> anyhow::Result<Config> {
    crate::runtime::block_on(joined(config))
}
