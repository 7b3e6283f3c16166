//! Reading a bundle and verifying it, line by line.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::answers::{Answer, Answers, BEGINS};
use super::enclosed::Enclosed;
use super::noted::{Noted, Stamped};
use super::{End, FORMAT, File, Header, Includes, Kind, LONGEST, Record};
use crate::canonical;
use crate::chain::{self, Hash, Head};
use crate::checkpoint::Note;
use crate::event::governance::KeyRotated;
use crate::event::{Entry, Event};
use crate::merkle::{Frontier, Node, verify_inclusion};
use crate::sampling::confirm::Confirmable;
use crate::sampling::{Drawn, MOST, Sample};

/// More strata than currencies have parts, more items than anybody looks at, and more balances than anybody confirms: who sends more wants the
/// memory.
const STRATA: usize = 1_000;
const ITEMS: u64 = 200_000;
const BALANCES: usize = 100_000;

/// Where a bundle is not what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct Wrong {
    /// The line, from 1.
    pub line: u64,
    /// What is wrong there.
    pub why: String,
}

/// What a bundle has shown. Who signed its checkpoints is another question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// What it says it is of.
    pub header: Header,
    /// Its checkpoints, by size, each continuing the one before.
    pub notes: Vec<(Option<String>, Note)>,
    /// The time stamps of its checkpoints.
    pub stamps: Vec<Stamped>,
    /// The root at each size that was wanted, as far as the lines go on from the first without a gap.
    pub roots: BTreeMap<u64, Node>,
    /// The last line.
    pub last: Head,
    /// How many runs the lines form.
    pub runs: u64,
    /// Whether it holds every line from the first to the newest checkpoint, whose root they give.
    pub whole: bool,
    /// Where the key that signs was replaced.
    pub rotations: Vec<(u64, KeyRotated)>,
    /// Of a sample or a statement, the lines besides the first and those that replace the key.
    pub told: BTreeSet<u64>,
    /// How many files lines come from whose `source.imported` is here, and how many others are named.
    pub files: (u64, u64),
    /// Every file that is named here, by position.
    pub sources: Vec<File>,
    /// Which of them are here themselves, by digest: they come to it.
    pub enclosed: BTreeSet<Hash>,
    /// The reports, each of which agrees with its receipt.
    pub answers: Vec<Answer>,
    /// The files that the keeper names whose `source.imported` is not here.
    pub named: BTreeMap<u64, File>,
    /// The selection table of a sample, which agrees with itself and with the lines.
    pub sample: Option<Sample>,
    /// The balances of a statement, which agree with the lines.
    pub statement: Option<Confirmable>,
}

/// Parts of a bundle, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Header,
    Checkpoints,
    Consistency,
    Lines,
    Sources,
    Files,
    Reports,
    Tables,
    End,
}

/// Reads and verifies a bundle.
pub struct Reader {
    line: u64,
    part: Part,
    hasher: blake3::Hasher,
    header: Option<Header>,
    signed: Noted,
    /// The sizes at which the root is wanted.
    wanted: BTreeSet<u64>,
    roots: BTreeMap<u64, Node>,
    /// The line before, while its run goes on, and its leaf.
    open: Option<(Head, Node)>,
    last: Head,
    events: u64,
    runs: u64,
    /// The tree, while there are no gaps.
    tree: Frontier,
    rotations: Vec<(u64, KeyRotated)>,
    /// Imports that lines come from, and those that are here.
    needed: BTreeSet<u64>,
    here: BTreeMap<u64, File>,
    named: BTreeMap<u64, File>,
    digests: BTreeSet<Hash>,
    /// The files themselves, and reports.
    enclosed: Enclosed,
    answers: Answers,
    /// Of a sample and of a statement: the lines, and the tables behind them.
    entries: BTreeMap<u64, Entry>,
    sample: Option<Sample>,
    items: u64,
    statement: Option<Confirmable>,
}

