//! Accounting of disclosures of one person's health information: 45 CFR 164.528.
//!
//! A disclosure is an exchange whose intent is in the log: it was about to leave, whatever became of it, and what may have left
//! is accounted for. Its date, its recipient, what it was and for which purpose come from the entries alone (164.528(b)(2)). Some
//! disclosures need not be accounted for (164.528(a)(1)); they are listed with the paragraph, so that nobody has to trust
//! this choice.

use std::collections::HashMap;

use asepsis_vocab::{AuditEvent, ClassCount, DisclosureForm, ExchangeId, Phase, PurposeOfUse, Recipient, SubjectId};

use crate::search::{self, Query};
use crate::{LogError, LogPlace};

/// One disclosure.
#[derive(Clone, Debug, PartialEq)]
pub struct Disclosure {
    /// The entry of the intent.
    pub index: u64,
    /// The exchange.
    pub exchange: ExchangeId,
    /// When: RFC 3339 in UTC.
    pub time: String,
    /// To whom.
    pub recipient: Recipient,
    /// In which form.
    pub form: DisclosureForm,
    /// What was found in it: classes of identifiers with counts, never the identifiers.
    pub what: Vec<ClassCount>,
    /// For which purpose.
    pub purpose: PurposeOfUse,
    /// How it ended; absent where no end is recorded.
    pub status: Option<String>,
    /// The paragraph by which it need not be accounted for; absent where it must be.
    pub exempt: Option<&'static str>,
}

/// The disclosures about a person in the log in `dir`, oldest first, which another process may be writing. `from` and `until` are
/// as in [`Query`]; a person may ask for six years back (164.528(a)(1)).
///
/// # Errors
/// [`LogError::Db`] if there is no log; [`LogError::NotAnEvent`] if an entry is none that this version knows.
pub async fn of(
    log: impl Into<LogPlace>,
    subject: SubjectId,
    from: Option<String>,
    until: Option<String>,
) -> Result<Vec<Disclosure>, LogError> {
    // An exchange that began before the end may have its outcome after it, so intents and outcomes are not asked for alike.
    let wanted = Query { subject: Some(subject), phase: Some(Phase::Intent), from, until, ..Query::default() };
    let mut disclosures: Vec<Disclosure> = Vec::new();
    let mut places = HashMap::new();
    search::for_each(log, &Query::default(), |hit| {
        let event = hit.event;
        match event.phase {
            Phase::Intent if wanted.matches(&event) => {
                let exchange = event.exchange;
                if let Some(disclosure) = disclosure(hit.index, event) {
                    places.insert(exchange, disclosures.len());
                    disclosures.push(disclosure);
                }
            }
            Phase::Outcome => {
                if let Some(place) = places.get(&event.exchange) {
                    disclosures[*place].status = event.outcome.map(|outcome| outcome.status);
                }
            }
            _ => {}
        }
        true
    })
    .await?;
    Ok(disclosures)
}

fn disclosure(index: u64, event: AuditEvent) -> Option<Disclosure> {
    let form = event.decision?.form;
    let recipient = event.recipient?;
    if form == DisclosureForm::Nothing {
        return None;
    }
    let exempt = exempt(form, event.purpose, &recipient);
    Some(Disclosure {
        index,
        exchange: event.exchange,
        time: event.time,
        recipient,
        form,
        what: event.found,
        purpose: event.purpose,
        status: None,
        exempt,
    })
}

/// Why it need not be accounted for. Treatment, payment and operations are exempt only where an agreement with the recipient
/// was in force: without one, the disclosure was none that 164.506 provides for.
fn exempt(form: DisclosureForm, purpose: PurposeOfUse, recipient: &Recipient) -> Option<&'static str> {
    use PurposeOfUse::{Etreat, Hoperat, Hpaymt, Treat};
    match form {
        DisclosureForm::Deidentified => Some("164.502(d)(2)"),
        DisclosureForm::Limited if recipient.agreement.is_some() => Some("164.528(a)(1)(viii)"),
        _ if recipient.agreement.is_some() && matches!(purpose, Treat | Etreat | Hpaymt | Hoperat) => {
            Some("164.528(a)(1)(i)")
        }
        _ => None,
    }
}
