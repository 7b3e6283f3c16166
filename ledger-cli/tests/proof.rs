//! What is signed cannot be taken back: who holds a checkpoint sees a ledger that was cut off, written anew, or told twice; who holds a key
//! cannot sign two histories by mistake; and what was handed out is verified without the ledger.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(dead_code, reason = "the support is shared with other tests")]

#[path = "support/folders.rs"]
mod folders;
#[path = "support/run.rs"]
mod run;

use std::fs;
use std::path::Path;

use ledger_core::chain::{Hash, link};
use tempfile::TempDir;

use folders::copy_folder;
use run::{MEI, SEGMENT, WANG, ends, err, out, run};

/// Runs a command that must fail with an error code, which decides the exit code.
#[track_caller]
fn refused(folder: &Path, command: &str, error: &str) -> String {
    let exit = if error.starts_with("E05") { 5 } else { -1 };
    let output = run(folder, &command.split_whitespace().collect::<Vec<_>>());
    let said = err(&output).to_owned();
    assert!(said.contains(&format!("error[{error}]: ")), "{command}\n{}\n{said}", out(&output));
    assert!(exit == -1 || output.status.code() == Some(exit), "{command}: {:?}\n{said}", output.status);
    said
}

/// A ledger with a few events, and keys: `log.pem`, `other.pem`, `witness.pem`.
fn ledger() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path();
    ends(there, "init --name demo --origin ledger.example.com/demo", 0);
    for (name, key) in [("log", "wang"), ("witness", "mei")] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../fixtures/keys/{key}.pem"));
        fs::copy(from, there.join(format!("{name}.pem"))).unwrap();
    }
    ends(there, "keygen other.pem", 0);
    events(there, 1..5);
    folder
}

fn events(folder: &Path, rates: std::ops::Range<u32>) {
    for rate in rates {
        let command =
            format!("record rate.set -q --set base=EUR --set quote=USD --set rate=1.{rate} --set source=ECB --effective 2026-04-01");
        ends(folder, &command, 0);
    }
}

/// Writes history again from a line on: every hash is right, and so is the anchor; store and states are built anew.
fn rewrite(folder: &Path, seq: usize, from: &str, to: &str) {
    let text = fs::read_to_string(folder.join(SEGMENT)).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    assert!(lines[seq - 1].contains(from), "{}", lines[seq - 1]);
    lines[seq - 1] = lines[seq - 1].replacen(from, to, 1);
    for at in seq..lines.len() {
        let (prev, old) = (Hash::of(lines[at - 1].as_bytes()), link(lines[at].as_bytes(), 0).unwrap().prev);
        lines[at] = lines[at].replacen(&format!("\"prev\":\"{old}\""), &format!("\"prev\":\"{prev}\""), 1);
    }
    relog(folder, &lines);
}

