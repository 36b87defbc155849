use std::borrow::Cow;
use std::collections::HashSet;

use super::error::{Fault, JsonErrorKind};
use super::node::Record;
use super::{Kind, Limits, NodeId, string};

/// Up to this many members are compared each with each, which is faster than to hash them.
const FEW_MEMBERS: usize = 8;

/// Lays the document down as a tape.
pub(super) fn parse(bytes: &[u8], limits: &Limits) -> Result<Vec<Record>, Fault> {
    if bytes.starts_with(b"\xEF\xBB\xBF") {
        return Err(Fault { offset: 0, kind: JsonErrorKind::ByteOrderMark });
    }
    // Checked once over all, which is far faster than string by string. A fault of the grammar that stands before the
    // first bad byte is the one that is reported.
    let valid = match std::str::from_utf8(bytes) {
        Ok(_) => bytes.len(),
        Err(e) => e.valid_up_to(),
    };
    let mut parser = Parser { bytes: &bytes[..valid], at: 0, tape: Vec::new(), open: Vec::new(), limits };
    match parser.document() {
        Err(fault) if fault.offset >= valid && valid < bytes.len() => {
            Err(Fault { offset: valid, kind: JsonErrorKind::InvalidUtf8 })
        }
        Ok(()) if valid < bytes.len() => Err(Fault { offset: valid, kind: JsonErrorKind::InvalidUtf8 }),
        Err(fault) => Err(fault),
        Ok(()) => Ok(parser.tape),
    }
}

/// What may come next.
#[derive(Clone, Copy)]
enum Expect {
    Value,
    /// A value, or the end of an array that has just begun.
    FirstItem,
    /// A member name, or the end of an object that has just begun.
    FirstKey,
    Key,
    /// A comma or the end of the innermost array or object.
    CommaOrEnd,
}

/// An array or object that is not closed yet.
struct Open {
    id: NodeId,
    /// How many nodes are directly in it so far.
    count: u32,
}

struct Parser<'p> {
    bytes: &'p [u8],
    at: usize,
    tape: Vec<Record>,
    /// The arrays and objects that are not closed yet, outermost first. This is the stack that recursion would use.
    open: Vec<Open>,
    limits: &'p Limits,
}

