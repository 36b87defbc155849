//! `asepsis policy`: asks the policies.

use std::path::Path;

use anyhow::Context;
use asepsis_phi::Assurance;
use asepsis_policy::{Decision, Facts};
use asepsis_vocab::DisclosureForm;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::args::{Policy, PolicyAction};
use crate::config::Config;
use crate::output;

pub(crate) fn run(path: &Path, policy: &Policy) -> anyhow::Result<u8> {
    let config = Config::read(path)?;
    let PolicyAction::Explain { role, system, purpose, classes, at } = &policy.action;
    let facts_system = config
        .register
        .system(system)
        .with_context(|| format!("there is no system `{system}` in the configuration"))?;
    let (_, _, forms, default_purpose) = config
        .routes()
        .find(|(id, ..)| id == system)
        .with_context(|| format!("there is no system `{system}` in the configuration"))?;
    let now = match at {
        Some(text) => OffsetDateTime::parse(text, &Rfc3339).context("--at must look like 2027-01-01T00:00:00Z")?,
        None => OffsetDateTime::now_utc(),
    };
    let facts = Facts {
        user: "explain",
        role,
        system: facts_system,
        purpose: purpose.unwrap_or(default_purpose),
        classes: classes.iter().copied().collect(),
        full_assurance: config.engine()?.assurance() == Assurance::Full,
        first_layer_accepted: config.first_layer_accepted(),
        now,
    };
    let policies = config.policy()?;
    let decision = policies.decide(&config.register, &facts, forms)?;
    output::line(&format!("{role} asks {system} for {} at {now}", facts.purpose))?;
    output::line(&format!("the route takes: {}", names(forms)))?;
    for line in lines(&decision) {
        output::line(&line)?;
    }
    output::line("")?;
    output::line("every rung of the ladder, asked by itself:")?;
    for form in &DisclosureForm::LADDER[..4] {
        let alone = policies.decide(&config.register, &facts, &[*form])?;
        let rules: Vec<&str> = alone.rules.iter().map(|r| r.id.as_str()).collect();
        let rules = if rules.is_empty() { "no rule permits it".to_owned() } else { rules.join(", ") };
        let verdict = if alone.form == DisclosureForm::Nothing { "no " } else { "yes" };
        output::line(&format!("    {verdict}  {form:14} {rules}"))?;
    }
    Ok(if decision.form == DisclosureForm::Nothing { 3 } else { 0 })
}

fn names(forms: &[DisclosureForm]) -> String {
    forms.iter().map(|f| f.name()).collect::<Vec<_>>().join(", then ")
}

/// A decision for a person to read.
pub(crate) fn lines(decision: &Decision) -> Vec<String> {
    let mut lines = Vec::new();
    for step in &decision.steps {
        lines.push(format!("{}: {}", step.form, if step.permitted { "permitted" } else { "not permitted" }));
        for rule in &step.rules {
            lines.push(format!("    rule {} ({})", rule.id, rule.cite));
            lines.push(format!("    {}", rule.staff));
            if !rule.fix.is_empty() {
                lines.push(format!("    what helps: {}", rule.fix));
            }
        }
        if step.rules.is_empty() {
            lines.push("    no rule permits it (default deny)".to_owned());
        }
    }
    lines.push(format!("decision: {}", decision.form));
    lines.push(format!("surrogates are turned back for this role: {}", if decision.restore { "yes" } else { "no" }));
    lines
}
