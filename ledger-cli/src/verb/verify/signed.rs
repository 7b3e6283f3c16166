//! What is signed: checkpoints against the tree over the lines, and signatures against keys.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ledger_core::chain::Head;
use ledger_core::checkpoint::{Keys, Kind, Note, PublicKey};
use ledger_core::event::governance::KeyRotated;
use ledger_core::merkle::{Frontier, Node};
use ledger_core::time::Instant;
use ledger_store::checkpoints::{Found, Kept};
use ledger_store::verify as store;

use super::{Checks, stamps::Before};
use crate::failure::{Code, Failure, counted};
use crate::history::{self, Seen};
use crate::render::grouped;

/// The tree as it grows, with its root at the sizes that somebody signed.
pub(super) struct Roots {
    tree: Frontier,
    wanted: BTreeSet<u64>,
    at: BTreeMap<u64, Node>,
    rotations: Vec<(u64, KeyRotated)>,
}

impl Roots {
    /// The roots at these sizes are wanted.
    pub(super) fn at(sizes: impl Iterator<Item = u64>) -> Self {
        Self { tree: Frontier::default(), wanted: sizes.collect(), at: BTreeMap::new(), rotations: Vec::new() }
    }

    /// The largest of them.
    pub(super) fn last(&self) -> u64 {
        self.wanted.last().copied().unwrap_or(0)
    }

    /// Takes the next lines.
    pub(super) fn take(&mut self, seen: Seen) {
        for leaf in seen.leaves {
            self.tree.push(leaf);
            if self.wanted.contains(&self.tree.size()) {
                self.at.insert(self.tree.size(), self.tree.root());
            }
        }
        self.rotations.extend(seen.rotations);
    }

    /// The root at a size that was wanted; nothing when there are fewer lines.
    pub(super) fn root(&self, size: u64) -> Option<Node> {
        if size == 0 { Some(Node::empty()) } else { self.at.get(&size).copied() }
    }
}

/// Holds the checkpoints of a ledger against its lines and their signatures against keys.
pub(super) fn hold(checks: &mut Checks, roots: &Roots, found: &Found, origin: &str, head: Head, given: &[PublicKey], noted: Option<&Note>) {
    match roots.tree.size() {
        0 => checks.add("tree", "not looked at", "no checkpoint speaks of it; --full does"),
        size => checks.add("tree", "ok", format!("{} of {}", roots.tree.root(), counted(size, "leaf").replace("leafs", "leaves"))),
    }
    for damaged in &found.damaged {
        let failure = Failure::new(Code::E0509, damaged.to_string()).hint("put it back from a copy: everybody may have one");
        checks.fail("checkpoints", damaged, failure);
    }
    let mut last: Option<&Kept> = None;
    let mut wrong = None;
    for kept in &found.notes {
        let (older, called) = (&kept.note.checkpoint, format!("checkpoint {kept}"));
        let failure = match roots.root(older.size) {
            _ if older.origin != origin => history::of_another(&called, older, origin),
            Some(root) if root == older.root => {
                last = Some(kept);
                continue;
            }
            Some(_) => history::rewritten(&called, older),
            None => history::cut_off(&called, older, head),
        };
        wrong = wrong.or(Some((called, failure)));
    }
    let count = found.notes.len() as u64;
    match (wrong, last) {
        (Some((called, failure)), last) => {
            checks.fail("checkpoints", format!("the ledger does not continue {called}"), failure);
            let from = last.map_or(0, |kept| kept.note.checkpoint.size);
            checks.closing(last.map_or_else(
                || "still proven  nothing".to_owned(),
                |kept| format!("still proven  #1 – #{}, checkpoint {kept}", grouped(&from.to_string())),
            ));
            if head.seq > from {
                let (first, last) = (grouped(&(from + 1).to_string()), grouped(&head.seq.to_string()));
                checks.closing(format!("not proven    #{first} – #{last} ({})", counted(head.seq - from, "event")));
            }
        }
        (None, Some(last)) => {
            let behind = match head.seq.saturating_sub(last.note.checkpoint.size) {
                0 => String::new(),
                1 => "; 1 event behind it is signed by nobody".to_owned(),
                behind => format!("; {} behind it are signed by nobody", counted(behind, "event")),
            };
            checks.add("checkpoints", "ok", format!("{}; the last is {last}{behind}", many(count)));
        }
        (None, None) if found.damaged.is_empty() => {
            checks.add("checkpoints", "none", "that all of it was written anew would not show: `dealbook checkpoint`");
        }
        (None, None) => (),
    }
    let mut notes: Vec<(String, &Note)> = found.notes.iter().map(|kept| (format!("checkpoint {kept}"), &kept.note)).collect();
    notes.extend(noted.map(|note| (format!("the checkpoint of #{} that was noted", note.checkpoint.size), note)));
    match history::keys(origin, found, &roots.rotations) {
        Ok(own) => hold_signatures(checks, &notes, &[], own.as_ref(), given),
        Err(failure) => checks.fail("signatures", "a key was not replaced as it should be", failure),
    }
}

