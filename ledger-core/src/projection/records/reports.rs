//! Deals, offers, authorizations, agreements, parties, products and planned charges, as reports.

use std::collections::{BTreeMap, BTreeSet};

use super::deals::Channel;
use super::{Cancellation, Kind, Standing, View, value_of};
use crate::event::offer::OfferTerms;
use crate::id::{AccountId, AgreementId, FeedAccountId, OfferId, ProductId};
use crate::money::{Amount, Currency};
use crate::report::{Cell, Column, Kind as Of, Report};
use crate::time::Instant;

pub(super) fn money(amount: Option<Amount>, currency: Option<Currency>) -> Cell {
    match (amount.map(with_cents), currency) {
        (Some(amount), Some(currency)) => Cell::Money(amount, currency),
        (Some(amount), None) => Cell::Amount(amount),
        _ => Cell::Empty,
    }
}

pub(super) fn maybe(value: Option<impl ToString>) -> Cell {
    Cell::or_empty(value, Cell::text)
}

pub(super) fn moment(value: Option<Instant>) -> Cell {
    Cell::or_empty(value, Cell::Moment)
}

pub(super) fn list<T: ToString>(values: impl IntoIterator<Item = T>) -> Cell {
    let values: Vec<String> = values.into_iter().map(|value| value.to_string()).collect();
    if values.is_empty() { Cell::Empty } else { Cell::List(values) }
}

/// An amount, written with two decimals where they hold it.
fn with_cents(amount: Amount) -> Amount {
    let cents = amount.half_up(2);
    if cents == amount { cents } else { amount }
}

fn sum(amounts: impl Iterator<Item = Amount>) -> Amount {
    Amount::from_units(amounts.map(Amount::units).sum())
}

/// A party: its AWS account, or the opaque id when no account row says which it is; and its name at a moment.
pub(super) fn party(view: &View<'_>, account: Option<AccountId>, opaque: Option<&FeedAccountId>, at: Option<Instant>) -> [Cell; 2] {
    let id = account.map(|account| account.to_string()).or_else(|| opaque.map(ToString::to_string));
    [maybe(id), maybe(account.and_then(|account| view.name_at(account, at)))]
}

pub(super) fn titles(view: &View<'_>, products: &[ProductId], at: Option<Instant>) -> Cell {
    list(products.iter().map(|product| view.title_of(product, at).unwrap_or_else(|| product.to_string())))
}

/// A chain of agreements by renewal and replacement: what became of it, and how many they are.
struct Chain<'v> {
    newest: &'v Standing,
    agreements: u64,
}

