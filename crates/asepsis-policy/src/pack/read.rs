use std::collections::BTreeSet;

use serde::Deserialize;

use super::settings::Stated;
use super::{Pack, RuleText, Settings, Source};
use crate::problem::{Problem, closest};

/// The largest file, in bytes, and the most of all together.
const LARGEST: usize = 1 << 20;
const MOST: usize = 4 << 20;

/// A `pack.toml`, or a site's own file of texts and settings.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Manifest {
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    #[expect(dead_code, reason = "for people, and told apart by the fingerprint")]
    version: Option<String>,
    #[serde(default)]
    as_of: Option<String>,
    /// What stands before it. The order of the files is made by who names them, so this is checked only.
    #[serde(default)]
    includes: Vec<String>,
    #[serde(default)]
    exception: Option<String>,
    #[serde(default)]
    settings: Stated,
    #[serde(default, rename = "rule")]
    rules: Vec<RuleText>,
}

pub(super) fn pack(sources: Vec<Source>) -> Result<Pack, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut pack = Pack {
        name: String::new(),
        title: String::new(),
        sources: Vec::new(),
        settings: Settings::default(),
        rules: Vec::new(),
    };
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut total = 0;
    for source in &sources {
        total += source.text.len();
        if source.text.len() > LARGEST || total > MOST {
            problems.push(Problem::new(&source.name, "a file of a pack is at most 1 MiB, all together 4 MiB"));
            break;
        }
        if source.name.ends_with(".cedar") {
            continue;
        }
        if !source.name.ends_with(".toml") && !source.name.starts_with("[") {
            problems.push(Problem::new(&source.name, "a file of a pack ends in .cedar or .toml"));
            continue;
        }
        match toml::from_str::<Manifest>(&source.text) {
            Ok(manifest) => add(&mut pack, manifest, source, &mut seen, &mut problems),
            Err(error) => {
                let mut problem = Problem::new(&source.name, error.message());
                if let Some(span) = error.span() {
                    problem = problem.at(&source.text, span.start);
                }
                problems.push(suggest(problem));
            }
        }
    }
    pack.sources = sources;
    if problems.is_empty() { Ok(pack) } else { Err(problems) }
}

fn add(pack: &mut Pack, manifest: Manifest, source: &Source, seen: &mut BTreeSet<String>, problems: &mut Vec<Problem>) {
    for included in &manifest.includes {
        if !seen.contains(included) {
            problems
                .push(Problem::new(&source.name, format!("it includes `{included}`, which does not stand before it")));
        }
    }
    if let Some(name) = manifest.name {
        seen.insert(name.clone());
        pack.name = name;
    }
    if let Some(title) = manifest.title {
        pack.title = title;
    }
    pack.settings.state(manifest.settings);
    let mut here = BTreeSet::new();
    for mut rule in manifest.rules {
        if !here.insert(rule.id.clone()) {
            problems.push(Problem::new(&source.name, format!("rule `{}` stands twice", rule.id)));
            continue;
        }
        rule.as_of = rule.as_of.or_else(|| manifest.as_of.clone());
        rule.exception = rule.exception.or_else(|| manifest.exception.clone());
        // A later file's texts win.
        match pack.rules.iter_mut().find(|there| there.id == rule.id) {
            Some(there) => *there = rule,
            None => pack.rules.push(rule),
        }
    }
    // Who looks after exceptions is the organisation's matter, also for rules that it took over.
    if let Some(exception) = manifest.exception {
        for rule in &mut pack.rules {
            rule.exception = Some(exception.clone());
        }
    }
}

/// Adds "did you mean" to what the reader of TOML says of an unknown word.
fn suggest(problem: Problem) -> Problem {
    let mut words = problem.message.split('`').skip(1).step_by(2);
    let Some(unknown) = words.next().map(str::to_owned) else { return problem };
    let known: Vec<String> = words.map(str::to_owned).collect();
    match closest(&unknown, known.iter().map(String::as_str)) {
        Some(near) => {
            let help = format!("did you mean `{near}`?");
            problem.help(help)
        }
        None => problem,
    }
}

pub(super) fn fingerprint(sources: &[Source], settings: &Settings) -> String {
    let mut context = sha2::Sha256::default();
    use sha2::Digest as _;
    for source in sources {
        for part in [&source.name, &source.text] {
            context.update((part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
    }
    context.update(serde_json::to_string(settings).unwrap_or_default().as_bytes());
    context.finalize().iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}
