//! Sentences and forms with places for identifiers, and how the places are filled.

use std::collections::BTreeMap;

use asepsis_phi::training::{Example, Mark};
use asepsis_vocab::{IdentifierClass, Span};

use crate::chance::Chance;
use crate::name::Names;
use crate::place::Places;
use crate::value;

/// A text that grows, with its marks.
#[derive(Default)]
pub(crate) struct Draft {
    pub(crate) example: Example,
}

impl Draft {
    pub(crate) fn plain(&mut self, text: &str) {
        self.example.text.push_str(text);
    }

    pub(crate) fn marked(&mut self, text: &str, mark: Mark) {
        let start = self.example.text.len();
        self.example.text.push_str(text);
        let end = self.example.text.len();
        // "{first} {last}" and "{last}, {first}" are one name.
        if let Some((last, before)) = self.example.marks.last_mut()
            && *before == mark
            && mark == Mark::Identifier(IdentifierClass::Name)
            && matches!(&self.example.text[last.end..start], " " | ", ")
        {
            last.end = end;
            return;
        }
        if start < self.example.text.len() {
            self.example.marks.push((Span::new(start, self.example.text.len()), mark));
        }
    }

    fn identifier(&mut self, text: &str, class: IdentifierClass) {
        self.marked(text, Mark::Identifier(class));
    }
}

/// Values of the closed kinds: drugs, conditions, eponyms.
pub(crate) struct Values(BTreeMap<String, Vec<String>>);

impl Values {
    pub(crate) fn shipped() -> Self {
        Self(table(include_str!("../data/values.tsv")))
    }

    pub(crate) fn pick(&self, kind: &str, chance: &mut Chance) -> &str {
        self.0.get(kind).map_or("", |values| chance.pick::<String>(values))
    }
}

/// `kind<tab>a|b|c` lines.
pub(crate) fn table(data: &str) -> BTreeMap<String, Vec<String>> {
    data.lines()
        .filter(|l| !l.starts_with('#'))
        .filter_map(|l| l.split_once('\t'))
        .map(|(kind, values)| (kind.to_owned(), values.split('|').map(str::to_owned).collect()))
        .collect()
}

/// All that fills a place.
pub(crate) struct World {
    pub(crate) names: Names,
    pub(crate) places: Places,
    pub(crate) values: Values,
    /// Rare drug words, beside the common ones of the values.
    pub(crate) drugs: Vec<String>,
}

/// `kind|text` lines.
pub(crate) struct Templates(BTreeMap<String, Vec<String>>);

impl Templates {
    pub(crate) fn shipped() -> Self {
        let mut by_kind: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in include_str!("../data/templates.txt").lines().filter(|l| !l.starts_with('#')) {
            if let Some((kind, text)) = line.split_once('|') {
                by_kind.entry(kind.to_owned()).or_default().push(text.replace("\\n", "\n"));
            }
        }
        Self(by_kind)
    }

    pub(crate) fn pick(&self, kind: &str, chance: &mut Chance) -> &str {
        self.0.get(kind).map_or("", |texts| chance.pick::<String>(texts))
    }
}

/// Who is spoken of in a text: the same wherever a template says so.
struct Person {
    female: bool,
}

impl World {
    /// Fills the places of a template.
    pub(crate) fn fill(&self, template: &str, chance: &mut Chance, draft: &mut Draft) {
        let person = Person { female: chance.is(0.5) };
        let mut rest = template;
        while let Some(open) = rest.find('{') {
            draft.plain(&rest[..open]);
            let close = rest[open..].find('}').map_or(rest.len(), |c| open + c);
            self.place(&rest[open + 1..close], &person, chance, draft);
            rest = rest.get(close + 1..).unwrap_or("");
        }
        draft.plain(rest);
    }

