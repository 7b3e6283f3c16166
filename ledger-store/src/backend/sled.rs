//! The default: a folder in which segments of lines are the truth, and a sled store beside them holds them packed.
//!
//! ```text
//! meta.json  LOCK  log/00000000000000000001.jsonl  anchor  store/ (sled)  derived/
//! ```
//!
//! An append is acknowledged when its segment is synced. The anchor is written behind it, and a thread of its own follows the log on
//! disk, packs full blocks into sled, and syncs sled and the anchor once a second. That thread reads what anyone could read, so filling
//! an empty store, catching up after a crash and keeping up with a writer are one and the same thing.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use ledger_core::chain::{self, Broken, Hash, Head, LONGEST_LINE, follow};
use serde::{Deserialize, Serialize};

use crate::anchor::{self, Anchor, Said};
use crate::error::{Doing, LogError};
use crate::lines::head_of;
use crate::lock::Lock;
use crate::pack::{PLAIN, Packer, Unpacker};
use crate::segments::{BLOCK, Cursor, SEGMENT, Segments, find, sync_folder};
use crate::store::{Failed, Store};
use crate::{Block, Blocks, Lines, Log, Notice, PATIENCE, Source};

/// The version of the folder that this program writes.
const FORMAT: u64 = 1;
const ENGINE: &str = "sled 0.34.7";
/// How often what follows the log is made durable.
const BEAT: Duration = Duration::from_secs(1);
/// How often the log is looked at for new lines.
const GLANCE: Duration = Duration::from_millis(50);
/// What may wait for a full block, in bytes of the log: packing leaves out less than half of a line.
const TAIL: usize = 2 * (PLAIN + LONGEST_LINE);

/// What a ledger says of itself outside of its lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meta {
    /// Someone is writing, or was and did not close: the store is looked at closely on the next opening.
    dirty: bool,
    engine: String,
    format: u64,
    /// What people call it.
    pub name: String,
    /// What its proofs call it.
    pub origin: String,
}

impl Meta {
    /// What a new ledger says.
    pub fn new(name: &str, origin: &str) -> Self {
        Self { dirty: false, engine: ENGINE.to_owned(), format: FORMAT, name: name.to_owned(), origin: origin.to_owned() }
    }

    /// Reads what the ledger in this folder says.
    ///
    /// # Errors
    /// [`LogError::NotALedger`], [`LogError::Newer`], [`LogError::Unreadable`].
    pub fn read(folder: &Path) -> Result<Self, LogError> {
        #[derive(Deserialize)]
        struct Version {
            format: u64,
        }
        let path = folder.join("meta.json");
        let text = match fs::read(&path) {
            Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
                return Err(LogError::NotALedger { path: folder.to_owned() });
            }
            text => text.doing("read", &path)?,
        };
        let unreadable = |error: serde_json::Error| LogError::Unreadable { path: path.clone(), why: error.to_string() };
        let Version { format } = serde_json::from_slice(&text).map_err(unreadable)?;
        if format > FORMAT {
            return Err(LogError::Newer { path, format });
        }
        serde_json::from_slice(&text).map_err(unreadable)
    }

    fn write(&self, folder: &Path) -> Result<(), LogError> {
        let (path, new) = (folder.join("meta.json"), folder.join("meta.json.new"));
        let mut text = serde_json::to_vec(self).map_err(std::io::Error::other).doing("write", &path)?;
        text.push(b'\n');
        let write = || {
            let mut file = File::create(&new)?;
            file.write_all(&text)?;
            file.sync_all()?;
            fs::rename(&new, &path)
        };
        write().doing("write", &path)?;
        sync_folder(folder)
    }
}

/// How a ledger is opened for writing.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// How long another writer is waited for.
    pub patience: Duration,
    /// When a segment is this long, the next one is begun.
    pub segment: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { patience: PATIENCE, segment: SEGMENT }
    }
}

