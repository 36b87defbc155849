use std::fmt;

use asepsis_vocab::IdentifierClass;
use zeroize::Zeroizing;

/// An identifier that needs a surrogate.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Wanted<'a> {
    /// What it is.
    pub class: IdentifierClass,
    /// The identifier, exactly as it stands; the vault makes no two spellings one.
    pub value: &'a str,
}

impl fmt::Debug for Wanted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Wanted({}, {} bytes)", self.class, self.value.len())
    }
}

/// How a new surrogate is written: from 64 random bits that are its code, and 32 more random bytes for those that need them.
///
/// What it returns may depend on the class and on the shape of the value, not on what the value says (45 CFR 164.514(c)).
/// `None` asks for other random bits.
pub type Render<'a> = dyn Fn(&Wanted<'_>, [u8; 8], &[u8; 32]) -> Option<String> + Sync + 'a;

/// A surrogate and what it stands for.
#[derive(Clone)]
pub struct Surrogate {
    /// The text that goes out.
    pub rendered: String,
    /// The identifier that it stands for.
    pub value: Zeroizing<String>,
    /// What it is.
    pub class: IdentifierClass,
}

impl fmt::Debug for Surrogate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Surrogate({}, ..)", self.class)
    }
}
