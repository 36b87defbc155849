mod again;

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use asepsis_keys::{KeyError, Keys};
use asepsis_log::search::Query;
use asepsis_log::{Log, LogError};
use asepsis_phi::{Assurance, Engine, KnownPhi, Segment};
use asepsis_policy::{BreakGlass, ContentFacts, Decision, Facts, Policy, PolicyError, Register};
use asepsis_vault::{ScopeId, Vault, VaultError};
use asepsis_vocab::{ClassCount, DisclosureForm, ExchangeId, Finding, IdentifierClass, Recipient, Version};

use crate::admitted::{Admitted, Ending};
use crate::clock::Clock;
use crate::content::{Asker, Content, Piece, Route};
use crate::guard::{Guarding, Looked};
use crate::keep::{Keep, Keeper};
use crate::memory::{Memory, Standing};
use crate::others::Others;
use crate::protect::{Protected, protect};
use crate::reach::Reach;
use crate::record::{Ticket, count, interrupted};
use crate::review::Reviewer;
use crate::versions::versions;

pub use again::Again;

/// Texts longer than this are inspected on a thread of their own, so that other exchanges go on.
const INSPECT_INLINE: usize = 32 * 1024;

/// What was seen in a request, and decided on it.
struct Seen {
    guarding: Arc<Guarding>,
    looked: Looked,
    findings: Vec<Vec<Finding>>,
    others: Others,
    decision: Arc<Decision>,
    policy: Arc<Policy>,
    /// Whose surrogates stand for what is found.
    scope: ScopeId,
    /// What reviews the answer, where it has begun already.
    reviewer: Option<Reviewer>,
}

/// Everything that an exchange goes through.
pub struct Plane {
    parts: PlaneParts,
    versions: Vec<Version>,
    /// What decides from now on, with its facts. An exchange takes both once and keeps them to its end.
    rules: RwLock<Rules>,
    /// What hostile text is looked for with, and its versions.
    guarding: RwLock<(Arc<Guarding>, Arc<[Version]>)>,
    /// What many exchanges add up to.
    memory: Memory,
}

/// What decides, and the facts behind it.
#[derive(Clone)]
pub struct Rules {
    /// Decides.
    pub policy: Arc<Policy>,
    /// The facts behind decisions.
    pub register: Arc<Register>,
}

/// What a plane is made of.
pub struct PlaneParts {
    /// Finds identifiers.
    pub engine: Arc<Engine>,
    /// What the organisation knows of its patients, to be found with certainty.
    pub known: Arc<KnownPhi>,
    /// What decides at first, and the facts behind it.
    pub rules: Rules,
    /// What hostile text is looked for with at first.
    pub guarding: Arc<Guarding>,
    /// Keeps surrogates.
    pub vault: Vault,
    /// The pseudonyms of patients, and the keys of what is kept about them.
    pub keys: Keys,
    /// Keeps the record.
    pub log: Log,
    /// What is kept of an exchange that names its patient.
    pub keep: Keep,
    /// How far surrogates reach.
    pub reach: Reach,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Whether the organisation accepts first-layer detection for the label "deidentified".
    pub first_layer_accepted: bool,
}

/// An exchange that was not admitted. Its outcome stands in the log already.
#[derive(Debug)]
pub struct Refusal {
    /// The exchange.
    pub exchange: ExchangeId,
    /// Why.
    pub kind: RefusalKind,
    /// What was found in the request, by class.
    pub found: Vec<ClassCount>,
}

/// Why an exchange was not admitted.
#[derive(Debug)]
pub enum RefusalKind {
    /// No form that the route takes is permitted.
    Policy(Arc<Decision>),
    /// An identifier stands where nothing may be rewritten: at this place.
    RigidIdentifier(String),
    /// A notice has to go along with what is sent, and there is no text that it could stand before.
    NoPlaceForNotice,
    /// Text stands at this place that may not be sent and cannot be taken out.
    Hostile(String),
    /// After the rewriting the tripwire still saw an identifier, in a piece at this place.
    Tripwire(String),
    /// What looks like one identifier, of this class, is longer than any that is kept.
    TooLong(IdentifierClass),
    /// Too much went wrong in earlier exchanges of this person, who is to wait so many seconds.
    Wait(u32),
    /// The AI system is not in the register.
    UnknownSystem,
    /// The log cannot be written, so nothing may leave.
    Log(LogError),
    /// The vault cannot be read or written.
    Vault(VaultError),
    /// The keys cannot be read or written, or the patient's were destroyed.
    Keys(KeyError),
    /// The policy engine could not decide.
    Policies(PolicyError),
    /// A part of Asepsis failed; this is a fault to report.
    Internal(&'static str),
}

impl RefusalKind {
    fn of_vault(error: VaultError) -> Self {
        match error {
            VaultError::TooLong { class } => Self::TooLong(class),
            error => Self::Vault(error),
        }
    }

