//! `show invoices`: per invoice and recipient, what stands on it.

use std::collections::{BTreeMap, BTreeSet};

use crate::hash::Map;
use crate::money::Amount;
use crate::projection::records::{Feeds, Invoiced};
use crate::report::{Cell, Column, Kind, Report};
use crate::time::{Basis, Instant};

use super::measure::{Counted, Leg, MEASURES, Measure};
use super::receivables::{Standing, Status};
use super::received::Received;
use super::sums::{BilledAt, ChargeSums, LineAt};
use super::table::NONE;
use super::{Action, Billing, Charge, In, LineKind, Names, UNDATED, cents};

/// What stands on an invoice of one recipient, in one currency.
struct Invoice {
    /// Recipient, invoice and currency.
    key: [u32; 3],
    date: i64,
    due: i64,
    variant: u32,
    agreement: u32,
    parties: u32,
    products: BTreeSet<u32>,
    /// The lines that it has a part in, by their place among all.
    lines: BTreeSet<u32>,
    /// By class.
    units: [i128; CLASSES.len()],
    net: i128,
    collected: i128,
    disbursed: i128,
}

/// A line in one of its payout currencies, and how far it is paid out.
struct LineStatus {
    item: u32,
    payout_currency: u32,
    status: Status,
    /// Whether no row tells what was collected of it, though something was paid out.
    is_untold: bool,
}

/// The classes that an invoice is shown by: each with the measures that make it.
const CLASSES: [(&str, &str, &[Measure]); 6] = [
    ("price", "Price", &[Measure::Gross, Measure::GrossRefund]),
    ("wholesale_cost", "Wholesale cost", &[Measure::WholesaleCost, Measure::WholesaleCostRefund]),
    ("listing_fee", "Listing fee", &[Measure::ListingFee, Measure::ListingFeeRefund]),
    (
        "tax",
        "Tax",
        &[
            Measure::ListingFeeTax,
            Measure::ListingFeeTaxRefund,
            Measure::SellerTax,
            Measure::SellerTaxRefund,
            Measure::OtherSellerTax,
            Measure::OtherSellerTaxRefund,
            Measure::WholesaleSellerTax,
            Measure::WholesaleSellerTaxRefund,
            Measure::WholesaleOtherSellerTax,
            Measure::WholesaleOtherSellerTaxRefund,
            Measure::WholesaleAwsTax,
            Measure::WholesaleAwsTaxRefund,
        ],
    ),
    ("other", "Other", &[Measure::InfrastructureNetting, Measure::BalanceAdjustment]),
    ("buyer_tax_informational", "Buyer's tax (AWS remits)", &[Measure::BuyerTaxInformational, Measure::BuyerTaxInformationalRefund]),
];

/// The class of what stands in no measure.
const OTHER: usize = 4;

