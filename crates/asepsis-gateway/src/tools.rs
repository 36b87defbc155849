//! Tools that an AI system has called: what each does, and whether it may be called in this exchange.
//!
//! The client runs the tools, so a call that may not be made never gets to it whole.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use asepsis_conduct::HeldCall;
use asepsis_document::json::{self, Json, Kind, Node};
use asepsis_exchange::{Admitted, OTHER_PATIENT, ToolCall, ToolEffect};
use asepsis_keys::PatientId;
use asepsis_policy::Verdict;
use http::StatusCode;

use crate::fault::Fault;
use crate::switch::{Call, each};

/// What a tool does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolRule {
    /// Its name; one that ends in `*` stands for all that begin so.
    pub name: String,
    /// What it does.
    pub effect: ToolEffect,
    /// Whether it reaches beyond the organisation.
    pub network: bool,
    /// Whether what it returns is the organisation's own and holds nobody else's words.
    pub trusted: bool,
    /// The AI system of the register that it reaches and nothing else, where it is one: data of a patient goes there while an agreement
    /// covers it.
    pub destination: Option<String>,
}

/// What is known of tools.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tools {
    /// The first that fits by its whole name counts, else the one with the longest beginning.
    pub rules: Vec<ToolRule>,
    /// Whether a tool of which nothing is known counts as one that reads within the organisation; else its effect is unknown, and unknown
    /// never permits.
    pub unregistered_read: bool,
}

impl Tools {
    fn rule(&self, name: &str) -> Option<&ToolRule> {
        let fits = |rule: &&ToolRule| match rule.name.strip_suffix('*') {
            Some(beginning) => name.starts_with(beginning),
            None => rule.name == name,
        };
        // A whole name before a beginning, a longer beginning before a shorter one.
        self.rules.iter().filter(fits).max_by_key(|rule| (!rule.name.ends_with('*'), rule.name.len()))
    }

    /// What a call of this name does.
    pub(crate) fn call(&self, name: &str) -> ToolCall {
        let rule = self.rule(name);
        let unknown = self.unregistered_read && rule.is_none();
        ToolCall {
            effect: rule.map(|rule| rule.effect).or(unknown.then_some(ToolEffect::Read)),
            network: rule.map(|rule| rule.network).or(unknown.then_some(false)),
            tainted: None,
            after_read: None,
            covered: None,
            approved: false,
        }
    }

    /// The ids of the calls in a request whose results are the organisation's own.
    pub(crate) fn trusted_calls(&self, json: &Json<'_>) -> BTreeSet<String> {
        let mut ids = BTreeSet::new();
        if !self.rules.iter().any(|rule| rule.trusted) {
            return ids;
        }
        let mut note = |id: Option<Node<'_>>, name: Option<Node<'_>>| {
            let name = name.and_then(Node::as_str).unwrap_or_default();
            if self.rule(&name).is_some_and(|rule| rule.trusted) {
                ids.extend(id.and_then(Node::as_str).map(std::borrow::Cow::into_owned));
            }
        };
        for message in each(json.root().get("messages")) {
            for call in each(message.get("tool_calls")) {
                note(call.get("id"), call.get("function").and_then(|function| function.get("name")));
            }
            for part in each(message.get("content")).filter(|part| part.kind() == Kind::Object) {
                note(part.get("id"), part.get("name"));
            }
        }
        ids
    }
}

/// Judges the calls of one answer.
pub(crate) struct Desk {
    tools: Arc<Tools>,
    /// Names by where in the answer, and whether they were judged; a name may come in pieces.
    called: BTreeMap<(u64, u64), (String, bool)>,
    /// Calls whose arguments have to bear a label.
    labelled: BTreeSet<(u64, u64)>,
    /// Whom the exchange is about, where the client said so.
    patient: Option<Arc<PatientId>>,
    /// The tools whose calls a person may release: those that the client has.
    offered: BTreeSet<String>,
    /// Calls that wait for a person.
    waiting: BTreeSet<(u64, u64)>,
}

impl Desk {
    /// `patient`: whom the exchange is about, where the client said so.
    pub(crate) fn new(tools: Arc<Tools>, patient: Option<Arc<PatientId>>) -> Self {
        Self {
            tools,
            called: BTreeMap::new(),
            labelled: BTreeSet::new(),
            patient,
            offered: BTreeSet::new(),
            waiting: BTreeSet::new(),
        }
    }

    /// The same, where a call of one of these tools is held for a person who may release it.
    pub(crate) fn holding(self, offered: BTreeSet<String>) -> Self {
        Self { offered, ..self }
    }

