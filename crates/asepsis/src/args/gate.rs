//! Arguments of `asepsis gate`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

#[derive(Args)]
#[command(group(ArgGroup::new("endpoint").required(true).args(["url", "openai", "anthropic", "list"])))]
pub(crate) struct Gate {
    /// The endpoint, which speaks OpenAI's chat completions: `https://app.example/v1/chat/completions`. Behind a bare host, or /v1, the
    /// protocol's path is added.
    pub(crate) url: Option<String>,
    /// The same.
    #[arg(long, value_name = "URL")]
    pub(crate) openai: Option<String>,
    /// An endpoint that speaks Anthropic's messages.
    #[arg(long, value_name = "URL")]
    pub(crate) anthropic: Option<String>,
    /// List the cases, and ask nothing.
    #[arg(long)]
    pub(crate) list: bool,
    /// The model that is asked for.
    #[arg(long, default_value = "default")]
    pub(crate) model: String,
    /// A header for each request, 'Name: value'. {{self.mrn}} in it is the number of the patient whom the session is about. Can be given
    /// several times.
    #[arg(long = "header", value_name = "HEADER")]
    pub(crate) headers: Vec<String>,
    /// The environment variable that holds the endpoint's key.
    #[arg(long, value_name = "NAME")]
    pub(crate) key_env: Option<String>,
    /// Certificate authorities to trust besides Mozilla's, in PEM.
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// Allow http to other machines. What is sent is invented; the key is not.
    #[arg(long)]
    pub(crate) insecure_http: bool,
    /// Cases of your own. Can be given several times.
    #[arg(long = "suite", value_name = "FILE")]
    pub(crate) suites: Vec<PathBuf>,
    /// Leave the shipped cases out.
    #[arg(long, requires = "suites")]
    pub(crate) no_shipped: bool,
    /// Only these cases: an id, a kind, or the beginning of ids with *.
    #[arg(long, value_name = "CASE", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// Not these.
    #[arg(long, value_name = "CASE", value_delimiter = ',')]
    pub(crate) skip: Vec<String>,
    /// How often each request is asked. A case fails if it fails once.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100))]
    pub(crate) runs: u32,
    /// How many requests are under way at once.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=64))]
    pub(crate) concurrency: u32,
    /// How many seconds each request may take.
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: u64,
    /// Write SARIF 2.1.0 to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) sarif: Option<PathBuf>,
    /// Write JUnit's XML to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Print JSON in place of the summary.
    #[arg(long)]
    pub(crate) json: bool,
    /// Known failures, an id a line: they do not fail the gate.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,
    /// Write what fails now as a baseline to this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) write_baseline: Option<PathBuf>,
}
