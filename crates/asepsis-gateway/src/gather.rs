//! Between the JSON of a request and the pieces that the way of an exchange inspects and rewrites.
//!
//! Every string of a request is looked at, not a list of known fields: a field that nobody thought of would leak. Strings
//! that the protocol needs to the letter (ids, names of tools, roles) are rigid: they are not rewritten, and the request is
//! refused where an identifier is seen in one.

use std::collections::BTreeSet;

use asepsis_document::json::{Json, Kind, Limits, Node, NodeId};
use asepsis_exchange::{Content, Piece, Record};
use asepsis_vocab::Origin;

use crate::fault::Fault;

/// The pieces of a request, and where each goes back.
pub(crate) struct Gathered {
    pub(crate) pieces: Vec<Piece>,
    targets: Vec<Target>,
    /// Strings that are themselves JSON: the arguments of a tool call, the result of one.
    nested: Vec<Nested>,
    /// The first piece that is somebody's words to the model.
    speech: Option<usize>,
    /// The ids of calls whose results are the organisation's own.
    own: BTreeSet<String>,
    /// The objects of the nested.
    records: Vec<Record>,
}

struct Nested {
    holder: NodeId,
    /// Where the text stands that it is.
    place: String,
    source: String,
}

#[derive(Clone, Copy)]
struct Target {
    /// The document: the request itself, or one of the nested.
    document: Option<usize>,
    node: NodeId,
    is_key: bool,
}

/// What may be done with a string.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Inspected and rewritten.
    Text,
    /// Kept to the letter, and refused where an identifier is seen in it.
    Rigid,
    /// Random bytes from a vendor, kept to the letter: base64.
    Opaque,
}

/// Where in the request the walk is.
#[derive(Clone, Copy, Default)]
struct Place {
    /// Within values whose names are the user's own (arguments of tools, metadata): a name says what its value is.
    free: bool,
    /// Within the definition of a tool or the choice of one: names of functions are rigid.
    tool: bool,
    /// Within a JSON schema: names of properties and required ones are rigid.
    schema: bool,
    /// Who wrote it.
    origin: Author,
    /// Within what a tool is, as whoever offers it describes it.
    definition: bool,
    /// Within what a tool returned.
    result: bool,
}

/// Who wrote a part of a request; staff where nothing says otherwise.
#[derive(Clone, Copy)]
struct Author(Origin);

impl Default for Author {
    fn default() -> Self {
        Self(Origin::Staff)
    }
}

/// Names whose values the protocols need to the letter.
const RIGID: [&str; 23] = [
    "model",
    "role",
    "type",
    "id",
    "tool_call_id",
    "tool_use_id",
    "object",
    "service_tier",
    "finish_reason",
    "stop_reason",
    "media_type",
    "detail",
    "effort",
    "reasoning_effort",
    "verbosity",
    "ttl",
    "format",
    "mode",
    "syntax",
    "$schema",
    "$ref",
    "thinking",
    "truncation",
];

/// Names whose values are a vendor's own sealed bytes.
const OPAQUE: [&str; 3] = ["signature", "encrypted_content", "data"];

/// Sealed bytes are longer than this; what is shorter may be an identifier that has the letters of base64.
const SHORTEST_SEALED: usize = 64;

/// The other names of the two protocols. What stands under a name that is not among them is the user's own.
const PROTOCOL: [&str; 52] = [
    "messages",
    "content",
    "text",
    "system",
    "name",
    "description",
    "user",
    "stop",
    "stop_sequences",
    "stream",
    "stream_options",
    "include_usage",
    "tools",
    "tool_choice",
    "tool_calls",
    "function",
    "functions",
    "function_call",
    "parallel_tool_calls",
    "disable_parallel_tool_use",
    "parameters",
    "input_schema",
    "response_format",
    "output_config",
    "output_format",
    "json_schema",
    "schema",
    "strict",
    "cache_control",
    "citations",
    "enabled",
    "is_error",
    "refusal",
    "store",
    "logprobs",
    "top_logprobs",
    "logit_bias",
    "max_tokens",
    "max_completion_tokens",
    "budget_tokens",
    "n",
    "seed",
    "temperature",
    "top_p",
    "top_k",
    "frequency_penalty",
    "presence_penalty",
    "modalities",
    "reasoning",
    "index",
    "created",
    "prompt_cache_key",
];

