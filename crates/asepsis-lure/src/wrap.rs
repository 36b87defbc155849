//! Forms around the texts of lessons: made up by chance, so that the classifier learns no form.

use crate::chance::Chance;

const KEYS: [&str; 40] = [
    "note",
    "text",
    "comment",
    "value",
    "body",
    "content",
    "message",
    "remark",
    "reason",
    "description",
    "history",
    "plan",
    "finding",
    "result",
    "detail",
    "summary",
    "id",
    "code",
    "display",
    "status",
    "author",
    "date",
    "type",
    "name",
    "data",
    "item",
    "entry",
    "field",
    "section",
    "title",
    "subject",
    "source",
    "category",
    "reference",
    "unit",
    "flag",
    "line",
    "answer",
    "question",
    "impression",
];

/// A line, an element, a member or a cell with these texts in it.
pub(crate) fn wrap(texts: &[&str], chance: &mut Chance) -> String {
    let key = |chance: &mut Chance| {
        let key = *chance.pick(&KEYS);
        match chance.below(8) {
            0 => key.to_uppercase(),
            1 => format!("{key}_{}", chance.pick(&KEYS)),
            2 => format!("{key}{}", chance.below(20)),
            3 | 4 => {
                let second = *chance.pick(&KEYS);
                format!("{key}{}{}", second[..1].to_uppercase(), &second[1..])
            }
            _ => key.to_owned(),
        }
    };
    let fill = |chance: &mut Chance| match chance.below(7) {
        3 => address(chance),
        4 => format!("2.16.840.1.{}.{}.{}", 100_000 + chance.below(99_999), chance.below(30), chance.below(2_000)),
        5 => format!("{:08x}-{:04x}-4{:03x}", chance.below(1 << 30), chance.below(65_536), chance.below(4_096)),
        0 => format!("{}", chance.below(100_000)),
        1 => format!("{}-{}", chance.below(999), chance.below(99)),
        2 => (*chance.pick(&["F", "final", "ok", "N", "true", "LN", "en-US", "L", "active", "2026-03-01T10:00:00Z"]))
            .to_owned(),
        _ => key(chance),
    };
    let mut out = String::new();
    let form = chance.below(12);
    match form {
        0 => {
            let mut members: Vec<String> =
                texts.iter().map(|t| format!("\"{}\":{}", key(chance), serde_json::Value::from(*t))).collect();
            for _ in 0..chance.below(4) {
                let member = format!("\"{}\":\"{}\"", key(chance), fill(chance));
                members.insert(chance.below(members.len() + 1), member);
            }
            out = format!("{{{}}}", members.join(","));
            if chance.is(0.5) {
                out = format!("{{\"{}\":[{out}]}}", key(chance));
            }
        }
        1 | 2 => {
            for text in texts {
                let (tag, name) = (key(chance), key(chance));
                let attribute = if chance.is(0.4) { format!(" {name}=\"{}\"", fill(chance)) } else { String::new() };
                out += &format!("<{tag}{attribute}>{text}</{tag}>");
                if chance.is(0.3) {
                    out += &format!("<{}>{}</{0}>", key(chance), fill(chance));
                }
            }
        }
        3 => {
            let (tag, inner) =
                *chance.pick(&[("p", "div"), ("li", "ul"), ("td", "tr"), ("span", "body"), ("item", "list")]);
            out = format!("<{inner}>");
            for text in texts {
                out += &format!("<{tag}>{text}</{tag}>");
            }
            out += &format!("</{inner}>");
        }
        4 => {
            let bar = *chance.pick(&["|", "\t", ";", ",", "^", " | "]);
            for text in texts {
                for _ in 0..chance.below(5) {
                    out += &fill(chance);
                    out += bar;
                }
                out += text;
                for _ in 0..chance.below(4) {
                    out += bar;
                }
                out += *chance.pick(&["\n", "\r", "\n", bar]);
            }
        }
        5 | 6 => {
            for text in texts {
                if chance.is(0.5) {
                    out += &format!("{}: {}\n", key(chance), fill(chance));
                }
                out += &format!("{}{}{text}\n", key(chance), chance.pick(&[": ", " = ", ":\n", " - ", ":: "]));
            }
        }
        7 => {
            for text in texts {
                out += &format!(
                    "({:04x},{:04x}) {} [{text}] # {}, {} {}\n",
                    chance.below(65_536),
                    chance.below(65_536),
                    chance.pick(&["LO", "LT", "ST", "UT", "SH", "PN"]),
                    text.len(),
                    1,
                    key(chance)
                );
            }
        }
        8 | 9 => out = message(texts, chance),
        10 => {
            // Names of HL7 CDA and FHIR, and of web pages.
            let outer = *chance.pick(&[
                "ClinicalDocument",
                "Bundle",
                "DiagnosticReport",
                "component",
                "section",
                "entry",
                "DocumentReference",
                "html",
                "body",
                "act",
                "Composition",
                "observation",
                "structuredBody",
                "table",
            ]);
            out = format!("<{outer} xmlns=\"{}\"><id root=\"{}\"/>", address(chance), fill(chance));
            for text in texts {
                let tag = *chance.pick(&[
                    "text",
                    "paragraph",
                    "title",
                    "content",
                    "td",
                    "div",
                    "valueString",
                    "p",
                    "item",
                    "li",
                    "h1",
                ]);
                let code = format!(
                    "<code code=\"{}\" codeSystem=\"{}\" displayName=\"{}\"/>",
                    fill(chance),
                    fill(chance),
                    key(chance)
                );
                out += &if chance.is(0.4) {
                    format!("{code}<{tag}>{text}</{tag}>")
                } else {
                    format!("<{tag}>{text}</{tag}>")
                };
            }
            out += &format!("</{outer}>");
        }
        _ => {
            for text in texts {
                out += &format!(
                    "{}{text}\n",
                    chance.pick(&["* ", "- ", "1. ", "> ", "# ", "## ", "Re: ", "[x] ", "\u{2022} "])
                );
            }
        }
    }
    if matches!(form, 1..=3) && chance.is(0.4) {
        let tag = key(chance);
        out = format!(
            "<{tag} {}=\"{}\">{out}</{tag}>",
            chance.pick(&["xmlns", "xmlns:x", "class", "href", "root"]),
            fill(chance)
        );
    }
    out
}