/// Makes an empty ledger in this folder. One whose making was cut off before its first line is made anew.
///
/// # Errors
/// [`LogError::Exists`]; [`LogError::Locked`] while another process makes it; the folder cannot be written.
pub fn create(folder: &Path, meta: &Meta) -> Result<(), LogError> {
    let (log, path) = (folder.join("log"), folder.join("anchor"));
    let exists = || {
        let reached = matches!(anchor::read(&path)?, Said::Reached { head, .. } if head != Head::EMPTY);
        if reached || find(&log)?.head != Head::EMPTY { Err(LogError::Exists { path: folder.to_owned() }) } else { Ok(()) }
    };
    exists()?;
    for part in [&log, &folder.join("derived")] {
        fs::create_dir_all(part).doing("make", part)?;
    }
    let _lock = Lock::take(&folder.join("LOCK"), Duration::ZERO)?;
    exists()?;
    let mut anchor = Anchor::open(&path, Said::Missing)?;
    anchor.write(Head::EMPTY).doing("write", &path)?;
    anchor.sync()?;
    // The store is made by the first opening, which knows what to do with half of one.
    sync_folder(&log)?;
    // Last: a folder with this file is a ledger.
    meta.write(folder)?;
    let above = folder.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    sync_folder(above)
}

/// The head behind line `seq` of the log.
fn head_at(log: &Path, seq: u64) -> Result<Head, LogError> {
    if seq == 0 {
        return Ok(Head::EMPTY);
    }
    let block = Cursor::find(log, seq)?.read(seq, LONGEST_LINE + 1)?;
    let line = block.as_ref().and_then(|block| block.lines().next()).ok_or(Broken::NotALine { at: seq })?;
    Ok(head_of(line, seq)?)
}

/// Holds the log's end against the anchor.
fn hold_against(log: &Path, end: Head, anchor: Head) -> Result<(), LogError> {
    if end.seq < anchor.seq {
        return Err(LogError::ShorterThanAnchor { log: end, anchor });
    }
    let found = if end.seq == anchor.seq { end } else { head_at(log, anchor.seq)? };
    if found != anchor {
        return Err(LogError::DiffersFromAnchor { log: found, anchor });
    }
    Ok(())
}

/// A ledger that is open for writing.
pub struct Sled {
    folder: PathBuf,
    log: PathBuf,
    meta: Meta,
    segments: Segments,
    anchor: Anchor,
    anchored: Option<String>,
    // Stopped before the lock is released: the next writer opens the same store.
    follower: Follower,
    _lock: Lock,
}

impl Sled {
    /// Opens the ledger in this folder for writing, and says what was out of order and has been put right.
    ///
    /// # Errors
    /// [`LogError::NotALedger`], [`LogError::Newer`], [`LogError::Locked`]; [`LogError::ShorterThanAnchor`],
    /// [`LogError::DiffersFromAnchor`] and [`LogError::StoreAheadOfLog`] when recorded lines are missing or changed;
    /// [`LogError::Broken`] when the last lines, which the anchor does not cover, do not follow one another. Nothing is changed then.
    pub fn open(folder: &Path, options: Options) -> Result<(Self, Vec<Notice>), LogError> {
        Meta::read(folder)?;
        let lock = Lock::take(&folder.join("LOCK"), options.patience)?;
        // Again, because the writer before may have changed it.
        let mut meta = Meta::read(folder)?;
        let log = folder.join("log");
        let mut notices = Vec::new();

        let path = folder.join("anchor");
        let said = anchor::read(&path)?;
        let found = find(&log)?;
        let anchored = match said {
            Said::Reached { head, .. } => head,
            Said::Missing | Said::Garbage => {
                let why = if said == Said::Missing { "missing" } else { "unreadable" };
                notices.push(Notice::Anchored { why, head: found.head });
                Head::EMPTY
            }
        };
        hold_against(&log, found.head, anchored)?;
        // What the anchor does not cover was written in the last second of a writer that may have been cut off.
        let mut head = anchored;
        for block in Cursor::find(&log, anchored.seq + 1)?.blocks(found.head.seq) {
            head = block?.follow(head)?;
        }
        if head != found.head {
            return Err(Broken::Unequal { at: head.seq, stored: found.head.hash, computed: head.hash }.into());
        }

        let dirty = meta.dirty;
        if !dirty {
            meta.dirty = true;
            meta.write(folder)?;
        }
        let (store, end) = open_store(folder, &log, found.head, dirty, &mut notices)?;
        fs::create_dir_all(&log).doing("make", &log)?;
        let segments = Segments::open(&log, options.segment, found)?;
        if found.unfinished > 0 {
            notices.push(Notice::Dropped { bytes: found.unfinished });
        }
        let mut anchor = Anchor::open(&path, said)?;
        if !matches!(said, Said::Reached { head, .. } if head == found.head) {
            anchor.write(found.head).doing("write", &path)?;
            anchor.sync()?;
        }
        let follower = Follower::start(&log, store, end, found.head, anchor.handle()?)?;
        Ok((Self { folder: folder.to_owned(), log, meta, segments, anchor, anchored: None, follower, _lock: lock }, notices))
    }

