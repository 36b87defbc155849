//! What the registers know of vendors and AI systems, as dossiers: the configuration, and the records of the store before it.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use asepsis_govern::{Approval, Contradiction, Dossier, Evidence, Probe, Subject};
use asepsis_store::Store;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use time::{Date, OffsetDateTime};

use crate::config::Config;
use crate::home::Home;
use crate::registers::evidence::EVIDENCE;
use crate::registers::{AGREEMENT, SYSTEM, VENDOR};

/// Kinds of records that this reads and writes, beside those of the registers.
pub(crate) const ASSESSMENT: &str = "assessment";
pub(crate) const PROBE: &str = "probe";

/// Facts that stand beside `facts` in the entry of a system, because they decide.
pub(crate) const DECIDING: [&str; 4] = ["retention_days", "trains_on_data", "regions", "patient_facing"];

/// Facts of agreements.
pub(crate) const OF_AGREEMENTS: [&str; 6] =
    ["breach_notice_hours", "deletion_on_end", "training_ban", "audit_right", "subcontractor_flowdown", "insurance"];

/// The registers, as they are now.
pub(crate) struct Book {
    pub(crate) store: Store,
    pub(super) config: Config,
    /// The day where the organisation is.
    pub(crate) today: Date,
    pub(super) vendors: BTreeMap<String, Entry>,
    pub(super) systems: BTreeMap<String, Entry>,
    pub(super) agreements: BTreeMap<String, Entry>,
    pub(super) evidence: BTreeMap<String, Evidence>,
    pub(super) assessments: BTreeMap<String, Kept>,
    pub(super) probes: BTreeMap<String, Probed>,
}

/// An entry of a register.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) body: Map<String, Json>,
    /// The version in the store, where it can be changed; absent where it stands in the configuration.
    pub(crate) version: Option<u32>,
}

/// What is kept of an approval.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) approval: Approval,
    /// The results as they were then.
    pub(crate) results: Json,
}

/// What is kept of a probe.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Probed {
    pub(crate) probe: Probe,
    pub(crate) contradictions: Vec<Contradiction>,
}

/// A record: its id, body and version.
type Found = (String, Map<String, Json>, u32);

