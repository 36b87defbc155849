use crate::{Course, CourseFault};

const FILES: [&str; 5] = [
    include_str!("../../../data/courses/entering-data.md"),
    include_str!("../../../data/courses/hidden-instructions.md"),
    include_str!("../../../data/courses/false-advice.md"),
    include_str!("../../../data/courses/reporting.md"),
    include_str!("../../../data/courses/devices.md"),
];

/// The courses that come with Asepsis.
///
/// # Errors
/// None, as a test shows.
pub fn shipped() -> Result<Vec<Course>, CourseFault> {
    FILES.iter().map(|file| Course::parse(file)).collect()
}
