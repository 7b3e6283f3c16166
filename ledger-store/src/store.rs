//! Packed blocks in sled, and what it takes to trust sled with them.
//!
//! sled's `flush` does not reach the platter, its opening of a damaged database may panic or quietly give back an older one, an
//! error while reading can empty it, and after a write that failed it may wait forever for another one. So its file is synced here,
//! every call is fenced, what writes is waited for only so long, and nothing that it says is believed before the log has agreed.

use std::cell::Cell;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use ledger_core::chain::Head;

use crate::lines::Lines;
use crate::pack::{Header, Packed, Unpacker, VALUE};

/// Measured: with segments of 512 KiB the same blocks take a tenth more space, and with smaller ones a leaf would not fit.
const SEGMENT: usize = 256 << 10;

/// How long sled may take to write what it holds, which is no more than its cache.
const PATIENCE: Duration = Duration::from_secs(20);
/// So many bytes of a database, at the least, are looked through in a second when it is opened.
const SLOWEST: u64 = 10 << 20;

/// What sled said, that it panicked, or that it said nothing.
pub(crate) type Failed = String;

/// A thread that does with sled what writes, and that is given up on when it does not answer: a thread of sled's own that failed may leave
/// it waiting for ever.
struct Worker {
    jobs: Sender<Box<dyn FnOnce() + Send>>,
    silent: AtomicBool,
}

impl Worker {
    fn start() -> Result<Self, Failed> {
        let (jobs, coming) = channel::<Box<dyn FnOnce() + Send>>();
        let work = move || coming.into_iter().for_each(|job| job());
        std::thread::Builder::new().name("sled".to_owned()).spawn(work).map_err(|error| error.to_string())?;
        Ok(Self { jobs, silent: AtomicBool::new(false) })
    }

    /// Has something done. What it was given is lost when it does not answer in time, and from then on nothing more is asked of it.
    fn run<T: Send + 'static>(&self, patience: Duration, run: impl FnOnce() -> sled::Result<T> + Send + 'static) -> Result<T, Failed> {
        let silence = || format!("sled did not answer for {} s", patience.as_secs());
        if self.silent.load(Ordering::Acquire) {
            return Err(silence());
        }
        let (answer, answered) = channel();
        let job = move || {
            let _ = answer.send(fenced(run));
        };
        let answered = self.jobs.send(Box::new(job)).ok().and_then(|()| answered.recv_timeout(patience).ok());
        answered.unwrap_or_else(|| {
            self.silent.store(true, Ordering::Release);
            Err(silence())
        })
    }
}

/// Runs something of sled's: a panic is an error like any other, and is not printed.
fn fenced<T>(run: impl FnOnce() -> sled::Result<T>) -> Result<T, Failed> {
    thread_local!(static QUIET: Cell<bool> = const { Cell::new(false) });
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // sled's own threads are named by it and run outside of any fence.
            let theirs = std::thread::current().name().is_some_and(|name| name.starts_with("sled") || name.starts_with("log flusher"));
            if !theirs && !QUIET.get() {
                before(panic);
            }
        }));
    });
    QUIET.set(true);
    let ran = catch_unwind(AssertUnwindSafe(run));
    QUIET.set(false);
    match ran {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(format!("sled: {error}")),
        Err(panic) => {
            let said = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
            Err(format!("sled panicked: {}", said.unwrap_or("without a word").lines().next().unwrap_or_default()))
        }
    }
}

/// A sled database of packed blocks.
pub(crate) struct Store {
    // Both are taken on closing only, because dropping them can panic.
    open: Option<(sled::Db, sled::Tree)>,
    worker: Worker,
    file: File,
    recovered: bool,
}

impl Store {
    /// Opens the database in this folder, or makes an empty one.
    pub(crate) fn open(path: &Path) -> Result<Self, Failed> {
        let size = std::fs::metadata(path.join("db")).map_or(0, |db| db.len());
        let at = path.to_owned();
        let worker = Worker::start()?;
        let open = worker.run(PATIENCE + Duration::from_secs(size / SLOWEST), move || {
            let db = sled::Config::new()
                .path(at)
                .cache_capacity(16 << 20)
                .segment_size(SEGMENT)
                .mode(sled::Mode::LowSpace)
                .flush_every_ms(Some(500))
                .open()?;
            let blocks = db.open_tree("blocks")?;
            Ok((db, blocks))
        })?;
        let file = File::open(path.join("db")).map_err(|error| error.to_string())?;
        let recovered = open.0.was_recovered();
        Ok(Self { open: Some(open), worker, file, recovered })
    }

