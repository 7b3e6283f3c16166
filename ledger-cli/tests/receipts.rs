//! A receipt holds: whatever was answered can be asked for again, after more was recorded, and comes to the same.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn dealbook(folder: &Path, day: &str, args: &[&str]) -> Output {
    drawn(folder, day, "", args)
}

/// The same, with tables drawn as a variable asks for.
fn drawn(folder: &Path, day: &str, how: &str, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dealbook"));
    command.args(args).current_dir(folder).env_clear().env("DEALBOOK_NOW", format!("{day}T12:00:00Z"));
    if !how.is_empty() {
        command.env(how, "1");
    }
    command.output().unwrap()
}

/// Questions of every kind, with clocks, query words and flags that change the answer.
const QUESTIONS: &[&[&str]] = &[
    &["show", "payouts"],
    &["show", "payouts", "--as-of", "2025-09-30", "--by", "agreement", "--in", "disbursement"],
    &["show", "payouts", "--stated-by", "2025-06-30", "party:Orchardson AI", "not:cur:eur"],
    &["show", "receivables", "--as-of", "2025-06-30", "--known-at", "#1500"],
    &["show", "deals", "product:\"x\\y z\""],
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
    &["show", "trial-balance", "party:yewtree"],
    &["show", "invoices", "date:yesterday"],
    &["show", "tax", "yesterday"],
    &["log", "not:date:today", "--limit", "2"],
    &["diff", "yesterday@#1000", "today"],
];

/// Every format, and how a table is drawn.
const FORMS: [(&str, &str); 7] =
    [("json", ""), ("ndjson", ""), ("csv", ""), ("md", ""), ("table", ""), ("ascii", "DEALBOOK_ASCII"), ("spoken", "DEALBOOK_ACCESSIBLE")];

#[test]
fn what_was_answered_can_be_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let done = |output: Output, what: &str| {
        assert!(output.status.success(), "{what}\n{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    };
    done(dealbook(folder, "2026-03-01", &["init", "--sample", "."]), "init");
    for (at, question) in QUESTIONS.iter().enumerate() {
        for (form, how) in FORMS {
            let file = format!("{at}.{form}");
            // An answer over something that failed is one too.
            let output = drawn(folder, "2026-03-01", how, &[question, &["-o", &file][..]].concat());
            assert!(matches!(output.status.code(), Some(0 | 4)), "{question:?}\n{}", String::from_utf8_lossy(&output.stderr));
        }
    }
    let policy = ["record", "policy.set", "--set", "policy=cost-centres", "--set", r#"parameters={"444455556666":"4711"}"#];
    done(dealbook(folder, "2026-03-02", &policy), "record");
    for (at, question) in QUESTIONS.iter().enumerate() {
        for form in ["json", "ndjson"] {
            done(dealbook(folder, "2026-04-01", &["verify", "--receipt", &format!("{at}.{form}")]), &format!("{question:?}"));
        }
        let beside = format!("{at}.csv.receipt.json");
        let files: Vec<String> = FORMS.iter().map(|(form, _)| format!("{at}.{form}")).collect();
        let all: Vec<&str> = ["verify", "--receipt", &beside].into_iter().chain(files.iter().map(String::as_str)).collect();
        done(dealbook(folder, "2026-04-01", &all), &format!("{question:?}"));
        // A line less, a line more and a figure that is another are told, and the line where it is.
        for form in ["csv", "md", "table"] {
            let file = format!("{at}.{form}");
            let text = fs::read_to_string(folder.join(&file)).unwrap();
            let lines: Vec<&str> = text.lines().collect();
            let shorter = lines[..lines.len() - 1].join("\n");
            let longer = text.clone() + "000057174132,USD,1,9000000.00 known at #1\n";
            for (forged, line) in [(shorter, lines.len()), (longer, lines.len() + 1)] {
                fs::write(folder.join(&file), forged).unwrap();
                let output = dealbook(folder, "2026-04-01", &["verify", "--receipt", &beside, &file]);
                let told = String::from_utf8_lossy(&output.stderr);
                assert_eq!(output.status.code(), Some(5), "{question:?} {form}");
                assert!(told.contains(&format!("{file} line {line}:")), "{question:?} {form} {line}\n{told}");
            }
        }
    }
}

/// The digest of a receipt is of the rows. What is told beside them is asked again, too.
#[test]
fn what_is_told_beside_the_rows_was_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert!(dealbook(folder, "2026-03-01", &["init", "--sample", "."]).status.success());
    let forged = |file: &str, from: &str, to: &str| {
        assert!(dealbook(folder, "2026-03-01", &["status", "-o", file]).status.success());
        let text = fs::read_to_string(folder.join(file)).unwrap();
        assert!(dealbook(folder, "2026-03-01", &["verify", "--receipt", file]).status.success(), "{text}");
        assert_eq!(text.matches(from).count(), 1, "{from}: {text}");
        fs::write(folder.join(file), text.replace(from, to)).unwrap();
        let output = dealbook(folder, "2026-03-01", &["verify", "--receipt", file]);
        assert_eq!(output.status.code(), Some(5), "{to}");
        String::from_utf8(output.stderr).unwrap()
    };
    let told = forged("status.json", "\"pending\":[]", "\"pending\":[7]");
    assert!(told.contains("status.json: about.pending of what is told beside the rows"), "{told}");
    let told = forged("status.json", "\"checkpoint\":null", "\"checkpoint\":2329");
    assert!(told.contains("status.json: about.checkpoint of what"), "{told}");
    let told = forged("status.json", "\"about\":{", "\"about\":{},\"told\":{");
    assert!(told.contains("about.checkpoint, about.events, about.files"), "{told}");
    let told = forged("status.json", "\"about\":{", "\"about\":\"none\",\"told\":{");
    assert!(told.contains("status.json: about, about.checkpoint"), "{told}");
    let told = forged("status.ndjson", "\"name\":\"sample\"", "\"nome\":\"sample\"");
    assert!(told.contains("status.ndjson: about.name, about.nome of what is told beside the rows"), "{told}");
}

/// Who hands a receipt over wrote it: it cannot make the question suppose events, or ask what no answer is of.
#[test]
fn a_receipt_cannot_bring_options_of_its_own() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    assert!(dealbook(folder, "2026-03-01", &["init", "--sample", "."]).status.success());
    fs::write(folder.join("if.json"), r#"{"type":"ledger.noted","value":{}}"#).unwrap();
    assert!(dealbook(folder, "2026-03-01", &["show", "edp", "-o", "edp.json"]).status.success());
    let text = fs::read_to_string(folder.join("edp.json")).unwrap();
    let args = r#""args":{"show":"edp"}"#;
    assert!(text.contains(args), "{text}");
    for (forged, told) in [
        (r#""args":{"if":"if.json","show":"edp"}"#, "it supposes events that are not in the ledger"),
        (r#""args":{"if=if.json":"true","show":"edp"}"#, "it names an option that no answer has"),
        (r#""args":{"query":"--if=if.json","show":"edp"}"#, "it names an option that no answer has"),
        (r#""args":{"show":"--if=if.json"}"#, "it names an option that no answer has"),
        (r#""args":{"show":"edp","why":"--if=if.json"}"#, "unexpected value"),
    ] {
        fs::write(folder.join("forged.json"), text.replace(args, forged)).unwrap();
        let output = dealbook(folder, "2026-03-01", &["verify", "--receipt", "forged.json"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && said.contains(told), "{forged}\n{said}");
    }
}
