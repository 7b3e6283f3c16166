//! `show payouts`: per party and currency what is owed, collected and paid out.

use std::collections::{BTreeMap, BTreeSet};

use crate::report::{Cell, Column, Kind, Layout, Report};
use crate::time::{Basis, Instant};

use super::measure::{Counted, Measure};
use super::sums::{BilledAt, ChargeSums, LineAt, Sums};
use super::table::NONE;
use super::wholesale::Pairing;
use super::{Billing, Names, UNDATED, cents};

/// What the lines of a party are grouped by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum By {
    /// Nothing else.
    #[default]
    Party,
    /// The product.
    Product,
    /// The buyer: who pays the invoice, for an ISV in a channel deal the reseller.
    Buyer,
    /// The agreement.
    Agreement,
    /// The month of the invoice.
    Month,
}

/// Which amount of a row is summed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum In {
    /// In the currency of the price.
    #[default]
    Pricing,
    /// In the currency that is paid out.
    Disbursement,
}

/// How the payouts are asked for.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    /// What the lines of a party are grouped by.
    pub by: By,
    /// Which amount of a row is summed.
    pub currency: In,
    /// Names, for headings and groups.
    pub names: &'a dyn Names,
}

/// The sums of a group of lines, each line rounded by itself.
#[derive(Default, Clone)]
struct Group {
    lines: u64,
    sums: Sums,
}

impl Group {
    fn add(&mut self, line: &LineAt<'_>) {
        self.lines += 1;
        self.sums.merge(line.sums, true);
    }

    fn merge(&mut self, other: &Self) {
        self.lines += other.lines;
        self.sums.merge(&other.sums, false);
    }
}

/// Groups by party, currency and what the lines are grouped by.
type Groups<'a> = BTreeMap<(&'a str, &'a str, String), Group>;

/// Per party and currency: what is owed, collected and paid out, in AWS's own measures.
///
/// Each measure of a line is rounded half up to two places and then added, as the expected figures of the feeds are. Over several
/// parties a sum is given only after the wholesale legs, which one party pays the other, have been eliminated on a line of their own.
pub fn payouts(state: &Billing, basis: Basis, options: Options<'_>) -> Report {
    let (sums, counted) = (state.charge_sums(basis, options.currency), state.counted());
    let billed = state.billed_by(basis, options.by);
    let mut groups = Groups::new();
    let mut plain: BTreeMap<(u32, u32), Group> = BTreeMap::new();
    let (mut unclassified, mut eliminated): (BTreeMap<u32, i128>, BTreeMap<u32, Sums>) = Default::default();
    let several = options.currency == In::Pricing && state.has_several_parties();
    let pairing = if several { state.wholesale(&sums, &counted) } else { Pairing::default() };
    state.each_line(&sums, &counted, |at| {
        let line = state.line(at.line);
        let currency = state.currency_of(at, options.currency);
        if !pairing.pairs.is_empty() {
            state.eliminate(at, &sums, &counted, &pairing, &mut eliminated);
        }
        if at.unclassified != 0 {
            *unclassified.entry(currency).or_default() += at.unclassified;
        }
        if options.by == By::Party {
            plain.entry((line.recipient, currency)).or_default().add(at);
        } else {
            let group = (state.texts.get(line.recipient), state.texts.get(currency), state.group(at, &counted, &billed, options));
            groups.entry(group).or_default().add(at);
        }
    });
    for ((recipient, currency), sums) in plain {
        groups.insert((state.texts.get(recipient), state.texts.get(currency), String::new()), sums);
    }

    let mut report = Report::new("payouts", columns(options.by));
    if options.by == By::Party {
        report.layout = Layout::Statement;
        report.shown = statement();
    } else {
        // Many groups stand better below each other: whose, of what, and the sums that everyone asks for.
        report.shown = report.columns.iter().take_while(|column| !column.kind.is_numeric()).map(|column| column.name).collect();
        report.shown.extend(["lines", "gross", "net_revenue", "collected", "disbursed", "awaiting_disbursement", "uncollected"]);
    }
    report.rows = groups.iter().map(|((party, currency, group), sums)| row(party, Some(group), currency, sums, options.by)).collect();
    for (currency, units) in unclassified {
        report.notes.push(format!(
            "{} {} of net payable stand in no measure: their transaction type is not known to this program; see the findings",
            cents(units),
            state.texts.get(currency),
        ));
    }
    match options.currency {
        In::Pricing => state.total(&mut report, &groups, &pairing, &eliminated, options.by),
        In::Disbursement => {
            let never = state.never_disbursed(basis);
            if never > 0 {
                let rows = if never == 1 { "1 row is".to_owned() } else { format!("{never} rows are") };
                report.notes.push(format!("{rows} never paid out and not in these figures: tax that AWS remits, informational"));
            }
        }
    }
    report.heading = heading(&groups, options.names);
    report
}

