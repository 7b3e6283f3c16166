//! `dealbook import`

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::path::{Path, PathBuf};

use ledger_core::chain::Head;
use ledger_core::id::{AccountId, Actor};
use ledger_core::report::{Cell, Column, Kind, Report};
use tempfile::NamedTempFile;

use crate::context::{Context, Writing};
use crate::failure::{Code, Exit, Failure, counted};
use crate::import::files::{self, InFile};
use crate::import::{self, History, Judged, Judgement, Known, Order, Said};
use crate::scratch::{self, Scratch};
use crate::session::{self, Session};

/// Append events from AWS seller data feeds, from its bills, and from documents of its APIs and EventBridge
///
/// Takes files, gzip among them, and folders in AWS's delivery layout. Feeds and bills (CUR, FOCUS) are recognised by their header, documents in
/// JSON by their members. What is already recorded is not recorded again, so importing yesterday's files once more is the normal case. When anything is
/// damaged, every problem is reported and nothing is appended.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Files and folders; - reads standard input
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Whose feeds these are, as a 12-digit AWS account, where neither the folder nor the account feed says so
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<AccountId>,
    /// Since when a document holds that does not say so, such as a change set as it was asked for
    #[arg(long, value_name = "DATE")]
    pub(crate) effective: Option<String>,
    /// What AWS called a thing that a document names only by a placeholder; may be repeated
    #[arg(long = "entity", value_name = "NAME=ID", value_parser = entity)]
    pub(crate) entities: Vec<(String, String)>,
    /// Append the good rows, and write the damaged ones to FILE.rejected.csv
    #[arg(long)]
    pub(crate) quarantine: bool,
    #[command(flatten)]
    pub(crate) writing: Writing,
}

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    // What is neither a file nor a folder is spooled, because it is read twice.
    let is_stream =
        |path: &PathBuf| files::is_standard_input(path) || path.metadata().is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir());
    let (streams, paths): (Vec<PathBuf>, Vec<PathBuf>) = args.paths.into_iter().partition(is_stream);
    let streams: BTreeSet<PathBuf> = streams.into_iter().collect();
    let spooled = streams.into_iter().map(|from| Ok((spool(&from)?, from))).collect::<Result<Vec<_>, Failure>>()?;
    let mut found: Vec<InFile> = spooled.iter().map(|(to, from)| InFile::spooled(from.clone(), to.path().to_owned())).collect();
    found.extend(files::find(&paths)?);
    if found.is_empty() {
        return Err(Failure::new(Code::E0302, "no file that can be imported is in these paths")
            .hint("give AWS's files, or a folder of them; `dealbook help files` lists every kind of file"));
    }
    let names = args.entities.into_iter().collect();
    let effective_at = args.effective.as_deref().map(|text| crate::intent::moment(text).map_err(effective)).transpose()?;
    let order = Order {
        said: Said { account: args.account, names: &names, effective_at },
        actor: actor(args.writing.actor.as_deref(), "import")?,
        clock: &|| context.now(),
        quarantine: args.quarantine,
    };
    if args.writing.dry_run {
        let session = Session::open(context)?;
        session::expect(&args.writing, session.head())?;
        let (states, records) = (session.states()?, session.known()?);
        let judgement = import::judged(
            found,
            &order,
            Known { records: &records, sources: &states.sources, bills: &states.records, book: &states.book },
            context,
        )?;
        return tell(&judgement, (session.head(), None), context);
    }
    let mut ledger = session::write(context)?;
    let before = ledger.head();
    session::expect(&args.writing, before)?;
    let judgement = import::run(&mut ledger, found, &order, context)?;
    let after = session::close(context, ledger)?;
    tell(&judgement, (before, Some(after)), context)
}

/// Who records: the flag, or the verb itself.
pub(super) fn actor(name: Option<&str>, verb: &str) -> Result<Actor, Failure> {
    let name = name.unwrap_or(verb);
    name.parse().map_err(|why: ledger_core::id::NotAnId| Failure::usage(format!("invalid value `{name}` for --actor")).because(why))
}

