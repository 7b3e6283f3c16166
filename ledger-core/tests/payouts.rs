//! Payouts on the sample: equal to the expected figures, and to an oracle that shares no code, at any basis.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support {
    mod feeds;
    pub(crate) mod oracle;
    pub(crate) use feeds::*;
}

use std::sync::LazyLock;

use ledger_core::money::CENT;
use ledger_core::projection::Projection;
use ledger_core::projection::billing::{Billing, By, In, NoNames, Options, disbursements, findings, invoices, payouts, receivables};
use ledger_core::report::{Cell, Report};
use ledger_core::time::{Basis, Instant};
use proptest::prelude::*;
use support::oracle::{self, Asked, Payouts};
use support::{Ledger, files, ledger, read, records, sample};

static SAMPLE: LazyLock<Ledger> = LazyLock::new(ledger);

fn ask(state: &Billing, basis: Basis) -> Report {
    payouts(state, basis, Options { by: By::Party, currency: In::Pricing, names: &NoNames })
}

/// A report in the oracle's terms.
fn figures(report: &Report) -> Payouts {
    let mut figures = Payouts::new();
    for row in &report.rows {
        let [Cell::Text(party), Cell::Text(currency), ..] = row.as_slice() else { panic!("{row:?}") };
        let of_party = figures.entry((party.clone(), currency.clone())).or_default();
        for (column, cell) in report.columns.iter().zip(row).skip(2) {
            let sum = match cell {
                Cell::Count(count) => i128::from(*count),
                Cell::Amount(amount) => amount.units() / CENT,
                other => panic!("{other:?}"),
            };
            if sum != 0 {
                of_party.insert(column.name.to_owned(), sum);
            }
        }
    }
    figures
}

fn basis(asked: &Asked) -> Basis {
    let moment = |text: &String| text.replace(' ', "T").as_str().to_owned() + "Z";
    let read = |text: &Option<String>| text.as_ref().map(|text| moment(text).parse::<Instant>().unwrap());
    Basis { known_at: asked.head, effective_before: read(&asked.effective_before), stated_before: read(&asked.stated_before) }
}

#[test]
fn the_sample_comes_to_the_expected_figures() {
    let report = ask(&SAMPLE.state, Basis::at(u64::MAX));
    let expected = records(&read(&sample().join("expected/payouts_by_party.csv")));
    let (header, expected) = expected.split_first().unwrap();
    let columns: Vec<&str> = report.columns.iter().map(|column| column.name).collect();
    assert_eq!(columns[1..], header[2..]);
    let written = |cell: &Cell| match cell {
        Cell::Text(text) => text.clone(),
        Cell::Count(count) => count.to_string(),
        Cell::Amount(amount) => amount.to_string(),
        other => panic!("{other:?}"),
    };
    let rows: Vec<Vec<String>> = report.rows.iter().map(|row| row.iter().map(written).collect()).collect();
    let expected: Vec<Vec<String>> = expected.iter().map(|row| [&row[..1], &row[2..]].concat()).collect();
    assert_eq!(rows, expected);
}

#[test]
fn a_saved_state_answers_and_goes_on_like_the_one_it_was_saved_from() {
    let half = SAMPLE.entries.len() / 2;
    let mut first = Billing::default();
    SAMPLE.entries[..half].iter().for_each(|entry| first.evolve(entry));
    let saved = first.save();
    let mut second = Billing::default();
    assert!(second.load(&saved));
    assert_eq!(second.save(), saved);
    SAMPLE.entries[half..].iter().for_each(|entry| second.evolve(entry));
    assert_eq!(second.digest(), SAMPLE.state.digest());
    assert_eq!(second.totals(), SAMPLE.state.totals());
}

#[test]
fn a_damaged_state_is_refused_and_leaves_an_empty_one() {
    let saved = SAMPLE.state.save();
    for length in [0, 1, 7, 8, 100, saved.len() / 2, saved.len() - 1] {
        let mut state = Billing::default();
        assert!(!state.load(&saved[..length]), "{length}");
        assert_eq!(state.digest(), Billing::default().digest());
    }
    let mut longer = saved;
    longer.push(0);
    assert!(!Billing::default().load(&longer));
}

