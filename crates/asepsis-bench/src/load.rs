//! The load: a closed loop of so many connections, each request a conversation of its own.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::json;

use crate::material::Carrier;

/// What is asked, and by how many at once.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    connections: usize,
    bytes: usize,
    stream: bool,
    /// What a tool returned, in place of the user's words.
    returned: Option<Carrier>,
    /// Between two requests of a connection; none in a closed loop.
    pause: Duration,
}

impl Scenario {
    pub(crate) fn all() -> [Self; 6] {
        let base = Self { name: "", connections: 1, bytes: 1024, stream: false, returned: None, pause: Duration::ZERO };
        [
            Self { name: "1 KB prompt, 5 identifiers, 1 connection", ..base },
            Self { name: "1 KB prompt, 5 identifiers, 16 connections", connections: 16, ..base },
            Self {
                name: "1 KB prompt, 5 identifiers, 16 connections, 160 requests a second in all",
                connections: 16,
                pause: Duration::from_millis(100),
                ..base
            },
            Self {
                name: "1 KB prompt, 5 identifiers, 16 connections, 640 requests a second in all",
                connections: 16,
                pause: Duration::from_millis(25),
                ..base
            },
            Self {
                name: "64 KB prompt, 5 identifiers a KB, 16 connections",
                connections: 16,
                bytes: 64 * 1024,
                ..base
            },
            Self { name: "1 KB prompt, streamed answer, 16 connections", connections: 16, stream: true, ..base },
        ]
    }

    /// Requests of an agent that a tool returned something: all of the guard reads it, and the answer is filtered and reviewed.
    pub(crate) fn of_agents() -> [Self; 3] {
        let of = |name, bytes, carrier| Self {
            name,
            connections: 1,
            bytes,
            stream: false,
            returned: Some(carrier),
            pause: Duration::ZERO,
        };
        [
            of("0.2 KiB returned by a tool, a note, 1 connection", 205, Carrier::Note),
            of("4 KiB returned by a tool, a FHIR bundle, 1 connection", 4096, Carrier::Json),
            of("64 KiB returned by a tool, HL7 v2, 1 connection", 64 * 1024, Carrier::Hl7),
        ]
    }

    /// A request; `n` makes its identifiers, and so its conversation, its own.
    pub(crate) fn body(&self, n: u64) -> String {
        if let Some(carrier) = self.returned {
            let call = json!({"id": "c1", "type": "function", "function": {"name": "find", "arguments": "{}"}});
            let result = carrier.text(self.bytes, n);
            return json!({"model": "standin-obey", "stream": self.stream, "messages": [
                {"role": "user", "content": "What is there to know before the visit?"},
                {"role": "assistant", "content": null, "tool_calls": [call]},
                {"role": "tool", "tool_call_id": "c1", "content": result}]})
            .to_string();
        }
        let mut text = String::with_capacity(self.bytes + 1024);
        let mut part = 0;
        while text.len() < self.bytes {
            let k = n * 1000 + part;
            let paragraph = format!(
                "Patient: {} {}, MRN {:08}, phone (802) 555-{:04}, seen on {:02}/{:02}/2026.\n",
                GIVEN[(k % 8) as usize],
                FAMILY[(k / 8 % 8) as usize],
                k % 100_000_000,
                k % 10_000,
                k % 12 + 1,
                k % 28 + 1
            );
            text.push_str(&paragraph);
            while text.len() < (self.bytes).min((usize::try_from(part).unwrap_or(0) + 1) * 1024) {
                text.push_str(FILLER);
            }
            part += 1;
        }
        json!({"model": "standin", "stream": self.stream, "messages": [{"role": "user", "content": text}]}).to_string()
    }
}

const GIVEN: [&str; 8] = ["Marisol", "Tobias", "Anneke", "Dariusz", "Leilani", "Omar", "Greta", "Hollis"];
const FAMILY: [&str; 8] = ["Quennell", "Renner", "Okafor", "Lindqvist", "Brandt", "Castellano", "Whitlow", "Yamada"];
const FILLER: &str = "She reports intermittent palpitations and mild dyspnea on exertion, no chest pain. BP 138/76, pulse 92, \
    INR 2.4. Continue warfarin 5 mg daily and metoprolol 25 mg twice daily; recheck in two weeks.\n";

