//! A checkpoint was there not later than an authority says (RFC 3161): openssl answers what is asked here, nothing is kept that does not hold,
//! and what is kept is held against its checkpoint whenever the ledger is verified.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(dead_code, reason = "the support is shared with other tests")]

#[path = "support/run.rs"]
mod run;
mod support;
#[path = "support/tools.rs"]
mod tools;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use support::{dealbook, fixture};
use tools::{can_run, skip};

const NOW: &str = "2026-04-03T09:10:00Z";

/// What a command prints that must end with a code: standard output and standard error.
#[track_caller]
fn ends(folder: &Path, words: &str, code: i32) -> String {
    let Output { status, stdout, stderr } = dealbook(folder, NOW, &words.split(' ').collect::<Vec<_>>());
    let said = String::from_utf8(stdout).unwrap_or_default() + &String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(code), "{words}\n{said}");
    said
}

/// The ledger of three lines that the vectors are of, signed; and the vectors beside it.
fn ledger() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path();
    for file in fs::read_dir(fixture("vectors/timestamp")).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), there.join(file.file_name())).unwrap();
    }
    fs::copy(fixture("keys/wang.pem"), there.join("log.pem")).unwrap();
    ends(there, &format!("copy jsonl:{} sled:.", fixture("vectors/line/three-lines.jsonl").display()), 0);
    ends(there, "checkpoint --name first --key log.pem -o first.note", 0);
    folder
}

const KEPT: &str = ".dealbook/checkpoints/00000000000000000003-first.tsr";
const BY_RSA: &str = "#1 – #3 were recorded not later than 2026-04-03T09:05:01.500000Z, by the time stamp of tsa.example; recorded_at itself is the recorder's clock";

#[test]
fn a_time_stamp_is_asked_for_kept_and_verified() {
    let folder = ledger();
    let there = folder.path();
    for which in ["", " first", " 3", " #3"] {
        let said = ends(there, &format!("checkpoint --stamp-request{which} -o asked.tsq"), 0);
        assert_eq!(said, "To stamp checkpoint first (#3)\n");
        assert_eq!(fs::read(there.join("asked.tsq")).unwrap(), fs::read(there.join("three-lines.tsq")).unwrap(), "{which}");
    }
    assert!(!ends(there, "verify", 0).contains("time stamps"));
    let said = ends(there, "checkpoint --stamp rsa.tsr", 0);
    assert!(said.starts_with("Checkpoint first (#3) was there not later than 2026-04-03T09:05:01.500000Z, says tsa.example, whose certificate was not looked at: --tsa\n"), "{said}");
    assert!(said.contains(&format!("Kept in {KEPT}\n")), "{said}");
    let said = ends(there, "verify -f csv", 0);
    assert!(said.contains("\ntime stamps,not looked at,\"1 by tsa.example, the last of #3 at 2026-04-03T09:05:00Z; no certificate was given that you trust: --tsa\"\n"), "{said}");
    assert!(!said.contains("recorded not later"), "{said}");
    let said = ends(there, "verify --tsa root.pem", 0);
    assert!(said.contains("time stamps  ok             1 by tsa.example, the last of #3 at 2026-04-03T09:05:00Z\n"), "{said}");
    assert!(said.contains(&format!("not covered\n{BY_RSA}\n")), "{said}");
    // The same once more is kept once; another is kept beside it, and the earlier time counts.
    let said = ends(there, "checkpoint --stamp rsa.tsr --tsa rsa.pem", 0);
    assert!(said.contains(", says tsa.example, whom you trust\n"), "{said}");
    let said = ends(there, "checkpoint --stamp ecdsa.tsr --tsa root.pem --name first", 0);
    assert!(said.contains(", says tsa-ec.example, whom Example Root CA vouches for\n") && said.contains("-first+2.tsr\n"), "{said}");
    let said = ends(there, "verify --tsa root.pem", 0);
    assert!(
        said.contains("time stamps  ok             2, the last by tsa.example of #3 at ")
            && said.contains("not later than 2026-04-03T09:05:00.002000Z, by the time stamp of tsa-ec.example"),
        "{said}"
    );
    let said = ends(there, "verify --tsa rsa.pem -f csv", 0);
    assert!(said.contains("\nother stamps,not looked at,\"1 by tsa-ec.example, the last of #3 at "), "{said}");
    // Signing goes on beside them.
    ends(there, "checkpoint --key log.pem", 0);
}

