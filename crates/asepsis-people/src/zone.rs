//! From where a request comes: network zones by address, and the address behind proxies.

use std::net::IpAddr;

use ipnet::IpNet;

/// Network zones of the organisation, by ranges of addresses.
#[derive(Clone, Debug, Default)]
pub struct Zones {
    ranges: Vec<(IpNet, String)>,
}

/// A range that is none, or that two zones have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ZoneError {
    /// A text that is no range.
    #[error("zone `{zone}`: `{text}` is no network; write one as 10.20.0.0/16 or 2001:db8::/48, or an address")]
    NoNetwork {
        /// The zone.
        zone: String,
        /// What stands there.
        text: String,
    },
    /// Two zones claim the same range.
    #[error("the network {network} stands in the zones `{one}` and `{other}`; a network has one zone")]
    Twice {
        /// The range.
        network: String,
        /// A zone.
        one: String,
        /// The other.
        other: String,
    },
    /// A zone without a name, or with one that policies cannot carry.
    #[error("a zone's name is 1 to 64 of letters, digits, `.`, `_` and `-`, and starts with a letter or digit")]
    BadName,
}

impl Zones {
    /// The zones with these names and networks.
    ///
    /// # Errors
    /// [`ZoneError`].
    pub fn new<'a>(zones: impl IntoIterator<Item = (&'a str, &'a [String])>) -> Result<Self, ZoneError> {
        let mut ranges: Vec<(IpNet, String)> = Vec::new();
        for (name, networks) in zones {
            let good = (1..=64).contains(&name.len())
                && name.starts_with(|c: char| c.is_ascii_alphanumeric())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
            if !good {
                return Err(ZoneError::BadName);
            }
            for text in networks {
                let network =
                    network(text).ok_or_else(|| ZoneError::NoNetwork { zone: name.to_owned(), text: text.clone() })?;
                if let Some((_, other)) = ranges.iter().find(|(range, other)| *range == network && other != name) {
                    let network = network.to_string();
                    return Err(ZoneError::Twice { network, one: other.clone(), other: name.to_owned() });
                }
                ranges.push((network, name.to_owned()));
            }
        }
        // The narrowest range that holds an address names its zone.
        ranges.sort_by_key(|(range, _)| std::cmp::Reverse(range.prefix_len()));
        Ok(Self { ranges })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// The zone of an address.
    pub fn of(&self, address: IpAddr) -> Option<&str> {
        let address = address.to_canonical();
        self.ranges.iter().find(|(range, _)| range.contains(&address)).map(|(_, name)| name.as_str())
    }
}

/// Proxies whose word about the client's address is taken.
#[derive(Clone, Debug, Default)]
pub struct Proxies(Vec<IpNet>);

impl Proxies {
    /// The proxies at these addresses or in these networks.
    ///
    /// # Errors
    /// [`ZoneError::NoNetwork`].
    pub fn new(networks: &[String]) -> Result<Self, ZoneError> {
        let parsed = networks.iter().map(|text| {
            network(text).ok_or_else(|| ZoneError::NoNetwork { zone: "trusted_proxies".to_owned(), text: text.clone() })
        });
        Ok(Self(parsed.collect::<Result<_, _>>()?))
    }

    /// The address of the client: that of the connection, or, where that is a proxy's, the last one in `X-Forwarded-For` that is
    /// no proxy's. What the client itself writes into that header stands before and counts nothing. `None` where a proxy
    /// says nothing that can be read.
    pub fn client(&self, peer: IpAddr, forwarded: Option<&str>) -> Option<IpAddr> {
        let is_proxy = |address: IpAddr| self.0.iter().any(|range| range.contains(&address.to_canonical()));
        if !is_proxy(peer) {
            return Some(peer.to_canonical());
        }
        for said in forwarded?.rsplit(',').take(32) {
            let address = address(said.trim())?;
            if !is_proxy(address) {
                return Some(address);
            }
        }
        None
    }
}

/// An address, perhaps with a port behind it.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.parse::<IpAddr>().ok();
    let with_port = || text.parse::<std::net::SocketAddr>().ok().map(|address| address.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    bare.or_else(with_port).or_else(bracketed).map(|address: IpAddr| address.to_canonical())
}

fn network(text: &str) -> Option<IpNet> {
    let text = text.trim();
    text.parse::<IpNet>().ok().map(|network| network.trunc()).or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn zones() -> Zones {
        let clinic = ["10.20.0.0/16".to_owned(), "2001:db8:1::/48".to_owned()];
        let radiology = ["10.20.30.0/24".to_owned(), "192.0.2.7".to_owned()];
        Zones::new([("clinic", &clinic[..]), ("radiology", &radiology[..])]).unwrap()
    }

    #[test]
    fn c5_the_narrowest_network_names_the_zone() {
        let zones = zones();
        assert_eq!(zones.of(ip("10.20.1.1")), Some("clinic"));
        assert_eq!(zones.of(ip("10.20.30.1")), Some("radiology"));
        assert_eq!(zones.of(ip("::ffff:10.20.30.1")), Some("radiology"));
        assert_eq!(zones.of(ip("192.0.2.7")), Some("radiology"));
        assert_eq!(zones.of(ip("2001:db8:1::9")), Some("clinic"));
        assert_eq!(zones.of(ip("203.0.113.1")), None);
        let wrong = |name: &str, network: &str| Zones::new([(name, &[network.to_owned()][..])]).unwrap_err();
        assert!(wrong("a", "10.0.0.0/33").to_string().contains("10.0.0.0/33"));
        assert_eq!(wrong("a b", "10.0.0.0/8"), ZoneError::BadName);
        let same = ["10.0.0.0/8".to_owned()];
        assert!(matches!(Zones::new([("a", &same[..]), ("b", &same[..])]), Err(ZoneError::Twice { .. })));
    }

    #[test]
    fn c5_a_client_cannot_say_where_it_is() {
        let proxies = Proxies::new(&["10.0.0.5".to_owned(), "10.0.1.0/24".to_owned()]).unwrap();
        assert_eq!(proxies.client(ip("203.0.113.9"), Some("10.20.30.1")), Some(ip("203.0.113.9")), "no proxy");
        assert_eq!(proxies.client(ip("10.0.0.5"), Some("10.20.30.1, 203.0.113.9")), Some(ip("203.0.113.9")));
        assert_eq!(proxies.client(ip("10.0.0.5"), Some("203.0.113.9, 10.0.1.7")), Some(ip("203.0.113.9")));
        assert_eq!(proxies.client(ip("10.0.0.5"), Some("[2001:db8::1]:443")), Some(ip("2001:db8::1")));
        for unreadable in [None, Some(""), Some("unknown"), Some("10.0.1.7"), Some("203.0.113.9, nonsense")] {
            assert_eq!(proxies.client(ip("10.0.0.5"), unreadable), None, "{unreadable:?}");
        }
    }
}
