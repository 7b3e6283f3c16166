//! `dealbook export`

mod beancount;
pub(super) mod claim;
mod fee_claim;
mod hledger;
mod ics;
mod ledgers;

use std::collections::BTreeMap;

use ledger_core::projection::Projection;
use ledger_core::projection::billing::books::trial_balance;
use ledger_core::projection::records;
use ledger_core::report::{Asked, Receipt};

use super::books::Books;
use super::show;
use crate::context::{Context, Reading};
use crate::failure::{Exit, Failure};
use crate::render::Format;
use crate::session::{Named, Session, Wanted};

/// Write what is known in a form that other programs read
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The form
    pub(crate) form: Form,
    /// Of fee-claim: only these agreements, a unique beginning is enough; of claim: the application, or the credit
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// Of ics: how far to look ahead (90d, 12w; default: 90d)
    #[arg(long, value_name = "TIME", value_parser = show::days)]
    pub(crate) within: Option<u64>,
    /// Of beancount and hledger: whose books, by account or name (default: the first party's)
    #[arg(long, value_name = "PARTY")]
    pub(crate) entity: Option<String>,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// Forms that other programs read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Form {
    /// What ends soon, as a calendar (iCalendar, RFC 5545)
    Ics,
    /// The books of a party, for Beancount, with balance assertions that the payouts make
    Beancount,
    /// The same, for hledger
    Hledger,
    /// What AWS charged too much for listing, with every event, file and row that shows it (CSV)
    FeeClaim,
    /// The evidence of an application: what was recorded in which order, as a document
    Claim,
}

pub(super) use fee_claim::columns as claim_columns;

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let unfit =
        |flag: &str, forms: &str| Err(Failure::usage(format!("{flag} does not fit this form")).hint(format!("{flag} goes with {forms}")));
    match (args.form, &args.entity, args.within) {
        (Form::Ics | Form::FeeClaim | Form::Claim, Some(_), _) => return unfit("--entity", "dealbook export beancount, and hledger"),
        (Form::Beancount | Form::Hledger | Form::FeeClaim | Form::Claim, _, Some(_)) => return unfit("--within", "dealbook export ics"),
        (Form::FeeClaim, ..) => return fee_claim::write(&args, context),
        (Form::Claim, ..) if args.ids.len() > 1 => return unfit("more than one ID", "dealbook export fee-claim"),
        (Form::Claim, ..) => return claim::run(args.ids.first().map(String::as_str), &args.reading, context),
        _ if !args.ids.is_empty() => return unfit("ID", "dealbook export fee-claim, and claim"),
        _ => (),
    }
    // Each of these is a form of its own. A file of text may hold any of them.
    if context.chosen_format().is_some_and(|format| format != Format::Table) {
        return unfit("a format, by -f or by the extension of -o,", "dealbook export fee-claim, and claim");
    }
    let session = Session::open(context)?;
    let (asked, head) = session.asked(&args.reading, context)?;
    let (text, receipt) = match args.form {
        Form::Ics => calendar(&args, &session, asked, head)?,
        Form::Beancount => books_in("beancount", &beancount::Beancount, &args, &session, asked, head, context)?,
        Form::Claim | Form::FeeClaim => unreachable!("each is written by itself"),
        Form::Hledger => books_in("hledger", &hledger::Hledger, &args, &session, asked, head, context)?,
    };
    // A calendar's lines end as RFC 5545 says, the last one too.
    context.say(text.trim_end_matches('\n'))?;
    receipt.footer().iter().for_each(|line| context.note(line));
    Ok(Exit::Done)
}

fn calendar(args: &Args, session: &Session, asked: Asked, head: ledger_core::chain::Head) -> Result<(String, Receipt), Failure> {
    let states = session.states_of(Wanted { billing: false, records: true })?;
    let view = states.records.at(asked.basis);
    let days = args.within.unwrap_or(show::SOON);
    let mut report = records::renewals(&view, days, &states.programmes.at(&view).ending());
    report.incomplete = states.sources.lacks(&asked.basis);
    let told = BTreeMap::from([("export".to_owned(), "ics".to_owned()), ("within".to_owned(), format!("{days}d"))]);
    let by = |projection: &dyn Projection| format!("{}/{}", projection.name(), projection.version());
    let projector = format!("{} {}", by(&states.records), by(&states.programmes));
    let calendar = ics::calendar(&report, view.until());
    Ok((calendar, Receipt::new(&report, asked, told, head, projector)))
}

/// The books of a party in a form, and the receipt of their trial balance.
fn books_in(
    name: &str,
    form: &dyn ledgers::Form,
    args: &Args,
    session: &Session,
    asked: Asked,
    head: ledger_core::chain::Head,
    context: &Context,
) -> Result<(String, Receipt), Failure> {
    let states = session.states_of(Wanted { billing: true, records: true })?;
    show::refuse_before_cut_over(&states, &asked.basis, false)?;
    let view = states.records.at(asked.basis);
    let names = Named::of(&view).with(&states.book);
    let books = Books::of(args.entity.as_deref(), &states, &view, asked.basis, context)?.posted(&states);
    let question = books.asked(&names, None);
    let mut report = trial_balance(&states.billing, question);
    report.incomplete = states.sources.lacks(&asked.basis);
    let told = BTreeMap::from([("export".to_owned(), name.to_owned()), ("entity".to_owned(), books.party.to_string())]);
    let receipt = Receipt { policies: books.policies(), ..Receipt::new(&report, asked, told, head, books.projector(&states)) };
    let mut behind = ledgers::Behind { hashes: session.hashes(head)?, by_hand: BTreeMap::new() };
    for seq in states.billing.confirmed(view.basis().known_at).entries() {
        behind.by_hand.extend(session.entry(seq)?.map(|entry| (seq, entry)));
    }
    Ok((ledgers::write(form, &states.billing, question, &receipt, &behind), receipt))
}
