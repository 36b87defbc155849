//! The layers together: anomalies, signatures, classifier.

use std::fmt;
use std::sync::Arc;

use asepsis_vocab::{Channel, Flag, Span, Verdict};

use crate::anomaly::HIDDEN;
use crate::classifier;
use crate::fields::{FieldText, Fields};
use crate::pack::{Folded, Pack};
use crate::views::Views;

/// The scores of the classifier from which on a text is flagged, one a channel.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    of: [f32; Channel::ALL.len()],
}

impl Thresholds {
    /// The threshold of a channel, in the classifier's scores.
    #[must_use]
    pub fn of(&self, channel: Channel) -> f32 {
        self.of[index(channel)]
    }

    /// The same with another threshold for a channel.
    #[must_use]
    pub fn with(mut self, channel: Channel, score: f32) -> Self {
        self.of[index(channel)] = score;
        self
    }
}

impl Default for Thresholds {
    /// 0.5 in each channel: scores are calibrated so that it is the shipped threshold.
    fn default() -> Self {
        Self { of: [0.5; Channel::ALL.len()] }
    }
}

fn index(channel: Channel) -> usize {
    Channel::ALL.into_iter().position(|c| c == channel).unwrap_or_default()
}

/// What was found in a text.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// How hostile the text is, from 0 to 1.
    pub score: f32,
    /// The greatest verdict of the flags.
    pub verdict: Verdict,
    /// What was found, by its place.
    pub flags: Vec<Flag>,
}

/// What was found in a field of a document.
#[derive(Clone, Debug, PartialEq)]
pub struct FieldReport {
    /// Where the field stands.
    pub place: String,
    /// The bytes of the document that it covers.
    pub span: Span,
    /// Whether places of flags are places of the document, counted from the field's first byte, or places of a text that was
    /// decoded from it.
    pub verbatim: bool,
    /// What was found; places count in the field's text.
    pub report: Report,
}

/// Inspects texts. It is cheap to share and holds nothing of what it has read.
pub struct Guard {
    packs: Vec<Arc<Pack>>,
    thresholds: Thresholds,
}

impl Guard {
    /// A guard with these packs of signatures and thresholds of the classifier.
    #[must_use]
    pub fn new(packs: Vec<Arc<Pack>>, thresholds: Thresholds) -> Self {
        Self { packs, thresholds }
    }

    /// The packs that it looks for.
    #[must_use]
    pub fn packs(&self) -> &[Arc<Pack>] {
        &self.packs
    }

    /// The thresholds of its classifier.
    #[must_use]
    pub fn thresholds(&self) -> &Thresholds {
        &self.thresholds
    }

    /// What is hostile in a text that came by this channel.
    #[must_use]
    pub fn inspect(&self, text: &str, channel: Channel) -> Report {
        self.inspect_views(&Views::of(text), channel)
    }

    /// What is hostile in the fields of a document that came by this channel: one report for each field with a flag, in the
    /// document's order.
    #[must_use]
    pub fn inspect_fields(&self, fields: &Fields<'_>, channel: Channel) -> Vec<FieldReport> {
        fields.iter().filter_map(|field| self.inspect_field(field, channel)).collect()
    }

    fn inspect_field(&self, field: FieldText<'_>, channel: Channel) -> Option<FieldReport> {
        let mut report = self.inspect(field.text, channel);
        if field.hidden {
            let span = Span::new(0, field.text.len());
            report.flags.push(Flag { span, rule: HIDDEN.to_owned(), verdict: Verdict::Strip });
            report.verdict = report.verdict.max(Verdict::Strip);
            report.score = report.score.max(score(Verdict::Strip));
        }
        let span = field.span();
        (!report.flags.is_empty()).then(|| FieldReport {
            place: field.place.to_owned(),
            span: Span::new(span.start, span.end),
            verbatim: field.verbatim,
            report,
        })
    }

    /// The same of views that were made before.
    #[must_use]
    pub fn inspect_views(&self, views: &Views<'_>, channel: Channel) -> Report {
        let mut flags = views.flags().to_vec();
        if !self.packs.is_empty() {
            for view in views.all() {
                let folded = Folded::of(view);
                self.packs.iter().for_each(|pack| pack.find(&folded, channel, &mut flags));
            }
        }
        let certain = score(flags.iter().map(|f| f.verdict).max().unwrap_or_default());
        let (likely, flag) = classifier::judge(views, channel, self.thresholds.of(channel));
        flags.extend(flag);
        flags.sort_by(|a, b| (a.span, &a.rule).cmp(&(b.span, &b.rule)));
        flags.dedup();
        let verdict = flags.iter().map(|f| f.verdict).max().unwrap_or_default();
        Report { score: certain.max(likely), verdict, flags }
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("packs", &self.packs).field("thresholds", &self.thresholds).finish()
    }
}

/// The score that a verdict of a rule stands for: what is certain is above whatever a classifier says.
fn score(verdict: Verdict) -> f32 {
    match verdict {
        Verdict::Allow => 0.0,
        Verdict::Annotate => 0.6,
        Verdict::Spotlight => 0.8,
        Verdict::Strip | Verdict::DropWrite => 0.9,
        Verdict::Hold => 0.95,
        Verdict::Block => 1.0,
    }
}
