//! Who, what, offers and agreements, asked on different days about different days.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may panic, and reads its fixtures; the core never does")]

mod sample;

use ledger_core::event::{Entry, Event};
use ledger_core::feed::Fact;
use ledger_core::finding::findings;
use ledger_core::projection::Projection;
use ledger_core::projection::records::{self, Records};
use ledger_core::time::Basis;
use proptest::prelude::*;
use sample::{Ledger, basis, fold, lines, moment, scenario};
use serde_json::{Value, json};

const WHOSE: &str = "000057174132";

fn event(kind: &str, value: &Value) -> Event {
    serde_json::from_value(json!({"type": kind, "value": value})).unwrap()
}

/// A version of a record, as its feed states it.
fn told(key: &str, stated_at: &str, kind: &str, mut value: Value) -> Fact {
    value["recipient"] = json!(WHOSE);
    let effective_at = moment(value["valid_from"].as_str().unwrap());
    let stated_at = Some(moment(stated_at));
    Fact { key: format!("{key}@{effective_at}"), effective_at, stated_at, withdrawn: false, event: event(kind, &value) }
}

fn party(name: &str, valid_from: &str, stated_at: &str) -> Fact {
    let value = json!({"account": "acc-a", "aws_account": "111122223333", "legal_name": name, "valid_from": valid_from});
    told("account:acc-a", stated_at, "party.registered", value)
}

fn revision(agreement: &str, valid_from: &str, stated_at: &str, status: &str, mut more: Value) -> Fact {
    more["agreement"] = json!(agreement);
    more["valid_from"] = json!(valid_from);
    more["status"] = json!(status);
    more["currency"] = json!("USD");
    told(&format!("agreement:{agreement}"), stated_at, "agreement.revised", more)
}

/// The feed documentation's own history sample: three statements about one account.
#[test]
fn a_correction_and_a_change_are_told_apart() {
    let mut ledger = Ledger::default();
    ledger.state(party("first", "2018-12-12T02:00:00Z", "2018-12-12T02:00:00Z"));
    ledger.state(party("second", "2019-03-29T03:00:00Z", "2019-03-29T03:00:00Z"));
    ledger.state(party("third", "2019-03-29T03:00:00Z", "2019-04-28T03:00:00Z"));
    let records: Records = fold(&ledger.entries);
    let name = |known_at, as_of, stated_by| records.at(basis(known_at, as_of, stated_by)).name_of("111122223333".parse().unwrap());
    assert_eq!(name(3, "", "").as_deref(), Some("third"), "now");
    assert_eq!(name(3, "", "2019-04-02").as_deref(), Some("second"), "as AWS had stated it by 2019-04-01");
    assert_eq!(name(2, "", "").as_deref(), Some("second"), "as the ledger knew it then");
    assert_eq!(name(3, "2019-01-02", "").as_deref(), Some("first"), "as it was on 2019-01-01");
    assert_eq!(name(3, "2019-04-02", "2019-04-02").as_deref(), Some("second"));
    assert_eq!(name(3, "2018-01-01", "").as_deref(), Some("first"), "the first version covers all earlier time");
    assert_eq!(name(3, "", "2018-01-01"), None, "nothing had been stated");
    assert_eq!(name(0, "", ""), None, "nothing was known");
}

#[test]
fn a_version_that_was_taken_back_counts_nothing() {
    let mut ledger = Ledger::default();
    ledger.state(party("first", "2018-12-12T02:00:00Z", "2018-12-12T02:00:00Z"));
    ledger.state(party("in error", "2019-03-29T03:00:00Z", "2019-03-29T03:00:00Z"));
    ledger.state(Fact { withdrawn: true, ..party("in error", "2019-03-29T03:00:00Z", "2019-04-28T03:00:00Z") });
    let records: Records = fold(&ledger.entries);
    let name = |stated_by| records.at(basis(3, "", stated_by)).name_of("111122223333".parse().unwrap()).unwrap();
    assert_eq!((name("2019-04-02").as_str(), name("").as_str()), ("in error", "first"));
}