/// Puts other lines in place of the log, as if they had always been there.
fn relog(folder: &Path, lines: &[String]) {
    fs::write(folder.join("forged.jsonl"), lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    ends(folder, "copy jsonl:forged.jsonl sled:forged", 0);
    let signed = folder.join(".dealbook/checkpoints");
    if signed.exists() {
        copy_folder(&signed, &folder.join("forged/.dealbook/checkpoints"));
    }
    fs::remove_dir_all(folder.join(".dealbook")).unwrap();
    fs::rename(folder.join("forged/.dealbook"), folder.join(".dealbook")).unwrap();
}

#[test]
fn a_checkpoint_is_signed_kept_and_verified() {
    let folder = ledger();
    let there = folder.path();
    assert!(refused(there, "prove 2", "E0306").contains("no checkpoint covers event #2"));
    let (none, _) = ends(there, "verify", 0);
    assert!(none.contains("checkpoints  none") && !none.contains("signatures"), "{none}");
    let (note, said) = ends(there, "checkpoint --name first --key log.pem", 0);
    assert!(note.starts_with("ledger.example.com/demo\n5\n") && note.contains("\n\n— ledger.example.com/demo "), "{note}");
    assert!(said.contains("Checkpoint first of #5 kept in .dealbook/checkpoints/00000000000000000005-first.note\n"), "{said}");
    assert!(said.contains("Key ledger.example.com/demo+"), "{said}");
    // The same ledger signed again is the same note, to the byte.
    assert_eq!(ends(there, "checkpoint --key log.pem", 0).0, note);
    events(there, 5..8);
    ends(there, "checkpoint --name close-2026-03 --key log.pem -o today.note", 0);
    let (status, _) = ends(there, "status", 0);
    assert!(status.contains("Checkpoint  close-2026-03 (#8), at the head"), "{status}");
    events(there, 8..9);
    assert!(ends(there, "status", 0).0.contains("Checkpoint  close-2026-03 (#8), 1 event since"));
    assert!(ends(there, "status --known-at #7", 0).0.contains("Checkpoint  first (#5), 2 events since"));
    let (verified, _) = ends(there, "verify", 0);
    assert!(verified.contains("3, each continues the one before; the last is close-2026-03 (#8)"), "{verified}");
    assert!(verified.contains("the ledger itself names that key: --key holds it against yours"), "{verified}");
    assert!(verified.contains("integrity verified to #9"), "{verified}");
    let (verified, _) = ends(there, &format!("verify --full --key {WANG}"), 0);
    assert!(verified.contains("signatures   ok") && !verified.contains("yours"), "{verified}");
    assert!(refused(there, &format!("verify --key {MEI}"), "E0509").contains(&format!("nothing here is signed by {MEI}")));
    // A point by its name.
    assert!(ends(there, "log --known-at first", 0).0.contains("known at #5 "));
    let unknown = refused(there, "log --known-at frist", "E0306");
    assert!(unknown.contains("no checkpoint has this name") && unknown.contains("did you mean first?"), "{unknown}");
    for name in ["2026-03", "abcdef", "Close", "#7", "a/b"] {
        ends(there, &format!("checkpoint --key log.pem --name {name}"), 2);
    }
    ends(there, "checkpoint", 2);
    ends(there, "copy jsonl:lines.jsonl", 0);
    ends(there, "checkpoint --key log.pem -L jsonl:lines.jsonl", 2);
}

#[test]
fn nothing_is_signed_that_does_not_continue_what_was_signed() {
    let folder = ledger();
    let there = folder.path();
    copy_folder(&there.join(".dealbook"), &there.join("backup"));
    events(there, 5..7);
    ends(there, "checkpoint --key log.pem", 0);
    // Another key is refused, and so is a file that is none.
    assert!(refused(there, "checkpoint --key other.pem", "E0405").contains("signed with another key"));
    assert!(refused(there, "checkpoint --key log.pem.signed", "E0405").contains("holds no Ed25519 key"));
    // An old copy is put back, its checkpoints with it, and goes another way: the key remembers.
    fs::remove_dir_all(there.join(".dealbook")).unwrap();
    copy_folder(&there.join("backup"), &there.join(".dealbook"));
    let said = refused(there, "checkpoint --key log.pem", "E0508");
    assert!(said.contains("the ledger ends at #5") && said.contains("before what this key has signed (#7)"), "{said}");
    events(there, 7..10);
    let said = refused(there, "checkpoint --key log.pem", "E0508");
    assert!(said.contains("this is not the history of what this key has signed (#7)"), "{said}");
    // So it does where the signature is made elsewhere.
    ends(there, "checkpoint --export -o export.txt", 0);
    assert!(refused(there, "checkpoint --sign export.txt --key log.pem", "E0408").contains("--since 7 shows it"));
    ends(there, "checkpoint --export --since 7 -o export.txt", 0);
    assert!(
        refused(there, "checkpoint --sign export.txt --key log.pem", "E0508")
            .contains("it does not continue what this key has signed (#7)")
    );
    // A memory that cannot be read is no memory.
    fs::write(there.join("log.pem.signed"), "gone\n").unwrap();
    assert!(refused(there, "checkpoint --key log.pem", "E0405").contains("does not say what this key has signed"));
    // Without the key's memory, the ledger's own is left.
    fs::remove_file(there.join("log.pem.signed")).unwrap();
    ends(there, "checkpoint --key log.pem", 0);
    fs::remove_file(there.join("log.pem.signed")).unwrap();
    rewrite(there, 3, "1.2", "1.9");
    let said = refused(there, "checkpoint --key log.pem", "E0508");
    assert!(said.contains("this is not the history of checkpoint #8"), "{said}");
    assert!(!there.join("log.pem.signed").exists(), "nothing was signed");
}

#[test]
fn a_ledger_written_anew_is_caught_by_an_old_checkpoint() {
    let folder = ledger();
    let there = folder.path();
    ends(there, "checkpoint --name old --key log.pem -o old.note", 0);
    events(there, 5..8);
    ends(there, "checkpoint --name new --key log.pem", 0);
    for seq in [7, 3] {
        rewrite(there, seq, "\"source\":\"ECB\"", "\"source\":\"EZB\"");
        let said = refused(there, "verify", "E0508");
        let (wrong, proven) = if seq == 7 {
            ("new (#8)", "still proven  #1 – #5, checkpoint old (#5)\nnot proven    #6 – #8 (3 events)\nNOT VERIFIED\n")
        } else {
            ("old (#5)", "still proven  nothing\nnot proven    #1 – #8 (8 events)\nNOT VERIFIED\n")
        };
        assert!(said.contains(&format!("this is not the history of checkpoint {wrong}")) && said.ends_with(proven), "{said}");
    }
    // Whoever wrote it anew takes the checkpoints away, and signs their own: the old note tells, and the key.
    fs::remove_dir_all(there.join(".dealbook/checkpoints")).unwrap();
    ends(there, "verify", 0);
    ends(there, "checkpoint --key other.pem", 0);
    ends(there, "verify", 0);
    refused(there, &format!("verify --key {WANG}"), "E0509");
    let said = refused(there, "verify --since old.note", "E0508");
    assert!(said.contains("this is not the history of the checkpoint of #5 that was noted"), "{said}");
    // Cut off, without a trace in the ledger itself.
    let lines: Vec<String> = fs::read_to_string(there.join(SEGMENT)).unwrap().lines().take(4).map(str::to_owned).collect();
    fs::remove_dir_all(there.join(".dealbook/checkpoints")).unwrap();
    relog(there, &lines);
    ends(there, "verify", 0);
    let said = refused(there, "verify --since old.note", "E0508");
    assert!(said.contains("the ledger ends at #4") && said.contains("before the checkpoint of #5 that was noted"), "{said}");
}

#[test]
fn what_is_damaged_is_proven_up_to_the_last_checkpoint() {
    let folder = ledger();
    let there = folder.path();
    ends(there, "checkpoint --name old --key log.pem", 0);
    events(there, 5..9);
    let path = there.join(SEGMENT);
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("\"rate\":\"1.6\"", "\"rate\":\"1.7\"")).unwrap();
    let said = refused(there, "verify", "E0501");
    assert!(said.contains("still proven  #1 – #6, checkpoint old (#5)\n"), "{said}");
    fs::write(&path, text.replace("\"rate\":\"1.2\"", "\"rate\":\"1.3\"")).unwrap();
    assert!(refused(there, "verify", "E0501").contains("still proven  #1 – #2\n"));
    fs::write(&path, &text).unwrap();
    ends(there, "verify", 0);
    // Files among the checkpoints that were changed.
    let note = there.join(".dealbook/checkpoints/00000000000000000005-old.note");
    let kept = fs::read(&note).unwrap();
    // Some of its bytes, because each is a process; `ledger-core/tests/checkpoint.rs` changes every bit.
    for at in (0..kept.len()).step_by(7) {
        let mut changed = kept.clone();
        changed[at] ^= 1;
        fs::write(&note, &changed).unwrap();
        let output = run(there, &["verify", "--key", WANG]);
        assert_eq!(output.status.code(), Some(5), "byte {at}: {}{}", out(&output), err(&output));
    }
    fs::write(&note, kept).unwrap();
    fs::write(there.join(".dealbook/checkpoints/00000000000000000009-x.note"), "nothing").unwrap();
    assert!(refused(there, "verify", "E0509").contains("is no checkpoint as it was kept"));
}

