//! Sources: which files were read, what they hold, what is missing, and what in them is out of the ordinary.

mod by_hand;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use self::by_hand::{ByHand, Differing};
use super::Projection;
use crate::event::governance::SourceImported;
use crate::event::{Entry, Event};
use crate::feed::FEEDS;
use crate::finding::{self, Finding};
use crate::id::AccountId;
use crate::money::Currency;
use crate::report::{Cell, Column, Kind, Report};
use crate::time::{Basis, Instant};

/// A file that was read, and which of its events have arrived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Import {
    /// Runs of positions of its events, first and last.
    arrived: Vec<(u64, u64)>,
    /// When it was recorded.
    pub recorded_at: Instant,
    /// What was said of the file.
    pub said: SourceImported,
    /// Its position.
    pub seq: u64,
}

impl Import {
    /// How many of its events have arrived.
    pub fn arrived(&self) -> u64 {
        self.arrived.iter().map(|(first, last)| last + 1 - first).sum()
    }

    /// How many of its events stand at or before a position.
    pub fn arrived_by(&self, known_at: u64) -> u64 {
        self.arrived.iter().map(|(first, last)| (known_at.min(*last) + 1).saturating_sub(*first)).sum()
    }

    /// Whether all of its events have arrived.
    pub fn is_complete(&self) -> bool {
        self.arrived() >= self.said.events
    }

    /// Whether all of its events stand at or before a position.
    pub fn is_complete_by(&self, known_at: u64) -> bool {
        self.arrived_by(known_at) >= self.said.events
    }

    fn month(&self) -> Option<Month> {
        Some(Month { year: self.said.year?, month: self.said.month? })
    }
}

/// A month of delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Month {
    /// The year.
    pub year: u32,
    /// 1 to 12.
    pub month: u32,
}

impl Month {
    /// What was delivered before May 2020 stands here. It says nothing of when a feed began.
    /// Source: AWS Marketplace seller guide, data feeds: "year=2010/month=01".
    const BACKFILL: Self = Self { year: 2010, month: 1 };

    fn next(self) -> Self {
        if self.month >= 12 { Self { year: self.year + 1, month: 1 } } else { Self { month: self.month + 1, ..self } }
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "{:04}-{:02}", self.year, self.month)
    }
}

/// A month for which a feed delivered no file. A file with a header only is a file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// Whose feed it is.
    pub recipient: AccountId,
    /// Which feed.
    pub feed: String,
    /// Which month.
    pub month: Month,
}

/// Where something was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Sight {
    effective_at: Instant,
    seq: u64,
    stated_at: Option<Instant>,
}

impl Sight {
    fn of(entry: &Entry) -> Self {
        Self { effective_at: entry.effective_at, seq: entry.seq, stated_at: entry.stated_at() }
    }

    fn stands(&self, basis: &Basis) -> bool {
        basis.had_been_stated(self.seq, self.stated_at) && basis.had_happened(self.effective_at)
    }

    /// Whether it stands wherever the other one does.
    fn covers(&self, other: &Self) -> bool {
        self.seq <= other.seq && self.effective_at <= other.effective_at && self.stated_at <= other.stated_at
    }
}

/// Something out of the ordinary, wherever it was seen first: as many sights as it takes to answer at any basis.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Novelty {
    recipient: Option<AccountId>,
    value: String,
    what: String,
}

/// The fold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    imports: Vec<Import>,
    novelties: BTreeMap<Novelty, Vec<Sight>>,
    /// Versions of a record that were stated at the same moment as the one they replace, with the record's key.
    twice: Vec<(Sight, String, Option<AccountId>)>,
    /// What people recorded before its row came.
    by_hand: Vec<ByHand>,
    /// Rows that say something else than what was recorded before they came.
    differing: Vec<Differing>,
    /// When each entry was stated, by position.
    stated: Vec<i64>,
}

const UNDATED: i64 = i64::MIN;
const NAME: &str = "sources";
/// The feed that every payout is computed from.
const MONEY: &str = "billing_event";

impl Sources {
    /// Every file that was read, in recorded order.
    pub fn imports(&self) -> &[Import] {
        &self.imports
    }

    /// The files that were read up to a position.
    pub fn imports_by(&self, known_at: u64) -> impl Iterator<Item = &Import> {
        self.imports.iter().filter(move |import| import.seq <= known_at)
    }

