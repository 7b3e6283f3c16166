//! Seller data feeds: what a row of each says, in the field's words.
//!
//! A feed is recognised by its header, never by its path or by the position of a column, and translates one row at a time. Where rows
//! come from (files, folders, gzip) is the shell's affair. `docs/formats/feeds.md` is the table of all feeds.

mod account;
mod address;
mod agreement;
mod agreement_charge;
mod agreement_term;
mod billing_event;
mod daily_usage;
mod legacy_id_mapping;
mod offer;
mod offer_product;
mod offer_target;
mod product;
mod tax_item;

pub use billing_event::event_of_row;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::hash::{Hash as _, Hasher};
use std::str::FromStr;

use crate::event::{Entry, Event, Extra};
use crate::id::AccountId;
use crate::money::{Amount, Currency, NotAnAmount};
use crate::problem::{Code, Problem};
use crate::time::{self, Instant};

/// Every feed there is. A new one is a file and a line.
pub const FEEDS: &[&dyn Feed] = &[
    &account::Account,
    &address::Address,
    &agreement::Agreement,
    &agreement_charge::AgreementCharge,
    &agreement_term::AgreementTerm,
    &billing_event::BillingEvents,
    &daily_usage::DailyUsage,
    &legacy_id_mapping::LegacyIdMapping,
    &offer::Offer,
    &offer_product::OfferProduct,
    &offer_target::OfferTarget,
    &product::Product,
    &tax_item::TaxItem,
];

/// One kind of seller data feed.
pub trait Feed: Sync {
    /// Its name, which begins every natural key: `billing_event`.
    fn name(&self) -> &'static str;

    /// The columns it knows, in no particular order.
    fn columns(&self) -> &'static [Column];

    /// Whether columns that it does not know are kept. Feeds with personal data drop and count them.
    fn keeps_unknown(&self) -> bool {
        true
    }

    /// What the row says. Problems are left with the row, which knows them all; the fact is used only when there are none.
    fn read(&self, row: &Row<'_>) -> Option<Reading>;
}

/// A column of a feed.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    /// Its name in the header.
    pub name: &'static str,
    /// What it is for.
    pub role: Role,
}

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A file without it is not of this feed.
    Needed,
    /// Recorded when it is there.
    Kept,
    /// Known, and not recorded: another field tells it, or it tells nothing.
    Told,
    /// Never recorded: it may hold personal data.
    Private,
}

/// Declares a feed's columns and the enumeration that names them in code.
macro_rules! columns {
    ($($id:ident $name:literal $role:ident,)+) => {
        #[derive(Clone, Copy)]
        #[expect(dead_code, reason = "every feed has columns that only its history, or nobody, reads")]
        enum C { $($id,)+ }

        impl From<C> for usize {
            fn from(column: C) -> usize {
                column as usize
            }
        }

        const COLUMNS: &[$crate::feed::Column] =
            &[$($crate::feed::Column { name: $name, role: $crate::feed::Role::$role },)+];
    };
}
use columns;

/// Why no feed can be chosen for a header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unrecognised {
    /// The feed that comes nearest.
    pub closest: &'static str,
    /// Which of its needed columns are there.
    pub present: Vec<&'static str>,
    /// Which are not.
    pub missing: Vec<&'static str>,
}

/// How a feed's columns lie in one file.
pub struct Layout {
    /// The feed.
    pub feed: &'static dyn Feed,
    /// Per column of the feed: where it stands in the file.
    at: Vec<Option<usize>>,
    /// Columns that the feed does not know: where they stand, and the key they are kept under.
    unknown: Vec<(usize, String)>,
    /// Columns that are never recorded: where they stand.
    private: Vec<(usize, &'static str)>,
    history: [Option<usize>; 3],
}

/// Chooses the feed that a header belongs to.
///
/// # Errors
/// The nearest feed and what it would need, when no feed has all its needed columns in the header.
pub fn recognise(header: &[&str]) -> Result<Layout, Unrecognised> {
    let place = |name: &str| header.iter().position(|column| *column == name);
    let split = |feed: &&'static dyn Feed| -> (Vec<&'static str>, Vec<&'static str>) {
        feed.columns().iter().filter(|column| column.role == Role::Needed).map(|column| column.name).partition(|name| place(name).is_some())
    };
    // Of two feeds whose needed columns are all there, the one that needs more is meant.
    let Some(feed) = FEEDS.iter().filter(|feed| split(feed).1.is_empty()).max_by_key(|feed| split(feed).0.len()) else {
        let closest = FEEDS.iter().max_by_key(|feed| {
            let (present, missing) = split(feed);
            present.len() * 1000 / (present.len() + missing.len())
        });
        let closest = closest.expect("there are feeds");
        let (present, missing) = split(closest);
        return Err(Unrecognised { closest: closest.name(), present, missing });
    };
    let known = |name: &str| feed.columns().iter().any(|column| column.name == name);
    Ok(Layout {
        feed: *feed,
        at: feed.columns().iter().map(|column| place(column.name)).collect(),
        unknown: header.iter().enumerate().filter(|(_, name)| !known(name)).map(|(at, name)| (at, map_key(name))).collect(),
        private: feed.columns().iter().filter(|c| c.role == Role::Private).filter_map(|c| Some((place(c.name)?, c.name))).collect(),
        history: ["valid_from", "update_date", "delete_date"].map(place),
    })
}

