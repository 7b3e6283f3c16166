//! A sample that nobody can steer: drawn from a signed checkpoint and a text of the auditor's, by monetary unit.
//!
//! ```text
//! checkpoint (origin, size, root) + seed text -> SHA-256 -> draws
//! lines up to that size -> what stands -> population -> strata: by currency, above zero, below zero, zero; without an amount
//! stratum: what is at or above the interval is taken whole; the rest is cut into cells of equal width, and one unit is drawn of each
//! ```
//!
//! The method is cell selection, a form of monetary unit sampling: Leslie, Teitlebaum and Anderson, *Dollar-Unit Sampling* (1979), chapter 6;
//! AICPA Audit Guide *Audit Sampling*, appendix on monetary unit sampling; ISA 530, appendices 1 and 4 (value-weighted selection). The root of
//! the checkpoint was signed before the auditor named a seed, so the keeper can choose neither; the auditor cannot choose the root.
//!
//! All arithmetic is in whole units: hundred-millionths of a currency, or items. `docs/formats/bundle.md` has the format, and
//! `docs/verify/verify.py` draws the same sample in another language.

pub mod confirm;
mod drawing;
mod hold;
mod standing;

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

pub use drawing::Drawing;
pub use hold::Told;
pub use standing::{Facts, Item, Standing, said};

use crate::chain::Hash;
use crate::checkpoint::Checkpoint;
use crate::event::{Entry, Event};
use crate::money::{Amount, Currency};
use crate::time::Instant;

/// The method by its name, as a sample states it.
pub const METHOD: &str = "dealbook.cells/v1";
/// The method in words, as a sample states it.
pub const HOW: &str = "Monetary unit sampling by cell selection. Items stand in the order of the ledger, each with its absolute amount in units of 0.00000001; \
     what is zero, has no amount or is a row of a file counts one unit each. An item at or above total/wanted is taken whole, and again of what is left, until none is. \
     Of n cells left, cell i holds the units from floor(i*rest/n) up to floor((i+1)*rest/n); one unit is drawn of each, and the item that holds it is selected. \
     The seed is SHA-256 of `dealbook sample v1`, the checkpoint's three lines and the seed text, each line with its newline; a draw of width w is the first 16 bytes \
     of SHA-256 of `dealbook draw v1`, seed, stratum, cell and attempt, each with its newline, as a number below the largest multiple of w, modulo w.";
/// What a sample says of itself.
pub const NOT_COVERED: &str = "Drawn from what is recorded: it does not test for omitted items.";
/// What a sample of rows says of itself.
pub const NOT_COVERED_BY_ROWS: &str = "Drawn from the files that were imported: it does not test for files that never came.";
/// No sample of a stratum is larger.
pub const MOST: u64 = 10_000;

/// What is sampled, and from what it is drawn. The first line of a sample.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// The size of the checkpoint: the population is what stands as of it.
    pub checkpoint: u64,
    /// Only this currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// Only what took effect from this moment on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Instant>,
    /// The method in words.
    pub how: String,
    /// The method by its name.
    pub method: String,
    /// What it does not show.
    pub not_covered: String,
    /// Only of this party.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub party: Option<String>,
    /// Whether rows of source files are drawn, and not events.
    pub rows: bool,
    /// The auditor's text.
    pub seed: String,
    /// What comes of it and of the checkpoint, in hexadecimal.
    pub sha256: String,
    /// Only this side: `BUYING` or `SELLING`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<String>,
    /// Only events of these types or families (`invoice`); of rows, of these feeds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub types: Vec<String>,
    /// Only what took effect before this moment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Instant>,
    /// How many are to be drawn of each stratum.
    pub wanted: u64,
}

/// A seed is read aloud, written down and typed again: nothing in it may look like something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a seed is printable ASCII, not empty and with no blank at its ends")]
pub struct NotASeed;

