//! What may be done with an identifier: Presidio's operators.

use aws_lc_rs::{digest, rand};
use serde_json::{Map, Value};

use crate::cipher::CipherKey;
use crate::fault::Fault;

/// The names of the operators that take an identifier out, as `GET /anonymizers` lists them. Presidio's `custom` is code and
/// cannot come over REST, there as here.
pub(crate) const ANONYMIZERS: [&str; 6] = ["encrypt", "hash", "keep", "mask", "redact", "replace"];

/// The names of those that bring it back.
pub(crate) const DEANONYMIZERS: [&str; 2] = ["decrypt", "deanonymize_keep"];

/// An operator by its name, with its parameters as they came.
pub(crate) struct Operator {
    pub(crate) name: String,
    parameters: Map<String, Value>,
}

/// Which of the two lists an operator must be on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Out,
    Back,
}

impl Operator {
    /// Presidio's default.
    pub(crate) fn replace() -> Self {
        Self { name: "replace".to_owned(), parameters: Map::new() }
    }

    pub(crate) fn read(value: &Value) -> Result<Self, Fault> {
        let Value::Object(parameters) = value else {
            return Err(Fault::parameter("Invalid input, operator config must be an object"));
        };
        let name = parameters.get("type").and_then(Value::as_str).filter(|n| !n.is_empty());
        let name = name.ok_or_else(|| Fault::parameter("Invalid input, operator config must contain operator_name"))?;
        Ok(Self { name: name.to_owned(), parameters: parameters.clone() })
    }

    /// What stands in the place of a text afterwards.
    pub(crate) fn apply(&self, way: Way, entity: &str, text: &str) -> Result<String, Fault> {
        match (way, self.name.as_str()) {
            (Way::Out, "replace") => self.replaced(entity),
            (Way::Out, "redact") => Ok(String::new()),
            (Way::Out, "mask") => self.masked(text),
            (Way::Out, "hash") => self.hashed(text),
            (Way::Out, "encrypt") => {
                self.key()?.encrypt(text).ok_or_else(|| Fault::parameter("the value could not be encrypted"))
            }
            (Way::Back, "decrypt") => self
                .key()?
                .decrypt(text)
                .ok_or_else(|| Fault::parameter(format!("the {entity} at this place is not what the key encrypted"))),
            (Way::Out, "keep") | (Way::Back, "deanonymize_keep") => Ok(text.to_owned()),
            (_, name) => Err(Fault::parameter(format!("Invalid operator class '{name}'."))),
        }
    }

    fn replaced(&self, entity: &str) -> Result<String, Fault> {
        match self.parameters.get("new_value") {
            None | Some(Value::Null) => Ok(format!("<{entity}>")),
            Some(Value::String(value)) if value.is_empty() => Ok(format!("<{entity}>")),
            Some(Value::String(value)) => Ok(value.clone()),
            Some(other) => Err(mistyped("new_value", "string", other)),
        }
    }

    fn masked(&self, text: &str) -> Result<String, Fault> {
        let mask = match self.parameter("masking_char")? {
            Value::String(mask) => mask,
            other => return Err(mistyped("masking_char", "string", other)),
        };
        if mask.chars().count() > 1 {
            return Err(Fault::parameter("Invalid input, masking_char must be a character"));
        }
        let wanted = self.parameter("chars_to_mask")?;
        let wanted = wanted.as_i64().ok_or_else(|| mistyped("chars_to_mask", "number", wanted))?;
        let from_end = self.parameter("from_end")?;
        let from_end = from_end.as_bool().ok_or_else(|| mistyped("from_end", "boolean", from_end))?;
        let length = text.chars().count();
        let masked = usize::try_from(wanted).unwrap_or(0).min(length);
        let split = if from_end { length - masked } else { masked };
        let byte = text.char_indices().nth(split).map_or(text.len(), |(byte, _)| byte);
        let hidden = mask.repeat(masked);
        Ok(if from_end { text[..byte].to_owned() + &hidden } else { hidden + &text[byte..] })
    }

