//! What can be told of any event without knowing its type: what it is about, whose it is, how much, and the texts that query words look at.

use std::collections::BTreeMap;

use ledger_core::book::Book;
use ledger_core::event::{Entry, Event};
use ledger_core::id::AccountId;
use ledger_core::projection::closing::{Closing, Shuts, dated};
use ledger_core::projection::records::View;
use ledger_core::report::Cell;
use ledger_core::time::Instant;
use serde_json::Value;

use crate::ask::Key;

/// What an event says, by field.
pub(crate) struct Facts {
    value: Value,
}

/// The fields that say what an event is about, the nearest first.
const SUBJECTS: &[&str] = &[
    "commitment",
    "credit",
    "application",
    "opportunity",
    "invoice",
    "agreement",
    "offer",
    "authorization",
    "product",
    "account",
    "address",
    "legacy",
    "file",
    "usage",
    "item",
    "policy",
    "template",
    "programme",
    "person",
    "payer",
    "name",
    "entry",
    "id",
    "month",
];

impl Facts {
    /// What the event of an entry says; of a restatement and of a correction, what it says now.
    pub(crate) fn of(event: &Event) -> Self {
        let inner = match event {
            Event::SourceRestated(restated) => &restated.entry,
            Event::EntryCorrected(corrected) => corrected.replacement.as_ref().unwrap_or(event),
            event => event,
        };
        let mut value = serde_json::to_value(inner).unwrap_or_default();
        Self { value: value.get_mut("value").map(Value::take).unwrap_or_default() }
    }

    /// A field that is a text.
    pub(super) fn text(&self, field: &str) -> Option<&str> {
        self.value.get(field)?.as_str()
    }

    /// What it is about.
    pub(super) fn subject(&self, entry: &Entry) -> Cell {
        Cell::or_empty(self.name().or_else(|| own_id(entry).map(str::to_owned)), Cell::Text)
    }

    /// The name of what it is about, when it says one.
    pub(crate) fn name(&self) -> Option<String> {
        SUBJECTS.iter().find_map(|field| match self.value.get(field)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(seq) => Some(format!("#{seq}")),
            _ => None,
        })
    }

    /// Whose it is: whose feed says so, or who stands in it.
    pub(super) fn party(&self) -> Cell {
        let found = ["recipient", "party", "seller", "grantor", "proposer", "person", "holder", "beneficiary"]
            .iter()
            .find_map(|field| self.text(field));
        Cell::or_empty(found, Cell::text)
    }

    /// How much, in the currency that stands beside it. A `value` without one is no amount: it is whom an offer is targeted at.
    pub(super) fn amount(&self) -> Cell {
        let value = self.text("currency").and(self.text("value"));
        let told = [self.text("amount"), value, self.text("estimated_revenue")];
        Cell::or_empty(told.into_iter().flatten().find_map(|text| text.parse().ok()), Cell::Amount)
    }

    /// The currency of the amount.
    pub(super) fn currency(&self) -> Cell {
        Cell::or_empty(self.text("currency"), Cell::text)
    }

    /// Every field with its text, those inside of others by their path.
    pub(super) fn fields(&self) -> Vec<(String, String)> {
        let mut fields = Vec::new();
        walk(&self.value, &mut String::new(), &mut fields);
        fields
    }
}

/// The id of the row itself, out of its natural key: `<feed>:<recipient>:<id>[@<valid_from>]`.
pub(super) fn own_id(entry: &Entry) -> Option<&str> {
    let id = entry.source.as_ref()?.id.splitn(3, ':').nth(2)?;
    Some(id.split_once('@').map_or(id, |(id, _)| id))
}

/// Every field inside a value with its text, by its path.
pub(super) fn walk(value: &Value, path: &mut String, fields: &mut Vec<(String, String)>) {
    let mut inside = |name: &str, value: &Value| {
        let length = path.len();
        if length > 0 {
            path.push('.');
        }
        path.push_str(name);
        walk(value, path, fields);
        path.truncate(length);
    };
    match value {
        Value::Object(members) => members.iter().for_each(|(name, value)| inside(name, value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(at, value)| inside(&(at + 1).to_string(), value)),
        Value::String(text) => fields.push((path.clone(), text.clone())),
        Value::Null => (),
        other => fields.push((path.clone(), other.to_string())),
    }
}

/// The fields that a query word looks at.
fn fields_of(key: Key) -> &'static [&'static str] {
    match key {
        Key::Any | Key::Type | Key::Origin | Key::Actor | Key::Approver | Key::Corrected | Key::AfterClose | Key::Backdated => &[],
        Key::Buyer => &["acceptor", "acceptor_account", "counterparty", "end_user", "payer", "buyer", "taxed_account"],
        Key::Party => &[
            "recipient",
            "recipient_account",
            "seller",
            "seller_account",
            "proposer",
            "proposer_account",
            "manufacturer",
            "party",
            "holder",
            "beneficiary",
        ],
        Key::Product => &["product"],
        Key::Offer => &["offer"],
        Key::Agreement => &["agreement", "preceding", "renews", "replaces"],
        Key::Invoice => &["invoice", "buyer_invoice"],
        Key::Currency => &["currency", "disbursement_currency"],
        Key::Status => &["status"],
        Key::Reference => &["crm", "reference"],
        Key::CostCentre => &["cost_centre"],
    }
}

