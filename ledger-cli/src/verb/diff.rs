//! `dealbook diff`

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::chain::Head;
use ledger_core::event::{Entry, Event};
use ledger_core::money::Amount;
use ledger_core::projection::closing::dated;
use ledger_core::report::{Asked, Cell, Column, Kind, Receipt, Report};
use ledger_core::time::{Basis, Instant};
use ledger_store::scan::{Depth, ScanError, scan};

use super::show::{self, Noun};
use super::{closed, log, replay};
use crate::ask;
use crate::context::Context;
use crate::failure::{Exit, Failure, counted};
use crate::render::beside;
use crate::session::{Session, States};

/// What changed between two bases, to the cent, and by which causes
///
/// A basis is a day, what had happened by then; a point of the ledger, what was known there; or both: 2026-03-31, #120, 2026-03-31@#120. The
/// second one knows at least what the first one knows. `diff close-2026-03 --as-of 2026-03-31` lists what came after the close for that day.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// From this basis
    pub(crate) from: String,
    /// To this one (with --as-of: the head, when nothing is said)
    #[arg(required_unless_present = "as_of")]
    pub(crate) to: Option<String>,
    /// Whose figures are compared (default: payouts, of a close events)
    #[arg(long = "of", value_name = "REPORT")]
    pub(crate) of: Option<Of>,
    /// Both at the end of DATE: then FROM and TO are points
    #[arg(long, value_name = "DATE")]
    pub(crate) as_of: Option<String>,
}

/// The reports whose figures are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Of {
    /// What each party is owed, has collected and was paid
    Payouts,
    /// What buyers were invoiced, by cost centre
    Spend,
    /// How far commitments are retired
    Edp,
    /// Credits of programmes
    Incentives,
    /// What each account of every party's books stands at
    TrialBalance,
    /// No figures: what was recorded in between, and is dated up to the day of TO
    Events,
}

impl Of {
    /// The report, and the columns that tell its rows apart.
    const fn report(self) -> (Noun, &'static [&'static str]) {
        match self {
            Self::Payouts => (Noun::Payouts, &["party"]),
            Self::Spend => (Noun::Spend, &["cost_centre"]),
            Self::Edp => (Noun::Edp, &["commitment", "year"]),
            Self::Incentives => (Noun::Incentives, &["grant"]),
            Self::TrialBalance => (Noun::TrialBalance, &["party", "account"]),
            Self::Events => (Noun::Event, &[]),
        }
    }

    /// Whether a column is compared: of an account what it stands at, whichever side that is.
    fn compares(self, column: &str) -> bool {
        self != Self::TrialBalance || column == "balance"
    }
}

/// Why a figure changed. In this order they are taken in, one behind the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    /// A source says again, and differently, what was known.
    Restatement,
    /// A mistake of ours was taken back.
    Correction,
    /// A rule holds that did not, for what had happened already: it was not known, or it takes effect between the two days.
    Rule,
    /// It had happened, and was not known.
    Late,
    /// It happened since.
    New,
}

const CAUSES: [(Cause, &str, &str); 5] = [
    (Cause::Restatement, "restatement", "RESTATED"),
    (Cause::Correction, "correction", "CORRECTED"),
    (Cause::Rule, "rule_change", "RULE CHANGED"),
    (Cause::Late, "late_arrival", "LATE"),
    (Cause::New, "new_business", "NEW"),
];

/// The columns of the report.
pub(super) fn columns() -> Vec<Column> {
    let first = [
        Column::new("subject", "SUBJECT", Kind::Text),
        Column::new("field", "FIGURE", Kind::Text),
        Column::new("currency", "CURRENCY", Kind::Text),
        Column::new("before", "BEFORE", Kind::Amount),
    ];
    let causes = CAUSES.iter().map(|(_, name, title)| Column::new(name, title, Kind::Amount));
    first.into_iter().chain(causes).chain([Column::new("after", "AFTER", Kind::Amount)]).collect()
}