/// Names in a JSON schema whose numbers are values, not bounds.
const SCHEMA_VALUES: [&str; 5] = ["enum", "const", "default", "examples", "example"];

/// Names of objects that say whom the object around them is about, in small letters and without marks.
const ABOUT: [&str; 11] = [
    "patient",
    "subject",
    "identifier",
    "beneficiary",
    "person",
    "member",
    "individual",
    "demographics",
    "patientinfo",
    "patientdetails",
    "patientdata",
];

/// The most texts of a request, those within texts that are JSON themselves included. Each takes memory of its own.
const MOST_PIECES: usize = 250_000;

/// Numbers with fewer digits than this identify nobody by themselves.
const SHORTEST_NUMBER: usize = 5;

impl Gathered {
    /// Gathers the pieces of a request.
    ///
    /// `own` are the ids of calls of tools whose results are the organisation's own and nobody else's words.
    pub(crate) fn from(json: &Json<'_>, limits: &Limits, own: BTreeSet<String>) -> Result<Self, Fault> {
        let (pieces, targets, nested, records) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        let mut gathered = Self { pieces, targets, nested, speech: None, own, records };
        gathered.walk(json.root(), Place::default(), None, limits)?;
        Ok(gathered)
    }

    /// Hands the pieces over.
    pub(crate) fn content(&mut self, conversation: Vec<u8>, request_bytes: usize) -> Content {
        let pieces = std::mem::take(&mut self.pieces);
        Content {
            pieces,
            records: std::mem::take(&mut self.records),
            conversation,
            notice_at: self.speech,
            request_bytes: request_bytes as u64,
            ..Content::default()
        }
    }

    /// The request with the new texts in their places; all else is byte for byte as it came.
    pub(crate) fn rewrite(&self, json: &Json<'_>, texts: &[Option<String>], limits: &Limits) -> Result<Vec<u8>, Fault> {
        let mut edits = json.edits();
        for document in 0..self.nested.len() {
            let changes = self.changes(Some(document), texts);
            if changes.is_empty() {
                continue;
            }
            let nested = &self.nested[document];
            // It was read once already, so this cannot fail; if it does, nothing may leave.
            let inner = Json::parse(nested.source.as_bytes(), limits).map_err(|_| unreadable())?;
            let mut inner_edits = inner.edits();
            for (target, text) in changes {
                set(&mut inner_edits, target, text);
            }
            let source = String::from_utf8(inner_edits.apply()).map_err(|_| unreadable())?;
            edits.set_string(nested.holder, &source);
        }
        for (target, text) in self.changes(None, texts) {
            set(&mut edits, target, text);
        }
        Ok(edits.apply())
    }

