//! Laws of import, on a year of real feeds through the real program: whatever the order, the split and the repetition, the same is
//! answered; and it is what an oracle, which sums the rows of the files and shares no code, comes to.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use chrono::{Days, NaiveDate};
use proptest::prelude::*;
use support::oracle::{self, Asked};
use support::{Row, billing_recipient, dealbook, end_of, figures, files_below, fixture, printed, rows, text};

/// The year, every file of it.
static FILES: LazyLock<Vec<PathBuf>> = LazyLock::new(|| files_below(&fixture("seller-feeds/feeds")));

/// A ledger that the program made.
struct Ledger {
    folder: tempfile::TempDir,
    /// The rows of billing events that were read, each with whose it is and the position that the ledger had reached then.
    rows: Vec<(String, u64, Row)>,
    head: u64,
}

impl Ledger {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        printed(dealbook(folder.path(), "2025-01-01T00:00:00Z", &["init", "--name", "laws"]));
        Self { folder, rows: Vec::new(), head: 1 }
    }

    /// Imports files in one go. Gives what was said.
    fn import(&mut self, files: &[PathBuf]) -> String {
        let paths = files.iter().map(|file| file.to_str().unwrap());
        let args: Vec<&str> = ["import"].into_iter().chain(paths).collect();
        let said = printed(dealbook(self.folder.path(), "2026-03-01T06:00:00Z", &args));
        self.head = head(&said);
        for file in files {
            if let Some(whose) = billing_recipient(file) {
                self.rows.extend(rows(&text(file)).into_iter().map(|row| (whose.clone(), self.head, row)));
            }
        }
        said
    }

    fn ask(&self, args: &[&str]) -> String {
        printed(dealbook(self.folder.path(), "2026-03-01T06:00:00Z", args))
    }

    /// What is owed and paid at the clocks of a question.
    fn payouts(&self, clocks: &Clocks) -> String {
        self.show(&["payouts"], clocks)
    }

    /// A report at the clocks of a question.
    fn show(&self, what: &[&str], clocks: &Clocks) -> String {
        let known_at = clocks.known_at.map(|seq| format!("#{seq}"));
        let mut args = [&["show"], what, &["-f", "csv"]].concat();
        for (flag, value) in [("--as-of", &clocks.as_of), ("--stated-by", &clocks.stated_by), ("--known-at", &known_at)] {
            args.extend(value.iter().flat_map(|value| [flag, value.as_str()]));
        }
        self.ask(&args)
    }

    /// The same, as the rows come to.
    fn oracle(&self, clocks: &Clocks) -> oracle::Payouts {
        let asked = Asked {
            head: clocks.known_at.unwrap_or(self.head),
            stated_before: clocks.stated_by.as_deref().map(end_of),
            effective_before: clocks.as_of.as_deref().map(end_of),
            exact: false,
        };
        oracle::payouts(&self.rows, &asked)
    }
}

/// The position in `head #2328 b3:…`.
fn head(said: &str) -> u64 {
    let after = said.split_once("head #").unwrap().1;
    after.split(' ').next().unwrap().parse().unwrap()
}

/// What is asked: days, and a position.
#[derive(Debug, Clone, Default)]
struct Clocks {
    as_of: Option<String>,
    stated_by: Option<String>,
    known_at: Option<u64>,
}

/// Days around the year, now and then none.
fn day() -> impl Strategy<Value = Option<String>> {
    let first = NaiveDate::from_ymd_opt(2024, 12, 20).unwrap();
    proptest::option::weighted(0.8, (0_u64..450).prop_map(move |days| first.checked_add_days(Days::new(days)).unwrap().to_string()))
}

fn clocks() -> impl Strategy<Value = Clocks> {
    (day(), day()).prop_map(|(as_of, stated_by)| Clocks { as_of, stated_by, known_at: None })
}

/// The files in some order, in one to five heaps.
fn heaps() -> impl Strategy<Value = Vec<Vec<PathBuf>>> {
    let shuffled = Just(FILES.clone()).prop_shuffle();
    (shuffled, proptest::collection::vec(0..FILES.len(), 0..5)).prop_map(|(files, mut cuts)| {
        cuts.extend([0, files.len()]);
        cuts.sort_unstable();
        cuts.dedup();
        cuts.windows(2).map(|cut| files[cut[0]..cut[1]].to_vec()).collect()
    })
}

/// The rate card that AWS publishes, with tiers for other currencies that are invented.
const CARD: &str = r#"parameters={"public_saas":"3","public_server":"20","public_data":"3","private_usd":"3 1000000:2 10000000:1.5",
    "private_eur":"3 900000:2","private_gbp":"3","renewal":"1.5","professional_services":"2.5","channel_uplift":"0.5"}"#;

