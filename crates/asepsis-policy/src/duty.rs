//! What has to be done where something is permitted: HL7's obligations and refrains, and who carries them out.

use asepsis_vocab::{Code, Table};

use crate::problem::closest;

/// An obligation or refrain that a rule puts on a disclosure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Duty(&'static str);

/// A code that is no obligation.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown obligation `{code}`{}", .near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default())]
pub struct UnknownDuty {
    /// What was written.
    pub code: String,
    /// The known code that is most like it.
    pub near: Option<&'static str>,
}

/// Who carries an obligation out, by its code. A form with an obligation that nobody carries out is refused.
const EXECUTORS: [(&str, &str); 9] = [
    ("AUDIT", "asepsis-exchange, record: the intent is durable before anything leaves"),
    ("PSEUD", "asepsis-exchange, protect: random surrogates from the vault"),
    ("DEID", "asepsis-exchange, protect and tripwire"),
    ("ANONY", "asepsis-exchange, protect and tripwire"),
    ("ENCRYPTT", "asepsis, config: an AI system beyond this machine is reached over TLS only"),
    ("MINEC", "asepsis-exchange, protect: classes outside the purpose's profile get surrogates"),
    (
        "LABEL",
        "asepsis-gateway, tools: what goes into a record is FHIR that bears AIAST and a Provenance; a call that holds none is refused",
    ),
    ("PRIVMARK", "asepsis-exchange, protect: the notice of 42 CFR 2.32 stands before the text that goes"),
    (
        "REVIEW",
        "asepsis-exchange, record: the decision's record names the obligation, which is what a review is made from",
    ),
];

/// Who carries out that a person approves: of calls of tools alone. A disclosure that asks for it is refused.
const RELEASE: &str = "asepsis-gateway, release: a call waits, sealed, for a person who sees exactly what it does; without `[release]` it is \
                       refused";

impl Duty {
    /// The code.
    pub fn code(self) -> &'static str {
        self.0
    }

    /// HL7's name for it.
    pub fn display(self) -> &'static str {
        entry(self.0).map_or(self.0, |code| code.display)
    }

    /// Whether the form itself says it already, so that a record need not.
    pub(crate) fn is_usual(self) -> bool {
        ["AUDIT", "PSEUD", "DEID", "ANONY", "ENCRYPTT"].contains(&self.0)
    }

    /// Who carries it out where a tool is called; `None` where nobody does.
    pub fn executor_of_calls(self) -> Option<&'static str> {
        if self.needs_person() { Some(RELEASE) } else { self.executor() }
    }

    /// Whether a person has to approve (HUAPRV).
    pub fn needs_person(self) -> bool {
        self.0 == "HUAPRV"
    }

    /// Who carries it out; `None` where nobody does yet.
    pub fn executor(self) -> Option<&'static str> {
        EXECUTORS.into_iter().find(|(code, _)| *code == self.0).map(|(_, who)| who)
    }
}

impl std::fmt::Display for Duty {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::str::FromStr for Duty {
    type Err = UnknownDuty;

    fn from_str(text: &str) -> Result<Self, UnknownDuty> {
        let code = text.trim();
        entry(code).map(|entry| Self(entry.code)).ok_or_else(|| UnknownDuty {
            code: code.to_owned(),
            near: closest(code, TABLES.into_iter().flat_map(Table::codes).map(|entry| entry.code)),
        })
    }
}

const TABLES: [Table; 3] = [Table::Obligation, Table::LocalObligation, Table::Refrain];

fn entry(code: &str) -> Option<&'static Code> {
    TABLES.into_iter().find_map(|table| table.find(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c12_every_executor_carries_out_an_obligation_that_is_there() {
        for (code, _) in EXECUTORS {
            assert!(code.parse::<Duty>().unwrap().executor().is_some());
        }
        // A person approves calls of tools; nobody stands ready for a disclosure.
        let approval = "HUAPRV".parse::<Duty>().unwrap();
        assert!(approval.executor().is_none() && approval.executor_of_calls().is_some());
        let label = "LABEL".parse::<Duty>().unwrap();
        assert_eq!(label.executor_of_calls(), label.executor());
        assert_eq!("PSUED".parse::<Duty>().unwrap_err().near, Some("PSEUD"));
    }
}
