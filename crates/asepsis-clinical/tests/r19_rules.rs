//! R19: what each rule flags, and what stands beside it that it must not flag.

use asepsis_clinical::{Checks, CodeSystem, Context, Piece, Tables, explain, rules, whole_sentences};
use asepsis_vocab::{Origin, Verdict};

fn flags(context: &str, answer: &str) -> Vec<(String, String)> {
    let checks = Checks::new(Tables::shipped());
    let context = Context::of(&[Piece::new(context, Origin::Document)]);
    checks.review(answer, &context).into_iter().map(|flag| (flag.rule, answer[flag.span.range()].to_owned())).collect()
}

#[track_caller]
fn flagged(context: &str, answer: &str, rule: &str, span: &str) {
    let found = flags(context, answer);
    assert!(found.iter().any(|(r, s)| r == rule && s == span), "{answer}: {found:?}");
}

#[track_caller]
fn quiet(context: &str, answer: &str) {
    let found = flags(context, answer);
    assert!(found.is_empty(), "{answer}: {found:?}");
}

#[test]
fn r19_a_dose_is_the_same_however_it_is_written() {
    let context = "Medications: levothyroxine 88 mcg daily; amoxicillin 500 mg three times a day; vitamin D 2,000 units daily; \
        enoxaparin 1 mg/kg every 12 hours; oxycodone 5 to 10 mg every 4 to 6 hours; cefazolin 2 g once";
    quiet(context, "Levothyroxine 0.088 mg daily.");
    quiet(context, "Levothyroxine eighty eight micrograms once daily.");
    quiet(context, "Amoxicillin 0.5 g three times daily.");
    quiet(context, "Take five hundred milligrams of amoxicillin three times a day.");
    quiet(context, "Vitamin D3 two thousand units daily.");
    quiet(context, "Enoxaparin 1 mg per kg every 12 hours.");
    quiet(context, "Oxycodone 10 mg every 4 hours.");
    quiet(context, "| drug | dose |\n|---|---|\n| **cefazolin** | 2000 mg |");
}

#[test]
fn r19_numbers_of_another_drug_do_not_ground_a_dose() {
    let context = "Lisinopril 20 mg daily. Metformin 500 mg twice daily.";
    flagged(context, "Lisinopril 500 mg daily.", "grounding/dose", "500 mg");
    flagged(context, "Metformin 20 mg twice daily.", "grounding/dose", "20 mg");
    quiet(context, "Lisinopril 20 mg daily and metformin 500 mg twice daily.");
}

#[test]
fn r19_doses_and_levels_of_fhir_and_hl7_ground_an_answer() {
    let fhir = r#"{"resourceType":"MedicationRequest","medicationCodeableConcept":{"coding":[{"system":"http://www.nlm.nih.gov/research/umls/rxnorm",
        "code":"314076","display":"Lisinopril"}]},"dosageInstruction":[{"timing":{"code":{"text":"daily"}},"doseAndRate":[{"doseQuantity":{"value":20,
        "unit":"mg","system":"http://unitsofmeasure.org","code":"mg"}}]}]}"#;
    quiet(fhir, "Lisinopril 20 mg daily.");
    flagged(fhir, "Lisinopril 40 mg daily.", "grounding/dose", "40 mg");
    flagged(fhir, "Metformin 20 mg daily.", "grounding/dose", "20 mg");
    let hl7 = "OBX|1|NM|2345-7^Glucose^LN||95|mg/dL|70-99|N\rOBX|2|NM|2160-0^Creatinine^LN||1.1|mg/dL\rRXE|1|^^^LISINOPRIL|20||MG";
    quiet(hl7, "Glucose was 95 mg/dL, creatinine 1.1. Lisinopril 20 mg.");
    flagged(hl7, "Glucose was 195 mg/dL.", "grounding/number", "195 mg/dL");
    flagged(hl7, "Lisinopril 200 mg.", "dose/tenfold", "200 mg");
    let patient = r#"{"resourceType":"Patient","gender":"female"}"#;
    flagged(patient, "A 40-year-old man.", "patient/sex", "man");
}

