//! Laws of spend by cost centre: however a bill labels what feeds tell, it sums to what was invoiced; what is labelled whole leaves no rest; what
//! goes to several buyers is not divided; and what only a bill tells comes on top.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeMap;

use ledger_core::chain::{Hash, VERSION};
use ledger_core::event::{Entry, Source};
use ledger_core::id::AccountId;
use ledger_core::projection::Projection;
use ledger_core::projection::billing::{Billing, Names, Purchase, spend, why_spend};
use ledger_core::projection::records::Records;
use ledger_core::report::Cell;
use ledger_core::time::{Basis, Instant};
use proptest::prelude::*;
use serde_json::{Value, json};

const SELLER: &str = "111122223333";
const BUYERS: [&str; 2] = ["777788889999", "444455556666"];
const CENTRES: [&str; 3] = ["Ops", "Research", "Sales"];

/// Every buyer has a cost centre of its own.
struct ByBuyer;

impl Names for ByBuyer {
    fn party(&self, _: &AccountId) -> Option<String> {
        None
    }

    fn account(&self, _: &AccountId, told: &str) -> Option<AccountId> {
        told.parse().ok()
    }

    fn cost_centre(&self, purchase: Purchase<'_>) -> Option<String> {
        purchase.buyer.map(|buyer| format!("of {buyer}"))
    }
}

fn instant(text: &str) -> Instant {
    text.parse().unwrap()
}

/// A price in cents, as it is written.
fn money(cents: i64) -> String {
    format!("{}{}.{:02}", if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100)
}

#[derive(Default)]
struct Known {
    billing: Billing,
    records: Records,
    seq: u64,
}

impl Known {
    /// A ledger that knows two products.
    fn new() -> Self {
        let mut known = Self::default();
        for product in 0..2 {
            let listed = json!({ "code": format!("code-{product}"), "product": format!("prod-{product}"), "recipient": SELLER,
                "title": format!("Product {product}"), "valid_from": "2025-01-01T00:00:00Z" });
            known.take("2025-01-01T00:00:00Z", "product.listed", listed, &format!("product:{product}"));
        }
        known
    }

    fn take(&mut self, at: &str, kind: &str, value: Value, key: &str) {
        self.seq += 1;
        let entry = Entry {
            actor: "import".parse().unwrap(),
            effective_at: instant(at),
            event: serde_json::from_value(json!({ "type": kind, "value": value })).unwrap(),
            prev: Hash::ZERO,
            recorded_at: instant("2025-06-01T00:00:00Z"),
            seq: self.seq,
            source: Some(Source::row(key.to_owned(), 1, self.seq, Some(instant(at)))),
            v: VERSION,
        };
        [&mut self.billing as &mut dyn Projection, &mut self.records].into_iter().for_each(|state| state.evolve(&entry));
    }

    /// A line of the invoice that a feed tells.
    fn line(&mut self, buyer: usize, product: usize, cents: i64) {
        let number = self.seq;
        let row = json!({ "amount": money(cents), "balance_impacting": true, "counterparty": BUYERS[buyer], "currency": "USD", "invoice": "INV-1",
            "invoice_date": "2025-03-10T00:00:00Z", "line": format!("L-{number}"), "product": format!("prod-{product}"), "recipient": SELLER,
            "transaction_type": "SELLER_REV_SHARE" });
        self.take("2025-03-10T00:00:00Z", "invoice.issued", row, &format!("billing_event:{SELLER}:{number}"));
    }

    /// What a bill says of a code on an invoice, with shares in hundred-millionths.
    fn bill(&mut self, invoice: &str, code: &str, amount: &str, shares: &[(usize, String)]) {
        let centres: Vec<Value> =
            shares.iter().map(|(centre, amount)| json!({ "amount": amount, "cost_centre": CENTRES[*centre] })).collect();
        let told = json!({ "amounts": { "unblended": amount }, "centres": centres, "class": "marketplace", "currency": "USD", "invoice": invoice,
            "line_type": "Fee", "month": "2025-03-01T00:00:00Z", "payer": BUYERS[0], "product": code, "rows": 1, "statement": "cur" });
        self.take("2025-03-31T23:59:59Z", "spend.recorded", told, &format!("cur:{invoice}:{code}"));
    }

    /// Cents by cost centre.
    fn spend(&self) -> BTreeMap<String, i64> {
        let view = self.records.at(Basis::at(u64::MAX));
        let report = spend(&self.billing, &view, &ByBuyer);
        let told = |row: &Vec<Cell>| match (&row[0], &row[2]) {
            (Cell::Text(centre), Cell::Amount(amount)) => (centre.clone(), i64::try_from(amount.units() / 1_000_000).unwrap()),
            _ => panic!("{row:?}"),
        };
        report.rows.iter().map(told).collect()
    }

