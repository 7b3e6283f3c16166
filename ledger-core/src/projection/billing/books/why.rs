//! Why an account stands at what it does: what each event moved on it, by which rule, as a tree that sums to the balance exactly.

use std::collections::BTreeMap;

use super::account::{Account, Deferral, Fee, Presentation, Resale};
use super::{Asked, Billing, Books, RULES, Transaction, What};
use crate::money::{Amount, Currency};
use crate::projection::records::{
    BALANCE, POSTED_CREDIT, POSTED_DIFFERENCE, POSTED_PAYOUT, POSTED_RELEASE, POSTED_ROUNDING, POSTED_ROW, POSTED_SHORTFALL, Reason, Rule,
};
use crate::report::Cell;

/// What events moved on an account.
pub(super) struct Moved {
    pub(super) account: Account,
    pub(super) currency: Currency,
    pub(super) units: i128,
    pub(super) what: What,
    /// The invoice and line, the payout, the credit or the contract year.
    pub(super) called: String,
    pub(super) events: Vec<u64>,
}

impl Moved {
    /// Of a transaction, posting by posting.
    pub(super) fn of(transaction: &Transaction<'_>) -> Vec<Self> {
        let called = [transaction.invoice.or(transaction.payout), transaction.line].into_iter().flatten().collect::<Vec<_>>().join(" ");
        let each = |posting: &super::Posting| Self {
            account: posting.account,
            currency: posting.currency,
            units: posting.amount.units(),
            what: transaction.what,
            called: called.clone(),
            events: transaction.events.clone(),
        };
        transaction.postings.iter().map(each).collect()
    }
}

const fn rule(what: What) -> Rule {
    match what {
        What::Opening
        | What::Invoice
        | What::Refund
        | What::Adjustment
        | What::Forgiven
        | What::Collection
        | What::Allocation
        | What::Unknown => POSTED_ROW,
        What::Payout | What::PayoutFailed => POSTED_PAYOUT,
        What::Rounding => POSTED_ROUNDING,
        What::Release => POSTED_RELEASE,
        What::CreditApplied => POSTED_CREDIT,
        What::ShortfallAccrued | What::ShortfallInvoiced => POSTED_SHORTFALL,
        What::DifferenceTolerated | What::DifferenceAccepted => POSTED_DIFFERENCE,
    }
}

impl Presentation {
    /// The version of the policy, and what it says; that it says nothing when it does not.
    fn version(&self) -> String {
        let words = [
            self.resale.map(|resale| match resale {
                Resale::Gross => "resale gross",
                Resale::Net => "resale net",
            }),
            self.listing_fee.map(|fee| match fee {
                Fee::Expense => "listing fee expense",
                Fee::ContraRevenue => "listing fee contra revenue",
                Fee::Cost => "listing fee cost",
            }),
            self.deferral.map(|deferral| match deferral {
                Deferral::Memo => "deferral memo",
                Deferral::Posted => "deferral posted",
            }),
        ];
        match self.policy {
            Some(seq) => format!("policy posting #{seq}: {}", words.into_iter().flatten().collect::<Vec<_>>().join(", ")),
            None => "policy posting: not decided".to_owned(),
        }
    }

    /// Whether it has a part in what is posted to an account.
    fn chooses(&self, account: Account) -> bool {
        use Account as A;
        match account {
            A::WholesaleBilled | A::Wholesale => self.resale.is_some(),
            A::ListingFee | A::FeeOffBillings | A::FeeAsCost => self.listing_fee.is_some(),
            A::Released | A::WholesaleReleased => true,
            A::Billed | A::Forgiven => self.deferral == Some(Deferral::Posted),
            _ => false,
        }
    }
}

/// Why accounts stand at what they do: each balance that is wanted, `Assets:Receivable:Buyers USD`, and under it what each event moved. What is
/// under a balance sums to it, to the last digit.
pub fn why(state: &Billing, asked: Asked<'_>, wanted: &[String]) -> Vec<Reason> {
    let books = Books::new(state, asked);
    let mut by_account: BTreeMap<(Currency, Account), Vec<Moved>> = BTreeMap::new();
    for moved in RULES.iter().flat_map(|rule| rule.moved(&books)) {
        by_account.entry((moved.currency, moved.account)).or_default().push(moved);
    }
    let money = |units: i128, currency: Currency| Cell::Money(Amount::from_units(units).in_units_of(currency), currency);
    let mut found = Vec::new();
    for ((currency, account), all) in by_account {
        let subject = format!("{account} {currency}");
        let sum: i128 = all.iter().map(|moved| moved.units).sum();
        if !wanted.contains(&subject) {
            continue;
        }
        let policy = asked.presentation.policy.filter(|_| asked.presentation.chooses(account));
        found.push(Reason {
            subject: subject.clone(),
            field: "balance",
            value: money(sum, currency),
            rule: BALANCE,
            events: policy.into_iter().collect(),
            remark: asked.presentation.chooses(account).then(|| asked.presentation.version()),
        });
        found.extend(all.into_iter().map(|moved| Reason {
            subject: subject.clone(),
            field: moved.what.as_str(),
            value: money(moved.units, currency),
            rule: rule(moved.what),
            events: moved.events,
            remark: Some(moved.called),
        }));
    }
    found
}