    /// The entries that some files brought: first and last position, and the file's digest.
    pub fn brought(&self, is_wanted: impl Fn(&crate::chain::Hash) -> bool) -> Vec<(u64, u64, crate::chain::Hash)> {
        let wanted = self.imports.iter().filter(|import| is_wanted(&import.said.digest));
        let mut runs: Vec<_> =
            wanted.flat_map(|import| import.arrived.iter().map(|(first, last)| (*first, *last, import.said.digest))).collect();
        runs.sort_unstable();
        runs
    }

    /// What the file of an import is called, by the position of its event.
    pub fn file_of(&self, import: u64) -> Option<&str> {
        self.imports.iter().find(|known| known.seq == import).map(|known| known.said.file.as_str())
    }

    /// The files of which not every event has arrived. Once a later state of a file is read, its earlier one is of no interest: what it lacked
    /// has come with the later one, or is taken back.
    pub fn unfinished(&self, known_at: u64) -> impl Iterator<Item = &Import> {
        let replaced: BTreeSet<u64> = self.imports_by(known_at).filter_map(|import| import.said.replaces).collect();
        self.imports_by(known_at).filter(move |import| !import.is_complete_by(known_at) && !replaced.contains(&import.seq))
    }

    /// The months, per recipient and feed, for which a file was to be expected and none was read, up to the last one seen in any feed of
    /// the recipient. The billing event feed AWS writes for every seller, so it is expected from the first month that was delivered of any.
    /// Other feeds AWS has added over the years: each is expected from its own first month on.
    pub fn gaps(&self, known_at: u64) -> Vec<Gap> {
        let mut delivered: BTreeMap<AccountId, BTreeMap<&str, BTreeSet<Month>>> = BTreeMap::new();
        for import in self.imports_by(known_at) {
            if let Some(month) = import.month() {
                delivered.entry(import.said.recipient).or_default().entry(&import.said.feed).or_default().insert(month);
            }
        }
        let mut gaps = Vec::new();
        let first_of = |months: &BTreeSet<Month>| months.iter().copied().find(|month| *month != Month::BACKFILL);
        for (recipient, mut feeds) in delivered {
            let sellers = feeds.iter().filter(|(name, _)| FEEDS.iter().any(|feed| feed.name() == **name));
            let begun = sellers.filter_map(|(_, months)| first_of(months)).min();
            if begun.is_some() {
                feeds.entry(MONEY).or_default();
            }
            let Some(last) = feeds.values().filter_map(|months| months.last().copied()).max() else { continue };
            for (feed, months) in &feeds {
                // A feed of which only the backfill is here begins with the others, too.
                let own = first_of(months).filter(|_| *feed != MONEY);
                let Some(mut month) = own.or(begun) else { continue };
                while month <= last {
                    if !months.contains(&month) {
                        gaps.push(Gap { recipient, feed: (*feed).to_owned(), month });
                    }
                    month = month.next();
                }
            }
        }
        gaps
    }

