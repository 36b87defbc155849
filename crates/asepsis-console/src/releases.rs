//! The page on which a person sees exactly what an AI system wants to do, and says yes or no.

use std::sync::Arc;

use asepsis_conduct::{Contents, HeldAnswer, WhyNot, listed, look_alikes, visible};
use asepsis_gateway::{KnownRelease, Releases};
use asepsis_log::Log;
use asepsis_people::duty::may_approve;
use asepsis_people::ledger;
use asepsis_store::HeldState;
use asepsis_vocab::ActKind;

use crate::console::INTERFACE;
use crate::emergency::moment;
use crate::form::Form;
use crate::html::Html;
use crate::page::{After, Page, PageError, Shown, Submitted, Visit};

const PATH: &str = "/asepsis/releases";

/// Those that are listed, the ones that wait first.
const MOST: usize = 100;

/// What an entry says when somebody looks at what is held.
pub const LOOKED: &str = "what an AI system wants to do was looked at";

/// Knows who may release what.
pub trait Releasers: Send + Sync {
    /// Whether this role releases anything.
    fn releases(&self, role: &str) -> bool;

    /// Whether this role may release this.
    fn may_release(&self, role: &str, answer: &HeldAnswer) -> bool;
}

/// The page.
pub struct ReleasesPage {
    releases: Arc<Releases>,
    log: Log,
    releasers: Arc<dyn Releasers>,
}

impl ReleasesPage {
    /// A page over what is held.
    pub fn new(releases: Arc<Releases>, log: Log, releasers: Arc<dyn Releasers>) -> Self {
        Self { releases, log, releasers }
    }

    async fn list(&self, visit: &Visit<'_>) -> Result<Html, PageError> {
        let mut all = self.releases.list(visit.now).await?;
        all.retain(|known| self.releasers.may_release(&visit.who.role, &known.answer));
        if all.is_empty() {
            return Ok(Html::new().raw("<p>No AI system waits for a person to say yes.</p>"));
        }
        all.sort_by_key(|known| known.state != HeldState::Waiting);
        let mut html = Html::new()
            .raw("<p>An AI system wants to do these things. Nothing is done before a person says yes.</p>")
            .raw("<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Number</th><th scope=\"col\">What it does</th>")
            .raw("<th scope=\"col\">For</th><th scope=\"col\">State</th><th scope=\"col\">Until</th></tr></thead><tbody>");
        for KnownRelease { id, state, answer, decision } in all.iter().take(MOST) {
            html = html.raw("<tr><th scope=\"row\"><a href=\"/asepsis/releases?id=").text(id).raw("\">").text(id);
            html = html.raw("</a></th><td>").text(&answer.words()).raw("</td><td>").text(&answer.user);
            html = html.raw("</td><td>").text(words(*state));
            if let Some(decision) = decision {
                html = html.raw(", ").text(&decision.by);
            }
            html = html.raw("</td><td>").text(&moment(answer.lapses)).raw("</td></tr>");
        }
        Ok(html.raw("</tbody></table></div>"))
    }

    /// The one of this id, where it is for the visitor.
    async fn known(&self, visit: &Visit<'_>, id: &str) -> Result<KnownRelease, PageError> {
        let known = self.releases.known(id, visit.now).await?;
        if self.releasers.may_release(&visit.who.role, &known.answer) {
            return Ok(known);
        }
        Err(PageError(
            "Your role may not release this. Ask somebody whose role may; the office sets it (`release`).".to_owned(),
        ))
    }

    fn one(visit: &Visit<'_>, known: &KnownRelease) -> Html {
        let KnownRelease { id, state, answer, decision } = known;
        let mut html = Html::new().raw("<p>").text(&answer.user).raw(" (").text(&answer.role).raw(") asked ");
        html = html.text(&answer.system).raw(" on ").text(&moment(answer.at)).raw(". The AI system ");
        html = html.text(&answer.words()).raw(".</p><p>State: ").text(words(*state));
        if let Some(decision) = decision {
            html = html.raw(", by ").text(&decision.by).raw(", ").text(&moment(decision.at));
            html = html.text(&decision.refused.map(|why| format!(": {}", why.words())).unwrap_or_default());
        }
        html = html.raw(". Until ").text(&moment(answer.lapses)).raw(".</p>");
        if *state != HeldState::Waiting {
            return html;
        }
        html.with(&visit.form(PATH))
            .hidden("id", id)
            .raw("<p>What it would do, to the letter, is kept sealed. That you look at it is recorded.</p>")
            .raw("<p><button type=\"submit\" name=\"open\" value=\"1\">Show what it would do</button></p></form>")
    }

