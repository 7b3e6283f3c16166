//! Not paid for.

use super::{Pricing, Terms};

pub(super) struct Free;

impl Pricing for Free {
    fn name(&self) -> &'static str {
        "free"
    }

    fn is_told_by(&self, terms: &Terms<'_>) -> bool {
        terms.model == Some("Free")
    }
}
