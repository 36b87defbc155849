//! Having the checkpoints of a log cosigned as they come, beside the log and never in its way.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use asepsis_log::{LogError, ParsedCheckpoint, Policy, VerifierKey, cosigned};
use tokio::time::Instant;

use crate::{AskError, Client};

/// When witnesses are asked.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How often the log is looked at for a new checkpoint.
    pub every: Duration,
    /// A log in which nothing happens is cosigned again after so long, so that it can be told from one that was put back.
    pub refresh: Duration,
    /// How long a witness has for an answer.
    pub timeout: Duration,
    /// The longest wait until one that failed is asked again; the first is `every`.
    pub patience: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(2),
            refresh: Duration::from_secs(600),
            timeout: Duration::from_secs(10),
            patience: Duration::from_secs(60),
        }
    }
}

/// Lets the witnesses of a policy cosign the checkpoints of the log in a directory. It reads what the log has published, so it
/// may run in the process that writes the log or in another one.
pub struct Cosigning {
    dir: PathBuf,
    policy: Policy,
    client: Client,
    options: Options,
    witnesses: BTreeMap<String, Asked>,
    /// The text of the checkpoint that was asked for last.
    last: String,
}

/// One address, with all keys that the policy has for it.
struct Asked {
    keys: Vec<VerifierKey>,
    /// What it cosigned last, as far as is known.
    size: u64,
    /// When it may be asked again after a failure, and how long the wait was.
    wait: Option<(Instant, Duration)>,
    /// When it cosigned last, and what.
    done: Option<(Instant, String)>,
    /// Whether its failure was told.
    told: bool,
}

/// What came of asking once.
#[derive(Debug, Default)]
pub struct Round {
    /// The witnesses that cosigned, by address.
    pub cosigned: Vec<String>,
    /// What kept others from it.
    pub failed: Vec<AskError>,
    /// Whether what is kept now reaches the quorum of the policy; `None` where nobody had to be asked.
    pub quorum: Option<bool>,
}

impl Cosigning {
    /// Over the log in `dir`, with the witnesses of the policy that have an address.
    ///
    /// # Errors
    /// Where TLS cannot be set up.
    pub fn new(dir: &Path, policy: Policy, options: Options) -> Result<Self, rustls::Error> {
        let mut witnesses = BTreeMap::<String, Asked>::new();
        for witness in policy.witnesses() {
            if let Some(url) = &witness.url {
                let fresh = || Asked { keys: Vec::new(), size: 0, wait: None, done: None, told: false };
                witnesses.entry(url.clone()).or_insert_with(fresh).keys.push(witness.key.clone());
            }
        }
        let client = Client::new(options.timeout)?;
        Ok(Self { dir: dir.to_owned(), policy, client, options, witnesses, last: String::new() })
    }