impl Default for Reader {
    fn default() -> Self {
        Self {
            line: 0,
            part: Part::Header,
            hasher: blake3::Hasher::new(),
            header: None,
            signed: Noted::default(),
            wanted: BTreeSet::new(),
            roots: BTreeMap::new(),
            open: None,
            last: Head::EMPTY,
            events: 0,
            runs: 0,
            tree: Frontier::default(),
            rotations: Vec::new(),
            needed: BTreeSet::new(),
            here: BTreeMap::new(),
            named: BTreeMap::new(),
            digests: BTreeSet::new(),
            enclosed: Enclosed::default(),
            answers: Answers::default(),
            entries: BTreeMap::new(),
            sample: None,
            items: 0,
            statement: None,
        }
    }
}

impl Reader {
    /// One that gives the root at these sizes too: those of checkpoints that somebody kept.
    pub fn at(sizes: impl IntoIterator<Item = u64>) -> Self {
        Self { wanted: sizes.into_iter().collect(), ..Self::default() }
    }

    /// Takes the next line, without its newline.
    ///
    /// # Errors
    /// What is wrong with it. Nothing that comes behind it means anything then.
    pub fn take(&mut self, line: &[u8]) -> Result<(), Wrong> {
        self.line += 1;
        self.judge(line).map_err(|why| Wrong { line: self.line, why })?;
        self.hasher.update(line);
        self.hasher.update(b"\n");
        Ok(())
    }

    /// Ends the bundle.
    ///
    /// # Errors
    /// It is cut off.
    pub fn finish(self) -> Result<Shown, Wrong> {
        let cut_off = Wrong { line: self.line + 1, why: "the bundle is cut off: it has no end".to_owned() };
        let Some(header) = self.header.filter(|_| self.part == Part::End) else { return Err(cut_off) };
        let newest = self.signed.newest().map_or(0, |newest| newest.size);
        let besides = |seq: &u64| *seq == 1 || self.rotations.iter().any(|(at, _)| at == seq);
        Ok(Shown {
            told: self.entries.keys().copied().filter(|seq| !besides(seq)).collect(),
            header,
            whole: self.tree.size() == newest && self.events == newest,
            notes: self.signed.notes,
            stamps: self.signed.stamps,
            roots: self.roots,
            last: self.last,
            runs: self.runs,
            rotations: self.rotations,
            files: (self.needed.iter().filter(|seq| self.here.contains_key(seq)).count() as u64, self.named.len() as u64),
            named: self.named.clone(),
            sources: {
                let all: BTreeMap<u64, File> = self.here.into_iter().chain(self.named).collect();
                all.into_values().collect()
            },
            enclosed: self.enclosed.done(),
            answers: self.answers.done(),
            sample: self.sample,
            statement: self.statement,
        })
    }

