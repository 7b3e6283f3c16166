//! A month that was closed by another version of the program: what it says, and how two people restate it; and what comes after a close.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::path::Path;
use std::process::{Command, Output};

use dealbook::session::States;
use ledger_core::chain::Hash;
use ledger_core::event::{Draft, Entry, Event};
use ledger_core::money::Amount;
use ledger_core::time::Instant;
use ledger_store::backend::{self, sled::Options};
use ledger_store::ledger::Ledger;

const NOW: &str = "2026-04-03T09:00:00Z";
const WANG: &str = "key=Guz8SB7ZTqZo0bSg/QaT87fuXoymthNJjtb1UppHMxM=";

fn fixture(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures").join(name).display().to_string()
}

fn run(folder: &Path, now: &str, line: &str) -> Output {
    let words = line.split(' ').map(|word| word.replace("{fixtures}", &fixture("")).replace('_', " "));
    let words = words.map(|word| if word.contains('=') || word.contains('/') { word.replace(' ', "_") } else { word });
    Command::new(env!("CARGO_BIN_EXE_dealbook")).args(words).current_dir(folder).env_clear().env("DEALBOOK_NOW", now).output().unwrap()
}

#[track_caller]
fn ends_at(folder: &Path, now: &str, line: &str, code: i32) -> String {
    let output = run(folder, now, line);
    let told = String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(code), "{line}\n{told}");
    told
}

#[track_caller]
fn ends(folder: &Path, line: &str, code: i32) -> String {
    ends_at(folder, NOW, line, code)
}

/// March, reconciled, and nothing in the way of its close.
fn reconciled() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path();
    ends(there, "init --name acme", 0);
    ends(there, "import {fixtures}/bills/month-end/feeds", 0);
    ends(there, "import {fixtures}/bills/month-end/feeds-april", 0);
    let policy = "record policy.set --effective 2026-01-01 --set policy=closing --set parameters.usd_open=99999.00 --actor li";
    ends(there, policy, 0);
    ends(there, &format!("record person.registered --set person=wang --set {WANG} --actor li"), 0);
    ends(there, "approve 30 --actor wang --key {fixtures}/keys/wang.pem", 0);
    ends(there, "reconcile 2026-03 {fixtures}/bills/month-end/cur2-2026-03.csv --actor li", 4);
    folder
}

/// The ledger of a folder.
fn place(folder: &Path) -> String {
    folder.join(".dealbook").display().to_string()
}

/// Closes March as a program would have that came to 16,000.00 where this one comes to 16,470.00: the close is prepared beside, and its text is
/// another.
fn closed_by_another_program() -> tempfile::TempDir {
    let beside = reconciled();
    ends(beside.path(), "close 2026-03 --actor li", 0);
    let source = backend::read(&place(beside.path())).unwrap();
    let Entry { event, actor, effective_at, .. } = Entry::read(&source.line(34).unwrap().unwrap(), 34).unwrap();
    let Event::PeriodClosed(mut closed) = event else { panic!("{event:?}") };
    let payouts = closed.reports.iter_mut().find(|report| report.report == "payouts").unwrap();
    assert!(payouts.data.contains("\"16470.00\""), "{}", payouts.data);
    payouts.data = payouts.data.replace("\"16470.00\"", "\"16000.00\"");
    payouts.digest = Hash::of(payouts.data.as_bytes());
    let folder = reconciled();
    let opened = backend::open(&place(folder.path()), Options::default()).unwrap();
    let mut ledger = Ledger::open(opened.log, None, States::default()).unwrap();
    let now: Instant = NOW.parse().unwrap();
    ledger.stage(now, Draft { actor, effective_at, event: Event::PeriodClosed(closed), source: None }).unwrap();
    ledger.commit().unwrap();
    ledger.close().unwrap();
    folder
}

const SIGN: &str = "approve 34 --actor wang --key {fixtures}/keys/wang.pem";

