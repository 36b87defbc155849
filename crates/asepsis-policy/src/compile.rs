//! From the files of a pack to policies that decide. Whatever is wrong is found here, with its place.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::str::FromStr;
use std::sync::Arc;

use asepsis_vocab::DisclosureForm;
use cedar_policy::{
    ActionConstraint, Effect, Entity, EntityUid, Policy as CedarPolicy, PolicyId, PolicySet, Schema, ValidationMode,
    Validator,
};

use crate::clock;
use crate::codes;
use crate::duty::Duty;
use crate::entities::names;
use crate::pack::{Pack, RuleText, Source};
use crate::problem::{Problem, closest};
use crate::rule::{DEFAULT_DENY, NO_EXECUTOR, Rule};

pub(crate) const SCHEMA: &str = include_str!("../../../data/packs/schema.cedarschema");

/// The annotations that a rule may have.
const ANNOTATIONS: [&str; 11] =
    ["id", "explains", "obliges", "states", "reason", "cite", "as_of", "staff", "officer", "fix", "exception"];

/// Texts of what is said without a policy.
const BUILT_IN: [&str; 2] = [DEFAULT_DENY, NO_EXECUTOR];

/// Every action of the schema but the group.
pub(crate) const ACTIONS: [&str; 10] = [
    "identified",
    "limited",
    "pseudonymised",
    "deidentified",
    "restore",
    "reveal",
    "call_tool",
    "command_device",
    "read_record",
    "administer",
];

/// The policies that a request for one action has to do with, so that no others are evaluated.
#[derive(Default)]
pub(crate) struct ForAction {
    /// Those that decide.
    pub(crate) deciding: PolicySet,
    /// Those that only explain, asked after a refusal.
    pub(crate) explained: PolicySet,
    /// Those that oblige, asked after a permission.
    pub(crate) obliging: PolicySet,
}

/// What the files of a pack come to.
pub(crate) struct Compiled {
    pub(crate) schema: Schema,
    /// The actions that are disclosures, and their group.
    pub(crate) action_entities: Vec<Entity>,
    pub(crate) actions: BTreeMap<&'static str, ForAction>,
    /// The policies that decide, for all actions: what is proved about.
    pub(crate) deciding: PolicySet,
    pub(crate) rules: HashMap<PolicyId, Arc<Rule>>,
    pub(crate) duties: HashMap<PolicyId, BTreeSet<Duty>>,
    /// What the effect of each rule is, in the order of the files.
    pub(crate) kinds: BTreeMap<String, Kind>,
    /// Whether policies look at the moment only to compare it with the bounds of agreements.
    pub(crate) bounded: bool,
    /// What looks wrong but does not keep the policies from being used.
    pub(crate) warnings: Vec<Problem>,
}

/// What a rule does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It permits.
    Permit,
    /// It refuses.
    Forbid,
    /// It says why something was refused.
    Explain,
    /// It obliges.
    Oblige,
}

/// The schema.
///
/// # Panics
/// Never: the schema is shipped, and a test reads it.
pub(crate) fn schema() -> Schema {
    Schema::from_cedarschema_str(SCHEMA).expect("the shipped schema is valid").0
}

pub(crate) fn compile(pack: &Pack) -> Result<Compiled, Vec<Problem>> {
    let schema = schema();
    let validator = Validator::new(schema.clone());
    let mut problems = Vec::new();
    let action_entities = schema.action_entities().map_err(|error| vec![Problem::new("schema", error.to_string())])?;
    let mut compiled = Compiled {
        action_entities: action_entities.iter().filter(|action| is_disclosure(action)).cloned().collect(),
        schema,
        actions: ACTIONS.into_iter().map(|action| (action, ForAction::default())).collect(),
        deciding: PolicySet::new(),
        rules: HashMap::new(),
        duties: HashMap::new(),
        kinds: BTreeMap::new(),
        bounded: true,
        warnings: Vec::new(),
    };
    let texts: BTreeMap<&str, (usize, &RuleText)> =
        pack.rules.iter().enumerate().map(|(at, rule)| (rule.id.as_str(), (at, rule))).collect();
    for source in pack.policies() {
        let Some(policies) = read(source, &mut problems) else { continue };
        let result = validator.validate(&policies, ValidationMode::Strict);
        problems.extend(result.validation_errors().map(|e| Problem::of_cedar(&source.name, &source.text, e)));
        compiled
            .warnings
            .extend(result.validation_warnings().map(|e| Problem::of_cedar(&source.name, &source.text, e)));
        for policy in policies.policies() {
            problems.extend(codes::unknown(policy).into_iter().map(|mut problem| {
                problem.file.clone_from(&source.name);
                place(problem, source, policy)
            }));
            if let Err(problem) = add(&mut compiled, policy, &texts) {
                problems.push(place(Problem { file: source.name.clone(), ..problem }, source, policy));
            }
        }
    }
    for rule in &pack.rules {
        if !compiled.kinds.contains_key(&rule.id) && !BUILT_IN.contains(&rule.id.as_str()) {
            let problem =
                Problem::new("pack.toml", format!("there are texts for rule `{}`, but no such rule", rule.id));
            problems.push(match closest(&rule.id, compiled.kinds.keys().map(String::as_str)) {
                Some(near) => problem.help(format!("did you mean `{near}`?")),
                None => problem.help("write the rule in a .cedar file, or take its texts out"),
            });
        }
    }
    if problems.is_empty() { Ok(compiled) } else { Err(problems) }
}

