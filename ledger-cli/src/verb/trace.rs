//! `dealbook trace`

use crate::context::{Context, Reading};
use crate::failure::{Code, Exit, Failure};

/// Follow an id: bank trace, disbursement, invoice line, agreement, offer, source row
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A bank trace, disbursement, invoice, agreement or offer id, or #SEQ; a unique beginning is enough
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

pub(super) fn run(_args: Args, _context: &Context) -> Result<Exit, Failure> {
    Err(Failure::new(Code::E0699, "trace is not built")) // TO FILL IN
}
