//! What AWS reports to sellers and resellers: Billed Revenue, and Collections and Disbursements. Source: AWS's published queries that make
//! these reports of the data feeds (2026), whose names of columns the exports have in one spelling or another.

use super::{Column, Line, Row, Side, Statement, Subject, Told, cost, kept, needed};
use crate::time::Period;

/// A report to a seller. Both have the same columns, but for a few.
pub(super) struct SellerReport {
    name: &'static str,
    title: &'static str,
    columns: &'static [Column],
    is_of_payouts: bool,
}

/// A row for each line that was invoiced.
pub(super) const BILLED_REVENUE: SellerReport =
    SellerReport { name: "billed_revenue", title: "Billed Revenue", columns: BILLED, is_of_payouts: false };

/// A row for each line of each payout, and for each that waits for one.
pub(super) const COLLECTIONS: SellerReport =
    SellerReport { name: "collections", title: "Collections and Disbursements", columns: PAID, is_of_payouts: true };

const INVOICE_DATE: usize = 0;
const INVOICE: usize = 1;
const NET: usize = 2;
const CURRENCY: usize = 3;
const LISTING_FEE_INVOICE: usize = 4;
const WHOLESALE_INVOICE: usize = 5;
const SELLER_INVOICE: usize = 6;
const PRODUCT: usize = 7;
const SUBSCRIBER: usize = 8;
const AGREEMENT: usize = 9;
const STATUS: usize = 10;
const PAID_ON: usize = 11;
const TRACE: usize = 12;
const REFERENCE: usize = 13;
const ISV: usize = 14;
const ISV_NAME: usize = 15;
const RESELLER: usize = 16;
const COLLECTED_ON: usize = 17;

macro_rules! columns {
    ($($own:expr),+ $(,)?) => {
        &[
            needed(&["invoice_date"]),
            needed(&["invoice_id"]),
            needed(&["seller_net_revenue"]),
            needed(&["currency"]),
            kept(&["listing_fee_invoice_id"]),
            kept(&["wholesale_invoice_id"]),
            kept(&["seller_issued_invoice_id"]),
            kept(&["product_id"]),
            kept(&["subscriber_aws_account_id"]),
            kept(&["agreement_id"]),
            needed(&["disbursement_status"]),
            kept(&["disbursement_date"]),
            kept(&["disburse_bank_trace_id"]),
            kept(&["transaction_reference_id"]),
            kept(&["isv_account_id"]),
            kept(&["isv_company_name"]),
            kept(&["reseller_aws_account_id"]),
            kept(&["last_collection_date"]),
            cost(&["collected_net_revenue"], "collected"),
            cost(&["wholesale_cost"], "wholesale_cost"),
            cost(&["wholesale_cost_refund"], "wholesale_cost_refund"),
            cost(&["gross_revenue"], "gross"),
            cost(&["gross_refund"], "gross_refund"),
            cost(&["listing_fee"], "listing_fee"),
            cost(&["listing_fee_refund"], "listing_fee_refund"),
            cost(&["aws_tax_share_listing_fee"], "listing_fee_tax"),
            cost(&["aws_tax_share_refund_listing_fee"], "listing_fee_tax_refund"),
            cost(&["seller_tax_share"], "seller_tax"),
            cost(&["seller_tax_share_refund"], "seller_tax_refund"),
            cost(&["wholesale_seller_tax_share"], "wholesale_seller_tax"),
            cost(&["wholesale_seller_tax_share_refund"], "wholesale_seller_tax_refund"),
            cost(&["wholesale_other_seller_tax_share"], "wholesale_other_seller_tax"),
            cost(&["wholesale_other_seller_tax_share_refund"], "wholesale_other_seller_tax_refund"),
            cost(&["wholesale_aws_tax_share"], "wholesale_aws_tax"),
            cost(&["wholesale_aws_tax_share_refund"], "wholesale_aws_tax_refund"),
            cost(&["disbursed_net_revenue"], "disbursed"),
            cost(&["undisbursed_net_revenue"], "undisbursed"),
            $($own),+
        ]
    };
}

