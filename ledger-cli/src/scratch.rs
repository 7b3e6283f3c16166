//! Files and folders that are there for the occasion. They hold lines of a ledger, so they go whatever ends the program: with the value that
//! holds them, and when somebody interrupts it or a system shuts down. Only a kill that no program sees, or a power cut, leaves them; they lie
//! where the system keeps what is temporary, under a name that begins with `dealbook-`.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use tempfile::{Builder, NamedTempFile, TempDir};

/// What is there now.
static THERE: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

fn there() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    THERE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Something that is there for the occasion.
pub(crate) struct Scratch<T> {
    held: Option<T>,
    path: PathBuf,
}

/// A folder for it.
pub(crate) fn folder() -> io::Result<Scratch<TempDir>> {
    kept(|| Builder::new().prefix("dealbook-").tempdir(), TempDir::path)
}

/// A file for it.
pub(crate) fn file() -> io::Result<Scratch<NamedTempFile>> {
    kept(|| Builder::new().prefix("dealbook-").tempfile(), NamedTempFile::path)
}

fn kept<T>(make: impl FnOnce() -> io::Result<T>, path: fn(&T) -> &Path) -> io::Result<Scratch<T>> {
    watch();
    // Nothing is made that whoever is interrupted does not know of.
    let mut there = there();
    let held = make()?;
    let path = path(&held).to_owned();
    there.insert(path.clone());
    Ok(Scratch { held: Some(held), path })
}

impl<T> Scratch<T> {
    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl<T> Deref for Scratch<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.held.as_ref().expect("it is held until it is dropped")
    }
}

impl<T: io::Write> io::Write for Scratch<T> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.held.as_mut().map_or(Ok(0), |held| held.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.held.as_mut().map_or(Ok(()), io::Write::flush)
    }
}

impl<T> Drop for Scratch<T> {
    fn drop(&mut self) {
        drop(self.held.take());
        there().remove(&self.path);
    }
}

/// Waits for signals from now on; until then the program ends by them at once, as any does.
fn watch() {
    static WATCHING: OnceLock<()> = OnceLock::new();
    WATCHING.get_or_init(|| {
        // Where signals cannot be waited for, everything still goes with the value that holds it.
        if let Ok(mut signals) = Signals::new([SIGHUP, SIGINT, SIGTERM]) {
            thread::spawn(move || signals.forever().next().map(interrupted));
        }
    });
}

/// Takes everything away, and ends as the signal does by itself.
fn interrupted(signal: i32) {
    // Whoever holds the lock is making or leaving something; nothing new is made from here on.
    let there = there();
    for _ in 0..100 {
        let gone = |path: &PathBuf| if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        there.iter().for_each(|path| _ = gone(path));
        // What was being written into a folder may have come back.
        thread::sleep(Duration::from_millis(20));
        if !there.iter().any(|path| path.exists()) {
            break;
        }
    }
    _ = emulate_default_handler(signal);
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn what_is_there_for_the_occasion_goes_with_it() {
        let (mut file, folder) = (file().unwrap(), folder().unwrap());
        file.write_all(b"a line").unwrap();
        fs::write(folder.path().join("file"), "another").unwrap();
        let paths = [file.path().to_owned(), folder.path().to_owned()];
        assert!(paths.iter().all(|path| path.exists() && there().contains(path)));
        drop((file, folder));
        assert!(paths.iter().all(|path| !path.exists() && !there().contains(path)));
    }
}