#[test]
fn two_histories_under_one_key_are_shown_by_two_checkpoints() {
    let folder = ledger();
    let there = folder.path();
    let double = there.join("double");
    copy_folder(&there.join(".dealbook"), &double.join(".dealbook"));
    fs::copy(there.join("log.pem"), double.join("log.pem")).unwrap();
    events(there, 5..6);
    events(&double, 6..7);
    ends(there, "checkpoint --key log.pem -o one.note", 0);
    ends(&double, "checkpoint --key log.pem -o ../two.note", 0);
    ends(there, &format!("verify one.note --key {WANG}"), 0);
    ends(there, &format!("verify two.note --key {WANG}"), 0);
    let said = refused(there, &format!("verify one.note two.note --key {WANG}"), "E0510");
    assert!(said.contains("one.note and two.note are two histories of ledger.example.com/demo up to #6"), "{said}");
    refused(there, "verify --since two.note", "E0508");
    ends(there, "verify --since one.note", 0);
    // A ledger knows its own.
    let said = refused(there, &format!("checkpoint --import two.note --of {WANG}"), "E0508");
    assert!(said.contains("this is not the history of the note of #6"), "{said}");
}

#[test]
fn a_key_elsewhere_signs_and_a_witness_cosigns() {
    let folder = ledger();
    let there = folder.path();
    // The ledger, a machine with the key, and a witness.
    let (vault, witness) = (there.join("vault"), there.join("witness"));
    for (machine, key) in [(&vault, "log.pem"), (&witness, "witness.pem")] {
        fs::create_dir(machine).unwrap();
        fs::rename(there.join(key), machine.join(key)).unwrap();
    }
    let (export, _) = ends(there, "checkpoint --export -o export.txt", 0);
    assert_eq!(export, "");
    assert_eq!(
        fs::read_to_string(there.join("export.txt")).unwrap().lines().count(),
        3,
        "nothing to continue yet: the text that is signed"
    );
    ends(&vault, "checkpoint --sign ../export.txt --key log.pem -o ../signed.note", 0);
    ends(there, "checkpoint --import signed.note", 2);
    refused(there, &format!("checkpoint --import signed.note --of {MEI}"), "E0509");
    ends(there, &format!("checkpoint --import signed.note --of {WANG} --name offline"), 0);
    events(there, 5..8);
    ends(there, "checkpoint --export -o export.txt", 0);
    assert!(fs::read_to_string(there.join("export.txt")).unwrap().starts_with("old 5\n"));
    ends(&vault, "checkpoint --sign ../export.txt --key log.pem -o ../signed.note", 0);
    ends(there, "checkpoint --import signed.note --name second", 0);
    // The witness wants the key of the ledger, and signs what continues what it has seen.
    ends(&witness, "checkpoint --cosign ../signed.note --key witness.pem", 2);
    refused(&witness, &format!("checkpoint --cosign ../signed.note --key witness.pem --as mei.example --of {MEI}"), "E0509");
    let cosign = |file: &str| format!("checkpoint --cosign ../{file} --key witness.pem --as mei.example --of {WANG} -o ../cosigned.note");
    ends(&witness, &cosign("signed.note"), 0);
    ends(there, "checkpoint --import cosigned.note --name second", 0);
    let (verified, _) = ends(there, &format!("verify --key {WANG} --key {MEI}"), 0);
    assert!(verified.contains("1 by mei.example, the last of #8 at 2026-04-03T09:00:00Z"), "{verified}");
    let (verified, _) = ends(there, "verify", 0);
    assert!(verified.contains("1 signature by keys that were not given"), "{verified}");
    events(there, 8..9);
    ends(there, "checkpoint --export -o export.txt", 0);
    ends(&vault, "checkpoint --sign ../export.txt --key log.pem -o ../signed.note", 0);
    assert!(refused(&witness, &cosign("signed.note"), "E0408").contains("--since 8 shows it"), "a note alone does not show it");
    ends(there, "checkpoint --import signed.note", 0);
    ends(there, "checkpoint --export --since 8 -o export.txt", 0);
    ends(&witness, &cosign("export.txt"), 0);
    refused(&witness, &cosign("old.note"), "E0303");
    // What was exported is verified as it is: by both keys.
    ends(there, &format!("verify cosigned.note --key {WANG} --key {MEI}"), 0);
    fs::write(there.join("strange.txt"), "what is this\n").unwrap();
    refused(there, "checkpoint --import strange.txt", "E0302");
    refused(there, &format!("verify strange.txt --key {WANG}"), "E0302");
    ends(there, "verify cosigned.note", 2);
}

