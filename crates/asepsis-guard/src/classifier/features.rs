//! What is looked at in a text: hashes of words and of what stands together, each at the place of a word.

use super::lexicon::{Class, FUNCTION, LEXICON};
use super::token::{Gap, Shape, Token, Words, hash, join};

/// The number of bits of a feature's bucket.
pub(crate) const BUCKET_BITS: u32 = 20;
/// How far back a class may lie to be seen together with another, in words.
const REACH: usize = 14;
/// How many classed words before a word are seen together with it.
const BEFORE: usize = 4;
/// The longest word whose inner parts are looked at.
const INNER: usize = 18;

/// The kinds of features; the number keeps equal hashes of different kinds apart.
#[derive(Clone, Copy)]
enum Kind {
    Word = 1,
    Two,
    Skip,
    Part,
    Shape,
    Start,
    StartClass,
    Gap,
    Frame2,
    Frame3,
    Class,
    Pair,
    Triple,
    ClassWord,
    WordClass,
}

fn feature(kind: Kind, h: u32) -> u32 {
    join(kind as u32, h) >> (32 - BUCKET_BITS)
}

/// A word that has a class.
#[derive(Clone, Copy)]
struct Classed {
    at: usize,
    /// The class and whether the word has an ending.
    key: u32,
}

/// Calls `see` with the place of a word and a bucket, place after place. Work is linear in the text.
pub(super) fn features(words: &Words, mut see: impl FnMut(usize, u32)) {
    let lexicon = &*LEXICON;
    let function = *FUNCTION;
    let mut hashes = [0u32; 2];
    let mut frames = [0u32; 2];
    let mut classed: [Option<Classed>; BEFORE] = [None; BEFORE];
    let mut padded = [0u8; 64];
    for at in 0..words.len() {
        let token = words.get(at);
        let h = token.hash;
        let start = matches!(token.gap, Gap::Stop | Gap::Line | Gap::Colon | Gap::Mark | Gap::Quote);
        see(at, feature(Kind::Word, h));
        see(at, feature(Kind::Two, join(hashes[1], h)));
        see(at, feature(Kind::Skip, join(hashes[0], h)));
        parts(&token, &mut padded, |part| see(at, part));
        see(at, feature(Kind::Shape, join(token.shape as u32 * 16 + token.gap as u32, frames[1])));
        if token.gap != Gap::Blank {
            see(at, feature(Kind::Gap, join(token.gap as u32, h)));
        }

        let (mut class, ending) = lexicon.single(token.word, h);
        let pair = if token.gap == Gap::Blank || token.shape == Shape::Sign { lexicon.pair(hashes[1], h) } else { 0 };
        if pair != 0 {
            class = pair;
        }
        let key = u32::from(class) * 2 + u32::from(ending);
        let frame = frame(&token, class, key, function);
        if start {
            see(at, feature(Kind::Start, h));
            see(at, feature(Kind::StartClass, join(frame, token.gap as u32)));
        }
        see(at, feature(Kind::Frame2, join(frames[1], frame)));
        see(at, feature(Kind::Frame3, join(join(frames[0], frames[1]), frame)));

        if class != 0 && class != function {
            see(at, feature(Kind::Class, key));
            let near = |c: &&Classed| at - c.at <= REACH;
            for before in classed.iter().flatten().filter(near) {
                see(at, feature(Kind::Pair, join(before.key, key)));
            }
            if let [.., Some(one), Some(two)] = classed
                && at - one.at <= REACH
            {
                see(at, feature(Kind::Triple, join(join(one.key, two.key), key)));
            }
            if let [.., Some(two)] = classed
                && at - two.at <= REACH
            {
                see(at, feature(Kind::ClassWord, join(two.key, h)));
            }
            classed.rotate_left(1);
            classed[BEFORE - 1] = Some(Classed { at, key });
        } else if let [.., Some(two)] = classed
            && at - two.at <= 4
        {
            see(at, feature(Kind::WordClass, join(two.key, h)));
        }
        hashes.rotate_left(1);
        hashes[1] = h;
        frames.rotate_left(1);
        frames[1] = frame;
    }
}

/// A word as the frame of a sentence shows it: a function word as itself, a classed word as its class, another by its shape.
fn frame(token: &Token<'_>, class: Class, key: u32, function: Class) -> u32 {
    if class == function {
        token.hash
    } else if class != 0 {
        key
    } else {
        1000 + token.shape as u32
    }
}

/// Four bytes in a row of a word and its edges; of a script of more bytes a letter, six. Three and five as well found less: a table
/// of this size gets crowded.
fn parts(token: &Token<'_>, room: &mut [u8; 64], mut see: impl FnMut(u32)) {
    let word = token.word.as_bytes();
    if token.shape == Shape::Number || word.len() < 3 {
        return;
    }
    let length = word.len().min(INNER) + 2;
    room[0] = b'^';
    room[1..length - 1].copy_from_slice(&word[..length - 2]);
    room[length - 1] = b'$';
    let size = if token.word.is_ascii() { 4 } else { 6 };
    for part in room[..length].windows(size) {
        see(feature(Kind::Part, hash(part)));
    }
}