/// A name is the legal one, else the company of the tax address, else that of the mailing address; a withdrawn address has none.
#[test]
fn a_withdrawn_tax_address_gives_no_name() {
    let mut ledger = Ledger::default();
    let (at, later) = ("2025-01-01T00:00:00Z", "2025-06-01T00:00:00Z");
    let place = |address: &str, company: &str, country: &str| {
        let value = json!({"address": address, "company": company, "country": country, "valid_from": at});
        told(&format!("address:{address}"), at, "party.located", value)
    };
    let account =
        json!({"account": "acc-a", "aws_account": "111122223333", "mailing_address": "adr-m", "tax_address": "adr-t", "valid_from": at});
    ledger.state(told("account:acc-a", at, "party.registered", account));
    ledger.state(place("adr-t", "Taxed GmbH", "DE"));
    ledger.state(place("adr-m", "Mailed Ltd", "GB"));
    ledger.state(Fact { withdrawn: true, stated_at: Some(moment(later)), ..place("adr-t", "Taxed GmbH", "DE") });
    let records: Records = fold(&ledger.entries);
    let told = |known_at, stated_by| {
        let (view, account) = (records.at(basis(known_at, "", stated_by)), "111122223333".parse().unwrap());
        (view.name_of(account).unwrap(), view.place_of(account, None).unwrap().0.unwrap())
    };
    let (taxed, mailed) = (("Taxed GmbH".to_owned(), "DE".to_owned()), ("Mailed Ltd".to_owned(), "GB".to_owned()));
    assert_eq!([told(4, "2025-05-01"), told(3, ""), told(4, "")], [taxed.clone(), taxed, mailed]);
}

fn standing(ledger: &Ledger, at: Basis) -> Vec<String> {
    let records: Records = fold(&ledger.entries);
    lines(&records::agreements(&records.at(at)), &["agreement", "status", "value", "revisions"])
}

/// AWS's rule: SUPERSEDED, ACTIVE, ROLLED_BACK make the second current.
#[test]
fn the_current_revision_is_the_one_aws_would_pick() {
    let (first, second, third) = ("2025-01-01T00:00:00Z", "2025-02-01T00:00:00Z", "2025-03-01T00:00:00Z");
    for (statuses, current) in [
        (["SUPERSEDED", "ACTIVE", "ROLLED_BACK"], "agmt-1 | ACTIVE | 3 | 2.00 USD"),
        (["SUPERSEDED", "ROLLED_BACK", "ROLLED_BACK"], "agmt-1 | ROLLED_BACK | 3 | 3.00 USD"),
        (["ROLLED_BACK", "SUPERSEDED", "SUPERSEDED"], "agmt-1 | ROLLED_BACK | 3 | 1.00 USD"),
        (["SUPERSEDED", "SUPERSEDED", "SUPERSEDED"], "agmt-1 | SUPERSEDED | 3 | 3.00 USD"),
        (["ACTIVE", "ACTIVE", "SUPERSEDED"], "agmt-1 | ACTIVE | 3 | 2.00 USD"),
        (["ACTIVE", "EXPIRED", "ROLLED_BACK"], "agmt-1 | EXPIRED | 3 | 2.00 USD"),
        (["ACTIVE", "PAUSED_FOR_REVIEW", "SUPERSEDED"], "agmt-1 | PAUSED_FOR_REVIEW | 3 | 2.00 USD"),
    ] {
        let mut ledger = Ledger::default();
        for ((status, from), value) in statuses.into_iter().zip([first, second, third]).zip(["1.00", "2.00", "3.00"]) {
            ledger.state(revision("agmt-1", from, from, status, json!({"value": value})));
        }
        assert_eq!(standing(&ledger, Basis::at(3)), [current], "{statuses:?}");
    }
}

/// An agreement-based offer is accepted half-way through: the old agreement is replaced, and its later instalments are planned no more.
fn replaced(ledger: &mut Ledger) {
    let (before, after) = ("2025-01-10T00:00:00Z", "2025-07-01T00:00:00Z");
    for (at, amount) in [("2025-02-01T00:00:00Z", "30.00"), ("2025-06-01T00:00:00Z", "30.00"), ("2025-09-01T00:00:00Z", "40.00")] {
        let value =
            json!({"agreement": "agmt-1", "amount": amount, "charged_at": at, "currency": "USD", "term": "term-1", "valid_from": before});
        ledger.state(told(&format!("agreement_charge:agmt-1:{at}"), before, "charge.scheduled", value));
    }
    ledger.state(revision("agmt-1", before, before, "ACTIVE", json!({"accepted_at": before, "value": "100.00", "intent": "NEW"})));
    ledger.state(revision("agmt-1", after, after, "REPLACED", json!({"accepted_at": before, "value": "100.00", "intent": "NEW"})));
    let new = json!({"accepted_at": after, "value": "55.00", "intent": "REPLACE", "preceding": "agmt-1"});
    ledger.state(revision("agmt-2", after, after, "ACTIVE", new));
}

