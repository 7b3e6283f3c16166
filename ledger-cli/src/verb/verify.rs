//! `dealbook verify`
//!
//! ```text
//! every line hashed   -> follows the one before, up to the anchor?   no: every line is looked at, and what was done is told
//! store               -> block by block what the log has?
//! --full              -> every entry encoded again, every projection folded and compared with what is saved
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use ledger_core::chain::{Broken, Hash, Head};
use ledger_core::damage::{self, Damage, Kind as Done};
use ledger_core::event::Entry;
use ledger_core::projection::Projection;
use ledger_core::projection::known::Known;
use ledger_core::report::{Asked, Cell, Column, Kind, Receipt, Report};
use ledger_store::derived::Saved;
use ledger_store::ledger::{States as _, fold_beside};
use ledger_store::scan::{Checked, Depth, ScanError, scan};
use ledger_store::{LogError, Source, backend, verify as store};

use crate::context::{Context, Location};
use crate::failure::{Code, Exit, Failure};
use crate::render::{Format, grouped};
use crate::session::{self, States};

/// Recompute every hash of the ledger
///
/// Ends with exit code 5 when anything is not as it was recorded, and says which event. It shows the integrity of what was recorded, not that
/// it exists, is accurate or is complete.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// Also decode and re-encode every event and compare what is derived
    #[arg(long)]
    pub(crate) full: bool,
    /// A head noted earlier (#SEQ:HASH, #SEQ, a hash, or a file with one), which the ledger must still contain
    #[arg(long, value_name = "HEAD")]
    pub(crate) since: Option<String>,
    /// Ask again what a receipt was given for: a receipt, or an answer that holds one (json, ndjson)
    #[arg(long, value_name = "RECEIPT", conflicts_with_all = ["full", "since"])]
    pub(crate) receipt: Option<PathBuf>,
    /// The answer in another format, held against what the receipt was given for
    #[arg(value_name = "FILE", requires = "receipt")]
    pub(crate) file: Option<PathBuf>,
}

/// Damages beyond so many are counted and not described.
const MOST_DAMAGES: usize = 20;

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    if let Some(receipt) = &args.receipt {
        return super::receipt::verify(receipt, args.file.as_deref(), context);
    }
    let since = args.since.as_deref().map(|text| Since::read(text, context)).transpose()?;
    let location = context.location()?;
    let examined = examine(&location, args.full, since.as_ref(), context)?;
    let mut asked = BTreeMap::from([("report".to_owned(), "verify".to_owned())]);
    if args.full {
        asked.insert("full".to_owned(), "true".to_owned());
    }
    if let Some(since) = &since {
        asked.insert("since".to_owned(), since.to_string());
    }
    let receipt = Receipt::new(&examined.report, Asked::everything(examined.proven.seq), asked, examined.proven, "verify/1");
    context.print(&examined.report, &receipt)?;
    if !matches!(context.format(), Format::Table | Format::Markdown) {
        examined.report.notes.iter().for_each(|note| context.note(note));
    }
    examined.failure.map_or(Ok(Exit::Done), Err)
}

/// What came of an examination.
pub(super) struct Examined {
    /// A line for each check, and the verdict as its note.
    pub(super) report: Report,
    /// As far as this the ledger is proven.
    pub(super) proven: Head,
    /// What is wrong, if anything is.
    pub(super) failure: Option<Failure>,
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
struct Checks {
    report: Report,
    failure: Option<Failure>,
}

impl Checks {
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

