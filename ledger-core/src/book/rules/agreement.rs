//! Who may accept what, and what becomes of it. Source: AWS Marketplace Agreement API; seller guide, agreement-based offers.

use std::collections::BTreeMap;

use super::Breaches;
use crate::book::decide::Setting;
use crate::book::policy::private_marketplace;
use crate::event::agreement::{AgreementEnded, AgreementTerms, Status};
use crate::event::offer::OfferTerms;
use crate::id::{AccountId, AgreementId, ProductId};
use crate::problem::Code;
use crate::projection::records::{Standing, View};
use crate::time::Instant;

/// Where an agreement stands.
pub(in crate::book) fn standing_of<'a>(setting: &Setting<'a>, agreement: &AgreementId) -> Option<&'a Standing> {
    setting.view.agreements().into_iter().find(|standing| standing.terms.agreement == *agreement)
}

/// An acceptance. What it does not say the offer does. Gives the offer, when it is known. What AWS says to have happened is not refused.
pub(in crate::book) fn accepted(
    setting: &Setting<'_>,
    terms: &mut AgreementTerms,
    at: Instant,
    is_fact: bool,
    breaches: &mut Breaches,
) -> Option<OfferTerms> {
    if standing_of(setting, &terms.agreement).is_some() {
        breaches.add(Code::E0408, "agreement", terms.agreement.as_str(), "it is recorded already", "agreement.amended changes it");
    }
    let offer = terms.offer.as_ref().and_then(|offer| setting.view.offer(offer, terms.offer_revision, None, Some(at)));
    if !is_fact {
        of_the_feed(terms, breaches);
        breaches.for_the_feed(&[("status", terms.status.is_some()), ("offer_revision", terms.offer_revision.is_some())]);
        if let Some(offer) = &offer {
            as_offered(setting, terms, offer, breaches);
        }
        may_accept(setting, terms, offer.as_ref(), at, breaches);
    }
    let offer = offer?;
    fill(setting, terms, &offer);
    Some(offer)
}

/// What only a feed tells of an agreement.
fn of_the_feed(terms: &AgreementTerms, breaches: &mut Breaches) {
    breaches.for_the_feed(&[
        ("accepted_at", terms.accepted_at.is_some()),
        ("acceptor_account", terms.acceptor_account.is_some()),
        ("extra", !terms.extra.is_empty()),
        ("intent", terms.intent.is_some()),
        ("proposer_account", terms.proposer_account.is_some()),
        ("reason", terms.reason.is_some()),
        ("recipient", terms.recipient.is_some()),
        ("valid_from", terms.valid_from.is_some()),
    ]);
}

/// What is accepted is what was offered.
fn as_offered(setting: &Setting<'_>, terms: &AgreementTerms, offer: &OfferTerms, breaches: &mut Breaches) {
    let mut same = |field: &str, ours: Option<String>, theirs: Option<String>| {
        if let (Some(ours), Some(theirs)) = (ours, theirs)
            && ours != theirs
        {
            breaches.add(Code::E0401, field, ours, format!("the offer says {theirs}"), format!("leave `{field}` out: the offer says it"));
        }
    };
    let text = |moment: Option<Instant>| moment.map(|moment| moment.to_string());
    let preceding = offer.replaces.as_ref().or(offer.renews.as_ref()).map_or("that it follows none".to_owned(), ToString::to_string);
    same("preceding", terms.preceding.as_ref().map(ToString::to_string), Some(preceding));
    same("proposer", terms.proposer.map(|it| it.to_string()), setting.view.seller(offer).map(|it| it.to_string()));
    same("currency", terms.currency.map(|it| it.to_string()), offer.currency.map(|it| it.to_string()));
    same("starts_at", text(terms.starts_at), text(offer.starts_at));
    same("ends_at", text(terms.ends_at), text(offer.ends_at));
    if terms.value != offer.value {
        same("value", terms.value.map(|it| it.to_string()), offer.value.map(|it| it.to_string()));
    }
    breaches.currency(terms.currency);
    breaches.payable("value", terms.value, terms.currency.or(offer.currency));
}

