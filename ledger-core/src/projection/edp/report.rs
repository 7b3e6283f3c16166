//! Commitments as a report: a row for each contract year that had begun, and for people a bar with its parts.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::{Compared, Forecast, Purchased, Setting, Standing};
use crate::commitment::{Judged, Reckoned, period};
use crate::event::commitment::{Milestone, Window};
use crate::id::AccountId;
use crate::money::Amount;
use crate::projection::records::{CARRIED, COUNTED, MARKETPLACE, Reason, Rule, SERVICES};
use crate::report::{Card, CardLine, Cell, Column, Gauge, Kind, Layout, Part, Report};
use crate::time::{Instant, Period};

/// A contract year, with everything that is said of it.
struct Year<'a> {
    standing: &'a Standing,
    year: &'a Reckoned<Purchased>,
    whole: bool,
    forecast: Option<Forecast>,
    compared: Option<Compared>,
    invoiced: Option<i128>,
    buyer: String,
}

/// The commitments: a row for each contract year that had begun.
///
/// Of a payer whose bills are not all here it is told what is known, and neither a shortfall nor a forecast.
pub fn edp(setting: &Setting<'_>) -> Report {
    let mut report = Report::new("edp", columns());
    report.layout = Layout::Cards;
    for standing in setting.commitments() {
        let last = standing.years.len();
        for (at, year) in (1..).zip(&standing.years) {
            let told = of(setting, &standing, year);
            report.rows.push(row(&told));
            report.cards.push(card(&told));
            if at == last {
                report.notes.extend(notes(&told));
            }
        }
    }
    report
}

fn of<'a>(setting: &Setting<'_>, standing: &'a Standing, year: &'a Reckoned<Purchased>) -> Year<'a> {
    let terms = &standing.contract.terms;
    let named = |payer: &AccountId| setting.names.party(payer).unwrap_or_else(|| payer.to_string());
    let shortfalls = setting.view.shortfalls_of(&terms.commitment);
    let of_year: Vec<i128> = shortfalls
        .iter()
        .filter(|(told, _)| told.year == year.year.from && told.currency == terms.currency)
        .map(|(told, _)| told.amount.units())
        .collect();
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

fn cents(units: i128) -> Amount {
    Amount::from_units(units).half_up(2)
}

impl Year<'_> {
    fn has_ended(&self) -> bool {
        self.standing.has_ended(self.year)
    }

    /// What lacks, or will: of a year that has ended, what does; of one that runs, what is forecast. Nothing while bills are missing.
    fn shortfall(&self) -> Option<i128> {
        match &self.forecast {
            _ if !self.whole => None,
            _ if self.has_ended() => self.standing.lacked(self.year),
            forecast => forecast.as_ref().map(|forecast| forecast.shortfall),
        }
    }

    fn surplus(&self) -> Option<i128> {
        match &self.forecast {
            _ if !self.whole => None,
            _ if self.has_ended() => Some((self.year.counted() - self.year.year.amount.units()).max(0)),
            forecast => forecast.as_ref().map(|forecast| forecast.surplus),
        }
    }

    /// The months whose bills are not here, payer by payer; months that follow one another as one stretch.
    fn missing(&self) -> Vec<String> {
        let of_year = period(&self.year.year);
        let missing = self.standing.missing.iter().filter(|(month, _)| of_year.holds(*month));
        let mut by_payer: BTreeMap<AccountId, Vec<Period>> = BTreeMap::new();
        for (month, payer) in missing {
            let stretches = by_payer.entry(*payer).or_default();
            let until = super::months_end(*month);
            match stretches.last_mut() {
                Some(last) if last.until == *month => last.until = until,
                _ => stretches.push(Period { from: *month, until }),
            }
        }
        let told = |payer: AccountId, stretch: &Period| {
            let (first, last) =
                (stretch.from.day().format("%Y-%m"), Instant::from_micros(stretch.until.micros() - 1).day().format("%Y-%m"));
            if super::months_end(stretch.from) == stretch.until {
                format!("{first} of {payer}")
            } else {
                format!("{first} to {last} of {payer}")
            }
        };
        by_payer.iter().flat_map(|(payer, stretches)| stretches.iter().map(|stretch| told(*payer, stretch))).collect()
    }
}

