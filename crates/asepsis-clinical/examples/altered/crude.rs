//! The crudest rule, to compare with: is the number anywhere in the text, in digits or in words? It knows no units and no drugs.

use std::collections::BTreeSet;

/// Every number of a text, in thousandths.
pub(crate) fn numbers(text: &str) -> BTreeSet<i64> {
    let mut out = BTreeSet::new();
    let words: Vec<&str> = text
        .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | ',')))
        .filter(|w| !w.is_empty())
        .collect();
    let mut i = 0;
    while i < words.len() {
        let word = words[i].trim_matches(['.', ',']);
        if let Ok(value) = word.replace(',', "").parse::<f64>() {
            out.insert(thousandths(value));
            i += 1;
            continue;
        }
        let (mut value, mut last) = (None::<i64>, 0);
        let start = i;
        while let Some(n) = words.get(i).and_then(|w| of(w.trim_matches([',']))) {
            value = match (value, n) {
                (v, 100 | 1000) => Some(v.unwrap_or(1) * n),
                (None, n) => Some(n),
                (Some(v), n) if last >= 100 || (20..=90).contains(&last) && n < 10 => Some(v + n),
                (Some(v), n) if v < 10 && n >= 10 => Some(v * 100 + n),
                _ => break,
            };
            last = n;
            i += 1;
        }
        if let Some(value) = value {
            let point = words.get(i).is_some_and(|w| *w == "." || *w == "point");
            let tenths = words.get(i + 1).and_then(|w| of(w)).filter(|n| point && *n < 10);
            out.insert(value * 1000);
            if let Some(tenths) = tenths {
                out.insert(value * 1000 + tenths * 100);
            }
        }
        i = i.max(start + 1);
    }
    out
}

/// A value as it is compared.
pub(crate) fn thousandths(value: f64) -> i64 {
    (value * 1000.0).round() as i64
}

fn of(word: &str) -> Option<i64> {
    const ONES: [&str; 20] = [
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    const TENS: [&str; 8] = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"];
    let place = |list: &[&str]| list.iter().position(|known| *known == word).map(|at| at as i64);
    place(&ONES).or_else(|| place(&TENS).map(|at| 20 + 10 * at)).or(match word {
        "hundred" => Some(100),
        "thousand" => Some(1000),
        _ => None,
    })
}
