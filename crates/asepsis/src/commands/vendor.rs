//! `asepsis vendor`.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, bail};
use asepsis_govern::{DataClass, Fact, Intake, Safety, Subject, Template, Value, templates};
use serde_json::json;

use crate::args::{TemplateAction, VendorAction};
use crate::commands::assess;
use crate::commands::assess::book::Reach;
use crate::commands::register::entry;
use crate::output;
use crate::registers::VENDOR;

pub(crate) fn run(path: &Path, action: &VendorAction) -> anyhow::Result<u8> {
    match action {
        VendorAction::Entry(action) => entry::run(path, VENDOR, action),
        VendorAction::Template(command) => match &command.action {
            TemplateAction::List { json } => list(*json),
            TemplateAction::Show { name, json } => show(name, *json),
            TemplateAction::Apply { name, system, basis, json } => apply(path, named(name)?, system, basis, *json),
        },
    }
}

fn list(json: bool) -> anyhow::Result<u8> {
    for template in templates() {
        output::line(&match json {
            true => serde_json::to_string(template)?,
            false => format!("{}  {}: {}", template.name, template.title, template.about),
        })?;
    }
    Ok(0)
}

fn show(name: &str, json: bool) -> anyhow::Result<u8> {
    let template = named(name)?;
    output::line(&if json { serde_json::to_string(template)? } else { template.file().trim_end().to_owned() })?;
    Ok(0)
}

fn named(name: &str) -> anyhow::Result<&'static Template> {
    templates().iter().find(|template| template.name == name).with_context(|| {
        let names: Vec<_> = templates().iter().map(|template| template.name.as_str()).collect();
        format!("there is no template `{name}`; there are {}", names.join(", "))
    })
}

fn apply(path: &Path, template: &Template, system: &str, basis: &str, json: bool) -> anyhow::Result<u8> {
    assess::with(path, Reach::Named(system), async |home, _, book| {
        let (subject, id) = book.find(system)?;
        if subject != Subject::System {
            bail!("a template is of an AI system, and `{id}` is a vendor");
        }
        let dossier = book.dossier(subject, &id);
        // What an agreement says is entered with the agreement, and that there is one follows from it.
        let of_system = |name: &String| name != "contract" && !assess::book::OF_AGREEMENTS.contains(&name.as_str());
        let mut facts: BTreeMap<String, Fact> = template.facts.clone();
        facts.extend(intake(&template.intake));
        facts.retain(|name, _| of_system(name) && !dossier.facts.contains_key(name));
        assess::state(&home, &book, "cli.vendor.template", basis, subject, &id, &facts).await?;
        if json {
            output::line(&json!({ "system": id, "template": template.name, "facts": facts }).to_string())?;
            return Ok(0);
        }
        output::line(&format!("{} facts of {id} are entered without evidence", facts.len()))?;
        for (name, note) in template.facts.iter().filter_map(|(name, fact)| Some((name, fact.note.as_ref()?))) {
            output::remark(&format!("{name}: {note}"));
        }
        output::remark(&format!("`asepsis assess {id} --questions` says what to ask"));
        Ok(0)
    })
}

/// How deep the assessment goes, as the register keeps it: the organisation's own words on how it uses the system, so a statement.
fn intake(intake: &Intake) -> BTreeMap<String, Fact> {
    let mut facts = BTreeMap::new();
    if let Some(level) = intake.autonomy {
        facts.insert("autonomy".to_owned(), Fact::stated(Value::Number(level.level().into())));
    }
    if let Some(safety) = intake.safety {
        let word = match safety {
            Safety::Administrative => "none",
            Safety::Informs => "low",
            Safety::Drives => "moderate",
            Safety::LifeCritical => "high",
        };
        facts.insert("clinical_impact".to_owned(), Fact::stated(Value::Text(word.to_owned())));
    }
    if let Some(data) = intake.data {
        let word = match data {
            DataClass::None => "none",
            DataClass::Deidentified => "deidentified",
            DataClass::Limited => "limited",
            DataClass::Identified => "identified",
            DataClass::Special => "special",
        };
        facts.insert("data_classes".to_owned(), Fact::stated(Value::Words(vec![word.to_owned()])));
    }
    facts
}
