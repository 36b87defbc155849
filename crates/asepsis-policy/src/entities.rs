//! What policies are told, as Cedar sees it. Built natively: going through JSON costs several times the decision itself.

use std::collections::{HashMap, HashSet};
use std::sync::{LazyLock, Mutex, PoisonError};

use cedar_policy::{Context, Entity, EntityId, EntityTypeName, EntityUid, RestrictedExpression};
use time::{OffsetDateTime, UtcOffset};

use crate::PolicyError;
use crate::clock;
use crate::grants::Grants;
use crate::inputs::{Contract, Inputs};
use crate::pack::Settings;

/// The names of the entity types, parsed once.
pub(crate) struct Names {
    user: EntityTypeName,
    role: EntityTypeName,
    device: EntityTypeName,
    zone: EntityTypeName,
    vendor: EntityTypeName,
    agreement: EntityTypeName,
    grants: EntityTypeName,
    system: EntityTypeName,
    dataset: EntityTypeName,
    interface: EntityTypeName,
    action: EntityTypeName,
}

static NAMES: LazyLock<Names> = LazyLock::new(|| {
    let name = |text: &str| format!("Asepsis::{text}").parse().expect("a fixed name of the schema is a valid name");
    Names {
        user: name("User"),
        role: name("Role"),
        device: name("Device"),
        zone: name("Zone"),
        vendor: name("Vendor"),
        agreement: name("Agreement"),
        grants: name("Grants"),
        system: name("System"),
        dataset: name("Dataset"),
        interface: name("Interface"),
        action: name("Action"),
    }
});

/// The names of the entity types.
pub(crate) fn names() -> &'static Names {
    &NAMES
}

impl Names {
    pub(crate) fn user(&self, id: &str) -> EntityUid {
        uid(&self.user, id)
    }

    pub(crate) fn role(&self, id: &str) -> EntityUid {
        uid(&self.role, id)
    }

    pub(crate) fn grants(&self, id: &str) -> EntityUid {
        uid(&self.grants, id)
    }

    pub(crate) fn system(&self, id: &str) -> EntityUid {
        uid(&self.system, id)
    }

    pub(crate) fn device(&self, id: &str) -> EntityUid {
        uid(&self.device, id)
    }

    pub(crate) fn dataset(&self, id: &str) -> EntityUid {
        uid(&self.dataset, id)
    }

    pub(crate) fn interface(&self, id: &str) -> EntityUid {
        uid(&self.interface, id)
    }

    pub(crate) fn action(&self, id: &str) -> EntityUid {
        uid(&self.action, id)
    }
}

type Attributes = Vec<(String, RestrictedExpression)>;

/// All that a decision looks at.
pub(crate) fn entities(inputs: &Inputs, user: &str, grants: &Grants) -> Result<Vec<Entity>, PolicyError> {
    let mut entities = of_user(inputs, user)?;
    entities.extend(of_system(inputs, grants)?);
    Ok(entities)
}

/// The user, and what the user works with.
pub(crate) fn of_user(inputs: &Inputs, user: &str) -> Result<Vec<Entity>, PolicyError> {
    let names = names();
    let mut entities = Vec::with_capacity(3);
    let role = names.role(&inputs.role);
    entities.push(entity(role.clone(), vec![], [])?);

    let device = names.device(user);
    let mut attributes: Attributes = Vec::with_capacity(6);
    add(&mut attributes, "managed", inputs.managed_device.map(RestrictedExpression::new_bool));
    if let Some(zone) = &inputs.zone {
        attributes.push(("zone".to_owned(), reference(uid(&names.zone, zone))));
    }
    entities.push(entity(device.clone(), attributes, [])?);
    let mut attributes: Attributes = vec![
        ("role".to_owned(), reference(role.clone())),
        ("device".to_owned(), reference(device)),
        ("may_restore".to_owned(), RestrictedExpression::new_bool(inputs.may_restore)),
        ("may_administer".to_owned(), RestrictedExpression::new_bool(inputs.may_administer)),
    ];
    add(&mut attributes, "training", inputs.training.map(RestrictedExpression::new_bool));
    add(&mut attributes, "attestation", inputs.attestation.map(RestrictedExpression::new_bool));
    entities.push(entity(names.user(user), attributes, [role])?);
    Ok(entities)
}

