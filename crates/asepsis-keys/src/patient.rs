use std::fmt;

use zeroize::Zeroizing;

use crate::KeyError;

/// The longest system and the longest number, in bytes.
const MOST: usize = 256;

/// A patient as an organisation names one: a number (a medical record number, a member id) and the system that gave it,
/// as in FHIR's `Identifier` (<https://hl7.org/fhir/R4/datatypes.html#Identifier>).
///
/// Two ways to write the same number are one: white space and hyphens are left out and letters are capitals. Leading
/// zeros count, because in some systems 0123 and 123 are two patients.
pub struct PatientId {
    system: Zeroizing<String>,
    value: Zeroizing<String>,
}

impl PatientId {
    /// The patient with this number in this system.
    ///
    /// # Errors
    /// [`KeyError::BadPatient`] if one of them is empty or over 256 bytes.
    pub fn new(system: &str, value: &str) -> Result<Self, KeyError> {
        let (system, fits) = (system.trim(), |text: &str| (1..=MOST).contains(&text.len()));
        let dropped =
            |c: &char| c.is_whitespace() || c.is_control() || "-\u{2010}\u{2011}\u{2012}\u{2013}\u{200b}".contains(*c);
        let mut folded = Zeroizing::new(String::with_capacity(2 * value.len()));
        folded.extend(value.chars().filter(|c| !dropped(c)).flat_map(char::to_uppercase));
        if !fits(system) || !fits(value) || folded.is_empty() {
            return Err(KeyError::BadPatient);
        }
        Ok(Self { system: Zeroizing::new(system.to_owned()), value: folded })
    }

    /// The patient that a text names as FHIR's searches do: the system, `|`, the number.
    ///
    /// # Errors
    /// [`KeyError::BadPatient`].
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let (system, value) = text.trim().split_once('|').ok_or(KeyError::BadPatient)?;
        Self::new(system, value)
    }

    /// Whether a text names this patient: the number, alone or behind what FHIR puts before it (`Patient/`, the system and `|`).
    #[must_use]
    pub fn is_named(&self, text: &str) -> bool {
        let number = text.trim().rsplit(['/', '|']).next().unwrap_or_default();
        Self::new("number", number).is_ok_and(|named| named.value == self.value)
    }

    pub(crate) fn parts(&self) -> [&[u8]; 2] {
        [self.system.as_bytes(), self.value.as_bytes()]
    }
}

impl fmt::Debug for PatientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PatientId(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_number_written_otherwise_is_the_same_patient() {
        let id = |text: &str| PatientId::parse(text).map(|p| p.parts().map(<[u8]>::to_vec));
        assert_eq!(id("urn:oid:1.2|ab-12 34").unwrap(), id(" urn:oid:1.2 | AB1234\n").unwrap());
        assert_ne!(id("urn:oid:1.2|0123").unwrap(), id("urn:oid:1.2|123").unwrap());
        assert_ne!(id("urn:oid:1.2|3").unwrap(), id("urn:oid:1|23").unwrap());
        let long = format!("a|{}", "1".repeat(257));
        for bad in ["", "12345", "|1", "urn:x|", "urn:x| - ", &long] {
            assert!(matches!(id(bad), Err(KeyError::BadPatient)), "{bad}");
        }
        let patient = PatientId::parse("urn:x|ab-12 34").unwrap();
        for named in ["AB1234", " ab 12-34", "Patient/ab1234", "urn:x|AB-1234"] {
            assert!(patient.is_named(named), "{named}");
        }
        for other in ["", "AB12345", "Patient/", "1234", "x"] {
            assert!(!patient.is_named(other), "{other}");
        }
        assert_eq!(format!("{:?}", PatientId::parse("a|b").unwrap()), "PatientId(..)");
    }
}
