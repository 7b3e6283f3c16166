//! Who may sell whose product on. Source: AWS Marketplace Catalog API, `ResaleAuthorization@1.0`; seller guide, channel partner private
//! offers.

use super::Breaches;
use crate::book::decide::Setting;
use crate::event::offer::OfferTerms;
use crate::event::resale::{AuthorizationRestricted, AuthorizationTerms};
use crate::id::{AccountId, AuthorizationId, OfferId, ProductId};
use crate::money::{Amount, Currency};
use crate::problem::Code;
use crate::time::Instant;

pub(in crate::book) fn granted(setting: &Setting<'_>, told: &AuthorizationTerms, at: Instant, breaches: &mut Breaches) {
    if setting.view.granted(&told.authorization).is_some() {
        let why = "it was granted already, and an authorization is never extended";
        breaches.add(Code::E0408, "authorization", told.authorization.as_str(), why, "grant a clone of it under another id");
    }
    breaches.for_the_feed(&[("recipient", told.recipient.is_some())]);
    breaches.needed("grantor", told.grantor.as_ref(), "an authorization");
    breaches.needed("product", told.product.as_ref(), "an authorization");
    breaches.needed("reseller", told.reseller.as_ref(), "an authorization");
    let (Some(grantor), Some(product), Some(reseller)) = (told.grantor, &told.product, told.reseller) else { return };
    if grantor == reseller {
        breaches.add(Code::E0409, "reseller", reseller.as_str(), "it grants this to itself", "name the partner who will resell");
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
            if let Some(owner) = owner_of(setting, product).filter(|owner| *owner != grantor) {
                let why = format!("`{product}` is owned by `{owner}`");
                let cure = "a distributor names the authorization it holds itself: --set parent=resaleauthz-…";
                breaches.add(Code::E0409, "grantor", grantor.as_str(), why, cure);
            }
        }
    }
}

/// A distributor passes on what it holds, and no more.
fn below(setting: &Setting<'_>, told: &AuthorizationTerms, parent: &AuthorizationId, at: Instant, breaches: &mut Breaches) {
    let Some(above) = setting.view.granted(parent) else {
        return breaches.add(Code::E0407, "parent", parent.as_str(), "no such authorization was granted", "record it first");
    };
    let name = parent.as_str();
    usable(setting, &above, "parent", at, breaches);
    if let (Some(holder), Some(grantor)) = (above.reseller, told.grantor)
        && holder != grantor
    {
        let why = format!("`{name}` was granted to `{holder}`");
        breaches.add(Code::E0409, "grantor", grantor.as_str(), why, "who holds an authorization passes it on");
    }
    if let (Some(theirs), Some(ours)) = (&above.product, &told.product)
        && theirs != ours
    {
        breaches.add(Code::E0409, "product", ours.as_str(), format!("`{name}` is for `{theirs}`"), "the product it is for");
    }
    if let (Some(theirs), Some(ours)) = (currency_of(setting, &above), told.currency)
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
fn usable(setting: &Setting<'_>, authorization: &AuthorizationTerms, field: &str, at: Instant, breaches: &mut Breaches) {
    for granted in chain_of(setting, authorization) {
        let name = granted.authorization.as_str();
        if let Some(since) = setting.view.granted_at(&granted.authorization).filter(|since| *since > at) {
            breaches.add(Code::E0409, field, name, format!("it is granted at {since}"), "nothing is made under it before");
        }
        if setting.view.restricted_at(&granted.authorization).is_some_and(|since| since <= at.max(setting.now)) {
            breaches.add(Code::E0409, field, name, "it is restricted: no new offer is made under it", "ask for another authorization");
        }
        if let Some(until) = granted.available_until.filter(|until| *until <= at) {
            breaches.add(Code::E0409, field, name, format!("it ended at {until}"), "it is never extended; ask for another one");
        }
    }
}

/// Whether an offer is covered by the authorization it names, of whose other offers some count.
pub(super) fn covers(
    setting: &Setting<'_>,
    offer: &OfferTerms,
    id: &AuthorizationId,
    at: Instant,
    counts: impl Fn(&OfferId) -> bool,
    breaches: &mut Breaches,
) {
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
    if let (Some(seller), Some(holder)) = (offer.seller, granted.reseller)
        && seller != holder
    {
        let why = format!("`{id}` was granted to `{holder}`");
        breaches.add(Code::E0409, "seller", seller.as_str(), why, "who holds an authorization sells under it");
    }
    if let Some(theirs) = &granted.product {
        for product in offer.products.iter().filter(|product| *product != theirs) {
            let why = format!("`{id}` is for `{theirs}`");
            breaches.add(Code::E0409, "products", product.as_str(), why, "an offer under it sells that product alone");
        }
    }
    if let (Some(theirs), Some(ours)) = (currency_of(setting, &granted), offer.currency)
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
    for granted in chain_of(setting, &granted) {
        let Some(most) = granted.offers_max else { continue };
        let made =
            setting.view.made_under(&granted.authorization).into_iter().filter(|made| *made != offer.offer && counts(made)).count() as u64;
        if made >= most {
            let why = format!("{made} of {most} offers have been made under `{}`", granted.authorization);
            breaches.add(Code::E0409, "authorization", id.as_str(), why, "ask for another authorization");
        }
    }
}

/// An authorization and those it stands on, up to the ISV's own.
fn chain_of(setting: &Setting<'_>, granted: &AuthorizationTerms) -> Vec<AuthorizationTerms> {
    let mut chain = vec![granted.clone()];
    while let Some(above) = chain.last().and_then(|last| setting.view.granted(last.parent.as_ref()?)) {
        if chain.iter().any(|known| known.authorization == above.authorization) {
            break;
        }
        chain.push(above);
    }
    chain
}

/// The currency that is fixed for an authorization: by itself, or by the nearest above it.
fn currency_of(setting: &Setting<'_>, granted: &AuthorizationTerms) -> Option<Currency> {
    chain_of(setting, granted).into_iter().find_map(|granted| granted.currency)
}

/// Who owns a product: as the feeds say, or else who authorized others to sell it without an authorization above.
pub(super) fn owner_of(setting: &Setting<'_>, product: &ProductId) -> Option<AccountId> {
    setting.view.manufacturer_of(product).or_else(|| {
        let all = setting.view.all_granted();
        let mut roots = all.iter().filter_map(|id| setting.view.granted(id)).filter(|granted| granted.parent.is_none());
        roots.find(|granted| granted.product.as_ref() == Some(product)).and_then(|granted| granted.grantor)
    })
}

pub(super) fn names(accounts: &[AccountId]) -> String {
    if accounts.is_empty() { "everyone".to_owned() } else { accounts.iter().map(AccountId::as_str).collect::<Vec<_>>().join(", ") }
}
