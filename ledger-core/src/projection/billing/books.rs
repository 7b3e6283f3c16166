//! Double-entry books of one party, derived from the movements and never stored.
//!
//! ```text
//! movements, headers --Rule--> transactions --> journal         what happened, a transaction for each line and day
//!                              sums         --> trial balance   the same, added up
//! charge sums        ------------------------> told             what the payouts say each account must stand at
//! ```
//!
//! A row moves one amount between two accounts, so every transaction sums to nothing in each currency. Which two, its class says
//! ([`measure`](super::measure), AWS's own) and its action: payouts and books cannot disagree. An invoice credits contract liabilities and never
//! revenue, acceptance posts nothing, and tax that AWS remits is not this party's. `docs/formats/books.md` has the table.
//!
//! Whose books they are is asked for: nothing is posted that happened to somebody else, and no sum is taken over two parties.

mod account;
mod cents;
mod headers;
mod others;
mod posted;
mod release;
mod reports;
mod rows;
mod told;
mod why;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::mem::take;

use chrono::NaiveDate;

pub use self::account::{Account, Deferral, Fee, Presentation, Resale};
pub use self::reports::{journal, trial_balance};
pub use self::told::told;
pub use self::why::why;

use self::account::{ACCOUNTS, Place};
use super::measure::Counted;
use super::table::NONE;
use super::{Billing, Names};
use crate::id::AccountId;
use crate::money::{Amount, Currency};
use crate::projection::closing::{NOTHING_CLOSED, Shuts};
use crate::time::{Basis, Instant, Period};

/// Whose books, of when, and how they are presented.
#[derive(Clone, Copy)]
pub struct Asked<'a> {
    /// Whose.
    pub party: AccountId,
    /// Of when.
    pub basis: Basis,
    /// The end of the asked time: of the as-of date, or of the last day that is recorded.
    pub until: Instant,
    /// What a policy has decided.
    pub presentation: Presentation,
    /// Who is who.
    pub names: &'a dyn Names,
    /// Only the transactions that are posted on these days; every one when there is nothing.
    pub within: Option<Period>,
    /// What else posts, beside the rows of the billing feed.
    pub others: &'a [Box<dyn Posts>],
    /// What was closed by the asked position: what was recorded later is posted later. The journal uses it; no balance does.
    pub shuts: &'a Shuts,
    /// What else posted, as it was known at each of these.
    pub then: &'a [Vec<Box<dyn Posts>>],
    /// How the books were presented at each of these; where nothing is said, as they are now.
    pub presented: &'a [Presentation],
}

impl<'a> Asked<'a> {
    /// All that happened to a party, of the billing feed alone, with nothing decided and nothing closed.
    pub fn of(party: AccountId, basis: Basis, until: Instant, names: &'a dyn Names) -> Self {
        let presentation = Presentation::default();
        Self { party, basis, until, presentation, names, within: None, others: &[], shuts: &NOTHING_CLOSED, then: &[], presented: &[] }
    }
}

/// What another projection posts to the books of parties, as it stands at the asked basis.
pub trait Posts {
    /// Whose.
    fn parties(&self) -> BTreeSet<AccountId>;

    /// What happened to a party. The sum of each transaction is nothing in each currency.
    fn transactions(&self, party: AccountId) -> Vec<Transaction<'_>>;

    /// What the projection itself says that its accounts stand at before a moment, in hundred-millionths: no transaction is looked at.
    fn told(&self, party: AccountId, before: Instant) -> Vec<(Account, Currency, i128)>;
}

impl Asked<'_> {
    fn wants(&self, moment: i64) -> bool {
        self.within.is_none_or(|period| period.holds(Instant::from_micros(moment)))
    }
}

/// What a transaction is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A balance from before the ledger began.
    Opening,
    /// A line was invoiced.
    Invoice,
    /// It was refunded or credited.
    Refund,
    /// AWS corrected the balance.
    Adjustment,
    /// AWS forgave it.
    Forgiven,
    /// The buyer paid it.
    Collection,
    /// A payout was allocated to it, or taken back from it.
    Allocation,
    /// A payout was sent.
    Payout,
    /// A payout came back.
    PayoutFailed,
    /// An action that this program does not know.
    Unknown,
    /// What AWS's rounding left on a line.
    Rounding,
    /// A month of the service period has passed.
    Release,
    /// A credit lowered a bill of AWS's.
    CreditApplied,
    /// A contract year has ended, and less was spent than was committed.
    ShortfallAccrued,
    /// AWS invoiced that.
    ShortfallInvoiced,
    /// A statement and the ledger differ by no more than the policy lets them.
    DifferenceTolerated,
    /// They differ, and somebody has accepted it.
    DifferenceAccepted,
}

