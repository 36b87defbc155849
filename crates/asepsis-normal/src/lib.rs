//! The normal form of a text and the way back: what detectors read, and where it stood.
//!
//! Encodings are decoded, invisible characters dropped, compatibility forms and look-alike letters become plain ones,
//! and what was broken by a line's end, spelled out or read aloud is put together. Every offset of the normal form maps
//! back to a character boundary of the original, and text that nothing applies to is not copied.
//!
//! Each step makes a layer over the text of the one before; a layer that would change nothing is not made.

mod character;
mod confusable;
mod escape;
#[cfg(any(test, fuzzing))]
pub mod fuzz;
mod layer;
mod layout;
mod markup;
mod phrase;
mod spoken;

use asepsis_vocab::Span;

pub use character::is_invisible;
pub use confusable::looks_like;
pub use layer::{Editor, Layer};
pub use phrase::{Found, Phrases};

/// How often what was decoded is decoded again: an escape within JSON within HTML.
const ROUNDS: usize = 3;

/// A text as detectors read it.
pub struct Normal<'a> {
    original: &'a str,
    layers: Vec<Layer>,
}

impl<'a> Normal<'a> {
    /// The normal form of a text. Linear in its length, and bounded by a few times its size.
    pub fn of(original: &'a str) -> Self {
        let mut normal = Self { original, layers: Vec::new() };
        for _ in 0..ROUNDS {
            if !character::needed(normal.text()) {
                break;
            }
            let (layer, again) = character::layer(normal.text());
            let Some(layer) = layer else { break };
            normal.layers.push(layer);
            if !again {
                break;
            }
        }
        if !normal.text().is_ascii() {
            normal.layers.extend(confusable::layer(normal.text()));
        }
        normal.layers.extend(layout::layer(normal.text()));
        normal
    }

    /// The text as detectors read it.
    pub fn text(&self) -> &str {
        self.layers.last().map_or(self.original, Layer::text)
    }

    /// The span of the original that `start..end` of the normal form came from.
    pub fn span(&self, start: usize, end: usize) -> Span {
        if start >= end {
            return Span::new(start.min(self.original.len()), start.min(self.original.len()));
        }
        let (start, end) = self.layers.iter().rev().fold((start, end), |(start, end), layer| layer.back(start, end));
        Span::new(start, end)
    }
}