    fn changes<'t>(&self, document: Option<usize>, texts: &'t [Option<String>]) -> Vec<(Target, &'t str)> {
        self.targets
            .iter()
            .zip(texts)
            .filter(|(target, _)| target.document == document)
            .filter_map(|(target, text)| Some((*target, text.as_deref()?)))
            .collect()
    }

    fn walk(&mut self, node: Node<'_>, place: Place, document: Option<usize>, limits: &Limits) -> Result<(), Fault> {
        if self.pieces.len() > MOST_PIECES {
            return Err(Fault::invalid(format!("{}: the request holds more than {MOST_PIECES} texts", node.path())));
        }
        match node.kind() {
            Kind::Object => {
                let place = place.within(node, &self.own);
                let record = document.map(|_| self.open_record(node));
                for (key, value) in node.members() {
                    // A name that is no plain word may be an identifier: {"Martha Collins": ...}, {"123-45-6789": ...}.
                    if let Some(name) = value.key_node().filter(|_| !is_plain_name(&key)) {
                        let piece =
                            Piece { origin: place.origin.0, ..Piece::new(key.clone().into_owned(), String::new()) };
                        self.add(name, piece, document, Use::Text, true);
                    }
                    self.walk(value, place.under(&key, value), document, limits)?;
                }
                if let Some(record) = record {
                    self.records[record].pieces.end = self.pieces.len();
                }
                Ok(())
            }
            Kind::Array => node.items().try_for_each(|item| self.walk(item, place, document, limits)),
            Kind::String => self.string(node, place, document, limits),
            Kind::Number => {
                self.number(node, place, document);
                Ok(())
            }
            Kind::Bool | Kind::Null => Ok(()),
        }
    }

    fn string(&mut self, node: Node<'_>, place: Place, document: Option<usize>, limits: &Limits) -> Result<(), Fault> {
        let text = node.as_str().unwrap_or_default();
        let key = enclosing_name(node);
        let usage = place.usage(node, key.as_deref(), &text);
        match usage {
            Use::Opaque => return Ok(()),
            Use::Text if document.is_none() => {
                let trimmed = text.trim_start();
                if trimmed.starts_with(['{', '['])
                    && let Ok(inner) = Json::parse(text.as_bytes(), limits)
                {
                    self.nested.push(Nested {
                        holder: node.id(),
                        place: node.path().to_string(),
                        source: text.clone().into_owned(),
                    });
                    let Place { origin, definition, result, .. } = place;
                    let free = Place { free: true, origin, definition, result, ..Place::default() };
                    return self.walk(inner.root(), free, Some(self.nested.len() - 1), limits);
                }
            }
            _ => {}
        }
        if holds_data_uri(&text) {
            return Err(Fault::invalid(format!(
                "{} holds an encoded file; files and images cannot be inspected yet and are not sent. Send their text",
                node.path()
            )));
        }
        let spoken = key.as_deref().is_some_and(|key| ["content", "text", "system"].contains(&key));
        let is_speech =
            spoken && usage == Use::Text && document.is_none() && !(place.free || place.tool || place.schema);
        if self.speech.is_none() && is_speech && !text.is_empty() {
            self.speech = Some(self.pieces.len());
        }
        let field = place.free.then(|| key.map(std::borrow::Cow::into_owned)).flatten();
        let piece = Piece { field, is_speech, ..place.piece(text.into_owned()) };
        self.add(node, piece, document, usage, false);
        Ok(())
    }

    /// Numbers are looked at where the user's own names say what they are: {"mrn": 12345678}.
    fn number(&mut self, node: Node<'_>, place: Place, document: Option<usize>) {
        let spelled = node.as_number().unwrap_or_default();
        let field = enclosing_name(node).map(std::borrow::Cow::into_owned);
        let is_value = place.free || (place.schema && field.as_deref().is_some_and(|f| SCHEMA_VALUES.contains(&f)));
        if is_value && digits(spelled) >= SHORTEST_NUMBER {
            let piece = Piece { field, ..place.piece(spelled.to_owned()) };
            self.add(node, piece, document, Use::Text, false);
        }
    }

    /// Notes that an object begins here; gives its number.
    fn open_record(&mut self, node: Node<'_>) -> usize {
        let about = enclosing_name(node).is_some_and(|name| {
            let name: String =
                name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).take(32).collect();
            ABOUT.contains(&name.as_str())
        });
        self.records.push(Record { pieces: self.pieces.len()..self.pieces.len(), about });
        self.records.len() - 1
    }

    fn add(&mut self, node: Node<'_>, piece: Piece, document: Option<usize>, usage: Use, is_key: bool) {
        if piece.text.is_empty() {
            return;
        }
        let place = match document {
            None => node.path().to_string(),
            Some(document) => format!("{} > {}", self.nested[document].place, node.path()),
        };
        self.pieces.push(Piece { place, rigid: usage == Use::Rigid, ..piece });
        self.targets.push(Target { document, node: node.id(), is_key });
    }
}

impl Place {
    /// The place of the members of this object: a message or a part of one says who wrote it.
    fn within(mut self, node: Node<'_>, own: &BTreeSet<String>) -> Self {
        let says = |name| node.get(name).and_then(Node::as_str);
        if self.free || self.schema || self.definition {
            return self;
        }
        let staff = self.origin.0 == Origin::Staff;
        let answers = |name| says(name).is_some_and(|id| own.contains(id.as_ref()));
        self.result |= matches!(says("role").as_deref(), Some("tool" | "function"))
            || says("type").as_deref() == Some("tool_result");
        if staff && (answers("tool_call_id") || answers("tool_use_id")) {
            return self;
        }
        match says("role").as_deref() {
            // Within what a tool returned nobody becomes anybody else.
            Some("system" | "developer") if staff => self.origin = Author(Origin::System),
            Some("assistant") if staff => self.origin = Author(Origin::Model),
            Some("tool" | "function") => self.origin = Author(Origin::Tool),
            _ => {}
        }
        match says("type").as_deref() {
            Some("tool_result") => self.origin = Author(Origin::Tool),
            Some("tool_use") if staff => self.origin = Author(Origin::Model),
            _ => {}
        }
        self
    }

