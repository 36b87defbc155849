//! Which cells are withheld so that nobody is found by a small number.
//!
//! The rule is that of the Centers for Medicare & Medicaid Services (CMS cell size suppression policy): no cell of 1 to 10, shown or
//! derived. So beside each small cell others are withheld, until neither a total nor what else is shown gives it away.

use crate::count::Count;

/// The smallest number other than none that is shown.
pub const LEAST_SHOWN: u64 = 11;

/// One value's part in a whole that is taken to be known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part {
    /// Those that count.
    pub(crate) with: Count,
    /// Those that do not; none where the parts are of all exchanges.
    pub(crate) without: Count,
    /// Whether how many there are with and without together is shown.
    pub(crate) is_whole_shown: bool,
    /// Whether it is withheld for another reason.
    pub(crate) is_forced: bool,
}

impl Part {
    fn is_primary(&self) -> bool {
        self.is_forced || is_small(self.with) || is_small(self.without)
    }

    /// The most that can be with, as an onlooker knows.
    fn most(&self, sum: u64) -> u64 {
        if self.is_whole_shown { sum.min(self.with.exchanges + self.without.exchanges) } else { sum }
    }
}

/// Whether a count may not be shown: of few exchanges, or of few persons.
pub(crate) fn is_small(count: Count) -> bool {
    (1..LEAST_SHOWN).contains(&count.exchanges.min(count.persons))
}

/// Which parts are withheld, where the sum of all is known; `None` where only withholding the whole protects them.
pub(crate) fn withheld(parts: &[Part]) -> Option<Vec<bool>> {
    let mut hidden: Vec<bool> = parts.iter().map(Part::is_primary).collect();
    if !hidden.contains(&true) {
        return Some(hidden);
    }
    while !is_safe(parts, &hidden) {
        // The least loss first: the smallest count that adds anything.
        let next = (0..parts.len()).filter(|at| !hidden[*at]).min_by_key(|at| {
            let with = parts[*at].with.exchanges;
            (with == 0, with, *at)
        })?;
        hidden[next] = true;
    }
    Some(hidden)
}

/// Whether an onlooker who knows the sum of what is withheld learns of no small part what it is, or that it is small.
fn is_safe(parts: &[Part], hidden: &[bool]) -> bool {
    let hidden: Vec<&Part> = parts.iter().zip(hidden).filter(|(_, hidden)| **hidden).map(|(part, _)| part).collect();
    let sum_of = |side: fn(&Part) -> Count| {
        hidden.iter().map(|part| side(part)).fold(Count::default(), |sum, part| Count {
            exchanges: sum.exchanges + part.exchanges,
            persons: sum.persons + part.persons,
        })
    };
    let (with, without) = (sum_of(|part| part.with), sum_of(|part| part.without));
    if hidden.len() < 2 || is_small(with) || is_small(without) {
        return false;
    }
    let sum = with.exchanges;
    let most: u64 = hidden.iter().map(|part| part.most(sum)).sum();
    hidden.iter().all(|part| {
        let high = part.most(sum);
        let low = sum.saturating_sub(most - high);
        let is_open = |low: u64, high: u64| high >= LEAST_SHOWN && high - low >= LEAST_SHOWN - 1;
        let whole = part.with.exchanges + part.without.exchanges;
        (!is_small(part.with) || is_open(low, high))
            && (!is_small(part.without) || !part.is_whole_shown || is_open(whole - high, whole - low))
    })
}
