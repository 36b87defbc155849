//! What an AI system wants to do and a person has to say yes to first: the answer is held, sealed, until somebody decides.
//!
//! [`Releases`] keeps what is held and takes decisions, for the gateway, the console and the command line alike. How an answer comes to
//! be held is in `hold`, how it is given out in `fetch`, and what its calls are, to the letter, in `effect`.

pub(crate) mod effect;
mod fetch;
mod hold;

use std::collections::BTreeMap;
use std::time::Duration;

use asepsis_conduct::{Contents, Decision, HeldAnswer, SealError, Seals, WhyNot};
use asepsis_log::{Log, LogError, act_event};
use asepsis_people::duty::{NotApart, may_approve};
use asepsis_store::{Held, HeldState, Store, StoreError};
use asepsis_vocab::{Act, ActKind, Actor};

pub(crate) use fetch::RELEASE;
pub(crate) use hold::{Asked, Given, Kept, too_long};

/// The most answers of one user that are open at the same time.
pub(crate) const MOST_OF_USER: u32 = 20;
/// The most of all.
pub(crate) const MOST: u32 = 1000;

/// For how many seconds it is kept that something was held, decided and given out; the log keeps it for good.
const KEPT: i64 = 30 * 24 * 3600;

/// How answers are held for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReleaseSettings {
    /// How long a request is kept open for the decision; zero where it is answered at once that it is held.
    pub wait: Duration,
    /// How long it can be decided and fetched.
    pub lapses: Duration,
    /// Whether somebody else than the one who asked has to decide.
    pub second_person: bool,
}

impl Default for ReleaseSettings {
    fn default() -> Self {
        Self { wait: Duration::ZERO, lapses: Duration::from_secs(3600), second_person: false }
    }
}

/// Keeps what is held, and takes decisions.
pub struct Releases {
    pub(crate) store: Store,
    pub(crate) seals: Seals,
    pub(crate) settings: ReleaseSettings,
}

/// What is known of one, without what is sealed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRelease {
    /// Its id.
    pub id: String,
    /// Where it is on its way.
    pub state: HeldState,
    /// What is known in plain.
    pub answer: HeldAnswer,
    /// Who decided what; absent where nobody did, and where what is kept of it does not open.
    pub decision: Option<Decision>,
}