    /// A piece that stands here.
    fn piece(self, text: String) -> Piece {
        Piece {
            origin: self.origin.0,
            is_definition: self.definition,
            is_result: self.result,
            ..Piece::new(text, String::new())
        }
    }

    fn under(self, key: &str, value: Node<'_>) -> Self {
        let mut place = self;
        match key {
            // Property names of a schema are protocol words at one level and the tool's own at the next; both are rigid
            // where they are plain, which names that are not plain never are.
            "parameters" | "input_schema" | "json_schema" => place.schema = true,
            "tools" | "functions" if !place.free && !place.tool => {
                place.tool = true;
                place.definition = true;
                place.origin = Author(Origin::Tool);
            }
            "system" if !place.free && !place.tool && !place.schema => place.origin = Author(Origin::System),
            "tools" | "tool_choice" | "functions" | "function_call" | "tool_calls" => place.tool = true,
            "input" | "metadata" => place.free |= value.kind() == Kind::Object,
            "arguments" => {
                place.free = true;
                place.tool = false;
            }
            _ if self.tool || self.schema => {}
            _ => place.free |= !(PROTOCOL.contains(&key) || RIGID.contains(&key) || OPAQUE.contains(&key)),
        }
        place
    }

    fn usage(self, node: Node<'_>, key: Option<&str>, text: &str) -> Use {
        let Some(key) = key else { return Use::Text };
        if self.free {
            return Use::Text;
        }
        if OPAQUE.contains(&key) && text.len() >= SHORTEST_SEALED && is_base64(text) {
            return Use::Opaque;
        }
        // A thinking block is sealed by a signature over its words.
        let sealed = key == "thinking" && node.parent().is_some_and(|block| block.get("signature").is_some());
        let to_the_letter = RIGID.contains(&key) || (self.tool && key == "name");
        let property = self.schema && key == "required" && is_plain_name(text);
        // What has spaces in it is no id and no name of a function: it is somebody's words.
        if sealed || property || (to_the_letter && is_token(text)) {
            return Use::Rigid;
        }
        Use::Text
    }
}

/// The name under which a value stands, also when it stands in an array under that name; an element of `content` or
/// `messages` is under nothing of its own.
fn enclosing_name(node: Node<'_>) -> Option<std::borrow::Cow<'_, str>> {
    let mut node = node;
    loop {
        if let Some(key) = node.key() {
            return Some(key);
        }
        node = node.parent()?;
    }
}

fn set(edits: &mut asepsis_document::json::Edits<'_>, target: Target, text: &str) {
    if target.is_key { edits.set_key(target.node, text) } else { edits.set_string(target.node, text) }
}

/// Whether a member's name is a plain word. One that begins with a capital letter may be a person's, and one with many
/// digits a number's.
fn is_plain_name(key: &str) -> bool {
    (1..=64).contains(&key.len())
        && key.starts_with(|c: char| c.is_ascii_lowercase() || c == '_' || c == '$')
        && key.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-$.".contains(&b))
        && digits(key) < SHORTEST_NUMBER
}

fn is_token(text: &str) -> bool {
    text.len() <= 256 && text.bytes().all(|b| b.is_ascii_graphic())
}

fn digits(text: &str) -> usize {
    text.bytes().filter(u8::is_ascii_digit).count()
}

/// Whether a file stands in the text, encoded: `data:image/png;base64,`.
fn holds_data_uri(text: &str) -> bool {
    const LONGEST_HEAD: usize = 256;
    let bytes = text.as_bytes();
    let ends_in = |at: usize, word: &[u8]| at >= word.len() && bytes[at - word.len()..at].eq_ignore_ascii_case(word);
    text.match_indices(',').filter(|(comma, _)| ends_in(*comma, b";base64")).any(|(comma, _)| {
        bytes[comma.saturating_sub(LONGEST_HEAD)..comma].windows(5).any(|w| w.eq_ignore_ascii_case(b"data:"))
    })
}

fn is_base64(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=_-".contains(&b))
}

fn unreadable() -> Fault {
    Fault::new(http::StatusCode::INTERNAL_SERVER_ERROR, "internal", "a part of the request could not be read again")
}
