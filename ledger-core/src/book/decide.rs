//! What an intent of ours adds, or why it is refused.

use std::collections::BTreeSet;

use super::rules::{self, Breaches};
use super::{Book, SCHEDULE, policy};
use crate::canonical::LARGEST;
use crate::chain::Hash;
use crate::event::agreement::{AgreementEnded, AgreementTerms, ChargeScheduled, Status};
use crate::event::governance::{EntryConfirmed, EntryCorrected};
use crate::event::offer::{OfferStep, OfferTerms};
use crate::event::{Draft, Entry, Event, LONGEST_EVENT, Source};
use crate::id::{AccountId, Actor, AgreementId, ProductId};
use crate::privacy::{self, Shape};
use crate::problem::{Code, Problem};
use crate::projection::known::Known;
use crate::projection::programmes::{Incentives, Programmes};
use crate::projection::records::{Records, Standing, View};
use crate::time::{Basis, Instant};

/// What a decision rests on: everything that is recorded.
pub struct Setting<'a> {
    /// People, approvals, policies, references.
    pub book: &'a Book,
    /// The deals.
    pub view: &'a View<'a>,
    /// Programmes and credits.
    pub programmes: &'a Programmes,
    /// The entry that is approved or corrected, and the hash of its line, when the intent is about one.
    pub subject: Option<(&'a Entry, Hash)>,
    /// When it is being recorded: what is dated back does not escape today's policies.
    pub now: Instant,
    /// The rows that have come, where somebody looked.
    pub known: Option<&'a Known>,
}

/// What is decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// These are recorded, all or none.
    Record(Vec<Draft>),
    /// Exactly this was recorded before, under the same reference: at this position.
    Known(u64),
}

/// Decides about an intent.
///
/// # Errors
/// Every rule that it breaks.
pub fn decide(setting: &Setting<'_>, draft: Draft) -> Result<Decision, Vec<Problem>> {
    if let Some(seq) = known(setting, &draft)? {
        return Ok(Decision::Known(seq));
    }
    let mut breaches = Breaches::default();
    let decided = expanded(setting, draft, &mut breaches);
    if let Some(draft) = decided.first() {
        if let Some(source) = draft.source.as_ref().filter(|source| source.id.split(':').count() > 2 && !a_feed_says(&draft.event)) {
            let why = format!("no feed says `{}`", draft.event.type_name());
            breaches.add(Code::E0401, "awaits", &source.id, why, "leave it out; another system's name for the entry is its `ref`");
        }
        fits_a_line(&draft.event, &mut breaches);
        tells_of_nobody(draft, &mut breaches);
    }
    breaches.done()?;
    Ok(Decision::Record(decided))
}

/// What recording an intent would add, if every rule let it. Nothing when it is recorded already.
pub fn supposed(setting: &Setting<'_>, draft: Draft) -> Vec<Draft> {
    match known(setting, &draft) {
        Ok(Some(_)) => Vec::new(),
        _ => expanded(setting, draft, &mut Breaches::default()),
    }
}

/// Where exactly this was recorded before, under the same reference.
fn known(setting: &Setting<'_>, draft: &Draft) -> Result<Option<u64>, Vec<Problem>> {
    let Some(source) = &draft.source else { return Ok(None) };
    let mut known = setting.book.referred(&source.id).peekable();
    // A document may show more than one thing; a reference and a row are one.
    let other = known.peek().map(|known| known.seq).filter(|_| !source.id.starts_with("document:"));
    if let Some(known) = known.find(|known| known.effective_at == draft.effective_at && known.says(&draft.event)) {
        return Ok(Some(known.seq));
    }
    let Some(seq) = other else { return Ok(None) };
    let why = format!("it names #{seq}, which says something else");
    Err(vec![Problem::new(Code::E0421, &source.id, why).cure(format!("dealbook correct {seq}, or another reference"))])
}

