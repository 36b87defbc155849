//! The page on which somebody reports a concern and reads what came of it.

use std::sync::{Arc, Mutex, PoisonError};

use asepsis_conduct::{BadRecord, CONCERN, Concern, Notes, Part, Reported, Tries, new_id};
use asepsis_log::search::{Hit, Query};
use asepsis_log::{Log, LogError};
use asepsis_people::ledger;
use asepsis_store::{Change, Store, StoreError};
use asepsis_vocab::{ActKind, Actor, ClassCount, ExchangeId};
use serde::Serialize;

use crate::console::INTERFACE;
use crate::emergency::moment;
use crate::form::Form;
use crate::html::Html;
use crate::page::{After, Page, PageError, Shown, Submitted, Visit};

const PATH: &str = "/asepsis/concern";

/// Own concerns that are listed, the newest.
const MOST_OWN: usize = 20;
/// Concerns of one user in an hour.
const MOST_AN_HOUR: usize = 20;

/// Who stands in the log and the registers for a reporter who stays unnamed.
const UNNAMED: &str = "unnamed";

/// A concern with the record that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownConcern {
    /// The record's id.
    pub id: String,
    /// Its version.
    pub version: u32,
    /// What it says.
    pub reported: Reported,
}

/// Why concerns cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ConcernsError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record.
    #[error("the record {CONCERN}/{id}@{version} cannot be used: {problem}")]
    Bad {
        /// Its id.
        id: String,
        /// Its version.
        version: u32,
        /// Why.
        problem: BadRecord,
    },
}

/// Every concern of a store, the oldest first.
///
/// # Errors
/// [`ConcernsError`].
pub async fn concerns(store: &Store) -> Result<Vec<KnownConcern>, ConcernsError> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let page = store.records(CONCERN, after.as_deref(), 1000).await?;
        let Some(last) = page.last() else { break };
        after = Some(last.id.clone());
        for record in page {
            all.push(read(record.id, record.version, &record.body)?);
        }
    }
    all.sort_by(|a, b| (a.reported.at, &a.id).cmp(&(b.reported.at, &b.id)));
    Ok(all)
}

/// The concern of this id.
///
/// # Errors
/// [`ConcernsError`].
pub async fn concern(store: &Store, id: &str) -> Result<Option<KnownConcern>, ConcernsError> {
    let record = store.record(CONCERN, id).await?;
    record.map(|record| read(record.id, record.version, &record.body)).transpose()
}

fn read(id: String, version: u32, body: &str) -> Result<KnownConcern, ConcernsError> {
    match Reported::read(body) {
        Ok(reported) => Ok(KnownConcern { id, version, reported }),
        Err(problem) => Err(ConcernsError::Bad { id, version, problem }),
    }
}

/// What the log has of an exchange: codes and counts, and nothing of its text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Evidence {
    /// When it began, RFC 3339.
    pub time: String,
    /// Who asked.
    pub user: Option<String>,
    /// In which role.
    pub role: Option<String>,
    /// The AI system.
    pub system: Option<String>,
    /// What for.
    pub purpose: &'static str,
    /// The form that was permitted.
    pub form: Option<&'static str>,
    /// The rules that decided.
    pub rules: Vec<String>,
    /// What was found in the request.
    pub found: Vec<ClassCount>,
    /// What was found in the answer.
    pub found_in_answer: Vec<ClassCount>,
    /// How it ended; absent where it goes on.
    pub outcome: Option<String>,
}

