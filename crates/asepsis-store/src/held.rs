//! Answers of AI systems that wait for a person: what is kept of each until it is given out, refused, or lapses.
//!
//! They stand in no register: a register keeps every version for good, and what is held is to be gone once it is decided. What was
//! asked and answered comes sealed; the store looks at none of it.

use std::fmt;

use crate::record::check_line;
use crate::{Store, StoreError, held_rows};

/// The most bytes of what is sealed of one answer.
pub const MOST_SEALED: usize = 8 << 20;

/// The most that is listed at once.
const MOST_LISTED: u32 = 1000;

/// Where a held answer is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeldState {
    /// It is kept, and not in the log yet: nobody may decide on it.
    New,
    /// It waits for a person.
    Waiting,
    /// A person released it; it waits for whoever asked.
    Approved,
    /// A person refused it.
    Refused,
    /// It was given out.
    Used,
    /// Its time is over.
    Lapsed,
}

impl HeldState {
    const ALL: [Self; 6] = [Self::New, Self::Waiting, Self::Approved, Self::Refused, Self::Used, Self::Lapsed];

    /// The name, as the database and the command line have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Used => "used",
            Self::Lapsed => "lapsed",
        }
    }

    /// Whether nothing can come of it any more. Its sealed part is erased by then.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Refused | Self::Used | Self::Lapsed)
    }

    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// An answer that is held. All times are seconds since 1970 UTC.
#[derive(Clone, PartialEq, Eq)]
pub struct Held {
    /// Its id: not to be guessed.
    pub id: String,
    /// Who asked.
    pub user: String,
    /// Where it is on its way.
    pub state: HeldState,
    /// When it was held.
    pub made: i64,
    /// The first second in which nobody may decide on it or fetch it any more.
    pub lapses: i64,
    /// When it ended.
    pub ended: Option<i64>,
    /// What is known of it in plain; JSON. It never changes.
    pub body: String,
    /// Who decided what, sealed.
    pub decision: Option<String>,
    /// The answer itself, sealed; absent once it ended, and where it was not asked for.
    pub sealed: Option<Vec<u8>>,
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Held({}, {})", self.id, self.state.name())
    }
}

impl Store {
    /// Keeps a new one in the state [`HeldState::New`], unless this user, or all together, have as many that are open already.
    ///
    /// # Errors
    /// [`StoreError::TooManyHeld`], [`StoreError::HeldTooLong`], [`StoreError::Db`].
    pub async fn hold(&self, held: Held, most_of_user: u32, most: u32) -> Result<(), StoreError> {
        if held.sealed.as_ref().is_none_or(|sealed| sealed.len() > MOST_SEALED) {
            return Err(StoreError::HeldTooLong { most: MOST_SEALED });
        }
        check_line("the user of an answer that is held", &held.user)?;
        self.shared.writer.run(move |db| held_rows::insert(db, &held, most_of_user, most)).await?
    }

    /// One, with what is sealed of it; `None` where there is none of that id.
    ///
    /// # Errors
    /// [`StoreError::Db`].
    pub async fn held(&self, id: &str) -> Result<Option<Held>, StoreError> {
        Ok(held_rows::one(&self.shared.db, id.to_owned()).await?)
    }

    /// All that are kept, the newest first and 1,000 at most, without what is sealed.
    ///
    /// # Errors
    /// [`StoreError::Db`].
    pub async fn held_list(&self) -> Result<Vec<Held>, StoreError> {
        Ok(held_rows::list(&self.shared.db, MOST_LISTED).await?)
    }

    /// How many wait for a person.
    ///
    /// # Errors
    /// [`StoreError::Db`].
    pub async fn held_waiting(&self, now: i64) -> Result<u64, StoreError> {
        Ok(held_rows::waiting(&self.shared.db, now).await?)
    }

    /// Moves one on, where it still is in the state `from` and has not lapsed; whether it was. With a final state what is sealed is
    /// erased. Of several who do the same at once, one does it.
    ///
    /// # Errors
    /// [`StoreError::Db`].
    pub async fn move_held(
        &self,
        id: &str,
        (from, to): (HeldState, HeldState),
        decision: Option<String>,
        now: i64,
    ) -> Result<bool, StoreError> {
        let id = id.to_owned();
        Ok(self.shared.writer.run(move |db| held_rows::advance(db, &id, (from, to), decision.as_ref(), now)).await?)
    }

    /// Ends those whose time is over, erases what is sealed of them, and lets go of those that ended before `forget`. Those that
    /// lapsed, without what was sealed.
    ///
    /// # Errors
    /// [`StoreError::Db`].
    pub async fn lapse_held(&self, now: i64, forget: i64) -> Result<Vec<Held>, StoreError> {
        Ok(self.shared.writer.run(move |db| held_rows::lapse(db, now, forget)).await?)
    }
}