    fn judge(&mut self, line: &[u8]) -> Result<(), String> {
        if self.header.is_none() {
            let header: Header = read(line).ok_or("a bundle begins with what it is of")?;
            if header.bundle != FORMAT {
                return Err(format!("`{}` is a format that this program does not know", header.bundle));
            }
            self.answers = Answers::expected(&header.reports)?;
            self.header = Some(header);
            return Ok(());
        }
        if self.part == Part::End {
            return Err("nothing stands behind the end".to_owned());
        }
        if line.starts_with(b"{\"actor\":") {
            self.enter(Part::Lines)?;
            return self.event(line);
        }
        if BEGINS.iter().any(|begins| line.starts_with(begins)) {
            self.enter(Part::Reports)?;
            return self.answers.take(line, self.signed.newest().map_or(0, |newest| newest.size));
        }
        match read(line).ok_or("this is no line of a bundle")? {
            Record::Checkpoint(named) => {
                self.enter(Part::Checkpoints)?;
                let origin = self.header.as_ref().map_or("", |header| &header.origin);
                self.signed.take(named, origin)
            }
            Record::TimeStamp(replied) => {
                self.enter(Part::Checkpoints)?;
                self.signed.stamp(&replied.b64)
            }
            Record::Consistency(step) => {
                self.enter(Part::Consistency)?;
                self.signed.step(&step)
            }
            Record::Inclusion(Includes { path, seq }) => {
                let (head, leaf) = self.open.take().filter(|(head, _)| head.seq == seq).ok_or("the line before it is another one")?;
                let (size, root) = self.signed.newest().map(|newest| (newest.size, newest.root)).ok_or("there is no checkpoint")?;
                verify_inclusion(leaf, head.seq - 1, size, &path, root).map_err(|why| format!("event {head} is not proven: {why}"))
            }
            Record::Source(file) => {
                self.enter(Part::Sources)?;
                if !self.needed.contains(&file.seq) || self.here.contains_key(&file.seq) {
                    return Err(format!("no line here comes from the file of #{}", file.seq));
                }
                if self.named.last_key_value().is_some_and(|(before, _)| *before >= file.seq) {
                    return Err("files stand by position, each once".to_owned());
                }
                self.digests.insert(file.digest);
                self.named.insert(file.seq, file);
                Ok(())
            }
            Record::File(piece) => {
                self.enter(Part::Files)?;
                self.enclosed.take(&piece, &self.digests)
            }
            Record::End(End { b3, lines }) => {
                self.enter(Part::Tables)?;
                self.hold_tables()?;
                self.end(b3, lines)
            }
            table => {
                self.enter(Part::Tables)?;
                self.table(table).ok_or_else(|| "it stands in the wrong place".to_owned())
            }
        }
    }

    /// Takes a line of a table.
    fn table(&mut self, record: Record) -> Option<()> {
        let kind = self.header.as_ref()?.kind;
        self.items += u64::from(matches!(record, Record::Item(_) | Record::Row(_)));
        if self.items > ITEMS {
            return None;
        }
        match record {
            Record::Sample(question) if kind == Some(Kind::Sample) && self.sample.is_none() => {
                self.sample = Some(Sample { question: *question, strata: Vec::new() });
            }
            Record::Stratum(stratum) => {
                self.sample.as_mut().filter(|sample| sample.strata.len() < STRATA)?.strata.push(Drawn {
                    stratum,
                    picked: Vec::new(),
                    rows: Vec::new(),
                });
            }
            Record::Item(picked) => {
                let stratum = self.sample.as_mut()?.strata.last_mut()?;
                let is_more = stratum.picked.len() as u64 >= MOST || picked.cells.len() as u64 > MOST;
                stratum.picked.push(Some(picked).filter(|_| !is_more)?);
            }
            Record::Row(row) => {
                let stratum = self.sample.as_mut()?.strata.last_mut()?;
                stratum.rows.push(Some(row).filter(|_| (stratum.rows.len() as u64) < MOST)?);
            }
            Record::Statement(statement) if kind == Some(Kind::Statement) && self.statement.is_none() => {
                self.statement = Some(Confirmable { statement, balances: Vec::new() });
            }
            Record::Balance(stands) => self.statement.as_mut().filter(|told| told.balances.len() < BALANCES)?.balances.push(stands),
            _ => return None,
        }
        Some(())
    }

    /// Whether the tables are there that the header says, and agree with the lines.
    fn hold_tables(&self) -> Result<(), String> {
        let newest = self.signed.newest();
        let asked = self.sample.as_ref().map(Sample::of).or(self.statement.as_ref().map(|told| told.statement.of()));
        if let Some((asked, header)) = asked.zip(self.header.as_ref()).filter(|(asked, header)| *asked != header.of) {
            return Err(format!("it says that it is of `{}`, and its table is of `{asked}`", header.of));
        }
        match (self.header.as_ref().and_then(|header| header.kind), &self.sample, &self.statement, newest) {
            (None, ..) => Ok(()),
            (Some(Kind::Sample), Some(sample), _, Some(newest)) => {
                sample.hold(newest, &self.entries).map_err(|why| format!("the sample is not what it says: {why}"))
            }
            (Some(Kind::Statement), _, Some(told), Some(newest)) => {
                told.hold(newest.size, &self.entries).map_err(|why| format!("the statement is not what it says: {why}"))
            }
            _ => Err("its table is missing".to_owned()),
        }
    }