/// So many checkpoints, each of which was held against the one before.
pub(super) fn many(count: u64) -> String {
    if count == 1 { "1".to_owned() } else { format!("{count}, each continues the one before") }
}

/// How a key is called: by its name and id, without the rest.
fn called(key: &PublicKey) -> String {
    let text = key.to_string();
    text.match_indices('+').nth(1).filter(|_| key.of.is_some()).map_or_else(|| text.clone(), |(at, _)| text[..at].to_owned())
}

/// Holds signatures against keys: those that the history itself names, in `own`, and those that were given. Each key that was given must have
/// signed; each note must be signed by the key of its ledger. Where none of that ledger was given, each witness must have signed what is `newest`
/// of each file: an older note proves nothing about who signed a newer one, and a history may name any key.
pub(super) fn hold_signatures(
    checks: &mut Checks,
    notes: &[(String, &Note)],
    newest: &[(String, &Note)],
    own: Option<&Keys>,
    given: &[PublicKey],
) {
    if notes.is_empty() && given.is_empty() {
        return;
    }
    let signs = |key: &PublicKey, kind: Kind| notes.iter().any(|(_, note)| note.by(key).any(|by| by.kind == kind));
    let is_log = |key: &&PublicKey| match &key.of {
        Some((_, kind)) => *kind == Kind::Log,
        None => own.is_some_and(|own| own.holds(key)) || signs(key, Kind::Log),
    };
    let (logs, witnesses): (Vec<&PublicKey>, Vec<&PublicKey>) = given.iter().partition(is_log);
    let missing = |key: &PublicKey| {
        Failure::new(Code::E0509, format!("nothing here is signed by {key}"))
            .because("it is another key, or the signature was taken away or changed")
            .hint("ask who signs for their key, by another way than this file came")
    };
    let mut by = BTreeSet::new();
    let mut wrong = None;
    for (name, note) in notes {
        let keys: Vec<&PublicKey> = own.map_or_else(|| logs.clone(), |own| vec![own.at(note.checkpoint.size)]);
        let signed: Vec<(&PublicKey, bool)> = keys
            .iter()
            .flat_map(|key| note.by(key).filter(|by| by.kind == Kind::Log).map(|by| (*key, by.holds)).collect::<Vec<_>>())
            .collect();
        let why = match signed.iter().find(|(_, holds)| !holds) {
            Some((key, _)) => Some(format!("the signature of {} on {name} does not hold", called(key))),
            None if signed.is_empty() && !keys.is_empty() => Some(format!("{name} is not signed by {}", called(keys[0]))),
            None => None,
        };
        by.extend(signed.into_iter().map(|(key, _)| called(key)));
        wrong = wrong.or(why);
    }
    let strange = logs.iter().find(|key| own.map_or_else(|| !signs(key, Kind::Log), |own| !own.holds(key)));
    if let Some(why) = wrong {
        let failure = Failure::new(Code::E0509, why.clone()).because("its text or its signature was changed, or another key signed it");
        checks.fail("signatures", why, failure);
    } else if let Some(key) = strange {
        checks.fail("signatures", format!("none by {}", called(key)), missing(key));
    } else if by.is_empty() {
        checks.add("signatures", "not looked at", "no key is known: --key");
    } else {
        let word = if logs.is_empty() { "; the ledger itself names that key: --key holds it against yours" } else { "" };
        let by = by.into_iter().collect::<Vec<_>>().join(" and ");
        checks.add("signatures", "ok", format!("{} by {by}{word}", notes.len()));
    }
    hold_witnesses(checks, notes, if logs.is_empty() { newest } else { &[] }, &witnesses, &missing);
    let known = |note: &Note| {
        let keys = given.iter().chain(own.map(|own| own.at(note.checkpoint.size)));
        keys.flat_map(|key| note.by(key).map(|by| by.name.to_owned())).collect::<Vec<_>>().len()
    };
    let unknown: usize = notes.iter().map(|(_, note)| note.signatures.len().saturating_sub(known(note))).sum();
    if unknown > 0 {
        checks.add("other keys", "not looked at", format!("{} by keys that were not given", counted(unknown as u64, "signature")));
    }
}

