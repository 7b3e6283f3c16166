//! Acceptances, amendments and ends.

use ledger_core::chain::Hash;
use ledger_core::event::{Draft, Source};
use ledger_core::time::Basis;
use serde_json::{Value, json};

use crate::desk::{BUYER, Desk, ISV, OTHER, accept, event, lay, moment, offer};

#[test]
fn the_wrong_account_does_not_accept_nor_the_right_one_too_late() {
    let mut desk = Desk::new();
    desk.done("2026-01-10", "offer.released", offer("offer-1", json!({})));
    let mut wrong = accept("agmt-1", "offer-1");
    wrong["acceptor"] = OTHER.into();
    assert_eq!(desk.refused("2026-02-01", "agreement.accepted", wrong), ["E0414 acceptor"]);
    assert_eq!(desk.refused("2026-03-01", "agreement.accepted", accept("agmt-1", "offer-1")), ["E0415 offer"]);
    assert_eq!(desk.refused("2026-01-09", "agreement.accepted", accept("agmt-1", "offer-1")), ["E0415 offer"]);
    assert_eq!(desk.refused("2026-02-01", "agreement.accepted", accept("agmt-1", "offer-2")), ["E0407 offer"]);
    assert_eq!(desk.refused("2026-02-01", "agreement.accepted", json!({ "agreement": "agmt-1" })), ["E0102 acceptor", "E0102 offer"]);
    // What AWS says to have happened has happened.
    let mut draft = Draft {
        actor: "li".parse().unwrap(),
        effective_at: moment("2026-03-05"),
        event: event("agreement.accepted", &accept("agmt-1", "offer-1")),
        source: None,
    };
    assert!(desk.tell(draft.clone(), None).is_err());
    draft.source = Some(Source::manual("document:1".to_owned(), Some(Hash::of(b"notice"))));
    assert!(desk.tell(draft, None).is_ok());
    let found: Vec<_> = desk.records.at(Basis::at(u64::MAX)).findings().into_iter().map(|finding| finding.code).collect();
    assert_eq!(found, ["F09"]);
}

#[test]
fn a_buyer_holds_one_agreement_per_product() {
    let mut desk = Desk::new();
    let open = json!({ "expires_at": "2027-06-01T00:00:00Z" });
    desk.done("2026-01-10", "offer.released", offer("offer-1", open.clone()));
    desk.done("2026-02-01", "agreement.accepted", accept("agmt-1", "offer-1"));
    desk.done("2026-02-02", "offer.released", offer("offer-2", open.clone()));
    assert_eq!(desk.refused("2026-03-01", "agreement.accepted", accept("agmt-2", "offer-2")), ["E0416 acceptor"]);
    assert_eq!(desk.refused("2026-03-01", "agreement.accepted", accept("agmt-1", "offer-2")), ["E0408 agreement", "E0416 acceptor"]);
    // A replacement ends the agreement at once, and with it what was still to be paid.
    let mut replaces = json!({ "replaces": "agmt-1", "seller": OTHER });
    lay(&mut replaces, open.clone());
    assert_eq!(desk.refused("2026-03-01", "offer.released", offer("offer-3", replaces.clone())), ["E0420 seller"]);
    replaces["seller"] = ISV.into();
    let mut ami = replaces.clone();
    ami["delivery"] = "ami".into();
    assert_eq!(desk.refused("2026-03-01", "offer.released", offer("offer-3", ami)), ["E0420 replaces"]);
    let mut both = replaces.clone();
    both["renews"] = "agmt-1".into();
    assert_eq!(desk.refused("2026-03-01", "offer.released", offer("offer-3", both)), ["E0401 replaces"]);
    let mut foreign = replaces.clone();
    foreign["buyers"] = json!([OTHER]);
    assert_eq!(desk.refused("2026-03-01", "offer.released", offer("offer-3", foreign)), ["E0414 buyers"]);
    desk.done("2026-03-01", "offer.released", offer("offer-3", replaces.clone()));
    assert_eq!(desk.done("2026-04-01", "agreement.accepted", accept("agmt-3", "offer-3")), ["agreement.accepted", "agreement.ended"]);
    assert_eq!(desk.refused("2026-04-02", "offer.released", offer("offer-5", replaces)), ["E0408 replaces"]);
    // A renewal leaves it to run to its end.
    let mut renews = json!({ "renews": "agmt-3", "ends_at": "2028-02-01T00:00:00Z" });
    lay(&mut renews, open);
    desk.done("2026-12-01", "offer.released", offer("offer-4", renews));
    assert_eq!(desk.done("2026-12-15", "agreement.accepted", accept("agmt-4", "offer-4")), ["agreement.accepted", "agreement.ended"]);
    let at = |day: &str| {
        let basis = Basis { effective_before: Some(moment(day)), ..Basis::at(u64::MAX) };
        let view = desk.records.at(basis);
        let standing = |standing: &&ledger_core::projection::records::Standing| {
            format!("{} {}", standing.terms.agreement, standing.terms.status.as_ref().unwrap())
        };
        view.agreements().iter().map(standing).collect::<Vec<_>>()
    };
    assert_eq!(at("2026-12-31"), ["agmt-1 REPLACED", "agmt-3 ACTIVE", "agmt-4 ACTIVE"]);
    assert_eq!(at("2027-02-02"), ["agmt-1 REPLACED", "agmt-3 RENEWED", "agmt-4 ACTIVE"]);
}

