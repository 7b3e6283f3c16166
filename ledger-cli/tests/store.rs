//! What is done to a ledger's folder, and what the program makes of it: nothing recorded is lost, or it refuses and says why.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(clippy::type_complexity, reason = "a table of names and what each does")]

#[expect(dead_code, reason = "every file of tests uses its part")]
#[path = "machine/mod.rs"]
mod support;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use ledger_core::chain::Head;
use ledger_store::backend::{self, sled::Options};
use ledger_store::scan::Depth;
use support::fault::meet;
use support::{Dice, Place, Ran, billing, copy, month, run, tools};

/// A ledger with some thousand events, closed in order, and the feed of its next month beside it.
struct Kept {
    place: Place,
    head: Head,
    payouts: String,
}

static KEPT: LazyLock<Kept> = LazyLock::new(|| {
    let place = Place::ledger();
    place.write(&month(2025, 1), billing(0..2_500));
    place.run(["import", "feeds"]).done();
    place.write("next/039235861748/billingeventfeed_v1/year=2025/month=02/data.csv", billing(2_500..2_510));
    Kept { head: place.verified(Depth::Strict), payouts: place.payouts(), place }
});

/// That ledger, or the same one as it is when its writer was killed at the end of its import.
fn kept(clean: bool) -> Place {
    let place = KEPT.place.copied();
    if !clean {
        let meta = place.at(".dealbook/meta.json");
        let text = fs::read_to_string(&meta).unwrap();
        fs::write(meta, text.replace("\"dirty\":false", "\"dirty\":true")).unwrap();
    }
    place
}

/// The next import finds every line and says this; the one after it finds all in order. Readers answer as ever, before and after.
#[track_caller]
fn recovers(place: &Place, said: &[&str]) -> Ran {
    assert_eq!(place.payouts(), KEPT.payouts, "a reader needs no repair");
    let ran = place.run(["import", "feeds"]).done();
    assert!(ran.out.starts_with("Nothing new"), "{ran}");
    for said in said {
        assert!(ran.err.contains(said), "expected `{said}`: {ran}");
    }
    assert_eq!((place.verified(Depth::Chain), place.payouts()), (KEPT.head, KEPT.payouts.clone()), "{ran}");
    place.run(["verify"]).done();
    let ran_again = place.run(["import", "next"]).done();
    assert!(!ran_again.err.contains("note: "), "all is in order by now: {ran_again}");
    assert_eq!(place.verified(Depth::Chain).seq, KEPT.head.seq + 11);
    ran
}

/// Every command refuses with 5 and says all of this; nothing of log and store is changed.
#[track_caller]
fn refuses(place: &Place, readers_too: bool, said: &[&str]) {
    refuses_and_keeps(place, &["log", "store"], readers_too, said);
}

#[track_caller]
fn refuses_and_keeps(place: &Place, kept: &[&str], readers_too: bool, said: &[&str]) {
    let contents = || {
        let mut files = Vec::new();
        for folder in kept.iter().map(|folder| place.at(".dealbook").join(folder)).filter(|folder| folder.exists()) {
            let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
            files.extend(entries.map(|path| (fs::read(&path).unwrap(), path)));
        }
        files.sort();
        files
    };
    let before = contents();
    // Twice: refusing must not be what puts it right.
    for _ in 0..2 {
        let ran = place.run(["import", "next"]);
        assert!(said.iter().all(|said| ran.err.contains(said)), "{ran}");
        ran.failed(5, "error[E05");
        if readers_too {
            for reader in [&["show", "payouts"][..], &["status"]] {
                let ran = place.run(reader);
                assert!(said.iter().all(|said| ran.err.contains(said)), "{ran}");
                ran.failed(5, "error[E05");
            }
        }
    }
    assert!(contents() == before, "nothing was touched");
}

fn segment(place: &Place) -> PathBuf {
    place.at(".dealbook/log/00000000000000000001.jsonl")
}

/// Takes lines off the end of the log. Gives where it ends now, as it is printed.
fn cut(place: &Place, lines: usize) -> String {
    let log = place.log();
    let kept: Vec<&[u8]> = log.split_inclusive(|byte| *byte == b'\n').collect();
    let kept = &kept[..kept.len() - lines];
    fs::write(segment(place), kept.concat()).unwrap();
    let hash = blake3::hash(kept.last().map_or(&[][..], |line| &line[..line.len() - 1])).to_hex();
    format!("#{} b3:{}", kept.len(), &hash[..8])
}

