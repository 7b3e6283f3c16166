//! What finance people know of payouts, each rule by a few rows: given these rows, then these figures.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(dead_code, reason = "the support is shared with other tests")]

mod support {
    mod feeds;
    pub(crate) mod oracle;
    mod rows;
    pub(crate) use feeds::*;
    pub(crate) use rows::file;
}

use ledger_core::projection::billing::{By, In, Kind, NoNames, Options, cash, disbursements, findings, invoices, payouts, receivables};
use ledger_core::report::{Cell, Report};
use ledger_core::time::Basis;
use proptest::prelude::*;
use support::oracle::{self, Asked};
use support::{Ledger, file};

const PARTNER: &str = "111122223333";
const ISV: &str = "444455556666";

fn given(rows: &str) -> Ledger {
    let mut ledger = Ledger::default();
    ledger.import(ISV, &file(rows));
    ledger
}

fn all() -> Basis {
    Basis::at(u64::MAX)
}

/// Up to the end of a day.
fn as_of(day: &str) -> Basis {
    Basis { effective_before: Some(format!("{day}T23:59:59.999999Z").parse().unwrap()), ..all() }
}

/// The cells of a report that say something, a row a line.
fn shown(report: &Report, columns: &[&str]) -> String {
    let cell = |cell: &Cell| match cell {
        Cell::Empty => "-".to_owned(),
        Cell::Text(text) => text.clone(),
        Cell::Count(count) => count.to_string(),
        Cell::Amount(amount) => amount.to_string(),
        Cell::Flag(flag) => flag.to_string(),
        Cell::Day(day) => day.to_string(),
        Cell::List(texts) => texts.join(","),
        other => panic!("{other:?}"),
    };
    let line = |row: &Vec<Cell>| columns.iter().map(|name| cell(&row[report.column(name).unwrap()])).collect::<Vec<_>>().join(" ");
    report.rows.iter().chain(&report.totals).map(line).collect::<Vec<_>>().join("\n")
}

fn owed(ledger: &Ledger, basis: Basis) -> String {
    let report = payouts(&ledger.state, basis, Options { by: By::Party, currency: In::Pricing, names: &NoNames });
    shown(&report, &["currency", "lines", "net_revenue", "collected", "disbursed", "undisbursed", "awaiting_disbursement"])
}

/// The guide's own channel example (seller guide 2023, before the columns of 2026), both feeds.
fn the_guides_example() -> Ledger {
    let header = "valid_from,update_date,billing_event_id,from_account_id,to_account_id,action,transaction_type,amount,currency,invoice_id,\
                  balance_impacting,disbursement_billing_event_id";
    let row = |row: &str| {
        let cells: Vec<&str> = row.split_whitespace().map(|cell| if cell == "-" { "" } else { cell }).collect();
        let [id, from, action, kind, amount, invoice, flag, payout] = cells.as_slice() else { panic!("{row}") };
        let day = if *action == "INVOICED" { "2023-03-01T00:00:00Z" } else { "2023-04-01T00:00:00Z" };
        format!("{day},{day},{id},{from},x,{action},{kind},{amount},USD,{invoice},{flag},{payout}\n")
    };
    let file =
        |rows: &str| format!("{header}\n{}", rows.lines().map(str::trim).filter(|line| !line.is_empty()).map(row).collect::<String>());
    let mut ledger = Ledger::default();
    ledger.import(
        PARTNER,
        &file(&format!(
            "I0 buyer INVOICED SELLER_REV_SHARE 100 781216640 1 -
             I1 buyer INVOICED AWS_TAX_SHARE 20.6 781216640 0 -
             I2 own-{PARTNER} INVOICED SELLER_REV_SHARE -80 788576665 1 -
             I3 own-{PARTNER} INVOICED AWS_REV_SHARE -0.2 788576665 1 -
             I10 buyer DISBURSED SELLER_REV_SHARE -100 781216640 0 I14
             I12 own-{PARTNER} DISBURSED SELLER_REV_SHARE 80 788576665 0 I14
             I13 own-{PARTNER} DISBURSED AWS_REV_SHARE 0.2 788576665 0 I14
             I14 aws DISBURSED DISBURSEMENT 19.8 - 0 -"
        )),
    );
    ledger.import(
        ISV,
        &file(&format!(
            "I5 partner INVOICED SELLER_REV_SHARE 73.5 788576665 1 -
             I6 partner INVOICED SELLER_TAX_SHARE 6.5 788576665 1 -
             I7 own-{ISV} INVOICED AWS_REV_SHARE -7.35 788576665 1 -
             I30 partner DISBURSED SELLER_REV_SHARE -73.5 788576665 0 I33
             I31 partner DISBURSED SELLER_TAX_SHARE -6.5 788576665 0 I33
             I32 own-{ISV} DISBURSED AWS_REV_SHARE 7.35 788576665 0 I33
             I33 aws DISBURSED DISBURSEMENT 72.65 - 0 -"
        )),
    );
    ledger
}

