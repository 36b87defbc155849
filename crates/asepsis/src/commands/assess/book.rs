//! What the registers know of vendors and AI systems, as dossiers: the configuration, and the records of the store before it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, bail, ensure};
use asepsis_govern::{
    Approval, Autonomy, Contradiction, DataClass, Dossier, Evidence, Fact, Grade, Intake, Probe, Safety, Subject,
    Value, ValueKind, catalogue,
};
use asepsis_store::{Change, Store};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use time::{Date, OffsetDateTime};

use crate::act::{actor, checked, open_log};
use crate::commands::register::entry::sealed;
use crate::config::Config;
use crate::home::Home;
use crate::registers::evidence::EVIDENCE;
use crate::registers::{AGREEMENT, Ledger, Records, SYSTEM, VENDOR};

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
    config: Config,
    /// The day where the organisation is.
    pub(crate) today: Date,
    vendors: BTreeMap<String, Entry>,
    systems: BTreeMap<String, Entry>,
    agreements: BTreeMap<String, Entry>,
    evidence: BTreeMap<String, Evidence>,
    assessments: BTreeMap<String, Kept>,
    probes: BTreeMap<String, Probed>,
}

/// An entry of a register.
#[derive(Clone)]
pub(crate) struct Entry {
    pub(crate) body: Map<String, Json>,
    /// Whether it stands in the store, and can be changed there.
    pub(crate) stored: bool,
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

impl Book {
    pub(crate) async fn open(path: &Path, config: &Config, home: &Home) -> anyhow::Result<Self> {
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
        for (id, body) in book.records(VENDOR).await? {
            book.vendors.insert(id, Entry { body, stored: true });
        }
        for (id, body) in book.records(SYSTEM).await? {
            book.systems.insert(id, Entry { body, stored: true });
        }
        for (id, body) in book.records(AGREEMENT).await? {
            book.agreements.insert(id, Entry { body, stored: true });
        }
        for (vendor, entry) in &book.vendors {
            // Agreements that stand within their vendor.
            for agreement in entry.body.get(AGREEMENT).and_then(Json::as_array).into_iter().flatten() {
                let Some(mut body) = agreement.as_object().cloned() else { continue };
                let Some(id) = body.get("id").and_then(Json::as_str).map(str::to_owned) else { continue };
                body.insert(VENDOR.to_owned(), vendor.clone().into());
                book.agreements.entry(id).or_insert(Entry { body, stored: false });
            }
        }
        book.evidence = typed(book.records(EVIDENCE).await?, EVIDENCE)?;
        book.assessments = typed(book.records(ASSESSMENT).await?, ASSESSMENT)?;
        book.probes = typed(book.records(PROBE).await?, PROBE)?;
        Ok(book)
    }

