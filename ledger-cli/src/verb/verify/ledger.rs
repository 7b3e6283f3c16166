//! A ledger: its lines, and all that is kept beside them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use ledger_core::chain::{Hash, Head};
use ledger_core::event::{Entry, Event};
use ledger_core::projection::Projection;
use ledger_core::projection::known::Known;
use ledger_store::checkpoints::{Checkpoints, Found};
use ledger_store::derived::Saved;
use ledger_store::ledger::{States as _, fold_beside};
use ledger_store::scan::{Checked, Depth, ScanError, scan_beside};
use ledger_store::{Block, LogError, Source, backend, verify as store};

use super::damaged::damaged;
use super::signed::{self, Roots};
use super::since::hold_since;
use super::{Checks, Examined, Wanted, sources, stamps};
use crate::context::{Context, Location};
use crate::failure::{Code, Failure};
use crate::history::Seen;
use crate::originals::{self, Named};
use crate::session::{self, States};
use crate::verb::check::closed::told;
use crate::verb::closed;

/// Examines a ledger.
///
/// # Errors
/// It cannot be read. That it is not intact is not an error here but what came of it.
pub(crate) fn examine(location: &Location, wanted: &Wanted<'_>, context: &Context) -> Result<Examined, Failure> {
    let folder = session::folder_of(location);
    thread::scope(|scope| {
        // The store is looked at while the log is read.
        let (tell, told) = channel();
        if let Some(folder) = &folder {
            scope.spawn(move || tell.send(store::stored(folder)));
        } else {
            drop(tell);
        }
        examine_beside(&told, location, folder.as_deref(), wanted, context)
    })
}

fn examine_beside(
    told: &Receiver<Stored>,
    location: &Location,
    folder: Option<&Path>,
    wanted: &Wanted<'_>,
    context: &Context,
) -> Result<Examined, Failure> {
    let found = folder.map(|folder| Checkpoints::of(folder).read()).transpose()?.unwrap_or_default();
    let mut boundaries = Boundaries { told, stored: None, wanted: vec![], waiting: vec![], heads: BTreeMap::new() };
    let broken = match backend::read(&location.to_string()) {
        Ok(source) => match Pass::over(&*source, location, wanted, &found, &mut boundaries, context) {
            Ok(pass) => return intact(&pass, location, folder, wanted, &found, boundaries, context),
            Err(error) => error,
        },
        Err(error) => error.into(),
    };
    boundaries.finish();
    let stored = boundaries.stored;
    let integrity = match &broken {
        ScanError::Log(error) => error.is_integrity(),
        ScanError::Unreadable(_) => true,
    };
    if integrity { damaged(broken, location, folder, wanted.since, stored, &found) } else { Err(broken.into()) }
}

pub(super) type Stored = Result<Vec<(Head, Head)>, LogError>;

/// The heads of the log at the boundaries of the store's blocks. Which these are is told while the log is being read; until then the heads
/// that were read wait.
struct Boundaries<'a> {
    told: &'a Receiver<Stored>,
    stored: Option<Stored>,
    /// The boundaries that have not been reached, the next one last.
    wanted: Vec<u64>,
    waiting: Vec<Head>,
    heads: BTreeMap<u64, Head>,
}

impl Boundaries<'_> {
    fn reached(&mut self, head: Head) {
        match &self.stored {
            None => self.waiting.push(head),
            Some(_) if self.wanted.last() == Some(&head.seq) => {
                self.wanted.pop();
                self.heads.insert(head.seq, head);
            }
            Some(_) => (),
        }
    }

    /// Looks whether the boundaries have been told.
    fn look(&mut self) {
        if self.stored.is_none()
            && let Ok(stored) = self.told.try_recv()
        {
            self.take(stored);
        }
    }

    /// Waits for the boundaries, if there are any.
    fn finish(&mut self) {
        if self.stored.is_none()
            && let Ok(stored) = self.told.recv()
        {
            self.take(stored);
        }
    }

    fn take(&mut self, stored: Stored) {
        self.wanted = stored.iter().flatten().map(|(_, after)| after.seq).rev().collect();
        self.stored = Some(stored);
        for head in std::mem::take(&mut self.waiting) {
            self.reached(head);
        }
    }
}

