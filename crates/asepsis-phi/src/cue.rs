//! The words that say what stands beside them, found in one pass.

use asepsis_normal::Phrases;

use crate::lexicon::lines;

/// What a cue announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CueKind {
    Name,
    Street,
    Town,
    Zip,
    Date,
    Birth,
    Age,
    Phone,
    Fax,
    Email,
    Ssn,
    Mrn,
    Plan,
    Account,
    License,
    Vehicle,
    Device,
    Url,
    Ip,
    Biometric,
    Photo,
    Id,
    Org,
    /// A holiday, which is a date itself.
    Holiday,
    /// What follows is public: a citation, a code of a classification.
    Public,
}

impl CueKind {
    fn of(label: &str) -> Option<Self> {
        Some(match label {
            "name" => Self::Name,
            "street" => Self::Street,
            "town" => Self::Town,
            "zip" => Self::Zip,
            "date" => Self::Date,
            "birth" => Self::Birth,
            "age" => Self::Age,
            "phone" => Self::Phone,
            "fax" => Self::Fax,
            "email" => Self::Email,
            "ssn" => Self::Ssn,
            "mrn" => Self::Mrn,
            "plan" => Self::Plan,
            "account" => Self::Account,
            "license" => Self::License,
            "vehicle" => Self::Vehicle,
            "device" => Self::Device,
            "url" => Self::Url,
            "ip" => Self::Ip,
            "biometric" => Self::Biometric,
            "photo" => Self::Photo,
            "id" => Self::Id,
            "org" => Self::Org,
            "holiday" => Self::Holiday,
            "public" => Self::Public,
            _ => return None,
        })
    }

    /// Whether a place follows.
    pub(crate) fn is_place(self) -> bool {
        matches!(self, Self::Street | Self::Town | Self::Zip)
    }

    /// Whether a number or code of its own class follows.
    pub(crate) fn is_number(self) -> bool {
        matches!(
            self,
            Self::Ssn
                | Self::Mrn
                | Self::Plan
                | Self::Account
                | Self::License
                | Self::Vehicle
                | Self::Device
                | Self::Biometric
                | Self::Photo
                | Self::Id
        )
    }
}

/// A cue at a place of the normal form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cue {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) kind: CueKind,
    /// Whether the word has other uses, so that more must speak for a value.
    pub(crate) weak: bool,
    /// The index of the first token after the cue.
    pub(crate) after: usize,
}

/// The bytes behind which no cue begins: letters, digits and what stands outside ASCII.
static GOES_ON: [bool; 256] = {
    let (mut table, mut byte) = ([false; 256], 0);
    while byte < 256 {
        table[byte] = byte >= 0x80 || (byte as u8).is_ascii_alphanumeric();
        byte += 1;
    }
    table
};

pub(crate) struct Cues {
    finder: Phrases,
    rows: Vec<(CueKind, bool)>,
}

impl Cues {
    pub(crate) fn new() -> Self {
        let (mut rows, mut phrases) = (Vec::new(), Vec::new());
        for row in lines(include_str!("../data/cues.tsv")) {
            let (label, phrase) = row.split_once('\t').expect("rows of cues.tsv have two columns");
            let weak = label.ends_with('?');
            let kind = CueKind::of(label.trim_end_matches('?')).expect("labels of cues.tsv are kinds");
            let glued = phrase.strip_suffix(" #").map(|p| format!("{p}#"));
            for phrase in [Some(phrase.to_owned()), dotted(phrase), glued].into_iter().flatten() {
                rows.push((kind, weak));
                phrases.push(plain(phrase.as_bytes()));
            }
        }
        let finder = Phrases::new(&phrases);
        Self { finder, rows }
    }