/// A file with what a stream says, there for the occasion.
fn spool(from: &Path) -> Result<Scratch<NamedTempFile>, Failure> {
    let mut to = scratch::file().map_err(|why| Failure::unwritable(&std::env::temp_dir(), &why))?;
    let copied = if files::is_standard_input(from) {
        std::io::copy(&mut std::io::stdin().lock(), &mut to)
    } else {
        File::open(from).and_then(|mut stream| std::io::copy(&mut stream, &mut to))
    };
    copied.map_err(|why| Failure::unreadable(from, &why))?;
    Ok(to)
}

fn entity(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').filter(|(name, id)| !name.is_empty() && !id.is_empty());
    parts
        .map(|(name, id)| (name.to_owned(), id.to_owned()))
        .ok_or_else(|| "write NAME=ID, such as CreateOffer=offer-1111111111111".to_owned())
}

fn effective(problem: ledger_core::problem::Problem) -> Failure {
    Failure::usage(format!("invalid value `{}` for --effective", problem.found)).because(problem.why).hint(problem.cure)
}

pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::new("recipient", "RECIPIENT", Kind::Text),
        Column::new("feed", "FEED", Kind::Text),
        Column::new("files", "FILES", Kind::Count),
        Column::new("unchanged", "UNCHANGED", Kind::Count),
        Column::new("rows", "ROWS", Kind::Count),
        Column::new("new", "NEW", Kind::Count),
        Column::new("known", "KNOWN", Kind::Count),
        Column::new("rejected", "REJECTED", Kind::Count),
        Column::new("rewritten", "REWRITTEN", Kind::Count),
    ]
}

/// Prints what was appended, or would be.
fn tell(judgement: &Judgement, (before, after): (Head, Option<Head>), context: &Context) -> Result<Exit, Failure> {
    let mut groups: BTreeMap<(AccountId, &str), [u64; 7]> = BTreeMap::new();
    for judged in &judgement.files {
        let sums = groups.entry((judged.recipient, judged.feed)).or_default();
        for (sum, value) in sums.iter_mut().zip(figures(judged)) {
            *sum += value;
        }
    }
    let mut report = Report::new("import", columns());
    for ((recipient, feed), sums) in groups {
        let mut row = vec![Cell::text(recipient), Cell::text(feed)];
        row.extend(sums.into_iter().map(Cell::Count));
        report.rows.push(row);
    }
    report.notes.extend(judgement.notes.iter().cloned());
    report.notes.extend(judgement.files.iter().filter_map(rewritten));
    report.notes.extend(of_no_use(judgement));
    let new: u64 = judgement.files.iter().filter(|judged| judged.history != History::Same).map(Judged::events).sum();
    let said = match after {
        None => format!("Would append {}", counted(new, "event")),
        Some(after) if after == before => format!("Nothing new; head {after}"),
        Some(after) => {
            format!("Appended #{} – #{} ({})  head {after}", before.seq + 1, after.seq, counted(after.seq - before.seq, "event"))
        }
    };
    context.tell(&report, &said, after.unwrap_or(before))?;
    Ok(Exit::Done)
}

fn figures(judged: &Judged) -> [u64; 7] {
    let same = u64::from(judged.history == History::Same);
    let rejected = judged.bad.len() as u64;
    [1, same, judged.rows, judged.events(), judged.known, rejected, u64::from(rewritten(judged).is_some())]
}

/// What documents say that is not recorded.
fn of_no_use(judgement: &Judgement) -> Option<String> {
    let mut all: BTreeMap<&str, u64> = BTreeMap::new();
    for judged in judgement.files.iter().filter(|judged| judged.is_documents() && judged.history != History::Same) {
        judged.dropped.iter().for_each(|(what, times)| *all.entry(what).or_default() += times);
    }
    let all: Vec<String> = all.into_iter().map(|(what, times)| format!("{what} {times}")).collect();
    (!all.is_empty()).then(|| format!("of no use here, and not recorded: {}", all.join(", ")))
}

/// What is to be said of a file whose beginning is no longer what it was.
fn rewritten(judged: &Judged) -> Option<String> {
    let History::Grown { prefix_matches: false, rewritten_from, .. } = judged.history else { return None };
    let name = &judged.file.name;
    Some(match rewritten_from {
        Some(row) => format!("{name}: rows that were read before have been rewritten, the first is row {row}"),
        None => format!("{name}: rows that were read before are gone, or have changed in columns that are not recorded"),
    })
}
