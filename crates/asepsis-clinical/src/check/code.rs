//! Codes of terminologies and registers, where the text says that it is such a code.

use asepsis_vocab::{Span, Verdict};

use super::Found;
use crate::codes::{CodeSets, CodeSystem, Fault};
use crate::keys;
use crate::reading::Reading;
use crate::token::{Kind, Token};
use crate::ucum;

/// How far behind a system's name its code may stand, in tokens, and how far before.
const AHEAD: usize = 16;
const BEHIND: usize = 14;
/// How many codes of a list ("LOINC 2345-7, 718-7 and ...") are read.
const LIST: usize = 64;

pub(crate) fn check(answer: &Reading<'_>, sets: &CodeSets, found: &mut Found) {
    let mut done = 0;
    for i in answer.keyed(keys::CODE) {
        let token = &answer.tokens[i];
        if token.kind != Kind::Word || !(2..=14).contains(&(token.end - token.start)) {
            continue;
        }
        let word = answer.word(i);
        if word.eq_ignore_ascii_case("ucum") || word.eq_ignore_ascii_case("unitsofmeasure") {
            unit(answer, i, found);
            continue;
        }
        let after = if i > 0 && answer.tokens[i - 1].is(b'^') { hl7(word) } else { None };
        if let Some(system) = after {
            if let Some(code) = before_hl7(answer, i) {
                judge(answer, system, code, sets, found);
            }
            continue;
        }
        let Some((system, from)) = named(answer, i, word) else { continue };
        if from <= done {
            continue;
        }
        let mut at = match first_code(answer, from, system) {
            Some(code) => code,
            None => {
                if let Some(code) = behind(answer, i, system) {
                    judge(answer, system, code, sets, found);
                }
                continue;
            }
        };
        for _ in 0..LIST {
            done = last_token(answer, at);
            judge(answer, system, at, sets, found);
            let Some(next) = next_of_list(answer, done + 1, system) else { break };
            at = next;
        }
    }
}

fn judge(answer: &Reading<'_>, system: CodeSystem, code: Span, sets: &CodeSets, found: &mut Found) {
    found.looked.codes += 1;
    let text = &answer.text[code.range()];
    let rest = &answer.text[code.end..];
    if rest.starts_with([' ', '\t']) && rest.trim_start_matches([' ', '\t']).starts_with('"') {
        found.flag(code, "code/blank", Verdict::Annotate);
    }
    match system.fault(text) {
        Some(Fault::Form) => found.flag(code, &format!("code/{}-form", system.word()), Verdict::Annotate),
        Some(Fault::CheckDigit) => found.flag(code, &format!("code/{}-check-digit", system.word()), Verdict::Annotate),
        Some(Fault::Placeholder) => found.flag(code, "code/placeholder", Verdict::Annotate),
        None if sets.get(&system).is_some_and(|set| !set.has(text)) => {
            found.flag(code, "code/unknown", Verdict::Annotate);
        }
        None => {}
    }
}

/// The system that a word names, and the first token after its name.
fn named(answer: &Reading<'_>, i: usize, word: &str) -> Option<(CodeSystem, usize)> {
    let is = |name: &str| word.eq_ignore_ascii_case(name);
    if is("loinc") {
        Some((CodeSystem::Loinc, i + 1))
    } else if is("snomed") || is("sctid") {
        Some((CodeSystem::SnomedCt, i + 1))
    } else if is("npi") {
        Some((CodeSystem::Npi, i + 1))
    } else if is("dea") {
        Some((CodeSystem::Dea, i + 1))
    } else if is("ndc") {
        Some((CodeSystem::Ndc, i + 1))
    } else if is("rxnorm") || is("rxcui") {
        Some((CodeSystem::RxNorm, i + 1))
    } else if is("icd10") || is("icd10cm") {
        Some((CodeSystem::Icd10Cm, i + 1))
    } else if is("icd") {
        // "ICD-10", "ICD 10-CM"; ICD-9, ICD-11 and the procedures of ICD-10-PCS have other forms.
        let mut k = i + 1;
        k += usize::from(answer.tokens.get(k).is_some_and(|t| t.is(b'-')));
        if answer.word(k) != "10" {
            return None;
        }
        k += 1;
        if answer.tokens.get(k).is_some_and(|t| t.is(b'-')) {
            k += 1;
            if !answer.word(k).eq_ignore_ascii_case("cm") {
                return None;
            }
            k += 1;
        }
        Some((CodeSystem::Icd10Cm, k))
    } else {
        None
    }
}

/// Names of systems in HL7 v2 coded elements (HL7 table 0396).
fn hl7(word: &str) -> Option<CodeSystem> {
    match word {
        "LN" => Some(CodeSystem::Loinc),
        "SCT" => Some(CodeSystem::SnomedCt),
        "I10" | "I10C" => Some(CodeSystem::Icd10Cm),
        "NDC" => Some(CodeSystem::Ndc),
        "RXNORM" => Some(CodeSystem::RxNorm),
        _ => None,
    }
}

/// The code of `code^text^LN`, of which token `i` is the last word.
fn before_hl7(answer: &Reading<'_>, i: usize) -> Option<Span> {
    let lowest = i.saturating_sub(40);
    let mut k = i.checked_sub(2)?;
    while k > lowest && !answer.tokens[k].is(b'^') {
        k -= 1;
    }
    let end = answer.tokens[k].is(b'^').then(|| answer.tokens[k].start as usize)?;
    let start = answer.text[..end].rfind(['|', '^', '~', '\n', '\r', ' ']).map_or(0, |at| at + 1);
    let code = answer.text[start..end].trim();
    (!code.is_empty() && code.len() <= 24).then(|| Span::new(start, start + code.len()))
}