    /// What a report on these sources lacks, in a sentence each; nothing when it is complete.
    pub fn lacks(&self, basis: &Basis) -> Vec<String> {
        let (unfinished, gaps) = (self.unfinished(basis.known_at).count(), self.gaps(basis.known_at).len());
        let settled = self.settled(basis.known_at);
        let standing = self.imports_by(basis.known_at).filter(|import| !settled.contains(&import.seq));
        let quarantined: u64 = standing.map(|import| import.said.quarantined).sum();
        let say = |count: u64, one: &str, many: &str| match count {
            0 => None,
            1 => Some(format!("1 {one}")),
            count => Some(format!("{count} {many}")),
        };
        [
            say(unfinished as u64, "import is unfinished", "imports are unfinished"),
            say(quarantined, "row is quarantined", "rows are quarantined"),
            say(gaps as u64, "monthly file is missing", "monthly files are missing"),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// What is out of the ordinary at a basis, in order.
    pub fn findings(&self, basis: &Basis) -> Vec<Finding> {
        let mut found = Vec::new();
        let settled = self.settled(basis.known_at);
        for import in self.imports_by(basis.known_at) {
            self.judge(import, basis.known_at, &settled, &mut found);
        }
        for (novelty, sights) in &self.novelties {
            let Some(sight) = sights.iter().find(|sight| sight.stands(basis)) else { continue };
            let (code, message) = if novelty.what == CURRENCY {
                (finding::UNKNOWN_CURRENCY, format!("`{}` is not in ISO 4217", novelty.value))
            } else {
                (finding::UNKNOWN_VALUE, format!("`{}` is a value that this program does not know", novelty.value))
            };
            found.push(Finding {
                seq: sight.seq,
                code,
                recipient: novelty.recipient,
                subject: novelty.what.clone(),
                message,
                amount: None,
            });
        }
        for (sight, id, recipient) in self.twice.iter().filter(|(sight, ..)| sight.stands(basis)) {
            found.push(Finding {
                seq: sight.seq,
                code: finding::STATED_TWICE,
                recipient: *recipient,
                subject: id.clone(),
                message: "its source states something else at the same moment; this later row counts".to_owned(),
                amount: None,
            });
        }
        for differing in self.differing.iter().filter(|differing| differing.sight.stands(basis)) {
            found.push(Finding {
                seq: differing.sight.seq,
                code: finding::ROW_DIFFERS,
                recipient: differing.recipient,
                subject: differing.subject.clone(),
                message: differing.message.clone(),
                amount: None,
            });
        }
        found.sort();
        found
    }

    /// The imports whose file was read again, or whose rows came mended: what was set aside then, was looked at again since.
    pub fn settled(&self, known_at: u64) -> BTreeSet<u64> {
        self.imports_by(known_at).flat_map(|import| [import.said.replaces, import.said.repairs]).flatten().collect()
    }

    fn judge(&self, import: &Import, known_at: u64, settled: &BTreeSet<u64>, found: &mut Vec<Finding>) {
        let said = &import.said;
        let mut find = |code, message| {
            found.push(Finding {
                seq: import.seq,
                code,
                recipient: Some(said.recipient),
                subject: said.file.clone(),
                message,
                amount: None,
            });
        };
        if said.rewritten {
            let before = said.replaces.map(|seq| format!(" that import #{seq} had read")).unwrap_or_default();
            let message = match said.rewritten_from {
                Some(row) => format!("row {row} is not the one{before} there"),
                None => format!("rows{before} are gone, or have changed in columns that are not recorded"),
            };
            find(finding::FILE_REWRITTEN, message);
        }
        if said.quarantined > 0 && !settled.contains(&import.seq) {
            let rows = if said.quarantined == 1 { "1 row was".to_owned() } else { format!("{} rows were", said.quarantined) };
            find(finding::QUARANTINED, format!("{rows} set aside"));
        }
        if !import.is_complete_by(known_at) {
            find(finding::UNFINISHED_IMPORT, format!("{} of {} events have arrived", import.arrived_by(known_at), said.events));
        }
        for (rule, rows) in &said.fallbacks {
            let rows = if *rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
            find(finding::FALLBACK_USED, format!("`{rule}` was used on {rows}"));
        }
    }

    fn notice(&mut self, sight: Sight, recipient: Option<AccountId>, what: &str, value: &str) {
        let novelty = Novelty { recipient, value: value.to_owned(), what: what.to_owned() };
        let sights = self.novelties.entry(novelty).or_default();
        if !sights.iter().any(|earlier| earlier.covers(&sight)) {
            sights.push(sight);
        }
    }

    /// Looks for values that are new to this program in what an event says.
    fn look(&mut self, event: &Event, sight: Sight) {
        match event {
            Event::PartyRegistered(party) => self.catalog(sight, Some(party.recipient), party.catalog.as_deref()),
            Event::ProductListed(product) => self.catalog(sight, Some(product.recipient), product.catalog.as_deref()),
            Event::OfferReleased(terms) => self.catalog(sight, terms.recipient, terms.catalog.as_deref()),
            Event::AgreementRevised(terms) | Event::AgreementAccepted(terms) | Event::AgreementAmended(terms) => {
                if let Some(status) = terms.status.as_ref().filter(|status| !status.is_known()) {
                    self.notice(sight, terms.recipient, "agreement status", status.as_str());
                }
                self.hold(sight, terms.recipient, "agreement intent", terms.intent.as_deref(), INTENTS);
                self.catalog(sight, terms.recipient, terms.catalog.as_deref());
                self.currency(sight, terms.recipient, terms.currency);
            }
            Event::ChargeScheduled(charge) => self.currency(sight, charge.recipient, Some(charge.currency)),
            Event::TermRecorded(term) => self.hold(sight, term.recipient, "term type", Some(&term.kind), TERMS),
            Event::OfferTargeted(target) => {
                self.hold(sight, target.recipient, "target type", Some(&target.kind), TARGETS);
                self.hold(sight, target.recipient, "target polarity", Some(&target.polarity), POLARITIES);
                self.catalog(sight, target.recipient, target.catalog.as_deref());
            }
            Event::IdMapped(mapping) => {
                self.hold(sight, Some(mapping.recipient), "mapping type", Some(&mapping.kind), MAPPINGS);
                self.catalog(sight, Some(mapping.recipient), mapping.catalog.as_deref());
            }
            Event::UsageMetered(usage) => {
                self.catalog(sight, Some(usage.recipient), usage.catalog.as_deref());
                self.currency(sight, Some(usage.recipient), usage.currency);
            }
            Event::TaxItemised(tax) => {
                let whose = Some(tax.recipient);
                self.hold(sight, whose, "tax-liable party", tax.liable.as_deref(), LIABLE);
                self.hold(sight, whose, "tax transaction type", tax.transaction.as_deref(), TAX_TRANSACTIONS);
                self.hold(sight, whose, "tax type", tax.tax_type.as_deref(), TAX_TYPES);
                self.hold(sight, whose, "jurisdiction level", tax.jurisdiction_level.as_deref(), JURISDICTION_LEVELS);
                self.hold(sight, whose, "taxability of the display price", tax.display.as_deref(), DISPLAYS);
                self.hold(sight, whose, "tax calculation reason", tax.calculation_reason.as_deref(), CALCULATION_REASONS);
                self.currency(sight, whose, tax.currency);
            }
            event => {
                if let Some(row) = event.billing() {
                    let whose = Some(row.recipient);
                    if !row.transaction_type.is_known() {
                        self.notice(sight, whose, "transaction type", row.transaction_type.as_str());
                    }
                    for variant in [&row.invoice_variant, &row.charge_variant].into_iter().flatten().filter(|variant| !variant.is_known()) {
                        self.notice(sight, whose, "invoice or charge variant", variant.as_str());
                    }
                    if let Some(side) = row.charge_side.as_ref().filter(|side| !side.is_known()) {
                        self.notice(sight, whose, "charge side", side.as_str());
                    }
                    if let (Event::BillingUnclassified(_), Some(action)) = (event, &row.action) {
                        self.notice(sight, whose, "action", action);
                    }
                    self.hold(sight, whose, "operator that invoices", row.broker.as_deref(), BROKERS);
                    self.catalog(sight, whose, row.catalog.as_deref());
                    self.currency(sight, whose, Some(row.currency));
                    self.currency(sight, whose, row.disbursement_currency);
                }
            }
        }
    }

    /// Notices a value that is none of those that are known.
    fn hold(&mut self, sight: Sight, recipient: Option<AccountId>, what: &str, value: Option<&str>, known: &[&str]) {
        if let Some(value) = value.filter(|value| !known.contains(value)) {
            self.notice(sight, recipient, what, value);
        }
    }

    /// A catalog is recorded only where it is not the one that is known.
    fn catalog(&mut self, sight: Sight, recipient: Option<AccountId>, catalog: Option<&str>) {
        self.hold(sight, recipient, "catalog", catalog, &[]);
    }

    fn currency(&mut self, sight: Sight, recipient: Option<AccountId>, currency: Option<Currency>) {
        if let Some(currency) = currency.filter(|currency| !currency.is_listed()) {
            self.notice(sight, recipient, CURRENCY, currency.as_str());
        }
    }
}

/// The saved form, less the moments of statement, which stand behind it.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Saved {
    imports: Vec<Import>,
    novelties: Vec<(Novelty, Vec<Sight>)>,
    twice: Vec<(Sight, String, Option<AccountId>)>,
    by_hand: Vec<ByHand>,
    differing: Vec<Differing>,
}

impl Projection for Sources {
    fn name(&self) -> &'static str {
        NAME
    }