#[test]
fn r19_a_number_within_a_name_is_no_quantity_of_it() {
    // Found by fuzzing: the number lies within the measure's own name.
    quiet("Hemoglobin A 1c was 9.2 %.", "Hemoglobin A*1c was 9.2 %.");
    quiet("Tylenol 3 as needed.", "Tylenol #3 or Tylenol 3; hemoglobin A 1c; 5-FU.");
}

#[test]
fn r19_a_moved_point_is_held() {
    flagged("Digoxin 0.125 mg daily.", "Digoxin 1.25 mg daily.", "dose/tenfold", "1.25 mg");
    flagged("Fentanyl 50 mcg IV once.", "Fentanyl 50 mg IV once.", "dose/tenfold", "50 mg");
    flagged("Heparin 18 units/kg/h.", "Heparin 180 units/kg/h.", "dose/tenfold", "180 units/kg/h");
    quiet("Heparin 18 units/kg/h.", "Heparin 18 units/kg/hour.");
    flagged("Norepinephrine 5 mcg/min.", "Norepinephrine 8 mcg/min.", "dose/high-alert", "8 mcg/min");
    flagged("Potassium 4.2, sodium 138.", "Potassium 3.2 mmol/L, sodium 138.", "grounding/number", "3.2 mmol/L");
    flagged("Insulin glargine 12 units nightly.", "Lantus 15 units nightly.", "dose/high-alert", "15 units");
}

#[test]
fn r19_bounds_of_the_table_are_kept() {
    flagged("", "Take acetaminophen 1,500 mg every 8 hours.", "dose/above-single", "1,500 mg");
    flagged("acetaminophen 1000 mg", "Acetaminophen 1000 mg every 4 hours.", "dose/above-daily", "1000 mg");
    flagged("", "Acetaminophen up to 6 g a day.", "dose/above-daily", "6 g");
    quiet("Do not exceed 4 g of acetaminophen.", "Do not exceed 4 g of acetaminophen a day.");
    flagged("82-year-old woman. tramadol 100 mg", "Tramadol 100 mg four times daily.", "dose/above-daily", "100 mg");
    flagged("45-year-old woman. tramadol 100 mg", "Tramadol 100 mg every 4 hours.", "dose/above-daily", "100 mg");
    quiet("45-year-old woman. tramadol 100 mg four times daily", "Tramadol 100 mg four times daily.");
    flagged("Weight 70 kg. enoxaparin", "Enoxaparin 150 mg subcutaneously daily.", "dose/above-single", "150 mg");
    flagged("methotrexate 15 mg", "Methotrexate 15 mg by mouth every day.", "dose/weekly-drug", "15 mg");
    flagged("", "Give vincristine intrathecally.", "dose/route-never", "vincristine intrathecally");
    quiet("", "Never give vincristine intrathecally.");
    flagged("regular insulin 10 units", "Regular insulin 10 mg IV.", "dose/unit-drug", "10 mg");
    flagged("metformin 500 mg", "Inject metformin 500 mg tablets IV.", "dose/unit-route", "IV");
    flagged("", "Take 20 tablets now.", "dose/many-pieces", "20 tablets");
    quiet("", "Dispense 90 tablets.");
    flagged("carvedilol 25 mg twice daily", "Carvedilol 25 mg three times daily.", "dose/frequency", "25 mg");
}