/// The year as it came: month by month, each after it had ended.
static YEAR: LazyLock<Ledger> = LazyLock::new(|| {
    let mut ledger = Ledger::new();
    ledger.ask(&["record", "policy.set", "--effective", "2024-01-05", "--set", "policy=listing-fees", "--set", CARD]);
    let month = |file: &Path| -> Vec<String> {
        file.iter().map(|part| part.to_str().unwrap().to_owned()).filter(|part| part.contains('=')).collect()
    };
    let mut files = FILES.clone();
    files.sort_by_key(|file| month(file));
    for delivered in files.chunk_by(|one, other| month(one) == month(other)) {
        ledger.import(delivered);
    }
    ledger
});

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

#[test]
fn the_year_comes_to_the_expected_figures() {
    let expected = text(&fixture("seller-feeds/expected/payouts_by_party.csv"));
    // The expected file names a recipient by its opaque id too, which is nobody's business outside of its feeds.
    let without_opaque_id = |line: &str| {
        let (party, rest) = line.split_once(',').unwrap();
        format!("{party},{}\n", rest.split_once(',').unwrap().1)
    };
    let expected: String = expected.lines().map(without_opaque_id).collect();
    assert_eq!(YEAR.payouts(&Clocks::default()), expected.replacen("recipient_aws_account_id", "party", 1));
}

#[test]
fn importing_again_changes_nothing() {
    let mut ledger = Ledger::new();
    let first = ledger.import(&FILES);
    let log = || files_below(&ledger.folder.path().join(".dealbook/log")).iter().map(|file| text(file)).collect::<String>();
    let before = log();
    for again in [&FILES[..], &FILES[..100], &FILES[400..]] {
        let paths: Vec<&str> = again.iter().map(|file| file.to_str().unwrap()).collect();
        let said = ledger.ask(&[&["import"], paths.as_slice()].concat());
        assert!(said.starts_with("Nothing new; "), "{said}");
        assert_eq!(head(&said), head(&first));
        assert_eq!(log(), before);
    }
}

proptest! {
    #![proptest_config(config(48))]

    #[test]
    fn any_basis_gives_what_the_rows_add_up_to(mut clocks in clocks(), known in proptest::option::of(0_u64..=100)) {
        // The oracle knows rows by the head after their import: a month is known as a whole.
        let heads: Vec<u64> = YEAR.rows.iter().map(|(_, head, _)| *head).collect();
        clocks.known_at = known.map(|share| heads[(heads.len() - 1) * usize::try_from(share).unwrap() / 100]);
        prop_assert_eq!(figures(&YEAR.payouts(&clocks)), YEAR.oracle(&clocks));
    }
}

proptest! {
    #![proptest_config(config(6))]

    #[test]
    fn any_order_and_any_split_of_the_files_comes_to_the_same(heaps in heaps(), asked in proptest::collection::vec(clocks(), 4)) {
        let mut ledger = Ledger::new();
        for heap in &heaps {
            ledger.import(heap);
        }
        for clocks in asked {
            let there = ledger.payouts(&clocks);
            prop_assert_eq!(figures(&there), ledger.oracle(&clocks));
            prop_assert_eq!(there, YEAR.payouts(&clocks));
        }
        for report in ["agreements", "offers", "deals", "invoices", "disbursements", "receivables"] {
            prop_assert_eq!(ledger.ask(&["show", report, "-f", "csv"]), YEAR.ask(&["show", report, "-f", "csv"]));
        }
    }

    #[test]
    fn what_is_imported_later_changes_no_answer(heaps in heaps(), clocks in clocks()) {
        let mut ledger = Ledger::new();
        let mut answers = Vec::new();
        for heap in &heaps {
            ledger.import(heap);
            let clocks = Clocks { known_at: Some(ledger.head), ..clocks.clone() };
            let answer = ledger.payouts(&clocks);
            prop_assert_eq!(&answer, &ledger.payouts(&Clocks { known_at: None, ..clocks.clone() }));
            answers.push((clocks, answer));
        }
        for (clocks, answer) in answers {
            prop_assert_eq!(ledger.payouts(&clocks), answer);
        }
    }

    #[test]
    fn files_that_grow_come_to_the_same(shares in proptest::collection::vec(0_usize..=100, FILES.len()), clocks in clocks()) {
        let mut ledger = Ledger::new();
        let early = tempfile::tempdir().unwrap();
        let root = fixture("seller-feeds/feeds");
        let begun = FILES.iter().zip(shares).map(|(file, share)| {
            let begun = early.path().join(file.strip_prefix(&root).unwrap());
            std::fs::create_dir_all(begun.parent().unwrap()).unwrap();
            std::fs::write(&begun, beginning(&text(file), share)).unwrap();
            begun
        });
        let begun: Vec<PathBuf> = begun.collect();
        ledger.import(&begun);
        ledger.import(&FILES);
        prop_assert_eq!(ledger.payouts(&clocks), YEAR.payouts(&clocks));
        let findings = ledger.ask(&["show", "findings", "-f", "csv"]);
        prop_assert!(!findings.contains("F01") && !findings.contains("F02") && !findings.contains("F06"), "{}", findings);
    }
}

