//! The organisation's own tables: bounds of doses and drugs of its own, as its pharmacy keeps them, and lists of codes.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::sync::Arc;

use serde::Deserialize;
use toml::Spanned;

use crate::codes::{CodeSet, CodeSets, CodeSystem, CodesError};
use crate::lexicon::{Lexicon, shipped};
use crate::reading::Reading;
use crate::sense::Drug;
use crate::unit::{Dimension, Unit};

/// Why a table of bounds cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TablesError {
    /// It is no TOML, or not of the shape of `data/clinical/bounds.toml`.
    #[error("the table cannot be read: {0}")]
    Shape(String),
    /// A value does not say what it has to.
    #[error("line {line}: {what}; {remedy}")]
    Value {
        /// Line of the file, from 1.
        line: usize,
        /// What is wrong.
        what: String,
        /// What to write.
        remedy: String,
    },
}

/// Bounds of a drug by one route.
#[derive(Clone, Debug)]
pub(crate) struct Bound {
    pub(crate) route: Option<u8>,
    pub(crate) unit: Unit,
    pub(crate) max_single: Option<f64>,
    pub(crate) max_daily: Option<f64>,
    pub(crate) max_single_per_kg: Option<f64>,
    pub(crate) min_age: Option<f64>,
    pub(crate) max_age: Option<f64>,
    pub(crate) weekly: bool,
    pub(crate) never: bool,
}

/// What the organisation's own tables say. Its pharmacy owns them; what ships is a small sample with sources.
#[derive(Clone)]
pub struct Tables {
    pub(crate) lexicon: Arc<Lexicon>,
    pub(crate) bounds: BTreeMap<Drug, Vec<Bound>>,
    pub(crate) codes: CodeSets,
    version: String,
    /// The table as it was read.
    text: Arc<str>,
}

const SHIPPED: &str = include_str!("../../../data/clinical/bounds.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    table: About,
    #[serde(default)]
    drug: Vec<DrugShape>,
    #[serde(default)]
    bound: Vec<Spanned<BoundShape>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct About {
    version: String,
    #[serde(rename = "owner")]
    _owner: String,
}

/// A drug that the shipped list does not have, or more names of one that it has.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DrugShape {
    name: String,
    #[serde(default)]
    other_names: Vec<String>,
    #[serde(default)]
    classes: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct BoundShape {
    drug: String,
    route: Option<String>,
    unit: Option<String>,
    max_single: Option<f64>,
    max_daily: Option<f64>,
    max_single_per_kg: Option<f64>,
    min_age_years: Option<f64>,
    max_age_years: Option<f64>,
    #[serde(default)]
    weekly_only: bool,
    #[serde(default)]
    never: bool,
    source: String,
    as_of: toml::value::Datetime,
}

impl Tables {
    /// The sample that ships, which is no formulary.
    ///
    /// # Panics
    /// Never: the tests read the same file.
    #[must_use]
    pub fn shipped() -> Self {
        Self::read(SHIPPED).expect("data/clinical/bounds.toml is tested")
    }

    /// Reads a pharmacy's table, in the shape of `data/clinical/bounds.toml`. It takes the place of the shipped one.
    ///
    /// # Errors
    /// If it is not of that shape, with the line and what to write instead.
    pub fn read(toml: &str) -> Result<Self, TablesError> {
        let file: File = toml::from_str(toml).map_err(|e| TablesError::Shape(e.to_string()))?;
        let more = file.drug.iter().map(|d| (d.name.as_str(), d.other_names.as_slice(), d.classes.as_slice()));
        let lexicon = if file.drug.is_empty() { Arc::clone(shipped()) } else { Arc::new(shipped().with(more)) };
        let mut bounds: BTreeMap<Drug, Vec<Bound>> = BTreeMap::new();
        for row in &file.bound {
            let line = toml[..row.span().start].matches('\n').count() + 1;
            let wrong = |what: String, remedy: String| TablesError::Value { line, what, remedy };
            let row = row.get_ref();
            let drug = lexicon.drug_named(&row.drug).ok_or_else(|| {
                wrong(format!("the drug {:?} is not known", row.drug), "add it as a [[drug]] with its names".to_owned())
            })?;
            bounds.entry(drug).or_default().push(bound(&lexicon, row, wrong)?);
        }
        Ok(Self { lexicon, bounds, codes: CodeSets::new(), version: file.table.version, text: toml.into() })
    }

    /// Loads the codes of one system: one code a line, or a CSV of which the first column is the code. A first line that is
    /// no code is taken as the heading. From then on codes of that system that are not in it are flagged.
    ///
    /// # Errors
    /// If a line after the first holds no code of the system, if there are more than the limit, or if reading fails.
    pub fn load_codes(&mut self, system: CodeSystem, lines: impl BufRead) -> Result<usize, CodesError> {
        let set = CodeSet::read(system, lines)?;
        let len = set.len();
        self.codes.insert(system, set);
        Ok(len)
    }

    /// Gives all that answers are compared with to `take`, piece by piece and always in the same order: for a hash that names it.
    pub fn content(&self, mut take: impl FnMut(&[u8])) {
        take(self.text.as_bytes());
        for (system, codes) in &self.codes {
            take(&[0]);
            take(system.word().as_bytes());
            codes.numbers().for_each(|code| take(&code.to_le_bytes()));
        }
    }

    /// Which version the table calls itself: for the record of what an answer was looked at with.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }
}

impl std::fmt::Debug for Tables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tables")
            .field("version", &self.version)
            .field("drugs_with_bounds", &self.bounds.len())
            .field("codes", &self.codes)
            .finish_non_exhaustive()
    }
}

