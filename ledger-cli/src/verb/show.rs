//! `dealbook show`

mod by;
mod leads;
mod narrow;

use std::collections::BTreeMap;
use std::mem::take;
use std::path::PathBuf;

use chrono::NaiveDate;
use ledger_core::book;
use ledger_core::chain::Head;
use ledger_core::fee;
use ledger_core::finding::{self, Finding};
use ledger_core::money::{Amount, Currency};
use ledger_core::projection::Projection;
use ledger_core::projection::billing::{self, In, Options, Pending};
use ledger_core::projection::edp;
use ledger_core::projection::programmes;
use ledger_core::projection::records::{self, View};
use ledger_core::projection::sources;
use ledger_core::projection::usage;
use ledger_core::report::{Asked, Receipt, Report};
use ledger_core::time::{Basis, Instant, Period};

use self::by::grouped;
pub(super) use self::by::{By, GROUPED};
pub(super) use self::leads::Leads;
pub(super) use self::narrow::narrow;
use self::narrow::refuse_unknown;
use super::suppose::suppose;
use super::{books, closed, why};
use crate::ask::{self, Query, Wants, Word};
use crate::context::{Context, Reading};
use crate::failure::{Code, Exit, Failure};
use crate::session::{Named, Session, States, Wanted};

/// Payouts, deals, invoices and more, at any date
///
/// Query words after the noun narrow it: `show invoices buyer:globex date:2026Q1` (dealbook help query).
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What to show
    pub(crate) noun: Noun,
    /// Query words; for an event its position or the beginning of its hash
    #[arg(value_name = "QUERY")]
    pub(crate) query: Vec<String>,
    /// Group by KEY
    #[arg(long, value_name = "KEY")]
    pub(crate) by: Option<By>,
    /// Of payouts: in the currency of the price, or in the currency that is paid out
    #[arg(long = "in", value_name = "WHICH", default_value = "pricing", hide_default_value = true)]
    pub(crate) currency: Which,
    /// Of sources: every expected month and whether its file came
    #[arg(long)]
    pub(crate) gaps: bool,
    /// Of offers: what became of them, by market segment and kind
    #[arg(long)]
    pub(crate) stats: bool,
    /// Of incentives: what was expected of each application, and what was granted
    #[arg(long)]
    pub(crate) expected: bool,
    /// Of incentives: deals that fit a programme, and for which nobody applied
    #[arg(long)]
    pub(crate) missed: bool,
    /// By which rule and which events each figure and state is as it is
    #[arg(long)]
    pub(crate) why: bool,
    /// What if: events of FILE are supposed as well, one intent a line as for `record`; nothing is recorded
    #[arg(long = "if", value_name = "FILE")]
    pub(crate) supposed: Option<PathBuf>,
    /// Of billings: each line spread over the days it was billed for
    #[arg(long)]
    pub(crate) deferral: bool,
    /// Of trial-balance: what came after a close counts in the first month that was open then
    #[arg(long)]
    pub(crate) posted: bool,
    /// Of journal, trial-balance, billings: whose books, by account or name (default: the first party's)
    #[arg(long, value_name = "PARTY")]
    pub(crate) entity: Option<String>,
    /// Of renewals: how far to look ahead (90d, 12w; default: 90d)
    #[arg(long, value_name = "TIME", value_parser = days)]
    pub(crate) within: Option<u64>,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

impl Args {
    /// How payouts are asked for.
    pub(super) fn payouts<'a>(&self, names: &'a dyn billing::Names) -> Options<'a> {
        let by = match self.by.unwrap_or(By::Party) {
            By::Party => billing::By::Party,
            By::Product => billing::By::Product,
            By::Buyer => billing::By::Buyer,
            By::Agreement => billing::By::Agreement,
            By::Month => billing::By::Month,
        };
        Options { by, currency: self.currency.unit(), names }
    }

    /// A noun, without any flag.
    pub(super) fn of(noun: Noun, reading: Reading) -> Self {
        Self {
            noun,
            query: Vec::new(),
            by: None,
            currency: Which::Pricing,
            gaps: false,
            stats: false,
            expected: false,
            missed: false,
            why: false,
            supposed: None,
            deferral: false,
            posted: false,
            entity: None,
            within: None,
            reading,
        }
    }
}

