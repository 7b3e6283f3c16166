//! What the rows of a report are grouped by: what they tell, or what they lead to.

use ledger_core::report::{Cell, Report};

use super::leads::{self, Leads};
use super::narrow::words_in;
use super::{Noun, noun};
use crate::ask::Key;
use crate::failure::Failure;

/// What to group by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum)]
pub(crate) enum By {
    /// AWS account of the seller
    Party,
    /// Product
    Product,
    /// Buyer
    Buyer,
    /// Agreement
    Agreement,
    /// Calendar month in UTC
    Month,
}

/// The reports that can be grouped, and what each is called then. Payouts are summed up by their projection, which knows more.
pub(in crate::verb) const GROUPED: &[(Noun, &str)] = &[
    (Noun::Deals, "deals-by"),
    (Noun::Offers, "offers-by"),
    (Noun::Authorizations, "authorizations-by"),
    (Noun::Agreements, "agreements-by"),
    (Noun::Renewals, "renewals-by"),
    (Noun::Invoices, "invoices-by"),
    (Noun::Disbursements, "disbursements-by"),
    (Noun::Instalments, "instalments-by"),
    (Noun::Fees, "fees-by"),
    (Noun::Tax, "tax-by"),
    (Noun::Receivables, "receivables-by"),
    (Noun::Cash, "cash-by"),
    (Noun::Unbilled, "unbilled-by"),
    (Noun::Spend, "spend-by"),
    (Noun::Openings, "openings-by"),
    (Noun::Billings, "billings-by"),
    (Noun::Billings, "deferral-by"),
    (Noun::Journal, "journal-by"),
    (Noun::Incentives, "incentives-by"),
    (Noun::Sources, "sources-by"),
    (Noun::Findings, "findings-by"),
];

impl By {
    fn title(self) -> &'static str {
        match self {
            Self::Party => "PARTY",
            Self::Product => "PRODUCT",
            Self::Buyer => "BUYER",
            Self::Agreement => "AGREEMENT",
            Self::Month => "MONTH",
        }
    }

    /// The columns that tell it: the first that a report has is meant.
    fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Party => &["party", "recipient", "seller", "isv", "holder"],
            Self::Product => &["product"],
            Self::Buyer => &["buyer", "counterparty"],
            Self::Agreement => &["agreement", "deal", "accepted_by"],
            Self::Month => &[
                "month",
                "expected",
                "date",
                "invoice_date",
                "accepted",
                "released",
                "since",
                "charged_at",
                "ends",
                "expires",
                "until",
                "cut_over",
            ],
        }
    }

    /// The query word for the same, where a row may lead to it that does not tell it.
    pub(super) fn key(self) -> Option<Key> {
        match self {
            Self::Product => Some(Key::Product),
            Self::Buyer => Some(Key::Buyer),
            Self::Agreement => Some(Key::Agreement),
            Self::Party | Self::Month => None,
        }
    }
}

/// A report by groups of its rows: by what a row tells, else by what it leads to.
pub(super) fn grouped(report: &Report, by: By, of: Noun, leads: &Leads<'_>) -> Result<Report, Failure> {
    let column_of = |by: By| by.columns().iter().find_map(|name| report.column(name));
    let leads_to = |by: By| by.key().is_some_and(|key| leads::lead(&report.columns, key));
    let name = GROUPED.iter().find(|(noun, name)| *noun == of && name.strip_suffix("-by") == Some(report.name)).map(|(_, name)| *name);
    let (column, Some(name), true) = (column_of(by), name, column_of(by).is_some() || leads_to(by)) else {
        let fitting = <By as clap::ValueEnum>::value_variants().iter().filter(|by| column_of(**by).is_some() || leads_to(**by));
        let words: Vec<String> = fitting.map(|by| by.title().to_lowercase()).collect();
        let failure = Failure::usage(format!("`show {}` tells no {} to group by", noun(of), by.title().to_lowercase()));
        return Err(failure.hint(format!("it can be grouped by {}", words.join(", "))));
    };
    let named = column.and_then(|column| report.column(&format!("{}_name", report.columns[column].name)));
    let group = |row: &[Cell]| {
        let text = match column.map(|column| &row[column]) {
            Some(Cell::Moment(moment)) => moment.to_string()[..7].to_owned(),
            Some(Cell::Day(day)) => day.to_string()[..7].to_owned(),
            Some(cell) => words_in(cell).join(", "),
            None => by.key().map(|key| leads.words(&report.columns, row, key)).unwrap_or_default().join(", "),
        };
        let told = named.and_then(|at| words_in(&row[at]).into_iter().next());
        let name = told.or_else(|| if by == By::Product { leads.title(&text) } else { leads.party(&text).filter(|_| by != By::Agreement) });
        (text, name)
    };
    Ok(report.grouped(name, by.title(), group))
}
