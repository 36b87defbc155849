//! Towns, streets and places of care that do not exist, and some that do.

use crate::chance::Chance;
use crate::name::{Inventor, Names, title};
use crate::template::Values;

pub(crate) struct Places {
    towns: Vec<String>,
    /// Towns of the same country as most readers.
    home: Vec<String>,
    invented: Inventor,
    counties: Vec<String>,
    pub(crate) states: Vec<(String, String)>,
    pub(crate) countries: Vec<String>,
}

impl Places {
    pub(crate) fn new(
        towns: Vec<String>,
        home: Vec<String>,
        counties: Vec<String>,
        states: Vec<(String, String)>,
        countries: Vec<String>,
    ) -> Self {
        let invented = Inventor::new(home.iter().chain(&towns).filter(|t| t.is_ascii()).map(String::as_str));
        Self { towns, home, invented, counties, states, countries }
    }

    pub(crate) fn town(&self, names: &Names, values: &Values, chance: &mut Chance) -> String {
        match chance.unit() {
            x if x < 0.34 => chance.pick(&self.home).clone(),
            x if x < 0.50 => chance.pick(&self.towns).clone(),
            x if x < 0.62 => title(&self.invented.word(chance)),
            x if x < 0.78 => format!("{}{}", names.last(chance).replace(' ', ""), values.pick("towntail", chance)),
            x if x < 0.86 => format!("{} {}", names.last(chance), values.pick("townword", chance)),
            x if x < 0.92 => format!("{} {}", values.pick("townfront", chance), title(&self.invented.word(chance))),
            x if x < 0.95 => format!("{}{}", chance.pick(&SCENERY), values.pick("towntail", chance)),
            x if x < 0.97 => names.odd_word(chance),
            _ => format!("{} {}", chance.pick(&SCENERY), values.pick("townword", chance)),
        }
    }

    pub(crate) fn county(&self, chance: &mut Chance) -> String {
        let county = chance.pick(&self.counties);
        if chance.is(0.8) { county.clone() } else { county.replace(" County", "") }
    }

    pub(crate) fn state(&self, chance: &mut Chance) -> String {
        let (name, code) = chance.pick(&self.states);
        if chance.is(0.7) { code.clone() } else { name.clone() }
    }

    pub(crate) fn street(&self, names: &Names, values: &Values, chance: &mut Chance) -> String {
        let number = match chance.unit() {
            x if x < 0.25 => chance.within(1, 99),
            x if x < 0.6 => chance.within(100, 999),
            _ => chance.within(1000, 19_999),
        };
        let name = match chance.unit() {
            x if x < 0.3 => names.last(chance),
            x if x < 0.45 => chance.pick(&SCENERY).to_string(),
            x if x < 0.55 => {
                format!("{}{}", chance.pick(&SCENERY), chance.say(&["wood", "brook", "view", "dale", "bank"]))
            }
            x if x < 0.65 => {
                format!("{} {}", chance.say(&["North", "S.", "N.", "East", "W", "SW", "NE"]), names.last(chance))
            }
            x if x < 0.75 => format!("{}{}", chance.within(1, 99), chance.say(&["th", "st", "nd", "rd"])),
            x if x < 0.85 => title(&self.invented.word(chance)),
            _ => names.first(chance),
        };
        let unit = match chance.unit() {
            x if x < 0.08 => format!(", Apt {}", chance.within(1, 99)),
            x if x < 0.11 => format!(" #{}", chance.within(1, 400)),
            x if x < 0.14 => format!(" Suite {}", chance.within(100, 900)),
            x if x < 0.16 => format!(", Unit {}", chance.say(&["A", "B", "4C", "12"])),
            _ => String::new(),
        };
        match chance.unit() {
            x if x < 0.87 => format!("{number} {name} {}{unit}", values.pick("street", chance)),
            x if x < 0.91 => format!("{name}straße {number}"),
            x if x < 0.94 => {
                format!("{} {name} {number}", chance.say(&["Rua", "Calle", "Via", "Rue", "Avenida", "Rue de"]))
            }
            x if x < 0.97 => {
                format!("{number}, {} {name}", chance.say(&["rue", "rue de la", "avenue", "chemin", "boulevard"]))
            }
            _ => format!("P.O. Box {}", chance.within(10, 99_999)),
        }
    }

