//! References, documents and corrections.

use ledger_core::book::Decision;
use ledger_core::chain::Hash;
use ledger_core::event::{Draft, Source};
use ledger_core::time::{Basis, Instant};
use serde_json::{Value, json};

use crate::desk::{Desk, OTHER, accept, authorization, event, instalments, moment, offer, told};

#[test]
fn a_reference_records_once() {
    let mut desk = Desk::new();
    let draft = |value: &str| Draft {
        actor: "gtm".parse().unwrap(),
        effective_at: moment("2026-01-10"),
        event: event("offer.drafted", &offer("offer-1", json!({ "value": value }))),
        source: Some(Source::manual("crm:0065".to_owned(), None)),
    };
    assert_eq!(desk.tell(draft("10"), None).unwrap(), ["offer.drafted"]);
    assert_eq!(desk.ask(draft("10"), None), Ok(Decision::Known(2)));
    assert_eq!(told(desk.ask(draft("11"), None).unwrap_err()), ["E0421 "]);
}

#[test]
fn an_entry_is_corrected_once_and_by_its_like() {
    let mut desk = Desk::new();
    desk.done("2026-01-10", "offer.released", offer("offer-1", json!({})));
    let seq = desk.head.seq;
    let better = |over: Value| Some(event("offer.released", &offer("offer-1", over)));
    assert_eq!(desk.correct(99, None).unwrap_err(), ["E0407 entry"]);
    assert_eq!(desk.correct(1, None).unwrap_err(), ["E0419 entry"]);
    assert_eq!(desk.correct(seq, Some(event("offer.withdrawn", &json!({ "offer": "offer-1" })))).unwrap_err(), ["E0419 type"]);
    // What stands instead keeps the rules as well.
    assert_eq!(desk.correct(seq, better(json!({ "value": "-5" }))).unwrap_err(), ["E0401 value"]);
    assert_eq!(desk.correct(seq, better(json!({ "buyers": [OTHER], "expires_at": "2026-07-01T00:00:00Z" }))).unwrap(), ["entry.corrected"]);
    assert_eq!(desk.correct(seq, None).unwrap_err(), ["E0419 entry"]);
    let view = desk.records.at(Basis::at(u64::MAX));
    let told = view.agreements().len();
    drop(view);
    assert_eq!(told, 0);
    assert_eq!(desk.refused("2026-06-15", "agreement.accepted", accept("agmt-1", "offer-1")), ["E0414 acceptor"]);
    // The correction was wrong as well: it is put right by what should stand.
    let correction = desk.head.seq;
    assert_eq!(desk.correct(correction, Some(event("offer.withdrawn", &json!({ "offer": "offer-1" })))).unwrap_err(), ["E0419 type"]);
    desk.correct(correction, better(json!({ "expires_at": "2026-07-01T00:00:00Z" }))).unwrap();
    desk.done("2026-06-15", "agreement.accepted", accept("agmt-1", "offer-1"));
}

