//! What an auditor asks for: a sample drawn from a checkpoint and a text of theirs, a statement that a counterparty confirms, and what is other
//! than it was, field by field.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/folders.rs"]
mod folders;
#[path = "support/run.rs"]
mod run;
#[path = "support/tools.rs"]
mod tools;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use ledger_core::bundle::{Header, Kind, Writer};
use ledger_core::checkpoint::Note;
use ledger_core::event::Entry;
use ledger_core::merkle::{Node, Tree};
use ledger_core::sampling::{Drawing, Question};
use tempfile::TempDir;

use folders::copy_folder;
use run::{MEI, SEGMENT, WANG, ends, err, fails, out, refitted, run};

/// A buyer of two sellers of the sample.
const BUYER: &str = "167928086425";

/// The sample, signed as `year`, with a bundle of all of it.
fn ledger() -> TempDir {
    static MADE: OnceLock<TempDir> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        ends(folder.path(), "init --sample .", 0);
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/keys/wang.pem");
        fs::copy(from, folder.path().join("log.pem")).unwrap();
        ends(folder.path(), "checkpoint --name year --key log.pem", 0);
        ends(folder.path(), "bundle all -o all.dealbundle", 0);
        folder
    });
    let copy = tempfile::tempdir().unwrap();
    copy_folder(made.path(), copy.path());
    copy
}

fn rate(folder: &Path, rate: u32) {
    let command = format!("record rate.set -q --set base=EUR --set quote=USD --set rate=1.{rate} --set source=ECB --effective 2025-05-01");
    ends(folder, &command, 0);
}

