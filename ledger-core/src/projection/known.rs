//! What is already known: the fingerprints of every version of every record that came from a source.
//!
//! A fingerprint is 16 bytes, eight of the natural key and eight of all that was said. Two rows are taken for the same only when both
//! agree; when only the key's does, the lines are read and their keys compared.

use std::io::{self, Write};
use std::num::NonZeroU32;

use crate::event::Entry;
use crate::feed::Fingerprint;
use crate::hash::Map;
use crate::projection::Projection;

/// The versions of records that the ledger holds.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Sorted by fingerprint: what was there when the state was saved or settled.
    settled: Vec<(Fingerprint, u64)>,
    /// What was folded since: found by looking at all of it, until it is settled.
    folded: Vec<(Fingerprint, u64)>,
    /// What has been added since, in the order in which it came.
    recent: Vec<Recent>,
    /// By fingerprint of the key: the latest of its recent versions.
    latest: Map<u64, u32>,
}

/// A version that was added, and the one of the same key that was added before it.
#[derive(Debug, Clone, Copy)]
struct Recent {
    print: Fingerprint,
    seq: u64,
    before: Option<NonZeroU32>,
}

const WIDTH: usize = 24;
/// So many are written at once.
const PIECE: usize = 4_096;

impl Known {
    /// Whether exactly this was said of this record, at this moment.
    pub fn holds(&self, print: Fingerprint) -> bool {
        self.recent_of(print.key).any(|recent| recent.print == print)
            || self.settled.binary_search_by_key(&print, |(settled, _)| *settled).is_ok()
            || self.folded.iter().any(|(folded, _)| *folded == print)
    }

    /// Sorts in what was folded. Whoever asks does this first.
    pub fn settle(&mut self) {
        if !self.folded.is_empty() {
            self.settled.append(&mut self.folded);
            // Stable, because that makes use of what is sorted already.
            self.settled.sort();
        }
    }

    /// The positions of every version of the record, and of any other record whose key has the same fingerprint.
    pub fn versions(&self, key: u64) -> Vec<u64> {
        let start = self.settled.partition_point(|(settled, _)| settled.key < key);
        let settled = self.settled[start..].iter().take_while(|(settled, _)| settled.key == key).map(|(_, seq)| *seq);
        let folded = self.folded.iter().filter(|(folded, _)| folded.key == key).map(|(_, seq)| *seq);
        let mut seqs: Vec<u64> = settled.chain(folded).chain(self.recent_of(key).map(|recent| recent.seq)).collect();
        seqs.sort_unstable();
        seqs
    }

    /// The recent versions of a key, the latest first.
    fn recent_of(&self, key: u64) -> impl Iterator<Item = &Recent> {
        let at = |number: u32| self.recent.get(number as usize - 1);
        std::iter::successors(self.latest.get(&key).and_then(|latest| at(*latest)), move |recent| at(recent.before?.get()))
    }

    /// Notes a version whose fingerprint has been taken already.
    pub fn add(&mut self, print: Fingerprint, seq: u64) {
        let number = u32::try_from(self.recent.len() + 1).expect("a ledger is saved long before four thousand million versions");
        let before = self.latest.insert(print.key, number).and_then(NonZeroU32::new);
        self.recent.push(Recent { print, seq, before });
    }

    /// How many versions there are.
    pub fn len(&self) -> usize {
        self.settled.len() + self.folded.len() + self.recent.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn sorted(&self) -> Vec<(Fingerprint, u64)> {
        let recent = self.recent.iter().map(|recent| (recent.print, recent.seq));
        let mut all: Vec<_> = self.settled.iter().chain(&self.folded).copied().chain(recent).collect();
        all.sort_unstable();
        all
    }
}

impl Projection for Known {
    fn name(&self) -> &'static str {
        "known"
    }

    fn version(&self) -> u32 {
        2
    }

    fn evolve(&mut self, entry: &Entry) {
        self.evolve_each(std::slice::from_ref(entry));
    }

    fn evolve_each(&mut self, entries: &[Entry]) {
        for (entry, print) in entries.iter().zip(Fingerprint::of_entries(entries)) {
            self.folded.extend(print.map(|print| (print, entry.seq)));
        }
    }

    fn save(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.len() * WIDTH);
        self.write(&mut bytes).expect("memory takes what is written");
        bytes
    }

    fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut piece = Vec::with_capacity(PIECE * WIDTH);
        for some in self.sorted().chunks(PIECE) {
            piece.clear();
            for (print, seq) in some {
                [print.key, print.content, *seq].iter().for_each(|word| piece.extend_from_slice(&word.to_le_bytes()));
            }
            out.write_all(&piece)?;
        }
        Ok(())
    }

    fn load(&mut self, bytes: &[u8]) -> bool {
        let word = |record: &[u8], at: usize| record[at..at + 8].iter().rev().fold(0, |sum, byte| sum << 8 | u64::from(*byte));
        let records = bytes.chunks_exact(WIDTH);
        let whole = records.remainder().is_empty();
        let settled: Vec<_> = records.map(|r| (Fingerprint { key: word(r, 0), content: word(r, 8) }, word(r, 16))).collect();
        *self = Self::default();
        if !whole || !settled.is_sorted() {
            return false;
        }
        self.settled = settled;
        true
    }

    fn totals(&self) -> Vec<(String, String)> {
        vec![("versions".to_owned(), self.len().to_string())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(key: u64, content: u64) -> Fingerprint {
        Fingerprint { key, content }
    }

    #[test]
    fn a_version_is_known_by_key_and_content_before_and_after_saving() {
        let mut known = Known::default();
        for (key, content, seq) in [(7, 1, 2), (3, 1, 3), (7, 2, 4)] {
            known.add(print(key, content), seq);
        }
        let mut loaded = Known::default();
        assert!(loaded.load(&known.save()));
        loaded.add(print(7, 3), 9);
        let mut folded = Known { folded: vec![(print(7, 1), 2), (print(3, 1), 3), (print(7, 2), 4)], ..Known::default() };
        let unsettled = folded.clone();
        folded.settle();
        assert_eq!(folded.save(), known.save());
        for (state, versions) in [(&known, vec![2, 4]), (&loaded, vec![2, 4, 9]), (&folded, vec![2, 4]), (&unsettled, vec![2, 4])] {
            assert!(state.holds(print(7, 2)) && state.holds(print(3, 1)) && !state.holds(print(3, 2)));
            assert_eq!(state.versions(7), versions);
        }
        assert_eq!((known.len(), loaded.len()), (3, 4));
    }

    #[test]
    fn damaged_bytes_are_not_a_state() {
        assert!(!Known::default().load(&[1, 2, 3]));
    }
}
