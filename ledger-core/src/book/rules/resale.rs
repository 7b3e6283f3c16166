//! Who may sell whose product on. Source: AWS Marketplace Catalog API, `ResaleAuthorization@1.0`; seller guide, channel partner private
//! offers.

use super::Breaches;
use crate::book::decide::Setting;
use crate::event::offer::OfferTerms;
use crate::event::resale::{AuthorizationGranted, AuthorizationRestricted};
use crate::id::{AccountId, AuthorizationId};
use crate::money::Amount;
use crate::problem::Code;
use crate::time::Instant;

pub(in crate::book) fn granted(setting: &Setting<'_>, told: &AuthorizationGranted, at: Instant, breaches: &mut Breaches) {
    if setting.view.granted(&told.authorization).is_some() {
        let why = "it was granted already, and an authorization is never extended";
        breaches.add(Code::E0408, "authorization", told.authorization.as_str(), why, "grant a clone of it under another id");
    }
    if told.grantor == told.reseller {
        breaches.add(Code::E0409, "reseller", told.reseller.as_str(), "it grants this to itself", "name the partner who will resell");
    }
    breaches.currency(told.currency);
    match (&told.discount, told.wholesale.is_empty()) {
        (None, true) => {
            breaches.add(Code::E0102, "wholesale", "", "an authorization has a wholesale price or a discount", "--set discount=20");
        }
        (Some(_), false) => breaches.add(
            Code::E0401,
            "discount",
            "",
            "there is a wholesale price as well, and the two may differ",
            "give one of `wholesale` and `discount`",
        ),
        _ => (),
    }
    if let Some(discount) = told.discount
        && (discount.is_negative() || discount.units() > Amount::from_units(10_000_000_000).units())
    {
        breaches.add(Code::E0401, "discount", discount.to_string(), "it is not between 0 and 100 per cent", "20 is 20 per cent");
    }
    if !told.wholesale.is_empty() {
        breaches.needed("currency", told.currency.as_ref(), "a wholesale price");
    }
    for (number, price) in (1..).zip(&told.wholesale) {
        if price.amount.is_negative() {
            let field = format!("wholesale.{number}.amount");
            breaches.add(Code::E0401, &field, price.amount.to_string(), "it is below zero", "a price is zero or more");
        }
    }
    if told.offers_max == Some(0) {
        breaches.add(Code::E0401, "offers_max", "0", "no offer could be made under it", "leave it out for any number, 1 for one");
    }
    if let Some(until) = told.available_until.filter(|until| *until <= at) {
        breaches.add(Code::E0415, "available_until", until.to_string(), format!("it is granted at {at}"), "it ends after it begins");
    }
    super::offer::schedule(&told.schedule, None, told.currency, None, breaches);
    match &told.parent {
        Some(parent) => below(setting, told, parent, at, breaches),
        None => {
            if let Some(owner) = setting.view.manufacturer_of(&told.product).filter(|owner| *owner != told.grantor) {
                let why = format!("`{}` is owned by `{owner}`", told.product);
                let cure = "a distributor names the authorization it holds itself: --set parent=resaleauthz-…";
                breaches.add(Code::E0409, "grantor", told.grantor.as_str(), why, cure);
            }
        }
    }
}

/// A distributor passes on what it holds, and no more.
fn below(setting: &Setting<'_>, told: &AuthorizationGranted, parent: &AuthorizationId, at: Instant, breaches: &mut Breaches) {
    let Some(above) = setting.view.granted(parent) else {
        return breaches.add(Code::E0407, "parent", parent.as_str(), "no such authorization was granted", "record it first");
    };
    let name = parent.as_str();
    usable(setting, &above, "parent", at, breaches);
    if above.reseller != told.grantor {
        let why = format!("`{name}` was granted to `{}`", above.reseller);
        breaches.add(Code::E0409, "grantor", told.grantor.as_str(), why, "who holds an authorization passes it on");
    }
    if above.product != told.product {
        breaches.add(
            Code::E0409,
            "product",
            told.product.as_str(),
            format!("`{name}` is for `{}`", above.product),
            "the product it is for",
        );
    }
    if let (Some(theirs), Some(ours)) = (above.currency, told.currency)
        && theirs != ours
    {
        breaches.add(Code::E0409, "currency", ours.as_str(), format!("`{name}` is in {theirs}"), "the ISV fixes the currency");
    }
    if !above.buyers.is_empty() && (told.buyers.is_empty() || told.buyers.iter().any(|buyer| !above.buyers.contains(buyer))) {
        breaches.add(
            Code::E0409,
            "buyers",
            names(&told.buyers),
            format!("`{name}` is for {}", names(&above.buyers)),
            "name those, or some of them",
        );
    }
    if let Some(until) = above.available_until.filter(|until| told.available_until.is_none_or(|ours| ours > *until)) {
        let found = told.available_until.map_or_else(|| "never".to_owned(), |until| until.to_string());
        breaches.add(Code::E0409, "available_until", found, format!("`{name}` ends at {until}"), "end no later");
    }
}

