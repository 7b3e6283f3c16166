//! `dealbook check`: named checks, each in a file. A new one is a file and a line.

mod chain;
pub(super) mod closed;
pub(super) mod duties;
mod fees;
mod findings;
pub(super) mod journal_entries;
pub(super) mod privacy;
mod reconciled;

use std::collections::BTreeMap;

use ledger_core::chain::Head;
use ledger_core::projection::records::View;
use ledger_core::report::{Asked, Cell, Column, Kind, Report};
use ledger_store::ledger::States as _;

use super::show;
use crate::context::{Context, Reading};
use crate::failure::{Code, Exit, Failure, counted};
use crate::session::{Session, States};

/// Run named checks
///
/// Ends with exit code 4 when one fails. One check alone shows the lines that it looked at.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The checks; every one there is when none is named
    #[arg(value_name = "NAME")]
    pub(crate) names: Vec<String>,
    /// List the checks
    #[arg(long, conflicts_with = "names")]
    pub(crate) list: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// A check.
struct Check {
    name: &'static str,
    /// What it looks at, in a line.
    about: &'static str,
    run: fn(&Asking<'_>) -> Result<Outcome, Failure>,
}

/// Every check, in the order in which they are made.
const CHECKS: &[&Check] = &[
    &chain::CHECK, // one a line
    &reconciled::CHECK,
    &closed::CHECK,
    &duties::CHECK,
    &journal_entries::CHECK,
    &fees::CHECK,
    &findings::CHECK,
    &privacy::CHECK,
];

/// What a check may look at.
struct Asking<'a> {
    context: &'a Context,
    session: &'a Session,
    states: &'a States,
    view: &'a View<'a>,
}

/// How a check ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Pass,
    Warn,
    Fail,
}

impl Ended {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::Warn => "WARN",
            Self::Fail => "FAIL",
        }
    }
}

/// What came of a check.
struct Outcome {
    ended: Ended,
    detail: String,
    /// What it looked at, line by line.
    report: Option<Report>,
}

/// The columns of the report.
pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::new("result", "Result", Kind::Text),
        Column::new("check", "Check", Kind::Text),
        Column::new("detail", "Detail", Kind::Text),
    ]
}

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    if args.list {
        let lines: Vec<String> = CHECKS.iter().map(|check| format!("{:<17}{}", check.name, check.about)).collect();
        context.say(lines.join("\n"))?;
        return Ok(Exit::Done);
    }
    let chosen = chosen(&args.names)?;
    let session = Session::open(context)?;
    let (asked, head) = session.asked(&args.reading, context)?;
    let states = session.states()?;
    let view = states.records.at(asked.basis);
    let asking = Asking { context, session: &session, states: &states, view: &view };
    let outcomes: Vec<(&str, Outcome)> =
        chosen.iter().map(|check| Ok((check.name, (check.run)(&asking)?))).collect::<Result<_, Failure>>()?;
    let failed = outcomes.iter().any(|(_, outcome)| outcome.ended == Ended::Fail);
    let report = page(outcomes);
    if !context.is_for_people() {
        report.heading.iter().for_each(|line| context.note(line));
    }
    let named: Vec<&str> = chosen.iter().map(|check| check.name).collect();
    print(report, &named.join(" "), asked, head, &states, context)?;
    Ok(if failed { Exit::Findings } else { Exit::Done })
}

/// The checks of these names, each once.
fn chosen(names: &[String]) -> Result<Vec<&'static Check>, Failure> {
    let known = || CHECKS.iter().map(|check| check.name);
    if let Some(strange) = names.iter().find(|name| known().all(|known| known != name.as_str())) {
        let failure = Failure::new(Code::E0301, format!("no check is named `{strange}`")).suggest(strange, known());
        return Err(failure.hint("dealbook check --list"));
    }
    let is_chosen = |check: &&&Check| names.is_empty() || names.iter().any(|name| name == check.name);
    Ok(CHECKS.iter().filter(is_chosen).copied().collect())
}

/// What one check looked at, headed by how it ended; of several, a line each.
fn page(mut outcomes: Vec<(&str, Outcome)>) -> Report {
    if let [(name, outcome)] = outcomes.as_mut_slice()
        && let Some(mut report) = outcome.report.take()
    {
        report.heading.push(format!("{}  {name}  {}", outcome.ended.as_str(), outcome.detail));
        return report;
    }
    let mut report = Report::new("check", columns());
    let count = |ended: Ended| outcomes.iter().filter(|(_, outcome)| outcome.ended == ended).count() as u64;
    let (passed, failed, warned) = (count(Ended::Pass), count(Ended::Fail), count(Ended::Warn));
    let warnings = counted(warned, "warning");
    report.notes.push(format!("{}: {passed} passed, {failed} failed, {warnings}", counted(outcomes.len() as u64, "check")));
    let row = |(name, outcome): (&str, Outcome)| vec![Cell::text(outcome.ended.as_str()), Cell::text(name), Cell::Text(outcome.detail)];
    report.rows = outcomes.into_iter().map(row).collect();
    report
}

fn print(report: Report, named: &str, asked: Asked, head: Head, states: &States, context: &Context) -> Result<Exit, Failure> {
    let projectors: Vec<String> = states.each().iter().map(|state| format!("{}/{}", state.name(), state.version())).collect();
    let args = BTreeMap::from([("check".to_owned(), named.to_owned())]);
    show::print(report, asked, head, args, projectors.join(" "), states, context)
}
