//! An assessment for people: as text for a terminal, and as Markdown for a file.

use std::fmt::Write as _;

use crate::{Assessment, Cap, Catalogue, Share, Tier};

/// One line each for the three numbers, then the reasons.
pub fn text(assessment: &Assessment, catalogue: &Catalogue) -> String {
    let mut out = String::new();
    let a = assessment;
    let passed = a.gates.iter().filter(|gate| gate.passed).count();
    let _ = writeln!(out, "{} on {}: tier {}", a.id, a.on, a.tier.tier);
    let _ = writeln!(out, "GATES       {passed} of {} passed{}", a.gates.len(), cap(a.cap));
    let _ = writeln!(out, "COVERAGE    {}", share(a.coverage));
    let _ = writeln!(out, "CONFIDENCE  {}", share(a.confidence));
    let _ = writeln!(out, "REVIEW      by {}", a.next_review);
    for step in &a.tier.steps {
        let said = step.said.as_deref().unwrap_or("not said");
        let _ = writeln!(out, "  tier      {} {said}: {}", step.of, step.tier);
    }
    for gate in a.gates.iter().filter(|gate| !gate.passed) {
        let _ = writeln!(out, "  gate      {} is not passed: {} ({})", gate.id, gate.title, gate.cite);
        for need in gate.needs.iter().filter(|need| !need.met) {
            let reasons: Vec<_> = need.facts.iter().map(|fact| format!("{}: {}", fact.fact, reason(fact))).collect();
            let _ = writeln!(out, "            {}", reasons.join("; or "));
        }
    }
    for question in &a.questions {
        let state = match (question.met, &question.exception) {
            (true, _) => "met".to_owned(),
            (false, Some(exception)) => format!("exception by {} until {}", exception.who, exception.until),
            (false, None) => "NOT met".to_owned(),
        };
        let _ = writeln!(out, "  question  {}: {state}", question.question);
    }
    for concern in &a.concerns {
        let _ = writeln!(out, "  concern   {} is {}, should be {}", concern.fact, concern.value, concern.wanted);
    }
    for figure in a.figures.iter().filter(|figure| !figure.answered) {
        let why = figure.why.as_deref().map(|why| format!(" ({why})")).unwrap_or_default();
        let asks = catalogue.fact(&figure.fact).map(|kind| kind.asks.as_str()).unwrap_or_default();
        let _ = writeln!(out, "  open      {}{why}: {asks}", figure.fact);
    }
    out
}