/// One row per deal and currency: chains of agreements by renewal and replacement that belong together, shown by the newest agreement, with the
/// newest of each chain totalled. Names are those of the day it was accepted, as in AWS's agreement report.
pub fn deals(view: &View<'_>) -> Report {
    let mut report = Report::new(
        "deals",
        vec![
            Column::new("deal", "Deal", Of::Text),
            Column::new("agreement", "Agreement", Of::Text),
            Column::new("kind", "Kind", Of::Text),
            Column::new("status", "Status", Of::Text),
            Column::new("seller", "Seller", Of::Text),
            Column::new("seller_name", "Seller's name", Of::Text),
            Column::new("isv", "ISV", Of::Text),
            Column::new("isv_name", "ISV's name", Of::Text),
            Column::new("buyer", "Buyer", Of::Text),
            Column::new("buyer_name", "Buyer's name", Of::Text),
            Column::new("product", "Product", Of::List),
            Column::new("offer", "Offer", Of::Text),
            Column::new("authorization", "Authorization", Of::Text),
            Column::new("value", "Value", Of::Money),
            Column::new("currency", "Currency", Of::Text),
            Column::new("accepted", "Accepted", Of::Moment),
            Column::new("start", "Start", Of::Moment),
            Column::new("end", "End", Of::Moment),
            Column::new("agreements", "Agreements", Of::Count),
            Column::new("instalments", "Instalments", Of::Count),
            Column::new("planned", "Planned", Of::Money),
        ],
    );
    report.shown = vec!["deal", "kind", "status", "seller_name", "buyer_name", "product", "value", "currency", "accepted", "end"];
    let chains = view.chains();
    let grouped = view.grouped();
    let mut by_chain: BTreeMap<&AgreementId, Vec<&Standing>> = BTreeMap::new();
    for standing in view.agreements() {
        by_chain.entry(chains.initial(&standing.terms.agreement)).or_default().push(standing);
    }
    // The newest of a chain is what became of it.
    let mut by_deal: BTreeMap<(&AgreementId, Option<Currency>), Vec<Chain<'_>>> = BTreeMap::new();
    for (initial, members) in by_chain {
        let newest = members.iter().max_by_key(|standing| (standing.terms.accepted_at, &standing.terms.agreement));
        let Some(newest) = newest else { continue };
        let deal = grouped.get(initial).unwrap_or(initial);
        by_deal.entry((deal, newest.terms.currency)).or_default().push(Chain { newest, agreements: members.len() as u64 });
    }
    for ((deal, currency), members) in by_deal {
        let newest = members.iter().map(|chain| chain.newest).max_by_key(|it| (it.terms.accepted_at, &it.terms.agreement));
        let Some(standing) = newest else { continue };
        let (terms, at) = (&standing.terms, standing.terms.accepted_at);
        let offer = view.offer_of(standing);
        let mut products: Vec<ProductId> = Vec::new();
        for product in members.iter().filter_map(|chain| view.offer_of(chain.newest)).flat_map(|offer| view.products_of(&offer)) {
            if !products.contains(&product) {
                products.push(product);
            }
        }
        let isv = products.first().and_then(|product| view.manufacturer_of(product));
        let instalments: Vec<_> = members.iter().flat_map(|chain| view.instalments(chain.newest)).collect();
        let values: Vec<Amount> = members.iter().filter_map(|chain| chain.newest.terms.value).collect();
        let value = (!values.is_empty()).then(|| sum(values.into_iter()));
        let [seller, seller_name] = party(view, view.proposer(standing), terms.proposer_account.as_ref(), at);
        let [isv, isv_name] = party(view, isv, None, at);
        let [buyer, buyer_name] = party(view, view.acceptor(standing), terms.acceptor_account.as_ref(), at);
        report.rows.push(vec![
            Cell::text(deal),
            Cell::text(&terms.agreement),
            maybe(offer.as_ref().map(|offer| view.channel(offer).as_str())),
            maybe(terms.status.as_ref()),
            seller,
            seller_name,
            isv,
            isv_name,
            buyer,
            buyer_name,
            titles(view, &products, at),
            maybe(terms.offer.as_ref()),
            maybe(offer.as_ref().and_then(|offer| offer.authorization.as_ref())),
            money(value, currency),
            maybe(currency),
            moment(at),
            moment(terms.starts_at),
            moment(terms.ends_at),
            Cell::Count(members.iter().map(|chain| chain.agreements).sum()),
            Cell::Count(instalments.len() as u64),
            if instalments.is_empty() {
                Cell::Empty
            } else {
                money(Some(sum(instalments.iter().map(|charge| charge.amount))), instalments.first().map(|charge| charge.currency))
            },
        ]);
    }
    report
}

