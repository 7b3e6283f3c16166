//! What goes beside the lines of a bundle: the files they come from, which are found by what is in them and come to their digests, and reports,
//! which are asked again of the lines by whoever has all of them.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(dead_code, reason = "the support is shared with other tests")]

mod support;

use std::fs;
use std::path::Path;

use ledger_core::chain::Hash;
use ledger_core::report::{Receipt, canonical};
use serde_json::Value;
use support::fixture;
use tempfile::TempDir;

const NOW: &str = "2026-04-03T09:00:00Z";
const WANG: &str = "Guz8SB7ZTqZo0bSg/QaT87fuXoymthNJjtb1UppHMxM=";
const JANUARY: &str = "feeds/444455556666/billingeventfeed_v1/year=2025/month=01/data.csv";

/// Runs a command, whose words blanks part outside of quotes, and gives what it prints when it ends with this code.
#[track_caller]
fn ends(folder: &Path, command: &str, code: i32) -> (String, String) {
    let words: Vec<&str> = command
        .split('\'')
        .enumerate()
        .flat_map(|(at, part)| if at % 2 == 1 { vec![part] } else { part.split_whitespace().collect() })
        .collect();
    let output = support::dealbook(folder, NOW, &words);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(code), "{command}\n{out}\n{err}");
    (out, err)
}

/// What a failing command says.
#[track_caller]
fn fails(folder: &Path, command: &str, code: i32, said: &[&str]) {
    let (_, err) = ends(folder, command, code);
    said.iter().for_each(|said| assert!(err.contains(said), "{command}: {said}\n{err}"));
}

/// Whether a check came to a result, whose detail begins so.
#[track_caller]
fn checked(table: &str, check: &str, result: &str, detail: &str) {
    let found = table.lines().any(|line| {
        let rest = line.strip_prefix(check).map(str::trim_start);
        rest.and_then(|rest| rest.strip_prefix(result)).is_some_and(|rest| rest.trim_start().starts_with(detail))
    });
    assert!(found, "{check} {result} {detail}\n{table}");
}

/// A sale, paid out, imported from two files that are still there; signed.
fn ledger() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path();
    for month in ["01", "02"] {
        let name = JANUARY.replace("month=01", &format!("month={month}"));
        let to = there.join(&name);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(fixture("scenarios/direct-sale-paid-out").join(&name), to).unwrap();
    }
    ends(there, "init --name demo --origin ledger.example.com/demo", 0);
    ends(there, "import feeds", 0);
    fs::copy(fixture("keys/wang.pem"), there.join("log.pem")).unwrap();
    ends(there, "checkpoint --key log.pem", 0);
    folder
}

#[test]
fn source_files_come_along_and_are_what_was_imported() {
    let folder = ledger();
    let there = folder.path();
    ends(there, "bundle all --files feeds -o all.dealbundle", 0);
    // Whatever they are called and however they are packed.
    fs::rename(there.join("feeds"), there.join("moved")).unwrap();
    let moved = there.join(JANUARY.replace("feeds", "moved"));
    let january = fs::read(&moved).unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, &january).unwrap();
    fs::write(there.join("moved/january.gz"), packed.finish().unwrap()).unwrap();
    fs::remove_file(&moved).unwrap();
    ends(there, "bundle all --files moved -o again.dealbundle", 0);
    assert_eq!(fs::read(there.join("all.dealbundle")).unwrap(), fs::read(there.join("again.dealbundle")).unwrap());
    let (verified, _) = ends(there, &format!("verify all.dealbundle --key {WANG}"), 0);
    checked(&verified, "source files", "ok", "2 named, 2 here and equal");
    // What cannot be found is named, and nothing is written.
    fs::remove_file(there.join("moved/january.gz")).unwrap();
    let missing = "444455556666/billingeventfeed_v1/year=2025/month=01/data.csv of #2, b3:";
    fails(
        there,
        "bundle all --files moved -o some.dealbundle",
        6,
        &["error[E0301]: 1 source file of 2 not found", missing, "--allow-missing"],
    );
    assert!(!there.join("some.dealbundle").exists());
    let (_, said) = ends(there, "bundle all --files moved --allow-missing -o some.dealbundle", 0);
    assert!(said.contains("note: not found, and left out: ") && said.contains(missing), "{said}");
    let (verified, _) = ends(there, &format!("verify some.dealbundle --key {WANG}"), 0);
    checked(&verified, "source files", "told", "2 named, 1 here and equal, 1 missing");
    // What did not come along is looked for where somebody says.
    fs::write(there.join("found.csv"), &january).unwrap();
    let (verified, _) = ends(there, &format!("verify some.dealbundle --sources found.csv --key {WANG}"), 0);
    checked(&verified, "source files", "ok", "2 named, 2 here and equal");
    let (verified, _) = ends(there, &format!("verify some.dealbundle --sources moved --key {WANG}"), 4);
    checked(&verified, "source files", "missing", "444455556666/billingeventfeed_v1/year=2025/month=01/data.csv");
    // Whose rows are others' too: not in a dossier, nor in a statement.
    let (deals, _) = ends(there, "show deals -f json", 0);
    let deals: Value = serde_json::from_str(&deals).unwrap();
    if let Some(deal) = deals["data"][0]["deal"].as_str() {
        fails(there, &format!("bundle {deal} --files moved -o x"), 2, &["--files does not go with deal", "the rows of all deals"]);
    }
    fails(there, "bundle 2025 --statement 777788889999 --files moved -o x", 2, &["cannot be used with"]);
    fails(there, "bundle all --allow-missing -o x", 2, &["--files <DIR>"]);
    fails(there, "bundle all --files nowhere -o x", 6, &["nowhere"]);
}

