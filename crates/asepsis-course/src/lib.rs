//! Lessons with a quiz: what has to be known before data may be used, who passed, and for how long.
//!
//! A [`Course`] is one Markdown file with its quiz in TOML between two lines of `+++`. [`Course::grade`] marks answers;
//! [`Passed`] is what is kept of it, and [`Passed::standing`] says at any moment whether it still counts (45 CFR
//! 164.308(a)(5), training; 164.316(b)(2)(iii), reviewed as things change). Everything here is pure: no clock, no store.

mod course;
mod fault;
mod grade;
mod shipped;
mod standing;

pub use course::{Course, Question, Source};
pub use fault::CourseFault;
pub use grade::{Answers, Graded, Missed};
pub use shipped::shipped;
pub use standing::{Passed, Standing};
