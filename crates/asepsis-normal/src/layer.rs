//! A text made from another by replacing pieces of it, with the way back.

/// A changed text and the places that were changed, in order; between them the two texts are equal byte for byte.
pub struct Layer {
    text: String,
    pieces: Vec<Piece>,
}

#[derive(Clone, Copy)]
struct Piece {
    at: usize,
    len: usize,
    from: usize,
    from_len: usize,
}

impl Layer {
    /// The changed text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where `start..end`, which is not empty, stood before.
    ///
    /// # Panics
    /// Where `start` is not before `end`.
    pub fn back(&self, start: usize, end: usize) -> (usize, usize) {
        assert!(start < end, "a place that is not empty");
        let last = end - 1;
        let from = match self.piece_before(start) {
            Some(p) if start < p.at + p.len => p.from,
            Some(p) => p.from + p.from_len + (start - p.at - p.len),
            None => start,
        };
        let to = match self.piece_before(last) {
            Some(p) if last < p.at + p.len => p.from + p.from_len,
            Some(p) => p.from + p.from_len + (last - p.at - p.len) + 1,
            None => end,
        };
        (from, to)
    }

    /// The last piece that starts at or before `at`.
    fn piece_before(&self, at: usize) -> Option<Piece> {
        let n = self.pieces.partition_point(|p| p.at <= at);
        n.checked_sub(1).map(|i| self.pieces[i])
    }
}

/// Makes a [`Layer`] from the first change to the last.
pub struct Editor<'t> {
    from: &'t str,
    copied: usize,
    text: String,
    pieces: Vec<Piece>,
}

impl<'t> Editor<'t> {
    /// Nothing is changed yet.
    pub fn new(from: &'t str) -> Self {
        Self { from, copied: 0, text: String::new(), pieces: Vec::new() }
    }

    /// Puts `new` in place of `len` bytes, which are not before what was replaced last.
    pub fn replace(&mut self, at: usize, len: usize, new: &str) {
        debug_assert!(at >= self.copied && len > 0);
        if self.pieces.is_empty() {
            self.text.reserve(self.from.len());
        }
        self.text.push_str(&self.from[self.copied..at]);
        self.pieces.push(Piece { at: self.text.len(), len: new.len(), from: at, from_len: len });
        self.text.push_str(new);
        self.copied = at + len;
    }

    /// The layer; `None` where nothing was replaced.
    pub fn finish(mut self) -> Option<Layer> {
        if self.pieces.is_empty() {
            return None;
        }
        self.text.push_str(&self.from[self.copied..]);
        Some(Layer { text: self.text, pieces: self.pieces })
    }
}
