//! What many exchanges of one person, or of one conversation, add up to: a slow attack shows in no single one.
//!
//! Points are kept for what went wrong, in memory alone and without any text; they halve with time, and whoever has too many loses tools
//! that write or reach out, as if text of strangers were in the conversation, or is told to wait. When Asepsis starts, nobody has any.
//!
//! The table is bounded. Where it is full, the one with the fewest points makes room, and who is new there begins with those: the estimate
//! of the space-saving algorithm (Metwally, Agrawal, El Abbadi, ICDT 2005), which is never below what somebody really has.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Mutex, PoisonError};

use asepsis_vocab::{AuditEvent, Origin, Verdict};

use crate::others;

/// The most persons and conversations that have points at the same time.
const MOST: usize = 8192;

/// Fewer points than this are none.
const LEAST: f64 = 0.05;

/// How many points are how much. A person heals by half in each `half_life`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// From so many points on a person's exchanges lose tools that write or reach out; 0: never.
    pub tools_at: f64,
    /// From so many points on within one conversation that loses them; 0: never.
    pub conversation_tools_at: f64,
    /// From so many points on a person is told to wait; 0: never.
    pub wait_at: f64,
    /// The time in which points halve, in seconds.
    pub half_life: f64,
}

impl Default for Bounds {
    /// Tools go at 20 points of a person and 10 of a conversation, half of them are forgotten in 30 minutes, and nobody is told to wait: a
    /// key may be that of an application which many work with, and in care a false stop does harm.
    fn default() -> Self {
        Self { tools_at: 20.0, conversation_tools_at: 10.0, wait_at: 0.0, half_life: 1800.0 }
    }
}

/// Where somebody stands.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Standing {
    /// Nothing is held against an exchange.
    #[default]
    Good,
    /// It loses tools, because of the person or of the conversation.
    NoTools(Whom),
    /// It is not made for so many seconds.
    Wait(u32),
}

/// Whose points they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whom {
    /// The person's.
    Person,
    /// The conversation's.
    Conversation,
}

/// Points of persons and conversations.
pub(crate) struct Memory {
    table: Mutex<HashMap<u64, Points>>,
    /// Conversations are kept as numbers that mean nothing outside this process.
    hasher: RandomState,
}

struct Points {
    points: f64,
    /// When they were that many, in seconds.
    at: f64,
    /// The person; of a conversation nothing is kept.
    user: Option<Box<str>>,
}

impl Points {
    fn now(&self, now: f64, half_life: f64) -> f64 {
        // A clock that goes back heals nobody.
        self.points * (-(now - self.at).max(0.0) / half_life.max(1.0)).exp2()
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self { table: Mutex::default(), hasher: RandomState::new() }
    }
}

impl Memory {
    pub(crate) fn conversation(&self, user: &str, conversation: &[u8]) -> u64 {
        self.hasher.hash_one((user, conversation))
    }

    fn person(&self, user: &str) -> u64 {
        self.hasher.hash_one(user)
    }

    /// Where a person and a conversation stand at `now`, in seconds.
    pub(crate) fn standing(&self, user: &str, conversation: u64, bounds: &Bounds, now: f64) -> Standing {
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        if table.is_empty() {
            return Standing::Good;
        }
        let person = points(&table, self.person(user), bounds, now);
        let over = |points: f64, bound: f64| bound > 0.0 && points >= bound;
        if over(person, bounds.wait_at) {
            let seconds = bounds.half_life * (person / bounds.wait_at).log2();
            // Between 0 and a few thousand.
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is clamped")]
            return Standing::Wait(seconds.ceil().clamp(1.0, 3600.0) as u32);
        }
        if over(person, bounds.tools_at) {
            return Standing::NoTools(Whom::Person);
        }
        if over(points(&table, conversation, bounds, now), bounds.conversation_tools_at) {
            return Standing::NoTools(Whom::Conversation);
        }
        Standing::Good
    }

    /// Adds what an exchange that has ended counts for.
    pub(crate) fn note(&self, user: &str, conversation: Option<u64>, event: &AuditEvent, bounds: &Bounds, now: f64) {
        let counted = count(event);
        if counted <= 0.0 {
            return;
        }
        let mut table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        add(&mut table, self.person(user), Some(user), counted, (bounds, now));
        if let Some(conversation) = conversation {
            add(&mut table, conversation, None, counted, (bounds, now));
        }
    }