    /// Whether the answer waits for a person.
    pub(crate) fn waits(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Whether a call is named that was not judged yet.
    pub(crate) fn is_undecided(&self) -> bool {
        self.called.values().any(|(_, judged)| !judged)
    }

    /// The names of all calls, in the order of the answer.
    pub(crate) fn names(&self) -> Vec<String> {
        self.called.values().map(|(name, _)| name.clone()).collect()
    }

    /// What a call of this name does, for whoever is to release it.
    pub(crate) fn held(&self, name: &str) -> HeldCall {
        let call = self.tools.call(name);
        let of = |places: &BTreeSet<(u64, u64)>| {
            places.iter().any(|at| self.called.get(at).is_some_and(|(called, _)| called == name))
        };
        HeldCall {
            does: call.effect.map_or("unknown", ToolEffect::name).to_owned(),
            network: call.network.unwrap_or(true),
            waits: of(&self.waiting),
            labelled: of(&self.labelled),
        }
    }

    /// Whether arguments are looked at whole before any of them is given out.
    pub(crate) fn waits_for_arguments(&self) -> bool {
        self.patient.is_some()
    }

    /// Why a call with these arguments may not be made: it names another patient than the one that the exchange is about.
    pub(crate) fn other_patient(&self, arguments: Node<'_>) -> Option<Fault> {
        let patient = self.patient.as_deref()?;
        names_other(arguments, patient, 0).then(for_another)
    }

    /// Why a call may not be made of which this is a text of the arguments, as it would be given out.
    pub(crate) fn withheld_in(&self, text: &str) -> Option<Fault> {
        self.patient.as_ref()?;
        text.contains(OTHER_PATIENT).then(for_another)
    }

    /// The same for arguments in the source of JSON. What cannot be read names nobody, and a tool cannot read it either.
    pub(crate) fn other_patient_in(&self, source: &str) -> Option<Fault> {
        if let Some(fault) = self.withheld_in(source) {
            return Some(fault);
        }
        let json = Json::parse(source.as_bytes(), &json::Limits::default()).ok()?;
        self.other_patient(json.root())
    }

    /// Takes in names, or pieces of them.
    pub(crate) fn take(&mut self, calls: &[Call]) {
        for call in calls {
            self.called.entry(call.at).or_default().0.push_str(&call.name);
        }
    }

    /// Judges the calls that `ready` says are named whole. Why the answer ends, where one may not be made.
    pub(crate) fn judge(&mut self, admitted: &mut Admitted, ready: impl Fn((u64, u64)) -> bool) -> Option<Fault> {
        for (at, (name, judged)) in &mut self.called {
            if *judged || !ready(*at) {
                continue;
            }
            *judged = true;
            match judged_by_policy(&self.tools, admitted, name, self.offered.contains(name)) {
                Ok(Permitted { labelled, waits }) => {
                    self.labelled.extend(labelled.then_some(*at));
                    self.waiting.extend(waits.then_some(*at));
                }
                Err(fault) => return Some(fault),
            }
        }
        None
    }

    /// Whether the arguments of this call have to bear a label (obligation LABEL).
    pub(crate) fn labels(&self, at: (u64, u64)) -> bool {
        self.labelled.contains(&at)
    }
}

fn for_another() -> Fault {
    Fault::new(
        StatusCode::FORBIDDEN,
        "tool_refused",
        "the AI system wants to call a tool for another patient than the one that the exchange is about (x-asepsis-patient), or with data \
         of another. Look at what made it do so, and ask about that patient by itself; the call was not made",
    )
}

/// Names of arguments under which tools take whom they are about.
const PATIENT_NAMES: [&str; 14] = [
    "patient",
    "patient_id",
    "patientid",
    "patient_number",
    "patient_mrn",
    "mrn",
    "medical_record_number",
    "record_number",
    "subject",
    "subject_id",
    "member_id",
    "person_id",
    "pid",
    "chart_number",
];

/// How deep arguments are looked through.
const DEEPEST: usize = 8;

fn names_other(node: Node<'_>, patient: &PatientId, depth: usize) -> bool {
    if depth > DEEPEST {
        return false;
    }
    let is_name = |key: &str| {
        let plain: String = key.chars().filter(|c| !matches!(c, '-' | ' ')).flat_map(char::to_lowercase).collect();
        PATIENT_NAMES.contains(&plain.as_str())
            || PATIENT_NAMES.iter().any(|name| name.replace('_', "") == plain.replace('_', ""))
    };
    node.members().any(|(key, value)| match value.kind() {
        Kind::String if is_name(&key) => {
            value.as_str().is_some_and(|text| is_number(&text) && !patient.is_named(&text))
        }
        Kind::Number if is_name(&key) => value.as_number().is_some_and(|text| !patient.is_named(text)),
        // A reference of FHIR: {"subject": {"reference": "Patient/1"}}
        Kind::Object if is_name(&key) => {
            let reference = value.get("reference").and_then(Node::as_str);
            reference.is_some_and(|text| is_number(&text) && !patient.is_named(&text))
                || names_other(value, patient, depth + 1)
        }
        _ => names_other(value, patient, depth + 1),
    }) || node.items().any(|item| names_other(item, patient, depth + 1))
}

/// Whether it is a number of a person and not a name.
fn is_number(text: &str) -> bool {
    text.bytes().any(|b| b.is_ascii_digit())
}

/// The arguments would go into a record, and there is nothing in them that could bear the label.
pub(crate) fn unlabelled() -> Fault {
    Fault::new(
        StatusCode::FORBIDDEN,
        "tool_refused",
        "the AI system wants to write into a record, and what it writes holds no FHIR resource that could bear the mark of an AI. Enter it by \
         hand after you have checked it (rule clinical-output-is-labelled); the call was not made",
    )
}

/// A call that may be made.
struct Permitted {
    /// What it is given has to bear a label.
    labelled: bool,
    /// A person has to say yes first.
    waits: bool,
}

/// Whether a tool may be called; why not, where it may not. `holds`: what a person may release is held for one.
fn judged_by_policy(tools: &Tools, admitted: &mut Admitted, name: &str, holds: bool) -> Result<Permitted, Fault> {
    let destination = tools.rule(name).and_then(|rule| rule.destination.as_deref());
    let call = ToolCall { covered: destination.map(|system| admitted.covers(system)), ..tools.call(name) };
    let unknown = call.effect.is_none();
    let labelled = |verdict: &Verdict| verdict.duties.iter().any(|duty| duty.code() == "LABEL");
    let failed = |error| {
        tracing::error!(%error, "whether a tool may be called could not be decided");
        Fault::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "whether the tool may be called could not be decided")
    };
    let needs_person = |verdict: &Verdict| verdict.duties.iter().any(|duty| duty.needs_person());
    let verdict = admitted.may_call(&call).map_err(failed)?;
    if verdict.permitted && !needs_person(&verdict) {
        return Ok(Permitted { labelled: labelled(&verdict), waits: false });
    }
    if holds {
        let released = admitted.would_allow(&ToolCall { approved: true, ..call }).map_err(failed)?;
        if released.permitted {
            return Ok(Permitted { labelled: labelled(&released), waits: true });
        }
        // What stands in the way even of a person's approval is what has to be told.
        return Err(refused(&released, unknown));
    }
    if verdict.permitted {
        return Err(needs_a_person());
    }
    Err(refused(&verdict, unknown))
}

