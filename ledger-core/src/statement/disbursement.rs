//! What was paid out, by product: AWS's disbursement report, in the names of its published query and in those of the monthly report that it
//! replaced in 2024 (`SellerRev`, `AWSRefFee`, `Net Amount`).

use super::{Column, Exact, Line, Row, Side, Statement, Subject, Told, cost, kept, needed};
use crate::money::Currency;

pub(super) struct Disbursement;

const DATE: usize = 0;
const NET: usize = 1;
const GROSS: usize = 2;
const CURRENCY: usize = 3;
const PRODUCT: usize = 4;
const ACCOUNT: usize = 5;
const TRACE: usize = 6;
const REFERENCE: usize = 7;

const COLUMNS: &[Column] = &[
    needed(&["disbursement_date", "disbursementdate", "deposit_date", "depositdate"]),
    needed(&["net_amount", "netamount", "disbursed_amount", "disbursedamount"]),
    Column { names: &["sellerrev", "seller_rev"], needed: true, cost: Some("gross") },
    kept(&["currency", "disbursement_currency", "disbursementcurrency"]),
    kept(&["product_code", "productcode"]),
    kept(&["endcustomerawsaccountid", "end_customer_aws_account_id", "customer_aws_account_number"]),
    kept(&["banktraceid", "bank_trace_id", "disburse_bank_trace_id"]),
    kept(&["transactionreferenceid", "transaction_reference_id"]),
    cost(&["awsreffee", "aws_ref_fee"], "listing_fee"),
    cost(&["sellerrevrefund", "seller_rev_refund"], "gross_refund"),
    cost(&["sellerrevcredit", "seller_rev_credit"], "gross_refund"),
    cost(&["awsreffeerefund", "aws_ref_fee_refund"], "listing_fee_refund"),
    cost(&["awsreffeecredit", "aws_ref_fee_credit"], "listing_fee_refund"),
    cost(&["sellersalestax", "seller_sales_tax"], "seller_tax"),
    cost(&["sellersalestaxrefund", "seller_sales_tax_refund"], "seller_tax_refund"),
];

impl Statement for Disbursement {
    fn name(&self) -> &'static str {
        "disbursement"
    }

    fn title(&self) -> &'static str {
        "disbursement report"
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn is_loose(&self) -> bool {
        true
    }

    /// The report does not say whose it is, and in its older form not in which currency: that was US dollars.
    fn read<'a>(&self, row: &Row<'a>) -> Option<Told<'a>> {
        let (paid, net, scope) = (row.month_of(DATE), row.cost(NET), row.whose(GROSS, None));
        let currency = if row.has(CURRENCY) { row.currency(CURRENCY) } else { "USD".parse::<Currency>().ok() };
        let mut parts: Vec<(&str, Exact)> = Vec::new();
        for (called, amount) in row.costs() {
            // Credits are refunds, as the payouts have it.
            match parts.iter_mut().find(|(known, _)| *known == called) {
                Some((_, sum)) => *sum = sum.checked_add(amount)?,
                None => parts.push((called, amount)),
            }
        }
        let (net, (date, month)) = (net?, paid?);
        let mut line = Line::of(Side::Seller, Subject::Disbursed, (scope?, month), "Disbursed", (net, currency?));
        line.parts = parts;
        line.date = Some(date);
        line.product = row.id(PRODUCT);
        line.account = row.account(ACCOUNT);
        line.trace = row.id(TRACE);
        line.item = row.text(REFERENCE).map(|reference| format!("{reference} {}", net.written()));
        Some(Told::Line(Box::new(line)))
    }
}
