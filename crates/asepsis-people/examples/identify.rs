//! What does it cost to know who asks? `cargo run --release --example identify -p asepsis-people`
//!
//! Beside the look-up of the key alone, which is what it cost before devices, zones and persons were looked at.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "an example")]

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use asepsis_people::entrance::{Entrance, EntranceRules, Presented};
use asepsis_people::token::Offline;
use asepsis_people::zone::Zones;
use asepsis_store::{Change, Store};

const NOW: i64 = 1_795_608_000;
const RUNS: u32 = 50_000;

#[tokio::main]
async fn main() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path().join("store.db").as_path()).await.unwrap();
    let (key, _) = store.add_key("alice", "clinician", None, NOW).await.unwrap();
    let persons = (0..1000).map(|n| Change::set("person", format!("user{n}"), r#"{"role":"clinician"}"#)).collect();
    store.change(persons, "example", None, NOW * 1000).await.unwrap();
    let networks: Vec<Vec<String>> = (0..20).map(|n| vec![format!("10.{n}.0.0/16")]).collect();
    let names: Vec<String> = (0..20).map(|n| format!("zone{n}")).collect();
    let zones = names.iter().zip(&networks).map(|(name, networks)| (name.as_str(), networks.as_slice()));
    let rules =
        EntranceRules { zones: Zones::new(zones).unwrap(), registered_devices: true, ..EntranceRules::default() };
    let entrance = Entrance::open(store.clone(), rules, Arc::new(Offline), Arc::default()).await.unwrap();
    let presented = Presented {
        token: Some(key.reveal()),
        device: None,
        peer: IpAddr::from([10, 19, 0, 1]),
        forwarded: None,
        certificate: None,
    };
    for _ in 0..3 {
        let began = Instant::now();
        for _ in 0..RUNS {
            std::hint::black_box(store.authenticate(key.reveal(), NOW).await).unwrap();
        }
        let alone = began.elapsed() / RUNS;
        let began = Instant::now();
        for _ in 0..RUNS {
            std::hint::black_box(entrance.identify(presented, NOW).await.0).unwrap();
        }
        println!("the key alone {alone:?}, with person, device and zone {:?}", began.elapsed() / RUNS);
    }
}
