//! Programmes and credits: what we define, register and apply for ourselves, and what AWS grants, which has a document that shows it.

use super::Breaches;
use crate::book::decide::Setting;
use crate::chain::Hash;
use crate::event::programme::{
    ArrStated, BenefitApplied, BenefitReviewed, CreditApplied, CreditGranted, CreditPassedOn, CreditRevoked, CreditSplit,
    CreditTransferred, EnrolmentGranted, OpportunityRegistered, ProgrammeDefined, QuotaRetired, WorkBegan,
};
use crate::id::Reference;
use crate::money::{Amount, Currency};
use crate::problem::Code;
use crate::programme::{EVIDENCE, OUTSIDE, PROGRAMMES, ROLES, STRATEGIES, named};
use crate::projection::programmes::{Incentives, month, unfit_split};
use crate::projection::records::View;
use crate::time::{Basis, Instant};

/// Programmes and credits as they stand at the moment that an intent is about.
fn standing<R>(setting: &Setting<'_>, at: Instant, look: impl FnOnce(&Incentives<'_>) -> R) -> R {
    let before = Some(Instant::from_micros(at.micros() + 1));
    let view: View<'_> = setting.view.again(Basis { effective_before: before, ..setting.view.basis() });
    look(&setting.programmes.at(&view))
}

impl Breaches {
    /// A programme of those there are.
    fn programme(&mut self, programme: &Reference) {
        if named(programme.as_str()).is_none() {
            let names: Vec<&str> = PROGRAMMES.iter().map(|programme| programme.name()).collect();
            let cure = format!("one of {}", names.join(", "));
            self.add(Code::E0203, "programme", programme.as_str(), "it is none of those there are", cure);
        }
    }

    /// AWS says it: from a document.
    fn documented(&mut self, name: &str, document: Option<Hash>) {
        if document.is_none() {
            let cure = "record it from what AWS shows: --document FILE";
            self.add(Code::E0418, "type", name, "AWS says this, and a document shows it", cure);
        }
    }

    /// An amount of a credit: above zero, and payable in its currency.
    fn credit(&mut self, amount: Amount, currency: Currency) {
        self.currency(Some(currency));
        self.payable("amount", Some(amount), Some(currency));
        if amount.is_zero() {
            self.add(Code::E0401, "amount", amount.to_string(), "nothing is no credit", "an amount above zero");
        }
    }

    /// A credit that is granted.
    fn known_credit(&mut self, all: &Incentives<'_>, credit: &Reference) {
        if all.credit(credit.as_str()).is_none() {
            let why = match all.names_credit(credit.as_str()) {
                true => "it waits for its approvals, and counts nowhere",
                false => "no grant of it is recorded by then",
            };
            self.add(Code::E0407, "credit", credit.as_str(), why, "dealbook show incentives; dealbook record credit.granted");
        }
    }
}

pub(in crate::book) fn defined(
    setting: &Setting<'_>,
    told: &ProgrammeDefined,
    document: Option<Hash>,
    at: Instant,
    breaches: &mut Breaches,
) {
    breaches.programme(&told.programme);
    if document.is_none() {
        let why = "a programme is defined from the terms that AWS published";
        breaches.add(Code::E0102, "document", "", why, "--document FILE");
    }
    for role in &told.beneficiaries {
        breaches.one_of("beneficiaries", Some(role), ROLES);
    }
    let names: Vec<&str> = EVIDENCE.iter().map(|evidence| evidence.name).collect();
    for asked in &told.evidence {
        breaches.one_of("evidence", Some(asked), &names);
    }
    let hundred = 100 * 100_000_000;
    for band in &told.rates {
        let (low, high) = (band.lowest.units(), band.highest.units());
        if low <= 0 || high < low || hundred < high {
            let found = format!("{}-{}", band.lowest, band.highest);
            breaches.add(
                Code::E0401,
                "rates",
                found,
                "a band goes from a rate above 0 up to one of 100 at most",
                "in per cent: lowest, then highest",
            );
        }
    }
    if named(told.programme.as_str()).is_some_and(|programme| !programme.keeps_balance()) && !told.rates.is_empty() {
        let why = "it grants nobody a balance";
        breaches.add(Code::E0401, "rates", told.programme.as_str(), why, "leave `rates` out; quota.retired records what it does");
    }
    if let Some(ends) = told.ends_at.filter(|ends| *ends <= at) {
        breaches.add(Code::E0415, "ends_at", ends.to_string(), format!("it holds from {at}"), "what ends lies after what begins");
    }
    let same = standing(setting, at, |all| all.definition(told.programme.as_str(), at).filter(|known| known.since == at).map(|it| it.seq));
    if let Some(seq) = same {
        let why = format!("#{seq} defines it from the same moment");
        breaches.add(Code::E0408, "programme", told.programme.as_str(), why, format!("dealbook correct {seq}, or another --effective"));
    }
}