/// The entries of a table: lines that are neither empty nor comments.
pub(crate) fn lines(data: &'static str) -> impl Iterator<Item = &'static str> {
    data.lines().filter(|l| !l.is_empty() && !l.starts_with('#'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The normal form, and what in the original the part `part` of it came from.
    #[track_caller]
    fn becomes(original: &str, normal: &str) {
        assert_eq!(Normal::of(original).text(), normal, "from {original:?}");
    }

    #[track_caller]
    fn leads_back(original: &str, part: &str, from: &str) {
        let n = Normal::of(original);
        let at = n.text().find(part).unwrap_or_else(|| panic!("{part:?} in {:?}", n.text()));
        assert_eq!(&original[n.span(at, at + part.len()).range()], from, "in {original:?}");
    }

    #[test]
    fn plain_text_is_not_copied() {
        let n = Normal::of("MRN 123\nok, 5 % = a & b <3 mg> follow-up one two");
        assert!(n.layers.is_empty());
        assert_eq!(n.span(4, 7), Span::new(4, 7));
    }

    #[test]
    fn every_disguise_is_taken_off_and_offsets_lead_back() {
        let original = "x\u{a0}１２\u{200b}３-\u{2013}\u{ad}Мary Jose\u{301} ﬁn\\u00e9\\n";
        becomes(original, "x 123--Mary José fin\u{e9}\n");
        leads_back(original, "123", "１２\u{200b}３");
        leads_back(original, "Mary", "Мary");
        leads_back(original, "José", "Jose\u{301}");
        leads_back(original, "in", "ﬁn");
        becomes("𝐉𝐨𝐡𝐧 𝟏𝟐𝟑 Ⓢⓜⓘⓣⓗ Ⅻ ４５ ٣٤ १२", "John 123 Smith XII 45 34 12");
        becomes("S\u{335}m\u{336}i\u{337}t\u{334}h 1\u{332}2\u{332}3", "Smith 123");
    }

    #[test]
    fn escapes_of_every_encoding_are_decoded() {
        becomes(r"Jos\u00e9 \ud835\udd4aue \x41nn \/ \u{e9}", "José Sue Ann / é");
        becomes(
            "Jos&eacute; &#83;mith&nbsp;&#x41;nn a&commat;b.org A&amp;amp;B &lt;5",
            "José Smith Ann a@b.org A&B <5",
        );
        becomes("a%40b.org?name=Ana%20Reed&dob=1950%2D04%2D12 Jos%C3%A9", "a@b.org?name=Ana Reed&dob=1950-04-12 José");
        becomes("name=Anna+Reed&x=1", "name=Anna Reed&x=1");
        becomes("Jos=C3=A9 Mu=\nrphy =3D 12=\r\n34", "José Murphy = 1234");
        leads_back("write a%40b.org now", "a@b.org", "a%40b.org");
        leads_back("J&eacute;r&ocirc;me", "Jérôme", "J&eacute;r&ocirc;me");
        leads_back("Mu=\nrphy =3D", "Murphy", "Mu=\nrphy");
    }

    #[test]
    fn what_only_looks_like_an_escape_is_left() {
        for text in
            ["BMI=25, HR=88, age=45", "SpO2 96%20", "AT&T; R&D &c.", "50%", "EF 55%65%", "a=b+c", "2+2", r"C:\data\q"]
        {
            becomes(text, text);
        }
    }

    #[test]
    fn tags_are_breaks_and_their_attributes_stay() {
        becomes("<p>Anna<br/>Reed</p><b>J</b>ohn", "\nAnna\nReed\nJohn");
        becomes("<td>Anna</td><td>Reed</td>", " Anna  Reed ");
        becomes("<a href=\"mailto:a@b.org\">x</a>", "  href=\"mailto:a@b.org\">x");
        becomes("<3 <5 mg <PatientName>Ann</PatientName>", "<3 <5 mg <PatientName>Ann</PatientName>");
    }

    #[test]
    fn look_alikes_are_folded_only_where_a_latin_word_is_meant() {
        becomes("Маrу Сlаrk АВС", "Mary Clark ABC");
        becomes("Ꮪmith Јоhn ѕеrіаl", "Smith John serial");
        becomes("Пациент Иванов, сон хороший, он рос в Москве", "Пациент Иванов, сон хороший, он рос в Москве");
        becomes("β-hCG 5 μg, α1, TNF-α, βhCG", "β-hCG 5 μg, α1, TNF-α, βhCG");
    }

    #[test]
    fn what_the_end_of_a_line_broke_is_joined() {
        becomes("hyper-\ntension 401-555-\n0131 Smith-\nJones", "hypertension 401-555-0131 Smith-Jones");
        becomes("- one\n- two -\nthree", "- one\n- two -\nthree");
        leads_back("call 401-555-\n  0131.", "401-555-0131", "401-555-\n  0131");
    }

    #[test]
    fn what_is_spelled_out_is_put_together() {
        becomes("SSN 1 2 3 - 4 5 - 6 7 8 9 given", "SSN 123-45-6789 given");
        becomes("J o h n  S m i t h came", "John Smith came");
        becomes("that is S-M-I-T-H, J o h n", "that is SMITH, John");
        for text in
            ["PHQ-9: 2 1 3 0 1 2 3 0 0", "pain 0 1 2 3 4 5 6 7 8 9 10", "A B C D E", "vitamins A C D E K", "I a m"]
        {
            becomes(text, text);
        }
    }

    #[test]
    fn digits_that_are_spoken_become_digits() {
        becomes("call four oh one five five five oh one three one now", "call 4015550131 now");
        becomes("mrn is three eight four nine two oh.", "mrn is 384920.");
        becomes("four oh one, five five five, double oh three one", "4015550031");
        becomes("social is one two three dash four five dash six seven eight nine", "social is 123-45-6789");
        leads_back("mrn three eight four nine two oh.", "384920", "three eight four nine two oh");
        for text in
            ["one or two three times", "count one two three four five six seven eight", "two two three grams", "zero"]
        {
            becomes(text, text);
        }
    }

    proptest! {
        #[test]
        fn any_text_leads_back(text in any::<String>()) {
            crate::fuzz::normal_form(&text);
        }

        #[test]
        fn every_span_leads_back_to_character_boundaries_in_order(
            parts in prop::collection::vec(prop::sample::select(vec![
                "a", "Ann", "é", "e\u{301}", "\u{301}", "\\u00e9", "\\ud835\\udd4a", "\\ud835", "&eacute;", "&#x41;", "&#", "&", "%41", "%C3%A9",
                "%C3", "%", "=C3=A9", "=\n", "=3D", "=", "<br>", "<td class=\"x\">", "<", ">", "-\n", "-\n  ", "0131", "1 2 3 - 4 5 - 6 7 8 9", "J o h n",
                "four oh one five five five oh one", " one", " double", " two", ",", " ", "\n", "\r\n", "Мary", "сон", "β", "𝐉", "ﬁ", "１２", "\u{200b}", "+", "\0", "İ", "ß", "\u{ad}",
            ]), 0..24)
        ) {
            crate::fuzz::normal_form(&parts.concat());
        }
    }
}
