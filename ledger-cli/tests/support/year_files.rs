//! The year as AWS and a bank tell it: bills in every format, sellers' reports, payouts, invoices.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::year::{Billed, Deposit, PRODUCTS, Reported, SELLERS, Seller, YEAR, Year, date, money};

/// The formats of a bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Cur2,
    Legacy,
    /// FOCUS 1.0, which tells no invoices.
    Focus10,
    Focus12,
}

const CUR2: [&str; 14] = [
    "bill_billing_entity",
    "bill_billing_period_start_date",
    "bill_bill_type",
    "bill_invoice_id",
    "bill_payer_account_id",
    "identity_line_item_id",
    "identity_time_interval",
    "line_item_currency_code",
    "line_item_legal_entity",
    "line_item_line_item_type",
    "line_item_product_code",
    "line_item_unblended_cost",
    "line_item_usage_account_id",
    "product_product_name",
];
const LEGACY: [&str; 14] = [
    "bill/BillingEntity",
    "bill/BillingPeriodStartDate",
    "bill/BillType",
    "bill/InvoiceId",
    "bill/PayerAccountId",
    "identity/LineItemId",
    "identity/TimeInterval",
    "lineItem/CurrencyCode",
    "lineItem/LegalEntity",
    "lineItem/LineItemType",
    "lineItem/ProductCode",
    "lineItem/UnblendedCost",
    "lineItem/UsageAccountId",
    "product/ProductName",
];

/// A bill of these rows.
pub(crate) fn bill(rows: &[Billed], format: Format) -> String {
    let mut text = match format {
        Format::Cur2 => CUR2.join(","),
        Format::Legacy => LEGACY.join(","),
        Format::Focus10 | Format::Focus12 => {
            let id = if format == Format::Focus12 { ",InvoiceId" } else { "" };
            format!(
                "BillingAccountId,BillingPeriodStart,BillingPeriodEnd,ChargeCategory,ChargeClass,BillingCurrency,ServiceName,ProviderName,PublisherName,InvoiceIssuerName,BilledCost,EffectiveCost,SubAccountId,x_ServiceCode,ChargeDescription{id}"
            )
        }
    };
    text.push('\n');
    for row in rows {
        let (start, end) = (date(row.month, 1), date(row.month + 1, 1));
        let Billed { invoice, payer, code, title, legal, kind, currency, item, .. } = row;
        let (user, cost) = (row.user.unwrap_or_default(), money(row.cents));
        let entity = if row.is_service { "AWS" } else { "AWS Marketplace" };
        if matches!(format, Format::Cur2 | Format::Legacy) {
            let bill_type = match kind {
                _ if row.corrects => "Refund",
                &"Usage" => "Anniversary",
                _ => "Purchase",
            };
            write!(text, "{entity},{start}T00:00:00.000Z,{bill_type},{invoice},{payer},li{item:05},{start}T00:00:00Z/{end}T00:00:00Z,")
                .unwrap();
            writeln!(text, "{currency},{legal},{kind},{code},{cost},{user},{title}").unwrap();
        } else {
            let category = match *kind {
                "Fee" => "Purchase",
                "EdpDiscount" => "Usage",
                other => other,
            };
            let (class, publisher) = (if row.corrects { "Correction" } else { "" }, if row.is_service { "AWS" } else { legal });
            write!(text, "{payer},{start}T00:00:00Z,{end}T00:00:00Z,{category},{class},{currency},{title},AWS,{publisher},AWS,").unwrap();
            write!(text, "{cost},{cost},{user},{code},{title}").unwrap();
            writeln!(text, "{}", if format == Format::Focus12 { format!(",{invoice}") } else { String::new() }).unwrap();
        }
    }
    text
}

const REPORT: &str = "Invoice_Date,Payment_Due_Date,Payment_Term,Invoice_ID,Listing_Fee_Invoice_ID,Wholesale_Invoice_ID,Seller_Issued_Invoice_ID,Subscriber_Company_Name,Subscriber_AWS_Account_ID,Product_Title,Offer_ID,Agreement_ID,Disbursement_Status,Disbursement_Date,Disburse_Bank_Trace_ID,Gross_Revenue,Gross_Refund,Listing_Fee,Listing_Fee_Refund,Wholesale_Cost,Seller_Tax_Share,Seller_Net_Revenue,Collected_Net_Revenue,Last_Collection_Date,Currency,Transaction_Reference_ID,AWS_Seller_of_Record,Reseller_AWS_Account_ID,Payer_AWS_Account_ID,ISV_Account_ID,ISV_Company_Name,Product_ID,Disbursed_Net_Revenue,Undisbursed_Net_Revenue";

fn reported(row: &Reported, refund: i64, status: &str, paid: &str) -> String {
    let Reported { sale, parts: (gross, fee), reference, .. } = row;
    let (product, _, title, seller) = PRODUCTS[sale.product];
    let (invoiced, net, zero) = (date(sale.invoiced().0, sale.invoiced().1), gross + fee - refund, "0.00");
    let currency = if row.paid.is_some() { sale.paid(1).1 } else { sale.currency };
    let Seller { account, name } = SELLERS[seller];
    let (invoice, user, agreement) = (&sale.invoice, sale.user.unwrap_or("Not available"), &sale.agreement);
    let collected = if row.paid.is_some() { date(sale.invoiced().0, 25) } else { String::from("Not available") };
    let mut text = format!("{invoiced},,30,{invoice},FEE-{},Not applicable,Not applicable,Globex,", &invoice[4..]);
    write!(
        text,
        "{user},{title},Not available,{agreement},{status},{paid},{},{},{},{zero},{zero},",
        money(*gross),
        money(-refund),
        money(*fee)
    )
    .unwrap();
    write!(text, "{zero},{},{},{collected},{currency},", money(net), if row.paid.is_some() { money(net) } else { zero.into() }).unwrap();
    write!(text, "{reference},AWS_INC,,{},{account},{name},{product},{zero},{zero}", sale.payer).unwrap();
    text
}

