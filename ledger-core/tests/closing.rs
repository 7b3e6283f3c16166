//! Laws of a month's end: what was known when answers for good; of the runs of a month each counts for what it compared; what is under way is looked
//! for until it is found.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::{Signer as _, SigningKey};
use ledger_core::book::{Book, approval_of};
use ledger_core::chain::{Hash, Head};
use ledger_core::event::{Draft, Entry};
use ledger_core::id::AccountId;
use ledger_core::projection::Projection;
use ledger_core::projection::billing::books::Posts as _;
use ledger_core::projection::closing::{Closing, Differences, State, dated, is_dated};
use ledger_core::statement::{Side, Subject};
use ledger_core::time::{Basis, Instant};
use proptest::prelude::*;
use serde_json::{Value, json};

const PAYER: &str = "777788889999";
const SELLER: &str = "444455556666";

fn day(day: &str) -> Instant {
    format!("{day}T00:00:00Z").parse().unwrap()
}

/// A ledger in memory, and the hash of each of its lines.
#[derive(Default)]
struct Ledger {
    head: Option<Head>,
    entries: Vec<(Entry, Hash)>,
}

impl Ledger {
    /// Wang is registered, whose signature counts.
    fn new() -> Self {
        let mut ledger = Self::default();
        let key = Base64::encode_string(key().verifying_key().as_bytes());
        ledger.record("li", "2026-01-01", "person.registered", json!({ "key": key, "person": "wang" }));
        ledger
    }

    fn record(&mut self, actor: &str, at: &str, kind: &str, value: Value) -> u64 {
        let event = serde_json::from_value(json!({ "type": kind, "value": value })).unwrap();
        let draft = Draft { actor: actor.parse().unwrap(), effective_at: day(at), event, source: None };
        let mut line = Vec::new();
        let head = draft.write(self.head.unwrap_or(Head::EMPTY), day("2026-06-01"), &mut line).unwrap();
        self.entries.push((Entry::read_strictly(&line, head.seq).unwrap(), Hash::of(&line)));
        self.head = Some(head);
        head.seq
    }

    /// Wang signs an entry.
    fn sign(&mut self, entry: u64) -> u64 {
        let hash = self.entries[usize::try_from(entry).unwrap() - 1].1;
        let signature = Base64::encode_string(&key().sign(approval_of(hash).as_bytes()).to_bytes());
        self.record("wang", "2026-04-03", "entry.approved", json!({ "entry": entry, "hash": hash, "signature": signature }))
    }

    fn policy(&mut self, at: &str, alone: &str) -> u64 {
        self.record("li", at, "policy.set", json!({ "parameters": { "usd_alone": alone }, "policy": "closing" }))
    }

    /// A reconciliation of a month: its sections `(side, subject)`, its breaks and what it tolerates.
    fn run(&mut self, month: &str, sections: &[(&str, &str)], breaks: &[Value], tolerated: &[Value]) -> u64 {
        let section = |(side, subject): &(&str, &str)| {
            json!({ "billed": "0", "breaks": "0", "currency": "USD", "ledger": "0", "provisional": "0", "provisional_rows": 0,
                "scope": of(side), "self_compared": 0, "side": side, "subject": subject, "tolerated": "0" })
        };
        let sealed = json!({ "breaks": breaks, "head": Hash::ZERO, "known_at": 0, "month": format!("{month}-01T00:00:00Z"), "part": 1,
            "parts": 1, "sections": sections.iter().map(section).collect::<Vec<_>>(), "tolerated": tolerated });
        self.record("li", "2026-04-03", "reconciliation.sealed", sealed)
    }

    fn until(&self, known_at: u64) -> (Closing, Book) {
        let (mut closing, mut book) = (Closing::default(), Book::default());
        for (entry, _) in self.entries.iter().filter(|(entry, _)| entry.seq <= known_at) {
            closing.evolve(entry);
            book.evolve(entry);
        }
        (closing, book)
    }
}

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn of(side: &str) -> &'static str {
    if side == "buyer" { PAYER } else { SELLER }
}

fn found(side: &str, subject: &str, code: &str, (id, invoice): (&str, &str), billed: &str) -> Value {
    json!({ "billed": billed, "cause": "x", "code": code, "currency": "USD", "id": id, "invoice": invoice, "ledger": "0",
        "rows": u64::from(billed != "0"), "scope": of(side), "side": side, "subject": subject })
}

fn tolerated(side: &str, subject: &str, invoice: &str, billed: &str) -> Value {
    json!({ "billed": billed, "currency": "USD", "invoice": invoice, "ledger": "0", "scope": of(side), "side": side, "subject": subject })
}

