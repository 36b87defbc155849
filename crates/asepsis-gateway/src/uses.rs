//! What an exchange uses AI for: what goes with that use, who reads what comes out, and what is said with it.

use std::sync::Arc;

use asepsis_exchange::Asker;
use asepsis_keys::PatientId;
use asepsis_policy::{AiUse, Register, Review};
use asepsis_vocab::{DisclosureForm, PurposeOfUse, UseRecord};
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::fault::Fault;
use crate::gateway::Gateway;
use crate::house::HouseRules;
use crate::said::Said;
use crate::settings::SystemRoute;

/// The header with which a client says what it uses AI for.
const USE: &str = "x-asepsis-use";

/// The header with which a client says who reads what comes out before a patient does.
const REVIEWER: &str = "x-asepsis-reviewer";

/// The longest id of a user that is looked up.
const LONGEST_USER: usize = 256;

/// What an exchange uses AI for.
#[derive(Clone, Default)]
pub(crate) struct Used {
    ai_use: Option<&'static AiUse>,
    reviewer: Option<String>,
    /// Whom the exchange is about, where the client said so.
    patient: Option<Arc<PatientId>>,
    /// What stands before the answer and behind it, because a patient reads it first.
    wording: Option<(String, String)>,
    /// The rules of the house as they were when it began.
    house: Arc<HouseRules>,
}

impl Used {
    /// The use as the log keeps it.
    pub(crate) fn record(&self) -> Option<UseRecord> {
        self.ai_use.map(|known| UseRecord {
            name: known.id.clone(),
            review: self.review(known).to_owned(),
            reviewer: self.reviewer.clone(),
        })
    }

    fn review(&self, known: &AiUse) -> &'static str {
        if self.wording.is_some() { "wording" } else { known.review().word() }
    }

    /// Whether what a patient reads is seen to; `None` where no patient does.
    pub(crate) fn reviewed(&self) -> Option<bool> {
        self.ai_use.filter(|known| known.patient()).map(|_| true)
    }

    /// The rules of the house that hold for this exchange.
    pub(crate) fn house(&self) -> &HouseRules {
        &self.house
    }

    /// The same about this patient.
    pub(crate) fn about(self, patient: Option<Arc<PatientId>>) -> Self {
        Self { patient, ..self }
    }

    /// Whom the exchange is about, where the client said so.
    pub(crate) fn patient(&self) -> Option<Arc<PatientId>> {
        self.patient.clone()
    }

    /// Whether a patient reads the answer.
    pub(crate) fn for_patient(&self) -> bool {
        self.ai_use.is_some_and(AiUse::patient)
    }

    /// Whether the answer is to stand for what was given.
    pub(crate) fn sums_up(&self) -> bool {
        self.ai_use.is_some_and(AiUse::sums_up)
    }

    /// Whether a patient reads it before anybody else does.
    pub(crate) fn is_unread(&self) -> bool {
        self.for_patient() && self.reviewer.is_none()
    }

    /// The purpose where the client states none.
    pub(crate) fn usual_purpose(&self, route: PurposeOfUse) -> PurposeOfUse {
        match self.ai_use {
            // What a system is usually asked for may be narrower than the use.
            Some(known) if !known.serves(route) => known.usual_purpose(),
            _ => route,
        }
    }

    /// That the purpose goes with the use.
    pub(crate) fn checks(&self, purpose: PurposeOfUse) -> Result<(), Fault> {
        match self.ai_use {
            Some(known) if purpose != PurposeOfUse::Unknown && !known.serves(purpose) => {
                let codes: Vec<&str> = known.purposes().iter().map(|purpose| purpose.code()).collect();
                let message = format!(
                    "the purpose {} does not go with the use `{known}`; {} do, and kinds of them. State one of those, or another use",
                    purpose.code(),
                    codes.join(", ")
                );
                Err(Fault::invalid(message))
            }
            _ => Ok(()),
        }
    }

    /// What the use takes of the route's forms.
    pub(crate) fn forms(&self, route: &SystemRoute) -> Result<Vec<DisclosureForm>, Fault> {
        let Some(known) = self.ai_use else { return Ok(route.forms.clone()) };
        let forms = known.forms(&route.forms);
        if forms.is_empty() {
            return Err(Fault::new(
                StatusCode::FORBIDDEN,
                "use_not_offered",
                format!(
                    "the use `{known}` takes none of the forms that `{}` is set up for; use another system for it",
                    route.id
                ),
            ));
        }
        Ok(forms)
    }

    /// What is said around what the model says, with a note at its end.
    pub(crate) fn said(&self, note: Option<String>) -> Said {
        Said::new(self.wording.clone(), note)
    }

    /// Says with the answer who reads it.
    pub(crate) fn headers(&self, headers: &mut HeaderMap) {
        let Some(known) = self.ai_use else { return };
        let mut put = |name: &'static str, text: &str| {
            if let Ok(value) = HeaderValue::from_str(text) {
                headers.insert(name, value);
            }
        };
        put(USE, &known.id);
        put("x-asepsis-review", self.review(known));
        put("x-asepsis-review-note", known.staff());
    }
}

