/// Where the text stands towards a URL that its writer makes.
///
/// A value that is restored into a URL is sent to whoever the URL names as soon as a page loads the image or a person
/// follows the link. So nothing is restored there. A URL goes on to the next white space; to err on that side costs a
/// surrogate that stays, to err on the other costs a patient's name. Only a URL in angle brackets ends with
/// them, and one in quotation marks not before the second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Outside,
    /// In a run of characters in which `//`, `http:` or `www.` was.
    Run,
    /// The same right behind a quotation mark, as in an attribute of HTML, where a URL may hold white space.
    Quoted,
    /// After the `](` of a Markdown link or image.
    Target,
    /// After `](<`, where a target may hold spaces.
    AngleTarget,
}

/// Follows the text character by character and knows whether a URL is being written. A few bytes of state, whatever
/// the length of the run.
#[derive(Clone, Debug, Default)]
pub(crate) struct UrlWatch {
    place: Place,
    /// The last eight characters, in lower case, zero for those beyond ASCII.
    tail: u64,
    /// What ends the URL that began, or may begin here, other than white space: the other half of the quotation mark or
    /// angle bracket right before it; zero if there is none.
    closer: u8,
}

impl UrlWatch {
    /// Takes in the next character of the text.
    pub(crate) fn feed(&mut self, ch: char) {
        if ch == ' ' || (!ch.is_ascii_graphic() && ch.is_whitespace()) {
            return self.feed_space(ch);
        }
        let byte = if ch.is_ascii() { ch.to_ascii_lowercase() as u8 } else { 0 };
        self.tail = self.tail << 8 | u64::from(byte);
        match self.place {
            Place::Run | Place::Quoted => return self.feed_url(byte),
            Place::Outside | Place::Target | Place::AngleTarget => {}
        }
        match byte {
            b'"' | b'\'' => self.closer = byte,
            b'<' => self.closer = b'>',
            // What a scheme is written with keeps what stands before it in mind.
            b'a'..=b'z' | b'0'..=b'9' | b'+' | b'.' | b'-' | b':' | b'/' | b'\\' => {}
            _ => self.closer = 0,
        }
        match byte {
            b'/' | b'\\' if self.two_slashes() => self.enter_run(),
            b':' if self.ends_with(b"http:") || self.ends_with(b"https:") => self.enter_run(),
            b'.' if self.ends_with(b"www.") => self.enter_run(),
            b'(' if self.ends_with(b"](") && self.place == Place::Outside => self.place = Place::Target,
            b'<' if self.ends_with(b"](<") => self.place = Place::AngleTarget,
            b'>' if self.place == Place::AngleTarget => self.place = Place::Outside,
            _ => {}
        }
    }

    /// Takes in letters and digits of ASCII: they begin and end nothing, so that only the last of them are kept in mind.
    pub(crate) fn feed_word(&mut self, word: &[u8]) {
        for byte in &word[word.len().saturating_sub(size_of::<u64>())..] {
            self.tail = self.tail << 8 | u64::from(byte.to_ascii_lowercase());
        }
    }

    fn feed_url(&mut self, byte: u8) {
        if byte == 0 || byte != self.closer {
            return;
        }
        // Some readers make a link even of what follows the second quotation mark.
        self.place = if self.place == Place::Quoted { Place::Run } else { Place::Outside };
        self.closer = 0;
    }

    fn feed_space(&mut self, ch: char) {
        match self.place {
            Place::Quoted => return,
            Place::AngleTarget if ch != '\n' => {}
            // Markdown lets white space stand between `](` and the target.
            Place::Target if self.at_target_start() => return,
            _ => self.place = Place::Outside,
        }
        self.closer = 0;
        self.tail = self.tail << 8 | u64::from(b' ');
    }

    /// A JSON string began or ended here, and with it any URL.
    pub(crate) fn end_string(&mut self) {
        *self = Self::default();
    }

    /// A URL was restored here, and this is how things stood before it: what the writer put behind it would be sent to
    /// it.
    pub(crate) fn restored_url(&mut self, before: &Self) {
        self.closer = before.closer;
        self.enter_run();
    }

