//! Commitments as a report: a row for each contract year that had begun, and for people a bar with its parts.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::card::{card, milestones, windows};
use super::{Closing, Compared, Forecast, Purchased, Setting, Standing, Unread};
use crate::commitment::{Judged, Opening, Reckoned, period};
use crate::id::AccountId;
use crate::money::Amount;
use crate::projection::records::{
    CAPPED, CARRIED, COMMITTED, COUNTED, FORECAST, LACKING, MARKETPLACE, OPENED, Reason, Rule, SERVICES, STRAIGHT_LINE,
};
use crate::report::{Cell, Column, Kind, Layout, Report};
use crate::time::{Instant, Period};

/// A contract year, with everything that is said of it.
pub(super) struct Year<'a> {
    pub(super) standing: &'a Standing,
    pub(super) year: &'a Reckoned<Purchased>,
    pub(super) whole: bool,
    pub(super) forecast: Option<Forecast>,
    compared: Option<Compared>,
    pub(super) invoiced: Option<i128>,
    pub(super) buyer: String,
}

/// The commitments: a row for each contract year that had begun.
///
/// Of a payer whose bills are not all here it is told what is known, and neither a shortfall nor a forecast.
pub fn edp(setting: &Setting<'_>) -> Report {
    let mut report = Report::new("edp", columns());
    report.layout = Layout::Cards;
    for standing in setting.commitments() {
        let mut confirmed = false;
        report.notes.extend(standing.misplaced.map(|(cut_over, seq)| {
            let name = &standing.contract.terms.commitment;
            format!("{name}: no contract year holds {}, and what #{seq} brings forward counts nothing", cut_over.day())
        }));
        for year in &standing.years {
            let told = of(setting, &standing, year);
            report.rows.push(row(&told));
            report.cards.push(card(&told));
            report.notes.extend(notes(&told));
            confirmed |= told.compared.is_some();
        }
        report.notes.extend(standing_notes(&standing, confirmed));
    }
    report
}

fn of<'a>(setting: &Setting<'_>, standing: &'a Standing, year: &'a Reckoned<Purchased>) -> Year<'a> {
    let terms = &standing.contract.terms;
    let named = |payer: &AccountId| setting.names.party(payer).unwrap_or_else(|| payer.to_string());
    let invoices = setting.shortfall_invoices(&terms.commitment);
    let stand = invoices.iter().filter_map(|versions| versions.last());
    let of_year = stand.filter(|(_, told, ..)| told.year == year.year.from && told.currency == terms.currency);
    let of_year: Vec<i128> = of_year.map(|(_, told, ..)| told.amount.units()).collect();
    Year {
        standing,
        year,
        whole: standing.is_whole(year),
        forecast: setting.forecast(standing, year),
        compared: setting.compared(standing, year),
        invoiced: (!of_year.is_empty()).then(|| of_year.iter().sum()),
        buyer: terms.buyer.clone().unwrap_or_else(|| terms.payers.iter().map(named).collect::<Vec<_>>().join(", ")),
    }
}

