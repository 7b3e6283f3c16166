//! Bills of AWS: read whole, summed by payer, month and line type. The files of one kind are judged together, because AWS delivers a month in
//! parts, and because what a bill no longer says is taken back.

use std::collections::BTreeMap;

use ledger_core::book::Book;
use ledger_core::feed::{Fact, Fingerprint};
use ledger_core::hash::Map;
use ledger_core::id::AccountId;
use ledger_core::problem::{Code, Located, Problem};
use ledger_core::statement::{self, Form, Layout, Sums, Version};
use ledger_core::time::Basis;

use super::files::InFile;
use super::judge::{Content, Judged, Judgement, Known, changed, history_of, measured, whole_file};
use crate::decode::table::Table;
use crate::failure::Failure;
use crate::statements::{left_aside, two_versions};

/// Judges the bills among the files.
///
/// # Errors
/// A file cannot be read.
pub(super) fn judge(
    files: Vec<(InFile, Layout)>,
    known: Known<'_>,
    seen: &mut Map<Fingerprint, ()>,
    judgement: &mut Judgement,
    tick: &mut impl FnMut(u64),
) -> Result<(), Failure> {
    let mut by_kind: BTreeMap<&'static str, Vec<(InFile, Layout)>> = BTreeMap::new();
    for (file, layout) in files {
        by_kind.entry(layout.statement.name()).or_default().push((file, layout));
    }
    for (kind, files) in by_kind {
        let before = judgement.whole.total();
        let (mut read, mut told): (Vec<Judged>, Vec<(usize, Form, Sums)>) = (Vec::new(), Vec::new());
        for (at, (file, layout)) in files.into_iter().enumerate() {
            let mut of_file = Sums::of(kind);
            let Some(judged) = one((file, at), &layout, known.book, &mut of_file, judgement, tick)? else { continue };
            // The same bytes under two names are one bill.
            if let Some(same) = read.iter().find(|known| known.digest == judged.digest) {
                judgement.notes.push(format!("{} is the same file as {}, and counts once", judged.file.name, same.file.name));
            } else {
                told.push((read.len(), layout.form(), of_file));
            }
            read.push(judged);
        }
        let sums = together(kind, told, &read, judgement);
        if judgement.whole.total() > before {
            continue;
        }
        let view = known.bills.at(Basis::at(u64::MAX));
        let mut by_file: BTreeMap<usize, Vec<(u64, Fact)>> = BTreeMap::new();
        for ((file, row), fact) in sums.facts(|payer, month| view.bill_of(payer, month, kind)) {
            by_file.entry(file).or_default().push((row, fact));
        }
        for (at, mut judged) in read.into_iter().enumerate() {
            let mut facts = by_file.remove(&at).unwrap_or_default();
            facts.sort_by_key(|(row, _)| *row);
            for ((_, fact), print) in facts.iter().zip(Fingerprint::of_each(facts.iter().map(|(_, fact)| fact))) {
                if known.records.holds(print) || seen.insert(print, ()).is_some() {
                    continue;
                }
                let (kind, money) = measured(&fact.event);
                *judged.new.entry(kind).or_default() += 1;
                if let Some((currency, amount)) = money {
                    let (sum, rows) = judged.totals.entry((kind, currency)).or_default();
                    *sum += amount.units();
                    *rows += 1;
                }
            }
            judged.known = facts.len() as u64 - judged.events();
            judged.history = history_of(judged.recipient, judged.digest, !judged.new.is_empty(), known.sources);
            judged.content = Content::Facts(facts);
            judgement.files.push(judged);
        }
    }
    Ok(())
}

