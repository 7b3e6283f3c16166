//! The rules of a commitment: which purchases retire it, in which order they fill the cap, and what a contract year comes to.
//!
//! ```text
//! Line   -judge, by the rule in force on the day of the test->  Judged: so much of it is eligible, and why
//! [Judged] in the order of invoice dates, then natural keys  -fill->  counted, over the cap
//! year: services + counted + carried over  against  committed
//! ```
//!
//! Nothing here is AWS's: contracts are bespoke, and every rule is a parameter of the contract or of a policy.

use crate::event::commitment::{CommitmentTerms, ContractYear, Eligibility};
use crate::money::{Amount, CENT, Currency, round_half_up};
use crate::time::{Instant, Period};

/// The designation that AWS gives to products which run wholly on AWS.
pub const DEPLOYED_ON_AWS: &str = "deployed-on-aws";

/// So many per cent of an amount in hundred-millionths, rounded half up to cents.
pub fn percent_of(units: i128, percent: Amount) -> i128 {
    // One per cent is a hundredth; a percentage has eight decimals as well, and is a part of a whole.
    round_half_up(units * percent.units().clamp(0, 10_000_000_000), 10_000_000_000 * CENT) / 10_000_000_000
}

/// A line of a buyer's invoice, or what was given back of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// Who pays, where it is sold, invoice and line: what orders lines of one day.
    pub key: String,
    /// When it was invoiced; of a refund, when what it refunds was.
    pub invoiced: Instant,
    /// When it counts: on the day of the invoice, or of the credit memo.
    pub counts_at: Instant,
    /// When the agreement was accepted.
    pub accepted: Option<Instant>,
    /// The kind of product.
    pub kind: Option<String>,
    /// The price without tax, rounded to cents; below zero what was given back.
    pub price: i128,
    /// Its currency.
    pub currency: Currency,
}

/// A rule as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// What it says.
    pub says: Eligibility,
    /// Where: the contract, or the policy.
    pub name: String,
    /// Position of the event that says so.
    pub seq: u64,
}

impl Rule {
    /// Its name and version: `PPA-1 saas since 2025-05-01`.
    pub fn version(&self) -> String {
        format!("{} {} since {}", self.name, self.says.product_type, self.says.from.day())
    }
}

/// Of the rules of one place the one for a kind of product on a day: the latest that names the kind, else the latest for `any`.
pub fn in_force<'r>(rules: impl Iterator<Item = &'r Eligibility> + Clone, kind: Option<&str>, day: Instant) -> Option<&'r Eligibility> {
    let latest = |named: &str| rules.clone().filter(|rule| rule.product_type == named && rule.from <= day).max_by_key(|rule| rule.from);
    kind.and_then(latest).or_else(|| latest("any"))
}

/// Why a line counts as it does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// All of it counts.
    Counts,
    /// So many per cent of it count.
    Part(Amount),
    /// Its kind of product does not count.
    Kind(Option<String>),
    /// No rule says whether its kind of product counts; none is known when there is no kind.
    NoRule(Option<String>),
    /// Its product was not designated on the day of the test.
    NotDeployed(Instant),
    /// It was invoiced in another currency than the commitment's.
    Currency(Currency),
    /// The bill of the month is not final: no invoice stands behind it.
    NotFinal(Instant),
}

impl Why {
    /// In words, whichever day it was.
    pub fn words(&self) -> String {
        match self {
            Self::Counts => "counts".to_owned(),
            Self::Part(percent) => format!("{percent} % of it count"),
            Self::Kind(Some(kind)) => format!("{kind} does not count"),
            Self::Kind(None) => "its kind of product does not count".to_owned(),
            Self::NoRule(Some(kind)) => format!("no rule for {kind} on that day"),
            Self::NoRule(None) => "the kind of product is not known, and no rule is for any".to_owned(),
            Self::NotDeployed(_) => format!("not designated {DEPLOYED_ON_AWS} on the day of the test"),
            Self::Currency(currency) => format!("invoiced in {currency}"),
            Self::NotFinal(_) => "the bill is not final".to_owned(),
        }
    }
}

impl std::fmt::Display for Why {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotDeployed(day) => write!(out, "not designated {DEPLOYED_ON_AWS} on {}", day.day()),
            Self::NotFinal(month) => write!(out, "the bill of {} is not final", month.day().format("%Y-%m")),
            other => out.write_str(&other.words()),
        }
    }
}

