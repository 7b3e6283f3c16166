//! What is signed in a bundle: checkpoints, each of which continues the one before, and the time stamps that were kept beside them.

use std::collections::VecDeque;

use base64ct::{Base64, Encoding as _};

use super::{Continues, Named};
use crate::checkpoint::{Checkpoint, Note};
use crate::merkle::{Node, verify_consistency};
use crate::timestamp::{self, Reply};

/// One for each hour of eleven years; who sends more wants the memory.
const CHECKPOINTS: usize = 100_000;
/// Each is verified against certificates, which takes a thousand times longer than to hash a line.
const STAMPS: usize = 10_000;

/// A time stamp of a checkpoint, which stands behind it. It reads and is of that checkpoint; whose it is, is another question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamped {
    /// The place of its checkpoint among those of the bundle.
    pub of: usize,
    /// What the authority sent.
    pub reply: Vec<u8>,
}

/// Checkpoints and time stamps, as their lines come.
#[derive(Default)]
pub(super) struct Noted {
    pub(super) notes: Vec<(Option<String>, Note)>,
    pub(super) stamps: Vec<Stamped>,
    /// The steps between sizes that are still to be shown.
    steps: VecDeque<[(u64, Node); 2]>,
}

impl Noted {
    /// The newest checkpoint.
    pub(super) fn newest(&self) -> Option<&Checkpoint> {
        self.notes.last().map(|(_, note)| &note.checkpoint)
    }

    /// The root that is signed at a size, if one is.
    pub(super) fn root(&self, size: u64) -> Option<Node> {
        let at = self.notes.partition_point(|(_, note)| note.checkpoint.size < size);
        self.notes.get(at).map(|(_, note)| &note.checkpoint).filter(|found| found.size == size).map(|found| found.root)
    }

    /// Takes the next checkpoint.
    pub(super) fn take(&mut self, named: Named, origin: &str) -> Result<(), String> {
        let note = Note::parse(named.note.as_bytes()).map_err(|why| format!("the checkpoint is none: {why}"))?;
        let checkpoint = &note.checkpoint;
        if checkpoint.origin != origin {
            return Err(format!("it is a checkpoint of `{}`", checkpoint.origin));
        }
        if self.notes.len() == CHECKPOINTS {
            return Err(format!("a bundle has no more than {CHECKPOINTS} checkpoints"));
        }
        if let Some((name, before)) = self.notes.last() {
            let before = &before.checkpoint;
            if (before.size, name) >= (checkpoint.size, &named.name) {
                return Err("checkpoints stand by size and name, each once".to_owned());
            }
            if before.size < checkpoint.size {
                self.steps.push_back([(before.size, before.root), (checkpoint.size, checkpoint.root)]);
            } else if before.root != checkpoint.root {
                return Err(format!("two checkpoints of #{} have different roots: two histories", before.size));
            }
        }
        self.notes.push((named.name, note));
        Ok(())
    }

    /// Takes a time stamp of the checkpoint before it.
    pub(super) fn stamp(&mut self, coded: &str) -> Result<(), String> {
        let (of, checkpoint) = self.notes.len().checked_sub(1).zip(self.newest()).ok_or("it stands in the wrong place")?;
        let reply = Some(coded).filter(|coded| coded.len() < 2 * timestamp::LONGEST).and_then(|coded| Base64::decode_vec(coded).ok());
        let reply = reply.ok_or("a time stamp is no base64, or is too long")?;
        if self.stamps.len() == STAMPS {
            return Err(format!("a bundle has no more than {STAMPS} time stamps"));
        }
        if self.stamps.last().is_some_and(|before| before.of == of && before.reply >= reply) {
            return Err("the time stamps of a checkpoint stand by their bytes, each once".to_owned());
        }
        let read = Reply::parse(&reply).map_err(|why| why.to_string())?;
        if !read.is_of(checkpoint) {
            return Err(timestamp::Refused::Another.to_string());
        }
        self.stamps.push(Stamped { of, reply });
        Ok(())
    }

    /// Takes the next step.
    pub(super) fn step(&mut self, Continues { from, path, to }: &Continues) -> Result<(), String> {
        let step = self.steps.pop_front().filter(|[old, new]| (old.0, new.0) == (*from, *to));
        let [old, new] = step.ok_or("no checkpoints follow each other so")?;
        verify_consistency(old, new, path).map_err(|why| format!("#{to} does not continue #{from}: {why}"))
    }

    /// Whether every step has been shown.
    pub(super) fn is_shown(&self) -> Result<(), String> {
        if self.steps.is_empty() { Ok(()) } else { Err("that a checkpoint continues the one before is not shown".to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_an_end_to_checkpoints_and_time_stamps() {
        let checkpoint = |size| Checkpoint { origin: "x.example".to_owned(), size, root: Node::empty() };
        let note = |size| format!("{}\n— x.example AAAAAAAA\n", checkpoint(size));
        let named = |size| Named { name: None, note: note(size) };
        let first = Note::parse(note(1).as_bytes()).unwrap();
        let mut noted = Noted { notes: vec![(None, first.clone()); CHECKPOINTS - 1], ..Noted::default() };
        assert_eq!(noted.take(named(2), "x.example"), Ok(()));
        assert_eq!(noted.take(named(3), "x.example"), Err("a bundle has no more than 100000 checkpoints".to_owned()));
        let stamps = vec![Stamped { of: 0, reply: vec![] }; STAMPS];
        let mut noted = Noted { notes: vec![(None, first)], stamps, ..Noted::default() };
        assert_eq!(noted.stamp("AAAA"), Err("a bundle has no more than 10000 time stamps".to_owned()));
    }
}
