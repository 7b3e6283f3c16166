//! `dealbook schema`

use std::collections::BTreeMap;

use chrono::NaiveDate;
use ledger_core::book::Book;
use ledger_core::fee;
use ledger_core::finding;
use ledger_core::projection::billing::{self, Billing, By, In, NoNames, Options};
use ledger_core::projection::edp;
use ledger_core::projection::programmes::{self, Incentives, Programmes};
use ledger_core::projection::records::{self, Records, View};
use ledger_core::projection::sources::{self, Sources};
use ledger_core::projection::usage::{self, Usage};
use ledger_core::report::{Column, Report, schema_name};
use ledger_core::schema::{event_schema, event_schema_name, event_types};
use ledger_core::time::Basis;

use super::show::GROUPED;
use super::{
    breaks, check, confirmations, copy, deal, diff, event, export, import, init, log, reconcile, replay, selftest, status, trace, verify,
    why,
};
use crate::context::Context;
use crate::failure::{Code, Exit, Failure};

/// JSON Schema of a report or of a type of event
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Its name, as in `dealbook show NAME`, or the event's type: invoice.issued
    #[arg(value_name = "NAME", required_unless_present = "list")]
    pub(crate) name: Option<String>,
    /// List the names
    #[arg(long)]
    pub(crate) list: bool,
}

type Columns = fn() -> Vec<Column>;

/// Every report and its columns: one line each. A report that is not here has no published form.
const REPORTS: &[(&str, Columns)] = &[
    ("after-close", diff::columns_of_events),
    ("agreements", || recorded(records::agreements)),
    ("approve", crate::desk::columns),
    ("authorizations", || recorded(records::authorizations)),
    ("cash", || billing::cash(&Billing::default(), NOTHING, NaiveDate::default(), &NoNames).columns),
    ("check", check::columns),
    ("break", breaks::columns_of_one),
    ("break-assigned", crate::desk::columns),
    ("break-resolved", crate::desk::columns),
    ("breaks", breaks::columns),
    ("confirmations", confirmations::columns),
    ("check-closed", check::closed::columns),
    ("check-duties", check::duties::columns),
    ("check-entries", check::journal_entries::columns),
    ("close", crate::desk::columns),
    ("reconcile", reconcile::columns),
    ("billings", || billing::billings(&Billing::default(), nobody()).columns),
    ("claim", export::claim::columns),
    ("copy", copy::columns),
    ("correct", crate::desk::columns),
    ("deal", deal::columns),
    ("deferral", || billing::deferral(&Billing::default(), nobody()).columns),
    ("deals", || recorded(records::deals)),
    ("diff", diff::columns),
    ("disbursements", || billing::disbursements(&Billing::default(), NOTHING, &NoNames).columns),
    ("edp", || {
        let (billing, book) = (Billing::default(), Book::default());
        edp::edp(&edp::Setting { view: &Records::default().at(NOTHING), billing: &billing, book: &book, names: &NoNames }).columns
    }),
    ("event", event::columns),
    ("fee-claim", export::claim_columns),
    ("fees", || fee::fees(&fee::Audit::default(), &Records::default().at(NOTHING)).columns),
    ("findings", || finding::findings(&[]).columns),
    ("gaps", || sources::gaps(&Sources::default(), &NOTHING).columns),
    ("import", import::columns),
    ("init", init::columns),
    ("incentives", || granted(programmes::incentives)),
    ("incentives-expected", || granted(programmes::incentives_expected)),
    ("incentives-missed", || granted(programmes::incentives_missed)),
    ("incentives-why", why::columns_of_figures),
    ("instalments", || records::instalments(&Records::default().at(NOTHING), &records::Feeds::default()).columns),
    ("invoices", || billing::invoices(&Billing::default(), NOTHING, &NoNames).columns),
    ("journal", || billing::books::journal(&Billing::default(), nobody()).columns),
    ("log", log::columns),
    ("offer-stats", || recorded(records::strategy)),
    ("offers", || recorded(records::offers)),
    ("openings", || billing::openings(&Billing::default(), NOTHING, &BTreeMap::new()).columns),
    ("payouts", || {
        let options = Options { by: By::Party, currency: In::Pricing, names: &NoNames };
        billing::payouts(&Billing::default(), NOTHING, options).columns
    }),
    ("privacy", check::privacy::columns),
    ("receivables", || billing::receivables(&Billing::default(), NOTHING, NaiveDate::default(), &NoNames).columns),
    ("record", crate::desk::columns),
    ("renewals", || records::renewals(&Records::default().at(NOTHING), 0, &[]).columns),
    ("replay", replay::columns),
    ("selftest", selftest::columns),
    ("sources", || sources::sources(&Sources::default(), &NOTHING).columns),
    ("spend", || billing::spend(&Billing::default(), &Records::default().at(NOTHING), &NoNames).columns),
    ("status", status::columns),
    ("steps", replay::step_columns),
    ("tax", || billing::tax(&Billing::default(), NOTHING, &[]).columns),
    ("against", verify::columns_against),
    ("trace", trace::columns),
    ("trial-balance", || billing::books::trial_balance(&Billing::default(), nobody()).columns),
    ("unbilled", || {
        usage::unbilled(&Usage::default(), &Records::default().at(NOTHING), &Billing::default(), NaiveDate::default(), &NoNames).columns
    }),
    ("verify", verify::columns),
    ("why", why::columns),
];

