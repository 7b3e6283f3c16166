//! Notices of EventBridge, as delivered. Source: AWS Marketplace seller guide, Amazon EventBridge events; buyer guide, agreement and
//! cancellation events.

use std::fmt::Display;

use serde_json::Value;

use super::{Document, Node, Page, delivery, snake};
use crate::event::Event;
use crate::event::agreement::{AgreementEnded, AgreementTerms, CancellationAnswered, CancellationRequested};
use crate::event::catalogue::ProductListed;
use crate::event::offer::{OfferSetTerms, OfferTerms};
use crate::id::{AccountId, AgreementId};
use crate::time::Instant;

pub(super) struct Notification;

impl Document for Notification {
    fn name(&self) -> &'static str {
        "notification"
    }

    fn marks(&self) -> &'static [&'static [&'static str]] {
        &[&["detail-type", "detail"]]
    }

    fn account(&self, whole: &Value) -> Option<AccountId> {
        whole.get("account")?.as_str()?.parse().ok()
    }

    fn read(&self, page: &Page<'_>) {
        let root = page.root();
        let Some(title) = root.needed("detail-type").and_then(|title| title.text()) else { return };
        let (Some(at), Some(detail)) = (root.needed("time").and_then(|time| time.moment()), root.needed("detail")) else { return };
        // ` - Proposer`, ` - Manufacturer` and ` - Acceptor` say to whom it was sent.
        let what = [" - Proposer", " - Manufacturer", " - Acceptor", " Acceptor"].iter().find_map(|role| title.strip_suffix(role));
        let what = what.unwrap_or(&title);
        // AWS repeats a notice under the same request; one request may be about several things, and more than one may happen to a thing.
        let Some(request) = detail.text_of("requestId").or_else(|| root.needed("id")?.text()) else { return };
        let notice = Notice { page, at, key: format!("{request}/{}", snake(what)), detail };
        match what {
            "Offer Released" => notice.offer(),
            "OfferSet Released" => notice.offer_set(),
            "Purchase Agreement Created" => notice.created(),
            "Purchase Agreement Amended" => notice.amended(),
            "Purchase Agreement Ended" => notice.ended(),
            request if request.starts_with("Agreement Cancellation Request") => notice.cancellation(),
            _ => page.drop(&title),
        }
    }
}

/// A notice that is being read.
struct Notice<'a> {
    page: &'a Page<'a>,
    at: Instant,
    key: String,
    detail: Node<'a>,
}

