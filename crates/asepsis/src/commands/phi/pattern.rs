//! `asepsis phi learn-pattern`: the format of a site's own numbers, from examples.

use std::path::Path;

use anyhow::{Context, bail};
use asepsis_phi::SitePattern;

use crate::args::PhiLearnPattern;
use crate::output;

pub(super) fn run(learn: &PhiLearnPattern) -> anyhow::Result<u8> {
    let read = learn.examples.as_deref().map(lines).transpose()?;
    let examples: Vec<&str> = match &read {
        Some(lines) => lines.iter().map(|(_, line)| line.as_str()).collect(),
        None => learn.example.iter().map(String::as_str).collect(),
    };
    let pattern = match SitePattern::learn(learn.class, &examples) {
        Ok(pattern) => pattern,
        Err(error) => {
            use asepsis_phi::LearnError;
            match (error, &learn.examples, &read) {
                (LearnError::BadExample(i), Some(path), Some(lines)) => bail!(
                    "{}:{}: this example is longer than 64 characters, has white space in it, or is no number",
                    path.display(),
                    lines[i].0
                ),
                (LearnError::BadExample(i), ..) => {
                    bail!(
                        "example {} is empty, longer than 64 characters, has white space in it, or is no number",
                        i + 1
                    )
                }
                (error, ..) => return Err(error.into()),
            }
        }
    };
    output::line(&format!("[[inspect.site_pattern]]\nclass = \"{}\"", pattern.class))?;
    output::line(&format!("pattern = {}", toml::Value::String(pattern.pattern)))?;
    output::remark(
        "Write this into asepsis.toml. What all examples have in common stands in it as it is: read it first.",
    );
    Ok(0)
}

/// The lines that hold something, with their numbers.
fn lines(path: &Path) -> anyhow::Result<Vec<(usize, String)>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let numbered = text.lines().enumerate().map(|(n, line)| (n + 1, line.trim().to_owned()));
    Ok(numbered.filter(|(_, line)| !line.is_empty()).collect())
}
