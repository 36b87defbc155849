//! The whole corpus: so much of each kind of text.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use asepsis_phi::training::{Example, Mark};
use asepsis_vocab::IdentifierClass;

use crate::carrier::Carriers;
use crate::chance::Chance;
use crate::distort::distort;
use crate::name::Names;
use crate::place::Places;
use crate::resample::resample;
use crate::sources::{carriers, conll, counted, lines};
use crate::template::{Draft, Templates, Values, World, table};
use crate::value;

/// How many texts of each kind there are.
#[derive(Clone, Copy, Debug)]
pub struct Mixture {
    /// Texts of our own making: sentences, forms, prompts, talk, letters.
    pub made: usize,
    /// Labelled texts, each drawn again with other people in it.
    pub resampled: usize,
    /// General sentences with names, places and organisations, as they are.
    pub general: usize,
    /// What is drawn.
    pub seed: u64,
}

/// Where the texts come from.
pub struct Corpus {
    world: World,
    templates: Templates,
    rows: BTreeMap<String, Vec<String>>,
    carriers: Carriers,
    general: Vec<Example>,
}

impl Corpus {
    /// Reads the lists and texts of a folder.
    ///
    /// # Errors
    /// Where one is missing or unreadable.
    pub fn read(folder: &Path) -> anyhow::Result<Self> {
        let at = |name: &str| folder.join(name);
        let (first, last) = (counted(&at("us-first-names-2020.tsv"))?, counted(&at("us-surnames-2020.tsv"))?);
        let (mut towns, mut home, mut all_towns) = (Vec::new(), Vec::new(), HashSet::new());
        for line in lines(&at("places-geonames.tsv"))? {
            let mut columns = line.split('\t');
            let (Some(name), Some(country), Some(people)) = (columns.next(), columns.next(), columns.nth(1)) else {
                continue;
            };
            if people.parse::<u64>().unwrap_or(0) > 100_000 {
                all_towns.insert(name.to_lowercase());
            }
            if matches!(country, "US" | "CA" | "GB") { home.push(name.to_owned()) } else { towns.push(name.to_owned()) }
        }
        let column = |name: &str| -> anyhow::Result<Vec<(String, String)>> {
            Ok(lines(&at(name))?
                .iter()
                .filter_map(|l| l.split_once('\t').map(|(a, b)| (a.to_owned(), b.to_owned())))
                .collect())
        };
        let (states, countries) = (column("us-states.tsv")?, column("countries.tsv")?);
        let counties = column("us-counties.tsv")?.into_iter().map(|c| c.0).collect();
        let mut ordinary: Vec<String> = counted(&at("english-words-scowl.tsv"))?
            .into_iter()
            .filter(|w| w.1 <= 35 && (3..=9).contains(&w.0.len()) && w.0.bytes().all(|b| b.is_ascii_lowercase()))
            .map(|w| w.0)
            .collect();
        ordinary.sort_unstable();
        let words: HashSet<String> =
            counted(&at("english-words-scowl.tsv"))?.into_iter().filter(|w| w.1 <= 50).map(|w| w.0).collect();
        let frequent = |rows: &[(String, u64)], least: u64| -> HashSet<String> {
            rows.iter().filter(|r| r.1 >= least).map(|r| r.0.to_lowercase()).collect()
        };
        let mut named = frequent(&first, 3_000);
        named.extend(frequent(&last, 10_000));
        let carriers = Carriers::new(carriers(&at("clinical-carriers.jsonl"))?, &named, &all_towns, &words);
        let mut general = Vec::new();
        let outside: HashSet<String> = states
            .iter()
            .chain(&countries)
            .map(|s| s.0.to_lowercase())
            .chain(["us", "uk", "usa", "u.s."].map(str::to_owned))
            .collect();
        for name in ["wikigold.conll", "wnut17-train.conll", "btc-f.conll", "btc-g.conll", "btc-h.conll"] {
            for mut example in conll(&at(name))? {
                let text = example.text.clone();
                // A state or country may stand, 45 CFR 164.514(b)(2)(i)(B).
                example.marks.retain(|(span, mark)| {
                    *mark != Mark::Identifier(IdentifierClass::Location)
                        || !outside.contains(&text[span.range()].to_lowercase())
                });
                general.push(example);
            }
        }
        let world = World {
            names: Names::new(first, last, ordinary),
            places: Places::new(towns, home, counties, states, countries.into_iter().map(|c| c.0).collect()),
            values: Values::shipped(),
            drugs: lines(&at("drug-words-unii.txt"))?,
        };
        Ok(Self {
            world,
            templates: Templates::shipped(),
            rows: table(include_str!("../data/rows.tsv")),
            carriers,
            general,
        })
    }

    /// Gives the corpus to `each`, text by text.
    pub fn compose(&self, labelled: &[Example], mixture: Mixture, mut each: impl FnMut(&Example)) {
        let mut chance = Chance::new(mixture.seed);
        for _ in 0..mixture.made {
            let example = distort(self.text(&mut chance), &mut chance);
            each(&example);
        }
        for _ in 0..if labelled.is_empty() { 0 } else { mixture.resampled } {
            let example = resample(chance.pick(labelled), &self.world, &mut chance);
            each(&distort(example, &mut chance));
        }
        for _ in 0..mixture.general {
            let mut draft = Draft::default();
            for _ in 0..chance.within(1, 3) {
                self.join(chance.pick(&self.general), &mut draft);
            }
            each(&distort(draft.example, &mut chance));
        }
    }

    fn join(&self, example: &Example, draft: &mut Draft) {
        if !draft.example.text.is_empty() {
            draft.plain("\n");
        }
        let offset = draft.example.text.len();
        draft.plain(&example.text);
        draft.example.marks.extend(
            example.marks.iter().map(|(s, m)| (asepsis_vocab::Span::new(s.start + offset, s.end + offset), *m)),
        );
    }

