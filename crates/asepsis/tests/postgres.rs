//! A practice whose databases are on PostgreSQL: the real server, the real binary, and the server taken away in the midst.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

#[path = "../../../tests/support/postgres.rs"]
mod postgres;
mod support;

use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use postgres::Postgres;
use serde_json::{Value, json};
use support::{Setup, Site, asepsis, run, user, wait_until};

/// Clients that wait for answers at the same time.
const CLIENTS: u64 = 8;

/// The lines that name the server; the password comes by a variable.
fn store(postgres: &Postgres, schema: &str) -> String {
    format!(
        "\n[store]\nurl = \"{}\"\nschema = \"{schema}\"\npassword_env = \"ASEPSIS_TEST_PASSWORD\"\n",
        postgres.url()
    )
}

fn setup(postgres: &Postgres, schema: &str) -> Setup {
    Setup::new().extra(&store(postgres, schema)).env("ASEPSIS_TEST_PASSWORD", postgres::PASSWORD)
}

fn conversation(n: u64) -> Value {
    let text = format!("Patient: Martha Collins{n}, MRN {:08}, phone (401) 555-0131. Visit {n}.", 40_000_000 + n);
    json!({"model": "standin-echo", "messages": [user(&text)]})
}

/// Clients that never rest, until `what` is done.
fn under_load(site: &Site, next: &AtomicU64, answered: &Mutex<HashSet<String>>, what: impl FnOnce()) {
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..CLIENTS {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let reply = site.chat(&conversation(next.fetch_add(1, Ordering::Relaxed)));
                    if reply.status == 200 && reply.whole {
                        answered.lock().unwrap().insert(reply.exchange().to_owned());
                    }
                }
            });
        }
        let before = answered.lock().unwrap().len();
        wait_until("exchanges are answered", || answered.lock().unwrap().len() >= before + 100);
        what();
        wait_until("requests are refused", || {
            let reply = site.chat(&conversation(0));
            reply.status == 500 && reply.json()["error"]["code"] == "log_stopped"
        });
        stop.store(true, Ordering::Relaxed);
    });
}

/// Exchanges of a phase in the log.
fn of_phase(site: &Site, phase: &str) -> HashSet<String> {
    let entries = site.audit(&[]);
    entries.iter().filter(|e| e["phase"] == phase).map(|e| e["exchange"].as_str().unwrap().to_owned()).collect()
}