/// A buyer that holds two agreements for one product at one time: the later one, with the first that stands beside it.
pub(in crate::book) struct DoubleHolding<'v> {
    pub(in crate::book) buyer: AccountId,
    pub(in crate::book) product: ProductId,
    pub(in crate::book) first: &'v Standing,
    pub(in crate::book) second: &'v Standing,
}

/// Every agreement that stands beside an earlier one of its buyer for one product.
pub(in crate::book) fn double_holdings<'v>(view: &'v View<'_>) -> Vec<DoubleHolding<'v>> {
    let mut held: BTreeMap<(AccountId, ProductId), Vec<&Standing>> = BTreeMap::new();
    for standing in view.agreements() {
        let Some(acceptor) = view.acceptor(standing).filter(|_| standing.terms.status == Some(Status::Active)) else { continue };
        for product in view.offer_of(standing).map(|offer| view.products_of(&offer)).unwrap_or_default() {
            held.entry((acceptor, product)).or_default().push(standing);
        }
    }
    let meet = |one: &Standing, other: &Standing| {
        let begun_after = |one: &Standing, other: &Standing| one.terms.ends_at.is_some_and(|ends| other.terms.accepted_at >= Some(ends));
        !begun_after(one, other) && !begun_after(other, one)
    };
    let mut double = Vec::new();
    for ((buyer, product), mut all) in held {
        all.sort_by_key(|standing| (standing.terms.accepted_at, &standing.terms.agreement));
        for (at, second) in all.iter().copied().enumerate() {
            if let Some(first) = all[..at].iter().copied().find(|first| meet(first, second)) {
                double.push(DoubleHolding { buyer, product: product.clone(), first, second });
            }
        }
    }
    double
}

fn fill(setting: &Setting<'_>, terms: &mut AgreementTerms, offer: &OfferTerms) {
    terms.currency = terms.currency.or(offer.currency);
    terms.value = terms.value.or(offer.value);
    terms.starts_at = terms.starts_at.or(offer.starts_at);
    terms.ends_at = terms.ends_at.or(offer.ends_at);
    terms.proposer = terms.proposer.or_else(|| setting.view.seller(offer));
    terms.preceding = terms.preceding.clone().or_else(|| offer.replaces.clone()).or_else(|| offer.renews.clone());
    terms.offer_set = terms.offer_set.clone().or_else(|| offer.offer_set.clone());
    let intent = if offer.replaces.is_some() { "REPLACE" } else { "NEW" };
    terms.intent.get_or_insert_with(|| intent.to_owned());
}

