//! Closing the month: what was reconciled, how each break stands, and which months are closed.
//!
//! A break is open from the first reconciliation that finds it. It ends when it is resolved or accepted, or when a later reconciliation of the
//! same side, scope and month no longer finds it. Nothing of it is ever taken away: what was open when can be asked at any position.

mod after;
mod evidence;
mod posting;
mod posts;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Projection, json_of, load_json};
use crate::book::Book;
use crate::event::close::{CloseRestated, ClosedReport, PeriodClosed, ReconciliationSealed, SealedBreak};
use crate::event::{Entry, Event};
use crate::id::{AccountId, Actor};
use crate::money::{Amount, Currency};
use crate::reconcile::{Kind, ToldElsewhere};
use crate::statement::{Exact, Side, Subject};
use crate::time::Instant;

pub use after::{Figure, dated, figures, figures_of, is_dated};
pub use evidence::{Evidence, evidence};
pub use posting::{NOTHING_CLOSED, Shut, Shuts};
pub use posts::Differences;

/// A reconciliation that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// Position of its first part.
    pub seq: u64,
    /// Position of its last part; the run counts when all are there.
    pub last: u64,
    /// Who made it.
    pub actor: Actor,
    /// When it was recorded.
    pub recorded_at: Instant,
    /// What came out: its parts put together.
    pub sealed: ReconciliationSealed,
}

/// Something a person did about a break.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Act {
    seq: u64,
    id: String,
    actor: Actor,
    effective_at: Instant,
    event: Event,
}

/// A close that was prepared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Close {
    /// Position of its first part: what is approved is its last.
    pub seq: u64,
    /// Position of its last part.
    pub last: u64,
    /// Who prepared it.
    pub actor: Actor,
    /// When it was recorded.
    pub recorded_at: Instant,
    /// What it says: its parts put together.
    pub closed: PeriodClosed,
}

/// What closed reports come to by another version of the program, as somebody prepared it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restatement {
    /// Position of its first part: what is approved is its last.
    pub seq: u64,
    /// Position of its last part.
    pub last: u64,
    /// Who prepared it.
    pub actor: Actor,
    /// What it says: its parts put together.
    pub restated: CloseRestated,
}

/// How a break stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nobody has explained it.
    Open,
    /// It is under way, and waits.
    Waiting,
    /// It was explained, for this reason, at this position.
    Resolved(String, u64),
    /// Its difference was accepted, and waits for a second person.
    Pending(u64),
    /// Its difference was accepted.
    Accepted(u64),
    /// A later reconciliation no longer finds it.
    Cleared(u64),
}

impl State {
    /// As programs and people read it.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Waiting => "waiting",
            Self::Resolved(..) => "resolved",
            Self::Pending(_) => "pending",
            Self::Accepted(_) => "accepted",
            Self::Cleared(_) => "cleared",
        }
    }

    /// Whether something is still to be done about it.
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Open | Self::Pending(_))
    }
}

/// A break, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// As the last reconciliation that found it tells it.
    pub told: SealedBreak,
    /// The first moment of its month.
    pub month: Instant,
    /// The reconciliations that found it, by position.
    pub runs: Vec<u64>,
    /// When the first of them was recorded.
    pub first: Instant,
    /// How it stands.
    pub state: State,
    /// Who looks after it.
    pub owner: Option<Actor>,
    /// What was done about it: position and what.
    pub history: Vec<(u64, String)>,
}

impl Found {
    /// What was billed less what the ledger has, when eight decimals say it.
    pub fn difference(&self) -> Amount {
        difference(&self.told)
    }
}

/// What was billed less what the ledger has, rounded half up to eight decimals.
pub fn difference(told: &SealedBreak) -> Amount {
    let exact = |text: &str| text.parse::<Exact>().unwrap_or_default();
    exact(&told.billed).checked_sub(exact(&told.ledger)).unwrap_or_default().rounded().0
}

/// The fold.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Closing {
    runs: Vec<Run>,
    acts: Vec<Act>,
    closes: Vec<Close>,
    // What was saved before there were any says the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    restated: Vec<Restatement>,
    /// Entries of these that were taken back, and by which.
    corrected: BTreeMap<u64, u64>,
}

