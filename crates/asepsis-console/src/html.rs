/// Markup. Its fixed parts stand in the program; what comes from elsewhere is escaped, and there is no way around that.
#[derive(Clone, Debug, Default)]
pub struct Html(String);

impl Html {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends markup, which must stand in the program.
    #[must_use]
    pub fn raw(mut self, markup: &'static str) -> Self {
        self.0.push_str(markup);
        self
    }

    /// Appends text, also within the quotes of an attribute.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        for c in text.chars() {
            match c {
                '&' => self.0.push_str("&amp;"),
                '<' => self.0.push_str("&lt;"),
                '>' => self.0.push_str("&gt;"),
                '"' => self.0.push_str("&quot;"),
                '\'' => self.0.push_str("&#39;"),
                // What turns the reading direction can make a text look like another.
                '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {}
                c if c.is_control() && c != '\n' && c != '\t' => {}
                c => self.0.push(c),
            }
        }
        self
    }

    /// Appends other markup.
    #[must_use]
    pub fn with(mut self, other: &Self) -> Self {
        self.0.push_str(&other.0);
        self
    }

    /// A labelled field of a form. `kind` is that of HTML: `text`, `password`, `number`.
    #[must_use]
    pub fn field(
        self,
        name: &'static str,
        label: &'static str,
        kind: &'static str,
        autocomplete: &'static str,
    ) -> Self {
        self.raw("<p><label for=\"")
            .raw(name)
            .raw("\">")
            .raw(label)
            .raw("</label><input id=\"")
            .raw(name)
            .raw("\" name=\"")
            .raw(name)
            .raw("\" type=\"")
            .raw(kind)
            .raw("\" autocomplete=\"")
            .raw(autocomplete)
            .raw("\" autocapitalize=\"none\" spellcheck=\"false\" required></p>")
    }

    /// A field that is not shown.
    #[must_use]
    pub fn hidden(self, name: &'static str, value: &str) -> Self {
        self.raw("<input type=\"hidden\" name=\"").raw(name).raw("\" value=\"").text(value).raw("\">")
    }

    /// The markup as text.
    pub fn into_string(self) -> String {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_from_elsewhere_is_no_markup() {
        let hostile = "\"><script>alert('x')</script>&amp;\u{202e}\u{0}";
        let html = Html::new().raw("<p title=\"").text(hostile).raw("\">").hidden("a", hostile).into_string();
        assert!(
            !html.contains("<script") && !html.contains("'x'") && !html.contains('\u{202e}') && !html.contains('\0')
        );
        assert!(html.contains("&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;amp;"), "{html}");
    }
}
