//! The legacy id mapping feed. Its records have no versions in business time. Source: AWS Marketplace seller guide, legacy mapping data feed.

use super::{Column, Feed, Reading, Row, columns};
use crate::event::Event;
use crate::event::catalogue::IdMapped;

columns! {
    ValidFrom "valid_from" Needed,
    InsertDate "insert_date" Told,
    UpdateDate "update_date" Kept,
    DeleteDate "delete_date" Kept,
    MappingType "mapping_type" Needed,
    LegacyId "legacy_id" Needed,
    NewId "new_id" Needed,
    Catalog "catalog" Kept,
}

pub(super) struct LegacyIdMapping;

impl Feed for LegacyIdMapping {
    fn name(&self) -> &'static str {
        "legacy_id_mapping"
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn read(&self, row: &Row<'_>) -> Option<Reading> {
        let kind = row.needed(C::MappingType, row.owned(C::MappingType));
        let legacy = row.needed(C::LegacyId, row.id(C::LegacyId));
        let new = row.needed(C::NewId, row.id(C::NewId));
        let valid_from = row.needed(C::ValidFrom, row.moment(C::ValidFrom));
        let mapped = IdMapped {
            catalog: row.catalog(C::Catalog),
            extra: row.extra(),
            kind: kind?,
            legacy: legacy?,
            new: new?,
            recipient: row.recipient(),
            valid_from: valid_from?,
        };
        let key = format!("{}:{}", mapped.kind, mapped.legacy);
        Some(Reading { key, event: Event::IdMapped(Box::new(mapped)), effective_at: None })
    }
}
