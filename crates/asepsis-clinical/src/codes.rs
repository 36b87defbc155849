//! Codes of terminologies and registers: their form and check digits, and lists of those that exist.

use std::collections::BTreeMap;
use std::fmt;
use std::io::BufRead;

use asepsis_checksum as checksum;

/// A system of codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CodeSystem {
    /// LOINC: a number, a hyphen, a check digit.
    Loinc,
    /// SNOMED CT identifiers of concepts.
    SnomedCt,
    /// National Provider Identifiers (45 CFR 162.406).
    Npi,
    /// Registrations for controlled substances (21 CFR 1301).
    Dea,
    /// National Drug Codes (21 CFR 207.33).
    Ndc,
    /// ICD-10-CM.
    Icd10Cm,
    /// RxNorm concept identifiers.
    RxNorm,
}

/// What is wrong with a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Form,
    CheckDigit,
    /// The customary placeholder, not a code.
    Placeholder,
}

impl CodeSystem {
    /// Every system.
    pub const ALL: [Self; 7] =
        [Self::Loinc, Self::SnomedCt, Self::Npi, Self::Dea, Self::Ndc, Self::Icd10Cm, Self::RxNorm];

    /// Its name in rules, configuration and names of files.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Loinc => "loinc",
            Self::SnomedCt => "snomed-ct",
            Self::Npi => "npi",
            Self::Dea => "dea",
            Self::Ndc => "ndc",
            Self::Icd10Cm => "icd-10-cm",
            Self::RxNorm => "rxnorm",
        }
    }

    /// The system of a name, as files of lists and the configuration give it.
    #[must_use]
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|system| system.word() == word)
    }

    /// What is wrong with the code by itself, without any list.
    pub(crate) fn fault(self, code: &str) -> Option<Fault> {
        let digits = code.bytes().all(|b| b.is_ascii_digit());
        let check = |formed: bool, right: bool| match (formed, right) {
            (false, _) => Some(Fault::Form),
            (true, false) => Some(Fault::CheckDigit),
            (true, true) => None,
        };
        match self {
            Self::Loinc => {
                let formed = code.split_once('-').is_some_and(|(n, c)| {
                    (1..=7).contains(&n.len()) && c.len() == 1 && n.bytes().chain(c.bytes()).all(|b| b.is_ascii_digit())
                });
                check(formed, checksum::loinc(code))
            }
            Self::SnomedCt => {
                let formed = digits && (6..=18).contains(&code.len()) && !code.starts_with('0');
                check(formed, !formed || checksum::snomed(code).is_some())
            }
            Self::Npi if ["1234567890", "9999999999", "0000000000", "1111111111"].contains(&code) => {
                Some(Fault::Placeholder)
            }
            Self::Npi => check(digits && code.len() == 10, checksum::npi(code)),
            Self::Dea => {
                let b = code.as_bytes();
                let formed = b.len() == 9 && b[0].is_ascii_alphabetic() && b[2..].iter().all(u8::is_ascii_digit);
                check(formed, checksum::dea(&code.to_ascii_uppercase()))
            }
            Self::Ndc => check(ndc(code), true),
            Self::Icd10Cm => check(icd10cm(code), true),
            Self::RxNorm => check(digits && (1..=8).contains(&code.len()), true),
        }
    }

    /// The code as lists hold it, packed into a number; `None` where it is no code of the system.
    fn pack(self, code: &str) -> Option<u64> {
        let code = code.trim();
        if matches!(self.fault(code), Some(Fault::Form)) {
            return None;
        }
        let bare = if self == Self::Ndc { ndc11(code)? } else { code.replace(['-', '.'], "") };
        if bare.bytes().all(|b| b.is_ascii_digit()) && bare.len() <= 19 {
            return bare.parse().ok();
        }
        bare.bytes().try_fold(1u64, |sum, b| sum.checked_mul(37)?.checked_add(u64::from(b.to_ascii_uppercase() % 37)))
    }
}

/// 4-4-2, 5-3-2, 5-4-1, the eleven digits 5-4-2 of HIPAA transactions, or ten or eleven digits without hyphens.
fn ndc(code: &str) -> bool {
    if !code.bytes().all(|b| b.is_ascii_digit() || b == b'-') {
        return false;
    }
    let lengths: Vec<usize> = code.split('-').map(str::len).collect();
    matches!(lengths[..], [4, 4, 2] | [5, 3, 2] | [5, 4, 1] | [5, 4, 2] | [10] | [11])
}

/// The eleven digits of an NDC. Ten digits without hyphens are ambiguous and stay as they are.
fn ndc11(code: &str) -> Option<String> {
    let parts: Vec<&str> = code.split('-').collect();
    match parts[..] {
        [labeler, product, package] => Some(format!("{labeler:0>5}{product:0>4}{package:0>2}")),
        [whole] => Some(whole.to_owned()),
        _ => None,
    }
}

/// A letter, a digit, a digit or letter, and after a point up to four more (ICD-10-CM Official Guidelines, section I.A).
fn icd10cm(code: &str) -> bool {
    let (head, tail) = code.split_once('.').unwrap_or(if code.len() > 3 && code.is_ascii() {
        (&code[..3], &code[3..])
    } else {
        (code, "")
    });
    let h = head.as_bytes();
    h.len() == 3
        && h[0].is_ascii_alphabetic()
        && h[1].is_ascii_digit()
        && h[2].is_ascii_alphanumeric()
        && tail.len() <= 4
        && tail.bytes().all(|b| b.is_ascii_alphanumeric())
        && !(code.contains('.') && tail.is_empty())
}

