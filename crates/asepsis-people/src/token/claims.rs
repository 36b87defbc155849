use aws_lc_rs::constant_time::verify_slices_are_equal;
use serde_json::{Map, Value};

use crate::token::{SKEW, TokenFault};

/// Claims of a token whose signature was checked.
pub(crate) struct Claims<'a>(pub(crate) &'a Map<String, Value>);

impl<'a> Claims<'a> {
    pub(crate) fn text(&self, name: &'static str) -> Result<&'a str, TokenFault> {
        let text = self.0.get(name).and_then(Value::as_str).filter(|text| (1..=255).contains(&text.len()));
        text.ok_or(TokenFault::Claim(name))
    }

    /// Seconds since 1970 UTC; a date in JSON may have a fraction.
    pub(crate) fn moment(&self, name: &'static str) -> Result<Option<i64>, TokenFault> {
        let Some(value) = self.0.get(name) else { return Ok(None) };
        let whole = value.as_i64();
        #[expect(clippy::cast_possible_truncation, reason = "what does not fit becomes the largest number there is")]
        let fraction = || value.as_f64().filter(|seconds| seconds.is_finite()).map(|seconds| seconds.floor() as i64);
        whole.or_else(fraction).map(Some).ok_or(TokenFault::Claim(name))
    }

    pub(crate) fn issued_by(&self, issuer: &str) -> Result<(), TokenFault> {
        if self.text("iss").is_ok_and(|named| named == issuer) { Ok(()) } else { Err(TokenFault::Issuer) }
    }

    /// For whom it is meant: one or several.
    pub(crate) fn audiences(&self) -> Result<Vec<&'a str>, TokenFault> {
        match self.0.get("aud") {
            Some(Value::String(one)) => Ok(vec![one.as_str()]),
            Some(Value::Array(several)) if several.len() <= 32 => {
                several.iter().map(|one| one.as_str().ok_or(TokenFault::Audience)).collect()
            }
            _ => Err(TokenFault::Audience),
        }
    }

    pub(crate) fn is_for(&self, audience: &str) -> Result<(), TokenFault> {
        if self.audiences()?.contains(&audience) { Ok(()) } else { Err(TokenFault::Audience) }
    }

    /// Whether it is valid at `now`: `exp` there and not over, `nbf` and `iat`, where they are there, not in the future. Gives `exp`.
    pub(crate) fn in_time(&self, now: i64) -> Result<i64, TokenFault> {
        let expires = self.moment("exp")?.ok_or(TokenFault::Claim("exp"))?;
        if now >= expires.saturating_add(SKEW) {
            return Err(TokenFault::Expired);
        }
        for name in ["nbf", "iat"] {
            if self.moment(name)?.is_some_and(|begins| begins > now.saturating_add(SKEW)) {
                return Err(TokenFault::NotYet);
            }
        }
        Ok(expires)
    }

    pub(crate) fn answers(&self, nonce: &str) -> Result<(), TokenFault> {
        let named = self.text("nonce").map_err(|_| TokenFault::Nonce)?;
        verify_slices_are_equal(named.as_bytes(), nonce.as_bytes()).map_err(|_| TokenFault::Nonce)
    }

    /// A claim by its name, or by a path of names with dots between where no claim is called so.
    pub(crate) fn find(&self, path: &str) -> Option<&'a Value> {
        if let Some(value) = self.0.get(path) {
            return Some(value);
        }
        let mut names = path.split('.');
        names
            .next()
            .and_then(|name| self.0.get(name))
            .and_then(|first| names.try_fold(first, |value, name| value.get(name)))
    }

    /// The texts of a claim that is one text, texts with spaces between, or a list.
    pub(crate) fn texts(&self, path: &str) -> Vec<&'a str> {
        match self.find(path) {
            Some(Value::String(text)) => std::iter::once(text.as_str()).chain(text.split_whitespace()).collect(),
            Some(Value::Array(items)) => items.iter().take(1024).filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}