    /// Asks as checkpoints come, without end. What fails is written to the process's log and tried again; dropping the future
    /// ends it.
    pub async fn run(mut self) {
        let mut turn = tokio::time::interval(self.options.every);
        turn.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            turn.tick().await;
            match self.round().await {
                Ok(round) => self.tell(&round),
                Err(error) => tracing::error!(%error, "the cosigned checkpoint cannot be kept"),
            }
        }
    }

    /// Asks those that have not cosigned the newest checkpoint yet, and whose time it is, all at once; keeps what they gave.
    ///
    /// # Errors
    /// [`LogError`] if the cosigned checkpoint cannot be kept. What witnesses do is in the [`Round`].
    pub async fn round(&mut self) -> Result<Round, LogError> {
        let mut round = Round::default();
        // The log has not signed anything yet.
        let Ok(checkpoint) = tokio::fs::read_to_string(self.dir.join("checkpoint")).await else { return Ok(round) };
        let Ok(parsed) = ParsedCheckpoint::new(checkpoint.as_bytes()) else { return Ok(round) };
        let text = String::from_utf8_lossy(parsed.text()).into_owned();
        let now = Instant::now();
        let mut asking = tokio::task::JoinSet::new();
        for (url, asked) in &self.witnesses {
            if asked.is_due(now, &text, self.options.refresh) {
                let (client, url, keys) = (self.client.clone(), url.clone(), asked.keys.clone());
                let (dir, checkpoint, known) = (self.dir.clone(), checkpoint.clone(), asked.size);
                asking.spawn(async move {
                    let answer = client.ask(&url, &keys, &dir, &checkpoint, known).await;
                    (url, answer)
                });
            }
        }
        if asking.is_empty() {
            return Ok(round);
        }
        let mut lines = String::new();
        while let Some(done) = asking.join_next().await {
            let Ok((url, answer)) = done else { continue };
            let Some(asked) = self.witnesses.get_mut(&url) else { continue };
            match answer {
                Ok(answer) => {
                    lines += &answer.lines;
                    asked.size = answer.size;
                    (asked.wait, asked.done) = (None, Some((Instant::now(), text.clone())));
                    round.cosigned.push(url);
                }
                Err(error) => {
                    let wait = asked.wait.map_or(self.options.every, |(_, wait)| (wait * 2).min(self.options.patience));
                    asked.wait = Some((Instant::now() + wait, wait));
                    round.failed.push(error);
                }
            }
        }
        self.last = text;
        round.quorum = Some(self.keep(&checkpoint, &lines)?);
        Ok(round)
    }

    /// Keeps the checkpoint with these lines and those that were kept for it before, unless what is kept is worth more. Whether
    /// the quorum is reached.
    fn keep(&self, checkpoint: &str, lines: &str) -> Result<bool, LogError> {
        let quorum = |note: &str| self.policy.check(note).is_ok_and(|standing| standing.quorum);
        let kept = cosigned::read(&self.dir);
        let same =
            kept.as_deref().filter(|kept| kept.starts_with(&self.last) && kept[self.last.len()..].starts_with('\n'));
        // Newer lines stand first: of two of one key the first counts.
        let head = format!("{}\n", self.last);
        let log_lines = checkpoint.strip_prefix(&head).unwrap_or_default();
        // Of what is kept only what holds: the file may have been written by anybody.
        let keys: Vec<&VerifierKey> = self.policy.witnesses().iter().map(|witness| &witness.key).collect();
        let holds = |line: &&str| {
            let alone = ParsedCheckpoint::new(format!("{head}{line}\n").as_bytes());
            alone.and_then(|alone| alone.signed_by(keys.iter().copied())).is_ok_and(|signed| !signed.is_empty())
        };
        let older = same.and_then(|kept| kept.strip_prefix(&head)).unwrap_or_default();
        let older: Vec<&str> = older.lines().filter(holds).collect();
        let mut seen = Vec::new();
        let mut note = head.clone();
        for line in log_lines.lines().chain(lines.lines()).chain(older) {
            // Name and key id: the first characters of what stands there in base64 hold the id.
            let key = line.get(..line.rfind(' ').map_or(0, |at| (at + 6).min(line.len()))).unwrap_or(line).to_owned();
            if !seen.contains(&key) {
                seen.push(key);
                note = note + line + "\n";
            }
        }
        let reached = quorum(&note);
        let worth_less = !reached && same.is_none() && kept.as_deref().is_some_and(quorum);
        if !lines.is_empty() && !worth_less {
            cosigned::keep(&self.dir, &note)?;
        }
        Ok(reached)
    }

    /// Says each change once.
    fn tell(&mut self, round: &Round) {
        for url in &round.cosigned {
            if let Some(asked) = self.witnesses.get_mut(url).filter(|asked| asked.told) {
                asked.told = false;
                tracing::info!(%url, "the witness cosigns again");
            }
        }
        for error in &round.failed {
            if error.is_alarm() {
                tracing::error!(%error, "a witness refuses the log");
            } else if self.witnesses.values().any(|asked| asked.wait.is_some() && !asked.told) {
                tracing::warn!(%error, "a witness did not cosign");
            }
        }
        for asked in self.witnesses.values_mut().filter(|asked| asked.wait.is_some()) {
            asked.told = true;
        }
    }
}

impl Asked {
    fn is_due(&self, now: Instant, text: &str, refresh: Duration) -> bool {
        let waits = self.wait.is_some_and(|(until, _)| now < until);
        let done = self.done.as_ref().is_some_and(|(at, what)| what == text && now.duration_since(*at) < refresh);
        !waits && !done
    }
}
