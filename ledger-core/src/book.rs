//! What must be remembered to decide, and what is decided.
//!
//! ```text
//! Fact   -observe-> Event                      a fact is never refused; what it breaks is a finding
//! Draft  -decide->  [Draft] | Known | [Problem]  an intent of ours is refused when it breaks a rule
//! Entry  -Book::evolve-> Book                  people, approvals, policies, references: what views of the deals do not tell
//! ```
//!
//! A rule is a function of `book/rules`: it looks and says what is broken, with a code, the field, what was found and what to do.

mod audit;
pub mod closing;
mod decide;
mod observe;
mod policy;
mod rules;

use std::collections::{BTreeMap, BTreeSet};

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::{Signature, VerifyingKey};
use serde::{Deserialize, Serialize};

pub use audit::{audit, purchase_orders};
pub use decide::{Decision, Setting, approvals_needed, correct, decide, money_needs, supposed};
pub use observe::{Version, observe};

use crate::chain::Hash;
use crate::commitment::in_force;
use crate::event::billing::BillingEvent;
use crate::event::commitment::Eligibility;
use crate::event::governance::BalanceBroughtForward;
use crate::event::{Entry, Event};
use crate::fee::{Cards, RateCard};
use crate::id::Actor;
use crate::projection::{Projection, json_of, load_json};
use crate::time::Instant;

/// The term under which the instalments of an offer of ours are planned.
pub(crate) const SCHEDULE: &str = "payment-schedule";

/// What is signed to approve an entry: these words and the hash of its line, so that the signature can be taken for nothing else.
pub fn approval_of(hash: Hash) -> String {
    format!("dealbook approves\n{hash}\n")
}

/// Reads a public key: 32 bytes in base64 that are an Ed25519 key.
fn key_of(text: &str) -> Option<VerifyingKey> {
    let mut bytes = [0; 32];
    let read = Base64::decode(text, &mut bytes).ok()?;
    if read.len() == 32 { VerifyingKey::from_bytes(&bytes).ok() } else { None }
}

/// Whether a signature in base64 is this key's, over the approval of this entry.
fn has_signed(key: &str, hash: Hash, signature: &str) -> bool {
    let mut bytes = [0; 64];
    let signature = Base64::decode(signature, &mut bytes).ok().and_then(|read| Signature::from_slice(read).ok());
    let verified = |(key, signature): (VerifyingKey, Signature)| key.verify_strict(approval_of(hash).as_bytes(), &signature).is_ok();
    key_of(key).zip(signature).is_some_and(verified)
}

/// Somebody who may record or approve.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Person {
    key: Option<String>,
    person: Actor,
    roles: Vec<String>,
    seq: u64,
}

/// An entry of ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Own {
    actor: Actor,
    seq: u64,
}

/// Somebody's approval of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Who approved.
    pub by: Actor,
    /// The entry that was approved.
    pub entry: u64,
    /// Position of the approval.
    pub seq: u64,
    /// Whether it was signed with the key the approver was registered with. Without that it is asserted, and counts for no rule.
    pub signed: bool,
    /// Whether it was signed by somebody whom nobody made up alone, as far as was known then.
    #[serde(default)]
    pub vouched: bool,
}

/// A policy as it was set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Policy {
    effective_at: Instant,
    parameters: BTreeMap<String, String>,
    policy: String,
    seq: u64,
}

/// An entry that another system's reference names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Referred {
    effective_at: Instant,
    event: String,
    reference: String,
    seq: u64,
}

/// The state that decisions rest on, beside the records of the deals.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Book {
    approvals: Vec<Approval>,
    /// Entries of money by hand whose row has come, and where it stands.
    came: BTreeMap<u64, u64>,
    /// Entries of money by hand that have all their approvals.
    confirmed: BTreeMap<u64, u64>,
    /// Entries that were corrected, and by which.
    corrected: BTreeMap<u64, u64>,
    /// Since when policies and people need a second person: the first policy that asks for one.
    governed: Option<u64>,
    /// What bills and was recorded by hand: balances brought forward, and invoices that await their rows.
    hands: Vec<Hand>,
    own: Vec<Own>,
    people: Vec<Person>,
    policies: Vec<Policy>,
    references: Vec<Referred>,
    templates: Vec<Template>,
}

/// Something that bills, recorded by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Hand {
    event: Event,
    seq: u64,
}

/// A text or pattern that offers are drafted from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Template {
    fields: BTreeMap<String, String>,
    kind: String,
    name: String,
    seq: u64,
}