/// The first thing after a system's name that can be its code.
fn first_code(answer: &Reading<'_>, from: usize, system: CodeSystem) -> Option<Span> {
    let mut version = false;
    for k in from..answer.tokens.len().min(from + AHEAD) {
        let token = &answer.tokens[k];
        let apart = k > 0 && answer.text[answer.tokens[k - 1].end as usize..token.start as usize].contains('\n');
        if token.is(b'}') || apart || token.is(b'?') || token.is(b')') && k > from {
            return None;
        }
        let word = answer.word(k);
        if has_digit(word) && !version && !(token.glued && k > 0 && answer.tokens[k - 1].is(b'/')) {
            return candidate(answer, k, system);
        }
        version = ["version", "release", "edition", "v"].iter().any(|w| word.eq_ignore_ascii_case(w));
        // Another system's code is not this one's.
        if named(answer, k, word).is_some() {
            return None;
        }
    }
    None
}

/// A code before its system: `2345-7 (LOINC)`, or in JSON the code of the same object.
fn behind(answer: &Reading<'_>, i: usize, system: CodeSystem) -> Option<Span> {
    let lowest = i.saturating_sub(BEHIND);
    let json = i >= 3 && answer.tokens[i - 1].is(b'/');
    for k in (lowest..i).rev() {
        let token = &answer.tokens[k];
        if token.is(b'{') || token.is(b'}') || token.is(b'.') && !answer.tokens[k + 1].glued {
            return None;
        }
        if has_digit(answer.word(k)) && !answer.word(k).eq_ignore_ascii_case("hl7") {
            let span = candidate(answer, run_start(answer, k), system)?;
            // In prose only right beside it: "(LOINC" after the code.
            // In "5-LOINC" the run goes on into the name.
            let gap = i.checked_sub(last_token(answer, span)).filter(|gap| *gap > 0)?;
            return (json || gap <= 2).then_some(span);
        }
    }
    None
}

fn next_of_list(answer: &Reading<'_>, from: usize, system: CodeSystem) -> Option<Span> {
    let mut k = from;
    while k < from + 3 {
        let token = answer.tokens.get(k)?;
        let between = token.is(b',') || token.is(b';') || token.is(b'/') || answer.word(k).eq_ignore_ascii_case("and");
        if !between {
            break;
        }
        k += 1;
    }
    let word = answer.word(k);
    let fits = k > from && has_digit(word);
    let span = fits.then(|| candidate(answer, k, system)).flatten()?;
    // A plain number after a comma is a code only where it has the form of one.
    (system.fault(&answer.text[span.range()]) != Some(Fault::Form)).then_some(span)
}

fn has_digit(word: &str) -> bool {
    word.bytes().any(|b| b.is_ascii_digit())
}

/// The run of letters, digits, hyphens and points that a token begins; `None` where it is too long for a code.
fn candidate(answer: &Reading<'_>, k: usize, system: CodeSystem) -> Option<Span> {
    let start = answer.tokens[k].start as usize;
    let bytes = answer.text.as_bytes();
    let mut end = start;
    while end < bytes.len() && end - start < 32 {
        let inner = matches!(bytes[end], b'-' | b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_alphanumeric);
        if !(bytes[end].is_ascii_alphanumeric() || inner) {
            break;
        }
        end += 1;
    }
    let long = end - start >= 32 || end - start < 2 && system != CodeSystem::RxNorm;
    (!long).then(|| Span::new(start, end))
}

/// The first token of the run that a token belongs to.
fn run_start(answer: &Reading<'_>, mut k: usize) -> usize {
    let mut steps = 0;
    let joins = |t: &Token| t.kind != Kind::Mark || t.is(b'-') || t.is(b'.');
    while k > 0 && steps < 8 && answer.tokens[k].glued && joins(&answer.tokens[k - 1]) {
        k -= 1;
        steps += 1;
    }
    k
}

/// The last token that begins within a span.
fn last_token(answer: &Reading<'_>, span: Span) -> usize {
    answer.tokens.partition_point(|t| (t.start as usize) < span.end).saturating_sub(1)
}

/// The `code` of a FHIR Quantity or the unit after the word UCUM.
fn unit(answer: &Reading<'_>, i: usize, found: &mut Found) {
    let text = answer.text;
    let at = answer.tokens[i].start as usize;
    let (open, close) = (window(text, at.saturating_sub(160), at), window(text, at, (at + 160).min(text.len())));
    let from = open.rfind('{').map_or(at, |k| at - open.len() + k);
    let to = close.find('}').map_or(at, |k| at + k);
    if !(from < at && to > at) {
        return;
    }
    let object = &text[from..to];
    let Some(key) = object.find("\"code\"") else { return };
    let Some(quote) =
        object[key + 6..].find('"').filter(|k| object[key + 6..key + 6 + k].trim_matches([' ', ':']).is_empty())
    else {
        return;
    };
    let start = key + 6 + quote + 1;
    let Some(len) = object[start..].find('"') else { return };
    found.looked.codes += 1;
    let span = Span::new(from + start, from + start + len);
    if !ucum::is_unit(object[start..start + len].trim()) {
        found.flag(span, "code/ucum-form", Verdict::Annotate);
    }
}

/// The text between two places, moved inwards to character boundaries.
fn window(text: &str, mut from: usize, mut to: usize) -> &str {
    while !text.is_char_boundary(from) {
        from += 1;
    }
    while !text.is_char_boundary(to) {
        to -= 1;
    }
    &text[from..to.max(from)]
}
