//! What does not agree, and how: each kind by what tells it from the others, the surest first.

use std::collections::{BTreeMap, BTreeSet};

use super::intake::{ACCOUNT, AGREEMENT, ATTRIBUTES, INVOICE, Of, PRODUCT, Unit};
use super::matching::{Bucket, INVOICED, Key, Match, Stage, contradiction, mask_of, unit_key};
use super::{Break, Class, Kind, When, whole};
use crate::chain::Hash;
use crate::money::Amount;
use crate::projection::billing::makes_net;
use crate::statement::{Exact, Subject};
use crate::time::Instant;

const DAY: i64 = 86_400_000_000;
/// A cent, in the smallest parts of an exact amount.
const CENT: i128 = 10_i128.pow(20);
/// One, in hundred-millionths.
const ONE: i128 = 100_000_000;
/// So many rows of a break are named.
const ROWS: usize = 20;
/// The parts that are no price: a difference there is one of fees or taxes.
const PRICES: [&str; 2] = ["gross", "gross_refund"];

/// Finds the breaks: afterwards nothing is left.
pub(super) fn find(match_: &mut Match<'_>) {
    said_twice(match_);
    ambiguous(match_);
    // What was in doubt beside others may be plain without them.
    match_.by_amounts();
    attribution(match_);
    elsewhere(match_);
    currency(match_);
    amounts(match_, Stage::Invoiced);
    copies(match_);
    amounts(match_, Stage::Untold);
    planned_otherwise(match_);
    rest_of_statements(match_);
    rest_of_ledger(match_);
    number(match_);
}

/// What one file says twice.
fn said_twice(match_: &mut Match<'_>) {
    let twice: Vec<u32> =
        (0..match_.laid.units.len()).filter(|at| match_.laid.units[*at].duplicate).filter_map(|at| u32::try_from(at).ok()).collect();
    let alike = |one: &u32, other: &u32| unit_key(match_.unit(*one)) == unit_key(match_.unit(*other));
    let groups: Vec<Vec<u32>> = twice.chunk_by(alike).map(<[u32]>::to_vec).collect();
    for units in groups {
        match_.break_of(Kind::Duplicate, units, Vec::new(), "the same file has this line already".to_owned());
    }
}

/// Lines that may be one or the other.
fn ambiguous(match_: &mut Match<'_>) {
    for stage in Stage::ALL {
        for mask in stage.masks() {
            for bucket in match_.of_stage(*stage, *mask, true) {
                let pairs = match_.pairs(&bucket);
                if !match_.is_ambiguous(&bucket, pairs.len()) {
                    continue;
                }
                let units: Vec<u32> =
                    bucket.0.iter().copied().filter(|unit| bucket.1.iter().any(|held| match_.fits(*unit, *held))).collect();
                let held: Vec<u32> =
                    bucket.1.iter().copied().filter(|held| bucket.0.iter().any(|unit| match_.fits(*unit, *held))).collect();
                let cause = format!("{} of the bill may be {} of the ledger", lines(units.len()), lines(held.len()));
                match_.break_of(Kind::Ambiguous, units, held, cause);
            }
        }
    }
}

fn lines(count: usize) -> String {
    if count == 1 { "1 line".to_owned() } else { format!("{count} lines") }
}

/// The same invoice and amount, and another account, product, seller or payer.
fn attribution(match_: &mut Match<'_>) {
    let key = |key: Key| Key { scope: None, attributes: mask_of(key.attributes, 1 << INVOICE), ..key };
    let has_invoice = |attributes: &[u32; ATTRIBUTES]| attributes[INVOICE] != 0;
    let free = free(match_);
    // A line of another period of the same payer is late, and not somebody else's.
    let buckets = match_.buckets(
        key,
        |unit| has_invoice(&unit.attributes),
        |at, of| has_invoice(&of.attributes) && (match_.held_left[at] || free[at]),
    );
    for (units, mut held) in buckets {
        for unit in units {
            let (told, place) = (match_.unit(unit), |held: &u32| match_.of_held(*held));
            let fits = |held: &u32| {
                let of = place(held);
                let same_payer = of.held.scope == told.scope;
                if same_payer { of.inside && contradiction(told, of).is_some_and(|at| at != INVOICE) } else { true }
            };
            let Some(at) = held.iter().position(fits) else { continue };
            let of = place(&held[at]);
            let cause = match contradiction(told, of) {
                _ if of.held.scope != told.scope => format!("the ledger has it for payer {}", of.held.scope),
                Some(attribute) => {
                    let what = ["invoice", "product", "account", "agreement", "seller"][attribute];
                    format!("the ledger has it for {what} {}", match_.laid.text(of.attributes[attribute]).unwrap_or_default())
                }
                None => continue,
            };
            let found = held.remove(at);
            match_.break_of(Kind::Attribution, vec![unit], vec![found], cause);
        }
    }
}

