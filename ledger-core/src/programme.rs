//! Incentive programmes of AWS's partners: which deals fit each, who may receive, and what its rates are taken of.
//!
//! How much a programme gives, to whom and for how long is nowhere here: `programme.defined` says it, from a date on, so that 2024 is answered
//! by what held in 2024. What is expected is held against what was granted; nothing is ever granted by being expected.

mod isv_accelerate;
mod list_and_sell;
mod mpop;
mod saas_co_sell;
mod wmp;

use std::collections::BTreeSet;

use crate::event::programme::{Band, OpportunityRegistered, ProgrammeDefined};
use crate::id::{AccountId, AgreementId, ProductId};
use crate::money::{Amount, Currency, round_half_up};
use crate::time::Instant;

/// Every programme there is. A new one is a file and a line.
pub const PROGRAMMES: &[&dyn Programme] =
    &[&mpop::Mpop, &wmp::Wmp, &isv_accelerate::IsvAccelerate, &saas_co_sell::SaasCoSell, &list_and_sell::ListAndSell];

/// One programme.
pub trait Programme: Sync {
    /// Its name, as events and offers have it: `mpop`.
    fn name(&self) -> &'static str;

    /// What people call it: `MPOP`.
    fn title(&self) -> &'static str;

    /// Why a deal is one that the programme is made for, by what is recorded of it; nothing when it is not, or when nobody can tell.
    fn fits(&self, deal: &Deal) -> Option<String>;

    /// What its rates are taken of; nothing when it has none.
    fn base(&self, told: &Told<'_>) -> Option<(Amount, Currency)> {
        let _ = told;
        None
    }

    /// Whether it grants something that is used up and expires.
    fn keeps_balance(&self) -> bool {
        true
    }

    /// Whether a seller joins it once, and not with every deal.
    fn is_joined(&self) -> bool {
        false
    }
}

/// The programme of a name.
pub fn named(name: &str) -> Option<&'static dyn Programme> {
    PROGRAMMES.iter().copied().find(|programme| programme.name() == name)
}

/// What people call a programme, also one that is not known here.
pub fn title_of(name: &str) -> String {
    named(name).map_or_else(|| name.to_owned(), |programme| programme.title().to_owned())
}

/// A deal as programmes look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deal {
    /// The agreement.
    pub agreement: AgreementId,
    /// When it was accepted.
    pub accepted: Instant,
    /// The buyer.
    pub buyer: Option<AccountId>,
    /// The seller of record.
    pub seller: Option<AccountId>,
    /// Who owns the product.
    pub isv: Option<AccountId>,
    /// The event that says how the agreement stands.
    pub seq: u64,
    /// What was sold.
    pub products: Vec<ProductId>,
    /// Whether it was sold by a private offer.
    pub is_private: bool,
    /// Whether a channel partner sold it.
    pub is_resale: bool,
    /// Whether it is software as a service.
    pub is_saas: bool,
    /// What its products were designated when it was accepted: `deployed-on-aws`, `integrates-with-aws`.
    pub designations: BTreeSet<String>,
    /// Its total contract value.
    pub value: Option<(Amount, Currency)>,
    /// What is committed for the first twelve months: the instalments that fall into them, or the value of a contract of a year at most.
    pub first_year: Option<(Amount, Currency)>,
    /// The opportunity it came of.
    pub opportunity: Option<OpportunityRegistered>,
    /// The programmes that its ISV or its seller took part in when it was accepted.
    pub enrolled: BTreeSet<String>,
}

impl Deal {
    /// Who has a role in it: `buyer`, `isv`, `partner`.
    pub fn holder_of(&self, role: &str) -> Option<AccountId> {
        match role {
            "buyer" => self.buyer,
            "isv" => self.isv.or(self.seller.filter(|_| !self.is_resale)),
            "partner" => self.seller.filter(|_| self.is_resale),
            _ => None,
        }
    }
}

/// The roles that may receive.
pub const ROLES: &[&str] = &["buyer", "isv", "partner"];

/// What a benefit rests on.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// The deal, where it is recorded.
    pub deal: Option<&'a Deal>,
    /// What recurs in the first year, as it was stated.
    pub first_year_arr: Option<(Amount, Currency)>,
}

