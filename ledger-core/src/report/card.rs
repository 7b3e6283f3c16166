//! Rows as people are shown some of them: a bar of parts, and a line for each.

use crate::money::Amount;

/// What a part of a bar stands for; renderers have a glyph for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What is there, of the first kind.
    First,
    /// What is there, of the second kind.
    Second,
    /// What is expected.
    Expected,
    /// What lacks.
    Lacking,
    /// No part of the bar: the sum of what is there.
    Sum,
}

/// A bar: parts of a whole, one behind the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gauge {
    /// The whole.
    pub whole: i128,
    /// Its parts; what they leave lacks.
    pub parts: Vec<(Part, i128)>,
    /// What it says, beside it.
    pub says: String,
    /// A place on it, and what that says.
    pub mark: Option<(i128, String)>,
}

/// A line of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CardLine {
    /// The part of the bar that it is.
    pub part: Option<Part>,
    /// What it is called.
    pub label: String,
    /// How much.
    pub amount: Option<Amount>,
    /// What else there is to say.
    pub remark: String,
}

/// A row as people are shown it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    /// What it is of.
    pub title: String,
    /// The bar.
    pub gauge: Option<Gauge>,
    /// Its lines.
    pub lines: Vec<CardLine>,
    /// The same in a sentence, for who cannot see a bar.
    pub says: String,
}
