//! What an auditor asks for: a sample that nobody can steer, and a statement that a counterparty confirms.

use std::collections::BTreeSet;

use ledger_core::bundle::{Header, Kind, Writer};
use ledger_core::chain::Head;
use ledger_core::checkpoint::Note;
use ledger_core::event::{Entry, Event};
use ledger_core::id::AccountId;
use ledger_core::money::Currency;
use ledger_core::sampling::confirm::{Accounts, Confirmable};
use ledger_core::sampling::{Drawing, MOST, Question, Sample};
use ledger_core::time::Period;
use ledger_store::checkpoints::Found;
use ledger_store::scan::{Depth, ScanError, scan};

use super::{Args, Chosen, rotations};
use crate::context::Context;
use crate::failure::{Code, Failure, counted};
use crate::history::History;
use crate::session::Session;

/// Tables that stand behind the lines.
pub(in crate::verb) enum Tables {
    None,
    Sample(Box<Sample>),
    Statement(Confirmable),
}

impl Tables {
    /// A header that announces them.
    pub(super) fn announced(&self, header: Header) -> Header {
        match self {
            Self::None => header,
            Self::Sample(_) => header.with(Kind::Sample),
            Self::Statement(_) => header.with(Kind::Statement),
        }
    }

    pub(super) fn write<W: std::io::Write>(&self, writer: &mut Writer<W>) -> std::io::Result<()> {
        match self {
            Self::None => Ok(()),
            Self::Sample(sample) => writer.sample(sample),
            Self::Statement(told) => writer.statement(told),
        }
    }
}

/// Which kind of sample, and how large.
fn wanted(args: &Args) -> Option<(u64, bool)> {
    args.sample.map(|wanted| (wanted, false)).or(args.from_source.map(|wanted| (wanted, true)))
}

/// Draws a sample.
pub(super) fn sample(args: &Args, session: &Session, basis: &Note, context: &Context) -> Result<Option<Chosen>, Failure> {
    let Some((count, rows)) = wanted(args) else { return Ok(None) };
    let seed = args.seed.as_deref().unwrap_or_default();
    let mut question = Question::new(&basis.checkpoint, seed, count, rows)
        .map_err(|why| Failure::usage(format!("--seed: {why}")).because("the auditor chooses it, once the checkpoint is in their hands"))?;
    if args.what != "all" {
        let period = period(&args.what, context)?;
        if rows {
            return Err(Failure::usage("--from-source goes with `all`").because("a row has its date in the file, which is not here"));
        }
        (question.from, question.until) = (Some(period.from), Some(period.until));
    }
    if rows && (args.side.is_some() || args.currency.is_some()) {
        return Err(
            Failure::usage("--side and --currency do not fit --from-source").because("a row's money stands in the file, which is not here")
        );
    }
    question.types.clone_from(&args.types);
    question.party = args.party.map(|party| party.to_string());
    question.side = args.side.map(|side| side.as_str().to_owned());
    question.currency = args.currency;
    let of = question.of();
    let mut drawing = Drawing::new(question);
    scan(session.source.read(1)?, Head::EMPTY, Depth::Entries, |checked| {
        checked.entries.iter().for_each(|entry| drawing.take(entry));
        Ok::<(), ScanError>(())
    })?;
    let sample = drawing.done();
    if sample.strata.is_empty() {
        let failure = Failure::new(Code::E0301, format!("nothing is of the population: {of}"));
        let unknown = |name: &&String| !rows && !Event::TYPES.iter().any(|known| known.starts_with(name.as_str()));
        let failure = args.types.iter().filter(unknown).fold(failure, |failure, name| failure.suggest(name, Event::TYPES.iter().copied()));
        return Err(failure.hint("dealbook log type:… shows what there is"));
    }
    for told in sample.told() {
        context.note(format_args!("{}: {}", told.stratum, told.detail));
    }
    context.note(format_args!("Drawn from the checkpoint of #{} and `{seed}`. {}", basis.checkpoint.size, sample.question.not_covered));
    let mut events: BTreeSet<u64> = sample.lines().collect();
    events.insert(1);
    let line = |seq| Entry::read(&session.source.line(seq).ok().flatten()?, seq).ok();
    events.extend(sample.between(line));
    events.extend(rotations(session, basis.checkpoint.size)?);
    let (of, tables) = (sample.of(), Tables::Sample(Box::new(sample)));
    Ok(Some(Chosen { of, events, left_out: Vec::new(), is_alone: true, deal: None, tables }))
}