#[test]
fn a_replaced_agreement_loses_its_later_instalments() {
    let mut ledger = Ledger::default();
    replaced(&mut ledger);
    let records: Records = fold(&ledger.entries);
    let charges = |as_of| lines(&records::charges(&records.at(basis(9, as_of, ""))), &["charged_at", "amount", "stands"]);
    assert_eq!(
        charges(""),
        ["2025-02-01T00:00:00Z | 30.00 USD | yes", "2025-06-01T00:00:00Z | 30.00 USD | yes", "2025-09-01T00:00:00Z | 40.00 USD | no"]
    );
    assert!(charges("2025-06-30").iter().all(|line| line.ends_with("yes")), "the day before, all of them stood");
    let columns = ["deal", "agreement", "status", "agreements", "instalments", "planned", "value"];
    let deals = |as_of| lines(&records::deals(&records.at(basis(9, as_of, ""))), &columns);
    assert_eq!(deals(""), ["agmt-1 | agmt-2 | ACTIVE | 55.00 USD | 2 | 0 | -"]);
    assert_eq!(deals("2025-06-30"), ["agmt-1 | agmt-1 | ACTIVE | 100.00 USD | 1 | 3 | 100.00 USD"]);
    let chain = lines(&records::agreements(&records.at(Basis::at(9))), &["agreement", "initial", "preceding", "next", "status"]);
    assert_eq!(chain, ["agmt-1 | agmt-1 | - | agmt-2 | REPLACED", "agmt-2 | agmt-1 | agmt-1 | - | ACTIVE"]);
}

#[test]
fn a_chain_that_bites_its_tail_still_has_an_end() {
    let mut ledger = Ledger::default();
    let at = "2025-01-10T00:00:00Z";
    ledger.state(revision("agmt-1", at, at, "ACTIVE", json!({"preceding": "agmt-2"})));
    ledger.state(revision("agmt-2", at, at, "ACTIVE", json!({"preceding": "agmt-1"})));
    let records: Records = fold(&ledger.entries);
    assert_eq!(records::deals(&records.at(Basis::at(2))).rows.len(), 2);
}

/// Acceptance, amendment and end as they are notified, and the same as a feed delivers it.
#[test]
fn notifications_and_feeds_come_to_the_same() {
    let (accepted, amended, ended) = ("2025-01-10T00:00:00Z", "2025-03-01T00:00:00Z", "2025-05-01T00:00:00Z");
    let terms = |value: &str, accepted_at: Option<&str>| {
        let mut terms = json!({"agreement": "agmt-1", "currency": "USD", "offer": "offer-1", "value": value});
        if let Some(at) = accepted_at {
            terms["accepted_at"] = json!(at);
        }
        terms
    };
    let mut notified = Ledger::default();
    notified.say(accepted, event("agreement.accepted", &terms("10.00", None)));
    notified.say(amended, event("agreement.amended", &terms("15.00", None)));
    notified.say(ended, event("agreement.ended", &json!({"agreement": "agmt-1", "status": "CANCELLED", "reason": "OTHER"})));
    let mut fed = Ledger::default();
    fed.state(revision("agmt-1", accepted, accepted, "ACTIVE", terms("10.00", Some(accepted))));
    fed.state(revision("agmt-1", amended, amended, "ACTIVE", terms("15.00", Some(accepted))));
    let mut last = terms("15.00", Some(accepted));
    last["reason"] = json!("OTHER");
    fed.state(revision("agmt-1", ended, ended, "CANCELLED", last));
    let mut both = Ledger::default();
    notified.entries.iter().for_each(|entry| {
        both.say(&entry.effective_at.to_string(), entry.event.clone());
    });
    for entry in &fed.entries {
        both.state(Fact {
            key: entry.source.clone().unwrap().id,
            effective_at: entry.effective_at,
            stated_at: entry.stated_at(),
            withdrawn: false,
            event: entry.event.clone(),
        });
    }
    let columns = ["agreement", "status", "reason", "since", "revisions", "offer", "value", "accepted"];
    for as_of in ["", "2025-01-11", "2025-04-01", "2025-01-01"] {
        let row = |ledger: &Ledger| {
            let records: Records = fold(&ledger.entries);
            lines(&records::agreements(&records.at(basis(99, as_of, ""))), &columns)
        };
        assert_eq!(row(&notified), row(&fed), "as of {as_of}");
        assert_eq!(row(&both), row(&fed), "as of {as_of}");
    }
}

