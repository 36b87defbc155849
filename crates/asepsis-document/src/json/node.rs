use std::borrow::Cow;
use std::ops::Range;

use super::{Json, JsonPath, string};

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `{...}`
    Object,
    /// `[...]`
    Array,
    /// `"..."`, also a member name
    String,
    /// A number as it is spelled.
    Number,
    /// `true` or `false`
    Bool,
    /// `null`
    Null,
}

/// The name of a node within its document: its place on the tape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    pub(super) const ROOT: Self = Self(0);

    pub(super) fn at(index: usize) -> Self {
        Self(u32::try_from(index).expect("the parser keeps the tape below four billion nodes"))
    }

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// What the tape keeps of a node. Member names are nodes, each right before its value.
#[derive(Clone, Copy)]
pub(super) struct Record {
    pub(super) start: usize,
    pub(super) end: usize,
    /// The next node that is not within this one.
    pub(super) next: NodeId,
    pub(super) parent: NodeId,
    /// How many nodes stand before it directly in its parent.
    pub(super) position: u32,
    pub(super) kind: Kind,
    pub(super) is_key: bool,
    pub(super) has_escape: bool,
}

/// A value, or a member name, where it stands in its document.
#[derive(Clone, Copy)]
pub struct Node<'j> {
    json: &'j Json<'j>,
    id: NodeId,
}

impl<'j> Node<'j> {
    pub(super) fn new(json: &'j Json<'_>, id: NodeId) -> Self {
        Self { json, id }
    }

    fn record(self) -> &'j Record {
        self.json.record(self.id)
    }

    fn sibling(self, id: NodeId) -> Self {
        Self { json: self.json, id }
    }

    /// What the value is. A member name is a [`Kind::String`].
    pub fn kind(self) -> Kind {
        self.record().kind
    }

    /// Its name within the document, for [`Edits`](super::Edits).
    pub fn id(self) -> NodeId {
        self.id
    }

    /// The bytes of the document that it covers, quotation marks and brackets included.
    pub fn span(self) -> Range<usize> {
        self.record().start..self.record().end
    }

    /// Its bytes as they stand.
    pub fn raw(self) -> &'j [u8] {
        &self.json.bytes[self.span()]
    }

    /// Whether it is the name of a member and not a value.
    pub fn is_key(self) -> bool {
        self.record().is_key
    }

    /// The member of this name, if this is an object that has it. Looks through the members one by one.
    pub fn get(self, name: &str) -> Option<Node<'j>> {
        let mut children = self.children(Kind::Object);
        loop {
            let (key, value) = (children.next()?, children.next()?);
            if key.is_named(name) {
                return Some(value);
            }
        }
    }

    /// Whether it is the name of a member, and this one. Few names have escapes, and only those are read for it.
    fn is_named(self, name: &str) -> bool {
        let record = self.record();
        let inside = &self.json.bytes[record.start + 1..record.end - 1];
        if record.has_escape { string::decode(inside, true) == name } else { inside == name.as_bytes() }
    }

    /// The elements of an array; none of anything else.
    pub fn items(self) -> Items<'j> {
        Items { children: self.children(Kind::Array) }
    }

    /// The members of an object in document order; none of anything else.
    pub fn members(self) -> Members<'j> {
        Members { children: self.children(Kind::Object) }
    }

    fn children(self, of: Kind) -> Children<'j> {
        let first = self.id.index() + 1;
        let end = if self.kind() == of { self.record().next.index() } else { first };
        Children { json: self.json, next: first, end }
    }

    /// What a string means, if it is one; borrowed if nothing in it is escaped.
    pub fn as_str(self) -> Option<Cow<'j, str>> {
        let record = self.record();
        let inside = || &self.json.bytes[record.start + 1..record.end - 1];
        (record.kind == Kind::String).then(|| string::decode(inside(), record.has_escape))
    }

    /// The value of `true` or `false`.
    pub fn as_bool(self) -> Option<bool> {
        (self.kind() == Kind::Bool).then(|| self.raw() == b"true")
    }

    /// A number as it is spelled.
    pub fn as_number(self) -> Option<&'j str> {
        let text = || std::str::from_utf8(self.raw()).expect("a number is of ASCII");
        (self.kind() == Kind::Number).then(text)
    }

    /// A number without fraction or exponent, if it fits.
    pub fn as_u64(self) -> Option<u64> {
        self.as_number()?.parse().ok()
    }

    /// A number without fraction or exponent, if it fits.
    pub fn as_i64(self) -> Option<i64> {
        self.as_number()?.parse().ok()
    }

    /// The nearest floating-point number; `None` if it is too large for any.
    pub fn as_f64(self) -> Option<f64> {
        self.as_number()?.parse().ok().filter(|n: &f64| n.is_finite())
    }

    /// The array or object in which it stands; `None` for the root.
    pub fn parent(self) -> Option<Node<'j>> {
        (self.id != NodeId::ROOT).then(|| self.sibling(self.record().parent))
    }

    /// The node of the member name under which it stands; `None` if it stands under none, or is one.
    pub fn key_node(self) -> Option<Node<'j>> {
        let object = self.parent()?.kind() == Kind::Object;
        (object && !self.is_key()).then(|| self.sibling(NodeId::at(self.id.index() - 1)))
    }

    /// The member name under which it stands, or that it is.
    pub fn key(self) -> Option<Cow<'j, str>> {
        if self.is_key() { self.as_str() } else { self.key_node()?.as_str() }
    }

    /// Its place in an array, from 0; `None` if it is in none.
    pub fn index(self) -> Option<usize> {
        self.parent().filter(|p| p.kind() == Kind::Array).map(|_| self.record().position as usize)
    }

    /// The way to it from the root, fit for errors and logs. A member name has the path of its value.
    pub fn path(self) -> JsonPath {
        JsonPath::of(self)
    }
}