    fn text(&self, chance: &mut Chance) -> Example {
        let mut draft = Draft::default();
        match chance.unit() {
            // A note: several sentences, real and made.
            x if x < 0.38 => {
                for k in 0..chance.within(2, 9) {
                    if k > 0 {
                        draft.plain(chance.say(&[" ", " ", " ", "\n", "\n\n", "  "]));
                    }
                    match chance.unit() {
                        y if y < 0.42 => self.world.fill(self.templates.pick("note", chance), chance, &mut draft),
                        y if y < 0.58 => self.world.fill(self.templates.pick("none", chance), chance, &mut draft),
                        y if y < 0.78 => {
                            let sentence = self.carriers.sentence(chance);
                            self.world.inhabit(sentence, chance, &mut draft);
                        }
                        _ => draft.plain(self.carriers.sentence(chance)),
                    }
                }
            }
            x if x < 0.54 => self.form(chance, &mut draft),
            x if x < 0.66 => {
                self.world.fill(self.templates.pick("prompt", chance), chance, &mut draft);
                if chance.is(0.4) {
                    draft.plain(chance.say(&["\n\n", " ", "\n"]));
                    self.world.inhabit(self.carriers.sentence(chance), chance, &mut draft);
                }
            }
            x if x < 0.80 => {
                for k in 0..chance.within(1, 5) {
                    if k > 0 {
                        draft.plain("\n");
                    }
                    if chance.is(0.5) {
                        let line = chance.pick(&self.carriers.talk);
                        if chance.is(0.5) {
                            spoken(line, chance, &mut draft);
                        } else {
                            self.world.chat_of(line, chance, &mut draft);
                        }
                    } else {
                        self.world.fill(self.templates.pick("talk", chance), chance, &mut draft);
                    }
                }
            }
            x if x < 0.87 => self.world.fill(self.templates.pick("letter", chance), chance, &mut draft),
            x if x < 0.92 => {
                for k in 0..chance.within(1, 3) {
                    if k > 0 {
                        draft.plain(chance.say(&[" ", "\n"]));
                    }
                    self.world.fill(self.templates.pick("say", chance), chance, &mut draft);
                }
            }
            _ => {
                for k in 0..chance.within(1, 4) {
                    if k > 0 {
                        draft.plain("\n");
                    }
                    if chance.is(0.5) {
                        draft.plain(self.carriers.sentence(chance));
                    } else {
                        self.world.fill(self.templates.pick("none", chance), chance, &mut draft);
                    }
                }
            }
        }
        draft.example
    }

    /// A form: keys and values, a line each or in a row.
    fn form(&self, chance: &mut Chance, draft: &mut Draft) {
        let separator = chance.say(&[": ", ": ", ": ", ":", " - ", " = ", "\t", " | ", " >> ", ":\n", " — ", ": \t"]);
        let between = chance.say(&["\n", "\n", "\n", "\n", "; ", " | ", ", ", "  "]);
        let upper = chance.is(0.2);
        for k in 0..chance.within(2, 12) {
            if k > 0 {
                draft.plain(between);
            }
            let kind = match chance.unit() {
                x if x < 0.26 => "name",
                x if x < 0.33 => "loc",
                x if x < 0.38 => "town",
                x if x < 0.40 => "county",
                x if x < 0.42 => "zip",
                x if x < 0.50 => "org",
                x if x < 0.57 => "date",
                x if x < 0.66 => "mrn",
                x if x < 0.71 => "phone",
                _ => "none",
            };
            let key = chance.pick(&self.rows[kind]);
            let key = if upper { key.to_uppercase() } else { key.clone() };
            draft.plain(&key);
            draft.plain(separator);
            let template = match kind {
                "name" => chance.say(&[
                    "{name}",
                    "{name}",
                    "{name}",
                    "{full}",
                    "{full}",
                    "{dr}",
                    "{mr}",
                    "{full}, {credential}",
                    "{full} ({relation})",
                ]),
                "loc" => chance.say(&["{address}", "{address}", "{street}"]),
                "town" => chance.say(&["{town}", "{town}", "{townst}"]),
                "county" => "{county}",
                "zip" => "{zip}",
                "org" => chance.say(&[
                    "{facility}",
                    "{facility}",
                    "{facility}",
                    "{employer}",
                    "{school}",
                    "{facility}, {townst}",
                ]),
                "date" => chance.say(&["{date}", "{date}", "{dob}", "{date} 08:15"]),
                "phone" => "{phone}",
                "mrn" => {
                    draft.marked(&value::code(chance), Mark::Identifier(IdentifierClass::Id));
                    ""
                }
                _ => {
                    if chance.is(0.5) {
                        draft.plain(chance.pick::<String>(&self.rows["noneval"]));
                        ""
                    } else {
                        chance.say(&[
                            "{drug} {dose}",
                            "{cond}",
                            "{eponym}",
                            "{device}",
                            "{test}",
                            "{n}",
                            "{prof}",
                            "{specialty}",
                            "{sign}",
                        ])
                    }
                }
            };
            self.world.fill(template, chance, draft);
        }
    }
}

/// A line of talk as speech recognition writes it.
fn spoken(line: &str, chance: &mut Chance, draft: &mut Draft) {
    let spaced = chance.is(0.5);
    for c in line.chars() {
        match c {
            '.' | ',' | '?' | '!' if spaced => draft.plain(&format!(" {c}")),
            '.' | ',' | '?' | '!' => {}
            _ => draft.plain(&c.to_lowercase().to_string()),
        }
    }
}
