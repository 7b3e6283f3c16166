//! A copy of a ledger that may be attacked, with what an auditor has of it.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use ledger_core::chain::{Hash, Head};
use ledger_core::event::{Entry, Event};
use ledger_core::id::AccountId;
use ledger_core::projection::Projection;
use ledger_core::projection::billing::Billing;
use ledger_core::report::Report;
use ledger_store::backend::memory::Memory;
use ledger_store::backend::sled::{Meta, Options};
use ledger_store::derived::Derived;
use ledger_store::{Lines, Log as _, LogError, Source, backend, copy};

use crate::context::{Context, FOLDER};
use crate::failure::{Exit, Failure};
use crate::scratch::{self, Scratch};
use crate::verb::facts::Facts;
use crate::verb::{Verb, bundle};

/// The ledger's folder as it was when the auditor came for the first time.
const EARLIER: &str = "earlier";

/// Where its checkpoints are.
pub(super) const CHECKPOINTS: &str = ".dealbook/checkpoints";
/// A period that everything lies in.
pub(super) const YEARS: &str = "2000..2100";

/// So many deals and parties are tried: the first of most ledgers will do.
const FEW: usize = 8;

/// A line without its end.
pub(super) type Line = Vec<u8>;

macro_rules! vector {
    ($path:literal) => {
        include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/vectors/", $path))
    };
}

/// A checkpoint that authorities have stamped, which takes one: its time stamps, one of another checkpoint, and roots that are trusted or not.
/// The program carries them, as openssl made them.
const STAMPED: &[(&str, &[u8])] = &[
    ("stamped.note", vector!("checkpoint/three-lines.note")),
    ("stamped.tsr", vector!("timestamp/rsa.tsr")),
    ("another.tsr", vector!("timestamp/close-2025-03.tsr")),
    ("expired.tsr", vector!("timestamp/expired.tsr")),
    ("root.pem", vector!("timestamp/root.pem")),
    ("another-root.pem", vector!("timestamp/another-root.pem")),
];

/// A folder with a ledger in it, `key.pem` that signs its checkpoints, `thief.pem` that does not, and what was handed out.
pub(super) struct Victim {
    folder: Scratch<tempfile::TempDir>,
    context: Context,
    meta: Meta,
    /// The deal and the party that `deal.dealbundle` and `statement.dealbundle` are of, if there are such.
    pub(super) deal: Option<String>,
    pub(super) party: Option<AccountId>,
}

