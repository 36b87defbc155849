use std::collections::BTreeSet;
use std::sync::Arc;

use asepsis_vocab::DisclosureForm;
use cedar_policy::{
    Authorizer, Context, Decision as CedarDecision, Entities, Entity, EntityUid, PolicySet, Request, Response,
};
use serde_json::Value;
use time::UtcOffset;

use crate::case::{CALL_TOOL, Case, Deed, Failure, Question};
use crate::compile::{Compiled, ForAction, Kind, built_in, compile};
use crate::deed;
use crate::duty::Duty;
use crate::entities::{entities, exchange, names, of_system, of_user};
use crate::facts::Facts;
use crate::inputs::Inputs;
use crate::memory::{self, Memory};
use crate::pack::{Pack, RuleText, Settings, Source};
use crate::problem::Problem;
use crate::register::Register;
use crate::rule::{DEFAULT_DENY, Decision, NO_EXECUTOR, Rule, Step, Verdict};
use crate::surroundings::Surroundings;

/// A validated set of policies, ready to decide.
pub struct Policy {
    compiled: Compiled,
    settings: Settings,
    texts: Vec<RuleText>,
    default_deny: Arc<Rule>,
    no_executor: Arc<Rule>,
    /// Decisions by their facts; `None` where a policy looks at the moment in a way of its own.
    memory: Option<Memory>,
    surroundings: Surroundings,
    authorizer: Authorizer,
    /// The clock of the organisation: agreements end at its midnight.
    offset: UtcOffset,
    version: String,
    /// Whether facts are checked against the schema.
    checks: bool,
}

/// Why policies cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// Files that are no Cedar, do not fit the schema, or lack what a rule has to have.
    #[error("the policies cannot be used:\n{}", .0.iter().map(|problem| format!("  {problem}")).collect::<Vec<_>>().join("\n"))]
    Invalid(Vec<Problem>),
    /// A fact could not be given to Cedar.
    #[error("a fact of the register cannot be given to the policy engine: {0}")]
    Facts(String),
}

/// What one action came to: whether, and by which rules, with which duties.
struct Answer {
    permitted: bool,
    rules: Vec<Arc<Rule>>,
    duties: BTreeSet<Duty>,
}

impl Policy {
    /// The ladder of disclosure that ships with Asepsis. `offset` is the organisation's offset from UTC, at whose midnight
    /// agreements end.
    pub fn shipped(offset: UtcOffset) -> Result<Self, PolicyError> {
        Self::of(&Pack::shipped("core").map_err(PolicyError::Invalid)?, offset)
    }

    /// The policies of a pack, checked strictly against the schema: an unknown attribute, a wrong type, an unknown code or
    /// obligation, a missing `@id` or text is an error that names the place.
    pub fn of(pack: &Pack, offset: UtcOffset) -> Result<Self, PolicyError> {
        let compiled = compile(pack).map_err(PolicyError::Invalid)?;
        let memory = compiled.bounded.then(Memory::default);
        Ok(Self {
            compiled,
            settings: pack.settings.clone(),
            texts: pack.rules.clone(),
            default_deny: Arc::new(built_in(pack, DEFAULT_DENY)),
            no_executor: Arc::new(built_in(pack, NO_EXECUTOR)),
            memory,
            surroundings: Surroundings::default(),
            authorizer: Authorizer::new(),
            offset,
            version: format!("{}@{}", pack.name, pack.fingerprint()),
            checks: cfg!(debug_assertions),
        })
    }

    /// Policies from one Cedar text whose rules say everything in annotations.
    pub fn parse(text: &str, offset: UtcOffset) -> Result<Self, PolicyError> {
        let source = Source { name: "rules.cedar".to_owned(), text: text.to_owned() };
        Self::of(&Pack::read(vec![source]).map_err(PolicyError::Invalid)?, offset)
    }

    /// The organisation's offset from UTC.
    pub fn offset(&self) -> UtcOffset {
        self.offset
    }

    /// The pack's name and fingerprint, as the log keeps them.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// The same without checking facts against the schema, as a release decides: what tests of decisions use.
    #[must_use]
    pub fn unchecked(self) -> Self {
        Self { checks: false, ..self }
    }

