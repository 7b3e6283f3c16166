//! Records in two times: who, what, offers, agreements and authorizations.
//!
//! ```text
//! Record    one key, in one recipient's feeds: an account, an offer's revision, an agreement, an instalment
//!   Version   since when it holds (`valid_from`) x when it was stated (`update_date`, then order of recording)
//! ```
//!
//! Asked at a basis, a record is resolved as AWS's own queries do it (aws-marketplace-api-samples, `seller-data-feeds/queries`):
//! of the versions that were known, the last statement per `valid_from` counts, a withdrawn one counts nothing, and of those that are
//! left the one with the largest `valid_from` before the asked moment is in force. When attributes are looked up, the first version of
//! a record covers all earlier time.
//!
//! Opaque account ids are scoped by recipient and resolved to AWS accounts when asked, never when folded, so that any split of the
//! files gives the same answers. The fold keeps each version's JSON and decodes what a question needs.

mod authorizations;
mod cancellations;
mod commitments;
mod deals;
mod findings;
mod groups;
mod instalments;
mod lay;
mod offer_states;
mod offers;
mod parties;
mod renewals;
mod reports;
mod sold;
mod strategy;
mod subject;
mod trace;
mod why;

use std::borrow::Cow;
use std::cell::{OnceCell, RefCell};
use std::cmp::Ordering;
use std::collections::BTreeMap;

pub use self::cancellations::Cancellation;
pub use self::deals::{Chains, Channel, Standing, Visibility};
pub use self::instalments::{Feeds, Invoiced, instalments, why_instalments};
pub(crate) use self::instalments::{not_invoiced, not_told, open_instalments};
pub(crate) use self::lay::lay;
pub use self::offer_states::{OfferState, OfferStates};
pub use self::renewals::{EndingCredit, renewals};
pub use self::reports::{agreements, authorizations, charges, deals, offers, parties, products};
pub use self::sold::Sold;
pub use self::strategy::strategy;
use self::subject::subject;
pub(crate) use self::why::{
    BALANCE, CAPPED, CARRIED, COMMITTED, COST_CENTRE, COUNTED, FEE_CHARGED, FEE_DIFFERENCE, FEE_EXPECTED, FEE_PRICE, FORECAST, LACKING,
    MARKETPLACE, MEASURE, OPENED, POSTED_CREDIT, POSTED_DIFFERENCE, POSTED_PAYOUT, POSTED_RELEASE, POSTED_ROUNDING, POSTED_ROW,
    POSTED_SHORTFALL, SERVICES, STRAIGHT_LINE,
};
pub use self::why::{RULES, Reason, Rule, why_agreements, why_authorizations, why_deals, why_offers};
use super::Projection;
use crate::canonical;
use crate::event::{Entry, Event, Source};
use crate::hash::Map;
use crate::id::{AccountId, FeedAccountId};
use crate::time::{Basis, Instant};

/// What a record is of. The order is that of the saved form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Party,
    Place,
    Product,
    Designation,
    Mapping,
    Authorization,
    Offer,
    OfferStep,
    OfferProduct,
    OfferTarget,
    OfferSet,
    Agreement,
    Cancellation,
    Term,
    Charge,
    Summary,
    Commitment,
    Statement,
    Spend,
    Shortfall,
}

const KINDS: [Kind; 20] = [
    Kind::Party,
    Kind::Place,
    Kind::Product,
    Kind::Designation,
    Kind::Mapping,
    Kind::Authorization,
    Kind::Offer,
    Kind::OfferStep,
    Kind::OfferProduct,
    Kind::OfferTarget,
    Kind::OfferSet,
    Kind::Agreement,
    Kind::Cancellation,
    Kind::Term,
    Kind::Charge,
    Kind::Summary,
    Kind::Commitment,
    Kind::Statement,
    Kind::Spend,
    Kind::Shortfall,
];

/// One statement about a record. Its key and its JSON stand in [`Records::text`], one behind the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Version {
    /// Since when it holds.
    from: i64,
    /// When it was stated; before everything when its source does not say.
    stated: i64,
    seq: u64,
    start: usize,
    key: usize,
    value: usize,
    kind: Kind,
    withdrawn: bool,
}

const UNDATED: i64 = i64::MIN;

impl Version {
    const WIDTH: usize = 42;

