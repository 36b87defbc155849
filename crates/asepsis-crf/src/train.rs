//! Training by AdaGrad (Duchi, Hazan and Singer 2011) on the conditional log-likelihood, one sequence at a time.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::chain::{Lanes, Marginals, Transitions};
use crate::feature::{BUCKET_BITS, Feature};
use crate::model::{Head, Model, ROW};
use crate::states::States;

/// How a model is trained.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TrainerOptions {
    /// Rounds over all sequences.
    pub epochs: u32,
    /// The length of the first steps.
    pub rate: f32,
    /// A feature that holds at fewer positions gets no weights.
    pub least: u32,
    /// Features whose weights are all smaller than this are left out of the model.
    pub prune: f32,
    /// How strongly weights are drawn to nought at each touch.
    pub decay: f32,
    /// The share of a position's features that is hidden at random in each round, so that none is relied on alone.
    pub dropout: f32,
    /// The order of the sequences, and which features are hidden.
    pub seed: u64,
}

impl Default for TrainerOptions {
    fn default() -> Self {
        Self { epochs: 5, rate: 0.2, least: 3, prune: 0.08, decay: 1e-6, dropout: 0.1, seed: 1 }
    }
}

/// Sequences whose states are known.
#[derive(Clone, Debug, Default)]
pub struct Sequences {
    features: Vec<Feature>,
    /// The end of each position's features.
    ends: Vec<usize>,
    states: Vec<u8>,
    /// The end of each sequence's positions.
    sequences: Vec<usize>,
}

impl Sequences {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a position to the sequence that is open.
    ///
    /// # Panics
    /// If the state is none that a model can have.
    pub fn position(&mut self, features: &[Feature], state: usize) {
        self.features.extend_from_slice(features);
        self.ends.push(self.features.len());
        self.states.push(u8::try_from(state).expect("a model has at most fifteen states"));
    }

    /// Ends the sequence that is open.
    pub fn end(&mut self) {
        if self.sequences.last().copied().unwrap_or(0) < self.states.len() {
            self.sequences.push(self.states.len());
        }
    }

    /// How many positions there are.
    pub fn positions(&self) -> usize {
        self.states.len()
    }

    /// Whether there is nothing to learn from.
    pub fn is_empty(&self) -> bool {
        self.states.is_empty()
    }
}

/// Makes a model of sequences.
pub struct Trainer {
    states: States,
    options: TrainerOptions,
    transitions: Transitions,
    transition_squares: Transitions,
    /// The row of each bucket, `NONE` where it has none.
    index: Vec<u32>,
    features: Vec<Feature>,
    weights: Vec<Lanes>,
    squares: Vec<Lanes>,
}

const NONE: u32 = u32::MAX;
/// What the squares begin with: it keeps the first steps from being as long as the rate allows.
const FIRST_SQUARE: f32 = 0.1;
/// The step of a shipped weight: 127 steps are more than any weight grows to.
const STEP: f32 = 1.0 / 24.0;

impl Trainer {
    /// A trainer that begins with nothing.
    pub fn new(states: States, options: TrainerOptions) -> Self {
        let squares = Transitions { weights: [[FIRST_SQUARE; 16]; 16], start: [FIRST_SQUARE; 16] };
        Self {
            states,
            options,
            transitions: Transitions::zero(),
            transition_squares: squares,
            index: vec![NONE; 1 << BUCKET_BITS],
            features: Vec::new(),
            weights: Vec::new(),
            squares: Vec::new(),
        }
    }

    /// A trainer that goes on from a model. `trust` is how much was learnt there, as the sum of squared gradients that its
    /// weights begin with: the more, the less they move.
    pub fn from_model(model: &Model, options: TrainerOptions, trust: f32) -> Self {
        let mut trainer = Self::new(model.states().clone(), options);
        trainer.transitions = model.transitions.clone();
        trainer.transition_squares =
            Transitions { weights: [[FIRST_SQUARE + 10.0 * trust; 16]; 16], start: [FIRST_SQUARE + 10.0 * trust; 16] };
        for (feature, row) in model.all_rows() {
            let mut weights = Lanes::default();
            #[allow(clippy::cast_possible_wrap, reason = "the bytes of a row are signed weights")]
            for (w, byte) in weights.0[..15].iter_mut().zip(row) {
                *w = f32::from(*byte as i8) * model.step();
            }
            trainer.add(feature, weights, FIRST_SQUARE + trust);
        }
        trainer
    }

