//! Dealbook's rules, without any effect: no clock, no files, no environment, no randomness, no threads.
//!
//! ```text
//! Row     -Feed::read-->        Fact               what a source says, in the field's words
//! JSON    -Document::read->     [Fact]             what a document of AWS says
//! Rows    -Sums::facts->        [Fact]             what a bill of AWS says of a month
//! Fact    -book::observe-->     Event | nothing    nothing: already known
//! Draft   -write-->             Line               one event in canonical JSON, bound to the line before
//! Line    -chain::follow-->     Head               or how the chain breaks
//! Line    -Entry::read-->       Entry
//! Lines   -merkle::Tree->   Checkpoint, Proof  of any line, and that one history continues another
//! Entry   -Projection::evolve-> state -> Report    at any basis of the three clocks
//! ```
pub mod book;
pub mod bundle;
mod canonical;
pub mod chain;
pub mod checkpoint;
pub mod commitment;
pub mod damage;
pub mod document;
pub mod event;
pub mod fee;
pub mod feed;
pub mod finding;
pub mod hash;
pub mod id;
pub mod merkle;
pub mod money;
pub mod pricing;
pub mod privacy;
pub mod problem;
pub mod programme;
pub mod projection;
pub mod proof;
pub mod reconcile;
pub mod report;
pub mod sampling;
pub mod schema;
pub mod statement;
pub mod time;
pub mod timestamp;
