//! Import: every entry of a file is looked at before anything is changed. What is wrong is said all at once, with its line.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use asepsis_policy::{Agreement, Links, Vendor};
use asepsis_store::{Change, MOST_BODY, MOST_RECORDS, Record, Store};
use aws_lc_rs::digest::{SHA256, digest};
use serde_json::Value;
use time::OffsetDateTime;

use super::field::{REGISTERS, canonical};
use super::file::{Found, Row, read};
use super::{SYSTEM, VENDOR, approval, entry, needs_two};
use crate::args::RegisterFormat;
use crate::config::{Config, Served, System};
use asepsis_people::ledger::Ledger;

/// Problems that are said one by one; of more there is a count.
pub(crate) const MOST_SAID: usize = 1000;

/// Entries that are announced in the log together.
const TOGETHER: usize = 512;

/// What is wrong, or only remarkable, in a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Problem {
    /// `line 12` or `entry 12`.
    pub(crate) place: String,
    /// `vendor acme`, as far as it is known.
    pub(crate) entry: String,
    /// The column or field.
    pub(crate) column: String,
    /// What is wrong and what helps.
    pub(crate) message: String,
}

/// What a file says and would change.
#[derive(Default)]
pub(crate) struct Report {
    pub(crate) problems: Vec<Problem>,
    /// All problems, also those that are not kept.
    pub(crate) count: usize,
    /// What is no reason to refuse the file: facts that have expired.
    pub(crate) remarks: Vec<Problem>,
    pub(crate) rows: u64,
    pub(crate) added: u64,
    pub(crate) changed: u64,
    pub(crate) unchanged: u64,
    hash: [u8; 32],
}

impl Report {
    fn wrong(&mut self, place: &str, entry: &str, column: &str, message: impl Into<String>) {
        self.count += 1;
        if self.problems.len() < MOST_SAID {
            let (place, entry, column) = (place.to_owned(), entry.to_owned(), column.to_owned());
            self.problems.push(Problem { place, entry, column, message: message.into() });
        }
    }
}

/// What the store has: the version of each entry, the hash of its body, and that of its approval, where it has one.
type There = BTreeMap<(&'static str, String), (u32, [u8; 32], Option<[u8; 32]>)>;

/// Imports a file.
pub(crate) struct Import<'a> {
    pub(crate) config: &'a Config,
    pub(crate) store: &'a Store,
    pub(crate) path: PathBuf,
    pub(crate) format: RegisterFormat,
}

/// What is looked at across entries.
struct Whole {
    links: Links,
    served: Served,
    ids: BTreeSet<(&'static str, String)>,
    counts: BTreeMap<&'static str, u32>,
    report: Report,
    today: time::Date,
    /// Whether two people approve, so that a file cannot.
    two_approve: bool,
}

impl Import<'_> {
    /// Looks at the whole file and says what is wrong and what would change.
    ///
    /// # Errors
    /// If the file or the store cannot be read.
    pub(crate) async fn check(&self) -> anyhow::Result<Report> {
        let config = &self.config.register;
        let mut whole = Whole {
            links: Links::new(config.roles().map(|role| role.id.clone())),
            served: Served::default(),
            ids: BTreeSet::new(),
            counts: BTreeMap::new(),
            report: Report::default(),
            today: OffsetDateTime::now_utc().to_offset(self.config.offset).date(),
            two_approve: self.config.two_approve(),
        };
        for (vendor, place) in self.config.vendors() {
            whole.links.vendor(vendor, place)?;
            for agreement in &vendor.agreements {
                // Two of different vendors may have the same id there.
                let named = Agreement { vendor: vendor.id.clone(), ..agreement.clone() };
                whole.links.agreement(&named, place).ok();
            }
        }
        for (system, place) in self.config.systems() {
            whole.links.system(&system.facts(), place)?;
            whole.served.add(system, place)?;
        }
        for agreement in self.config.agreements() {
            whole.links.agreement(agreement, "in the configuration")?;
        }
        let there = there(self.store).await?;
        let mut ended = false;
        for found in read(&self.path, self.format)? {
            match found {
                Found::Row(row) => whole.row(row, &there),
                Found::Wrong(place, column, message) => whole.report.wrong(&place, "", &column, message),
                Found::End(hash) => (ended, whole.report.hash) = (true, hash),
            }
        }
        if !ended && whole.report.count == 0 {
            whole.report.wrong("", "", "", "the file cannot be read to its end");
        }
        let whole = others(self.store, whole).await?;
        Ok(whole.finish())
    }

