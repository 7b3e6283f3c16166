//! A ledger in memory at which people sit and record, and what they record.

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::{Signer as _, SigningKey};
use ledger_core::book::{Book, Decision, Setting, approval_of, correct, decide, supposed};
use ledger_core::chain::{Hash, Head};
use ledger_core::event::governance::EntryCorrected;
use ledger_core::event::{Draft, Entry, Event};
use ledger_core::problem::Problem;
use ledger_core::projection::Projection;
use ledger_core::projection::programmes::Programmes;
use ledger_core::projection::records::Records;
use ledger_core::time::{Basis, Instant};
use serde_json::{Value, json};

pub(crate) const ISV: &str = "000057174132";
pub(crate) const PARTNER: &str = "111122223333";
pub(crate) const BUYER: &str = "444455556666";
pub(crate) const OTHER: &str = "777788889999";

pub(crate) fn moment(text: &str) -> Instant {
    let text = if text.len() == 10 { format!("{text}T00:00:00Z") } else { text.to_owned() };
    text.parse().unwrap()
}

pub(crate) fn event(kind: &str, value: &Value) -> Event {
    serde_json::from_value(json!({ "type": kind, "value": value })).unwrap()
}

/// A ledger in memory, at which people sit and record.
pub(crate) struct Desk {
    pub(crate) head: Head,
    pub(crate) entries: Vec<(Entry, Hash)>,
    pub(crate) book: Book,
    pub(crate) records: Records,
    pub(crate) programmes: Programmes,
}

impl Desk {
    pub(crate) fn new() -> Self {
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

    pub(crate) fn append(&mut self, draft: Draft) {
        let mut line = Vec::new();
        self.head = draft.write(self.head, moment("2026-01-01"), &mut line).unwrap();
        let entry = Entry::read_strictly(&line, self.head.seq).unwrap();
        self.book.evolve(&entry);
        self.records.evolve(&entry);
        self.programmes.evolve(&entry);
        self.entries.push((entry, self.head.hash));
    }

    pub(crate) fn ask(&self, draft: Draft, subject: Option<u64>) -> Result<Decision, Vec<Problem>> {
        let view = self.records.at(Basis::at(u64::MAX));
        let subject = subject.and_then(|seq| self.entries.get(usize::try_from(seq).unwrap() - 1)).map(|(entry, hash)| (entry, *hash));
        let (now, known) = (moment("2020-01-01"), None);
        let setting = Setting { book: &self.book, view: &view, programmes: &self.programmes, subject, now, known };
        let decided = decide(&setting, draft.clone());
        // What is supposed is what would be recorded.
        match &decided {
            Ok(Decision::Record(drafts)) => assert_eq!(&supposed(&setting, draft), drafts),
            Ok(Decision::Known(_)) => assert_eq!(supposed(&setting, draft), vec![]),
            Err(_) => (),
        }
        decided
    }

    pub(crate) fn tell(&mut self, draft: Draft, subject: Option<u64>) -> Result<Vec<&'static str>, Vec<Problem>> {
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
    pub(crate) fn record(&mut self, at: &str, actor: &str, kind: &str, value: Value) -> Result<Vec<&'static str>, Vec<String>> {
        let draft = Draft { actor: actor.parse().unwrap(), effective_at: moment(at), event: event(kind, &value), source: None };
        self.tell(draft, None).map_err(told)
    }

    pub(crate) fn done(&mut self, at: &str, kind: &str, value: Value) -> Vec<&'static str> {
        self.record(at, "li", kind, value).unwrap()
    }

    pub(crate) fn refused(&mut self, at: &str, kind: &str, value: Value) -> Vec<String> {
        let before = self.head;
        let refused = self.record(at, "li", kind, value).unwrap_err();
        assert_eq!(self.head, before);
        refused
    }

    pub(crate) fn approve(&mut self, at: &str, by: &str, entry: u64, key: Option<u8>) -> Result<Vec<&'static str>, Vec<String>> {
        let hash = self.entries.get(usize::try_from(entry).unwrap() - 1).map_or(Hash::ZERO, |(_, hash)| *hash);
        let mut value = json!({ "entry": entry, "hash": hash });
        if let Some(key) = key {
            let signature = signing(key).sign(approval_of(hash).as_bytes());
            value["signature"] = Base64::encode_string(&signature.to_bytes()).into();
        }
        let draft = Draft { actor: by.parse().unwrap(), effective_at: moment(at), event: event("entry.approved", &value), source: None };
        self.tell(draft, Some(entry)).map_err(told)
    }

    pub(crate) fn correct(&mut self, entry: u64, replacement: Option<Event>) -> Result<Vec<&'static str>, Vec<String>> {
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

pub(crate) fn told(problems: Vec<Problem>) -> Vec<String> {
    assert!(problems.iter().all(|problem| !problem.why.is_empty() && !problem.cure.is_empty()), "{problems:?}");
    problems.iter().map(|problem| format!("{} {}", problem.code, problem.column.as_deref().unwrap_or_default())).collect()
}

pub(crate) fn signing(key: u8) -> SigningKey {
    SigningKey::from_bytes(&[key; 32])
}

pub(crate) fn public(key: u8) -> String {
    Base64::encode_string(signing(key).verifying_key().as_bytes())
}

/// An offer of the ISV's own to one buyer; what is given stands over it, null takes away.
pub(crate) fn offer(id: &str, over: Value) -> Value {
    let mut offer = json!({
        "buyers": [BUYER], "currency": "USD", "delivery": "saas", "ends_at": "2027-02-01T00:00:00Z",
        "eula": "standard:2022-07-14", "expires_at": "2026-03-01T00:00:00Z", "name": id, "offer": id, "pricing": "contract",
        "products": ["prod-1"], "seller": ISV, "value": "180000.00",
    });
    lay(&mut offer, over);
    offer
}

pub(crate) fn lay(under: &mut Value, over: Value) {
    let (Value::Object(under), Value::Object(over)) = (under, over) else { panic!("objects") };
    for (name, value) in over {
        if value.is_null() {
            under.remove(&name)
        } else {
            under.insert(name, value)
        };
    }
}

pub(crate) fn authorization(id: &str, over: Value) -> Value {
    let mut granted = json!({
        "authorization": id, "currency": "USD", "grantor": ISV, "product": "prod-1", "reseller": PARTNER,
        "wholesale": [{ "amount": "144000.00", "of": "contract" }],
    });
    lay(&mut granted, over);
    granted
}

pub(crate) fn accept(agreement: &str, offer: &str) -> Value {
    json!({ "acceptor": BUYER, "agreement": agreement, "offer": offer })
}

pub(crate) fn instalments(parts: &[(&str, &str)]) -> Value {
    parts.iter().map(|(day, amount)| json!({ "amount": amount, "charged_at": moment(day) })).collect()
}

/// People of finance and legal, and offers of 100,000 USD and more approved by finance.
pub(crate) fn governed() -> Desk {
    let mut desk = Desk::new();
    for (person, key, role) in [("mei", 1, "finance"), ("wang", 2, "legal"), ("li", 3, "finance")] {
        desk.done("2026-01-02", "person.registered", json!({ "key": public(key), "person": person, "roles": [role] }));
    }
    desk.done("2026-01-02", "policy.set", json!({ "parameters": { "usd_100000": "finance" }, "policy": "offer-approvals" }));
    desk
}
