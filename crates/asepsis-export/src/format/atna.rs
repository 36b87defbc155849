//! The audit message of DICOM PS3.15 A.5, which an ATNA audit record repository takes (IHE ITI-20).

use asepsis_vocab::{ActKind, AuditEvent};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::reading::{self, Ending};
use crate::text::{field, list};
use crate::{Record, Source};

type Xml = Writer<Vec<u8>>;

/// One document, without a line break.
pub(super) fn message(source: &Source, record: &Record) -> Vec<u8> {
    let mut xml = Writer::new(Vec::new());
    let declared = xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)));
    let whole = declared.and_then(|()| {
        xml.create_element("AuditMessage").write_inner_content(|xml| {
            event_identification(xml, &record.event)?;
            participants(xml, source, &record.event)?;
            let mut audit = xml.create_element("AuditSourceIdentification");
            audit = audit.with_attributes([
                ("AuditEnterpriseSiteID", source.host().as_str()),
                ("AuditSourceID", field(&source.origin).as_str()),
            ]);
            audit.write_inner_content(|xml| {
                // Application server process.
                xml.create_element("AuditSourceTypeCode").with_attribute(("csd-code", "4")).write_empty().map(drop)
            })?;
            objects(xml, record)
        })
    });
    whole.map(drop).expect("a Vec takes every write");
    xml.into_inner()
}

fn coded(xml: &mut Xml, element: &str, code: &str, system: &str, meaning: &str) -> std::io::Result<()> {
    let attributes = [("csd-code", code), ("codeSystemName", system), ("originalText", meaning)];
    xml.create_element(element).with_attributes(attributes).write_empty().map(drop)
}

fn event_identification(xml: &mut Xml, event: &AuditEvent) -> std::io::Result<()> {
    let ending = reading::ending(event);
    let (code, meaning) = event_id(event);
    let name = reading::name(event);
    let identification = xml.create_element("EventIdentification").with_attributes([
        ("EventActionCode", reading::deed(event).letter()),
        ("EventDateTime", event.time.as_str()),
        ("EventOutcomeIndicator", ending.indicator()),
    ]);
    identification
        .write_inner_content(|xml| {
            coded(xml, "EventID", code, "DCM", meaning)?;
            coded(xml, "EventTypeCode", name, "asepsis", name)?;
            if ending != Ending::Good {
                let reason = event.decision.as_ref().map(|decision| field(&decision.reason)).unwrap_or_default();
                let text = list([reading::status(event), &reason].iter().filter(|t| !t.is_empty()));
                xml.create_element("EventOutcomeDescription").write_text_content(BytesText::new(&text))?;
            }
            Ok(())
        })
        .map(drop)
}

/// A code of DICOM CID 400.
fn event_id(event: &AuditEvent) -> (&'static str, &'static str) {
    match event.act.as_ref().map(|act| act.kind) {
        None if reading::answered(event) => ("110107", "Import"),
        None => ("110106", "Export"),
        Some(ActKind::Shred | ActKind::Reveal) => ("110110", "Patient Record"),
        Some(ActKind::Rotate | ActKind::DestroyEpoch | ActKind::BackupFault) => ("110113", "Security Alert"),
        Some(ActKind::PolicyApplied | ActKind::PolicyRolledBack | ActKind::PolicyRefused) => {
            ("110113", "Security Alert")
        }
        Some(ActKind::RegisterChanged | ActKind::RegisterRefused) => ("110113", "Security Alert"),
        Some(ActKind::ExpiryNoticed) => ("110100", "Application Activity"),
        Some(ActKind::TrainingPassed | ActKind::TrainingFailed | ActKind::RulesAccepted) => {
            ("110100", "Application Activity")
        }
        Some(ActKind::EmergencyDeclared | ActKind::EmergencyReviewed | ActKind::ReviewOverdue) => {
            ("110113", "Security Alert")
        }
        Some(
            ActKind::ConcernReported
            | ActKind::ConcernAnswered
            | ActKind::GuardCleared
            | ActKind::ReleaseApproved
            | ActKind::ReleaseRefused
            | ActKind::ReleaseLapsed,
        ) => ("110100", "Application Activity"),
        Some(ActKind::SignedIn | ActKind::SignInRefused) => ("110114", "User Authentication"),
        Some(ActKind::AccessAlert) => ("110113", "Security Alert"),
        Some(ActKind::Prune) => ("110101", "Audit Log Used"),
        Some(ActKind::Degraded | ActKind::Recovered | ActKind::BackupCreated | ActKind::BackupVerified) => {
            ("110100", "Application Activity")
        }
    }
}

