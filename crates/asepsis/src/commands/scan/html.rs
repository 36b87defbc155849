//! The report's HTML. Everything that comes from a file is escaped, also names.

use std::fmt::Write;

use asepsis_vocab::Finding;
use aws_lc_rs::digest;

use super::gather::{Inspected, Piece, citation};
use super::group::Group;
use super::people::individuals;
use super::tally::{Own, Tally, in_words};
use super::verdict::{Kind, Verdict, files, identifiers};
use crate::output::harmless;

const STYLE: &str = include_str!("report.css");

/// What the report says.
pub(super) struct Page<'a> {
    pub(super) engine: &'a str,
    pub(super) profile: &'a str,
    pub(super) tally: &'a Tally,
    pub(super) verdict: &'a Verdict,
    pub(super) rows: &'a str,
    pub(super) texts: &'a str,
    pub(super) left_out: usize,
}

pub(super) fn page(page: &Page<'_>) -> String {
    let hash = data_encoding::BASE64.encode(digest::digest(&digest::SHA256, STYLE.as_bytes()).as_ref());
    let (tally, verdict) = (page.tally, page.verdict);
    let grade = match verdict.kind {
        Kind::DirectIdentifiers => "stop",
        Kind::LimitedAtMost => "care",
        Kind::NothingFound | Kind::NothingInspected => "none",
    };
    let mut html = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; \
         form-action 'none'\">\n\
         <meta name=\"referrer\" content=\"no-referrer\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>Identifiers found by Asepsis</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <p class=\"phi\"><strong>This file holds patient data.</strong> Keep it as you keep the records, send it to nobody who may \
         not see them, and delete it when you have read it.</p>\n<main>\n<h1>Identifiers found</h1>\n\
         <p class=\"meta\">{} in {} \u{b7} {} \u{b7} profile {}</p>\n<div class=\"verdict {grade}\" role=\"note\">\n",
        identifiers(tally.total()),
        files(tally.files),
        escaped(page.engine),
        escaped(page.profile),
    );
    for (i, line) in verdict.lines.iter().enumerate() {
        let class = if i == 0 { " class=\"lead\"" } else { "" };
        push(&mut html, format_args!("<p{class}>{}</p>\n", escaped(line)));
    }
    html += "</div>\n";
    if tally.total() > 0 {
        html += &people(tally);
        html += &counts(tally);
    }
    push(
        &mut html,
        format_args!(
            "<h2>Files</h2>\n<table class=\"files\">\n<thead><tr><th scope=\"col\">File</th><th scope=\"col\" class=\"n\">\
             Identifiers</th><th scope=\"col\" class=\"n\">Individuals</th><th scope=\"col\">By class</th></tr></thead>\n<tbody>\n\
             {}</tbody>\n</table>\n",
            page.rows
        ),
    );
    if page.left_out > 0 {
        push(
            &mut html,
            format_args!("<p>The text of {} is left out here; it was counted.</p>\n", files(page.left_out)),
        );
    }
    if !page.texts.is_empty() {
        html += "<h2>Texts</h2>\n";
        html += &legend();
        html += page.texts;
    }
    html += "</main>\n</body>\n</html>\n";
    html
}

fn people(tally: &Tally) -> String {
    let i = tally.individuals();
    let tile = |n: u64, what: &str| format!("<div><dt>{what}</dt><dd>{n}</dd></div>\n");
    format!(
        "<h2>People</h2>\n<dl class=\"tiles\">\n{}{}{}{}{}</dl>\n<p>{} Two documents speak of one person for certain where a record \
         number or a social security number is equal, or the full name and the date of birth. Equal full names without these are \
         taken for one person in the estimate, and for as many as there are documents in the upper bound.</p>\n",
        tile(i.estimate, "individuals, estimated"),
        tile(i.at_least, "at least"),
        tile(i.at_most, "at most"),
        tile(i.with_record, "with a record"),
        tile(i.professionals, "named at work"),
        escaped(&individuals(&i)),
    )
}

fn counts(tally: &Tally) -> String {
    let most = tally.counts.values().max().copied().unwrap_or(1).max(1);
    let mut html = "<h2>By class</h2>\n<table class=\"classes\">\n<thead><tr><th scope=\"col\">Class</th><th scope=\"col\" \
        class=\"n\">Found</th><th scope=\"col\"></th><th scope=\"col\">Where the law names it</th></tr></thead>\n<tbody>\n"
        .to_owned();
    for (class, n) in &tally.counts {
        push(
            &mut html,
            format_args!(
                "<tr><td><mark class=\"{}\">{class}</mark></td><td class=\"n\">{n}</td><td><meter min=\"0\" max=\"{most}\" \
                 value=\"{n}\" aria-hidden=\"true\"></meter></td><td>{}</td></tr>\n",
                Group::of(*class).css(),
                citation(*class)
            ),
        );
    }
    html += "</tbody>\n</table>\n";
    html
}

