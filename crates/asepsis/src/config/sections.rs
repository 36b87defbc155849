//! Which sections of the configuration a running gateway takes anew on SIGHUP, and which wait for its next start.

use toml::Table;

/// The sections that a running gateway takes on SIGHUP.
pub(crate) const LIVE: [&str; 12] = [
    "[policy]",
    "[guard]",
    "[[tool]]",
    "[clinical]",
    "[groups]",
    "[patients]",
    "[coaching]",
    "[[role]]",
    "[[person]]",
    "[[vendor]]",
    "[[agreement]]",
    "[[system]]",
];

/// The others that a gateway reads, by their names in the file, and as people write them. Sockets, databases, keys, streams and what people
/// sign in with hang on them.
const AT_START: [(&str, &str); 20] = [
    ("server", "[server]"),
    ("limits", "[limits]"),
    ("inspect", "[inspect]"),
    ("upstream", "[upstream]"),
    ("keys", "[keys]"),
    ("store", "[store]"),
    ("record", "[record]"),
    ("vault", "[vault]"),
    ("export", "[export]"),
    ("backup", "[backup]"),
    ("training", "[training]"),
    ("release", "[release]"),
    ("zone", "[[zone]]"),
    ("network", "[network]"),
    ("devices", "[devices]"),
    ("client_certificates", "[client_certificates]"),
    ("client_certificate", "[[client_certificate]]"),
    ("sign_in", "[sign_in]"),
    ("identity_provider", "[[identity_provider]]"),
    ("backend_service", "[[backend_service]]"),
];

/// The sections that differ and that a running gateway does not take.
pub(super) fn needs_restart(now: &Table, later: &Table) -> Vec<&'static str> {
    let of = |table: &Table, name: &str| {
        let mut section = table.get(name).cloned();
        // Midnight is the new offset's from the moment on in which it is read.
        if let Some(toml::Value::Table(server)) = section.as_mut().filter(|_| name == "server") {
            server.remove("utc_offset");
        }
        section
    };
    let differs = |(name, _): &&(&str, &str)| of(now, name) != of(later, name);
    AT_START.iter().filter(differs).map(|(_, shown)| *shown).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_running_gateway_does_not_take_is_named() {
        let table = |text: &str| toml::from_str::<Table>(text).expect("TOML");
        let now = table("[server]\nlisten = \"a\"\n[groups]\nage = \"ready\"\n[limits]\ndepth = 8\n");
        let later = table(
            "[server]\nlisten = \"a\"\nutc_offset = \"+01:00\"\n[limits]\ndepth = 9\n[record]\nkeep = \"texts\"\n",
        );
        assert_eq!(needs_restart(&now, &later), ["[limits]", "[record]"]);
        assert!(needs_restart(&now, &now).is_empty());
    }

    #[test]
    fn every_section_is_one_or_the_other() {
        let known =
            toml::from_str::<super::super::File>("[nosuchsection]\n").err().expect("no such section").to_string();
        let listed = known.split("expected one of").nth(1).expect("the sections").split('`').skip(1).step_by(2);
        for name in listed.filter(|name| *name != "registers") {
            let live = LIVE.iter().any(|shown| shown.trim_matches(['[', ']']) == name);
            assert!(live != AT_START.iter().any(|(at_start, _)| *at_start == name), "{name}");
        }
    }
}
