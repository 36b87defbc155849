//! The tables of codes that policies, labels and the log use.

use std::sync::LazyLock;

/// The table, as it is shipped: `data/vocabulary/hl7-v3.tsv`.
const TEXT: &str = include_str!("../../../data/vocabulary/hl7-v3.tsv");

static CODES: LazyLock<Vec<Code>> = LazyLock::new(|| TEXT.lines().filter_map(Code::read).collect());

/// A table of codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// What data is used for: HL7 v3 `ActReason`, PurposeOfUse.
    Purpose,
    /// Purposes of our own, which HL7 has no code for.
    LocalPurpose,
    /// What makes information sensitive: HL7 v3 `ActCode`, InformationSensitivityPolicy.
    Sensitivity,
    /// The law that protects information: HL7 v3 `ActCode`, ActUSPrivacyLaw.
    Law,
    /// What has to be done where information is used: HL7 v3 `ActCode`, ObligationPolicy.
    Obligation,
    /// Obligations of our own.
    LocalObligation,
    /// What must not be done: HL7 v3 `ActCode`, RefrainPolicy.
    Refrain,
    /// How confidential information is: HL7 v3 `Confidentiality`.
    Confidentiality,
}

/// A code of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// Its table.
    pub table: Table,
    /// The code.
    pub code: &'static str,
    /// The code that it is a kind of.
    pub parent: Option<&'static str>,
    /// Its name for people.
    pub display: &'static str,
}

impl Table {
    /// Every table.
    pub const ALL: [Self; 8] = [
        Self::Purpose,
        Self::LocalPurpose,
        Self::Sensitivity,
        Self::Law,
        Self::Obligation,
        Self::LocalObligation,
        Self::Refrain,
        Self::Confidentiality,
    ];

    /// The name in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Purpose => "purpose",
            Self::LocalPurpose => "purpose.local",
            Self::Sensitivity => "sensitivity",
            Self::Law => "law",
            Self::Obligation => "obligation",
            Self::LocalObligation => "obligation.local",
            Self::Refrain => "refrain",
            Self::Confidentiality => "confidentiality",
        }
    }

    /// Its codes, in HL7's order.
    pub fn codes(self) -> impl Iterator<Item = &'static Code> {
        CODES.iter().filter(move |code| code.table == self)
    }

    /// The code of this spelling.
    pub fn find(self, code: &str) -> Option<&'static Code> {
        self.codes().find(|entry| entry.code == code)
    }
}

impl Code {
    fn read(line: &'static str) -> Option<Self> {
        let mut fields = line.split('\t');
        let name = fields.next().filter(|name| !name.starts_with('#'))?;
        let table = Table::ALL.into_iter().find(|table| table.name() == name)?;
        let (code, parent, display) = (fields.next()?, fields.next()?, fields.next()?);
        Some(Self { table, code, parent: Some(parent).filter(|parent| !parent.is_empty()), display })
    }
}

/// A label on information: what makes it sensitive, or the law that protects it. Some fall under a broader one: opioid use
/// disorder under substance use disorder.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(&'static str);

/// A text that is no label.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no sensitivity label; labels are HL7's, for example PSYTHPN, SUD, HIV, MH, CEL, EMP, and the laws 42CFRPart2, \
     HIPAAPsyNotes, HIPAASelfPay (`asepsis policy codes` lists them)"
)]
pub struct UnknownLabelOfInformation(pub String);

impl Label {
    fn entry(self) -> &'static Code {
        let found = [Table::Sensitivity, Table::Law].into_iter().find_map(|table| table.find(self.0));
        found.expect("a label is only made from an entry of a table")
    }

    /// The HL7 code.
    pub fn code(self) -> &'static str {
        self.0
    }

    /// HL7's name for it.
    pub fn display(self) -> &'static str {
        self.entry().display
    }

    /// The label and those that it is a kind of.
    pub fn kinds(self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self), |label| label.entry().parent.map(Self))
    }

    /// Every label.
    pub fn all() -> impl Iterator<Item = Self> {
        Table::Sensitivity.codes().chain(Table::Law.codes()).map(|entry| Self(entry.code))
    }
}

impl std::str::FromStr for Label {
    type Err = UnknownLabelOfInformation;

    fn from_str(text: &str) -> Result<Self, UnknownLabelOfInformation> {
        Self::all()
            .find(|label| label.0.eq_ignore_ascii_case(text))
            .ok_or_else(|| UnknownLabelOfInformation(text.chars().take(32).collect()))
    }
}

impl std::fmt::Display for Label {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl serde::Serialize for Label {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> serde::Deserialize<'de> for Label {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_file_is_read_and_every_parent_is_there() {
        let lines = TEXT.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).count();
        assert_eq!(CODES.len(), lines);
        for code in CODES.iter() {
            assert!(code.parent.is_none_or(|parent| code.table.find(parent).is_some()), "{code:?}");
            let same = CODES.iter().filter(|other| other.table == code.table && other.code == code.code).count();
            assert_eq!(same, 1, "{code:?} stands twice");
        }
    }

    #[test]
    fn labels_know_what_they_are_kinds_of() {
        let kinds: Vec<_> = "opioidud".parse::<Label>().unwrap().kinds().map(Label::code).collect();
        assert_eq!(kinds, ["OPIOIDUD", "SUD", "SPI"]);
        assert!("SECRET".parse::<Label>().is_err());
    }
}
