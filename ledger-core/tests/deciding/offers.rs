//! Offers: what they hold together, under which authorization, in which instalments.

use ledger_core::chain::Hash;
use ledger_core::time::{Basis, Instant};
use serde_json::{Value, json};

use crate::desk::{BUYER, Desk, ISV, OTHER, PARTNER, accept, authorization, instalments, lay, moment, offer};

#[test]
fn an_offer_of_the_isvs_own_is_accepted() {
    let mut desk = Desk::new();
    desk.done("2026-01-10", "offer.released", offer("offer-1", json!({})));
    assert_eq!(desk.done("2026-02-01", "agreement.accepted", accept("agmt-1", "offer-1")), ["agreement.accepted"]);
    let view = desk.records.at(Basis::at(u64::MAX));
    let standing = view.agreements()[0];
    assert_eq!(standing.terms.value.unwrap().to_string(), "180000.00");
    assert_eq!(view.proposer(standing).unwrap().as_str(), ISV);
    assert_eq!(standing.terms.status.as_ref().unwrap().as_str(), "ACTIVE");
}

#[test]
fn a_channel_partner_needs_an_authorization_that_covers_the_offer() {
    let mut desk = Desk::new();
    let cppo = |id: &str, over: Value| {
        let mut value = offer(id, json!({ "authorization": "resaleauthz-1", "seller": PARTNER, "markup": "25" }));
        lay(&mut value, over);
        value
    };
    assert_eq!(desk.refused("2026-01-10", "offer.released", cppo("offer-1", json!({}))), ["E0407 authorization"]);
    assert_eq!(desk.refused("2026-01-10", "offer.released", cppo("offer-1", json!({ "authorization": null }))), ["E0410 markup"]);
    let once = json!({ "offers_max": 1, "available_until": "2026-02-01T00:00:00Z", "buyers": [BUYER] });
    desk.done("2026-01-05", "authorization.granted", authorization("resaleauthz-1", once));
    for (over, refused) in [
        (json!({ "seller": OTHER }), "E0409 seller"),
        (json!({ "products": ["prod-2"] }), "E0409 products"),
        (json!({ "currency": "EUR" }), "E0409 currency"),
        (json!({ "buyers": [OTHER] }), "E0409 buyers"),
        (json!({ "markup": "-1" }), "E0401 markup"),
    ] {
        assert_eq!(desk.refused("2026-01-10", "offer.released", cppo("offer-1", over)), [refused]);
    }
    assert_eq!(desk.refused("2026-02-01", "offer.released", cppo("offer-1", json!({}))), ["E0409 authorization"]);
    desk.done("2026-01-10", "offer.released", cppo("offer-1", json!({})));
    // One offer was all that could be made under it.
    assert_eq!(desk.refused("2026-01-11", "offer.released", cppo("offer-2", json!({}))), ["E0409 authorization"]);
    desk.done("2026-01-12", "authorization.granted", authorization("resaleauthz-2", json!({})));
    desk.done("2026-01-12", "offer.released", cppo("offer-2", json!({ "authorization": "resaleauthz-2" })));
    desk.done("2026-01-13", "offer.released", cppo("offer-3", json!({ "authorization": "resaleauthz-2" })));
    // Restriction stops new offers, and no old one.
    desk.done("2026-01-14", "authorization.restricted", json!({ "authorization": "resaleauthz-2" }));
    assert_eq!(
        desk.refused("2026-01-15", "offer.released", cppo("offer-4", json!({ "authorization": "resaleauthz-2" }))),
        ["E0409 authorization"]
    );
    desk.done("2026-01-20", "agreement.accepted", accept("agmt-1", "offer-3"));
    assert_eq!(
        desk.refused("2026-01-15", "authorization.restricted", json!({ "authorization": "resaleauthz-2" })),
        ["E0408 authorization"]
    );
    assert_eq!(
        desk.refused("2026-01-15", "authorization.restricted", json!({ "authorization": "resaleauthz-9" })),
        ["E0407 authorization"]
    );
}

