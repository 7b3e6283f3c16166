//! The risk list of the approval form: what an offer has that somebody should look at, as the organisation names it.
//!
//! The form is a template of kind `approval`: each of its fields is a risk, and says what it is. Some risks an offer shows by itself; where the
//! form lists them, the offer names them. Policy `offer-approvals` says who looks at a risk: `risk_custom_eula=legal`.

use std::collections::BTreeSet;

use chrono::Months;

use super::Breaches;
use crate::book::decide::Setting;
use crate::event::offer::OfferTerms;
use crate::money::Amount;
use crate::problem::Code;
use crate::time::Instant;

/// The risks that an offer shows by itself: its name, and why it is one.
pub(super) fn shown(offer: &OfferTerms, at: Instant) -> Vec<(&'static str, String)> {
    let mut shown = Vec::new();
    if offer.eula.as_deref().is_some_and(|eula| eula.starts_with("custom")) {
        shown.push(("custom_eula", "its licence text is a custom one".to_owned()));
    }
    if let Some(currency) = offer.currency.filter(|currency| currency.as_str() != "USD") {
        shown.push(("foreign_currency", format!("it is priced in {currency}")));
    }
    if !offer.schedule.is_empty() {
        shown.push(("instalments", format!("it is paid in {} instalments", offer.schedule.len())));
    }
    let three_years = offer.starts_at.unwrap_or(at).day().checked_add_months(Months::new(36)).map(Instant::midnight);
    if let Some(ends) = offer.ends_at.filter(|ends| three_years.is_some_and(|longest| *ends > longest)) {
        shown.push(("long_term", format!("it runs until {ends}, more than three years")));
    }
    if let (Some(value), Some(list)) = (offer.value, offer.list_value)
        && discount_is_deep(value, list)
    {
        shown.push(("deep_discount", format!("it is worth {value}, and {list} at the list price: less than half")));
    }
    shown
}

/// Less than half of the list price.
fn discount_is_deep(value: Amount, list: Amount) -> bool {
    !list.is_zero() && value.units().saturating_mul(2) < list.units()
}

/// The risks that an offer names are on a form, and those that it shows and a form lists are named.
pub(super) fn named(setting: &Setting<'_>, offer: &OfferTerms, at: Instant, breaches: &mut Breaches) {
    let listed: BTreeSet<&str> = setting.book.forms().flat_map(|form| form.keys().map(String::as_str)).collect();
    if listed.is_empty() {
        for risk in &offer.risks {
            let cure = "save one: template.saved, kind approval, a field for each risk";
            breaches.add(Code::E0407, "risks", risk, "no approval form is saved that lists risks", cure);
        }
        return;
    }
    for risk in offer.risks.iter().filter(|risk| !listed.contains(risk.as_str())) {
        let all = listed.iter().copied().collect::<Vec<_>>().join(", ");
        breaches.add(Code::E0203, "risks", risk, "no approval form lists it", format!("one of {all}"));
    }
    for (risk, why) in shown(offer, at).into_iter().filter(|(risk, _)| listed.contains(risk)) {
        if !offer.risks.iter().any(|named| named == risk) {
            breaches.add(Code::E0401, "risks", risk, format!("{why}, and the approval form lists that"), format!("--set risks={risk}"));
        }
    }
}
