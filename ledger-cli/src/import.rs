//! Import: files of a source in, events out, in two passes.
//!
//! The first pass decodes and judges every row of every file, takes digests and totals, and appends nothing. The second reads again,
//! holds every chunk of rows against the digest that the first pass took of it, and appends. Memory stays bounded: neither pass holds
//! more than a few chunks of rows.

pub mod files;
mod judge;
mod record;
mod rows;

pub use judge::{Judged, Judgement, Known, judge};
pub use record::record;
