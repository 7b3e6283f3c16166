//! The books as foreign programs see them: bean-check and hledger add our transactions up and find what our payouts say; and they find a cent
//! that is wrong.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(dead_code, reason = "the support is shared with other tests")]

mod support;
#[path = "support/tools.rs"]
mod tools;

use std::collections::BTreeMap;
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

/// Those who only hold credits: everybody else who has books, as the error says that asks for nobody's.
fn holders() -> Vec<String> {
    let error = run(SAMPLE.path(), "show trial-balance --entity nobody").stderr;
    let said = String::from_utf8(error).unwrap();
    let owners = said.split("these have: ").nth(1).unwrap().lines().next().unwrap();
    let account = |owner: &str| owner.split(' ').next().unwrap().to_owned();
    let holders: Vec<String> = owners.split("; ").map(account).filter(|owner| !parties().contains(owner)).collect();
    assert_eq!(holders.len(), 3, "{said}");
    holders
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
            tools::skip("how another program sees the books", &format!("{}: {why}", tool[0]));
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
        // Of a credit that nothing was ever taken of, the books are empty.
        let mut filled = 0;
        for holder in holders() {
            let books = printed(run(SAMPLE.path(), &format!("export {form} --entity {holder} -q")));
            filled += usize::from(books.lines().any(is_assertion));
            if let Some(verdict) = complaint(tool, &books) {
                assert_eq!(verdict, Ok(()), "{form} {holder}");
            }
        }
        assert!(filled >= 2, "{form}");
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
        if seq == 2212 {
            // Every cent that moves between accounts is the rule's: the register, the policy and its approval are all that is new.
            let changed = support::rows(&printed(run(there, "diff #2210 #2213 --of trial-balance -f csv -q")));
            assert!(changed.len() > 10, "{changed:?}");
            for row in &changed {
                let units = |name: &str| row[name].parse::<Amount>().unwrap().units();
                assert_eq!(units("before") + units("rule_change"), units("after"), "{row:?}");
                assert!(["restatement", "correction", "late_arrival", "new_business"].iter().all(|cause| units(cause) == 0), "{row:?}");
            }
            // Where the policy chose the account, the tree says so, and which version of it.
            let why = printed(run(there, "show trial-balance Income:ListingFee --entity yewtree --why -f csv -q"));
            assert!(
                why.contains("policy posting #2212: resale net, listing fee contra revenue, deferral posted\",2212,policy.set"),
                "{why}"
            );
        }
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
    let odd = "(東京; \"\"Anker\"\" \\ 販売) | A,B * !\n株式会社\u{202e}cni";
    let account = format!(
        "account_id,aws_account_id,encrypted_account_id,mailing_address_id,tax_address_id,tax_registration_number,tax_legal_name,valid_from,insert_date,update_date,delete_date\n\
         acct-buyer,777788889999,,,,,\"{odd}\",2020-01-01T00:00:00Z,2020-01-01T00:00:00Z,2020-01-01T00:00:00Z,\n"
    );
    fs::write(there.join("accounts.csv"), account).unwrap();
    printed(run(there, "import accounts.csv --account 444455556666 -q"));
    for (form, tool) in FORMS {
        let books = printed(run(there, &format!("export {form} -q")));
        assert!(books.contains("販売") && books.contains("株式会社 cni"), "{books}");
        assert!(!books.contains('\u{202e}'), "what turns the direction of writing is not written");
        if let Some(verdict) = complaint(tool, &books) {
            assert_eq!(verdict, Ok(()), "{books}");
        }
    }
    let journal = printed(run(there, "show journal -q"));
    assert!(journal.contains("\\u{202e}cni") && !journal.contains('\u{202e}'), "{journal}");
}