#[test]
fn a_ledger_finds_its_source_files_by_what_is_in_them() {
    let folder = ledger();
    let there = folder.path();
    let (verified, _) = ends(there, "verify --sources feeds", 0);
    checked(&verified, "source files", "ok", "2 named, 2 here and equal");
    assert!(!ends(there, "verify", 0).0.contains("source files"), "nobody asked");
    // A feed's file is appended to: its beginning is what was imported.
    let january = there.join(JANUARY);
    let text = fs::read_to_string(&january).unwrap();
    let row = text.lines().last().unwrap().to_owned();
    fs::write(&january, format!("{text}{row}\n")).unwrap();
    let (verified, _) = ends(there, "verify --sources feeds", 0);
    checked(&verified, "source files", "ok", "2 named, 2 here and equal, 1 of them as the beginning of what has been appended to since");
    ends(there, "bundle all --files feeds -o grown.dealbundle", 0);
    fs::write(&january, &text).unwrap();
    ends(there, "bundle all --files feeds -o all.dealbundle", 0);
    assert_eq!(fs::read(there.join("all.dealbundle")).unwrap(), fs::read(there.join("grown.dealbundle")).unwrap());
    // Another content under the name is told with both digests: to be looked at, and no damage to the ledger.
    let changed = text.replacen("2025", "2024", 1);
    fs::write(&january, &changed).unwrap();
    let (verified, _) = ends(there, "verify --sources feeds", 4);
    let (was, is) = (Hash::of(text.as_bytes()).short(), Hash::of(changed.as_bytes()).short());
    checked(&verified, "source files", "differs", "2 named, 1 here and equal, 1 with other content");
    let name = JANUARY.strip_prefix("feeds/").unwrap();
    checked(&verified, "source files", "differs", &format!("{name} of #2 was {was}; it is {is} in {JANUARY}"));
    assert!(verified.contains("integrity verified to #11 b3:"), "{verified}");
    assert!(verified.contains("1 source file not here as imported; no event is affected"), "{verified}");
    fs::write(&january, [0x1f, 0x8b, 8, 0, 0]).unwrap();
    checked(
        &ends(there, "verify --sources feeds", 4).0,
        "source files",
        "differs",
        &format!("{name} of #2 was {was}; it cannot be decompressed in"),
    );
    fs::remove_file(&january).unwrap();
    let (verified, _) = ends(there, "verify --sources feeds", 4);
    checked(&verified, "source files", "differs", "2 named, 1 here and equal, 1 missing");
    checked(&verified, "source files", "missing", &format!("{name} of #2, {was}"));
    fails(there, "verify --sources nowhere", 6, &["nowhere"]);
    fails(there, "verify --sources feeds --against log.pem", 2, &["cannot be used with"]);
}

