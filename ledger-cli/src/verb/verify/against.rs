//! `verify [FILE] --against BUNDLE|LEDGER`: what is other here than there, event by event, field by field, and what that does to the money.
//!
//! ```text
//! there  verified first: a bundle under its key, or a ledger whose chain holds
//! here   verified too, and read as it is, line by line, intact or not
//! lines  equal | edited, by field | missing | inserted | moved | unreadable
//! money  both are folded, and each figure that is another is told
//! ```
//!
//! A sample and a statement are drawn anew instead: from the whole ledger anybody comes to the same table.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::File;
use std::io::{BufReader, Read as _};
use std::path::{Path, PathBuf};

use ledger_core::bundle::{self, Shown};
use ledger_core::chain::{self, Hash, Head};
use ledger_core::checkpoint::PublicKey;
use ledger_core::event::{Entry, Event};
use ledger_core::merkle::{Frontier, Node};
use ledger_core::money::Amount;
use ledger_core::report::{Asked, Cell, Column, Kind, Receipt, Report};
use ledger_core::sampling::Drawing;
use ledger_core::sampling::confirm::Accounts;
use ledger_core::time::{Basis, Period};
use ledger_store::ledger::States as _;
use ledger_store::{backend, verify as store};
use serde_json::Value;

use super::file::{is_signed, read_bundle};
use super::{Checks, Wanted, examine};
use crate::context::{Context, Location};
use crate::failure::{Code, Exit, Failure, counted};
use crate::session::{self, States};
use crate::verb::facts::walk;
use crate::verb::show::{self, Noun};

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

fn begins(path: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    _ = File::open(path).and_then(|file| file.take(64).read_to_end(&mut bytes));
    bytes
}

