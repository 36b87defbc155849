//! Passwords of local users, by NIST SP 800-63B-4, 3.1.1.2: long, not common, no rules of composition, stored under a slow hash.
//!
//! The hash is PBKDF2-HMAC-SHA-512 (NIST SP 800-132) with the 210,000 rounds that OWASP's Password Storage Cheat Sheet names,
//! by aws-lc-rs, so that the certified module does it. Argon2id would cost an attacker more memory, and a second library of
//! cryptography; a second factor is always asked for beside the password.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use data_encoding::BASE64_NOPAD;
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::random::{self, NoRandomness};

/// Rounds of new hashes.
const ROUNDS: u32 = 210_000;
/// Rounds that a stored hash may ask for; more would let a tampered record hold a thread for minutes.
const MOST_ROUNDS: u32 = 10_000_000;
const SALT: usize = 16;
const HASH: usize = 64;
/// The fewest characters.
pub const LEAST: usize = 12;
/// The most characters.
pub const MOST: usize = 128;

/// Why a password is not taken. Says what helps and nothing of the password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Fewer than [`LEAST`] characters.
    #[error("a password has at least 12 characters; a few words that only you put together are easy to keep in mind")]
    Short,
    /// More than [`MOST`] characters.
    #[error("a password has at most 128 characters")]
    Long,
    /// A control character.
    #[error("a password holds no control characters, such as a tab")]
    Control,
    /// On the list of common ones, or one of these with digits and signs around it or letters replaced.
    #[error(
        "this password, or what is left without its digits and signs, is among the 30,000 that attackers try first"
    )]
    Common,
    /// A short piece again and again, or characters in the order of the alphabet or keyboard.
    #[error("this password is a repetition or a row of neighbouring characters")]
    Pattern,
    /// It holds the user's or the organisation's name.
    #[error("this password holds the name of the user, of the organisation or of this product")]
    Named,
}

/// Checks a new password of `user`, and gives it in the form in which it is hashed. `names` are the organisation's.
///
/// # Errors
/// [`Weak`].
pub fn screened(password: &str, user: &str, names: &[&str]) -> Result<Zeroizing<String>, Weak> {
    // What is far too long is not worked on.
    if password.len() > MOST * 8 {
        return Err(Weak::Long);
    }
    let normal = normal(password);
    let length = normal.chars().count();
    if length < LEAST {
        return Err(Weak::Short);
    }
    if length > MOST {
        return Err(Weak::Long);
    }
    if normal.chars().any(char::is_control) {
        return Err(Weak::Control);
    }
    let lower = Zeroizing::new(normal.to_lowercase());
    let plain = plainer(&lower);
    if is_common(&lower) || is_common(&plain) || is_common(core(&lower)) || is_common(core(&plain)) {
        return Err(Weak::Common);
    }
    if is_pattern(&lower) {
        return Err(Weak::Pattern);
    }
    let local = user.split('@').next().unwrap_or(user);
    let named = names.iter().copied().flat_map(str::split_whitespace).chain([user, local, "asepsis"]);
    for name in named.map(str::to_lowercase).filter(|name| name.chars().count() >= 4) {
        if lower.contains(&name) || plain.contains(&name) {
            return Err(Weak::Named);
        }
    }
    Ok(normal)
}

/// The hash of a password, to be stored: `$pbkdf2-sha512$i=210000$salt$hash`. Takes a tenth of a second of a core.
///
/// # Errors
/// [`NoRandomness`].
pub fn hashed(password: &str) -> Result<String, NoRandomness> {
    let salt = random::bytes::<SALT>()?;
    let mut hash = Zeroizing::new([0; HASH]);
    let rounds = NonZeroU32::new(ROUNDS).expect("not zero");
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA512, rounds, salt.as_ref(), normal(password).as_bytes(), hash.as_mut());
    let (salt, hash) = (BASE64_NOPAD.encode(salt.as_ref()), BASE64_NOPAD.encode(hash.as_ref()));
    Ok(format!("$pbkdf2-sha512$i={ROUNDS}${salt}${hash}"))
}

