//! Which logs are known, which witnesses, and how many of them have to have cosigned: a C2SP tlog-policy file.

use std::collections::BTreeMap;

use crate::note::{NoteFault, Parsed, Signed};
use crate::{KeyKind, VerifierKey};

/// No policy file is longer.
pub const MAX_POLICY_BYTES: usize = 1 << 20;

/// Logs, witnesses and groups that a policy may define, each. The specification asks for 32 at least.
const MOST: usize = 256;

/// A text that is no policy.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the policy: {what} (C2SP tlog-policy)")]
pub struct PolicyError {
    /// The line, from 1; 0 for the file as a whole.
    pub line: usize,
    /// What is wrong there.
    pub what: String,
}

/// A policy for checkpoints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    /// Members come before the groups that they are in.
    groups: Vec<Group>,
    /// `None`: no cosignature is needed.
    quorum: Option<Member>,
}

/// A log of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// Its key, under its origin.
    pub key: VerifierKey,
    /// Where it is, where the policy says so.
    pub url: Option<String>,
}

/// A witness of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witness {
    /// What the policy calls it.
    pub name: String,
    /// The key with which it cosigns.
    pub key: VerifierKey,
    /// Where checkpoints are sent to: the submission prefix of C2SP tlog-witness.
    pub url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    needed: usize,
    members: Vec<Member>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Member {
    Witness(usize),
    Group(usize),
}

/// What a policy makes of a checkpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The witnesses whose cosignature holds, as the policy calls them, each with its time in seconds since 1970.
    pub cosigned: Vec<(String, u64)>,
    /// Whether they are enough.
    pub quorum: bool,
}

impl Standing {
    /// The time of the newest cosignature, in seconds since 1970.
    pub fn newest(&self) -> Option<u64> {
        self.cosigned.iter().map(|(_, time)| *time).max()
    }
}

impl Policy {
    /// Reads a policy.
    ///
    /// # Errors
    /// [`PolicyError`] names the line.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let mut reading = Reading::default();
        if text.len() > MAX_POLICY_BYTES {
            return Err(PolicyError { line: 0, what: format!("it is longer than {MAX_POLICY_BYTES} bytes") });
        }
        let mut quorum = None;
        for (line, number) in text.split('\n').zip(1..) {
            reading.line(line, &mut quorum).map_err(|what| PolicyError { line: number, what })?;
        }
        let quorum = quorum.ok_or(PolicyError { line: 0, what: "there is no quorum line".to_owned() })?;
        let Reading { logs, witnesses, groups, .. } = reading;
        Ok(Self { logs, witnesses, groups, quorum })
    }

    /// The logs.
    pub fn logs(&self) -> &[Log] {
        &self.logs
    }

    /// The witnesses.
    pub fn witnesses(&self) -> &[Witness] {
        &self.witnesses
    }

    /// Whether any cosignature is asked for.
    pub fn needs_witnesses(&self) -> bool {
        self.quorum.is_some()
    }

    /// The keys of the log of that origin.
    pub fn keys_of(&self, origin: &str) -> Vec<VerifierKey> {
        self.logs.iter().map(|log| &log.key).filter(|key| key.name() == origin).cloned().collect()
    }

    /// Checks a checkpoint with its cosignatures: a known log has to have signed it. Whether the quorum is reached is in the
    /// [`Standing`]. A policy without logs asks nothing about them.
    ///
    /// # Errors
    /// [`NoteFault`]: it is no checkpoint, of a log that is not listed, or changed.
    pub fn check(&self, checkpoint: &str) -> Result<Standing, NoteFault> {
        let parsed = Parsed::new(checkpoint.as_bytes())?;
        if !self.logs.is_empty() {
            let keys = self.keys_of(parsed.origin());
            if keys.is_empty() {
                return Err(NoteFault::OtherOrigin);
            }
            parsed.check_any(&keys)?;
        }
        self.standing(&parsed)
    }

    /// What the cosignatures are worth. The ML-DSA-44 ones say nothing about extension lines.
    pub(crate) fn standing(&self, parsed: &Parsed) -> Result<Standing, NoteFault> {
        let mut times = vec![None; self.witnesses.len()];
        for (witness, time) in self.witnesses.iter().zip(&mut times) {
            if witness.key.kind() == KeyKind::MlDsa44 && parsed.has_extensions() {
                continue;
            }
            // A time of 0 says nothing of when (C2SP tlog-cosignature).
            let signed: Option<Signed> = parsed.signed_by([&witness.key])?.pop();
            *time = signed.and_then(|signed| signed.time).filter(|time| *time > 0);
        }
        let mut reached: Vec<bool> = Vec::with_capacity(self.groups.len());
        for group in &self.groups {
            let holds = |member: &&Member| match **member {
                Member::Witness(at) => times[at].is_some(),
                Member::Group(at) => reached[at],
            };
            let holding = group.members.iter().filter(holds).count();
            reached.push(holding >= group.needed);
        }
        let quorum = match self.quorum {
            None => true,
            Some(Member::Witness(at)) => times[at].is_some(),
            Some(Member::Group(at)) => reached[at],
        };
        let named = self.witnesses.iter().zip(&times);
        Ok(Standing { cosigned: named.filter_map(|(w, time)| Some((w.name.clone(), (*time)?))).collect(), quorum })
    }
}

