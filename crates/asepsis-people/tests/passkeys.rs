//! Passkeys from an authenticator of our own, whole and altered, judged by us and by npm `@simplewebauthn/server`.

#![allow(clippy::unwrap_used, reason = "the helpers of tests are tests")]
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use asepsis_people::passkey::{AssertionAnswer, Challenges, Passkey, PasskeyFault, RegistrationAnswer, RelyingParty};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_SHA256,
};
use ciborium::Value;
use data_encoding::BASE64URL_NOPAD as B64;
use serde_json::json;

const NOW: i64 = 1_795_608_000;
const BOUND: &[u8] = b"a session";

fn party() -> RelyingParty {
    let (id, origin) = ("asepsis.example.org".to_owned(), "https://asepsis.example.org".to_owned());
    RelyingParty { id, origin, name: "Test".to_owned() }
}

enum Key {
    Es256(EcdsaKeyPair),
    EdDsa(Ed25519KeyPair),
    Rs256(RsaKeyPair),
}

/// An authenticator with one passkey.
struct Authenticator {
    key: Key,
    id: Vec<u8>,
    counter: u32,
    flags: u8,
}

/// Bytes of an answer, before they are put into base 64.
#[derive(Clone)]
struct Raw {
    id: Vec<u8>,
    client: Vec<u8>,
    /// The attestation object, or the authenticator data.
    data: Vec<u8>,
    signature: Vec<u8>,
}

impl Authenticator {
    fn new(kind: u8) -> Self {
        let key = match kind {
            0 => Key::Es256(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap()),
            1 => Key::EdDsa(Ed25519KeyPair::generate().unwrap()),
            _ => Key::Rs256(RsaKeyPair::generate(KeySize::Rsa2048).unwrap()),
        };
        Self { key, id: vec![kind + 1; 32], counter: 0, flags: 0b101 }
    }

    fn cose(&self) -> Vec<u8> {
        let int = |n: i64| Value::Integer(n.into());
        let map = match &self.key {
            Key::Es256(key) => {
                let point = key.public_key().as_ref();
                vec![
                    (int(1), int(2)),
                    (int(3), int(-7)),
                    (int(-1), int(1)),
                    (int(-2), Value::Bytes(point[1..33].to_vec())),
                    (int(-3), Value::Bytes(point[33..65].to_vec())),
                ]
            }
            Key::EdDsa(key) => vec![
                (int(1), int(1)),
                (int(3), int(-8)),
                (int(-1), int(6)),
                (int(-2), Value::Bytes(key.public_key().as_ref().to_vec())),
            ],
            Key::Rs256(key) => vec![
                (int(1), int(3)),
                (int(3), int(-257)),
                (int(-1), Value::Bytes(key.public_key().modulus().big_endian_without_leading_zero().to_vec())),
                (int(-2), Value::Bytes(key.public_key().exponent().big_endian_without_leading_zero().to_vec())),
            ],
        };
        cbor(&Value::Map(map))
    }

    fn data(&self, attested: bool) -> Vec<u8> {
        let mut data = digest(&SHA256, party().id.as_bytes()).as_ref().to_vec();
        data.push(self.flags | if attested { 1 << 6 } else { 0 });
        data.extend(self.counter.to_be_bytes());
        if attested {
            data.extend([0; 16]);
            data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
            data.extend(&self.id);
            data.extend(self.cose());
        }
        data
    }

    fn register(&self, challenge: &str) -> Raw {
        let data = object("none", self.data(true));
        Raw { id: self.id.clone(), client: client("webauthn.create", challenge), data, signature: Vec::new() }
    }

    fn sign(&mut self, challenge: &str) -> Raw {
        self.counter += 1;
        let (client, data) = (client("webauthn.get", challenge), self.data(false));
        let message = [data.as_slice(), digest(&SHA256, &client).as_ref()].concat();
        let random = SystemRandom::new();
        let signature = match &self.key {
            Key::Es256(key) => key.sign(&random, &message).unwrap().as_ref().to_vec(),
            Key::EdDsa(key) => key.sign(&message).as_ref().to_vec(),
            Key::Rs256(key) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, &random, &message, &mut signature).unwrap();
                signature
            }
        };
        Raw { id: self.id.clone(), client, data, signature }
    }
}