/// Map keys on the wire are `[a-z0-9_]+`.
fn map_key(column: &str) -> String {
    let key: String = column.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    if key.is_empty() { "_".to_owned() } else { key }
}

/// The cells of a row, by position in the file.
pub trait Cells {
    /// The cell there; empty when the row has none.
    fn cell(&self, at: usize) -> &str;
}

impl Cells for [&str] {
    fn cell(&self, at: usize) -> &str {
        self.get(at).copied().unwrap_or_default()
    }
}

/// Whose feed is being read.
#[derive(Debug, Clone, Copy)]
pub struct Whose<'a> {
    /// The seller.
    pub recipient: AccountId,
    /// Opaque ids and the AWS accounts behind them, from the account feeds of the same import.
    pub accounts: &'a Accounts,
    /// What the file's first row calls the recipient. No other row may name another one.
    pub named: Option<&'a str>,
}

/// Opaque account ids and the AWS accounts behind them.
pub type Accounts = BTreeMap<String, AccountId>;

/// What a row says, before it has a key and its times.
pub struct Reading {
    /// The part of the natural key behind `<feed>:<recipient>:`.
    pub key: String,
    /// What happened.
    pub event: Event,
    /// When, if another column than `valid_from` tells it.
    pub effective_at: Option<Instant>,
}

/// What a source says in one row.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Fact {
    /// The natural key: `<feed>:<recipient>:<id>[@<valid_from>]`.
    pub key: String,
    /// When it was true in the world.
    pub effective_at: Instant,
    /// When the source stated it.
    pub stated_at: Option<Instant>,
    /// Whether the source takes the record back.
    pub withdrawn: bool,
    /// What happened.
    pub event: Event,
}

/// A fact's fingerprints: one of its key, and one of all it says. Amounts are compared by value, so `4000` is `4000.00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint {
    /// Of the natural key.
    pub key: u64,
    /// Of key, times, withdrawal and event.
    pub content: u64,
}

impl Fingerprint {
    /// The fingerprints of facts, which are hashed together.
    pub fn of_each<'a>(facts: impl IntoIterator<Item = &'a Fact>) -> Vec<Self> {
        let told = facts.into_iter().map(|Fact { key, effective_at, stated_at, withdrawn, event }| Told {
            key,
            effective_at: *effective_at,
            stated_at: *stated_at,
            withdrawn: *withdrawn,
            event,
        });
        Self::of_told(told)
    }

    /// The fingerprints of the facts that entries recorded, rows of a feed or what a person recorded under a key; nothing for entries without
    /// a source.
    pub fn of_entries(entries: &[Entry]) -> Vec<Option<Self>> {
        let told = entries.iter().filter_map(|entry| {
            let source = entry.source.as_ref()?;
            let (event, withdrawn) = match &entry.event {
                Event::SourceRestated(restated) => (&restated.entry, restated.withdrawn),
                event => (event, false),
            };
            Some(Told { key: &source.id, effective_at: entry.effective_at, stated_at: source.stated_at, withdrawn, event })
        });
        let mut prints = Self::of_told(told).into_iter();
        entries.iter().map(|entry| entry.source.as_ref().and_then(|_| prints.next())).collect()
    }

    fn of_told<'a>(told: impl Iterator<Item = Told<'a>>) -> Vec<Self> {
        let (mut bytes, mut ends) = (Bytes(Vec::new()), Vec::new());
        for told in told {
            bytes.0.extend_from_slice(told.key.as_bytes());
            ends.push(bytes.0.len());
            told.hash(&mut bytes);
            ends.push(bytes.0.len());
        }
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let texts: Vec<&[u8]> = starts.zip(&ends).map(|(start, end)| &bytes.0[start..*end]).collect();
        let prints: Vec<u64> = crate::chain::hash_each(&texts).into_iter().map(beginning).collect();
        prints.chunks_exact(2).map(|pair| Self { key: pair[0], content: pair[1] }).collect()
    }
}