/// How many days are soon, when nothing else is said.
pub(super) const SOON: u64 = 90;

/// `90d`, `12w`: so many days.
pub(super) fn days(text: &str) -> Result<u64, String> {
    let unit = match text.chars().last() {
        Some('d') => 1,
        Some('w') => 7,
        _ => return Err("write days or weeks: 90d, 12w".to_owned()),
    };
    let count = text[..text.len() - 1].parse::<u64>().ok().filter(|count| *count <= 36_525);
    count.map(|count| count * unit).ok_or_else(|| "write days or weeks: 90d, 12w".to_owned())
}

/// What can be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Noun {
    /// What each party is owed, has collected and was paid
    Payouts,
    /// Each deal from offer to disbursement
    Deals,
    /// One deal as a timeline, from the authorization to the last payout
    Deal,
    /// Offers
    #[value(alias = "offer")]
    Offers,
    /// Resale authorizations
    #[value(alias = "authorization")]
    Authorizations,
    /// Agreements
    #[value(alias = "agreement")]
    Agreements,
    /// What ends soon, and what follows it
    #[value(alias = "renewal")]
    Renewals,
    /// Invoices, with the status of each line
    #[value(alias = "invoice")]
    Invoices,
    /// Disbursements and what each is made of
    #[value(alias = "disbursement")]
    Disbursements,
    /// What payment schedules plan, and the invoices it became
    #[value(alias = "instalment")]
    Instalments,
    /// What was invoiced and not collected, by age
    Receivables,
    /// What will be paid out when, by terms and by how long buyers and AWS took so far
    Cash,
    /// What was used or is due and has no invoice yet, and how far estimates were off
    Unbilled,
    /// What buyers were invoiced, by cost centre
    Spend,
    /// How far commitments to AWS are retired, contract year by contract year
    Edp,
    /// What AWS charged for listing, line by line, against the rate card
    #[value(alias = "fee")]
    Fees,
    /// Taxes by who remits them and where, tied to the tax shares: `show tax 2026Q1`
    #[value(alias = "taxes")]
    Tax,
    /// What a party billed, line by line
    #[value(alias = "billing")]
    Billings,
    /// The double-entry books of one party: what happened
    Journal,
    /// The double-entry books of one party: what each account stands at
    TrialBalance,
    /// Credits of programmes: granted, applied, expired, revoked, left, at risk
    #[value(alias = "incentive")]
    Incentives,
    /// Balances from before the ledger began, and whether they count
    #[value(alias = "opening")]
    Openings,
    /// Imported files, with digests, rows and control totals
    #[value(alias = "source")]
    Sources,
    /// What broke a rule
    #[value(alias = "finding")]
    Findings,
    /// What counterparties answered to their statements: confirmed, differs, open
    #[value(alias = "confirmation")]
    Confirmations,
    /// One event
    Event,
}

/// Which of a row's two amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum Which {
    /// In the currency of the price
    Pricing,
    /// In the currency that is paid out
    Disbursement,
}

