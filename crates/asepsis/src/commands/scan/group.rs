//! Groups of classes that look the same, so that a person tells seven kinds apart and not twenty-one.

use asepsis_vocab::IdentifierClass as Class;

/// A group of classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Group {
    Person,
    Place,
    Time,
    Contact,
    Number,
    Body,
    Beside,
}

impl Group {
    pub(super) const ALL: [Self; 7] =
        [Self::Person, Self::Place, Self::Time, Self::Contact, Self::Number, Self::Body, Self::Beside];

    pub(super) fn of(class: Class) -> Self {
        match class {
            Class::Name => Self::Person,
            Class::Location => Self::Place,
            Class::Date | Class::Age => Self::Time,
            Class::Phone | Class::Fax | Class::Email | Class::Url | Class::Ip => Self::Contact,
            Class::Ssn
            | Class::Mrn
            | Class::HealthPlan
            | Class::Account
            | Class::License
            | Class::Vehicle
            | Class::Device
            | Class::Id => Self::Number,
            Class::Biometric | Class::Photo => Self::Body,
            Class::Org | Class::Profession => Self::Beside,
        }
    }

    /// For the legend.
    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Place => "place",
            Self::Time => "date or age",
            Self::Contact => "contact",
            Self::Number => "number",
            Self::Body => "body",
            Self::Beside => "beside the eighteen",
        }
    }

    /// The name in the report's style sheet.
    pub(super) fn css(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Place => "place",
            Self::Time => "time",
            Self::Contact => "contact",
            Self::Number => "number",
            Self::Body => "body",
            Self::Beside => "beside",
        }
    }

    /// The terminal's codes. Every group is also named in words, so that nothing hangs on the colour.
    pub(super) fn ansi(self) -> &'static str {
        match self {
            Self::Person => "1;35",
            Self::Place => "1;32",
            Self::Time => "1;36",
            Self::Contact => "1;34",
            Self::Number => "1;31",
            Self::Body => "1;33",
            Self::Beside => "4",
        }
    }
}
