//! What the organisation's own refused exchanges teach: reasons with counts, and nobody's name.

use std::collections::BTreeMap;
use std::sync::{Arc, Weak};

use asepsis_console::{Lesson, Lessons, Practice};
use asepsis_exchange::Plane;
use asepsis_log::search::Query;
use asepsis_policy::addressed;
use asepsis_vocab::Phase;
use time::{Duration, OffsetDateTime};
use tokio::sync::Mutex;

/// How far back they go.
const DAYS: i64 = 90;
/// The most refused exchanges that are looked at, the newest.
const MOST_ENTRIES: usize = 20_000;
/// The most lessons.
const MOST: usize = 5;
/// How long they stay as they are, in seconds: the log is not read for each visit.
const KEPT: i64 = 3600;

/// Lessons from the log of a gateway.
pub(super) struct Refusals {
    plane: Weak<Plane>,
    kept: Mutex<Option<(i64, Vec<Lesson>)>>,
}

impl Refusals {
    pub(super) fn new(plane: &Arc<Plane>) -> Self {
        Self { plane: Arc::downgrade(plane), kept: Mutex::default() }
    }

    async fn read(&self, now: i64) -> Option<Vec<Lesson>> {
        let plane = self.plane.upgrade()?;
        let from = OffsetDateTime::from_unix_timestamp(now).ok()? - Duration::days(DAYS);
        let query = Query {
            phase: Some(Phase::Outcome),
            status: Some("refused".to_owned()),
            from: Some(from.date().to_string()),
            last: Some(MOST_ENTRIES),
            ..Query::default()
        };
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for hit in plane.log().search(&query).await.ok()? {
            for rule in hit.event.decision.map(|decision| decision.rules).unwrap_or_default() {
                *times.entry(rule).or_default() += 1;
            }
        }
        let policy = plane.rules().policy;
        let lesson = |(rule, times): (String, usize)| {
            let text = policy.rule(&rule)?;
            let says = addressed(&format!("{} {}", text.staff, text.fix), None);
            Some(Lesson { times, says: says.trim().to_owned() })
        };
        let mut lessons: Vec<Lesson> = times.into_iter().filter_map(lesson).collect();
        lessons.sort_by(|a, b| b.times.cmp(&a.times).then_with(|| a.says.cmp(&b.says)));
        lessons.truncate(MOST);
        Some(lessons)
    }
}

impl Practice for Refusals {
    fn lessons(&self, now: i64) -> Lessons<'_> {
        Box::pin(async move {
            let mut kept = self.kept.lock().await;
            if let Some((_, lessons)) = kept.as_ref().filter(|(at, _)| (0..KEPT).contains(&(now - at))) {
                return lessons.clone();
            }
            let lessons = self.read(now).await.unwrap_or_default();
            *kept = Some((now, lessons.clone()));
            lessons
        })
    }
}
