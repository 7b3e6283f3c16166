//! `dealbook reconcile`

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use ledger_core::chain::Head;
use ledger_core::event::{Draft, Event};
use ledger_core::id::AccountId;
use ledger_core::projection::Projection;
use ledger_core::projection::billing::Names as _;
use ledger_core::projection::closing::{Found, State};
use ledger_core::projection::edp;
use ledger_core::reconcile::{Break, Class, File, Ledger, Reconciled, Reconciliation, Section};
use ledger_core::report::{Asked, Cell, Column, Kind, Receipt, Report};
use ledger_core::statement::{self, Exact};
use ledger_core::time::{Basis, Instant, Period};
use ledger_store::ledger::States as _;

use super::import;
use crate::context::{Context, Writing};
use crate::failure::{Code, Exit, Failure, counted};
use crate::render::grouped;
use crate::session::{self, Named, Session, States};
use crate::statements::{self, Statements};

/// Match AWS's files with the ledger and list breaks
///
/// Takes what AWS bills, reports and pays out for a month: CUR, FOCUS, sellers' reports, invoice summaries, a bank's statement. Each is compared
/// with the ledger's lines of its side, payer or recipient, and month. What came out is recorded; the same files again are known already. Ends
/// with exit code 4 while a break is open.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The month: 2026-03
    #[arg(value_name = "PERIOD")]
    pub(crate) period: String,
    /// Files, and folders with all that is below them
    #[arg(value_name = "PATH", required = true)]
    pub(crate) paths: Vec<PathBuf>,
    /// Whose statements these are, as a 12-digit AWS account, where neither the folder nor the rows say so
    #[arg(long, value_name = "ID")]
    pub(crate) account: Option<AccountId>,
    #[command(flatten)]
    pub(crate) writing: Writing,
}

/// A day, in microseconds.
const DAY: i64 = 86_400_000_000;

/// The month of a text.
pub(super) fn month(text: &str, context: &Context) -> Result<Period, Failure> {
    let period = Period::parse(text, context.today()).ok().filter(|period| Period::month_from(period.from) == Some(*period));
    period.ok_or_else(|| Failure::usage(format!("invalid value `{text}` for PERIOD")).hint("write a month: 2026-03"))
}

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let period = month(&args.period, context)?;
    let actor = import::actor(args.writing.actor.as_deref(), "reconcile")?;
    let statements = read(&args, context)?;
    if args.writing.dry_run {
        let session = Session::open(context)?;
        session::expect(&args.writing, session.head())?;
        let (head, states) = (session.head(), session.states()?);
        let made = Made::of(period, &statements, &states, head, context)?;
        return tell(&made, "Would record", head, &states, context);
    }
    let mut ledger = session::write(context)?;
    session::expect(&args.writing, ledger.head())?;
    let made = Made::of(period, &statements, ledger.states(), ledger.head(), context)?;
    if let Some(known) = made.known {
        let (head, said) = (ledger.head(), format!("Known already: it is #{known}; nothing was appended"));
        let exit = tell(&made, &said, head, ledger.states(), context);
        session::close(context, ledger)?;
        return exit;
    }
    let first = ledger.head().seq + 1;
    for event in &made.events {
        let draft = Draft { actor: actor.clone(), effective_at: context.now(), event: event.clone(), source: None };
        ledger.stage(context.now(), draft)?;
    }
    ledger.commit()?;
    let said = format!("Appended #{first}");
    let exit = tell(&made, &said, ledger.head(), ledger.states(), context);
    session::close(context, ledger)?;
    exit
}

/// Reads the statements. What cannot be read is told, and nothing is compared.
fn read(args: &Args, context: &Context) -> Result<Statements, Failure> {
    let mut progress = context.progress("Reading", 0);
    let statements = statements::read(&args.paths, args.account, |rows| progress.add(rows))?;
    drop(progress);
    statements.notes.iter().for_each(|note| context.note(format_args!("note: {note}")));
    for problems in [&statements.files, &statements.rows] {
        if problems.total() > 0 {
            return Err(Failure::problems(problems));
        }
    }
    if statements.received.is_empty() {
        return Err(Failure::new(Code::E0302, "no statement is in these paths").hint("give AWS's files, or a folder of them"));
    }
    Ok(statements)
}

