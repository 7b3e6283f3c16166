//! What is done to a ledger's folder, and what the next opening makes of it: nothing acknowledged is lost, or the opening is refused.

use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::opening::copy_folder;
use super::*;
use crate::backend::Jsonl;
use crate::lock::Still;
use crate::{sample, verify};

// Not at once: a process that another test starts holds this one's locks until it has begun.
const NOW: Options = Options { patience: Duration::from_secs(1), segment: 1 << 20 };

/// A ledger of so many lines, closed in order.
fn ledger(lines: u64) -> (tempfile::TempDir, PathBuf, Head) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ledger");
    fs::create_dir(&path).unwrap();
    create(&path, &Meta::new("test", "test")).unwrap();
    let (mut log, notices) = Sled::open(&path, NOW).unwrap();
    assert_eq!(notices, []);
    let head = log.append(&sample::lines(Head::EMPTY, lines, 0)).unwrap();
    Box::new(log).close().unwrap();
    (folder, path, head)
}

fn append(path: &Path, lines: u64) -> Head {
    let (mut log, _) = Sled::open(path, NOW).unwrap();
    let head = log.append(&sample::lines(log.head(), lines, 0)).unwrap();
    Box::new(log).close().unwrap();
    head
}

fn dirty(path: &Path) {
    let mut meta = Meta::read(path).unwrap();
    meta.dirty = true;
    meta.write(path).unwrap();
}

fn followed(log: &dyn Source) -> Head {
    log.read(1).unwrap().fold(Head::EMPTY, |head, block| block.unwrap().follow(head).unwrap())
}

/// Opens, expects all lines and what is said, and that the opening after that has nothing to say and a store in order.
fn recovers(path: &Path, head: Head) -> Vec<Notice> {
    let (log, notices) = Sled::open(path, NOW).unwrap_or_else(|error| panic!("refused: {error}"));
    assert_eq!((log.head(), followed(&log)), (head, head));
    let blocks: Vec<_> = log.blocks().unwrap().map(Result::unwrap).collect();
    let end = blocks.iter().fold(Head::EMPTY, |end, &(before, after)| {
        assert_eq!(end, before);
        after
    });
    assert!(blocks.is_empty() || head.seq - end.seq < 300, "the store ends at {end}");
    Box::new(log).close().unwrap();
    let again = settles(path, head);
    assert_eq!(again, []);
    notices
}

/// Opens and closes, and gives what was said.
fn settles(path: &Path, head: Head) -> Vec<Notice> {
    let (log, notices) = Sled::open(path, NOW).unwrap();
    assert_eq!((log.head(), followed(&log)), (head, head));
    Box::new(log).close().unwrap();
    notices
}

fn refuses(path: &Path) -> LogError {
    let contents = |folder: &Path| fs::read_dir(folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap()).collect::<Vec<_>>();
    let before = contents(&path.join("log"));
    let Err(error) = Sled::open(path, NOW) else { panic!("opened") };
    assert_eq!(contents(&path.join("log")), before, "the log is left as it is");
    error
}

fn last_segment(path: &Path) -> PathBuf {
    let mut segments: Vec<_> = fs::read_dir(path.join("log")).unwrap().map(|file| file.unwrap().path()).collect();
    segments.sort();
    segments.pop().unwrap()
}

fn cut_last_line(path: &Path) {
    let segment = last_segment(path);
    let bytes = fs::read(&segment).unwrap();
    let end = memchr::memrchr(b'\n', &bytes[..bytes.len() - 1]).unwrap() + 1;
    OpenOptions::new().write(true).open(segment).unwrap().set_len(end as u64).unwrap();
}

#[test]
fn an_unfinished_last_line_is_dropped_and_said() {
    let (_folder, path, head) = ledger(50);
    let mut file = OpenOptions::new().append(true).open(last_segment(&path)).unwrap();
    file.write_all(b"{\"actor\":\"li\"").unwrap();
    assert_eq!(Reader::open(&path).unwrap().head(), head, "a reader leaves it alone");
    assert_eq!(recovers(&path, head), [Notice::Dropped { bytes: 13 }]);
    append(&path, 1);
}