/// Each invoice of each recipient: its dates and parties, its lines and how far each is paid out, its amounts by class, what is owed for it and
/// how much of that is open.
///
/// A line may stand on several invoices, as that of a sale and that of its fee: it is paid out as a whole.
pub fn invoices(state: &Billing, basis: Basis, names: &dyn Names) -> Report {
    let (sums, counted) = (state.charge_sums(basis, In::Pricing), state.counted());
    let billed = state.billed_at(basis);
    let received = state.received(basis, &sums);
    let (lines, line_of) = state.line_statuses(basis, &sums, &received, &counted, &billed);
    let mut class_of = [OTHER; MEASURES];
    for (place, (.., measures)) in CLASSES.iter().enumerate() {
        measures.iter().for_each(|measure| class_of[*measure as usize] = place);
    }
    let mut numbers: Map<[u32; 3], usize> = Map::default();
    let mut found: Vec<Invoice> = Vec::new();
    for (number, sum) in sums.present() {
        let charge = state.charge(number);
        if charge.invoice == NONE {
            continue;
        }
        let (line, class, deal) = (state.line(charge.line), state.class(charge.class), state.deal(charge.deal));
        let key = [line.recipient, charge.invoice, line.currency];
        let place = *numbers.entry(key).or_insert_with(|| {
            found.push(Invoice {
                key,
                date: UNDATED,
                due: UNDATED,
                variant: NONE,
                agreement: NONE,
                parties: NONE,
                products: BTreeSet::new(),
                lines: BTreeSet::new(),
                units: [0; CLASSES.len()],
                net: 0,
                collected: 0,
                disbursed: 0,
            });
            found.len() - 1
        });
        let at = &mut found[place];
        // The earliest charge on an invoice is its price; what it leaves open the next ones tell.
        let fill = |known: &mut u32, text: u32| {
            if *known == NONE {
                *known = text;
            }
        };
        fill(&mut at.variant, class.invoice);
        fill(&mut at.agreement, deal.agreement);
        fill(&mut at.parties, billed.parties[number as usize]);
        at.products.extend(Some(deal.product).filter(|product| *product != NONE));
        at.lines.insert(line_of[number as usize]);
        for (known, moment) in [(&mut at.date, charge.invoice_date), (&mut at.due, billed.due[number as usize])] {
            if moment != UNDATED && (*known == UNDATED || moment < *known) {
                *known = moment;
            }
        }
        let counted = &counted[charge.class as usize];
        let class_of = |measure: Option<Measure>| measure.map_or(OTHER, |measure| class_of[measure as usize]);
        at.units[OTHER] += sum.unknown;
        at.units[class_of(counted.in_balance)] += sum.net;
        at.units[class_of(counted.informational)] += sum.informational;
        at.net += sum.net + sum.unknown;
        at.collected += received.of(number, &sums);
        at.disbursed += sum.disbursed;
    }
    drop((sums, billed, numbers, line_of));

    let mut columns = vec![
        Column::new("party", "Party", Kind::Text),
        Column::new("invoice", "Invoice", Kind::Text),
        Column::new("variant", "Variant", Kind::Text),
        Column::new("date", "Date", Kind::Day),
        Column::new("due", "Due", Kind::Day),
        Column::new("counterparty", "Counterparty", Kind::Text),
        Column::new("counterparty_name", "Name", Kind::Text),
        Column::new("agreement", "Agreement", Kind::Text),
        Column::new("product", "Product", Kind::List),
        Column::new("lines", "Lines", Kind::List),
        Column::new("status", "Status of each line", Kind::List),
        Column::new("state", "State", Kind::Text),
        Column::new("currency", "Currency", Kind::Text),
    ];
    columns.extend(CLASSES.iter().map(|(name, title, _)| Column::new(name, title, Kind::Amount)));
    columns.extend([
        Column::new("net_revenue", "Net owed", Kind::Amount),
        Column::new("collected", "Collected", Kind::Amount),
        Column::new("open", "Open", Kind::Amount),
        Column::new("disbursed", "Disbursed", Kind::Amount),
    ]);
    let mut report = Report::new("invoices", columns);
    report.shown = vec![
        "party",
        "invoice",
        "date",
        "due",
        "counterparty_name",
        "state",
        "status",
        "currency",
        "price",
        "listing_fee",
        "net_revenue",
        "collected",
        "open",
        "disbursed",
    ];
    found.sort_by_cached_key(|at| at.key.map(|text| state.texts.get(text)));
    let width = report.columns.len();
    report.rows = found
        .into_iter()
        .map(|at| {
            let [party, invoice, currency] = at.key.map(|text| state.texts.get(text));
            let counterparty = state.counterparty(party, at.parties, names);
            let name = counterparty.as_ref().and_then(|counterparty| names.party(&counterparty.parse().ok()?));
            let day = |moment: i64| if moment == UNDATED { Cell::Empty } else { Cell::Day(Instant::from_micros(moment).day()) };
            let text = |number: u32| Cell::or_empty(state.texts.some(number), Cell::text);
            let mut of_lines: Vec<&LineStatus> = at.lines.iter().map(|line| &lines[*line as usize]).collect();
            of_lines.sort_by_key(|line| [line.item, line.payout_currency].map(|text| state.texts.get(text)));
            let mut products: Vec<&str> = at.products.iter().map(|product| state.texts.get(*product)).collect();
            products.sort_unstable();
            let list = |items: Vec<&str>| Cell::List(items.into_iter().map(str::to_owned).collect());
            let mut row = Vec::with_capacity(width);
            row.extend([
                Cell::text(party),
                Cell::text(invoice),
                text(at.variant),
                day(at.date),
                day(at.due),
                Cell::or_empty(counterparty, Cell::Text),
                Cell::or_empty(name, Cell::Text),
                text(at.agreement),
                if products.is_empty() { Cell::Empty } else { list(products) },
                list(of_lines.iter().map(|line| state.texts.get(line.item)).collect()),
                list(of_lines.iter().map(|line| line.status.as_str()).collect()),
                Cell::text(collection(at.net, at.collected)),
                Cell::text(currency),
            ]);
            row.extend(at.units.map(|units| Cell::Amount(cents(units))));
            row.extend([at.net, at.collected, at.net - at.collected, at.disbursed].map(|units| Cell::Amount(cents(units))));
            row
        })
        .collect();
    report.notes.extend(Received::note(lines.iter().filter(|line| line.is_untold).count() as u64));
    report
}