impl Closing {
    /// The reconciliations whose parts are all there by a position, in recorded order.
    pub fn runs(&self, known_at: u64) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(move |run| run.last <= known_at && run.sealed.part == run.sealed.parts)
    }

    /// The closes whose parts are all there by a position, in recorded order.
    pub fn closes(&self, known_at: u64) -> impl Iterator<Item = &Close> {
        let stands = move |close: &&Close| {
            let whole = close.last <= known_at && close.closed.part == close.closed.parts;
            whole && self.corrected.get(&close.seq).is_none_or(|by| *by > known_at)
        };
        self.closes.iter().filter(stands)
    }

    /// The close of a month that is in force: prepared by one and signed by another; the last one.
    pub fn closed(&self, month: Instant, book: &Book, known_at: u64) -> Option<&Close> {
        self.closes(known_at).filter(|close| close.closed.month == month && is_signed(close, book, known_at)).last()
    }

    /// The close that is in force for a month, and the position of the signature since which it is.
    pub fn in_force(&self, month: Instant, book: &Book, known_at: u64) -> Option<(&Close, u64)> {
        let close = self.closed(month, book, known_at)?;
        Some((close, signed_at(close, book, known_at)?))
    }

    /// The restatements of a close that are in force, the last one last: each has the signature of somebody else.
    pub fn restatements(&self, close: &Close, book: &Book, known_at: u64) -> impl Iterator<Item = &Restatement> {
        let seq = close.seq;
        self.restated.iter().filter(move |told| {
            let whole = told.last <= known_at && told.restated.part == told.restated.parts;
            whole && told.restated.close == seq && signed_by_another(told.last, &told.actor, book, known_at).is_some()
        })
    }

    /// A closed report as it stands: as it was closed, or as it was restated last, and where.
    pub fn stands<'a>(&'a self, close: &'a Close, report: &str, book: &Book, known_at: u64) -> Option<(&'a ClosedReport, Option<u64>)> {
        let restated =
            self.restatements(close, book, known_at).filter_map(|told| Some((find(&told.restated.reports, report)?, Some(told.seq))));
        restated.last().or_else(|| Some((find(&close.closed.reports, report)?, None)))
    }

    /// The months that are closed, with the position from which on they are.
    pub fn closed_months(&self, book: &Book, known_at: u64) -> BTreeMap<Instant, u64> {
        let mut months = BTreeMap::new();
        for close in self.closes(known_at) {
            if let Some(at) = signed_at(close, book, known_at) {
                months.entry(close.closed.month).or_insert(at);
            }
        }
        months
    }

    /// The close that waits for a second person, when there is one.
    pub fn prepared(&self, month: Instant, book: &Book, known_at: u64) -> Option<&Close> {
        self.closes(known_at).filter(|close| close.closed.month == month).last().filter(|close| !is_signed(close, book, known_at))
    }

    /// Every break that was ever found, in the order in which they were found, as they stood at a position.
    pub fn breaks(&self, book: &Book, known_at: u64) -> Vec<Found> {
        self.breaks_of(|_| true, book, known_at)
    }

    /// The same, of some months alone.
    fn breaks_of(&self, wanted: impl Fn(Instant) -> bool, book: &Book, known_at: u64) -> Vec<Found> {
        let mut found: Vec<Found> = Vec::new();
        let mut place: BTreeMap<String, usize> = BTreeMap::new();
        let mut acts = self.acts(known_at).peekable();
        for run in self.runs(known_at).filter(|run| wanted(run.sealed.month)) {
            while let Some(act) = acts.next_if(|act| act.seq < run.seq) {
                apply(act, &mut found, &place, book, known_at);
            }
            take(run, &mut found, &mut place);
        }
        acts.for_each(|act| apply(act, &mut found, &place, book, known_at));
        found
    }

    /// The first moment of the month of a break.
    pub fn month_of(&self, id: &str) -> Option<Instant> {
        self.runs.iter().find(|run| run.sealed.breaks.iter().any(|told| told.id.as_str() == id)).map(|run| run.sealed.month)
    }

    /// Whether a line of another month was matched there: the month was reconciled for its side, subject and scope, and no break names it.
    pub fn is_settled(&self, (side, subject): (Side, Subject), scope: AccountId, month: Instant, invoice: &str) -> bool {
        let of = (side.as_str(), subject.as_str(), scope);
        let Some(run) = self.runs(u64::MAX).filter(|run| run.sealed.month == month && run.covers(of)).last() else { return false };
        let is_it = |told: &SealedBreak| tells((&told.side, &told.subject), (of.0, of.1)) && told.scope == scope;
        !run.sealed.breaks.iter().any(|told| is_it(told) && told.invoice.as_deref() == Some(invoice))
    }

    /// The runs that are known, each with what of it no later run of its month compares again.
    fn standing(&self, known_at: u64) -> Vec<(&Run, BTreeSet<Of<'_>>)> {
        let runs: Vec<&Run> = self.runs(known_at).collect();
        let stands = |at: usize| {
            let run = runs[at];
            let later = || runs[at + 1..].iter().filter(|later| later.sealed.month == run.sealed.month);
            (run, run.sealed.of().filter(|of| !later().any(|later| later.covers(*of))).collect())
        };
        (0..runs.len()).map(stands).collect()
    }

    /// Lines that statements of other months told, and the ledger has in this one: with the month in which they were told.
    pub fn told_elsewhere(&self, month: Instant) -> BTreeMap<ToldElsewhere, Instant> {
        let mut told = BTreeMap::new();
        let mut sums: BTreeMap<(Side, &str, AccountId, String), (Exact, Instant)> = BTreeMap::new();
        for (run, of) in self.standing(u64::MAX).into_iter().filter(|(run, _)| run.sealed.month != month) {
            let stands = |told: &&SealedBreak| of.contains(&(told.side.as_str(), told.subject.as_str(), told.scope));
            for found in run.sealed.breaks.iter().filter(|told| told.code == Kind::Timing.code()).filter(stands) {
                let side = Side::ALL.iter().copied().find(|side| side.as_str() == found.side);
                let billed = found.billed.parse::<Exact>().ok().filter(|billed| !billed.is_zero());
                if let (Some(side), Some(billed), Some(invoice)) = (side, billed, &found.invoice) {
                    told.insert((side, found.scope, invoice.clone(), billed), run.sealed.month);
                    let sum =
                        sums.entry((side, found.subject.as_str(), found.scope, invoice.clone())).or_insert((Exact::ZERO, run.sealed.month));
                    *sum = (sum.0.checked_add(billed).unwrap_or(sum.0), sum.1.max(run.sealed.month));
                }
            }
        }
        // What AWS cut into several lines is one in the ledger.
        for ((side, _, scope, invoice), (sum, month)) in sums {
            told.entry((side, scope, invoice, sum)).or_insert(month);
        }
        told
    }

    /// What was sent to banks before a month and was under way when its own month ended: who is paid, and the trace. It follows from what was
    /// reconciled of earlier months alone, so that a month that is reconciled again looks for the same.
    pub fn under_way(&self, book: &Book, month: Instant) -> BTreeSet<(AccountId, String)> {
        let waits = |found: &Found| !matches!(found.state, State::Cleared(_) | State::Accepted(_));
        let earlier = self.breaks_of(|of| of < month, book, u64::MAX);
        let all = earlier.into_iter().filter(|found| waits(found) && is_under_way(&found.told));
        all.filter_map(|found| Some((found.told.scope, found.told.invoice?))).collect()
    }

    /// Whose bank lists of later months are reconciled.
    pub fn later_banks(&self, month: Instant) -> BTreeSet<AccountId> {
        let later = self.runs(u64::MAX).filter(|run| run.sealed.month > month);
        later.flat_map(|run| run.sealed.sections.iter().filter(|section| section.side == BANK).map(|section| section.scope)).collect()
    }

    /// What was done about breaks and stands at a position.
    fn acts(&self, known_at: u64) -> impl Iterator<Item = &Act> {
        self.acts.iter().filter(move |act| act.seq <= known_at && self.corrected.get(&act.seq).is_none_or(|by| *by > known_at))
    }

    /// What differences were accepted, as they stand at a position: where, how much, in which currency, of which break.
    pub fn accepted(&self, known_at: u64) -> impl Iterator<Item = (u64, Instant, &crate::event::close::DifferenceAccepted)> {
        self.acts(known_at).filter_map(|act| match &act.event {
            Event::DifferenceAccepted(it) => Some((act.seq, act.effective_at, &**it)),
            _ => None,
        })
    }

    fn take_in(&mut self, event: &Event, entry: &Entry) {
        let act = |id: &crate::id::Reference| Act {
            seq: entry.seq,
            id: id.to_string(),
            actor: entry.actor.clone(),
            effective_at: entry.effective_at,
            event: event.clone(),
        };
        match event {
            Event::ReconciliationSealed(it) if it.part == 1 => self.runs.push(Run {
                seq: entry.seq,
                last: entry.seq,
                actor: entry.actor.clone(),
                recorded_at: entry.recorded_at,
                sealed: (**it).clone(),
            }),
            Event::ReconciliationSealed(it) => {
                if let Some(run) = self.runs.last_mut().filter(|run| run.last + 1 == entry.seq && run.sealed.part + 1 == it.part) {
                    run.last = entry.seq;
                    run.sealed.part = it.part;
                    run.sealed.files.extend(it.files.iter().cloned());
                    run.sealed.breaks.extend(it.breaks.iter().cloned());
                    run.sealed.sections.extend(it.sections.iter().cloned());
                    run.sealed.tolerated.extend(it.tolerated.iter().cloned());
                }
            }
            Event::BreakAssigned(it) => self.acts.push(act(&it.id)),
            Event::BreakResolved(it) => self.acts.push(act(&it.id)),
            Event::DifferenceAccepted(it) => self.acts.push(act(&it.id)),
            Event::PeriodClosed(it) if it.part == 1 => self.closes.push(Close {
                seq: entry.seq,
                last: entry.seq,
                actor: entry.actor.clone(),
                recorded_at: entry.recorded_at,
                closed: PeriodClosed { reports: whole(&it.reports), ..(**it).clone() },
            }),
            Event::PeriodClosed(it) => {
                if let Some(close) = self.closes.last_mut().filter(|close| close.last + 1 == entry.seq && close.closed.part + 1 == it.part)
                {
                    close.last = entry.seq;
                    close.closed.part = it.part;
                    ClosedReport::put_together(&mut close.closed.reports, &it.reports);
                }
            }
            Event::CloseRestated(it) if it.part == 1 => self.restated.push(Restatement {
                seq: entry.seq,
                last: entry.seq,
                actor: entry.actor.clone(),
                restated: CloseRestated { reports: whole(&it.reports), ..(**it).clone() },
            }),
            Event::CloseRestated(it) => {
                let follows = |told: &&mut Restatement| told.last + 1 == entry.seq && told.restated.part + 1 == it.part;
                if let Some(told) = self.restated.last_mut().filter(follows) {
                    told.last = entry.seq;
                    told.restated.part = it.part;
                    ClosedReport::put_together(&mut told.restated.reports, &it.reports);
                }
            }
            _ => (),
        }
    }
}