/// What was measured.
#[derive(Default)]
pub(crate) struct Figures {
    times: Vec<Duration>,
    wall: Duration,
    pub(crate) cpu: Duration,
    pub(crate) switches: u64,
    pub(crate) errors: u64,
}

impl Figures {
    /// The time that a share of the requests did not pass.
    pub(crate) fn at(&self, share: f64) -> Duration {
        let mut sorted = self.times.clone();
        sorted.sort_unstable();
        let last = sorted.len().saturating_sub(1);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index"
        )]
        let index = (last as f64 * share).round() as usize;
        sorted.get(index).copied().unwrap_or_default()
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.count() / self.wall.as_secs_f64().max(1e-9)
    }

    pub(crate) fn cpu_micros(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e6 / self.count().max(1.0)
    }

    #[expect(clippy::cast_precision_loss, reason = "a count")]
    pub(crate) fn switches_each(&self) -> f64 {
        self.switches as f64 / self.count().max(1.0)
    }

    #[expect(clippy::cast_precision_loss, reason = "a count of requests")]
    fn count(&self) -> f64 {
        self.times.len() as f64
    }
}

static NUMBER: AtomicU64 = AtomicU64::new(1);

/// One round of a scenario.
pub(crate) async fn round(
    address: SocketAddr,
    key: &str,
    scenario: &Scenario,
    time: Duration,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let began = Instant::now();
    let mut clients = Vec::new();
    for number in 0..u32::try_from(scenario.connections)? {
        let (key, scenario) = (key.to_owned(), Scenario { ..*scenario });
        clients.push(tokio::spawn(async move { client(address, &key, &scenario, number, began + time).await }));
    }
    for client in clients {
        let (times, errors) = client.await??;
        figures.times.extend(times);
        figures.errors += errors;
    }
    figures.wall += began.elapsed();
    Ok(())
}

/// So many requests of a scenario, one after the other.
pub(crate) async fn some(
    address: SocketAddr,
    key: &str,
    scenario: &Scenario,
    how_many: u64,
    figures: &mut Figures,
) -> anyhow::Result<()> {
    let mut client = Client::connect(address, key).await?;
    for _ in 0..how_many {
        let (time, good) = client.ask(scenario).await?;
        figures.times.push(time);
        figures.errors += u64::from(!good);
    }
    Ok(())
}

async fn client(
    address: SocketAddr,
    key: &str,
    scenario: &Scenario,
    number: u32,
    until: Instant,
) -> anyhow::Result<(Vec<Duration>, u64)> {
    let mut client = Client::connect(address, key).await?;
    let (mut times, mut errors) = (Vec::new(), 0);
    // Connections that are paced do not all ask in the same moment.
    tokio::time::sleep(scenario.pause * number / 16).await;
    while Instant::now() < until {
        let (time, good) = client.ask(scenario).await?;
        times.push(time);
        errors += u64::from(!good);
        tokio::time::sleep(scenario.pause.saturating_sub(time)).await;
    }
    Ok((times, errors))
}

/// One connection.
struct Client {
    sender: hyper::client::conn::http1::SendRequest<Full<Bytes>>,
    address: SocketAddr,
    key: String,
}

impl Client {
    async fn connect(address: SocketAddr, key: &str) -> anyhow::Result<Self> {
        let stream = tokio::net::TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender, address, key: key.to_owned() })
    }

    /// How long a request took, and whether it was answered well.
    async fn ask(&mut self, scenario: &Scenario) -> anyhow::Result<(Duration, bool)> {
        let body = scenario.body(NUMBER.fetch_add(1, Ordering::Relaxed));
        let request = Request::post("/v1/chat/completions")
            .header(header::HOST, self.address.to_string())
            .header(header::AUTHORIZATION, format!("Bearer {}", self.key))
            .header(header::CONTENT_TYPE, "application/json")
            .body(Full::new(Bytes::from(body)))?;
        self.sender.ready().await?;
        let began = Instant::now();
        let response = self.sender.send_request(request).await?;
        let good = response.status().is_success();
        response.into_body().collect().await?;
        Ok((began.elapsed(), good))
    }
}
