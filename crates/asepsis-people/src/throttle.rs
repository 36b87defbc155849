//! Limits to guessing: by user and by address.
//!
//! A user is locked for a minute after five failures in a row, for twice as long after each further one, an hour at most, and
//! after a hundred until an administrator resets the account (NIST SP 800-63B-4, 3.2.2). An address is locked for a quarter of
//! an hour after twenty failures within one. Users that do not exist are counted like others, so that a lock tells nobody
//! which there are. Of IPv6 the first 64 bits count, because a home has as many addresses as it likes below them.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;

/// Failures in a row that are free.
const FREE: u32 = 5;
/// The first lock of a user, in seconds.
const FIRST: i64 = 60;
/// The longest, but for the last.
const LONGEST: i64 = 3600;
/// Failures in a row after which only an administrator helps.
const LAST: u32 = 100;
/// Failures of an address within a window.
const OF_ADDRESS: u32 = 20;
/// The window, and the lock of an address, in seconds.
const WINDOW: i64 = 900;
/// Users and addresses that are kept; beyond, those that failed longest ago go.
const MOST: usize = 10_000;

/// Nobody is let in for now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("too many attempts failed; try again later, or ask the administrator")]
pub struct Locked {
    /// Until when, in seconds since 1970 UTC; `i64::MAX` where an administrator has to help.
    pub until: i64,
}

/// What has just been locked, for an alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewLock {
    /// A user, after so many failures in a row.
    User(u32),
    /// An address, after so many failures within the window.
    Address(u32),
}

/// Failures that count.
#[derive(Debug, Default)]
pub struct Throttle {
    users: HashMap<String, Failures>,
    addresses: HashMap<IpAddr, Failures>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Failures {
    count: u32,
    /// The first of the window.
    since: i64,
    last: i64,
    until: i64,
}

impl Throttle {
    /// Whether `user` may be tried from `address` at `now`, in seconds since 1970 UTC.
    ///
    /// # Errors
    /// [`Locked`].
    pub fn check(&self, user: &str, address: IpAddr, now: i64) -> Result<(), Locked> {
        let of_user = self.users.get(user).map_or(0, |failures| failures.until);
        let of_address = self.addresses.get(&network(address)).map_or(0, |failures| failures.until);
        let until = of_user.max(of_address);
        if now < until { Err(Locked { until }) } else { Ok(()) }
    }

    /// Counts a failure; says what it has locked.
    pub fn failed(&mut self, user: &str, address: IpAddr, now: i64) -> Option<NewLock> {
        make_room(&mut self.users, user);
        let of_user = self.users.entry(user.to_owned()).or_default();
        of_user.count = of_user.count.saturating_add(1);
        of_user.last = now;
        let mut lock = None;
        if of_user.count >= FREE {
            let doubled = FIRST.saturating_mul(1 << (of_user.count - FREE).min(16));
            of_user.until = if of_user.count >= LAST { i64::MAX } else { now + doubled.min(LONGEST) };
            lock = Some(NewLock::User(of_user.count));
        }
        let address = network(address);
        make_room(&mut self.addresses, &address);
        let of_address = self.addresses.entry(address).or_default();
        if now - of_address.since >= WINDOW {
            *of_address = Failures { since: now, until: of_address.until, ..Failures::default() };
        }
        of_address.count += 1;
        of_address.last = now;
        if of_address.count == OF_ADDRESS {
            of_address.until = now + WINDOW;
            lock = lock.or(Some(NewLock::Address(of_address.count)));
        }
        lock
    }

    /// Counts an attempt before it is looked at, so that many at the same time are no more than one after the other. Says what it
    /// would lock if it fails; where it succeeds, [`succeeded`](Self::succeeded) takes it back.
    ///
    /// # Errors
    /// [`Locked`].
    pub fn attempt(&mut self, user: &str, address: IpAddr, now: i64) -> Result<Option<NewLock>, Locked> {
        self.check(user, address, now)?;
        Ok(self.failed(user, address, now))
    }

    /// Forgets the failures of a user who got in from an address, and takes the attempt back. Earlier failures of the address stay: who
    /// knows one password would otherwise guess at others for ever.
    pub fn succeeded(&mut self, user: &str, address: IpAddr) {
        self.users.remove(user);
        if let Some(of_address) = self.addresses.get_mut(&network(address)) {
            if of_address.count == OF_ADDRESS {
                of_address.until = 0;
            }
            of_address.count = of_address.count.saturating_sub(1);
        }
    }
}

fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let mut octets = address.octets();
            octets[8..].fill(0);
            IpAddr::from(octets)
        }
    }
}

