//! What is looked at while the AI system works, and what its answer says: of doses, drugs, codes and persons, against what was asked and
//! what is known.
//!
//! A flag says that somebody should look; its absence says nothing.

use std::future::Future;
use std::sync::Arc;

use asepsis_aside::Aside;
use asepsis_clinical::{Checks, Context, Piece as Told};
use asepsis_vocab::{Flag, GuardRecord};
use tokio::task::JoinHandle;

use crate::content::Piece;
use crate::guard::Guarding;

/// What was asked is read where the exchange waits, up to this many bytes, and so is an answer reviewed, where no thread is idle: going
/// over to another one takes longer. What is longer goes to a thread of its own, so that other exchanges go on.
const INLINE: usize = 8 * 1024;

/// Reviews the answer of one exchange.
pub(crate) struct Reviewer {
    checks: Option<Arc<Checks>>,
    read: Read,
}

/// What was asked, and what the review has to know of it.
enum Read {
    /// Not read yet.
    Later(Asked),
    /// Put aside for a thread that was idle.
    Aside(Aside<(Context, GuardRecord)>),
    /// Read on another thread.
    Apart(JoinHandle<(Context, GuardRecord)>),
    Done(Box<(Context, GuardRecord)>),
}

struct Asked {
    guarding: Arc<Guarding>,
    pieces: Arc<Vec<Piece>>,
    /// Whether a patient reads the answer.
    patient: bool,
    /// Whether it stands for what was given.
    sums_up: bool,
}

fn bytes(pieces: &[Piece]) -> usize {
    pieces.iter().map(|piece| piece.text.len()).sum()
}

impl Asked {
    fn read(self) -> (Context, GuardRecord) {
        let Self { guarding, pieces, patient, sums_up } = self;
        let noted = guarding.note(&pieces);
        // What a tool is, is no fact about a patient.
        let told = pieces.iter().filter(|piece| !piece.is_definition && !piece.rigid);
        let told: Vec<Told<'_>> = told.map(|piece| Told::new(&piece.text, piece.origin)).collect();
        let context = guarding.checks.as_ref().map(|checks| checks.context(&told)).unwrap_or_default();
        // The words of a request that ask for a summary count without the use.
        let context = if sums_up { context.summary(true) } else { context };
        (context.patient_facing(patient), noted)
    }
}

/// What a review came to.
#[derive(Default)]
pub(crate) struct Reviewed {
    /// What there is to say of the answer's texts, each by its number.
    pub(crate) flags: Vec<(usize, Flag)>,
    /// What was noted of what staff wrote.
    pub(crate) noted: GuardRecord,
}

impl Reviewer {
    /// Of an exchange that is still looked at: what was asked begins to be read already, where it is short and a thread has time, which
    /// does `first` before that.
    pub(crate) fn ahead(
        guarding: &Arc<Guarding>,
        pieces: &Arc<Vec<Piece>>,
        (patient, sums_up): (bool, bool),
        first: impl FnOnce() + Send + 'static,
    ) -> Option<Self> {
        let thread = if bytes(pieces) > INLINE { None } else { asepsis_aside::next() }?;
        let asked = Asked { guarding: Arc::clone(guarding), pieces: Arc::clone(pieces), patient, sums_up };
        let read = move || {
            first();
            asked.read()
        };
        Some(Self { checks: guarding.checks.clone(), read: Read::Aside(thread.put(read)) })
    }

    /// Of an exchange in which this was asked, and whose answer a patient reads, or stands for what was given. What is long begins to be
    /// read at once, on a thread of its own.
    pub(crate) fn begin(guarding: Arc<Guarding>, pieces: Vec<Piece>, (patient, sums_up): (bool, bool)) -> Self {
        let checks = guarding.checks.clone();
        let asked = Asked { guarding, pieces: Arc::new(pieces), patient, sums_up };
        let read = if bytes(&asked.pieces) > INLINE {
            Read::Apart(tokio::task::spawn_blocking(move || asked.read()))
        } else {
            Read::Later(asked)
        };
        Self { checks, read }
    }

    /// Reads what was asked, where nobody has begun to: to be called while the AI system works.
    pub(crate) fn read(self) -> Self {
        match self.read {
            Read::Later(asked) => Self { read: Read::Done(Box::new(asked.read())), ..self },
            _ => self,
        }
    }

    /// What there is to say of these texts of the answer. `None` where the review itself failed. `meanwhile` is done
    /// beside the review where a thread is idle.
    pub(crate) async fn review(self, texts: Vec<String>, meanwhile: impl Future<Output = ()>) -> Option<Reviewed> {
        let (context, noted) = match self.read {
            Read::Later(asked) => asked.read(),
            Read::Aside(mut reading) => reading.result().await?,
            Read::Apart(reading) => reading.await.ok()?,
            Read::Done(read) => *read,
        };
        let Some(checks) = self.checks.filter(|_| texts.iter().any(|text| !text.trim().is_empty())) else {
            meanwhile.await;
            return Some(Reviewed { flags: Vec::new(), noted });
        };
        let bytes: usize = texts.iter().map(String::len).sum();
        let work = move || {
            let mut flags = Vec::new();
            for (number, text) in texts.iter().enumerate() {
                flags.extend(checks.review(text, &context).into_iter().map(|flag| (number, flag)));
            }
            flags
        };
        let flags = if bytes > INLINE {
            let review = tokio::task::spawn_blocking(work);
            meanwhile.await;
            review.await.ok()?
        } else if let Some(idle) = asepsis_aside::idle() {
            let mut review = idle.put(work);
            meanwhile.await;
            review.result().await?
        } else {
            // The other may be under way on another thread: what can be done here comes first.
            let flags = work();
            meanwhile.await;
            flags
        };
        Some(Reviewed { flags, noted })
    }
}
