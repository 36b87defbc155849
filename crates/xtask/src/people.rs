//! What `asepsis-people` and the console are tested with: an identity provider, a judge of passkeys, a signer of tokens, and a browser.

use std::path::Path;
use std::process::Command;

use crate::sdk::{debian, environment, install, npm_ci, python_in};
use crate::shell::{Outcome, succeeds};

/// Installs what is not there yet.
pub(crate) fn set_up() -> Outcome {
    if !succeeds(Command::new("chromium").arg("--version")) {
        debian(&["chromium"], "people")?;
    }
    install("people", &["requirements.txt", "package.json", "package-lock.json"], peers)
}

fn peers(sources: &Path, folder: &Path) -> Outcome {
    environment(sources, folder, &["--only-binary", ":all:"])?;
    npm_ci(sources, folder)
}

/// Whether what is installed still runs.
pub(crate) fn works(folder: &Path) -> bool {
    succeeds(Command::new(python_in(folder)).args(["-c", "import authlib.oauth2, requests"]))
        && folder.join("node_modules/oidc-provider").is_dir()
}
