use std::fmt;

use asepsis_vocab::IdentifierClass;
use zeroize::Zeroize;

/// What is known of one person. Add each part as it is written; the forms that it may take in a text are worked out.
///
/// ```
/// use asepsis_phi::{KnownPerson, KnownPhi};
/// use asepsis_vocab::IdentifierClass;
///
/// let person = KnownPerson::new()
///     .name("Anna Maria Reed-Jones")
///     .birth("1950-04-12")
///     .phone("(401) 555-0131")
///     .address("12 Rose Street, Everfield, RI 12433")
///     .id(IdentifierClass::Mrn, "0048213");
/// let known = KnownPhi::new().person(&person);
/// assert_eq!(known.people(), 1);
/// ```
///
/// It is wiped from memory when dropped and never printed.
#[derive(Clone, Default)]
pub struct KnownPerson {
    pub(super) names: Vec<Name>,
    pub(super) births: Vec<String>,
    pub(super) phones: Vec<String>,
    pub(super) emails: Vec<String>,
    pub(super) addresses: Vec<Address>,
    pub(super) ids: Vec<(IdentifierClass, String)>,
}

/// A name in its parts.
#[derive(Clone, Default)]
pub(super) struct Name {
    /// The first name before the middle ones.
    pub(super) given: Vec<String>,
    pub(super) family: String,
}

/// An address in its parts.
#[derive(Clone, Default)]
pub(super) struct Address {
    pub(super) lines: Vec<String>,
    pub(super) town: String,
    pub(super) postal_code: String,
}

impl KnownPerson {
    /// Somebody of whom nothing is known yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A name, with the family name last or, before a comma, first.
    #[must_use]
    pub fn name(mut self, name: &str) -> Self {
        self.names.extend(super::parse::name(name));
        self
    }

    /// A name in its parts: all given names, the family name whole ("de la Cruz", "García López").
    #[must_use]
    pub fn name_parts(mut self, given: &[&str], family: &str) -> Self {
        let given = given.iter().flat_map(|g| g.split_whitespace()).map(str::to_owned).collect();
        self.names.push(Name { given, family: family.to_owned() });
        self
    }

    /// The date of birth, in any form with a day, a month and a year of four digits; where it is in doubt, the month stands
    /// before the day. What is no date is not taken.
    #[must_use]
    pub fn birth(mut self, date: &str) -> Self {
        self.births.push(date.to_owned());
        self
    }

    /// A telephone or fax number.
    #[must_use]
    pub fn phone(mut self, number: &str) -> Self {
        self.phones.push(number.to_owned());
        self
    }

    /// An electronic mail address.
    #[must_use]
    pub fn email(mut self, address: &str) -> Self {
        self.emails.push(address.to_owned());
        self
    }

    /// A postal address in one line, its parts divided by commas or line ends.
    #[must_use]
    pub fn address(mut self, address: &str) -> Self {
        self.addresses.extend(super::parse::address(address));
        self
    }

    /// A postal address in its parts: lines of street and unit, the town, the postal code.
    #[must_use]
    pub fn address_parts(mut self, lines: &[&str], town: &str, postal_code: &str) -> Self {
        self.addresses.push(Address {
            lines: lines.iter().map(|l| (*l).to_owned()).collect(),
            town: town.to_owned(),
            postal_code: postal_code.to_owned(),
        });
        self
    }

    /// A number or code: of a record, a plan, an account, a licence, ...
    #[must_use]
    pub fn id(mut self, class: IdentifierClass, value: &str) -> Self {
        self.ids.push((class, value.to_owned()));
        self
    }
}

impl fmt::Debug for KnownPerson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KnownPerson(..)")
    }
}

impl Drop for KnownPerson {
    fn drop(&mut self) {
        for name in &mut self.names {
            name.given.iter_mut().for_each(Zeroize::zeroize);
            name.family.zeroize();
        }
        for address in &mut self.addresses {
            address.lines.iter_mut().for_each(Zeroize::zeroize);
            address.town.zeroize();
            address.postal_code.zeroize();
        }
        for list in [&mut self.births, &mut self.phones, &mut self.emails] {
            list.iter_mut().for_each(Zeroize::zeroize);
        }
        self.ids.iter_mut().for_each(|(_, value)| value.zeroize());
    }
}
