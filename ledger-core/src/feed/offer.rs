//! The offer feed: a row is a revision of an offer. Source: AWS Marketplace seller guide, offer data feed; the resale authorization is
//! still called an opportunity there; `recipient_account_id` and `catalog` since 2026.

use super::{Column, Feed, Reading, Row, columns};
use crate::event::Event;
use crate::event::offer::OfferTerms;
use crate::time::Instant;

columns! {
    ValidFrom "valid_from" Needed,
    InsertDate "insert_date" Told,
    UpdateDate "update_date" Kept,
    DeleteDate "delete_date" Kept,
    OfferId "offer_id" Needed,
    OfferRevision "offer_revision" Needed,
    Name "name" Needed,
    ExpirationDate "expiration_date" Needed,
    OpportunityId "opportunity_id" Kept,
    OpportunityName "opportunity_name" Kept,
    OpportunityDescription "opportunity_description" Kept,
    SellerAccountId "seller_account_id" Kept,
    RecipientAccountId "recipient_account_id" Kept,
    Catalog "catalog" Kept,
}

pub(super) struct Offer;

impl Feed for Offer {
    fn name(&self) -> &'static str {
        "offer"
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn read(&self, row: &Row<'_>) -> Option<Reading> {
        super::same_recipient(row, C::RecipientAccountId);
        let valid_from = row.needed(C::ValidFrom, row.moment(C::ValidFrom));
        let revision = row.needed(C::OfferRevision, row.count(C::OfferRevision));
        let offer = OfferTerms {
            authorization: row.id(C::OpportunityId),
            authorization_description: row.owned(C::OpportunityDescription),
            authorization_name: row.owned(C::OpportunityName),
            catalog: row.catalog(C::Catalog),
            expires_at: row.moment(C::ExpirationDate).filter(|moment| *moment < never()),
            extra: row.extra(),
            name: row.owned(C::Name),
            recipient: Some(row.recipient()),
            recipient_account: row.id(C::RecipientAccountId),
            revision,
            seller_account: row.id(C::SellerAccountId),
            valid_from,
            ..OfferTerms::of(row.needed(C::OfferId, row.id(C::OfferId))?)
        };
        let key = format!("{}:{}@{}", offer.offer, revision?, valid_from?);
        Some(Reading { key, event: Event::OfferReleased(Box::new(offer)), effective_at: None })
    }
}

/// 9999-01-01 stands for "does not expire".
fn never() -> Instant {
    Instant::from_micros(253_370_764_800_000_000)
}

#[cfg(test)]
mod tests {
    #[test]
    fn never_is_the_year_9999() {
        assert_eq!(super::never().to_string(), "9999-01-01T00:00:00Z");
    }
}
