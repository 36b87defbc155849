//! Names of people who do not exist: frequent, rare and invented, in the ways that people write them.

use std::collections::HashMap;

use crate::chance::Chance;

/// Names with how often each is drawn.
pub(crate) struct Pool {
    words: Vec<String>,
    /// Running sums of count^0.75.
    sums: Vec<f64>,
}

impl Pool {
    #[allow(clippy::cast_precision_loss, reason = "counts of people")]
    pub(crate) fn new(rows: Vec<(String, u64)>) -> Self {
        let mut sums = Vec::with_capacity(rows.len());
        let mut sum = 0.0;
        let mut words = Vec::with_capacity(rows.len());
        for (word, count) in rows {
            sum += (count as f64).sqrt() * (count as f64).sqrt().sqrt();
            sums.push(sum);
            words.push(word);
        }
        Self { words, sums }
    }

    fn frequent(&self, chance: &mut Chance) -> &str {
        let at = chance.unit() * self.sums.last().copied().unwrap_or(0.0);
        &self.words[self.sums.partition_point(|&s| s < at).min(self.words.len() - 1)]
    }

    fn rare(&self, chance: &mut Chance) -> &str {
        chance.pick::<String>(&self.words)
    }
}

/// Words that sound like those of a pool, letter by letter from the two before.
pub(crate) struct Inventor(HashMap<[char; 2], Vec<char>>);

impl Inventor {
    pub(crate) fn new<'a>(words: impl Iterator<Item = &'a str>) -> Self {
        let mut next: HashMap<[char; 2], Vec<char>> = HashMap::new();
        for word in words {
            let mut before = ['^', '^'];
            for c in word.to_lowercase().chars().chain(std::iter::once('$')) {
                next.entry(before).or_default().push(c);
                before = [before[1], c];
            }
        }
        Self(next)
    }

    pub(crate) fn word(&self, chance: &mut Chance) -> String {
        loop {
            let (mut out, mut before) = (String::new(), ['^', '^']);
            while out.chars().count() < 14 {
                let Some(options) = self.0.get(&before) else { break };
                let c = *chance.pick(options);
                if c == '$' {
                    break;
                }
                out.push(c);
                before = [before[1], c];
            }
            if out.chars().count() >= 3 {
                return out;
            }
        }
    }
}

pub(crate) struct Names {
    first: Pool,
    last: Pool,
    invented_first: Inventor,
    invented_last: Inventor,
    syllables: Vec<&'static str>,
    /// Ordinary words, which are somebody's name too.
    ordinary: Vec<String>,
}

const PARTICLES: [&str; 14] =
    ["de ", "de la ", "del ", "van ", "van der ", "von ", "di ", "da ", "dos ", "al-", "El ", "Le ", "bin ", "Mc"];
const CREDENTIALS: [&str; 7] = [", MD", ", M.D.", ", RN", ", DDS", ", NP", ", PA-C", ", DO"];

impl Names {
    pub(crate) fn new(first: Vec<(String, u64)>, last: Vec<(String, u64)>, ordinary: Vec<String>) -> Self {
        let some = |rows: &[(String, u64)]| rows.iter().take(12_000).map(|r| r.0.clone()).collect::<Vec<_>>();
        let (f, l) = (some(&first), some(&last));
        Self {
            invented_first: Inventor::new(f.iter().map(String::as_str)),
            invented_last: Inventor::new(l.iter().map(String::as_str)),
            ordinary,
            first: Pool::new(first),
            last: Pool::new(last),
            syllables: "ba be bi bo bu da de di do du fa fe fi ga ge gi go gu ha he hi ho ja je jo ju ka ke ki ko ku la le li lo lu ma me mi mo mu na ne ni no nu pa pe pi po pu ra re ri ro ru sa se si so su ta te ti to tu va ve vi vo wa we wi wo xa ya ye yo yu za ze zi zo zu".split(' ').collect(),
        }
    }

    fn odd(&self, chance: &mut Chance) -> String {
        (0..chance.within(2, 3)).map(|_| *chance.pick(&self.syllables)).collect()
    }

    pub(crate) fn first(&self, chance: &mut Chance) -> String {
        let word = match chance.unit() {
            x if x < 0.58 => self.first.frequent(chance).to_owned(),
            x if x < 0.82 => self.first.rare(chance).to_owned(),
            x if x < 0.93 => self.invented_first.word(chance),
            x if x < 0.98 => self.odd(chance),
            _ => chance.pick::<String>(&self.ordinary).clone(),
        };
        let word = accent(&title(&word), chance);
        if chance.is(0.02) { format!("{word}-{}", title(self.first.frequent(chance))) } else { word }
    }

    pub(crate) fn last(&self, chance: &mut Chance) -> String {
        let word = match chance.unit() {
            x if x < 0.52 => self.last.frequent(chance).to_owned(),
            x if x < 0.80 => self.last.rare(chance).to_owned(),
            x if x < 0.93 => self.invented_last.word(chance),
            x if x < 0.97 => self.odd(chance),
            _ => chance.pick::<String>(&self.ordinary).clone(),
        };
        let word = accent(&title(&word), chance);
        match chance.unit() {
            x if x < 0.04 => format!("{}{word}", chance.pick(&PARTICLES)),
            x if x < 0.08 => format!("{word}-{}", title(self.last.frequent(chance))),
            x if x < 0.095 => format!("{word} {}", title(self.last.frequent(chance))),
            x if x < 0.11 => format!("O'{word}"),
            _ => word,
        }
    }

