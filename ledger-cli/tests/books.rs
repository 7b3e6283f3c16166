//! The books as foreign programs see them: bean-check and hledger add our transactions up and find what our payouts say; and they find a cent
//! that is wrong.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(dead_code, reason = "the support is shared with other tests")]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::LazyLock;

use ledger_core::money::Amount;
use support::{dealbook, fixture, printed};

const NOW: &str = "2026-03-01T12:00:00Z";
const FORMS: [(&str, &[&str]); 2] = [("beancount", &["bean-check"]), ("hledger", &["hledger", "check", "--strict", "-f"])];

/// The sample's ledger, made once.
static SAMPLE: LazyLock<tempfile::TempDir> = LazyLock::new(sample);

fn sample() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    printed(dealbook(folder.path(), NOW, &["init", "--sample", "-q"]));
    folder
}

fn run(folder: &Path, line: &str) -> Output {
    dealbook(folder, NOW, &line.split(' ').collect::<Vec<_>>())
}

fn parties() -> Vec<String> {
    let recipients = support::rows(&support::text(&fixture("seller-feeds/recipients.csv")));
    recipients.into_iter().map(|row| row["recipient_aws_account_id"].clone()).collect()
}

/// What a foreign program finds wrong; nothing when it accepts the books. Nothing is asked where the program is missing: that is said, and is an
/// error under CI.
fn complaint(tool: &[&str], books: &str) -> Option<Result<(), String>> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("books");
    fs::write(&file, books).unwrap();
    match Command::new(tool[0]).args(&tool[1..]).arg(&file).output() {
        Ok(output) if output.status.success() => Some(Ok(())),
        Ok(output) => Some(Err(String::from_utf8_lossy(&output.stderr).into_owned())),
        Err(why) => {
            assert!(std::env::var_os("DEALBOOK_CI").is_none(), "{} is needed under CI: {why}", tool[0]);
            eprintln!("SKIPPED: {} is not here, so no other program looks at the books", tool[0]);
            None
        }
    }
}

/// Adds an amount to the amount of a line: the last number with a decimal point, or the last number.
fn planted(books: &str, line: usize, cents: &str) -> String {
    let mut lines: Vec<String> = books.lines().map(str::to_owned).collect();
    let words = || lines[line].split_whitespace();
    let number = words().rfind(|word| amount(word).is_some()).or_else(|| words().rfind(|word| word.parse::<Amount>().is_ok()));
    let number = number.unwrap().to_owned();
    let more = Amount::from_units(number.parse::<Amount>().unwrap().units() + cents.parse::<Amount>().unwrap().units());
    let at = lines[line].rfind(&number).unwrap();
    lines[line].replace_range(at..at + number.len(), &more.to_string());
    lines.join("\n") + "\n"
}

fn amount(word: &str) -> Option<Amount> {
    word.contains('.').then(|| word.parse().ok()).flatten()
}

#[test]
fn foreign_programs_accept_the_books_of_every_party() {
    for (form, tool) in FORMS {
        for party in parties() {
            for clocks in ["", " --as-of 2025-06-30 --stated-by 2025-07-05"] {
                let books = printed(run(SAMPLE.path(), &format!("export {form} --entity {party}{clocks} -q")));
                assert!(books.lines().filter(|line| line.contains(" balance ") || line.contains("=*")).count() > 20, "{form} {party}");
                if let Some(verdict) = complaint(tool, &books) {
                    assert_eq!(verdict, Ok(()), "{form} {party}{clocks}");
                }
            }
        }
    }
}

/// Where the lines are that a text has, of postings and of assertions.
fn places(books: &str, wanted: impl Fn(&str) -> bool) -> Vec<usize> {
    books.lines().enumerate().filter(|(_, line)| wanted(line)).map(|(place, _)| place).collect()
}

fn is_assertion(line: &str) -> bool {
    line.contains(" balance ") || line.contains("=*")
}

