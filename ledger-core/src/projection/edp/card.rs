//! A contract year as people are shown it: a bar with its parts, and the same in a sentence.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::report::{Year, cents, grouped, kept_free, opened};
use crate::commitment::{Opening, period};
use crate::event::commitment::{Milestone, Window};
use crate::money::Currency;
use crate::report::{Card, CardLine, Gauge, Part};
use crate::time::{Instant, Period};

/// The card of a contract year.
pub(super) fn card(told: &Year<'_>) -> Card {
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
    let used = year.opening.as_ref().map_or(0, Opening::bought);
    let gauge = Gauge {
        whole: committed,
        parts: vec![
            (Part::First, year.services + year.carried + year.brought_forward() - used),
            (Part::Second, year.marketplace() + used),
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
    if let Some(opening) = opened(year) {
        let until = Instant::from_micros(opening.cut_over.micros() - 1).day();
        let of_it = match opening.marketplace {
            Some(units) => format!("{} of it Marketplace", grouped(units)),
            None => "what of it Marketplace purchases had retired is not told".to_owned(),
        };
        lines.push(line(None, "Brought forward", opening.counted, format!("counted to {until}, {of_it} (#{})", opening.seq)));
    }
    lines.push(line(Some(Part::First), "AWS services", year.services, String::new()));
    if year.carried != 0 {
        let told = year.opening.as_ref().map(|opening| format!(" (#{})", opening.seq)).unwrap_or_default();
        lines.push(line(Some(Part::First), "Carried over", year.carried, format!("from the year before{told}")));
    }
    let cap = year.cap.zip(terms.cap.as_ref());
    let cap = cap.map(|(units, cap)| format!("cap {} ({} % of the {})", grouped(units), cap.percent, cap.base));
    let before = match (kept_free(year), &year.opening) {
        (Some(units), Some(opening)) => {
            format!(", what of it was used before {} is not known: as if {}", opening.cut_over.day(), grouped(units))
        }
        _ if used != 0 => format!(", {} of it used before", grouped(used)),
        _ => String::new(),
    };
    let cap = cap.map(|cap| cap + &before).unwrap_or_default();
    lines.push(line(Some(Part::Second), "Marketplace", year.marketplace(), cap));
    lines.push(line(Some(Part::Sum), "Counted", year.counted(), standing_of(told)));
    if let Some(forecast) = &told.forecast {
        let method = format!(
            "run rate {} (mean day {}), instalments {}",
            grouped(forecast.run_rate),
            if forecast.months == 0 { "before the ledger".to_owned() } else { format!("of {}", counted(forecast.months, "month")) },
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
    let mut foreign: BTreeMap<Currency, (i128, usize)> = BTreeMap::new();
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

/// Hundredths of per cent, `73.07`.
fn percent(part: i128, whole: i128) -> String {
    if whole == 0 {
        return "0.00".to_owned();
    }
    let hundredths = crate::money::round_half_up(part * 1_000_000 / whole, 100) / 100;
    format!("{}{}.{:02}", if hundredths < 0 { "-" } else { "" }, hundredths.abs() / 100, hundredths.abs() % 100)
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// The milestones of a year: what had to be retired by each, and what was.
pub(super) fn milestones(told: &Year<'_>) -> Vec<(String, String)> {
    let of_year = period(&told.year.year);
    let inside = |by: Instant| by > of_year.from && by <= of_year.until;
    let one = |milestone: &Milestone| {
        let last = Instant::from_micros(milestone.by.micros() - 1).day();
        let Some(retired) = told.standing.retired(told.year, Period { from: of_year.from, until: milestone.by }) else {
            return (milestone.name.clone(), format!("{} by {last}: before the ledger", grouped(milestone.amount.units())));
        };
        let (lacks, at_least) = (milestone.amount.units() - retired.least, retired.most.map(|most| milestone.amount.units() - most));
        let has_passed = milestone.by <= told.standing.until;
        let word = match at_least {
            _ if lacks <= 0 => "reached".to_owned(),
            _ if has_passed && !told.whole => told.lacks().to_owned(),
            _ if has_passed && retired.is_exact() => format!("missed by {}", grouped(lacks)),
            _ if retired.is_exact() => format!("{} to go", grouped(lacks)),
            _ if !has_passed => format!("at most {} to go, {}", grouped(lacks), retired.why()),
            Some(at_least) if at_least > 0 => format!("missed by at least {}, {}", grouped(at_least), retired.why()),
            _ => format!("cannot be told, {}", retired.why()),
        };
        (milestone.name.clone(), format!("{} by {last}: {word}", grouped(milestone.amount.units())))
    };
    told.standing.contract.terms.milestones.iter().filter(|milestone| inside(milestone.by)).map(one).collect()
}

/// The budget windows that a year meets, and what was spent in each.
pub(super) fn windows(told: &Year<'_>) -> Vec<(String, String)> {
    let of_year = period(&told.year.year);
    let meets = |window: &&Window| window.from < of_year.until && window.until > of_year.from;
    let one = |window: &Window| {
        let last = Instant::from_micros(window.until.micros() - 1).day();
        let Some(spent) = told.standing.retired(told.year, Period { from: window.from, until: window.until }) else {
            let text = format!("{} from {} to {last}: partly before the ledger", grouped(window.amount.units()), window.from.day());
            return (window.name.clone(), text);
        };
        let (over, left) = (spent.least - window.amount.units(), spent.most.map(|most| window.amount.units() - most));
        let word = match left {
            _ if spent.is_exact() && over > 0 => format!("over by {}", grouped(over)),
            _ if spent.is_exact() => format!("{} left", grouped(-over)),
            _ if over > 0 => format!("over by at least {}, {}", grouped(over), spent.why()),
            Some(left) if left >= 0 => format!("at least {} left, {}", grouped(left), spent.why()),
            _ => format!("what is left cannot be told, {}", spent.why()),
        };
        let at_least = if spent.is_exact() { "" } else { "at least " };
        let (spent, budget) = (grouped(spent.least), grouped(window.amount.units()));
        (window.name.clone(), format!("{at_least}{spent} of {budget} from {} to {last}: {word}", window.from.day()))
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
        None if told.whole => says.push_str("; no forecast is told"),
        None => _ = write!(says, "; {}, no shortfall is told", told.lacks()),
        Some(shortfall) if told.has_ended() => _ = write!(says, "; shortfall {}", grouped(shortfall)),
        Some(shortfall) => _ = write!(says, "; shortfall forecast {}", grouped(shortfall)),
    }
    says + "."
}
