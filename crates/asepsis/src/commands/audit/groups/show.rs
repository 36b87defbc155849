//! The table for people and for programs.

use std::io;

use asepsis_groups::{Cell, Interval, LEAST_SHOWN, LEAST_TO_SAY, LEVEL, Verdict};
use serde_json::{Value, json};

use super::{Counted, number};
use crate::args::Groups;
use crate::output;

const COLUMNS: [&str; 8] =
    ["system", "group", "what", "exchanges", "happened to", "rate, 95 %", "less all others, 95 %", "says"];

/// What the figures cannot say, with every table.
const READ: &str = "A difference is a reason to look, not yet unfair treatment; no difference seen is no proof of fairness. Exchanges of one \
                    person are not independent, so intervals are narrower than they should be where few people ask much.";

pub(super) fn show(counted: &Counted, asked: &Groups) -> anyhow::Result<()> {
    let cells = sorted(counted);
    if asked.json {
        return output::line(&as_json(counted, &cells).to_string());
    }
    if asked.csv {
        for line in about(counted) {
            output::remark(&line);
        }
        return as_csv(&cells);
    }
    for line in about(counted) {
        output::line(&line)?;
        if asked.markdown {
            output::line("")?;
        }
    }
    let mut rows = vec![COLUMNS.map(str::to_owned)];
    rows.extend(cells.iter().map(|cell| row(cell)));
    if cells.is_empty() {
        return output::line(
            "nothing to compare: no exchange of this period states groups (docs/fairness.md says how)",
        );
    }
    if asked.markdown {
        for (at, row) in rows.iter().enumerate() {
            output::line(&format!("| {} |", row.join(" | ")))?;
            if at == 0 {
                output::line(&format!("|{}", "---|".repeat(COLUMNS.len())))?;
            }
        }
        return Ok(());
    }
    let widths: [usize; 8] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or_default());
    for row in &rows {
        let line: Vec<String> = row.iter().zip(widths).map(|(text, width)| format!("{text:width$}")).collect();
        output::line(line.join("  ").trim_end())?;
    }
    Ok(())
}

/// The cells with the values of a dimension under each other.
fn sorted(counted: &Counted) -> Vec<&Cell> {
    let mut cells: Vec<&Cell> = counted.table.cells.iter().collect();
    cells.sort_by(|a, b| {
        (&a.system, &a.dimension, a.measure, &a.value).cmp(&(&b.system, &b.dimension, b.measure, &b.value))
    });
    cells
}

/// What was counted, what was left out, and how to read it.
fn about(counted: &Counted) -> Vec<String> {
    let of = |time: &Option<String>, none: &str| time.clone().unwrap_or_else(|| none.to_owned());
    let mut lines = vec![format!(
        "counted: the ends of exchanges in the gateway's log, from {} until {}, with concerns `biased` and `unsafe-advice`",
        of(&counted.since, "its beginning"),
        of(&counted.until, "its end")
    )];
    if let Some((first, last)) = &counted.days {
        let systems = counted.table.systems.iter().map(|(system, stated)| {
            let stated = stated.map_or_else(|| "number withheld".to_owned(), |stated| stated.to_string());
            format!("{system} {stated}")
        });
        let systems: Vec<String> = systems.collect();
        lines.push(format!("exchanges that state groups, {first} to {last}: {}", systems.join(", ")));
    }
    lines.push(format!(
        "left out: {} exchanges without groups, {} that ended before their AI system was known",
        number(counted.without_groups),
        number(counted.without_system)
    ));
    lines.push(format!(
        "tested: {} cells, at a rate of false discoveries of {LEVEL} (Benjamini-Hochberg); fewer than {LEAST_TO_SAY} exchanges or 5 \
         expected say nothing; 1 to {} are withheld, and {} cells with them",
        counted.table.tests,
        LEAST_SHOWN - 1,
        counted.table.withheld()
    ));
    lines.push(READ.to_owned());
    lines
}

