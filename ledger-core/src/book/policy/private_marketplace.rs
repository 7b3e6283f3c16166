//! `private-marketplace`: what the organisation of a buyer lets it buy.

use crate::book::rules::Breaches;
use crate::id::{AccountId, ProductId};
use crate::problem::Code;

pub(in crate::book) const NAME: &str = "private-marketplace";

pub(super) fn check(field: &str, parameter: &str, value: &str, breaches: &mut Breaches) {
    if parameter.parse::<AccountId>().is_err() {
        breaches.add(Code::E0215, field, parameter, "it is no AWS account", "name the buyer by its 12 digits");
    } else if !value.is_empty() && value.split(',').any(|product| product.trim().parse::<ProductId>().is_err()) {
        breaches.add(Code::E0204, field, value, "it is no list of products", "write the products with commas between them");
    }
}
