//! The tax item feed. Source: AWS Marketplace seller guide, tax item data feed, with the two amounts that AWS's queries do not read.

use super::{Column, Feed, Reading, Row, columns};
use crate::event::Event;
use crate::event::billing::TaxItemised;

columns! {
    ValidFrom "valid_from" Needed,
    InsertDate "insert_date" Told,
    UpdateDate "update_date" Kept,
    DeleteDate "delete_date" Kept,
    TaxItemId "tax_item_id" Needed,
    InvoiceId "invoice_id" Kept,
    LineItemId "line_item_id" Kept,
    CustomerBillId "customer_bill_id" Kept,
    TaxLiableParty "tax_liable_party" Kept,
    TransactionTypeCode "transaction_type_code" Kept,
    ProductId "product_id" Kept,
    ProductTaxCode "product_tax_code" Kept,
    InvoiceDate "invoice_date" Kept,
    TaxedCustomerAccountId "taxed_customer_account_id" Kept,
    TaxedCustomerCountry "taxed_customer_country" Kept,
    TaxedCustomerState "taxed_customer_state_or_region" Kept,
    TaxedCustomerCity "taxed_customer_city" Private,
    TaxedCustomerPostalCode "taxed_customer_postal_code" Private,
    TaxLocationCode "tax_location_code_taxed_jurisdiction" Told,
    TaxTypeCode "tax_type_code" Kept,
    JurisdictionLevel "jurisdiction_level" Kept,
    TaxedJurisdiction "taxed_jurisdiction" Kept,
    DisplayPriceTaxabilityType "display_price_taxability_type" Kept,
    TaxableAmount "taxable_amount" Kept,
    NontaxableAmount "nontaxable_amount" Kept,
    TaxJurisdictionRate "tax_jurisdiction_rate" Kept,
    TaxAmount "tax_amount" Needed,
    TaxCurrency "tax_currency" Needed,
    TaxCalculationReasonCode "tax_calculation_reason_code" Kept,
    DateUsedForTaxCalculation "date_used_for_tax_calculation" Kept,
    ExemptionCertificateId "customer_exemption_certificate_id" Private,
    ExemptionCertificateIdDomain "customer_exemption_certificate_id_domain" Private,
    ExemptionCertificateLevel "customer_exemption_certificate_level" Private,
    ExemptionCode "customer_exemption_code" Kept,
    ExemptionDomain "customer_exemption_domain" Private,
    TransactionReferenceId "transaction_reference_id" Kept,
}

pub(super) struct TaxItem;

impl Feed for TaxItem {
    fn name(&self) -> &'static str {
        "tax_item"
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn keeps_unknown(&self) -> bool {
        false
    }

    fn read(&self, row: &Row<'_>) -> Option<Reading> {
        let amount = row.needed(C::TaxAmount, row.amount(C::TaxAmount));
        let item = row.needed(C::TaxItemId, row.id(C::TaxItemId));
        let valid_from = row.needed(C::ValidFrom, row.moment(C::ValidFrom));
        let itemised = TaxItemised {
            calculation_reason: row.owned(C::TaxCalculationReasonCode),
            country: row.owned(C::TaxedCustomerCountry),
            currency: row.currency(C::TaxCurrency),
            customer_bill: row.id(C::CustomerBillId),
            dated: row.moment(C::DateUsedForTaxCalculation),
            display: row.owned(C::DisplayPriceTaxabilityType),
            exemption: row.owned(C::ExemptionCode),
            invoice: row.id(C::InvoiceId),
            invoice_date: row.moment(C::InvoiceDate),
            jurisdiction: row.owned(C::TaxedJurisdiction),
            jurisdiction_level: row.owned(C::JurisdictionLevel),
            liable: row.owned(C::TaxLiableParty),
            line: row.id(C::LineItemId),
            nontaxable: row.amount(C::NontaxableAmount),
            product: row.id(C::ProductId),
            product_tax_code: row.owned(C::ProductTaxCode),
            rate: row.amount(C::TaxJurisdictionRate),
            recipient: row.recipient(),
            reference: row.id(C::TransactionReferenceId),
            state: row.owned(C::TaxedCustomerState),
            tax_type: row.owned(C::TaxTypeCode),
            taxable: row.amount(C::TaxableAmount),
            taxed_account: row.id(C::TaxedCustomerAccountId),
            transaction: row.owned(C::TransactionTypeCode),
            amount: amount?,
            item: item?,
            valid_from: valid_from?,
        };
        let key = format!("{}@{}", itemised.item, itemised.valid_from);
        Some(Reading { key, event: Event::TaxItemised(Box::new(itemised)), effective_at: None })
    }
}
