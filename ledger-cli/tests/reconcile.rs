//! A month's end as finance goes through it: the same month in every kind of bill, what is compared with itself, banks and sellers' reports, and
//! everything that is refused.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

#[path = "support/folders.rs"]
mod folders;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const NOW: &str = "2026-04-03T09:00:00Z";
const WANG: &str = "key=Guz8SB7ZTqZo0bSg/QaT87fuXoymthNJjtb1UppHMxM=";
const MEI: &str = "key=M1eOLpOnBBtiWUfmIeiG8qE6zXT7z8JLtEmZV1KCyE4=";

fn fixture(name: &str) -> String {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "fixtures", name].iter().collect();
    path.display().to_string()
}

fn dealbook(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dealbook"));
    command.args(args).current_dir(folder).env_clear().env("DEALBOOK_NOW", NOW).output().unwrap()
}

#[track_caller]
fn ends(folder: &Path, args: &[&str], code: i32) -> (String, String) {
    let output = dealbook(folder, args);
    let (out, err) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(code), "{args:?}\n{out}\n{err}");
    (out, err)
}

/// It is refused, so, and nothing is appended.
#[track_caller]
fn refused(folder: &Path, args: &[&str], code: i32, because: &str) {
    let before = ends(folder, &["log", "--limit", "1", "-f", "csv"], 0).0;
    let (out, err) = ends(folder, args, code);
    assert!(out.is_empty() && err.contains(because), "{args:?}: {err}");
    assert_eq!(ends(folder, &["log", "--limit", "1", "-f", "csv"], 0).0, before);
}

/// A ledger with the feeds of the month's end.
fn ledger() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    ends(folder.path(), &["init", "--name", "acme"], 0);
    for feeds in ["bills/month-end/feeds", "bills/month-end/feeds-april"] {
        ends(folder.path(), &["import", &fixture(feeds)], 0);
    }
    folder
}

/// The rows of a report as text, by column.
fn rows(out: &str, columns: &[&str]) -> Vec<Vec<String>> {
    let mut reader = csv::Reader::from_reader(out.as_bytes());
    let header = reader.headers().unwrap().clone();
    let places: Vec<usize> = columns.iter().map(|name| header.iter().position(|known| known == *name).unwrap()).collect();
    reader.records().map(|row| places.iter().map(|at| row.as_ref().unwrap()[*at].to_owned()).collect()).collect()
}

/// The bill of the month as other files of AWS tell it.
fn told_as(format: &str) -> String {
    let text = fs::read_to_string(fixture("bills/month-end/cur2-2026-03.csv")).unwrap();
    let (header, lines) = text.split_once('\n').unwrap();
    let legacy = |name: &str| {
        let (group, rest) =
            ["line_item", "identity", "product", "bill"].iter().find_map(|g| Some((*g, name.strip_prefix(&format!("{g}_"))?))).unwrap();
        let camel = |text: &str| text.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect::<String>();
        let first = |text: String| text[..1].to_lowercase() + &text[1..];
        format!("{}/{}", first(camel(group)), camel(rest))
    };
    match format {
        "cur2" => text,
        "legacy" => format!("{}\n{lines}", header.split(',').map(legacy).collect::<Vec<_>>().join(",")),
        _ => {
            let mut out = String::from(
                "BillingAccountId,BillingPeriodStart,ChargeCategory,BillingCurrency,ServiceName,ProviderName,PublisherName,InvoiceId,BilledCost,SubAccountId\n",
            );
            let wanted = [
                "bill_billing_entity",
                "bill_invoice_id",
                "line_item_legal_entity",
                "line_item_line_item_type",
                "line_item_product_code",
                "line_item_unblended_cost",
                "product_product_name",
            ];
            for row in rows(&text, &wanted) {
                let [entity, invoice, legal, kind, code, cost, name] = row.try_into().unwrap();
                let category = if kind == "Fee" { "Purchase" } else { "Usage" };
                // FOCUS names what it bills by its title.
                let title = match code.as_str() {
                    "code-prod-1" => "Acme Analytics",
                    "code-prod-2" => "Acme Vault",
                    _ => &name,
                };
                let publisher = if entity == "AWS" { "AWS" } else { &legal };
                out += &format!("777788889999,2026-03-01T00:00:00Z,{category},USD,{title},AWS,{publisher},{invoice},{cost},333344445555\n");
            }
            out
        }
    }
}