/// Whether a text may be a seed.
fn is_seed(text: &str) -> bool {
    !text.is_empty() && text.trim_matches(' ') == text && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

impl Question {
    /// So many items of everything, from a checkpoint and a seed text.
    ///
    /// # Errors
    /// The text may not be a seed.
    pub fn new(checkpoint: &Checkpoint, seed: &str, wanted: u64, rows: bool) -> Result<Self, NotASeed> {
        if !is_seed(seed) {
            return Err(NotASeed);
        }
        Ok(Self {
            checkpoint: checkpoint.size,
            currency: None,
            from: None,
            how: HOW.to_owned(),
            method: METHOD.to_owned(),
            not_covered: if rows { NOT_COVERED_BY_ROWS } else { NOT_COVERED }.to_owned(),
            party: None,
            rows,
            seed: seed.to_owned(),
            sha256: seed_of(checkpoint, seed),
            side: None,
            types: Vec::new(),
            until: None,
            wanted,
        })
    }

    /// Whether an event may be of the population, by its type alone.
    pub fn is_of_type(&self, event: &Event) -> bool {
        let name = event.type_name();
        let is = |of: &String| name.strip_prefix(of.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
        self.types.is_empty() || self.types.iter().any(is)
    }

    /// Whether an item is of the population.
    pub fn holds(&self, item: &Item, facts: &Facts) -> bool {
        self.is_of_type(&item.event)
            && self.from.is_none_or(|from| from <= item.effective_at)
            && self.until.is_none_or(|until| item.effective_at < until)
            && (self.party.is_none() || self.party == facts.party)
            && (self.side.is_none() || self.side == facts.side)
            && (self.currency.is_none() || self.currency == facts.value.map(|(currency, _)| currency))
    }

    /// What is asked, name by name.
    pub fn told(&self) -> String {
        let mut told = vec![format!("{} wanted", self.wanted), format!("seed `{}`", self.seed)];
        if !self.types.is_empty() {
            told.push(format!("types {}", self.types.join(", ")));
        }
        told.extend(self.party.iter().map(|party| format!("party {party}")));
        told.extend(self.side.iter().map(|side| format!("side {side}")));
        told.extend(self.currency.iter().map(|currency| format!("currency {currency}")));
        told.extend(self.from.iter().map(|from| format!("from {from}")));
        told.extend(self.until.iter().map(|until| format!("until {until}")));
        told.join("; ")
    }

    /// What is sampled, in words.
    pub fn of(&self) -> String {
        let mut of = match (self.types.as_slice(), self.rows) {
            ([], true) => "rows of all feeds".to_owned(),
            (types, true) => format!("rows of {}", types.join(", ")),
            ([], false) => "all events".to_owned(),
            (types, false) => types.join(", "),
        };
        let mut say = |text: String| of.push_str(&text);
        self.party.iter().for_each(|party| say(format!(" of {party}")));
        self.side.iter().for_each(|side| say(format!(", {}", side.to_lowercase())));
        self.currency.iter().for_each(|currency| say(format!(", in {currency}")));
        self.from.iter().for_each(|from| say(format!(", effective from {from} on")));
        self.until.iter().for_each(|until| say(format!(", before {until}")));
        of
    }
}

/// The seed of a sample: neither who keeps the ledger nor who audits it can choose it alone.
pub fn seed_of(checkpoint: &Checkpoint, seed: &str) -> String {
    hex(&Sha256::digest(format!("dealbook sample v1\n{checkpoint}{seed}\n")))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A number below `width`, each with the same chance.
fn draw(seed: &str, stratum: &str, cell: u64, width: u128) -> u128 {
    // How many of the largest numbers would give the smallest results a chance more.
    let over = (u128::MAX % width + 1) % width;
    (0_u64..)
        .map(|attempt| {
            let digest = Sha256::digest(format!("dealbook draw v1\n{seed}\n{stratum}\n{cell}\n{attempt}\n"));
            u128::from_be_bytes(*digest.first_chunk().expect("SHA-256 has 32 bytes"))
        })
        .find(|number| *number <= u128::MAX - over)
        .expect("half of all numbers or more will do")
        % width
}

/// Which items of a currency are a stratum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Amounts above zero.
    Above,
    /// Amounts below zero, credits among them.
    Below,
    /// Amounts of zero: each item has the same chance.
    Zero,
    /// What has no amount: each item has the same chance.
    Unvalued,
    /// Rows of files: each row has the same chance.
    Rows,
}

impl Part {
    /// Whether its units are of money; else they are items.
    pub const fn is_money(self) -> bool {
        matches!(self, Self::Above | Self::Below)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Above => "above",
            Self::Below => "below",
            Self::Zero => "zero",
            Self::Unvalued => "unvalued",
            Self::Rows => "rows",
        }
    }

    /// Units as they are written: an amount, or a number of items.
    pub fn written(self, units: u128) -> String {
        if self.is_money() { Amount::from_units(units.cast_signed()).to_string() } else { units.to_string() }
    }

    fn read(self, text: &str) -> Option<u128> {
        let units = if self.is_money() { text.parse::<Amount>().ok()?.units().try_into().ok()? } else { text.parse().ok()? };
        (self.written(units) == text).then_some(units)
    }
}

/// A population that is sampled by itself, and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stratum {
    /// How many cells `rest` is cut into.
    pub cells: u64,
    /// The currency, of what has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// How many items it has.
    pub items: u64,
    /// Which items of the currency they are.
    pub part: Part,
    /// What the items come to that are not taken whole.
    pub rest: String,
    /// What all of them come to, in absolute value.
    pub total: String,
    /// How many are taken whole.
    pub whole: u64,
}

