//! A streamed answer on its way back: event by event, each text in its own lane.

mod held;
mod lanes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use asepsis_document::json::{self, Json, Node};
use asepsis_document::sse;
use asepsis_exchange::{Admitted, Ending, Lane};
use asepsis_vocab::ExchangeId;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::mpsc;

use crate::body::Cut;
use crate::closing::Closing;
use crate::fault::Fault;
use crate::labels::Labels;
use crate::marks::{Holds, Marks};
use crate::place::Place;
use crate::release::{Asked, Kept, too_long};
use crate::restore::{LaneId, Part, Reading};
use crate::said::Said;
use crate::settings::{Limits, Protocol};
use crate::switch::{self, Switch};
use crate::tools::Desk;

/// The most texts that an answer may interleave; each takes memory of its own.
const MOST_LANES: usize = 1024;

/// Takes a streamed answer from the AI system to the client.
pub(crate) struct Relay {
    protocol: Protocol,
    limits: Limits,
    admitted: Admitted,
    switch: Switch,
    closing: Closing,
    client: mpsc::Sender<Bytes>,
    cut: Arc<Cut>,
    lanes: BTreeMap<LaneId, Text>,
    /// Choices that have begun and not ended.
    open: BTreeSet<u64>,
    begun: bool,
    /// An event of this answer, from which those that we have to add take what surrounds the text.
    envelope: Option<String>,
    /// Events that end the answer: they wait until its record is durable.
    last: Vec<u8>,
    /// Where in them what we say ourselves goes: behind all that was said.
    place: Place,
    answer_bytes: u64,
    /// What we say around what the model says.
    said: Said,
    /// Judges the calls of tools.
    desk: Desk,
    /// Texts that are given back whole, because they are labelled at their end: FHIR, and what goes into a record.
    whole: BTreeMap<LaneId, String>,
    labels: Labels,
    /// What the model says to the person, as it is given back, choice by choice.
    spoken: BTreeMap<u64, String>,
    holds: Holds,
    /// Whether a patient reads it before anybody else does.
    unread: bool,
    marks: Marks,
    /// Whether people are told of marks in the answer.
    notes_marks: bool,
    /// Why the answer may not go on.
    held: Option<Fault>,
    /// A copy of all that was given out, where the answer may come to wait for a person.
    kept: Option<Kept>,
    /// The request, and headers of the answer, for the same.
    asked: Option<(Asked, Vec<(String, String)>)>,
}

/// A text on its way back.
enum Text {
    /// Only its beginning came, which does not tell yet how it is to be read.
    Opening(String),
    /// It is read and restored; the second says whether a person reads it, and no program.
    Lane(Box<Lane>, bool),
}

/// How the relaying came to its end.
enum End {
    /// The answer is whole.
    Whole,
    /// The AI system told the client of an error itself.
    ToldByUpstream,
    /// The client is no longer there.
    ClientGone,
    /// Something went wrong, and the client has to be told.
    Fault(Fault),
}

impl Relay {
    pub(crate) fn new(
        protocol: Protocol,
        limits: Limits,
        (admitted, switch): (Admitted, Switch),
        closing: Closing,
        (client, cut): (mpsc::Sender<Bytes>, Arc<Cut>),
    ) -> Self {
        let labels = Labels::of(&admitted);
        Self {
            protocol,
            limits,
            admitted,
            switch,
            closing,
            client,
            cut,
            lanes: BTreeMap::new(),
            open: BTreeSet::new(),
            begun: false,
            envelope: None,
            last: Vec::new(),
            place: Place::default(),
            answer_bytes: 0,
            said: Said::default(),
            desk: Desk::new(Arc::default(), None),
            whole: BTreeMap::new(),
            labels,
            spoken: BTreeMap::new(),
            holds: Holds::default(),
            unread: false,
            marks: Marks::default(),
            notes_marks: false,
            held: None,
            kept: None,
            asked: None,
        }
    }

    /// The same with this around what the model says.
    pub(crate) fn saying(self, said: Said) -> Self {
        Self { said, ..self }
    }

