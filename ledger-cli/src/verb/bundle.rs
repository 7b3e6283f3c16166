//! `dealbook bundle`
//!
//! ```text
//! all | PERIOD | DEAL -> positions -> lines, in runs; each run proven by its last line -> checkpoints, proofs, files -> one file
//! --sample N --seed TEXT, --statement PARTY -> positions and a table
//! ```

mod beside;
mod drawn;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;

use ledger_core::bundle::{File, Header, Writer};
use ledger_core::chain::Head;
use ledger_core::checkpoint::Note;
use ledger_core::event::{Entry, Event};
use ledger_core::id::{AccountId, Actor};
use ledger_core::money::Currency;
use ledger_core::time::{Basis, Period};
use ledger_core::timestamp::Reply;
use ledger_store::checkpoints::{Found, Kept};
use ledger_store::scan::{Depth, ScanError, scan};

pub(super) use self::drawn::Tables;
use super::facts::{Facts, own_id};
use super::{deal, trace};
use crate::ask::Point;
use crate::context::Context;
use crate::failure::{Code, Exit, Failure, counted};
use crate::history::{self, History};
use crate::session::Session;

/// Write events with all that is needed to verify them, in one file
///
/// `all` is the whole ledger, a period what was recorded in it, and the id of an agreement or offer its deal: every event of it, and nothing of
/// other deals. With the lines go the signed checkpoints with their time stamps, the proofs that lead to them, and the digests of the files that
/// were imported. The same ledger gives the same bytes. `dealbook verify FILE --key KEY` verifies it, without the ledger.
///
/// With --files: the source files too, as they were imported. With --report: answers, which whoever has the bundle of all can ask again.
///
/// With --sample and --seed: a sample by monetary unit of what took effect in the period, drawn from a signed checkpoint and the auditor's text, so
/// that nobody can steer it. With --statement: what a counterparty is to confirm.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("drawn").multiple(false).args(["sample", "from_source"]))]
#[command(group = clap::ArgGroup::new("asked").multiple(false).args(["sample", "from_source", "statement"]))]
pub(crate) struct Args {
    /// all, a period (2026-03, 2026Q1, 2026, a day; of a sample also FROM..UNTIL), or the id of an agreement or offer
    #[arg(value_name = "PERIOD|DEAL")]
    pub(crate) what: String,
    /// Draw so many of each currency, above and below zero, by monetary unit
    #[arg(long, value_name = "N", value_parser = drawn::count, requires = "seed")]
    pub(crate) sample: Option<u64>,
    /// Draw so many rows of the imported files, to be looked up in the ledger
    #[arg(long, value_name = "N", value_parser = drawn::count, requires = "seed")]
    pub(crate) from_source: Option<u64>,
    /// Of a sample: the auditor's text, named after the checkpoint was handed out
    #[arg(long, value_name = "TEXT", requires = "drawn")]
    pub(crate) seed: Option<String>,
    /// What PARTY, an AWS account, is to confirm of the period: lines, balances, proofs
    #[arg(long, value_name = "PARTY", value_parser = drawn::account)]
    pub(crate) statement: Option<AccountId>,
    /// Of a sample: only these event types or families (invoice.issued, invoice); of rows, only these feeds
    #[arg(long = "type", value_name = "TYPE", value_delimiter = ',', requires = "drawn")]
    pub(crate) types: Vec<String>,
    /// Of a sample: only of this party, by its AWS account
    #[arg(long, value_name = "ACCOUNT", value_parser = drawn::account, requires = "drawn")]
    pub(crate) party: Option<AccountId>,
    /// Of a sample: only where the party stands on this side of an invoice
    #[arg(long, value_name = "SIDE", requires = "drawn")]
    pub(crate) side: Option<drawn::Side>,
    /// Of a sample: only this currency
    #[arg(long, value_name = "CODE", value_parser = drawn::currency, requires = "drawn")]
    pub(crate) currency: Option<Currency>,
    /// Put the source files in, found below this folder by their digests; repeat for more folders
    #[arg(long, value_name = "DIR", conflicts_with = "statement")]
    pub(crate) files: Vec<PathBuf>,
    /// Of --files: leave out what is not found, instead of refusing
    #[arg(long, requires = "files")]
    pub(crate) allow_missing: bool,
    /// Put a report in, with its receipt: 'show payouts --as-of 2026-03-31'; repeat for more
    #[arg(long = "report", value_name = "QUESTION", conflicts_with = "statement")]
    pub(crate) reports: Vec<String>,
    /// Of a sample or statement: the checkpoint it is drawn from, by name or #SIZE (default: the newest)
    #[arg(long, value_name = "CHECKPOINT", requires = "asked")]
    pub(crate) at: Option<String>,
}

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    changed(args, context, |_| Ok(()))
}

