//! What an AI system wants to do and a person has to release: whether it is held, and for how long.

use std::time::Duration;

use anyhow::{Context, bail};
use asepsis_gateway::ReleaseSettings;
use asepsis_policy::{Role, ToolEffect};
use serde::Deserialize;

/// The longest that a request is kept open for a decision.
const LONGEST_WAIT: Duration = Duration::from_secs(10 * 60);

/// How long something may be held, at least and at most.
const LAPSES: std::ops::RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(24 * 3600);

/// `[release]`.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct ReleaseTable {
    /// Whether it is held at all; where absent, it is wherever people can sign in.
    on: Option<bool>,
    /// How long a request is kept open for the decision: `30s`, `5m`.
    wait: Option<String>,
    /// How long it can be decided and fetched: `1h`.
    lapses: Option<String>,
    /// Whether somebody else than the one who asked has to decide.
    second_person: bool,
}

impl ReleaseTable {
    /// How answers are held; `None` where they are refused. `pages`: people can sign in.
    pub(super) fn settings(&self, pages: bool) -> anyhow::Result<Option<ReleaseSettings>> {
        let usual = ReleaseSettings::default();
        let wait = self.wait.as_deref().map(duration).transpose().context("[release] wait")?.unwrap_or(usual.wait);
        if wait > LONGEST_WAIT {
            bail!("[release] wait is at most 10m: clients and proxies give up on a request sooner or later");
        }
        let lapses = self.lapses.as_deref().map(duration).transpose().context("[release] lapses")?;
        let lapses = lapses.unwrap_or(usual.lapses);
        if !LAPSES.contains(&lapses) {
            bail!("[release] lapses is 1s to 24h: what was asked yesterday may not be right today");
        }
        let settings = ReleaseSettings { wait, lapses, second_person: self.second_person };
        Ok(self.on.unwrap_or(pages).then_some(settings))
    }
}

/// That roles release what can be released.
pub(super) fn check_roles(roles: &[Role]) -> anyhow::Result<()> {
    for role in roles {
        if role.release.contains(&ToolEffect::Device) {
            bail!(
                "[[role]] {}: release = [\"device\"] releases nothing: no policy lets an AI system command a device by a tool; `write`, \
                 `record` and, where a policy asks for a person (HUAPRV), `read` can be released",
                role.id
            );
        }
        if role.id == asepsis_people::role::ASSESSOR && !role.release.is_empty() {
            bail!("[[role]] assessor looks and changes nothing: it has no release");
        }
    }
    Ok(())
}

/// A length of time: `90s`, `5m`, `1h`.
fn duration(text: &str) -> anyhow::Result<Duration> {
    let wrong = || format!("`{text}` is no length of time; 90s, 5m and 1h are");
    let (number, factor) = match text.char_indices().next_back().with_context(wrong)? {
        (at, 's') => (&text[..at], 1),
        (at, 'm') => (&text[..at], 60),
        (at, 'h') => (&text[..at], 3600),
        _ => bail!(wrong()),
    };
    let number: u32 = number.parse().with_context(wrong)?;
    Ok(Duration::from_secs(u64::from(number) * factor))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str) -> anyhow::Result<Option<ReleaseSettings>> {
        toml::from_str::<ReleaseTable>(toml)?.settings(true)
    }

    #[test]
    fn r30_what_is_held_is_held_for_a_stated_time() {
        let settings = read("wait = \"90s\"\nlapses = \"2h\"\nsecond_person = true").unwrap().unwrap();
        assert_eq!((settings.wait.as_secs(), settings.lapses.as_secs(), settings.second_person), (90, 7200, true));
        assert_eq!(read("").unwrap(), Some(ReleaseSettings::default()));
        assert_eq!(read("on = false").unwrap(), None);
        assert_eq!(toml::from_str::<ReleaseTable>("").unwrap().settings(false).unwrap(), None);
        for bad in ["wait = \"11m\"", "lapses = \"0s\"", "lapses = \"25h\"", "wait = \"5\"", "wait = \"\"", "wiat = 1"]
        {
            assert!(read(bad).is_err(), "{bad}");
        }
    }
}
