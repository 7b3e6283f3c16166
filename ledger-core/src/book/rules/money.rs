//! Money that is recorded by hand: what AWS said before its row came, and balances from before the ledger began. It counts once a second person
//! has signed it, and whoever else the policy asks for.

use std::collections::BTreeSet;

use super::Breaches;
use crate::book::Book;
use crate::book::decide::Setting;
use crate::book::policy::{money_approvals, threshold};
use crate::event::governance::BalanceBroughtForward;
use crate::event::{Entry, Event, Source};
use crate::feed::{event_of_row, fingerprint};
use crate::id::Actor;
use crate::money::{Amount, Currency};
use crate::problem::Code;
use crate::time::Instant;

/// Whose money an event is about, and how much; nothing for others.
pub(in crate::book) fn money_in(event: &Event) -> Option<(Amount, Currency)> {
    match event {
        Event::BalanceBroughtForward(balance) => Some((balance.amount, balance.currency)),
        Event::CreditGranted(credit) => Some((credit.amount, credit.currency)),
        Event::CreditApplied(credit) => Some((credit.amount, credit.currency)),
        Event::CreditRevoked(credit) => Some((credit.amount, credit.currency)),
        Event::CreditPassedOn(credit) => Some((credit.amount, credit.currency)),
        Event::ShortfallInvoiced(told) => Some((told.amount, told.currency)),
        Event::EntryCorrected(corrected) => money_in(corrected.replacement.as_ref()?),
        event => event.billing().map(|row| (row.amount, row.currency)),
    }
}

/// A row of the billing feed that somebody has on paper and that has not come yet.
pub(in crate::book) fn row_by_hand(setting: &Setting<'_>, event: &Event, source: Option<&Source>, breaches: &mut Breaches) {
    let (Some(row), name) = (event.billing(), event.type_name()) else { return };
    let Some(source) = source.filter(|source| source.document.is_some()) else {
        let cure = "record it from what AWS sent: --document FILE --awaits billing_event:ACCOUNT:ID";
        return breaches.add(Code::E0418, "type", name, "AWS says this, and a feed alone brings it here", cure);
    };
    let whose = row.recipient.as_str();
    let mut parts = source.id.splitn(3, ':');
    let awaited = (parts.next(), parts.next(), parts.next());
    match awaited {
        (Some("billing_event"), Some(account), Some(id)) if account == whose && !id.is_empty() => (),
        (Some("billing_event"), Some(account), _) => {
            let why = format!("its row stands in the feed of `{whose}`, and this awaits one of `{account}`");
            breaches.add(Code::E0418, "awaits", &source.id, why, format!("--awaits billing_event:{whose}:ID"));
        }
        _ => {
            let why = "a row of the billing feed will say this one day, and takes its place";
            breaches.add(Code::E0418, "awaits", &source.id, why, format!("--awaits billing_event:{whose}:ID"));
        }
    }
    if setting.known.is_some_and(|known| !known.versions(fingerprint(source.id.as_bytes())).is_empty()) {
        breaches.add(Code::E0408, "awaits", &source.id, "the row has come already", format!("dealbook trace {}", source.id));
    }
    if let (Event::InvoiceIssued(_), Some((balance, seq))) =
        (event, setting.book.openings().find(|(balance, _)| balance.is_detailed_by(row)))
    {
        let why = format!("#{seq} brings it forward as an opening balance");
        breaches.add(Code::E0408, "invoice", balance.item.as_str(), why, format!("dealbook correct {seq}"));
    }
    breaches.currency(Some(row.currency));
    if !row.transaction_type.is_known() {
        let cure = "as AWS writes it: SELLER_REV_SHARE, AWS_REV_SHARE, DISBURSEMENT, …";
        breaches.add(Code::E0203, "transaction_type", row.transaction_type.as_str(), "this program knows none of that name", cure);
    }
    let meant = event_of_row(name, row);
    if let Some(meant) = meant.filter(|meant| *meant != name) {
        let why = format!("a row of type {} is `{meant}`", row.transaction_type);
        breaches.add(Code::E0401, "type", name, why, format!("dealbook record {meant}"));
    }
    if !row.extra.is_empty() {
        breaches.for_the_feed(&[("extra", true)]);
    }
}

