//! What is wrong with a value that somebody wrote, in the words of a person who can mend it.

/// A value that cannot be taken, where it stood is the decoder's to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The published code, such as `E0211`.
    pub code: &'static str,
    /// The column, when it is one column's fault.
    pub column: Option<String>,
    /// The offending text.
    pub found: String,
    /// What is wrong with it, as a fragment: "thousands separator".
    pub why: String,
    /// What to do.
    pub cure: String,
}
