use std::borrow::Cow;

use crate::chain::{Factors, Transitions};
use crate::feature::{BUCKET_BITS, Feature};
use crate::index::Index;
use crate::score::Scale;
use crate::states::States;
use crate::sums::Sums;
use crate::weights::Weights;

/// What a model file begins with.
const MAGIC: &[u8; 8] = b"ASEPCRF1";
/// Bytes of a row: fifteen weights and the check.
pub(crate) const ROW: usize = 16;
pub(crate) const CHECK: usize = 15;
const BITMAP: usize = (1 << BUCKET_BITS) / 8;

/// Weights and what they mean. Cheap to read from bytes that lie in the program.
///
/// # The file
///
/// `ASEPCRF1`; the step of a weight (f32); the number of states (u8); their names, each with its length (u8); the weights
/// at the start and between the states (f32, from by from); the number of rows (u32); a bitmap of the buckets that have a
/// row; the rows in the order of their buckets, fifteen weights (i8) and a check. All numbers are little-endian.
pub struct Model {
    states: States,
    /// What a weight of 1 adds to a score.
    step: f32,
    pub(crate) transitions: Transitions,
    pub(crate) factors: Factors,
    pub(crate) scale: Scale,
    pub(crate) index: Index,
    pub(crate) rows: Cow<'static, [[u8; ROW]]>,
}

impl Model {
    /// Reads a model from bytes that stay.
    ///
    /// # Errors
    /// [`ModelError`], with the place at which the bytes make no model.
    pub fn from_static(bytes: &'static [u8]) -> Result<Self, ModelError> {
        let (head, bitmap, rows) = Head::read(bytes)?;
        Self::assemble(head, bitmap, Cow::Borrowed(rows))
    }

    /// Reads a model from bytes and copies what it needs.
    ///
    /// # Errors
    /// [`ModelError`], with the place at which the bytes make no model.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ModelError> {
        let (head, bitmap, rows) = Head::read(bytes)?;
        Self::assemble(head, bitmap, Cow::Owned(rows.to_vec()))
    }

    pub(crate) fn assemble(head: Head, bitmap: &[u8], rows: Cow<'static, [[u8; ROW]]>) -> Result<Self, ModelError> {
        let (index, count) = Index::new(bitmap);
        if count != rows.len() {
            return Err(ModelError { at: "the rows", want: "as many as the bitmap has buckets" });
        }
        let factors = head.transitions.factors(&head.states);
        let Head { states, step, transitions } = head;
        Ok(Self { scale: Scale::new(&states, step), states, step, transitions, factors, index, rows })
    }

    /// The model as a file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let n = self.states.count();
        let mut out = Vec::with_capacity(BITMAP + self.rows.len() * ROW + 2048);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&self.step.to_le_bytes());
        #[allow(clippy::cast_possible_truncation, reason = "States holds at most fifteen, with short names")]
        {
            out.push(n as u8);
            for name in self.states.names() {
                out.push(name.len().min(255) as u8);
                out.extend_from_slice(&name.as_bytes()[..name.len().min(255)]);
            }
        }
        for weights in std::iter::once(&self.transitions.start).chain(&self.transitions.weights[..n]) {
            for weight in &weights[..n] {
                out.extend_from_slice(&weight.to_le_bytes());
            }
        }
        #[allow(clippy::cast_possible_truncation, reason = "there are no more rows than buckets")]
        out.extend_from_slice(&(self.rows.len() as u32).to_le_bytes());
        out.extend_from_slice(&self.index.bitmap());
        out.extend_from_slice(self.rows.as_flattened());
        out
    }

    /// The states.
    pub fn states(&self) -> &States {
        &self.states
    }

    /// How many features have weights.
    pub fn features(&self) -> usize {
        self.rows.len()
    }

    /// What a weight of 1 adds to a score.
    pub(crate) fn step(&self) -> f32 {
        self.step
    }

    /// Each feature that has weights, with them.
    pub(crate) fn all_rows(&self) -> impl Iterator<Item = (Feature, &[u8; ROW])> {
        self.index.buckets().zip(&*self.rows).map(|(bucket, row)| (Feature::from_parts(bucket, row[CHECK]), row))
    }

    /// The weights, to look features up in.
    pub fn weights(&self) -> Weights<'_> {
        Weights::new(self)
    }

    /// The sums of these features, of which there are at most 256.
    pub fn sums(&self, features: &[Feature]) -> Sums {
        let mut sums = Sums::new();
        self.weights().add(features, &mut sums);
        sums
    }
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model")
            .field("states", &self.states)
            .field("features", &self.features())
            .finish_non_exhaustive()
    }
}

/// The head, the bitmap and the rows of a file.
type Parts<'a> = (Head, &'a [u8], &'a [[u8; ROW]]);

pub(crate) struct Head {
    pub(crate) states: States,
    pub(crate) step: f32,
    pub(crate) transitions: Transitions,
}

impl Head {
    /// The head, the bitmap and the rows.
    fn read(bytes: &[u8]) -> Result<Parts<'_>, ModelError> {
        let mut rest = Bytes(bytes);
        if rest.take(8, "the first eight bytes")? != MAGIC {
            return Err(ModelError { at: "the first eight bytes", want: "ASEPCRF1" });
        }
        let step = rest.float("the step")?;
        if !(step > 0.0 && step < 1.0) {
            return Err(ModelError { at: "the step", want: "between 0 and 1" });
        }
        let count = rest.take(1, "the number of states")?[0] as usize;
        let mut names = Vec::with_capacity(count);
        for _ in 0..count {
            let len = rest.take(1, "the name of a state")?[0] as usize;
            let name = rest.take(len, "the name of a state")?;
            let name =
                std::str::from_utf8(name).map_err(|_| ModelError { at: "the name of a state", want: "UTF-8" })?;
            names.push(name.to_owned());
        }
        let states =
            States::new(names).map_err(|_| ModelError { at: "the names of the states", want: "1 to 15, each once" })?;
        let mut transitions = Transitions::zero();
        for to in 0..count {
            transitions.start[to] = rest.float("the weights at the start")?;
        }
        for from in 0..count {
            for to in 0..count {
                transitions.weights[from][to] = rest.float("the weights between states")?;
            }
        }
        let rows = u32::from_le_bytes(rest.take(4, "the number of rows")?.try_into().unwrap_or_default()) as usize;
        let bitmap = rest.take(BITMAP, "the bitmap")?;
        let (whole, part) = rest.0.as_chunks();
        if whole.len() != rows || !part.is_empty() {
            return Err(ModelError { at: "the rows", want: "as many as the head says" });
        }
        Ok((Self { states, step, transitions }, bitmap, whole))
    }
}

/// Bytes that are read from the front.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, len: usize, at: &'static str) -> Result<&'a [u8], ModelError> {
        let (taken, rest) =
            self.0.split_at_checked(len).ok_or(ModelError { at, want: "more bytes than the file has" })?;
        self.0 = rest;
        Ok(taken)
    }

    fn float(&mut self, at: &'static str) -> Result<f32, ModelError> {
        let value = f32::from_le_bytes(self.take(4, at)?.try_into().unwrap_or_default());
        if value.is_finite() { Ok(value) } else { Err(ModelError { at, want: "a finite number" }) }
    }
}

/// Bytes that make no model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is no model that can be read: for {at}, expected {want}; train it again or take the shipped one")]
pub struct ModelError {
    at: &'static str,
    want: &'static str,
}