#[derive(Default)]
struct Reading {
    logs: Vec<Log>,
    witnesses: Vec<Witness>,
    groups: Vec<Group>,
    names: BTreeMap<String, Member>,
    /// Names that are in a group already: each counts in one way only.
    grouped: Vec<Member>,
}

impl Reading {
    fn line(&mut self, line: &str, quorum: &mut Option<Option<Member>>) -> Result<(), String> {
        if line.chars().any(|c| c.is_ascii_control() && c != '\t') {
            return Err("there is a control character; lines end with a line feed alone".to_owned());
        }
        let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        match *words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", key] => self.log(key, None),
            ["log", key, url] => self.log(key, Some(url)),
            ["witness", name, key] => self.witness(name, key, None),
            ["witness", name, key, url] => self.witness(name, key, Some(url)),
            ["group", name, needed, ref members @ ..] => self.group(name, needed, members),
            ["quorum", name] => {
                if quorum.is_some() {
                    return Err("there is a second quorum line".to_owned());
                }
                *quorum = Some(if name == "none" { None } else { Some(self.named(name)?) });
                Ok(())
            }
            _ => Err("a line is `log VKEY [URL]`, `witness NAME VKEY [URL]`, `group NAME all|any|K NAME...` or \
                      `quorum NAME`"
                .to_owned()),
        }
    }

    fn log(&mut self, key: &str, url: Option<&str>) -> Result<(), String> {
        let key: VerifierKey = key.parse().map_err(|fault: NoteFault| fault.to_string())?;
        if !key.kind().is_log() {
            return Err("the key is a witness's".to_owned());
        }
        if self.logs.iter().any(|log| log.key.is_same_key(&key)) {
            return Err("the key is that of another log line".to_owned());
        }
        room(self.logs.len())?;
        self.logs.push(Log { key, url: url.map(str::to_owned) });
        Ok(())
    }

    fn witness(&mut self, name: &str, key: &str, url: Option<&str>) -> Result<(), String> {
        let key: VerifierKey = key.parse().map_err(|fault: NoteFault| fault.to_string())?;
        if !key.kind().is_cosigner() {
            return Err("the key is a log's, no cosigner's".to_owned());
        }
        if self.witnesses.iter().any(|witness| witness.key.is_same_key(&key)) {
            return Err("the key is that of another witness line".to_owned());
        }
        room(self.witnesses.len())?;
        self.name(name, Member::Witness(self.witnesses.len()))?;
        self.witnesses.push(Witness { name: name.to_owned(), key, url: url.map(str::to_owned) });
        Ok(())
    }

    fn group(&mut self, name: &str, needed: &str, members: &[&str]) -> Result<(), String> {
        let members: Vec<Member> = members.iter().map(|member| self.named(member)).collect::<Result<_, _>>()?;
        if members.is_empty() {
            return Err("the group has no member".to_owned());
        }
        let needed = match needed {
            "all" => members.len(),
            "any" => 1,
            number => number
                .parse()
                .ok()
                .filter(|n: &usize| (1..=members.len()).contains(n) && n.to_string() == number)
                .ok_or_else(|| format!("`{number}` is not `all`, `any` or a number from 1 to {}", members.len()))?,
        };
        for member in &members {
            if self.grouped.contains(member) {
                return Err("a member is in a group already".to_owned());
            }
            self.grouped.push(*member);
        }
        room(self.groups.len())?;
        self.name(name, Member::Group(self.groups.len()))?;
        self.groups.push(Group { needed, members });
        Ok(())
    }

    fn name(&mut self, name: &str, member: Member) -> Result<(), String> {
        if name == "none" || self.names.contains_key(name) {
            return Err(format!("the name `{name}` is taken"));
        }
        self.names.insert(name.to_owned(), member);
        Ok(())
    }

    fn named(&self, name: &str) -> Result<Member, String> {
        self.names.get(name).copied().ok_or_else(|| format!("no line above defines `{name}`"))
    }
}

