//! The billing event feed: every movement of money. Source: AWS Marketplace seller guide, billing event data feed; the columns since 2026
//! as AWS's own report queries read them.
//!
//! A fact is recorded without what another of its fields tells: a value that its neighbour implies, a repetition of the invoiced row on
//! the rows that collect and pay it, ids that nothing refers to.

use super::{Column, Feed, Reading, Row, columns, same_recipient};
use crate::event::Event;
use crate::event::billing::{BillingEvent, Side, TransactionType, Variant};
use crate::id::{FeedAccountId, InvoiceId, LineId};

columns! {
    ValidFrom "valid_from" Needed,
    InsertDate "insert_date" Told,
    UpdateDate "update_date" Kept,
    DeleteDate "delete_date" Kept,
    BillingEventId "billing_event_id" Needed,
    FromAccountId "from_account_id" Kept,
    ToAccountId "to_account_id" Kept,
    EndUserAccountId "end_user_account_id" Kept,
    ProductId "product_id" Kept,
    Action "action" Needed,
    TransactionType "transaction_type" Needed,
    ParentBillingEventId "parent_billing_event_id" Kept,
    DisbursementBillingEventId "disbursement_billing_event_id" Kept,
    Currency "currency" Needed,
    Amount "amount" Needed,
    BalanceImpacting "balance_impacting" Kept,
    InvoiceDate "invoice_date" Kept,
    PaymentDueDate "payment_due_date" Kept,
    UsagePeriodStartDate "usage_period_start_date" Kept,
    UsagePeriodEndDate "usage_period_end_date" Kept,
    InvoiceId "invoice_id" Kept,
    BillingAddressId "billing_address_id" Kept,
    TransactionReferenceId "transaction_reference_id" Kept,
    BankTraceId "bank_trace_id" Kept,
    BrokerId "broker_id" Kept,
    AgreementId "agreement_id" Kept,
    BuyerTransactionReferenceId "buyer_transaction_reference_id" Told,
    DisbursementCurrency "disbursement_currency" Kept,
    DisbursementAmount "disbursement_amount" Kept,
    DisbursementReferenceNumber "disbursement_reference_number" Kept,
    ActionDate "action_date" Kept,
    OfferId "offer_id" Kept,
    BuyerInvoiceId "buyer_invoice_id" Kept,
    BuyerInvoiceDate "buyer_invoice_date" Kept,
    LineItemId "line_item_id" Kept,
    BuyerLineItemId "buyer_line_item_id" Kept,
    InvoiceVariant "invoice_variant" Kept,
    ChargeVariant "charge_variant" Kept,
    ChargeSide "charge_side" Kept,
    RecipientAccountId "recipient_account_id" Kept,
    Catalog "catalog" Kept,
}

pub(super) struct BillingEvents;

