#![no_main]
//! Any bytes are read by their fields or refused, as whatever they are said to be; places lie within the document.

use asepsis_guard::{Carrier, fields};
use libfuzzer_sys::fuzz_target;

const AS: [Option<Carrier>; 8] = [
    None,
    Some(Carrier::Hl7),
    Some(Carrier::Json),
    Some(Carrier::Xml),
    Some(Carrier::Html),
    Some(Carrier::Mail),
    Some(Carrier::Table),
    Some(Carrier::Text),
];

fuzz_target!(|bytes: &[u8]| {
    for carrier in AS {
        let Ok(fields) = fields(bytes, carrier) else { continue };
        for field in fields.iter() {
            let part = fields.source().get(field.span()).expect("within the document");
            assert!(!field.verbatim || part == field.text.as_bytes(), "{}", field.place);
        }
    }
});
