//! `asepsis init`: a configuration to start from, and the first key.

use std::fs::OpenOptions;
use std::io::Write;

use anyhow::Context;
use time::OffsetDateTime;

use crate::args::Init;
use crate::config::Config;
use crate::home::Home;
use crate::output;

const TEMPLATE: &str = include_str!("../../templates/asepsis.toml");

pub(crate) fn run(init: &Init) -> anyhow::Result<u8> {
    std::fs::create_dir_all(&init.folder).with_context(|| format!("cannot make {}", init.folder.display()))?;
    let path = init.folder.join("asepsis.toml");
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&path)
        .with_context(|| format!("cannot write {}; it is not overwritten where it is there", path.display()))?;
    file.write_all(TEMPLATE.as_bytes())?;
    file.sync_all()?;
    let config = Config::read(&path)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("cannot start")?;
    let key = runtime.block_on(async {
        let store = Home::of(&config)?.store().await?;
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let (key, _) = store.add_key("first-user", "clinician", Some(now + 365 * 86_400), now).await?;
        store.close().await?;
        anyhow::Ok(key)
    })?;
    output::remark(&format!(
        "{} is written. Read it, enter your AI vendor and its agreement, then run `asepsis check` and `asepsis serve`.\n\
         The first key, for user first-user as clinician, is shown once:",
        path.display()
    ));
    output::line(key.reveal())?;
    Ok(0)
}
