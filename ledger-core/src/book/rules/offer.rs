//! What may be offered, and when. Source: AWS Marketplace seller guide, private offers and flexible payment scheduler.

use std::collections::BTreeSet;

use chrono::Months;

use super::{Breaches, resale};
use crate::book::decide::Setting;
use crate::book::policy::{offer_approvals, threshold};
use crate::event::agreement::Status;
use crate::event::offer::{Instalment, OfferAvailabilityChanged, OfferStep, OfferTerms};
use crate::event::{Entry, Event};
use crate::id::{AccountId, Actor, OfferId};
use crate::money::{Amount, Currency};
use crate::pricing::{self, PRICINGS, Pricing};
use crate::problem::Code;
use crate::time::Instant;

/// AWS's programmes that an offer may be made under. Source: AWS Partner Network, migration and resale programmes.
const PROGRAMMES: &[&str] = &["mpop", "wmp", "isv-accelerate", "list-and-sell"];
pub(in crate::book) const DELIVERY: &[&str] = &["ami", "container", "saas", "machine-learning", "professional-services", "data"];
/// The most instalments of a schedule, and the most months between its first and its last: five years.
const MOST_INSTALMENTS: usize = 60;
const MOST_MONTHS: u32 = 60;

/// What became of an offer of ours, in the order in which it was recorded.
#[derive(Default)]
struct Life {
    draft: Option<(OfferTerms, u64)>,
    drafted_at: Option<Instant>,
    submitted: Option<u64>,
    approved: bool,
    rejected: bool,
    released: bool,
    withdrawn: bool,
}

impl Life {
    fn of(setting: &Setting<'_>, offer: &OfferId) -> Self {
        let mut life = Self { released: setting.view.offer(offer, None, None, None).is_some(), ..Self::default() };
        for (seq, at, step) in setting.view.steps(offer) {
            match step {
                Event::OfferDrafted(terms) => {
                    // Whatever was said of an earlier draft was not said of this one.
                    let (released, withdrawn) = (life.released, life.withdrawn);
                    life = Self { draft: Some((*terms, seq)), drafted_at: Some(at), released, withdrawn, ..Self::default() };
                }
                Event::OfferSubmitted(_) => life.submitted = Some(seq),
                Event::OfferApproved(_) => life.approved = true,
                Event::OfferRejected(_) => life.rejected = true,
                Event::OfferWithdrawn(_) => life.withdrawn = true,
                _ => (),
            }
        }
        life
    }

    /// The entries whose approval approves the offer.
    fn approvable(&self) -> impl Iterator<Item = u64> {
        self.draft.iter().map(|(_, seq)| *seq).chain(self.submitted)
    }
}

/// The draft of an offer, as it was last recorded.
pub(in crate::book) fn draft_of(setting: &Setting<'_>, offer: &OfferId) -> Option<OfferTerms> {
    Life::of(setting, offer).draft.map(|(terms, _)| terms)
}

/// The entries whose approval approves an offer.
pub(in crate::book) fn approvable(setting: &Setting<'_>, offer: &OfferId) -> Vec<u64> {
    Life::of(setting, offer).approvable().collect()
}

/// The offer that an entry drafts or submits, or puts in the place of one that did.
pub(in crate::book) fn offer_in(event: &Event) -> Option<&OfferId> {
    match event {
        Event::OfferDrafted(terms) => Some(&terms.offer),
        Event::OfferSubmitted(step) => Some(&step.offer),
        Event::EntryCorrected(corrected) => offer_in(corrected.replacement.as_ref()?),
        _ => None,
    }
}

/// Why approving an entry would approve nothing, when it is about an offer.
pub(super) fn not_approvable(setting: &Setting<'_>, entry: &Entry) -> Option<String> {
    let offer = offer_in(&entry.event)?;
    let life = Life::of(setting, offer);
    if life.released {
        Some(format!("`{offer}` is released already"))
    } else if !life.approvable().any(|seq| seq == entry.seq) {
        Some(format!("another draft of `{offer}` stands, or none"))
    } else if life.rejected {
        Some(format!("`{offer}` was rejected"))
    } else {
        None
    }
}

/// Whether its draft is approved.
pub(in crate::book) fn is_approved(setting: &Setting<'_>, offer: &OfferId) -> bool {
    Life::of(setting, offer).approved
}