    /// The same with this judging the calls of tools. With a request, what a person may release is held for one.
    pub(crate) fn judging(self, desk: Desk, asked: Option<(Asked, Vec<(String, String)>)>) -> Self {
        Self { desk, kept: asked.as_ref().map(|_| Kept::default()), asked, ..self }
    }

    /// The same, held to its end where its review may hold it.
    pub(crate) fn holding(self, holds: Holds, unread: bool, notes_marks: bool) -> Self {
        Self { holds, unread, notes_marks, ..self }
    }

    /// The end of the answer, with its marks before it: as a comment of the stream for programs, and for people where there is still room
    /// for it.
    fn marked(&mut self) -> Vec<u8> {
        let mut marks = Vec::new();
        if let Some(line) = self.marks.line() {
            marks.extend_from_slice(format!(": x-asepsis-marks: {line}\n\n").as_bytes());
        }
        if let Some(note) = self.marks.note().filter(|_| self.notes_marks) {
            match self.protocol {
                Protocol::OpenAi => {
                    let id = LaneId { index: 0, part: Part::Content, tool: 0 };
                    self.add_event(id, &note, &mut marks);
                }
                Protocol::Anthropic => self.place.block(&note, &mut marks),
            }
        }
        self.place.put(marks, std::mem::take(&mut self.last))
    }

    /// Whether nothing is given out before the whole was reviewed.
    fn waits(&self) -> bool {
        self.holds == Holds::All || (self.holds == Holds::Patients && self.unread)
    }

    /// Reviews what was said. Why it is held, where it is.
    async fn review(&mut self) -> Option<Fault> {
        let spoken: Vec<String> = std::mem::take(&mut self.spoken).into_values().collect();
        let flags = self.admitted.review(spoken.clone()).await;
        self.marks = Marks::new(flags, &spoken, self.said.before());
        self.marks.hold(self.holds, self.unread).filter(|_| self.waits())
    }

    /// Relays until one side ends, and records the outcome before the last byte goes out.
    pub(crate) async fn run(mut self, body: Incoming) {
        let end = match self.relay(body).await {
            End::Whole => match self.review().await {
                None => End::Whole,
                Some(fault) => End::Fault(fault),
            },
            end => end,
        };
        if matches!(end, End::Whole) && self.desk.waits() {
            return self.hold().await;
        }
        let exchange = self.admitted.id();
        let (status, last) = match end {
            End::Whole => {
                let mut last = self.kept.as_mut().map(Kept::rest).unwrap_or_default();
                last.append(&mut self.marked());
                ("completed", last)
            }
            End::ToldByUpstream => ("upstream_error", std::mem::take(&mut self.last)),
            End::ClientGone => ("client_gone", Vec::new()),
            End::Fault(fault) => {
                if fault.code == "stopped" {
                    self.cut.make();
                }
                let status = if fault.code == "upstream_broke_off" { "truncated" } else { fault.log_status() };
                (status, error_event(self.protocol, &fault, exchange))
            }
        };
        self.collect();
        let ending = Ending { answer_bytes: self.answer_bytes, ..self.closing.ending(status) };
        let last = match self.closing.finish(self.admitted, ending).await {
            Ok(()) => last,
            Err(fault) => error_event(self.protocol, &fault, exchange),
        };
        if status == "stopped" {
            self.cut.end_with(Bytes::from(last));
        } else if !last.is_empty() {
            // A client that left in this moment has everything but the end, and the record says that it was sent.
            tokio::time::timeout(self.limits.client_idle, self.client.send(Bytes::from(last))).await.ok();
        }
    }

    /// What was not given out to its end counts as well.
    fn collect(&mut self) {
        for text in std::mem::take(&mut self.lanes).into_values() {
            if let Text::Lane(lane, _) = text {
                self.admitted.collect(*lane);
            }
        }
    }