/// Whether a close has the signature of somebody else.
fn is_signed(close: &Close, book: &Book, known_at: u64) -> bool {
    signed_at(close, book, known_at).is_some()
}

/// Where a close got the signature of somebody else.
fn signed_at(close: &Close, book: &Book, known_at: u64) -> Option<u64> {
    signed_by_another(close.last, &close.actor, book, known_at)
}

/// Where an entry got the signature of somebody else than its actor.
fn signed_by_another(seq: u64, actor: &Actor, book: &Book, known_at: u64) -> Option<u64> {
    let signed = book.approvals(seq).filter(|approval| approval.signed && approval.by != *actor && approval.seq <= known_at);
    signed.map(|approval| approval.seq).min()
}

/// The pieces of reports, those of one report put together.
fn whole(pieces: &[ClosedReport]) -> Vec<ClosedReport> {
    let mut whole = Vec::new();
    ClosedReport::put_together(&mut whole, pieces);
    whole
}

fn find<'a>(reports: &'a [ClosedReport], name: &str) -> Option<&'a ClosedReport> {
    reports.iter().find(|report| report.report == name)
}

/// What is compared: side, subject and scope.
type Of<'a> = (&'a str, &'a str, AccountId);

impl ReconciliationSealed {
    fn of(&self) -> impl Iterator<Item = Of<'_>> {
        self.sections.iter().map(|section| (section.side.as_str(), section.subject.as_str(), section.scope))
    }
}