fn columns() -> Vec<Column> {
    vec![
        Column::new("commitment", "Commitment", Kind::Text),
        Column::new("buyer", "Buyer", Kind::Text),
        Column::new("payers", "Payers", Kind::List),
        Column::new("year", "Year", Kind::Count),
        Column::new("years", "Of", Kind::Count),
        Column::new("begins", "From", Kind::Moment),
        Column::new("ends", "Until", Kind::Moment),
        Column::new("currency", "Currency", Kind::Text),
        Column::new("coverage", "Coverage", Kind::Text),
        Column::new("missing", "Bills missing", Kind::List),
        Column::new("committed", "Committed", Kind::Amount),
        Column::new("services", "AWS services", Kind::Amount),
        Column::new("purchased", "Marketplace purchases", Kind::Amount),
        Column::new("not_counted", "Not counted", Kind::Amount),
        Column::new("eligible", "Eligible", Kind::Amount),
        Column::new("cap", "Cap", Kind::Amount),
        Column::new("over_cap", "Over the cap", Kind::Amount),
        Column::new("marketplace", "Marketplace", Kind::Amount),
        Column::new("carried", "Carried over", Kind::Amount),
        Column::new("opening", "Brought forward", Kind::Amount),
        Column::new("counted", "Counted", Kind::Amount),
        Column::new("straight_line", "Straight line", Kind::Amount),
        Column::new("forecast_services", "Forecast, run rate", Kind::Amount),
        Column::new("forecast_instalments", "Forecast, instalments", Kind::Amount),
        Column::new("shortfall", "Shortfall", Kind::Amount),
        Column::new("shortfall_invoiced", "Shortfall invoiced", Kind::Amount),
        Column::new("surplus", "Surplus", Kind::Amount),
        Column::new("milestones", "Milestones", Kind::List),
        Column::new("windows", "Budget windows", Kind::List),
        Column::new("closing", "Offers that close the gap", Kind::List),
        Column::new("aws_until", "AWS's statement until", Kind::Moment),
        Column::new("aws_counted", "Counted by AWS", Kind::Amount),
        Column::new("aws_difference", "Ours less AWS's", Kind::Amount),
        Column::new("aws_explained", "Explained by", Kind::List),
    ]
}

/// What was brought forward of a year, as long as no bills have replaced it.
pub(super) fn opened(year: &Reckoned<Purchased>) -> Option<&Opening> {
    year.opening.as_ref().filter(|opening| !opening.replaced)
}

pub(super) fn cents(units: i128) -> Amount {
    Amount::from_units(units).half_up(2)
}

impl Year<'_> {
    pub(super) fn has_ended(&self) -> bool {
        self.standing.has_ended(self.year)
    }

    fn is_last(&self) -> bool {
        self.standing.current().is_some_and(|last| last.number == self.year.number)
    }

    /// What lacks, or will: of a year that has ended, what does; of one that runs, what is forecast. Nothing while bills are missing.
    pub(super) fn shortfall(&self) -> Option<i128> {
        match &self.forecast {
            _ if !self.whole => None,
            _ if self.has_ended() => self.standing.lacked(self.year),
            forecast => forecast.as_ref().map(|forecast| forecast.shortfall),
        }
    }

    pub(super) fn surplus(&self) -> Option<i128> {
        match &self.forecast {
            _ if !self.whole => None,
            _ if self.has_ended() => Some((self.year.counted() - self.year.year.amount.units()).max(0)),
            forecast => forecast.as_ref().map(|forecast| forecast.surplus),
        }
    }

    /// The months whose bills are not here or tell nothing of it, payer by payer, and why these do not; months that follow one another as one
    /// stretch.
    fn missing(&self) -> Vec<(String, Option<String>)> {
        let of_year = period(&self.year.year);
        let inside = self.standing.missing.iter().filter(|(month, _)| of_year.holds(*month));
        let missing: BTreeSet<(AccountId, Instant)> = inside.map(|(month, payer)| (*payer, *month)).collect();
        let mut stretches: Vec<(AccountId, Period, Option<&Unread>)> = Vec::new();
        for (payer, month) in missing {
            let (until, why) = (super::months_end(month), self.standing.unread.get(&(month, payer)));
            match stretches.last_mut() {
                Some((of, last, same)) if *of == payer && last.until == month && *same == why => last.until = until,
                _ => stretches.push((payer, Period { from: month, until }, why)),
            }
        }
        let told = |(payer, stretch, why): (AccountId, Period, Option<&Unread>)| {
            let (first, last) =
                (stretch.from.day().format("%Y-%m"), Instant::from_micros(stretch.until.micros() - 1).day().format("%Y-%m"));
            let months = if super::months_end(stretch.from) == stretch.until {
                format!("{first} of {payer}")
            } else {
                format!("{first} to {last} of {payer}")
            };
            (months, why.map(|why| why.words(&self.standing.contract.terms)))
        };
        stretches.into_iter().map(told).collect()
    }

    /// What lacks where not every bill counts.
    pub(super) fn lacks(&self) -> &'static str {
        if self.standing.missing.iter().any(|month| !self.standing.unread.contains_key(month)) {
            "bills are missing"
        } else {
            "bills cannot be read as the contract measures them"
        }
    }
}