/// Of what the registers are read: they may be long, and most work is about one vendor.
#[derive(Clone, Copy)]
pub(crate) enum Reach<'a> {
    /// All vendors.
    All,
    /// The vendor or AI system of this name, as [`Book::find`] takes it, with its vendor and all of that one's.
    Named(&'a str),
    /// The vendor of this document.
    Document(&'a str),
}

impl Book {
    pub(crate) async fn open(path: &Path, config: &Config, home: &Home, reach: Reach<'_>) -> anyhow::Result<Self> {
        let today = OffsetDateTime::now_utc().to_offset(config.offset).date();
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let file: Json = serde_json::to_value(toml::from_str::<toml::Table>(&text)?)?;
        let mut book = Self {
            store: home.store().await?,
            config: config.clone(),
            today,
            vendors: named(&file, VENDOR),
            systems: named(&file, SYSTEM),
            agreements: named(&file, AGREEMENT),
            evidence: BTreeMap::new(),
            assessments: BTreeMap::new(),
            probes: BTreeMap::new(),
        };
        let vendor = book.vendor_in(reach).await?;
        let of = |body: &Map<String, Json>| {
            vendor.as_deref().is_none_or(|vendor| body.get(VENDOR).and_then(Json::as_str) == Some(vendor))
        };
        for (id, body, version) in
            book.records(VENDOR, |id, _| vendor.as_deref().is_none_or(|vendor| id == vendor)).await?
        {
            book.vendors.insert(id, Entry { body, version: Some(version) });
        }
        for (id, body, version) in book.records(SYSTEM, |_, body| of(body)).await? {
            book.systems.insert(id, Entry { body, version: Some(version) });
        }
        for (id, body, version) in book.records(AGREEMENT, |_, body| of(body)).await? {
            book.agreements.insert(id, Entry { body, version: Some(version) });
        }
        for (vendor, entry) in &book.vendors {
            // Agreements that stand within their vendor.
            for agreement in entry.body.get(AGREEMENT).and_then(Json::as_array).into_iter().flatten() {
                let Some(mut body) = agreement.as_object().cloned() else { continue };
                let Some(id) = body.get("id").and_then(Json::as_str).map(str::to_owned) else { continue };
                body.insert(VENDOR.to_owned(), vendor.clone().into());
                book.agreements.entry(id).or_insert(Entry { body, version: None });
            }
        }
        // A fact may name a document of another vendor, which then proves little.
        book.evidence = typed(book.records(EVIDENCE, |_, _| true).await?, EVIDENCE)?;
        let known = |id: &str| match id.split_once('.') {
            Some((SYSTEM, id)) => book.systems.contains_key(id),
            Some((_, id)) => book.vendors.contains_key(id),
            None => false,
        };
        let assessments = book.records(ASSESSMENT, |id, _| known(id)).await?;
        let probes = book.records(PROBE, |id, _| book.systems.contains_key(id)).await?;
        book.assessments = typed(assessments, ASSESSMENT)?;
        book.probes = typed(probes, PROBE)?;
        Ok(book)
    }

    /// The vendor that is to be read of; all where absent. One that is not there is told by who looks for it.
    async fn vendor_in(&self, reach: Reach<'_>) -> anyhow::Result<Option<String>> {
        let named = match reach {
            Reach::All => return Ok(None),
            Reach::Document(id) => {
                let record = self.store.record(EVIDENCE, id).await?;
                let about = record.and_then(|record| serde_json::from_str::<Evidence>(&record.body).ok());
                return Ok(Some(about.map(|about| about.vendor).unwrap_or_default()));
            }
            Reach::Named(named) => named,
        };
        let id = match named.split_once('/') {
            Some((VENDOR, id)) => return Ok(Some(id.to_owned())),
            Some((_, id)) => id,
            None => named,
        };
        if let Some(record) = self.store.record(SYSTEM, id).await? {
            let body: Json = serde_json::from_str(&record.body)?;
            return Ok(Some(body.get(VENDOR).and_then(Json::as_str).unwrap_or_default().to_owned()));
        }
        Ok(Some(self.vendor_of(id).unwrap_or(id).to_owned()))
    }

    /// The records of a kind that are wanted; of the others a page at a time is in memory.
    async fn records(
        &self,
        kind: &str,
        wanted: impl Fn(&str, &Map<String, Json>) -> bool,
    ) -> anyhow::Result<Vec<Found>> {
        let (mut found, mut after) = (Vec::new(), None::<String>);
        loop {
            let page = self.store.records(kind, after.as_deref(), 1_000).await?;
            let Some(last) = page.last() else { return Ok(found) };
            after = Some(last.id.clone());
            for record in page {
                let body = serde_json::from_str::<Map<String, Json>>(&record.body);
                let body = body.with_context(|| format!("the record {kind}/{}", record.id))?;
                if wanted(&record.id, &body) {
                    found.push((record.id, body, record.version));
                }
            }
        }
    }

    /// Which of the two an id means: `vendor/acme`, `system/chat`, or either where only one has it.
    pub(crate) fn find(&self, named: &str) -> anyhow::Result<(Subject, String)> {
        let (subject, id) = match named.split_once('/') {
            Some((VENDOR, id)) => (Some(Subject::Vendor), id),
            Some((SYSTEM, id)) => (Some(Subject::System), id),
            _ => (None, named),
        };
        let system = self.systems.contains_key(id) && subject != Some(Subject::Vendor);
        let vendor = self.vendors.contains_key(id) && subject != Some(Subject::System);
        match (system, vendor) {
            (true, _) => Ok((Subject::System, id.to_owned())),
            (false, true) => Ok((Subject::Vendor, id.to_owned())),
            (false, false) => bail!(
                "there is no AI system and no vendor `{named}`; `asepsis system list` and `asepsis vendor list` show them"
            ),
        }
    }

    pub(crate) fn systems(&self) -> impl Iterator<Item = &str> {
        self.systems.keys().map(String::as_str)
    }

    pub(crate) fn vendors(&self) -> impl Iterator<Item = &str> {
        self.vendors.keys().map(String::as_str)
    }

    /// The entry of a system.
    pub(crate) fn system(&self, id: &str) -> Option<&Entry> {
        self.systems.get(id)
    }

    pub(crate) fn has_vendor(&self, id: &str) -> bool {
        self.vendors.contains_key(id)
    }

    pub(crate) fn vendor_of(&self, system: &str) -> Option<&str> {
        self.systems.get(system)?.body.get(VENDOR)?.as_str()
    }

    pub(crate) fn evidence(&self) -> &BTreeMap<String, Evidence> {
        &self.evidence
    }

    /// What was approved.
    pub(crate) fn approval(&self, subject: Subject, id: &str) -> Option<&Kept> {
        self.assessments.get(&record_id(subject, id))
    }

    pub(crate) fn probed(&self, system: &str) -> Option<&Probed> {
        self.probes.get(system)
    }

    /// Everything that is known of a vendor or system.
    pub(crate) fn dossier(&self, subject: Subject, id: &str) -> Dossier {
        match subject {
            Subject::System => self.of_system(id),
            Subject::Vendor => self.of_vendor(id),
        }
    }
}

/// The id of the record of an approval or of its exceptions.
pub(crate) fn record_id(subject: Subject, id: &str) -> String {
    match subject {
        Subject::System => format!("system.{id}"),
        Subject::Vendor => format!("vendor.{id}"),
    }
}

/// The tables of a kind in the configuration, by id.
fn named(file: &Json, kind: &str) -> BTreeMap<String, Entry> {
    let tables = file.get(kind).and_then(Json::as_array).into_iter().flatten();
    let entry = |table: &Json| {
        let body = table.as_object()?.clone();
        Some((body.get("id")?.as_str()?.to_owned(), Entry { body, version: None }))
    };
    tables.filter_map(entry).collect()
}

fn typed<T: serde::de::DeserializeOwned>(records: Vec<Found>, kind: &str) -> anyhow::Result<BTreeMap<String, T>> {
    let read = |(id, body, _): Found| {
        let value = serde_json::from_value(Json::Object(body)).with_context(|| format!("the record {kind}/{id}"))?;
        Ok((id, value))
    };
    records.into_iter().map(read).collect()
}

/// Whether a field of an entry has this value.
pub(super) fn says(entry: &Entry, field: &str, value: &str) -> bool {
    entry.body.get(field).and_then(Json::as_str) == Some(value)
}