pub(in crate::book) fn enrolled(told: &EnrolmentGranted, document: Option<Hash>, at: Instant, breaches: &mut Breaches) {
    breaches.programme(&told.programme);
    breaches.documented("enrolment.granted", document);
    if let Some(until) = told.until.filter(|until| *until <= at) {
        breaches.add(Code::E0415, "until", until.to_string(), format!("it begins at {at}"), "what ends lies after what begins");
    }
}

/// An opportunity: before the work begins, unless a document shows that AWS registered it all the same.
pub(in crate::book) fn opportunity(
    setting: &Setting<'_>,
    told: &OpportunityRegistered,
    at: Instant,
    is_fact: bool,
    breaches: &mut Breaches,
) {
    let from: Vec<&str> = OUTSIDE.iter().copied().chain(["aws"]).collect();
    breaches.one_of("from", told.from.as_deref(), &from);
    breaches.one_of("strategy", told.strategy.as_deref(), STRATEGIES);
    if is_fact {
        return;
    }
    let began = standing(setting, at, |all| all.began(told.opportunity.as_str()));
    if let Some((began, seq)) = began {
        let why = format!("the work on it began at {began} (#{seq}), and an opportunity is registered before");
        breaches.add(Code::E0415, "effective", at.to_string(), why, "when AWS took it all the same: --document FILE, and it is a finding");
    }
    if let Some(planned) = told.work_planned_at.filter(|planned| *planned <= at) {
        let why = format!("it is registered at {at}");
        breaches.add(Code::E0415, "work_planned_at", planned.to_string(), why, "work is planned for after the registration");
    }
}

pub(in crate::book) fn work(setting: &Setting<'_>, told: &WorkBegan, at: Instant, breaches: &mut Breaches) {
    if let Some((began, seq)) = standing(setting, Instant::from_micros(i64::MAX - 1), |all| all.began(told.opportunity.as_str())) {
        let why = format!("#{seq} says that it began at {began}");
        breaches.add(Code::E0408, "opportunity", told.opportunity.as_str(), why, format!("dealbook correct {seq}"));
    }
    if setting.now < at {
        breaches.add(
            Code::E0415,
            "effective",
            at.to_string(),
            "that day has not come",
            "record it when it has; work_planned_at holds a plan",
        );
    }
}

/// A first year's ARR is a stated fact.
pub(in crate::book) fn arr(told: &ArrStated, document: Option<Hash>, breaches: &mut Breaches) {
    if document.is_none() {
        breaches.add(Code::E0102, "document", "", "it is a stated fact, and a document states it", "--document FILE");
    }
    breaches.credit(told.amount, told.currency);
    if told.agreement.is_none() && told.opportunity.is_none() {
        breaches.add(Code::E0102, "opportunity", "", "it is the ARR of something", "--set opportunity=… or --set agreement=…");
    }
}