/// A fact, borrowed, in the order in which it is hashed.
#[derive(Hash)]
struct Told<'a> {
    key: &'a str,
    effective_at: Instant,
    stated_at: Option<Instant>,
    withdrawn: bool,
    event: &'a Event,
}

/// The first eight bytes of a BLAKE3.
pub fn fingerprint(bytes: &[u8]) -> u64 {
    beginning(crate::chain::Hash::of(bytes))
}

fn beginning(hash: crate::chain::Hash) -> u64 {
    hash.as_bytes()[..8].iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte))
}

/// Collects what `Hash` feeds it.
struct Bytes(Vec<u8>);

impl Hasher for Bytes {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// Which variant: there are fewer than 256 of any enumeration here.
    fn write_isize(&mut self, variant: isize) {
        self.0.push(variant.to_le_bytes()[0]);
    }

    /// How many: no list here is longer than a line.
    fn write_usize(&mut self, count: usize) {
        self.0.extend_from_slice(&count.to_le_bytes()[..4]);
    }

    fn finish(&self) -> u64 {
        fingerprint(&self.0)
    }
}

/// A row being read. It hands out values and remembers what was wrong with any of them.
pub struct Row<'a> {
    layout: &'a Layout,
    cells: &'a dyn Cells,
    whose: Whose<'a>,
    problems: RefCell<Vec<Problem>>,
    fallbacks: RefCell<BTreeSet<&'static str>>,
}

/// What came of a row.
pub struct Outcome {
    /// What it says, or everything that is wrong with it.
    pub fact: Result<Fact, Vec<Problem>>,
    /// The rules for older files that were used.
    pub fallbacks: BTreeSet<&'static str>,
}

impl Layout {
    /// Whether the file has a column of the feed.
    pub fn has(&self, column: usize) -> bool {
        self.at[column].is_some()
    }

    /// Where a column of the feed stands in the file.
    pub fn position(&self, column: usize) -> Option<usize> {
        self.at[column]
    }

    /// The number of a column in the file, from 1, by its name.
    pub fn column_number(&self, name: &str) -> Option<u64> {
        let column = self.feed.columns().iter().position(|column| column.name == name)?;
        self.at[column].map(|at| at as u64 + 1)
    }

    /// Where the column stands that names the recipient of a row, in feeds that have one.
    pub fn recipient_column(&self) -> Option<usize> {
        let column = self.feed.columns().iter().position(|column| column.name == "recipient_account_id")?;
        self.at[column]
    }

    /// Columns of this file that are not recorded though something may stand in them: position and name.
    pub fn unrecorded(&self) -> impl Iterator<Item = (usize, &str)> {
        let unknown = self.unknown.iter().filter(|_| !self.feed.keeps_unknown()).map(|(at, name)| (*at, name.as_str()));
        self.private.iter().map(|(at, name)| (*at, *name)).chain(unknown)
    }

    /// Whether columns of this file are recorded that the feed does not know: their names are then a part of every event.
    pub fn keeps_unknown(&self) -> bool {
        self.feed.keeps_unknown() && !self.unknown.is_empty()
    }

    /// Reads one row.
    pub fn read(&self, cells: &dyn Cells, whose: Whose<'_>) -> Outcome {
        let row = Row { layout: self, cells, whose, problems: RefCell::default(), fallbacks: RefCell::default() };
        let history = History::read(&row);
        let reading = self.feed.read(&row);
        let problems = row.problems.into_inner();
        let fact = match (reading, history) {
            (Some(reading), Some(history)) if problems.is_empty() => Ok(Fact {
                key: format!("{}:{}:{}", self.feed.name(), whose.recipient, reading.key),
                effective_at: reading.effective_at.unwrap_or(history.valid_from),
                stated_at: history.update_date,
                withdrawn: history.withdrawn,
                event: reading.event,
            }),
            _ => Err(problems),
        };
        Outcome { fact, fallbacks: row.fallbacks.into_inner() }
    }
}

