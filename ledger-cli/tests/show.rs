//! `show` and `status` on the sample, as a user runs them: every noun in the forms for people, for spreadsheets and for programs, and what
//! query words choose.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::LazyLock;

const NOW: &str = "2026-03-01T12:00:00Z";

/// The sample's ledger, made once.
static SAMPLE: LazyLock<tempfile::TempDir> = LazyLock::new(|| {
    let folder = tempfile::tempdir().unwrap();
    printed(dealbook(folder.path(), &["init", "--sample", "-q"]));
    folder
});

fn dealbook(folder: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dealbook"));
    command.args(args).current_dir(folder).env_clear().env("DEALBOOK_NOW", NOW).output().unwrap()
}

/// What it printed, when it did as it was told.
fn printed(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn ask(line: &str) -> Output {
    let args: Vec<&str> = line.split(' ').collect();
    dealbook(SAMPLE.path(), &args)
}

fn show(line: &str) -> String {
    printed(ask(&format!("show {line}")))
}

/// How many rows of data an answer has.
fn count(line: &str) -> usize {
    show(&format!("{line} -f csv")).lines().count() - 1
}

#[test]
fn programs_are_told_what_people_read_above_the_parties() {
    let told = printed(ask("status -f json --as-of 2025-12-31"));
    let told: serde_json::Value = serde_json::from_str(&told).unwrap();
    let (page, about) = (printed(ask("status --as-of 2025-12-31")), &told["about"]);
    assert_eq!(about["findings"], count("findings --as-of 2025-12-31"));
    assert_eq!(about["gaps"], count("sources --gaps"));
    assert_eq!((&about["name"], &about["events"]), (&"sample".into(), &told["receipt"]["size"]));
    assert_eq!((&about["unfinished"], &about["pending"], &about["checkpoint"]), (&[(); 0][..].into(), &[(); 0][..].into(), &().into()));
    let soon = about["soon"].as_array().unwrap();
    assert!(!soon.is_empty() && page.contains("Next 30 days"), "{page}");
    for (coming, line) in soon.iter().zip(page.lines().skip_while(|line| !line.starts_with("Next")).skip(1)) {
        for name in ["day", "kind", "subject", "buyer", "says"] {
            assert!(line.contains(coming[name].as_str().unwrap()), "{name}: {coming} {line}");
        }
    }
    let lines = printed(ask("status -f ndjson --as-of 2025-12-31"));
    let told: Vec<serde_json::Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [.., of, receipt] = told.as_slice() else { panic!("{lines}") };
    assert_eq!((&of["type"], &receipt["type"], &of["findings"]), (&"about".into(), &"receipt".into(), &about["findings"]));
}

#[test]
fn what_makes_and_copies_a_ledger_is_told_to_programs_too() {
    let folder = tempfile::tempdir().unwrap();
    let rows = |line: &str| -> serde_json::Value {
        let args: Vec<&str> = line.split(' ').collect();
        let told: serde_json::Value = serde_json::from_str(&printed(dealbook(folder.path(), &args))).unwrap();
        assert_eq!(told["receipt"]["data"].as_str().unwrap().len(), 64);
        told["data"].clone()
    };
    let would = rows("init -n --name acme books -f json");
    assert_eq!((&would[0]["name"], &would[0]["seq"], folder.path().join("books").exists()), (&"acme".into(), &().into(), false));
    assert_eq!(dealbook(folder.path(), &["init", "-n", "--name", " ", "books"]).status.code(), Some(2), "as init itself");
    let made = rows("init --name acme books -f json");
    assert_eq!((&made[0]["ledger"], &made[0]["origin"]), (&"books/.dealbook".into(), &"dealbook.local/acme".into()));
    let copied = rows("copy sled:books jsonl:x.jsonl -f json");
    assert_eq!((&copied[0]["appended"], &copied[0]["seq"], &copied[0]["hash"]), (&1.into(), &1.into(), &made[0]["hash"]));
    assert_eq!(rows("copy sled:books jsonl:x.jsonl -f json")[0]["appended"], 0);
    // The sample ends with status, the verdict and the payouts in every form: a stream of answers.
    let stream = printed(dealbook(folder.path(), &["init", "--sample", "demo", "-f", "json", "-q"]));
    let answers: Vec<serde_json::Value> = serde_json::Deserializer::from_str(&stream).into_iter().collect::<Result<_, _>>().unwrap();
    let named: Vec<_> = answers.iter().map(|answer| answer["schema"].as_str().unwrap()).collect();
    assert_eq!(named, ["init", "status", "verify", "payouts"].map(|name| format!("dealbook/{name}/v1")));
}

#[test]
fn every_noun_in_the_forms_for_people_spreadsheets_and_programs() {
    for (name, line) in [
        ("payouts", "payouts"),
        ("payouts_then", "payouts --as-of 2025-06-30 --stated-by 2025-07-05"),
        ("payouts_paid", "payouts --in disbursement"),
        ("payouts_by_month", "payouts --by month 804753256254"),
        ("payouts_by_buyer", "payouts --by buyer party:orchardson"),
        ("deals", "deals"),
        ("deal", "deal agmt-09wlywns86urxd0uj1nywxoyu"),
        ("renewals", "renewals --as-of 2025-12-31"),
        ("offers", "offers seller:marlowe"),
        ("offer_stats", "offers --stats --as-of 2025-12-31"),
        ("authorizations", "authorizations"),
        ("agreements", "agreements status:active"),
        ("invoices", "invoices party:emberline"),
        ("disbursements", "disbursements party:orchardson"),
        ("invoices_by_buyer", "invoices --by buyer party:emberline"),
        ("instalments", "instalments --as-of 2025-12-31"),
        ("spend", "spend --as-of 2025-12-31"),
        ("fees", "fees party:orchardson"),
        ("tax", "tax 2025Q2"),
        ("receivables", "receivables"),
        ("sources", "sources 014819809612 type:billing_event"),
        ("gaps", "sources --gaps 014819809612 type:address"),
        ("findings", "findings"),
        ("trial_balance", "trial-balance --entity yewtree"),
        ("journal", "journal --entity yewtree date:2025-05"),
        ("billings", "billings --entity orchardson"),
        ("deferral", "billings --deferral --entity orchardson date:2025-05"),
    ] {
        let line = line.replace("seller:", "party:");
        for format in ["table", "csv", "json"] {
            insta::assert_snapshot!(format!("{name}_{format}"), show(&format!("{line} -f {format}")));
        }
    }
    insta::assert_snapshot!("payouts_markdown", show("payouts -f markdown"));
    insta::assert_snapshot!("payouts_plain", show("payouts -f plain"));
}

#[test]
fn the_state_of_things_on_one_page() {
    insta::assert_snapshot!(printed(ask("status")));
}

#[test]
fn findings_are_those_that_the_sample_was_made_with() {
    let found = show("findings -f csv");
    let (twice, codes): (Vec<&str>, Vec<&str>) = found.lines().skip(1).map(|line| &line[..3]).partition(|code| *code == "F18");
    // S57, S47, S20 and S21; the billing events of S26 were taken back, and its tax item was not.
    assert_eq!(codes, ["F23", "F25", "F27", "F27", "F41"]);
    // The sample's sellers sell whatever they like to whom: each agreement that begins while another one for its product lasts.
    let rows = |noun: &str| -> Vec<serde_json::Value> {
        let json: serde_json::Value = serde_json::from_str(&show(&format!("{noun} -f json"))).unwrap();
        json["data"].as_array().unwrap().clone()
    };
    let text = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    let mut products: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for offer in rows("offers") {
        let titles = offer["product"].as_array().unwrap().iter().map(|title| title.as_str().unwrap().to_owned());
        products.entry(text(&offer, "offer")).or_default().extend(titles);
    }
    let active = rows("agreements status:active");
    let holds = |one: &serde_json::Value, other: &serde_json::Value| {
        let (accepted, earlier) = (text(one, "accepted"), text(other, "accepted"));
        let sold = |row: &serde_json::Value| products.get(&text(row, "offer")).cloned().unwrap_or_default();
        let lasts = other["end"].is_null() || text(other, "end") > accepted;
        earlier < accepted && lasts && text(one, "buyer") == text(other, "buyer") && sold(one).iter().any(|it| sold(other).contains(it))
    };
    let expected = active.iter().filter(|one| active.iter().any(|other| holds(one, other))).count();
    assert!(expected > 5, "{expected}");
    assert_eq!(twice.len(), expected);
    let status = format!("Findings    {}  dealbook show findings", 5 + expected);
    assert!(printed(ask("status")).contains(&status));
    assert_eq!(count("findings --as-of 2025-01-31"), 0);
}

#[test]
fn words_choose_by_what_a_row_tells() {
    for (line, rows) in [
        ("payouts party:marlowe", 2),
        ("payouts cur:usd", 4),
        ("payouts cur:usd not:party:marlowe", 3),
        ("payouts --by month party:marlowe cur:usd date:2025Q1", 3),
        ("findings type:F27", 2),
        ("findings status:high", 1),
        ("disbursements status:failed", count("disbursements failed")),
        ("receivables party:marlowe", count("receivables 000057174132")),
        ("invoices invoice:736191178", 1),
        ("invoices status:failed", 2),
        ("receivables product:observe", count("receivables product:prod-4xlrck328zjmv")),
        ("invoices not:status:collected", count("invoices status:open")),
        ("agreements status:active status:archived", count("agreements status:active") + count("agreements status:archived")),
    ] {
        assert_eq!(count(line), rows, "{line}");
    }
    assert!(count("deals date:2025-03") > 0 && count("deals date:2025-03") < count("deals"));
    assert!(count("offers product:cloud") <= count("offers"));
}

/// An amount in hundred-millionths.
fn units(text: &str) -> Option<i128> {
    let (whole, fraction) = text.split_once('.')?;
    format!("{whole}{fraction:0<8}").parse::<i128>().ok()
}

fn data(line: &str) -> Vec<serde_json::Value> {
    let json: serde_json::Value = serde_json::from_str(&show(&format!("{line} -f json"))).unwrap();
    json["data"].as_array().unwrap().clone()
}

#[test]
fn every_figure_of_a_payout_is_the_sum_of_its_lines_and_each_line_has_its_events() {
    let clocks = " --as-of 2025-07-31 --stated-by 2025-08-15";
    let by = ["product", "buyer", "agreement", "month"];
    let mut asked = ["", clocks, " --in disbursement", " cur:gbp"].map(str::to_owned).to_vec();
    asked.push(format!(" --in disbursement{clocks}"));
    asked.extend(by.map(|by| format!(" --by {by}{clocks}")));
    asked.push(" --by month --in disbursement party:orchardson".to_owned());
    for asked in asked {
        let why = data(&format!("payouts{asked} --why"));
        let told = |row: &serde_json::Value| {
            let text = |name: &str| row[name].as_str().map(str::to_owned);
            Some((text("subject")?, text("field")?, units(&text("amount")?)?))
        };
        let (mut whole, mut parts) = (BTreeMap::new(), BTreeMap::new());
        for (subject, field, amount) in why.iter().filter(|row| row["seq"].is_null()).filter_map(told) {
            assert!(whole.insert((subject, field), amount).is_none());
        }
        for (subject, field, amount) in why.iter().filter(|row| row["seq"].is_u64()).filter_map(told) {
            let ends = subject.match_indices(' ').map(|(at, _)| (subject[..at].to_owned(), field.clone()));
            let of = ends.rev().find(|of| whole.contains_key(of)).unwrap_or_else(|| panic!("{subject} is of nothing"));
            *parts.entry(of).or_insert(0) += amount;
        }
        assert_eq!(whole, parts, "{asked}");
        let mut told = BTreeMap::new();
        for row in data(&format!("payouts{asked}")) {
            let keys = [&["party"], &by[..], &["currency"]].concat();
            let subject = keys.iter().filter_map(|key| row[*key].as_str()).collect::<Vec<_>>().join(" ");
            for (name, cell) in row.as_object().unwrap() {
                let amount = cell.as_str().and_then(units).filter(|units| *units != 0);
                told.extend(amount.map(|units| ((subject.clone(), name.clone()), units)));
            }
        }
        // A measure may come to nothing and have lines that do not.
        whole.retain(|_, units| *units != 0);
        assert_eq!(whole, told, "{asked}");
    }
}

#[test]
fn what_is_expected_of_programmes_is_told_why() {
    let cases = [
        ("--expected", ["application", ""], &["expected", "granted", "difference"][..]),
        ("--missed", ["agreement", "programme"], &["expected"]),
    ];
    for (asked, keys, figures) in cases {
        let (mut whole, mut parts, mut told) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        // A yen has no decimals.
        let units = |text: &str| units(text).or_else(|| units(&format!("{text}.0")));
        for row in data(&format!("incentives {asked} --as-of 2025-12-31 --why")) {
            let key = ["grant", "figure", "currency"].map(|name| row[name].as_str().unwrap().to_owned());
            let Some(amount) = row["amount"].as_str().and_then(units) else { continue };
            let of = if row["part"].is_null() { &mut whole } else { &mut parts };
            *of.entry(key).or_insert(0) += amount;
        }
        assert_eq!(whole, parts, "{asked}");
        for row in data(&format!("incentives {asked} --as-of 2025-12-31")) {
            let subject = keys.iter().filter_map(|key| row[*key].as_str()).collect::<Vec<_>>().join(" ");
            for figure in figures {
                let key = || [subject.clone(), (*figure).to_owned(), row["currency"].as_str().unwrap().to_owned()];
                told.extend(row[*figure].as_str().and_then(units).map(|units| (key(), units)));
            }
        }
        assert!(told.len() > 3, "{told:?}");
        assert_eq!(whole, told, "{asked}");
    }
}

#[test]
fn a_difference_goes_from_one_answer_to_the_other() {
    let figures = |clocks: &str| -> BTreeMap<(String, String, String), i128> {
        let mut figures = BTreeMap::new();
        for row in data(&format!("payouts {clocks}")) {
            for (name, cell) in row.as_object().unwrap() {
                let key = (row["party"].as_str().unwrap().to_owned(), name.clone(), row["currency"].as_str().unwrap().to_owned());
                figures.extend(cell.as_str().and_then(units).map(|units| (key, units)));
            }
        }
        figures
    };
    let (before, after) = (figures("--as-of 2025-06-30 --known-at #1300"), figures("--as-of 2025-09-30 --known-at #1900"));
    let text = printed(ask("diff 2025-06-30@#1300 2025-09-30@#1900 -f json"));
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let mut told = before.clone();
    for row in json["data"].as_array().unwrap() {
        let cell = |name: &str| units(row[name].as_str().unwrap()).unwrap();
        let key = ["subject", "field", "currency"].map(|name| row[name].as_str().unwrap().to_owned());
        let key = (key[0].clone(), key[1].clone(), key[2].clone());
        assert_eq!(cell("before"), before.get(&key).copied().unwrap_or(0), "{key:?}");
        let causes = ["restatement", "correction", "rule_change", "late_arrival", "new_business"].map(cell);
        assert_eq!(cell("before") + causes.iter().sum::<i128>(), cell("after"), "{key:?}");
        told.insert(key, cell("after"));
    }
    let changed = |all: BTreeMap<_, i128>| all.into_iter().filter(|(_, units)| *units != 0).collect::<BTreeMap<_, _>>();
    assert_eq!(changed(told), changed(after));
}

const KEYS: &[&str] = &["party", "product", "buyer", "agreement", "month"];

#[test]
fn groups_come_to_what_their_rows_come_to() {
    // What every column of amounts comes to, by currency, in hundred-millionths.
    let sums = |line: &str| -> BTreeMap<(String, String), i128> {
        let mut sums = BTreeMap::new();
        for row in data(line) {
            let amounts = row.as_object().unwrap().iter().filter_map(|(name, cell)| Some((name, cell.as_str()?)));
            for (name, units) in amounts.filter_map(|(name, text)| Some((name, units(text)?))) {
                *sums.entry((name.clone(), row["currency"].as_str().unwrap().to_owned())).or_default() += units;
            }
        }
        sums
    };
    for (noun, words, keys) in [
        ("invoices", "", KEYS),
        ("receivables", "", KEYS),
        ("disbursements", "", KEYS),
        ("disbursements", " --as-of 2025-10-14", KEYS),
        ("agreements", " status:active", KEYS),
    ] {
        let expected = sums(&format!("{noun}{words}"));
        for key in keys {
            assert_eq!(sums(&format!("{noun}{words} --by {key}")), expected, "{noun} by {key}");
        }
    }
    // What has no amounts is counted; a row that leads nowhere is in a group of its own.
    for noun in ["deals", "offers", "authorizations"] {
        for key in KEYS {
            let groups = data(&format!("{noun} --by {key}"));
            assert_eq!(groups.iter().map(|group| group["rows"].as_u64().unwrap()).sum::<u64>(), data(noun).len() as u64, "{noun} by {key}");
            assert!(groups.iter().any(|group| !group["group"].is_null()), "{noun} by {key}");
        }
    }
    assert!(show("invoices --by party -f csv").contains("804753256254,Emberline Analytics GmbH,"));
    for (line, groups) in
        [("offers --by product", count("offers")), ("findings --by party", count("findings")), ("sources --by month", count("sources"))]
    {
        assert!((1..=groups).contains(&count(line)), "{line}");
    }
}

#[test]
fn what_is_lacking_is_said_beside_the_data_too() {
    let output = ask("show payouts -f csv");
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("incomplete: 723 monthly files are missing"), "{said}");
}