    /// Goes on to a part of the bundle.
    fn enter(&mut self, part: Part) -> Result<(), String> {
        if part < self.part {
            return Err("it stands in the wrong place".to_owned());
        }
        if part > Part::Consistency {
            self.signed.is_shown()?;
        }
        if part > Part::Lines
            && let Some((head, _)) = self.open
        {
            return Err(format!("event {head} is not proven: an inclusion is wanted behind it"));
        }
        if part > Part::Files {
            self.enclosed.is_whole()?;
        }
        if part > Part::Reports {
            self.answers.hold()?;
        }
        self.part = part;
        Ok(())
    }

    fn event(&mut self, line: &[u8]) -> Result<(), String> {
        let head = match self.open {
            Some((before, _)) => chain::follow(before, line).map_err(|why| why.to_string())?,
            None => {
                let link = chain::link(line, self.last.seq + 1).map_err(|why| why.to_string())?;
                // What follows the last line belongs to its run, and needs no proof before it.
                if link.seq <= self.last.seq + u64::from(self.events > 0) {
                    return Err(format!("event #{} is out of place", link.seq));
                }
                self.runs += 1;
                if link.seq == 1 {
                    chain::fits(Head::EMPTY, link).map_err(|why| why.to_string())?;
                }
                Head { seq: link.seq, hash: Hash::of(line) }
            }
        };
        let entry = Entry::read_strictly(line, head.seq).map_err(|why| why.to_string())?;
        let origin = self.header.as_ref().map(|header| &header.origin);
        self.needed.extend(entry.source.as_ref().and_then(|source| source.import));
        if self.header.as_ref().is_some_and(|header| header.kind.is_some()) {
            self.entries.insert(head.seq, entry.clone());
        }
        match entry.event {
            Event::LedgerOpened(opened) if head.seq == 1 && Some(&opened.origin) != origin => {
                return Err(format!("event #1 begins the ledger `{}`", opened.origin));
            }
            Event::SourceImported(said) => {
                let file = File { digest: said.digest, file: said.file, seq: head.seq };
                self.digests.insert(file.digest);
                self.here.insert(head.seq, file);
            }
            Event::KeyRotated(rotated) => self.rotations.push((head.seq, *rotated)),
            _ => (),
        }
        let leaf = Node::leaf(line);
        if self.tree.size() + 1 == head.seq {
            self.tree.push(leaf);
            if self.wanted.contains(&head.seq) {
                self.roots.insert(head.seq, self.tree.root());
            }
            if self.signed.root(head.seq).is_some_and(|root| root != self.tree.root()) {
                return Err(format!("the events up to #{} do not come to the root of the checkpoint", head.seq));
            }
        }
        self.answers.see(head);
        self.events += 1;
        self.last = head;
        self.open = Some((head, leaf));
        Ok(())
    }

    fn end(&mut self, b3: Hash, lines: u64) -> Result<(), String> {
        if lines != self.line - 1 || b3 != Hash::from_bytes(*self.hasher.finalize().as_bytes()) {
            return Err("it is not the end of what stands above: something was changed, added or taken out".to_owned());
        }
        let events = self.header.as_ref().map_or(0, |header| header.events);
        if events != self.events {
            return Err(format!("it says that it has {events} events, and has {}", self.events));
        }
        let unnamed = self.needed.iter().find(|seq| !self.here.contains_key(seq) && !self.named.contains_key(seq));
        if let Some(seq) = unnamed {
            return Err(format!("the file of #{seq} is not named"));
        }
        self.part = Part::End;
        Ok(())
    }
}

/// Reads a line that must be in its one form.
fn read<T: DeserializeOwned + Serialize>(line: &[u8]) -> Option<T> {
    let value: T = serde_json::from_slice(line).ok().filter(|_| line.len() <= LONGEST)?;
    canonical::is_form_of(line, &value).then_some(value)
}