    /// What the ledger says of itself.
    pub const fn meta(&self) -> &Meta {
        &self.meta
    }

    /// The heads before the first and behind the last line of every block in the store, in order, once the store has caught up: what
    /// `verify` holds against the log.
    ///
    /// # Errors
    /// The store is stale, see [`Log::notices`]; sled cannot read it.
    pub fn blocks(&self) -> Result<impl Iterator<Item = Result<(Head, Head), LogError>> + Send + use<>, LogError> {
        let path = self.folder.join("store");
        let unreadable = move |why| LogError::Unreadable { path: path.clone(), why };
        self.follower.wait_for(self.head().seq);
        let store = self.follower.store.as_ref().filter(|_| !self.follower.is_stale());
        let store = store.ok_or_else(|| unreadable("the store is stale".to_owned()))?;
        Ok(store.blocks(0).map(move |block| block.map(|(header, _)| (header.before, header.after)).map_err(&unreadable)))
    }
}

impl Source for Sled {
    fn head(&self) -> Head {
        self.segments.head()
    }

    fn read(&self, from: u64) -> Result<Blocks, LogError> {
        read(&self.log, from, self.head())
    }
}

fn read(log: &Path, from: u64, head: Head) -> Result<Blocks, LogError> {
    let from = from.max(1);
    if from > head.seq {
        return Ok(Box::new(std::iter::empty()));
    }
    Ok(Box::new(Cursor::find(log, from)?.blocks(head.seq)))
}

impl Log for Sled {
    fn append(&mut self, lines: &Lines) -> Result<Head, LogError> {
        let head = self.segments.append(lines)?;
        // Acknowledged from here on, whatever happens to what follows.
        if let Err(error) = self.anchor.write(head) {
            self.anchored = Some(format!("cannot write the anchor: {error}"));
        }
        self.follower.shared.durable.store(head.seq, Ordering::Release);
        Ok(head)
    }

    fn notices(&self) -> Vec<Notice> {
        let stale = self.follower.stale();
        stale.into_iter().chain(self.anchored.clone()).map(|why| Notice::Stale { why }).collect()
    }

    fn close(self: Box<Self>) -> Result<Vec<Notice>, LogError> {
        let Self { folder, mut meta, anchor, follower, anchored, _lock, .. } = *self;
        // Every line is durable: whatever fails here is put right by the next opening, and is no failure of what was appended.
        let mut stale: Vec<String> = follower.close().into_iter().chain(anchored).collect();
        if let Err(error) = anchor.sync() {
            stale.push(with_cause(&error));
        }
        if stale.is_empty() {
            meta.dirty = false;
            if let Err(error) = meta.write(&folder) {
                stale.push(with_cause(&error));
            }
        }
        Ok(stale.into_iter().map(|why| Notice::Stale { why }).collect())
    }
}

