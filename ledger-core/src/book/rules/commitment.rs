//! Commitments: what was signed must be reckonable, and what AWS says of one must be of one that was signed.

use super::{Breaches, DELIVERY};
use crate::book::decide::Setting;
use crate::book::policy::edp_eligibility::is_percent;
use crate::chain::Hash;
use crate::commitment::period;
use crate::event::commitment::{CommitmentStatement, CommitmentTerms, ShortfallInvoiced, SpendRecorded};
use crate::event::governance::BalanceBroughtForward;
use crate::id::{AccountId, Reference};
use crate::money::{Amount, Currency};
use crate::problem::Code;
use crate::time::{Instant, Period};

pub(in crate::book) fn signed(setting: &Setting<'_>, terms: &CommitmentTerms, breaches: &mut Breaches) {
    if setting.view.terms_of_commitment(&terms.commitment).is_some() {
        let cure = "dealbook record commitment.amended, with all its terms as they are from then on";
        breaches.add(Code::E0408, "commitment", terms.commitment.as_str(), "it is signed already", cure);
    }
    reckonable(setting, terms, breaches);
}

pub(in crate::book) fn amended(setting: &Setting<'_>, terms: &CommitmentTerms, at: Instant, breaches: &mut Breaches) {
    match setting.view.terms_of_commitment(&terms.commitment) {
        None => unknown(&terms.commitment, breaches),
        Some((signed, _)) if at < signed => {
            let why = format!("it was signed on {signed}");
            breaches.add(Code::E0415, "effective", at.to_string(), why, "an amendment holds from a later day on");
        }
        Some((_, known)) if known.currency != terms.currency => {
            let why = format!("it is counted in {}", known.currency);
            breaches.add(Code::E0401, "currency", terms.currency.as_str(), why, "sign another commitment");
        }
        Some(_) => (),
    }
    reckonable(setting, terms, breaches);
}

fn unknown(commitment: &Reference, breaches: &mut Breaches) {
    breaches.add(Code::E0407, "commitment", commitment.as_str(), "nobody has signed it here", "dealbook record commitment.signed");
}

/// Whether the engine can reckon with the terms: everything that is wrong, at once.
fn reckonable(setting: &Setting<'_>, terms: &CommitmentTerms, breaches: &mut Breaches) {
    breaches.currency(Some(terms.currency));
    let mut percent = |field: &str, found: Amount| {
        if !is_percent(found) {
            breaches.add(Code::E0401, field, found.to_string(), "it is no part of a whole", "per cent, from 0 to 100");
        }
    };
    terms.discount.iter().for_each(|discount| percent("discount", *discount));
    terms.cap.iter().for_each(|cap| percent("cap.percent", cap.percent));
    terms.carry_over.iter().for_each(|carry| percent("carry_over.limit", carry.limit));
    for (at, rule) in (1..).zip(&terms.eligibility) {
        percent(&format!("eligibility.{at}.counts"), rule.counts);
    }
    breaches.one_of("refunds", Some(&terms.refunds), &["invoice", "memo"]);
    breaches.one_of("cap.base", terms.cap.as_ref().map(|cap| cap.base.as_str()), &["year", "term"]);
    let kinds: Vec<&str> = DELIVERY.iter().copied().chain(["any"]).collect();
    for (at, rule) in (1..).zip(&terms.eligibility) {
        breaches.one_of(&format!("eligibility.{at}.product_type"), Some(&rule.product_type), &kinds);
        breaches.one_of(&format!("eligibility.{at}.test"), Some(&rule.test), &["invoice", "acceptance"]);
        let same = |other: &&crate::event::commitment::Eligibility| (&other.product_type, other.from) == (&rule.product_type, rule.from);
        if terms.eligibility.iter().filter(same).count() > 1 {
            let why = format!("two rules for it hold from {}", rule.from);
            breaches.add(Code::E0401, &format!("eligibility.{at}.from"), &rule.product_type, why, "one rule for a kind from a day on");
        }
    }
    if terms.measure.columns.is_empty() {
        let cure = "the columns of AWS's bill, the first one that a month has counts: [\"net_unblended\", \"billed\"]";
        breaches.add(Code::E0102, "measure.columns", "", "a commitment is measured by a column of the bill", cure);
    }
    if terms.payers.is_empty() {
        breaches.add(Code::E0102, "payers", "", "somebody's bills count", "the payer accounts, by their 12 digits");
    }
    for (at, payer) in terms.payers.iter().enumerate() {
        if terms.payers[..at].contains(payer) {
            breaches.add(Code::E0401, "payers", payer.as_str(), "it is named twice, and a cent counts once", "each payer once");
        }
        let others = setting.view.commitments().into_iter().filter(|(other, _)| other.commitment != terms.commitment);
        for (other, seq) in others.filter(|(other, _)| other.payers.contains(payer) && overlaps(other, terms)) {
            let why = format!("its bills retire {} (#{seq}) in the same time, and a cent counts once", other.commitment);
            breaches.add(Code::E0401, "payers", payer.as_str(), why, "a payer is in one commitment at a time");
        }
    }
    years(terms, breaches);
    for (at, milestone) in (1..).zip(&terms.milestones) {
        breaches.payable(&format!("milestones.{at}.amount"), Some(milestone.amount), Some(terms.currency));
    }
    for (at, window) in (1..).zip(&terms.windows) {
        breaches.payable(&format!("windows.{at}.amount"), Some(window.amount), Some(terms.currency));
        if window.until <= window.from {
            breaches.add(
                Code::E0415,
                &format!("windows.{at}.until"),
                window.until.to_string(),
                "it ends before it begins",
                "a later moment",
            );
        }
    }
}

