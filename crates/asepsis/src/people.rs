//! Who is let in: the gateway's doors, put together from configuration, store and log.

mod lessons;

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, Weak};

use anyhow::Context;
use asepsis_conduct::{HeldAnswer, Notes, Seals};
use asepsis_console::{
    ConcernPage, ConcernsPage, Console, ConsolePages, ConsoleParts, Duties, EmergencyPage, HeldBackPage, HttpFetch,
    Page, Releasers, ReleasesPage, Remembered, ReviewsPage, Right, Rights, RulesPage, TrainingPage,
};
use asepsis_exchange::{Plane, Rules, Standing};
use asepsis_gateway::{Doors, Releases};
use asepsis_people::account::Accounts;
use asepsis_people::entrance::{Entrance, Identity};
use asepsis_people::ledger::Ledger;
use asepsis_people::token::{Fetch, IssuedTokens};
use asepsis_policy::{AiSystem, BreakGlass, ContentFacts, Facts, Role};
use asepsis_store::{Change, Store};
use asepsis_vocab::{DisclosureForm, IdentifierClass, PurposeOfUse};

use crate::act::{actor, checked, open_log};
use crate::config::{Config, ConsoleConfig};
use crate::home::Home;
use crate::registers::now;

/// The doors of a gateway: programs with keys, and, where the configuration says so, pages for people.
pub(crate) async fn doors(config: &Config, home: &Home, store: &Store, plane: &Arc<Plane>) -> anyhow::Result<Doors> {
    let rules = config.entrance()?;
    let console = config.console(&rules)?;
    let fetch: Arc<dyn Fetch> = Arc::new(HttpFetch::new(&config.extra_roots()?)?);
    let issued: Arc<Mutex<IssuedTokens>> = Arc::default();
    let entrance = Entrance::open(store.clone(), rules, fetch.clone(), issued.clone())
        .await
        .context("the registers of people and devices cannot be read")?;
    let releases = releases(config, home, store).await?;
    let Some(ConsoleConfig { settings, providers, services }) = console else {
        return Ok(Doors { entrance, pages: None, releases });
    };
    let keys = home.keys().await?;
    let accounts = Accounts::new(store.clone(), &keys.named(SIGN_IN_KEY).await?)?;
    let notes = Arc::new(Notes::new(&keys.named(CONCERN_KEY).await?)?);
    let practice = Arc::new(lessons::Refusals::new(plane));
    let rights = Arc::new(Decisions { plane: Arc::downgrade(plane), routes: config.routes_owned() });
    let parts = ConsoleParts {
        entrance: entrance.clone(),
        accounts: Arc::new(accounts),
        log: plane.log().clone(),
        fetch,
        issued,
        rights: rights.clone(),
        providers,
        services,
        pages: all_pages(
            &releases,
            &rights,
            plane,
            vec![
                Box::new(TrainingPage::new(store.clone(), plane.log().clone(), config.courses(), practice)),
                Box::new(RulesPage::new(store.clone(), plane.log().clone())),
                Box::new(EmergencyPage::new(store.clone(), plane.log().clone())),
                Box::new(ReviewsPage::new(store.clone(), plane.log().clone(), rights.clone())),
                Box::new(ConcernPage::new(store.clone(), plane.log().clone(), notes.clone())),
                Box::new(ConcernsPage::new(store.clone(), plane.log().clone(), notes, rights.clone())),
                Box::new(HeldBackPage::new(plane.log().clone(), rights.clone(), rights.clone())),
            ],
        ),
        settings,
    };
    let pages = ConsolePages::new(Console::new(parts));
    Ok(Doors { entrance, pages: Some(Arc::new(pages)), releases })
}

/// The pages, with that of what is held where something is.
fn all_pages(
    releases: &Option<Arc<Releases>>,
    rights: &Arc<Decisions>,
    plane: &Plane,
    mut pages: Vec<Box<dyn Page>>,
) -> Vec<Box<dyn Page>> {
    if let Some(releases) = releases {
        pages.push(Box::new(ReleasesPage::new(releases.clone(), plane.log().clone(), rights.clone())));
    }
    pages
}

/// Holds what a person has to release; `None` where the configuration says that it is refused.
pub(crate) async fn releases(config: &Config, home: &Home, store: &Store) -> anyhow::Result<Option<Arc<Releases>>> {
    let Some(settings) = config.releases()? else { return Ok(None) };
    let keys = home.keys().await?;
    let seals = Seals::new(&keys.named(RELEASE_KEY).await?, &keys.named(EFFECT_KEY).await?)?;
    Ok(Some(Arc::new(Releases::new(store.clone(), seals, settings))))
}

/// What people may do, as the policies decide at present.
struct Decisions {
    plane: Weak<Plane>,
    /// The AI systems, with the forms that their routes take and their usual purposes.
    routes: Vec<(String, Vec<DisclosureForm>, PurposeOfUse)>,
}

