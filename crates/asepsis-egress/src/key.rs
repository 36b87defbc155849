//! Keys and passwords in a text, by their form.

/// A kind of key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyKind {
    /// A key of a model's vendor: `sk-...`, `sk-ant-...`.
    Model,
    /// A key of a cloud: `AKIA...`, `AIza...`.
    Cloud,
    /// A token of a place where source or packages are kept: `ghp_...`, `glpat-...`, `npm_...`.
    Source,
    /// A token of a messenger: `xoxb-...`.
    Messenger,
    /// A private key in PEM.
    Private,
    /// A signed token (RFC 7519).
    Token,
    /// A key of Asepsis.
    Asepsis,
    /// What stands behind `password:` and its like.
    Password,
}

impl KeyKind {
    /// The rule under which it is found.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Model => "secret/model-key",
            Self::Cloud => "secret/cloud-key",
            Self::Source => "secret/source-token",
            Self::Messenger => "secret/messenger-token",
            Self::Private => "secret/private-key",
            Self::Token => "secret/signed-token",
            Self::Asepsis => "secret/asepsis-key",
            Self::Password => "secret/password",
        }
    }
}

/// How a key begins, how long what follows is at least, and which characters that has.
const PREFIXES: [(&str, usize, KeyKind); 22] = [
    ("sk-ant-", 24, KeyKind::Model),
    ("sk-proj-", 24, KeyKind::Model),
    ("sk-", 32, KeyKind::Model),
    ("hf_", 30, KeyKind::Model),
    ("gsk_", 30, KeyKind::Model),
    ("AKIA", 16, KeyKind::Cloud),
    ("ASIA", 16, KeyKind::Cloud),
    ("AIza", 35, KeyKind::Cloud),
    ("ya29.", 30, KeyKind::Cloud),
    ("ghp_", 36, KeyKind::Source),
    ("gho_", 36, KeyKind::Source),
    ("ghs_", 36, KeyKind::Source),
    ("github_pat_", 40, KeyKind::Source),
    ("glpat-", 20, KeyKind::Source),
    ("npm_", 36, KeyKind::Source),
    ("pypi-", 50, KeyKind::Source),
    ("xoxb-", 20, KeyKind::Messenger),
    ("xoxp-", 20, KeyKind::Messenger),
    ("xapp-", 20, KeyKind::Messenger),
    ("SG.", 40, KeyKind::Messenger),
    ("ask_", 30, KeyKind::Asepsis),
    ("hvs.", 24, KeyKind::Cloud),
];

/// How a private key begins (RFC 7468).
const PEM: &str = "-----BEGIN ";
const PRIVATE: &[u8] = b"PRIVATE KEY-----";
/// Bytes in which the label stands whole.
const LONGEST_LABEL: usize = 80;

/// Bytes of the longest password.
const LONGEST_PASSWORD: usize = 128;

/// No key but a private one is shorter, in bytes, the beginnings of [`PREFIXES`] included.
pub(crate) const SHORTEST_KEY: usize = 20;

/// What stands before a password in a text.
const NAMES: [&str; 9] =
    ["password", "passwort", "contraseña", "passphrase", "passwd", "api_key", "apikey", "api key", "secret_key"];

/// The first key in one word.
pub(crate) fn in_word(word: &str) -> Option<(std::ops::Range<usize>, KeyKind)> {
    by_form(word).into_iter().next()
}

/// The keys in a text, with where they stand, in order. Linear in the text.
#[must_use]
pub fn keys_in(text: &str) -> Vec<(std::ops::Range<usize>, KeyKind)> {
    let mut found = by_form(text);
    passwords(text, &mut found);
    found.sort_by_key(|(range, _)| range.start);
    found.dedup_by(|later, earlier| later.0.start < earlier.0.end);
    found
}