fn cbor(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

fn object(format: &str, data: Vec<u8>) -> Vec<u8> {
    cbor(&Value::Map(vec![
        (Value::Text("fmt".into()), Value::Text(format.into())),
        (Value::Text("attStmt".into()), Value::Map(Vec::new())),
        (Value::Text("authData".into()), Value::Bytes(data)),
    ]))
}

fn client(kind: &str, challenge: &str) -> Vec<u8> {
    let origin = party().origin;
    json!({"type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false}).to_string().into_bytes()
}

fn registration(raw: &Raw) -> RegistrationAnswer {
    let (id, client_data, attestation) = (B64.encode(&raw.id), B64.encode(&raw.client), B64.encode(&raw.data));
    RegistrationAnswer { id, client_data, attestation }
}

fn assertion(raw: &Raw) -> AssertionAnswer {
    AssertionAnswer {
        id: B64.encode(&raw.id),
        client_data: B64.encode(&raw.client),
        authenticator_data: B64.encode(&raw.data),
        signature: B64.encode(&raw.signature),
        user_handle: None,
    }
}

fn register(authenticator: &Authenticator, there: &[Passkey]) -> Result<Passkey, PasskeyFault> {
    let challenges = Challenges::default();
    let challenge = challenges.ask(BOUND, NOW).unwrap();
    let raw = authenticator.register(&challenge.text);
    party().register(&registration(&raw), &challenges, BOUND, there, "Key", NOW)
}

#[test]
fn c4_a_passkey_of_each_kind_is_registered_and_signs_in_and_a_copy_is_found_out() {
    for kind in 0..3 {
        let mut authenticator = Authenticator::new(kind);
        let passkey = register(&authenticator, &[]).unwrap();
        let one = std::slice::from_ref(&passkey);
        assert_eq!(register(&authenticator, one), Err(PasskeyFault::Exists));
        let challenges = Challenges::default();
        let ask = || challenges.ask(BOUND, NOW).unwrap().text;
        let judge = |raw: &Raw, there: &[Passkey], now: i64| {
            party().assert(&assertion(raw), &challenges, BOUND, "alice", there, now).map(|(_, passkey)| passkey)
        };
        let raw = authenticator.sign(&ask());
        let after = [judge(&raw, one, NOW).unwrap()];
        assert_eq!(judge(&raw, &after, NOW), Err(PasskeyFault::Challenge), "a question has one answer");
        let late = authenticator.sign(&ask());
        assert_eq!(judge(&late, &after, NOW + 300), Err(PasskeyFault::Challenge));
        let after = [judge(&authenticator.sign(&ask()), &after, NOW).unwrap()];
        // A copy that was made earlier counts from where it was.
        authenticator.counter -= 2;
        assert_eq!(judge(&authenticator.sign(&ask()), &after, NOW), Err(PasskeyFault::Cloned));
        assert_eq!(judge(&authenticator.sign(&ask()), &[], NOW), Err(PasskeyFault::Unknown));
        // Of another session, another user, a page of another site around ours.
        let raw = authenticator.sign(&ask());
        let elsewhere = party().assert(&assertion(&raw), &challenges, b"another", "alice", one, NOW);
        assert_eq!(elsewhere.map(drop), Err(PasskeyFault::Challenge));
        let raw = authenticator.sign(&ask());
        let of_another = AssertionAnswer { user_handle: Some("bm9ib2R5".to_owned()), ..assertion(&raw) };
        let refused = party().assert(&of_another, &challenges, BOUND, "alice", one, NOW);
        assert_eq!(refused.map(drop), Err(PasskeyFault::Unknown));
        let mut framed = authenticator.sign(&ask());
        let text = String::from_utf8(framed.client).unwrap();
        framed.client = text.replace("\"crossOrigin\":false", "\"crossOrigin\":true").into_bytes();
        assert_eq!(judge(&framed, one, NOW), Err(PasskeyFault::Origin));
    }
    let challenges = Challenges::default();
    let asked = party().registration(&challenges.ask(BOUND, NOW).unwrap(), "alice", &[]);
    assert_eq!(asked["authenticatorSelection"]["userVerification"], "required");
    assert!(!asked["user"]["id"].as_str().unwrap().contains("alice"));
}

#[test]
fn c4_what_is_attested_unverified_or_broken_is_refused() {
    let judge = |change: &dyn Fn(&mut Authenticator, &mut Vec<u8>)| {
        let challenges = Challenges::default();
        let challenge = challenges.ask(BOUND, NOW).unwrap();
        let mut authenticator = Authenticator::new(0);
        let mut other = Vec::new();
        change(&mut authenticator, &mut other);
        let mut raw = authenticator.register(&challenge.text);
        if !other.is_empty() {
            raw.data = other;
        }
        party().register(&registration(&raw), &challenges, BOUND, &[], "Key", NOW).map(drop)
    };
    assert_eq!(judge(&|_, _| {}), Ok(()));
    assert_eq!(judge(&|a, _| a.flags = 0b001), Err(PasskeyFault::NotVerified));
    assert_eq!(judge(&|a, _| a.flags = 0b100), Err(PasskeyFault::NotVerified));
    assert_eq!(judge(&|a, o| *o = object("packed", a.data(true))), Err(PasskeyFault::Attestation));
    let malformed = |change: &dyn Fn(&mut Authenticator, &mut Vec<u8>)| {
        assert!(matches!(judge(change), Err(PasskeyFault::Malformed(_))), "{:?}", judge(change));
    };
    // Backed up, and cannot be.
    malformed(&|a, _| a.flags = 0b1_0101);
    malformed(&|a, o| *o = object("none", a.data(false)));
    malformed(&|a, o| *o = [object("none", a.data(true)), vec![0]].concat());
    malformed(&|a, o| *o = object("none", [a.data(true), vec![0]].concat()));
    // Nested deeper than anything that an authenticator sends, and a length behind which nothing is.
    malformed(&|_, o| *o = vec![0x81; 10_000]);
    malformed(&|_, o| *o = vec![0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
}

/// A number of a sequence that is the same every time.
fn next(state: &mut u64) -> usize {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    usize::try_from(*state >> 33).unwrap()
}

#[test]
fn c4_simplewebauthn_and_we_judge_whole_and_altered_answers_alike() {
    let Some(installed) = peers() else { return };
    let (mut cases, mut ours) = (String::new(), Vec::new());
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    for round in 0..400_u32 {
        let kind = u8::try_from(round % 3).unwrap();
        // RSA keys take long to make; a few are enough.
        if kind == 2 && round % 15 != 2 {
            continue;
        }
        let mut authenticator = Authenticator::new(kind);
        let passkey = register(&authenticator, &[]).unwrap();
        let challenges = Challenges::default();
        let challenge = challenges.ask(BOUND, NOW).unwrap();
        let assert = round % 2 == 0;
        let mut raw =
            if assert { authenticator.sign(&challenge.text) } else { authenticator.register(&challenge.text) };
        let (how, at, bit) = (next(&mut state) % 6, next(&mut state), 1_u8 << (next(&mut state) % 8));
        let part = match how {
            1 => Some(&mut raw.client),
            2 | 3 => Some(&mut raw.data),
            4 if assert => Some(&mut raw.signature),
            5 => Some(&mut raw.id),
            _ => None,
        };
        let altered = part.is_some();
        if let Some(part) = part {
            let at = at % part.len();
            if round % 7 == 0 { part.truncate(at) } else { part[at] ^= bit }
        }
        let (judged, given) = if assert {
            let answer = assertion(&raw);
            let one = std::slice::from_ref(&passkey);
            let judged = party().assert(&answer, &challenges, BOUND, "alice", one, NOW).map(drop);
            (
                judged,
                json!({"id": answer.id, "client_data": answer.client_data, "signature": answer.signature,
                    "authenticator_data": answer.authenticator_data}),
            )
        } else {
            let answer = registration(&raw);
            let judged = party().register(&answer, &challenges, BOUND, &[], "Key", NOW).map(drop);
            (judged, json!({"id": answer.id, "client_data": answer.client_data, "attestation": answer.attestation}))
        };
        let case = json!({
            "kind": if assert { "assertion" } else { "registration" }, "answer": given, "challenge": challenge.text,
            "origin": party().origin, "rp": party().id,
            "credential": {"id": passkey.id, "key": B64.encode(&authenticator.cose()), "counter": 0},
        });
        cases.push_str(&format!("{case}\n"));
        ours.push((format!("round {round}, part {how}, byte {at}, bit {bit}, assertion {assert}"), altered, judged));
    }
    let theirs = judge(&installed, cases);
    assert_eq!(theirs.len(), ours.len());
    for ((case, altered, judged), theirs) in ours.iter().zip(theirs) {
        assert!(*altered || (judged.is_ok() && theirs), "a whole answer counts for both: {case}: {judged:?}, {theirs}");
        assert!(theirs || judged.is_err(), "we take what they refuse: {case}");
        if theirs && let Err(fault) = judged {
            // They leave it to their caller to compare the ids, take keys whose kind contradicts their algorithm until they are used, and do
            // not look at `crossOrigin`.
            let known = matches!(
                fault,
                PasskeyFault::Unknown
                    | PasskeyFault::Malformed("credential id")
                    | PasskeyFault::KeyKind
                    | PasskeyFault::Origin
            );
            assert!(known, "they take what we refuse: {case}: {fault:?}");
        }
    }
    assert!(ours.iter().filter(|(_, _, judged)| judged.is_ok()).count() > 40);
}

/// What the judge says of each case.
fn judge(installed: &Path, cases: String) -> Vec<bool> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/sdk/people/judge.mjs");
    let mut judge = Command::new("node")
        .arg(script)
        .env("NODE_PACKAGES", installed)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node runs");
    let mut stdin = judge.stdin.take().unwrap();
    let writing = std::thread::spawn(move || stdin.write_all(cases.as_bytes()));
    let said = judge.wait_with_output().unwrap();
    writing.join().unwrap().unwrap();
    String::from_utf8(said.stdout).unwrap().lines().map(|line| line == "true").collect()
}

/// The folder of the judge, or `None` where it is left out on purpose.
fn peers() -> Option<PathBuf> {
    let asked = std::env::var("ASEPSIS_LEAVE_OUT").unwrap_or_default();
    if asked.split(',').any(|word| word.trim() == "people") {
        writeln!(std::io::stderr(), "left out, as ASEPSIS_LEAVE_OUT asks: a judge of passkeys").ok();
        return None;
    }
    let program = std::env::current_exe().expect("this program has a path");
    let target = program.ancestors().find(|a| a.join("CACHEDIR.TAG").exists()).expect("it is in a target folder");
    let installed = target.join("sdk/people");
    assert!(
        installed.join("node_modules/@simplewebauthn/server").is_dir(),
        "the judge is not installed in {}; `cargo xtask setup` installs it, and with ASEPSIS_LEAVE_OUT=people it is left out",
        installed.display()
    );
    Some(installed)
}
