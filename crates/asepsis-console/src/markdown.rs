//! Lessons and rules are written in Markdown. What they may hold is made into markup of ours; HTML in them stays text.

use pulldown_cmark::{Event, HeadingLevel, Parser, Tag, TagEnd};

use crate::html::Html;

/// The text as markup. The page has a title already, so headings begin one level lower.
pub(crate) fn html(text: &str) -> Html {
    let mut out = Html::new();
    for event in Parser::new(text) {
        out = match event {
            Event::Start(tag) => out.raw(opening(&tag)),
            Event::End(tag) => out.raw(closing(tag)),
            Event::Text(text) => out.text(&text),
            Event::Code(text) => out.raw("<code>").text(&text).raw("</code>"),
            Event::SoftBreak => out.raw("\n"),
            Event::HardBreak => out.raw("<br>"),
            Event::Rule => out.raw("<hr>"),
            Event::Html(text) | Event::InlineHtml(text) => out.text(&text),
            _ => out,
        };
    }
    out
}

fn opening(tag: &Tag<'_>) -> &'static str {
    match tag {
        Tag::Paragraph => "<p>",
        Tag::Heading { level: HeadingLevel::H1 | HeadingLevel::H2, .. } => "<h2>",
        Tag::Heading { .. } => "<h3>",
        Tag::List(None) => "<ul>",
        Tag::List(Some(_)) => "<ol>",
        Tag::Item => "<li>",
        Tag::Emphasis => "<em>",
        Tag::Strong => "<strong>",
        Tag::BlockQuote(_) => "<blockquote>",
        Tag::CodeBlock(_) => "<pre>",
        // A link's text is kept; where it leads is not, since pages lead nowhere else.
        _ => "",
    }
}

fn closing(tag: TagEnd) -> &'static str {
    match tag {
        TagEnd::Paragraph => "</p>",
        TagEnd::Heading(HeadingLevel::H1 | HeadingLevel::H2) => "</h2>",
        TagEnd::Heading(_) => "</h3>",
        TagEnd::List(false) => "</ul>",
        TagEnd::List(true) => "</ol>",
        TagEnd::Item => "</li>",
        TagEnd::Emphasis => "</em>",
        TagEnd::Strong => "</strong>",
        TagEnd::BlockQuote(_) => "</blockquote>",
        TagEnd::CodeBlock => "</pre>",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_stands_in_a_text_is_no_markup_of_its_own() {
        let text = "# One\n\n- **a** <script>x</script>\n- [b](javascript:alert(1))\n\n<img src=x onerror=y>\n\n`<i>`";
        let html = super::html(text).into_string();
        assert!(html.starts_with("<h2>One</h2><ul><li><strong>a</strong> &lt;script&gt;x&lt;/script&gt;"), "{html}");
        assert!(!html.contains("<img") && !html.contains("<script") && !html.contains("javascript"), "{html}");
        assert!(html.contains("<li>b</li>") && html.contains("<code>&lt;i&gt;</code>"), "{html}");
    }
}
