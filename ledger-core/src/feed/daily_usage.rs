//! The daily usage feed: estimates. Source: AWS Marketplace seller guide, daily usage data feed (2025); `delete_date` is used.

use super::{Column, Feed, Reading, Row, columns};
use crate::event::Event;
use crate::event::billing::UsageMetered;

columns! {
    ValidFrom "valid_from" Needed,
    InsertDate "insert_date" Told,
    UpdateDate "update_date" Kept,
    DeleteDate "delete_date" Kept,
    UsageFeedId "usage_feed_id" Needed,
    UsageDate "usage_date" Needed,
    ProductId "product_id" Kept,
    AgreementId "agreement_id" Kept,
    OfferId "offer_id" Kept,
    EndUserAccountId "end_user_account_id" Kept,
    PayerAccountId "payer_account_id" Kept,
    RecipientAccountId "recipient_account_id" Told,
    Region "region" Kept,
    DimensionKey "dimension_key" Kept,
    UsageUnit "usage_unit" Kept,
    ChargeItemDescription "charge_item_description" Kept,
    UsageQuantity "usage_quantity" Kept,
    UsageRate "usage_rate_per_unit_in_pricing_currency" Kept,
    EstimatedRevenue "estimated_revenue_in_pricing_currency" Kept,
    PricingCurrency "pricing_currency" Kept,
    Catalog "catalog" Kept,
}

pub(super) struct DailyUsage;

impl Feed for DailyUsage {
    fn name(&self) -> &'static str {
        "daily_usage"
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn read(&self, row: &Row<'_>) -> Option<Reading> {
        super::same_recipient(row, C::RecipientAccountId);
        let day = row.needed(C::UsageDate, row.moment(C::UsageDate));
        let usage = row.needed(C::UsageFeedId, row.id(C::UsageFeedId));
        let valid_from = row.needed(C::ValidFrom, row.moment(C::ValidFrom));
        let metered = UsageMetered {
            agreement: row.id(C::AgreementId),
            catalog: row.catalog(C::Catalog),
            currency: row.currency(C::PricingCurrency),
            description: row.owned(C::ChargeItemDescription),
            dimension: row.owned(C::DimensionKey),
            end_user: row.id(C::EndUserAccountId),
            estimated_revenue: row.amount(C::EstimatedRevenue),
            extra: row.extra(),
            offer: row.id(C::OfferId),
            payer: row.id(C::PayerAccountId),
            product: row.id(C::ProductId),
            quantity: row.amount(C::UsageQuantity),
            rate: row.amount(C::UsageRate),
            recipient: row.recipient(),
            region: row.owned(C::Region),
            unit: row.owned(C::UsageUnit),
            day: day?,
            usage: usage?,
            valid_from: valid_from?,
        };
        let key = format!("{}@{}", metered.usage, metered.valid_from);
        Some(Reading { key, event: Event::UsageMetered(Box::new(metered)), effective_at: None })
    }
}
