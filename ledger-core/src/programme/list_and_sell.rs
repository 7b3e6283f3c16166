//! Marketplace List and Sell: for partners that bring others to list and sell. Amounts and milestones are not published: what was granted is
//! recorded, and nothing is expected.

use super::{Deal, Programme};

pub(super) struct ListAndSell;

impl Programme for ListAndSell {
    fn name(&self) -> &'static str {
        "list-and-sell"
    }

    fn title(&self) -> &'static str {
        "List and Sell"
    }

    fn fits(&self, _: &Deal) -> Option<String> {
        None
    }
}
