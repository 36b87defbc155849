//! The roles that profiles begin with, and the one that may change nothing.

use serde::Deserialize;

/// The role of who looks at everything and changes nothing. It sends nothing to AI systems, whatever the systems say, and the console
/// takes no form of it but those about its own sign-in.
pub const ASSESSOR: &str = "assessor";

/// Whether a role may change anything, or send anything to AI systems.
pub fn may_change(role: &str) -> bool {
    role != ASSESSOR
}

/// A role of a profile.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileRole {
    /// A short stable name.
    pub id: String,
    /// What people call it.
    pub title: String,
    /// Whether it may be given back what surrogates stand for.
    #[serde(default)]
    pub restore: bool,
    /// Whether it looks after Asepsis itself.
    #[serde(default)]
    pub administer: bool,
    /// Whether it is one of licensed or certified health care providers.
    #[serde(default)]
    pub licensed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    profile: Vec<Profile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    name: String,
    roles: Vec<ProfileRole>,
}

fn profiles() -> Vec<Profile> {
    let file: File = toml::from_str(include_str!("../data/roles.toml")).expect("the shipped roles are TOML");
    file.profile
}

/// The names of the profiles.
pub fn profile_names() -> Vec<String> {
    profiles().into_iter().map(|profile| profile.name).collect()
}

/// The roles that a profile begins with; `None` where there is no such profile.
pub fn of_profile(name: &str) -> Option<Vec<ProfileRole>> {
    profiles().into_iter().find(|profile| profile.name == name).map(|profile| profile.roles)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn p10_p12_every_profile_has_who_administers_and_an_assessor_who_may_nothing() {
        assert_eq!(profile_names(), ["dental", "clinic", "hospital", "research"]);
        for name in profile_names() {
            let roles = of_profile(&name).unwrap();
            assert!(roles.iter().any(|role| role.administer), "{name}");
            // Who looks after Asepsis is not who sees patients' names.
            assert!(roles.iter().all(|role| !(role.administer && role.restore)), "{name}");
            let assessor = roles.iter().find(|role| role.id == ASSESSOR).unwrap();
            assert!(!assessor.administer && !assessor.restore && !may_change(&assessor.id));
            let mut ids: Vec<_> = roles.iter().map(|role| role.id.as_str()).collect();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), roles.len(), "{name}");
        }
        assert!(of_profile("none").is_none() && may_change("clinician"));
    }
}