    /// An ordinary or invented word, as a town may be called.
    pub(crate) fn odd_word(&self, chance: &mut Chance) -> String {
        title(&if chance.is(0.5) { self.odd(chance) } else { chance.pick::<String>(&self.ordinary).clone() })
    }

    fn initial(&self, chance: &mut Chance) -> String {
        self.first.frequent(chance).chars().next().unwrap_or('A').to_string()
    }

    /// First name and surname.
    pub(crate) fn full(&self, chance: &mut Chance) -> String {
        let (first, last) = (self.first(chance), self.last(chance));
        match chance.unit() {
            x if x < 0.70 => format!("{first} {last}"),
            x if x < 0.82 => format!("{first} {}. {last}", self.initial(chance)),
            x if x < 0.86 => format!("{first} {} {last}", self.initial(chance)),
            x if x < 0.91 => format!("{first} {} {last}", self.first(chance)),
            x if x < 0.95 => format!("{}. {last}", self.initial(chance)),
            x if x < 0.965 => format!("{first} {last} {}", chance.say(&["Jr.", "Sr.", "III", "II", "Jr"])),
            x if x < 0.98 => format!("{first} \"{}\" {last}", self.first(chance)),
            _ => format!("{} {last}", (0..2).map(|_| format!("{}.", self.initial(chance))).collect::<String>()),
        }
    }

    /// A name in any of the ways that a record writes it.
    pub(crate) fn any(&self, chance: &mut Chance) -> String {
        match chance.unit() {
            x if x < 0.56 => self.full(chance),
            x if x < 0.66 => {
                let (last, first) = (self.last(chance), self.first(chance));
                let middle = if chance.is(0.4) { format!(" {}", self.initial(chance)) } else { String::new() };
                let name = format!("{last}, {first}{middle}");
                if chance.is(0.4) { name.to_uppercase() } else { name }
            }
            x if x < 0.72 => self.full(chance).to_uppercase(),
            x if x < 0.76 => self.last(chance).to_uppercase(),
            x if x < 0.86 => self.last(chance),
            x if x < 0.93 => self.first(chance),
            x if x < 0.96 => format!("{} {}.", self.first(chance), self.initial(chance)),
            x if x < 0.98 => format!("{}. {}", self.initial(chance), self.last(chance)),
            _ => format!("{}.{}.", self.initial(chance), self.initial(chance)),
        }
    }

    /// What stands before a name, and the name: the first is not part of it.
    pub(crate) fn doctor(&self, chance: &mut Chance) -> (String, String, &'static str) {
        let before = match chance.unit() {
            x if x < 0.72 => "Dr. ",
            x if x < 0.84 => "Dr ",
            x if x < 0.90 => "Doctor ",
            x if x < 0.93 => "DR. ",
            x if x < 0.95 => "dr. ",
            x if x < 0.97 => "Prof. ",
            _ => "",
        };
        let name = match chance.unit() {
            x if x < 0.55 => self.last(chance),
            x if x < 0.90 || before.is_empty() => self.full(chance),
            x if x < 0.95 => self.first(chance),
            _ => self.last(chance).to_uppercase(),
        };
        let after = if before.is_empty() || chance.is(0.08) { chance.pick(&CREDENTIALS) } else { "" };
        (before.to_owned(), name, after)
    }

    pub(crate) fn mister(&self, chance: &mut Chance) -> (String, String) {
        let before = chance.say(&["Mr. ", "Mrs. ", "Ms. ", "Mr ", "Mrs ", "Ms ", "Miss ", "Mr. ", "Ms. "]);
        let name = if chance.is(0.75) { self.last(chance) } else { self.full(chance) };
        (before.to_owned(), name)
    }
}

pub(crate) fn title(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let mut begin = true;
    for c in word.chars() {
        if begin {
            out.extend(c.to_uppercase());
        } else {
            out.extend(c.to_lowercase());
        }
        begin = !c.is_alphabetic();
    }
    out
}

/// Some names with the accents that lists leave out.
fn accent(word: &str, chance: &mut Chance) -> String {
    if !chance.is(0.05) {
        return word.to_owned();
    }
    let vowels: Vec<usize> =
        word.char_indices().filter(|(i, c)| *i > 0 && "aeioun".contains(*c)).map(|(i, _)| i).collect();
    let Some(&at) = vowels.get(chance.below(vowels.len().max(1))) else { return word.to_owned() };
    let accented = match word.as_bytes()[at] {
        b'a' => *chance.pick(&['á', 'ä', 'ã', 'å']),
        b'e' => *chance.pick(&['é', 'è', 'ë']),
        b'i' => 'í',
        b'o' => *chance.pick(&['ó', 'ö', 'ø']),
        b'u' => *chance.pick(&['ú', 'ü']),
        _ => 'ñ',
    };
    format!("{}{accented}{}", &word[..at], &word[at + 1..])
}