impl Stratum {
    /// As draws name it.
    pub fn label(&self) -> String {
        let currency = self.currency.map_or_else(|| "-".to_owned(), |currency| currency.to_string());
        format!("{currency} {}", self.part.as_str())
    }

    /// The unit that is drawn of a cell.
    fn unit(&self, seed: &str, cell: u64, rest: u128) -> u128 {
        let (from, until) = (edge(cell, self.cells, rest), edge(cell + 1, self.cells, rest));
        from + draw(seed, &self.label(), cell, (until - from).max(1))
    }
}

/// The first unit of a cell: `floor(cell * rest / cells)`, which no product needs to hold.
fn edge(cell: u64, cells: u64, rest: u128) -> u128 {
    let (cell, cells) = (u128::from(cell), u128::from(cells));
    cell * (rest / cells) + cell * (rest % cells) / cells
}

/// An item that is selected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Picked {
    /// Its amount, with its sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub amount: Option<Amount>,
    /// `whole`: it is at or above the interval. `drawn`: it holds a unit that was drawn.
    pub because: String,
    /// What the items before it come to that are not taken whole; of one that was drawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The cells whose units it holds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cells: Vec<u64>,
    /// Its line.
    pub event: u64,
}

/// A row of a file that is selected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PickedRow {
    /// The rows of the files before this one.
    pub before: u64,
    /// The cell whose unit it is.
    pub cell: u64,
    /// BLAKE3 of the file, after decompression.
    pub digest: Hash,
    /// Its path as it was given.
    pub file: String,
    /// The lines that say they come from it; none when the row said nothing new, or was set aside.
    pub found: Vec<u64>,
    /// The line that says the file was imported.
    pub import: u64,
    /// The row, from 1, the header not counted.
    pub row: u64,
    /// How many rows the file has.
    pub rows: u64,
}

/// A stratum with what was selected of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drawn {
    /// The stratum.
    pub stratum: Stratum,
    /// What was selected of its items.
    pub picked: Vec<Picked>,
    /// What was selected of its rows.
    pub rows: Vec<PickedRow>,
}

/// A sample: what was asked, and the selection table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sample {
    /// What is sampled.
    pub question: Question,
    /// The strata, by currency and part.
    pub strata: Vec<Drawn>,
}

impl Sample {
    /// What a bundle with it is of, in words: these and no others.
    pub fn of(&self) -> String {
        format!("a sample of {}", self.question.of())
    }

    /// The imports that show of which file a line is that an earlier import of the same file recorded; they are in the bundle too.
    pub fn between(&self, line: impl Fn(u64) -> Option<Entry>) -> BTreeSet<u64> {
        let line = |seq| line(seq).map(Cow::<Entry>::Owned);
        let found = self.strata.iter().flat_map(|drawn| &drawn.rows).flat_map(|row| row.found.iter().map(|seq| (row.import, *seq)));
        let passed = found.filter_map(|(import, seq)| chain(import, line(seq)?.source.as_ref()?.import?, line));
        passed.flatten().collect()
    }

    /// The lines of the ledger that are in it, besides the first and those that replace the key.
    pub fn lines(&self) -> impl Iterator<Item = u64> {
        let rows = |drawn: &Drawn| drawn.rows.iter().flat_map(|row| row.found.iter().copied().chain([row.import])).collect::<Vec<_>>();
        self.strata.iter().flat_map(move |drawn| drawn.picked.iter().map(|picked| picked.event).chain(rows(drawn)))
    }
}

/// The imports between one and an earlier one whose file it replaces, perhaps through others: then what the earlier one recorded is of the file
/// of the later. Nothing when it is another file. `line` gives lines by position; what it does not give breaks the chain.
fn chain<'a>(from: u64, to: u64, line: impl Fn(u64) -> Option<Cow<'a, Entry>>) -> Option<BTreeSet<u64>> {
    let (mut passed, mut at) = (BTreeSet::new(), from);
    while at != to {
        let before = replaced(&*line(at)?)?;
        passed.insert(at);
        at = before;
    }
    Some(passed)
}

/// The import whose file an import goes on with.
fn replaced(entry: &Entry) -> Option<u64> {
    let Event::SourceImported(file) = &entry.event else { return None };
    file.replaces.filter(|before| *before < entry.seq && !file.rewritten)
}
