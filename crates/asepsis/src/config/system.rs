//! AI systems, as the configuration and the store have them: what is known of them, and how they are reached.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use asepsis_exchange::Rendering;
use asepsis_gateway::{Protocol, SystemRoute};
use asepsis_policy::{AiSystem, AiUse, Fact, FactSheet, Status};
use asepsis_vocab::{DisclosureForm, PurposeOfUse};
use serde::Deserialize;
use zeroize::Zeroizing;

/// An AI system: what is known of it, and how it is reached.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct System {
    /// The id in the register.
    pub(crate) id: String,
    vendor: String,
    protocol: ProtocolName,
    base_url: String,
    #[serde(default)]
    key_env: Option<String>,
    #[serde(default)]
    key_file: Option<PathBuf>,
    pub(super) models: Vec<String>,
    roles: BTreeSet<String>,
    purposes: BTreeSet<PurposeOfUse>,
    #[serde(default)]
    pub(super) default_purpose: PurposeOfUse,
    #[serde(default = "usual_forms")]
    pub(super) forms: Vec<DisclosureForm>,
    #[serde(default)]
    surrogates: SurrogateLook,
    /// Known by name only to be refused with the reason: the form decides what becomes of dates.
    #[serde(default)]
    dates: Option<String>,
    /// Further roles for single purposes.
    #[serde(default)]
    grants: BTreeMap<PurposeOfUse, BTreeSet<String>>,
    #[serde(default)]
    status: Fact<Status>,
    #[serde(default)]
    stopped: bool,
    #[serde(default)]
    retention_days: Fact<u32>,
    #[serde(default)]
    trains_on_data: Fact<bool>,
    #[serde(default)]
    regions: Fact<BTreeSet<String>>,
    #[serde(default)]
    patient_facing: Fact<bool>,
    #[serde(default)]
    zones: BTreeSet<String>,
    #[serde(default)]
    owner: Option<String>,
    /// What it may be used for, the usual use first.
    #[serde(default)]
    uses: Vec<String>,
    /// What more is known.
    #[serde(default)]
    facts: FactSheet,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ProtocolName {
    OpenAi,
    Anthropic,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum SurrogateLook {
    #[default]
    Placeholder,
    Realistic,
    /// Computed from the identifier: known by name only to be refused with the reason.
    Derived,
}

fn usual_forms() -> Vec<DisclosureForm> {
    vec![DisclosureForm::Pseudonymised, DisclosureForm::Deidentified]
}

/// Checks each system, and that no model has two.
///
/// # Errors
/// The first problem, with where the system stands.
pub(crate) fn check_all(systems: &[(System, String)]) -> anyhow::Result<()> {
    let mut served = Served::default();
    for (system, place) in systems {
        system.check().with_context(|| place.clone())?;
        served.add(system, place)?;
    }
    Ok(())
}

/// Which models have their system.
#[derive(Default)]
pub(crate) struct Served(BTreeMap<String, (String, String)>);

impl Served {
    /// Adds the models of a system that stands at `place`.
    ///
    /// # Errors
    /// That a model has another system already.
    pub(crate) fn add(&mut self, system: &System, place: &str) -> anyhow::Result<()> {
        for model in &system.models {
            let here = (system.id.clone(), place.to_owned());
            if let Some((other, there)) = self.0.insert(model.clone(), here) {
                bail!(
                    "model `{model}` stands in system `{other}` ({there}) and `{}` ({place}); a model has one system",
                    system.id
                );
            }
        }
        Ok(())
    }
}

impl System {
    /// What is known of it.
    pub(crate) fn facts(&self) -> AiSystem {
        AiSystem {
            id: self.id.clone(),
            vendor: self.vendor.clone(),
            roles: self.roles.clone(),
            purposes: self.purposes.clone(),
            grants: self.grants.clone(),
            status: self.status.clone(),
            stopped: self.stopped,
            retention_days: self.retention_days.clone(),
            trains_on_data: self.trains_on_data.clone(),
            regions: self.regions.clone(),
            patient_facing: self.patient_facing.clone(),
            zones: self.zones.clone(),
            owner: self.owner.clone(),
            facts: self.facts.clone(),
        }
    }

    /// Whether it can be used, by itself.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        if self.purposes.contains(&PurposeOfUse::Unknown) || self.grants.contains_key(&PurposeOfUse::Unknown) {
            bail!("system `{}`: `purposes` names those that it is approved for, and UNKNOWN is none", self.id);
        }
        if self.models.is_empty() {
            bail!("system `{}` has no models; name at least one", self.id);
        }
        if self.forms.is_empty() || !self.forms.windows(2).all(|w| w[0] > w[1]) {
            bail!("system `{}`: forms must go from the richest to the poorest, each once", self.id);
        }
        if self.key_env.is_some() && self.key_file.is_some() {
            bail!("system `{}` has key_env and key_file; give one of them", self.id);
        }
        self.claims_truly()?;
        self.uses()?;
        self.address().map(drop)
    }

    /// What it may be used for.
    pub(super) fn uses(&self) -> anyhow::Result<Vec<&'static AiUse>> {
        let named = |name: &String| AiUse::named(name).with_context(|| format!("system `{}`: uses", self.id));
        let uses = self.uses.iter().map(named).collect::<anyhow::Result<Vec<_>>>()?;
        if let Some(none) = uses.iter().find(|known| known.forms(&self.forms).is_empty()) {
            bail!(
                "system `{}`: the use `{none}` takes none of its forms; see data/uses.toml in the documentation of policy",
                self.id
            );
        }
        Ok(uses)
    }

    /// Refuses what would make the label "deidentified" false, or any label of Safe Harbor.
    fn claims_truly(&self) -> anyhow::Result<()> {
        if matches!(self.surrogates, SurrogateLook::Derived) {
            bail!(
                "system `{}`: surrogates = \"derived\" is refused: a code that is computed from the identifier is derived from \
                 information about the individual (45 CFR 164.514(c)), so data that bears it is not de-identified; use \
                 \"placeholder\" or \"realistic\", which are random",
                self.id
            );
        }
        match self.dates.as_deref() {
            None => Ok(()),
            Some("shifted") => bail!(
                "system `{}`: dates = \"shifted\" is refused: Safe Harbor removes all elements of dates but the year (45 CFR \
                 164.514(b)(2)(i)(C)), and a shifted date is one; it would take an expert's determination (164.514(b)(1)). \
                 Leave `dates` out: limited keeps dates, the other forms do not",
                self.id
            ),
            Some(_) => bail!("system `{}`: leave `dates` out; the form decides what becomes of dates", self.id),
        }
    }

    fn address(&self) -> anyhow::Result<http::Uri> {
        let uri: http::Uri = self
            .base_url
            .parse()
            .with_context(|| format!("system `{}`: base_url must look like https://api.example.com", self.id))?;
        let loopback = is_loopback(&uri);
        match uri.scheme_str() {
            Some("https") => Ok(uri),
            Some("http") if loopback => Ok(uri),
            Some("http") => bail!(
                "system `{}`: base_url would send patient data in plain text beyond this machine (45 CFR \
                 164.312(e)(1)); use https",
                self.id
            ),
            _ => bail!("system `{}`: base_url must begin with https://", self.id),
        }
    }

    /// Whether the address is one of a network that the internet does not reach: of this machine, a private one (RFC 1918, RFC 4193),
    /// or a name of the kind that only an organisation's own servers resolve (RFC 6762, RFC 8375, ICANN's `.internal`).
    pub(crate) fn looks_inside(&self) -> bool {
        const ENDINGS: [&str; 5] = [".internal", ".local", ".home.arpa", ".lan", ".intranet"];
        let Ok(uri) = self.address() else { return false };
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_ascii_lowercase();
        match host.parse::<std::net::IpAddr>() {
            Ok(std::net::IpAddr::V4(v4)) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
            Ok(std::net::IpAddr::V6(v6)) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
            Err(_) => !host.contains('.') || ENDINGS.iter().any(|ending| host.ends_with(ending)),
        }
    }

    /// The key that the gateway shows there.
    pub(crate) fn key(&self, base: &Path) -> anyhow::Result<Option<Zeroizing<String>>> {
        let key = match (&self.key_env, &self.key_file) {
            (Some(name), _) => Some(std::env::var(name).map_err(|_| {
                anyhow::anyhow!("system `{}`: the environment variable {name} (key_env) is not set", self.id)
            })?),
            (None, Some(path)) => Some(std::fs::read_to_string(base.join(path)).with_context(|| {
                format!("system `{}`: cannot read key_file {}", self.id, base.join(path).display())
            })?),
            (None, None) => None,
        };
        Ok(key.map(|k| Zeroizing::new(k.trim().to_owned())))
    }

    /// How it is reached. Its key is read here.
    pub(crate) fn route(&self, base: &Path) -> anyhow::Result<SystemRoute> {
        Ok(SystemRoute {
            id: self.id.clone(),
            protocol: match self.protocol {
                ProtocolName::OpenAi => Protocol::OpenAi,
                ProtocolName::Anthropic => Protocol::Anthropic,
            },
            base_url: self.address()?,
            key: self.key(base)?,
            models: self.models.clone(),
            default_purpose: self.default_purpose,
            forms: self.forms.clone(),
            rendering: match self.surrogates {
                // Derived ones were refused when the configuration was read.
                SurrogateLook::Placeholder | SurrogateLook::Derived => Rendering::Placeholder,
                SurrogateLook::Realistic => Rendering::Realistic,
            },
            uses: self.uses()?,
        })
    }
}

/// Whether the address is on this machine.
pub(super) fn is_loopback(uri: &http::Uri) -> bool {
    uri.host().is_some_and(|h| {
        h == "localhost" || h.trim_matches(['[', ']']).parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
    })
}
