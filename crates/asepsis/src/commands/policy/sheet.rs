//! `asepsis policy sheet`: the usage sheet.

use asepsis_phi::Assurance;
use asepsis_policy::{Sheet, SheetFacts};
use time::OffsetDateTime;

use crate::config::Config;
use crate::output;

pub(super) fn run(config: &Config, html: bool) -> anyhow::Result<u8> {
    let sheet = of(config)?;
    output::line(if html { sheet.html() } else { sheet.markdown() }.trim_end())?;
    Ok(0)
}

/// The sheet of what decides now.
pub(crate) fn of(config: &Config) -> anyhow::Result<Sheet> {
    let systems =
        config.routes().filter_map(|(id, _, forms, _)| Some((config.register.system(id)?, forms.to_vec()))).collect();
    let facts = SheetFacts {
        register: &config.register,
        systems,
        full_assurance: config.engine()?.assurance() == Assurance::Full,
        first_layer_accepted: config.first_layer_accepted(),
        now: OffsetDateTime::now_utc(),
    };
    Ok(Sheet::of(&config.policy()?, &facts)?)
}
