use std::future::Future;
use std::pin::Pin;

use asepsis_people::entrance::Identity;
use asepsis_people::session::SignedIn;
use asepsis_vocab::Actor;

use crate::form::Form;
use crate::html::Html;

/// A page for somebody who is signed in. Whoever adds pages to the console makes one of these; signing in, sessions, the check
/// of forms and the frame around it are done when it is asked.
pub trait Page: Send + Sync {
    /// Its path: `/asepsis/...`.
    fn path(&self) -> &'static str;

    /// Its title, which is also the text of the link to it.
    fn title(&self) -> &'static str;

    /// Whether a visitor may see it, and has a link to it.
    fn is_for(&self, _visit: &Visit<'_>) -> bool {
        true
    }

    /// Whether its forms are about the visitor's own sign-in only. Who may change nothing may send these.
    fn is_about_sign_in(&self) -> bool {
        false
    }

    /// What it shows.
    fn show<'a>(&'a self, visit: &'a Visit<'a>) -> Shown<'a>;

    /// Takes a form of its own. The form has been checked to be of this session.
    fn submit<'a>(&'a self, visit: &'a Visit<'a>, form: &'a Form) -> Submitted<'a>;
}

/// Who visits a page, and when.
pub struct Visit<'a> {
    /// Who is signed in.
    pub who: &'a SignedIn,
    /// The same, with what the request tells of the device and the network.
    pub visitor: &'a Identity,
    /// What the query of the address says.
    pub query: &'a Form,
    /// What every form of this session carries, in a hidden field `csrf`: see [`Visit::form`].
    pub csrf: &'a str,
    /// The moment, in seconds since 1970 UTC.
    pub now: i64,
}

/// What came of a form.
pub enum After {
    /// A page to be shown.
    Show(Html),
    /// On to another page.
    Go(String),
}

/// Why a page cannot be shown, or a form not be taken; said to the visitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageError(pub String);

/// What a page shows, once it knows.
pub type Shown<'a> = Pin<Box<dyn Future<Output = Result<Html, PageError>> + Send + 'a>>;

/// What came of a form, once that is known.
pub type Submitted<'a> = Pin<Box<dyn Future<Output = Result<After, PageError>> + Send + 'a>>;

impl Visit<'_> {
    /// The start of a form that is sent to `action`.
    pub fn form(&self, action: &'static str) -> Html {
        Html::new().raw("<form method=\"post\" action=\"").raw(action).raw("\">").hidden("csrf", self.csrf)
    }

    /// The visitor, for the log.
    pub fn actor(&self) -> Actor {
        actor(self.who)
    }
}

pub(crate) fn actor(who: &SignedIn) -> Actor {
    Actor { user: who.user.clone(), role: who.role.clone(), method: who.method.clone(), credential: None, device: None }
}

impl<E: std::error::Error> From<E> for PageError {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}
