//! `dealbook breaks`

use std::collections::BTreeMap;
use std::path::PathBuf;

use ledger_core::book::closing::{self, Deed};
use ledger_core::chain::Hash;
use ledger_core::event::close::{BreakAssigned, BreakResolved, DifferenceAccepted};
use ledger_core::event::{Draft, Entry, Event, Source};
use ledger_core::id::Actor;
use ledger_core::money::Amount;
use ledger_core::problem::Problem;
use ledger_core::projection::Projection;
use ledger_core::projection::billing::Names as _;
use ledger_core::projection::closing::{Found, State, evidence};
use ledger_core::reconcile::{Kind as Breaking, Reason};
use ledger_core::report::{Cell, Column, Kind, Receipt, Report};
use ledger_core::statement::Subject;
use ledger_core::time::Period;

use super::{import, reconcile, record};
use crate::context::{Context, Reading, Writing};
use crate::desk::Told;
use crate::failure::{Exit, Failure, counted};
use crate::intent::Written;
use crate::render::grouped;
use crate::session::{self, Named, Session, States};

/// Explain, assign and resolve breaks
///
/// A break ends when it is resolved, when its difference is accepted, or when a later reconciliation no longer finds it. None of these writes
/// a fact of AWS's.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) what: What,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum What {
    /// The breaks that are open or wait; a month, 2026-03, narrows it
    List(List),
    /// One break: its rows, the ledger's events, what explains it, what was done
    Show(Show),
    /// Have somebody look after a break
    Assign(Assign),
    /// Explain a break, let it wait, or accept its difference
    Resolve(Resolve),
}

#[derive(Debug, clap::Args)]
pub(crate) struct List {
    /// The month
    #[arg(value_name = "PERIOD")]
    pub(crate) period: Option<String>,
    /// Those that have ended as well
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// The break, by its id or the beginning of it
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Assign {
    /// The break
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Who, as registered
    #[arg(value_name = "PERSON")]
    pub(crate) person: String,
    #[command(flatten)]
    pub(crate) writing: Writing,
}

#[derive(Debug, clap::Args)]
pub(crate) struct Resolve {
    /// The break
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    /// Why: arrived, expectation, timing, aws-error or accepted
    #[arg(long, value_name = "REASON")]
    pub(crate) reason: String,
    /// The entry that explains it: what has arrived, or the correction of our own expectation
    #[arg(long, value_name = "EVENT")]
    pub(crate) entry: Option<String>,
    /// A remark; of what is accepted, why
    #[arg(long, value_name = "TEXT")]
    pub(crate) note: Option<String>,
    /// Of what is accepted: the document that shows it; its BLAKE3 is recorded
    #[arg(long, value_name = "FILE")]
    pub(crate) document: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) writing: Writing,
}

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    match args.what {
        What::List(args) => list(&args, context),
        What::Show(args) => show(&args, context),
        What::Assign(args) => {
            let person: Actor = args
                .person
                .parse()
                .map_err(|why| refused(&[Problem::new(ledger_core::problem::Code::E0204, args.person.clone(), format!("{why}"))]))?;
            let event =
                move |found: &Found| Event::BreakAssigned(Box::new(BreakAssigned { id: found.told.id.clone(), person: person.clone() }));
            record_about("break-assigned", &args.id, &args.writing, None, event, context)
        }
        What::Resolve(args) => resolve(args, context),
    }
}

fn refused(problems: &[Problem]) -> Failure {
    Written::Flags(vec![]).failure(problems)
}

/// The columns of the list.
pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::new("break", "Break", Kind::Text),
        Column::new("month", "Month", Kind::Text),
        Column::new("code", "Code", Kind::Text),
        Column::new("name", "Kind", Kind::Text),
        Column::new("status", "State", Kind::Text),
        Column::new("owner", "Owner", Kind::Text),
        Column::new("side", "Side", Kind::Text),
        Column::new("scope", "Whose", Kind::Text),
        Column::new("scope_name", "Name", Kind::Text),
        Column::new("subject", "What", Kind::Text),
        Column::new("invoice", "Invoice", Kind::Text),
        Column::new("product", "Product", Kind::Text),
        Column::new("account", "Account", Kind::Text),
        Column::new("agreement", "Agreement", Kind::Text),
        Column::new("billed", "Billed", Kind::Amount),
        Column::new("ledger", "Ledger", Kind::Amount),
        Column::new("difference", "Difference", Kind::Amount),
        Column::new("currency", "", Kind::Text),
        Column::new("since", "Since", Kind::Day),
        Column::new("age", "Days", Kind::Count),
        Column::new("rows", "Rows", Kind::Count),
        Column::new("cause", "Likely cause", Kind::Text),
    ]
}