/// One row per agreement: its current revision, by AWS's rule, and its place in the chain.
pub fn agreements(view: &View<'_>) -> Report {
    let mut report = Report::new(
        "agreements",
        vec![
            Column::new("agreement", "Agreement", Of::Text),
            Column::new("initial", "Initial agreement", Of::Text),
            Column::new("preceding", "Preceding", Of::Text),
            Column::new("next", "Next", Of::List),
            Column::new("status", "Status", Of::Text),
            Column::new("reason", "Reason", Of::Text),
            Column::new("cancellation", "Cancellation", Of::Text),
            Column::new("answer_until", "Answer until", Of::Moment),
            Column::new("intent", "Intent", Of::Text),
            Column::new("since", "Since", Of::Moment),
            Column::new("revisions", "Revisions", Of::Count),
            Column::new("seller", "Seller", Of::Text),
            Column::new("seller_name", "Seller's name", Of::Text),
            Column::new("buyer", "Buyer", Of::Text),
            Column::new("buyer_name", "Buyer's name", Of::Text),
            Column::new("offer", "Offer", Of::Text),
            Column::new("offer_revision", "Offer revision", Of::Count),
            Column::new("offer_set", "Offer set", Of::Text),
            Column::new("value", "Value", Of::Money),
            Column::new("currency", "Currency", Of::Text),
            Column::new("accepted", "Accepted", Of::Moment),
            Column::new("start", "Start", Of::Moment),
            Column::new("end", "End", Of::Moment),
            Column::new("terms", "Terms", Of::List),
            Column::new("told_by", "Told by", Of::List),
        ],
    );
    report.shown =
        vec!["agreement", "status", "intent", "seller_name", "buyer_name", "offer", "value", "currency", "accepted", "start", "end"];
    let chains = view.chains();
    let mut told_by: BTreeMap<String, Vec<AccountId>> = BTreeMap::new();
    for standing in view.standings() {
        told_by.entry(standing.terms.agreement.to_string()).or_default().extend(standing.recipient);
    }
    for standing in view.agreements() {
        let (terms, at) = (&standing.terms, standing.terms.accepted_at);
        let [seller, seller_name] = party(view, view.proposer(standing), terms.proposer_account.as_ref(), at);
        let [buyer, buyer_name] = party(view, view.acceptor(standing), terms.acceptor_account.as_ref(), at);
        let cancellation = view.cancellations(&terms.agreement).pop();
        if cancellation.is_some() && !report.shown.contains(&"cancellation") {
            report.shown.splice(2..2, ["cancellation", "answer_until"]);
        }
        let kinds: BTreeSet<String> = view.terms_of(standing).into_iter().map(|term| term.kind).collect();
        report.rows.push(vec![
            Cell::text(&terms.agreement),
            Cell::text(chains.initial(&terms.agreement)),
            maybe(terms.preceding.as_ref()),
            list(chains.next(&terms.agreement)),
            maybe(terms.status.as_ref()),
            maybe(terms.reason.as_ref()),
            maybe(cancellation.as_ref().map(Cancellation::state)),
            moment(cancellation.as_ref().filter(|asked| asked.state() == "OPEN").map(Cancellation::until)),
            maybe(terms.intent.as_ref()),
            Cell::Moment(standing.since),
            Cell::Count(standing.revisions),
            seller,
            seller_name,
            buyer,
            buyer_name,
            maybe(terms.offer.as_ref()),
            Cell::or_empty(terms.offer_revision, Cell::Count),
            maybe(terms.offer_set.as_ref()),
            money(terms.value, terms.currency),
            maybe(terms.currency),
            moment(at),
            moment(terms.starts_at),
            moment(terms.ends_at),
            list(kinds),
            list(told_by.remove(terms.agreement.as_str()).unwrap_or_default()),
        ]);
    }
    report
}