/// The system with its grants, its vendor, and their agreements.
pub(crate) fn of_system(inputs: &Inputs, grants: &Grants) -> Result<Vec<Entity>, PolicyError> {
    let names = names();
    let mut entities = Vec::with_capacity(6);
    let vendor = uid(&names.vendor, &inputs.vendor);
    let mut attributes: Attributes = Vec::new();
    add(&mut attributes, "status", inputs.vendor_status.map(|status| text(status.name())));
    entities.push(entity(vendor.clone(), attributes, [])?);
    let mut attributes: Attributes = vec![
        ("vendor".to_owned(), reference(vendor.clone())),
        ("grants".to_owned(), reference(names.grants(&inputs.system))),
        ("stopped".to_owned(), RestrictedExpression::new_bool(inputs.stopped)),
        (
            "zones".to_owned(),
            RestrictedExpression::new_set(inputs.zones.iter().map(|zone| reference(uid(&names.zone, zone)))),
        ),
    ];
    for (name, contract) in [("baa", &inputs.baa), ("dua", &inputs.dua), ("qsoa", &inputs.qsoa)] {
        if let Some(contract) = contract {
            // Two kinds of one vendor may bear the same id.
            let contract_uid = uid(&names.agreement, &format!("{name}:{}", contract.id));
            attributes.push((name.to_owned(), reference(contract_uid.clone())));
            entities.push(entity(contract_uid, agreement(contract), [])?);
        }
    }
    add(&mut attributes, "status", inputs.system_status.map(|status| text(status.name())));
    add(&mut attributes, "retention_days", inputs.retention_days.map(|d| RestrictedExpression::new_long(d.into())));
    add(&mut attributes, "trains_on_data", inputs.trains_on_data.map(RestrictedExpression::new_bool));
    add(&mut attributes, "patient_facing", inputs.patient_facing.map(RestrictedExpression::new_bool));
    add(&mut attributes, "regions", inputs.regions.as_ref().map(texts));
    entities.push(entity(names.system(&inputs.system), attributes, [vendor])?);
    entities.push(grants.entity());
    Ok(entities)
}

/// What a disclosure is asked with. `bounded`: the policies look at the moment only to compare it with the bounds of agreements.
pub(crate) fn exchange(inputs: &Inputs, settings: &Settings, bounded: bool) -> Result<Context, PolicyError> {
    let mut pairs: Attributes = vec![
        ("now".to_owned(), if bounded { bound(clock::representative(inputs)) } else { moment(inputs.now) }),
        ("purpose".to_owned(), text(inputs.purpose.code())),
        (
            "purposes".to_owned(),
            RestrictedExpression::new_set(inputs.purpose.kinds().map(|purpose| text(purpose.code()))),
        ),
        ("classes".to_owned(), RestrictedExpression::new_set(inputs.classes.iter().map(|c| text(c.label())))),
        ("assurance".to_owned(), text(if inputs.full_assurance { "full" } else { "first_layer" })),
        ("first_layer_accepted".to_owned(), RestrictedExpression::new_bool(inputs.first_layer_accepted)),
        ("authorizations".to_owned(), texts(&inputs.authorizations)),
        ("break_glass".to_owned(), RestrictedExpression::new_bool(inputs.break_glass)),
        ("limits".to_owned(), limits(inputs, settings)?),
    ];
    let labels = inputs.labels.as_ref().map(|labels| {
        let kinds: std::collections::BTreeSet<&str> =
            labels.iter().flat_map(|label| label.kinds()).map(asepsis_vocab::Label::code).collect();
        RestrictedExpression::new_set(kinds.into_iter().map(text))
    });
    add(&mut pairs, "labels", labels);
    add(&mut pairs, "individuals", inputs.individuals.map(|n| RestrictedExpression::new_long(n.into())));
    add(&mut pairs, "injection", inputs.injection.map(|score| RestrictedExpression::new_long(score.into())));
    add(&mut pairs, "credentials", inputs.credentials.map(RestrictedExpression::new_bool));
    add(&mut pairs, "reviewed", inputs.reviewed.map(RestrictedExpression::new_bool));
    context(pairs)
}

