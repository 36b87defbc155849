use std::fmt;

use asepsis_vocab::IdentifierClass;
use zeroize::Zeroize;

/// What the caller knows of the people a document is about: names and numbers of a patient list, an admission message,
/// a roster. They are found wherever they stand.
///
/// It is wiped from memory when dropped and never printed.
#[derive(Default)]
pub struct KnownPhi {
    entries: Vec<(IdentifierClass, String)>,
}

impl KnownPhi {
    /// Nothing known.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the name of a person, in any order of its parts; its parts alone are found too.
    #[must_use]
    pub fn name(self, name: &str) -> Self {
        self.identifier(IdentifierClass::Name, name)
    }

    /// Adds an identifier of a class.
    #[must_use]
    pub fn identifier(mut self, class: IdentifierClass, value: &str) -> Self {
        if value.chars().any(char::is_alphanumeric) {
            self.entries.push((class, value.to_owned()));
        }
        self
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (IdentifierClass, &str)> {
        self.entries.iter().map(|(class, value)| (*class, value.as_str()))
    }
}

impl fmt::Debug for KnownPhi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KnownPhi({} entries)", self.entries.len())
    }
}

impl Drop for KnownPhi {
    fn drop(&mut self) {
        for (_, value) in &mut self.entries {
            value.zeroize();
        }
    }
}