fn overlaps(one: &CommitmentTerms, other: &CommitmentTerms) -> bool {
    one.years.iter().any(|year| other.years.iter().any(|against| year.from < against.until && against.from < year.until))
}

/// Contract years follow one another without a gap.
fn years(terms: &CommitmentTerms, breaches: &mut Breaches) {
    if terms.years.is_empty() {
        breaches.add(Code::E0102, "years", "", "a commitment has a contract year", "[{\"from\": …, \"until\": …, \"amount\": …}]");
    }
    let mut before: Option<Instant> = None;
    for (at, year) in (1..).zip(&terms.years) {
        let field = |name: &str| format!("years.{at}.{name}");
        breaches.payable(&field("amount"), Some(year.amount), Some(terms.currency));
        if year.until <= year.from {
            breaches.add(
                Code::E0415,
                &field("until"),
                year.until.to_string(),
                "it ends before it begins",
                "the first moment after the year",
            );
        }
        if let Some(before) = before.filter(|before| *before != year.from) {
            let why = format!("the year before ends at {before}");
            breaches.add(Code::E0415, &field("from"), year.from.to_string(), why, "contract years follow one another without a gap");
        }
        before = Some(year.until);
    }
}

/// The currency of a commitment, when it is signed; else that is broken.
fn of_commitment(setting: &Setting<'_>, commitment: &Reference, currency: Currency, breaches: &mut Breaches) -> Option<CommitmentTerms> {
    let Some((_, terms)) = setting.view.terms_of_commitment(commitment) else {
        unknown(commitment, breaches);
        return None;
    };
    if terms.currency != currency {
        let why = format!("{commitment} is counted in {}", terms.currency);
        breaches.add(Code::E0401, "currency", currency.as_str(), why, "in the commitment's currency");
    }
    Some(terms)
}

pub(in crate::book) fn statement(setting: &Setting<'_>, told: &CommitmentStatement, document: Option<Hash>, breaches: &mut Breaches) {
    of_commitment(setting, &told.commitment, told.currency, breaches);
    match document {
        None => breaches.add(Code::E0102, "document", "", "what AWS has counted stands in a statement", "--document FILE"),
        Some(document) if document != told.document => {
            let why = format!("the document it is recorded from is {document}");
            breaches.add(Code::E0401, "document", told.document.to_string(), why, "leave `document` out of the value");
        }
        Some(_) => (),
    }
}

pub(in crate::book) fn shortfall(setting: &Setting<'_>, told: &ShortfallInvoiced, is_fact: bool, breaches: &mut Breaches) {
    if !is_fact {
        breaches.add(Code::E0418, "type", "shortfall.invoiced", "AWS says this, on an invoice", "--document FILE");
    }
    breaches.payable("amount", Some(told.amount), Some(told.currency));
    let Some(terms) = of_commitment(setting, &told.commitment, told.currency, breaches) else { return };
    if !terms.years.iter().any(|year| year.from == told.year) {
        let years: Vec<String> = terms.years.iter().map(|year| year.from.to_string()).collect();
        let why = "no contract year begins then";
        breaches.add(Code::E0401, "year", told.year.to_string(), why, format!("one of {}", years.join(", ")));
    }
}