#[test]
fn what_events_say_of_a_fee_sums_to_it_in_its_own_currency() {
    let ledger = given(
        "a1 INVOICED SELLER_REV_SHARE 1000.00 2026-01-10
         a2 INVOICED AWS_REV_SHARE -30.00 2026-01-10
         a3 INVOICED AWS_REV_SHARE -5.00 2026-01-11 balance_impacting=0
         a4 INVOICED SELLER_REV_SHARE 7000.00 2026-01-10 balance_impacting=0
         b1 INVOICED SELLER_REV_SHARE 900.00 2026-01-10 currency=EUR
         b2 INVOICED AWS_REV_SHARE -27.00 2026-01-10 currency=EUR
         b3 INVOICED AWS_REV_SHARE_REFUND 1.00 2026-01-12 currency=EUR",
    );
    let lines = ledger.state.fee_lines(all());
    let lines: Vec<_> = lines.iter().collect();
    let told: Vec<_> = lines.iter().map(|line| (line.currency, line.price.unwrap(), line.charged)).collect();
    let cents = |cents: i128| cents * 1_000_000;
    assert_eq!(told, [("EUR", cents(90_000), cents(2_600)), ("USD", cents(100_000), cents(3_000))]);
    let mut summed = vec![(0, 0); lines.len()];
    for event in ledger.state.fee_events(all(), &lines) {
        summed[event.line] = (summed[event.line].0 + event.price, summed[event.line].1 + event.charged);
    }
    assert_eq!(summed, told.iter().map(|(_, price, charged)| (*price, *charged)).collect::<Vec<_>>());
}