#[test]
fn the_same_month_has_the_same_breaks_in_every_kind_of_bill() {
    let folder = ledger();
    let breaks = |format: &str| {
        fs::write(folder.path().join(format!("{format}.csv")), told_as(format)).unwrap();
        let (out, _) = ends(folder.path(), &["reconcile", "2026-03", &format!("{format}.csv"), "-n", "-f", "csv"], 4);
        let mut rows = rows(&out, &["result", "rows", "billed", "ledger", "difference", "invoice"]);
        rows.retain(|row| row[0].starts_with('R'));
        rows
    };
    let expected = breaks("cur2");
    assert_eq!(expected.iter().map(|row| &row[0][..3]).collect::<Vec<_>>(), ["R01", "R02", "R03", "R04", "R05"]);
    assert_eq!(breaks("legacy"), expected);
    assert_eq!(breaks("focus"), expected);
}

#[test]
fn a_bill_held_against_itself_assures_nobody_and_closes_no_month() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    ends(folder, &["init", "--name", "globex"], 0);
    let bill = fixture("bills/month-end/cur2-2026-03.csv");
    ends(folder, &["import", &bill], 0);
    let (out, _) = ends(folder, &["reconcile", "2026-03", &bill], 0);
    assert!(out.contains("self-comparison, no assurance: a file was compared with what it is the source of"), "{out}");
    refused(folder, &["close", "2026-03"], 4, "it is compared with itself alone, which assures nobody");
}

/// What a schedule plans is told by the seller: the bill is held against it, also when the bill was imported, and shows what became of it.
#[test]
fn what_is_planned_is_held_against_a_bill_that_was_imported() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    folders::copy_folder(Path::new(&fixture("bills/month-end/feeds")), &folder.join("feeds"));
    fs::remove_dir_all(folder.join("feeds/444455556666/billingeventfeed_v1")).unwrap();
    let bill = fs::read_to_string(fixture("bills/month-end/cur2-2026-03.csv")).unwrap();
    assert_eq!(bill.matches(",4120.00,").count(), 1);
    fs::write(folder.join("bill.csv"), bill.replace(",4120.00,", ",4000.00,")).unwrap();
    ends(folder, &["init", "--name", "globex"], 0);
    ends(folder, &["import", "feeds"], 0);
    let agreed = || -> Vec<String> {
        let (out, _) = ends(folder, &["reconcile", "2026-03", "bill.csv", "-n", "-f", "csv"], 4);
        let rows = rows(&out, &["result", "billed", "ledger"]);
        rows.into_iter().filter(|row| row[0] == "exact" || row[2] == "4000.00").map(|row| row.join(" ")).collect()
    };
    let instalment = || ends(folder, &["show", "instalments", "agmt-1", "-f", "csv"], 0).0;
    assert_eq!((agreed(), instalment().contains(",missing,")), (vec!["exact 4000.00 4000.00".to_owned()], true));
    ends(folder, &["import", "bill.csv"], 0);
    assert_eq!((agreed(), instalment().contains(",invoiced,")), (vec!["exact 4000.00 4000.00".to_owned()], true));
}

/// A month of AWS's own, and a ledger that has nothing of it: rows that bill nothing agree with nothing either.
#[test]
fn services_that_the_ledger_has_nothing_of_are_summed_and_compared_with_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    ends(folder, &["init", "--name", "globex"], 0);
    let (out, _) = ends(folder, &["reconcile", "2026-04", &fixture("bills/cur2-2026-04.csv.gz"), "-n", "-f", "csv"], 0);
    let found = rows(&out, &["subject", "result", "rows"]);
    assert_eq!(found, [["credits", "AWS services, summed", "358"], ["services", "AWS services, summed", "1524"]]);
}

