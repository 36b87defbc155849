//! The configuration of an organisation.

use std::fmt::Write as _;
use std::path::Path;

use asepsis_people::role::{ProfileRole, may_change};

use crate::args::FirstVendor;
use crate::commands::init::profile::Profile;
use crate::commands::init::questions::Answers;

/// What is known of how a vendor is reached. Nothing is said of what it does with data: that is for the organisation to find out.
struct Known {
    id: &'static str,
    name: &'static str,
    system: &'static str,
    protocol: &'static str,
    base_url: &'static str,
    models: &'static str,
}

fn known(vendor: FirstVendor) -> Known {
    match vendor {
        FirstVendor::StandIn => Known {
            id: "standin",
            name: "Stand-in vendor",
            system: "standin-chat",
            protocol: "openai",
            base_url: "http://127.0.0.1:8643",
            models: "standin*",
        },
        FirstVendor::OpenAi => Known {
            id: "openai",
            name: "OpenAI",
            system: "openai-chat",
            protocol: "openai",
            base_url: "https://api.openai.com",
            models: "gpt-*",
        },
        FirstVendor::Anthropic => Known {
            id: "anthropic",
            name: "Anthropic",
            system: "anthropic-messages",
            protocol: "anthropic",
            base_url: "https://api.anthropic.com",
            models: "claude-*",
        },
        FirstVendor::Local => Known {
            id: "own",
            name: "Our own machine",
            system: "local-chat",
            protocol: "openai",
            base_url: "http://127.0.0.1:11434",
            models: "*",
        },
    }
}

/// The whole file.
pub(super) fn toml(profile: &Profile, roles: &[ProfileRole], answers: &Answers) -> String {
    let known = known(answers.vendor);
    let mut out = String::new();
    let text = |text: &str| toml::Value::from(text).to_string();
    let list = |items: &[&str]| items.iter().map(|item| text(item)).collect::<Vec<_>>().join(", ");
    let mut say = |line: &str| {
        out.push_str(line);
        out.push('\n');
    };
    say("# Asepsis: what goes where, and in which form. Every key is explained in docs/configuration.md.");
    say("# Unknown keys are errors. `asepsis check` explains what this file means, `asepsis doctor` what is missing.");
    say("");
    say("[server]");
    say("listen = \"127.0.0.1:8642\"");
    say("data_dir = \"asepsis-data\"");
    say("# Agreements end at this offset's midnight.");
    say(&format!("utc_offset = {}", text(&answers.utc_offset)));
    say("");
    say("# Which policies decide: docs/policy.md.");
    say("[policy]");
    say(&format!("pack = {}", text(profile.pack)));
    say("");
    say("# Only what this profile leaves bears the label \"de-identified\" without more being said.");
    say("[inspect]");
    say("profile = \"strict\"");
    say("");
    say("# Where something stands in the way, the answer says what helps.");
    say("[coaching]");
    say("in_answers = true");
    say("");
    say("# Pages for people, under http://127.0.0.1:8642/asepsis/: `asepsis user add` lets somebody in.");
    say("[sign_in]");
    say(&format!("organisation = {}", text(&answers.organisation)));
    say("");
    say(
        "# Who may ask. `restore`: whether the role is given back what surrogates stand for. What is known of people (training, rules",
    );
    say("# accepted, device) is unknown until it is shown, and unknown never permits more.");
    for role in roles {
        say(&format!("# {}", role.title));
        say("[[role]]");
        say(&format!("id = {}", text(&role.id)));
        say(&format!("restore = {}", role.restore));
        if role.administer {
            say("administer = true");
        }
        if role.licensed {
            say("licensed = true");
        }
        say("");
    }
    say("# Who offers AI. Nothing goes anywhere before it is approved: `asepsis assess` leads through it.");
    say("[[vendor]]");
    say(&format!("id = {}", text(known.id)));
    say(&format!("name = {}", text(known.name)));
    let standin = answers.vendor == FirstVendor::StandIn;
    if standin {
        say(
            "# It runs on this machine, keeps nothing and learns nothing: `asepsis standin`. Take it out when you have a real one.",
        );
        say("status = \"approved\"");
    }
    if let Some((first, last)) = answers.agreement {
        say("");
        say("[[vendor.agreement]]");
        say(&format!("id = {}", text(&format!("baa-{}", known.id))));
        say("kind = \"baa\"");
        say("state = \"signed\"");
        say(&format!("first_day = \"{first}\""));
        say(&format!("last_day = \"{last}\""));
        say(&format!("systems = [{}]", text(known.system)));
    }
    say("");
    say("# The AI systems that may be reached. Anything else is refused and listed (`asepsis unlisted`).");
    say("[[system]]");
    say(&format!("id = {}", text(known.system)));
    say(&format!("vendor = {}", text(known.id)));
    say(&format!("protocol = {}", text(known.protocol)));
    say(&format!("base_url = {}", text(known.base_url)));
    if let Some(variable) = &answers.key_env {
        say(&format!("key_env = {}", text(variable)));
    }
    say(&format!("models = [{}]", text(known.models)));
    let users: Vec<&str> = roles.iter().map(|role| role.id.as_str()).filter(|id| may_change(id)).collect();
    say(&format!("roles = [{}]", list(&users)));
    say(&format!("purposes = [{}]", list(profile.purposes)));
    say(&format!("default_purpose = {}", text(profile.default_purpose)));
    say(&format!("forms = [{}]", list(profile.forms)));
    if standin {
        say("status = \"approved\"");
        say("retention_days = 0");
        say("trains_on_data = false");
        say("patient_facing = false");
    } else {
        say("# What it does with data, once you know, with the evidence: docs/registers.md.");
        say(
            "# retention_days = { value = 0, grade = \"B\", source = \"contract, section 4\", expires = \"2027-06-30\" }",
        );
        say(
            "# trains_on_data = { value = false, grade = \"B\", source = \"contract, section 6\", expires = \"2027-06-30\" }",
        );
    }
    out
}

/// What to do now, and what the safe defaults leave out.
pub(super) fn next(folder: &Path, answers: &Answers) -> String {
    let mut out = String::from("Next");
    if folder != Path::new(".") {
        let _ = write!(out, ", in {}", folder.display());
    }
    out.push_str(":\n");
    match answers.vendor {
        FirstVendor::StandIn => out.push_str("  asepsis standin &        an AI vendor to try it out with\n"),
        _ => out.push_str("  asepsis assess           what has to be known of the vendor, and its approval\n"),
    }
    out.push_str(
        "  asepsis serve &          the gateway, on 127.0.0.1:8642\n  \
         asepsis doctor           what is missing for more than text without names\n  \
         asepsis user add NAME    lets somebody into the pages for people",
    );
    out
}
