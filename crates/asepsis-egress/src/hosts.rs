//! The hosts that addresses in answers may point to.

use std::collections::BTreeSet;

use serde::Deserialize;
use url::{Host, Url};

/// The longest path, query and fragment together that an address may have, in bytes. What fits tells where to look something up;
/// what does not could hold a record.
const LONGEST_TAIL: usize = 160;

/// The longest run of letters and digits within it that no word of a language or number of an article reaches.
const LONGEST_RUN: usize = 40;

/// The hosts that addresses may point to; all others are taken out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts {
    /// Hosts by their exact names.
    exact: BTreeSet<String>,
    /// Hosts whose names end so, with the dot before.
    below: Vec<String>,
}

/// A name that is none of a host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is no name of a host; write `www.example.org`, or `*.example.org` for all below it, without scheme, port or path"
)]
pub struct BadHost(String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    hosts: Vec<String>,
}

impl Hosts {
    /// These hosts: `www.example.org`, or `*.example.org` for all below it.
    ///
    /// # Errors
    /// The first that is no name of a host.
    pub fn new<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Result<Self, BadHost> {
        let mut hosts = Self::default();
        for name in names {
            let name = name.as_ref().trim().to_ascii_lowercase();
            let bare = name.strip_prefix("*.").unwrap_or(&name);
            let label = |label: &str| {
                (1..=63).contains(&label.len())
                    && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
                    && !label.starts_with('-')
                    && !label.ends_with('-')
            };
            // Of a whole top-level domain anybody can have a part.
            if !(bare.len() <= 253 && bare.contains('.') && bare.split('.').all(label)) {
                return Err(BadHost(name.chars().take(80).collect()));
            }
            if bare.len() < name.len() {
                hosts.below.push(format!(".{bare}"));
            } else {
                hosts.exact.insert(name);
            }
        }
        Ok(hosts)
    }

    /// The hosts that ship with Asepsis: sources of medical knowledge run by public bodies, where nobody can put a page of their own.
    #[must_use]
    pub fn shipped() -> Self {
        let file: File =
            toml::from_str(include_str!("../../../data/guard/hosts.toml")).expect("the shipped hosts are TOML");
        Self::new(file.hosts).expect("the shipped hosts are names of hosts")
    }

    /// These and those.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.exact.extend(other.exact);
        self.below.extend(other.below);
        self
    }

    fn has(&self, host: &str) -> bool {
        self.exact.contains(host) || self.below.iter().any(|below| host.ends_with(below.as_str()))
    }

    /// Why an address may not stand in an answer; `None` where it may. `address` is with its scheme.
    #[must_use]
    pub fn refuses(&self, address: &str) -> Option<&'static str> {
        let Ok(url) = Url::parse(address) else { return Some("channel/unreadable-address") };
        if url.scheme() != "https" {
            return Some("channel/scheme");
        }
        if !url.username().is_empty() || url.password().is_some() || url.port().is_some() {
            return Some("channel/authority");
        }
        let Some(Host::Domain(host)) = url.host() else { return Some("channel/address-of-a-machine") };
        if !self.has(host) {
            return Some("channel/host");
        }
        let tail = [url.path(), url.query().unwrap_or_default(), url.fragment().unwrap_or_default()];
        let too_long = tail.iter().map(|part| part.len()).sum::<usize>() > LONGEST_TAIL;
        let run = |part: &str| part.split(|c: char| !c.is_ascii_alphanumeric()).any(|run| run.len() > LONGEST_RUN);
        // A placeholder says that a patient is meant; where it points is nobody's business.
        let names = tail.iter().any(|part| part.contains("%5B") || part.contains('['));
        (too_long || names || tail.iter().any(|part| run(part))).then_some("channel/data-in-address")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r28_an_address_goes_only_to_a_host_of_the_list_and_carries_little() {
        let hosts = Hosts::new(["pubmed.ncbi.nlm.nih.gov", "*.cdc.gov"]).unwrap();
        for fine in [
            "https://pubmed.ncbi.nlm.nih.gov/31535829/",
            "https://PubMed.ncbi.nlm.nih.gov/?term=otitis+media",
            "https://www.cdc.gov/flu/index.html#top",
            "https://pubmed.ncbi.nlm.nih.gov:443/1",
        ] {
            assert_eq!(hosts.refuses(fine), None, "{fine}");
        }
        for (wrong, why) in [
            ("http://www.cdc.gov/", "channel/scheme"),
            ("https://cdc.gov/", "channel/host"),
            ("https://cdc.gov.evil.example/", "channel/host"),
            ("https://evilcdc.gov/", "channel/host"),
            ("https://www.cdc.gov@evil.example/", "channel/authority"),
            ("https://user@www.cdc.gov/", "channel/authority"),
            ("https://www.cdc.gov:8443/", "channel/authority"),
            ("https://198.51.100.7/", "channel/address-of-a-machine"),
            ("https://2130706433/", "channel/address-of-a-machine"),
            ("https://[::1]/", "channel/address-of-a-machine"),
            ("https://www.cdc.gov\\@evil.example/", "channel/data-in-address-or-host"),
            ("https://www.cdc.gov/?q=[NAME_7F3K9QXA2BCDE]", "channel/data-in-address"),
            ("javascript:alert(1)", "channel/scheme"),
            ("https://", "channel/unreadable-address"),
        ] {
            let found = hosts.refuses(wrong);
            if why.ends_with("-or-host") {
                // The parser takes the backslash for a slash, as browsers do: the host is the good one.
                assert_eq!(found, None, "{wrong}");
            } else {
                assert_eq!(found, Some(why), "{wrong}");
            }
        }
        let long = format!("https://www.cdc.gov/?q={}", "word+".repeat(40));
        assert_eq!(hosts.refuses(&long), Some("channel/data-in-address"));
        assert_eq!(hosts.refuses(&format!("https://www.cdc.gov/{}", "a1".repeat(21))), Some("channel/data-in-address"));
    }

    #[test]
    fn a_name_of_no_host_is_refused_by_name() {
        for wrong in ["https://a.example", "a.example/x", "a.example:1", "com", "*.com", "", "*", "a..b", "-a.example"]
        {
            assert!(Hosts::new([wrong]).is_err(), "{wrong}");
        }
        assert!(Hosts::new(["*.a.example", "b-c.example"]).is_ok());
        assert!(Hosts::shipped().refuses("https://pubmed.ncbi.nlm.nih.gov/31535829/").is_none());
    }
}