/// The columns that every feed has. Source: AWS Marketplace seller guide, data feeds, "historization".
struct History {
    valid_from: Instant,
    update_date: Option<Instant>,
    withdrawn: bool,
}

impl History {
    fn read(row: &Row<'_>) -> Option<Self> {
        let [valid_from, update_date, delete_date] = row.layout.history.map(|at| at.map_or("", |at| row.cells.cell(at)));
        let moment = |name: &str, text: &str| {
            let read = if text.is_empty() { return None } else { moment(text) };
            read.map_err(|complaint| row.refuse(name, text, complaint)).ok()
        };
        moment("delete_date", delete_date);
        // An empty or damaged `valid_from` is the feed's own problem: it is a part of most keys.
        let valid_from = self::moment(valid_from).ok();
        Some(Self { update_date: moment("update_date", update_date), withdrawn: !delete_date.is_empty(), valid_from: valid_from? })
    }
}

/// A complaint about one value: code, why, cure.
pub(crate) type Complaint = (Code, String, String);

impl Row<'_> {
    /// Whose feed it is.
    pub fn recipient(&self) -> AccountId {
        self.whose.recipient
    }

    /// The AWS account behind an opaque id, as far as the account feeds of this import tell.
    pub fn account_behind(&self, opaque: &str) -> Option<AccountId> {
        self.whose.accounts.get(opaque).copied()
    }

    /// Whether the file has the column at all.
    pub fn has(&self, column: impl Into<usize>) -> bool {
        self.layout.has(column.into())
    }

    /// Notes that a rule for older files was used.
    pub fn fall_back(&self, rule: &'static str) {
        self.fallbacks.borrow_mut().insert(rule);
    }

    /// The text of a column; nothing when it is empty or not there.
    pub fn text(&self, column: impl Into<usize>) -> Option<&str> {
        let at = self.layout.at[column.into()]?;
        Some(self.cells.cell(at)).filter(|text| !text.is_empty())
    }

    /// The text of a column, owned.
    pub fn owned(&self, column: impl Into<usize>) -> Option<String> {
        self.text(column).map(str::to_owned)
    }

    /// An id; nothing when the column is empty.
    pub fn id<T: FromStr<Err: Display>>(&self, column: impl Into<usize>) -> Option<T> {
        let column = column.into();
        let text = self.text(column)?;
        let read = spreadsheet_number(text)
            .map_or(Ok(()), Err)
            .and_then(|()| text.parse().map_err(|why: T::Err| (Code::E0204, why.to_string(), "write the id as AWS does".to_owned())));
        self.keep(column, text, read)
    }

    /// A twelve-digit AWS account; nothing when the column is empty.
    pub fn account(&self, column: impl Into<usize>) -> Option<AccountId> {
        let column = column.into();
        let text = self.text(column)?;
        self.keep(column, text, account(text))
    }

    /// An amount; nothing when the column is empty.
    pub fn amount(&self, column: impl Into<usize>) -> Option<Amount> {
        let column = column.into();
        let text = self.text(column)?;
        self.keep(column, text, amount(text))
    }

    /// A currency; nothing when the column is empty.
    pub fn currency(&self, column: impl Into<usize>) -> Option<Currency> {
        let column = column.into();
        let text = self.text(column)?;
        self.keep(column, text, currency(text))
    }

    /// A whole number; nothing when the column is empty.
    pub fn count(&self, column: impl Into<usize>) -> Option<u64> {
        let column = column.into();
        let text = self.text(column)?;
        let plain = text.bytes().all(|b| b.is_ascii_digit()) && text.len() <= 15;
        let read = plain.then(|| text.parse().ok()).flatten();
        self.keep(column, text, read.ok_or_else(|| (Code::E0202, "a whole number is wanted".to_owned(), "write digits only".to_owned())))
    }

    /// `1` or `0`; nothing when the column is empty.
    pub fn flag(&self, column: impl Into<usize>) -> Option<bool> {
        let column = column.into();
        let text = self.text(column)?;
        let read = match text {
            "1" | "true" => Ok(true),
            "0" | "false" => Ok(false),
            _ => Err((Code::E0203, "1 or 0 is wanted".to_owned(), "write 1 or 0".to_owned())),
        };
        self.keep(column, text, read)
    }

    /// A moment; nothing when the column is empty.
    pub fn moment(&self, column: impl Into<usize>) -> Option<Instant> {
        let column = column.into();
        let text = self.text(column)?;
        self.keep(column, text, moment(text))
    }

    /// The moment after the last one inside: a feed's periods are inclusive, to the second. The last moment that can be written means that there
    /// is no end, and which rows say so is counted.
    pub fn moment_after(&self, column: impl Into<usize>) -> Option<Instant> {
        let last = self.moment(column)?;
        let after = Instant::from_micros(last.micros() - last.micros().rem_euclid(1_000_000) + 1_000_000);
        if after.is_in_range() {
            return Some(after);
        }
        self.fall_back("no-end");
        None
    }

    /// A value that must be there; a problem when it is not.
    pub fn needed<T>(&self, column: impl Into<usize> + Copy, value: Option<T>) -> Option<T> {
        if value.is_none() && self.text(column).is_none() {
            self.missing(self.name(column.into()));
        }
        value
    }

    /// The marketplace's catalog, unless it is the usual one.
    pub fn catalog(&self, column: impl Into<usize>) -> Option<String> {
        self.owned(column).filter(|catalog| catalog != "AWSMarketplace")
    }

    /// What stands in columns that the feed does not know.
    pub fn extra(&self) -> Extra {
        if !self.layout.keeps_unknown() {
            return Extra::new();
        }
        let cells = self.layout.unknown.iter().map(|(at, key)| (key.clone(), self.cells.cell(*at).to_owned()));
        cells.filter(|(_, text)| !text.is_empty()).collect()
    }

    /// Reports a value that no single reader can judge.
    pub fn complain(&self, column: impl Into<usize>, code: Code, why: &str, cure: &str) {
        let column = column.into();
        let found = self.text(column).unwrap_or_default().to_owned();
        self.problem(Problem { code, column: Some(self.name(column).to_owned()), found, why: why.to_owned(), cure: cure.to_owned() });
    }

    fn name(&self, column: usize) -> &'static str {
        self.layout.feed.columns()[column].name
    }

    fn missing(&self, column: &'static str) {
        let (why, cure) = ("it is empty".to_owned(), "every row of this feed has it; download the file again".to_owned());
        self.problem(Problem { code: Code::E0201, column: Some(column.to_owned()), found: String::new(), why, cure });
    }

    fn keep<T>(&self, column: usize, found: &str, read: Result<T, Complaint>) -> Option<T> {
        read.map_err(|complaint| self.refuse(self.name(column), found, complaint)).ok()
    }

    #[cold]
    fn refuse(&self, column: &str, found: &str, (code, why, cure): Complaint) {
        self.problem(Problem { code, column: Some(column.to_owned()), found: found.to_owned(), why, cure });
    }

    fn problem(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }
}

