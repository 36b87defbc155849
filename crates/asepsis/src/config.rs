//! The configuration file: what it may hold, and what it means.

mod clinical;
mod export;
mod groups;
mod guard;
mod inspect;
mod mirror;
mod patients;
mod people;
mod release;
pub(crate) mod sections;
mod server;
mod sign_in;
mod store;
mod system;
mod watch;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use asepsis_conduct::Courses;
use asepsis_course::Course;
use asepsis_exchange::{Guarding, Keep, Reach, Rules};
use asepsis_gateway::{Coaching, HouseRules, Settings, SystemRoute, Tools};
use asepsis_phi::{Engine, KnownPhi};
use asepsis_policy::{
    Agreement, AiUse, Fact, Pack, Parts, Person, Policy, Register, Role, Source, Status, Stops, Vendor,
};
use asepsis_vocab::{DisclosureForm, PurposeOfUse};
use rustls::pki_types::CertificateDer;
use serde::Deserialize;
use time::UtcOffset;

use crate::commands::policy::Versions;
use crate::registers::Records;
use crate::roots::KeySettings;

pub(crate) use inspect::read_known;
pub(crate) use server::offset;
pub(crate) use sign_in::ConsoleConfig;
pub(crate) use system::{Served, System};

/// Where what the configuration says stands, in messages.
const HERE: &str = "in the configuration";

