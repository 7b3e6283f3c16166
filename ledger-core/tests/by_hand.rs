//! Money by hand: once its row has come, the row counts alone, whatever was signed, corrected or said again before.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;

use ledger_core::book::{Version, observe};
use ledger_core::chain::{Hash, Head};
use ledger_core::event::billing::{BillingEvent, TransactionType};
use ledger_core::event::governance::{EntryConfirmed, EntryCorrected};
use ledger_core::event::{Draft, Entry, Event, Source};
use ledger_core::feed::Fact;
use ledger_core::projection::Projection as _;
use ledger_core::projection::billing::Billing;
use ledger_core::time::{Basis, Instant};
use proptest::prelude::*;

const KEY: &str = "billing_event:444455556666:s1";

fn issued(amount: i64) -> Event {
    let row = BillingEvent::of(
        "444455556666".parse().unwrap(),
        TransactionType::SellerRevShare,
        format!("{amount}.00").parse().unwrap(),
        "USD".parse().unwrap(),
    );
    Event::InvoiceIssued(Box::new(BillingEvent { invoice: Some("INV-1".parse().unwrap()), ..row }))
}

fn moment(day: u32) -> Instant {
    format!("2026-01-{day:02}T00:00:00Z").parse().unwrap()
}

#[derive(Default)]
struct Ledger {
    head: Option<Head>,
    billing: Billing,
    versions: Vec<Version>,
}

impl Ledger {
    fn append(&mut self, event: Event, source: Option<Source>) -> u64 {
        let (draft, mut line) = (Draft { actor: "li".parse().unwrap(), effective_at: moment(1), event, source }, Vec::new());
        let head = draft.write(self.head.unwrap_or(Head::EMPTY), moment(20), &mut line).unwrap();
        let entry = Entry::read(&line, head.seq).unwrap();
        self.billing.evolve(&entry);
        if entry.source.is_some() {
            self.versions.push(Version::from(entry));
        }
        self.head = Some(head);
        head.seq
    }

    /// What a row says of an amount, stated on a day; nothing when it is taken back.
    fn row(&mut self, day: u32, amount: Option<i64>) {
        let stated_at = Some(moment(day));
        let event = issued(amount.unwrap_or(7));
        let fact = Fact { key: KEY.to_owned(), effective_at: moment(1), stated_at, withdrawn: amount.is_none(), event };
        let event = observe(fact, &self.versions);
        self.append(event, Some(Source::row(KEY.to_owned(), 1, 1, stated_at)));
    }

    fn confirm(&mut self, entry: u64) {
        self.append(Event::EntryConfirmed(Box::new(EntryConfirmed { entry })), None);
    }
}

proptest! {
    #[test]
    fn the_rows_count_alone(
        amount in 1_i64..1000,
        corrected in proptest::option::of(1_i64..1000),
        signed in any::<[bool; 2]>(),
        rows in proptest::collection::btree_map(2_u32..15, proptest::option::of(1_i64..1000), 1..5)
            .prop_map(|rows| rows.into_iter().collect::<Vec<_>>())
            .prop_shuffle(),
    ) {
        let (mut with, mut without) = (Ledger::default(), Ledger::default());
        let hand = with.append(issued(amount), Some(Source::manual(KEY.to_owned(), Some(Hash::ZERO))));
        prop_assert_eq!(with.billing.pending(&Basis::at(u64::MAX)).len(), 1);
        if signed[0] {
            with.confirm(hand);
        }
        if let Some(amount) = corrected {
            let replacement = Some(issued(amount));
            let again = with.append(
                Event::EntryCorrected(Box::new(EntryCorrected { entry: hand, reason: "typed wrongly".to_owned(), replacement })),
                None,
            );
            if signed[1] {
                with.confirm(again);
            }
        }
        let before = with.head.unwrap().seq;
        let counted = match (corrected, signed) {
            (None, [true, _]) => Some(amount),
            (Some(amount), [_, true]) => Some(amount),
            _ => None,
        };
        let stood = with.billing.totals_at(Basis::at(before));
        prop_assert_eq!(
            stood.iter().any(|(name, sum)| name.starts_with("net") && Some(sum) == counted.map(|sum| format!("{sum}.00")).as_ref()),
            counted.is_some(),
            "{:?}", stood
        );
        for (day, amount) in rows {
            with.row(day, amount);
            without.row(day, amount);
            let sums = |ledger: &Ledger| {
                let totals = ledger.billing.totals_at(Basis::at(u64::MAX));
                totals.into_iter().filter(|(name, sum)| name != "rows" && name != "lines" && sum != "0.00").collect::<Vec<_>>()
            };
            prop_assert_eq!(sums(&with), sums(&without));
        }
        // What was known before still is what was known then, and a saved state is the state.
        prop_assert_eq!(with.billing.totals_at(Basis::at(before)), stood);
        prop_assert_eq!(with.billing.pending(&Basis::at(u64::MAX)), vec![]);
        let mut loaded = Billing::default();
        prop_assert!(loaded.load(&with.billing.save()));
        prop_assert_eq!(loaded.totals(), with.billing.totals());
        prop_assert_eq!(loaded.pending(&Basis::at(before)), with.billing.pending(&Basis::at(before)));
    }
}