/// A line, judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged<T> {
    /// The line.
    pub line: Line,
    /// What else is known of it.
    pub of: T,
    /// What of its price may retire the commitment.
    pub eligible: i128,
    /// What of that does, below the cap.
    pub counted: i128,
    /// Why it is as it is.
    pub why: Why,
    /// The rule that says so, when there is one.
    pub rule: Option<Rule>,
}

impl<T> Judged<T> {
    /// What is eligible and lies over the cap.
    pub fn over(&self) -> i128 {
        self.eligible - self.counted
    }

    /// What is not eligible.
    pub fn not_counted(&self) -> i128 {
        self.line.price - self.eligible
    }
}

/// Judges a line. `rule` finds the rule for a kind of product on a day, `deployed` says whether the product was designated then.
pub fn judge<T>(
    line: Line,
    of: T,
    terms: &CommitmentTerms,
    rule: impl Fn(Option<&str>, Instant) -> Option<Rule>,
    deployed: impl Fn(Instant) -> bool,
) -> Judged<T> {
    let not = |line: Line, of: T, why: Why, rule: Option<Rule>| Judged { line, of, eligible: 0, counted: 0, why, rule };
    if line.currency != terms.currency {
        let why = Why::Currency(line.currency);
        return not(line, of, why, None);
    }
    // The rule that holds on the invoice's day says which day it tests by; of the acceptance's day it may be another rule.
    let Some(mut found) = rule(line.kind.as_deref(), line.invoiced) else {
        let why = Why::NoRule(line.kind.clone());
        return not(line, of, why, None);
    };
    let mut day = line.invoiced;
    if found.says.test == "acceptance" {
        day = line.accepted.unwrap_or(line.invoiced);
        found = rule(line.kind.as_deref(), day).unwrap_or(found);
    }
    if found.says.counts.is_zero() {
        let why = Why::Kind(line.kind.clone());
        return not(line, of, why, Some(found));
    }
    if found.says.deployed_on_aws && !deployed(day) {
        return not(line, of, Why::NotDeployed(day), Some(found));
    }
    let eligible = percent_of(line.price, found.says.counts);
    let why = if eligible == line.price { Why::Counts } else { Why::Part(found.says.counts) };
    Judged { line, of, eligible, counted: 0, why, rule: Some(found) }
}

/// Fills the cap with lines, in the order of their days and keys. Together they retire what is eligible of all of them, or the cap; a refund
/// makes room again for what lay over it.
pub fn fill<T>(lines: &mut [Judged<T>], cap: Option<i128>) {
    lines.sort_by(|one, other| (one.line.counts_at, &one.line.key).cmp(&(other.line.counts_at, &other.line.key)));
    let (mut eligible, mut counted) = (0, 0);
    for judged in lines {
        eligible += judged.eligible;
        let below = cap.map_or(eligible, |cap| eligible.min(cap));
        judged.counted = below - counted;
        counted = below;
    }
}

/// What had been counted of a contract year when the ledger began: one figure of the old books, in the place of what lies before it.
///
/// Bills that replace it replace what was counted within the year. What was carried over into it comes from the year before, and stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// The first moment that the ledger itself accounts for.
    pub cut_over: Instant,
    /// What had been counted since the year began, without what is told to be carried over.
    pub counted: i128,
    /// What was carried over into the year; nothing when that is not told, and may be in what was counted.
    pub carried: Option<i128>,
    /// What of what was counted Marketplace purchases had retired, when it is told.
    pub marketplace: Option<i128>,
    /// What purchases had used of a cap on the term in the years before.
    pub before: i128,
    /// Whether every bill that it stands for is here: they count in its place.
    pub replaced: bool,
    /// Position of the event that says so.
    pub seq: u64,
}

impl Opening {
    /// What of it filled the cap, as far as that is told.
    pub fn bought(&self) -> i128 {
        self.marketplace.unwrap_or(0)
    }

    /// Whether it is not told what of it filled the cap.
    pub fn is_unsplit(&self) -> bool {
        self.marketplace.is_none() && self.counted != 0
    }

    /// What of it were AWS's own services; nothing when one of its other parts is not told.
    pub fn services(&self) -> Option<i128> {
        (!self.is_unsplit()).then(|| self.carried.map(|_| self.counted - self.bought())).flatten()
    }

