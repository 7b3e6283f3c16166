//! `dealbook copy`
//!
//! ```text
//! FROM's lines  -every one canonical, each follows?->  appended to TO
//!   sled:DIR whose log is damaged or lost: what its store holds, and behind that what of the log follows it
//! ```

use ledger_core::chain::Head;
use ledger_core::event::{Entry, Event};
use ledger_core::report::{Cell, Column, Kind, Report};
use ledger_store::backend::sled::{Meta, Options, Salvage};
use ledger_store::scan::{Depth, ScanError, scan};
use ledger_store::{Log, LogError, PATIENCE, Source, backend, copy, verify as store};

use crate::context::{Context, FOLDER, Location};
use crate::failure::{Code, Exit, Failure, counted};
use crate::session;

/// Copy a ledger's lines to another backend (jsonl:FILE, sled:DIR)
///
/// Appends where the target holds the beginning of the same history, does nothing where both are equal, and refuses where they have parted.
/// Where the log of a ledger is damaged or lost, `copy sled:DIR jsonl:FILE` saves what its store holds.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// [FROM] TO, each as scheme:location; FROM defaults to the ledger here
    #[arg(value_name = "[FROM] TO", required = true, num_args = 1..=2)]
    pub(crate) locations: Vec<String>,
}

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let (from, to) = match args.locations.as_slice() {
        [from, to] => (Location::parse(from), to),
        [to] => (context.location()?, to),
        _ => return Err(Failure::usage("copy takes [FROM] TO")),
    };
    let to = target(to);
    let Sources { sources, why } = sources(&from)?;
    if let Some(why) = &why {
        context.note(format!("note: {why}"));
        context.note("note: what the store holds is copied, and what of the log follows it");
    }
    let anchor = session::folder_of(&from).and_then(|folder| store::anchored(&folder).ok().flatten());
    let mut opened = open(&*sources[0], &to)?;
    opened.notices.iter().for_each(|notice| context.note(format!("note: {notice}")));
    let before = opened.log.head();
    let copied = sources.iter().enumerate().try_for_each(|(at, source)| match append(&**source, &mut *opened.log, context) {
        // Behind what the store held, a damaged log gives what still follows, and no more is expected of it.
        Err(failure) if at > 0 && matches!(failure.exit, Exit::Integrity | Exit::Conflict) => Ok(()),
        copied => copied,
    });
    let after = opened.log.head();
    opened.log.close()?.iter().for_each(|notice| context.note(format!("note: {notice}")));
    copied?;
    let theirs = sources.iter().map(|source| source.head()).max_by_key(|head| head.seq).unwrap_or(Head::EMPTY);
    let said = if after == before {
        let equal = if after == theirs { "both are at".to_owned() } else { format!("{from} is at {theirs}, and {to} has all of it at") };
        format!("Nothing to copy: {equal} {after}")
    } else {
        let from_to =
            if after.seq == before.seq + 1 { format!("#{}", after.seq) } else { format!("#{} – #{}", before.seq + 1, after.seq) };
        let source_head = if why.is_some() { after } else { theirs };
        format!(
            "Copied {} ({from_to})\n  from {from}, {} {source_head}\n  to   {to}, now at {after}",
            counted(after.seq - before.seq, "event"),
            if why.is_some() { "saved up to" } else { "at" },
        )
    };
    let mut report = Report::new("copy", columns());
    report.rows.push(vec![
        Cell::text(&from),
        Cell::text(&to),
        Cell::Count(after.seq - before.seq),
        Cell::Count(after.seq),
        Cell::Hash(after.hash),
        Cell::Flag(why.is_some()),
    ]);
    context.tell_in_words(&report, &said, after)?;
    match anchor.filter(|anchor| why.is_some() && anchor.seq > after.seq) {
        None => Ok(Exit::Done),
        Some(anchor) => Err(Failure::new(Code::E0504, format!("the ledger is known to have reached {anchor}"))
            .because(format!("{} could not be saved", counted(anchor.seq - after.seq, "event")))
            .note(format!("what was saved is proven up to {after}"))),
    }
}

pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::new("from", "From", Kind::Text),
        Column::new("to", "To", Kind::Text),
        Column::new("appended", "Appended", Kind::Count),
        Column::new("seq", "#", Kind::Count),
        Column::new("hash", "Hash", Kind::Hash),
        Column::new("saved", "From what is damaged", Kind::Flag),
    ]
}

/// Where a copy goes. A ledger folder is made as `init` makes it: inside of the folder that is named.
fn target(text: &str) -> Location {
    let mut to = Location::parse(text);
    let is_ledger = to.place.join("meta.json").exists() || to.place.file_name().is_some_and(|name| name == FOLDER);
    if to.scheme == "sled" && !is_ledger {
        to.place.push(FOLDER);
    }
    to
}

/// What is copied, one behind the other.
struct Sources {
    sources: Vec<Box<dyn Source>>,
    /// Why it is not simply the log.
    why: Option<LogError>,
}

/// The log; or, when it is damaged or lost, the store and then the log.
fn sources(from: &Location) -> Result<Sources, Failure> {
    let place = from.to_string();
    let (source, why) = backend::salvage(&place)?;
    if why.is_some() {
        let log = backend::read(&place).ok();
        return Ok(Sources { sources: [Some(source), log].into_iter().flatten().collect(), why });
    }
    let Some(folder) = session::folder_of(from) else { return Ok(Sources { sources: vec![source], why }) };
    // The end of the log is in order. Only whoever follows it all the way knows about the rest.
    let followed =
        source.read(1).map_err(ScanError::from).and_then(|blocks| scan(blocks, Head::EMPTY, Depth::Chain, |_| Ok::<(), ScanError>(())));
    let broken = match followed {
        Ok(_) => return Ok(Sources { sources: vec![source], why }),
        Err(error) => error,
    };
    let Some(why) = broken_log(broken)? else { return Ok(Sources { sources: vec![source], why: None }) };
    match Salvage::open(&folder, PATIENCE) {
        Ok(store) if store.head().seq > 0 => Ok(Sources { sources: vec![Box::new(store), source], why: Some(why) }),
        _ => Err(why.into()),
    }
}

/// The damage of a log that can be helped by its store.
fn broken_log(error: ScanError) -> Result<Option<LogError>, Failure> {
    match error {
        ScanError::Log(error) if error.is_integrity() => Ok(Some(error)),
        ScanError::Unreadable(ledger_core::event::Unreadable::Broken(broken)) => Ok(Some(broken.into())),
        other => Err(other.into()),
    }
}

/// Opens the target, or makes it: a folder takes its name from the first line.
fn open(from: &dyn Source, to: &Location) -> Result<backend::Opened, Failure> {
    let (name, origin) = match from.line(1)?.map(|line| Entry::read(&line, 1)).transpose()?.map(|entry| entry.event) {
        Some(Event::LedgerOpened(opened)) => (opened.name, opened.origin),
        _ => (String::new(), String::new()),
    };
    if let Some(parent) = to.place.parent().filter(|_| to.scheme == "sled") {
        std::fs::create_dir_all(parent).map_err(|why| Failure::unwritable(parent, &why))?;
    }
    Ok(backend::open_or_create(&to.to_string(), &Meta::new(&name, &origin), Options::default())?)
}

/// Appends what a source has and the target lacks, once every line of it is found to be an entry in its one form.
fn append(from: &dyn Source, to: &mut dyn Log, context: &Context) -> Result<(), Failure> {
    let (theirs, ours) = (from.head(), to.head());
    let base = if ours.seq < theirs.seq { from.head_at(ours.seq)? } else { None };
    if base == Some(ours) {
        let mut progress = context.progress("checking", theirs.seq - ours.seq);
        scan(from.read(ours.seq + 1)?, ours, Depth::Strict, |checked| {
            progress.add(checked.after.seq - checked.before.seq);
            Ok::<(), ScanError>(())
        })?;
    }
    copy::copy(from, to)?;
    Ok(())
}