fn participants(xml: &mut Xml, source: &Source, event: &AuditEvent) -> std::io::Result<()> {
    if let Some(actor) = &event.actor {
        let (user, credential) = (field(&actor.user), actor.credential.as_deref().map(field));
        let mut participant = xml.create_element("ActiveParticipant").with_attribute(("UserID", user.as_str()));
        if let Some(credential) = &credential {
            participant = participant.with_attribute(("AlternativeUserID", credential.as_str()));
        }
        let role = field(&actor.role);
        participant
            .with_attribute(("UserIsRequestor", "true"))
            .write_inner_content(|xml| coded(xml, "RoleIDCode", &role, "asepsis", &role))?;
    }
    let inwards = reading::answered(event);
    let ends = [("110153", "Source Role ID"), ("110152", "Destination Role ID")];
    let [ours, theirs] = if inwards { [ends[1], ends[0]] } else { ends };
    xml.create_element("ActiveParticipant")
        .with_attributes([
            ("UserID", field(&source.origin).as_str()),
            ("UserIsRequestor", if event.actor.is_none() { "true" } else { "false" }),
            ("NetworkAccessPointID", source.host().as_str()),
            ("NetworkAccessPointTypeCode", "1"),
        ])
        .write_inner_content(|xml| coded(xml, "RoleIDCode", ours.0, "DCM", ours.1))?;
    if let Some(recipient) = &event.recipient {
        xml.create_element("ActiveParticipant")
            .with_attributes([
                ("UserID", field(&recipient.system).as_str()),
                ("AlternativeUserID", field(&recipient.vendor).as_str()),
                ("UserIsRequestor", "false"),
            ])
            .write_inner_content(|xml| coded(xml, "RoleIDCode", theirs.0, "DCM", theirs.1))?;
    }
    Ok(())
}

/// A participant object.
struct Object<'a> {
    id: &'a str,
    type_code: &'a str,
    role: &'a str,
    life_cycle: Option<&'a str>,
    id_type: (&'a str, &'a str, &'a str),
    details: &'a [(String, String)],
}

impl Object<'_> {
    fn write(&self, xml: &mut Xml) -> std::io::Result<()> {
        let mut object = xml.create_element("ParticipantObjectIdentification").with_attributes([
            ("ParticipantObjectID", self.id),
            ("ParticipantObjectTypeCode", self.type_code),
            ("ParticipantObjectTypeCodeRole", self.role),
        ]);
        if let Some(stage) = self.life_cycle {
            object = object.with_attribute(("ParticipantObjectDataLifeCycle", stage));
        }
        object
            .write_inner_content(|xml| {
                let (code, system, meaning) = self.id_type;
                coded(xml, "ParticipantObjectIDTypeCode", code, system, meaning)?;
                // The grammar wants a name or a query. No name of a patient is known here.
                xml.create_element("ParticipantObjectName").write_text_content(BytesText::new(self.id))?;
                for (name, value) in self.details {
                    xml.create_element("ParticipantObjectDetail")
                        .with_attributes([("type", name.as_str()), ("value", STANDARD.encode(value).as_str())])
                        .write_empty()?;
                }
                Ok(())
            })
            .map(drop)
    }
}

fn objects(xml: &mut Xml, record: &Record) -> std::io::Result<()> {
    let event = &record.event;
    if let Some(subject) = &event.subject {
        let patient = Object {
            id: &subject.to_string(),
            type_code: "1",
            role: "1",
            life_cycle: None,
            id_type: ("2", "RFC-3881", "Patient Number"),
            details: &[],
        };
        patient.write(xml)?;
    }
    let mut details = vec![("index".to_owned(), record.index.to_string()), ("event_id".to_owned(), record.id())];
    if let Some(actor) = &event.actor {
        details.push(("method".to_owned(), field(&actor.method)));
    }
    details.extend(reading::details(event).into_iter().map(|(name, values)| (name, list(values))));
    let exchange = Object {
        id: &event.exchange.to_string(),
        type_code: "2",
        // A job.
        role: "20",
        life_cycle: life_cycle(event),
        id_type: ("exchange", "asepsis", "Exchange"),
        details: &details,
    };
    exchange.write(xml)?;
    if let Some(target) = event.act.as_ref().and_then(|act| act.target.as_deref()) {
        let target = Object {
            id: &field(target),
            type_code: "2",
            // A security resource.
            role: "13",
            life_cycle: None,
            id_type: ("target", "asepsis", "Target of the act"),
            details: &[],
        };
        target.write(xml)?;
    }
    Ok(())
}

/// The stage of the data's life, of PS3.15 A.5.1.2.3.
fn life_cycle(event: &AuditEvent) -> Option<&'static str> {
    match event.act.as_ref().map(|act| act.kind) {
        Some(ActKind::Shred | ActKind::DestroyEpoch | ActKind::Prune) => Some("15"),
        Some(ActKind::Reveal) => Some("6"),
        Some(_) => None,
        None if reading::discloses(event) => Some("11"),
        None if reading::receives(event) => Some("12"),
        None if event.decision.is_some() => Some("10"),
        None => None,
    }
}
