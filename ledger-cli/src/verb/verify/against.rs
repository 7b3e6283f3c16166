//! `verify [FILE] --against BUNDLE|LEDGER`: what is other here than there, event by event, field by field, and what that does to the money.
//!
//! ```text
//! there  verified first: a bundle under its key, or a ledger whose chain holds
//! here   verified too, and read as it is, line by line, intact or not
//! lines  equal | edited, by field | missing | inserted | moved | unreadable
//! money  both are folded, and each figure that is another is told
//! ```
//!
//! A sample and a statement are drawn anew instead: from the whole ledger anybody comes to the same table. So are the lines of a deal's dossier,
//! which are compared as well.

mod anew;
mod effects;
mod matched;

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};

use ledger_core::bundle;
use ledger_core::chain::{self, Hash, Head};
use ledger_core::checkpoint::PublicKey;
use ledger_core::event::Entry;
use ledger_core::report::{Asked, Cell, Column, Kind, Receipt, Report};
use ledger_store::{backend, verify as store};

use super::file::{is_signed, read_bundle};
use super::{Wanted, examine};
use crate::context::{Context, Location};
use crate::failure::{Code, Exit, Failure, counted};
use crate::session;
use anew::Dossier;
pub(super) use anew::rederive;
use effects::effects;
use matched::{Line, MISSING, Matched};

/// Lines of a ledger that has been verified.
pub(super) struct There {
    called: String,
    lines: Vec<Vec<u8>>,
    /// Whether they are all there are, from the first on.
    whole: bool,
}

impl There {
    /// A bundle, under its key, or a ledger.
    pub(super) fn read(text: &str, keys: &[PublicKey], context: &Context) -> Result<Self, Failure> {
        let mut lines = Vec::new();
        let path = context.folder.join(text);
        if path.is_file() && begins(&path).starts_with(bundle::MAGIC.as_bytes()) {
            let open = BufReader::new(File::open(&path).map_err(|why| Failure::unreadable(Path::new(text), &why))?);
            let (shown, _) = read_bundle(open, text, |line| {
                if line.starts_with(ACTOR) {
                    lines.push(line.to_vec());
                }
            })?;
            is_signed(&shown, text, keys)?;
            return Ok(Self { called: text.to_owned(), lines, whole: shown.whole });
        }
        let source = backend::read(&Location::parse(text).to_string())?;
        let (mut at, last) = (Head::EMPTY, source.head());
        for block in source.read(1)? {
            let block = block?;
            at = block.follow(at).map_err(ledger_store::scan::ScanError::from)?;
            lines.extend(block.lines().map(<[u8]>::to_vec));
        }
        if at != last {
            return Err(Failure::new(Code::E0504, format!("{text} ends at {at}, not at {last}")));
        }
        Ok(Self { called: text.to_owned(), lines, whole: true })
    }

    fn entries(&self) -> Result<Vec<Entry>, Failure> {
        let read =
            |(line, at): (&Vec<u8>, u64)| Entry::read(line, at).map_err(|why| Failure::from(ledger_store::scan::ScanError::from(why)));
        self.lines.iter().zip(1..).map(read).collect()
    }
}

const ACTOR: &[u8] = b"{\"actor\":";
const FOREIGN: &str = "of others";

fn begins(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    _ = File::open(path).and_then(|file| file.take(64).read_to_end(&mut bytes));
    bytes
}

/// The columns of the report.
pub(in crate::verb) fn columns() -> Vec<Column> {
    vec![
        Column::new("seq", "#", Kind::Count),
        Column::new("event", "Event", Kind::Text),
        Column::new("what", "What", Kind::Text),
        Column::new("field", "Field", Kind::Text),
        Column::new("there", "There", Kind::Text),
        Column::new("here", "Here", Kind::Text),
        Column::new("currency", "", Kind::Text),
    ]
}