#[test]
fn a_report_comes_along_with_its_receipt_and_is_asked_again() {
    let folder = ledger();
    let there = folder.path();
    let asked = "--report 'show payouts --as-of 2025-01-31' --report 'log type:invoice.issued' --report 'show payouts --known-at #6'";
    ends(there, &format!("bundle all {asked} -o all.dealbundle"), 0);
    let laptop = tempfile::tempdir().unwrap();
    fs::copy(there.join("all.dealbundle"), laptop.path().join("all.dealbundle")).unwrap();
    let (verified, _) = ends(laptop.path(), &format!("verify all.dealbundle --key {WANG}"), 0);
    let (receipt, _) = ends(there, "show payouts --as-of 2025-01-31 --known-at #11 -f json", 0);
    let receipt: Value = serde_json::from_str(&receipt).unwrap();
    let id = receipt["receipt"]["id"].as_str().unwrap();
    checked(
        &verified,
        "report",
        "ok",
        &format!("{id}: dealbook show payouts --as-of=2025-01-31 --known-at=#11: 1 row, as its receipt says"),
    );
    checked(&verified, "answer", "ok", "dealbook show payouts --as-of=2025-01-31 --known-at=#11: the same data");
    checked(&verified, "answer", "ok", "dealbook log type:invoice.issued --known-at=#11: the same data");
    checked(&verified, "data", "ok", "1 row as answered");
    assert_eq!(fs::read_dir(laptop.path()).unwrap().count(), 1, "nothing is left behind");
    // A keeper who answers what does not follow from the lines, with a receipt and an end that fit.
    let text = fs::read_to_string(there.join("all.dealbundle")).unwrap();
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let at = lines.iter().position(|line| line.starts_with("{\"type\":\"report\"")).unwrap();
    let (mut said, mut row): (Value, Value) = (serde_json::from_str(&lines[at]).unwrap(), serde_json::from_str(&lines[at + 1]).unwrap());
    let party = row["value"]["party"].as_str().unwrap().to_owned();
    row["value"]["party"] = Value::from("999999999999");
    let receipt = &mut said["value"]["receipt"];
    receipt["data"] = Value::from(Hash::of(format!("[{}]", canonical(&row["value"])).as_bytes()).to_string());
    receipt.as_object_mut().unwrap().remove("id");
    receipt["id"] = Value::from(Receipt::id_of(receipt));
    (lines[at], lines[at + 1]) = (canonical(&said), canonical(&row));
    lines.pop();
    let body: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let end = format!("{{\"type\":\"end\",\"value\":{{\"b3\":\"{}\",\"lines\":{}}}}}\n", Hash::of(body.as_bytes()), lines.len());
    fs::write(laptop.path().join("forged.dealbundle"), body + &end).unwrap();
    let told = format!("forged.dealbundle row 1: party is \"999999999999\" and was \"{party}\"");
    fails(laptop.path(), &format!("verify forged.dealbundle --key {WANG}"), 5, &["error[E0512]", &told, "NOT VERIFIED"]);
    // A part of the ledger has the report, and not what it takes to ask again.
    ends(there, "bundle 2026-04 --report 'show deals' -o month.dealbundle", 0);
    ends(there, "record rate.set -q --set base=EUR --set quote=USD --set rate=1.1 --set source=ECB --effective 2026-04-01", 0);
    fails(
        there,
        "bundle all --report 'show payouts --known-at #12' -o x",
        6,
        &["error[E0306]: no checkpoint covers event #12", "the newest is of #11"],
    );
    fails(there, "bundle all --report status -o x", 2, &["`status` is no report for a bundle"]);
    fails(there, "bundle all --report 'show nothing' -o x", 2, &["nothing"]);
    fails(there, "bundle 2025 --statement 777788889999 --report 'show deals' -o x", 2, &["cannot be used with"]);
}

#[test]
fn a_dossier_has_a_report_of_its_own_deal_alone() {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path();
    ends(there, "init --sample .", 0);
    fs::copy(fixture("keys/wang.pem"), there.join("log.pem")).unwrap();
    ends(there, "checkpoint --key log.pem", 0);
    let (deals, _) = ends(there, "show deals -f json", 0);
    let deals: Value = serde_json::from_str(&deals).unwrap();
    let deals: Vec<&str> = deals["data"].as_array().unwrap().iter().map(|deal| deal["deal"].as_str().unwrap()).collect();
    let (mut alone, mut shared) = (None, None);
    for deal in &deals {
        ends(there, &format!("bundle {deal} -o x.dealbundle"), 0);
        let text = fs::read_to_string(there.join("x.dealbundle")).unwrap();
        let place = if text.lines().next().unwrap().contains("left_out") { &mut shared } else { &mut alone };
        *place = Some(*deal);
        if alone.is_some() && shared.is_some() {
            break;
        }
    }
    let (alone, shared) = (alone.unwrap(), shared.unwrap());
    ends(there, &format!("bundle {alone} --report 'show deal {alone}' -o deal.dealbundle"), 0);
    let (verified, _) = ends(there, &format!("verify deal.dealbundle --key {WANG}"), 0);
    checked(&verified, "report", "ok", "r:");
    checked(&verified, "answer", "not looked at", "to ask again takes every line");
    assert!(verified.contains("whose line is not here"), "{verified}");
    fails(
        there,
        &format!("bundle {alone} --report 'show payouts' -o x"),
        2,
        &["does not go into a bundle of one deal", "it tells of others"],
    );
    fails(there, &format!("bundle {alone} --report 'show deal {shared}' -o x"), 2, &["it tells of others"]);
    fails(there, &format!("bundle {shared} --report 'show deal {shared}' -o x"), 2, &["which is of others too and left out"]);
    fails(there, &format!("bundle {alone} --files . -o x"), 2, &["--files does not go with deal", "the rows of all deals"]);
    let (_, said) = ends(there, "bundle all --report 'show edp --as-of 2025-12-31' --report 'show event 856' -o x.dealbundle", 0);
    assert!(said.is_empty(), "{said}");
    let (verified, _) = ends(there, &format!("verify x.dealbundle --key {WANG}"), 0);
    checked(&verified, "answer", "ok", "dealbook show event 856 --known-at=#2328: the same data");
}