impl Book {
    /// What a template fills in, by field: as it was saved last. Nothing when there is none of the name, or when it is an approval form.
    pub fn template(&self, name: &str) -> Option<&BTreeMap<String, String>> {
        self.templates_that_stand().find(|template| template.name == name && template.kind != "approval").map(|template| &template.fields)
    }

    /// The names of the templates that offers can be drafted from.
    pub fn templates(&self) -> impl Iterator<Item = &str> {
        self.templates_that_stand().filter(|template| template.kind != "approval").map(|template| template.name.as_str())
    }

    /// The approval forms: risks by name, and what each is.
    fn forms(&self) -> impl Iterator<Item = &BTreeMap<String, String>> {
        self.templates_that_stand().filter(|template| template.kind == "approval").map(|template| &template.fields)
    }

    /// The last of each name, unless it was corrected.
    fn templates_that_stand(&self) -> impl Iterator<Item = &Template> {
        let stands = |template: &&Template| !self.corrected.contains_key(&template.seq);
        let is_last = move |template: &&Template| {
            self.templates.iter().filter(stands).all(|other| other.name != template.name || other.seq <= template.seq)
        };
        self.templates.iter().filter(stands).filter(is_last)
    }

    /// What the policy says of a kind of product on a day, and where it was set, as far as was known at a position.
    pub fn eligibility(&self, kind: Option<&str>, day: Instant, known_at: u64) -> Option<(Eligibility, u64)> {
        let policy = self.policy_by(policy::edp_eligibility::NAME, day, known_at)?;
        let read = |(parameter, value): (&String, &String)| policy::edp_eligibility::read(parameter, value, policy.effective_at);
        let rules: Vec<Eligibility> = policy.parameters.iter().filter_map(read).collect();
        in_force(rules.iter(), kind, day).map(|rule| (rule.clone(), policy.seq))
    }

    /// Who recorded an entry of ours.
    pub fn recorder(&self, seq: u64) -> Option<&Actor> {
        self.own.binary_search_by_key(&seq, |own| own.seq).ok().map(|at| &self.own[at].actor)
    }

    /// The approvals of an entry, in the order in which they came.
    pub fn approvals(&self, entry: u64) -> impl Iterator<Item = &Approval> {
        self.approvals.iter().filter(move |approval| approval.entry == entry)
    }

    /// The correction of an entry, the last one.
    pub fn corrected_by(&self, entry: u64) -> Option<u64> {
        self.corrected.get(&entry).copied()
    }

    /// Whether a policy, a person, or the correction of one counts: once a policy asks for a second person, only with one's signature; how the books are
    /// presented never counts without.
    pub fn stands(&self, seq: u64) -> bool {
        if self.is_signed(seq) {
            return self.approvals(seq).any(|approval| approval.vouched);
        }
        self.governed.is_none_or(|governed| seq <= governed) || self.approvals(seq).any(|approval| approval.signed)
    }

    /// Whether an entry sets, or takes back, a policy that counts only with the signature of a second person.
    fn is_signed(&self, seq: u64) -> bool {
        let sets = |seq: u64| self.policies.iter().any(|policy| policy.seq == seq && policy::is_signed(&policy.policy));
        sets(seq) || self.corrected.iter().any(|(entry, by)| *by == seq && sets(*entry))
    }

    /// Whether an entry that governs counts no more.
    fn is_over(&self, seq: u64) -> bool {
        !self.stands(seq) || self.corrected.get(&seq).is_some_and(|by| self.stands(*by))
    }

    fn person(&self, person: &Actor) -> Option<&Person> {
        self.people.iter().rfind(|known| known.person == *person && !self.is_over(known.seq))
    }

    /// The policy of a name as it stands at a moment: to decide by, never to answer with.
    fn policy(&self, name: &str, at: Instant) -> Option<&Policy> {
        self.policy_by(name, at, u64::MAX)
    }

    /// The policy of a name as it stood at a moment, as far as that was known at a position.
    fn policy_by(&self, name: &str, at: Instant, known_at: u64) -> Option<&Policy> {
        let signed = |seq: u64| self.approvals(seq).any(|approval| approval.signed && approval.seq <= known_at);
        let second = |seq: u64| self.approvals(seq).any(|approval| approval.vouched && approval.seq <= known_at);
        let free = |seq: u64| self.governed.is_none_or(|governed| seq <= governed || governed > known_at);
        let needs = policy::is_signed(name);
        let stood = |seq: u64| if needs { second(seq) } else { free(seq) || signed(seq) };
        let over = |seq: u64| !stood(seq) || self.corrected.get(&seq).is_some_and(|by| *by <= known_at && stood(*by));
        let stands = |policy: &&Policy| policy.policy == name && policy.effective_at <= at && policy.seq <= known_at && !over(policy.seq);
        self.policies.iter().filter(stands).max_by_key(|policy| (policy.effective_at, policy.seq))
    }

