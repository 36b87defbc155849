//! The layers together: anomalies, signatures, classifier.

use std::fmt;
use std::sync::Arc;

use asepsis_vocab::{Channel, Flag, Span, Verdict};

use crate::anomaly::HIDDEN;
use crate::classifier;
use crate::fields::{Carrier, FieldText, Fields, fields};
use crate::pack::{Folded, Pack};
use crate::views::Views;

/// From so many flags on no further views are looked at: the text is what it is.
const MOST_FLAGS: usize = 2048;

/// The rule of a document that cannot be read as what it looks like.
const UNREADABLE: &str = "document/unreadable";

/// What the rules of tags and tokens that pass for roles begin with.
const ROLES: &str = "role/";

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

    /// What is hostile in a document that came by this channel, read by its fields: one report over all of them, with places
    /// in the document. What was decoded is flagged as the whole field that it stands in. A document that cannot be read as
    /// what it looks like is held, by the flag `document/unreadable`.
    #[must_use]
    pub fn inspect_document(&self, text: &str, channel: Channel) -> Report {
        match fields(text.as_bytes(), None) {
            Ok(fields) if fields.carrier() == Carrier::Text => self.inspect(text, channel),
            Ok(fields) => self.together(&fields, channel),
            Err(_) => {
                let mut report = self.inspect(text, channel);
                let flag = Flag { span: Span::new(0, text.len()), rule: UNREADABLE.to_owned(), verdict: Verdict::Hold };
                report.flags.insert(0, flag);
                report.verdict = report.verdict.max(Verdict::Hold);
                report.score = report.score.max(score(Verdict::Hold));
                report
            }
        }
    }

    fn together(&self, fields: &Fields<'_>, channel: Channel) -> Report {
        let markup = self.markup(fields, channel);
        let verdict = markup.iter().map(|f| f.verdict).max().unwrap_or_default();
        let mut all = Report { score: score(verdict), verdict, flags: markup };
        for field in fields.iter() {
            let report = self.report(field, channel);
            all.score = all.score.max(report.score);
            all.verdict = all.verdict.max(report.verdict);
            let covers = field.span();
            all.flags.extend(report.flags.into_iter().map(|flag| {
                let span = match field.verbatim {
                    true => Span::new(covers.start + flag.span.start, covers.start + flag.span.end),
                    false => Span::new(covers.start, covers.end),
                };
                Flag { span, ..flag }
            }));
        }
        all.flags.sort_by(|a, b| (a.span, &a.rule).cmp(&(b.span, &b.rule)));
        all.flags.dedup();
        all
    }

    /// What is hostile in the fields of a document that came by this channel: one report for each field with a flag, in the
    /// document's order.
    #[must_use]
    pub fn inspect_fields(&self, fields: &Fields<'_>, channel: Channel) -> Vec<FieldReport> {
        let markup = self.markup(fields, channel);
        let verdict = markup.iter().map(|f| f.verdict).max().unwrap_or_default();
        let whole = (!markup.is_empty()).then(|| FieldReport {
            place: "markup".to_owned(),
            span: Span::new(0, fields.source().len()),
            verbatim: true,
            report: Report { score: score(verdict), verdict, flags: markup },
        });
        whole.into_iter().chain(fields.iter().filter_map(|field| self.inspect_field(field, channel))).collect()
    }

    /// Tags that pass for roles are markup for a reader of HTML or XML, and a role for a model.
    fn markup(&self, fields: &Fields<'_>, channel: Channel) -> Vec<Flag> {
        let text = std::str::from_utf8(fields.source()).unwrap_or_default();
        if !matches!(fields.carrier(), Carrier::Html | Carrier::Xml) {
            return Vec::new();
        }
        let views = Views::of(text);
        let folded = Folded::of(views.clean());
        let mut flags = Vec::new();
        self.packs.iter().for_each(|pack| pack.find(&folded, channel, &mut flags));
        flags.retain(|flag| flag.rule.starts_with(ROLES));
        flags
    }

    fn inspect_field(&self, field: FieldText<'_>, channel: Channel) -> Option<FieldReport> {
        let report = self.report(field, channel);
        let span = field.span();
        (!report.flags.is_empty()).then(|| FieldReport {
            place: field.place.to_owned(),
            span: Span::new(span.start, span.end),
            verbatim: field.verbatim,
            report,
        })
    }

    fn report(&self, field: FieldText<'_>, channel: Channel) -> Report {
        let mut report = self.inspect(field.text, channel);
        if field.hidden {
            let span = Span::new(0, field.text.len());
            report.flags.push(Flag { span, rule: HIDDEN.to_owned(), verdict: Verdict::Strip });
            report.verdict = report.verdict.max(Verdict::Strip);
            report.score = report.score.max(score(Verdict::Strip));
        }
        report
    }

    /// The same of views that were made before.
    #[must_use]
    pub fn inspect_views(&self, views: &Views<'_>, channel: Channel) -> Report {
        let mut flags = views.flags().to_vec();
        if !self.packs.is_empty() {
            for view in views.all() {
                let folded = Folded::of(view);
                self.packs.iter().for_each(|pack| pack.find(&folded, channel, &mut flags));
                if flags.len() >= MOST_FLAGS {
                    break;
                }
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
