//! `asepsis check`: explains the configuration.

use std::path::Path;

use asepsis_phi::Assurance;
use asepsis_policy::{ContentFacts, Facts};
use asepsis_vocab::DisclosureForm;
use time::{Duration, OffsetDateTime};

use crate::config::{Config, sections};
use crate::output;
use crate::registers::joined_blocking;

/// Days before the end of an agreement from which on it is mentioned.
const NOTICE: Duration = Duration::days(30);

/// What is said where nobody could say yes at the console.
pub(crate) const NOBODY_RELEASES: &str = "no role may release what an AI system wants to change, so nobody can at the console: give one \
                                          `release = [\"write\", \"record\"]` under [[role]] (docs/releases.md)";

pub(crate) fn run(path: &Path) -> anyhow::Result<u8> {
    let config = Config::read(path)?;
    let (engine, policy) = (config.engine()?, config.policy()?);
    config.known()?;
    let now = OffsetDateTime::now_utc();
    output::line(&format!("{} is valid", path.display()))?;
    output::line(&format!("listens on {}", config.listen()))?;
    output::line(&format!("keeps its data in {}", config.data_dir().display()))?;
    output::line(&format!("decides by the policies {}", policy.version()))?;
    output::line(&format!(
        "a running gateway takes {} anew on SIGHUP; all else counts from its next start on",
        sections::LIVE.join(", ")
    ))?;
    let (config, unread) = match joined_blocking(&config) {
        Ok(joined) => (joined, None),
        // The server's password may be set where the gateway runs and not here.
        Err(error) => (config, Some(format!("the registers in the store cannot be used: {error:#}"))),
    };
    let mut warnings = config.missing_keys();
    warnings.extend(unread);
    match config.server() {
        Ok(Some(server)) => {
            let how = if server.is_by_tls() { "by TLS" } else { "in plain text" };
            output::line(&format!(
                "keeps its databases on {server}, {how}; files of keys, tiles and checkpoints of logs, and cursors of streams stay in \
                 the data directory"
            ))?;
        }
        Ok(None) => {}
        // The password may be set where the gateway runs and not here.
        Err(error) => warnings.push(format!("{error:#}")),
    }
    for (id, models, forms, purpose) in config.routes() {
        let Some(system) = config.register.system(id) else { continue };
        output::line("")?;
        output::line(&format!("AI system {id} of {}: models {}", system.vendor, models.join(", ")))?;
        for role in &system.roles {
            let facts = Facts {
                user: "check",
                role,
                system,
                purpose,
                classes: Default::default(),
                content: ContentFacts { individuals: Some(1), ..ContentFacts::default() },
                whereabouts: asepsis_policy::Whereabouts::default(),
                full_assurance: engine.assurance() == Assurance::Full,
                first_layer_accepted: config.first_layer_accepted(),
                now,
            };
            let decision = policy.decide(&config.register, &facts, forms)?;
            let restore =
                if decision.restore { "answers come back with the originals" } else { "answers keep surrogates" };
            let line = match decision.form {
                DisclosureForm::Nothing => format!("    {role}: nothing goes. {}", decision.staff_message()),
                form => format!("    {role}: {form} for {purpose}; {restore}"),
            };
            output::line(&line)?;
        }
    }
    let configured = config.configured_policy()?;
    if configured.version() != policy.version() {
        warnings.push(format!(
            "the policies that decide are {}, and this file names others ({}): `asepsis policy diff`, then `asepsis policy apply`",
            policy.version(),
            configured.version()
        ));
    }
    if config.pack_name() == "core" {
        warnings.push(
            "[policy] names no pack, so only the ladder of disclosure decides: `pack = \"us-provider\"` also asks for approved \
             vendors, training, devices and the like (docs/policy.md)"
                .to_owned(),
        );
    }
    for problem in configured.warnings() {
        warnings.push(problem.to_string());
    }
    for vendor in config.register.vendors() {
        for agreement in &vendor.agreements {
            let ends = agreement.expires(config.offset);
            if !agreement.in_force(now, config.offset) {
                warnings.push(format!("agreement `{}` with {} is not in force", agreement.id, vendor.name));
            } else if ends - now < NOTICE {
                warnings.push(format!(
                    "agreement `{}` with {} ends in {} days",
                    agreement.id,
                    vendor.name,
                    (ends - now).whole_days()
                ));
            }
        }
    }
    if let Some(held) = config.releases()? {
        let who: Vec<&str> = config.releasing().map(|role| role.id.as_str()).collect();
        let second = if held.second_person { ", never the one who asked" } else { "" };
        output::line("")?;
        output::line(&format!(
            "what an AI system wants to change is held for a person for {} s{second}",
            held.lapses.as_secs()
        ))?;
        if who.is_empty() {
            warnings.push(NOBODY_RELEASES.to_owned());
        } else {
            output::line(&format!("    released by the roles {}", who.join(", ")))?;
        }
    }
    for id in config.inside_by_word_alone() {
        warnings.push(format!(
            "system `{id}`: no_outside_party says that nobody but your own people gets at what it is given, so no agreement is asked \
             for, and its address does not look like one of your own network: be sure of it"
        ));
    }
    if config.first_layer_accepted() {
        warnings.push(
            "accept_first_layer is on: text may be labelled deidentified though a profile that may leave names looked at it"
                .to_owned(),
        );
    }
    warnings.extend(config.reach().warning().map(str::to_owned));
    warnings.push("the audit log has no outside anchor: copy its `checkpoint` elsewhere from time to time".to_owned());
    output::line("")?;
    for warning in &warnings {
        output::line(&format!("warning: {warning}"))?;
    }
    Ok(0)
}