impl Evidence {
    /// What these entries of one exchange say together; `None` where there are none.
    pub fn of(hits: &[Hit]) -> Option<Self> {
        let first = &hits.first()?.event;
        let mut evidence = Self {
            time: first.time.clone(),
            user: None,
            role: None,
            system: None,
            purpose: first.purpose.code(),
            form: None,
            rules: Vec::new(),
            found: Vec::new(),
            found_in_answer: Vec::new(),
            outcome: None,
        };
        for event in hits.iter().map(|hit| &hit.event) {
            if let Some(actor) = &event.actor {
                evidence.user = Some(actor.user.clone());
                evidence.role = Some(actor.role.clone());
            }
            if let Some(recipient) = &event.recipient {
                evidence.system = Some(recipient.system.clone());
            }
            if let Some(decision) = &event.decision {
                evidence.form = Some(decision.form.name());
                evidence.rules.clone_from(&decision.rules);
            }
            if !event.found.is_empty() {
                evidence.found.clone_from(&event.found);
            }
            if !event.found_in_answer.is_empty() {
                evidence.found_in_answer.clone_from(&event.found_in_answer);
            }
            if let Some(outcome) = &event.outcome {
                evidence.outcome = Some(outcome.status.clone());
            }
        }
        Some(evidence)
    }

    /// What is looked for in the log.
    pub fn query(exchange: ExchangeId) -> Query {
        Query { exchange: Some(exchange), ..Query::default() }
    }

    /// The same as lines of a name and a value.
    pub fn lines(&self) -> Vec<(&'static str, String)> {
        let counts = |counts: &[ClassCount]| {
            let texts: Vec<_> = counts.iter().map(|c| format!("{} {}", c.places, c.class.label())).collect();
            if texts.is_empty() { "nothing".to_owned() } else { texts.join(", ") }
        };
        let or = |text: &Option<String>, other: &str| text.clone().unwrap_or_else(|| other.to_owned());
        vec![
            ("time", self.time.clone()),
            ("user", or(&self.user, "not known")),
            ("role", or(&self.role, "not known")),
            ("system", or(&self.system, "none")),
            ("purpose", self.purpose.to_owned()),
            ("form", self.form.unwrap_or("not decided").to_owned()),
            ("rules", self.rules.join(", ")),
            ("found", counts(&self.found)),
            ("found in the answer", counts(&self.found_in_answer)),
            ("outcome", or(&self.outcome, "goes on")),
        ]
    }
}

/// What the log has of an exchange.
pub(crate) async fn evidence(log: &Log, exchange: ExchangeId) -> Result<Option<Evidence>, LogError> {
    Ok(Evidence::of(&log.search(&Evidence::query(exchange)).await?))
}

/// The page of concerns for everybody.
pub struct ConcernPage {
    store: Store,
    log: Log,
    notes: Arc<Notes>,
    made: Mutex<Tries>,
}

impl ConcernPage {
    /// A page over the records of a store.
    pub fn new(store: Store, log: Log, notes: Arc<Notes>) -> Self {
        Self { store, log, notes, made: Mutex::new(Tries::of(MOST_AN_HOUR)) }
    }

    fn form(visit: &Visit<'_>, exchange: &str) -> Html {
        let mut html = Html::new()
            .raw("<p>Say what is wrong with an exchange with an AI system. Those who look after Asepsis read it, together with what ")
            .raw("the log has of the exchange, and answer here.</p>")
            .with(&visit.form(PATH))
            .raw("<p><label for=\"exchange\">Exchange (it stands in <code>x-asepsis-exchange</code>)</label>")
            .raw("<input id=\"exchange\" name=\"exchange\" autocomplete=\"off\" spellcheck=\"false\" required value=\"")
            .text(exchange)
            .raw("\"></p><p><label for=\"kind\">What is wrong</label><select id=\"kind\" name=\"kind\" required>");
        for kind in Concern::ALL {
            html = html.raw("<option value=\"").text(kind.code()).raw("\">").text(kind.words()).raw("</option>");
        }
        html.raw("</select></p><p><label for=\"note\">In your words, if you like (kept sealed)</label><textarea id=\"note\" ")
            .raw("name=\"note\" rows=\"6\" maxlength=\"1000\"></textarea></p><p><input type=\"checkbox\" id=\"unnamed\" name=\"unnamed\" ")
            .raw("value=\"1\"> <label for=\"unnamed\">Do not say who I am</label></p>")
            .raw("<p><button type=\"submit\">Report it</button></p></form>")
    }