impl Run {
    /// Whether it compares something.
    fn covers(&self, (side, subject, scope): Of<'_>) -> bool {
        self.sealed.of().any(|(of_side, of_subject, of)| of == scope && tells((of_side, of_subject), (side, subject)))
    }
}

/// Whether what tells one thing tells the other: a bill tells all of a payer, a list of invoices and a seller's report what it is about.
fn tells(one: (&str, &str), other: (&str, &str)) -> bool {
    one == other || one.0 == other.0 && one.0 == Side::Buyer.as_str() && one.1 != Subject::Invoice.as_str()
}

const BANK: &str = Side::Bank.as_str();

/// Whether it is a payout that was sent in the last days of its month, and has not arrived.
fn is_under_way(told: &SealedBreak) -> bool {
    told.side == BANK && told.code == Kind::Timing.code() && told.rows == 0
}

/// Takes a reconciliation in: what it finds, and what it no longer does.
fn take(run: &Run, found: &mut Vec<Found>, place: &mut BTreeMap<String, usize>) {
    let here: BTreeSet<&str> = run.sealed.breaks.iter().map(|told| told.id.as_str()).collect();
    let covers = |told: &SealedBreak| run.covers((&told.side, &told.subject, told.scope));
    for known in found.iter_mut().filter(|known| known.month == run.sealed.month && !here.contains(known.told.id.as_str())) {
        if covers(&known.told) && !matches!(known.state, State::Cleared(_)) {
            known.state = State::Cleared(run.seq);
            known.history.push((run.seq, "no longer found".to_owned()));
        }
    }
    // What was under way at the end of a month is looked for in the next one.
    for known in found.iter_mut().filter(|known| known.month < run.sealed.month && is_under_way(&known.told)) {
        let is_its_bank = run.sealed.sections.iter().any(|section| section.side == BANK && section.scope == known.told.scope);
        if is_its_bank && !matches!(known.state, State::Cleared(_) | State::Accepted(_)) {
            known.state = State::Cleared(run.seq);
            known.history.push((run.seq, format!("looked for in {}", &run.sealed.month.to_string()[..7])));
        }
    }
    for told in &run.sealed.breaks {
        let id = told.id.to_string();
        let Some(at) = place.get(&id) else {
            place.insert(id, found.len());
            found.push(Found {
                told: told.clone(),
                month: run.sealed.month,
                runs: vec![run.seq],
                first: run.recorded_at,
                state: State::Open,
                owner: None,
                history: vec![(run.seq, "found".to_owned())],
            });
            continue;
        };
        let known = &mut found[*at];
        let same = (&known.told.billed, &known.told.ledger, &known.told.code) == (&told.billed, &told.ledger, &told.code);
        known.runs.push(run.seq);
        if matches!(known.state, State::Cleared(_)) {
            known.state = State::Open;
            known.history.push((run.seq, "found again".to_owned()));
        } else if !same {
            // What was said of it was said of something else.
            known.state = State::Open;
            known.history.push((run.seq, format!("now {}, billed {}, ledger {}", told.code, told.billed, told.ledger)));
        }
        known.told = told.clone();
    }
}