/// By position, whether a line of the ledger is in no outcome, and not one of this period that is matched.
fn free(match_: &Match<'_>) -> Vec<bool> {
    let mut free: Vec<bool> = match_.laid.held.iter().map(|of| !of.own && (!of.inside || of.held.when != When::Inside)).collect();
    for at in match_.outcomes.iter().flat_map(|outcome| &outcome.held) {
        free[*at as usize] = false;
    }
    free
}

/// What the ledger has in another period: late, or billed before.
fn elsewhere(match_: &mut Match<'_>) {
    for by_amount in [true, false] {
        for mask in INVOICED {
            let free = free(match_);
            let key = |key: Key| Key { attributes: mask_of(key.attributes, *mask), amount: key.amount.filter(|_| by_amount), ..key };
            let has_invoice = |attributes: &[u32; ATTRIBUTES]| attributes[INVOICE] != 0;
            let late = |of: &Of| of.held.when != When::Inside;
            let buckets =
                match_.buckets(key, |unit| has_invoice(&unit.attributes), |at, of| free[at] && late(of) && has_invoice(&of.attributes));
            for bucket in buckets {
                let found: Vec<Bucket> = match by_amount {
                    true => match_.pairs(&bucket).into_iter().map(|(unit, held)| (vec![unit], vec![held])).collect(),
                    false => {
                        let same = match_.sum_of_units(&bucket.0) == match_.sum_of_held(&bucket.1);
                        if match_.may_sum(&bucket, *mask) && same { vec![bucket] } else { Vec::new() }
                    }
                };
                for (units, held) in found {
                    let of = match_.of_held(held[0]);
                    let month = of.held.date.map(|date| date.day().format("%Y-%m").to_string()).unwrap_or_default();
                    let (kind, cause) = match of.held.when {
                        When::Settled => (Kind::Duplicate, format!("it was billed and matched in {month}")),
                        _ => (Kind::Timing, format!("the ledger has it in {month}")),
                    };
                    match_.break_of(kind, units, held, cause);
                }
            }
        }
    }
}

/// The same invoice in another currency.
fn currency(match_: &mut Match<'_>) {
    for mask in INVOICED {
        let free = free(match_);
        let key = |key: Key| Key { currency: None, attributes: mask_of(key.attributes, *mask), amount: None, ..key };
        let has_invoice = |attributes: &[u32; ATTRIBUTES]| attributes[INVOICE] != 0;
        let wanted = |at: usize, of: &Of| has_invoice(&of.attributes) && (match_.held_left[at] || free[at] && of.held.when == When::Inside);
        for bucket in match_.buckets(key, |unit| has_invoice(&unit.attributes), wanted) {
            let billed: BTreeSet<_> = bucket.0.iter().map(|at| match_.unit(*at).currency).collect();
            let known: BTreeSet<_> = bucket.1.iter().map(|at| match_.of_held(*at).held.currency).collect();
            if billed.len() == 1 && known.len() == 1 && billed != known && match_.may_sum(&bucket, *mask) {
                let sum = Exact::of_parts(match_.sum_of_held(&bucket.1));
                let (is, was) = (match_.sum_of_units(&bucket.0) / CENT, sum.parts() / CENT);
                let (to, from) = (match_.unit(bucket.0[0]).currency, match_.of_held(bucket.1[0]).held.currency);
                let rate = quotient(is, was).map(|rate| format!(", which is {rate} {to} for {from}")).unwrap_or_default();
                let cause = format!("the ledger has {} {from}{rate}", sum.in_cents());
                match_.break_of(Kind::Currency, bucket.0, bucket.1, cause);
            }
        }
    }
}

