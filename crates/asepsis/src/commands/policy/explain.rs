//! `asepsis policy explain`: which form an exchange would get, by which rule and why, and what would help.

use std::collections::BTreeSet;

use anyhow::Context;
use asepsis_phi::Assurance;
use asepsis_policy::{ContentFacts, Decision, Facts, Rule};
use asepsis_vocab::DisclosureForm;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::args::Explain;
use crate::config::Config;
use crate::output;

pub(super) fn run(config: &Config, asked: &Explain) -> anyhow::Result<u8> {
    let missing = || format!("there is no system `{}` in the configuration", asked.system);
    let system = config.register.system(&asked.system).with_context(missing)?;
    let (_, _, forms, default_purpose) = config.routes().find(|(id, ..)| *id == asked.system).with_context(missing)?;
    let now = match &asked.at {
        Some(text) => OffsetDateTime::parse(text, &Rfc3339).context("--at must look like 2027-01-01T00:00:00Z")?,
        None => OffsetDateTime::now_utc(),
    };
    let labels = (!asked.labels.is_empty()).then(|| asked.labels.iter().copied().collect::<BTreeSet<_>>());
    let facts = Facts {
        user: asked.user.as_deref().unwrap_or("explain"),
        role: &asked.role,
        system,
        purpose: asked.purpose.unwrap_or(default_purpose),
        classes: asked.classes.iter().copied().collect(),
        content: ContentFacts { labels, individuals: Some(asked.individuals), ..ContentFacts::default() },
        whereabouts: asepsis_policy::Whereabouts::default(),
        full_assurance: config.engine()?.assurance() == Assurance::Full,
        first_layer_accepted: config.first_layer_accepted(),
        now,
    };
    let policies = config.policy()?;
    let decision = policies.decide(&config.register, &facts, forms)?;
    output::line(&format!("{} asks {} for {} at {now}", asked.role, asked.system, facts.purpose))?;
    output::line(&format!("the policies are {}", policies.version()))?;
    output::line(&format!("the route takes: {}", names(forms)))?;
    for line in lines(&decision) {
        output::line(&line)?;
    }
    output::line("")?;
    output::line("every rung of the ladder, asked by itself:")?;
    for form in &DisclosureForm::LADDER[..4] {
        let alone = policies.decide(&config.register, &facts, &[*form])?;
        let rules: Vec<&str> = alone.rules.iter().map(|r| r.id.as_str()).collect();
        let verdict = if alone.form == DisclosureForm::Nothing { "no " } else { "yes" };
        output::line(&format!("    {verdict}  {form:14} {}", rules.join(", ")))?;
    }
    Ok(if decision.form == DisclosureForm::Nothing { 3 } else { 0 })
}

fn names(forms: &[DisclosureForm]) -> String {
    forms.iter().map(|f| f.name()).collect::<Vec<_>>().join(", then ")
}

/// A decision for a person to read.
fn lines(decision: &Decision) -> Vec<String> {
    let mut lines = Vec::new();
    for step in &decision.steps {
        lines.push(format!("{}: {}", step.form, if step.permitted { "permitted" } else { "not permitted" }));
        for rule in &step.rules {
            say(&mut lines, rule, !step.permitted);
        }
    }
    lines.push(format!("decision: {} ({})", decision.form, decision.reason));
    for duty in &decision.duties {
        lines.push(format!("    {duty} {}: {}", duty.display(), duty.executor().unwrap_or("nobody carries it out")));
    }
    lines.push(format!("surrogates are turned back for this role: {}", if decision.restore { "yes" } else { "no" }));
    if !decision.restore {
        for rule in &decision.restore_rules {
            say(&mut lines, rule, true);
        }
    }
    lines
}

fn say(lines: &mut Vec<String>, rule: &Rule, refuses: bool) {
    let number = if rule.number.is_empty() { String::new() } else { format!("{}, ", rule.number) };
    let as_of = if rule.as_of.is_empty() { String::new() } else { format!(", as of {}", rule.as_of) };
    lines.push(format!("    rule {} ({number}{}{as_of})", rule.id, rule.cite));
    lines.push(format!("    {}", rule.staff));
    if !rule.officer.is_empty() {
        lines.push(format!("    for the privacy officer: {}", rule.officer));
    }
    if !rule.fix.is_empty() {
        lines.push(format!("    what helps: {}", asepsis_policy::addressed(&rule.fix, None)));
    }
    if refuses && !rule.exception.is_empty() {
        lines.push(format!("    exception: {}", rule.exception));
    }
}