pub(crate) fn limits(inputs: &Inputs, settings: &Settings) -> Result<RestrictedExpression, PolicyError> {
    RestrictedExpression::new_record([
        ("retention_days".to_owned(), RestrictedExpression::new_long(settings.retention_days.into())),
        ("individuals".to_owned(), RestrictedExpression::new_long(settings.individuals.into())),
        ("injection".to_owned(), RestrictedExpression::new_long(settings.injection.into())),
        ("release_tainted".to_owned(), RestrictedExpression::new_bool(settings.release_tainted)),
        ("regions".to_owned(), texts(&inputs.allowed_regions)),
    ])
    .map_err(|e| PolicyError::Facts(e.to_string()))
}

pub(crate) fn context(pairs: Attributes) -> Result<Context, PolicyError> {
    Context::from_pairs(pairs).map_err(|e| PolicyError::Facts(e.to_string()))
}

/// Moments that are kept as Cedar sees them; where they are more, all are forgotten.
const MOST_MOMENTS: usize = 1024;

/// A bound of an agreement, or a moment that stands for all between two, as Cedar's `datetime`. Making one parses the name of the constructor, which costs as much as the
/// evaluation of some rules, and the bounds are the same from one decision to the next.
fn bound(millis: i64) -> RestrictedExpression {
    static KEPT: LazyLock<Mutex<HashMap<i64, RestrictedExpression>>> = LazyLock::new(Mutex::default);
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() >= MOST_MOMENTS {
        kept.clear();
    }
    kept.entry(millis).or_insert_with(|| moment(millis)).clone()
}

/// A moment as Cedar's `datetime`.
pub(crate) fn moment(millis: i64) -> RestrictedExpression {
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(millis) * 1_000_000)
        .unwrap_or(time::macros::datetime!(9999-01-01 0:00 UTC))
        .to_offset(UtcOffset::UTC);
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

pub(crate) fn text(text: &str) -> RestrictedExpression {
    RestrictedExpression::new_string(text.to_owned())
}

fn texts<'t>(items: impl IntoIterator<Item = &'t String>) -> RestrictedExpression {
    RestrictedExpression::new_set(items.into_iter().map(|item| text(item)))
}

pub(crate) fn reference(uid: EntityUid) -> RestrictedExpression {
    RestrictedExpression::new_entity_uid(uid)
}

/// Adds a fact where it is known.
pub(crate) fn add(attributes: &mut Attributes, name: &str, value: Option<RestrictedExpression>) {
    attributes.extend(value.map(|value| (name.to_owned(), value)));
}

fn agreement(contract: &Contract) -> Attributes {
    vec![
        ("state".to_owned(), text(contract.state.name())),
        ("effective".to_owned(), bound(contract.effective)),
        ("expires".to_owned(), bound(contract.expires)),
    ]
}

fn uid(kind: &EntityTypeName, id: &str) -> EntityUid {
    EntityUid::from_type_name_and_id(kind.clone(), EntityId::new(id))
}

pub(crate) fn entity(
    uid: EntityUid,
    attributes: Attributes,
    parents: impl IntoIterator<Item = EntityUid>,
) -> Result<Entity, PolicyError> {
    Entity::new(uid, attributes.into_iter().collect::<HashMap<_, _>>(), parents.into_iter().collect::<HashSet<_>>())
        .map_err(|e| PolicyError::Facts(e.to_string()))
}
