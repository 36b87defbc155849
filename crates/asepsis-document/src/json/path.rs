use std::fmt;

use super::{Kind, Node};

/// The longest member name that a path shows.
const MAX_SHOWN: usize = 64;

/// The way from the root to a node, such as `messages[2].content[0].text`; the root itself is `$`.
///
/// A member name that is no plain identifier (a letter or `_`, then letters, digits, `_` and `-`, at most 64 of ASCII)
/// is `?`, but for tags of the DICOM JSON model, so that data used as a name does not get into an error. What a plain name says is shown: a document keyed
/// by patient surnames has them in its paths.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct JsonPath(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Step {
    Member(String),
    Unshown,
    Index(usize),
}

impl JsonPath {
    pub(super) fn of(node: Node<'_>) -> Self {
        let mut steps = Vec::new();
        let mut at = node;
        while let Some(parent) = at.parent() {
            steps.push(match parent.kind() {
                Kind::Array => Step::Index(at.index().unwrap_or_default()),
                _ => {
                    let shown = at.key().filter(|k| is_plain(k) || is_dicom(k, at));
                    shown.map_or(Step::Unshown, |k| Step::Member(k.into_owned()))
                }
            });
            at = parent;
        }
        steps.reverse();
        Self(steps)
    }
}

fn is_plain(name: &str) -> bool {
    name.len() <= MAX_SHOWN
        && name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
}

/// Whether a member is an attribute of the DICOM JSON model (PS3.18, F.2.2): its name is a tag, eight hexadecimal digits, and its value says
/// by which value representation it is written.
fn is_dicom(name: &str, value: Node<'_>) -> bool {
    let is_tag = name.len() == 8 && name.bytes().all(|b| b.is_ascii_digit() || (b'A'..=b'F').contains(&b));
    is_tag
        && value.kind() == Kind::Object
        && value
            .get("vr")
            .and_then(Node::as_str)
            .is_some_and(|vr| vr.len() == 2 && vr.bytes().all(|b| b.is_ascii_uppercase()))
}

impl fmt::Display for JsonPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("$");
        }
        for (i, step) in self.0.iter().enumerate() {
            let dot = if i == 0 { "" } else { "." };
            match step {
                Step::Member(name) => write!(f, "{dot}{name}")?,
                Step::Unshown => write!(f, "{dot}?")?,
                Step::Index(index) => write!(f, "[{index}]")?,
            }
        }
        Ok(())
    }
}
