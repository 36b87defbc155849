//! A request that was sent before and whose answer was held for a person: it is looked at and decided anew, and nothing leaves.

use std::sync::Arc;

use asepsis_log::LogError;
use asepsis_policy::{Decision, Policy, PolicyError, ToolCall, Verdict};
use asepsis_vocab::{ExchangeId, ReleaseRecord};

use super::{Plane, Refusal, Seen};
use crate::admitted::Ending;
use crate::called;
use crate::content::{Asker, Content, Route};
use crate::guard::Watched;
use crate::record::Ticket;

/// An exchange in which a held answer may be given out, by the policies and facts of this moment.
pub struct Again {
    ticket: Ticket,
    decision: Arc<Decision>,
    policy: Arc<Policy>,
    /// What of the request counts for the calls of tools.
    watched: Watched,
    user: String,
}

impl Plane {
    /// Looks at a request and decides on it as [`admit`](Self::admit) does, without protecting anything and without a record of an
    /// intent: nothing of it leaves.
    ///
    /// # Errors
    /// As [`admit`](Self::admit); the outcome stands in the log then.
    pub async fn again(
        &self,
        mut ticket: Ticket,
        asker: &Asker,
        route: &Route,
        mut content: Content,
    ) -> Result<Again, Refusal> {
        let seen = match self.see(&mut ticket, asker, route, &mut content, false).await {
            Ok(seen) => seen,
            Err(kind) => return self.refuse(ticket, kind).await,
        };
        let Seen { looked, decision, policy, .. } = seen;
        Ok(Again { ticket, decision, policy, watched: looked.watched, user: asker.user.clone() })
    }
}

impl Again {
    /// The exchange's id.
    pub fn id(&self) -> ExchangeId {
        self.ticket.id()
    }

    /// The decision.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }

    /// Whether a tool may be called, by the policies and facts of this moment.
    ///
    /// # Errors
    /// If the policy engine cannot decide; the call is not to be given out then.
    pub fn may_call(&self, call: &ToolCall) -> Result<Verdict, PolicyError> {
        let call = self.watched.known_of(call, self.ticket.guard());
        called::asked(&self.policy, &self.decision, self.ticket.plane().clock().now(), &self.user, call)
    }

    /// Names the release with the outcome.
    pub fn release(&mut self, release: ReleaseRecord) {
        self.ticket.event_mut().release = Some(release);
    }

    /// Records how it ended. Returns when the record is durable; only then may anything be given out.
    ///
    /// # Errors
    /// Where the log cannot be written.
    pub async fn finish(self, ending: Ending) -> Result<(), LogError> {
        self.ticket.close(ending).await
    }
}