#[test]
fn a_key_is_replaced_by_both() {
    let folder = ledger();
    let there = folder.path();
    ends(there, "checkpoint --rotate other.pem --key log.pem", 2);
    ends(there, "checkpoint --key log.pem", 0);
    refused(there, "checkpoint --rotate log.pem --key other.pem", "E0405");
    ends(there, "checkpoint --rotate log.pem --key ./log.pem", 2);
    let (note, said) = ends(there, "checkpoint --rotate other.pem --key log.pem --name rotated -o rotated.note", 0);
    assert!(note.is_empty() && said.contains("Appended #6"), "{said}");
    let new = said.lines().find_map(|line| line.strip_prefix("Key ")).unwrap().to_owned();
    refused(there, "checkpoint --key log.pem", "E0405");
    refused(there, "checkpoint --rotate log.pem --key other.pem", "E0405");
    events(there, 5..6);
    ends(there, "checkpoint --key other.pem", 0);
    // Whoever knows one of the keys trusts both, each for its time.
    for key in [WANG, &new] {
        let (verified, _) = ends(there, &format!("verify --key {key}"), 0);
        assert!(verified.contains("checkpoints  ok"), "{verified}");
        ends(there, &format!("verify rotated.note --key {key}"), 0);
    }
    let (log, _) = ends(there, "log type:key.rotated -f csv", 0);
    assert_eq!(log.lines().count(), 2, "{log}");
    let said = refused(there, "record key.rotated --set key=a --set previous=b --set key_signature=c --set previous_signature=d", "E0401");
    assert!(said.contains("dealbook checkpoint --rotate NEW --key OLD"), "{said}");
    refused(there, "correct 6 --reason mistake", "E0419");
    // Put there by other means, with a signature that is none.
    let text = fs::read_to_string(there.join(SEGMENT)).unwrap();
    let at = text.find("\"key_signature\":\"").unwrap() + 17;
    let other = if &text[at..=at] == "A" { "B" } else { "A" };
    let mut lines: Vec<String> = format!("{}{other}{}", &text[..at], &text[at + 1..]).lines().map(str::to_owned).collect();
    lines.truncate(6);
    fs::remove_dir_all(there.join(".dealbook/checkpoints")).unwrap();
    relog(there, &lines);
    assert!(
        refused(there, "verify", "E0509").contains("event #6 does not replace the key that signs: one of the two keys has not signed it")
    );
}

