//! Changes of the registers that an assessment makes.

use std::collections::BTreeMap;

use anyhow::{Context, bail, ensure};
use asepsis_govern::{Fact, Subject, catalogue};
use asepsis_store::Change;
use serde_json::{Map, Value as Json};

use super::book::{Book, DECIDING, OF_AGREEMENTS, says};
use crate::act::{actor, checked, open_log};
use crate::commands::register::entry::sealed;
use crate::home::Home;
use crate::registers::{AGREEMENT, Records, SYSTEM, VENDOR, now};
use asepsis_people::ledger::Ledger;

impl Book {
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
                std::collections::btree_map::Entry::Vacant(free) => free.insert(self.stored(kind, &of)?.0.clone()),
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
        let change = |((kind, id), body): ((&'static str, String), _)| {
            let version = self.stored(kind, &id)?.1;
            Ok(Change::set(kind, id, sealed(kind, body)?).expecting(version))
        };
        changed.into_iter().map(change).collect()
    }

    /// As [`state`](Self::state) for what a vendor answered: what it is asked once for all of its systems is stated of the vendor, unless
    /// the system has an answer of its own.
    pub(crate) fn state_apart(&self, system: &str, facts: &BTreeMap<String, Fact>) -> anyhow::Result<Vec<Change>> {
        let own = self.systems.get(system).and_then(|entry| entry.body.get("facts")).and_then(Json::as_object);
        let of_vendor = |name: &String| {
            let once = catalogue().fact(name).is_some_and(|kind| kind.of == Subject::Vendor);
            once && !OF_AGREEMENTS.contains(&name.as_str()) && own.is_none_or(|own| !own.contains_key(name))
        };
        let (apart, rest): (BTreeMap<_, _>, BTreeMap<_, _>) =
            facts.clone().into_iter().partition(|(name, _)| of_vendor(name));
        let mut changes = self.state(Subject::System, system, &rest)?;
        if let Some(vendor) = self.vendor_of(system) {
            changes.extend(self.state(Subject::Vendor, vendor, &apart)?);
        }
        Ok(changes)
    }

    /// The body and version of an entry that can be changed.
    pub(crate) fn stored(&self, kind: &str, id: &str) -> anyhow::Result<(&Map<String, Json>, u32)> {
        let register = match kind {
            VENDOR => &self.vendors,
            SYSTEM => &self.systems,
            _ => &self.agreements,
        };
        match register.get(id).map(|entry| (&entry.body, entry.version)) {
            Some((body, Some(version))) => Ok((body, version)),
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
        let made = Ledger::new(&self.store, &log, actor(), what.interface).change(changes, Some(&basis), now()).await;
        log.close().await?;
        made?;
        Ok(())
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