    /// What of the cap nobody may use again: what it used, or all that it may have used when that is not told.
    fn uses(&self) -> i128 {
        self.marketplace.unwrap_or(self.counted)
    }
}

/// What a contract year comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reckoned<T> {
    /// Which it is, from 1.
    pub number: u64,
    /// The year.
    pub year: ContractYear,
    /// How much of it purchases may retire.
    pub cap: Option<i128>,
    /// What was carried over from the year before.
    pub carried: i128,
    /// What had been counted before the ledger began, of the year in which it did.
    pub opening: Option<Opening>,
    /// AWS's own services.
    pub services: i128,
    /// The lines, each judged.
    pub lines: Vec<Judged<T>>,
    /// Lines in other currencies: they count nothing, and are in no sum.
    pub foreign: Vec<Judged<T>>,
}

impl<T> Reckoned<T> {
    /// What it was bought for, eligible or not.
    pub fn gross(&self) -> i128 {
        self.lines.iter().map(|judged| judged.line.price).sum()
    }

    /// What of it is eligible.
    pub fn eligible(&self) -> i128 {
        self.lines.iter().map(|judged| judged.eligible).sum()
    }

    /// What of that retires the commitment.
    pub fn marketplace(&self) -> i128 {
        self.lines.iter().map(|judged| judged.counted).sum()
    }

    /// What had been counted before the ledger began.
    pub fn brought_forward(&self) -> i128 {
        self.opening.as_ref().map_or(0, |opening| opening.counted)
    }

    /// What of the cap is left for the lines: all of it, but for what purchases had used, or may have used, before the ledger began.
    pub fn room(&self) -> Option<i128> {
        let used = self.opening.as_ref().map_or(0, Opening::uses);
        self.cap.map(|cap| (cap - used).max(0))
    }

    /// All that retires it.
    pub fn counted(&self) -> i128 {
        self.brought_forward() + self.services + self.carried + self.marketplace()
    }

    /// What lacks, when nothing more comes.
    pub fn lacking(&self) -> i128 {
        (self.year.amount.units() - self.counted()).max(0)
    }
}

/// The period of a contract year.
pub fn period(year: &ContractYear) -> Period {
    Period { from: year.from, until: year.until }
}

