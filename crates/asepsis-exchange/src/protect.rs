//! The step "protect": rewriting content to the form that was decided.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use asepsis_surrogate::{Issued, Rendering};
use asepsis_vault::{Issuance, ScopeId, Stored, Surrogate, Vault, VaultError, Wanted};
use asepsis_vocab::{Detail, DisclosureForm, Finding, IdentifierClass};

use crate::content::Piece;
use crate::others::{NOTICE, Others};

/// Shortest value that gets a realistic surrogate: shorter ones occur by chance in what the AI system writes, and would be
/// turned into an identifier there.
const SHORTEST_REALISTIC: usize = 4;

/// What stands for a surrogate where only the rest of a text is looked at.
const MARK: &str = "[]";

/// Realistic surrogates that are tried for an identifier before it gets a placeholder. There are only so many invented names,
/// and in a long run most of them are taken.
const REALISTIC_TRIES: u32 = 8;

/// Content in the form that was decided.
pub struct Protected {
    /// The new text of each piece; `None` where the piece stays as it came.
    pub texts: Vec<Option<String>>,
    /// The same with a mark in place of each surrogate: what the tripwire reads.
    pub(crate) rests: Vec<Option<String>>,
    /// Places that were rewritten.
    pub replaced: u64,
    /// Every surrogate of the scope, for turning them back.
    pub issued: Arc<Issued>,
    /// Whether the vault has what is new of them.
    pub(crate) stored: Stored,
}

/// How often this was asked before for the identifier of this number, without another in between.
fn tried(tries: &Mutex<(usize, u32)>, number: Option<usize>) -> u32 {
    let number = number.unwrap_or(usize::MAX);
    let mut tries = tries.lock().unwrap_or_else(PoisonError::into_inner);
    *tries = if tries.0 == number { (number, tries.1 + 1) } else { (number, 0) };
    tries.1
}

/// Whether an identifier has to go in this form. `kept` are the classes that the purpose needs, where the minimum necessary
/// is to be kept to (obligation MINEC, 45 CFR 164.502(b)).
fn goes(form: DisclosureForm, kept: Option<&BTreeSet<IdentifierClass>>, finding: &Finding) -> bool {
    match form {
        DisclosureForm::Identified => kept.is_some_and(|kept| !kept.contains(&finding.class)),
        // 45 CFR 164.514(e)(2) lets dates, ages, town and ZIP code stand in a limited data set.
        DisclosureForm::Limited => !matches!(
            (finding.class, finding.detail),
            (IdentifierClass::Date | IdentifierClass::Age, _)
                | (IdentifierClass::Location, Detail::Town | Detail::PostalCode)
        ),
        DisclosureForm::Pseudonymised | DisclosureForm::Deidentified | DisclosureForm::Nothing => true,
    }
}