impl std::fmt::Debug for Node<'_> {
    /// Kind and place only: the text may be protected health information.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:?}[{}..{}]", self.kind(), self.record().start, self.record().end)
    }
}

struct Children<'j> {
    json: &'j Json<'j>,
    next: usize,
    end: usize,
}

impl<'j> Iterator for Children<'j> {
    type Item = Node<'j>;

    fn next(&mut self) -> Option<Node<'j>> {
        if self.next >= self.end {
            return None;
        }
        let node = Node::new(self.json, NodeId::at(self.next));
        self.next = node.record().next.index();
        Some(node)
    }
}

/// The elements of an array.
pub struct Items<'j> {
    children: Children<'j>,
}

impl<'j> Iterator for Items<'j> {
    type Item = Node<'j>;

    fn next(&mut self) -> Option<Node<'j>> {
        self.children.next()
    }
}

/// The members of an object, each with its name.
pub struct Members<'j> {
    children: Children<'j>,
}

impl<'j> Iterator for Members<'j> {
    type Item = (Cow<'j, str>, Node<'j>);

    fn next(&mut self) -> Option<Self::Item> {
        let key = self.children.next()?.as_str()?;
        Some((key, self.children.next()?))
    }
}

/// What a [`Leaf`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LeafKind {
    /// The name of a member.
    Key,
    /// A string.
    String,
    /// A number.
    Number,
}

/// A place that can carry an identifier: a member name, a string, a number.
#[derive(Clone, Copy, Debug)]
pub struct Leaf<'j> {
    /// What it is.
    pub kind: LeafKind,
    /// Where it stands.
    pub node: Node<'j>,
}

impl<'j> Leaf<'j> {
    pub(super) fn of(node: Node<'j>) -> Option<Self> {
        let kind = match node.kind() {
            Kind::String if node.is_key() => LeafKind::Key,
            Kind::String => LeafKind::String,
            Kind::Number => LeafKind::Number,
            _ => return None,
        };
        Some(Self { kind, node })
    }

    /// What it says: the decoded string or name, or the number as it is spelled.
    pub fn text(self) -> Cow<'j, str> {
        let spelled = || self.node.as_number().map(Cow::Borrowed);
        self.node.as_str().or_else(spelled).expect("a leaf is a string or a number")
    }
}