/// The roles that must approve terms of this value. What is dated back is judged by the policy of today.
fn roles_asked(setting: &Setting<'_>, terms: &OfferTerms, at: Instant) -> BTreeSet<String> {
    let Some(policy) = setting.book.policy(offer_approvals::NAME, at.max(setting.now)) else { return BTreeSet::new() };
    let steps: Vec<_> = policy.parameters.iter().filter_map(|(step, roles)| Some((threshold(step)?, roles))).collect();
    // In a currency for which nothing is said, everybody is asked.
    let named = terms.currency.is_some_and(|currency| steps.iter().any(|((of, _), _)| *of == currency));
    let value = terms.value.unwrap_or(Amount::ZERO);
    let asks = |(of, from): (Currency, Amount)| !named || (Some(of) == terms.currency && value >= from);
    let asking = steps.into_iter().filter(|(step, _)| asks(*step)).map(|(_, roles)| roles);
    // Those that it names, and those that it shows: whoever leaves one out escapes nobody.
    let shown = super::risk::shown(terms, at).into_iter().map(|(risk, _)| risk);
    let risks: BTreeSet<&str> = terms.risks.iter().map(String::as_str).chain(shown).collect();
    let for_risks = risks.into_iter().filter_map(|risk| policy.parameters.get(&format!("risk_{risk}")));
    asking.chain(for_risks).flat_map(|roles| roles.split(',').map(|role| role.trim().to_owned())).collect()
}

/// The roles that must approve terms of this value and have not, given one more approval that is about to be recorded. Each role is one
/// person's at least, and nobody's who drafted it.
pub(in crate::book) fn missing_approvals(
    setting: &Setting<'_>,
    terms: &OfferTerms,
    at: Instant,
    with: Option<(&Actor, u64)>,
) -> BTreeSet<String> {
    let book = setting.book;
    let mut missing = roles_asked(setting, terms, at);
    let life = Life::of(setting, &terms.offer);
    let entries: Vec<u64> = life.approvable().collect();
    let drafter = life.draft.as_ref().and_then(|(_, seq)| book.recorder(*seq));
    let given = book.approvals.iter().filter(|approval| approval.signed && entries.contains(&approval.entry)).map(|approval| &approval.by);
    for by in given.chain(with.filter(|(_, entry)| entries.contains(entry)).map(|(by, _)| by)).filter(|by| Some(*by) != drafter) {
        if let Some(person) = book.person(by) {
            person.roles.iter().for_each(|role| {
                missing.remove(role);
            });
        }
    }
    missing
}

/// A payment schedule: how many instalments, over how long, in which order, inside of the contract, and what they come to.
pub(in crate::book) fn schedule(
    schedule: &[Instalment],
    value: Option<Amount>,
    currency: Option<Currency>,
    contract: Option<(Option<Instant>, Option<Instant>)>,
    breaches: &mut Breaches,
) {
    let (Some(first), Some(last)) = (schedule.first(), schedule.last()) else { return };
    if schedule.len() > MOST_INSTALMENTS {
        let found = schedule.len().to_string();
        return breaches.add(Code::E0411, "schedule", found, "a schedule has at most 60 instalments", "join some of them");
    }
    for (number, pair) in (2..).zip(schedule.windows(2)) {
        if pair[0].charged_at >= pair[1].charged_at {
            let found = pair[1].charged_at.to_string();
            let why = format!("it is not after the instalment before it, {}", pair[0].charged_at);
            breaches.add(Code::E0411, &format!("schedule.{number}.charged_at"), found, why, "put them in order, each on a day of its own");
        }
    }
    if first.charged_at.day().checked_add_months(Months::new(MOST_MONTHS)).is_some_and(|latest| last.charged_at.day() > latest) {
        let found = format!("{} to {}", first.charged_at.day(), last.charged_at.day());
        breaches.add(Code::E0411, "schedule", found, "a schedule spans at most five years", "end it sooner");
    }
    for (number, instalment) in (1..).zip(schedule) {
        breaches.payable(&format!("schedule.{number}.amount"), Some(instalment.amount), currency);
        let ends = contract.and_then(|(_, ends)| ends);
        if let Some(ends) = ends.filter(|ends| instalment.charged_at >= *ends) {
            let found = instalment.charged_at.to_string();
            breaches.add(
                Code::E0411,
                &format!("schedule.{number}.charged_at"),
                found,
                format!("the contract ends at {ends}"),
                "charge it before",
            );
        }
    }
    let sum = Amount::from_units(schedule.iter().map(|instalment| instalment.amount.units()).sum());
    if let Some(value) = value.filter(|value| *value != sum) {
        let difference = Amount::from_units(value.units() - sum.units());
        let why = format!("the instalments come to {sum}, and the offer is worth {value}");
        breaches.add(Code::E0411, "schedule", sum.to_string(), why, format!("{difference} is to be added to the instalments"));
    }
}

