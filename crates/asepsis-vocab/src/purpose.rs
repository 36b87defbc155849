use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::code::{Code, Table};

/// Names the purposes once: as variants, as codes, and as the list of all that can be stated.
macro_rules! purposes {
    ($($(#[doc = $doc:literal])* $name:ident = $code:literal,)*) => {
        /// Why data is used: a code of HL7 v3 `ActReason`, value set PurposeOfUse (2.16.840.1.113883.1.11.20448), edition
        /// 2018-08-12, and one code of our own, [`Modeltrain`](Self::Modeltrain).
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "UPPERCASE")]
        pub enum PurposeOfUse {
            $($(#[doc = $doc])* $name,)*
            /// Nobody said why, or not in a code that is known. Never permits a richer form.
            #[default]
            Unknown,
        }

        impl PurposeOfUse {
            /// Every purpose that can be stated.
            pub const STATED: [Self; [$($code),*].len()] = [$(Self::$name),*];

            /// The HL7 code, or `UNKNOWN`.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$name => $code,)*
                    Self::Unknown => "UNKNOWN",
                }
            }
        }
    };
}

purposes! {
    /// Treatment.
    Treat = "TREAT",
    /// Emergency Treatment.
    Etreat = "ETREAT",
    /// Healthcare payment.
    Hpaymt = "HPAYMT",
    /// Healthcare operations.
    Hoperat = "HOPERAT",
    /// Healthcare research.
    Hresch = "HRESCH",
    /// Public health.
    Pubhlth = "PUBHLTH",
    /// Patient requested.
    Patrqt = "PATRQT",
    /// Healthcare marketing.
    Hmarkt = "HMARKT",
    /// Care management.
    Caremgt = "CAREMGT",
    /// Donation.
    Donat = "DONAT",
    /// Fraud.
    Fraud = "FRAUD",
    /// Government.
    Gov = "GOV",
    /// Health accreditation.
    Haccred = "HACCRED",
    /// Health compliance.
    Hcompl = "HCOMPL",
    /// Decedent.
    Hdecd = "HDECD",
    /// Directory.
    Hdirect = "HDIRECT",
    /// Healthcare delivery management.
    Hdm = "HDM",
    /// Legal.
    Hlegal = "HLEGAL",
    /// Health outcome measure.
    Houtcoms = "HOUTCOMS",
    /// Health program reporting.
    Hprgrp = "HPRGRP",
    /// Health quality improvement.
    Hqualimp = "HQUALIMP",
    /// Health system administration.
    Hsysadmin = "HSYSADMIN",
    /// Labeling.
    Labeling = "LABELING",
    /// Metadata management.
    Metamgt = "METAMGT",
    /// Member administration.
    Memadmin = "MEMADMIN",
    /// Military command.
    Milcdm = "MILCDM",
    /// Patient administration.
    Patadmin = "PATADMIN",
    /// Patient safety.
    Patsfty = "PATSFTY",
    /// Performance measure.
    Perfmsr = "PERFMSR",
    /// Records management.
    Recordmgt = "RECORDMGT",
    /// System development.
    Sysdev = "SYSDEV",
    /// Test health data.
    Htest = "HTEST",
    /// Training.
    Train = "TRAIN",
    /// Claim attachment.
    Clmattch = "CLMATTCH",
    /// Coverage authorization.
    Covauth = "COVAUTH",
    /// Coverage under policy or program.
    Coverage = "COVERAGE",
    /// Eligibility determination.
    Eligdtrm = "ELIGDTRM",
    /// Eligibility verification.
    Eligver = "ELIGVER",
    /// Enrollment.
    Enrollm = "ENROLLM",
    /// Military discharge.
    Mildcrg = "MILDCRG",
    /// Remittance advice.
    Remitadv = "REMITADV",
    /// Biomedical research.
    Biorch = "BIORCH",
    /// Clinical trial research.
    Clintrch = "CLINTRCH",
    /// Clinical trial research without patient care.
    Clintrchnpc = "CLINTRCHNPC",
    /// Clinical trial research with patient care.
    Clintrchpc = "CLINTRCHPC",
    /// Preclinical trial research.
    Preclintrch = "PRECLINTRCH",
    /// Disease specific healthcare research.
    Dsrch = "DSRCH",
    /// Population origins or ancestry healthcare research.
    Poarch = "POARCH",
    /// Translational healthcare research.
    Transrch = "TRANSRCH",
    /// Family requested.
    Famrqt = "FAMRQT",
    /// Power of attorney.
    Pwatrny = "PWATRNY",
    /// Support network.
    Supnwk = "SUPNWK",
    /// Disaster.
    Disaster = "DISASTER",
    /// Threat.
    Threat = "THREAT",
    /// Clinical trial.
    Clintrl = "CLINTRL",
    /// Coordination of care.
    Coc = "COC",
    /// Break the glass.
    Btg = "BTG",
    /// Emergency room treatment.
    Ertreat = "ERTREAT",
    /// Population health.
    Pophlth = "POPHLTH",
    /// Training a vendor's model: no HL7 code but our own. `TRAIN` is the education of staff.
    Modeltrain = "MODELTRAIN",
}