/// Writes a statement.
pub(super) fn statement(args: &Args, session: &Session, basis: &Note, context: &Context) -> Result<Option<Chosen>, Failure> {
    let Some(party) = args.statement else { return Ok(None) };
    let (period, size) = (period(&args.what, context)?, basis.checkpoint.size);
    let mut accounts = Accounts::default();
    scan(session.source.read(1)?, Head::EMPTY, Depth::Entries, |checked| {
        checked.entries.iter().filter(|entry| entry.seq <= size).for_each(|entry| accounts.take(entry));
        Ok::<(), ScanError>(())
    })?;
    let told = accounts.of(party, period, size);
    if told.confirmable.balances.is_empty() {
        return Err(Failure::new(Code::E0301, format!("nobody has invoiced {party} before {}", period.until))
            .because("a statement is for the other party of an invoice, by its AWS account")
            .hint("dealbook show invoices lists buyers"));
    }
    for stands in &told.confirmable.balances {
        context.note(format_args!(
            "{} {}: {} at the beginning, {} at the end",
            stands.recipient, stands.currency, stands.opening, stands.closing
        ));
    }
    if !told.left_out.is_empty() {
        context.note(format_args!("{} of others too stay out, and are in no sum", counted(told.left_out.len() as u64, "line")));
    }
    let mut events = told.lines;
    events.insert(1);
    events.extend(rotations(session, size)?);
    let of = told.confirmable.statement.of();
    Ok(Some(Chosen { of, events, left_out: told.left_out, is_alone: true, deal: None, tables: Tables::Statement(told.confirmable) }))
}

/// A period, or a range of two: `2026-01..2026-03` ends before March begins.
fn period(text: &str, context: &Context) -> Result<Period, Failure> {
    let read = |text: &str| {
        Period::parse(text, context.today()).map_err(|why| {
            Failure::usage(format!("`{text}` is no period"))
                .because(why)
                .hint("2026-03, 2026Q1, 2026, a day, or FROM..UNTIL, which ends before UNTIL begins")
        })
    };
    let Some((from, until)) = text.split_once("..") else { return read(text) };
    let (from, until) = (read(from)?.from, read(until)?.from);
    if from < until { Ok(Period { from, until }) } else { Err(Failure::usage(format!("`{text}` ends before it begins"))) }
}

/// The checkpoint that is drawn from: the one that is named, by its name or size, or the newest; with every signature it has.
pub(super) fn basis(args: &Args, history: &History, kept: &Found) -> Result<Note, Failure> {
    let newest = history.covering(kept, 1).map_err(|failure| {
        let why = "without one, whoever keeps the ledger could change it until the sample pleases";
        if wanted(args).is_some() { failure.because(why) } else { failure }
    })?;
    let Some(at) = &args.at else { return Ok(newest) };
    let is_it = |size: u64, name: Option<&str>| name == Some(at) || at.strip_prefix('#') == Some(&size.to_string());
    let mut found = kept.notes.iter().filter(|kept| is_it(kept.note.checkpoint.size, kept.name.as_deref())).map(|kept| &kept.note);
    let unknown = || {
        let names = kept.notes.iter().filter_map(|kept| kept.name.as_deref());
        Failure::new(Code::E0306, format!("no checkpoint is called `{at}`")).suggest(at, names).hint("its name, or #SIZE")
    };
    let mut note = found.next_back().ok_or_else(unknown)?.clone();
    for same in kept.notes.iter().map(|kept| &kept.note).filter(|same| same.checkpoint == note.checkpoint).cloned().collect::<Vec<_>>() {
        note.join(same);
    }
    Ok(note)
}

/// `25`: so many, and not more than a person looks at.
pub(super) fn count(text: &str) -> Result<u64, String> {
    text.parse().ok().filter(|count| (1..=MOST).contains(count)).ok_or_else(|| format!("a whole number from 1 to {MOST}"))
}

/// An AWS account.
pub(super) fn account(text: &str) -> Result<AccountId, String> {
    text.parse().map_err(|_| "an AWS account has 12 digits".to_owned())
}

/// A currency.
pub(super) fn currency(text: &str) -> Result<Currency, String> {
    text.parse().map_err(|_| "a currency has three capital letters".to_owned())
}

/// On which side of an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Side {
    /// The party pays
    Buying,
    /// The party is paid
    Selling,
}

impl Side {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Buying => "BUYING",
            Self::Selling => "SELLING",
        }
    }
}