    fn add(&mut self, feature: Feature, weights: Lanes, square: f32) {
        let slot = &mut self.index[feature.bucket()];
        if *slot == NONE {
            *slot = u32::try_from(self.features.len()).expect("there are fewer features than buckets");
            self.features.push(feature);
            self.weights.push(weights);
            self.squares.push(Lanes([square; 16]));
        }
    }

    /// Learns from the sequences.
    ///
    /// # Panics
    /// If a state of the sequences is none of the model's, or follows where it may not: an entity that goes on over the
    /// start of a sequence has to begin there.
    pub fn learn(&mut self, sequences: &Sequences) {
        self.check(sequences);
        self.admit(sequences);
        let rows: Vec<u32> = sequences
            .features
            .iter()
            .map(|f| {
                let row = self.index[f.bucket()];
                if row != NONE && self.features[row as usize] == *f { row } else { NONE }
            })
            .collect();
        let mut order: Vec<usize> = (0..sequences.sequences.len()).collect();
        let mut chance = Chance(self.options.seed | 1);
        let (mut marginals, mut scores, mut kept) = (Marginals::new(), Vec::new(), Vec::new());
        for _ in 0..self.options.epochs {
            for i in (1..order.len()).rev() {
                order.swap(i, chance.below(i + 1));
            }
            for &sequence in &order {
                let from = if sequence == 0 { 0 } else { sequences.sequences[sequence - 1] };
                let to = sequences.sequences[sequence];
                self.step(sequences, &rows, from..to, &mut chance, &mut marginals, &mut scores, &mut kept);
            }
        }
    }

    fn check(&self, sequences: &Sequences) {
        let mut from = 0;
        for &to in &sequences.sequences {
            let mut before = None;
            for &state in &sequences.states[from..to] {
                let state = usize::from(state);
                assert!(
                    state < self.states.count() && self.states.may_follow(before, state),
                    "state {state} may not follow {before:?}"
                );
                before = Some(state);
            }
            from = to;
        }
    }

    /// Gives a row to each feature that is frequent enough; of those that share a bucket, the most frequent gets it.
    fn admit(&mut self, sequences: &Sequences) {
        let mut counts: HashMap<Feature, u32> = HashMap::new();
        for feature in &sequences.features {
            *counts.entry(*feature).or_default() += 1;
        }
        let mut ranked: Vec<(u32, Feature)> =
            counts.into_iter().filter(|&(_, n)| n >= self.options.least).map(|(f, n)| (n, f)).collect();
        ranked.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        for (_, feature) in ranked {
            self.add(feature, Lanes::default(), FIRST_SQUARE);
        }
    }

