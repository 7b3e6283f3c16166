//! FOCUS 1.0 and later, as AWS exports it. Source: FOCUS specification 1.0 to 1.3, columns; AWS Data Exports, FOCUS with AWS columns.

use super::{BillLine, Charge, Column, Row, Statement, Told, cost, is_model, kept, needed};

pub(super) struct Focus;

const PAYER: usize = 0;
const MONTH: usize = 1;
const CATEGORY: usize = 2;
const CURRENCY: usize = 3;
const SERVICE: usize = 4;
const PROVIDER: usize = 5;
const ISSUER: usize = 6;
const HOST: usize = 7;
const PUBLISHER: usize = 8;
const INVOICE: usize = 9;
const BILLED: usize = 10;
const ACCOUNT: usize = 14;
const CHARGE_CLASS: usize = 15;
const CODE: usize = 16;
const DESCRIPTION: usize = 17;

const COLUMNS: &[Column] = &[
    needed(&["BillingAccountId"]),
    needed(&["BillingPeriodStart"]),
    needed(&["ChargeCategory"]),
    needed(&["BillingCurrency"]),
    needed(&["ServiceName"]),
    kept(&["ProviderName"]),
    kept(&["InvoiceIssuerName"]),
    kept(&["HostProviderName"]),
    kept(&["PublisherName", "ServiceProviderName"]),
    kept(&["InvoiceId"]),
    Column { names: &["BilledCost"], needed: true, cost: Some("billed") },
    cost(&["EffectiveCost"], "effective"),
    cost(&["ContractedCost"], "contracted"),
    cost(&["ListCost"], "list"),
    kept(&["SubAccountId"]),
    kept(&["ChargeClass"]),
    kept(&["x_ServiceCode"]),
    kept(&["ChargeDescription"]),
];

/// Whether a name is one of AWS's own.
fn is_aws(name: &str) -> bool {
    name == "AWS" || name.starts_with("Amazon") || name.starts_with("AWS ")
}

/// A file may hold several providers' bills: those of others are of no use here. Up to 1.2 the provider tells, from 1.3 on whoever issues the
/// invoice; where a reseller of AWS's issues it, whose infrastructure it runs on. AWS's exports may leave each of them out: what names none of
/// them is AWS's.
///
/// What somebody else publishes and AWS bills is sold through its Marketplace; AWS's exports may leave the publisher out, too.
fn charge<'a>(row: &Row<'a>) -> Option<Charge<'a>> {
    let (provider, issuer, host) = (row.text(PROVIDER), row.text(ISSUER), row.text(HOST));
    let publisher = row.text(PUBLISHER);
    let service = row.text(SERVICE).unwrap_or_default();
    let is_ours = match (provider, issuer) {
        (Some(provider), _) => is_aws(provider),
        (None, Some(issuer)) => is_aws(issuer) || host.or(publisher).is_some_and(is_aws),
        (None, None) => host.or(publisher).is_none_or(is_aws) || service == "AWS Marketplace",
    };
    if !is_ours {
        return None;
    }
    let (payer, month, currency) = (row.payer(PAYER), row.month(MONTH), row.currency(CURRENCY));
    let line_type = row.word(CATEGORY);
    let seller = publisher.filter(|publisher| !is_aws(publisher));
    let class = match () {
        () if seller.is_some() || service == "AWS Marketplace" => "marketplace",
        () if service.starts_with("AWS") && service.contains("Support") => "support",
        () => "services",
    };
    let monthly = line_type == Some("Usage") && row.text(CHARGE_CLASS).is_none();
    Some(Charge { payer, month, currency, line_type, class, seller, monthly, invoiced: row.text(INVOICE).is_some() })
}

impl Statement for Focus {
    fn name(&self) -> &'static str {
        "focus"
    }

    fn title(&self) -> &'static str {
        "FOCUS 1.0 or later"
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    /// A correction stands for what it changes, whether as the difference alone or as what is taken back and what is said instead: both
    /// ways its lines sum to the same. The product is its code, which AWS's own column tells, else the name of its service.
    fn read<'a>(&self, row: &Row<'a>) -> Option<Told<'a>> {
        let (charge, amount) = (charge(row), row.cost(BILLED));
        let Some(charge) = charge else {
            let currency = row.currency(CURRENCY);
            return Some(Told::Other("another provider's", Some((amount?, currency?))));
        };
        let is_model = charge.is_marketplace() && [SERVICE, DESCRIPTION].iter().any(|column| row.text(*column).is_some_and(is_model));
        charge.told(amount, is_model, |line| {
            line.invoice = row.id(INVOICE);
            line.product = row.id(CODE).or_else(|| row.text(SERVICE)?.parse().ok());
            line.account = row.account(ACCOUNT);
            line.corrects = row.text(CHARGE_CLASS) == Some("Correction");
        })
    }

    fn bill(&self, row: &Row<'_>) -> Option<BillLine> {
        charge(row)?.bill(row, || row.id(INVOICE), || row.text(SERVICE)?.parse().ok())
    }

    fn invoices(&self) -> Option<usize> {
        Some(INVOICE)
    }

    fn is_bill(&self) -> bool {
        true
    }
}