    /// Whether decisions are remembered: not where a policy looks at the moment in a way of its own.
    pub fn remembers(&self) -> bool {
        self.memory.is_some()
    }

    /// What can be set without writing a rule.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What looks wrong but does not keep the policies from being used: a rule that can never apply.
    pub fn warnings(&self) -> &[Problem] {
        &self.compiled.warnings
    }

    /// The rules with what they do, by id.
    pub fn kinds(&self) -> impl Iterator<Item = (&str, Kind)> {
        self.compiled.kinds.iter().map(|(id, kind)| (id.as_str(), *kind))
    }

    /// The rule of this id, in its texts.
    pub fn rule(&self, id: &str) -> Option<&Rule> {
        self.compiled.rules.get(&cedar_policy::PolicyId::new(id)).map(Arc::as_ref)
    }

    /// The policies that decide, and the schema that they fit: what proofs are about.
    pub fn deciding(&self) -> (&PolicySet, &cedar_policy::Schema) {
        (&self.compiled.deciding, &self.compiled.schema)
    }

    /// Decides for the forms that a route asks for, given from the richest to the poorest.
    ///
    /// A policy that cannot be evaluated makes its form refused: an error never permits.
    ///
    /// A decision that was taken on the same facts is given again, as long as no agreement or fact has begun or ended since.
    /// Where a policy looks at the moment otherwise than to compare it with the bounds of agreements, every decision is taken
    /// anew.
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

    /// As [`decide`](Self::decide), without looking at what was decided before.
    pub fn decide_anew(
        &self,
        register: &Register,
        facts: &Facts<'_>,
        asked: &[DisclosureForm],
    ) -> Result<Decision, PolicyError> {
        let mut inputs = Inputs::of(register, facts, &self.settings, self.offset);
        let now = std::mem::take(&mut inputs.now);
        inputs.asks = asked.to_vec();
        let record = Arc::new(serde_json::to_value(&inputs).map_err(|e| PolicyError::Facts(e.to_string()))?);
        (inputs.now, inputs.asks) = (now, Vec::new());
        let inputs = inputs.under(&self.settings);
        let make = || self.known(of_system(&inputs, &register.grants(facts.system))?);
        let system = match register.system(&facts.system.id) {
            Some(own) if std::ptr::eq(own, facts.system) => self.surroundings.of(register.id(), &inputs, make)?,
            _ => make()?,
        };
        self.decide_with(&inputs, facts.user, system, asked, record)
    }

    /// Decides on what is known already, such as what the log kept of an earlier decision. What the settings say of what is
    /// not known ([`Inputs::under`]) is the caller's matter. Of grants it knows that of the request itself.
    pub fn decide_on(&self, inputs: &Inputs, asked: &[DisclosureForm]) -> Result<Decision, PolicyError> {
        let record = Arc::new(Value::Null);
        let system = self.known(of_system(inputs, &inputs.grants())?)?;
        self.decide_with(inputs, "user", system, asked, record)
    }

    fn decide_with(
        &self,
        inputs: &Inputs,
        user: &str,
        system: Entities,
        asked: &[DisclosureForm],
        record: Arc<Value>,
    ) -> Result<Decision, PolicyError> {
        let entities = system
            .add_entities(of_user(inputs, user)?, self.checked())
            .map_err(|e| PolicyError::Facts(e.to_string()))?;
        let context = exchange(inputs, &self.settings, self.compiled.bounded)?;
        let (principal, resource) = (names().user(user), names().system(&inputs.system));
        let mut steps = Vec::with_capacity(asked.len());
        let mut duties = BTreeSet::new();
        for &form in asked {
            let answer = self.ask(form.name(), &principal, &resource, context.clone(), &entities)?;
            steps.push(Step { form, permitted: answer.permitted, rules: answer.rules });
            if answer.permitted {
                duties = answer.duties;
                break;
            }
        }
        let restore = self.ask("restore", &principal, &resource, context, &entities)?;
        let mut decision = Decision::from_steps(steps, duties, record);
        decision.restore = restore.permitted;
        decision.restore_rules = restore.rules;
        let minimum = decision.duties.iter().any(|duty| duty.code() == "MINEC");
        decision.kept = minimum.then(|| self.settings.kept_for(inputs.purpose));
        Ok(decision)
    }

