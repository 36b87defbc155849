//! `asepsis rules`: the usage policy, and who accepted it.

use std::path::Path;

use anyhow::{Context, bail};
use asepsis_conduct::{ATTESTATION, Accepted, MOST_RULES, RULES, Rules, USAGE};
use asepsis_store::{Change, Store};
use serde_json::json;

use crate::args::{RulesAction, RulesCommand};
use crate::commands::training::everybody;
use crate::config::Config;
use crate::home::Home;
use crate::output;
use crate::people::change;
use crate::runtime::block_on;

pub(crate) fn run(path: &Path, rules: &RulesCommand) -> anyhow::Result<u8> {
    let config = Config::read(path)?;
    block_on(act(&config, rules))
}

async fn act(config: &Config, command: &RulesCommand) -> anyhow::Result<u8> {
    let home = Home::of(config)?;
    let store = home.store().await?;
    let rules = current(&store).await?;
    match &command.action {
        RulesAction::Show => {
            let known = json!({"version": rules.version, "sha256": rules.sha256(), "text": rules.text});
            output::line(&if command.json { known.to_string() } else { rules.text.clone() })?;
            Ok(0)
        }
        RulesAction::Set { file, basis } => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("cannot read {} as text in UTF-8", file.display()))?;
            if text.trim().is_empty() || text.len() > MOST_RULES {
                bail!("{} has {} bytes; a usage policy has 1 to {MOST_RULES}", file.display(), text.len());
            }
            let set = Change::set(RULES, USAGE, Rules::body(&text)).expecting(rules.version);
            change(&home, &store, "cli.rules.set", vec![set], Some(basis)).await?;
            store.close().await?;
            output::remark("the rules are set; everybody is asked again before names go to an AI system");
            Ok(0)
        }
        RulesAction::Status => {
            let mut older = false;
            for record in everybody(&store, ATTESTATION, None).await? {
                let accepted = Accepted::read(&record.body)
                    .with_context(|| format!("the record {ATTESTATION}/{}@{}", record.id, record.version))?;
                let holds = accepted.version == rules.version && accepted.sha256 == rules.sha256();
                older |= !holds;
                let known = json!({"user": record.id, "version": accepted.version, "counts": holds});
                let state = if holds { "accepted the present rules" } else { "accepted older rules" };
                let line = format!("{}  {state} (version {})", record.id, accepted.version);
                output::line(&if command.json { known.to_string() } else { line })?;
            }
            Ok(u8::from(older))
        }
    }
}

async fn current(store: &Store) -> anyhow::Result<Rules> {
    match store.record(RULES, USAGE).await? {
        None => Ok(Rules::default()),
        Some(record) => Ok(Rules::read(record.version, &record.body)
            .with_context(|| format!("the record {RULES}/{USAGE}@{}", record.version))?),
    }
}
