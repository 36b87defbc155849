//! My own API keys.

use asepsis_log::Log;
use asepsis_people::ledger;
use asepsis_store::Store;
use asepsis_vocab::ActKind;
use time::OffsetDateTime;

use crate::console::INTERFACE;
use crate::form::Form;
use crate::html::Html;
use crate::page::{After, Page, PageError, Shown, Submitted, Visit};

const PATH: &str = "/asepsis/keys";
const DAY: i64 = 86_400;
/// The longest life of a key that somebody makes for himself, in days.
const LONGEST: i64 = 365;
/// Keys that count, of one user.
const MOST: usize = 20;

pub(crate) struct Keys {
    pub(crate) store: Store,
    pub(crate) log: Log,
}

impl Page for Keys {
    fn path(&self) -> &'static str {
        PATH
    }

    fn title(&self) -> &'static str {
        "My API keys"
    }

    fn show<'a>(&'a self, visit: &'a Visit<'a>) -> Shown<'a> {
        Box::pin(async move {
            let mut html = Html::new().raw("<p>A key lets a program ask in your name. Give it to nobody.</p>");
            let own: Vec<_> =
                self.store.list_keys().await?.into_iter().filter(|key| key.user == visit.who.user).collect();
            if !own.is_empty() {
                html = html
                    .raw("<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Key</th><th scope=\"col\">Role</th>")
                    .raw("<th scope=\"col\">Counts until</th><th scope=\"col\">Last used</th><th scope=\"col\">State</th></tr></thead><tbody>");
            }
            for key in &own {
                let counts = key.revoked.is_none() && key.expires.is_none_or(|at| at > visit.now);
                let day = |at: Option<i64>| at.map_or_else(|| "\u{2013}".to_owned(), date);
                html = html.raw("<tr><th scope=\"row\" class=\"secret\">asep_").text(&key.id).raw("\u{2026}</th><td>");
                html = html.text(&key.role).raw("</td><td>").text(&day(key.expires)).raw("</td><td>");
                html = html.text(&day(key.last_used)).raw("</td><td>");
                html = if counts {
                    html.with(&visit.form(PATH))
                        .hidden("revoke", &key.id)
                        .raw("<button type=\"submit\">Revoke</button></form></td></tr>")
                } else {
                    html.raw("does not count</td></tr>")
                };
            }
            if !own.is_empty() {
                html = html.raw("</tbody></table></div>");
            }
            Ok(html
                .raw("<h2>A new key</h2>")
                .with(&visit.form(PATH))
                .raw("<p><label for=\"days\">Days for which it counts</label><input id=\"days\" name=\"days\" type=\"number\" ")
                .raw("min=\"1\" max=\"365\" value=\"90\" required></p><p><button type=\"submit\">Make a key</button></p></form>"))
        })
    }

    fn submit<'a>(&'a self, visit: &'a Visit<'a>, form: &'a Form) -> Submitted<'a> {
        Box::pin(async move {
            let own: Vec<_> =
                self.store.list_keys().await?.into_iter().filter(|key| key.user == visit.who.user).collect();
            let actor = visit.actor();
            let record = async |id: &str, basis: &str| {
                let (target, basis) = (Some(format!("api_key/{id}")), Some(basis.to_owned()));
                ledger::record(&self.log, ActKind::RegisterChanged, target, basis, &actor, INTERFACE).await
            };
            if form.count("revoke") > 0 {
                // A key of somebody else is as unknown as one that nobody made.
                let key = own.iter().find(|key| key.id == form.get("revoke"));
                let key = key.ok_or_else(|| PageError("You have no key of that id.".to_owned()))?;
                record(&key.id, "revoked").await?;
                self.store.revoke_key(&key.id, visit.now).await?;
                return Ok(After::Go(PATH.to_owned()));
            }
            let days = form.get("days").parse::<i64>().ok().filter(|days| (1..=LONGEST).contains(days));
            let days = days.ok_or_else(|| PageError("A key counts for 1 to 365 days.".to_owned()))?;
            let count =
                own.iter().filter(|key| key.revoked.is_none() && key.expires.is_none_or(|at| at > visit.now)).count();
            if count >= MOST {
                return Err(PageError("You have 20 keys that count. Revoke one first.".to_owned()));
            }
            let (key, made) =
                self.store.add_key(&visit.who.user, &visit.who.role, Some(visit.now + days * DAY), visit.now).await?;
            if let Err(error) = record(&made.id, "made").await {
                // What is not in the log must not count.
                self.store.revoke_key(&made.id, visit.now).await?;
                return Err(error.into());
            }
            Ok(After::Show(
                Html::new()
                    .raw("<p>This key is shown this once and stored nowhere. Copy it now:</p><p class=\"secret\" id=\"key\">")
                    .text(key.reveal())
                    .raw("</p><p><a href=\"/asepsis/keys\">Back to my keys</a></p>"),
            ))
        })
    }
}

pub(crate) fn date(at: i64) -> String {
    OffsetDateTime::from_unix_timestamp(at).map_or_else(|_| "?".to_owned(), |at| at.date().to_string())
}
