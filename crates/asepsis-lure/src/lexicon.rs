//! The classes of words, from seeds and WordNet 3.0 (wndb(5WN) describes its files).

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Write as _;
use std::path::Path;

use anyhow::{Context, bail};

/// How many senses of a seed count, and of how many the hyponyms do.
const SENSES: usize = 2;
const SENSES_BELOW: usize = 1;
/// Words that belong to a class of their own and that WordNet may not draw into another one: too many and too common senses.
const NEVER: [&str; 12] = ["be", "have", "do", "make", "take", "get", "go", "give", "let", "see", "tell", "let_go_of"];

/// Makes the lexicon: lines of a class, a tabulator and a word or a pair of words.
///
/// # Errors
/// If a file cannot be read, or is not as described.
pub fn lexicon(seeds: &str, wordnet: &Path) -> anyhow::Result<String> {
    let mut nets: HashMap<char, Net> = HashMap::new();
    for (pos, name) in [('v', "verb"), ('n', "noun"), ('a', "adj"), ('r', "adv")] {
        nets.insert(pos, Net::read(wordnet, name)?);
    }
    let mut classes: Vec<Class<'_>> = Vec::new();
    for line in seeds.lines().filter(|l| !l.is_empty() && !l.starts_with('#')) {
        if let Some(head) = line.strip_prefix("== ") {
            let mut words = head.split(' ');
            let name = words.next().unwrap_or_default();
            let wants = words.map(|w| (w.chars().next_back().unwrap_or('v'), w.starts_with("++"))).collect();
            classes.push((name, wants, Vec::new()));
            continue;
        }
        let Some((_, _, entries)) = classes.last_mut() else { bail!("a seed stands before the first class") };
        let line = line.strip_prefix("~ ").unwrap_or(line);
        entries.extend(line.split_whitespace().filter(|w| *w != "|").map(str::to_owned));
    }
    let mut owner: BTreeMap<String, usize> = BTreeMap::new();
    for (class, (_, _, seeds)) in classes.iter().enumerate() {
        for seed in seeds {
            owner.entry(seed.clone()).or_insert(class);
        }
    }
    for (class, (_, wants, seeds)) in classes.iter().enumerate() {
        for (pos, below) in wants {
            let net = nets.get(pos).context("a part of speech is v, n, a or r")?;
            for word in seeds.iter().flat_map(|seed| net.near(seed, *below)) {
                owner.entry(word.replace('_', " ")).or_insert(class);
            }
        }
    }
    let mut out = String::new();
    for (class, (name, ..)) in classes.iter().enumerate() {
        for (word, _) in owner.iter().filter(|(_, c)| **c == class) {
            writeln!(out, "{name}\t{word}")?;
        }
    }
    Ok(out)
}

/// The sentences by which WordNet shows how words are used: ordinary English with every word of the lexicon in it.
///
/// # Errors
/// If a file cannot be read.
pub fn examples(wordnet: &Path) -> anyhow::Result<String> {
    let mut found = BTreeSet::new();
    for name in ["verb", "noun", "adj", "adv"] {
        let path = wordnet.join(format!("data.{name}"));
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        for line in text.lines().filter(|l| !l.starts_with(' ')) {
            let gloss = line.split_once(" | ").map_or("", |(_, gloss)| gloss);
            let shown = gloss.split('"').skip(1).step_by(2).map(str::trim);
            found.extend(shown.filter(|s| s.split(' ').count() > 3).map(str::to_owned));
        }
    }
    Ok(found.into_iter().fold(String::new(), |out, line| out + &line + "\n"))
}

/// A class: its name, what WordNet may add to it (part of speech, and whether hyponyms too), its seeds.
type Class<'s> = (&'s str, Vec<(char, bool)>, Vec<String>);

/// A part of speech.
struct Net {
    /// The places of a word's synsets, by frequency.
    index: HashMap<String, Vec<u32>>,
    synsets: HashMap<u32, Synset>,
}

struct Synset {
    words: Vec<String>,
    below: Vec<u32>,
}

impl Net {
    fn read(folder: &Path, name: &str) -> anyhow::Result<Self> {
        let read = |kind: &str| {
            let path = folder.join(format!("{kind}.{name}"));
            std::fs::read_to_string(&path).with_context(|| path.display().to_string())
        };
        let mut index = HashMap::new();
        for line in read("index")?.lines().filter(|l| !l.starts_with(' ')) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let count: usize = fields.get(2).context("an index line is cut")?.parse()?;
            let places = fields[fields.len() - count..].iter().map(|o| o.parse()).collect::<Result<_, _>>()?;
            index.insert(fields[0].to_owned(), places);
        }
        let mut synsets = HashMap::new();
        for line in read("data")?.lines().filter(|l| !l.starts_with(' ')) {
            let fields: Vec<&str> = line.split(" | ").next().unwrap_or_default().split_whitespace().collect();
            let count = usize::from_str_radix(fields.get(3).context("a data line is cut")?, 16)?;
            let words = (0..count).map(|i| fields[4 + 2 * i].to_lowercase()).collect();
            let below = fields[5 + 2 * count..].windows(2).filter(|w| w[0] == "~").map(|w| w[1].parse());
            let synset = Synset { words, below: below.collect::<Result<_, _>>()? };
            synsets.insert(fields[0].parse()?, synset);
        }
        Ok(Self { index, synsets })
    }

    /// The words of the same senses, and of those right below them.
    fn near(&self, word: &str, below: bool) -> BTreeSet<String> {
        let mut out = BTreeSet::new();
        let places = self.index.get(word).map_or(&[][..], Vec::as_slice);
        for (sense, place) in places.iter().take(SENSES).enumerate() {
            let Some(synset) = self.synsets.get(place) else { continue };
            out.extend(synset.words.iter().cloned());
            if below && sense < SENSES_BELOW {
                let under = synset.below.iter().filter_map(|b| self.synsets.get(b));
                out.extend(under.flat_map(|s| s.words.iter().cloned()));
            }
        }
        out.retain(|w| {
            w.matches('_').count() < 2
                && !NEVER.contains(&w.as_str())
                && w.chars().all(|c| c.is_ascii_alphabetic() || c == '_' || c == '-')
        });
        out
    }
}
