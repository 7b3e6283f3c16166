//! Laws over sequences of intents, sensible or not.

use std::collections::BTreeSet;

use ledger_core::book::Book;
use ledger_core::projection::Projection;
use ledger_core::projection::records::Records;
use ledger_core::time::Basis;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::desk::{BUYER, Desk, OTHER, offer};

/// Something somebody might want to do, sensible or not.
fn intent() -> impl Strategy<Value = (String, &'static str, Value)> {
    let day = (1_u32..28, 1_u32..7).prop_map(|(day, month)| format!("2026-{month:02}-{day:02}"));
    let (offers, agreements) = (prop::sample::select(vec!["o1", "o2", "o3", "o4", "o5"]), prop::sample::select(vec!["a1", "a2", "a3"]));
    let account = || prop::sample::select(vec![BUYER, BUYER, BUYER, OTHER]);
    let what = (offers, agreements, account(), account(), 0..16_u8, 0_u64..8, prop::option::of(prop::sample::select(vec!["a1", "a2"])))
        .prop_map(|(id, agreement, buyer, acceptor, kind, back, before)| match kind {
            0..4 => {
                let mut value = offer(id, json!({ "buyers": [buyer], "expires_at": "2026-06-15T00:00:00Z" }));
                if let Some(before) = before {
                    value["replaces"] = before.into();
                }
                ("offer.released", value)
            }
            4 => ("offer.drafted", offer(id, json!({ "buyers": [buyer], "expires_at": "2026-06-15T00:00:00Z" }))),
            5 => ("offer.withdrawn", json!({ "offer": id })),
            6 => ("agreement.ended", json!({ "agreement": agreement, "status": "CANCELLED" })),
            7 => ("agreement.amended", json!({ "agreement": agreement, "value": "5.00" })),
            8 => ("entry.corrected", json!({ "back": back })),
            _ => ("agreement.accepted", json!({ "acceptor": acceptor, "agreement": agreement, "offer": id })),
        });
    (day, what).prop_map(|(day, (kind, value))| (day, kind, value))
}

/// Tries it: what was appended, if anything.
fn attempt(desk: &mut Desk, at: &str, kind: &str, value: Value) -> Vec<&'static str> {
    match value.get("back").and_then(Value::as_u64) {
        Some(back) => desk.correct(desk.head.seq.saturating_sub(back).max(1), None),
        None => desk.record(at, "li", kind, value),
    }
    .unwrap_or_default()
}

/// Many of them: as they come, dated back and forth, or for the most part in the order of their days.
fn intents() -> impl Strategy<Value = Vec<(String, &'static str, Value)>> {
    (prop::collection::vec(intent(), 1..120), prop::option::of(0_usize..120)).prop_map(|(mut intents, late)| {
        if let Some(late) = late {
            intents.sort_by(|(one, ..), (other, ..)| one.cmp(other));
            let late = late.min(intents.len() - 1);
            let dated_back = intents.remove(late / 2);
            intents.push(dated_back);
        }
        intents
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn an_equal_schedule_is_one_that_may_be_offered(
        cents in 1_000_i64..10_000_000_000, count in 1_u32..=60, months in 1_u32..=12,
        currency in prop::sample::select(vec!["USD", "JPY", "KWD"]),
    ) {
        prop_assume!(count * months <= 60);
        let parse = |text: &str| text.parse().unwrap();
        let currency: ledger_core::money::Currency = parse(currency);
        let value = ledger_core::money::Amount::from_units(i128::from(cents) * 100_000_000);
        let first = chrono::NaiveDate::from_ymd_opt(2026, 1, 31).unwrap();
        let schedule = ledger_core::event::offer::Instalment::equal(value, currency, count, first, months).unwrap();
        let over = json!({ "currency": currency, "ends_at": null, "schedule": schedule, "value": value });
        let mut desk = Desk::new();
        prop_assert_eq!(desk.record("2026-01-10", "li", "offer.released", offer("offer-1", over)), Ok(vec!["offer.released"]));
    }

    #[test]
    fn no_sequence_of_intents_reaches_a_forbidden_state(intents in intents()) {
        let mut desk = Desk::new();
        for (at, kind, value) in intents {
            attempt(&mut desk, &at, kind, value);
        }
        let view = desk.records.at(Basis::at(u64::MAX));
        // None of our own deals breaks a rule that facts are held against.
        prop_assert_eq!(view.findings(), vec![]);
        let mut held = BTreeSet::new();
        for standing in view.agreements() {
            let active = standing.terms.status.as_ref().is_some_and(|status| status.as_str() == "ACTIVE");
            if active {
                prop_assert!(view.acceptor(standing).is_some(), "nobody accepted it");
                prop_assert!(held.insert(view.acceptor(standing)), "a buyer holds the product twice");
            }
        }
        // What was decided and folded is what folding the lines again gives.
        let (mut book, mut records) = (Book::default(), Records::default());
        for (entry, _) in &desk.entries {
            book.evolve(entry);
            records.evolve(entry);
        }
        prop_assert_eq!(&book, &desk.book);
        prop_assert_eq!(&records, &desk.records);
        let mut loaded = Book::default();
        prop_assert!(loaded.load(&book.save()));
        prop_assert_eq!(loaded, book);
    }
}

/// A law over sequences that never get anywhere would prove nothing.
#[test]
fn the_sequences_of_the_law_come_to_agreements() {
    use proptest::strategy::ValueTree as _;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let (mut agreements, mut replaced, mut corrected) = (0, 0, 0);
    for _ in 0..200 {
        let intents = intents().new_tree(&mut runner).unwrap().current();
        let mut desk = Desk::new();
        for (at, kind, value) in intents {
            let told = attempt(&mut desk, &at, kind, value);
            corrected += usize::from(told.first() == Some(&"entry.corrected"));
            agreements += usize::from(told.first() == Some(&"agreement.accepted"));
            replaced += usize::from(told.contains(&"agreement.ended") && told.len() > 1);
        }
    }
    assert!(
        agreements > 100 && replaced > 3 && corrected > 20,
        "{agreements} agreements, {replaced} replacements, {corrected} corrections"
    );
}