impl Victim {
    /// Copies the first lines of a ledger and hands out what an auditor has: an old checkpoint, a proof, a bundle, an answer.
    pub(super) fn of(source: &dyn Source, most: u64, meta: Meta, context: &Context) -> Result<Self, Failure> {
        let mut victim = Self::empty(meta, context)?;
        let mut lines = Vec::new();
        'all: for block in source.read(1)? {
            for line in block?.lines() {
                lines.push(line.to_vec());
                if lines.len() as u64 == most {
                    break 'all;
                }
            }
        }
        // Two thirds were there when the auditor came for the first time.
        let before = lines.len() * 2 / 3;
        victim.record(&lines[..before])?;
        victim.does("keygen key.pem", Some("said"))?;
        victim.does("keygen thief.pem", Some("said"))?;
        victim.does("checkpoint --key key.pem", Some("old.note"))?;
        victim.does("bundle all", Some("old.dealbundle"))?;
        victim.does(&format!("prove {}", before / 2), Some("event.proof"))?;
        fs::copy(victim.at(&format!("{FOLDER}/checkpoints/key")), victim.at("key.pub")).map_err(|why| victim.io(&why))?;
        copied(&victim.at(FOLDER), &victim.at(EARLIER)).map_err(|why| victim.io(&why))?;
        victim.record(&lines)?;
        victim.does("checkpoint --key key.pem", Some("new.note"))?;
        victim.does("show payouts", Some("answer.json"))?;
        victim.does("keygen next.pem", Some("said"))?;
        victim.does("bundle all", Some("new.dealbundle"))?;
        // What a ledger has nothing for is not handed out of it.
        _ = victim.does("bundle all --sample 5 --seed selftest", Some("sample.dealbundle"));
        let entries = victim.entries()?;
        let dealt = entries.iter().filter_map(|entry| Facts::of(&entry.event).text("agreement").map(str::to_owned));
        let made = |deal: &String| victim.does(&format!("bundle {deal}"), Some("deal.dealbundle")).is_ok();
        let deal = dealt.collect::<BTreeSet<_>>().into_iter().take(FEW).find(made);
        let party = |entry: &Entry| if let Event::PartyRegistered(it) = &entry.event { it.aws_account } else { None };
        let told = |party: &AccountId| victim.does(&format!("bundle {YEARS} --statement {party}"), Some("statement.dealbundle")).is_ok();
        let party = entries.iter().filter_map(party).collect::<BTreeSet<_>>().into_iter().take(FEW).find(told);
        (victim.deal, victim.party) = (deal, party);
        for (name, bytes) in STAMPED {
            fs::write(victim.at(name), bytes).map_err(|why| victim.io(&why))?;
        }
        Ok(victim)
    }

    fn empty(meta: Meta, context: &Context) -> Result<Self, Failure> {
        let folder = scratch::folder().map_err(|why| Failure::unwritable(&std::env::temp_dir(), &why))?;
        let context = context.within(folder.path());
        Ok(Self { folder, context, meta, deal: None, party: None })
    }

    /// Another one like it.
    pub(super) fn again(&self) -> Result<Self, Failure> {
        let mut other = Self::empty(self.meta.clone(), &self.context)?;
        (other.deal, other.party) = (self.deal.clone(), self.party);
        copied(self.folder.path(), other.folder.path()).map_err(|why| self.io(&why))?;
        Ok(other)
    }

    /// Where a file of it is.
    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn io(&self, why: &io::Error) -> Failure {
        Failure::unwritable(self.folder.path(), why)
    }

    /// Runs a command that must succeed; what it writes goes into a file.
    pub(super) fn does(&self, words: &str, into: Option<&str>) -> Result<(), Failure> {
        let mut context = self.context.clone();
        context.global.output = into.map(|name| self.at(name));
        run(words, &context).map(drop)
    }

    /// Writes a bundle as whoever forges one does, whose program differs from everybody's where the lines have been chosen.
    pub(super) fn forges(&self, words: &str, into: &str, change: impl FnOnce(&mut bundle::Chosen)) -> Result<(), Failure> {
        let mut context = self.context.clone();
        context.global.output = Some(self.at(into));
        match parsed(words)? {
            Verb::Bundle(args) => bundle::changed(args, &context, |chosen| {
                change(chosen);
                Ok(())
            })
            .map(drop),
            _ => Err(Failure::usage("only bundles are forged so")),
        }
    }

    /// Runs a command, and gives its report, if it has one, and why it failed, if it did.
    pub(super) fn asked(&self, words: &str) -> (Option<Report>, Option<Failure>) {
        let (answer, ended) = self.context.asking(|silent| run(words, silent));
        (answer.map(|(report, _)| report), ended.err())
    }

    /// Its lines.
    pub(super) fn lines(&self) -> Result<Vec<Line>, Failure> {
        let bytes = fs::read(self.log()?).map_err(|why| self.io(&why))?;
        Ok(bytes.split_inclusive(|byte| *byte == b'\n').map(|line| line.strip_suffix(b"\n").unwrap_or(line).to_vec()).collect())
    }

    /// What its lines say.
    pub(super) fn entries(&self) -> Result<Vec<Entry>, Failure> {
        let lines = self.lines()?;
        let read = (1..).zip(&lines).map(|(seq, line)| Entry::read(line, seq));
        Ok(read.collect::<Result<_, _>>().map_err(ledger_store::scan::ScanError::from)?)
    }

    /// The newest file among its checkpoints that ends so.
    pub(super) fn newest(&self, ending: &str) -> String {
        let kept = fs::read_dir(self.at(CHECKPOINTS));
        let names = kept.into_iter().flatten().flatten().filter_map(|entry| entry.file_name().into_string().ok());
        format!("{CHECKPOINTS}/{}", names.filter(|name| name.ends_with(ending)).max().unwrap_or_default())
    }

    /// Other lines in the file of the log, and nothing else changed.
    pub(super) fn write_log(&self, lines: &[Line]) -> Result<(), Failure> {
        fs::write(self.log()?, joined(lines)).map_err(|why| self.io(&why))
    }

    /// The one file of the log: what is copied fits into it.
    fn log(&self) -> Result<PathBuf, Failure> {
        let folder = self.at(FOLDER).join("log");
        let mut names: Vec<PathBuf> = fs::read_dir(&folder)
            .and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect())
            .map_err(|why| Failure::unreadable(&folder, &why))?;
        names.sort();
        Ok(names.swap_remove(0))
    }

    /// Appends what is lacking of these lines, as writers do: log, anchor and store fit.
    fn record(&self, lines: &[Line]) -> Result<(), Failure> {
        let mut from = Memory::new();
        let mut all = Lines::after(Head::EMPTY);
        lines.iter().try_for_each(|line| all.push(line).map(drop)).map_err(LogError::from)?;
        from.append(&all)?;
        let mut to = backend::open_or_create(&format!("sled:{}", self.at(FOLDER).display()), &self.meta, Options::default())?.log;
        copy::copy(&from, &mut *to)?;
        to.close()?;
        Ok(())
    }

    /// A whole ledger with other lines in its place, every hash computed anew; anchor and store fit. Its checkpoints stay.
    pub(super) fn write_anew(&self, lines: Vec<Line>) -> Result<(), Failure> {
        let other = Self::empty(self.meta.clone(), &self.context)?;
        other.record(&chained(lines))?;
        let (own, signed) = (self.at(FOLDER), other.at(FOLDER).join("checkpoints"));
        let replace = || {
            if own.join("checkpoints").is_dir() {
                fs::rename(own.join("checkpoints"), &signed)?;
            }
            fs::remove_dir_all(&own)?;
            copied(&other.at(FOLDER), &own)
        };
        replace().map_err(|why| self.io(&why))
    }

    /// Puts back what was there when the auditor came for the first time; everything in it fits.
    pub(super) fn roll_back(&self) -> Result<bool, Failure> {
        self.remove(FOLDER)?;
        fs::rename(self.at(EARLIER), self.at(FOLDER)).map_err(|why| self.io(&why)).map(|()| true)
    }

    /// Takes away a file or folder, if it is there.
    pub(super) fn remove(&self, name: &str) -> Result<(), Failure> {
        let path = self.at(name);
        let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
        removed.or_else(|why| if why.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(self.io(&why)) })
    }

    /// Puts a file or folder of another one in the place of what it has.
    pub(super) fn take_from(&self, other: &Self, name: &str) -> Result<(), Failure> {
        self.remove(name)?;
        let (from, to) = (other.at(name), self.at(name));
        if from.is_dir() { copied(&from, &to) } else { fs::copy(from, to).map(drop) }.map_err(|why| self.io(&why))
    }

    /// Changes what stands in a file; nothing when `change` has nothing to change.
    pub(super) fn change(&self, name: &str, change: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>) -> Result<bool, Failure> {
        let path = self.at(name);
        let held = fs::read(&path).map_err(|why| Failure::unreadable(&path, &why))?;
        let Some(changed) = change(held) else { return Ok(false) };
        fs::write(path, changed).map_err(|why| self.io(&why)).map(|()| true)
    }

    /// Saves the sums of other lines as if they were those of its own; tells whether they differ.
    pub(super) fn forge_sums(&self, own: &[Line], others: &[Line]) -> Result<bool, Failure> {
        let head = Head { seq: own.len() as u64, hash: own.last().map_or(Hash::ZERO, |line| Hash::of(line)) };
        let (mut true_sums, mut forged) = (Billing::default(), Billing::default());
        for (sums, lines) in [(&mut true_sums, own), (&mut forged, others)] {
            (1..).zip(lines).try_for_each(|(seq, line)| Entry::read(line, seq).map(|entry| sums.evolve(&entry)))?;
        }
        Derived::new(&self.at(FOLDER).join("derived")).save(forged.name(), forged.version(), head, |out| forged.write(out))?;
        Ok(forged.digest() != true_sums.digest())
    }
}

