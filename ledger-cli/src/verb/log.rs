//! `dealbook log`

use crate::context::{Context, Reading};
use crate::failure::{Code, Exit, Failure};

/// The event history
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Query words
    #[arg(value_name = "QUERY")]
    pub(crate) query: Vec<String>,
    /// At most so many events, the latest
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

pub(super) fn run(_args: Args, _context: &Context) -> Result<Exit, Failure> {
    Err(Failure::new(Code::E0699, "log is not built")) // TO FILL IN
}
