//! The offer product feed. Source: AWS Marketplace seller guide, offer product data feed.

use super::{Column, Feed, Reading, Row, columns};
use crate::event::Event;
use crate::event::offer::OfferProductAdded;

columns! {
    ValidFrom "valid_from" Needed,
    InsertDate "insert_date" Told,
    UpdateDate "update_date" Kept,
    DeleteDate "delete_date" Kept,
    OfferId "offer_id" Needed,
    OfferRevision "offer_revision" Needed,
    ProductId "product_id" Needed,
}

pub(super) struct OfferProduct;

impl Feed for OfferProduct {
    fn name(&self) -> &'static str {
        "offer_product"
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn read(&self, row: &Row<'_>) -> Option<Reading> {
        let offer = row.needed(C::OfferId, row.id(C::OfferId));
        let product = row.needed(C::ProductId, row.id(C::ProductId));
        let revision = row.needed(C::OfferRevision, row.count(C::OfferRevision));
        let valid_from = row.needed(C::ValidFrom, row.moment(C::ValidFrom));
        let added = OfferProductAdded {
            extra: row.extra(),
            offer: offer?,
            product: product?,
            recipient: Some(row.recipient()),
            revision,
            valid_from,
        };
        let key = format!("{}:{}:{}@{}", added.offer, revision?, added.product, valid_from?);
        Some(Reading { key, event: Event::OfferProductAdded(Box::new(added)), effective_at: None })
    }
}
