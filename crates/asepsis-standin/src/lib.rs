//! A stand-in for an AI vendor.
//!
//! It speaks OpenAI Chat Completions and Anthropic Messages, plain and streamed, with tools. It is no AI: it answers by
//! rule, from what it was sent, so that a test can tell exactly what must come back. It keeps every byte that it got, so
//! that a test, and a person at the demo, can see what a vendor would see. The name of the model steers it; see
//! [`Behaviour`].

mod answer;
mod behaviour;
mod obey;
mod server;
mod wire;

pub use behaviour::{Behaviour, Failure};
pub use server::{Seen, Standin};
