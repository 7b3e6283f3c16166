//! Copies are equal, and a ledger is saved from what of it is left.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/folders.rs"]
mod folders;
#[path = "support/sampled.rs"]
mod sampled;

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use sampled::{SEGMENT, chained, dealbook, ends, err, head_of, inside, ledger, lines, out, replaced, write_lines};

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
