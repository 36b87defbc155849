//! `asepsis register`: all of vendors, AI systems and agreements.

pub(crate) mod desk;
pub(crate) mod entry;
mod files;

use std::path::Path;

use asepsis_policy::{FactOf, known_facts};
use serde_json::json;

use crate::args::{RegisterAction, RegisterCommand};
use crate::output;
use crate::registers::field::{REGISTERS, Shape, fields};

pub(crate) fn run(path: &Path, command: &RegisterCommand) -> anyhow::Result<u8> {
    match &command.action {
        RegisterAction::Fields { register, json } => list_fields(register.as_deref(), *json),
        RegisterAction::Facts { json } => list_facts(*json),
        RegisterAction::Export { format, out } => files::export(path, *format, out.as_deref()),
        RegisterAction::Import { file, format, dry_run, basis, json } => {
            files::import(path, &files::Asked { file, format: *format, dry_run: *dry_run, basis, json: *json })
        }
    }
}

fn list_fields(only: Option<&str>, json: bool) -> anyhow::Result<u8> {
    if let Some(only) = only.filter(|only| entry::register_of(only).is_none()) {
        anyhow::bail!("there is no register {only}; vendor, system and agreement are");
    }
    for register in REGISTERS.into_iter().filter(|register| only.is_none_or(|only| only == *register)) {
        for field in fields(register) {
            let (expects, fact) = (field.shape.expects(), matches!(field.shape, Shape::Fact(_)));
            if json {
                output::line(
                    &json!({"register": register, "field": field.name, "holds": expects, "fact": fact, "doc": field.doc})
                        .to_string(),
                )?;
            } else {
                let fact = if fact { ", a fact" } else { "" };
                output::line(&format!("{register} {}  {} ({expects}{fact})", field.name, field.doc))?;
            }
        }
    }
    Ok(0)
}

fn list_facts(json: bool) -> anyhow::Result<u8> {
    for known in known_facts() {
        let of: Vec<_> = known.of.iter().copied().map(FactOf::name).collect();
        if json {
            let line = json!({"fact": known.name, "of": of, "holds": known.kind.expects(), "good": known.good, "doc": known.doc});
            output::line(&line.to_string())?;
        } else {
            output::line(&format!("{}  {} ({}; of {})", known.name, known.doc, known.kind.expects(), of.join(", ")))?;
        }
    }
    Ok(0)
}