    fn done(mut self, proven: Head) -> Examined {
        match &mut self.failure {
            None => self.report.notes.push(verdict(proven)),
            Some(failure) => {
                self.report.incomplete.push("this ledger is not intact".to_owned());
                failure.closing.push("NOT VERIFIED".to_owned());
            }
        }
        Examined { report: self.report, proven, failure: self.failure }
    }
}

/// What an intact ledger is said to be, and what that does not say.
pub(super) fn verdict(head: Head) -> String {
    format!("integrity verified to {head}; existence, accuracy and completeness of the facts not covered")
}

/// Examines a ledger.
///
/// # Errors
/// It cannot be read. That it is not intact is not an error here but what came of it.
pub(super) fn examine(location: &Location, full: bool, since: Option<&Since>, context: &Context) -> Result<Examined, Failure> {
    let folder = session::folder_of(location);
    thread::scope(|scope| {
        // The store is looked at while the log is read.
        let (tell, told) = channel();
        if let Some(folder) = &folder {
            scope.spawn(move || tell.send(store::stored(folder)));
        } else {
            drop(tell);
        }
        examine_beside(&told, location, folder.as_deref(), full, since, context)
    })
}

fn examine_beside(
    told: &Receiver<Stored>,
    location: &Location,
    folder: Option<&Path>,
    full: bool,
    since: Option<&Since>,
    context: &Context,
) -> Result<Examined, Failure> {
    let mut boundaries = Boundaries { told, stored: None, wanted: vec![], waiting: vec![], heads: BTreeMap::new() };
    let broken = match backend::read(&location.to_string()) {
        Ok(source) => match Pass::over(&*source, location, full, since, &mut boundaries, context) {
            Ok(pass) => return Ok(intact(&pass, location, folder, full, since, boundaries)),
            Err(error) => error,
        },
        Err(error) => error.into(),
    };
    boundaries.finish();
    let stored = boundaries.stored;
    let integrity = match &broken {
        ScanError::Log(error) => error.is_integrity(),
        ScanError::Unreadable(ledger_core::event::Unreadable::Broken(broken)) => !matches!(broken, Broken::Newer { .. }),
        ScanError::Unreadable(_) => true,
    };
    if integrity { damaged(broken, location, folder, since, stored) } else { Err(broken.into()) }
}

type Stored = Result<Vec<(Head, Head)>, LogError>;

/// The heads of the log at the boundaries of the store's blocks. Which these are is told while the log is being read; until then the heads
/// that were read wait.
struct Boundaries<'a> {
    told: &'a Receiver<Stored>,
    stored: Option<Stored>,
    /// The boundaries that have not been reached, the next one last.
    wanted: Vec<u64>,
    waiting: Vec<Head>,
    heads: BTreeMap<u64, Head>,
}

impl Boundaries<'_> {
    fn reached(&mut self, head: Head) {
        match &self.stored {
            None => self.waiting.push(head),
            Some(_) if self.wanted.last() == Some(&head.seq) => {
                self.wanted.pop();
                self.heads.insert(head.seq, head);
            }
            Some(_) => (),
        }
    }

    /// Looks whether the boundaries have been told.
    fn look(&mut self) {
        if self.stored.is_none()
            && let Ok(stored) = self.told.try_recv()
        {
            self.take(stored);
        }
    }

    /// Waits for the boundaries, if there are any.
    fn finish(&mut self) {
        if self.stored.is_none()
            && let Ok(stored) = self.told.recv()
        {
            self.take(stored);
        }
    }

    fn take(&mut self, stored: Stored) {
        self.wanted = stored.iter().flatten().map(|(_, after)| after.seq).rev().collect();
        self.stored = Some(stored);
        for head in std::mem::take(&mut self.waiting) {
            self.reached(head);
        }
    }
}

