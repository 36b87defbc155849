//! `asepsis probe`: what can be seen of an AI system's door from outside, beside what is claimed of it.

mod certificate;
mod first;
mod handshake;

use std::collections::BTreeMap;
use std::net::{TcpStream, ToSocketAddrs};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};
use asepsis_govern::{Contradiction, Fact, Grade, Probe, Spoken, Subject, Tls, contradictions};
use asepsis_store::Change;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::json;
use time::OffsetDateTime;

use super::assess::book::{Book, PROBE, Probed, Reach};
use super::assess::changes::Written;
use super::assess::with;
use crate::args::Probe as Command;
use crate::output;

/// The longest that a connection, and each answer on it, is waited for.
const PATIENCE: Duration = Duration::from_secs(10);

const HOW: &str =
    "TLS 1.2 and 1.3 by a handshake (rustls); 1.0 and 1.1 by the first message alone, which says what the server picks";

pub(crate) fn run(path: &Path, command: &Command) -> anyhow::Result<u8> {
    with(path, Reach::Named(&command.system), async |home, _, book| {
        let (subject, id) = book.find(&command.system)?;
        if subject != Subject::System {
            bail!("a probe looks at an AI system's address, and `{id}` is a vendor");
        }
        let door = match &command.address {
            Some(address) => Door::parse(address)?,
            None => Door::of(&book, &id)?,
        };
        let roots = roots(path)?;
        let today = book.today;
        let probe = tokio::task::spawn_blocking(move || look(&door, roots, today)).await??;
        let dossier = book.dossier(subject, &id);
        let found = contradictions(&probe, &dossier);
        if let (true, Some(basis)) = (command.record, &command.basis) {
            let kept = Probed { probe: probe.clone(), contradictions: found.clone() };
            let what = Written { interface: "cli.probe", basis, second: None };
            let mut changes = vec![Change::set(PROBE, &id, serde_json::to_string(&kept)?)];
            // In the registers that decide, the claim is unknown of this system from now on. A better probe does not lift it: somebody
            // has to state it anew.
            let against: BTreeMap<_, _> = found.iter().map(|one| (one.fact.clone(), unknown(one, &probe))).collect();
            if book.system(&id).is_some_and(|entry| entry.version.is_some()) {
                changes.extend(book.state(subject, &id, &against)?);
            }
            book.change(&home, what, changes).await?;
        }
        if command.json {
            let claims = probe.claims(&dossier);
            let shown = json!({
                "system": id, "probe": probe, "measured": probe.measured(), "claims": claims, "contradictions": found,
            });
            output::line(&serde_json::to_string(&shown)?)?;
        } else {
            output::line(&format!("{}  {}", probe.address, probe.how))?;
            for measured in probe.measured() {
                output::line(&format!("  {}: {}", measured.name, output::harmless(&measured.value)))?;
            }
            for claim in probe.claims(&dossier) {
                let claimed = claim.claimed.as_ref().map_or_else(|| "unknown".to_owned(), ToString::to_string);
                let line = match &claim.against {
                    Some(against) => format!("CONTRADICTED  {} is claimed to be {claimed}, but {against}", claim.fact),
                    None => format!("claim  {} is {claimed}; nothing was seen against it", claim.fact),
                };
                output::line(&output::harmless(&line))?;
            }
            if !found.is_empty() && !command.record {
                output::remark("With --record --basis, the contradicted claims count as unknown from now on.");
            }
        }
        Ok(u8::from(!found.is_empty()))
    })
}

/// What becomes of a claim that was contradicted.
fn unknown(contradiction: &Contradiction, probe: &Probe) -> Fact {
    let source = Some(format!("probe of {}: {}", probe.on, contradiction.found));
    Fact { value: None, grade: Grade::U, source, as_of: Some(probe.on), ..Fact::default() }
}

/// The certificate authorities that the configuration trusts besides the public ones.
fn roots(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let file: toml::Table = toml::from_str(&std::fs::read_to_string(path)?)?;
    let named = file.get("upstream").and_then(|upstream| upstream.get("ca_file")).and_then(|file| file.as_str());
    let Some(named) = named else { return Ok(Vec::new()) };
    let file = path.parent().unwrap_or(Path::new("")).join(named);
    let read = || CertificateDer::pem_file_iter(&file)?.collect::<Result<Vec<_>, _>>();
    read().with_context(|| format!("cannot read the certificates in {}", file.display()))
}

/// Where to look.
#[derive(Clone)]
pub(crate) struct Door {
    host: String,
    port: u16,
}

impl Door {
    fn of(book: &Book, system: &str) -> anyhow::Result<Self> {
        let entry = book.system(system).with_context(|| format!("there is no AI system `{system}`"))?;
        let url = entry.body.get("base_url").and_then(|url| url.as_str()).unwrap_or_default();
        let uri: http::Uri = url.parse().with_context(|| format!("system `{system}` has no base_url to look at"))?;
        if uri.scheme_str() != Some("https") {
            bail!(
                "system `{system}` is reached in plain text on this machine ({url}); name another with --address HOST:PORT"
            );
        }
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        Ok(Self { host, port: uri.port_u16().unwrap_or(443) })
    }

    fn parse(address: &str) -> anyhow::Result<Self> {
        let (host, port) = address.rsplit_once(':').unwrap_or((address, "443"));
        let port = port.parse().with_context(|| format!("--address {address}: write HOST:PORT"))?;
        Ok(Self { host: host.trim_matches(['[', ']']).to_owned(), port })
    }

    fn address(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    /// The name to ask for.
    fn name(&self) -> anyhow::Result<ServerName<'static>> {
        ServerName::try_from(self.host.clone()).with_context(|| format!("`{}` is no host name", self.host))
    }

    fn connect(&self) -> std::io::Result<TcpStream> {
        let mut last = std::io::Error::other("it has no address");
        for address in (self.host.as_str(), self.port).to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, PATIENCE) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(PATIENCE))?;
                    stream.set_write_timeout(Some(PATIENCE))?;
                    return Ok(stream);
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }
}

fn look(door: &Door, roots: Vec<CertificateDer<'static>>, today: time::Date) -> anyhow::Result<Probe> {
    // Nothing answers: that is no finding about TLS.
    drop(door.connect().with_context(|| format!("{} cannot be reached", door.address()))?);
    let name = door.name()?;
    let mut tls = BTreeMap::new();
    let (mut shown, mut hsts_seconds) = (Vec::new(), None);
    for version in [Tls::V1_3, Tls::V1_2] {
        let (spoken, seen) = handshake::tried(door, &name, version);
        if let Some(seen) = seen
            && shown.is_empty()
        {
            (shown, hsts_seconds) = (seen.chain, seen.hsts_seconds);
        }
        tls.insert(version, spoken);
    }
    let answers = tls.values().any(|spoken| *spoken == Spoken::Yes);
    for version in [Tls::V1_1, Tls::V1_0] {
        tls.insert(version, first::picked(door, version, answers));
    }
    let chain = certificate::read(&shown, &name, roots, OffsetDateTime::now_utc())?;
    Ok(Probe { address: door.address(), on: today, tls, chain, hsts_seconds, how: HOW.to_owned() })
}
