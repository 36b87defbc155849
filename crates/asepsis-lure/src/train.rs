//! Learning the table: logistic regression by AdaGrad (Duchi, Hazan and Singer 2011) on the worst window of each text.
//!
//! A text is a bag of windows. An attack has to have one window that looks like one; a benign text may have none. So each step
//! moves the worst window of a text, as it looks at that moment (multiple-instance learning; Andrews, Tsochantaridis and
//! Hofmann 2002). No thread, no clock: the same texts and options give the same weights, bit for bit.

use std::ops::Range;

use asepsis_guard::classifier::{BLOCKS, Blocks, Table, best};

use crate::chance::Chance;

/// A text to learn from.
pub struct Bag {
    /// Its windows.
    pub blocks: Blocks,
    /// Whether it is an attack.
    pub attack: bool,
    /// How much it counts.
    pub weight: f32,
}

/// How a table is trained.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// How often it is learnt from the beginning.
    pub times: u32,
    /// Rounds over all texts.
    pub epochs: u32,
    /// The length of the first steps.
    pub rate: f32,
    /// How much more a benign text counts.
    pub benign: f32,
    /// How strongly weights are drawn to nought at each touch.
    pub decay: f32,
    /// The share of features hidden in each step.
    pub dropout: f64,
    /// The order of the texts, and what is hidden.
    pub seed: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { times: 3, epochs: 6, rate: 0.15, benign: 15.0, decay: 2e-5, dropout: 0.2, seed: 1 }
    }
}

/// A whole window, wherever it is.
fn any(count: usize, chance: &mut Chance) -> Range<usize> {
    let from = chance.below((count + 1).saturating_sub(BLOCKS).max(1));
    from..count.min(from + BLOCKS)
}

/// 1 / (1 + e^-x) to about three digits, the same to the bit everywhere: e^x is (1 + x/4096)^4096.
fn likelihood(x: f32) -> f32 {
    let mut power = 1.0 - x.clamp(-20.0, 20.0) / 4096.0;
    for _ in 0..12 {
        power *= power;
    }
    1.0 / (1.0 + power)
}

/// The weights before they are rounded.
pub struct Weights {
    weights: Vec<f32>,
}

impl Weights {
    /// Learns from texts, several times in another order: the weights are the mean, which depends less on chance.
    #[must_use]
    pub fn learn(bags: &[&Bag], options: Options) -> Self {
        let mut weights = vec![0f32; Table::WEIGHTS];
        for time in 0..options.times {
            let once = Self::once(bags, Options { seed: options.seed + u64::from(time), ..options });
            weights.iter_mut().zip(once).for_each(|(sum, w)| *sum += w);
        }
        #[allow(clippy::cast_precision_loss, reason = "a few times")]
        weights.iter_mut().for_each(|w| *w /= options.times.max(1) as f32);
        Self { weights }
    }

    fn once(bags: &[&Bag], options: Options) -> Vec<f32> {
        let mut weights = vec![0f32; Table::WEIGHTS];
        let mut squares = vec![1f32; Table::WEIGHTS];
        let (mut bias, mut bias_square) = (-1f32, 1f32);
        let mut order: Vec<usize> = (0..bags.len()).filter(|i| bags[*i].blocks.count() > 0).collect();
        let mut chance = Chance::new(options.seed);
        let (mut sums, mut kept) = (Vec::new(), Vec::new());
        for epoch in 0..options.epochs {
            chance.shuffle(&mut order);
            for &at in &order {
                let bag = bags[at];
                bag.blocks.sums(|b| weights[b as usize], &mut sums);
                let worst = best(&sums).map_or(0..1, |(window, _)| window);
                let mut windows = [Some(worst), None];
                if !bag.attack {
                    windows[1] = Some(any(bag.blocks.count(), &mut chance));
                } else if epoch == 0 {
                    // Nothing is known yet of where in it the attack is.
                    windows[0] = Some(any(bag.blocks.count(), &mut chance));
                }
                for window in windows.into_iter().flatten() {
                    kept.clear();
                    kept.extend(bag.blocks.window(window).iter().copied().filter(|_| !chance.is(options.dropout)));
                    #[allow(clippy::cast_possible_truncation, reason = "near one")]
                    let scale = 1.0 / (1.0 - options.dropout) as f32;
                    let sum = kept.iter().map(|b| weights[*b as usize]).sum::<f32>() * scale + bias;
                    let (target, weight) =
                        if bag.attack { (1.0, bag.weight) } else { (0.0, bag.weight * options.benign) };
                    let gradient = (likelihood(sum) - target) * weight;
                    bias_square += gradient * gradient;
                    bias -= options.rate * gradient / bias_square.sqrt();
                    if gradient.abs() < 1e-4 {
                        continue;
                    }
                    for bucket in &kept {
                        let (w, s) = (&mut weights[*bucket as usize], &mut squares[*bucket as usize]);
                        let g = gradient + options.decay * *w;
                        *s += g * g;
                        *w -= options.rate * g / s.sqrt();
                    }
                }
            }
        }
        weights
    }

    /// The table in whole steps, before it is calibrated.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, reason = "clamped to the bounds of a byte")]
    pub fn table(&self) -> Table {
        let mut sizes: Vec<f32> = self.weights.iter().map(|w| w.abs()).collect();
        sizes.sort_by(f32::total_cmp);
        // The few greatest weights are cut, so that the many small ones are told apart.
        let most = sizes[sizes.len() - 1 - sizes.len() / 20_000].max(1e-6);
        let step = most / 127.0;
        let weights = self.weights.iter().map(|w| (w / step).round().clamp(-127.0, 127.0) as i8).collect();
        Table { step, knots: Default::default(), weights }
    }
}
