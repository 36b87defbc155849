//! Real clinical sentences, as they are and with an invented person put into them.

use std::collections::HashSet;

use asepsis_phi::training::Mark;
use asepsis_vocab::IdentifierClass;

use crate::chance::Chance;
use crate::sources::Carrier;
use crate::template::{Draft, World};

/// Pieces of clinical text that hold no name, as far as lists can tell.
pub(crate) struct Carriers {
    /// Paragraphs of notes and abstracts.
    pub(crate) prose: Vec<String>,
    /// Dialogues.
    pub(crate) talk: Vec<String>,
}

impl Carriers {
    /// Keeps the pieces in which no word looks like a person or a place: the source holds some fictional names without
    /// labels, and to learn that these are none would do harm.
    pub(crate) fn new(
        all: Vec<Carrier>,
        names: &HashSet<String>,
        towns: &HashSet<String>,
        words: &HashSet<String>,
    ) -> Self {
        let (mut prose, mut talk) = (Vec::new(), Vec::new());
        for carrier in all {
            let dialogue = carrier.part == "dialogue";
            for paragraph in carrier.text.split("\n\n") {
                let pieces: Vec<&str> = if dialogue { paragraph.lines().collect() } else { vec![paragraph] };
                let clean: Vec<&str> = pieces.into_iter().filter(|p| !suspicious(p, names, towns, words)).collect();
                for chunk in clean.chunks(6) {
                    let text = chunk.join("\n").trim().to_owned();
                    if text.len() > 20 {
                        if dialogue { talk.push(text) } else { prose.push(text) }
                    }
                }
            }
        }
        Self { prose, talk }
    }

    /// A sentence or two of the prose.
    pub(crate) fn sentence<'a>(&'a self, chance: &mut Chance) -> &'a str {
        let text = chance.pick(&self.prose);
        let stops: Vec<usize> = text.match_indices(". ").map(|(i, _)| i + 1).collect();
        if stops.is_empty() || chance.is(0.25) {
            return text;
        }
        let from = chance.below(stops.len() + 1);
        let start = if from == 0 { 0 } else { stops[from - 1] + 1 };
        let end = stops.get(from + chance.below(2)).copied().unwrap_or(text.len());
        text[start.min(end)..end].trim()
    }
}

fn suspicious(text: &str, names: &HashSet<String>, towns: &HashSet<String>, words: &HashSet<String>) -> bool {
    let mut before = "";
    let mut sentence = true;
    for word in text.split(|c: char| c.is_whitespace()) {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let bare = bare.strip_suffix("'s").unwrap_or(bare);
        let capital = bare.chars().next().is_some_and(char::is_uppercase);
        let lower = bare.to_lowercase();
        if capital && bare.len() > 1 {
            let titled =
                matches!(before, "Dr." | "Mr." | "Mrs." | "Ms." | "Dr" | "Mr" | "Mrs" | "Ms" | "Miss" | "Doctor");
            let known = words.contains(&lower);
            let upper = bare.chars().all(|c| c.is_uppercase() || !c.is_alphabetic());
            let named = !upper && !known && names.contains(&lower);
            let town = !upper && !sentence && !known && towns.contains(&lower);
            let place = matches!(bare, "Hospital" | "University" | "Clinic" | "Center" | "Centre") && !sentence;
            if titled && !known || named || town || place {
                return true;
            }
        }
        sentence = word.ends_with(['.', ':', '?', '!']);
        before = word;
    }
    false
}

impl World {
    /// Puts an invented person into a sentence where it speaks of "the patient".
    pub(crate) fn inhabit(&self, sentence: &str, chance: &mut Chance, draft: &mut Draft) {
        const SUBJECTS: [&str; 8] =
            ["The patient ", "the patient ", "She ", "He ", "Patient ", "This patient ", "Doctor: ", "Patient: "];
        let found = SUBJECTS.iter().filter_map(|s| sentence.find(s).map(|at| (at, *s))).min();
        match found {
            Some((at, subject)) if at == 0 || sentence.as_bytes()[at - 1] == b' ' => {
                draft.plain(&sentence[..at]);
                if subject.ends_with(": ") {
                    draft.plain(subject);
                    self.fill(
                        chance.say(&["{first}, ", "Hi {first}. ", "{mr}, ", "So {first}, ", "{dr}, "]),
                        chance,
                        draft,
                    );
                } else {
                    self.fill(
                        chance.say(&[
                            "{full} ",
                            "{mr} ",
                            "{first} ",
                            "{name} ",
                            "The patient, {full}, ",
                            "{dr}'s patient {full} ",
                        ]),
                        chance,
                        draft,
                    );
                }
                draft.plain(&sentence[at + subject.len()..]);
            }
            _ => draft.plain(sentence),
        }
        if chance.is(0.35) {
            if draft.example.text.ends_with('.') {
                draft.example.text.pop();
            }
            self.fill(
                chance.say(&[
                    ", as discussed with {dr}.",
                    ", per {dr}.",
                    ", seen at {facility}.",
                    " at {facility} on {date}.",
                    ", according to {her} {relation} {first}.",
                    " while visiting {town}.",
                    " since {date}.",
                    ", followed by {dr} in {town}.",
                    " ({full}, {credential}).",
                    " in {townst}.",
                    "; {first} agrees.",
                    ", reported by {full}, MRN {mrn}.",
                ]),
                chance,
                draft,
            );
        }
    }

    /// A name put where any word with a capital could stand.
    pub(crate) fn chat_of(&self, line: &str, chance: &mut Chance, draft: &mut Draft) {
        draft.plain(line);
        if chance.is(0.4) {
            let name = self.names.first(chance);
            draft.plain(chance.say(&[
                "\nDoctor: Thank you, ",
                "\nDoctor: Okay, ",
                "\nPatient: My son ",
                "\nPatient: I asked ",
            ]));
            draft.marked(&name, Mark::Identifier(IdentifierClass::Name));
            draft.plain(chance.say(&[".", " about it.", ", and then we will see."]));
        }
    }
}