#[test]
fn r19_error_prone_abbreviations_are_marked_where_they_mean_a_dose() {
    let cases = [
        ("insulin 4U", "4U", "abbreviation/u", "U"),
        ("vitamin D 1000 IU", "IU", "abbreviation/iu", "IU"),
        ("lisinopril 10 mg QD", "QD", "abbreviation/qd", "QD"),
        ("lisinopril 10 mg q.d.", "q.d.", "abbreviation/qd", "q.d."),
        ("prednisone 10 mg QOD", "QOD", "abbreviation/qod", "QOD"),
        ("MS 2 mg IV", "MS", "abbreviation/ms", "MS"),
        ("MSO4 2 mg", "MSO4", "abbreviation/ms", "MSO4"),
        ("MgSO4 2 g", "MgSO4", "abbreviation/mgso4", "MgSO4"),
        ("saline 5 cc", "cc", "abbreviation/cc", "cc"),
        ("levothyroxine 88 µg", "µg", "abbreviation/ug", "µg"),
        ("zolpidem 5 mg qhs", "qhs", "abbreviation/hs", "qhs"),
        ("heparin 5,000 units SQ", "SQ", "abbreviation/sc", "SQ"),
        ("timolol 1 drop OD", "OD", "abbreviation/eye", "OD"),
        ("ofloxacin 5 drops AU", "AU", "abbreviation/ear", "AU"),
        ("warfarin 5.0 mg", "5.0 mg", "abbreviation/trailing-zero", "5.0 mg"),
        ("warfarin .5 mg", ".5 mg", "abbreviation/naked-decimal", ".5 mg"),
        ("heparin 25000 units", "25000 units", "abbreviation/no-comma", "25000 units"),
        ("HCTZ 25 mg", "HCTZ", "abbreviation/drug-name", "HCTZ"),
    ];
    for (text, _, rule, span) in cases {
        flagged(text, text, rule, span);
    }
    quiet("", "The patient has MS and lives in the US. He studied at MIT, as AS and SC.");
    quiet("potassium 4.0 mmol/L", "Potassium was 4.0 mmol/L.");
}

#[test]
fn r19_findings_and_sides_that_are_turned_around() {
    flagged("He denies chest pain.", "He has chest pain.", "negation/flipped", "chest pain");
    flagged("She has a fever.", "No fever.", "negation/flipped", "fever");
    flagged("Mother had breast cancer.", "She has cancer.", "negation/family", "cancer");
    quiet("Mother has diabetes.", "FAMILY HISTORY\n\nDiabetes.\n\nSOCIAL HISTORY\n\nLives alone.");
    flagged(
        "Mother has diabetes.",
        "FAMILY HISTORY\n\nDiabetes.\n\nREVIEW OF SYSTEMS\n\nDiabetes.",
        "negation/family",
        "Diabetes",
    );
    flagged("Left knee pain.", "MRI of the right knee.", "laterality/flipped", "right knee");
    flagged("Cough.", "The patient reports cough and chest pain.", "grounding/finding", "chest pain");
    quiet("Cough.", "Watch for chest pain; the drug can cause nausea.");
    quiet("He denies chest pain, fever, or chills but has a cough.", "Has a cough. No chest pain, fever or chills.");
    quiet("Rule out pneumonia.", "No pneumonia.");
    quiet("Left knee and right knee pain.", "Pain of the right knee.");
    quiet("Bilateral knee pain.", "Right knee pain.");
    quiet("[doctor] any chest pain ?\n[patient] no", "Denies chest pain.");
    flagged("[doctor] any chest pain ?\n[patient] yes", "Denies chest pain.", "negation/flipped", "chest pain");
}

#[test]
fn r19_allergies_speak_of_the_class_and_are_silent_without_a_list() {
    flagged("Allergic to penicillin.", "Start Augmentin.", "allergy/listed", "Augmentin");
    flagged("Penicillin allergy.", "Give ceftriaxone 1 g IV.", "allergy/cross-reactive", "ceftriaxone");
    flagged("Allergies: sulfa.", "Prescribe Bactrim.", "allergy/listed", "Bactrim");
    flagged("Allergies: sulfa.", "NKDA.", "allergy/denied", "NKDA");
    quiet("Sore throat.", "Start amoxicillin.");
    quiet("No known drug allergies.", "Start amoxicillin.");
    quiet("Allergic to penicillin.", "Avoid amoxicillin; the patient is allergic to penicillin.");
    quiet("Not allergic to penicillin.", "Start amoxicillin.");
    quiet("Her brother is allergic to penicillin.", "Start amoxicillin.");
    flagged("Takes nitroglycerin.", "Take sildenafil.", "interaction/severe", "sildenafil");
    quiet("Stopped nitroglycerin.", "Take sildenafil.");
}