#[test]
fn a_bank_and_sellers_reports_are_compared_with_payouts_and_lines() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    ends(folder, &["init", "--name", "acme"], 0);
    ends(folder, &["import", &fixture("scenarios/direct-sale-paid-out/feeds")], 0);
    let sent = rows(&ends(folder, &["show", "disbursements", "-f", "csv"], 0).0, &["date", "amount", "bank_trace"]);
    let [date, amount, trace] = sent[0].clone().try_into().unwrap();
    let amount = amount.trim_start_matches('-');
    let bank = |name: &str, amount: &str| {
        fs::write(folder.join(name), format!("trace_id,value_date,amount,currency,recipient\n{trace},{date},{amount},USD,444455556666\n"))
            .unwrap()
    };
    bank("bank.csv", amount);
    let found = |file: &str, code: i32| {
        let (out, _) = ends(folder, &["reconcile", "2025-02", file, "-n", "-f", "csv"], code);
        rows(&out, &["subject", "result", "billed", "ledger"])
    };
    assert_eq!(found("bank.csv", 0), [["deposits", "exact", amount, amount]]);
    bank("less.csv", "1.00");
    assert_eq!(found("less.csv", 4), [["deposits", "R03 amount", "1.00", amount]]);
}

#[test]
fn what_is_printed_is_as_its_schema_says() {
    let folder = ledger();
    let folder = folder.path();
    ends(folder, &["record", "person.registered", "--set", "person=wang", "--set", WANG], 0);
    let bill = fixture("bills/month-end/cur2-2026-03.csv");
    let listed = |args: &[&str], code: i32| -> serde_json::Value {
        serde_json::from_str(&ends(folder, &[args, &["-f", "json"][..]].concat(), code).0).unwrap()
    };
    let keys = |value: &serde_json::Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    let looked_at = |name: &str, answer: serde_json::Value| {
        let schema: serde_json::Value = serde_json::from_str(&ends(folder, &["schema", name], 0).0).unwrap();
        assert_eq!(answer["schema"], schema["$id"], "{name}");
        let rows = answer["data"].as_array().unwrap();
        assert!(!rows.is_empty(), "{name}");
        for row in rows {
            assert_eq!(keys(row), keys(&schema["properties"]["data"]["items"]["properties"]), "{name}");
        }
        answer
    };
    looked_at("reconcile", listed(&["reconcile", "2026-03", &bill], 4));
    let breaks = looked_at("breaks", listed(&["breaks", "list"], 0));
    let id = breaks["data"][0]["break"].as_str().unwrap().to_owned();
    looked_at("break", listed(&["breaks", "show", &id], 0));
    looked_at("break-assigned", listed(&["breaks", "assign", &id, "wang"], 0));
    looked_at("break-resolved", listed(&["breaks", "resolve", &id, "--reason", "aws-error"], 0));
}

