//! A ledger that is open: its log, and the states that are folds of it.
//!
//! A state is kept beside the log, as of some head, so that opening a ledger costs what has been recorded since and not all of its past.
//! Whatever is missing, damaged or of another version is folded again from the log: deleting all that is derived changes no answer.

use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use ledger_core::book::{self, Version};
use ledger_core::chain::Head;
use ledger_core::event::{Draft, Entry, Event, Source as Origin, encode};
use ledger_core::feed::{Fact, Fingerprint};
use ledger_core::id::Actor;
use ledger_core::projection::Projection;
use ledger_core::projection::known::Known;
use ledger_core::time::Instant;

use crate::derived::{Derived, Saved};
use crate::error::Doing;
use crate::scan::{self, Depth, ScanError};
use crate::{Lines, Log, LogError, Notice, Source};

/// A group of lines is appended when it has so many, or so many bytes.
const GROUP_LINES: usize = 1_000;
const GROUP_BYTES: usize = 4 << 20;
/// So many blocks may wait for a fold.
const FOLDING: usize = 4;
/// A reader that had to fold more than so many entries would rather have found them folded: then the writer saves its states.
const WORTH_SAVING: u64 = 2_000;

/// Brings states to the head of a log: from where each was saved, or from the first line.
///
/// # Errors
/// The log cannot be read, or is broken. The states are then not to be used.
pub fn catch_up(source: &dyn Source, derived: Option<&Derived>, states: &mut [&mut dyn Projection]) -> Result<CaughtUp, ScanError> {
    let head = source.head();
    let at = restore(source, derived, states);
    let from = at.iter().min_by_key(|head| head.seq).copied().unwrap_or(head);
    if from.seq < head.seq {
        let folds = states.iter_mut().zip(&at).map(|(state, at)| {
            move |entries: &[Entry]| {
                let known = entries.partition_point(|entry| entry.seq <= at.seq);
                state.evolve_each(&entries[known..]);
            }
        });
        fold_beside(folds, |give| {
            scan::scan(source.read(from.seq + 1)?, from, Depth::Entries, |checked| {
                give(checked.entries);
                Ok::<(), ScanError>(())
            })
        })?;
    }
    Ok(CaughtUp { head, folded: head.seq - from.seq })
}

/// Folds entries by several folds, dealt out to as many threads as there are cores: all of them get whatever `run` gives, in order. The folds
/// have taken in everything when this returns.
pub fn fold_beside<F: FnMut(&[Entry]) + Send, R>(folds: impl Iterator<Item = F>, run: impl FnOnce(&mut dyn FnMut(Vec<Entry>)) -> R) -> R {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let mut hands: Vec<Vec<F>> = (0..cores).map(|_| Vec::new()).collect();
    folds.enumerate().for_each(|(at, fold)| hands[at % cores].push(fold));
    std::thread::scope(|scope| {
        let lanes: Vec<_> = hands
            .into_iter()
            .filter(|hand| !hand.is_empty())
            .map(|mut hand| {
                let (give, coming) = sync_channel::<Arc<Vec<Entry>>>(FOLDING);
                let fold = move || coming.into_iter().for_each(|entries| hand.iter_mut().for_each(|fold| fold(&entries)));
                (give, scope.spawn(fold))
            })
            .collect();
        let ran = run(&mut |entries| {
            let entries = Arc::new(entries);
            for (give, _) in &lanes {
                // A fold that panicked is found when it is joined.
                let _ = give.send(entries.clone());
            }
        });
        for (give, folding) in lanes {
            drop(give);
            folding.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        }
        ran
    })
}

/// How far states have been brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CaughtUp {
    /// The head of the log.
    pub head: Head,
    /// How many entries had to be folded, because they were recorded since the states were saved.
    pub folded: u64,
}

/// Loads the states that were saved at a head the log still has, all at once; the others are left empty.
fn restore(source: &dyn Source, derived: Option<&Derived>, states: &mut [&mut dyn Projection]) -> Vec<Head> {
    let is_head = |head: Head| source.head_at(head.seq).ok().flatten() == Some(head);
    let saved = |state: &dyn Projection| derived.map(|derived| derived.saved(state.name(), state.version(), is_head)).unwrap_or_default();
    let saved: Vec<_> = states.iter().map(|state| saved(*state)).collect();
    std::thread::scope(|scope| {
        let load = |(state, saved): (&mut &mut dyn Projection, Vec<Saved>)| saved.into_iter().find_map(|saved| saved.restore(*state));
        let loading: Vec<_> = states.iter_mut().zip(saved).map(|found| scope.spawn(move || load(found))).collect();
        let head = |loaded: std::thread::Result<_>| loaded.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        loading.into_iter().map(|loading| head(loading.join()).unwrap_or(Head::EMPTY)).collect()
    })
}