/// Everything that a practice does works on a server, nothing of a database is left in files, and nothing of a patient is on the
/// server in the clear.
#[test]
fn c23_a_practice_lives_on_a_server_with_all_of_its_commands() {
    let Some(postgres) = postgres::shared() else { return };
    let schema = postgres::schema();
    let mut site = setup(postgres, &schema).start();
    for n in 0..3 {
        let reply = site.chat(&conversation(n));
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert!(reply.text().contains(&format!("Martha Collins{n}")), "the originals come back");
    }
    assert!(!site.saw("Martha"));
    assert_eq!(site.audit(&[]).iter().filter(|e| e["phase"] == "intent").count(), 3);
    let refused = site.chat(&json!({"model": "standin-none", "messages": [user("Hello")]}));
    assert_ne!(refused.status, 500);

    let check = site.run(["check"]);
    assert!(check.code == 0 && check.stdout.contains(&format!("(schema {schema}), in plain text")), "{}", check.stdout);
    let doctor = site.run(["doctor"]);
    assert!(doctor.stdout.contains("which syncs what it acknowledges"), "{}", doctor.stdout);
    assert!(doctor.stdout.contains("synchronous_standby_names is empty"), "{}", doctor.stdout);
    assert!(doctor.stdout.contains("keys and vault open"), "{}", doctor.stdout);

    // A second gateway over the same log, from another machine's directory.
    let other = tempfile::tempdir().unwrap();
    support::copy(site.folder(), other.path());
    let second = run(
        asepsis()
            .args(["serve", "--config"])
            .arg(other.path().join("asepsis.toml"))
            .env("ASEPSIS_TEST_PASSWORD", postgres::PASSWORD),
        b"",
    );
    assert!(
        second.code != 0 && second.stderr.contains(&format!("process {}", site.gateway().id())),
        "{}",
        second.stderr
    );

    assert_eq!(site.stop(), Some(0));
    for command in [
        &["audit", "verify"][..],
        &["audit", "export", "--format", "csv"],
        &["audit", "prove", "0"],
        &["keys", "status"],
        &["keys", "rotate"],
        &["key", "list"],
        &["unlisted"],
    ] {
        let ran = site.run(command);
        assert_eq!(ran.code, 0, "{command:?}: {}", ran.stderr);
    }
    let text = site.seen()[0].json()["messages"][0]["content"].as_str().unwrap().to_owned();
    let surrogate = &text[text.find('[').unwrap()..=text.find(']').unwrap()];
    let revealed = site.run(["vault", "reveal", "--purpose", "TREAT", "--basis", "a test", surrogate]);
    assert!(revealed.stdout.contains("Martha Collins0"), "{} {}", revealed.stdout, revealed.stderr);

    let left: Vec<_> = walk(&site.data_dir()).into_iter().filter(|path| path.contains(".db")).collect();
    assert!(left.is_empty(), "{left:?}");
    // All of the installation as text: rows of every table.
    let tables = postgres.sql(&schema, &format!("SELECT tablename FROM pg_tables WHERE schemaname = '{schema}'"));
    assert!(tables.lines().count() >= 14, "{tables}");
    for table in tables.lines() {
        let rows = postgres
            .sql(&schema, &format!("SELECT convert_from(convert_to({table}::text, 'UTF8'), 'UTF8') FROM {table}"));
        for secret in ["Martha", "Collins", "4000000", "555-0131", &hex("Martha"), &hex("555-0131"), site.clinician()] {
            assert!(!rows.contains(secret), "{secret} is in {table}");
        }
    }

    // Nobody begins anew beside it.
    let data = site.data_dir();
    let beside = site.run(["keys", "status", "--data", data.to_str().unwrap()]);
    assert!(beside.code != 0 && beside.stderr.contains("are on a server"), "{}", beside.stderr);
    let toml = std::fs::read_to_string(site.config()).unwrap();
    std::fs::write(site.config(), toml.replace(&store(postgres, &schema), "")).unwrap();
    let beside = site.run(["key", "list"]);
    assert!(beside.code != 0 && beside.stderr.contains("are on a server"), "{}", beside.stderr);
}

/// The server is killed with SIGKILL under load, twice or as often as `ASEPSIS_SERVER_KILLS` says, and comes back: what the vendor
/// got has its intent, what a client got its answer to has both entries, and what had no end is said and gets one.
#[test]
fn c23_a_server_killed_under_load_loses_nothing_and_nothing_leaves_meanwhile() {
    let Some(mut postgres) = Postgres::start() else { return };
    let mut site = setup(&postgres, "asepsis").start();
    let (next, answered) = (AtomicU64::new(1), Mutex::default());
    let mut told = HashSet::new();
    let rounds = std::env::var("ASEPSIS_SERVER_KILLS").ok().and_then(|n| n.parse().ok()).unwrap_or(2);
    for round in 0..rounds {
        under_load(&site, &next, &answered, || postgres.kill());
        let received = site.seen().len();
        let reply = site.chat(&conversation(0));
        assert_eq!((reply.status, reply.json()["error"]["code"].as_str()), (500, Some("log_stopped")));
        assert_eq!(site.seen().len(), received, "something left though nothing could be recorded");
        wait_until("the mode is told", || site.gateway().said().contains("DEGRADED"));
        assert!(!site.gateway().said().contains(postgres::PASSWORD));
        if round == 0 {
            // As long as it is gone, nothing starts, and that is said.
            site.kill();
            let refused = site.run(["serve"]);
            assert!(refused.code != 0 && refused.stderr.contains("cannot be reached"), "{}", refused.stderr);
            assert!(!refused.stderr.contains(postgres::PASSWORD), "{}", refused.stderr);
        } else {
            site.kill();
        }
        postgres.run();
        site.start_again();
        let said = site.gateway().said();
        let (intents, outcomes) = (of_phase(&site, "intent"), of_phase(&site, "outcome"));
        assert!(
            received <= intents.len(),
            "the vendor had received {received}, and {} have their intent",
            intents.len()
        );
        let interrupted: Vec<_> = site
            .audit(&[])
            .iter()
            .filter(|e| e["outcome"]["status"] == "interrupted")
            .map(|e| e["exchange"].as_str().unwrap().to_owned())
            .collect();
        for exchange in answered.lock().unwrap().iter() {
            assert!(intents.contains(exchange) && outcomes.contains(exchange), "{exchange} is lost");
            assert!(!interrupted.contains(exchange), "{exchange} was answered, and its outcome is lost");
        }
        assert_eq!(intents, outcomes, "every intent has its end by now");
        for exchange in interrupted {
            if told.insert(exchange.clone()) {
                assert!(said.contains(&exchange), "{exchange} had no end, and that was not said: {said}");
            }
        }
        let acts: Vec<_> =
            site.audit(&[]).iter().filter_map(|e| e["act"]["kind"].as_str().map(str::to_owned)).collect();
        assert!(acts.contains(&"degraded".to_owned()) && acts.contains(&"recovered".to_owned()), "{acts:?}");
        assert_eq!(site.chat(&conversation(0)).status, 200);
    }
    let kept = answered.lock().unwrap().len();
    assert!(kept >= rounds * 100, "only {kept} exchanges were answered");
    assert_eq!(site.stop(), Some(0));
    let verified = site.run(["audit", "verify"]);
    assert_eq!(verified.code, 0, "{}", verified.stdout);
}

