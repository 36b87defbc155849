//! What answers are compared with, beside what was asked: the pharmacy's bounds, lists of codes; and which answers are held.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context;
use asepsis_clinical::{Checks, CodeSystem, Tables};
use asepsis_gateway::Holds;
use serde::Deserialize;

/// `[clinical]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Clinical {
    /// Whether answers are reviewed at all.
    review: bool,
    /// The pharmacy's own table of bounds, in place of the sample that ships.
    bounds_file: Option<PathBuf>,
    /// Lists of codes, by the name of their system.
    codes: BTreeMap<String, PathBuf>,
    /// Which answers are held: `patients`, `all` or `never`.
    hold: Hold,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Hold {
    #[default]
    Patients,
    All,
    Never,
}

impl Default for Clinical {
    fn default() -> Self {
        Self { review: true, bounds_file: None, codes: BTreeMap::new(), hold: Hold::default() }
    }
}

impl Clinical {
    /// What answers are compared with; `None` where they are not. Tables are read here.
    pub(super) fn checks(&self, base: &Path) -> anyhow::Result<Option<Arc<Checks>>> {
        if !self.review {
            return Ok(None);
        }
        let mut tables = match &self.bounds_file {
            None => Tables::shipped(),
            Some(file) => {
                let path = base.join(file);
                let text = std::fs::read_to_string(&path)
                    .with_context(|| format!("[clinical] bounds_file: cannot read {}", path.display()))?;
                Tables::read(&text).with_context(|| format!("[clinical] bounds_file {}", path.display()))?
            }
        };
        for (system, file) in &self.codes {
            let known = CodeSystem::ALL.into_iter().find(|known| known.word() == system);
            let system = known.with_context(|| {
                format!(
                    "[clinical] codes: there is no system `{system}`; there are {}",
                    CodeSystem::ALL.map(CodeSystem::word).join(", ")
                )
            })?;
            let path = base.join(file);
            let opened =
                File::open(&path).with_context(|| format!("[clinical] codes: cannot read {}", path.display()))?;
            tables
                .load_codes(system, BufReader::new(opened))
                .with_context(|| format!("[clinical] codes: {}", path.display()))?;
        }
        Ok(Some(Arc::new(Checks::new(tables))))
    }

    /// Which answers are held.
    pub(super) fn holds(&self) -> Holds {
        match self.hold {
            Hold::Patients => Holds::Patients,
            Hold::All => Holds::All,
            Hold::Never => Holds::Never,
        }
    }
}