/// Whether this is the password of a stored hash. Without one, or with one that cannot be read, the same work is done and the
/// answer is no, so that the time does not tell whether there is such a user.
pub fn is_right(password: &str, stored: Option<&str>) -> bool {
    let over = password.len() > MOST * 8;
    let password = if over { Zeroizing::new(String::new()) } else { normal(password) };
    let parsed = stored.and_then(parsed);
    let known = parsed.is_some();
    let (rounds, salt, hash) =
        parsed.unwrap_or_else(|| (NonZeroU32::new(ROUNDS).expect("not zero"), vec![0; SALT], vec![0; HASH]));
    let fits = pbkdf2::verify(pbkdf2::PBKDF2_HMAC_SHA512, rounds, &salt, password.as_bytes(), &hash).is_ok();
    fits && known && !over
}

/// Whether a stored hash was made with fewer rounds than new ones are; it is then made anew at the next sign-in.
pub fn is_old(stored: &str) -> bool {
    parsed(stored).is_none_or(|(rounds, ..)| rounds.get() < ROUNDS)
}

fn parsed(stored: &str) -> Option<(NonZeroU32, Vec<u8>, Vec<u8>)> {
    let mut parts = stored.strip_prefix("$pbkdf2-sha512$i=")?.split('$');
    let rounds = parts.next()?.parse().ok().filter(|rounds| *rounds <= MOST_ROUNDS)?;
    let salt = BASE64_NOPAD.decode(parts.next()?.as_bytes()).ok()?;
    let hash = BASE64_NOPAD.decode(parts.next()?.as_bytes()).ok()?;
    (parts.next().is_none() && salt.len() >= SALT && hash.len() == HASH).then_some((
        NonZeroU32::new(rounds)?,
        salt,
        hash,
    ))
}

/// Unicode's normal form NFKC, so that the same password is the same bytes on every keyboard.
fn normal(password: &str) -> Zeroizing<String> {
    // Full size at once: a growing string would leave copies behind. NFKC makes of three bytes at most thirty-three.
    let mut normal = Zeroizing::new(String::with_capacity(password.len() * 11));
    normal.extend(password.nfkc());
    normal
}

/// The sorted first five bytes of the SHA-256 of each common password; `data/README.md` says where they come from.
static COMMON: &[u8] = include_bytes!("../data/common.bin");
const PREFIX: usize = 5;

fn is_common(password: &str) -> bool {
    let wanted = &random::sha256(password.as_bytes())[..PREFIX];
    let (mut low, mut high) = (0, COMMON.len() / PREFIX);
    while low < high {
        let middle = low.midpoint(high);
        match COMMON[middle * PREFIX..(middle + 1) * PREFIX].cmp(wanted) {
            std::cmp::Ordering::Less => low = middle + 1,
            std::cmp::Ordering::Equal => return true,
            std::cmp::Ordering::Greater => high = middle,
        }
    }
    false
}

/// Without what is put before and behind a word to lengthen it.
fn core(password: &str) -> &str {
    let core = password.trim_matches(|c: char| !c.is_alphabetic());
    // Of what was digits and signs only, nothing would be left to look at.
    if core.is_empty() { password } else { core }
}

/// With the letters that digits and signs stand for.
fn plainer(password: &str) -> Zeroizing<String> {
    let mut plain = Zeroizing::new(String::with_capacity(password.len()));
    plain.extend(password.chars().map(|c| match c {
        '0' => 'o',
        '1' | '!' | '|' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' | '+' => 't',
        '8' => 'b',
        other => other,
    }));
    plain
}

const ROWS: [&str; 8] = [
    "abcdefghijklmnopqrstuvwxyz",
    "zyxwvutsrqponmlkjihgfedcba",
    "01234567890123456789",
    "98765432109876543210",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiopasdfghjklyxcvbnm",
];

