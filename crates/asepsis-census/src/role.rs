//! Words that say what part the bearer of a name plays.

use std::collections::HashMap;
use std::sync::LazyLock;

/// What a word beside a name says; a word may say several things.
#[derive(Clone, Copy, Default)]
pub(crate) struct Says {
    pub(crate) honorific: bool,
    pub(crate) generation: bool,
    pub(crate) title: bool,
    pub(crate) credential: bool,
    pub(crate) label: bool,
    pub(crate) deed: bool,
    pub(crate) relation: bool,
    pub(crate) given: bool,
    pub(crate) family: bool,
}

/// What the word, in lower case and letters alone, says.
pub(crate) fn says(word: &str) -> Says {
    WORDS.get(word).copied().unwrap_or_default()
}

static WORDS: LazyLock<HashMap<&'static str, Says>> = LazyLock::new(|| {
    let mut words: HashMap<&'static str, Says> = HashMap::new();
    for line in include_str!("../data/roles.tsv").lines().filter(|l| !l.starts_with('#')) {
        let Some((kind, word)) = line.split_once('\t') else { continue };
        let says = words.entry(word).or_default();
        match kind {
            "honorific" => says.honorific = true,
            "generation" => says.generation = true,
            "title" => says.title = true,
            "credential" => says.credential = true,
            "label" => says.label = true,
            "deed" => says.deed = true,
            "relation" => says.relation = true,
            "given" => says.given = true,
            "family" => says.family = true,
            _ => {}
        }
    }
    words
});

/// Letters and digits in lower case, without accents: what two spellings of one word have in common.
pub(crate) fn plain(word: &str) -> String {
    use unicode_normalization::UnicodeNormalization;
    word.nfkd().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_list_is_of_a_kind_that_is_read() {
        for line in include_str!("../data/roles.tsv").lines().filter(|l| !l.starts_with('#')) {
            let (_, word) = line.split_once('\t').expect("a kind, a tab and a word");
            let s = says(word);
            let known =
                [s.honorific, s.generation, s.title, s.credential, s.label, s.deed, s.relation, s.given, s.family];
            assert!(known.contains(&true), "{line}");
            assert_eq!(plain(word), word);
        }
    }
}