#[test]
fn nothing_is_kept_that_does_not_hold() {
    let folder = ledger();
    let there = folder.path();
    for (reply, tsa, why) in [
        ("expired.tsr", "root.pem", "was not valid then"),
        ("another-use.tsr", "root.pem", "is not one for time stamping"),
        ("rsa.tsr", "another-root.pem", "leads to none that you trust"),
        ("rejected.tsr", "root.pem", "the authority did not grant it: status 2"),
        ("close-2025-03.tsr", "root.pem", "it stamps no checkpoint that is kept here"),
        ("first.note", "root.pem", "it is no reply of a time stamping authority"),
    ] {
        let said = ends(there, &format!("checkpoint --stamp {reply} --tsa {tsa}"), 5);
        assert!(said.starts_with(&format!("error[E0513]: {reply} was not kept\nbecause: ")) && said.contains(why), "{said}");
    }
    let said = ends(there, "checkpoint --stamp rsa.tsr --name second", 5);
    assert!(said.contains("it stamps no checkpoint that is called second"), "{said}");
    let said = ends(there, "checkpoint --stamp rsa.tsr --tsa rsa.tsr", 3);
    assert!(said.contains("error[E0405]: rsa.tsr holds no certificate"), "{said}");
    let said = ends(there, "checkpoint --stamp-request second", 6);
    assert!(said.contains("error[E0301]: no checkpoint is called `second`\nbecause: there are first (#3)"), "{said}");
    assert!(fs::read_dir(there.join(".dealbook/checkpoints")).unwrap().all(|file| !file.unwrap().path().ends_with(".tsr")));
    fs::remove_dir_all(there.join(".dealbook/checkpoints")).unwrap();
    assert!(ends(there, "checkpoint --stamp-request", 6).contains("error[E0301]: there is no checkpoint"));
}

#[test]
fn what_is_kept_and_does_not_hold_is_found() {
    let folder = ledger();
    let there = folder.path();
    let said = ends(there, "verify --tsa root.pem", 5);
    assert!(said.contains("error[E0513]: no time stamp here leads to Example Root CA"), "{said}");
    ends(there, "checkpoint --stamp rsa.tsr", 0);
    let said = ends(there, "verify --tsa another-root.pem", 5);
    assert!(said.contains("error[E0513]: no time stamp here leads to Another Root CA"), "{said}");
    let honest = fs::read(there.join(KEPT)).unwrap();
    let mut bytes = honest.clone();
    *bytes.last_mut().unwrap() ^= 1;
    for (bytes, why) in [
        (&bytes[..], "it is not as it was signed: its signature does not hold"),
        (&honest[..honest.len() - 1], "it is not the DER of RFC 3161"),
        (&fs::read(there.join("close-2025-03.tsr")).unwrap()[..], "it stamps something else"),
    ] {
        fs::write(there.join(KEPT), bytes).unwrap();
        for words in ["verify", "verify --full"] {
            let said = ends(there, words, 5);
            assert!(
                said.contains("error[E0513]: 00000000000000000003-first.tsr proves no time of a checkpoint\nbecause: ")
                    && said.contains(why),
                "{said}"
            );
            assert!(said.contains("NOT VERIFIED"), "{said}");
        }
    }
    // Beside no checkpoint it stamps none.
    fs::write(there.join(KEPT), &honest).unwrap();
    fs::rename(there.join(KEPT), there.join(KEPT.replace("first", "second"))).unwrap();
    assert!(ends(there, "verify", 5).contains("-second.tsr proves no time of a checkpoint\nbecause: it stamps something else"));
}

