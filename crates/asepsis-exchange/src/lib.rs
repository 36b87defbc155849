//! The way that every exchange goes, written once.
//!
//! A face (a protocol, the command line) turns bytes into [`Content`] and back and knows nothing of policy. It asks the
//! [`Plane`] to admit the content: the plane inspects it, decides in which form it may go, rewrites it to that form and
//! records the intent. Only then does the face get the rewritten text in its hands, in an [`Admitted`], so that nothing can
//! leave before its record is durable. What comes back goes through the admitted exchange's [`Lane`]s, which give the
//! originals back to those who may see them, and [`Admitted::finish`] records the outcome before the last byte is released.
//!
//! ```text
//! identify -> inspect -> decide -> protect -> record intent -> forward -> inspect -> restore -> record outcome
//! (Asker)     (Content)  (Plane::admit)                        (face)     (Lane)              (Admitted::finish)
//! ```

mod admitted;
mod called;
mod clock;
mod content;
mod guard;
mod keep;
mod memory;
mod named;
mod others;
mod plane;
mod protect;
mod reach;
mod record;
mod returned;
mod review;
mod split;
mod versions;

pub use admitted::{Admitted, Ending, Lane, Leak};
pub use asepsis_policy::{Looked, ToolCall, ToolEffect, Whereabouts};
pub use asepsis_surrogate::Rendering;
pub use clock::{Clock, SystemClock};
pub use content::{Asker, Content, Level, Piece, Record, Route};
pub use guard::{Guarding, STRIPPED};
pub use keep::{Keep, PAYLOAD_VERSION, record as payload_record};
pub use memory::{Bounds, Standing, Whom};
pub use others::NOTICE as OTHER_PATIENT;
pub use plane::{Again, Plane, PlaneParts, Refusal, RefusalKind, Rules};
pub use protect::{Protected, issued};
pub use reach::Reach;
pub use record::{Ticket, count};
pub use split::divided;
pub use versions::versions;