/// One way through the log, with everything that is looked for on it.
struct Pass {
    head: Head,
    /// The heads that are what `--since` says, or stand where it says.
    named: Vec<Head>,
    /// Of each state that is saved: its name, where it was saved, and whether it is what was folded.
    saved: Vec<(&'static str, Head, bool)>,
    /// How many states there are.
    states: usize,
}

impl Pass {
    fn over(
        source: &dyn Source,
        location: &Location,
        full: bool,
        since: Option<&Since>,
        boundaries: &mut Boundaries<'_>,
        context: &Context,
    ) -> Result<Self, ScanError> {
        let searched = since.filter(|since| since.seq.is_none()).and_then(|since| since.hash.as_deref());
        let (at, mut named) = (since.and_then(|since| since.seq), Vec::new());
        let (mut states, mut known) = (States::default(), Known::default());
        let mut folds: Vec<&mut dyn Projection> = if full { states.all() } else { vec![] };
        if full {
            folds.push(&mut known);
        }
        let is_head = |head: Head| source.head_at(head.seq).ok().flatten() == Some(head);
        let derived = session::derived(location).filter(|_| full);
        let load =
            |state: &dyn Projection| derived.as_ref()?.saved(state.name(), state.version(), is_head).into_iter().find_map(Saved::digest);
        let saved: Vec<Option<(Head, Hash)>> = folds.iter().map(|state| load(&**state)).collect();
        let mut compared: Vec<Option<(&'static str, Head, bool)>> = vec![None; folds.len()];
        let head = source.head();
        let mut progress = context.progress("verifying", head.seq);
        let states = folds.len();
        if head.seq > 0 {
            let depth = if full { Depth::Strict } else { Depth::Heads };
            let folding = folds.into_iter().zip(&saved).zip(&mut compared).map(|((state, saved), compared)| {
                move |entries: &[Entry]| {
                    let mut entries = entries;
                    let known = saved.map_or(0, |(at, _)| entries.partition_point(|entry| entry.seq <= at.seq));
                    if let Some((at, digest)) = saved.filter(|(at, _)| known > 0 && entries[known - 1].seq == at.seq) {
                        state.evolve_each(&entries[..known]);
                        *compared = Some((state.name(), at, state.digest() == digest));
                        entries = &entries[known..];
                    }
                    state.evolve_each(entries);
                }
            });
            fold_beside(folding, |give| {
                scan(source.read(1)?, Head::EMPTY, depth, |checked| {
                    boundaries.look();
                    for head in heads_of(&checked) {
                        boundaries.reached(head);
                        if at == Some(head.seq) || searched.is_some_and(|prefix| head.hash.to_string().starts_with(prefix)) {
                            named.push(head);
                        }
                    }
                    progress.add(checked.after.seq - checked.before.seq);
                    give(checked.entries);
                    Ok::<(), ScanError>(())
                })
            })?;
        }
        let compared = compared.into_iter().flatten().collect();
        boundaries.finish();
        Ok(Self { head, named, saved: compared, states })
    }
}

/// The head behind every line of a block: of decoded entries the next one tells it.
fn heads_of(checked: &Checked) -> impl Iterator<Item = Head> {
    let told = checked.entries.iter().skip(1).map(|entry| Head { seq: entry.seq - 1, hash: entry.prev });
    let last = (!checked.entries.is_empty()).then_some(checked.after);
    checked.heads.iter().copied().chain(told).chain(last)
}

/// What is said of a ledger whose chain holds.
fn intact(
    pass: &Pass,
    location: &Location,
    folder: Option<&Path>,
    full: bool,
    since: Option<&Since>,
    boundaries: Boundaries<'_>,
) -> Examined {
    let mut checks = Checks { report: Report::new("verify", columns()), failure: None };
    let head = pass.head;
    let events = crate::failure::counted(head.seq, "event");
    checks.add("chain", "ok", format!("{events} hashed, each follows the one before"));
    match folder.map(store::anchored) {
        None => checks.add("anchor", "none", "a file of lines has none: what was cut off at its end cannot be told without --since"),
        Some(Ok(Some(anchor))) => checks.add("anchor", "ok", format!("the log contains {anchor}")),
        Some(Ok(None)) => checks.add("anchor", "none", "missing or unreadable: the next writer makes it anew"),
        Some(Err(why)) => checks.add("anchor", "not looked at", why),
    }
    match boundaries.stored {
        None => checks.add("store", "none", "a file of lines has none"),
        Some(stored) => hold_store(&mut checks, pass.head, location, stored, &boundaries.heads),
    }
    if full {
        checks.add("re-encoding", "ok", format!("{events} decoded and encoded again, byte for byte the same"));
        let differ: Vec<String> = pass.saved.iter().filter(|(.., same)| !same).map(|(name, at, _)| format!("{name} at {at}")).collect();
        if differ.is_empty() {
            let all = pass.states;
            checks.add("projections", "ok", format!("{all} folded; {} saved, digests equal", pass.saved.len()));
        } else {
            let failure = Failure::new(Code::E0506, format!("what is saved of {} is not what its events give", differ.join(" and of ")))
                .hint("no event is affected: delete the folder `derived`, and it is folded again from the log");
            checks.fail("projections", format!("saved and folded differ: {}", differ.join(", ")), failure);
        }
    } else {
        checks.add("re-encoding", "not looked at", "--full does");
        checks.add("projections", "not looked at", "--full does");
    }
    if let Some(since) = since {
        hold_since(&mut checks, since, &pass.named, head);
    }
    checks.done(head)
}

/// Holds the blocks of the store against the log.
fn hold_store(checks: &mut Checks, head: Head, location: &Location, stored: Stored, heads: &BTreeMap<u64, Head>) {
    let blocks = match stored {
        Ok(blocks) => blocks,
        Err(LogError::Locked { .. }) => return checks.add("store", "not looked at", "another process is writing"),
        Err(LogError::NotALedger { .. }) => return checks.add("store", "none", "missing: the next writer builds it again from the log"),
        Err(LogError::Unreadable { why, .. }) => {
            return checks.add(
                "store",
                "damaged",
                format!("{why}; no event is lost: delete the folder `store`, and the next writer builds it again from the log"),
            );
        }
        Err(why) => return checks.add("store", "not looked at", why),
    };
    let end = blocks.last().map_or(Head::EMPTY, |(_, after)| *after);
    // Someone may have written since the log was opened: what goes beyond it is held against the log as it is now.
    let now = if end.seq > head.seq { backend::read(&location.to_string()).ok() } else { None };
    let last = now.as_ref().map_or(head, |now| now.head());
    let at = |seq: u64| match seq {
        0 => Some(Head::EMPTY),
        seq if seq <= head.seq => heads.get(&seq).copied(),
        seq => now.as_ref().and_then(|now| now.head_at(seq).ok().flatten()),
    };
    for (before, after) in &blocks {
        let theirs = if after.seq <= last.seq { *after } else { *before };
        // Behind the end of the log there is nothing to be held against; within it, what is not found differs.
        let Some(log) = at(theirs.seq).or((theirs.seq <= last.seq).then_some(Head::EMPTY)) else { continue };
        if log != theirs {
            let failure = Failure::new(Code::E0507, format!("the store has {theirs} where the log has {log}"))
                .because("one of the two was changed after it was written")
                .hint("`dealbook copy sled:DIR jsonl:FILE` saves what the log has; compare it with a copy of your own");
            return checks.fail("store", format!("it has {theirs} where the log has {log}"), failure);
        }
    }
    if end.seq > last.seq {
        let detail = format!("it goes on to {end}, but the log ends at {last}");
        return checks.fail("store", detail, LogError::StoreAheadOfLog { log: last, store: end }.into());
    }
    let detail = match blocks.len() {
        0 => "empty: nothing fills a block yet".to_owned(),
        count => format!("{} up to {end}, each as the log has it", crate::failure::counted(count as u64, "block")),
    };
    checks.add("store", "ok", detail);
}

/// Holds a head that was noted earlier against the ledger.
fn hold_since(checks: &mut Checks, since: &Since, found: &[Head], head: Head) {
    let matches = |head: &Head| since.hash.as_ref().is_none_or(|hash| head.hash.to_string().starts_with(hash.as_str()));
    let message = match found {
        [one] if matches(one) => return checks.add("since", "ok", format!("the ledger contains {since}")),
        [_, _, ..] => format!("{} events have a hash that begins like {since}: write more of it", found.len()),
        [one] => format!("the ledger has {one} where {since} was noted"),
        [] if since.seq.is_some_and(|seq| seq > head.seq) => format!("the ledger ends at {head}, before {since} that was noted"),
        [] => format!("no event of the ledger has the hash {since}"),
    };
    let failure = Failure::new(Code::E0504, message.clone())
        .because("the chain as it stands here holds, so it was cut off or written anew")
        .hint("compare it with a copy of your own: `dealbook copy`");
    checks.fail("since", message, failure);
}

/// What is said of a ledger that is not intact: every line is looked at.
fn damaged(
    broken: ScanError,
    location: &Location,
    folder: Option<&Path>,
    since: Option<&Since>,
    stored: Option<Stored>,
) -> Result<Examined, Failure> {
    let seen = store::survey(folder.unwrap_or(&location.place), folder.is_some())?;
    let anchor = folder.and_then(|folder| store::anchored(folder).ok().flatten());
    let damages = damage::damages(&seen, anchor);
    let mut checks = Checks { report: Report::new("verify", columns()), failure: None };
    let proven = damages.iter().map(Damage::first).min().map_or(seen.len() as u64, |first| first - 1);
    let hash = proven.checked_sub(1).and_then(|at| seen.get(usize::try_from(at).ok()?)).map_or(Hash::ZERO, |line| line.hash);
    let proven = Head { seq: proven, hash };
    let last = seen.iter().filter_map(|line| line.link).map(|link| link.seq).filter(|seq| *seq <= seen.len() as u64).max();
    let last = last.unwrap_or(0).max(anchor.map_or(0, |anchor| anchor.seq));
    let at_end = |damage: &&Damage| matches!(damage.kind, Done::Shorter { .. } | Done::Differs { .. });
    let inside = damages.iter().filter(|damage| !at_end(damage)).count();
    match (inside, damages.is_empty()) {
        // The chain holds; what is in it does not read.
        (0, true) => checks.add("chain", "ok", format!("{} hashed", crate::failure::counted(seen.len() as u64, "event"))),
        (0, false) => checks.add("chain", "ok", format!("what is there follows, up to #{}", seen.len())),
        _ => {
            let places = crate::failure::counted(inside as u64, "place");
            checks.add("chain", "failed", format!("{places} not as recorded, the first at #{}", proven.seq + 1));
        }
    }
    let ends: Vec<String> = damages.iter().filter(at_end).map(ToString::to_string).collect();
    match (folder, anchor) {
        (None, _) => checks.add("anchor", "none", "a file of lines has none"),
        (Some(_), _) if !ends.is_empty() => checks.add("anchor", "failed", ends.join("; ")),
        (Some(_), None) => checks.add("anchor", "none", "missing or unreadable"),
        (Some(_), Some(anchor)) if seen.iter().any(|line| line.hash == anchor.hash) => {
            checks.add("anchor", "ok", format!("the log contains {anchor}"));
        }
        (Some(_), Some(anchor)) => checks.add("anchor", "failed", format!("the log does not contain {anchor}")),
    }
    let end = match stored {
        Some(Ok(blocks)) => blocks.last().map(|(_, after)| *after),
        _ => None,
    };
    match end {
        Some(end) => checks.add("store", "ok", format!("it has one chain up to {end}")),
        None => checks.add("store", "not looked at", "the log is not intact"),
    }
    checks.add("re-encoding", "not looked at", "the log is not intact");
    checks.add("projections", "not looked at", "the log is not intact");
    if let Some(since) = since {
        let named = seen.iter().filter_map(|line| Some(Head { seq: line.link?.seq, hash: line.hash }));
        if named.into_iter().any(|head| since.is(head)) {
            checks.add("since", "ok", format!("the log contains {since}"));
        } else {
            checks.add("since", "failed", format!("the log does not contain {since}"));
        }
    }
    let mut failure = if damages.is_empty() { Failure::from(broken) } else { told(&damages, anchor) };
    if let Some(end) = end.filter(|end| end.seq > proven.seq) {
        failure = failure.hint(format!("the store still has everything up to {end}: `dealbook copy {location} jsonl:FILE` saves it"));
    }
    let proven_text = match proven.seq {
        0 => "still proven  nothing".to_owned(),
        seq => format!("still proven  #1 – #{}", grouped(&seq.to_string())),
    };
    failure.closing.push(proven_text);
    if last > proven.seq {
        let count = crate::failure::counted(last - proven.seq, "event");
        failure.closing.push(format!(
            "not proven    #{} – #{} ({count})",
            grouped(&(proven.seq + 1).to_string()),
            grouped(&last.to_string())
        ));
    }
    checks.failure = Some(failure);
    Ok(checks.done(proven))
}

/// Every damage as an error of its own.
fn told(damages: &[Damage], anchor: Option<Head>) -> Failure {
    // Nothing follows the line that the anchor names: that it alone was changed is not certain.
    const REWRITTEN: &str = "it was changed, or everything from an earlier event on was written anew";
    let at_anchor = |damage: &Damage| anchor.is_some_and(|anchor| anchor.seq == damage.at);
    let one = |damage: &Damage| {
        let code = match damage.kind {
            Done::Changed { .. } => Code::E0501,
            Done::Unreadable => Code::E0505,
            Done::Missing { .. } | Done::Inserted { .. } | Done::Repeated { .. } | Done::Reordered { .. } => Code::E0502,
            Done::WrongGenesis { .. } => Code::E0503,
            Done::Shorter { .. } | Done::Differs { .. } => Code::E0504,
        };
        let failure = Failure::new(code, damage.to_string());
        match damage.kind {
            Done::Changed { stored: Some(stored), computed } => {
                let failure =
                    failure.because(format!("its hash was recorded as {stored}")).because(format!("its bytes give          {computed}"));
                if at_anchor(damage) { failure.because(REWRITTEN) } else { failure }
            }
            Done::Differs { .. } => failure.because(REWRITTEN),
            _ => failure,
        }
    };
    let mut all = damages.iter().take(MOST_DAMAGES).map(one);
    let mut failure = all.next().unwrap_or_else(|| Failure::new(Code::E0501, "the chain is broken"));
    all.for_each(|more| failure.diagnostics.extend(more.diagnostics));
    match damages.len().checked_sub(MOST_DAMAGES) {
        None | Some(0) => failure,
        Some(more) => failure.note(format!("{more} more like these are not shown")),
    }
}

/// A head that was noted earlier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Since {
    seq: Option<u64>,
    /// Its hexadecimal digits, or the first of them.
    hash: Option<String>,
}

impl Since {
    /// Reads what stands behind `--since`: a head, or the name of a file that holds one.
    fn read(text: &str, context: &Context) -> Result<Self, Failure> {
        if let Some(since) = Self::parse(text) {
            return Ok(since);
        }
        let path = context.folder.join(text);
        if !path.is_file() {
            return Err(Failure::usage(format!("invalid value `{text}` for --since"))
                .because("write #SEQ:HASH, #SEQ, a hash, or the name of a file that holds one"));
        }
        let note = std::fs::read_to_string(&path).map_err(|why| Failure::unreadable(Path::new(text), &why))?;
        let lines: Vec<&str> = note.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        let since = match lines.as_slice() {
            [head] => Self::parse(head),
            [_, size, hash] => Self::parse(&format!("#{size}:{hash}")),
            _ => None,
        };
        since.ok_or_else(|| {
            Failure::usage(format!("{text} holds no head"))
                .because("a note has one line, #SEQ:HASH, or three: a name, the position, the hash")
        })
    }

