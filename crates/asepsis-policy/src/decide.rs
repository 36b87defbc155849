use std::collections::{BTreeSet, HashMap};
use std::str::FromStr;
use std::sync::Arc;

use asepsis_vocab::{DecisionRecord, DisclosureForm, IdentifierClass, PurposeOfUse};
use cedar_policy::{
    Authorizer, Context, Decision as Verdict, Effect, Entities, PolicyId, PolicySet, Request, RestrictedExpression,
    Schema, ValidationMode, Validator,
};
use time::{OffsetDateTime, UtcOffset};

use crate::clock;
use crate::entities::{Names, moment};
use crate::memory::{self, Memory};
use crate::register::{AiSystem, Register};

const SCHEMA: &str = include_str!("../policies/schema.cedarschema");
const DEFAULT_POLICIES: &str = include_str!("../policies/default.cedar");

/// A validated set of policies, ready to decide.
pub struct Policy {
    /// The policies that decide.
    policies: PolicySet,
    /// These and the ones that only explain, asked after a refusal.
    explained: PolicySet,
    /// What the policies say of themselves. Cedar would parse the name of an annotation each time it is asked for one.
    rules: HashMap<PolicyId, Rule>,
    /// Decisions by their facts; `None` where a policy looks at the moment in a way of its own.
    memory: Option<Memory>,
    schema: Schema,
    authorizer: Authorizer,
    names: Names,
    /// The clock of the organisation: agreements end at its midnight.
    offset: UtcOffset,
}

/// What is known of an exchange when it is decided on.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The user who asks.
    pub user: &'a str,
    /// The user's role.
    pub role: &'a str,
    /// The AI system that is asked.
    pub system: &'a AiSystem,
    /// What for.
    pub purpose: PurposeOfUse,
    /// The classes of identifiers that were found.
    pub classes: BTreeSet<IdentifierClass>,
    /// Whether the detectors that looked claim to find every identifier in free text, or are the first layer only.
    pub full_assurance: bool,
    /// Whether the organisation accepts the first layer for the label "deidentified".
    pub first_layer_accepted: bool,
    /// The moment of the decision.
    pub now: OffsetDateTime,
}

/// The form that is permitted, and the whole way to it.
#[derive(Clone, Debug)]
pub struct Decision {
    /// The richest permitted form among those that the route asks for; [`DisclosureForm::Nothing`] where there is none.
    pub form: DisclosureForm,
    /// The code of the reason, for the log.
    pub reason: String,
    /// The policies that decided.
    pub rules: Vec<Rule>,
    /// Whether the user may be given back what surrogates stand for.
    pub restore: bool,
    /// Each form that was asked for, until one was permitted.
    pub steps: Vec<Step>,
}

/// One form that policy was asked about.
#[derive(Clone, Debug)]
pub struct Step {
    /// The form.
    pub form: DisclosureForm,
    /// Whether it is permitted.
    pub permitted: bool,
    /// The policies that decided so; empty where no policy permits and none says why.
    pub rules: Vec<Rule>,
}

/// A policy that took part in a decision, in its annotations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The stable name.
    pub id: String,
    /// The code for the log.
    pub reason: String,
    /// The source of the rule, for example a section of the CFR.
    pub cite: String,
    /// What the person at the keyboard reads.
    pub staff: String,
    /// What helps, where something does.
    pub fix: String,
}

/// Why policies cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The text is no Cedar, or does not fit the schema.
    #[error("the policies cannot be used: {0}")]
    Invalid(String),
    /// A fact could not be given to Cedar.
    #[error("a fact of the register cannot be given to the policy engine: {0}")]
    Facts(String),
}

impl Policy {
    /// The policies that ship with Asepsis. `offset` is the organisation's offset from UTC, at whose midnight agreements
    /// end.
    pub fn shipped(offset: UtcOffset) -> Result<Self, PolicyError> {
        Self::parse(DEFAULT_POLICIES, offset)
    }

