use std::collections::BTreeMap;

use super::{Json, NodeId, string};

/// Changes to a document, each a splice in its bytes.
///
/// An edit of a node replaces an earlier one of the same node. An edit within a value that is itself replaced is lost
/// with it.
pub struct Edits<'j> {
    json: &'j Json<'j>,
    by_node: BTreeMap<NodeId, Vec<u8>>,
}

impl<'j> Edits<'j> {
    pub(super) fn new(json: &'j Json<'_>) -> Self {
        Self { json, by_node: BTreeMap::new() }
    }

    /// Replaces a value by a string. An id that is not of this document changes nothing.
    pub fn set_string(&mut self, id: NodeId, text: &str) {
        let mut literal = Vec::with_capacity(text.len() + 2);
        string::encode(text, &mut literal);
        self.insert(id, literal);
    }

    /// Replaces a value by JSON source. That it is JSON is the caller's part; nothing checks it. An id that is not of
    /// this document changes nothing.
    pub fn set_raw(&mut self, id: NodeId, source: &[u8]) {
        self.insert(id, source.to_vec());
    }

    /// Renames a member. `id` is that of the name, or of the value that stands under it; any other changes nothing.
    /// That the object does not have the name already is the caller's part.
    pub fn set_key(&mut self, id: NodeId, name: &str) {
        let Some(node) = self.json.node(id) else { return };
        let key = if node.is_key() { Some(node) } else { node.key_node() };
        if let Some(key) = key {
            self.set_string(key.id(), name);
        }
    }

    fn insert(&mut self, id: NodeId, bytes: Vec<u8>) {
        if self.json.node(id).is_some() {
            self.by_node.insert(id, bytes);
        }
    }

    /// Whether nothing is changed.
    pub fn is_empty(&self) -> bool {
        self.by_node.is_empty()
    }

    /// The document with the changes; all else is byte for byte what was parsed.
    pub fn apply(&self) -> Vec<u8> {
        let bytes = self.json.bytes();
        let added: usize = self.by_node.values().map(Vec::len).sum();
        let mut out = Vec::with_capacity(bytes.len() + added);
        let mut done = 0;
        // Ids are in document order, and a container comes before what is in it.
        for (&id, replacement) in &self.by_node {
            let record = self.json.record(id);
            if record.start < done {
                continue;
            }
            out.extend_from_slice(&bytes[done..record.start]);
            out.extend_from_slice(replacement);
            done = record.end;
        }
        out.extend_from_slice(&bytes[done..]);
        out
    }
}

impl std::fmt::Debug for Edits<'_> {
    /// A count only: the text may be protected health information.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Edits").field("count", &self.by_node.len()).finish_non_exhaustive()
    }
}