fn room(used: usize) -> Result<(), String> {
    if used < MOST { Ok(()) } else { Err(format!("there are more than {MOST} of this kind")) }
}

#[cfg(test)]
mod tests {
    use tlog_tiles::Hash;

    use super::*;
    use crate::{LogKey, WitnessKey, note};

    fn witness(name: &str) -> WitnessKey {
        WitnessKey::generate(name).unwrap()
    }

    #[test]
    fn r27_a_quorum_of_groups_is_reached_by_these_and_not_by_those() {
        let log = LogKey::generate("log.example/1").unwrap();
        let [x1, x2, x3, y1] = ["x1", "x2", "x3", "y1"].map(witness);
        let key = |witness: &WitnessKey, at: usize| witness.verifier_keys()[at].to_string();
        let text = format!(
            "# the shape of the specification's example\n\tlog {}\n\nwitness X1 {}  http://w.example/\nwitness X2 {}\n\
             witness X3 {}\ngroup X 2 X1 X2 X3\nwitness Y1 {}\ngroup X-and-Y all X Y1\nquorum X-and-Y\n",
            log.verifier_key(),
            key(&x1, 0),
            key(&x2, 1),
            key(&x3, 0),
            key(&y1, 1),
        );
        let policy = Policy::parse(&text).unwrap();
        assert_eq!(policy.witnesses()[0].url.as_deref(), Some("http://w.example/"));
        let checkpoint = note::sign(&log, 7, Hash([9; 32]), 5).unwrap().note;
        let standing = |witnesses: &[&WitnessKey]| {
            let lines: String = witnesses.iter().map(|w| w.cosign(&checkpoint, 60).unwrap()).collect();
            policy.check(&format!("{checkpoint}{lines}")).unwrap()
        };
        assert!(standing(&[&x1, &x2, &y1]).quorum && standing(&[&x1, &x2, &x3, &y1]).quorum);
        assert!(!standing(&[&x1, &y1]).quorum && !standing(&[&x1, &x2, &x3]).quorum && !standing(&[]).quorum);
        assert_eq!(standing(&[&x2]).cosigned, [("X2".to_owned(), 60)]);
        // A witness of the same name with another key counts for nothing.
        assert!(!standing(&[&x1, &witness("x2"), &y1]).quorum);
        let other = note::sign(&LogKey::generate("log.example/1").unwrap(), 7, Hash([9; 32]), 5).unwrap().note;
        assert_eq!(policy.check(&other), Err(NoteFault::OtherKey));
        let other = note::sign(&LogKey::generate("log.example/2").unwrap(), 7, Hash([9; 32]), 5).unwrap().note;
        assert_eq!(policy.check(&other), Err(NoteFault::OtherOrigin));
    }

    #[test]
    fn r27_a_policy_that_means_nothing_is_refused_with_its_line() {
        let key = witness("w").verifier_keys()[0].to_string();
        let log = LogKey::generate("l").unwrap().verifier_key();
        for (text, line) in [
            (String::new(), 0),
            ("quorum none\nquorum none".to_owned(), 2),
            ("quorum w".to_owned(), 1),
            (format!("witness w {log}\nquorum w"), 1),
            (format!("log {key}\nquorum none"), 1),
            (format!("witness w {key}\nwitness v {key}\nquorum w"), 2),
            (format!("witness none {key}\nquorum none"), 1),
            (format!("witness w {key}\ngroup g 2 w\nquorum g"), 2),
            (format!("witness w {key}\ngroup g 01 w\nquorum g"), 2),
            (format!("witness w {key}\ngroup g any\nquorum g"), 2),
            (format!("witness w {key}\ngroup g any w w\nquorum g"), 2),
            (format!("witness w {key}\ngroup g any w\ngroup h any w\nquorum g"), 3),
            (format!("group g any w\nwitness w {key}\nquorum g"), 1),
            (format!("witness w {key}\r\nquorum w"), 1),
            ("witnesses w".to_owned(), 1),
        ] {
            assert_eq!(Policy::parse(&text).unwrap_err().line, line, "{text}");
        }
        assert!(!Policy::parse("quorum none").unwrap().needs_witnesses());
    }
}
