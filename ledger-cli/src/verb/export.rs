//! `dealbook export`

pub(super) mod claim;
mod ics;

use std::collections::BTreeMap;

use ledger_core::projection::Projection as _;
use ledger_core::projection::records;
use ledger_core::report::Receipt;

use super::show;
use crate::context::{Context, Reading};
use crate::failure::{Exit, Failure};
use crate::session::{Session, Wanted};

/// Write what is known in a form that other programs read
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The form
    pub(crate) form: Form,
    /// Of a claim: the application, or the credit
    pub(crate) id: Option<String>,
    /// How far to look ahead (90d, 12w; default: 90d)
    #[arg(long, value_name = "TIME", value_parser = show::days)]
    pub(crate) within: Option<u64>,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// Forms that other programs read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Form {
    /// What ends soon, as a calendar (iCalendar, RFC 5545)
    Ics,
    /// The evidence of an application: what was recorded in which order, as a document
    Claim,
}

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    match (args.form, &args.id) {
        (Form::Claim, id) => return claim::run(id.as_deref(), args.within.is_some(), &args.reading, context),
        (Form::Ics, Some(id)) => {
            return Err(Failure::usage(format!("a calendar is of everything, and not of `{id}`")).hint("dealbook export ics"));
        }
        (Form::Ics, None) => (),
    }
    let session = Session::open(context)?;
    let (asked, head) = session.asked(&args.reading, context)?;
    let states = session.states_of(Wanted { billing: false, records: true })?;
    let view = states.records.at(asked.basis);
    let days = args.within.unwrap_or(show::SOON);
    let mut report = records::renewals(&view, days);
    report.incomplete = states.sources.lacks(&asked.basis);
    let told = BTreeMap::from([("export".to_owned(), "ics".to_owned()), ("within".to_owned(), format!("{days}d"))]);
    let projector = format!("{}/{}", states.records.name(), states.records.version());
    let receipt = Receipt::new(&report, asked, told, head, projector);
    let calendar = ics::calendar(&report, view.until());
    // A calendar's lines end as RFC 5545 says, the last one too.
    context.say(calendar.trim_end_matches('\n'))?;
    receipt.footer().iter().for_each(|line| context.note(line));
    Ok(Exit::Done)
}
