//! Credits: what was granted, and where it went. In every one of them, at every basis: granted = applied + expired + revoked + balance.

use std::collections::BTreeSet;

use chrono::{Months, NaiveDate};

use crate::event::Event;
use crate::event::programme::CreditSplit;
use crate::id::AccountId;
use crate::money::{Amount, Currency};
use crate::time::{Instant, Period};

/// The smallest part that a credit can be split into (AWS Billing API, `SplitCredit`).
pub(crate) const SMALLEST_PART: i128 = 100 * 100_000_000;
/// How many parts there can be.
pub(crate) const PARTS: std::ops::RangeInclusive<usize> = 2..=99;

/// Some of a credit that lowered a bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// Whose charges were lowered.
    pub account: AccountId,
    /// By how much.
    pub amount: Amount,
    /// Whether AWS did not say which credit, and it was laid to this one in AWS's published order.
    pub by_order: bool,
    /// Whether the bill was not final.
    pub estimated: bool,
    /// The bill's month.
    pub month: String,
    /// The event that says so.
    pub seq: u64,
    /// The service whose charges were lowered.
    pub service: Option<String>,
}

/// A credit at a basis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credit {
    /// Its id.
    pub id: String,
    /// The credit that AWS granted, of which this is a part after splits; itself otherwise.
    pub root: String,
    /// The programme; nothing is told of a balance that was brought forward.
    pub programme: Option<String>,
    /// The application it was granted on.
    pub application: Option<String>,
    /// The agreement it was granted for, as the grant itself says.
    pub agreement: Option<String>,
    /// Who holds it.
    pub holder: AccountId,
    /// Its currency.
    pub currency: Currency,
    /// The services it pays for; all of them when empty.
    pub services: BTreeSet<String>,
    /// When it begins.
    pub starts: Instant,
    /// The first moment at which it has expired.
    pub ends: Option<Instant>,
    /// When it was granted, or split off.
    pub granted_at: Instant,
    /// The event by which it came to be.
    pub seq: u64,
    /// What was granted with it, before anything was split off.
    pub original: i128,
    /// When it was split: from then on it pays for nothing, and its parts do.
    pub split_at: Option<Instant>,
    /// What was split off it, and by which event.
    pub split: Vec<(i128, u64)>,
    /// What lowered bills.
    pub uses: Vec<Use>,
    /// What AWS took back, and by which event.
    pub revoked: Vec<(i128, u64)>,
    /// What had not been used when it ended.
    pub expired: i128,
    /// What its holder passed on to the customer, and by which event.
    pub passed_on: Vec<(i128, u64)>,
    /// Who held it, since when, and by which event.
    pub holders: Vec<(Instant, AccountId, u64)>,
}

impl Credit {
    /// What was granted and not split off.
    pub fn granted(&self) -> i128 {
        self.original - total(&self.split)
    }

    /// What lowered bills.
    pub fn applied(&self) -> i128 {
        self.uses.iter().map(|used| used.amount.units()).sum()
    }

    /// What AWS took back.
    pub fn taken_back(&self) -> i128 {
        total(&self.revoked)
    }

    /// What is left.
    pub fn balance(&self) -> i128 {
        self.granted() - self.applied() - self.taken_back() - self.expired
    }

    /// In a word.
    pub fn status(&self, until: Option<Instant>) -> &'static str {
        match () {
            () if self.balance() < 0 => "overdrawn",
            () if self.expired > 0 => "expired",
            () if self.balance() > 0 && until.is_some_and(|until| until <= self.starts) => "not begun",
            () if self.balance() > 0 => "active",
            () if !self.split.is_empty() => "split",
            () if self.taken_back() > 0 => "revoked",
            () => "used up",
        }
    }

    /// What will be unused when it ends, if as much of it is used per day as since it began; rounded half up to cents. Nothing when it never
    /// ends, has ended, or has not begun.
    pub fn at_risk(&self, until: Option<Instant>) -> Option<Amount> {
        let (until, ends) = (until?, self.ends?);
        let began = self.starts.max(self.granted_at);
        // In seconds: no product of the two is too large for any credit and any end.
        let seconds = |from: Instant, to: Instant| i128::from((to.micros() - from.micros()) / 1_000_000);
        let (elapsed, left) = (seconds(began, until), seconds(until, ends));
        if elapsed <= 0 || left < 0 || self.balance() <= 0 {
            return None;
        }
        let unused = self.balance() - self.applied() * left / elapsed;
        Some(Amount::from_units(unused.max(0)).half_up(2))
    }

    pub(super) fn holder_at(&self, moment: Instant) -> AccountId {
        self.holders.iter().rfind(|(since, ..)| *since < moment).or(self.holders.first()).map_or(self.holder, |(_, holder, _)| *holder)
    }

    pub(super) fn pays_for(&self, service: Option<&str>) -> bool {
        self.services.is_empty() || service.is_none_or(|service| self.services.contains(service))
    }
}

fn total(amounts: &[(i128, u64)]) -> i128 {
    amounts.iter().map(|(amount, _)| amount).sum()
}

/// A fact about credits that does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) code: &'static str,
    pub(crate) seq: u64,
    pub(crate) credit: String,
    pub(crate) message: String,
    pub(crate) amount: Option<(Amount, Currency)>,
}

/// A bill's month as a stretch of time.
pub(crate) fn month(text: &str) -> Option<Period> {
    let from: NaiveDate = (text.len() == 7).then(|| format!("{text}-01").parse().ok()).flatten()?;
    let until = from.checked_add_months(Months::new(1))?;
    Some(Period { from: Instant::midnight(from), until: Instant::midnight(until) })
}

/// Why a credit is not split so; nothing when it can be.
pub(crate) fn unfit_split(told: &CreditSplit, balance: i128) -> Option<String> {
    let parts = told.children.len();
    if !PARTS.contains(&parts) {
        return Some(format!("it is split into {parts}, and AWS splits a credit into 2 to 99"));
    }
    if let Some(small) = told.children.iter().find(|part| part.amount.units() < SMALLEST_PART) {
        return Some(format!("`{}` has {}, and no part has less than 100.00", small.credit, small.amount));
    }
    let sum: i128 = told.children.iter().map(|part| part.amount.units()).sum();
    let written = |units| Amount::from_units(units).half_up(2);
    (sum != balance).then(|| format!("its parts sum to {}, and {} was left of it", written(sum), written(balance)))
}

/// The credit that an event grants.
pub(super) fn grants(event: &Event) -> Option<&str> {
    match event {
        Event::CreditGranted(it) => Some(it.credit.as_str()),
        Event::BalanceBroughtForward(it) => Some(it.item.as_str()),
        _ => None,
    }
}

/// Whether charges are of AWS Marketplace, which the terms of promotional credits leave out.
pub(crate) fn is_marketplace(service: &str) -> bool {
    let plain: String = service.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    plain.contains("awsmarketplace")
}
