use std::fmt;
use std::str::FromStr;

/// How the trained tagger weighs an identifier that is missed against a word that is covered for nothing.
///
/// The rules by cue and shape are the same in every profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Profile {
    /// Covers what may be an identifier: for what leaves the organisation without an agreement.
    Strict,
    /// Covers what is more likely an identifier than not.
    #[default]
    Balanced,
    /// Covers only what is almost certainly an identifier: for text that stays in the house.
    Utility,
}

impl Profile {
    /// Every profile, from the one that covers most.
    pub const ALL: [Self; 3] = [Self::Strict, Self::Balanced, Self::Utility];

    /// The name that the command line and the configuration use.
    pub fn name(self) -> &'static str {
        match self {
            Self::Strict => "strict",
            Self::Balanced => "balanced",
            Self::Utility => "utility",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Profile {
    type Err = UnknownProfile;

    fn from_str(s: &str) -> Result<Self, UnknownProfile> {
        Self::ALL.into_iter().find(|p| p.name() == s).ok_or(UnknownProfile)
    }
}

/// A name that is none of [`Profile::ALL`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown profile; the profiles are strict, balanced and utility")]
pub struct UnknownProfile;