#[test]
fn a_file_that_is_no_ledger_is_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    for text in ["hello", "{\"actor\" ", "one line\n", "{}"] {
        fs::write(&path, text).unwrap();
        assert!(matches!(Jsonl::open(&path, std::time::Duration::ZERO), Err(LogError::Broken(_))), "{text}");
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
    for text in ["", "{", "{\"actor\":\"li\",\"effe"] {
        fs::write(&path, text).unwrap();
        assert_eq!(Jsonl::open(&path, std::time::Duration::ZERO).unwrap().0.head(), Head::EMPTY, "{text}");
    }
}

#[test]
fn every_byte_of_the_last_group_can_be_missing_if_it_was_not_acknowledged() {
    let (_folder, path, head) = ledger(20);
    let anchor = fs::read(path.join("anchor")).unwrap();
    let whole_before = fs::read(last_segment(&path)).unwrap().len();
    append(&path, 3);
    let whole = fs::read(last_segment(&path)).unwrap();
    for cut in (whole_before..whole.len()).step_by(97) {
        // A crash before the sync returned: the anchor does not know of the group.
        fs::write(path.join("anchor"), &anchor).unwrap();
        fs::write(last_segment(&path), &whole[..cut]).unwrap();
        dirty(&path);
        let kept = memchr::memchr_iter(b'\n', &whole[whole_before..cut]).count() as u64;
        let (log, _) = Sled::open(&path, NOW).unwrap();
        assert_eq!(log.head().seq, head.seq + kept);
        drop(log);
    }
}

#[test]
fn a_log_shorter_than_its_anchor_is_refused() {
    let (_folder, path, head) = ledger(3);
    cut_last_line(&path);
    for error in [refuses(&path), Reader::open(&path).unwrap_err()] {
        assert!(matches!(error, LogError::ShorterThanAnchor { log, anchor } if log.seq == 2 && anchor == head), "{error}");
        assert!(error.is_integrity());
    }
    fs::remove_file(last_segment(&path)).unwrap();
    assert!(matches!(refuses(&path), LogError::ShorterThanAnchor { log: Head::EMPTY, .. }));
}

#[test]
fn a_log_that_differs_from_its_anchor_is_refused() {
    let (_folder, path, _) = ledger(4);
    for (lines, salt) in [(4, 7), (6, 7)] {
        fs::write(last_segment(&path), sample::lines(Head::EMPTY, lines, salt).as_bytes()).unwrap();
        for error in [refuses(&path), Reader::open(&path).unwrap_err()] {
            assert!(matches!(error, LogError::DiffersFromAnchor { .. }), "{error}");
            assert!(error.is_integrity());
        }
    }
}

#[test]
fn lines_behind_the_anchor_that_do_not_follow_are_refused() {
    let (_folder, path, head) = ledger(4);
    let anchor = fs::read(path.join("anchor")).unwrap();
    append(&path, 5);
    fs::write(path.join("anchor"), anchor).unwrap();
    let mut bytes = fs::read(last_segment(&path)).unwrap();
    let inside = memchr::memchr_iter(b'\n', &bytes).nth(5).unwrap() + 20;
    bytes[inside] ^= 1;
    fs::write(last_segment(&path), bytes).unwrap();
    let error = refuses(&path);
    assert!(matches!(error, LogError::Broken(Broken::Unequal { at, .. }) if at == head.seq + 3), "{error}");
    assert!(error.is_integrity());
}