    fn version(&self) -> u32 {
        3
    }

    fn evolve(&mut self, entry: &Entry) {
        let sight = Sight::of(entry);
        self.compare(entry, sight);
        let at = usize::try_from(entry.seq).unwrap_or(usize::MAX);
        if self.stated.len() <= at {
            self.stated.resize(at + 1, UNDATED);
        }
        self.stated[at] = sight.stated_at.map_or(UNDATED, Instant::micros);
        if let Some(source) = &entry.source
            && let Ok(place) = self.imports.binary_search_by_key(&source.import.unwrap_or(0), |import| import.seq)
        {
            match self.imports[place].arrived.last_mut() {
                Some((_, last)) if *last + 1 == entry.seq => *last = entry.seq,
                _ => self.imports[place].arrived.push((entry.seq, entry.seq)),
            }
        }
        match &entry.event {
            Event::SourceImported(said) => {
                self.imports.push(Import { arrived: Vec::new(), recorded_at: entry.recorded_at, said: (**said).clone(), seq: entry.seq });
            }
            Event::SourceRestated(restated) => {
                let before = restated.replaces.and_then(|seq| self.stated.get(usize::try_from(seq).ok()?));
                if before.is_some_and(|before| *before != UNDATED && *before == self.stated[at]) {
                    let source = entry.source.as_ref();
                    let recipient = source.and_then(|source| source.id.split(':').nth(1)?.parse().ok());
                    self.twice.push((sight, source.map(|source| source.id.clone()).unwrap_or_default(), recipient));
                }
                self.look(&restated.entry, sight);
            }
            Event::EntryCorrected(corrected) => {
                if let Some(replacement) = &corrected.replacement {
                    self.look(replacement, sight);
                }
            }
            event => self.look(event, sight),
        }
    }