/// What holds for the terms of an offer, drafted or released.
fn terms(setting: &Setting<'_>, offer: &OfferTerms, at: Instant, breaches: &mut Breaches) {
    breaches.for_the_feed(&[
        ("recipient", offer.recipient.is_some()),
        ("recipient_account", offer.recipient_account.is_some()),
        ("seller_account", offer.seller_account.is_some()),
        ("revision", offer.revision.is_some()),
        ("valid_from", offer.valid_from.is_some()),
        ("extra", !offer.extra.is_empty()),
    ]);
    breaches.one_of("pricing", offer.pricing.as_deref(), &PRICINGS.iter().map(|pricing| pricing.name()).collect::<Vec<_>>());
    for programme in &offer.programmes {
        breaches.one_of("programmes", Some(programme), PROGRAMMES);
    }
    breaches.one_of("delivery", offer.delivery.as_deref(), DELIVERY);
    breaches.currency(offer.currency);
    breaches.payable("value", offer.value, offer.currency);
    breaches.payable("list_value", offer.list_value, offer.currency);
    if let Some(expires) = offer.expires_at.filter(|expires| *expires <= at) {
        breaches.add(Code::E0415, "expires_at", expires.to_string(), format!("the offer is made at {at}"), "it expires after it is made");
    }
    if let (Some(starts), Some(ends)) = (offer.starts_at, offer.ends_at)
        && ends <= starts
    {
        breaches.add(Code::E0415, "ends_at", ends.to_string(), format!("the contract starts at {starts}"), "it ends after it starts");
    }
    schedule(&offer.schedule, offer.value, offer.currency, Some((offer.starts_at, offer.ends_at)), breaches);
    if !offer.schedule.is_empty() {
        breaches.needed("value", offer.value.as_ref(), "an offer with a payment schedule");
        breaches.needed("currency", offer.currency.as_ref(), "an offer with a payment schedule");
    }
    if let Some(eula) = offer.eula.as_deref().filter(|eula| !is_eula(eula)) {
        let cure = "standard:2022-07-14 with the version of the standard contract, or custom: and the BLAKE3 of the text";
        breaches.add(Code::E0203, "eula", eula, "it is no licence text", cure);
    }
    market(offer, breaches);
    if let Some(markup) = offer.markup {
        if offer.authorization.is_none() {
            let why = "only a channel partner adds to a wholesale price";
            breaches.add(Code::E0410, "markup", markup.to_string(), why, "--set authorization=resaleauthz-…");
        } else if markup.is_negative() {
            breaches.add(Code::E0401, "markup", markup.to_string(), "it is below zero", "a mark-up is zero or more per cent");
        }
    }
    match &offer.authorization {
        Some(authorization) => resale::covers(setting, offer, authorization, at, |_| true, breaches),
        None => {
            let foreign = |owner: &AccountId| offer.seller.is_some_and(|seller| seller != *owner);
            for product in &offer.products {
                if let Some(owner) = resale::owner_of(setting, product).filter(foreign) {
                    let seller = offer.seller.map(|seller| seller.to_string()).unwrap_or_default();
                    let why = format!("`{product}` is owned by `{owner}`");
                    breaches.add(Code::E0410, "seller", seller, why, "--set authorization=resaleauthz-…");
                }
            }
        }
    }
    super::risk::named(setting, offer, at, breaches);
    follows(setting, offer, None, at, breaches);
    confusion(setting, offer, at, breaches);
}

/// How an offer is priced, where it says so.
fn pricing_of(offer: &OfferTerms) -> Option<&'static dyn Pricing> {
    pricing::named(offer.pricing.as_deref()?)
}

/// What holds for an offer that AWS has released: what only AWS itself could have let pass.
pub(in crate::book) fn as_sold(setting: &Setting<'_>, offer: &OfferTerms, released: Instant, breaches: &mut Breaches) {
    market(offer, breaches);
    schedule(&offer.schedule, offer.value, offer.currency, None, breaches);
    // The feeds name authorizations and do not tell them.
    if let Some(authorization) = offer.authorization.as_ref().filter(|id| setting.view.granted(id).is_some()) {
        let earlier = |made: &OfferId| setting.view.released_at(made) < Some(released);
        resale::covers(setting, offer, authorization, released, earlier, breaches);
    }
}