    fn hashed(&self, text: &str) -> Result<String, Fault> {
        let algorithm = match self.parameters.get("hash_type").and_then(Value::as_str) {
            None if self.parameters.get("hash_type").is_none() => &digest::SHA256,
            Some("sha256") => &digest::SHA256,
            Some("sha512") => &digest::SHA512,
            _ => {
                return Err(Fault::parameter(
                    "Parameter hash_type value is not in range of values ['sha256', 'sha512']",
                ));
            }
        };
        let salt = match self.parameters.get("salt") {
            None => {
                // Without a salt of the caller's each value gets its own, so that nobody finds it by trying all there are.
                let mut salt = vec![0; 32];
                rand::fill(&mut salt).map_err(|_| Fault::raised("no random numbers can be had"))?;
                salt
            }
            Some(Value::String(salt)) if salt.len() >= 16 => salt.clone().into_bytes(),
            Some(Value::String(salt)) => {
                return Err(Fault::parameter(format!(
                    "Salt must be at least 16 bytes (128 bits). Provided salt is {} bytes.",
                    salt.len()
                )));
            }
            Some(other) => return Err(mistyped("salt", "string", other)),
        };
        let salted = [text.as_bytes(), &salt].concat();
        Ok(data_encoding::HEXLOWER.encode(digest::digest(algorithm, &salted).as_ref()))
    }

    fn key(&self) -> Result<CipherKey, Fault> {
        match self.parameter("key")? {
            Value::String(key) => CipherKey::of(key)
                .ok_or_else(|| Fault::parameter("Invalid input, key must be of length 128, 192 or 256 bits")),
            other => Err(mistyped("key", "string", other)),
        }
    }

    fn parameter(&self, name: &str) -> Result<&Value, Fault> {
        let value = self.parameters.get(name).filter(|v| !v.is_null());
        value.ok_or_else(|| Fault::parameter(format!("Expected parameter {name}")))
    }
}

fn mistyped(name: &str, wanted: &str, given: &Value) -> Fault {
    let given = match given {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    Fault::parameter(format!("Invalid parameter value for {name}. Expecting '{wanted}', but got '{given}'."))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn out(operator: &Value, text: &str) -> Result<String, String> {
        Operator::read(operator).and_then(|o| o.apply(Way::Out, "PERSON", text)).map_err(|f| f.message)
    }

    #[test]
    fn operators_do_what_presidio_does() {
        let cases = [
            (json!({"type": "replace"}), "<PERSON>"),
            (json!({"type": "replace", "new_value": ""}), "<PERSON>"),
            (json!({"type": "replace", "new_value": "X"}), "X"),
            (json!({"type": "redact"}), ""),
            (json!({"type": "keep"}), "Zoë 😀b"),
            (json!({"type": "mask", "masking_char": "*", "chars_to_mask": 4, "from_end": false}), "****😀b"),
            (json!({"type": "mask", "masking_char": "*", "chars_to_mask": 2, "from_end": true}), "Zoë **"),
            (json!({"type": "mask", "masking_char": "é", "chars_to_mask": 99, "from_end": true}), "éééééé"),
            (json!({"type": "mask", "masking_char": "*", "chars_to_mask": -1, "from_end": false}), "Zoë 😀b"),
            (
                json!({"type": "hash", "salt": "0123456789abcdef"}),
                "959bdafed8de7a505d4e4bfe7e2beb95cf69306fab6968477843d27dbe285aea",
            ),
        ];
        for (operator, wanted) in cases {
            assert_eq!(out(&operator, "Zoë 😀b").as_deref(), Ok(wanted), "{operator}");
        }
        let hash = json!({"type": "hash", "hash_type": "sha512"});
        assert_eq!(out(&hash, "x").expect("a hash").len(), 128);
        assert_ne!(out(&hash, "x"), out(&hash, "x"), "a salt of its own each time");
    }

    #[test]
    fn wrong_parameters_are_refused_in_presidios_words() {
        let cases = [
            (json!({}), "Invalid input, operator config must contain operator_name"),
            (json!({"type": "nonsense"}), "Invalid operator class 'nonsense'."),
            (json!({"type": "decrypt", "key": "k"}), "Invalid operator class 'decrypt'."),
            (
                json!({"type": "replace", "new_value": 3}),
                "Invalid parameter value for new_value. Expecting 'string', but got 'number'.",
            ),
            (json!({"type": "mask"}), "Expected parameter masking_char"),
            (json!({"type": "mask", "masking_char": "**"}), "Invalid input, masking_char must be a character"),
            (json!({"type": "mask", "masking_char": "*"}), "Expected parameter chars_to_mask"),
            (json!({"type": "mask", "masking_char": "*", "chars_to_mask": 1}), "Expected parameter from_end"),
            (json!({"type": "encrypt"}), "Expected parameter key"),
            (json!({"type": "encrypt", "key": "short"}), "Invalid input, key must be of length 128, 192 or 256 bits"),
            (
                json!({"type": "hash", "salt": "short"}),
                "Salt must be at least 16 bytes (128 bits). Provided salt is 5 bytes.",
            ),
        ];
        for (operator, wanted) in cases {
            assert_eq!(out(&operator, "x").expect_err("refused"), wanted, "{operator}");
        }
    }
}