fn amount(text: &str) -> Option<Amount> {
    let rounded = text.parse::<ledger_core::statement::Exact>().ok()?.rounded().0;
    let cents = rounded.half_up(2);
    Some(if cents == rounded { cents } else { rounded })
}

fn cents(amount: Amount) -> Amount {
    let cents = amount.half_up(2);
    if cents == amount { cents } else { amount }
}

fn list(args: &List, context: &Context) -> Result<Exit, Failure> {
    let month = args.period.as_deref().map(|text| reconcile::month(text, context)).transpose()?;
    let session = Session::open(context)?;
    let (asked, head) = session.asked(&args.reading, context)?;
    let states = session.states()?;
    let view = states.records.at(asked.basis);
    let names = Named::of(&view);
    let all = states.closing.breaks(&states.book, asked.basis.known_at);
    let is_meant = |found: &&Found| {
        let stands = found.state.is_open() || found.state == State::Waiting;
        (args.all || stands) && month.is_none_or(|month: Period| month.from == found.month)
    };
    let chosen: Vec<&Found> = all.iter().filter(is_meant).collect();
    let mut report = Report::new("breaks", columns());
    report.shown = vec![
        "break",
        "month",
        "code",
        "name",
        "status",
        "owner",
        "scope_name",
        "invoice",
        "billed",
        "ledger",
        "difference",
        "currency",
        "age",
        "cause",
    ];
    for found in &chosen {
        let told = &found.told;
        let text = |text: &Option<String>| Cell::or_empty(text.as_ref(), Cell::text);
        report.rows.push(vec![
            Cell::text(&told.id),
            Cell::text(&found.month.to_string()[..7]),
            Cell::text(&told.code),
            Cell::text(Breaking::of(&told.code).map_or("", Breaking::name)),
            Cell::text(found.state.as_str()),
            Cell::or_empty(found.owner.as_ref(), Cell::text),
            Cell::text(&told.side),
            Cell::text(told.scope),
            Cell::or_empty(names.party(&told.scope), Cell::Text),
            Cell::text(&told.subject),
            text(&told.invoice),
            text(&told.product),
            text(&told.account),
            text(&told.agreement),
            Cell::or_empty(amount(&told.billed), Cell::Amount),
            Cell::or_empty(amount(&told.ledger), Cell::Amount),
            Cell::Amount(cents(found.difference())),
            Cell::text(told.currency),
            Cell::or_empty(told.since, |since| Cell::Day(since.day())),
            Cell::or_empty(reconcile::age(told.since, context), Cell::Count),
            Cell::Count(told.rows),
            Cell::text(&told.cause),
        ]);
    }
    let open = chosen.iter().filter(|found| found.state.is_open()).count() as u64;
    let mut net: BTreeMap<_, i128> = BTreeMap::new();
    for found in chosen.iter().filter(|found| found.state.is_open()) {
        *net.entry(found.told.currency).or_default() += found.difference().units();
    }
    let sums: Vec<String> =
        net.into_iter().map(|(currency, units)| format!("{} {currency}", grouped(&cents(Amount::from_units(units)).to_string()))).collect();
    report.notes.push(match sums.is_empty() {
        true => "no break is open".to_owned(),
        false => format!("{} open, net {}", counted(open, "break"), sums.join(", ")),
    });
    let mut arguments = BTreeMap::from([("breaks".to_owned(), "list".to_owned())]);
    arguments.extend(args.period.clone().map(|period| ("period".to_owned(), period)));
    arguments.extend(args.all.then(|| ("all".to_owned(), "true".to_owned())));
    context.print(&report, &Receipt::new(&report, asked, arguments, head, projector(&states)))?;
    Ok(Exit::Done)
}

fn projector(states: &States) -> String {
    format!("{}/{}", states.closing.name(), states.closing.version())
}

/// The columns of one break.
pub(super) fn columns_of_one() -> Vec<Column> {
    vec![
        Column::new("part", "", Kind::Text),
        Column::new("amount", "Amount", Kind::Amount),
        Column::new("currency", "", Kind::Text),
        Column::new("seq", "#", Kind::Count),
        Column::new("event", "Event", Kind::Text),
        Column::new("file", "File", Kind::Text),
        Column::new("row", "Row", Kind::Count),
        Column::new("says", "Says", Kind::Text),
    ]
}