#[test]
fn what_breaks_a_rule_of_the_months_end_is_refused() {
    let folder = ledger();
    let folder = folder.path();
    let bill = fixture("bills/month-end/cur2-2026-03.csv");
    ends(folder, &["record", "person.registered", "--set", "person=wang", "--set", WANG], 0);
    refused(folder, &["reconcile", "2026", &bill], 2, "invalid value `2026` for PERIOD");
    refused(folder, &["close", "2026-03"], 4, "it is not reconciled");
    refused(folder, &["close", "2026-04"], 3, "it is not over");
    refused(folder, &["close", "2026-03", "--revision"], 3, "it is not closed yet");
    ends(folder, &["reconcile", "2026-03", &bill, "-q"], 4);
    refused(folder, &["close", "2026-03"], 4, "5 breaks of ");

    let of = |code: &str| {
        let (out, _) = ends(folder, &["breaks", "list", "-f", "csv"], 0);
        rows(&out, &["code", "break"]).into_iter().find(|row| row[0] == code).unwrap().remove(1)
    };
    let (r01, r02, r03, r05) = (of("R01"), of("R02"), of("R03"), of("R05"));
    let resolve = |id: &str, rest: &[&str], code: i32, because: &str| {
        refused(folder, &[&["breaks", "resolve", id][..], rest].concat(), code, because);
    };
    refused(folder, &["breaks", "show", "B-nothing"], 3, "no reconciliation has found it");
    refused(folder, &["breaks", "show", "B-"], 6, "several breaks begin so");
    refused(folder, &["breaks", "assign", &r01, "nobody"], 3, "no entry registers this person");
    resolve(&r05, &["--reason", "arrived", "--entry", "2"], 3, "a break R05 has other reasons");
    resolve(&r05, &["--reason", "written-off"], 2, "invalid value `written-off` for --reason");
    resolve(&r01, &["--reason", "arrived"], 3, "it names the entry that explains it");
    resolve(&r01, &["--reason", "arrived", "--entry", "999"], 3, "the ledger does not go as far");
    resolve(&r01, &["--reason", "arrived", "--entry", "1"], 3, "nobody but AWS says that a fact has arrived");
    resolve(&r02, &["--reason", "expectation", "--entry", "2"], 3, "it corrects no expectation of ours");
    resolve(&r03, &["--reason", "accepted", "--note", "x"], 3, "what is accepted has a document that shows it");
    resolve(&r03, &["--reason", "accepted", "--document", &bill], 3, "who accepts a difference says why");
    ends(folder, &["breaks", "resolve", &r01, "--reason", "arrived", "--entry", "3"], 0);
    resolve(&r01, &["--reason", "aws-error"], 3, "it is resolved");
    for by_hand in ["reconciliation.sealed", "break.resolved", "period.closed"] {
        let (_, err) = ends(folder, &["record", by_hand], 3);
        assert!(err.contains("E0"), "{err}");
    }
    refused(
        folder,
        &["record", "policy.set", "--effective", "2026-01-01", "--set", "policy=tolerances", "--set", "parameters.usd=5"],
        3,
        "it is no tolerance",
    );
    refused(
        folder,
        &["record", "policy.set", "--effective", "2026-01-01", "--set", "policy=closing", "--set", "parameters.usd_open=-5"],
        3,
        "it is no limit of a close",
    );
}

#[test]
fn months_are_closed_by_two_and_in_order() {
    let folder = ledger();
    let folder = folder.path();
    let bill = fixture("bills/month-end/cur2-2026-03.csv");
    for (person, key) in [("wang", WANG), ("mei", MEI)] {
        ends(folder, &["record", "person.registered", "--set", &format!("person={person}"), "--set", key], 0);
    }
    let open = ["policy=closing", "parameters.usd_open=99999.00"];
    let policy = |actor: &str, at: &str| {
        ends(folder, &["record", "policy.set", "--effective", at, "--set", open[0], "--set", open[1], "--actor", actor], 0)
    };
    let (out, err) = policy("li", "2026-01-01");
    let set = format!("{out}{err}").split("Appended #").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    ends(folder, &["approve", &set, "--actor", "wang", "--key", &fixture("keys/wang.pem")], 0);
    // Mei enters something of March by hand.
    policy("mei", "2026-03-20");
    ends(folder, &["reconcile", "2026-03", &bill], 4);
    let (out, _) = ends(folder, &["close", "2026-03", "--actor", "li", "-f", "csv"], 0);
    let last = rows(&out, &["seq"]).pop().unwrap().remove(0);
    let sign =
        |person: &str, key: &str| dealbook(folder, &["approve", &last, "--actor", person, "--key", &fixture(&format!("keys/{key}.pem"))]);
    let why = String::from_utf8(sign("mei", "mei").stderr).unwrap();
    assert!(why.contains("`mei` entered #") && why.contains("by hand in 2026-03"), "{why}");
    assert!(sign("wang", "wang").status.success());
    refused(folder, &["close", "2026-03", "--actor", "li"], 3, "it is closed");
    let (out, _) = ends(folder, &["check", "duties", "-f", "csv"], 0);
    assert!(rows(&out, &["person", "prepared", "closed"]).contains(&["wang", "0", "1"].map(str::to_owned).to_vec()), "{out}");
    // A revision supersedes, and is signed again.
    let (out, _) = ends(folder, &["close", "2026-03", "--revision", "--actor", "li", "-f", "csv"], 0);
    assert!(!rows(&out, &["seq"]).is_empty());
    // What is dated into the closed month afterwards is found.
    policy("li", "2026-03-30");
    ends(
        folder,
        &[
            "record",
            "product.designated",
            "--effective",
            "2026-03-30",
            "--set",
            "product=prod-1",
            "--set",
            "designation=deployed-on-aws",
            "--set",
            "holds=true",
            "--actor",
            "li",
        ],
        0,
    );
    let (out, _) = ends(folder, &["check", "journal-entries", "-f", "csv"], 0);
    assert!(out.contains("after the close"), "{out}");
}

