use std::fmt;

/// What a scope is for: a surrogate of one space is never found from another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Space {
    /// Conversations with AI systems.
    Gateway,
    /// Files that were treated on the command line.
    CommandLine,
}

impl Space {
    /// The number in the database.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Gateway => 1,
            Self::CommandLine => 2,
        }
    }

    pub(crate) fn of_code(code: u8) -> Option<Self> {
        [Self::Gateway, Self::CommandLine].into_iter().find(|space| space.code() == code)
    }
}

/// The name of a scope: 128 bits under a key of the vault, or random, so that nothing outside can be linked to a patient, a
/// user or a text by it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ScopeId {
    space: Space,
    id: [u8; 16],
}

impl ScopeId {
    pub(crate) fn new(space: Space, id: [u8; 16]) -> Self {
        Self { space, id }
    }

    /// What the scope is for.
    pub fn space(&self) -> Space {
        self.space
    }

    /// The sixteen bytes.
    pub fn as_bytes(&self) -> &[u8; 16] {
        &self.id
    }
}

impl fmt::Display for ScopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", u128::from_be_bytes(self.id))
    }
}

impl fmt::Debug for ScopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScopeId({:?}, {self})", self.space)
    }
}
