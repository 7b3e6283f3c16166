//! What was handed out at different times, held against each other: every checkpoint, alone or in a proof or a bundle, against every bundle.
//!
//! ```text
//! two of one size                 -> one root
//! a checkpoint, a proof  bundle   -> the bundle's own checkpoint of that size, or the root of so many of its lines
//! a bundle               bundle   -> so are the checkpoints of either that the other reaches
//! otherwise                       -> not looked at
//! ```

use std::collections::BTreeMap;
use std::io::{BufRead, Read as _};

use ledger_core::bundle::{LONGEST, Shown};
use ledger_core::checkpoint::{Checkpoint, Note};

use super::Checks;
use super::file::{Handed, position};
use crate::failure::{Code, Failure};
use crate::history;

/// How large the ledger was at each checkpoint of a bundle that is yet to be verified. What cannot be read is left to its reader.
pub(super) fn sizes(mut bundle: impl BufRead) -> Vec<u64> {
    let (mut sizes, mut line) = (Vec::new(), Vec::new());
    for at in 0..MOST_LINES {
        line.clear();
        let read = bundle.by_ref().take(LONGEST as u64 + 2).read_until(b'\n', &mut line);
        let goes_on = at == 0 || [CHECKPOINT, TIME_STAMP].iter().any(|begins| line.starts_with(begins));
        if !goes_on || !read.is_ok_and(|read| read > 0) {
            break;
        }
        let record: serde_json::Value = serde_json::from_slice(&line).unwrap_or_default();
        let note = record["value"]["note"].as_str().and_then(|note| Note::parse(note.as_bytes()).ok());
        sizes.extend(note.map(|note| note.checkpoint.size));
    }
    sizes
}

/// The header, and as many checkpoints and time stamps as a bundle may have.
const MOST_LINES: usize = 1 + 100_000 + 10_000;
const CHECKPOINT: &[u8] = b"{\"type\":\"checkpoint\"";
const TIME_STAMP: &[u8] = b"{\"type\":\"time_stamp\"";

