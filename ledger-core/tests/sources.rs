//! What was read, what is missing, and what in it is out of the ordinary.

#![expect(clippy::unwrap_used, reason = "a test may panic")]

use ledger_core::chain::Hash;
use ledger_core::event::{Entry, Event, Source};
use ledger_core::finding::findings;
use ledger_core::projection::Projection;
use ledger_core::projection::sources::{self, Sources};
use ledger_core::report::{Cell, Report};
use ledger_core::time::{Basis, Instant};
use proptest::prelude::*;
use serde_json::{Value, json};

const WHOSE: &str = "000057174132";
const OTHER: &str = "804753256254";

fn moment(text: &str) -> Instant {
    text.parse().unwrap()
}

fn event(kind: &str, value: &Value) -> Event {
    serde_json::from_value(json!({"type": kind, "value": value})).unwrap()
}

#[derive(Default)]
struct Ledger(Vec<Entry>);

impl Ledger {
    fn append(&mut self, event: Event, source: Option<Source>) -> u64 {
        let seq = self.0.len() as u64 + 1;
        self.0.push(Entry {
            actor: "import".parse().unwrap(),
            effective_at: moment("2025-06-01T00:00:00Z"),
            event,
            prev: Hash::ZERO,
            recorded_at: moment("2026-01-01T00:00:00Z"),
            seq,
            source,
            v: 1,
        });
        seq
    }

    /// A file, of which so many events are promised.
    fn file(&mut self, recipient: &str, feed: &str, month: (u32, u32), events: u64, more: Value) -> u64 {
        let (year, month) = month;
        let mut said = json!({
            "decoded_bytes": 100, "digest": Hash::of(feed.as_bytes()), "events": events, "feed": feed,
            "file": format!("{recipient}/{feed}/{year}-{month:02}"), "month": month, "recipient": recipient, "rows": events, "year": year,
        });
        said.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        self.append(event("source.imported", &said), None)
    }

    /// An event of a file.
    fn row(&mut self, import: u64, event: Event, stated_at: &str) -> u64 {
        let source = Source::row(format!("product:{WHOSE}:prod-1"), import, 1, Some(moment(stated_at)));
        self.append(event, Some(source))
    }

    fn state(&self) -> Sources {
        let mut state = Sources::default();
        self.0.iter().for_each(|entry| state.evolve(entry));
        state
    }
}

fn mapped(kind: &str) -> Event {
    event("id.mapped", &json!({"kind": kind, "legacy": "a", "new": "b", "recipient": WHOSE, "valid_from": "2025-01-01T00:00:00Z"}))
}

fn lines(report: &Report, columns: &[&str]) -> Vec<String> {
    let wanted: Vec<usize> = columns.iter().map(|name| report.column(name).unwrap()).collect();
    let written = |cell: &Cell| match cell.json() {
        Value::String(text) => text,
        other => other.to_string(),
    };
    report.rows.iter().map(|row| wanted.iter().map(|at| written(&row[*at])).collect::<Vec<_>>().join(" ")).collect()
}

#[test]
fn an_import_is_complete_when_what_it_promised_has_arrived() {
    let mut ledger = Ledger::default();
    let first = ledger.file(WHOSE, "product", (2025, 1), 2, json!({}));
    let second = ledger.file(WHOSE, "offer", (2025, 1), 1, json!({}));
    ledger.row(first, mapped("PRODUCT"), "2025-01-02T00:00:00Z");
    ledger.row(second, mapped("PRODUCT"), "2025-01-02T00:00:00Z");
    ledger.row(first, mapped("OFFER"), "2025-01-02T00:00:00Z");
    let empty = ledger.file(WHOSE, "billing_event", (2025, 1), 0, json!({}));
    let state = ledger.state();
    let unfinished = |known_at| state.unfinished(known_at).map(|import| import.seq).collect::<Vec<_>>();
    assert_eq!([0, 1, 2, 3, 4, 5, 6].map(unfinished), [vec![], vec![1], vec![1, 2], vec![1, 2], vec![1], vec![], vec![]]);
    assert!(state.imports().iter().all(sources::Import::is_complete), "a file with a header only is complete: #{empty}");
    assert_eq!(
        lines(&sources::sources(&state, &Basis::at(4)), &["event", "feed", "events", "arrived", "complete"]),
        ["1 product 2 1 false", "2 offer 1 1 true"]
    );
    assert_eq!(state.lacks(&Basis::at(4)), ["1 import is unfinished", "1 monthly file is missing"]);
    assert_eq!(state.lacks(&Basis::at(6)), Vec::<String>::new());
}