#[test]
fn a_correction_takes_what_followed_with_it_and_breaks_nothing_that_rests_on_it() {
    let mut desk = Desk::new();
    let two = instalments(&[("2026-02-01", "90000.00"), ("2026-08-01", "90000.00")]);
    desk.done("2026-01-10", "offer.released", offer("offer-1", json!({ "schedule": two })));
    let released = desk.head.seq;
    desk.done("2026-02-01", "agreement.accepted", accept("agmt-1", "offer-1"));
    let accepted = released + 1;
    assert_eq!(desk.correct(released, None).unwrap_err(), ["E0419 entry"], "an agreement rests on it");
    let later = json!({ "schedule": instalments(&[("2026-03-01", "180000.00")]), "name": "Two" });
    desk.done("2026-01-11", "offer.released", offer("offer-2", later));
    let taken = desk.correct(accepted, Some(event("agreement.accepted", &accept("agmt-1", "offer-2")))).unwrap();
    assert_eq!(taken, ["entry.corrected", "entry.corrected", "entry.corrected", "charge.scheduled"]);
    assert_eq!(desk.records.at(Basis::at(u64::MAX)).findings(), vec![]);
    // What a replacement ended lives again when the replacement is taken back.
    let replaces = json!({ "replaces": "agmt-1", "name": "Three", "expires_at": "2026-06-01T00:00:00Z" });
    desk.done("2026-03-01", "offer.released", offer("offer-3", replaces));
    desk.done("2026-04-01", "agreement.accepted", accept("agmt-3", "offer-3"));
    let replacement = desk.head.seq - 1;
    assert_eq!(desk.correct(replacement, None).unwrap(), ["entry.corrected", "entry.corrected"]);
    let status = |desk: &Desk| desk.records.at(Basis::at(u64::MAX)).agreements()[0].terms.status.clone().unwrap().to_string();
    assert_eq!(status(&desk), "ACTIVE");
    // An acceptance is not taken back from under what came after it.
    desk.done("2026-04-02", "agreement.amended", json!({ "agreement": "agmt-1", "value": "190000.00" }));
    let amended = desk.head.seq;
    assert_eq!(desk.correct(accepted + 4, None).unwrap_err(), ["E0419 entry"]);
    desk.correct(amended, None).unwrap();
    // An end cannot be taken back when another agreement has come since.
    desk.done("2026-04-10", "agreement.ended", json!({ "agreement": "agmt-1", "status": "CANCELLED" }));
    let ended = desk.head.seq;
    desk.done("2026-04-11", "offer.released", offer("offer-4", json!({ "name": "Four", "expires_at": "2026-06-01T00:00:00Z" })));
    desk.done("2026-04-12", "agreement.accepted", accept("agmt-4", "offer-4"));
    assert_eq!(desk.correct(ended, None).unwrap_err(), ["E0419 entry"]);
}

#[test]
fn what_no_line_holds_is_refused_and_no_more_than_that() {
    let mut desk = Desk::new();
    let many: Vec<_> = (1..=900).map(|n| json!({ "amount": "999999999999999999.99", "charged_at": Instant::from_micros(1_770_000_000_000_000 + n * 86_400_000_000) })).collect();
    let refused = desk.refused("2026-01-10", "offer.released", offer("offer-1", json!({ "schedule": many })));
    assert_eq!(refused, ["E0411 schedule", "E0319 type"]);
    assert_eq!(desk.refused("2026-01-10", "authorization.granted", authorization("a", json!({ "offers_max": u64::MAX }))), ["E0202 value"]);
    let named = json!({ "parameters": { "Ä": "finance" }, "policy": "offer-approvals" });
    assert_eq!(desk.refused("2026-01-10", "policy.set", named), ["E0203 parameters.Ä", "E0103 Ä"]);
}

#[test]
fn a_reference_that_was_taken_back_is_free_again_and_a_document_shows_several_things() {
    let mut desk = Desk::new();
    let draft = |id: &str, reference: &str, document: bool| Draft {
        actor: "gtm".parse().unwrap(),
        effective_at: moment("2026-01-10"),
        event: event("offer.drafted", &offer(id, json!({ "name": id }))),
        source: Some(Source::manual(reference.to_owned(), document.then(|| Hash::of(b"paper")))),
    };
    desk.tell(draft("offer-1", "crm:1", false), None).unwrap();
    let seq = desk.head.seq;
    // Less than what was said is something else: an offer to everybody is not one to a buyer.
    let mut public = draft("offer-1", "crm:1", false);
    public.event = event("offer.drafted", &offer("offer-1", json!({ "buyers": null })));
    assert_eq!(told(desk.ask(public, None).unwrap_err()), ["E0421 "]);
    let mut same = draft("offer-1", "crm:1", false);
    same.event = event("offer.drafted", &offer("offer-1", json!({ "value": "180000" })));
    assert_eq!(desk.ask(same, None), Ok(Decision::Known(seq)));
    desk.correct(seq, None).unwrap();
    assert_eq!(desk.tell(draft("offer-1", "crm:1", false), None).unwrap(), ["offer.drafted"]);
    for id in ["offer-2", "offer-3"] {
        assert_eq!(desk.tell(draft(id, "document:1", true), None).unwrap(), ["offer.drafted"]);
    }
    assert!(matches!(desk.ask(draft("offer-3", "document:1", true), None), Ok(Decision::Known(_))));
}
