//! What AWS says it has counted, held against what we count.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::report::grouped;
use super::{Purchased, Setting, Standing, months_end};
use crate::commitment::{Judged, Opening, Reckoned, Rule, period};
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
    /// Which of its parts differ, where AWS tells them; or that they do not come to its total.
    pub parts: Vec<String>,
    /// What of the difference is left for purchases to explain: that of the Marketplace where AWS tells it, else all of it.
    pub open: Amount,
    /// What explains that to the cent, each alone: a line at the cut-off, a rule, a line, or the only set of lines that does.
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
        let services = services(&|month| month.until <= statement.until || last);
        let ours = services + bought + year.carried + year.brought_forward();
        let difference = ours - statement.counted.units();
        let (parts, of_marketplace) = parts(standing, year, &statement, (services, bought));
        let open = of_marketplace.unwrap_or(difference);
        let mut explained = if open == 0 { Vec::new() } else { explained(year, &statement, open) };
        let mut perhaps = None;
        if open != 0 && explained.is_empty() {
            let parts = candidates(year, &statement);
            let (found, all) = sets(&parts, open);
            let told = |set: &[usize]| set.iter().map(|at| parts[*at].does.as_str()).collect::<Vec<_>>().join(", and ");
            match &found[..] {
                [] => (),
                [set] if all => explained.push(format!("lines: AWS {}", told(set))),
                [set] => perhaps = Some(format!("lines: AWS {}; or other lines", told(set))),
                _ => perhaps = Some("one of several sets of lines".to_owned()),
            }
        }
        let of_services = difference - of_marketplace.unwrap_or(0);
        if (of_marketplace.is_some() || explained.is_empty()) && of_services < 0 && -of_services <= split {
            let (month, bill) = (statement.until.day().format("%Y-%m"), grouped(split));
            perhaps = Some(format!("month: it ends within {month}, whose bill of {bill} is known as a whole only"));
        }
        let cents = |units| Amount::from_units(units).half_up(2);
        Compared { statement, seq, ours: cents(ours), difference: cents(difference), parts, open: cents(open), explained, perhaps }
    }
}

impl Compared {
    /// How it stands to what we count.
    pub(super) fn words(&self) -> String {
        let last = Instant::from_micros(self.statement.until.micros() - 1).day();
        let (theirs, ours) = (grouped(self.statement.counted.units()), grouped(self.ours.units()));
        let mut says = if self.difference.is_zero() {
            let only = if self.parts.is_empty() { "" } else { " in total" };
            format!("agrees with AWS to {last}{only} (#{})", self.seq)
        } else {
            format!("differs by {} from AWS to {last} (#{}: {theirs}, ours {ours})", grouped(self.difference.units()), self.seq)
        };
        if !self.parts.is_empty() {
            says = format!("{says}: {}", self.parts.join(", "));
        }
        if !self.open.is_zero() {
            let why = if self.explained.is_empty() { "nothing explains it to the cent".to_owned() } else { self.explained.join("; or ") };
            says = format!("{says}: {why}");
        }
        self.perhaps.iter().for_each(|perhaps| _ = write!(says, "; may be {perhaps}"));
        says
    }
}

