//! Findings: recorded facts that break a rule. A fact of AWS's is never refused; that it does not fit is said here.
//!
//! A finding is computed by a fold, never recorded: the same ledger asked on the same basis has the same findings.

use crate::id::AccountId;
use crate::money::{Amount, Currency};
use crate::report::{Cell, Column, Kind, Report};

/// A recorded fact, or a set of them, that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// Which rule, as `F01`; [`CODES`] says what each means.
    pub code: &'static str,
    /// Position of the event that shows it; of several the last that is told apart.
    pub seq: u64,
    /// Whose feed it was found in, when it was found in one.
    pub recipient: Option<AccountId>,
    /// What it is about: an agreement, an offer, a file, a payout, a line of an invoice.
    pub subject: String,
    /// What was found, in a sentence.
    pub message: String,
    /// How much is at stake, where that is an amount.
    pub amount: Option<(Amount, Currency)>,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Figures may be wrong, or money is missing.
    High,
    /// Somebody should look at it.
    Medium,
    /// Known and harmless; listed so that nothing is hidden.
    Low,
}

impl Severity {
    /// In a word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::High => "high",
            Self::Medium => "medium",
            Self::Low => "low",
        }
    }
}

/// The columns of [`findings`].
pub fn columns() -> Vec<Column> {
    vec![
        Column::new("code", "Code", Kind::Text),
        Column::new("severity", "Severity", Kind::Text),
        Column::new("event", "Event", Kind::Count),
        Column::new("recipient", "Recipient", Kind::Text),
        Column::new("subject", "Subject", Kind::Text),
        Column::new("finding", "Finding", Kind::Text),
        Column::new("amount", "Amount", Kind::Amount),
        Column::new("currency", "", Kind::Text),
    ]
}

/// The report of these findings, by code and event. Each code that occurs is explained below it.
pub fn findings(found: &[Finding]) -> Report {
    let mut report = Report::new("findings", columns());
    let mut sorted: Vec<&Finding> = found.iter().collect();
    sorted.sort();
    for found in &sorted {
        report.rows.push(vec![
            Cell::text(found.code),
            Cell::or_empty(Code::of(found.code), |code| Cell::text(code.severity.as_str())),
            Cell::Count(found.seq),
            Cell::or_empty(found.recipient, Cell::text),
            Cell::text(&found.subject),
            Cell::text(&found.message),
            Cell::or_empty(found.amount, |(amount, _)| Cell::Amount(amount)),
            Cell::or_empty(found.amount, |(_, currency)| Cell::text(currency)),
        ]);
    }
    let occurs = |code: &&Code| sorted.binary_search_by_key(&code.code, |found| found.code).is_ok();
    report.notes = CODES.iter().filter(occurs).map(|code| format!("{}: {}", code.code, code.meaning)).collect();
    report
}

/// What a finding's code means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Code {
    /// `F01` and so on; a code is never given another meaning.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// The rule that is broken, in a sentence.
    pub meaning: &'static str,
    /// What to do about it.
    pub cure: &'static str,
}

impl Code {
    /// The code of that name, if there is one.
    pub fn of(code: &str) -> Option<&'static Self> {
        CODES.binary_search_by_key(&code, |known| known.code).ok().map(|at| &CODES[at])
    }
}