#[test]
fn a_store_that_is_lost_or_damaged_as_a_whole_loses_nothing() {
    let other = Place::ledger();
    other.write(&month(2024, 1), billing(9_000..12_000));
    other.run(["import", "feeds"]).done();
    let db = |place: &Place| place.at(".dealbook/store/db");
    let truncated = |at: u64, of: u64| {
        move |place: &Place| {
            let length = fs::metadata(db(place)).unwrap().len();
            OpenOptions::new().write(true).open(db(place)).unwrap().set_len(length * at / of).unwrap();
        }
    };
    let replaced = |place: &Place| {
        fs::remove_dir_all(place.at(".dealbook/store")).unwrap();
        copy(&other.at(".dealbook/store"), &place.at(".dealbook/store"));
    };
    let rebuilt = "note: the store is rebuilt from the log: ";
    let kept_as = "the old one is kept as `";
    let cases: [(&str, &dyn Fn(&Place), &[&str]); 10] = [
        ("deleted", &|place| fs::remove_dir_all(place.at(".dealbook/store")).unwrap(), &[rebuilt, "it is missing"]),
        (
            "emptied",
            &|place| {
                fs::remove_dir_all(place.at(".dealbook/store")).unwrap();
                fs::create_dir(place.at(".dealbook/store")).unwrap();
            },
            &[rebuilt, "it is empty", kept_as],
        ),
        (
            "a file in its place",
            &|place| {
                fs::remove_dir_all(place.at(".dealbook/store")).unwrap();
                place.write(".dealbook/store", "not a folder");
            },
            &[rebuilt, kept_as],
        ),
        ("cut to nothing", &truncated(0, 1), &[rebuilt, kept_as]),
        ("cut to a third", &truncated(1, 3), &[rebuilt, kept_as]),
        (
            "zeros",
            &|place| {
                let length = fs::metadata(db(place)).unwrap().len();
                fs::write(db(place), vec![0; usize::try_from(length).unwrap()]).unwrap();
            },
            &[rebuilt, kept_as],
        ),
        ("something else", &|place| fs::write(db(place), billing(0..800)).unwrap(), &[rebuilt, kept_as]),
        ("another ledger's", &replaced, &[rebuilt, "where the log has", kept_as]),
        (
            "a folder where its file was",
            &|place| {
                fs::remove_file(db(place)).unwrap();
                fs::create_dir(db(place)).unwrap();
            },
            &[rebuilt, kept_as],
        ),
        (
            "a link to nowhere",
            &|place| {
                fs::remove_dir_all(place.at(".dealbook/store")).unwrap();
                std::os::unix::fs::symlink("nowhere", place.at(".dealbook/store")).unwrap();
            },
            &["note: "],
        ),
    ];
    for (what, damage, said) in cases {
        for clean in [true, false] {
            println!("{what}, {}", if clean { "closed in order" } else { "killed" });
            let place = kept(clean);
            damage(&place);
            let cut_after_kill = what == "cut to a third" && !clean;
            // After a kill a store that ends early is what is to be expected of one: it may be good, and brought up to the log.
            let ran = recovers(&place, if cut_after_kill { &["note: the "] } else { said });
            if said.contains(&kept_as) && !ran.err.contains("is brought from") {
                assert!(place.at(".dealbook/store.damaged-1").exists(), "the old one is kept: {ran}");
            }
        }
    }
}

