//! `asepsis unlisted`: what was refused because no registered AI system serves it.

use std::path::Path;

use time::OffsetDateTime;

use crate::config::Config;
use crate::home::Home;
use crate::output;
use crate::runtime::block_on;

pub(crate) fn run(path: &Path) -> anyhow::Result<u8> {
    let config = Config::read(path)?;
    block_on(async {
        let store = Home::of(&config)?.store().await?;
        let rows = store.list_unlisted().await?;
        for row in &rows {
            let date =
                |at| OffsetDateTime::from_unix_timestamp(at).map_or_else(|_| "?".to_owned(), |t| t.date().to_string());
            output::line(&format!(
                "{}  {} times, first {}, last {}",
                row.destination,
                row.count,
                date(row.first_seen),
                date(row.last_seen)
            ))?;
        }
        if rows.is_empty() {
            output::line("nothing was refused for want of a registered AI system")?;
        }
        store.close().await?;
        Ok(0)
    })
}