macro_rules! codes {
    ($($name:ident $code:literal $severity:ident $meaning:literal $cure:literal,)+) => {
        $(#[doc = $meaning] pub const $name: &str = $code;)+

        /// Every code there is, in order.
        pub const CODES: &[Code] = &[$(Code { code: $code, severity: Severity::$severity, meaning: $meaning, cure: $cure },)+];
    };
}

codes! {
    // Sources.
    FILE_REWRITTEN "F01" High "Rows of a file that were read before are no longer what they were: a feed's file is only ever appended to."
        "Compare the two deliveries; ask AWS when nobody changed the file by hand.",
    STATED_TWICE "F02" Medium "A source states two different things at one moment; the later in import order counts."
        "Look at both rows with `dealbook trace`, and say which one is right.",
    UNKNOWN_VALUE "F03" Medium "An enumeration of AWS's holds a value that this program does not know; it is kept as it was written."
        "Look it up in AWS's documentation of the feed; a newer dealbook may know it.",
    UNKNOWN_CURRENCY "F04" High "A currency is not in ISO 4217."
        "Look at the row: a damaged code is likelier than a new currency.",
    QUARANTINED "F05" High "Rows could not be read and were set aside; reports do not hold them."
        "Repair the rows in the quarantine file, leave its name as it is, and import it.",
    UNFINISHED_IMPORT "F06" High "A file's import was cut off: some of its events have not arrived. Importing it again finishes it."
        "Import the file again.",
    FALLBACK_USED "F07" Low "A file older than today's columns was read by a rule that fills in what it does not say."
        "Download the file again where AWS still offers it with today's columns.",
    // Records.
    FOREIGN_SELLER "F08" Medium "An offer is released by another account than the recipient's, without a resale authorization."
        "Check that the reseller was authorized.",
    ACCEPTED_LATE "F09" Medium "An offer was accepted after it had expired."
        "Check the offer's expiry and whether it was extended.",
    ACCEPTOR_NOT_TARGETED "F10" Medium "A private offer was accepted by an account that it was not made to."
        "Check who accepted it; it may be another account of the buyer's.",
    REVISION_GAP "F11" Medium "Something refers to a version or a record that no feed has delivered."
        "Import the missing files: `dealbook show sources --gaps`.",
    CHARGES_UNEQUAL "F12" Medium "The instalments that a payment schedule plans do not sum to the agreement's value."
        "Compare the schedule with the contract.",
    ACCOUNT_UNKNOWN "F13" Medium "A feed names an account for which its account feed has no row."
        "Import the account feed of that recipient.",
    ROW_DIFFERS "F14" High "A row says something else than what somebody had recorded of it before it came; the row counts."
        "Compare the document with the row; when the row is wrong, ask AWS.",
    AUTHORIZATION_EXCEEDED "F15" High "An offer goes beyond the resale authorization that it names."
        "Ask the partner, and AWS, under which authorization it was made.",
    SCHEDULE_UNFIT "F16" Medium "A payment schedule is not one that AWS Marketplace takes."
        "Compare it with the contract.",
    OFFERS_CONFUSED "F17" Low "A buyer sees two offers of one name at one time."
        "Withdraw the one that is not meant, before the buyer takes it for the other.",
    TWO_SUBSCRIPTIONS "F18" Low "A buyer holds two agreements for one product at one time."
        "Look which of them the buyer means to keep; some SaaS products allow several.",
    NOT_ON_THE_LIST "F19" Medium "A buyer accepted an offer for a product that its private marketplace does not list."
        "Ask the buyer's administrator; the policy `private-marketplace` may be out of date.",
    RULE_BROKEN "F20" Medium "An offer or an agreement is sold in a way that AWS Marketplace does not."
        "Look at the entry; when it is as AWS says, the rule has changed: tell us.",
    // Money.
    PAYOUT_UNEQUAL "F21" High "A payout's header and details do not sum to zero in the payout currency."
        "Import the billing events of that day again; then ask AWS.",
    PAYOUT_INCOMPLETE "F22" High "A payout's header or its details are missing."
        "Import the billing events that are missing.",
    PAYOUT_REVERSED "F23" High "A payout came back and has not been repeated."
        "Check the bank account that AWS pays to.",
    BILLING_UNCLASSIFIED "F24" High "Billing events have a type or an action that this program does not know; they stand in no measure."
        "Look the value up in AWS's documentation; a newer dealbook may know it.",
    BANK_TRACE_PLACEHOLDER "F25" Low "A payout's bank trace is a known placeholder, so that it cannot be matched with a bank statement."
        "Match it by amount and day.",
    DISBURSED_UNEQUAL "F26" High "A line was disbursed for more than was collected for it, although nothing was refunded."
        "AWS takes it back from a later payout; see that it does.",
    DISBURSED_CENT "F27" Low "A line was disbursed for a cent more or less than was collected for it: a rounding of AWS's that is not corrected."
        "Nothing. Book the cent as a rounding difference.",
    FAILURE_WITHOUT_PAYOUT "F28" Medium "A payout is said to have come back, and no payout is known that it undoes."
        "Import the billing events that are missing.",
    WHOLESALE_UNEQUAL "F29" High "What a reseller pays on a wholesale invoice is not what the seller of it is paid."
        "One feed may have been restated before the other; import both sides up to the same day.",
    WHOLESALE_ONE_SIDED "F30" Low "A wholesale invoice is paid here, and no seller in this ledger is paid on it."
        "Import the feeds of its seller, if they are yours to have.",
    PURCHASE_ORDER_DIFFERS "F31" Medium "An invoice is charged to another purchase order than its agreement names."
        "Ask the buyer which is right; AWS changes the purchase order of charges that are not invoiced yet.",
    // Tax.
    TAX_NOT_ITEMISED "F40" Medium "A tax share has no tax item, though other invoices of its recipient have them."
        "Import the tax items of that month; then ask AWS.",
    TAX_UNEQUAL "F41" Medium "The tax items of an invoice line do not come to its tax share."
        "Import billing events and tax items up to the same day; then ask AWS which is right.",
    // Programmes and credits.
    GRANT_OUTSIDE_BAND "F50" Medium "What was granted is not what the programme gives by its definition."
        "Compare the award with the programme's terms; define the programme anew when they have changed.",
    REGISTERED_LATE "F51" High "Work began before the opportunity was registered: a migration programme asks for the contrary."
        "Look at `dealbook export claim ID`; ask AWS before more work rests on the grant.",
    CREDIT_BEYOND_BALANCE "F52" High "More of a credit was used than was granted, or a bill was lowered by credits that nobody recorded."
        "Compare with the credits page of the account; a grant or a split may be missing here.",
    CREDIT_AFTER_END "F53" High "A credit lowered a bill outside of its time."
        "Compare the credit's dates with AWS; an end may have been extended.",
    CREDIT_ON_MARKETPLACE "F54" Medium "A promotional credit lowered charges of AWS Marketplace, which its usual terms leave out."
        "Look at the credit's own terms; ask AWS before relying on it.",
    CREDIT_SPLIT_UNFIT "F55" Medium "A credit was split as AWS does not: into fewer than 2 or more than 99, below 100.00, or into another sum than its balance."
        "Compare with AWS; a use of the credit may be missing here.",
    ARR_DIFFERS "F56" Medium "An application states more for the first year than the contract commits for its first twelve months."
        "Compare the application's document with the payment schedule.",
    BENEFICIARY_UNFIT "F57" Medium "A benefit goes to somebody whom the programme does not give to."
        "Compare the award with the programme's terms.",
    EVIDENCE_MISSING "F58" Medium "An application or a grant lacks what its programme asks for, or an application came too late."
        "Record what is missing, with its document, before AWS asks.",
    CREDIT_UNKNOWN "F59" High "A fact about a credit fits no credit that is recorded; it counts nothing."
        "Record the grant, or correct the fact.",
    CREDIT_KEPT "F60" Medium "A credit that had to be passed on to the customer has not been."
        "Pass it on, and record credit.passed_on.",
    PROGRAMME_UNDEFINED "F61" Low "Something was granted by a programme that nothing here defines at that time."
        "Record programme.defined with the date from which it held.",
    APPLICATION_UNFIT "F62" Medium "A credit names an application that is not recorded, is for another programme, or was turned down."
        "Compare the award with the application; correct whichever is wrong.",
    MEASURE_UNKNOWN "F63" High "A commitment is measured by a cost column, or leaves out a line type, that no bill is known to have."
        "Compare the contract's words with the bill's; correct the signing, or amend it.",
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_one_meaning() {
        assert!(CODES.windows(2).all(|pair| pair[0].code < pair[1].code));
        assert!(CODES.iter().all(|code| Code::of(code.code) == Some(code)));
    }
}
