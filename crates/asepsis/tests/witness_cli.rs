//! A gateway and its witness as two processes: every checkpoint cosigned as it comes, and a log that was put back refused.

mod support;

use std::path::Path;

use serde_json::json;
use support::{Running, Setup, Site, asepsis, copy, run, user, wait_until};

fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

fn witness(site: &Site, folder: &Path) -> Running {
    let key = site.data_dir().join("log/log.vkey");
    let asked = ["witness", "--name", "witness.example/w1", "--listen", "127.0.0.1:0", "--data", text(folder), "--log"];
    Running::start(asepsis().args(asked).arg(&key))
}

#[test]
fn c6_a_gateway_is_cosigned_as_it_works_and_a_rollback_is_refused_by_its_witness() {
    let mut site = Setup::new().start();
    let body = json!({"model": "standin-echo", "messages": [user("hello")]});
    assert_eq!(site.chat(&body).status, 200);
    assert_eq!(site.stop(), Some(0));
    let log = site.data_dir().join("log");
    let old = site.folder().join("old");
    copy(&log, &old);

    let folder = site.folder().join("witness");
    let running = witness(&site, &folder);
    let lines = |path: &Path| std::fs::read_to_string(path).expect("keys");
    let mut policy: String = lines(&log.join("log.vkey")).lines().map(|key| format!("log {key}\n")).collect();
    for (key, name) in lines(&folder.join("witness.vkey")).lines().zip(["w1", "w1-pq"]) {
        policy += &format!("witness {name} {key} http://{}\n", running.address);
    }
    policy += "group w1-both all w1 w1-pq\nquorum w1-both\n";
    let policy_file = site.data_dir().join("tlog-policy");
    std::fs::write(&policy_file, &policy).expect("written");
    let policy_file = text(&policy_file);

    // With the policy in the data directory the gateway asks as it works.
    site.start_again();
    for _ in 0..3 {
        assert_eq!(site.chat(&body).status, 200);
    }
    let cosigned = || std::fs::read_to_string(log.join("checkpoint.cosigned")).unwrap_or_default();
    wait_until("all eight entries are cosigned", || cosigned().lines().nth(1) == Some("8"));
    assert_eq!(site.stop(), Some(0));
    let ran = site.run(["audit", "verify", "--policy", policy_file, "--max-age", "3600"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("w1, w1-pq cosigned 8 entries"), "{}", ran.stdout);

    // The log of before, which is whole in itself: the witness remembers more, also after it was killed.
    let cosign = |folder: &Path| {
        let asked = ["audit", "cosign", "--once", "--policy", policy_file, "--folder", text(folder)];
        run(asepsis().args(asked), b"")
    };
    assert_eq!(site.run(["audit", "verify", text(&old)]).code, 0);
    let ran = cosign(&old);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("ALARM") && ran.stdout.contains("has cosigned 8 entries"), "{}", ran.stdout);
    let ran = cosign(&log);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stdout.contains("QUORUM   reached"), "{}", ran.stdout);
    running.kill();
    let ran = cosign(&log);
    assert_eq!(ran.code, 0, "what was cosigned stays so: {}", ran.stdout);
    assert!(ran.stdout.contains("AWAY"), "{}", ran.stdout);

    // Killed and started again, it still knows.
    let again = witness(&site, &folder);
    let url = policy.lines().find_map(|line| line.rsplit_once("http://")).expect("an address").1.to_owned();
    std::fs::write(policy_file, policy.replace(&url, &again.address.to_string())).expect("written");
    let ran = cosign(&old);
    assert!(ran.code == 1 && ran.stdout.contains("has cosigned 8 entries"), "{}", ran.stdout);
    again.kill();

    // Its memory lost, it does not begin anew.
    std::fs::remove_file(folder.join("witness.db")).expect("removed");
    let key = log.join("log.vkey");
    let asked =
        ["witness", "--name", "witness.example/w1", "--listen", "127.0.0.1:0", "--data", text(&folder), "--log"];
    let ran = run(asepsis().args(asked).arg(&key), b"");
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("a witness without memory would cosign anything"), "{}", ran.stderr);
    let ran = run(asepsis().args(&asked[..asked.len() - 1]), b"");
    assert_eq!(ran.code, 2, "no log is named: {}", ran.stderr);
}
