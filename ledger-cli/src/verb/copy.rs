//! `dealbook copy`

use crate::context::Context;
use crate::failure::{Code, Exit, Failure};

/// Copy a ledger's lines to another backend (jsonl:FILE, sled:DIR)
///
/// Appends where the target holds the beginning of the same history, does nothing where both are equal, and refuses where they have parted.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// [FROM] TO, each as scheme:location; FROM defaults to the ledger here
    #[arg(value_name = "[FROM] TO", required = true, num_args = 1..=2)]
    pub(crate) locations: Vec<String>,
}

pub(super) fn run(_args: Args, _context: &Context) -> Result<Exit, Failure> {
    Err(Failure::new(Code::E0699, "copy is not built")) // TO FILL IN
}