#[test]
fn a_distributor_passes_on_what_it_holds_and_no_more() {
    let mut desk = Desk::new();
    let (distributor, until) = ("222233334444", json!("2026-12-01T00:00:00Z"));
    desk.done(
        "2026-01-05",
        "authorization.granted",
        authorization("a", json!({ "reseller": distributor, "available_until": until, "buyers": [BUYER] })),
    );
    let below = |over: Value| {
        let mut value = authorization("b", json!({ "grantor": distributor, "parent": "a", "available_until": until, "buyers": [BUYER] }));
        lay(&mut value, over);
        value
    };
    for (over, refused) in [
        (json!({ "parent": "z" }), "E0407 parent"),
        (json!({ "grantor": OTHER }), "E0409 grantor"),
        (json!({ "product": "prod-2" }), "E0409 product"),
        (json!({ "currency": "EUR" }), "E0409 currency"),
        (json!({ "buyers": null }), "E0409 buyers"),
        (json!({ "available_until": null }), "E0409 available_until"),
        (json!({ "reseller": distributor }), "E0409 reseller"),
        (json!({ "wholesale": null }), "E0102 wholesale"),
        (json!({ "discount": "10" }), "E0401 discount"),
        (json!({ "discount": "101", "wholesale": null }), "E0401 discount"),
        (json!({ "offers_max": 0 }), "E0401 offers_max"),
        (json!({ "authorization": "a" }), "E0408 authorization"),
        (json!({ "wholesale": [{ "amount": "-1", "of": "x" }] }), "E0401 wholesale.1.amount"),
    ] {
        assert_eq!(desk.refused("2026-01-06", "authorization.granted", below(over)), [refused]);
    }
    assert_eq!(desk.refused("2026-12-01", "authorization.granted", below(json!({}))), ["E0415 available_until", "E0409 parent"]);
    desk.done("2026-01-06", "authorization.granted", below(json!({})));
    let sold = json!({ "authorization": "b", "seller": PARTNER });
    desk.done("2026-01-07", "offer.released", offer("offer-1", sold.clone()));
    // When the ISV stops the distributor, the partner below it makes no new offer either.
    desk.done("2026-01-08", "authorization.restricted", json!({ "authorization": "a" }));
    assert_eq!(desk.refused("2026-01-09", "offer.released", offer("offer-2", sold)), ["E0409 authorization"]);
}

#[test]
fn the_terms_of_an_offer_hold_together() {
    let mut desk = Desk::new();
    for (over, refused) in [
        (json!({ "seller": null, "products": null, "pricing": null }), &["E0102 seller", "E0102 products", "E0102 pricing"][..]),
        (json!({ "value": null, "currency": null }), &["E0102 value", "E0102 currency"]),
        (json!({ "name": null, "expires_at": null }), &["E0102 name", "E0102 expires_at"]),
        (json!({ "pricing": "lease", "delivery": "floppy" }), &["E0203 pricing", "E0203 delivery"]),
        (json!({ "currency": "USX" }), &["E0205 currency"]),
        (json!({ "value": "100.001" }), &["E0412 value"]),
        (json!({ "value": "-1" }), &["E0401 value"]),
        (json!({ "currency": "JPY", "value": "10000.50", "list_value": "20000.5" }), &["E0412 value", "E0412 list_value"]),
        (json!({ "expires_at": "2026-01-10T00:00:00Z" }), &["E0415 expires_at"]),
        (json!({ "starts_at": "2027-02-01T00:00:00Z" }), &["E0415 ends_at"]),
        (json!({ "eula": "mine" }), &["E0203 eula"]),
        (json!({ "eula": "custom:12" }), &["E0203 eula"]),
        (json!({ "buyers": null, "currency": "EUR" }), &["E0420 currency"]),
        (json!({ "pricing": "usage", "currency": "EUR" }), &["E0420 currency"]),
        (json!({ "buyers": null, "delivery": "professional-services" }), &["E0420 buyers"]),
        (json!({ "renews": "agmt-9" }), &["E0407 renews"]),
    ] {
        assert_eq!(desk.refused("2026-01-10", "offer.released", offer("offer-1", over)), refused);
    }
    desk.done(
        "2026-01-10",
        "offer.released",
        offer("offer-1", json!({ "eula": format!("custom:{}", Hash::of(b"text")), "currency": "KWD", "value": "1.125" })),
    );
    assert_eq!(desk.refused("2026-01-11", "offer.released", offer("offer-1", json!({}))), ["E0408 offer"]);
    assert_eq!(desk.refused("2026-01-11", "offer.drafted", offer("offer-1", json!({ "name": "again" }))), ["E0408 offer"]);
    assert_eq!(desk.refused("2026-01-11", "offer.approved", json!({ "offer": "offer-1" })), ["E0401 offer"]);
}