impl What {
    /// In a word or two.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Opening => "opening balance",
            Self::Invoice => "invoice",
            Self::Refund => "refund",
            Self::Adjustment => "balance adjustment",
            Self::Forgiven => "charge forgiven",
            Self::Collection => "collection",
            Self::Allocation => "payout allocated",
            Self::Payout => "payout",
            Self::PayoutFailed => "payout failed",
            Self::Unknown => "unknown action",
            Self::Rounding => "rounding",
            Self::Release => "release",
            Self::CreditApplied => "credit applied",
            Self::ShortfallAccrued => "shortfall accrued",
            Self::ShortfallInvoiced => "shortfall invoiced",
            Self::DifferenceTolerated => "difference tolerated",
            Self::DifferenceAccepted => "difference accepted",
        }
    }
}

/// An amount on an account: a debit above zero, a credit below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Posting {
    /// The account.
    pub account: Account,
    /// The currency.
    pub currency: Currency,
    /// The amount.
    pub amount: Amount,
}

/// What happened to a line, or a payout, on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transaction<'a> {
    /// The day on which it is posted, in UTC.
    pub day: NaiveDate,
    /// The day on which it took effect: another one where that was closed when it was recorded.
    pub effective: NaiveDate,
    /// What it is of.
    pub what: What,
    /// The other party, by name or account.
    pub payee: Option<String>,
    /// The buyer's invoice, or the own one where there is no other.
    pub invoice: Option<&'a str>,
    /// Its line; of a credit, which one and of which bill; of a shortfall the contract year.
    pub line: Option<&'a str>,
    /// The agreement.
    pub agreement: Option<&'a str>,
    /// The payout.
    pub payout: Option<&'a str>,
    /// The bank's name for it.
    pub trace: Option<&'a str>,
    /// The events behind it, by position.
    pub events: Vec<u64>,
    /// What it moves. The sum is nothing in each currency.
    pub postings: Vec<Posting>,
}

/// What posts. Each looks at the state and says what happened to the party.
trait Rule: Sync {
    /// The transactions, in any order.
    fn transactions<'a>(&self, books: &Books<'a>) -> Vec<Transaction<'a>>;

    /// The same, added up.
    fn sums(&self, books: &Books<'_>, sums: &mut Sums) {
        for transaction in self.transactions(books) {
            transaction.postings.iter().for_each(|posting| sums.add(posting.account, posting.currency, posting.amount.units()));
        }
    }

    /// What each event moved on each account.
    fn moved(&self, books: &Books<'_>) -> Vec<why::Moved> {
        self.transactions(books).iter().flat_map(why::Moved::of).collect()
    }

    /// Whether each of its transactions stands by itself, and is posted by its own position; else what differs is.
    fn posts_by_position(&self) -> bool {
        false
    }

    /// Whether it only moves on what other rules have posted, so that the sums of the payouts do not tell it.
    fn follows(&self) -> bool {
        false
    }
}

/// Every rule: one file, one line.
const RULES: &[&dyn Rule] = &[&rows::Rows, &headers::Headers, &cents::Cents, &release::Release, &others::Others];

/// The books of a party: the state, and what rules look up in it again and again.
pub(super) struct Books<'a> {
    pub(super) state: &'a Billing,
    pub(super) asked: Asked<'a>,
    /// The party, as a text of the state; [`NONE`] when no row is its own.
    party: u32,
    counted: Vec<Counted>,
    /// By class.
    places: Vec<Place>,
    /// The movements that bring a balance forward.
    pub(super) openings: BTreeSet<usize>,
    odd: OnceCell<cents::Odd>,
}

