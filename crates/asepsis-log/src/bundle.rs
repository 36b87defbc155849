//! Entry bundles: entries one after the other, each with its length as a big-endian 16-bit number (C2SP tlog-tiles).

use crate::MAX_ENTRY_BYTES;

/// The bundle of these entries. Their lengths were checked when they were appended.
pub(crate) fn of<E: AsRef<[u8]>>(entries: &[E]) -> Vec<u8> {
    let mut bundle = Vec::with_capacity(entries.iter().map(|entry| 2 + entry.as_ref().len()).sum());
    for entry in entries.iter().map(AsRef::as_ref) {
        debug_assert!(entry.len() <= MAX_ENTRY_BYTES);
        let length = u16::try_from(entry.len()).unwrap_or(u16::MAX);
        bundle.extend_from_slice(&length.to_be_bytes());
        bundle.extend_from_slice(entry);
    }
    bundle
}

/// Takes the first entry off `bundle`; `None` if there is none that is whole.
pub fn take<'a>(bundle: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (length, rest) = bundle.split_first_chunk::<2>()?;
    let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
    *bundle = rest;
    Some(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_come_out_as_they_went_in() {
        let bundle = of(&[&b"one"[..], b"", &[7; MAX_ENTRY_BYTES]]);
        let mut rest = bundle.as_slice();
        assert_eq!(take(&mut rest), Some(&b"one"[..]));
        assert_eq!(take(&mut rest), Some(&b""[..]));
        assert_eq!(take(&mut rest).map(<[u8]>::len), Some(MAX_ENTRY_BYTES));
        assert_eq!(take(&mut rest), None);
        assert_eq!(take(&mut &bundle[..4]), None, "cut off");
    }
}
