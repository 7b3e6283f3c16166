//! `show journal` and `show trial-balance`.

use std::collections::BTreeMap;

use super::super::Billing;
use super::account::{Account, Presentation};
use super::{Asked, Books, transactions};
use crate::money::{Amount, Currency};
use crate::report::{Cell, Column, Kind, Report};

impl Asked<'_> {
    /// Whose books they are.
    pub fn whose(&self) -> String {
        let name = self.names.party(&self.party).map(|name| format!(" {name}")).unwrap_or_default();
        format!("books of {}{name}", self.party)
    }

    /// Whose books they are, and what no policy has decided of their presentation.
    pub fn heading(&self) -> Vec<String> {
        let Presentation { resale, listing_fee, deferral, .. } = self.presentation;
        let decided = [("resale", resale.is_some()), ("listing fee", listing_fee.is_some()), ("deferral", deferral.is_some())];
        let open: Vec<&str> = decided.into_iter().filter(|(_, decided)| !decided).map(|(name, _)| name).collect();
        let not_decided = (!open.is_empty()).then(|| format!("presentation not decided: {}", open.join(", ")));
        [self.whose()].into_iter().chain(not_decided).collect()
    }
}

/// A side of an account: the amount on the left when it is above zero, on the right when it is below.
fn sides(units: i128, currency: Currency) -> [Cell; 2] {
    let side = |units: i128| if units > 0 { amount(units, currency) } else { Cell::Empty };
    [side(units), side(-units)]
}

fn amount(units: i128, currency: Currency) -> Cell {
    Cell::Amount(Amount::from_units(units).in_units_of(currency))
}

/// The transactions of a party, a row for each posting, by the day on which it is posted.
pub fn journal(state: &Billing, asked: Asked<'_>) -> Report {
    let mut report = Report::new(
        "journal",
        vec![
            Column::new("party", "Party", Kind::Text),
            Column::new("number", "#", Kind::Count),
            Column::new("date", "Date", Kind::Day),
            Column::new("kind", "Kind", Kind::Text),
            Column::new("payee", "Payee", Kind::Text),
            Column::new("invoice", "Invoice", Kind::Text),
            Column::new("line", "Line", Kind::Text),
            Column::new("agreement", "Agreement", Kind::Text),
            Column::new("disbursement", "Disbursement", Kind::Text),
            Column::new("account", "Account", Kind::Text),
            Column::new("currency", "Currency", Kind::Text),
            Column::new("debit", "Debit", Kind::Amount),
            Column::new("credit", "Credit", Kind::Amount),
            Column::new("events", "Events", Kind::List),
            Column::new("effective", "Effective", Kind::Day),
        ],
    );
    report.shown = vec!["number", "date", "kind", "payee", "invoice", "account", "currency", "debit", "credit"];
    report.heading = asked.heading();
    let text = |text: Option<&str>| Cell::or_empty(text, Cell::text);
    for (number, transaction) in (1..).zip(transactions(state, asked)) {
        if transaction.effective != transaction.day && !report.shown.contains(&"effective") {
            report.shown.insert(2, "effective");
        }
        let events = Cell::List(transaction.events.iter().map(|seq| format!("#{seq}")).collect());
        for posting in &transaction.postings {
            let [debit, credit] = sides(posting.amount.units(), posting.currency);
            report.rows.push(vec![
                Cell::text(asked.party),
                Cell::Count(number),
                Cell::Day(transaction.day),
                Cell::text(transaction.what.as_str()),
                text(transaction.payee.as_deref()),
                text(transaction.invoice),
                text(transaction.line),
                text(transaction.agreement),
                text(transaction.payout),
                Cell::text(posting.account),
                Cell::text(posting.currency),
                debit,
                credit,
                events.clone(),
                Cell::Day(transaction.effective),
            ]);
        }
    }
    report
}

/// What each account of a party stands at, currency by currency. The debits and credits of a currency are equal.
///
/// Where no policy says how a resale is presented it stands gross, and a line below says what would be taken off both sides if it stood net.
pub fn trial_balance(state: &Billing, asked: Asked<'_>) -> Report {
    let mut report = Report::new(
        "trial-balance",
        vec![
            Column::new("party", "Party", Kind::Text),
            Column::new("account", "Account", Kind::Text),
            Column::new("currency", "Currency", Kind::Text),
            Column::new("debit", "Debit", Kind::Amount),
            Column::new("credit", "Credit", Kind::Amount),
            Column::new("balance", "Balance", Kind::Amount),
        ],
    );
    report.shown = vec!["account", "currency", "debit", "credit"];
    report.heading = asked.heading();
    let row = |account: &str, currency: Currency, [debit, credit]: [Cell; 2], balance: i128| {
        vec![Cell::text(asked.party), Cell::text(account), Cell::text(currency), debit, credit, amount(balance, currency)]
    };
    let books = Books::new(state, asked);
    let mut by_currency: BTreeMap<Currency, Vec<(Account, i128)>> = BTreeMap::new();
    for ((account, currency), amount) in books.balances().into_iter().filter(|(_, amount)| !amount.is_zero()) {
        by_currency.entry(currency).or_default().push((account, amount.units()));
    }
    for (currency, accounts) in by_currency {
        let (mut left, mut right, mut wholesale) = (0, 0, 0);
        for (account, units) in accounts {
            report.rows.push(row(account.path(), currency, sides(units, currency), units));
            left += units.max(0);
            right += units.min(0);
            if account == Account::WholesaleBilled {
                wholesale = units;
            }
        }
        let totals = [left, -right].map(|units| amount(units, currency));
        report.totals.push(row("total", currency, totals, left + right));
        if asked.presentation.resale.is_none() && wholesale != 0 {
            let both = [wholesale, wholesale].map(|units| amount(units, currency));
            report.totals.push(row("if net: contract liabilities, wholesale billed", currency, both, 0));
        }
    }
    let lines = match books.odd().never_collected {
        0 => return report,
        1 => "1 line was".to_owned(),
        lines => format!("{lines} lines were"),
    };
    report.notes.push(format!("{lines} paid out, and no row says collected: what is owed stands against {}", Account::ReceivableAws));
    report
}