impl Which {
    pub(super) const fn unit(self) -> In {
        match self {
            Self::Pricing => In::Pricing,
            Self::Disbursement => In::Disbursement,
        }
    }
}

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    refuse_unfit(&args)?;
    match args.noun {
        Noun::Event => return super::event::show(&args.query, &args.reading, context),
        Noun::Deal => return super::deal::show(&args.query, &args.reading, context),
        Noun::Confirmations => return super::confirmations::show(&args.query, &args.reading, context),
        _ => (),
    }
    let (query, periods) = periods(args.noun, Query::parse(&dated(&args, context), context.today())?);
    let session = Session::open(context)?;
    let (asked, head) = session.asked(&args.reading, context)?;
    let mut arguments = arguments(&args, context.today());
    // What rows lead to stands in the records, and of products in the bills.
    let leads = args.by.is_some() || !query.words.is_empty();
    let wants = args.noun.wants();
    let wants = Wanted { billing: wants.billing || wants.records && leads, records: wants.records || leads };
    let mut heading = None;
    let mut answered = asked.clone();
    let states = match &args.supposed {
        None => session.states_of(wants)?,
        Some(path) => {
            let supposed = suppose(path, (asked.clone(), head), wants, &session, context)?;
            arguments.insert("if".to_owned(), supposed.digest.to_string());
            (heading, answered) = (Some(supposed.heading), supposed.asked);
            supposed.states
        }
    };
    refuse_before_cut_over(&states, &answered.basis, args.noun == Noun::Edp)?;
    if args.posted {
        answered.basis = books::as_posted(&states, answered.basis);
    }
    let view = states.records.at(answered.basis);
    let (entity, query) = books::named(&args, query)?;
    let question = Question { args: &args, query, periods, entity };
    let (mut report, projector, books) = question.rows(&states, &view, &answered, context)?;
    if report.rows.is_empty() && books.is_none() {
        let basis = Basis { known_at: answered.basis.known_at, ..Basis::at(u64::MAX) };
        let (view, asked) = (states.records.at(basis), Asked { basis, ..answered.clone() });
        refuse_unknown(
            &self::report(&args, &[], &states, &view, &asked, context).0,
            &question.query,
            args.noun,
            &view,
            &Leads::new(&view, &states.billing),
        )?;
    }
    if args.why {
        // What statistics count are the offers, each as it stands.
        let listed = if args.stats { records::offers(&view) } else { report };
        let ids = why::called(&listed);
        if args.noun == Noun::Incentives {
            let all = states.programmes.at(&view);
            let parts = match &args {
                Args { expected: true, .. } => programmes::why_expected(&all, &ids),
                Args { missed: true, .. } => programmes::why_missed(&all, &ids),
                _ => programmes::why(&all, &ids),
            };
            return print(why::figures(&parts, &session)?, asked, head, arguments, projector, &states, context);
        }
        let names = Named::of(&view).with(&states.book);
        let reasons = match &books {
            Some(books) => Some(books.why(&states, &names, &ids)),
            None => why::reasons(&args, &edp::Setting { view: &view, billing: &states.billing, book: &states.book, names: &names }, &ids),
        };
        let mut reasons = reasons.unwrap_or_default();
        let confirmed = states.billing.confirmed(answered.basis.known_at);
        reasons.iter_mut().for_each(|reason| reason.events = confirmed.beside(take(&mut reason.events)));
        let mut report = why::report(&reasons, &session)?;
        report.heading.splice(0..0, books.iter().flat_map(|books| books.heading(&names)));
        report.heading.splice(0..0, heading);
        let policies = books.iter().flat_map(books::Books::policies).collect();
        arguments.extend(books.iter().map(|books| ("entity".to_owned(), books.party.to_string())));
        return print_under(policies, report, asked, head, arguments, projector, &states, context);
    }
    report = question.summed_up(report, &states, &view)?;
    report.heading.splice(0..0, heading);
    // What is supposed was closed by nobody, and what is posted is what was closed.
    if args.supposed.is_none() && !args.posted {
        let (whole, narrowed) = (arguments.len() == 1, !question.query.words.is_empty());
        let asked = closed::Asked { noun: args.noun, whole, narrowed, basis: answered.basis };
        report.closed = closed::beside(&report, &asked, (&states, &session), |basis| {
            let (view, asked) = (states.records.at(basis), Asked { basis, ..answered.clone() });
            question.summed_up(question.rows(&states, &view, &asked, context)?.0, &states, &view)
        })?;
    }
    let mut policies = BTreeMap::new();
    if let Some(books) = &books {
        arguments.insert("entity".to_owned(), books.party.to_string());
        policies = books.policies();
    }
    print_under(policies, report, asked, head, arguments, projector, &states, context)
}

/// A question as it was put, which can be asked at one basis and at another.
struct Question<'a> {
    args: &'a Args,
    query: Query,
    periods: Vec<Period>,
    entity: Option<String>,
}