/// What files come to together: parts of a month are added up, of two versions of a bill the final one counts, and of two forms one.
fn together(kind: &'static str, told: Vec<(usize, Form, Sums)>, read: &[Judged], judgement: &mut Judgement) -> Sums {
    let names: Vec<&str> = told.iter().map(|(at, ..)| read[*at].file.name.as_str()).collect();
    let versions: Vec<Version<'_>> =
        told.iter().zip(&names).map(|((_, form, sums), name)| Version { name, form: *form, bills: &sums.bills }).collect();
    let earlier = match statement::earlier(&versions, |_| true) {
        Ok(earlier) => earlier,
        Err((one, other, bill)) => {
            let path = |at: usize| &read[told[at].0].file.path;
            judgement.whole.push(two_versions(path(one), path(other), bill));
            Vec::new()
        }
    };
    let otherwise = statement::in_another_form(&versions);
    judgement.notes.extend(earlier.iter().map(|aside| left_aside(aside, &names, "before it was final")));
    judgement.notes.extend(otherwise.iter().map(|aside| left_aside(aside, &names, "in another form")));
    let mut sums = Sums::of(kind);
    for (place, (at, _, mut of_file)) in told.into_iter().enumerate() {
        earlier.iter().chain(&otherwise).filter(|aside| aside.file == place).for_each(|aside| of_file.leave_out(aside.bill));
        if let Err(problem) = sums.merge(of_file) {
            judgement.whole.push(whole_file(&read[at].file.path, problem));
        }
    }
    sums
}

/// Reads a file into the sums. Nothing when something is wrong with it, or no row of it is of use.
fn one(
    (file, at): (InFile, usize),
    layout: &Layout,
    book: &Book,
    sums: &mut Sums,
    judgement: &mut Judgement,
    tick: &mut impl FnMut(u64),
) -> Result<Option<Judged>, Failure> {
    let mut problems = std::mem::take(&mut judgement.whole);
    let before = problems.total();
    let Some(mut rows) = Table::open(&file.path, &mut problems)? else { return Err(changed(&file.path)) };
    let shown = file.path.display().to_string();
    let labelled: Vec<usize> = layout.labelled().collect();
    rows.want(layout.places().chain(labelled));
    let header = rows.header().to_vec();
    let (mut recipient, mut count, mut useless): (Option<AccountId>, u64, u64) = (None, 0, 0);
    while let Some(row) = rows.next(&mut problems) {
        count += 1;
        let outcome = layout.bill(&|column| row.get(column), |month| book.cost_labels(month)).and_then(|line| {
            let Some(line) = line else { return Ok(None) };
            let payer = line.payer;
            sums.add(line, (at, count)).map(|()| Some(payer)).map_err(|problem| vec![problem])
        });
        match outcome {
            Ok(Some(payer)) => _ = recipient.get_or_insert(payer),
            Ok(None) => useless += 1,
            Err(found) => {
                for problem in found {
                    let place = problem.column.as_ref().and_then(|name| header.iter().position(|column| column == name));
                    let column_number = place.map(|place| place as u64 + 1);
                    problems.push(Located { file: shown.clone(), line: row.line, column_number, problem });
                }
            }
        }
        if count.is_multiple_of(1_000) {
            tick(1_000);
        }
    }
    let summary = rows.finish()?;
    judgement.notes.extend(summary.notes.iter().cloned());
    if recipient.is_none() && problems.total() == before {
        let problem = if count == 0 {
            Problem::new(Code::E0316, "", "no line is in it").cure("get the bill again")
        } else {
            Problem::new(Code::E0302, layout.statement.name(), "every line of it is another provider's").cure("import AWS's own bill")
        };
        problems.push(whole_file(&file.path, problem));
    }
    judgement.whole = problems;
    let Some(recipient) = recipient else { return Ok(None) };
    let dropped = if useless > 0 { BTreeMap::from([("lines_of_other_providers".to_owned(), useless)]) } else { BTreeMap::new() };
    let mut judged = Judged::of(file, layout.statement.name(), recipient);
    (judged.digest, judged.decoded_bytes, judged.rows, judged.dropped) = (summary.digest, summary.length, count, dropped);
    Ok(Some(judged))
}
