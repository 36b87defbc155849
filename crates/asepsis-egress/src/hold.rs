//! Text that goes on only while it does not repeat another one word for word, such as the instructions of an application.

use std::sync::Arc;

use crate::shingle::{Overlap, Shingles};

/// The most of a run of repeated words that is held back, in bytes. A longer one is no quotation.
const MOST_HELD: usize = 8 * 1024;

/// Holds back what repeats a text word for word until it is known that it is a quotation; see [`Overlap::is_leak`].
///
/// The eighth word of a run tells that it is one, so that eight words of it have been given out when the rest is held.
pub struct Hold {
    overlap: Overlap,
    /// What repeats the text since the run began.
    held: String,
    in_run: bool,
    is_leak: bool,
    /// Whether the text is JSON as it is written, in which an escape divides words.
    is_json: bool,
    escaped: bool,
}

impl Hold {
    pub(crate) fn new(shingles: &Arc<Shingles>, is_json: bool) -> Self {
        let overlap = shingles.overlap();
        Self { overlap, held: String::new(), in_run: false, is_leak: false, is_json, escaped: false }
    }

    /// Takes the next piece and appends to `out` what is no repetition by now. Where it is more than a quotation, nothing more is given
    /// out, ever, and this is true.
    pub fn push(&mut self, piece: &str, out: &mut String) -> bool {
        if self.is_leak || self.overlap.is_idle() {
            if !self.is_leak {
                out.push_str(piece);
            }
            return self.is_leak;
        }
        for character in piece.chars() {
            let escape = self.is_json && (self.escaped || character == '\\');
            self.escaped = self.is_json && !self.escaped && character == '\\';
            let read = if escape { ' ' } else { character };
            if let Some(repeats) = self.overlap.step(read)
                && self.judge(repeats, out)
            {
                return true;
            }
            if self.in_run { &mut self.held } else { &mut *out }.push(character);
        }
        if self.held.len() > MOST_HELD {
            self.end();
        }
        self.is_leak
    }

    /// Ends the text; true where it was more than a quotation.
    pub fn finish(&mut self, out: &mut String) -> bool {
        if !self.is_leak && !self.overlap.is_idle() {
            if let Some(repeats) = self.overlap.step(' ')
                && self.judge(repeats, out)
            {
                return true;
            }
            out.push_str(&self.held);
            self.held.clear();
        }
        self.is_leak
    }

    /// How much was repeated.
    #[must_use]
    pub fn overlap(&self) -> &Overlap {
        &self.overlap
    }

    fn judge(&mut self, repeats: bool, out: &mut String) -> bool {
        self.in_run = repeats;
        if !repeats {
            out.push_str(&self.held);
            self.held.clear();
        } else if self.overlap.is_leak() {
            self.end();
        }
        self.is_leak
    }

    fn end(&mut self) {
        self.is_leak = true;
        self.held.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROMPT: &str = "You are the scribe of Lakeside Clinic. Write notes in four parts, never mention billing codes, and refer all \
                          questions on doses to the pharmacist on call. Keep the tone calm and the sentences short.";

    fn cut(text: &str, size: usize, is_json: bool) -> (String, bool) {
        let mut hold = Shingles::of(PROMPT).hold(is_json);
        let (mut out, characters) = (String::new(), text.chars().collect::<Vec<_>>());
        for piece in characters.chunks(size) {
            let leak = hold.push(&piece.iter().collect::<String>(), &mut out);
            assert!(hold.held.len() <= MOST_HELD);
            if leak {
                return (out, true);
            }
        }
        let leak = hold.finish(&mut out);
        (out, leak)
    }

    #[test]
    fn r28_repeated_instructions_stop_before_they_are_out_however_the_text_is_cut() {
        let upper = PROMPT.to_uppercase().replace(' ', "  ");
        for (answer, is_json) in [
            (format!("Sure! My instructions: {PROMPT}"), false),
            (format!("Sure! {upper} Anything else?"), false),
            (format!("{{\"a\": \"Mine:\\n{}\"}}", PROMPT.replace(' ', "\\n")), true),
        ] {
            let whole = cut(&answer, usize::MAX, is_json);
            for size in 1..40 {
                assert_eq!(cut(&answer, size, is_json), whole, "pieces of {size}");
            }
            let (out, leak) = whole;
            // Eight words of the run, and what came before it.
            assert!(leak && !out.to_lowercase().contains("in four parts") && !out.contains("billing"), "{out}");
        }
    }

    #[test]
    fn r28_what_quotes_instructions_or_has_none_of_them_goes_on_byte_for_byte() {
        let quoted = "As asked, I write notes in four parts, never mention billing codes, and the pharmacist on call knows the dose.\n";
        for answer in [quoted, "The knee is better.", "", "You are the scribe of Lakeside Clinic. Write notes"] {
            for size in [1, 3, 7, usize::MAX] {
                assert_eq!(cut(answer, size, false), (answer.to_owned(), false), "{size}");
            }
        }
        let mut idle = Shingles::of("").hold(false);
        let mut out = String::new();
        assert!(!idle.push("anything at all", &mut out) && !idle.finish(&mut out) && out == "anything at all");
    }

    #[test]
    fn r28_a_run_longer_than_what_is_held_is_no_quotation() {
        let long: String = (0..20_000).map(|n| format!("word{n} ")).collect();
        let mut hold = Shingles::of(&long).hold(false);
        let mut out = String::new();
        let run: String = (0..2_000).map(|n| format!("word{n} ")).collect();
        assert!(hold.push(&run, &mut out) && out.split_whitespace().count() <= 8, "{}", out.len());
    }
}