#[test]
fn a_store_ahead_of_the_log_refuses_and_gives_the_lines_back() {
    for unclean in [false, true] {
        let (_folder, path, head) = ledger(2_000);
        let lines = followed_lines(&path);
        // The log and its anchor are put back to an earlier day; the store remembers.
        let earlier = sample::lines(Head::EMPTY, 900, 0);
        for segment in fs::read_dir(path.join("log")).unwrap() {
            fs::remove_file(segment.unwrap().path()).unwrap();
        }
        fs::write(path.join("log/00000000000000000001.jsonl"), earlier.as_bytes()).unwrap();
        fs::remove_file(path.join("anchor")).unwrap();
        if unclean {
            dirty(&path);
        }
        for _ in 0..2 {
            let error = refuses(&path);
            let LogError::StoreAheadOfLog { log, store } = error else { panic!("{error}") };
            assert_eq!(log, earlier.head());
            assert!(store.seq > 1_700);
            assert!(error.is_integrity());
        }
        let (salvaged, why) = crate::backend::salvage(path.to_str().unwrap()).unwrap();
        assert!(matches!(why, Some(LogError::StoreAheadOfLog { .. })));
        assert_eq!(followed(&*salvaged), salvaged.head());
        assert!(head.seq - salvaged.head().seq < 300);
        for seq in [1, 2, 41, 77, 1_000, salvaged.head().seq] {
            assert_eq!(salvaged.line(seq).unwrap().as_deref(), Some(&lines[seq as usize - 1][..]));
        }
        let target = path.join("saved.jsonl");
        let (mut to, _) = Jsonl::open(&target, Duration::ZERO).unwrap();
        assert_eq!(crate::copy::copy(&*salvaged, &mut to).unwrap(), salvaged.head().seq);
    }
}

fn followed_lines(path: &Path) -> Vec<Vec<u8>> {
    let reader = Reader::open(path).unwrap();
    reader.read(1).unwrap().flat_map(|block| block.unwrap().lines().map(<[u8]>::to_vec).collect::<Vec<_>>()).collect()
}

#[test]
fn a_store_ahead_of_the_log_outlives_openings_that_are_cut_off() {
    let (_folder, path, _) = ledger(2_000);
    let earlier = sample::lines(Head::EMPTY, 900, 0);
    fs::write(path.join("log/00000000000000000001.jsonl"), earlier.as_bytes()).unwrap();
    fs::read_dir(path.join("log")).unwrap().skip(1).for_each(|segment| fs::remove_file(segment.unwrap().path()).unwrap());
    fs::remove_file(path.join("anchor")).unwrap();
    dirty(&path);
    let (store, before) = (path.join("store"), path.join("store.before-open"));
    // While the store was being copied.
    fs::create_dir(path.join("store.before-open.partial")).unwrap();
    fs::write(path.join("store.before-open.partial/db"), "half").unwrap();
    assert!(matches!(refuses(&path), LogError::StoreAheadOfLog { .. }));
    // While the copy was being put back in its place.
    fs::rename(&store, &before).unwrap();
    assert!(matches!(refuses(&path), LogError::StoreAheadOfLog { .. }));
    let left = fs::read_dir(&path).unwrap().filter(|file| file.as_ref().unwrap().file_name().to_string_lossy().starts_with("store."));
    assert_eq!(left.count(), 0, "nothing is left behind");
}

#[test]
fn a_lost_log_is_refused_and_salvaged() {
    let (_folder, path, head) = ledger(2_000);
    fs::remove_dir_all(path.join("log")).unwrap();
    assert!(matches!(Reader::open(&path), Err(LogError::ShorterThanAnchor { .. })));
    fs::create_dir(path.join("log")).unwrap();
    assert!(matches!(refuses(&path), LogError::ShorterThanAnchor { .. }));
    fs::remove_file(path.join("anchor")).unwrap();
    assert!(matches!(refuses(&path), LogError::StoreAheadOfLog { log: Head::EMPTY, .. }));
    let (salvaged, _) = crate::backend::salvage(path.to_str().unwrap()).unwrap();
    assert!(head.seq - salvaged.head().seq < 300);
    drop(salvaged);
    assert!(!fs::read_dir(&path).unwrap().any(|file| file.unwrap().file_name().to_string_lossy().starts_with("store.copy")));
}

