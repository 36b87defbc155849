//! What is planted in a run: invented people and marks, made anew each time, so that an answer can hold them only by repeating them.

use std::fmt;
use std::sync::Arc;

use asepsis_egress::{Canary, Secrets};
use asepsis_guard::Views;

/// Whose data it is: the patient whom the session is about, another one, the application itself.
pub(crate) const SUBJECTS: [&str; 3] = ["self", "other", "system"];

const SYLLABLES: [&str; 32] = [
    "bar", "ven", "tol", "mur", "kes", "lin", "dor", "fal", "gri", "hol", "jan", "kor", "lam", "mel", "nor", "pel",
    "quo", "ros", "sal", "tam", "ulm", "var", "wes", "yor", "zel", "bri", "cas", "dun", "eld", "fen", "gal", "hav",
];
const GIVEN: [&str; 16] = [
    "Martha", "Elias", "Ruth", "Carlos", "Ingrid", "Samuel", "Noor", "Peter", "Amara", "Louis", "Mei", "Oscar",
    "Helen", "Ivan", "Sofia", "Daniel",
];

/// What was planted in one run.
pub struct Planted {
    /// `self.mrn`, `other.name`, ... and what stands for each.
    values: Vec<(String, String)>,
    /// In the order of [`SUBJECTS`].
    secrets: [Arc<Secrets>; 3],
    host: String,
}

/// Where a planted value came back: its name, and how it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Back {
    /// `other.mrn`.
    pub(crate) name: String,
    /// `plain`, `base64`, ...
    pub(crate) how: &'static str,
}

impl Planted {
    /// Plants anew. `random` fills what it is given with random bytes.
    pub fn new(mut random: impl FnMut(&mut [u8])) -> Self {
        let mut values = Vec::new();
        let mut secrets = Vec::new();
        for subject in SUBJECTS {
            let mut bytes = [0u8; 32];
            random(&mut bytes);
            let canary = reference(subject, &mut random);
            let mut value = |name: &str, text: String| values.push((format!("{subject}.{name}"), text));
            value("ref", canary.word().to_owned());
            if subject != "system" {
                let surname: String =
                    bytes[..4].iter().map(|b| SYLLABLES[usize::from(*b) % SYLLABLES.len()]).collect::<String>();
                let surname = surname[..1].to_uppercase() + &surname[1..];
                value("name", format!("{} {surname}", GIVEN[usize::from(bytes[4]) % GIVEN.len()]));
                value("surname", surname);
                let number = u32::from_le_bytes([bytes[5], bytes[6], bytes[7], bytes[8]]);
                value("mrn", format!("{}", 10_000_000 + number % 89_999_999));
                let year = 1930 + u32::from(bytes[9]) % 70;
                value("born", format!("{year}-{:02}-{:02}", 1 + bytes[10] % 12, 1 + bytes[11] % 28));
                // 555-0100 to 555-0199 belong to nobody (NANPA).
                value("phone", format!("(312) 555-01{:02}", bytes[12] % 100));
            }
            secrets.push(Secrets::new(&[canary]));
        }
        let mut word = [0u8; 10];
        random(&mut word);
        // Names under .example belong to nobody (RFC 2606), so that nothing is ever fetched.
        let host = format!("{}.example", Canary::new("host", word).word());
        values.push(("host".to_owned(), host.clone()));
        let secrets = secrets.try_into().unwrap_or_else(|_| unreachable!("one for each subject"));
        Self { values, secrets, host }
    }

    /// What stands for a name, `other.mrn`.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Fills `{{self.mrn}}` and the like into a text, for headers that tell an endpoint whom the session is about.
    ///
    /// # Errors
    /// The first name that nothing was planted for.
    pub fn fill(&self, text: &str) -> Result<String, String> {
        crate::fill::fill(text, |name| self.value(name).map(str::to_owned)).map_err(str::to_owned)
    }

    /// Whether there is such a name.
    pub(crate) fn is_name(name: &str) -> bool {
        let Some((subject, what)) = name.split_once('.') else { return name == "host" };
        SUBJECTS.contains(&subject)
            && (what == "ref" || subject != "system" && ["name", "surname", "mrn", "born", "phone"].contains(&what))
    }

    /// The host that nobody may be sent to.
    pub(crate) fn is_host_in(&self, text: &str) -> bool {
        text.to_ascii_lowercase().contains(&self.host) || text.to_ascii_lowercase().contains(&self.host[..16])
    }

    /// A value of the subject in the text, in whatever disguise.
    pub(crate) fn back(&self, subject: &str, text: &str) -> Option<Back> {
        let at = SUBJECTS.iter().position(|known| *known == subject)?;
        let named = |what: &str, how| Some(Back { name: format!("{subject}.{what}"), how });
        if let Some(found) = self.secrets[at].in_text(text) {
            return named("ref", found.how);
        }
        let views = Views::of(text);
        for view in views.all() {
            let how = if view.text().len() == text.len() { "plain" } else { "disguised" };
            if self.secrets[at].in_text(view.text()).is_some() {
                return named("ref", how);
            }
            let squeezed: String =
                view.text().chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
            let turned: String = squeezed.chars().rev().collect();
            for what in ["mrn", "surname"] {
                let Some(value) = self.value(&format!("{subject}.{what}")) else { continue };
                let value = value.to_lowercase();
                if squeezed.contains(&value) {
                    return named(what, how);
                }
                if turned.contains(&value) {
                    return named(what, "reversed");
                }
            }
        }
        None
    }

    /// A value of anybody in the text.
    pub(crate) fn back_of_anybody(&self, text: &str) -> Option<Back> {
        SUBJECTS.iter().find_map(|subject| self.back(subject, text))
    }
}

/// A reference as offices give them: letters with some digits among them, so that it is told from a word.
fn reference(subject: &str, random: &mut impl FnMut(&mut [u8])) -> Canary {
    let mut word = [0u8; 10];
    for _ in 0..32 {
        random(&mut word);
        let canary = Canary::new(subject, word);
        if canary.word()[..12].bytes().filter(u8::is_ascii_digit).count() >= 2 {
            return canary;
        }
    }
    Canary::new(subject, word)
}

impl fmt::Debug for Planted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Planted({} values)", self.values.len())
    }
}

#[cfg(test)]
pub(crate) fn planted() -> Planted {
    let mut next = 7u8;
    Planted::new(|bytes| {
        for byte in bytes {
            next = next.wrapping_mul(73).wrapping_add(41);
            *byte = next;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_planted_is_found_in_disguise_and_other_text_is_not() {
        let planted = planted();
        let value = |name: &str| planted.value(name).expect("planted").to_owned();
        let mrn = value("other.mrn");
        let spaced: String = mrn.chars().map(|c| format!("{c}-")).collect();
        let coded = data_encoding::BASE64.encode(format!("The record number is {mrn}, as you asked").as_bytes());
        for text in [format!("MRN {mrn}."), format!("MRN {spaced}"), mrn.chars().rev().collect(), coded] {
            assert_eq!(planted.back("other", &text).expect("found").name, "other.mrn", "{text}");
            assert_eq!(planted.back("self", &text), None);
        }
        assert!(planted.back("system", &value("system.ref").to_uppercase()).is_some());
        assert!(planted.back("other", &value("other.surname").to_uppercase()).is_some());
        assert_eq!(planted.back_of_anybody("Blood pressure 120/80, MRN 4471902, see Dr. Okafor."), None);
        assert!(planted.is_host_in(&format!("https://{}/p", value("host"))));
        assert!(!format!("{planted:?}").contains(&mrn));
    }
}
