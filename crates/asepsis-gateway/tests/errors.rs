//! The reference says of every error that clients can get what it is.

use std::collections::BTreeSet;
use std::path::Path;

/// The codes that stand behind a status in a source file.
fn codes(source: &str, found: &mut BTreeSet<String>) {
    for (at, _) in source.match_indices("StatusCode::") {
        let behind =
            source[at + "StatusCode::".len()..].trim_start_matches(|c: char| c.is_ascii_uppercase() || c == '_');
        let Some(code) = behind.strip_prefix(',').and_then(|rest| rest.trim_start().strip_prefix('"')) else {
            continue;
        };
        let code = code.split('"').next().unwrap_or_default();
        if !code.is_empty() && code.bytes().all(|b| b.is_ascii_lowercase() || b == b'_') {
            found.insert(code.to_owned());
        }
    }
}

fn read(folder: &Path, found: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            read(&path, found);
        } else {
            codes(&std::fs::read_to_string(&path).expect("source"), found);
        }
    }
}

#[test]
fn every_error_stands_in_the_reference() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = BTreeSet::new();
    read(&root.join("src"), &mut found);
    assert!(found.len() > 25, "{found:?}");
    let docs = ["gateway.md", "releases.md"]
        .map(|name| std::fs::read_to_string(root.join("../../docs").join(name)).expect("the reference"));
    let missing: Vec<_> =
        found.iter().filter(|code| !docs.iter().any(|text| text.contains(&format!("`{code}`")))).collect();
    assert!(missing.is_empty(), "docs/gateway.md does not say what these are: {missing:?}");
}