/// One way through the log, with everything that is looked for on it.
struct Pass {
    head: Head,
    /// The heads that are what `--since` says, or stand where it says.
    named: Vec<Head>,
    /// Of each state that is saved: its name, where it was saved, and whether it is what was folded.
    saved: Vec<(&'static str, Head, bool)>,
    /// How many states there are.
    folded: usize,
    /// Of --full: everything as the log gives it.
    states: States,
    /// The tree over the lines.
    roots: Roots,
    /// Whose ledger it is, if its first line says so.
    origin: String,
    /// Of --sources: the files that it names.
    files: Vec<Named>,
}

impl Pass {
    fn over(
        source: &dyn Source,
        location: &Location,
        &Wanted { full, since, sources, .. }: &Wanted<'_>,
        found: &Found,
        boundaries: &mut Boundaries<'_>,
        context: &Context,
    ) -> Result<Self, ScanError> {
        let noted = since.and_then(|since| since.note.as_ref());
        let mut roots = Roots::at(found.notes.iter().map(|kept| &kept.note).chain(noted).map(|note| note.checkpoint.size));
        // Only a checkpoint has a use for the tree, and only as far as it goes.
        let leaves = if full { u64::MAX } else { roots.last() };
        let look = |block: &Block| Seen::of(block, leaves);
        let searched = since.filter(|since| since.seq.is_none()).and_then(|since| since.hash.as_deref());
        let (at, mut named) = (since.and_then(|since| since.seq), Vec::new());
        let (mut states, mut known) = (States::default(), Known::default());
        let mut folds: Vec<&mut dyn Projection> = if full { states.all() } else { vec![] };
        if full {
            folds.push(&mut known);
        }
        let is_head = |head: Head| source.head_at(head.seq).ok().flatten() == Some(head);
        let derived = session::derived(location).filter(|_| full);
        let load =
            |state: &dyn Projection| derived.as_ref()?.saved(state.name(), state.version(), is_head).into_iter().find_map(Saved::digest);
        let saved: Vec<Option<(Head, Hash)>> = folds.iter().map(|state| load(&**state)).collect();
        let mut compared: Vec<Option<(&'static str, Head, bool)>> = vec![None; folds.len()];
        let head = source.head();
        let mut progress = context.progress("verifying", head.seq);
        let folded = folds.len();
        if head.seq > 0 {
            let depth = if full { Depth::Strict } else { Depth::Heads };
            let folding = folds.into_iter().zip(&saved).zip(&mut compared).map(|((state, saved), compared)| {
                move |entries: &[Entry]| {
                    let mut entries = entries;
                    let known = saved.map_or(0, |(at, _)| entries.partition_point(|entry| entry.seq <= at.seq));
                    if let Some((at, digest)) = saved.filter(|(at, _)| known > 0 && entries[known - 1].seq == at.seq) {
                        state.evolve_each(&entries[..known]);
                        *compared = Some((state.name(), at, state.digest() == digest));
                        entries = &entries[known..];
                    }
                    state.evolve_each(entries);
                }
            });
            fold_beside(folding, |give| {
                scan_beside(source.read(1)?, Head::EMPTY, depth, look, |checked, seen| {
                    boundaries.look();
                    roots.take(seen);
                    for head in heads_of(&checked) {
                        boundaries.reached(head);
                        if at == Some(head.seq) || searched.is_some_and(|prefix| head.hash.to_string().starts_with(prefix)) {
                            named.push(head);
                        }
                    }
                    progress.add(checked.after.seq - checked.before.seq);
                    give(checked.entries);
                    Ok::<(), ScanError>(())
                })
            })?;
        }
        let compared = compared.into_iter().flatten().collect();
        boundaries.finish();
        let opened = source.line(1)?.map(|line| Entry::read(&line, 1)).transpose()?.map(|entry| entry.event);
        let origin = if let Some(Event::LedgerOpened(opened)) = opened { opened.origin } else { String::new() };
        let files = if sources.folders.is_empty() { Vec::new() } else { originals::named_in(source)? };
        Ok(Self { head, named, saved: compared, folded, states, roots, origin, files })
    }
}

/// The head behind every line of a block: of decoded entries the next one tells it.
fn heads_of(checked: &Checked) -> impl Iterator<Item = Head> {
    let told = checked.entries.iter().skip(1).map(|entry| Head { seq: entry.seq - 1, hash: entry.prev });
    let last = (!checked.entries.is_empty()).then_some(checked.after);
    checked.heads.iter().copied().chain(told).chain(last)
}

/// What is said of a ledger whose chain holds.
fn intact(
    pass: &Pass,
    location: &Location,
    folder: Option<&Path>,
    &Wanted { full, since, keys, sources, trusted }: &Wanted<'_>,
    found: &Found,
    boundaries: Boundaries<'_>,
    context: &Context,
) -> Result<Examined, Failure> {
    let mut checks = Checks::new();
    let head = pass.head;
    let events = crate::failure::counted(head.seq, "event");
    checks.add("chain", "ok", format!("{events} hashed, each follows the one before"));
    match folder.map(store::anchored) {
        None => checks.add("anchor", "none", "a file of lines has none: what was cut off at its end cannot be told without --since"),
        Some(Ok(Some(anchor))) => checks.add("anchor", "ok", format!("the log contains {anchor}")),
        Some(Ok(None)) => checks.add("anchor", "none", "missing or unreadable: the next writer makes it anew"),
        Some(Err(why)) => checks.add("anchor", "not looked at", why),
    }
    match boundaries.stored {
        None => checks.add("store", "none", "a file of lines has none"),
        Some(stored) => hold_store(&mut checks, pass.head, location, stored, &boundaries.heads),
    }
    if full {
        checks.add("re-encoding", "ok", format!("{events} decoded and encoded again, byte for byte the same"));
        let differ: Vec<String> = pass.saved.iter().filter(|(.., same)| !same).map(|(name, at, _)| format!("{name} at {at}")).collect();
        if differ.is_empty() {
            let all = pass.folded;
            checks.add("projections", "ok", format!("{all} folded; {} saved, digests equal", pass.saved.len()));
        } else {
            let failure = Failure::new(Code::E0506, format!("what is saved of {} is not what its events give", differ.join(" and of ")))
                .hint("no event is affected: delete the folder `derived`, and it is folded again from the log");
            checks.fail("projections", format!("saved and folded differ: {}", differ.join(", ")), failure);
        }
    } else {
        checks.add("re-encoding", "not looked at", "--full does");
        checks.add("projections", "not looked at", "--full does");
    }
    if full {
        hold_closes(&mut checks, &pass.states, head, context);
    }
    let noted = since.and_then(|since| since.note.as_ref());
    signed::hold(&mut checks, &pass.roots, found, &pass.origin, head, keys, noted);
    stamps::hold(&mut checks, &stamps::kept(found), trusted);
    if let Some(since) = since {
        hold_since(&mut checks, since, &pass.named, (head, &pass.origin), &pass.roots);
    }
    sources::hold(&mut checks, &pass.files, &BTreeSet::new(), sources)?;
    Ok(checks.done(head))
}

/// Computes every closed report again, of the history that it was closed of. That one comes to something else is nobody's change of the log: a rule
/// of the program is another.
fn hold_closes(checks: &mut Checks, states: &States, head: Head, context: &Context) {
    let all = closed::again(states, head.seq, context);
    let differing: Vec<&closed::Again> = all.iter().filter(|again| again.differs).collect();
    if !all.is_empty() {
        checks.add("closes", if differing.is_empty() { "ok" } else { "differs" }, told(&all));
    }
    for again in differing {
        again.told().into_iter().for_each(|line| checks.add("closes", "differs", line));
        let month = closed::named(again.month);
        let versions = if again.versions.is_empty() { String::new() } else { format!(" ({})", again.versions.join(", ")) };
        let why = format!("{month} was closed by another program{versions}; no event was changed");
        checks.differs.insert(format!("{why}: dealbook close {month} --restate --note TEXT"));
    }
}

/// Holds the blocks of the store against the log.
fn hold_store(checks: &mut Checks, head: Head, location: &Location, stored: Stored, heads: &BTreeMap<u64, Head>) {
    let blocks = match stored {
        Ok(blocks) => blocks,
        Err(LogError::Locked { .. }) => return checks.add("store", "not looked at", "another process is writing"),
        Err(LogError::NotALedger { .. }) => return checks.add("store", "none", "missing: the next writer builds it again from the log"),
        Err(LogError::Unreadable { why, .. }) => {
            return checks.add(
                "store",
                "damaged",
                format!("{why}; no event is lost: delete the folder `store`, and the next writer builds it again from the log"),
            );
        }
        Err(why) => return checks.add("store", "not looked at", why),
    };
    let end = blocks.last().map_or(Head::EMPTY, |(_, after)| *after);
    // Someone may have written since the log was opened: what goes beyond it is held against the log as it is now.
    let now = if end.seq > head.seq { backend::read(&location.to_string()).ok() } else { None };
    let last = now.as_ref().map_or(head, |now| now.head());
    let at = |seq: u64| match seq {
        0 => Some(Head::EMPTY),
        seq if seq <= head.seq => heads.get(&seq).copied(),
        seq => now.as_ref().and_then(|now| now.head_at(seq).ok().flatten()),
    };
    for (before, after) in &blocks {
        let theirs = if after.seq <= last.seq { *after } else { *before };
        // Behind the end of the log there is nothing to be held against; within it, what is not found differs.
        let Some(log) = at(theirs.seq).or((theirs.seq <= last.seq).then_some(Head::EMPTY)) else { continue };
        if log != theirs {
            let failure = Failure::new(Code::E0507, format!("the store has {theirs} where the log has {log}"))
                .because("one of the two was changed after it was written")
                .hint("`dealbook copy sled:DIR jsonl:FILE` saves what the log has; compare it with a copy of your own");
            return checks.fail("store", format!("it has {theirs} where the log has {log}"), failure);
        }
    }
    if end.seq > last.seq {
        let detail = format!("it goes on to {end}, but the log ends at {last}");
        return checks.fail("store", detail, LogError::StoreAheadOfLog { log: last, store: end }.into());
    }
    let detail = match blocks.len() {
        0 => "empty: nothing fills a block yet".to_owned(),
        count => format!("{} up to {end}, each as the log has it", crate::failure::counted(count as u64, "block")),
    };
    checks.add("store", "ok", detail);
}