/// One row per revision of an offer, as its seller tells it, or else as the first recipient does.
pub fn offers(view: &View<'_>) -> Report {
    let mut report = Report::new(
        "offers",
        vec![
            Column::new("offer", "Offer", Of::Text),
            Column::new("revision", "Revision", Of::Count),
            Column::new("offer_name", "Name", Of::Text),
            Column::new("state", "State", Of::Text),
            Column::new("visibility", "Visibility", Of::Text),
            Column::new("cppo", "CPPO", Of::Flag),
            Column::new("seller", "Seller", Of::Text),
            Column::new("seller_name", "Seller's name", Of::Text),
            Column::new("product", "Product", Of::List),
            Column::new("targets", "Targets", Of::List),
            Column::new("authorization", "Authorization", Of::Text),
            Column::new("offer_set", "Offer set", Of::Text),
            Column::new("released", "Released", Of::Moment),
            Column::new("expires", "Expires", Of::Moment),
            Column::new("expired", "Expired", Of::Flag),
            Column::new("accepted_by", "Accepted by", Of::List),
        ],
    );
    report.shown = vec!["offer", "revision", "offer_name", "state", "visibility", "cppo", "seller_name", "product", "released", "expires"];
    let mut accepted: BTreeMap<OfferId, BTreeSet<String>> = BTreeMap::new();
    for standing in view.standings() {
        for offer in &standing.offers {
            accepted.entry(offer.clone()).or_default().insert(standing.terms.agreement.to_string());
        }
    }
    let sets = view.sets_of_offers();
    // The same revision may stand in several recipients' feeds: the seller's own comes first.
    let mut chosen: BTreeMap<(OfferId, Option<u64>), (bool, OfferTerms, Instant)> = BTreeMap::new();
    for (offer, version) in view.released() {
        let own = offer.recipient.is_some() && view.seller(&offer) == offer.recipient;
        let place = (offer.offer.clone(), offer.revision);
        if chosen.get(&place).is_none_or(|(already, ..)| own && !already) {
            chosen.insert(place, (own, offer, Instant::from_micros(version.from)));
        }
    }
    let states = view.offer_states();
    let released = chosen.into_values().map(|(_, offer, released)| (offer, Some(released)));
    let mut offers: Vec<(OfferTerms, Option<Instant>)> = released.chain(view.drafts().into_iter().map(|draft| (draft, None))).collect();
    offers.sort_by(|(one, _), (other, _)| (&one.offer, one.revision).cmp(&(&other.offer, other.revision)));
    for (offer, released) in offers {
        let state = states.of(&offer.offer).map_or("draft", |state| state.word);
        let expires = view.expires_at(&offer);
        let expired = expires.zip(view.until()).is_some_and(|(expires, until)| expires < until);
        let [seller, seller_name] = party(view, view.seller(&offer), offer.seller_account.as_ref(), None);
        let set = offer.offer_set.clone().or_else(|| sets.get(&offer.offer).cloned());
        if set.is_some() && !report.shown.contains(&"offer_set") {
            report.shown.insert(3, "offer_set");
        }
        report.rows.push(vec![
            Cell::text(&offer.offer),
            Cell::or_empty(offer.revision, Cell::Count),
            maybe(offer.name.as_ref()),
            Cell::text(state),
            Cell::text(view.visibility(&offer)),
            Cell::Flag(view.channel(&offer) == Channel::Cppo),
            seller,
            seller_name,
            titles(view, &view.products_of(&offer), None),
            list(view.targets_of(&offer).into_iter().map(|target| target.value)),
            maybe(offer.authorization.as_ref()),
            maybe(set),
            moment(released),
            moment(expires),
            Cell::Flag(expired),
            list(accepted.get(&offer.offer).cloned().unwrap_or_default()),
        ]);
    }
    report
}

/// One row per resale authorization: what the offers made under it tell, and what was granted by an event of its own. It holds since it was granted,
/// or since the first offer under it was released.
pub fn authorizations(view: &View<'_>) -> Report {
    let mut report = Report::new(
        "authorizations",
        vec![
            Column::new("authorization", "Authorization", Of::Text),
            Column::new("name", "Name", Of::Text),
            Column::new("description", "Description", Of::Text),
            Column::new("isv", "ISV", Of::Text),
            Column::new("isv_name", "ISV's name", Of::Text),
            Column::new("partner", "Partner", Of::Text),
            Column::new("partner_name", "Partner's name", Of::Text),
            Column::new("product", "Product", Of::List),
            Column::new("offers", "Offers", Of::Count),
            Column::new("offer", "Offer", Of::List),
            Column::new("since", "Since", Of::Moment),
            Column::new("until", "Until", Of::Moment),
            Column::new("offers_max", "Offers at most", Of::Count),
            Column::new("restricted", "Restricted", Of::Flag),
        ],
    );
    report.shown = vec!["authorization", "name", "isv_name", "partner_name", "product", "offers", "until", "restricted"];
    for (authorization, released) in view.authorizations() {
        let since = view.granted_at(&authorization).or_else(|| released.iter().map(|(_, since)| *since).min());
        let offers: Vec<OfferTerms> = released.into_iter().map(|(offer, _)| offer).collect();
        let granted = view.granted(&authorization);
        let ids: BTreeSet<&OfferId> = offers.iter().map(|offer| &offer.offer).collect();
        let mut products: BTreeSet<ProductId> = offers.iter().flat_map(|offer| view.products_of(offer)).collect();
        products.extend(granted.as_ref().and_then(|granted| granted.product.clone()));
        let products: Vec<ProductId> = products.into_iter().collect();
        let isv = granted.as_ref().and_then(|granted| granted.grantor).or_else(|| view.manufacturer_of(products.first()?));
        let partner = granted.as_ref().and_then(|granted| granted.reseller).or_else(|| offers.iter().find_map(|offer| view.seller(offer)));
        let told = |of: fn(&OfferTerms) -> Option<&String>| offers.iter().find_map(of);
        let [isv, isv_name] = party(view, isv, None, None);
        let [partner, partner_name] = party(view, partner, offers.iter().find_map(|offer| offer.seller_account.as_ref()), None);
        report.rows.push(vec![
            Cell::text(&authorization),
            maybe(told(|offer| offer.authorization_name.as_ref()).or(granted.as_ref().and_then(|granted| granted.name.as_ref()))),
            maybe(
                told(|offer| offer.authorization_description.as_ref())
                    .or(granted.as_ref().and_then(|granted| granted.description.as_ref())),
            ),
            isv,
            isv_name,
            partner,
            partner_name,
            titles(view, &products, None),
            Cell::Count(ids.len() as u64),
            list(ids),
            moment(since),
            moment(granted.as_ref().and_then(|granted| granted.available_until)),
            Cell::or_empty(granted.as_ref().and_then(|granted| granted.offers_max), Cell::Count),
            Cell::Flag(view.stopped(&authorization)),
        ]);
    }
    report
}