#[test]
fn books_after_a_close_are_audited_by_the_day_they_are_posted() {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path();
    let run = |line: &str| printed(dealbook(there, "2026-04-03T09:00:00Z", &line.split(' ').collect::<Vec<_>>()));
    let closed = fixture("bills/month-end/closed-by-another-program.jsonl");
    run(&format!("copy jsonl:{} sled:. -q", closed.display()));
    run(&format!("approve 34 --actor wang --key {} -q", fixture("keys/wang.pem").display()));
    // An invoice, a restated amount and a payment, all of March.
    run(&format!("import {} -q", fixture("bills/month-end/feeds-late").display()));
    for (form, tool) in FORMS {
        let books = run(&format!("export {form} --entity acme -q"));
        let Some(verdict) = complaint(tool, &books) else { continue };
        assert_eq!(verdict, Ok(()), "{books}");
        assert_eq!(books.matches("effective: ").count(), 3, "{books}");
        // On its own day it would change the month that is closed, and they see it.
        let lines: Vec<&str> = books.lines().collect();
        let invoice = lines.iter().position(|line| line.starts_with("2026-04-01") && line.contains("INV-1020")).unwrap();
        let back: Vec<String> = (0..)
            .zip(&lines)
            .map(|(at, line)| if at == invoice { line.replacen("2026-04-01", "2026-03-28", 1) } else { (*line).to_owned() })
            .collect();
        assert!(complaint(tool, &(back.join("\n") + "\n")).unwrap().is_err(), "{form}: a cent in a closed month is seen");
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
        assert!(said.contains("note: the books of 000057174132 Marlowe Software, Inc.; --entity names another of 8"), "{said}");
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

const BUYER: &str = "777788889999";

/// A ledger of a buyer that sells nothing: a credit of which some lowered a bill, and a contract year in which 380,000.00 lacked.
fn buyer() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path();
    let done = |line: &str| printed(run(there, line));
    let written = |name: &str| support::text(&fixture(name));
    done("init --name buyer -q");
    done("record person.registered -q --set person=mei --set key=M1eOLpOnBBtiWUfmIeiG8qE6zXT7z8JLtEmZV1KCyE4= --effective 2025-01-02");
    fs::create_dir(there.join("bills")).unwrap();
    let bill = written("bills/globex-2026/777788889999-2026-01.csv");
    for month in 1..=12 {
        let of_month = bill.replace("2026-01", &format!("2025-{month:02}")).replace("li202601", &format!("li2025{month:02}"));
        fs::write(there.join(format!("bills/{BUYER}-2025-{month:02}.csv")), of_month).unwrap();
    }
    done("import bills -q");
    fs::write(there.join("ppa.json"), written("bills/globex-2026.json").replace("2026", "2025").replace("2027", "2026")).unwrap();
    done("record --file ppa.json --actor li -q");
    fs::write(there.join("paper.txt"), "an invoice, an award").unwrap();
    let key = fixture("keys/mei.pem");
    let money = |kind: &str, date: &str, sets: &str| {
        let sets: String = sets.split(' ').map(|set| format!(" --set {set}")).collect();
        let said = done(&format!("record {kind} --actor li --effective {date}{sets} --set currency=USD --document paper.txt -q -f csv"));
        said.lines().nth(1).unwrap().split(',').next().unwrap().to_owned()
    };
    for (kind, date, sets) in [
        ("credit.granted", "2025-10-01", format!("credit=WMP-1 programme=wmp holder={BUYER} amount=20000.00 ends_at=2026-10-01T00:00:00Z")),
        ("credit.applied", "2025-12-03", format!("credit=WMP-1 account={BUYER} month=2025-11 amount=12000.00")),
        (
            "shortfall.invoiced",
            "2026-02-10",
            "commitment=PPA-GLOBEX-2025 year=2025-01-01T00:00:00Z amount=381250.00 invoice=INV-SHORT".to_owned(),
        ),
    ] {
        let seq = money(kind, date, &sets);
        done(&format!("approve {seq} --actor mei --key {} -q", key.display()));
    }
    folder
}

#[test]
fn foreign_programs_audit_the_books_of_who_holds_credits_and_owes_a_shortfall() {
    let folder = buyer();
    let told = |clocks: &str| -> Vec<String> {
        let rows = support::rows(&printed(run(folder.path(), &format!("show trial-balance --entity {BUYER}{clocks} -f csv -q"))));
        rows.into_iter().map(|row| format!("{} {}", row["account"], row["balance"])).collect()
    };
    assert!(told(" --as-of 2025-12-02").is_empty());
    let credited = ["Liabilities:AWSBills 12000.00", "Expenses:AWS:CreditsApplied -12000.00"];
    assert_eq!(told(" --as-of 2025-12-31"), credited);
    let (bills, accrued) = ("Liabilities:AWSBills -369250.00", "Liabilities:AccruedShortfall -380000.00");
    let (credits, shortfall) = ("Expenses:AWS:CreditsApplied -12000.00", "Expenses:AWS:Shortfall 380000.00");
    assert_eq!(told(" --as-of 2026-02-09"), ["Liabilities:AWSBills 12000.00", accrued, credits, shortfall]);
    assert_eq!(told(""), [bills, credits, shortfall, "Expenses:AWS:ShortfallDifference 1250.00"]);
    for (form, tool) in FORMS {
        for clocks in ["", " --as-of 2026-01-31", " --as-of 2025-12-31"] {
            let books = printed(run(folder.path(), &format!("export {form} --entity {BUYER}{clocks} -q")));
            let Some(verdict) = complaint(tool, &books) else { continue };
            assert_eq!(verdict, Ok(()), "{form}{clocks}: {books}");
            let (postings, assertions) = (places(&books, is_posting), places(&books, |line| is_assertion(line) && has_amount(line)));
            assert!(postings.len() >= 2 && !assertions.is_empty(), "{books}");
            for place in postings.iter().chain(&assertions) {
                assert!(complaint(tool, &planted(&books, *place, "0.01")).unwrap().is_err(), "{form}{clocks}, line {place} of {books}");
            }
            for pair in postings.windows(2).filter(|pair| pair[0] + 1 == pair[1]) {
                let moved = planted(&planted(&books, pair[0], "0.01"), pair[1], "-0.01");
                assert!(complaint(tool, &moved).unwrap().is_err(), "{form}{clocks}: a cent on the wrong account, {moved}");
            }
        }
    }
}

/// The figures of a `--why`, by subject: the figure itself, and what is under it.
fn trees(why: &str, figure: &str) -> BTreeMap<String, [i128; 2]> {
    let mut trees: BTreeMap<String, [i128; 2]> = BTreeMap::new();
    for row in support::rows(why) {
        if let Ok(amount) = row["amount"].parse::<Amount>() {
            trees.entry(row["subject"].clone()).or_default()[usize::from(row["field"] != figure)] += amount.units();
        }
    }
    trees
}

#[test]
fn every_balance_of_the_sample_has_a_tree_that_sums_to_it() {
    for party in parties() {
        for clocks in ["", " --as-of 2025-06-30 --stated-by 2025-07-05"] {
            let line = format!("show trial-balance --entity {party}{clocks}");
            let balances = support::rows(&printed(run(SAMPLE.path(), &format!("{line} -f csv -q"))));
            let why = printed(run(SAMPLE.path(), &format!("{line} --why -f csv -q")));
            let trees = trees(&why, "balance");
            assert!(balances.len() >= 6 && balances.len() == trees.len(), "{party}{clocks}");
            for row in &balances {
                let units = row["balance"].parse::<Amount>().unwrap().units();
                assert_eq!(trees[&format!("{} {}", row["account"], row["currency"])], [units; 2], "{party}{clocks}: {row:?}");
            }
            // Every part is by an event, and that stands in a row of a file, unless a person recorded it.
            for row in support::rows(&why).iter().filter(|row| row["field"] != "balance") {
                let by_hand = ["posting-credit/1", "posting-shortfall/1"].contains(&row["rule"].as_str());
                let told: &[&str] = if by_hand { &["seq", "event", "actor"] } else { &["seq", "event", "file", "row"] };
                assert!(told.iter().all(|column| !row[*column].is_empty()), "{party}{clocks}: {row:?}");
            }
        }
    }
    let folder = buyer();
    let why = printed(run(folder.path(), &format!("show trial-balance party:{BUYER} --why -f csv -q")));
    let difference = Amount::units("1250.00".parse().unwrap());
    assert_eq!(trees(&why, "balance")["Expenses:AWS:ShortfallDifference USD"], [difference; 2]);
    assert!(trees(&why, "balance").values().all(|[figure, parts]| figure == parts), "{why}");
    assert!(why.contains("posting-credit/1") && why.contains("posting-shortfall/1"), "{why}");
}

#[test]
fn every_fee_has_a_tree_that_sums_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let done = |line: &str| printed(run(folder.path(), line));
    let units = |text: &str| text.parse::<Amount>().ok().map(Amount::units);
    done("init --name fees -q");
    done(&format!("import {} -q", fixture("scenarios/rate-card-changes-between-instalments/feeds").display()));
    let card = "record policy.set --set policy=listing-fees --effective 2024-01-05 -q --set parameters={\"public_saas\":\"3\",\
                \"public_server\":\"20\",\"private_usd\":\"3\",\"renewal\":\"1.5\",\"professional_services\":\"2.5\",\"channel_uplift\":\"0.5\"}";
    done(card);
    let figures = ["price", "charged", "difference"];
    let mut trees: BTreeMap<(String, &str), [i128; 2]> = BTreeMap::new();
    for row in support::rows(&done("show fees --why -f csv -q")) {
        let (figure, is_part) = match row["field"].as_str() {
            "price row" => ("price", true),
            "fee row" => ("charged", true),
            "charged less expected" => ("difference", true),
            field => match figures.iter().find(|figure| **figure == field) {
                Some(figure) => (*figure, false),
                None => continue,
            },
        };
        trees.entry((row["subject"].clone(), figure)).or_default()[usize::from(is_part)] += units(&row["amount"]).unwrap();
        let is_rounding = row["remark"] == "rounded half up";
        assert!(
            row["remark"] != "unexplained" && (!is_rounding || units(&row["amount"]).unwrap().abs() <= 500_000),
            "half a cent: {row:?}"
        );
        let is_row = row["field"].ends_with(" row") && !is_rounding;
        assert!(!is_row || ["seq", "file", "row"].iter().all(|column| !row[*column].is_empty()), "{row:?}");
    }
    let fees = support::rows(&done("show fees -f csv -q"));
    assert!(fees.len() > 10 && fees.iter().any(|row| row["status"] == "over"), "{fees:?}");
    for row in &fees {
        let subject: Vec<&str> = ["agreement", "invoice", "line", "currency"]
            .iter()
            .map(|column| row[*column].as_str())
            .filter(|word| !word.is_empty())
            .collect();
        for figure in figures {
            let told = units(&row[figure]).map(|units| [units; 2]);
            assert_eq!(trees.get(&(subject.join(" "), figure)).copied(), told, "{figure} of {row:?}");
        }
    }
}

