//! Which dimensions of groups are known, and which values each has; and what a client states, read against them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The most dimensions that one exchange may state. Each more makes it easier to find the person again.
pub const MOST_STATED: usize = 4;

/// The longest that a client may state, in bytes.
pub const MOST_BYTES: usize = 512;

/// The most dimensions that may be set up.
pub const MOST_DIMENSIONS: usize = 16;

/// The most values of one dimension.
pub const MOST_VALUES: usize = 32;

/// The longest name of a dimension or value, in bytes.
pub const LONGEST_WORD: usize = 40;

static READY: LazyLock<BTreeMap<String, Vec<String>>> =
    LazyLock::new(|| toml::from_str(include_str!("../../../data/groups.toml")).expect("data/groups.toml is tested"));

/// The names of the dimensions that ship, in alphabetical order.
pub fn ready() -> impl Iterator<Item = &'static str> {
    READY.keys().map(String::as_str)
}

/// The dimensions that are set up. With none, nothing may be stated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dimensions(BTreeMap<String, Vec<String>>);

/// Why a dimension cannot be set up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadDimension {
    /// No ready one has this name.
    #[error("no ready dimension is called `{name}`; there are {}. Give its values as a list", ready().collect::<Vec<_>>().join(", "))]
    NotReady {
        /// The name.
        name: String,
    },
    /// A name or value is none that may get into the log.
    #[error(
        "`{dimension}`: a name is a code of at most {LONGEST_WORD} bytes: letters and digits of ASCII with `-`, `+` or `_` between or behind, \
         with no more than three digits together, so that it can be no number of a person"
    )]
    Word {
        /// The dimension.
        dimension: String,
    },
    /// A value stands twice, where small and capital letters are the same.
    #[error("`{dimension}`: two values are the same word")]
    Twice {
        /// The dimension.
        dimension: String,
    },
    /// Too few values, or too many.
    #[error("`{dimension}` needs 2 to {MOST_VALUES} values")]
    Number {
        /// The dimension.
        dimension: String,
    },
    /// Too many dimensions.
    #[error("there may be at most {MOST_DIMENSIONS} dimensions")]
    Many,
}

/// Why what a client states is refused. It holds nothing of what was stated: that may be anything.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadStatement {
    /// Nothing is set up.
    #[error("no groups are set up here; state none, or have your office enter them (`[groups]`)")]
    Off,
    /// Too long.
    #[error("is longer than {MOST_BYTES} bytes")]
    Long,
    /// A pair is no pair.
    #[error("pair {place} is no `dimension=value`")]
    Pair {
        /// Which one, from 1.
        place: usize,
    },
    /// A dimension is not known.
    #[error("pair {place} names a dimension that is not set up; the nearest is `{nearest}`, and there are {known}")]
    Dimension {
        /// Which one, from 1.
        place: usize,
        /// The nearest that is known.
        nearest: String,
        /// All.
        known: String,
    },
    /// A value is not known.
    #[error(
        "pair {place} gives `{dimension}` a value that is not set up; the nearest is `{nearest}`, and there are {known}"
    )]
    Value {
        /// Which one, from 1.
        place: usize,
        /// The dimension.
        dimension: String,
        /// The nearest that is known.
        nearest: String,
        /// All.
        known: String,
    },
    /// A dimension stands twice.
    #[error("pair {place} states `{dimension}` again; an exchange has one value of each")]
    Twice {
        /// Which one, from 1.
        place: usize,
        /// The dimension.
        dimension: String,
    },
    /// Too many.
    #[error("states more than {MOST_STATED} dimensions; the more are stated, the easier the person is found again")]
    Many,
}