fn show(args: &Show, context: &Context) -> Result<Exit, Failure> {
    let session = Session::open(context)?;
    let (asked, head) = session.asked(&args.reading, context)?;
    let states = session.states()?;
    let view = states.records.at(asked.basis);
    let all = states.closing.breaks(&states.book, asked.basis.known_at);
    let found = closing::found(&all, &args.id).map_err(|problem| refused(&[problem]))?;
    let told = &found.told;
    let mut report = Report::new("break", columns_of_one());
    let days = reconcile::age(told.since, context).map(|days| format!("  {}", counted(days, "day"))).unwrap_or_default();
    let owner = found.owner.as_ref().map_or_else(|| "no owner".to_owned(), ToString::to_string);
    let difference = grouped(&cents(found.difference()).to_string());
    let name = Breaking::of(&told.code).map_or("", Breaking::name);
    report.heading.push(format!(
        "{}  {} {name}  {difference} {}  {}{days}  {owner}",
        told.id,
        told.code,
        told.currency,
        found.state.as_str()
    ));
    let deal = if told.subject == Subject::Commitment.as_str() { "commitment" } else { "agreement" };
    let about: Vec<String> = [("invoice", &told.invoice), (deal, &told.agreement), ("product", &told.product), ("account", &told.account)]
        .into_iter()
        .filter_map(|(what, text)| text.as_ref().map(|text| format!("{what} {text}")))
        .collect();
    report.heading.push(format!(
        "{} {} of {}{}",
        told.side,
        told.subject,
        told.scope,
        about.iter().map(|text| format!(", {text}")).collect::<String>()
    ));
    let mut add = |part: &str, amount: Option<Amount>, event: Option<(u64, &str)>, row: Option<(String, u64)>, says: String| {
        report.rows.push(vec![
            Cell::text(part),
            Cell::or_empty(amount, Cell::Amount),
            Cell::or_empty(amount, |_| Cell::text(told.currency)),
            Cell::or_empty(event.map(|(seq, _)| seq), Cell::Count),
            Cell::or_empty(event.map(|(_, name)| name), Cell::text),
            Cell::or_empty(row.as_ref().map(|(file, _)| file), Cell::text),
            Cell::or_empty(row.as_ref().map(|(_, row)| *row), Cell::Count),
            Cell::Text(says),
        ]);
    };
    let run = found.runs.last().and_then(|last| states.closing.runs(u64::MAX).find(|run| run.seq == *last));
    let file = |digest: Hash| {
        let known = run.and_then(|run| run.sealed.files.iter().find(|file| file.digest == digest));
        known.map_or_else(|| format!("b3:{}", &digest.to_string()[..8]), |file| file.file.clone())
    };
    let of_rows = if told.rows == 0 { "no row of a statement".to_owned() } else { counted(told.rows, "row") };
    add("billed", amount(&told.billed), None, None, of_rows);
    for seen in &told.seen {
        add("row", None, None, Some((file(seen.file), seen.row)), String::new());
    }
    add("ledger", amount(&told.ledger), None, None, told.cause.clone());
    for seq in &told.events {
        if let Some(entry) = session.entry(*seq)? {
            let says = format!("of {}, recorded {} by {}", entry.effective_at.day(), entry.recorded_at.day(), entry.actor);
            let source = entry.source.as_ref().and_then(|source| Some((states.sources.file_of(source.import?)?.to_owned(), source.row?)));
            add("event", None, Some((*seq, entry.event.type_name())), source, says);
        }
    }
    let entry = |seq: u64| -> Option<Entry> { session.entry(seq).ok().flatten() };
    let known_at = run.map_or(u64::MAX, |run| run.sealed.known_at);
    let cards = states.book.rate_cards(asked.basis.known_at);
    for evidence in evidence(told, known_at, (&states.billing, &view, &cards), &entry) {
        let name = entry(evidence.seq).map(|entry| entry.event.type_name().to_owned()).unwrap_or_default();
        let all = if evidence.explains_all { "; explains all of the difference" } else { "" };
        add("evidence", None, Some((evidence.seq, &name)), None, evidence.says + all);
    }
    for (seq, what) in &found.history {
        let name = entry(*seq).map(|entry| entry.event.type_name().to_owned()).unwrap_or_default();
        add("history", None, Some((*seq, &name)), None, what.clone());
    }
    if matches!(found.state, State::Open | State::Waiting)
        && let Some(kind) = Breaking::of(&told.code)
    {
        let ways = kind
            .reasons()
            .iter()
            .map(|reason| format!("dealbook breaks resolve {} --reason {}{}", told.id, reason.as_str(), needs(*reason)));
        report.notes.extend(ways);
    }
    if let State::Pending(seq) = found.state {
        report.notes.push(format!("a second person signs it: dealbook approve {seq} --key FILE --actor NAME"));
    }
    let arguments = BTreeMap::from([("breaks".to_owned(), "show".to_owned()), ("break".to_owned(), told.id.to_string())]);
    context.print(&report, &Receipt::new(&report, asked, arguments, head, projector(&states)))?;
    Ok(Exit::Done)
}

