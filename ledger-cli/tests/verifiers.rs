//! Programs that share no code with this one accept what it hands out, and refuse it once it is changed: Python with `cryptography` and
//! `blake3`, the code of Go's checksum database, and a shell with b3sum, jq and openssl.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(dead_code, reason = "the support is shared with other tests")]

mod support;
#[path = "support/tools.rs"]
mod tools;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use base64ct::{Base64, Encoding as _};
use ledger_core::checkpoint::{Kind, Note, PublicKey};
use serde_json::Value;
use support::{dealbook, fixture, printed};
use tools::{can_run, skip};

const NOW: &str = "2026-04-03T09:00:00Z";
/// What is handed out of each ledger.
const HANDED: [&str; 7] =
    ["first.note", "last.note", "second.proof", "all.dealbundle", "month.dealbundle", "sample.dealbundle", "beside.dealbundle"];

/// A ledger that was signed twice, and everything that is handed out of it.
struct Golden {
    name: &'static str,
    folder: tempfile::TempDir,
    key: String,
}

impl Golden {
    /// Each ledger has its way of being made.
    fn all() -> [Self; 3] {
        let vector = format!("copy jsonl:{} sled:.", fixture("vectors/line/three-lines.jsonl").display());
        let feeds = format!("import {}", fixture("scenarios/direct-sale-paid-out/feeds").display());
        [
            Self::made("three lines", &[&vector]),
            Self::made("a sale", &["init --name acme --origin ledger.example.com/acme", &feeds]),
            Self::made("the sample", &["init --sample"]),
        ]
    }

    fn made(name: &'static str, by: &[&str]) -> Self {
        let golden = Self { name, folder: tempfile::tempdir().unwrap(), key: String::new() };
        by.iter().for_each(|words| drop(golden.does(words)));
        fs::copy(fixture("keys/wang.pem"), golden.at("log.pem")).unwrap();
        golden.does("checkpoint --key log.pem -o first.note");
        // openssl has stamped that one, and the stamp goes into its bundles.
        if fs::read(golden.at("first.note")).unwrap().starts_with(b"ledger.example.com/emea\n3\n") {
            golden.does(&format!("checkpoint --stamp {}", fixture("vectors/timestamp/rsa.tsr").display()));
        }
        golden.does("record rate.set --set base=EUR --set quote=USD --set rate=1.1 --set source=ECB --effective 2026-04-01");
        golden.does("checkpoint --key log.pem -o last.note");
        golden.does("prove 2 -o second.proof");
        golden.does("bundle all -o all.dealbundle");
        golden.does("bundle 2026-04 -o month.dealbundle");
        golden.does("bundle all --sample 2 --seed PwC-7731 -o sample.dealbundle");
        // Files and reports beside the lines; of the sample no file is there.
        let feeds = fixture("scenarios/direct-sale-paid-out/feeds").display().to_string();
        let beside = ["bundle", "all", "--files", &feeds, "--allow-missing", "--report", "show payouts", "--report", "log --limit 3"];
        printed(dealbook(golden.folder.path(), NOW, &[&beside[..], &["-o", "beside.dealbundle"]].concat()));
        let key = fs::read_to_string(golden.at(".dealbook/checkpoints/key")).unwrap().trim().to_owned();
        Self { key, ..golden }
    }