#[test]
fn a_payment_schedule_comes_to_the_value_and_keeps_to_the_contract() {
    let mut desk = Desk::new();
    let good = [("2026-01-15", "60000.00"), ("2026-06-01", "60000.00"), ("2026-12-01", "60000.00")];
    for (schedule, refused) in [
        (instalments(&[("2026-06-01", "180000.01")]), "E0411 schedule"),
        (instalments(&[("2026-06-01", "90000"), ("2026-06-01", "90000")]), "E0411 schedule.2.charged_at"),
        (instalments(&[("2026-06-01", "90000"), ("2027-02-01", "90000")]), "E0411 schedule.2.charged_at"),
        (instalments(&[("2026-06-01", "90000.005"), ("2026-07-01", "89999.995")]), "E0412 schedule.1.amount"),
    ] {
        assert_eq!(desk.refused("2026-01-10", "offer.released", offer("offer-1", json!({ "schedule": schedule })))[0], refused);
    }
    let many: Vec<_> = (1..=61)
        .map(|n| json!({ "amount": "1", "charged_at": Instant::from_micros(1_770_000_000_000_000 + n * 86_400_000_000) }))
        .collect();
    assert_eq!(
        desk.refused("2026-01-10", "offer.released", offer("offer-1", json!({ "schedule": many, "value": "61" }))),
        ["E0411 schedule"]
    );
    let long = instalments(&[("2026-06-01", "90000"), ("2031-06-10", "90000")]);
    assert_eq!(
        desk.refused("2026-01-10", "offer.released", offer("offer-1", json!({ "schedule": long, "ends_at": null }))),
        ["E0411 schedule"]
    );
    assert_eq!(
        desk.refused(
            "2026-01-10",
            "offer.released",
            offer("offer-1", json!({ "schedule": instalments(&good), "value": null, "currency": null, "pricing": "byol" }))
        ),
        ["E0102 value", "E0102 currency", "E0420 schedule"]
    );
    let public = json!({ "schedule": instalments(&good), "buyers": null });
    assert_eq!(desk.refused("2026-01-10", "offer.released", offer("offer-1", public)), ["E0420 schedule"]);
    desk.done("2026-01-10", "offer.released", offer("offer-1", json!({ "schedule": instalments(&good) })));
    // One instalment may lie before the acceptance, and is then charged at once.
    let accepted = desk.done("2026-02-01", "agreement.accepted", accept("agmt-1", "offer-1"));
    assert_eq!(accepted, ["agreement.accepted", "charge.scheduled", "charge.scheduled", "charge.scheduled"]);
    let early = [("2026-01-15", "60000.00"), ("2026-01-20", "60000.00"), ("2026-12-01", "60000.00")];
    let over = json!({ "schedule": instalments(&early), "products": ["prod-2"] });
    desk.done("2026-01-10", "offer.released", offer("offer-2", over));
    assert_eq!(desk.refused("2026-02-01", "agreement.accepted", accept("agmt-2", "offer-2")), ["E0411 offer"]);
}

#[test]
fn offers_for_one_buyer_are_not_confused() {
    let mut desk = Desk::new();
    desk.done("2026-01-10", "offer.released", offer("offer-1", json!({ "name": "Three years" })));
    desk.done("2026-01-10", "offer.released", offer("offer-2", json!({ "name": "One year" })));
    desk.done("2026-01-10", "offer.released", offer("offer-p", json!({ "buyers": null, "name": "Three years" })));
    desk.done("2026-01-10", "offer.released", offer("offer-3", json!({ "name": "three years", "buyers": [OTHER] })));
    assert_eq!(desk.refused("2026-01-11", "offer.released", offer("offer-4", json!({ "name": "three YEARS " }))), ["E0413 name"]);
    desk.done("2026-01-12", "offer.withdrawn", json!({ "offer": "offer-1" }));
    desk.done("2026-01-13", "offer.released", offer("offer-4", json!({ "name": "Three years" })));
    assert_eq!(desk.refused("2026-01-13", "offer.withdrawn", json!({ "offer": "offer-1" })), ["E0408 offer"]);
    assert_eq!(desk.refused("2026-01-13", "offer.withdrawn", json!({ "offer": "offer-9" })), ["E0407 offer"]);
    assert_eq!(desk.refused("2026-04-01", "offer.withdrawn", json!({ "offer": "offer-2" })), ["E0408 offer"]);
    let later = |at: &str| json!({ "offer": "offer-2", "expires_at": moment(at) });
    assert_eq!(desk.refused("2026-02-01", "offer.availability_changed", later("2026-02-01")), ["E0415 expires_at"]);
    desk.done("2026-02-01", "offer.availability_changed", later("2026-06-01"));
    desk.done("2026-05-01", "agreement.accepted", accept("agmt-1", "offer-2"));
    // What was accepted is not withdrawn behind its back.
    assert_eq!(desk.refused("2026-04-30", "offer.withdrawn", json!({ "offer": "offer-2" })), ["E0415 effective"]);
    assert_eq!(desk.refused("2026-02-02", "offer.availability_changed", later("2026-04-01")), ["E0415 expires_at"]);
}

#[test]
fn limits_of_resale_hold_down_the_chain() {
    let mut desk = Desk::new();
    let distributor = "222233334444";
    desk.done("2026-01-05", "authorization.granted", authorization("a", json!({ "reseller": distributor, "offers_max": 1 })));
    let below = |id: &str| {
        authorization(id, json!({ "grantor": distributor, "parent": "a", "currency": null, "wholesale": null, "discount": "10" }))
    };
    desk.done("2026-01-06", "authorization.granted", below("b"));
    desk.done("2026-01-06", "authorization.granted", below("c"));
    // The ISV is known by what it granted.
    assert_eq!(desk.refused("2026-01-10", "offer.released", offer("offer-0", json!({ "seller": PARTNER }))), ["E0410 seller"]);
    let sold = |id: &str, under: &str, currency: &str| {
        offer(id, json!({ "authorization": under, "seller": PARTNER, "currency": currency, "name": id }))
    };
    assert_eq!(desk.refused("2026-01-10", "offer.released", sold("offer-1", "b", "EUR")), ["E0409 currency"]);
    assert_eq!(desk.refused("2026-01-05", "offer.released", sold("offer-1", "b", "USD")), ["E0409 authorization"]);
    desk.done("2026-01-10", "offer.released", sold("offer-1", "b", "USD"));
    assert_eq!(desk.refused("2026-01-10", "offer.released", sold("offer-2", "c", "USD")), ["E0409 authorization"]);
}
