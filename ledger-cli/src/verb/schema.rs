//! `dealbook schema`

use ledger_core::report::{Column, Report, schema_name};

use crate::context::Context;
use crate::failure::{Code, Exit, Failure};

/// JSON Schema of a report
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Its name, as in `dealbook show NAME`
    #[arg(value_name = "NAME", required_unless_present = "list")]
    pub(crate) name: Option<String>,
    /// List the names
    #[arg(long)]
    pub(crate) list: bool,
}

type Columns = fn() -> Vec<Column>;

/// Every report and its columns: one line each. A report that is not here has no published form.
const REPORTS: &[(&str, Columns)] = &[];

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let names = || REPORTS.iter().map(|(name, _)| *name);
    if args.list {
        names().try_for_each(|name| context.say(schema_name(name)))?;
        return Ok(Exit::Done);
    }
    let name = args.name.unwrap_or_default();
    let plain = name.trim_start_matches("dealbook/").trim_end_matches("/v1");
    let Some((name, columns)) = REPORTS.iter().find(|(known, _)| *known == plain) else {
        return Err(Failure::new(Code::E0301, format!("no report is named `{plain}`"))
            .suggest(plain, names())
            .hint("dealbook schema --list"));
    };
    context.say(format_args!("{:#}", Report::schema(name, &columns())))?;
    Ok(Exit::Done)
}