/// Writes a bundle of what was chosen and then changed: the one place where a forger of bundles differs from everybody.
pub(super) fn changed(args: Args, context: &Context, change: impl FnOnce(&mut Chosen) -> Result<(), Failure>) -> Result<Exit, Failure> {
    let session = Session::open(context)?;
    let (checkpoints, _) = history::checkpoints(&session)?;
    let kept = history::kept(&checkpoints)?;
    let history = History::of(&session)?;
    let (mut chosen, newest) = if args.sample.or(args.from_source).is_some() || args.statement.is_some() {
        let basis = drawn::basis(&args, &history, &kept)?;
        let drawn = drawn::sample(&args, &session, &basis, context)?;
        let chosen = drawn.map_or_else(|| drawn::statement(&args, &session, &basis, context), |chosen| Ok(Some(chosen)))?;
        (chosen.expect("one of them is asked for"), basis)
    } else {
        let chosen = Chosen::of(&args.what, &session, &kept, context)?;
        let last = chosen.events.last().copied().unwrap_or(1);
        (chosen, history.covering(&kept, last)?)
    };
    change(&mut chosen)?;
    let last = chosen.events.last().copied().unwrap_or(1);
    let stamps = stamps(&kept, &newest, chosen.is_alone)?;
    // Others' deals and days are told by no more than the newest checkpoint.
    let notes: Vec<(Option<&str>, &Note)> =
        if chosen.is_alone { vec![(None, &newest)] } else { kept.notes.iter().map(|kept| (kept.name.as_deref(), &kept.note)).collect() };
    let behind = history.head.seq - newest.checkpoint.size;
    if args.what == "all" && !chosen.is_alone && behind > 0 {
        context.note(format_args!("note: {} behind the newest checkpoint stay out: nobody has signed them", counted(behind, "event")));
    }
    let answers = beside::answers(&args.reports, &chosen, newest.checkpoint.size, context)?;
    let originals = beside::originals(&args, &chosen, &session, context)?;
    let header = chosen.tables.announced(Header::new(&history.origin, &chosen.of, chosen.events.len() as u64, chosen.left_out));
    let header = header.answering(answers.iter().map(|(_, receipt)| receipt.head.seq).collect());
    let blocks = session.source.read(1)?;
    context.write(|out| {
        let mut writer = Writer::begin(out, &header)?;
        for (at, (name, note)) in notes.iter().enumerate() {
            writer.checkpoint(*name, note)?;
            stamps[at].iter().try_for_each(|reply| writer.time_stamp(reply))?;
        }
        for pair in notes.windows(2) {
            let (from, to) = (pair[0].1.checkpoint.size, pair[1].1.checkpoint.size);
            if from < to {
                writer.consistency(from, to, history.tree.consistency(from, to).unwrap_or_default())?;
            }
        }
        let (mut files, mut imports) = (BTreeMap::new(), BTreeSet::new());
        for block in blocks {
            let block = block.map_err(io::Error::other)?;
            for (seq, line) in (block.first..).zip(block.lines()).take_while(|(seq, _)| *seq <= last) {
                let is_chosen = chosen.events.contains(&seq);
                if !is_chosen && memchr::memmem::find(line, br#""event":{"type":"source.imported""#).is_none() {
                    continue;
                }
                let entry = Entry::read(line, seq).map_err(io::Error::other)?;
                if !is_chosen {
                    if let Event::SourceImported(file) = entry.event {
                        files.insert(seq, File { digest: file.digest, file: file.file, seq });
                    }
                    continue;
                }
                imports.extend(entry.source.and_then(|source| source.import));
                writer.event(line)?;
                // What is followed by the next line is proven with it.
                if !chosen.events.contains(&(seq + 1)) {
                    writer.inclusion(seq, history.tree.inclusion(seq - 1, newest.checkpoint.size).unwrap_or_default())?;
                }
            }
        }
        files.into_iter().filter(|(seq, _)| imports.contains(seq)).try_for_each(|(_, file)| writer.source(file))?;
        originals.iter().try_for_each(|(digest, place)| writer.file(*digest, place.bytes, place.open()?))?;
        answers.iter().try_for_each(|(report, receipt)| beside::write(&mut writer, report, receipt))?;
        chosen.tables.write(&mut writer)?;
        writer.end()
    })?;
    Ok(Exit::Done)
}

