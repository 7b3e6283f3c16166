//! `dealbook show`

use crate::context::{Context, Reading};
use crate::failure::{Code, Exit, Failure};

/// Payouts, deals, invoices and more, at any date
///
/// Query words after the noun narrow it: `show invoices buyer:globex date:2026Q1` (dealbook help query).
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to show
    pub(crate) noun: Noun,
    /// Query words; for an event its position or the beginning of its hash
    #[arg(value_name = "QUERY")]
    pub(crate) query: Vec<String>,
    /// Group by KEY
    #[arg(long, value_name = "KEY")]
    pub(crate) by: Option<By>,
    /// Of sources: every expected month and whether its file came
    #[arg(long)]
    pub(crate) gaps: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// What can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Noun {
    /// What each party is owed, has collected and was paid
    Payouts,
    /// Each deal from offer to disbursement
    #[value(alias = "deal")]
    Deals,
    /// Offers
    #[value(alias = "offer")]
    Offers,
    /// Resale authorizations
    #[value(alias = "authorization")]
    Authorizations,
    /// Agreements
    #[value(alias = "agreement")]
    Agreements,
    /// Invoices, with the status of each line
    #[value(alias = "invoice")]
    Invoices,
    /// Disbursements and what each is made of
    #[value(alias = "disbursement")]
    Disbursements,
    /// What was invoiced and not collected, by age
    Receivables,
    /// Imported files, with digests, rows and control totals
    #[value(alias = "source")]
    Sources,
    /// What broke a rule
    #[value(alias = "finding")]
    Findings,
    /// One event
    Event,
}

/// What to group by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum By {
    /// AWS account of the seller
    Party,
    /// Product
    Product,
    /// Buyer
    Buyer,
    /// Agreement
    Agreement,
    /// Calendar month in UTC
    Month,
}

pub(super) fn run(_args: Args, _context: &Context) -> Result<Exit, Failure> {
    Err(Failure::new(Code::E0699, "show is not built")) // TO FILL IN
}
