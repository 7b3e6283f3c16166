//! FOCUS 1.0 and later, as AWS exports it. Source: FOCUS specification 1.0 and 1.2, columns.

use super::{BillLine, Column, Row, Statement, cost, kept, needed};

pub(super) struct Focus;

const PAYER: usize = 0;
const MONTH: usize = 1;
const CATEGORY: usize = 2;
const CURRENCY: usize = 3;
const SERVICE: usize = 4;
const PROVIDER: usize = 5;
const PUBLISHER: usize = 6;
const INVOICE: usize = 7;

const COLUMNS: &[Column] = &[
    needed(&["BillingAccountId"]),
    needed(&["BillingPeriodStart"]),
    needed(&["ChargeCategory"]),
    needed(&["BillingCurrency"]),
    needed(&["ServiceName"]),
    kept(&["ProviderName", "InvoiceIssuerName"]),
    kept(&["PublisherName", "ServiceProviderName"]),
    kept(&["InvoiceId"]),
    Column { names: &["BilledCost"], needed: true, cost: Some("billed") },
    cost(&["EffectiveCost"], "effective"),
    cost(&["ContractedCost"], "contracted"),
    cost(&["ListCost"], "list"),
];

/// Whether a name is one of AWS's own.
fn is_aws(name: &str) -> bool {
    name == "AWS" || name.starts_with("Amazon") || name.starts_with("AWS ")
}

impl Statement for Focus {
    fn name(&self) -> &'static str {
        "focus"
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    /// A file may hold several providers' bills: those of others are of no use here. What somebody else publishes and AWS bills is sold through
    /// its Marketplace; AWS's exports may leave the publisher out.
    fn read(&self, row: &Row<'_>) -> Option<BillLine> {
        if row.text(PROVIDER).is_some_and(|provider| !is_aws(provider)) {
            return None;
        }
        let (payer, month, currency) = (row.payer(PAYER), row.month(MONTH), row.currency(CURRENCY));
        let line_type = row.needed(CATEGORY, |text| Ok(text.to_owned()));
        let service = row.text(SERVICE).unwrap_or_default();
        let seller = row.text(PUBLISHER).filter(|publisher| !is_aws(publisher));
        let is_marketplace = seller.is_some() || service == "AWS Marketplace";
        let class = match () {
            () if is_marketplace => "marketplace",
            () if service.starts_with("AWS") && service.contains("Support") => "support",
            () => "services",
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
            product: if is_marketplace { service.parse().ok() } else { None },
            seller: seller.map(str::to_owned),
        })
    }
}
