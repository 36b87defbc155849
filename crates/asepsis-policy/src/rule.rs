//! What a decision says of itself.

use std::collections::BTreeSet;
use std::sync::Arc;

use asepsis_vocab::{DecisionRecord, DisclosureForm, IdentifierClass};
use serde_json::Value;

use crate::duty::Duty;

/// The id of what is said where no rule permits and none says why.
pub const DEFAULT_DENY: &str = "default-deny";

/// The id of what is said where a rule asks for something that nobody carries out.
pub const NO_EXECUTOR: &str = "obligation-not-executable";

/// How many rules a staff message speaks of; of the others it gives the ids.
const SPOKEN: usize = 2;

/// What stands for the address of Asepsis' own pages in the texts of rules.
const PAGES: &str = "{pages}";

/// A text of a rule with the address of the pages in it, `https://asepsis.example.org/asepsis`; without one, from
/// where the server stands.
pub fn addressed(text: &str, pages: Option<&str>) -> String {
    text.replace(PAGES, pages.unwrap_or("/asepsis"))
}

/// A policy that took part in a decision, in its texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// The stable name.
    pub id: String,
    /// The number in the reference of default rules, such as `D14`; empty for a site's own.
    pub number: String,
    /// The code for the log.
    pub reason: String,
    /// The source of the rule, for example a section of the CFR.
    pub cite: String,
    /// The day on which the source was read.
    pub as_of: String,
    /// What the person at the keyboard reads.
    pub staff: String,
    /// What the privacy officer reads.
    pub officer: String,
    /// What helps, where something does.
    pub fix: String,
    /// How an exception is asked for.
    pub exception: String,
    /// Its place among the rules of the pack.
    pub(crate) order: usize,
}

/// The form that is permitted, and the whole way to it.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The richest permitted form among those that the route asks for; [`DisclosureForm::Nothing`] where there is none.
    pub form: DisclosureForm,
    /// The code of the reason, for the log.
    pub reason: String,
    /// The policies that decided.
    pub rules: Vec<Arc<Rule>>,
    /// What has to be done with what goes.
    pub duties: BTreeSet<Duty>,
    /// The classes that may stand where the obligation MINEC holds; `None` where it does not.
    pub kept: Option<BTreeSet<IdentifierClass>>,
    /// Whether the user may be given back what surrogates stand for.
    pub restore: bool,
    /// Why not.
    pub restore_rules: Vec<Arc<Rule>>,
    /// Each form that was asked for, until one was permitted.
    pub steps: Vec<Step>,
    /// What the decision rested on, for the log.
    pub facts: Arc<Value>,
}

/// One form that policy was asked about.
#[derive(Clone, Debug)]
pub struct Step {
    /// The form.
    pub form: DisclosureForm,
    /// Whether it is permitted.
    pub permitted: bool,
    /// The policies that decided so; [`DEFAULT_DENY`] where no policy permits and none says why.
    pub rules: Vec<Arc<Rule>>,
}

/// Whether something other than a disclosure is permitted.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// Whether it is.
    pub permitted: bool,
    /// The policies that decided so.
    pub rules: Vec<Arc<Rule>>,
    /// What has to be done.
    pub duties: BTreeSet<Duty>,
}

impl Decision {
    pub(crate) fn from_steps(steps: Vec<Step>, duties: BTreeSet<Duty>, facts: Arc<Value>) -> Self {
        // Where nothing is permitted, the first form that was asked for is the one that the user wanted: its reasons are
        // the ones that help.
        let deciding = steps.iter().find(|s| s.permitted).or(steps.first());
        let form = deciding.filter(|step| step.permitted).map_or(DisclosureForm::Nothing, |step| step.form);
        let rules = deciding.map(|step| step.rules.clone()).unwrap_or_default();
        let reason = match deciding {
            None => "no-form-asked".to_owned(),
            Some(_) => reason(&rules),
        };
        Self { form, reason, rules, duties, kept: None, restore: false, restore_rules: vec![], steps, facts }
    }

    /// The decision as the log keeps it.
    pub fn record(&self) -> DecisionRecord {
        let mut rules: Vec<String> = self.rules.iter().map(|r| r.id.clone()).collect();
        if rules.is_empty() {
            rules.push(DEFAULT_DENY.to_owned());
        }
        // What has to be done stands beside the rules, so that a review can be made from the log.
        rules.extend(self.duties.iter().filter(|duty| !duty.is_usual()).map(|duty| format!("obliges:{duty}")));
        DecisionRecord { form: self.form, rules, reason: self.reason.clone() }
    }

    /// What the person at the keyboard is told: why, what helps, and how an exception is asked for.
    pub fn staff_message(&self) -> String {
        message(&self.rules)
    }

    /// What the person at the keyboard is told where a richer form was wanted first: why it was not given, and what helps.
    pub fn coaching(&self) -> Option<String> {
        self.why_poorer().map(|step| message(&step.rules))
    }

    /// Why the form is poorer than the richest that was asked for; `None` where it is not.
    pub fn why_poorer(&self) -> Option<&Step> {
        self.steps.first().filter(|step| !step.permitted && self.form != DisclosureForm::Nothing)
    }
}

impl Verdict {
    /// What the person at the keyboard is told.
    pub fn staff_message(&self) -> String {
        message(&self.rules)
    }
}

/// The code of the first rule that has one.
fn reason(rules: &[Arc<Rule>]) -> String {
    rules.iter().map(|r| r.reason.clone()).find(|r| !r.is_empty()).unwrap_or_else(|| DEFAULT_DENY.to_owned())
}

fn message(rules: &[Arc<Rule>]) -> String {
    let mut text: Vec<String> = Vec::new();
    for rule in rules.iter().take(SPOKEN) {
        text.push(rule.staff.clone());
        if !rule.fix.is_empty() {
            text.push(rule.fix.clone());
        }
    }
    let rest: Vec<&str> = rules.iter().skip(SPOKEN).map(|rule| rule.id.as_str()).collect();
    if !rest.is_empty() {
        text.push(format!("More stands in the way: {}.", rest.join(", ")));
    }
    let exception = rules.iter().map(|rule| rule.exception.as_str()).find(|text| !text.is_empty());
    text.extend(exception.map(str::to_owned));
    text.join(" ")
}
