//! Projections: states that are folds of the entries, in recorded order, and can be asked at any basis.
//!
//! A projection is total: a recorded fact is never refused, it becomes part of the state or a finding. Its saved form is the same on
//! every machine, so that the BLAKE3 of it says whether two folds came to the same.

pub mod billing;
pub mod closing;
pub mod edp;
pub mod known;
pub mod programmes;
pub mod records;
pub mod sources;
pub mod usage;

use std::io::{self, BufRead, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

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

    /// Takes entries in, one after the other.
    fn evolve_each(&mut self, entries: &[Entry]) {
        for entry in entries {
            self.evolve(entry);
        }
    }

    /// The whole state as bytes: the same bytes for the same entries, on any machine.
    fn save(&self) -> Vec<u8>;

    /// Writes those bytes. A large state writes its columns one after the other, so that there is never a copy of the whole beside it.
    ///
    /// # Errors
    /// They cannot be written.
    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        out.write_all(&self.save())
    }

    /// Replaces the state by a saved one. `false` when the bytes are not a state of this version; the state is then empty.
    fn load(&mut self, bytes: &[u8]) -> bool;

    /// Replaces the state by a saved one that is being read: so many bytes, and no more are to be asked for. A large state takes its
    /// columns from what has just been read, so that there is never a copy of the whole beside it.
    fn restore(&mut self, saved: &mut dyn BufRead, length: usize) -> bool {
        let mut bytes = Vec::with_capacity(length);
        let whole = saved.read_to_end(&mut bytes).is_ok() && bytes.len() == length;
        // What cannot be read is no state, and leaves an empty one.
        self.load(if whole { &bytes } else { &[] }) && whole
    }

    /// Sums and counts that a reader can compare by eye, by name.
    fn totals(&self) -> Vec<(String, String)>;

    /// BLAKE3 of the saved form.
    fn digest(&self) -> Hash {
        Hash::of_written(|out| self.write(out))
    }
}

/// The saved form of a state that is small enough for JSON. Its maps have numbers or texts for keys, which JSON writes as text.
pub(crate) fn json_of(state: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(state).expect("a state has no map with other keys than texts and numbers")
}

/// Replaces such a state by a saved one, as [`Projection::load`] says.
pub(crate) fn load_json<T: DeserializeOwned + Default>(state: &mut T, bytes: &[u8]) -> bool {
    let loaded = serde_json::from_slice(bytes).ok();
    let whole = loaded.is_some();
    *state = loaded.unwrap_or_default();
    whole
}