#[test]
fn only_who_is_shown_is_introduced() {
    let shown = show("payouts party:emberline");
    assert!(shown.contains("Emberline") && !shown.contains("Marlowe"), "{shown}");
}

#[test]
fn whom_an_offer_is_targeted_at_is_no_amount() {
    for line in ["log type:offer.targeted", "trace offer-1ewxxlcgvk7th"] {
        let text = printed(ask(&format!("{line} -f json")));
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let targeted: Vec<_> = json["data"].as_array().unwrap().iter().filter(|row| row["event"] == "offer.targeted").collect();
        assert!(!targeted.is_empty(), "{line}");
        assert!(targeted.iter().all(|row| row["amount"].is_null()), "{line}");
    }
}

/// The rows of `trace`, as `event id`, or of what no event stands for as `level id`.
fn traced(id: &str) -> Vec<String> {
    let json: serde_json::Value = serde_json::from_str(&printed(ask(&format!("trace {id} -f json")))).unwrap();
    let told = |row: &serde_json::Value| {
        let what = row["event"].as_str().unwrap_or(row["level"].as_str().unwrap());
        format!("{what} {}", row["id"].as_str().unwrap())
    };
    json["data"].as_array().unwrap().iter().map(told).collect()
}

#[test]
fn a_trace_goes_both_ways() {
    // A payout that came back, and what brought it back: each leads to the other, and both to the bank's name for them.
    let (paid, failed) = ("24d97d3ee95e4f635fe4b6f4481bb47b3391f73e", "f0c4b8596d583b3993475955b9879917e1875ac3");
    for id in [paid, failed] {
        let rows = traced(id);
        for expected in [format!("disbursement.paid {paid}"), format!("disbursement.failed {failed}"), "bank trace 8267686633".to_owned()] {
            assert!(rows.contains(&expected), "{id} leads to {expected}: {rows:#?}");
        }
    }
    // An authorization that only offers name, the offers that stand on it, and back.
    let authorization = data("authorizations").into_iter().find(|row| row["offers"] == 1).unwrap();
    let (id, offer) = (authorization["authorization"].as_str().unwrap(), list(&authorization, "offer")[0]);
    assert!(traced(id).contains(&format!("offer.released {offer}")), "{:#?}", traced(id));
    assert!(traced(offer).contains(&format!("authorization {id}")), "{:#?}", traced(offer));
    // Every row of a source leads to what it tells: by its natural key, by its own id, by the beginning of either.
    let json: serde_json::Value = serde_json::from_str(&printed(ask("log type:invoice.issued -f json"))).unwrap();
    let row = &json["data"][0];
    let (key, invoice) = (row["source"].as_str().unwrap(), row["subject"].as_str().unwrap());
    let own = key.rsplit(':').next().unwrap();
    for id in [key, own, &own[..12]] {
        assert!(traced(id).contains(&format!("invoice.issued {invoice}")), "{id}: {:#?}", traced(id));
    }
    let many = ask(&format!("trace {}", &key[..key.len() - own.len()]));
    let said = String::from_utf8_lossy(&many.stderr);
    assert_eq!(many.status.code(), Some(6), "{said}");
    assert!(said.contains("error[E0305]"), "{said}");
}

