//! What a row leads to that it does not tell: the product and the buyer of its agreement, the agreements that its offers became.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use ledger_core::event::offer::OfferTerms;
use ledger_core::projection::billing::{Billing, Names as _};
use ledger_core::projection::records::{Standing, View};
use ledger_core::report::{Cell, Column};

use super::narrow::words_in;
use crate::ask::Key;
use crate::session::Named;

/// The columns that hold agreements, and those that hold offers; what something is about may be either.
const AGREEMENTS: &[&str] = &["agreement", "deal", "accepted_by", "subject"];
const OFFERS: &[&str] = &["offer", "subject"];

/// Whether rows with these columns lead to what a query word looks at.
pub(super) fn lead(columns: &[Column], key: Key) -> bool {
    let has = |names: &[&str]| columns.iter().any(|column| names.contains(&column.name));
    match key {
        Key::Product | Key::Buyer => has(AGREEMENTS) || has(OFFERS),
        Key::Agreement => has(OFFERS),
        _ => false,
    }
}

/// Follows ids of agreements and offers, as the records and the invoices of a basis tell them.
pub(in crate::verb) struct Leads<'a> {
    view: &'a View<'a>,
    billing: &'a Billing,
    names: Named<'a>,
    agreements: OnceCell<BTreeMap<&'a str, &'a Standing>>,
    accepted: OnceCell<BTreeMap<&'a str, BTreeSet<&'a str>>>,
    offers: OnceCell<BTreeMap<String, Vec<OfferTerms>>>,
    invoiced: OnceCell<BTreeMap<&'a str, BTreeSet<&'a str>>>,
}

impl<'a> Leads<'a> {
    /// Follows what a view tells, and the invoices, where they are at hand.
    pub(in crate::verb) fn new(view: &'a View<'a>, billing: &'a Billing) -> Self {
        Self {
            view,
            billing,
            names: Named::of(view),
            agreements: OnceCell::new(),
            accepted: OnceCell::new(),
            offers: OnceCell::new(),
            invoiced: OnceCell::new(),
        }
    }

    /// The ids that a row leads to.
    pub(super) fn words(&self, columns: &[Column], row: &[Cell], key: Key) -> Vec<String> {
        let cells = |names: &[&str]| -> Vec<String> {
            columns.iter().zip(row).filter(|(column, _)| names.contains(&column.name)).flat_map(|(_, cell)| words_in(cell)).collect()
        };
        let offers = cells(OFFERS);
        let became = offers.iter().filter_map(|offer| self.accepted().get(offer.as_str())).flatten();
        let agreements: BTreeSet<String> = cells(AGREEMENTS).into_iter().chain(became.map(|agreement| (*agreement).to_owned())).collect();
        let found: BTreeSet<String> = match key {
            Key::Agreement => agreements.into_iter().filter(|agreement| self.agreements().contains_key(agreement.as_str())).collect(),
            Key::Product => {
                let sold = agreements.iter().flat_map(|agreement| self.products_of_agreement(agreement));
                sold.chain(offers.iter().flat_map(|offer| self.products_of_offer(offer))).collect()
            }
            Key::Buyer => {
                let bought = agreements.iter().filter_map(|agreement| self.buyer_of(agreement));
                bought.chain(offers.iter().flat_map(|offer| self.buyers_of_offer(offer))).collect()
            }
            _ => BTreeSet::new(),
        };
        found.into_iter().collect()
    }

    /// What an account is called.
    pub(super) fn party(&self, account: &str) -> Option<String> {
        self.names.party(&account.parse().ok()?)
    }

    /// What a product is called.
    pub(super) fn title(&self, product: &str) -> Option<String> {
        self.view.title_of(&product.parse().ok()?, None)
    }

    fn agreements(&self) -> &BTreeMap<&'a str, &'a Standing> {
        let by_id = |standing: &'a Standing| (standing.terms.agreement.as_str(), standing);
        self.agreements.get_or_init(|| self.view.agreements().into_iter().map(by_id).collect())
    }

    /// The agreements that each offer became.
    fn accepted(&self) -> &BTreeMap<&'a str, BTreeSet<&'a str>> {
        self.accepted.get_or_init(|| {
            let mut accepted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
            for standing in self.view.standings() {
                let agreement = standing.terms.agreement.as_str();
                standing.offers.iter().for_each(|offer| _ = accepted.entry(offer.as_str()).or_default().insert(agreement));
            }
            accepted
        })
    }

    /// The released revisions of each offer.
    fn offers(&self) -> &BTreeMap<String, Vec<OfferTerms>> {
        self.offers.get_or_init(|| {
            let mut offers: BTreeMap<String, Vec<OfferTerms>> = BTreeMap::new();
            self.view.released_offers().for_each(|offer| offers.entry(offer.offer.to_string()).or_default().push(offer));
            offers
        })
    }

    fn products_of_agreement(&self, agreement: &str) -> BTreeSet<String> {
        let invoiced = self.invoiced.get_or_init(|| self.billing.products_by_agreement(self.view.basis()));
        let invoiced = invoiced.get(agreement).into_iter().flatten().map(|product| (*product).to_owned());
        let offer = self.agreements().get(agreement).and_then(|standing| self.view.offer_of(standing));
        let offered = offer.into_iter().flat_map(|offer| self.view.products_of(&offer)).map(|product| product.to_string());
        invoiced.chain(offered).collect()
    }

    fn products_of_offer(&self, offer: &str) -> BTreeSet<String> {
        let revisions = self.offers().get(offer).into_iter().flatten();
        revisions.flat_map(|offer| self.view.products_of(offer)).map(|product| product.to_string()).collect()
    }

    /// Who accepted an agreement: the AWS account, or what the seller's feeds call it.
    fn buyer_of(&self, agreement: &str) -> Option<String> {
        let standing = self.agreements().get(agreement)?;
        let account = self.view.acceptor(standing).map(|account| account.to_string());
        account.or_else(|| standing.terms.acceptor_account.as_ref().map(ToString::to_string))
    }

    /// To whom alone an offer is made.
    fn buyers_of_offer(&self, offer: &str) -> BTreeSet<String> {
        let revisions = self.offers().get(offer).into_iter().flatten();
        revisions.flat_map(|offer| self.view.buyers_of(offer)).map(|buyer| buyer.to_string()).collect()
    }
}