/// A payout is in transit until the bank has it.
#[test]
fn what_is_under_way_at_the_end_of_a_month_is_looked_for_in_the_next_one() {
    let run = |arrives: bool| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path();
        ends(path, &["init", "--name", "acme"], 0);
        ends(path, &["import", &fixture("scenarios/direct-sale-paid-out/feeds")], 0);
        let policy = ["--set", "policy=tolerances", "--set", "parameters.days=31"];
        ends(path, &[&["record", "policy.set", "--effective", "2025-01-01"][..], &policy].concat(), 0);
        // 970.00 were sent on the fifth of February, with trace 000123.
        let list = |month: &str, more: &str| {
            let name = format!("bank-{month}.csv");
            let own = format!(",{month}-03,5.00,USD,444455556666\n");
            fs::write(path.join(&name), format!("trace_id,value_date,amount,currency,recipient\n{own}{more}")).unwrap();
            name
        };
        let found = |month: &str, file: &str, code: i32| {
            let (out, _) = ends(path, &["reconcile", month, file, "-f", "csv"], code);
            rows(&out, &["result", "billed", "ledger"])
        };
        let february = list("2025-02", "");
        assert_eq!(found("2025-02", &february, 4), [["R04 timing", "0.00", "970.00"]]);
        let arrived = "000123,2025-03-03,970.00,USD,444455556666\n";
        let march = found("2025-03", &list("2025-03", if arrives { arrived } else { "" }), if arrives { 0 } else { 4 });
        // Reconciled again, March looks for it again, whatever else the bank lists.
        let more = if arrives { arrived } else { "" };
        let again = list("2025-03", &format!("{more},2025-03-09,7.00,USD,444455556666\n"));
        assert_eq!(found("2025-03", &again, if arrives { 0 } else { 4 }), march);
        assert_eq!(found("2025-03", &list("2025-03", more), if arrives { 0 } else { 4 }), march);
        // Nobody asks again for what was found, or is open in March.
        let april = found("2025-04", &list("2025-04", ""), 0);
        let again = found("2025-02", &list("2025-02", ",2025-02-04,6.00,USD,444455556666\n"), 0);
        let (breaks, _) = ends(path, &["breaks", "list", "--all", "-f", "csv"], 0);
        (march, april.len() + again.len(), rows(&breaks, &["month", "code", "status"]))
    };
    let (march, others, breaks) = run(true);
    assert_eq!((march, others), (vec![["exact", "970.00", "970.00"].map(str::to_owned).to_vec()], 0));
    assert_eq!(breaks, [["2025-02", "R04", "cleared"]]);
    let (march, others, breaks) = run(false);
    assert_eq!((march, others), (vec![["R02 not billed", "0.00", "970.00"].map(str::to_owned).to_vec()], 0));
    assert_eq!(breaks, [["2025-02", "R04", "cleared"], ["2025-03", "R02", "open"]]);
}