/// The same line with another amount.
fn amounts(match_: &mut Match<'_>, stage: Stage) {
    for mask in stage.masks() {
        for bucket in match_.of_stage(stage, *mask, false) {
            if !match_.may_sum(&bucket, *mask) {
                continue;
            }
            let (kind, cause) = amount(match_, &bucket);
            match_.break_of(kind, bucket.0, bucket.1, cause);
        }
    }
}

/// An instalment that was billed with another amount than it was planned with. Of several invoices it is the one nearest to it, and none that is
/// apart by half of it.
fn planned_otherwise(match_: &mut Match<'_>) {
    for mask in Stage::Planned.masks() {
        for (units, held) in match_.of_stage(Stage::Planned, *mask, false) {
            let invoice = |at: &u32| match_.unit(*at).attributes[INVOICE];
            let mut by_invoice: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
            units.iter().for_each(|at| by_invoice.entry(invoice(at)).or_default().push(*at));
            let mut near: Vec<(i128, u32, u32)> = Vec::new();
            for (invoice, units) in &by_invoice {
                for at in &held {
                    let planned = match_.of_held(*at).amount;
                    let apart = (match_.sum_of_units(units) - planned).abs();
                    if apart.saturating_mul(2) < planned.abs() && match_.may_sum(&(units.clone(), vec![*at]), *mask) {
                        near.push((apart, *invoice, *at));
                    }
                }
            }
            near.sort_unstable();
            for (_, invoice, at) in near {
                if match_.held_left[at as usize]
                    && let Some(units) = by_invoice.remove(&invoice)
                {
                    let bucket = (units, vec![at]);
                    let (kind, cause) = amount(match_, &bucket);
                    match_.break_of(kind, bucket.0, bucket.1, cause);
                }
            }
        }
    }
}

/// Whether it is the price that differs, or the fee, a tax, a credit.
fn amount(match_: &Match<'_>, (units, held): &Bucket) -> (Kind, String) {
    let apart = match_.sum_of_units(units) - match_.sum_of_held(held);
    let subject = match_.unit(units[0]).subject;
    let more = if apart > 0 { "billed more than the ledger has" } else { "billed less than the ledger has" };
    if subject == Subject::Credit {
        return (Kind::Eligibility, "the bill takes off another sum of credits".to_owned());
    }
    if subject == Subject::Invoice {
        return whole::amount(match_, &(units.clone(), held.clone()));
    }
    if subject == Subject::Commitment {
        let explained = held.iter().find_map(|at| match_.of_held(*at).held.explained.clone());
        return (Kind::Eligibility, explained.unwrap_or_else(|| "AWS counts another total".to_owned()));
    }
    if subject == Subject::Tax {
        return (Kind::Fee, "the tax is another".to_owned());
    }
    let tax: Option<i128> =
        held.iter().map(|at| match_.of_held(*at).held.tax.and_then(Exact::of).map(Exact::parts)).try_fold(0, |sum, tax| Some(sum + tax?));
    if tax.is_some_and(|tax| tax != 0 && tax == apart) {
        return (Kind::Fee, "the difference is the tax on it".to_owned());
    }
    let mut told: BTreeMap<&str, i128> = BTreeMap::new();
    // What was collected and paid out of a line is no part of what it comes to.
    for (name, part) in units.iter().flat_map(|at| &match_.unit(*at).parts).filter(|(name, _)| makes_net(name)) {
        *told.entry(*name).or_default() += part.parts();
    }
    if let Some(cause) = rate(match_, units, held, &told) {
        return (Kind::Currency, cause);
    }
    let is_told = !told.is_empty() && held.iter().all(|at| !match_.of_held(*at).held.parts.is_empty());
    let mut parts = told;
    for (name, part) in held.iter().flat_map(|at| &match_.of_held(*at).held.parts) {
        *parts.entry(*name).or_default() -= Exact::of(*part).map_or(0, Exact::parts);
    }
    let differing: Vec<&str> = parts.iter().filter(|(_, apart)| **apart != 0).map(|(name, _)| *name).collect();
    if is_told && !differing.is_empty() && differing.iter().all(|name| !PRICES.contains(name)) {
        return (Kind::Fee, format!("{} differs", differing.join(", ").replace('_', " ")));
    }
    (Kind::Amount, more.to_owned())
}