#[test]
fn no_flipped_bit_in_the_store_loses_a_line() {
    let mut dice = Dice::seeded(1_728);
    let mut said = 0;
    let files = |place: &Place| -> Vec<PathBuf> {
        let entries = fs::read_dir(place.at(".dealbook/store")).unwrap().map(|entry| entry.unwrap().path());
        let mut files: Vec<PathBuf> = entries.filter(|path| path.is_file()).collect();
        files.sort();
        files
    };
    const ROUNDS: u64 = 40;
    for round in 0..ROUNDS {
        let place = kept(round % 2 == 0);
        let files = files(&place);
        // The large one most of the time, and every file at times.
        let file = if round % 4 == 3 { &files[dice.roll(files.len() as u64) as usize] } else { &place.at(".dealbook/store/db") };
        let mut bytes = fs::read(file).unwrap();
        let length = bytes.len() as u64;
        let at = if round % 5 == 0 { dice.roll(length.min(256)) } else { dice.roll(length) } as usize;
        bytes[at] ^= 1 << dice.roll(8);
        fs::write(file, bytes).unwrap();
        assert_eq!(place.payouts(), KEPT.payouts);
        // sled may overlook a damage at first and stumble over it when it writes there, but not for ever.
        for _ in 0..3 {
            let ran = place.run(["import", "feeds"]).done();
            said += u64::from(ran.err.contains("note: "));
            assert_eq!(
                (place.verified(Depth::Chain), place.payouts()),
                (KEPT.head, KEPT.payouts.clone()),
                "{} at {at}: {ran}",
                file.display()
            );
            if !ran.err.contains("note: ") {
                break;
            }
        }
    }
    assert!(said > ROUNDS / 4, "many flips matter: {said}");
    println!("{ROUNDS} flips, {said} said");
}

#[test]
fn a_log_cut_below_the_anchor_is_refused_and_both_heads_are_named() {
    let known = KEPT.head.to_string();
    for (clean, lines) in [(true, 1), (false, 1), (true, 1_300), (false, 2_501)] {
        let place = kept(clean);
        let end = cut(&place, lines);
        refuses(&place, true, &["error[E0504]", &end, &known]);
    }
    let place = kept(true);
    fs::remove_file(segment(&place)).unwrap();
    refuses(&place, true, &["error[E0504]", "#0", &known]);
    fs::remove_dir_all(place.at(".dealbook/log")).unwrap();
    refuses(&place, true, &["error[E0504]", "#0", &known]);
}

#[test]
fn a_log_changed_where_the_anchor_remembers_it_is_refused() {
    let place = kept(true);
    let mut log = place.log();
    let last = log.len() - 2 - log[..log.len() - 1].iter().rev().position(|byte| *byte == b'\n').unwrap() / 2;
    log[last] ^= 1;
    fs::write(segment(&place), log).unwrap();
    refuses(&place, true, &["error[E0504]", &KEPT.head.to_string()]);
}

#[test]
fn a_line_changed_anywhere_is_found_by_whoever_reads_it() {
    for at in [0, 1, 2, 3] {
        let place = kept(true);
        fs::remove_dir_all(place.at(".dealbook/derived")).unwrap();
        let mut log = place.log();
        let position = log.len() * (2 * at + 1) / 8;
        log[position] ^= 1;
        fs::write(segment(&place), log).unwrap();
        for verb in [&["show", "payouts"][..], &["status"], &["import", "next"]] {
            place.run(verb).failed(5, "error[E05");
        }
    }
}

#[test]
fn one_line_is_not_shown_when_it_is_not_what_was_recorded() {
    let place = kept(true);
    let log = String::from_utf8(place.log()).unwrap();
    let lines: Vec<&str> = log.lines().collect();
    let (at, agreement) = (1_000..lines.len())
        .find_map(|at| {
            let (_, told) = lines[at].split_once("\"type\":\"invoice.issued\",\"value\":{\"agreement\":\"")?;
            Some((at, told.split('"').next()?.to_owned()))
        })
        .unwrap();
    let event = format!("#{}", at + 1);
    place.run(["trace", &event]);
    // What is derived was derived before: nobody has to read this line to answer, but it is shown.
    let changed = lines[at].replacen("\"amount\":\"", "\"amount\":\"9", 1);
    assert_ne!(changed, lines[at]);
    fs::write(segment(&place), log.replacen(lines[at], &changed, 1)).unwrap();
    for verb in [&["trace", &event][..], &["trace", &agreement], &["show", "event", &event]] {
        place.run(verb).failed(5, "error[E0501]");
    }
}