/// What stands under some columns, and the sums of the amounts under others, in hundredths.
fn sums(csv: &str, by: &[&str], of: &[&str]) -> BTreeMap<Vec<String>, Vec<i128>> {
    let mut sums: BTreeMap<Vec<String>, Vec<i128>> = BTreeMap::new();
    for row in rows(csv) {
        let sum = sums.entry(by.iter().map(|column| row[*column].clone()).collect()).or_insert_with(|| vec![0; of.len()]);
        sum.iter_mut().zip(of).for_each(|(sum, column)| *sum += hundredths(&row[*column]));
    }
    sums.retain(|_, sums| sums.iter().any(|sum| *sum != 0));
    sums
}

/// An amount of two decimals at most, in hundredths.
fn hundredths(text: &str) -> i128 {
    if text.is_empty() {
        return 0;
    }
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    sign * format!("{whole}{fraction:0<2}").parse::<i128>().unwrap()
}

/// A row with whose it is, and the position that the ledger had reached when it was read.
type Told = (String, u64, Row);

/// The rows that count at a question: of each id the newest statement, unless it takes the row back.
fn counting(all: &[Told], id: &[&str], clocks: &Clocks) -> Vec<(String, Row)> {
    let before = |text: &str, limit: &Option<String>| limit.as_deref().is_none_or(|day| oracle::moment(text) < end_of(day));
    let mut newest: BTreeMap<Vec<String>, (String, &Told)> = BTreeMap::new();
    for told in all.iter().filter(|(_, head, _)| clocks.known_at.is_none_or(|known| *head <= known)) {
        let stated = oracle::moment(&told.2["update_date"]);
        let key: Vec<String> = std::iter::once(told.0.clone()).chain(id.iter().map(|column| told.2[*column].clone())).collect();
        if before(&told.2["update_date"], &clocks.stated_by) && newest.get(&key).is_none_or(|(known, _)| *known <= stated) {
            newest.insert(key, (stated, told));
        }
    }
    let when = |row: &Row| row.get("action_date").filter(|date| !date.is_empty()).unwrap_or(&row["valid_from"]).clone();
    let counts = |row: &Row| row["delete_date"].is_empty() && before(&when(row), &clocks.as_of);
    newest.into_values().map(|(_, (whose, _, row))| (whose.clone(), row.clone())).filter(|(_, row)| counts(row)).collect()
}

/// The rows of tax items, with whose they are.
static TAX_ITEMS: LazyLock<Vec<Told>> = LazyLock::new(|| {
    let of_taxes = FILES.iter().filter(|file| file.to_str().unwrap().contains("/taxitemfeed_v1/"));
    let whose = |file: &Path| file.iter().rev().nth(4).unwrap().to_str().unwrap().to_owned();
    of_taxes.flat_map(|file| rows(&text(file)).into_iter().map(|row| (whose(file), 0, row))).collect()
});

