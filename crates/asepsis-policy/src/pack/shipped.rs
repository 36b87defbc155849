use super::Source;
use crate::problem::{Problem, closest};

macro_rules! files {
    ($($name:literal),*) => {
        [$(($name, include_str!(concat!("../../../../data/packs/", $name)))),*]
    };
}

const FILES: [(&str, &str); 11] = files![
    "core/pack.toml",
    "core/rules.cedar",
    "core/invariants.cedar",
    "us-provider/pack.toml",
    "us-provider/rules.cedar",
    "us-provider/invariants.cedar",
    "dental/pack.toml",
    "clinic/pack.toml",
    "hospital/pack.toml",
    "research/pack.toml",
    "research/rules.cedar"
];

/// The names of the shipped packs.
pub const SHIPPED: [&str; 6] = ["core", "us-provider", "dental", "clinic", "hospital", "research"];

/// The files of a shipped pack and of what it includes, these first.
///
/// # Errors
/// If there is no pack of that name.
pub fn shipped_sources(name: &str) -> Result<Vec<Source>, Vec<Problem>> {
    let Some(pack) = SHIPPED.into_iter().find(|shipped| *shipped == name) else {
        let mut problem = Problem::new("[policy]", format!("there is no pack `{name}`"));
        problem.help = Some(match closest(name, SHIPPED) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("the packs are {}", SHIPPED.join(", ")),
        });
        return Err(vec![problem]);
    };
    let before = match pack {
        "core" => Vec::new(),
        "us-provider" => shipped_sources("core")?,
        _ => shipped_sources("us-provider")?,
    };
    let own = FILES.into_iter().filter(|(file, _)| file.split('/').next() == Some(pack));
    Ok(before.into_iter().chain(own.map(|(name, text)| Source { name: name.into(), text: text.into() })).collect())
}
