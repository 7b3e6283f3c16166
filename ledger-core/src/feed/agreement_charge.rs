//! The agreement charge feed: the instalments of payment schedules. Source: AWS Marketplace seller guide, agreement charge data feed (2025).

use super::{Column, Feed, Reading, Row, columns};
use crate::event::Event;
use crate::event::agreement::ChargeScheduled;

columns! {
    ValidFrom "valid_from" Needed,
    InsertDate "insert_date" Told,
    UpdateDate "update_date" Kept,
    DeleteDate "delete_date" Kept,
    AgreementId "agreement_id" Needed,
    TermId "term_id" Needed,
    CurrencyCode "currency_code" Needed,
    Amount "amount" Needed,
    Time "time" Needed,
}

pub(super) struct AgreementCharge;

impl Feed for AgreementCharge {
    fn name(&self) -> &'static str {
        "agreement_charge"
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn read(&self, row: &Row<'_>) -> Option<Reading> {
        let agreement = row.needed(C::AgreementId, row.id(C::AgreementId));
        let amount = row.needed(C::Amount, row.amount(C::Amount));
        let charged_at = row.needed(C::Time, row.moment(C::Time));
        let currency = row.needed(C::CurrencyCode, row.currency(C::CurrencyCode));
        let term = row.needed(C::TermId, row.id(C::TermId));
        let valid_from = row.needed(C::ValidFrom, row.moment(C::ValidFrom));
        let charge = ChargeScheduled {
            agreement: agreement?,
            amount: amount?,
            charged_at: charged_at?,
            currency: currency?,
            extra: row.extra(),
            recipient: Some(row.recipient()),
            term: term?,
            valid_from,
        };
        let key = format!("{}:{}:{}@{}", charge.agreement, charge.term, charge.charged_at, valid_from?);
        Some(Reading { key, event: Event::ChargeScheduled(Box::new(charge)), effective_at: None })
    }
}
