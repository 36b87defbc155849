//! What a person reads at the terminal.

use asepsis_census::Individuals;

use super::gather::{Inspected, Piece, citation};
use super::group::Group;
use super::tally::{Own, Tally, in_words};
use super::verdict::{Verdict, files, identifiers};
use crate::args::Scan;
use crate::output::{self, harmless};

/// So many places of a file that were passed over are listed.
const MOST_PASSED_OVER: usize = 20;

/// What is shown, and how.
pub(super) struct View {
    show: bool,
    explain: bool,
    colors: bool,
    /// Of several files each gets a row of a table.
    table: bool,
    began: bool,
}

impl View {
    pub(super) fn new(scan: &Scan, many: bool) -> Self {
        let table = many && !scan.show && !scan.explain;
        Self { show: scan.show, explain: scan.explain, colors: output::colors(scan.color), table, began: false }
    }

    pub(super) fn file(&mut self, inspected: &Inspected, own: &Own) -> anyhow::Result<()> {
        let first = !std::mem::replace(&mut self.began, true);
        if self.table {
            if first {
                output::line("identifiers  people  file")?;
            }
            let n: usize = own.counts.values().sum();
            let classes = in_words(&own.counts);
            let name = harmless(&inspected.name);
            return output::line(format!("{n:>11}  {:>6}  {name}  {classes}", own.individuals.estimate).trim_end());
        }
        if self.show {
            if first {
                output::line(&self.legend())?;
            }
            output::line(&self.dim(&format!("--- {}", harmless(&inspected.name))))?;
            for piece in &inspected.pieces {
                if let Some(place) = &piece.place {
                    let document = if inspected.many { format!("{}: ", piece.document + 1) } else { String::new() };
                    output::line(&self.dim(&format!("--- {document}{}", harmless(place))))?;
                }
                output::line(self.painted(piece).trim_end_matches('\n'))?;
            }
        }
        if self.explain || !self.show {
            self.list(inspected)?;
        }
        Ok(())
    }

    /// A line for each finding: where, what, and on request why.
    fn list(&self, inspected: &Inspected) -> anyhow::Result<()> {
        for piece in &inspected.pieces {
            for located in piece.located() {
                let found = located.finding;
                let at = inspected.at(piece, &located);
                let class = self.paint(Group::of(found.class), found.class.label());
                let mut line = format!("{}  {class}", harmless(&at));
                if self.explain {
                    line += &format!(
                        "  {:.2}  {} ({})  {}",
                        found.confidence.get(),
                        found.detector,
                        found.evidence.note,
                        citation(found.class)
                    );
                }
                if self.show {
                    line += &format!("  {:?}", located.text);
                }
                output::line(&line)?;
            }
        }
        if self.explain { self.passed_over(inspected) } else { Ok(()) }
    }

    /// A line for each of the first words that look like a name and are no finding.
    fn passed_over(&self, inspected: &Inspected) -> anyhow::Result<()> {
        let all = inspected.pieces.iter().flat_map(|piece| piece.located_passed_over().map(move |p| (piece, p)));
        for (piece, passed) in all.take(MOST_PASSED_OVER) {
            let mut line = format!("{}  passed over: {}", harmless(&inspected.at(piece, &passed)), passed.finding.why);
            if self.show {
                line += &format!("  {:?}", passed.text);
            }
            output::line(&self.dim(&line))?;
        }
        let more = inspected.pieces.iter().map(|p| p.passed_over.len()).sum::<usize>().saturating_sub(MOST_PASSED_OVER);
        if more > 0 {
            output::line(&self.dim(&format!("{}  {more} more passed over", harmless(&inspected.name))))?;
        }
        Ok(())
    }

    pub(super) fn end(&self, tally: &Tally, verdict: &Verdict) -> anyhow::Result<()> {
        if self.began {
            output::line("")?;
        }
        output::line(&format!("{} in {}.", identifiers(tally.total()), files(tally.files)))?;
        for (class, n) in &tally.counts {
            let label = self.paint(Group::of(*class), &format!("{:<11}", class.label()));
            output::line(&format!("  {label}  {n:>7}  {}", self.dim(&citation(*class))))?;
        }
        if tally.total() > 0 {
            output::line(&individuals(&tally.individuals()))?;
        }
        for line in &verdict.lines {
            output::line(line)?;
        }
        Ok(())
    }

    /// The text with every identifier marked by colour and by its class, or by brackets and its class.
    fn painted(&self, piece: &Piece) -> String {
        let (mut out, mut seen) = (String::new(), 0);
        for found in &piece.findings {
            out += &harmless(&piece.text[seen..found.span.start]);
            let text = harmless(&piece.text[found.span.range()]);
            if self.colors {
                let group = Group::of(found.class);
                // A colour must not run over a line's end into what comes after it.
                let lines: Vec<String> = text.split('\n').map(|line| self.paint(group, line)).collect();
                out += &lines.join("\n");
                out += &self.dim(&format!("\u{2039}{}\u{203a}", found.class));
            } else {
                out += &format!("[{}: {text}]", found.class);
            }
            seen = found.span.end;
        }
        out += &harmless(&piece.text[seen..]);
        out
    }

    fn legend(&self) -> String {
        let groups: Vec<String> = Group::ALL.into_iter().map(|group| self.paint(group, group.title())).collect();
        format!("Marked: {}", groups.join(", "))
    }

    fn paint(&self, group: Group, text: &str) -> String {
        if self.colors { format!("\u{1b}[{}m{text}\u{1b}[0m", group.ansi()) } else { text.to_owned() }
    }

    fn dim(&self, text: &str) -> String {
        if self.colors { format!("\u{1b}[2m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// The count of people, with its bounds.
pub(super) fn individuals(i: &Individuals) -> String {
    let noun = if i.estimate == 1 { "individual" } else { "individuals" };
    let count = if i.at_least == i.at_most {
        format!("{} {noun}", i.estimate)
    } else {
        format!("About {} {noun} (at least {}, at most {})", i.estimate, i.at_least, i.at_most)
    };
    format!(
        "{count}; {} with a record number, or a full name with a date of birth. Named at work beside them: {}. Counted from what \
         was found.",
        i.with_record, i.professionals
    )
}