/// Why a decision is not taken, or nothing shown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReleaseError {
    /// There is none of this id.
    #[error("there is nothing held under this number; `asepsis release list` shows what is")]
    Unknown,
    /// It is decided, given out or over.
    #[error("this cannot be decided any more: it is {}", .0.name())]
    Over(HeldState),
    /// What was looked at is not what is held.
    #[error("what is held is not what was looked at; open it again and look at all of it")]
    OtherEffect,
    /// Another person has to decide.
    #[error(transparent)]
    NotApart(#[from] NotApart),
    /// What is kept of it was changed.
    #[error("{0}. It is not released; tell whoever looks after this installation")]
    Seal(#[from] SealError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The log.
    #[error("the log cannot be written, so nothing is decided: {0}")]
    Log(#[from] LogError),
}

impl Releases {
    /// Over this store, under these keys.
    pub fn new(store: Store, seals: Seals, settings: ReleaseSettings) -> Self {
        Self { store, seals, settings }
    }

    /// Whether somebody else than the one who asked has to decide.
    pub fn needs_two(&self) -> bool {
        self.settings.second_person
    }

    /// Ends those whose time is over, and forgets those that ended long ago. Those that lapsed, by their ids and the names of their
    /// effects.
    ///
    /// # Errors
    /// [`ReleaseError::Store`].
    pub async fn lapse(&self, now: i64) -> Result<Vec<(String, String)>, ReleaseError> {
        let lapsed = self.store.lapse_held(now, now.saturating_sub(KEPT)).await?;
        let effect = |held: &Held| HeldAnswer::read(&held.body).map(|answer| answer.effect).unwrap_or_default();
        Ok(lapsed.into_iter().map(|held| (effect(&held), held.id)).map(|(effect, id)| (id, effect)).collect())
    }

    /// How many wait for a person.
    ///
    /// # Errors
    /// [`ReleaseError::Store`].
    pub async fn waiting(&self, now: i64) -> Result<u64, ReleaseError> {
        Ok(self.store.held_waiting(now).await?)
    }

    /// All that are kept, the newest first.
    ///
    /// # Errors
    /// [`ReleaseError::Store`]. What cannot be read is left out.
    pub async fn list(&self, now: i64) -> Result<Vec<KnownRelease>, ReleaseError> {
        Ok(self.store.held_list().await?.into_iter().filter_map(|held| self.of(held, now)).collect())
    }

    /// The one of this id.
    ///
    /// # Errors
    /// [`ReleaseError::Unknown`], [`ReleaseError::Store`].
    pub async fn known(&self, id: &str, now: i64) -> Result<KnownRelease, ReleaseError> {
        self.of(self.row(id).await?, now).ok_or(ReleaseError::Unknown)
    }

    /// What is sealed of the one of this id. That somebody opens it is for the caller to record.
    ///
    /// # Errors
    /// [`ReleaseError`].
    pub async fn open(&self, id: &str, now: i64) -> Result<(HeldAnswer, Contents), ReleaseError> {
        let held = self.row(id).await?;
        match state(&held, now) {
            HeldState::Waiting | HeldState::Approved => Ok(self.seals.open(id, &held.body, held.sealed.as_deref())?),
            over => Err(ReleaseError::Over(over)),
        }
    }

    /// Takes a decision on exactly this effect, after it is in the log. `refused` says why not.
    ///
    /// # Errors
    /// [`ReleaseError`]; nothing is released then.
    pub async fn decide(
        &self,
        (log, interface, actor): (&Log, &str, &Actor),
        id: &str,
        effect: &str,
        refused: Option<WhyNot>,
        now: i64,
    ) -> Result<(), ReleaseError> {
        let held = self.row(id).await?;
        match state(&held, now) {
            HeldState::Waiting => {}
            over => return Err(ReleaseError::Over(over)),
        }
        if refused.is_none() {
            let (answer, _) = self.seals.open(id, &held.body, held.sealed.as_deref())?;
            if answer.effect != effect {
                return Err(ReleaseError::OtherEffect);
            }
            if self.settings.second_person {
                may_approve(&answer.user, &actor.user)?;
            }
        }
        let (kind, to, basis) = match refused {
            None => (ActKind::ReleaseApproved, HeldState::Approved, effect.to_owned()),
            Some(why) => (ActKind::ReleaseRefused, HeldState::Refused, format!("{effect}; {}", why.code())),
        };
        let act = Act { kind, target: Some(id.to_owned()), basis: Some(basis), figures: BTreeMap::new() };
        log.append(&act_event(act, interface, Some(actor.clone()))).await?;
        let (by, role) = (actor.user.clone(), actor.role.clone());
        let decision = Decision { by, role, at: now, effect: effect.to_owned(), refused };
        let sealed = self.seals.seal_decision(id, &decision)?;
        match self.store.move_held(id, (HeldState::Waiting, to), Some(sealed), now).await? {
            true => Ok(()),
            false => Err(ReleaseError::Over(self.row(id).await?.state)),
        }
    }

    async fn row(&self, id: &str) -> Result<Held, ReleaseError> {
        let held = self.store.held(id).await?;
        held.filter(|held| held.state != HeldState::New).ok_or(ReleaseError::Unknown)
    }

    fn of(&self, held: Held, now: i64) -> Option<KnownRelease> {
        let answer = HeldAnswer::read(&held.body).ok()?;
        let decision = held.decision.as_deref().and_then(|sealed| self.seals.open_decision(&held.id, sealed).ok());
        Some(KnownRelease { state: state(&held, now), id: held.id, answer, decision })
    }
}

/// Where it is on its way, also where nobody has yet seen that its time is over.
pub(crate) fn state(held: &Held, now: i64) -> HeldState {
    if !held.state.is_final() && held.lapses <= now { HeldState::Lapsed } else { held.state }
}