/// What an intent comes to, completed, and what follows from it of itself; and every rule that it breaks.
fn expanded(setting: &Setting<'_>, mut draft: Draft, breaches: &mut Breaches) -> Vec<Draft> {
    let document = draft.source.as_ref().and_then(|source| source.document);
    let is_fact = document.is_some();
    let at = draft.effective_at;
    let mut more = Vec::new();
    match &mut draft.event {
        Event::EntryApproved(_) if setting.subject.is_some() => more = approved(setting, &draft, breaches),
        Event::PersonRegistered(person) => rules::registered(setting, person, breaches),
        Event::PolicySet(set) => policy::set(set, breaches),
        Event::RateSet(rate) => rules::rate(rate, breaches),
        Event::TemplateSaved(template) => rules::template(template, breaches),
        Event::ProductDesignated(_) => (),
        Event::AuthorizationGranted(granted) => rules::granted(setting, granted, at, breaches),
        Event::AuthorizationRestricted(restricted) => rules::restricted(setting, restricted, breaches),
        Event::OfferDrafted(terms) => rules::drafted(setting, terms, at, breaches),
        Event::OfferSubmitted(step) => rules::submitted(setting, step, at, breaches),
        Event::OfferRejected(step) => rules::rejected(setting, step, &draft.actor, breaches),
        Event::OfferReleased(terms) => rules::released(setting, terms, at, breaches),
        Event::OfferWithdrawn(step) => rules::withdrawn(setting, step, at, breaches),
        Event::OfferAvailabilityChanged(change) => rules::availability(setting, change, at, breaches),
        Event::AgreementAccepted(terms) => {
            if let Some(offer) = rules::accepted(setting, terms, at, is_fact, breaches) {
                more = acceptance(setting, terms, &offer, &draft.actor, at);
            }
        }
        Event::AgreementAmended(terms) => rules::amended(setting, terms, at, is_fact, breaches),
        Event::OfferSetDescribed(set) => rules::offer_set(setting, set, false, breaches),
        Event::OfferSetReleased(set) => rules::offer_set(setting, set, true, breaches),
        Event::CancellationRequested(asked) => rules::requested(setting, asked, at, is_fact, breaches),
        Event::CancellationAnswered(told) => rules::answered(setting, told, at, breaches),
        Event::AgreementEnded(ended) => rules::ended(setting, ended, at, is_fact, breaches),
        Event::OfferApproved(step) => breaches.add(
            Code::E0401,
            "offer",
            step.offer.as_str(),
            "an offer is approved by approving the entry that drafted or submitted it",
            "dealbook approve N --key FILE",
        ),
        Event::CommitmentSigned(terms) => rules::commitment::signed(setting, terms, breaches),
        Event::CommitmentAmended(terms) => rules::commitment::amended(setting, terms, at, breaches),
        Event::CommitmentStatement(told) => {
            rules::commitment::statement(setting, told, draft.source.as_ref().and_then(|source| source.document), breaches);
        }
        Event::ShortfallInvoiced(told) => rules::commitment::shortfall(setting, told, is_fact, breaches),
        Event::SpendRecorded(told) => rules::commitment::spend(told, is_fact, breaches),
        Event::ProgrammeDefined(it) => rules::programme::defined(setting, it, document, at, breaches),
        Event::EnrolmentGranted(it) => rules::programme::enrolled(it, document, at, breaches),
        Event::OpportunityRegistered(it) => rules::programme::opportunity(setting, it, at, is_fact, breaches),
        Event::WorkBegan(it) => rules::programme::work(setting, it, at, breaches),
        Event::BenefitApplied(it) => rules::programme::applied(setting, it, is_fact, at, breaches),
        Event::ArrStated(it) => rules::programme::arr(it, document, breaches),
        Event::BenefitReviewed(it) => rules::programme::reviewed(setting, it, document, at, breaches),
        Event::CreditGranted(it) => rules::programme::granted_credit(setting, it, document, at, breaches),
        Event::CreditApplied(it) => rules::programme::applied_credit(setting, it, document, breaches),
        Event::CreditPassedOn(it) => rules::programme::passed_on(setting, it, at, breaches),
        Event::CreditRevoked(it) => rules::programme::revoked(setting, it, document, at, breaches),
        Event::CreditSplit(it) => rules::programme::split(setting, it, at, is_fact, breaches),
        Event::CreditTransferred(it) => rules::programme::transferred(setting, it, at, is_fact, breaches),
        Event::QuotaRetired(it) => rules::programme::quota(it, document, breaches),
        Event::BalanceBroughtForward(balance) => rules::brought_forward(setting, balance, draft.source.as_ref(), at, breaches),
        Event::BalanceConfirmed(told) => rules::confirmed(told, document, at, breaches),
        event if event.billing().is_some() => rules::row_by_hand(setting, event, draft.source.as_ref(), breaches),
        event => refuse(event, is_fact, breaches),
    }
    let mut all = vec![draft];
    all.extend(more);
    all
}

