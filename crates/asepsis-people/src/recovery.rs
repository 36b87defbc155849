//! Recovery codes: what lets a user in once who has lost the authenticator.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use data_encoding::{BASE32_NOPAD, HEXLOWER};
use zeroize::Zeroizing;

use crate::random::{self, NoRandomness};

/// Codes that a user gets.
const COUNT: usize = 10;
/// 120 bits. From 112 on, a plain hash is enough to store them (NIST SP 800-63B-4, 3.1.2.2).
const BYTES: usize = 15;

/// New codes, each as `XXXX-XXXX-XXXX-XXXX-XXXX-XXXX`, with what is stored of them.
///
/// # Errors
/// [`NoRandomness`].
pub fn generate() -> Result<Vec<(Zeroizing<String>, String)>, NoRandomness> {
    (0..COUNT)
        .map(|_| {
            let digits = Zeroizing::new(BASE32_NOPAD.encode(random::bytes::<BYTES>()?.as_ref()));
            let mut code = Zeroizing::new(String::with_capacity(29));
            for (at, digit) in digits.chars().enumerate() {
                if at > 0 && at % 4 == 0 {
                    code.push('-');
                }
                code.push(digit);
            }
            let stored = hash(&digits);
            Ok((code, stored))
        })
        .collect()
}

/// Which of the stored codes this is, in any case and with or without its hyphens.
pub fn find(code: &str, stored: &[String]) -> Option<usize> {
    if code.len() > 64 {
        return None;
    }
    let mut digits = Zeroizing::new(String::with_capacity(code.len()));
    digits.extend(code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()));
    let wanted = hash(&digits);
    stored.iter().position(|stored| verify_slices_are_equal(stored.as_bytes(), wanted.as_bytes()).is_ok())
}

fn hash(digits: &str) -> String {
    HEXLOWER.encode(&random::sha256(digits.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_found_however_it_is_typed() {
        let (codes, mut stored): (Vec<_>, Vec<_>) = generate().unwrap().into_iter().unzip();
        assert_eq!((codes.len(), codes[0].len()), (10, 29));
        assert_eq!(find(&codes[3], &stored), Some(3));
        assert_eq!(find(&codes[3].to_lowercase().replace('-', " "), &stored), Some(3));
        stored.remove(3);
        assert_eq!(find(&codes[3], &stored), None, "used");
        assert_eq!(find("", &stored), None);
        assert_eq!(find(&"A".repeat(10_000), &stored), None);
        assert!(stored.iter().all(|stored| codes.iter().all(|code| !stored.contains(code.as_str()))));
    }
}
