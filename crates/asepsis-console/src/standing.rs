//! Against whom something is held because of earlier exchanges, and clearing it.

use std::sync::Arc;

use asepsis_log::{Log, act_event};
use asepsis_vocab::{Act, ActKind};

use crate::console::INTERFACE;
use crate::emergency::Duties;
use crate::form::Form;
use crate::html::Html;
use crate::page::{After, Page, PageError, Shown, Submitted, Visit};

const PATH: &str = "/asepsis/held-back";

/// Persons that are listed, those with the most points.
const MOST: usize = 50;

/// What earlier exchanges hold against people, as the gateway remembers it.
pub trait Remembered: Send + Sync {
    /// The persons with the most points, with those and what it costs them, in words; at most `most`.
    fn persons(&self, most: usize) -> Vec<(String, f64, String)>;

    /// Clears a person's points, and tells how many there were.
    fn clear(&self, user: &str) -> Option<f64>;
}

/// The page on which those who look after Asepsis see it and clear it.
pub struct HeldBackPage {
    log: Log,
    duties: Arc<dyn Duties>,
    remembered: Arc<dyn Remembered>,
}

impl HeldBackPage {
    /// A page over what is remembered.
    pub fn new(log: Log, duties: Arc<dyn Duties>, remembered: Arc<dyn Remembered>) -> Self {
        Self { log, duties, remembered }
    }
}

impl Page for HeldBackPage {
    fn path(&self) -> &'static str {
        PATH
    }

    fn title(&self) -> &'static str {
        "Held back"
    }

    fn is_for(&self, visit: &Visit<'_>) -> bool {
        self.duties.may_administer(&visit.who.role)
    }

    fn show<'a>(&'a self, visit: &'a Visit<'a>) -> Shown<'a> {
        Box::pin(async move {
            let persons = self.remembered.persons(MOST);
            let mut html = Html::new().raw(
                "<p>Points are kept for what was refused or flagged. They halve with time, and a restart clears them. Look at the log \
                 before you clear them here.</p>",
            );
            if persons.is_empty() {
                return Ok(html.raw("<p>Nothing is held against anybody.</p>"));
            }
            html = html.raw("<table><tr><th>Person</th><th>Points</th><th>So far</th><th></th></tr>");
            for (user, points, says) in persons {
                html = html.raw("<tr><td>").text(&user).raw("</td><td>").text(&format!("{points:.1}")).raw("</td><td>");
                html = html.text(&says).raw("</td><td>").with(&visit.form(PATH)).hidden("user", &user);
                html = html.raw("<button type=\"submit\">Clear</button></form></td></tr>");
            }
            Ok(html.raw("</table>"))
        })
    }

    fn submit<'a>(&'a self, visit: &'a Visit<'a>, form: &'a Form) -> Submitted<'a> {
        Box::pin(async move {
            let user = form.get("user");
            if user == visit.who.user {
                return Err(PageError("Somebody else has to clear what is held against you.".to_owned()));
            }
            let known = self.remembered.persons(usize::MAX).into_iter().find(|(known, ..)| known == user);
            let Some((_, points, _)) = known else {
                return Err(PageError("Nothing is held against this person any more.".to_owned()));
            };
            // Recorded before it is done. Points are at most some thousands.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "points are not negative")]
            let figures = std::iter::once(("points".to_owned(), points.ceil() as u64)).collect();
            let act = Act { kind: ActKind::GuardCleared, target: Some(format!("user/{user}")), basis: None, figures };
            self.log.append(&act_event(act, INTERFACE, Some(visit.actor()))).await?;
            self.remembered.clear(user);
            Ok(After::Go(PATH.to_owned()))
        })
    }
}
