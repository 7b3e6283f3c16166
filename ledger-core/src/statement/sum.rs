//! Arithmetic with costs that have all their decimals. Nothing is rounded, and what there is no room for is nothing.

use super::Exact;
use crate::money::{Amount, DECIMALS};

impl Exact {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// An amount; nothing when it has more digits before the point than there is room for.
    pub fn of(amount: Amount) -> Option<Self> {
        amount.units().checked_mul(10_i128.pow(Self::DECIMALS - DECIMALS)).map(Self)
    }

    /// How many of the smallest parts it has.
    pub(crate) const fn parts(self) -> i128 {
        self.0
    }

    /// So many of the smallest parts.
    pub(crate) const fn of_parts(parts: i128) -> Self {
        Self(parts)
    }

    /// Whether it is nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// As an amount, when eight decimals say all of it.
    pub fn amount(self) -> Option<Amount> {
        let (amount, changed) = self.rounded();
        (!changed).then_some(amount)
    }
}

impl std::fmt::Display for Exact {
    /// With two decimals, or as many as it needs.
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = self.written();
        let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let point = if decimals == 0 { "." } else { "" };
        out.write_str(&text)?;
        out.write_str(point)?;
        out.write_str(&"00"[decimals.min(2)..])
    }
}

impl std::str::FromStr for Exact {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::read(text).map_err(|(_, why, _)| why)
    }
}

impl super::Side {
    /// As programs and people read it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Buyer => "buyer",
            Self::Seller => "seller",
            Self::Bank => "bank",
        }
    }
}

impl super::Subject {
    /// As programs and people read it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Purchase => "purchases",
            Self::Tax => "tax",
            Self::Credit => "credits",
            Self::Model => "models",
            Self::Services => "services",
            Self::Invoice => "invoices",
            Self::Billed => "billed",
            Self::Collected => "collected",
            Self::Disbursed => "disbursed",
            Self::Deposit => "deposits",
        }
    }
}
