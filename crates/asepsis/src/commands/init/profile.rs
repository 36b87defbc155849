//! Kinds of organisations: their policies, roles and purposes. A profile has the name of its pack.

use asepsis_people::role::{self, ProfileRole};

use crate::args::SiteProfile;

/// A kind of organisation.
pub(super) struct Profile {
    /// The shipped pack of policies.
    pub(super) pack: &'static str,
    /// What it is called where no name is given.
    pub(super) title: &'static str,
    /// What AI is used for.
    pub(super) purposes: &'static [&'static str],
    /// What it is for where a client does not say.
    pub(super) default_purpose: &'static str,
    /// The forms that go, from the richest to the poorest.
    pub(super) forms: &'static [&'static str],
}

const CARE: &[&str] = &["TREAT", "HPAYMT", "HOPERAT"];
const WITH_STAND_INS: &[&str] = &["pseudonymised", "deidentified"];

const DENTAL: Profile = Profile {
    pack: "dental",
    title: "Dental practice",
    purposes: CARE,
    default_purpose: "TREAT",
    forms: WITH_STAND_INS,
};

const CLINIC: Profile =
    Profile { pack: "clinic", title: "Clinic", purposes: CARE, default_purpose: "TREAT", forms: WITH_STAND_INS };

const HOSPITAL: Profile =
    Profile { pack: "hospital", title: "Hospital", purposes: CARE, default_purpose: "TREAT", forms: WITH_STAND_INS };

const RESEARCH: Profile = Profile {
    pack: "research",
    title: "Research",
    purposes: &["HRESCH"],
    default_purpose: "HRESCH",
    forms: &["limited", "deidentified"],
};

impl Profile {
    /// Its roles; the first one is that of the first key.
    pub(super) fn roles(&self) -> Vec<ProfileRole> {
        role::of_profile(self.pack).unwrap_or_default()
    }
}

pub(super) fn of(profile: SiteProfile) -> &'static Profile {
    match profile {
        SiteProfile::Dental => &DENTAL,
        SiteProfile::Clinic => &CLINIC,
        SiteProfile::Hospital => &HOSPITAL,
        SiteProfile::Research => &RESEARCH,
    }
}
