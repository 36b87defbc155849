//! At most five questions, each with a safe default. Nothing is asked that the command line says, and with `--yes` nothing at all.

use std::io::{BufRead, Write};

use anyhow::{Context, bail};
use clap::ValueEnum;
use time::Date;
use time::macros::format_description;

use crate::args::{FirstVendor, Init};
use crate::commands::init::profile;

/// What was answered.
pub(super) struct Answers {
    pub(super) organisation: String,
    pub(super) utc_offset: String,
    pub(super) vendor: FirstVendor,
    /// The first and last day of the business associate agreement.
    pub(super) agreement: Option<(Date, Date)>,
    /// The environment variable that holds the vendor's key.
    pub(super) key_env: Option<String>,
}

/// Asks what the command line does not say.
pub(super) fn ask(init: &Init, today: Date) -> anyhow::Result<Answers> {
    let title = init.profile.map_or("", |kind| profile::of(kind).title);
    let organisation = answer(init, init.organisation.as_deref(), "What is the organisation called?", title, |text| {
        let plain = (1..=80).contains(&text.chars().count()) && !text.chars().any(char::is_control);
        if plain { Ok(text.to_owned()) } else { bail!("a name has 1 to 80 characters") }
    })?;
    let question = "Which offset from UTC do your clocks have (agreements end at its midnight), for example -05:00?";
    let utc_offset = answer(init, init.utc_offset.as_deref(), question, "+00:00", |text| {
        crate::config::offset(text).map(|_| text.to_owned())
    })?;
    let vendor = match init.vendor {
        Some(vendor) => vendor,
        None => answer(
            init,
            None,
            "Which AI do you begin with: stand-in (to try it out), open-ai, anthropic, local?",
            "stand-in",
            |text| {
                FirstVendor::from_str(text, true).map_err(|_| anyhow::anyhow!("stand-in, open-ai, anthropic or local"))
            },
        )?,
    };
    let beyond = matches!(vendor, FirstVendor::OpenAi | FirstVendor::Anthropic);
    let (mut agreement, mut key_env) = (None, None);
    if beyond {
        let question = "Is a business associate agreement (BAA) with it signed? Its last day as 2027-06-30, or none:";
        agreement = answer(init, init.baa_until.as_deref(), question, "none", |text| {
            if text == "none" {
                return Ok(None);
            }
            let last = Date::parse(text, format_description!("[year]-[month]-[day]"))
                .context("a day looks like 2027-06-30; `none` where there is no agreement")?;
            if last < today {
                bail!("that day is over; `none` where there is no agreement in force");
            }
            Ok(Some((today, last)))
        })?;
        let usual = if vendor == FirstVendor::OpenAi { "OPENAI_API_KEY" } else { "ANTHROPIC_API_KEY" };
        let question = "Which environment variable will hold your key for it?";
        key_env = Some(answer(init, init.key_env.as_deref(), question, usual, |text| {
            let plain = text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
            // A key that is typed here by mistake must not be written down.
            if plain && !text.is_empty() && text.len() <= 64 {
                Ok(text.to_owned())
            } else {
                bail!("the name of a variable, in capital letters; never the key itself")
            }
        })?);
    } else if init.baa_until.is_some() || init.key_env.is_some() {
        bail!("--baa-until and --key-env are for a vendor beyond this machine: --vendor open-ai or anthropic");
    }
    Ok(Answers { organisation, utc_offset, vendor, agreement, key_env })
}

/// The answer that is given, the default, or what is typed: asked again until it can be used.
fn answer<T>(
    init: &Init,
    given: Option<&str>,
    question: &str,
    default: &str,
    read: impl Fn(&str) -> anyhow::Result<T>,
) -> anyhow::Result<T> {
    if let Some(given) = given {
        return read(given.trim());
    }
    if init.yes {
        return read(default);
    }
    let (mut input, mut output) = (std::io::stdin().lock(), std::io::stderr());
    loop {
        write!(output, "{question} [{default}] ")?;
        output.flush()?;
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            bail!("the questions were not answered, and nothing is written; with --yes nothing is asked");
        }
        let text = line.trim();
        match read(if text.is_empty() { default } else { text }) {
            Ok(answer) => return Ok(answer),
            Err(error) => writeln!(output, "{error:#}")?,
        }
    }
}