/// The columns: whose, in which group and currency, how many lines, then AWS's measures.
fn columns(by: By) -> Vec<Column> {
    let group = match by {
        By::Party => None,
        By::Product => Some(Column::new("product", "Product", Kind::Text)),
        By::Buyer => Some(Column::new("buyer", "Buyer", Kind::Text)),
        By::Agreement => Some(Column::new("agreement", "Agreement", Kind::Text)),
        By::Month => Some(Column::new("month", "Month", Kind::Text)),
    };
    let mut columns = vec![Column::new("party", "Party", Kind::Text)];
    columns.extend(group);
    columns.extend([Column::new("currency", "Currency", Kind::Text), Column::new("lines", "Lines", Kind::Count)]);
    columns.extend(Measure::ALL.iter().map(|measure| Column::new(measure.name(), measure.title(), Kind::Amount)));
    columns
}

/// The lines of a statement: what makes up net, then where it is, then what stands beside it.
fn statement() -> Vec<&'static str> {
    let beside = [Measure::BuyerTaxInformational, Measure::BuyerTaxInformationalRefund];
    let parts = Measure::ALL.iter().filter(|measure| **measure < Measure::NetRevenue && !beside.contains(measure));
    let rest = [Measure::NetRevenue, Measure::Collected, Measure::Disbursed, Measure::AwaitingDisbursement, Measure::Uncollected];
    let measures = parts.copied().chain(rest).chain(beside);
    ["party", "currency", "lines"].into_iter().chain(measures.map(Measure::name)).collect()
}

fn row(party: &str, group: Option<&str>, currency: &str, of: &Group, by: By) -> Vec<Cell> {
    let mut row = vec![Cell::text(party)];
    if by != By::Party {
        row.push(group.filter(|group| !group.is_empty()).map_or(Cell::Empty, Cell::text));
    }
    row.extend([Cell::text(currency), Cell::Count(of.lines)]);
    row.extend(of.sums.all().iter().map(|units| Cell::Amount(cents(*units))));
    row
}

/// The parties that have a name.
fn heading(groups: &Groups<'_>, names: &dyn Names) -> Vec<String> {
    let parties: BTreeSet<&str> = groups.keys().map(|(party, ..)| *party).collect();
    let named = parties.into_iter().filter_map(|party| {
        let name = names.party(&party.parse().ok()?)?;
        Some(format!("{party} {name}"))
    });
    named.collect()
}

impl Billing {
    /// Which of a line's two currencies its sums are in.
    pub(super) fn currency_of(&self, at: &LineAt<'_>, unit: In) -> u32 {
        match unit {
            In::Pricing => self.line(at.line).currency,
            In::Disbursement => at.payout_currency,
        }
    }

    /// What bills lines, as far as it takes that to group them.
    pub(super) fn billed_by(&self, basis: Basis, by: By) -> BilledAt {
        if by == By::Buyer { self.billed_at(basis) } else { BilledAt::default() }
    }

