//! The root in AWS's key service, as PyPI's `moto` imitates it: what `cargo xtask setup` installs.
#![allow(clippy::unwrap_used)]
#![cfg(feature = "aws-kms")]

mod support;

use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use asepsis_keys::RootError;
use asepsis_keys::root::{AwsCredentials, AwsKms, AwsKmsOptions, Root};
use zeroize::Zeroizing;

/// A server of moto, ended when it is dropped.
struct Moto(Child, String);

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn moto() -> Option<Moto> {
    if support::left_out("moto") {
        return None;
    }
    // Free a moment ago; should it be taken since, the test fails loudly.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let mut child = Command::new(support::python())
        .args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &port.to_string()])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(
            child.try_wait().unwrap().is_none() && began.elapsed() < Duration::from_secs(60),
            "moto does not start"
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    Some(Moto(child, format!("http://127.0.0.1:{port}")))
}

fn options(endpoint: &str) -> AwsKmsOptions {
    AwsKmsOptions {
        region: "us-east-1".to_owned(),
        endpoint: Some(endpoint.to_owned()),
        credentials: AwsCredentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: Zeroizing::new("wJalrXUtnFEMI".to_owned()),
            session_token: Some(Zeroizing::new("session".to_owned())),
        },
        ca_file: None,
    }
}

#[tokio::test]
async fn c2_the_key_service_of_aws_seals_epochs_and_destroys_them() {
    let Some(moto) = moto() else { return };
    let root = Arc::new(AwsKms::new(options(&moto.1)).unwrap());
    support::is_a_root(root.clone()).await;
    support::is_a_root_under_keys(root.clone()).await;
}

#[tokio::test]
async fn c2_a_key_service_that_is_not_there_or_not_safe_is_named() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let root = AwsKms::new(options(&format!("http://127.0.0.1:{port}"))).unwrap();
    let place = asepsis_keys::root::EpochPlace { tenant: Default::default(), epoch: 1, id: [0; 16] };
    let refused = root.create(&place).await.unwrap_err();
    assert!(matches!(refused, RootError::Unreachable { .. }) && !refused.to_string().contains("wJalr"), "{refused}");
    for (endpoint, why) in [("http://kms.example.org", "plain text"), ("/kms", "has no host"), ("ftp://x", "use https")]
    {
        let refused = AwsKms::new(options(endpoint)).unwrap_err().to_string();
        assert!(refused.contains(why), "{endpoint}: {refused}");
    }
    assert!(
        !format!("{:?}{:?}", options("http://127.0.0.1"), options("http://127.0.0.1").credentials).contains("wJalr")
    );
}