/// Lets the tenth go that failed longest ago, where the map is full and `key` is new.
fn make_room<K, Q>(map: &mut HashMap<K, Failures>, key: &Q)
where
    K: Hash + Eq + std::borrow::Borrow<Q>,
    Q: Hash + Eq + ?Sized,
{
    if map.len() < MOST || map.contains_key(key) {
        return;
    }
    let mut last: Vec<i64> = map.values().map(|failures| failures.last).collect();
    let (_, oldest, _) = last.select_nth_unstable(MOST / 10);
    let oldest = *oldest;
    let mut may_go = MOST / 10;
    map.retain(|_, failures| {
        let goes = failures.last <= oldest && may_go > 0;
        may_go -= usize::from(goes);
        !goes
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

    fn other(n: u16) -> IpAddr {
        IpAddr::from([0x2001, 0xdb8, n, 0, 0, 0, 0, 1])
    }

    #[test]
    fn r16_a_user_is_locked_for_longer_and_longer_from_wherever() {
        let mut throttle = Throttle::default();
        let mut now = 1_000_000;
        for n in 0..4 {
            assert_eq!(throttle.failed("alice", other(n), now), None);
        }
        assert_eq!(throttle.check("alice", HERE, now), Ok(()));
        assert_eq!(throttle.failed("alice", other(5), now), Some(NewLock::User(5)));
        assert_eq!(throttle.check("alice", HERE, now), Err(Locked { until: now + 60 }));
        assert_eq!(throttle.check("alice", HERE, now + 59), Err(Locked { until: now + 60 }));
        assert_eq!(throttle.check("alice", HERE, now + 60), Ok(()));
        assert_eq!(throttle.check("bob", HERE, now), Ok(()));
        for n in 6..100 {
            now += 4000;
            assert_eq!(throttle.check("alice", HERE, now), Ok(()), "{n}");
            throttle.failed("alice", other(n), now);
            let longest = throttle.check("alice", HERE, now).unwrap_err().until - now;
            assert!((60..=3600).contains(&longest), "{n}: {longest}");
        }
        throttle.failed("alice", other(200), now + 4000);
        assert_eq!(throttle.check("alice", HERE, i64::MAX - 1), Err(Locked { until: i64::MAX }), "only a reset helps");
        throttle.succeeded("alice", HERE);
        assert_eq!(throttle.check("alice", HERE, now), Ok(()));
    }

    #[test]
    fn r16_an_address_is_locked_whoever_is_tried_from_it() {
        let mut throttle = Throttle::default();
        for n in 0..19 {
            assert_eq!(throttle.failed(&format!("user{n}"), HERE, 1000), None);
        }
        assert_eq!(throttle.failed("user19", HERE, 1000), Some(NewLock::Address(20)));
        assert_eq!(throttle.check("somebody-else", HERE, 1001), Err(Locked { until: 1900 }));
        throttle.succeeded("user3", other(3));
        assert!(throttle.check("user3", HERE, 1001).is_err());
        assert_eq!(throttle.check("somebody-else", other(1), 1001), Ok(()));
        assert_eq!(throttle.check("somebody-else", HERE, 1900), Ok(()));
        // Attempts that succeed do not count, however many there are.
        let mut throttle = Throttle::default();
        for _ in 0..100 {
            throttle.attempt("bob", HERE, 1000).unwrap();
            throttle.succeeded("bob", HERE);
        }
        // Nineteen in a window lock nobody, however many windows there are.
        let mut throttle = Throttle::default();
        for n in 0..190 {
            assert_eq!(throttle.failed(&format!("user{n}"), HERE, 1000 + n / 19 * 900), None);
        }
    }

    #[test]
    fn r16_addresses_of_one_ipv6_network_are_one_and_a_mapped_one_is_ipv4() {
        let mut throttle = Throttle::default();
        for n in 0..20_u16 {
            throttle.failed(&format!("user{n}"), IpAddr::from([0x2001, 0xdb8, 0, 0, n, 1, 2, 3]), 1000);
        }
        assert!(throttle.check("x", IpAddr::from([0x2001, 0xdb8, 0, 0, 9, 9, 9, 9]), 1000).is_err());
        assert_eq!(network("::ffff:192.0.2.1".parse().unwrap()), HERE);
    }

    #[test]
    fn memory_stays_bounded() {
        let mut throttle = Throttle::default();
        for n in 0..5 {
            throttle.failed("victim", other(n), 1_000_000);
        }
        for n in 0..30_000_u32 {
            throttle.failed(&format!("user{n}"), IpAddr::from(n.to_be_bytes()), 1000 + i64::from(n));
        }
        assert!(throttle.users.len() <= MOST && throttle.addresses.len() <= MOST);
        assert!(throttle.check("victim", HERE, 1_000_001).is_err(), "what failed last stays");
    }
}
