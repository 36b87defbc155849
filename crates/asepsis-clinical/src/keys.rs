//! What is looked for at single words by name, noted while the words are looked up anyway: nobody goes through a text for it again.
//!
//! A key only says where to look. It stands at more words than are meant (of any case, with accents, with digits in them).

/// A number, a word with digits, or one that a hyphen follows: what begins here may have digits.
pub(crate) const DIGITS: u16 = 1 << 0;
/// A word with characters that are not ASCII.
pub(crate) const WIDE: u16 = 1 << 1;
/// Names a reference.
pub(crate) const CITATION: u16 = 1 << 2;
/// Names a system of codes.
pub(crate) const CODE: u16 = 1 << 3;
/// Names a record number or a date of birth.
pub(crate) const PERSON: u16 = 1 << 4;
/// Begins a field that says a sex.
pub(crate) const SEX: u16 = 1 << 5;
pub(crate) const MONTH: u16 = 1 << 6;
/// Asks for a summary.
pub(crate) const SUMMARY: u16 = 1 << 7;
/// Begins a list of allergies of FHIR or HL7 v2.
pub(crate) const ALLERGIES: u16 = 1 << 8;
/// Says that a dose is a whole day's.
pub(crate) const DIVIDED: u16 = 1 << 9;
/// Begins an abbreviation that is misread.
pub(crate) const ABBREVIATION: u16 = 1 << 10;
/// A part of a number, in words.
pub(crate) const NUMBER: u16 = 1 << 11;

/// Words in small letters, with their key.
pub(crate) const WORDS: &[(u16, &[&str])] = &[
    (CITATION, &["nct", "pmid", "doi", "isbn", "issn", "arxiv"]),
    (CODE, &["ucum", "unitsofmeasure", "ln", "sct", "i10", "i10c", "ndc", "rxnorm", "loinc", "snomed", "sctid", "npi"]),
    (CODE, &["dea", "rxcui", "icd", "icd10", "icd10cm"]),
    (PERSON, &["mrn", "record", "dob", "date", "birth", "birthdate"]),
    (SEX, &["sex", "gender"]),
    (MONTH, &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]),
    (MONTH, &["january", "february", "march", "april", "june", "july", "august"]),
    (MONTH, &["september", "october", "november", "december"]),
    (SUMMARY, &["summary", "summarize", "summarise", "handoff", "resumen"]),
    (ALLERGIES, &["allergyintolerance", "al1"]),
    (DIVIDED, &["divided", "total", "dose", "daily"]),
];