    /// Makes what the file says, after each change is in the log. The file must be as it was when it was checked.
    ///
    /// # Errors
    /// If the log or the store cannot be written, or the file is another by now; nothing is changed then.
    pub(crate) async fn apply(
        &self,
        report: &Report,
        ledger: &Ledger<'_>,
        by: &str,
        basis: &str,
    ) -> anyhow::Result<u64> {
        let there = Arc::new(there(self.store).await?);
        let mut waiting = Vec::new();
        for change in changes(&self.path, self.format, report.hash, Arc::clone(&there))? {
            waiting.push(change.map_err(anyhow::Error::msg)?);
            if waiting.len() >= TOGETHER {
                ledger.announce(&std::mem::take(&mut waiting), Some(basis)).await?;
            }
        }
        ledger.announce(&waiting, Some(basis)).await?;
        let changes = changes(&self.path, self.format, report.hash, there)?;
        Ok(self.store.change_each(changes, by, Some(basis), super::now()).await?)
    }
}

impl Whole {
    /// Looks at one entry of the file.
    fn row(&mut self, row: Row, there: &There) {
        let Row { place, register, id, body, problems } = row;
        let name = format!("{register} {id}");
        self.report.rows += 1;
        let before = self.report.count;
        for (column, message) in problems {
            self.report.wrong(&place, &name, &column, message);
        }
        let Some(register) = REGISTERS.into_iter().find(|known| *known == register) else { return };
        let (body, problems) = canonical(register, body);
        for (column, message) in problems {
            self.report.wrong(&place, &name, &column, message);
        }
        self.remark(&place, &name, &body);
        if !id.is_empty() && !self.ids.insert((register, id.clone())) {
            self.report.wrong(&place, &name, "id", "the same id stands in the file twice; take one of them out");
            return;
        }
        let body = Value::Object(body).to_string();
        if body.len() > MOST_BODY {
            let message = format!("it has {} bytes, and an entry has {MOST_BODY} at most", body.len());
            self.report.wrong(&place, &name, "", message);
        }
        if self.report.count > before {
            // What cannot be read refers to nothing; its id counts all the same.
            return;
        }
        if let Err((column, message)) = self.take(register, &id, &body, &place) {
            self.report.wrong(&place, &name, &column, message);
            return;
        }
        *self.counts.entry(register).or_default() += 1;
        let known = there.get(&(register, id.clone()));
        let before = known.and_then(|(.., approved)| *approved);
        if self.two_approve && approval(&body).is_some_and(|status| before != Some(hashed(&status))) {
            self.report.wrong(&place, &name, "status", needs_two(register, &id));
        }
        match known {
            None => self.report.added += 1,
            Some((_, hash, _)) if *hash == hashed(&body) => self.report.unchanged += 1,
            Some(_) => self.report.changed += 1,
        }
    }

    /// Takes an entry into the whole.
    fn take(&mut self, register: &str, id: &str, body: &str, place: &str) -> Result<(), (String, String)> {
        let unreadable = |error: anyhow::Error| {
            let message = format!("{error:#}");
            let column = message.split(": ").next().filter(|column| !column.contains(' ')).unwrap_or_default();
            (column.to_owned(), message.clone())
        };
        let problem = |problem: Option<asepsis_policy::EntryProblem>| {
            problem.map_or(Ok(()), |problem| Err((problem.field, problem.message)))
        };
        let link = |error: asepsis_policy::LinkProblem| (error.field().to_owned(), error.to_string());
        match register {
            VENDOR => {
                let vendor: Vendor = entry(id, body).map_err(unreadable)?;
                problem(vendor.problems().into_iter().next())?;
                self.links.vendor(&vendor, place).map_err(link)
            }
            SYSTEM => {
                let system: System = entry(id, body).map_err(unreadable)?;
                let facts = system.facts();
                problem(facts.problems().into_iter().next())?;
                system.check().map_err(|error| (String::new(), format!("{error:#}")))?;
                self.links.system(&facts, place).map_err(link)?;
                self.served.add(&system, place).map_err(|error| ("models".to_owned(), error.to_string()))
            }
            _ => {
                let agreement: Agreement = entry(id, body).map_err(unreadable)?;
                problem(agreement.problems().into_iter().next())?;
                self.links.agreement(&agreement, place).map_err(link)
            }
        }
    }

