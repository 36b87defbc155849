//! The organisation's rules for the use of AI, and that somebody accepts them.

use asepsis_conduct::{ATTESTATION, Accepted, RULES, Rules, USAGE};
use asepsis_log::Log;
use asepsis_people::ledger;
use asepsis_store::{Change, Store};
use asepsis_vocab::ActKind;

use crate::console::INTERFACE;
use crate::form::Form;
use crate::keys::date;
use crate::markdown;
use crate::page::{After, Page, PageError, Shown, Submitted, Visit};

const PATH: &str = "/asepsis/rules";

/// The page of the rules.
pub struct RulesPage {
    store: Store,
    log: Log,
}

impl RulesPage {
    /// A page over the records of a store.
    pub fn new(store: Store, log: Log) -> Self {
        Self { store, log }
    }

    async fn rules(&self) -> Result<Rules, PageError> {
        match self.store.record(RULES, USAGE).await? {
            None => Ok(Rules::default()),
            Some(record) => Ok(Rules::read(record.version, &record.body)?),
        }
    }

    async fn accepted(&self, user: &str) -> Result<Option<(Accepted, u32)>, PageError> {
        match self.store.record(ATTESTATION, user).await? {
            None => Ok(None),
            Some(record) => Ok(Some((Accepted::read(&record.body)?, record.version))),
        }
    }
}

impl Page for RulesPage {
    fn path(&self) -> &'static str {
        PATH
    }

    fn title(&self) -> &'static str {
        "Rules"
    }

    fn show<'a>(&'a self, visit: &'a Visit<'a>) -> Shown<'a> {
        Box::pin(async move {
            let rules = self.rules().await?;
            let accepted = self.accepted(&visit.who.user).await?.map(|(accepted, _)| accepted);
            let html = markdown::html(&rules.text);
            let sha256 = rules.sha256();
            let holds = accepted.as_ref().filter(|a| a.version == rules.version && a.sha256 == sha256);
            if let Some(accepted) = holds {
                return Ok(html
                    .raw("<p role=\"status\" class=\"good\">You accepted these rules on ")
                    .text(&date(accepted.at))
                    .raw(".</p>"));
            }
            let html = match accepted {
                None => html,
                Some(_) => html.raw("<p>The rules have changed since you accepted them.</p>"),
            };
            Ok(html
                .with(&visit.form(PATH))
                .hidden("version", &rules.version.to_string())
                .hidden("sha256", &sha256)
                .raw("<p><button type=\"submit\">I have read these rules, and I accept them</button></p></form>"))
        })
    }

    fn submit<'a>(&'a self, visit: &'a Visit<'a>, form: &'a Form) -> Submitted<'a> {
        Box::pin(async move {
            let rules = self.rules().await?;
            // What was read is what is accepted, not what came in its place meanwhile.
            if form.get("version") != rules.version.to_string() || form.get("sha256") != rules.sha256() {
                return Err(PageError(
                    "The rules have changed since you opened this page. Read the new ones.".to_owned(),
                ));
            }
            let (user, actor) = (&visit.who.user, visit.actor());
            let version = self.accepted(user).await?.map_or(0, |(_, version)| version);
            let target = Some(format!("{USAGE}@{}", rules.version));
            ledger::record(&self.log, ActKind::RulesAccepted, target, None, &actor, INTERFACE).await?;
            let change = Change::set(ATTESTATION, user, rules.accepted(visit.now).body()).expecting(version);
            ledger::change(&self.log, &self.store, vec![change], &actor, INTERFACE, visit.now).await?;
            Ok(After::Go(PATH.to_owned()))
        })
    }
}