/// Whether it repeats a piece of up to six characters (also a common one, as in `passwordpassword`), or is rows of neighbours.
fn is_pattern(password: &str) -> bool {
    let chars = Zeroizing::new(password.chars().collect::<Vec<_>>());
    let repeats = |piece: usize| chars.iter().skip(piece).zip(chars.iter()).all(|(a, b)| a == b);
    if (1..=6).any(repeats) || (7..=chars.len() / 2).any(|piece| repeats(piece) && common_piece(&chars[..piece])) {
        return true;
    }
    // How many characters stand beside one that is next to them in a row, three of them in line at least.
    let mut in_rows = vec![false; chars.len()];
    for (at, three) in chars.windows(3).enumerate() {
        let text: Zeroizing<String> = Zeroizing::new(three.iter().collect());
        if ROWS.iter().any(|row| row.contains(text.as_str())) || three.iter().all(|c| *c == three[0]) {
            in_rows[at..at + 3].fill(true);
        }
    }
    in_rows.iter().filter(|in_row| !**in_row).count() < 4
}

fn common_piece(piece: &[char]) -> bool {
    let text: Zeroizing<String> = Zeroizing::new(piece.iter().collect());
    is_common(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(password: &str) -> Option<Weak> {
        screened(password, "alice.meyer@example.org", &["Northside Family Practice"]).err()
    }

    #[test]
    fn r16_common_passwords_are_refused_however_they_are_lengthened() {
        for (password, why) in [
            ("password", Weak::Short),
            ("leavemealone", Weak::Common),
            ("1qaz2wsx3edc", Weak::Common),
            ("Password123!", Weak::Common),
            ("P@ssw0rd2026!!", Weak::Common),
            ("!!!!liverpool!!!!", Weak::Common),
            ("passwordpassword", Weak::Pattern),
            ("monkey77monkey77", Weak::Pattern),
            ("aaaaaaaaaaaaaaaa", Weak::Pattern),
            ("abcdefghijklmnop", Weak::Pattern),
            ("qwertyuiopasdfgh", Weak::Pattern),
            ("my-Northside-key-9", Weak::Named),
            ("alice.meyer-4-ever", Weak::Named),
            ("Asepsis is mine", Weak::Named),
            ("tab\tis in the middle", Weak::Control),
        ] {
            assert_eq!(refused(password), Some(why), "{password}");
        }
        assert_eq!(refused(&"x9 ".repeat(500)), Some(Weak::Long));
        for good in
            ["copper kettle sings", "Vier Elche im Regen", "correct horse battery staple", "tr0mbone&gravel-west"]
        {
            assert_eq!(refused(good), None, "{good}");
        }
    }

    #[test]
    fn r16_every_entry_of_the_common_list_is_found_and_refused() {
        assert_eq!(COMMON.len() % PREFIX, 0);
        assert!(COMMON.chunks(PREFIX).zip(COMMON.chunks(PREFIX).skip(1)).all(|(a, b)| a < b));
        for common in ["123456", "password", "qwerty", "dragon", "1qaz2wsx3edc", "polniypizdec0211"] {
            assert!(is_common(common), "{common}");
        }
        assert!(!is_common("copper kettle sings"));
    }

    #[test]
    fn a_password_is_right_in_every_spelling_of_its_characters_and_no_other() {
        // One letter, or a letter and an accent to be put on it.
        let stored = hashed("caf\u{e9} under the stairs").unwrap();
        assert!(stored.starts_with("$pbkdf2-sha512$i=210000$") && !is_old(&stored));
        assert!(is_right("cafe\u{301} under the stairs", Some(&stored)));
        assert!(!is_right("cafe under the stairs", Some(&stored)));
        assert_ne!(stored, hashed("caf\u{e9} under the stairs").unwrap());
        assert!(
            !is_right("", None) && !is_right("anything", None) && !is_right("anything", Some("$pbkdf2-sha512$i=1$x$y"))
        );
        assert!(is_old("$pbkdf2-sha512$i=1000$AAAAAAAAAAAAAAAAAAAAAA$AA"));
    }

    #[test]
    fn the_hash_is_pbkdf2_as_python_has_it() {
        // hashlib.pbkdf2_hmac("sha512", b"correct horse", bytes(16), 1000)
        let stored = "$pbkdf2-sha512$i=1000$AAAAAAAAAAAAAAAAAAAAAA$stTd3liDbv675qpTI3gq1EsjLkvi8ZBjBi33Ix7gCoYD8m4+N2sruGbEIQZqT3JbkT+8g64H9eQP1w2hwayxBA";
        assert!(is_right("correct horse", Some(stored)));
    }
}
