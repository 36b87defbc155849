//! `asepsis witness`: cosigns what goes on, and refuses what goes back.

use std::path::Path;

use anyhow::Context;
use asepsis_log::VerifierKey;
use asepsis_witness::{Limits, Server, Witness};

use crate::args;
use crate::commands::serve::{runtime, stop};
use crate::output;

pub(crate) fn run(asked: &args::Witness) -> anyhow::Result<u8> {
    let mut logs = Vec::new();
    for key in &asked.logs {
        let text = match Path::new(key) {
            path if path.exists() => {
                std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?
            }
            _ => key.clone(),
        };
        let keys = VerifierKey::list(&text).with_context(|| format!("--log {key}"))?;
        anyhow::ensure!(
            keys.iter().all(|key| key.kind().is_log()),
            "--log {key}: that is a witness's key, not a log's"
        );
        logs.extend(keys);
    }
    runtime()?.block_on(async {
        let asked_to_stop = stop()?;
        let witness = Witness::open(&asked.data, &asked.name, logs).await?;
        for key in witness.verifier_keys() {
            output::line(&key.to_string())?;
        }
        let server = Server::bind(witness.clone(), Limits::default(), asked.listen)
            .await
            .with_context(|| format!("cannot listen on {}; is another witness running?", asked.listen))?;
        let origins: Vec<&str> = witness.origins().collect();
        output::remark(&format!(
            "the witness {} knows {}; the lines above are its keys, for the policies of logs and auditors; it listens on http://{}",
            witness.name(),
            origins.join(", "),
            server.address()?
        ));
        server.run(asked_to_stop).await;
        Ok(0)
    })
}