#[test]
fn what_no_format_is_for_is_not_written() {
    let output = ask("show payouts -o payouts.XLSX");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nothing is written in the form of `payouts.XLSX`"));
    assert!(!SAMPLE.path().join("payouts.XLSX").exists());
    printed(ask("show payouts -f csv -o payouts.xls"));
    assert!(std::fs::read_to_string(SAMPLE.path().join("payouts.xls")).unwrap().starts_with("party,"));
}

#[test]
fn a_position_that_is_none_is_refused() {
    for (line, says) in [
        ("show payouts --known-at 1842", "write #1842 for event 1842, or FY1842 for the year"),
        ("show event 0", "positions begin at #1"),
        ("show event #0", "positions begin at #1"),
    ] {
        let output = ask(line);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(said.contains(says), "{said}");
    }
}

/// The texts of a cell that holds several.
fn list<'a>(row: &'a serde_json::Value, name: &str) -> Vec<&'a str> {
    row[name].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

#[test]
fn every_line_of_an_invoice_has_a_status_and_receivables_have_the_same() {
    for clocks in ["", " --as-of 2025-06-30", " --as-of 2025-12-31"] {
        let mut told = BTreeMap::new();
        for row in data(&format!("invoices{clocks}")) {
            let (lines, status) = (list(&row, "lines"), list(&row, "status"));
            assert!(!lines.is_empty() && lines.len() == status.len(), "{row}");
            for (line, status) in lines.into_iter().zip(status) {
                let line = (row["party"].as_str().unwrap().to_owned(), line.to_owned());
                // A sale and its fee are one line.
                let other = told.insert(line, status.to_owned());
                assert!(other.is_none_or(|other| other == status), "{row}");
            }
        }
        let open = data(&format!("receivables{clocks}"));
        assert!(!open.is_empty() && open.len() < told.len());
        for row in open {
            let line = ["party", "line"].map(|name| row[name].as_str().unwrap().to_owned());
            assert_eq!(told[&(line[0].clone(), line[1].clone())], row["status"], "{row}");
        }
    }
}

