//! A bank's list of what arrived, as the person who keeps it saves it: trace id, value date, amount, currency. The columns are ours.

use super::{Column, Line, Listed, Row, Side, Statement, Subject, Told, kept, needed};

use crate::document;
use crate::time::Period;

pub(super) struct Bank;

const TRACE: usize = 0;
const DATE: usize = 1;
const AMOUNT: usize = 2;
const CURRENCY: usize = 3;
const RECIPIENT: usize = 4;

const COLUMNS: &[Column] = &[
    needed(&["trace_id", "bank_trace_id", "trace"]),
    needed(&["value_date"]),
    needed(&["amount"]),
    needed(&["currency"]),
    kept(&["recipient", "aws_account_id"]),
];

impl Statement for Bank {
    fn name(&self) -> &'static str {
        "bank"
    }

    fn title(&self) -> &'static str {
        "bank statement"
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn is_loose(&self) -> bool {
        true
    }

    /// A bank has other customers' transfers too: what has no trace id is none of AWS's, whatever else it says.
    fn read<'a>(&self, row: &Row<'a>) -> Option<Told<'a>> {
        if row.text(TRACE).is_none() {
            let whose = row.layout.whose.or_else(|| row.text(RECIPIENT)?.parse().ok());
            let month = row.text(DATE).and_then(|text| document::moment(text).ok()).and_then(Period::month_of).map(|month| month.from);
            let currency = row.text(CURRENCY).and_then(|text| text.parse().ok());
            let why = "without a trace id";
            return Some(match (whose, month, currency) {
                (Some(scope), Some(month), Some(currency)) => {
                    Told::Listed(why, Listed { side: Side::Bank, subject: Subject::Deposit, scope, month, currency })
                }
                _ => Told::Other(why, None),
            });
        }
        let (arrived, amount, currency) = (row.month_of(DATE), row.cost(AMOUNT), row.currency(CURRENCY));
        let scope = row.whose(RECIPIENT, row.account(RECIPIENT));
        let (date, month) = arrived?;
        let mut line = Line::of(Side::Bank, Subject::Deposit, (scope?, month), "deposit", (amount?, currency?));
        line.date = Some(date);
        line.trace = row.id(TRACE);
        line.item = row.text(TRACE).map(str::to_owned);
        Some(Told::Line(Box::new(line)))
    }
}
