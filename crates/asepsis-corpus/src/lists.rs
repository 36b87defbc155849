//! The gazetteer's facts, from the public lists.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use crate::sources::{Carrier, carriers, counted, lines};

/// The file of the gazetteer, from the lists and carriers in `folder`.
///
/// # Errors
/// Where a list is missing or unreadable.
pub fn gazetteer(folder: &Path) -> anyhow::Result<Vec<u8>> {
    let mut facts: BTreeMap<String, u16> = BTreeMap::new();
    let mut put = |word: &str, bits: u16| {
        if word.chars().count() > 1 {
            *facts.entry(plain(word)).or_default() |= bits;
        }
    };
    for (word, count) in counted(&folder.join("us-first-names-2020.tsv"))? {
        put(&word, bucket(count, [0, 400, 2_000, 10_000, 50_000, 200_000, 1_000_000]));
    }
    for (word, count) in counted(&folder.join("us-surnames-2020.tsv"))? {
        put(&word, bucket(count, [0, 200, 800, 3_000, 12_000, 50_000, 200_000]) << 3);
    }
    for (word, tier) in counted(&folder.join("english-words-scowl.tsv"))? {
        let ordinary = match tier {
            ..=10 => 7,
            11..=20 => 6,
            21..=35 => 5,
            36..=50 => 4,
            51..=60 => 3,
            61..=70 => 2,
            _ => 1,
        };
        if tier <= 70 || word.len() > 3 {
            put(&word, ordinary << 6);
        }
    }
    for line in lines(&folder.join("places-geonames.tsv"))? {
        let mut columns = line.split('\t');
        let (Some(name), Some(country), Some(people)) = (columns.next(), columns.next(), columns.nth(1)) else {
            continue;
        };
        let people: u64 = people.parse().unwrap_or(0) * if country == "US" { 5 } else { 1 };
        let size = if people >= 500_000 {
            3
        } else if people >= 100_000 {
            2
        } else {
            1
        };
        let parts: Vec<&str> = name.split([' ', '-']).filter(|p| p.chars().count() > 2).collect();
        if parts.len() == 1 {
            put(parts[0], size << 9);
        } else if people >= 50_000 {
            for part in parts {
                put(part, 1 << 15);
            }
        }
    }
    for word in lines(&folder.join("drug-words-unii.txt"))? {
        put(&word, 1 << 11);
    }
    for word in clinical(&carriers(&folder.join("clinical-carriers.jsonl"))?) {
        put(&word, 1 << 12);
    }
    for name in ["us-states.tsv", "countries.tsv"] {
        for line in lines(&folder.join(name))? {
            for word in line.split('\t').next().unwrap_or("").split(' ').filter(|w| w.len() > 3) {
                put(word, 1 << 13);
            }
        }
    }
    for line in lines(&folder.join("us-counties.tsv"))? {
        let county = line.split('\t').next().unwrap_or("");
        if let Some(word) = county.strip_suffix(" County").filter(|w| !w.contains(' ')) {
            put(word, 1 << 14);
        }
    }
    Ok(asepsis_phi::training::gazetteer(facts.iter().map(|(word, bits)| (word.as_str(), *bits))))
}

fn bucket(count: u64, bounds: [u64; 7]) -> u16 {
    u16::try_from(bounds.iter().filter(|&&b| count > b).count()).unwrap_or(7)
}

/// Words that stand in lower case at least twice in clinical text.
fn clinical(texts: &[Carrier]) -> Vec<String> {
    let mut counts: HashMap<String, u32> = HashMap::new();
    for carrier in texts {
        for word in carrier.text.split(|c: char| !c.is_ascii_alphabetic()) {
            if word.len() > 2 && word.bytes().all(|b| b.is_ascii_lowercase()) {
                *counts.entry(word.to_owned()).or_default() += 1;
            }
        }
    }
    let mut out: Vec<String> = counts.into_iter().filter(|&(_, n)| n >= 2).map(|(w, _)| w).collect();
    out.sort_unstable();
    out
}

/// Lower case; accents are folded where the words are hashed.
fn plain(word: &str) -> String {
    word.trim().to_lowercase()
}