    /// Every cue of a text, by start, without those that stand inside a longer one.
    pub(crate) fn find(&self, text: &str) -> Vec<Cue> {
        let bytes = plain(text.as_bytes());
        let mut found: Vec<Cue> = self
            .finder
            .all_at(&bytes, &starts(&bytes))
            .into_iter()
            .filter(|m| bytes.get(m.end).is_none_or(|b| !b.is_ascii_alphabetic() && *b < 0x80))
            .map(|m| {
                let (kind, weak) = self.rows[m.phrase];
                Cue { start: m.start, end: m.end, kind, weak, after: 0 }
            })
            .collect();
        found.sort_unstable_by_key(|c| (c.start, std::cmp::Reverse(c.end)));
        let (mut reach, mut last) = (0, (0, 0));
        found.retain(|c| {
            let keep = c.end > reach || (c.start, c.end) == last;
            if keep {
                reach = c.end;
                last = (c.start, c.end);
            }
            keep
        });
        found
    }
}

/// Where a cue may begin. None begins with a space.
fn starts(bytes: &[u8]) -> Vec<usize> {
    // A word and what divides it from the next have five bytes or so.
    let mut starts = Vec::with_capacity(bytes.len() / 4);
    let mut goes_on = false;
    for (at, byte) in bytes.iter().enumerate() {
        if !goes_on && *byte != b' ' {
            starts.push(at);
        }
        goes_on = GOES_ON[usize::from(*byte)];
    }
    starts
}

/// The phrase with a full stop after each word but the last that is shortened: `acct. no`, `med. rec. no`.
fn dotted(phrase: &str) -> Option<String> {
    const SHORT: [&str; 30] = [
        "acct", "med", "rec", "soc", "sec", "ins", "grp", "auth", "lic", "cert", "ref", "ser", "hosp", "pt", "enc",
        "acc", "conf", "emp", "appt", "prior", "mem", "ph", "tel", "mob", "pol", "reg", "num", "no", "req", "path",
    ];
    let (head, last) = phrase.rsplit_once(' ')?;
    let mut out = String::with_capacity(phrase.len() + 4);
    let mut any = false;
    for word in head.split(' ') {
        out.push_str(word);
        let short = SHORT.contains(&word);
        any |= short;
        out.push_str(if short { ". " } else { " " });
    }
    out.push_str(last);
    any.then_some(out)
}

/// Lower case, with a space for what may join the words of a cue; a zero between letters is the letter (as scanners
/// read it).
fn plain(bytes: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = bytes
        .iter()
        .map(|b| match b {
            b'-' | b'_' | b'\n' | b'\t' => b' ',
            b => b.to_ascii_lowercase(),
        })
        .collect();
    for i in memchr::memchr_iter(b'0', bytes) {
        if i > 0 && i + 1 < out.len() && out[i - 1].is_ascii_alphabetic() && out[i + 1].is_ascii_alphabetic() {
            out[i] = b'o';
        }
    }
    // The capitals of Latin-1 in UTF-8 (À to Þ without the sign ×): "ÂGE".
    let accents: Vec<usize> = memchr::memchr_iter(0xC3, &out).map(|i| i + 1).collect();
    for i in accents {
        if let Some(b @ (0x80..=0x96 | 0x98..=0x9E)) = out.get(i).copied() {
            out[i] = b + 0x20;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cue_begins_with_a_space() {
        assert!(lines(include_str!("../data/cues.tsv")).all(|row| {
            row.split_once('\t')
                .is_some_and(|(_, phrase)| plain(phrase.as_bytes()).first().is_some_and(|first| *first != b' '))
        }));
    }

    #[test]
    fn the_longest_cue_wins_and_words_are_whole() {
        let cues = Cues::new();
        let kinds = |t: &str| cues.find(t).iter().map(|c| (c.kind, t[c.start..c.end].to_owned())).collect::<Vec<_>>();
        assert_eq!(kinds("Medical-record number 1"), [(CueKind::Mrn, "Medical-record number".to_owned())]);
        assert!(kinds("identical").is_empty());
        assert_eq!(kinds("REC0RD . ."), [(CueKind::Mrn, "REC0RD".to_owned())]);
    }
}