/// Complains when a row names another recipient than the one whose feed it was found in.
fn same_recipient(row: &Row<'_>, column: impl Into<usize> + Copy) {
    let named = row.text(column).and_then(|opaque| row.account_behind(opaque));
    if named.is_some_and(|named| named != row.recipient()) {
        let why = format!("the row belongs to {}, the file to {}", named.map_or_else(String::new, |n| n.to_string()), row.recipient());
        row.complain(column, Code::E0322, &why, "put the file back under its own recipient's folder, or give the right --account");
    } else if let (Some(first), Some(this)) = (row.whose.named, row.text(column))
        && first != this
    {
        let why = format!("the rows of this file belong to more than one seller: the first names {first}");
        row.complain(column, Code::E0322, &why, "import each seller's file by itself, as AWS delivered it");
    }
}

/// `1.11E+11`: a spreadsheet took an id for a number, and its digits are gone.
fn spreadsheet_number(text: &str) -> Option<Complaint> {
    memchr::memchr(b'+', text.as_bytes())?;
    let (mantissa, exponent) = text.split_once(['E', 'e'])?;
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    let lost = mantissa.contains('.') && digits(mantissa) && exponent.strip_prefix('+').is_some_and(digits);
    lost.then(|| {
        let cure = "a spreadsheet took the id for a number; download the file again and do not open it in a spreadsheet";
        (Code::E0214, "the id has lost its digits".to_owned(), cure.to_owned())
    })
}