/// The policies of a file, each under the id of its annotation; `None` where they cannot be read.
pub(crate) fn read(source: &Source, problems: &mut Vec<Problem>) -> Option<PolicySet> {
    let policies = match PolicySet::from_str(&source.text) {
        Ok(policies) => policies,
        Err(errors) => {
            problems.extend(errors.iter().map(|error| Problem::of_cedar(&source.name, &source.text, error)));
            return None;
        }
    };
    let mut named = PolicySet::new();
    let before = problems.len();
    for policy in policies.policies() {
        let Some(id) = policy.annotation("id").filter(|id| !id.is_empty()) else {
            let problem = Problem::new(&source.name, "a policy has no @id(\"...\") annotation");
            problems.push(place(problem, source, policy).help("every rule has a stable name, which the log keeps"));
            continue;
        };
        if named.add(policy.new_id(PolicyId::new(id))).is_err() {
            let problem = Problem::new(&source.name, format!("two policies have the @id `{id}`"));
            problems.push(place(problem, source, policy));
        }
    }
    if policies.templates().next().is_some() {
        problems.push(Problem::new(&source.name, "templates are not used here; write the policy out"));
    }
    (problems.len() == before).then_some(named)
}

/// The place of a policy, where the problem has none: that of its id.
fn place(problem: Problem, source: &Source, policy: &CedarPolicy) -> Problem {
    if problem.at.is_some() {
        return problem;
    }
    let id = policy.annotation("id").unwrap_or_default();
    let mark = format!("@id(\"{id}\")");
    // Without an id: a policy knows its number in the file, and each begins with permit or forbid at the start of a line.
    let byte = match id {
        "" => {
            let number: usize = policy.id().to_string().trim_start_matches("policy").parse().unwrap_or(0);
            let starts = source.text.match_indices("permit").chain(source.text.match_indices("forbid"));
            let mut starts: Vec<usize> = starts
                .map(|(at, _)| at)
                .filter(|at| source.text[..*at].rsplit('\n').next().is_some_and(|line| line.trim().is_empty()))
                .collect();
            starts.sort_unstable();
            starts.get(number).copied()
        }
        _ => source.text.rfind(&mark),
    };
    match byte {
        Some(byte) => problem.at(&source.text, byte),
        None => problem,
    }
}

fn add(
    compiled: &mut Compiled,
    policy: &CedarPolicy,
    texts: &BTreeMap<&str, (usize, &RuleText)>,
) -> Result<(), Problem> {
    let id = policy.id().to_string();
    let problem = |message: String| Problem::new("", message);
    for (name, _) in policy.annotations() {
        if !ANNOTATIONS.contains(&name) {
            let unknown = problem(format!("rule `{id}`: unknown annotation `@{name}`"));
            return Err(match closest(name, ANNOTATIONS) {
                Some(near) => unknown.help(format!("did you mean `@{near}`?")),
                None => unknown.help(format!("the annotations are @{}", ANNOTATIONS.join(", @"))),
            });
        }
    }
    let kind = match (policy.annotation("explains"), policy.annotation("obliges"), policy.effect()) {
        (None, None, Effect::Permit) => Kind::Permit,
        (None, None, Effect::Forbid) => Kind::Forbid,
        (Some(_), None, Effect::Forbid) => Kind::Explain,
        (None, Some(_), Effect::Forbid) => Kind::Oblige,
        (Some(_), Some(_), _) => {
            return Err(problem(format!("rule `{id}` has @explains and @obliges; it can have one")));
        }
        (_, _, Effect::Permit) => {
            return Err(problem(format!("rule `{id}` permits, so it cannot be one that only @explains or @obliges")));
        }
    };
    if compiled.kinds.insert(id.clone(), kind).is_some() {
        return Err(
            problem(format!("two policies have the @id `{id}`")).help("each rule has its own name, over all files")
        );
    }
    if let Some(obliges) = policy.annotation("obliges") {
        let duties: Result<BTreeSet<Duty>, _> = obliges.split(',').map(str::parse).collect();
        let duties = duties.map_err(|error: crate::duty::UnknownDuty| problem(format!("rule `{id}`: {error}")))?;
        compiled.duties.insert(policy.id().clone(), duties);
    }
    let rule = rule(policy, texts.get(id.as_str()).copied());
    let refuses = matches!(kind, Kind::Forbid | Kind::Explain);
    for (what, missing) in [
        ("a reason for the log (`reason`)", rule.reason.is_empty()),
        ("a message for staff (`staff`)", rule.staff.is_empty()),
        ("what helps (`fix`)", rule.fix.is_empty() && refuses),
    ] {
        if missing {
            return Err(problem(format!("rule `{id}` lacks {what}"))
                .help("write it as an annotation, or under [[rule]] in a .toml file of the pack"));
        }
    }
    compiled.rules.insert(policy.id().clone(), Arc::new(rule));
    compiled.bounded &= policy.to_json().is_ok_and(|json| clock::minds_agreements_only(&json));
    let plain = for_one_action(policy);
    let mut failed = false;
    for (action, set) in &mut compiled.actions {
        if applies(policy.action_constraint(), action) {
            let set = match kind {
                Kind::Permit | Kind::Forbid => &mut set.deciding,
                Kind::Explain => &mut set.explained,
                Kind::Oblige => &mut set.obliging,
            };
            failed |= set.add(plain.clone()).is_err();
        }
    }
    if matches!(kind, Kind::Permit | Kind::Forbid) {
        failed |= compiled.deciding.add(policy.clone()).is_err();
    }
    if failed { Err(problem(format!("two policies have the @id `{id}`"))) } else { Ok(()) }
}