    /// Every rate card for listing fees, as far as that was known at a position.
    pub fn rate_cards(&self, known_at: u64) -> Cards {
        let name = policy::listing_fees::NAME;
        let since: BTreeSet<Instant> =
            self.policies.iter().filter(|policy| policy.policy == name).map(|policy| policy.effective_at).collect();
        let set = since.into_iter().filter_map(|since| self.policy_by(name, since, known_at));
        Cards::of(set.map(|policy| (policy.effective_at, policy.seq, RateCard::of(&policy.parameters))))
    }

    /// When what a reference names was true, if it names something: whoever sends it again without a date means that one.
    pub fn dated(&self, reference: &str) -> Option<Instant> {
        let mut known = self.referred(reference).filter(|_| !reference.starts_with("document:"));
        known.next().map(|known| known.effective_at)
    }

    /// What a reference names: one entry, of another system's; several, of a document that shows several. What was taken back is named no more.
    fn referred(&self, reference: &str) -> impl Iterator<Item = &Referred> {
        self.references.iter().filter(move |known| known.reference == reference && !self.corrected.contains_key(&known.seq))
    }

    /// Notes that the row has come which an entry of ours awaited, and what corrected it.
    fn row_came(&mut self, replaces: Option<u64>, row: u64) {
        let mut next = replaces.filter(|seq| self.recorder(*seq).is_some());
        while let Some(seq) = next.take() {
            if self.came.insert(seq, row).is_none() {
                next = self.corrected.get(&seq).copied();
            }
        }
    }

    /// Balances brought forward that stand, with their positions.
    fn openings(&self) -> impl Iterator<Item = (&BalanceBroughtForward, u64)> {
        self.hands_that_stand().filter_map(|hand| match &hand.event {
            Event::BalanceBroughtForward(balance) => Some((&**balance, hand.seq)),
            _ => None,
        })
    }

    /// Invoices recorded by hand whose rows have not come, with their positions.
    fn invoices_by_hand(&self) -> impl Iterator<Item = (&BillingEvent, u64)> {
        self.hands_that_stand().filter_map(|hand| match &hand.event {
            Event::InvoiceIssued(row) => Some((&**row, hand.seq)),
            _ => None,
        })
    }

    fn hands_that_stand(&self) -> impl Iterator<Item = &Hand> {
        self.hands.iter().filter(|hand| !self.corrected.contains_key(&hand.seq) && !self.came.contains_key(&hand.seq))
    }

    /// Notes the balances that a row tells in detail.
    fn detail_came(&mut self, event: &Event, row: u64) {
        let Event::InvoiceIssued(told) = event else { return };
        let detailed: Vec<u64> = self.openings().filter(|(balance, _)| balance.is_detailed_by(told)).map(|(_, seq)| seq).collect();
        self.came.extend(detailed.into_iter().map(|seq| (seq, row)));
    }

    /// Whether somebody's signature makes money count: of the people with keys, the first, and whoever was registered with the signature of one
    /// of them. Nobody brings a second person along alone.
    fn is_vouched_for(&self, person: &Actor) -> bool {
        let keyed = |known: &&Person| known.key.is_some() && !self.is_over(known.seq);
        let mut vouched: Vec<&Actor> = self.people.iter().filter(keyed).map(|first| &first.person).take(1).collect();
        // Whoever registered before can have signed; a signature that came later is one all the same.
        loop {
            let next = self.people.iter().filter(keyed).find(|known| {
                !vouched.contains(&&known.person)
                    && self
                        .approvals(known.seq)
                        .any(|approval| approval.signed && vouched.contains(&&approval.by) && approval.by != known.person)
            });
            match next {
                Some(next) => vouched.push(&next.person),
                None => return vouched.contains(&person),
            }
        }
    }

    /// Whether somebody is registered here.
    pub fn knows(&self, person: &Actor) -> bool {
        self.person(person).is_some()
    }

    /// What was entered by hand: by whom, and at which position.
    pub fn entered(&self) -> impl Iterator<Item = (&Actor, u64)> {
        self.own.iter().map(|own| (&own.actor, own.seq))
    }

    /// Where money that was recorded by hand got its last approval, as far as was known at a position; of what nobody recorded by hand, the entry
    /// itself.
    pub(crate) fn confirmed_at(&self, entry: u64, known_at: u64) -> Option<u64> {
        self.confirmed.get(&entry).copied().filter(|at| *at <= known_at)
    }

