//! The thread that follows the log on disk into the store, packs full blocks, and syncs the store and the anchor once a second.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ledger_core::chain::{self, Broken, Hash, Head};

use crate::error::{Doing, LogError};
use crate::pack::Packer;
use crate::segments::{BLOCK, Cursor};
use crate::store::{Failed, Store};

/// How often what follows the log is made durable.
const BEAT: Duration = Duration::from_secs(1);
/// How often the log is looked at for new lines.
const GLANCE: Duration = Duration::from_millis(50);

/// What the follower and the writer tell each other.
#[derive(Default)]
struct Shared {
    /// How far the log is durable.
    durable: AtomicU64,
    /// How far the follower has read it.
    followed: AtomicU64,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    ending: Option<Ending>,
    stale: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    Finish,
    Abandon,
}

impl Shared {
    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread that follows the log into the store.
pub(super) struct Follower {
    shared: Arc<Shared>,
    store: Option<Arc<Store>>,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    pub(super) fn start(log: &Path, store: Option<Store>, end: Head, durable: Head, anchor: File) -> Result<Self, LogError> {
        let shared = Arc::new(Shared { durable: AtomicU64::new(durable.seq), ..Shared::default() });
        let store = store.map(Arc::new);
        if store.is_none() {
            shared.state().stale = Some("the store cannot be opened".to_owned());
        }
        let (theirs, followed, log) = (shared.clone(), store.clone(), log.to_owned());
        let run = move || {
            let mut synced = (Instant::now(), theirs.durable.load(Ordering::Acquire));
            let mut packing = followed.and_then(|store| match Packing::begin(&log, store, end) {
                Ok(packing) => Some(packing),
                Err(why) => {
                    theirs.state().stale = Some(why);
                    None
                }
            });
            loop {
                let ending = theirs.state().ending;
                let durable = theirs.durable.load(Ordering::Acquire);
                let stop = || theirs.state().ending == Some(Ending::Abandon);
                if let Some(Err(why)) = packing.as_mut().map(|packing| packing.follow(durable, &stop)) {
                    theirs.state().stale = Some(why);
                    packing = None;
                }
                theirs.followed.store(durable, Ordering::Release);
                theirs.changed.notify_all();
                if synced.0.elapsed() >= BEAT || ending == Some(Ending::Finish) {
                    if synced.1 != durable && ending.is_none() {
                        // On closing the writer syncs it, and says so if that fails.
                        let _ = anchor.sync_data();
                    }
                    if let Some(Err(why)) = packing.as_mut().map(Packing::sync) {
                        theirs.state().stale = Some(why);
                        packing = None;
                    }
                    synced = (Instant::now(), durable);
                }
                if ending.is_some() {
                    break;
                }
                let state = theirs.state();
                if state.ending.is_none() && theirs.durable.load(Ordering::Acquire) == durable {
                    drop(theirs.changed.wait_timeout(state, GLANCE));
                }
            }
        };
        let thread = std::thread::Builder::new().name("follow the log".to_owned()).spawn(run).doing("follow", Path::new("log"))?;
        Ok(Self { shared, store, thread: Some(thread) })
    }

    pub(super) fn stale(&self) -> Option<String> {
        self.shared.state().stale.clone()
    }

    /// The store, while it is in order.
    pub(super) fn store(&self) -> Option<&Store> {
        self.store.as_deref().filter(|_| self.stale().is_none())
    }

    /// The writer says that the log is durable up to and with this line.
    pub(super) fn durable(&self, seq: u64) {
        self.shared.durable.store(seq, Ordering::Release);
    }

    pub(super) fn wait_for(&self, seq: u64) {
        while self.shared.followed.load(Ordering::Acquire) < seq && self.thread.as_ref().is_some_and(|thread| !thread.is_finished()) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn end(&mut self, ending: Ending) -> bool {
        self.shared.state().ending = Some(ending);
        self.shared.changed.notify_all();
        self.thread.take().is_none_or(|thread| thread.join().is_ok())
    }

    /// Brings the store up to the log and closes it. Why the store is not in order, if it is not.
    pub(super) fn close(mut self) -> Option<String> {
        let ran = self.end(Ending::Finish);
        let closed = self.store.take().and_then(Arc::into_inner).map(Store::close);
        self.stale().or_else(|| match closed {
            Some(Ok(())) if ran => None,
            Some(Err(why)) => Some(why),
            _ => Some("it could not be closed".to_owned()),
        })
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.end(Ending::Abandon);
    }
}

/// Lines on their way from the log into the store.
struct Packing {
    store: Arc<Store>,
    cursor: Cursor,
    packer: Packer,
    head: Head,
    unsynced: bool,
}

impl Packing {
    fn begin(log: &Path, store: Arc<Store>, end: Head) -> Result<Self, Failed> {
        let cursor = Cursor::find(log, end.seq + 1).map_err(|error| error.to_string())?;
        let packer = Packer::after(end).map_err(|error| error.to_string())?;
        Ok(Self { store, cursor, packer, head: end, unsynced: false })
    }

    /// Packs what stands in the log up to and with line `to`.
    fn follow(&mut self, to: u64, stop: &dyn Fn() -> bool) -> Result<(), Failed> {
        let broken = |broken: Broken| broken.to_string();
        while let Some(block) = self.cursor.read(to, BLOCK).map_err(|error| error.to_string())? {
            let mut blocks = Vec::new();
            let mut lines = block.lines().peekable();
            let mut here = lines.peek().map(|line| chain::link(line, self.head.seq + 1)).transpose().map_err(broken)?;
            while let (Some(line), Some(link)) = (lines.next(), here) {
                chain::fits(self.head, link).map_err(broken)?;
                let seq = self.head.seq + 1;
                here = lines.peek().map(|next| chain::link(next, seq + 1)).transpose().map_err(broken)?;
                // What the next line says of this one is taken for its hash: should the bytes give another, unpacking them finds out.
                self.head = Head { seq, hash: here.map_or_else(|| Hash::of(line), |next| next.prev) };
                self.packer.push(line, self.head);
                while let Some(block) = self.packer.pack().map_err(|error| error.to_string())? {
                    blocks.push(block);
                }
            }
            if !blocks.is_empty() {
                self.store.insert(&blocks)?;
                self.unsynced = true;
            }
            if stop() {
                break;
            }
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Failed> {
        if self.unsynced {
            self.store.sync()?;
            self.unsynced = false;
        }
        Ok(())
    }
}