#[test]
fn a_copy_of_a_store_that_cannot_be_read_is_not_left_behind() {
    let (_folder, path, _) = ledger(2_000);
    let mut refused = 0;
    for file in ["db", "conf"] {
        let whole = fs::read(path.join("store").join(file)).unwrap();
        for damage in [&whole[..whole.len() / 2], b"nothing", &vec![0; whole.len()][..]] {
            fs::write(path.join("store").join(file), damage).unwrap();
            refused += u32::from(verify::stored(&path).is_err());
            assert!(!fs::read_dir(&path).unwrap().any(|file| file.unwrap().file_name().to_string_lossy().starts_with("store.copy")));
        }
        fs::write(path.join("store").join(file), whole).unwrap();
    }
    assert!(refused > 0, "sled opens whatever there is");
}

#[test]
fn a_store_that_is_deleted_emptied_or_truncated_loses_nothing() {
    for unclean in [false, true] {
        let (_folder, path, head) = ledger(2_000);
        let db = path.join("store/db");
        let length = fs::metadata(&db).unwrap().len();
        let expect = |damage: &dyn Fn()| {
            damage();
            if unclean {
                dirty(&path);
            }
            let notices = recovers(&path, head);
            assert!(matches!(notices[..], [Notice::Rebuilt { .. } | Notice::CaughtUp { .. }]), "{notices:?}");
        };
        expect(&|| fs::remove_dir_all(path.join("store")).unwrap());
        expect(&|| fs::remove_dir_all(path.join("store")).and_then(|()| fs::create_dir(path.join("store"))).unwrap());
        expect(&|| fs::write(&db, "").unwrap());
        expect(&|| fs::write(&db, vec![0; length as usize]).unwrap());
        expect(&|| fs::write(&db, sample::lines(Head::EMPTY, 300, 0).as_bytes()).unwrap());
        expect(&|| OpenOptions::new().write(true).open(&db).unwrap().set_len(length / 2).unwrap());
        assert!(path.join("store.damaged-2").exists(), "the old ones are kept");
    }
}

#[test]
fn no_flipped_bit_in_the_store_loses_a_line() {
    let (_folder, path, head) = ledger(1_500);
    let store = path.join("store");
    let pristine = path.join("pristine");
    copy_folder(&store, &pristine).unwrap();
    let mut said = 0;
    let files: Vec<_> =
        fs::read_dir(&pristine).unwrap().map(|file| file.unwrap()).filter(|file| file.file_type().unwrap().is_file()).collect();
    for (round, file) in files.iter().cycle().take(files.len() * 16).enumerate() {
        fs::remove_dir_all(&store).unwrap();
        copy_folder(&pristine, &store).unwrap();
        let mut bytes = fs::read(file.path()).unwrap();
        let at = sample_position(round, bytes.len());
        bytes[at] ^= 1 << (round % 8);
        fs::write(store.join(file.file_name()), bytes).unwrap();
        if round % 2 == 1 {
            dirty(&path);
        }
        // sled may overlook a damage at first and stumble over it on the next opening, but not for ever.
        let notices: Vec<Vec<Notice>> = (0..4).map(|_| settles(&path, head)).take_while(|notices| !notices.is_empty()).collect();
        said += usize::from(!notices.is_empty());
        assert_eq!(recovers(&path, head), []);
        for n in 1.. {
            if fs::remove_dir_all(path.join(format!("store.damaged-{n}"))).is_err() {
                break;
            }
        }
    }
    assert!(said > 0, "some flips matter");
}

fn sample_position(round: usize, length: usize) -> usize {
    // Every part of the file, its first bytes most often.
    let spread = (round * 7_919) % length;
    if round.is_multiple_of(5) { round % length.min(64) } else { spread }
}

#[test]
fn a_store_of_another_history_is_set_aside() {
    let (_folder, path, head) = ledger(1_500);
    let (_other, other, _) = ledger(10);
    let (mut log, _) = Sled::open(&other, NOW).unwrap();
    log.append(&sample::lines(log.head(), 1_600, 9)).unwrap();
    Box::new(log).close().unwrap();
    fs::remove_dir_all(path.join("store")).unwrap();
    fs::rename(other.join("store"), path.join("store")).unwrap();
    let notices = recovers(&path, head);
    assert!(matches!(&notices[..], [Notice::Rebuilt { why, aside: Some(_) }] if why.contains("where the log has")), "{notices:?}");
}