/// How AWS's own parts of what it has counted stand to ours, services and purchases; and by how much purchases differ, where that is known.
fn parts(
    standing: &Standing,
    year: &Reckoned<Purchased>,
    statement: &CommitmentStatement,
    (services, bought): (i128, i128),
) -> (Vec<String>, Option<i128>) {
    let (told, counted) = ((statement.services.map(Amount::units), statement.marketplace.map(Amount::units)), statement.counted.units());
    let may_carry = standing.contract.terms.carry_over.is_some();
    let (their_services, their_marketplace, their_carried) = match told {
        (None, None) => return (Vec::new(), None),
        (Some(services), Some(bought)) => {
            let rest = counted - services - bought;
            if rest < 0 || rest > 0 && !may_carry {
                let says = format!("its parts {} and {} do not come to its total", grouped(services), grouped(bought));
                return (vec![says], None);
            }
            (told.0, told.1, Some(rest))
        }
        // What it was carried over may be in the part that it does not tell.
        _ if may_carry => (told.0, told.1, None),
        (Some(services), None) => (told.0, Some(counted - services), None),
        (None, Some(bought)) => (Some(counted - bought), told.1, None),
    };
    let opened = year.opening.as_ref();
    let our_services = opened.map_or(Some(0), Opening::services).map(|before| before + services);
    let our_marketplace = opened.is_none_or(|opening| !opening.is_unsplit()).then(|| opened.map_or(0, Opening::bought) + bought);
    // Where its two parts are all of it, what was carried over is one with the services.
    let apart = their_carried.filter(|units| *units != 0);
    let our_services = our_services.map(|units| if apart.is_none() && their_carried.is_some() { units + year.carried } else { units });
    let each = [
        ("AWS services differ", our_services.zip(their_services)),
        ("what was carried over differs", apart.map(|theirs| (year.carried, theirs))),
        ("Marketplace differs", our_marketplace.zip(their_marketplace)),
    ];
    let differ = each.into_iter().filter_map(|(what, both)| both.filter(|(ours, theirs)| ours != theirs).map(|both| (what, both)));
    let says = |(what, (ours, theirs))| format!("{what} by {} ({}, ours {})", grouped(ours - theirs), grouped(theirs), grouped(ours));
    (differ.map(says).collect(), our_marketplace.zip(their_marketplace).map(|(ours, theirs)| ours - theirs))
}

/// So many sets of lines are looked at, and no more: among more of them some come to any sum.
const SETS: usize = 10_000;

/// Something that AWS may do otherwise than we do.
struct Candidate {
    /// The line, by its place.
    line: usize,
    /// How much more we count then.
    units: i128,
    /// What it does.
    does: String,
}

/// The sets of two and more parts, of a line each, that come to a sum, without those that hold another: none, one, or two when there are several.
/// And whether all sets there are were looked at.
fn sets(parts: &[Candidate], sum: i128) -> (Vec<Vec<usize>>, bool) {
    let (mut found, mut looked_at, mut of_size) = (Vec::new(), 0, parts.len());
    for size in 2..=parts.len() {
        // So many there are of a size: n over k, from that of the size before.
        of_size = of_size * (parts.len() + 1 - size) / size;
        looked_at += of_size;
        if looked_at > SETS {
            return (found, false);
        }
        choose(parts, (0, size), sum, &mut Vec::new(), &mut found);
    }
    (found, true)
}

fn choose(parts: &[Candidate], (from, size): (usize, usize), sum: i128, chosen: &mut Vec<usize>, found: &mut Vec<Vec<usize>>) {
    if size == 0 {
        let holds = |set: &Vec<usize>| set.iter().all(|at| chosen.contains(at));
        if sum == 0 && !found.iter().any(holds) {
            found.push(chosen.clone());
        }
        return;
    }
    for at in from..=parts.len().saturating_sub(size) {
        if found.len() > 1 {
            return;
        }
        // AWS counts a line or does not: not both.
        if chosen.iter().all(|known| parts[*known].line != parts[at].line) {
            chosen.push(at);
            choose(parts, (at + 1, size - 1), sum - parts[at].units, chosen, found);
            chosen.pop();
        }
    }
}

/// What AWS may hold otherwise than we do, line by line.
fn candidates(year: &Reckoned<Purchased>, statement: &CommitmentStatement) -> Vec<Candidate> {
    let end = statement.until.micros();
    let mut found = Vec::new();
    for (line, judged) in year.lines.iter().enumerate() {
        let mut may = |units: i128, does: String| found.push(Candidate { line, units, does });
        let at = judged.line.counts_at.micros();
        let name = called(judged);
        match judged.counted {
            0 => (),
            counted if at < end - CUT_OFF => may(counted, format!("does not count {name}")),
            counted if at < end => may(counted, format!("does not count {name} or dates it later")),
            counted if at < end + CUT_OFF => may(-counted, format!("dates {name} earlier")),
            _ => (),
        }
        if judged.not_counted() != 0 && at < end {
            may(-judged.not_counted(), format!("counts {name} ({})", judged.why));
        }
    }
    found
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
