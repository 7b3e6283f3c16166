//! Control totals: what came in is what was put into classes, row by row and to the last decimal, or the result is not given.

use std::collections::BTreeMap;

use super::intake::{Laid, SectionKey};
use super::matching::{Match, Outcome};
use super::{Class, File, Reconciled, Tolerated};
use crate::id::AccountId;
use crate::money::Currency;
use crate::statement::{Exact, Side, Subject};

/// How many, how much, and how much signs aside.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows of a statement, or lines of the ledger.
    pub lines: u64,
    /// The sum.
    pub net: Exact,
    /// The sum, signs aside.
    pub gross: Exact,
}

/// Sums without surprise.
pub(super) const fn plus(one: i128, other: i128) -> Option<i128> {
    one.checked_add(other)
}

impl Counts {
    pub(super) fn add(&mut self, lines: u64, net: i128, gross: Option<i128>) -> Option<()> {
        let (net, gross) = (plus(self.net.parts(), net)?, plus(self.gross.parts(), gross?)?);
        *self = Self { lines: self.lines + lines, net: Exact::of_parts(net), gross: Exact::of_parts(gross) };
        Some(())
    }

    fn join(&mut self, other: Self) -> Option<()> {
        self.add(other.lines, other.net.parts(), Some(other.gross.parts()))
    }
}

/// What was compared of one side, subject, scope and currency. It ties: `billed.net - ledger.net = breaks + tolerated + provisional`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Whose view.
    pub side: Side,
    /// What it is about.
    pub subject: Subject,
    /// Whose statement.
    pub scope: AccountId,
    /// In which currency.
    pub currency: Currency,
    /// Rows by class.
    pub classes: BTreeMap<Class, Counts>,
    /// The ledger's lines by class.
    pub held: BTreeMap<Class, Counts>,
    /// What was billed and compared.
    pub billed: Counts,
    /// What the ledger has.
    pub ledger: Counts,
    /// What the breaks come to, net.
    pub breaks: Exact,
    /// What they come to, signs aside.
    pub breaks_gross: Exact,
    /// What was tolerated, net.
    pub tolerated: Exact,
    /// What was tolerated, signs aside.
    pub tolerated_gross: Exact,
    /// What provisional lines leave open.
    pub provisional: Exact,
}

impl Section {
    /// What was billed more than the ledger has.
    pub fn difference(&self) -> Exact {
        Exact::of_parts(self.billed.net.parts() - self.ledger.net.parts())
    }
}

/// The totals do not tie.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Untied {
    /// A sum has more digits than there is room for.
    #[error("a sum has more digits than there is room for")]
    TooLarge,
    /// Rows of a section came in that are in no class, or in two.
    #[error("rows of {0} are not each in one class: {1} came in, {2} are in a class")]
    Rows(String, String, String),
    /// Lines of the ledger are in no outcome, or in two.
    #[error("lines of the ledger of {0} are not each in one outcome: {1} are inside, {2} are in one")]
    Lines(String, String, String),
    /// The money identity does not hold.
    #[error("{0}: billed - ledger is {1}, and breaks, tolerated and provisional come to {2}")]
    Money(String, String, String),
    /// Rows of the files are in no class.
    #[error("the files have {0} rows, and {1} are in a class")]
    Files(u64, u64),
}

/// Proves that nothing was lost, and gives the result.
pub(super) fn prove(match_: Match<'_>, files: Vec<File>) -> Result<Reconciled, Untied> {
    let (laid, outcomes, breaks) = match_.done();
    let mut sections: BTreeMap<SectionKey, Section> = BTreeMap::new();
    let mut classes = laid.aside.clone();
    let mut sorted = files;
    sorted.sort_by_key(|file| file.digest);
    let left_out: u64 = sorted.iter().map(|file| file.left_out).sum();
    if left_out > 0 {
        classes.insert(Class::LeftOut, left_out);
    }
    let mut tolerated = Vec::new();
    for outcome in &outcomes {
        take(outcome, laid, &mut sections, &mut classes, &mut tolerated).ok_or(Untied::TooLarge)?;
    }
    for (key, section) in &sections {
        tie(*key, section, laid)?;
    }
    // What came in and is in no section at all.
    let lost = |(key, counts): (&SectionKey, &Counts)| !sections.contains_key(key) && laid.repeated.get(key) != Some(counts);
    if let Some((key, counts)) = laid.taken.iter().find(|found| lost(*found)) {
        return Err(Untied::Rows(named(*key), told(counts), told(&Counts::default())));
    }
    if let Some((key, counts)) = laid.expected.iter().find(|(key, _)| !sections.contains_key(key)) {
        return Err(Untied::Lines(named(*key), told(counts), told(&Counts::default())));
    }
    let (rows, classed) = (sorted.iter().map(|file| file.rows).sum(), classes.values().sum());
    if rows != classed {
        return Err(Untied::Files(rows, classed));
    }
    let sections = sections.into_values().collect();
    Ok(Reconciled { files: sorted, sections, classes, breaks, tolerated })
}