    fn does(&self, words: &str) -> String {
        printed(dealbook(self.folder.path(), NOW, &words.split(' ').collect::<Vec<_>>()))
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What was handed out, changed in many ways; each leaves a file that says something else.
    fn tampered(&self, name: &str) -> Vec<(String, Vec<u8>)> {
        let bytes = fs::read(self.at(name)).unwrap();
        // A prime number of them, so that they meet every kind of place; the flipped bit is none that base64 leaves unused.
        let mut all: Vec<(String, Vec<u8>)> = (0..11)
            .map(|part| {
                let at = (bytes.len() - 1) * part / 10;
                let mut flipped = bytes.clone();
                flipped[at] ^= 0x10;
                (format!("byte {at} of {name} is flipped"), flipped)
            })
            .collect();
        all.push((format!("{name} lacks its end"), bytes[..bytes.len() - 1].to_vec()));
        if name.ends_with(".dealbundle") {
            let lines: Vec<Vec<u8>> = bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
            let first = lines.iter().position(|line| line.starts_with(b"{\"actor\":")).unwrap();
            let mut with = |how: &str, edit: &dyn Fn(&mut Vec<Vec<u8>>)| {
                let mut lines = lines[..lines.len() - 1].to_vec();
                edit(&mut lines);
                let text = lines.concat();
                let end =
                    format!("{{\"type\":\"end\",\"value\":{{\"b3\":\"{}\",\"lines\":{}}}}}\n", blake3::hash(&text).to_hex(), lines.len());
                all.push((format!("{how} in {name}, whose end is made to fit"), [text, end.into_bytes()].concat()));
            };
            with("an event is missing", &|lines| drop(lines.remove(first)));
            with("an event is repeated", &|lines| lines.insert(first, lines[first].clone()));
            with("two lines are swapped", &|lines| lines.swap(first, first + 1));
            with("the checkpoints are missing", &|lines| lines.retain(|line| !line.starts_with(b"{\"type\":\"checkpoint\"")));
            let at = |begins: &str| lines.iter().position(|line| line.starts_with(begins.as_bytes()));
            if let Some(piece) = at("{\"type\":\"file\"") {
                let digit = lines[piece].windows(7).position(|part| part == b"\"b64\":\"").unwrap() + 7;
                with("a file is changed", &|lines| lines[piece][digit] ^= 1);
            }
            if let (Some(report), Some(row)) = (at("{\"type\":\"report\""), at("{\"type\":\"answer\"")) {
                with("a row of a report is missing", &|lines| drop(lines.remove(row)));
                with("reports are missing", &|lines| drop(lines.drain(report..)));
            }
            if let Some(stamp) = at("{\"type\":\"time_stamp\"") {
                with("a time stamp is of something else", &|lines| {
                    let other = fs::read(fixture("vectors/timestamp/close-2025-03.tsr")).unwrap();
                    lines[stamp] =
                        format!("{{\"type\":\"time_stamp\",\"value\":{{\"b64\":\"{}\"}}}}\n", Base64::encode_string(&other)).into_bytes();
                });
                with("a time stamp stands before its checkpoint", &|lines| lines.swap(stamp, stamp - 1));
            }
            with("another key signed the newest checkpoint", &|lines| {
                let newest = lines.iter().rposition(|line| line.starts_with(b"{\"type\":\"checkpoint\"")).unwrap();
                let mut record: Value = serde_json::from_slice(&lines[newest]).unwrap();
                let mut note = Note::parse(record["value"]["note"].as_str().unwrap().as_bytes()).unwrap();
                note.signatures.clear();
                note.sign(&note.checkpoint.origin.clone(), &ed25519_dalek::SigningKey::from_bytes(&[7; 32]));
                record["value"]["note"] = note.to_string().into();
                lines[newest] = format!("{record}\n").into_bytes();
            });
            for (at, how, line) in tables(&lines) {
                with(&how, &|lines| lines[at].clone_from(&line));
            }
            with("an event is changed", &|lines| lines[first].insert(b"{\"actor\":\"".len(), b'x'));
        }
        all
    }

    /// What verify.py says of a file; of one that was changed the program says the same.
    fn python(&self, file: &Path) -> Result<(), String> {
        let said = ended(Command::new("python3").arg(verifier("verify.py")).arg(file).arg(&self.key));
        assert_eq!(said.is_ok(), self.verified(file), "{}: {said:?}", self.name);
        said
    }

    /// What the program itself says of a file.
    fn verified(&self, file: &Path) -> bool {
        dealbook(self.folder.path(), NOW, &["verify", file.to_str().unwrap(), "--key", &self.key]).status.success()
    }

    /// Holds a verifier against all that was handed out, and against it tampered with.
    fn held(&self, who: &str, files: &[&str], accepts: &dyn Fn(&Path) -> Result<(), String>) {
        for name in files {
            if let Err(said) = accepts(&self.at(name)) {
                panic!("{who} refuses {name} of {}: {said}", self.name);
            }
            for (how, bytes) in self.tampered(name) {
                let changed = self.at("changed");
                fs::write(&changed, bytes).unwrap();
                assert!(accepts(&changed).is_err(), "{who} accepts {} when {how}", self.name);
            }
        }
    }
}

/// The first line of each kind in the tables of a bundle, with each of its fields changed: where it stands, how it is changed, and the line.
fn tables(lines: &[Vec<u8>]) -> Vec<(usize, String, Vec<u8>)> {
    let mut all = Vec::new();
    for kind in ["sample", "stratum", "item", "row", "statement", "balance"] {
        let begins = format!("{{\"type\":\"{kind}\",");
        let Some(at) = lines.iter().position(|line| line.starts_with(begins.as_bytes())) else { continue };
        let record: Value = serde_json::from_slice(&lines[at]).unwrap();
        for (name, value) in record["value"].as_object().unwrap() {
            // How many items a stratum of money has, and what comes before an item, is the keeper's word.
            if matches!((kind, name.as_str()), ("stratum", "items") | ("item", "before")) {
                continue;
            }
            let other = match value {
                Value::Number(_) if name == "wanted" => 0.into(),
                Value::Number(number) => (number.as_u64().unwrap() + 1).into(),
                Value::String(text) if text.ends_with('0') => format!("{}1", &text[..text.len() - 1]).into(),
                Value::String(text) if text.parse::<f64>().is_ok() => format!("{}0", &text[..text.len() - 1]).into(),
                Value::String(text) => format!("{text}x").into(),
                Value::Bool(is) => (!is).into(),
                Value::Array(values) => Value::Array(values.iter().chain(values.first().or(Some(&Value::from(1)))).cloned().collect()),
                other => panic!("{other}"),
            };
            let mut changed = record.clone();
            changed["value"][name] = other;
            all.push((at, format!("`{name}` of a {kind} is changed"), format!("{changed}\n").into_bytes()));
        }
    }
    all
}

/// A verifier's program in the documents.
fn verifier(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/verify").join(name)
}

/// Whether a verifier accepted, and what it said when it did not.
fn ended(command: &mut Command) -> Result<(), String> {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    match (output.status.code(), said.contains("NOT VERIFIED: ")) {
        (Some(0), _) => Ok(()),
        (Some(1), true) => Err(said),
        _ => panic!("it says neither yes nor no: {said}"),
    }
}

#[test]
fn python_accepts_what_is_handed_out_and_nothing_else() {
    if !can_run("python3", &["-c", "import blake3, cryptography, rfc8785"]) {
        return skip("verify.py", "no python3 with blake3, cryptography and rfc8785");
    }
    for golden in Golden::all() {
        golden.held("python", &HANDED, &|file| golden.python(file));
    }
}

#[test]
fn python_too_wants_a_witness_under_what_is_newest_where_no_key_of_the_ledger_is_known() {
    if !can_run("python3", &["-c", "import blake3, cryptography, rfc8785"]) {
        return skip("verify.py", "no python3 with blake3, cryptography and rfc8785");
    }
    let [_, golden, _] = Golden::all();
    let key = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let witness = PublicKey::named("mei.example", Kind::Cosigner, key.verifying_key()).to_string();
    let cosigned = |which: &str| {
        let mut note = Note::parse(&fs::read(golden.at(which)).unwrap()).unwrap();
        note.cosign("mei.example", &key, 1_775_206_800);
        fs::write(golden.at(which), note.to_string()).unwrap();
        golden.does(&format!("checkpoint --import {which}"));
        golden.does("bundle all -o all.dealbundle");
        golden.does("prove 2 -o second.proof");
    };
    let agree = |name: &str, accepted: bool| {
        let file = golden.at(name);
        let said = ended(Command::new("python3").arg(verifier("verify.py")).arg(&file).arg(&witness));
        let verified = dealbook(golden.folder.path(), NOW, &["verify", name, "--key", &witness]);
        assert_eq!((said.is_ok(), verified.status.success()), (accepted, accepted), "{name}: {said:?}");
    };
    cosigned("first.note");
    agree("first.note", true);
    ["last.note", "all.dealbundle", "second.proof"].into_iter().for_each(|name| agree(name, false));
    cosigned("last.note");
    ["last.note", "all.dealbundle", "second.proof"].into_iter().for_each(|name| agree(name, true));
    // The same once more under a name, which the witness has not signed: it is the same tree.
    golden.does("checkpoint --key log.pem --name again");
    golden.does("bundle all -o all.dealbundle");
    agree("all.dealbundle", true);
}

#[test]
fn python_draws_a_sample_again_and_sums_a_statement_up_again() {
    if !can_run("python3", &["-c", "import blake3, cryptography, rfc8785"]) {
        return skip("verify.py --against", "no python3 with blake3, cryptography and rfc8785");
    }
    let [.., golden] = Golden::all();
    golden.does("bundle 2025Q2 --statement 167928086425 -o statement.dealbundle");
    golden.does("bundle all --from-source 3 --seed PwC-7731 --type billing_event -o rows.dealbundle");
    let held = |name: &str, whole: &str| {
        let mut python = Command::new("python3");
        python.arg(verifier("verify.py")).arg(golden.at(name)).arg("--against").arg(golden.at(whole));
        ended(python.arg(&golden.key))
    };
    golden.held("python", &["statement.dealbundle", "rows.dealbundle"], &|file| golden.python(file));
    for name in ["sample.dealbundle", "statement.dealbundle", "rows.dealbundle"] {
        assert_eq!(held(name, "all.dealbundle"), Ok(()), "{name}");
        assert!(held(name, "month.dealbundle").is_err(), "{name} against a part of the ledger");
    }
}

#[test]
fn the_code_of_gos_checksum_database_accepts_notes_and_proofs_and_nothing_else() {
    let place = Path::new("/usr/share/gocode");
    if !can_run("go", &["version"]) || !place.join("src/golang.org/x/mod/sumdb/note").is_dir() {
        return skip("verify.go", "no go with golang.org/x/mod");
    }
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("verify");
    let mut build = Command::new("go");
    build.args(["build", "-o"]).arg(&program).arg(verifier("verify.go")).envs([("GO111MODULE", "off"), ("GOFLAGS", "")]);
    let built = build.env("GOPATH", place).env("GOCACHE", folder.path().join("cache")).output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    for golden in Golden::all() {
        let nothing = Command::new(&program).arg(&golden.key).output().unwrap();
        assert!(nothing.status.code() == Some(2) && nothing.stderr.starts_with(b"usage: "), "{nothing:?}");
        golden.held("go", &HANDED[..3], &|file| ended(Command::new(&program).arg(&golden.key).arg(file)));
    }
}

#[test]
fn a_shell_accepts_whole_ledgers_and_nothing_else() {
    if let Some(missing) = ["b3sum", "jq", "openssl"].into_iter().find(|tool| !can_run(tool, &["--help"])) {
        return skip("verify.sh", &format!("no {missing}"));
    }
    // Every hash is a process of its own there: not the sample.
    for golden in Golden::all().iter().take(2) {
        let public = golden.at("log.pub");
        let openssl = Command::new("openssl").args(["pkey", "-pubout", "-in"]).arg(golden.at("log.pem")).arg("-out").arg(&public).output();
        assert!(openssl.unwrap().status.success());
        golden.held("the shell", &["all.dealbundle", "beside.dealbundle"], &|file| {
            ended(Command::new("sh").arg(verifier("verify.sh")).arg(file).arg(&public))
        });
    }
}
