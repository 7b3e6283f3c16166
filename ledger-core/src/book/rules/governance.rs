//! People, approvals, corrections, templates.

use super::Breaches;
use crate::book::decide::Setting;
use crate::book::{has_signed, key_of};
use crate::event::catalogue::TemplateSaved;
use crate::event::governance::{EntryApproved, EntryCorrected, PersonRegistered, RateSet};
use crate::event::{Event, Source};
use crate::id::Actor;
use crate::problem::Code;

pub(in crate::book) fn registered(setting: &Setting<'_>, told: &PersonRegistered, breaches: &mut Breaches) {
    if setting.book.person(&told.person).is_some() {
        let cure = "correct the entry that registered the person";
        breaches.add(Code::E0408, "person", told.person.as_str(), "the person is registered already", cure);
    }
    let name = told.person.as_str();
    if name.len() > 64 || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._@+-".contains(&byte)) {
        let cure = "letters and digits, and . _ @ + - between them: nobody looks like somebody else";
        breaches.add(Code::E0204, "person", name, "it is no name that tells one person from another", cure);
    }
    let Some(key) = &told.key else { return };
    if key_of(key).is_none() {
        breaches.add(Code::E0405, "key", key, "it is no Ed25519 key: 32 bytes in base64", "dealbook keygen prints one");
    }
    let theirs = |other: &&crate::book::Person| {
        other.key.as_ref() == Some(key) && other.person != told.person && !setting.book.corrected.contains_key(&other.seq)
    };
    if let Some(other) = setting.book.people.iter().find(theirs) {
        let why = format!("it is the key of `{}`: two people would sign as one", other.person);
        breaches.add(Code::E0401, "key", key, why, "every person has a key of their own: dealbook keygen");
    }
}

/// Whether the approval is signed; nothing when it is refused.
pub(in crate::book) fn approval(setting: &Setting<'_>, approval: &EntryApproved, by: &Actor, breaches: &mut Breaches) -> Option<bool> {
    let name = format!("#{}", approval.entry);
    let Some((entry, hash)) = setting.subject.filter(|(entry, _)| entry.seq == approval.entry) else {
        breaches.add(Code::E0407, "entry", name, "the ledger does not go as far", "dealbook log");
        return None;
    };
    if hash != approval.hash {
        breaches.add(
            Code::E0405,
            "hash",
            approval.hash.to_string(),
            format!("the hash of {name} is {hash}"),
            "approve the entry that stands",
        );
    }
    if entry.actor == *by {
        let why = format!("`{by}` recorded {name}");
        breaches.add(Code::E0403, "entry", name.clone(), why, "somebody else approves it");
    }
    if let Some(why) = super::offer::not_approvable(setting, entry) {
        breaches.add(Code::E0408, "entry", name.clone(), why, "approve what stands now: dealbook log type:offer");
    }
    if let Some(why) = super::money::not_approvable(setting, entry) {
        breaches.add(Code::E0408, "entry", name.clone(), why, "nothing is left to do");
    }
    if setting.book.approvals(approval.entry).any(|known| known.by == *by && (known.signed || approval.signature.is_none())) {
        breaches.add(Code::E0408, "entry", name, format!("`{by}` has approved it already"), "nothing is left to do");
    }
    let Some(signature) = &approval.signature else { return Some(false) };
    match setting.book.person(by).map(|person| person.key.as_deref()) {
        None => breaches.add(Code::E0406, "actor", by.as_str(), "no entry registers this person", "dealbook record person.registered"),
        Some(None) => breaches.add(Code::E0406, "actor", by.as_str(), "the person is registered without a key", "register the key"),
        Some(Some(key)) if !has_signed(key, hash, signature) => {
            breaches.add(Code::E0405, "signature", signature, format!("it is not made with the key of `{by}`"), "sign with --key FILE");
        }
        Some(Some(_)) => (),
    }
    Some(true)
}