/// Rewrites pieces to the form, with surrogates of `scope`; of identified data the classes that are not kept go as well.
pub(crate) async fn protect(
    vault: &Vault,
    scope: &ScopeId,
    pieces: &[Piece],
    findings: &[Vec<Finding>],
    (form, kept, others): (DisclosureForm, Option<&BTreeSet<IdentifierClass>>, &Others),
    rendering: Rendering,
    year: i32,
) -> Result<Protected, VaultError> {
    let mut order: Vec<Wanted<'_>> = Vec::new();
    let mut index: HashMap<(IdentifierClass, &str), usize> = HashMap::new();
    let mut details: HashMap<(IdentifierClass, &str), Detail> = HashMap::new();
    // A realistic surrogate that touches a letter or digit could not be told from the word that it then stands in.
    let mut glued: HashSet<(IdentifierClass, &str)> = HashSet::new();
    let mut places: Vec<Vec<(Finding, usize)>> = Vec::with_capacity(pieces.len());
    for (piece, found) in pieces.iter().zip(findings) {
        let mut here = Vec::new();
        for finding in found.iter().filter(|f| goes(form, kept, f)) {
            let value = &piece.text[finding.span.range()];
            let key = (finding.class, value);
            let at = *index.entry(key).or_insert_with(|| {
                order.push(Wanted { class: finding.class, value });
                order.len() - 1
            });
            details.entry(key).or_insert(finding.detail);
            if is_within_a_word(&piece.text, finding) {
                glued.insert(key);
            }
            here.push((*finding, at));
        }
        places.push(here);
    }

    // How often a realistic surrogate was made for the identifier at hand: the vault asks again where one is taken.
    let tries = Mutex::new((usize::MAX, 0));
    let render = |wanted: &Wanted<'_>, code: [u8; 8], random: &[u8; 32]| {
        let detail = details.get(&(wanted.class, wanted.value)).copied().unwrap_or_default();
        if rendering == Rendering::Realistic
            && wanted.value.len() >= SHORTEST_REALISTIC
            && !glued.contains(&(wanted.class, wanted.value))
            && tried(&tries, index.get(&(wanted.class, wanted.value)).copied()) < REALISTIC_TRIES
            && let Some(text) = asepsis_surrogate::realistic(wanted.class, detail, wanted.value, random)
        {
            // One that the request itself holds could not be told from the real thing in the answer: ask again.
            return (!pieces.iter().any(|p| p.text.contains(&text))).then_some(text);
        }
        let code = asepsis_surrogate::Code::from_bytes(code);
        Some(asepsis_surrogate::placeholder(wanted.class, detail, wanted.value, code, Some(year)))
    };
    let issuance = if order.is_empty() {
        Issuance { asked: Vec::new(), all: vault.surrogates(scope).await?, stored: Stored::default() }
    } else {
        vault.issue(scope, &order, &render).await?
    };
    let surrogates = issuance.asked;

    let mut replaced = 0;
    let (mut texts, mut rests) = (Vec::with_capacity(pieces.len()), Vec::with_capacity(pieces.len()));
    for (piece, here) in pieces.iter().zip(&places) {
        replaced += here.len() as u64;
        let changed = !here.is_empty();
        texts.push(changed.then(|| rewrite(&piece.text, here, |index| &surrogates[index].rendered)));
        rests.push(changed.then(|| rewrite(&piece.text, here, |_| MARK)));
    }
    Ok(Protected { texts, rests, replaced, issued: recognised(&issuance.all, others), stored: issuance.stored })
}

/// The notice that goes along with records of treatment for substance use, in the words of 42 CFR 2.32(a)(2).
const PART_2_NOTICE: &str = "42 CFR part 2 prohibits unauthorized use or disclosure of these records.";

impl Protected {
    /// Puts the notice of 42 CFR 2.32 before the piece of this index (obligation PRIVMARK).
    pub(crate) fn mark(&mut self, pieces: &[Piece], at: usize) {
        let (Some(text), Some(piece)) = (self.texts.get_mut(at), pieces.get(at)) else { return };
        *text = Some(format!("{PART_2_NOTICE}\n\n{}", text.as_deref().unwrap_or(&piece.text)));
    }
}

fn is_within_a_word(text: &str, finding: &Finding) -> bool {
    let (before, after) = (&text[..finding.span.start], &text[finding.span.end..]);
    before.chars().next_back().is_some_and(char::is_alphanumeric) || after.starts_with(char::is_alphanumeric)
}

/// The text with each place replaced.
fn rewrite<'s>(text: &str, places: &[(Finding, usize)], replacement: impl Fn(usize) -> &'s str) -> String {
    let mut out = String::with_capacity(text.len() + places.len() * 16);
    let mut at = 0;
    for (finding, index) in places {
        out.push_str(&text[at..finding.span.start]);
        out.push_str(replacement(*index));
        at = finding.span.end;
    }
    out.push_str(&text[at..]);
    out
}

/// What has to be recognised in an answer: every surrogate of the scope, and the parts of invented names.
pub fn issued(surrogates: &[Surrogate]) -> Arc<Issued> {
    recognised(surrogates, &Others::default())
}

/// The same with what belongs to others than the patient withheld.
fn recognised(surrogates: &[Surrogate], others: &Others) -> Arc<Issued> {
    let mut builder = Issued::builder();
    for surrogate in surrogates {
        let source = others.source(&surrogate.value);
        match source {
            None => builder.insert(&surrogate.rendered, &surrogate.value),
            Some(source) => builder.withhold(&surrogate.rendered, NOTICE, source),
        }
        // A placeholder has no parts; to find that out, each of its words would be looked for among all invented names.
        if surrogate.class == IdentifierClass::Name && !surrogate.rendered.starts_with('[') {
            for (part, original) in asepsis_surrogate::realistic_parts(&surrogate.value, &surrogate.rendered) {
                match source {
                    None => builder.insert_alias(&part, &original),
                    Some(source) => builder.withhold_part(&part, NOTICE, source),
                }
            }
        }
    }
    others.withhold(&mut builder);
    Arc::new(builder.build())
}