    /// Whether something other than a disclosure may be done.
    pub fn may(&self, register: &Register, facts: &Facts<'_>, deed: &Deed) -> Result<Verdict, PolicyError> {
        let inputs = Inputs::of(register, facts, &self.settings, self.offset).under(&self.settings);
        self.may_on(&inputs, facts.user, deed)
    }

    /// The same on what is known already.
    pub fn may_on(&self, inputs: &Inputs, user: &str, deed: &Deed) -> Result<Verdict, PolicyError> {
        let asked = deed::asked(inputs, user, deed, &self.settings)?;
        let entities = self.known(asked.entities)?;
        let answer = self.ask(deed.action(), &names().user(user), &asked.resource, asked.context, &entities)?;
        Ok(Verdict { permitted: answer.permitted, rules: answer.rules, duties: answer.duties })
    }

    /// Runs the cases of every rule of the pack.
    pub fn test(&self) -> Result<Vec<Failure>, PolicyError> {
        let mut failures = Vec::new();
        for text in &self.texts {
            let kind = self.compiled.kinds.get(&text.id).copied();
            for (name, case) in [("allows", &text.allows), ("stops", &text.stops)] {
                if let (Some(case), Some(kind)) = (case, kind)
                    && let Some(found) = self.run(case, &text.id, kind, name == "stops")?
                {
                    failures.push(Failure { rule: text.id.clone(), case: name, found });
                }
            }
        }
        Ok(failures)
    }

    /// What is wrong with the outcome of a case, where something is.
    fn run(&self, case: &Case, rule: &str, kind: Kind, stops: bool) -> Result<Option<String>, PolicyError> {
        // Of a permit, the case that it allows is the one in which it decides.
        let decides = (kind == Kind::Permit) != stops;
        let names = |rules: &[Arc<Rule>]| rules.iter().any(|r| r.id == rule);
        let (takes_part, outcome) = match &case.question {
            Question::Disclose(asked) => {
                let decision = self.decide_on(&case.inputs, asked)?;
                if let Some(wanted) = case.gets.filter(|wanted| *wanted != decision.form) {
                    return Ok(Some(format!("it gets {} ({}), not {wanted}", decision.form, said(&decision.rules))));
                }
                if let Some(wanted) = case.restored.filter(|wanted| *wanted != decision.restore) {
                    return Ok(Some(format!("originals put back: {}, not {wanted}", decision.restore)));
                }
                let obliged = self.obliging(&case.inputs, decision.form)?.contains(rule);
                let part = match kind {
                    Kind::Oblige => obliged || decision.steps.iter().any(|step| names(&step.rules)),
                    _ => decision.steps.iter().any(|step| names(&step.rules)) || names(&decision.restore_rules),
                };
                (part, said(&decision.steps.iter().flat_map(|step| step.rules.clone()).collect::<Vec<_>>()))
            }
            Question::Act(deed) => {
                let verdict = self.may_on(&case.inputs, "user", deed)?;
                if let Some(wanted) = case.permitted.filter(|wanted| *wanted != verdict.permitted) {
                    return Ok(Some(format!(
                        "permitted: {} ({}), not {wanted}",
                        verdict.permitted,
                        said(&verdict.rules)
                    )));
                }
                let duties =
                    self.compiled.duties.iter().find(|(id, _)| id.to_string() == rule).map(|(_, duties)| duties);
                let obliged = duties.is_some_and(|duties| duties.iter().all(|duty| verdict.duties.contains(duty)));
                (names(&verdict.rules) || obliged, said(&verdict.rules))
            }
        };
        Ok((takes_part != decides)
            .then(|| format!("the rule {} part; those that did: {outcome}", if decides { "took no" } else { "took" })))
    }

    /// The rules that oblige where this form goes.
    fn obliging(&self, inputs: &Inputs, form: DisclosureForm) -> Result<BTreeSet<String>, PolicyError> {
        let Some(policies) = self.compiled.actions.get(form.name()) else { return Ok(BTreeSet::new()) };
        let entities = self.known(entities(inputs, "user", &inputs.grants())?)?;
        let context = exchange(inputs, &self.settings, self.compiled.bounded)?;
        let (principal, resource) = (names().user("user"), names().system(&inputs.system));
        let request = self.request(&principal, form.name(), &resource, context)?;
        let response = self.authorizer.is_authorized(&request, &policies.obliging, &entities);
        Ok(response.diagnostics().reason().map(ToString::to_string).collect())
    }