fn row(cell: &Cell) -> [String; 8] {
    let withheld = || "withheld".to_owned();
    let count = |count: Option<u64>| count.map_or_else(withheld, |count| count.to_string());
    let rate = |rate: Interval| format!("{:.1} % ({:.1}-{:.1})", rate.at * 100.0, rate.low * 100.0, rate.high * 100.0);
    let difference =
        |by: Interval| format!("{:+.1} points ({:+.1} to {:+.1})", by.at * 100.0, by.low * 100.0, by.high * 100.0);
    let says = match (cell.verdict, cell.p, cell.q) {
        (verdict @ (Verdict::Differs | Verdict::NotSeen { .. }), Some(p), Some(q)) => {
            format!("{verdict}; p {}, corrected {}", probability(p), probability(q))
        }
        (verdict, ..) => verdict.to_string(),
    };
    [
        cell.system.clone(),
        format!("{}={}", cell.dimension, cell.value),
        cell.measure.word().to_owned(),
        count(cell.exchanges),
        count(cell.hits),
        cell.rate.map_or_else(withheld, rate),
        cell.difference.map_or_else(|| "-".to_owned(), difference),
        says,
    ]
}

fn probability(p: f64) -> String {
    if p < 0.0005 { "<.001".to_owned() } else { format!("{p:.3}") }
}

fn as_json(counted: &Counted, cells: &[&Cell]) -> Value {
    let interval = |of: Option<Interval>| of.map(|of| json!({"at": of.at, "low": of.low, "high": of.high}));
    let cells = cells.iter().map(|cell| {
        json!({
            "system": cell.system,
            "dimension": cell.dimension,
            "value": cell.value,
            "measure": cell.measure.word(),
            "exchanges": cell.exchanges,
            "hits": cell.hits,
            "rate": interval(cell.rate),
            "others": cell.others.map(|(hits, exchanges)| json!({"hits": hits, "exchanges": exchanges})),
            "difference": interval(cell.difference),
            "p": cell.p,
            "q": cell.q,
            "verdict": cell.verdict.word(),
            "detectable": detectable(cell),
        })
    });
    let days = counted.days.as_ref();
    json!({
        "since": counted.since,
        "until": counted.until,
        "first_day": days.map(|days| &days.0),
        "last_day": days.map(|days| &days.1),
        "systems": counted.table.systems,
        "left_out": {
            "without_groups": number(counted.without_groups),
            "without_system": number(counted.without_system),
        },
        "tests": counted.table.tests,
        "level": LEVEL,
        "withheld": counted.table.withheld(),
        "differs": counted.table.differs(),
        "read": READ,
        "cells": cells.collect::<Vec<_>>(),
    })
}

/// The smallest difference that would mostly be seen.
fn detectable(cell: &Cell) -> Option<f64> {
    match cell.verdict {
        Verdict::NotSeen { below } => Some(below),
        _ => None,
    }
}

fn as_csv(cells: &[&Cell]) -> anyhow::Result<()> {
    let mut out = csv::Writer::from_writer(io::stdout().lock());
    out.write_record([
        "system",
        "dimension",
        "value",
        "measure",
        "exchanges",
        "hits",
        "rate",
        "rate_low",
        "rate_high",
        "others_exchanges",
        "others_hits",
        "difference",
        "difference_low",
        "difference_high",
        "p",
        "q",
        "detectable",
        "verdict",
    ])?;
    let text = |value: Option<f64>| value.map(|value| format!("{value:.6}")).unwrap_or_default();
    let whole = |value: Option<u64>| value.map(|value| value.to_string()).unwrap_or_default();
    for cell in cells {
        let (rate, by) = (cell.rate, cell.difference);
        out.write_record([
            cell.system.clone(),
            cell.dimension.clone(),
            cell.value.clone(),
            cell.measure.word().to_owned(),
            whole(cell.exchanges),
            whole(cell.hits),
            text(rate.map(|rate| rate.at)),
            text(rate.map(|rate| rate.low)),
            text(rate.map(|rate| rate.high)),
            whole(cell.others.map(|others| others.1)),
            whole(cell.others.map(|others| others.0)),
            text(by.map(|by| by.at)),
            text(by.map(|by| by.low)),
            text(by.map(|by| by.high)),
            text(cell.p),
            text(cell.q),
            text(detectable(cell)),
            cell.verdict.word().to_owned(),
        ])?;
    }
    out.flush()?;
    Ok(())
}
