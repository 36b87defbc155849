//! One-time codes by time (RFC 6238): six digits, 30 seconds, HMAC-SHA-1, as authenticator apps have them.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use data_encoding::BASE32_NOPAD;
use zeroize::Zeroizing;

use crate::random::{self, NoRandomness};

/// Seconds of a step.
const STEP: i64 = 30;
/// Steps before and after the present one whose code is taken as well, for clocks that differ (RFC 6238, section 5.2).
const DRIFT: i64 = 1;
/// The length of a seed in bytes, as RFC 4226 recommends for SHA-1.
const SEED: usize = 20;

/// What an authenticator app and Asepsis share.
#[derive(Clone)]
pub struct Seed(Zeroizing<Vec<u8>>);

impl Seed {
    /// A new random seed.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn generate() -> Result<Self, NoRandomness> {
        Ok(Self(Zeroizing::new(random::bytes::<SEED>()?.to_vec())))
    }

    /// A seed in base 32, as [`text`](Self::text) gives it.
    pub fn from_text(text: &str) -> Option<Self> {
        let bytes = Zeroizing::new(BASE32_NOPAD.decode(text.as_bytes()).ok()?);
        (bytes.len() >= 16).then_some(Self(bytes))
    }

    /// The seed in base 32, for a user to type.
    pub fn text(&self) -> Zeroizing<String> {
        Zeroizing::new(BASE32_NOPAD.encode(&self.0))
    }

    /// The address that an authenticator app reads: `otpauth://totp/...`.
    pub fn address(&self, issuer: &str, user: &str) -> Zeroizing<String> {
        let (issuer, user, seed) = (percent(issuer), percent(user), self.text());
        Zeroizing::new(format!("otpauth://totp/{issuer}:{user}?secret={}&issuer={issuer}", seed.as_str()))
    }

    /// The step whose code this is, if it is of the present step or one beside it and later than `last`, the step that was used
    /// last: a code counts once. `now` is in seconds since 1970 UTC.
    pub fn step_of(&self, code: &str, now: i64, last: i64) -> Option<i64> {
        let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
        if code.len() != 6 || !code.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let present = now.div_euclid(STEP);
        let mut found = None;
        // All are computed, so that the time does not tell which one it was.
        for step in present - DRIFT..=present + DRIFT {
            if verify_slices_are_equal(self.code(step).as_bytes(), code.as_bytes()).is_ok() && step > last {
                found = found.or(Some(step));
            }
        }
        found
    }

    /// The code that is shown now; what an authenticator app does. `now` is in seconds since 1970 UTC.
    pub fn code_at(&self, now: i64) -> Zeroizing<String> {
        self.code(now.div_euclid(STEP))
    }

    fn code(&self, step: i64) -> Zeroizing<String> {
        let number = self.number(step) % 1_000_000;
        Zeroizing::new(format!("{number:06}"))
    }

    /// RFC 4226, section 5.3.
    fn number(&self, step: i64) -> u32 {
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &self.0);
        let tag = hmac::sign(&key, &step.to_be_bytes());
        let tag = tag.as_ref();
        let at = usize::from(tag[tag.len() - 1] & 0xf);
        u32::from_be_bytes([tag[at], tag[at + 1], tag[at + 2], tag[at + 3]]) & 0x7fff_ffff
    }
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed(..)")
    }
}

pub(crate) fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_codes_are_those_of_rfc_6238_appendix_b() {
        let seed = Seed(Zeroizing::new(b"12345678901234567890".to_vec()));
        for (now, eight) in [
            (59, 94_287_082),
            (1_111_111_109, 7_081_804),
            (1_111_111_111, 14_050_471),
            (1_234_567_890, 89_005_924),
            (2_000_000_000, 69_279_037),
            (20_000_000_000, 65_353_130),
        ] {
            assert_eq!(seed.number(now / 30) % 100_000_000, eight, "{now}");
            assert_eq!(*seed.code_at(now), format!("{:06}", eight % 1_000_000));
        }
    }

    #[test]
    fn a_code_counts_once_and_a_minute_around_its_time() {
        let seed = Seed::generate().unwrap();
        let now = 1_795_608_010;
        let code = seed.code_at(now);
        let step = seed.step_of(&code, now, 0).unwrap();
        assert_eq!(seed.step_of(&code, now, step), None, "replayed");
        assert_eq!(seed.step_of(&code, now, step - 1), Some(step));
        assert_eq!(seed.step_of(&code, now + 30, 0), Some(step), "a clock that is late");
        assert_eq!(seed.step_of(&code, now - 30, 0), Some(step), "a clock that is early");
        assert_eq!(seed.step_of(&code, now + 90, 0), None);
        assert_eq!(seed.step_of(&code, now - 90, 0), None);
        for wrong in ["", "12345", "1234567", "abcdef", "\u{661}\u{662}\u{663}\u{664}\u{665}\u{666}"] {
            assert_eq!(seed.step_of(wrong, now, 0), None, "{wrong}");
        }
        assert_eq!(seed.step_of(&format!("{} {}", &code[..3], &code[3..]), now, 0), Some(step));
    }

    #[test]
    fn a_seed_reads_back_and_is_shown_nowhere_by_itself() {
        let seed = Seed::generate().unwrap();
        let text = seed.text();
        assert_eq!(*Seed::from_text(&text).unwrap().text(), *text);
        assert!(Seed::from_text("AAAA").is_none() && Seed::from_text("1!").is_none());
        assert!(!format!("{seed:?}").contains(text.as_str()));
        let address = seed.address("North Side", "a b@x");
        assert!(address.starts_with("otpauth://totp/North%20Side:a%20b%40x?secret="), "{}", address.as_str());
    }
}
