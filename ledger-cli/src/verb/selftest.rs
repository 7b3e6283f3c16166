//! `dealbook selftest`
//!
//! ```text
//! the first lines -> a ledger of their own, signed, handed out -> a copy for each attack -> attacked -> asked as an auditor asks
//! ```

mod attacks;
mod edits;
mod forged;
mod victim;

use std::collections::BTreeMap;

use ledger_core::event::{Entry, Event};
use ledger_core::report::{Asked, Cell, Column, Kind, Receipt, Report};
use ledger_store::backend::sled::Meta;

use crate::context::Context;
use crate::failure::{Code, Exit, Failure, counted};
use crate::session::Session;
use attacks::{ATTACKS, Ask, Attack, FINE};
use victim::Victim;

/// So many lines are copied at most: what is shown does not depend on how many there are.
const MOST: u64 = 3_000;
/// Fewer leave nothing to be cut off, swapped or put between.
const FEWEST: u64 = 12;
/// What stands where nothing said no.
const NOTHING: &str = "nothing";

/// Attack a copy of the ledger in every way we know, and show what catches it
///
/// Each attack gets a copy of its own, in a folder that is deleted afterwards; the ledger is only read. Then the copy is asked as an auditor
/// would ask, first with nothing in hand, then with the public key, then with a checkpoint that was kept elsewhere. Ends with exit code 4 when an
/// attack is not caught.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to attack it with
    #[arg(value_name = "WHAT", value_parser = ["tamper"])]
    pub(crate) what: String,
}

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let session = Session::open(context)?;
    let head = session.head();
    if head.seq < FEWEST {
        return Err(Failure::new(Code::E0408, format!("a ledger of {} cannot be attacked in every way", counted(head.seq, "event")))
            .because(format!("some attacks cut the end off, and some put lines between: it takes {FEWEST}"))
            .hint("dealbook init --sample demo makes a ledger with thousands"));
    }
    let (name, origin) = match session.source.line(1)?.map(|line| Entry::read(&line, 1)).transpose()?.map(|entry| entry.event) {
        Some(Event::LedgerOpened(opened)) => (opened.name, opened.origin),
        _ => (String::new(), String::new()),
    };
    let victim = Victim::of(&*session.source, MOST, Meta::new(&name, &origin), context)?;
    let (mut report, failure) = attacked(&victim, ATTACKS, context)?;
    report.notes.extend(part(head.seq));
    let asked = BTreeMap::from([("selftest".to_owned(), args.what)]);
    let receipt = Receipt::new(&report, Asked::everything(head.seq), asked, head, "selftest/1");
    context.print(&report, &receipt)?;
    failure.map_or(Ok(Exit::Done), Err)
}

/// What is said of a ledger that is longer than what is attacked of it.
fn part(all: u64) -> Option<String> {
    (all > MOST).then(|| format!("attacked are the first {} of {}", counted(MOST, "event"), counted(all, "event")))
}

/// The columns of the report.
pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::new("on", "On", Kind::Text),
        Column::new("attack", "Attack", Kind::Text),
        Column::new("caught_by", "Caught by", Kind::Text),
        Column::new("error", "Error", Kind::Text),
        Column::new("needs", "Needs", Kind::Text),
    ]
}