    /// Policies from their text, checked strictly against the schema: an unknown attribute, a wrong type or a missing
    /// `@id` is an error that names the place.
    pub fn parse(text: &str, offset: UtcOffset) -> Result<Self, PolicyError> {
        let (schema, _warnings) =
            Schema::from_cedarschema_str(SCHEMA).map_err(|e| PolicyError::Invalid(format!("schema: {e}")))?;
        let policies = PolicySet::from_str(text).map_err(|e| PolicyError::Invalid(e.to_string()))?;
        let policies = named(&policies)?;
        let result = Validator::new(schema.clone()).validate(&policies, ValidationMode::Strict);
        if let Some(error) = result.validation_errors().next() {
            return Err(PolicyError::Invalid(error.to_string()));
        }
        let rules = policies.policies().map(|policy| (policy.id().clone(), rule(policy))).collect();
        let bounded = policies.policies().all(|p| p.to_json().is_ok_and(|json| clock::minds_agreements_only(&json)));
        let memory = bounded.then(Memory::default);
        let (explained, policies) = (policies.clone(), deciding(&policies)?);
        let (authorizer, names) = (Authorizer::new(), Names::new());
        Ok(Self { policies, explained, rules, memory, schema, authorizer, names, offset })
    }

    /// The organisation's offset from UTC.
    pub fn offset(&self) -> UtcOffset {
        self.offset
    }

    /// Decides for the forms that a route asks for, given from the richest to the poorest.
    ///
    /// A policy that cannot be evaluated makes its form refused: an error never permits.
    ///
    /// A decision that was taken on the same facts is given again, as long as no agreement has begun or ended since. Where a
    /// policy looks at the moment otherwise than to compare it with the bounds of agreements, every decision is taken anew.
    pub fn decide(
        &self,
        register: &Register,
        facts: &Facts<'_>,
        asked: &[DisclosureForm],
    ) -> Result<Arc<Decision>, PolicyError> {
        let Some((memory, key)) = self.memory.as_ref().zip(memory::key(register, facts, asked)) else {
            return self.decide_anew(register, facts, asked).map(Arc::new);
        };
        if let Some(decision) = memory.find(&key, facts.now) {
            return Ok(decision);
        }
        let decision = Arc::new(self.decide_anew(register, facts, asked)?);
        memory.keep(key, register, facts, self.offset, &decision);
        Ok(decision)
    }

    fn decide_anew(
        &self,
        register: &Register,
        facts: &Facts<'_>,
        asked: &[DisclosureForm],
    ) -> Result<Decision, PolicyError> {
        let entities = self.names.entities(register, facts.user, facts.role, facts.system, facts.now, self.offset)?;
        let entities =
            Entities::from_entities(entities, self.checked_schema()).map_err(|e| PolicyError::Facts(e.to_string()))?;
        let context = context(facts)?;
        let mut steps = Vec::with_capacity(asked.len());
        for &form in asked {
            let (permitted, rules) = self.ask(facts, form.name(), context.clone(), &entities)?;
            steps.push(Step { form, permitted, rules });
            if permitted {
                break;
            }
        }
        let restore_context = Context::from_pairs([("now".to_owned(), moment(facts.now))])
            .map_err(|e| PolicyError::Facts(e.to_string()))?;
        let (restore, _) = self.ask(facts, "restore", restore_context, &entities)?;
        Ok(Decision::from_steps(steps, restore))
    }

    fn ask(
        &self,
        facts: &Facts<'_>,
        action: &str,
        context: Context,
        entities: &Entities,
    ) -> Result<(bool, Vec<Rule>), PolicyError> {
        let request = Request::new(
            self.names.user(facts.user),
            self.names.action(action),
            self.names.system(&facts.system.id),
            context,
            self.checked_schema(),
        )
        .map_err(|e| PolicyError::Facts(e.to_string()))?;
        let mut response = self.authorizer.is_authorized(&request, &self.policies, entities);
        // Cedar skips a policy that fails to evaluate, also a forbid, so an error must not count as a yes.
        let failed = response.diagnostics().errors().next().is_some();
        let permitted = response.decision() == Verdict::Allow && !failed;
        if !permitted {
            response = self.authorizer.is_authorized(&request, &self.explained, entities);
        }
        let mut rules: Vec<Rule> =
            response.diagnostics().reason().filter_map(|id| self.rules.get(id).cloned()).collect();
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        Ok((permitted, rules))
    }

