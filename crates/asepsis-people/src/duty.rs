//! Separation of duty: nobody approves what he asked for himself.

/// An approval by the person who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotApart {
    /// The same person.
    #[error("nobody approves an own request; ask a second person with the right to")]
    Same,
    /// One of the two is not known, so that nobody can tell whether they are two.
    #[error("an approval needs two people who are both signed in")]
    Unknown,
}

/// Whether `approver` may approve what `requester` asked for: two persons, both known. Users are the same whatever the case of
/// their letters, because people and directories write them differently.
///
/// # Errors
/// [`NotApart`].
pub fn may_approve(requester: &str, approver: &str) -> Result<(), NotApart> {
    let (requester, approver) = (requester.trim(), approver.trim());
    if requester.is_empty() || approver.is_empty() {
        return Err(NotApart::Unknown);
    }
    if requester.to_lowercase() == approver.to_lowercase() { Err(NotApart::Same) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p10_nobody_approves_an_own_request() {
        assert_eq!(may_approve("alice", "bob"), Ok(()));
        for (requester, approver) in [("alice", "alice"), ("alice", "Alice"), (" alice", "alice ")] {
            assert_eq!(may_approve(requester, approver), Err(NotApart::Same));
        }
        assert_eq!(may_approve("", "bob"), Err(NotApart::Unknown));
        assert_eq!(may_approve("alice", " "), Err(NotApart::Unknown));
    }
}