    fn take(&mut self, event: &Event, entry: &Entry) {
        match event {
            Event::PersonRegistered(told) => {
                let (key, person, roles) = (told.key.clone(), told.person.clone(), told.roles.clone());
                self.people.push(Person { key, person, roles, seq: entry.seq });
            }
            Event::PolicySet(set) => {
                if policy::governs(set.policy.as_str()) {
                    self.governed.get_or_insert(entry.seq);
                }
                self.policies.push(Policy {
                    effective_at: entry.effective_at,
                    parameters: set.parameters.clone(),
                    policy: set.policy.to_string(),
                    seq: entry.seq,
                });
            }
            Event::EntryApproved(approved) => {
                let key = self.person(&entry.actor).and_then(|person| person.key.as_deref());
                let signed =
                    key.zip(approved.signature.as_deref()).is_some_and(|(key, signature)| has_signed(key, approved.hash, signature));
                let vouched = signed && self.is_vouched_for(&entry.actor);
                self.approvals.push(Approval { by: entry.actor.clone(), entry: approved.entry, seq: entry.seq, signed, vouched });
            }
            Event::TemplateSaved(saved) => self.templates.push(Template {
                fields: saved.fields.clone(),
                kind: saved.kind.clone(),
                name: saved.template.to_string(),
                seq: entry.seq,
            }),
            Event::EntryConfirmed(confirmed) => {
                self.confirmed.entry(confirmed.entry).or_insert(entry.seq);
            }
            // What takes the place of a corrected one waits again.
            Event::ShortfallInvoiced(_) if entry.event == *event && !entry.is_by_hand() => {
                self.confirmed.insert(entry.seq, entry.seq);
            }
            Event::BalanceBroughtForward(_) | Event::InvoiceIssued(_) => {
                self.hands.push(Hand { event: event.clone(), seq: entry.seq });
            }
            _ => (),
        }
    }
}

impl Referred {
    /// Whether an intent says what this entry says. What an acceptance left open, and all but the id of a drafted offer's release, was
    /// filled in when it was decided on.
    fn says(&self, event: &Event) -> bool {
        let Ok(recorded) = serde_json::from_str::<Event>(&self.event) else { return false };
        match (event, &recorded) {
            (Event::AgreementAccepted(told), Event::AgreementAccepted(known)) => {
                let mut filled = known.clone();
                crate::projection::records::lay(&mut filled, told);
                filled == *known
            }
            (Event::OfferReleased(told), Event::OfferReleased(known)) => {
                told == known || **told == crate::event::offer::OfferTerms::of(known.offer.clone())
            }
            (told, known) => told == known,
        }
    }
}

impl Projection for Book {
    fn name(&self) -> &'static str {
        "book"
    }

    fn version(&self) -> u32 {
        5
    }

    fn evolve(&mut self, entry: &Entry) {
        if entry.source.as_ref().is_some_and(|source| source.import.is_some()) {
            match &entry.event {
                Event::SourceRestated(restated) => self.row_came(restated.replaces, entry.seq),
                event if !self.hands.is_empty() => self.detail_came(event, entry.seq),
                _ => (),
            }
            return;
        }
        if !matches!(entry.event, Event::LedgerOpened(_) | Event::SourceImported(_)) {
            self.own.push(Own { actor: entry.actor.clone(), seq: entry.seq });
        }
        if let Some(source) = entry.source.as_ref().filter(|_| entry.is_by_hand()) {
            let event = String::from_utf8(crate::event::encode(&entry.event)).unwrap_or_default();
            let (effective_at, reference) = (entry.effective_at, source.id.clone());
            self.references.push(Referred { effective_at, event, reference, seq: entry.seq });
        }
        match &entry.event {
            Event::EntryCorrected(corrected) => {
                self.corrected.insert(corrected.entry, entry.seq);
                if let Some(replacement) = &corrected.replacement {
                    self.take(replacement, entry);
                }
            }
            event => self.take(event, entry),
        }
    }

    fn save(&self) -> Vec<u8> {
        json_of(self)
    }

    fn load(&mut self, bytes: &[u8]) -> bool {
        load_json(self, bytes)
    }

    fn totals(&self) -> Vec<(String, String)> {
        let count = |name: &str, count: usize| (name.to_owned(), count.to_string());
        vec![
            count("approvals", self.approvals.len()),
            count("entries of ours", self.own.len()),
            count("people", self.people.len()),
            count("policies", self.policies.len()),
        ]
    }
}