#[test]
fn a_note_and_its_time_stamp_are_verified_without_a_ledger() {
    let folder = ledger();
    let there = folder.path();
    fs::remove_dir_all(there.join(".dealbook")).unwrap();
    let said = ends(there, "verify first.note rsa.tsr --tsa root.pem", 0);
    assert!(said.contains("signatures   not looked at  no key is known: --key\n"), "{said}");
    assert!(said.contains("time stamps  ok             1 by tsa.example, the last of #3 at 2026-04-03T09:05:00Z\n"), "{said}");
    assert!(said.contains("is said to be signed up to #3;") && said.contains(BY_RSA), "{said}");
    let said = ends(there, "verify first.note rsa.tsr --key Guz8SB7ZTqZo0bSg/QaT87fuXoymthNJjtb1UppHMxM= --tsa root.pem", 0);
    assert!(said.contains("is signed up to #3;") && said.contains(BY_RSA), "{said}");
    let said = ends(there, "verify first.note rsa.tsr --key Guz8SB7ZTqZo0bSg/QaT87fuXoymthNJjtb1UppHMxM=", 0);
    assert!(said.contains("; no certificate was given that you trust: --tsa") && !said.contains(BY_RSA), "{said}");
    assert!(ends(there, "verify first.note rsa.tsr", 2).contains("--key KEY is wanted"));
    for (files, why) in [
        ("first.note rsa.tsr --tsa another-root.pem", "no time stamp here leads to Another Root CA"),
        ("first.note --tsa root.pem", "no time stamp here leads to Example Root CA"),
        ("rsa.tsr --tsa root.pem", "rsa.tsr proves no time of a checkpoint\nbecause: it stamps something else"),
        ("first.note rejected.tsr --tsa root.pem", "because: the authority did not grant it"),
        ("first.note close-2025-03.tsr --tsa root.pem", "because: it stamps something else"),
    ] {
        let said = ends(there, &format!("verify {files}"), 5);
        assert!(said.contains(why) && said.contains("error[E0513]: "), "{files}\n{said}");
    }
}

#[test]
fn a_bundle_takes_its_time_stamps_along() {
    const WANG: &str = "Guz8SB7ZTqZo0bSg/QaT87fuXoymthNJjtb1UppHMxM=";
    let folder = ledger();
    let there = folder.path();
    ends(there, "bundle all -o bare.dealbundle", 0);
    ends(there, "checkpoint --stamp rsa.tsr", 0);
    ends(there, "checkpoint --stamp ecdsa.tsr", 0);
    ends(there, "bundle all -o all.dealbundle", 0);
    ends(there, "bundle all --sample 1 --seed x -o sample.dealbundle", 0);
    // A stamp that is of something else goes nowhere.
    let honest = fs::read(there.join(KEPT)).unwrap();
    fs::copy(there.join("close-2025-03.tsr"), there.join(KEPT)).unwrap();
    let said = ends(there, "bundle all -o none.dealbundle", 5);
    assert!(said.starts_with("error[E0513]: 00000000000000000003-first.tsr stamps something else than checkpoint first (#3)\n"), "{said}");
    assert!(!there.join("none.dealbundle").exists());
    fs::write(there.join(KEPT), honest).unwrap();
    // On a machine without the ledger.
    fs::remove_dir_all(there.join(".dealbook")).unwrap();
    let verified = |file: &str, tsa: &str, code: i32| ends(there, &format!("verify {file}.dealbundle --key {WANG}{tsa}"), code);
    for file in ["all", "sample"] {
        let said = verified(file, " --tsa root.pem", 0);
        assert!(said.contains("time stamps   ok") || said.contains("time stamps  ok"), "{said}");
        assert!(said.contains("2, the last by tsa.example of #3") && said.contains("by the time stamp of tsa-ec.example"), "{said}");
        let said = verified(file, "", 0);
        assert!(said.contains("; no certificate was given that you trust: --tsa") && !said.contains("recorded not later"), "{said}");
        let said = verified(file, " --tsa another-root.pem", 5);
        assert!(said.contains("error[E0513]: no time stamp here leads to Another Root CA"), "{said}");
    }
    assert!(verified("bare", " --tsa root.pem", 5).contains("error[E0513]: no time stamp here leads to Example Root CA"));
    assert!(ends(there, "verify bare.dealbundle --tsa root.pem", 2).contains("--key KEY is wanted"));
    // Changed, with an end that fits: the stamp is damage, whether its authority is trusted or not.
    let text = fs::read_to_string(there.join("all.dealbundle")).unwrap();
    let stamp = text.lines().find(|line| line.starts_with("{\"type\":\"time_stamp\"")).unwrap();
    let at = stamp.len() - 20;
    let forged = format!("{}{}{}", &stamp[..at], if &stamp[at..=at] == "A" { "B" } else { "A" }, &stamp[at + 1..]);
    run::refitted(&there.join("forged.dealbundle"), &text.replace(stamp, &forged));
    for tsa in ["", " --tsa root.pem"] {
        let said = verified("forged", tsa, 5);
        assert!(
            said.contains("error[E0513]: the time stamp of checkpoint first (#3) proves no time of a checkpoint")
                && said.contains("its signature does not hold"),
            "{said}"
        );
    }
    // With openssl, as docs/formats/bundle.md says.
    if can_run("openssl", &["version"]) {
        let coded = stamp.split("\"b64\":\"").nth(1).unwrap().trim_end_matches("\"}}");
        fs::write(there.join("coded"), format!("{coded}\n")).unwrap();
        assert!(openssl(there, "base64 -d -A -in coded -out stamp.tsr").status.success());
        let note = fs::read_to_string(there.join("first.note")).unwrap();
        fs::write(there.join("text"), note.split_inclusive('\n').take(3).collect::<String>()).unwrap();
        let said = openssl(there, "ts -verify -in stamp.tsr -data text -CAfile root.pem -attime 1775207100");
        assert!(said.status.success(), "{said:?}");
    }
}