#[test]
fn r19_codes_are_judged_where_the_text_names_their_system() {
    flagged("", "LOINC 2345-8", "code/loinc-check-digit", "2345-8");
    flagged("", "Codes: 718-7, 2345-8 (LOINC)", "code/loinc-check-digit", "2345-8");
    flagged("", "LOINC codes 2345-7, 718-7 and 4548-5", "code/loinc-check-digit", "4548-5");
    flagged("", r#"{"system":"http://loinc.org","code":"2345-8"}"#, "code/loinc-check-digit", "2345-8");
    flagged("", r#"{"code":"2345-8","system":"http://loinc.org"}"#, "code/loinc-check-digit", "2345-8");
    flagged("", r#"{"system":"http://loinc.org","code":"2345-7 "}"#, "code/blank", "2345-7");
    flagged("", r#"{"system":"http://snomed.info/sct","code":"22298007"}"#, "code/snomed-ct-check-digit", "22298007");
    flagged("", "OBX|1|NM|2345-8^Glucose^LN||95", "code/loinc-check-digit", "2345-8");
    flagged("", "NPI 1234567894", "code/npi-check-digit", "1234567894");
    flagged("", "NPI: 1234567890", "code/placeholder", "1234567890");
    flagged("", "DEA number AB1234564", "code/dea-check-digit", "AB1234564");
    flagged("", "NDC 002-8215-01", "code/ndc-form", "002-8215-01");
    flagged("", "ICD-10-CM: 11.9", "code/icd-10-cm-form", "11.9");
    let ucum = r#"{"value":5,"system":"http://unitsofmeasure.org","code":"MG/DL"}"#;
    flagged("", ucum, "code/ucum-form", "MG/DL");
    quiet("", r#"{"value":5,"system":"http://unitsofmeasure.org","code":"mg/dL"}"#);
    quiet("", r#"{"system":"http://hl7.org/fhir/sid/icd-10-cm","code":"E11.9"}"#);
    quiet("", "ICD-10-CM E11.9, I10 and Z79.4; LOINC 2345-7; SNOMED CT 22298006; NPI 1234567893; NDC 0002-8215-01");
    // Found by fuzzing: a run of a code that goes on into the name of its system.
    quiet("", "5-LOINC");
    quiet("", "LOINC version 2.76 is out, ICD-9 is old, call 2345-8.");
}

#[test]
fn r19_lists_of_codes_decide_where_they_are_loaded() {
    let mut tables = Tables::shipped();
    assert_eq!(tables.load_codes(CodeSystem::Loinc, "LOINC_NUM\n2345-7\n718-7\n".as_bytes()).expect("a list"), 2);
    let checks = Checks::new(tables);
    let context = Context::of(&[]);
    assert!(checks.review("LOINC 2345-7", &context).is_empty());
    assert_eq!(checks.review("LOINC 4548-4", &context)[0].rule, "code/unknown");
}

#[test]
fn r19_references_are_verified_only_by_the_request() {
    let context =
        "See doi:10.1056/NEJMoa1803955 and PMID 30146931, NCT03036124, arXiv:2301.12345v2, ISBN 978-0-306-40615-7.";
    quiet(context, "As in https://doi.org/10.1056/NEJMoa1803955 (PMID: 30146931; NCT03036124; arXiv:2301.12345).");
    flagged("", "doi:10.1056/NEJMoa1803955.", "citation/unverified", "10.1056/NEJMoa1803955");
    flagged("", "doi:10.12/x", "citation/doi", "10.12/x");
    flagged("", "PMID: 123456789", "citation/pmid", "123456789");
    flagged("", "NCT0303612", "citation/nct", "NCT0303612");
    flagged("", "ISBN 978-0-306-40615-8", "citation/isbn", "978-0-306-40615-8");
    flagged("", "ISSN 0378-5956", "citation/issn", "0378-5956");
    flagged("", "arXiv:2313.12345", "citation/arxiv", "2313.12345");
    quiet("", "The ratio was 10.5/2.");
}

#[test]
fn r19_what_a_model_wrote_grounds_nothing() {
    let checks = Checks::new(Tables::shipped());
    let context = Context::of(&[Piece::new("Lisinopril 20 mg daily.", Origin::Model)]);
    assert_eq!(checks.review("Lisinopril 20 mg daily.", &context)[0].rule, "grounding/dose");
}

#[test]
fn r20_a_danger_sign_to_a_patient_needs_its_warning() {
    let checks = Checks::new(Tables::shipped());
    let asked = [Piece::new("My chest pain is back.", Origin::Patient)];
    let patient = Context::of(&asked).patient_facing(true);
    let flags = checks.review("Rest a little.", &patient);
    assert_eq!((flags[0].rule.as_str(), flags[0].verdict), ("advice/red-flag", Verdict::Hold));
    assert!(checks.review("Call 911.", &patient).is_empty());
    // To staff it is a note like any other.
    assert!(checks.review("Patient reports chest pain.", &Context::of(&asked)).is_empty());
}

#[test]
fn r19_every_rule_is_explained_in_plain_words() {
    let sources = [
        include_str!("../src/check/abbreviation.rs"),
        include_str!("../src/check/advice.rs"),
        include_str!("../src/check/allergy.rs"),
        include_str!("../src/check/citation.rs"),
        include_str!("../src/check/code.rs"),
        include_str!("../src/check/dose.rs"),
        include_str!("../src/check/finding.rs"),
        include_str!("../src/check/grounding.rs"),
        include_str!("../src/check/patient.rs"),
        include_str!("../src/cite.rs"),
        include_str!("../src/lib.rs"),
    ];
    let heads = [
        "abbreviation",
        "advice",
        "allergy",
        "citation",
        "code",
        "dose",
        "grounding",
        "interaction",
        "laterality",
        "limit",
        "negation",
        "omission",
        "patient",
    ];
    let mut named = std::collections::BTreeSet::new();
    for word in sources.iter().flat_map(|source| source.split('"')) {
        if word
            .split_once('/')
            .is_some_and(|(head, tail)| heads.contains(&head) && !tail.is_empty() && !tail.contains(['{', ' ', '.']))
        {
            named.insert(word);
        }
    }
    for system in CodeSystem::ALL {
        assert!(explain(&format!("code/{}-form", system.word())).is_some(), "{}", system.word());
    }
    assert!(named.len() > 30, "the rules are read from the code: {named:?}");
    for rule in named {
        assert!(explain(rule).is_some(), "{rule}");
    }
    for rule in rules() {
        let told = explain(rule).expect("it is listed");
        assert!(!told.title.is_empty() && !told.why.is_empty() && told.remedy.ends_with('.'), "{rule}");
    }
}

#[test]
fn r19_an_answer_is_reviewed_as_it_is_written() {
    let checks = Checks::new(Tables::shipped());
    let note = [Piece::new("Furosemide 40 mg daily. Digoxin 0.125 mg daily. Chest pain?", Origin::Patient)];
    let context = Context::of(&note).patient_facing(true);
    let answer = "Take furosemide 40 mg daily. Your digoxin is 1.25 mg daily. For chest pain call 911. ";
    let (mut done, mut flags) = (0, Vec::new());
    for end in (1..=answer.len()).filter(|end| answer.is_char_boundary(*end)) {
        let part = &answer[done..end];
        let whole = whole_sentences(part);
        let found = checks.review_part(&part[..whole], &context);
        flags.extend(found.into_iter().map(|f| (f.rule, f.span.start + done)));
        done += whole;
    }
    flags.extend(checks.review_part(&answer[done..], &context).into_iter().map(|f| (f.rule, f.span.start + done)));
    assert_eq!(flags, [("dose/tenfold".to_owned(), answer.find("1.25").expect("it is there"))]);
    let whole: Vec<_> = checks.review(answer, &context).into_iter().map(|f| (f.rule, f.span.start)).collect();
    assert_eq!(whole, flags);
}

#[test]
fn r19_a_danger_sign_that_a_note_denies_asks_for_no_warning_and_a_patients_words_always_do() {
    let checks = Checks::new(Tables::shipped());
    let held = |text: &str, origin| {
        let context = checks.context(&[Piece::new(text, origin)]).patient_facing(true);
        checks.review("Your next visit is in June.", &context).iter().any(|flag| flag.rule == "advice/red-flag")
    };
    assert!(!held("Continue furosemide. No chest pain.", Origin::Staff));
    assert!(!held("Patient denies chest pain.", Origin::Staff));
    assert!(held("Chest pain since noon.", Origin::Staff));
    assert!(held("There is no relief of my chest pain.", Origin::Patient));
}
