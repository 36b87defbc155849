//! The event stream: the same events however it is cut, each with its bytes.

use asepsis_document::sse::{Event, Finish, Parser, SseError, write_event};
use proptest::prelude::*;

const LIMIT: usize = 1 << 16;

fn parse<'b>(pieces: impl IntoIterator<Item = &'b [u8]>) -> (Vec<Event>, Finish) {
    let mut parser = Parser::new(LIMIT);
    let mut out = Vec::new();
    for piece in pieces {
        parser.push(piece, &mut out).expect("a small stream of UTF-8");
    }
    (out, parser.finish().expect("a stream of UTF-8"))
}

fn all(text: &str) -> Vec<Event> {
    let (mut events, finish) = parse([text.as_bytes()]);
    assert!(!finish.is_cut_off());
    events.extend(finish.event);
    events
}

#[test]
fn fields_are_read_as_the_standard_says() {
    let text = "event: message_start\ndata: {\"a\":1}\n\n: keep alive\n\ndata:one\ndata:  two\ndata\nid: 7\nretry: 1500\nfoo: x\n\n";
    let events = all(text);
    assert_eq!(events.len(), 3);
    assert_eq!((events[0].event.as_deref(), events[0].data.as_str()), (Some("message_start"), "{\"a\":1}"));
    assert!(!events[1].has_data && events[1].comments == ["keep alive"]);
    assert_eq!(
        (events[2].data.as_str(), events[2].id.as_deref(), events[2].retry),
        ("one\n two\n", Some("7"), Some(1500))
    );
}

#[test]
fn the_bytes_of_the_events_are_the_stream() {
    let text = "\u{FEFF}data: a\r\n\r\n\ndata: b\r\r:c\r\ndata: d\n\n\r\n";
    let events = all(text);
    let raw: Vec<u8> = events.iter().flat_map(|e| e.raw.clone()).collect();
    assert_eq!(raw, text.as_bytes());
    let data: Vec<&str> = events.iter().filter(|e| e.has_data).map(|e| e.data.as_str()).collect();
    assert_eq!(data, ["a", "b", "d"]);
}

#[test]
fn a_stream_that_breaks_off_says_so() {
    let (events, finish) = parse([&b"data: a\n\ndata: b\n"[..]]);
    assert_eq!(events.len(), 1);
    assert_eq!(finish, Finish { event: None, cut_off: b"data: b\n".to_vec() });
    let (events, finish) = parse([&b"data: a\r\r"[..]]);
    assert!(events.is_empty() && !finish.is_cut_off());
    assert_eq!(finish.event.unwrap().data, "a");
    assert!(!parse([]).1.is_cut_off() && !parse(["\u{FEFF}".as_bytes()]).1.is_cut_off());
}

#[test]
fn an_event_that_is_too_large_or_no_utf8_is_an_error_that_stays() {
    let mut parser = Parser::new(16);
    let mut out = Vec::new();
    let error = parser.push(b"data: a\n\ndata: 0123456789abcdef", &mut out);
    assert_eq!(error, Err(SseError::TooLarge { event: 2, limit: 16 }));
    assert_eq!(out.len(), 1);
    assert_eq!(parser.push(b"\n\n", &mut out), error);
    assert_eq!(parser.held(), 0);

    let mut parser = Parser::new(16);
    assert_eq!(parser.push(b"data: \xFF\n\n", &mut out), Err(SseError::InvalidUtf8 { event: 1 }));
}

#[test]
fn an_id_with_a_zero_and_a_retry_that_is_no_number_are_ignored() {
    let events = all("id: a\0b\nretry: 1s\nretry:\ndata: x\n\n");
    assert_eq!((events[0].id.as_deref(), events[0].retry), (None, None));
}

#[test]
fn debug_does_not_print_the_data() {
    assert!(!format!("{:?}", all("data: Maria Gomez\n\n")).contains("Maria"));
}

#[test]
fn an_event_name_cannot_smuggle_in_a_field() {
    let mut out = Vec::new();
    write_event(&mut out, Some("a\ndata: b"), "x\r\ny\rz\n");
    assert_eq!(out, b"event: adata: b\ndata: x\ndata: y\ndata: z\ndata: \n\n");
}

proptest! {
    #[test]
    fn the_pieces_do_not_change_the_events(
        parts in prop::collection::vec(
            prop::sample::select(vec![
                "data: a", "data:é😀", "data", ":", ": c", "event: x", "id: 1", "retry: 2", "\n", "\r", "\r\n", "\n\n", "\r\n\r\n", "\u{FEFF}",
            ]),
            0..16,
        ),
    ) {
        let text = parts.concat();
        let bytes = text.as_bytes();
        let whole = parse([bytes]);
        for at in 0..=bytes.len() {
            prop_assert_eq!(&parse([&bytes[..at], &bytes[at..]]), &whole, "cut at {}", at);
        }
        for size in 1..6 {
            prop_assert_eq!(&parse(bytes.chunks(size)), &whole);
        }
        let (events, finish) = whole;
        let raw: Vec<u8> = events.iter().chain(&finish.event).flat_map(|e| e.raw.clone()).chain(finish.cut_off).collect();
        let only_mark = text == "\u{FEFF}";
        prop_assert!(raw == bytes || only_mark);
    }

    #[test]
    fn what_is_written_reads_back(name in prop::option::of("[a-z_.]{1,12}"), data in "[ -~é😀\n]{0,60}") {
        let mut out = Vec::new();
        write_event(&mut out, name.as_deref(), &data);
        let (events, finish) = parse([out.as_slice()]);
        prop_assert_eq!(finish, Finish::default());
        prop_assert_eq!(events.len(), 1);
        prop_assert_eq!(&events[0].data, &data);
        prop_assert_eq!(&events[0].event, &name);
        prop_assert_eq!(&events[0].raw, &out);
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let mut parser = Parser::new(32);
        let mut out = Vec::new();
        let _ = parser.push(&bytes, &mut out);
        let _ = parser.finish();
    }
}
