//! What others say of the same texts.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use serde::Deserialize;

use super::Found;
use crate::text::Sample;

/// The words of `tests/peers/guard/judge.py` for its peers.
const PEERS: [&str; 2] = ["canary", "scanner"];

#[derive(Deserialize)]
struct Said {
    flags: Vec<u8>,
    seconds: Vec<f64>,
}

/// Has the peers judge every text; gives the CPU seconds of each.
pub(super) fn judge(python: &Path, root: &Path, texts: &[Sample], found: &mut [Found]) -> anyhow::Result<Vec<f64>> {
    let script = root.join("tests/peers/guard/judge.py");
    let mut child = Command::new(python)
        .arg(script)
        .args(PEERS)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", python.display()))?;
    let mut input = child.stdin.take().context("the peers have no input")?;
    for sample in texts {
        writeln!(input, "{}", serde_json::json!({ "text": sample.text }))?;
    }
    drop(input);
    let output = child.wait_with_output()?;
    if !output.status.success() {
        bail!("the peers failed: {}", output.status);
    }
    let said: Said = serde_json::from_slice(&output.stdout).context("the peers say something else than was agreed")?;
    if said.flags.len() != found.len() {
        bail!("the peers judged {} of {} texts", said.flags.len(), found.len());
    }
    for (found, flags) in found.iter_mut().zip(said.flags) {
        found.peers = flags;
    }
    Ok(said.seconds)
}