#[test]
fn the_guides_channel_example_comes_to_its_figures() {
    let ledger = the_guides_example();
    let report = payouts(&ledger.state, all(), Options { by: By::Party, currency: In::Pricing, names: &NoNames });
    let columns =
        ["party", "lines", "gross", "wholesale_cost", "seller_tax", "listing_fee", "buyer_tax_informational", "disbursed", "undisbursed"];
    insta::assert_snapshot!(shown(&report, &columns), @r"
    111122223333 2 100.00 -80.00 0.00 -0.20 20.60 19.80 0.00
    444455556666 1 73.50 0.00 6.50 -7.35 0.00 72.65 0.00
    eliminated 0 -73.50 80.00 -6.50 0.00 0.00 0.00 0.00
    total 3 100.00 0.00 0.00 -7.55 20.60 92.45 0.00
    ");
    assert_eq!(findings(&ledger.state, all()), []);
}

const PAID_AND_FAILED: &str = "
    a INVOICED SELLER_REV_SHARE 1000 2025-01-10 payment_due_date=2025-02-09T00:00:00Z
    b INVOICED AWS_REV_SHARE -30 2025-01-10
    c COLLECTED SELLER_REV_SHARE 1000 2025-02-01
    d COLLECTED AWS_REV_SHARE -30 2025-02-01
    e DISBURSED SELLER_REV_SHARE -1000 2025-02-05 disbursement_billing_event_id=p1
    f DISBURSED AWS_REV_SHARE 30 2025-02-05 disbursement_billing_event_id=p1
    p1 DISBURSED DISBURSEMENT 970 2025-02-05 bank_trace_id=0077
    g DISBURSED SELLER_REV_SHARE 1000 2025-02-08 disbursement_billing_event_id=p2
    h DISBURSED AWS_REV_SHARE -30 2025-02-08 disbursement_billing_event_id=p2
    p2 DISBURSED DISBURSEMENT_FAILURE -970 2025-02-08 bank_trace_id=0077";

const PAID_AGAIN: &str = "
    i DISBURSED SELLER_REV_SHARE -1000 2025-03-05 disbursement_billing_event_id=p3
    j DISBURSED AWS_REV_SHARE 30 2025-03-05 disbursement_billing_event_id=p3
    p3 DISBURSED DISBURSEMENT 970 2025-03-05 bank_trace_id=0078";

#[test]
fn a_failed_payout_puts_the_line_back_to_undisbursed() {
    let ledger = given(&[PAID_AND_FAILED, PAID_AGAIN].concat());
    insta::assert_snapshot!(owed(&ledger, as_of("2025-02-06")), @"USD 1 970.00 970.00 970.00 0.00 0.00");
    insta::assert_snapshot!(owed(&ledger, as_of("2025-02-28")), @"USD 1 970.00 970.00 0.00 970.00 970.00");
    insta::assert_snapshot!(owed(&ledger, all()), @"USD 1 970.00 970.00 970.00 0.00 0.00");
    let listed =
        |basis| shown(&disbursements(&ledger.state, basis, &NoNames), &["disbursement", "status", "amount", "difference", "bank_trace"]);
    insta::assert_snapshot!(listed(as_of("2025-02-06")), @"p1 paid 970.00 0.00 0077");
    insta::assert_snapshot!(listed(all()), @r"
    p1 reversed 970.00 0.00 0077
    p2 failed -970.00 0.00 0077
    p3 paid 970.00 0.00 0078
    ");
    assert_eq!(findings(&ledger.state, all()), []);
}

#[test]
fn a_failure_undoes_a_payout_of_its_own_recipient() {
    let mut ledger = given(PAID_AND_FAILED);
    let paid: Vec<&str> = PAID_AND_FAILED.lines().filter(|row| !row.contains("2025-02-08")).collect();
    ledger.import(PARTNER, &file(&paid.join("\n")));
    insta::assert_snapshot!(shown(&disbursements(&ledger.state, all(), &NoNames), &["party", "disbursement", "status"]), @r"
    111122223333 p1 paid
    444455556666 p1 reversed
    444455556666 p2 failed
    ");
    let found: Vec<String> = findings(&ledger.state, all()).into_iter().map(|found| format!("{} {}", found.code, found.message)).collect();
    assert_eq!(found, ["F23 it came back on 2025-02-08, and its line was not paid again"]);
}

/// The status of the only line, at the end of a day.
fn status(rows: &str, day: &str) -> String {
    shown(&invoices(&given(rows).state, as_of(day), &NoNames), &["status"])
}

/// What is open of each line, and what of it is taken for collected; what invoices come to; what is paid out next.
fn open(rows: &str, day: &str) -> String {
    let (ledger, last) = (given(rows), "2030-01-01".parse().unwrap());
    let told = |name: &str, mut report: Report, columns: &[&str]| {
        report.totals.clear();
        shown(&report, columns).lines().map(|line| format!("{name} {line}")).chain(report.notes).collect::<Vec<_>>()
    };
    let [receivables, cash] = [receivables, cash].map(|report| report(&ledger.state, as_of(day), last, &NoNames));
    let notes = [&receivables, &cash].map(|report| report.notes.clone());
    assert_eq!(notes[0], notes[1]);
    let invoices = Report { notes: Vec::new(), ..invoices(&ledger.state, as_of(day), &NoNames) };
    let cash = Report { notes: Vec::new(), ..cash };
    [
        told("line", receivables, &["status", "collected", "uncollected"]),
        told("invoice", invoices, &["state", "collected", "open"]),
        told("cash", cash, &["state", "amount"]),
    ]
    .concat()
    .join("\n")
}

#[test]
fn what_was_paid_out_was_collected_where_no_row_tells_it() {
    let sold = "
        a INVOICED SELLER_REV_SHARE 1000 2025-01-10";
    let part = "
        b DISBURSED SELLER_REV_SHARE -400 2025-02-05 disbursement_billing_event_id=p1
        p1 DISBURSED DISBURSEMENT 400 2025-02-05";
    let rest = "
        c DISBURSED SELLER_REV_SHARE -600 2025-03-05 disbursement_billing_event_id=p2
        p2 DISBURSED DISBURSEMENT 600 2025-03-05";
    let told = "
        d COLLECTED SELLER_REV_SHARE 900 2025-02-01";
    insta::assert_snapshot!(open(&[sold, part].concat(), "2025-01-31"), @r"
    line Not disbursed 0.00 1000.00
    invoice open 0.00 1000.00
    cash open 1000.00
    ");
    insta::assert_snapshot!(open(&[sold, part].concat(), "2025-02-28"), @r"
    line Partially disbursed 400.00 600.00
    of all lines, 1 that was paid out counts as collected: no row says that it was
    invoice partly open 400.00 600.00
    cash open 600.00
    ");
    insta::assert_snapshot!(open(&[sold, part, rest].concat(), "2025-03-31"), @r"
    of all lines, 1 that was paid out counts as collected: no row says that it was
    invoice collected 1000.00 0.00
    ");
    // As soon as a row tells it, that is what counts.
    insta::assert_snapshot!(open(&[sold, part, told].concat(), "2025-02-28"), @r"
    line Partially disbursed 900.00 100.00
    invoice partly open 900.00 100.00
    cash collected 500.00
    cash open 100.00
    ");
    // A payout that came back says nothing of the buyer: AWS has the money.
    let back = "
        e DISBURSED SELLER_REV_SHARE 400 2025-02-08 disbursement_billing_event_id=p3
        p3 DISBURSED DISBURSEMENT_FAILURE -400 2025-02-08";
    insta::assert_snapshot!(open(&[sold, part, back].concat(), "2025-02-28"), @r"
    line Failed 400.00 600.00
    of all lines, 1 that was paid out counts as collected: no row says that it was
    invoice partly open 400.00 600.00
    cash collected 400.00
    cash open 600.00
    ");
    // What was collected and taken back was told.
    let bounced = "
        c COLLECTED SELLER_REV_SHARE 400 2025-02-01
        d COLLECTED SELLER_REV_SHARE -400 2025-02-20";
    insta::assert_snapshot!(open(&[sold, part, bounced].concat(), "2025-02-28"), @r"
    line Partially disbursed 0.00 1000.00
    invoice open 0.00 1000.00
    cash collected -400.00
    cash open 1000.00
    ");
    // A refund has rows that tell; the sale from before them has none.
    let refund = "
        f INVOICED SELLER_REV_SHARE_REFUND -200 2026-02-05
        g COLLECTED SELLER_REV_SHARE_REFUND -200 2026-02-06
        h DISBURSED SELLER_REV_SHARE_REFUND 200 2026-02-07 disbursement_billing_event_id=p4";
    insta::assert_snapshot!(open(&[sold, part, rest, refund].concat(), "2026-02-28"), @r"
    of all lines, 1 that was paid out counts as collected: no row says that it was
    invoice collected 800.00 0.00
    ");
    // What was paid out before the first row that tells it counts beside that row.
    let told_since = "
        i COLLECTED SELLER_REV_SHARE 600 2025-02-20";
    insta::assert_snapshot!(open(&[sold, part, told_since, rest].concat(), "2025-03-31"), @r"
    of all lines, 1 that was paid out counts as collected: no row says that it was
    invoice collected 1000.00 0.00
    ");
    let bounced_since = "
        i COLLECTED SELLER_REV_SHARE -400 2025-02-20";
    insta::assert_snapshot!(open(&[sold, part, bounced_since].concat(), "2025-03-31"), @r"
    line Partially disbursed 0.00 1000.00
    of all lines, 1 that was paid out counts as collected: no row says that it was
    invoice open 0.00 1000.00
    cash collected -400.00
    cash open 1000.00
    ");
    // It is never more than is owed, but for what stands paid out.
    let forgiven = "
        j FORGIVEN SELLER_REV_SHARE -300 2025-03-10
        k DISBURSED SELLER_REV_SHARE 300 2025-03-11 disbursement_billing_event_id=p5
        p5 DISBURSED DISBURSEMENT -300 2025-03-11";
    insta::assert_snapshot!(open(&[sold, part, rest, forgiven].concat(), "2025-03-31"), @r"
    of all lines, 1 that was paid out counts as collected: no row says that it was
    invoice collected 700.00 0.00
    ");
    let twice = "
        l DISBURSED SELLER_REV_SHARE -1000 2025-03-12 disbursement_billing_event_id=p6
        p6 DISBURSED DISBURSEMENT 1000 2025-03-12";
    insta::assert_snapshot!(open(&[sold, part, rest, twice].concat(), "2025-03-31"), @r"
    line Disbursed 2000.00 -1000.00
    of all lines, 1 that was paid out counts as collected: no row says that it was
    invoice partly open 2000.00 -1000.00
    cash open -1000.00
    ");
    let once = "
        m DISBURSED SELLER_REV_SHARE 1000 2025-03-13 disbursement_billing_event_id=p7
        p7 DISBURSED DISBURSEMENT_FAILURE -1000 2025-03-13";
    insta::assert_snapshot!(open(&[sold, part, rest, twice, once].concat(), "2025-03-31"), @r"
    of all lines, 1 that was paid out counts as collected: no row says that it was
    invoice collected 1000.00 0.00
    ");
    // The rows that tell may know no currency of payout yet.
    let in_two = "
        a INVOICED SELLER_REV_SHARE 1000 2025-01-10 disbursement_currency=
        b COLLECTED SELLER_REV_SHARE 1000 2025-02-01 disbursement_currency=
        c DISBURSED SELLER_REV_SHARE -400 2025-02-05 disbursement_currency=EUR disbursement_amount=-360
        d DISBURSED SELLER_REV_SHARE -600 2025-02-05";
    insta::assert_snapshot!(open(in_two, "2025-02-28"), @r"
    invoice collected 1000.00 0.00
    cash collected 600.00
    cash collected -600.00
    ");
}

#[test]
fn a_line_has_the_first_status_that_matches() {
    let rows = [PAID_AND_FAILED, PAID_AGAIN].concat();
    assert_eq!(status(&rows, "2025-01-31"), "Not disbursed");
    assert_eq!(status(&rows, "2025-02-06"), "Disbursed");
    assert_eq!(status(&rows, "2025-02-28"), "Failed");
    assert_eq!(status(&rows, "2025-03-06"), "Disbursed");
    let without_its_header: Vec<&str> = PAID_AND_FAILED.lines().filter(|row| !row.contains("DISBURSEMENT_FAILURE")).collect();
    assert_eq!(status(&without_its_header.join("\n"), "2025-02-28"), "Disbursement reversed");
    let part = "
        a INVOICED SELLER_REV_SHARE 1000 2025-01-10
        b DISBURSED SELLER_REV_SHARE -400 2025-02-05 disbursement_billing_event_id=p1
        p1 DISBURSED DISBURSEMENT 400 2025-02-05";
    assert_eq!(status(part, "2025-02-28"), "Partially disbursed");
}

#[test]
fn a_receivable_ages_from_its_due_date() {
    let rows = "a INVOICED SELLER_REV_SHARE 1000 2025-01-10 payment_due_date=2025-02-09T00:00:00Z";
    let ledger = given(rows);
    let on = |day| {
        let report = receivables(&ledger.state, as_of(day), "2030-01-01".parse().unwrap(), &NoNames);
        let place = (14..20).find(|at| report.rows[0][*at] != Cell::Empty).unwrap();
        format!("{} {}", shown(&report, &["days_late"]).lines().next().unwrap(), report.columns[place].name)
    };
    assert_eq!(on("2025-02-09"), "0 not_due");
    assert_eq!(on("2025-02-10"), "1 late_1_30");
    assert_eq!(on("2025-03-11"), "30 late_1_30");
    assert_eq!(on("2025-03-12"), "31 late_31_60");
    assert_eq!(on("2025-06-09"), "120 late_91_120");
    assert_eq!(on("2025-06-10"), "121 late_over_120");
}

#[test]
fn a_forgiven_charge_is_owed_no_more() {
    let ledger = given(
        "a INVOICED SELLER_REV_SHARE 1000 2025-01-10
         b INVOICED AWS_REV_SHARE -30 2025-01-10
         c FORGIVEN SELLER_REV_SHARE -1000 2025-06-01
         d FORGIVEN AWS_REV_SHARE 30 2025-06-01",
    );
    insta::assert_snapshot!(owed(&ledger, as_of("2025-05-31")), @"USD 1 970.00 0.00 0.00 970.00 0.00");
    insta::assert_snapshot!(owed(&ledger, all()), @"USD 1 0.00 0.00 0.00 0.00 0.00");
}

#[test]
fn what_is_collected_in_part_is_disbursed_in_part() {
    let ledger = given(
        "a INVOICED SELLER_REV_SHARE 1000 2025-01-10
         b COLLECTED SELLER_REV_SHARE 400 2025-02-01
         c DISBURSED SELLER_REV_SHARE -400 2025-02-05 disbursement_billing_event_id=p1
         p1 DISBURSED DISBURSEMENT 400 2025-02-05
         d COLLECTED SELLER_REV_SHARE 600 2025-03-01",
    );
    insta::assert_snapshot!(owed(&ledger, as_of("2025-02-28")), @"USD 1 1000.00 400.00 400.00 600.00 0.00");
    insta::assert_snapshot!(owed(&ledger, all()), @"USD 1 1000.00 1000.00 400.00 600.00 600.00");
}

#[test]
fn julys_refund_does_not_move_march_or_april() {
    let sale = "
        a INVOICED SELLER_REV_SHARE 1000 2025-04-02 invoice_date=2025-04-02T00:00:00Z
        b COLLECTED SELLER_REV_SHARE 1000 2025-04-20 invoice_date=2025-04-02T00:00:00Z";
    let refund = "c INVOICED SELLER_REV_SHARE_REFUND -1000 2025-07-14 invoice_date=2025-04-02T00:00:00Z";
    let (before, after) = (given(sale), given(&[sale, "\n", refund].concat()));
    for day in ["2025-03-31", "2025-04-30", "2025-07-13"] {
        assert_eq!(owed(&after, as_of(day)), owed(&before, as_of(day)), "{day}");
    }
    insta::assert_snapshot!(owed(&after, as_of("2025-07-14")), @"USD 1 0.00 1000.00 0.00 0.00 1000.00");
}

#[test]
fn a_row_that_comes_late_counts_where_it_happened_and_not_before_it_was_stated() {
    let ledger = given("a INVOICED SELLER_REV_SHARE 1000 2025-01-10 update_date=2025-02-20T00:00:00Z");
    insta::assert_snapshot!(owed(&ledger, as_of("2025-01-31")), @"USD 1 1000.00 0.00 0.00 1000.00 0.00");
    let stated_by = |day: &str| Basis { stated_before: Some(format!("{day}T00:00:00Z").parse().unwrap()), ..as_of("2025-01-31") };
    assert_eq!(owed(&ledger, stated_by("2025-02-20")), "");
    insta::assert_snapshot!(owed(&ledger, stated_by("2025-02-21")), @"USD 1 1000.00 0.00 0.00 1000.00 0.00");
}

#[test]
fn a_line_is_rounded_once_per_measure_half_up() {
    let ledger = given(
        "a INVOICED SELLER_REV_SHARE 0.0025 2025-01-10
         b INVOICED SELLER_REV_SHARE 0.0025 2025-01-10
         c INVOICED SELLER_REV_SHARE 0.0049 2025-01-10 line_item_id=L-2 buyer_line_item_id=L-2",
    );
    insta::assert_snapshot!(owed(&ledger, all()), @"USD 2 0.01 0.00 0.00 0.01 0.00");
}

#[test]
fn no_amount_is_too_large() {
    let ledger = given(
        "a INVOICED SELLER_REV_SHARE 999999999999999999.99 2025-01-10
         b INVOICED SELLER_REV_SHARE 92233720368 2025-01-10
         c INVOICED SELLER_REV_SHARE 92233720368 2025-01-10
         d COLLECTED SELLER_REV_SHARE 999999999999999999.99 2025-01-10
         e DISBURSED SELLER_REV_SHARE -999999999999999999.99 2025-01-10 disbursement_currency=JPY disbursement_amount=-1",
    );
    insta::assert_snapshot!(owed(&ledger, as_of("2025-01-09")), @"");
    let report = payouts(&ledger.state, all(), Options { by: By::Party, currency: In::Disbursement, names: &NoNames });
    insta::assert_snapshot!(shown(&report, &["currency", "lines", "net_revenue", "collected", "disbursed"]), @r"
    JPY 1 0.00 0.00 1.00
    USD 1 1000000184467440735.99 999999999999999999.99 0.00
    ");
}

#[test]
fn what_is_not_known_is_counted_and_said() {
    let ledger = given(
        "a INVOICED SELLER_BONUS 10 2025-01-10
         b INVOICED SELLER_REV_SHARE 1 2025-01-10 invoice_variant=GIFT
         c WAIVED SELLER_REV_SHARE -1 2025-01-10
         d INVOICED SELLER_REV_SHARE 2 2025-01-10 currency=ZZZ disbursement_currency=",
    );
    insta::assert_snapshot!(owed(&ledger, all()), @r"
    USD 1 11.00 0.00 0.00 11.00 0.00
    ZZZ 1 2.00 0.00 0.00 2.00 0.00
    ");
    let found: Vec<String> = findings(&ledger.state, all()).into_iter().map(|found| format!("{} {}", found.code, found.subject)).collect();
    assert_eq!(found, ["F24 SELLER_BONUS", "F24 SELLER_REV_SHARE"], "the values themselves are found by the sources");
}

#[test]
fn payouts_that_do_not_add_up_are_found() {
    let ledger = given(
        "a INVOICED SELLER_REV_SHARE 100 2025-01-10
         b DISBURSED SELLER_REV_SHARE -100 2025-02-05 disbursement_billing_event_id=p1
         p1 DISBURSED DISBURSEMENT 99 2025-02-05
         c DISBURSED SELLER_REV_SHARE -5 2025-02-06 disbursement_billing_event_id=p2
         p3 DISBURSED DISBURSEMENT 7 2025-02-07
         p4 DISBURSED DISBURSEMENT_FAILURE -9 2025-02-08 bank_trace_id=9
         d DISBURSED SELLER_REV_SHARE 9 2025-02-08 disbursement_billing_event_id=p4
         e DISBURSED SELLER_REV_SHARE -30 2025-02-09 disbursement_billing_event_id=p5
         p5 DISBURSED DISBURSEMENT 30 2025-02-09 bank_trace_id=testTraceId",
    );
    let found: Vec<String> = findings(&ledger.state, all()).into_iter().map(|found| format!("{} {}", found.code, found.subject)).collect();
    assert_eq!(found, ["F21 p1", "F22 p2", "F22 p3", "F25 p5", "F26 I-1:L-1", "F28 p4",]);
    insta::assert_snapshot!(shown(&disbursements(&ledger.state, all(), &NoNames), &["disbursement", "test_trace"]), @r"
    p1 false
    p3 false
    p4 false
    p5 true
    ");
}

#[test]
fn a_wholesale_leg_that_does_not_cancel_stays_in_the_total() {
    let leg = |side: &str| format!("invoice_id=W-1 buyer_invoice_id=I-1 invoice_variant=RESALE charge_variant=RESALE charge_side={side}");
    let mut ledger = Ledger::default();
    ledger.import(
        PARTNER,
        &file(&format!("a INVOICED SELLER_REV_SHARE 100 2025-01-10\nb INVOICED SELLER_REV_SHARE -80 2025-01-10 {}", leg("BUYING"))),
    );
    ledger.import(ISV, &file(&format!("c INVOICED SELLER_REV_SHARE 79.99 2025-01-10 {}", leg("SELLING"))));
    let report = payouts(&ledger.state, all(), Options { by: By::Party, currency: In::Pricing, names: &NoNames });
    insta::assert_snapshot!(shown(&report, &["party", "gross", "wholesale_cost"]), @r"
    111122223333 100.00 -80.00
    444455556666 79.99 0.00
    total 179.99 -80.00
    ");
    assert_eq!(
        report.notes,
        ["wholesale invoice W-1: what 111122223333 pays and what 444455556666 is paid differ by -0.01 USD; it stays in the total"]
    );
    assert_eq!(findings(&ledger.state, all())[0].code, "F29");
}

#[test]
fn a_chain_of_resellers_is_eliminated_leg_by_leg() {
    let distributor = "777788889999";
    let leg = |invoice: &str, side: &str| {
        format!("invoice_id={invoice} buyer_invoice_id=I-1 invoice_variant=RESALE charge_variant=RESALE charge_side={side}")
    };
    let mut ledger = Ledger::default();
    let sale = |id: &str, amount: &str, leg: &str| format!("{id} INVOICED SELLER_REV_SHARE {amount} 2025-01-10 {leg}\n");
    ledger.import(PARTNER, &file(&[sale("a", "100", ""), sale("b", "-80", &leg("W-2", "BUYING"))].concat()));
    ledger.import(distributor, &file(&[sale("c", "80", &leg("W-2", "SELLING")), sale("d", "-70", &leg("W-1", "BUYING"))].concat()));
    ledger.import(ISV, &file(&sale("e", "70", &leg("W-1", "SELLING"))));
    let report = payouts(&ledger.state, all(), Options { by: By::Party, currency: In::Pricing, names: &NoNames });
    insta::assert_snapshot!(shown(&report, &["party", "gross", "wholesale_cost", "net_revenue"]), @r"
    111122223333 100.00 -80.00 20.00
    444455556666 70.00 0.00 70.00
    777788889999 80.00 -70.00 10.00
    eliminated -150.00 150.00 0.00
    total 100.00 0.00 100.00
    ");
}

#[test]
fn a_bank_trace_leads_to_the_agreement_and_back() {
    let ledger = given(PAID_AND_FAILED);
    let ids = |id: &str| ledger.state.trace(all(), id).ids.into_iter().map(|(kind, _, id)| (kind, id)).collect::<Vec<_>>();
    let linked = ids("0077");
    for (kind, id) in [(Kind::Disbursement, "p1"), (Kind::Disbursement, "p2"), (Kind::Invoice, "I-1"), (Kind::Agreement, "agmt-1")] {
        assert!(linked.contains(&(kind, id.to_owned())), "{kind:?} {id}");
    }
    assert!(ids("agmt-1").contains(&(Kind::BankTrace, "0077".to_owned())));
    assert_eq!(ledger.state.trace(all(), "0077").events.len(), 10);
    let first = ledger.state.trace_events(all(), &[1]);
    assert_eq!(first.events, [1, 3, 5, 7, 8, 10].into());
    assert_eq!(ledger.state.trace(all(), "nobody").ids.len(), 0);
}

/// A version of a row: which row, stated on which day, in effect on which day, how much, whether withdrawn, in which payout currency.
type Said = (u8, u8, u8, i32, bool, Option<bool>);

/// What the source says in one row of the file.
fn version((row, stated, effective, cents, withdrawn, paid_in): Said) -> String {
    let action = ["INVOICED", "COLLECTED", "FORGIVEN"][usize::from(row) % 3];
    let paid_in = paid_in.map_or("", |euro| if euro { "EUR" } else { "USD" });
    let delete = if withdrawn { "2025-12-31T00:00:00Z" } else { "" };
    format!(
        "r{row} {action} SELLER_REV_SHARE {}{}.{:02}5 2025-01-{:02} update_date=2025-02-{:02}T00:00:00Z delete_date={delete} \
         disbursement_currency={paid_in} line_item_id=L-{} buyer_line_item_id=L-{}",
        if cents < 0 { "-" } else { "" },
        cents.unsigned_abs() / 100,
        cents.unsigned_abs() % 100,
        effective + 1,
        stated + 1,
        row / 3,
        row / 3,
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    /// The ledger resolves versions as they arrive, each once; the oracle looks for the newest one per row in all that was said.
    #[test]
    fn versions_in_any_order_come_to_the_newest(
        said in proptest::collection::vec((0_u8..6, 0_u8..5, 0_u8..4, -300_i32..300, proptest::bool::weighted(0.2), any::<Option<bool>>()), 1..24),
        head in 0_u64..24,
        stated in proptest::option::of(0_u8..7),
        effective in proptest::option::of(0_u8..6),
    ) {
        let mut ledger = Ledger::default();
        said.iter().for_each(|said| ledger.import(ISV, &file(&version(*said))));
        // A row that was said before, word for word, adds nothing; the oracle must not take it for news.
        let mut known = std::collections::BTreeSet::new();
        let rows: Vec<_> = ledger.rows.iter().filter(|(_, _, row)| known.insert(row.clone())).cloned().collect();
        let asked = Asked {
            head: head.min(ledger.head()),
            stated_before: stated.map(|day| format!("2025-02-{:02} 00:00:00", day + 1)),
            effective_before: effective.map(|day| format!("2025-01-{:02} 00:00:00", day + 1)),
            exact: false,
        };
        let moment = |text: &Option<String>| text.as_ref().map(|text| format!("{}Z", text.replace(' ', "T")).parse().unwrap());
        let basis = Basis { known_at: asked.head, effective_before: moment(&asked.effective_before), stated_before: moment(&asked.stated_before) };
        let report = payouts(&ledger.state, basis, Options { by: By::Party, currency: In::Pricing, names: &NoNames });
        let oracle = oracle::payouts(&rows, &asked);
        let figure = |name: &str| oracle.values().next().and_then(|sums| sums.get(name)).copied().unwrap_or(0);
        for column in report.columns.iter().skip(2) {
            let here = report.rows.first().map_or(0, |row| match &row[report.column(column.name).unwrap()] {
                Cell::Amount(amount) => amount.units() / 1_000_000,
                Cell::Count(count) => i128::from(*count),
                other => panic!("{other:?}"),
            });
            prop_assert_eq!(here, figure(column.name), "{}", column.name);
        }
    }
}
