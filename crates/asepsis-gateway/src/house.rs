//! What the organisation says of answers, groups and tools. It may say otherwise while the gateway runs.

use std::sync::Arc;

use asepsis_groups::Dimensions;

use crate::coaching::Coaching;
use crate::marks::Holds;
use crate::tools::Tools;

/// The rules of the house: what the configuration says that no connection and no open file depends on. Swapped as a whole; an exchange
/// takes them once and keeps them to its end, but for its tools, which are judged by the rules of the moment of the call.
#[derive(Clone, Default)]
pub struct HouseRules {
    /// How people are told what was done with what they sent.
    pub coaching: Coaching,
    /// What stands before a message to a patient that no licensed person reads first, and behind it; absent where the organisation has
    /// not said how a person is reached.
    pub patient_wording: Option<(String, String)>,
    /// Which answers are held where their review says that a person has to look first.
    pub holds: Holds,
    /// The groups that clients may state of the person that an exchange is about; none where there are none.
    pub groups: Arc<Dimensions>,
    /// What tools may do that AI systems call.
    pub tools: Arc<Tools>,
}