#[test]
fn a_month_without_a_file_is_a_gap_and_an_empty_file_is_none() {
    let mut ledger = Ledger::default();
    for (recipient, feed, month) in [
        (WHOSE, "billing_event", (2024, 11)),
        (WHOSE, "billing_event", (2024, 12)),
        (WHOSE, "billing_event", (2025, 2)), // header only: still a file
        (WHOSE, "account", (2010, 1)),       // backfill: no start
        (WHOSE, "account", (2025, 1)),
        (WHOSE, "product", (2010, 1)), // nothing but backfill
        (OTHER, "billing_event", (2025, 5)),
    ] {
        ledger.file(recipient, feed, month, 0, json!({}));
    }
    let state = ledger.state();
    let gaps = |known_at| lines(&sources::gaps(&state, &Basis::at(known_at)), &["recipient", "feed", "month"]);
    assert_eq!(
        gaps(7),
        [
            "000057174132 account 2025-02",
            "000057174132 billing_event 2025-01",
            "000057174132 product 2024-11",
            "000057174132 product 2024-12",
            "000057174132 product 2025-01",
            "000057174132 product 2025-02",
        ]
    );
    assert_eq!(gaps(3), ["000057174132 billing_event 2025-01"], "what was known then");
}

#[test]
fn the_feed_of_money_is_expected_as_soon_as_any_other_is_there() {
    let mut ledger = Ledger::default();
    for (feed, month) in [("agreement", (2024, 11)), ("agreement", (2024, 12)), ("agreement", (2025, 1)), ("billing_event", (2025, 1))] {
        ledger.file(WHOSE, feed, month, 0, json!({}));
    }
    ledger.file(OTHER, "cur", (2025, 1), 0, json!({})); // a bill, and no feed of a seller
    let state = ledger.state();
    let gaps = |known_at| lines(&sources::gaps(&state, &Basis::at(known_at)), &["recipient", "feed", "month"]);
    let [november, december, january] = ["2024-11", "2024-12", "2025-01"].map(|month| format!("{WHOSE} billing_event {month}"));
    assert_eq!(gaps(3), [november.as_str(), &december, &january], "none of it is here");
    assert_eq!(gaps(5), [november, december], "its first months are not here");
}

fn unusual() -> Ledger {
    let mut ledger = Ledger::default();
    let before = ledger.file(WHOSE, "product", (2025, 1), 0, json!({}));
    let more =
        json!({"fallbacks": {"wholesale_by_sign": 3}, "quarantined": 2, "replaces": before, "rewritten": true, "rewritten_from": 17});
    let import = ledger.file(WHOSE, "product", (2025, 1), 9, more);
    let at = "2025-01-02T00:00:00Z";
    let first = ledger.row(import, mapped("PRODUCT"), at);
    let again = |kind: &str, replaces: u64| {
        let entry = json!({"type": "id.mapped", "value": {"kind": kind, "legacy": "a", "new": "b", "recipient": WHOSE, "valid_from": at}});
        event("source.restated", &json!({"entry": entry, "replaces": replaces, "withdrawn": false}))
    };
    ledger.row(import, again("PARTY", first), at);
    ledger.row(import, again("PARTY", first), "2025-01-03T00:00:00Z");
    let agreement = json!({"agreement": "agmt-1", "currency": "XQQ", "intent": "SPLIT", "recipient": WHOSE, "status": "PAUSED"});
    ledger.row(import, event("agreement.revised", &agreement), at);
    let billed = json!({"action": "GIFTED", "amount": "1", "broker": "AWS_MARS", "catalog": "MoonMarketplace", "charge_side": "WATCHING",
        "charge_variant": "BARTER", "currency": "USD", "recipient": WHOSE, "transaction_type": "CARBON_SHARE"});
    ledger.row(import, event("billing.unclassified", &billed), at);
    let taxed = json!({"amount": "1", "calculation_reason": "Lottery", "display": "Hidden", "item": "t-1", "jurisdiction_level": "Galaxy",
        "liable": "Nobody", "recipient": WHOSE, "tax_type": "NEWTAX", "transaction": "GIFT", "valid_from": at});
    ledger.row(import, event("tax.itemised", &taxed), at);
    ledger
}