fn row(told: &Year<'_>) -> Vec<Cell> {
    let (year, terms) = (told.year, &told.standing.contract.terms);
    let amount = |units: i128| Cell::Amount(cents(units));
    let maybe = |units: Option<i128>| Cell::or_empty(units, amount);
    let list = |texts: Vec<String>| if texts.is_empty() { Cell::Empty } else { Cell::List(texts) };
    let together = |closing: &Closing| closing.offers.iter().map(|(offer, _)| offer.to_string()).collect::<Vec<_>>().join(" + ");
    let closing = told.forecast.iter().flat_map(|forecast| &forecast.closing).map(together).collect();
    vec![
        Cell::text(&terms.commitment),
        Cell::text(&told.buyer),
        Cell::List(terms.payers.iter().map(ToString::to_string).collect()),
        Cell::Count(year.number),
        Cell::Count(terms.years.len() as u64),
        Cell::Moment(year.year.from),
        Cell::Moment(year.year.until),
        Cell::text(terms.currency),
        Cell::text(if told.whole { "whole" } else { "partial" }),
        list(told.missing().into_iter().map(|(months, why)| why.map(|why| format!("{months}: {why}")).unwrap_or(months)).collect()),
        amount(year.year.amount.units()),
        amount(year.services),
        amount(year.gross()),
        amount(year.gross() - year.eligible()),
        amount(year.eligible()),
        maybe(year.cap),
        amount(year.eligible() - year.marketplace()),
        amount(year.marketplace()),
        amount(year.carried),
        maybe(opened(year).map(|opening| opening.counted)),
        amount(year.counted()),
        Cell::Amount(told.standing.straight_line(year)),
        maybe(told.forecast.as_ref().map(|forecast| forecast.run_rate)),
        maybe(told.forecast.as_ref().map(|forecast| forecast.instalments)),
        maybe(told.shortfall()),
        maybe(told.invoiced),
        maybe(told.surplus()),
        list(milestones(told).into_iter().map(|(name, text)| format!("{name}: {text}")).collect()),
        list(windows(told).into_iter().map(|(name, text)| format!("{name}: {text}")).collect()),
        list(closing),
        Cell::or_empty(told.compared.as_ref(), |compared| Cell::Moment(compared.statement.until)),
        Cell::or_empty(told.compared.as_ref(), |compared| amount(compared.statement.counted.units())),
        Cell::or_empty(told.compared.as_ref(), |compared| Cell::Amount(compared.difference)),
        list(told.compared.iter().flat_map(|compared| compared.parts.iter().chain(&compared.explained).cloned()).collect()),
    ]
}

pub(super) fn grouped(units: i128) -> String {
    crate::report::grouped(&cents(units).to_string())
}

/// What a reader should know of a year.
fn notes(told: &Year<'_>) -> Vec<String> {
    let name = &told.standing.contract.terms.commitment;
    let mut notes = Vec::new();
    if let Some(opening) = &told.year.opening
        && told.year.number > 1
    {
        let before = if told.year.number == 2 { "year 1 was".to_owned() } else { format!("years 1 to {} were", told.year.number - 1) };
        notes.push(format!("{name}: {before} before the ledger (#{})", opening.seq));
    }
    notes.extend(told.standing.cut_months(told.year).into_iter().map(|what| format!("{name}: {what}")));
    notes.extend(untold(told).into_iter().chain(unforeseen(told)).map(|what| format!("{name}: {what}")));
    if !told.whole {
        let untold =
            if told.is_last() { "no shortfall and no forecast".to_owned() } else { format!("no shortfall of year {}", told.year.number) };
        notes.push(format!("{name}: {}; {untold} is told", unbilled(told)));
    }
    let last = Instant::from_micros(told.year.year.until.micros() - 1).day();
    notes.extend(told.forecast.iter().flat_map(|forecast| forecast.notes(last)).map(|what| format!("{name}: {what}")));
    notes.extend(told.compared.as_ref().map(|compared| format!("{name}: {}", compared.words())));
    notes
}