impl Question<'_> {
    /// The rows that are asked for, the projection they are made of, and the books, where they are of some.
    fn rows(
        &self,
        states: &States,
        view: &View<'_>,
        asked: &Asked,
        context: &Context,
    ) -> Result<(Report, String, Option<books::Books>), Failure> {
        let noun = self.args.noun;
        let books = match noun.is_of_books() {
            true => {
                let books = books::Books::of(self.entity.as_deref(), states, view, asked.basis, context)?;
                Some(if noun == Noun::Journal { books.posted(states) } else { books })
            }
            false => None,
        };
        let (report, projector) = match &books {
            Some(books) => (books.report(self.args, states, &Named::of(view), self.query.span()), books.projector(states)),
            None => report(self.args, &self.periods, states, view, asked, context),
        };
        let mut report = narrow(report, &self.query, noun, &Leads::new(view, &states.billing))?;
        if report.name == "incentives" {
            report.notes.splice(0..0, programmes::conservation(&report));
        }
        Ok((report, projector, books))
    }

    /// The rows in groups, where groups are asked for.
    fn summed_up(&self, report: Report, states: &States, view: &View<'_>) -> Result<Report, Failure> {
        match self.args.by.filter(|_| self.args.noun != Noun::Payouts) {
            Some(by) => grouped(&report, by, self.args.noun, &Leads::new(view, &states.billing)),
            None => Ok(report),
        }
    }
}

/// The words of a query. Of taxes a bare word may be a period: `show tax 2026Q1` is `show tax date:2026Q1`.
fn dated(args: &Args, context: &Context) -> Vec<String> {
    let year = |word: &str| word.len() > 4 && word.bytes().take(4).all(|byte| byte.is_ascii_digit());
    let is_meant = |word: &str| Period::parse(word, context.today()).is_ok() || year(word) && b"-/.Q".contains(&word.as_bytes()[4]);
    args.query.iter().map(|word| if args.noun == Noun::Tax && is_meant(word) { format!("date:{word}") } else { word.clone() }).collect()
}

/// Takes the periods out of a query about taxes: they choose invoices, and a row sums many.
fn periods(noun: Noun, mut query: Query) -> (Query, Vec<Period>) {
    let period = |word: &Word| match word {
        Word { not: false, wants: Wants::Within(period) } if noun == Noun::Tax => Some(*period),
        _ => None,
    };
    let periods = query.words.iter().filter_map(period).collect();
    query.words.retain(|word| period(word).is_none());
    (query, periods)
}

/// Prints a report that no policy has a part in.
pub(super) fn print(
    report: Report,
    asked: Asked,
    head: Head,
    args: BTreeMap<String, String>,
    projector: String,
    states: &States,
    context: &Context,
) -> Result<Exit, Failure> {
    print_under(BTreeMap::new(), report, asked, head, args, projector, states, context)
}

/// Prints a report with its receipt, headed by what it lacks.
#[expect(clippy::too_many_arguments, reason = "each of them is part of the receipt")]
fn print_under(
    policies: BTreeMap<String, String>,
    mut report: Report,
    asked: Asked,
    head: Head,
    args: BTreeMap<String, String>,
    projector: String,
    states: &States,
    context: &Context,
) -> Result<Exit, Failure> {
    let basis = asked.basis;
    report.incomplete = states.sources.lacks(&basis);
    if args_of_money(&report) {
        report.notes.extend(pending(&states.billing.pending(&basis)));
    }
    if report.name.starts_with("incentives") {
        let view = states.records.at(basis);
        let waiting = states.programmes.at(&view).pending().collect::<Vec<_>>();
        report.notes.extend(waits(waiting));
    }
    if report.name.starts_with("edp") {
        report.notes.extend(waits(edp::pending(&states.records.at(basis), &states.book, None)));
    }
    let receipt = Receipt { policies, ..Receipt::new(&report, asked, args, head, projector) };
    // People get one line, and where to look; the receipt has what is lacking, one by one.
    let gaps_alone = report.incomplete.len() == 1 && !states.sources.gaps(basis.known_at).is_empty();
    let look = if gaps_alone { "dealbook show sources --gaps" } else { "dealbook status" };
    if !report.incomplete.is_empty() {
        report.incomplete = vec![format!("{} ({look})", report.incomplete.join(", "))];
    }
    context.print(&report, &receipt)?;
    Ok(Exit::Done)
}