#[test]
fn what_an_agreement_was_paid_is_told_by_its_part_of_each_payout() {
    let whole = data("disbursements");
    let many = whole.iter().find(|row| row["agreement"].as_array().is_some_and(|agreements| agreements.len() > 1)).unwrap();
    let [id, agreement] = [many["disbursement"].as_str().unwrap(), list(many, "agreement")[0]];
    let chosen = data(&format!("disbursements {id}"));
    assert_eq!(chosen, std::slice::from_ref(many));
    let parts = data(&format!("disbursements {id} --by agreement"));
    let part = parts.iter().find(|row| row["group"] == agreement).unwrap();
    assert_eq!(parts.len(), list(many, "agreement").len());
    assert!(units(part["amount"].as_str().unwrap()) < units(many["amount"].as_str().unwrap()), "{part}");
    // A query word chooses the payouts that have a part of it; with the groups, those parts.
    assert!(data(&format!("disbursements agreement:{agreement}")).contains(many));
    assert_eq!(data(&format!("disbursements {id} agreement:{agreement} --by agreement")), std::slice::from_ref(part));
}

#[test]
fn every_cell_is_what_the_schema_says() {
    for line in [
        "renewals --as-of 2025-12-31",
        "deals",
        "offers",
        "authorizations",
        "agreements",
        "invoices",
        "disbursements",
        "findings",
        "sources",
    ] {
        let noun = line.split(' ').next().unwrap();
        let schema: serde_json::Value = serde_json::from_str(&printed(ask(&format!("schema {noun}")))).unwrap();
        let rows = data(line);
        assert!(!rows.is_empty(), "{line}");
        for (name, cell) in rows.iter().flat_map(|row| row.as_object().unwrap()) {
            let told = match cell {
                serde_json::Value::Null => "null",
                serde_json::Value::Bool(_) => "boolean",
                serde_json::Value::Number(_) => "integer",
                serde_json::Value::String(_) => "string",
                serde_json::Value::Array(_) => "array",
                serde_json::Value::Object(_) => "object",
            };
            let allowed = schema["properties"]["data"]["items"]["properties"][name]["type"].as_array().unwrap();
            assert!(allowed.iter().any(|kind| kind == told), "{noun}: {name} is {cell}");
        }
    }
}