/// What AWS Marketplace sells how.
fn market(offer: &OfferTerms, breaches: &mut Breaches) {
    let is_public = offer.buyers.is_empty();
    let not_a_contract = pricing_of(offer).filter(|pricing| !pricing.is_contract()).map(Pricing::name);
    let what = if is_public { "a public offer".to_owned() } else { format!("an offer by {}", not_a_contract.unwrap_or_default()) };
    if let Some(currency) = offer.currency.filter(|currency| currency.as_str() != "USD" && (is_public || not_a_contract.is_some())) {
        let cure = "only private offers of contracts are priced in other currencies";
        breaches.add(Code::E0420, "currency", currency.as_str(), format!("{what} is priced in USD"), cure);
    }
    if is_public && offer.delivery.as_deref() == Some("professional-services") {
        let why = "professional services are sold by private offers only";
        breaches.add(Code::E0420, "buyers", "", why, "--set buyers=ACCOUNT");
    }
    if !offer.schedule.is_empty() && (is_public || not_a_contract.is_some()) {
        breaches.add(Code::E0420, "schedule", "", format!("{what} has no payment schedule"), "a private offer of a contract has one");
    }
    let is_saas_contract = not_a_contract.is_none() && matches!(offer.delivery.as_deref(), None | Some("saas"));
    if offer.replaces.is_some() && !is_saas_contract {
        let why = "only SaaS contracts are replaced in mid-term";
        breaches.add(Code::E0420, "replaces", "", why, "let the agreement end, and renew it: --set renews=agmt-…");
    }
}

fn is_eula(text: &str) -> bool {
    match text.split_once(':') {
        Some(("standard", version)) => version.parse::<chrono::NaiveDate>().is_ok() && version.len() == 10,
        Some(("custom", digest)) => digest.parse::<crate::chain::Hash>().is_ok(),
        _ => false,
    }
}

/// The agreement that an offer renews or replaces.
pub(super) fn follows(setting: &Setting<'_>, offer: &OfferTerms, acceptor: Option<AccountId>, at: Instant, breaches: &mut Breaches) {
    if offer.renews.is_some() && offer.replaces.is_some() {
        breaches.add(Code::E0401, "replaces", "", "it renews an agreement as well", "give one of `renews` and `replaces`");
    }
    for (field, before) in [("renews", &offer.renews), ("replaces", &offer.replaces)] {
        let Some(before) = before else { continue };
        let Some(standing) = super::standing_of(setting, before) else {
            breaches.add(Code::E0407, field, before.as_str(), "no such agreement is recorded", "dealbook show agreements");
            continue;
        };
        let is_over = match &standing.terms.status {
            Some(Status::Active) | None => None,
            Some(Status::Expired) if field == "renews" => None,
            Some(status) => Some(status.to_string()),
        };
        let expired = field == "replaces" && standing.terms.ends_at.is_some_and(|ends| ends <= at);
        if let Some(status) = is_over.or_else(|| expired.then(|| "EXPIRED".to_owned())) {
            breaches.add(Code::E0408, field, before.as_str(), format!("it is {status}"), "an agreement that is active");
        }
        if let Some(holder) = setting.view.acceptor(standing) {
            let why = || format!("`{before}` is the agreement of `{holder}`");
            match acceptor {
                Some(acceptor) if acceptor != holder => {
                    breaches.add(Code::E0414, "acceptor", acceptor.as_str(), why(), "whoever holds it accepts what follows it");
                }
                None if offer.buyers.iter().any(|buyer| *buyer != holder) || offer.buyers.is_empty() => {
                    breaches.add(Code::E0414, "buyers", resale::names(&offer.buyers), why(), "make the offer to that account alone");
                }
                _ => (),
            }
        }
        if let Some(accepted) = standing.terms.accepted_at.filter(|accepted| at < *accepted) {
            breaches.add(Code::E0415, field, before.as_str(), format!("it is accepted at {accepted}"), "what follows it comes after it");
        }
        let theirs = setting.view.offer_of(standing).map(|offer| setting.view.products_of(&offer)).unwrap_or_default();
        if !theirs.is_empty() && !offer.products.is_empty() && !offer.products.iter().any(|product| theirs.contains(product)) {
            breaches.add(
                Code::E0401,
                field,
                before.as_str(),
                "it is for another product",
                "an agreement is followed by one for its product",
            );
        }
        if let (Some(ours), Some(theirs)) = (offer.seller, setting.view.proposer(standing))
            && field == "replaces"
            && ours != theirs
        {
            let why = format!("the seller of record of `{before}` is `{theirs}`");
            breaches.add(Code::E0420, "seller", ours.as_str(), why, "the seller of record never changes in mid-term");
        }
    }
}

