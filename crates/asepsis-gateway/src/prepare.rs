//! What a request asks, of which AI system, and for what: read from its body and its headers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use asepsis_document::json::{self, Json};
use asepsis_exchange::{Asker, Content, Piece, Route};
use asepsis_groups::Dimensions;
use asepsis_keys::PatientId;
use asepsis_vocab::{Label, Origin, PurposeOfUse};
use http::{HeaderMap, StatusCode};

use crate::fault::Fault;
use crate::gateway::Gateway;
use crate::gather::Gathered;
use crate::request::Shape;
use crate::settings::{Protocol, SystemRoute};
use crate::uses::Used;

/// The header with which a client states the purpose of use, an HL7 v3 code.
const PURPOSE: &str = "x-asepsis-purpose";

/// The header with which a client names a conversation.
const CONVERSATION: &str = "x-asepsis-conversation";

/// The header with which a client says whose data it sends: the system that gave the number, `|`, the number, as in FHIR.
const PATIENT: &str = "x-asepsis-patient";

/// The header with which a client says what makes the text sensitive: HL7 labels with commas between, or `none`.
const LABELS: &str = "x-asepsis-labels";

/// The longest name of a model that is looked at.
const LONGEST_MODEL: usize = 128;

/// The header with which a client says that texts are not of the one who asks: `document` for all that the user says, or places with
/// their origin, `messages[0].content=patient`.
const ORIGIN: &str = "x-asepsis-origin";

/// The header with which a client says which groups the person belongs to that it is about: `language=es, age=65+`.
const GROUPS: &str = "x-asepsis-groups";

/// A request that can go the way of an exchange.
pub(crate) struct Prepared {
    pub(crate) shape: Shape,
    pub(crate) route: Arc<SystemRoute>,
    pub(crate) stated: Route,
    pub(crate) gathered: Gathered,
    pub(crate) content: Content,
    pub(crate) used: Used,
}

impl Gateway {
    /// What is asked, of which system, and for what.
    pub(crate) async fn prepare(
        &self,
        protocol: Protocol,
        headers: &HeaderMap,
        json: &Json<'_>,
        (limits, bytes): (&json::Limits, usize),
        asker: &Asker,
    ) -> Result<Prepared, Fault> {
        let shape = Shape::of(protocol, json)?;
        let routes = self.routes();
        let Some(route) = routes.iter().find(|r| r.protocol == protocol && r.serves(&shape.model)) else {
            return Err(self.unlisted(&shape.model).await);
        };
        let house = self.house();
        let used = self.used(headers, route, asker, &house)?;
        let purpose = match headers.get(PURPOSE) {
            None => used.usual_purpose(route.default_purpose),
            Some(value) => value
                .to_str()
                .ok()
                .and_then(|text| text.trim().parse::<PurposeOfUse>().ok())
                .ok_or_else(|| Fault::invalid(format!("{PURPOSE}: {}", asepsis_vocab::UnknownPurpose)))?,
        };
        used.checks(purpose)?;
        let conversation = match headers.get(CONVERSATION) {
            Some(value) if value.len() <= 256 => [b"named:", value.as_bytes()].concat(),
            Some(_) => return Err(Fault::invalid(format!("{CONVERSATION} must be at most 256 bytes"))),
            None => [b"opening:", shape.opening.as_slice()].concat(),
        };
        let stated = Route {
            system: route.id.clone(),
            forms: used.forms(route)?,
            rendering: route.rendering,
            purpose,
            purpose_stated: headers.contains_key(PURPOSE),
            ai_use: used.record(),
        };
        let mut gathered = Gathered::from(json, limits, self.tools().trusted_calls(json))?;
        let mut content = gathered.content(conversation, bytes);
        origins(headers, &mut content.pieces)?;
        content.patient = patient(headers)?;
        content.groups = groups(headers, &house.groups)?;
        let used = used.about(content.patient.clone());
        content.stated.labels = labels(headers)?;
        content.stated.reviewed = used.reviewed();
        content.for_patient = used.for_patient();
        content.sums_up = used.sums_up();
        Ok(Prepared { shape, route: Arc::clone(route), stated, gathered, content, used })
    }

