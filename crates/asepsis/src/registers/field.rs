//! The fields of the registers' entries: what each is called and holds, at the command line, in CSV and in JSON.

use asepsis_policy::{FactKind, FactOf, closest, known_fact, known_facts};
use serde_json::{Map, Value};

use super::{AGREEMENT, SYSTEM, VENDOR};

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// A text.
    Text,
    /// Yes or no.
    YesNo,
    /// A day like 2026-12-31.
    Day,
    /// A list of words.
    List,
    /// Roles by purpose.
    Grants,
    /// A fact.
    Fact(FactKind),
}

impl Shape {
    /// What is to be written.
    pub(crate) fn expects(self) -> &'static str {
        match self {
            Self::Text => FactKind::Text.expects(),
            Self::YesNo => FactKind::YesNo.expects(),
            Self::Day => FactKind::Day.expects(),
            Self::List => FactKind::Words.expects(),
            Self::Grants => "a table of roles by purpose, such as {\"HPAYMT\": [\"front-desk\"]}",
            Self::Fact(kind) => kind.expects(),
        }
    }
}

/// A field.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Field {
    pub(crate) name: &'static str,
    pub(crate) shape: Shape,
    pub(crate) doc: &'static str,
    /// Whether it is one of `facts`.
    pub(crate) of_facts: bool,
}

const fn field(name: &'static str, shape: Shape, doc: &'static str) -> Field {
    Field { name, shape, doc, of_facts: false }
}

const STATUS: Field = field(
    "status",
    Shape::Fact(FactKind::Text),
    "How far its assessment has got: requested, in_review, conditional, approved, suspended, retired",
);

const STOPPED: Field = field("stopped", Shape::YesNo, "That it is switched off; `asepsis stop` is quicker");

const OF_VENDOR: [Field; 9] = [
    field("name", Shape::Text, "Its name for people"),
    field("country", Shape::Text, "The country that it is in"),
    field("contacts", Shape::List, "Who is to be asked there"),
    field("owner", Shape::Text, "Who looks after it here"),
    field("tier", Shape::Text, "How much depends on it: low, moderate, high, critical"),
    field("next_review", Shape::Day, "The day on which it is to be looked at again"),
    field("subprocessors", Shape::List, "The ids of the vendors to whom it hands data on"),
    STATUS,
    STOPPED,
];

const OF_SYSTEM: [Field; 20] = [
    field("vendor", Shape::Text, "The id of its vendor"),
    field("protocol", Shape::Text, "The API that it speaks: openai or anthropic"),
    field("base_url", Shape::Text, "Where it is, https://host and what stands before /v1"),
    field("key_env", Shape::Text, "The gateway's environment variable that holds its key"),
    field("key_file", Shape::Text, "The file that holds its key"),
    field("models", Shape::List, "The models that it serves; one that ends in * stands for all that begin so"),
    field("roles", Shape::List, "The roles that may use it"),
    field("purposes", Shape::List, "The purposes that it is approved for, HL7 codes such as TREAT"),
    field("grants", Shape::Grants, "Further roles for single purposes"),
    field("default_purpose", Shape::Text, "The purpose where a client states none"),
    field("forms", Shape::List, "The forms that it takes, from the richest to the poorest"),
    field("surrogates", Shape::Text, "How surrogates look: placeholder or realistic"),
    field("zones", Shape::List, "The network zones from which it may be used; empty means from all"),
    field("owner", Shape::Text, "Who looks after it here"),
    STATUS,
    STOPPED,
    field("retention_days", Shape::Fact(FactKind::Number), "How long the vendor keeps data, in days"),
    field("trains_on_data", Shape::Fact(FactKind::YesNo), "Whether the vendor trains on data"),
    field("regions", Shape::Fact(FactKind::Words), "Where data is kept and worked on, in words of your own such as us"),
    field("patient_facing", Shape::Fact(FactKind::YesNo), "Whether patients read what it writes"),
];