/// Another offer that the same buyer could take for this one.
fn confusion(setting: &Setting<'_>, offer: &OfferTerms, at: Instant, breaches: &mut Breaches) {
    let Some(name) = offer.name.as_deref().filter(|_| !offer.buyers.is_empty()) else { return };
    let mut seen = BTreeSet::new();
    for other in setting.view.released_offers() {
        let same = other.name.as_deref().is_some_and(|other| other.trim().eq_ignore_ascii_case(name.trim()));
        if !same || other.offer == offer.offer || !seen.insert(other.offer.clone()) {
            continue;
        }
        let live = setting.view.expires_at(&other).is_none_or(|expires| expires > at);
        let buyers = setting.view.buyers_of(&other);
        if let Some(buyer) = offer.buyers.iter().find(|buyer| live && buyers.contains(buyer)) {
            let why = format!("`{buyer}` sees offer `{}` of that name too", other.offer);
            breaches.add(Code::E0413, "name", name, why, "give it a name of its own, or withdraw the other");
        }
    }
}

pub(in crate::book) fn drafted(setting: &Setting<'_>, offer: &OfferTerms, at: Instant, breaches: &mut Breaches) {
    if Life::of(setting, &offer.offer).released {
        let cure = "withdraw it, and draft another offer";
        breaches.add(Code::E0408, "offer", offer.offer.as_str(), "it is released, and stands as it is", cure);
    }
    terms(setting, offer, at, breaches);
}

pub(in crate::book) fn submitted(setting: &Setting<'_>, step: &OfferStep, at: Instant, breaches: &mut Breaches) {
    let life = Life::of(setting, &step.offer);
    let name = step.offer.as_str();
    match &life.draft {
        None => breaches.add(Code::E0407, "offer", name, "no draft of it is recorded", "dealbook record offer.drafted"),
        Some(_) if life.released => breaches.add(Code::E0408, "offer", name, "it is released already", "draft another offer"),
        Some(_) if life.submitted.is_some() && !life.rejected => {
            breaches.add(Code::E0408, "offer", name, "it is submitted already", "somebody else approves it");
        }
        Some(_) if life.rejected => breaches.add(Code::E0408, "offer", name, "it was rejected", "draft it anew"),
        Some((offer, _)) => complete(setting, offer, at, breaches),
    }
}

pub(in crate::book) fn rejected(setting: &Setting<'_>, step: &OfferStep, by: &Actor, breaches: &mut Breaches) {
    let life = Life::of(setting, &step.offer);
    let name = step.offer.as_str();
    let Some((_, seq)) = life.draft else {
        return breaches.add(Code::E0407, "offer", name, "no draft of it is recorded", "dealbook show offers");
    };
    if life.released || life.rejected {
        let what = if life.released { "released" } else { "rejected" };
        breaches.add(Code::E0408, "offer", name, format!("it is {what} already"), "nothing is left to do");
    }
    if setting.book.recorder(seq) == Some(by) {
        breaches.add(Code::E0403, "offer", name, format!("`{by}` drafted it"), "draft it anew, or let somebody else reject it");
    }
}

/// What an offer must say before somebody can accept it.
fn complete(setting: &Setting<'_>, offer: &OfferTerms, at: Instant, breaches: &mut Breaches) {
    breaches.needed("seller", offer.seller.as_ref(), "an offer");
    breaches.needed("products", offer.products.first(), "an offer");
    breaches.needed("pricing", offer.pricing.as_ref(), "an offer");
    if pricing_of(offer).is_none_or(Pricing::has_value) {
        breaches.needed("value", offer.value.as_ref(), "an offer with a price");
        breaches.needed("currency", offer.currency.as_ref(), "an offer with a price");
    }
    if !offer.buyers.is_empty() {
        breaches.needed("name", offer.name.as_ref(), "a private offer, so that the buyer can tell it from others,");
        breaches.needed("expires_at", offer.expires_at.as_ref(), "a private offer");
    }
    terms(setting, offer, at, breaches);
}