    fn save(&self) -> Vec<u8> {
        let saved = Saved {
            imports: self.imports.clone(),
            novelties: self.novelties.iter().map(|(novelty, sights)| (novelty.clone(), sights.clone())).collect(),
            twice: self.twice.clone(),
            by_hand: self.by_hand.clone(),
            differing: self.differing.clone(),
        };
        let json = serde_json::to_vec(&saved).expect("a state has no map with other keys than text");
        let mut out = Vec::with_capacity(8 + json.len() + 8 * self.stated.len());
        out.extend_from_slice(&(json.len() as u64).to_le_bytes());
        out.extend_from_slice(&json);
        self.stated.iter().for_each(|stated| out.extend_from_slice(&stated.to_le_bytes()));
        out
    }

    fn load(&mut self, bytes: &[u8]) -> bool {
        let read = || {
            let (length, rest) = bytes.split_at_checked(8)?;
            let (json, stated) = rest.split_at_checked(usize::try_from(u64::from_le_bytes(length.try_into().ok()?)).ok()?)?;
            let saved: Saved = serde_json::from_slice(json).ok()?;
            (stated.len() % 8 == 0).then_some(())?;
            Some(Self {
                imports: saved.imports,
                novelties: saved.novelties.into_iter().collect(),
                twice: saved.twice,
                by_hand: saved.by_hand,
                differing: saved.differing,
                stated: stated.chunks_exact(8).map(|moment| moment.try_into().map(i64::from_le_bytes).ok()).collect::<Option<_>>()?,
            })
        };
        let state = read();
        let taken = state.is_some();
        *self = state.unwrap_or_default();
        taken
    }

    fn totals(&self) -> Vec<(String, String)> {
        let sum = |of: fn(&Import) -> u64| self.imports.iter().map(of).sum::<u64>().to_string();
        vec![
            ("files".to_owned(), self.imports.len().to_string()),
            ("rows".to_owned(), sum(|import| import.said.rows)),
            ("events promised".to_owned(), sum(|import| import.said.events)),
            ("events arrived".to_owned(), sum(Import::arrived)),
            ("rows quarantined".to_owned(), sum(|import| import.said.quarantined)),
        ]
    }
}