    #[allow(clippy::too_many_lines, reason = "one line a kind of place")]
    fn place(&self, kind: &str, person: &Person, chance: &mut Chance, draft: &mut Draft) {
        use IdentifierClass as Class;
        let (names, places, values) = (&self.names, &self.places, &self.values);
        match kind {
            "name" => {
                if chance.is(0.08) {
                    let (before, name) = names.mister(chance);
                    draft.plain(&before);
                    draft.identifier(&name, Class::Name);
                } else {
                    draft.identifier(&names.any(chance), Class::Name);
                }
            }
            "full" => draft.identifier(&names.full(chance), Class::Name),
            "first" => draft.identifier(&names.first(chance), Class::Name),
            "last" => draft.identifier(&names.last(chance), Class::Name),
            "dr" | "drpos" | "drlast" => {
                let (before, name, after) = names.doctor(chance);
                draft.plain(&before);
                draft.identifier(&name, Class::Name);
                draft.plain(if kind == "drpos" { "'s" } else { after });
            }
            "drlow" => {
                draft.plain(chance.say(&["doctor ", "dr. ", "dr "]));
                draft.identifier(&names.last(chance).to_lowercase(), Class::Name);
            }
            "mr" => {
                let (before, name) = names.mister(chance);
                draft.plain(&before);
                draft.identifier(&name, Class::Name);
            }
            "mrlow" => {
                draft.plain(chance.say(&["mister ", "mr. ", "mrs. ", "miss ", "ms. "]));
                draft.identifier(&names.last(chance).to_lowercase(), Class::Name);
            }
            "town" => draft.identifier(&places.town(names, values, chance), Class::Location),
            "townst" => {
                let town = places.town(names, values, chance);
                let comma = if chance.is(0.9) { ", " } else { " " };
                draft.identifier(&town, Class::Location);
                draft.plain(comma);
                draft.plain(&places.state(chance));
            }
            "st" => draft.plain(&places.state(chance)),
            "country" => draft.plain(chance.pick::<String>(&places.countries)),
            "street" => draft.identifier(&places.street(names, values, chance), Class::Location),
            "address" => draft.identifier(&places.address(names, values, chance), Class::Location),
            "zip" => draft.identifier(&places.zip(chance), Class::Location),
            "county" => draft.identifier(&places.county(chance), Class::Location),
            "road" => {
                let road = if chance.is(0.4) {
                    format!("{} {}", chance.say(&["Interstate", "Route", "Highway", "I-"]), chance.within(5, 495))
                        .replace("- ", "-")
                } else {
                    format!("{} {}", names.last(chance), chance.say(&["Road", "Avenue", "Street", "Lane", "Blvd"]))
                };
                draft.identifier(&road, Class::Location);
            }
            "facility" => draft.identifier(&places.facility(names, values, chance), Class::Org),
            "employer" => draft.identifier(&places.business(names, values, chance), Class::Org),
            "school" => {
                let tail = chance.say(&[
                    "Elementary School",
                    "Middle School",
                    "High School",
                    "Elementary",
                    "Academy",
                    "University",
                    "College",
                ]);
                let head = if chance.is(0.5) { places.town(names, values, chance) } else { names.last(chance) };
                draft.identifier(&format!("{head} {tail}"), Class::Org);
            }
            "church" => {
                let tail = chance.say(&[
                    "Church",
                    "Baptist Church",
                    "Lutheran Church",
                    "Parish",
                    "Temple",
                    "Methodist Church",
                ]);
                draft.identifier(&format!("{} {tail}", places.town(names, values, chance)), Class::Org);
            }
            "pharmacy" => {
                let chain = chance.say(&[
                    "Walgreens",
                    "CVS",
                    "Rite Aid",
                    "Walmart Pharmacy",
                    "Costco Pharmacy",
                    "Kroger Pharmacy",
                ]);
                if chance.is(0.6) {
                    draft.plain(chain);
                } else {
                    draft.identifier(&format!("{} Pharmacy", names.last(chance)), Class::Org);
                }
            }
            "insurer" => draft.plain(chance.say(&[
                "Aetna",
                "Cigna",
                "Blue Cross Blue Shield",
                "UnitedHealthcare",
                "Humana",
                "Medicare",
                "Medicaid",
                "Kaiser",
                "Anthem",
                "Delta Dental",
                "MetLife",
            ])),
            "date" => draft.identifier(&value::date((2008, 2026), chance), Class::Date),
            "dob" => draft.identifier(&value::date((1930, 2020), chance), Class::Date),
            "spokendate" => draft.identifier(&value::spoken_date(chance), Class::Date),
            "month" => {
                draft.plain(chance.say(&["January", "spring", "May", "week", "fall", "October", "year", "night"]));
            }
            "year" => draft.plain(&chance.within(1960, 2025).to_string()),
            "mrn" | "plan" | "id" => draft.identifier(&value::code(chance), Class::Id),
            "ssn" => draft.identifier(&value::ssn(chance), Class::Ssn),
            "phone" => draft.identifier(&value::phone(chance), Class::Phone),
            "email" => draft.identifier(&value::email(names, chance), Class::Email),
            "age" => draft.plain(&chance.within(1, 89).to_string()),
            "n" => draft.plain(&chance.within(1, 30).to_string()),
            "d4" => draft.plain(&chance.within(1000, 9999).to_string()),
            "d5" => draft.plain(&chance.within(10_000, 99_999).to_string()),
            "d6" => draft.plain(&chance.within(100_000, 999_999).to_string()),
            "five" => draft.plain(&chance.within(0, 5).to_string()),
            "pmid" => draft.plain(&chance.within(10_000_000, 39_999_999).to_string()),
            "icd" => draft.plain(&format!(
                "{}{}.{}",
                chance.say(&["E", "I", "J", "K", "M", "Z", "R"]),
                chance.within(10, 99),
                chance.within(0, 9)
            )),
            "sex" => draft.plain(match (person.female, chance.is(0.5)) {
                (true, true) => "female",
                (true, false) => "woman",
                (false, true) => "male",
                (false, false) => "man",
            }),
            "sexletter" => draft.plain(match (person.female, chance.is(0.6)) {
                (true, true) => "F",
                (true, false) => "f",
                (false, true) => "M",
                (false, false) => "m",
            }),
            "she" => draft.plain(if person.female { "she" } else { "he" }),
            "She" => draft.plain(if person.female { "She" } else { "He" }),
            "her" => draft.plain(if person.female { "her" } else { "his" }),
            "Her" => draft.plain(if person.female { "Her" } else { "His" }),
            "dose" => draft.plain(&format!(
                "{} {}",
                chance.say(&["5", "10", "20", "25", "40", "50", "81", "100", "250", "500", "0.5"]),
                chance.say(&["mg", "mg", "mcg", "units", "mL"])
            )),
            "drug" => {
                let drug = if chance.is(0.85) {
                    values.pick("drug", chance).to_owned()
                } else {
                    chance.pick(&self.drugs).clone()
                };
                let drug = if chance.is(0.3) { crate::name::title(&drug) } else { drug };
                draft.marked(&drug, Mark::Drug);
            }
            "eponym" | "device" => {
                let value = values.pick(kind, chance).to_owned();
                let mark = if kind == "eponym" { Mark::Eponym } else { Mark::Device };
                // The first word is what could be taken for a name.
                let end = value.rfind(' ').unwrap_or(value.len());
                let end = if value[..end].ends_with("'s") { end - 2 } else { end };
                draft.marked(&value[..end], mark);
                draft.plain(&value[end..]);
            }
            "test" => draft.marked(values.pick("test", chance), Mark::Test),
            "relation" | "cond" | "prof" | "specialty" | "heading" | "sign" | "credential" => {
                draft.plain(values.pick(kind, chance));
            }
            other => debug_assert!(false, "no such place: {other}"),
        }
    }
}