fn run(words: &str, context: &Context) -> Result<Exit, Failure> {
    parsed(words)?.run(context)
}

fn parsed(words: &str) -> Result<Verb, Failure> {
    let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
    Verb::parsed(&words)
}

/// The same lines, each with the hash of the one before.
pub(super) fn chained(mut lines: Vec<Line>) -> Vec<Line> {
    let mut prev = Hash::ZERO;
    for (seq, line) in (1_u64..).zip(&mut lines) {
        let number = format!("\"seq\":{seq}");
        *line = with_value(line, b"\"prev\":\"", b'"', prev.to_string().as_bytes());
        *line = with_value(line, b"\"seq\":", b',', number.trim_start_matches("\"seq\":").as_bytes());
        prev = Hash::of(line);
    }
    lines
}

/// A line with another value behind its last such key.
pub(super) fn with_value(line: &[u8], key: &[u8], end: u8, value: &[u8]) -> Line {
    let Some(from) = memchr::memmem::rfind(line, key).map(|at| at + key.len()) else { return line.to_vec() };
    let until = line[from..].iter().position(|byte| *byte == end || *byte == b'}').map_or(line.len(), |at| from + at);
    [&line[..from], value, &line[until..]].concat()
}

fn joined(lines: &[Line]) -> Vec<u8> {
    lines.iter().flat_map(|line| line.iter().copied().chain([b'\n'])).collect()
}

/// Copies what is in a folder into another.
fn copied(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() { copied(&entry.path(), &target)? } else { fs::copy(entry.path(), target).map(drop)? }
    }
    Ok(())
}