    /// A model that no registered AI system serves: refused, and listed for the people who decide about AI.
    async fn unlisted(&self, model: &str) -> Fault {
        self.metrics.unlisted();
        let plain = (1..=LONGEST_MODEL).contains(&model.len())
            && model.bytes().all(|b| b.is_ascii_alphanumeric() || b"._:/@+-".contains(&b))
            && asepsis_phi::tripwire(model).is_none();
        // What a client calls a model is its own words, which must not get into a register as they are.
        let name = if plain { model } else { "(withheld)" };
        if let Err(error) = self.store.note_unlisted(name, self.now()) {
            tracing::error!(%error, "a refused destination could not be listed");
        }
        Fault::new(
            StatusCode::NOT_FOUND,
            "model_not_found",
            "no registered AI system serves this model; it was refused and listed. GET /v1/models tells which there are",
        )
    }
}

/// Takes what the client says of who wrote its texts. It can say of a text of staff that it is somebody else's, and never the reverse.
fn origins(headers: &HeaderMap, pieces: &mut [Piece]) -> Result<(), Fault> {
    for value in headers.get_all(ORIGIN) {
        let text = value.to_str().map_err(|_| Fault::invalid(format!("{ORIGIN} must be plain text")))?;
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            let (place, word) =
                part.rsplit_once('=').map_or((None, part), |(place, word)| (Some(place.trim()), word.trim()));
            let origin = match word.parse::<Origin>() {
                Ok(origin @ (Origin::Patient | Origin::Document | Origin::Image | Origin::Tool)) => origin,
                _ => {
                    return Err(Fault::invalid(format!(
                        "{ORIGIN} takes patient, document, image or tool, alone or as messages[0].content=document"
                    )));
                }
            };
            let mut any = place.is_none();
            for piece in pieces.iter_mut().filter(|piece| piece.origin == Origin::Staff && !piece.rigid) {
                let here = place.is_none_or(|place| {
                    piece
                        .place
                        .strip_prefix(place)
                        .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[', '/', ' ']))
                });
                if here {
                    piece.origin = origin;
                    any = true;
                }
            }
            if !any {
                return Err(Fault::invalid(format!(
                    "{ORIGIN} names a place where the request has no text of the user"
                )));
            }
        }
    }
    Ok(())
}

/// What the client says makes the text sensitive; `None` where it says nothing.
fn labels(headers: &HeaderMap) -> Result<Option<BTreeSet<Label>>, Fault> {
    let mut labels = None;
    for value in headers.get_all(LABELS) {
        let all = labels.get_or_insert_with(BTreeSet::new);
        let text = value.to_str().map_err(|_| Fault::invalid(format!("{LABELS} must be plain text")))?;
        for label in text.split(',').map(str::trim).filter(|label| !label.is_empty() && *label != "none") {
            // What it is instead of a label may be anything, so it is not repeated.
            all.insert(label.parse().map_err(|_| {
                Fault::invalid(format!(
                    "{LABELS} names something that is no HL7 sensitivity label; PSYTHPN, SUD, HIV and 42CFRPart2 are some, \
                     `none` says that there is none, and `asepsis policy codes` lists them"
                ))
            })?);
        }
    }
    Ok(labels)
}

/// The groups that the client says the person belongs to.
fn groups(headers: &HeaderMap, known: &Dimensions) -> Result<BTreeMap<String, String>, Fault> {
    let values = headers.get_all(GROUPS).iter().map(|value| value.to_str());
    let values: Vec<&str> =
        values.collect::<Result<_, _>>().map_err(|_| Fault::invalid(format!("{GROUPS} must be plain text")))?;
    if values.is_empty() {
        return Ok(BTreeMap::new());
    }
    known.read(&values.join(",")).map_err(|error| Fault::invalid(format!("{GROUPS}: {error}")))
}

/// Whose data the client says it sends.
fn patient(headers: &HeaderMap) -> Result<Option<Arc<PatientId>>, Fault> {
    let mut values = headers.get_all(PATIENT).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let wrong = || {
        Fault::invalid(format!(
            "{PATIENT} must name one patient: the system that gave the number, `|`, and the number, at most 256 bytes each"
        ))
    };
    let text = value.to_str().map_err(|_| wrong())?;
    match (PatientId::parse(text), values.next()) {
        (Ok(patient), None) => Ok(Some(Arc::new(patient))),
        _ => Err(wrong()),
    }
}