/// The connections are cut by the server's administrator, as by a network that fails: the gateway stops and says so.
#[test]
fn r10_a_gateway_that_is_cut_off_stops_and_its_next_start_goes_on() {
    let Some(postgres) = postgres::shared() else { return };
    let schema = postgres::schema();
    let mut site = setup(postgres, &schema).start();
    let (next, answered) = (AtomicU64::new(1), Mutex::default());
    under_load(&site, &next, &answered, || {
        let cut = format!(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name LIKE 'asepsis {schema} %'"
        );
        assert_ne!(postgres.sql(&schema, &cut), "0");
    });
    wait_until("the mode is told", || site.gateway().said().contains("DEGRADED"));
    let received = site.seen().len();
    site.kill();
    site.start_again();
    let (intents, outcomes) = (of_phase(&site, "intent"), of_phase(&site, "outcome"));
    assert!(received <= intents.len());
    assert!(answered.lock().unwrap().iter().all(|id| intents.contains(id) && outcomes.contains(id)));
    assert_eq!(site.chat(&conversation(0)).status, 200);
    assert_eq!(site.stop(), Some(0));
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// All files of a folder.
fn walk(folder: &std::path::Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(walk(&path));
        } else {
            found.push(path.display().to_string());
        }
    }
    found
}

/// The identity that age's own documentation shows; it guards nothing.
const IDENTITY: &str = "AGE-SECRET-KEY-1GQ9778VQXMMJVE8SK7J6VT8UJ4HDQAJUVSFCWCM02D8GEWQ72PVQ2Y5J33";
const RECIPIENT: &str = "age1t7rxyev2z3rw82stdlrrepyc39nvn86l5078zqkf5uasdy86jp6svpy7pa";

