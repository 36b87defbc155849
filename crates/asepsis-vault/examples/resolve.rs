//! What it costs to resolve five new identifiers in a new scope: CPU time and wall time of each, on this machine's
//! disk.
//!
//! `cargo run --release -p asepsis-vault --example resolve [SCOPES] [DIR]`
#![allow(clippy::unwrap_used, clippy::print_stdout)]

use std::sync::Arc;
use std::time::Instant;

use asepsis_keys::{Keys, LocalRoot, RootKey, Roots, Tenant};
use asepsis_vault::{Space, Vault, Wanted};
use asepsis_vocab::IdentifierClass::{Email, Mrn, Name, Phone, Ssn};

/// CPU time of this process in microseconds: user and system, in clock ticks of 10 ms (proc(5)).
fn cpu() -> u64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    let fields: Vec<&str> = stat.rsplit_once(") ").unwrap().1.split(' ').collect();
    10_000 * (fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap())
}

#[tokio::main]
async fn main() {
    let scopes: u32 = std::env::args().nth(1).map_or(20_000, |n| n.parse().unwrap());
    let place = std::env::args().nth(2).map_or_else(std::env::temp_dir, Into::into);
    let dir = tempfile::tempdir_in(place).unwrap();
    let root = LocalRoot::new(RootKey::generate().unwrap(), &dir.path().join("keys")).unwrap();
    let keys = Keys::open(&dir.path().join("keys.db"), Roots::new(Arc::new(root)), Tenant::default()).await.unwrap();
    let vault = Vault::open(&dir.path().join("vault.db"), &keys).await.unwrap();
    let render =
        |w: &Wanted<'_>, code: [u8; 8], _: &[u8; 32]| Some(format!("[{}_{:016X}]", w.class, u64::from_be_bytes(code)));
    let wanted =
        [(Name, "Ada Byron"), (Mrn, "12345678"), (Ssn, "078-05-1120"), (Phone, "555-0100"), (Email, "ada@example.org")]
            .map(|(class, value)| Wanted { class, value });
    let (began, used) = (Instant::now(), cpu());
    for n in 0..scopes {
        let scope = vault.scope(Space::Gateway, "somebody", &n.to_be_bytes());
        vault.resolve(&scope, &wanted, &render).await.unwrap();
    }
    let (wall, used) = (began.elapsed().as_micros() as u64, cpu() - used);
    println!("{scopes} scopes: {} us CPU, {} us wall for each", used / u64::from(scopes), wall / u64::from(scopes));
}