#[test]
fn an_agreement_is_amended_and_ends_once() {
    let mut desk = Desk::new();
    desk.done("2026-01-10", "offer.released", offer("offer-1", json!({})));
    assert_eq!(desk.refused("2026-02-01", "agreement.amended", json!({ "agreement": "agmt-1" })), ["E0407 agreement"]);
    let mut back = accept("agmt-1", "offer-1");
    back["starts_at"] = "2026-01-31T00:00:00Z".into();
    assert_eq!(desk.refused("2026-02-01", "agreement.accepted", back), ["E0415 starts_at"]);
    desk.done("2026-02-01", "agreement.accepted", accept("agmt-1", "offer-1"));
    for (amendment, refused) in [
        (json!({ "agreement": "agmt-1", "proposer": OTHER }), "E0420 proposer"),
        (json!({ "agreement": "agmt-1", "status": "CANCELLED" }), "E0401 status"),
        (json!({ "agreement": "agmt-1", "ends_at": "2026-02-01T00:00:00Z" }), "E0415 ends_at"),
        (json!({ "agreement": "agmt-1", "value": "1.001" }), "E0412 value"),
    ] {
        assert_eq!(desk.refused("2026-03-01", "agreement.amended", amendment), [refused]);
    }
    desk.done("2026-03-01", "agreement.amended", json!({ "agreement": "agmt-1", "value": "200000.00" }));
    let ended = |status: &str| json!({ "agreement": "agmt-1", "status": status });
    assert_eq!(desk.refused("2026-06-01", "agreement.ended", ended("EXPIRED")), ["E0415 status"]);
    assert_eq!(desk.refused("2026-06-01", "agreement.ended", ended("ACTIVE")), ["E0203 status"]);
    assert_eq!(desk.refused("2026-01-01", "agreement.ended", ended("CANCELLED")), ["E0415 effective"]);
    desk.done("2026-06-01", "agreement.ended", ended("CANCELLED"));
    assert_eq!(desk.refused("2026-06-02", "agreement.ended", ended("CANCELLED")), ["E0408 agreement"]);
    assert_eq!(desk.refused("2026-06-02", "agreement.amended", json!({ "agreement": "agmt-1" })), ["E0408 agreement"]);
}

#[test]
fn the_buyers_list_is_a_gate_of_its_own() {
    let mut desk = Desk::new();
    desk.done("2026-01-10", "offer.released", offer("offer-1", json!({})));
    let list = |products: &str| json!({ "parameters": { BUYER: products }, "policy": "private-marketplace" });
    desk.done("2026-01-01", "policy.set", list("prod-7, prod-8"));
    assert_eq!(desk.refused("2026-02-01", "agreement.accepted", accept("agmt-1", "offer-1")), ["E0417 offer"]);
    desk.done("2026-02-10", "policy.set", list("prod-7,prod-1"));
    // It holds from its own date on.
    assert_eq!(desk.refused("2026-02-09", "agreement.accepted", accept("agmt-1", "offer-1")), ["E0417 offer"]);
    desk.done("2026-02-10", "agreement.accepted", accept("agmt-1", "offer-1"));
}

