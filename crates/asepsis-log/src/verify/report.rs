use std::fmt;

use asepsis_vocab::ExchangeId;

use crate::policy::Standing;

/// Findings that are listed; the rest is counted.
const LISTED: usize = 100;

/// What a check came to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// The number of entries that the checkpoint covers.
    pub size: u64,
    /// The signed root in hexadecimal; absent where there is no checkpoint.
    pub root: Option<String>,
    /// The number of entries in the database.
    pub entries: u64,
    /// Entries that were let go after their retention, from the first on, as an entry says; their hashes are in the tiles.
    pub pruned: u64,
    /// The entry that says so.
    pub pruned_by: Option<u64>,
    /// One more than the index of the last entry.
    pub end: u64,
    /// Where the signature's key came from.
    pub key_source: KeySource,
    /// What is not as it was signed, in the order of the log; at most 100.
    pub findings: Vec<Fault>,
    /// Findings beyond those.
    pub more_findings: u64,
    /// Exchanges that were about to leave and whose end is not recorded: completeness, not integrity.
    pub unfinished: Vec<ExchangeId>,
    /// Entries that no checkpoint covers yet. They are durable, but nobody has signed them.
    pub unsigned_tail: u64,
    /// Sealed payloads that are there.
    pub payloads: u64,
    /// Payloads that are gone because their key was destroyed, as an entry says.
    pub shredded: Vec<Shredded>,
    /// Payloads that are there and cannot be read any more, because an entry says that their key was destroyed.
    pub left_sealed: u64,
    /// Whether a pin was given.
    pub pinned: bool,
    /// What the witnesses of the policy have cosigned; absent without a policy that asks for witnesses, or where nothing of
    /// theirs is there.
    pub anchor: Option<Anchor>,
    /// The present that ages are counted from, in seconds since 1970.
    pub now: u64,
    /// Entries that are dated a minute or more before one that stands above them: a clock was set back. It happens to honest
    /// machines, so it is no finding.
    pub set_back: u64,
    /// The first of those.
    pub first_set_back: Option<u64>,
}

/// Payloads that were erased by destroying their key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shredded {
    /// The entry that says so.
    pub by: u64,
    /// The key's id.
    pub key: String,
    /// The first entry whose payload it was.
    pub first: u64,
    /// How many payloads are gone.
    pub payloads: u64,
}

/// The newest checkpoint that witnesses cosigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// The number of entries that it covers.
    pub size: u64,
    /// Who cosigned when, and whether that is enough.
    pub standing: Standing,
}

impl Report {
    /// Whether what is there is what was signed.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    /// Whether every exchange has its end.
    pub fn is_complete(&self) -> bool {
        self.unfinished.is_empty()
    }

    /// Whether something outside the directory vouches for it: a pin, or the quorum of a policy's witnesses. Without, a
    /// rollback of the whole and a rewrite by who holds the key cannot be seen.
    pub fn is_anchored(&self) -> bool {
        self.pinned || self.anchor.as_ref().is_some_and(|anchor| anchor.standing.quorum)
    }

    /// Seconds since the newest cosignature of a witness: freshness.
    pub fn age(&self) -> Option<u64> {
        Some(self.now.saturating_sub(self.anchor.as_ref()?.standing.newest()?))
    }

    pub(crate) fn add(&mut self, place: Place, what: String, remedy: &'static str) {
        if self.findings.len() < LISTED {
            self.findings.push(Fault { place, what, remedy });
        } else {
            self.more_findings += 1;
        }
    }
}

/// Where the key came from that signatures were checked with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeySource {
    /// The copy in the log's directory: says only that the directory agrees with itself.
    #[default]
    Directory,
    /// The caller gave it.
    Given,
}

/// Something that is not as it was signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What is wrong there; holds nothing of any entry.
    pub what: String,
    /// What to do.
    pub remedy: &'static str,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.place, self.what, self.remedy)
    }
}

/// A place in a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// The entry of this index in the database.
    Entry(u64),
    /// A file, by its path in the log's directory.
    File(String),
    /// A field of a checkpoint: the file, or `pin`, and the field.
    Field(String, &'static str),
    /// A field of the entry of this index.
    EntryField(u64, &'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry(index) => write!(f, "entry {index}"),
            Self::File(path) => f.write_str(path),
            Self::Field(file, field) => write!(f, "{file}, {field}"),
            Self::EntryField(index, field) => write!(f, "entry {index}, {field}"),
        }
    }
}