fn legend() -> String {
    let mut html = "<p class=\"legend\">Marked are: ".to_owned();
    for group in Group::ALL {
        push(&mut html, format_args!("<mark class=\"{}\">{}</mark> ", group.css(), group.title()));
    }
    html += "The class stands beside each mark; why it was made shows when the pointer rests on it, and in the table below the text.</p>\n";
    html
}

/// A row of the table of files; with the number of its text, where that is in the report.
pub(super) fn row(name: &str, text: Option<usize>, own: &Own) -> String {
    let n: usize = own.counts.values().sum();
    let name = escaped(name);
    let name = text.map_or_else(|| name.clone(), |number| format!("<a href=\"#f{number}\">{name}</a>"));
    format!(
        "<tr><td>{name}</td><td class=\"n\">{n}</td><td class=\"n\">{}</td><td>{}</td></tr>\n",
        own.individuals.estimate,
        in_words(&own.counts)
    )
}

pub(super) fn unreadable(name: &str, why: &str) -> String {
    format!("<tr class=\"bad\"><td>{}</td><td colspan=\"3\">not inspected: {}</td></tr>\n", escaped(name), escaped(why))
}

/// The text of a file, marked, and why.
pub(super) fn file(number: usize, inspected: &Inspected, own: &Own) -> String {
    let n: usize = own.counts.values().sum();
    let mut html = format!(
        "<section id=\"f{number}\" aria-labelledby=\"h{number}\">\n<h3 id=\"h{number}\">{}</h3>\n<p class=\"meta\">{}, individuals: \
         {}</p>\n",
        escaped(&inspected.name),
        identifiers(n),
        own.individuals.estimate
    );
    for piece in &inspected.pieces {
        if let Some(place) = &piece.place {
            let document = if inspected.many { format!("{}: ", piece.document + 1) } else { String::new() };
            push(&mut html, format_args!("<p class=\"where\">{document}{}</p>\n", escaped(place)));
        }
        // The first line end within <pre> is not shown, so one is given.
        push(&mut html, format_args!("<pre>\n{}</pre>\n", marked(piece)));
    }
    if n > 0 {
        html += &why(inspected, n);
    }
    html += "</section>\n";
    html
}

fn marked(piece: &Piece) -> String {
    let (mut html, mut seen) = (String::with_capacity(piece.text.len() * 2), 0);
    for found in &piece.findings {
        html += &escaped(&piece.text[seen..found.span.start]);
        push(
            &mut html,
            format_args!(
                "<mark class=\"{}\" title=\"{}\">{}<small>{}</small></mark>",
                Group::of(found.class).css(),
                escaped(&reason(found)),
                escaped(&piece.text[found.span.range()]),
                found.class
            ),
        );
        seen = found.span.end;
    }
    html += &escaped(&piece.text[seen..]);
    html
}

fn reason(found: &Finding) -> String {
    format!(
        "{}, confidence {:.2}: {} ({}). {}",
        found.class,
        found.confidence.get(),
        found.evidence.note,
        found.detector,
        citation(found.class)
    )
}

fn why(inspected: &Inspected, n: usize) -> String {
    let mut html = format!(
        "<details><summary>Why: {n} findings</summary>\n<table>\n<thead><tr><th scope=\"col\">Where</th><th scope=\"col\">Class</th>\
         <th scope=\"col\">Confidence</th><th scope=\"col\">Why</th><th scope=\"col\">Rule</th></tr></thead>\n<tbody>\n"
    );
    for piece in &inspected.pieces {
        for located in piece.located() {
            let found = located.finding;
            let at = match &piece.place {
                Some(place) => format!("{}:{}", escaped(place), located.column),
                None => format!("{}:{}", located.line, located.column),
            };
            push(
                &mut html,
                format_args!(
                    "<tr><td>{at}</td><td><mark class=\"{}\">{}</mark></td><td>{:.2}</td><td>{}</td><td>{}</td></tr>\n",
                    Group::of(found.class).css(),
                    found.class,
                    found.confidence.get(),
                    escaped(found.evidence.note),
                    escaped(found.detector)
                ),
            );
        }
    }
    html += "</tbody>\n</table>\n</details>\n";
    html
}

/// Text that is nothing but text within an element and within an attribute in double quotes.
fn escaped(text: &str) -> String {
    let text = harmless(text);
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn push(html: &mut String, what: std::fmt::Arguments<'_>) {
    html.write_fmt(what).expect("a string takes what is written to it");
}
