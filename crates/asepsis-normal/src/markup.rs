//! Tags of HTML: they divide text, or divide nothing, and what stands in their attributes is text too.

/// Tags that stand within a line of text and part no words.
const INLINE: [&str; 16] =
    ["b", "i", "u", "em", "strong", "span", "font", "a", "sup", "sub", "small", "mark", "code", "wbr", "label", "abbr"];
/// Tags that begin or end a cell.
const CELL: [&str; 5] = ["td", "th", "img", "input", "option"];
/// Tags that begin or end a line.
const BLOCK: [&str; 30] = [
    "p",
    "br",
    "div",
    "tr",
    "table",
    "tbody",
    "thead",
    "ul",
    "ol",
    "li",
    "dl",
    "dt",
    "dd",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "pre",
    "blockquote",
    "section",
    "article",
    "header",
    "footer",
    "body",
    "html",
    "head",
    "title",
];

/// What stands for the tag that may begin at `at`: nothing, a space or the end of a line.
///
/// Only the brackets and the name of a tag are taken; its attributes stay, since an address may stand in them. Names of no
/// HTML tag are those of fields (`<PatientName>`), and what they say is kept.
pub(crate) fn tag(text: &str, at: usize, out: &mut String) -> Option<usize> {
    let rest = &text.as_bytes()[at + 1..];
    let slash = usize::from(rest.first() == Some(&b'/'));
    let name_len = rest[slash..].iter().take(11).take_while(|b| b.is_ascii_alphanumeric()).count();
    let name = text.get(at + 1 + slash..at + 1 + slash + name_len)?;
    let is = |list: &[&str]| list.iter().any(|t| name.eq_ignore_ascii_case(t));
    let end = slash + name_len;
    let closed = match rest.get(end..)? {
        [b'>', ..] => Some(end + 2),
        [b'/', b'>', ..] => Some(end + 3),
        [b' ', b'/', b'>', ..] => Some(end + 4),
        [b' ' | b'\n' | b'\t', ..] => None,
        _ => return None,
    };
    let gap = match () {
        () if is(&BLOCK) => "\n",
        () if is(&CELL) => " ",
        () if is(&INLINE) => "",
        () => return None,
    };
    match closed {
        Some(len) => {
            out.push_str(gap);
            Some(len)
        }
        None if slash == 0 && has_attributes(&rest[end..]) => {
            out.push_str(if gap.is_empty() { " " } else { gap });
            Some(end + 1)
        }
        None => None,
    }
}

/// Whether `name="` or `name='` follows within the bracket.
fn has_attributes(rest: &[u8]) -> bool {
    let near = &rest[..rest.len().min(64)];
    let Some(sign) = memchr::memchr2(b'=', b'>', near) else { return false };
    near[sign] == b'=' && matches!(near.get(sign + 1), Some(b'"' | b'\''))
}
