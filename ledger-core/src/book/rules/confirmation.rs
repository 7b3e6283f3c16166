//! What a counterparty answers to a statement.

use super::Breaches;
use crate::chain::Hash;
use crate::event::governance::BalanceConfirmed;
use crate::problem::Code;
use crate::time::Instant;

/// The answer itself is the evidence: it is a document, of a period that is over, and says of whom it is and to whom.
pub(in crate::book) fn confirmed(told: &BalanceConfirmed, document: Option<Hash>, at: Instant, breaches: &mut Breaches) {
    match document {
        None => breaches.add(Code::E0102, "document", "", "a counterparty answers in writing", "--document FILE"),
        Some(document) if document != told.document => {
            let why = format!("the document it is recorded from is {document}");
            breaches.add(Code::E0401, "document", told.document.to_string(), why, "leave `document` out of the value");
        }
        Some(_) => (),
    }
    breaches.currency(Some(told.currency));
    if told.theirs == Some(told.amount) {
        let why = "it is the balance of the statement: that is to agree";
        breaches.add(Code::E0401, "theirs", told.amount.to_string(), why, "leave `theirs` out");
    }
    if told.until <= told.from {
        breaches.add(Code::E0415, "until", told.until.to_string(), "it is not after `from`", "the first moment after the period");
    }
    if at < told.until {
        breaches.add(
            Code::E0415,
            "until",
            told.until.to_string(),
            "nobody confirms a period before it is over",
            "--effective: when the answer came",
        );
    }
    if told.party == told.recipient {
        breaches.add(Code::E0401, "party", told.party.as_str(), "nobody confirms their own books", "the counterparty's account");
    }
}