/// Whether a report is of money that counts.
fn args_of_money(report: &Report) -> bool {
    ["payouts", "invoices", "disbursements", "receivables", "cash", "spend"].iter().any(|name| report.name.starts_with(name))
}

/// What waits for its approvals, and is in no figure: a line for each currency.
pub(super) fn pending(all: &[Pending]) -> Vec<String> {
    waits(all.iter().map(|waits| (waits.seq, waits.amount, waits.currency)))
}

pub(super) fn waits(all: impl IntoIterator<Item = (u64, Amount, Currency)>) -> Vec<String> {
    let mut sums: BTreeMap<Currency, (i128, Vec<String>)> = BTreeMap::new();
    for (seq, amount, currency) in all {
        let (sum, entries) = sums.entry(currency).or_default();
        *sum += amount.units();
        entries.push(format!("#{seq}"));
    }
    let line = |(currency, (sum, entries)): (Currency, (i128, Vec<String>))| {
        format!("pending approval, and in no figure: {} {currency} ({})", Amount::from_units(sum).half_up(2), entries.join(", "))
    };
    sums.into_iter().map(line).collect()
}

/// A balance that was brought forward is not known before its cut-over: who asks for an earlier day is told.
///
/// What had been counted of a commitment is of `commitments` alone.
pub(super) fn refuse_before_cut_over(states: &States, basis: &Basis, commitments: bool) -> Result<(), Failure> {
    let mut missed = states.billing.not_yet(basis);
    if commitments {
        let view = states.records.at(*basis);
        let names = Named::of(&view);
        missed.extend(edp::Setting { view: &view, billing: &states.billing, book: &states.book, names: &names }.not_yet());
    }
    missed.extend(states.programmes.not_yet(basis).into_iter().filter(|grant| !missed.contains(grant)).collect::<Vec<_>>());
    let Some((_, cut_over)) = missed.iter().max_by_key(|(_, cut_over)| *cut_over) else { return Ok(()) };
    let items: Vec<String> = missed.iter().take(5).map(|(item, cut_over)| format!("{item} begins at {cut_over}")).collect();
    let failure = Failure::new(Code::E0422, "the ledger does not know that day yet").because(items.join("; "));
    Err(failure.hint(format!("ask for {} or a later day", cut_over.day())))
}

/// The report of a noun at a basis, as it is without any flag.
pub(super) fn answer(of: Noun, states: &States, basis: Basis, context: &Context) -> Report {
    if of == Noun::TrialBalance {
        return books::Books::every_trial_balance(states, basis, context);
    }
    let view = states.records.at(basis);
    let asked = Asked { as_of: None, known_at: None, stated_by: None, basis };
    report(&Args::of(of, Reading::default()), &[], states, &view, &asked, context).0
}