/// Takes in what a person did about a break.
fn apply(act: &Act, found: &mut [Found], place: &BTreeMap<String, usize>, book: &Book, known_at: u64) {
    let Some(known) = place.get(&act.id).map(|at| &mut found[*at]) else { return };
    match &act.event {
        Event::BreakAssigned(it) => {
            known.owner = Some(it.person.clone());
            known.history.push((act.seq, format!("assigned to {} by {}", it.person, act.actor)));
        }
        Event::BreakResolved(it) => {
            known.state = if it.reason == "timing" { State::Waiting } else { State::Resolved(it.reason.clone(), act.seq) };
            known.history.push((act.seq, format!("{} by {}", it.reason, act.actor)));
        }
        Event::DifferenceAccepted(it) => {
            let magnitude = if it.amount.is_negative() { it.amount.negated() } else { it.amount };
            let alone = magnitude <= book.may_accept_alone(it.currency, act.effective_at, known_at);
            let second = book.approvals(act.seq).any(|approval| approval.signed && approval.by != act.actor && approval.seq <= known_at);
            known.state = if alone || second { State::Accepted(act.seq) } else { State::Pending(act.seq) };
            known.history.push((act.seq, format!("accepted by {}", act.actor)));
        }
        _ => (),
    }
}

impl Projection for Closing {
    fn name(&self) -> &'static str {
        "closing"
    }

    fn version(&self) -> u32 {
        1
    }

    fn evolve(&mut self, entry: &Entry) {
        match &entry.event {
            Event::EntryCorrected(it) => {
                if self.acts.iter().any(|act| act.seq == it.entry) || self.closes.iter().any(|close| close.seq == it.entry) {
                    self.corrected.entry(it.entry).or_insert(entry.seq);
                }
                if let Some(replacement) = &it.replacement {
                    self.take_in(replacement, entry);
                }
            }
            event => self.take_in(event, entry),
        }
    }

    fn save(&self) -> Vec<u8> {
        json_of(self)
    }

    fn load(&mut self, bytes: &[u8]) -> bool {
        load_json(self, bytes)
    }

    fn totals(&self) -> Vec<(String, String)> {
        let count = |name: &str, count: usize| (name.to_owned(), count.to_string());
        vec![count("reconciliations", self.runs.len()), count("acts on breaks", self.acts.len()), count("closes", self.closes.len())]
    }
}

/// What is open in a month, signs aside, by currency.
pub fn open_by_currency(found: &[Found], month: Instant) -> BTreeMap<Currency, (u64, Amount)> {
    let mut open: BTreeMap<Currency, (u64, Amount)> = BTreeMap::new();
    for known in found.iter().filter(|known| known.month == month && known.state.is_open()) {
        let difference = known.difference();
        let magnitude = if difference.is_negative() { difference.negated() } else { difference };
        let (count, sum) = open.entry(known.told.currency).or_insert((0, Amount::ZERO));
        *count += 1;
        *sum = Amount::from_units(sum.units() + magnitude.units());
    }
    open
}
