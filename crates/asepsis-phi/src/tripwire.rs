use std::sync::LazyLock;

use asepsis_vocab::{IdentifierClass, Span};
use regex::Regex;

use crate::placeholder;

/// What the tripwire met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trip {
    /// The class that the shape is of.
    pub class: IdentifierClass,
    /// Where it stands.
    pub span: Span,
}

/// Scans rewritten text once more before it leaves, with shapes of its own that share no code with the engine, and gives
/// back the first identifier that is left.
///
/// It knows fewer kinds than the engine and is meant to find nothing; a hit means that a rule or a rewrite failed, and
/// the exchange must not go on. It does not fire on placeholders.
pub fn tripwire(text: &str) -> Option<Trip> {
    let placeholders = LazyLock::new(|| placeholder::find(text));
    let mut first: Option<Trip> = None;
    for (class, wire) in WIRES.iter() {
        for found in wire.captures_iter(text) {
            let Some(m) = found.get(1) else { continue };
            if first.is_some_and(|f| f.span.start <= m.start()) {
                break;
            }
            let covered = placeholders.iter().any(|&(a, b)| a < m.end() && m.start() < b);
            if !covered {
                first = Some(Trip { class: *class, span: Span::new(m.start(), m.end()) });
                break;
            }
        }
    }
    first
}

/// Each wire's first group is the identifier.
static WIRES: LazyLock<Vec<(IdentifierClass, Regex)>> = LazyLock::new(|| {
    use IdentifierClass as Class;
    [
        (Class::Ssn, r"(?:^|[^0-9A-Za-z.-])([0-9]{3}[- ][0-9]{2}[- ][0-9]{4})(?:[^0-9A-Za-z-]|$)"),
        (Class::Email, r"([A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*\.[A-Za-z]{2,})"),
        (Class::Phone, r"(?:^|[^0-9A-Za-z.-])((?:\+?1[-. ]?)?(?:\([2-9][0-9]{2}\) ?|[2-9][0-9]{2}[-.])[2-9][0-9]{2}[-. ][0-9]{4})(?:[^0-9A-Za-z]|$)"),
        (Class::Url, r"(https?://[^\s/@]+/[^\s]*[0-9]{5,})"),
        (
            Class::Id,
            r"(?i)(?-u:\b)(?:mrn|ssn|medical record(?: number)?|account(?: number)?|member id|policy(?: number)?|acct|social security(?: number)?|patient id|dea|npi|license)(?-u:\b)[ \t]{0,3}(?:no\.?|#|is|number|id)?[ \t]{0,3}[:=#]?[ \t]{0,3}([A-Z]{0,4}-?[0-9][0-9-]{4,20})",
        ),
    ]
    .into_iter()
    .map(|(class, pattern)| (class, Regex::new(pattern).expect("the wires are tested patterns")))
    .collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_of_an_identifier_trips_the_wire() {
        for (text, class) in [
            ("his number is 123-45-6789.", IdentifierClass::Ssn),
            ("write to a.b@example.org", IdentifierClass::Email),
            ("call (401) 555-0131 now", IdentifierClass::Phone),
            ("MRN: 0048213", IdentifierClass::Id),
        ] {
            assert_eq!(tripwire(text).map(|t| t.class), Some(class), "{text}");
        }
    }

    #[test]
    fn placeholders_and_measures_do_not() {
        for text in [
            "MRN: [MRN_7F3K9QXA2BCDE] seen [DATE_2024_1234567890123] by [NAME_7F3K9QXA2BCDE]",
            "BP 128/76, glucose 146 mg/dL, 2-3 times, L4-L5, 20/25",
            "",
        ] {
            assert_eq!(tripwire(text), None, "{text}");
        }
    }
}
