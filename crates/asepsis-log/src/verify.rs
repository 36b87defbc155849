//! Checking a log offline: every entry is hashed, every tile and bundle compared, the checkpoint's signatures checked.
//!
//! Three questions are told apart. *Integrity*: is what is there what was signed? The [`findings`](Report::findings).
//! *Completeness*: has every exchange that was about to leave an end? [`unfinished`](Report::unfinished); an interrupted exchange
//! is no forgery. *Freshness*: how old is the newest cosignature of a witness? [`anchor`](Report::anchor); a log that was put
//! back to an older state as a whole has old ones. Without a [`pin`](VerifyOptions::pin) or a
//! [`policy`](VerifyOptions::policy) with witnesses, a directory that was rolled back, or rewritten by who holds the key, cannot
//! be told from an honest one.

mod anchor;
mod field;
mod report;
mod sealed;
mod times;
mod walk;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

pub use report::{Anchor, Fault, KeySource, Place, Report, Shredded};

use crate::layout::{self, TILE};
use crate::note::{Parsed, hex};
use crate::policy::Policy;
use crate::tree::widths;
use crate::{LogError, LogPlace, entries, publish, tiles};
use anchor::Anchors;
use walk::Walk;

/// How far a clock may be ahead of ours before what it wrote is called future-dated.
pub(crate) const TOLERANCE: Duration = Duration::from_secs(300);

/// What the log is checked against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct VerifyOptions {
    /// The public keys, `<origin>+<id>+<base64>`, one a line; each has to have signed. Where absent, those of the policy are
    /// used, else the copy in the log's own directory, which an intruder may have replaced.
    pub vkey: Option<String>,
    /// An older checkpoint of this log that was kept elsewhere: the whole text of the signed note.
    pub pin: Option<String>,
    /// The logs that are known, and the witnesses that have to have cosigned.
    pub policy: Option<Policy>,
    /// How old the newest cosignature may be; needs a policy with witnesses.
    pub max_age: Option<Duration>,
    /// The present, in seconds since 1970; that of the system's clock where absent.
    pub now: Option<u64>,
}

/// Checks the log in `dir`, which another process may be writing. Memory is bounded, whatever the length of the log.
///
/// # Errors
/// [`LogError::Db`] if there is no database that can be read at all. All else is in the report.
pub async fn verify(log: impl Into<LogPlace>, options: VerifyOptions) -> Result<Report, LogError> {
    let log = log.into();
    let dir = log.dir.as_path();
    let now = options.now.unwrap_or_else(publish::now);
    let mut report = Report { now, pinned: options.pin.is_some(), ..Report::default() };
    // Before the checkpoint: a writer may put both in place meanwhile, and the checkpoint is never the smaller one.
    let cosigned = tiles::read(dir, layout::COSIGNED).ok();
    let (checkpoint, edge) = snapshot(dir);
    let anchors = Anchors::read(dir, &options, now, checkpoint.as_deref(), cosigned.as_deref(), &mut report);

    let db = log.open().await?;
    for what in entries::strange(&db).await? {
        let place = Place::File(layout::DATABASE.to_owned());
        report.add(place, what, "restore the database from a backup and find out who had access");
    }
    let size = anchors.signed.as_ref().map_or(0, Parsed::size);
    let mut walk = Walk::new(dir, size, edge, anchors.sizes(), now, &mut report);
    walk.run(&db).await?;
    let roots = walk.finish(&db).await?;
    db.close().await;

    report.size = size;
    if let Some(signed) = &anchors.signed {
        report.root = Some(hex(&signed.root));
        if report.end < size {
            report.add(
                Place::Entry(report.end),
                format!("the log shrank: the checkpoint covers {size} entries, {} are stored", report.end),
                "restore the database from a backup",
            );
        } else if roots.get(&size) != Some(&signed.root) {
            report.add(
                Place::Field(layout::CHECKPOINT.to_owned(), "root"),
                format!("the first {size} entries do not give the signed root"),
                "restore the database from a backup; the first entry that is named here is where to look",
            );
        }
    }
    anchors.compare(size, &roots, &mut report);
    Ok(report)
}

/// Unfinished tiles and bundles, by name.
pub(crate) type Edge = BTreeMap<String, Vec<u8>>;

/// The checkpoint with the partial tiles that belong to it: a writer replaces them every second.
fn snapshot(dir: &Path) -> (Option<Vec<u8>>, Edge) {
    let read = || tiles::read(dir, layout::CHECKPOINT).ok();
    let mut checkpoint = read();
    let mut edge = Edge::new();
    for _ in 0..5 {
        edge.clear();
        let size = checkpoint.as_deref().and_then(|text| Some(Parsed::new(text).ok()?.size)).unwrap_or(0);
        let mut number = size;
        let mut names = Vec::new();
        for (level, width) in widths(size).enumerate() {
            number /= TILE;
            names.extend((width > 0).then(|| layout::tile(level, number, width)));
        }
        names.extend((!size.is_multiple_of(TILE)).then(|| layout::bundle(size / TILE, size % TILE)));
        for name in names {
            if let Ok(content) = tiles::read(dir, &name) {
                edge.insert(name, content);
            }
        }
        let now = read();
        if now == checkpoint {
            break;
        }
        checkpoint = now;
    }
    (checkpoint, edge)
}
