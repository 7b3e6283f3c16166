//! `posting`: how the books are presented. It counts when a second person has signed it.

use crate::book::Book;
use crate::book::rules::Breaches;
use crate::problem::Code;
use crate::projection::billing::books::{Deferral, Fee, Presentation, Resale};
use crate::time::Instant;

pub(in crate::book) const NAME: &str = "posting";

const RESALE: &[(&str, Resale)] = &[("gross", Resale::Gross), ("net", Resale::Net)];
const LISTING_FEE: &[(&str, Fee)] = &[("expense", Fee::Expense), ("contra_revenue", Fee::ContraRevenue), ("cost", Fee::Cost)];
const DEFERRAL: &[(&str, Deferral)] = &[("memo", Deferral::Memo), ("posted", Deferral::Posted)];

pub(super) fn check(field: &str, parameter: &str, value: &str, breaches: &mut Breaches) {
    fn words<T>(known: &[(&'static str, T)]) -> Vec<&'static str> {
        known.iter().map(|(word, _)| *word).collect()
    }
    let known = match parameter {
        "resale" => words(RESALE),
        "listing_fee" => words(LISTING_FEE),
        "deferral" => words(DEFERRAL),
        _ => {
            return breaches.add(Code::E0203, field, parameter, "it is nothing that is posted", "one of resale, listing_fee, deferral");
        }
    };
    breaches.one_of(field, Some(value), &known);
}

impl Book {
    /// How the books are presented at a moment, as far as was known at a position.
    pub fn presentation(&self, at: Instant, known_at: u64) -> Presentation {
        let Some(policy) = self.policy_by(NAME, at, known_at) else { return Presentation::default() };
        fn said<T: Copy>(word: Option<&String>, known: &[(&str, T)]) -> Option<T> {
            known.iter().find(|(name, _)| word.is_some_and(|word| word == name)).map(|(_, value)| *value)
        }
        let word = |parameter: &str| policy.parameters.get(parameter);
        Presentation {
            resale: said(word("resale"), RESALE),
            listing_fee: said(word("listing_fee"), LISTING_FEE),
            deferral: said(word("deferral"), DEFERRAL),
            policy: Some(policy.seq),
        }
    }
}
