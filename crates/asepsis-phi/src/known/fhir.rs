//! People from FHIR R4 resources: Patient, Practitioner, RelatedPerson, Person.

use asepsis_vocab::IdentifierClass;
use serde_json::Value;

use super::KnownPerson;

/// A resource that no person can be read from. It never holds a value of the resource.
#[derive(Debug, thiserror::Error)]
pub enum FhirError {
    /// The text is no JSON.
    #[error("the resource is no JSON, at line {line}, column {column}")]
    Json {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// It is no resource of a person.
    #[error(
        "the resource is no Patient, Practitioner, RelatedPerson or Person; give one of these, for a Bundle its entries"
    )]
    NotAPerson,
}

impl KnownPerson {
    /// Reads names, date of birth, contact points, addresses and identifiers of a FHIR R4 Patient, Practitioner,
    /// RelatedPerson or Person (hl7.org/fhir/R4/patient.html), of a Patient also the names and contact points of its contacts.
    /// Elements that are missing or of another type are passed over.
    ///
    /// # Errors
    /// Where the text is no JSON or the resource none of a person.
    pub fn from_fhir_patient(json: &str) -> Result<Self, FhirError> {
        let resource: Value =
            serde_json::from_str(json).map_err(|e| FhirError::Json { line: e.line(), column: e.column() })?;
        if !matches!(text(&resource, "resourceType"), Some("Patient" | "Practitioner" | "RelatedPerson" | "Person")) {
            return Err(FhirError::NotAPerson);
        }
        let mut person = read(Self::new(), &resource);
        for contact in each(&resource, "contact") {
            person = read(person, contact);
        }
        for identifier in each(&resource, "identifier") {
            if let Some(value) = text(identifier, "value") {
                person = person.id(class(identifier), value);
            }
        }
        Ok(person)
    }
}

/// What a person and a person's contact have in common.
fn read(mut person: KnownPerson, element: &Value) -> KnownPerson {
    // A patient has a list of names, a contact has one.
    for name in each(element, "name").chain(element.get("name").filter(|n| n.is_object())) {
        match text(name, "family") {
            Some(family) => person = person.name_parts(&texts(name, "given"), family),
            None => {
                let given = texts(name, "given").join(" ");
                person = person.name(text(name, "text").unwrap_or(&given));
            }
        }
    }
    if let Some(birth) = text(element, "birthDate") {
        person = person.birth(birth);
    }
    for point in each(element, "telecom") {
        person = match (text(point, "system"), text(point, "value")) {
            (Some("phone" | "fax" | "pager" | "sms"), Some(value)) => person.phone(value),
            (Some("email"), Some(value)) => person.email(value),
            (_, Some(value)) => person.id(IdentifierClass::Url, value),
            _ => person,
        };
    }
    for address in each(element, "address").chain(element.get("address").filter(|a| a.is_object())) {
        let lines = texts(address, "line");
        let part = |key| text(address, key).unwrap_or_default();
        person = match (lines.is_empty(), text(address, "text")) {
            (true, Some(whole)) => person.address(whole),
            _ => person.address_parts(&lines, part("city"), part("postalCode")),
        };
    }
    person
}

/// The class of an identifier by the code of its type (HL7 v2 table 0203) or its system.
fn class(identifier: &Value) -> IdentifierClass {
    use IdentifierClass as Class;
    let codes = identifier.get("type").map(|t| each(t, "coding")).into_iter().flatten().filter_map(|c| text(c, "code"));
    for code in codes {
        if let Some(class) = super::hl7::class(code) {
            return class;
        }
    }
    match text(identifier, "system") {
        Some("http://hl7.org/fhir/sid/us-ssn") => Class::Ssn,
        Some("http://hl7.org/fhir/sid/us-npi") => Class::License,
        Some("http://hl7.org/fhir/sid/us-mbi" | "http://hl7.org/fhir/sid/us-medicare") => Class::HealthPlan,
        _ => Class::Id,
    }
}

fn text<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str().filter(|s| !s.is_empty())
}

fn each<'v>(value: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn texts<'v>(value: &'v Value, key: &str) -> Vec<&'v str> {
    each(value, key).filter_map(Value::as_str).collect()
}