/// Whether a row of a feed may say the same one day.
fn a_feed_says(event: &Event) -> bool {
    event.billing().is_some()
        || matches!(
            event,
            Event::PartyRegistered(_)
                | Event::PartyLocated(_)
                | Event::ProductListed(_)
                | Event::IdMapped(_)
                | Event::OfferReleased(_)
                | Event::OfferProductAdded(_)
                | Event::OfferTargeted(_)
                | Event::AgreementAccepted(_)
                | Event::AgreementAmended(_)
                | Event::AgreementEnded(_)
                | Event::AgreementRevised(_)
                | Event::TermRecorded(_)
                | Event::ChargeScheduled(_)
                | Event::UsageMetered(_)
                | Event::TaxItemised(_)
        )
}

/// What a line can hold: so much, and under keys whose order nobody disputes.
fn fits_a_line(event: &Event, breaches: &mut Breaches) {
    fn strange(value: &serde_json::Value) -> Option<&str> {
        let plain = |key: &&String| !key.is_empty() && key.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        match value {
            serde_json::Value::Object(members) => {
                members.keys().find(|key| !plain(key)).map(String::as_str).or_else(|| members.values().find_map(strange))
            }
            serde_json::Value::Array(items) => items.iter().find_map(strange),
            _ => None,
        }
    }
    fn largest(value: &serde_json::Value) -> u64 {
        match value {
            serde_json::Value::Object(members) => members.values().map(largest).max().unwrap_or(0),
            serde_json::Value::Array(items) => items.iter().map(largest).max().unwrap_or(0),
            other => other.as_u64().unwrap_or(0),
        }
    }
    let value = serde_json::to_value(event).unwrap_or_default();
    let number = largest(&value);
    if number > LARGEST {
        breaches.add(Code::E0202, "value", number.to_string(), "not every reader of JSON holds so large a number", "a smaller one");
    }
    if let Some(key) = strange(&value) {
        breaches.add(Code::E0103, key, key, "a key has small letters, digits and _", "rename it");
    }
    let length = value.to_string().len();
    if length > LONGEST_EVENT {
        let why = format!("it has {length} bytes, and a line holds {LONGEST_EVENT} of an event");
        breaches.add(Code::E0319, "type", event.type_name(), why, "put what is long into a document, and record its digest");
    }
}

/// A line is never erased: who somebody is does not belong into one. Of that an e-mail address is certain enough to be refused; `check
/// privacy` looks for what is less so.
fn tells_of_nobody(draft: &Draft, breaches: &mut Breaches) {
    let reference = draft.source.as_ref().map(|source| &source.id);
    let told = serde_json::json!({ "actor": draft.actor, "event": draft.event, "ref": reference });
    for sighting in privacy::sightings_in(&told).into_iter().filter(|sighting| sighting.shape == Shape::EMail) {
        let field = sighting.field.trim_start_matches("event.value.").to_owned();
        let cure = "name the person by an id, and keep who that is where it can be erased";
        breaches.add(Code::E0216, &field, sighting.masked, "it looks like an e-mail address, and a line is never erased", cure);
    }
}

