//! Whether a sample agrees with itself and with the lines in it. That its population is all there was takes the whole ledger.

use std::collections::{BTreeMap, BTreeSet};

use super::drawing::{DRAWN, WHOLE, place, weight};
use super::{
    Drawn, Facts, HOW, Item, METHOD, MOST, NOT_COVERED, NOT_COVERED_BY_ROWS, NotASeed, Part, PickedRow, Sample, is_seed, replaced, said,
    seed_of,
};
use crate::checkpoint::Checkpoint;
use crate::event::{Entry, Event};
use crate::money::Amount;
use crate::report::grouped;

/// What a sample covers of a stratum, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// `USD above`, …
    pub stratum: String,
    /// How much of what was selected how.
    pub detail: String,
}

impl Sample {
    /// Whether it is drawn from this checkpoint as it says, and its lines are of the population and have the amounts that the table has. `lines`
    /// are those of the file, each proven.
    ///
    /// # Errors
    /// Why not.
    pub fn hold(&self, checkpoint: &Checkpoint, lines: &BTreeMap<u64, Entry>) -> Result<(), String> {
        let asked = &self.question;
        let not_covered = if asked.rows { NOT_COVERED_BY_ROWS } else { NOT_COVERED };
        if asked.method != METHOD || asked.how != HOW || asked.not_covered != not_covered {
            return Err("it is drawn by a method that this program does not know".to_owned());
        }
        if !is_seed(&asked.seed) {
            return Err(NotASeed.to_string());
        }
        if asked.checkpoint != checkpoint.size || asked.sha256 != seed_of(checkpoint, &asked.seed) {
            return Err("its seed is not that of the checkpoint and the seed text".to_owned());
        }
        if !(1..=MOST).contains(&asked.wanted) {
            return Err("nobody asks for so many".to_owned());
        }
        let (mut labels, mut told) = (Vec::new(), BTreeSet::new());
        for drawn in &self.strata {
            let label = drawn.stratum.label();
            let place = (drawn.stratum.currency, drawn.stratum.part);
            if labels.last().is_some_and(|before| *before >= place) || (place.1 == Part::Rows) != asked.rows {
                return Err(format!("the stratum {label} stands in the wrong place"));
            }
            labels.push(place);
            match asked.rows {
                true => self.hold_rows(drawn, lines, &mut told),
                false => self.hold_items(drawn, lines),
            }
            .map_err(|why| format!("the stratum {label}: {why}"))?;
        }
        told.extend(self.lines());
        let rotated = |entry: &Entry| matches!(entry.event, Event::KeyRotated(_));
        match lines.values().find(|entry| entry.seq > 1 && !told.contains(&entry.seq) && !rotated(entry)) {
            Some(entry) => Err(format!("event #{} is in no table", entry.seq)),
            None => Ok(()),
        }
    }

    fn hold_items(&self, drawn: &Drawn, lines: &BTreeMap<u64, Entry>) -> Result<(), String> {
        let (stratum, asked) = (&drawn.stratum, &self.question);
        let part = stratum.part;
        let read = |text: &str| part.read(text).ok_or_else(|| format!("`{text}` is no number of units"));
        let (total, rest) = (read(&stratum.total)?, read(&stratum.rest)?);
        let (mut whole, mut taken, mut cell, mut last, mut end) = (0, 0_u128, 0, 0, 0);
        for picked in &drawn.picked {
            let why = |why: &str| format!("event #{}: {why}", picked.event);
            if picked.event <= last || picked.event > asked.checkpoint {
                return Err(why("it stands in the wrong place"));
            }
            last = picked.event;
            let entry = lines.get(&picked.event).ok_or_else(|| why("its line is not here"))?;
            let event = said(&entry.event).ok_or_else(|| why("it counts nothing"))?;
            let (item, facts) = (Item { seq: entry.seq, effective_at: entry.effective_at, event: event.clone() }, Facts::of(event));
            let written = facts.value.map(|(_, amount)| amount.to_string());
            if !asked.holds(&item, &facts) || place(facts.value) != (stratum.currency, part) {
                return Err(why("it is not of the population"));
            }
            if written != picked.amount.map(|amount| amount.to_string()) {
                return Err(why("its line has another amount"));
            }
            let units = weight(part, picked.amount);
            // At or above the interval: units >= rest / cells.
            let is_large = rest == 0 || units >= rest.div_ceil(u128::from(stratum.cells.max(1)));
            match (picked.because.as_str(), &picked.before) {
                (WHOLE, None) if picked.cells.is_empty() && is_large => {
                    whole += 1;
                    taken = taken.saturating_add(units);
                }
                (DRAWN, Some(before)) if !picked.cells.is_empty() && !is_large => {
                    let before = read(before)?;
                    if before < end {
                        return Err(why("it overlaps with the item before it"));
                    }
                    end = before.saturating_add(units);
                    for hit in &picked.cells {
                        if *hit != cell || cell >= stratum.cells || !(before..end).contains(&stratum.unit(&asked.sha256, cell, rest)) {
                            return Err(why("it does not hold the unit that is drawn"));
                        }
                        cell += 1;
                    }
                }
                _ => return Err(why("it is not selected for that")),
            }
        }
        let wanted = asked.wanted.min(whole + stratum.cells);
        let sums = taken.checked_add(rest) == Some(total) && whole == stratum.whole && cell == stratum.cells && end <= rest;
        let sized = stratum.cells + whole == wanted && (stratum.cells > 0) == (rest > 0) && (stratum.cells == 0 || wanted == asked.wanted);
        let items = stratum.items >= drawn.picked.len() as u64 && (stratum.cells > 0 || stratum.items == whole);
        let counted = part.is_money() || total == u128::from(stratum.items);
        if sums && sized && items && counted { Ok(()) } else { Err("its parts do not come to the whole".to_owned()) }
    }