    /// The same, from the reasons.
    fn reasons(&self, centres: &BTreeMap<String, i64>) -> BTreeMap<String, i64> {
        let view = self.records.at(Basis::at(u64::MAX));
        let ids: Vec<String> = centres.keys().cloned().collect();
        let mut sums = BTreeMap::new();
        for reason in why_spend(&self.billing, &view, &ByBuyer, &ids) {
            let Cell::Money(amount, _) = reason.value else { panic!("{reason:?}") };
            *sums.entry(reason.subject).or_default() += i64::try_from(amount.units() / 1_000_000).unwrap();
        }
        sums
    }
}

fn spent(pairs: &[(&str, i64)]) -> BTreeMap<String, i64> {
    pairs.iter().map(|(centre, cents)| ((*centre).to_owned(), *cents)).collect()
}

proptest! {
    #[test]
    fn spend_sums_to_what_was_invoiced_however_it_is_labelled(
        lines in prop::collection::vec((0..2_usize, 0..2_usize, 1..900_000_i64), 1..6),
        labelled in prop::collection::vec((0..2_usize, 0..3_usize, 0..900_000_i64), 0..6),
        same: bool,
    ) {
        let mut known = Known::new();
        lines.iter().for_each(|(buyer, product, cents)| known.line(*buyer, *product, *cents));
        let invoiced: i64 = lines.iter().map(|(.., cents)| cents).sum();
        prop_assert_eq!(known.spend().values().sum::<i64>(), invoiced);
        for product in 0..2 {
            let of_it: Vec<i64> = lines.iter().filter(|line| line.1 == product).map(|(.., cents)| *cents).collect();
            if of_it.is_empty() {
                continue;
            }
            let total = of_it.iter().sum::<i64>() + i64::from(!same) * 7;
            let shares: BTreeMap<usize, i64> = labelled.iter().filter(|label| label.0 == product).map(|(_, centre, cents)| (*centre, *cents)).collect();
            let shares: Vec<_> = shares.into_iter().map(|(centre, cents)| (centre, money(cents))).collect();
            known.bill("INV-1", &format!("code-{product}"), &money(total), &shares);
        }
        let told = known.spend();
        prop_assert_eq!(told.values().sum::<i64>(), invoiced, "{:?}", told);
        prop_assert_eq!(known.reasons(&told).into_iter().filter(|(_, cents)| *cents != 0).collect::<BTreeMap<_, _>>(), told);
    }
}

/// Shares have more decimals than cents: what rounding leaves stays with those who are labelled.
#[test]
fn what_is_labelled_whole_leaves_no_rest() {
    let mut known = Known::new();
    known.line(0, 0, 1_000);
    let shares = [(0, "3.33333333".to_owned()), (1, "3.33333333".to_owned()), (2, "3.33333333".to_owned())];
    known.bill("INV-1", "code-0", "10", &shares);
    assert_eq!(known.spend(), spent(&[("Ops", 333), ("Research", 334), ("Sales", 333)]));
    // Half a cent each, of an invoice that no feed tells.
    known.bill("INV-2", "code-9", "0.01", &[(0, "0.005".to_owned()), (1, "0.005".to_owned())]);
    assert_eq!(known.spend().values().sum::<i64>(), 1_001);
    assert!(known.spend().keys().all(|centre| CENTRES.contains(&centre.as_str())), "{:?}", known.spend());
}

#[test]
fn what_has_no_label_stays_where_it_was_and_what_goes_to_several_is_not_divided() {
    let mut known = Known::new();
    known.line(0, 0, 300_000);
    let labelled = [(1, "1000".to_owned())];
    known.bill("INV-1", "code-0", "3000", &labelled);
    assert_eq!(known.spend(), spent(&[("Research", 100_000), ("of 777788889999", 200_000)]));
    known.line(1, 0, 100_000);
    known.bill("INV-1", "code-0", "4000", &labelled);
    let told = known.spend();
    assert_eq!(told, spent(&[("of 444455556666", 100_000), ("of 777788889999", 300_000)]));
    let view = known.records.at(Basis::at(u64::MAX));
    let reasons = why_spend(&known.billing, &view, &ByBuyer, &["of 444455556666".to_owned()]);
    let remark = reasons[0].remark.as_deref().unwrap();
    assert!(remark.ends_with("its labels do not count: the bill has 4000.00 USD for several buyers or agreements"), "{remark}");
}

#[test]
fn another_seller_on_an_invoice_that_a_feed_tells_is_bought_too_and_a_refund_is_taken_off_once() {
    let mut known = Known::new();
    known.line(0, 0, 300_000);
    known.bill("INV-1", "code-0", "3000", &[]);
    known.bill("INV-1", "code-9", "500", &[]);
    assert_eq!(known.spend(), spent(&[("of 777788889999", 350_000)]));
    // The feeds tell refunds of their product on the invoice that it was charged on.
    known.bill("CM-1", "code-0", "-1000", &[]);
    assert_eq!(known.spend(), spent(&[("of 777788889999", 350_000)]));
    known.bill("CM-2", "code-9", "-100", &[]);
    assert_eq!(known.spend(), spent(&[("of 777788889999", 340_000)]));
}