/// The time stamps that are kept of each checkpoint; of the newest alone, those that it has under any name.
fn stamps<'a>(kept: &'a Found, newest: &Note, is_alone: bool) -> Result<Vec<BTreeSet<&'a [u8]>>, Failure> {
    let of = |is_its: &dyn Fn(&Kept) -> bool| -> Result<BTreeSet<&'a [u8]>, Failure> {
        let own = kept.stamps.iter().filter_map(|stamp| Some((stamp, stamp.of.as_ref().filter(|of| is_its(of))?)));
        own.map(|(stamp, of)| {
            let is_of = Reply::parse(&stamp.bytes).is_ok_and(|reply| reply.is_of(&of.note.checkpoint));
            let name = stamp.path.file_name().unwrap_or_default().display();
            let damaged = || {
                Failure::new(Code::E0513, format!("{name} stamps something else than checkpoint {of}"))
                    .because("it does not go into a bundle as it is")
                    .hint("put it back from a copy, or take it away: dealbook verify says what is wrong with it")
            };
            is_of.then_some(&stamp.bytes[..]).ok_or_else(damaged)
        })
        .collect()
    };
    if is_alone {
        return Ok(vec![of(&|kept| kept.note.checkpoint == newest.checkpoint)?]);
    }
    kept.notes.iter().map(|note| of(&|kept| kept == note)).collect()
}

/// What goes into a bundle.
pub(super) struct Chosen {
    of: String,
    /// The positions of its lines.
    pub(super) events: BTreeSet<u64>,
    pub(super) left_out: Vec<u64>,
    /// Whether the newest checkpoint alone goes with it.
    is_alone: bool,
    /// The deal that it is of.
    deal: Option<String>,
    pub(super) tables: Tables,
}

impl Chosen {
    fn of(what: &str, session: &Session, kept: &Found, context: &Context) -> Result<Self, Failure> {
        // Line 1 says whose ledger it is, and where the key was replaced is needed to know who signs.
        let everything = |of: String, events: BTreeSet<u64>| Self {
            of,
            events,
            left_out: Vec::new(),
            is_alone: false,
            deal: None,
            tables: Tables::None,
        };
        if what == "all" {
            let size = kept.notes.last().map_or(1, |kept| kept.note.checkpoint.size);
            return Ok(everything("all events".to_owned(), (1..=size).collect()));
        }
        let Ok(period) = Period::parse(what, context.today()) else { return Self::of_deal(what, session) };
        let before = |moment| session.resolve(&Point::During(Period { from: moment, until: moment })).map(|head| head.seq);
        let (from, until) = (before(period.from)?, before(period.until)?);
        if from == until {
            return Err(Failure::new(Code::E0301, format!("nothing was recorded in {what}"))
                .because("a period is that in which events were recorded, not that in which they took effect")
                .hint("dealbook log"));
        }
        let mut events: BTreeSet<u64> = (from + 1..=until).collect();
        events.insert(1);
        events.extend(rotations(session, until)?);
        Ok(everything(format!("events recorded from {} on, before {}", period.from, period.until), events))
    }

