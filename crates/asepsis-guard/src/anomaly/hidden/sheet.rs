//! Classes and ids that a page's own style sheet hides.
//!
//! Rules within `@media` are left out: they hide on some screens what others show.

use super::style;

/// The most names that are kept.
const MOST: usize = 64;
/// So much of the style sheets of a page is read, in bytes.
const READ: usize = 64 << 10;

/// What a page hides by name, in small letters: `.class` and `#id`.
pub(super) struct Sheet(Vec<String>);

impl Sheet {
    /// The style sheets of a page.
    pub(super) fn of(text: &str) -> Self {
        let (mut sheet, mut room, mut from) = (Self(Vec::new()), READ, 0);
        // Most texts have none.
        while let Some(at) = memchr::memmem::find(&text.as_bytes()[from..], b"<style").map(|i| from + i) {
            let begin = text[at..].find('>').map_or(text.len(), |i| at + i + 1);
            let end = text[begin..].find("</").map_or(text.len(), |i| begin + i);
            let limit = (begin..=end.min(begin + room)).rev().find(|i| text.is_char_boundary(*i)).unwrap_or(begin);
            sheet.read(&text[begin..limit]);
            room -= limit - begin;
            from = end.max(at + 1);
            if room == 0 || sheet.0.len() >= MOST {
                break;
            }
        }
        sheet
    }

    fn read(&mut self, css: &str) {
        let (mut depth, mut from) = (0_usize, 0);
        for (at, b) in css.bytes().enumerate() {
            match b {
                b'{' if css[from..at].trim_start().starts_with('@') => {
                    depth += 1;
                    from = at + 1;
                }
                b'}' => {
                    match css[from..at].split_once('{') {
                        Some((selectors, declarations)) if depth == 0 => self.rule(selectors, declarations),
                        Some(_) => {}
                        None => depth = depth.saturating_sub(1),
                    }
                    from = at + 1;
                }
                _ => {}
            }
        }
    }

    fn rule(&mut self, selectors: &str, declarations: &str) {
        let packed: String = declarations.chars().filter(|c| !c.is_whitespace()).flat_map(char::to_lowercase).collect();
        if !style::hides(&packed) {
            return;
        }
        for selector in selectors.split(',').map(str::trim) {
            // "p.note" names a class too; what stands within something else may be shown elsewhere.
            let Some(mark) = selector.find(['.', '#']) else { continue };
            let name = &selector[mark + 1..];
            let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
            if !name.is_empty()
                && name.chars().all(is_name)
                && selector[..mark].chars().all(is_name)
                && self.0.len() < MOST
            {
                self.0.push(selector[mark..].to_ascii_lowercase());
            }
        }
    }

    /// Whether attributes, in small letters, name something that is hidden.
    pub(super) fn names(&self, attributes: &str) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let value = |key: &str| {
            let at = attributes.find(key)? + key.len();
            let rest = &attributes[at..];
            match rest.chars().next()? {
                quote @ ('"' | '\'') => rest[1..].split(quote).next(),
                _ => rest.split_whitespace().next(),
            }
        };
        let hides = |mark: char, name: &str| self.0.iter().any(|known| known.strip_prefix(mark) == Some(name));
        value("class=").is_some_and(|names| names.split_whitespace().any(|name| hides('.', name)))
            || value("id=").is_some_and(|name| hides('#', name.trim()))
    }
}