    /// Forgets a person's points, and tells how many there were. Those of conversations heal by themselves.
    pub(crate) fn clear(&self, user: &str, bounds: &Bounds, now: f64) -> Option<f64> {
        let removed = self.table.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.person(user));
        removed.map(|points| points.now(now, bounds.half_life))
    }

    /// The persons with the most points, at most `most` of them, and how many each has.
    pub(crate) fn persons(&self, most: usize, bounds: &Bounds, now: f64) -> Vec<(String, f64)> {
        let table = self.table.lock().unwrap_or_else(PoisonError::into_inner);
        let named =
            table.values().filter_map(|points| Some((points.user.as_deref()?, points.now(now, bounds.half_life))));
        let mut persons: Vec<(String, f64)> =
            named.filter(|(_, points)| *points >= LEAST).map(|(user, points)| (user.to_owned(), points)).collect();
        persons.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        persons.truncate(most);
        persons
    }
}

/// What somebody has who is in the table; who is not has what the one with the fewest has, where the table is full.
fn points(table: &HashMap<u64, Points>, key: u64, bounds: &Bounds, now: f64) -> f64 {
    match table.get(&key) {
        Some(points) => points.now(now, bounds.half_life),
        None if table.len() < MOST => 0.0,
        None => table.values().map(|points| points.now(now, bounds.half_life)).fold(f64::INFINITY, f64::min),
    }
}

fn add(table: &mut HashMap<u64, Points>, key: u64, user: Option<&str>, counted: f64, (bounds, now): (&Bounds, f64)) {
    let mut before = points(table, key, bounds, now);
    if !table.contains_key(&key) && table.len() >= MOST {
        table.retain(|_, points| points.now(now, bounds.half_life) >= LEAST);
        if table.len() < MOST {
            before = 0.0;
        } else {
            let value = |points: &Points| points.now(now, bounds.half_life);
            let least = table.iter().min_by(|a, b| value(a.1).total_cmp(&value(b.1))).map(|(key, _)| *key);
            least.and_then(|key| table.remove(&key));
        }
    }
    table.insert(key, Points { points: before + counted, at: now, user: user.map(Into::into) });
}

/// What an exchange counts for. Text of strangers that was flagged counts little: who works with it need not have written it.
fn count(event: &AuditEvent) -> f64 {
    let status = event.outcome.as_ref().map_or("", |outcome| outcome.status.as_str());
    let mut counted = match status {
        "refused" => 0.5,
        "blocked" => 1.0,
        _ => 0.0,
    };
    let Some(guard) = event.guard.as_deref() else { return counted };
    // What the memory itself holds against an exchange is no reason for more of it.
    let found = || {
        guard.flags.iter().filter(|flag| !["memory/", "scope/", "leak/"].iter().any(|kind| flag.rule.starts_with(kind)))
    };
    if found().any(|flag| flag.origin == Origin::Staff.word()) {
        counted += 1.0;
    }
    let hostile = |verdict: &str| verdict.parse().unwrap_or(Verdict::Allow) >= Verdict::Spotlight;
    if found().any(|flag| flag.origin != Origin::Staff.word() && hostile(&flag.verdict)) {
        counted += 1.0;
    }
    let answer = |rule: &str| guard.answer.contains_key(rule);
    if answer(others::RULE) {
        counted += 1.0;
    }
    if answer("leak/instructions") {
        counted += 2.0;
    }
    if guard.canary.is_some() {
        counted += 4.0;
    }
    if !guard.calls.is_empty() {
        counted += 1.0;
    }
    counted
}

#[cfg(test)]
mod tests {
    use super::*;
    use asepsis_vocab::{ExchangeId, GuardRecord, Outcome, Phase};

    fn event(canary: bool, status: &str) -> AuditEvent {
        let guard = GuardRecord { canary: canary.then(|| "messages[0]".to_owned()), ..GuardRecord::default() };
        AuditEvent {
            guard: Some(Box::new(guard)),
            outcome: Some(Outcome { status: status.to_owned(), http: None, upstream_http: None }),
            ..AuditEvent::new(ExchangeId::now(), Phase::Outcome, String::new(), "test")
        }
    }

    fn bounds() -> Bounds {
        Bounds { wait_at: 40.0, ..Bounds::default() }
    }

