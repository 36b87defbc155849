//! `asepsis doctor` over practices that lack something.

mod support;

use support::Setup;

#[test]
fn c23_a_fresh_practice_has_no_fault_and_is_told_what_is_missing() {
    let mut site = Setup::new().start();
    let looked = site.run(["doctor"]);
    assert_eq!(looked.code, 0, "{}{}", looked.stdout, looked.stderr);
    for expected in
        ["nobody outside this machine knows the log", "root key lies in the clear", "no backup was ever tried"]
    {
        let line = looked.stdout.lines().find(|line| line.contains(expected));
        assert!(line.is_some_and(|line| line.starts_with("WARNING")), "{expected}: {}", looked.stdout);
    }
    assert!(looked.stdout.contains("0 faults, "), "{}", looked.stdout);

    // Somebody changes an entry, and opens the folder to others.
    assert_eq!(
        site.chat(&serde_json::json!({"model": "standin-echo", "messages": [support::user("No pain.")]})).status,
        200
    );
    assert_eq!(site.stop(), Some(0));
    let tile = site.data_dir().join("log/checkpoint");
    let text = std::fs::read_to_string(&tile).expect("the checkpoint");
    std::fs::write(&tile, text.replacen("\n2\n", "\n1\n", 1)).expect("written");
    let looked = site.run(["doctor"]);
    assert_eq!(looked.code, 1, "{}", looked.stdout);
    assert!(looked.stdout.contains("FAULT    the log is not as it was signed"), "{}", looked.stdout);
}

#[test]
fn c23_a_configuration_that_cannot_be_read_is_a_fault_with_its_reason() {
    let site = Setup::new().extra("\n[nonsense]\n");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("asepsis.toml"), site.toml("http://127.0.0.1:9")).expect("written");
    let mut command = support::asepsis();
    command.arg("doctor").current_dir(folder.path());
    let looked = support::run(&mut command, b"");
    assert_eq!(looked.code, 1, "{}{}", looked.stdout, looked.stderr);
    assert!(looked.stdout.contains("nonsense"), "{}", looked.stdout);
}