/// Draws the sample of a file anew from all lines, and sums a statement up again.
pub(super) fn rederive(checks: &mut Checks, shown: &Shown, there: &There) -> Result<(), Failure> {
    let Some((_, newest)) = shown.notes.last() else { return Ok(()) };
    let (size, called) = (newest.checkpoint.size, &there.called);
    let wrong = |why: &str| {
        Failure::new(Code::E0511, format!("{called} does not come to this: {why}")).because("lines were chosen, left out or changed")
    };
    let mut tree = Frontier::default();
    there.lines.iter().take(usize::try_from(size).unwrap_or(usize::MAX)).for_each(|line| tree.push(Node::leaf(line)));
    if !there.whole || tree.size() < size || tree.root() != newest.checkpoint.root {
        let why = format!("it is not the ledger up to the checkpoint of #{size}");
        checks.fail("against", &why, wrong(&why).hint("the whole ledger is wanted: dealbook bundle all"));
        return Ok(());
    }
    let entries = there.entries()?;
    let is_so = |file: &&bundle::File| {
        let entry = usize::try_from(file.seq - 1).ok().and_then(|at| entries.get(at));
        matches!(entry.map(|entry| &entry.event), Some(Event::SourceImported(it)) if it.digest == file.digest && it.file == file.file)
    };
    if let Some(file) = shown.named.values().find(|file| !is_so(file)) {
        let why = format!("event #{} is of another file than {} with {}", file.seq, file.file, file.digest);
        checks.fail("against", &why, wrong(&why));
    } else if !shown.named.is_empty() {
        checks.add("files", "ok", format!("{called} names the same"));
    }
    if let Some(sample) = &shown.sample {
        let mut drawing = Drawing::new(sample.question.clone());
        entries.iter().for_each(|entry| drawing.take(entry));
        match drawing.done() == *sample {
            true => checks.add("against", "ok", format!("drawn anew from {called}: the same table, line by line")),
            false => checks.fail("against", "another sample is drawn", wrong("another sample is drawn")),
        }
    }
    if let Some(told) = &shown.statement {
        let mut accounts = Accounts::default();
        entries.iter().filter(|entry| entry.seq <= size).for_each(|entry| accounts.take(entry));
        let statement = &told.statement;
        let again = accounts.of(statement.party, Period { from: statement.from, until: statement.until }, size);
        let has = again.left_out == shown.header.left_out && again.lines == shown.told;
        match again.confirmable == *told && has {
            true => checks.add("against", "ok", format!("summed up again from {called}: the same balances, and no line is missing")),
            false => checks.fail("against", "it comes to another statement", wrong("it comes to another statement")),
        }
    }
    Ok(())
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

/// A line that may be none.
struct Line {
    bytes: Vec<u8>,
    seq: Option<u64>,
    value: Option<Value>,
    /// What it says, wherever it stands and whatever it follows.
    content: Hash,
}

impl Line {
    fn of(bytes: Vec<u8>) -> Self {
        let value: Option<Value> = serde_json::from_slice(&bytes).ok().filter(Value::is_object);
        let seq = value.as_ref().and_then(|value| value["seq"].as_u64());
        let content = value.as_ref().map_or_else(
            || Hash::of(&bytes),
            |value| {
                let mut said = value.clone();
                if let Some(members) = said.as_object_mut() {
                    members.remove("prev");
                    members.remove("seq");
                }
                Hash::of(said.to_string().as_bytes())
            },
        );
        Self { bytes, seq, value, content }
    }

    fn event(&self) -> &str {
        self.value.as_ref().and_then(|value| value["event"]["type"].as_str()).unwrap_or_default()
    }

    /// The natural key of what it says.
    fn key(&self) -> Option<&str> {
        self.value.as_ref()?["source"]["id"].as_str()
    }

    fn fields(&self) -> BTreeMap<String, String> {
        let mut fields = Vec::new();
        self.value.iter().for_each(|value| walk(value, &mut String::new(), &mut fields));
        let own = |path: String| path.strip_prefix("event.value.").map(str::to_owned).unwrap_or(path);
        fields.into_iter().filter(|(path, _)| path != "prev" && path != "seq").map(|(path, text)| (own(path), text)).collect()
    }
}

/// Compares a file or the ledger here with what there is.
pub(super) fn compare(file: Option<&PathBuf>, there: &There, keys: &[PublicKey], context: &Context) -> Result<Exit, Failure> {
    let Here { called, lines: here, whole, is_bare, failure } = Here::read(file, keys, context)?;
    let known: BTreeSet<u64> = there.lines.iter().filter_map(|line| Line::of(line.clone()).seq).collect();
    let told: BTreeSet<u64> = here.iter().filter_map(|line| line.seq).collect();
    // Of what holds a part of the ledger, the part is compared.
    let old: Vec<Line> =
        there.lines.iter().cloned().map(Line::of).filter(|line| whole || line.seq.is_some_and(|seq| told.contains(&seq))).collect();
    let new: Vec<Line> = here.into_iter().filter(|line| there.whole || line.seq.is_none_or(|seq| known.contains(&seq))).collect();
    let found = Matched::of(&old, &new);
    let mut report = Report::new("against", columns());
    let counts = found.tell(&old, &new, &mut report);
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
            return Ok(Self { called: "the ledger here".to_owned(), lines, whole: true, is_bare: false, failure });
        };
        let bytes = std::fs::read(context.folder.join(file)).map_err(|why| Failure::unreadable(file, &why))?;
        let called = file.display().to_string();
        let all: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
        if !all.iter().any(|line| line.starts_with(ACTOR)) {
            return Err(Failure::new(Code::E0302, format!("{called} has no line of a ledger"))
                .hint("--against compares a bundle, or a file of lines"));
        }
        let is_bundle = bytes.starts_with(bundle::MAGIC.as_bytes());
        let (whole, failure) = if is_bundle {
            let is_meant = || all.first().is_some_and(|header| memchr::memmem::find(header, b"\"of\":\"all events\"").is_some());
            match read_bundle(bytes.as_slice(), &called, |_| ()) {
                Ok((shown, _)) => (shown.whole, if keys.is_empty() { None } else { is_signed(&shown, &called, keys).err() }),
                Err(failure) => (is_meant(), Some(failure)),
            }
        } else {
            let follows = all.iter().try_fold(Head::EMPTY, |head, line| chain::follow(head, line)).err();
            let failure = follows.map(|why| Failure::from(ledger_store::scan::ScanError::from(why)));
            (true, failure)
        };
        let is_line = |line: &&&[u8]| !is_bundle || !line.starts_with(b"{\"type\":") && !line.starts_with(b"{\"bundle\":");
        let lines = all.iter().filter(is_line).map(|line| Line::of(line.to_vec())).collect();
        Ok(Self { called, lines, whole, is_bare: !is_bundle, failure })
    }
}

