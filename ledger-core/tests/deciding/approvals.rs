//! What takes a second person, and who is one.

use ledger_core::projection::billing::books::{Fee, Presentation, Resale};
use serde_json::json;

use crate::desk::{BUYER, Desk, event, governed, moment, offer, public};

#[test]
fn what_is_worth_much_is_approved_by_others_first() {
    let mut desk = Desk::new();
    for (person, key, role) in [("mei", 1, "finance"), ("wang", 2, "legal"), ("li", 3, "finance")] {
        desk.done("2026-01-02", "person.registered", json!({ "key": public(key), "person": person, "roles": [role] }));
    }
    desk.done(
        "2026-01-02",
        "policy.set",
        json!({ "parameters": { "usd_100000": "finance", "usd_500000": "finance,legal" }, "policy": "offer-approvals" }),
    );
    assert_eq!(desk.refused("2026-01-10", "offer.released", offer("offer-1", json!({}))), ["E0404 offer"]);
    desk.done("2026-01-10", "offer.released", offer("small", json!({ "value": "99999.99" })));
    // In a currency without a threshold everybody is asked.
    assert_eq!(desk.refused("2026-01-10", "offer.released", offer("offer-1", json!({ "currency": "EUR", "value": "1" }))), ["E0404 offer"]);

    assert_eq!(desk.refused("2026-01-10", "offer.submitted", json!({ "offer": "offer-1" })), ["E0407 offer"]);
    desk.done("2026-01-10", "offer.drafted", offer("offer-1", json!({})));
    let draft = desk.head.seq;
    desk.done("2026-01-11", "offer.submitted", json!({ "offer": "offer-1" }));
    assert_eq!(desk.refused("2026-01-11", "offer.submitted", json!({ "offer": "offer-1" })), ["E0408 offer"]);
    assert_eq!(desk.approve("2026-01-12", "li", draft, Some(3)).unwrap_err(), ["E0403 entry"]);
    assert_eq!(desk.approve("2026-01-12", "mei", draft, Some(9)).unwrap_err(), ["E0405 signature"]);
    assert_eq!(desk.approve("2026-01-12", "zhao", draft, Some(1)).unwrap_err(), ["E0406 actor"]);
    assert_eq!(desk.approve("2026-01-12", "mei", 999, Some(1)).unwrap_err(), ["E0401 type"]);
    // An approval that is only asserted is recorded, and satisfies no rule.
    assert_eq!(desk.approve("2026-01-12", "mei", draft, None).unwrap(), ["entry.approved"]);
    assert_eq!(desk.refused("2026-01-12", "offer.released", json!({ "offer": "offer-1" })), ["E0404 offer"]);
    assert_eq!(desk.approve("2026-01-12", "wang", draft, Some(2)).unwrap(), ["entry.approved"]);
    assert_eq!(desk.approve("2026-01-12", "mei", draft, Some(1)).unwrap(), ["entry.approved", "offer.approved"]);
    assert_eq!(desk.approve("2026-01-12", "mei", draft, Some(1)).unwrap_err(), ["E0408 entry"]);
    // What was approved is what is released.
    assert_eq!(desk.refused("2026-01-13", "offer.released", offer("offer-1", json!({ "value": "170000.00" }))), ["E0408 offer"]);
    desk.done("2026-01-13", "offer.released", json!({ "offer": "offer-1" }));

    // A new draft needs new approvals; a rejected one is drafted anew.
    desk.done("2026-01-14", "offer.drafted", offer("offer-2", json!({})));
    let first = desk.head.seq;
    assert_eq!(desk.approve("2026-01-14", "mei", first, Some(1)).unwrap(), ["entry.approved", "offer.approved"]);
    desk.done("2026-01-15", "offer.drafted", offer("offer-2", json!({ "value": "600000.00" })));
    assert_eq!(desk.refused("2026-01-15", "offer.released", json!({ "offer": "offer-2" })), ["E0404 offer"]);
    assert_eq!(desk.refused("2026-01-15", "offer.rejected", json!({ "offer": "offer-2" })), ["E0403 offer"]);
    assert_eq!(desk.refused("2026-01-15", "offer.rejected", json!({ "offer": "offer-9" })), ["E0407 offer"]);
    desk.record("2026-01-15", "wang", "offer.rejected", json!({ "note": "too deep a discount", "offer": "offer-2" })).unwrap();
    assert_eq!(desk.refused("2026-01-16", "offer.released", json!({ "offer": "offer-2" })), ["E0408 offer"]);
    assert_eq!(desk.refused("2026-01-16", "offer.submitted", json!({ "offer": "offer-2" })), ["E0408 offer"]);
    assert_eq!(desk.record("2026-01-16", "wang", "offer.rejected", json!({ "offer": "offer-2" })).unwrap_err(), ["E0408 offer"]);
}