impl Feed for BillingEvents {
    fn name(&self) -> &'static str {
        "billing_event"
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn read(&self, row: &Row<'_>) -> Option<Reading> {
        same_recipient(row, C::RecipientAccountId);
        let action = row.needed(C::Action, row.text(C::Action));
        let transaction_type: Option<TransactionType> = row.needed(C::TransactionType, row.text(C::TransactionType).map(Into::into));
        let amount = row.needed(C::Amount, row.amount(C::Amount));
        let currency = row.needed(C::Currency, row.currency(C::Currency));
        let key = row.needed(C::BillingEventId, row.id::<crate::id::BillingEventId>(C::BillingEventId));
        let effective_at = row.moment(C::ActionDate);
        row.needed(C::ValidFrom, row.moment(C::ValidFrom));

        let kind = action.zip(transaction_type.as_ref()).map_or(Kind::Unclassified, |(action, kind)| Kind::of(action, kind));
        let bills = matches!(kind, Kind::Issued | Kind::Adjusted | Kind::Forgiven | Kind::Balance | Kind::Unclassified);
        let header = matches!(kind, Kind::Paid | Kind::Failed);
        let fee = transaction_type.as_ref().is_some_and(|kind| kind.as_str().starts_with("AWS_"));

        let invoice: Option<InvoiceId> = row.id(C::InvoiceId);
        let invoice_date = row.moment(C::InvoiceDate);
        let invoice_variant: Option<Variant> = row.text(C::InvoiceVariant).map(Into::into);
        let charge_variant: Option<Variant> = row.text(C::ChargeVariant).map(Into::into);
        let charge_side: Option<Side> = row.text(C::ChargeSide).map(Into::into);
        let implied_side = match charge_variant.as_ref().or(invoice_variant.as_ref()) {
            Some(Variant::ListingFee) => Some(Side::Buying),
            Some(Variant::Purchase) => Some(Side::Selling),
            _ => None,
        };
        let line: Option<LineId> = row.id(C::LineItemId);
        if !row.has(C::LineItemId) && invoice.is_some() {
            row.fall_back("line-is-invoice");
        }
        let agreement = row.id(C::AgreementId);
        let payout_currency = if row.has(C::DisbursementCurrency) {
            row.currency(C::DisbursementCurrency)
        } else {
            row.fall_back("payout-in-pricing-currency");
            currency
        };
        let balance_impacting = row.flag(C::BalanceImpacting);
        let older = transaction_type.as_ref().zip(amount).filter(|_| !row.has(C::ChargeVariant));
        let wholesale = older.is_some_and(|(transaction_type, amount)| is_wholesale_cost(&kind, transaction_type, amount.is_negative()));
        if wholesale {
            row.fall_back("wholesale-by-sign");
        }
        let counterparty = counterparty(row, wholesale).filter(|_| bills && !fee);
        let seller_only = row.has(C::BuyerInvoiceId) && row.text(C::BuyerInvoiceId).is_none() && invoice.is_some() && !header;

        let event = BillingEvent {
            offer: if agreement.is_none() { row.id(C::OfferId) } else { None },
            agreement,
            balance_impacting: balance_impacting.filter(|told| *told != kind.touches_balance()),
            bank_trace: row.id(C::BankTraceId),
            billing_address: row.id(C::BillingAddressId).filter(|_| bills && !fee),
            broker: row.owned(C::BrokerId).filter(|broker| broker != "AWS_INC"),
            buyer_invoice: row.id(C::BuyerInvoiceId).filter(|buyers| Some(buyers) != invoice.as_ref()),
            buyer_invoice_date: row.moment(C::BuyerInvoiceDate).filter(|date| bills && Some(*date) != invoice_date),
            buyer_line: row.id(C::BuyerLineItemId).filter(|buyers| Some(buyers) != line.as_ref()),
            catalog: row.catalog(C::Catalog),
            charge_side: charge_side.filter(|side| Some(side) != implied_side.as_ref()),
            charge_variant: charge_variant.filter(|variant| Some(variant) != invoice_variant.as_ref()),
            end_user: row.id(C::EndUserAccountId).filter(|user| bills && !fee && Some(user) != counterparty.as_ref()),
            counterparty,
            disbursement: row.id(C::DisbursementBillingEventId),
            disbursement_amount: row.amount(C::DisbursementAmount).filter(|paid| Some(*paid) != amount),
            disbursement_currency: payout_currency,
            disbursement_reference: row.id(C::DisbursementReferenceNumber),
            due: row.moment(C::PaymentDueDate).filter(|_| bills && !fee),
            extra: row.extra(),
            invoice,
            invoice_date,
            invoice_variant,
            line,
            parent: row.id(C::ParentBillingEventId).filter(|_| header),
            product: row.id(C::ProductId),
            recipient: row.recipient(),
            reference: row.id(C::TransactionReferenceId).filter(|_| bills),
            seller_only,
            usage_from: row.moment(C::UsagePeriodStartDate).filter(|_| bills && !fee),
            usage_until: row.moment_after(C::UsagePeriodEndDate).filter(|_| bills && !fee),
            wholesale,
            // What a row must have comes last: when it is damaged, every other column has been looked at.
            action: action.filter(|_| matches!(kind, Kind::Unclassified)).map(str::to_owned),
            amount: amount?,
            currency: currency?,
            transaction_type: transaction_type?,
        };
        action?;
        Some(Reading { key: key?.as_str().to_owned(), event: kind.event(event), effective_at })
    }
}

/// Which event a row is.
enum Kind {
    Issued,
    Adjusted,
    Forgiven,
    Collected,
    Allocated,
    Paid,
    Failed,
    Balance,
    Unclassified,
}

impl Kind {
    fn of(action: &str, transaction_type: &TransactionType) -> Self {
        let name = transaction_type.as_str();
        match (action, transaction_type) {
            (_, TransactionType::Disbursement) => Self::Paid,
            (_, TransactionType::DisbursementFailure) => Self::Failed,
            ("INVOICED", TransactionType::BalanceAdjustment) => Self::Balance,
            ("INVOICED", _) if name.ends_with("_REFUND") || name.ends_with("_CREDIT") => Self::Adjusted,
            ("INVOICED", _) => Self::Issued,
            ("FORGIVEN", _) => Self::Forgiven,
            ("COLLECTED", _) => Self::Collected,
            ("DISBURSED", _) => Self::Allocated,
            _ => Self::Unclassified,
        }
    }

    /// Whether AWS normally counts such a row in the balance. It flags the rows that collect and pay with 0 though they change it.
    fn touches_balance(&self) -> bool {
        matches!(self, Self::Issued | Self::Adjusted | Self::Forgiven | Self::Balance)
    }

