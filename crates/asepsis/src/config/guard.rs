//! What hostile text is looked for with, where answers may point, and what tools may do.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use asepsis_egress::Hosts;
use asepsis_exchange::{Bounds, Guarding};
use asepsis_gateway::{ToolRule, Tools};
use asepsis_guard::{Guard, Pack, PublisherKey};
use asepsis_policy::ToolEffect;
use serde::Deserialize;

/// `[guard]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct GuardTable {
    /// Hosts that addresses in answers may point to, besides the shipped ones.
    hosts: Vec<String>,
    /// Whether the shipped ones are among them.
    shipped_hosts: bool,
    /// Whether text with flags is marked as data.
    spotlight: bool,
    /// Whether canaries are put into requests that hold text of others.
    canaries: bool,
    /// What is done where an answer repeats the application's own instructions.
    instructions: Instructions,
    /// Packs of signatures of others, besides the shipped ones.
    packs: Vec<PackEntry>,
    /// The site's own thresholds of the classifier, a file a channel, from `asepsis guard calibrate`.
    thresholds_files: Vec<PathBuf>,
    /// What a tool counts as that stands in no `[[tool]]`.
    unregistered_tools: Unregistered,
    /// How much may go wrong in the exchanges of one person.
    memory: MemoryTable,
}

/// `[guard.memory]`: points of persons and conversations.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct MemoryTable {
    /// From so many points on a person's exchanges lose tools that write or reach out; 0: never.
    tools_at: f64,
    /// The same within one conversation.
    conversation_tools_at: f64,
    /// From so many points on a person is told to wait; 0: never.
    wait_at: f64,
    /// Minutes in which points halve.
    half_life_minutes: f64,
}

impl Default for MemoryTable {
    fn default() -> Self {
        let Bounds { tools_at, conversation_tools_at, wait_at, half_life } = Bounds::default();
        Self { tools_at, conversation_tools_at, wait_at, half_life_minutes: half_life / 60.0 }
    }
}

impl MemoryTable {
    fn bounds(&self) -> anyhow::Result<Bounds> {
        let Self { tools_at, conversation_tools_at, wait_at, half_life_minutes } = *self;
        let fits = |points: f64| (0.0..=1e6).contains(&points);
        if ![tools_at, conversation_tools_at, wait_at].into_iter().all(fits) {
            bail!("[guard.memory]: points are 0 (never) to 1000000");
        }
        if !(1.0..=1440.0).contains(&half_life_minutes) {
            bail!("[guard.memory] half_life_minutes is 1 to 1440, a day");
        }
        if wait_at > 0.0 && tools_at > wait_at {
            bail!("[guard.memory]: who is told to wait has lost tools before; `wait_at` is at least `tools_at`, or 0");
        }
        Ok(Bounds { tools_at, conversation_tools_at, wait_at, half_life: half_life_minutes * 60.0 })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackEntry {
    file: PathBuf,
    /// The signed note beside it; `FILE.sig` where absent.
    signature: Option<PathBuf>,
    /// The publisher's key.
    key: String,
}

/// What is done where an answer repeats the application's own instructions.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Instructions {
    /// It is recorded: many applications put the record into their instructions, and an answer quotes it.
    #[default]
    Record,
    /// The answer is stopped.
    Hold,
}

/// What a tool counts as that nobody has registered.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Unregistered {
    /// Its effect is unknown, and unknown never permits.
    #[default]
    Refuse,
    /// It reads, within the organisation.
    Read,
}

/// `[[tool]]`: what a tool does that AI systems may call.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToolEntry {
    /// Its name; one that ends in `*` stands for all that begin so.
    name: String,
    /// `read`, `write`, `record` (a write into a health record) or `device`.
    effect: ToolEffect,
    /// Whether it reaches beyond the organisation.
    #[serde(default)]
    network: bool,
    /// Whether what it returns is the organisation's own and holds nobody else's words.
    #[serde(default)]
    trusted: bool,
    /// The AI system that it reaches and nothing else, by its id: data of a patient goes there while an agreement covers it.
    #[serde(default)]
    destination: Option<String>,
}

impl Default for GuardTable {
    fn default() -> Self {
        Self {
            hosts: Vec::new(),
            shipped_hosts: true,
            spotlight: true,
            canaries: true,
            instructions: Instructions::default(),
            packs: Vec::new(),
            thresholds_files: Vec::new(),
            unregistered_tools: Unregistered::default(),
            memory: MemoryTable::default(),
        }
    }
}

impl GuardTable {
    /// What hostile text is looked for with. Packs are read here.
    pub(super) fn guarding(&self, base: &Path) -> anyhow::Result<Guarding> {
        let mut packs = Pack::shipped();
        for entry in &self.packs {
            let path = base.join(&entry.file);
            let note = entry.signature.as_ref().map_or_else(|| with_sig(&path), |file| base.join(file));
            let read = |path: &Path| {
                std::fs::read_to_string(path).with_context(|| format!("[guard] packs: cannot read {}", path.display()))
            };
            let key: PublisherKey =
                entry.key.parse().with_context(|| format!("[guard] packs: the key of {}", path.display()))?;
            let pack = Pack::read(&read(&path)?, &read(&note)?, &[key])
                .with_context(|| format!("[guard] packs: {}", path.display()))?;
            packs.push(Arc::new(pack));
        }
        let own = Hosts::new(&self.hosts).context("[guard] hosts")?;
        let hosts = if self.shipped_hosts { Hosts::shipped().and(own) } else { own };
        let files: Vec<PathBuf> = self.thresholds_files.iter().map(|file| base.join(file)).collect();
        let thresholds = crate::commands::guard::calibrate::thresholds(&files).context("[guard] thresholds_files")?;
        Ok(Guarding {
            guard: Guard::new(packs, thresholds),
            hosts: Arc::new(hosts),
            spotlight: self.spotlight,
            canaries: self.canaries,
            hold_instructions: self.instructions == Instructions::Hold,
            bounds: self.memory.bounds()?,
            checks: None,
        })
    }

    /// What tools may do.
    pub(super) fn tools(&self, entries: &[ToolEntry]) -> anyhow::Result<Tools> {
        let mut rules = Vec::with_capacity(entries.len());
        for entry in entries {
            let bare = entry.name.strip_suffix('*').unwrap_or(&entry.name);
            if bare.contains('*')
                || entry.name.is_empty()
                || entry.name.len() > 128
                || entry.name.contains(char::is_whitespace)
            {
                bail!("[[tool]] name = \"{}\" is no name of a tool; `send_*` stands for all that begin so", entry.name);
            }
            if rules.iter().any(|rule: &ToolRule| rule.name == entry.name) {
                bail!("[[tool]] `{}` stands there twice; take one of them out", entry.name);
            }
            if entry.destination.as_deref().is_some_and(|system| system.trim().is_empty()) {
                bail!("[[tool]] `{}`: `destination` is the id of an AI system, or left out", entry.name);
            }
            rules.push(ToolRule {
                name: entry.name.clone(),
                effect: entry.effect,
                network: entry.network,
                trusted: entry.trusted,
                destination: entry.destination.clone(),
            });
        }
        Ok(Tools { rules, unregistered_read: self.unregistered_tools == Unregistered::Read })
    }
}

fn with_sig(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".sig");
    PathBuf::from(name)
}