/// Draws in another language, with its standard library alone; nothing where that is missing.
fn drawn_elsewhere(folder: &Path, file: &str) -> Option<Output> {
    if !tools::can_run("python3", &["--version"]) {
        tools::skip("sample.py", "no python3");
        return None;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/verify/sample.py");
    Some(Command::new("python3").arg(script).arg(file).arg("all.dealbundle").current_dir(folder).output().unwrap())
}

/// Whether it finds fault, where it can be asked.
#[track_caller]
fn fails_elsewhere(folder: &Path, file: &str, why: &str) {
    if let Some(told) = drawn_elsewhere(folder, file) {
        assert!(err(&told).contains(&format!("NOT THE SAME: {why}")), "{}{}", out(&told), err(&told));
    }
}

#[test]
fn a_sample_is_drawn_from_a_checkpoint_and_drawn_again_by_anybody() {
    let bare = tempfile::tempdir().unwrap();
    ends(bare.path(), "init --name demo --origin ledger.example.com/demo", 0);
    fails(bare.path(), "bundle all --sample 5 --seed PwC-7731 -o x", 6, "could change it until the sample pleases");
    assert!(!bare.path().join("x").exists());
    let folder = ledger();
    let there = folder.path();
    let ask = "bundle 2025Q2 --type invoice --sample 8 --seed PwC-7731";
    let (_, said) = ends(there, &format!("{ask} -o sample.dealbundle"), 0);
    assert!(said.contains("USD above: 8 of 51 items, 3 of them whole; 3,252,686.16 of 3,536,551.656653\n"), "{said}");
    assert!(
        said.ends_with(
            "Drawn from the checkpoint of #2328 and `PwC-7731`. Drawn from what is recorded: it does not test for omitted items.\n"
        ),
        "{said}"
    );
    ends(there, &format!("{ask} --party 000057174132 --side selling --currency USD -o narrow.dealbundle"), 0);
    ends(there, "bundle 2025-04..2025-07 --type invoice --sample 8 --seed PwC-7731 -o range.dealbundle", 0);
    assert_eq!(fs::read(there.join("range.dealbundle")).unwrap(), fs::read(there.join("sample.dealbundle")).unwrap());
    ends(there, "bundle all --from-source 12 --seed A --type billing_event --party 000057174132 -o rows.dealbundle", 0);
    ends(there, "bundle all --sample 30 --seed A -o everything.dealbundle", 0);
    ends(there, &format!("bundle 2025Q2 --statement {BUYER} -o statement.dealbundle"), 0);
    // What is recorded later changes nothing of what is drawn at the old checkpoint.
    rate(there, 5);
    ends(there, "checkpoint --name later --key log.pem", 0);
    for at in ["year", "#2328"] {
        ends(there, &format!("{ask} --at {at} -o again.dealbundle"), 0);
        assert_eq!(fs::read(there.join("again.dealbundle")).unwrap(), fs::read(there.join("sample.dealbundle")).unwrap());
    }
    ends(there, &format!("{ask} -o later.dealbundle"), 0);
    assert_ne!(fs::read(there.join("later.dealbundle")).unwrap(), fs::read(there.join("sample.dealbundle")).unwrap());
    // On a machine that has the file alone, and on one that has all of the ledger.
    for name in ["sample", "narrow", "rows", "everything", "statement"] {
        let alone = tempfile::tempdir().unwrap();
        let file = format!("{name}.dealbundle");
        fs::copy(there.join(&file), alone.path().join(&file)).unwrap();
        let (verified, _) = ends(alone.path(), &format!("verify {file} --key {WANG}"), 0);
        assert!(verified.contains("that it is all of it: --against the whole ledger tells"), "{verified}");
        assert_eq!(verified.contains("it does not test for"), name != "statement", "{verified}");
        fs::copy(there.join("all.dealbundle"), alone.path().join("all.dealbundle")).unwrap();
        for against in ["all.dealbundle", there.to_str().unwrap()] {
            let (verified, _) = ends(alone.path(), &format!("verify {file} --key {WANG} --against {against}"), 0);
            let row = verified.lines().find(|line| line.starts_with("against ")).unwrap_or_else(|| panic!("{verified}"));
            let told = if name == "statement" { "summed up again from" } else { "drawn anew from" };
            assert!(row.split_whitespace().nth(1) == Some("ok") && row.contains(told), "{row}");
            assert!(!verified.contains("that it is all of it"), "{verified}");
        }
        fails(alone.path(), &format!("verify {file} --key {MEI} --against all.dealbundle"), 5, "nothing here is signed by");
        if let Some(told) = drawn_elsewhere(there, &file) {
            assert!(told.status.success() && out(&told).starts_with("THE SAME: "), "{name}: {}{}", out(&told), err(&told));
        }
        // A byte here and there; `ledger-core/tests/sampling.rs` changes every one of the tables.
        let good = fs::read(there.join(&file)).unwrap();
        for at in (7..good.len()).step_by(good.len() / 8) {
            let mut changed = good.clone();
            changed[at] ^= 1;
            fs::write(alone.path().join(&file), changed).unwrap();
            let output = run(alone.path(), &["verify", &file, "--key", WANG]);
            assert!(matches!(output.status.code(), Some(3 | 5)), "{name} at {at}: {}{}", out(&output), err(&output));
        }
    }
    // All of another ledger, or of less, is not what it was drawn from.
    let wrong = "it is not the ledger up to the checkpoint of #";
    fails(there, &format!("verify later.dealbundle --key {WANG} --against all.dealbundle"), 5, wrong);
    fails(there, &format!("verify sample.dealbundle --key {WANG} --against rows.dealbundle"), 5, wrong);
}

#[test]
fn what_does_not_fit_a_sample_or_a_statement_is_refused() {
    let folder = ledger();
    for (command, code, told) in [
        ("bundle all --sample 5", 2, "--seed"),
        ("bundle all --seed x", 2, "--sample"),
        ("bundle all --sample 0 --seed x", 2, "a whole number from 1 to 10000"),
        ("bundle all --sample 5 --from-source 5 --seed x", 2, "cannot be used with"),
        ("bundle all --sample 5 --seed x --party 12", 2, "an AWS account has 12 digits"),
        ("bundle all --sample 5 --seed x --currency usd", 2, "a currency has three capital letters"),
        ("bundle 2025Q2 --from-source 5 --seed x", 2, "--from-source goes with `all`"),
        ("bundle all --from-source 5 --seed x --side buying", 2, "--side and --currency do not fit --from-source"),
        ("bundle agmt-x --sample 5 --seed x", 2, "`agmt-x` is no period"),
        ("bundle 2025-07..2025-04 --sample 5 --seed x", 2, "`2025-07..2025-04` ends before it begins"),
        ("bundle all --sample 5 --seed x --type invoce", 6, "did you mean invoice."),
        ("bundle all --from-source 5 --seed x --type invoice", 6, "nothing is of the population: rows of invoice"),
        ("bundle all --sample 5 --seed x --at yaer", 6, "no checkpoint is called `yaer`"),
        ("bundle 2025Q2 --statement 000000000001", 6, "nobody has invoiced 000000000001 before 2025-07-01"),
        ("bundle all --statement 167928086425", 2, "`all` is no period"),
        ("verify all.dealbundle --against all.dealbundle", 2, "--key KEY is wanted"),
        ("verify all.dealbundle all.dealbundle --against .", 2, "--against compares one file"),
    ] {
        fails(folder.path(), command, code, told);
    }
    // Nothing that looks like another text on paper: a break of the line, a blank at an end, another alphabet.
    for seed in ["a\nb", "", " PwC", "PwC ", "P\u{430}C", "a\u{200b}b"] {
        let output = run(folder.path(), &["bundle", "all", "--sample", "5", "--seed", seed]);
        let told = "--seed: a seed is printable ASCII, not empty and with no blank at its ends";
        assert!(output.status.code() == Some(2) && err(&output).contains(told), "{seed:?}: {}", err(&output));
    }
}

/// Everything of a ledger that a forger has.
fn whole(folder: &Path) -> (Vec<Vec<u8>>, Vec<Entry>, Tree) {
    let text = fs::read(folder.join(SEGMENT)).unwrap();
    let lines: Vec<Vec<u8>> = text.strip_suffix(b"\n").unwrap().split(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    let entries = lines.iter().zip(1..).map(|(line, at)| Entry::read(line, at).unwrap()).collect();
    let mut tree = Tree::default();
    lines.iter().for_each(|line| tree.push(Node::leaf(line)));
    (lines, entries, tree)
}

#[test]
fn a_sample_that_the_keeper_steered_agrees_with_itself_and_not_with_the_ledger() {
    let folder = ledger();
    let there = folder.path();
    let (lines, entries, tree) = whole(there);
    let note = Note::parse(&fs::read(there.join(".dealbook/checkpoints/00000000000000002328-year.note")).unwrap()).unwrap();
    // One large invoice is not to be looked at: it is left out of the population.
    let hidden = 726;
    let mut drawing =
        Drawing::new(Question { types: vec!["invoice".to_owned()], ..Question::new(&note.checkpoint, "x", 5, false).unwrap() });
    entries.iter().filter(|entry| entry.seq != hidden).for_each(|entry| drawing.take(entry));
    let sample = drawing.done();
    let chosen: BTreeSet<u64> = sample.lines().chain([1]).collect();
    let mut bytes = Vec::new();
    let header = Header::new(&note.checkpoint.origin, &sample.of(), chosen.len() as u64, vec![]).with(Kind::Sample);
    let mut writer = Writer::begin(&mut bytes, &header).unwrap();
    writer.checkpoint(None, &note).unwrap();
    let mut files = BTreeSet::new();
    for seq in &chosen {
        let at = usize::try_from(seq - 1).unwrap();
        files.extend(entries[at].source.as_ref().and_then(|source| source.import));
        writer.event(&lines[at]).unwrap();
        if !chosen.contains(&(seq + 1)) {
            writer.inclusion(*seq, tree.inclusion(seq - 1, note.checkpoint.size).unwrap()).unwrap();
        }
    }
    for seq in files {
        let ledger_core::event::Event::SourceImported(file) = &entries[usize::try_from(seq - 1).unwrap()].event else { panic!("#{seq}") };
        writer.source(ledger_core::bundle::File { digest: file.digest, file: file.file.clone(), seq }).unwrap();
    }
    writer.sample(&sample).unwrap();
    writer.end().unwrap();
    fs::write(there.join("steered.dealbundle"), bytes).unwrap();
    // Alone it agrees with itself, and nothing more is said of it.
    let (report, _) = ends(there, &format!("verify steered.dealbundle --key {WANG}"), 0);
    for told in
        ["sample       ok", "agrees with itself", "population   not looked at", "stratum      told", "5 wanted; seed `x`; types invoice"]
    {
        assert!(report.contains(told), "{report}\nnot: {told}");
    }
    assert!(!report.contains("of the population"), "{report}");
    fails(there, &format!("verify steered.dealbundle --key {WANG} --against all.dealbundle"), 5, "another sample is drawn");
    fails_elsewhere(there, "steered.dealbundle", "another sample is drawn");
    // A file by another name, which is the keeper's word until the ledger is asked.
    ends(there, "bundle all --type invoice --sample 5 --seed x -o named.dealbundle", 0);
    let text = fs::read_to_string(there.join("named.dealbundle")).unwrap();
    let source = text.lines().find(|line| line.starts_with("{\"type\":\"source\"")).unwrap();
    let renamed = source.replace("\"digest\":\"", "\"digest\":\"0");
    let at = renamed.find("\",\"file\"").unwrap();
    let renamed = format!("{}{}", &renamed[..at - 1], &renamed[at..]);
    refitted(&there.join("named.dealbundle"), &text.replace(source, &renamed));
    ends(there, &format!("verify named.dealbundle --key {WANG}"), 0);
    fails(there, &format!("verify named.dealbundle --key {WANG} --against all.dealbundle"), 5, "is of another file than");
    fails_elsewhere(there, "named.dealbundle", "#");
    // A statement that says another opening balance, and comes to that.
    ends(there, &format!("bundle 2025Q2 --statement {BUYER} -o statement.dealbundle"), 0);
    let text = fs::read_to_string(there.join("statement.dealbundle")).unwrap();
    let forged =
        text.replace("\"opening\":\"855.386253\"", "\"opening\":\"955.386253\"").replace("\"closing\":\"0.00\"", "\"closing\":\"100.00\"");
    refitted(&there.join("statement.dealbundle"), &forged);
    ends(there, &format!("verify statement.dealbundle --key {WANG}"), 0);
    fails(there, &format!("verify statement.dealbundle --key {WANG} --against ."), 5, "it comes to another statement");
    fails_elsewhere(there, "statement.dealbundle", "the ledger comes to another statement");
}

/// A verifier in another language; nothing where it cannot run.
fn python(folder: &Path, args: &[&str]) -> Option<Output> {
    if !tools::can_run("python3", &["-c", "import blake3, cryptography, rfc8785"]) {
        tools::skip("verify.py", "no python3 with blake3, cryptography and rfc8785");
        return None;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/verify/verify.py");
    let key = fs::read_to_string(folder.join(".dealbook/checkpoints/key")).unwrap();
    Some(Command::new("python3").arg(script).args(args).arg(key.trim()).current_dir(folder).output().unwrap())
}

#[test]
fn a_forged_statement_is_caught_alone_or_by_the_whole_ledger_and_it_is_said_by_which() {
    let folder = ledger();
    let there = folder.path();
    ends(there, &format!("bundle 2025Q2 --statement {BUYER} -o honest.dealbundle"), 0);
    let text = fs::read_to_string(there.join("honest.dealbundle")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let line = |begins: &str| *lines.iter().rfind(|line| line.starts_with(begins)).unwrap();
    let balance =
        lines.iter().find(|line| line.starts_with("{\"type\":\"balance\"") && line.contains("\"opening\":\"855.386253\"")).unwrap();
    let row = lines.iter().find(|line| line.starts_with("{\"actor\":") && line.contains("\"invoice.collected\"")).unwrap();
    let digit = row.split("\"amount\":\"").nth(1).unwrap().split('"').next().unwrap();
    let without = |which: &str| format!("{}\n", lines.iter().filter(|line| **line != which).copied().collect::<Vec<_>>().join("\n"));
    // What is forged, and whether the file alone says so.
    let forgeries = [
        ("a closing balance", text.replace(balance, &balance.replace("\"closing\":\"0.00\"", "\"closing\":\"1.00\"")), true),
        (
            "what was collected, and the closing with it",
            text.replace(balance, &balance.replace("\"closing\":\"0.00\",\"collected\":\"", "\"closing\":\"-1000.00\",\"collected\":\"1")),
            true,
        ),
        (
            "an amount of a line",
            text.replace(row, &row.replace(&format!("\"amount\":\"{digit}\""), &format!("\"amount\":\"1{digit}\""))),
            true,
        ),
        ("a line less", without(row), true),
        ("a balance less", without(balance), true),
        ("another party", text.replace(BUYER, "594655187640"), true),
        ("another period", text.replace("2025-07-01T00:00:00Z", "2025-06-01T00:00:00Z"), true),
        (
            "another checkpoint",
            text.replace(line("{\"type\":\"statement\""), &line("{\"type\":\"statement\"").replace("2328", "2327")),
            true,
        ),
        (
            "an opening balance, and the closing with it",
            text.replace("\"opening\":\"855.386253\"", "\"opening\":\"955.386253\"")
                .replace("\"closing\":\"0.00\"", "\"closing\":\"100.00\""),
            false,
        ),
    ];
    let alone = |args: &[&str], what: &str, caught: bool| {
        if let Some(told) = python(there, args) {
            assert_eq!(told.status.success(), !caught, "verify.py, {what}: {}{}", out(&told), err(&told));
        }
    };
    alone(&["honest.dealbundle"], "nothing", false);
    alone(&["honest.dealbundle", "--against", "all.dealbundle"], "nothing", false);
    for (what, forged, is_caught_alone) in forgeries {
        assert_ne!(forged, text, "{what}");
        refitted(&there.join("forged.dealbundle"), &forged);
        let verify = format!("verify forged.dealbundle --key {WANG}");
        let (told, said) = ends(there, &verify, if is_caught_alone { 5 } else { 0 });
        assert!(!is_caught_alone || said.contains("error[E0511]: "), "{what}: {told}{said}");
        assert!(is_caught_alone || told.contains("opening      not looked at"), "{what}: {told}");
        fails(there, &format!("{verify} --against all.dealbundle"), 5, "error[E0511]: ");
        alone(&["forged.dealbundle"], what, is_caught_alone);
        alone(&["forged.dealbundle", "--against", "all.dealbundle"], what, true);
    }
}

#[test]
fn a_dossier_is_chosen_again_from_all_of_the_ledger() {
    let folder = ledger();
    let there = folder.path();
    let (lines, _, tree) = whole(there);
    let note = Note::parse(&fs::read(there.join(".dealbook/checkpoints/00000000000000002328-year.note")).unwrap()).unwrap();
    let (deals, _) = ends(there, "show deals -f csv -q", 0);
    let deal = deals.lines().nth(1).unwrap().split(',').next().unwrap().to_owned();
    ends(there, &format!("bundle {deal} -o honest.dealbundle"), 0);
    let text = fs::read_to_string(there.join("honest.dealbundle")).unwrap();
    let header: serde_json::Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let left_out: Vec<u64> = header["left_out"].as_array().into_iter().flatten().filter_map(serde_json::Value::as_u64).collect();
    let held =
        text.lines().filter(|line| line.starts_with("{\"actor\":")).map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let held: BTreeSet<u64> = held.map(|line| line["seq"].as_u64().unwrap()).collect();
    let sources: Vec<ledger_core::bundle::File> = text
        .lines()
        .filter(|line| line.starts_with("{\"type\":\"source\""))
        .map(|line| serde_json::from_value(serde_json::from_str::<serde_json::Value>(line).unwrap()["value"].take()).unwrap())
        .collect();
    let verified = |chosen: &BTreeSet<u64>, left_out: &[u64], code: i32| {
        let header = Header::new(&note.checkpoint.origin, &format!("deal {deal}"), chosen.len() as u64, left_out.to_vec());
        let mut bytes = Vec::new();
        let mut writer = Writer::begin(&mut bytes, &header).unwrap();
        writer.checkpoint(None, &note).unwrap();
        for seq in chosen {
            writer.event(&lines[usize::try_from(seq - 1).unwrap()]).unwrap();
            if !chosen.contains(&(seq + 1)) {
                writer.inclusion(*seq, tree.inclusion(seq - 1, note.checkpoint.size).unwrap()).unwrap();
            }
        }
        sources.iter().for_each(|file| writer.source(file.clone()).unwrap());
        writer.end().unwrap();
        fs::write(there.join("forged.dealbundle"), bytes).unwrap();
        ends(there, &format!("verify forged.dealbundle --key {WANG}"), 0);
        let (table, said) = ends(there, &format!("verify forged.dealbundle --key {WANG} --against all.dealbundle -f csv"), code);
        table + &said
    };
    assert!(verified(&held, &left_out, 0).contains("they are every event of its deal, and none of others"));
    let mut less = held.clone();
    let gone = *less.iter().find(|seq| **seq > 1 && less.contains(&(**seq + 1))).unwrap();
    less.remove(&gone);
    let told = verified(&less, &left_out, 5);
    // Beside a sample or a statement it would not be compared with anything.
    ends(there, "bundle 2025Q2 --type invoice --sample 8 --seed PwC-7731 -o sample.dealbundle", 0);
    ends(there, &format!("bundle 2025Q2 --statement {BUYER} -o statement.dealbundle"), 0);
    for files in ["forged.dealbundle sample.dealbundle", "statement.dealbundle forged.dealbundle", "sample.dealbundle all.dealbundle"] {
        fails(there, &format!("verify {files} --key {WANG} --against all.dealbundle"), 2, "ask for each by itself");
    }
    fs::copy(there.join(".dealbook/checkpoints/00000000000000002328-year.note"), there.join("year.note")).unwrap();
    let files = "sample.dealbundle statement.dealbundle year.note";
    let (table, _) = ends(there, &format!("verify {files} --key {WANG} --against all.dealbundle"), 0);
    assert_eq!(table.lines().filter(|line| line.starts_with("against ")).count(), 2, "{table}");
    assert!(told.contains(&format!("\n{gone},")) && told.contains(",missing,,,,\n") && told.contains("1 missing of "), "{told}");
    let mut more = held.clone();
    more.insert(2);
    let told = verified(&more, &left_out, 5);
    assert!(told.contains("\n2,") && told.contains(",of others,,,,\n") && told.contains("1 of others of "), "{told}");
    let told = verified(&held, &[&left_out[..], &[2300]].concat(), 5);
    assert!(told.contains("1 left out otherwise than it says of "), "{told}");
}

/// A copy of the log with some lines made into others.
fn tampered(folder: &Path, deed: impl FnOnce(&mut Vec<String>)) -> PathBuf {
    let log = folder.join(SEGMENT);
    let mut lines: Vec<String> = fs::read_to_string(&log).unwrap().lines().map(str::to_owned).collect();
    deed(&mut lines);
    fs::write(&log, lines.iter().map(|line| format!("{line}\n")).collect::<String>()).unwrap();
    log
}

#[test]
fn what_was_done_is_told_field_by_field_with_what_it_does_to_the_money() {
    let against = format!("verify --key {WANG} --against all.dealbundle -f csv");
    let edit = |lines: &mut Vec<String>| lines[725] = lines[725].replace("\"amount\":\"1000000\"", "\"amount\":\"1300000\"");
    type Deed<'a> = &'a dyn Fn(&mut Vec<String>);
    let cases: &[(Deed<'_>, &str, &[&str])] = &[
        (
            &edit,
            "1 edited of 2,328 events",
            &[
                "726,invoice.collected,edited,amount,1000000,1300000,USD\n",
                // By hand: 300,000 more collected, nothing more owed or paid out.
                ",,effect,payouts 000057174132 collected,2312031.04,2612031.04,USD\n",
                ",,effect,payouts 000057174132 not collected yet,35593.67,'-264406.33,USD\n",
            ],
        ),
        (
            &|lines| drop(lines.remove(725)),
            "1 missing of 2,328 events",
            &["726,invoice.collected,missing,,billing_event:", ",,effect,payouts 000057174132 collected,2312031.04,1312031.04,USD\n"],
        ),
        (
            &|lines| lines.insert(726, lines[725].clone()),
            "1 repeated of 2,328 events",
            &["726,invoice.collected,repeated,,,billing_event:", ",,effect,payouts 000057174132 collected,2312031.04,3312031.04,USD\n"],
        ),
        (
            &|lines| lines.insert(726, lines[725].replace(":000057174132:", ":000057174132:new-").replace("1000000", "9")),
            "1 inserted of 2,328 events",
            &["726,invoice.collected,inserted,,,billing_event:", ",,effect,payouts 000057174132 collected,2312031.04,2312040.04,USD\n"],
        ),
        (&|lines| lines.swap(725, 726), "1 moved of 2,328 events", &["moved,,line 72"]),
        (&|lines| lines[725].insert(9, '{'), "1 unreadable of 2,328 events", &["726,invoice.collected,unreadable,,,,\n"]),
        (&|lines| lines.truncate(2_000), "328 cut off of 2,328 events", &["2001,", ",cut off,,up to #2328,,\n"]),
    ];
    for (deed, counted, told) in cases {
        let folder = ledger();
        tampered(folder.path(), deed);
        let (report, said) = ends(folder.path(), &against, 5);
        assert!(said.contains("the ledger here is not what all.dealbundle holds") && said.contains(counted), "{said}");
        for told in *told {
            assert!(report.contains(told), "{report}\nnot: {told}");
        }
    }
    // A bundle that was changed, beside the one that was kept.
    let folder = ledger();
    let there = folder.path();
    let text = fs::read_to_string(there.join("all.dealbundle")).unwrap();
    fs::write(there.join("forged.dealbundle"), text.replacen("\"amount\":\"1000000\"", "\"amount\":\"1300000\"", 1)).unwrap();
    let (report, said) = ends(there, &format!("verify forged.dealbundle --key {WANG} --against all.dealbundle"), 5);
    // By hand: the invoice is one of 300,000 more, which nobody has paid and which counts towards a commitment.
    for told in [
        "415  invoice.issued  edited  amount",
        "payouts 000057174132 gross                        2431710.56  2731710.56  USD",
        "edp PPA-LANTERNHILL-2025 1 marketplace purchases  1022201.36  1322201.36  USD",
        "unchanged: incentives",
    ] {
        assert!(report.contains(told), "{report}\nnot: {told}");
    }
    assert!(said.ends_with("NOT VERIFIED\n"), "{said}");
    // A part is compared with the whole, in that part.
    ends(there, "bundle 2025-06 -o june.dealbundle", 0);
    ends(there, &format!("verify june.dealbundle --key {WANG} --against all.dealbundle"), 0);
    let text = fs::read_to_string(there.join("june.dealbundle")).unwrap();
    fs::write(there.join("june.dealbundle"), text.replacen("\"currency\":\"USD\"", "\"currency\":\"EUR\"", 1)).unwrap();
    let (report, _) = ends(there, &format!("verify june.dealbundle --key {WANG} --against ."), 5);
    assert!(report.contains("what it does to the money takes both whole"), "{report}");
    // What was recorded since is no difference; a history written anew is one, line by line.
    rate(there, 7);
    let (report, _) = ends(there, &format!("verify --key {WANG} --against all.dealbundle"), 0);
    assert!(report.contains("2,328 events of all.dealbundle are in the ledger here, unchanged\n1 event since"), "{report}");
    let (report, _) = ends(there, &format!("verify --key {WANG}"), 0);
    assert!(report.contains("; 1 event behind it is signed by nobody"), "{report}");
    // Each is verified for itself too: a line behind the others whose chain is broken, a key that did not sign, what holds no lines at all.
    let lines = fs::read(there.join(SEGMENT)).unwrap();
    fs::write(there.join("lines.jsonl"), &lines).unwrap();
    let (report, _) = ends(there, "verify lines.jsonl --against .", 0);
    assert!(report.contains("signatures not looked at: there are none"), "{report}");
    let mut more = lines.clone();
    let last = lines.strip_suffix(b"\n").unwrap().rsplit(|byte| *byte == b'\n').next().unwrap();
    more.extend(String::from_utf8_lossy(last).replace("\"seq\":2329", "\"seq\":2330").bytes().chain([b'\n']));
    fs::write(there.join("lines.jsonl"), more).unwrap();
    let (report, said) = ends(there, "verify lines.jsonl --against .", 5);
    assert!(report.contains("inserted") || said.contains("repeated"), "{report}{said}");
    assert!(said.contains("E0501"), "{said}");
    fails(there, &format!("verify all.dealbundle --key {MEI} --against ."), 5, "nothing here is signed by");
    ends(there, "bundle 2025-06 -o part.dealbundle", 0);
    let (report, _) = ends(there, "verify part.dealbundle --against .", 0);
    assert!(report.contains("signatures not looked at: --key"), "{report}");
    fs::copy(there.join(".dealbook/checkpoints/00000000000000002328-year.note"), there.join("year.note")).unwrap();
    fails(there, &format!("verify year.note --key {WANG} --against ."), 3, "year.note has no line of a ledger");
    // A part that calls itself all of it is compared as the part that it is.
    let claims = fs::read_to_string(there.join("part.dealbundle")).unwrap();
    let of = claims.split("\"of\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    refitted(&there.join("claims.dealbundle"), &claims.replacen(&of, "all events", 1));
    let (report, _) = ends(there, &format!("verify claims.dealbundle --key {WANG} --against ."), 0);
    assert!(!report.contains("missing"), "{report}");
    fails(there, &format!("verify --key {MEI} --against all.dealbundle"), 5, "nothing here is signed by");
    fails(there, &format!("verify --key {WANG} --against forged.dealbundle"), 5, "forged.dealbundle is not as it was handed out");
    fails(there, &format!("verify --key {WANG} --against nowhere"), 6, "nowhere");
}

#[test]
fn a_counterparty_confirms_or_differs_or_has_not_answered() {
    let folder = ledger();
    let there = folder.path();
    fs::write(there.join("reply.txt"), "we agree").unwrap();
    let answer = |recipient: &str, amount: &str, more: &str| {
        let period = "--set from=2025-04-01T00:00:00Z --set until=2025-07-01T00:00:00Z --set currency=USD";
        format!("record balance.confirmed -q --set party={BUYER} --set recipient={recipient} --set amount={amount} {period} {more}")
    };
    let by = "--document reply.txt --effective 2025-07-15";
    for (command, told) in [
        (answer("804753256254", "3510.85", "--effective 2025-07-15"), "`document` is missing"),
        (answer("804753256254", "3510.85", "--document reply.txt --effective 2025-06-15"), "nobody confirms a period before it is over"),
        (answer("804753256254", "3510.85", &format!("--set theirs=3510.85 {by}")), "that is to agree"),
        (answer(BUYER, "3510.85", by), "nobody confirms their own books"),
        (answer("804753256254", "3510.85", by).replace("USD", "USQ"), "ISO 4217 does not list it"),
        (answer("804753256254", "3510.85", by).replace("from=2025-04", "from=2025-07"), "it is not after `from`"),
        (answer("804753256254", "3510.85", &format!("--set document={} {by}", "ab".repeat(32))), "leave `document` out of the value"),
    ] {
        let (_, said) = ends(there, &command, 3);
        assert!(said.contains(told), "{said}\nnot: {told}");
    }
    ends(there, &answer("804753256254", "3510.85", by), 0);
    ends(there, &answer("000057174132", "0.00", &format!("--set theirs=12.50 {by}")), 0);
    let (csv, _) = ends(there, "show confirmations -f csv", 0);
    let (table, _) = ends(there, "show confirmations", 0);
    assert!(csv.contains("167928086425,804753256254,2025-04-01,2025-07-01,confirmed,3510.85,3510.85,3510.85,0.00,USD,2329,"), "{csv}");
    assert!(csv.contains("167928086425,000057174132,2025-04-01,2025-07-01,differs,0.00,0.00,12.50,12.50,USD,2330,"), "{csv}");
    assert!(csv.contains("594655187640,000057174132,2025-04-01,2025-07-01,open,,39366.00,,,USD,,\n"), "{csv}");
    assert!(table.contains("12 balances without an answer, of periods that others answered for"), "{table}");
    // The figures are those of the statements.
    ends(there, "bundle 2025Q2 --statement 594655187640 -o statement.dealbundle", 0);
    assert!(fs::read_to_string(there.join("statement.dealbundle")).unwrap().contains("\"closing\":\"39366.00\""));
    let (none, _) = ends(there, "show confirmations -f csv -q --as-of 2025-07-14", 0);
    assert_eq!(none.lines().count(), 1, "{none}");
    let (differs, _) = ends(there, "show confirmations status:differs -f csv -q", 0);
    assert_eq!(differs.lines().count(), 2, "{differs}");
    // An answer that was typed wrongly is corrected, and one to another balance than the ledger's has changed since.
    ends(there, "correct 2330 --reason slip --set amount=12.50 --set theirs=", 0);
    let (csv, _) = ends(there, "show confirmations party:000057174132 status:changed -f csv -q", 0);
    assert!(csv.contains(",changed since,12.50,0.00,12.50,12.50,USD,2331,"), "{csv}");
    ends(there, "correct 2331 --reason slip --set amount=5.00 --set theirs=0.00", 0);
    let (csv, _) = ends(there, "show confirmations status:agrees -f csv -q", 0);
    assert!(csv.contains(",agrees now,5.00,0.00,0.00,0.00,USD,2332,"), "{csv}");
}
