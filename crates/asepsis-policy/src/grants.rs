//! Who may use an AI system for what: one entity with a tag for each purpose, so that a decision costs the same at ten grants
//! and at a thousand. One policy a grant would cost a millisecond at a thousand.

use std::collections::{BTreeMap, BTreeSet};

use asepsis_vocab::PurposeOfUse;
use cedar_policy::{Entity, RestrictedExpression};

use crate::entities::names;
use crate::system::AiSystem;

/// The tag of the roles that may use the system at all.
const ANY: &str = "*";

/// The grants of one AI system.
#[derive(Clone, Debug)]
pub(crate) struct Grants {
    /// Roles by the code of the purpose, and by `*`.
    cells: BTreeMap<String, BTreeSet<String>>,
    entity: Entity,
}

impl Grants {
    /// The grants of a system. A grant for a purpose is one for its kinds as well.
    pub(crate) fn of(system: &AiSystem) -> Self {
        let mut cells: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let all = system.roles.iter().chain(system.grants.values().flatten()).cloned().collect();
        cells.insert(ANY.to_owned(), all);
        for purpose in PurposeOfUse::STATED {
            let mut roles = BTreeSet::new();
            for kind in purpose.kinds() {
                if system.purposes.contains(&kind) {
                    roles.extend(system.roles.iter().cloned());
                }
                roles.extend(system.grants.get(&kind).into_iter().flatten().cloned());
            }
            if !roles.is_empty() {
                cells.insert(purpose.code().to_owned(), roles);
            }
        }
        Self::from_cells(&system.id, cells)
    }

    /// The grants that are left of a decision in the log: of one role for one purpose.
    pub(crate) fn of_one(system: &str, role: &str, any: bool, purpose: Option<PurposeOfUse>) -> Self {
        let roles = || BTreeSet::from([role.to_owned()]);
        let mut cells = BTreeMap::new();
        cells.extend(any.then(|| (ANY.to_owned(), roles())));
        cells.extend(purpose.map(|purpose| (purpose.code().to_owned(), roles())));
        Self::from_cells(system, cells)
    }

    fn from_cells(system: &str, cells: BTreeMap<String, BTreeSet<String>>) -> Self {
        let names = names();
        let set = |roles: &BTreeSet<String>| {
            RestrictedExpression::new_set(roles.iter().map(|r| RestrictedExpression::new_entity_uid(names.role(r))))
        };
        let tags = cells.iter().map(|(tag, roles)| (tag.clone(), set(roles)));
        let entity = Entity::new_with_tags(names.grants(system), [], [], tags)
            .expect("sets of entities can always be evaluated");
        Self { cells, entity }
    }

    /// As Cedar sees them.
    pub(crate) fn entity(&self) -> Entity {
        self.entity.clone()
    }

    /// Whether the role may use the system at all.
    pub(crate) fn any(&self, role: &str) -> bool {
        self.cells.get(ANY).is_some_and(|roles| roles.contains(role))
    }

    /// Whether the role may use the system for this purpose.
    pub(crate) fn covers(&self, role: &str, purpose: PurposeOfUse) -> bool {
        self.cells.get(purpose.code()).is_some_and(|roles| roles.contains(role))
    }
}