impl Parser<'_> {
    fn document(&mut self) -> Result<(), Fault> {
        let mut expect = Expect::Value;
        loop {
            self.skip_space();
            let byte = self.peek()?;
            expect = match (expect, byte) {
                (Expect::FirstItem, b']') | (Expect::FirstKey, b'}') => self.close(byte)?,
                (Expect::Value | Expect::FirstItem, _) => self.value(byte)?,
                (Expect::FirstKey | Expect::Key, b'"') => self.key()?,
                (Expect::CommaOrEnd, b',') => {
                    self.at += 1;
                    if self.innermost() == Some(Kind::Object) { Expect::Key } else { Expect::Value }
                }
                (Expect::CommaOrEnd, b']' | b'}') => self.close(byte)?,
                _ => return self.unexpected(),
            };
            if self.open.is_empty() {
                return self.end();
            }
        }
    }

    fn end(&mut self) -> Result<(), Fault> {
        self.skip_space();
        match self.bytes.get(self.at) {
            None => Ok(()),
            Some(0) => self.fault(JsonErrorKind::Nul),
            Some(_) => self.fault(JsonErrorKind::TrailingData),
        }
    }

    fn value(&mut self, byte: u8) -> Result<Expect, Fault> {
        match byte {
            b'{' => return self.open(Kind::Object, Expect::FirstKey),
            b'[' => return self.open(Kind::Array, Expect::FirstItem),
            b'"' => self.string(false)?,
            b'-' | b'0'..=b'9' => self.number()?,
            b't' => self.word(b"true", Kind::Bool)?,
            b'f' => self.word(b"false", Kind::Bool)?,
            b'n' => self.word(b"null", Kind::Null)?,
            _ => return self.unexpected(),
        }
        Ok(Expect::CommaOrEnd)
    }

    fn open(&mut self, kind: Kind, next: Expect) -> Result<Expect, Fault> {
        if self.open.len() >= self.limits.max_depth {
            return self.fault(JsonErrorKind::TooDeep);
        }
        let id = self.push(kind, self.at, self.at + 1)?;
        self.open.push(Open { id, count: 0 });
        self.at += 1;
        Ok(next)
    }

    fn close(&mut self, byte: u8) -> Result<Expect, Fault> {
        let kind = if byte == b'}' { Kind::Object } else { Kind::Array };
        let id = match self.open.last() {
            Some(&Open { id, .. }) if self.tape[id.index()].kind == kind => id,
            _ => return self.unexpected(),
        };
        self.open.pop();
        self.at += 1;
        let next = NodeId::at(self.tape.len());
        let record = &mut self.tape[id.index()];
        record.end = self.at;
        record.next = next;
        if kind == Kind::Object {
            self.check_names(id)?;
        }
        Ok(Expect::CommaOrEnd)
    }

    fn key(&mut self) -> Result<Expect, Fault> {
        self.string(true)?;
        self.skip_space();
        match self.peek()? {
            b':' => {
                self.at += 1;
                Ok(Expect::Value)
            }
            _ => self.unexpected(),
        }
    }

    fn string(&mut self, is_key: bool) -> Result<(), Fault> {
        let start = self.at;
        let (end, has_escape) = string::check(self.bytes, start)?;
        let id = self.push(Kind::String, start, end)?;
        let record = &mut self.tape[id.index()];
        record.is_key = is_key;
        record.has_escape = has_escape;
        self.at = end;
        Ok(())
    }

    fn number(&mut self) -> Result<(), Fault> {
        let start = self.at;
        self.at += usize::from(self.bytes[start] == b'-');
        if self.bytes.get(self.at) == Some(&b'0') {
            self.at += 1;
            if self.bytes.get(self.at).is_some_and(u8::is_ascii_digit) {
                return self.fault(JsonErrorKind::BadNumber);
            }
        } else {
            self.digits()?;
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.bytes.get(self.at), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.bytes.get(self.at), Some(b'+' | b'-')));
            self.digits()?;
        }
        self.push(Kind::Number, start, self.at)?;
        Ok(())
    }

    /// At least one digit.
    fn digits(&mut self) -> Result<(), Fault> {
        let count = self.bytes[self.at..].iter().take_while(|b| b.is_ascii_digit()).count();
        self.at += count;
        match (count, self.bytes.get(self.at)) {
            (0, None) => self.fault(JsonErrorKind::UnexpectedEnd),
            (0, Some(_)) => self.fault(JsonErrorKind::BadNumber),
            _ => Ok(()),
        }
    }

    fn word(&mut self, word: &[u8], kind: Kind) -> Result<(), Fault> {
        let start = self.at;
        for &expected in word {
            if self.peek()? != expected {
                return self.unexpected();
            }
            self.at += 1;
        }
        self.push(kind, start, self.at)?;
        Ok(())
    }

    fn push(&mut self, kind: Kind, start: usize, end: usize) -> Result<NodeId, Fault> {
        if self.tape.len() >= self.limits.max_nodes.min(u32::MAX as usize) {
            return Err(Fault { offset: start, kind: JsonErrorKind::TooManyNodes });
        }
        let id = NodeId::at(self.tape.len());
        let (parent, position) = match self.open.last_mut() {
            Some(open) => {
                open.count += 1;
                (open.id, open.count - 1)
            }
            None => (NodeId::ROOT, 0),
        };
        let next = NodeId::at(self.tape.len() + 1);
        self.tape.push(Record { start, end, next, parent, position, kind, is_key: false, has_escape: false });
        Ok(id)
    }

    /// Each name once in the object `id`, which has just been closed. Looked at once per member in all, so linear.
    fn check_names(&self, id: NodeId) -> Result<(), Fault> {
        let end = self.tape[id.index()].next;
        let keys = || {
            let mut at = NodeId::at(id.index() + 1);
            std::iter::from_fn(move || {
                let key = (at < end).then(|| &self.tape[at.index()])?;
                at = self.tape[key.next.index()].next;
                Some(key)
            })
        };
        let repeated = if keys().nth(FEW_MEMBERS).is_none() {
            keys().enumerate().find(|&(i, key)| keys().take(i).any(|k| self.name(k) == self.name(key))).map(|(_, k)| k)
        } else {
            // The standard hasher is keyed at random, so that nobody can choose names that collide.
            let mut seen = HashSet::new();
            keys().find(|key| !seen.insert(self.name(key)))
        };
        match repeated {
            Some(key) => Err(Fault { offset: key.start, kind: JsonErrorKind::DuplicateKey }),
            None => Ok(()),
        }
    }

    fn name(&self, key: &Record) -> Cow<'_, [u8]> {
        let inside = &self.bytes[key.start + 1..key.end - 1];
        if key.has_escape {
            Cow::Owned(string::decode(inside, true).into_owned().into_bytes())
        } else {
            Cow::Borrowed(inside)
        }
    }

    fn innermost(&self) -> Option<Kind> {
        self.open.last().map(|open| self.tape[open.id.index()].kind)
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.bytes.get(self.at) {
            self.at += 1;
        }
    }

    fn peek(&self) -> Result<u8, Fault> {
        self.bytes.get(self.at).copied().ok_or(Fault { offset: self.at, kind: JsonErrorKind::UnexpectedEnd })
    }

    fn unexpected<T>(&self) -> Result<T, Fault> {
        match self.bytes.get(self.at) {
            None => self.fault(JsonErrorKind::UnexpectedEnd),
            Some(0) => self.fault(JsonErrorKind::Nul),
            Some(_) => self.fault(JsonErrorKind::UnexpectedByte),
        }
    }

    fn fault<T>(&self, kind: JsonErrorKind) -> Result<T, Fault> {
        Err(Fault { offset: self.at, kind })
    }
}