#[test]
fn what_is_out_of_the_ordinary_is_found() {
    let state = unusual().state();
    let report = findings(&state.findings(&Basis::at(99)));
    insta::assert_snapshot!(lines(&report, &["code", "event", "recipient", "subject", "finding"]).join("\n"), @r"
    F01 2 000057174132 000057174132/product/2025-01 row 17 is not the one that import #1 had read there
    F02 4 000057174132 product:000057174132:prod-1 its source states something else at the same moment; this later row counts
    F03 4 000057174132 mapping type `PARTY` is a value that this program does not know
    F03 6 000057174132 agreement intent `SPLIT` is a value that this program does not know
    F03 6 000057174132 agreement status `PAUSED` is a value that this program does not know
    F03 7 000057174132 action `GIFTED` is a value that this program does not know
    F03 7 000057174132 catalog `MoonMarketplace` is a value that this program does not know
    F03 7 000057174132 charge side `WATCHING` is a value that this program does not know
    F03 7 000057174132 invoice or charge variant `BARTER` is a value that this program does not know
    F03 7 000057174132 operator that invoices `AWS_MARS` is a value that this program does not know
    F03 7 000057174132 transaction type `CARBON_SHARE` is a value that this program does not know
    F03 8 000057174132 jurisdiction level `Galaxy` is a value that this program does not know
    F03 8 000057174132 tax calculation reason `Lottery` is a value that this program does not know
    F03 8 000057174132 tax transaction type `GIFT` is a value that this program does not know
    F03 8 000057174132 tax type `NEWTAX` is a value that this program does not know
    F03 8 000057174132 tax-liable party `Nobody` is a value that this program does not know
    F03 8 000057174132 taxability of the display price `Hidden` is a value that this program does not know
    F04 6 000057174132 currency `XQQ` is not in ISO 4217
    F05 2 000057174132 000057174132/product/2025-01 2 rows were set aside
    F06 2 000057174132 000057174132/product/2025-01 6 of 9 events have arrived
    F07 2 000057174132 000057174132/product/2025-01 `wholesale_by_sign` was used on 3 rows
    ");
    let known = |known_at| state.findings(&Basis::at(known_at)).len();
    assert_eq!([known(0), known(1), known(2), known(3)], [0, 0, 4, 4]);
}

#[test]
fn a_saved_state_is_the_state() {
    let ledger = unusual();
    let (state, mut loaded) = (ledger.state(), Sources::default());
    assert!(loaded.load(&state.save()));
    assert_eq!(loaded, state);
    let mut half = Ledger(ledger.0[..4].to_vec()).state();
    assert!(loaded.load(&half.save()));
    for entry in &ledger.0[4..] {
        half.evolve(entry);
        loaded.evolve(entry);
    }
    assert_eq!((&half, &loaded), (&state, &state));
    assert!(!loaded.load(&state.save()[..20]));
    assert_eq!(loaded, Sources::default());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// The same new value is seen again and again, stated and effective at any time: no later sight changes an earlier answer.
    #[test]
    fn no_append_changes_an_answer(
        sights in prop::collection::vec((0..6_i64, prop::option::of(0..6_i64), 0..3_usize), 1..12),
        known: prop::sample::Index, as_of in prop::option::of(0..7_i64), stated_by in prop::option::of(0..7_i64),
    ) {
        let mut ledger = Ledger::default();
        let import = ledger.file(WHOSE, "product", (2025, 1), 99, json!({}));
        for (effective_at, stated_at, kind) in sights {
            ledger.row(import, mapped(["PARTY", "ADDRESS", "OFFER"][kind]), "2025-01-02T00:00:00Z");
            let last = ledger.0.last_mut().unwrap();
            last.effective_at = Instant::from_micros(effective_at);
            last.source.as_mut().unwrap().stated_at = stated_at.map(Instant::from_micros);
        }
        let known = known.index(ledger.0.len() + 1);
        let at = Basis { effective_before: as_of.map(Instant::from_micros), known_at: known as u64, stated_before: stated_by.map(Instant::from_micros) };
        let then = Ledger(ledger.0[..known].to_vec()).state();
        let later = ledger.state();
        prop_assert_eq!(then.findings(&at), later.findings(&at));
        prop_assert_eq!(sources::sources(&then, &at), sources::sources(&later, &at));
        prop_assert_eq!(then.gaps(at.known_at), later.gaps(at.known_at));
        // Nothing stands that was not said, and everything that was said stands.
        let said = |kind: &str| ledger.0[..known].iter().any(|entry| matches!(&entry.event, Event::IdMapped(it) if it.kind == kind)
            && at.had_happened(entry.effective_at) && at.had_been_stated(entry.seq, entry.stated_at()));
        let found = |kind: &str| later.findings(&at).iter().any(|found| found.message.contains(&format!("`{kind}`")));
        prop_assert_eq!((found("PARTY"), found("ADDRESS"), found("OFFER")), (said("PARTY"), said("ADDRESS"), false));
    }
}

#[test]
fn rows_are_set_aside_until_their_file_is_read_again() {
    let mut ledger = Ledger::default();
    let first = ledger.file(WHOSE, "product", (2025, 1), 0, json!({"quarantined": 2}));
    let other = ledger.file(WHOSE, "billing_event", (2025, 1), 0, json!({"quarantined": 1}));
    let again = ledger.file(WHOSE, "product", (2025, 1), 0, json!({"replaces": first}));
    let mended = ledger.file(WHOSE, "billing_event", (2025, 1), 1, json!({"repairs": other}));
    let state = ledger.state();
    let found = |seq| state.findings(&Basis::at(seq)).into_iter().map(|found| found.seq).collect::<Vec<_>>();
    assert_eq!((found(other), state.lacks(&Basis::at(other))), (vec![first, other], vec!["3 rows are quarantined".to_owned()]));
    assert_eq!((found(again), state.lacks(&Basis::at(again))), (vec![other], vec!["1 row is quarantined".to_owned()]));
    assert_eq!(state.lacks(&Basis::at(mended)), ["1 import is unfinished"], "the mended rows are on their way");
}
