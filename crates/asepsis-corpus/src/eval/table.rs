//! How figures are printed.

use asepsis_score::Score;

/// What must be reached, and what would be better.
pub(crate) struct Aim {
    /// Shares of letters and digits.
    pub(crate) leak: [f64; 2],
    /// Words in 1,000, where a bound is set.
    pub(crate) false_words: Option<[f64; 2]>,
}

impl Aim {
    /// Prints what is aimed at.
    pub(crate) fn say(&self) {
        let [leak, better] = self.leak.map(|l| l * 100.0);
        match self.false_words {
            Some([most, fewer]) => println!(
                "  aim: leak at most {leak:.1} %, false words at most {most} in 1,000; stretch {better:.1} % and {fewer}"
            ),
            None => println!("  aim: leak at most {leak:.1} %; stretch {better:.1} %"),
        }
    }

    fn judge(&self, score: &Score) -> &'static str {
        let within = |n: usize| {
            score.leak() <= self.leak[n] && self.false_words.is_none_or(|words| score.false_words() <= words[n])
        };
        word(within(0), within(1))
    }
}

/// How a figure stands to what it may be at most, and what would be better.
pub(crate) fn at_most(value: f64, [most, better]: [f64; 2]) -> &'static str {
    word(value <= most, value <= better)
}

/// How a figure stands to what it must be at least, and what would be better.
pub(crate) fn at_least(value: f64, [least, better]: [f64; 2]) -> &'static str {
    word(value >= least, value >= better)
}

fn word(reached: bool, stretch: bool) -> &'static str {
    match (reached, stretch) {
        (_, true) => "stretch",
        (true, false) => "reached",
        (false, false) => "SHORT",
    }
}

/// Opens a section: what is measured, and the command that measures this alone.
pub(crate) fn heading(what: &str, command: &str) {
    println!("\n{what}\n  command: {command}");
}

/// The columns of [`line`].
pub(crate) fn titles(first: &str) {
    println!("    {first:30} {:>6} {:>9} {:>9} {:>12}", "texts", "leak", "whole", "false/1,000");
}

/// A corpus and its figures.
pub(crate) fn line(name: &str, score: &Score, aim: Option<&Aim>) {
    println!("    {} {}", figures(name, score), aim.map_or("", |aim| aim.judge(score)));
}

/// A variant and its figures beside the plain text's.
pub(crate) fn changed(name: &str, score: &Score, more: f64, judged: &str) {
    println!("    {} {more:+6.2} points {judged}", figures(name, score));
}

fn figures(name: &str, score: &Score) -> String {
    let (leak, whole) = (score.leak() * 100.0, score.whole() * 100.0);
    format!("{name:30} {:>6} {leak:>7.2} % {whole:>7.2} % {:>12.2}", score.texts, score.false_words())
}