/// What was paid out in another currency than it was priced in, and differs in all its parts by one factor: the rate is another.
fn rate(match_: &Match<'_>, units: &[u32], held: &[u32], billed: &BTreeMap<&str, i128>) -> Option<String> {
    let cents = |parts: i128| crate::money::round_half_up(parts, CENT) / CENT;
    let priced: Vec<_> = held.iter().map(|at| match_.of_held(*at).held.priced).collect::<Option<_>>()?;
    let (_, from) = *priced.first()?;
    let price = cents(priced.iter().map(|(price, _)| price.parts()).sum());
    let (is, was) = (cents(match_.sum_of_units(units)), cents(match_.sum_of_held(held)));
    let mut known: BTreeMap<&str, i128> = BTreeMap::new();
    for (name, part) in held.iter().flat_map(|at| &match_.of_held(*at).held.parts) {
        *known.entry(*name).or_default() += Exact::of(*part).map_or(0, |part| cents(part.parts()));
    }
    // Each part is rounded to cents on both sides, so that the factor is met as nearly as that lets it.
    let by_one_factor = |name: &str| {
        let (ours, theirs) = (billed.get(name).copied().map_or(0, cents), known.get(name).copied().unwrap_or_default());
        let apart = ours.checked_mul(was)?.checked_sub(theirs.checked_mul(is)?)?;
        Some(apart.abs() <= is.abs() + was.abs())
    };
    // Of one part alone any other amount would be a factor.
    let is_part = |name: &&&str| billed[**name] != 0 && known.get(**name).is_some_and(|part| *part != 0);
    let is_factor = billed.keys().filter(is_part).count() > 1;
    let mut names = billed.keys().chain(known.keys());
    if !is_factor || price == 0 || was == 0 || !names.all(|name| by_one_factor(name) == Some(true)) {
        return None;
    }
    let to = match_.unit(units[0]).currency;
    Some(format!("paid at {} {to} for {from}; the ledger's rate is {}", quotient(is, price)?, quotient(was, price)?))
}

/// A rate, with four decimals.
fn quotient(of: i128, by: i128) -> Option<String> {
    let units = of.checked_mul(ONE).filter(|_| by != 0)? / by;
    Some(Exact::of(Amount::from_units(units).half_up(4))?.written())
}

/// Rows that say again what another row has been matched by.
fn copies(match_: &mut Match<'_>) {
    let is_copy = |at: &u32| match_.unit(*at).amount != 0 && match_.exact.contains(&unit_key(match_.unit(*at)));
    let copies: Vec<u32> = match_.left_units().filter(is_copy).collect();
    let alike = |one: &u32, other: &u32| unit_key(match_.unit(*one)) == unit_key(match_.unit(*other));
    let groups: Vec<Vec<u32>> = copies.chunk_by(alike).map(<[u32]>::to_vec).collect();
    for units in groups {
        match_.break_of(Kind::Duplicate, units, Vec::new(), "another line says the same and matches".to_owned());
    }
}