    pub(crate) fn zip(&self, chance: &mut Chance) -> String {
        match chance.unit() {
            x if x < 0.85 => format!("{:05}", chance.within(501, 99_950)),
            x if x < 0.95 => format!("{:05}-{:04}", chance.within(501, 99_950), chance.below(10_000)),
            _ => format!(
                "{}{} {}{}{}",
                chance.say(&["SW", "EC", "M", "B", "LS"]),
                chance.within(1, 20),
                chance.within(1, 9),
                chance.say(&["A", "B", "H"]),
                chance.say(&["B", "T", "Z"])
            ),
        }
    }

    /// A street as other countries write it: the number behind or before, the kind of street within the word or before it.
    fn street_abroad(&self, names: &Names, chance: &mut Chance) -> String {
        let number = match chance.unit() {
            x if x < 0.7 => chance.within(1, 250).to_string(),
            x if x < 0.85 => format!("{}{}", chance.within(1, 99), chance.say(&["a", "b", "A", "-2", "/4"])),
            _ => chance.within(100, 9999).to_string(),
        };
        let word = match chance.unit() {
            x if x < 0.4 => title(&self.invented.word(chance)),
            x if x < 0.7 => names.last(chance),
            _ => names.first(chance),
        };
        let street = match chance.unit() {
            x if x < 0.3 => format!(
                "{word}{}",
                chance.say(&[
                    "straße", "strasse", "gatan", "gata", "vej", "gade", "katu", "tie", "veien", "laan", "straat",
                    "weg", "gasse", "utca", "ova", "vägen", "plein"
                ])
            ),
            x if x < 0.6 => format!(
                "{} {word}",
                chance.say(&[
                    "Rua", "Calle", "C/", "Via", "Rue", "Avenida", "Av.", "Rue de", "ul.", "Plaza", "Paseo", "Largo",
                    "Viale", "Corso", "Carrer", "Ctra. de", "Rúa"
                ])
            ),
            x if x < 0.8 => format!(
                "{word} {}",
                chance.say(&[
                    "utca", "út", "gate", "gade", "street", "Tér", "krt.", "alley", "mnt", "tee", "iela", "cesta"
                ])
            ),
            _ => word,
        };
        if chance.is(0.75) { format!("{street} {number}") } else { format!("{number} {street}") }
    }

    /// A post code as other countries write it.
    fn zip_abroad(&self, chance: &mut Chance) -> String {
        let d = |n: usize, chance: &mut Chance| (0..n).map(|_| chance.below(10).to_string()).collect::<String>();
        let l = |chance: &mut Chance| chance.say(&["A", "B", "E", "G", "H", "J", "K", "L", "M", "N", "T", "V"]);
        match chance.unit() {
            x if x < 0.35 => d(4, chance),
            x if x < 0.6 => d(5, chance),
            x if x < 0.7 => format!("{} {}", d(3, chance), d(2, chance)),
            x if x < 0.8 => {
                format!("{}{}{} {}{}{}", l(chance), d(1, chance), l(chance), d(1, chance), l(chance), d(1, chance))
            }
            x if x < 0.88 => format!("{}{} {}{}{}", l(chance), d(2, chance), d(1, chance), l(chance), l(chance)),
            x if x < 0.94 => format!("{}-{}", d(4, chance), d(3, chance)),
            _ => d(3, chance),
        }
    }

    /// An address with the parts of any country, in any order, over one or several lines.
    fn address_abroad(&self, names: &Names, values: &Values, chance: &mut Chance) -> String {
        let gap = chance.say(&[", ", "\n", "\n ", " ", ", ", "\n, ", "\n "]);
        let town =
            if chance.is(0.6) { chance.pick::<String>(&self.towns).clone() } else { self.town(names, values, chance) };
        let town = if chance.is(0.2) { town.to_uppercase() } else { town };
        let mut parts =
            vec![if chance.is(0.7) { self.street_abroad(names, chance) } else { self.street(names, values, chance) }];
        if chance.is(0.3) {
            let unit = chance.say(&["Apt.", "Suite", "Apt", "Flat", "Unit", "Building", "Piso"]);
            parts[0] = format!("{}{}{unit} {:03}", parts[0], chance.say(&[" ", "\n ", ", "]), chance.within(1, 999));
        }
        match chance.unit() {
            x if x < 0.3 => parts.push(format!("{} {town}", self.zip_abroad(chance))),
            x if x < 0.5 => parts.push(format!("{town} {}", self.zip_abroad(chance))),
            x if x < 0.7 => {
                parts.push(town);
                parts.push(self.state(chance));
                parts.push(self.zip_abroad(chance));
            }
            x if x < 0.85 => {
                parts.push(town);
                parts.push(self.zip_abroad(chance));
            }
            _ => parts.push(town),
        }
        if chance.is(0.3) {
            let country = chance.pick::<String>(&self.countries).clone();
            let country = if chance.is(0.3) { format!("{country} {}", self.zip_abroad(chance)) } else { country };
            parts.push(country);
        }
        parts.join(gap)
    }

