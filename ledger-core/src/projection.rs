//! Projections: states that are folds of the entries, in recorded order, and can be asked at any basis.
//!
//! A projection is total: a recorded fact is never refused, it becomes part of the state or a finding. Its saved form is the same on
//! every machine, so that the BLAKE3 of it says whether two folds came to the same.

pub mod billing;
pub mod known;
pub mod records;
pub mod sources;

use crate::chain::Hash;
use crate::event::Entry;

/// A state that is a fold of the ledger's entries.
pub trait Projection: Send {
    /// Its name, in file names and on `replay`'s page.
    fn name(&self) -> &'static str;

    /// Raised whenever the fold or the saved form changes, so that a state saved by an older program is never taken for a new one.
    fn version(&self) -> u32;

    /// Takes one entry in. Entries come in order, each once.
    fn evolve(&mut self, entry: &Entry);

    /// The whole state as bytes: the same bytes for the same entries, on any machine.
    fn save(&self) -> Vec<u8>;

    /// Replaces the state by a saved one. `false` when the bytes are not a state of this version; the state is then empty.
    fn load(&mut self, bytes: &[u8]) -> bool;

    /// Sums and counts that a reader can compare by eye, by name.
    fn totals(&self) -> Vec<(String, String)>;

    /// BLAKE3 of the saved form.
    fn digest(&self) -> Hash {
        Hash::of(&self.save())
    }
}