/// A definition, and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Definition<'a> {
    /// What it says.
    pub terms: &'a ProgrammeDefined,
    /// Since when.
    pub since: Instant,
    /// Its position.
    pub seq: u64,
}

/// What a programme may be expected to grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// What the rate is taken of.
    pub base: Amount,
    /// The rate, in per cent.
    pub rate: Amount,
    /// The amount, rounded half up to what can be paid in the currency.
    pub amount: Amount,
    /// The currency.
    pub currency: Currency,
}

impl Definition<'_> {
    /// What is expected on a base at a rate; at the lowest of the programme when none is told.
    pub fn expected(&self, (base, currency): (Amount, Currency), rate: Option<Amount>) -> Option<Expected> {
        let rate = rate.or_else(|| self.terms.rates.iter().map(|band| band.lowest).min())?;
        Some(Expected { base, rate, amount: percent(base, rate, currency), currency })
    }

    /// Whether an amount lies in one of its bands.
    pub fn covers(&self, amount: Amount, (base, currency): (Amount, Currency)) -> bool {
        let inside =
            |band: &Band| percent(base, band.lowest, currency).units() <= amount.units() && amount <= percent(base, band.highest, currency);
        self.terms.rates.iter().any(inside)
    }

    /// Whether a rate is one of those it gives.
    pub fn gives(&self, rate: Amount) -> bool {
        self.terms.rates.iter().any(|band| band.lowest <= rate && rate <= band.highest)
    }

    /// Its rates as people write them: `1-2 %`, `15 or 25 %`.
    pub fn rates(&self) -> String {
        let band = |band: &Band| match band.lowest == band.highest {
            true => band.lowest.to_string(),
            false => format!("{}-{}", band.lowest, band.highest),
        };
        format!("{} %", self.terms.rates.iter().map(band).collect::<Vec<_>>().join(" or "))
    }

    /// The first moment at which a deal can no longer be applied for; nothing when it always can.
    pub fn closes(&self, accepted: Instant) -> Option<Instant> {
        // Of so many days that no calendar has them it never closes.
        let days = self.terms.apply_within_days.and_then(|days| i64::try_from(days).ok());
        let until = |days: i64| accepted.micros().checked_add(days.checked_add(1)?.checked_mul(DAY)?);
        let after = days.and_then(until).map(Instant::from_micros).filter(|after| after.is_in_range());
        [after, self.terms.ends_at].into_iter().flatten().min()
    }

    /// By which rule, and which version of it.
    pub fn rule(&self) -> String {
        format!("{} as defined by #{} from {}", title_of(self.terms.programme.as_str()), self.seq, self.since.day())
    }
}

pub(crate) const DAY: i64 = 86_400_000_000;

/// So many in a hundred of an amount, rounded half up to the smallest unit of the currency. No rate is above a hundred.
fn percent(base: Amount, rate: Amount, currency: Currency) -> Amount {
    const ONE_HUNDRED: i128 = 100 * 100_000_000;
    let product = base.units() * rate.units().clamp(0, ONE_HUNDRED);
    Amount::from_units(round_half_up(product, ONE_HUNDRED) / ONE_HUNDRED).half_up(currency.decimals())
}

/// An opportunity as it was registered, and when the work on it began.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown<'a> {
    /// What was registered.
    pub terms: &'a OpportunityRegistered,
    /// When, and at which position.
    pub registered: (Instant, u64),
    /// When the work began, and at which position that is recorded.
    pub began: Option<(Instant, u64)>,
}

impl Shown<'_> {
    /// Whether the work had not begun when it was registered. Of one moment, what was recorded first came first.
    pub fn precedes_the_work(&self) -> bool {
        self.began.is_none_or(|began| self.registered < began)
    }
}