#[test]
fn a_ledger_that_has_lost_its_meta_says_how_its_lines_are_had() {
    let place = kept(true);
    fs::remove_file(place.at(".dealbook/meta.json")).unwrap();
    place.run(["verify"]).failed(6, ".dealbook/log/*.jsonl > lines.jsonl; dealbook copy jsonl:lines.jsonl sled:DIR");
    fs::write(place.at("lines.jsonl"), place.log()).unwrap();
    place.run(["copy", "jsonl:lines.jsonl", "sled:anew"]).done();
    let verified = place.run(["-L", "anew", "verify"]).done();
    assert!(verified.out.contains(&KEPT.head.to_string()), "{verified}");
}

#[test]
fn a_store_ahead_of_its_log_refuses_and_stays_as_it_is() {
    for clean in [true, false] {
        // The log is put back to an earlier day, and the anchor with it.
        let place = kept(clean);
        let end = cut(&place, 1_700);
        fs::remove_file(place.at(".dealbook/anchor")).unwrap();
        // A store that was closed in order is opened where it is: sled rearranges its files then, and keeps what is in them.
        let unchanged: &[&str] = if clean { &["log"] } else { &["log", "store"] };
        let has = || backend::salvage(&place.at("").display().to_string()).unwrap().0.head();
        let had = has();
        refuses_and_keeps(&place, unchanged, false, &["error[E0507]", &end, "the store continues it to #"]);
        assert_eq!(has(), had);
        assert!(KEPT.head.seq - had.seq < 300, "what the store has can be had: {had}");
        // An earlier anchor does not change that.
        let place = kept(clean);
        let earlier = Place::ledger();
        fs::copy(earlier.at(".dealbook/anchor"), place.at(".dealbook/anchor")).unwrap();
        let end = cut(&place, 2_501);
        assert!(end.starts_with("#1 "));
        refuses_and_keeps(&place, unchanged, false, &["error[E0507]", &end]);
    }
}

#[test]
fn an_anchor_that_is_missing_or_garbage_is_written_anew() {
    let anchor = |place: &Place| place.at(".dealbook/anchor");
    let verified = format!("the log was verified up to {} and anchored anew", KEPT.head);
    for clean in [true, false] {
        let place = kept(clean);
        fs::remove_file(anchor(&place)).unwrap();
        recovers(&place, &["note: the anchor was missing", &verified]);
        for garbage in [vec![], vec![7; 4_096], vec![0; 100], b"DLA1".to_vec()] {
            let place = kept(clean);
            fs::write(anchor(&place), garbage).unwrap();
            recovers(&place, &["note: the anchor was unreadable", &verified]);
        }
    }
    // It is no refuge for a changed log.
    let place = kept(true);
    fs::remove_file(anchor(&place)).unwrap();
    let mut log = place.log();
    let middle = log.len() / 2;
    log[middle] ^= 1;
    fs::write(segment(&place), log).unwrap();
    refuses(&place, false, &["error[E050"]);
}

#[test]
fn what_a_ledger_says_of_itself_is_needed_and_not_guessed() {
    let place = kept(true);
    let meta = place.at(".dealbook/meta.json");
    let text = fs::read_to_string(&meta).unwrap();
    let verbs = [&["show", "payouts"][..], &["status"], &["import", "next"]];
    let expect = |code: i32, said: &str| {
        for verb in verbs {
            place.run(verb).failed(code, said);
        }
    };
    fs::remove_file(&meta).unwrap();
    expect(6, "error[E0304]");
    place.run(["init", "--name", "again"]).failed(7, "error[E0604]");
    for garbage in ["", "{", "null", "{\"format\":1}", "{\"format\":\"one\"}"] {
        fs::write(&meta, garbage).unwrap();
        expect(1, "meta.json");
        place.run(["init", "--name", "again"]).failed(7, "error[E0604]");
    }
    fs::write(&meta, text.replace("\"format\":1", "\"format\":2,\"shards\":3")).unwrap();
    expect(1, "written by a newer dealbook");
    fs::write(&meta, text).unwrap();
    recovers(&place, &[]);
}

#[test]
fn an_unfinished_last_line_is_dropped_by_a_writer_and_that_is_said() {
    for (clean, torn) in [(true, &b"{"[..]), (false, b"{\"actor\":\"import\",\"effective_at\":\"2025-"), (false, &[0; 70_000])] {
        let place = kept(clean);
        OpenOptions::new().append(true).open(segment(&place)).unwrap().write_all(torn).unwrap();
        recovers(&place, &[&format!("note: an unfinished last line was dropped: {} bytes that were never acknowledged", torn.len())]);
    }
}