#[test]
fn an_entry_of_ours_that_was_corrected_counts_no_more() {
    let mut ledger = Ledger::default();
    let at = "2025-01-10T00:00:00Z";
    let wrong = ledger.say(at, event("agreement.accepted", &json!({"agreement": "agmt-1", "currency": "USD", "value": "10.00"})));
    let right = json!({"type": "agreement.accepted", "value": {"agreement": "agmt-1", "currency": "USD", "value": "12.00"}});
    ledger.say(at, event("entry.corrected", &json!({"entry": wrong, "reason": "typed wrongly", "replacement": right})));
    assert_eq!(standing(&ledger, Basis::at(2)), ["agmt-1 | ACTIVE | 1 | 12.00 USD"]);
    assert_eq!(standing(&ledger, Basis::at(1)), ["agmt-1 | ACTIVE | 1 | 10.00 USD"], "what was known before");
    ledger.say(at, event("entry.corrected", &json!({"entry": 2, "reason": "never happened"})));
    assert_eq!(standing(&ledger, Basis::at(3)), Vec::<String>::new());
}

#[test]
fn an_offer_that_was_withdrawn_has_expired() {
    let mut ledger = Ledger::default();
    ledger.say(
        "2025-01-10T00:00:00Z",
        event("offer.released", &json!({"offer": "offer-1", "revision": 1, "expires_at": "2025-12-01T00:00:00Z"})),
    );
    ledger.say("2025-02-01T00:00:00Z", event("offer.withdrawn", &json!({"offer": "offer-1"})));
    let records: Records = fold(&ledger.entries);
    let offers = |as_of| lines(&records::offers(&records.at(basis(2, as_of, ""))), &["offer", "expires", "expired"]);
    assert_eq!(offers("2025-01-20"), ["offer-1 | 2025-12-01T00:00:00Z | no"]);
    assert_eq!(offers("2025-02-20"), ["offer-1 | 2025-02-01T00:00:00Z | yes"]);
    assert_eq!(offers(""), ["offer-1 | 2025-02-01T00:00:00Z | yes"], "by the day on which the last entry was recorded");
}

