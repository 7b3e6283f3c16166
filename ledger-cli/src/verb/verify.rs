//! `dealbook verify`
//!
//! ```text
//! every line hashed   -> follows the one before, up to the anchor?   no: every line is looked at, and what was done is told
//! every leaf          -> the root of each checkpoint?  signed by whom?
//! store               -> block by block what the log has?
//! --full              -> every entry encoded again, every projection folded and compared with what is saved
//! time stamps         -> of a checkpoint that is here?  a certificate that is trusted?
//! FILE                -> a checkpoint, a proof or a bundle, by keys alone: no ledger is opened; all of them against the bundles beside them
//! --sources           -> every file that lines come from, found by its digest below a folder?
//! --against           -> another bundle or ledger: what differs, field by field; what was chosen is chosen anew from it
//! ```

mod against;
mod beside;
mod damaged;
mod file;
mod kept;
mod ledger;
mod receipt;
mod signed;
mod since;
mod sources;
mod stamps;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use ledger_core::chain::Head;
use ledger_core::checkpoint::PublicKey;
use ledger_core::report::{Asked, Cell, Column, Kind, Receipt, Report};
use ledger_core::timestamp::Certificate;

use against::There;
pub(super) use against::columns as columns_against;
pub(super) use ledger::examine;
pub(super) use receipt::question;
use since::Since;
use sources::Where;

use crate::context::Context;
use crate::failure::{Exit, Failure};
use crate::signing;

/// Recompute every hash of the ledger, or verify a checkpoint, a proof or a bundle
///
/// Ends with exit code 5 when anything is not as it was recorded, and says which event. It shows the integrity of what was recorded, not that
/// it exists, is accurate or is complete. For files no ledger is needed: --key says whose signatures count. A checkpoint, proof or
/// bundle that you kept, named beside a bundle of everything, must be of the same history.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// Checkpoints, proofs, bundles and time stamps that were handed out or kept, held against each other; without one, the ledger here
    #[arg(value_name = "FILE", conflicts_with_all = ["full", "since"])]
    pub(crate) files: Vec<PathBuf>,
    /// Also decode and re-encode every event and compare what is derived
    #[arg(long)]
    pub(crate) full: bool,
    /// A head or checkpoint noted earlier (#SEQ:HASH, #SEQ, a hash, or a file), which the ledger must still contain
    #[arg(long, value_name = "HEAD")]
    pub(crate) since: Option<String>,
    /// A public key, or a file with some, that must have signed: of the ledger or of a witness
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Vec<String>,
    /// A certificate of a time stamping authority, or of its root, that you trust: something here must be stamped by it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["against", "receipt"])]
    pub(crate) tsa: Vec<PathBuf>,
    /// A bundle or ledger to compare with, field by field; to draw a sample, statement or deal anew from
    #[arg(long, value_name = "BUNDLE|LEDGER", conflicts_with_all = ["full", "since", "receipt"])]
    pub(crate) against: Option<String>,
    /// A folder below which every file that lines come from is looked for, by its digest; repeat for more
    #[arg(long, value_name = "DIR", conflicts_with_all = ["against", "receipt"])]
    pub(crate) sources: Vec<PathBuf>,
    /// Ask again what a receipt was given for; FILE is then the answer in another format
    #[arg(long, value_name = "RECEIPT", conflicts_with_all = ["full", "since", "key"])]
    pub(crate) receipt: Option<PathBuf>,
}

/// What is asked of an examination beyond the chain.
#[derive(Default)]
pub(super) struct Wanted<'a> {
    /// Whether everything is decoded, encoded again and folded.
    full: bool,
    /// A head that the ledger must contain.
    since: Option<&'a Since>,
    /// The keys whose signatures count.
    keys: &'a [PublicKey],
    /// Where the files are looked for that lines come from.
    sources: Where<'a>,
    /// The certificates whose time stamps count.
    trusted: &'a [Certificate],
}

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    if let Some(receipt) = &args.receipt {
        return receipt::verify(receipt, &args.files, context);
    }
    let keys = signing::public(&context.folder, &args.key)?;
    let sources = Where { folders: &args.sources, from: Some(&context.folder) };
    let trusted = signing::certificates(&context.folder, &args.tsa)?;
    let there = args.against.as_deref().map(|text| There::read(text, &keys, context)).transpose()?;
    let drawn = file::have_tables(&args.files, context);
    if let Some(there) = &there
        && drawn != Some(true)
    {
        return match args.files.as_slice() {
            [] => against::compare(None, there, &keys, context),
            [file] => against::compare(Some(file), there, &keys, context),
            _ if drawn.is_none() => {
                Err(Failure::usage("--against draws a sample or statement anew, and compares other bundles line by line")
                    .hint("ask for each by itself"))
            }
            _ => Err(Failure::usage("--against compares one file, or the ledger here")),
        };
    }
    if !args.files.is_empty() {
        return file::run(&args.files, (&keys, &trusted), there.as_ref(), sources, context);
    }
    let since = args.since.as_deref().map(|text| Since::read(text, context)).transpose()?;
    let location = context.location()?;
    let wanted = Wanted { full: args.full, since: since.as_ref(), keys: &keys, sources, trusted: &trusted };
    let examined = examine(&location, &wanted, context)?;
    let mut asked = BTreeMap::new();
    if args.full {
        asked.insert("full".to_owned(), "true".to_owned());
    }
    if let Some(since) = &since {
        asked.insert("since".to_owned(), since.to_string());
    }
    if !keys.is_empty() {
        asked.insert("key".to_owned(), keys.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "));
    }
    sources.asked(&mut asked);
    if !trusted.is_empty() {
        asked.insert("tsa".to_owned(), fingerprints(&trusted));
    }
    told(examined, asked, context)
}

