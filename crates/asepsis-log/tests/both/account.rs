//! Accounting of disclosures (45 CFR 164.528): equal to what really happened.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use asepsis_log::account;
use asepsis_log::search::{self, Query};
use asepsis_vocab::{AuditEvent, DisclosureForm, ExchangeId, Phase, PurposeOfUse, SubjectId};

use super::ON_SERVER;
use crate::support::{event, folder, log_in, open};

/// What was done, by the one who did it: the truth that the accounting is compared with.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Truth {
    time: String,
    exchange: ExchangeId,
    recipient: String,
    form: DisclosureForm,
    purpose: PurposeOfUse,
    status: Option<String>,
    must: bool,
}

fn forms() -> impl Iterator<Item = (DisclosureForm, PurposeOfUse, bool)> + Clone {
    let purposes = PurposeOfUse::STATED.into_iter().chain([PurposeOfUse::Unknown]);
    purposes.flat_map(|purpose| {
        DisclosureForm::LADDER.into_iter().flat_map(move |form| [true, false].map(|baa| (form, purpose, baa)))
    })
}

/// 45 CFR 164.528(a)(1), 164.502(d)(2), written down once more and otherwise than in the code.
fn must_be_accounted_for(form: DisclosureForm, purpose: PurposeOfUse, agreement: bool) -> bool {
    let care = ["TREAT", "ETREAT", "HPAYMT", "HOPERAT"].contains(&purpose.code());
    match form.name() {
        "deidentified" => false,
        "limited" => !agreement,
        _ => !(care && agreement),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn r32_the_accounting_of_a_patient_is_what_happened() {
    let Some(dir) = folder(ON_SERVER) else { return };
    let (log, _) = open(dir.path()).await;
    let patients: Vec<SubjectId> = (0..3).map(|at| SubjectId::from_random([at; 16])).collect();
    let mut truth = vec![BTreeSet::new(), BTreeSet::new(), BTreeSet::new()];
    for (at, (form, purpose, agreement)) in forms().cycle().take(400).enumerate() {
        let exchange = ExchangeId::now();
        let minute = at % 60;
        let with = |phase| {
            let mut event: AuditEvent = event(exchange, phase);
            event.time = format!("2024-11-{:02}T08:{minute:02}:00.000Z", 1 + at / 60);
            event.subject = (at % 4 < 3).then(|| patients[at % 4]);
            event.purpose = purpose;
            let recipient = event.recipient.as_mut().unwrap();
            recipient.system = format!("system-{}", at % 7);
            recipient.agreement = agreement.then(|| "baa".to_owned());
            event.decision.as_mut().unwrap().form = form;
            event
        };
        // What is refused never has an intent; of what left, every fifth has no end.
        let left = form != DisclosureForm::Nothing;
        if left {
            log.append(&with(Phase::Intent)).await.unwrap();
        }
        let ended = !left || at % 5 != 0;
        if ended {
            let mut outcome = with(Phase::Outcome);
            // As it is written at the next start, by who knows the exchange and nothing else.
            outcome.subject = outcome.subject.filter(|_| at % 3 != 0);
            log.append(&outcome).await.unwrap();
        }
        if left && at % 4 < 3 {
            truth[at % 4].insert(Truth {
                time: with(Phase::Intent).time,
                exchange,
                recipient: format!("system-{}", at % 7),
                form,
                purpose,
                status: ended.then(|| "completed".to_owned()),
                must: must_be_accounted_for(form, purpose, agreement),
            });
        }
    }
    let in_log = log_in(dir.path());
    for (patient, truth) in patients.iter().zip(truth) {
        let found = account::of(&in_log, *patient, None, None).await.unwrap();
        assert!(found.windows(2).all(|pair| pair[0].index < pair[1].index), "oldest first");
        let found: BTreeSet<Truth> = found
            .into_iter()
            .map(|disclosure| Truth {
                time: disclosure.time,
                exchange: disclosure.exchange,
                recipient: disclosure.recipient.system,
                form: disclosure.form,
                purpose: disclosure.purpose,
                status: disclosure.status,
                must: disclosure.exempt.is_none(),
            })
            .collect();
        assert_eq!(found, truth);
        assert!(
            truth.iter().any(|t| t.must) && truth.iter().any(|t| !t.must) && truth.iter().any(|t| t.status.is_none())
        );

        let part = account::of(&in_log, *patient, Some("2024-11-03".to_owned()), Some("2024-11-05".to_owned())).await;
        let expected = truth.iter().filter(|t| t.time.as_str() >= "2024-11-03" && t.time.as_str() < "2024-11-05");
        assert_eq!(part.unwrap().len(), expected.count());
        let query = Query { subject: Some(*patient), phase: Some(Phase::Intent), ..Query::default() };
        assert_eq!(search::search(&in_log, &query).await.unwrap().len(), truth.len());
    }
    assert!(account::of(&in_log, SubjectId::from_random([9; 16]), None, None).await.unwrap().is_empty());
}
