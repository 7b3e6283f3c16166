//! Money as AWS reports it: billing events, tax items and metered usage.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Extra;
use crate::id::{
    AccountId, AddressId, AgreementId, BankTraceId, BillingEventId, FeedAccountId, InvoiceId, LineId, OfferId, ProductId, Reference,
    open_enum,
};
use crate::money::{Amount, Currency};
use crate::time::Instant;

open_enum! {
    /// What a billing event is about. Source: AWS Marketplace seller guide, billing event data feed.
    TransactionType {
        /// The price; on a wholesale invoice the reseller's cost.
        SellerRevShare = "SELLER_REV_SHARE",
        /// A refund of it.
        SellerRevShareRefund = "SELLER_REV_SHARE_REFUND",
        /// A credit on it.
        SellerRevShareCredit = "SELLER_REV_SHARE_CREDIT",
        /// Tax that this seller remits.
        SellerTaxShare = "SELLER_TAX_SHARE",
        /// A refund of it.
        SellerTaxShareRefund = "SELLER_TAX_SHARE_REFUND",
        /// Tax collected here and owed by another seller.
        OtherSellerTaxShare = "OTHER_SELLER_TAX_SHARE",
        /// A refund of it.
        OtherSellerTaxShareRefund = "OTHER_SELLER_TAX_SHARE_REFUND",
        /// The listing fee.
        AwsRevShare = "AWS_REV_SHARE",
        /// A refund of it.
        AwsRevShareRefund = "AWS_REV_SHARE_REFUND",
        /// A credit on it.
        AwsRevShareCredit = "AWS_REV_SHARE_CREDIT",
        /// Tax that AWS remits.
        AwsTaxShare = "AWS_TAX_SHARE",
        /// A refund of it.
        AwsTaxShareRefund = "AWS_TAX_SHARE_REFUND",
        /// Infrastructure netted against the price.
        AwsInfraShare = "AWS_INFRA_SHARE",
        /// Its old name.
        InfraFeePretax = "INFRA_FEE_PRETAX",
        /// A correction of the balance.
        BalanceAdjustment = "BALANCE_ADJUSTMENT",
        /// The header of a payout.
        Disbursement = "DISBURSEMENT",
        /// The header that reverses a payout.
        DisbursementFailure = "DISBURSEMENT_FAILURE",
    }
}

open_enum! {
    /// Which kind of invoice a row, or the charge on it, belongs to.
    Variant {
        /// The buyer's invoice.
        Purchase = "PURCHASE",
        /// The invoice of the listing fee.
        ListingFee = "LISTING_FEE",
        /// The wholesale invoice between reseller and ISV.
        Resale = "RESALE",
        /// An invoice that the seller issues to AWS for tax.
        TaxVat = "TAX_VAT",
    }
}

open_enum! {
    /// On which side of a charge the recipient stands.
    Side {
        /// It pays.
        Buying = "BUYING",
        /// It is paid.
        Selling = "SELLING",
    }
}

/// One row of the billing event feed, less what another field already tells. `docs/formats/feeds.md` has the table.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BillingEvent {
    /// The action, only where the event's type does not tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<String>,
    /// The agreement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<AgreementId>,
    /// In the pricing currency. Positive raises what AWS owes the recipient, negative lowers it; on a payout's header it is what was sent.
    pub amount: Amount,
    /// Whether AWS counts the row in the balance, where that is not what the action implies: true for invoiced and forgiven rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balance_impacting: Option<bool>,
    /// The bank's name for the transfer, on a payout's header.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bank_trace: Option<BankTraceId>,
    /// Where the buyer is invoiced, on the buyer's invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub billing_address: Option<AddressId>,
    /// The operator that invoices, unless it is `AWS_INC`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broker: Option<String>,
    /// The buyer's invoice behind the row, where it is another than `invoice`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer_invoice: Option<InvoiceId>,
    /// Its date, where it is another than `invoice_date`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer_invoice_date: Option<Instant>,
    /// The line of the buyer's invoice, where it is another than `line`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buyer_line: Option<LineId>,
    /// The marketplace's catalog, unless it is `AWSMarketplace`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalog: Option<String>,
    /// The side, where the charge's variant does not imply it: a listing fee is bought, a purchase sold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charge_side: Option<Side>,
    /// The charge's variant, where it is another than the invoice's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charge_variant: Option<Variant>,
    /// The other party of a purchase or a wholesale leg, as the recipient's feeds name the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterparty: Option<FeedAccountId>,
    /// The pricing currency.
    pub currency: Currency,
    /// The payout that paid the row, or took it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disbursement: Option<BillingEventId>,
    /// In the payout currency, where it is another number than `amount`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disbursement_amount: Option<Amount>,
    /// The payout currency. A row without one is never paid out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disbursement_currency: Option<Currency>,
    /// Amazon's reference of the payout.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disbursement_reference: Option<Reference>,
    /// When the buyer must have paid, on invoiced rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Instant>,
    /// Who uses the product, where it is another account than the counterparty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_user: Option<FeedAccountId>,
    /// Columns that no description names.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
    /// The invoice the row stands on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<InvoiceId>,
    /// Its date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice_date: Option<Instant>,
    /// Its variant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice_variant: Option<Variant>,
    /// The line of the invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<LineId>,
    /// The offer, where the agreement is not told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<OfferId>,
    /// The event that a payout's header undoes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<BillingEventId>,
    /// The product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<ProductId>,
    /// Whose feed the row is, and so whose money.
    pub recipient: AccountId,
    /// AWS's key across its reports, on rows that bill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// Whether the invoice has no buyer's invoice behind it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub seller_only: bool,
    /// What the row is about.
    pub transaction_type: TransactionType,
    /// The first moment of the usage that is billed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_from: Option<Instant>,
    /// The first moment after it. The feed writes the last moment inside.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage_until: Option<Instant>,
    /// Whether a file older than the wholesale columns was read as a wholesale cost: a negative price paid by the recipient.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wholesale: bool,
}

