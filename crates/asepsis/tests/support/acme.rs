//! A vendor of the store, `acme`, with its AI systems and agreement at the stand-in vendor.

use super::Site;

/// Runs a command that has to succeed; what it printed.
pub(crate) fn ok(site: &Site, arguments: &[&str]) -> String {
    let ran = site.run(arguments);
    assert_eq!(ran.code, 0, "{arguments:?}: {}", ran.stderr);
    ran.stdout
}

/// Adds the vendor with these fields.
pub(crate) fn add_vendor(site: &Site, fields: &[&str]) {
    ok(site, &[&["vendor", "add", "acme", "name=Acme"], fields, &["--basis", "ticket 1"]].concat());
}

/// Adds an AI system of this id for clinicians who treat, with these fields besides.
pub(crate) fn add_system(site: &Site, id: &str, fields: &[&str]) {
    let url = format!("base_url={}", site.vendor.url());
    let known = ["vendor=acme", "protocol=openai", &url, "roles=clinician", "purposes=TREAT", "default_purpose=TREAT"];
    ok(site, &[&["system", "add", id], known.as_slice(), fields, &["--basis", "ticket 2"]].concat());
}

/// Adds an agreement `acme-baa` that is in force, over these systems, with these fields besides.
pub(crate) fn add_agreement(site: &Site, systems: &str, fields: &[&str]) {
    let systems = format!("systems={systems}");
    let known = ["vendor=acme", "kind=baa", "state=signed", "first_day=2020-01-01", "open_ended=yes", &systems];
    ok(site, &[&["agreement", "add", "acme-baa"], known.as_slice(), fields, &["--basis", "ticket 3"]].concat());
}
