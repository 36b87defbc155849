//! The root in a real PKCS#11 token: SoftHSM, as Debian's package `softhsm2` has it.
#![allow(clippy::unwrap_used)]
#![cfg(all(feature = "pkcs11", unix))]

mod support;

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use asepsis_keys::RootError;
use asepsis_keys::root::{Pkcs11, Pkcs11Options};
use zeroize::Zeroizing;

const MODULES: [&str; 3] =
    ["/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "/usr/local/lib/softhsm/libsofthsm2.so"];

fn options(module: &str, token: &str, pin: &str) -> Pkcs11Options {
    Pkcs11Options { module: module.into(), token: token.to_owned(), pin: Zeroizing::new(pin.to_owned()) }
}

/// SoftHSM finds its tokens by an environment variable, which a process cannot set for itself without harm: the test
/// runs itself again with it.
#[test]
fn c2_a_pkcs11_token_seals_epochs_and_destroys_them() {
    if support::left_out("SoftHSM") {
        return;
    }
    let module = MODULES.into_iter().find(|path| Path::new(path).exists());
    let module = module.unwrap_or_else(|| panic!("SoftHSM: {}", support::SET_UP));
    if std::env::var_os("SOFTHSM2_CONF").is_some() && std::env::var_os("ASEPSIS_TEST_AGAIN").is_some() {
        tokio::runtime::Runtime::new().unwrap().block_on(with_token(module));
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (conf, tokens) = (dir.path().join("softhsm2.conf"), dir.path().join("tokens"));
    std::fs::create_dir(&tokens).unwrap();
    std::fs::write(&conf, format!("directories.tokendir = {}\nobjectstore.backend = file\n", tokens.display()))
        .unwrap();
    let made = Command::new("softhsm2-util")
        .args(["--init-token", "--free", "--label", "asepsis test", "--pin", "12345678", "--so-pin", "87654321"])
        .env("SOFTHSM2_CONF", &conf)
        .output()
        .unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let again = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "c2_a_pkcs11_token_seals_epochs_and_destroys_them", "--nocapture"])
        .env("SOFTHSM2_CONF", &conf)
        .env("ASEPSIS_TEST_AGAIN", "1")
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&again.stdout);
    assert!(again.status.success() && said.contains("1 passed"), "{said}\n{}", String::from_utf8_lossy(&again.stderr));
}

async fn with_token(module: &str) {
    let root = Arc::new(Pkcs11::open(options(module, "asepsis test", "12345678")).await.unwrap());
    support::is_a_root(root.clone()).await;
    support::is_a_root_under_keys(root).await;
    let refused = Pkcs11::open(options(module, "asepsis test", "99999999")).await.unwrap_err();
    assert!(matches!(refused, RootError::Refused { .. }) && refused.to_string().contains("PIN is wrong"), "{refused}");
    let refused = Pkcs11::open(options(module, "another", "12345678")).await.unwrap_err();
    assert!(matches!(refused, RootError::Unreachable { .. }) && refused.to_string().contains("no token"), "{refused}");
    let refused = Pkcs11::open(options("/nonexistent.so", "another", "12345678")).await.unwrap_err();
    assert!(matches!(refused, RootError::Unreachable { .. }), "{refused}");
    assert!(!format!("{:?}", options(module, "t", "12345678")).contains("12345678"));
}
