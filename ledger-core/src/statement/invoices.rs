//! Invoices as AWS sums them up: the answer of the Invoicing API's `ListInvoiceSummaries`, each summary a row, each path in it a column.
//! Source: AWS Invoicing API reference, `InvoiceSummary`. What is recorded of it, [`document`](crate::document) reads.

use super::{Column, Line, Row, Side, Statement, Subject, Told, cost, kept, needed};
use crate::problem::Code;
use crate::time::{Instant, Period};

pub(super) struct Invoices;

const ACCOUNT: usize = 0;
const INVOICE: usize = 1;
const TOTAL: usize = 2;
const CURRENCY: usize = 3;
const ROLE: usize = 4;
const ISSUED: usize = 5;
const YEAR: usize = 6;
const MONTH: usize = 7;
const TYPE: usize = 8;
const ENTITY: usize = 9;
const ISSUER: usize = 10;
const ORIGINAL: usize = 11;

const COLUMNS: &[Column] = &[
    needed(&["AccountId"]),
    needed(&["InvoiceId"]),
    needed(&["BaseCurrencyAmount.TotalAmount"]),
    needed(&["BaseCurrencyAmount.CurrencyCode"]),
    kept(&["ReceiverRole"]),
    kept(&["IssuedDate"]),
    kept(&["BillingPeriod.Year"]),
    kept(&["BillingPeriod.Month"]),
    kept(&["InvoiceType"]),
    kept(&["Entity.BillingEntity"]),
    kept(&["Entity.InvoicingEntity"]),
    kept(&["OriginalInvoiceId"]),
    cost(&["BaseCurrencyAmount.TotalAmountBeforeTax"], "before_tax"),
    cost(&["BaseCurrencyAmount.AmountBreakdown.Taxes.TotalAmount"], "tax"),
    cost(&["BaseCurrencyAmount.AmountBreakdown.Discounts.TotalAmount"], "discount"),
    cost(&["BaseCurrencyAmount.AmountBreakdown.Fees.TotalAmount"], "fee"),
];

impl Statement for Invoices {
    fn name(&self) -> &'static str {
        "invoices"
    }

    fn title(&self) -> &'static str {
        "ListInvoiceSummaries of the Invoicing API"
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    /// A credit memo gives money back, whether its total is written above or below zero. Invoices of AWS's own services are not told line by
    /// line here: a CUR or FOCUS is compared instead.
    fn read<'a>(&self, row: &Row<'a>) -> Option<Told<'a>> {
        let line_type = row.text(TYPE).unwrap_or("INVOICE");
        if line_type == "PAYMENT_RECEIPT" {
            return Some(Told::Other("a receipt"));
        }
        if row.text(ENTITY) == Some("AWS") {
            return Some(Told::Other("an invoice of AWS's own services"));
        }
        let side = match row.text(ROLE) {
            None | Some("BUYER") => Some(Side::Buyer),
            Some("SELLER" | "RESELLER") => Some(Side::Seller),
            Some(other) => {
                row.complain(ROLE, other, Code::E0203, "it is BUYER, SELLER or RESELLER", "get the answer again".to_owned());
                None
            }
        };
        let (scope, total, currency) = (row.payer(ACCOUNT), row.cost(TOTAL), row.currency(CURRENCY));
        let (issued, parts) = (row.moment(ISSUED), row.costs());
        let month = month(row, issued);
        let gives_back = line_type == "CREDIT_MEMO";
        let signed = |amount: super::Exact| if gives_back && !amount.is_negative() { amount.negated() } else { amount };
        row.word(INVOICE)?;
        let mut line = Line::of(side?, Subject::Invoice, (scope?, month?), line_type, (signed(total?), currency?));
        line.parts = parts.into_iter().map(|(called, amount)| (called, signed(amount))).collect();
        line.date = issued;
        line.invoice = row.id(INVOICE);
        line.others = row.id(ORIGINAL).map(|original| ("original", original)).into_iter().collect();
        line.seller = row.text(ISSUER).map(str::to_owned);
        line.item = row.text(INVOICE).map(str::to_owned);
        Some(Told::Line(Box::new(line)))
    }
}

/// The billing period, else the month in which it was issued.
fn month(row: &Row<'_>, issued: Option<Instant>) -> Option<Period> {
    let number = |column| row.read(column, |text| text.parse::<u32>().map_err(|_| not_a_number()));
    let told = match (number(YEAR), number(MONTH)) {
        (Some(year), Some(month)) => Instant::midnight_at_start(format!("{year:04}-{month:02}-01").as_bytes()),
        _ => issued,
    };
    let month = told.and_then(Period::month_of);
    if month.is_none() {
        row.complain(
            MONTH,
            "",
            Code::E0206,
            "neither its billing period nor its date of issue can be read",
            "get the answer again".to_owned(),
        );
    }
    month
}

fn not_a_number() -> crate::feed::Complaint {
    (Code::E0202, "a whole number is wanted".to_owned(), "get the answer again".to_owned())
}