/// Why a list of codes cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CodesError {
    /// A line that holds no code of the system.
    #[error("line {line} of the {system} list begins with no {system} code; put the codes into the first column")]
    NoCode {
        /// Line of the file, from 1.
        line: usize,
        /// The system.
        system: &'static str,
    },
    /// More codes than the limit.
    #[error("the {system} list has more than {MOST} codes; load the part of it that is in use here")]
    TooMany {
        /// The system.
        system: &'static str,
    },
    /// The list could not be read.
    #[error("the list cannot be read after line {line}: {cause}")]
    Read {
        /// The last line that could be read.
        line: usize,
        /// What the system said.
        cause: std::io::Error,
    },
}

/// The most codes of a list. All of SNOMED CT, ICD-10-CM or RxNorm fit; eight bytes each.
pub(crate) const MOST: usize = 4_000_000;
/// The longest line that is read; a longer one is an error, so that memory stays bounded.
const LONGEST_LINE: u64 = 64 << 10;

/// The codes of a system, eight bytes each.
#[derive(Clone)]
pub(crate) struct CodeSet {
    system: CodeSystem,
    sorted: Vec<u64>,
}

impl CodeSet {
    pub(crate) fn read(system: CodeSystem, mut lines: impl BufRead) -> Result<Self, CodesError> {
        let mut sorted = Vec::new();
        let mut bytes = Vec::new();
        let mut line = 0;
        loop {
            bytes.clear();
            let read = std::io::Read::take(&mut lines, LONGEST_LINE).read_until(b'\n', &mut bytes);
            if read.map_err(|cause| CodesError::Read { line, cause })? == 0 {
                break;
            }
            line += 1;
            let text = String::from_utf8_lossy(&bytes);
            let text = text.trim_start_matches('\u{feff}').trim();
            if text.is_empty() {
                continue;
            }
            let first = text.split([',', '\t', ';', '|']).next().unwrap_or_default().trim().trim_matches('"');
            match system.pack(first) {
                Some(code) => sorted.push(code),
                None if line == 1 => {}
                None => return Err(CodesError::NoCode { line, system: system.word() }),
            }
            if sorted.len() > MOST {
                return Err(CodesError::TooMany { system: system.word() });
            }
        }
        sorted.sort_unstable();
        sorted.dedup();
        sorted.shrink_to_fit();
        Ok(Self { system, sorted })
    }

    pub(crate) fn len(&self) -> usize {
        self.sorted.len()
    }

    /// The codes as numbers, in order.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u64> {
        self.sorted.iter().copied()
    }

    pub(crate) fn has(&self, code: &str) -> bool {
        self.system.pack(code).is_some_and(|code| self.sorted.binary_search(&code).is_ok())
    }
}

impl fmt::Debug for CodeSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} codes", self.len(), self.system.word())
    }
}

/// The lists of codes that are loaded.
pub(crate) type CodeSets = BTreeMap<CodeSystem, CodeSet>;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_and_check_digits_are_told_apart() {
        use CodeSystem as S;
        let cases = [
            (S::Loinc, "2345-7", None),
            (S::Loinc, "2345-8", Some(Fault::CheckDigit)),
            (S::Loinc, "2345", Some(Fault::Form)),
            (S::SnomedCt, "22298006", None),
            (S::SnomedCt, "22298007", Some(Fault::CheckDigit)),
            (S::SnomedCt, "12", Some(Fault::Form)),
            (S::Npi, "1234567893", None),
            (S::Npi, "1234567890", Some(Fault::Placeholder)),
            (S::Npi, "1234567894", Some(Fault::CheckDigit)),
            (S::Dea, "AB1234563", None),
            (S::Dea, "AB1234564", Some(Fault::CheckDigit)),
            (S::Ndc, "0002-8215-01", None),
            (S::Ndc, "50242-040-62", None),
            (S::Ndc, "60575-4112-1", None),
            (S::Ndc, "00002821501", None),
            (S::Ndc, "002-8215-01", Some(Fault::Form)),
            (S::Icd10Cm, "E11.9", None),
            (S::Icd10Cm, "S72.001A", None),
            (S::Icd10Cm, "C7A.00", None),
            (S::Icd10Cm, "E119", None),
            (S::Icd10Cm, "11.9", Some(Fault::Form)),
            (S::Icd10Cm, "E11.", Some(Fault::Form)),
        ];
        for (system, code, fault) in cases {
            assert_eq!(system.fault(code), fault, "{code}");
        }
    }

    #[test]
    fn systems_are_found_by_their_names() {
        assert!(CodeSystem::ALL.into_iter().all(|system| CodeSystem::named(system.word()) == Some(system)));
        assert_eq!(CodeSystem::named("cpt"), None);
    }

    #[test]
    fn lists_are_read_as_they_come() {
        let csv = "\u{feff}\"LOINC_NUM\",\"COMPONENT\"\r\n\"2345-7\",\"Glucose\"\r\n\r\n718-7\n";
        let set = CodeSet::read(CodeSystem::Loinc, csv.as_bytes()).expect("a list");
        assert!(set.has("2345-7") && set.has("718-7") && !set.has("4548-4"));
        assert_eq!(format!("{set:?}"), "2 loinc codes");
        let ndc = CodeSet::read(CodeSystem::Ndc, "0002-8215-01".as_bytes()).expect("a list");
        assert!(ndc.has("00002821501") && ndc.has("0002-8215-01"));
        let icd = CodeSet::read(CodeSystem::Icd10Cm, "E11.9\nA01.0".as_bytes()).expect("a list");
        assert!(icd.has("E119") && icd.has("e11.9") && !icd.has("E11.8"));
        let error = CodeSet::read(CodeSystem::Loinc, "2345-7\nGlucose".as_bytes()).expect_err("no code");
        assert_eq!(
            error.to_string(),
            "line 2 of the loinc list begins with no loinc code; put the codes into the first column"
        );
    }
}
