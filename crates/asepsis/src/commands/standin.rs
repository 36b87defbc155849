//! `asepsis standin`: the stand-in AI vendor by itself.

use anyhow::Context;

use crate::args::Standin;
use crate::commands::serve::stop;
use crate::output;

pub(crate) fn run(standin: &Standin) -> anyhow::Result<u8> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("cannot start threads")?;
    runtime.block_on(async {
        let asked_to_stop = stop()?;
        let vendor = asepsis_standin::Standin::start(standin.listen)
            .await
            .with_context(|| format!("cannot listen on {}", standin.listen))?;
        output::remark(&format!(
            "the stand-in vendor listens on http://{}; GET /__seen tells every byte that it got",
            vendor.address()
        ));
        asked_to_stop.await;
        Ok(0)
    })
}
