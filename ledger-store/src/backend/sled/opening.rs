//! How the store is opened: held against the log first, and set aside when it is not what the log says.

use std::fs;
use std::path::{Path, PathBuf};

use ledger_core::chain::{Head, LONGEST_LINE, follow};

use super::head_at;
use crate::Notice;
use crate::error::{Doing, LogError};
use crate::pack::PLAIN;
use crate::segments::{BLOCK, Cursor, sync_folder};
use crate::store::{Failed, Store};

/// What may wait for a full block, in bytes of the log: packing leaves out less than half of a line.
const TAIL: usize = 2 * (PLAIN + LONGEST_LINE);

/// What a store is found to be.
enum Verdict {
    Good(Store, Head),
    /// It continues the log: acknowledged lines are missing there.
    Ahead(Head),
    Damaged(String),
}

/// Opens the store, or puts another one in its place.
pub(super) fn open_store(
    folder: &Path,
    log: &Path,
    head: Head,
    dirty: bool,
    notices: &mut Vec<Notice>,
) -> Result<(Option<Store>, Head), LogError> {
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
pub(super) fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.file_type()?.is_dir() { copy_folder(&entry.path(), &to)? } else { fs::copy(entry.path(), to).map(drop)? }
    }
    Ok(())
}
