//! Listing fees: AWS's rate card, and which of its rates a deal has.
//!
//! ```text
//! RateCard   as the policy `listing-fees` has it, from a date on: a rate for each kind of deal, and points that are added
//! Deal       what decides: public or private, how it is delivered, its value, what it renews, through whom it is sold
//! Rated      the rate, in per cent of the price before tax, and the rows of the card that make it
//! ```
//!
//! No rate is known to the program: a card is a fact that somebody records, and a line has the card that was in force on the day of its
//! invoice. Source of the shape: AWS Marketplace seller guide, listing fees (rates since 2024-01-05). A private offer has one flat rate that
//! its total contract value picks, and not a rate for each part of it: 999,999.99 costs more than 1,000,000.00.

mod audit;
mod report;
mod why;

use std::collections::BTreeMap;

use crate::money::{Amount, Currency};

pub(crate) use audit::audit_as;
pub use audit::{Audit, Cards, Judged, Total, Verdict, audit};
pub use report::fees;
pub use why::why;

/// How a product is delivered, as far as the card tells one from another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Delivery {
    /// Software as a service.
    Saas,
    /// On a machine of the buyer's: AMI, container, machine learning.
    Server,
    /// AWS Data Exchange.
    Data,
    /// Professional services.
    Services,
}

impl Delivery {
    /// Every one of them.
    pub const ALL: [Self; 4] = [Self::Saas, Self::Server, Self::Data, Self::Services];

    /// The delivery of an offer or a product, by its name there; nothing for one that the card does not tell.
    pub fn of(delivery: &str) -> Option<Self> {
        Some(match delivery {
            "saas" => Self::Saas,
            "ami" | "container" | "machine-learning" => Self::Server,
            "data" => Self::Data,
            "professional-services" => Self::Services,
            _ => return None,
        })
    }

    /// As rows of the card are named.
    const fn word(self) -> &'static str {
        match self {
            Self::Saas => "saas",
            Self::Server => "server",
            Self::Data => "data",
            Self::Services => SERVICES,
        }
    }
}

/// What decides which rate a deal has, less its delivery.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deal {
    /// Whether the offer is shown to everyone.
    pub is_public: bool,
    /// Whether it renews an earlier private offer, or an agreement from outside AWS Marketplace.
    pub is_renewal: bool,
    /// Whether a channel partner sells it.
    pub is_channel: bool,
    /// The total contract value: 0 for pure usage. Nothing when it is not told.
    pub value: Option<(Amount, Currency)>,
    /// The buyer's country, as two letters, when it is told.
    pub country: Option<String>,
}

/// A rate, in per cent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(Amount);

impl Rate {
    /// Reads one: `3`, `0.5`; from 0 to 100, with up to six decimals.
    pub fn parse(text: &str) -> Option<Self> {
        let rate: Amount = text.parse().ok()?;
        (!rate.is_negative() && rate.units() <= 100 * ONE && rate.decimals() <= 6).then_some(Self(rate))
    }

    /// The fee on a price, both in hundred-millionths; what is finer is rounded half up.
    pub fn on(self, price: i128) -> i128 {
        let product = price * self.0.units();
        crate::money::round_half_up(product, 100 * ONE) / (100 * ONE)
    }

    fn plus(self, points: Self) -> Self {
        Self(Amount::from_units(self.0.units() + points.0.units()))
    }
}

impl std::fmt::Display for Rate {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Display::fmt(&self.0, out)
    }
}

const ONE: i128 = 100_000_000;

/// The rate of a deal, and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rated {
    /// The rate, points added.
    pub rate: Rate,
    /// The rows of the card that make it: `private_usd from 1000000 + channel_uplift`.
    pub rows: String,
}

/// Why a card has no rate for a deal.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoRate {
    /// The row is missing.
    #[error("the card has no row `{0}`")]
    Row(String),
    /// No tiers are known in the currency of the value: a row such as `private_eur` would tell them.
    #[error("the card has no tiers in {0}, and no value is converted")]
    Tiers(Currency),
    /// The tier cannot be picked.
    #[error("the value of the agreement is not told")]
    Value,
    /// The card adds points in some countries.
    #[error("the buyer's country is not told, and the card adds points in some")]
    Country,
    /// There is no such offer.
    #[error("professional services are sold by private offers only")]
    PublicServices,
}