fn bound(
    lexicon: &Lexicon,
    row: &BoundShape,
    wrong: impl Fn(String, String) -> TablesError,
) -> Result<Bound, TablesError> {
    let route = match &row.route {
        None => None,
        Some(name) => Some(lexicon.route_named(name).ok_or_else(|| {
            wrong(format!("the route {name:?} is not known"), format!("known are {}", lexicon.routes.join(", ")))
        })?),
    };
    let unit = match &row.unit {
        Some(name) => dose_unit(lexicon, name).ok_or_else(|| {
            wrong(format!("{name:?} is no unit of a dose"), "write mg, mcg, g, mL, units, mEq or mmol".to_owned())
        })?,
        None if row.max_single.is_some() || row.max_daily.is_some() || row.max_single_per_kg.is_some() => {
            return Err(wrong("bounds without a unit".to_owned(), "add unit = \"mg\"".to_owned()));
        }
        None => Unit::NONE,
    };
    let bounds = [row.max_single, row.max_daily, row.max_single_per_kg];
    if bounds.iter().flatten().any(|v| !v.is_finite() || *v <= 0.0) {
        return Err(wrong("a bound that is not above zero".to_owned(), "write the most that may be given".to_owned()));
    }
    if row.max_single.zip(row.max_daily).is_some_and(|(single, daily)| single > daily) {
        return Err(wrong("max_single above max_daily".to_owned(), "a single dose is part of the day's".to_owned()));
    }
    if bounds.iter().all(Option::is_none) && !row.weekly_only && !row.never {
        return Err(wrong(
            "nothing is bounded".to_owned(),
            "add max_single, max_daily, max_single_per_kg, weekly_only or never".to_owned(),
        ));
    }
    if row.never && route.is_none() {
        return Err(wrong("never without a route".to_owned(), "say by which route it is never given".to_owned()));
    }
    if row.source.trim().is_empty() || row.as_of.date.is_none() {
        return Err(wrong("no source or date".to_owned(), "say where it stands, and as_of = 2026-11-26".to_owned()));
    }
    let base = |value: f64| unit.base(value);
    Ok(Bound {
        route,
        unit,
        max_single: row.max_single.map(base),
        max_daily: row.max_daily.map(base),
        max_single_per_kg: row.max_single_per_kg.map(base),
        min_age: row.min_age_years,
        max_age: row.max_age_years,
        weekly: row.weekly_only,
        never: row.never,
    })
}

/// The unit of a name, if doses are given in it.
fn dose_unit(lexicon: &Lexicon, name: &str) -> Option<Unit> {
    let text = format!("1 {name}");
    let reading = Reading::of(&text, lexicon);
    let q = reading.quantities.first()?;
    (q.last + 1 == reading.tokens.len() && q.unit.dimension != Dimension::Bare && q.unit.is_plain_dose())
        .then_some(q.unit)
}
