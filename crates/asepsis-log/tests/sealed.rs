//! What an entry without a payload costs in a file.
#![allow(clippy::unwrap_used)]

mod support;

use asepsis_vocab::{ExchangeId, Phase};
use support::{event, open};

#[tokio::test(flavor = "multi_thread")]
async fn c23_an_entry_without_payload_touches_no_table_of_payloads() {
    let dir = tempfile::tempdir().unwrap();
    let (log, _) = open(dir.path()).await;
    for _ in 0..10 {
        log.append(&event(ExchangeId::now(), Phase::Outcome)).await.unwrap();
    }
    log.close().await.unwrap();
    let db = asepsis_db::rusqlite::Connection::open(dir.path().join("log/entries.db")).unwrap();
    let pages = "SELECT (SELECT count(*) FROM payloads), (SELECT count(*) FROM sqlite_master WHERE type = 'trigger')";
    let found: (i64, i64) = db.query_row(pages, (), |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(found, (0, 0), "nothing is written to the table of payloads, and nothing runs beside the statement");
}
