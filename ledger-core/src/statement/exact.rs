//! Costs as AWS writes them: a dozen decimals, and exponents.

use std::fmt;
use std::str::FromStr;

use crate::feed::Complaint;
use crate::money::{Amount, DECIMALS, NotAnAmount, round_half_up};
use crate::problem::Code;

/// A cost with all its decimals.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Exact(i128);

impl Exact {
    /// So many decimals are kept: AWS writes a dozen. There is room for ten thousand million million before the point.
    const DECIMALS: u32 = 22;

    /// Reads `0.0000001`, `-7.0E-10`, `12`.
    pub(crate) fn read(text: &str) -> Result<Self, Complaint> {
        let wrong = |why: &str| (Code::E0211, why.to_owned(), "AWS writes 12.5 or -7.0E-10; download the file again".to_owned());
        let (mantissa, exponent) = text.split_once(['E', 'e']).unwrap_or((text, "0"));
        let (negative, digits) = mantissa.strip_prefix('-').map_or((false, mantissa), |digits| (true, digits));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let all = || whole.bytes().chain(fraction.bytes());
        if whole.is_empty() && fraction.is_empty() || !all().all(|byte| byte.is_ascii_digit()) {
            return Err(wrong("it is no decimal number"));
        }
        let exponent: i32 = exponent.parse().map_err(|_| wrong("its exponent is no number"))?;
        let fine = || (Code::E0208, "more digits than there is room for".to_owned(), "download the file again".to_owned());
        let mut units: i128 = 0;
        for digit in all() {
            units = units.checked_mul(10).and_then(|units| units.checked_add(i128::from(digit - b'0'))).ok_or_else(fine)?;
        }
        let places = i32::try_from(fraction.len()).map_err(|_| fine())?;
        let shift = exponent.checked_add(Self::DECIMALS.cast_signed()).and_then(|shift| shift.checked_sub(places)).ok_or_else(fine)?;
        let power = |places: u32| 10_i128.checked_pow(places).ok_or_else(fine);
        let units = match u32::try_from(shift) {
            _ if units == 0 => 0,
            Ok(places) => units.checked_mul(power(places)?).ok_or_else(fine)?,
            Err(_) => {
                let step = power(shift.unsigned_abs())?;
                if units % step != 0 {
                    return Err(fine());
                }
                units / step
            }
        };
        Ok(Self(if negative { -units } else { units }))
    }

    /// Rounded half up to eight decimals, and whether that changed it.
    pub fn rounded(self) -> (Amount, bool) {
        let step = 10_i128.pow(Self::DECIMALS - DECIMALS);
        let units = round_half_up(self.0, step) / step;
        (Amount::from_units(units), units * step != self.0)
    }

    /// All its decimals, without zeros at the end.
    pub fn written(self) -> String {
        let one = 10_u128.pow(Self::DECIMALS);
        let (sign, units) = (if self.0 < 0 { "-" } else { "" }, self.0.unsigned_abs());
        let text = format!("{sign}{}.{:022}", units / one, units % one);
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }

    /// An amount of the ledger, if there is room for it: there is less before the point.
    pub fn of(amount: Amount) -> Option<Self> {
        amount.units().checked_mul(10_i128.pow(Self::DECIMALS - DECIMALS)).map(Self)
    }

    /// The sum, if there is room for it.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The difference, if there is room for it.
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// What it is below zero when it is above, and the other way round.
    #[must_use]
    pub fn negated(self) -> Self {
        Self(-self.0)
    }

    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// How many of the smallest parts it has.
    pub(crate) const fn parts(self) -> i128 {
        self.0
    }

    /// So many of the smallest parts.
    pub(crate) const fn of_parts(parts: i128) -> Self {
        Self(parts)
    }

    /// As people read it: with two decimals, or as many as it needs.
    pub fn in_cents(self) -> String {
        let text = self.written();
        let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
        let point = if decimals == 0 { "." } else { "" };
        text + point + &"00"[decimals.min(2)..]
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.0 < 0
    }
}

impl FromStr for Exact {
    type Err = NotAnAmount;

    fn from_str(text: &str) -> Result<Self, NotAnAmount> {
        Self::read(text).map_err(|(code, ..)| if code == Code::E0208 { NotAnAmount::TooFine } else { NotAnAmount::Malformed })
    }
}

impl fmt::Display for Exact {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(&self.written())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_read_and_written_with_all_their_decimals() {
        for (text, written, amount) in [
            ("12.5", "12.5", "12.5"),
            ("-7.0E-10", "-0.0000000007", "0"),
            ("1.81E-8", "0.0000000181", "0.00000002"),
            ("0", "0", "0"),
            ("1E3", "1000", "1000"),
            ("1.68230869740", "1.6823086974", "1.6823087"),
        ] {
            let exact = Exact::read(text).unwrap();
            assert_eq!((exact.written().as_str(), exact.rounded().0), (written, amount.parse().unwrap()), "{text}");
        }
        for text in ["", "1,000.00", "$5", "1E", "1E-30", "1E2147483647", "1E-2147483648", "--1", "."] {
            assert!(Exact::read(text).is_err(), "{text}");
        }
    }
}