#[test]
fn a_close_of_another_program_is_restated_by_two() {
    let folder = closed_by_another_program();
    let there = folder.path();
    ends(there, "close 2026-03 --restate --note x --actor li", 3);
    ends(there, SIGN, 0);
    // Neither tampering, which ends with 5, nor fine.
    let told = ends(there, "check closed -f csv", 4);
    assert!(told.contains("FAIL  closed  1 month, 5 reports: 4 as closed, 1 not as closed"), "{told}");
    assert!(told.contains("2026-03,payouts,net_revenue,USD,16000.00,16470.00,470.00,\n"), "{told}");
    let told = ends(there, "verify --full", 4);
    for line in
        ["differs  1 month, 5 reports: 4 as closed, 1 not as closed", "2026-03 payouts: net owed closed 16,000.00, now 16,470.00 USD"]
    {
        assert!(told.contains(line) && told.contains("integrity verified to #35"), "{told}");
    }
    assert!(told.contains("dealbook close 2026-03 --restate --note TEXT") && !told.contains("NOT VERIFIED"), "{told}");
    ends(there, "verify", 0);
    let told = ends(there, "show payouts --as-of 2026-03-31", 0);
    assert!(told.contains("net owed 16,000.00 USD · after close +470.00 USD, 0 events · dealbook verify --full"), "{told}");

    assert!(ends(there, "close 2026-03 --restate", 2).contains("--note"), "a reason is wanted");
    assert!(ends(there, "close 2026-03 --restate --note  --actor li", 3).contains("who restates what was closed says why"));
    assert!(ends(there, "close 2026-02 --restate --note x --actor li", 3).contains("it is not closed yet"));
    let told = ends(there, "close 2026-03 --restate --note by_day --actor li", 0);
    assert!(told.contains("close.restated") && told.contains("Prepared the restatement of 2026-03"), "{told}");
    // It counts when somebody else has signed it.
    ends(there, "check closed", 4);
    assert!(ends(there, "approve 36 --actor li --key {fixtures}/keys/mei.pem", 3).contains("nobody approves an entry of their own"));
    ends(there, "approve 36 --actor wang --key {fixtures}/keys/wang.pem", 0);
    assert!(ends(there, "check closed", 0).contains("1 month, 5 reports: 4 as closed, 1 as restated"));
    assert!(ends(there, "verify --full", 0).contains("4 as closed, 1 as restated"));
    let told = ends(there, "show payouts --as-of 2026-03-31", 0);
    assert!(told.contains("closed 2026-03 at #35, restated at #36: net owed 16,470.00 USD · after close 0.00 USD, 0 events\n"), "{told}");
    // Before it counted, the close stands as it was.
    ends(there, "check closed --known-at #36", 4);
    assert!(ends(there, "close 2026-03 --restate --note again --actor li", 3).contains("every closed report comes to what it was"));
    assert!(ends(there, "correct 36 --reason no --actor li", 3).contains("a close is not opened again"));
    assert!(
        ends(there, "record close.restated --set close=34 --set month=2026-03-01T00:00:00Z --set note=x --set part=1 --set parts=1", 3)
            .contains("a verb of its own records this")
    );
}

#[test]
fn what_an_answer_says_was_closed_is_asked_again() {
    let folder = reconciled();
    let there = folder.path();
    ends(there, "close 2026-03 --actor li", 0);
    ends(there, SIGN, 0);
    ends(there, "show payouts --as-of 2026-03-31 -o kept.json", 0);
    assert!(ends(there, "verify --receipt kept.json", 0).contains("what is told beside the rows as answered"));
    let text = std::fs::read_to_string(there.join("kept.json")).unwrap();
    let forged = text.replace("\"closed\":\"16470.00\"", "\"closed\":\"99999.00\"");
    assert_ne!(forged, text);
    std::fs::write(there.join("kept.json"), forged).unwrap();
    assert!(ends(there, "verify --receipt kept.json", 5).contains("kept.json: closed of what is told beside the rows"));
}