pub(in crate::book) fn corrected(setting: &Setting<'_>, told: &EntryCorrected, by: &Actor, breaches: &mut Breaches) {
    let name = format!("#{}", told.entry);
    if told.reason.trim().is_empty() {
        breaches.add(Code::E0102, "reason", "", "a correction says why", "--reason TEXT");
    }
    let Some((entry, _)) = setting.subject.filter(|(entry, _)| entry.seq == told.entry) else {
        return breaches.add(Code::E0407, "entry", name, "the ledger does not go as far", "dealbook log");
    };
    let from_a_feed = entry.source.as_ref().is_some_and(|source: &Source| source.import.is_some());
    match &entry.event {
        _ if setting.book.came.contains_key(&told.entry) => {
            let row = setting.book.came[&told.entry];
            breaches.add(Code::E0419, "entry", name.clone(), format!("its row has come, #{row}, and counts"), "nothing is left to do");
        }
        _ if from_a_feed => {
            breaches.add(Code::E0419, "entry", name.clone(), "a feed said it", "import the feed again when AWS has restated it");
        }
        Event::LedgerOpened(_) | Event::SourceImported(_) | Event::EntryApproved(_) | Event::EntryConfirmed(_) | Event::KeyRotated(_) => {
            breaches.add(Code::E0419, "entry", name.clone(), "it is about the ledger itself", "it stands as it was recorded");
        }
        Event::PeriodClosed(_) | Event::CloseRestated(_) => {
            breaches.add(
                Code::E0419,
                "entry",
                name.clone(),
                "a close is not opened again",
                "dealbook close PERIOD --revision supersedes it",
            );
        }
        Event::EntryCorrected(before) if told.replacement.is_none() && before.replacement.is_none() => {
            breaches.add(Code::E0419, "entry", name.clone(), "it takes an entry back already", "record again what is to stand");
        }
        Event::OfferRejected(_) if entry.actor != *by => {
            let why = format!("`{}` rejected it", entry.actor);
            breaches.add(Code::E0419, "entry", name.clone(), why, "whoever rejected an offer takes that back; or draft it anew");
        }
        _ => (),
    }
    // A correction that still waits for its second person stands in nobody's way.
    let governs = matches!(entry.event, Event::PolicySet(_) | Event::PersonRegistered(_));
    if setting.book.corrected.get(&told.entry).is_some_and(|by| !governs || setting.book.stands(*by)) {
        breaches.add(Code::E0419, "entry", name.clone(), "it was corrected already", "correct the correction");
    }
    if let Some(replacement) = &told.replacement {
        let was = match &entry.event {
            Event::EntryCorrected(before) => before.replacement.as_ref().map(Event::type_name),
            event => Some(event.type_name()),
        };
        if was.is_some_and(|was| was != replacement.type_name()) {
            let why = format!("{name} is `{}`", was.unwrap_or_default());
            breaches.add(Code::E0419, "type", replacement.type_name(), why, "take the entry back, and record the other one");
        }
    }
}

pub(in crate::book) fn rate(rate: &RateSet, breaches: &mut Breaches) {
    for (field, currency) in [("base", rate.base), ("quote", rate.quote)] {
        if !currency.is_listed() {
            breaches.add(Code::E0205, field, currency.as_str(), "ISO 4217 does not list it", "check the three letters");
        }
    }
    if rate.base == rate.quote {
        breaches.add(Code::E0401, "quote", rate.quote.as_str(), "it is the base as well", "a rate stands between two currencies");
    }
    if rate.rate.is_zero() || rate.rate.is_negative() {
        breaches.add(Code::E0401, "rate", rate.rate.to_string(), "a rate is above zero", "how much of `quote` one of `base` is worth");
    }
}

pub(in crate::book) fn template(saved: &TemplateSaved, breaches: &mut Breaches) {
    breaches.one_of("kind", Some(&saved.kind), &["eula", "pricing", "schedule", "approval"]);
    if saved.kind == "approval" {
        return;
    }
    let known = crate::schema::field_names("offer.drafted");
    for field in saved.fields.keys().filter(|field| !known.contains(field) || field.as_str() == "offer") {
        breaches.add(Code::E0103, &format!("fields.{field}"), field, "an offer has no such field", "dealbook schema offer.drafted");
    }
}
