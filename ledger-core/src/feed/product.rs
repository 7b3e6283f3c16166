//! The product feed. Source: AWS Marketplace seller guide, product data feed.

use super::{Column, Feed, Reading, Row, columns};
use crate::event::Event;
use crate::event::catalogue::ProductListed;

columns! {
    ValidFrom "valid_from" Needed,
    InsertDate "insert_date" Told,
    UpdateDate "update_date" Kept,
    DeleteDate "delete_date" Kept,
    ProductId "product_id" Needed,
    ManufacturerAccountId "manufacturer_account_id" Kept,
    ProductCode "product_code" Needed,
    Title "title" Needed,
    Catalog "catalog" Kept,
}

pub(super) struct Product;

impl Feed for Product {
    fn name(&self) -> &'static str {
        "product"
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn read(&self, row: &Row<'_>) -> Option<Reading> {
        let product = row.needed(C::ProductId, row.id(C::ProductId));
        let valid_from = row.needed(C::ValidFrom, row.moment(C::ValidFrom));
        let listed = ProductListed {
            catalog: row.catalog(C::Catalog),
            code: row.id(C::ProductCode),
            delivery: None,
            manufacturer_account: None,
            extra: row.extra(),
            manufacturer: row.id(C::ManufacturerAccountId),
            product: product?,
            recipient: row.recipient(),
            title: row.owned(C::Title),
            valid_from: valid_from?,
        };
        let key = format!("{}@{}", listed.product, listed.valid_from);
        Some(Reading { key, event: Event::ProductListed(Box::new(listed)), effective_at: None })
    }
}
