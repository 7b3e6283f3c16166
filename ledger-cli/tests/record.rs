//! `record`, `correct`, `approve` and `keygen` as their users run them, beyond what the pages of `fixtures/deals` show.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn dealbook(folder: &Path, args: &[&str], input: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dealbook"));
    command.args(args).current_dir(folder).env_clear().env("DEALBOOK_NOW", "2026-03-01T12:00:00Z");
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() }).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    if let (Some(mut stdin), Some(input)) = (child.stdin.take(), input) {
        stdin.write_all(input.as_bytes()).unwrap();
    }
    child.wait_with_output().unwrap()
}

fn printed(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn ledger() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    printed(dealbook(folder.path(), &["init", "--name", "acme", "-q"], None));
    folder
}

#[test]
fn a_key_signs_and_only_its_owner_reads_it() {
    let folder = ledger();
    let public = printed(dealbook(folder.path(), &["keygen", "mei.pem", "-q"], None));
    assert_eq!(folder.path().join("mei.pem").metadata().unwrap().permissions().mode() & 0o777, 0o600);
    let key = format!("key={}", public.trim());
    printed(dealbook(folder.path(), &["record", "person.registered", "--set", "person=mei", "--set", &key], None));
    printed(dealbook(folder.path(), &["approve", "2", "--key", "mei.pem", "--actor", "mei"], None));
    let event = printed(dealbook(folder.path(), &["show", "event", "3", "-f", "plain"], None));
    assert!(event.contains("entry.approved") && event.contains("value.signature"), "{event}");
    // Another tool reads the key and finds the same public one.
    let openssl =
        Command::new("openssl").args(["pkey", "-in", "mei.pem", "-pubout", "-outform", "DER"]).current_dir(folder.path()).output();
    match openssl {
        Ok(output) if output.status.success() => {
            let end = &output.stdout[output.stdout.len() - 32..];
            assert_eq!(<base64ct::Base64 as base64ct::Encoding>::encode_string(end), public.trim());
        }
        other => {
            assert!(std::env::var_os("DEALBOOK_CI").is_none(), "openssl is needed under CI: {other:?}");
            eprintln!("SKIPPED: openssl is not here, so no other tool reads the key");
        }
    }
}

#[test]
fn a_stream_is_rehearsed_line_upon_line() {
    let folder = ledger();
    let drafted = r#"{"type": "offer.drafted", "effective": "2026-01-10", "value": {"offer": "offer-1"}}"#;
    let rejected = r#"{"type": "offer.rejected", "actor": "mei", "value": {"offer": "offer-1"}}"#;
    let input = format!("{drafted}\n\n{rejected}\n{rejected}\n");
    let output = dealbook(folder.path(), &["record", "--file", "-", "--dry-run"], Some(&input));
    assert_eq!(output.status.code(), Some(3));
    let told: Vec<serde_json::Value> =
        String::from_utf8(output.stdout).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let told: Vec<(u64, &str)> = told.iter().map(|line| (line["line"].as_u64().unwrap(), line["result"].as_str().unwrap())).collect();
    assert_eq!(told, [(1, "would append"), (3, "would append"), (4, "refused")]);
    let log = printed(dealbook(folder.path(), &["log", "-f", "csv"], None));
    assert_eq!(log.lines().count(), 2, "{log}");
}

#[test]
fn what_is_supposed_is_answered_as_if_it_were_recorded() {
    let folder = ledger();
    let offer = "--set offer=offer-1 --set seller=000057174132 --set buyers=444455556666 --set products=prod-1 --set pricing=contract \
                 --set value=10.00 --set currency=USD --set name=A --set expires_at=2026-06-01T00:00:00Z --effective 2026-01-10";
    let schedule = ["--set", "schedule=2 monthly from 2026-02-01"];
    let args: Vec<&str> = ["record", "offer.released"].into_iter().chain(offer.split_whitespace()).chain(schedule).collect();
    printed(dealbook(folder.path(), &args, None));
    let accepted = r#"{"type": "agreement.accepted", "effective": "2026-01-20", "ref": "crm:7",
        "value": {"acceptor": "444455556666", "agreement": "agmt-1", "offer": "offer-1"}}"#;
    std::fs::write(folder.path().join("if.json"), accepted).unwrap();
    let rows = |args: &[&str]| {
        ["instalments", "agreements", "offers"]
            .map(|noun| printed(dealbook(folder.path(), &[&["show", noun, "-f", "csv"], args].concat(), None)))
    };
    let heading = || printed(dealbook(folder.path(), &["show", "edp", "--if", "if.json"], None)).lines().next().unwrap().to_owned();
    let supposed = rows(&["--if", "if.json"]);
    assert_eq!(supposed[0].lines().count(), 3, "{supposed:?}");
    assert_eq!(heading(), "supposed: 1 event of if.json, 2 that follow of themselves; nothing is recorded");
    printed(dealbook(folder.path(), &["record", "--file", "if.json"], None));
    assert_eq!(supposed, rows(&[]));
    // What is recorded already adds nothing to itself.
    assert_eq!(supposed, rows(&["--if", "if.json"]));
    assert_eq!(heading(), "supposed: 0 events of if.json, 1 known already; nothing is recorded");
}

