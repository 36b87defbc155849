//! Pages for people beside the gateway, under `/asepsis/`: signing in, what one may do, one's own keys and passkeys; and the token
//! endpoint for programs.
//!
//! HTML is made here, without a framework and without script but for passkeys, which need the browser's own call. Sessions are
//! cookies that only this host gets back, over TLS; every form says whose it is; nothing is cached. Whoever adds a page makes a
//! [`Page`] and gives it in [`ConsoleParts::pages`].

mod answer;
mod concern;
mod concerns;
mod console;
mod emergency;
mod fetch;
mod form;
mod home;
mod html;
mod keys;
mod markdown;
mod page;
mod passkeys;
mod provider;
mod qr;
mod releases;
mod route;
mod rules;
mod set_up;
mod sign_in;
mod smart;
mod standing;
mod training;

pub use concern::{ConcernPage, ConcernsError, Evidence, KnownConcern, concern, concerns};
pub use concerns::{ConcernsPage, OPENED};
pub use console::{BackendService, Console, ConsoleParts, ConsoleSettings, Right, Rights, SignInProvider};
pub use emergency::{Declared, Duties, EmergenciesError, EmergencyPage, ReviewsPage, emergencies};
pub use fetch::HttpFetch;
pub use form::Form;
pub use html::Html;
pub use page::{After, Page, PageError, Shown, Submitted, Visit};
pub use provider::BACK;
pub use releases::{LOOKED, Releasers, ReleasesPage};
pub use route::ConsolePages;
pub use rules::RulesPage;
pub use standing::{HeldBackPage, Remembered};
pub use training::{Lesson, Lessons, Practice, TrainingPage};

/// The console's own pages, in the order of their links.
fn own_pages(parts: &ConsoleParts) -> Vec<Box<dyn Page>> {
    let store = parts.accounts.store().clone();
    vec![
        Box::new(home::Home { rights: parts.rights.clone() }),
        Box::new(keys::Keys { store, log: parts.log.clone() }),
        Box::new(passkeys::Passkeys { accounts: parts.accounts.clone(), log: parts.log.clone() }),
    ]
}
