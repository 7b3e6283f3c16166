//! The buyer's invoices as AWS sums them up: the answer of the Invoicing API's `ListInvoiceSummaries`, which tells the purchase order of each.
//! Source: AWS Invoicing API reference, `InvoiceSummary`.

use serde_json::Value;

use super::{Document, Node, Page, answered_at};
use crate::event::Event;
use crate::event::billing::InvoiceSummarised;
use crate::id::AccountId;

pub(super) struct InvoiceSummaries;

impl Document for InvoiceSummaries {
    fn name(&self) -> &'static str {
        "invoice_summaries"
    }

    fn marks(&self) -> &'static [&'static [&'static str]] {
        &[&["InvoiceSummaries"]]
    }

    fn account(&self, whole: &Value) -> Option<AccountId> {
        whole.get("InvoiceSummaries")?.as_array()?.first()?.get("AccountId")?.as_str()?.parse().ok()
    }

    fn read(&self, page: &Page<'_>) {
        let root = page.root();
        root.items("InvoiceSummaries").iter().for_each(|summary| one(summary, &root));
    }
}

fn one(summary: &Node<'_>, root: &Node<'_>) {
    let page = summary.page;
    let Some(invoice) = summary.needed("InvoiceId").and_then(|id| id.id::<crate::id::InvoiceId>()) else { return };
    let Some(at) = page.effective_at(summary.moment_of("IssuedDate"), "the summary of an invoice") else { return };
    let amount = summary.get("BaseCurrencyAmount");
    let told = InvoiceSummarised {
        account: summary.needed("AccountId").and_then(|account| account.account()),
        currency: amount.as_ref().and_then(|amount| amount.get("CurrencyCode")?.currency()),
        due: summary.moment_of("DueDate"),
        invoice: invoice.clone(),
        invoice_type: summary.text_of("InvoiceType"),
        original: summary.id_of("OriginalInvoiceId"),
        purchase_order: summary.id_of("PurchaseOrderNumber"),
        total: amount.as_ref().and_then(|amount| amount.get("TotalAmount")?.amount()),
    };
    page.tell(invoice.as_str(), at, answered_at(root), Event::InvoiceSummarised(Box::new(told)));
}
