//! `show receivables`: what buyers have not paid, how late they are, and how far each line is paid out.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use crate::report::{Cell, Column, Kind, Report};
use crate::time::{Basis, Instant};

use super::disbursements::PayoutAt;
use super::measure::{Counted, Measure};
use super::received::Received;
use super::sums::{BilledAt, ChargeSums, LineAt};
use super::table::NONE;
use super::{Billing, In, LineKind, Names, UNDATED, cents};

/// How far a line is paid out.
///
/// AWS's rule, the first match counts (published queries on the billing event feed): a failed header; paid before and nothing
/// outstanding; paid before, something outstanding and nothing paid on balance; too much paid; too little paid; never paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Status {
    /// The last payout that the line was part of came back.
    Failed,
    /// Nothing is outstanding, or less than nothing.
    Disbursed,
    /// It was paid and taken back.
    Reversed,
    /// Something is outstanding.
    PartiallyDisbursed,
    /// It has never been paid.
    NotDisbursed,
}

impl Status {
    /// As AWS writes it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed => "Failed",
            Self::Disbursed => "Disbursed",
            Self::Reversed => "Disbursement reversed",
            Self::PartiallyDisbursed => "Partially disbursed",
            Self::NotDisbursed => "Not disbursed",
        }
    }

    /// The first that matches.
    fn of(failed: bool, ever: bool, disbursed: i128, outstanding: i128) -> Self {
        match (failed, ever) {
            (true, _) => Self::Failed,
            (false, true) if outstanding == 0 => Self::Disbursed,
            (false, true) if disbursed == 0 => Self::Reversed,
            (false, true) if outstanding < 0 => Self::Disbursed,
            (false, true) => Self::PartiallyDisbursed,
            (false, false) => Self::NotDisbursed,
        }
    }
}

/// The stretches that receivables are shown in: name, title, and the last day late that is inside.
/// Source: AWS's collections and disbursements report ("Not due", "1-30 days late", … "121+ days late").
const BUCKETS: [(&str, &str, i64); 6] = [
    ("not_due", "Not due", 0),
    ("late_1_30", "1-30 days late", 30),
    ("late_31_60", "31-60 days late", 60),
    ("late_61_90", "61-90 days late", 90),
    ("late_91_120", "91-120 days late", 120),
    ("late_over_120", "Over 120 days late", i64::MAX),
];

/// A line as it stands, for reports that list lines.
pub(super) struct Standing {
    pub(super) status: Status,
    /// The earliest date by which the buyer must have paid.
    pub(super) due: Option<NaiveDate>,
    pub(super) invoice_date: Option<NaiveDate>,
    /// What AWS has of it from the buyer.
    pub(super) received: i128,
    /// Whether no row tells some of that.
    pub(super) is_untold: bool,
}

impl Standing {
    /// What the buyer still owes of the line.
    pub(super) fn open(&self, at: &LineAt<'_>) -> i128 {
        at.sums.of(Measure::NetRevenue) - self.received
    }

    /// What AWS has of the line and has not paid out.
    pub(super) fn awaiting(&self, at: &LineAt<'_>) -> i128 {
        self.received - at.sums.of(Measure::Disbursed)
    }
}

