use crate::chain::{Lanes, normal, times};
use crate::model::Model;
use crate::score::Score;
use crate::sums::Sums;

/// The probability of each state at each position of chains, position by position.
///
/// Where an outside state leads every inside one by far it is certain, which cuts the chain there. Only the stretches
/// between such positions are worked out and kept.
pub struct Tagging<'m> {
    model: &'m Model,
    so_far: Probabilities,
    /// Where the stretch that is open begins, among the positions that are not certain.
    open: usize,
    /// The certain state before the stretch, where it does not begin the chain.
    before: Option<usize>,
    /// Room that is used again for the next stretch.
    forward: Vec<Lanes>,
}

/// The probability of each state at each position.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Probabilities {
    /// Of each position where it stands among `open`, or the state that is certain with the sign.
    positions: Vec<u32>,
    open: Vec<Lanes>,
}

const SIGN: u32 = 1 << 31;

impl<'m> Tagging<'m> {
    /// No chain yet, with room for so many positions.
    pub fn new(model: &'m Model, positions: usize) -> Self {
        // About every second position is not certain.
        let open = Vec::with_capacity(positions / 2);
        let so_far = Probabilities { positions: Vec::with_capacity(positions), open };
        Self { model, so_far, open: 0, before: None, forward: Vec::new() }
    }

    /// A position where an outside state is certain, as the caller knows.
    #[inline]
    pub fn certain(&mut self, state: usize) {
        if self.open < self.so_far.open.len() {
            self.work_out(Some(state));
        }
        self.before = Some(state);
        #[allow(clippy::cast_possible_truncation, reason = "there are fifteen states at most")]
        self.so_far.positions.push(SIGN | state as u32);
    }

    /// A position where the weights of what holds there add up to these sums.
    #[inline]
    pub fn position(&mut self, sums: &Sums) {
        match self.model.scale.read(sums) {
            Score::Certain(state) => self.certain(state),
            Score::Open(factors) => {
                #[allow(clippy::cast_possible_truncation, reason = "a text has fewer words than that")]
                self.so_far.positions.push(self.so_far.open.len() as u32);
                self.so_far.open.push(factors);
            }
        }
    }

    /// Ends the chain; what follows is another.
    pub fn end(&mut self) {
        if self.open < self.so_far.open.len() {
            self.work_out(None);
        }
        self.before = None;
    }

    /// The probabilities at all positions.
    pub fn finish(mut self) -> Probabilities {
        self.end();
        self.so_far
    }

    /// Forward and backward over the stretch that is open, whose factors become probabilities.
    fn work_out(&mut self, after: Option<usize>) {
        let factors = &self.model.factors;
        let stretch = &mut self.so_far.open[self.open..];
        self.forward.clear();
        let mut sum = self.before.map_or(factors.start, |state| factors.step[state]);
        for (t, local) in stretch.iter().enumerate() {
            if t > 0 {
                sum = times(&sum, &factors.step);
            }
            for (s, l) in sum.0.iter_mut().zip(local.0) {
                *s *= l;
            }
            sum = normal(sum);
            self.forward.push(sum);
        }
        let mut sum = after.map_or(Lanes([1.0; 16]), |state| factors.back[state]);
        for (t, (local, forward)) in stretch.iter_mut().zip(&self.forward).enumerate().rev() {
            let mut p = *forward;
            for (p, b) in p.0.iter_mut().zip(sum.0) {
                *p *= b;
            }
            let factor = std::mem::replace(local, normal(p));
            if t > 0 {
                for (s, l) in sum.0.iter_mut().zip(factor.0) {
                    *s *= l;
                }
                sum = normal(times(&sum, &factors.back));
            }
        }
        self.open = self.so_far.open.len();
    }
}

impl Probabilities {
    /// How many positions there are.
    pub fn len(&self) -> usize {
        self.positions.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// The probabilities at a position where no outside state is certain.
    #[inline]
    pub fn open(&self, position: usize) -> Option<&Lanes> {
        self.open.get(*self.positions.get(position)? as usize)
    }

    /// The probabilities at a position, whether it is certain or not; nought beyond the last.
    pub fn at(&self, position: usize) -> Lanes {
        let mut out = Lanes::default();
        match self.positions.get(position) {
            Some(at) if at & SIGN != 0 => out.0[(at & !SIGN) as usize % 16] = 1.0,
            Some(at) => out = self.open.get(*at as usize).copied().unwrap_or_default(),
            None => {}
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::{Marginals, Transitions};
    use crate::model::Head;
    use crate::states::States;

    /// A model without features, whose states follow each other more or less readily.
    fn model() -> Model {
        let states = States::new(["O", "DRUG", "B-NAME", "I-NAME"]).unwrap();
        let mut transitions = Transitions::zero();
        for (from, weights) in transitions.weights.iter_mut().enumerate().take(4) {
            for (to, weight) in weights.iter_mut().enumerate().take(4) {
                *weight = (from * 3 + to * 5) as f32 * 0.1 - 0.9;
            }
        }
        let head = Head { states, step: 1.0 / 24.0, transitions };
        Model::assemble(head, &vec![0; 1 << 19], Vec::new().into()).unwrap()
    }

    /// Sums by position, with nothing certain unless it is asked for.
    fn sums(t: usize, certain: bool) -> Sums {
        let mut sums = Sums::new();
        for state in 0..4 {
            sums.0[state] = i16::try_from((t * 37 + state * 53) % 120).unwrap() - 60;
        }
        sums.0[0] += if certain { 400 } else { 0 };
        // What stands past the last state says nothing.
        sums.0[15] = 30_000;
        sums
    }

    #[test]
    fn where_nothing_is_certain_it_is_what_training_works_out() {
        let model = model();
        let mut tagging = Tagging::new(&model, 9);
        let mut scores = Vec::new();
        for t in 0..9 {
            let sums = sums(t, false);
            scores.push(Lanes(std::array::from_fn(|s| f32::from(sums.0[s]) * model.step())));
            tagging.position(&sums);
        }
        let found = tagging.finish();
        let mut marginals = Marginals::new();
        marginals.run(&scores, 4, &model.factors);
        for (t, want) in marginals.states.iter().enumerate() {
            assert_eq!(found.at(t), *want, "position {t}");
            assert_eq!(found.open(t), Some(want));
        }
        assert_eq!(found.at(9), Lanes::default());
    }

    #[test]
    fn a_certain_position_cuts_the_chain_and_says_what_stands_beside_it() {
        let model = model();
        let certain = [3, 4, 7];
        let (mut told, mut seen) = (Tagging::new(&model, 9), Tagging::new(&model, 9));
        for t in 0..9 {
            let is_certain = certain.contains(&t);
            seen.position(&sums(t, is_certain));
            if is_certain { told.certain(0) } else { told.position(&sums(t, false)) }
        }
        let (told, seen) = (told.finish(), seen.finish());
        assert_eq!(told, seen);
        assert_eq!((told.len(), told.open(3), told.at(3).0[0]), (9, None, 1.0));
        // A name goes on only after it began, which it did not at a certain position.
        assert!(told.at(5).0[3] == 0.0 && told.at(2).0[3] > 0.0);
    }
}