/// Everything that the month's end answers at a position.
fn answered((closing, book): &(Closing, Book), known_at: u64) -> String {
    let differences = Differences::of(closing, book, Basis::at(known_at));
    let posted: Vec<String> = differences.parties().into_iter().map(|party| format!("{:?}", differences.transactions(party))).collect();
    format!("{:#?}\n{posted:#?}", closing.breaks(book, known_at))
}

proptest! {
    /// Later entries change no answer at an earlier position.
    #[test]
    fn an_answer_at_a_position_is_that_of_the_ledger_cut_off_there(steps in proptest::collection::vec((0_u8..8, 1_u32..4, 1_u32..9), 1..24)) {
        let mut ledger = Ledger::new();
        let (mut acts, mut policies): (Vec<u64>, Vec<u64>) = (Vec::new(), Vec::new());
        for (kind, which, amount) in steps {
            let (id, billed) = (format!("B-{which}"), format!("{amount}"));
            match kind {
                0 => {
                    let breaks = [found("buyer", "purchases", "R01", (&id, "INV"), &billed)];
                    ledger.run("2026-03", &[("buyer", "purchases")], &breaks, &[tolerated("buyer", "purchases", "INV-2", "0.01")]);
                }
                1 => drop(ledger.run("2026-03", &[("buyer", "purchases")], &[], &[])),
                2 | 3 => {
                    let accepted = json!({ "amount": format!("{amount}.00"), "currency": "USD", "id": id, "note": "x" });
                    acts.push(ledger.record("li", "2026-04-02", "difference.accepted", accepted));
                }
                4 => policies.push(ledger.policy(&format!("2026-0{which}-01"), &format!("{amount}.00"))),
                5 => policies.pop().map(|policy| ledger.sign(policy)).into_iter().for_each(drop),
                6 => acts.last().copied().map(|act| ledger.sign(act)).into_iter().for_each(drop),
                _ => {
                    let act = acts.pop();
                    act.map(|act| ledger.record("li", "2026-04-02", "entry.corrected", json!({ "entry": act, "reason": "a slip" })));
                }
            }
        }
        let last = ledger.entries.len() as u64;
        let whole = ledger.until(last);
        for known_at in 1..=last {
            let cut = answered(&ledger.until(known_at), u64::MAX);
            prop_assert_eq!(answered(&whole, known_at), cut, "at #{} of #{}", known_at, last);
        }
    }
}

/// How a break stands.
fn state(ledger: &Ledger, known_at: u64) -> State {
    let (closing, book) = ledger.until(u64::MAX);
    closing.breaks(&book, known_at).remove(0).state
}

#[test]
fn what_one_person_accepted_stands_as_it_did_whatever_the_policy_says_later() {
    let mut ledger = Ledger::new();
    let policy = ledger.policy("2026-01-01", "10.00");
    ledger.sign(policy);
    ledger.run("2026-03", &[("buyer", "purchases")], &[found("buyer", "purchases", "R01", ("B-1", "INV"), "9.00")], &[]);
    let accepted = json!({ "amount": "9.00", "currency": "USD", "id": "B-1", "note": "x" });
    let accepted = ledger.record("li", "2026-04-02", "difference.accepted", accepted);
    let stricter = ledger.policy("2026-01-01", "1.00");
    let signed = ledger.sign(stricter);
    let corrected = ledger.record("li", "2026-04-02", "entry.corrected", json!({ "entry": accepted, "reason": "a slip" }));
    assert_eq!(state(&ledger, stricter - 1), State::Accepted(accepted));
    assert_eq!(state(&ledger, signed), State::Pending(accepted));
    assert_eq!(state(&ledger, corrected), State::Open);
    let (closing, book) = ledger.until(u64::MAX);
    let posted = |known_at: u64| Differences::of(&closing, &book, Basis::at(known_at)).transactions(PAYER.parse().unwrap()).len();
    assert_eq!([stricter - 1, signed, corrected].map(posted), [1, 0, 0]);
}

/// What is posted as tolerated, in cents.
fn rounding(ledger: &Ledger, party: &str) -> Vec<i128> {
    let (closing, book) = ledger.until(u64::MAX);
    let differences = Differences::of(&closing, &book, Basis::at(u64::MAX));
    let posted = differences.transactions(party.parse().unwrap());
    posted.iter().map(|transaction| transaction.postings[0].amount.units() / 1_000_000).collect()
}