/// A reconciliation that was made.
struct Made {
    period: Period,
    result: Reconciled,
    events: Vec<Event>,
    /// Where the same is recorded already.
    known: Option<u64>,
    digests: Vec<String>,
    /// What else to tell.
    notes: Vec<String>,
}

impl Made {
    fn of(period: Period, statements: &Statements, states: &States, head: Head, context: &Context) -> Result<Self, Failure> {
        let view = states.records.at(Basis::at(head.seq));
        let settled = |of: (statement::Side, statement::Subject), scope: AccountId, month: Instant, invoice: &str| {
            states.closing.is_settled(of, scope, month, invoice)
        };
        let (tolerances, told) = (states.book.tolerances(context.now(), head.seq), states.closing.told_elsewhere(period.from));
        let (under_way, later) = (states.closing.under_way(&states.book, period.from), states.closing.later_banks(period.from));
        let names = Named::of(&view).with(&states.book);
        let setting = edp::Setting { view: &view, billing: &states.billing, book: &states.book, names: &names };
        let counted = setting.counted_in(period);
        let (told, under_way, later, counted) = (&told, &under_way, &later, &counted);
        let ledger = Ledger {
            told,
            under_way,
            later,
            counted,
            billing: &states.billing,
            view: &view,
            programmes: &states.programmes,
            sources: &states.sources,
            settled: &settled,
        };
        let mut reconciliation = Reconciliation::of(period, ledger.names());
        let earlier = statements.earlier(period.from)?;
        for (at, received) in statements.received.iter().enumerate() {
            // Of a bill without invoices nobody tells when it is final: it may change for as long as a line may be late.
            let (form, tells_invoices) = (received.form, received.tells_invoices);
            let may_change = !tells_invoices && context.now().micros() < period.until.micros() + i64::from(tolerances.days) * DAY;
            let left_out = received.rows_of(statement::Class::Other);
            let (digest, name) = (received.digest, received.name.clone());
            let file = reconciliation.file(File { digest, name, form, tells_invoices, may_change, rows: received.rows, left_out });
            earlier.iter().filter(|earlier| earlier.file == at).for_each(|earlier| reconciliation.supersede(file, earlier.bill.0));
            received.lines.iter().for_each(|line| reconciliation.add(file, line.clone(), 1));
            for list in received.lists.iter().filter(|list| list.month == period.from) {
                reconciliation.list(list.side, list.subject, list.scope, list.currency);
            }
            received.services.iter().for_each(|summed| reconciliation.add(file, summed.line.clone(), summed.rows));
        }
        ledger.hold(period, &mut reconciliation);
        let result = reconciliation.matched(&tolerances).map_err(|why| {
            Failure::new(Code::E0607, "the control totals do not tie").because(why).hint("this is a bug; nothing was recorded")
        })?;
        let events = result.sealed(period, head, &tolerances);
        let known = same_as(&events, states);
        let digests = result.files.iter().map(|file| file.digest.to_string()).collect();
        let names: Vec<&str> = statements.received.iter().map(|received| received.name.as_str()).collect();
        let notes = earlier.iter().map(|aside| statements::left_aside(aside, &names, "before it was final")).collect();
        Ok(Self { period, result, events, known, digests, notes })
    }
}

/// The last reconciliation of the month, when it says the same.
fn same_as(events: &[Event], states: &States) -> Option<u64> {
    let mut whole: Option<ledger_core::event::close::ReconciliationSealed> = None;
    for event in events {
        let Event::ReconciliationSealed(part) = event else { continue };
        match &mut whole {
            None => whole = Some((**part).clone()),
            Some(whole) => {
                whole.files.extend(part.files.iter().cloned());
                whole.sections.extend(part.sections.iter().cloned());
                whole.breaks.extend(part.breaks.iter().cloned());
                whole.tolerated.extend(part.tolerated.iter().cloned());
            }
        }
    }
    let whole = whole?;
    let last = states.closing.runs(u64::MAX).filter(|run| run.sealed.month == whole.month).last()?;
    let same = (&last.sealed.files, &last.sealed.sections, &last.sealed.breaks, &last.sealed.classes, &last.sealed.tolerated)
        == (&whole.files, &whole.sections, &whole.breaks, &whole.classes, &whole.tolerated);
    same.then_some(last.seq)
}

