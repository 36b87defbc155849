//! Words right before a number that say whose it is.

use asepsis_vocab::IdentifierClass as Class;

/// Words, of which the last stands before the value, but for a verb, a sign and words for "number".
struct Cue {
    words: &'static str,
    class: Class,
    /// The word has other uses, so that a word or sign for a number has to stand between.
    weak: bool,
}

const fn sure(words: &'static str, class: Class) -> Cue {
    Cue { words, class, weak: false }
}

const fn weak(words: &'static str, class: Class) -> Cue {
    Cue { words, class, weak: true }
}

/// Longer phrases before their last words alone.
const CUES: [Cue; 65] = [
    sure("social security", Class::Ssn),
    sure("ssn", Class::Ssn),
    weak("ss", Class::Ssn),
    weak("social", Class::Ssn),
    sure("medical record", Class::Mrn),
    sure("mrn", Class::Mrn),
    weak("patient", Class::Mrn),
    weak("pt", Class::Mrn),
    weak("chart", Class::Mrn),
    weak("record", Class::Mrn),
    weak("hospital", Class::Mrn),
    weak("mr", Class::Mrn),
    weak("member", Class::HealthPlan),
    weak("subscriber", Class::HealthPlan),
    weak("beneficiary", Class::HealthPlan),
    weak("insurance", Class::HealthPlan),
    sure("policy", Class::HealthPlan),
    weak("group", Class::HealthPlan),
    weak("medicare", Class::HealthPlan),
    weak("medicaid", Class::HealthPlan),
    weak("plan", Class::HealthPlan),
    sure("mbi", Class::HealthPlan),
    weak("recipient", Class::HealthPlan),
    weak("enrollee", Class::HealthPlan),
    sure("account", Class::Account),
    sure("acct", Class::Account),
    weak("invoice", Class::Account),
    weak("card", Class::Account),
    weak("routing", Class::Account),
    weak("iban", Class::Account),
    weak("statement", Class::Account),
    sure("npi", Class::License),
    sure("dea", Class::License),
    sure("license", Class::License),
    sure("licence", Class::License),
    weak("certificate", Class::License),
    sure("passport", Class::License),
    sure("vin", Class::Vehicle),
    weak("plate", Class::Vehicle),
    weak("serial", Class::Device),
    weak("s/n", Class::Device),
    sure("imei", Class::Device),
    sure("udi", Class::Device),
    weak("lot", Class::Device),
    weak("device", Class::Device),
    weak("accession", Class::Id),
    weak("encounter", Class::Id),
    sure("csn", Class::Id),
    weak("claim", Class::Id),
    weak("authorization", Class::Id),
    weak("auth", Class::Id),
    weak("case", Class::Id),
    weak("specimen", Class::Id),
    weak("order", Class::Id),
    weak("study", Class::Id),
    weak("subject", Class::Id),
    weak("participant", Class::Id),
    weak("badge", Class::Id),
    weak("employee", Class::Id),
    weak("tracking", Class::Id),
    weak("confirmation", Class::Id),
    weak("prescription", Class::Id),
    weak("referral", Class::Id),
    weak("phone", Class::Phone),
    weak("fax", Class::Fax),
];

/// Bytes before a value in which a cue is looked for.
const REACH: usize = 40;

/// The class that the words right before `start` tell.
pub(super) fn before(bytes: &[u8], start: usize) -> Option<Class> {
    let from = start.saturating_sub(REACH);
    let mut rest = &bytes[from..start];
    let mut numbered = false;
    loop {
        let signs = rest
            .iter()
            .rev()
            .take_while(|b| matches!(b, b' ' | b':' | b'=' | b'#' | b'.' | b'"' | b'\'' | b'*' | b'(' | b'\t'))
            .count();
        let gap = &rest[rest.len() - signs..];
        // "the plan. 12345": a sentence ends.
        if gap.contains(&b'.') && gap.contains(&b' ') && !numbered && signs > 0 && !is_short(rest, signs) {
            return None;
        }
        numbered |= gap.iter().any(|b| matches!(b, b':' | b'=' | b'#'));
        rest = &rest[..rest.len() - signs];
        let word = last_word(rest);
        if ["number", "no", "num", "nr", "id", "identifier"].iter().any(|w| word.eq_ignore_ascii_case(w.as_bytes())) {
            numbered = true;
        } else if !["is", "was", "of", "the", "reads", "as", "s"]
            .iter()
            .any(|w| word.eq_ignore_ascii_case(w.as_bytes()))
        {
            break;
        }
        rest = &rest[..rest.len() - word.len()];
    }
    let ends = |words: &str| {
        let n = words.len();
        rest.len() >= n
            && rest[rest.len() - n..].eq_ignore_ascii_case(words.as_bytes())
            && rest.len().checked_sub(n + 1).is_none_or(|i| !rest[i].is_ascii_alphanumeric() && rest[i] != b'-')
            && (rest.len() > n || from == 0)
    };
    CUES.iter().find(|c| (numbered || !c.weak) && ends(c.words)).map(|c| c.class)
}

/// Whether the full stop belongs to a shortened word: `no. 12345`.
fn is_short(rest: &[u8], signs: usize) -> bool {
    let word = last_word(&rest[..rest.len() - signs]);
    word.len() <= 4
}

fn last_word(rest: &[u8]) -> &[u8] {
    let n = rest.iter().rev().take_while(|b| b.is_ascii_alphanumeric() || **b == b'/').count();
    &rest[rest.len() - n..]
}