    fn stated_at(&self) -> Option<Instant> {
        (self.stated != UNDATED).then(|| Instant::from_micros(self.stated))
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.from.to_le_bytes());
        out.extend_from_slice(&self.stated.to_le_bytes());
        out.extend_from_slice(&self.seq.to_le_bytes());
        out.extend_from_slice(&(self.start as u64).to_le_bytes());
        out.extend_from_slice(&u32::try_from(self.key).unwrap_or(u32::MAX).to_le_bytes());
        out.extend_from_slice(&u32::try_from(self.value).unwrap_or(u32::MAX).to_le_bytes());
        out.push(self.kind as u8);
        out.push(u8::from(self.withdrawn));
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let wide = |at: usize| Some(u64::from_le_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
        let narrow = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?) as usize);
        Some(Self {
            from: wide(0)?.cast_signed(),
            stated: wide(8)?.cast_signed(),
            seq: wide(16)?,
            start: usize::try_from(wide(24)?).ok()?,
            key: narrow(32)?,
            value: narrow(36)?,
            kind: *KINDS.get(usize::from(*bytes.get(40)?))?,
            withdrawn: *bytes.get(41)? == 1,
        })
    }
}

/// The fold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Records {
    /// Keys and values, in recorded order.
    text: Vec<u8>,
    /// In recorded order.
    versions: Vec<Version>,
    /// The first of `versions`, in the order of kind, key, `from`, statement, position.
    sorted: Vec<u32>,
    /// Entries of ours that were corrected, and by which.
    corrected: Vec<(u64, u64)>,
    /// The days on which was recorded, each with its first position.
    days: Vec<(u64, i64)>,
}

impl Records {
    fn key(&self, version: &Version) -> &[u8] {
        self.text.get(version.start..version.start + version.key).unwrap_or_default()
    }

    fn value(&self, version: &Version) -> &[u8] {
        let start = version.start + version.key;
        self.text.get(start..start + version.value).unwrap_or_default()
    }

    fn take(&mut self, event: &Event, entry: &Entry, withdrawn: bool) {
        self.take_at(event, entry.effective_at, entry.source.as_ref(), entry.seq, withdrawn);
    }

    fn take_at(&mut self, event: &Event, effective_at: Instant, source: Option<&Source>, seq: u64, withdrawn: bool) {
        let start = self.text.len();
        let Some((kind, from)) = subject(event, effective_at, source.map(|source| source.id.as_str()), &mut self.text) else { return };
        let stated_at = source.and_then(|source| source.stated_at);
        let key = self.text.len() - start;
        canonical::write(&mut self.text, event);
        self.versions.push(Version {
            from: from.micros(),
            stated: stated_at.map_or(UNDATED, Instant::micros),
            seq,
            start,
            key,
            value: self.text.len() - start - key,
            kind,
            withdrawn,
        });
    }

    fn compare(&self, one: u32, other: u32) -> Ordering {
        let (one, other) = (&self.versions[one as usize], &self.versions[other as usize]);
        one.kind
            .cmp(&other.kind)
            .then_with(|| self.key(one).cmp(self.key(other)))
            .then_with(|| (one.from, one.stated, one.seq).cmp(&(other.from, other.stated, other.seq)))
    }

    /// All versions in order. What is sorted already is one run, so that a few late ones cost little.
    fn order(&self) -> Cow<'_, [u32]> {
        if self.sorted.len() == self.versions.len() {
            return Cow::Borrowed(&self.sorted);
        }
        let mut order = self.sorted.clone();
        let recent = u32::try_from(self.sorted.len()).unwrap_or(u32::MAX)..u32::try_from(self.versions.len()).unwrap_or(u32::MAX);
        order.extend(recent);
        order.sort_by(|one, other| self.compare(*one, *other));
        Cow::Owned(order)
    }

    /// The records as they would be had this entry of ours never counted.
    pub(crate) fn without(&self, seq: u64) -> Self {
        let mut without = self.clone();
        without.corrected.push((seq, 0));
        without
    }

    /// Takes an event in that is only supposed, behind everything that is recorded.
    pub(crate) fn suppose(&mut self, event: &Event, effective_at: Instant) {
        let seq = self.versions.last().map_or(0, |last| last.seq) + 1;
        self.take_at(event, effective_at, None, seq, false);
    }

    /// The records as they stood at a basis.
    pub fn at(&self, basis: Basis) -> View<'_> {
        View { records: self, order: self.order(), basis, accounts: OnceCell::new(), asked: RefCell::default(), standings: OnceCell::new() }
    }
}

const NAME: &str = "records";

impl Projection for Records {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> u32 {
        5
    }

    fn evolve(&mut self, entry: &Entry) {
        let day = Instant::midnight(entry.recorded_at.day()).micros();
        if self.days.last().is_none_or(|(_, last)| *last < day) {
            self.days.push((entry.seq, day));
        }
        match &entry.event {
            Event::SourceRestated(restated) => self.take(&restated.entry, entry, restated.withdrawn),
            Event::EntryCorrected(corrected) => {
                self.corrected.push((corrected.entry, entry.seq));
                if let Some(replacement) = &corrected.replacement {
                    self.take(replacement, entry, false);
                }
            }
            event => self.take(event, entry, false),
        }
    }

