//! The classifier's word on the views of a text.

use asepsis_vocab::{Channel, Flag, Verdict};

use super::{Score, score};
use crate::fields::fields;
use crate::views::{View, Views};

/// The name of the flag.
pub const RULE: &str = "classifier/reads-like-an-attack";

/// The worst score of the views, and a flag if it reaches the threshold. A classifier is no proof: staff's own prompts and
/// visits get a mark, other texts go on as data.
pub(crate) fn judge(views: &Views<'_>, channel: Channel, threshold: f32) -> (f32, Option<Flag>) {
    let Some((view, score)) = worst(views, channel) else { return (0.0, None) };
    let verdict = match channel {
        Channel::StaffPrompt | Channel::Transcript => Verdict::Annotate,
        Channel::Document | Channel::ToolResult => Verdict::Spotlight,
    };
    let flag = (score.value >= threshold).then(|| Flag {
        span: view.span(score.span.start, score.span.end),
        rule: RULE.to_owned(),
        verdict,
    });
    (score.value, flag)
}

/// The worst score of the fields of a document, whatever else is found in it; 0 where there is no word. What cannot be read by
/// fields is read as a text.
#[must_use]
pub fn score_document(text: &str, channel: Channel) -> f32 {
    let of = |text: &str| worst(&Views::of(text), channel).map_or(0.0, |(_, score)| score.value);
    match fields(text.as_bytes(), None) {
        Ok(fields) => fields.iter().map(|field| of(field.text)).fold(0.0, f32::max),
        Err(_) => of(text),
    }
}

fn worst<'v>(views: &'v Views<'_>, channel: Channel) -> Option<(View<'v>, Score)> {
    let scored = views.all().filter_map(|view| score(view.text(), channel).map(|score| (view, score)));
    scored.reduce(|a, b| if b.1.value > a.1.value { b } else { a })
}
