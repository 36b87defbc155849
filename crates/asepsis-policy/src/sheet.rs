//! The usage sheet: what may be entered where and for what, in plain words, made from the policies that decide.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use asepsis_vocab::{DisclosureForm, IdentifierClass, Label, PurposeOfUse};
use time::OffsetDateTime;

use crate::PolicyError;
use crate::decide::Policy;
use crate::facts::{ContentFacts, Facts};
use crate::register::Register;
use crate::system::AiSystem;

/// A kind of data, as people speak of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DataClass {
    /// Nothing in it points to a person.
    NoIdentifiers,
    /// Names, dates, record numbers.
    Patient,
    /// Numbers with which accounts are opened.
    IdentityNumbers,
    /// Notes of talk therapy.
    PsychotherapyNotes,
    /// Treatment of substance use.
    SubstanceUse,
    /// Care that the patient paid for and wants kept from the plan.
    SelfPay,
    /// More people than the policies let through at once.
    ManyPeople,
}

impl DataClass {
    /// Every kind, in the order of the sheet.
    pub const ALL: [Self; 7] = [
        Self::NoIdentifiers,
        Self::Patient,
        Self::IdentityNumbers,
        Self::PsychotherapyNotes,
        Self::SubstanceUse,
        Self::SelfPay,
        Self::ManyPeople,
    ];

    /// In plain words.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoIdentifiers => "Text that points to nobody",
            Self::Patient => "Patient data",
            Self::IdentityNumbers => "Social security, account, license or plan numbers",
            Self::PsychotherapyNotes => "Notes of talk therapy",
            Self::SubstanceUse => "Drug or alcohol care",
            Self::SelfPay => "Care paid by the patient, kept from the plan",
            Self::ManyPeople => "Lists of many people",
        }
    }

    /// The classes of identifiers that stand for it.
    pub fn classes(self) -> BTreeSet<IdentifierClass> {
        match self {
            Self::NoIdentifiers => BTreeSet::new(),
            Self::IdentityNumbers => BTreeSet::from([IdentifierClass::Name, IdentifierClass::Ssn]),
            _ => BTreeSet::from([IdentifierClass::Name]),
        }
    }

    /// What is known of such a text; `individuals` is the most that may go at once.
    pub fn content(self, individuals: u32) -> ContentFacts {
        let label = match self {
            Self::PsychotherapyNotes => Some("PSYTHPN"),
            Self::SubstanceUse => Some("SUD"),
            Self::SelfPay => Some("HIPAASelfPay"),
            _ => None,
        };
        let labels: Option<BTreeSet<Label>> =
            label.and_then(|code| code.parse().ok()).map(|label| BTreeSet::from([label]));
        let many = if self == Self::ManyPeople { individuals.saturating_add(1) } else { 1 };
        ContentFacts { labels, individuals: Some(many), ..ContentFacts::default() }
    }
}

/// What the sheet is made for.
pub struct SheetFacts<'r> {
    /// The facts behind decisions.
    pub register: &'r Register,
    /// The AI systems with the forms that their routes take.
    pub systems: Vec<(&'r AiSystem, Vec<DisclosureForm>)>,
    /// Whether the detectors claim to find every identifier.
    pub full_assurance: bool,
    /// Whether the organisation accepts the first layer for the label "deidentified".
    pub first_layer_accepted: bool,
    /// The moment.
    pub now: OffsetDateTime,
}

/// The usage sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sheet {
    /// The version of the policies.
    pub policies: String,
    /// A table for each AI system and each group of roles for which all is the same.
    pub tables: Vec<Table>,
}

/// What holds for an AI system and some roles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// The AI system.
    pub system: String,
    /// The roles.
    pub roles: Vec<String>,
    /// Purposes for which all is the same, with the form of each kind of data in the order of [`DataClass::ALL`].
    pub rows: Vec<Row>,
    /// Whether people of these roles get real names back in the answer.
    pub restored: bool,
}

/// Purposes for which all is the same, and what becomes of each kind of data.
pub type Row = (Vec<PurposeOfUse>, Vec<Cell>);

/// What becomes of a kind of data.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Cell {
    /// The form in which it goes.
    pub form: DisclosureForm,
    /// What people are told where nothing goes.
    pub why: String,
}

impl Sheet {
    /// The sheet of policies that decide over these facts.
    ///
    /// # Errors
    /// If a fact cannot be given to the policy engine.
    pub fn of(policy: &Policy, facts: &SheetFacts<'_>) -> Result<Self, PolicyError> {
        let mut tables = Vec::new();
        for (system, forms) in &facts.systems {
            type Rows = (Vec<Row>, bool);
            let mut groups: Vec<(Rows, Vec<String>)> = Vec::new();
            for role in facts.register.roles() {
                let rows = rows(policy, facts, system, forms, &role.id)?;
                match groups.iter_mut().find(|(there, _)| *there == rows) {
                    Some((_, roles)) => roles.push(role.id.clone()),
                    None => groups.push((rows, vec![role.id.clone()])),
                }
            }
            tables.extend(groups.into_iter().map(|((rows, restored), roles)| Table {
                system: system.id.clone(),
                roles,
                rows,
                restored,
            }));
        }
        Ok(Self { policies: policy.version().to_owned(), tables })
    }