    fn save(&self) -> Vec<u8> {
        let order = self.order();
        let pairs = 16 * (self.corrected.len() + self.days.len());
        let mut out = Vec::with_capacity(32 + self.versions.len() * (Version::WIDTH + 4) + pairs + self.text.len());
        for length in [self.versions.len(), self.corrected.len(), self.days.len(), self.text.len()] {
            out.extend_from_slice(&(length as u64).to_le_bytes());
        }
        self.versions.iter().for_each(|version| version.write(&mut out));
        order.iter().for_each(|at| out.extend_from_slice(&at.to_le_bytes()));
        for (entry, by) in &self.corrected {
            out.extend_from_slice(&entry.to_le_bytes());
            out.extend_from_slice(&by.to_le_bytes());
        }
        for (seq, day) in &self.days {
            out.extend_from_slice(&seq.to_le_bytes());
            out.extend_from_slice(&day.to_le_bytes());
        }
        out.extend_from_slice(&self.text);
        out
    }

    fn load(&mut self, bytes: &[u8]) -> bool {
        *self = Self::default();
        let read = || {
            let (lengths, rest) = bytes.split_at_checked(32)?;
            let mut lengths = lengths.chunks_exact(8).map(|length| usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok());
            let mut length = || lengths.next().flatten();
            let (versions, corrected, days, text) = (length()?, length()?, length()?, length()?);
            let (version_bytes, rest) = rest.split_at_checked(versions.checked_mul(Version::WIDTH)?)?;
            let (order_bytes, rest) = rest.split_at_checked(versions.checked_mul(4)?)?;
            let (corrected_bytes, rest) = rest.split_at_checked(corrected.checked_mul(16)?)?;
            let (day_bytes, rest) = rest.split_at_checked(days.checked_mul(16)?)?;
            let wide = |bytes: &[u8]| bytes.try_into().map(u64::from_le_bytes).ok();
            let state = Self {
                versions: version_bytes.chunks_exact(Version::WIDTH).map(Version::read).collect::<Option<_>>()?,
                sorted: order_bytes.chunks_exact(4).map(|at| at.try_into().map(u32::from_le_bytes).ok()).collect::<Option<_>>()?,
                corrected: corrected_bytes
                    .chunks_exact(16)
                    .map(|pair| Some((wide(&pair[..8])?, wide(&pair[8..])?)))
                    .collect::<Option<_>>()?,
                days: day_bytes
                    .chunks_exact(16)
                    .map(|pair| Some((wide(&pair[..8])?, wide(&pair[8..])?.cast_signed())))
                    .collect::<Option<_>>()?,
                text: (rest.len() == text).then(|| rest.to_vec())?,
            };
            state.sorted.iter().all(|at| (*at as usize) < versions).then_some(state)
        };
        let state = read();
        let taken = state.is_some();
        *self = state.unwrap_or_default();
        taken
    }

    fn totals(&self) -> Vec<(String, String)> {
        let mut counts = [0_u64; KINDS.len()];
        for version in &self.versions {
            counts[version.kind as usize] += 1;
        }
        KINDS.iter().zip(counts).map(|(kind, count)| (format!("{kind:?} versions").to_lowercase(), count.to_string())).collect()
    }
}

/// By AWS account: which recipients name it, and where the rows stand.
type Accounts = BTreeMap<AccountId, Vec<(AccountId, std::ops::Range<usize>)>>;

/// The records as they stood at a basis.
pub struct View<'a> {
    records: &'a Records,
    order: Cow<'a, [u32]>,
    basis: Basis,
    accounts: OnceCell<Accounts>,
    /// Opaque accounts that were asked for, by recipient: reports ask for the same ones again and again.
    asked: RefCell<Map<AccountId, Map<FeedAccountId, Option<AccountId>>>>,
    standings: OnceCell<Vec<Standing>>,
}

/// All versions of one key.
#[derive(Clone, Copy)]
struct Record<'v> {
    records: &'v Records,
    versions: &'v [u32],
    basis: Basis,
}