/// Segments as HL7 v2 has them.
fn message(texts: &[&str], chance: &mut Chance) -> String {
    let word = |chance: &mut Chance| {
        *chance.pick(&[
            "ADT",
            "LAB",
            "HIS",
            "RAD",
            "MAIN",
            "GLUCOSE",
            "COMMENT",
            "REPORT",
            "CULTURE",
            "SMITH",
            "LN",
            "L",
            "MRN",
            "CBC",
            "PANEL",
            "EPIC",
            "HOSP",
            "CLINIC",
            "XRAY CHEST",
            "OPERATIVE NOTE",
            "HEMOGLOBIN",
            "DISCHARGE SUMMARY",
            "GENERAL HOSPITAL",
            "PATHOLOGY REPORT",
            "ANN",
        ])
    };
    let end = *chance.pick(&["\r", "\n", "\r\n"]);
    let mut out = String::new();
    if chance.is(0.7) {
        out += &format!(
            "MSH|^~\\&|{}|{}|{}|{}|2026{:010}||{}^{}|{}|P|2.{}{end}",
            word(chance),
            word(chance),
            word(chance),
            word(chance),
            chance.below(1 << 30),
            chance.pick(&["ORU", "ADT", "MDM", "ORM", "VXU"]),
            chance.pick(&["R01", "A08", "T02", "O01", "V04"]),
            chance.below(1 << 30),
            chance.pick(&["3", "4", "5", "5.1", "7"])
        );
        out += &format!(
            "PID|1||{}^^^{}^{}||{}^{}^{}||19{:02}{:02}{:02}|{}{end}",
            chance.below(1 << 30),
            word(chance),
            chance.pick(&["MR", "PI", "MRN"]),
            word(chance),
            word(chance),
            chance.pick(&["A", "Q", ""]),
            chance.below(100),
            1 + chance.below(12),
            1 + chance.below(28),
            chance.pick(&["F", "M", "U"])
        );
    }
    for (at, text) in texts.iter().enumerate() {
        if chance.is(0.4) {
            out += &format!(
                "OBR|{}|{}||{}^{}^{}|||2026{:08}{end}",
                at + 1,
                chance.below(99_999),
                chance.below(99_999),
                word(chance),
                word(chance),
                chance.below(1 << 26)
            );
        }
        out += &match chance.below(3) {
            0 => format!("NTE|{}|{}|{text}{end}", at + 1, chance.pick(&["L", "P", "", "O"])),
            1 => format!("ZNT|{}|{}|{text}|{}{end}", at + 1, word(chance), word(chance)),
            _ => format!(
                "OBX|{}|{}|{}-{}^{}^{}|{}|{text}||||||{}|||2026{:08}{end}",
                at + 1,
                chance.pick(&["TX", "FT", "ST", "ED"]),
                chance.below(99_999),
                chance.below(10),
                word(chance),
                chance.pick(&["LN", "L"]),
                chance.pick(&["", "1", "2"]),
                chance.pick(&["F", "P", "C"]),
                chance.below(1 << 26)
            ),
        };
    }
    out
}

/// An address as records hold them.
fn address(chance: &mut Chance) -> String {
    let scheme = *chance.pick(&["http://", "https://", "urn:oid:", "urn:", "mailto:"]);
    let host = *chance.pick(&[
        "www.w3.org",
        "hl7.org",
        "example.org",
        "loinc.org",
        "nlm.nih.gov",
        "clinic.example",
        "unitsofmeasure.org",
    ]);
    let path =
        *chance.pick(&["/1999/xhtml", "/fhir/StructureDefinition", "", "/CodeSystem/v3", "/a/b", "/2006/v2", ":v3"]);
    let end = if chance.is(0.5) { format!("/{}", chance.pick(&KEYS)) } else { String::new() };
    format!("{scheme}{host}{path}{end}")
}