/// An application of ours keeps to what the programme gives, to whom, and until when. From a document it is a fact.
pub(in crate::book) fn applied(setting: &Setting<'_>, told: &BenefitApplied, is_fact: bool, at: Instant, breaches: &mut Breaches) {
    breaches.programme(&told.programme);
    let Some(programme) = named(told.programme.as_str()).filter(|_| !is_fact) else { return };
    if !programme.keeps_balance() {
        let why = format!("{} is for AWS's sellers, and nobody applies for it", programme.title());
        return breaches.add(Code::E0401, "programme", programme.name(), why, "quota.retired records what it does");
    }
    standing(setting, at, |all| {
        let Some(definition) = all.definition(programme.name(), at) else {
            let cure = format!("dealbook record programme.defined --set programme={}", programme.name());
            return breaches.add(Code::E0407, "programme", programme.name(), format!("nothing defines it on {}", at.day()), cure);
        };
        let rule = definition.rule();
        if let Some(ends) = definition.terms.ends_at.filter(|ends| *ends <= at) {
            breaches.add(
                Code::E0415,
                "effective",
                at.to_string(),
                format!("it took applications until {ends} ({rule})"),
                "another programme",
            );
        }
        if let Some(rate) = told.rate.filter(|rate| !definition.gives(*rate)) {
            breaches.add(
                Code::E0401,
                "rate",
                rate.to_string(),
                format!("the programme gives {} ({rule})", definition.rates()),
                "a rate it gives",
            );
        }
        let opportunity = told.opportunity.as_ref().map(Reference::as_str);
        let shown = opportunity.and_then(|opportunity| all.shown(opportunity));
        if let (Some(opportunity), None) = (opportunity, &shown) {
            let cure = "dealbook record opportunity.registered";
            breaches.add(Code::E0407, "opportunity", opportunity, "no registration of it is recorded by then", cure);
        }
        if opportunity.is_none() && !definition.terms.evidence.is_empty() {
            let why = format!("the programme asks for evidence ({rule})");
            breaches.add(Code::E0102, "opportunity", "", why, "dealbook record opportunity.registered, then --set opportunity=…");
        }
        for asked in &definition.terms.evidence {
            let evidence = EVIDENCE.iter().find(|evidence| evidence.name == asked);
            if let Some((evidence, shown)) = evidence.zip(shown.as_ref()).filter(|(evidence, shown)| !(evidence.is_shown)(shown)) {
                let why = format!("the programme asks that {} ({rule})", evidence.asks);
                let cure = "opportunity.registered shows it, with from, strategy, decommission_at and consumption";
                breaches.add(Code::E0401, "opportunity", shown.terms.opportunity.as_str(), why, cure);
            }
        }
        let Some(agreement) = &told.agreement else { return };
        let Some(deal) = all.deal(agreement) else {
            return breaches.add(
                Code::E0407,
                "agreement",
                agreement.as_str(),
                "no acceptance of it is recorded by then",
                "dealbook show agreements",
            );
        };
        let holders: Vec<_> = definition.terms.beneficiaries.iter().filter_map(|role| deal.holder_of(role)).collect();
        if !holders.is_empty() && !holders.contains(&told.beneficiary) {
            let names: Vec<String> = holders.iter().map(ToString::to_string).collect();
            let why = format!("the programme is for the {} ({rule})", definition.terms.beneficiaries.join(" or "));
            breaches.add(Code::E0414, "beneficiary", told.beneficiary.as_str(), why, format!("of this deal: {}", names.join(" or ")));
        }
        if let Some(closes) = definition.closes(deal.accepted).filter(|closes| *closes <= at) {
            let why = format!("the deal could be applied for until {closes} ({rule})");
            breaches.add(Code::E0415, "effective", at.to_string(), why, "when AWS took it all the same: --document FILE");
        }
    });
}

pub(in crate::book) fn reviewed(
    setting: &Setting<'_>,
    told: &BenefitReviewed,
    document: Option<Hash>,
    at: Instant,
    breaches: &mut Breaches,
) {
    breaches.documented("benefit.reviewed", document);
    let known = standing(setting, at, |all| all.benefits().iter().any(|benefit| benefit.id == told.application.as_str()));
    if !known {
        let cure = "dealbook record benefit.applied";
        breaches.add(Code::E0407, "application", told.application.as_str(), "nobody had applied under this id by then", cure);
    }
}

pub(in crate::book) fn granted_credit(
    setting: &Setting<'_>,
    told: &CreditGranted,
    document: Option<Hash>,
    at: Instant,
    breaches: &mut Breaches,
) {
    breaches.documented("credit.granted", document);
    breaches.credit(told.amount, told.currency);
    let begins = told.starts_at.unwrap_or(at);
    if let Some(ends) = told.ends_at.filter(|ends| *ends <= begins) {
        breaches.add(Code::E0415, "ends_at", ends.to_string(), format!("it begins at {begins}"), "what ends lies after what begins");
    }
    let everything = setting.programmes.at(setting.view);
    if everything.names_credit(told.credit.as_str()) {
        let cure = "dealbook show incentives; correct the entry that granted it";
        breaches.add(Code::E0408, "credit", told.credit.as_str(), "a credit of this id is recorded already", cure);
    }
}