    /// The group of a line: by what its own rows say, and where they differ by the earliest; rows of the sale come before those of the fee.
    pub(super) fn group(&self, at: &LineAt<'_>, counted: &[Counted], billed: &BilledAt, options: Options<'_>) -> String {
        let charges = || at.charges.iter().map(|charge| self.charge(*charge));
        let first = |text: fn(super::Deal) -> u32| charges().map(|charge| text(self.deal(charge.deal))).find(|text| *text != NONE);
        match options.by {
            By::Party => String::new(),
            By::Product => self.texts.get(first(|deal| deal.product).unwrap_or(NONE)).to_owned(),
            By::Agreement => self.texts.get(first(|deal| deal.agreement).unwrap_or(NONE)).to_owned(),
            By::Month => {
                let earliest = charges().map(|charge| charge.invoice_date).filter(|date| *date != UNDATED).min();
                earliest.map_or_else(String::new, |date| Instant::from_micros(date).to_string()[..7].to_owned())
            }
            By::Buyer => self.buyer(at, counted, billed, options.names).unwrap_or_default(),
        }
    }

    /// Rows without a payout currency.
    fn never_disbursed(&self, basis: Basis) -> i64 {
        let never = |at: &usize| self.charges.rows[self.movements.charge[*at] as usize][3] == NONE;
        self.movements.at(basis).filter(never).map(|at| self.movements.sign(at)).sum()
    }

    /// Adds, for each currency that several parties have, a line that eliminates the wholesale legs and the total after it.
    fn total(&self, report: &mut Report, groups: &Groups<'_>, pairing: &Pairing, eliminated: &BTreeMap<u32, Sums>, by: By) {
        let mut parties: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (party, currency, _) in groups.keys() {
            parties.entry(currency).or_default().insert(party);
        }
        parties.retain(|_, parties| parties.len() > 1);
        let eliminated: BTreeMap<&str, &Sums> = eliminated.iter().map(|(currency, sums)| (self.texts.get(*currency), sums)).collect();
        for currency in parties.keys() {
            let mut total = Group::default();
            groups.iter().filter(|((_, of, _), _)| of == currency).for_each(|(_, group)| total.merge(group));
            if let Some(sums) = eliminated.get(currency) {
                let wholesale = Group { lines: 0, sums: (*sums).clone() };
                report.totals.push(row("eliminated", None, currency, &wholesale, by));
                total.merge(&wholesale);
            }
            report.totals.push(row("total", None, currency, &total, by));
        }
        let pairs = || pairing.pairs.iter().filter(|pair| parties.contains_key(self.texts.get(pair.currency)));
        match pairs().filter(|pair| pair.seller == NONE).count() {
            0 => (),
            1 => report.notes.push("1 wholesale invoice has one side in this ledger only and stays in the total".to_owned()),
            many => report.notes.push(format!("{many} wholesale invoices have one side in this ledger only and stay in the total")),
        }
        let mut unequal: Vec<String> = pairs()
            .filter(|pair| pair.is_unequal())
            .map(|pair| {
                format!(
                    "wholesale invoice {}: what {} pays and what {} is paid differ by {} {}; it stays in the total",
                    self.texts.get(pair.invoice),
                    self.texts.get(pair.buyer),
                    self.texts.get(pair.seller),
                    cents(pair.residual),
                    self.texts.get(pair.currency),
                )
            })
            .collect();
        unequal.sort();
        report.notes.extend(unequal);
    }

    /// Takes the wholesale legs of a line away that cancel: rounded as the line's own measures are.
    ///
    /// What is owed, collected and paid out over all parties stays as it is, because both sides of a leg that cancels sum to nothing.
    fn eliminate(&self, at: &LineAt<'_>, sums: &ChargeSums, counted: &[Counted], pairing: &Pairing, from: &mut BTreeMap<u32, Sums>) {
        let mut legs = Sums::default();
        for charge in at.charges.iter().filter(|charge| pairing.cancels(**charge)) {
            if let Some(measure) = counted[self.charges.rows[*charge as usize][2] as usize].in_balance {
                legs.add(measure, -sums.of(*charge).net);
            }
        }
        if !legs.is_empty() {
            from.entry(self.line(at.line).currency).or_default().merge(&legs, true);
        }
    }
}
