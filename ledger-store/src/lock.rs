//! One writer at a time: a lock on a file that names its holder. The operating system releases it when the holder ends, however it ends.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use crate::error::{Doing, LogError};

/// How long a writer waits for another one, if nothing else is said.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// A lock that is held until it is dropped.
#[derive(Debug)]
pub(crate) struct Lock(File);

impl Lock {
    /// Takes the lock, waiting at most this long.
    pub(crate) fn take(path: &Path, patience: Duration) -> Result<Self, LogError> {
        let mut file = wait(path, patience, File::try_lock)?;
        let pid = format!("{}\n", std::process::id());
        file.set_len(0).and_then(|()| file.rewind()).and_then(|()| file.write_all(pid.as_bytes())).doing("write", path)?;
        Ok(Self(file))
    }

    /// Whether someone holds the lock now.
    pub(crate) fn is_held(path: &Path) -> bool {
        let Ok(file) = File::open(path) else { return false };
        matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // A stale number would be read only by someone who loses the race for the lock; releasing is what matters.
        let _ = self.0.set_len(0);
    }
}

/// A promise that nobody writes while it is held. Any number may hold one at a time, and to ask whether somebody writes is to hold one briefly.
#[derive(Debug)]
pub(crate) struct Still(#[expect(dead_code, reason = "what is held is held by being open")] File);

impl Still {
    /// Waits at most this long for a writer.
    pub(crate) fn take(path: &Path, patience: Duration) -> Result<Self, LogError> {
        wait(path, patience, File::try_lock_shared).map(Self)
    }
}

/// Opens the file and locks it.
fn wait(path: &Path, patience: Duration, lock: impl Fn(&File) -> Result<(), TryLockError>) -> Result<File, LogError> {
    let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).doing("open", path)?;
    let began = Instant::now();
    loop {
        match lock(&file) {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) if began.elapsed() < patience => std::thread::sleep(Duration::from_millis(5).min(patience)),
            Err(TryLockError::WouldBlock) => {
                let mut pid = String::new();
                // Who holds it is worth saying, not worth failing for.
                let _ = file.read_to_string(&mut pid);
                return Err(LogError::Locked { pid: pid.trim().parse().ok(), waited: began.elapsed() });
            }
            Err(TryLockError::Error(error)) => return Err(error).doing("lock", path),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_writer_learns_who_the_first_is() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("LOCK");
        let first = Lock::take(&path, Duration::ZERO).unwrap();
        assert!(Lock::is_held(&path));
        let waited = Duration::from_millis(30);
        let Err(LogError::Locked { pid, waited: found }) = Lock::take(&path, waited) else { panic!("two writers") };
        assert_eq!(pid, Some(std::process::id()));
        assert!(found >= waited);
        drop(first);
        assert!(!Lock::is_held(&path));
        Lock::take(&path, Duration::ZERO).unwrap();
    }
    #[test]
    fn those_who_only_want_nobody_to_write_hinder_no_one_but_a_writer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("LOCK");
        let one = Still::take(&path, Duration::ZERO).unwrap();
        let two = Still::take(&path, Duration::ZERO).unwrap();
        assert!(!Lock::is_held(&path), "nobody writes");
        assert!(matches!(Lock::take(&path, Duration::ZERO), Err(LogError::Locked { pid: None, .. })));
        drop((one, two));
        let writer = Lock::take(&path, PATIENCE).unwrap();
        let Err(LogError::Locked { pid, .. }) = Still::take(&path, Duration::ZERO) else { panic!("somebody writes") };
        assert_eq!(pid, Some(std::process::id()));
        drop(writer);
    }
}