proptest! {
    #![proptest_config(config(24))]

    /// What AWS charged is what its rows say, by agreement as by line; and each is expected and difference, or not judged.
    #[test]
    fn fees_are_what_the_rows_add_up_to(mut clocks in clocks(), known in proptest::option::of(0_u64..=100)) {
        let heads: Vec<u64> = YEAR.rows.iter().map(|(_, head, _)| *head).collect();
        clocks.known_at = known.map(|share| heads[(heads.len() - 1) * usize::try_from(share).unwrap() / 100]);
        let mut charged: BTreeMap<Vec<String>, Vec<i128>> = BTreeMap::new();
        for (_, row) in counting(&YEAR.rows, &["billing_event_id"], &clocks) {
            if row["transaction_type"].starts_with("AWS_REV_SHARE") && ["INVOICED", "FORGIVEN"].contains(&row["action"].as_str()) {
                let sum = charged.entry(vec![row["agreement_id"].clone(), row["currency"].clone()]).or_insert_with(|| vec![0]);
                sum[0] -= hundredths(&row["amount"]);
            }
        }
        charged.retain(|_, sum| sum[0] != 0);
        let (by_line, by_agreement) = (YEAR.show(&["fees"], &clocks), YEAR.show(&["fees", "--by", "agreement"], &clocks));
        prop_assert_eq!(&sums(&by_line, &["agreement", "currency"], &["charged"]), &charged);
        let amounts = ["price", "charged", "expected", "difference", "over", "under", "not_judged"];
        let of_lines = sums(&by_line, &["agreement", "currency"], &amounts);
        prop_assert_eq!(&of_lines, &sums(&by_agreement, &["group", "currency"], &amounts));
        for (agreement, sums) in of_lines {
            let [_, charged, expected, difference, over, under, not_judged] = sums[..] else { panic!("{sums:?}") };
            prop_assert_eq!(charged, expected + difference + not_judged, "{:?}", agreement);
            // A line that agrees may be a cent off, by rounding.
            prop_assert!((difference - over + under).abs() <= 10, "{:?} {:?}", agreement, sums);
        }
    }

    #[test]
    fn taxes_are_what_the_rows_add_up_to(clocks in clocks()) {
        let mut expected: BTreeMap<Vec<String>, Vec<i128>> = BTreeMap::new();
        let mut add = |whose: String, liable: &str, currency: &str, place: usize, amount: &str| {
            expected.entry(vec![whose, liable.to_owned(), currency.to_owned()]).or_insert_with(|| vec![0; 3])[place] += hundredths(amount);
        };
        for (whose, row) in counting(&TAX_ITEMS, &["tax_item_id", "valid_from"], &clocks) {
            add(whose, &row["tax_liable_party"], &row["tax_currency"], 0, &row["tax_amount"]);
        }
        for (whose, row) in counting(&YEAR.rows, &["billing_event_id"], &clocks) {
            let liable = match row["transaction_type"].trim_end_matches("_REFUND") {
                "AWS_TAX_SHARE" => "AWS",
                "SELLER_TAX_SHARE" => "Seller",
                _ => continue,
            };
            match row["action"].as_str() {
                "INVOICED" => add(whose, liable, &row["currency"], 1, &row["amount"]),
                "FORGIVEN" => add(whose, liable, &row["currency"], 2, &row["amount"]),
                _ => (),
            }
        }
        expected.retain(|_, sums| sums.iter().any(|sum| *sum != 0));
        let told = sums(&YEAR.show(&["tax"], &clocks), &["party", "liable", "currency"], &["tax", "shares", "not_itemised", "forgiven", "difference"]);
        for sums in told.values() {
            prop_assert_eq!(sums[4], sums[0] - sums[1]);
        }
        let told: BTreeMap<_, _> = told.into_iter().map(|(key, sums)| (key, vec![sums[0], sums[1] + sums[2], sums[3]])).collect();
        prop_assert_eq!(told, expected);
    }
}

/// The header of a file and so many hundredths of its rows, each whole.
fn beginning(text: &str, share: usize) -> &str {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let ends = {
        reader.headers().unwrap();
        let mut ends = vec![reader.position().byte()];
        let mut row = csv::StringRecord::new();
        while reader.read_record(&mut row).unwrap() {
            ends.push(reader.position().byte());
        }
        ends
    };
    &text[..usize::try_from(ends[(ends.len() - 1) * share / 100]).unwrap()]
}

#[test]
fn what_is_derived_can_be_deleted() {
    let mut ledger = Ledger::new();
    ledger.import(&FILES[..300]);
    ledger.import(&FILES[300..]);
    let asked = [
        vec!["show", "payouts", "-f", "csv"],
        vec!["show", "payouts", "-f", "json", "--as-of", "2025-06-30", "--stated-by", "2025-05-31"],
        vec!["show", "agreements", "-f", "json"],
        vec!["show", "findings", "-f", "json"],
        vec!["show", "sources", "--gaps", "-f", "json"],
        vec!["status", "-f", "json"],
    ];
    let answers: Vec<String> = asked.iter().map(|args| ledger.ask(args)).collect();
    let derived = ledger.folder.path().join(".dealbook/derived");
    for (args, answer) in asked.iter().zip(&answers) {
        std::fs::remove_dir_all(&derived).unwrap();
        assert_eq!(ledger.ask(args), *answer, "{args:?}");
    }
    std::fs::remove_dir_all(&derived).unwrap();
    assert!(ledger.import(&FILES).starts_with("Nothing new; "));
}
