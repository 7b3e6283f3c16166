//! A ledger of 1,000 events is damaged in every place: no flip is missed, and nothing panics.
//!
//! A chain is followed from its first line on, so what follows a damaged line is judged by the hash that comes out there: a verifier that
//! reads the whole log stops at the damaged line or at the one behind it, whatever the other 998 are. So for *every byte* the changed bytes and the
//! line behind them are followed with the functions that every reader uses, from the head before them, and the head that comes out at the end
//! is held against the anchor. That this is what the whole program does is shown for a sample of the places, by the program itself.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ledger_core::chain::{Broken, Head, follow};
use ledger_core::damage::{Kind, Seen, damages};
use ledger_store::scan::{Depth, ScanError, scan};
use ledger_store::{backend, verify as store};

const EVENTS: usize = 1_000;
const SEGMENT: &str = ".dealbook/log/00000000000000000001.jsonl";

/// A ledger of a thousand events in a folder, as the sample begins.
struct Victim {
    folder: tempfile::TempDir,
    /// The whole log.
    bytes: Vec<u8>,
    /// Where each line begins, and behind the last one.
    begins: Vec<usize>,
    /// The head before each line, and behind the last one.
    heads: Vec<Head>,
}

impl Victim {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let done = |args: &[&str]| assert_eq!(dealbook(folder.path(), args).0, Some(0), "{args:?}");
        done(&["init", "--sample", "sample"]);
        let all = fs::read(folder.path().join("sample").join(SEGMENT)).unwrap();
        let end = memchr::memchr_iter(b'\n', &all).nth(EVENTS - 1).unwrap() + 1;
        let bytes = all[..end].to_vec();
        fs::write(folder.path().join("lines.jsonl"), &bytes).unwrap();
        done(&["copy", "jsonl:lines.jsonl", "sled:."]);
        let (mut begins, mut heads) = (vec![0], vec![Head::EMPTY]);
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            heads.push(follow(heads[heads.len() - 1], &line[..line.len() - 1]).unwrap());
            begins.push(begins[begins.len() - 1] + line.len());
        }
        let victim = Self { folder, bytes, begins, heads };
        assert_eq!((victim.anchor().seq, victim.heads.len()), (EVENTS as u64, EVENTS + 1));
        assert_eq!(store::anchored(&victim.folder.path().join(".dealbook")).unwrap(), Some(victim.anchor()));
        assert_eq!(victim.verified(&victim.bytes), Some(0));
        victim
    }

    /// The head that the ledger is known to have had.
    fn anchor(&self) -> Head {
        self.heads[EVENTS]
    }

    fn line(&self, at: usize) -> &[u8] {
        &self.bytes[self.begins[at]..self.begins[at + 1] - 1]
    }

    /// Whether a log that has these bytes from a line on, up to the end of another one, is caught: by a line that does not follow, or by the anchor.
    fn is_caught(&self, from: usize, bytes: &[u8], until: usize) -> bool {
        match followed(self.heads[from], bytes) {
            Err(_) => true,
            // What comes behind goes on as it did, and follows this head alone.
            Ok(head) => head != self.heads[until],
        }
    }

    /// The exit code of the program on a log of these bytes, anchor and store being what they were.
    fn verified(&self, bytes: &[u8]) -> Option<i32> {
        fs::write(self.folder.path().join(SEGMENT), bytes).unwrap();
        let (code, said) = dealbook(self.folder.path(), &["verify"]);
        assert!(!said.contains("panicked"), "{said}");
        code
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join(SEGMENT)
    }
}