#[test]
fn what_is_derived_can_be_lost_damaged_or_foreign() {
    let folder = |place: &Place| place.at(".dealbook/derived");
    let files = |place: &Place| -> Vec<PathBuf> { fs::read_dir(folder(place)).unwrap().map(|file| file.unwrap().path()).collect() };
    let answers =
        |place: &Place| ["deals", "findings", "sources", "invoices"].map(|noun| place.run(["show", noun, "-f", "csv"]).done().out).to_vec();
    assert!(files(&KEPT.place).len() >= 4, "there is something derived");
    let expected = answers(&KEPT.place);
    let other = Place::ledger();
    other.write(&month(2024, 1), billing(9_000..12_000));
    other.run(["import", "feeds"]).done();
    let mut dice = Dice::seeded(8);
    let rename = |place: &Place, from: &str, to: &str| {
        for file in files(place) {
            let name = file.file_name().unwrap().to_string_lossy().replace(from, to);
            fs::rename(&file, folder(place).join(name)).unwrap();
        }
    };
    let of_kept = format!("-{}-{}", KEPT.head.seq, &KEPT.head.hash.to_string()[..8]);
    let mut damages: Vec<(&str, Box<dyn FnMut(&Place)>)> = vec![
        ("missing", Box::new(|place| fs::remove_dir_all(folder(place)).unwrap())),
        ("empty", Box::new(|place| files(place).iter().for_each(|file| fs::write(file, "").unwrap()))),
        ("of another version", Box::new(|place| rename(place, "-v1-", "-v2-"))),
        (
            "under another name",
            Box::new(|place| {
                rename(place, "billing", "held");
                rename(place, "records", "billing");
                rename(place, "held", "records");
            }),
        ),
        (
            "another ledger's",
            Box::new(|place| {
                fs::remove_dir_all(folder(place)).unwrap();
                copy(&other.at(".dealbook/derived"), &folder(place));
            }),
        ),
        (
            "another ledger's under this one's names",
            Box::new(|place| {
                fs::remove_dir_all(folder(place)).unwrap();
                copy(&other.at(".dealbook/derived"), &folder(place));
                let head = other.source().head();
                rename(place, &format!("-{}-{}", head.seq, &head.hash.to_string()[..8]), &of_kept);
            }),
        ),
        (
            "folders",
            Box::new(|place| {
                for file in files(place) {
                    fs::remove_file(&file).unwrap();
                    fs::create_dir(file).unwrap();
                }
            }),
        ),
    ];
    damages.extend((0..6).map(|n| {
        let (flips, cut) = (dice.roll(1 << 20), dice.roll(1 << 20));
        let damage = move |place: &Place| {
            for file in files(place) {
                let mut bytes = fs::read(&file).unwrap();
                let (length, at) = (bytes.len(), flips as usize % bytes.len());
                if n % 3 == 0 {
                    bytes.truncate(cut as usize % length)
                } else {
                    bytes[at] ^= 1 << (n % 8)
                }
                fs::write(file, bytes).unwrap();
            }
        };
        ("damaged", Box::new(damage) as Box<dyn FnMut(&Place)>)
    }));
    for (what, mut damage) in damages {
        let place = kept(true);
        damage(&place);
        assert_eq!((place.payouts(), answers(&place)), (KEPT.payouts.clone(), expected.clone()), "{what}");
        let place = kept(true);
        damage(&place);
        let ran = place.run(["import", "feeds", "next"]).done();
        assert!(ran.out.starts_with("Appended #2503 – #2513 (11 events)"), "{what}: {ran}");
    }
}