const OF_AGREEMENT: [Field; 7] = [
    field("vendor", Shape::Text, "The id of the vendor"),
    field("kind", Shape::Text, "baa, dua, qsoa, dpa or scc"),
    field("state", Shape::Text, "none, requested, signed or terminated"),
    field("first_day", Shape::Day, "The first day that it is in force"),
    field("last_day", Shape::Day, "The last day that it is in force"),
    field("open_ended", Shape::YesNo, "That it runs until somebody ends it"),
    field("systems", Shape::List, "The ids of the AI systems that it covers"),
];

/// The names of the registers that have fields.
pub(crate) const REGISTERS: [&str; 3] = [VENDOR, SYSTEM, AGREEMENT];

/// Of what the facts of a register are kept.
fn fact_of(register: &str) -> FactOf {
    match register {
        SYSTEM => FactOf::System,
        AGREEMENT => FactOf::Agreement,
        _ => FactOf::Vendor,
    }
}

/// Every field of a register: its own, then its facts.
pub(crate) fn fields(register: &str) -> impl Iterator<Item = Field> {
    let own: &[Field] = match register {
        SYSTEM => &OF_SYSTEM,
        AGREEMENT => &OF_AGREEMENT,
        _ => &OF_VENDOR,
    };
    let of = fact_of(register);
    let facts = known_facts().iter().filter(move |known| known.of.contains(&of)).map(|known| Field {
        name: &known.name,
        shape: Shape::Fact(known.kind),
        doc: &known.doc,
        of_facts: true,
    });
    own.iter().copied().chain(facts)
}

/// The field of that name; a fact may be called `mfa` or `facts.mfa`.
///
/// # Errors
/// What is wrong with the name, and the one that is most like it.
pub(crate) fn find(register: &str, name: &str) -> Result<Field, String> {
    let plain = name.strip_prefix("facts.").unwrap_or(name);
    if let Some(field) = fields(register).find(|field| field.name == plain) {
        return Ok(field);
    }
    if name == "agreement" && register == VENDOR {
        return Err(
            "an agreement stands by itself in the store: write an `agreement` that names its `vendor`".to_owned()
        );
    }
    if let Ok(known) = known_fact(plain) {
        let of: Vec<_> = known.of.iter().map(|of| of.name()).collect();
        return Err(format!("`{plain}` is kept of a {}, not of a {register}", of.join(" or ")));
    }
    let near = closest(plain, fields(register).map(|field| field.name));
    let near = near.map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    Err(format!("a {register} has no field `{name}`; {near}`asepsis register fields` lists them"))
}

/// A body whose facts are written in one way: one of which nothing is said but its value as the value alone, yes and no as
/// true and false. Fields that are null are left out. Problems are of fields that are not known or hold the wrong thing.
pub(crate) fn canonical(register: &str, body: Map<String, Value>) -> (Map<String, Value>, Vec<(String, String)>) {
    let (mut out, mut problems) = (Map::new(), Vec::new());
    let mut take = |out: &mut Map<String, Value>, path: String, name: &str, value: Value, of_facts: bool| {
        if value.is_null() {
            return;
        }
        let found = match find(register, name) {
            Ok(field) if field.of_facts != of_facts => {
                let place = if field.of_facts { "stands in `facts`" } else { "stands beside `facts` and not in it" };
                Err(format!("`{name}` {place}"))
            }
            found => found,
        };
        match found.and_then(|field| shaped(field, value)) {
            Ok(value) => drop(out.insert(name.to_owned(), value)),
            Err(message) => problems.push((path, message)),
        }
    };
    let mut sheet = Map::new();
    for (name, value) in body {
        match (name.as_str(), value) {
            ("facts", Value::Object(facts)) => {
                for (name, value) in facts {
                    take(&mut sheet, format!("facts.{name}"), &name, value, true);
                }
            }
            (_, value) => take(&mut out, name.clone(), &name, value, false),
        }
    }
    if !sheet.is_empty() {
        out.insert("facts".to_owned(), Value::Object(sheet));
    }
    problems.sort();
    let mut out = Value::Object(out);
    // So that the same entry is the same text, whatever the order in which it was given.
    out.sort_all_objects();
    let Value::Object(out) = out else { return (Map::new(), problems) };
    (out, problems)
}

