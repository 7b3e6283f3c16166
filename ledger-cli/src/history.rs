//! A ledger as those see it who sign it or prove something of it: the tree over its lines, its origin, and the keys it names.

use std::path::PathBuf;

use ledger_core::chain::Head;
use ledger_core::checkpoint::{Checkpoint, Keys, Note};
use ledger_core::event::governance::KeyRotated;
use ledger_core::event::{Entry, Event};
use ledger_core::merkle::{Node, Tree};
use ledger_store::Block;
use ledger_store::checkpoints::{Checkpoints, Found};
use ledger_store::scan::{Depth, ScanError, scan_beside};

use crate::failure::{Code, Failure};
use crate::session::{self, Session};

/// What a block of lines has for the tree.
pub(crate) struct Seen {
    /// The leaf of each line.
    pub(crate) leaves: Vec<Node>,
    /// Where the key was replaced, and how.
    pub(crate) rotations: Vec<(u64, KeyRotated)>,
}

impl Seen {
    /// Looks at a block, and computes its leaves as far as they are wanted: that takes as long as following the chain.
    pub(crate) fn of(block: &Block, leaves: u64) -> Self {
        let finder = memchr::memmem::Finder::new(br#""event":{"type":"key.rotated""#);
        let rotates = finder.find(&block.bytes).is_some();
        let mut seen = Self { leaves: Vec::new(), rotations: Vec::new() };
        for (seq, line) in (block.first..).zip(block.lines()) {
            if seq <= leaves {
                seen.leaves.push(Node::leaf(line));
            }
            if rotates
                && finder.find(line).is_some()
                && let Ok(Entry { event: Event::KeyRotated(rotated), .. }) = Entry::read(line, seq)
            {
                seen.rotations.push((seq, *rotated));
            }
        }
        seen
    }
}

/// A ledger's history, verified line by line on the way.
pub(crate) struct History {
    /// How far it goes.
    pub(crate) head: Head,
    /// Whose it is.
    pub(crate) origin: String,
    /// The tree over its lines.
    pub(crate) tree: Tree,
    rotations: Vec<(u64, KeyRotated)>,
}

impl History {
    /// Reads all of a ledger.
    pub(crate) fn of(session: &Session) -> Result<Self, Failure> {
        let origin = origin_of(session)?;
        let (mut tree, mut rotations, mut head) = (Tree::default(), Vec::new(), Head::EMPTY);
        let look = |block: &Block| Seen::of(block, u64::MAX);
        scan_beside(session.source.read(1)?, Head::EMPTY, Depth::Chain, look, |checked, seen| {
            seen.leaves.into_iter().for_each(|leaf| tree.push(leaf));
            rotations.extend(seen.rotations);
            head = checked.after;
            Ok::<(), ScanError>(())
        })?;
        Ok(Self { head, origin, tree, rotations })
    }

    /// The keys that sign its checkpoints, when the folder or the ledger name any.
    pub(crate) fn keys(&self, kept: &Found) -> Result<Option<Keys>, Failure> {
        keys(&self.origin, kept, &self.rotations)
    }

    /// What would be signed of it now.
    pub(crate) fn checkpoint(&self) -> Checkpoint {
        let size = self.tree.size();
        let root = self.tree.root_at(size).expect("a tree has a root at its own size");
        Checkpoint { origin: self.origin.clone(), size, root }
    }

    /// The newest checkpoint, with every signature that it has under any name; it must cover a position.
    pub(crate) fn covering(&self, kept: &Found, seq: u64) -> Result<Note, Failure> {
        for kept in &kept.notes {
            self.continues(&kept.note.checkpoint, &format!("checkpoint {kept}"))?;
        }
        let mut notes = kept.notes.iter().rev().map(|kept| &kept.note);
        let none = || {
            let newest = kept.notes.last().map_or_else(|| "there is none".to_owned(), |kept| format!("the newest is {kept}"));
            Failure::new(Code::E0306, format!("no checkpoint covers event #{seq}"))
                .because(newest)
                .hint("dealbook checkpoint --key FILE signs one")
        };
        let mut newest = notes.next().filter(|note| note.checkpoint.size >= seq).ok_or_else(none)?.clone();
        for same in notes {
            if same.checkpoint == newest.checkpoint {
                newest.join(same.clone());
            }
        }
        Ok(newest)
    }

    /// Whether it continues a checkpoint; `called` is how that is named.
    pub(crate) fn continues(&self, older: &Checkpoint, called: &str) -> Result<(), Failure> {
        match self.tree.root_at(older.size) {
            _ if older.origin != self.origin => Err(of_another(called, older, &self.origin)),
            Some(root) if root == older.root => Ok(()),
            Some(_) => Err(rewritten(called, older)),
            None => Err(cut_off(called, older, self.head)),
        }
    }
}

/// The origin of a ledger, as its first line names it.
pub(crate) fn origin_of(session: &Session) -> Result<String, Failure> {
    match session.entry(1)?.map(|entry| entry.event) {
        Some(Event::LedgerOpened(opened)) => Ok(opened.origin),
        _ => Err(Failure::new(Code::E0304, "the ledger has no first event that says whose it is").hint("`dealbook init` makes it")),
    }
}

/// The keys that sign a ledger's checkpoints, from the first that its folder has to the last that its lines name.
pub(crate) fn keys(origin: &str, kept: &Found, rotations: &[(u64, KeyRotated)]) -> Result<Option<Keys>, Failure> {
    Keys::of(origin, kept.key.clone(), rotations.iter().map(|(seq, rotated)| (*seq, rotated))).map_err(|(seq, why)| {
        Failure::new(Code::E0509, format!("event #{seq} does not replace the key that signs: {why}"))
            .because("both keys sign that, and the ledger records nothing else: this was put there by other means")
    })
}

/// The checkpoints of a ledger, which only a folder has room for.
pub(crate) fn checkpoints(session: &Session) -> Result<(Checkpoints, PathBuf), Failure> {
    let folder = session::folder_of(&session.location).ok_or_else(|| {
        Failure::usage(format!("{} has no room for checkpoints", session.location))
            .because("they are kept in a ledger's folder, beside its log")
    })?;
    Ok((Checkpoints::of(&folder), folder))
}

/// What is kept of checkpoints, none of it damaged.
pub(crate) fn kept(checkpoints: &Checkpoints) -> Result<Found, Failure> {
    let found = checkpoints.read()?;
    match found.damaged.first() {
        None => Ok(found),
        Some(damaged) => Err(Failure::new(Code::E0509, damaged.to_string()).hint("put it back from a copy: everybody may have one")),
    }
}

/// A checkpoint of another ledger.
pub(crate) fn of_another(called: &str, older: &Checkpoint, origin: &str) -> Failure {
    Failure::new(Code::E0508, format!("{called} is a checkpoint of `{}`", older.origin)).because(format!("this is `{origin}`"))
}

/// A history that was written anew.
pub(crate) fn rewritten(called: &str, older: &Checkpoint) -> Failure {
    Failure::new(Code::E0508, format!("this is not the history of {called}"))
        .because(format!("of the first {} events it has the root {}", older.size, older.root))
        .because("here they have another: an event up to there was changed, and everything behind it written anew")
        .hint("compare it with a copy of your own: `dealbook copy`")
}

/// A history that is shorter than it was.
pub(crate) fn cut_off(called: &str, older: &Checkpoint, head: Head) -> Failure {
    Failure::new(Code::E0508, format!("the ledger ends at {head}, before {called}"))
        .because(format!("it has had {} events", older.size))
        .hint("restore it from a copy that has them all, and compare: `dealbook copy`")
}