    #[test]
    fn r22_points_add_up_take_tools_then_time_and_heal() {
        let (memory, bounds) = (Memory::default(), bounds());
        let (one, two) = (memory.conversation("ann", b"1"), memory.conversation("ann", b"2"));
        let stands = |now| memory.standing("ann", one, &bounds, now);
        for times in 0..10 {
            assert_eq!(
                stands(0.0),
                if times < 3 {
                    Standing::Good
                } else if times < 5 {
                    Standing::NoTools(Whom::Conversation)
                } else if times < 9 {
                    Standing::NoTools(Whom::Person)
                } else {
                    Standing::Wait(33)
                },
                "{times}"
            );
            memory.note("ann", Some(one), &event(true, "refused"), &bounds, 0.0);
        }
        assert!(matches!(stands(0.0), Standing::Wait(300..=400)), "{:?}", stands(0.0));
        // Nobody else's business, and another conversation of the same person's.
        assert_eq!(memory.standing("bob", two, &bounds, 0.0), Standing::Good);
        assert!(matches!(memory.standing("ann", two, &bounds, 0.0), Standing::Wait(_)));
        assert_eq!(stands(1800.0), Standing::NoTools(Whom::Person));
        assert_eq!(stands(2.0 * 1800.0), Standing::NoTools(Whom::Conversation));
        assert_eq!(stands(4.0 * 1800.0), Standing::Good);
        assert_eq!(memory.persons(5, &bounds, 1800.0), [("ann".to_owned(), 22.5)]);
        assert_eq!((memory.clear("ann", &bounds, 1800.0), memory.clear("ann", &bounds, 1800.0)), (Some(22.5), None));
        assert_eq!(memory.standing("ann", two, &bounds, 0.0), Standing::Good);
        // A clock that goes back heals nobody.
        assert_eq!(memory.standing("ann", one, &bounds, -9000.0), Standing::NoTools(Whom::Conversation));
    }

    #[test]
    fn r22_what_is_held_against_somebody_is_no_reason_for_more() {
        let mut event = event(false, "completed");
        let flag = |rule: &str, origin: &str, verdict: Verdict| asepsis_vocab::GuardFlag {
            place: String::new(),
            origin: origin.to_owned(),
            start: 0,
            end: 0,
            rule: rule.to_owned(),
            verdict: verdict.word().to_owned(),
        };
        let mut counted = |flags| {
            let guard = event.guard.as_mut().expect("a record");
            Verdict::DropWrite.word().clone_into(&mut guard.verdict);
            guard.flags = flags;
            count(&event)
        };
        let held = [
            flag("memory/person", "staff", Verdict::DropWrite),
            flag("scope/other-patient", "tool", Verdict::Annotate),
        ];
        assert!(counted(held.to_vec()) <= 0.0);
        assert!((counted(vec![flag("override/instructions", "staff", Verdict::Annotate)]) - 1.0).abs() < 1e-9);
        assert!((counted(vec![flag("override/instructions", "tool", Verdict::Spotlight)]) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn r22_what_goes_well_counts_nothing_and_a_bound_of_zero_is_none() {
        let (memory, never) =
            (Memory::default(), Bounds { tools_at: 0.0, conversation_tools_at: 0.0, wait_at: 0.0, half_life: 1.0 });
        memory.note("ann", None, &event(false, "completed"), &never, 0.0);
        assert_eq!(memory.clear("ann", &never, 0.0), None);
        for _ in 0..1000 {
            memory.note("ann", None, &event(true, "blocked"), &never, 0.0);
        }
        assert_eq!(memory.standing("ann", 0, &never, 0.0), Standing::Good);
    }

    #[test]
    fn r22_a_full_table_stays_bounded_and_errs_on_the_poorer_side() {
        let (memory, bounds) = (Memory::default(), bounds());
        for _ in 0..10 {
            memory.note("heavy", None, &event(true, "refused"), &bounds, 0.0);
        }
        for n in 0..MOST + 500 {
            memory.note(&format!("user{n}"), None, &event(true, "refused"), &bounds, 0.0);
        }
        assert_eq!(memory.table.lock().expect("unpoisoned").len(), MOST);
        // The heaviest is not pushed out, and who is not there has at least what was pushed out.
        assert!(matches!(memory.standing("heavy", 0, &bounds, 0.0), Standing::Wait(_)));
        let of = |user: &str, now| {
            let table = memory.table.lock().expect("unpoisoned");
            points(&table, memory.person(user), &bounds, now)
        };
        assert!(of("heavy", 0.0) >= 45.0 && of("stranger", 0.0) >= 4.5, "{}", of("stranger", 0.0));
        // What has healed makes room, and then a stranger has nothing.
        memory.note("late", None, &event(true, "refused"), &bounds, 1e6);
        assert_eq!((of("late", 1e6), of("stranger", 1e6)), (4.5, 0.0));
    }
}