/// The value, if it is of the field's shape.
fn shaped(field: Field, value: Value) -> Result<Value, String> {
    let wrong = || format!("`{}` is {}", field.name, field.shape.expects());
    let good = match (field.shape, &value) {
        (Shape::Text | Shape::Day, Value::String(_))
        | (Shape::YesNo, Value::Bool(_))
        | (Shape::Grants, Value::Object(_)) => true,
        (Shape::List, Value::Array(items)) => items.iter().all(Value::is_string),
        (Shape::Fact(kind), _) => {
            return fact(kind, value).ok_or_else(|| format!("{}, or unknown, or a table", wrong()));
        }
        _ => false,
    };
    if good { Ok(value) } else { Err(wrong()) }
}

fn fact(kind: FactKind, value: Value) -> Option<Value> {
    let plain = |value: Value| match (kind, &value) {
        (_, Value::String(text)) if text == "unknown" => Some(value),
        (FactKind::YesNo, Value::String(text)) if text == "yes" => Some(true.into()),
        (FactKind::YesNo, Value::String(text)) if text == "no" => Some(false.into()),
        (FactKind::YesNo, Value::Bool(_))
        | (FactKind::Number | FactKind::Level, Value::Number(_))
        | (FactKind::Text | FactKind::Day, Value::String(_)) => Some(value),
        (FactKind::Words, Value::Array(items)) => items.iter().all(Value::is_string).then_some(value),
        _ => None,
    };
    match value {
        Value::Object(mut table) => {
            let value = plain(table.remove("value")?)?;
            table.retain(|_, attribute| !attribute.is_null() && *attribute != Value::Array(Vec::new()));
            if table.is_empty() {
                return Some(value);
            }
            table.insert("value".to_owned(), value);
            Some(Value::Object(table))
        }
        value => plain(value),
    }
}

/// What an assignment at the command line says: `NAME=VALUE`, of a fact also `NAME=VALUE;grade=B;expires=2026-12-31`, a list with
/// commas between. Nothing behind the sign takes the field away.
///
/// # Errors
/// What is wrong with it, and what helps.
pub(crate) fn assign(register: &str, body: &mut Map<String, Value>, assignment: &str) -> Result<(), String> {
    let (name, text) = assignment
        .split_once('=')
        .ok_or_else(|| format!("`{assignment}`: write NAME=VALUE, for example name=\"Acme\""))?;
    let field = find(register, name.trim())?;
    let value = if text.is_empty() { Value::Null } else { read(field, text)? };
    let into = match field.of_facts {
        true => body.entry("facts").or_insert_with(|| Value::Object(Map::new())).as_object_mut(),
        false => Some(body),
    };
    let Some(into) = into else { return Err("`facts` is a table".to_owned()) };
    if value.is_null() {
        into.remove(field.name);
    } else {
        into.insert(field.name.to_owned(), value);
    }
    Ok(())
}

fn read(field: Field, text: &str) -> Result<Value, String> {
    let wrong = || format!("`{}` is {}, not `{text}`", field.name, field.shape.expects());
    match field.shape {
        Shape::Text | Shape::Day => Ok(text.into()),
        Shape::YesNo => yes_no(text).map(Value::from).ok_or_else(wrong),
        Shape::List => Ok(list(text, ',')),
        Shape::Grants => serde_json::from_str(text).map_err(|_| wrong()),
        Shape::Fact(kind) => {
            let mut parts = text.split(';');
            let value = parts.next().and_then(|value| fact_value(kind, value, ',')).ok_or_else(wrong)?;
            let mut table = Map::from_iter([("value".to_owned(), value)]);
            for part in parts.map(str::trim).filter(|part| !part.is_empty()) {
                let (name, said) = part.split_once('=').unwrap_or((part, ""));
                let Some(attribute) = ATTRIBUTES.into_iter().find(|attribute| *attribute == name.trim()) else {
                    return Err(format!(
                        "`{}`: behind the value stand {}, not `{part}`",
                        field.name,
                        ATTRIBUTES.join(", ")
                    ));
                };
                let said = said.trim();
                table.insert(attribute.to_owned(), if attribute == "rests_on" { list(said, ',') } else { said.into() });
            }
            fact(kind, Value::Object(table)).ok_or_else(wrong)
        }
    }
}