/// Saves states as of a head, when folding what they hold again would be worth avoiding.
pub fn save(derived: &Derived, head: Head, unsaved: u64, states: &[&dyn Projection]) {
    if unsaved >= WORTH_SAVING {
        for state in states {
            // A state that cannot be saved is folded from the log next time.
            let _ = derived.save(state.name(), state.version(), head, |out| state.write(out));
        }
    }
}

/// States that are kept together.
pub trait States {
    /// The states, to be folded.
    fn all(&mut self) -> Vec<&mut dyn Projection>;

    /// The states, to be saved or compared.
    fn each(&self) -> Vec<&dyn Projection>;
}

/// A ledger that can be written to: one at a time.
pub struct Ledger<S> {
    // Held while a group is appended: whoever reads then waits for it.
    log: Arc<Mutex<Box<dyn Log>>>,
    derived: Option<Derived>,
    states: S,
    known: Known,
    staged: Lines,
    writer: Writer,
    /// The group before, while it is being made durable. The next one is staged meanwhile.
    appending: Option<Arc<Lines>>,
    line: Vec<u8>,
    /// When the last entry was recorded: no later one is recorded earlier, whatever the clock says.
    recorded_at: Instant,
    /// How many entries the saved states do not hold.
    unsaved: u64,
}

impl<S: States> Ledger<S> {
    /// Opens a ledger for writing, with the states that are to be kept beside it.
    ///
    /// # Errors
    /// The log is broken or cannot be read.
    pub fn open(log: Box<dyn Log>, derived: Option<Derived>, mut states: S) -> Result<Self, ScanError> {
        let mut known = Known::default();
        let CaughtUp { head, folded } = {
            let mut all = states.all();
            all.push(&mut known);
            catch_up(&*log, derived.as_ref(), &mut all)?
        };
        known.settle();
        let recorded_at = match log.line(head.seq)? {
            Some(line) => Entry::read(&line, head.seq)?.recorded_at,
            None => Instant::from_micros(i64::MIN),
        };
        let (log, staged) = (Arc::new(Mutex::new(log)), Lines::after(head));
        let writer = Writer::start(log.clone())?;
        Ok(Self { log, derived, states, known, staged, writer, appending: None, line: Vec::new(), recorded_at, unsaved: folded })
    }

    /// The last line, those that are staged included.
    pub fn head(&self) -> Head {
        self.staged.head()
    }

    /// The states that are kept beside it, what is staged included.
    pub fn states(&self) -> &S {
        &self.states
    }

    /// What of sources' records is known.
    pub fn known(&self) -> &Known {
        &self.known
    }

    /// Stages an entry behind the head; the group is appended when it is large enough, and by [`Ledger::commit`].
    ///
    /// # Errors
    /// The line is too long; or the group was appended and failed, and with it the ledger.
    pub fn stage(&mut self, now: Instant, draft: Draft) -> Result<Head, ScanError> {
        let event = encode(&draft.event);
        self.stage_encoded(now, draft, &event, None)
    }

    /// Stages an entry whose event is encoded already, and its fingerprint perhaps taken.
    fn stage_encoded(&mut self, now: Instant, draft: Draft, event: &[u8], print: Option<Fingerprint>) -> Result<Head, ScanError> {
        if self.staged.is_empty() {
            self.recorded_at = self.recorded_at.max(now);
        }
        let before = self.staged.head();
        self.line.clear();
        let head = draft.write_with(event, before, self.recorded_at, &mut self.line)?;
        self.staged.push_written(&self.line, head);
        let Draft { actor, effective_at, event, source } = draft;
        let entry = Entry {
            actor,
            effective_at,
            event,
            prev: before.hash,
            recorded_at: self.recorded_at,
            seq: head.seq,
            source,
            v: ledger_core::chain::VERSION,
        };
        for state in self.states.all() {
            state.evolve(&entry);
        }
        // What people record under a key is known by it from then on, as it is when the log is read.
        let taken = || Fingerprint::of_entries(std::slice::from_ref(&entry)).into_iter().flatten().next();
        if let Some(print) = print.or_else(taken) {
            self.known.add(print, head.seq);
        }
        self.unsaved += 1;
        if self.staged.len() >= GROUP_LINES || self.staged.as_bytes().len() >= GROUP_BYTES {
            self.append()?;
        }
        Ok(head)
    }

    /// Stages what a row says, unless exactly that is known.
    ///
    /// # Errors
    /// As [`Ledger::stage`]; or the versions before it cannot be read.
    pub fn observe(&mut self, now: Instant, actor: &Actor, observed: Observed) -> Result<Option<Head>, ScanError> {
        let Observed { fact, encoded, print, import, row } = observed;
        if self.known.holds(print) {
            return Ok(None);
        }
        let versions = self.versions(&fact, print)?;
        let source = Some(Origin::row(fact.key.clone(), import, row, fact.stated_at));
        let (actor, effective_at) = (actor.clone(), fact.effective_at);
        let head = match book::observe(fact, &versions) {
            event @ Event::SourceRestated(_) => {
                let restated = encode(&event);
                self.stage_encoded(now, Draft { actor, effective_at, event, source }, &restated, Some(print))?
            }
            event => self.stage_encoded(now, Draft { actor, effective_at, event, source }, &encoded, Some(print))?,
        };
        Ok(Some(head))
    }

