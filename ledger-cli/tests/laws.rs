//! Laws of import, on a year of real feeds through the real program: whatever the order, the split and the repetition, the same is
//! answered; and it is what an oracle, which sums the rows of the files and shares no code, comes to.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

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
        let known_at = clocks.known_at.map(|seq| format!("#{seq}"));
        let mut args = vec!["show", "payouts", "-f", "csv"];
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

/// The position in `head #2210 b3:…`.
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

/// The year as it came: month by month, each after it had ended.
static YEAR: LazyLock<Ledger> = LazyLock::new(|| {
    let mut ledger = Ledger::new();
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
