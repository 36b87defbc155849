use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use asepsis_db::{Database, Session, files};
use asepsis_log::proof::{Consistency, consistent};
use asepsis_log::{KeyKind, NoteFault, ParsedCheckpoint, VerifierKey, WitnessKey};

use crate::WitnessError;
use crate::state::{self, Head};

/// The database of a witness.
const DATABASE: &str = "witness.db";
/// Its secret key.
const KEY: &str = "witness.key";
/// Its public keys, one a line.
const PUBLIC_KEY: &str = "witness.vkey";

/// A witness: its key, the logs that it knows, and what it remembers of them. A cheap handle.
#[derive(Clone)]
pub struct Witness {
    inner: Arc<Inner>,
}

struct Inner {
    key: WitnessKey,
    logs: BTreeMap<String, Vec<VerifierKey>>,
    session: Session,
}

/// What a witness says to a checkpoint. The numbers are those of C2SP tlog-witness 1.1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// 200: the lines of the cosignatures.
    Cosigned(String),
    /// 400: what was sent is not of the form, or goes back.
    Malformed(&'static str),
    /// 403: no key of the log that the witness knows has signed it.
    OtherKey,
    /// 404: the witness does not know the log.
    UnknownLog,
    /// 409: the old size is not the one that was cosigned last, which is this.
    Conflict(u64),
    /// 422: the proof does not show that the tree goes on from the one that was cosigned last, or it has the same size and
    /// another root, or the empty tree another root than that of nothing.
    NotConsistent,
    /// 503: the clock of this machine is behind the last cosignature, or the memory cannot be written.
    Unable(&'static str),
}

impl Witness {
    /// Opens the witness in `dir`, or makes it: its key, and its memory.
    ///
    /// `logs` are the public keys of the logs that it knows, each under its log's origin.
    ///
    /// # Errors
    /// [`WitnessError`]: above all [`Forgotten`](WitnessError::Forgotten) where the key is there and the memory is not.
    pub async fn open(dir: &Path, name: &str, logs: Vec<VerifierKey>) -> Result<Self, WitnessError> {
        if logs.is_empty() {
            return Err(WitnessError::NoLogs);
        }
        let (key_path, database) = (dir.join(KEY), dir.join(DATABASE));
        if key_path.exists() && !database.exists() {
            return Err(WitnessError::Forgotten { path: database });
        }
        files::private_directory(dir)?;
        let db = Database::open(&database, &state::SCHEMA).await?;
        let key = if key_path.exists() {
            WitnessKey::load(&key_path)?
        } else {
            let key = WitnessKey::generate(name)?;
            key.save(&key_path)?;
            key
        };
        if key.name() != name {
            return Err(WitnessError::OtherName { asked: name.to_owned(), there: key.name().to_owned() });
        }
        let public: String = key.verifier_keys().iter().map(|key| format!("{key}\n")).collect();
        std::fs::write(dir.join(PUBLIC_KEY), public).map_err(|source| {
            let path = dir.join(PUBLIC_KEY);
            asepsis_db::DbError::File { path, doing: "write the public keys", source }
        })?;
        let session = db.session().await?;
        let mut known = BTreeMap::<_, Vec<_>>::new();
        for log in logs.into_iter().filter(|key| key.kind().is_log()) {
            known.entry(log.name().to_owned()).or_default().push(log);
        }
        Ok(Self { inner: Arc::new(Inner { key, logs: known, session }) })
    }

    /// Its public keys: what logs and auditors put into their policy.
    pub fn verifier_keys(&self) -> Vec<VerifierKey> {
        self.inner.key.verifier_keys()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.inner.key.name()
    }

    /// The logs that it knows.
    pub fn origins(&self) -> impl Iterator<Item = &str> {
        self.inner.logs.keys().map(String::as_str)
    }

    /// Decides on the body of an `add-checkpoint` request, in the order of C2SP tlog-witness. What it cosigned is on disk when
    /// this returns.
    pub async fn add_checkpoint(&self, body: &str) -> Answer {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        self.add_checkpoint_at(body, now).await
    }

    /// As [`add_checkpoint`](Self::add_checkpoint), at this time in seconds since 1970.
    pub async fn add_checkpoint_at(&self, body: &str, now: u64) -> Answer {
        let Ok(request) = Consistency::parse(body) else {
            return Answer::Malformed("the body is `old SIZE`, hashes in base64, an empty line and a checkpoint");
        };
        let Ok(parsed) = ParsedCheckpoint::new(request.checkpoint.as_bytes()) else {
            return Answer::Malformed("what follows the empty line is no signed checkpoint");
        };
        let Some(keys) = self.inner.logs.get(parsed.origin()) else { return Answer::UnknownLog };
        // An ML-DSA-44 signature does not cover extension lines, so it vouches for no note that has some.
        let trusted = keys.iter().filter(|key| key.kind() == KeyKind::Ed25519 || !parsed.has_extensions());
        match parsed.signed_by(trusted) {
            Ok(signed) if !signed.is_empty() => {}
            Ok(_) | Err(NoteFault::BadSignature) => return Answer::OtherKey,
            Err(_) => return Answer::Malformed("the signatures cannot be read"),
        }
        if i64::try_from(parsed.size()).is_err() {
            return Answer::Malformed("no log has so many entries");
        }
        if request.old > parsed.size() {
            return Answer::Malformed("the old size is above that of the checkpoint");
        }
        let inner = self.inner.clone();
        let advanced = self
            .inner
            .session
            .run(move |db| state::advance(db, parsed.origin(), |head| inner.decide(head, &request, &parsed, now)));
        match advanced.await {
            Ok(Ok(head)) => {
                // The lines are the end of what is remembered.
                let lines = head.note.lines().rev().take(self.inner.key.verifier_keys().len());
                let lines: Vec<&str> = lines.collect();
                Answer::Cosigned(lines.into_iter().rev().map(|line| format!("{line}\n")).collect())
            }
            Ok(Err(refused)) => refused,
            Err(_) => Answer::Unable("the memory of the witness cannot be written"),
        }
    }

    /// The newest cosigned checkpoint of the log whose origin has this SHA-256 in hexadecimal.
    pub async fn newest(&self, origin_hash: &str) -> Option<String> {
        let origin = self.inner.logs.keys().find(|origin| hash(origin) == origin_hash)?.clone();
        let head = self.inner.session.run(move |db| state::head(db, &origin)).await.ok()??;
        Some(head.note)
    }
}

impl Inner {
    /// What comes after this head.
    fn decide(
        &self,
        head: Option<&Head>,
        request: &Consistency,
        parsed: &ParsedCheckpoint,
        now: u64,
    ) -> Result<Head, Answer> {
        let (size, root) = head.map_or((0, tlog_empty()), |head| (head.size, head.root));
        if request.old != size {
            return Err(Answer::Conflict(size));
        }
        // Another root of the same size is a special case of this (C2SP tlog-witness 1.1; it was 409 in 1.0).
        consistent(size, root, parsed.size(), parsed.root(), &request.hashes).map_err(|_| Answer::NotConsistent)?;
        // A cosignature says that nothing larger was seen until its time: that time does not go back.
        if head.is_some_and(|head| now < head.time) {
            return Err(Answer::Unable("the clock of the witness is behind its last cosignature"));
        }
        let unable = Answer::Unable("the witness cannot sign");
        let log_lines = self.log_lines(request, parsed);
        let note = self.key.cosign(&request.checkpoint, now).map(|lines| log_lines + &lines);
        Ok(Head { size: parsed.size(), root: parsed.root(), time: now, note: note.ok_or(unable)? })
    }

    /// The checkpoint with the signatures of the log's own keys alone: what else came along is not remembered.
    fn log_lines(&self, request: &Consistency, parsed: &ParsedCheckpoint) -> String {
        let keys = self.logs.get(parsed.origin()).map(Vec::as_slice).unwrap_or_default();
        let text = String::from_utf8_lossy(parsed.text()).into_owned();
        let lines = request.checkpoint.get(text.len() + 1..).unwrap_or_default().lines();
        let known = |line: &&str| {
            let alone = format!("{text}\n{line}\n");
            let signed = ParsedCheckpoint::new(alone.as_bytes()).and_then(|alone| alone.signed_by(keys));
            signed.is_ok_and(|signed| !signed.is_empty())
        };
        let known: String = lines.filter(known).map(|line| format!("{line}\n")).collect();
        format!("{text}\n{known}")
    }
}

/// The root of the tree without entries: SHA-256 of nothing (RFC 6962, 2.1).
fn tlog_empty() -> [u8; 32] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"");
    let mut root = [0; 32];
    root.copy_from_slice(digest.as_ref());
    root
}

fn hash(origin: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, origin.as_bytes());
    data_encoding::HEXLOWER.encode(digest.as_ref())
}
