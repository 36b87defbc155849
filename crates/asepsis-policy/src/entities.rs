//! The register's facts as Cedar sees them. Built natively: going through JSON costs several times the decision itself.

use std::collections::{HashMap, HashSet};

use cedar_policy::{Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression};
use time::{OffsetDateTime, UtcOffset};

use crate::decide::PolicyError;
use crate::register::{Agreement, AgreementKind, AgreementState, AiSystem, Register};

/// The names of the entity types and actions, parsed once.
pub(crate) struct Names {
    user: EntityTypeName,
    role: EntityTypeName,
    vendor: EntityTypeName,
    system: EntityTypeName,
    action: EntityTypeName,
}

impl Names {
    pub(crate) fn new() -> Self {
        let name = |text: &str| text.parse().expect("a fixed name of the schema is a valid name");
        Self {
            user: name("Asepsis::User"),
            role: name("Asepsis::Role"),
            vendor: name("Asepsis::Vendor"),
            system: name("Asepsis::System"),
            action: name("Asepsis::Action"),
        }
    }

    pub(crate) fn user(&self, id: &str) -> EntityUid {
        uid(&self.user, id)
    }

    pub(crate) fn system(&self, id: &str) -> EntityUid {
        uid(&self.system, id)
    }

    pub(crate) fn action(&self, id: &str) -> EntityUid {
        uid(&self.action, id)
    }

    /// The user, its role, the system and its vendor: all that a decision looks at.
    pub(crate) fn entities(
        &self,
        register: &Register,
        user: &str,
        role: &str,
        system: &AiSystem,
        now: OffsetDateTime,
        offset: UtcOffset,
    ) -> Result<Vec<Entity>, PolicyError> {
        // A role that the register does not know may see nothing.
        let may_restore = register.role(role).is_some_and(|r| r.restore);
        let user = entity(
            self.user(user),
            HashMap::from([("may_restore".to_owned(), RestrictedExpression::new_bool(may_restore))]),
            [uid(&self.role, role)],
        )?;
        let vendor = uid(&self.vendor, &system.vendor);
        let mut attributes = HashMap::from([
            (
                "roles".to_owned(),
                RestrictedExpression::new_set(
                    system.roles.iter().map(|r| RestrictedExpression::new_entity_uid(uid(&self.role, r))),
                ),
            ),
            (
                "purposes".to_owned(),
                RestrictedExpression::new_set(
                    system.purposes.iter().map(|p| RestrictedExpression::new_string(p.code().to_owned())),
                ),
            ),
        ]);
        for (name, kind) in [("baa", AgreementKind::Baa), ("dua", AgreementKind::Dua)] {
            if let Some(agreement) = register.agreement(system, kind, now, offset) {
                attributes.insert(name.to_owned(), agreement_record(agreement, offset)?);
            }
        }
        if let Some(days) = system.retention_days {
            attributes.insert("retention_days".to_owned(), RestrictedExpression::new_long(days.into()));
        }
        if let Some(trains) = system.trains_on_data {
            attributes.insert("trains_on_data".to_owned(), RestrictedExpression::new_bool(trains));
        }
        Ok(vec![
            entity(uid(&self.role, role), HashMap::new(), [])?,
            user,
            entity(vendor.clone(), HashMap::new(), [])?,
            entity(self.system(&system.id), attributes, [vendor])?,
        ])
    }
}

/// A moment as Cedar's `datetime`.
pub(crate) fn moment(at: OffsetDateTime) -> RestrictedExpression {
    let at = at.to_offset(UtcOffset::UTC);
    RestrictedExpression::new_datetime(format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.millisecond()
    ))
}

fn agreement_record(agreement: &Agreement, offset: UtcOffset) -> Result<RestrictedExpression, PolicyError> {
    let state = match agreement.state {
        AgreementState::Requested => "requested",
        AgreementState::Signed => "signed",
        AgreementState::Terminated => "terminated",
    };
    RestrictedExpression::new_record([
        ("id".to_owned(), RestrictedExpression::new_string(agreement.id.clone())),
        ("state".to_owned(), RestrictedExpression::new_string(state.to_owned())),
        ("effective".to_owned(), moment(agreement.effective(offset))),
        ("expires".to_owned(), moment(agreement.expires(offset))),
    ])
    .map_err(|e| PolicyError::Facts(e.to_string()))
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

fn entity(
    uid: EntityUid,
    attributes: HashMap<String, RestrictedExpression>,
    parents: impl IntoIterator<Item = EntityUid>,
) -> Result<Entity, PolicyError> {
    Entity::new(uid, attributes, parents.into_iter().collect::<HashSet<_>>())
        .map_err(|e| PolicyError::Facts(e.to_string()))
}