#[test]
fn what_is_tolerated_is_posted_once_and_stands_until_it_is_compared_again() {
    let mut ledger = Ledger::new();
    let both = [("seller", "billed"), ("seller", "collected")];
    let tolerates = |subject: &str, billed: &str| tolerated("seller", subject, "INV", billed);
    ledger.run("2026-03", &both, &[], &[tolerates("billed", "0.03"), tolerates("collected", "0.03")]);
    assert_eq!(rounding(&ledger, SELLER), [-3], "told twice, and posted once");
    // The collections alone are compared again, and those of another month; then what was billed.
    ledger.run("2026-03", &both[1..], &[], &[]);
    ledger.run("2026-04", &both[1..], &[], &[tolerates("collected", "0.03")]);
    assert_eq!(rounding(&ledger, SELLER), [-3]);
    ledger.run("2026-03", &both[..1], &[], &[tolerates("billed", "0.02")]);
    assert_eq!(rounding(&ledger, SELLER), [-2]);
    // A bill tells all of a payer; a list of invoices tells itself.
    ledger.run("2026-03", &[("buyer", "purchases")], &[], &[tolerated("buyer", "purchases", "INV", "0.05")]);
    ledger.run("2026-03", &[("buyer", "invoices")], &[], &[]);
    assert_eq!(rounding(&ledger, PAYER), [5]);
    ledger.run("2026-03", &[("buyer", "services")], &[], &[]);
    assert!(rounding(&ledger, PAYER).is_empty());
}

#[test]
fn what_a_statement_told_of_another_month_stands_beside_what_other_statements_tell() {
    let mut ledger = Ledger::new();
    let early = found("seller", "billed", "R04", ("B-1", "INV"), "5.00");
    ledger.run("2026-02", &[("seller", "billed")], &[early], &[]);
    ledger.run("2026-02", &[("seller", "collected")], &[], &[]);
    let (closing, _) = ledger.until(u64::MAX);
    assert_eq!(closing.told_elsewhere(day("2026-03-01")).len(), 1);
    let seller: AccountId = SELLER.parse().unwrap();
    let settled = |subject: Subject| closing.is_settled((Side::Seller, subject), seller, day("2026-02-01"), "INV");
    assert_eq!([Subject::Billed, Subject::Collected, Subject::Disbursed].map(settled), [false, true, false]);
    ledger.run("2026-02", &[("seller", "billed")], &[], &[]);
    let (closing, _) = ledger.until(u64::MAX);
    assert!(closing.told_elsewhere(day("2026-03-01")).is_empty());
    // A line that AWS cut into two comes to one; what was collected of it is another matter.
    let parts = [("B-2", "2.00"), ("B-3", "3.00")].map(|(id, billed)| found("seller", "billed", "R04", (id, "INV"), billed));
    ledger.run("2026-02", &[("seller", "billed")], &parts, &[]);
    ledger.run("2026-02", &[("seller", "collected")], &[found("seller", "collected", "R04", ("B-4", "INV"), "5.00")], &[]);
    let (closing, _) = ledger.until(u64::MAX);
    let told: Vec<String> = closing.told_elsewhere(day("2026-03-01")).into_keys().map(|(.., billed)| billed.in_cents()).collect();
    assert_eq!(told, ["2.00", "3.00", "5.00"]);
}

#[test]
fn a_payout_that_did_not_arrive_is_looked_for_each_time_the_next_month_is_reconciled() {
    let mut ledger = Ledger::new();
    let bank = [("bank", "deposits")];
    ledger.run("2026-02", &bank, &[found("bank", "deposits", "R04", ("B-1", "000123"), "0")], &[]);
    let under_way = |ledger: &Ledger, month: &str| {
        let (closing, book) = ledger.until(u64::MAX);
        closing.under_way(&book, day(month)).into_iter().map(|(_, trace)| trace).collect::<Vec<_>>()
    };
    assert_eq!(under_way(&ledger, "2026-03-01"), ["000123"]);
    for _ in 0..2 {
        ledger.run("2026-03", &bank, &[found("bank", "deposits", "R02", ("B-2", "000123"), "0")], &[]);
        assert_eq!(under_way(&ledger, "2026-03-01"), ["000123"], "for March, again");
        assert!(under_way(&ledger, "2026-04-01").is_empty(), "March has asked");
        assert!(under_way(&ledger, "2026-02-01").is_empty());
    }
}

#[test]
fn a_reconciliation_is_dated_in_its_month() {
    let mut ledger = Ledger::new();
    let run = ledger.run("2026-03", &[("buyer", "purchases")], &[], &[tolerated("buyer", "purchases", "INV", "0.05")]);
    let entry = &ledger.entries[usize::try_from(run).unwrap() - 1].0;
    assert_eq!(["2026-03-31", "2026-04-01"].map(|before| is_dated(entry, day(before))), [false, true]);
    assert!(dated(entry) < day("2026-04-01") && entry.effective_at > day("2026-04-01"));
}