    /// What everybody who knows the id may read of a concern: its kind, and what came of it.
    fn answer(&self, KnownConcern { id, reported, .. }: &KnownConcern) -> Result<Html, PageError> {
        let mut html = Html::new().raw("<h2>").text(reported.concern.words()).raw("</h2><p>Number ").text(id);
        html = html.raw(", exchange ").text(&reported.exchange.to_string()).raw(", reported ");
        html = html.text(&moment(reported.at)).raw(".</p>");
        Ok(match &reported.answer {
            None => html.raw("<p>It was not answered yet.</p>"),
            Some(answer) => {
                let text = self.notes.open(id, Part::Answer, &answer.text)?;
                html.raw("<p role=\"status\" class=\"good\">Answered ")
                    .text(&moment(answer.at))
                    .raw(":</p><blockquote>")
                    .text(&text)
                    .raw("</blockquote>")
            }
        })
    }
}

impl Page for ConcernPage {
    fn path(&self) -> &'static str {
        PATH
    }

    fn title(&self) -> &'static str {
        "Report a concern"
    }

    fn show<'a>(&'a self, visit: &'a Visit<'a>) -> Shown<'a> {
        Box::pin(async move {
            let asked = visit.query.get("concern");
            if !asked.is_empty() {
                let known = concern(&self.store, asked).await?;
                let known = known.ok_or_else(|| PageError("There is no concern of this number.".to_owned()))?;
                return self.answer(&known);
            }
            let mut html = Self::form(visit, visit.query.get("exchange"));
            let mut own = concerns(&self.store).await?;
            own.retain(|known| known.reported.by.as_ref() == Some(&visit.who.user));
            for known in own.iter().rev().take(MOST_OWN) {
                html = html.with(&self.answer(known)?);
            }
            Ok(html)
        })
    }

    fn submit<'a>(&'a self, visit: &'a Visit<'a>, form: &'a Form) -> Submitted<'a> {
        Box::pin(async move {
            let kind = Concern::of(form.get("kind"));
            let kind = kind.ok_or_else(|| PageError("Say what is wrong: choose one of the kinds.".to_owned()))?;
            let exchange: ExchangeId = form.get("exchange").trim().parse()?;
            if !self.made.lock().unwrap_or_else(PoisonError::into_inner).may(&visit.who.user, visit.now) {
                return Err(PageError(format!(
                    "You have reported {MOST_AN_HOUR} concerns within an hour. Tell a person about the rest."
                )));
            }
            if evidence(&self.log, exchange).await?.is_none() {
                return Err(PageError("The log has no such exchange. Copy its number anew.".to_owned()));
            }
            let id = new_id()?;
            let note = Some(form.get("note")).filter(|note| !note.trim().is_empty());
            let note = note.map(|note| self.notes.seal(&id, Part::Note, note)).transpose()?;
            let unnamed = form.count("unnamed") > 0;
            let by = (!unnamed).then(|| visit.who.user.clone());
            let actor = if unnamed { unnamed_actor() } else { visit.actor() };
            let reported = Reported { exchange, concern: kind, by, at: visit.now, note, answer: None };
            let (target, basis) = (Some(id.clone()), Some(format!("{kind}; {exchange}")));
            ledger::record(&self.log, ActKind::ConcernReported, target, basis, &actor, INTERFACE).await?;
            let change = Change::set(CONCERN, &id, reported.body()).expecting(0);
            ledger::change(&self.log, &self.store, vec![change], &actor, INTERFACE, visit.now).await?;
            let mut html = Html::new().raw("<p role=\"status\" class=\"good\">Thank you. It is reported as ");
            html = html.text(&id).raw(".</p><p>The answer will stand <a href=\"/asepsis/concern?concern=").text(&id);
            html = html.raw("\">here</a>.");
            if unnamed {
                html = html.raw(" Keep the address: nothing else leads you to it, since it is not kept who you are.");
            }
            Ok(After::Show(html.raw("</p>")))
        })
    }
}

fn unnamed_actor() -> Actor {
    Actor {
        user: UNNAMED.to_owned(),
        role: UNNAMED.to_owned(),
        method: "session".to_owned(),
        credential: None,
        device: None,
    }
}
