//! `dealbook import`

use std::path::PathBuf;

use ledger_core::id::AccountId;

use crate::context::{Context, Writing};
use crate::failure::{Code, Exit, Failure};

/// Append events from AWS seller data feeds
///
/// Takes files, gzip among them, and folders in AWS's delivery layout. Feeds are recognised by their header. What is already recorded is not
/// recorded again, so importing yesterday's files once more is the normal case. When any row is damaged, every problem is reported and
/// nothing is appended.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Files and folders; - reads standard input
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Whose feeds these are, as a 12-digit AWS account, where neither the folder nor the account feed says so
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<AccountId>,
    /// Append the good rows, and write the damaged ones to FILE.rejected.csv
    #[arg(long)]
    pub(crate) quarantine: bool,
    #[command(flatten)]
    pub(crate) writing: Writing,
}

pub(super) fn run(_args: Args, _context: &Context) -> Result<Exit, Failure> {
    Err(Failure::new(Code::E0699, "import is not built")) // TO FILL IN
}