#[test]
fn what_comes_after_a_close_is_posted_in_the_month_that_was_open() {
    let folder = reconciled();
    let there = folder.path();
    ends(there, "close 2026-03 --actor li", 0);
    assert!(ends(there, "show payouts --as-of 2026-03-31 --known-at close-2026-03", 6).contains("2026-03 is not closed"));
    ends(there, SIGN, 0);
    // A name means the close, in every place where a point is asked for.
    assert!(ends(there, "replay --to close-2026-03", 0).contains("#35"));
    assert!(ends(there, "log --known-at close-2026-03 --limit 1", 0).contains("entry.approved"));
    // In May nothing of April is closed: what is dated March goes to April, as it was the first open month.
    ends_at(there, "2026-05-03T09:00:00Z", "import {fixtures}/bills/month-end/feeds-late", 0);
    let journal = |words: &str| ends(there, format!("show journal --entity acme -f csv {words}").trim(), 0);
    let posted = |out: &str, date: &str| out.lines().filter(|line| line.split(',').nth(2) == Some(date)).count();
    // INV-1020, what INV-1003 is less, the payment, and INV-1005, which is of that day: two postings each.
    assert_eq!(posted(&journal(""), "2026-04-01"), 8);
    assert_eq!(posted(&journal("date:2026-03"), "2026-04-01"), 0);
    assert_eq!(posted(&journal("date:2026-04"), "2026-04-01"), 8);
    // As of March, which a posting day does not change.
    assert_eq!(posted(&journal("--as-of 2026-03-31"), "2026-04-01"), 6);
    // Before the rows were recorded nothing of it was there.
    assert_eq!(posted(&journal("--known-at close-2026-03"), "2026-04-01"), 2);
    for (words, count) in [("yes", 3), ("2026-03", 3), ("no", 36), ("2026-02", 0)] {
        let log = ends(there, &format!("log after-close:{words} -f csv -q"), 0);
        assert_eq!(log.lines().count() - 1, count, "{words}: {log}");
    }
}

/// The sums of a column of a report in CSV, by currency, in hundred-millionths.
fn sums(csv: &str, column: &str) -> std::collections::BTreeMap<String, i128> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let header = reader.headers().unwrap().clone();
    let at = |name: &str| header.iter().position(|known| known == name);
    let mut sums = std::collections::BTreeMap::new();
    for row in reader.records().map(Result::unwrap) {
        let currency = at("currency").map_or_else(String::new, |at| row[at].to_owned());
        let units = at(column).map_or(0, |at| row[at].parse::<Amount>().map_or(0, Amount::units));
        *sums.entry(currency).or_insert(0) += units;
    }
    sums
}

