//! `asepsis statement`: what patients read of how the practice uses AI, made from the registers and policies that decide.

use std::collections::BTreeMap;

use anyhow::Context;
use asepsis_policy::{AiSystem, DataClass, Grade, Sheet};
use asepsis_vocab::DisclosureForm;
use serde::Deserialize;
use time::OffsetDateTime;

use crate::args::Statement;
use crate::commands::policy::sheet;
use crate::config::Config;
use crate::output;

#[derive(Deserialize)]
struct Words {
    titles: BTreeMap<String, String>,
    #[serde(flatten)]
    sentences: BTreeMap<String, String>,
}

impl Words {
    /// The sentence, with these filled in.
    fn say(&self, sentence: &str, values: &[(&str, &str)]) -> anyhow::Result<String> {
        let text = self.sentences.get(sentence).with_context(|| format!("the statement has no `{sentence}`"))?;
        Ok(values.iter().fold(text.clone(), |text, (name, value)| text.replace(&format!("{{{name}}}"), value)))
    }
}

pub(crate) fn run(config: &Config, asked: &Statement) -> anyhow::Result<u8> {
    let languages: BTreeMap<String, Words> = toml::from_str(include_str!("../../../../data/statement.toml"))?;
    let words = languages
        .get(&asked.language)
        .with_context(|| format!("there is no statement in `{}`; there are en and es", asked.language))?;
    let name = asked.name.as_deref().or(config.organisation()).context(
        "the statement needs the name of the practice: --name \"Lakeside Dental\", or `[sign_in] organisation` of the configuration",
    )?;
    let contact = asked.contact.as_deref().or(config.contact()).context(
        "the statement needs how a person is reached: --contact \"call 555-0100\", or `[patients] contact` of the configuration",
    )?;
    let sheet = sheet::of(config)?;
    output::line(&format!("# {}", words.say("title", &[("name", name)])?))?;
    paragraph(&words.say("opening", &[])?)?;
    let systems: Vec<(&AiSystem, DisclosureForm)> = config
        .routes()
        .filter_map(|(id, ..)| config.register.system(id))
        .map(|system| (system, richest(&sheet, &system.id)))
        .filter(|(system, form)| *form != DisclosureForm::Nothing && !config.register.is_stopped(system))
        .collect();
    if systems.is_empty() {
        paragraph(&words.say("none", &[])?)?;
    }
    for (system, form) in systems {
        let vendor = config.register.vendor(&system.vendor).map_or(system.vendor.as_str(), |vendor| &vendor.name);
        paragraph(&format!("## {}", words.say("tool", &[("vendor", vendor), ("system", &system.id)])?))?;
        paragraph(&about(config, words, system, form, vendor)?.join(" "))?;
    }
    for sentence in ["marked", "log", "rights"] {
        paragraph(&words.say(sentence, &[])?)?;
    }
    paragraph(&words.say("contact", &[("contact", contact)])?)?;
    Ok(0)
}

/// What is said of one AI system.
fn about(
    config: &Config,
    words: &Words,
    system: &AiSystem,
    form: DisclosureForm,
    vendor: &str,
) -> anyhow::Result<Vec<String>> {
    let mut said = Vec::new();
    let uses: Vec<&str> =
        config.uses(&system.id).filter_map(|known| words.titles.get(&known.id).map(String::as_str)).collect();
    said.push(match uses.is_empty() {
        true => words.say("uses_unknown", &[])?,
        false => words.say("uses", &[("uses", &uses.join(", "))])?,
    });
    said.push(words.say(form.name(), &[("vendor", vendor)])?);
    let (now, offset) = (OffsetDateTime::now_utc(), config.offset);
    // What nobody has shown is not told to patients as a fact.
    said.push(match system.retention_days.at(now, offset, Grade::D) {
        None => words.say("days_unknown", &[])?,
        Some(0) => words.say("days_none", &[])?,
        Some(days) => words.say("days", &[("days", &days.to_string())])?,
    });
    said.push(match system.trains_on_data.at(now, offset, Grade::D) {
        None => words.say("training_unknown", &[])?,
        Some(false) => words.say("no_training", &[])?,
        Some(true) => words.say("training", &[])?,
    });
    Ok(said)
}

/// The richest form in which patients' data goes to a system, whoever asks and for whatever purpose.
fn richest(sheet: &Sheet, system: &str) -> DisclosureForm {
    let at = DataClass::ALL.iter().position(|class| *class == DataClass::Patient).unwrap_or(0);
    let tables = sheet.tables.iter().filter(|table| table.system == system);
    let cells = tables.flat_map(|table| &table.rows).filter_map(|(_, cells)| cells.get(at));
    cells.map(|cell| cell.form).max().unwrap_or(DisclosureForm::Nothing)
}

fn paragraph(text: &str) -> anyhow::Result<()> {
    output::line("")?;
    output::line(text)
}
