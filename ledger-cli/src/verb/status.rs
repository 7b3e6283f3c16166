//! `dealbook status`

use crate::context::{Context, Reading};
use crate::failure::{Code, Exit, Failure};

/// Where things stand: head, parties, findings, unfinished imports, gaps
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) reading: Reading,
}

pub(super) fn run(_args: Args, _context: &Context) -> Result<Exit, Failure> {
    Err(Failure::new(Code::E0699, "status is not built")) // TO FILL IN
}