/// What stands beside the value of a fact.
pub(crate) const ATTRIBUTES: [&str; 6] = ["grade", "source", "as_of", "expires", "checked_by", "rests_on"];

/// The value of a fact from its text.
pub(crate) fn fact_value(kind: FactKind, text: &str, between: char) -> Option<Value> {
    let text = text.trim();
    if text == "unknown" {
        return Some(text.into());
    }
    match kind {
        FactKind::YesNo => yes_no(text).map(Value::from),
        FactKind::Number | FactKind::Level => text.parse::<u32>().ok().map(Value::from),
        FactKind::Text | FactKind::Day => Some(text.into()),
        FactKind::Words => Some(list(text, between)),
    }
}

fn yes_no(text: &str) -> Option<bool> {
    match text.trim() {
        "yes" | "true" => Some(true),
        "no" | "false" => Some(false),
        _ => None,
    }
}

fn list(text: &str, between: char) -> Value {
    text.split(between).map(str::trim).filter(|item| !item.is_empty()).map(Value::from).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(register: &str, assignments: &[&str]) -> Result<Value, String> {
        let mut body = Map::new();
        for assignment in assignments {
            assign(register, &mut body, assignment)?;
        }
        Ok(Value::Object(body))
    }

    #[test]
    fn c14_fields_are_written_in_plain_words() {
        let made = body(
            SYSTEM,
            &[
                "vendor=acme",
                "models=a, b",
                "retention_days=0;grade=B;source=BAA 4.2;expires=2026-12-31",
                "mfa=yes",
                "owner=",
            ],
        );
        assert_eq!(
            made.unwrap(),
            json!({"vendor": "acme", "models": ["a", "b"], "facts": {"mfa": true}, "retention_days":
                {"value": 0, "grade": "B", "source": "BAA 4.2", "expires": "2026-12-31"}})
        );
        for (wrong, part) in [
            ("retention_day=3", "did you mean `retention_days`?"),
            ("retention_days=three", "a whole number from 0, not `three`"),
            ("mfa=yes;grad=B", "behind the value stand grade"),
            ("training_ban=yes", "is kept of a agreement, not of a system"),
            ("vendor", "write NAME=VALUE"),
        ] {
            let error = body(SYSTEM, &[wrong]).unwrap_err();
            assert!(error.contains(part), "{error}");
        }
    }

    #[test]
    fn c14_a_body_is_written_in_one_way() {
        let Value::Object(given) = json!({"name": "Acme", "owner": null, "status": {"value": "approved", "rests_on": []},
            "facts": {"mfa": "yes", "sbom": {"value": "no", "grade": "C"}, "mfaa": 1}, "nmae": "x", "contacts": "one"})
        else {
            unreachable!()
        };
        let (body, problems) = canonical(VENDOR, given);
        let facts = json!({"mfa": true, "sbom": {"value": false, "grade": "C"}});
        assert_eq!(Value::Object(body), json!({"name": "Acme", "status": "approved", "facts": facts}));
        let of: Vec<_> = problems.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(of, ["contacts", "facts.mfaa", "nmae"]);
    }

    #[test]
    fn c14_no_field_has_the_name_of_another_of_its_register() {
        for register in REGISTERS {
            let mut names: Vec<_> = fields(register).map(|field| field.name).collect();
            names.sort_unstable();
            let all = names.len();
            names.dedup();
            assert_eq!(names.len(), all, "{register}");
        }
    }
}
