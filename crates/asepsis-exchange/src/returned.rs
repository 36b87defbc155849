//! What an AI system wrote, as it came: the identifiers in it are counted for the record.

use std::sync::Arc;

use asepsis_aside::Aside;
use asepsis_phi::Engine;
use asepsis_vocab::ClassCount;

use crate::record::count_in;

/// How much of an answer is kept to be inspected when it has ended.
const KEPT: usize = 256 * 1024;

/// Up to so many bytes an answer is worth another thread: what is longer would keep it from other exchanges.
const SHORT: usize = 8 * 1024;

/// The texts of an answer, before anything was turned back.
#[derive(Default)]
pub(crate) struct Returned {
    text: String,
    /// How much of it was counted.
    counted: usize,
    ahead: Option<Ahead>,
}

/// A count that another thread may have begun, and of what.
struct Ahead {
    text: Arc<String>,
    found: Aside<Vec<ClassCount>>,
}

impl Returned {
    /// How many bytes more are kept.
    pub(crate) fn room(&self) -> usize {
        KEPT.saturating_sub(self.text.len())
    }

    /// Keeps a text that has ended.
    pub(crate) fn keep(&mut self, text: &str) {
        if self.text.len() < KEPT {
            self.text.push_str(text);
            self.text.push('\n');
        }
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// Begins to count, where a thread is idle, what a whole answer with these texts will be when each has been kept.
    pub(crate) fn ahead<'t>(&mut self, engine: &Arc<Engine>, texts: impl Iterator<Item = &'t str> + Clone) {
        let length: usize = texts.clone().map(|text| text.len() + 1).sum();
        if length > SHORT || !self.text.is_empty() {
            return;
        }
        let Some(idle) = asepsis_aside::idle() else { return };
        let mut whole = Self::default();
        texts.for_each(|text| whole.keep(text));
        let (engine, text) = (Arc::clone(engine), Arc::new(whole.text));
        let of = Arc::clone(&text);
        self.ahead = Some(Ahead { text, found: idle.put(move || found(&engine, &of)) });
    }

    /// The identifiers in it, by class; `None` where there is nothing that was not counted.
    pub(crate) async fn count(&mut self, engine: &Engine) -> Option<Vec<ClassCount>> {
        if self.counted == self.text.len() {
            return None;
        }
        if self.text.trim().is_empty() {
            self.text.clear();
            return None;
        }
        self.counted = self.text.len();
        // What was expected need not be what came.
        let ahead = self.ahead.take().filter(|ahead| *ahead.text == self.text);
        let counted = match ahead {
            Some(mut ahead) => ahead.found.result().await,
            None => None,
        };
        Some(counted.unwrap_or_else(|| found(engine, &self.text)))
    }
}

/// What comes back is counted, not rewritten, and somebody waits for it: the rules alone do.
fn found(engine: &Engine, text: &str) -> Vec<ClassCount> {
    let findings = engine.inspect_by_rules(text);
    count_in([(text, findings.as_slice())])
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXTS: [&str; 2] = ["The visit of Anna Reed, MRN 0048213, was on 04/12/2026.", "Call (401) 555-0131."];

    #[tokio::test]
    async fn a_count_ahead_is_that_of_what_came() {
        let engine = Arc::new(Engine::rules_only());
        let mut plain = Returned::default();
        TEXTS.iter().for_each(|text| plain.keep(text));
        let counted = plain.count(&engine).await.unwrap();
        assert!(counted.len() >= 3, "{counted:?}");
        assert!(plain.count(&engine).await.is_none(), "it is counted once");

        let mut ahead = Returned::default();
        ahead.ahead(&engine, TEXTS.iter().copied());
        TEXTS.iter().for_each(|text| ahead.keep(text));
        assert_eq!(ahead.count(&engine).await.unwrap(), counted);

        // A leak ends a text early, and more may come after all.
        let mut other = Returned::default();
        other.ahead(&engine, ["Nobody is named here."].into_iter());
        TEXTS.iter().for_each(|text| other.keep(text));
        assert_eq!(other.count(&engine).await.unwrap(), counted);
        other.keep("Written on 05/01/2026.");
        assert_ne!(other.count(&engine).await.unwrap(), counted);

        let mut nothing = Returned::default();
        nothing.keep(" ");
        assert!(nothing.count(&engine).await.is_none() && nothing.text().is_empty());
    }
}
