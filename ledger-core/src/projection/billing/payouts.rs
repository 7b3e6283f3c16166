//! `show payouts`: per party and currency what is owed, collected and paid out.

use std::collections::{BTreeMap, BTreeSet};

use crate::money::{CENT, round_half_up};
use crate::report::{Cell, Column, Kind, Layout, Report};
use crate::time::{Basis, Instant};

use super::measure::{Counted, Leg, MEASURES, Measure};
use super::sums::{BilledAt, ChargeSum, LineAt};
use super::table::NONE;
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
#[derive(Clone)]
struct Sums {
    lines: u64,
    units: [i128; MEASURES],
}

impl Default for Sums {
    fn default() -> Self {
        Self { lines: 0, units: [0; MEASURES] }
    }
}

impl Sums {
    fn add(&mut self, line: &[i128; MEASURES]) {
        self.lines += 1;
        for (sum, units) in self.units.iter_mut().zip(line) {
            *sum += round_half_up(*units, CENT);
        }
    }

    fn merge(&mut self, other: &Self) {
        self.lines += other.lines;
        for (sum, units) in self.units.iter_mut().zip(other.units) {
            *sum += units;
        }
    }
}

/// What the wholesale legs of one currency come to that both sides of a deal have in this ledger.
#[derive(Default)]
struct Eliminated {
    by_currency: BTreeMap<u32, [i128; MEASURES]>,
    unequal: Vec<String>,
    one_sided: usize,
}

/// Per party and currency: what is owed, collected and paid out, in AWS's own measures.
///
/// Each measure of a line is rounded half up to two places and then added, as the expected figures of the feeds are. Over several
/// parties a sum is given only after the wholesale legs, which one party pays the other, have been eliminated on a line of their own.
pub fn payouts(state: &Billing, basis: Basis, options: Options<'_>) -> Report {
    let (sums, counted) = (state.charge_sums(basis, options.currency), state.counted());
    let billed = if options.by == By::Buyer { state.billed_at(basis) } else { BilledAt::default() };
    let mut groups: BTreeMap<(&str, &str, String), Sums> = BTreeMap::new();
    let mut plain: BTreeMap<(u32, u32), Sums> = BTreeMap::new();
    let mut unclassified: BTreeMap<u32, i128> = BTreeMap::new();
    state.each_line(&sums, &counted, |at| {
        let line = state.line(at.line);
        let currency = match options.currency {
            In::Pricing => line.currency,
            In::Disbursement => at.payout_currency,
        };
        if at.unclassified != 0 {
            *unclassified.entry(currency).or_default() += at.unclassified;
        }
        if options.by == By::Party {
            plain.entry((line.recipient, currency)).or_default().add(&at.sums);
        } else {
            let group = (state.texts.get(line.recipient), state.texts.get(currency), state.group(at, &counted, &billed, options));
            groups.entry(group).or_default().add(&at.sums);
        }
    });
    for ((recipient, currency), sums) in plain {
        groups.insert((state.texts.get(recipient), state.texts.get(currency), String::new()), sums);
    }

    let mut report = Report::new("payouts", columns(options.by));
    report.layout = Layout::Statement;
    report.rows = groups.iter().map(|((party, currency, group), sums)| row(party, Some(group), currency, sums, options.by)).collect();
    for (currency, units) in unclassified {
        report.notes.push(format!(
            "{} {} of net payable stand in no measure: their transaction type is not known to this program; see the findings",
            cents(units),
            state.texts.get(currency),
        ));
    }
    match options.currency {
        In::Pricing => state.total(&mut report, &groups, (&sums, &counted), options.by),
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
        By::Product => Some(Column::new("product", "product", Kind::Text)),
        By::Buyer => Some(Column::new("buyer", "buyer", Kind::Text)),
        By::Agreement => Some(Column::new("agreement", "agreement", Kind::Text)),
        By::Month => Some(Column::new("month", "month", Kind::Text)),
    };
    let mut columns = vec![Column::new("party", "party", Kind::Text)];
    columns.extend(group);
    columns.extend([Column::new("currency", "currency", Kind::Text), Column::new("lines", "lines", Kind::Count)]);
    columns.extend(Measure::ALL.iter().map(|measure| Column::new(measure.name(), measure.title(), Kind::Amount)));
    columns
}