/// The report, and the projection it is made of.
fn report(args: &Args, periods: &[Period], states: &States, view: &View<'_>, asked: &Asked, context: &Context) -> (Report, String) {
    let basis = asked.basis;
    let names = Named::of(view).with(&states.book);
    let by = |projection: &dyn Projection| format!("{}/{}", projection.name(), projection.version());
    let (money, record, source) = (by(&states.billing), by(&states.records), by(&states.sources));
    // ADR 0006: no date means the day of the last entry that is known, never the reader's own.
    let last = || view.until().map_or_else(|| context.today(), |until| Instant::from_micros(until.micros() - 1).day());
    let of_both = format!("{record} {}", by(&states.programmes));
    match args.noun {
        Noun::Payouts => (billing::payouts(&states.billing, basis, args.payouts(&names)), money),
        Noun::Invoices => (billing::invoices(&states.billing, basis, &names), money),
        Noun::Disbursements if args.by.is_some_and(|by| by.key().is_some()) => {
            (billing::disbursements_in_parts(&states.billing, basis, &names), money)
        }
        Noun::Disbursements => (billing::disbursements(&states.billing, basis, &names), money),
        Noun::Instalments => (records::instalments(view, &states.billing.invoiced(basis)), format!("{money} {record}")),
        Noun::Edp => {
            (edp::edp(&edp::Setting { view, billing: &states.billing, book: &states.book, names: &names }), format!("{money} {record}"))
        }
        Noun::Spend => (billing::spend(&states.billing, view, &names), format!("{money} {record}")),
        Noun::Fees => {
            let audit = fee::audit(&states.billing, view, &states.book.rate_cards(basis.known_at));
            (fee::fees(&audit, view), format!("{money} {record} {}", by(&states.book)))
        }
        Noun::Tax => (billing::tax(&states.billing, basis, periods), money),
        Noun::Openings => {
            let setting = edp::Setting { view, billing: &states.billing, book: &states.book, names: &names };
            (billing::openings(&states.billing, basis, &setting.detailed()), money)
        }
        Noun::Incentives => {
            let all = states.programmes.at(view);
            let report = match args {
                Args { expected: true, .. } => programmes::incentives_expected(&all),
                Args { missed: true, .. } => programmes::incentives_missed(&all),
                _ => programmes::incentives(&all),
            };
            (report, format!("{} {record}", by(&states.programmes)))
        }
        Noun::Receivables => (billing::receivables(&states.billing, basis, last(), &names), money),
        Noun::Cash => (billing::cash(&states.billing, basis, last(), &names), money),
        Noun::Unbilled => {
            (usage::unbilled(&states.usage, view, &states.billing, last(), &names), format!("{money} {record} {}", by(&states.usage)))
        }
        Noun::Deals => (records::deals(view), record),
        Noun::Offers if args.stats => (records::strategy(view), record),
        Noun::Offers => (records::offers(view), record),
        Noun::Authorizations => (records::authorizations(view), record),
        Noun::Agreements => (records::agreements(view), record),
        Noun::Renewals => (records::renewals(view, args.within.unwrap_or(SOON), &states.programmes.at(view).ending()), of_both),
        Noun::Sources if args.gaps => (sources::gaps(&states.sources, &basis), source),
        Noun::Sources => (sources::sources(&states.sources, &basis), source),
        Noun::Findings => {
            (finding::findings(&findings(states, view, billing::findings(&states.billing, basis))), format!("{money} {record} {source}"))
        }
        Noun::Billings | Noun::Journal | Noun::TrialBalance => unreachable!("books are of one party"),
        Noun::Event | Noun::Deal | Noun::Confirmations => unreachable!("each is shown by itself"),
    }
}

/// Everything that is out of the ordinary, whichever state sees it.
pub(super) fn findings(states: &States, view: &View<'_>, of_money: Vec<Finding>) -> Vec<Finding> {
    let (broken, orders) = (book::audit(&states.book, view), book::purchase_orders(view, &states.billing));
    let of_programmes = states.programmes.at(view).findings();
    let all = states.sources.findings(&view.basis()).into_iter().chain(view.findings()).chain(broken).chain(of_money).chain(orders);
    all.chain(of_programmes).chain(edp::findings(view)).collect()
}

impl Noun {
    /// The states that it is made of.
    pub(super) fn wants(self) -> Wanted {
        match self {
            Self::Payouts
            | Self::Invoices
            | Self::Disbursements
            | Self::Receivables
            | Self::Cash
            | Self::Unbilled
            | Self::Instalments
            | Self::Spend
            | Self::Edp
            | Self::Fees
            | Self::Tax
            | Self::Openings
            | Self::Billings
            | Self::Journal
            | Self::TrialBalance
            | Self::Findings => Wanted { billing: true, records: true },
            Self::Deals | Self::Offers | Self::Authorizations | Self::Agreements | Self::Renewals | Self::Incentives => {
                Wanted { billing: false, records: true }
            }
            Self::Sources | Self::Event | Self::Deal | Self::Confirmations => Wanted { billing: false, records: false },
        }
    }

    /// Whether it is asked of one party's books.
    pub(super) fn is_of_books(self) -> bool {
        matches!(self, Self::Billings | Self::Journal | Self::TrialBalance)
    }
}

