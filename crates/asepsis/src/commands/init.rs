//! `asepsis init`: a configuration to start from, and the first key.

mod profile;
mod questions;
mod site;

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::Context;
use time::OffsetDateTime;

use crate::args::Init;
use crate::config::Config;
use crate::home::Home;
use crate::output;
use crate::runtime::block_on;

const TEMPLATE: &str = include_str!("../../templates/asepsis.toml");

pub(crate) fn run(init: &Init) -> anyhow::Result<u8> {
    let path = init.folder.join("asepsis.toml");
    if path.exists() {
        anyhow::bail!("{} is there already, and it is not overwritten; name another folder", path.display());
    }
    let Some(profile) = init.profile else {
        let key = write(&init.folder, &path, TEMPLATE, "clinician")?;
        output::remark(&format!(
            "{} is written. Read it, enter your AI vendor and its agreement, then run `asepsis check` and `asepsis serve`.\n\
             The first key, for user first-user as clinician, is shown once:",
            path.display()
        ));
        output::line(&key)?;
        return Ok(0);
    };
    let profile = profile::of(profile);
    let answers = questions::ask(init, OffsetDateTime::now_utc().date())?;
    let roles = profile.roles();
    let role = roles.first().map_or("clinician", |role| &role.id);
    let key = write(&init.folder, &path, &site::toml(profile, &roles, &answers), role)?;
    output::remark(&format!(
        "{} is written for {}, with the policies `{}`.\n{}\n\
         The first key, for user first-user as {role}, is shown once:",
        path.display(),
        answers.organisation,
        profile.pack,
        site::next(&init.folder, &answers),
    ));
    output::line(&key)?;
    Ok(0)
}

/// Writes the configuration, makes the data directory, and gives the first key.
fn write(folder: &Path, path: &PathBuf, text: &str, role: &str) -> anyhow::Result<String> {
    std::fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(path)
        .with_context(|| format!("cannot write {}; it is not overwritten where it is there", path.display()))?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let config = Config::read(path)?;
    block_on(async {
        let store = Home::of(&config)?.store().await?;
        let now = OffsetDateTime::now_utc().unix_timestamp();
        let (key, _) = store.add_key("first-user", role, Some(now + 365 * 86_400), now).await?;
        store.close().await?;
        Ok(key.reveal().to_owned())
    })
}
