//! What a person at the keyboard is told about an exchange: what was found, what was done with it, and how to do it right.
//!
//! A program reads it from headers. Where the site wants it (`[coaching] in_answers`), a person reads it at the end of the
//! answer itself, in the client's own protocol; only where something stood in the way of the form that the route would take first.

use asepsis_exchange::Admitted;
use asepsis_vocab::{ClassCount, DisclosureForm, IdentifierClass};
use http::{HeaderMap, HeaderValue};

/// How people are told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Coaching {
    /// Whether answers end with it. What reads answers as data has no use for it there.
    pub in_answers: bool,
    /// Where the pages of Asepsis are reached, without a slash at the end: `https://asepsis.example.org/asepsis`.
    pub pages: Option<String>,
}

/// The longest text in a header, in bytes.
const MOST_HEADER: usize = 1024;

impl Coaching {
    fn addressed(&self, text: &str) -> String {
        asepsis_policy::addressed(text, self.pages.as_deref())
    }

    /// What a refused request is answered with, after what was found.
    pub(crate) fn refusal(&self, found: &[ClassCount], message: &str) -> String {
        let found = found_in_words(found);
        self.addressed(&if found.is_empty() { message.to_owned() } else { format!("Found: {found}. {message}") })
    }

    /// What the person is told of an exchange that went in a poorer form than the route would take; `None` where it did not.
    fn note(&self, admitted: &Admitted) -> Option<String> {
        let message = admitted.decision().coaching()?;
        let done = match admitted.decision().form {
            DisclosureForm::Identified => "All of it went as it is",
            DisclosureForm::Limited => "It went without what names people; dates and towns stayed",
            DisclosureForm::Pseudonymised => "Stand-ins went for what names people",
            DisclosureForm::Deidentified | DisclosureForm::Nothing => "It went without anything that names people",
        };
        let found = found_in_words(admitted.found());
        let found = if found.is_empty() { "nothing that names people".to_owned() } else { found };
        Some(self.addressed(&format!("Found: {found}. {done}. {message}")))
    }

    /// What stands at the end of the answer, where it does.
    pub(crate) fn at_the_end(&self, admitted: &Admitted) -> Option<String> {
        let note = self.in_answers.then(|| self.note(admitted)).flatten()?;
        Some(format!("\n\n[Asepsis] {note}"))
    }

    /// The same for programs.
    pub(crate) fn headers(&self, headers: &mut HeaderMap, admitted: &Admitted) {
        let counts: Vec<String> =
            admitted.found().iter().map(|count| format!("{}={}", count.class.label(), count.places)).collect();
        put(headers, "x-asepsis-found", &counts.join(","));
        if let Some(note) = self.note(admitted) {
            put(headers, "x-asepsis-coaching", &note);
        }
    }

    /// Where people report a concern about the exchange that the headers name.
    pub(crate) fn concern(&self, headers: &mut HeaderMap) {
        let Some(exchange) = headers.get("x-asepsis-exchange").and_then(|value| value.to_str().ok()) else { return };
        let pages = self.pages.as_deref().unwrap_or("/asepsis");
        let address = format!("{pages}/concern?exchange={exchange}");
        put(headers, "x-asepsis-concern", &address);
    }
}

/// Puts a text into a header, where it is not empty: one line of ASCII, cut where it is too long.
fn put(headers: &mut HeaderMap, name: &'static str, text: &str) {
    let plain: String =
        text.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).take(MOST_HEADER).collect();
    if !plain.is_empty()
        && let Ok(value) = HeaderValue::from_str(&plain)
    {
        headers.insert(name, value);
    }
}

/// `2 names, 1 social security number`.
fn found_in_words(found: &[ClassCount]) -> String {
    let words: Vec<String> = found
        .iter()
        .map(|count| {
            let word = word(count.class);
            let plural = if word.ends_with('s') { "es" } else { "s" };
            format!("{} {word}{}", count.places, if count.places == 1 { "" } else { plural })
        })
        .collect();
    words.join(", ")
}

/// What people call a thing of the class.
fn word(class: IdentifierClass) -> &'static str {
    match class {
        IdentifierClass::Name => "name",
        IdentifierClass::Location => "place",
        IdentifierClass::Date => "date",
        IdentifierClass::Age => "age over 89",
        IdentifierClass::Phone => "phone number",
        IdentifierClass::Fax => "fax number",
        IdentifierClass::Email => "e-mail address",
        IdentifierClass::Ssn => "social security number",
        IdentifierClass::Mrn => "record number",
        IdentifierClass::HealthPlan => "health plan number",
        IdentifierClass::Account => "account number",
        IdentifierClass::License => "license number",
        IdentifierClass::Vehicle => "vehicle number",
        IdentifierClass::Device => "device number",
        IdentifierClass::Url => "web address",
        IdentifierClass::Ip => "network address",
        IdentifierClass::Biometric => "biometric mark",
        IdentifierClass::Photo => "photo",
        IdentifierClass::Id => "other number",
        IdentifierClass::Org => "organisation",
        IdentifierClass::Profession => "profession",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_found_is_said_in_words_and_addresses_are_filled_in() {
        let count = |class, places| ClassCount { class, places, distinct: 1 };
        let found = [
            count(IdentifierClass::Name, 2),
            count(IdentifierClass::Ssn, 1),
            count(IdentifierClass::Url, 3),
            count(IdentifierClass::Age, 1),
        ];
        assert_eq!(found_in_words(&found), "2 names, 1 social security number, 3 web addresses, 1 age over 89");
        let coaching = Coaching { in_answers: false, pages: Some("https://a.example/asepsis".to_owned()) };
        assert_eq!(
            coaching.refusal(&[], "Go to {pages}, then training."),
            "Go to https://a.example/asepsis, then training."
        );
        let mut headers = HeaderMap::new();
        put(&mut headers, "x-asepsis-coaching", "one\r\ntwo: é");
        assert_eq!(headers["x-asepsis-coaching"], "one??two: ?");
    }
}
