//! How a suite is written in TOML.

use serde::Deserialize;

use super::{Carrier, Case, Escape, Fails, Kind, Place, Tool};
use crate::disguise::Disguise;
use crate::fill::fill;
use crate::plant::{Planted, SUBJECTS};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    #[expect(dead_code, reason = "it is asked for, for whoever reads the file")]
    source: String,
    #[expect(dead_code, reason = "the same")]
    licence: String,
    #[expect(dead_code, reason = "the same")]
    date: String,
    #[serde(default)]
    defaults: Option<Defaults>,
    #[serde(default)]
    carrier: Vec<CarrierEntry>,
    #[serde(default)]
    tool: Vec<ToolEntry>,
    #[serde(default)]
    pub(super) case: Vec<CaseEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Defaults {
    system: String,
    user: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CarrierEntry {
    id: String,
    #[serde(default)]
    place: Place,
    #[serde(default)]
    escape: Escape,
    #[serde(default)]
    tool: Option<String>,
    text: String,
    /// Words that the text holds, of which an answer to the twin has one.
    #[serde(default)]
    expects: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToolEntry {
    name: String,
    about: String,
    #[serde(default)]
    parameters: Option<toml::Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct CaseEntry {
    pub(super) id: String,
    about: String,
    #[serde(default)]
    remedy: Option<String>,
    owasp: Vec<String>,
    atlas: Vec<String>,
    #[serde(default)]
    system: Option<String>,
    #[serde(default)]
    user: Option<String>,
    order: String,
    benign: String,
    #[serde(default)]
    disguise: Disguise,
    #[serde(default)]
    carrier: Option<String>,
    #[serde(default)]
    tools: Vec<String>,
    #[serde(default)]
    patient_facing: bool,
    #[serde(default)]
    fails: Fails,
    #[serde(default)]
    expects: Vec<String>,
    #[serde(default)]
    expects_call: Vec<String>,
}

/// The case, with all that it names looked up in the files, the last first.
pub(super) fn case<'f>(
    entry: &CaseEntry,
    files: &(impl DoubleEndedIterator<Item = &'f File> + Clone),
    source: (String, usize),
) -> Result<Case, String> {
    let kind = entry.id.split_once('/').and_then(|(word, _)| Kind::ALL.into_iter().find(|kind| kind.word() == word));
    let kind = kind.ok_or_else(|| {
        format!("an id begins with a kind and a slash, `leak/...`; there are: {}", Kind::ALL.map(Kind::word).join(", "))
    })?;
    let defaults = files.clone().rev().find_map(|file| file.defaults.as_ref());
    let (mut expects, mut carrier) = (entry.expects.clone(), None);
    if let Some(name) = &entry.carrier {
        let found = files.clone().rev().flat_map(|file| &file.carrier).find(|one| one.id == *name);
        let found = found.ok_or_else(|| format!("there is no [[carrier]] `{name}`"))?;
        if expects.is_empty() {
            expects.clone_from(&found.expects);
        }
        let tool = found.tool.clone().unwrap_or_else(|| "find_record".to_owned());
        carrier = Some(Carrier { place: found.place, escape: found.escape, tool, text: found.text.clone() });
    }
    let mut names = entry.tools.clone();
    if let Some(carrier) = carrier.as_ref().filter(|carrier| carrier.place == Place::Tool)
        && !names.contains(&carrier.tool)
    {
        names.insert(0, carrier.tool.clone());
    }
    let mut tools = Vec::new();
    for name in &names {
        let found = files.clone().rev().flat_map(|file| &file.tool).find(|one| one.name == *name);
        let found = found.ok_or_else(|| format!("there is no [[tool]] `{name}`"))?;
        let parameters = found.parameters.as_ref().map(serde_json::to_value).transpose();
        let parameters = parameters.map_err(|error| format!("the parameters of `{name}`: {error}"))?;
        tools.push(Tool {
            name: name.clone(),
            about: found.about.clone(),
            parameters: parameters.unwrap_or_else(|| serde_json::json!({"type": "object"})),
        });
    }
    if carrier.as_ref().is_some_and(|carrier| carrier.place == Place::Description) && tools.is_empty() {
        return Err("its carrier is the description of a tool, and it lists no tools".to_owned());
    }
    let text = |own: &Option<String>, usual: fn(&Defaults) -> &String| {
        own.clone().or_else(|| defaults.map(|defaults| usual(defaults).clone())).unwrap_or_default()
    };
    let case = Case {
        id: entry.id.clone(),
        kind,
        about: entry.about.clone(),
        remedy: entry.remedy.clone().unwrap_or_else(|| kind.remedy().to_owned()),
        owasp: entry.owasp.clone(),
        atlas: entry.atlas.clone(),
        source,
        system: text(&entry.system, |defaults| &defaults.system),
        user: text(&entry.user, |defaults| &defaults.user),
        order: entry.order.clone(),
        benign: entry.benign.clone(),
        disguise: entry.disguise,
        carrier,
        tools,
        patient_facing: entry.patient_facing,
        fails: entry.fails.clone(),
        expects,
        expects_call: entry.expects_call.clone(),
    };
    checked(case)
}

/// What would make a case that tests nothing, or cannot be asked.
fn checked(case: Case) -> Result<Case, String> {
    let holds_order = |text: &str| text.contains("{{order}}");
    if !holds_order(&case.user) && !case.carrier.as_ref().is_some_and(|carrier| holds_order(&carrier.text)) {
        return Err("nothing holds {{order}}: write it into `user`, or name a carrier".to_owned());
    }
    let carrier = case.carrier.as_ref().map(|carrier| carrier.text.as_str()).unwrap_or_default();
    for text in [&case.system, &case.user, &case.order, &case.benign, carrier] {
        fill(text, |name| (name == "order" || Planted::is_name(name)).then(String::new))
            .map_err(|name| format!("there is no {{{{{name}}}}} to fill in"))?;
    }
    if [&case.id, &case.about, &case.remedy].iter().any(|text| text.chars().any(char::is_control)) {
        return Err("id, about and remedy are each one line, without control characters".to_owned());
    }
    if case.expects.is_empty() && case.expects_call.is_empty() {
        return Err("say in `expects` of which words an answer to the harmless twin holds one".to_owned());
    }
    if let Some(who) = case.fails.leak.iter().find(|who| !SUBJECTS.contains(&who.as_str())) {
        return Err(format!("fails.leak: there is no `{who}`; there are: {}", SUBJECTS.join(", ")));
    }
    for rule in &case.fails.clinical {
        let beginning = rule.strip_suffix('*').unwrap_or(rule);
        if !asepsis_clinical::rules()
            .any(|known| known == rule || beginning.len() < rule.len() && known.starts_with(beginning))
        {
            return Err(format!("fails.clinical: there is no rule `{rule}` of the clinical checks"));
        }
    }
    let owasp = |tag: &str| tag.len() == 5 && tag.starts_with("LLM") && tag[3..].bytes().all(|b| b.is_ascii_digit());
    if let Some(tag) = case.owasp.iter().find(|tag| !owasp(tag)) {
        return Err(format!("owasp: `{tag}` is not of the form LLM01"));
    }
    if let Some(tag) = case.atlas.iter().find(|tag| !tag.starts_with("AML.T")) {
        return Err(format!("atlas: `{tag}` is not of the form AML.T0051"));
    }
    Ok(case)
}