#[test]
fn a_proof_is_verified_without_the_ledger() {
    let folder = ledger();
    let there = folder.path();
    ends(there, "checkpoint --key log.pem", 0);
    events(there, 5..6);
    assert!(refused(there, "prove 6", "E0306").contains("the newest is #5"));
    refused(there, "prove 7", "E0306");
    ends(there, "checkpoint --key log.pem -o new.note", 0);
    ends(there, &format!("checkpoint --cosign new.note --key witness.pem --as mei.example --of {WANG} -o new.note"), 0);
    ends(there, "checkpoint --import new.note", 0);
    let elsewhere = tempfile::tempdir().unwrap();
    let there_too = elsewhere.path();
    for seq in 1..=6 {
        let (proof, _) = ends(there, &format!("prove {seq}"), 0);
        assert!(proof.starts_with("c2sp.org/tlog-proof@v1\nextra ") && proof.contains(&format!("\nindex {}\n", seq - 1)), "{proof}");
        fs::write(there_too.join("x.tlog-proof"), &proof).unwrap();
        let (verified, _) = ends(there_too, &format!("verify x.tlog-proof --key {WANG} --key {MEI}"), 0);
        assert!(verified.contains(&format!("integrity of event #{seq} b3:")), "{verified}");
    }
    let good = fs::read(there_too.join("x.tlog-proof")).unwrap();
    for at in (0..good.len()).step_by(23) {
        let mut changed = good.clone();
        changed[at] ^= 4;
        for (what, bytes) in [("changed", &changed[..]), ("cut off", &good[..at])] {
            fs::write(there_too.join("x.tlog-proof"), bytes).unwrap();
            let output = run(there_too, &["verify", "x.tlog-proof", "--key", WANG, "--key", MEI]);
            // What is not even known for a proof is refused as input.
            assert!(matches!(output.status.code(), Some(3 | 5)), "{what} at {at}: {}{}", out(&output), err(&output));
        }
    }
    assert!(fs::read_dir(there_too).unwrap().count() == 1, "nothing was made");
}

/// The sample, signed.
fn sample() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    ends(folder.path(), "init --sample .", 0);
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/keys/wang.pem");
    fs::copy(from, folder.path().join("log.pem")).unwrap();
    folder
}

#[test]
fn a_bundle_of_everything_or_of_a_period_is_verified_without_the_ledger() {
    let folder = sample();
    let there = folder.path();
    assert!(refused(there, "bundle all -o all.dealbundle", "E0306").contains("no checkpoint covers event #1"));
    assert!(!there.join("all.dealbundle").exists());
    ends(there, "checkpoint --name year --key log.pem", 0);
    events(there, 5..7);
    let (_, said) = ends(there, "bundle all -o all.dealbundle", 0);
    assert_eq!(said, "note: 2 events behind the newest checkpoint stay out: nobody has signed them\n");
    assert!(refused(there, "bundle 2026-04 -o april.dealbundle", "E0306").contains("no checkpoint covers event #2330"));
    ends(there, "checkpoint --name now --key log.pem", 0);
    ends(there, "bundle all -o all.dealbundle", 0);
    ends(there, "bundle all -o again.dealbundle", 0);
    assert_eq!(fs::read(there.join("all.dealbundle")).unwrap(), fs::read(there.join("again.dealbundle")).unwrap());
    ends(there, "bundle 2026-04 -o april.dealbundle", 0);
    ends(there, "bundle 2025Q2 -o quarter.dealbundle", 0);
    refused(there, "bundle 2019 -o x", "E0301");
    refused(there, "bundle agmt-nobody -o x", "E0301");
    let elsewhere = tempfile::tempdir().unwrap();
    let verified = |name: &str| {
        fs::rename(there.join(name), elsewhere.path().join(name)).unwrap();
        ends(elsewhere.path(), &format!("verify {name} --key {WANG}"), 0).0
    };
    let all = verified("all.dealbundle");
    for told in [
        "all events, of dealbook.example/sample",
        "2,330 events hashed, no gaps, the last is #2330 b3:",
        "the root is that of all of them, of checkpoint #2,330",
        "2, each continues the one before",
        "integrity verified to #2330 b3:",
    ] {
        assert!(all.contains(told), "{told}\n{all}");
    }
    let april = verified("april.dealbundle");
    assert!(april.contains("14 events hashed, 2 runs") && april.contains("1 file named, each by its own event"), "{april}");
    let quarter = verified("quarter.dealbundle");
    assert!(quarter.contains("events recorded from 2025-04-01T00:00:00Z on, before 2025-07-01T00:00:00Z"), "{quarter}");
    // The lines in it are the ledger's own, to the byte.
    let text = fs::read_to_string(elsewhere.path().join("all.dealbundle")).unwrap();
    let lines: String = text.split_inclusive('\n').filter(|line| line.starts_with("{\"actor\":")).collect();
    assert_eq!(lines, fs::read_to_string(there.join(SEGMENT)).unwrap());
    refused(elsewhere.path(), &format!("verify all.dealbundle --key {MEI}"), "E0509");
    // A note that was kept is held against it.
    fs::copy(there.join(".dealbook/checkpoints/00000000000000002328-year.note"), elsewhere.path().join("kept.note")).unwrap();
    let (verified, _) = ends(elsewhere.path(), &format!("verify all.dealbundle kept.note --key {WANG}"), 0);
    assert!(verified.contains("all.dealbundle continues kept.note, up to #2,328"), "{verified}");
    for (what, changed) in
        [("changed", text.replacen("\"rate\":\"1.5\"", "\"rate\":\"1.6\"", 1)), ("cut off", text[..text.len() - 1].to_owned())]
    {
        fs::write(elsewhere.path().join("forged.dealbundle"), changed).unwrap();
        let said = refused(elsewhere.path(), &format!("verify forged.dealbundle --key {WANG}"), "E0511");
        assert!(said.ends_with("NOT VERIFIED\n"), "{what}: {said}");
    }
}

