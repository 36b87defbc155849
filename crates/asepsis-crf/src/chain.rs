//! Forward and backward over a chain, in probabilities that are scaled at each position.

use crate::exp::exp;
use crate::states::States;

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
    back: [Lanes; 16],
    start: Lanes,
}

/// The probability of each state at each position, with room that is used again for the next sequence.
#[derive(Clone, Debug, Default)]
pub struct Marginals {
    /// After [`run`](Self::run), the probabilities.
    pub(crate) states: Vec<Lanes>,
    /// The factor of each state at each position.
    pub(crate) local: Vec<Lanes>,
    pub(crate) forward: Vec<Lanes>,
    pub(crate) backward: Vec<Lanes>,
    /// The state of a position that is certain.
    certain: Vec<Option<usize>>,
}

impl Marginals {
    /// No sequence yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The probabilities of the states at each position of the last sequence.
    pub fn states(&self) -> &[Lanes] {
        &self.states
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

/// By how much the score of an outside state must lead for a position to be taken as certain: transitions move the odds
/// by less.
const CERTAIN: f32 = 8.0;

impl Marginals {
    /// The same as [`run`](Self::run), but a position where an outside state leads by far is taken as certain, which cuts
    /// the chain there. In ordinary text that is most positions.
    pub(crate) fn run_cut(&mut self, scores: &[Lanes], count: usize, factors: &Factors, outside: &[bool; 16]) {
        let n = scores.len();
        self.states.clear();
        self.states.resize(n, Lanes::default());
        self.local.clear();
        self.local.resize(n, Lanes::default());
        self.forward.clear();
        self.forward.resize(n, Lanes::default());
        self.certain.clear();
        self.certain.extend(scores.iter().map(|s| certain(s, count, outside)));
        for (t, scores) in scores.iter().enumerate() {
            if let Some(state) = self.certain[t] {
                self.states[t].0[state] = 1.0;
                continue;
            }
            self.local[t] = local(scores, count);
            let mut sum = match t.checked_sub(1) {
                None => factors.start,
                Some(before) => match self.certain[before] {
                    Some(state) => factors.step[state],
                    None => times(&self.forward[before], &factors.step),
                },
            };
            for (s, l) in sum.0.iter_mut().zip(self.local[t].0) {
                *s *= l;
            }
            self.forward[t] = normal(sum);
        }
        let mut after = Lanes([1.0; 16]);
        for t in (0..n).rev() {
            if let Some(state) = self.certain[t] {
                after = factors.back[state];
                continue;
            }
            let mut p = self.forward[t];
            for (p, b) in p.0.iter_mut().zip(after.0) {
                *p *= b;
            }
            self.states[t] = normal(p);
            if t > 0 && self.certain[t - 1].is_none() {
                for (a, l) in after.0.iter_mut().zip(self.local[t].0) {
                    *a *= l;
                }
                after = normal(times(&after, &factors.back));
            }
        }
    }
}

/// The outside state that leads every inside one by far.
fn certain(scores: &Lanes, count: usize, outside: &[bool; 16]) -> Option<usize> {
    let (mut best, mut state, mut inside) = (f32::MIN, 0, f32::MIN);
    for (s, (&score, &outside)) in scores.0.iter().zip(outside).enumerate().take(count) {
        if !outside {
            inside = inside.max(score);
        } else if score > best {
            (best, state) = (score, s);
        }
    }
    (best - inside >= CERTAIN).then_some(state)
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

#[inline]
fn times(vector: &Lanes, matrix: &[Lanes; 16]) -> Lanes {
    let mut out = Lanes::default();
    for (v, row) in vector.0.iter().zip(matrix) {
        for (o, r) in out.0.iter_mut().zip(row.0) {
            *o += v * r;
        }
    }
    out
}

#[inline]
fn normal(mut lanes: Lanes) -> Lanes {
    let sum: f32 = lanes.0.iter().sum();
    // Every state can be reached from some other, so that the sum is never nought; if it ever is, all stay as likely.
    let scale = if sum > 0.0 { 1.0 / sum } else { 0.0 };
    for l in &mut lanes.0 {
        *l *= scale;
    }
    lanes
}