#[test]
fn a_second_writer_waits_and_names_the_first_and_readers_pass() {
    let place = kept(true);
    let opened = backend::open(&place.at("").display().to_string(), Options::default()).unwrap();
    // What is being written is not yet durable.
    OpenOptions::new().append(true).open(segment(&place)).unwrap().write_all(b"{\"actor\":\"im").unwrap();
    let began = Instant::now();
    let ran = place.run(["import", "next"]);
    let waited = began.elapsed();
    let said = format!("is being written by process {}", std::process::id());
    assert!(waited >= Duration::from_secs(2) && ran.err.contains(&said), "{waited:?}: {ran}");
    ran.failed(7, "error[E0601]");
    assert_eq!(place.payouts(), KEPT.payouts);
    assert!(place.run(["status"]).done().out.contains(&KEPT.head.to_string()));
    assert!(place.run(["import", "next", "--dry-run"]).done().out.starts_with("Would append 10 events"));
    // It is enough that the first one ends while the second is waiting.
    let waiting = place.start(["import", "next"]);
    std::thread::sleep(Duration::from_millis(600));
    drop(opened);
    Ran::from(waiting.wait_with_output().unwrap()).done();
    assert_eq!(place.verified(Depth::Chain).seq, KEPT.head.seq + 11);
}

#[test]
fn the_lock_of_a_dead_process_blocks_nobody() {
    let place = kept(true);
    let dead = {
        let mut child = Command::new("true").spawn().unwrap();
        child.wait().unwrap();
        child.id()
    };
    // A dead one's number, one that lives, and nonsense: the file is not the lock.
    for text in [format!("{dead}\n"), "1\n".to_owned(), "someone".to_owned()] {
        fs::write(place.at(".dealbook/LOCK"), text).unwrap();
        let began = Instant::now();
        place.run(["import", "feeds"]).done();
        assert_eq!(place.payouts(), KEPT.payouts);
        assert!(began.elapsed() < Duration::from_secs(2));
    }
    fs::remove_file(place.at(".dealbook/LOCK")).unwrap();
    recovers(&place, &[]);
}

/// Runs the import of a feed of two groups with a fault, on a ledger of its own. Nothing where that cannot be tested.
fn with(place: &Place, fault: &str) -> Option<Ran> {
    let mut command = place.command(["import", "more"]);
    Some(run(meet(&mut command, fault)?))
}

static MORE: LazyLock<(Place, String, Head)> = LazyLock::new(|| {
    let before = Place::ledger();
    before.write(&month(2025, 1), billing(0..200));
    before.run(["import", "feeds"]).done();
    before.write("more/039235861748/billingeventfeed_v1/year=2025/month=03/data.csv", billing(200..1_300));
    let whole = before.copied();
    whole.run(["import", "more"]).done();
    (before, whole.payouts(), whole.verified(Depth::Strict))
});

/// Lets the n-th call fail for each n, once and for good, and holds what was acknowledged against what is there afterwards.
fn survives(call: &str, errors: &[&str], step: usize) {
    let (before, payouts, head) = &*MORE;
    let known = before.source().head();
    let (mut met, mut refused, mut at) = (0, 0, 1);
    loop {
        let mut any = false;
        for error in errors {
            let place = before.copied();
            let Some(ran) = with(&place, &format!("{call}:{at}:{error}")) else { return };
            let was_met = ran.err.contains("fault: ");
            any |= was_met;
            met += usize::from(was_met);
            let context = format!("{call}:{at}:{error}: {ran}");
            match ran.code {
                Some(0) => assert_eq!(place.verified(Depth::Chain), *head, "{context}"),
                Some(1) => {
                    let surfaced = ["error[E0603]", "error[E0606]"].iter().any(|code| ran.err.contains(code));
                    assert!(was_met && surfaced && ran.out.is_empty(), "{context}");
                    refused += 1;
                }
                _ => panic!("{context}"),
            }
            assert!(place.verified(Depth::Chain).seq >= known.seq, "{context}");
            // The machine is well again.
            let ran = place.run(["import", "more"]).done();
            assert_eq!((place.verified(Depth::Chain), &place.payouts()), (*head, payouts), "{context}\nthen {ran}");
        }
        if !any {
            break;
        }
        at += step;
    }
    assert!(met > 0, "{call} is never called");
    println!("{call}: {met} faults met, {refused} imports refused");
}

#[test]
fn a_sync_that_fails_is_surfaced_and_nothing_acknowledged_is_lost() {
    survives("sync:.dealbook", &["5", "5+"], 1);
}

#[test]
fn a_write_that_fails_is_surfaced_and_nothing_acknowledged_is_lost() {
    survives("write:.dealbook", &["28", "28+", "5"], 2);
}

