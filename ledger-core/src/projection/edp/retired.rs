//! What of a contract year was retired in a stretch of time, as far as monthly bills tell it.
//!
//! ```text
//! purchases                 by their days; of a bill that does not date them, by its month
//! AWS's own services        by whole months; of a month that the stretch cuts, between nothing and all of its bill
//! ```

use super::report::grouped;
use super::{Purchased, Standing, month_of, months};
use crate::commitment::{Judged, Reckoned, period};
use crate::time::{Instant, Period};

/// What was retired in a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retired {
    /// So much at the least.
    pub least: i128,
    /// So much at the most; nothing is known of it while the bill of a month that the stretch cuts is not here.
    pub most: Option<i128>,
    /// The months that it cuts, with what is known of each as a whole only.
    cut: Vec<(Instant, Option<i128>)>,
}

impl Retired {
    /// Whether it is known to the cent.
    pub fn is_exact(&self) -> bool {
        self.most == Some(self.least)
    }

    /// Why it is not known to the cent.
    pub fn why(&self) -> String {
        let months: Vec<String> = self.cut.iter().map(|(month, bill)| whole_only(*month, *bill)).collect();
        format!("it falls {}", months.join(" and "))
    }
}

/// That a month is known as a whole only, if it is.
fn whole_only(month: Instant, bill: Option<i128>) -> String {
    let month = month.day().format("%Y-%m");
    match bill {
        Some(units) => format!("within {month}, whose bill of {} is known as a whole only", grouped(units)),
        None => format!("within {month}, whose bill is not here"),
    }
}

impl Standing {
    /// What of a year was retired in a stretch of time. Nothing is known of a stretch with a part of what lies before the ledger.
    pub fn retired(&self, year: &Reckoned<Purchased>, of: Period) -> Option<Retired> {
        let of = Period { from: of.from.max(year.year.from), until: of.until.min(year.year.until) };
        let cut_over = year.opening.as_ref().map_or(year.year.from, |opening| opening.cut_over);
        let begun = match &year.opening {
            Some(_) if of.from <= year.year.from && of.until >= cut_over => year.brought_forward(),
            Some(_) if of.from < cut_over => return None,
            _ => 0,
        };
        // What is still to come is no part of what was retired so far.
        let has_come = |month: &Period| of.until <= self.until || month.until <= self.until;
        // A month belongs to the contract year in which it begins.
        let is_after = |month: &Period| month.from >= if year.opening.is_none() { year.year.from } else { cut_over };
        let touched =
            months(Period { from: month_of(of.from).from, until: of.until }).into_iter().filter(|month| has_come(month) && is_after(month));
        let (whole, cut): (Vec<Period>, Vec<Period>) =
            touched.partition(|month| month.from >= of.from && (month.until <= of.until || of.until == year.year.until));
        let is_in = |months: &[Period], month: Instant| months.iter().any(|of| of.from == month);
        let services: i128 = self.services.iter().filter(|((_, month), _)| is_in(&whole, *month)).map(|(_, (sum, _))| sum).sum();
        let is_undated = |judged: &&Judged<Purchased>| judged.of.undated.is_some_and(|month| is_in(&cut, month));
        let dated = year.lines.iter().filter(|judged| !is_undated(judged) && of.holds(judged.line.counts_at));
        let least = begun + services + dated.map(|judged| judged.counted).sum::<i128>();
        let mut retired = Retired { least, most: Some(least), cut: Vec::new() };
        for month in cut {
            let bought = year.lines.iter().filter(|judged| judged.of.undated == Some(month.from)).map(|judged| judged.counted);
            let services = self.services.iter().filter(|((_, of), _)| *of == month.from).map(|(_, (sum, _))| *sum);
            let known: Vec<i128> = services.chain(bought).collect();
            let is_here = self.services_of(month.from).is_some();
            retired.least += known.iter().map(|part| *part.min(&0)).sum::<i128>();
            retired.most = retired.most.filter(|_| is_here).map(|most| most + known.iter().map(|part| *part.max(&0)).sum::<i128>());
            retired.cut.push((month.from, is_here.then(|| known.iter().sum())));
        }
        Some(retired)
    }

    /// What AWS's own services came to in a month, when the bill of every payer is here.
    fn services_of(&self, month: Instant) -> Option<i128> {
        self.contract.terms.payers.iter().map(|payer| Some(self.services.get(&(*payer, month))?.0)).sum()
    }

    /// How a contract year that begins within a month, or the last one that ends within one, is told of it.
    pub(super) fn cut_months(&self, year: &Reckoned<Purchased>) -> Vec<String> {
        let years = &self.contract.terms.years;
        let whole = |month: Period| whole_only(month.from, self.services_of(month.from));
        let (first, last) = (month_of(year.year.from), month_of(year.year.until));
        let begun_before = year.opening.as_ref().is_some_and(|opening| first.from < opening.cut_over);
        let mut found = Vec::new();
        if first.from != year.year.from && !begun_before {
            let counts = match years.iter().any(|of| period(of).holds(first.from)) {
                true => "in the year before",
                false => "in no contract year",
            };
            found.push(format!("year {} begins {}: it counts {counts}", year.number, whole(first)));
        }
        let is_last = years.iter().all(|of| of.until <= year.year.until);
        if last.from != year.year.until && is_last && self.has_ended(year) {
            found.push(format!("year {} ends {}: all of it counts", year.number, whole(last)));
        }
        found
    }
}