/// Whether it is the group of disclosures or one of them.
fn is_disclosure(action: &Entity) -> bool {
    let uid = action.uid();
    let name = uid.id().unescaped();
    name == "disclose" || DisclosureForm::LADDER.iter().any(|form| form.name() == name)
}

/// The policy without its constraint on actions, for a set of those that apply to one action. Cedar would make the constraint
/// into a part of the condition each time that it evaluates it.
fn for_one_action(policy: &CedarPolicy) -> CedarPolicy {
    let without = policy.to_json().ok().and_then(|mut json| {
        json["action"] = serde_json::json!({"op": "All"});
        CedarPolicy::from_json(Some(policy.id().clone()), json).ok()
    });
    without.unwrap_or_else(|| policy.clone())
}

/// Whether a policy has to do with requests for the action.
fn applies(constraint: ActionConstraint, action: &str) -> bool {
    let this = names().action(action);
    let group = names().action("disclose");
    let disclosure = DisclosureForm::LADDER.iter().any(|form| form.name() == action);
    let is = |uid: &EntityUid| *uid == this || (disclosure && *uid == group);
    match constraint {
        ActionConstraint::Any => true,
        ActionConstraint::Eq(uid) => uid == this,
        ActionConstraint::In(uids) => uids.iter().any(is),
    }
}

/// What a policy says of itself: in its file of texts, else in its annotations.
fn rule(policy: &CedarPolicy, text: Option<(usize, &RuleText)>) -> Rule {
    let annotation = |key: &str| policy.annotation(key).unwrap_or_default().to_owned();
    match text {
        Some((order, text)) => of_text(text, order),
        None => Rule {
            id: policy.id().to_string(),
            number: String::new(),
            reason: annotation("reason"),
            cite: annotation("cite"),
            as_of: annotation("as_of"),
            staff: annotation("staff"),
            officer: annotation("officer"),
            fix: annotation("fix"),
            exception: annotation("exception"),
            order: usize::MAX,
        },
    }
}

/// A rule as the file of texts has it.
fn of_text(text: &RuleText, order: usize) -> Rule {
    Rule {
        id: text.id.clone(),
        number: text.rule.clone(),
        reason: text.reason.clone(),
        cite: text.cite.clone(),
        as_of: text.as_of.clone().unwrap_or_default(),
        staff: text.staff.clone(),
        officer: text.officer.clone(),
        fix: text.fix.clone(),
        exception: text.exception.clone().unwrap_or_default(),
        order,
    }
}

/// The texts of what is said without a policy: those of the pack, else our own.
pub(crate) fn built_in(pack: &Pack, id: &str) -> Rule {
    let text = pack.rules.iter().find(|rule| rule.id == id);
    text.map(|text| of_text(text, usize::MAX)).unwrap_or_else(|| Rule {
        id: id.to_owned(),
        reason: id.to_owned(),
        staff: "No rule of your office permits this. Ask the person who looks after this tool.".to_owned(),
        fix: "An administrator can add a rule that permits it.".to_owned(),
        order: usize::MAX,
        ..Rule::default()
    })
}