#[test]
fn people_policies_and_rates_are_what_they_should_be() {
    let mut desk = Desk::new();
    desk.done("2026-01-02", "person.registered", json!({ "key": public(1), "person": "mei" }));
    assert_eq!(desk.refused("2026-01-02", "person.registered", json!({ "person": "mei" })), ["E0408 person"]);
    assert_eq!(desk.refused("2026-01-02", "person.registered", json!({ "key": public(1), "person": "wang" })), ["E0401 key"]);
    assert_eq!(desk.refused("2026-01-02", "person.registered", json!({ "key": "AAAA", "person": "wang" })), ["E0405 key"]);
    desk.done("2026-01-02", "person.registered", json!({ "person": "wang" }));
    desk.done("2026-01-02", "rate.set", json!({ "base": "EUR", "quote": "USD", "rate": "1.1", "source": "a bank" }));
    assert_eq!(desk.approve("2026-01-03", "wang", 4, Some(2)).unwrap_err(), ["E0406 actor"]);
    for (kind, value, refused) in [
        ("rate.set", json!({ "base": "EUR", "quote": "EUR", "rate": "0", "source": "a bank" }), &["E0401 quote", "E0401 rate"][..]),
        ("rate.set", json!({ "base": "EUX", "quote": "USD", "rate": "1", "source": "a bank" }), &["E0205 base"]),
        ("rate.set", json!({ "base": "EUR", "quote": "USD", "rate": "1", "source": "li@example.com" }), &["E0216 source"]),
        ("policy.set", json!({ "parameters": {}, "policy": "ofer-approvals" }), &["E0203 policy"]),
        ("policy.set", json!({ "parameters": { "usd": "x" }, "policy": "offer-approvals" }), &["E0203 parameters.usd"]),
        ("policy.set", json!({ "parameters": { "usd_1": "x,," }, "policy": "offer-approvals" }), &["E0201 parameters.usd_1"]),
        ("policy.set", json!({ "parameters": { "12": "x" }, "policy": "private-marketplace" }), &["E0215 parameters.12"]),
        ("policy.set", json!({ "parameters": { BUYER: "a,,b" }, "policy": "private-marketplace" }), &["E0204 parameters.444455556666"]),
        (
            "template.saved",
            json!({ "fields": { "A b": "x" }, "kind": "song", "template": "t" }),
            &["E0203 kind", "E0103 fields.A b", "E0103 A b"],
        ),
        (
            "policy.set",
            json!({ "parameters": { "private_usd": "3 2:1 1:2", "renewal": "x", "saas": "3" }, "policy": "listing-fees" }),
            &["E0203 parameters.private_usd", "E0211 parameters.renewal", "E0203 parameters.saas"],
        ),
        ("policy.set", json!({ "parameters": { "risk_x": "" }, "policy": "offer-approvals" }), &["E0201 parameters.risk_x"]),
        ("policy.set", json!({ "parameters": { "risk_x": "a" }, "policy": "money-approvals" }), &["E0203 parameters.risk_x"]),
        (
            "policy.set",
            json!({ "parameters": { "12": "x", BUYER: "" }, "policy": "cost-centres" }),
            &["E0215 parameters.12", "E0201 parameters.444455556666"],
        ),
        (
            "policy.set",
            json!({ "parameters": { "accrual": "x", "deferral": "posted", "resale": "nett" }, "policy": "posting" }),
            &["E0203 parameters.accrual", "E0203 parameters.resale"],
        ),
        ("entry.confirmed", json!({ "entry": 1 }), &["E0401 type"]),
        ("offer.described", json!({ "offer": "offer-1" }), &["E0401 type"]),
        ("authorization.described", json!({ "authorization": "resaleauthz-1" }), &["E0401 type"]),
        (
            "ledger.opened",
            json!({ "algorithms": { "chain": "blake3", "tree": "rfc6962-sha256" }, "name": "x", "origin": "x" }),
            &["E0401 type"],
        ),
        (
            "offer.targeted",
            json!({ "kind": "BuyerAccounts", "offer": "o", "polarity": "PositiveTargeting", "value": BUYER }),
            &["E0401 type"],
        ),
        ("agreement.revised", json!({ "agreement": "agmt-1" }), &["E0418 type"]),
    ] {
        assert_eq!(desk.refused("2026-01-03", kind, value), refused);
    }
}