/// What a bundle tells of a checkpoint.
enum Told {
    /// It is of the same history; how that is known.
    Continues(&'static str),
    /// It is not, or the bundle ends before it.
    Breaks(String, Failure),
    /// The bundle does not tell.
    Nothing(String),
}

/// Holds what was handed out against each other.
pub(super) fn hold(checks: &mut Checks, handed: &[(&str, &Handed)], notes: &[(String, &Note)]) {
    hold_forks(checks, notes);
    let bundles: Vec<(&str, &Shown)> =
        handed.iter().filter_map(|(of, handed)| if let Handed::Bundle(shown) = handed { Some((*of, &**shown)) } else { None }).collect();
    let alone: Vec<(String, &Note)> =
        handed.iter().filter(|(_, handed)| !matches!(handed, Handed::Bundle(_))).flat_map(|(name, handed)| handed.notes(name)).collect();
    for (name, note) in &alone {
        for (of, shown) in &bundles {
            add(checks, name, &note.checkpoint, of, tell(name, &note.checkpoint, of, shown));
        }
    }
    for (at, one) in bundles.iter().enumerate() {
        bundles[at + 1..].iter().for_each(|two| hold_two(checks, *one, *two));
    }
    let other = |(at, (_, note)): (usize, &(String, &Note))| {
        let (origin, size) = (&note.checkpoint.origin, note.checkpoint.size);
        alone[at + 1..].iter().any(|(_, other)| other.checkpoint.origin == *origin && other.checkpoint.size != size)
    };
    if bundles.is_empty() && alone.iter().enumerate().any(other) {
        checks.add("kept", "not looked at", "whether the larger continues the smaller: a bundle of all would tell");
    }
}

/// A row for what a bundle tells of a checkpoint.
fn add(checks: &mut Checks, name: &str, checkpoint: &Checkpoint, of: &str, told: Told) {
    match told {
        Told::Continues(how) => checks.add("kept", "ok", format!("{of} continues {name}, up to {}{how}", position(checkpoint.size))),
        Told::Breaks(why, failure) => checks.fail("kept", why, failure),
        Told::Nothing(why) => checks.add("kept", "not looked at", why),
    }
}

/// Whether a bundle is of the history of a checkpoint that somebody has. A bundle of everything comes to the root of any size, whichever
/// checkpoints its keeper left in it.
fn tell(name: &str, checkpoint: &Checkpoint, of: &str, shown: &Shown) -> Told {
    let Checkpoint { origin, size, root } = checkpoint;
    let known = shown.notes.binary_search_by_key(size, |(_, note)| note.checkpoint.size).ok().map(|at| shown.notes[at].1.checkpoint.root);
    if shown.header.origin != *origin {
        return Told::Nothing(format!("{name} is of {origin}, and {of} is not"));
    }
    match (known, shown.roots.get(size)) {
        (Some(found), _) if found == *root => Told::Continues(""),
        (None, Some(found)) if found == root => Told::Continues(", by its lines"),
        (None, None) if shown.whole => Told::Breaks(format!("{of} ends before {name}"), history::cut_off(name, checkpoint, shown.last)),
        (None, None) => {
            Told::Nothing(format!("{of} has no checkpoint of {}, which {name} is; a bundle of all would tell", position(*size)))
        }
        _ => Told::Breaks(format!("{of} is another history than that of {name}"), history::rewritten(name, checkpoint)),
    }
}

/// Holds two bundles against each other, each by the checkpoints of the other that it reaches: the larger continues the smaller.
fn hold_two<'a>(checks: &mut Checks, mut one: (&'a str, &'a Shown), mut two: (&'a str, &'a Shown)) {
    let newest = |shown: &Shown| shown.notes.last().map_or(0, |(_, note)| note.checkpoint.size);
    if newest(one.1) > newest(two.1) {
        (one, two) = (two, one);
    }
    let mut held: Option<(&Checkpoint, &str)> = None;
    for ((name, other), (of, shown)) in [(one, two), (two, one)] {
        for (_, Note { checkpoint, .. }) in other.notes.iter().filter(|(_, note)| note.checkpoint.size <= newest(shown)) {
            match tell(name, checkpoint, of, shown) {
                Told::Nothing(_) => (),
                told @ Told::Breaks(..) => return add(checks, name, checkpoint, of, told),
                Told::Continues(how) => {
                    held = held.filter(|(before, _)| before.size >= checkpoint.size).or(Some((checkpoint, how)));
                }
            }
        }
    }
    let ((name, smaller), (of, larger)) = (one, two);
    match held {
        Some((checkpoint, how)) => add(checks, name, checkpoint, of, Told::Continues(how)),
        None if smaller.header.origin != larger.header.origin => {
            checks.add("kept", "not looked at", format!("{name} is of {}, and {of} is not", smaller.header.origin));
        }
        None => {
            checks.add("kept", "not looked at", format!("{name} and {of} have no checkpoint of one size; bundles of all would tell"));
        }
    }
}

/// Whether two checkpoints of one size are two histories.
fn hold_forks(checks: &mut Checks, notes: &[(String, &Note)]) {
    let mut first: BTreeMap<(&str, u64), &(String, &Note)> = BTreeMap::new();
    for named in notes {
        let (name, one) = (&named.0, &named.1.checkpoint);
        let (other, parted) = *first.entry((&one.origin, one.size)).or_insert(named);
        if parted.checkpoint.root != one.root {
            let failure = Failure::new(Code::E0510, format!("{other} and {name} are two histories of {} up to #{}", one.origin, one.size))
                .because(format!("{other} has the root {}", parted.checkpoint.root))
                .because(format!("{name} has the root {}", one.root))
                .hint("when both are signed by one key, whoever has it told two histories: keep both notes, they are the proof");
            checks.fail("fork", format!("{other} and {name} have one size and two roots"), failure);
        }
    }
}