pub(crate) fn account(text: &str) -> Result<AccountId, Complaint> {
    let cure = "AWS writes 12 digits, leading zeros included; a spreadsheet has probably re-saved this file. Download it again";
    let wrong = |_| (Code::E0215, "an AWS account id has 12 digits".to_owned(), cure.to_owned());
    spreadsheet_number(text).map_or(Ok(()), Err).and_then(|()| text.parse().map_err(wrong))
}

pub(crate) fn currency(text: &str) -> Result<Currency, Complaint> {
    let cure = "write the ISO 4217 code, such as USD".to_owned();
    text.parse().map_err(|_| (Code::E0205, "a currency is three capital letters".to_owned(), cure))
}

pub(crate) fn amount(text: &str) -> Result<Amount, Complaint> {
    text.parse().map_err(|why: NotAnAmount| {
        let code = if matches!(why, NotAnAmount::TooFine | NotAnAmount::TooLarge) { Code::E0208 } else { Code::E0211 };
        let why = match why {
            NotAnAmount::Grouped => "thousands separator".to_owned(),
            other => other.to_string(),
        };
        (code, why, "AWS writes 4000.00; a spreadsheet has probably re-saved this file. Download it again".to_owned())
    })
}

/// Both forms of a feed's timestamps: `2025-03-03T00:04:07Z` and `2025-03-03 00:04:07.0`, or a day alone. All are UTC.
pub(crate) fn moment(text: &str) -> Result<Instant, Complaint> {
    let read = || {
        let bytes = text.as_bytes();
        let midnight = Instant::midnight_at_start(bytes)?;
        if bytes.len() == 10 {
            return Some(midnight);
        }
        let clock = time::clock_after_day(bytes)?;
        let rest = bytes[19..].strip_suffix(b"Z").unwrap_or(&bytes[19..]);
        let micros = match rest {
            [] => 0,
            [b'.', fraction @ ..] if (1..=9).contains(&fraction.len()) && fraction.iter().all(u8::is_ascii_digit) => {
                let place = |at: usize| fraction.get(at).map_or(0, |digit| u32::from(digit - b'0'));
                (0..6).fold(0, |sum, at| sum * 10 + place(at))
            }
            _ => return None,
        };
        matches!(bytes[10], b'T' | b' ').then(|| midnight.at_clock(clock, micros))?
    };
    read().ok_or_else(|| {
        let cure =
            "AWS writes 2025-03-03T00:04:07Z or 2025-03-03 00:04:07.0; a spreadsheet has probably re-saved this file. Download it again";
        let (code, why) = match text.contains(['/', '.']) && !text.contains(':') {
            true => (Code::E0207, "a date as a spreadsheet writes it"),
            false => (Code::E0206, "not a moment that AWS writes"),
        };
        (code, why.to_owned(), cure.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_moment_are_read() {
        for (text, canonical) in [
            ("2025-03-03T00:04:07Z", "2025-03-03T00:04:07Z"),
            ("2025-03-03 00:04:07.0", "2025-03-03T00:04:07Z"),
            ("2025-03-03 00:04:07.000000", "2025-03-03T00:04:07Z"),
            ("2025-03-03 00:04:07.5", "2025-03-03T00:04:07.500000Z"),
            ("2025-03-03", "2025-03-03T00:00:00Z"),
        ] {
            assert_eq!(moment(text).unwrap().to_string(), canonical);
        }
        for text in ["3/4/25", "2025-3-3", "03.03.2025 00:04", "2025-03-03T00:04", "45719", "2025-03-03T00:04:07+01:00"] {
            assert!(moment(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_header_says_which_feed_it_is() {
        let layout = recognise(&["offer_id", "valid_from", "product_id", "offer_revision", "update_date", "delete_date"]).ok().unwrap();
        assert_eq!(layout.feed.name(), "offer_product");
        let nearest = recognise(&["Date", "Service", "Cost ($)"]).err().unwrap();
        assert_eq!(nearest.present, Vec::<&str>::new());
    }

    #[test]
    fn every_feed_knows_its_history_columns() {
        for feed in FEEDS {
            for name in ["valid_from", "insert_date", "update_date", "delete_date"] {
                assert!(feed.columns().iter().any(|column| column.name == name), "{} has no {name}", feed.name());
            }
        }
    }
}
