//! Which names are one person's, and whose the numbers are.

use std::collections::{HashMap, HashSet};

use crate::found::{Found, Mention, Number, Role};
use crate::person::{Kind, Person};

/// Of people of one document with a word of their names in common, so many of the latest are compared: time stays in proportion
/// to the document. Who is taken for two persons for that meets again by number.
const NAMESAKES: usize = 64;

/// The persons of a document, as they come to be known.
#[derive(Default)]
pub(crate) struct Reading {
    pub(crate) people: Vec<Person>,
    /// For each word of a name, the persons who have it.
    by_word: HashMap<String, Vec<usize>>,
    /// Numbers of which it is not known whether they are somebody else's.
    pub(crate) doubtful: Vec<Number>,
}

impl Reading {
    pub(crate) fn of(found: Found) -> Self {
        let mut reading = Self::default();
        reading.names(found.mentions, &found.numbers);
        reading.numbers(found.numbers);
        reading
    }

    /// Gives every name to a person, the fullest names first. Full names of records with different numbers are namesakes.
    fn names(&mut self, mentions: Vec<Mention>, numbers: &[Number]) {
        let mut in_record: HashMap<usize, Vec<&Number>> = HashMap::new();
        for number in numbers {
            in_record.entry(number.record).or_default().push(number);
        }
        let mut alone: HashMap<usize, usize> = HashMap::new();
        for mention in mentions.iter().filter(|m| m.name.fullness() > 0 && m.role != Role::AtWork) {
            *alone.entry(mention.record).or_default() += 1;
        }
        let mut mentions = mentions;
        mentions.sort_by_key(|m| (std::cmp::Reverse(m.name.fullness()), m.at));
        for mention in mentions {
            let own =
                alone.get(&mention.record) == Some(&1) && mention.name.fullness() > 0 && mention.role != Role::AtWork;
            let numbers = if own { in_record.get(&mention.record).map(Vec::as_slice) } else { None };
            self.name(mention, numbers.unwrap_or_default());
        }
    }

    fn name(&mut self, mention: Mention, numbers: &[&Number]) {
        let full = mention.name.fullness() == 2;
        let mut candidates: Vec<usize> = mention
            .name
            .words
            .iter()
            .filter_map(|w| self.by_word.get(w))
            .flat_map(|p| p.iter().rev().take(NAMESAKES))
            .copied()
            .collect();
        if candidates.is_empty()
            && mention.name.words.len() == 1
            && mention.name.family().len() <= 3
            && self.people.len() < NAMESAKES
        {
            // Initials have no word in common with a name.
            candidates = (0..self.people.len()).collect();
        }
        candidates.sort_unstable();
        candidates.dedup();
        candidates.retain(|&p| {
            let person = &self.people[p];
            person.agrees(&mention.name) && !(full && person.contradicts(numbers))
        });
        // Of several it is the one who was spoken of last.
        let last = |p: &usize| self.people[*p].last_before(mention.at);
        let chosen = candidates.into_iter().max_by_key(|p| (numbers.iter().any(|n| self.people[*p].holds(n)), last(p)));
        let person = chosen.unwrap_or_else(|| {
            self.people.push(Person::default());
            self.people.len() - 1
        });
        for word in &mention.name.words {
            let having = self.by_word.entry(word.clone()).or_default();
            if having.last() != Some(&person) {
                having.push(person);
            }
        }
        let known = &mut self.people[person];
        known.mention(mention.name, mention.role, mention.record, mention.at);
        for number in numbers {
            known.give(number);
        }
    }

    /// Gives every number that nobody has yet to somebody. What is left over is people without a name where it is much, as in
    /// a list; where it is little it may as well be another number of somebody who is named.
    fn numbers(&mut self, numbers: Vec<Number>) {
        let mut held: HashSet<(Kind, String)> = HashSet::new();
        for person in &self.people {
            held.extend(person.numbers().map(|(kind, value)| (kind, value.to_owned())));
        }
        let places = Places::of(&self.people);
        let mut left: Vec<Number> = Vec::new();
        for number in numbers {
            if !held.insert((number.kind, number.value.clone())) {
                continue;
            }
            let free = |p: &usize| self.people[*p].may_take(&number);
            let owner = places
                .beside(&number)
                .filter(free)
                .or_else(|| places.only.filter(free))
                .or_else(|| places.before(number.at).filter(free));
            match owner {
                Some(person) => self.people[person].give(&number),
                None => left.push(number),
            }
        }
        // A date of birth alone is nobody.
        let people = left.iter().filter(|n| n.kind != Kind::Birth).count();
        if people <= places.persons {
            self.doubtful = left;
        } else {
            self.nameless(left);
        }
    }

