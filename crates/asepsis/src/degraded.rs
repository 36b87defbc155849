//! The degraded mode: log or vault cannot be written, so nothing leaves. It begins with the exchange whose record could not be
//! stored, and ends with the next start. It is recorded as soon as the log can be written again.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::Duration;

use asepsis_exchange::Plane;
use asepsis_log::act_event;
use asepsis_vocab::{Act, ActKind};
use time::OffsetDateTime;

/// The file that remembers it, in the data directory.
const FILE: &str = "degraded";

/// Its length: it is written once, while there is room, and over itself when there may be none.
const LENGTH: usize = 64;

/// How soon after its beginning the mode is noted.
const NOTED_WITHIN: Duration = Duration::from_secs(1);

/// What remembers the degraded mode over a restart.
pub(crate) struct Marker {
    file: File,
}

impl Marker {
    /// The marker of a data directory, and since when it says that the mode lasts, in seconds since 1970.
    pub(crate) fn open(data: &Path) -> io::Result<(Self, Option<u64>)> {
        let path = data.join(FILE);
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut marker = Self { file: options.open(&path)? };
        let since = marker.since()?;
        if marker.file.metadata()?.len() != LENGTH as u64 {
            marker.write("no\n")?;
            asepsis_db::files::sync_parent(&path)?;
        }
        Ok((marker, since))
    }

    fn since(&mut self) -> io::Result<Option<u64>> {
        use std::io::{Read as _, Seek as _};
        let mut text = String::new();
        self.file.rewind()?;
        (&self.file).take(LENGTH as u64).read_to_string(&mut text)?;
        Ok(text.strip_prefix("since ").and_then(|rest| rest.split_whitespace().next()?.parse().ok()))
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        use std::io::{Seek as _, Write as _};
        self.file.rewind()?;
        self.file.write_all(format!("{text:LENGTH$}").as_bytes())?;
        self.file.sync_data()
    }
}

/// Records a degraded mode of before, and watches for the next.
///
/// # Errors
/// If the marker or the log cannot be written.
pub(crate) async fn watch(data: &Path, plane: &std::sync::Arc<Plane>) -> anyhow::Result<()> {
    let (mut marker, since) = Marker::open(data)?;
    if let Some(since) = since {
        let lasted = now().saturating_sub(since);
        for (kind, name, figure) in [(ActKind::Degraded, "since", since), (ActKind::Recovered, "seconds", lasted)] {
            let figures = [(name.to_owned(), figure)].into();
            plane.log().append(&act_event(Act { kind, target: None, basis: None, figures }, "serve", None)).await?;
        }
        marker.write("no\n")?;
        tracing::warn!(lasted, "nothing could leave before this start, because log or vault could not be written");
    }
    // Weakly: what watches must not keep the log open at the end.
    let plane = std::sync::Arc::downgrade(plane);
    tokio::spawn(async move {
        let mut turn = tokio::time::interval(NOTED_WITHIN);
        loop {
            turn.tick().await;
            let Some(plane) = plane.upgrade() else { return };
            if plane.log().is_healthy() && plane.vault().is_healthy() {
                continue;
            }
            let noted = marker.write(&format!("since {}\n", now()));
            tracing::error!(
                noted = noted.is_ok(),
                "DEGRADED: log or vault cannot be written, so nothing leaves until Asepsis is started again; look at the disk, or at the \
                 server of the databases"
            );
            if let Err(error) = noted {
                tracing::error!(%error, "the degraded mode cannot be noted, and the next start will not record it");
            }
            return;
        }
    });
    Ok(())
}

fn now() -> u64 {
    u64::try_from(OffsetDateTime::now_utc().unix_timestamp()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r10_the_marker_is_written_over_itself_and_survives() {
        let dir = tempfile::tempdir().unwrap();
        let (mut marker, since) = Marker::open(dir.path()).unwrap();
        assert_eq!(since, None);
        marker.write("since 1790000000\n").unwrap();
        assert_eq!(std::fs::metadata(dir.path().join(FILE)).unwrap().len(), LENGTH as u64);
        let (mut marker, since) = Marker::open(dir.path()).unwrap();
        assert_eq!(since, Some(1_790_000_000));
        marker.write("no\n").unwrap();
        assert_eq!(Marker::open(dir.path()).unwrap().1, None);
        std::fs::write(dir.path().join(FILE), "since never").unwrap();
        assert_eq!(Marker::open(dir.path()).unwrap().1, None);
    }
}