impl Gateway {
    /// What a request uses AI for: what it says, or what the system is there for.
    pub(crate) fn used(
        &self,
        headers: &HeaderMap,
        route: &SystemRoute,
        asker: &Asker,
        house: &Arc<HouseRules>,
    ) -> Result<Used, Fault> {
        let house = Arc::clone(house);
        let ai_use = match headers.get(USE) {
            None => route.uses.first().copied(),
            Some(value) => {
                let text = value.to_str().map_err(|_| Fault::invalid(format!("{USE} must be plain text")))?;
                Some(AiUse::named(text.trim()).map_err(|error| Fault::invalid(format!("{USE}: {error}")))?)
            }
        };
        let Some(known) = ai_use else { return Ok(Used { house, ..Used::default() }) };
        if !route.uses.is_empty() && !route.uses.iter().any(|offered| offered.id == known.id) {
            let offered: Vec<&str> = route.uses.iter().map(|offered| offered.id.as_str()).collect();
            return Err(Fault::new(
                StatusCode::FORBIDDEN,
                "use_not_offered",
                format!("`{}` is there for {}, not for `{known}`; ask another system", route.id, offered.join(", ")),
            ));
        }
        let reviewer = self.reviewer(headers, asker)?;
        let wording = match (known.review(), &reviewer) {
            (Review::Named, None) => Some(house.patient_wording.clone().ok_or_else(|| {
                Fault::new(
                    StatusCode::FORBIDDEN,
                    "needs_reviewer",
                    format!(
                        "a patient would read this before anybody of the office does. Name the licensed person who reads it first \
                         ({REVIEWER}), or have your office enter how patients reach a person (`[patients] contact`)"
                    ),
                )
            })?),
            _ => None,
        };
        Ok(Used { ai_use: Some(known), reviewer, wording, patient: None, house })
    }

    /// Who reads it first: a person whom the organisation knows as licensed.
    fn reviewer(&self, headers: &HeaderMap, asker: &Asker) -> Result<Option<String>, Fault> {
        let Some(value) = headers.get(REVIEWER) else { return Ok(None) };
        let refused = || {
            Fault::new(
                StatusCode::FORBIDDEN,
                "no_reviewer",
                format!(
                    "{REVIEWER} must name a person whom your office has entered, of a role that is licensed (`licensed = true`); \
                     `me` stands for the one who asks"
                ),
            )
        };
        let named = value.to_str().map(str::trim).ok().filter(|user| (1..=LONGEST_USER).contains(&user.len()));
        let named = named.ok_or_else(refused)?;
        let register = self.plane.rules().register;
        if named == "me" || named == asker.user {
            return if is_licensed(&register, &asker.role) { Ok(Some(asker.user.clone())) } else { Err(refused()) };
        }
        let people = self.doors.entrance.registered().now();
        let known = people.person(named).filter(|_| !people.is_disabled(named)).map(|(person, _)| person.role.clone());
        match known {
            Some(role) if is_licensed(&register, &role) => Ok(Some(named.to_owned())),
            _ => Err(refused()),
        }
    }
}

fn is_licensed(register: &Register, role: &str) -> bool {
    register.role(role).is_some_and(|role| role.licensed)
}
