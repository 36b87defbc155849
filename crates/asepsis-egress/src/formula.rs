//! Cells that a spreadsheet would take for a formula (OWASP, CSV injection).

/// Where a formula that calls something begins in a cell that the word begins or holds. `first`: the word begins a line or a cell.
pub(crate) fn begins(word: &str, first: bool) -> Option<usize> {
    let mut cell = first.then_some(0);
    let bytes = word.as_bytes();
    for at in 0..bytes.len() {
        if cell == Some(at) {
            match bytes[at] {
                b'"' | b'\'' | b',' | b';' | b'|' => {
                    cell = Some(at + 1);
                    continue;
                }
                b'=' | b'+' | b'-' | b'@' if calls(&word[at..]) => return Some(at),
                _ => {}
            }
        }
        if matches!(bytes[at], b',' | b';' | b'|' | b'"') {
            cell = Some(at + 1);
        }
    }
    None
}

/// Functions that fetch something, or run a program.
const REACHING: [&str; 18] = [
    "HYPERLINK",
    "WEBSERVICE",
    "IMAGE",
    "IMPORTXML",
    "IMPORTDATA",
    "IMPORTHTML",
    "IMPORTFEED",
    "IMPORTRANGE",
    "FILTERXML",
    "ENCODEURL",
    "DDE",
    "DDEAUTO",
    "CALL",
    "EXEC",
    "REGISTER",
    "RTD",
    "INDIRECT",
    "SUM",
];

/// Whether what begins with a sign of a formula calls a function or another program: `=HYPERLINK(`, `=cmd|'/C calc'!A0`.
fn calls(text: &str) -> bool {
    let name = text.trim_start_matches(['=', '+', '-', '@', '(', '"', '\'']);
    let length =
        name.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'!' | b'$')).count();
    let named = length >= 2 && name.as_bytes()[0].is_ascii_alphabetic();
    match name.as_bytes().get(length) {
        Some(b'(') if named && text.starts_with('=') => true,
        Some(b'|') if named && name[length + 1..].starts_with(['\'', '"']) => true,
        // A list of drugs begins with a dash too, so there the name of the function counts. A second sign between takes nothing away.
        _ => {
            let upper = text.to_ascii_uppercase();
            let called =
                |name: &&str| upper.match_indices(*name).any(|(at, _)| upper[at + name.len()..].starts_with('('));
            REACHING.iter().any(called)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn r28_formulas_that_call_are_found_and_lists_and_results_are_not() {
        for word in [
            "=HYPERLINK(\"http://x\")",
            "=IMPORTXML(A1)",
            "+WEBSERVICE(A1)",
            "@SUM(1+1)*cmd|'/C",
            "-cmd|'/C",
            "=cmd|'/C",
            "a,=IMAGE(x)",
            "\"=HYPERLINK(x)",
            "=1+HYPERLINK(x)",
            "==WEBSERVICE(x)",
        ] {
            assert!(begins(word, true).is_some(), "{word}");
        }
        for word in [
            "-",
            "-aspirin",
            "+",
            "+1",
            "=",
            "==",
            "-5",
            "+(left)",
            "@bedside",
            "HbA1c=7(high)",
            "-x(y)",
            "=7",
            "f(x)",
            "+2/6",
            "-aspirin(81",
        ] {
            assert_eq!(begins(word, true), None, "{word}");
        }
        assert_eq!(begins("=HYPERLINK(x)", false), None, "it stands within a line");
    }
}