/// What nobody records by hand, or not without a document.
fn refuse(event: &Event, is_fact: bool, breaches: &mut Breaches) {
    let name = event.type_name();
    match event {
        Event::LedgerOpened(_) | Event::SourceImported(_) | Event::SourceRestated(_) => {
            breaches.add(Code::E0401, "type", name, "the ledger itself records this", "dealbook import brings what AWS says");
        }
        Event::EntryApproved(_) => {
            breaches.add(Code::E0401, "type", name, "an entry is approved by its number", "dealbook approve N --key FILE");
        }
        Event::EntryCorrected(_) => breaches.add(Code::E0401, "type", name, "an entry is corrected by its number", "dealbook correct N"),
        Event::AuthorizationDescribed(_) => {
            breaches.add(Code::E0401, "type", name, "a document of AWS tells this", "dealbook import, or authorization.granted");
        }
        Event::OfferDescribed(_) => {
            breaches.add(Code::E0401, "type", name, "a document of AWS tells this", "dealbook import, or offer.drafted");
        }
        Event::ReconciliationSealed(_) => {
            breaks_and_closes(name, "dealbook reconcile PERIOD PATH", breaches);
        }
        Event::BreakAssigned(_) | Event::BreakResolved(_) | Event::DifferenceAccepted(_) => {
            breaks_and_closes(name, "dealbook breaks assign, dealbook breaks resolve", breaches);
        }
        Event::PeriodClosed(_) => breaks_and_closes(name, "dealbook close PERIOD", breaches),
        Event::CloseRestated(_) => breaks_and_closes(name, "dealbook close PERIOD --restate", breaches),
        Event::OfferProductAdded(_) | Event::OfferTargeted(_) => breaches.add(
            Code::E0401,
            "type",
            name,
            "an offer of ours says itself what is offered and to whom",
            "give `products` and `buyers` with the offer",
        ),
        Event::KeyRotated(_) => {
            breaches.add(Code::E0401, "type", name, "both keys sign this", "dealbook checkpoint --rotate NEW --key OLD");
        }
        Event::EntryConfirmed(_) => {
            breaches.add(Code::E0401, "type", name, "the last approval that is missing does this", "dealbook approve N --key FILE");
        }
        _ if is_fact => (),
        _ => breaches.add(Code::E0418, "type", name, "AWS says this, in a feed", "dealbook import, or the document: --document FILE"),
    }
}

/// What only its own verb records, because it holds it against what is there.
fn breaks_and_closes(name: &str, verb: &str, breaches: &mut Breaches) {
    breaches.add(Code::E0401, "type", name, "a verb of its own records this", verb);
}

/// What follows from an approval: an offer that has all the approvals that its value asks for is approved.
fn approved(setting: &Setting<'_>, draft: &Draft, breaches: &mut Breaches) -> Vec<Draft> {
    let Event::EntryApproved(approval) = &draft.event else { return Vec::new() };
    let Some(signed) = rules::approval(setting, approval, &draft.actor, breaches) else { return Vec::new() };
    if let Some((entry, _)) = setting.subject
        && let Some(missing) = rules::missing_for_money(setting, &entry.event, entry.seq, &entry.actor, signed.then_some(&draft.actor))
    {
        let confirmed = Event::EntryConfirmed(Box::new(EntryConfirmed { entry: entry.seq }));
        return if signed && missing.is_empty() { vec![Draft { event: confirmed, source: None, ..draft.clone() }] } else { Vec::new() };
    }
    let Some(offer) = setting.subject.and_then(|(entry, _)| rules::offer_in(&entry.event)).cloned() else { return Vec::new() };
    if !rules::approvable(setting, &offer).contains(&approval.entry) {
        return Vec::new();
    }
    let Some(terms) = rules::draft_of(setting, &offer) else { return Vec::new() };
    let with = signed.then_some((&draft.actor, approval.entry));
    let missing = rules::missing_approvals(setting, &terms, draft.effective_at, with);
    if !signed || !missing.is_empty() || rules::is_approved(setting, &offer) {
        return Vec::new();
    }
    let step = OfferStep { by: Some(draft.actor.clone()), note: None, offer, role: None };
    vec![Draft { event: Event::OfferApproved(Box::new(step)), source: None, ..draft.clone() }]
}

/// The roles that must still approve the offer that an event drafts or submits, before it is released.
pub fn approvals_needed(setting: &Setting<'_>, event: &Event, at: Instant) -> BTreeSet<String> {
    let offer = match event {
        Event::OfferDrafted(terms) => &terms.offer,
        Event::OfferSubmitted(step) => &step.offer,
        _ => return BTreeSet::new(),
    };
    rules::draft_of(setting, offer).map(|terms| rules::missing_approvals(setting, &terms, at, None)).unwrap_or_default()
}

