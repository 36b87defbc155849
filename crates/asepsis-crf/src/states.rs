use std::fmt;

/// The states that a model can tell apart at most.
pub const MAX_STATES: usize = 15;

/// The names of a model's states, and which may follow which.
///
/// A name that begins with `I-` may follow only `B-` and `I-` of the same kind; every other may stand anywhere. `O` and
/// names without `B-` or `I-` are *outside*: no entity, though the name may say what else it is (`DRUG`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct States {
    names: Vec<String>,
}

impl States {
    /// The states of these names, in this order.
    ///
    /// # Errors
    /// [`StatesError`]: more than fifteen, none, one twice, or an `I-` without its `B-`.
    pub fn new<S: Into<String>>(names: impl IntoIterator<Item = S>) -> Result<Self, StatesError> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        if names.is_empty() || names.len() > MAX_STATES {
            return Err(StatesError::Number(names.len()));
        }
        for (i, name) in names.iter().enumerate() {
            let twice = names[..i].contains(name);
            let alone =
                name.strip_prefix("I-").is_some_and(|kind| !names.iter().any(|n| n.strip_prefix("B-") == Some(kind)));
            if twice || alone || name.is_empty() || name.contains('\n') {
                return Err(StatesError::Name(name.clone()));
            }
        }
        Ok(Self { names })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.names.len()
    }

    /// The names in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The index of a name.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.names.iter().position(|n| n == name)
    }

    /// The kind of entity that the state begins or goes on with.
    pub fn kind(&self, state: usize) -> Option<&str> {
        let name = self.names.get(state)?;
        name.strip_prefix("B-").or_else(|| name.strip_prefix("I-"))
    }

    /// Whether the state goes on with an entity that began before.
    pub fn is_inside(&self, state: usize) -> bool {
        self.names.get(state).is_some_and(|n| n.starts_with("I-"))
    }

    /// Whether `next` may stand directly after `state`; `None` is the start of the sequence.
    pub fn may_follow(&self, state: Option<usize>, next: usize) -> bool {
        !self.is_inside(next) || state.is_some_and(|s| self.kind(s).is_some() && self.kind(s) == self.kind(next))
    }
}

impl fmt::Display for States {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names.join(" "))
    }
}

/// Names that make no set of states.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatesError {
    /// None or too many.
    #[error("{0} states; a model has 1 to {MAX_STATES}")]
    Number(usize),
    /// A name twice, empty, or an inside without its beginning.
    #[error("the state {0:?} is there twice, is empty or has no B- beside its I-")]
    Name(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entity_goes_on_only_where_it_began() {
        let states = States::new(["O", "DRUG", "B-NAME", "I-NAME", "B-LOC", "I-LOC"]).unwrap();
        assert!(states.may_follow(Some(2), 3) && states.may_follow(Some(3), 3));
        assert!(!states.may_follow(Some(0), 3) && !states.may_follow(Some(4), 3) && !states.may_follow(None, 3));
        assert!(states.may_follow(None, 4) && states.may_follow(Some(3), 2));
        assert_eq!(states.kind(1), None);
        assert!(States::new(["O", "I-NAME"]).is_err() && States::new(["O", "O"]).is_err());
    }
}
