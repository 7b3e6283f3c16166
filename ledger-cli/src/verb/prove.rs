//! `dealbook prove`

use ledger_core::proof::Proof;

use super::approve;
use crate::context::Context;
use crate::failure::{Code, Exit, Failure};
use crate::history::{self, History};
use crate::session::Session;

/// Prove that an event is in the ledger, to somebody who does not have it
///
/// Prints the event's line, the hashes that lead from it to the root of the newest checkpoint, and that checkpoint: c2sp.org/tlog-proof@v1.
/// Nothing of other events is in it. `dealbook verify FILE --key KEY` verifies it, and so does any program that reads the format.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The event, by its number
    #[arg(value_name = "EVENT")]
    pub(crate) event: String,
}

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let seq = approve::number(&args.event)?;
    let session = Session::open(context)?;
    let (checkpoints, _) = history::checkpoints(&session)?;
    let kept = history::kept(&checkpoints)?;
    let history = History::of(&session)?;
    let line = session.source.line(seq)?.ok_or_else(|| {
        Failure::new(Code::E0306, format!("the ledger has no event #{seq}")).because(format!("its head is {}", history.head))
    })?;
    let newest = history.covering(&kept, seq)?;
    let path = history.tree.inclusion(seq - 1, newest.checkpoint.size).expect("the checkpoint covers it, and the ledger continues it");
    let proof = Proof { line: Some(line), index: seq - 1, path, note: newest };
    context.say(proof.to_string().trim_end_matches('\n'))?;
    Ok(Exit::Done)
}