/// A row of the card, as a parameter of the policy has it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Row {
    Rate(Rate),
    /// From a value on, a rate: the first from nothing on, each threshold above the one before.
    Tiers(Vec<(Amount, Rate)>),
}

const SERVICES: &str = "professional_services";
const RENEWAL: &str = "renewal";
const CHANNEL: &str = "channel_uplift";

/// What is wrong with a parameter of a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wrong {
    /// The card has no such row.
    Name,
    /// It is no rate.
    Rate,
    /// It is no table of tiers.
    Tiers,
}

/// Reads a row: a rate, or for private offers in a currency a table such as `3 1000000:2 10000000:1.5`.
fn row(name: &str, text: &str) -> Result<Row, Wrong> {
    let rate = || Rate::parse(text).map(Row::Rate).ok_or(Wrong::Rate);
    let delivered = |word: &str| [Delivery::Saas, Delivery::Server, Delivery::Data].iter().any(|delivery| delivery.word() == word);
    let is_word = |word: &str, length: usize| word.len() == length && word.bytes().all(|byte| byte.is_ascii_lowercase());
    match name.split_once('_') {
        _ if [SERVICES, RENEWAL, CHANNEL].contains(&name) => rate(),
        Some(("public" | "private", delivery)) if delivered(delivery) => rate(),
        Some(("region", country)) if is_word(country, 2) => rate(),
        Some(("private", currency)) if is_word(currency, 3) => tiers(text).map(Row::Tiers).ok_or(Wrong::Tiers),
        _ => Err(Wrong::Name),
    }
}

fn tiers(text: &str) -> Option<Vec<(Amount, Rate)>> {
    let mut words = text.split(' ');
    let mut tiers = vec![(Amount::ZERO, Rate::parse(words.next()?)?)];
    for word in words {
        let (from, rate) = word.split_once(':')?;
        let from: Amount = from.parse().ok()?;
        if tiers.last().is_some_and(|(before, _)| from <= *before) {
            return None;
        }
        tiers.push((from, Rate::parse(rate)?));
    }
    Some(tiers)
}

/// Says what is wrong with a parameter of the policy, if anything is.
pub(crate) fn judge(name: &str, text: &str) -> Result<(), Wrong> {
    row(name, text).map(|_| ())
}

/// A rate card.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RateCard(BTreeMap<String, Row>);

impl RateCard {
    /// The card that a policy's parameters tell. What is no row of a card is left out: the policy was judged when it was set.
    pub fn of(parameters: &BTreeMap<String, String>) -> Self {
        Self(parameters.iter().filter_map(|(name, text)| Some((name.clone(), row(name, text).ok()?))).collect())
    }

    /// The rate of a deal, with the rows of the card that make it.
    ///
    /// Professional services have their own row; then comes the renewal of a private offer, whatever its value; then the row of private offers
    /// for the delivery, where the card has one; else the tier of the value, in the currency of the value. The points for a channel partner and
    /// for the buyer's country are added to whichever row applies.
    ///
    /// # Errors
    /// The card has none, or what would pick it is not told.
    pub fn rate(&self, deal: &Deal, delivery: Delivery) -> Result<Rated, NoRate> {
        let mut rated = match delivery {
            Delivery::Services if deal.is_public => return Err(NoRate::PublicServices),
            Delivery::Services => self.flat(SERVICES)?,
            _ if deal.is_public => self.flat(&format!("public_{}", delivery.word()))?,
            _ if deal.is_renewal => self.flat(RENEWAL)?,
            _ => self.private(deal, delivery)?,
        };
        if deal.is_channel {
            rated = rated.plus(&self.flat(CHANNEL)?);
        }
        if self.has_regions() {
            let country = deal.country.as_ref().ok_or(NoRate::Country)?;
            if let Ok(points) = self.flat(&format!("region_{}", country.to_ascii_lowercase())) {
                rated = rated.plus(&points);
            }
        }
        Ok(rated)
    }

    /// Whether points are added for buyers of some countries.
    fn has_regions(&self) -> bool {
        self.0.keys().any(|name| name.starts_with("region_"))
    }