/// What is known of an empty ledger: the columns of a report do not depend on its rows.
const NOTHING: Basis = Basis { effective_before: None, known_at: 0, stated_before: None };

/// The books of nobody.
fn nobody() -> billing::books::Asked<'static> {
    let party = "000000000000".parse().expect("an account has 12 digits");
    billing::books::Asked::of(party, NOTHING, ledger_core::time::Instant::from_micros(0), &NoNames)
}

/// The columns of a report, in rows or in groups of rows.
fn columns_of(name: &str) -> Option<Vec<Column>> {
    let of = |name: &str| REPORTS.iter().find(|(known, _)| *known == name).map(|(_, columns)| columns());
    let grouped = || GROUPED.iter().any(|(_, known)| *known == name).then(|| of(name.strip_suffix("-by")?)).flatten();
    of(name).or_else(|| Some(Report::grouped_columns(&grouped()?, "GROUP")))
}

/// Every report that has a published form.
fn reports() -> impl Iterator<Item = &'static str> {
    REPORTS.iter().map(|(name, _)| *name).chain(GROUPED.iter().map(|(_, name)| *name))
}

fn granted(report: fn(&Incentives<'_>) -> Report) -> Vec<Column> {
    let (programmes, records) = (Programmes::default(), Records::default());
    report(&programmes.at(&records.at(NOTHING))).columns
}

fn recorded(report: fn(&View<'_>) -> Report) -> Vec<Column> {
    report(&Records::default().at(NOTHING)).columns
}

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let names = || reports().chain(event_types().iter().copied());
    if args.list {
        let all: Vec<String> = reports().map(schema_name).chain(event_types().iter().map(|name| event_schema_name(name))).collect();
        context.say(all.join("\n"))?;
        return Ok(Exit::Done);
    }
    let name = args.name.unwrap_or_default();
    let plain = name.strip_prefix("dealbook/").unwrap_or(&name);
    let plain = plain.strip_prefix("event/").unwrap_or(plain);
    let plain = plain.strip_suffix("/v1").unwrap_or(plain);
    let mut report = columns_of(plain).map(|columns| Report::schema(plain, &columns));
    if let Some(schema) = report.as_mut().filter(|_| plain == "status") {
        schema["properties"]["about"] = status::about();
    }
    let Some(schema) = report.or_else(|| event_schema(plain)) else {
        return Err(Failure::new(Code::E0301, format!("no report and no type of event is named `{plain}`"))
            .suggest(plain, names())
            .hint("dealbook schema --list"));
    };
    context.say(format_args!("{schema:#}"))?;
    Ok(Exit::Done)
}