/// One row per AWS account that some recipient's feeds name.
pub fn parties(view: &View<'_>) -> Report {
    let mut report = Report::new(
        "parties",
        vec![
            Column::new("party", "Party", Of::Text),
            Column::new("name", "Name", Of::Text),
            Column::new("country", "Country", Of::Text),
            Column::new("state", "State", Of::Text),
            Column::new("named_by", "Named by", Of::List),
        ],
    );
    for (account, rows) in view.accounts() {
        let named_by: BTreeSet<AccountId> = rows.iter().map(|(recipient, _)| *recipient).collect();
        let (country, state) = view.place_of(*account, None).unwrap_or_default();
        report.rows.push(vec![Cell::text(account), maybe(view.name_of(*account)), maybe(country), maybe(state), list(named_by)]);
    }
    report
}

/// One row per product.
pub fn products(view: &View<'_>) -> Report {
    let mut report = Report::new(
        "products",
        vec![
            Column::new("product", "Product", Of::Text),
            Column::new("title", "Title", Of::Text),
            Column::new("code", "Code", Of::Text),
            Column::new("isv", "ISV", Of::Text),
            Column::new("isv_name", "ISV's name", Of::Text),
            Column::new("designations", "Designations", Of::List),
        ],
    );
    let mut listed = BTreeMap::new();
    for (record, _) in view.all(Kind::Product, &[]) {
        if let Some(product) = value_of!(record, record.looked_up(None), ProductListed) {
            listed.entry(product.product.clone()).or_insert(product);
        }
    }
    for (id, product) in listed {
        let designations: Vec<String> = view
            .all(Kind::Designation, &[id.as_str()])
            .filter_map(|(record, _)| value_of!(record, record.in_force(), ProductDesignated))
            .filter(|designated| designated.holds)
            .map(|designated| designated.designation)
            .collect();
        let [isv, isv_name] = party(view, view.manufacturer_of(&id), product.manufacturer.as_ref(), None);
        report.rows.push(vec![Cell::text(&id), maybe(product.title), maybe(product.code), isv, isv_name, list(designations)]);
    }
    report
}

/// One row per planned instalment, and whether an early end of the agreement took it away.
pub fn charges(view: &View<'_>) -> Report {
    let mut report = Report::new(
        "charges",
        vec![
            Column::new("agreement", "Agreement", Of::Text),
            Column::new("term", "Term", Of::Text),
            Column::new("charged_at", "Charged at", Of::Moment),
            Column::new("amount", "Amount", Of::Money),
            Column::new("currency", "Currency", Of::Text),
            Column::new("status", "Agreement's status", Of::Text),
            Column::new("stands", "Stands", Of::Flag),
        ],
    );
    for standing in view.agreements() {
        let standing_charges = view.instalments(standing);
        let mut planned: Vec<_> = view.planned(standing).into_iter().map(|(charge, _)| charge).collect();
        planned.sort_by(|one, other| (one.charged_at, &one.term).cmp(&(other.charged_at, &other.term)));
        for charge in planned {
            report.rows.push(vec![
                Cell::text(&charge.agreement),
                Cell::text(&charge.term),
                Cell::Moment(charge.charged_at),
                Cell::Money(charge.amount, charge.currency),
                Cell::text(charge.currency),
                maybe(standing.terms.status.as_ref()),
                Cell::Flag(standing_charges.contains(&charge)),
            ]);
        }
    }
    report
}