fn dealbook(folder: &Path, args: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dealbook"));
    let output = command.args(args).current_dir(folder).env_clear().env("DEALBOOK_NOW", "2026-04-03T09:00:00Z").output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

/// Follows whole lines. An unfinished last one was never acknowledged and counts for nothing.
fn followed(head: Head, bytes: &[u8]) -> Result<Head, Broken> {
    let (mut head, mut from) = (head, 0);
    for end in memchr::memchr_iter(b'\n', bytes) {
        head = follow(head, &bytes[from..end])?;
        from = end + 1;
    }
    Ok(head)
}

#[test]
fn no_flipped_byte_is_missed() {
    let victim = Victim::new();
    let mut flips = 0;
    for at in 0..EVENTS {
        let until = (at + 2).min(EVENTS);
        let mut window = victim.bytes[victim.begins[at]..victim.begins[until]].to_vec();
        for place in 0..victim.begins[at + 1] - victim.begins[at] {
            let was = window[place];
            // A bit, another one from byte to byte; and what ends a line, which makes two lines of one.
            for other in [was ^ (1 << (place % 8)), b'\n'] {
                if other != was {
                    window[place] = other;
                    assert!(victim.is_caught(at, &window, until), "byte {place} of event #{}: {was:#x} became {other:#x}", at + 1);
                    flips += 1;
                }
            }
            window[place] = was;
        }
        assert!(!victim.is_caught(at, &window, until), "what was not changed is not caught");
    }
    assert_eq!(flips, 2 * victim.bytes.len() - EVENTS);
    // The same by the whole reader, and by the program: a prime apart, so that every kind of place is met; and the last bytes of all.
    let last = victim.bytes.len() - 1;
    let mut bytes = victim.bytes.clone();
    for (number, place) in (0..last).step_by(9_973).chain([1, last - 1, last]).enumerate() {
        bytes[place] ^= 1 << (place % 8);
        fs::write(victim.path(), &bytes).unwrap();
        let read = backend::read(&format!("jsonl:{}", victim.path().display())).map_err(ScanError::from);
        let read = read.and_then(|log| scan(log.read(1)?, Head::EMPTY, Depth::Chain, |_| Ok::<(), ScanError>(())));
        assert_ne!(read.ok(), Some(victim.anchor()), "byte {place}");
        assert!(!damages(&store::survey(&victim.path(), false).unwrap(), Some(victim.anchor())).is_empty(), "byte {place}");
        if number % 4 == 0 || place >= last - 1 {
            assert_eq!(victim.verified(&bytes), Some(5), "byte {place}");
        }
        bytes[place] ^= 1 << (place % 8);
    }
    assert_eq!(victim.verified(&bytes), Some(0), "everything was put back");
}

#[test]
fn no_line_is_dropped_repeated_or_swapped_unseen() {
    let victim = Victim::new();
    let seen: Vec<Seen> = (0..EVENTS).map(|at| Seen::of(victim.line(at))).collect();
    let told = |lines: &[Seen]| damages(lines, Some(victim.anchor())).into_iter().map(|damage| damage.kind).collect::<Vec<_>>();
    assert!(told(&seen).is_empty());
    for at in 0..EVENTS {
        let number = at as u64 + 1;
        // To tell what was done all lines are looked at: at some of them, the first and the last among these.
        if at % 37 == 0 || at + 1 == EVENTS {
            let with = |deed: &dyn Fn(&mut Vec<Seen>)| {
                let mut lines = seen.clone();
                deed(&mut lines);
                told(&lines)
            };
            let missing = |kind: &Kind| matches!(kind, Kind::Missing { .. } | Kind::Shorter { .. });
            assert!(with(&|lines| _ = lines.remove(at)).iter().any(missing), "#{number} dropped");
            assert!(
                with(&|lines| lines.insert(at, lines[at])).iter().any(|kind| matches!(kind, Kind::Repeated { .. })),
                "#{number} repeated"
            );
            if at + 1 < EVENTS {
                assert!(!with(&|lines| lines.swap(at, at + 1)).is_empty(), "#{number} swapped with the next");
            }
        }
        // What follows a chain sees each of them.
        let [line, next, behind] = [at, at + 1, at + 2].map(|at| victim.begins.get(at).copied().unwrap_or(victim.bytes.len()));
        let (one, two) = (&victim.bytes[line..next], &victim.bytes[next..behind]);
        let until = (at + 2).min(EVENTS);
        assert!(victim.is_caught(at, two, until), "#{number} dropped");
        assert!(victim.is_caught(at, &[one, one, two].concat(), until), "#{number} repeated");
        assert!(two.is_empty() || victim.is_caught(at, &[two, one].concat(), until), "#{number} swapped with the next");
    }
    for at in (0..EVENTS - 1).step_by(333) {
        let [line, next, behind] = [at, at + 1, at + 2].map(|at| victim.begins[at]);
        let (before, one, two, after) =
            (&victim.bytes[..line], &victim.bytes[line..next], &victim.bytes[next..behind], &victim.bytes[behind..]);
        for (what, changed) in [("dropped", vec![two]), ("repeated", vec![one, one, two]), ("swapped", vec![two, one])] {
            let bytes = [before, &changed.concat(), after].concat();
            assert_eq!(victim.verified(&bytes), Some(5), "#{} {what}", at + 1);
        }
    }
}

#[test]
fn a_log_is_cut_off_at_no_length_unseen() {
    let victim = Victim::new();
    // Behind a cut the last whole line decides: at each length it is the line that holds the cut, or the one before.
    for at in 0..EVENTS {
        let window = &victim.bytes[victim.begins[at]..victim.begins[at + 1]];
        for length in 0..window.len() {
            assert_eq!(followed(victim.heads[at], &window[..length]).unwrap(), victim.heads[at], "{length} bytes of event #{}", at + 1);
        }
        assert_ne!(victim.heads[at], victim.anchor(), "the anchor tells");
    }
    let seen: Vec<Seen> = (0..EVENTS).map(|at| Seen::of(victim.line(at))).collect();
    for length in (0..EVENTS).step_by(7).chain([EVENTS - 1]) {
        let told = damages(&seen[..length], Some(victim.anchor()));
        assert!(told.iter().any(|damage| matches!(damage.kind, Kind::Shorter { ends, .. } if ends == length as u64)), "{length}: {told:?}");
    }
    // The file itself, around the ends of some lines and in the midst of others; and the program.
    let mut lengths: Vec<usize> = (0..EVENTS).step_by(37).flat_map(|at| [victim.begins[at], victim.begins[at] + 1]).collect();
    lengths.extend((victim.begins[EVENTS - 1]..victim.bytes.len()).step_by(7).chain([victim.bytes.len() - 1]));
    for length in lengths {
        fs::write(victim.path(), &victim.bytes[..length]).unwrap();
        let told = damages(&store::survey(&victim.path(), false).unwrap(), Some(victim.anchor()));
        assert!(!told.is_empty(), "cut off at {length}");
    }
    for length in [0, 1, victim.begins[1], victim.begins[500] - 1, victim.begins[500], victim.begins[999], victim.bytes.len() - 1] {
        assert_eq!(victim.verified(&victim.bytes[..length]), Some(5), "cut off at {length}");
    }
    assert_eq!(victim.verified(&victim.bytes), Some(0), "everything was put back");
}