/// Compares a file or the ledger here with what there is.
pub(super) fn compare(file: Option<&PathBuf>, there: &There, keys: &[PublicKey], context: &Context) -> Result<Exit, Failure> {
    let Here { called, lines: here, whole, is_bare, dossier, failure } = Here::read(file, keys, context)?;
    let known: BTreeSet<u64> = there.lines.iter().filter_map(|line| Line::of(line.clone()).seq).collect();
    let told: BTreeSet<u64> = here.iter().filter_map(|line| line.seq).collect();
    // Of what holds a part of the ledger, the part is compared.
    let old: Vec<Line> =
        there.lines.iter().cloned().map(Line::of).filter(|line| whole || line.seq.is_some_and(|seq| told.contains(&seq))).collect();
    let new: Vec<Line> = here.into_iter().filter(|line| there.whole || line.seq.is_none_or(|seq| known.contains(&seq))).collect();
    let found = Matched::of(&old, &new);
    let mut report = Report::new("against", columns());
    let mut counts = found.tell(&old, &new, &mut report);
    if let Some(dossier) = dossier.filter(|_| there.whole) {
        let (missing, foreign, other) = dossier.compare(&told, there, context)?;
        for (what, seqs) in [(MISSING, missing), (FOREIGN, foreign)] {
            for seq in &seqs {
                let line = usize::try_from(*seq - 1).ok().and_then(|at| there.lines.get(at)).cloned().map(Line::of);
                let event = line.map(|line| line.event().to_owned()).unwrap_or_default();
                let cells = [Cell::Count(*seq), Cell::text(event), Cell::text(what)].into_iter();
                report.rows.push(cells.chain([const { Cell::Empty }; 4]).collect());
                *counts.entry(what).or_default() += 1;
            }
        }
        if other {
            counts.insert("left out otherwise than it says", 1);
        }
        if counts.is_empty() {
            report.notes.push("they are every event of its deal, and none of others".to_owned());
        }
    }
    let last = old.last().and_then(|line| line.seq).unwrap_or(0);
    if counts.is_empty() {
        report.notes.push(format!("{} of {} are in {called}, unchanged", counted(old.len() as u64, "event"), there.called));
        if found.since > 0 {
            report.notes.push(format!("{} since", counted(found.since, "event")));
        }
    } else if whole && there.whole {
        let until = new.len() - usize::try_from(found.since).unwrap_or(0);
        let unchanged = effects(&old, &new[..until], last, &mut report, context);
        if !unchanged.is_empty() {
            report.notes.push(format!("unchanged: {}", unchanged.join(", ")));
        }
    } else {
        report.notes.push("what it does to the money takes both whole".to_owned());
    }
    if keys.is_empty() || is_bare {
        report.notes.push(if is_bare { "signatures not looked at: there are none" } else { "signatures not looked at: --key" }.to_owned());
    }
    let head = Head { seq: last, hash: old.last().map_or(Hash::ZERO, |line| Hash::of(&line.bytes)) };
    let asked = BTreeMap::from([("report".to_owned(), "verify".to_owned()), ("against".to_owned(), there.called.clone())]);
    context.print(&report, &Receipt::new(&report, Asked::everything(last), asked, head, "against/1"))?;
    if !context.is_for_people() {
        report.notes.iter().for_each(|note| context.note(note));
    }
    if counts.is_empty() {
        return failure.map_or(Ok(Exit::Done), Err);
    }
    let told: Vec<String> = counts.iter().map(|(what, count)| format!("{count} {what}")).collect();
    let mut differs = Failure::new(Code::E0508, format!("{called} is not what {} holds", there.called))
        .because(format!("{} of {}", told.join(", "), counted(old.len() as u64, "event")))
        .closing("NOT VERIFIED");
    differs.diagnostics.extend(failure.into_iter().flat_map(|failure| failure.diagnostics));
    Err(differs)
}

/// What is compared, as it is.
struct Here {
    called: String,
    lines: Vec<Line>,
    /// Whether they are all there are; of what is not intact, whether they are meant to be.
    whole: bool,
    /// Whether it is lines alone, which nobody has signed.
    is_bare: bool,
    /// What it says it is, if that is the dossier of a deal.
    dossier: Option<Dossier>,
    /// Why it is not verified, by itself.
    failure: Option<Failure>,
}

impl Here {
    fn read(file: Option<&PathBuf>, keys: &[PublicKey], context: &Context) -> Result<Self, Failure> {
        let Some(file) = file else {
            let location = context.location()?;
            let failure = match examine(&location, &Wanted { keys, ..Wanted::default() }, context) {
                Ok(examined) => examined.failure,
                Err(failure) => Some(failure),
            };
            let folder = session::folder_of(&location);
            let lines = store::each_line(folder.as_deref().unwrap_or(&location.place), folder.is_some())?;
            let lines = lines.into_iter().map(Line::of).collect();
            return Ok(Self { called: "the ledger here".to_owned(), lines, whole: true, is_bare: false, dossier: None, failure });
        };
        let bytes = std::fs::read(context.folder.join(file)).map_err(|why| Failure::unreadable(file, &why))?;
        let called = file.display().to_string();
        let all: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        if !all.iter().any(|line| line.starts_with(ACTOR)) {
            return Err(Failure::new(Code::E0302, format!("{called} has no line of a ledger"))
                .hint("--against compares a bundle, or a file of lines"));
        }
        let is_bundle = bytes.starts_with(bundle::MAGIC.as_bytes());
        let mut dossier = None;
        let (whole, failure) = if is_bundle {
            let is_meant = || all.first().is_some_and(|header| memchr::memmem::find(header, b"\"of\":\"all events\"").is_some());
            match read_bundle(bytes.as_slice(), &called, |_| ()) {
                Ok((shown, _)) => {
                    dossier = Dossier::of(&shown);
                    (shown.whole, if keys.is_empty() { None } else { is_signed(&shown, &called, keys).err() })
                }
                Err(failure) => (is_meant(), Some(failure)),
            }
        } else {
            let follows = all.iter().try_fold(Head::EMPTY, |head, line| chain::follow(head, line)).err();
            let failure = follows.map(|why| Failure::from(ledger_store::scan::ScanError::from(why)));
            (true, failure)
        };
        let is_line = |line: &&&[u8]| !is_bundle || !line.starts_with(b"{\"type\":") && !line.starts_with(b"{\"bundle\":");
        let lines = all.iter().filter(is_line).map(|line| Line::of(line.to_vec())).collect();
        Ok(Self { called, lines, whole, is_bare: !is_bundle, dossier, failure })
    }
}
