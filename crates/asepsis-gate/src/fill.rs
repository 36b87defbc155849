//! Texts with places to fill: `{{other.mrn}}`, `{{order}}`.

/// Fills each `{{name}}` with what `value` gives.
///
/// # Errors
/// The first name that has no value, or the text behind a `{{` that does not end.
pub(crate) fn fill(text: &str, mut value: impl FnMut(&str) -> Option<String>) -> Result<String, &str> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("{{") {
        out.push_str(&rest[..at]);
        let behind = &rest[at + 2..];
        let end = behind.find("}}").ok_or(behind)?;
        let name = behind[..end].trim();
        out.push_str(&value(name).ok_or(name)?);
        rest = &behind[end + 2..];
    }
    out.push_str(rest);
    Ok(out)
}