    /// What failed, where it was not the request: an error that says nothing of its content, for the server's own log.
    pub fn failure(&self) -> Option<&dyn std::error::Error> {
        match self {
            Self::Keys(KeyError::Shredded { .. }) => None,
            Self::Log(error) => Some(error),
            Self::Vault(error) => Some(error),
            Self::Keys(error) => Some(error),
            Self::Policies(error) => Some(error),
            _ => None,
        }
    }
}

impl Plane {
    /// A plane of these parts.
    pub fn new(parts: PlaneParts) -> Arc<Self> {
        let versions = vec![
            ("asepsis".into(), env!("CARGO_PKG_VERSION").into()),
            ("detector".into(), parts.engine.version().into()),
        ];
        let rules = RwLock::new(parts.rules.clone());
        let guarding = RwLock::new(with_versions(Arc::clone(&parts.guarding)));
        Arc::new(Self { parts, versions, rules, guarding, memory: Memory::default() })
    }

    /// Begins an exchange through the face `interface`.
    pub fn begin(self: &Arc<Self>, interface: &str) -> Ticket {
        Ticket::new(Arc::clone(self), interface)
    }

    /// What decides at present, and the facts behind it.
    pub fn rules(&self) -> Rules {
        self.rules.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lets other policies decide, or other facts, from the next exchange on.
    pub fn set_rules(&self, rules: Rules) {
        *self.rules.write().unwrap_or_else(PoisonError::into_inner) = rules;
    }

    /// What hostile text is looked for with at present.
    pub fn guarding(&self) -> Arc<Guarding> {
        self.guarding_now().0
    }

    fn guarding_now(&self) -> (Arc<Guarding>, Arc<[Version]>) {
        self.guarding.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks for hostile text with this from the next exchange on.
    pub fn set_guarding(&self, guarding: Arc<Guarding>) {
        *self.guarding.write().unwrap_or_else(PoisonError::into_inner) = with_versions(guarding);
    }

    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The persons against whom the most is held because of earlier exchanges, with their points and what they have lost.
    pub fn remembered(&self, most: usize) -> Vec<(String, f64, Standing)> {
        let (bounds, now) = (self.guarding().bounds, crate::record::seconds(self.clock()));
        let persons = self.memory.persons(most, &bounds, now).into_iter();
        // A conversation that nobody has.
        persons
            .map(|(user, points)| {
                let standing = self.memory.standing(&user, 0, &bounds, now);
                (user, points, standing)
            })
            .collect()
    }

    /// Forgets what is held against a person because of earlier exchanges, and tells how many points that was.
    pub fn clear_remembered(&self, user: &str) -> Option<f64> {
        self.memory.clear(user, &self.guarding().bounds, crate::record::seconds(self.clock()))
    }

    /// Whether the organisation accepts first-layer detection for the label "deidentified".
    pub fn first_layer_accepted(&self) -> bool {
        self.parts.first_layer_accepted
    }

    /// The log.
    pub fn log(&self) -> &Log {
        &self.parts.log
    }

    /// The vault.
    pub fn vault(&self) -> &Vault {
        &self.parts.vault
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.parts.engine
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.parts.clock.as_ref()
    }

    pub(crate) fn versions(&self) -> &[Version] {
        &self.versions
    }

    /// Records an end for exchanges that were about to leave when Asepsis stopped: `interrupted`, since nobody knows
    /// whether they were answered.
    ///
    /// # Errors
    /// Where the log cannot be written.
    pub async fn close_unfinished(&self, exchanges: &[ExchangeId]) -> Result<(), LogError> {
        for exchange in exchanges {
            let query = Query { exchange: Some(*exchange), last: Some(1), ..Query::default() };
            for hit in self.log().search(&query).await? {
                self.log().append(&interrupted(hit.event, self.clock())).await?;
            }
        }
        Ok(())
    }

    /// Looks for identifiers in what is short. Meanwhile another thread, where one is idle, looks for hostile text, and begins what will
    /// be needed later: the vault makes ready, and what was asked is read for the review.
    async fn inspect_here(
        &self,
        guarding: &Arc<Guarding>,
        content: &mut Content,
        scope: ScopeId,
        reviewed: bool,
    ) -> Option<(Looked, Vec<Vec<Finding>>, Option<Reviewer>)> {
        let inspect = |pieces: &[Piece]| self.parts.engine.inspect(&segments(pieces), &self.parts.known);
        let Some(thread) = asepsis_aside::idle() else {
            let looked = guarding.look(&mut content.pieces);
            let findings = inspect(&content.pieces);
            return Some((looked, findings, None));
        };
        let asked = Arc::new(std::mem::take(&mut content.pieces));
        let (by, of) = (Arc::clone(guarding), Arc::clone(&asked));
        let mut looking = thread.put(move || {
            let mut pieces = of.to_vec();
            (by.look(&mut pieces), pieces)
        });
        let reads = (content.for_patient, content.sums_up);
        let ahead = || {
            let vault = self.vault().clone();
            Reviewer::ahead(guarding, &asked, reads, move || vault.expect(&scope))
        };
        let reviewer = reviewed.then(ahead).flatten();
        let mut findings = inspect(&asked);
        let (looked, pieces) = looking.result().await?;
        // Nobody is to go by what was taken out.
        if looked.has_changed() {
            findings = inspect(&pieces);
        }
        content.pieces = pieces;
        let reviewer = reviewer.filter(|_| !looked.has_altered());
        Some((looked, findings, reviewer))
    }

    /// Looks for hostile text and identifiers on a thread of its own.
    async fn inspect_apart(
        &self,
        guarding: Arc<Guarding>,
        mut pieces: Vec<Piece>,
    ) -> Option<(Looked, Vec<Piece>, Vec<Vec<Finding>>)> {
        let work = move || {
            let looked = guarding.look(&mut pieces);
            (looked, pieces)
        };
        let (looked, pieces) = tokio::task::spawn_blocking(work).await.ok()?;
        let (pieces, findings) = self.inspect(pieces).await?;
        Some((looked, pieces, findings))
    }

    /// Inspects the pieces as one document.
    pub async fn inspect(&self, pieces: Vec<Piece>) -> Option<(Vec<Piece>, Vec<Vec<Finding>>)> {
        let (engine, known) = (Arc::clone(&self.parts.engine), Arc::clone(&self.parts.known));
        let work = move || {
            let findings = engine.inspect(&segments(&pieces), &known);
            (pieces, findings)
        };
        // A panic in the engine must not become a request that went uninspected.
        tokio::task::spawn_blocking(work).await.ok()
    }

    /// Inspects what is asked, and decides in which form it may go. `reviewed`: whether an answer to it will be reviewed.
    async fn see(
        &self,
        ticket: &mut Ticket,
        asker: &Asker,
        route: &Route,
        content: &mut Content,
        reviewed: bool,
    ) -> Result<Seen, RefusalKind> {
        ticket.identify(asker);
        ticket.event_mut().purpose = route.purpose;
        ticket.event_mut().ai_use.clone_from(&route.ai_use);
        ticket.event_mut().groups = std::mem::take(&mut content.groups);
        ticket.traffic_mut().request_bytes = content.request_bytes;
        let patient = content.patient.take();
        if let Some(patient) = &patient {
            self.name_subject(ticket, patient).await.map_err(RefusalKind::Keys)?;
        }
        let (guarding, versions) = self.guarding_now();
        ticket.event_mut().versions.extend_from_slice(&versions);
        let standing = ticket.stands(&asker.user, &content.conversation, &guarding.bounds);
        if let Standing::Wait(seconds) = standing {
            return Err(RefusalKind::Wait(seconds));
        }

        let scope =
            self.parts.reach.scope(self.vault(), &asker.user, &content.conversation, ticket.event_mut().subject);

        // === Inspect ===
        let total: usize = content.pieces.iter().map(|p| p.text.len()).sum();
        let mut reviewer = None;
        let (mut looked, findings) = if total <= INSPECT_INLINE {
            let inspected = self.inspect_here(&guarding, content, scope, reviewed).await;
            let (looked, findings, begun) = inspected.ok_or(RefusalKind::Internal("inspection failed"))?;
            reviewer = begun;
            (looked, findings)
        } else {
            let apart = self.inspect_apart(Arc::clone(&guarding), std::mem::take(&mut content.pieces)).await;
            let (looked, pieces, findings) = apart.ok_or(RefusalKind::Internal("inspection failed"))?;
            content.pieces = pieces;
            (looked, findings)
        };
        let findings = without_rigid(&content.pieces, findings);
        ticket.event_mut().found = count(&content.pieces, &findings);
        looked.stands(standing);
        let (findings, others) = if total <= INSPECT_INLINE {
            let others = looked.whose(content, &findings, patient.as_deref(), &self.parts.engine);
            (findings, others)
        } else {
            let (engine, of) = (Arc::clone(&self.parts.engine), std::mem::take(content));
            let work = move || {
                let others = looked.whose(&of, &findings, patient.as_deref(), &engine);
                (looked, of, findings, others)
            };
            let apart = tokio::task::spawn_blocking(work).await;
            let (seen, of, findings, others) = apart.map_err(|_| RefusalKind::Internal("inspection failed"))?;
            (looked, *content) = (seen, of);
            (findings, others)
        };
        ticket.event_mut().guard = (!looked.record.is_empty()).then(|| Box::new(looked.record.clone()));
        content.stated.injection = Some(looked.injection);
        content.stated.credentials = Some(looked.credentials);
        if let Some(place) = looked.refused.clone() {
            return Err(RefusalKind::Hostile(place));
        }

        // === Decide ===
        let (decision, policy) = self.decide(asker, route, content, &findings, ticket)?;
        if decision.form == DisclosureForm::Nothing {
            return Err(RefusalKind::Policy(decision));
        }
        Ok(Seen { guarding, looked, findings, others, decision, policy, scope, reviewer })
    }

    /// Takes an exchange through inspect, decide, protect and the record of its intent. When this returns an [`Admitted`],
    /// the intent is durable and the rewritten text may leave.
    pub async fn admit(
        &self,
        mut ticket: Ticket,
        asker: &Asker,
        route: &Route,
        mut content: Content,
    ) -> Result<Admitted, Refusal> {
        // From here to the record of the intent, work is put aside more than once.
        let soon = asepsis_aside::soon();
        let seen = match self.see(&mut ticket, asker, route, &mut content, true).await {
            Ok(seen) => seen,
            Err(kind) => return self.refuse(ticket, kind).await,
        };
        let Seen { guarding, looked, findings, others, decision, policy, scope, reviewer } = seen;

        // === Protect, and record the intent ===
        // Also where identifiers may go as they are: what stands here was not counted among them, and so not decided on.
        if let Some(place) = rigid_identifier(&content.pieces) {
            return self.refuse(ticket, RefusalKind::RigidIdentifier(place)).await;
        }
        let marked = decision.duties.iter().any(|duty| duty.code() == "PRIVMARK");
        if marked && content.notice_at.is_none() {
            return self.refuse(ticket, RefusalKind::NoPlaceForNotice).await;
        }
        if !ticket.keeps() {
            ticket.begin_intent();
        }
        let year = self.clock().now().year();
        let protecting = protect(
            self.vault(),
            &scope,
            &content.pieces,
            &findings,
            (decision.form, decision.kept.as_ref(), &others),
            route.rendering,
            year,
        );
        let protecting = async {
            let mut protected = protecting.await?;
            if let Some(at) = content.notice_at.filter(|_| marked) {
                protected.mark(&content.pieces, at);
            }
            looked.finish(&content.pieces, &mut protected.texts);
            Ok(protected)
        };
        let protected = if ticket.keeps() {
            // What leaves is kept with the intent, so that has to wait for it.
            protecting.await
        } else {
            // The intent is on disk before anything leaves, new surrogates before anything of the answer is given back.
            let (protected, recorded) = tokio::join!(protecting, ticket.record_intent(None));
            if let Err(error) = recorded {
                return self.refuse(ticket, RefusalKind::Log(error)).await;
            }
            protected
        };
        drop(soon);
        let protected = match protected {
            Ok(protected) => protected,
            Err(error) => return self.refuse(ticket, RefusalKind::of_vault(error)).await,
        };
        match ticket.seal_sent(&content.pieces, &protected.texts) {
            None => {}
            Some(Err(error)) => return self.refuse(ticket, RefusalKind::Keys(error)).await,
            Some(Ok(payload)) => {
                if let Err(error) = ticket.record_intent(Some(payload)).await {
                    return self.refuse(ticket, RefusalKind::Log(error)).await;
                }
            }
        }
        // The intent has the facts of the decision; they need not stand there twice.
        ticket.event_mut().facts = None;
        ticket.traffic_mut().replaced = protected.replaced;
        if let Some(place) = tripped(&content.pieces, &protected, decision.form) {
            return self.refuse(ticket, RefusalKind::Tripwire(place)).await;
        }
        let reads = (content.for_patient, content.sums_up);
        let reviewer =
            reviewer.unwrap_or_else(|| Reviewer::begin(guarding, std::mem::take(&mut content.pieces), reads));
        Ok(Admitted::new(ticket, (decision, policy), &asker.user, protected, (looked.watched, reviewer, others)))
    }

    /// Names the patient by pseudonym, and takes out the key for what is kept.
    async fn name_subject(&self, ticket: &mut Ticket, patient: &asepsis_keys::PatientId) -> Result<(), KeyError> {
        let subject = self.parts.keys.subject(patient).await?;
        ticket.event_mut().subject = Some(subject);
        if self.parts.keep == Keep::Texts {
            let key = self.parts.keys.subject_key(subject).await?;
            ticket.keep_under(Keeper::new(key, self.log().origin()));
        }
        Ok(())
    }

    fn decide(
        &self,
        asker: &Asker,
        route: &Route,
        content: &Content,
        findings: &[Vec<Finding>],
        ticket: &mut Ticket,
    ) -> Result<(Arc<Decision>, Arc<Policy>), RefusalKind> {
        let Rules { policy, register } = self.rules();
        let system = register.system(&route.system).ok_or(RefusalKind::UnknownSystem)?;
        let now = self.clock().now();
        let agreement =
            register.agreement(system, asepsis_policy::AgreementKind::Baa, now, policy.offset()).map(|a| a.id.clone());
        let break_glass = register.emergency(&asker.user, now).cloned();
        let purpose = match &break_glass {
            Some(_) if !route.purpose_stated => BreakGlass::purpose(route.purpose),
            _ => route.purpose,
        };
        let event = ticket.event_mut();
        event.purpose = purpose;
        event.recipient = Some(Recipient { system: system.id.clone(), vendor: system.vendor.clone(), agreement });
        event.versions.push(("policy".into(), policy.version().into()));
        let facts = Facts {
            user: &asker.user,
            role: &asker.role,
            system,
            purpose,
            classes: findings.iter().flatten().map(|f| f.class).collect(),
            content: ContentFacts {
                individuals: Some(individuals(&content.pieces, findings)),
                // Nobody declares one with a request: it stands in a register, with its reason and its end.
                break_glass,
                ..content.stated.clone()
            },
            whereabouts: asker.whereabouts.clone(),
            full_assurance: self.parts.engine.assurance() == Assurance::Full,
            first_layer_accepted: self.parts.first_layer_accepted,
            now,
        };
        let decision = policy.decide(&register, &facts, &route.forms).map_err(RefusalKind::Policies)?;
        let event = ticket.event_mut();
        event.decision = Some(decision.record());
        event.facts = Some(Arc::clone(&decision.facts));
        Ok((decision, policy))
    }

    /// Rewrites texts for somebody on this machine, without a recipient: the command line's `deid`.
    pub async fn rewrite(
        &self,
        pieces: Vec<Piece>,
        scope: &ScopeId,
        form: DisclosureForm,
        rendering: crate::Rendering,
    ) -> Result<(Vec<Piece>, Vec<Vec<Finding>>, Protected), RefusalKind> {
        let Some((pieces, findings)) = self.inspect(pieces).await else {
            return Err(RefusalKind::Internal("inspection failed"));
        };
        let year = self.clock().now().year();
        let mut protected =
            protect(self.vault(), scope, &pieces, &findings, (form, None, &Others::default()), rendering, year)
                .await
                .map_err(RefusalKind::of_vault)?;
        std::mem::take(&mut protected.stored).durable().await.map_err(RefusalKind::Vault)?;
        match tripped(&pieces, &protected, form) {
            Some(place) => Err(RefusalKind::Tripwire(place)),
            None => Ok((pieces, findings, protected)),
        }
    }

    async fn refuse<T>(&self, mut ticket: Ticket, kind: RefusalKind) -> Result<T, Refusal> {
        let (exchange, found) = (ticket.id(), ticket.found().to_vec());
        let status = match &kind {
            RefusalKind::Policy(_) | RefusalKind::UnknownSystem | RefusalKind::Wait(_) => "refused",
            RefusalKind::RigidIdentifier(_)
            | RefusalKind::NoPlaceForNotice
            | RefusalKind::Hostile(_)
            | RefusalKind::TooLong(_)
            | RefusalKind::Tripwire(_) => "blocked",
            RefusalKind::Log(_)
            | RefusalKind::Vault(_)
            | RefusalKind::Keys(_)
            | RefusalKind::Policies(_)
            | RefusalKind::Internal(_) => "internal",
        };
        match ticket.record_outcome(&Ending::of(status)).await {
            Ok(()) => Err(Refusal { exchange, kind, found }),
            Err(error) => Err(Refusal { exchange, kind: RefusalKind::Log(error), found }),
        }
    }
}

fn with_versions(guarding: Arc<Guarding>) -> (Arc<Guarding>, Arc<[Version]>) {
    let versions = versions(&guarding.guard, guarding.checks.as_deref()).into();
    (guarding, versions)
}

/// How many individuals the pieces speak of, at most: as many as there are different names, or different numbers of one kind
/// that each person has one of. Staff and relatives count as well, so that the count is never too low for the names that were
/// found.
fn individuals(pieces: &[Piece], findings: &[Vec<Finding>]) -> u32 {
    let of = |class| {
        let mut values = HashSet::new();
        for (piece, found) in pieces.iter().zip(findings) {
            let of_class = found.iter().filter(|finding| finding.class == class);
            values.extend(of_class.map(|finding| &piece.text[finding.span.range()]));
        }
        values.len()
    };
    let most = [IdentifierClass::Name, IdentifierClass::Mrn, IdentifierClass::Ssn, IdentifierClass::HealthPlan]
        .map(of)
        .into_iter()
        .max();
    u32::try_from(most.unwrap_or_default()).unwrap_or(u32::MAX)
}

/// Pieces as the engine reads them.
fn segments(pieces: &[Piece]) -> Vec<Segment<'_>> {
    pieces.iter().map(|p| Segment { text: &p.text, field: p.field.as_deref() }).collect()
}

/// The place of a piece that may not be rewritten and in which an identifier is seen.
fn rigid_identifier(pieces: &[Piece]) -> Option<String> {
    pieces.iter().find(|p| p.rigid && asepsis_phi::tripwire(&p.text).is_some()).map(|p| p.place.clone())
}

/// The place of a piece in which the tripwire sees an identifier after the rewriting. It reads all but the surrogates: a
/// realistic one has the shape of an identifier.
///
/// A limited data set keeps dates, towns and ZIP codes, which the tripwire does not look for; identified data is not
/// looked at.
fn tripped(pieces: &[Piece], protected: &Protected, form: DisclosureForm) -> Option<String> {
    if form == DisclosureForm::Identified {
        return None;
    }
    pieces
        .iter()
        .zip(&protected.rests)
        .find(|(piece, rest)| !piece.rigid && asepsis_phi::tripwire(rest.as_deref().unwrap_or(&piece.text)).is_some())
        .map(|(piece, _)| piece.place.clone())
}

/// Nothing is rewritten in a rigid piece, so nothing is to be found there; it is looked at by itself.
fn without_rigid(pieces: &[Piece], mut findings: Vec<Vec<Finding>>) -> Vec<Vec<Finding>> {
    for (piece, found) in pieces.iter().zip(&mut findings) {
        if piece.rigid {
            found.clear();
        }
    }
    findings
}