/// The columns of the report.
pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::new("side", "Side", Kind::Text),
        Column::new("scope", "Whose", Kind::Text),
        Column::new("scope_name", "Name", Kind::Text),
        Column::new("subject", "What", Kind::Text),
        Column::new("result", "Result", Kind::Text),
        Column::new("break", "Break", Kind::Text),
        Column::new("status", "State", Kind::Text),
        Column::new("rows", "Rows", Kind::Count),
        Column::new("billed", "Billed", Kind::Amount),
        Column::new("ledger", "Ledger", Kind::Amount),
        Column::new("difference", "Difference", Kind::Amount),
        Column::new("currency", "", Kind::Text),
        Column::new("invoice", "Invoice", Kind::Text),
        Column::new("since", "Since", Kind::Day),
        Column::new("age", "Days", Kind::Count),
        Column::new("cause", "Likely cause", Kind::Text),
    ]
}

/// An amount at the report's edge: two decimals, or up to eight where it has them.
fn amount(exact: Exact) -> Cell {
    let rounded = exact.rounded().0;
    let cents = rounded.half_up(2);
    Cell::Amount(if cents == rounded { cents } else { rounded })
}

/// So many days lie between a day and today.
pub(super) fn age(since: Option<Instant>, context: &Context) -> Option<u64> {
    since.map(|since| u64::try_from((context.today() - since.day()).num_days()).unwrap_or(0))
}