/// What a reader should know of a commitment, whichever the year.
fn standing_notes(standing: &Standing, confirmed: bool) -> Vec<String> {
    if standing.years.is_empty() {
        return Vec::new();
    }
    let name = &standing.contract.terms.commitment;
    let mut notes = Vec::new();
    if !confirmed {
        notes.push(format!("{name}: never confirmed by AWS"));
    }
    match standing.outside {
        0 => (),
        1 => notes.push(format!("{name}: 1 purchase lies in no contract year")),
        more => notes.push(format!("{name}: {more} purchases lie in no contract year")),
    }
    match standing.earlier {
        0 => (),
        1 => notes.push(format!("{name}: 1 refund belongs to a contract year before the ledger, and counts nothing here")),
        more => notes.push(format!("{name}: {more} refunds belong to a contract year before the ledger, and count nothing here")),
    }
    notes
}

/// Which bills of a year do not count, and why.
fn unbilled(told: &Year<'_>) -> String {
    let (unread, missing): (Vec<_>, Vec<_>) = told.missing().into_iter().partition(|(_, why)| why.is_some());
    let missing: Vec<String> = missing.into_iter().map(|(months, _)| months).collect();
    let missing = (!missing.is_empty()).then(|| format!("no bill of {}", missing.join(", ")));
    let unread = unread.into_iter().map(|(months, why)| format!("the bill of {months} does not count: {}", why.unwrap_or_default()));
    let found: Vec<String> = missing.into_iter().chain(unread).collect();
    // What is carried over, and a cap on the term, come from the years before.
    if found.is_empty() { "not every bill of the years before counts".to_owned() } else { found.join("; ") }
}

/// What the opening of a year does not tell, and what is left open by it.
fn untold(told: &Year<'_>) -> Vec<String> {
    let year = told.year;
    let Some(opening) = &year.opening else { return Vec::new() };
    let (seq, mut says) = (opening.seq, Vec::new());
    if opening.carried.is_none() {
        says.push(format!("what was carried over before the ledger is not told (#{seq})"));
    }
    if let Some(unused) = kept_free(year) {
        let (day, unused) = (opening.cut_over.day(), grouped(unused));
        says.push(format!(
            "what of the cap was used before {day} is not known (#{seq}): {unused} of it are left unused, lest more is counted than it lets count"
        ));
    }
    says
}

/// Why nothing is forecast of a year that runs, although no bill is missing.
fn unforeseen(told: &Year<'_>) -> Option<String> {
    let is_foreseen = !told.whole || told.has_ended() || told.forecast.is_some();
    let untold = opened(told.year).filter(|opening| opening.services().is_none());
    (!is_foreseen).then(|| match untold {
        Some(opening) => {
            format!("what of #{} were AWS's services is not told, and no month is billed since; no forecast is told", opening.seq)
        }
        None => "no month's bills are all here yet; no forecast is told".to_owned(),
    })
}

/// How much of the cap is left unused, when it is not told how much of it was used before the ledger began.
pub(super) fn kept_free(year: &Reckoned<Purchased>) -> Option<i128> {
    let is_unsplit = year.opening.as_ref().is_some_and(Opening::is_unsplit);
    year.cap.zip(year.room()).filter(|_| is_unsplit).map(|(cap, room)| cap - room)
}

