use std::time::Duration;

/// How the stand-in behaves, read from the name of the model: words behind `standin`, joined by `-`.
///
/// | word | meaning |
/// |---|---|
/// | `echo` | the answer is the last message of the user, to the letter |
/// | `obey` | orders in anything that it is sent are obeyed, whoever wrote them and however they are disguised |
/// | `tool` | the answer calls the first tool, with the user's words as arguments |
/// | `f7` | a streamed answer comes in fragments of 7 characters (16 otherwise) |
/// | `b3` | a streamed answer comes in pieces of 3 bytes, wherever that cuts an event, an escape or a character |
/// | `d20` | 20 ms pass before each fragment |
/// | `cut` | the connection breaks in the middle of the answer |
/// | `hang` | nothing more comes after the first half |
/// | `mute` | no answer at all ever begins |
/// | `badutf8` | the answer holds bytes that are no UTF-8 |
/// | `badjson` | the answer is no JSON |
/// | `flood` | the answer never ends |
/// | `noend` | a streamed answer ends without its closing event |
/// | `e429` | the answer is an error of this status |
/// | `alien` | the answer also holds a placeholder that nobody issued |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Behaviour {
    /// Answer with the user's own words.
    pub echo: bool,
    /// Obey whatever it reads.
    pub obey: bool,
    /// Call the first tool.
    pub tool: bool,
    /// Characters a fragment.
    pub fragment: usize,
    /// Bytes a piece of the body; 0 where an event is a piece.
    pub piece: usize,
    /// Pause before each fragment.
    pub delay: Duration,
    /// What goes wrong.
    pub failure: Option<Failure>,
    /// Put a placeholder that nobody issued into the answer.
    pub alien: bool,
}

/// What a vendor can do wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Breaks the connection in the middle.
    Cut,
    /// Falls silent in the middle.
    Hang,
    /// Never begins to answer.
    Mute,
    /// Sends bytes that are no UTF-8.
    BadUtf8,
    /// Sends something that is no JSON.
    BadJson,
    /// Never ends.
    Flood,
    /// Leaves the closing event out.
    NoEnd,
    /// Answers with this HTTP status.
    Status(u16),
}

impl Behaviour {
    /// Reads the name of a model.
    pub fn of(model: &str) -> Self {
        let mut behaviour = Self {
            echo: false,
            obey: false,
            tool: false,
            fragment: 16,
            piece: 0,
            delay: Duration::ZERO,
            failure: None,
            alien: false,
        };
        for word in model.split('-').skip(1) {
            let number = word.get(1..).and_then(|n| n.parse::<u64>().ok());
            match (word, number) {
                ("echo", _) => behaviour.echo = true,
                ("obey", _) => behaviour.obey = true,
                ("tool", _) => behaviour.tool = true,
                ("alien", _) => behaviour.alien = true,
                ("cut", _) => behaviour.failure = Some(Failure::Cut),
                ("hang", _) => behaviour.failure = Some(Failure::Hang),
                ("mute", _) => behaviour.failure = Some(Failure::Mute),
                ("badutf8", _) => behaviour.failure = Some(Failure::BadUtf8),
                ("badjson", _) => behaviour.failure = Some(Failure::BadJson),
                ("flood", _) => behaviour.failure = Some(Failure::Flood),
                ("noend", _) => behaviour.failure = Some(Failure::NoEnd),
                (w, Some(n)) if w.starts_with('f') => behaviour.fragment = usize::try_from(n.max(1)).unwrap_or(1),
                (w, Some(n)) if w.starts_with('b') => behaviour.piece = usize::try_from(n).unwrap_or(0),
                (w, Some(n)) if w.starts_with('d') => behaviour.delay = Duration::from_millis(n),
                (w, Some(n)) if w.starts_with('e') => {
                    behaviour.failure = u16::try_from(n).ok().map(Failure::Status);
                }
                _ => {}
            }
        }
        behaviour
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_the_model_steers() {
        let b = Behaviour::of("standin-echo-f3-d20-cut");
        assert!(b.echo && !b.tool);
        assert_eq!((b.fragment, b.delay, b.failure), (3, Duration::from_millis(20), Some(Failure::Cut)));
        assert_eq!(Behaviour::of("standin-e429").failure, Some(Failure::Status(429)));
        assert_eq!(Behaviour::of("standin"), Behaviour::of("anything"));
    }
}