#[test]
fn a_bundle_of_everything_continues_what_was_kept_whatever_its_keeper_left_in_it() {
    let folder = ledger();
    let there = folder.path();
    ends(there, "checkpoint --key log.pem -o old.note", 0);
    events(there, 5..8);
    let checkpoints = there.join(".dealbook/checkpoints");
    fs::remove_file(checkpoints.join("00000000000000000005.note")).unwrap();
    ends(there, "checkpoint --key log.pem -o new.note", 0);
    ends(there, "bundle all -o honest.dealbundle", 0);
    let kept = |bundle: &str, note: &str, code: i32| ends(there, &format!("verify {bundle} {note} --key {WANG}"), code);
    let (told, _) = kept("honest.dealbundle", "old.note", 0);
    assert!(told.contains("honest.dealbundle continues old.note, up to #5, by its lines"), "{told}");
    // The same without its end: whoever has the newer note sees that.
    ends(there, "init elsewhere --origin ledger.example.com/other", 0);
    ends(there, "checkpoint -L elsewhere --key other.pem -o other.note", 0);
    let (told, said) = kept("honest.dealbundle", "other.note", 5);
    assert!(told.contains("other.note is of ledger.example.com/other, and honest.dealbundle is not"), "{told}{said}");
    events(there, 8..9);
    ends(there, "checkpoint --key log.pem -o newer.note", 0);
    let (told, said) = kept("honest.dealbundle", "newer.note", 5);
    assert!(told.contains("honest.dealbundle ends before newer.note") && said.contains("E0508"), "{told}{said}");
    // A part of it does not tell, and says so.
    ends(there, "bundle all --sample 1 --seed x -o part.dealbundle", 0);
    let (told, _) = kept("part.dealbundle", "old.note", 0);
    assert!(told.contains("part.dealbundle has no checkpoint of #5, which old.note is; a bundle of all would tell"), "{told}");
    // What else is kept: a proof, what was exported, an older bundle. Two of different sizes do not tell by themselves.
    ends(there, "prove 4 -o kept.proof", 0);
    ends(there, "checkpoint --export --since 5 -o kept.export", 0);
    ends(there, "bundle all -o newer.dealbundle", 0);
    for file in ["kept.proof", "kept.export", "honest.dealbundle"] {
        let (told, _) = kept("newer.dealbundle", file, 0);
        assert!(told.contains(&format!("newer.dealbundle continues {file}, up to #")), "{told}");
    }
    assert!(kept("honest.dealbundle", "kept.proof", 5).1.contains("E0508"), "a proof of what came later");
    let (told, _) = kept("old.note", "kept.proof", 0);
    assert!(told.contains("whether the larger continues the smaller: a bundle of all would tell"), "{told}");
    let (told, _) = kept("part.dealbundle", "newer.dealbundle", 0);
    assert!(told.contains("newer.dealbundle continues part.dealbundle, up to #9"), "{told}");
    fs::remove_dir_all(&checkpoints).unwrap();
    events(there, 9..10);
    ends(there, "checkpoint --key log.pem", 0);
    ends(there, "bundle all --sample 1 --seed x -o lonely.dealbundle", 0);
    let (told, _) = kept("lonely.dealbundle", "part.dealbundle", 0);
    assert!(told.contains("have no checkpoint of one size; bundles of all would tell"), "{told}");
    // Another history under the same key, signed once: its own checkpoint is all that it has.
    fs::remove_dir_all(&checkpoints).unwrap();
    fs::remove_file(there.join("log.pem.signed")).unwrap();
    rewrite(there, 3, "\"rate\":\"1.2\"", "\"rate\":\"9.2\"");
    ends(there, "checkpoint --key log.pem", 0);
    ends(there, "bundle all -o forged.dealbundle", 0);
    ends(there, &format!("verify forged.dealbundle --key {WANG}"), 0);
    let (told, said) = kept("forged.dealbundle", "old.note", 5);
    assert!(told.contains("forged.dealbundle is another history than that of old.note"), "{told}");
    assert!(said.contains("error[E0508]: this is not the history of old.note"), "{said}");
    for file in ["kept.proof", "kept.export", "honest.dealbundle", "newer.dealbundle", "part.dealbundle"] {
        for (one, two) in [(file, "forged.dealbundle"), ("forged.dealbundle", file)] {
            let (told, said) = kept(one, two, 5);
            assert!(told.contains("is another history than that of") && said.contains("error[E0508]: "), "{told}{said}");
        }
    }
    let (told, _) = kept("other.note", "forged.dealbundle", 5);
    assert!(told.contains("other.note is of ledger.example.com/other"), "{told}");
}