/// The whole page: three results, the reasons, and every figure that they are made of, so that a reader can count again.
pub fn markdown(assessment: &Assessment, catalogue: &Catalogue) -> String {
    let mut out = String::new();
    let a = assessment;
    let passed = a.gates.iter().filter(|gate| gate.passed).count();
    let _ = writeln!(out, "# Assessment of {} on {}\n", cell(&a.id), a.on);
    let _ = writeln!(out, "| result | |\n|---|---|");
    let _ = writeln!(out, "| gates | {passed} of {} passed{} |", a.gates.len(), cap(a.cap));
    let _ = writeln!(out, "| coverage | {} |", share(a.coverage));
    let _ = writeln!(out, "| confidence | {} |", share(a.confidence));
    let _ = writeln!(out, "| next review | by {} |", a.next_review);
    if let Some(day) = a.first_lapse {
        let _ = writeln!(out, "| first fact to lapse | on {day} |");
    }
    let _ = writeln!(out, "\n## Tier: {}\n\nThe highest of:\n\n| of | said | tier |\n|---|---|---|", a.tier.tier);
    for step in &a.tier.steps {
        let _ = writeln!(out, "| {} | {} | {} |", step.of, step.said.as_deref().unwrap_or("not said"), step.tier);
    }
    let _ = writeln!(out, "\n## Gates\n\n| gate | passed | looked at | source |\n|---|---|---|---|");
    for gate in &a.gates {
        let facts = gate.needs.iter().map(|need| {
            let facts: Vec<_> = need.facts.iter().map(|fact| format!("{}: {}", fact.fact, reason(fact))).collect();
            facts.join(" or ")
        });
        let facts: Vec<_> = facts.collect();
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            cell(&gate.title),
            yes(gate.passed),
            cell(&facts.join("; ")),
            gate.cite
        );
    }
    let _ = writeln!(out, "\n## The five questions\n\n| question | met | evidence | source |\n|---|---|---|---|");
    for question in &a.questions {
        let facts: Vec<_> = question.facts.iter().map(|fact| format!("{}: {}", fact.fact, reason(fact))).collect();
        let met = match (&question.exception, question.met) {
            (Some(exception), false) => {
                format!("exception by {} until {}: {}", exception.who, exception.until, exception.why)
            }
            (_, met) => yes(met).to_owned(),
        };
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} |",
            question.question,
            cell(&met),
            cell(&facts.join("; ")),
            question.cite
        );
    }
    if !a.concerns.is_empty() {
        let _ = writeln!(out, "\n## Known, and not as it should be\n\n| fact | is | should be |\n|---|---|---|");
        for concern in &a.concerns {
            let _ = writeln!(
                out,
                "| {} | {} | {} |",
                concern.fact,
                cell(&concern.value.to_string()),
                cell(&concern.wanted)
            );
        }
    }
    let _ = writeln!(
        out,
        "\n## Every figure\n\nCoverage counts what is answered, confidence what is proven by grade A or B, both out of all that has to \
         be answered at a tier. Of the tiers up to this one, the lowest share counts.\n\n| tier | answered | proven |\n|---|---|---|"
    );
    for (coverage, confidence) in a.coverage_by_tier.iter().zip(&a.confidence_by_tier) {
        let of = |share: &Share| format!("{} of {}", share.met, share.of);
        let _ = writeln!(out, "| {} | {} | {} |", coverage.tier, of(coverage), of(confidence));
    }
    let _ = writeln!(
        out,
        "\n| fact | from tier | value | grade | answered | proven | remark |\n|---|---|---|---|---|---|---|"
    );
    for tier in Tier::ALL {
        for figure in a.figures.iter().filter(|figure| figure.from == tier) {
            let value = figure.value.as_ref().map_or_else(|| "unknown".to_owned(), ToString::to_string);
            let remark = figure.why.clone().unwrap_or_else(|| match figure.answered {
                true => String::new(),
                false => catalogue.fact(&figure.fact).map(|kind| kind.asks.clone()).unwrap_or_default(),
            });
            let _ = writeln!(
                out,
                "| {} | {tier} | {} | {:?} | {} | {} | {} |",
                figure.fact,
                cell(&value),
                figure.grade,
                yes(figure.answered),
                yes(figure.proven),
                cell(&remark)
            );
        }
    }
    let _ = writeln!(out, "\nEngineering input, not legal advice.");
    out
}

fn cap(cap: Cap) -> &'static str {
    match cap {
        Cap::None => "",
        Cap::NotForPhi => ": not for protected health information",
    }
}

fn share(share: Share) -> String {
    format!("{} % ({} of {} at tier {})", share.percent(), share.met, share.of, share.tier)
}

fn yes(truth: bool) -> &'static str {
    if truth { "yes" } else { "no" }
}

fn reason(fact: &crate::Support) -> String {
    let value = fact.value.as_ref().map_or_else(|| "unknown".to_owned(), ToString::to_string);
    let mut parts = vec![value];
    if fact.value.is_some() {
        parts.push(format!("grade {:?}", fact.grade));
    }
    parts.extend(fact.age_days.map(|days| format!("{days} days old")));
    parts.extend(fact.expires.map(|day| format!("until {day}")));
    parts.extend(fact.why.clone());
    parts.join(", ")
}

/// Text that cannot end a cell of a table or begin something else.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '|' | '\\' | '`' | '<' | '[' | ']' | '*' | '_' => {
                out.push('\\');
                out.push(c);
            }
            c if c.is_control() => out.push(' '),
            c => out.push(c),
        }
    }
    out
}
