//! Emergencies: declared by whoever has one, reviewed by somebody else.

use std::sync::Arc;

use asepsis_conduct::{BadRecord, EMERGENCY, Emergency, EmergencyError, Reason, Verdict, new_id};
use asepsis_log::search::Query;
use asepsis_log::{Log, act_event};
use asepsis_people::duty::may_approve;
use asepsis_people::ledger;
use asepsis_store::{Change, Store, StoreError};
use asepsis_vocab::{Act, ActKind, Phase};
use time::OffsetDateTime;
use tokio::sync::Mutex;

use crate::console::INTERFACE;
use crate::form::Form;
use crate::html::Html;
use crate::page::{After, Page, PageError, Shown, Submitted, Visit};

const DECLARE: &str = "/asepsis/emergency";
const REVIEWS: &str = "/asepsis/reviews";

/// Own emergencies that are listed, the newest.
const MOST_OWN: usize = 10;
/// Open reviews that are shown at once, the oldest.
const MOST_OPEN: usize = 50;

/// Which roles look after Asepsis.
pub trait Duties: Send + Sync {
    /// Whether this one does.
    fn may_administer(&self, role: &str) -> bool;
}

/// An emergency with the record that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The record's id.
    pub id: String,
    /// Its version.
    pub version: u32,
    /// What it says.
    pub emergency: Emergency,
}

/// Why emergencies cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum EmergenciesError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record.
    #[error("the record {EMERGENCY}/{id}@{version} cannot be used: {problem}")]
    Bad {
        /// Its id.
        id: String,
        /// Its version.
        version: u32,
        /// Why.
        problem: BadRecord,
    },
}

/// Every emergency of a store, the oldest first.
///
/// # Errors
/// [`EmergenciesError`].
pub async fn emergencies(store: &Store) -> Result<Vec<Declared>, EmergenciesError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.records(EMERGENCY, after.as_deref(), 1000).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        for record in page {
            let (id, version) = (record.id, record.version);
            match Emergency::read(&record.body) {
                Ok(emergency) => all.push(Declared { id, version, emergency }),
                Err(problem) => return Err(EmergenciesError::Bad { id, version, problem }),
            }
        }
    }
    all.sort_by(|a, b| (a.emergency.from, &a.id).cmp(&(b.emergency.from, &b.id)));
    Ok(all)
}

/// The page on which somebody declares an emergency.
pub struct EmergencyPage {
    store: Store,
    log: Log,
    /// Held from the look for one that lasts to the new one, so that two forms at once declare one.
    declaring: Mutex<()>,
}

impl EmergencyPage {
    /// A page over the records of a store.
    pub fn new(store: Store, log: Log) -> Self {
        Self { store, log, declaring: Mutex::default() }
    }

    async fn own(&self, user: &str) -> Result<Vec<Declared>, PageError> {
        let mut all = emergencies(&self.store).await?;
        all.retain(|declared| declared.emergency.user == user);
        Ok(all)
    }
}