fn row(party: &str, group: Option<&str>, currency: &str, sums: &Sums, by: By) -> Vec<Cell> {
    let mut row = vec![Cell::text(party)];
    if by != By::Party {
        row.push(group.filter(|group| !group.is_empty()).map_or(Cell::Empty, Cell::text));
    }
    row.extend([Cell::text(currency), Cell::Count(sums.lines)]);
    row.extend(sums.units.iter().map(|units| Cell::Amount(cents(*units))));
    row
}

/// The parties that have a name.
fn heading(groups: &BTreeMap<(&str, &str, String), Sums>, names: &dyn Names) -> Vec<String> {
    let parties: BTreeSet<&str> = groups.keys().map(|(party, ..)| *party).collect();
    let named = parties.into_iter().filter_map(|party| {
        let name = names.party(&party.parse().ok()?)?;
        Some(format!("{party} {name}"))
    });
    named.collect()
}

impl Billing {
    /// The group of a line: by what its own rows say, and where they differ by the earliest; rows of the sale come before those of the fee.
    fn group(&self, at: &LineAt<'_>, counted: &[Counted], billed: &BilledAt, options: Options<'_>) -> String {
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
    fn total(
        &self,
        report: &mut Report,
        groups: &BTreeMap<(&str, &str, String), Sums>,
        (sums, counted): (&[ChargeSum], &[Counted]),
        by: By,
    ) {
        let mut parties: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (party, currency, _) in groups.keys() {
            parties.entry(currency).or_default().insert(party);
        }
        parties.retain(|_, parties| parties.len() > 1);
        if parties.is_empty() {
            return;
        }
        let eliminated = self.eliminated(sums, counted);
        let by_currency: BTreeMap<&str, &[i128; MEASURES]> =
            eliminated.by_currency.iter().map(|(currency, units)| (self.texts.get(*currency), units)).collect();
        for currency in parties.keys() {
            let mut total = Sums::default();
            groups.iter().filter(|((_, of, _), _)| of == currency).for_each(|(_, sums)| total.merge(sums));
            if let Some(units) = by_currency.get(currency) {
                let wholesale = Sums { lines: 0, units: **units };
                report.totals.push(row("eliminated", None, currency, &wholesale, by));
                total.merge(&wholesale);
            }
            report.totals.push(row("total", None, currency, &total, by));
        }
        if eliminated.one_sided > 0 {
            let legs = if eliminated.one_sided == 1 {
                "1 wholesale invoice has".to_owned()
            } else {
                format!("{} wholesale invoices have", eliminated.one_sided)
            };
            report.notes.push(format!("{legs} one side in this ledger only and stay in the total"));
        }
        report.notes.extend(eliminated.unequal);
    }

    /// The wholesale legs to eliminate: for each wholesale invoice what the reseller pays, and what another recipient is paid on it.
    ///
    /// A leg is eliminated only when both sides cancel exactly, so the elimination moves amounts between measures and never what is
    /// owed, collected or paid out. Chains of resellers are pairs of one wholesale invoice each. Where the reseller passes the ISV's tax
    /// on from the buyer's invoice, that tax belongs to the pair as well.
    fn eliminated(&self, sums: &[ChargeSum], counted: &[Counted]) -> Eliminated {
        let mut result = Eliminated::default();
        let mut units: BTreeMap<(u32, u32, Measure), i128> = BTreeMap::new();
        for pair in self.wholesale(sums, counted) {
            if pair.residual != 0 && !pair.selling.is_empty() {
                result.unequal.push(format!(
                    "wholesale invoice {}: what {} pays and what {} is paid differ by {} {}; it stays in the total",
                    self.texts.get(pair.invoice),
                    self.texts.get(pair.buyer),
                    self.texts.get(pair.seller),
                    cents(pair.residual),
                    self.texts.get(pair.currency),
                ));
            } else if pair.selling.is_empty() {
                result.one_sided += 1;
            } else {
                for charge in pair.buying.iter().chain(&pair.selling) {
                    let [line, _, class, ..] = self.charges.rows[*charge as usize];
                    let (sum, class) = (&sums[*charge as usize], &counted[class as usize]);
                    if let Some(measure) = class.in_balance {
                        *units.entry((line, pair.currency, measure)).or_default() += sum.net;
                    }
                }
            }
        }
        for ((_, currency, measure), sum) in units {
            let of_currency = result.by_currency.entry(currency).or_insert([0; MEASURES]);
            of_currency[measure as usize] -= round_half_up(sum, CENT);
        }
        result
    }

    /// The wholesale invoices of resellers, with both sides of each.
    pub(super) fn wholesale(&self, sums: &[ChargeSum], counted: &[Counted]) -> Vec<Wholesale> {
        let mut pairs: BTreeMap<(u32, u32), Wholesale> = BTreeMap::new();
        let mut passed_on: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let charges = || {
            let present = self.charges.rows.iter().zip(sums).enumerate().filter(|(_, (_, sum))| sum.rows > 0);
            present.map(|(number, (charge, sum))| {
                let [line, invoice, class, ..] = *charge;
                let [recipient, currency, ..] = self.lines.rows[line as usize];
                (u32::try_from(number).unwrap_or(NONE), line, (invoice, currency), recipient, counted[class as usize].leg, sum.net)
            })
        };
        for (charge, line, key, recipient, leg, net) in charges() {
            match leg {
                Leg::Buying => {
                    let pair = pairs.entry(key).or_insert_with(|| Wholesale::new(key, recipient));
                    pair.buying.push(charge);
                    pair.residual += net;
                    pair.lines.insert(line);
                }
                Leg::PassedOn => passed_on.entry(line).or_default().push(charge),
                Leg::Selling | Leg::None => (),
            }
        }
        if pairs.is_empty() {
            return Vec::new();
        }
        for (charge, _, key, recipient, leg, net) in charges() {
            if leg != Leg::Selling {
                continue;
            }
            if let Some(pair) = pairs.get_mut(&key).filter(|pair| pair.buyer != recipient) {
                pair.selling.push(charge);
                pair.seller = recipient;
                pair.residual += net;
            }
        }
        for pair in pairs.values_mut().filter(|pair| pair.residual != 0) {
            let tax: Vec<u32> = pair.lines.iter().filter_map(|line| passed_on.get(line)).flatten().copied().collect();
            let net: i128 = tax.iter().map(|charge| sums[*charge as usize].net).sum();
            if net != 0 && pair.residual + net == 0 {
                pair.residual = 0;
                pair.buying.extend(tax);
                pair.lines.iter().for_each(|line| drop(passed_on.remove(line)));
            }
        }
        pairs.into_values().collect()
    }
}

/// A wholesale invoice: what the reseller pays and what another recipient is paid on it.
pub(super) struct Wholesale {
    pub(super) invoice: u32,
    pub(super) currency: u32,
    pub(super) buyer: u32,
    pub(super) seller: u32,
    buying: Vec<u32>,
    pub(super) selling: Vec<u32>,
    lines: BTreeSet<u32>,
    /// What is left when both sides are added.
    pub(super) residual: i128,
}

impl Wholesale {
    fn new((invoice, currency): (u32, u32), buyer: u32) -> Self {
        Self { invoice, currency, buyer, seller: NONE, buying: Vec::new(), selling: Vec::new(), lines: BTreeSet::new(), residual: 0 }
    }
}