/// Which line here is which line there.
struct Matched {
    /// By position here, the position there, in order.
    pairs: BTreeMap<usize, usize>,
    /// How many stand here behind everything that is there.
    since: u64,
}

impl Matched {
    fn of(old: &[Line], new: &[Line]) -> Self {
        let mut pairs = BTreeMap::new();
        let mut free: BTreeSet<usize> = (0..old.len()).collect();
        let by_seq: BTreeMap<u64, usize> = old.iter().enumerate().filter_map(|(at, line)| Some((line.seq?, at))).collect();
        let place = |line: &Line| line.seq.and_then(|seq| by_seq.get(&seq).copied());
        let mut take = |here: usize, there: usize, pairs: &mut BTreeMap<usize, usize>| {
            if free.remove(&there) {
                pairs.insert(here, there);
            }
        };
        // As it was, where it was; then wherever it stands now.
        for (here, line) in new.iter().enumerate() {
            if let Some(there) = place(line).filter(|there| old[*there].content == line.content) {
                take(here, there, &mut pairs);
            }
        }
        let mut by_content: BTreeMap<Hash, VecDeque<usize>> = BTreeMap::new();
        let used: BTreeSet<usize> = pairs.values().copied().collect();
        for (there, line) in old.iter().enumerate().filter(|(there, _)| !used.contains(there)) {
            by_content.entry(line.content).or_default().push_back(there);
        }
        for (here, line) in new.iter().enumerate() {
            if !pairs.contains_key(&here)
                && let Some(there) = by_content.get_mut(&line.content).and_then(VecDeque::pop_front)
            {
                take(here, there, &mut pairs);
            }
        }
        // What says something else of the same thing was edited; else what stands in its place.
        let used: BTreeSet<usize> = pairs.values().copied().collect();
        let by_key: BTreeMap<&str, usize> = old
            .iter()
            .enumerate()
            .filter(|(there, _)| !used.contains(there))
            .filter_map(|(there, line)| Some((line.key()?, there)))
            .collect();
        for (here, line) in new.iter().enumerate().filter(|(_, line)| line.value.is_some()) {
            let there = line
                .key()
                .and_then(|key| by_key.get(key).copied())
                .or_else(|| place(line).filter(|there| old[*there].event() == line.event()));
            if !pairs.contains_key(&here)
                && let Some(there) = there
            {
                take(here, there, &mut pairs);
            }
        }
        for (here, line) in new.iter().enumerate() {
            let there = place(line).or_else(|| here.checked_sub(1).map_or(Some(0), |before| pairs.get(&before).map(|there| there + 1)));
            if !pairs.contains_key(&here)
                && let Some(there) = there
            {
                take(here, there, &mut pairs);
            }
        }
        let last = pairs.keys().next_back().map_or(0, |last| last + 1);
        // What came since continues what is there; what only stands behind it was put there.
        let head = last.checked_sub(1).map_or(Some(Head::EMPTY), |at| Some(Head { seq: new[at].seq?, hash: Hash::of(&new[at].bytes) }));
        let follows = |head: Head| new[last..].iter().try_fold(head, |head, line| chain::follow(head, &line.bytes)).is_ok();
        let is_since = free.is_empty() && head.is_some_and(follows);
        Self { pairs, since: if is_since { (new.len() - last) as u64 } else { 0 } }
    }

