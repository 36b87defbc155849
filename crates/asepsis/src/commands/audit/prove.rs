use anyhow::Context;
use asepsis_log::ParsedCheckpoint;
use asepsis_log::proof::{Consistency, TlogProof};
use asepsis_log::search;

use super::Place;
use crate::args::Prove;
use crate::output;

pub(crate) fn run(place: &Place<'_>, asked: &Prove) -> anyhow::Result<u8> {
    let log = place.log(asked.folder.as_ref())?;
    let text = match (&asked.since, asked.index) {
        (Some(since), _) => {
            let old = ParsedCheckpoint::new(super::read(since)?.as_bytes())
                .with_context(|| format!("{} cannot be gone on from", since.display()))?;
            Consistency::since(&log.dir, old.size())?.to_text()
        }
        (None, Some(index)) => {
            let proof = TlogProof::of_entry(&log.dir, index)?;
            let entry = place.wait(search::entry(&log, index))??;
            let entry = entry.with_context(|| format!("entry {index} is not there any more: it was pruned"))?;
            proof.check(&entry.bytes)?;
            if let Some(path) = &asked.entry {
                std::fs::write(path, &entry.bytes).with_context(|| format!("cannot write {}", path.display()))?;
            }
            proof.to_text()
        }
        (None, None) => anyhow::bail!("name the entry by its index, or an older checkpoint with --since"),
    };
    output::line(text.trim_end_matches('\n'))?;
    Ok(0)
}
