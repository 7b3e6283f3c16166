//! `dealbook init`

use std::path::PathBuf;

use crate::context::Context;
use crate::failure::{Code, Exit, Failure};

/// Create a ledger here (--sample for a guided demo)
///
/// The ledger is a folder named .dealbook. With --sample, a year of seller data feeds of five invented sellers is imported into it, month by
/// month; then status, the verdict of verify and the payouts are shown.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder to create it in; it is created too when it is missing
    #[arg(value_name = "DIR", default_value = ".", hide_default_value = true)]
    pub(crate) dir: PathBuf,
    /// The ledger's name, part of its first event for ever (default: the folder's name)
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Fill it with the sample
    #[arg(long, conflicts_with = "name")]
    pub(crate) sample: bool,
    /// Who records its first event (default: init)
    #[arg(long, value_name = "NAME", env = "DEALBOOK_ACTOR", hide_env = true)]
    pub(crate) actor: Option<String>,
}

pub(super) fn run(_args: Args, _context: &Context) -> Result<Exit, Failure> {
    Err(Failure::new(Code::E0699, "init is not built")) // TO FILL IN
}
