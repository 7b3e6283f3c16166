//! Every damage is named where it is, and nothing that is whole is called damaged.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/folders.rs"]
mod folders;
#[path = "support/sampled.rs"]
mod sampled;

use std::fs::{self, File};

use ledger_core::chain::Hash;

use folders::copy_folder;
use sampled::{Line, SEGMENT, chained, dealbook, ends, err, head_of, inside, ledger, lines, out, replaced, write_lines};

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
        (
            "another version",
            |lines| lines[1203] = replaced(&lines[1203], "\"v\":1}", "\"v\":2}"),
            "E0501",
            "event #1204 does not match its hash: it was changed in place",
            1203,
        ),
        (
            "another version of the last one",
            |lines| {
                let last = lines.len() - 1;
                lines[last] = replaced(&lines[last], "\"v\":1}", "\"v\":2}");
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