/// Days around the sample, now and then none.
fn day() -> impl Strategy<Value = Option<String>> {
    proptest::option::weighted(
        0.8,
        (0_i64..460).prop_map(|days| {
            let start: Instant = "2025-01-01T00:00:00Z".parse().unwrap();
            oracle::moment(&Instant::from_micros(start.micros() + days * 86_400_000_000).to_string())
        }),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_basis_gives_what_the_rows_add_up_to(stated_before in day(), effective_before in day(), known in 0_u64..=10) {
        // The oracle knows rows by the head after them: a row that adds nothing is known with the one before it.
        let asked = Asked { head: SAMPLE.head() * known / 10, stated_before, effective_before, exact: false };
        prop_assert_eq!(figures(&ask(&SAMPLE.state, basis(&asked))), oracle::payouts(&SAMPLE.rows, &asked));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn files_in_any_order_come_to_the_same(files in Just(files()).prop_shuffle(), stated_before in day(), effective_before in day()) {
        let mut ledger = Ledger::default();
        for (recipient, path) in files {
            ledger.import(&recipient, &read(&path));
        }
        let asked = Asked { head: u64::MAX, stated_before, effective_before, exact: false };
        let there = figures(&ask(&ledger.state, basis(&asked)));
        prop_assert_eq!(&there, &figures(&ask(&SAMPLE.state, basis(&asked))));
        prop_assert_eq!(there, oracle::payouts(&ledger.rows, &asked));
    }
}

#[test]
fn what_is_recorded_later_changes_no_answer() {
    let mut state = Billing::default();
    let asked = |state: &Billing, known_at| ask(state, Basis { known_at, effective_before: None, stated_before: None });
    let mut answers = Vec::new();
    for (at, entry) in SAMPLE.entries.iter().enumerate() {
        state.evolve(entry);
        if at % 97 == 0 {
            answers.push((entry.seq, asked(&state, entry.seq)));
        }
    }
    for (seq, answer) in answers {
        assert_eq!(asked(&SAMPLE.state, seq), answer, "at #{seq}");
    }
}

/// A report as text, for snapshots.
fn text(report: &Report) -> String {
    let cell = |cell: &Cell| match cell {
        Cell::Empty => String::new(),
        Cell::List(items) => items.join(";"),
        Cell::Text(text) => text.clone(),
        Cell::Count(count) => count.to_string(),
        Cell::Amount(amount) => amount.to_string(),
        Cell::Day(day) => day.to_string(),
        Cell::Flag(flag) => flag.to_string(),
        other => panic!("{other:?}"),
    };
    let line = |row: &Vec<Cell>| row.iter().map(cell).collect::<Vec<_>>().join("|");
    let header = report.columns.iter().map(|column| column.name).collect::<Vec<_>>().join("|");
    let rows = report.rows.iter().map(line).collect::<Vec<_>>().join("\n");
    let totals = report.totals.iter().map(line).collect::<Vec<_>>().join("\n");
    format!("{header}\n{rows}\n--\n{totals}\n--\n{}", report.notes.join("\n"))
}

#[test]
fn every_report_of_the_sample() {
    let (state, all) = (&SAMPLE.state, Basis::at(u64::MAX));
    let today = "2026-02-28".parse().unwrap();
    for by in [By::Party, By::Product, By::Buyer, By::Agreement, By::Month] {
        let report = payouts(state, all, Options { by, currency: In::Pricing, names: &NoNames });
        insta::assert_snapshot!(format!("payouts_by_{by:?}"), text(&report));
    }
    insta::assert_snapshot!(
        "payouts_in_disbursement",
        text(&payouts(state, all, Options { by: By::Party, currency: In::Disbursement, names: &NoNames }))
    );
    insta::assert_snapshot!("invoices", text(&invoices(state, all, &NoNames)));
    insta::assert_snapshot!("disbursements", text(&disbursements(state, all, &NoNames)));
    insta::assert_snapshot!("receivables", text(&receivables(state, all, today, &NoNames)));
    insta::assert_debug_snapshot!("findings", findings(state, all));
}
