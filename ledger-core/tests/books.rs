//! The books of the sample's five parties: balanced, equal to what the payouts say, and equal to an oracle that shares no code, at any basis.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support {
    mod feeds;
    pub(crate) mod oracle;
    mod rows;
    pub(crate) use feeds::*;
    pub(crate) use rows::file;
}

use std::collections::BTreeMap;
use std::sync::LazyLock;

use ledger_core::id::AccountId;
use ledger_core::money::{Amount, Currency};
use ledger_core::projection::billing::books::{
    Account, Asked, Deferral, Fee, Posting, Posts, Presentation, Resale, Transaction, What, balances, parties, told, transactions,
    trial_balance, why,
};
use ledger_core::projection::billing::{NoNames, billings, deferral};
use ledger_core::projection::closing::{Shut, Shuts};
use ledger_core::report::{Cell, Report};
use ledger_core::time::{Basis, Instant};
use proptest::prelude::*;
use support::oracle;
use support::{Ledger, file, ledger};

static SAMPLE: LazyLock<Ledger> = LazyLock::new(ledger);

const NOTHING_DECIDED: Presentation = Presentation { resale: None, listing_fee: None, deferral: None, policy: None };

fn end() -> Instant {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

fn asked(party: &str, basis: Basis, presentation: Presentation) -> Asked<'static> {
    let until = basis.effective_before.unwrap_or_else(end);
    Asked { presentation, ..Asked::of(party.parse().unwrap(), basis, until, &NoNames) }
}

/// The beginning of the month so many months later.
fn month_after(from: &str, months: i64) -> Instant {
    let months = chrono::Months::new(u32::try_from(months).unwrap());
    Instant::midnight(from.parse::<chrono::NaiveDate>().unwrap().checked_add_months(months).unwrap())
}

fn every_party() -> Vec<String> {
    parties(&SAMPLE.state, &[]).into_iter().map(|party| party.to_string()).collect()
}

/// What postings come to, by account and currency, without what comes to nothing.
fn added(transactions: &[Transaction<'_>]) -> BTreeMap<(Account, Currency), i128> {
    let mut sums: BTreeMap<(Account, Currency), i128> = BTreeMap::new();
    for posting in transactions.iter().flat_map(|transaction| &transaction.postings) {
        *sums.entry((posting.account, posting.currency)).or_default() += posting.amount.units();
    }
    sums.retain(|_, units| *units != 0);
    sums
}

fn units(balances: BTreeMap<(Account, Currency), Amount>) -> BTreeMap<(Account, Currency), i128> {
    balances.into_iter().map(|(account, amount)| (account, amount.units())).filter(|(_, units)| *units != 0).collect()
}

/// By what is told: the account itself, or the one above it.
fn above(account: Account) -> Vec<&'static str> {
    match account {
        Account::Billed | Account::Forgiven | Account::Wholesale => vec!["Liabilities:ContractLiabilities"],
        Account::Unmatched => vec!["Assets:Disbursements"],
        Account::InTransit => vec!["Assets:Disbursements", "Assets:Disbursements:InTransit"],
        other => vec![other.path()],
    }
}

fn every_presentation() -> impl Strategy<Value = Presentation> {
    let resale = prop_oneof![Just(None), Just(Some(Resale::Gross)), Just(Some(Resale::Net))];
    let fee = prop_oneof![Just(None), Just(Some(Fee::Expense)), Just(Some(Fee::ContraRevenue)), Just(Some(Fee::Cost))];
    let deferral = prop_oneof![Just(None), Just(Some(Deferral::Memo)), Just(Some(Deferral::Posted))];
    (resale, fee, deferral).prop_map(|(resale, listing_fee, deferral)| Presentation { resale, listing_fee, deferral, policy: None })
}

