//! Where a sentence sits: the forms in which text comes to a clinical system.

use serde_json::json;

use crate::chance::Chance;

/// A form that carries text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Carrier {
    Bare,
    Hl7,
    Fhir,
    Cda,
    Dicom,
    Fax,
    Portal,
    Letter,
    Transcript,
    ToolJson,
    ToolHtml,
}

impl Carrier {
    /// Every form.
    pub const ALL: [Self; 11] = [
        Self::Bare,
        Self::Hl7,
        Self::Fhir,
        Self::Cda,
        Self::Dicom,
        Self::Fax,
        Self::Portal,
        Self::Letter,
        Self::Transcript,
        Self::ToolJson,
        Self::ToolHtml,
    ];

    /// Its name in the table.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bare => "bare text",
            Self::Hl7 => "HL7 v2",
            Self::Fhir => "FHIR",
            Self::Cda => "CDA",
            Self::Dicom => "DICOM dump",
            Self::Fax => "fax, OCR",
            Self::Portal => "portal",
            Self::Letter => "letter",
            Self::Transcript => "transcript",
            Self::ToolJson => "tool, JSON",
            Self::ToolHtml => "tool, HTML",
        }
    }

    /// Puts a text between two others. `markup` says that the text is markup itself, which is not escaped in a form that
    /// takes markup.
    pub fn wrap(self, before: &str, text: &str, after: &str, markup: bool, chance: &mut Chance) -> String {
        let number = 10_000 + chance.below(89_999);
        match self {
            Self::Bare => [before, text, after].into_iter().filter(|t| !t.is_empty()).collect::<Vec<_>>().join(" "),
            Self::Hl7 => hl7(before, text, after, number, chance),
            Self::Fhir => fhir(before, text, after, markup, number, chance),
            Self::Cda => format!(
                "<ClinicalDocument xmlns=\"urn:hl7-org:v3\"><id root=\"2.16.840.1.113883.19.5\" extension=\"{number}\"/><component><structuredBody>\
                 <component><section><code code=\"10164-2\" codeSystem=\"2.16.840.1.113883.6.1\"/><title>History</title><text><paragraph>{}</paragraph>\
                 <paragraph>{}</paragraph><list><item>{}</item></list></text></section></component></structuredBody></component></ClinicalDocument>",
                escaped(before),
                if markup { text.to_owned() } else { escaped(text) },
                escaped(after),
            ),
            Self::Dicom => format!(
                "(0008,0060) CS [CT]                                     #   2, 1 Modality\n\
                 (0008,1030) LO [{before}]   # StudyDescription\n\
                 (0010,0020) LO [{number}]                                  #   6, 1 PatientID\n\
                 ({}) LT [{text}]   # {}\n\
                 (0020,4000) LT [{after}]   # ImageComments\n\
                 (0028,0010) US 512                                      #   2, 1 Rows",
                *chance.pick(&["0010,4000", "0032,4000", "0009,1010", "0040,2400"]),
                *chance.pick(&[
                    "PatientComments",
                    "StudyComments",
                    "Unknown Tag & Data",
                    "ImagingServiceRequestComments"
                ]),
            ),
            Self::Fax => {
                let body = format!(
                    "FAX  TO: HIM DEPT   PAGES: {}   REF {number}\n{before}\n{text}\n{after}\nTHIS FACSIMILE MAY CONTAIN PROTECTED HEALTH INFORMATION",
                    1 + chance.below(9)
                );
                misread(&body, chance)
            }
            Self::Portal => format!(
                "Subject: {}\n\nHello,\n{before}\n{text}\n{after}\nThank you",
                *chance.pick(&["question about my visit", "refill", "results", "appointment"])
            ),
            Self::Letter => format!(
                "Dear colleague,\n\nThank you for seeing this patient. {before}\n\n{text}\n\n{after}\n\nWith kind regards\n(dictated, not read)"
            ),
            Self::Transcript => format!("Dr: {before}\nPt: {text}\nDr: {after}\nPt: okay."),
            Self::ToolJson => json!({
                "tool": *chance.pick(&["records.search", "browser.open", "inbox.read", "lab.fetch"]),
                "status": "ok",
                "results": [{"rank": 1, "title": before, "snippet": text}, {"rank": 2, "title": after, "id": number}]
            })
            .to_string(),
            Self::ToolHtml => format!(
                "<html><head><title>Ref {number}</title></head><body><h1>{}</h1><article><p>{}</p></article><footer>{}</footer></body></html>",
                escaped(before),
                if markup { text.to_owned() } else { escaped(text) },
                escaped(after)
            ),
        }
    }
}

/// An ORU^R01 with the text in an OBX-5 or an NTE-3 (HL7 v2.5.1, chapters 2.10 and 7.4).
fn hl7(before: &str, text: &str, after: &str, number: usize, chance: &mut Chance) -> String {
    let e = |t: &str| {
        t.replace('\\', "\\E\\")
            .replace('|', "\\F\\")
            .replace('^', "\\S\\")
            .replace('&', "\\T\\")
            .replace('\n', "\\.br\\")
    };
    let (b, t, a) = (e(before), e(text), e(after));
    let head = format!(
        "MSH|^~\\&|LIS|SITE|EHR|SITE|20260301||ORU^R01|{number}|P|2.5.1\rPID|1||{number}^^^SITE^MR||DOE^SAM||19600101|M\rOBR|1|||11502-2^LABORATORY REPORT^LN\r"
    );
    if chance.is(0.5) {
        format!("{head}OBX|1|TX|8251-1^COMMENT^LN||{b}||||||F\rNTE|1|L|{t}\rNTE|2|L|{a}\r")
    } else {
        format!("{head}OBX|1|TX|22634-0^PATHOLOGY^LN||{b}||||||F\rOBX|2|FT|22635-7^NOTE^LN||{t}||||||F\rNTE|1|L|{a}\r")
    }
}

/// A resource with the text in its narrative, an annotation or an extension (FHIR R4).
fn fhir(before: &str, text: &str, after: &str, markup: bool, number: usize, chance: &mut Chance) -> String {
    let div = |t: &str| format!("<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>{t}</p></div>");
    let resource = match chance.below(if markup { 1 } else { 3 }) {
        0 => json!({
            "resourceType": "Observation", "id": format!("o{number}"), "status": "final",
            "text": {"status": "generated", "div": div(&if markup { text.to_owned() } else { escaped(text) })},
            "code": {"text": before}, "note": [{"text": after}]
        }),
        1 => json!({
            "resourceType": "Condition", "id": format!("c{number}"), "code": {"text": before},
            "note": [{"text": text}, {"text": after}]
        }),
        _ => json!({
            "resourceType": "Patient", "id": format!("p{number}"),
            "extension": [{"url": "http://example.org/fhir/StructureDefinition/remark", "valueString": text}],
            "contact": [{"name": {"text": before}}], "text": {"status": "generated", "div": div(&escaped(after))}
        }),
    };
    resource.to_string()
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// What a machine makes of a poor copy.
fn misread(text: &str, chance: &mut Chance) -> String {
    let mut out = String::new();
    for c in text.chars() {
        let read = if chance.is(0.03) {
            match c {
                'l' => '1',
                'O' => '0',
                'e' => 'c',
                'S' => '5',
                'i' => 'l',
                ' ' => '\n',
                ',' => '.',
                other => other,
            }
        } else {
            c
        };
        out.push(read);
    }
    out.replace("rn", if chance.is(0.3) { "m" } else { "rn" })
}