    /// What it would do, to the letter, and the two answers to it.
    fn effect(&self, visit: &Visit<'_>, id: &str, answer: &HeldAnswer, contents: &Contents) -> Html {
        let mut html = Html::new();
        if answer.tainted {
            html = html
                .raw("<p class=\"bad\" role=\"alert\">Text that nobody of your office wrote was in the request: a letter, a page, the ")
                .raw("result of a tool. It may have told the AI system to do this. Look twice.</p>");
        }
        if let Some(marks) = &answer.marks {
            html = html.raw("<p class=\"bad\">Marked in the answer: ").text(marks).raw("</p>");
        }
        for (number, (call, does)) in contents.calls.iter().zip(&answer.calls).enumerate() {
            html = html.raw("<h2>").text(&format!("{}. ", number + 1)).text(&visible(&call.name)).raw("</h2><p>It ");
            html = html.text(does.words()).raw(".");
            html = if does.waits { html.raw("</p>") } else { html.raw(" No person has to say yes to this part.</p>") };
            let values = listed(&call.arguments);
            if !values.is_empty() {
                html = html
                    .raw("<div class=\"scroll\"><table><thead><tr><th scope=\"col\">Name</th><th scope=\"col\">Value</th></tr>")
                    .raw("</thead><tbody>");
                for (path, value) in &values {
                    html = html.raw("<tr><th scope=\"row\">").text(path).raw("</th><td><pre>").text(value);
                    html = html.raw("</pre></td></tr>");
                }
                html = html.raw("</tbody></table></div>");
            }
            html = html.raw("<p>To the letter:</p><pre>").text(&visible(&call.arguments)).raw("</pre>");
            let alike = look_alikes(&call.arguments);
            if !alike.is_empty() {
                let alike: Vec<_> = alike.iter().map(|c| format!("{c} (U+{:04X})", u32::from(*c))).collect();
                html = html
                    .raw("<p class=\"bad\">Letters of another alphabet that look like usual ones: ")
                    .text(&alike.join(", "))
                    .raw("</p>");
            }
        }
        html = html
            .raw("<p>Signs that cannot be seen, or that turn the direction of reading, are written as <code>\\u{202E}</code>.</p>")
            .raw("<p>Name of exactly this effect: <code>")
            .text(&answer.effect)
            .raw("</code></p>");
        if self.releases.needs_two() && may_approve(&answer.user, &visit.who.user).is_err() {
            html = html.raw("<p>Somebody else than the one who asked has to say yes to this.</p>");
        } else {
            html = html.with(&visit.form(PATH)).hidden("id", id).hidden("effect", &answer.effect).raw(
                "<p><button type=\"submit\" name=\"decide\" value=\"approve\">Yes, do exactly this</button></p></form>",
            );
        }
        html = html
            .with(&visit.form(PATH))
            .hidden("id", id)
            .hidden("effect", &answer.effect)
            .raw("<p><label for=\"why\">Why not</label><select id=\"why\" name=\"why\" required>");
        for why in WhyNot::ALL {
            html = html.raw("<option value=\"").text(why.code()).raw("\">").text(why.words()).raw("</option>");
        }
        html.raw("</select></p><p><button type=\"submit\" name=\"decide\" value=\"refuse\">No</button></p></form>")
    }
}

fn words(state: HeldState) -> &'static str {
    match state {
        HeldState::New | HeldState::Waiting => "waits for a person",
        HeldState::Approved => "released, and not fetched yet",
        HeldState::Refused => "refused",
        HeldState::Used => "released and given out",
        HeldState::Lapsed => "over: nobody decided or fetched it in time",
    }
}

impl Page for ReleasesPage {
    fn path(&self) -> &'static str {
        PATH
    }

    fn title(&self) -> &'static str {
        "What AI wants to do"
    }

    fn is_for(&self, visit: &Visit<'_>) -> bool {
        self.releasers.releases(&visit.who.role)
    }

    fn show<'a>(&'a self, visit: &'a Visit<'a>) -> Shown<'a> {
        Box::pin(async move {
            match visit.query.get("id") {
                "" => self.list(visit).await,
                id => Ok(Self::one(visit, &self.known(visit, id).await?)),
            }
        })
    }

    fn submit<'a>(&'a self, visit: &'a Visit<'a>, form: &'a Form) -> Submitted<'a> {
        Box::pin(async move {
            let known = self.known(visit, form.get("id")).await?;
            let (id, actor) = (known.id.as_str(), visit.actor());
            if form.count("open") > 0 {
                let (answer, contents) = self.releases.open(id, visit.now).await?;
                let (target, basis) = (Some(format!("release/{id}")), Some(LOOKED.to_owned()));
                ledger::record(&self.log, ActKind::Reveal, target, basis, &actor, INTERFACE).await?;
                return Ok(After::Show(self.effect(visit, id, &answer, &contents)));
            }
            let refused = match form.get("decide") {
                "approve" => None,
                "refuse" => {
                    let why = WhyNot::of(form.get("why"));
                    Some(why.ok_or_else(|| PageError("Say why not: choose one of the reasons.".to_owned()))?)
                }
                _ => return Err(PageError("Say yes or no.".to_owned())),
            };
            let by = (&self.log, INTERFACE, &actor);
            self.releases.decide(by, id, form.get("effect"), refused, visit.now).await?;
            Ok(After::Go(format!("{PATH}?id={id}")))
        })
    }
}