    /// Says which facts have expired.
    fn remark(&mut self, place: &str, name: &str, body: &serde_json::Map<String, Value>) {
        let facts = body.get("facts").and_then(Value::as_object);
        for (fact, said) in body.iter().chain(facts.into_iter().flatten()) {
            let Some(expires) = said.get("expires").and_then(Value::as_str) else { continue };
            let today = self.today.to_string();
            if expires.len() == today.len() && expires < today.as_str() && self.report.remarks.len() < MOST_SAID {
                self.report.remarks.push(Problem {
                    place: place.to_owned(),
                    entry: name.to_owned(),
                    column: format!("{fact}.expires"),
                    message: format!("the fact expired on {expires} and counts as unknown; renew it"),
                });
            }
        }
    }

    fn finish(mut self) -> Report {
        for problem in self.links.problems() {
            let place = problem.place().to_owned();
            self.report.wrong(&place, "", problem.field(), problem.to_string());
        }
        for (register, count) in self.counts {
            if count > MOST_RECORDS {
                let message =
                    format!("there would be {count} of the register {register}, and {MOST_RECORDS} are the most");
                self.report.wrong("", "", "", message);
            }
        }
        self.report
    }
}

/// What the store has.
async fn there(store: &Store) -> anyhow::Result<There> {
    let found = Arc::new(Mutex::new(There::new()));
    let into = Arc::clone(&found);
    let take = move |record: Record| {
        if let Some(register) = REGISTERS.into_iter().find(|register| *register == record.kind) {
            let mut there = into.lock().unwrap_or_else(PoisonError::into_inner);
            let approved = approval(&record.body).map(|status| hashed(&status));
            there.insert((register, record.id), (record.version, hashed(&record.body), approved));
        }
    };
    store.each_record(&REGISTERS, take).await.context("the registers in the store cannot be read")?;
    Ok(std::mem::take(&mut *found.lock().unwrap_or_else(PoisonError::into_inner)))
}

/// Takes in what the store has and the file does not say anew.
async fn others(store: &Store, whole: Whole) -> anyhow::Result<Whole> {
    let shared = Arc::new(Mutex::new(Some(whole)));
    let into = Arc::clone(&shared);
    let take = move |record: Record| {
        let Some(register) = REGISTERS.into_iter().find(|register| *register == record.kind) else { return };
        let mut whole = into.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(whole) = whole.as_mut() else { return };
        if !whole.ids.contains(&(register, record.id.clone())) {
            *whole.counts.entry(register).or_default() += 1;
            let place = format!("in the store (version {})", record.version);
            if let Err((column, message)) = whole.take(register, &record.id, &record.body, &place) {
                whole.report.wrong(&place, &format!("{register} {}", record.id), &column, message);
            }
        }
    };
    store.each_record(&REGISTERS, take).await.context("the registers in the store cannot be read")?;
    let whole = shared.lock().unwrap_or_else(PoisonError::into_inner).take();
    whole.context("the registers in the store cannot be read")
}

/// The changes that a file makes, one after the other; at its end an error where it is not the file that was checked.
fn changes(
    path: &Path,
    format: RegisterFormat,
    checked: [u8; 32],
    there: Arc<There>,
) -> anyhow::Result<impl Iterator<Item = Result<Change, String>> + Send + use<>> {
    let shown = path.display().to_string();
    let other = move || Some(Err(format!("{shown} is another file than the one that was checked; import it again")));
    let mut ended = false;
    let found = read(path, format)?;
    Ok(std::iter::from_fn(move || {
        loop {
            if ended {
                return None;
            }
            let Ok(found) = found.recv() else {
                ended = true;
                return other();
            };
            let row = match found {
                Found::Row(row) => row,
                Found::End(hash) if hash == checked => {
                    ended = true;
                    return None;
                }
                Found::End(_) | Found::Wrong(..) => {
                    ended = true;
                    return other();
                }
            };
            let Some(register) = REGISTERS.into_iter().find(|known| *known == row.register) else { return other() };
            let body = Value::Object(canonical(register, row.body).0).to_string();
            match there.get(&(register, row.id.clone())) {
                Some((_, hash, _)) if *hash == hashed(&body) => {}
                known => {
                    let version = known.map_or(0, |(version, ..)| *version);
                    return Some(Ok(Change::set(register, row.id, body).expecting(version)));
                }
            }
        }
    }))
}

fn hashed(body: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, body.as_bytes()).as_ref());
    hash
}

/// The format of a file: what was said, or what its name tells.
///
/// # Errors
/// If neither tells.
pub(crate) fn format(path: &Path, said: Option<RegisterFormat>) -> anyhow::Result<RegisterFormat> {
    said.or_else(|| super::file::format_of(path)).with_context(|| {
        format!("{}: the name does not tell the format; say --format toml, csv or json", path.display())
    })
}
