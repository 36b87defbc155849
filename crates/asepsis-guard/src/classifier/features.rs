//! What is looked at in a text: hashes of words and of what stands together, each at the place of a word.

use super::lexicon::{Class, FUNCTION, LEXICON};
use asepsis_vocab::Span;

use super::token::{Gap, Shape, Token, Words, hash, join};

/// The number of bits of a feature's bucket.
pub(crate) const BUCKET_BITS: u32 = 20;
/// How far back a class may lie to be seen together with another, in words.
const REACH: usize = 14;
/// How far back the last class may lie to be seen together with a word that has none, in words.
const CLOSE: usize = 4;
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

/// Takes in what is seen in a text, word after word.
pub(super) trait Seen {
    /// A word begins: which one it is, and where it stands.
    fn word(&mut self, at: usize, span: Span);

    /// The bucket of a feature at the word that was told last.
    fn bucket(&mut self, bucket: u32);
}

/// A word that has a class.
#[derive(Clone, Copy, Default)]
struct Classed {
    /// The first word that is too far away to be seen together with it; nought is nowhere.
    until: usize,
    /// The class and whether the word has an ending.
    key: u32,
}

/// Tells what is seen in a text, place after place. Work is linear in the text.
pub(super) fn features<S: Seen>(text: &str, mut seen: S) -> S {
    let lexicon = &*LEXICON;
    let function = *FUNCTION;
    // The hashes and frames of the two words before, and both frames together.
    let (mut hashes, mut frames, mut two_frames) = ([0u32; 2], [0u32; 2], join(0, 0));
    let mut classed = [Classed::default(); BEFORE];
    let mut words = Words::of(text);
    let mut at = 0;
    while let Some(token) = words.read() {
        seen.word(at, token.span);
        let h = token.hash;
        let two = join(hashes[1], h);
        let start = matches!(token.gap, Gap::Stop | Gap::Line | Gap::Colon | Gap::Mark | Gap::Quote);
        seen.bucket(feature(Kind::Word, h));
        seen.bucket(feature(Kind::Two, two));
        seen.bucket(feature(Kind::Skip, join(hashes[0], h)));
        parts(&token, &mut seen);
        seen.bucket(feature(Kind::Shape, join(token.shape as u32 * 16 + token.gap as u32, frames[1])));
        if token.gap != Gap::Blank {
            seen.bucket(feature(Kind::Gap, join(token.gap as u32, h)));
        }

        let (mut class, ending) = lexicon.single(&token);
        let pair = if token.gap == Gap::Blank || token.shape == Shape::Sign { lexicon.pair(two) } else { 0 };
        if pair != 0 {
            class = pair;
        }
        let key = u32::from(class) * 2 + u32::from(ending);
        let frame = frame(&token, class, key, function);
        if start {
            seen.bucket(feature(Kind::Start, h));
            seen.bucket(feature(Kind::StartClass, join(frame, token.gap as u32)));
        }
        let both = join(frames[1], frame);
        seen.bucket(feature(Kind::Frame2, both));
        seen.bucket(feature(Kind::Frame3, join(two_frames, frame)));

        let [_, _, before, last] = classed;
        if class != 0 && class != function {
            seen.bucket(feature(Kind::Class, key));
            for before in classed.iter().filter(|c| at < c.until) {
                seen.bucket(feature(Kind::Pair, join(before.key, key)));
            }
            if at < before.until {
                seen.bucket(feature(Kind::Triple, join(join(before.key, last.key), key)));
            }
            if at < last.until {
                seen.bucket(feature(Kind::ClassWord, join(last.key, h)));
            }
            let [_, second, third, fourth] = classed;
            classed = [second, third, fourth, Classed { until: at + REACH + 1, key }];
        } else if at + (REACH - CLOSE) < last.until {
            seen.bucket(feature(Kind::WordClass, join(last.key, h)));
        }
        (hashes, frames, two_frames) = ([hashes[1], h], [frames[1], frame], both);
        at += 1;
    }
    seen
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
#[inline]
fn parts(token: &Token<'_>, seen: &mut impl Seen) {
    if token.shape == Shape::Number || token.word.len() < 3 {
        return;
    }
    let word = &token.word[..token.word.len().min(INNER)];
    if token.is_ascii {
        let (mut a, mut b, mut c) = (b'^', word[0], word[1]);
        let mut see = |next| {
            seen.bucket(feature(Kind::Part, hash(&[a, b, c, next])));
            (a, b, c) = (b, c, next);
        };
        word[2..].iter().for_each(|next| see(*next));
        see(b'$');
        return;
    }
    let mut room = [b'^'; INNER + 2];
    let length = word.len() + 2;
    room[1..length - 1].copy_from_slice(word);
    room[length - 1] = b'$';
    for part in room[..length].windows(6) {
        seen.bucket(feature(Kind::Part, hash(part)));
    }
}