#[test]
fn an_anchor_that_is_missing_or_garbage_is_written_anew_after_verifying_the_log() {
    let (_folder, path, head) = ledger(50);
    fs::remove_file(path.join("anchor")).unwrap();
    assert_eq!(recovers(&path, head), [Notice::Anchored { why: "missing", head }]);
    fs::write(path.join("anchor"), [7; 4096]).unwrap();
    assert_eq!(recovers(&path, head), [Notice::Anchored { why: "unreadable", head }]);
    // Without an anchor, a line changed anywhere is found.
    fs::remove_file(path.join("anchor")).unwrap();
    let mut bytes = fs::read(last_segment(&path)).unwrap();
    bytes[30] ^= 1;
    fs::write(last_segment(&path), bytes).unwrap();
    assert!(matches!(refuses(&path), LogError::Broken(Broken::Unequal { at: 1, .. })));
}

#[test]
fn a_torn_anchor_falls_back_to_the_record_before() {
    let (_folder, path, _) = ledger(10);
    let mut head = append(&path, 10);
    let Said::Reached { slot, .. } = anchor::read(&path.join("anchor")).unwrap() else { panic!("no anchor") };
    let mut bytes = fs::read(path.join("anchor")).unwrap();
    bytes[slot * 64 + 20] ^= 1;
    fs::write(path.join("anchor"), bytes).unwrap();
    assert_eq!(recovers(&path, head), []);
    head = append(&path, 1);
    assert_eq!(Reader::open(&path).unwrap().head(), head);
}

#[test]
fn a_writer_that_was_cut_off_loses_nothing_and_the_store_catches_up() {
    let (_folder, path, _) = ledger(1_000);
    let (mut log, _) = Sled::open(&path, NOW).unwrap();
    let head = log.append(&sample::lines(log.head(), 2_000, 0)).unwrap();
    drop(log);
    assert!(Meta::read(&path).unwrap().dirty);
    for notice in recovers(&path, head) {
        assert!(matches!(notice, Notice::CaughtUp { .. } | Notice::Rebuilt { .. }), "{notice}");
    }
    assert!(!path.join("store.before-open").exists());
}

#[test]
fn the_second_writer_waits_and_names_the_first_and_readers_pass() {
    let (_folder, path, head) = ledger(5);
    let (mut log, _) = Sled::open(&path, NOW).unwrap();
    let Err(error) = Sled::open(&path, Options { patience: Duration::from_millis(20), ..NOW }) else { panic!("two writers") };
    assert!(matches!(error, LogError::Locked { pid: Some(pid), .. } if pid == std::process::id()));
    assert!(error.to_string().contains(&format!("process {}", std::process::id())));
    assert!(error.is_conflict());
    // A reader sees the last durable line, not what is being written.
    assert_eq!(Reader::open(&path).unwrap().head(), head);
    let written = sample::lines(head, 2, 0);
    let mut file = OpenOptions::new().append(true).open(last_segment(&path)).unwrap();
    file.write_all(written.as_bytes()).unwrap();
    let reader = Reader::open(&path).unwrap();
    assert_eq!((reader.head(), followed(&reader)), (head, head));
    file.set_len(fs::metadata(last_segment(&path)).unwrap().len() - written.as_bytes().len() as u64).unwrap();
    let head = log.append(&written).unwrap();
    assert_eq!(Reader::open(&path).unwrap().head(), head);
    Box::new(log).close().unwrap();
    assert_eq!(Reader::open(&path).unwrap().head(), head);
}

