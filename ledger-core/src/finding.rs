//! Findings: recorded facts that break a rule. A fact of AWS's is never refused; that it does not fit is said here.
//!
//! A finding is computed by a fold, never recorded: the same ledger asked on the same basis has the same findings.

use crate::id::AccountId;
use crate::report::{Cell, Column, Kind, Report};
use crate::time::{Basis, Instant};

/// A recorded fact, or a set of them, that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Position of the event that shows it; of several the last.
    pub seq: u64,
    /// Which rule, as `F01`; [`CODES`] says what each means.
    pub code: &'static str,
    /// Whose feed it was found in, when it was found in one.
    pub recipient: Option<AccountId>,
    /// What it is about: an agreement, an offer, a file, an invoice.
    pub subject: String,
    /// What was found, in a sentence.
    pub message: String,
    /// When it came to be so in the world.
    pub effective_at: Instant,
    /// When the source stated the fact that shows it, if it says so.
    pub stated_at: Option<Instant>,
}

impl Finding {
    /// Whether the fact that shows it lies inside a basis.
    pub fn stands(&self, basis: &Basis) -> bool {
        basis.had_been_stated(self.seq, self.stated_at) && basis.had_happened(self.effective_at)
    }
}

/// The report of these findings, by code and event. Each code that occurs is explained below it.
pub fn findings(found: &[Finding]) -> Report {
    let columns = vec![
        Column::new("code", "Code", Kind::Text),
        Column::new("event", "Event", Kind::Count),
        Column::new("recipient", "Recipient", Kind::Text),
        Column::new("subject", "Subject", Kind::Text),
        Column::new("finding", "Finding", Kind::Text),
    ];
    let mut report = Report::new("findings", columns);
    let mut sorted: Vec<&Finding> = found.iter().collect();
    sorted.sort_by_key(|found| (found.code, *found));
    for found in &sorted {
        report.rows.push(vec![
            Cell::text(found.code),
            Cell::Count(found.seq),
            Cell::or_empty(found.recipient, Cell::text),
            Cell::text(&found.subject),
            Cell::text(&found.message),
        ]);
    }
    let occurs = |code: &&Code| sorted.iter().any(|found| found.code == code.code);
    report.notes = CODES.iter().filter(occurs).map(|code| format!("{}: {}", code.code, code.meaning)).collect();
    report
}

/// What a finding's code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// `F01` and so on; a code is never given another meaning.
    pub code: &'static str,
    /// The rule that is broken, in a sentence.
    pub meaning: &'static str,
}

macro_rules! codes {
    ($($name:ident $code:literal $meaning:literal,)+) => {
        $(#[doc = $meaning] pub const $name: &str = $code;)+

        /// Every code there is, with its meaning.
        pub const CODES: &[Code] = &[$(Code { code: $code, meaning: $meaning },)+];
    };
}

codes! {
    // Sources.
    FILE_REWRITTEN "F01" "Rows of a file that were read before are no longer what they were: a feed's file is only ever appended to.",
    STATED_TWICE "F02" "A source states two different things at one moment; the later in import order counts.",
    UNKNOWN_VALUE "F03" "An enumeration of AWS's holds a value that this program does not know; it is kept as it was written.",
    UNKNOWN_CURRENCY "F04" "A currency is not in ISO 4217.",
    QUARANTINED "F05" "Rows could not be read and were set aside; reports do not hold them.",
    UNFINISHED_IMPORT "F06" "A file's import was cut off: some of its events have not arrived. Importing it again finishes it.",
    FALLBACK_USED "F07" "A file older than today's columns was read by a rule that fills in what it does not say.",
    // Records.
    FOREIGN_SELLER "F08" "An offer is released by another account than the recipient's, without a resale authorization.",
    ACCEPTED_LATE "F09" "An offer was accepted after it had expired.",
    ACCEPTOR_NOT_TARGETED "F10" "A private offer was accepted by an account that it was not made to.",
    REVISION_GAP "F11" "Something refers to a version or a record that no feed has delivered.",
    CHARGES_UNEQUAL "F12" "The instalments that a payment schedule plans do not sum to the agreement's value.",
    ACCOUNT_UNKNOWN "F13" "A feed names an account for which its account feed has no row.",
    // Money.
    PAYOUT_UNEQUAL "F21" "A payout's header and details do not sum to zero in the payout currency.",
    PAYOUT_INCOMPLETE "F22" "A payout's header or its details are missing.",
    PAYOUT_REVERSED "F23" "A payout came back and has not been repeated.",
    BILLING_UNCLASSIFIED "F24" "A billing event has an action that this program does not know; it counts in no measure.",
    BANK_TRACE_PLACEHOLDER "F25" "A payout's bank trace is a known placeholder, so that it cannot be matched with a bank statement.",
    DISBURSED_UNEQUAL "F26" "A line was disbursed for more or less than was collected for it.",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_one_meaning() {
        assert!(CODES.windows(2).all(|pair| pair[0].code < pair[1].code));
    }
}
