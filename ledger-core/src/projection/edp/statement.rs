//! What AWS says it has counted, held against what we count.

use std::collections::BTreeMap;

use super::report::grouped;
use super::{Purchased, Setting, Standing, months_end};
use crate::commitment::{Judged, Reckoned, Rule, period};
use crate::event::commitment::CommitmentStatement;
use crate::money::Amount;
use crate::time::{Instant, Period};

/// So many days beside the end of a statement AWS may date a line on its other side.
const CUT_OFF: i64 = 7 * 86_400_000_000;

/// AWS's last statement of a contract year, held against what we count up to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The statement.
    pub statement: CommitmentStatement,
    /// Position of the event that says so.
    pub seq: u64,
    /// What we count up to its end.
    pub ours: Amount,
    /// How much more we count than AWS does; zero when both agree.
    pub difference: Amount,
    /// What explains the difference to the cent, each alone: a line at the cut-off, a rule, a line.
    pub explained: Vec<String>,
    /// What may be behind a difference that nothing explains to the cent, and is not known as exactly.
    pub perhaps: Option<String>,
}

impl Setting<'_> {
    /// The last statement of a year that had come by the end of the asked time; nothing when AWS has never said.
    pub fn compared(&self, standing: &Standing, year: &Reckoned<Purchased>) -> Option<Compared> {
        let of_year = period(&year.year);
        let begins = year.opening.as_ref().map_or(of_year.from, |opening| opening.cut_over);
        let within = |until: Instant| until > of_year.from && until >= begins && until <= of_year.until && until <= standing.until;
        let statements = self.view.statements_of(&standing.contract.terms.commitment);
        let (statement, seq) = statements.into_iter().rfind(|(statement, _)| within(statement.until))?;
        Some(self.against(standing, year, statement, seq))
    }

    /// What AWS had counted by the end of a month, or within it, of each commitment of which it said so; the last statement of the month is meant.
    pub fn counted_in(&self, month: Period) -> Vec<(Standing, Compared)> {
        let of = |standing: Standing| {
            let of_month = |until: Instant| month.from < until && until <= month.until;
            let statements = self.view.statements_of(&standing.contract.terms.commitment);
            let (statement, seq) = statements.into_iter().rfind(|(statement, _)| of_month(statement.until))?;
            let holds = |year: &&Reckoned<Purchased>| {
                let (of_year, until) = (period(&year.year), statement.until);
                until > of_year.from && until <= of_year.until && year.opening.as_ref().is_none_or(|opening| until >= opening.cut_over)
            };
            let compared = self.against(&standing, standing.years.iter().find(holds)?, statement, seq);
            Some((standing, compared))
        };
        self.commitments().into_iter().filter_map(of).collect()
    }

    /// A statement against what we count up to its end.
    fn against(&self, standing: &Standing, year: &Reckoned<Purchased>, statement: CommitmentStatement, seq: u64) -> Compared {
        let of_year = period(&year.year);
        let before = |judged: &&Judged<Purchased>| judged.line.counts_at < statement.until;
        let bought: i128 = year.lines.iter().filter(before).map(|judged| judged.counted).sum();
        // The bill of a month that the statement ends in is known as a whole only, and left out.
        let services = |wanted: &dyn Fn(Period) -> bool| -> i128 {
            let inside = standing.services.iter().filter(|((_, month), _)| of_year.holds(*month));
            inside.filter(|((_, month), _)| wanted(Period { from: *month, until: months_end(*month) })).map(|(_, (sum, _))| sum).sum()
        };
        let last = of_year.until == statement.until;
        let split = services(&|month| month.holds(statement.until) && month.from != statement.until && !last);
        let ours = services(&|month| month.until <= statement.until || last) + bought + year.carried + year.brought_forward();
        let difference = ours - statement.counted.units();
        let explained = if difference == 0 { Vec::new() } else { explained(year, &statement, difference) };
        let is_within = explained.is_empty() && difference < 0 && -difference <= split;
        let perhaps = is_within.then(|| {
            let (month, bill) = (statement.until.day().format("%Y-%m"), grouped(split));
            format!("month: it ends within {month}, whose bill of {bill} is known as a whole only")
        });
        let cents = |units| Amount::from_units(units).half_up(2);
        Compared { statement, seq, ours: cents(ours), difference: cents(difference), explained, perhaps }
    }
}

fn explained(year: &Reckoned<Purchased>, statement: &CommitmentStatement, difference: i128) -> Vec<String> {
    let end = statement.until.micros();
    let between = |from: i64, until: i64| -> Vec<&Judged<Purchased>> {
        year.lines.iter().filter(|judged| (from..until).contains(&judged.line.counts_at.micros())).collect()
    };
    let mut found = Vec::new();
    for (side, lines, sign) in [("later", between(end - CUT_OFF, end), 1), ("earlier", between(end, end + CUT_OFF), -1)] {
        let sum: i128 = lines.iter().map(|judged| judged.counted).sum();
        if let Some(one) = lines.iter().find(|judged| judged.counted != 0 && judged.counted * sign == difference) {
            found.push(format!("cut-off: AWS dates {} {side}", called(one)));
        } else if sum != 0 && sum * sign == difference {
            found.push(format!("cut-off: AWS dates {} lines {side}", lines.len()));
        }
    }
    let inside = between(i64::MIN, end);
    let mut by_rule: BTreeMap<String, (i128, i128)> = BTreeMap::new();
    for judged in &inside {
        let sums = by_rule.entry(judged.rule.as_ref().map_or_else(|| judged.why.words(), Rule::version)).or_default();
        *sums = (sums.0 + judged.counted, sums.1 + judged.not_counted());
    }
    for (rule, (counted, not_counted)) in by_rule {
        if counted != 0 && counted == difference {
            found.push(format!("rule: AWS does not count what {rule} lets count"));
        }
        if not_counted != 0 && -not_counted == difference {
            found.push(format!("rule: AWS counts what {rule} leaves out"));
        }
    }
    for judged in inside {
        if judged.counted != 0 && judged.counted == difference {
            found.push(format!("line: AWS does not count {}", called(judged)));
        }
        if judged.not_counted() != 0 && -judged.not_counted() == difference {
            found.push(format!("line: AWS counts {} ({})", called(judged), judged.why));
        }
    }
    found
}

fn called(judged: &Judged<Purchased>) -> String {
    let invoice = judged.of.invoice.as_deref().unwrap_or("without a number");
    format!("invoice {invoice} of {}", judged.line.counts_at.day())
}
