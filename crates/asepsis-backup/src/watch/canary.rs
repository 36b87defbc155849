//! Canaries: files of known content in what is backed up, which nobody has a reason to touch.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use serde::{Deserialize, Serialize};

use super::finding::Looking;
use super::state::keep;
use super::{AlarmKind, WatchFault};
use crate::create::hex;

/// The layout of a list of canaries.
const LAYOUT: u32 = 1;

/// No list is longer, in bytes.
const LONGEST_LIST: u64 = 1 << 20;

/// The most canaries of one backup: each is taken out of the newest snapshot in every check.
const MOST: usize = 64;

/// The length of a canary in bytes, about: long enough for the entropy of ciphertext to show.
const LENGTH: usize = 8 << 10;

/// Entropy in thousandths of a bit a byte that text does not reach and ciphertext exceeds.
const CIPHERTEXT: u32 = 7_500;

/// The kinds of canaries: what ransomware looks for by its ending.
const KINDS: [(&str, &str, &str); 4] = [
    ("plan.txt", "", ""),
    ("list.csv", "number,what,note\n", ""),
    ("dump.sql", "-- ", "\n"),
    ("page.html", "<!doctype html><title>Asepsis</title><p>", "</p>\n"),
];

/// What every canary says of itself to people.
const SAYS: &str = "This file is planted by Asepsis to notice when files of a backup are encrypted or changed. It holds nothing. \
                    Do not change, move or delete it.\n";

/// Words of no meaning for a patient.
const WORDS: [&str; 32] = [
    "amber", "basin", "cable", "delta", "ember", "fable", "grain", "hinge", "inlet", "jetty", "knoll", "ledge",
    "maple", "nickel", "orbit", "pebble", "quartz", "ridge", "slate", "timber", "umber", "valve", "willow", "xenon",
    "yarrow", "zenith", "anchor", "bronze", "copper", "drift", "eddy", "flint",
];

/// A canary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Canary {
    /// Its path in the snapshots.
    pub path: String,
    /// Its length.
    pub bytes: u64,
    /// The SHA-256 of its content in hexadecimal.
    pub sha256: String,
    /// Its entropy (Shannon, of single bytes) in thousandths of a bit a byte.
    pub entropy: u32,
}

/// The canaries of one backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Canaries {
    v: u32,
    /// Those that were planted.
    pub planted: Vec<Canary>,
}

