//! Checks of what an AI system answers: what contradicts the request's own texts, and what contradicts what is known of
//! doses, drugs and codes.
//!
//! A *context* is what the request held, read once. A *review* compares an answer with it and gives *flags*: spans of the
//! answer, the name of the rule, and what it leads to. A flag says that somebody should look; its absence says nothing. No
//! text of the answer or of the request is in any flag.
//!
//! ```
//! use asepsis_clinical::{Checks, Context, Piece, Tables};
//! use asepsis_vocab::Origin;
//!
//! let checks = Checks::new(Tables::shipped());
//! let note = [Piece::new("Continue furosemide 40 mg daily.", Origin::Document)];
//! let flags = checks.review("Furosemide 400 mg daily.", &Context::of(&note));
//! assert_eq!(flags[0].rule, "dose/tenfold");
//! ```

mod advice;
mod check;
mod cite;
mod codes;
mod context;
mod dose;
mod drugs;
mod ground;
mod keys;
mod lexicon;
mod number;
mod person;
mod quantity;
mod reading;
mod review;
mod rules;
mod said;
mod sense;
mod tables;
mod token;
mod ucum;
mod unit;
mod words;

use asepsis_vocab::{Flag, Span, Verdict};

use check::Found;
pub use codes::{CodeSystem, CodesError};
pub use context::{Context, Piece};
use reading::Reading;
pub use review::{Looked, Review};
pub use rules::{Explanation, explain, rules};
pub use tables::{Tables, TablesError};

/// The checks, ready to be used by many exchanges at once.
#[derive(Debug)]
pub struct Checks {
    tables: Tables,
}

impl Checks {
    /// The checks with an organisation's tables.
    #[must_use]
    pub fn new(tables: Tables) -> Self {
        Self { tables }
    }

    /// The tables that answers are compared with.
    #[must_use]
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// Reads the pieces of a request as [`Context::of`] does, with the drugs that the organisation's table adds.
    #[must_use]
    pub fn context(&self, pieces: &[Piece<'_>]) -> Context {
        Context::with(&self.tables.lexicon, pieces)
    }

    /// What there is to say of an answer.
    #[must_use]
    pub fn review(&self, answer: &str, context: &Context) -> Vec<Flag> {
        self.examine(answer, context).flags
    }

    /// What there is to say of a part of an answer that is still being written. Cut it at [`whole_sentences`]. What only the
    /// whole answer can show (a warning or an allergy that is missing) is left to [`Checks::review`] at its end.
    #[must_use]
    pub fn review_part(&self, part: &str, context: &Context) -> Vec<Flag> {
        let mut flags = self.review(part, context);
        flags.retain(|flag| flag.rule != "advice/red-flag" && !flag.rule.starts_with("omission/"));
        flags
    }

    /// The same, with what was looked at.
    #[must_use]
    pub fn examine(&self, answer: &str, context: &Context) -> Review {
        let lexicon = &*self.tables.lexicon;
        let reading = Reading::of(answer, lexicon);
        let doses = dose::doses(&reading);
        let mut found = Found::default();
        check::grounding::check(&reading, context, lexicon, &mut found);
        check::dose::check(&reading, &doses, context, &self.tables, &mut found);
        check::abbreviation::check(&reading, &mut found);
        check::finding::check(&reading, context, &mut found);
        check::allergy::check(&reading, &doses, context, lexicon, &mut found);
        check::code::check(&reading, &self.tables.codes, &mut found);
        check::citation::check(&reading, context, &mut found);
        check::patient::check(&reading, context, &mut found);
        check::advice::check(&reading, context, lexicon, &mut found);
        let Found { mut flags, mut looked, .. } = found;
        looked.not_read = answer.len() - reading.text.len();
        if looked.not_read > 0 {
            flags.push(Flag {
                span: Span::new(reading.text.len(), answer.len()),
                rule: "limit/not-read".to_owned(),
                verdict: Verdict::Hold,
            });
        }
        if looked.flags_left_out > 0 {
            flags.push(Flag {
                span: Span::new(0, reading.text.len()),
                rule: "limit/flags-left-out".to_owned(),
                verdict: Verdict::Annotate,
            });
        }
        flags.sort_by(|a, b| (a.span.start, a.span.end, &a.rule).cmp(&(b.span.start, b.span.end, &b.rule)));
        flags.dedup();
        Review { flags, looked }
    }
}

/// How many bytes of a text that is still being written are whole sentences or lines.
#[must_use]
pub fn whole_sentences(text: &str) -> usize {
    let tokens = token::tokenize(text);
    let Some(last) = tokens.last() else { return 0 };
    let first = tokens.partition_point(|token| token.sentence < last.sentence);
    // The last sentence is whole only when another has begun.
    tokens[first].start as usize
}