/// Runs openssl in a folder; what it ends with decides.
fn openssl(folder: &Path, words: &str) -> Output {
    Command::new("openssl").args(words.split(' ')).current_dir(folder).output().unwrap()
}

#[test]
fn openssl_answers_what_is_asked_and_accepts_the_answer() {
    if !can_run("openssl", &["version"]) {
        return skip("openssl ts", "no openssl");
    }
    let folder = ledger();
    let there = folder.path();
    let does = |words: &str| {
        let output = openssl(there, words);
        assert!(output.status.success(), "openssl {words}\n{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    let config = "[req]\ndistinguished_name = d\n[d]\n[stamping]\nbasicConstraints = critical,CA:false\nextendedKeyUsage = critical,timeStamping\n\
                  [t]\nserial = serial\ndefault_policy = 1.3.6.1.4.1.32473.1\ndigests = sha256\nsigner_digest = sha512\ness_cert_id_alg = sha256\n";
    fs::write(there.join("tsa.cnf"), config).unwrap();
    fs::write(there.join("serial"), "01\n").unwrap();
    does(
        "req -x509 -newkey rsa:2048 -nodes -config tsa.cnf -extensions stamping -subj /CN=today.example -days 2 -keyout tsa.key -out tsa.pem",
    );
    ends(there, "checkpoint --stamp-request -o asked.tsq", 0);
    let query = does("ts -query -in asked.tsq -text");
    assert!(query.contains("Hash Algorithm: sha256") && query.contains("Certificate required: yes"), "{query}");
    does("ts -reply -config tsa.cnf -section t -queryfile asked.tsq -signer tsa.pem -inkey tsa.key -out answer.tsr");
    does("ts -verify -in answer.tsr -queryfile asked.tsq -CAfile tsa.pem -partial_chain");
    let said = ends(there, "checkpoint --stamp answer.tsr --tsa tsa.pem", 0);
    assert!(said.contains("says today.example, whom you trust\n"), "{said}");
    assert!(ends(there, "verify --tsa tsa.pem", 0).contains("by the time stamp of today.example"));
    // By hand: what is stamped is the digest of the first three lines of the note.
    let note = fs::read_to_string(there.join("first.note")).unwrap();
    fs::write(there.join("text"), note.split_inclusive('\n').take(3).collect::<String>()).unwrap();
    let moment = ["-attime", "1775207100"].join(" ");
    for reply in ["rsa.tsr", "ecdsa.tsr"] {
        let said = does(&format!("ts -verify -in {reply} -data text -CAfile root.pem {moment}"));
        assert!(said.contains("Verification: OK"), "{said}");
    }
    assert!(!openssl(there, &format!("ts -verify -in rsa.tsr -data text -CAfile another-root.pem {moment}")).status.success());
}
