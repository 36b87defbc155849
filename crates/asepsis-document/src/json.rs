//! A lossless view over JSON (RFC 8259).
//!
//! [`Json::parse`] lays the values down as a flat tape of [`Node`]s over the bytes. [`Edits`] are splices: key order,
//! white space, the spelling of numbers and unknown fields stay as they are.
//!
//! The parser is stricter than most. It refuses a repeated member name, because two readers would disagree about which
//! counts; half of a surrogate pair, because it is no text; a byte order mark; and anything but UTF-8. It keeps a
//! number of any size as it is spelled. It does not recurse, so deep nesting is an error and no crash.

mod edits;
mod error;
mod node;
mod parser;
mod path;
mod string;

pub use edits::Edits;
pub use error::{JsonError, JsonErrorKind};
pub use node::{Items, Kind, Leaf, LeafKind, Members, Node, NodeId};
pub use path::JsonPath;

use node::Record;

/// How much a document may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most arrays and objects within each other. A scalar alone has depth 0.
    pub max_depth: usize,
    /// The most nodes: values and member names together. A node takes 32 bytes of memory.
    pub max_nodes: usize,
}

impl Default for Limits {
    /// 128 levels and a million nodes.
    fn default() -> Self {
        Self { max_depth: 128, max_nodes: 1_000_000 }
    }
}

/// A parsed document: the bytes as they came, and the tape of what stands where.
pub struct Json<'a> {
    bytes: &'a [u8],
    tape: Vec<Record>,
}

impl<'a> Json<'a> {
    /// Parses a whole document.
    ///
    /// # Errors
    /// The first place at which `bytes` is no strict JSON or passes a limit; see [`JsonErrorKind`].
    pub fn parse(bytes: &'a [u8], limits: &Limits) -> Result<Self, JsonError> {
        let tape = parser::parse(bytes, limits).map_err(|fault| JsonError::locate(bytes, fault))?;
        Ok(Self { bytes, tape })
    }

    /// The bytes that were parsed.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The outermost value.
    pub fn root(&self) -> Node<'_> {
        Node::new(self, NodeId::ROOT)
    }

    /// The node of an id of this document; `None` for an id of another that is larger.
    pub fn node(&self, id: NodeId) -> Option<Node<'_>> {
        (id.index() < self.tape.len()).then(|| Node::new(self, id))
    }

    /// Every member name, string and number, in document order: all that can carry an identifier.
    pub fn leaves(&self) -> impl Iterator<Item = Leaf<'_>> {
        (0..self.tape.len()).filter_map(|i| Leaf::of(Node::new(self, NodeId::at(i))))
    }

    /// No edits yet.
    pub fn edits(&self) -> Edits<'_> {
        Edits::new(self)
    }

    fn record(&self, id: NodeId) -> &Record {
        &self.tape[id.index()]
    }
}

impl std::fmt::Debug for Json<'_> {
    /// Sizes only: the text may be protected health information.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Json").field("bytes", &self.bytes.len()).field("nodes", &self.tape.len()).finish()
    }
}
