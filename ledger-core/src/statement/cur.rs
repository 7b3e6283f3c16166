//! The cost and usage report: CUR 2.0 as a data export, and the legacy one. Source: AWS Data Exports user guide, column dictionary.

use super::{BillLine, Charge, Column, Row, Statement, Told, cost, is_model, kept, needed};

pub(super) struct Cur;

const PAYER: usize = 0;
const MONTH: usize = 1;
const LINE_TYPE: usize = 2;
const CURRENCY: usize = 3;
const ENTITY: usize = 4;
const PRODUCT: usize = 5;
const INVOICE: usize = 6;
const SELLER: usize = 7;
const UNBLENDED: usize = 8;
const ACCOUNT: usize = 12;
const ITEM: usize = 13;
const INTERVAL: usize = 14;
const BILL_TYPE: usize = 15;
const PRODUCT_NAME: usize = 16;

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
    kept(&["line_item_usage_account_id", "lineItem/UsageAccountId"]),
    kept(&["identity_line_item_id", "identity/LineItemId"]),
    kept(&["identity_time_interval", "identity/TimeInterval"]),
    kept(&["bill_bill_type", "bill/BillType"]),
    // CUR 2.0 has a map of a product's properties; an export may make columns of them.
    kept(&["product_product_name", "product/ProductName", "product"]),
];

fn charge<'a>(row: &Row<'a>) -> Charge<'a> {
    let (payer, month, currency) = (row.payer(PAYER), row.month(MONTH), row.currency(CURRENCY));
    let line_type = row.word(LINE_TYPE);
    let is_support = row.text(PRODUCT).is_some_and(|code| code.starts_with("AWS") && code.contains("Support"));
    let class = match (row.text(ENTITY) == Some("AWS Marketplace"), is_support) {
        (true, _) => "marketplace",
        (_, true) => "support",
        _ => "services",
    };
    let (monthly, invoiced) = (!matches!(row.text(BILL_TYPE), Some("Purchase" | "Refund")), row.text(INVOICE).is_some());
    Charge { payer, month, currency, line_type, class, seller: row.text(SELLER), monthly, invoiced }
}

impl Statement for Cur {
    fn name(&self) -> &'static str {
        "cur"
    }

    fn title(&self) -> &'static str {
        "CUR 2.0 or legacy CUR"
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    /// What a line costs is its unblended cost: the lines of a bill sum to its invoices by it. Its id alone is not its own: it is with the
    /// interval.
    fn read<'a>(&self, row: &Row<'a>) -> Option<Told<'a>> {
        let charge = charge(row);
        let amount = row.cost(UNBLENDED);
        let is_model = charge.is_marketplace() && row.text(PRODUCT_NAME).is_some_and(is_model);
        charge.told(amount, is_model, |line| {
            line.invoice = row.id(INVOICE);
            line.product = row.id(PRODUCT);
            line.account = row.account(ACCOUNT);
            line.item = row.text(ITEM).map(|item| row.text(INTERVAL).map_or(item.to_owned(), |interval| format!("{item} {interval}")));
            line.corrects = row.text(BILL_TYPE) == Some("Refund");
        })
    }

    fn bill(&self, row: &Row<'_>) -> Option<BillLine> {
        charge(row).bill(row, || row.id(INVOICE), || row.id(PRODUCT))
    }

    fn invoices(&self) -> Option<usize> {
        Some(INVOICE)
    }

    fn is_bill(&self) -> bool {
        true
    }
}