#[test]
fn a_witness_alone_vouches_for_what_it_has_signed_and_nothing_behind_it() {
    let folder = ledger();
    let there = folder.path();
    let cosign = format!("checkpoint --cosign old.note --key witness.pem --as mei.example --of {WANG} -o old.note");
    ends(there, "checkpoint --name old --key log.pem -o old.note", 0);
    ends(there, "bundle all -o unsigned.dealbundle", 0);
    ends(there, &cosign, 0);
    ends(there, "checkpoint --import old.note --name old", 0);
    ends(there, "bundle all -o seen.dealbundle", 0);
    ends(there, "prove 2 -o seen.proof", 0);
    for file in ["old.note", "seen.proof", "seen.dealbundle", "unsigned.dealbundle old.note"] {
        let (told, _) = ends(there, &format!("verify {file} --key {MEI}"), 0);
        assert!(told.contains("by mei.example, the last of #5"), "{told}");
    }
    refused(there, &format!("verify unsigned.dealbundle --key {MEI}"), "E0509");
    // Whoever has the file forges what comes behind, and signs with a key of their own.
    events(there, 7..9);
    let anew = there.join(".dealbook/checkpoints");
    copy_folder(&anew, &there.join("cosigned"));
    fs::remove_dir_all(&anew).unwrap();
    ends(there, "checkpoint --key other.pem -o forged.note", 0);
    let old = there.join("cosigned/00000000000000000005-old.note");
    fs::copy(&old, anew.join(old.file_name().unwrap())).unwrap();
    ends(there, "bundle all -o forged.dealbundle", 0);
    ends(there, "prove 6 -o forged.proof", 0);
    for file in ["forged.dealbundle", "forged.proof", "forged.note", "old.note forged.dealbundle", "seen.dealbundle forged.dealbundle"] {
        let said = refused(there, &format!("verify {file} --key {MEI}"), "E0509");
        assert!(!file.contains(' ') || said.contains(&format!("is not signed by {MEI}")), "{said}");
        assert!(said.ends_with("NOT VERIFIED\n"), "{said}");
    }
    let said = refused(there, &format!("verify forged.dealbundle --key {MEI}"), "E0509");
    assert!(said.contains("checkpoint #7 is not signed by") && said.contains("no key of the ledger was given"), "{said}");
    refused(there, &format!("verify seen.dealbundle --key {MEI} --against forged.dealbundle"), "E0509");
}

