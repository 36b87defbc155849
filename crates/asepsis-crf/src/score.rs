use crate::chain::Lanes;
use crate::exp::exp_within;
use crate::states::States;
use crate::sums::Sums;

/// By how much the score of an outside state must lead for a position to be taken as certain: transitions move the odds
/// by less.
const CERTAIN: f32 = 8.0;

/// What the sums of a position say.
pub(crate) enum Score {
    /// An outside state leads every inside one by far.
    Certain(usize),
    /// The factor of each state, the best of them 1, so that nothing over- or underflows.
    Open(Lanes),
}

/// What turns sums into scores, and which states are which.
pub(crate) struct Scale {
    step: f32,
    /// All bits for the states that belong to no entity, and for those that do.
    outside: [i16; 16],
    inside: [i16; 16],
    /// All bits for every state.
    states: [u32; 16],
}

impl Scale {
    pub(crate) fn new(states: &States, step: f32) -> Self {
        let mut scale = Self { step, outside: [0; 16], inside: [0; 16], states: [0; 16] };
        for state in 0..states.count() {
            let side = if states.kind(state).is_none() { &mut scale.outside } else { &mut scale.inside };
            side[state] = -1;
            scale.states[state] = u32::MAX;
        }
        scale
    }

    /// What the sums say.
    ///
    /// The largest sum makes the largest score, and no two sums make the same, so that most is done with integers.
    #[inline]
    pub(crate) fn read(&self, sums: &Sums) -> Score {
        let (outside, inside) = (largest(sums, &self.outside), largest(sums, &self.inside));
        let (out_score, in_score) = (self.score(outside), self.score(inside));
        if out_score - in_score >= CERTAIN {
            let first = sums.0.iter().zip(&self.outside).position(|(sum, mask)| *mask != 0 && *sum == outside);
            if let Some(state) = first {
                return Score::Certain(state);
            }
        }
        Score::Open(self.factors(sums, self.score(outside.max(inside))))
    }

    #[inline]
    fn score(&self, sum: i16) -> f32 {
        f32::from(sum) * self.step
    }

    #[inline]
    fn factors(&self, sums: &Sums, best: f32) -> Lanes {
        let mut out = Lanes::default();
        for ((out, sum), mask) in out.0.iter_mut().zip(&sums.0).zip(&self.states) {
            let below = self.score(*sum) - best;
            let factor = exp_within(if below > -60.0 { below } else { -60.0 });
            *out = f32::from_bits(factor.to_bits() & mask);
        }
        out
    }
}

/// The largest sum of the states of a mask; the smallest number where it has none.
#[inline]
fn largest(sums: &Sums, mask: &[i16; 16]) -> i16 {
    let mut of = [0i16; 16];
    for ((of, sum), mask) in of.iter_mut().zip(&sums.0).zip(mask) {
        *of = sum & mask | i16::MIN & !mask;
    }
    of.into_iter().fold(i16::MIN, i16::max)
}