/// Whether a byte can stand in a key.
fn is_body(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

/// Whether a key can begin here: few characters begin one, and none within a word.
fn may_begin(bytes: &[u8], at: usize) -> bool {
    matches!(bytes[at], b's' | b'h' | b'g' | b'A' | b'y' | b'n' | b'p' | b'x' | b'S' | b'a' | b'-' | b'e')
        && (at == 0 || !(bytes[at - 1].is_ascii_alphanumeric() || matches!(bytes[at - 1], b'-' | b'_')))
}

/// The next row of bytes from `at` on that is long enough for a key. Most bytes of a text are not looked at for it: from the last byte of
/// so many that is none of a key, the search goes on behind that one.
fn next_row(bytes: &[u8], mut at: usize) -> Option<std::ops::Range<usize>> {
    while let Some(row) = bytes.get(at..at + SHORTEST_KEY) {
        match row.iter().rposition(|byte| !is_body(*byte)) {
            Some(other) => at += other + 1,
            None => {
                let more = bytes[at + SHORTEST_KEY..].iter().take_while(|byte| is_body(**byte)).count();
                return Some(at..at + SHORTEST_KEY + more);
            }
        }
    }
    None
}

fn by_form(text: &str) -> Vec<(std::ops::Range<usize>, KeyKind)> {
    let mut found = Vec::new();
    // A private key is the only one with spaces in it.
    if text.contains(PEM) {
        find_within(text, 0..text.len(), &mut found);
        return found;
    }
    let mut at = 0;
    while let Some(row) = next_row(text.as_bytes(), at) {
        at = row.end;
        find_within(text, row, &mut found);
    }
    found
}

/// A row of bytes that can stand in a key. Whatever key begins in it goes on to its end, so that it is read once for all of them.
#[derive(Clone, Copy)]
struct Row {
    end: usize,
    /// Behind its last digit.
    digits: usize,
}

impl Row {
    fn at(bytes: &[u8], at: usize) -> Self {
        let length = bytes[at..].iter().take_while(|byte| is_body(**byte)).count();
        let digits = bytes[at..at + length].iter().rposition(u8::is_ascii_digit).map_or(at, |last| at + last + 1);
        Self { end: at + length, digits }
    }
}

/// The keys that begin within a range.
fn find_within(text: &str, range: std::ops::Range<usize>, found: &mut Vec<(std::ops::Range<usize>, KeyKind)>) {
    let mut at = range.start;
    let mut row = Row { end: at, digits: at };
    while at < range.end {
        let mut key = None;
        if may_begin(text.as_bytes(), at) {
            if row.end <= at {
                row = Row::at(text.as_bytes(), at);
            }
            key = key_at(text, at, row);
        }
        if let Some((end, kind)) = key {
            found.push((at..end, kind));
            at = end;
        } else {
            at += 1;
        }
    }
}

fn key_at(text: &str, at: usize, row: Row) -> Option<(usize, KeyKind)> {
    let rest = &text.as_bytes()[at..];
    for (prefix, least, kind) in PREFIXES {
        let body = at + prefix.len();
        if rest.starts_with(prefix.as_bytes()) && body + least <= row.end && body < row.digits {
            return Some((row.end, kind));
        }
    }
    if rest.starts_with(PEM.as_bytes()) {
        let line = &rest[..rest.len().min(LONGEST_LABEL)];
        let line = line.split(|byte| *byte == b'\n').next().unwrap_or_default();
        if line.windows(PRIVATE.len()).any(|label| label == PRIVATE) {
            let end = text[at..].find("-----END ").map_or(text.len(), |end| at + end);
            return Some((end, KeyKind::Private));
        }
    }
    if rest.starts_with(b"eyJ") {
        // A fourth part is enough to see that it is no token.
        let mut parts = text[at..row.end].split('.').map(str::len);
        let long = (0..3).all(|_| parts.next().is_some_and(|length| length >= 16));
        if long && parts.next().is_none() {
            return Some((row.end, KeyKind::Token));
        }
    }
    None
}

/// Whether one of the names may be in a text. Most texts have none, and are not read any further.
fn may_name(bytes: &[u8]) -> bool {
    let follows = |at: usize, word: &[u8]| bytes.get(at..at + word.len()).is_some_and(|b| b.eq_ignore_ascii_case(word));
    bytes.iter().enumerate().any(|(at, b)| match b | 0x20 {
        b'p' => follows(at, b"pass") || (at > 0 && follows(at - 1, b"api")),
        b'c' => follows(at, b"contrase"),
        b'k' => at > 6 && follows(at - 7, b"secret_key"),
        _ => false,
    })
}

/// Words behind `password:` that look like one: letters and digits or marks, not a word of a sentence.
fn passwords(text: &str, found: &mut Vec<(std::ops::Range<usize>, KeyKind)>) {
    if !may_name(text.as_bytes()) {
        return;
    }
    let lower = text.to_lowercase();
    // Lower case of some letters has another length; then the places would not be those of the text.
    if lower.len() != text.len() {
        return;
    }
    for name in NAMES {
        for (at, _) in lower.match_indices(name) {
            let behind = &text[at + name.len()..];
            let lead = behind.trim_start_matches([' ', '"', '\'']);
            let Some(value) =
                lead.strip_prefix([':', '=']).or_else(|| lead.strip_prefix("is ")).or_else(|| lead.strip_prefix("es "))
            else {
                continue;
            };
            let value = value.trim_start_matches([' ', '"', '\'']);
            let near = &value[..value.floor_char_boundary(LONGEST_PASSWORD + 4)];
            let word = near
                .split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | ',' | ';'))
                .next()
                .unwrap_or_default();
            let start = text.len() - value.len();
            let digit = word.bytes().any(|b| b.is_ascii_digit());
            let letter = word.bytes().any(|b| b.is_ascii_alphabetic());
            let mark = word.trim_end_matches('.').bytes().any(|b| b.is_ascii_punctuation() && b != b'-' && b != b'/');
            if (6..=LONGEST_PASSWORD).contains(&word.len()) && letter && (digit || mark) && !word.starts_with('[') {
                found.push((start..start + word.len(), KeyKind::Password));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The keys in a text where every place is looked at.
    fn everywhere(text: &str) -> Vec<(std::ops::Range<usize>, KeyKind)> {
        let mut found = Vec::new();
        find_within(text, 0..text.len(), &mut found);
        found
    }

    /// The key that begins at a place, where the row is read anew for each.
    fn plainly(text: &str, at: usize) -> Option<(usize, KeyKind)> {
        let rest = &text[at..];
        let body = |from: usize| {
            let end =
                rest[from..].find(|c: char| !c.is_ascii() || !is_body(c as u8)).map_or(rest.len(), |end| from + end);
            &rest[from..end]
        };
        let by_prefix = PREFIXES.into_iter().find_map(|(prefix, least, kind)| {
            let key = rest.starts_with(prefix).then(|| body(prefix.len()))?;
            (key.len() >= least && key.bytes().any(|b| b.is_ascii_digit())).then_some((prefix.len() + key.len(), kind))
        });
        let token = || {
            let parts: Vec<&str> = body(0).split('.').collect();
            let whole = rest.starts_with("eyJ") && parts.len() == 3 && parts.iter().all(|part| part.len() >= 16);
            whole.then_some((body(0).len(), KeyKind::Token))
        };
        by_prefix.or_else(token).map(|(length, kind)| (at + length, kind))
    }

    fn plainly_begins(text: &str, at: usize) -> Option<(usize, KeyKind)> {
        may_begin(text.as_bytes(), at).then(|| plainly(text, at)).flatten()
    }

    proptest! {
        #[test]
        fn a_row_tells_of_every_place_in_it_what_the_place_alone_does(text in "(sk-|eyJ|ghp_|AKIA|[.]|[a1]|[a-c]{16,40}|[ é]){0,30}") {
            let mut at = 0;
            let mut plain = Vec::new();
            while at < text.len() {
                match plainly_begins(&text, at) {
                    Some((end, kind)) => {
                        plain.push((at..end, kind));
                        at = end;
                    }
                    None => at += 1,
                }
            }
            prop_assert_eq!(by_form(&text), plain);
        }

        #[test]
        fn rows_hold_all_keys(
            parts in prop::collection::vec(prop_oneof![
                prop::sample::select(PREFIXES.map(|prefix| prefix.0).to_vec()).prop_map(str::to_owned),
                "[a1_.-]{0,60}",
                "eyJ[a-c]{10,18}\\.[a-c]{15,18}\\.[a-c]{15,18}",
                "[ a,.é\n-]{0,4}",
                "-----BEGIN [A-Z ]{0,8}PRIVATE KEY-----",
            ], 0..8),
        ) {
            let text = parts.concat();
            prop_assert_eq!(by_form(&text), everywhere(&text));
        }
    }

    #[test]
    fn a_label_is_cut_within_a_letter() {
        for lead in 0..4 {
            let text = format!("-----BEGIN {}{}PRIVATE KEY-----", " ".repeat(lead), "é".repeat(60));
            assert_eq!(keys_in(&text), []);
        }
        let long = format!("password: a1{}", "é".repeat(90));
        assert_eq!(keys_in(&long), [], "longer than any password");
        assert_eq!(kinds("password: a1éé b"), [("a1éé", KeyKind::Password)]);
    }

    /// A step that looks at the rest of the text from each place would take minutes.
    #[test]
    fn r24_megabytes_of_beginnings_end() {
        for unit in ["-----BEGIN ", "sk-a.", "eyJ.", "eyJaaaaaaaaaaaaa.", "password:", "AKIA.", "password is "] {
            let text = unit.repeat(3_000_000 / unit.len());
            // Behind the last of the names are few enough letters for a password.
            assert!(keys_in(&text).len() <= 1, "{unit}");
        }
    }

    #[test]
    fn no_key_is_shorter_than_a_row() {
        assert!(PREFIXES.iter().all(|(prefix, least, _)| prefix.len() + least >= SHORTEST_KEY));
        assert!(PREFIXES.iter().all(|(prefix, ..)| prefix.bytes().all(is_body)));
        let shortest = format!("AKIA{}1", "A".repeat(15));
        assert_eq!(kinds(&format!("a {shortest}")), [(shortest.as_str(), KeyKind::Cloud)]);
    }

    fn kinds(text: &str) -> Vec<(&str, KeyKind)> {
        keys_in(text).into_iter().map(|(range, kind)| (&text[range], kind)).collect()
    }

    #[test]
    fn r28_keys_are_found_by_form_and_words_are_not() {
        let model = format!("sk-{}", "a1B2c3D4".repeat(5));
        assert_eq!(kinds(&format!("use {model}, please")), [(model.as_str(), KeyKind::Model)]);
        assert_eq!(kinds("AKIAIOSFODNN7EXAMPLE"), [("AKIAIOSFODNN7EXAMPLE", KeyKind::Cloud)]);
        let token = format!("eyJ{}.{}.{}", "a".repeat(20), "b".repeat(20), "c".repeat(20));
        assert_eq!(kinds(&token), [(token.as_str(), KeyKind::Token)]);
        let pem = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----";
        assert_eq!(kinds(pem)[0].1, KeyKind::Private);
        assert_eq!(kinds("The password is Hunter2!x."), [("Hunter2!x.", KeyKind::Password)]);
        assert_eq!(kinds("password: \"tr0ub4dor\""), [("tr0ub4dor", KeyKind::Password)]);
        for name in NAMES {
            let text = format!("So: {} = Hunter2!x", name.to_uppercase());
            assert_eq!(kinds(&text), [("Hunter2!x", KeyKind::Password)], "{name}");
            assert_eq!(kinds(&text[4..]).len(), 1, "{name}");
        }
        for text in [
            "Ask the patient for the password of the portal.",
            "password: required",
            "sk-learn and risk-adjusted-mortality-was-lower-in-the-treated-group",
            "[NAME_7F3K9QXA2BCDE]",
            "AKIA is no key",
            "The password is kept.",
            "-----BEGIN NOTE-----",
        ] {
            assert_eq!(kinds(text), [], "{text}");
        }
    }
}