/// What a reason has to be given with.
const fn needs(reason: Reason) -> &'static str {
    match reason {
        Reason::Arrived | Reason::Expectation => " --entry N",
        Reason::Accepted => " --note TEXT --document FILE",
        Reason::Timing | Reason::AwsError => "",
    }
}

fn resolve(args: Resolve, context: &Context) -> Result<Exit, Failure> {
    use ledger_core::problem::Code;
    if Reason::of(&args.reason).is_none() {
        let known: Vec<&str> = Reason::ALL.iter().map(|reason| reason.as_str()).collect();
        let failure = Failure::usage(format!("invalid value `{}` for --reason", args.reason)).suggest(&args.reason, known.iter().copied());
        return Err(failure.hint(format!("one of {}", known.join(", "))));
    }
    let accepts = args.reason == Reason::Accepted.as_str();
    let source = match &args.document {
        Some(path) if accepts => {
            let digest = record::digest(path)?;
            let document = digest.parse().ok();
            Some(Source::manual(format!("document:{digest}"), document))
        }
        None if accepts => {
            let problem =
                Problem::new(Code::E0102, "", "what is accepted has a document that shows it").column("document").cure("--document FILE");
            return Err(refused(&[problem]));
        }
        _ => None,
    };
    let entry = args.entry.as_deref().map(super::approve::number).transpose()?;
    let (reason, note) = (args.reason.clone(), args.note.clone());
    let event = move |found: &Found| match accepts {
        true => Event::DifferenceAccepted(Box::new(DifferenceAccepted {
            amount: found.difference(),
            currency: found.told.currency,
            id: found.told.id.clone(),
            note: note.clone().unwrap_or_default(),
        })),
        false => {
            let (id, reason) = (found.told.id.clone(), reason.clone());
            Event::BreakResolved(Box::new(BreakResolved { entry, id, note: note.clone(), reason }))
        }
    };
    record_about("break-resolved", &args.id, &args.writing, source, event, context)
}

/// Decides on what is to be done about a break, appends it and tells it.
fn record_about(
    name: &'static str,
    id: &str,
    writing: &Writing,
    source: Option<Source>,
    event: impl Fn(&Found) -> Event,
    context: &Context,
) -> Result<Exit, Failure> {
    let actor = import::actor(writing.actor.as_deref(), "breaks")?;
    // The entry that is named is read before the ledger is opened for writing: entries do not change.
    let reader = Session::open(context)?;
    let decide = |states: &States| -> Result<Draft, Failure> {
        let all = states.closing.breaks(&states.book, u64::MAX);
        let found = closing::found(&all, id).map_err(|problem| refused(&[problem]))?;
        let event = event(found);
        let named = match &event {
            Event::BreakResolved(told) => told.entry.map(|seq| reader.entry(seq)).transpose()?.flatten(),
            _ => None,
        };
        let deed = match &event {
            Event::BreakAssigned(told) => Deed::Assign(told),
            Event::BreakResolved(told) => Deed::Resolve(told, named.as_ref()),
            Event::DifferenceAccepted(told) => Deed::Accept(told),
            _ => unreachable!("nothing else is done about a break"),
        };
        closing::decide(&states.book, found, &deed).map_err(|problems| refused(&problems))?;
        Ok(Draft { actor: actor.clone(), effective_at: context.now(), event, source: source.clone() })
    };
    if writing.dry_run {
        let session = Session::open(context)?;
        session::expect(writing, session.head())?;
        let states = session.states()?;
        let told = Told { appended: vec![(None, decide(&states)?)], known: None };
        return told.print(name, session.head(), &[], context);
    }
    let mut ledger = session::write(context)?;
    session::expect(writing, ledger.head())?;
    let draft = decide(ledger.states())?;
    let head = ledger.stage(context.now(), draft.clone())?;
    ledger.commit()?;
    let told = Told { appended: vec![(Some(head), draft)], known: None };
    let all = ledger.states().closing.breaks(&ledger.states().book, u64::MAX);
    let open: Vec<&Found> = all.iter().filter(|found| found.state.is_open()).collect();
    let mut next = vec![format!("{} open", counted(open.len() as u64, "break"))];
    if open.iter().any(|found| found.state == State::Pending(head.seq)) {
        next.push(format!("above what one person may accept alone: dealbook approve {} --key FILE --actor NAME", head.seq));
    }
    let head = session::close(context, ledger)?;
    told.print(name, head, &next, context)
}