    /// The schema, against which facts are checked in tests. They are built from typed values, so that in a release the check
    /// would only find out what the compiler knows, for half of the time of a decision.
    fn checked_schema(&self) -> Option<&Schema> {
        cfg!(debug_assertions).then_some(&self.schema)
    }
}

impl Decision {
    fn from_steps(steps: Vec<Step>, restore: bool) -> Self {
        // Where nothing is permitted, the first form that was asked for is the one that the user wanted: its reasons are
        // the ones that help.
        let Some(deciding) = steps.iter().find(|s| s.permitted).or(steps.first()) else {
            return Self {
                form: DisclosureForm::Nothing,
                reason: "no-form-asked".into(),
                rules: vec![],
                restore,
                steps,
            };
        };
        let form = if deciding.permitted { deciding.form } else { DisclosureForm::Nothing };
        let rules = deciding.rules.clone();
        let reason = rules.iter().map(|r| r.reason.clone()).find(|r| !r.is_empty());
        Self { form, reason: reason.unwrap_or_else(|| "default-deny".to_owned()), rules, restore, steps }
    }

    /// The decision as the log keeps it.
    pub fn record(&self) -> DecisionRecord {
        let mut rules: Vec<String> = self.rules.iter().map(|r| r.id.clone()).collect();
        if rules.is_empty() {
            rules.push("default-deny".to_owned());
        }
        DecisionRecord { form: self.form, rules, reason: self.reason.clone() }
    }

    /// What the person at the keyboard is told: why, and what helps.
    pub fn staff_message(&self) -> String {
        if self.rules.is_empty() {
            return "No rule permits this. Ask the person who looks after Asepsis to add one.".to_owned();
        }
        let mut text: Vec<&str> = Vec::new();
        for rule in &self.rules {
            text.push(&rule.staff);
            if !rule.fix.is_empty() {
                text.push(&rule.fix);
            }
        }
        text.join(" ")
    }
}

/// What a policy says of itself.
fn rule(policy: &cedar_policy::Policy) -> Rule {
    let annotation = |key: &str| policy.annotation(key).unwrap_or_default().to_owned();
    Rule {
        id: policy.id().to_string(),
        reason: annotation("reason"),
        cite: annotation("cite"),
        staff: annotation("staff"),
        fix: annotation("fix"),
    }
}

fn context(facts: &Facts<'_>) -> Result<Context, PolicyError> {
    let text = |s: &str| RestrictedExpression::new_string(s.to_owned());
    Context::from_pairs([
        ("now".to_owned(), moment(facts.now)),
        ("purpose".to_owned(), text(facts.purpose.code())),
        ("classes".to_owned(), RestrictedExpression::new_set(facts.classes.iter().map(|c| text(c.label())))),
        ("assurance".to_owned(), text(if facts.full_assurance { "full" } else { "first_layer" })),
        ("first_layer_accepted".to_owned(), RestrictedExpression::new_bool(facts.first_layer_accepted)),
    ])
    .map_err(|e| PolicyError::Facts(e.to_string()))
}

/// The policies without those that only explain a refusal.
fn deciding(policies: &PolicySet) -> Result<PolicySet, PolicyError> {
    let mut result = PolicySet::new();
    for policy in policies.policies() {
        let explains = policy.annotation("explains").is_some();
        if explains && policy.effect() == Effect::Permit {
            return Err(PolicyError::Invalid(format!(
                "policy {} permits, so it cannot be one that only @explains",
                policy.id()
            )));
        }
        if !explains {
            result.add(policy.clone()).map_err(|e| PolicyError::Invalid(e.to_string()))?;
        }
    }
    Ok(result)
}

/// The same policies under the ids of their `@id` annotations, which the log and the explanations show.
fn named(policies: &PolicySet) -> Result<PolicySet, PolicyError> {
    let mut result = PolicySet::new();
    for policy in policies.policies() {
        let id = policy.annotation("id").filter(|id| !id.is_empty()).ok_or_else(|| {
            PolicyError::Invalid(format!("policy number {} has no @id(\"...\") annotation", policy.id()))
        })?;
        result
            .add(policy.new_id(PolicyId::new(id)))
            .map_err(|_| PolicyError::Invalid(format!("two policies have the @id {id}")))?;
    }
    Ok(result)
}