/// A backup of a server is the same as one of files: it is checked, tried against the live log on the server, and restored into
/// files, over which a gateway goes on with the same surrogates.
#[test]
fn p6_a_backup_of_a_server_is_restored_into_files() {
    let Some(postgres) = postgres::shared() else { return };
    let site = setup(postgres, &postgres::schema()).start();
    for n in 0..3 {
        assert_eq!(site.chat(&conversation(n)).status, 200);
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let path = |name: &str| elsewhere.path().join(name).display().to_string();
    std::fs::write(path("identity"), format!("{IDENTITY}\n")).unwrap();
    std::fs::set_permissions(path("identity"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    // Beside the running gateway.
    let made = site.run(["backup", "create", &path("b.age"), "--recipient", RECIPIENT]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let tried = site.run(["backup", "drill", &path("b.age"), "--identity", &path("identity")]);
    assert!(tried.code == 0 && tried.stdout.contains("PREFIX"), "{} {}", tried.stdout, tried.stderr);
    let restored =
        site.run(["backup", "restore", &path("b.age"), "--identity", &path("identity"), "--to", &path("data")]);
    assert_eq!(restored.code, 0, "{}", restored.stderr);
    assert!(walk(&site.data_dir()).iter().all(|file| !file.contains(".db")), "nothing is left of the copies");
    // The same configuration without its [store], over what was restored, with the keys put back.
    support::copy(&site.data_dir().join("keys"), &elsewhere.path().join("data/keys"));
    let toml = std::fs::read_to_string(site.config()).unwrap();
    std::fs::write(path("asepsis.toml"), &toml[..toml.find("[store]").unwrap()]).unwrap();
    let in_files = support::serve(elsewhere.path(), &[]);
    let headers = [("x-api-key", site.clinician()), ("content-type", "application/json")];
    let reply = support::request(
        in_files.address,
        "POST",
        "/v1/chat/completions",
        &headers,
        conversation(1).to_string().as_bytes(),
    );
    assert_eq!(reply.status, 200, "{}", reply.text());
    let texts: HashSet<String> =
        site.seen().into_iter().map(|seen| seen.body).filter(|body| body.contains("Visit 1.")).collect();
    assert_eq!(texts.len(), 1, "the conversation goes on with the same surrogates");
    assert_eq!(in_files.stop(), Some(0));
}

/// From files to a server and back: the log is the same, conversations go on with the same surrogates, and what was left behind
/// is found by nothing.
#[test]
fn p6_an_installation_moves_between_files_and_a_server() {
    let Some(postgres) = postgres::shared() else { return };
    let schema = postgres::schema();
    let mut site = Setup::new().env("ASEPSIS_TEST_PASSWORD", postgres::PASSWORD).start();
    let same = |site: &Site, times: usize| {
        assert_eq!(site.chat(&conversation(7)).status, 200);
        let texts: Vec<String> =
            site.seen().into_iter().map(|seen| seen.body).filter(|body| body.contains("Visit 7.")).collect();
        assert_eq!(texts.len(), times);
        assert_eq!(texts.iter().collect::<HashSet<_>>().len(), 1, "other surrogates than before");
    };
    same(&site, 1);
    std::fs::write(site.folder().join("soc2.pdf"), "what an auditor found").unwrap();
    for command in [
        "vendor add acme name=Acme --basis b",
        "evidence add soc2.pdf --id soc2 --vendor acme --kind SOC2-II --issuer A --valid-to 2099-01-01 --basis b",
    ] {
        let ran = site.run(command.split(' '));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    }
    let document = |site: &Site| site.run("evidence export soc2 --basis b".split(' ')).stdout;
    assert_eq!(document(&site), "what an auditor found");
    let (files, server) = (site.folder().join("files.toml"), site.folder().join("server.toml"));
    let toml = std::fs::read_to_string(site.config()).unwrap();
    std::fs::write(&files, &toml).unwrap();
    std::fs::write(&server, format!("{toml}{}", store(postgres, &schema))).unwrap();

    std::fs::copy(&server, site.config()).unwrap();
    let beside = site.run(["key", "list"]);
    assert!(beside.code != 0 && beside.stderr.contains("asepsis store move"), "{}", beside.stderr);
    let running = site.run(["store", "move", "--from", files.to_str().unwrap()]);
    assert!(running.code != 0, "the gateway still runs");
    assert_eq!(site.stop(), Some(0));
    let moved = site.run(["store", "move", "--from", files.to_str().unwrap()]);
    assert!(moved.code == 0 && moved.stdout.contains("MOVED"), "{} {}", moved.stdout, moved.stderr);
    let again = site.run(["store", "move", "--from", files.to_str().unwrap()]);
    assert!(again.code != 0, "there is nothing to move any more");
    site.start_again();
    assert_eq!(document(&site), "what an auditor found");
    same(&site, 2);
    assert_eq!(site.stop(), Some(0));
    let verified = site.run(["audit", "verify"]);
    assert_eq!(verified.code, 0, "{}", verified.stdout);

    std::fs::copy(&files, site.config()).unwrap();
    let moved = site.run(["store", "move", "--from", server.to_str().unwrap()]);
    assert!(moved.code == 0 && moved.stdout.contains(&format!("{schema}_moved_")), "{} {}", moved.stdout, moved.stderr);
    site.start_again();
    assert_eq!(document(&site), "what an auditor found");
    same(&site, 3);
    assert_eq!(site.stop(), Some(0));
    let verified = site.run(["audit", "verify"]);
    assert_eq!(verified.code, 0, "{}", verified.stdout);
    let acts = site.audit(&["--from", "2026"]);
    assert_eq!(acts.iter().filter(|e| e["interface"] == "cli.store.move").count(), 2);
}
