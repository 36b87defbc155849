//! What was measured at a vendor's door, and which claims it does not bear out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::Date;

use crate::{Contradiction, Dossier, Value, day};

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Tls {
    /// RFC 2246; deprecated by RFC 8996.
    #[serde(rename = "1.0")]
    V1_0,
    /// RFC 4346; deprecated by RFC 8996.
    #[serde(rename = "1.1")]
    V1_1,
    /// RFC 5246.
    #[serde(rename = "1.2")]
    V1_2,
    /// RFC 8446.
    #[serde(rename = "1.3")]
    V1_3,
}

impl Tls {
    /// Every version, the oldest first.
    pub const ALL: [Self; 4] = [Self::V1_0, Self::V1_1, Self::V1_2, Self::V1_3];

    /// `1.0` to `1.3`.
    pub fn name(self) -> &'static str {
        match self {
            Self::V1_0 => "1.0",
            Self::V1_1 => "1.1",
            Self::V1_2 => "1.2",
            Self::V1_3 => "1.3",
        }
    }
}

/// Whether a version of TLS is spoken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spoken {
    /// It is.
    Yes,
    /// It was refused.
    No,
    /// It could not be seen, and why.
    Unseen(String),
}

/// The certificates that a server showed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain {
    /// What is the matter with it; absent where it is trusted, in date and of the right name.
    pub fault: Option<String>,
    /// The names that it is for, at most 20.
    pub names: Vec<String>,
    /// Who issued it.
    pub issuer: String,
    /// Its first day.
    #[serde(with = "day")]
    pub first_day: Date,
    /// Its last day.
    #[serde(with = "day")]
    pub last_day: Date,
    /// How many certificates came along.
    pub length: usize,
}

/// What was measured at an address. Its grade is `measured`: it stands beside the claims, and lifts none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// Host and port.
    pub address: String,
    /// The day.
    #[serde(with = "day")]
    pub on: Date,
    /// Each version of TLS.
    pub tls: BTreeMap<Tls, Spoken>,
    /// The certificates; absent where none came.
    pub chain: Option<Chain>,
    /// How many seconds browsers are told to come back with TLS only (RFC 6797); absent where they are not told, or nothing answered.
    pub hsts_seconds: Option<u64>,
    /// How it was looked at.
    pub how: String,
}

/// A measured fact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Measured {
    /// Its name.
    pub name: &'static str,
    /// What was found.
    pub value: String,
    /// Always `measured`.
    pub grade: &'static str,
    /// The day.
    #[serde(with = "day")]
    pub as_of: Date,
}

/// A claim, beside what was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Claim {
    /// The fact.
    pub fact: &'static str,
    /// What was claimed; absent is unknown.
    pub claimed: Option<Value>,
    /// What was found against it; absent where nothing was.
    pub against: Option<String>,
}

impl Probe {
    /// What was measured, fact by fact.
    pub fn measured(&self) -> Vec<Measured> {
        let mut found = Vec::new();
        let mut add = |name, value| found.push(Measured { name, value, grade: "measured", as_of: self.on });
        let list = |want: &dyn Fn(&Spoken) -> bool| {
            let versions: Vec<_> =
                self.tls.iter().filter(|(_, spoken)| want(spoken)).map(|(tls, _)| tls.name()).collect();
            if versions.is_empty() { "none".to_owned() } else { versions.join(", ") }
        };
        add("tls_spoken", list(&|spoken| *spoken == Spoken::Yes));
        add("tls_refused", list(&|spoken| *spoken == Spoken::No));
        if self.tls.values().any(|spoken| matches!(spoken, Spoken::Unseen(_))) {
            add("tls_unseen", list(&|spoken| matches!(spoken, Spoken::Unseen(_))));
        }
        if let Some(chain) = &self.chain {
            add("certificate", chain.fault.clone().unwrap_or_else(|| "good".to_owned()));
            add("certificate_names", chain.names.join(", "));
            add("certificate_issuer", chain.issuer.clone());
            add("certificate_days", format!("{} to {}", chain.first_day, chain.last_day));
        }
        let hsts = self.hsts_seconds.map_or_else(|| "not set".to_owned(), |seconds| format!("{seconds} seconds"));
        add("strict_transport_security", hsts);
        found
    }

    fn spoken(&self, tls: Tls) -> bool {
        self.tls.get(&tls) == Some(&Spoken::Yes)
    }

    /// The versions older than this one that are spoken.
    fn below(&self, least: Tls) -> Vec<&'static str> {
        Tls::ALL.into_iter().filter(|tls| *tls < least && self.spoken(*tls)).map(Tls::name).collect()
    }

    /// What speaks against encryption on the way.
    fn against_encryption(&self) -> Option<String> {
        if let Some(fault) = self.chain.as_ref().and_then(|chain| chain.fault.as_deref()) {
            return Some(format!("the certificate of {}: {fault}", self.address));
        }
        match self.below(Tls::V1_2).as_slice() {
            [] => {}
            old => return Some(format!("{} accepts TLS {}", self.address, old.join(" and "))),
        }
        let seen = |tls| matches!(self.tls.get(&tls), Some(Spoken::No));
        let none = seen(Tls::V1_2) && seen(Tls::V1_3);
        none.then(|| format!("{} speaks neither TLS 1.2 nor 1.3", self.address))
    }

    /// The claims that it can say something of.
    pub fn claims(&self, dossier: &Dossier) -> Vec<Claim> {
        let claimed = |fact: &str| dossier.facts.get(fact).and_then(|fact| fact.value.clone());
        let encryption = claimed("encryption_transit");
        let against =
            encryption.as_ref().filter(|value| **value == Value::Truth(true)).and_then(|_| self.against_encryption());
        let least = claimed("tls_least");
        let version = match &least {
            Some(Value::Text(text)) => Tls::ALL.into_iter().find(|tls| tls.name() == text),
            _ => None,
        };
        let older = version.map(|least| self.below(least)).filter(|older| !older.is_empty());
        vec![
            Claim { fact: "encryption_transit", claimed: encryption, against },
            Claim {
                fact: "tls_least",
                claimed: least,
                against: older.map(|older| format!("{} accepts TLS {}", self.address, older.join(" and "))),
            },
        ]
    }
}

/// The claims of a dossier that a probe does not bear out. What it bears out becomes no better by it.
pub fn contradictions(probe: &Probe, dossier: &Dossier) -> Vec<Contradiction> {
    let against = |claim: Claim| {
        Some(Contradiction { fact: claim.fact.to_owned(), claimed: claim.claimed?, found: claim.against? })
    };
    probe.claims(dossier).into_iter().filter_map(against).collect()
}