/// Who must still approve money that was recorded by hand before it counts; nothing when an entry is about no money.
pub fn money_needs(setting: &Setting<'_>, event: &Event, entry: u64, recorder: &Actor) -> Option<BTreeSet<String>> {
    rules::missing_for_money(setting, event, entry, recorder, None)
}

/// What follows from an acceptance: the instalments that are now planned, and the end of the agreement that is renewed or replaced.
fn acceptance(setting: &Setting<'_>, terms: &AgreementTerms, offer: &OfferTerms, actor: &Actor, at: Instant) -> Vec<Draft> {
    let draft = |effective_at, event| Draft { actor: actor.clone(), effective_at, event, source: None };
    let mut more = Vec::new();
    if let Some(currency) = offer.currency
        && let Ok(term) = SCHEDULE.parse::<crate::id::TermId>()
    {
        for instalment in &offer.schedule {
            let charge = ChargeScheduled {
                agreement: terms.agreement.clone(),
                amount: instalment.amount,
                charged_at: instalment.charged_at,
                currency,
                extra: crate::event::Extra::new(),
                recipient: None,
                term: term.clone(),
                valid_from: None,
            };
            more.push(draft(at, Event::ChargeScheduled(Box::new(charge))));
        }
    }
    for (before, status) in [(&offer.replaces, Status::Replaced), (&offer.renews, Status::Renewed)] {
        let Some(before) = before.as_ref().and_then(|before| rules::standing_of(setting, before)) else { continue };
        if before.terms.status == Some(Status::Active) {
            // What is renewed runs to its end; what is replaced ends at once.
            let ends = if status == Status::Renewed { before.terms.ends_at.unwrap_or(at).max(at) } else { at };
            let ended = AgreementEnded { agreement: before.terms.agreement.clone(), reason: None, status };
            more.push(draft(ends, Event::AgreementEnded(Box::new(ended))));
        }
    }
    more
}

/// Decides about a correction: the entry is taken back, and with it what followed from it of itself; what is to stand instead is decided on as
/// if the entry had never been. What was recorded since must still hold.
///
/// # Errors
/// The entry cannot be corrected, what is to stand instead breaks a rule, or something that rests on the entry would: all of it.
pub fn correct(
    (book, records, programmes): (&Book, &Records, &Programmes),
    subject: Option<(&Entry, Hash)>,
    (actor, now): (Actor, Instant),
    effective_at: Instant,
    mut corrected: EntryCorrected,
) -> Result<Vec<Draft>, Vec<Problem>> {
    let everything = Basis::at(u64::MAX);
    let view = records.at(everything);
    let draft = |event| Draft { actor: actor.clone(), effective_at, event, source: None };
    let mut breaches = Breaches::default();
    rules::corrected(&Setting { book, view: &view, programmes, subject, now, known: None }, &corrected, &actor, &mut breaches);
    breaches.done()?;
    // What followed from an acceptance is taken back with it.
    let accepted = match subject.map(|(entry, _)| &entry.event) {
        Some(Event::AgreementAccepted(terms)) => Some(terms),
        Some(Event::EntryCorrected(before)) => match &before.replacement {
            Some(Event::AgreementAccepted(terms)) => Some(terms),
            _ => None,
        },
        _ => None,
    };
    let followed = accepted.map(|terms| view.followed_from(terms, corrected.entry)).unwrap_or_default();
    let gone = followed.iter().chain([&corrected.entry]);
    let (mut without_book, mut after, mut credits) = (book.clone(), records.clone(), programmes.clone());
    gone.for_each(|seq| {
        after = after.without(*seq);
        credits = credits.without(*seq);
        without_book.corrected.insert(*seq, u64::MAX);
    });
    let mut more = Vec::new();
    if let Some(replacement) = corrected.replacement.take() {
        let without = Setting { book: &without_book, view: &after.at(everything), programmes: &credits, subject: None, now, known: None };
        let source = subject.and_then(|(entry, _)| entry.source.clone()).filter(|source| source.document.is_some());
        // A correction stands on the document of what it corrected.
        let document = || programmes.document_of(corrected.entry).or_else(|| document_in(&subject?.0.event));
        let kept = || document().map(|document| Source::manual("document:".to_owned(), Some(document)));
        let source = source.or_else(kept);
        // A document shows it still, under no reference that names it twice.
        let source = source.map(|source| match source.id.starts_with("document:") {
            true => Source { id: format!("document:correction of #{}", corrected.entry), ..source },
            // It awaits the same row.
            false => source,
        });
        if let Decision::Record(mut decided) = decide(&without, Draft { source, ..draft(replacement) })? {
            // What follows from the replacement stands behind the correction.
            more = decided.split_off(1);
            corrected.replacement = decided.pop().map(|draft| draft.event);
        }
    }
    let stands = corrected.replacement.clone();
    let mut all = vec![draft(Event::EntryCorrected(Box::new(corrected.clone())))];
    all.extend(followed.into_iter().map(|entry| {
        let reason = format!("it followed from #{}, which is corrected: {}", corrected.entry, corrected.reason);
        draft(Event::EntryCorrected(Box::new(EntryCorrected { entry, reason, replacement: None })))
    }));
    all.extend(more.iter().cloned());
    let told = stands.into_iter().chain(more.into_iter().map(|draft| draft.event));
    // Money counts again when it has its approvals again: until then what rests on it is looked at as if it had.
    told.for_each(|event| {
        after.suppose(&event, effective_at);
        credits.suppose(&event, effective_at, programmes.is_confirmed(corrected.entry));
    });
    let after = after.at(everything);
    still_holds((&view, &programmes.at(&view)), (&after, &credits.at(&after)))?;
    Ok(all)
}

