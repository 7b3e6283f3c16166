//! `dealbook replay`

use crate::context::Context;
use crate::failure::{Code, Exit, Failure};

/// Rebuild every projection from event 1 and compare
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only up to POINT
    #[arg(long, value_name = "POINT")]
    pub(crate) to: Option<String>,
    /// Show what each event changes
    #[arg(long)]
    pub(crate) step: bool,
}

pub(super) fn run(_args: Args, _context: &Context) -> Result<Exit, Failure> {
    Err(Failure::new(Code::E0699, "replay is not built")) // TO FILL IN
}