pub(in crate::book) fn restricted(setting: &Setting<'_>, told: &AuthorizationRestricted, breaches: &mut Breaches) {
    let name = told.authorization.as_str();
    if setting.view.granted(&told.authorization).is_none() {
        breaches.add(Code::E0407, "authorization", name, "no such authorization was granted", "dealbook show authorizations");
    } else if setting.view.restricted(&told.authorization) {
        breaches.add(Code::E0408, "authorization", name, "it is restricted already", "nothing is left to do");
    }
}

/// Whether an authorization, and every one it stands on, can be used at a moment.
fn usable(setting: &Setting<'_>, authorization: &AuthorizationGranted, field: &str, at: Instant, breaches: &mut Breaches) {
    let mut next = Some(authorization.clone());
    let mut seen = std::collections::BTreeSet::new();
    while let Some(granted) = next.take().filter(|granted| seen.insert(granted.authorization.clone())) {
        let name = granted.authorization.as_str();
        if setting.view.restricted(&granted.authorization) {
            breaches.add(Code::E0409, field, name, "it is restricted: no new offer is made under it", "ask for another authorization");
        }
        if let Some(until) = granted.available_until.filter(|until| *until <= at) {
            breaches.add(Code::E0409, field, name, format!("it ended at {until}"), "it is never extended; ask for another one");
        }
        next = granted.parent.as_ref().and_then(|parent| setting.view.granted(parent));
    }
}

/// Whether an offer is covered by the authorization it names.
pub(super) fn covers(setting: &Setting<'_>, offer: &OfferTerms, id: &AuthorizationId, at: Instant, breaches: &mut Breaches) {
    let Some(granted) = setting.view.granted(id) else {
        return breaches.add(
            Code::E0407,
            "authorization",
            id.as_str(),
            "no such authorization was granted",
            "dealbook show authorizations",
        );
    };
    usable(setting, &granted, "authorization", at, breaches);
    if let Some(seller) = offer.seller.filter(|seller| *seller != granted.reseller) {
        let why = format!("`{id}` was granted to `{}`", granted.reseller);
        breaches.add(Code::E0409, "seller", seller.as_str(), why, "who holds an authorization sells under it");
    }
    for product in offer.products.iter().filter(|product| **product != granted.product) {
        let why = format!("`{id}` is for `{}`", granted.product);
        breaches.add(Code::E0409, "products", product.as_str(), why, "an offer under it sells that product alone");
    }
    if let (Some(theirs), Some(ours)) = (granted.currency, offer.currency)
        && theirs != ours
    {
        breaches.add(Code::E0409, "currency", ours.as_str(), format!("`{id}` is in {theirs}"), "the ISV fixes the currency");
    }
    if !granted.buyers.is_empty() {
        for buyer in offer.buyers.iter().filter(|buyer| !granted.buyers.contains(buyer)) {
            breaches.add(
                Code::E0409,
                "buyers",
                buyer.as_str(),
                format!("`{id}` is for {}", names(&granted.buyers)),
                "name those, or some of them",
            );
        }
    }
    if offer.buyers.is_empty() {
        breaches.add(Code::E0409, "buyers", "", "a channel partner's offer is made to named buyers", "--set buyers=ACCOUNT");
    }
    if let Some(most) = granted.offers_max {
        let made = setting.view.made_under(id).into_iter().filter(|made| *made != offer.offer).count() as u64;
        if made >= most {
            let why = format!("{made} of {most} offers have been made under it");
            breaches.add(Code::E0409, "authorization", id.as_str(), why, "ask for another authorization");
        }
    }
}

pub(super) fn names(accounts: &[AccountId]) -> String {
    if accounts.is_empty() { "everyone".to_owned() } else { accounts.iter().map(AccountId::as_str).collect::<Vec<_>>().join(", ") }
}