/// A configuration that was read and holds together.
#[derive(Clone)]
pub(crate) struct Config {
    file: Arc<File>,
    /// What each section says, to be compared with what it says later.
    sections: Arc<toml::Table>,
    /// Relative paths in the file start from here.
    base: PathBuf,
    /// The AI systems, and where each stands.
    systems: Vec<(System, String)>,
    /// What has to be known before data may be used.
    courses: Arc<Courses>,
    pub(crate) register: Arc<Register>,
    pub(crate) offset: UtcOffset,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    server: server::Server,
    #[serde(default)]
    limits: server::LimitsTable,
    #[serde(default)]
    inspect: inspect::Inspect,
    #[serde(default)]
    upstream: Upstream,
    #[serde(default)]
    keys: KeySettings,
    #[serde(default)]
    store: store::StoreTable,
    #[serde(default)]
    record: RecordTable,
    #[serde(default)]
    vault: VaultTable,
    #[serde(default)]
    export: export::Export,
    #[serde(default)]
    backup: watch::Backup,
    #[serde(default)]
    policy: PolicyTable,
    #[serde(default)]
    coaching: CoachingTable,
    #[serde(default)]
    patients: patients::Patients,
    #[serde(default)]
    guard: guard::GuardTable,
    #[serde(default)]
    release: release::ReleaseTable,
    #[serde(default)]
    clinical: clinical::Clinical,
    #[serde(default)]
    groups: groups::Groups,
    #[serde(default, rename = "tool")]
    tools: Vec<guard::ToolEntry>,
    #[serde(default)]
    training: TrainingTable,
    #[serde(default)]
    registers: RegistersTable,
    #[serde(default, rename = "zone")]
    zones: Vec<people::Zone>,
    #[serde(default)]
    network: people::Network,
    #[serde(default)]
    devices: people::Devices,
    #[serde(default)]
    client_certificates: people::ClientCertificates,
    #[serde(default, rename = "client_certificate")]
    certificate_holders: Vec<people::Holder>,
    #[serde(default)]
    sign_in: Option<sign_in::SignIn>,
    #[serde(default, rename = "identity_provider")]
    identity_providers: Vec<sign_in::IdentityProvider>,
    #[serde(default, rename = "backend_service")]
    backend_services: Vec<sign_in::Backend>,
    #[serde(default, rename = "person")]
    people: Vec<Person>,
    #[serde(default, rename = "role")]
    roles: Vec<Role>,
    #[serde(default, rename = "vendor")]
    vendors: Vec<Vendor>,
    #[serde(default, rename = "agreement")]
    agreements: Vec<Agreement>,
    #[serde(default, rename = "system")]
    systems: Vec<System>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RecordTable {
    /// What is kept of an exchange that names its patient.
    keep: KeepEntry,
    /// Where the log's published files are kept as well.
    mirror: Option<mirror::Mirror>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum KeepEntry {
    #[default]
    Entries,
    Texts,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct VaultTable {
    /// How far surrogates reach.
    scope: ScopeEntry,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ScopeEntry {
    #[default]
    Conversation,
    User,
    Patient,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct PolicyTable {
    /// The name of a shipped pack.
    pack: Option<String>,
    /// The site's own files of policies and texts, after the pack.
    files: Vec<PathBuf>,
    /// What the site sets otherwise than the pack.
    settings: toml::Table,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct CoachingTable {
    /// Whether answers end with what was done, where something stood in the way of the form that the route takes first.
    in_answers: bool,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RegistersTable {
    /// Whether a vendor or system is approved by two people alone, with `asepsis assess approve`.
    second_person: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
struct TrainingTable {
    /// Whether the courses that ship with Asepsis are asked for.
    shipped: bool,
    /// The site's own courses. One with the id of a shipped one takes its place.
    courses: Vec<PathBuf>,
}

impl Default for TrainingTable {
    fn default() -> Self {
        Self { shipped: true, courses: Vec::new() }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Upstream {
    /// Certificate authorities to trust besides the public ones, PEM.
    ca_file: Option<PathBuf>,
}

impl TrainingTable {
    fn courses(&self, base: &Path) -> anyhow::Result<Courses> {
        let mut courses = if self.shipped { asepsis_course::shipped()? } else { Vec::new() };
        for path in &self.courses {
            let path = base.join(path);
            let text = std::fs::read_to_string(&path)
                .with_context(|| format!("[training] courses: cannot read {}", path.display()))?;
            let course = Course::parse(&text).with_context(|| format!("in {}", path.display()))?;
            courses.retain(|known| known.id != course.id);
            courses.push(course);
        }
        Ok(Courses(courses))
    }
}

impl Config {
    /// Reads the configuration at `path`.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(path)
            .with_context(|| format!("cannot read the configuration {}; `asepsis init` writes one", path.display()))?;
        let base = path.parent().unwrap_or(Path::new("")).to_owned();
        Self::parse(&text, base).with_context(|| format!("in {}", path.display()))
    }

    /// Reads a configuration from its text.
    pub(crate) fn parse(text: &str, base: PathBuf) -> anyhow::Result<Self> {
        // The toml crate's errors name line, column and the keys that are known.
        let file: File = toml::from_str(text)?;
        let sections = Arc::new(toml::from_str(text)?);
        let offset = offset(&file.server.utc_offset)?;
        let systems = file.systems.iter().map(|system| (system.clone(), HERE.to_owned())).collect();
        let courses = Arc::new(file.training.courses(&base)?);
        let mut config =
            Self { file: Arc::new(file), sections, base, systems, courses, register: Arc::default(), offset };
        config.register = Arc::new(Register::assemble(config.parts())?);
        config.check()?;
        Ok(config)
    }

    /// What stands in the configuration alone.
    fn parts(&self) -> Parts {
        let here = || HERE.to_owned();
        Parts {
            vendors: self.file.vendors.iter().map(|vendor| (vendor.clone(), here())).collect(),
            systems: self.file.systems.iter().map(|system| (system.facts(), here())).collect(),
            agreements: self.file.agreements.iter().map(|agreement| (agreement.clone(), here())).collect(),
            roles: self.file.roles.clone(),
            people: self.file.people.clone(),
            ..Parts::default()
        }
    }

    /// The courses that people pass, the shipped ones and the site's own.
    pub(crate) fn courses(&self) -> Arc<Courses> {
        Arc::clone(&self.courses)
    }

    /// The configuration with the records of the store: both are one register.
    ///
    /// # Errors
    /// Where they do not hold together; the message names both places.
    pub(crate) fn joined(&self, records: Records) -> anyhow::Result<Self> {
        let mut parts = self.parts();
        let roles: Vec<&str> = self.file.roles.iter().map(|role| role.id.as_str()).collect();
        parts.trained = records.trained(&self.courses, &roles, self.offset);
        parts.emergencies = records.emergencies.clone();
        parts.people = records.people_with(parts.people);
        parts.stops = records.stops;
        parts.vendors.extend(records.vendors);
        parts.systems.extend(records.systems.iter().map(|(system, place)| (system.facts(), place.clone())));
        parts.agreements.extend(records.agreements);
        let here = self.file.systems.iter().map(|system| (system.clone(), HERE.to_owned()));
        let systems: Vec<_> = here.chain(records.systems).collect();
        system::check_all(&systems)?;
        let register = Arc::new(Register::assemble(parts)?);
        Ok(Self { systems, register, ..self.clone() })
    }

    /// The vendors that the configuration itself has, and where they stand.
    pub(crate) fn vendors(&self) -> impl Iterator<Item = (&Vendor, &'static str)> {
        self.file.vendors.iter().map(|vendor| (vendor, HERE))
    }

    /// The AI systems that the configuration itself has, and where they stand.
    pub(crate) fn systems(&self) -> impl Iterator<Item = (&System, &'static str)> {
        self.file.systems.iter().map(|system| (system, HERE))
    }

    /// The agreements by themselves that the configuration has.
    pub(crate) fn agreements(&self) -> impl Iterator<Item = &Agreement> {
        self.file.agreements.iter()
    }

    /// Whether the configuration itself has an entry of that id.
    pub(crate) fn has(&self, register: &str, id: &str) -> bool {
        match register {
            "vendor" => self.file.vendors.iter().any(|vendor| vendor.id == id),
            "system" => self.file.systems.iter().any(|system| system.id == id),
            _ => {
                let within = self.file.vendors.iter().flat_map(|vendor| &vendor.agreements);
                within.chain(&self.file.agreements).any(|agreement| agreement.id == id)
            }
        }
    }

    /// The same with these kill switches alone.
    pub(crate) fn with_stops(&self, stops: Stops) -> Self {
        Self { register: Arc::new(self.register.with_stops(stops)), ..self.clone() }
    }

    fn check(&self) -> anyhow::Result<()> {
        let server = &self.file.server;
        if !server.listen.ip().is_loopback() && server.tls.is_none() && !server.behind_tls_proxy {
            bail!(
                "[server] listen = \"{}\" would speak plain HTTP beyond this machine (45 CFR 164.312(e)(1)); add \
                 [server.tls], or set behind_tls_proxy = true where a proxy in front speaks TLS",
                server.listen
            );
        }
        system::check_all(&self.systems)?;
        self.entrance()?;
        if let Some(role) = self.register.role(asepsis_people::role::ASSESSOR)
            && (role.restore || role.administer)
        {
            bail!("[[role]] assessor looks and changes nothing: restore and administer are false for it");
        }
        let is_here = server.listen.ip().is_loopback() && !server.behind_tls_proxy;
        if self.file.sign_in.as_ref().is_some_and(|sign_in| sign_in.origin.is_none()) && !is_here {
            bail!(
                "[sign_in] needs origin, the address under which browsers see it: origin = \"https://asepsis.example.org\""
            );
        }
        if self.file.client_certificates.are_asked_for() && server.tls.is_none() {
            bail!("[client_certificates] needs [server.tls]: a certificate is shown in the TLS handshake");
        }
        self.file.patients.wording()?;
        self.file.groups.dimensions()?;
        self.one_approves_nothing()?;
        self.guarding()?;
        self.tools()?;
        self.releases()?;
        release::check_roles(&self.file.roles)?;
        self.file.store.check()?;
        self.mirror()?;
        self.file.backup.check(&self.base)?;
        self.file.export.check()
    }

    /// Whether a vendor or system is approved by two people alone.
    pub(crate) fn two_approve(&self) -> bool {
        self.file.registers.second_person
    }

    /// Where two people approve, what stands in a file that one of them can write is no approval.
    fn one_approves_nothing(&self) -> anyhow::Result<()> {
        if !self.two_approve() {
            return Ok(());
        }
        let approved = |status: &Fact<Status>| status.value == Some(Status::Approved);
        let vendors = self.file.vendors.iter().map(|vendor| ("vendor", &vendor.id, approved(&vendor.status)));
        let systems = self.file.systems.iter().map(|system| ("system", &system.id, approved(&system.facts().status)));
        match vendors.chain(systems).find(|(.., approved)| *approved) {
            Some((kind, id, _)) => bail!(
                "{kind} `{id}`: status = \"approved\" is one person's word, and [registers] second_person asks for two; enter it in \
                 the store (`asepsis {kind} add`), and approve it with `asepsis assess approve`"
            ),
            None => Ok(()),
        }
    }

    /// What hostile text is looked for with. Packs are read here.
    pub(crate) fn guarding(&self) -> anyhow::Result<Guarding> {
        let checks = self.file.clinical.checks(&self.base)?;
        Ok(Guarding { checks, ..self.file.guard.guarding(&self.base)? })
    }

    /// What tools may do.
    pub(crate) fn tools(&self) -> anyhow::Result<Tools> {
        self.file.guard.tools(&self.file.tools)
    }

    /// How what a person has to release is held; `None` where it is refused.
    pub(crate) fn releases(&self) -> anyhow::Result<Option<asepsis_gateway::ReleaseSettings>> {
        self.file.release.settings(self.file.sign_in.is_some())
    }

    /// The roles whose people may release something.
    pub(crate) fn releasing(&self) -> impl Iterator<Item = &Role> {
        self.file.roles.iter().filter(|role| !role.release.is_empty())
    }

    /// Who may ask, and how that is found out.
    pub(crate) fn entrance(&self) -> anyhow::Result<asepsis_people::entrance::EntranceRules> {
        self.people().entrance(|role| self.register.role(role).is_some())
    }

    /// What the console is made with; `None` where there is none. Secrets and keys are read here.
    pub(crate) fn console(
        &self,
        rules: &asepsis_people::entrance::EntranceRules,
    ) -> anyhow::Result<Option<ConsoleConfig>> {
        self.people().console(rules, &self.base, |role| self.register.role(role).is_some())
    }

    /// Certificate authorities to trust besides the public ones.
    pub(crate) fn extra_roots(&self) -> anyhow::Result<Vec<CertificateDer<'static>>> {
        match &self.file.upstream.ca_file {
            Some(path) => server::certificates(&self.base.join(path)),
            None => Ok(Vec::new()),
        }
    }

    fn people(&self) -> people::Tables<'_> {
        people::Tables {
            zones: &self.file.zones,
            network: &self.file.network,
            devices: &self.file.devices,
            certificates: &self.file.client_certificates,
            holders: &self.file.certificate_holders,
            sign_in: self.file.sign_in.as_ref(),
            providers: &self.file.identity_providers,
            backends: &self.file.backend_services,
        }
    }

    /// Where the log's published files are kept as well, and how that place is reached.
    pub(crate) fn mirror(&self) -> anyhow::Result<Option<(asepsis_mirror::Address, asepsis_mirror::Options)>> {
        let mirror = self.file.record.mirror.as_ref();
        mirror.map(|mirror| Ok((mirror.address()?, mirror.options(&self.base)))).transpose()
    }

    /// The names of the backups of others that are looked after.
    pub(crate) fn watched(&self) -> impl Iterator<Item = &str> {
        self.file.backup.names()
    }

    /// The backup of that name. What it needs of the environment is read here.
    pub(crate) fn watch(&self, name: &str) -> anyhow::Result<asepsis_backup::watch::Watch> {
        self.file.backup.watch(name, &self.base)
    }

    /// Where the audit log is sent as it grows. Certificates and secrets are read here.
    pub(crate) fn streams(&self) -> anyhow::Result<Vec<asepsis_export::stream::StreamSettings>> {
        self.file.export.streams(&self.base)
    }

    /// What is kept of an exchange beside its entries.
    pub(crate) fn keep(&self) -> Keep {
        match self.file.record.keep {
            KeepEntry::Entries => Keep::Entries,
            KeepEntry::Texts => Keep::Texts,
        }
    }

    /// How far surrogates reach.
    pub(crate) fn reach(&self) -> Reach {
        match self.file.vault.scope {
            ScopeEntry::Conversation => Reach::Conversation,
            ScopeEntry::User => Reach::User,
            ScopeEntry::Patient => Reach::Patient,
        }
    }

    /// Where the root of the keys is.
    pub(crate) fn keys(&self) -> KeySettings {
        self.file.keys.based(&self.base)
    }

    /// The server that holds the databases, with its password read; `None` where they are files of the data directory.
    pub(crate) fn server(&self) -> anyhow::Result<Option<asepsis_db::Server>> {
        self.file.store.server(&self.base)
    }

    /// Where keys, log, vault and registers are.
    pub(crate) fn data_dir(&self) -> PathBuf {
        self.base.join(&self.file.server.data_dir)
    }

    pub(crate) fn first_layer_accepted(&self) -> bool {
        self.file.inspect.accept_first_layer
    }

    /// Where the gateway listens.
    pub(crate) fn listen(&self) -> SocketAddr {
        self.file.server.listen
    }

    /// The policies that this file names: a shipped pack, the site's own files, and what the site sets otherwise.
    pub(crate) fn pack(&self) -> anyhow::Result<Pack> {
        let table = &self.file.policy;
        let mut files = Vec::new();
        for path in &table.files {
            let text = std::fs::read_to_string(self.base.join(path))
                .with_context(|| format!("[policy] files: cannot read {}", self.base.join(path).display()))?;
            files.push(Source { name: path.display().to_string(), text });
        }
        if !table.settings.is_empty() {
            let settings = toml::Table::from_iter([("settings".to_owned(), table.settings.clone().into())]);
            files.push(Source { name: "[policy.settings]".to_owned(), text: toml::to_string(&settings)? });
        }
        Pack::with_files(self.pack_name(), files)
            .map_err(|problems| asepsis_policy::PolicyError::Invalid(problems).into())
    }

    /// The name of the shipped pack that the site's files come after.
    pub(crate) fn pack_name(&self) -> &str {
        self.file.policy.pack.as_deref().unwrap_or("core")
    }

    /// What the configuration itself comes to, whatever was applied.
    pub(crate) fn configured_policy(&self) -> anyhow::Result<Policy> {
        Ok(Policy::of(&self.pack()?, self.offset)?)
    }

    /// What decides: the version that was applied last, or, where none ever was, what the configuration names.
    pub(crate) fn policy(&self) -> anyhow::Result<Policy> {
        match Versions::of(&self.data_dir()).current()? {
            Some(version) => version.policy(self.offset),
            None => self.configured_policy(),
        }
    }

    /// What decides, and the facts behind it.
    pub(crate) fn rules(&self) -> anyhow::Result<Rules> {
        Ok(Rules { policy: Arc::new(self.policy()?), register: Arc::clone(&self.register) })
    }

    /// What finds identifiers.
    pub(crate) fn engine(&self) -> anyhow::Result<Engine> {
        self.file.inspect.engine(&self.base)
    }

    /// What the organisation knows of its patients.
    pub(crate) fn known(&self) -> anyhow::Result<KnownPhi> {
        self.file.inspect.known(&self.base)
    }

    /// What the gateway needs. Keys of AI systems are read here, from the environment or their files.
    ///
    /// Also says which AI systems of the store are left out, as [`system_routes`](Self::system_routes).
    pub(crate) fn settings(&self) -> anyhow::Result<(Settings, Vec<String>)> {
        let (systems, left_out) = self.system_routes()?;
        let tls = self.file.server.tls.as_ref();
        let tls = tls.map(|t| t.load(&self.base, &self.file.client_certificates)).transpose()?;
        let extra_roots = self.extra_roots()?;
        let limits = self.file.limits.limits();
        let settings = Settings {
            listen: self.listen(),
            tls,
            systems,
            limits,
            house: self.house_rules(self.pages())?,
            extra_roots,
        };
        Ok((settings, left_out))
    }

    /// Where the pages for people are reached, where there are any.
    pub(crate) fn pages(&self) -> Option<String> {
        self.people().pages()
    }

    /// What it says of answers, groups and tools. `pages` is where the pages of the running gateway are reached.
    pub(crate) fn house_rules(&self, pages: Option<String>) -> anyhow::Result<HouseRules> {
        Ok(HouseRules {
            coaching: Coaching { in_answers: self.file.coaching.in_answers, pages },
            patient_wording: self.file.patients.wording()?,
            holds: self.file.clinical.holds(),
            groups: Arc::new(self.file.groups.dimensions()?),
            tools: Arc::new(self.tools()?),
        })
    }

    /// The sections that are not the same in `other`, and count from the next start of a gateway on.
    pub(crate) fn needs_restart(&self, other: &Self) -> Vec<&'static str> {
        sections::needs_restart(&self.sections, &other.sections)
    }

    /// How the AI systems are reached, and why some are not. Their keys are read here; a system of the store whose key cannot be
    /// read is not served, and keeps no other from it.
    pub(crate) fn system_routes(&self) -> anyhow::Result<(Vec<SystemRoute>, Vec<String>)> {
        let (mut routes, mut left_out) = (Vec::with_capacity(self.systems.len()), Vec::new());
        for (system, place) in &self.systems {
            match system.route(&self.base) {
                Ok(route) => routes.push(route),
                Err(error) if place == HERE => return Err(error),
                Err(error) => left_out.push(format!("{error:#}")),
            }
        }
        Ok((routes, left_out))
    }

    /// What the organisation is called, where it says so.
    pub(crate) fn organisation(&self) -> Option<&str> {
        self.file.sign_in.as_ref().map(|sign_in| sign_in.organisation.as_str())
    }

    /// How patients reach a person, where the organisation says so.
    pub(crate) fn contact(&self) -> Option<&str> {
        self.file.patients.contact.as_deref()
    }

    /// What an AI system is there for, where that is said.
    pub(crate) fn uses(&self, system: &str) -> impl Iterator<Item = &'static AiUse> {
        let system = self.systems.iter().map(|(known, _)| known).find(|known| known.id == system);
        system.and_then(|system| system.uses().ok()).unwrap_or_default().into_iter()
    }

    /// The AI systems that are said to be the organisation's own, at addresses that may be anybody's.
    pub(crate) fn inside_by_word_alone(&self) -> Vec<&str> {
        let (now, offset) = (time::OffsetDateTime::now_utc(), self.offset);
        let said = |system: &System| {
            let facts = system.facts();
            let register = &self.register;
            register.supports(&facts, asepsis_policy::NO_OUTSIDE_PARTY, now, offset, asepsis_policy::Grade::D)
        };
        let systems = self.systems.iter().map(|(system, _)| system);
        systems.filter(|system| said(system) && !system.looks_inside()).map(|system| system.id.as_str()).collect()
    }

    /// What is missing for the AI systems to be reached: names of environment variables that are not set, files that
    /// are not there.
    pub(crate) fn missing_keys(&self) -> Vec<String> {
        self.systems.iter().filter_map(|(s, _)| s.key(&self.base).err().map(|e| e.to_string())).collect()
    }

    /// For each AI system: its id, the forms that its route takes, and its default purpose.
    pub(crate) fn routes_owned(&self) -> Vec<(String, Vec<DisclosureForm>, PurposeOfUse)> {
        self.routes().map(|(id, _, forms, purpose)| (id.to_owned(), forms.to_vec(), purpose)).collect()
    }

    /// For each AI system: its id, models, the forms that its route takes, and its default purpose.
    pub(crate) fn routes(&self) -> impl Iterator<Item = (&str, &[String], &[DisclosureForm], PurposeOfUse)> {
        self.systems.iter().map(|(s, _)| (s.id.as_str(), s.models.as_slice(), s.forms.as_slice(), s.default_purpose))
    }
}