    /// The positions here that do not stand in the order of there: as few as can be.
    fn moved(&self) -> BTreeSet<usize> {
        // The longest run of rising positions stands; what is not in it was moved.
        let all: Vec<(usize, usize)> = self.pairs.iter().map(|(here, there)| (*here, *there)).collect();
        let (mut ends, mut before): (Vec<usize>, Vec<Option<usize>>) = (Vec::new(), Vec::new());
        for (at, (_, there)) in all.iter().enumerate() {
            let length = ends.partition_point(|end| all[*end].1 < *there);
            before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
            if length == ends.len() { ends.push(at) } else { ends[length] = at }
        }
        let mut stands = BTreeSet::new();
        let mut next = ends.last().copied();
        while let Some(at) = next {
            stands.insert(all[at].0);
            next = before[at];
        }
        all.iter().map(|(here, _)| *here).filter(|here| !stands.contains(here)).collect()
    }

    /// Rows for everything that is other, and how many of each kind there are.
    fn tell(&self, old: &[Line], new: &[Line], report: &mut Report) -> BTreeMap<&'static str, u64> {
        let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
        let mut rows: Vec<(u64, Vec<Cell>)> = Vec::new();
        let mut row = |line: &Line, what: &'static str, field: &str, texts: [Option<&str>; 2], currency: Option<&str>| {
            let seq = line.seq.unwrap_or(0);
            let [there, here] = texts.map(|text| Cell::or_empty(text, Cell::text));
            let field = Cell::or_empty(Some(field).filter(|field| !field.is_empty()), Cell::text);
            let cells = vec![
                Cell::or_empty(line.seq, Cell::Count),
                Cell::text(line.event()),
                Cell::text(what),
                field,
                there,
                here,
                Cell::or_empty(currency, Cell::text),
            ];
            rows.push((seq, cells));
        };
        let moved = self.moved();
        let mut anew = 0;
        for (here, there) in &self.pairs {
            let (was, is) = (&old[*there], &new[*here]);
            if moved.contains(here) {
                *counts.entry(MOVED).or_default() += 1;
                let place = format!("line {}", here + 1);
                row(was, MOVED, "", [Some(&format!("line {}", there + 1)), Some(&place)], None);
            }
            if was.content == is.content {
                anew += u64::from(was.bytes != is.bytes);
                continue;
            }
            if is.value.is_none() {
                *counts.entry(UNREADABLE).or_default() += 1;
                row(was, UNREADABLE, "", [None, None], None);
                continue;
            }
            *counts.entry(EDITED).or_default() += 1;
            let (before, after) = (was.fields(), is.fields());
            let fields: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
            let currency = before.get("currency").map(String::as_str);
            for field in fields.into_iter().filter(|field| before.get(*field) != after.get(*field)) {
                let texts = [before.get(field), after.get(field)].map(|text| text.map(String::as_str));
                let money = currency.filter(|_| texts.iter().flatten().any(|text| text.parse::<Amount>().is_ok()));
                row(was, EDITED, field, texts, money);
            }
        }
        let used: BTreeSet<usize> = self.pairs.values().copied().collect();
        let kept = used.last().map_or(0, |last| last + 1);
        if let [first, .., last] = &old[kept..] {
            counts.insert(CUT_OFF, (old.len() - kept) as u64);
            row(first, CUT_OFF, "", [last.seq.map(|seq| format!("up to #{seq}")).as_deref(), None], None);
        }
        let kept = if old.len() - kept > 1 { kept } else { old.len() };
        for (_, line) in old[..kept].iter().enumerate().filter(|(there, _)| !used.contains(there)) {
            *counts.entry(MISSING).or_default() += 1;
            row(line, MISSING, "", [line.key(), None], None);
        }
        let known: BTreeSet<Hash> = old.iter().map(|line| line.content).collect();
        let until = new.len() - usize::try_from(self.since).unwrap_or(0);
        for (_, line) in new[..until].iter().enumerate().filter(|(here, _)| !self.pairs.contains_key(here)) {
            let what = if known.contains(&line.content) { REPEATED } else { INSERTED };
            *counts.entry(what).or_default() += 1;
            row(line, what, "", [None, line.key()], None);
        }
        rows.sort_by_key(|(seq, _)| *seq);
        report.rows.extend(rows.into_iter().map(|(_, cells)| cells));
        if anew > 0 {
            report.notes.push(format!("{} the same, and bound to others: the chain was written anew", counted(anew, "event")));
            counts.entry(REBOUND).or_insert(anew);
        }
        counts
    }
}