fn may_accept(setting: &Setting<'_>, terms: &AgreementTerms, offer: Option<&OfferTerms>, at: Instant, breaches: &mut Breaches) {
    breaches.needed("acceptor", terms.acceptor.as_ref(), "an agreement");
    breaches.needed("offer", terms.offer.as_ref(), "an agreement");
    let Some(name) = &terms.offer else { return };
    let Some(offer) = offer else {
        return breaches.add(Code::E0407, "offer", name.as_str(), "no such offer is released", "dealbook show offers");
    };
    if let Some(released) = setting.view.released_at(&offer.offer).filter(|released| *released > at) {
        let why = format!("it is released at {released}");
        breaches.add(Code::E0415, "offer", name.as_str(), why, "an offer is accepted after its release");
    }
    if let Some(expired) = setting.view.expires_at(offer).filter(|expires| *expires <= at) {
        let cure = "change its availability before, or release another one";
        breaches.add(Code::E0415, "offer", name.as_str(), format!("it could not be accepted since {expired}"), cure);
    }
    let early = offer.schedule.iter().filter(|instalment| instalment.charged_at < at).count();
    if early > 1 {
        let why = format!("{early} instalments lie before the acceptance at {at}");
        breaches.add(Code::E0411, "offer", name.as_str(), why, "at most one does: release the offer with another schedule");
    }
    if let Some(starts) = terms.starts_at.filter(|starts| *starts < at) {
        let cure = "it starts on acceptance, or later";
        breaches.add(Code::E0415, "starts_at", starts.to_string(), format!("it is accepted at {at}"), cure);
    }
    let ends = terms.ends_at.or(offer.ends_at);
    if let Some(ends) = ends.filter(|ends| *ends <= terms.starts_at.unwrap_or(at)) {
        breaches.add(Code::E0415, "ends_at", ends.to_string(), "the agreement would end before it starts", "it ends later");
    }
    let Some(acceptor) = terms.acceptor else { return };
    let buyers = setting.view.buyers_of(offer);
    if !buyers.is_empty() && !buyers.contains(&acceptor) {
        let why = format!("`{name}` is made to {}", super::resale::names(&buyers));
        breaches.add(Code::E0414, "acceptor", acceptor.as_str(), why, "the right account accepts it, or another offer is released");
    }
    super::offer::follows(setting, offer, Some(acceptor), at, breaches);
    let products = setting.view.products_of(offer);
    let succeeds = [offer.replaces.as_ref(), offer.renews.as_ref()];
    one_subscription(setting, succeeds, acceptor, &products, at, breaches);
    on_the_list(setting, acceptor, &products, at, breaches);
}

/// A buyer holds one agreement per product at a time.
fn one_subscription(
    setting: &Setting<'_>,
    except: [Option<&AgreementId>; 2],
    acceptor: AccountId,
    products: &[ProductId],
    at: Instant,
    breaches: &mut Breaches,
) {
    for standing in setting.view.agreements() {
        let agreement = &standing.terms.agreement;
        // What is dated back meets what was live then.
        let over = match &standing.terms.status {
            Some(Status::Active) | None => standing.terms.ends_at,
            Some(_) => Some(standing.since),
        };
        let lives = over.is_none_or(|over| over > at);
        if !lives || except.contains(&Some(agreement)) || setting.view.acceptor(standing) != Some(acceptor) {
            continue;
        }
        let theirs = setting.view.offer_of(standing).map(|offer| setting.view.products_of(&offer)).unwrap_or_default();
        if let Some(product) = products.iter().find(|product| theirs.contains(product)) {
            let why = format!("`{acceptor}` holds `{agreement}` for `{product}`");
            let cure = format!("an offer that replaces it: --set replaces={agreement}");
            breaches.add(Code::E0416, "acceptor", acceptor.as_str(), why, cure);
        }
    }
}

/// What the organisation of the buyer lets it buy.
pub(in crate::book) fn on_the_list(
    setting: &Setting<'_>,
    acceptor: AccountId,
    products: &[ProductId],
    at: Instant,
    breaches: &mut Breaches,
) {
    let Some(policy) = setting.book.policy_by(private_marketplace::NAME, at, setting.view.basis().known_at) else { return };
    let Some(list) = policy.parameters.get(acceptor.as_str()) else { return };
    for product in products.iter().filter(|product| !list.split(',').any(|listed| listed.trim() == product.as_str())) {
        let why = format!("policy `private-marketplace` (#{}) does not list it for `{acceptor}`", policy.seq);
        breaches.add(Code::E0417, "offer", product.as_str(), why, "the buyer's administrator adds it: policy.set");
    }
}

/// An agreement that is recorded and not over.
pub(super) fn live<'a>(setting: &Setting<'a>, agreement: &AgreementId, at: Instant, breaches: &mut Breaches) -> Option<&'a Standing> {
    let standing = standing_of(setting, agreement);
    match standing.map(|standing| &standing.terms.status) {
        None => breaches.add(Code::E0407, "agreement", agreement.as_str(), "no such agreement is recorded", "dealbook show agreements"),
        Some(Some(Status::Active) | None) => {
            let over = standing.and_then(|standing| standing.terms.ends_at).filter(|ends| *ends < at);
            let Some(over) = over else { return standing };
            breaches.add(Code::E0408, "agreement", agreement.as_str(), format!("it ran out at {over}"), "nothing changes it any more");
        }
        Some(Some(status)) => {
            breaches.add(Code::E0408, "agreement", agreement.as_str(), format!("it is {status}"), "nothing changes it any more");
        }
    }
    None
}