/// Names of accounts and products as the records tell them, each looked up once.
pub(super) struct Lookup<'a> {
    view: View<'a>,
    book: &'a Book,
    shuts: Shuts,
    names: BTreeMap<(String, String), Vec<String>>,
}

impl<'a> Lookup<'a> {
    /// Looks names up in this view.
    pub(super) fn new(view: View<'a>, book: &'a Book, closing: &Closing) -> Self {
        let shuts = closing.shuts(book, view.basis().known_at);
        Self { view, book, shuts, names: BTreeMap::new() }
    }

    /// What an id that stands in a recipient's feeds is called: its AWS account and its name, or its title.
    fn names(&mut self, recipient: &str, id: &str) -> &[String] {
        let view = &self.view;
        self.names.entry((recipient.to_owned(), id.to_owned())).or_insert_with(|| {
            let own: Option<AccountId> = id.parse().ok();
            let told = || view.account_of(recipient.parse().ok()?, &id.parse().ok()?);
            let account = own.or_else(told);
            let name = account.and_then(|account| view.name_of(account));
            let title = id.starts_with("prod-").then(|| view.title_of(&id.parse().ok()?, None)).flatten();
            account.map(|account| account.to_string()).into_iter().chain(name).chain(title).collect()
        })
    }

    /// The texts that a query word looks at.
    pub(super) fn texts(&mut self, entry: &Entry, facts: &Facts, key: Key) -> Vec<String> {
        let recipient = facts.text("recipient").unwrap_or_default();
        let known_at = self.view.basis().known_at;
        let yes = |holds: bool| vec![if holds { "yes" } else { "no" }.to_owned()];
        match key {
            Key::Type => return types(entry),
            Key::Actor => return vec![entry.actor.to_string()],
            Key::Origin => return vec![origin(entry).to_owned()],
            Key::Approver => {
                let approvals = self.book.approvals(entry.seq).filter(|approval| approval.seq <= known_at);
                return approvals.map(|approval| approval.by.to_string()).collect();
            }
            Key::Corrected => return yes(self.book.corrected_by(entry.seq).is_some_and(|by| by <= known_at)),
            Key::AfterClose => {
                let passed = self.shuts.passed(dated(entry), entry.seq);
                let months: Vec<String> =
                    passed.map(|shut| Instant::from_micros(shut.until.micros() - 1).to_string()[..7].to_owned()).collect();
                let is_after = !months.is_empty();
                return months.into_iter().chain(yes(is_after)).collect();
            }
            Key::Backdated => return yes(origin(entry) == MANUAL && entry.effective_at.day() < entry.recorded_at.day()),
            _ => (),
        }
        let fields = facts.fields();
        let wanted = fields.into_iter().filter(|(path, _)| key == Key::Any || fields_of(key).contains(&path.as_str()));
        let mut texts: Vec<String> = Vec::new();
        for (_, text) in wanted {
            texts.extend(self.names(recipient, &text).iter().cloned());
            texts.push(text);
        }
        if key == Key::Any {
            texts.extend(types(entry));
            texts.extend(entry.source.as_ref().map(|source| source.id.clone()));
            texts.push(entry.actor.to_string());
        }
        texts
    }
}

const MANUAL: &str = "manual";

/// Where an entry came from: a file, a person, or the ledger itself, which says what it did.
fn origin(entry: &Entry) -> &'static str {
    match &entry.event {
        Event::LedgerOpened(_) | Event::SourceImported(_) | Event::EntryConfirmed(_) => "ledger",
        _ if entry.source.as_ref().is_some_and(|source| source.import.is_some()) => "feed",
        _ => MANUAL,
    }
}

fn types(entry: &Entry) -> Vec<String> {
    let inner = match &entry.event {
        Event::SourceRestated(restated) => Some(restated.entry.type_name()),
        _ => None,
    };
    std::iter::once(entry.event.type_name()).chain(inner).map(str::to_owned).collect()
}
