//! What the program promises to those who do not trust it: every damage is named where it is, copies are equal, and what is derived
//! decides nothing.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/folders.rs"]
mod folders;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use ledger_core::chain::{Hash, Head, link};
use ledger_core::event::Entry;
use ledger_core::projection::Projection;
use ledger_core::projection::billing::Billing;
use ledger_store::derived::Derived;
use tempfile::TempDir;

use folders::copy_folder;

const SEGMENT: &str = "log/00000000000000000001.jsonl";

fn dealbook(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dealbook"));
    command.args(args).current_dir(folder).env_clear().output().unwrap()
}

fn out(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn err(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

#[track_caller]
fn ends(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}\n{}", out(output), err(output));
}

/// A ledger of its own for every test, made once.
fn ledger() -> TempDir {
    static MADE: OnceLock<TempDir> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        ends(&dealbook(folder.path(), &["init", "--sample", "."]), 0);
        folder
    });
    let copy = tempfile::tempdir().unwrap();
    copy_folder(&made.path().join(".dealbook"), &copy.path().join(".dealbook"));
    copy
}

fn inside(folder: &TempDir, part: &str) -> PathBuf {
    folder.path().join(".dealbook").join(part)
}

type Line = Vec<u8>;

fn lines(path: &Path) -> Vec<Line> {
    let text = fs::read(path).unwrap();
    text.strip_suffix(b"\n").unwrap().split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

fn write_lines(path: &Path, lines: &[Line]) {
    fs::write(path, lines.iter().flat_map(|line| [&line[..], b"\n"].concat()).collect::<Vec<u8>>()).unwrap();
}

fn replaced(line: &[u8], from: &str, to: &str) -> Line {
    let text = std::str::from_utf8(line).unwrap();
    assert!(text.contains(from), "{text}");
    text.replacen(from, to, 1).into_bytes()
}

/// The same events from a line on, bound to each other anew: what someone does who writes history again.
fn chained(lines: &mut [Line], from: usize) {
    for at in from.max(1)..lines.len() {
        let (prev, old) = (Hash::of(&lines[at - 1]), link(&lines[at], 0).unwrap().prev);
        lines[at] = replaced(&lines[at], &format!("\"prev\":\"{old}\""), &format!("\"prev\":\"{prev}\""));
    }
}

fn head_of(lines: &[Line]) -> Head {
    Head { seq: lines.len() as u64, hash: Hash::of(lines.last().unwrap()) }
}

#[test]
fn an_intact_ledger_is_verified() {
    let folder = ledger();
    let head = head_of(&lines(&inside(&folder, SEGMENT)));
    let verdict = format!("integrity verified to {head}; existence, accuracy and completeness of the facts not covered");
    for args in [&["verify"][..], &["verify", "--full"]] {
        let verified = dealbook(folder.path(), args);
        ends(&verified, 0);
        assert!(out(&verified).contains(&verdict), "{}", out(&verified));
    }
    let full = dealbook(folder.path(), &["verify", "--full", "-f", "csv"]);
    let results: Vec<&str> = out(&full).lines().skip(1).map(|line| line.split(',').nth(1).unwrap()).collect();
    assert_eq!(results, ["ok", "ok", "ok", "ok", "ok", "ok", "none"], "{}", out(&full));
    assert!(err(&full).contains(&verdict), "the verdict is told beside data");
    assert!(out(&full).contains("8 folded; 8 saved, digests equal"));
}

#[test]
fn every_damage_is_named_where_it_is() {
    type Deed = fn(&mut Vec<Line>);
    let cases: &[(&str, Deed, &str, &str, u64)] = &[
        (
            "changed in place",
            |lines| lines[1203] = replaced(&lines[1203], "\"effective_at\":\"2025", "\"effective_at\":\"2024"),
            "E0501",
            "event #1204 does not match its hash: it was changed in place",
            1203,
        ),
        (
            "the last one changed",
            |lines| {
                let last = lines.len() - 1;
                lines[last] = replaced(&lines[last], "\"counted\":\"424279.49\"", "\"counted\":\"4242794.9\"");
            },
            "E0501",
            "event #2328 does not match its hash: it was changed in place",
            2327,
        ),
        ("not a line", |lines| lines[9] = b"nothing".to_vec(), "E0505", "event #10 is not a line of a ledger: it was changed in place", 9),
        ("missing", |lines| drop(lines.drain(99..102)), "E0502", "events #100 – #102 are missing", 99),
        ("the first one missing", |lines| drop(lines.remove(0)), "E0502", "event #1 is missing", 0),
        (
            "inserted",
            |lines| {
                let stranger = replaced(&lines[50], "\"actor\":\"sample\"", "\"actor\":\"nobody\"");
                lines.insert(50, stranger);
            },
            "E0502",
            "a line that claims to be event #51 was inserted behind event #50",
            50,
        ),
        ("repeated", |lines| lines.insert(700, lines[299].clone()), "E0502", "event #300 is repeated behind event #700", 700),
        (
            "out of order",
            |lines| {
                let line = lines.remove(1999);
                lines.insert(2004, line);
            },
            "E0502",
            "event #2000 is out of order: it stands behind event #2005",
            1999,
        ),
        (
            "another beginning",
            |lines| lines[0] = replaced(&lines[0], &"0".repeat(64), &"ab".repeat(32)),
            "E0503",
            "event #1 does not begin a ledger: it names abab",
            0,
        ),
        ("cut off", |lines| lines.truncate(2000), "E0504", "the log ends at #2000, but it is known to have reached #2328", 2000),
        (
            "written anew",
            |lines| {
                lines[1203] = replaced(&lines[1203], "\"effective_at\":\"2025", "\"effective_at\":\"2024");
                chained(lines, 1204);
            },
            "E0501",
            "or everything from an earlier event on was written anew",
            2327,
        ),
        (
            "written anew, and longer",
            |lines| {
                let more = replaced(lines.last().unwrap(), "\"seq\":2328", "\"seq\":2329");
                lines.push(more);
                chained(lines, 1);
                lines[1203] = replaced(&lines[1203], "\"effective_at\":\"2025", "\"effective_at\":\"2024");
                chained(lines, 1204);
            },
            "E0504",
            "is known to have been recorded there",
            2327,
        ),
    ];
    for (what, deed, code, message, proven) in cases {
        let folder = ledger();
        let path = inside(&folder, SEGMENT);
        let mut all = lines(&path);
        deed(&mut all);
        write_lines(&path, &all);
        for args in [&["verify"][..], &["verify", "--full"]] {
            let verified = dealbook(folder.path(), args);
            ends(&verified, 5);
            let errors = err(&verified);
            assert!(errors.contains(&format!("error[{code}]: ")) && errors.contains(message), "{what}: {errors}");
            assert_eq!(errors.matches("error[").count(), 1, "{what}: {errors}");
            let still =
                if *proven == 0 { "still proven  nothing".to_owned() } else { format!("still proven  #1 – #{}", grouped(*proven)) };
            assert!(errors.contains(&still) && errors.ends_with("NOT VERIFIED\n"), "{what}: {errors}");
            assert!(out(&verified).starts_with("incomplete: this ledger is not intact") && !out(&verified).contains("verified to"));
        }
    }
}

fn grouped(number: u64) -> String {
    if number < 1000 { number.to_string() } else { format!("{},{:03}", number / 1000, number % 1000) }
}

#[test]
fn several_damages_are_each_named() {
    let folder = ledger();
    let path = inside(&folder, SEGMENT);
    let mut all = lines(&path);
    all[1203] = replaced(&all[1203], "\"effective_at\":\"2025", "\"effective_at\":\"2024");
    all.drain(1500..1502);
    all.swap(99, 100);
    write_lines(&path, &all);
    let verified = dealbook(folder.path(), &["verify"]);
    ends(&verified, 5);
    let errors: Vec<&str> = err(&verified).lines().filter(|line| line.starts_with("error")).collect();
    assert_eq!(
        errors,
        [
            "error[E0502]: event #100 is out of order: it stands behind event #101",
            "error[E0501]: event #1204 does not match its hash: it was changed in place",
            "error[E0502]: events #1501 – #1502 are missing",
        ]
    );
    assert!(out(&verified).contains("3 places not as recorded, the first at #100"));
}

#[test]
fn a_file_of_lines_is_verified_too() {
    let folder = ledger();
    ends(&dealbook(folder.path(), &["copy", "jsonl:x.jsonl"]), 0);
    ends(&dealbook(folder.path(), &["verify", "--full", "-L", "jsonl:x.jsonl"]), 0);
    let path = folder.path().join("x.jsonl");
    let mut all = lines(&path);
    let head = head_of(&all);
    all.truncate(2000);
    write_lines(&path, &all);
    ends(&dealbook(folder.path(), &["verify", "-L", "jsonl:x.jsonl"]), 0);
    let shorter = dealbook(folder.path(), &["verify", "-L", "jsonl:x.jsonl", "--since", &format!("#{}:{}", head.seq, head.hash)]);
    ends(&shorter, 5);
    assert!(err(&shorter).contains("error[E0504]: the ledger ends at #2000"), "{}", err(&shorter));
    all.remove(7);
    write_lines(&path, &all);
    let missing = dealbook(folder.path(), &["verify", "-L", "jsonl:x.jsonl"]);
    ends(&missing, 5);
    assert!(err(&missing).contains("error[E0502]: event #8 is missing"), "{}", err(&missing));
}

#[test]
fn a_head_noted_earlier_is_still_there_or_it_is_told() {
    let folder = ledger();
    let all = lines(&inside(&folder, SEGMENT));
    let hash = Hash::of(&all[1202]).to_string();
    let write = |name: &str, text: String| fs::write(folder.path().join(name), text).unwrap();
    write("one.txt", format!("#1203:{hash}\n"));
    write("three.txt", format!("dealbook.local/sample\n1203\n{hash}\n"));
    write("none.txt", "what is this\n".to_owned());
    for since in [&format!("#1203:{hash}"), "#1203", &hash, &format!("b3:{}", &hash[..8]), "one.txt", "three.txt"] {
        let verified = dealbook(folder.path(), &["verify", "--since", since]);
        ends(&verified, 0);
        assert!(out(&verified).contains("the ledger contains"), "{}", out(&verified));
    }
    let other = "ab".repeat(32);
    for (since, message) in [
        (format!("#1203:{other}"), "the ledger has #1203"),
        (other, "no event of the ledger has the hash"),
        ("#9999".to_owned(), "the ledger ends at #2328"),
    ] {
        for args in [&["verify", "--since", &since][..], &["verify", "--full", "--since", &since]] {
            let verified = dealbook(folder.path(), args);
            ends(&verified, 5);
            assert!(err(&verified).contains("error[E0504]") && err(&verified).contains(message), "{}", err(&verified));
        }
    }
    for since in ["none.txt", "nowhere.txt", "#0", "abc"] {
        ends(&dealbook(folder.path(), &["verify", "--since", since]), 2);
    }
}

#[test]
fn the_store_is_held_against_the_log() {
    // Someone writes history again, anchor and all, and forgets the store.
    let folder = ledger();
    let mut all = lines(&inside(&folder, SEGMENT));
    all[1203] = replaced(&all[1203], "\"effective_at\":\"2025", "\"effective_at\":\"2024");
    chained(&mut all, 1204);
    write_lines(&folder.path().join("forged.jsonl"), &all);
    ends(&dealbook(folder.path(), &["copy", "jsonl:forged.jsonl", "sled:forged"]), 0);
    let forged = folder.path().join("forged/.dealbook");
    ends(&dealbook(folder.path(), &["verify", "-L", "forged"]), 0);
    fs::remove_dir_all(forged.join("store")).unwrap();
    copy_folder(&inside(&folder, "store"), &forged.join("store"));
    let verified = dealbook(folder.path(), &["verify", "-L", "forged"]);
    ends(&verified, 5);
    assert!(err(&verified).contains("error[E0507]: the store has #12"), "{}", err(&verified));
    // Someone cuts the log and takes the anchor away.
    all.truncate(2000);
    let folder = ledger();
    let path = inside(&folder, SEGMENT);
    let mut all = lines(&path);
    all.truncate(2000);
    write_lines(&path, &all);
    fs::remove_file(inside(&folder, "anchor")).unwrap();
    let verified = dealbook(folder.path(), &["verify"]);
    ends(&verified, 5);
    assert!(err(&verified).contains("error[E0507]: the log ends at #2000"), "{}", err(&verified));
}

#[test]
fn a_store_that_is_gone_or_damaged_loses_nothing_and_is_left_as_it_is() {
    let folder = ledger();
    let db = inside(&folder, "store/db");
    let mut bytes = fs::read(&db).unwrap();
    for at in (1000..bytes.len()).step_by(5000) {
        bytes[at] ^= 1;
    }
    fs::write(&db, &bytes).unwrap();
    let verified = dealbook(folder.path(), &["verify"]);
    ends(&verified, 0);
    assert!(out(&verified).contains("store        damaged"), "{}", out(&verified));
    assert_eq!(fs::read(&db).unwrap(), bytes, "a verifier changes nothing");
    fs::remove_dir_all(inside(&folder, "store")).unwrap();
    let verified = dealbook(folder.path(), &["verify"]);
    ends(&verified, 0);
    assert!(out(&verified).contains("missing: the next writer builds it again"), "{}", out(&verified));
    assert!(!inside(&folder, "store").exists());
}

#[test]
fn a_writer_at_work_is_not_waited_for() {
    let folder = ledger();
    let lock = File::options().read(true).write(true).open(inside(&folder, "LOCK")).unwrap();
    lock.lock().unwrap();
    let verified = dealbook(folder.path(), &["verify"]);
    ends(&verified, 0);
    assert!(out(&verified).contains("another process is writing"), "{}", out(&verified));
}

#[test]
fn copies_are_equal_there_and_back() {
    let folder = ledger();
    let there = dealbook(folder.path(), &["copy", "jsonl:x.jsonl"]);
    ends(&there, 0);
    assert!(out(&there).starts_with("Copied 2,328 events (#1 – #2328)"), "{}", out(&there));
    assert_eq!(fs::read(folder.path().join("x.jsonl")).unwrap(), fs::read(inside(&folder, SEGMENT)).unwrap());
    ends(&dealbook(folder.path(), &["copy", "jsonl:x.jsonl", "sled:back"]), 0);
    assert_eq!(fs::read(folder.path().join("back/.dealbook").join(SEGMENT)).unwrap(), fs::read(inside(&folder, SEGMENT)).unwrap());
    let back = folder.path().join("back");
    ends(&dealbook(&back, &["verify", "--full"]), 0);
    let payouts = |at: &Path| out(&dealbook(at, &["show", "payouts", "-f", "csv"])).to_owned();
    assert_eq!(payouts(&back), payouts(folder.path()));
    let again = dealbook(folder.path(), &["copy", "sled:back", "jsonl:x.jsonl"]);
    ends(&again, 0);
    assert!(out(&again).starts_with("Nothing to copy: both are at #2328"), "{}", out(&again));
    // What is lacking is appended, and nothing else.
    let path = folder.path().join("x.jsonl");
    let mut all = lines(&path);
    all.truncate(700);
    write_lines(&path, &all);
    let more = dealbook(folder.path(), &["copy", "jsonl:x.jsonl"]);
    ends(&more, 0);
    assert!(out(&more).starts_with("Copied 1,628 events (#701 – #2328)"), "{}", out(&more));
    assert_eq!(fs::read(&path).unwrap(), fs::read(inside(&folder, SEGMENT)).unwrap());
    all.truncate(500);
    write_lines(&path, &all);
    let behind = dealbook(folder.path(), &["copy", "jsonl:x.jsonl", "sled:back"]);
    ends(&behind, 0);
    assert!(out(&behind).starts_with("Nothing to copy: "), "{}", out(&behind));
}

#[test]
fn histories_that_have_parted_are_not_copied() {
    let folder = ledger();
    let mut all = lines(&inside(&folder, SEGMENT));
    let honest = head_of(&all);
    all[1203] = replaced(&all[1203], "\"effective_at\":\"2025", "\"effective_at\":\"2024");
    chained(&mut all, 1204);
    let path = folder.path().join("other.jsonl");
    write_lines(&path, &all);
    let parted = dealbook(folder.path(), &["copy", "jsonl:other.jsonl"]);
    ends(&parted, 7);
    let errors = err(&parted);
    assert!(errors.contains("error[E0605]: the histories part at event #1204"), "{errors}");
    assert!(errors.contains(&honest.to_string()) && errors.contains(&head_of(&all).to_string()), "{errors}");
    assert_eq!(lines(&path), all);
}

#[test]
fn only_lines_in_their_one_form_enter() {
    let folder = ledger();
    let mut all = lines(&inside(&folder, SEGMENT));
    all[1203] = replaced(&all[1203], "\"actor\":\"sample\"", "\"actor\": \"sample\"");
    chained(&mut all, 1204);
    write_lines(&folder.path().join("odd.jsonl"), &all);
    ends(&dealbook(folder.path(), &["verify", "-L", "jsonl:odd.jsonl"]), 0);
    let full = dealbook(folder.path(), &["verify", "--full", "-L", "jsonl:odd.jsonl"]);
    ends(&full, 5);
    assert!(err(&full).contains("error[E0505]: event #1204 is not in canonical form"), "{}", err(&full));
    let refused = dealbook(folder.path(), &["copy", "jsonl:odd.jsonl", "sled:new"]);
    ends(&refused, 5);
    assert!(err(&refused).contains("error[E0505]: event #1204 is not in canonical form"), "{}", err(&refused));
    ends(&dealbook(folder.path(), &["copy", "sled:new", "jsonl:empty.jsonl"]), 0);
    assert_eq!(fs::read(folder.path().join("empty.jsonl")).unwrap(), b"", "nothing entered");
}

#[test]
fn a_damaged_or_lost_log_is_saved_from_the_store() {
    let honest = lines(&inside(&ledger(), SEGMENT));
    type Deed = fn(&TempDir);
    let cases: &[(&str, Deed, usize)] = &[
        (
            "changed in the middle",
            |folder| {
                let path = inside(folder, SEGMENT);
                let mut all = lines(&path);
                all[1203] = replaced(&all[1203], "\"effective_at\":\"2025", "\"effective_at\":\"2024");
                write_lines(&path, &all);
            },
            2328,
        ),
        (
            "missing in the middle",
            |folder| {
                let path = inside(folder, SEGMENT);
                let mut all = lines(&path);
                all.remove(100);
                write_lines(&path, &all);
            },
            2328,
        ),
        (
            "cut off",
            |folder| {
                let path = inside(folder, SEGMENT);
                let mut all = lines(&path);
                all.truncate(1000);
                write_lines(&path, &all);
            },
            2310,
        ),
        ("gone", |folder| fs::remove_dir_all(inside(folder, "log")).unwrap(), 2310),
    ];
    for (what, deed, count) in cases {
        let folder = ledger();
        deed(&folder);
        let saved = dealbook(folder.path(), &["copy", "sled:.", "jsonl:saved.jsonl"]);
        ends(&saved, if *count == honest.len() { 0 } else { 5 });
        assert!(err(&saved).contains("note: what the store holds is copied"), "{what}: {}", err(&saved));
        if *count < honest.len() {
            assert!(err(&saved).contains("18 events could not be saved"), "{what}: {}", err(&saved));
        }
        assert_eq!(lines(&folder.path().join("saved.jsonl")), honest[..*count], "{what}");
    }
}

#[test]
fn a_replay_is_equal_whatever_was_derived() {
    let folder = ledger();
    let replayed = dealbook(folder.path(), &["replay", "-f", "csv"]);
    ends(&replayed, 0);
    let payouts = || out(&dealbook(folder.path(), &["show", "payouts", "-f", "csv"])).to_owned();
    let (answer, expected) = (payouts(), out(&replayed).to_owned());
    assert!(expected.lines().skip(1).all(|line| line.ends_with(",true")), "{expected}");
    let derived = inside(&folder, "derived");
    let files: Vec<PathBuf> = fs::read_dir(&derived).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    assert!(files.len() >= 4);
    for path in &files {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    }
    assert_eq!(payouts(), answer);
    let again = dealbook(folder.path(), &["replay", "-f", "csv"]);
    ends(&again, 0);
    assert_eq!(out(&again), expected);
    fs::remove_dir_all(&derived).unwrap();
    assert_eq!(payouts(), answer);
}

#[test]
fn a_forged_state_is_found() {
    let folder = ledger();
    let all = lines(&inside(&folder, SEGMENT));
    let mut billing = Billing::default();
    for (at, line) in all.iter().enumerate().skip(1000) {
        billing.evolve(&Entry::read(line, at as u64 + 1).unwrap());
    }
    let derived = Derived::new(&inside(&folder, "derived"));
    derived.save(billing.name(), billing.version(), head_of(&all), |out| billing.write(out)).unwrap();
    for args in [&["replay"][..], &["verify", "--full"]] {
        let forged = dealbook(folder.path(), args);
        ends(&forged, 5);
        assert!(err(&forged).contains("error[E0506]"), "{}", err(&forged));
    }
    fs::remove_dir_all(inside(&folder, "derived")).unwrap();
    ends(&dealbook(folder.path(), &["replay"]), 0);
}

#[test]
fn a_replay_can_end_early_and_be_watched() {
    let folder = ledger();
    let early = dealbook(folder.path(), &["replay", "--to", "#1000", "-f", "csv"]);
    ends(&early, 0);
    let money: Vec<&str> = out(&early).lines().filter(|line| line.starts_with("billing,") && !line.contains(",digest,")).collect();
    assert!(money.len() > 3 && money.iter().all(|line| line.ends_with(",true")), "{money:?}");
    let steps = dealbook(folder.path(), &["replay", "--step", "--to", "#4", "-f", "csv"]);
    ends(&steps, 0);
    assert_eq!(
        out(&steps),
        "seq,event,projection,what,before,after\n\
         1,ledger.opened,,,,\n\
         2,source.imported,sources,events promised,0,5\n\
         2,source.imported,sources,files,0,1\n\
         2,source.imported,sources,rows,0,5\n\
         3,party.registered,records,party versions,0,1\n\
         3,party.registered,sources,events arrived,0,1\n\
         3,party.registered,known,versions,0,1\n\
         4,party.registered,records,party versions,1,2\n\
         4,party.registered,sources,events arrived,1,2\n\
         4,party.registered,known,versions,1,2\n"
    );
    ends(&dealbook(folder.path(), &["replay", "--to", "#9999"]), 6);
}

#[test]
fn the_log_is_narrowed_by_words_and_clocks() {
    let folder = ledger();
    let rows = |args: &[&str]| {
        let args: Vec<&str> = ["log", "-f", "csv"].iter().chain(args).copied().collect();
        let output = dealbook(folder.path(), &args);
        ends(&output, 0);
        out(&output).lines().skip(1).map(str::to_owned).collect::<Vec<String>>()
    };
    let all = rows(&[]);
    assert_eq!(all.len(), 2328);
    assert!(all[0].starts_with("1,") && all[2327].ends_with(&Hash::of(lines(&inside(&folder, SEGMENT)).last().unwrap()).to_string()));
    assert_eq!(rows(&["--limit", "3"]), all[2325..]);
    assert_eq!(rows(&["--known-at", "#12"]).len(), 12);
    let invoices = rows(&["type:invoice.issued"]);
    assert!(!invoices.is_empty() && invoices.iter().all(|row| row.contains(",invoice.issued,") || row.contains(",source.restated,")));
    let april = rows(&["type:invoice.issued", "date:2025-04"]);
    assert!(april.len() < invoices.len() && april.iter().all(|row| row.split(',').nth(2).unwrap().starts_with("2025-04")));
    assert!(rows(&["--as-of", "2024-12-31", "type:invoice"]).is_empty());
}

#[test]
fn an_id_is_followed_both_ways() {
    let folder = ledger();
    let rows = |id: &str| {
        let output = dealbook(folder.path(), &["trace", id, "-f", "csv"]);
        ends(&output, 0);
        out(&output).to_owned()
    };
    let paid = "ceb7efe51d4bb3e40484dac23399d75d82228b25";
    let from_payout = rows(paid);
    for told in [
        "bank trace,7849215261,",
        "disbursement,ceb7efe51d4bb3e40484dac23399d75d82228b25,2194,disbursement.paid,2026-02-05T06:30:00Z,804753256254,4001.25,EUR,\
         804753256254/billingeventfeed_v1/year=2026/month=02/data.csv,1",
        "invoice,EUINGB25-6191844,2069,invoice.issued,",
        "agreement,agmt-gsiojzt35oma0rpqfw6k8xrjp,856,agreement.revised,",
        "offer,offer-7hl9khtna6utr,906,offer.released,",
    ] {
        assert!(from_payout.contains(told), "{told}\n{from_payout}");
    }
    for id in ["7849215261", "EUINGB25-6191844", "agmt-gsiojzt35", "offer-7hl9", "#2069", "ceb7efe5"] {
        let back = rows(id);
        assert!(back.contains(paid) && back.contains("offer-7hl9khtna6utr") && back.contains("EUINGB25-6191844"), "{id}: {back}");
    }
    let ambiguous = dealbook(folder.path(), &["trace", "agmt-"]);
    ends(&ambiguous, 6);
    assert!(err(&ambiguous).contains("error[E0305]: `agmt-` is the beginning of 63 ids"), "{}", err(&ambiguous));
    let unknown = dealbook(folder.path(), &["trace", "offer-7hl9khtna6utx"]);
    ends(&unknown, 6);
    assert!(err(&unknown).contains("error[E0301]") && err(&unknown).contains("did you mean offer-7hl9khtna6utr"), "{}", err(&unknown));
    ends(&dealbook(folder.path(), &["trace", "#9999"]), 6);
}

#[test]
fn an_event_is_shown_with_all_that_belongs_to_it() {
    let folder = ledger();
    let all = lines(&inside(&folder, SEGMENT));
    let hash = Hash::of(&all[855]).to_string();
    let shown = |which: &str| {
        let output = dealbook(folder.path(), &["show", "event", which, "-f", "csv"]);
        ends(&output, 0);
        out(&output).to_owned()
    };
    let text = shown("856");
    for told in [
        "event,agreement.revised",
        "value.agreement,agmt-gsiojzt35oma0rpqfw6k8xrjp",
        "file,804753256254/agreementfeed_v1/year=2025/month=05/data.csv",
        "row,6",
        "then,#1239 restated",
        &format!("hash,b3:{hash}"),
        &format!("bytes,{}", all[855].len()),
    ] {
        assert!(text.contains(told), "{told}\n{text}");
    }
    assert_eq!(shown("#856"), text);
    assert_eq!(shown(&hash[..12]), text);
    let invoice = shown("2069");
    assert!(invoice.contains("then,#2125 invoice.collected") && invoice.contains("then,#2195 disbursement.allocated"), "{invoice}");
    ends(&dealbook(folder.path(), &["show", "event", "9999"]), 6);
    ends(&dealbook(folder.path(), &["show", "event", "2000", "--known-at", "#1000"]), 6);
    ends(&dealbook(folder.path(), &["show", "event"]), 2);
}

const APPLICATION: &str = "application=benappl-1";
const PROGRAMME: &str = "programme=mpop";
const BENEFICIARY: &str = "beneficiary=444455556666";

#[test]
fn every_report_is_as_its_schema_says() {
    let folder = ledger();
    let list = dealbook(folder.path(), &["schema", "--list"]);
    ends(&list, 0);
    let mut named: Vec<&str> = out(&list).lines().collect();
    assert!(named.contains(&"dealbook/event/invoice.issued/v1"));
    let commands: &[(&str, &[&str])] = &[
        ("agreements", &["show", "agreements"]),
        ("authorizations", &["show", "authorizations"]),
        ("billings", &["show", "billings"]),
        ("deferral", &["show", "billings", "--deferral"]),
        ("journal", &["show", "journal", "--entity", "yewtree"]),
        ("trial-balance", &["show", "trial-balance"]),
        ("billings-by", &["show", "billings", "--by", "buyer"]),
        ("deferral-by", &["show", "billings", "--deferral", "--by", "month"]),
        ("journal-by", &["show", "journal", "--by", "agreement"]),
        ("deal", &["show", "deal", "agmt-09wlywns86urxd0uj1nywxoyu"]),
        ("deals", &["show", "deals"]),
        ("disbursements", &["show", "disbursements"]),
        ("event", &["show", "event", "1"]),
        ("findings", &["show", "findings"]),
        ("gaps", &["show", "sources", "--gaps"]),
        ("invoices", &["show", "invoices"]),
        ("log", &["log", "--limit", "3"]),
        ("offers", &["show", "offers"]),
        ("offer-stats", &["show", "offers", "--stats"]),
        ("payouts", &["show", "payouts"]),
        ("instalments", &["show", "instalments"]),
        ("openings", &["show", "openings"]),
        ("diff", &["diff", "#100", "#1900"]),
        ("after-close", &["diff", "#100", "#1900", "--as-of", "2025-12-31", "--of", "events"]),
        ("edp", &["show", "edp"]),
        ("check", &["check", "chain"]),
        ("privacy", &["check", "privacy"]),
        ("check-closed", &["check", "closed"]),
        ("check-duties", &["check", "duties"]),
        ("check-entries", &["check", "journal-entries"]),
        ("fee-claim", &["export", "fee-claim"]),
        ("fees", &["show", "fees"]),
        ("tax", &["show", "tax", "2025Q1"]),
        ("incentives", &["show", "incentives"]),
        ("incentives-expected", &["show", "incentives", "--expected"]),
        ("incentives-missed", &["show", "incentives", "--missed"]),
        ("incentives-why", &["show", "incentives", "--why"]),
        ("spend", &["show", "spend"]),
        ("why", &["show", "agreements", "status:active", "--why"]),
        ("receivables", &["show", "receivables"]),
        ("cash", &["show", "cash"]),
        ("cash-by", &["show", "cash", "--by", "month"]),
        ("unbilled", &["show", "unbilled"]),
        ("unbilled-by", &["show", "unbilled", "--by", "agreement"]),
        ("renewals", &["show", "renewals", "--as-of", "2025-12-31"]),
        ("replay", &["replay"]),
        ("sources", &["show", "sources"]),
        ("status", &["status"]),
        ("selftest", &["selftest", "tamper"]),
        ("steps", &["replay", "--step", "--to", "#3"]),
        ("trace", &["trace", "#856"]),
        ("verify", &["verify"]),
        ("against", &["verify", "--against", "."]),
        ("confirmations", &["show", "confirmations"]),
        ("record", &["record", "offer.drafted", "--set", "offer=offer-1"]),
        ("approve", &["approve", "2329", "--actor", "mei"]),
        ("correct", &["correct", "2329", "--reason", "a slip"]),
        ("agreements-by", &["show", "agreements", "--by", "buyer"]),
        ("authorizations-by", &["show", "authorizations", "--by", "party"]),
        ("deals-by", &["show", "deals", "--by", "product"]),
        ("disbursements-by", &["show", "disbursements", "--by", "month"]),
        ("findings-by", &["show", "findings", "--by", "party"]),
        ("invoices-by", &["show", "invoices", "--by", "agreement"]),
        ("offers-by", &["show", "offers", "--by", "product"]),
        ("instalments-by", &["show", "instalments", "--by", "agreement"]),
        ("fees-by", &["show", "fees", "--by", "agreement"]),
        ("tax-by", &["show", "tax", "--by", "party"]),
        ("openings-by", &["show", "openings", "--by", "party"]),
        ("incentives-by", &["show", "incentives", "--by", "party"]),
        ("spend-by", &["show", "spend", "--by", "buyer"]),
        ("receivables-by", &["show", "receivables", "--by", "buyer"]),
        ("renewals-by", &["show", "renewals", "--by", "buyer", "--within", "20w"]),
        ("sources-by", &["show", "sources", "--by", "month"]),
        (
            "record",
            &["record", "benefit.applied", "--set", APPLICATION, "--set", PROGRAMME, "--set", BENEFICIARY, "--document", "award.txt"],
        ),
        ("claim", &["export", "claim", "benappl-1"]),
    ];
    fs::write(folder.path().join("award.txt"), "applied for").unwrap();
    let json = |args: &[&str]| -> serde_json::Value {
        let output = dealbook(folder.path(), args);
        ends(&output, 0);
        serde_json::from_str(out(&output)).unwrap()
    };
    let keys = |value: &serde_json::Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    for (name, args) in commands {
        let schema = json(&["schema", name]);
        let answer = json(&[args, &["-f", "json"][..]].concat());
        assert_eq!(answer["schema"], schema["$id"], "{name}");
        named.retain(|known| *known != answer["schema"].as_str().unwrap());
        for row in answer["data"].as_array().unwrap() {
            assert_eq!(keys(row), keys(&schema["properties"]["data"]["items"]["properties"]), "{name}");
        }
    }
    named.retain(|name| !name.starts_with("dealbook/event/"));
    // What a month's end prints is looked at in `tests/reconcile.rs`, where there is a month to close.
    let of_a_month =
        ["break", "break-assigned", "break-resolved", "breaks", "close", "reconcile"].map(|name| format!("dealbook/{name}/v1"));
    named.retain(|name| !of_a_month.iter().any(|known| known == name));
    assert_eq!(named, ["dealbook/import/v1"], "every other report has been looked at");
    assert_eq!(json(&["schema", "invoice.issued"])["$id"], "dealbook/event/invoice.issued/v1");
    assert_eq!(json(&["schema", "dealbook/event/rate.set/v1"]), json(&["schema", "rate.set"]));
    ends(&dealbook(folder.path(), &["schema", "invoice.isued"]), 6);
}
