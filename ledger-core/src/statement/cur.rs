//! The cost and usage report: CUR 2.0 as a data export, and the legacy one. Source: AWS Data Exports user guide, column dictionary.

use super::{BillLine, Column, Row, Statement, cost, kept, needed};

pub(super) struct Cur;

const PAYER: usize = 0;
const MONTH: usize = 1;
const LINE_TYPE: usize = 2;
const CURRENCY: usize = 3;
const ENTITY: usize = 4;
const PRODUCT: usize = 5;
const INVOICE: usize = 6;
const SELLER: usize = 7;

const COLUMNS: &[Column] = &[
    needed(&["bill_payer_account_id", "bill/PayerAccountId"]),
    needed(&["bill_billing_period_start_date", "bill/BillingPeriodStartDate"]),
    needed(&["line_item_line_item_type", "lineItem/LineItemType"]),
    needed(&["line_item_currency_code", "lineItem/CurrencyCode"]),
    needed(&["bill_billing_entity", "bill/BillingEntity"]),
    needed(&["line_item_product_code", "lineItem/ProductCode"]),
    kept(&["bill_invoice_id", "bill/InvoiceId"]),
    kept(&["line_item_legal_entity", "lineItem/LegalEntity"]),
    Column { names: &["line_item_unblended_cost", "lineItem/UnblendedCost"], needed: true, cost: Some("unblended") },
    cost(&["line_item_net_unblended_cost", "lineItem/NetUnblendedCost"], "net_unblended"),
    cost(&["line_item_blended_cost", "lineItem/BlendedCost"], "blended"),
    cost(&["pricing_public_on_demand_cost", "pricing/publicOnDemandCost"], "public_on_demand"),
];

impl Statement for Cur {
    fn name(&self) -> &'static str {
        "cur"
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn read(&self, row: &Row<'_>) -> Option<BillLine> {
        let (payer, month, currency) = (row.payer(PAYER), row.month(MONTH), row.currency(CURRENCY));
        let line_type = row.needed(LINE_TYPE, |text| Ok(text.to_owned()));
        let is_marketplace = row.text(ENTITY) == Some("AWS Marketplace");
        let is_support = row.text(PRODUCT).is_some_and(|code| code.starts_with("AWS") && code.contains("Support"));
        let class = match (is_marketplace, is_support) {
            (true, _) => "marketplace",
            (_, true) => "support",
            _ => "services",
        };
        let costs = row.costs();
        Some(BillLine {
            payer: payer?,
            month: month?,
            class,
            line_type: line_type?,
            currency: currency?,
            costs,
            invoice: if is_marketplace { row.id(INVOICE) } else { None },
            product: if is_marketplace { row.id(PRODUCT) } else { None },
            seller: row.text(SELLER).filter(|_| is_marketplace).map(str::to_owned),
        })
    }
}