    fn ask(
        &self,
        action: &str,
        principal: &EntityUid,
        resource: &EntityUid,
        context: Context,
        entities: &Entities,
    ) -> Result<Answer, PolicyError> {
        let none = || PolicyError::Facts(format!("there is no action {action}"));
        let ForAction { deciding, explained, obliging } = self.compiled.actions.get(action).ok_or_else(none)?;
        let request = self.request(principal, action, resource, context)?;
        let response = self.authorizer.is_authorized(&request, deciding, entities);
        // Cedar skips a policy that fails to evaluate, also a forbid, so an error must not count as a yes.
        let failed = response.diagnostics().errors().next().is_some();
        let allows = response.decision() == CedarDecision::Allow;
        let permitted = allows && !failed;
        let mut rules = Vec::new();
        // A permit does not say why something was refused, also where an error refused it.
        if permitted || !allows {
            rules.extend(self.reasons(&response));
        }
        if !permitted && !explained.is_empty() {
            rules.extend(self.reasons(&self.authorizer.is_authorized(&request, explained, entities)));
        }
        rules.sort_by(|a, b| (a.order, &a.id).cmp(&(b.order, &b.id)));
        if !permitted && rules.is_empty() {
            rules.push(self.default_deny.clone());
        }
        let mut answer = Answer { permitted, rules, duties: BTreeSet::new() };
        if permitted && !obliging.is_empty() {
            let response = self.authorizer.is_authorized(&request, obliging, entities);
            let failed = response.diagnostics().errors().next().is_some();
            for id in response.diagnostics().reason() {
                let duties = self.compiled.duties.get(id).into_iter().flatten();
                for duty in duties {
                    answer.duties.insert(*duty);
                    let executor = if action == CALL_TOOL { duty.executor_of_calls() } else { duty.executor() };
                    if executor.is_none() {
                        self.refuse(&mut answer, self.compiled.rules.get(id));
                    }
                }
            }
            if failed {
                self.refuse(&mut answer, None);
            }
        }
        Ok(answer)
    }

    fn reasons(&self, response: &Response) -> impl Iterator<Item = Arc<Rule>> {
        response.diagnostics().reason().filter_map(|id| self.compiled.rules.get(id).cloned())
    }

    /// Refuses what was permitted under an obligation that nobody carries out.
    fn refuse(&self, answer: &mut Answer, obliging: Option<&Arc<Rule>>) {
        if answer.permitted {
            answer.permitted = false;
            answer.rules = vec![self.no_executor.clone()];
        }
        answer.rules.extend(obliging.cloned());
    }

    fn request(
        &self,
        principal: &EntityUid,
        action: &str,
        resource: &EntityUid,
        context: Context,
    ) -> Result<Request, PolicyError> {
        Request::new(principal.clone(), names().action(action), resource.clone(), context, self.checked())
            .map_err(|e| PolicyError::Facts(e.to_string()))
    }

    fn known(&self, mut entities: Vec<Entity>) -> Result<Entities, PolicyError> {
        // Cedar learns which actions are disclosures from a schema or from entities, and without either takes no action for one:
        // a forbid on all disclosures would then be skipped in silence.
        entities.extend(self.compiled.action_entities.iter().cloned());
        Entities::from_entities(entities, self.checked()).map_err(|e| PolicyError::Facts(e.to_string()))
    }

    /// The schema, where facts are checked against it. They are built from typed values, so that in a release the check would
    /// only find out what the compiler knows, for half of the time of a decision.
    fn checked(&self) -> Option<&cedar_policy::Schema> {
        self.checks.then_some(&self.compiled.schema)
    }
}

fn said(rules: &[Arc<Rule>]) -> String {
    if rules.is_empty() { "none".to_owned() } else { rules.iter().map(|r| r.id.clone()).collect::<Vec<_>>().join(", ") }
}