impl Dimensions {
    /// Sets up dimensions with their values.
    ///
    /// # Errors
    /// [`BadDimension`].
    pub fn new(all: impl IntoIterator<Item = (String, Vec<String>)>) -> Result<Self, BadDimension> {
        let mut known = BTreeMap::new();
        for (dimension, values) in all {
            if !(2..=MOST_VALUES).contains(&values.len()) {
                return Err(BadDimension::Number { dimension: shown(&dimension) });
            }
            if !is_word(&dimension) || !values.iter().all(|value| is_word(value)) {
                return Err(BadDimension::Word { dimension: shown(&dimension) });
            }
            let twice = |at: usize| values[..at].iter().any(|before| before.eq_ignore_ascii_case(&values[at]));
            if (0..values.len()).any(twice) || known.keys().any(|name: &String| name.eq_ignore_ascii_case(&dimension)) {
                return Err(BadDimension::Twice { dimension });
            }
            known.insert(dimension, values);
        }
        if known.len() > MOST_DIMENSIONS {
            return Err(BadDimension::Many);
        }
        Ok(Self(known))
    }

    /// The values of the dimension of this name that ships.
    ///
    /// # Errors
    /// [`BadDimension::NotReady`].
    pub fn ready(name: &str) -> Result<Vec<String>, BadDimension> {
        READY.get(name).cloned().ok_or_else(|| BadDimension::NotReady { name: shown(name) })
    }

    /// Whether none is set up.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads what a client states: `language=es, age=65+`. Small and capital letters are the same; what comes out is spelt as it was
    /// set up.
    ///
    /// # Errors
    /// [`BadStatement`].
    pub fn read(&self, stated: &str) -> Result<BTreeMap<String, String>, BadStatement> {
        if self.is_empty() {
            return Err(BadStatement::Off);
        }
        if stated.len() > MOST_BYTES {
            return Err(BadStatement::Long);
        }
        let mut groups = BTreeMap::new();
        for (at, pair) in stated.split(',').enumerate() {
            let place = at + 1;
            let (name, value) = pair.split_once('=').ok_or(BadStatement::Pair { place })?;
            let (name, value) = (name.trim(), value.trim());
            let dimension = find(self.0.keys(), name).ok_or_else(|| BadStatement::Dimension {
                place,
                nearest: nearest(self.0.keys(), name),
                known: list(self.0.keys()),
            })?;
            let values = &self.0[dimension];
            let value = find(values.iter(), value).ok_or_else(|| BadStatement::Value {
                place,
                dimension: dimension.clone(),
                nearest: nearest(values.iter(), value),
                known: list(values.iter()),
            })?;
            if groups.insert(dimension.clone(), value.clone()).is_some() {
                return Err(BadStatement::Twice { place, dimension: dimension.clone() });
            }
        }
        if groups.len() > MOST_STATED {
            return Err(BadStatement::Many);
        }
        Ok(groups)
    }
}

/// A code that can hold neither a name of a person nor a number of one.
fn is_word(word: &str) -> bool {
    let digits = word.split(|c: char| !c.is_ascii_digit()).map(str::len).max().unwrap_or_default();
    (1..=LONGEST_WORD).contains(&word.len())
        && word.bytes().all(|b| b.is_ascii_alphanumeric() || b"-+_".contains(&b))
        && word.starts_with(|c: char| c.is_ascii_alphanumeric())
        && digits <= 3
}

/// What may be repeated of a word of the configuration.
fn shown(word: &str) -> String {
    word.chars().take(LONGEST_WORD).collect()
}

fn find<'a>(mut known: impl Iterator<Item = &'a String>, word: &str) -> Option<&'a String> {
    known.find(|known| known.eq_ignore_ascii_case(word))
}

fn nearest<'a>(known: impl Iterator<Item = &'a String>, word: &str) -> String {
    let word = word.to_ascii_lowercase();
    known.min_by_key(|known| strsim::osa_distance(&known.to_ascii_lowercase(), &word)).cloned().unwrap_or_default()
}

fn list<'a>(known: impl Iterator<Item = &'a String>) -> String {
    known.map(String::as_str).collect::<Vec<_>>().join(", ")
}
