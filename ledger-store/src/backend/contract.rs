//! What every backend promises, in one test that each of them runs.

use ledger_core::chain::{Broken, Head};
use proptest::prelude::*;

use crate::backend::{jsonl::Jsonl, memory::Memory, sled};
use crate::{Lines, Log, LogError, PATIENCE, sample};

type Make = fn(&std::path::Path) -> Box<dyn Log>;

/// A way to make a log, and to open it again if it outlives the program.
struct Kind {
    make: Make,
    reopen: Option<Make>,
}

const MEMORY: Kind = Kind { make: |_| Box::new(Memory::new()), reopen: None };
const JSONL: Kind = Kind { make: open_jsonl, reopen: Some(open_jsonl) };

const SLED: Kind = Kind { make: make_sled, reopen: Some(open_sled) };

fn make_sled(folder: &std::path::Path) -> Box<dyn Log> {
    sled::create(folder, &sled::Meta::new("test", "test")).unwrap();
    open_sled(folder)
}

fn open_sled(folder: &std::path::Path) -> Box<dyn Log> {
    let options = sled::Options { segment: 1 << 20, ..sled::Options::default() };
    let (log, notices) = sled::Sled::open(folder, options).unwrap();
    assert_eq!(notices, [], "nothing was out of order");
    Box::new(log)
}

fn open_jsonl(folder: &std::path::Path) -> Box<dyn Log> {
    Box::new(Jsonl::open(&folder.join("lines.jsonl"), PATIENCE).unwrap().0)
}

/// All lines of a log, followed.
fn all(log: &dyn Log) -> Vec<Vec<u8>> {
    let mut head = Head::EMPTY;
    let mut lines = Vec::new();
    for block in log.read(1).unwrap() {
        let block = block.unwrap();
        assert_eq!(block.first, head.seq + 1);
        head = block.follow(head).unwrap();
        lines.extend(block.lines().map(<[u8]>::to_vec));
    }
    assert_eq!(head, log.head());
    lines
}

fn check(kind: &Kind) {
    let folder = tempfile::tempdir().unwrap();
    let mut log = (kind.make)(folder.path());
    assert_eq!((log.head(), all(&*log).len()), (Head::EMPTY, 0));
    assert_eq!(log.line(1).unwrap(), None);

    let first = sample::lines(Head::EMPTY, 3, 0);
    assert_eq!(log.append(&first).unwrap(), first.head());
    assert_eq!(all(&*log), first.iter().map(<[u8]>::to_vec).collect::<Vec<_>>());

    // Someone else was first: nothing is appended, and one may go on.
    let late = sample::lines(Head::EMPTY, 1, 1);
    assert!(matches!(log.append(&late), Err(LogError::Moved { expected: Head::EMPTY, found }) if found == first.head()));
    assert_eq!(log.append(&Lines::after(first.head())).unwrap(), first.head(), "no lines change nothing");
    let second = sample::lines(first.head(), 5_000, 0);
    log.append(&second).unwrap();

    // Any line is found by its position, reading begins anywhere and ends where the log ended when it began.
    let began = log.read(1).unwrap();
    let third = sample::lines(second.head(), 2, 0);
    log.append(&third).unwrap();
    assert_eq!(began.map(|block| block.unwrap().lines().count()).sum::<usize>(), 5_003);
    for (seq, line) in [(1, first.iter().next()), (4, second.iter().next()), (5_005, third.iter().last())] {
        assert_eq!(log.line(seq).unwrap().as_deref(), line, "#{seq}");
    }
    assert_eq!(log.head_at(3).unwrap(), Some(first.head()));
    assert_eq!(log.read(5_006).unwrap().count(), 0);
    assert!(log.read(1).unwrap().count() > 1, "several blocks");

    let before = all(&*log);
    log.close().unwrap();
    if let Some(reopen) = kind.reopen {
        let mut log = reopen(folder.path());
        assert_eq!(all(&*log), before);
        log.append(&sample::lines(third.head(), 1, 0)).unwrap();
        // Without a clean close.
        drop(log);
        assert_eq!(all(&*reopen(folder.path())).len(), before.len() + 1);
    }
}

#[test]
fn memory() {
    check(&MEMORY);
}

#[test]
fn jsonl() {
    check(&JSONL);
}

#[test]
fn sled() {
    check(&SLED);
}

#[test]
fn lines_that_do_not_follow_never_reach_a_log() {
    let line = sample::line(Head::EMPTY, 0);
    let mut lines = Lines::after(Head { seq: 7, ..Head::EMPTY });
    assert_eq!(lines.push(&line), Err(Broken::OutOfPlace { expected: 8, found: 1 }));
}

#[derive(Debug, Clone)]
enum Step {
    Append(u64),
    Stale(u64),
    Reopen { clean: bool },
    Read(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..40_u64).prop_map(Step::Append),
        1 => (1..9_u64).prop_map(Step::Stale),
        1 => any::<bool>().prop_map(|clean| Step::Reopen { clean }),
        2 => (0..200_u64).prop_map(Step::Read),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Every backend is a list of lines.
    #[test]
    fn a_log_is_a_list(steps in prop::collection::vec(step(), 1..25)) {
        for kind in [&MEMORY, &JSONL, &SLED] {
            let folder = tempfile::tempdir().unwrap();
            let mut log = (kind.make)(folder.path());
            let mut model: Vec<Vec<u8>> = Vec::new();
            for step in &steps {
                match *step {
                    Step::Append(count) => {
                        let lines = sample::lines(log.head(), count, 0);
                        log.append(&lines).unwrap();
                        model.extend(lines.iter().map(<[u8]>::to_vec));
                    }
                    Step::Stale(count) => {
                        let other = Head { hash: crate::Hash::of(b"other"), ..log.head() };
                        let refused = matches!(log.append(&sample::lines(other, count, 0)), Err(LogError::Moved { .. }));
                        prop_assert!(refused);
                    }
                    Step::Reopen { clean } => if let Some(reopen) = kind.reopen {
                        if clean { assert_eq!(log.close().unwrap(), []) } else { drop(log) }
                        log = reopen(folder.path());
                    },
                    Step::Read(from) => {
                        let read: Vec<_> = log.read(from).unwrap().flat_map(|b| b.unwrap().lines().map(<[u8]>::to_vec).collect::<Vec<_>>()).collect();
                        prop_assert_eq!(&read[..], &model[model.len().min(from.max(1) as usize - 1)..]);
                    }
                }
                prop_assert_eq!(log.head().seq, model.len() as u64);
            }
            prop_assert_eq!(all(&*log), model);
        }
    }
}