fn tell(made: &Made, said: &str, head: Head, states: &States, context: &Context) -> Result<Exit, Failure> {
    let view = states.records.at(Basis::at(head.seq));
    let names = Named::of(&view);
    let known: BTreeMap<String, Found> =
        states.closing.breaks(&states.book, u64::MAX).into_iter().map(|found| (found.told.id.to_string(), found)).collect();
    let mut report = Report::new("reconcile", columns());
    report.shown = vec!["scope_name", "subject", "result", "break", "rows", "billed", "ledger", "difference", "currency", "age", "cause"];
    report.heading.push(said.to_owned());
    for section in &made.result.sections {
        let first = |result: &str| {
            vec![
                Cell::text(section.side.as_str()),
                Cell::text(section.scope),
                Cell::or_empty(names.party(&section.scope), Cell::Text),
                Cell::text(section.subject.as_str()),
                Cell::text(result),
            ]
        };
        for class in Class::ALL.iter().filter(|class| **class != Class::Broken) {
            let (billed, held) = (section.classes.get(class), section.held.get(class));
            if billed.is_none() && held.is_none() {
                continue;
            }
            let (billed, held) = (billed.copied().unwrap_or_default(), held.copied().unwrap_or_default());
            let apart = billed.net.checked_sub(held.net).filter(|_| class.is_compared());
            report.rows.push(
                [
                    first(class.as_str()),
                    vec![Cell::Empty, Cell::Empty, Cell::Count(billed.lines), amount(billed.net)],
                    vec![if class.is_compared() { amount(held.net) } else { Cell::Empty }],
                    vec![Cell::or_empty(apart, amount), Cell::text(section.currency)],
                    vec![const { Cell::Empty }; 4],
                ]
                .concat(),
            );
        }
        let of_section = |found: &&Break| {
            (found.side, found.subject, found.scope, found.currency) == (section.side, section.subject, section.scope, section.currency)
        };
        for found in made.result.breaks.iter().filter(of_section) {
            let status = known.get(&found.id).map_or("open", |known| known.state.as_str());
            report.rows.push(
                [
                    first(&format!("{} {}", found.kind.code(), found.kind.name())),
                    vec![Cell::text(&found.id), Cell::text(status), Cell::Count(found.row_count), amount(found.billed)],
                    vec![amount(found.ledger), amount(found.difference()), Cell::text(found.currency)],
                    vec![Cell::or_empty(found.invoice.as_ref(), Cell::text)],
                    vec![
                        Cell::or_empty(found.since, |since| Cell::Day(since.day())),
                        Cell::or_empty(age(found.since, context), Cell::Count),
                    ],
                    vec![Cell::text(&found.cause)],
                ]
                .concat(),
            );
        }
        if section.billed.lines + section.ledger.lines > 0 {
            let mut total = first("compared");
            total.extend([
                Cell::Empty,
                Cell::Empty,
                Cell::Count(section.billed.lines),
                amount(section.billed.net),
                amount(section.ledger.net),
            ]);
            total.extend([amount(section.difference()), Cell::text(section.currency)]);
            total.extend(vec![const { Cell::Empty }; 4]);
            report.totals.push(total);
        }
    }
    report.notes.extend(made.result.sections.iter().filter(|section| section.billed.lines + section.ledger.lines > 0).map(identity));
    report.notes.push(every_row(&made.result));
    report.notes.extend(made.notes.iter().cloned());
    if made.result.sections.iter().any(|section| section.classes.contains_key(&Class::SelfCompared)) {
        report.notes.push("self-comparison, no assurance: a file was compared with what it is the source of".to_owned());
    }
    let cleared = known.values().filter(|found| found.month == made.period.from && matches!(found.state, State::Cleared(_))).count() as u64;
    if cleared > 0 {
        report.notes.push(format!("{} no longer found: dealbook breaks list --all", counted(cleared, "break")));
    }
    let open = made.result.breaks.iter().filter(|found| known.get(&found.id).is_none_or(|known| known.state.is_open())).collect::<Vec<_>>();
    report.notes.push(match open.first() {
        Some(first) => format!("{} open. Next: dealbook breaks show {}", counted(open.len() as u64, "break"), first.id),
        None => "no break is open".to_owned(),
    });
    let args = BTreeMap::from([
        ("reconcile".to_owned(), made.period.from.to_string()[..7].to_owned()),
        ("files".to_owned(), made.digests.join(" ")),
    ]);
    let projectors: BTreeSet<String> =
        states.each().iter().map(|state: &&dyn Projection| format!("{}/{}", state.name(), state.version())).collect();
    let projector = projectors.into_iter().collect::<Vec<_>>().join(" ");
    let receipt = Receipt::new(&report, Asked::everything(head.seq), args, head, projector);
    context.print(&report, &receipt)?;
    Ok(if open.is_empty() { Exit::Done } else { Exit::Findings })
}

/// What the difference is made of, to the last decimal.
fn identity(section: &Section) -> String {
    let told = |exact: Exact| grouped(&exact.in_cents());
    let mut parts = format!("breaks {}", told(section.breaks));
    for (name, part) in [("tolerated", section.tolerated), ("provisional", section.provisional)] {
        if !part.is_zero() {
            parts += &format!(" + {name} {}", told(part));
        }
    }
    let gross = if section.breaks_gross.is_zero() && section.tolerated_gross.is_zero() {
        String::new()
    } else {
        format!("; gross: breaks {}, tolerated {}", told(section.breaks_gross), told(section.tolerated_gross))
    };
    let (billed, ledger) = (told(section.billed.net), told(section.ledger.net));
    let whose = format!("{} {} {}", section.scope, section.subject.as_str(), section.currency);
    format!("{whose}: billed {billed} - ledger {ledger} = {} = {parts}{gross}", told(section.difference()))
}

fn every_row(result: &Reconciled) -> String {
    let classes: Vec<String> = Class::ALL
        .iter()
        .filter_map(|class| result.classes.get(class).map(|rows| format!("{} {}", grouped(&rows.to_string()), class.as_str())))
        .collect();
    let rows: u64 = result.files.iter().map(|file| file.rows).sum();
    format!("every row is in exactly one class: {} = {}", classes.join(" + "), grouped(&rows.to_string()))
}
