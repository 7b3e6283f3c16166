//! Drawing: the population of a question as a fold of the lines, its strata, and what is selected of each.

use std::collections::BTreeMap;

use super::{Drawn, Facts, Part, Picked, PickedRow, Question, Sample, Standing, Stratum};
use crate::chain::Hash;
use crate::event::{Entry, Event};
use crate::money::{Amount, Currency};

/// The items of a stratum: line and amount, in order.
type Items = Vec<(u64, Option<Amount>)>;

/// Draws a sample as a fold of the lines.
#[derive(Debug)]
pub struct Drawing {
    question: Question,
    standing: Standing,
    /// The files that were imported, by the last import of each: digest, path, rows, and where what it had read before was recorded.
    files: BTreeMap<u64, (Hash, String, u64, Vec<u64>)>,
    /// Lines by import and row, of rows alone.
    found: BTreeMap<(u64, u64), Vec<u64>>,
}

impl Drawing {
    /// Begins one.
    pub fn new(question: Question) -> Self {
        Self { question, standing: Standing::default(), files: BTreeMap::new(), found: BTreeMap::new() }
    }

    /// Takes the next line; lines behind the checkpoint are no part of it.
    pub fn take(&mut self, entry: &Entry) {
        if entry.seq > self.question.checkpoint {
            return;
        }
        if !self.question.rows {
            return self.standing.take(entry, |event| self.question.is_of_type(event));
        }
        if let Some((import, row)) = entry.source.as_ref().and_then(|source| source.import.zip(source.row)) {
            self.found.entry((import, row)).or_default().push(entry.seq);
        }
        if let Event::SourceImported(file) = &entry.event {
            // A file that grew is one file: where it was not written anew, its first rows were recorded when they came.
            let before = file.replaces.and_then(|replaced| self.files.remove(&replaced)).map(|(.., imports)| imports);
            let imports = before.filter(|_| !file.rewritten).unwrap_or_default().into_iter().chain([entry.seq]).collect();
            let is = |types: &[String]| types.is_empty() || types.contains(&file.feed);
            let of = self.question.party.as_ref().is_none_or(|party| *party == file.recipient.to_string());
            if is(&self.question.types) && of {
                self.files.insert(entry.seq, (file.digest, file.file.clone(), file.rows, imports));
            }
        }
    }

    /// Draws.
    pub fn done(self) -> Sample {
        let strata = if self.question.rows { self.of_rows() } else { self.of_items() };
        Sample { question: self.question, strata }
    }

    fn of_items(&self) -> Vec<Drawn> {
        let mut strata: BTreeMap<(Option<Currency>, Part), Items> = BTreeMap::new();
        for item in self.standing.items() {
            let facts = Facts::of(&item.event);
            if self.question.holds(item, &facts) {
                strata.entry(place(facts.value)).or_default().push((item.seq, facts.value.map(|(_, amount)| amount)));
            }
        }
        strata.into_iter().map(|((currency, part), items)| drawn(&self.question, currency, part, items)).collect()
    }

    fn of_rows(&self) -> Vec<Drawn> {
        let total: u64 = self.files.values().map(|(_, _, rows, _)| rows).sum();
        let cells = self.question.wanted.min(total);
        let text = total.to_string();
        let stratum = Stratum { cells, currency: None, items: total, part: Part::Rows, rest: text.clone(), total: text, whole: 0 };
        let mut files = self.files.iter();
        let (mut before, mut at) = (0, files.next());
        let mut rows = Vec::new();
        for cell in 0..cells {
            let unit = u64::try_from(stratum.unit(&self.question.sha256, cell, u128::from(total))).unwrap_or(u64::MAX);
            while let Some((_, (_, _, count, _))) = at
                && unit >= before + count
            {
                before += count;
                at = files.next();
            }
            let Some((import, (digest, file, count, imports))) = at else { break };
            let row = unit - before + 1;
            let found = imports.iter().flat_map(|import| self.found.get(&(*import, row)).cloned().unwrap_or_default()).collect();
            rows.push(PickedRow { before, cell, digest: *digest, file: file.clone(), found, import: *import, row, rows: *count });
        }
        if total == 0 { Vec::new() } else { vec![Drawn { stratum, picked: Vec::new(), rows }] }
    }
}

/// The stratum that an amount belongs to.
pub(super) fn place(value: Option<(Currency, Amount)>) -> (Option<Currency>, Part) {
    match value {
        None => (None, Part::Unvalued),
        Some((currency, amount)) if amount.is_zero() => (Some(currency), Part::Zero),
        Some((currency, amount)) if amount.is_negative() => (Some(currency), Part::Below),
        Some((currency, _)) => (Some(currency), Part::Above),
    }
}

/// How many units an item has.
pub(super) fn weight(part: Part, amount: Option<Amount>) -> u128 {
    if part.is_money() { amount.map_or(0, |amount| amount.units().unsigned_abs()) } else { 1 }
}

/// Selects from the items of a stratum, which stand in order.
fn drawn(question: &Question, currency: Option<Currency>, part: Part, items: Items) -> Drawn {
    let sum = |items: &[(u64, Option<Amount>)]| items.iter().map(|(_, amount)| weight(part, *amount)).sum::<u128>();
    let total = sum(&items);
    let (count, mut rest, mut cells) = (items.len() as u64, items, question.wanted);
    let mut picked = Vec::new();
    while !rest.is_empty() {
        // At or above the interval, rest / cells. They are fewer than the cells, unless nothing else is left.
        let interval = sum(&rest).div_ceil(u128::from(cells.max(1)));
        let (whole, small): (Vec<_>, Vec<_>) = rest.into_iter().partition(|(_, amount)| weight(part, *amount) >= interval);
        rest = small;
        cells -= (whole.len() as u64).min(cells);
        let is_done = whole.is_empty();
        picked.extend(whole.into_iter().map(|(event, amount)| Picked {
            amount,
            because: WHOLE.to_owned(),
            before: None,
            cells: Vec::new(),
            event,
        }));
        if is_done {
            break;
        }
    }
    if rest.is_empty() {
        cells = 0;
    }
    let left = sum(&rest);
    let (total, whole) = (part.written(total), picked.len() as u64);
    let stratum = Stratum { cells, currency, items: count, part, rest: part.written(left), total, whole };
    let (mut before, mut next) = (0, 0);
    let unit = |cell: u64| (cell < cells).then(|| stratum.unit(&question.sha256, cell, left));
    let mut at = unit(next);
    for (event, amount) in rest {
        let (from, until) = (before, before + weight(part, amount));
        let mut hit = Vec::new();
        while let Some(drawn) = at
            && drawn < until
        {
            hit.push(next);
            next += 1;
            at = unit(next);
        }
        if !hit.is_empty() {
            picked.push(Picked { amount, because: DRAWN.to_owned(), before: Some(part.written(from)), cells: hit, event });
        }
        before = until;
    }
    picked.sort_by_key(|picked| picked.event);
    Drawn { stratum, picked, rows: Vec::new() }
}

/// Why an item is in a sample.
pub(super) const WHOLE: &str = "whole";
pub(super) const DRAWN: &str = "drawn";