impl PurposeOfUse {
    /// The entry in HL7's table; `None` for [`Unknown`](Self::Unknown).
    pub fn entry(self) -> Option<&'static Code> {
        [Table::Purpose, Table::LocalPurpose].into_iter().find_map(|table| table.find(self.code()))
    }

    /// HL7's name for it, for people.
    pub fn display(self) -> &'static str {
        self.entry().map_or("unknown", |code| code.display)
    }

    /// Whether the code is HL7's own, so that it may stand in a message under HL7's code system.
    pub fn is_hl7(self) -> bool {
        Table::Purpose.find(self.code()).is_some()
    }

    /// The purpose itself and those that it is a kind of: emergency treatment is treatment.
    pub fn kinds(self) -> impl Iterator<Item = Self> {
        std::iter::successors(Some(self), |purpose| purpose.entry()?.parent?.parse().ok())
    }

    /// Whether it is `other` or a kind of it.
    pub fn is_a(self, other: Self) -> bool {
        self.kinds().any(|kind| kind == other)
    }
}

impl fmt::Display for PurposeOfUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A code that is no known purpose of use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "unknown purpose of use; the codes are HL7's: TREAT, ETREAT, HPAYMT, HOPERAT, HRESCH, PUBHLTH, PATRQT, HMARKT and their \
     kinds (`asepsis policy codes` lists them)"
)]
pub struct UnknownPurpose;

impl FromStr for PurposeOfUse {
    type Err = UnknownPurpose;

    fn from_str(s: &str) -> Result<Self, UnknownPurpose> {
        Self::STATED.into_iter().find(|p| p.code().eq_ignore_ascii_case(s)).ok_or(UnknownPurpose)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_purpose_of_the_table_can_be_stated_and_every_purpose_stands_in_it() {
        let in_table = |table: Table| table.codes().map(|code| code.code).collect::<std::collections::BTreeSet<_>>();
        let listed: std::collections::BTreeSet<_> = PurposeOfUse::STATED.into_iter().map(PurposeOfUse::code).collect();
        assert_eq!(listed.len(), PurposeOfUse::STATED.len());
        let tables = in_table(Table::Purpose).union(&in_table(Table::LocalPurpose)).copied().collect();
        assert_eq!(listed, tables);
        for purpose in PurposeOfUse::STATED {
            assert_eq!(purpose.code().parse(), Ok(purpose));
            assert_eq!(serde_json::to_string(&purpose).unwrap(), format!("\"{}\"", purpose.code()));
        }
    }

    #[test]
    fn c11_kinds_go_up_to_the_top() {
        let kinds: Vec<_> = PurposeOfUse::Btg.kinds().map(PurposeOfUse::code).collect();
        assert_eq!(kinds, ["BTG", "ETREAT", "TREAT"]);
        assert!(PurposeOfUse::Hqualimp.is_a(PurposeOfUse::Hoperat) && !PurposeOfUse::Train.is_a(PurposeOfUse::Hresch));
        assert!(!PurposeOfUse::Modeltrain.is_hl7() && PurposeOfUse::Unknown.kinds().count() == 1);
    }
}