    async fn records(&self, kind: &str) -> anyhow::Result<Vec<(String, Map<String, Json>)>> {
        let mut found: Vec<(String, Map<String, Json>)> = Vec::new();
        loop {
            let after = found.last().map(|(id, _)| id.clone());
            let page = self.store.records(kind, after.as_deref(), 1_000).await?;
            if page.is_empty() {
                return Ok(found);
            }
            for record in page {
                let body = serde_json::from_str::<Map<String, Json>>(&record.body);
                found.push((record.id.clone(), body.with_context(|| format!("the record {kind}/{}", record.id))?));
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

    fn of_vendor(&self, id: &str) -> Dossier {
        let mut dossier = Dossier::of_vendor(id);
        dossier.evidence = self.evidence.clone();
        for agreement in self.agreements.values().filter(|entry| says(entry, VENDOR, id)) {
            take(&mut dossier.facts, agreement.body.get("facts"));
        }
        if let Some(entry) = self.vendors.get(id) {
            take(&mut dossier.facts, entry.body.get("facts"));
        }
        // As deep as the system that asks for most.
        let mut intakes: Vec<_> = self.systems.keys().filter(|system| self.vendor_of(system) == Some(id)).collect();
        intakes.sort_by_key(|system| std::cmp::Reverse(catalogue().tiers().tier(&self.of_system(system).intake).tier));
        dossier.intake = intakes.first().map(|system| self.of_system(system).intake).unwrap_or_default();
        dossier
    }

    fn of_system(&self, id: &str) -> Dossier {
        let vendor = self.vendor_of(id).unwrap_or_default().to_owned();
        let mut dossier = Dossier::of_system(id, &vendor);
        dossier.evidence = self.evidence.clone();
        let covers = |entry: &&Entry| {
            let systems = entry.body.get("systems").and_then(Json::as_array).into_iter().flatten();
            says(entry, VENDOR, &vendor) && systems.filter_map(Json::as_str).any(|system| system == id)
        };
        let mut agreements: Vec<_> = self.agreements.iter().filter(|(_, entry)| covers(entry)).collect();
        // The one that counts longest comes last, and so counts.
        agreements.sort_by_key(|(id, entry)| (in_force(entry, self.today), last_day(entry), (*id).clone()));
        for (agreement, entry) in agreements {
            take(&mut dossier.facts, entry.body.get("facts"));
            if says(entry, "kind", "baa") {
                dossier.facts.insert("contract".to_owned(), contract(agreement, entry));
            }
        }
        if let Some(entry) = self.vendors.get(&vendor) {
            take(&mut dossier.facts, entry.body.get("facts"));
        }
        if let Some(entry) = self.systems.get(id) {
            take(&mut dossier.facts, entry.body.get("facts"));
            let deciding = entry.body.iter().filter(|(name, _)| DECIDING.contains(&name.as_str()));
            take(&mut dossier.facts, Some(&Json::Object(deciding.map(|(n, v)| (n.clone(), v.clone())).collect())));
            dossier.intake = intake(entry, self.today);
        }
        dossier.contradicted = self.probes.get(id).map(|probed| probed.contradictions.clone()).unwrap_or_default();
        dossier
    }

    /// The changes that state these facts, each in the entry that keeps it.
    pub(crate) fn state(
        &self,
        subject: Subject,
        id: &str,
        facts: &BTreeMap<String, Fact>,
    ) -> anyhow::Result<Vec<Change>> {
        let mut changed: BTreeMap<(&'static str, String), Map<String, Json>> = BTreeMap::new();
        for (name, fact) in facts {
            ensure!(
                name != "contract",
                "`contract` follows from the agreements of the vendor: enter one with its first and last day and its systems"
            );
            let (kind, of) = match subject {
                _ if OF_AGREEMENTS.contains(&name.as_str()) => (AGREEMENT, self.agreement_of(subject, id)?),
                Subject::System => (SYSTEM, id.to_owned()),
                Subject::Vendor => (VENDOR, id.to_owned()),
            };
            let body = match changed.entry((kind, of.clone())) {
                std::collections::btree_map::Entry::Occupied(there) => there.into_mut(),
                std::collections::btree_map::Entry::Vacant(free) => free.insert(self.stored(kind, &of)?.clone()),
            };
            let deciding = DECIDING.contains(&name.as_str());
            ensure!(
                !deciding || kind == SYSTEM,
                "`{name}` is kept of each AI system, because it decides; state it of the system"
            );
            let table = if deciding {
                body
            } else {
                let facts = body.entry("facts").or_insert_with(|| Json::Object(Map::new()));
                facts.as_object_mut().with_context(|| format!("`facts` of {kind} `{of}` is no table"))?
            };
            table.insert(name.clone(), written(fact)?);
        }
        changed.into_iter().map(|((kind, id), body)| Ok(Change::set(kind, id, sealed(kind, body)?))).collect()
    }

    /// The body of an entry that can be changed.
    pub(crate) fn stored(&self, kind: &str, id: &str) -> anyhow::Result<&Map<String, Json>> {
        let register = match kind {
            VENDOR => &self.vendors,
            SYSTEM => &self.systems,
            _ => &self.agreements,
        };
        match register.get(id) {
            Some(entry) if entry.stored => Ok(&entry.body),
            Some(_) => bail!(
                "{kind} `{id}` stands in the configuration file and not in the store, where it could be changed; change it \
                 there, or take it out of the file and enter it anew with `asepsis {kind} add`"
            ),
            None => bail!("there is no {kind} `{id}`"),
        }
    }

    /// The agreement that keeps what was agreed.
    fn agreement_of(&self, subject: Subject, id: &str) -> anyhow::Result<String> {
        let vendor = match subject {
            Subject::System => self.vendor_of(id).unwrap_or_default(),
            Subject::Vendor => id,
        };
        let of = self.agreements.iter().filter(|(_, entry)| says(entry, VENDOR, vendor) && says(entry, "kind", "baa"));
        let found: Vec<_> = of.map(|(id, _)| id.clone()).collect();
        match found.as_slice() {
            [one] => Ok(one.clone()),
            [] => bail!("vendor `{vendor}` has no business associate agreement to keep this with; enter one first"),
            more => {
                bail!("vendor `{vendor}` has several agreements ({}); change the right one itself", more.join(", "))
            }
        }
    }

    /// Makes these changes, if the registers hold together with them, after an entry for each is durable in the log.
    pub(crate) async fn change(&self, home: &Home, what: Written<'_>, changes: Vec<Change>) -> anyhow::Result<()> {
        checked(what.basis)?;
        let records = Records::read_as_after(&self.store, &changes).await?;
        records.sound()?;
        self.config.joined(records)?;
        let basis = match what.second {
            None => what.basis.to_owned(),
            Some((user, key)) => format!("{}; second person: {user} (key {key})", what.basis),
        };
        let log = open_log(home).await?;
        let made = Ledger::new(&self.store, &log, actor(), what.interface).change(changes, Some(&basis)).await;
        log.close().await?;
        made.map(drop)
    }
}

/// Who changes registers, and why.
#[derive(Clone, Copy)]
pub(crate) struct Written<'a> {
    pub(crate) interface: &'a str,
    pub(crate) basis: &'a str,
    /// The second person and the public part of the key.
    pub(crate) second: Option<(&'a str, &'a str)>,
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
        Some((body.get("id")?.as_str()?.to_owned(), Entry { body, stored: false }))
    };
    tables.filter_map(entry).collect()
}

fn typed<T: serde::de::DeserializeOwned>(
    records: Vec<(String, Map<String, Json>)>,
    kind: &str,
) -> anyhow::Result<BTreeMap<String, T>> {
    let read = |(id, body): (String, Map<String, Json>)| {
        let value = serde_json::from_value(Json::Object(body)).with_context(|| format!("the record {kind}/{id}"))?;
        Ok((id, value))
    };
    records.into_iter().map(read).collect()
}

fn says(entry: &Entry, field: &str, value: &str) -> bool {
    entry.body.get(field).and_then(Json::as_str) == Some(value)
}

fn day_of(entry: &Entry, field: &str) -> Option<Date> {
    asepsis_govern::day::parse(entry.body.get(field)?.as_str()?)
}

fn last_day(entry: &Entry) -> Date {
    day_of(entry, "last_day").unwrap_or(Date::MAX)
}

fn in_force(entry: &Entry, today: Date) -> bool {
    says(entry, "state", "signed")
        && day_of(entry, "first_day").is_some_and(|first| first <= today)
        && today <= last_day(entry)
}

/// The fact that an agreement is: a contract's clause, from its first to its last day.
fn contract(id: &str, entry: &Entry) -> Fact {
    Fact {
        value: Some(Value::Truth(says(entry, "state", "signed"))),
        grade: Grade::B,
        source: Some(format!("agreement:{id}")),
        as_of: day_of(entry, "first_day"),
        expires: day_of(entry, "last_day"),
        ..Fact::default()
    }
}

/// Takes the facts of a table over those that are there. One that cannot be read is unknown.
fn take(facts: &mut BTreeMap<String, Fact>, table: Option<&Json>) {
    for (name, value) in table.and_then(Json::as_object).into_iter().flatten() {
        let mut value = value.clone();
        if let Some(table) = value.as_object_mut() {
            // An approval's, of which no fact of the catalogue is one.
            table.remove("rests_on");
        }
        let mut fact: Fact = serde_json::from_value(value).unwrap_or_default();
        if let (Some(Value::Text(text)), Some(kind)) = (&fact.value, catalogue().fact(name))
            && kind.value == ValueKind::Truth
        {
            fact.value = Value::read(text);
        }
        facts.insert(name.clone(), fact);
    }
}

/// A fact as registers keep it.
fn written(fact: &Fact) -> anyhow::Result<Json> {
    // Notes are for people who fill a dossier; registers keep none.
    let mut table = serde_json::to_value(Fact { note: None, ..fact.clone() })?;
    if let Some(table) = table.as_object_mut()
        && fact.value.is_none()
    {
        table.insert("value".to_owned(), "unknown".into());
    }
    Ok(table)
}

/// What decides how deep the assessment goes, out of what the register keeps of a system: the organisation's own words on its use.
fn intake(entry: &Entry, today: Date) -> Intake {
    let mut facts = BTreeMap::new();
    take(&mut facts, entry.body.get("facts"));
    let known = |name: &str| {
        let fact = facts.get(name)?;
        let counts = fact.grade != Grade::U
            && fact.as_of.is_none_or(|first| first <= today)
            && fact.expires.is_none_or(|last| today <= last);
        fact.value.clone().filter(|_| counts)
    };
    let autonomy = match known("autonomy") {
        Some(Value::Number(level)) => u8::try_from(level).ok().and_then(Autonomy::new),
        _ => None,
    };
    let safety = match known("clinical_impact") {
        Some(Value::Text(word)) => safety(&word),
        _ => None,
    };
    let words = known("data_classes").map(|value| value.words().into_iter().map(data).collect::<BTreeSet<_>>());
    // One that nobody knows counts as the most sensitive.
    let data = words.filter(|words| !words.contains(&None)).and_then(|words| words.into_iter().flatten().max());
    Intake { safety, data, autonomy }
}

fn safety(word: &str) -> Option<Safety> {
    Some(match word {
        "none" | "administrative" => Safety::Administrative,
        "low" | "informs" => Safety::Informs,
        "moderate" | "drives" => Safety::Drives,
        "high" | "life_critical" => Safety::LifeCritical,
        _ => return None,
    })
}

fn data(word: &str) -> Option<DataClass> {
    Some(match word {
        "none" => DataClass::None,
        "deidentified" => DataClass::Deidentified,
        "limited" | "pseudonymised" => DataClass::Limited,
        "identified" => DataClass::Identified,
        "special" => DataClass::Special,
        _ => return None,
    })
}
