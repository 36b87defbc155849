//! What a person reads: errors, and the server's own log.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::args::Color;

/// Starts the server's own log on standard error. It holds ids and codes only; see the audit log for what happened.
pub(crate) fn start_log() {
    let filter = EnvFilter::try_from_env("ASEPSIS_LOG").unwrap_or_else(|_| EnvFilter::new("warn,asepsis=info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr)
        .init();
}

/// Prints an error with its causes.
#[expect(clippy::print_stderr, reason = "this is the place where errors are said to people")]
pub(crate) fn error(error: &anyhow::Error) {
    eprintln!("asepsis: {error:#}");
}

/// Prints a remark for the person at the terminal, beside the output proper.
#[expect(clippy::print_stderr, reason = "remarks go beside the output")]
pub(crate) fn remark(text: &str) {
    eprintln!("{text}");
}

/// Prints a line of the output proper. A reader that went away (`| head`) is no error.
pub(crate) fn line(text: &str) -> anyhow::Result<()> {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    if let Err(error) = writeln!(out, "{text}") {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            std::process::exit(0);
        }
        return Err(error.into());
    }
    Ok(())
}

/// Whether standard output gets colours. NO_COLOR (<https://no-color.org>) counts where nobody asked for them.
pub(crate) fn colors(color: Color) -> bool {
    let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            std::io::stdout().is_terminal() && !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|t| t != "dumb")
        }
    }
}

/// Text that cannot steer a terminal or turn its own reading direction: control characters, but line ends and tabs, and
/// those of Unicode that change the order of what is shown, are spelled out.
pub(crate) fn harmless(text: &str) -> std::borrow::Cow<'_, str> {
    if !text.contains(steers) {
        return text.into();
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if steers(c) {
            out.push_str(&format!("\\u{{{:x}}}", u32::from(c)));
        } else {
            out.push(c);
        }
    }
    out.into()
}

fn steers(c: char) -> bool {
    c.is_control() && !matches!(c, '\n' | '\t')
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