const EDITED: &str = "edited";
const MISSING: &str = "missing";
const CUT_OFF: &str = "cut off";
const INSERTED: &str = "inserted";
const REPEATED: &str = "repeated";
const MOVED: &str = "moved";
const UNREADABLE: &str = "unreadable";
const REBOUND: &str = "bound anew";

/// The reports whose figures are compared, and the columns that tell their rows apart.
const FIGURES: &[(Noun, &[&str])] =
    &[(Noun::Payouts, &["party"]), (Noun::Spend, &["cost_centre"]), (Noun::Edp, &["commitment", "year"]), (Noun::Incentives, &["grant"])];

/// Rows for each figure that is another, and the reports in which none is.
fn effects(old: &[Line], new: &[Line], last: u64, report: &mut Report, context: &Context) -> Vec<String> {
    let fold = |lines: &[Line]| {
        let mut states = States::default();
        for (line, at) in lines.iter().zip(1..) {
            if let Ok(entry) = Entry::read(&line.bytes, at) {
                states.all().into_iter().for_each(|state| state.evolve(&entry));
            }
        }
        states
    };
    let (before, after) = (fold(old), fold(new));
    let mut unchanged = Vec::new();
    for (noun, keys) in FIGURES {
        let [was, is] = [&before, &after].map(|states| figures(&show::answer(*noun, states, Basis::at(last), context), keys));
        let all: BTreeSet<_> = was.keys().chain(is.keys()).collect();
        let rows = report.rows.len();
        for key in all.into_iter().filter(|key| was.get(*key) != is.get(*key)) {
            let (subject, figure, currency) = key;
            let text = |figures: &BTreeMap<_, Amount>| figures.get(key).map_or(Cell::Empty, Cell::text);
            let field = Cell::text(format!("{} {subject} {figure}", show::noun(*noun)));
            report.rows.push(vec![Cell::Empty, Cell::Empty, Cell::text("effect"), field, text(&was), text(&is), Cell::text(currency)]);
        }
        if report.rows.len() == rows {
            unchanged.push(show::noun(*noun));
        }
    }
    unchanged
}

/// The amounts of a report, by subject, figure and currency.
fn figures(report: &Report, keys: &[&str]) -> BTreeMap<(String, String, String), Amount> {
    let text = |row: &[Cell], name: &str| match report.column(name).map(|at| &row[at]) {
        Some(Cell::Text(text)) => text.clone(),
        Some(Cell::Count(count)) => count.to_string(),
        _ => String::new(),
    };
    let of = |row: &[Cell]| {
        let subject = keys.iter().map(|key| text(row, key)).collect::<Vec<_>>().join(" ");
        let amounts = report.columns.iter().zip(row).filter_map(|(column, cell)| match cell {
            Cell::Amount(amount) => Some((column.title.trim_matches(['-', '=', ' ']).to_lowercase(), *amount)),
            _ => None,
        });
        amounts.map(|(figure, amount)| ((subject.clone(), figure, text(row, "currency")), amount)).collect::<Vec<_>>()
    };
    report.rows.iter().flat_map(|row| of(row)).collect()
}
