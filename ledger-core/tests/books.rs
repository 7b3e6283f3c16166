//! The books of the sample's five parties: balanced, equal to what the payouts say, and equal to an oracle that shares no code, at any basis.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(dead_code, reason = "the support is shared with other tests")]

mod support {
    mod feeds;
    pub(crate) mod oracle;
    pub(crate) use feeds::*;
}

use std::collections::BTreeMap;
use std::sync::LazyLock;

use ledger_core::money::{Amount, Currency};
use ledger_core::projection::billing::books::{
    Account, Asked, Deferral, Fee, Presentation, Resale, Transaction, balances, parties, told, transactions,
};
use ledger_core::projection::billing::{NoNames, billings, deferral};
use ledger_core::report::{Cell, Report};
use ledger_core::time::{Basis, Instant};
use proptest::prelude::*;
use support::oracle;
use support::{Ledger, ledger};

static SAMPLE: LazyLock<Ledger> = LazyLock::new(ledger);

const NOTHING_DECIDED: Presentation = Presentation { resale: None, listing_fee: None, deferral: None, policy: None };

fn end() -> Instant {
    "2026-03-01T00:00:00Z".parse().unwrap()
}

fn asked(party: &str, basis: Basis, presentation: Presentation) -> Asked<'static> {
    let until = basis.effective_before.unwrap_or_else(end);
    Asked { party: party.parse().unwrap(), basis, until, presentation, names: &NoNames, within: None }
}

fn every_party() -> Vec<String> {
    parties(&SAMPLE.state).into_iter().map(|party| party.to_string()).collect()
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
        stated_before in day(), effective_before in day(), known in 0_u64..=10, presentation in every_presentation(),
    ) {
        let basis = Basis { known_at: SAMPLE.head() * known / 10, effective_before, stated_before };
        let text = |moment: Instant| oracle::moment(&moment.to_string());
        let exact = oracle::exact(&SAMPLE.rows, &oracle::Asked {
            head: basis.known_at, stated_before: stated_before.map(text), effective_before: effective_before.map(text),
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

            // What the sums of the payouts tell, of every account.
            let mut above_sums: BTreeMap<(&str, Currency), i128> = BTreeMap::new();
            for ((account, currency), units) in &sums {
                above(*account).into_iter().for_each(|path| *above_sums.entry((path, *currency)).or_default() += units);
            }
            above_sums.retain(|_, units| *units != 0);
            let mut told_sums: BTreeMap<(&str, Currency), i128> =
                told(&SAMPLE.state, asked, &[Instant::from_micros(i64::MAX)]).remove(0).into_iter().map(|(key, amount)| (key, amount.units())).collect();
            told_sums.retain(|_, units| *units != 0);
            prop_assert_eq!(&above_sums, &told_sums, "what the payouts tell of {}", party);

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