/// A person has to approve the call (obligation HUAPRV), and nothing is held for one here.
fn needs_a_person() -> Fault {
    Fault::new(
        StatusCode::FORBIDDEN,
        "tool_refused",
        "the AI system wants to call a tool to which a person has to say yes, and nobody can be asked here. Offer the tool with the request, \
         and have your office turn releases on (`[release]`); the call was not made",
    )
}

/// What the client is told of a call that may not be made.
pub(crate) fn refused(verdict: &Verdict, unknown: bool) -> Fault {
    let why = match verdict.rules.first() {
        _ if unknown => "the AI system wants to call a tool of which your office has not said what it does. Have it entered (`[[tool]]`)".to_owned(),
        Some(rule) => format!("the AI system wants to call a tool that may not be called here. {} {}", rule.staff, rule.fix),
        None => "the AI system wants to call a tool that no policy permits".to_owned(),
    };
    let rule = verdict.rules.first().map_or("default-deny", |rule| rule.id.as_str());
    Fault::new(StatusCode::FORBIDDEN, "tool_refused", format!("{why} (rule {rule}); the call was not made"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r30_the_most_exact_rule_of_a_tool_counts() {
        let rule = |name: &str, effect| ToolRule {
            name: name.to_owned(),
            effect,
            network: false,
            trusted: false,
            destination: None,
        };
        let rules =
            vec![rule("*", ToolEffect::Read), rule("send_*", ToolEffect::Write), rule("send_draft", ToolEffect::Read)];
        let tools = Tools { rules, unregistered_read: false };
        assert_eq!(tools.call("find").effect, Some(ToolEffect::Read));
        assert_eq!(tools.call("send_mail").effect, Some(ToolEffect::Write));
        assert_eq!(tools.call("send_draft").effect, Some(ToolEffect::Read));
        let none = Tools::default();
        assert_eq!((none.call("find").effect, none.call("find").network), (None, None));
        let read = Tools { unregistered_read: true, ..Tools::default() };
        assert_eq!((read.call("find").effect, read.call("find").network), (Some(ToolEffect::Read), Some(false)));
    }
}