fn is_posting(line: &str) -> bool {
    let words: Vec<&str> = line.split_whitespace().collect();
    line.starts_with("  ") && words.len() == 3 && words[0].contains(':') && words[1].parse::<Amount>().is_ok()
}

fn has_amount(line: &str) -> bool {
    line.split_whitespace().any(|word| amount(word).is_some())
}

#[test]
fn foreign_programs_find_a_cent_that_is_wrong_in_the_books_of_every_party() {
    let refused = |tool: &[&str], books: &str, what: &str| {
        if let Some(verdict) = complaint(tool, books) {
            let found = verdict.expect_err(&format!("{}: {what} went by", tool[0])).to_lowercase();
            assert!(found.contains("balance"), "{found}");
        }
    };
    for (form, tool) in FORMS {
        for party in parties() {
            let books = printed(run(SAMPLE.path(), &format!("export {form} --entity {party} -q")));
            let postings = places(&books, is_posting);
            assert!(postings.len() > 50, "{form} {party}");
            refused(tool, &planted(&books, postings[postings.len() / 2], "0.01"), &format!("a cent in the books of {party}"));
        }
        let books = printed(run(SAMPLE.path(), &format!("export {form} --entity 804753256254 -q")));
        let (postings, assertions) = (places(&books, is_posting), places(&books, |line| is_assertion(line) && has_amount(line)));
        refused(tool, &planted(&books, postings[0], "-0.00000001"), "the least that an amount can be wrong by");
        refused(tool, &planted(&books, assertions[assertions.len() / 2], "0.01"), "a cent in an assertion");
        // Both sides of a transaction wrong by the same: it balances, and the payouts tell.
        let pair = postings.windows(2).find(|pair| pair[0] + 1 == pair[1]).unwrap();
        refused(tool, &planted(&planted(&books, pair[0], "0.01"), pair[1], "-0.01"), "a cent on the wrong account");
        if let Some(verdict) = complaint(tool, &planted(&books, postings[0], "0.00")) {
            assert_eq!(verdict, Ok(()), "{form}: what is planted is wrong by the cent alone");
        }
    }
}

#[test]
fn foreign_programs_accept_every_presentation() {
    let folder = sample();
    let there = folder.path();
    let key = fixture("keys/wang.pem");
    let mut seq = 2329;
    for (resale, fee, deferral) in [("net", "contra_revenue", "posted"), ("gross", "cost", "posted")] {
        let set = format!(
            "record policy.set --actor li --set policy=posting --set parameters.resale={resale} --set parameters.listing_fee={fee} \
             --set parameters.deferral={deferral} --effective 2025-01-02 -q"
        );
        let said = printed(run(there, &set));
        assert!(said.contains(&format!("Appended #{seq}")) && said.contains("Counts only when a second person has signed it"), "{said}");
        printed(run(there, &format!("approve {seq} --actor wang --key {} -q", key.display())));
        let told = printed(run(there, "show trial-balance --entity yewtree -f json -q"));
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        assert_eq!(told["receipt"]["policies"]["posting"], format!("#{seq}"));
        assert_eq!(told["receipt"]["args"]["entity"], "039235861748");
        seq += 2;
        for (form, tool) in FORMS {
            for party in ["039235861748", "804753256254"] {
                let books = printed(run(there, &format!("export {form} --entity {party} -q")));
                assert!(!books.contains("not decided"), "{books}");
                assert!(books.contains("Income:Released"), "{form} {party}");
                if let Some(verdict) = complaint(tool, &books) {
                    assert_eq!(verdict, Ok(()), "{form} {party} {resale} {fee} {deferral}");
                }
            }
        }
    }
}

