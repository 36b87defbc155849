//! Offsets in Unicode code points, as Python counts them, and in bytes.

/// Between two notes of where a code point begins.
const STEP: usize = 256;

/// A text whose offsets can be turned from one count to the other.
pub(crate) struct Points<'a> {
    text: &'a str,
    /// The byte at which every [`STEP`]th code point begins; none where all are single bytes.
    notes: Vec<usize>,
    len: usize,
}

impl<'a> Points<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        if text.is_ascii() {
            return Self { text, notes: Vec::new(), len: text.len() };
        }
        let (mut notes, mut len) = (Vec::with_capacity(text.len() / STEP + 1), 0);
        for (byte, _) in text.char_indices() {
            if len % STEP == 0 {
                notes.push(byte);
            }
            len += 1;
        }
        Self { text, notes, len }
    }

    /// The number of code points.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// The byte at which a code point begins; the text's end for what is past it.
    pub(crate) fn byte(&self, point: usize) -> usize {
        if point >= self.len {
            return self.text.len();
        }
        if self.notes.is_empty() {
            return point;
        }
        let start = self.notes[point / STEP];
        self.text[start..].char_indices().nth(point % STEP).map_or(self.text.len(), |(byte, _)| start + byte)
    }

    /// The number of code points before a byte that one begins at.
    pub(crate) fn point(&self, byte: usize) -> usize {
        if self.notes.is_empty() {
            return byte;
        }
        let note = self.notes.partition_point(|start| *start <= byte) - 1;
        note * STEP + self.text[self.notes[note]..byte].chars().count()
    }

    /// The text between two code points.
    pub(crate) fn slice(&self, start: usize, end: usize) -> &'a str {
        &self.text[self.byte(start)..self.byte(end)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_turn_both_ways_at_every_code_point() {
        for text in ["plain", "é😀x", &"aé😀\u{301}".repeat(500), ""] {
            let points = Points::of(text);
            assert_eq!(points.len(), text.chars().count());
            for (point, (byte, _)) in text.char_indices().enumerate() {
                assert_eq!((points.byte(point), points.point(byte)), (byte, point));
            }
            assert_eq!(points.byte(points.len()), text.len());
            assert_eq!(points.point(text.len()), points.len());
            assert_eq!(points.byte(usize::MAX), text.len());
        }
    }
}
