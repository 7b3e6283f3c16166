//! The offer target feed. Source: AWS Marketplace seller guide, offer target data feed.

use super::{Column, Feed, Reading, Row, columns};
use crate::event::Event;
use crate::event::offer::OfferTargeted;
use crate::id::Reference;

columns! {
    ValidFrom "valid_from" Needed,
    InsertDate "insert_date" Told,
    UpdateDate "update_date" Kept,
    DeleteDate "delete_date" Kept,
    OfferTargetId "offer_target_id" Needed,
    OfferId "offer_id" Needed,
    OfferRevision "offer_revision" Kept,
    TargetType "target_type" Needed,
    Polarity "polarity" Kept,
    Value "value" Kept,
    Catalog "catalog" Kept,
}

pub(super) struct OfferTarget;

impl Feed for OfferTarget {
    fn name(&self) -> &'static str {
        "offer_target"
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn read(&self, row: &Row<'_>) -> Option<Reading> {
        let target: Option<Reference> = row.needed(C::OfferTargetId, row.id(C::OfferTargetId));
        let kind = row.needed(C::TargetType, row.owned(C::TargetType));
        let offer = row.needed(C::OfferId, row.id(C::OfferId));
        let valid_from = row.needed(C::ValidFrom, row.moment(C::ValidFrom));
        let revision = row.count(C::OfferRevision);
        let key = format!("{}@{}", target.as_ref()?, valid_from?);
        let targeted = OfferTargeted {
            catalog: row.catalog(C::Catalog),
            extra: row.extra(),
            kind: kind?,
            offer: offer?,
            polarity: row.owned(C::Polarity).unwrap_or_else(|| "PositiveTargeting".to_owned()),
            recipient: Some(row.recipient()),
            revision,
            target,
            valid_from,
            value: row.owned(C::Value).unwrap_or_default(),
        };
        Some(Reading { key, event: Event::OfferTargeted(Box::new(targeted)), effective_at: None })
    }
}