    pub(crate) fn address(&self, names: &Names, values: &Values, chance: &mut Chance) -> String {
        if chance.is(0.3) {
            return self.address_abroad(names, values, chance);
        }
        let (street, town) = (self.street(names, values, chance), self.town(names, values, chance));
        let gap = chance.say(&[", ", ", ", ", ", "\n", " ", "; "]);
        match chance.unit() {
            x if x < 0.7 => format!("{street}{gap}{town}, {} {}", self.state(chance), self.zip(chance)),
            x if x < 0.8 => format!("{street}{gap}{town} {} {}", self.state(chance), self.zip(chance)),
            x if x < 0.9 => format!("{street}{gap}{town}"),
            x if x < 0.95 => format!("{street}{gap}{} {town}", self.zip(chance)),
            _ => format!("{street}{gap}{town}{gap}{} {}", chance.pick(&self.countries), self.zip(chance)),
        }
    }

    pub(crate) fn facility(&self, names: &Names, values: &Values, chance: &mut Chance) -> String {
        let tail = values.pick("orgtail", chance).to_owned();
        match chance.unit() {
            x if x < 0.38 => format!("{} {tail}", self.town(names, values, chance)),
            x if x < 0.56 => format!("{} {tail}", names.last(chance)),
            x if x < 0.70 => format!("{}{} {tail}", values.pick("orghead", chance), values.pick("orgsaint", chance)),
            x if x < 0.74 => format!("{}{}", chance.say(&["St. ", "Saint ", "St "]), values.pick("orgsaint", chance)),
            x if x < 0.84 => format!("{} {tail}", chance.pick(&SCENERY)),
            x if x < 0.90 => format!("{}{} {tail}", chance.pick(&SCENERY), values.pick("towntail", chance)),
            x if x < 0.94 => format!("{} and {} {tail}", names.last(chance), names.last(chance)),
            x if x < 0.97 => format!("{}-{} {tail}", names.last(chance), names.last(chance)),
            _ => format!("{tail} of {}", self.town(names, values, chance)),
        }
    }

    pub(crate) fn business(&self, names: &Names, values: &Values, chance: &mut Chance) -> String {
        let tail = values.pick("biztail", chance).to_owned();
        match chance.unit() {
            x if x < 0.35 => format!("{} {tail}", names.last(chance)),
            x if x < 0.55 => format!("{} {tail}", self.town(names, values, chance)),
            x if x < 0.70 => format!("{} {tail}", chance.pick(&SCENERY)),
            x if x < 0.80 => format!("{} & {}", names.last(chance), names.last(chance)),
            x if x < 0.90 => title(&self.invented.word(chance)),
            _ => format!(
                "{}'s {}",
                names.first(chance),
                chance.say(&["Diner", "Salon", "Garage", "Bakery", "Pizza", "Market"])
            ),
        }
    }
}

const SCENERY: [&str; 56] = [
    "Oak",
    "Maple",
    "Cedar",
    "Pine",
    "Elm",
    "Willow",
    "River",
    "Lake",
    "Hill",
    "Sunset",
    "Sunrise",
    "Valley",
    "Spring",
    "Meadow",
    "Forest",
    "Park",
    "Highland",
    "Silver",
    "Golden",
    "Stone",
    "Rock",
    "Eagle",
    "Fox",
    "Deer",
    "Bear",
    "Rose",
    "Lily",
    "Cherry",
    "Apple",
    "Peach",
    "Harbor",
    "Ocean",
    "Bay",
    "Summit",
    "Prairie",
    "Canyon",
    "Mesa",
    "Sierra",
    "Liberty",
    "Union",
    "Grace",
    "Hope",
    "Faith",
    "Providence",
    "Mercy",
    "Trinity",
    "Church",
    "Mill",
    "Bridge",
    "College",
    "Market",
    "Main",
    "Broad",
    "Summer",
    "Winter",
    "Juniper",
];
