//! The agreement feed: a row is a revision of an agreement. Source: AWS Marketplace seller guide, agreement data feed (2025).

use super::{Column, Feed, Reading, Row, columns};
use crate::event::Event;
use crate::event::agreement::AgreementTerms;

columns! {
    ValidFrom "valid_from" Needed,
    InsertDate "insert_date" Told,
    UpdateDate "update_date" Kept,
    DeleteDate "delete_date" Kept,
    AgreementId "agreement_id" Needed,
    ProposerAccountId "proposer_account_id" Needed,
    AcceptorAccountId "acceptor_account_id" Needed,
    OfferId "offer_id" Kept,
    OfferRevision "offer_revision_at_acceptance" Kept,
    StartTime "start_time" Kept,
    EndTime "end_time" Kept,
    AcceptanceTime "acceptance_time" Kept,
    Intent "intent" Kept,
    PrecedingAgreementId "preceding_agreement_id" Kept,
    Status "status" Needed,
    StatusReasonCode "status_reason_code" Kept,
    CurrencyCode "currency_code" Kept,
    EstimatedAgreementValue "estimated_agreement_value" Kept,
    OfferSetId "offer_set_id" Kept,
    Catalog "catalog" Kept,
}

pub(super) struct Agreement;

impl Feed for Agreement {
    fn name(&self) -> &'static str {
        "agreement"
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn read(&self, row: &Row<'_>) -> Option<Reading> {
        let valid_from = row.needed(C::ValidFrom, row.moment(C::ValidFrom));
        let terms = AgreementTerms {
            accepted_at: row.moment(C::AcceptanceTime),
            acceptor: None,
            acceptor_account: row.id(C::AcceptorAccountId),
            catalog: row.catalog(C::Catalog),
            currency: row.currency(C::CurrencyCode),
            ends_at: row.moment_after(C::EndTime),
            extra: row.extra(),
            intent: row.owned(C::Intent),
            offer: row.id(C::OfferId),
            offer_revision: row.count(C::OfferRevision),
            offer_set: row.id(C::OfferSetId),
            payer: None,
            preceding: row.id(C::PrecedingAgreementId),
            proposer: None,
            proposer_account: row.id(C::ProposerAccountId),
            purchase_order: None,
            reason: row.owned(C::StatusReasonCode),
            recipient: Some(row.recipient()),
            starts_at: row.moment(C::StartTime),
            status: row.needed(C::Status, row.text(C::Status).map(Into::into)),
            valid_from,
            value: row.amount(C::EstimatedAgreementValue),
            agreement: row.needed(C::AgreementId, row.id(C::AgreementId))?,
        };
        let key = format!("{}@{}", terms.agreement, valid_from?);
        Some(Reading { key, event: Event::AgreementRevised(Box::new(terms)), effective_at: None })
    }
}