    /// The last character is not in what comes out.
    pub(crate) fn forget_last(&mut self) {
        self.tail &= !0xFF;
    }

    /// Whether a value that is restored here would become part of a URL. A value that is itself the whole target of a
    /// link is none that the writer made, so `whole_url` may stand at its start.
    pub(crate) fn withholds(&self, whole_url: bool) -> bool {
        match self.place {
            Place::Outside => false,
            Place::Run | Place::Quoted => true,
            Place::Target | Place::AngleTarget => !(whole_url && self.at_target_start()),
        }
    }

    fn at_target_start(&self) -> bool {
        self.ends_with(b"](") || self.ends_with(b"](<")
    }

    /// `//`, or what browsers read as such; two backslashes only after a colon, for they begin many other things.
    fn two_slashes(&self) -> bool {
        self.ends_with(b"//") || self.ends_with(b"/\\") || self.ends_with(b"\\/") || self.ends_with(b":\\\\")
    }

    fn enter_run(&mut self) {
        self.place = match (self.place, self.closer) {
            (Place::AngleTarget, _) => Place::AngleTarget,
            (_, b'"' | b'\'') => Place::Quoted,
            _ => Place::Run,
        };
    }

    fn ends_with(&self, what: &[u8]) -> bool {
        self.tail.to_be_bytes().ends_with(what)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(text: &str) -> bool {
        let mut watch = UrlWatch::default();
        text.chars().for_each(|c| watch.feed(c));
        watch.withholds(false)
    }

    #[test]
    fn a_url_runs_from_its_slashes_to_white_space() {
        assert!(after("see https://evil.example/?q="));
        assert!(after("HTTPS:evil.example/"));
        assert!(after(r"https:\\evil.example\"));
        assert!(after("<img src=\"//evil.example/"));
        assert!(after("www.evil.example/?q="));
        assert!(after("<a href=\"https://evil.example/?q= a\tb "));
        assert!(after("<a href='https://evil.example/?q='>"));
        assert!(!after("<a href=\"https://portal.example/\" title=\""));
        assert!(!after("<https://portal.example/>,"));
        assert!(!after("see https://evil.example/ then "));
        assert!(!after("Ratio 3:4, and/or C:\\Users "));
    }

    #[test]
    fn a_word_is_taken_in_at_once_as_letter_by_letter() {
        for before in
            ["", "see ", "www.", "http:", "<a href=\"", "<a href=\"https://a", "![x](", "![x](<", "a//", "it's '"]
        {
            for word in ["a", "Http", "http", "HTTPS", "www", "Evil1example2org3"] {
                let mut whole = UrlWatch::default();
                before.chars().for_each(|c| whole.feed(c));
                let mut each = whole.clone();
                whole.feed_word(word.as_bytes());
                word.chars().for_each(|c| each.feed(c));
                for after in ["", ":", ".", "/", "//", "\"", "'", ">", " ", "](", "<"] {
                    let (mut whole, mut each) = (whole.clone(), each.clone());
                    after.chars().for_each(|c| whole.feed(c));
                    after.chars().for_each(|c| each.feed(c));
                    let state = |watch: &UrlWatch| (watch.place, watch.tail, watch.closer);
                    assert_eq!(state(&whole), state(&each), "{before}{word}{after}");
                }
            }
        }
    }

    #[test]
    fn a_markdown_target_counts_even_without_a_scheme() {
        assert!(after("![x](/pixel?q="));
        assert!(after("![x](  /pixel?q="));
        assert!(after("![x](<https://evil.example/a b"));
        assert!(!after("![x](/pixel) "));
    }

    #[test]
    fn a_whole_url_may_be_a_target_but_nothing_may_follow_it() {
        let mut watch = UrlWatch::default();
        "[portal](".chars().for_each(|c| watch.feed(c));
        assert!(!watch.withholds(true));
        let before = watch.clone();
        watch.restored_url(&before);
        "?q=".chars().for_each(|c| watch.feed(c));
        assert!(watch.withholds(true) && watch.withholds(false));
    }
}