/// What went wrong, with what the machine said.
fn with_cause(error: &LogError) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), |source| format!("{error}: {source}"))
}

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
struct Follower {
    shared: Arc<Shared>,
    store: Option<Arc<Store>>,
    thread: Option<JoinHandle<()>>,
}

impl Follower {
    fn start(log: &Path, store: Option<Store>, end: Head, durable: Head, anchor: File) -> Result<Self, LogError> {
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

    fn stale(&self) -> Option<String> {
        self.shared.state().stale.clone()
    }

    fn is_stale(&self) -> bool {
        self.stale().is_some()
    }

    fn wait_for(&self, seq: u64) {
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
    fn close(mut self) -> Option<String> {
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

/// What a store is found to be.
enum Verdict {
    Good(Store, Head),
    /// It continues the log: acknowledged lines are missing there.
    Ahead(Head),
    Damaged(String),
}

/// Opens the store, or puts another one in its place.
fn open_store(folder: &Path, log: &Path, head: Head, dirty: bool, notices: &mut Vec<Notice>) -> Result<(Option<Store>, Head), LogError> {
    let (path, copy) = (folder.join("store"), folder.join("store.before-open"));
    if !path.exists() && copy.exists() {
        // An opening was cut off while it put the store back.
        fs::rename(&copy, &path).doing("rename", &copy)?;
    }
    let missing = !path.exists();
    // Opening a damaged sled changes it. After an unclean close the store is read as a whole before sled sees it, and kept as it was.
    let copied = if dirty && !missing && !copy.exists() { copy_whole(&path, &copy) } else { Ok(()) };
    let verdict = match copied {
        Ok(()) => judge(&path, log, head, dirty)?,
        Err(error) => Verdict::Damaged(format!("it cannot be read: {error}")),
    };
    let put_back = |to: &Path| {
        if copy.exists() {
            fs::remove_dir_all(&path).and_then(|()| fs::rename(&copy, to)).doing("rename", &copy)?;
        } else if to != path {
            fs::rename(&path, to).doing("rename", &path)?;
        }
        sync_folder(folder)
    };
    let why = match verdict {
        Verdict::Good(store, end) => {
            if copy.exists() {
                fs::remove_dir_all(&copy).doing("remove", &copy)?;
            }
            if missing && head != Head::EMPTY {
                notices.push(Notice::Rebuilt { why: "it is missing".to_owned(), aside: None });
            } else if dirty && tail(log, end, head)? > TAIL {
                notices.push(Notice::CaughtUp { from: end, to: head });
            }
            return Ok((Some(store), end));
        }
        Verdict::Ahead(store) => {
            put_back(&path)?;
            return Err(LogError::StoreAheadOfLog { log: head, store });
        }
        Verdict::Damaged(why) => why,
    };
    let aside = (1..).map(|n| folder.join(format!("store.damaged-{n}"))).find(|aside| !aside.exists()).unwrap_or_else(|| copy.clone());
    put_back(&aside)?;
    notices.push(Notice::Rebuilt { why, aside: Some(aside) });
    // Even a new store that cannot be made is no reason not to record.
    match Store::open(&path) {
        Ok(store) => Ok((Some(store), Head::EMPTY)),
        Err(why) => {
            notices.push(Notice::Stale { why });
            Ok((None, Head::EMPTY))
        }
    }
}

/// Holds the store against the log, which ends at `head`.
fn judge(path: &Path, log: &Path, head: Head, dirty: bool) -> Result<Verdict, LogError> {
    let missing = !path.exists();
    let looked = || {
        let store = Store::open(path)?;
        if !missing && !store.was_recovered() && head != Head::EMPTY {
            return Err("it is empty".to_owned());
        }
        let end = store.last()?.map_or(Head::EMPTY, |last| last.after);
        if dirty && store.chain()? != end {
            return Err("its blocks do not follow one another".to_owned());
        }
        let before = if end.seq > head.seq { Some(head_in(&store, head.seq)?) } else { None };
        if before.is_some_and(|before| before == head) {
            store.chain_from(head.seq + 1)?;
        }
        Ok::<_, Failed>((store, end, before))
    };
    let (store, end, before) = match looked() {
        Ok(looked) => looked,
        Err(why) => return Ok(Verdict::Damaged(why)),
    };
    Ok(match before {
        Some(before) if before == head => Verdict::Ahead(end),
        Some(before) => Verdict::Damaged(format!("it has {before} where the log has {head}")),
        None => {
            let found = head_at(log, end.seq)?;
            if found != end {
                Verdict::Damaged(format!("it has {end} where the log has {found}"))
            } else if missing || tail(log, end, head)? <= TAIL {
                Verdict::Good(store, end)
            } else if end == Head::EMPTY {
                Verdict::Damaged("it is empty".to_owned())
            } else if !dirty {
                Verdict::Damaged(format!("it was closed in order and yet ends at {end}, more than a block before {head}"))
            } else {
                Verdict::Good(store, end)
            }
        }
    })
}

/// The head behind line `seq`, as the store has it.
fn head_in(store: &Store, seq: u64) -> Result<Head, Failed> {
    let lines = store.lines_at(seq + 1)?.ok_or_else(|| format!("it lacks event #{}", seq + 1))?;
    let upto = seq - lines.base().seq.min(seq);
    lines.iter().take(upto as usize).try_fold(lines.base(), follow).map_err(|broken| broken.to_string())
}

/// How many bytes of lines stand between two heads of the log; counted no further than needed.
fn tail(log: &Path, from: Head, to: Head) -> Result<usize, LogError> {
    let mut cursor = Cursor::find(log, from.seq + 1)?;
    let mut bytes = 0;
    while bytes <= TAIL {
        let Some(block) = cursor.read(to.seq, BLOCK)? else { break };
        bytes += block.bytes.len();
    }
    Ok(bytes)
}

/// Copies a folder, so that what has the new name is whole.
fn copy_whole(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut partial = to.as_os_str().to_owned();
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    let begun = if partial.exists() { fs::remove_dir_all(&partial) } else { Ok(()) };
    let copied = begun.and_then(|()| copy_folder(from, &partial)).and_then(|()| fs::rename(&partial, to));
    if copied.is_err() {
        // Half a copy is of no use.
        let _ = fs::remove_dir_all(&partial);
    }
    copied
}

/// Copies a folder of files and of folders of files.
fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() { copy_folder(&entry.path(), &to)? } else { fs::copy(entry.path(), to).map(drop)? }
    }
    Ok(())
}

/// A ledger that is open for reading: no lock is taken and sled is not opened, so a writer at work hinders nobody.
#[derive(Debug, Clone)]
pub struct Reader {
    log: PathBuf,
    head: Head,
    anchor: Option<Head>,
    meta: Meta,
}

impl Reader {
    /// Opens the ledger in this folder for reading: up to its last whole line, or, while someone writes, up to the last durable one.
    ///
    /// # Errors
    /// As [`Sled::open`], without those that only a writer meets.
    pub fn open(folder: &Path) -> Result<Self, LogError> {
        let meta = Meta::read(folder)?;
        let log = folder.join("log");
        // In this order: what the anchor has reached stands in the log by the time that is looked at.
        let said = anchor::read(&folder.join("anchor"))?;
        let end = find(&log)?.head;
        let Said::Reached { head: anchored, .. } = said else { return Ok(Self { log, head: end, anchor: None, meta }) };
        hold_against(&log, end, anchored)?;
        let head = if Lock::is_held(&folder.join("LOCK")) { anchored } else { end };
        Ok(Self { log, head, anchor: Some(anchored), meta })
    }

    /// What the ledger says of itself.
    pub const fn meta(&self) -> &Meta {
        &self.meta
    }

    /// The head that the anchor has reached; the log was held against it. Nothing if the anchor says nothing.
    pub const fn anchor(&self) -> Option<Head> {
        self.anchor
    }
}

impl Source for Reader {
    fn head(&self) -> Head {
        self.head
    }

    fn read(&self, from: u64) -> Result<Blocks, LogError> {
        read(&self.log, from, self.head)
    }
}

/// The lines that the store of a ledger holds, for when its log is lost. The store is copied and left as it is.
pub struct Salvage {
    held: Arc<Held>,
    head: Head,
}

struct Held {
    store: Store,
    copy: PathBuf,
}

impl Drop for Held {
    fn drop(&mut self) {
        // It is only a copy; what cannot be removed is in nobody's way.
        let _ = fs::remove_dir_all(&self.copy);
    }
}

impl Salvage {
    /// Opens a copy of the store of the ledger in this folder; waits at most so long for a writer.
    ///
    /// # Errors
    /// [`LogError::Locked`] while someone writes; the store cannot be read, or its blocks do not form one chain from the first line on.
    pub fn open(folder: &Path, patience: Duration) -> Result<Self, LogError> {
        let store = folder.join("store");
        if !store.join("db").is_file() {
            return Err(LogError::NotALedger { path: folder.to_owned() });
        }
        let _lock = Lock::take(&folder.join("LOCK"), patience)?;
        let copy = folder.join(format!("store.copy-{}", std::process::id()));
        copy_folder(&store, &copy).doing("copy", &store)?;
        let unreadable = |why| LogError::Unreadable { path: store.clone(), why };
        let held = Held { store: Store::open(&copy).map_err(unreadable)?, copy };
        let head = held.store.chain().map_err(unreadable)?;
        Ok(Self { held: Arc::new(held), head })
    }

    /// The heads before the first and behind the last line of every block, in order.
    pub(crate) fn headers(&self) -> Result<Vec<(Head, Head)>, LogError> {
        let unreadable = |why| LogError::Unreadable { path: self.held.copy.clone(), why };
        self.held.store.blocks(0).map(|block| block.map(|(header, _)| (header.before, header.after)).map_err(unreadable)).collect()
    }
}

impl Source for Salvage {
    fn head(&self) -> Head {
        self.head
    }

    fn read(&self, from: u64) -> Result<Blocks, LogError> {
        let from = from.max(1);
        if from > self.head.seq {
            return Ok(Box::new(std::iter::empty()));
        }
        let path = self.held.copy.clone();
        let unreadable = move |why| LogError::Unreadable { path: path.clone(), why };
        let header = self.held.store.header_at(from).map_err(&unreadable)?;
        let start = header.map_or(1, |header| if header.base > 0 { header.base } else { header.before.seq + 1 });
        let mut unpacker = Unpacker::default();
        // In this order, so that sled is let go of before its folder is removed.
        let mut reading = (self.held.store.blocks(start), self.held.clone());
        Ok(Box::new(std::iter::from_fn(move || {
            loop {
                let block = match reading.0.next()? {
                    Ok(block) => block,
                    Err(why) => return Some(Err(unreadable(why))),
                };
                let lines = match unpacker.unpack(&block.0, &block.1) {
                    Ok(lines) => lines,
                    Err(broken) => return Some(Err(broken.into())),
                };
                let first = lines.base().seq + 1;
                if lines.head().seq < from {
                    continue;
                }
                let skip = from.saturating_sub(first) as usize;
                let skipped: usize = lines.iter().take(skip).map(|line| line.len() + 1).sum();
                return Some(Ok(Block { first: first.max(from), bytes: lines.as_bytes()[skipped..].to_vec() }));
            }
        })))
    }
}

#[cfg(test)]
#[path = "faults.rs"]
mod faults;