fn day() -> impl Strategy<Value = Option<Instant>> {
    proptest::option::weighted(
        0.8,
        (0_i64..460).prop_map(|days| {
            let start: Instant = "2025-01-01T00:00:00Z".parse().unwrap();
            Instant::from_micros(start.micros() + days * 86_400_000_000)
        }),
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_books_balance_and_tie_at_any_basis(
        stated_before in day(), effective_before in day(), known in 0_u64..=10, presentation in every_presentation(), earlier in day(),
    ) {
        let basis = Basis { known_at: SAMPLE.head() * known / 10, effective_before, stated_before };
        let text = |moment: Instant| oracle::moment(&moment.to_string());
        let exact = oracle::payouts(&SAMPLE.rows, &oracle::Asked {
            head: basis.known_at, stated_before: stated_before.map(text), effective_before: effective_before.map(text), exact: true,
        });
        for party in every_party() {
            let asked = asked(&party, basis, presentation);
            let journal = transactions(&SAMPLE.state, asked);
            for transaction in &journal {
                let mut sums: BTreeMap<Currency, i128> = BTreeMap::new();
                transaction.postings.iter().for_each(|posting| *sums.entry(posting.currency).or_default() += posting.amount.units());
                prop_assert!(sums.values().all(|sum| *sum == 0), "{party} {transaction:?}");
                prop_assert!(!transaction.postings.is_empty());
            }
            let sums = added(&journal);
            prop_assert_eq!(&units(balances(&SAMPLE.state, asked)), &sums, "trial balance and journal of {}", party);

            // Every balance has a tree: what each event moved, and they sum to it.
            let stands = balances(&SAMPLE.state, asked);
            let wanted: Vec<String> = stands.keys().map(|(account, currency)| format!("{account} {currency}")).collect();
            let mut trees: BTreeMap<String, [i128; 2]> = BTreeMap::new();
            for reason in why(&SAMPLE.state, asked, &wanted) {
                let Cell::Money(amount, _) = reason.value else { panic!("{reason:?}") };
                trees.entry(reason.subject).or_default()[usize::from(reason.field != "balance")] += amount.units();
                prop_assert!(reason.field == "balance" || !reason.events.is_empty(), "no event is behind {}", reason.field);
            }
            for (name, amount) in wanted.iter().zip(stands.values()) {
                prop_assert_eq!(trees.get(name).copied().unwrap_or_default(), [amount.units(); 2], "the tree of {} of {}", name, party);
            }

            // What the sums of the payouts tell of every account, on any day and at the end, is what the transactions up to then come to.
            for moment in [earlier.unwrap_or_else(end), Instant::from_micros(i64::MAX)] {
                let until = journal.partition_point(|transaction| Instant::midnight(transaction.day) < moment);
                let mut above_sums: BTreeMap<(&str, Currency), i128> = BTreeMap::new();
                for ((account, currency), units) in added(&journal[..until]) {
                    above(account).into_iter().for_each(|path| *above_sums.entry((path, currency)).or_default() += units);
                }
                above_sums.retain(|_, units| *units != 0);
                let mut told_sums: BTreeMap<(&str, Currency), i128> =
                    told(&SAMPLE.state, asked, &[moment]).remove(0).into_iter().map(|(key, amount)| (key, amount.units())).collect();
                told_sums.retain(|_, units| *units != 0);
                prop_assert_eq!(&above_sums, &told_sums, "what the payouts tell of {} before {}", party, moment);
            }

            // What the rows come to by themselves.
            let currencies: Vec<Currency> = exact.keys().filter(|(of, _)| *of == party).map(|(_, currency)| currency.parse().unwrap()).collect();
            for currency in currencies {
                let of = |account: Account| sums.get(&(account, currency)).copied().unwrap_or(0);
                let measure = |name: &str| exact[&(party.clone(), currency.to_string())].get(name).copied().unwrap_or(0);
                let open = [Account::ReceivableBuyers, Account::RefundsPayable, Account::NettedByAws, Account::PayableIsv];
                prop_assert_eq!(open.into_iter().map(of).sum::<i128>(), measure("uncollected"), "uncollected {} {}", party, currency);
                let awaiting = of(Account::ReceivableAws) + of(Account::Rounding);
                prop_assert_eq!(awaiting, measure("awaiting_disbursement"), "awaiting {} {}", party, currency);
                let paid = of(Account::InTransit) + of(Account::Unmatched) + of(Account::CurrencyClearing);
                prop_assert_eq!(paid, measure("disbursed"), "disbursed {} {}", party, currency);
                let fee = of(Account::ListingFee) + of(Account::FeeAsCost) + of(Account::FeeOffBillings);
                prop_assert_eq!(fee, -measure("listing_fee") - measure("listing_fee_refund"), "fee {} {}", party, currency);
                let billed = [Account::Billed, Account::Forgiven, Account::Released, Account::Wholesale, Account::WholesaleBilled, Account::WholesaleReleased];
                let price = ["gross", "gross_refund", "wholesale_cost", "wholesale_cost_refund"].into_iter().map(measure).sum::<i128>();
                prop_assert_eq!(billed.into_iter().map(of).sum::<i128>(), -price, "billed {} {}", party, currency);
            }
        }
    }

    #[test]
    fn what_comes_after_a_close_is_posted_in_the_first_open_month(
        stated_before in day(), effective_before in day(), known in 0_u64..=10, presentation in every_presentation(), earlier in day(),
        closed in proptest::collection::vec((0_u64..=10, 0_i64..15), 0..4), presented in proptest::collection::vec(every_presentation(), 0..4),
    ) {
        let basis = Basis { known_at: SAMPLE.head() * known / 10, effective_before, stated_before };
        let shut = |(at, month): (u64, i64)| Shut { at: SAMPLE.head() * at / 10, until: month_after("2025-01-01", month) };
        let shuts = Shuts::of(closed.into_iter().map(shut).filter(|shut| shut.at <= basis.known_at).collect());
        for party in every_party() {
            let plain = asked(&party, basis, presentation);
            let posted = Asked { shuts: &shuts, presented: &presented, ..plain };
            let journal = transactions(&SAMPLE.state, posted);
            for transaction in &journal {
                let mut sums: BTreeMap<Currency, i128> = BTreeMap::new();
                transaction.postings.iter().for_each(|posting| *sums.entry(posting.currency).or_default() += posting.amount.units());
                prop_assert!(sums.values().all(|sum| *sum == 0), "{party} {transaction:?}");
                prop_assert!(transaction.day >= transaction.effective, "{transaction:?}");
                prop_assert!(transaction.day == transaction.effective || transaction.day.format("%d").to_string() == "01", "{transaction:?}");
                prop_assert!(!transaction.postings.is_empty());
            }
            prop_assert!(journal.is_sorted_by_key(|transaction| transaction.day));
            // By the day of the posting and by the day of the fact it comes to the same.
            prop_assert_eq!(added(&journal), added(&transactions(&SAMPLE.state, plain)), "all of {}", party);
            let before = |moment: Instant| {
                added(&journal[..journal.partition_point(|transaction| Instant::midnight(transaction.day) < moment)])
            };
            // Up to a closed month's end the books are what they were when it was closed.
            for (number, Shut { at, until }) in shuts.iter().enumerate() {
                // As they were presented then.
                let presentation = presented.get(number).copied().unwrap_or(presentation);
                let effective_before = Some(effective_before.map_or(until, |before| before.min(until)));
                let then = asked(&party, Basis { known_at: at, effective_before, stated_before }, presentation);
                prop_assert_eq!(before(until), units(balances(&SAMPLE.state, then)), "{} closed at #{} before {}", party, at, until);
            }
            // And at any day they are what the payouts tell.
            for moment in [earlier.unwrap_or_else(end), Instant::from_micros(i64::MAX)] {
                let mut above_sums: BTreeMap<(&str, Currency), i128> = BTreeMap::new();
                for ((account, currency), units) in before(moment) {
                    above(account).into_iter().for_each(|path| *above_sums.entry((path, currency)).or_default() += units);
                }
                above_sums.retain(|_, units| *units != 0);
                let mut told_sums: BTreeMap<(&str, Currency), i128> =
                    told(&SAMPLE.state, posted, &[moment]).remove(0).into_iter().map(|(key, amount)| (key, amount.units())).collect();
                told_sums.retain(|_, units| *units != 0);
                prop_assert_eq!(&above_sums, &told_sums, "what the payouts tell of {} before {}", party, moment);
            }
        }
    }

    #[test]
    fn what_is_billed_is_released_or_deferred(effective_before in day(), known in 0_u64..=10) {
        let basis = Basis { known_at: SAMPLE.head() * known / 10, effective_before, stated_before: None };
        for party in every_party() {
            let asked = asked(&party, basis, NOTHING_DECIDED);
            let (lines, months) = (billings(&SAMPLE.state, asked), deferral(&SAMPLE.state, asked));
            let mut spread: BTreeMap<(String, String, String), i128> = BTreeMap::new();
            for row in &months.rows {
                let [billed, released, deferred] = ["billed", "released", "deferred"].map(|name| amount(&months, row, name));
                prop_assert_eq!(billed, released + deferred);
                *spread.entry(key(&months, row)).or_default() += billed;
            }
            let mut billed: BTreeMap<(String, String, String), i128> = BTreeMap::new();
            for row in &lines.rows {
                *billed.entry(key(&lines, row)).or_default() += amount(&lines, row, "billed");
            }
            for (line, units) in billed {
                prop_assert_eq!(spread.get(&line).copied().unwrap_or(0), units, "{:?}", line);
            }
        }
    }
}

fn key(report: &Report, row: &[Cell]) -> (String, String, String) {
    let text = |name: &str| if let Cell::Text(text) = &row[report.column(name).unwrap()] { text.clone() } else { String::new() };
    (text("invoice"), text("line"), text("currency"))
}

fn amount(report: &Report, row: &[Cell], name: &str) -> i128 {
    match row[report.column(name).unwrap()] {
        Cell::Amount(amount) => amount.units(),
        ref other => panic!("{other:?}"),
    }
}

const ISV: &str = "444455556666";

fn given(rows: &str) -> Ledger {
    let mut ledger = Ledger::default();
    ledger.import(ISV, &file(rows));
    ledger
}

/// What every account stands at by the end of a day, an account a line.
fn standing(ledger: &Ledger, day: &str) -> String {
    let before = Instant::from_micros(format!("{day}T23:59:59.999999Z").parse::<Instant>().unwrap().micros() + 1);
    let basis = Basis { effective_before: Some(before), ..Basis::at(u64::MAX) };
    let report = trial_balance(&ledger.state, asked(ISV, basis, NOTHING_DECIDED));
    let text = |cell: &Cell| match cell {
        Cell::Text(text) => text.clone(),
        Cell::Amount(amount) => amount.to_string(),
        other => panic!("{other:?}"),
    };
    let line = |row: &Vec<Cell>| [1, 2, 5].map(|at| text(&row[at])).join(" ");
    report.rows.iter().map(line).chain(report.notes).collect::<Vec<_>>().join("\n")
}

const SALE: &str = "
    a INVOICED SELLER_REV_SHARE 1000 2025-01-10
    b INVOICED AWS_REV_SHARE -30 2025-01-10
    t INVOICED AWS_TAX_SHARE 206 2025-01-10 balance_impacting=0";
const COLLECTED: &str = "
    c COLLECTED SELLER_REV_SHARE 1000 2025-02-01
    d COLLECTED AWS_REV_SHARE -30 2025-02-01";
const PAID: &str = "
    e DISBURSED SELLER_REV_SHARE -1000 2025-02-05 disbursement_billing_event_id=p1
    f DISBURSED AWS_REV_SHARE 30 2025-02-05 disbursement_billing_event_id=p1
    p1 DISBURSED DISBURSEMENT 970 2025-02-05 bank_trace_id=0077";
const FAILED: &str = "
    g DISBURSED SELLER_REV_SHARE 1000 2025-02-08 disbursement_billing_event_id=p2
    h DISBURSED AWS_REV_SHARE -30 2025-02-08 disbursement_billing_event_id=p2
    p2 DISBURSED DISBURSEMENT_FAILURE -970 2025-02-08 bank_trace_id=0077";

#[test]
fn a_sale_is_invoiced_collected_sent_and_may_come_back() {
    let ledger = given(&[SALE, COLLECTED, PAID, FAILED].concat());
    insta::assert_snapshot!(standing(&ledger, "2025-01-31"), @r"
    Assets:Receivable:Buyers USD 1000.00
    Liabilities:AWS USD -30.00
    Liabilities:ContractLiabilities:Billed USD -1000.00
    Expenses:ListingFee USD 30.00
    ");
    insta::assert_snapshot!(standing(&ledger, "2025-02-04"), @r"
    Assets:Receivable:AWS USD 970.00
    Liabilities:ContractLiabilities:Billed USD -1000.00
    Expenses:ListingFee USD 30.00
    ");
    insta::assert_snapshot!(standing(&ledger, "2025-02-07"), @r"
    Assets:Disbursements:InTransit USD 970.00
    Liabilities:ContractLiabilities:Billed USD -1000.00
    Expenses:ListingFee USD 30.00
    ");
    assert_eq!(standing(&ledger, "2025-02-28"), standing(&ledger, "2025-02-04"));
}

#[test]
fn a_refund_is_owed_until_the_buyer_has_it() {
    let refund = "
        r INVOICED SELLER_REV_SHARE_REFUND -400 2025-03-01
        s INVOICED AWS_REV_SHARE_REFUND 12 2025-03-01
        u COLLECTED SELLER_REV_SHARE_REFUND -400 2025-03-05
        v COLLECTED AWS_REV_SHARE_REFUND 12 2025-03-05";
    let ledger = given(&[SALE, COLLECTED, PAID, refund].concat());
    insta::assert_snapshot!(standing(&ledger, "2025-03-02"), @r"
    Assets:Disbursements:InTransit USD 970.00
    Liabilities:AWS USD 12.00
    Liabilities:ContractLiabilities:Billed USD -600.00
    Liabilities:RefundsPayable USD -400.00
    Expenses:ListingFee USD 18.00
    ");
    // AWS gave it back, and takes it out of a later payout.
    insta::assert_snapshot!(standing(&ledger, "2025-03-31"), @r"
    Assets:Receivable:AWS USD -388.00
    Assets:Disbursements:InTransit USD 970.00
    Liabilities:ContractLiabilities:Billed USD -600.00
    Expenses:ListingFee USD 18.00
    ");
}

#[test]
fn what_is_forgiven_is_owed_no_more_and_stands_by_itself() {
    let forgiven = "
        k FORGIVEN SELLER_REV_SHARE -1000 2025-06-01
        l FORGIVEN AWS_REV_SHARE 30 2025-06-01
        m FORGIVEN AWS_TAX_SHARE -206 2025-06-01 balance_impacting=0";
    insta::assert_snapshot!(standing(&given(&[SALE, forgiven].concat()), "2025-06-30"), @r"
    Liabilities:ContractLiabilities:Billed USD -1000.00
    Liabilities:ContractLiabilities:Forgiven USD 1000.00
    ");
}

#[test]
fn a_cent_of_awss_is_rounding_and_more_is_not() {
    let paid = |amount: &str| {
        given(&format!(
            "{SALE}{COLLECTED}
             e DISBURSED SELLER_REV_SHARE -{amount} 2025-02-05 disbursement_billing_event_id=p1
             f DISBURSED AWS_REV_SHARE 30 2025-02-05 disbursement_billing_event_id=p1"
        ))
    };
    insta::assert_snapshot!(standing(&paid("1000.01"), "2025-02-28"), @r"
    Assets:Disbursements:Unmatched USD 970.01
    Liabilities:ContractLiabilities:Billed USD -1000.00
    Expenses:ListingFee USD 30.00
    Expenses:Rounding USD -0.01
    ");
    insta::assert_snapshot!(standing(&paid("999.90"), "2025-02-28"), @r"
    Assets:Receivable:AWS USD 0.10
    Assets:Disbursements:Unmatched USD 969.90
    Liabilities:ContractLiabilities:Billed USD -1000.00
    Expenses:ListingFee USD 30.00
    ");
}

#[test]
fn a_payout_and_its_rows_are_told_apart_until_both_are_here() {
    let header = "p1 DISBURSED DISBURSEMENT 970 2025-02-05 bank_trace_id=0077";
    insta::assert_snapshot!(standing(&given(header), "2025-02-28"), @r"
    Assets:Disbursements:InTransit USD 970.00
    Assets:Disbursements:Unmatched USD -970.00
    ");
    let less = PAID.replace("DISBURSEMENT 970", "DISBURSEMENT 960");
    insta::assert_snapshot!(standing(&given(&[SALE, COLLECTED, &less].concat()), "2025-02-28"), @r"
    Assets:Disbursements:InTransit USD 960.00
    Assets:Disbursements:Unmatched USD 10.00
    Liabilities:ContractLiabilities:Billed USD -1000.00
    Expenses:ListingFee USD 30.00
    ");
}

#[test]
fn a_price_in_yen_is_paid_out_in_dollars_through_clearing() {
    let yen = |day: &str, id: &str, action: &str, kind: &str, amount: &str, paid: &str, more: &str| {
        format!("{id} {action} {kind} {amount} {day} currency=JPY disbursement_amount={paid} {more}\n")
    };
    let payout = "disbursement_billing_event_id=p1";
    let rows = [
        yen("2025-01-10", "a", "INVOICED", "SELLER_REV_SHARE", "150000", "1000", ""),
        yen("2025-01-10", "b", "INVOICED", "AWS_REV_SHARE", "-4500", "-30", ""),
        yen("2025-02-01", "c", "COLLECTED", "SELLER_REV_SHARE", "150000", "1000", ""),
        yen("2025-02-01", "d", "COLLECTED", "AWS_REV_SHARE", "-4500", "-30", ""),
        yen("2025-02-05", "e", "DISBURSED", "SELLER_REV_SHARE", "-150000", "-1000", payout),
        yen("2025-02-05", "f", "DISBURSED", "AWS_REV_SHARE", "4500", "30", payout),
        "p1 DISBURSED DISBURSEMENT 970 2025-02-05".to_owned(),
    ];
    insta::assert_snapshot!(standing(&given(&rows.concat()), "2025-02-28"), @r"
    Liabilities:ContractLiabilities:Billed JPY -150000
    Equity:CurrencyClearing JPY 145500
    Expenses:ListingFee JPY 4500
    Assets:Disbursements:InTransit USD 970.00
    Equity:CurrencyClearing USD -970.00
    ");
}

#[test]
fn where_no_row_tells_collections_that_is_said() {
    insta::assert_snapshot!(standing(&given(&[SALE, PAID].concat()), "2025-02-28"), @r"
    Assets:Receivable:Buyers USD 1000.00
    Assets:Receivable:AWS USD -970.00
    Assets:Disbursements:InTransit USD 970.00
    Liabilities:AWS USD -30.00
    Liabilities:ContractLiabilities:Billed USD -1000.00
    Expenses:ListingFee USD 30.00
    1 line was paid out, and no row says collected: what is owed stands against Assets:Receivable:AWS
    ");
}

#[test]
fn a_row_that_is_restated_stands_once_and_one_that_is_withdrawn_not_at_all() {
    let restated = "
        a INVOICED SELLER_REV_SHARE 1000 2025-01-10
        a INVOICED SELLER_REV_SHARE 900 2025-01-10 update_date=2025-01-20T00:00:00Z
        b INVOICED AWS_REV_SHARE -30 2025-01-10
        b INVOICED AWS_REV_SHARE -30 2025-01-10 update_date=2025-01-21T00:00:00Z delete_date=2025-01-21T00:00:00Z";
    let ledger = given(restated);
    let journal = transactions(&ledger.state, asked(ISV, Basis::at(u64::MAX), NOTHING_DECIDED));
    let told: Vec<String> = journal
        .iter()
        .map(|transaction| {
            let postings: Vec<String> =
                transaction.postings.iter().map(|posting| format!("{} {}", posting.account, posting.amount)).collect();
            format!("{} {} {:?}: {}", transaction.day, transaction.what.as_str(), transaction.events, postings.join(", "))
        })
        .collect();
    insta::assert_snapshot!(told.join("\n"), @"2025-01-10 invoice [1, 2]: Assets:Receivable:Buyers 900, Liabilities:ContractLiabilities:Billed -900");
}

#[test]
fn a_year_is_released_day_by_day() {
    let year = "a INVOICED SELLER_REV_SHARE 1200 2025-01-10 usage_period_start_date=2025-01-10T00:00:00Z usage_period_end_date=2026-01-09T23:59:59Z
                r INVOICED SELLER_REV_SHARE_REFUND -365 2025-03-15 usage_period_start_date=2025-01-10T00:00:00Z usage_period_end_date=2026-01-09T23:59:59Z";
    let ledger = given(year);
    let schedule = |day: &str| {
        let basis = Basis { effective_before: Some(format!("{day}T00:00:00Z").parse().unwrap()), ..Basis::at(u64::MAX) };
        let report = deferral(&ledger.state, asked(ISV, basis, NOTHING_DECIDED));
        let cell = |row: &Vec<Cell>, name: &str| match &row[report.column(name).unwrap()] {
            Cell::Text(text) => text.clone(),
            Cell::Amount(amount) => amount.to_string(),
            other => panic!("{other:?}"),
        };
        let line = |row: &Vec<Cell>| ["month", "billed", "released", "deferred"].map(|name| cell(row, name)).join(" ");
        report.rows.iter().map(line).collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(schedule("2025-02-15"), @r"
    2025-01 72.38 72.38 0.00
    2025-02 92.12 46.06 46.06
    2025-03 101.99 0.00 101.99
    2025-04 98.70 0.00 98.70
    2025-05 101.99 0.00 101.99
    2025-06 98.70 0.00 98.70
    2025-07 101.99 0.00 101.99
    2025-08 101.99 0.00 101.99
    2025-09 98.70 0.00 98.70
    2025-10 101.84 0.00 101.84
    2025-11 98.40 0.00 98.40
    2025-12 101.68 0.00 101.68
    2026-01 29.52 0.00 29.52
    ");
    insta::assert_snapshot!(schedule("2025-04-01"), @r"
    2025-01 72.38 72.38 0.00
    2025-02 92.12 92.12 0.00
    2025-03 20.99 20.99 0.00
    2025-04 68.70 0.00 68.70
    2025-05 70.99 0.00 70.99
    2025-06 68.70 0.00 68.70
    2025-07 70.99 0.00 70.99
    2025-08 70.99 0.00 70.99
    2025-09 68.70 0.00 68.70
    2025-10 70.84 0.00 70.84
    2025-11 68.40 0.00 68.40
    2025-12 70.68 0.00 70.68
    2026-01 20.52 0.00 20.52
    ");
}

/// The rows of the table in the description of the books: row, variant, amount, debit, credit.
fn table() -> Vec<[String; 5]> {
    let text = support::read(&support::sample().join("../../docs/formats/books.md"));
    let cells = |line: &str| -> Option<[String; 5]> {
        let cells: Vec<String> = line.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect();
        cells.try_into().ok()
    };
    let rows = text.lines().filter(|line| line.starts_with("| `") && line.matches('|').count() == 6).filter_map(cells);
    rows.collect()
}

#[test]
fn every_row_of_the_table_is_posted_as_it_says() {
    let table = table();
    let types: std::collections::BTreeSet<&str> = table.iter().map(|row| row[0].split(' ').nth(1).unwrap()).collect();
    // Seventeen types that AWS has, and one that it has not.
    assert_eq!(types.len(), 18, "{types:?}");
    assert!(table.len() >= 40);
    for [row, variant, amount, debit, credit] in table {
        let mut more = String::new();
        let words: Vec<&str> = variant.split(' ').collect();
        if let [invoice, side, ..] = words.as_slice() {
            let charge = if *invoice == "TAX_VAT" { "PURCHASE" } else { invoice };
            more = format!("invoice_variant={invoice} charge_variant={charge} charge_side={side}");
        }
        if words.contains(&"informational") {
            more += " balance_impacting=0";
        }
        let ledger = given(&format!("a {row} {amount} 2025-01-10 {more}"));
        let journal = transactions(&ledger.state, asked(ISV, Basis::at(u64::MAX), NOTHING_DECIDED));
        let said: Vec<String> = journal
            .iter()
            .flat_map(|transaction| &transaction.postings)
            .map(|posting| format!("{} {} {}", posting.account, posting.amount.half_up(2), posting.currency))
            .collect();
        let amount: Amount = amount.parse().unwrap();
        let size = if amount.is_negative() { amount.negated() } else { amount };
        let mut expected = vec![format!("{debit} {size} USD"), format!("{credit} {} USD", size.negated())];
        expected.retain(|posting| !posting.starts_with("nothing"));
        let sorted = |mut texts: Vec<String>| {
            texts.sort();
            texts
        };
        assert_eq!(sorted(said), sorted(expected), "{row} {variant}");
    }
}

/// Something that posts beside the billing feed: a balance of 5.00 on a day, at a basis.
struct Elsewhere(Basis);

fn that_day() -> Instant {
    "2025-01-20T00:00:00Z".parse().unwrap()
}

impl Posts for Elsewhere {
    fn parties(&self) -> std::collections::BTreeSet<AccountId> {
        [BUYER.parse().unwrap()].into()
    }

    fn told(&self, party: AccountId, before: Instant) -> Vec<(Account, Currency, i128)> {
        let is_told = party.as_str() == BUYER && self.0.had_happened(that_day()) && that_day() < before;
        let told = |account, amount: &str| (account, "USD".parse().unwrap(), amount.parse::<Amount>().unwrap().units());
        if is_told { vec![told(Account::NettedByAws, "5.00"), told(Account::Opening, "-5.00")] } else { Vec::new() }
    }

    fn transactions(&self, party: AccountId) -> Vec<Transaction<'_>> {
        let day = that_day();
        if party.as_str() != BUYER || !self.0.had_happened(day) {
            return Vec::new();
        }
        let posting = |account, amount: &str| Posting { account, currency: "USD".parse().unwrap(), amount: amount.parse().unwrap() };
        vec![Transaction {
            day: day.day(),
            effective: day.day(),
            what: What::Opening,
            payee: None,
            invoice: None,
            line: None,
            agreement: None,
            payout: None,
            trace: None,
            events: vec![1],
            postings: vec![posting(Account::NettedByAws, "5.00"), posting(Account::Opening, "-5.00")],
        }]
    }
}

const BUYER: &str = "777788889999";

#[test]
fn what_else_posts_stands_in_the_books_and_is_told() {
    let ledger = given(SALE);
    let at = |basis: Basis| -> [Box<dyn Posts>; 1] { [Box::new(Elsewhere(basis))] };
    let others = at(Basis::at(u64::MAX));
    let whose: Vec<String> = parties(&ledger.state, &others).into_iter().map(|party| party.to_string()).collect();
    assert_eq!(whose, [ISV, BUYER]);
    let of = |party: &str, until: &str| {
        let basis = Basis { effective_before: Some(until.parse().unwrap()), ..Basis::at(u64::MAX) };
        let others = at(basis);
        let asked = Asked { others: &others, ..asked(party, basis, NOTHING_DECIDED) };
        let told = told(&ledger.state, asked, &[end()]).remove(0).len();
        (balances(&ledger.state, asked).len(), transactions(&ledger.state, asked).len(), told)
    };
    assert_eq!(of(BUYER, "2025-02-01T00:00:00Z"), (2, 1, 2));
    assert_eq!(of(BUYER, "2025-01-20T00:00:00Z"), (0, 0, 0));
    assert_eq!(of(ISV, "2025-02-01T00:00:00Z").1, 1);
}