    /// Whether there was a database before.
    pub(crate) const fn was_recovered(&self) -> bool {
        self.recovered
    }

    fn tree(&self) -> Result<&sled::Tree, Failed> {
        self.open.as_ref().map(|(_, blocks)| blocks).ok_or_else(|| "the store is closed".to_owned())
    }

    /// Puts blocks in.
    pub(crate) fn insert(&self, blocks: &[Packed]) -> Result<(), Failed> {
        let tree = self.tree()?;
        let mut batch = sled::Batch::default();
        for block in blocks {
            let key = (block.before.seq + 1).to_be_bytes();
            for (part, value) in block.bytes.chunks(VALUE).enumerate() {
                // A line of many kilobytes that does not pack needs more than one value: these follow it in the order of keys.
                let part = u8::try_from(part).map_err(|_| "a block of more than 255 values".to_owned())?;
                if part == 0 { batch.insert(&key, value) } else { batch.insert([&key[..], &[part]].concat(), value) }
            }
        }
        let tree = tree.clone();
        self.worker.run(PATIENCE, move || tree.apply_batch(batch))
    }

    /// Makes everything put in durable.
    pub(crate) fn sync(&self) -> Result<(), Failed> {
        if let Some((db, _)) = &self.open {
            let db = db.clone();
            self.worker.run(PATIENCE, move || db.flush())?;
        }
        self.file.sync_data().map_err(|error| error.to_string())
    }

    /// The header of the block that holds line `seq`, or of the last one before it.
    pub(crate) fn header_at(&self, seq: u64) -> Result<Option<Header>, Failed> {
        Ok(self.value_at(seq)?.map(|(header, _)| header))
    }

    /// The header of the last block.
    pub(crate) fn last(&self) -> Result<Option<Header>, Failed> {
        self.header_at(u64::MAX)
    }

    fn value_at(&self, seq: u64) -> Result<Option<(Header, Vec<u8>)>, Failed> {
        let tree = self.tree()?;
        let found = fenced(|| {
            for entry in tree.range(..=seq.to_be_bytes()).rev() {
                let (key, _) = entry?;
                if let Ok(key) = <[u8; 8]>::try_from(&key[..]) {
                    return Ok(Some(u64::from_be_bytes(key)));
                }
            }
            Ok(None)
        })?;
        let Some(first) = found else { return Ok(None) };
        self.blocks(first).next().transpose()
    }

    /// The blocks from the one that begins with line `first` on: their headers and bytes.
    pub(crate) fn blocks(&self, first: u64) -> impl Iterator<Item = Result<(Header, Vec<u8>), Failed>> + Send + use<> {
        let mut entries = self.tree().map(|tree| tree.range(first.to_be_bytes()..));
        let mut failed = false;
        std::iter::from_fn(move || {
            if failed {
                return None;
            }
            let mut read = || {
                let entries = entries.as_mut().map_err(|error| error.clone())?;
                let Some((key, value)) = fenced(|| entries.next().transpose())? else {
                    return Ok(None);
                };
                let first = <[u8; 8]>::try_from(&key[..]).map(u64::from_be_bytes).map_err(|_| "a value without a block".to_owned())?;
                let header = Header::read(first, &value).ok_or_else(|| format!("the block at event #{first} is damaged"))?;
                let mut bytes = value.to_vec();
                while bytes.len() < header.len() {
                    let more = fenced(|| entries.next().transpose())?.filter(|(more, _)| more.starts_with(&key) && more.len() == 9);
                    let Some((_, more)) = more else { return Err(format!("the block at event #{first} is incomplete")) };
                    bytes.extend_from_slice(&more);
                }
                Ok(Some((header, bytes)))
            };
            let read = read();
            failed = read.is_err();
            read.transpose()
        })
    }