/// Attacks a copy of the victim in each way, and says what caught it.
fn attacked(victim: &Victim, attacks: &[Attack], context: &Context) -> Result<(Report, Option<Failure>), Failure> {
    let mut report = Report::new("selftest", columns());
    let mut needs: BTreeMap<&str, u64> = BTreeMap::new();
    let (mut missed, mut left, mut progress) = (Vec::new(), 0, context.progress("attacking", attacks.len() as u64));
    // Whoever finds fault with everything catches every attack.
    let fine = FINE.iter().filter(|(file, _)| victim.at(file).is_file());
    for fault in fine.filter_map(|(_, asks)| caught(victim, asks)) {
        missed.push(format!("nothing was done yet, and {} finds fault with it ({})", fault.by, fault.code));
    }
    for attack in attacks {
        let it = victim.again()?;
        let done = (attack.act)(&it)?;
        progress.add(1);
        let cells = if !done {
            left += 1;
            ["this ledger has nothing for it".to_owned(), String::new(), String::new()]
        } else if let Some(caught) = caught(&it, attack.asks) {
            *needs.entry(caught.needs).or_default() += 1;
            [caught.by, caught.code, caught.needs.to_owned()]
        } else {
            missed.push(format!("{}: {}", attack.on, attack.name));
            [NOTHING.to_owned(), String::new(), String::new()]
        };
        let row = [attack.on.to_owned(), attack.name.to_owned()].into_iter().chain(cells);
        report.rows.push(row.map(Cell::text).collect());
    }
    let tried = counted(attacks.len() as u64 - left, "attack");
    if missed.is_empty() {
        let needs: Vec<String> = needs.iter().map(|(what, count)| format!("{count} with {what}")).collect();
        report.notes.push(format!("{tried}, each of them caught: {}", needs.join(", ")));
        return Ok((report, None));
    }
    let mut failure = Failure::new(Code::E0402, format!("{tried}, and not all of them are caught"));
    failure = missed.into_iter().fold(failure, Failure::because);
    Ok((report, Some(failure.hint("this is a defect of the program: please tell us"))))
}

/// What said no.
struct Caught {
    by: String,
    code: String,
    needs: &'static str,
}

/// Asks one after the other until the answer is no.
fn caught(it: &Victim, asks: &[Ask]) -> Option<Caught> {
    asks.iter().find_map(|ask| {
        let (report, failure) = it.asked(ask.words);
        let failure = failure?;
        let failed: Vec<String> = report.iter().flat_map(|report| &report.rows).filter_map(|row| failed(row)).collect();
        let by = if failed.is_empty() { ask.by.to_owned() } else { failed.join(", ") };
        let code = failure.diagnostics.first().and_then(|diagnostic| diagnostic.code).map_or("", |code| code.as_str());
        Some(Caught { by, code: code.to_owned(), needs: ask.needs })
    })
}

/// The check that a row of `verify` is about, if it failed.
fn failed(row: &[Cell]) -> Option<String> {
    match row {
        [Cell::Text(check), Cell::Text(result), ..] if result == "failed" => Some(check.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::attacks::LEDGER;
    use super::*;
    use crate::context::Global;
    use crate::verb::Verb;

    #[test]
    fn of_a_long_ledger_it_says_that_a_part_is_attacked() {
        assert_eq!(part(MOST), None);
        assert_eq!(part(4_000).as_deref(), Some("attacked are the first 3,000 events of 4,000 events"));
    }

    #[test]
    fn an_attack_that_nothing_catches_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let context = Context::new(Global::default()).unwrap().within(folder.path());
        let does = |words: &str| {
            let words: Vec<String> = words.split(' ').map(str::to_owned).collect();
            Verb::parsed(&words).unwrap().run(&context).unwrap()
        };
        does("init --name demo");
        for day in 1..20 {
            does(&format!("record rate.set --set base=EUR --set quote=USD --set rate=1.1 --set source=ECB --effective 2025-04-{day:02}"));
        }
        let session = Session::open(&context).unwrap();
        let victim = Victim::of(&*session.source, 15, Meta::new("demo", "demo"), &context).unwrap();
        let nothing = Attack { on: "nothing", name: "nothing is done", asks: LEDGER, act: |_| Ok(true) };
        let missing = Attack { on: "nothing", name: "nothing can be done", asks: LEDGER, act: |_| Ok(false) };
        let (report, failure) = attacked(&victim, &[nothing, missing], &context).unwrap();
        let failure = failure.unwrap();
        assert_eq!(failure.exit, Exit::Findings);
        assert_eq!(failure.diagnostics[0].because, ["nothing: nothing is done"]);
        let caught: Vec<String> =
            report.rows.iter().map(|row| if let Cell::Text(text) = &row[2] { text.to_string() } else { String::new() }).collect();
        assert_eq!(caught, ["nothing", "this ledger has nothing for it"]);
    }
}
