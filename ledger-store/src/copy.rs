//! Copies lines from one log to another. Nothing but lines: each one enters the target by following the line before it.

use ledger_core::chain::{Broken, Head};

use crate::{Lines, Log, LogError, Source};

/// The most lines that are appended in one go.
pub const MOST_LINES: usize = 1_000;
/// The most bytes that are appended in one go, unless one line is longer.
pub const MOST_BYTES: usize = 4 << 20;

/// Appends what the source has and the target lacks. Gives how many lines that is; none when the target has them all.
///
/// # Errors
/// [`LogError::Parted`] when the target is not how the source began; nothing was appended. [`LogError::Broken`] when a line of the
/// source does not follow: the lines before it were appended. What either log says.
pub fn copy(from: &dyn Source, to: &mut dyn Log) -> Result<u64, LogError> {
    let (theirs, ours) = (from.head(), to.head());
    let common = theirs.seq.min(ours.seq);
    if at(from, common)? != at(to, common)? {
        return Err(LogError::Parted { at: parting(from, to, common)?, ours, theirs });
    }
    let mut lines = Lines::after(ours);
    for block in from.read(ours.seq + 1)? {
        for line in block?.lines() {
            let broken = lines.push(line).err();
            if broken.is_some() || lines.len() >= MOST_LINES || lines.as_bytes().len() >= MOST_BYTES {
                let head = to.append(&lines)?;
                lines.restart(head);
            }
            if let Some(broken) = broken {
                return Err(broken.into());
            }
        }
    }
    Ok(to.append(&lines)?.seq - ours.seq)
}

fn at(log: &(impl Source + ?Sized), seq: u64) -> Result<Head, LogError> {
    Ok(log.head_at(seq)?.ok_or(Broken::NotALine { at: seq })?)
}

/// The first position at which two logs differ that differ at `differs`: heads that are equal once were equal before.
fn parting(from: &dyn Source, to: &dyn Log, mut differs: u64) -> Result<u64, LogError> {
    let mut equal = 0;
    while differs - equal > 1 {
        let middle = equal + (differs - equal) / 2;
        if at(from, middle)? == at(to, middle)? { equal = middle } else { differs = middle }
    }
    Ok(differs)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{backend::memory::Memory, sample};

    fn log(lines: u64, then: u64, salt: u64) -> Memory {
        let mut log = Memory::new();
        log.append(&sample::lines(Head::EMPTY, lines, 0)).unwrap();
        log.append(&sample::lines(log.head(), then, salt)).unwrap();
        log
    }

    #[test]
    fn what_is_lacking_is_appended_and_nothing_else() {
        let from = log(2_500, 0, 0);
        for has in [0, 1, 1_000, 2_500] {
            let mut to = log(has, 0, 0);
            assert_eq!(copy(&from, &mut to).unwrap(), 2_500 - has);
            assert_eq!(to.head(), from.head());
        }
        assert_eq!(copy(&log(10, 0, 0), &mut log(20, 0, 0)).unwrap(), 0, "a target that is further on has them all");
    }

    #[test]
    fn histories_that_part_are_named_and_left() {
        for (common, ours, theirs) in [(0, 3, 9), (5, 1, 1), (700, 40, 2)] {
            let (from, mut to) = (log(common, theirs, 1), log(common, ours, 2));
            let head = to.head();
            let error = copy(&from, &mut to).unwrap_err();
            assert!(matches!(error, LogError::Parted { at, ours, theirs } if at == common + 1 && ours == head && theirs == from.head()));
            assert!(error.is_conflict() && !error.is_integrity());
            assert_eq!(to.head(), head);
        }
    }
}
