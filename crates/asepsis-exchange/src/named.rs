//! Which places within documents the log may name: those that are made of fields of a format, and so name nobody.

/// What stands between a place, and one within the document that stands there.
const BETWEEN: &str = " > ";

/// The longest place that is named, in bytes.
const LONGEST: usize = 160;

/// Names with a capital letter that places begin with or hold: elements of C-CDA, members of the DICOM JSON model (PS3.18 annex F), and the
/// types of FHIR resources that carry texts about patients (<https://hl7.org/fhir/R4/resourcelist.html>, read 2026-11-26).
const NAMES: [&str; 43] = [
    "Alphabetic",
    "Ideographic",
    "InlineBinary",
    "Phonetic",
    "Value",
    "ClinicalDocument",
    "AllergyIntolerance",
    "Appointment",
    "Basic",
    "Binary",
    "Bundle",
    "CarePlan",
    "CareTeam",
    "Claim",
    "ClinicalImpression",
    "Communication",
    "CommunicationRequest",
    "Composition",
    "Condition",
    "Consent",
    "Coverage",
    "DetectedIssue",
    "DeviceRequest",
    "DiagnosticReport",
    "DocumentReference",
    "Encounter",
    "EpisodeOfCare",
    "FamilyMemberHistory",
    "Flag",
    "Goal",
    "ImagingStudy",
    "Immunization",
    "List",
    "Media",
    "MedicationAdministration",
    "MedicationRequest",
    "MedicationStatement",
    "Observation",
    "Patient",
    "Procedure",
    "QuestionnaireResponse",
    "ServiceRequest",
    "Task",
];

/// A place of the request, and one within the document that stands there, as the log names both: as far as they name nobody.
pub(crate) fn named(place: &str, within: Option<&str>) -> String {
    let mut named = String::with_capacity(place.len() + within.map_or(0, |within| within.len() + BETWEEN.len()));
    for part in place.split(BETWEEN).chain(within.into_iter().flat_map(|within| within.split(BETWEEN))) {
        if !names_fields_alone(part) {
            break;
        }
        if !named.is_empty() {
            named.push_str(BETWEEN);
        }
        named.push_str(part);
    }
    // What is not even a place of the protocol is somewhere in it.
    if named.is_empty() { "request".to_owned() } else { named }
}

/// Whether a place within a document names fields of a format and nobody: a segment and field of HL7, an attribute of DICOM, elements, or
/// plain names of members. Where it does not, the place of the piece and the offsets say where.
fn names_fields_alone(place: &str) -> bool {
    let hl7 = |part: &str| {
        let (segment, rest) = part.split_at_checked(3).unwrap_or((part, ""));
        segment.len() == 3
            && segment.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
            // Without a field behind it, three letters may be a name.
            && rest.contains('-')
            && rest.bytes().all(|b| b.is_ascii_digit() || b"-.[]()".contains(&b))
    };
    // Of a number in brackets, which counts members, there is nothing to be learnt.
    let counted = |part: &str| {
        part.rsplit_once('[').is_some_and(|(_, n)| n.trim_end_matches(']').bytes().all(|b| b.is_ascii_digit()))
    };
    let name = |part: &str| {
        let digits = if counted(part) { part.split('[').next().unwrap_or_default() } else { part };
        part.starts_with(|c: char| c.is_ascii_lowercase() || c == '[')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"[]_-@".contains(&b))
            && digits.bytes().filter(u8::is_ascii_digit).count() < 4
    };
    let known = |part: &str| {
        let (name, index) = part.split_once('[').unwrap_or((part, "]"));
        NAMES.contains(&name) && index.strip_suffix(']').is_some_and(|i| i.bytes().all(|b| b.is_ascii_digit()))
    };
    // A tag counts as one where a value of it follows: a number alone may be anybody's.
    let tag = |part: &str| is_tag(part) && place.contains(&format!("{part}.Value["));
    place.len() <= LONGEST
        && place
            .split([' ', '>', '.', '/'])
            .filter(|part| !part.is_empty())
            .all(|part| hl7(part) || name(part) || known(part) || tag(part))
}

/// Whether it has the form of a DICOM tag: group and element, eight hexadecimal digits.
fn is_tag(part: &str) -> bool {
    part.len() == 8 && part.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_of_formats_are_named_and_what_may_name_somebody_is_not() {
        for place in [
            "OBX[2]-5",
            "NTE-3",
            "Observation.text.div > div/p[2]",
            "Bundle.entry[3].resource.note[0].text",
            "ClinicalDocument/component/section[2]/text",
            "00104000.Value[0]",
            "00400275.Value[0].00400007.Value[0]",
            "rows[0].comment",
            "messages[1200].content[3].text",
        ] {
            assert!(names_fields_alone(place), "{place}");
        }
        assert_eq!(named("messages[1024].content", Some("OBX-5")), "messages[1024].content > OBX-5");
        assert_eq!(named("messages[2].content > Collins.note > p", Some("p")), "messages[2].content");
        assert_eq!(named("Collins.note", None), "request");
        for place in [
            "44719022",
            "44719022.name",
            "Collins.note",
            "patients.LEE.note",
            "Patient[x].note",
            "rows.Martha Collins",
            "a.b19530412",
            "row 3, Collins",
            "?.Value[0]",
        ] {
            assert!(!names_fields_alone(place), "{place}");
        }
    }
}