    fn flat(&self, name: &str) -> Result<Rated, NoRate> {
        match self.0.get(name) {
            Some(Row::Rate(rate)) => Ok(Rated { rate: *rate, rows: name.to_owned() }),
            _ => Err(NoRate::Row(name.to_owned())),
        }
    }

    fn private(&self, deal: &Deal, delivery: Delivery) -> Result<Rated, NoRate> {
        if let Ok(rated) = self.flat(&format!("private_{}", delivery.word())) {
            return Ok(rated);
        }
        let (value, currency) = deal.value.ok_or(NoRate::Value)?;
        let name = format!("private_{}", currency.as_str().to_ascii_lowercase());
        let Some(Row::Tiers(tiers)) = self.0.get(&name) else { return Err(NoRate::Tiers(currency)) };
        let (from, rate) = tiers.iter().rev().find(|(from, _)| *from <= value).unwrap_or(&tiers[0]);
        let rows = if from.is_zero() { name } else { format!("{name} from {from}") };
        Ok(Rated { rate: *rate, rows })
    }
}

impl Rated {
    fn plus(&self, points: &Self) -> Self {
        Self { rate: self.rate.plus(points.rate), rows: format!("{} + {}", self.rows, points.rows) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The card that AWS publishes since 2024-01-05, as somebody would record it.
    fn card(more: &[(&str, &str)]) -> RateCard {
        let rows = [
            ("public_saas", "3"),
            ("public_server", "20"),
            ("public_data", "3"),
            ("private_usd", "3 1000000:2 10000000:1.5"),
            ("renewal", "1.5"),
            ("channel_uplift", "0.5"),
            ("professional_services", "2.5"),
        ];
        let text = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
        RateCard::of(&rows.iter().chain(more).map(text).collect())
    }

    fn private(value: &str) -> Deal {
        Deal { value: Some((value.parse().unwrap(), "USD".parse().unwrap())), ..Deal::default() }
    }

    /// The rate and the rows that make it, or why there is none.
    fn told(deal: &Deal, delivery: Delivery) -> String {
        card(&[]).rate(deal, delivery).map_or_else(|why| why.to_string(), |rated| format!("{} by {}", rated.rate, rated.rows))
    }

    /// T2 and T3 of the domain's vectors.
    #[test]
    fn the_value_picks_one_flat_rate() {
        for (value, direct, channel, row) in [
            ("0", "3", "3.5", "private_usd"),
            ("999999.99", "3", "3.5", "private_usd"),
            ("1000000.00", "2", "2.5", "private_usd from 1000000"),
            ("9999999.99", "2", "2.5", "private_usd from 1000000"),
            ("10000000.00", "1.5", "2.0", "private_usd from 10000000"),
        ] {
            let deal = private(value);
            assert_eq!(told(&deal, Delivery::Saas), format!("{direct} by {row}"), "{value}");
            let deal = Deal { is_channel: true, ..deal };
            let rated = card(&[]).rate(&deal, Delivery::Server).unwrap();
            assert_eq!((Some(rated.rate), rated.rows), (Rate::parse(channel), format!("{row} + channel_uplift")), "{value}");
        }
    }

    /// T4.
    #[test]
    fn a_renewal_has_its_rate_whatever_its_value() {
        for value in ["0", "999999.99", "10000000.00"] {
            let renewal = Deal { is_renewal: true, ..private(value) };
            assert_eq!(told(&renewal, Delivery::Saas), "1.5 by renewal");
            assert_eq!(told(&Deal { is_channel: true, ..renewal }, Delivery::Saas), "2 by renewal + channel_uplift");
        }
        let untold = Deal { is_renewal: true, ..Deal::default() };
        assert_eq!(told(&untold, Delivery::Data), "1.5 by renewal");
    }

    /// T5. "Regardless of offer type" is read as: the points for a channel partner are added here too.
    #[test]
    fn professional_services_have_a_rate_of_their_own() {
        let deal = private("5000000.00");
        assert_eq!(told(&deal, Delivery::Services), "2.5 by professional_services");
        assert_eq!(told(&Deal { is_channel: true, ..deal }, Delivery::Services), "3 by professional_services + channel_uplift");
        let public = Deal { is_public: true, ..Deal::default() };
        assert_eq!(told(&public, Delivery::Services), "professional services are sold by private offers only");
    }

    #[test]
    fn a_public_offer_is_rated_by_its_delivery() {
        let public = Deal { is_public: true, ..Deal::default() };
        assert_eq!(told(&public, Delivery::Saas), "3 by public_saas");
        for delivery in ["ami", "container", "machine-learning"] {
            assert_eq!(told(&public, Delivery::of(delivery).unwrap()), "20 by public_server");
        }
        assert_eq!(told(&public, Delivery::of("data").unwrap()), "3 by public_data");
        assert_eq!(Delivery::of("desktop"), None);
    }

    #[test]
    fn what_the_card_does_not_tell_has_a_reason() {
        let euros = Deal { value: Some(("2000000.00".parse().unwrap(), "EUR".parse().unwrap())), ..Deal::default() };
        assert_eq!(told(&euros, Delivery::Saas), "the card has no tiers in EUR, and no value is converted");
        assert_eq!(told(&Deal::default(), Delivery::Saas), "the value of the agreement is not told");
        let empty = RateCard::default();
        assert_eq!(empty.rate(&private("1"), Delivery::Services), Err(NoRate::Row("professional_services".to_owned())));
        let with_regions = card(&[("region_kr", "1")]);
        assert_eq!(with_regions.rate(&private("1"), Delivery::Saas), Err(NoRate::Country));
        let in_country = |country: &str| {
            let deal = Deal { country: Some(country.to_owned()), ..private("1") };
            with_regions.rate(&deal, Delivery::Saas).unwrap().rate.to_string()
        };
        assert_eq!((in_country("KR"), in_country("DE")), ("4".to_owned(), "3".to_owned()));
    }

    /// Before 2024 private offers were rated by delivery, as public ones were.
    #[test]
    fn a_row_for_a_delivery_comes_before_the_tiers() {
        let older = card(&[("private_server", "20")]);
        assert_eq!(older.rate(&private("2000000"), Delivery::Server).unwrap().rows, "private_server");
        assert_eq!(older.rate(&private("2000000"), Delivery::Saas).unwrap().rows, "private_usd from 1000000");
    }

    #[test]
    fn a_fee_is_exact() {
        let units = |text: &str| text.parse::<Amount>().unwrap().units();
        for (rate, price, fee) in [
            ("3", "999999.99", "29999.9997"),
            ("2", "1000000.00", "20000"),
            ("3", "-8921.00", "-267.63"),
            ("2.5", "0.00000002", "0"),
            ("2.5", "0.00000020", "0.00000001"),
        ] {
            assert_eq!(Rate::parse(rate).unwrap().on(units(price)), units(fee), "{rate} % of {price}");
        }
    }

    #[test]
    fn rows_have_a_grammar() {
        for (name, text) in
            [("public_saas", "0"), ("renewal", "1.5"), ("region_de", "100"), ("private_jpy", "3 150000000:2"), ("private_kwd", "3")]
        {
            assert_eq!(judge(name, text), Ok(()), "{name}={text}");
        }
        for (name, text, wrong) in [
            ("saas", "3", Wrong::Name),
            ("public_ami", "3", Wrong::Name),
            ("public_usd", "3", Wrong::Name),
            ("region_deu", "1", Wrong::Name),
            ("private_USD", "3", Wrong::Name),
            ("renewal", "1.5 %", Wrong::Rate),
            ("renewal", "-1", Wrong::Rate),
            ("renewal", "100.01", Wrong::Rate),
            ("renewal", "1.1234567", Wrong::Rate),
            ("private_saas", "3 1000000:2", Wrong::Rate),
            ("private_usd", "", Wrong::Tiers),
            ("private_usd", "3  1000000:2", Wrong::Tiers),
            ("private_usd", "3 1000000=2", Wrong::Tiers),
            ("private_usd", "3 0:2", Wrong::Tiers),
            ("private_usd", "3 2000000:2 1000000:1", Wrong::Tiers),
        ] {
            assert_eq!(judge(name, text), Err(wrong), "{name}={text}");
        }
    }
}