#[test]
fn a_party_that_the_ledger_knows_by_name_is_no_stranger_to_any_report() {
    for noun in ["sources", "payouts", "agreements", "incentives", "offers"] {
        let query = format!("show {noun} party:marlowe -q -f csv");
        printed(ask(&query));
    }
}

#[test]
fn what_help_shows_can_be_asked() {
    let help = printed(ask("help query"));
    let examples: Vec<&str> = help.lines().filter_map(|line| line.strip_prefix("  dealbook ")).collect();
    assert!(!examples.is_empty());
    examples.into_iter().for_each(|example| _ = printed(ask(example)));
}

#[test]
fn a_word_that_could_choose_nothing_is_refused() {
    for (line, says) in [
        ("show payouts buyer:globex", "dealbook show payouts --by buyer buyer:…"),
        ("show payouts date:2026Q1", "dealbook show payouts --by month date:…"),
        ("show sources buyer:globex", "`show sources` tells nothing that `buyer:` could choose by"),
        ("show sources --by product", "`show sources` tells no product to group by"),
        ("show sources --gaps --by month", "--by does not fit `show sources`"),
        ("show payouts --gaps", "--gaps does not fit `show payouts`"),
        ("show payouts --expected", "--expected does not fit `show payouts`"),
        ("show deals --missed", "--missed does not fit `show deals`"),
        ("show incentives --missed --expected", "--missed does not fit `show incentives`"),
        ("show incentives --missed --by party", "--by does not fit `show incentives`"),
        ("show incentives --by party --why", "--why does not fit `show incentives`"),
        ("show deals --by month --why", "--why does not fit `show deals`"),
        ("export ics benappl-1", "ID does not fit this form"),
        ("export claim benappl-1 --within 3w", "--within does not fit this form"),
        ("export claim one two", "more than one ID does not fit this form"),
        ("export beancount -f json", "a format, by -f or by the extension of -o, does not fit this form"),
        ("export hledger -o books.json", "a format, by -f or by the extension of -o, does not fit this form"),
        ("export ics -o ends.csv", "a format, by -f or by the extension of -o, does not fit this form"),
        ("export claim", "export claim takes an application or a credit"),
    ] {
        let output = ask(line);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{line}");
        assert!(said.contains(says), "{said}");
    }
}