impl Canaries {
    /// The list of the backup of that name in `folder`, if canaries were planted for it.
    ///
    /// # Errors
    /// [`WatchFault::State`] if there is one that cannot be read.
    pub fn load(folder: &Path, name: &str) -> Result<Option<Self>, WatchFault> {
        let path = list(folder, name);
        let fault = |why: String| WatchFault::State { path: path.clone(), why };
        let mut text = Vec::new();
        match File::open(&path) {
            Ok(file) => file.take(LONGEST_LIST).read_to_end(&mut text).map_err(|e| fault(e.to_string()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(fault(error.to_string())),
        };
        let list: Self = serde_json::from_slice(&text).map_err(|_| fault("it is no list of canaries".to_owned()))?;
        if list.v != LAYOUT || list.planted.len() > MOST {
            return Err(fault("it is of a later version, or too long".to_owned()));
        }
        Ok(Some(list))
    }
}

/// Plants canaries in `dir` for the backup of that name, and adds them to its list in `folder`. `seen_as` is the path of `dir`
/// in the snapshots, where it is another one than here. Returns the files.
///
/// # Errors
/// [`WatchFault::Plant`] if a file cannot be written, or there would be too many; [`WatchFault::State`].
pub fn plant(folder: &Path, name: &str, dir: &Path, seen_as: Option<&str>) -> Result<Vec<PathBuf>, WatchFault> {
    let fault = |path: &Path, why: String| WatchFault::Plant { path: path.to_owned(), why };
    let mut list_now = Canaries::load(folder, name)?.unwrap_or(Canaries { v: LAYOUT, planted: Vec::new() });
    if list_now.planted.len() + KINDS.len() > MOST {
        return Err(fault(dir, format!("{MOST} canaries are enough for one backup; remove older ones and their list")));
    }
    let dir = fs::canonicalize(dir).map_err(|error| fault(dir, error.to_string()))?;
    let base = match seen_as {
        Some(base) => base.trim_end_matches('/').to_owned(),
        None => dir.to_str().ok_or_else(|| fault(&dir, "its path is not in UTF-8".to_owned()))?.to_owned(),
    };
    let mut made = Vec::new();
    let tag = hex(&random::<4>().map_err(|()| fault(&dir, "the system gives no random bytes".to_owned()))?);
    for (kind, before, after) in KINDS {
        let file = format!("asepsis-canary-{tag}-{kind}");
        let path = dir.join(&file);
        let text = text(before, after).map_err(|()| fault(&path, "the system gives no random bytes".to_owned()))?;
        let write = || {
            let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()
        };
        write().map_err(|error| fault(&path, error.to_string()))?;
        list_now.planted.push(Canary {
            path: format!("{base}/{file}"),
            bytes: text.len() as u64,
            sha256: hex(digest(&SHA256, text.as_bytes()).as_ref()),
            entropy: entropy(text.as_bytes()),
        });
        made.push(path);
    }
    keep(&list(folder, name), &serde_json::to_vec_pretty(&list_now).unwrap_or_default())?;
    Ok(made)
}

/// A canary as it came out of the newest snapshot.
pub(super) enum Taken {
    /// Its content, up to the length that was asked for.
    Content(Vec<u8>),
    /// It is not there.
    Missing,
}

impl Looking<'_> {
    /// Compares a canary with what was planted.
    pub(super) fn canary(&mut self, canary: &Canary, taken: &Taken) {
        // Ours are named by us, so that their names may be said.
        let name = canary.path.rsplit(['/', '\\']).next().unwrap_or_default();
        let Taken::Content(content) = taken else {
            return self.alarm(AlarmKind::CanaryMissing, format!("canary {name} is not in the newest snapshot"));
        };
        if content.len() as u64 == canary.bytes && hex(digest(&SHA256, content).as_ref()) == canary.sha256 {
            self.found.canaries += 1;
            return;
        }
        let now = entropy(content);
        let (was, is) = (f64::from(canary.entropy) / 1000.0, f64::from(now) / 1000.0);
        let bits = format!("its entropy went from {was:.1} to {is:.1} bits a byte");
        if now >= CIPHERTEXT && canary.entropy < CIPHERTEXT {
            self.alarm(AlarmKind::CanaryEncrypted, format!("canary {name} looks encrypted: {bits}"));
        } else {
            self.alarm(AlarmKind::CanaryChanged, format!("canary {name} was changed: {bits}"));
        }
    }

    /// Says that there are no canaries where there could be.
    pub(super) fn no_canaries(&mut self) {
        self.found.notices.push(format!(
            "no canary is planted: `asepsis backup canary create DIR --for {}` in a folder that is backed up",
            self.watch.name
        ));
    }
}

impl Canary {
    /// How much of it is read: more is another content.
    pub(super) fn limit(&self) -> usize {
        usize::try_from(self.bytes).unwrap_or(usize::MAX).saturating_mul(2).saturating_add(1 << 10)
    }
}

/// The Shannon entropy of the bytes, in thousandths of a bit a byte.
pub(super) fn entropy(content: &[u8]) -> u32 {
    let mut counts = [0_u32; 256];
    for byte in content {
        counts[usize::from(*byte)] += 1;
    }
    let all = content.len() as f64;
    let of = |count: &u32| {
        let share = f64::from(*count) / all;
        -share * share.log2()
    };
    let bits: f64 = counts.iter().filter(|count| **count > 0).map(of).sum();
    (bits * 1000.0).round() as u32
}

/// The text of a canary. No two are alike, so that nobody can make one from another.
fn text(before: &str, after: &str) -> Result<String, ()> {
    let mut text = format!("{before}{SAYS}");
    let mut number = 0;
    while text.len() < LENGTH {
        number += 1;
        let _ = write!(text, "{number},");
        for byte in random::<8>()? {
            let _ = write!(text, " {}", WORDS[usize::from(byte) % WORDS.len()]);
        }
        text.push('\n');
    }
    Ok(text + after)
}

fn random<const N: usize>() -> Result<[u8; N], ()> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| ())?;
    Ok(bytes)
}

fn list(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.canaries"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p6_the_entropy_of_text_and_of_ciphertext_are_far_apart() {
        assert_eq!(entropy(b""), 0);
        assert_eq!(entropy(&[7; 100]), 0);
        assert_eq!(entropy(&(0..=255).collect::<Vec<u8>>()), 8_000);
        for (_, before, after) in KINDS {
            let text = text(before, after).unwrap();
            assert!(entropy(text.as_bytes()) < 5_000 && text.contains(SAYS), "{text}");
        }
        let mut ciphertext = [0; LENGTH];
        rand::fill(&mut ciphertext).unwrap();
        assert!(entropy(&ciphertext) > CIPHERTEXT);
    }

    #[test]
    fn p6_canaries_are_planted_beside_others_and_listed_as_the_snapshots_see_them() {
        let (folder, dir) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let made = plant(folder.path(), "ehr", dir.path(), Some("/C/share/")).unwrap();
        assert_eq!(made.len(), KINDS.len());
        plant(folder.path(), "ehr", dir.path(), None).unwrap();
        let list = Canaries::load(folder.path(), "ehr").unwrap().unwrap();
        assert_eq!(list.planted.len(), 2 * KINDS.len());
        assert!(list.planted[0].path.starts_with("/C/share/asepsis-canary-"));
        let content = fs::read(&made[0]).unwrap();
        assert_eq!(list.planted[0].sha256, hex(digest(&SHA256, &content).as_ref()));
        assert_eq!(Canaries::load(folder.path(), "pacs").unwrap(), None);
        let full = (0..MOST).find_map(|_| plant(folder.path(), "ehr", dir.path(), None).err()).unwrap();
        assert!(full.to_string().contains("64 canaries are enough"), "{full}");
        assert!(plant(folder.path(), "ehr2", &dir.path().join("nowhere"), None).is_err());
        fs::write(folder.path().join("bad.canaries"), "[]").unwrap();
        assert!(Canaries::load(folder.path(), "bad").unwrap_err().to_string().contains("bad.canaries"));
    }
}
