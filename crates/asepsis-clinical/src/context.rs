//! What the request itself holds: the texts that an answer is compared with, read once.

use std::fmt;

use asepsis_vocab::Origin;

use crate::ground::Ground;
use crate::reading::Reading;

/// A piece of the request, with who wrote it.
#[derive(Clone, Copy)]
pub struct Piece<'a> {
    /// The text.
    pub text: &'a str,
    /// Who wrote it. What a model wrote before is no evidence for what a model writes now, so its pieces are passed over.
    pub origin: Origin,
}

impl<'a> Piece<'a> {
    /// A piece.
    #[must_use]
    pub fn new(text: &'a str, origin: Origin) -> Self {
        Self { text, origin }
    }
}

/// What an answer is compared with. Built once an exchange; it keeps values, not texts.
#[derive(Default)]
pub struct Context {
    pub(crate) patient_facing: bool,
    pub(crate) summary: bool,
    pub(crate) ground: Ground,
    pub(crate) pieces: usize,
}

/// All pieces together are read up to here, in bytes.
const LIMIT: usize = 4 << 20;

impl Context {
    /// Reads the pieces of a request. Of a piece the first MiB is read, of all together 4 MiB.
    #[must_use]
    pub fn of(pieces: &[Piece<'_>]) -> Self {
        let mut it = Self::default();
        let mut left = LIMIT;
        for piece in pieces.iter().filter(|piece| piece.origin != Origin::Model) {
            let mut end = piece.text.len().min(left);
            while !piece.text.is_char_boundary(end) {
                end -= 1;
            }
            left -= end;
            it.add(&piece.text[..end], piece.origin);
        }
        it.ground.seal();
        it
    }

    /// Says whether the answer goes to a patient: then warnings that a patient needs are asked for.
    #[must_use]
    pub fn patient_facing(mut self, yes: bool) -> Self {
        self.patient_facing = yes;
        self
    }

    /// Says that the answer is to sum up the request's texts: then what it drops is looked at.
    #[must_use]
    pub fn summary(mut self, yes: bool) -> Self {
        self.summary = yes;
        self
    }

    fn add(&mut self, text: &str, _origin: Origin) {
        let reading = Reading::of(text);
        self.ground.add(&reading.quantities);
        self.ground.add(&crate::quantity::implied(&reading.terms).collect::<Vec<_>>());
        self.pieces += 1;
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("pieces", &self.pieces)
            .field("patient_facing", &self.patient_facing)
            .field("summary", &self.summary)
            .finish_non_exhaustive()
    }
}