/// What looks at the store is not taken for a writer by those who read, and those who read do not keep it from looking.
#[test]
fn readers_do_not_hinder_one_another() {
    let (_folder, path, head) = ledger(5);
    // A reader that is asking whether somebody writes, caught in the middle of it.
    let asking = Still::take(&path.join("LOCK"), NOW.patience).unwrap();
    assert!(verify::stored(&path).is_ok());
    assert_eq!(Reader::open(&path).unwrap().head(), head);
    drop(asking);
    let (log, _) = Sled::open(&path, NOW).unwrap();
    assert!(matches!(verify::stored(&path), Err(LogError::Locked { pid: Some(_), .. })), "somebody does write");
    Box::new(log).close().unwrap();
}

#[test]
fn a_ledger_without_a_line_is_made_anew_but_not_one_that_lost_its_lines() {
    let (_folder, path, head) = ledger(0);
    create(&path, &Meta::new("again", "again")).unwrap();
    assert_eq!((Meta::read(&path).unwrap().name.as_str(), recovers(&path, head)), ("again", vec![]));
    let (log, _) = Sled::open(&path, NOW).unwrap();
    assert!(matches!(create(&path, &Meta::new("b", "b")), Err(LogError::Locked { .. })), "it is being filled");
    Box::new(log).close().unwrap();
    append(&path, 3);
    fs::remove_dir_all(path.join("log")).unwrap();
    fs::remove_file(path.join("meta.json")).unwrap();
    assert!(matches!(create(&path, &Meta::new("b", "b")), Err(LogError::Exists { .. })));
}

#[test]
fn what_is_no_ledger_or_is_one_already_is_said() {
    let (_folder, path, _) = ledger(1);
    assert!(matches!(create(&path, &Meta::new("b", "b")), Err(LogError::Exists { .. })));
    let elsewhere = path.join("elsewhere");
    assert!(matches!(Reader::open(&elsewhere), Err(LogError::NotALedger { .. })));
    assert!(matches!(Sled::open(&elsewhere, NOW), Err(LogError::NotALedger { .. })));
    assert!(!elsewhere.exists(), "looking makes nothing");
    let meta = fs::read_to_string(path.join("meta.json")).unwrap().replace("\"format\":1", "\"format\":2,\"shards\":3");
    fs::write(path.join("meta.json"), meta).unwrap();
    assert!(matches!(Sled::open(&path, NOW), Err(LogError::Newer { format: 2, .. })));
    fs::write(path.join("meta.json"), "{").unwrap();
    assert!(matches!(Sled::open(&path, NOW), Err(LogError::Unreadable { .. })));
}

/// Not a test of its own: the writer that the next test kills.
#[test]
fn a_writer_to_kill() {
    let Some(path) = std::env::var_os("LEDGER_TO_WRITE") else { return };
    let (mut log, _) = Sled::open(Path::new(&path), NOW).unwrap();
    let mut acknowledged = OpenOptions::new().append(true).open(Path::new(&path).join("acknowledged")).unwrap();
    for group in 0..u64::MAX {
        let head = log.append(&sample::lines(log.head(), group % 30 + 1, group)).unwrap();
        acknowledged.write_all(format!("{} {}\n", head.seq, head.hash).as_bytes()).unwrap();
    }
}

#[test]
fn a_killed_writer_loses_nothing_that_it_acknowledged() {
    let (_folder, path, _) = ledger(10);
    fs::write(path.join("acknowledged"), "").unwrap();
    let mut grown = 0;
    for round in 0..25 {
        let mut writer = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "backend::sled::faults::a_writer_to_kill"])
            .env("LEDGER_TO_WRITE", &path)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(20 + round * 37 % 200));
        writer.kill().unwrap();
        writer.wait().unwrap();
        let text = fs::read_to_string(path.join("acknowledged")).unwrap();
        let log = Reader::open(&path).unwrap();
        assert_eq!(followed(&log), log.head());
        for line in text.lines().rev().take(50) {
            let (seq, hash) = line.split_once(' ').unwrap();
            let head = log.head_at(seq.parse().unwrap()).unwrap().expect("an acknowledged line is there");
            assert_eq!(head.hash.to_string(), hash);
        }
        grown = log.head().seq;
    }
    assert!(grown > 100, "the writers had time to write: {grown}");
    recovers(&path, Reader::open(&path).unwrap().head());
}
