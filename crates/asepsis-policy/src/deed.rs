//! What is asked where something other than a disclosure is to be done.

use cedar_policy::{Context, Entity, EntityUid, RestrictedExpression};

use crate::PolicyError;
use crate::case::Deed;
use crate::entities::{add, context, entities, entity, limits, moment, names, reference, text};
use crate::inputs::Inputs;
use crate::pack::Settings;

/// A question for Cedar.
pub(crate) struct Asked {
    pub(crate) resource: EntityUid,
    pub(crate) context: Context,
    pub(crate) entities: Vec<Entity>,
}

pub(crate) fn asked(inputs: &Inputs, user: &str, deed: &Deed, settings: &Settings) -> Result<Asked, PolicyError> {
    let mut known = entities(inputs, user, &inputs.grants())?;
    let yes = RestrictedExpression::new_bool;
    let mut pairs = vec![("now".to_owned(), moment(inputs.now))];
    let resource = match deed {
        Deed::Reveal { second_person } => {
            pairs.push(("purpose".to_owned(), text(inputs.purpose.code())));
            pairs.push(("second_person".to_owned(), yes(*second_person)));
            names().system(&inputs.system)
        }
        Deed::CallTool(call) => {
            pairs.push(("purpose".to_owned(), text(inputs.purpose.code())));
            pairs.push(("approved".to_owned(), yes(call.approved)));
            pairs.push(("limits".to_owned(), limits(inputs, settings)?));
            add(&mut pairs, "effect", call.effect.map(|effect| text(effect.name())));
            add(&mut pairs, "network", call.network.map(yes));
            add(&mut pairs, "tainted", call.tainted.map(yes));
            add(&mut pairs, "after_read", call.after_read.map(yes));
            add(&mut pairs, "covered", call.covered.map(yes));
            let score = inputs.injection.map(|score| RestrictedExpression::new_long(score.into()));
            add(&mut pairs, "injection", score);
            names().system(&inputs.system)
        }
        Deed::CommandDevice { approved, in_bounds } => {
            pairs.push(("approved".to_owned(), yes(*approved)));
            add(&mut pairs, "in_bounds", in_bounds.map(yes));
            names().device(user)
        }
        Deed::ReadRecord => {
            pairs.push(("purpose".to_owned(), text(inputs.purpose.code())));
            pairs.push(("break_glass".to_owned(), yes(inputs.break_glass)));
            let authorizations = inputs.authorizations.iter().map(|a| text(a));
            pairs.push(("authorizations".to_owned(), RestrictedExpression::new_set(authorizations)));
            let dataset = names().dataset(&inputs.system);
            let roles = inputs.role_granted.then(|| reference(names().role(&inputs.role)));
            let mut attributes = vec![("roles".to_owned(), RestrictedExpression::new_set(roles))];
            let labels = inputs.labels.as_ref().map(|labels| {
                let kinds: std::collections::BTreeSet<_> = labels.iter().flat_map(|label| label.kinds()).collect();
                RestrictedExpression::new_set(kinds.into_iter().map(|label| text(label.code())))
            });
            add(&mut attributes, "labels", labels);
            known.push(entity(dataset.clone(), attributes, [])?);
            dataset
        }
        Deed::Administer => {
            let interface = names().interface("asepsis");
            known.push(entity(interface.clone(), vec![], [])?);
            interface
        }
    };
    Ok(Asked { resource, context: context(pairs)?, entities: known })
}
