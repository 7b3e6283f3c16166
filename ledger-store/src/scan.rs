//! Reading a log on all cores: blocks are followed and decoded side by side and handed on in order.

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

use ledger_core::chain::{Broken, Head, follow_each, hash_each, step};
use ledger_core::event::{Entry, Unreadable};

use crate::{Block, Blocks, LogError};

/// How closely lines are looked at. That each follows the one before is always checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Position and hash.
    Chain,
    /// Position and hash, and the head behind every line is kept.
    Heads,
    /// The entries are decoded.
    Entries,
    /// The entries are decoded, and encoded again: the line must be what that gives.
    Strict,
}

/// A block whose lines follow each other.
#[derive(Debug)]
pub struct Checked {
    /// The head that its first line names as the one before it.
    pub before: Head,
    /// The head behind its last line.
    pub after: Head,
    /// The head behind every line, if they were asked for.
    pub heads: Vec<Head>,
    /// The entries, if they were asked for.
    pub entries: Vec<Entry>,
}

/// Why a scan ended early.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The log could not be read.
    #[error(transparent)]
    Log(#[from] LogError),
    /// A line does not follow, or is no entry.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
}

impl From<Broken> for ScanError {
    fn from(broken: Broken) -> Self {
        Self::Unreadable(Unreadable::Broken(broken))
    }
}

/// Reads blocks, checks them on all cores, and hands each to `take` in order. The first block must follow `head`.
///
/// # Errors
/// The first thing that is wrong, in the order of the log, or what `take` says.
pub fn scan<E: From<ScanError>>(
    blocks: Blocks,
    head: Head,
    depth: Depth,
    mut take: impl FnMut(Checked) -> Result<(), E>,
) -> Result<Head, E> {
    scan_beside(blocks, head, depth, |_| (), |checked, ()| take(checked))
}

/// The same, and `look` looks at each block too, on whatever core checks it.
///
/// # Errors
/// As [`scan`].
pub fn scan_beside<T: Send, E: From<ScanError>>(
    blocks: Blocks,
    head: Head,
    depth: Depth,
    look: impl Fn(&Block) -> T + Sync,
    mut take: impl FnMut(Checked, T) -> Result<(), E>,
) -> Result<Head, E> {
    let mut head = head;
    in_order(
        blocks,
        |block| {
            let block = block?;
            Ok((check(&block, depth)?, look(&block)))
        },
        |checked: Result<(Checked, T), ScanError>| {
            let (checked, seen) = checked?;
            if checked.before != head {
                return Err(ScanError::from(joint(head, checked.before)).into());
            }
            head = checked.after;
            take(checked, seen)
        },
    )?;
    Ok(head)
}

/// How the first line of a block fails to follow the block before.
fn joint(head: Head, before: Head) -> Broken {
    if before.seq != head.seq {
        return Broken::OutOfPlace { expected: head.seq + 1, found: before.seq + 1 };
    }
    match head.seq {
        0 => Broken::WrongGenesis { prev: before.hash },
        at => Broken::Unequal { at, stored: before.hash, computed: head.hash },
    }
}

fn check(block: &Block, depth: Depth) -> Result<Checked, Unreadable> {
    let before = block.before()?;
    let mut after = before;
    let lines: Vec<&[u8]> = block.lines().collect();
    if depth == Depth::Strict
        && let Some(checked) = strictly(before, &lines)
    {
        return Ok(checked);
    }
    let room = |wanted: bool| if wanted { lines.len() } else { 0 };
    let mut heads = Vec::with_capacity(room(depth == Depth::Heads));
    let mut entries = Vec::with_capacity(room(matches!(depth, Depth::Entries | Depth::Strict)));
    for (head, line) in follow_each(before, &lines).zip(&lines) {
        after = head?;
        match depth {
            Depth::Chain => {}
            Depth::Heads => heads.push(after),
            Depth::Entries => entries.push(Entry::read(line, after.seq)?),
            Depth::Strict => entries.push(Entry::read_strictly(line, after.seq)?),
        }
    }
    Ok(Checked { before, after, heads, entries })
}

/// Lines each of which is, byte for byte, what its entry is written as: what such a line says of its place, its entry says. Nothing when one is
/// not, or does not follow; then each is looked at by itself, and what is wrong first is told.
fn strictly(before: Head, lines: &[&[u8]]) -> Option<Checked> {
    let (mut after, mut entries) = (before, Vec::with_capacity(lines.len()));
    for (line, hash) in lines.iter().zip(hash_each(lines)) {
        let entry = Entry::read_strictly(line, after.seq + 1).ok()?;
        after = step(after, entry.link().ok()?, || hash).ok()?;
        entries.push(entry);
    }
    Some(Checked { before, after, heads: Vec::new(), entries })
}

/// Maps items on all cores and hands the results on in order; a few items are in flight per core, so memory stays bounded.
///
/// # Errors
/// The first error of `take`; what is in flight is then dropped.
pub fn in_order<T: Send, R: Send, E>(
    items: impl Iterator<Item = T> + Send,
    map: impl Fn(T) -> R + Sync,
    mut take: impl FnMut(R) -> Result<(), E>,
) -> Result<(), E> {
    let cores = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    thread::scope(|scope| {
        let map = &map;
        let lanes: Vec<(SyncSender<T>, Receiver<R>)> = (0..cores)
            .map(|_| {
                let (give, jobs) = sync_channel::<T>(2);
                let (done, results) = sync_channel::<R>(2);
                scope.spawn(move || {
                    for job in jobs {
                        if done.send(map(job)).is_err() {
                            return;
                        }
                    }
                });
                (give, results)
            })
            .collect();
        let (giving, taking): (Vec<_>, Vec<_>) = lanes.into_iter().unzip();
        scope.spawn(move || {
            for (item, lane) in items.zip((0..giving.len()).cycle()) {
                if giving[lane].send(item).is_err() {
                    return;
                }
            }
        });
        // Lane after lane, as the items were given out: the first lane that has no more ends it.
        for lane in (0..taking.len()).cycle() {
            let Ok(result) = taking[lane].recv() else { return Ok(()) };
            take(result)?;
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let mut seen = Vec::new();
        in_order(
            0..1000,
            |n| n * 2,
            |n| {
                seen.push(n);
                Ok::<(), ()>(())
            },
        )
        .unwrap();
        assert_eq!(seen, (0..1000).map(|n| n * 2).collect::<Vec<_>>());
    }

    #[test]
    fn an_error_ends_it() {
        let mut seen = 0;
        let ended = in_order(
            0..1_000_000,
            |n| n,
            |n| {
                seen += 1;
                if n == 10 { Err("enough") } else { Ok(()) }
            },
        );
        assert_eq!((ended, seen), (Err("enough"), 11));
    }
}