    /// A person without a name for each record; one for all, where no kind of number is there twice.
    fn nameless(&mut self, mut numbers: Vec<Number>) {
        let mut by_record: HashMap<usize, usize> = HashMap::new();
        let mut kinds = HashSet::new();
        if numbers.iter().all(|n| kinds.insert(n.kind)) {
            numbers.iter_mut().for_each(|n| n.record = 0);
        }
        // A record's date of birth may stand before its number.
        let (births, numbers): (Vec<_>, Vec<_>) = numbers.into_iter().partition(|n| n.kind == Kind::Birth);
        for number in numbers {
            let known = by_record.get(&number.record).copied().filter(|p| self.people[*p].may_take(&number));
            let person = known.unwrap_or_else(|| {
                self.people.push(Person::default());
                self.people.len() - 1
            });
            self.people[person].give(&number);
            by_record.insert(number.record, person);
        }
        for birth in births {
            if let Some(person) = by_record.get(&birth.record) {
                self.people[*person].give(&birth);
            }
        }
    }
}

/// Where persons who may have numbers are named.
struct Places {
    /// Place, record and person of every mention, by place.
    all: Vec<(usize, usize, usize)>,
    /// Place and person of every mention in a record, by place.
    by_record: HashMap<usize, Vec<(usize, usize)>>,
    /// The one person of the document, where there is but one.
    only: Option<usize>,
    /// How many may have numbers.
    persons: usize,
}

impl Places {
    fn of(people: &[Person]) -> Self {
        let mut all = Vec::new();
        let mut by_record: HashMap<usize, Vec<(usize, usize)>> = HashMap::new();
        let mut persons = Vec::new();
        for (p, person) in people.iter().enumerate().filter(|(_, person)| !person.at_work()) {
            for &(record, at) in person.places() {
                by_record.entry(record).or_default().push((at, p));
                if !person.is_relation() {
                    all.push((at, record, p));
                }
            }
            if !person.is_relation() {
                persons.push(p);
            }
        }
        all.sort_unstable();
        by_record.values_mut().for_each(|named| named.sort_unstable());
        let only = if let [p] = persons[..] { Some(p) } else { None };
        Self { all, by_record, only, persons: persons.len() }
    }

    /// Who is named in the same record; of several, who is nearest, and rather before the number than behind it.
    fn beside(&self, number: &Number) -> Option<usize> {
        let named = self.by_record.get(&number.record)?;
        let behind = named.partition_point(|(at, _)| *at <= number.at);
        let before = behind.checked_sub(1).map(|last| (number.at - named[last].0, named[last].1));
        let behind = named.get(behind).map(|&(at, p)| (2 * (at - number.at), p));
        before.into_iter().chain(behind).min().map(|(_, p)| p)
    }

    /// Who was named last before a place, or else first behind it.
    fn before(&self, at: usize) -> Option<usize> {
        let i = self.all.partition_point(|(place, ..)| *place < at);
        i.checked_sub(1).and_then(|i| self.all.get(i)).or(self.all.first()).map(|(.., p)| *p)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_of_whom_a_look_at_all_in_the_record_finds_nearest() {
        let mut state = 7_u64;
        let mut below = |n: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) as usize % n
        };
        for _ in 0..2000 {
            let named: Vec<(usize, usize)> = (0..below(6)).map(|_| (below(40), below(5))).collect();
            let mut sorted = named.clone();
            sorted.sort_unstable();
            let places = Places { all: Vec::new(), by_record: HashMap::from([(1, sorted)]), only: None, persons: 0 };
            let number = Number { kind: Kind::Record, value: String::new(), record: 1, at: below(40) };
            let far = |at: usize| if at <= number.at { number.at - at } else { 2 * (at - number.at) };
            let nearest: Vec<usize> = {
                let least = named.iter().map(|(at, _)| far(*at)).min();
                named.iter().filter(|(at, _)| Some(far(*at)) == least).map(|(_, p)| *p).collect()
            };
            let found = places.beside(&number);
            assert!(found.map_or(nearest.is_empty(), |p| nearest.contains(&p)), "{named:?} {}", number.at);
        }
    }
}