/// Each line that is not fully collected: how much is open, how late it is, and how far it is paid out. What was paid out counts as collected
/// where no row tells that.
///
/// The day that lateness is counted to is the as-of date of the question; `last` is used where there is none.
pub fn receivables(state: &Billing, basis: Basis, last: NaiveDate, names: &dyn Names) -> Report {
    let today = basis.effective_before.map_or(last, |before| Instant::from_micros(before.micros() - 1).day());
    let mut columns = vec![
        Column::new("party", "Party", Kind::Text),
        Column::new("invoice", "Invoice", Kind::Text),
        Column::new("line", "Line", Kind::Text),
        Column::new("buyer", "Buyer", Kind::Text),
        Column::new("buyer_name", "Buyer's name", Kind::Text),
        Column::new("agreement", "Agreement", Kind::Text),
        Column::new("currency", "Currency", Kind::Text),
        Column::new("invoice_date", "Invoiced", Kind::Day),
        Column::new("due", "Due", Kind::Day),
        Column::new("days_late", "Days late", Kind::Count),
        Column::new("status", "Status", Kind::Text),
        Column::new("net_revenue", "Net owed", Kind::Amount),
        Column::new("collected", "Collected", Kind::Amount),
        Column::new("uncollected", "Open", Kind::Amount),
    ];
    columns.extend(BUCKETS.iter().map(|(name, title, _)| Column::new(name, title, Kind::Amount)));
    let mut report = Report::new("receivables", columns);
    report.shown = vec![
        "party",
        "invoice",
        "buyer_name",
        "invoice_date",
        "due",
        "days_late",
        "status",
        "net_revenue",
        "collected",
        "uncollected",
        "currency",
    ];

    let mut rows: Vec<(Vec<String>, Vec<Cell>)> = Vec::new();
    let mut totals: BTreeMap<String, [i128; BUCKETS.len()]> = BTreeMap::new();
    let mut without = 0;
    state.each_standing(basis, |at, standing, counted, billed| {
        without += u64::from(standing.is_untold);
        let open = cents(standing.open(at));
        if open.is_zero() {
            return;
        }
        let line = state.line(at.line);
        let late = standing.due.map_or(0, |due| (today - due).num_days());
        let bucket = BUCKETS.iter().position(|(.., last)| late <= *last).unwrap_or(0);
        let text = |number: u32| Cell::or_empty(state.texts.some(number), Cell::text);
        let [party, currency] = [line.recipient, line.currency].map(|number| state.texts.get(number));
        let agreement =
            at.charges.iter().map(|charge| state.deal(state.charge(*charge).deal).agreement).find(|agreement| *agreement != NONE);
        let buyer = state.buyer(at, counted, billed, names);
        let name = buyer.as_ref().and_then(|buyer| names.party(&buyer.parse().ok()?));
        totals.entry(currency.to_owned()).or_default()[bucket] += open.units();
        let mut row = vec![
            Cell::text(party),
            if line.kind == LineKind::Adjustment { Cell::text("balance adjustment") } else { text(line.document) },
            text(line.item),
            Cell::or_empty(buyer, Cell::Text),
            Cell::or_empty(name, Cell::Text),
            text(agreement.unwrap_or(NONE)),
            Cell::text(currency),
            Cell::or_empty(standing.invoice_date, Cell::Day),
            Cell::or_empty(standing.due, Cell::Day),
            Cell::Count(u64::try_from(late.max(0)).unwrap_or(0)),
            Cell::text(standing.status.as_str()),
            Cell::Amount(cents(at.sums.of(Measure::NetRevenue))),
            Cell::Amount(cents(standing.received)),
            Cell::Amount(open),
        ];
        row.extend((0..BUCKETS.len()).map(|place| if place == bucket { Cell::Amount(open) } else { Cell::Empty }));
        let key =
            [line.recipient, line.currency, line.document, line.item, at.payout_currency].map(|text| state.texts.get(text).to_owned());
        let due = standing.due.map(|due| due.to_string()).unwrap_or_default();
        rows.push(([&key[..2], &[due], &key[2..]].concat(), row));
    });
    rows.sort_by(|one, other| one.0.cmp(&other.0));
    report.rows = rows.into_iter().map(|(_, row)| row).collect();
    for (currency, buckets) in totals {
        let at = report.columns.len() - BUCKETS.len();
        let mut total = vec![Cell::Empty; report.columns.len()];
        total[0] = Cell::text("total");
        total[6] = Cell::text(currency);
        total[at - 1] = Cell::Amount(cents(buckets.iter().sum()));
        for (cell, units) in total[at..].iter_mut().zip(buckets) {
            *cell = Cell::Amount(cents(units));
        }
        report.totals.push(total);
    }
    report.notes.extend(Received::note(without));
    report
}

impl Billing {
    /// Hands out each line with how it stands.
    pub(super) fn each_standing(&self, basis: Basis, mut each: impl FnMut(&LineAt<'_>, &Standing, &[Counted], &BilledAt)) {
        let (sums, counted, billed) = (self.charge_sums(basis, In::Pricing), self.counted(), self.billed_at(basis));
        let (failed, received) = (self.last_payout_failed(basis), self.received(basis, &sums));
        self.each_line(&sums, &counted, |at| each(at, &self.standing(at, &sums, &received, &billed, &failed), &counted, &billed));
    }

    pub(super) fn standing(
        &self,
        at: &LineAt<'_>,
        sums: &ChargeSums,
        received: &Received,
        billed: &BilledAt,
        failed: &BTreeSet<(u32, u32)>,
    ) -> Standing {
        let (received, is_untold) = received.of_line(at, sums);
        let of = |measure: Measure| at.sums.of(measure);
        let ever = at.charges.iter().any(|charge| sums.of(*charge).allocations > 0);
        let failed = failed.contains(&(at.line, at.payout_currency));
        let earliest = |moments: &mut dyn Iterator<Item = i64>| {
            moments.filter(|moment| *moment != UNDATED).min().map(|moment| Instant::from_micros(moment).day())
        };
        Standing {
            status: Status::of(failed, ever, of(Measure::Disbursed), of(Measure::Undisbursed)),
            due: earliest(&mut at.charges.iter().map(|charge| billed.due[*charge as usize])),
            invoice_date: earliest(&mut at.charges.iter().map(|charge| self.charge(*charge).invoice_date)),
            received,
            is_untold,
        }
    }

    /// The lines, each with a payout currency, whose last payout is one that came back.
    pub(super) fn last_payout_failed(&self, basis: Basis) -> BTreeSet<(u32, u32)> {
        let payouts: BTreeMap<u32, PayoutAt> = self.payouts_at(basis);
        let came_back = |payout: u32| payouts.get(&payout).and_then(PayoutAt::header).is_some_and(|header| header.failed);
        let moved = &self.movements;
        // A row that was restated leaves no trace here: what counts is the net of each line in each payout.
        let mut allocated: BTreeMap<(u32, u32, u32), (i64, i64)> = BTreeMap::new();
        for at in moved.at(basis).filter(|at| moved.payout[*at] != NONE) {
            let [line, _, _, currency, ..] = self.charges.rows[moved.charge[at] as usize];
            let place = allocated.entry((line, currency, moved.payout[at])).or_insert((0, UNDATED));
            place.0 += moved.sign(at);
            place.1 = place.1.max(moved.effective[at]);
        }
        let mut last: BTreeMap<(u32, u32), (i64, bool)> = BTreeMap::new();
        for ((line, currency, payout), (_, when)) in allocated.into_iter().filter(|(_, (rows, _))| *rows > 0) {
            let known = last.entry((line, currency)).or_insert((UNDATED, false));
            *known = (*known).max((when, came_back(payout)));
        }
        last.into_iter().filter(|(_, (_, failed))| *failed).map(|(line, _)| line).collect()
    }
}