/// AWS's Billed Revenue export of a month.
pub(crate) fn revenue(year: &Year, month: u32) -> String {
    let mut text = format!("{REPORT},Uncollected_Net_Revenue,AWS_Tax_Share\n");
    for row in year.revenue.iter().filter(|row| row.sale.invoiced().0 == month) {
        // What is given back in a later month is no part of this one's report.
        let refund = row.sale.refund.filter(|(_, at)| at.0 == month).map_or(0, |(cents, _)| cents);
        writeln!(text, "{},0.00,0.00", reported(row, refund, "Not disbursed", "Not available,Not available")).unwrap();
    }
    text
}

/// AWS's Collections and Disbursements export of a month: what was paid out in it, and what was collected in it and waits.
pub(crate) fn collections(year: &Year, month: u32) -> String {
    let mut text = format!("{REPORT},Disbursement_Period\n");
    for row in &year.payouts {
        let ((paid, day), trace) = row.paid.as_ref().unwrap();
        if *paid == month {
            writeln!(text, "{},Not due", reported(row, 0, "Disbursed", &format!("{},{trace}", date(*paid, *day)))).unwrap();
        } else if row.sale.invoiced().0 == month {
            // What waits is told as it was collected, in the price's currency.
            let parts = (row.sale.stands(), -row.sale.fee());
            let waits = reported(&Reported { parts, ..row.clone() }, 0, "Not disbursed", "Not available,Not available");
            let (told, meant) = (format!(",{},tref", row.sale.paid(1).1), format!(",{},tref", row.sale.currency));
            writeln!(text, "{},Not due", waits.replace(&told, &meant)).unwrap();
        }
    }
    text
}

/// The disbursement report of a seller: by product and customer.
pub(crate) fn disbursement(year: &Year, seller: usize, month: u32) -> String {
    let mut text = String::from(
        "Disbursement Date,Product Code,End Customer AWS Account ID,SellerRev,AWSRefFee,SellerRevRefund,AWSRefFeeRefund,Net Amount,Currency,Bank Trace ID\n",
    );
    let mut sums: BTreeMap<(usize, String), (i64, i64)> = BTreeMap::new();
    for row in year.payouts.iter().filter(|row| PRODUCTS[row.sale.product].3 == seller) {
        let ((paid, _), trace) = row.paid.as_ref().unwrap();
        if *paid == month {
            let sum = sums.entry((row.sale.product, trace.clone())).or_default();
            *sum = (sum.0 + row.parts.0, sum.1 + row.parts.1);
        }
    }
    for ((product, trace), (gross, fee)) in sums {
        let (code, day, net) = (PRODUCTS[product].1, date(month, 5), money(gross + fee));
        writeln!(text, "{day},{code},,{},{},0.00,0.00,{net},USD,{trace}", money(gross), money(fee)).unwrap();
    }
    text
}

/// The bank's list of a month, with transfers of others in it.
pub(crate) fn bank(year: &Year, month: u32) -> String {
    let mut text = String::from("Trace ID,Value Date,Amount,Currency,Recipient\n");
    for Deposit { seller, at, trace, cents, currency } in year.bank.iter().filter(|deposit| deposit.at.0 == month) {
        writeln!(text, "{trace},{},{},{currency},{}", date(at.0, at.1), money(*cents), SELLERS[*seller].account).unwrap();
    }
    for seller in &SELLERS {
        writeln!(text, ",{},12.00,USD,{}", date(month, 9), seller.account).unwrap();
    }
    text
}

/// The Invoicing API's answer of a month, for a payer.
pub(crate) fn invoices(year: &Year, payer: &str, month: u32) -> String {
    let mut sums: BTreeMap<(&str, &str), (i64, i64)> = BTreeMap::new();
    for row in year.bill.iter().filter(|row| row.month == month && row.payer == payer && !row.is_service && row.kind != "Credit") {
        let sum = sums.entry((row.invoice.as_str(), row.currency)).or_default();
        if row.kind == "Tax" { sum.1 += row.cents } else { sum.0 += row.cents }
    }
    let summaries: Vec<String> = sums
        .into_iter()
        .map(|((invoice, currency), (net, tax))| {
            format!(
                r#"{{"AccountId":"{payer}","InvoiceId":"{invoice}","IssuedDate":"{}T00:00:00Z","ReceiverRole":"BUYER","InvoiceType":"INVOICE","Entity":{{"BillingEntity":"AWS_MARKETPLACE","InvoicingEntity":"Amazon Web Services, Inc."}},"BillingPeriod":{{"Month":{month},"Year":{YEAR}}},"BaseCurrencyAmount":{{"TotalAmount":"{}","TotalAmountBeforeTax":"{}","CurrencyCode":"{currency}","AmountBreakdown":{{"Taxes":{{"TotalAmount":"{}"}}}}}}}}"#,
                date(month + 1, 2),
                money(net + tax),
                money(net),
                money(tax)
            )
        })
        .collect();
    format!("{{\"InvoiceSummaries\":[{}]}}", summaries.join(","))
}
