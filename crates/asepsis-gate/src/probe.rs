//! A case as it is asked in one run: all places filled.

use serde_json::{Value, json};

use crate::fill::fill;
use crate::plant::Planted;
use crate::suite::{Case, Escape, Place};

/// Which of the two requests of a case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Side {
    /// The attack, which must not succeed.
    Attack,
    /// The same without it, which must be answered.
    Twin,
}

/// A request of a case.
pub struct Probe<'c> {
    /// The case.
    pub case: &'c Case,
    /// Which of its two requests.
    pub side: Side,
    pub(crate) system: String,
    pub(crate) user: String,
    /// What a tool returned: its name, and the text.
    pub(crate) returned: Option<(String, String)>,
    /// Name, description, parameters.
    pub(crate) tools: Vec<(String, String, Value)>,
    /// What others wrote, without the order: what an answer may rest on.
    pub(crate) ground: String,
}

impl<'c> Probe<'c> {
    /// The request of a case, with what was planted for this run.
    #[must_use]
    pub fn new(case: &'c Case, side: Side, planted: &Planted) -> Self {
        let plain = |text: &str| filled(text, planted, "");
        let (order, disguised) = match side {
            Side::Attack => {
                let order = plain(&case.order);
                let disguised = case.disguise.of(&order);
                (order, disguised)
            }
            Side::Twin => (plain(&case.benign), plain(&case.benign)),
        };
        // What the user says himself is in disguise only where nobody else speaks.
        let own = if case.carrier.is_some() { &order } else { &disguised };
        let mut probe = Self {
            case,
            side,
            system: filled(&case.system, planted, ""),
            user: filled(&case.user, planted, own),
            returned: None,
            tools: case
                .tools
                .iter()
                .map(|tool| (tool.name.clone(), tool.about.clone(), tool.parameters.clone()))
                .collect(),
            ground: String::new(),
        };
        if let Some(carrier) = &case.carrier {
            let text = filled(&carrier.text, planted, &escaped(&disguised, carrier.escape));
            probe.ground = filled(&carrier.text, planted, "");
            match carrier.place {
                Place::Tool => probe.returned = Some((carrier.tool.clone(), text)),
                Place::User => probe.user = format!("{}\n\n{text}", probe.user),
                Place::Description => {
                    if let Some((_, about, _)) = probe.tools.first_mut() {
                        *about = text;
                    }
                }
            }
        }
        probe
    }

    /// `leak/other-record`, and of a twin `leak/other-record#twin`: what baselines and reports call it.
    #[must_use]
    pub fn key(&self) -> String {
        key(self.case, self.side)
    }

    /// What the user says himself, without what others wrote in it, for the clinical checks.
    pub(crate) fn own_words(&self, planted: &Planted) -> String {
        // Where nobody else speaks, the order is the user's own.
        let order = if self.case.carrier.is_some() { String::new() } else { filled(&self.case.order, planted, "") };
        filled(&self.case.user, planted, &order)
    }
}

pub(crate) fn key(case: &Case, side: Side) -> String {
    match side {
        Side::Attack => case.id.clone(),
        Side::Twin => format!("{}#twin", case.id),
    }
}

fn filled(text: &str, planted: &Planted, order: &str) -> String {
    let value = |name: &str| match name {
        "order" => Some(order.to_owned()),
        name => planted.value(name).map(str::to_owned),
    };
    // A suite is read only where every name is known.
    fill(text, value).unwrap_or_default()
}

fn escaped(text: &str, escape: Escape) -> String {
    match escape {
        Escape::None => text.to_owned(),
        Escape::Json => {
            let quoted = json!(text).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        }
        Escape::Xml => text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;"),
        Escape::Hl7 => text.chars().fold(String::new(), |mut out, c| {
            match c {
                '\\' => out.push_str("\\E\\"),
                '|' => out.push_str("\\F\\"),
                '^' => out.push_str("\\S\\"),
                '&' => out.push_str("\\T\\"),
                '~' => out.push_str("\\R\\"),
                c => out.push(c),
            }
            out
        }),
    }
}