/// A balance from before the ledger began.
pub(in crate::book) fn brought_forward(
    setting: &Setting<'_>,
    told: &BalanceBroughtForward,
    source: Option<&Source>,
    at: Instant,
    breaches: &mut Breaches,
) {
    if let Some((_, seq)) = setting.book.openings().find(|(other, _)| other.is_of(told)) {
        let why = format!("#{seq} brings it forward already");
        breaches.add(Code::E0408, "item", told.item.as_str(), why, format!("dealbook correct {seq}"));
    }
    if let Some((_, seq)) = setting.book.invoices_by_hand().find(|(row, _)| told.is_detailed_by(row)) {
        let why = format!("#{seq} records its invoice, and awaits the row");
        breaches.add(Code::E0408, "item", told.item.as_str(), why, format!("dealbook correct {seq}"));
    }
    if told.kind == "grant" && setting.programmes.at(setting.view).names_credit(told.item.as_str()) {
        let cure = "dealbook show incentives; correct the entry that granted it";
        breaches.add(Code::E0408, "item", told.item.as_str(), "a credit of this id is recorded already", cure);
    }
    if setting.now < told.cut_over {
        let why = "the ledger does not account for it before, and that day has not come";
        breaches.add(Code::E0415, "cut_over", told.cut_over.to_string(), why, "a cut-over lies behind us");
    }
    breaches.one_of("kind", Some(&told.kind), &["receivable", "commitment", "grant"]);
    breaches.currency(Some(told.currency));
    if told.kind != "commitment" {
        breaches.payable("amount", Some(Amount::from_units(told.amount.units().abs())), Some(told.currency));
    }
    match source.and_then(|source| source.document) {
        None => breaches.add(Code::E0102, "document", "", "an opening balance has a document that shows it", "--document FILE"),
        Some(document) if document != told.document => {
            let why = format!("the document it is recorded from is {document}");
            breaches.add(Code::E0401, "document", told.document.to_string(), why, "leave `document` out of the value");
        }
        Some(_) => (),
    }
    if told.kind != "receivable" {
        breaches.only_for(
            "receivable",
            &[
                ("line", told.line.is_some()),
                ("due", told.due.is_some() && told.kind != "grant"),
                ("invoice_date", told.invoice_date.is_some()),
                ("agreement", told.agreement.is_some()),
            ],
        );
    }
    if told.kind == "commitment" {
        super::commitment::opened(setting, told, breaches);
    } else {
        let given = [
            ("carried", told.carried.is_some()),
            ("marketplace", told.marketplace.is_some()),
            ("marketplace_before", told.marketplace_before.is_some()),
        ];
        breaches.only_for("commitment", &given);
    }
    if at < told.cut_over {
        let why = format!("the ledger accounts for it from {}", told.cut_over);
        breaches.add(Code::E0415, "effective", at.to_string(), why, "an opening balance is true at its cut-over, or later");
    }
}

/// The roles that must still approve money that was recorded by hand, given one more approval that is about to be recorded; `second person` stands
/// for anybody who is registered and did not record it. Nothing when it counts.
pub(in crate::book) fn missing(
    setting: &Setting<'_>,
    event: &Event,
    entry: u64,
    recorder: &Actor,
    with: Option<&Actor>,
) -> Option<BTreeSet<String>> {
    let book = setting.book;
    let (amount, currency) = money_in(event)?;
    let signed = book.approvals(entry).filter(|approval| approval.signed).map(|approval| &approval.by);
    let people: BTreeSet<&Actor> = signed.chain(with).filter(|by| *by != recorder && book.is_vouched_for(by)).collect();
    let mut missing = roles_asked(book, amount, currency, setting.now);
    if let Some(missing) = &mut missing {
        for by in &people {
            let roles = book.person(by).map(|person| person.roles.clone()).unwrap_or_default();
            roles.iter().for_each(|role| {
                missing.remove(role);
            });
        }
    }
    // Two people see money before it counts, whatever the policy says.
    let mut missing = missing.unwrap_or_default();
    if people.is_empty() {
        missing.insert(SECOND_PERSON.to_owned());
    }
    Some(missing)
}

const SECOND_PERSON: &str = "second person";

/// The roles that the policy asks for an amount; nothing when there is no policy.
fn roles_asked(book: &Book, amount: Amount, currency: Currency, now: Instant) -> Option<BTreeSet<String>> {
    let policy = book.policy(money_approvals::NAME, now)?;
    let steps: Vec<_> = policy.parameters.iter().filter_map(|(step, roles)| Some((threshold(step)?, roles))).collect();
    // In a currency for which nothing is said, everybody is asked.
    let named = steps.iter().any(|((of, _), _)| *of == currency);
    let amount = amount.units().abs();
    let asking = steps.into_iter().filter(|((of, from), _)| !named || (*of == currency && amount >= from.units()));
    Some(asking.flat_map(|(_, roles)| roles.split(',').map(|role| role.trim().to_owned())).collect())
}

/// Why approving an entry would approve nothing, when it is about money.
pub(super) fn not_approvable(setting: &Setting<'_>, entry: &Entry) -> Option<String> {
    money_in(&entry.event)?;
    if entry.source.as_ref().is_some_and(|source| source.import.is_some()) {
        Some("a feed said it, and it counts".to_owned())
    } else if let Some(by) = setting.book.corrected.get(&entry.seq) {
        Some(format!("it was corrected by #{by}"))
    } else if setting.book.confirmed.contains_key(&entry.seq) {
        Some("it has all its approvals, and counts".to_owned())
    } else {
        setting.book.came.get(&entry.seq).map(|row| format!("its row has come: #{row}"))
    }
}