pub(in crate::book) fn released(setting: &Setting<'_>, offer: &mut OfferTerms, at: Instant, breaches: &mut Breaches) {
    let life = Life::of(setting, &offer.offer);
    if life.released {
        let why = "it is released already, and stands as it is";
        return breaches.add(Code::E0408, "offer", offer.offer.as_str(), why, "withdraw it, and release another offer");
    }
    if life.rejected {
        return breaches.add(Code::E0408, "offer", offer.offer.as_str(), "it was rejected", "draft it anew");
    }
    if let Some((draft, _)) = &life.draft {
        if *offer == OfferTerms::of(offer.offer.clone()) {
            *offer = draft.clone();
        } else if offer != draft {
            let why = "its terms are not those of its draft, which is what was approved";
            breaches.add(Code::E0408, "offer", offer.offer.as_str(), why, "release it by its id alone, or draft it anew");
        }
    }
    if let Some(drafted) = life.drafted_at.filter(|drafted| at < *drafted) {
        breaches.add(Code::E0415, "effective", at.to_string(), format!("it is drafted at {drafted}"), "it is released after that");
    }
    complete(setting, offer, at, breaches);
    let drafter = life.draft.as_ref().and_then(|(_, seq)| setting.book.recorder(*seq));
    if let Some(drafter) = drafter.filter(|drafter| setting.book.person(drafter).is_none() && !roles_asked(setting, offer, at).is_empty()) {
        let why = "who drafted it is nobody who is registered, so that nobody is known to be a second person";
        breaches.add(Code::E0406, "offer", drafter.as_str(), why, "a registered person drafts it: --actor NAME");
    }
    let missing = missing_approvals(setting, offer, at, None);
    if !missing.is_empty() {
        let roles = missing.into_iter().collect::<Vec<_>>().join(", ");
        let cure = match life.approvable().last() {
            Some(seq) => format!("dealbook approve {seq} --key FILE --actor NAME"),
            None => "record it as offer.drafted first, and let it be approved".to_owned(),
        };
        breaches.add(Code::E0404, "offer", offer.offer.as_str(), format!("it has to be approved by: {roles}"), cure);
    }
}

pub(in crate::book) fn withdrawn(setting: &Setting<'_>, step: &OfferStep, at: Instant, breaches: &mut Breaches) {
    let Some(offer) = released_offer(setting, &step.offer, breaches) else { return };
    after_acceptance(setting, &offer, "effective", at, breaches);
    if let Some(expired) = setting.view.expires_at(&offer).filter(|expires| *expires <= at) {
        let why = format!("nobody can accept it since {expired}");
        breaches.add(Code::E0408, "offer", step.offer.as_str(), why, "nothing is left to do");
    }
}

pub(in crate::book) fn availability(setting: &Setting<'_>, change: &OfferAvailabilityChanged, at: Instant, breaches: &mut Breaches) {
    let Some(offer) = released_offer(setting, &change.offer, breaches) else { return };
    let Some(expires) = change.expires_at else { return };
    if expires <= at {
        let why = format!("the change is made at {at}");
        breaches.add(Code::E0415, "expires_at", expires.to_string(), why, "to end it now, withdraw it: offer.withdrawn");
    } else {
        after_acceptance(setting, &offer, "expires_at", expires, breaches);
    }
}

/// Nothing ends an offer before somebody accepted it.
fn after_acceptance(setting: &Setting<'_>, offer: &OfferTerms, field: &str, at: Instant, breaches: &mut Breaches) {
    let made_by = |standing: &&&crate::projection::records::Standing| standing.terms.offer.as_ref() == Some(&offer.offer);
    let agreements = setting.view.agreements();
    let accepted =
        agreements.iter().filter(made_by).filter_map(|standing| Some((standing.terms.accepted_at?, &standing.terms.agreement))).max();
    if let Some((accepted, agreement)) = accepted.filter(|(accepted, _)| *accepted >= at) {
        let why = format!("`{agreement}` accepted it at {accepted}");
        breaches.add(Code::E0415, field, at.to_string(), why, "it ends after that");
    }
}

fn released_offer(setting: &Setting<'_>, offer: &OfferId, breaches: &mut Breaches) -> Option<OfferTerms> {
    let found = setting.view.offer(offer, None, None, None);
    if found.is_none() {
        breaches.add(Code::E0407, "offer", offer.as_str(), "no such offer is released", "dealbook show offers");
    } else if Life::of(setting, offer).withdrawn {
        breaches.add(Code::E0408, "offer", offer.as_str(), "it is withdrawn", "release another offer");
        return None;
    }
    found
}