    /// Every event of a deal, and nothing of others.
    pub(super) fn of_deal(id: &str, session: &Session) -> Result<Self, Failure> {
        let states = session.states()?;
        let basis = Basis::at(session.head().seq);
        let deal = deal::the_one(id, &states, basis)?;
        let own = trace::agreements_of(&deal, &states, basis);
        let mut events = trace::of_deal(&deal, &states, basis);
        events.insert(1);
        // What is about an event stands behind it, so one way through the ledger finds all of it.
        let mut of_others = BTreeSet::new();
        let mut payouts: BTreeMap<u64, (String, String)> = BTreeMap::new();
        let mut shared: BTreeSet<(String, String)> = BTreeSet::new();
        let (mut people, mut approvers): (Vec<(u64, Actor)>, BTreeSet<Actor>) = (Vec::new(), BTreeSet::new());
        scan(session.source.read(1)?, Head::EMPTY, Depth::Entries, |checked| {
            for entry in &checked.entries {
                let about = match &entry.event {
                    Event::EntryApproved(it) => Some(it.entry),
                    Event::EntryConfirmed(it) => Some(it.entry),
                    Event::EntryCorrected(it) => Some(it.entry),
                    Event::SourceRestated(it) => it.replaces.or(it.precedes),
                    _ => None,
                };
                if about.is_some_and(|about| events.contains(&about)) || matches!(entry.event, Event::KeyRotated(_)) {
                    events.insert(entry.seq);
                }
                if let Event::PersonRegistered(person) = &entry.event {
                    people.push((entry.seq, person.person.clone()));
                }
                let facts = Facts::of(&entry.event);
                let recipient = facts.text("recipient").unwrap_or_default().to_owned();
                let agreement = facts.text("agreement");
                let is_of_others = agreement.is_some_and(|agreement| !own.contains(agreement));
                if let Some(payout) = facts.text("disbursement").filter(|_| is_of_others) {
                    shared.insert((recipient.clone(), payout.to_owned()));
                }
                if events.contains(&entry.seq) {
                    if is_of_others {
                        of_others.insert(entry.seq);
                    }
                    if agreement.is_none()
                        && let Some(id) = own_id(entry)
                    {
                        payouts.insert(entry.seq, (recipient, id.to_owned()));
                    }
                    if matches!(entry.event, Event::EntryApproved(_)) {
                        approvers.insert(entry.actor.clone());
                    }
                }
            }
            Ok::<(), ScanError>(())
        })?;
        // A payout that paid other deals too says what those came to.
        of_others.extend(payouts.into_iter().filter(|(_, payout)| shared.contains(payout)).map(|(seq, _)| seq));
        events.extend(people.into_iter().filter(|(_, person)| approvers.contains(person)).map(|(seq, _)| seq));
        // What is about what was left out is left out too.
        events.retain(|seq| !of_others.contains(seq));
        let left_out = of_others.into_iter().collect();
        Ok(Self { of: format!("deal {deal}"), events, left_out, is_alone: true, deal: Some(deal), tables: Tables::None })
    }
}

/// Where the key that signs was replaced.
fn rotations(session: &Session, until: u64) -> Result<BTreeSet<u64>, Failure> {
    let mut found = BTreeSet::new();
    scan(session.source.read(1)?, Head::EMPTY, Depth::Entries, |checked| {
        let rotated = checked.entries.iter().filter(|entry| entry.seq <= until && matches!(entry.event, Event::KeyRotated(_)));
        found.extend(rotated.map(|entry| entry.seq));
        Ok::<(), ScanError>(())
    })?;
    Ok(found)
}