impl<'v> Record<'v> {
    /// The parts of its key.
    fn key(&self) -> Vec<&'v str> {
        let key = self.versions.first().map(|at| self.records.key(&self.records.versions[*at as usize])).unwrap_or_default();
        key.split(|byte| *byte == 0).map(|part| std::str::from_utf8(part).unwrap_or_default()).collect()
    }

    /// Whether it is a part that a document tells of an offer.
    fn is_part(&self) -> bool {
        self.key().get(3).is_some_and(|document| !document.is_empty())
    }

    /// Per `valid_from` the last statement that was known and not taken back, in the order of `valid_from`, whenever it takes effect.
    fn stated(&self) -> Vec<&'v Version> {
        let mut stated: Vec<&Version> = Vec::new();
        for version in self.versions.iter().map(|at| &self.records.versions[*at as usize]) {
            let known = self.basis.had_been_stated(version.seq, version.stated_at());
            let corrected = |(entry, by): &(u64, u64)| *entry == version.seq && *by <= self.basis.known_at;
            if !known || self.records.corrected.iter().any(corrected) {
                continue;
            }
            match stated.last_mut() {
                Some(last) if last.from == version.from => *last = version,
                _ => stated.push(version),
            }
        }
        stated.retain(|version| !version.withdrawn);
        stated
    }

    fn event(&self, version: &Version) -> Option<Event> {
        serde_json::from_slice(self.records.value(version)).ok()
    }

    /// The version in force at the basis, if the record had come into being.
    fn in_force(&self) -> Option<&'v Version> {
        self.stated().into_iter().rfind(|version| self.basis.had_happened(Instant::from_micros(version.from)))
    }

    /// The version whose attributes count at a moment, or at the basis: the first one covers all earlier time.
    fn looked_up(&self, moment: Option<Instant>) -> Option<&'v Version> {
        let stated = self.stated();
        let covers = |version: &&Version| {
            let from = Instant::from_micros(version.from);
            self.basis.had_happened(from) && moment.is_none_or(|moment| from <= moment)
        };
        stated.iter().copied().rfind(covers).or_else(|| stated.first().copied())
    }
}

/// Decodes a version's event when it is of the wanted type.
macro_rules! value_of {
    ($record:expr, $version:expr, $($variant:ident)|+) => {
        $version.and_then(|version| match $record.event(version) {
            $(Some($crate::event::Event::$variant(value)) => Some(*value),)+
            _ => None,
        })
    };
}
use value_of;

impl View<'_> {
    /// The basis that was asked for.
    pub fn basis(&self) -> Basis {
        self.basis
    }

    /// The same records at another basis.
    pub(crate) fn again(&self, basis: Basis) -> Self {
        let (records, order) = (self.records, self.order.clone());
        Self { records, order, basis, accounts: OnceCell::new(), asked: RefCell::default(), standings: OnceCell::new() }
    }

    /// The end of the asked time: of the as-of date, or else of the day on which the last known entry was recorded. Expiry is judged
    /// by it, and so by nothing but the ledger and the question.
    pub fn until(&self) -> Option<Instant> {
        self.basis.effective_before.or_else(|| {
            let recorded = self.records.days.iter().rfind(|(seq, _)| *seq <= self.basis.known_at);
            recorded.map(|(_, day)| Instant::from_micros(day + 86_400_000_000))
        })
    }

    /// Where the records of a kind stand whose key begins with these parts.
    fn range(&self, kind: Kind, parts: &[&str]) -> std::ops::Range<usize> {
        let mut prefix: Vec<u8> = parts.join("\0").into_bytes();
        if !parts.is_empty() {
            prefix.push(0);
        }
        let place = |at: &u32| {
            let version = &self.records.versions[*at as usize];
            let key = self.records.key(version);
            // A key that ends where the prefix does has all the parts: compare it as if a separator followed.
            let head = if key.len() + 1 == prefix.len() {
                Cow::Owned([key, &[0]].concat())
            } else {
                Cow::Borrowed(&key[..key.len().min(prefix.len())])
            };
            version.kind.cmp(&kind).then_with(|| head.as_ref().cmp(prefix.as_slice()))
        };
        let start = self.order.partition_point(|at| place(at) == Ordering::Less);
        let length = self.order[start..].partition_point(|at| place(at) == Ordering::Equal);
        start..start + length
    }

    fn record(&self, range: std::ops::Range<usize>) -> Record<'_> {
        Record { records: self.records, versions: &self.order[range], basis: self.basis }
    }

    /// The records of a kind whose key begins with these parts, in the order of their keys.
    fn all(&self, kind: Kind, parts: &[&str]) -> impl Iterator<Item = (Record<'_>, std::ops::Range<usize>)> {
        let range = self.range(kind, parts);
        let mut start = range.start;
        std::iter::from_fn(move || {
            let first = (start < range.end).then(|| self.records.key(&self.records.versions[self.order[start] as usize]))?;
            let same = |at: &u32| self.records.key(&self.records.versions[*at as usize]) == first;
            let end = start + self.order[start..range.end].iter().take_while(|at| same(at)).count();
            let found = start..end;
            start = end;
            Some((self.record(found.clone()), found))
        })
    }

    fn one(&self, kind: Kind, key: &[&str]) -> Option<Record<'_>> {
        self.all(kind, key).next().map(|(record, _)| record)
    }
}
