//! Forward and backward over a chain, in probabilities that are scaled at each position.

use crate::exp::exp;
use crate::states::{MAX_STATES, States};

/// A value for each state; lanes past the last state are nought. Aligned for vector instructions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[repr(align(16))]
pub struct Lanes(pub [f32; 16]);

/// The weights between neighbouring states.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Transitions {
    /// What the weights are before they are exponentiated: from, to.
    pub(crate) weights: [[f32; 16]; 16],
    /// The weight of a state at the start of a sequence.
    pub(crate) start: [f32; 16],
}

impl Transitions {
    pub(crate) fn zero() -> Self {
        Self { weights: [[0.0; 16]; 16], start: [0.0; 16] }
    }

    /// The same as factors, nought where a state may not follow.
    #[allow(clippy::needless_range_loop, reason = "matrices are indexed by both states")]
    pub(crate) fn factors(&self, states: &States) -> Factors {
        let n = states.count();
        let mut f = Factors { step: [Lanes::default(); 16], back: [Lanes::default(); 16], start: Lanes::default() };
        for to in 0..n {
            if states.may_follow(None, to) {
                f.start.0[to] = exp(self.start[to]);
            }
            for from in 0..n {
                if states.may_follow(Some(from), to) {
                    f.step[from].0[to] = exp(self.weights[from][to]);
                    f.back[to].0[from] = f.step[from].0[to];
                }
            }
        }
        f
    }
}

/// Transition factors: by the state that is left, and by the state that is reached.
#[derive(Clone, Debug)]
pub(crate) struct Factors {
    pub(crate) step: [Lanes; 16],
    pub(crate) back: [Lanes; 16],
    pub(crate) start: Lanes,
}

/// The probability of each state at each position, with room that is used again for the next sequence.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marginals {
    /// After [`run`](Self::run), the probabilities.
    pub(crate) states: Vec<Lanes>,
    /// The factor of each state at each position.
    pub(crate) local: Vec<Lanes>,
    pub(crate) forward: Vec<Lanes>,
    pub(crate) backward: Vec<Lanes>,
}

impl Marginals {
    /// No sequence yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Sets the scores of each state at each position and works the probabilities out.
    pub(crate) fn run(&mut self, scores: &[Lanes], count: usize, factors: &Factors) {
        self.local.clear();
        self.local.extend(scores.iter().map(|s| local(s, count)));
        let n = scores.len();
        self.forward.clear();
        let mut before = Lanes::default();
        for (t, local) in self.local.iter().enumerate() {
            let mut sum = if t == 0 { factors.start } else { times(&before, &factors.step) };
            for (s, l) in sum.0.iter_mut().zip(local.0) {
                *s *= l;
            }
            before = normal(sum);
            self.forward.push(before);
        }
        self.backward.clear();
        self.backward.resize(n, Lanes::default());
        self.states.clear();
        self.states.resize(n, Lanes::default());
        let mut after = Lanes([1.0; 16]);
        for t in (0..n).rev() {
            self.backward[t] = after;
            let mut p = self.forward[t];
            for (p, b) in p.0.iter_mut().zip(after.0) {
                *p *= b;
            }
            self.states[t] = normal(p);
            for (a, l) in after.0.iter_mut().zip(self.local[t].0) {
                *a *= l;
            }
            after = normal(times(&after, &factors.back));
        }
    }
}

/// Factors of the scores, the best of them 1, so that nothing over- or underflows.
fn local(scores: &Lanes, count: usize) -> Lanes {
    let mut best = f32::MIN;
    for &s in &scores.0[..count] {
        best = best.max(s);
    }
    let mut out = Lanes::default();
    for (o, s) in out.0.iter_mut().zip(scores.0) {
        *o = exp((s - best).max(-60.0));
    }
    for o in &mut out.0[count..] {
        *o = 0.0;
    }
    out
}

/// The vector times the matrix, whose rows are those of the states.
#[inline]
pub(crate) fn times(vector: &Lanes, matrix: &[Lanes; 16]) -> Lanes {
    let mut out = Lanes::default();
    // The last lane is no state's.
    for (v, row) in vector.0[..MAX_STATES].iter().zip(matrix) {
        for (o, r) in out.0.iter_mut().zip(row.0) {
            *o += v * r;
        }
    }
    out
}

/// The lanes so that they add up to 1.
#[inline]
pub(crate) fn normal(mut lanes: Lanes) -> Lanes {
    let sum: f32 = lanes.0.iter().sum();
    // Every state can be reached from some other, so that the sum is never nought; if it ever is, all stay as likely.
    let scale = if sum > 0.0 { 1.0 / sum } else { 0.0 };
    for l in &mut lanes.0 {
        *l *= scale;
    }
    lanes
}
