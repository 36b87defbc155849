//! The classifier's word on the views of a text.

use asepsis_vocab::{Channel, Flag, Verdict};

use super::score;
use crate::views::Views;

/// The name of the flag.
pub const RULE: &str = "classifier/reads-like-an-attack";

/// The worst score of the views, and a flag if it reaches the threshold. A classifier is no proof: staff's own prompts and
/// visits get a mark, other texts go on as data.
pub(crate) fn judge(views: &Views<'_>, channel: Channel, threshold: f32) -> (f32, Option<Flag>) {
    let scored = views.all().filter_map(|view| score(view.text(), channel).map(|score| (view, score)));
    let worst = scored.reduce(|a, b| if b.1.value > a.1.value { b } else { a });
    let Some((view, score)) = worst else { return (0.0, None) };
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