    /// `#1842:HASH`, `#1842 b3:HASH`, `#1842`, `HASH`; of a hash at least eight digits.
    fn parse(text: &str) -> Option<Self> {
        let hex = |text: &str| {
            let digits = text.strip_prefix("b3:").unwrap_or(text);
            let is_hash = (8..=64).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
            is_hash.then(|| digits.to_owned())
        };
        let Some(rest) = text.trim().strip_prefix('#') else {
            return Some(Self { seq: None, hash: Some(hex(text.trim())?) });
        };
        let end = rest.find([':', ' ']).unwrap_or(rest.len());
        let seq = rest[..end].parse().ok().filter(|seq| *seq > 0)?;
        let hash = match rest[end..].trim_start_matches([':', ' ']) {
            "" => None,
            text => Some(hex(text)?),
        };
        Some(Self { seq: Some(seq), hash })
    }

    fn is(&self, head: Head) -> bool {
        self.seq.is_none_or(|seq| seq == head.seq) && self.hash.as_ref().is_none_or(|hash| head.hash.to_string().starts_with(hash.as_str()))
    }
}

impl std::fmt::Display for Since {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.seq, &self.hash) {
            (Some(seq), Some(hash)) => write!(out, "#{seq} b3:{hash}"),
            (Some(seq), None) => write!(out, "#{seq}"),
            (None, Some(hash)) => write!(out, "b3:{hash}"),
            (None, None) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_noted_head_has_several_forms() {
        let hash = "ab".repeat(32);
        for (text, read) in [
            (format!("#12:{hash}"), Some((Some(12), Some(hash.clone())))),
            (format!("#12 b3:{hash}"), Some((Some(12), Some(hash.clone())))),
            (hash.clone(), Some((None, Some(hash.clone())))),
            ("b3:abababab".to_owned(), Some((None, Some("abababab".to_owned())))),
            ("#12".to_owned(), Some((Some(12), None))),
            ("#0".to_owned(), None),
            ("#12:xyz".to_owned(), None),
            ("abab".to_owned(), None),
            ("head.txt".to_owned(), None),
        ] {
            assert_eq!(Since::parse(&text).map(|since| (since.seq, since.hash)), read, "{text}");
        }
    }
}