#[test]
fn a_risk_that_an_offer_shows_is_looked_at_whatever_the_form_lists() {
    let mut desk = governed();
    desk.done("2026-01-03", "policy.set", json!({ "parameters": { "risk_custom_eula": "legal" }, "policy": "offer-approvals" }));
    let policy = desk.head.seq;
    desk.approve("2026-01-03", "mei", policy, Some(1)).unwrap();
    let custom = offer("offer-1", json!({ "eula": "custom:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262" }));
    assert_eq!(desk.refused("2026-01-10", "offer.released", custom.clone()), ["E0404 offer"]);
    let form = json!({ "fields": { "other": "y" }, "kind": "approval", "template": "form" });
    desk.done("2026-01-10", "template.saved", form);
    assert_eq!(desk.refused("2026-01-10", "offer.released", custom), ["E0404 offer"]);
    desk.done("2026-01-10", "offer.released", offer("offer-2", json!({})));
}

#[test]
fn nobody_gets_around_the_second_person_alone() {
    let mut desk = governed();
    let policy = desk.head.seq;
    // Neither by taking the policy back, nor by a policy that asks for less, nor by a person of one's own making.
    desk.correct(policy, None).unwrap();
    desk.correct(policy, None).unwrap();
    desk.done("2026-01-03", "policy.set", json!({ "parameters": {}, "policy": "offer-approvals" }));
    let lax = desk.head.seq;
    desk.done("2026-01-03", "person.registered", json!({ "key": public(7), "person": "ghost", "roles": ["finance"] }));
    desk.done("2026-01-10", "offer.drafted", offer("offer-1", json!({})));
    let draft = desk.head.seq;
    assert_eq!(desk.approve("2026-01-10", "ghost", draft, Some(7)).unwrap_err(), ["E0406 actor"]);
    assert_eq!(desk.refused("2026-01-11", "offer.released", json!({ "offer": "offer-1" })), ["E0404 offer"]);
    // Nor by dating the release back, before the policy or before the draft.
    assert_eq!(desk.refused("2026-01-01", "offer.released", json!({ "offer": "offer-1" })), ["E0415 effective"]);
    // Nor by taking somebody's rejection back.
    desk.record("2026-01-11", "wang", "offer.rejected", json!({ "offer": "offer-1" })).unwrap();
    let rejection = desk.head.seq;
    assert_eq!(desk.correct(rejection, None).unwrap_err(), ["E0419 entry"]);
    // With a second person's signature the policy stands.
    desk.approve("2026-01-12", "mei", lax, Some(1)).unwrap();
    desk.done("2026-01-13", "offer.released", offer("offer-2", json!({ "name": "Another" })));
}

