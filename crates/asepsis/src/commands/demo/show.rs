//! What the demo shows: three columns for a person to read, and the record under them.

use std::io::IsTerminal;
use std::net::SocketAddr;

use asepsis_vocab::DecisionRecord;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::output::line;

/// Lines of each column that are shown where the whole is not asked for.
const SHOWN: usize = 26;

pub(crate) struct Show {
    full: bool,
    colour: bool,
    column: usize,
}

impl Show {
    pub(crate) fn new(full: bool) -> Self {
        let width = std::env::var("COLUMNS").ok().and_then(|c| c.parse().ok()).unwrap_or(150usize).clamp(90, 240);
        let colour = std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        Self { full, colour, column: (width - 6) / 3 }
    }

    pub(crate) fn opening(&self, gateway: SocketAddr, vendor: SocketAddr) -> anyhow::Result<()> {
        line("Asepsis, demo. A few requests go from a clinician through Asepsis to an AI vendor and back.")?;
        line(&format!(
            "The gateway listens on http://{gateway}, a stand-in for the vendor on http://{vendor}. It is no AI: it"
        ))?;
        line("answers by rule with the first lines that it was sent. People, places and numbers are invented.")
    }

    pub(crate) fn exchange(&self, title: &str, sent: &str, received: &str, back: &str) -> anyhow::Result<()> {
        line("")?;
        line(&self.strong(&format!("== {title} ==")))?;
        let heads = ["the clinician sent", "the vendor received", "the clinician got back"];
        line(&heads.map(|h| pad(h, self.column)).join(" | "))?;
        line(&vec!["-".repeat(self.column); 3].join("-+-"))?;
        let columns = [sent, received, back].map(|text| wrap(text, self.column));
        let longest = columns.iter().map(Vec::len).max().unwrap_or(0);
        let shown = if self.full { longest } else { longest.min(SHOWN) };
        for row in 0..shown {
            let cells: Vec<String> = columns
                .iter()
                .enumerate()
                .map(|(i, c)| {
                    let cell = pad(c.get(row).map_or("", String::as_str), self.column);
                    if i == 1 { self.mark(&cell) } else { cell }
                })
                .collect();
            line(cells.join(" | ").trim_end())?;
        }
        if shown < longest {
            line(&format!("... {} more lines; --full shows all", longest - shown))?;
        }
        Ok(())
    }

    pub(crate) fn record(&self, decision: Option<&DecisionRecord>, entries: &[String]) -> anyhow::Result<()> {
        line("")?;
        if let Some(decision) = decision {
            let rules = decision.rules.join(", ");
            line(&self.strong(&format!("decision: {}; rule {rules}; reason {}", decision.form, decision.reason)))?;
        }
        line("what the log keeps of it:")?;
        entries.iter().try_for_each(|entry| line(&format!("  {entry}")))
    }

    pub(crate) fn verification(&self, lines: &[String]) -> anyhow::Result<()> {
        line("")?;
        line(&self.strong("verifying the log:"))?;
        lines.iter().try_for_each(|l| line(&format!("  {l}")))
    }

    pub(crate) fn invitation(&self, gateway: SocketAddr, key: &str) -> anyhow::Result<()> {
        line("")?;
        line(&self.strong("Asepsis stays up until Ctrl-C. Try it:"))?;
        line(&format!("  curl http://{gateway}/v1/chat/completions -H 'Authorization: Bearer {key}' \\"))?;
        line("    -H 'Content-Type: application/json' \\")?;
        line(
            r#"    -d '{"model":"standin-echo","messages":[{"role":"user","content":"Patient: Ada Byrne, MRN 0048213"}]}'"#,
        )?;
        line(&format!("  or any OpenAI SDK with base_url http://{gateway}/v1 and that key."))
    }

    fn strong(&self, text: &str) -> String {
        if self.colour { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// Placeholders in colour.
    fn mark(&self, cell: &str) -> String {
        if !self.colour {
            return cell.to_owned();
        }
        cell.replace('[', "\u{1b}[33m[").replace(']', "]\u{1b}[0m")
    }
}

fn pad(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(text.width())))
}

/// The text in lines of at most `width` columns, broken between words where it can be.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut current = String::new();
        for word in paragraph.split(' ') {
            if !current.is_empty() && current.width() + 1 + word.width() > width {
                lines.push(std::mem::take(&mut current));
            }
            if !current.is_empty() {
                current.push(' ');
            }
            for ch in word.chars() {
                if current.width() + ch.width().unwrap_or(0) > width {
                    lines.push(std::mem::take(&mut current));
                }
                current.push(ch);
            }
        }
        lines.push(current);
    }
    lines
}