/// Figures by subject, field and currency, in hundred-millionths; nothing where the answer has the subject and does not tell the figure.
type Figures = BTreeMap<(String, String, String), Option<i128>>;

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let session = Session::open(context)?;
    let args = Chosen::of(args, session.head(), context)?;
    let (from, first) = basis("FROM", &args.from, &session, context)?;
    let (to, last) = basis("TO", &args.to, &session, context)?;
    if last.seq < first.seq {
        let failure = Failure::usage(format!("`{}` knows less than `{}`", args.to, args.from));
        return Err(failure.because(format!("it is known at {last}, the other at {first}")).hint("write the earlier point first"));
    }
    if args.of == Of::Events {
        return events(&args, first, (to, last), &session, context);
    }
    let causes = causes(&session, first, last)?;
    let (noun, keys) = args.of.report();
    let states = session.states_of(noun.wants())?;
    for basis in [&from, &to] {
        show::refuse_before_cut_over(&states, basis, args.of == Of::Edp)?;
    }
    let figures = |states: &States, basis: Basis| figures(&show::answer(noun, states, basis, context), keys, args.of);
    let before = figures(&states, from);
    let mut stages: Vec<(Cause, Figures)> = Vec::new();
    let middle = Basis { known_at: last.seq, ..from };
    for cause in [Cause::Restatement, Cause::Correction, Cause::Rule] {
        // What the ledger would say had it learnt no more than these.
        if causes.values().any(|known| *known == cause) {
            let keep = |entry: &Entry| entry.seq <= first.seq || causes.get(&entry.seq).is_some_and(|known| *known <= cause);
            stages.push((cause, figures(&replay::states_where(&session, last, context, keep)?, middle)));
        }
    }
    stages.push((Cause::Late, figures(&states, middle)));
    let between = Between::of(&from, &to);
    let mut rules = between.rules(&session, last)?;
    if !rules.is_empty() {
        // What the ledger would say, at the later of the two days, had nothing happened in between, and had only the rules changed.
        let without =
            |rules: bool| replay::states_where(&session, last, context, |entry| !between.holds(entry) || rules && says_a_rule(entry));
        let later = if between.forwards { to } else { middle };
        let [unruled, ruled] = [figures(&without(false)?, later), figures(&without(true)?, later)];
        if unruled == ruled {
            rules.clear();
        } else {
            let (one, other) = if between.forwards { (unruled, ruled) } else { (ruled, unruled) };
            stages.extend([(Cause::New, one), (Cause::Rule, other)]);
        }
    }
    stages.push((Cause::New, figures(&states, to)));
    let mut report = Report::new("diff", columns());
    let (rows, untold) = rows(&before, &stages);
    report.rows = rows;
    if !untold.is_empty() {
        report.notes.push(format!("told in one of the two answers only, and not compared: {}", untold.join(", ")));
    }
    report.heading = vec![format!("from {} to {}", pinned(&args.from, first, context), pinned(&args.to, last, context))];
    for (cause, name, _) in CAUSES {
        let mut events: BTreeSet<u64> = causes.iter().filter(|(_, known)| **known == cause).map(|(seq, _)| *seq).collect();
        events.extend(rules.iter().filter(|_| cause == Cause::Rule));
        if let (Some(one), Some(end)) = (events.first(), events.last()) {
            let to = if one == end { String::new() } else { format!(" to #{end}") };
            report.notes.push(format!("{}: {}, #{one}{to}", name.replace('_', " "), counted(events.len() as u64, "event")));
        }
    }
    report.incomplete = states.sources.lacks(&to);
    let asked = Asked { as_of: None, known_at: Some(args.to.clone()), stated_by: None, basis: to };
    let named = [("diff", pinned(&args.from, first, context)), ("to", pinned(&args.to, last, context)), ("of", show::noun(noun))];
    let named = named.map(|(key, text)| (key.to_owned(), text));
    let receipt = Receipt::new(&report, asked, BTreeMap::from(named), last, "diff/1");
    context.print(&report, &receipt)?;
    Ok(Exit::Done)
}

/// What is compared: two bases in words, and of what.
struct Chosen {
    from: String,
    to: String,
    of: Of,
}

impl Chosen {
    /// With --as-of both are points at that day.
    fn of(args: Args, head: Head, context: &Context) -> Result<Self, Failure> {
        let Some(day) = args.as_of else {
            return Ok(Self { from: args.from, to: args.to.unwrap_or_default(), of: args.of.unwrap_or(Of::Payouts) });
        };
        let of_close = ask::closed_month(&args.from).map(|_| Of::Events);
        let at = |point: &str| match ask::is_point(point, context.today()) {
            true => Ok(format!("{day}@{point}")),
            false => Err(Failure::usage(format!("`{point}` is no point of the ledger")).hint("with --as-of: #120, a hash b3:…, or a name")),
        };
        let to = args.to.map_or_else(|| Ok(format!("{day}@#{}", head.seq)), |to| at(&to))?;
        Ok(Self { from: at(&args.from)?, to, of: args.of.or(of_close).unwrap_or(Of::Payouts) })
    }
}

/// The columns of the list of events.
pub(super) fn columns_of_events() -> Vec<Column> {
    [vec![Column::new("posted", "Posted", Kind::Text)], log::columns()].concat()
}

