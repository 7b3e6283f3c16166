//! What is decided about intents of ours: what follows from them, and what each rule refuses.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use std::collections::BTreeSet;

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::{Signer as _, SigningKey};
use ledger_core::book::{Book, Decision, Setting, approval_of, correct, decide};
use ledger_core::chain::{Hash, Head};
use ledger_core::event::governance::EntryCorrected;
use ledger_core::event::{Draft, Entry, Event, Source};
use ledger_core::problem::Problem;
use ledger_core::projection::Projection;
use ledger_core::projection::billing::books::{Fee, Presentation, Resale};
use ledger_core::projection::programmes::Programmes;
use ledger_core::projection::records::Records;
use ledger_core::time::{Basis, Instant};
use proptest::prelude::*;
use serde_json::{Value, json};

const ISV: &str = "000057174132";
const PARTNER: &str = "111122223333";
const BUYER: &str = "444455556666";
const OTHER: &str = "777788889999";

fn moment(text: &str) -> Instant {
    let text = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    text.parse().unwrap()
}

fn event(kind: &str, value: &Value) -> Event {
    serde_json::from_value(json!({ "type": kind, "value": value })).unwrap()
}

/// A ledger in memory, at which people sit and record.
struct Desk {
    head: Head,
    entries: Vec<(Entry, Hash)>,
    book: Book,
    records: Records,
    programmes: Programmes,
}

impl Desk {
    fn new() -> Self {
        let mut desk = Self {
            head: Head::EMPTY,
            entries: Vec::new(),
            book: Book::default(),
            records: Records::default(),
            programmes: Programmes::default(),
        };
        let opened = json!({ "algorithms": { "chain": "blake3", "tree": "rfc6962-sha256" }, "name": "x", "origin": "x" });
        desk.append(Draft {
            actor: "init".parse().unwrap(),
            effective_at: moment("2026-01-01"),
            event: event("ledger.opened", &opened),
            source: None,
        });
        desk
    }

    fn append(&mut self, draft: Draft) {
        let mut line = Vec::new();
        self.head = draft.write(self.head, moment("2026-01-01"), &mut line).unwrap();
        let entry = Entry::read_strictly(&line, self.head.seq).unwrap();
        self.book.evolve(&entry);
        self.records.evolve(&entry);
        self.programmes.evolve(&entry);
        self.entries.push((entry, self.head.hash));
    }

    fn ask(&self, draft: Draft, subject: Option<u64>) -> Result<Decision, Vec<Problem>> {
        let view = self.records.at(Basis::at(u64::MAX));
        let subject = subject.and_then(|seq| self.entries.get(usize::try_from(seq).unwrap() - 1)).map(|(entry, hash)| (entry, *hash));
        decide(
            &Setting { book: &self.book, view: &view, programmes: &self.programmes, subject, now: moment("2020-01-01"), known: None },
            draft,
        )
    }