/// Reckons the contract years, one after the other: a cap on the term and what is carried over go from each into the next. `services` gives
/// what AWS's own services come to in a period; a line that counts in no year is left out. Years that had ended when the ledger began are not
/// reckoned; in the one in which it began, what the opening says stands in the place of what lies before.
pub fn reckon<T>(
    terms: &CommitmentTerms,
    opening: Option<&Opening>,
    mut lines: Vec<Judged<T>>,
    services: impl Fn(Period) -> i128,
) -> Vec<Reckoned<T>> {
    let term: i128 = terms.years.iter().map(|year| year.amount.units()).sum();
    let before = opening.map_or(0, |opening| opening.before);
    let mut left = terms.cap.as_ref().filter(|cap| cap.base == "term").map(|cap| (percent_of(term, cap.percent) - before).max(0));
    let mut carried = 0;
    let mut years = Vec::new();
    for (number, year) in (1..).zip(terms.years.iter().filter(|year| year.from < year.until)) {
        let of_year = period(year);
        let (inside, outside): (Vec<_>, Vec<_>) = lines.into_iter().partition(|judged| of_year.holds(judged.line.counts_at));
        lines = outside;
        if opening.is_some_and(|opening| year.until <= opening.cut_over) {
            continue;
        }
        let opening = opening.filter(|opening| of_year.holds(opening.cut_over)).cloned();
        carried = opening.as_ref().map_or(carried, |opening| opening.carried.unwrap_or(0));
        let own = terms.cap.as_ref().filter(|cap| cap.base != "term").map(|cap| percent_of(year.amount.units(), cap.percent));
        let (inside, foreign) = inside.into_iter().partition(|judged: &Judged<T>| judged.line.currency == terms.currency);
        let services = services(of_year);
        let cap = own.or(left);
        let mut reckoned = Reckoned { number, year: year.clone(), cap, carried, opening, services, lines: inside, foreign };
        let room = reckoned.room();
        fill(&mut reckoned.lines, room);
        left = room.filter(|_| left.is_some()).map(|room| room - reckoned.marketplace());
        let beyond = (reckoned.counted() - year.amount.units()).max(0);
        carried = terms.carry_over.as_ref().map_or(0, |carry| beyond.min(percent_of(year.amount.units(), carry.limit)));
        years.push(reckoned);
    }
    years
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::event::commitment::{Cap, CarryOver, SpendMeasure};
    use crate::time::Instant;

    fn moment(text: &str) -> Instant {
        format!("{text}T00:00:00Z").parse().unwrap()
    }

    fn million(millions: i64) -> Amount {
        Amount::from_units(i128::from(millions) * 100_000_000_000_000)
    }

    fn terms(cap: Option<&str>, carry: Option<&str>) -> CommitmentTerms {
        let year = |year: i32| ContractYear {
            amount: million(10),
            from: moment(&format!("{year}-01-01")),
            until: moment(&format!("{}-01-01", year + 1)),
        };
        CommitmentTerms {
            buyer: None,
            cap: cap.map(|base| Cap { base: base.to_owned(), percent: "25".parse().unwrap() }),
            carry_over: carry.map(|limit| CarryOver { limit: limit.parse().unwrap() }),
            commitment: "PPA-1".parse().unwrap(),
            currency: "USD".parse().unwrap(),
            discount: None,
            eligibility: Vec::new(),
            measure: SpendMeasure { columns: vec!["unblended".to_owned()], excluded: Vec::new(), support: false },
            milestones: Vec::new(),
            payers: Vec::new(),
            refunds: "memo".to_owned(),
            windows: Vec::new(),
            years: vec![year(2025), year(2026)],
        }
    }

    fn rule(deployed: bool, from: &str) -> Eligibility {
        let (product_type, test) = ("saas".to_owned(), "invoice".to_owned());
        Eligibility { counts: "100".parse().unwrap(), deployed_on_aws: deployed, from: moment(from), product_type, test }
    }

    fn line(key: &str, day: &str, price: i128) -> Line {
        Line {
            key: key.to_owned(),
            invoiced: moment(day),
            counts_at: moment(day),
            accepted: Some(moment("2025-01-15")),
            kind: Some("saas".to_owned()),
            price,
            currency: "USD".parse().unwrap(),
        }
    }

    fn judged(line: Line, rules: &[Eligibility], deployed: bool) -> Judged<()> {
        let found = |kind: Option<&str>, day: Instant| {
            in_force(rules.iter(), kind, day).map(|says| Rule { says: says.clone(), name: "PPA-1".to_owned(), seq: 1 })
        };
        judge(line, (), &terms(None, None), found, |_| deployed)
    }

    #[test]
    fn what_lies_over_the_cap_is_lost() {
        // 10 M a year, cap 25 %, 4 M of eligible purchases, 7 M of AWS's own: 9.5 M counted, 0.5 M lacking, 1.5 M over the cap.
        let bought = judged(line("a", "2025-06-01", million(4).units()), &[rule(false, "2024-01-01")], true);
        let years =
            reckon(
                &terms(Some("year"), None),
                None,
                vec![bought],
                |of| if of.from == moment("2025-01-01") { million(7).units() } else { 0 },
            );
        let first = &years[0];
        assert_eq!((first.counted(), first.lacking()), (million(10).units() - million(1).units() / 2, million(1).units() / 2));
        assert_eq!(first.lines[0].over(), million(3).units() / 2);
    }

    #[test]
    fn instalments_of_an_old_contract_stop_counting_on_the_day_of_the_invoice() {
        let rules = [rule(false, "2020-01-01"), rule(true, "2025-05-01")];
        let first = judged(line("a", "2025-04-15", CENT), &rules, false);
        let second = judged(line("b", "2025-06-15", CENT), &rules, false);
        assert_eq!((first.eligible, first.not_counted()), (CENT, 0));
        assert_eq!((second.eligible, second.not_counted()), (0, CENT));
        assert_eq!(second.why.to_string(), "not designated deployed-on-aws on 2025-06-15");
    }

    #[test]
    fn a_rule_may_test_on_the_day_of_the_acceptance() {
        let by_acceptance = |from: &str, deployed| Eligibility { test: "acceptance".to_owned(), ..rule(deployed, from) };
        let rules = [by_acceptance("2020-01-01", false), by_acceptance("2025-05-01", true)];
        assert_eq!(judged(line("b", "2025-06-15", CENT), &rules, false).eligible, CENT);
    }

    #[test]
    fn a_cap_on_the_term_is_one_for_all_years() {
        // 25 % of 20 M are 5 M: 4 M in the first year leave 1 M for the second.
        let rules = [rule(false, "2020-01-01")];
        let bought = vec![
            judged(line("a", "2025-06-01", million(4).units()), &rules, true),
            judged(line("b", "2026-06-01", million(4).units()), &rules, true),
        ];
        let years = reckon(&terms(Some("term"), None), None, bought, |_| 0);
        assert_eq!((years[0].marketplace(), years[1].marketplace()), (million(4).units(), million(1).units()));
    }

    #[test]
    fn what_is_beyond_a_year_is_carried_over_up_to_its_limit() {
        let years = reckon(&terms(None, Some("5")), None, Vec::<Judged<()>>::new(), |of| {
            if of.from == moment("2025-01-01") { million(12).units() } else { million(9).units() }
        });
        // 2 M beyond, of which 5 % of 10 M go on.
        assert_eq!((years[1].carried, years[1].lacking()), (million(1).units() / 2, million(1).units() / 2));
    }

    #[test]
    fn what_was_counted_before_the_ledger_began_uses_the_cap_of_its_year_and_of_the_term() {
        // The term's cap is 25 % of 20 M. 3 M of it were used in 2025 and 0.5 M in 2026, when the ledger began with 4 M counted: 1.5 M are left.
        let opening = Opening {
            cut_over: moment("2026-04-01"),
            counted: million(4).units(),
            carried: Some(0),
            marketplace: Some(million(1).units() / 2),
            before: million(3).units(),
            replaced: false,
            seq: 1,
        };
        let bought = judged(line("b", "2026-06-01", million(4).units()), &[rule(false, "2020-01-01")], true);
        let years = reckon(&terms(Some("term"), None), Some(&opening), vec![bought], |_| 0);
        assert_eq!((years.len(), years[0].number), (1, 2));
        assert_eq!((years[0].marketplace(), years[0].counted()), (million(3).units() / 2, million(11).units() / 2));
    }

    proptest! {
        #[test]
        fn every_cent_is_counted_over_the_cap_or_not_eligible(
            prices in prop::collection::vec((-50_000_i128..200_000, 0..3_i64, 1..28_u32, 0..101_i128), 0..30),
            cap in prop::option::of(0..100_i128),
            opened in prop::option::of((0..300_000_000_i128, 0..101_i128)),
        ) {
            let mut terms = terms(cap.map(|_| "year"), None);
            if let (Some(of), Some(cap)) = (&mut terms.cap, cap) {
                of.percent = Amount::from_units(cap * 100_000);
            }
            let lines: Vec<Judged<()>> = prices.iter().enumerate().map(|(at, (cents, month, day, percent))| {
                let rules = [Eligibility { counts: Amount::from_units(percent * 100_000_000), ..rule(false, "2020-01-01") }];
                judged(line(&format!("{at:03}"), &format!("2025-{:02}-{day:02}", month + 1), cents * CENT), &rules, true)
            }).collect();
            let mut turned = lines.clone();
            turned.reverse();
            let opening = opened.map(|(counted, part)| Opening {
                cut_over: moment("2025-01-01"),
                counted: counted * CENT,
                carried: Some(0),
                marketplace: Some(counted * part / 100 * CENT),
                before: 0,
                replaced: false,
                seq: 1,
            });
            let years = reckon(&terms, opening.as_ref(), lines, |_| 0);
            let year = &years[0];
            for judged in &year.lines {
                prop_assert_eq!(judged.counted + judged.over() + judged.not_counted(), judged.line.price);
            }
            let used = opening.as_ref().map_or(0, Opening::bought);
            prop_assert_eq!(year.marketplace(), year.cap.map_or(year.eligible(), |cap| year.eligible().min((cap - used).max(0))));
            prop_assert_eq!(year.counted(), year.marketplace() + opening.as_ref().map_or(0, |opening| opening.counted));
            prop_assert_eq!(years[0].lines.clone(), reckon(&terms, opening.as_ref(), turned, |_| 0)[0].lines.clone());
        }
    }
}
