use asepsis_policy::Fact;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use crate::BadRecord;

/// The kind of record that holds the usage policy.
pub const RULES: &str = "rules";
/// Its id.
pub const USAGE: &str = "usage";
/// The kind of records that say what users accepted; the id is the user's.
pub const ATTESTATION: &str = "attestation";

/// The longest usage policy, in bytes of Markdown.
pub const MOST_RULES: usize = 48 * 1024;

/// What counts where an organisation has set none.
const SHIPPED: &str = include_str!("../../../data/rules/usage.md");

/// The organisation's rules for the use of AI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The version of the record; 0 for what ships.
    pub version: u32,
    /// The text, in Markdown.
    pub text: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    text: String,
}

impl Default for Rules {
    fn default() -> Self {
        Self { version: 0, text: SHIPPED.to_owned() }
    }
}

impl Rules {
    /// Reads the body of a record at this version.
    ///
    /// # Errors
    /// [`BadRecord`].
    pub fn read(version: u32, body: &str) -> Result<Self, BadRecord> {
        let Body { text } = serde_json::from_str(body).map_err(|error| BadRecord::of(&error))?;
        Ok(Self { version, text })
    }

    /// The body of a record.
    pub fn body(text: &str) -> String {
        serde_json::to_string(&Body { text: text.to_owned() }).unwrap_or_default()
    }

    /// SHA-256 of the text, in hexadecimal.
    pub fn sha256(&self) -> String {
        Sha256::digest(self.text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// That somebody accepts them at this moment, in seconds since 1970 UTC.
    pub fn accepted(&self, at: i64) -> Accepted {
        Accepted { version: self.version, sha256: self.sha256(), at }
    }

    /// Whether who accepted that has agreed to these (45 CFR 164.530(i)): asked again after each change.
    pub fn fact(&self, accepted: &Accepted) -> Fact<bool> {
        let same = accepted.version == self.version && accepted.sha256 == self.sha256();
        // By the day in the westernmost place, so that it counts at once everywhere.
        let day = OffsetDateTime::from_unix_timestamp(accepted.at - 12 * 3600).ok().map(OffsetDateTime::date);
        Fact { source: Some(format!("{USAGE}@{}", accepted.version)), as_of: day, ..Fact::from(same) }
    }
}

/// What somebody accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accepted {
    /// The version of the usage policy.
    pub version: u32,
    /// SHA-256 of its text, in hexadecimal.
    pub sha256: String,
    /// When, in seconds since 1970 UTC.
    pub at: i64,
}

impl Accepted {
    /// Reads the body of a record.
    ///
    /// # Errors
    /// [`BadRecord`].
    pub fn read(body: &str) -> Result<Self, BadRecord> {
        serde_json::from_str(body).map_err(|error| BadRecord::of(&error))
    }

    /// The body of a record.
    pub fn body(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use asepsis_policy::Grade;
    use time::UtcOffset;

    use super::*;

    #[test]
    fn c13_what_was_accepted_counts_for_that_text_only() {
        let rules = Rules::default();
        let now = OffsetDateTime::from_unix_timestamp(1_800_000_000).unwrap();
        let accepted = rules.accepted(now.unix_timestamp());
        assert_eq!(Accepted::read(&accepted.body()).unwrap(), accepted);
        let value = |rules: &Rules| rules.fact(&accepted).at(now, UtcOffset::UTC, Grade::D).copied();
        assert_eq!(value(&rules), Some(true));
        let newer = Rules::read(1, &Rules::body("# Other rules")).unwrap();
        assert_eq!(value(&newer), Some(false));
        // The same number over another text is not what was accepted.
        assert_eq!(value(&Rules { version: 0, text: "# Other rules".to_owned() }), Some(false));
        assert!(Rules::read(1, "{\"text\": 4}").is_err());
    }
}