    fn tell(&mut self, draft: Draft, subject: Option<u64>) -> Result<Vec<&'static str>, Vec<Problem>> {
        match self.ask(draft, subject)? {
            Decision::Known(_) => Ok(vec![]),
            Decision::Record(drafts) => {
                let types = drafts.iter().map(|draft| draft.event.type_name()).collect();
                drafts.into_iter().for_each(|draft| self.append(draft));
                Ok(types)
            }
        }
    }

    /// Records an intent: what was appended, or the codes and fields of what it breaks.
    fn record(&mut self, at: &str, actor: &str, kind: &str, value: Value) -> Result<Vec<&'static str>, Vec<String>> {
        let draft = Draft { actor: actor.parse().unwrap(), effective_at: moment(at), event: event(kind, &value), source: None };
        self.tell(draft, None).map_err(told)
    }

    fn done(&mut self, at: &str, kind: &str, value: Value) -> Vec<&'static str> {
        self.record(at, "li", kind, value).unwrap()
    }

    fn refused(&mut self, at: &str, kind: &str, value: Value) -> Vec<String> {
        let before = self.head;
        let refused = self.record(at, "li", kind, value).unwrap_err();
        assert_eq!(self.head, before);
        refused
    }

    fn approve(&mut self, at: &str, by: &str, entry: u64, key: Option<u8>) -> Result<Vec<&'static str>, Vec<String>> {
        let hash = self.entries.get(usize::try_from(entry).unwrap() - 1).map_or(Hash::ZERO, |(_, hash)| *hash);
        let mut value = json!({ "entry": entry, "hash": hash });
        if let Some(key) = key {
            let signature = signing(key).sign(approval_of(hash).as_bytes());
            value["signature"] = Base64::encode_string(&signature.to_bytes()).into();
        }
        let draft = Draft { actor: by.parse().unwrap(), effective_at: moment(at), event: event("entry.approved", &value), source: None };
        self.tell(draft, Some(entry)).map_err(told)
    }

    fn correct(&mut self, entry: u64, replacement: Option<Event>) -> Result<Vec<&'static str>, Vec<String>> {
        let corrected = EntryCorrected { entry, reason: "a slip".to_owned(), replacement };
        let subject = self.entries.get(usize::try_from(entry).unwrap() - 1).map(|(entry, hash)| (entry, *hash));
        let at = subject.map_or(moment("2026-06-01"), |(entry, _)| entry.effective_at);
        let decided =
            correct((&self.book, &self.records, &self.programmes), subject, ("li".parse().unwrap(), moment("2026-01-01")), at, corrected)
                .map_err(told)?;
        let types = decided.iter().map(|draft| draft.event.type_name()).collect();
        decided.into_iter().for_each(|draft| self.append(draft));
        Ok(types)
    }
}

fn told(problems: Vec<Problem>) -> Vec<String> {
    assert!(problems.iter().all(|problem| !problem.why.is_empty() && !problem.cure.is_empty()), "{problems:?}");
    problems.iter().map(|problem| format!("{} {}", problem.code, problem.column.as_deref().unwrap_or_default())).collect()
}

fn signing(key: u8) -> SigningKey {
    SigningKey::from_bytes(&[key; 32])
}

fn public(key: u8) -> String {
    Base64::encode_string(signing(key).verifying_key().as_bytes())
}

/// An offer of the ISV's own to one buyer; what is given stands over it, null takes away.
fn offer(id: &str, over: Value) -> Value {
    let mut offer = json!({
        "buyers": [BUYER], "currency": "USD", "delivery": "saas", "ends_at": "2027-02-01T00:00:00Z",
        "eula": "standard:2022-07-14", "expires_at": "2026-03-01T00:00:00Z", "name": id, "offer": id, "pricing": "contract",
        "products": ["prod-1"], "seller": ISV, "value": "180000.00",
    });
    lay(&mut offer, over);
    offer
}

fn lay(under: &mut Value, over: Value) {
    let (Value::Object(under), Value::Object(over)) = (under, over) else { panic!("objects") };
    for (name, value) in over {
        if value.is_null() {
            under.remove(&name)
        } else {
            under.insert(name, value)
        };
    }
}

fn authorization(id: &str, over: Value) -> Value {
    let mut granted = json!({
        "authorization": id, "currency": "USD", "grantor": ISV, "product": "prod-1", "reseller": PARTNER,
        "wholesale": [{ "amount": "144000.00", "of": "contract" }],
    });
    lay(&mut granted, over);
    granted
}

fn accept(agreement: &str, offer: &str) -> Value {
    json!({ "acceptor": BUYER, "agreement": agreement, "offer": offer })
}

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

fn instalments(parts: &[(&str, &str)]) -> Value {
    parts.iter().map(|(day, amount)| json!({ "amount": amount, "charged_at": moment(day) })).collect()
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

/// People of finance and legal, and offers of 100,000 USD and more approved by finance.
fn governed() -> Desk {
    let mut desk = Desk::new();
    for (person, key, role) in [("mei", 1, "finance"), ("wang", 2, "legal"), ("li", 3, "finance")] {
        desk.done("2026-01-02", "person.registered", json!({ "key": public(key), "person": person, "roles": [role] }));
    }
    desk.done("2026-01-02", "policy.set", json!({ "parameters": { "usd_100000": "finance" }, "policy": "offer-approvals" }));
    desk
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
