//! What a request says is no identifier: Presidio's `allow_list`.

use fancy_regex::Regex;
use serde_json::{Map, Value};

use crate::adhoc::{self, USUAL_FLAGS};
use crate::fault::Fault;

/// The list of a request.
pub(crate) enum Allow {
    Nothing,
    Exactly(Vec<String>),
    Pattern(Box<Regex>),
}

impl Allow {
    pub(crate) fn read(request: &Map<String, Value>) -> Result<Self, Fault> {
        let words: Vec<String> = match request.get("allow_list") {
            None | Some(Value::Null) => return Ok(Self::Nothing),
            Some(Value::Array(list)) => list
                .iter()
                .map(|w| w.as_str().map(str::to_owned).ok_or_else(|| Fault::bad("allow_list must hold strings")))
                .collect::<Result<_, _>>()?,
            Some(_) => return Err(Fault::bad("allow_list must be a list")),
        };
        let words: Vec<String> = words.into_iter().filter(|w| !w.is_empty()).collect();
        if words.is_empty() {
            return Ok(Self::Nothing);
        }
        match request.get("allow_list_match").and_then(Value::as_str).unwrap_or("exact") {
            "exact" => Ok(Self::Exactly(words)),
            "regex" => {
                let flags = request.get("regex_flags").and_then(Value::as_i64).unwrap_or(USUAL_FLAGS);
                let regex = adhoc::compile(&words.join("|"), flags)
                    .map_err(|why| Fault::bad(format!("allow_list is no regular expression: {why}")))?;
                Ok(Self::Pattern(Box::new(regex)))
            }
            _ => Err(Fault::raised("allow_list_match must either be set to 'exact' or 'regex'.")),
        }
    }

    /// Whether a value is allowed to stand. One that cannot be decided is not.
    pub(crate) fn allows(&self, value: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Exactly(words) => words.iter().any(|w| w == value),
            Self::Pattern(regex) => regex.is_match(value).unwrap_or(false),
        }
    }
}
