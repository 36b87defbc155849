//! What exports of the audit log are checked with: validators of FHIR, OCSF, DICOM audit messages and OTLP, and the receivers
//! rsyslog and Rotel.

use std::path::Path;
use std::process::Command;

use crate::sdk::{debian, environment, install, npm_ci, python_in};
use crate::shell::{Outcome, succeeds};

/// Programs and the Debian packages that bring them. rsyslog speaks TLS by a module of its own.
const PROGRAMS: [(&str, &[&str]); 2] = [("jing", &["jing"]), ("rsyslogd", &["rsyslog", "rsyslog-openssl"])];

/// Installs what is not there yet.
pub(crate) fn set_up() -> Outcome {
    let found = |program: &str| succeeds(Command::new("sh").args(["-c", "command -v \"$1\"", "sh", program]));
    let missing: Vec<&str> = PROGRAMS
        .iter()
        .filter(|(program, _)| !found(program))
        .flat_map(|(_, packages)| packages.iter().copied())
        .collect();
    if !missing.is_empty() {
        debian(&missing, "audit")?;
    }
    install("audit", &["requirements.txt", "package.json", "package-lock.json"], peers)
}

fn peers(sources: &Path, folder: &Path) -> Outcome {
    environment(sources, folder, &["--only-binary", ":all:"])?;
    npm_ci(sources, folder)
}

/// Whether what is installed still runs.
pub(crate) fn works(folder: &Path) -> bool {
    let look = "import jsonschema_rs, ocsf_json_schema, opentelemetry.proto.logs.v1.logs_pb2";
    succeeds(Command::new(python_in(folder)).args(["-c", look])) && folder.join("node_modules/fhir").is_dir()
}