fn row(told: &Year<'_>) -> Vec<Cell> {
    let (year, terms) = (told.year, &told.standing.contract.terms);
    let amount = |units: i128| Cell::Amount(cents(units));
    let maybe = |units: Option<i128>| Cell::or_empty(units, amount);
    let list = |texts: Vec<String>| if texts.is_empty() { Cell::Empty } else { Cell::List(texts) };
    let closing = told.forecast.iter().flat_map(|forecast| &forecast.closing).map(|offer| offer.offer.clone()).collect();
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
        list(told.missing()),
        amount(year.year.amount.units()),
        amount(year.services),
        amount(year.gross()),
        amount(year.gross() - year.eligible()),
        amount(year.eligible()),
        maybe(year.cap),
        amount(year.eligible() - year.marketplace()),
        amount(year.marketplace()),
        amount(year.carried),
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
        list(told.compared.iter().flat_map(|compared| compared.explained.clone()).collect()),
    ]
}

/// Hundredths of per cent, `73.07`.
fn percent(part: i128, whole: i128) -> String {
    if whole == 0 {
        return "0.00".to_owned();
    }
    let hundredths = crate::money::round_half_up(part * 1_000_000 / whole, 100) / 100;
    format!("{}{}.{:02}", if hundredths < 0 { "-" } else { "" }, hundredths.abs() / 100, hundredths.abs() % 100)
}