fn hold_witnesses(
    checks: &mut Checks,
    notes: &[(String, &Note)],
    newest: &[(String, &Note)],
    witnesses: &[&PublicKey],
    missing: &dyn Fn(&PublicKey) -> Failure,
) {
    for key in witnesses {
        let is_signed = |of: &Note| notes.iter().any(|(_, note)| note.checkpoint == of.checkpoint && note.by(key).any(|by| by.holds));
        let unsigned = newest.iter().find(|(_, note)| !is_signed(note));
        let seen: Vec<_> = notes
            .iter()
            .flat_map(|(name, note)| {
                note.by(key).map(|by| (name, note.checkpoint.size, by.name.to_owned(), by.at, by.holds)).collect::<Vec<_>>()
            })
            .collect();
        if let Some((name, ..)) = seen.iter().find(|(.., holds)| !holds) {
            let why = format!("the signature of {} on {name} does not hold", called(key));
            let failure = Failure::new(Code::E0509, why.clone()).because("the text, the time or the signature was changed");
            checks.fail("witnesses", why, failure);
        } else if let (false, Some((name, _))) = (seen.is_empty(), unsigned) {
            let why = format!("{name} is not signed by {}", called(key));
            let failure = Failure::new(Code::E0509, why.clone())
                .because("it is the newest of its file, no key of the ledger was given, and an older one proves nothing about it")
                .hint("--key with the key of the ledger too, or what the witness has signed");
            checks.fail("witnesses", why, failure);
        } else if let Some((_, size, name, at, _)) = seen.iter().max_by_key(|(_, size, ..)| *size) {
            let at = at.and_then(|at| Some(Instant::from_micros(i64::try_from(at).ok()?.checked_mul(1_000_000)?)));
            let at = at.filter(|at| at.is_in_range());
            checks.before.extend(at.map(|at| Before { size: *size, at, says: format!("the cosignature of {name}") }));
            let at = at.map(|at| format!(" at {at}")).unwrap_or_default();
            checks.add("witnesses", "ok", format!("{} by {name}, the last of #{size}{at}", seen.len()));
        } else {
            checks.fail("witnesses", format!("none by {}", called(key)), missing(key));
        }
    }
}

/// The last checkpoint that lies within the first lines of a log and is as they are, and as its key signed it.
pub(super) fn last_within<'a>(found: &'a Found, place: &Path, is_folder: bool, until: u64) -> Result<Option<&'a Kept>, Failure> {
    let within: Vec<&Kept> = found.notes.iter().filter(|kept| (1..=until).contains(&kept.note.checkpoint.size)).collect();
    let Some(last) = within.last() else { return Ok(None) };
    let mut roots = Roots::at(within.iter().map(|kept| kept.note.checkpoint.size));
    let leaves = store::leaves(place, is_folder, last.note.checkpoint.size)?;
    roots.take(Seen { leaves, rotations: vec![] });
    let holds = |kept: &&&Kept| roots.root(kept.note.checkpoint.size) == Some(kept.note.checkpoint.root);
    Ok(within.iter().rev().find(holds).copied())
}
