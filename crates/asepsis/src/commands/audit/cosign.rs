use std::path::Path;

use anyhow::Context;
use asepsis_witness::{Cosigning, Options};

use super::Place;
use super::verify::policy;
use crate::args::Cosign;
use crate::commands::serve::{runtime, stop};
use crate::output;

/// A policy of this name in the data directory has the gateway's log cosigned while the gateway runs.
const POLICY: &str = "tlog-policy";

pub(crate) fn run(place: &Place<'_>, asked: &Cosign) -> anyhow::Result<u8> {
    let folder = place.folder(asked.folder.as_ref())?;
    let mut cosigning = begin(&folder, &asked.policy)?;
    if !asked.once {
        return runtime()?.block_on(async {
            let asked_to_stop = stop()?;
            tokio::select! {
                () = cosigning.run() => {}
                () = asked_to_stop => {}
            }
            Ok(0)
        });
    }
    let round = runtime()?.block_on(cosigning.round())?;
    for url in &round.cosigned {
        output::line(&format!("COSIGNED by {url}"))?;
    }
    for error in &round.failed {
        output::line(&format!("{}  {error}", if error.is_alarm() { "ALARM  " } else { "AWAY   " }))?;
    }
    let reached = round.quorum == Some(true);
    output::line(if reached { "QUORUM   reached" } else { "QUORUM   not reached" })?;
    Ok(u8::from(!reached))
}

/// Lets the gateway's log be cosigned while the gateway runs, where the data directory has a policy.
pub(crate) fn beside(data_dir: &Path) -> anyhow::Result<()> {
    let policy = data_dir.join(POLICY);
    if policy.exists() {
        tokio::spawn(begin(&data_dir.join("log"), &policy)?.run());
    }
    Ok(())
}

fn begin(folder: &Path, path: &Path) -> anyhow::Result<Cosigning> {
    let policy = policy(path)?;
    anyhow::ensure!(
        policy.witnesses().iter().any(|witness| witness.url.is_some()),
        "{}: no witness has an address; a line is `witness NAME VKEY URL`",
        path.display()
    );
    Cosigning::new(folder, policy, Options::default()).context("cannot set up TLS")
}
