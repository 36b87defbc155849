/// What is wrong with the file of a course. Lines are counted from 1, in the whole file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CourseFault {
    /// The two lines that the quiz stands between.
    #[error("the file must begin with a line `+++`, and a second one must end the part that holds the quiz")]
    Fences,
    /// The part between them is no TOML, or not what a course needs.
    #[error("line {line}: {what}")]
    Table {
        /// Where.
        line: usize,
        /// What, as the reader of TOML says it.
        what: String,
    },
    /// A value that no course can have.
    #[error("{place}: {what}")]
    Value {
        /// Which.
        place: String,
        /// What would be right.
        what: &'static str,
    },
    /// There is nothing to read before the quiz.
    #[error("there is no text below the second `+++`")]
    NoText,
    /// It is too long to be a lesson.
    #[error("the file has {bytes} bytes; a course has at most {most}")]
    TooLong {
        /// Its length.
        bytes: usize,
        /// The limit.
        most: usize,
    },
}