#[test]
fn names_of_any_kind_are_written_so_that_foreign_programs_read_them() {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path();
    printed(run(there, "init --name names -q"));
    let feeds = fixture("scenarios/direct-sale-paid-out/feeds");
    printed(run(there, &format!("import {} -q", feeds.display())));
    let odd = "(東京; \"\"Anker\"\" \\ 販売) | A,B * !\n株式会社";
    let account = format!(
        "account_id,aws_account_id,encrypted_account_id,mailing_address_id,tax_address_id,tax_registration_number,tax_legal_name,valid_from,insert_date,update_date,delete_date\n\
         acct-buyer,777788889999,,,,,\"{odd}\",2020-01-01T00:00:00Z,2020-01-01T00:00:00Z,2020-01-01T00:00:00Z,\n"
    );
    fs::write(there.join("accounts.csv"), account).unwrap();
    printed(run(there, "import accounts.csv --account 444455556666 -q"));
    for (form, tool) in FORMS {
        let books = printed(run(there, &format!("export {form} -q")));
        assert!(books.contains("販売") && books.contains("株式会社"), "{books}");
        if let Some(verdict) = complaint(tool, &books) {
            assert_eq!(verdict, Ok(()), "{books}");
        }
    }
}

#[test]
fn books_that_are_not_whole_are_audited_as_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path();
    printed(run(there, "init --name parts -q"));
    // Payouts whose rows differ from their header, or are missing, and the old files that tell no collections.
    printed(run(there, &format!("import {} -q", fixture("scenarios/payouts-that-do-not-add-up/feeds").display())));
    for (party, file) in [("111122223333", "partner.csv"), ("444455556666", "isv.csv")] {
        let file = fixture("scenarios/older-files-of-the-guide").join(file);
        printed(run(there, &format!("import {} --account {party} -q", file.display())));
    }
    let parties: Vec<String> = {
        let payouts = printed(run(there, "show payouts -f csv -q"));
        support::rows(&payouts).into_iter().map(|row| row["party"].clone()).collect()
    };
    for (form, tool) in FORMS {
        for party in &parties {
            let books = printed(run(there, &format!("export {form} --entity {party} -q")));
            if let Some(verdict) = complaint(tool, &books) {
                assert_eq!(verdict, Ok(()), "{books}");
            }
        }
    }
}

#[test]
fn books_are_of_one_party_and_say_whose() {
    for form in ["beancount", "hledger"] {
        let output = run(SAMPLE.path(), &format!("export {form}"));
        let said = String::from_utf8(output.stderr.clone()).unwrap();
        assert!(said.contains("note: the books of 000057174132 Marlowe Software, Inc.; --entity names another of 5"), "{said}");
        let books = printed(output);
        assert!(books.starts_with("; books of 000057174132 Marlowe Software, Inc.\n"), "{books}");
        assert_eq!(books, printed(run(SAMPLE.path(), &format!("export {form} --entity marlowe -q"))));
    }
    for (line, code, says) in [
        ("show trial-balance --entity nobody", 6, "error[E0301]: nobody named `nobody` has books here"),
        ("show journal --entity e", 6, "error[E0305]: `e` is more than one party"),
        ("show payouts --entity marlowe", 2, "--entity does not fit `show payouts`"),
        ("show journal --deferral", 2, "--deferral does not fit `show journal`"),
        ("export ics --entity marlowe", 2, "--entity does not fit this form"),
        ("export hledger --within 90d", 2, "--within does not fit this form"),
    ] {
        let output = run(SAMPLE.path(), line);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.contains(says)), (Some(code), true), "{line}: {said}");
    }
    let empty = tempfile::tempdir().unwrap();
    printed(run(empty.path(), "init --name empty -q"));
    let output = run(empty.path(), "show trial-balance");
    assert_eq!(output.status.code(), Some(6));
    assert!(String::from_utf8(output.stderr).unwrap().contains("error[E0301]: nobody has books here"));
}

#[test]
fn what_is_exported_to_a_file_is_what_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("books.beancount");
    printed(run(SAMPLE.path(), &format!("export beancount --entity yewtree -o {} -q", file.display())));
    assert_eq!(fs::read_to_string(&file).unwrap(), printed(run(SAMPLE.path(), "export beancount --entity yewtree -q")));
}