/// Something that an application has to show.
pub struct Evidence {
    /// Its name, as definitions have it.
    pub name: &'static str,
    /// What is asked.
    pub asks: &'static str,
    /// Whether an opportunity shows it.
    pub is_shown: fn(&Shown<'_>) -> bool,
}

/// Where a workload comes from that is outside of AWS.
pub const OUTSIDE: &[&str] = &["on-premises", "self-run", "other-cloud", "private-data-centre"];

/// AWS's seven ways of migrating (AWS Prescriptive Guidance, migration strategies).
pub const STRATEGIES: &[&str] = &["rehost", "replatform", "repurchase", "refactor", "relocate", "retain", "retire"];

/// Everything that a definition can ask an application to show.
pub const EVIDENCE: &[Evidence] = &[
    Evidence {
        name: "source-outside-aws",
        asks: "the workload comes from outside of AWS",
        is_shown: |it| it.terms.from.as_deref().is_some_and(|from| OUTSIDE.contains(&from)),
    },
    Evidence {
        name: "strategy",
        asks: "it is moved in one of AWS's seven ways",
        is_shown: |it| it.terms.strategy.as_deref().is_some_and(|strategy| STRATEGIES.contains(&strategy)),
    },
    Evidence {
        name: "decommission",
        asks: "the system outside is switched off on a day",
        is_shown: |it| it.terms.decommission_at.is_some(),
    },
    Evidence { name: "consumption", asks: "more is consumed on AWS", is_shown: |it| it.terms.consumption.is_some() },
    Evidence { name: "registered-before-work", asks: "it was registered before the work began", is_shown: |it| it.precedes_the_work() },
];

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(rates: &str) -> ProgrammeDefined {
        serde_json::from_str(&format!(r#"{{"programme": "wmp", "rates": {rates}}}"#)).unwrap()
    }

    fn usd(amount: &str) -> (Amount, Currency) {
        (amount.parse().unwrap(), "USD".parse().unwrap())
    }

    /// Vector T13: 25 % of 400,000 is 100,000, 1 % of 1,200,000 is 12,000.
    #[test]
    fn a_rate_is_taken_of_its_base() {
        let terms = definition(r#"[{"lowest": "15", "highest": "15"}, {"lowest": "25", "highest": "25"}]"#);
        let wmp = Definition { terms: &terms, since: Instant::from_micros(0), seq: 1 };
        let expected = wmp.expected(usd("400000"), Some("25".parse().unwrap())).unwrap();
        assert_eq!(expected.amount.to_string(), "100000.00");
        assert_eq!(wmp.expected(usd("400000"), None).unwrap().amount.to_string(), "60000.00");
        assert_eq!(wmp.rates(), "15 or 25 %");
        for (amount, covered) in [("100000", true), ("60000.00", true), ("80000", false), ("100000.01", false)] {
            assert_eq!(wmp.covers(amount.parse().unwrap(), usd("400000")), covered, "{amount}");
        }
        let terms = definition(r#"[{"lowest": "1", "highest": "2"}]"#);
        let mpop = Definition { terms: &terms, since: Instant::from_micros(0), seq: 1 };
        assert_eq!(mpop.expected(usd("1200000"), None).unwrap().amount.to_string(), "12000.00");
        for (amount, covered) in [("12000", true), ("18000", true), ("24000", true), ("11999.99", false), ("24000.01", false)] {
            assert_eq!(mpop.covers(amount.parse().unwrap(), usd("1200000")), covered, "{amount}");
        }
    }

    #[test]
    fn a_cent_is_rounded_half_up_and_a_yen_is_whole() {
        assert_eq!(percent("333.33".parse().unwrap(), "1.5".parse().unwrap(), "USD".parse().unwrap()).to_string(), "5.00");
        assert_eq!(percent("1000.33".parse().unwrap(), "1.5".parse().unwrap(), "USD".parse().unwrap()).to_string(), "15.00");
        assert_eq!(percent("100.50".parse().unwrap(), "1".parse().unwrap(), "USD".parse().unwrap()).to_string(), "1.01");
        assert_eq!(percent("100000".parse().unwrap(), "99999999999".parse().unwrap(), "USD".parse().unwrap()).to_string(), "100000.00");
        assert_eq!(percent("12345".parse().unwrap(), "2".parse().unwrap(), "JPY".parse().unwrap()).to_string(), "247");
    }

    #[test]
    fn every_name_is_one_programmes() {
        let names: BTreeSet<&str> = PROGRAMMES.iter().map(|programme| programme.name()).collect();
        assert_eq!(names.len(), PROGRAMMES.len());
        assert!(PROGRAMMES.iter().all(|programme| named(programme.name()).is_some()));
    }
}
