//! Counting persons over documents.

use std::collections::{HashMap, HashSet};

use crate::document::{Hashed, People};

/// A count over any number of documents. It holds hashes under the key of the run; no name and no number.
#[derive(Clone, Debug, Default)]
pub struct Census {
    /// Persons who can be told from others for certain; each points to one that it is the same as.
    parents: Vec<u32>,
    facts: Vec<Facts>,
    by_key: HashMap<u128, u32>,
    /// Full names without a number or date of birth, and in how many documents.
    bare: HashMap<u128, u64>,
    /// Parts of names, and in how many documents.
    partial: HashMap<u128, u64>,
    /// Words of the names of all who are not at work.
    words: HashSet<u128>,
    at_work: HashSet<u128>,
    at_work_partial: HashSet<u128>,
    at_work_words: HashSet<u128>,
    /// Numbers that may be those of further people.
    doubtful: HashSet<u128>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Facts {
    name: Option<u128>,
    birth: Option<u128>,
    numbered: bool,
}

/// How many people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Individuals {
    /// The most likely count of those who are not at work: patients, relatives and others. Equal full names are taken for one
    /// person unless numbers or dates of birth tell them apart.
    pub estimate: u64,
    /// As many there are at least, if what was found is right: whoever can be the same is.
    pub at_least: u64,
    /// As many there are at most, if what was found is right: only an equal record number, social security number, or
    /// full name with date of birth makes two documents speak of one person, and every number is somebody's alone.
    pub at_most: u64,
    /// Those of the estimate who have a record number, a social security number, or a full name with a date of birth:
    /// patients, as a rule.
    pub with_record: u64,
    /// Those who are named at work, by title, credential or label. They are not in the numbers above.
    pub professionals: u64,
}

impl Census {
    /// Counts the people of a further document.
    pub fn count(&mut self, people: &People) {
        self.doubtful.extend(&people.doubtful);
        for person in &people.people {
            if person.at_work {
                self.professional(person);
            } else {
                self.individual(person);
            }
        }
    }

    fn professional(&mut self, person: &Hashed) {
        match (person.name, person.words.last()) {
            (Some(name), _) => {
                self.at_work.insert(name);
                self.at_work_words.extend(&person.words);
            }
            (None, Some(word)) => {
                self.at_work_partial.insert(*word);
            }
            (None, None) => {}
        }
    }

    fn individual(&mut self, person: &Hashed) {
        match (person.keys.is_empty(), person.name, person.words.last()) {
            (false, ..) => self.certain(person),
            (true, Some(name), _) => *self.bare.entry(name).or_default() += 1,
            (true, None, Some(word)) => {
                *self.partial.entry(*word).or_default() += 1;
                return;
            }
            (true, None, None) => return,
        }
        if person.name.is_some() {
            self.words.extend(&person.words);
        }
    }

    fn certain(&mut self, person: &Hashed) {
        let new = u32::try_from(self.parents.len()).expect("fewer than four thousand million persons");
        let mut root = None;
        for key in &person.keys {
            let Some(&known) = self.by_key.get(key) else { continue };
            let known = self.root(known);
            root = Some(match root {
                Some(root) if root != known => self.join(root, known),
                _ => known,
            });
        }
        let root = root.unwrap_or_else(|| {
            self.parents.push(new);
            self.facts.push(Facts::default());
            new
        });
        let facts = &mut self.facts[root as usize];
        facts.name = facts.name.or(person.name);
        facts.birth = facts.birth.or(person.birth);
        facts.numbered |= person.numbered;
        for key in &person.keys {
            self.by_key.insert(*key, root);
        }
    }

    fn root(&mut self, mut person: u32) -> u32 {
        while self.parents[person as usize] != person {
            let above = self.parents[self.parents[person as usize] as usize];
            self.parents[person as usize] = above;
            person = above;
        }
        person
    }

    fn join(&mut self, a: u32, b: u32) -> u32 {
        let (root, other) = (a.min(b), a.max(b));
        self.parents[other as usize] = root;
        let from = self.facts[other as usize];
        let facts = &mut self.facts[root as usize];
        facts.name = facts.name.or(from.name);
        facts.birth = facts.birth.or(from.birth);
        facts.numbered |= from.numbered;
        root
    }

    /// How many people there are in what was counted until now.
    pub fn individuals(&self) -> Individuals {
        let roots: Vec<&Facts> = self
            .facts
            .iter()
            .zip(&self.parents)
            .enumerate()
            .filter(|(i, (_, p))| **p as usize == *i)
            .map(|(_, (f, _))| f)
            .collect();
        let mut namesakes: HashMap<u128, Group> = HashMap::new();
        let mut nameless = 0;
        for facts in &roots {
            match facts.name {
                Some(name) => namesakes.entry(name).or_default().add(facts),
                None => nameless += 1,
            }
        }
        let certain: u64 = namesakes.values().map(Group::likely).sum::<u64>() + nameless;
        let bare = self.bare.keys().filter(|name| !namesakes.contains_key(name)).count() as u64;
        let partial = self.partial.keys().filter(|word| !self.words.contains(word)).count() as u64;
        let numbered: u64 = namesakes.values().filter(|g| g.numbered > 0).map(Group::fewest).sum();
        let others: u64 = namesakes.values().filter(|g| g.numbered == 0).map(Group::fewest).sum();
        let doubtful = self.doubtful.iter().filter(|number| !self.by_key.contains_key(number)).count() as u64;
        let at_work = self.at_work_partial.iter().filter(|word| !self.at_work_words.contains(word)).count();
        Individuals {
            estimate: certain + bare + partial,
            // A person without a name may be any of those without a number.
            at_least: (numbered + nameless.max(others + bare)).max(u64::from(!self.partial.is_empty())),
            at_most: roots.len() as u64
                + doubtful
                + self.bare.values().sum::<u64>()
                + self.partial.values().sum::<u64>(),
            with_record: certain,
            professionals: (self.at_work.len() + at_work) as u64,
        }
    }
}

/// Persons of one full name.
#[derive(Default)]
struct Group {
    births: HashSet<u128>,
    born: u64,
    numbered: u64,
}

impl Group {
    fn add(&mut self, facts: &Facts) {
        self.numbered += u64::from(facts.numbered);
        if let Some(birth) = facts.birth {
            self.births.insert(birth);
            self.born += 1;
        }
    }

    /// Who has a number only and who has a date of birth only may be the same.
    fn likely(&self) -> u64 {
        self.numbered.max(self.born).max(1)
    }

    fn fewest(&self) -> u64 {
        (self.births.len() as u64).max(1)
    }
}
