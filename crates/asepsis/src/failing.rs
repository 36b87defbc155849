//! What is said where a part of the program fails: the place in the program, and nothing of what it worked on.

use std::any::Any;
use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::Write;
use std::panic;

/// From here on, a panic tells its place alone. Rust's own message of a text that is cut within a letter, for one, shows the text.
pub(crate) fn say_nothing_of_content() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        let said = said(info.payload()).map_or_else(String::new, |said| format!(" ({said})"));
        let mut error = std::io::stderr().lock();
        // There is nowhere to tell that this cannot be told.
        writeln!(error, "asepsis: a part of Asepsis failed at {place}{said}; report this place").ok();
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            writeln!(error, "{trace}").ok();
        }
    }));
}

/// What a panic says, where it was written down in the program. What was put together when it failed may hold anything.
fn said(payload: &(dyn Any + Send)) -> Option<&'static str> {
    payload.downcast_ref::<&'static str>().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_over_a_text_says_nothing_of_it() {
        let text = "é Anna Reed".to_owned();
        let cut = panic::catch_unwind(|| text[..1].len()).expect_err("within a letter");
        assert_eq!(said(cut.as_ref()), None);
        let shown = panic::catch_unwind(|| panic!("{text}")).expect_err("it panics");
        assert_eq!(said(shown.as_ref()), None);
        let literal = panic::catch_unwind(|| panic!("a rule was broken")).expect_err("it panics");
        assert_eq!(said(literal.as_ref()), Some("a rule was broken"));
    }
}