#[test]
fn what_breaks_a_rule_is_found_not_refused() {
    let mut ledger = Ledger::default();
    let at = "2025-01-10T00:00:00Z";
    let account = |id: &str, aws: &str| {
        let value = json!({"account": id, "aws_account": aws, "valid_from": at});
        told(&format!("account:{id}"), at, "party.registered", value)
    };
    ledger.state(account("acc-me", WHOSE));
    ledger.state(account("acc-you", "111122223333"));
    let offer = |id: &str, more: Value| {
        let mut value = json!({"offer": id, "revision": 1, "recipient_account": "acc-me", "seller_account": "acc-me", "valid_from": at});
        value.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        told(&format!("offer:{id}:1"), at, "offer.released", value)
    };
    ledger.state(offer("offer-1", json!({"seller_account": "acc-stranger"})));
    ledger.state(offer("offer-2", json!({"expires_at": "2025-01-20T00:00:00Z"})));
    let target = json!({"offer": "offer-2", "revision": 1, "kind": "BuyerAccounts", "polarity": "PositiveTargeting", "target": "t", "value": "999988887777", "valid_from": at});
    ledger.state(told("offer_target:t", at, "offer.targeted", target));
    let terms = json!({"accepted_at": "2025-01-20T00:00:00Z", "acceptor_account": "acc-you", "offer": "offer-2", "offer_revision": 1, "value": "10.00", "preceding": "agmt-0"});
    ledger.state(revision("agmt-1", at, at, "ACTIVE", terms));
    let charge = json!({"agreement": "agmt-1", "amount": "9.99", "charged_at": at, "currency": "USD", "term": "term-1", "valid_from": at});
    ledger.state(told("agreement_charge:1", at, "charge.scheduled", charge));
    ledger.state(revision("agmt-2", at, at, "ACTIVE", json!({"offer": "offer-9", "offer_revision": 1})));
    let records: Records = fold(&ledger.entries);
    let report = findings(&records.at(Basis::at(99)).findings());
    insta::assert_snapshot!(lines(&report, &["code", "event", "recipient", "subject", "finding"]).join("\n"), @r"
    F08 | 3 | 000057174132 | offer-1 | `acc-stranger` released it, without a resale authorization
    F09 | 6 | 000057174132 | agmt-1 | offer `offer-2` was accepted at 2025-01-20T00:00:00Z and had expired at 2025-01-20T00:00:00Z
    F10 | 6 | 000057174132 | agmt-1 | `111122223333` accepted offer `offer-2`, which is not made to it
    F11 | 6 | 000057174132 | agmt-1 | it follows agreement `agmt-0`, which is not recorded
    F11 | 8 | 000057174132 | agmt-2 | it accepts offer `offer-9`, revision 1, which is not recorded
    F12 | 6 | 000057174132 | agmt-1 | the instalments sum to 9.99 and the agreement is worth 10.00 USD
    F13 | 3 | 000057174132 | acc-stranger | no row of the account feed says which AWS account it is
    ");
}

/// The agreements of a scenario at an as-of and a stated-by, by their exclusive days.
fn told_in(records: &Records, name: &str, as_of: &str, stated_by: &str) -> String {
    let report = records::agreements(&records.at(basis(u64::MAX, as_of, stated_by)));
    let wanted = scenario(name);
    let all = lines(&report, &["agreement", "status", "intent", "revisions", "offer", "value", "start", "end"]);
    let mine = all.into_iter().filter(|line| wanted.iter().any(|agreement| line.starts_with(agreement.as_str())));
    mine.map(|line| line.split_once(" | ").unwrap().1.to_owned()).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_scenarios_of_the_sample() {
    let records: Records = fold(&Ledger::of_sample(false).entries);
    let mut page = String::new();
    for (name, bases) in [
        ("S29", &[("", ""), ("2025-08-03", ""), ("", "2025-08-04"), ("2025-03-01", "")][..]),
        ("S30", &[("", ""), ("", "2025-07-14"), ("", "2025-07-22"), ("2025-07-01", "")]),
        ("S31", &[("", ""), ("2025-08-23", ""), ("", "2025-08-24")]),
        ("S32", &[("", ""), ("2025-09-10", "")]),
        ("S33", &[("", ""), ("", "2025-05-28"), ("", "2025-05-29"), ("2025-05-20", ""), ("2025-05-10", "")]),
        ("S34", &[("", ""), ("", "2025-05-16"), ("2025-05-10", "")]),
        ("S35", &[("", "")]),
        ("S36", &[("", ""), ("2025-07-01", "")]),
        ("S37", &[("", ""), ("2025-06-20", "")]),
        ("S38", &[("", "")]),
        ("S27", &[("", ""), ("", "2025-05-20")]),
    ] {
        for (as_of, stated_by) in bases {
            let asked = [("before", as_of), ("stated before", stated_by)]
                .map(|(word, day)| if day.is_empty() { String::new() } else { format!(" {word} {day}") });
            page += &format!("{name}{}\n{}\n", asked.concat(), told_in(&records, name, as_of, stated_by));
        }
    }
    insta::assert_snapshot!("scenarios", page);
}

#[test]
fn the_reports_of_the_sample() {
    let records: Records = fold(&Ledger::of_sample(false).entries);
    let view = records.at(Basis::at(u64::MAX));
    for report in [
        records::deals(&view),
        records::offers(&view),
        records::authorizations(&view),
        records::agreements(&view),
        records::charges(&view),
        records::parties(&view),
        records::products(&view),
        findings(&view.findings()),
    ] {
        let header = report.columns.iter().map(|column| column.name).collect::<Vec<_>>().join(" | ");
        insta::assert_snapshot!(report.name, format!("{header}\n{}", lines(&report, &[]).join("\n")));
    }
}

/// A buyer moves and is renamed, and the move is corrected; another one's tax address is withdrawn.
#[test]
fn names_and_places_follow_the_feeds() {
    let records: Records = fold(&Ledger::of_sample(false).entries);
    let mut page = String::new();
    for name in ["S48", "S55"] {
        let wanted = scenario(name);
        let view = records.at(Basis::at(u64::MAX));
        let agreement = view.agreements().into_iter().find(|standing| wanted.contains(&standing.terms.agreement.to_string())).unwrap();
        let buyer = view.acceptor(agreement).unwrap();
        for (as_of, stated_by) in [
            ("", ""),
            ("2025-07-01", ""),
            ("2025-08-01", ""),
            ("", "2025-05-01"),
            ("", "2025-07-01"),
            ("", "2025-07-15"),
            ("", "2025-08-01"),
            ("2025-07-01", "2025-08-01"),
        ] {
            let view = records.at(basis(u64::MAX, as_of, stated_by));
            page += &format!(
                "{name} before {as_of:10} stated before {stated_by:10}: {:?} {:?}\n",
                view.name_of(buyer),
                view.place_of(buyer, None)
            );
        }
    }
    insta::assert_snapshot!("names", page);
}

fn answers(records: &Records, at: Basis) -> Vec<Value> {
    let view = records.at(at);
    let reports = [
        records::deals(&view),
        records::offers(&view),
        records::authorizations(&view),
        records::agreements(&view),
        records::charges(&view),
        records::parties(&view),
        records::products(&view),
        findings(&view.findings()),
    ];
    reports.iter().map(ledger_core::report::Report::data).collect()
}

#[test]
fn any_order_of_the_files_gives_the_same_answers() {
    let (forwards, backwards) = (Ledger::of_sample(false), Ledger::of_sample(true));
    let [forwards, backwards]: [Records; 2] = [fold(&forwards.entries), fold(&backwards.entries)];
    let without_findings = |records: &Records, at: Basis| answers(records, at)[..7].to_vec();
    for (as_of, stated_by) in [("", ""), ("2025-06-01", ""), ("", "2025-06-01"), ("2025-09-01", "2025-11-01")] {
        let at = basis(u64::MAX, as_of, stated_by);
        assert_eq!(without_findings(&forwards, at), without_findings(&backwards, at), "before {as_of}, stated before {stated_by}");
    }
}

#[test]
fn a_saved_state_is_the_state() {
    let entries = Ledger::of_sample(false).entries;
    let whole: Records = fold(&entries);
    let saved = whole.save();
    let mut part: Records = fold(&entries[..entries.len() / 2]);
    let mut loaded = Records::default();
    assert!(loaded.load(&part.save()));
    for entry in &entries[entries.len() / 2..] {
        loaded.evolve(entry);
        part.evolve(entry);
    }
    assert_eq!(loaded.save(), saved, "saved and loaded half-way");
    assert_eq!(part.save(), saved);
    assert!(loaded.load(&saved));
    assert_eq!(answers(&loaded, Basis::at(u64::MAX)), answers(&whole, Basis::at(u64::MAX)));
    for damaged in [&saved[..saved.len() - 1], &saved[..40], &saved[1..], b""] {
        assert!(!loaded.load(damaged));
        assert_eq!(loaded, Records::default(), "nothing of a damaged state is kept");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_append_changes_an_answer(known: prop::sample::Index, as_of in prop::option::of(18_000..20_500_i64), stated_by in prop::option::of(18_000..20_500_i64)) {
        thread_local! {
            static SAMPLE: (Vec<Entry>, Records) = {
                let entries = Ledger::of_sample(false).entries;
                let records = fold(&entries);
                (entries, records)
            };
        }
        SAMPLE.with(|(entries, later)| {
            let known = known.index(entries.len() + 1);
            let day = |day: i64| ledger_core::time::Instant::from_micros(day * 86_400_000_000);
            let at = Basis { effective_before: as_of.map(day), known_at: known as u64, stated_before: stated_by.map(day) };
            let then: Records = fold(&entries[..known]);
            prop_assert_eq!(answers(&then, at), answers(later, at));
            Ok(())
        })?;
    }
}