/// One row per file that was read.
pub fn sources(state: &Sources, basis: &Basis) -> Report {
    let mut report = Report::new(
        NAME,
        vec![
            Column::new("event", "Event", Kind::Count),
            Column::new("recipient", "Recipient", Kind::Text),
            Column::new("feed", "Feed", Kind::Text),
            Column::new("month", "Month", Kind::Text),
            Column::new("rows", "Rows", Kind::Count),
            Column::new("events", "Events", Kind::Count),
            Column::new("arrived", "Arrived", Kind::Count),
            Column::new("complete", "Complete", Kind::Flag),
            Column::new("quarantined", "Quarantined", Kind::Count),
            Column::new("fallbacks", "Fallbacks", Kind::List),
            Column::new("dropped", "Dropped", Kind::List),
            Column::new("control_totals", "Control totals", Kind::List),
            Column::new("replaces", "Replaces", Kind::Count),
            Column::new("rewritten_from", "Rewritten from row", Kind::Count),
            Column::new("recorded", "Recorded", Kind::Moment),
            Column::new("digest", "Digest", Kind::Hash),
            Column::new("file", "File", Kind::Text),
        ],
    );
    report.shown = vec!["event", "recipient", "feed", "month", "rows", "events", "complete", "quarantined", "recorded", "digest"];
    let counts = |counts: &BTreeMap<String, u64>| match counts.iter().map(|(name, count)| format!("{name}: {count}")).collect::<Vec<_>>() {
        counts if counts.is_empty() => Cell::Empty,
        counts => Cell::List(counts),
    };
    for import in state.imports_by(basis.known_at) {
        let said = &import.said;
        let totals =
            said.control_totals.iter().map(|total| format!("{} {} {} in {} rows", total.of, total.amount, total.currency, total.rows));
        let totals: Vec<String> = totals.collect();
        report.rows.push(vec![
            Cell::Count(import.seq),
            Cell::text(said.recipient),
            Cell::text(&said.feed),
            Cell::or_empty(import.month(), Cell::text),
            Cell::Count(said.rows),
            Cell::Count(said.events),
            Cell::Count(import.arrived_by(basis.known_at)),
            Cell::Flag(import.is_complete_by(basis.known_at)),
            Cell::Count(said.quarantined),
            counts(&said.fallbacks),
            counts(&said.dropped),
            if totals.is_empty() { Cell::Empty } else { Cell::List(totals) },
            Cell::or_empty(said.replaces, Cell::Count),
            Cell::or_empty(said.rewritten_from, Cell::Count),
            Cell::Moment(import.recorded_at),
            Cell::Hash(said.digest),
            Cell::text(&said.file),
        ]);
    }
    report.incomplete = state.lacks(basis);
    report
}

/// One row per month for which a file is missing.
pub fn gaps(state: &Sources, basis: &Basis) -> Report {
    let columns = vec![
        Column::new("recipient", "Recipient", Kind::Text),
        Column::new("feed", "Feed", Kind::Text),
        Column::new("month", "Missing month", Kind::Text),
    ];
    let mut report = Report::new("gaps", columns);
    for gap in state.gaps(basis.known_at) {
        report.rows.push(vec![Cell::text(gap.recipient), Cell::Text(gap.feed), Cell::text(gap.month)]);
    }
    report
}

const CURRENCY: &str = "currency";

// Source of these lists: AWS Marketplace seller guide (data feeds) and AWS Marketplace Agreement API reference.
const INTENTS: &[&str] = &["NEW", "AMEND", "REPLACE", "RENEW"];
const TARGETS: &[&str] = &["BuyerAccounts", "ParticipatingPrograms", "CountryCodes"];
const POLARITIES: &[&str] = &["PositiveTargeting", "NegativeTargeting"];
const MAPPINGS: &[&str] = &["PRODUCT", "OFFER"];
// The guide names the first two; AWS K.K. invoices buyers in Japan, as the sample has it. `AWS_INC` is not recorded by an import.
const BROKERS: &[&str] = &["AWS_INC", "AWS_EUROPE", "AWS_JAPAN"];
const LIABLE: &[&str] = &["AWS", "Seller"];
const TAX_TRANSACTIONS: &[&str] = &["AWS", "REFUND", "TAXONLYREFUND"];
const TAX_TYPES: &[&str] = &["None", "Sales", "SellerUse"];
// `Country` is that of a value-added tax.
const JURISDICTION_LEVELS: &[&str] = &["Country", "State", "County", "City", "District"];
const DISPLAYS: &[&str] = &["Exclusive"];
const CALCULATION_REASONS: &[&str] = &["Taxable", "NonTaxable", "Exempt", "ZeroRated"];
const TERMS: &[&str] = &[
    "ByolPricingTerm",
    "ConfigurableUpfrontPricingTerm",
    "FixedUpfrontPricingTerm",
    "FreeTrialPricingTerm",
    "LegalTerm",
    "NetPaymentTerm",
    "PaymentScheduleTerm",
    "RecurringPaymentTerm",
    "RenewalTerm",
    "SupportTerm",
    "UsageBasedPricingTerm",
    "ValidityTerm",
    "VariablePaymentTerm",
];