/// What had been counted of a contract year when the ledger began.
pub(super) fn opened(setting: &Setting<'_>, told: &BalanceBroughtForward, breaches: &mut Breaches) {
    let Some((_, terms)) = setting.view.terms_of_commitment(&told.item) else {
        return breaches.add(Code::E0407, "item", told.item.as_str(), "nobody has signed it here", "dealbook record commitment.signed");
    };
    if terms.currency != told.currency {
        let why = format!("{} is counted in {}", told.item, terms.currency);
        breaches.add(Code::E0401, "currency", told.currency.as_str(), why, "in the commitment's currency");
    }
    if !terms.payers.contains(&told.party) {
        let payers: Vec<&str> = terms.payers.iter().map(AccountId::as_str).collect();
        let why = format!("its bills retire nothing of {}", told.item);
        breaches.add(Code::E0401, "party", told.party.as_str(), why, format!("one of its payers: {}", payers.join(", ")));
    }
    if !terms.years.iter().any(|year| period(year).holds(told.cut_over)) {
        let cure = "the day from which the ledger counts, within a contract year";
        breaches.add(Code::E0415, "cut_over", told.cut_over.to_string(), "no contract year holds it", cure);
    }
    breaches.begins_a_month("cut_over", told.cut_over);
    let parts = [
        ("amount", Some(told.amount)),
        ("carried", told.carried),
        ("marketplace", told.marketplace),
        ("marketplace_before", told.marketplace_before),
    ];
    parts.into_iter().for_each(|(field, amount)| breaches.payable(field, amount, Some(told.currency)));
    if let Some(more) = told.marketplace.filter(|part| part.units() > told.amount.units()) {
        let why = format!("it is a part of {}", told.amount);
        breaches.add(Code::E0401, "marketplace", more.to_string(), why, "what of the amount purchases had retired");
    }
    let rest = told.amount.units() - told.marketplace.map_or(0, Amount::units);
    if let Some(carried) = told.carried {
        let first = terms.years.first();
        if terms.carry_over.is_none() || first.is_some_and(|year| period(year).holds(told.cut_over)) {
            let why = "its terms carry nothing over into that year";
            breaches.add(Code::E0401, "carried", carried.to_string(), why, "leave `carried` out");
        } else if carried.units() > rest.max(0) {
            let why = format!("it is a part of {}, beside what purchases had retired", told.amount);
            breaches.add(Code::E0401, "carried", carried.to_string(), why, "what of the amount was carried over");
        }
    }
    if told.marketplace_before.is_some() && terms.cap.as_ref().is_none_or(|cap| cap.base != "term") {
        breaches.add(Code::E0401, "marketplace_before", "", "its cap is not on the term", "leave `marketplace_before` out");
    }
}

pub(in crate::book) fn spend(told: &SpendRecorded, is_fact: bool, breaches: &mut Breaches) {
    if !is_fact {
        let cure = "dealbook import the bill (CUR or FOCUS), or record it from a document: --document FILE";
        breaches.add(Code::E0418, "type", "spend.recorded", "AWS says this, in its bill", cure);
    }
    breaches.one_of("class", Some(&told.class), &["services", "support", "marketplace"]);
    breaches.currency(Some(told.currency));
    if told.amounts.is_empty() {
        breaches.add(Code::E0102, "amounts", "", "a sum is of a column of the bill", "--set amounts.unblended=12.30");
    }
    breaches.begins_a_month("month", told.month);
}

impl Breaches {
    /// A moment at which a calendar month begins: bills have months.
    fn begins_a_month(&mut self, field: &str, found: Instant) {
        let day = found.day();
        if Period::parse(&day.format("%Y-%m").to_string(), day).map(|period| period.from) != Ok(found) {
            self.add(Code::E0415, field, found.to_string(), "no month begins then", format!("{}-01T00:00:00Z", day.format("%Y-%m")));
        }
    }
}