    async fn relay(&mut self, mut body: Incoming) -> End {
        let mut parser = sse::Parser::new(self.limits.event_bytes);
        let mut events = Vec::new();
        loop {
            let frame = tokio::select! {
                () = self.client.closed() => return End::ClientGone,
                fault = self.switch.pulled() => return End::Fault(fault),
                frame = tokio::time::timeout(self.limits.upstream_idle, body.frame()) => frame,
            };
            let data = match frame {
                Err(_) => return End::Fault(silent(&self.limits)),
                Ok(Some(Err(_))) => return End::Fault(broke_off()),
                Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
                Ok(None) => return self.at_end(parser),
            };
            self.answer_bytes += data.len() as u64;
            if self.answer_bytes > self.limits.answer_bytes {
                return End::Fault(Fault::upstream(
                    "answer_too_large",
                    format!("the answer of the AI system is over the limit of {} bytes", self.limits.answer_bytes),
                ));
            }
            let parsed = parser.push(&data, &mut events);
            let mut out = Vec::new();
            for event in events.drain(..) {
                let end = self.event(&event, &mut out);
                if let Some(kept) = &mut self.kept {
                    kept.add(&mut out, self.desk.waits() || self.desk.is_undecided());
                }
                if let Some(end) = end {
                    let out = self.kept.as_mut().map_or(out, Kept::take);
                    return match self.give(out).await {
                        Some(gone) => gone,
                        None => end,
                    };
                }
            }
            if let Some(kept) = &mut self.kept {
                if kept.is_full() {
                    return End::Fault(too_long());
                }
                out = kept.take();
            }
            if let Some(end) = self.give(out).await {
                return end;
            }
            if let Err(error) = parsed {
                return End::Fault(Fault::upstream("upstream_broken", error.to_string()));
            }
            if self.last.len() > self.limits.event_bytes && !self.waits() {
                return End::Fault(Fault::upstream(
                    "upstream_broken",
                    "the answer goes on after it said that it ended",
                ));
            }
        }
    }

    /// The body ended. That is an end of the answer where all that had begun was said to be ended.
    fn at_end(&mut self, parser: sse::Parser) -> End {
        let whole = self.protocol == Protocol::OpenAi && self.begun && self.open.is_empty();
        match parser.finish() {
            Ok(finish) if whole && !finish.is_cut_off() => {
                let mut rest = Vec::new();
                self.flush(None, &mut rest);
                if let Some(fault) = self.held.take().or_else(|| self.desk.judge(&mut self.admitted, |_| true)) {
                    return End::Fault(fault);
                }
                self.place.after(rest.len(), self.last.len());
                rest.append(&mut self.last);
                self.last = rest;
                End::Whole
            }
            _ => End::Fault(broke_off()),
        }
    }