    /// As Markdown.
    pub fn markdown(&self) -> String {
        let mut out = format!("# What may be entered where\n\nMade from the policies {}.\n", self.policies);
        for table in &self.tables {
            let _ = write!(
                out,
                "\n## {} for {}\n\n| For | {} |\n",
                table.system,
                table.roles.join(", "),
                heads().join(" | ")
            );
            let _ = writeln!(out, "|---|{}", "---|".repeat(DataClass::ALL.len()));
            for (label, cells) in table.labelled() {
                let cells: Vec<&str> = cells.iter().map(|cell| words(cell.form)).collect();
                let _ = writeln!(out, "| {label} | {} |", cells.join(" | "));
            }
            let _ = writeln!(out, "\n{}", restored(table.restored));
            for why in table.reasons() {
                let _ = writeln!(out, "- {why}");
            }
        }
        out
    }

    /// As a page of HTML that needs nothing else.
    pub fn html(&self) -> String {
        let mut out = format!(
            "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>What may be entered where</title><style>\
             body{{font:16px/1.5 sans-serif;margin:2rem;max-width:80rem}}table{{border-collapse:collapse}}\
             td,th{{border:1px solid #888;padding:.3rem .6rem;text-align:left;vertical-align:top}}\
             .nothing{{background:#f6d5d5}}.deidentified{{background:#f8efcf}}.pseudonymised,.limited,.identified{{background:#dcefdc}}\
             </style></head><body><h1>What may be entered where</h1><p>Made from the policies {}.</p>\n",
            escaped(&self.policies)
        );
        for table in &self.tables {
            let _ = writeln!(
                out,
                "<h2>{} for {}</h2><table><thead><tr><th scope=\"col\">For</th>{}</tr></thead><tbody>",
                escaped(&table.system),
                escaped(&table.roles.join(", ")),
                heads().iter().map(|head| format!("<th scope=\"col\">{head}</th>")).collect::<String>()
            );
            for (label, cells) in table.labelled() {
                let cells: String =
                    cells.iter().map(|c| format!("<td class=\"{}\">{}</td>", c.form, words(c.form))).collect();
                let _ = writeln!(out, "<tr><th scope=\"row\">{}</th>{cells}</tr>", escaped(&label));
            }
            let reasons: String = table.reasons().iter().map(|why| format!("<li>{}</li>", escaped(why))).collect();
            let _ = writeln!(out, "</tbody></table><p>{}</p><ul>{reasons}</ul>", restored(table.restored));
        }
        out.push_str("</body></html>\n");
        out
    }
}

impl Table {
    /// The rows with a name for the purposes of each; the row of the most purposes speaks of all others.
    pub fn labelled(&self) -> Vec<(String, &[Cell])> {
        let most = self.rows.iter().map(|(purposes, _)| purposes.len()).max().unwrap_or_default();
        let mut rows: Vec<(bool, String, &[Cell])> = Vec::new();
        for (purposes, cells) in &self.rows {
            let other = purposes.len() == most && !rows.iter().any(|(other, ..)| *other);
            let names: Vec<String> = purposes.iter().map(|p| format!("{} ({p})", p.display())).collect();
            let label = if other { "anything else, or nobody said".to_owned() } else { names.join(", ") };
            rows.push((other, label, cells));
        }
        rows.sort_by_key(|(other, ..)| *other);
        rows.into_iter().map(|(_, label, cells)| (label, cells)).collect()
    }

    /// What people are told where something does not go, each once.
    fn reasons(&self) -> BTreeSet<&str> {
        self.rows
            .iter()
            .flat_map(|(_, cells)| cells)
            .map(|cell| cell.why.as_str())
            .filter(|why| !why.is_empty())
            .collect()
    }
}

fn rows(
    policy: &Policy,
    facts: &SheetFacts<'_>,
    system: &AiSystem,
    forms: &[DisclosureForm],
    role: &str,
) -> Result<(Vec<Row>, bool), PolicyError> {
    let mut rows: BTreeMap<Vec<Cell>, Vec<PurposeOfUse>> = BTreeMap::new();
    let mut restored = false;
    for purpose in PurposeOfUse::STATED.into_iter().chain([PurposeOfUse::Unknown]) {
        let mut cells = Vec::new();
        for class in DataClass::ALL {
            let asked = Facts {
                user: "",
                role,
                system,
                purpose,
                classes: class.classes(),
                content: class.content(policy.settings().individuals),
                whereabouts: crate::Whereabouts::default(),
                full_assurance: facts.full_assurance,
                first_layer_accepted: facts.first_layer_accepted,
                now: facts.now,
            };
            let decision = policy.decide_anew(facts.register, &asked, forms)?;
            restored |= decision.restore && decision.form != DisclosureForm::Nothing;
            let nothing = decision.form == DisclosureForm::Nothing;
            let why = if nothing { decision.rules.first().map(|rule| rule.staff.clone()) } else { None };
            cells.push(Cell { form: decision.form, why: why.unwrap_or_default() });
        }
        rows.entry(cells).or_default().push(purpose);
    }
    let mut rows: Vec<Row> = rows.into_iter().map(|(cells, purposes)| (purposes, cells)).collect();
    rows.sort();
    Ok((rows, restored))
}

fn heads() -> Vec<&'static str> {
    DataClass::ALL.into_iter().map(DataClass::name).collect()
}

/// A form in plain words.
pub fn words(form: DisclosureForm) -> &'static str {
    match form {
        DisclosureForm::Identified => "goes as it is",
        DisclosureForm::Limited => "goes without names and numbers, with dates and places",
        DisclosureForm::Pseudonymised => "goes with stand-ins for names",
        DisclosureForm::Deidentified => "goes with all names taken out",
        DisclosureForm::Nothing => "may not go",
    }
}

fn restored(restored: bool) -> &'static str {
    if restored { "You get real names back in the answer." } else { "Answers keep the stand-ins." }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