/// Why the contract years come to what they do: what is counted, and each part of it with its rule and its events; a part is zero where something
/// was left out. The parts of a year sum to what it counts, to the cent; of every other figure, the parts that have its name sum to it.
pub fn why(setting: &Setting<'_>) -> Vec<Reason> {
    let mut found = Vec::new();
    for standing in setting.commitments() {
        let (terms, contract) = (&standing.contract.terms, standing.contract.seq);
        for year in &standing.years {
            let subject = format!("{} year {}", terms.commitment, year.number);
            let of_year = period(&year.year);
            let mut part = |field: &'static str, units: i128, rule: Rule, events: Vec<u64>, remark: String| {
                let value = Cell::Money(cents(units), terms.currency);
                found.push(Reason { subject: subject.clone(), field, value, rule, events, remark: Some(remark) });
            };
            let committed = format!("of {} committed", grouped(year.year.amount.units()));
            part("counted", year.counted(), COUNTED, vec![contract], committed);
            if let Some(opening) = opened(year) {
                let remark = format!("to {}", Instant::from_micros(opening.cut_over.micros() - 1).day());
                part("opening", opening.counted, OPENED, vec![opening.seq], remark);
            }
            for ((payer, month), (units, seqs)) in standing.services.iter().filter(|((_, month), _)| of_year.holds(*month)) {
                part("services", *units, SERVICES, seqs.clone(), format!("bill of {payer} for {}", month.day().format("%Y-%m")));
            }
            if year.carried != 0 {
                let says = year.opening.as_ref().map_or(contract, |opening| opening.seq);
                part("carried", year.carried, CARRIED, vec![says], "from the year before".to_owned());
            }
            for judged in year.lines.iter().chain(&year.foreign) {
                let rule = judged.rule.iter().map(|rule| rule.seq);
                let events = judged.of.seqs.iter().copied().chain(rule).collect();
                part("marketplace", judged.counted, MARKETPLACE, events, line_of(judged));
            }
            let told = of(setting, &standing, year);
            for (field, units, rule, remark) in figures(&told) {
                part(field, units, rule, vec![contract], remark);
            }
            let left_out = |judged: &Judged<Purchased>| [("not_counted", judged.not_counted()), ("over_cap", judged.over())];
            for judged in &year.lines {
                for (field, units) in left_out(judged).into_iter().filter(|(_, units)| *units != 0) {
                    let rule = if field == "over_cap" { CAPPED } else { MARKETPLACE };
                    part(field, units, rule, judged.of.seqs.clone(), line_of(judged));
                }
            }
        }
    }
    found
}

/// The figures of a year that are made of others, with what they are made of.
fn figures(told: &Year<'_>) -> Vec<(&'static str, i128, Rule, String)> {
    let (year, terms) = (told.year, &told.standing.contract.terms);
    let until = Instant::from_micros(told.standing.until.min(year.year.until).micros() - 1).day();
    let committed = year.year.amount.units();
    let mut found = vec![("committed", committed, COMMITTED, format!("contract year {}", year.number))];
    if let (Some(cap), Some(told)) = (year.cap, &terms.cap) {
        found.push(("cap", cap, CAPPED, format!("{} % of the {}", told.percent, told.base)));
    }
    found.push(("straight_line", told.standing.straight_line(year).units(), STRAIGHT_LINE, format!("to {until}")));
    let mut parts = vec![(committed, "committed"), (-year.counted(), "counted")];
    if let Some(forecast) = &told.forecast {
        found.push(("forecast_services", forecast.run_rate, FORECAST, format!("mean day of {}", counted_months(forecast.months))));
        found.push(("forecast_instalments", forecast.instalments, FORECAST, "planned and not invoiced".to_owned()));
        parts.extend([(-forecast.run_rate, "forecast of AWS services"), (-forecast.instalments, "forecast of instalments")]);
    }
    let lacks = [("shortfall", told.shortfall(), 1), ("surplus", told.surplus(), -1)];
    for (field, _, sign) in lacks.into_iter().filter(|(_, units, _)| units.is_some_and(|units| units != 0)) {
        found.extend(parts.iter().map(|(units, what)| (field, sign * units, LACKING, (*what).to_owned())));
    }
    found
}

fn counted_months(months: usize) -> String {
    if months == 1 { "1 month".to_owned() } else { format!("{months} months") }
}

fn line_of(judged: &Judged<Purchased>) -> String {
    let invoice = judged.of.invoice.as_deref().unwrap_or("no invoice");
    let product = judged.of.product.as_deref().unwrap_or("unknown product");
    let rule = judged.rule.as_ref().map(|rule| format!(" ({})", rule.version())).unwrap_or_default();
    let mut text = format!("{invoice} of {}, {product}: {}{rule}", judged.line.counts_at.day(), judged.why);
    if judged.over() != 0 {
        _ = write!(text, "; {} over the cap", grouped(judged.over()));
    }
    if judged.not_counted() != 0 {
        _ = write!(text, "; {} {} not counted", grouped(judged.not_counted()), judged.line.currency);
    }
    text
}
