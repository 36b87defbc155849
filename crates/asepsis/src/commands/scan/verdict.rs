//! What the counts mean for sending the text to an AI system.

use asepsis_vocab::IdentifierClass;

use super::tally::Tally;

/// What may be done with what was looked at. Nothing here ever says that a text is de-identified: a search cannot prove that.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Identifiers that not even a limited data set may hold.
    DirectIdentifiers,
    /// Dates, places or codes that Safe Harbor does not let stand, and no direct identifier.
    LimitedAtMost,
    /// Nothing of the eighteen was found.
    NothingFound,
    /// Nothing could be looked at.
    NothingInspected,
}

pub(super) struct Verdict {
    pub(super) kind: Kind,
    /// Whether some files could not be looked at.
    pub(super) incomplete: bool,
    /// For a person to read, a sentence or two each.
    pub(super) lines: Vec<String>,
}

impl Kind {
    /// The name in JSON.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::DirectIdentifiers => "direct_identifiers",
            Self::LimitedAtMost => "limited_data_set_at_most",
            Self::NothingFound => "nothing_found",
            Self::NothingInspected => "nothing_inspected",
        }
    }
}

impl Verdict {
    pub(super) fn of(tally: &Tally) -> Self {
        let eighteen: usize =
            tally.counts.iter().filter(|(c, _)| c.safe_harbor_paragraph().is_some()).map(|(_, n)| n).sum();
        let kind = match (tally.direct, eighteen) {
            (1.., _) => Kind::DirectIdentifiers,
            (0, 1..) => Kind::LimitedAtMost,
            (0, 0) if tally.files == 0 => Kind::NothingInspected,
            (0, 0) => Kind::NothingFound,
        };
        let mut lines = vec![headline(kind, tally, eighteen)];
        lines.extend(theft(tally));
        if tally.unreadable > 0 {
            lines.push(format!(
                "{} could not be inspected: nothing is known of what is in there.",
                files(tally.unreadable)
            ));
        }
        if kind != Kind::NothingInspected {
            lines.push(
                "Detection misses some identifiers, so this is no statement that anything is de-identified: for that a \
                 person has to read it, or an expert has to determine it, 45 CFR 164.514(b)."
                .to_owned(),
            );
        }
        Self { kind, incomplete: tally.unreadable > 0, lines }
    }
}

fn headline(kind: Kind, tally: &Tally, eighteen: usize) -> String {
    match kind {
        Kind::DirectIdentifiers => format!(
            "Contains direct identifiers ({}): do not send it to an AI system as it is. Send it pseudonymised (`asepsis deid`, or \
             through the gateway), or identified only under a business associate agreement, 45 CFR 164.504(e).",
            tally.direct
        ),
        Kind::LimitedAtMost => format!(
            "No direct identifier was found, but {eighteen} dates, places or codes that Safe Harbor does not let stand, 45 CFR \
             164.514(b)(2)(i): a limited data set at most, which needs a data use agreement, 45 CFR 164.514(e)."
        ),
        Kind::NothingFound => "No identifier was found.".to_owned(),
        Kind::NothingInspected => "Nothing was inspected.".to_owned(),
    }
}

/// Numbers that let a thief act in the individual's name.
fn theft(tally: &Tally) -> Option<String> {
    let numbers: Vec<String> = IdentifierClass::ALL
        .into_iter()
        .filter(|class| class.enables_identity_theft())
        .filter_map(|class| tally.counts.get(&class).map(|n| format!("{class} {n}")))
        .collect();
    (!numbers.is_empty()).then(|| {
        format!(
            "Holds numbers that enable identity theft ({}): hardly any task of an AI system needs them.",
            numbers.join(", ")
        )
    })
}

/// "1 file", "3 files"
pub(super) fn files(n: usize) -> String {
    format!("{n} {}", if n == 1 { "file" } else { "files" })
}

/// "1 identifier", "3 identifiers"
pub(super) fn identifiers(n: usize) -> String {
    format!("{n} {}", if n == 1 { "identifier" } else { "identifiers" })
}
