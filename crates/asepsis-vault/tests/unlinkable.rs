//! What somebody learns who has the vault's file, or surrogates of several conversations: nothing that links them.
#![allow(clippy::unwrap_used)]

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use asepsis_db::rusqlite::Connection;
use asepsis_db::rusqlite::types::ValueRef;
use asepsis_keys::{Keys, LocalRoot, RootKey, Roots, Tenant};
use asepsis_vault::{ScopeId, Space, Surrogate, Vault, Wanted};
use asepsis_vocab::IdentifierClass::{self, Date, Location, Mrn, Name};
use proptest::prelude::*;

async fn vault(dir: &std::path::Path) -> Vault {
    let root = LocalRoot::new(RootKey::generate().unwrap(), &dir.join("keys")).unwrap();
    let keys = Keys::open(&dir.join("keys.db"), Roots::new(Arc::new(root)), Tenant::default()).await.unwrap();
    Vault::open(&dir.join("vault.db"), &keys).await.unwrap()
}

fn render(wanted: &Wanted<'_>, code: [u8; 8], _: &[u8; 32]) -> Option<String> {
    Some(format!("[{}_{:016X}]", wanted.class, u64::from_be_bytes(code)))
}

async fn resolve(vault: &Vault, scope: &ScopeId, values: &[(IdentifierClass, String)]) -> Vec<Surrogate> {
    let wanted: Vec<_> = values.iter().map(|(class, value)| Wanted { class: *class, value }).collect();
    vault.resolve(scope, &wanted, &render).await.unwrap()
}

fn identifiers() -> impl Strategy<Value = Vec<(IdentifierClass, String)>> {
    let class = prop::sample::select(vec![Name, Mrn, Date, Location]);
    // Few values and short ones, so that the same stand in many conversations.
    prop::collection::vec((class, "[A-C]{1,2}"), 1..6)
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// Whatever two conversations hold, no surrogate of one stands in the other, though the same people may.
    #[test]
    fn c2_surrogates_of_two_scopes_have_nothing_in_common(one in identifiers(), two in identifiers(), owner in "[a-b]") {
        let dir = tempfile::tempdir().unwrap();
        runtime().block_on(async {
            let vault = vault(dir.path()).await;
            let scopes = [vault.scope(Space::Gateway, &owner, b"1"), vault.scope(Space::Gateway, &owner, b"2")];
            let rendered = |all: Vec<Surrogate>| all.into_iter().map(|s| s.rendered).collect::<HashSet<_>>();
            let first = rendered(resolve(&vault, &scopes[0], &one).await);
            let second = rendered(resolve(&vault, &scopes[1], &two).await);
            assert!(first.is_disjoint(&second));
            // Nor does a tail or a beginning of the random part repeat.
            let tails = |all: &HashSet<String>| all.iter().map(|s| s[s.len() - 9..].to_owned()).collect::<HashSet<_>>();
            assert!(tails(&first).is_disjoint(&tails(&second)));
            Ok::<(), TestCaseError>(())
        })?;
    }

    /// A surrogate of another scope, put into a conversation by whoever answers, is not among what may be turned back
    /// there.
    #[test]
    fn invariant_7_a_surrogate_of_another_scope_is_never_among_a_scopes_own(
        conversations in prop::collection::vec((0..4_u8, identifiers()), 2..6),
    ) {
        let dir = tempfile::tempdir().unwrap();
        runtime().block_on(async {
            let vault = vault(dir.path()).await;
            let mut issued: HashMap<ScopeId, HashSet<String>> = HashMap::new();
            for (conversation, values) in &conversations {
                let scope = vault.scope(Space::Gateway, "dr.a", &[*conversation]);
                let all = resolve(&vault, &scope, values).await;
                issued.entry(scope).or_default().extend(all.into_iter().map(|s| s.rendered));
            }
            for (scope, own) in &issued {
                let known: HashSet<_> =
                    vault.surrogates(scope).await.unwrap().iter().map(|s| s.rendered.clone()).collect();
                assert_eq!(&known, own);
                for (other, theirs) in &issued {
                    assert!(other == scope || known.is_disjoint(theirs));
                }
            }
            Ok::<(), TestCaseError>(())
        })?;
    }
}

/// The attack of Naveed, Kamara and Wright (2015) on hospital databases counts equal ciphertexts of columns with few
/// values. Here a hundred conversations hold the same three values; in no column that bears anything of a value does
/// one repeat.
#[tokio::test]
async fn c2_counting_equal_values_in_the_stored_database_finds_none() {
    let dir = tempfile::tempdir().unwrap();
    let vault = vault(dir.path()).await;
    let values = [(Location, "02139".to_owned()), (Date, "1987".to_owned()), (Name, "Ada Byron".to_owned())];
    for n in 0..100_u8 {
        let space = if n % 2 == 0 { Space::Gateway } else { Space::CommandLine };
        resolve(&vault, &vault.scope(space, "dr.a", &[n]), &values).await;
    }
    drop(vault);
    let db = Connection::open(dir.path().join("vault.db")).unwrap();
    let mut looked = 0;
    let distinct = |table: &str, column: &str| -> (usize, usize) {
        let mut statement = db.prepare(&format!("SELECT {column} FROM {table}")).unwrap();
        let mut rows = statement.query(()).unwrap();
        let mut all = Vec::new();
        while let Some(row) = rows.next().unwrap() {
            let ValueRef::Blob(blob) = row.get_ref(0).unwrap() else { panic!("{table}.{column} is no blob") };
            all.push(blob.to_vec());
        }
        (all.len(), all.into_iter().collect::<HashSet<_>>().len())
    };
    for (table, column) in [
        ("surrogates", "blind"),
        ("surrogates", "seen"),
        ("surrogates", "code"),
        ("surrogates", "sealed"),
        ("scopes", "wrapped"),
        ("scopes", "scope"),
    ] {
        let (rows, different) = distinct(table, column);
        assert_eq!(rows, different, "{table}.{column}");
        looked += rows;
    }
    assert_eq!(looked, 4 * 300 + 2 * 100);
    // Nor do their lengths tell them apart.
    let lengths: i64 =
        db.query_row("SELECT count(DISTINCT length(sealed)) FROM surrogates", (), |row| row.get(0)).unwrap();
    assert_eq!(lengths, 1);
    // What other columns hold, does not depend on a value.
    let other: Vec<String> = db
        .prepare("SELECT name FROM pragma_table_info('surrogates') UNION SELECT name FROM pragma_table_info('scopes')")
        .unwrap()
        .query_map((), |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .filter(|name: &String| !["blind", "seen", "code", "sealed", "wrapped", "scope"].contains(&name.as_str()))
        .collect();
    assert_eq!(other, ["epoch", "number", "space", "version"]);
}