/// Adds an outcome to its sections.
fn take(
    outcome: &Outcome,
    laid: &Laid,
    sections: &mut BTreeMap<SectionKey, Section>,
    classes: &mut BTreeMap<Class, u64>,
    tolerated: &mut Vec<Tolerated>,
) -> Option<()> {
    // By section, what the outcome leaves between the two: of one currency it is a number, of two there are two.
    let mut apart: BTreeMap<SectionKey, i128> = BTreeMap::new();
    for at in &outcome.units {
        let unit = &laid.units[*at as usize];
        let key = (unit.side, unit.subject, unit.scope, unit.currency);
        let section = section(sections, key);
        section.classes.entry(outcome.class).or_default().add(unit.count, unit.amount, Some(unit.gross))?;
        if outcome.class.is_compared() {
            section.billed.add(unit.count, unit.amount, Some(unit.gross))?;
            let apart = apart.entry(key).or_default();
            *apart = plus(*apart, unit.amount)?;
        }
        if unit.count > 0 {
            *classes.entry(outcome.class).or_default() += unit.count;
        }
    }
    for at in &outcome.held {
        let of = &laid.held[*at as usize];
        // A line of another period or scope explains a break, and is no part of what the ledger has here.
        if of.inside || outcome.class == Class::SelfCompared {
            let key = (of.held.side, of.held.subject, of.held.scope, of.held.currency);
            let section = section(sections, key);
            section.ledger.add(1, of.amount, of.amount.checked_abs())?;
            section.held.entry(outcome.class).or_default().add(1, of.amount, of.amount.checked_abs())?;
            let apart = apart.entry(key).or_default();
            *apart = apart.checked_sub(of.amount)?;
        }
    }
    for (key, apart) in apart {
        let section = section(sections, key);
        let (net, gross) = match outcome.class {
            Class::Broken => (&mut section.breaks, Some(&mut section.breaks_gross)),
            Class::Tolerated => (&mut section.tolerated, Some(&mut section.tolerated_gross)),
            Class::Provisional => (&mut section.provisional, None),
            // What matches leaves nothing; if it does, the identity does not hold.
            _ => continue,
        };
        *net = Exact::of_parts(plus(net.parts(), apart)?);
        if let Some(gross) = gross {
            *gross = Exact::of_parts(plus(gross.parts(), apart.checked_abs()?)?);
        }
    }
    if outcome.class == Class::Tolerated
        && let Some(unit) = outcome.units.first().map(|at| &laid.units[*at as usize])
    {
        tolerated.push(Tolerated {
            side: unit.side,
            subject: unit.subject,
            scope: unit.scope,
            currency: unit.currency,
            invoice: laid.text(unit.attributes[super::intake::INVOICE]).map(str::to_owned),
            billed: sum(outcome.units.iter().map(|at| laid.units[*at as usize].amount))?,
            ledger: sum(outcome.held.iter().map(|at| laid.held[*at as usize].amount))?,
            events: outcome.held.iter().flat_map(|at| laid.held[*at as usize].held.events.clone()).collect(),
        });
    }
    Some(())
}

fn sum(mut amounts: impl Iterator<Item = i128>) -> Option<Exact> {
    amounts.try_fold(0, plus).map(Exact::of_parts)
}

fn section(sections: &mut BTreeMap<SectionKey, Section>, key: SectionKey) -> &mut Section {
    let (side, subject, scope, currency) = key;
    sections.entry(key).or_insert_with(|| Section {
        side,
        subject,
        scope,
        currency,
        classes: BTreeMap::new(),
        held: BTreeMap::new(),
        billed: Counts::default(),
        ledger: Counts::default(),
        breaks: Exact::ZERO,
        breaks_gross: Exact::ZERO,
        tolerated: Exact::ZERO,
        tolerated_gross: Exact::ZERO,
        provisional: Exact::ZERO,
    })
}

/// Holds a section against what came in.
fn tie(key: SectionKey, section: &Section, laid: &Laid) -> Result<(), Untied> {
    let mut classed = laid.repeated.get(&key).copied().unwrap_or_default();
    for counts in section.classes.values() {
        classed.join(*counts).ok_or(Untied::TooLarge)?;
    }
    let taken = laid.taken.get(&key).copied().unwrap_or_default();
    if classed != taken {
        return Err(Untied::Rows(named(key), told(&taken), told(&classed)));
    }
    let compared_with_itself = section.classes.contains_key(&Class::SelfCompared);
    let expected = laid.expected.get(&key).copied().unwrap_or_default();
    if section.ledger != expected && !compared_with_itself {
        return Err(Untied::Lines(named(key), told(&expected), told(&section.ledger)));
    }
    let explained = [section.breaks, section.tolerated, section.provisional].iter().map(|part| part.parts()).try_fold(0, plus);
    let difference = section.billed.net.parts().checked_sub(section.ledger.net.parts());
    if explained.is_none() || explained != difference {
        let told = |parts: Option<i128>| parts.map_or_else(|| "too large".to_owned(), |parts| Exact::of_parts(parts).in_cents());
        return Err(Untied::Money(named(key), told(difference), told(explained)));
    }
    Ok(())
}

fn named((side, subject, scope, currency): SectionKey) -> String {
    format!("{} {}, {scope}, {currency}", side.as_str(), subject.as_str())
}

fn told(counts: &Counts) -> String {
    format!("{} of {} ({} gross)", counts.lines, counts.net.in_cents(), counts.gross.in_cents())
}