pub(in crate::book) fn applied_credit(setting: &Setting<'_>, told: &CreditApplied, document: Option<Hash>, breaches: &mut Breaches) {
    breaches.documented("credit.applied", document);
    breaches.credit(told.amount, told.currency);
    match month(&told.month) {
        None => breaches.add(Code::E0206, "month", &told.month, "it is no month", "write 2026-03"),
        Some(month) if setting.now < month.from => {
            breaches.add(Code::E0415, "month", &told.month, "that month has not come", "the bill's month");
        }
        Some(_) => (),
    }
}

/// What we pass on of a credit is ours to say, and no more than there is.
pub(in crate::book) fn passed_on(setting: &Setting<'_>, told: &CreditPassedOn, at: Instant, breaches: &mut Breaches) {
    breaches.credit(told.amount, told.currency);
    standing(setting, at, |all| {
        breaches.known_credit(all, &told.credit);
        let Some(credit) = all.credit(told.credit.as_str()) else { return };
        let open = credit.granted() - credit.passed_on.iter().map(|(units, _)| units).sum::<i128>();
        if credit.currency != told.currency {
            breaches.add(
                Code::E0401,
                "currency",
                told.currency.as_str(),
                format!("the credit is in {}", credit.currency),
                "the credit's currency",
            );
        } else if open < told.amount.units() {
            let why = format!("{} of the credit has not been passed on", Amount::from_units(open).half_up(2));
            breaches.add(Code::E0401, "amount", told.amount.to_string(), why, "no more than that");
        }
        if credit.holder == told.to {
            breaches.add(Code::E0401, "to", told.to.as_str(), "it holds the credit itself", "the customer's account");
        }
    });
}

pub(in crate::book) fn revoked(setting: &Setting<'_>, told: &CreditRevoked, document: Option<Hash>, at: Instant, breaches: &mut Breaches) {
    breaches.documented("credit.revoked", document);
    breaches.credit(told.amount, told.currency);
    standing(setting, at, |all| {
        breaches.known_credit(all, &told.credit);
        if let Some(credit) = all.credit(told.credit.as_str()).filter(|credit| credit.currency != told.currency) {
            breaches.add(
                Code::E0401,
                "currency",
                told.currency.as_str(),
                format!("the credit is in {}", credit.currency),
                "the credit's currency",
            );
        }
    });
}

/// We split a credit as AWS lets us; what AWS shows to have been split is a fact.
pub(in crate::book) fn split(setting: &Setting<'_>, told: &CreditSplit, at: Instant, is_fact: bool, breaches: &mut Breaches) {
    standing(setting, at, |all| {
        breaches.known_credit(all, &told.credit);
        for part in &told.children {
            if all.names_credit(part.credit.as_str()) || told.children.iter().filter(|other| other.credit == part.credit).count() > 1 {
                breaches.add(
                    Code::E0408,
                    "children",
                    part.credit.as_str(),
                    "another credit has this id",
                    "every part has an id of its own",
                );
            }
        }
        let Some(credit) = all.credit(told.credit.as_str()).filter(|_| !is_fact) else { return };
        if let Some(why) = unfit_split(told, credit.balance()) {
            breaches.add(Code::E0401, "children", told.credit.as_str(), why, "2 to 99 parts of 100.00 or more that sum to the balance");
        }
    });
}

pub(in crate::book) fn transferred(setting: &Setting<'_>, told: &CreditTransferred, at: Instant, is_fact: bool, breaches: &mut Breaches) {
    standing(setting, at, |all| {
        breaches.known_credit(all, &told.credit);
        let Some(credit) = all.credit(told.credit.as_str()).filter(|_| !is_fact) else { return };
        if credit.holder == told.to {
            breaches.add(Code::E0408, "to", told.to.as_str(), "it holds the credit already", "nothing is left to do");
        }
        if credit.balance() <= 0 {
            breaches.add(Code::E0408, "credit", told.credit.as_str(), "nothing is left of it", "only a balance is transferred");
        }
    });
}

pub(in crate::book) fn quota(told: &QuotaRetired, document: Option<Hash>, breaches: &mut Breaches) {
    breaches.documented("quota.retired", document);
    breaches.credit(told.amount, told.currency);
}