impl Notice<'_> {
    fn tell(&self, thing: impl Display, at: Instant, event: Event) {
        self.page.tell(&format!("{}/{thing}", self.key), at, Some(self.at), event);
    }

    fn account(&self, who: &str) -> Option<AccountId> {
        self.detail.get(who)?.get("accountId")?.account()
    }

    fn offer(&self) {
        let Some(offer) = self.detail.needed("offer") else { return };
        let Some(id) = offer.needed("id").and_then(|id| id.id()) else { return };
        let product = self.detail.get("product");
        let mut told = OfferTerms { recipient: Some(self.page.whose()), ..OfferTerms::of(id) };
        told.name = offer.text_of("name");
        told.expires_at = offer.get("expirationDate").and_then(|date| date.after());
        told.products.extend(product.as_ref().and_then(|product| product.id_of("id")));
        told.seller = self.account("sellerOfRecord");
        told.buyers = self.detail.items("targetedBuyerAccountIds").into_iter().filter_map(|buyer| buyer.account()).collect();
        if let (Some(product), Some(id)) = (&product, told.products.first()) {
            let kind = product.text_of("arn").and_then(|arn| Some(arn.rsplit('/').nth(1)?.to_owned()));
            let listed = ProductListed {
                catalog: None,
                code: None,
                delivery: Some(kind.as_deref().and_then(delivery).unwrap_or("unknown").to_owned()),
                extra: crate::event::Extra::new(),
                manufacturer: None,
                manufacturer_account: self.account("manufacturer"),
                product: id.clone(),
                recipient: self.page.whose(),
                title: product.text_of("title"),
                valid_from: self.at,
            };
            self.tell(id.clone(), self.at, Event::ProductListed(Box::new(listed)));
        }
        self.tell(told.offer.clone(), self.at, Event::OfferReleased(Box::new(told)));
    }

    fn offer_set(&self) {
        let Some(set) = self.detail.needed("offerSet") else { return };
        let Some(id) = set.needed("id").and_then(|id| id.id()) else { return };
        let offers = self.detail.items("associatedOffers").into_iter().filter_map(|item| item.get("offer")?.id_of("id")).collect();
        let whose = Some(self.page.whose());
        let told = OfferSetTerms { name: set.text_of("name"), offer_set: id, offers, recipient: whose, removed: vec![], solution: None };
        self.tell(told.offer_set.clone(), self.at, Event::OfferSetReleased(Box::new(told)));
    }

    /// The agreement that a notice is about.
    fn agreement(&self) -> Option<(Node<'_>, AgreementId)> {
        let agreement = self.detail.needed("agreement")?;
        let id = agreement.needed("id")?.id()?;
        Some((agreement, id))
    }

    fn terms(&self) -> Option<AgreementTerms> {
        let (agreement, id) = self.agreement()?;
        let accepted_at = agreement.moment_of("acceptanceTime");
        let terms = AgreementTerms {
            accepted_at,
            acceptor: self.account("acceptor"),
            ends_at: agreement.get("endTime").and_then(|end| end.after()),
            intent: agreement.text_of("intent"),
            offer: self.detail.get("offer").and_then(|offer| offer.id_of("id")),
            preceding: agreement.id_of("previousAgreementId"),
            proposer: self.account("proposer"),
            recipient: Some(self.page.whose()),
            starts_at: agreement.moment_of("startTime").filter(|starts| Some(*starts) != accepted_at),
            status: agreement.text_of("status").map(|status| status.as_str().into()),
            ..AgreementTerms::of(id)
        };
        if let Some(offer) = &terms.offer {
            let mut told = OfferTerms { recipient: terms.recipient, seller: terms.proposer, ..OfferTerms::of(offer.clone()) };
            told.authorization = self.detail.get("resaleAuthorization").and_then(|authorization| authorization.id_of("id"));
            told.products.extend(self.detail.get("product").and_then(|product| product.id_of("id")));
            if told.authorization.is_some() || !told.products.is_empty() {
                self.tell(offer.clone(), accepted_at.unwrap_or(self.at), Event::OfferDescribed(Box::new(told)));
            }
        }
        Some(terms)
    }

    fn created(&self) {
        let Some(terms) = self.terms() else { return };
        self.tell(terms.agreement.clone(), terms.accepted_at.unwrap_or(self.at), Event::AgreementAccepted(Box::new(terms)));
    }

    fn amended(&self) {
        let Some(terms) = self.terms() else { return };
        self.tell(terms.agreement.clone(), self.at, Event::AgreementAmended(Box::new(terms)));
    }

    fn ended(&self) {
        let Some((agreement, id)) = self.agreement() else { return };
        let Some(status) = agreement.needed("status").and_then(|status| status.text()) else { return };
        let ended = AgreementEnded { agreement: id, reason: agreement.text_of("statusReasonCode"), status: status.as_str().into() };
        self.tell(ended.agreement.clone(), self.at, Event::AgreementEnded(Box::new(ended)));
    }

    fn cancellation(&self) {
        let Some((_, agreement)) = self.agreement() else { return };
        let Some(asked) = self.detail.needed("agreementCancellationRequest") else { return };
        let Some(request) = asked.needed("id").and_then(|id| id.id()) else { return };
        let Some(status) = asked.needed("statusCode").and_then(|status| status.text()) else { return };
        if status == "PENDING_APPROVAL" {
            let (note, reason) = (asked.text_of("reasonMessage"), asked.text_of("reasonCode"));
            let told = CancellationRequested { agreement, note, reason, request };
            let at = asked.moment_of("createdAt").unwrap_or(self.at);
            return self.tell(told.request.clone(), at, Event::CancellationRequested(Box::new(told)));
        }
        let told = CancellationAnswered { agreement, answer: status.as_str().into(), note: asked.text_of("statusMessage"), request };
        let at = asked.moment_of("updatedAt").unwrap_or(self.at);
        self.tell(told.request.clone(), at, Event::CancellationAnswered(Box::new(told)));
    }
}