    /// Adds to `told` the imports that show of which file a line is.
    fn hold_rows(&self, drawn: &Drawn, lines: &BTreeMap<u64, Entry>, told: &mut BTreeSet<u64>) -> Result<(), String> {
        let (stratum, asked) = (&drawn.stratum, &self.question);
        let total = stratum.items;
        let text = total.to_string();
        if stratum.total != text
            || stratum.rest != text
            || stratum.whole != 0
            || stratum.cells != asked.wanted.min(total)
            || !drawn.picked.is_empty()
        {
            return Err("its parts do not come to the whole".to_owned());
        }
        if drawn.rows.len() as u64 != stratum.cells {
            return Err("a row is drawn of each cell".to_owned());
        }
        let mut known: Option<&PickedRow> = None;
        // The imports of a file that were passed on the way to the lines of its rows, and the next one.
        let (mut passed, mut at) = (BTreeSet::new(), 0);
        for (cell, row) in (0..).zip(&drawn.rows) {
            let why = |why: &str| format!("row {} of {}: {why}", row.row, row.file);
            let unit = stratum.unit(&asked.sha256, cell, u128::from(total));
            if row.cell != cell || row.row == 0 || row.row > row.rows || u128::from(row.before) + u128::from(row.row) - 1 != unit {
                return Err(why("it is not the row that is drawn"));
            }
            let follows = |before: &PickedRow| {
                (before.import == row.import && before.before == row.before)
                    || (before.import < row.import && before.before.saturating_add(before.rows) <= row.before)
            };
            if known.is_some_and(|before| !follows(before)) || row.before.saturating_add(row.rows) > total {
                return Err(why("its file overlaps with another"));
            }
            if known.is_none_or(|before| before.import != row.import) {
                (passed, at) = (BTreeSet::new(), row.import);
            }
            known = Some(row);
            match lines.get(&row.import).map(|entry| &entry.event) {
                Some(Event::SourceImported(file))
                    if file.digest == row.digest
                        && file.file == row.file
                        && file.rows == row.rows
                        && (asked.types.is_empty() || asked.types.contains(&file.feed))
                        && asked.party.as_ref().is_none_or(|party| *party == file.recipient.to_string()) => {}
                _ => return Err(why("its import says something else")),
            }
            if !row.found.is_sorted_by(|before, seq| before < seq) {
                return Err(why("its lines stand in the wrong place"));
            }
            for seq in &row.found {
                let source = lines.get(seq).and_then(|entry| entry.source.as_ref()).filter(|source| source.row == Some(row.row));
                let of = source.and_then(|source| source.import);
                let another = || why(&format!("event #{seq} is not of that row"));
                let of = of.ok_or_else(another)?;
                // Each import is passed once: files have none in common.
                while at != of && !passed.contains(&of) {
                    let next = lines.get(&at).and_then(replaced).filter(|_| told.insert(at)).ok_or_else(another)?;
                    passed.insert(at);
                    at = next;
                }
            }
        }
        Ok(())
    }

    /// What it covers, a line for each stratum.
    pub fn told(&self) -> Vec<Told> {
        let of = |drawn: &Drawn| {
            let Drawn { stratum, picked, rows } = drawn;
            let part = stratum.part;
            if part == Part::Rows {
                let lost = rows.iter().filter(|row| row.found.is_empty()).count();
                return format!("{} of {} rows; no line names {lost} of them", rows.len(), stratum.items);
            }
            let covered: u128 = picked.iter().map(|picked| weight(part, picked.amount)).sum();
            let count = format!("{} of {} items, {} of them whole", picked.len(), stratum.items, stratum.whole);
            let Some(currency) = stratum.currency.filter(|_| part.is_money()) else { return count };
            let shown = |amount: Amount| grouped(&amount.in_units_of(currency).to_string());
            let (covered, total) = (Amount::from_units(covered.cast_signed()), stratum.total.parse().unwrap_or(Amount::ZERO));
            format!("{count}; {} of {}", shown(covered), shown(total))
        };
        self.strata.iter().map(|drawn| Told { stratum: drawn.stratum.label(), detail: of(drawn) }).collect()
    }
}