impl BillingEvent {
    /// A row of which nothing else is told.
    pub fn of(recipient: AccountId, transaction_type: TransactionType, amount: Amount, currency: Currency) -> Self {
        Self {
            action: None,
            agreement: None,
            amount,
            balance_impacting: None,
            bank_trace: None,
            billing_address: None,
            broker: None,
            buyer_invoice: None,
            buyer_invoice_date: None,
            buyer_line: None,
            catalog: None,
            charge_side: None,
            charge_variant: None,
            counterparty: None,
            currency,
            disbursement: None,
            disbursement_amount: None,
            disbursement_currency: None,
            disbursement_reference: None,
            due: None,
            end_user: None,
            extra: Extra::new(),
            invoice: None,
            invoice_date: None,
            invoice_variant: None,
            line: None,
            offer: None,
            parent: None,
            product: None,
            recipient,
            reference: None,
            seller_only: false,
            transaction_type,
            usage_from: None,
            usage_until: None,
            wholesale: false,
        }
    }
}

/// One tax of one invoice line. Cities, postal codes and certificates are never recorded.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaxItemised {
    /// How much.
    pub amount: Amount,
    /// Why it was computed so: Taxable, Exempt, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calculation_reason: Option<String>,
    /// The buyer's country.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// Its currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// AWS's id of the buyer's bill.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer_bill: Option<Reference>,
    /// The date whose rates were used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dated: Option<Instant>,
    /// How the price was shown: Exclusive, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// The exemption that was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exemption: Option<String>,
    /// The invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice: Option<InvoiceId>,
    /// Its date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice_date: Option<Instant>,
    /// The tax item.
    pub item: Reference,
    /// Who taxes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jurisdiction: Option<String>,
    /// Country, State, County, City or District.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub jurisdiction_level: Option<String>,
    /// Who remits: `AWS`, `Seller`, or nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liable: Option<String>,
    /// The line of the invoice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<LineId>,
    /// The part of the price that is not taxed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nontaxable: Option<Amount>,
    /// The product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<ProductId>,
    /// The tax code of the product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_tax_code: Option<String>,
    /// The rate, as a fraction: 0.2 is 20 %.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Amount>,
    /// Whose feed says so.
    pub recipient: AccountId,
    /// AWS's key across its reports.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<Reference>,
    /// The buyer's state or region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
    /// None, Sales or SellerUse.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tax_type: Option<String>,
    /// The part of the price that is taxed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taxable: Option<Amount>,
    /// The taxed account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taxed_account: Option<FeedAccountId>,
    /// `AWS` for a tax, `REFUND` or `TAXONLYREFUND`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
    /// Since when this version holds.
    pub valid_from: Instant,
}

/// Usage of a day, as AWS estimates it. An estimate: nothing is owed because of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UsageMetered {
    /// The agreement, when it is told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreement: Option<AgreementId>,
    /// The marketplace's catalog, unless it is `AWSMarketplace`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub catalog: Option<String>,
    /// The pricing currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// The day.
    pub day: Instant,
    /// What was charged, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The dimension.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dimension: Option<String>,
    /// Who used it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_user: Option<FeedAccountId>,
    /// What it is estimated to bring, in the pricing currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimated_revenue: Option<Amount>,
    /// Columns that no description names.
    #[serde(default, skip_serializing_if = "Extra::is_empty")]
    pub extra: Extra,
    /// The offer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offer: Option<OfferId>,
    /// Who pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<FeedAccountId>,
    /// The product.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product: Option<ProductId>,
    /// How much was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantity: Option<Amount>,
    /// The price of one unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Amount>,
    /// Whose feed says so.
    pub recipient: AccountId,
    /// The region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The unit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// The feed's id of the usage.
    pub usage: Reference,
    /// Since when this version holds.
    pub valid_from: Instant,
}

/// An invoice of a buyer's, summed up by AWS for the buyer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct InvoiceSummarised {
    /// Who is invoiced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountId>,
    /// The currency of its total.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// When it must be paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Instant>,
    /// The invoice.
    pub invoice: InvoiceId,
    /// `INVOICE`, `CREDIT_MEMO`, or what AWS adds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub invoice_type: Option<String>,
    /// Of a credit memo: the invoice it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<InvoiceId>,
    /// The purchase order it is charged to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purchase_order: Option<Reference>,
    /// What it comes to, taxes included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<Amount>,
}
