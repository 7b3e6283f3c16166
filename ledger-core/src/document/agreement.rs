//! Agreements as they stand: the answers of `DescribeAgreement` and `SearchAgreements`.
//! Source: AWS Marketplace Agreement API reference.

use serde_json::Value;

use super::{Document, Node, Page, answered_at};
use crate::event::Event;
use crate::event::agreement::{AgreementEnded, AgreementTerms, Status};
use crate::event::offer::OfferTerms;
use crate::id::AccountId;

pub(super) struct AgreementDescribed;

impl Document for AgreementDescribed {
    fn name(&self) -> &'static str {
        "agreement"
    }

    fn marks(&self) -> &'static [&'static [&'static str]] {
        &[&["agreementId"], &["agreementViewSummaries"]]
    }

    /// The same agreement is described to its seller and to its buyer, and does not say to whom.
    fn account(&self, _: &Value) -> Option<AccountId> {
        None
    }

    fn read(&self, page: &Page<'_>) {
        let root = page.root();
        let stated_at = answered_at(&root);
        match root.get("agreementViewSummaries") {
            Some(_) => root.items("agreementViewSummaries").iter().for_each(|agreement| one(agreement, stated_at)),
            None => one(&root, stated_at),
        }
    }
}

fn one(agreement: &Node<'_>, stated_at: Option<crate::time::Instant>) {
    let page = agreement.page;
    let account = |who: &str| agreement.get(who)?.get("accountId")?.account();
    let Some(id) = agreement.needed("agreementId").and_then(|id| id.id::<crate::id::AgreementId>()) else { return };
    let Some(accepted_at) = agreement.needed("acceptanceTime").and_then(|at| at.moment()) else { return };
    let charges = agreement.get("estimatedCharges");
    let proposal = agreement.get("proposalSummary");
    let status: Option<Status> = agreement.text_of("status").map(|status| status.as_str().into());
    // A word that is new here need not mean that it is over.
    if let Some(unknown) = status.as_ref().filter(|status| !status.is_known()) {
        page.drop(&format!("status {unknown}"));
    }
    let is_over = status.filter(|status| status.is_known() && *status != Status::Active);
    let ends_at = agreement.get("endTime").and_then(|end| end.after());
    let terms = AgreementTerms {
        accepted_at: Some(accepted_at),
        acceptor: account("acceptor"),
        currency: charges.as_ref().and_then(|charges| charges.get("currencyCode")?.currency()),
        ends_at,
        offer: proposal.as_ref().and_then(|proposal| proposal.id_of("offerId")),
        offer_set: proposal.as_ref().and_then(|proposal| proposal.id_of("offerSetId")),
        proposer: account("proposer"),
        recipient: Some(page.whose()),
        starts_at: agreement.moment_of("startTime").filter(|starts| *starts != accepted_at),
        value: charges.as_ref().and_then(|charges| charges.get("agreementValue")?.amount()),
        ..AgreementTerms::of(id.clone())
    };
    if let (Some(offer), Some(proposal)) = (&terms.offer, &proposal) {
        let products = proposal.items("resources").into_iter().filter_map(|resource| resource.id_of("id")).collect();
        let told = OfferTerms { products, recipient: Some(page.whose()), seller: terms.proposer, ..OfferTerms::of(offer.clone()) };
        page.tell(&format!("{id}/offer"), accepted_at, stated_at, Event::OfferDescribed(Box::new(told)));
    }
    page.tell(id.as_str(), accepted_at, stated_at, Event::AgreementAccepted(Box::new(terms)));
    if let Some(status) = is_over {
        // What ran out did so at its end; when anything else happened, the description does not say.
        let since = if status == Status::Expired { ends_at } else { stated_at };
        if let Some(since) = page.effective_at(since, "a description of an agreement that is over") {
            let ended = AgreementEnded { agreement: id.clone(), reason: None, status };
            page.tell(&format!("{id}/ended"), since, stated_at, Event::AgreementEnded(Box::new(ended)));
        }
    }
}