pub(in crate::book) fn amended(setting: &Setting<'_>, terms: &AgreementTerms, at: Instant, is_fact: bool, breaches: &mut Breaches) {
    if is_fact {
        return;
    }
    let Some(standing) = live(setting, &terms.agreement, at, breaches) else { return };
    of_the_feed(terms, breaches);
    for (field, given) in [
        ("acceptor", terms.acceptor.is_some()),
        ("offer", terms.offer.is_some()),
        ("offer_revision", terms.offer_revision.is_some()),
        ("offer_set", terms.offer_set.is_some()),
        ("preceding", terms.preceding.is_some()),
        ("starts_at", terms.starts_at.is_some()),
    ] {
        if given {
            let why = "an amendment leaves it as it was accepted";
            breaches.add(Code::E0401, field, "", why, "an amendment changes `value`, `currency`, `ends_at` and `payer`");
        }
    }
    if let Some(accepted) = standing.terms.accepted_at.filter(|accepted| at < *accepted) {
        breaches.add(Code::E0415, "effective", at.to_string(), format!("it was accepted at {accepted}"), "it is amended after that");
    }
    if let (Some(acceptor), Some(offer)) = (setting.view.acceptor(standing), setting.view.offer_of(standing))
        && terms.ends_at.is_some()
    {
        let products = setting.view.products_of(&offer);
        one_subscription(setting, [Some(&terms.agreement), standing.terms.preceding.as_ref()], acceptor, &products, at, breaches);
    }
    if let (Some(ours), Some(theirs)) = (terms.proposer, setting.view.proposer(standing))
        && ours != theirs
    {
        let why = format!("the seller of record of `{}` is `{theirs}`", terms.agreement);
        breaches.add(Code::E0420, "proposer", ours.as_str(), why, "the seller of record never changes");
    }
    if let Some(status) = &terms.status {
        breaches.add(Code::E0401, "status", status.as_str(), "an amendment leaves it as it is", "agreement.ended ends an agreement");
    }
    if let Some(ends) = terms.ends_at.filter(|ends| *ends <= at) {
        breaches.add(Code::E0415, "ends_at", ends.to_string(), format!("it is amended at {at}"), "agreement.ended ends an agreement");
    }
    breaches.currency(terms.currency);
    breaches.payable("value", terms.value, terms.currency.or(standing.terms.currency));
}

pub(in crate::book) fn ended(setting: &Setting<'_>, told: &AgreementEnded, at: Instant, is_fact: bool, breaches: &mut Breaches) {
    if is_fact {
        return;
    }
    let Some(standing) = live(setting, &told.agreement, at, breaches) else { return };
    match &told.status {
        Status::Expired => {
            if let Some(ends) = standing.terms.ends_at.filter(|ends| *ends > at) {
                let why = format!("it runs until {ends}");
                breaches.add(Code::E0415, "status", "EXPIRED", why, "what ends before its end is CANCELLED or TERMINATED");
            }
        }
        Status::Cancelled | Status::Terminated | Status::Archived | Status::Renewed | Status::Replaced => (),
        other => {
            let cure = "one of CANCELLED, EXPIRED, TERMINATED, ARCHIVED, RENEWED, REPLACED";
            breaches.add(Code::E0203, "status", other.as_str(), "an agreement does not end so", cure);
        }
    }
    if let Some(accepted) = standing.terms.accepted_at.filter(|accepted| at < *accepted) {
        breaches.add(Code::E0415, "effective", at.to_string(), format!("it was accepted at {accepted}"), "it ends after it begins");
    }
}