/// The document that a correction names itself: its line has no source.
fn document_in(event: &Event) -> Option<Hash> {
    let Event::EntryCorrected(corrected) = event else { return None };
    match corrected.replacement.as_ref()? {
        Event::BalanceConfirmed(told) => Some(told.document),
        Event::CommitmentStatement(told) => Some(told.document),
        _ => None,
    }
}

/// Whether what was recorded still holds when an entry is corrected: nothing is out of the ordinary that was not before.
fn still_holds(
    (before, granted): (&View<'_>, &Incentives<'_>),
    (after, credits): (&View<'_>, &Incentives<'_>),
) -> Result<(), Vec<Problem>> {
    let mut breaches = Breaches::default();
    let told = |view: &View<'_>, credits: &Incentives<'_>| -> BTreeSet<_> {
        view.findings().into_iter().chain(credits.broken()).map(|found| (found.code, found.subject, found.message)).collect()
    };
    for (_, subject, message) in told(after, credits).difference(&told(before, granted)) {
        breaches.add(Code::E0419, "entry", subject, format!("`{subject}` rests on it: {message}"), "correct or end that first");
    }
    let orphans = |view: &View<'_>| -> BTreeSet<AgreementId> {
        let orphan = |standing: &&&Standing| standing.terms.acceptor.is_none() && standing.terms.acceptor_account.is_none();
        view.agreements().iter().filter(orphan).map(|standing| standing.terms.agreement.clone()).collect()
    };
    for agreement in orphans(after).difference(&orphans(before)) {
        let why = format!("`{agreement}` was amended or ended since, and nobody would have accepted it");
        breaches.add(Code::E0419, "entry", agreement.as_str(), why, "correct what came since first, the latest first");
    }
    let held = |view: &View<'_>| -> BTreeSet<(AccountId, ProductId, AgreementId, AgreementId)> {
        let ids = |held: rules::DoubleHolding<'_>| {
            (held.buyer, held.product, held.first.terms.agreement.clone(), held.second.terms.agreement.clone())
        };
        rules::double_holdings(view).into_iter().map(ids).collect()
    };
    for (buyer, product, one, other) in held(after).difference(&held(before)) {
        let why = format!("`{buyer}` would hold `{one}` and `{other}` for `{product}`");
        breaches.add(Code::E0419, "entry", one.as_str(), why, "correct or end one of them first");
    }
    breaches.done()
}