/// What is billed, and the ledger has nothing of.
fn rest_of_statements(match_: &mut Match<'_>) {
    let whose = |unit: &Unit| (unit.side, unit.subject, unit.scope, unit.currency, unit.attributes, unit.discount);
    let taxed: BTreeSet<u32> =
        match_.laid.held.iter().filter(|of| of.held.subject == Subject::Tax && of.inside).map(|of| of.attributes[INVOICE]).collect();
    let summed: BTreeSet<_> =
        match_.laid.held.iter().filter(|of| of.inside).map(|of| (of.held.subject, of.held.scope, of.held.currency)).collect();
    // What the ledger has nothing of is held against nothing.
    let aside = |unit: &Unit| match unit.subject {
        Subject::Tax => (!taxed.contains(&unit.attributes[INVOICE])).then_some(Class::TaxAside),
        Subject::Services | Subject::Credit => (!summed.contains(&(unit.subject, unit.scope, unit.currency))).then_some(Class::Summed),
        _ => None,
    };
    let left: Vec<(Class, u32)> = match_.left_units().filter_map(|at| Some((aside(match_.unit(at))?, at))).collect();
    let alike = left.chunk_by(|(one, a), (other, b)| one == other && whose(match_.unit(*a)) == whose(match_.unit(*b)));
    let alike: Vec<(Class, Vec<u32>)> = alike.map(|same| (same[0].0, same.iter().map(|(_, at)| *at).collect())).collect();
    alike.into_iter().for_each(|(class, units)| match_.settle_as(class, units, Vec::new()));
    // A row that bills nothing lacks nothing.
    let nothing: Vec<u32> = match_.left_units().filter(|at| match_.unit(*at).gross == 0).collect();
    nothing.into_iter().for_each(|at| match_.settle_as(Class::Exact, vec![at], Vec::new()));
    let left: Vec<u32> = match_.left_units().collect();
    let groups: Vec<Vec<u32>> =
        left.chunk_by(|one, other| whose(match_.unit(*one)) == whose(match_.unit(*other))).map(<[u32]>::to_vec).collect();
    for units in groups {
        let unit = match_.unit(units[0]);
        let comes_to: i128 = units.iter().map(|at| match_.unit(*at).amount).sum();
        match unit.subject {
            // Nor do rows that take each other back.
            _ if comes_to == 0 => match_.settle_as(Class::Grouped, units, Vec::new()),
            Subject::Tax => match_.break_of(Kind::Fee, units, Vec::new(), "the tax is another".to_owned()),
            Subject::Credit => match_.break_of(Kind::Eligibility, units, Vec::new(), "the ledger has no such credit".to_owned()),
            _ if unit.discount => {
                match_.break_of(Kind::Eligibility, units, Vec::new(), "a discount is taken off a purchase; the ledger has none".to_owned());
            }
            _ => {
                let rows: u64 = units.iter().map(|at| match_.unit(*at).count).sum();
                let mut cause = if rows == 1 { "1 row".to_owned() } else { format!("{rows} rows") };
                for (what, attribute) in [("account", ACCOUNT), ("product", PRODUCT)] {
                    if let Some(text) = match_.laid.text(unit.attributes[attribute]) {
                        cause += &format!(", {what} {text}");
                    }
                }
                match_.break_of(Kind::NotInBook, units, Vec::new(), cause);
            }
        }
    }
}

/// What the ledger has, and nobody billed.
fn rest_of_ledger(match_: &mut Match<'_>) {
    let late = match_.period.until.micros() - i64::from(match_.tolerances.days) * DAY;
    let left: Vec<u32> = match_.left_held().collect();
    for at in left {
        let of = match_.of_held(at);
        if of.amount == 0 {
            match_.settle_as(Class::Exact, Vec::new(), vec![at]);
            continue;
        }
        let day = of.held.date.map(|date| date.day().to_string()).unwrap_or_default();
        let under_way = (of.held.planned || of.held.subject == Subject::Deposit) && of.held.date.is_some_and(|date| date.micros() >= late);
        let (kind, cause) = match of.held.subject {
            _ if of.held.billed_in.is_some() => {
                let month = of.held.billed_in.map(|month| month.day().format("%Y-%m").to_string()).unwrap_or_default();
                (Kind::Timing, format!("it was billed in {month}"))
            }
            _ if under_way => (Kind::Timing, format!("under way since {day}")),
            Subject::Credit => (Kind::Eligibility, "the bill does not take it off".to_owned()),
            Subject::Deposit => (Kind::NotBilled, format!("sent {day}, not arrived")),
            _ if of.held.planned => (Kind::NotBilled, format!("instalment of {day} not invoiced: ask AWS")),
            _ => (Kind::NotBilled, format!("invoiced {day}")),
        };
        match_.break_of(kind, Vec::new(), vec![at], cause);
    }
}

