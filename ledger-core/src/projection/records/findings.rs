//! What the records show that breaks a rule.

use std::collections::{BTreeMap, BTreeSet};

use super::deals::{Visibility, sold_by_another};
use super::{Kind, Record, Standing, Version, View, value_of};
use crate::event::Event;
use crate::event::offer::OfferTerms;
use crate::finding::{self, Finding};
use crate::id::{AccountId, AgreementId, FeedAccountId};
use crate::money::Amount;
use crate::time::Instant;

impl View<'_> {
    /// What the records show at the basis, in order.
    pub fn findings(&self) -> Vec<Finding> {
        let mut found = Vec::new();
        for (offer, version) in self.released() {
            self.judge_offer(&offer, &version, &mut found);
        }
        let known: BTreeSet<&AgreementId> = self.standings().iter().map(|standing| &standing.terms.agreement).collect();
        for standing in self.standings() {
            self.judge_agreement(standing, &known, &mut found);
        }
        self.judge_accounts(&mut found);
        found.sort();
        found
    }

    /// A seller that is not the recipient is a channel partner, and a channel partner sells under an authorization.
    fn judge_offer(&self, offer: &OfferTerms, version: &Version, found: &mut Vec<Finding>) {
        if sold_by_another(self, offer) && offer.authorization.is_none() {
            let seller = self.seller(offer).map(|seller| seller.to_string());
            let seller = seller.or_else(|| offer.seller_account.as_ref().map(ToString::to_string)).unwrap_or_default();
            found.push(Finding {
                seq: version.seq,
                code: finding::FOREIGN_SELLER,
                recipient: offer.recipient,
                subject: offer.offer.to_string(),
                message: format!("`{seller}` released it, without a resale authorization"),
                amount: None,
            });
        }
    }

    fn judge_agreement(&self, standing: &Standing, known: &BTreeSet<&AgreementId>, found: &mut Vec<Finding>) {
        let terms = &standing.terms;
        let mut find = |code, message| {
            found.push(Finding {
                seq: standing.seq,
                code,
                recipient: standing.recipient,
                subject: terms.agreement.to_string(),
                message,
                amount: None,
            });
        };
        if let Some(preceding) = terms.preceding.as_ref().filter(|preceding| !known.contains(preceding)) {
            find(finding::REVISION_GAP, format!("it follows agreement `{preceding}`, which is not recorded"));
        }
        let offer = self.offer_of(standing);
        if let (Some(id), None) = (&terms.offer, &offer) {
            let revision = terms.offer_revision.map(|revision| format!(", revision {revision}")).unwrap_or_default();
            find(finding::REVISION_GAP, format!("it accepts offer `{id}`{revision}, which is not recorded"));
        }
        if let Some(offer) = &offer {
            if let (Some(accepted), Some(expires)) = (terms.accepted_at, self.expires_at(offer))
                && accepted >= expires
            {
                find(finding::ACCEPTED_LATE, format!("offer `{}` was accepted at {accepted} and had expired at {expires}", offer.offer));
            }
            let buyers = self.buyers_of(offer);
            if self.visibility(offer) == Visibility::Private
                && let Some(acceptor) = self.acceptor(standing).filter(|acceptor| !buyers.contains(acceptor))
            {
                find(finding::ACCEPTOR_NOT_TARGETED, format!("`{acceptor}` accepted offer `{}`, which is not made to it", offer.offer));
            }
        }
        let planned = self.planned(standing);
        if let (Some(value), Some(currency), false) = (terms.value, terms.currency, planned.is_empty()) {
            let sum = Amount::from_units(planned.iter().map(|(charge, _)| charge.amount.units()).sum());
            if sum != value || planned.iter().any(|(charge, _)| charge.currency != currency) {
                find(finding::CHARGES_UNEQUAL, format!("the instalments sum to {sum} and the agreement is worth {value} {currency}"));
            }
        }
    }

    /// Accounts that an offer, an agreement or a product names and that no row of the recipient's account feed tells.
    fn judge_accounts(&self, found: &mut Vec<Finding>) {
        let mut named: BTreeMap<(AccountId, FeedAccountId), Version> = BTreeMap::new();
        for kind in [Kind::Agreement, Kind::Offer, Kind::Product] {
            for (record, _) in self.all(kind, &[]) {
                for version in record.stated() {
                    if self.basis.had_happened(Instant::from_micros(version.from)) {
                        for account in accounts(&record, version) {
                            let first = named.entry(account).or_insert(*version);
                            if version.seq < first.seq {
                                *first = *version;
                            }
                        }
                    }
                }
            }
        }
        for ((recipient, account), version) in named {
            if !self.knows_account(recipient, &account) {
                found.push(Finding {
                    seq: version.seq,
                    code: finding::ACCOUNT_UNKNOWN,
                    recipient: Some(recipient),
                    subject: account.to_string(),
                    message: "no row of the account feed says which AWS account it is".to_owned(),
                    amount: None,
                });
            }
        }
    }
}

/// The opaque accounts that a version names, with the recipient in whose feeds it does.
fn accounts(record: &Record<'_>, version: &Version) -> Vec<(AccountId, FeedAccountId)> {
    let (recipient, accounts) = match record.event(version) {
        Some(Event::AgreementRevised(terms) | Event::AgreementAccepted(terms) | Event::AgreementAmended(terms)) => {
            (terms.recipient, vec![terms.proposer_account, terms.acceptor_account])
        }
        Some(Event::OfferReleased(offer)) => (offer.recipient, vec![offer.seller_account, offer.recipient_account]),
        _ => match value_of!(record, Some(version), ProductListed) {
            Some(product) => (Some(product.recipient), vec![product.manufacturer]),
            None => (None, Vec::new()),
        },
    };
    let Some(recipient) = recipient else { return Vec::new() };
    accounts.into_iter().flatten().map(|account| (recipient, account)).collect()
}