#[test]
fn a_read_that_fails_empties_nothing() {
    survives("read:.dealbook/log", &["5"], 6);
    survives("read:.dealbook/store", &["5", "5+"], 3);
    survives("open:.dealbook", &["5", "24+"], 4);
}

#[test]
fn a_failed_sync_of_the_log_is_said_as_unknown_and_the_command_can_be_repeated() {
    let (before, _, head) = &*MORE;
    let place = before.copied();
    let Some(ran) = with(&place, "sync:/log/:1:5") else { return };
    assert!(ran.err.contains("running the same command again is safe"), "{ran}");
    ran.failed(1, "error[E0606]");
    let place = before.copied();
    with(&place, "write:/log/:2:28").unwrap().failed(1, "error[E0603]");
    assert_eq!(place.verified(Depth::Chain).seq, before.source().head().seq + 1_000, "the first group stands");
    place.run(["import", "more"]).done();
    assert_eq!(place.verified(Depth::Chain), *head);
}

#[test]
fn a_store_that_cannot_be_written_is_said_and_the_import_succeeds() {
    let (before, _, head) = &*MORE;
    for fault in ["write:.dealbook/store:2:28+", "write:.dealbook/anchor:1:5+"] {
        let place = before.copied();
        let Some(ran) = with(&place, fault) else { return };
        let ran = ran.done();
        assert!(ran.err.contains("note: the store fell behind"), "{fault}: {ran}");
        assert_eq!(place.verified(Depth::Chain), *head);
        place.run(["import", "more"]).done();
    }
}

/// Whether this process may mount file systems.
fn may_mount() -> bool {
    const SYS_ADMIN: u64 = 1 << 21;
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let held = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("CapEff:")?.trim(), 16).ok());
    held.is_some_and(|held| held & SYS_ADMIN != 0)
}

#[test]
fn a_full_disk_is_surfaced_and_room_cures_it() {
    let (before, payouts, head) = &*MORE;
    let what = "a full disk";
    let mount = |size: &str, at: &Path, more: &str| {
        let options = format!("size={size},{more}");
        Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(at).output().is_ok_and(|output| output.status.success())
    };
    if !may_mount() {
        // Not even CI can help that.
        return eprintln!("SKIPPED: {what}: this process may not mount a file system");
    }
    let place = before.copied();
    let folder = place.at(".dealbook");
    let held = place.at("held");
    fs::rename(&folder, &held).unwrap();
    fs::create_dir(&folder).unwrap();
    if !mount("3m", &folder, "mode=755") {
        return tools::skip(what, "a file system cannot be mounted here");
    }
    struct Mounted(PathBuf);
    impl Drop for Mounted {
        fn drop(&mut self) {
            let _ = Command::new("umount").arg(&self.0).output();
        }
    }
    let _mounted = Mounted(folder.clone());
    copy(&held, &folder);
    let known = place.verified(Depth::Strict);
    // Less and less room: the disk is full at another moment each time.
    for room in [700, 500, 300, 100, 20, 0] {
        let filler = folder.join("filler");
        fs::write(&filler, vec![1; 3 << 20]).unwrap_err();
        let length = fs::metadata(&filler).unwrap().len();
        OpenOptions::new().write(true).open(&filler).unwrap().set_len(length.saturating_sub(room << 10)).unwrap();
        let began = Instant::now();
        let ran = place.run(["import", "more"]);
        assert!(began.elapsed() < Duration::from_secs(20), "it does not hang");
        assert!(ran.code == Some(1) && ran.err.contains("error[E060") || ran.code == Some(0), "{room} KiB: {ran}");
        let found = place.verified(Depth::Chain);
        assert!(found.seq >= known.seq, "{room} KiB: {ran}");
        assert!(place.run(["status"]).done().out.contains(&found.to_string()));
        fs::remove_file(filler).unwrap();
        if found == *head {
            // There was room after all: begin again.
            fs::read_dir(&folder)
                .unwrap()
                .map(|entry| entry.unwrap().path())
                .for_each(|path| if path.is_dir() { fs::remove_dir_all(path).unwrap() } else { fs::remove_file(path).unwrap() });
            copy(&held, &folder);
        }
    }
    place.run(["import", "more"]).done();
    assert_eq!((place.verified(Depth::Strict), &place.payouts()), (*head, payouts));
}
