//! `cost-centres`: which cost centre a purchase belongs to, by a label of AWS's bill or by the buyer's account.

use crate::book::Book;
use crate::book::rules::Breaches;
use crate::id::AccountId;
use crate::problem::Code;
use crate::statement::Labels;
use crate::time::Instant;

pub(in crate::book) const NAME: &str = "cost-centres";

/// The parameters that name a label.
const CATEGORY: &str = "category";
const TAG: &str = "tag";

pub(super) fn check(field: &str, parameter: &str, value: &str, breaches: &mut Breaches) {
    if matches!(parameter, CATEGORY | TAG) {
        if value.trim().is_empty() {
            breaches.add(
                Code::E0201,
                field,
                value,
                "no label has this name",
                "write the name of the cost category or tag, or leave it out",
            );
        }
    } else if parameter.parse::<AccountId>().is_err() {
        let cure =
            "name the buyer's account by its 12 digits, or say `category` or `tag`: the label of AWS's bill that tells the cost centre";
        breaches.add(Code::E0215, field, parameter, "it is no AWS account", cure);
    } else if value.trim().is_empty() {
        breaches.add(Code::E0201, field, value, "a cost centre is empty", "name the cost centre, or leave the account out");
    }
}

impl Book {
    /// The cost centre of a buyer's account at a moment, as far as was known at a position.
    pub fn cost_centre(&self, account: AccountId, at: Instant, known_at: u64) -> Option<&str> {
        self.policy_by(NAME, at, known_at)?.parameters.get(account.as_str()).map(String::as_str)
    }

    /// The labels of a bill that say the cost centre, in force at a moment.
    pub fn cost_labels(&self, at: Instant) -> Labels<'_> {
        let named = |parameter: &str| self.policy_by(NAME, at, u64::MAX)?.parameters.get(parameter).map(String::as_str);
        Labels { category: named(CATEGORY), tag: named(TAG) }
    }
}
