//! A request that was sent before and whose answer was held for a person: it is looked at and decided anew, and nothing leaves.

use std::sync::Arc;

use asepsis_log::LogError;
use asepsis_policy::{Decision, Policy, PolicyError, ToolCall, Verdict};
use asepsis_vocab::{DisclosureForm, ExchangeId, ReleaseRecord};

use super::{Plane, Refusal, RefusalKind, count, without_rigid};
use crate::admitted::Ending;
use crate::called;
use crate::content::{Asker, Content, Route};
use crate::record::Ticket;

/// An exchange in which a held answer may be given out, by the policies and facts of this moment.
pub struct Again {
    ticket: Ticket,
    decision: Arc<Decision>,
    policy: Arc<Policy>,
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
        ticket.identify(asker);
        ticket.event_mut().purpose = route.purpose;
        ticket.event_mut().ai_use.clone_from(&route.ai_use);
        ticket.event_mut().groups = std::mem::take(&mut content.groups);
        ticket.traffic_mut().request_bytes = content.request_bytes;
        if let Some(patient) = content.patient.take() {
            match self.parts.keys.subject(&patient).await {
                Ok(subject) => ticket.event_mut().subject = Some(subject),
                Err(error) => return self.refuse(ticket, RefusalKind::Keys(error)).await,
            }
        }
        let inspected = self.inspect_apart(self.guarding(), std::mem::take(&mut content.pieces)).await;
        let Some((looked, pieces, findings)) = inspected else {
            return self.refuse(ticket, RefusalKind::Internal("inspection failed")).await;
        };
        content.pieces = pieces;
        let findings = without_rigid(&content.pieces, findings);
        ticket.event_mut().found = count(&content.pieces, &findings);
        ticket.event_mut().guard = (!looked.record.is_empty()).then(|| Box::new(looked.record.clone()));
        content.stated.injection = Some(looked.injection);
        content.stated.credentials = Some(looked.credentials);
        if let Some(place) = looked.refused.clone() {
            return self.refuse(ticket, RefusalKind::Hostile(place)).await;
        }
        let (decision, policy) = match self.decide(asker, route, &content, &findings, &mut ticket) {
            Ok(decided) => decided,
            Err(kind) => return self.refuse(ticket, kind).await,
        };
        if decision.form == DisclosureForm::Nothing {
            return self.refuse(ticket, RefusalKind::Policy(decision)).await;
        }
        Ok(Again { ticket, decision, policy, user: asker.user.clone() })
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
        let tainted = self.ticket.guard().is_some_and(|guard| guard.tainted);
        called::asked(&self.policy, &self.decision, self.ticket.plane().clock().now(), tainted, &self.user, call)
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