impl Page for EmergencyPage {
    fn path(&self) -> &'static str {
        DECLARE
    }

    fn title(&self) -> &'static str {
        "Emergency"
    }

    fn show<'a>(&'a self, visit: &'a Visit<'a>) -> Shown<'a> {
        Box::pin(async move {
            let own = self.own(&visit.who.user).await?;
            let mut html = Html::new();
            html = match own.iter().rev().find(|declared| declared.emergency.lasts(visit.now)) {
                Some(Declared { emergency, .. }) => html
                    .raw("<p role=\"status\" class=\"good\">The emergency that you declared lasts until ")
                    .text(&moment(emergency.until))
                    .raw(". What you ask for treatment counts as emergency treatment until then.</p>"),
                None => {
                    html = html
                        .raw("<p>Declare an emergency where care cannot wait for training, a device or an approval. It is for you alone, ")
                        .raw("it ends by itself, and somebody else reviews it within three days. It lifts neither the protection of ")
                        .raw("psychotherapy notes nor that of social security numbers.</p>")
                        .with(&visit.form(DECLARE))
                        .raw("<p><label for=\"reason\">Reason</label><select id=\"reason\" name=\"reason\" required>");
                    for reason in Reason::ALL {
                        html = html.raw("<option value=\"").text(reason.code()).raw("\">").text(reason.words());
                        html = html.raw("</option>");
                    }
                    html.raw("</select></p><p><label for=\"minutes\">Minutes</label><input id=\"minutes\" name=\"minutes\" ")
                        .raw("type=\"number\" min=\"5\" max=\"60\" value=\"30\" required></p><p><button type=\"submit\">Declare the ")
                        .raw("emergency</button></p></form>")
                }
            };
            if own.is_empty() {
                return Ok(html);
            }
            html = html
                .raw("<h2>Declared by or for you</h2><div class=\"scroll\"><table><thead><tr><th scope=\"col\">From</th>")
                .raw("<th scope=\"col\">Until</th><th scope=\"col\">Reason</th><th scope=\"col\">Review</th></tr></thead><tbody>");
            for Declared { emergency, .. } in own.iter().rev().take(MOST_OWN) {
                let review = emergency.review.as_ref().map_or("open", |review| review.verdict.code());
                html = html.raw("<tr><td>").text(&moment(emergency.from)).raw("</td><td>");
                html = html.text(&moment(emergency.until)).raw("</td><td>").text(emergency.reason.code());
                html = html.raw("</td><td>").text(review).raw("</td></tr>");
            }
            Ok(html.raw("</tbody></table></div>"))
        })
    }

    fn submit<'a>(&'a self, visit: &'a Visit<'a>, form: &'a Form) -> Submitted<'a> {
        Box::pin(async move {
            let reason = Reason::of(form.get("reason"));
            let reason = reason.ok_or_else(|| PageError("Choose one of the reasons.".to_owned()))?;
            let minutes: u32 = form.get("minutes").parse().map_err(|_| EmergencyError::Minutes)?;
            let (user, role) = (&visit.who.user, &visit.who.role);
            let declared = Emergency::declared(user, Some(role), user, reason, minutes, visit.now)?;
            let _one_at_a_time = self.declaring.lock().await;
            if self.own(user).await?.iter().any(|known| known.emergency.lasts(visit.now)) {
                return Err(EmergencyError::Lasts.into());
            }
            let id = new_id()?;
            let act = Act {
                kind: ActKind::EmergencyDeclared,
                target: Some(id.clone()),
                basis: Some(reason.code().to_owned()),
                figures: [("minutes".to_owned(), minutes.into())].into(),
            };
            self.log.append(&act_event(act, INTERFACE, Some(visit.actor()))).await?;
            let change = Change::set(EMERGENCY, id, declared.body()).expecting(0);
            ledger::change(&self.log, &self.store, vec![change], &visit.actor(), INTERFACE, visit.now).await?;
            Ok(After::Go(DECLARE.to_owned()))
        })
    }
}

/// The page on which somebody else reviews emergencies.
pub struct ReviewsPage {
    store: Store,
    log: Log,
    duties: Arc<dyn Duties>,
}

impl ReviewsPage {
    /// A page over the records of a store.
    pub fn new(store: Store, log: Log, duties: Arc<dyn Duties>) -> Self {
        Self { store, log, duties }
    }

    /// How many exchanges left under an emergency.
    async fn exchanges(&self, emergency: &Emergency) -> Result<usize, PageError> {
        let query = Query {
            user: Some(emergency.user.clone()),
            phase: Some(Phase::Intent),
            from: Some(beginning(emergency.from)),
            until: Some(beginning(emergency.until)),
            ..Query::default()
        };
        let hits = self.log.search(&query).await?;
        let under = |facts: &serde_json::Value| facts["break_glass"] == true;
        Ok(hits.iter().filter(|hit| hit.event.facts.as_deref().is_some_and(under)).count())
    }
}

