//! Decisions that were taken, for as long as nothing that they rest on changes.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use asepsis_vocab::DisclosureForm;
use time::{OffsetDateTime, UtcOffset};

use crate::facts::{Facts, Looked};
use crate::inputs::millis;
use crate::register::Register;
use crate::rule::Decision;

/// Decisions that are kept; where they are more, all are forgotten.
const MOST: usize = 1024;

/// The time between two moments at which an agreement or fact begins or ends to count, in milliseconds, as Cedar counts. The moments
/// themselves are not part of it: at them, a comparison by `<` and one by `<=` differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Between {
    after: i64,
    before: i64,
}

/// Decisions by everything that they rest on but the moment, with the time in which they hold.
#[derive(Default)]
pub(crate) struct Memory {
    kept: Mutex<HashMap<String, (Between, Arc<Decision>)>>,
}

impl Between {
    /// The time around `now`; `None` at a moment at which an agreement begins or ends.
    fn around(register: &Register, facts: &Facts<'_>, offset: UtcOffset) -> Option<Self> {
        let now = millis(facts.now);
        let mut between = Self { after: i64::MIN, before: i64::MAX };
        let glass = facts.content.break_glass.as_ref().map(|glass| glass.until);
        let moments = register.moments(facts.user, facts.role, facts.system, offset);
        for moment in moments.into_iter().chain(glass).map(millis) {
            match moment.cmp(&now) {
                std::cmp::Ordering::Less => between.after = between.after.max(moment),
                std::cmp::Ordering::Equal => return None,
                std::cmp::Ordering::Greater => between.before = between.before.min(moment),
            }
        }
        Some(between)
    }

    fn holds(self, now: OffsetDateTime) -> bool {
        (self.after.saturating_add(1)..self.before).contains(&millis(now))
    }
}

impl Memory {
    pub(crate) fn find(&self, key: &str, now: OffsetDateTime) -> Option<Arc<Decision>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(key).filter(|(between, _)| between.holds(now)).map(|(_, decision)| decision.clone())
    }

    pub(crate) fn keep(
        &self,
        key: String,
        register: &Register,
        facts: &Facts<'_>,
        offset: UtcOffset,
        decision: &Arc<Decision>,
    ) {
        let Some(between) = Between::around(register, facts, offset) else { return };
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(key, (between, decision.clone()));
    }
}

/// Everything that a decision rests on but the moment; `None` where the system is not the one of the register, so that
/// nothing is known of its facts.
pub(crate) fn key(register: &Register, facts: &Facts<'_>, asked: &[DisclosureForm]) -> Option<String> {
    let registered = register.system(&facts.system.id)?;
    if !std::ptr::eq(registered, facts.system) {
        return None;
    }
    let mut key = String::with_capacity(128);
    // Each name with its length before it, so that no two sets of facts have the same key.
    for name in [facts.user, facts.role, &facts.system.id, facts.purpose.code()] {
        write!(key, "{}:{name}", name.len()).ok()?;
    }
    write!(key, "{}{}{}", register.id(), u8::from(facts.full_assurance), u8::from(facts.first_layer_accepted)).ok()?;
    match facts.whereabouts.managed_device {
        Looked::Not => {}
        Looked::Unknown => key.push_str("d?"),
        Looked::Found(managed) => write!(key, "d{}", u8::from(managed)).ok()?,
    }
    match &facts.whereabouts.zone {
        Looked::Not => {}
        Looked::Unknown => key.push_str("z?"),
        Looked::Found(zone) => write!(key, "z{}:{zone}", zone.len()).ok()?,
    }
    let content = &facts.content;
    let looked = (content.individuals, content.injection, content.credentials, content.reviewed);
    write!(key, "|{looked:?}").ok()?;
    for label in content.labels.iter().flatten() {
        write!(key, "/{label}").ok()?;
    }
    key.push(if content.labels.is_some() { '+' } else { '-' });
    for authorization in &content.authorizations {
        write!(key, "{}:{authorization}", authorization.len()).ok()?;
    }
    if let Some(glass) = &content.break_glass {
        write!(key, "!{}", millis(glass.until)).ok()?;
    }
    for class in &facts.classes {
        key.push(',');
        key.push_str(class.label());
    }
    for form in asked {
        key.push(';');
        key.push_str(form.name());
    }
    Some(key)
}
