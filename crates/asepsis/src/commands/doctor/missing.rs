//! What stands between an AI system and the richest form that its route would take, by rule, with what helps.

use std::collections::BTreeMap;
use std::sync::Arc;

use asepsis_phi::Assurance;
use asepsis_policy::{ContentFacts, Facts, Rule, Whereabouts, addressed};
use asepsis_vocab::{DisclosureForm, IdentifierClass};
use time::OffsetDateTime;

use crate::config::Config;

/// A rule, and the roles that it concerns.
type Obstacle<'r> = (Arc<Rule>, Vec<&'r str>);

/// One line a system and rule, with the roles that it concerns; nothing where all of them get the form.
pub(super) fn missing(config: &Config) -> anyhow::Result<Vec<String>> {
    let (engine, rules) = (config.engine()?, config.rules()?);
    let pages = config.pages();
    let mut lines = Vec::new();
    for (id, _, forms, purpose) in config.routes() {
        let Some(system) = rules.register.system(id) else { continue };
        let mut stands: BTreeMap<(usize, String), Obstacle<'_>> = BTreeMap::new();
        let mut wanted = None;
        for role in &system.roles {
            let facts = Facts {
                user: "doctor",
                role,
                system,
                purpose,
                // An ordinary text about a patient, from a place of which nothing is known.
                classes: [IdentifierClass::Name].into(),
                content: ContentFacts { individuals: Some(1), ..ContentFacts::default() },
                whereabouts: Whereabouts::default(),
                full_assurance: engine.assurance() == Assurance::Full,
                first_layer_accepted: config.first_layer_accepted(),
                now: OffsetDateTime::now_utc(),
            };
            let decision = rules.policy.decide(&rules.register, &facts, forms)?;
            let Some(step) = decision.steps.first().filter(|step| !step.permitted) else { continue };
            wanted = Some(step.form);
            for (at, rule) in step.rules.iter().enumerate() {
                let (_, roles) = stands.entry((at, rule.id.clone())).or_insert_with(|| (rule.clone(), Vec::new()));
                roles.push(role);
            }
        }
        let wanted = wanted.unwrap_or(DisclosureForm::Nothing);
        for (rule, roles) in stands.into_values() {
            let who = if roles.len() == system.roles.len() { "everybody".to_owned() } else { roles.join(", ") };
            let fix = addressed(&rule.fix, pages.as_deref());
            lines.push(format!("{id}: not {wanted} for {who}, by {}. {fix}", rule.id));
        }
    }
    Ok(lines)
}