/// What was recorded between two points and is dated up to a day; below it what it changes of the reports that were closed for that day.
fn events(args: &Chosen, first: Head, (to, last): (Basis, Head), session: &Session, context: &Context) -> Result<Exit, Failure> {
    let Some(before) = to.effective_before else {
        return Err(Failure::usage("--of events wants a day").hint("dealbook diff close-2026-03 --as-of 2026-03-31"));
    };
    let states = session.states()?;
    let shuts = states.closing.shuts(&states.book, last.seq);
    let mut report = Report::new("after-close", columns_of_events());
    for (entry, hash) in closed::dated_after(session, first, last.seq, before)? {
        let posted = shuts.posted(dated(&entry), entry.seq);
        report.rows.push([vec![Cell::text(closed::named(posted))], log::row(&entry, hash)].concat());
    }
    report.heading = vec![format!("from {} to {}", pinned(&args.from, first, context), pinned(&args.to, last, context))];
    for (noun, _) in closed::CLOSED {
        let now = show::answer(*noun, &states, to, context);
        let asked = closed::Asked { noun: *noun, whole: true, narrowed: false, basis: to };
        let beside = closed::beside(&now, &asked, (&states, session), |basis| Ok(show::answer(*noun, &states, basis, context)))?;
        report.notes.extend(beside::compared(&beside, now.name));
    }
    report.incomplete = states.sources.lacks(&to);
    let asked = Asked { as_of: None, known_at: Some(args.to.clone()), stated_by: None, basis: to };
    let named = [("diff", pinned(&args.from, first, context)), ("to", pinned(&args.to, last, context)), ("of", "events".to_owned())];
    let named = named.map(|(key, text)| (key.to_owned(), text));
    context.print(&report, &Receipt::new(&report, asked, BTreeMap::from(named), last, "diff/1"))?;
    Ok(Exit::Done)
}

/// The same basis, whatever is recorded after it.
fn pinned(text: &str, head: Head, context: &Context) -> String {
    let day = text.split_once('@').map_or(text, |(day, _)| day);
    if ask::is_point(day, context.today()) {
        format!("#{}", head.seq)
    } else {
        format!("{}@#{}", ask::absolute(day, context.today()), head.seq)
    }
}

/// Reads a basis: a day, a point, or a day and a point.
fn basis(name: &str, text: &str, session: &Session, context: &Context) -> Result<(Basis, Head), Failure> {
    let today = context.today();
    let (day, point) = match text.split_once('@') {
        Some((day, point)) => (Some(day), Some(point)),
        None if ask::is_point(text, today) => (None, Some(text)),
        None => (Some(text), None),
    };
    let effective_before = day.map(|day| ask::date(name, day, today)).transpose()?.map(|period| period.until);
    let head = match point {
        Some(point) => session.resolve(&ask::point(name, point, today)?)?,
        None => session.head(),
    };
    Ok((Basis { effective_before, known_at: head.seq, stated_before: None }, head))
}

/// Why each entry between two heads changes what is known: what says again what was not known before is of the same cause as that.
fn causes(session: &Session, first: Head, last: Head) -> Result<BTreeMap<u64, Cause>, Failure> {
    let mut causes: BTreeMap<u64, Cause> = BTreeMap::new();
    if first == last {
        return Ok(causes);
    }
    scan(session.source.read(first.seq + 1)?, first, Depth::Entries, |checked| {
        for entry in checked.entries.iter().filter(|entry| entry.seq <= last.seq && !entry.event.is_of_work()) {
            let of = |before: Option<u64>, otherwise: Cause| match before {
                Some(before) if before > first.seq => causes.get(&before).copied().unwrap_or(Cause::Late),
                Some(_) => otherwise,
                None => Cause::Late,
            };
            let signed = |entry: u64| match session.entry(entry) {
                Ok(Some(Entry { event: Event::EntryCorrected(_), .. })) => Cause::Correction,
                Ok(Some(entry)) if is_rule(&entry.event) => Cause::Rule,
                _ => Cause::Late,
            };
            let cause = match &entry.event {
                Event::SourceRestated(restated) => of(restated.replaces, Cause::Restatement),
                Event::EntryCorrected(corrected) => of(Some(corrected.entry), Cause::Correction),
                event if is_rule(event) => Cause::Rule,
                // What was known counts once it is signed, and changes what it would have changed then.
                event => of(signs(event), signs(event).map_or(Cause::Late, signed)),
            };
            causes.insert(entry.seq, cause);
        }
        Ok::<(), ScanError>(())
    })?;
    Ok(causes)
}

/// The entry that an event lets count.
fn signs(event: &Event) -> Option<u64> {
    match event {
        Event::EntryApproved(approved) => Some(approved.entry),
        Event::EntryConfirmed(confirmed) => Some(confirmed.entry),
        _ => None,
    }
}