fn card(told: &Year<'_>) -> Card {
    let (year, standing) = (told.year, told.standing);
    let terms = &standing.contract.terms;
    let committed = year.year.amount.units();
    let last = Instant::from_micros(year.year.until.micros() - 1).day();
    let mut title = format!(
        "{} · {} · year {} of {} · {} – {last} · {}",
        told.buyer,
        terms.commitment,
        year.number,
        terms.years.len(),
        year.year.from.day(),
        terms.currency
    );
    if !told.whole {
        title.push_str(" · partial: purchases known to us only");
    }
    let expected = told.forecast.as_ref().map(|forecast| forecast.run_rate + forecast.instalments);
    let gone = i128::from(standing.until.micros().min(year.year.until.micros()) - year.year.from.micros());
    let all = i128::from(year.year.until.micros() - year.year.from.micros());
    let gauge = Gauge {
        whole: committed,
        parts: vec![
            (Part::First, year.services + year.carried),
            (Part::Second, year.marketplace()),
            (Part::Expected, expected.unwrap_or_default()),
        ],
        says: format!("{} % counted", percent(year.counted(), committed)),
        mark: (!told.has_ended()).then(|| (committed * gone / all, format!("{} % of the year gone", percent(gone, all)))),
    };
    let line = |part: Option<Part>, label: &str, units: i128, remark: String| CardLine {
        part,
        label: label.to_owned(),
        amount: Some(cents(units)),
        remark,
    };
    let mut lines = vec![line(None, "Committed", committed, String::new())];
    lines.push(line(Some(Part::First), "AWS services", year.services, String::new()));
    if year.carried != 0 {
        lines.push(line(Some(Part::First), "Carried over", year.carried, "from the year before".to_owned()));
    }
    let cap = year.cap.zip(terms.cap.as_ref());
    let cap = cap.map(|(units, cap)| format!("cap {} ({} % of the {})", grouped(units), cap.percent, cap.base)).unwrap_or_default();
    lines.push(line(Some(Part::Second), "Marketplace", year.marketplace(), cap));
    lines.push(line(Some(Part::Sum), "Counted", year.counted(), standing_of(told)));
    if let Some(forecast) = &told.forecast {
        let method = format!(
            "run rate {} (mean day of {} months), instalments {}",
            grouped(forecast.run_rate),
            forecast.months,
            grouped(forecast.instalments)
        );
        lines.push(line(Some(Part::Expected), &format!("Forecast to {}", last.format("%m-%d")), expected.unwrap_or_default(), method));
    }
    if let Some(shortfall) = told.shortfall() {
        let remark = match told.invoiced {
            Some(invoiced) => format!("invoiced {}", grouped(invoiced)),
            None if shortfall == 0 => String::new(),
            None => format!("billed after {last}"),
        };
        lines.push(line(Some(Part::Lacking), "Shortfall", shortfall, remark));
    }
    if let Some(surplus) = told.surplus().filter(|surplus| *surplus > 0) {
        lines.push(line(None, "Surplus", surplus, String::new()));
    }
    if year.eligible() != year.marketplace() {
        lines.push(line(None, "Over the cap", year.eligible() - year.marketplace(), "counts nothing".to_owned()));
    }
    let mut reasons: BTreeMap<String, (i128, usize)> = BTreeMap::new();
    for judged in year.lines.iter().filter(|judged| judged.not_counted() != 0) {
        let sums = reasons.entry(judged.why.words()).or_default();
        *sums = (sums.0 + judged.not_counted(), sums.1 + 1);
    }
    for (why, (units, count)) in reasons {
        lines.push(line(None, "Not counted", units, format!("{}: {why}", counted(count, "line"))));
    }
    let mut foreign: BTreeMap<crate::money::Currency, (i128, usize)> = BTreeMap::new();
    for judged in &year.foreign {
        let sums = foreign.entry(judged.line.currency).or_default();
        *sums = (sums.0 + judged.line.price, sums.1 + 1);
    }
    let mut said = |label: &str, remark: String| lines.push(CardLine { part: None, label: label.to_owned(), amount: None, remark });
    for (currency, (units, count)) in foreign {
        said("Not counted", format!("{} {currency} in {}: another currency", grouped(units), counted(count, "line")));
    }
    milestones(told).into_iter().chain(windows(told)).for_each(|(name, text)| said(&name, text));
    let says = sentence(told);
    Card { title, gauge: Some(gauge), lines, says }
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The milestones of a year: what had to be retired by each, and what was.
fn milestones(told: &Year<'_>) -> Vec<(String, String)> {
    let of_year = period(&told.year.year);
    let inside = |by: Instant| by > of_year.from && by <= of_year.until;
    let one = |milestone: &Milestone| {
        let retired = told.standing.retired(told.year, Period { from: of_year.from, until: milestone.by });
        let lacks = milestone.amount.units() - retired.units();
        let last = Instant::from_micros(milestone.by.micros() - 1).day();
        let word = match (lacks > 0, milestone.by <= told.standing.until) {
            (false, _) => "reached".to_owned(),
            (true, true) if told.whole => format!("missed by {}", grouped(lacks)),
            (true, true) => "bills are missing".to_owned(),
            (true, false) => format!("{} to go", grouped(lacks)),
        };
        (milestone.name.clone(), format!("{} by {last}: {word}", grouped(milestone.amount.units())))
    };
    told.standing.contract.terms.milestones.iter().filter(|milestone| inside(milestone.by)).map(one).collect()
}

/// The budget windows that a year meets, and what was spent in each.
fn windows(told: &Year<'_>) -> Vec<(String, String)> {
    let of_year = period(&told.year.year);
    let meets = |window: &&Window| window.from < of_year.until && window.until > of_year.from;
    let one = |window: &Window| {
        let spent = told.standing.retired(told.year, Period { from: window.from, until: window.until });
        let last = Instant::from_micros(window.until.micros() - 1).day();
        let over = spent.units() - window.amount.units();
        let word = if over > 0 { format!("over by {}", grouped(over)) } else { format!("{} left", grouped(-over)) };
        let text = format!("{} of {} from {} to {last}: {word}", grouped(spent.units()), grouped(window.amount.units()), window.from.day());
        (window.name.clone(), text)
    };
    told.standing.contract.terms.windows.iter().filter(meets).map(one).collect()
}

/// How a year stands to its straight line, while it runs.
fn standing_of(told: &Year<'_>) -> String {
    if told.has_ended() || !told.whole {
        return String::new();
    }
    let ahead = told.year.counted() - told.standing.straight_line(told.year).units();
    let word = if ahead < 0 { "behind" } else { "ahead of" };
    format!("{} {word} the straight line", grouped(ahead.abs()))
}

/// Everything in one sentence, for who listens.
fn sentence(told: &Year<'_>) -> String {
    let (year, terms) = (told.year, &told.standing.contract.terms);
    let committed = year.year.amount.units();
    let mut says = format!(
        "{}, commitment {} year {}: counted {} {} of {}, {} percent",
        told.buyer,
        terms.commitment,
        year.number,
        grouped(year.counted()),
        terms.currency,
        grouped(committed),
        percent(year.counted(), committed)
    );
    match told.shortfall() {
        None => says.push_str("; bills are missing, no shortfall is told"),
        Some(shortfall) if told.has_ended() => _ = write!(says, "; shortfall {}", grouped(shortfall)),
        Some(shortfall) => _ = write!(says, "; shortfall forecast {}", grouped(shortfall)),
    }
    says + "."
}

fn grouped(units: i128) -> String {
    crate::report::grouped(&cents(units).to_string())
}

/// What a reader should know of the year that runs.
fn notes(told: &Year<'_>) -> Vec<String> {
    let name = &told.standing.contract.terms.commitment;
    let mut notes = Vec::new();
    if !told.whole {
        notes.push(format!("{name}: no bill of {}; no shortfall and no forecast is told", told.missing().join(", ")));
    }
    for offer in told.forecast.iter().flat_map(|forecast| &forecast.closing) {
        let last = Instant::from_micros(told.year.year.until.micros() - 1).day();
        notes.push(format!(
            "{name}: {} {} closes the gap if invoiced by {last}: surplus {}",
            offer.offer,
            grouped(offer.value.units()),
            grouped(offer.surplus)
        ));
    }
    notes.push(match &told.compared {
        None => format!("{name}: never confirmed by AWS"),
        Some(compared) => {
            let last = Instant::from_micros(compared.statement.until.micros() - 1).day();
            if compared.difference.is_zero() {
                format!("{name}: agrees with AWS to {last} (#{})", compared.seq)
            } else {
                let why = if compared.explained.is_empty() {
                    "nothing explains it to the cent".to_owned()
                } else {
                    compared.explained.join("; or ")
                };
                let (difference, ours) = (grouped(compared.difference.units()), grouped(compared.ours.units()));
                let theirs = grouped(compared.statement.counted.units());
                format!("{name}: differs by {difference} from AWS to {last} (#{}: {theirs}, ours {ours}): {why}", compared.seq)
            }
        }
    });
    if told.standing.outside > 0 {
        notes.push(format!("{name}: {} purchases lie in no contract year", told.standing.outside));
    }
    notes
}

/// Why the contract years come to what they do: what is counted, and each part of it with its rule and its events; a part is zero where something
/// was left out. The parts of a year sum to what it counts, to the cent.
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
            for ((payer, month), (units, seqs)) in standing.services.iter().filter(|((_, month), _)| of_year.holds(*month)) {
                part("services", *units, SERVICES, seqs.clone(), format!("bill of {payer} for {}", month.day().format("%Y-%m")));
            }
            if year.carried != 0 {
                part("carried", year.carried, CARRIED, vec![contract], "from the year before".to_owned());
            }
            for judged in year.lines.iter().chain(&year.foreign) {
                let rule = judged.rule.iter().map(|rule| rule.seq);
                let events = judged.of.seqs.iter().copied().chain(rule).collect();
                part("marketplace", judged.counted, MARKETPLACE, events, line_of(judged));
            }
        }
    }
    found
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
