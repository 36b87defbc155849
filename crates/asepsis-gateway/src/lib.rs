//! The protocols that AI clients speak, in front of the way that every exchange goes.
//!
//! The gateway answers OpenAI Chat Completions and Anthropic Messages, plain and streamed. It turns the bytes of a request
//! into pieces of text and back, and knows nothing of policy: what may go, and in which form, is for
//! [`asepsis_exchange::Plane`] to say. What it does not change is byte for byte what came in.

mod answer;
mod body;
mod closing;
mod coaching;
mod doors;
mod fault;
mod gateway;
mod gather;
mod house;
mod identify;
mod labels;
mod marks;
mod metrics;
mod place;
mod prepare;
mod release;
mod request;
mod restore;
mod said;
mod server;
mod settings;
mod stream;
mod switch;
mod tools;
mod upstream;
mod uses;

pub use coaching::Coaching;
pub use doors::{Caller, Doors, PageAnswer, Pages};
pub use gateway::Gateway;
pub use house::HouseRules;
pub use identify::whereabouts;
pub use marks::Holds;
pub use release::{KnownRelease, ReleaseError, ReleaseSettings, Releases};
pub use server::Server;
pub use settings::{Limits, Protocol, Settings, SystemRoute};
pub use tools::{ToolRule, Tools};