impl<'a> Books<'a> {
    pub(super) fn new(state: &'a Billing, asked: Asked<'a>) -> Self {
        let counted = state.counted();
        let invoice = |class: u32| state.texts.some(state.class(class).invoice);
        let places = (0..).zip(&counted).map(|(class, counted)| Place::of(counted, invoice(class), &asked.presentation)).collect();
        let party = state.texts.position(asked.party.as_str()).unwrap_or(NONE);
        Self { state, asked, party, counted, places, openings: state.openings_moved(), odd: OnceCell::new() }
    }

    /// Whether a line is the party's.
    pub(super) fn owns(&self, line: u32) -> bool {
        self.state.lines.rows[line as usize][0] == self.party
    }

    /// Where a charge is posted.
    pub(super) fn place(&self, charge: u32) -> Place {
        self.places[self.state.charges.rows[charge as usize][2] as usize]
    }

    /// Every transaction, by the day on which it is posted.
    fn transactions(&self) -> Vec<Transaction<'a>> {
        let mut all: Vec<Transaction<'a>> = RULES.iter().flat_map(|rule| self.posted(*rule)).collect();
        all.sort_by(|one, other| one.key().cmp(&other.key()));
        let confirmed = self.state.confirmed(self.asked.basis.known_at);
        all.iter_mut().for_each(|transaction| transaction.events = confirmed.beside(take(&mut transaction.events)));
        all
    }

    /// The lines that were paid out and are odd, looked for once.
    fn odd(&self) -> &cents::Odd {
        self.odd.get_or_init(|| cents::Odd::of(self))
    }

    /// What each account that was moved stands at.
    fn balances(&self) -> BTreeMap<(Account, Currency), Amount> {
        let mut sums = Sums::default();
        RULES.iter().for_each(|rule| rule.sums(self, &mut sums));
        sums.balances()
    }

    /// A posting of so many hundred-millionths.
    fn posting(&self, account: Account, currency: u32, units: i128) -> Option<Posting> {
        let currency = self.state.currency(currency).ok()?;
        (units != 0).then(|| Posting { account, currency, amount: Amount::from_units(units) })
    }
}

impl Transaction<'_> {
    /// The order of the journal, which no basis turns round.
    fn key(&self) -> impl Ord {
        (self.day, self.effective, self.what, self.invoice, self.line, self.payout, self.events.first().copied())
    }
}

/// The transactions of a party, by day.
pub fn transactions<'a>(state: &'a Billing, asked: Asked<'a>) -> Vec<Transaction<'a>> {
    Books::new(state, asked).transactions()
}

/// What each account of a party that was moved stands at, by account and currency.
pub fn balances(state: &Billing, asked: Asked<'_>) -> BTreeMap<(Account, Currency), Amount> {
    Books::new(state, asked).balances()
}

/// The parties that have books, in order: everybody who is the recipient of a row, and whoever something else posts to.
pub fn parties(state: &Billing, others: &[Box<dyn Posts>]) -> BTreeSet<AccountId> {
    let lines = state.lines.rows.iter().map(|line| line[0]);
    let payouts = state.payouts.rows.iter().map(|payout| payout[0]);
    let recipients: BTreeSet<u32> = lines.chain(payouts).collect();
    let recipients = recipients.into_iter().filter_map(|recipient| state.texts.get(recipient).parse().ok());
    recipients.chain(others.iter().flat_map(|others| others.parties())).collect()
}

/// A sum for each account, currency by currency.
#[derive(Debug, Default)]
struct Sums {
    of: BTreeMap<Currency, [Option<i128>; ACCOUNTS]>,
}

impl Sums {
    fn add(&mut self, account: Account, currency: Currency, units: i128) {
        *self.of.entry(currency).or_insert([None; ACCOUNTS])[account as usize].get_or_insert(0) += units;
    }

    fn balances(&self) -> BTreeMap<(Account, Currency), Amount> {
        let each = |(currency, sums): (&Currency, &[Option<i128>; ACCOUNTS])| {
            let currency = *currency;
            let told = move |(account, units): (&Account, Option<i128>)| Some(((*account, currency), Amount::from_units(units?)));
            Account::ALL.iter().zip(*sums).filter_map(told).collect::<Vec<_>>()
        };
        self.of.iter().flat_map(each).collect()
    }
}