/// Certificates as a receipt names them.
fn fingerprints(trusted: &[Certificate]) -> String {
    trusted.iter().map(Certificate::fingerprint).collect::<Vec<_>>().join(" ")
}

/// Prints what came of an examination.
fn told(examined: Examined, mut asked: BTreeMap<String, String>, context: &Context) -> Result<Exit, Failure> {
    asked.insert("report".to_owned(), "verify".to_owned());
    let receipt = Receipt::new(&examined.report, Asked::everything(examined.proven.seq), asked, examined.proven, "verify/2");
    context.print(&examined.report, &receipt)?;
    if !context.is_for_people() {
        examined.report.notes.iter().for_each(|note| context.note(note));
    }
    let done = if examined.differs { Exit::Findings } else { Exit::Done };
    examined.failure.map_or(Ok(done), Err)
}

/// What came of an examination.
pub(super) struct Examined {
    /// A line for each check, and the verdict as its note.
    pub(super) report: Report,
    /// As far as this the ledger is proven.
    pub(super) proven: Head,
    /// What is wrong, if anything is.
    pub(super) failure: Option<Failure>,
    /// Whether a closed report comes to something else now, though nothing was changed.
    pub(super) differs: bool,
}

/// The columns of the report.
pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::new("check", "Check", Kind::Text),
        Column::new("result", "Result", Kind::Text),
        Column::new("detail", "Detail", Kind::Text),
    ]
}

/// The checks and what came of them, as they are made.
#[derive(Debug)]
struct Checks {
    report: Report,
    failure: Option<Failure>,
    /// Of each closed month that comes to something else now, why, and what to do.
    differs: BTreeSet<String>,
    /// The moments that something was there at, by somebody else's clock.
    before: Vec<stamps::Before>,
}

impl Checks {
    fn new() -> Self {
        Self { report: Report::new("verify", columns()), failure: None, differs: BTreeSet::new(), before: Vec::new() }
    }

    fn add(&mut self, check: &str, result: &str, detail: impl ToString) {
        self.report.rows.push(vec![Cell::text(check), Cell::text(result), Cell::text(detail)]);
    }

    fn fail(&mut self, check: &str, detail: impl ToString, failure: Failure) {
        self.add(check, "failed", detail);
        match &mut self.failure {
            Some(first) => first.diagnostics.extend(failure.diagnostics),
            none => *none = Some(failure),
        }
    }

    /// Adds to what is said at the end of a failure.
    fn closing(&mut self, line: String) {
        if let Some(failure) = &mut self.failure {
            failure.closing.push(line);
        }
    }

    fn done(self, proven: Head) -> Examined {
        self.done_with(proven, verdict(proven), "this ledger is not intact")
    }

    fn done_with(mut self, proven: Head, verdict: String, otherwise: &str) -> Examined {
        self.report.notes.extend(self.differs.iter().cloned());
        match &mut self.failure {
            None => {
                self.report.notes.push(verdict);
                self.report.notes.extend(stamps::recorded(&self.before));
            }
            Some(failure) => {
                self.report.incomplete.push(otherwise.to_owned());
                failure.closing.push("NOT VERIFIED".to_owned());
            }
        }
        Examined { report: self.report, proven, failure: self.failure, differs: !self.differs.is_empty() }
    }
}

/// What an intact ledger is said to be, and what that does not say.
pub(super) fn verdict(head: Head) -> String {
    format!("integrity verified to {head}; existence, accuracy and completeness of the facts not covered")
}
