//! Whether a tool may be called, by what an exchange was decided on.

use asepsis_policy::{Decision, Deed, Inputs, Policy, PolicyError, ToolCall, Verdict};
use time::OffsetDateTime;

/// Asks the policies that decided, with the facts that they decided on and what is known of the call.
pub(crate) fn asked(
    policy: &Policy,
    decision: &Decision,
    now: OffsetDateTime,
    user: &str,
    call: ToolCall,
) -> Result<Verdict, PolicyError> {
    let mut inputs: Inputs =
        serde_json::from_value((*decision.facts).clone()).map_err(|error| PolicyError::Facts(error.to_string()))?;
    inputs.now = i64::try_from(now.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
    policy.may_on(&inputs.under(policy.settings()), user, &Deed::CallTool(call))
}
