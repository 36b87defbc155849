//! Where the time of an exchange goes: each step by itself, on one thread, in microseconds.

use std::collections::BTreeSet;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use asepsis_document::json::{Json, Limits};
use asepsis_phi::{Engine, KnownPhi, Segment};
use asepsis_policy::{
    Agreement, AgreementKind, AgreementState, AiSystem, ContentFacts, Facts, Policy, Register, Role, Vendor,
};
use asepsis_surrogate::{Code, Context, Issued, placeholder};
use asepsis_vocab::{DisclosureForm, PurposeOfUse};
use time::macros::{date, datetime};

use crate::println;

/// Times each step this often.
const TIMES: u32 = 300;

pub(crate) fn run(sizes: &[(usize, String)]) -> anyhow::Result<()> {
    let engine = Engine::new();
    let (policy, register) = (Policy::shipped(time::UtcOffset::UTC)?, register()?);
    println(&format!("{:38} {:>12} {:>12}", "step, microseconds on one thread", "1 KB", "64 KB"));
    let mut rows: Vec<(&str, Vec<f64>)> = Vec::new();
    for (_, body) in sizes {
        let mut at = 0;
        let mut add = |name, micros| {
            if rows.len() <= at {
                rows.push((name, Vec::new()));
            }
            rows[at].1.push(micros);
            at += 1;
        };
        add("read the JSON", timed(|| Json::parse(black_box(body.as_bytes()), &Limits::default()).is_ok()));
        let text = text(body)?;
        let segment = [Segment { text: &text, field: None }];
        add("inspect", timed(|| engine.inspect(black_box(&segment), &KnownPhi::default())));
        let findings = engine.inspect(&segment, &KnownPhi::default()).pop().unwrap_or_default();
        let system = register.system("chat").ok_or_else(|| anyhow::anyhow!("registered"))?;
        let facts = Facts {
            user: "bench",
            role: "clinician",
            system,
            purpose: PurposeOfUse::Treat,
            classes: findings.iter().map(|f| f.class).collect(),
            content: ContentFacts::default(),
            whereabouts: asepsis_policy::Whereabouts::default(),
            full_assurance: false,
            first_layer_accepted: false,
            now: datetime!(2026-11-22 12:00 UTC),
        };
        let asked = [DisclosureForm::Pseudonymised, DisclosureForm::Deidentified];
        add("decide", timed(|| policy.decide(&register, black_box(&facts), &asked).is_ok()));
        let surrogates: Vec<(String, String)> = findings
            .iter()
            .zip(1_u64..)
            .map(|(f, n)| {
                let original = &text[f.span.range()];
                let code = Code::from_bytes(n.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes());
                (placeholder(f.class, f.detail, original, code, Some(2026)), original.to_owned())
            })
            .collect();
        let mut rewritten = String::new();
        let mut last = 0;
        for (finding, (rendered, _)) in findings.iter().zip(&surrogates) {
            rewritten.push_str(&text[last..finding.span.start]);
            rewritten.push_str(rendered);
            last = finding.span.end;
        }
        rewritten.push_str(&text[last..]);
        add("tripwire", timed(|| asepsis_phi::tripwire(black_box(&rewritten))));
        let build = || {
            let builder = Issued::builder();
            Arc::new(surrogates.iter().fold(builder, |b, (rendered, original)| b.add(rendered, original)).build())
        };
        add("make the table of surrogates", timed(build));
        let issued = build();
        add("restore", timed(|| asepsis_surrogate::restore(&issued, Context::Text, black_box(&rewritten))));
        add("inspect the answer", timed(|| engine.inspect_by_rules(black_box(&rewritten))));
    }
    for (name, figures) in rows {
        println(&format!("{name:38} {:>12.1} {:>12.1}", figures[0], figures.get(1).copied().unwrap_or_default()));
    }
    Ok(())
}

/// The median time of some calls, in microseconds.
fn timed<T>(mut call: impl FnMut() -> T) -> f64 {
    let mut times: Vec<f64> = (0..TIMES)
        .map(|_| {
            let began = Instant::now();
            black_box(call());
            began.elapsed().as_secs_f64() * 1e6
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn text(body: &str) -> anyhow::Result<String> {
    let value: serde_json::Value = serde_json::from_str(body)?;
    Ok(value["messages"][0]["content"].as_str().unwrap_or_default().to_owned())
}

fn register() -> anyhow::Result<Register> {
    let agreement = Agreement {
        id: "baa".into(),
        kind: AgreementKind::Baa,
        state: AgreementState::Signed,
        first_day: date!(2026 - 01 - 01),
        last_day: None,
        open_ended: true,
        systems: vec!["chat".into()],
        vendor: String::new(),
        facts: asepsis_policy::FactSheet::default(),
    };
    let system = AiSystem {
        id: "chat".into(),
        vendor: "vendor".into(),
        roles: BTreeSet::from(["clinician".into()]),
        purposes: BTreeSet::from([PurposeOfUse::Treat]),
        ..AiSystem::default()
    };
    Ok(Register::new(
        vec![Vendor { id: "vendor".into(), name: "Vendor".into(), agreements: vec![agreement], ..Vendor::default() }],
        vec![system],
        vec![Role {
            id: "clinician".into(),
            restore: true,
            administer: false,
            licensed: false,
            release: Vec::new(),
            standing: Default::default(),
        }],
    )?)
}