#[test]
fn what_is_accepted_is_what_was_offered() {
    let mut desk = Desk::new();
    desk.done("2026-01-10", "offer.released", offer("offer-1", json!({})));
    let with = |over: Value| {
        let mut value = accept("agmt-1", "offer-1");
        lay(&mut value, over);
        value
    };
    for (over, refused) in [
        (json!({ "value": "9000000.00" }), &["E0401 value"][..]),
        (json!({ "value": "-5.123" }), &["E0401 value", "E0412 value", "E0401 value"]),
        (json!({ "currency": "EUR" }), &["E0401 currency"]),
        (json!({ "proposer": OTHER }), &["E0401 proposer"]),
        (json!({ "preceding": "agmt-0" }), &["E0401 preceding"]),
        (json!({ "ends_at": "2030-01-01T00:00:00Z" }), &["E0401 ends_at"]),
        (json!({ "status": "CANCELLED", "accepted_at": "2030-01-01T00:00:00Z" }), &["E0401 accepted_at", "E0401 status"]),
        (json!({ "recipient": ISV, "extra": { "a": "b" } }), &["E0401 extra", "E0401 recipient"]),
    ] {
        assert_eq!(desk.refused("2026-02-01", "agreement.accepted", with(over)), refused);
    }
    assert_eq!(
        desk.refused("2026-02-01", "offer.released", offer("offer-2", json!({ "recipient": ISV, "revision": 9 }))),
        ["E0401 recipient", "E0401 revision"]
    );
    desk.done("2026-02-01", "agreement.accepted", with(json!({ "value": "180000" })));
    for (amendment, refused) in [
        (json!({ "acceptor": OTHER }), "E0401 acceptor"),
        (json!({ "offer": "offer-9" }), "E0401 offer"),
        (json!({ "preceding": "agmt-1" }), "E0401 preceding"),
        (json!({ "starts_at": "2099-01-01T00:00:00Z" }), "E0401 starts_at"),
    ] {
        let mut value = json!({ "agreement": "agmt-1" });
        lay(&mut value, amendment);
        assert_eq!(desk.refused("2026-03-01", "agreement.amended", value), [refused]);
    }
    assert_eq!(desk.refused("2026-01-20", "agreement.amended", json!({ "agreement": "agmt-1", "value": "1.00" })), ["E0415 effective"]);
    assert_eq!(desk.refused("2028-01-20", "agreement.amended", json!({ "agreement": "agmt-1", "value": "1.00" })), ["E0408 agreement"]);
}

#[test]
fn what_follows_an_agreement_is_its_holders_and_comes_after_it() {
    let mut desk = Desk::new();
    let open = |over: Value| {
        let mut value = json!({ "expires_at": "2027-06-01T00:00:00Z" });
        lay(&mut value, over);
        value
    };
    desk.done("2026-01-10", "offer.released", offer("offer-1", json!({})));
    desk.done("2026-02-01", "agreement.accepted", accept("agmt-1", "offer-1"));
    assert_eq!(
        desk.refused("2026-02-02", "offer.released", offer("offer-2", open(json!({ "replaces": "agmt-1", "buyers": [BUYER, OTHER] })))),
        ["E0414 buyers"]
    );
    assert_eq!(
        desk.refused("2026-02-02", "offer.released", offer("offer-2", open(json!({ "replaces": "agmt-1", "products": ["prod-2"] })))),
        ["E0401 replaces"]
    );
    assert_eq!(desk.refused("2026-01-12", "offer.released", offer("offer-2", open(json!({ "replaces": "agmt-1" })))), ["E0415 replaces"]);
    desk.done("2026-02-02", "offer.released", offer("offer-2", open(json!({ "replaces": "agmt-1" }))));
    desk.done("2026-02-02", "offer.released", offer("offer-3", open(json!({ "renews": "agmt-1" }))));
    assert_eq!(desk.refused("2027-03-01", "agreement.accepted", accept("agmt-2", "offer-2")), ["E0415 ends_at", "E0408 replaces"]);
    desk.done("2026-03-01", "agreement.ended", json!({ "agreement": "agmt-1", "status": "CANCELLED" }));
    assert_eq!(desk.refused("2026-03-02", "agreement.accepted", accept("agmt-3", "offer-3")), ["E0408 renews"]);
}