#[test]
fn what_changed_of_the_books_sums_exactly() {
    let figures = |clocks: &str| {
        let mut figures: BTreeMap<(String, String), i128> = BTreeMap::new();
        for party in parties() {
            for row in support::rows(&printed(run(SAMPLE.path(), &format!("show trial-balance --entity {party} {clocks} -f csv -q")))) {
                let key = (format!("{party} {}", row["account"]), row["currency"].clone());
                figures.insert(key, row["balance"].parse::<Amount>().unwrap().units());
            }
        }
        figures
    };
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for (from, to, before, after) in [
        ("2025-06-30@#1300", "2025-09-30@#1900", "--as-of 2025-06-30 --known-at #1300", "--as-of 2025-09-30 --known-at #1900"),
        ("#1100", "#1300", "--known-at #1100", "--known-at #1300"),
    ] {
        let (before, after) = (figures(before), figures(after));
        let changed = support::rows(&printed(run(SAMPLE.path(), &format!("diff {from} {to} --of trial-balance -f csv -q"))));
        let mut told = before.clone();
        for row in &changed {
            let units = |name: &str| row[name].parse::<Amount>().unwrap().units();
            let key = (row["subject"].clone(), row["currency"].clone());
            assert_eq!(row["field"], "balance");
            assert_eq!(units("before"), before.get(&key).copied().unwrap_or(0), "{row:?}");
            let causes = ["restatement", "correction", "rule_change", "late_arrival", "new_business"];
            causes.iter().filter(|cause| units(cause) != 0).for_each(|cause| *seen.entry(cause).or_default() += 1);
            assert_eq!(units("before") + causes.iter().map(|cause| units(cause)).sum::<i128>(), units("after"), "{row:?}");
            told.insert(key, units("after"));
        }
        told.retain(|_, units| *units != 0);
        assert_eq!(told, after, "{from} {to}");
    }
    assert_eq!(seen.into_keys().collect::<Vec<_>>(), ["late_arrival", "new_business", "restatement"]);
}

#[test]
fn a_party_in_the_query_chooses_the_books() {
    for noun in ["trial-balance", "journal", "billings"] {
        let by_word = printed(run(SAMPLE.path(), &format!("show {noun} party:yewtree -f csv -q")));
        assert_eq!(by_word, printed(run(SAMPLE.path(), &format!("show {noun} --entity yewtree -f csv -q"))));
        assert!(by_word.contains("039235861748"), "{by_word}");
    }
    for words in ["party:yewtree party:marlowe", "not:party:yewtree", "party:yewtree --entity marlowe"] {
        let output = run(SAMPLE.path(), &format!("show journal {words}"));
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.contains("error: books are of one party")), (Some(2), true), "{words}: {said}");
    }
}

#[test]
fn what_is_exported_to_a_file_is_what_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("books.beancount");
    printed(run(SAMPLE.path(), &format!("export beancount --entity yewtree -o {} -q", file.display())));
    assert_eq!(fs::read_to_string(&file).unwrap(), printed(run(SAMPLE.path(), "export beancount --entity yewtree -q")));
}