impl Remembered for Decisions {
    fn persons(&self, most: usize) -> Vec<(String, f64, String)> {
        let Some(plane) = self.plane.upgrade() else { return Vec::new() };
        let said = |standing| match standing {
            Standing::Good => "loses nothing yet".to_owned(),
            Standing::NoTools(_) => "AI may not change things or reach out for this person".to_owned(),
            Standing::Wait(seconds) => format!("is told to wait for {seconds} s"),
        };
        let persons = plane.remembered(most).into_iter();
        persons.map(|(user, points, standing)| (user, points, said(standing))).collect()
    }

    fn clear(&self, user: &str) -> Option<f64> {
        self.plane.upgrade()?.clear_remembered(user)
    }
}

impl Rights for Decisions {
    fn of(&self, visitor: &Identity) -> Vec<Right> {
        let Some(plane) = self.plane.upgrade() else { return Vec::new() };
        let Rules { policy, register } = plane.rules();
        let now = time::OffsetDateTime::now_utc();
        let break_glass = register.emergency(&visitor.user, now).cloned();
        let usual = (vec![DisclosureForm::Pseudonymised, DisclosureForm::Deidentified], PurposeOfUse::Treat);
        let of_system = |system: &AiSystem| {
            let route = self.routes.iter().find(|(id, ..)| *id == system.id);
            let (forms, purpose) = route.map_or((&usual.0, usual.1), |(_, forms, purpose)| (forms, *purpose));
            let purpose = if break_glass.is_some() { BreakGlass::purpose(purpose) } else { purpose };
            let facts = Facts {
                user: &visitor.user,
                role: &visitor.role,
                system,
                purpose,
                classes: [IdentifierClass::Name, IdentifierClass::Mrn, IdentifierClass::Date].into(),
                content: ContentFacts {
                    labels: Some(BTreeSet::new()),
                    individuals: Some(1),
                    break_glass: break_glass.clone(),
                    ..ContentFacts::default()
                },
                whereabouts: asepsis_gateway::whereabouts(visitor),
                full_assurance: false,
                first_layer_accepted: plane.first_layer_accepted(),
                now,
            };
            let decision = policy.decide(&register, &facts, forms).ok()?;
            let good = decision.form >= DisclosureForm::Pseudonymised;
            let mut says = decision.form.name().to_owned();
            // Why not in the richest form, and what helps.
            let poorer = decision.why_poorer().map_or(&decision.rules, |step| &step.rules);
            if decision.form == DisclosureForm::Nothing || decision.why_poorer().is_some() {
                for rule in poorer.iter().take(3).filter(|rule| !rule.staff.is_empty()) {
                    says.push_str(&format!(" \u{2013} {} {}", rule.staff, rule.fix));
                }
            }
            if good && !decision.restore {
                says.push_str(" \u{2013} names are not put back in answers");
            }
            Some(Right { what: system.id.clone(), good, says })
        };
        register.systems().filter_map(of_system).collect()
    }
}

impl Duties for Decisions {
    fn may_administer(&self, role: &str) -> bool {
        let plane = self.plane.upgrade();
        plane.is_some_and(|plane| plane.rules().register.role(role).is_some_and(|role| role.administer))
    }
}

impl Releasers for Decisions {
    fn releases(&self, role: &str) -> bool {
        let plane = self.plane.upgrade();
        plane.is_some_and(|plane| plane.rules().register.role(role).is_some_and(|role| !role.release.is_empty()))
    }

    fn may_release(&self, role: &str, answer: &HeldAnswer) -> bool {
        let plane = self.plane.upgrade();
        let may = |role: &Role| answer.is_for(&role.release, role.restore);
        plane.is_some_and(|plane| plane.rules().register.role(role).is_some_and(may))
    }
}

/// The name of the key under which what users sign in with is sealed.
pub(crate) const SIGN_IN_KEY: &str = "sign-in";

/// The name of the key under which what people write about concerns is sealed.
pub(crate) const CONCERN_KEY: &str = "concern";

/// The name of the key under which what a person has to release is sealed.
const RELEASE_KEY: &str = "release";

/// The name of the key under which the exact effect of it is named.
const EFFECT_KEY: &str = "release-effect";

/// Changes records from the command line: an entry of the log for each, then all of them or none.
pub(crate) async fn change(
    home: &Home,
    store: &Store,
    interface: &str,
    changes: Vec<Change>,
    basis: Option<&str>,
) -> anyhow::Result<()> {
    basis.map(checked).transpose()?;
    let log = open_log(home).await?;
    let made = Ledger::new(store, &log, actor(), interface).change(changes, basis, now()).await;
    log.close().await?;
    made?;
    Ok(())
}