/// What is told of a break.
pub(super) fn told(match_: &Match<'_>, kind: Kind, units: &[u32], held: &[u32], cause: String) -> Break {
    let unit = units.first().map(|at| match_.unit(*at));
    let of = held.first().map(|at| match_.of_held(*at));
    let (side, subject, scope, currency) = match (unit, of) {
        (Some(unit), _) => (unit.side, unit.subject, unit.scope, unit.currency),
        (None, Some(of)) => (of.held.side, of.held.subject, of.held.scope, of.held.currency),
        (None, None) => unreachable!("a break is of something"),
    };
    let inside = |of: &&Of| of.inside;
    let known = || held.iter().map(|at| match_.of_held(*at)).filter(inside);
    let here: i128 = known().filter(|of| of.held.currency == currency).map(|of| of.amount).sum();
    let other = known().find(|of| of.held.currency != currency).map(|of| of.held.currency);
    let there = |other| known().filter(|of| of.held.currency == other).map(|of| of.amount).sum();
    let told = |attribute: usize| {
        let of_unit = unit.map_or(0, |unit| unit.attributes[attribute]);
        let number = if of_unit == 0 { of.map_or(0, |of| of.attributes[attribute]) } else { of_unit };
        match_.laid.text(number).map(str::to_owned)
    };
    let dates = units.iter().filter_map(|at| match_.unit(*at).date).chain(held.iter().filter_map(|at| match_.of_held(*at).held.date));
    let mut rows: Vec<(usize, u64)> = units.iter().flat_map(|at| match_.unit(*at).rows.iter().copied()).collect();
    rows.sort_unstable();
    rows.truncate(ROWS);
    let mut events: Vec<u64> = held.iter().flat_map(|at| match_.of_held(*at).held.events.iter().copied()).collect();
    events.sort_unstable();
    events.dedup();
    Break {
        id: String::new(),
        kind,
        side,
        subject,
        scope,
        currency,
        billed: Exact::of_parts(match_.sum_of_units(units)),
        ledger: Exact::of_parts(here),
        other: other.map(|other| (other, Exact::of_parts(there(other)))),
        // A bill does not tell the day of every line: then it is open since its month was over.
        since: Some(dates.min().unwrap_or(Instant::from_micros(match_.period.until.micros() - 1))),
        invoice: told(INVOICE),
        product: told(PRODUCT),
        account: told(ACCOUNT),
        agreement: told(AGREEMENT),
        rows,
        row_count: units.iter().map(|at| match_.unit(*at).count).sum(),
        events,
        cause,
    }
}

/// Puts the breaks in order and gives each its id: by what it is about, and not by what is wrong with it, so that it stays the same from run to
/// run while it is open.
fn number(match_: &mut Match<'_>) {
    let month = match_.period.from.day().format("%Y-%m").to_string();
    let key = |found: &Break| {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        // An invoice's line is known by itself; what has none is told apart by its agreement and its day.
        let apart = match found.invoice {
            Some(_) => String::new(),
            None => format!("{} {}", text(&found.agreement), found.since.map(|since| since.day().to_string()).unwrap_or_default()),
        };
        [
            month.clone(),
            found.side.as_str().to_owned(),
            found.subject.as_str().to_owned(),
            found.scope.to_string(),
            found.currency.to_string(),
            text(&found.invoice),
            text(&found.product),
            text(&found.account),
            apart,
        ]
        .join("\n")
    };
    let order = |one: &Break, other: &Break| {
        let whose = |found: &Break| (found.side, found.subject, found.scope, found.currency, found.kind);
        let what = |found: &Break| (key(found), found.billed.parts(), found.ledger.parts());
        whose(one).cmp(&whose(other)).then_with(|| what(one).cmp(&what(other)).then_with(|| one.rows.cmp(&other.rows)))
    };
    match_.breaks.sort_by(order);
    let mut met: BTreeMap<String, u32> = BTreeMap::new();
    for found in &mut match_.breaks {
        let key = key(found);
        let times = met.entry(key.clone()).or_default();
        *times += 1;
        found.id = format!("B-{}", &Hash::of(format!("{key}\n{times}").as_bytes()).to_string()[..8]);
    }
}