#[test]
fn a_deal_dossier_has_every_event_of_its_deal_and_nothing_of_others() {
    let folder = sample();
    let there = folder.path();
    ends(there, "checkpoint --key log.pem", 0);
    let (deals, _) = ends(there, "show deals -f json", 0);
    let deals: serde_json::Value = serde_json::from_str(&deals).unwrap();
    let deals: Vec<&str> = deals["data"].as_array().unwrap().iter().map(|deal| deal["deal"].as_str().unwrap()).collect();
    let mut shared = 0;
    for deal in deals.iter().step_by(7) {
        ends(there, &format!("bundle {deal} -o x.dealbundle"), 0);
        let (verified, _) = ends(there, &format!("verify x.dealbundle --key {WANG} --against ."), 0);
        assert!(verified.contains("they are every event of its deal, and none of others\n"), "{verified}");
        let (verified, _) = ends(there, &format!("verify x.dealbundle --key {WANG}"), 0);
        assert!(verified.contains(&format!("deal {deal}, of dealbook.example/sample")), "{verified}");
        let text = fs::read_to_string(there.join("x.dealbundle")).unwrap();
        let lines: Vec<serde_json::Value> =
            text.lines().filter(|line| line.starts_with("{\"actor\":")).map(|line| serde_json::from_str(line).unwrap()).collect();
        let header: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        let left_out: Vec<u64> = header["left_out"].as_array().map_or(vec![], |all| all.iter().map(|seq| seq.as_u64().unwrap()).collect());
        // Every event that the deal is shown with is there, or is told to be left out.
        let (shown, _) = ends(there, &format!("show deal {deal} -f json"), 0);
        let shown: serde_json::Value = serde_json::from_str(&shown).unwrap();
        let here: Vec<u64> = lines.iter().map(|line| line["seq"].as_u64().unwrap()).collect();
        for row in shown["data"].as_array().unwrap() {
            let seq = row["seq"].as_u64().unwrap();
            assert!(here.contains(&seq) != left_out.contains(&seq), "#{seq} of {deal}");
        }
        // No agreement of another deal is named by any line.
        let all = text.lines().filter(|line| line.starts_with("{\"actor\":")).collect::<Vec<_>>().join("\n");
        for other in deals.iter().filter(|other| *other != deal) {
            assert!(!all.contains(&format!("\"{other}\"")), "{other} in the dossier of {deal}");
        }
        shared += left_out.len();
    }
    assert!(shared > 0, "some payout is of several deals");
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let folder = ledger();
    let there = folder.path();
    ends(there, "init elsewhere --origin a+b", 2);
    ends(there, "init elsewhere --origin ledger.example.com/other", 0);
    ends(there, "checkpoint --key log.pem -o own.note", 0);
    ends(there, "checkpoint -L elsewhere --key log.pem -o other.note", 0);
    // A note of another ledger, and one whose signature was changed.
    for command in [&format!("checkpoint --import other.note --of {WANG}"), "verify --since other.note"] {
        let said = refused(there, command, "E0508");
        assert!(
            said.contains("is a checkpoint of `ledger.example.com/other`") && said.contains("this is `ledger.example.com/demo`"),
            "{said}"
        );
    }
    let own = fs::read_to_string(there.join("own.note")).unwrap();
    let at = own.len() - 20;
    let other = if &own[at..=at] == "A" { "B" } else { "A" };
    fs::write(there.join("forged.note"), format!("{}{other}{}", &own[..at], &own[at + 1..])).unwrap();
    for command in ["checkpoint --import forged.note", &format!("verify forged.note --key {WANG}")] {
        let said = refused(there, command, "E0509");
        assert!(said.contains("the signature of") && said.contains("does not hold"), "{said}");
    }
    fs::write(there.join("cut.note"), &own[..own.len() - 1]).unwrap();
    assert!(refused(there, &format!("verify cut.note --key {WANG}"), "E0511").contains("cut.note is no whole checkpoint"));
    // Keys: in PEM, as openssl writes it; several in a file; none.
    let pem = format!("-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA{WANG}\n-----END PUBLIC KEY-----\n");
    fs::write(there.join("log.pub"), pem).unwrap();
    ends(there, "verify own.note --key log.pub", 0);
    fs::write(there.join("both.pub"), format!("{WANG}\n{MEI}\n")).unwrap();
    assert!(refused(there, "verify own.note --key both.pub", "E0509").contains(&format!("nothing here is signed by {MEI}")));
    assert!(refused(there, "verify own.note --key log.pem", "E0405").contains("log.pem holds no public key"));
    refused(there, "verify own.note --key nobody.pub", "E0303");
    // What was exported is a checkpoint with a proof for whoever has the older one.
    events(there, 5..7);
    ends(there, "checkpoint --key log.pem", 0);
    ends(there, "checkpoint --export --since 5 -o export.txt", 0);
    let (verified, _) = ends(there, &format!("verify export.txt --key {WANG}"), 0);
    assert!(verified.contains("that it continues #5, by 4 hashes: for who has that checkpoint"), "{verified}");
    assert!(refused(there, "checkpoint --export --since 99", "E0306").contains("the ledger has no event #99"));
    refused(there, "checkpoint --sign export.txt --key missing.pem", "E0303");
    ends(there, &format!("checkpoint --cosign own.note --key witness.pem --as a+b --of {WANG}"), 2);
    // A ledger whose origin cannot stand under a signature: this program makes none.
    let lines: Vec<String> = fs::read_to_string(there.join(SEGMENT)).unwrap().lines().take(1).map(str::to_owned).collect();
    fs::remove_dir_all(there.join(".dealbook/checkpoints")).unwrap();
    relog(there, &[lines[0].replace("ledger.example.com/demo", "our ledger")]);
    assert!(refused(there, "checkpoint --key log.pem", "E0204").contains("`our ledger` cannot stand under a signature"));
    ends(there, "checkpoint --export -o export.txt", 3);
    fs::write(there.join("export.txt"), "our ledger\n1\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n").unwrap();
    refused(there, "checkpoint --sign export.txt --key log.pem", "E0204");
}

#[test]
fn a_ledger_that_is_too_short_is_not_attacked() {
    let folder = tempfile::tempdir().unwrap();
    ends(folder.path(), "init --name demo", 0);
    let said = refused(folder.path(), "selftest tamper", "E0408");
    assert!(said.contains("a ledger of 1 event cannot be attacked in every way"), "{said}");
}
