//! The agreement term feed. Source: AWS Marketplace seller guide, agreement term data feed (2025); `delete_date` is used.

use super::{Column, Feed, Reading, Row, columns};
use crate::event::Event;
use crate::event::agreement::TermRecorded;

columns! {
    ValidFrom "valid_from" Needed,
    InsertDate "insert_date" Told,
    UpdateDate "update_date" Kept,
    DeleteDate "delete_date" Kept,
    AgreementId "agreement_id" Needed,
    TermId "term_id" Needed,
    TermType "term_type" Needed,
    TermConfiguration "term_configuration" Kept,
}

pub(super) struct AgreementTerm;

impl Feed for AgreementTerm {
    fn name(&self) -> &'static str {
        "agreement_term"
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn read(&self, row: &Row<'_>) -> Option<Reading> {
        let agreement = row.needed(C::AgreementId, row.id(C::AgreementId));
        let kind = row.needed(C::TermType, row.owned(C::TermType));
        let term = row.needed(C::TermId, row.id(C::TermId));
        let valid_from = row.needed(C::ValidFrom, row.moment(C::ValidFrom));
        let term = TermRecorded {
            agreement: agreement?,
            configuration: row.owned(C::TermConfiguration),
            extra: row.extra(),
            kind: kind?,
            recipient: Some(row.recipient()),
            term: term?,
            valid_from,
        };
        let key = format!("{}:{}@{}", term.agreement, term.term, valid_from?);
        Some(Reading { key, event: Event::TermRecorded(Box::new(term)), effective_at: None })
    }
}