#[test]
fn whatever_is_asked_of_closed_time_has_what_was_closed_beside_it() {
    let folder = reconciled();
    let there = folder.path();
    ends(there, "close 2026-03 --actor li", 0);
    ends(there, SIGN, 0);
    ends_at(there, "2026-05-03T09:00:00Z", "import {fixtures}/bills/month-end/feeds-late", 0);
    let mut changed = 0;
    for question in [
        "payouts --as-of 2026-03-31",
        "payouts --as-of 2026-03-15",
        "payouts --as-of 2026-03-28",
        "payouts --as-of 2026-02-28",
        "payouts --as-of 2026-03-31 --by agreement",
        "payouts --as-of 2026-03-31 --by agreement agreement:agmt-3",
        "payouts --as-of 2026-03-31 --in disbursement",
        "receivables --as-of 2026-03-28 buyer:globex",
        "receivables --as-of 2026-03-31 --by buyer",
        "invoices --as-of 2026-03-31",
        "invoices --as-of 2026-03-31 invoice:INV-1003",
        "fees --as-of 2026-03-31",
        "spend --as-of 2026-03-20 --by buyer",
        "trial-balance --as-of 2026-03-31 --entity acme",
        "unbilled --as-of 2026-03-31",
    ] {
        let json: serde_json::Value = serde_json::from_str(&ends(there, &format!("show {question} -q -f json"), 0)).unwrap();
        let now = ends(there, &format!("show {question} -q -f csv"), 0);
        // The same question, asked of what was closed.
        let then = ends(there, &format!("show {question} -q -f csv --known-at close-2026-03"), 0);
        let of_month = question.contains("2026-03-31");
        let recorded = question.ends_with("2026-03-31") && (question.starts_with("payouts") || question.starts_with("receivables"));
        for closed in json["closed"].as_array().unwrap_or(&Vec::new()) {
            let text = |name: &str| closed[name].as_str().unwrap().to_owned();
            let units = |name: &str| text(name).parse::<Amount>().unwrap().units();
            let (column, currency) = (text("column"), text("currency"));
            let of = |csv: &str| sums(csv, &column).get(&currency).copied().unwrap_or_default();
            assert_eq!((units("closed"), units("now")), (of(&then), of(&now)), "{question}: {closed}");
            assert_eq!((units("difference"), closed["month"].as_str()), (units("now") - units("closed"), Some("2026-03")));
            assert_eq!(closed["recorded"], recorded, "{question}");
            assert_eq!(closed["events"].as_u64().unwrap() == 3, of_month, "{question}: {closed}");
            changed += u32::from(units("difference") != 0);
        }
        // Programs that read CSV have it beside.
        let lines = |format: &str| {
            let told = ends(there, &format!("show {question} -f {format}"), 0);
            told.lines().filter(|line| line.starts_with("closed ")).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(lines("csv"), lines("table"), "{question}");
        assert_eq!(lines("csv").is_empty(), json.get("closed").is_none(), "{question}");
        assert!(of_month || lines("csv").iter().all(|line| line.contains(", as of 2026-0")), "{question}: {:?}", lines("csv"));
    }
    assert!(changed > 20, "{changed}");
    let told = ends(there, "show payouts --as-of 2026-03-15", 0);
    assert!(told.contains("closed 2026-03 at #35, as of 2026-03-15: net owed 15,270.00 USD · after close -70.00 USD, 1 event"), "{told}");
    let told = ends(there, "show invoices --as-of 2026-03-31 invoice:INV-1003", 0);
    assert!(told.contains(": net owed 250.00 USD · after close -70.00 USD, 3 events of all rows"), "{told}");
    for open in ["payouts", "payouts --as-of 2026-04-01", "payouts --as-of 2026-03-31 --known-at #34"] {
        assert!(!ends(there, &format!("show {open}"), 0).contains("closed 2026-03"), "{open}");
    }
}

/// March's bill with one more row, of something that is not in the book.
fn with_one_more(folder: &Path) -> String {
    let bill = std::fs::read_to_string(fixture("bills/month-end/cur2-2026-03.csv")).unwrap();
    let last = bill.lines().find(|line| line.contains("INV-1011") && line.contains("880.00")).unwrap();
    std::fs::write(folder.join("more.csv"), format!("{bill}{}\n", last.replace("880.00", "880000.00"))).unwrap();
    "reconcile 2026-03 ./more.csv --actor li".to_owned()
}

#[test]
fn a_close_is_signed_only_while_it_is_what_was_looked_at() {
    let folder = reconciled();
    let there = folder.path();
    let resolved = {
        let list = ends(there, "breaks list -f csv -q", 0);
        let of = |code: &str| list.lines().find(|line| line.contains(code)).unwrap().split(',').next().unwrap().to_owned();
        format!("breaks resolve {} --reason aws-error --actor li", of(",R02,"))
    };
    let policy = "record policy.set --effective 2026-04-01 --set policy=closing --set parameters.usd_open=999999999.00 --actor li";
    let prepared = || {
        let told = ends(there, "close 2026-03 --actor li -f csv -q", 0);
        told.lines().last().unwrap().split(',').next().unwrap().parse::<u64>().unwrap()
    };
    let sign = |seq: u64| format!("approve {seq} --actor wang --key {{fixtures}}/keys/wang.pem");
    for (between, code, how) in
        [(resolved.as_str(), 0, "bears on it"), (policy, 0, "bears on it"), (with_one_more(there).as_str(), 4, "is dated in it")]
    {
        let seq = prepared();
        ends(there, between, code);
        let told = ends(there, &sign(seq), 3);
        assert!(told.contains(&format!("#{} {how}, and was recorded since it was prepared", seq + 1)), "{between}: {told}");
    }
    // What was set and is signed between.
    let told = ends(there, policy, 0);
    let set = told.split("Appended #").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    ends(there, "reconcile 2026-03 {fixtures}/bills/month-end/cur2-2026-03.csv --actor li", 4);
    let seq = prepared();
    ends(there, &format!("approve {set} --actor wang --key {{fixtures}}/keys/wang.pem"), 0);
    assert!(ends(there, &sign(seq), 3).contains(&format!("#{} bears on it", seq + 1)));
    // Who looks after a break changes nothing.
    let seq = prepared();
    let list = ends(there, "breaks list -f csv -q", 0);
    let any = list.lines().nth(1).unwrap().split(',').next().unwrap().to_owned();
    ends(there, &format!("breaks assign {any} wang --actor li"), 0);
    ends(there, &sign(seq), 0);
    ends(there, &sign(seq), 3);
    assert!(ends(there, &sign(seq + 9), 3).contains("E0407"));
}

#[test]
fn what_takes_two_is_not_loosened_by_one() {
    let folder = reconciled();
    let there = folder.path();
    // Stricter, and then as it was: each from when Wang has signed it.
    let set = |open: &str| {
        let told = ends(
            there,
            &format!("record policy.set --effective 2026-01-01 --set policy=closing --set parameters.usd_open={open} --actor li -f csv -q"),
            0,
        );
        format!("approve {} --actor wang --key {{fixtures}}/keys/wang.pem", told.lines().last().unwrap().split(',').next().unwrap())
    };
    ends(there, &set("1.00"), 0);
    let loosened = set("99999.00");
    assert!(ends(there, "close 2026-03 --actor li", 4).contains("the policy `closing` lets 1.00 be"));
    ends(there, &loosened, 0);
    // Who explained a break of March in April does not sign March.
    let list = ends(there, "breaks list -f csv -q", 0);
    let any = list.lines().find(|line| line.contains(",R02,")).unwrap().split(',').next().unwrap().to_owned();
    ends(there, &format!("breaks resolve {any} --reason aws-error --actor wang"), 0);
    let told = ends(there, "close 2026-03 --actor li -f csv -q", 0);
    let seq = told.lines().last().unwrap().split(',').next().unwrap().parse::<u64>().unwrap();
    let told = ends(there, &format!("approve {seq} --actor wang --key {{fixtures}}/keys/wang.pem"), 3);
    assert!(told.contains(&format!("`wang` entered #{} by hand in 2026-03", seq - 1)), "{told}");
}

#[test]
fn what_may_not_be_closed_is_not_signed() {
    // Prepared twice, and one of them signed: the other closes nothing.
    let folder = reconciled();
    let there = folder.path();
    let prepared = || {
        let told = ends(there, "close 2026-03 --actor li -f csv -q", 0);
        told.lines().last().unwrap().split(',').next().unwrap().parse::<u64>().unwrap()
    };
    let sign = |seq: u64| format!("approve {seq} --actor wang --key {{fixtures}}/keys/wang.pem");
    let (first, second) = (prepared(), prepared());
    ends(there, &sign(first), 0);
    assert!(ends(there, &sign(second), 3).contains("dealbook close PERIOD --revision supersedes it"));
}

#[test]
fn a_report_comes_out_as_it_was_closed_whatever_is_recorded_since() {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path();
    ends(there, "init --sample .", 0);
    ends(there, "copy sled:.dealbook jsonl:all.jsonl", 0);
    let all = std::fs::read_to_string(there.join("all.jsonl")).unwrap();
    for (known, day) in [(700, "2025-06-30"), (1700, "2025-12-31"), (2300, "2026-02-28")] {
        let lines: Vec<&str> = all.split_inclusive('\n').take(known).collect();
        std::fs::write(there.join("then.jsonl"), lines.concat()).unwrap();
        for noun in ["payouts", "receivables", "spend", "edp", "incentives"] {
            let then = ends(there, &format!("-L jsonl:then.jsonl show {noun} --as-of {day} -f csv -q"), 0);
            assert_eq!(
                ends(there, &format!("show {noun} --as-of {day} --known-at #{known} -f csv -q"), 0),
                then,
                "{noun} of {day} at #{known}"
            );
            assert!(then.lines().count() > 1 || known < 2300, "{noun} has something to say: {then}");
        }
    }
}