#[test]
fn how_books_are_presented_takes_two_people() {
    let mut desk = Desk::new();
    for (person, key) in [("mei", 1), ("ghost", 7)] {
        desk.done("2026-01-02", "person.registered", json!({ "key": public(key), "person": person }));
    }
    let presented = |desk: &Desk, at: &str| desk.book.presentation(moment(at), u64::MAX);
    let undecided = Presentation::default();
    desk.done("2026-01-03", "policy.set", json!({ "parameters": { "listing_fee": "cost", "resale": "net" }, "policy": "posting" }));
    let net = desk.head.seq;
    // Not alone, not by a word, and not with a person of one's own making.
    assert_eq!(presented(&desk, "2026-02-01"), undecided);
    assert_eq!(desk.approve("2026-01-04", "li", net, Some(1)).unwrap_err()[0], "E0403 entry");
    desk.approve("2026-01-04", "mei", net, None).unwrap();
    desk.approve("2026-01-04", "ghost", net, Some(7)).unwrap();
    assert!(!desk.book.stands(net));
    assert_eq!(presented(&desk, "2026-02-01"), undecided);
    let before = desk.head.seq;
    desk.approve("2026-01-05", "mei", net, Some(1)).unwrap();
    let decided = Presentation { resale: Some(Resale::Net), listing_fee: Some(Fee::Cost), deferral: None, policy: Some(net) };
    assert!(desk.book.stands(net));
    assert_eq!(presented(&desk, "2026-02-01"), decided);
    assert_eq!(presented(&desk, "2026-01-02"), undecided);
    assert_eq!(desk.book.presentation(moment("2026-02-01"), before), undecided);
    // What comes later waits for its signature, also when it takes the policy back.
    desk.done("2026-01-06", "policy.set", json!({ "parameters": { "resale": "gross" }, "policy": "posting" }));
    assert_eq!(presented(&desk, "2026-02-01"), decided);
    desk.correct(net, None).unwrap();
    let back = desk.head.seq;
    assert!(!desk.book.stands(back));
    assert_eq!(presented(&desk, "2026-02-01"), decided);
    desk.approve("2026-01-07", "mei", back, Some(1)).unwrap();
    assert_eq!(presented(&desk, "2026-02-01"), undecided);
}

#[test]
fn who_drafts_what_needs_approval_is_known() {
    let mut desk = governed();
    desk.record("2026-01-10", "record", "offer.drafted", offer("offer-1", json!({}))).unwrap();
    let draft = desk.head.seq;
    desk.approve("2026-01-10", "li", draft, Some(3)).unwrap();
    assert_eq!(desk.refused("2026-01-11", "offer.released", json!({ "offer": "offer-1" })), ["E0406 offer"]);
    assert_eq!(desk.refused("2026-01-11", "person.registered", json!({ "person": "li " })), ["E0204 person"]);
    // Only the draft that stands is approved, and what puts another in its place as well.
    desk.done("2026-01-12", "offer.drafted", offer("offer-1", json!({ "value": "150000.00" })));
    let newer = desk.head.seq;
    assert_eq!(desk.approve("2026-01-12", "mei", draft, Some(1)).unwrap_err(), ["E0408 entry"]);
    desk.correct(newer, Some(event("offer.drafted", &offer("offer-1", json!({ "value": "160000.00" }))))).unwrap();
    let correction = desk.head.seq;
    assert_eq!(desk.approve("2026-01-12", "mei", newer, Some(1)).unwrap_err(), ["E0408 entry"]);
    assert_eq!(desk.approve("2026-01-12", "mei", correction, Some(1)).unwrap(), ["entry.approved", "offer.approved"]);
    desk.done("2026-01-13", "offer.released", json!({ "offer": "offer-1" }));
}