/// How far what is owed for an invoice is collected.
fn collection(net: i128, collected: i128) -> &'static str {
    match (cents(net - collected).is_zero(), cents(collected).is_zero()) {
        (true, _) => "collected",
        (false, true) => "open",
        (false, false) => "partly open",
    }
}

impl Billing {
    /// How far each line is paid out, in each of its payout currencies, and for each charge with rows to which of them it belongs.
    fn line_statuses(
        &self,
        basis: Basis,
        sums: &ChargeSums,
        received: &Received,
        counted: &[Counted],
        billed: &BilledAt,
    ) -> (Vec<LineStatus>, Vec<u32>) {
        let failed = self.last_payout_failed(basis);
        let (mut lines, mut line_of) = (Vec::new(), vec![NONE; self.charges.len()]);
        self.each_line(sums, counted, |at| {
            let place = u32::try_from(lines.len()).unwrap_or(NONE);
            at.charges.iter().for_each(|charge| line_of[*charge as usize] = place);
            let Standing { status, is_untold, .. } = self.standing(at, sums, received, billed, &failed);
            lines.push(LineStatus { item: self.line(at.line).item, payout_currency: at.payout_currency, status, is_untold });
        });
        (lines, line_of)
    }

    /// What feeds tell: the prices that were invoiced for each agreement, by invoice, what resellers pay left out.
    pub fn invoiced(&self, basis: Basis) -> Feeds<'_> {
        struct Price {
            date: i64,
            seqs: Vec<u64>,
            billed: i128,
            open: i128,
        }
        let (moved, counted) = (&self.movements, self.counted());
        let mut found: BTreeMap<(u32, u32, u32), Price> = BTreeMap::new();
        for at in moved.at(basis) {
            let action = Action::of(moved.kind[at]);
            let charge = self.charge(moved.charge[at]);
            let (class, deal) = (self.class(charge.class), self.deal(charge.deal));
            let is_price = counted[charge.class as usize].in_balance == Some(Measure::Gross);
            let is_wholesale = self.texts.some(class.charge).or(self.texts.some(class.invoice)) == Some("RESALE");
            let moves = matches!(action, Action::Invoiced | Action::Forgiven);
            if moves && is_price && !is_wholesale && deal.agreement != NONE && charge.invoice != NONE {
                let amount = moved.amount(at) * i128::from(moved.sign(at));
                let key = (deal.agreement, charge.invoice, self.line(charge.line).currency);
                let price = found.entry(key).or_insert(Price { date: UNDATED, seqs: Vec::new(), billed: 0, open: 0 });
                if charge.invoice_date != UNDATED && (price.date == UNDATED || charge.invoice_date < price.date) {
                    price.date = charge.invoice_date;
                }
                price.open += amount;
                price.seqs.push(moved.seq[at]);
                if action == Action::Invoiced {
                    price.billed += amount;
                }
            }
        }
        let mut by_agreement: BTreeMap<String, Vec<Invoiced>> = BTreeMap::new();
        for ((agreement, invoice, currency), price) in found {
            let (Ok(currency), true) = (self.currency(currency), price.billed != 0) else { continue };
            by_agreement.entry(self.texts.get(agreement).to_owned()).or_default().push(Invoiced {
                invoice: self.texts.get(invoice).to_owned(),
                date: (price.date != UNDATED).then(|| Instant::from_micros(price.date)),
                amount: Amount::from_units(price.billed),
                currency,
                is_forgiven: price.open == 0,
                events: price.seqs,
            });
        }
        by_agreement.values_mut().for_each(|all| all.sort_by(|one, other| (one.date, &one.invoice).cmp(&(other.date, &other.invoice))));
        Feeds { invoiced: by_agreement, told: Box::new(move |invoices| self.told(basis, invoices)) }
    }

    /// Which of some invoices are told at a basis, the buyer's or the own ones, each with the products that stand on it.
    fn told(&self, basis: Basis, invoices: &BTreeSet<&str>) -> BTreeMap<String, BTreeSet<String>> {
        let numbers = 0..u32::try_from(self.texts.len()).unwrap_or(NONE);
        let wanted: BTreeSet<u32> = numbers.filter(|text| invoices.contains(self.texts.get(*text))).collect();
        if wanted.is_empty() {
            return BTreeMap::new();
        }
        let mut told: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let mut stands = vec![false; self.charges.len()];
        self.movements.at(basis).for_each(|at| stands[self.movements.charge[at] as usize] = true);
        for charge in (0..).zip(stands).filter(|(_, stands)| *stands).map(|(charge, _)| self.charge(charge)) {
            for invoice in [charge.invoice, self.line(charge.line).document].iter().filter(|invoice| wanted.contains(invoice)) {
                let products = told.entry(self.texts.get(*invoice).to_owned()).or_default();
                products.extend(self.texts.some(self.deal(charge.deal).product).map(str::to_owned));
            }
        }
        told
    }

    /// The agreements that stand on a buyer's invoice at a basis.
    pub fn agreements_on(&self, basis: Basis, invoice: &str) -> BTreeSet<String> {
        let Some(text) = self.texts.position(invoice) else { return BTreeSet::new() };
        let on_it = |charge: &Charge| charge.invoice == text || self.line(charge.line).document == text;
        let charges = self.movements.at(basis).map(|at| self.charge(self.movements.charge[at])).filter(on_it);
        charges.filter_map(|charge| self.texts.some(self.deal(charge.deal).agreement).map(str::to_owned)).collect()
    }

    /// Who buys on a line: the other party of what is sold on it, never of what is bought for it.
    pub(super) fn buyer(&self, at: &LineAt<'_>, counted: &[Counted], billed: &BilledAt, names: &dyn Names) -> Option<String> {
        let parties = self.buying(at, counted, billed)?;
        self.counterparty(self.texts.get(self.line(at.line).recipient), parties, names)
    }

    /// The parties of what is sold on a line.
    pub(super) fn buying(&self, at: &LineAt<'_>, counted: &[Counted], billed: &BilledAt) -> Option<u32> {
        if self.line(at.line).kind == LineKind::Adjustment {
            return None;
        }
        let sold = at.charges.iter().filter(|charge| counted[self.charge(**charge).class as usize].leg != Leg::Buying);
        sold.map(|charge| billed.parties[*charge as usize]).find(|parties| *parties != NONE)
    }

    /// The other party, as an AWS account where that is known and else as the recipient's feeds call it.
    pub(super) fn counterparty(&self, recipient: &str, parties: u32, names: &dyn Names) -> Option<String> {
        let [counterparty, _] = *self.parties.rows.get(parties as usize)?;
        let opaque = self.texts.some(counterparty)?;
        let account = recipient.parse().ok().and_then(|recipient| names.account(&recipient, opaque));
        Some(account.map_or_else(|| opaque.to_owned(), |account| account.to_string()))
    }
}
