//! A log that is published in a folder and in an object store, in order and in disorder.
#![allow(clippy::unwrap_used)]

mod support;

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use asepsis_log::verify::{Report, VerifyOptions};
use asepsis_log::{Policy, Retention, WitnessKey, cosigned};
use asepsis_mirror::{MirrorError, Mirroring, Round, Store, verify};
use support::{Moto, copy, files, folder, grow, grow_of, installed, left_out, mirror, open};

async fn sound(store: &Store) -> Report {
    let report = verify(store, &VerifyOptions::default()).await.unwrap();
    assert!(report.is_sound(), "{:?}", report.findings);
    report
}

/// What of the local log is to be published.
fn published(dir: &Path) -> Vec<(String, Vec<u8>)> {
    let all = files(&dir.join("log")).into_iter();
    all.filter(|(name, _)| name.starts_with("tile/") || ["checkpoint", "log.vkey"].contains(&name.as_str())).collect()
}

/// Grows a log in odd steps and brings a store up to it at each; the store holds what the log has, and what may not go yet.
async fn follows(store: &Store, look: impl Fn() -> Vec<(String, Vec<u8>)>) {
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path()).await;
    let mirror = mirror(dir.path(), store);
    for size in [0, 1, 2, 255, 256, 257, 300, 1_000] {
        grow(&log, size).await;
        let round = mirror.round().await.unwrap();
        assert_eq!(round.size, size);
        assert_eq!(mirror.round().await.unwrap(), Round { size, ..Round::default() }, "there is nothing new");
        let there = look();
        for file in published(dir.path()) {
            assert!(there.contains(&file), "{size}: {}", file.0);
        }
        // Partial tiles of older checkpoints stay until the full one is there.
        let full =
            |name: &str| size / 256 > name.rsplit('/').nth(1).unwrap().trim_end_matches(".p").parse::<u64>().unwrap();
        let left: Vec<_> =
            there.iter().filter(|(n, _)| n.starts_with("tile/0/") && n.contains(".p/") && full(n)).collect();
        assert!(left.is_empty(), "{size}: {left:?}");
        let report = sound(store).await;
        assert_eq!((report.size, report.entries), (size, size));
    }
    assert!(look().iter().filter(|(name, _)| name.starts_with("tile/0/003.p/")).count() == 1);
    // Another process that knows nothing of before finds all there.
    let again = support::mirror(dir.path(), store).round().await.unwrap();
    assert_eq!((again.size, again.written, again.there), (1_000, 0, 0));
    let standing = mirror.standing().await.unwrap();
    assert_eq!((standing.here, standing.there), (1_000, 1_000));
    log.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn p6_a_folder_follows_the_log_and_holds_what_it_has() {
    let there = tempfile::tempdir().unwrap();
    let at = there.path().join("new/mirror");
    let store = folder(&at);
    follows(&store, || files(&at)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p6_an_object_store_follows_the_log_and_holds_what_it_has() {
    let Some(moto) = Moto::start() else { return };
    let store = moto.store("site/node-1");
    follows(&store, || {
        let down = tempfile::tempdir().unwrap();
        moto.download("site/node-1", down.path());
        files(down.path())
    })
    .await;
    let kinds = moto.boto(
        "print([s3.head_object(Bucket='audit', Key='site/node-1/' + k)['ContentType'] for k in ('checkpoint', 'tile/0/000')])",
        &[],
    );
    assert_eq!(kinds.trim(), "['text/plain; charset=utf-8', 'application/octet-stream']");
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_c23_what_is_published_holds_for_verifiers_that_are_not_ours() {
    if left_out("tlog", "other implementations of logs over a mirror") {
        return;
    }
    let Some(moto) = Moto::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path()).await;
    let to = tempfile::tempdir().unwrap();
    for part in ["proofs", "grown", "logs/300", "logs/70000"] {
        std::fs::create_dir_all(to.path().join(part)).unwrap();
    }
    let store = moto.store("peers");
    for size in [300, 70_000] {
        grow(&log, size).await;
        mirror(dir.path(), &store).round().await.unwrap();
        moto.download("peers", &to.path().join("logs").join(size.to_string()));
    }
    std::fs::copy(dir.path().join("log/log.vkey"), to.path().join("log.vkey")).unwrap();
    let mut python = Command::new(installed("peers/tlog/bin/python"));
    python.arg("-B").arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/peers/tlog/check.py"));
    for mut peer in [python, Command::new(installed("peers/tlog/verify"))] {
        let ran = peer.arg(to.path()).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stdout);
        assert!(ran.status.success(), "{peer:?}: {}", String::from_utf8_lossy(&ran.stderr));
        assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), 2, "{peer:?}: {said}");
    }
    assert_eq!(sound(&store).await.entries, 70_000);
    log.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_what_was_changed_in_the_store_is_an_alarm_and_is_named() {
    let Some(moto) = Moto::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path()).await;
    grow(&log, 1_000).await;
    for (path, place) in [
        ("tile/0/001", "tile/0/001: the hash of entry 384 was changed in it"),
        ("tile/entries/002", "tile/entries/002: entry "),
        ("tile/1/000.p/3", "tile/1/000.p/3: byte 48 is not that of the tree"),
        ("tile/entries/003.p/232", "tile/entries/003.p/232: entry "),
        ("log.vkey", "checkpoint, signature: "),
    ] {
        let prefix = format!("changed-{}", path.replace(['/', '.'], "-"));
        let store = moto.store(&prefix);
        mirror(dir.path(), &store).round().await.unwrap();
        sound(&store).await;
        moto.flip(&format!("{prefix}/{path}"));
        let report = verify(&store, &VerifyOptions::default()).await.unwrap();
        let found: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
        assert!(found.iter().any(|fault| fault.starts_with(place)), "{path}: {found:?}");
        moto.boto("s3.delete_object(Bucket='audit', Key=sys.argv[2])", &[&format!("{prefix}/{path}")]);
        let report = verify(&store, &VerifyOptions::default()).await.unwrap();
        assert!(!report.is_sound(), "{path} is missing");
    }

    // The newer of both signatures is taken off the checkpoint.
    let store = moto.store("unsigned");
    mirror(dir.path(), &store).round().await.unwrap();
    let strip = "
