//! The queue of concerns, for those who look after Asepsis.

use std::sync::Arc;

use asepsis_conduct::{Answer, CONCERN, Notes, Part, Reported};
use asepsis_log::Log;
use asepsis_people::ledger;
use asepsis_store::{Change, Store};
use asepsis_vocab::ActKind;

use crate::concern::{KnownConcern, concern, concerns, evidence};
use crate::console::INTERFACE;
use crate::emergency::{Duties, moment};
use crate::form::Form;
use crate::html::Html;
use crate::page::{After, Page, PageError, Shown, Submitted, Visit};

const PATH: &str = "/asepsis/concerns";

/// Concerns that are listed, those without an answer first.
const MOST: usize = 200;

/// What an entry says when somebody opens a note.
pub const OPENED: &str = "note of a concern opened";

/// The page of the queue.
pub struct ConcernsPage {
    store: Store,
    log: Log,
    notes: Arc<Notes>,
    duties: Arc<dyn Duties>,
}

impl ConcernsPage {
    /// A page over the records of a store.
    pub fn new(store: Store, log: Log, notes: Arc<Notes>, duties: Arc<dyn Duties>) -> Self {
        Self { store, log, notes, duties }
    }

    async fn list(&self) -> Result<Html, PageError> {
        let mut all = concerns(&self.store).await?;
        if all.is_empty() {
            return Ok(Html::new().raw("<p>Nobody has reported a concern.</p>"));
        }
        all.sort_by_key(|known| known.reported.answer.is_some());
        let mut html = Html::new()
            .raw("<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Number</th><th scope=\"col\">What</th>")
            .raw("<th scope=\"col\">Reported</th><th scope=\"col\">By</th><th scope=\"col\">State</th></tr></thead><tbody>");
        for KnownConcern { id, reported, .. } in all.iter().take(MOST) {
            html = html.raw("<tr><th scope=\"row\"><a href=\"/asepsis/concerns?id=").text(id).raw("\">").text(id);
            html = html.raw("</a></th><td>").text(reported.concern.words()).raw("</td><td>");
            html = html.text(&moment(reported.at)).raw("</td><td>");
            html = html.text(reported.by.as_deref().unwrap_or("unnamed")).raw("</td><td>");
            html = html.raw(if reported.answer.is_some() { "answered" } else { "open" }).raw("</td></tr>");
        }
        Ok(html.raw("</tbody></table></div>"))
    }

    async fn known(&self, id: &str) -> Result<KnownConcern, PageError> {
        let known = concern(&self.store, id).await?;
        known.ok_or_else(|| PageError("There is no concern of this number.".to_owned()))
    }

    async fn one(&self, visit: &Visit<'_>, known: &KnownConcern, note: Option<&str>) -> Result<Html, PageError> {
        let KnownConcern { id, reported, .. } = known;
        let mut html =
            Html::new().raw("<h2>").text(reported.concern.words()).raw("</h2><p>").text(id).raw(", reported ");
        html = html.text(&moment(reported.at)).raw(" by ").text(reported.by.as_deref().unwrap_or("somebody unnamed"));
        html = html.raw(".</p><h2>The exchange</h2><p>").text(&reported.exchange.to_string()).raw("</p>");
        html = match evidence(&self.log, reported.exchange).await? {
            None => html.raw("<p>The log has nothing of it any more.</p>"),
            Some(evidence) => {
                html = html.raw("<div class=\"scroll\"><table><tbody>");
                for (name, value) in evidence.lines() {
                    html =
                        html.raw("<tr><th scope=\"row\">").text(name).raw("</th><td>").text(&value).raw("</td></tr>");
                }
                html.raw("</tbody></table></div>")
            }
        };
        html = html.raw("<h2>The note</h2>");
        html = match (note, &reported.note) {
            (Some(text), _) => html.raw("<blockquote>").text(text).raw("</blockquote>"),
            (None, None) => html.raw("<p>None was written.</p>"),
            (None, Some(_)) => html
                .raw("<p>It may name patients. That you open it is recorded.</p>")
                .with(&visit.form(PATH))
                .hidden("id", id)
                .raw("<p><button type=\"submit\" name=\"open\" value=\"1\">Open the note</button></p></form>"),
        };
        html = html.raw("<h2>The answer</h2>");
        if let Some(answer) = &reported.answer {
            let text = self.notes.open(id, Part::Answer, &answer.text)?;
            html = html.raw("<blockquote>").text(&text).raw("</blockquote><p>").text(&answer.by).raw(", ");
            html = html.text(&moment(answer.at)).raw("</p>");
        }
        Ok(html
            .with(&visit.form(PATH))
            .hidden("id", id)
            .raw("<p><label for=\"text\">To the reporter</label><textarea id=\"text\" name=\"text\" rows=\"6\" maxlength=\"1000\" ")
            .raw("required></textarea></p><p><button type=\"submit\">Answer</button></p></form>"))
    }
}

impl Page for ConcernsPage {
    fn path(&self) -> &'static str {
        PATH
    }

    fn title(&self) -> &'static str {
        "Concerns"
    }

    fn is_for(&self, visit: &Visit<'_>) -> bool {
        self.duties.may_administer(&visit.who.role)
    }

    fn show<'a>(&'a self, visit: &'a Visit<'a>) -> Shown<'a> {
        Box::pin(async move {
            match visit.query.get("id") {
                "" => self.list().await,
                id => self.one(visit, &self.known(id).await?, None).await,
            }
        })
    }

    fn submit<'a>(&'a self, visit: &'a Visit<'a>, form: &'a Form) -> Submitted<'a> {
        Box::pin(async move {
            let known = self.known(form.get("id")).await?;
            let (id, actor) = (&known.id, visit.actor());
            if form.count("open") > 0 {
                let sealed = known.reported.note.as_ref();
                let sealed = sealed.ok_or_else(|| PageError("No note was written.".to_owned()))?;
                let (target, basis) = (Some(format!("{CONCERN}/{id}")), Some(OPENED.to_owned()));
                ledger::record(&self.log, ActKind::Reveal, target, basis, &actor, INTERFACE).await?;
                let text = self.notes.open(id, Part::Note, sealed)?;
                return Ok(After::Show(self.one(visit, &known, Some(&text)).await?));
            }
            let text = self.notes.seal(id, Part::Answer, form.get("text"))?;
            let answer = Answer { by: visit.who.user.clone(), at: visit.now, text };
            ledger::record(&self.log, ActKind::ConcernAnswered, Some(id.clone()), None, &actor, INTERFACE).await?;
            let answered = Reported { answer: Some(answer), ..known.reported };
            let change = Change::set(CONCERN, id, answered.body()).expecting(known.version);
            ledger::change(&self.log, &self.store, vec![change], &actor, INTERFACE, visit.now).await?;
            Ok(After::Go(format!("{PATH}?id={id}")))
        })
    }
}
