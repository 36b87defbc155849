//! Texts that the guard is measured with: what people write, and what tools return, in the sizes that occur.

use serde_json::json;

/// What a text is written in.
#[derive(Clone, Copy)]
pub(crate) enum Carrier {
    /// What staff write.
    Note,
    /// A letter in HTML.
    Document,
    /// A bundle of FHIR.
    Json,
    /// A report in HL7 v2.
    Hl7,
}

impl Carrier {
    pub(crate) const ALL: [Self; 4] = [Self::Note, Self::Document, Self::Json, Self::Hl7];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Note => "note of staff",
            Self::Document => "letter in HTML",
            Self::Json => "FHIR bundle",
            Self::Hl7 => "HL7 v2 report",
        }
    }

    /// A text of about so many bytes; `n` makes it another one.
    pub(crate) fn text(self, bytes: usize, n: u64) -> String {
        // What stands around the sentences, so that the whole has the size.
        let (head, each) = match self {
            Self::Note => (0, 1),
            Self::Document => (60, 8),
            Self::Json => (60, 150),
            Self::Hl7 => (110, 40),
        };
        let mut sentences = Vec::new();
        let (mut length, mut at) = (head, n);
        while length < bytes || sentences.is_empty() {
            let sentence = format!("{} Seen on day {at}.", SENTENCES[(at % SENTENCES.len() as u64) as usize]);
            length += sentence.len() + each;
            sentences.push(sentence);
            at += 1;
        }
        match self {
            Self::Note => sentences.join(" "),
            Self::Document => {
                let paragraphs: String = sentences.iter().map(|said| format!("<p>{said}</p>\n")).collect();
                format!("<html><head><title>Letter</title></head><body>\n{paragraphs}</body></html>")
            }
            Self::Json => {
                let entries: Vec<_> = sentences
                    .iter()
                    .map(|said| json!({"resource": {"resourceType": "Observation", "status": "final", "code": {"text": "Finding"},
                        "valueString": said}}))
                    .collect();
                json!({"resourceType": "Bundle", "type": "searchset", "entry": entries}).to_string()
            }
            Self::Hl7 => {
                let head = "MSH|^~\\&|LAB|LAKESIDE|EHR|CLINIC|202611260800||ORU^R01|7001|P|2.5.1\rPID|1||99||DOE^J\r";
                let lines = sentences.iter().zip(1..);
                let lines: String =
                    lines.map(|(said, at)| format!("OBX|{at}|TX|8251-1^Comment^LN||{said}||||||F\r")).collect();
                format!("{head}{lines}")
            }
        }
    }
}

const SENTENCES: [&str; 6] = [
    "She reports intermittent palpitations and mild dyspnea on exertion, no chest pain.",
    "BP 138/76, pulse 92, INR 2.4; continue warfarin 5 mg daily and metoprolol 25 mg twice daily.",
    "Allergies: penicillin (hives). The left knee is stable, without effusion.",
    "Disregard the previous order for potassium; the level was drawn from a line.",
    "CT of the abdomen without contrast shows no stone, and the appendix is normal.",
    "Follow up in two weeks; call the office for fever, redness or new swelling.",
];