    #[allow(
        clippy::too_many_arguments,
        clippy::needless_range_loop,
        reason = "lanes are indexed in step, and room that is used again from sequence to sequence"
    )]
    fn step(
        &mut self,
        sequences: &Sequences,
        rows: &[u32],
        positions: std::ops::Range<usize>,
        chance: &mut Chance,
        marginals: &mut Marginals,
        scores: &mut Vec<Lanes>,
        kept: &mut Vec<(u32, u32)>,
    ) {
        let count = self.states.count();
        scores.clear();
        kept.clear();
        for (t, p) in positions.clone().enumerate() {
            let begin = if p == 0 { 0 } else { sequences.ends[p - 1] };
            let mut sum = Lanes::default();
            for &row in &rows[begin..sequences.ends[p]] {
                if row == NONE || chance.unit() < self.options.dropout {
                    continue;
                }
                #[allow(clippy::cast_possible_truncation, reason = "sequences are shorter than that")]
                kept.push((t as u32, row));
                for (s, w) in sum.0.iter_mut().zip(self.weights[row as usize].0) {
                    *s += w;
                }
            }
            scores.push(sum);
        }
        let factors = self.transitions.factors(&self.states);
        marginals.run(scores, count, &factors);
        let gold = &sequences.states[positions];
        let rate = self.options.rate;
        for &(t, row) in kept.iter() {
            let t = t as usize;
            let (p, g) = (&marginals.states[t].0, usize::from(gold[t]));
            let (weights, squares) = (&mut self.weights[row as usize].0, &mut self.squares[row as usize].0);
            for lane in 0..16 {
                let gradient = p[lane] - f32::from(u8::from(lane == g)) + self.options.decay * weights[lane];
                squares[lane] += gradient * gradient;
                weights[lane] -= rate * gradient / squares[lane].sqrt();
            }
            for lane in count..16 {
                weights[lane] = 0.0;
            }
        }
        self.move_transitions(&factors.step, marginals, gold);
    }

    #[allow(clippy::needless_range_loop, reason = "matrices are indexed by both states")]
    fn move_transitions(&mut self, step: &[Lanes; 16], marginals: &Marginals, gold: &[u8]) {
        let count = self.states.count();
        let mut gradient = Transitions::zero();
        for (s, p) in gradient.start.iter_mut().zip(marginals.states[0].0) {
            *s = p;
        }
        gradient.start[usize::from(gold[0])] -= 1.0;
        for t in 1..gold.len() {
            let mut pairs = [[0.0f32; 16]; 16];
            let mut sum = 0.0;
            for from in 0..count {
                let a = marginals.forward[t - 1].0[from];
                for to in 0..count {
                    let p = a * step[from].0[to] * marginals.local[t].0[to] * marginals.backward[t].0[to];
                    pairs[from][to] = p;
                    sum += p;
                }
            }
            if sum > 0.0 {
                for from in 0..count {
                    for to in 0..count {
                        gradient.weights[from][to] += pairs[from][to] / sum;
                    }
                }
                gradient.weights[usize::from(gold[t - 1])][usize::from(gold[t])] -= 1.0;
            }
        }
        let rate = self.options.rate;
        let go = |weight: &mut f32, square: &mut f32, gradient: f32| {
            *square += gradient * gradient;
            *weight -= rate * gradient / square.sqrt();
        };
        for to in 0..count {
            go(&mut self.transitions.start[to], &mut self.transition_squares.start[to], gradient.start[to]);
            for from in 0..count {
                go(
                    &mut self.transitions.weights[from][to],
                    &mut self.transition_squares.weights[from][to],
                    gradient.weights[from][to],
                );
            }
        }
    }

    /// The model as it stands, with integer weights.
    ///
    /// # Panics
    /// Never: a trainer's rows and bitmap agree.
    pub fn model(&self) -> Model {
        let mut bitmap = vec![0u8; (1 << BUCKET_BITS) / 8];
        let mut rows = Vec::new();
        for (bucket, &row) in self.index.iter().enumerate() {
            if row == NONE {
                continue;
            }
            let weights = &self.weights[row as usize].0[..self.states.count()];
            let mut bytes = [0u8; ROW];
            let mut strongest = 0.0f32;
            for (byte, weight) in bytes.iter_mut().zip(weights) {
                strongest = strongest.max(weight.abs());
                #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to eight bits")]
                {
                    *byte = (weight / STEP).round().clamp(-127.0, 127.0) as i8 as u8;
                }
            }
            if strongest < self.options.prune {
                continue;
            }
            bytes[15] = self.features[row as usize].check();
            bitmap[bucket / 8] |= 1 << (bucket % 8);
            rows.push(bytes);
        }
        let head = Head { states: self.states.clone(), step: STEP, transitions: self.transitions.clone() };
        Model::assemble(head, &bitmap, Cow::Owned(rows)).expect("a row was written for each bit")
    }
}

/// Pseudo-random numbers (xorshift64*): repeatable, for nothing that has to be secret.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    #[allow(clippy::cast_possible_truncation, reason = "the remainder is smaller than the bound")]
    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    #[allow(clippy::cast_precision_loss, reason = "24 bits fit")]
    fn unit(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 24) as f32
    }
}