    /// Takes one event; what may go out at once goes to `out`. Gives an end where the event is one.
    fn event(&mut self, event: &sse::Event, out: &mut Vec<u8>) -> Option<End> {
        if !event.has_data {
            out.extend_from_slice(&event.raw);
            return None;
        }
        if event.data == "[DONE]" {
            let mut rest = Vec::new();
            self.flush(None, &mut rest);
            if let Some(fault) = self.held.take().or_else(|| self.desk.judge(&mut self.admitted, |_| true)) {
                return Some(End::Fault(fault));
            }
            self.place.after(rest.len(), self.last.len());
            rest.append(&mut self.last);
            rest.extend_from_slice(&event.raw);
            self.last = rest;
            return Some(End::Whole);
        }
        let limits = json::Limits { max_depth: self.limits.depth, ..json::Limits::default() };
        let Ok(json) = Json::parse(event.data.as_bytes(), &limits) else {
            return Some(End::Fault(Fault::upstream("upstream_broken", "an event of the answer is no JSON")));
        };
        let calls = switch::calls(self.protocol, &json);
        self.desk.take(&calls);
        self.place.calls(!calls.is_empty());
        if let Some(fault) = self.switch.calls(&calls) {
            return Some(End::Fault(fault));
        }
        let reading = Reading::of(self.protocol, &json);
        // A name is whole where its arguments begin, or where what it stands in ends; until then nothing can be called by it.
        let whole = |at: (u64, u64)| {
            let argued = |(lane, _): &(LaneId, _)| lane.call() == Some(at);
            let named_at_once = self.protocol == Protocol::Anthropic;
            named_at_once || reading.last || reading.ended.contains(&at.0) || reading.fragments.iter().any(argued)
        };
        if let Some(fault) = self.desk.judge(&mut self.admitted, whole) {
            return Some(End::Fault(fault));
        }
        self.begun = true;
        self.open.extend(&reading.opened);
        self.place.opened(&reading.opened);
        if self.lanes.len() + reading.fragments.len() > MOST_LANES || self.open.len() > MOST_LANES {
            return Some(End::Fault(Fault::upstream("upstream_broken", "the answer interleaves too many texts")));
        }
        if self.protocol == Protocol::OpenAi {
            self.envelope = Some(event.data.clone());
        }
        let mut edits = json.edits();
        for (lane, node) in &reading.fragments {
            let text = json.node(*node).and_then(Node::as_str).unwrap_or_default();
            let mut restored = String::with_capacity(text.len());
            self.push(*lane, &text, &mut restored);
            if reading.ended.contains(&lane.index) {
                self.end_lane(*lane, &mut restored);
            }
            if restored != text {
                edits.set_string(*node, &restored);
            }
        }
        if let Some(leak) = self.leak() {
            return Some(End::Fault(Fault::leak(leak)));
        }
        if let Some(fault) = self.held.take() {
            return Some(End::Fault(fault));
        }
        let mut bytes = Vec::new();
        for index in &reading.ended {
            self.flush(Some(*index), &mut bytes);
            self.open.remove(index);
        }
        if reading.last || reading.error {
            self.flush(None, &mut bytes);
        }
        if let Some(fault) = self.held.take() {
            return Some(End::Fault(fault));
        }
        // From here on nothing but the end is to come; it waits for the record.
        let ends = reading.last || reading.closes || reading.error || (!reading.ended.is_empty() && self.ends_openly());
        if ends {
            self.place.ends(self.last.len() + bytes.len());
        }
        if edits.is_empty() {
            bytes.extend_from_slice(&event.raw);
        } else {
            let data = String::from_utf8(edits.apply()).unwrap_or_default();
            sse::write_event(&mut bytes, event.event.as_deref(), &data);
        }
        if ends || !self.last.is_empty() || self.waits() {
            self.last.append(&mut bytes);
        } else {
            out.append(&mut bytes);
        }
        if reading.error {
            return Some(End::ToldByUpstream);
        }
        reading.last.then_some(End::Whole)
    }

    /// Gives bytes to the client, which may take its time, within limits.
    async fn give(&mut self, bytes: Vec<u8>) -> Option<End> {
        if bytes.is_empty() {
            return None;
        }
        let given = tokio::select! {
            biased;
            given = tokio::time::timeout(self.limits.client_idle, self.client.send(Bytes::from(bytes))) => given,
            // Here the client is slow, and what it has not taken yet it does not get.
            fault = self.switch.pulled() => return Some(End::Fault(fault)),
        };
        match given {
            Ok(Ok(())) => None,
            // A client that takes nothing for so long holds the AI system's connection for nothing.
            Ok(Err(_)) | Err(_) => Some(End::ClientGone),
        }
    }
}

fn broke_off() -> Fault {
    Fault::upstream(
        "upstream_broke_off",
        "the AI system broke its answer off; what came is not complete and must not be relied on",
    )
}

fn silent(limits: &Limits) -> Fault {
    Fault::new(
        http::StatusCode::GATEWAY_TIMEOUT,
        "upstream_timeout",
        format!(
            "the AI system fell silent for {} s; what came is not complete and must not be relied on",
            limits.upstream_idle.as_secs()
        ),
    )
}

/// The error as an event of the protocol's stream. No closing event follows, so that no client takes a part for the whole.
fn error_event(protocol: Protocol, fault: &Fault, exchange: ExchangeId) -> Vec<u8> {
    let mut out = Vec::new();
    let name = (protocol == Protocol::Anthropic).then_some("error");
    sse::write_event(&mut out, name, &fault.body(protocol, &exchange.to_string()));
    out
}