    /// The versions of a fact's record that are recorded or staged.
    fn versions(&self, fact: &Fact, print: Fingerprint) -> Result<Vec<Version>, ScanError> {
        let mut versions = Vec::new();
        for seq in self.known.versions(print.key) {
            let groups = [Some(&self.staged), self.appending.as_deref()];
            let line = match groups.into_iter().flatten().find_map(|group| group.line(seq)) {
                Some(line) => Some(line.to_vec()),
                None => lock(&self.log).line(seq)?,
            };
            let Some(line) = line else { continue };
            let entry = Entry::read(&line, seq)?;
            if entry.source.as_ref().is_some_and(|source| source.id == fact.key) {
                versions.push(Version::from(entry));
            }
        }
        Ok(versions)
    }

    /// Appends what is staged, once the group before is durable, and does not wait for it to be.
    fn append(&mut self) -> Result<(), LogError> {
        let mut next = self.finish()?.unwrap_or_else(|| Lines::after(self.staged.base()));
        next.restart(self.staged.head());
        let lines = Arc::new(std::mem::replace(&mut self.staged, next));
        self.writer.give(lines.clone());
        self.appending = Some(lines);
        Ok(())
    }

    /// Waits until the group that is being appended is durable, and gives its memory back.
    fn finish(&mut self) -> Result<Option<Lines>, LogError> {
        let Some(lines) = self.appending.take() else { return Ok(None) };
        self.writer.wait()?;
        Ok(Arc::into_inner(lines))
    }

    /// Appends what is staged. It is durable when this returns.
    ///
    /// # Errors
    /// As [`Log::append`]; the ledger must then be opened again.
    pub fn commit(&mut self) -> Result<Head, LogError> {
        if !self.staged.is_empty() {
            self.append()?;
        }
        self.finish()?;
        Ok(self.staged.base())
    }

    /// Appends what is staged, saves the states when enough has come, and closes the log. Says what went wrong beside the log.
    ///
    /// # Errors
    /// As [`Log::append`] and [`Log::close`]. A state that cannot be saved is not an error: it is folded again.
    pub fn close(mut self) -> Result<(Head, Vec<Notice>), LogError> {
        let head = self.commit()?;
        if let Some(derived) = &self.derived {
            // One after the other, so that never two of them are in memory twice.
            save(derived, head, self.unsaved, &[&self.known]);
            self.known = Known::default();
            save(derived, head, self.unsaved, &self.states.each());
        }
        drop(self.writer);
        let log = Arc::into_inner(self.log).map(|log| log.into_inner().unwrap_or_else(PoisonError::into_inner));
        Ok((head, log.map(Log::close).transpose()?.unwrap_or_default()))
    }
}

/// The thread that appends groups of lines to the log, one after the other.
struct Writer {
    groups: Option<SyncSender<Arc<Lines>>>,
    done: Receiver<Result<Head, LogError>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    fn start(log: Arc<Mutex<Box<dyn Log>>>) -> Result<Self, LogError> {
        let (groups, coming) = sync_channel::<Arc<Lines>>(1);
        let (tell, done) = channel();
        let append = move || {
            for lines in coming {
                let appended = lock(&log).append(&lines);
                // Its memory goes back to whoever waits for it.
                drop(lines);
                if tell.send(appended).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new().name("append".to_owned()).spawn(append).doing("append to", Path::new("log"))?;
        Ok(Self { groups: Some(groups), done, thread: Some(thread) })
    }

    fn give(&self, lines: Arc<Lines>) {
        // Should the thread be gone, waiting for it says so.
        let _ = self.groups.as_ref().map(|groups| groups.send(lines));
    }

    fn wait(&self) -> Result<Head, LogError> {
        self.done.recv().unwrap_or(Err(LogError::Poisoned))
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        // Whoever gives up on a ledger leaves nobody behind who writes to it.
        self.groups = None;
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn lock(log: &Mutex<Box<dyn Log>>) -> MutexGuard<'_, Box<dyn Log>> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a row says, where it stands, and its fingerprints.
#[derive(Debug)]
pub struct Observed {
    /// What it says.
    pub fact: Fact,
    /// Its event as it stands in a line, should it be recorded as it is.
    pub encoded: Vec<u8>,
    /// Its fingerprints.
    pub print: Fingerprint,
    /// Position of the `source.imported` of its file.
    pub import: u64,
    /// The row, from 1.
    pub row: u64,
}

/// The first line of a ledger.
pub fn opening(actor: Actor, now: Instant, name: &str, origin: &str) -> Draft {
    use ledger_core::event::governance::{Algorithms, LedgerOpened};
    let opened = LedgerOpened { algorithms: Algorithms::default(), name: name.to_owned(), origin: origin.to_owned() };
    Draft { actor, effective_at: now, event: Event::LedgerOpened(Box::new(opened)), source: None }
}
