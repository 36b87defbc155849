//! What a person reads: errors, and the server's own log.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

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
