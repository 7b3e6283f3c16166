//! A receipt holds: whatever was answered can be asked for again, after more was recorded, and comes to the same.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn dealbook(folder: &Path, day: &str, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dealbook"));
    command.args(args).current_dir(folder).env_clear().env("DEALBOOK_NOW", format!("{day}T12:00:00Z")).output().unwrap()
}

/// Questions of every kind, with clocks, query words and flags that change the answer.
const QUESTIONS: &[&[&str]] = &[
    &["show", "payouts"],
    &["show", "payouts", "--as-of", "2025-09-30", "--by", "agreement", "--in", "disbursement"],
    &["show", "payouts", "--stated-by", "2025-06-30", "party:Harbor City Games", "not:cur:eur"],
    &["show", "receivables", "--as-of", "2025-06-30", "--known-at", "#1500"],
    &["show", "deals", "buyer:\"x\\y z\""],
    &["show", "sources", "--gaps"],
    &["show", "renewals", "--as-of", "2025-12-31", "--within", "20w"],
    &["show", "tax", "2025Q1"],
    &["show", "journal", "--as-of", "2025-03-31"],
    &["show", "billings", "--deferral", "--by", "month"],
    &["show", "incentives", "--expected"],
    &["show", "edp"],
    &["show", "event", "856"],
    &["show", "deal", "agmt-09wlywns86urxd0uj1nywxoyu"],
    &["show", "agreements", "status:active", "--why"],
    &["show", "offers", "--stats"],
    &["log", "type:invoice.issued", "--limit", "3"],
    &["trace", "#856"],
    &["diff", "2025-03-31", "2025-06-30", "--of", "payouts"],
    &["diff", "#100", "#1900"],
    &["check", "fees"],
    &["status", "--as-of", "yesterday"],
];

#[test]
fn what_was_answered_can_be_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let done = |output: Output, what: &str| {
        assert!(output.status.success(), "{what}\n{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    };
    done(dealbook(folder, "2026-03-01", &["init", "--sample", "."]), "init");
    for (at, question) in QUESTIONS.iter().enumerate() {
        for form in ["json", "ndjson", "csv"] {
            let file = format!("{at}.{form}");
            // An answer over something that failed is one too.
            let output = dealbook(folder, "2026-03-01", &[question, &["-o", &file][..]].concat());
            assert!(matches!(output.status.code(), Some(0 | 4)), "{question:?}\n{}", String::from_utf8_lossy(&output.stderr));
        }
    }
    let policy = ["record", "policy.set", "--set", "policy=cost-centres", "--set", r#"parameters={"444455556666":"4711"}"#];
    done(dealbook(folder, "2026-03-02", &policy), "record");
    for (at, question) in QUESTIONS.iter().enumerate() {
        for form in ["json", "ndjson"] {
            done(dealbook(folder, "2026-04-01", &["verify", "--receipt", &format!("{at}.{form}")]), &format!("{question:?}"));
        }
        let (csv, beside) = (format!("{at}.csv"), format!("{at}.csv.receipt.json"));
        done(dealbook(folder, "2026-04-01", &["verify", "--receipt", &beside, &csv]), &format!("{question:?}"));
        // A line less is told, and the line where it is.
        let text = fs::read_to_string(folder.join(&csv)).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        if lines.len() > 1 {
            fs::write(folder.join(&csv), lines[..lines.len() - 1].join("\n")).unwrap();
            let output = dealbook(folder, "2026-04-01", &["verify", "--receipt", &beside, &csv]);
            let told = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(5), "{question:?}");
            assert!(told.contains(&format!("{csv} line {}", lines.len())), "{question:?}\n{told}");
        }
    }
}