impl Page for ReviewsPage {
    fn path(&self) -> &'static str {
        REVIEWS
    }

    fn title(&self) -> &'static str {
        "Reviews"
    }

    fn is_for(&self, visit: &Visit<'_>) -> bool {
        self.duties.may_administer(&visit.who.role)
    }

    fn show<'a>(&'a self, visit: &'a Visit<'a>) -> Shown<'a> {
        Box::pin(async move {
            let mut open = emergencies(&self.store).await?;
            open.retain(|declared| declared.emergency.review.is_none());
            if open.is_empty() {
                return Ok(Html::new().raw("<p>No emergency is to be reviewed.</p>"));
            }
            let mut html =
                Html::new().raw("<p>Each is to be reviewed within three days, by somebody who did not declare it.</p>");
            for Declared { id, emergency, .. } in open.iter().take(MOST_OPEN) {
                html = html.raw("<h2>").text(&emergency.user).raw(", ").text(&moment(emergency.from)).raw("</h2>");
                if emergency.is_overdue(visit.now) {
                    html = html.raw("<p class=\"bad\">This review is overdue.</p>");
                }
                let exchanges = self.exchanges(emergency).await?.to_string();
                html = html.raw("<p>").text(emergency.reason.words()).raw(" (").text(emergency.reason.code());
                html = html.raw("), until ").text(&moment(emergency.until)).raw(". Exchanges that left under it: ");
                html = html.text(&exchanges).raw(".</p>");
                let who = &visit.who.user;
                let apart = may_approve(&emergency.user, who).and_then(|()| may_approve(&emergency.by, who));
                html = match apart {
                    Err(_) => html.raw("<p>Somebody else reviews this one.</p>"),
                    Ok(()) => html
                        .with(&visit.form(REVIEWS))
                        .hidden("id", id)
                        .raw("<p><button type=\"submit\" name=\"verdict\" value=\"justified\">It was justified</button> ")
                        .raw("<button type=\"submit\" name=\"verdict\" value=\"not-justified\">It was not justified</button></p></form>"),
                };
            }
            if open.len() > MOST_OPEN {
                html = html.raw("<p>There are more; they are shown when these are reviewed.</p>");
            }
            Ok(html)
        })
    }

    fn submit<'a>(&'a self, visit: &'a Visit<'a>, form: &'a Form) -> Submitted<'a> {
        Box::pin(async move {
            let verdict = Verdict::of(form.get("verdict"));
            let verdict = verdict.ok_or_else(|| PageError("Say whether it was justified.".to_owned()))?;
            let record = self.store.record(EMERGENCY, form.get("id")).await?.ok_or(EmergencyError::Unknown)?;
            let reviewed = Emergency::read(&record.body)?.reviewed(&visit.who.user, verdict, None, visit.now)?;
            let (target, basis) = (Some(record.id.clone()), Some(verdict.code().to_owned()));
            let actor = visit.actor();
            ledger::record(&self.log, ActKind::EmergencyReviewed, target, basis, &actor, INTERFACE).await?;
            let change = Change::set(EMERGENCY, &record.id, reviewed.body()).expecting(record.version);
            ledger::change(&self.log, &self.store, vec![change], &actor, INTERFACE, visit.now).await?;
            Ok(After::Go(REVIEWS.to_owned()))
        })
    }
}

/// The beginning of the time of an entry of the log: to the second.
fn beginning(at: i64) -> String {
    let at = OffsetDateTime::from_unix_timestamp(at).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    format!("{}T{:02}:{:02}:{:02}", at.date(), at.hour(), at.minute(), at.second())
}

/// A moment for people.
pub(crate) fn moment(at: i64) -> String {
    format!("{} UTC", beginning(at).replace('T', " "))
}