    /// The lines of the block that holds line `seq`, verified against the hashes it carries.
    pub(crate) fn lines_at(&self, seq: u64) -> Result<Option<Lines>, Failed> {
        let Some((header, value)) = self.value_at(seq)?.filter(|(header, _)| header.after.seq >= seq) else { return Ok(None) };
        let mut unpacker = Unpacker::default();
        if header.base > 0 {
            let base = self.value_at(header.base)?.filter(|(base, _)| base.before.seq + 1 == header.base);
            let (base, value) = base.ok_or_else(|| format!("the block at event #{} is missing", header.base))?;
            unpacker.unpack(&base, &value).map_err(|broken| broken.to_string())?;
        }
        unpacker.unpack(&header, &value).map(Some).map_err(|broken| broken.to_string())
    }

    /// Whether the headers of all blocks form one chain from the first line on; where it ends.
    pub(crate) fn chain(&self) -> Result<Head, Failed> {
        self.blocks(0).try_fold(Head::EMPTY, |head, block| link(head, &block?.0))
    }

    /// The same from the block behind the one that holds line `seq`.
    pub(crate) fn chain_from(&self, seq: u64) -> Result<Head, Failed> {
        let start = self.header_at(seq)?.ok_or_else(|| format!("it lacks event #{seq}"))?;
        self.blocks(start.before.seq + 1).try_fold(start.before, |head, block| link(head, &block?.0))
    }

    /// Closes the database; sled writes out what it still holds.
    pub(crate) fn close(mut self) -> Result<(), Failed> {
        self.let_go()?;
        self.file.sync_data().map_err(|error| error.to_string())
    }

    fn let_go(&mut self) -> Result<(), Failed> {
        let Some(open) = self.open.take() else { return Ok(()) };
        if self.worker.silent.load(Ordering::Acquire) {
            // Dropping it would wait for the same that was waited for in vain; it ends with the process.
            std::mem::forget(open);
            return Err("sled did not answer".to_owned());
        }
        self.worker.run(PATIENCE, move || {
            drop(open);
            Ok(())
        })
    }
}

fn link(head: Head, header: &Header) -> Result<Head, Failed> {
    if header.before != head {
        return Err(format!("its block at event #{} follows {}, not {head}", header.before.seq + 1, header.before));
    }
    Ok(header.after)
}

impl Drop for Store {
    fn drop(&mut self) {
        // A store that is only dropped is judged when it is opened again.
        let _ = self.let_go();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{pack::Packer, sample};

    #[test]
    fn nothing_of_a_full_store_lies_where_sled_never_syncs() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store");
        let store = Store::open(&path).unwrap();
        let mut packer = Packer::after(Head::EMPTY).unwrap();
        let lines = sample::lines(Head::EMPTY, 20_000, 0);
        let mut head = Head::EMPTY;
        for line in lines.iter() {
            head = ledger_core::chain::follow(head, line).unwrap();
            packer.push(line, head);
            while let Some(block) = packer.pack().unwrap() {
                store.insert(&[block]).unwrap();
            }
        }
        assert_eq!(store.chain().unwrap(), packer.packed());
        for seq in [1, 2, 40, 41, 1_000, 19_000] {
            let found = store.lines_at(seq).unwrap().unwrap();
            let line = lines.iter().nth(seq as usize - 1).unwrap();
            assert_eq!(found.iter().nth((seq - found.base().seq) as usize - 1).unwrap(), line);
        }
        store.close().unwrap();
        assert_eq!(std::fs::read_dir(path.join("blobs")).unwrap().count(), 0);
        assert!(Store::open(&path).unwrap().was_recovered());
    }

    #[test]
    fn a_panic_is_an_error() {
        assert_eq!(fenced::<()>(|| panic!("sled is sorry")), Err("sled panicked: sled is sorry".to_owned()));
        let worker = Worker::start().unwrap();
        assert_eq!(worker.run::<()>(PATIENCE, || panic!("sled is sorry")), Err("sled panicked: sled is sorry".to_owned()));
        assert_eq!(worker.run(PATIENCE, || Ok(7)), Ok(7));
    }

    #[test]
    fn silence_is_an_error() {
        let (worker, (hold, held)) = (Worker::start().unwrap(), channel::<()>());
        let silence = Err("sled did not answer for 0 s".to_owned());
        let said = worker.run(Duration::ZERO, move || {
            let _ = held.recv();
            Ok(1)
        });
        assert_eq!(said, silence);
        // What is silent once is not waited for again, whatever becomes of it.
        drop(hold);
        assert_eq!(worker.run(Duration::ZERO, || Ok(2)), silence);
    }
}