    fn event(&self, row: BillingEvent) -> Event {
        let row = Box::new(row);
        match self {
            Self::Issued => Event::InvoiceIssued(row),
            Self::Adjusted => Event::InvoiceAdjusted(row),
            Self::Forgiven => Event::InvoiceForgiven(row),
            Self::Collected => Event::InvoiceCollected(row),
            Self::Allocated => Event::DisbursementAllocated(row),
            Self::Paid => Event::DisbursementPaid(row),
            Self::Failed => Event::DisbursementFailed(row),
            Self::Balance => Event::BalanceAdjusted(row),
            Self::Unclassified => Event::BillingUnclassified(row),
        }
    }
}

/// The type of event that a row becomes whose action is that of an event of this name.
pub fn event_of_row(name: &str, row: &BillingEvent) -> Option<&'static str> {
    let action = match name {
        "invoice.issued" | "invoice.adjusted" | "balance.adjusted" => "INVOICED",
        "invoice.forgiven" => "FORGIVEN",
        "invoice.collected" => "COLLECTED",
        "disbursement.allocated" => "DISBURSED",
        "disbursement.paid" | "disbursement.failed" => "",
        _ => return None,
    };
    Some(Kind::of(action, &row.transaction_type).event(row.clone()).type_name())
}

/// Of the two accounts of a row, the one that is not the recipient. Files older than the recipient's column do not say which that is;
/// there the recipient pays what is wholesale cost, and is paid the rest. What the account feeds of the import tell is not asked, so that
/// a row says the same whichever files come with it.
fn counterparty(row: &Row<'_>, wholesale: bool) -> Option<FeedAccountId> {
    let (from, to) = (row.id::<FeedAccountId>(C::FromAccountId), row.id::<FeedAccountId>(C::ToAccountId));
    match row.text(C::RecipientAccountId) {
        Some(own) => [from, to].into_iter().flatten().find(|account| account.as_str() != own),
        None if wholesale => to,
        None => from.or(to),
    }
}

/// Files older than the charge columns: a price with the opposite sign is what the recipient pays the ISV. What raises the balance of a
/// seller is positive (seller guide), so that nobody else can be the payer.
fn is_wholesale_cost(kind: &Kind, transaction_type: &TransactionType, negative: bool) -> bool {
    let usual_sign_is_negative = match (kind, transaction_type) {
        (Kind::Issued, TransactionType::SellerRevShare) => false,
        (Kind::Adjusted, TransactionType::SellerRevShareRefund | TransactionType::SellerRevShareCredit) => true,
        (Kind::Forgiven, TransactionType::SellerRevShare) => true,
        _ => return false,
    };
    negative != usual_sign_is_negative
}

#[cfg(test)]
mod tests {
    use crate::feed::{Accounts, Cells, Fact, Whose, recognise};

    struct Texts<'a>(Vec<&'a str>);

    impl Cells for Texts<'_> {
        fn cell(&self, at: usize) -> &str {
            self.0[at]
        }
    }

    /// What an older row says, when the account feeds of the import say whose accounts these are.
    fn read(amount: &str, accounts: &Accounts) -> Fact {
        let header = "valid_from,billing_event_id,from_account_id,to_account_id,action,transaction_type,amount,currency,invoice_id";
        let row = format!("2018-12-31T00:00:00Z,I2,acct-partner,acct-isv,INVOICED,SELLER_REV_SHARE,{amount},USD,788576665");
        let layout = recognise(&header.split(',').collect::<Vec<_>>()).ok().unwrap();
        layout
            .read(&Texts(row.split(',').collect()), Whose { recipient: "111122223333".parse().unwrap(), accounts, named: None })
            .fact
            .unwrap()
    }

    #[test]
    fn an_older_row_says_the_same_whichever_account_feeds_come_with_it() {
        let [partner, isv] = ["111122223333", "444455556666"].map(|account| account.parse().unwrap());
        for amount in ["-80", "80"] {
            let alone = read(amount, &Accounts::new());
            for told in [[("acct-partner", partner), ("acct-isv", isv)], [("acct-partner", isv), ("acct-isv", partner)]] {
                assert_eq!(alone, read(amount, &told.map(|(opaque, account)| (opaque.to_owned(), account)).into()));
            }
        }
    }

    #[test]
    fn who_is_paid_by_the_recipient_is_the_other_party_of_an_older_row() {
        for (amount, other) in [("-80", "acct-isv"), ("80", "acct-partner")] {
            let fact = read(amount, &Accounts::new());
            assert_eq!(fact.event.billing().unwrap().counterparty.as_ref().unwrap().as_str(), other);
        }
    }
}