#[test]
fn what_is_corrected_no_longer_counts_and_replay_agrees() {
    let folder = ledger();
    let offer = "--set offer=offer-1 --set seller=000057174132 --set buyers=444455556666 --set products=prod-1 --set pricing=contract \
                 --set value=10.00 --set currency=USD --set name=A --set expires_at=2026-06-01T00:00:00Z --effective 2026-01-10";
    let args: Vec<&str> = ["record", "offer.released"].into_iter().chain(offer.split_whitespace()).collect();
    printed(dealbook(folder.path(), &args, None));
    printed(dealbook(folder.path(), &["correct", "2", "--reason", "never meant", "--actor", "li"], None));
    let offers = printed(dealbook(folder.path(), &["show", "offers", "-f", "csv"], None));
    assert_eq!(offers.lines().count(), 1, "{offers}");
    printed(dealbook(folder.path(), &["replay"], None));
    printed(dealbook(folder.path(), &["verify", "--full"], None));
    // A date alone states the same entry on another day.
    let args: Vec<&str> = ["record", "offer.released"].into_iter().chain(offer.split_whitespace()).collect();
    printed(dealbook(folder.path(), &args, None));
    printed(dealbook(folder.path(), &["correct", "4", "--reason", "the day after", "--effective", "2026-01-11"], None));
    let offers = printed(dealbook(folder.path(), &["show", "offers", "-f", "csv"], None));
    assert!(offers.contains("2026-01-11T00:00:00Z") && !offers.contains("2026-01-10T00:00:00Z"), "{offers}");
}

#[test]
fn confirmed_money_names_its_entry_its_document_and_its_confirmation() {
    let folder = ledger();
    let there = folder.path();
    let said = |line: &str| printed(dealbook(there, &line.split_whitespace().collect::<Vec<_>>(), None));
    std::fs::write(there.join("invoice.txt"), "INV-1").unwrap();
    let key = said("keygen mei.pem -q");
    let key = key.split_whitespace().find(|word| word.len() == 44 && word.ends_with('=')).unwrap();
    said(&format!("record person.registered --set person=mei --set roles=finance --set key={key} --effective 2026-01-01"));
    said(
        "record invoice.issued --actor li --effective 2026-02-10 --document invoice.txt --awaits billing_event:000057174132:be-1 \
          --set recipient=000057174132 --set counterparty=777788889999 --set transaction_type=SELLER_REV_SHARE --set amount=1000.00 \
          --set currency=USD --set invoice=INV-1 --set line=L-1 --set invoice_date=2026-02-10T00:00:00Z --set invoice_variant=PURCHASE",
    );
    said("approve 3 --actor mei --key mei.pem");
    for line in ["show payouts --why", "show spend --why", "show trial-balance --why", "trace INV-1"] {
        let answer: serde_json::Value = serde_json::from_str(&said(&format!("{line} -f json -q"))).unwrap();
        let rows = answer["data"].as_array().unwrap();
        let at = |seq: u64| rows.iter().find(|row| row["seq"] == seq).unwrap_or_else(|| panic!("{line}: no #{seq} in {answer}"));
        let (entry, confirmation) = (at(3), at(5));
        assert!(entry["event"] == "invoice.issued" && entry["document"].is_string(), "{line}: {entry}");
        assert!(entry.get("actor").is_none_or(|actor| actor == "li"), "{line}: {entry}");
        assert_eq!(confirmation["event"], "entry.confirmed", "{line}");
    }
    for form in ["beancount", "hledger"] {
        let books = said(&format!("export {form} -q"));
        let says = |what: &str| books.lines().any(|line| what.split(' ').all(|word| line.contains(word)));
        assert!(says("events: #3 #5") && says("recorded-by: li") && says("documents: b3:"), "{books}");
    }
}
