//! The rules that bind what we do ourselves. Each looks at what is recorded and says what is broken.

mod agreement;
mod cancellation;
pub(super) mod commitment;
mod confirmation;
mod governance;
mod money;
mod offer;
mod offer_set;
pub(super) mod programme;
mod resale;
mod risk;

pub(super) use agreement::{DoubleHolding, accepted, amended, double_holdings, ended, on_the_list, standing_of};
pub(super) use cancellation::{answered, requested};
pub(super) use confirmation::confirmed;
pub(super) use governance::{approval, corrected, rate, registered, template};
pub(super) use money::{brought_forward, missing as missing_for_money, row_by_hand};
pub(super) use offer::{
    DELIVERY, approvable, as_sold, availability, draft_of, drafted, is_approved, missing_approvals, offer_in, rejected, released, schedule,
    submitted, withdrawn,
};
pub(super) use offer_set::offer_set;
pub(super) use resale::{granted, restricted};

use crate::money::{Amount, Currency};
use crate::problem::{Code, Problem};

/// What is broken, in the order in which it was found.
#[derive(Debug, Default)]
pub(super) struct Breaches(Vec<Problem>);

impl Breaches {
    /// Adds one: in which field, what was found there, why that is not allowed, and what to do.
    pub(super) fn add(&mut self, code: Code, field: &str, found: impl Into<String>, why: impl Into<String>, cure: impl Into<String>) {
        self.0.push(Problem::new(code, found, why).column(field).cure(cure));
    }

    pub(super) fn done(self) -> Result<(), Vec<Problem>> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0) }
    }

    /// Fields that a feed fills, and nobody by hand.
    fn for_the_feed(&mut self, fields: &[(&str, bool)]) {
        for (field, _) in fields.iter().filter(|(_, given)| *given) {
            self.add(Code::E0401, field, "", "a feed says this, and nobody by hand", format!("leave `{field}` out"));
        }
    }

    /// Fields that only one kind of balance has.
    fn only_for(&mut self, kind: &str, fields: &[(&str, bool)]) {
        for (field, _) in fields.iter().filter(|(_, given)| *given) {
            self.add(Code::E0401, field, "", format!("only a {kind} has one"), format!("leave `{field}` out"));
        }
    }

    /// A value that has to be there.
    fn needed<T>(&mut self, field: &str, value: Option<&T>, for_what: &str) {
        if value.is_none() {
            self.add(Code::E0102, field, "", format!("{for_what} has one"), format!("--set {field}=…"));
        }
    }

    /// A text that is one of few.
    pub(in crate::book) fn one_of(&mut self, field: &str, found: Option<&str>, known: &[&str]) {
        if let Some(found) = found.filter(|found| !known.contains(found)) {
            self.add(Code::E0203, field, found, "it is none of those there are", format!("one of {}", known.join(", ")));
        }
    }

    /// A currency of ISO 4217's. A fact may have another; an intent has none.
    fn currency(&mut self, currency: Option<Currency>) {
        if let Some(currency) = currency.filter(|currency| !currency.is_listed()) {
            self.add(Code::E0205, "currency", currency.as_str(), "ISO 4217 does not list it", "check the three letters");
        }
    }

    /// An amount that can be paid in its currency.
    fn payable(&mut self, field: &str, amount: Option<Amount>, currency: Option<Currency>) {
        let Some((amount, currency)) = amount.zip(currency) else { return };
        let decimals = currency.decimals();
        if amount.decimals() > decimals {
            let why = format!("{currency} has {decimals} decimals");
            self.add(Code::E0412, field, amount.to_string(), why, format!("write {}", amount.half_up(decimals)));
        }
        if amount.is_negative() {
            self.add(Code::E0401, field, amount.to_string(), "it is below zero", "a price is zero or more");
        }
    }
}