/// Whether an event is a rule, or says who may sign one.
fn is_rule(event: &Event) -> bool {
    matches!(
        event,
        Event::PolicySet(_)
            | Event::CommitmentAmended(_)
            | Event::ProductDesignated(_)
            | Event::ProgrammeDefined(_)
            | Event::PersonRegistered(_)
    )
}

/// Whether an entry says a rule, anew or instead of another.
fn says_a_rule(entry: &Entry) -> bool {
    match &entry.event {
        Event::EntryCorrected(corrected) => corrected.replacement.as_ref().is_some_and(is_rule),
        event => is_rule(event),
    }
}

/// The time between the days of two bases.
#[derive(Clone, Copy)]
struct Between {
    from: Instant,
    until: Instant,
    /// Whether the second day is the later one.
    forwards: bool,
}

impl Between {
    fn of(one: &Basis, other: &Basis) -> Self {
        let [one, other] = [one, other].map(|basis| basis.effective_before.unwrap_or(Instant::from_micros(i64::MAX)));
        Self { from: one.min(other), until: one.max(other), forwards: one <= other }
    }

    /// Whether an entry takes effect in it. What lets another one count, or takes it back, has no day of its own; nor has who may sign.
    fn holds(&self, entry: &Entry) -> bool {
        let is_of_another = match &entry.event {
            Event::EntryCorrected(corrected) => corrected.replacement.is_none(),
            Event::PersonRegistered(_) => true,
            event => signs(event).is_some(),
        };
        (self.from..self.until).contains(&entry.effective_at) && !is_of_another
    }

    /// The rules that take effect in it, as far as they are known.
    fn rules(&self, session: &Session, known: Head) -> Result<BTreeSet<u64>, Failure> {
        let mut rules = BTreeSet::new();
        if self.from < self.until && known.seq > 0 {
            scan(session.source.read(1)?, Head::EMPTY, Depth::Entries, |checked| {
                let of_rules = checked.entries.iter().filter(|entry| entry.seq <= known.seq && self.holds(entry) && says_a_rule(entry));
                rules.extend(of_rules.map(|entry| entry.seq));
                Ok::<(), ScanError>(())
            })?;
        }
        Ok(rules)
    }
}

/// The amounts of a report, by what tells its rows apart.
fn figures(report: &Report, keys: &[&str], of: Of) -> Figures {
    let text = |row: &[Cell], name: &str| match report.column(name).map(|at| &row[at]) {
        Some(Cell::Text(text)) => text.clone(),
        Some(Cell::Count(count)) => count.to_string(),
        _ => String::new(),
    };
    let mut figures = Figures::new();
    for row in &report.rows {
        let subject = keys.iter().map(|key| text(row, key)).collect::<Vec<_>>().join(" ");
        for (column, cell) in report.columns.iter().zip(row) {
            if column.kind == Kind::Amount && of.compares(column.name) {
                let units = if let Cell::Amount(amount) = cell { Some(amount.units()) } else { None };
                figures.insert((subject.clone(), column.name.to_owned(), text(row, "currency")), units);
            }
        }
    }
    figures
}

/// A row for each figure that changed, or was changed on the way, and the figures that only one end tells. Each column is the difference that the
/// stages of its cause made to the one before, so a row sums exactly; a stage that does not tell a figure leaves it as it was.
fn rows(before: &Figures, stages: &[(Cause, Figures)]) -> (Vec<Vec<Cell>>, Vec<String>) {
    let all: BTreeSet<_> = before.keys().chain(stages.iter().flat_map(|(_, stage)| stage.keys())).collect();
    // Rounded steps would not sum to the change: what needs more than cents is written with more.
    let amount = |units: i128| {
        let (exact, cents) = (Amount::from_units(units), Amount::from_units(units).half_up(2));
        Cell::Amount(if cents == exact { cents } else { exact })
    };
    let (mut rows, mut untold) = (Vec::new(), Vec::new());
    for key in all {
        // Of a subject that is not there yet everything is nothing.
        let told = |stage: &Figures| stage.get(key).copied().unwrap_or(Some(0));
        let (subject, field, currency) = key;
        let ends = (told(before), stages.last().and_then(|(_, stage)| told(stage)));
        let (Some(before), Some(after)) = ends else {
            untold.extend(ends.0.or(ends.1).is_some_and(|units| units != 0).then(|| format!("{subject} {field}")));
            continue;
        };
        let (mut at, mut steps) = (before, CAUSES.map(|_| 0));
        for (cause, stage) in stages {
            if let Some(next) = told(stage) {
                steps[*cause as usize] += next - at;
                at = next;
            }
        }
        if steps.iter().any(|step| *step != 0) {
            let first = [Cell::text(subject), Cell::text(field), Cell::text(currency), amount(before)];
            rows.push(first.into_iter().chain(steps.map(amount)).chain([amount(after)]).collect());
        }
    }
    (rows, untold)
}
