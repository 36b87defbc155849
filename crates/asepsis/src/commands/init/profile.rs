//! Kinds of organisations: their policies, roles and purposes.

use crate::args::SiteProfile;

/// A kind of organisation.
pub(super) struct Profile {
    /// The shipped pack of policies.
    pub(super) pack: &'static str,
    /// What it is called where no name is given.
    pub(super) title: &'static str,
    /// Its roles; the first one is that of the first key.
    pub(super) roles: &'static [SiteRole],
    /// What AI is used for.
    pub(super) purposes: &'static [&'static str],
    /// What it is for where a client does not say.
    pub(super) default_purpose: &'static str,
    /// The forms that go, from the richest to the poorest.
    pub(super) forms: &'static [&'static str],
}

/// A role.
pub(super) struct SiteRole {
    pub(super) id: &'static str,
    /// Whether originals are put back in answers.
    pub(super) restore: bool,
    /// Whether it looks after Asepsis itself.
    pub(super) administer: bool,
}

const fn works(id: &'static str) -> SiteRole {
    SiteRole { id, restore: true, administer: false }
}

const fn manages(id: &'static str) -> SiteRole {
    SiteRole { id, restore: true, administer: true }
}

const fn sees_no_names(id: &'static str) -> SiteRole {
    SiteRole { id, restore: false, administer: false }
}

const CARE: &[&str] = &["TREAT", "HPAYMT", "HOPERAT"];
const WITH_STAND_INS: &[&str] = &["pseudonymised", "deidentified"];

const DENTAL: Profile = Profile {
    pack: "dental",
    title: "Dental practice",
    roles: &[
        works("dentist"),
        works("hygienist"),
        works("front-desk"),
        manages("office-manager"),
        sees_no_names("assessor"),
    ],
    purposes: CARE,
    default_purpose: "TREAT",
    forms: WITH_STAND_INS,
};

const CLINIC: Profile = Profile {
    pack: "clinic",
    title: "Clinic",
    roles: &[
        works("clinician"),
        works("nurse"),
        works("front-desk"),
        manages("practice-manager"),
        sees_no_names("assessor"),
    ],
    purposes: CARE,
    default_purpose: "TREAT",
    forms: WITH_STAND_INS,
};

const HOSPITAL: Profile = Profile {
    pack: "hospital",
    title: "Hospital",
    roles: &[
        works("clinician"),
        works("nurse"),
        works("front-desk"),
        sees_no_names("analyst"),
        manages("privacy-officer"),
        manages("security-officer"),
        sees_no_names("assessor"),
    ],
    purposes: CARE,
    default_purpose: "TREAT",
    forms: WITH_STAND_INS,
};

const RESEARCH: Profile = Profile {
    pack: "research",
    title: "Research",
    roles: &[
        sees_no_names("investigator"),
        sees_no_names("analyst"),
        SiteRole { id: "data-manager", restore: false, administer: true },
        sees_no_names("assessor"),
    ],
    purposes: &["HRESCH"],
    default_purpose: "HRESCH",
    forms: &["limited", "deidentified"],
};

pub(super) fn of(profile: SiteProfile) -> &'static Profile {
    match profile {
        SiteProfile::Dental => &DENTAL,
        SiteProfile::Clinic => &CLINIC,
        SiteProfile::Hospital => &HOSPITAL,
        SiteProfile::Research => &RESEARCH,
    }
}