fn brought_forward(item: &str) -> Event {
    let value = serde_json::json!({
        "amount": "970.00", "currency": "USD", "cut_over": "2026-01-01T00:00:00Z", "document": "0".repeat(64), "item": item,
        "kind": "receivable", "party": "444455556666",
    });
    serde_json::from_value(serde_json::json!({ "type": "balance.brought_forward", "value": value })).unwrap()
}

#[test]
fn a_balance_whose_rows_had_come_counts_nothing_and_what_corrects_it_does() {
    let mut ledger = Ledger::default();
    ledger.row(2, Some(970));
    let net = |ledger: &Ledger| {
        let totals = ledger.billing.totals_at(Basis::at(u64::MAX));
        totals.into_iter().filter(|(name, _)| name.starts_with("net")).map(|(_, sum)| sum).collect::<Vec<_>>()
    };
    let of_the_row = net(&ledger);
    let balance = ledger.append(brought_forward("INV-1"), None);
    ledger.confirm(balance);
    assert_eq!(net(&ledger), of_the_row);
    // It was meant for another invoice.
    let replacement = Some(brought_forward("INV-2"));
    let corrected = EntryCorrected { entry: balance, reason: "typed wrongly".to_owned(), replacement };
    let again = ledger.append(Event::EntryCorrected(Box::new(corrected)), None);
    assert_eq!((net(&ledger), ledger.billing.pending(&Basis::at(u64::MAX)).len()), (of_the_row, 1));
    ledger.confirm(again);
    assert_eq!((net(&ledger), ledger.billing.pending(&Basis::at(u64::MAX)).len()), (vec!["1940.00".to_owned()], 0));
}

#[test]
fn what_was_confirmed_is_traced_to_the_entry_that_recorded_it() {
    let mut ledger = Ledger::default();
    let entry = ledger.append(issued(970), Some(Source::manual(KEY.to_owned(), Some(Hash::ZERO))));
    let then = Basis::at(entry);
    let before = ledger.billing.trace_events(then, &[entry]);
    ledger.confirm(entry);
    // What was known before it was confirmed stays what it was.
    assert_eq!(ledger.billing.trace_events(then, &[entry]), before);
    assert!(ledger.billing.confirmed(entry).entries().is_empty());
    let (billing, now) = (&ledger.billing, Basis::at(u64::MAX));
    let both = BTreeSet::from([entry, entry + 1]);
    for linked in [billing.trace(now, "INV-1"), billing.trace_events(now, &[entry]), billing.trace_events(now, &[entry + 1])] {
        assert_eq!(linked.events, both);
    }
    assert_eq!(billing.confirmed(entry + 1).beside(vec![9, entry + 1, entry]), [9, entry, entry + 1]);
    assert_eq!(billing.confirmed(entry + 1).entries(), BTreeSet::from([entry]));
}