const BILLED: &[Column] = columns![
    needed(&["uncollected_net_revenue"]),
    cost(&["aws_tax_share"], "buyer_tax_informational"),
    cost(&["aws_tax_share_refund"], "buyer_tax_informational_refund"),
];

const PAID: &[Column] = columns![needed(&["disbursement_period"])];

impl Statement for SellerReport {
    fn name(&self) -> &'static str {
        self.name
    }

    fn title(&self) -> &'static str {
        self.title
    }

    fn columns(&self) -> &'static [Column] {
        self.columns
    }

    fn is_loose(&self) -> bool {
        true
    }

    /// What is told of payouts is a line once it was paid, and before that once it was collected.
    fn read<'a>(&self, row: &Row<'a>) -> Option<Told<'a>> {
        let (invoiced, net, currency) = (row.month_of(INVOICE_DATE), row.cost(NET), row.currency(CURRENCY));
        let (paid_on, collected_on) = (row.moment(PAID_ON), row.moment(COLLECTED_ON));
        let parts = row.costs();
        let part = |name: &str| parts.iter().find(|(known, _)| *known == name).map(|(_, amount)| *amount);
        // Who pays a wholesale price is the reseller, whose report this then is; of a sale that it makes itself the ISV's.
        let is_resellers = part("wholesale_cost").is_some_and(|cost| !cost.is_zero());
        let seller = if is_resellers { row.account(RESELLER) } else { row.account(ISV) };
        let scope = row.whose(if is_resellers { RESELLER } else { ISV }, seller);
        let (net, (date, month)) = (net?, invoiced?);
        let is_collected = collected_on.is_some() || part("collected").is_some_and(|collected| !collected.is_zero());
        let (subject, amount, date) = match (self.is_of_payouts, row.text(STATUS)) {
            (false, _) => (Subject::Billed, net, Some(date)),
            (true, Some("Disbursed")) => (Subject::Disbursed, net, paid_on),
            (true, _) if is_collected => (Subject::Collected, part("collected").unwrap_or(net), collected_on),
            (true, _) => return Some(Told::Other("not collected yet")),
        };
        let status = row.text(STATUS).unwrap_or_default();
        // A line of a payout belongs to the month in which it was paid, not to that of its invoice.
        let month = date.and_then(Period::month_of).unwrap_or(month);
        let mut line = Line::of(Side::Seller, subject, (scope?, month), status, (amount, currency?));
        line.parts = parts;
        line.date = date;
        line.invoice = row.id(INVOICE);
        let others = [("listing_fee", LISTING_FEE_INVOICE), ("wholesale", WHOLESALE_INVOICE), ("seller_issued", SELLER_INVOICE)];
        line.others = others.into_iter().filter_map(|(called, column)| Some((called, row.id(column)?))).collect();
        line.product = row.id(PRODUCT);
        line.account = row.account(SUBSCRIBER);
        line.agreement = row.id(AGREEMENT);
        line.seller = row.text(ISV_NAME).map(str::to_owned);
        line.trace = row.id(TRACE);
        // AWS shortens the id of the line, so that lines of one invoice may share it: what tells them apart is said beside it.
        line.item = row.text(REFERENCE).map(|reference| {
            let invoice = row.text(INVOICE).unwrap_or_default();
            format!("{reference} {invoice} {} {}", row.text(TRACE).unwrap_or_default(), net.written())
        });
        Some(Told::Line(Box::new(line)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::projection::billing::Measure;

    #[test]
    fn parts_are_called_as_the_payouts_call_them() {
        let known = |name: &str| Measure::ALL.iter().any(|measure| measure.name() == name);
        for column in BILLED.iter().chain(PAID) {
            assert!(column.cost.is_none_or(known), "{:?}", column.cost);
        }
    }
}