/// A flag that the noun has no use for is a misunderstanding.
fn refuse_unfit(args: &Args) -> Result<(), Failure> {
    let unfit = |flag: &str, nouns: &str| {
        Err(Failure::usage(format!("{flag} does not fit `show {}`", noun(args.noun))).hint(format!("{flag} goes with {nouns}")))
    };
    match args {
        Args { gaps: true, noun, .. } if *noun != Noun::Sources => unfit("--gaps", "show sources"),
        Args { stats: true, noun, .. } if *noun != Noun::Offers => unfit("--stats", "show offers"),
        Args { by: Some(_), stats: true, .. } => unfit("--by", "show offers without --stats, among others"),
        Args { expected: true, noun, .. } if *noun != Noun::Incentives => unfit("--expected", "show incentives"),
        Args { missed: true, noun, .. } if *noun != Noun::Incentives => unfit("--missed", "show incentives"),
        Args { expected: true, missed: true, .. } => unfit("--missed", "show incentives without --expected"),
        Args { by: Some(_), expected: true, .. } | Args { by: Some(_), missed: true, .. } => unfit("--by", "the credits themselves"),
        Args { why: true, noun, .. } if !why::tells(*noun) => {
            let nouns = "show deals, offers, authorizations, agreements, renewals, instalments, spend, payouts, edp, incentives, fees and trial-balance";
            unfit("--why", nouns)
        }
        Args { why: true, by: Some(_), noun, .. } if *noun != Noun::Payouts => unfit("--why", "rows that are not summed up, and payouts"),
        Args { within: Some(_), noun, .. } if *noun != Noun::Renewals => unfit("--within", "show renewals"),
        Args { deferral: true, noun, .. } if *noun != Noun::Billings => unfit("--deferral", "show billings"),
        Args { posted: true, noun, .. } if *noun != Noun::TrialBalance => unfit("--posted", "show trial-balance"),
        Args { entity: Some(_), noun, .. } if !noun.is_of_books() => {
            unfit("--entity", "show journal, show trial-balance and show billings")
        }
        Args { by: Some(_), gaps: true, .. } => unfit("--by", "show sources without --gaps, among others"),
        Args { currency: Which::Disbursement, noun, .. } if *noun != Noun::Payouts => unfit("--in", "show payouts"),
        _ => Ok(()),
    }
}

pub(super) fn noun(noun: Noun) -> String {
    let value = clap::ValueEnum::to_possible_value(&noun);
    value.map(|value| value.get_name().to_owned()).unwrap_or_default()
}

/// What was asked, for the receipt: everything that changes the data, and nothing that does not.
fn arguments(args: &Args, today: NaiveDate) -> BTreeMap<String, String> {
    let mut asked = BTreeMap::from([("show".to_owned(), noun(args.noun))]);
    let mut add = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            asked.insert(key.to_owned(), value);
        }
    };
    // Which party's books are meant, the entity says.
    let is_told = |word: &&String| !(args.noun.is_of_books() && word.starts_with("party:"));
    let query: Vec<String> = args.query.iter().filter(is_told).map(|word| ask::absolute(word, today)).collect();
    add("query", (!query.is_empty()).then(|| ask::joined(&query)));
    add("by", args.by.and_then(|by| Some(clap::ValueEnum::to_possible_value(&by)?.get_name().to_owned())));
    add("in", (args.currency == Which::Disbursement).then(|| "disbursement".to_owned()));
    add("within", (args.noun == Noun::Renewals).then(|| format!("{}d", args.within.unwrap_or(SOON))));
    add("stats", args.stats.then(|| "true".to_owned()));
    add("deferral", args.deferral.then(|| "true".to_owned()));
    add("expected", args.expected.then(|| "true".to_owned()));
    add("posted", args.posted.then(|| "true".to_owned()));
    add("missed", args.missed.then(|| "true".to_owned()));
    add("why", args.why.then(|| "true".to_owned()));
    add("gaps", args.gaps.then(|| "true".to_owned()));
    asked
}