#[test]
fn a_name_that_nobody_has_is_refused_and_one_that_somebody_has_is_not() {
    for (line, says) in [
        ("show edp lantrnhill", "error[E0301]: no buyer and no commitment matches `lantrnhill`\nhelp: did you mean Lanternhill Media Inc."),
        ("show edp buyer:glbex", "error[E0301]: no buyer matches `glbex`"),
        ("show edp lantrnhill --why", "error[E0301]"),
        ("show receivables party:marlw", "error[E0301]: no party matches `marlw`"),
    ] {
        let output = ask(line);
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(6), "{line}: {said}");
        assert!(said.contains(says), "{line}: {said}");
    }
    // Known, and without a commitment; known, and not yet; an account; no name.
    for line in ["edp marlowe", "edp lanternhill --as-of 2020-01-01", "edp buyer:123456789012", "findings F99"] {
        assert_eq!(count(line), 0, "{line}");
    }
}

#[test]
fn a_note_goes_with_the_rows_it_is_of() {
    let notes = |line: &str| -> Vec<String> {
        let text = show(line);
        text.lines().filter(|line| line.starts_with("PPA-")).map(str::to_owned).collect()
    };
    let (all, one) = (notes("edp"), notes("edp lanternhill"));
    assert!(!one.is_empty() && one.len() < all.len(), "{all:?}\n{one:?}");
    let of: BTreeSet<String> = data("edp lanternhill").iter().map(|row| row["commitment"].as_str().unwrap().to_owned()).collect();
    assert!(one.iter().all(|note| of.contains(note.split(':').next().unwrap())), "{one:?}");
}

#[test]
fn an_answer_does_not_depend_on_derived_state() {
    let folder = tempfile::tempdir().unwrap();
    printed(dealbook(folder.path(), &["init", "--sample", "-q"]));
    for line in ["payouts", "deals", "findings", "receivables"] {
        let args = ["show", line, "-f", "json"];
        let kept = printed(dealbook(folder.path(), &args));
        std::fs::remove_dir_all(folder.path().join(".dealbook/derived")).unwrap();
        assert_eq!(printed(dealbook(folder.path(), &args)), kept);
        assert_eq!(printed(dealbook(folder.path(), &args)), kept);
    }
}
