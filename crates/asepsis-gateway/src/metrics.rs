//! What Prometheus is told: counts and times, with labels that hold codes and ids only.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use asepsis_vocab::DisclosureForm;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Ended {
    interface: &'static str,
    system: String,
    form: &'static str,
    status: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Remembered {
    what: &'static str,
}

/// The gateway's own counts.
pub(crate) struct Metrics {
    registry: Registry,
    ended: Family<Ended, Counter>,
    replaced: Counter,
    restored: Counter,
    unissued: Counter,
    unauthenticated: Counter,
    released: Counter,
    unlisted: Counter,
    remembered: Family<Remembered, Counter>,
    in_flight: Gauge,
    admit_seconds: Histogram,
    log_size: Gauge<u64, AtomicU64>,
    log_healthy: Gauge,
}

impl Metrics {
    pub(crate) fn new(collectors: Vec<Box<dyn Collector>>) -> Self {
        let mut registry = Registry::with_prefix("asepsis");
        for collector in collectors {
            registry.register_collector(collector);
        }
        let metrics = Self {
            registry,
            ended: Family::default(),
            replaced: Counter::default(),
            restored: Counter::default(),
            unissued: Counter::default(),
            unauthenticated: Counter::default(),
            released: Counter::default(),
            unlisted: Counter::default(),
            remembered: Family::default(),
            in_flight: Gauge::default(),
            admit_seconds: Histogram::new([0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2.0]),
            log_size: Gauge::default(),
            log_healthy: Gauge::default(),
        };
        metrics.registered()
    }

    fn registered(mut self) -> Self {
        let r = &mut self.registry;
        r.register(
            "exchanges",
            "Exchanges that ended, by face, AI system, form of disclosure and status",
            self.ended.clone(),
        );
        r.register("identifiers_replaced", "Places that were rewritten on the way out", self.replaced.clone());
        r.register("surrogates_restored", "Surrogates that were turned back on the way in", self.restored.clone());
        r.register("surrogates_unissued", "Placeholders in answers that nobody issued", self.unissued.clone());
        r.register("unauthenticated", "Requests without a valid key", self.unauthenticated.clone());
        r.register(
            "releases_used",
            "Held answers that were given out after a person had released them",
            self.released.clone(),
        );
        r.register("unlisted", "Requests for an AI system that is not registered", self.unlisted.clone());
        r.register(
            "guard_memory",
            "Exchanges that earlier ones of the same person or conversation cost their tools, or that were told to wait",
            self.remembered.clone(),
        );
        r.register("in_flight", "Exchanges that go on now", self.in_flight.clone());
        r.register(
            "admit_seconds",
            "Time from the end of a request to the durable record of its intent",
            self.admit_seconds.clone(),
        );
        r.register("log_entries", "Entries of the audit log", self.log_size.clone());
        r.register("log_healthy", "1 while the audit log can be written, else 0", self.log_healthy.clone());
        self
    }

    pub(crate) fn ended(
        &self,
        interface: &'static str,
        system: &str,
        form: Option<DisclosureForm>,
        status: &'static str,
    ) {
        let form = form.map_or("none", DisclosureForm::name);
        self.ended.get_or_create(&Ended { interface, system: system.to_owned(), form, status }).inc();
    }

    pub(crate) fn admitted(&self, took: Duration, replaced: u64) {
        self.admit_seconds.observe(took.as_secs_f64());
        self.replaced.inc_by(replaced);
    }

    pub(crate) fn answered(&self, tally: asepsis_surrogate::Tally) {
        self.restored.inc_by(tally.restored);
        self.unissued.inc_by(tally.unissued);
    }

    pub(crate) fn unauthenticated(&self) {
        self.unauthenticated.inc();
    }

    pub(crate) fn released(&self) {
        self.released.inc();
    }

    pub(crate) fn unlisted(&self) {
        self.unlisted.inc();
    }

    pub(crate) fn remembered(&self, what: &'static str) {
        self.remembered.get_or_create(&Remembered { what }).inc();
    }

    /// Counts an exchange as going on until the guard is dropped.
    pub(crate) fn in_flight(&self) -> InFlight {
        self.in_flight.inc();
        InFlight(self.in_flight.clone())
    }

    /// The exposition in OpenMetrics text.
    pub(crate) fn text(&self, log_size: u64, log_healthy: bool) -> String {
        self.log_size.set(log_size);
        self.log_healthy.set(log_healthy.into());
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &self.registry).expect("a String takes every write");
        text
    }
}

/// An exchange that goes on.
pub(crate) struct InFlight(Gauge);

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.dec();
    }
}
