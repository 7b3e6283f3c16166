//! Import: files of a source in, events out, in two passes.
//!
//! The first pass decodes and judges every row of every file, takes digests and totals, and appends nothing. The second reads again,
//! holds every chunk of rows against the digest that the first pass took of it, and appends. Memory stays bounded: neither pass holds
//! more than a few chunks of rows.

mod documents;
pub mod files;
mod judge;
mod record;
mod rows;
mod statements;

pub use judge::{History, Judged, Judgement, Known, Said, judge};
pub use record::record;

use std::fs::File;
use std::path::PathBuf;

use ledger_core::id::Actor;
use ledger_core::time::Instant;
use ledger_store::ledger::Ledger;

use crate::context::Context;
use crate::failure::{Failure, counted};
use crate::session::States;
use files::InFile;

/// How an import is to be done.
pub struct Order<'a> {
    /// What is said beside the files.
    pub said: Said<'a>,
    /// Who records it.
    pub actor: Actor,
    /// What time it is.
    pub clock: &'a dyn Fn() -> Instant,
    /// Whether damaged rows are set aside instead of refusing everything.
    pub quarantine: bool,
}

/// Imports files: judges them all, and appends when all can be.
///
/// # Errors
/// Every problem of every file, with nothing appended; or the ledger cannot be written.
pub fn run(ledger: &mut Ledger<States>, files: Vec<InFile>, order: &Order<'_>, context: &Context) -> Result<Judgement, Failure> {
    let known =
        Known { records: ledger.known(), sources: &ledger.states().sources, bills: &ledger.states().records, book: &ledger.states().book };
    let judgement = judged(files, order, known, context)?;
    // Before anything is appended: a file that is recorded is not read again for the rows that were left out.
    for judged in judgement.files.iter().filter(|judged| order.quarantine && judged.is_set_aside()) {
        let path = set_aside(judged)?;
        context.note(format_args!("note: {} set aside in `{}`", counted(judged.bad.len() as u64, "row"), path.display()));
    }
    let mut progress = context.progress("recording", judgement.files.iter().map(Judged::events).sum());
    for judged in &judgement.files {
        record(ledger, judged, judgement.accounts_of(judged.recipient), &order.actor, order.clock, |more| progress.add(more))?;
    }
    Ok(judgement)
}

/// Judges files, and refuses them when they are not to be appended.
///
/// # Errors
/// Every problem of every file.
pub fn judged(files: Vec<InFile>, order: &Order<'_>, known: Known<'_>, context: &Context) -> Result<Judgement, Failure> {
    // A row of the billing feed has about 800 bytes; how many rows there are is not known before they are read.
    let bytes: u64 = files.iter().filter_map(|file| file.path.metadata().ok()).map(|metadata| metadata.len()).sum();
    let streams: Vec<(String, String)> =
        files.iter().filter(|file| file.stream.is_some()).map(|file| (file.path.display().to_string(), file.shown())).collect();
    let mut progress = context.progress("reading", bytes / 800);
    let mut judgement = judge(files, order.said, known, |rows| progress.add(rows))?;
    drop(progress);
    let mut refused = std::mem::take(&mut judgement.whole);
    let whole = refused.total();
    if !order.quarantine {
        refused.extend(std::mem::take(&mut judgement.rows));
    }
    for (spooled, shown) in &streams {
        judgement.notes.iter_mut().for_each(|note| *note = note.replace(spooled, shown));
    }
    if refused.is_empty() {
        if judgement.files.iter().any(Judged::is_set_aside) {
            context.warn(&Failure::problems(&judgement.rows).renamed(&streams));
        }
        return Ok(judgement);
    }
    let failure = Failure::problems(&refused).renamed(&streams);
    let rows_only = judgement.files.iter().any(|judged| !judged.bad.is_empty()) && whole == 0;
    Err(if rows_only {
        failure.closing("Keep the good rows:  dealbook import --quarantine … (bad rows go to FILE.rejected.csv)")
    } else {
        failure
    })
}

/// Writes the rows of a file that were set aside beside it. Gives the file they are in.
///
/// # Errors
/// It cannot be written.
fn set_aside(judged: &Judged) -> Result<PathBuf, Failure> {
    let path = judged.file.rejected();
    let write = || {
        // Of one stream after another each has the same name: what is there already is nowhere else.
        let is_stream = judged.file.stream.is_some();
        let file = File::options().write(true).create(true).truncate(true).create_new(is_stream).open(&path)?;
        let mut out = std::io::BufWriter::new(file);
        crate::decode::copy_records(&judged.file.path, &judged.bad, &mut out)?;
        std::io::Write::flush(&mut out)
    };
    write().map_err(|why| Failure::unwritable(&path, &why))?;
    Ok(path)
}
