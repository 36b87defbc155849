//! How what was found of a backup is said.

use asepsis_backup::watch::{AppendOnly, Found, Verdict, Watch, WatchKind};
use serde_json::json;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The target of the proposed rule, in hours.
const RESTORE_HOURS: u64 = 72;

/// Where that target comes from. It is no law.
const RESTORE_BASIS: &str =
    "proposed, not law: HIPAA Security Rule NPRM, 90 FR 898 (2025-01-06), contingency plan of 45 CFR 164.308";

/// One line a thing, for people.
pub(super) fn lines(watch: &Watch, found: &Found) -> Vec<String> {
    let name = &watch.name;
    let mut lines: Vec<String> = Vec::new();
    lines.extend(found.alarms.iter().map(|alarm| format!("ALARM    {name}: {}: {alarm}", alarm.kind.code())));
    lines.extend(found.not_looked.iter().map(|n| format!("NOT LOOKED {name}: {}: {}", n.code, n.what)));
    if let Some((part, parts)) = found.read {
        let next =
            found.next_part.filter(|_| parts > 1).map(|next| format!("; next is part {next}")).unwrap_or_default();
        lines.push(match parts {
            1 => format!("READ     {name}: all of it"),
            _ => format!("READ     {name}: part {part} of {parts}{next}"),
        });
    }
    if let (Some(snapshots), Some(newest)) = (found.snapshots, found.newest) {
        lines.push(format!("NEWEST   {name}: of {}, one of {snapshots} snapshots", rfc3339(newest)));
    }
    if found.canaries > 0 {
        lines.push(format!("CANARIES {name}: {} as they were planted", found.canaries));
    }
    lines.extend(found.notices.iter().map(|notice| format!("NOTE     {name}: {notice}")));
    lines.push(match found.verdict() {
        Verdict::Sound => format!("SOUND    {name}"),
        Verdict::Alarm => format!("NOT SOUND: {name}"),
        Verdict::NotLooked => format!("UNKNOWN: {name} could not be looked at as a whole"),
    });
    lines
}

/// The same as a JSON object in one line.
pub(super) fn json(watch: &Watch, found: &Found) -> String {
    let verdict = match found.verdict() {
        Verdict::Sound => "sound",
        Verdict::Alarm => "alarm",
        Verdict::NotLooked => "not_looked",
    };
    let append_only = match found.append_only {
        AppendOnly::Held => "held",
        AppendOnly::Missing => "missing",
        AppendOnly::Unknown => "unknown",
    };
    // Canaries are all that is read of a plain folder: that says nothing of a restore.
    let reading = found.reading_all().filter(|_| watch.kind != WatchKind::Folder).map(|time| time.as_secs());
    json!({
        "name": watch.name,
        "kind": watch.kind.name(),
        "verdict": verdict,
        "alarms": found.alarms.iter().map(|a| json!({
            "code": a.kind.code(), "what": a.what, "remedy": a.kind.remedy(),
        })).collect::<Vec<_>>(),
        "not_looked": found.not_looked.iter().map(|n| json!({"code": n.code, "what": n.what})).collect::<Vec<_>>(),
        "notices": found.notices,
        "snapshots": found.snapshots,
        "newest": found.newest.map(rfc3339),
        "age_seconds": found.age,
        "bytes": found.bytes,
        "changed_bytes": found.changed,
        "read_part": found.read.map(|(part, _)| part),
        "parts": watch.parts,
        "next_part": found.next_part,
        "all_read": found.all_read.map(rfc3339),
        "canaries": found.canaries,
        "append_only": append_only,
        "took_seconds": found.took.as_secs_f64(),
        "restore_target": {
            "hours": RESTORE_HOURS,
            "basis": RESTORE_BASIS,
            // A restore writes as well: only a trial shows how long it takes. What takes longer to read cannot be restored in time.
            "reading_all_takes_seconds": reading,
            "can_be_met": match reading {
                Some(seconds) if seconds > RESTORE_HOURS * 3600 => json!(false),
                _ => json!("unknown"),
            },
        },
    })
    .to_string()
}

pub(crate) fn rfc3339(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|s| OffsetDateTime::from_unix_timestamp(s).ok());
    time.and_then(|time| time.format(&Rfc3339).ok()).unwrap_or_else(|| seconds.to_string())
}