key = sys.argv[2]
lines = s3.get_object(Bucket='audit', Key=key)['Body'].read().split(b'\\n')
s3.put_object(Bucket='audit', Key=key, Body=b'\\n'.join(lines[:-2] + [b'']))
";
    moto.boto(strip, &["unsigned/checkpoint"]);
    let report = verify(&store, &VerifyOptions::default()).await.unwrap();
    assert!(report.findings[0].to_string().contains("one of this log's keys has not signed it"), "{report:?}");

    // A file that is in the way of a new one, and a checkpoint that somebody edited, stop the mirror and are not written over.
    let store = moto.store("in-the-way");
    mirror(dir.path(), &store).round().await.unwrap();
    let put = "s3.put_object(Bucket='audit', Key=sys.argv[2], Body=b'x' * 8192)";
    moto.boto(put, &["in-the-way/tile/0/003"]);
    grow(&log, 1_100).await;
    let refused = mirror(dir.path(), &store).round().await.unwrap_err();
    assert!(
        matches!(&refused, MirrorError::Altered { path, .. } if path == "tile/0/003") && refused.is_alarm(),
        "{refused}"
    );
    assert_eq!(mirror(dir.path(), &store).standing().await.unwrap().there, 1_000, "its checkpoint stays");
    moto.boto("s3.delete_object(Bucket='audit', Key=sys.argv[2])", &["in-the-way/tile/0/003"]);
    assert_eq!(mirror(dir.path(), &store).round().await.unwrap().size, 1_100);
    moto.flip("in-the-way/checkpoint");
    let refused = mirror(dir.path(), &store).round().await.unwrap_err();
    assert!(matches!(refused, MirrorError::Checkpoint { .. }) && refused.is_alarm(), "{refused}");
    // One that is longer than any file of a log is not taken into memory.
    moto.boto("s3.put_object(Bucket='audit', Key='in-the-way/checkpoint', Body=b'x' * (17 << 20))", &[]);
    let refused = mirror(dir.path(), &store).round().await.unwrap_err();
    assert!(matches!(refused, MirrorError::TooLong { .. }), "{refused}");
    log.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_a_log_that_was_put_back_or_rewritten_is_seen_by_its_mirror() {
    let (dir, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let log = open(dir.path()).await;
    grow(&log, 300).await;
    log.close().await.unwrap();
    let aside = tempfile::tempdir().unwrap();
    copy(dir.path(), aside.path());
    let log = open(dir.path()).await;
    grow(&log, 700).await;
    let store = folder(there.path());
    mirror(dir.path(), &store).round().await.unwrap();
    log.close().await.unwrap();
    let before = files(there.path());

    // The log of before, with its key: it verifies by itself.
    let old = mirror(aside.path(), &store);
    let refused = old.round().await.unwrap_err();
    assert!(matches!(refused, MirrorError::Shrank { there: 700, here: 300, .. }) && refused.is_alarm(), "{refused}");
    // Who holds its key goes on differently, past what is published.
    let log = open(aside.path()).await;
    for size in [700, 900] {
        grow(&log, size).await;
        let refused = mirror(aside.path(), &store).round().await.unwrap_err();
        assert!(matches!(refused, MirrorError::Forked { there: 700, .. }) && refused.is_alarm(), "{size}: {refused}");
        assert!(mirror(aside.path(), &store).standing().await.unwrap_err().is_alarm());
    }
    log.close().await.unwrap();
    // Another log altogether.
    let other = tempfile::tempdir().unwrap();
    let log = open(other.path()).await;
    grow(&log, 800).await;
    let refused = mirror(other.path(), &store).round().await.unwrap_err();
    assert!(matches!(refused, MirrorError::Checkpoint { .. }) && refused.is_alarm(), "{refused}");
    log.close().await.unwrap();
    assert_eq!(files(there.path()), before, "nothing that was published was touched");

    // And the other way round: the published log as a whole was put back. A checkpoint that is kept elsewhere shows it.
    let pin = String::from_utf8(before.iter().find(|(name, _)| name == "checkpoint").unwrap().1.clone()).unwrap();
    let pinned = VerifyOptions { pin: Some(pin), ..VerifyOptions::default() };
    assert!(verify(&store, &pinned).await.unwrap().is_sound());
    let forged = tempfile::tempdir().unwrap();
    let forged_store = folder(forged.path());
    mirror(aside.path(), &forged_store).round().await.unwrap();
    sound(&forged_store).await;
    let report = verify(&forged_store, &pinned).await.unwrap();
    assert!(
        report.findings[0].to_string().contains("the first 700 entries are not those that were pinned"),
        "{report:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn c23_what_witnesses_cosigned_is_published_too_and_shows_how_fresh_the_mirror_is() {
    let (dir, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let log = open(dir.path()).await;
    grow(&log, 300).await;
    let (in_log, witness) = (dir.path().join("log"), WitnessKey::generate("witness.example/w1").unwrap());
    let mut text = std::fs::read_to_string(in_log.join("log.vkey"))
        .unwrap()
        .lines()
        .map(|key| format!("log {key}\n"))
        .collect::<String>();
    for (at, key) in witness.verifier_keys().iter().enumerate() {
        text += &format!("witness w{at} {key}\n");
    }
    text += "group both all w0 w1\nquorum both\n";
    let (policy, now) = (Policy::parse(&text).unwrap(), 1_800_000_000);
    let asked = |later: u64| VerifyOptions {
        policy: Some(policy.clone()),
        max_age: Some(Duration::from_secs(3600)),
        now: Some(now + later),
        ..VerifyOptions::default()
    };
    let store = folder(there.path());
    let mirror = mirror(dir.path(), &store);
    mirror.round().await.unwrap();
    let report = verify(&store, &asked(0)).await.unwrap();
    assert!(report.findings[0].to_string().contains("none has cosigned what is published"), "{report:?}");

    let checkpoint = std::fs::read_to_string(in_log.join("checkpoint")).unwrap();
    let lines = witness.cosign(&checkpoint, now).unwrap();
    cosigned::keep(&in_log, &format!("{checkpoint}{lines}")).unwrap();
    mirror.round().await.unwrap();
    grow(&log, 400).await;
    mirror.round().await.unwrap();
    let report = verify(&store, &asked(60)).await.unwrap();
    assert!(report.is_sound() && report.is_anchored() && report.age() == Some(60), "{report:?}");
    assert_eq!((report.size, report.anchor.unwrap().size), (400, 300));
    let report = verify(&store, &asked(7200)).await.unwrap();
    assert!(report.findings[0].to_string().contains("the newest is 7200 s old"), "{report:?}");
    let early = VerifyOptions { now: Some(now - 1000), ..asked(0) };
    assert!(verify(&store, &early).await.unwrap().findings[0].to_string().contains("1000 s after the present"));
    log.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn r27_what_was_pruned_here_stays_where_it_was_published_and_is_told_where_it_was_not() {
    let (dir, before, after) =
        (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (before, after) = (before.path().join("m"), after.path().join("m"));
    let log = open(dir.path()).await;
    grow_of(&log, 600, "2010-06-01").await;
    mirror(dir.path(), &folder(&before)).round().await.unwrap();
    grow(&log, 800).await;
    let policy = Retention::parse("keep 6 years\nbasis 45 CFR 164.316(b)(2)(i)\n").unwrap();
    let day = time::Date::from_calendar_date(2012, time::Month::January, 1).unwrap();
    assert_eq!(log.prune(&policy, day, None, false).await.unwrap().minimum, 512);
    log.checkpoint().await.unwrap();

    assert_eq!(mirror(dir.path(), &folder(&before)).round().await.unwrap().pruned, 0);
    let report = sound(&folder(&before)).await;
    assert_eq!((report.entries, report.pruned), (801, 0), "all of it is published");
    assert_eq!(mirror(dir.path(), &folder(&after)).round().await.unwrap().pruned, 2);
    let report = sound(&folder(&after)).await;
    assert_eq!((report.entries, report.pruned, report.pruned_by), (801 - 512, 512, Some(800)));
    // One more is gone, of which no entry says so.
    std::fs::remove_file(after.join("tile/entries/002")).unwrap();
    let report = verify(&folder(&after), &VerifyOptions::default()).await.unwrap();
    let found: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    assert!(found.len() == 1 && found[0].starts_with("tile/entries/002: it is missing"), "{found:?}");
    log.close().await.unwrap();
}

/// Runs as a process of its own, which is killed.
#[tokio::test]
async fn mirrors_for_who_kills_it() {
    let Ok(place) = std::env::var("ASEPSIS_TEST_MIRROR") else { return };
    let (dir, to) = place.split_once('|').unwrap();
    mirror(Path::new(dir), &folder(Path::new(to))).round().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn p6_a_mirror_that_was_killed_midway_goes_on_and_was_never_seen_half_done() {
    let (dir, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let log = open(dir.path()).await;
    grow(&log, 20_000).await;
    let to: PathBuf = there.path().join("mirror");
    let (mut killed, mut wanted, mut missed) = (0, 1, 0);
    while killed < 8 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "mirrors_for_who_kills_it"])
            .env("ASEPSIS_TEST_MIRROR", format!("{}|{}", dir.path().display(), to.display()))
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let began = Instant::now();
        // Until so many files more are there.
        while to.join("tile/entries").read_dir().map_or(0, Iterator::count) < wanted
            && child.try_wait().unwrap().is_none()
        {
            assert!(began.elapsed() < Duration::from_secs(60));
            std::thread::sleep(Duration::from_micros(200));
        }
        let ended = child.try_wait().unwrap().is_some();
        child.kill().ok();
        child.wait().unwrap();
        if ended && killed > 0 {
            break;
        }
        if ended {
            // It was faster than we looked: once more from the beginning.
            std::fs::remove_dir_all(&to).unwrap();
            missed += 1;
            assert!(missed < 50, "it was never killed midway");
            continue;
        }
        killed += 1;
        wanted = to.join("tile/entries").read_dir().unwrap().count() + 3;
        assert!(!to.join("checkpoint").exists() || files(&to).len() > 150, "a checkpoint comes last");
    }
    let store = folder(&to);
    let round = mirror(dir.path(), &store).round().await.unwrap();
    assert_eq!(round.size, 20_000);
    assert_eq!(sound(&store).await.entries, 20_000);
    log.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn p6_a_store_that_is_away_holds_nothing_up_and_is_caught_up_with() {
    let Some(moto) = Moto::start() else { return };
    let dir = tempfile::tempdir().unwrap();
    let log = open(dir.path()).await;
    grow(&log, 300).await;
    let store = moto.store("away");
    let mirroring = Mirroring::start(mirror(dir.path(), &store)).unwrap();
    let wait = async |what: &str, ready: &dyn Fn() -> bool| {
        let began = Instant::now();
        while !ready() {
            assert!(began.elapsed() < Duration::from_secs(60), "{what}: {mirroring:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    wait("it is published", &|| mirroring.status().size == 300).await;
    // No such bucket any more: it is away as far as can be told.
    moto.boto("b = boto3.resource('s3', endpoint_url=sys.argv[1], region_name='us-east-1', aws_access_key_id='a', aws_secret_access_key='b').Bucket('audit'); b.objects.all().delete(); b.delete()", &[]);
    grow(&log, 600).await;
    wait("it fails", &|| mirroring.status().failing.is_some()).await;
    assert!(!mirroring.status().alarm && log.is_healthy());
    moto.boto("s3.create_bucket(Bucket='audit')", &[]);
    wait("it is there again", &|| mirroring.status().failing.is_none() && mirroring.status().size == 600).await;
    // What is new at the end is published on the way out.
    grow(&log, 700).await;
    mirroring.stop().await;
    assert_eq!(sound(&store).await.entries, 700);

    drop(moto);
    let refused = mirror(dir.path(), &store).round().await.unwrap_err();
    assert!(matches!(refused, MirrorError::Away { .. }) && !refused.is_alarm(), "{refused}");
    assert!(!format!("{refused} {refused:?}").contains("wJalr"));
    log.close().await.unwrap();
}

#[test]
fn p6_settings_of_a_store_are_refused_with_what_to_do() {
    use asepsis_mirror::{Address, Options};
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("credentials");
    std::fs::write(&file, "[default]\naws_access_key_id = A\naws_secret_access_key = wJalr\n").unwrap();
    let open = |endpoint: &str, allow_http: bool, file: &Path| {
        let options = Options {
            endpoint: Some(endpoint.to_owned()),
            allow_http,
            credentials_file: Some(file.to_owned()),
            ..Options::default()
        };
        let address: Address = "s3://audit".parse().unwrap();
        Store::open(&address, &options, false).map(|store| format!("{store:?}"))
    };
    for fine in ["https://s3.example.org", "http://127.0.0.1:9000", "http://localhost:9000"] {
        assert!(!open(fine, false, &file).unwrap().contains("wJalr"), "{fine}");
    }
    assert!(open("http://s3.example.org", true, &file).is_ok());
    for (endpoint, why) in [
        ("http://s3.example.org", "plain HTTP beyond this machine"),
        ("s3.example.org", "looks like https://"),
        ("ftp://s3.example.org", "begins with https://"),
        ("https://me:wJalr@s3.example.org", "holds a password"),
    ] {
        let refused = open(endpoint, false, &file).unwrap_err().to_string();
        assert!(refused.contains(why) && !refused.contains("wJalr"), "{endpoint}: {refused}");
    }
    let refused = open("https://s3.example.org", false, &dir.path().join("none")).unwrap_err().to_string();
    assert!(refused.contains("no access key"), "{refused}");
    let missing = Store::open(&Address::Folder("/nowhere/at/all".into()), &Options::default(), false).unwrap_err();
    assert!(matches!(missing, MirrorError::Local { .. }), "{missing}");
}
