//! Money: exact amounts, currencies that never meet, and rounding that is always asked for by name.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How many decimals an [`Amount`] may have. AWS writes up to six; the grammar leaves room for eight.
pub const DECIMALS: u32 = 8;
/// How many digits may stand before the decimal point, so that a sum of a million million amounts still fits in [`Amount::units`].
const INTEGER_DIGITS: usize = 18;
const UNITS_PER_ONE: i128 = 100_000_000;

/// An exact decimal amount, without its currency. The scale is kept: `4000.00` is written back as `4000.00`, and equals `4000`.
///
/// Grammar: `-?(0|[1-9][0-9]*)(\.[0-9]{1,8})?`, at most 18 digits before the point, and no `-0`.
///
/// ```
/// use ledger_core::money::Amount;
/// let fee: Amount = "-7.350".parse().unwrap();
/// assert_eq!(fee.to_string(), "-7.350");
/// assert_eq!(fee, "-7.35".parse().unwrap());
/// assert!("4,000.00".parse::<Amount>().is_err());
/// assert!("1.11E+11".parse::<Amount>().is_err());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Amount(Decimal);

/// Why a text is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAnAmount {
    /// Nothing was written.
    #[error("nothing is written")]
    Empty,
    /// A comma or blank groups the digits: a spreadsheet has re-saved the file.
    #[error("the digits are grouped")]
    Grouped,
    /// A comma stands where the decimal point should.
    #[error("a comma stands for the decimal point")]
    DecimalComma,
    /// A blank stands before or behind it.
    #[error("a blank stands beside it")]
    Blank,
    /// The minus stands behind the digits.
    #[error("the minus stands behind the digits")]
    TrailingMinus,
    /// Nothing stands before the decimal point, or behind it.
    #[error("no digit stands on one side of the decimal point")]
    BarePoint,
    /// An exponent, as spreadsheets write large numbers.
    #[error("an exponent is written")]
    Exponent,
    /// A currency sign stands beside the digits.
    #[error("a currency sign is written")]
    CurrencySign,
    /// More than eight digits stand after the decimal point.
    #[error("more than 8 digits stand after the decimal point")]
    TooFine,
    /// More than eighteen digits stand before the decimal point.
    #[error("more than 18 digits stand before the decimal point")]
    TooLarge,
    /// A zero with a minus, a leading zero, a plus, or a sign that no number has.
    #[error("it does not read `-?(0|[1-9][0-9]*)(\\.[0-9]{{1,8}})?`")]
    Malformed,
}

impl Amount {
    /// How many decimals it needs: trailing zeros do not count.
    pub fn decimals(self) -> u32 {
        self.0.normalize().scale()
    }

    /// Nothing.
    pub const ZERO: Self = Self(Decimal::ZERO);

    /// The amount in hundred-millionths, for sums. Exact: no amount has more than eight decimals.
    pub fn units(self) -> i128 {
        self.0.mantissa() * 10_i128.pow(DECIMALS - self.0.scale())
    }

    /// The amount of so many hundred-millionths, written with as few decimals as it needs.
    ///
    /// # Panics
    /// When the sum has more than 28 digits, which no sum of fewer than a million million amounts has.
    pub fn from_units(units: i128) -> Self {
        Self(Decimal::from_i128_with_scale(units, DECIMALS).normalize())
    }

    /// Whether so many units can be written down and read again: at most 18 digits stand before the point.
    pub fn is_written(units: i128) -> bool {
        units.unsigned_abs() < 10_u128.pow(18 + DECIMALS)
    }

    /// Rounds half away from zero to so many decimals, and writes exactly that many.
    pub fn half_up(self, places: u32) -> Self {
        let unit = 10_i128.pow(DECIMALS - places);
        let scaled = round_half_up(self.units(), unit) / unit;
        Self(Decimal::from_i128_with_scale(scaled, places))
    }

    /// Written with as many decimals as the currency's smallest unit has, or as many as it needs.
    pub fn in_units_of(self, currency: Currency) -> Self {
        let rounded = self.half_up(currency.decimals());
        if rounded == self { rounded } else { Self(self.0.normalize()) }
    }

    /// Whether it is nothing.
    pub fn is_zero(self) -> bool {
        self.0.is_zero()
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.0.is_sign_negative() && !self.0.is_zero()
    }

    /// The opposite.
    pub fn negated(self) -> Self {
        if self.0.is_zero() { self } else { Self(-self.0) }
    }
}

/// Rounds `units` half away from zero to a multiple of `unit`.
pub fn round_half_up(units: i128, unit: i128) -> i128 {
    let half = unit / 2;
    let shifted = if units < 0 { units - half } else { units + half };
    shifted - shifted % unit
}

/// Splits an amount into so many parts that sum to it exactly: whole smallest units of the currency, no two parts apart by more than one of
/// them, the larger ones first. What is finer than a unit stays with the first part. Nothing is split into no parts.
///
/// ```
/// use ledger_core::money::allocate;
/// let parts = allocate("100.00".parse().unwrap(), 3, "USD".parse().unwrap());
/// assert_eq!(parts.map(|parts| parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")).unwrap(), "33.34 33.33 33.33");
/// ```
pub fn allocate(amount: Amount, parts: u32, currency: Currency) -> Option<Vec<Amount>> {
    let unit = 10_i128.pow(DECIMALS - currency.decimals());
    let (units, count) = (amount.units(), i128::from(parts));
    let (whole, finer) = (units / unit, units % unit);
    let (each, left) = (whole.checked_div(count)?, whole % count);
    let part = |at: i128| {
        let more = if at < left.abs() { left.signum() } else { 0 };
        let finer = if at == 0 { finer } else { 0 };
        let units = (each + more) * unit + finer;
        let part = Amount::from_units(units);
        if part.decimals() <= currency.decimals() { part.half_up(currency.decimals()) } else { part }
    };
    Some((0..count).map(part).collect())
}

/// What the first so many of the parts of [`allocate`] sum to, in hundred-millionths, without any of them being made: for a year of days.
pub(crate) fn allocated(units: i128, parts: i128, first: i128, currency: Currency) -> i128 {
    let unit = 10_i128.pow(DECIMALS - currency.decimals());
    let (whole, finer) = (units / unit, units % unit);
    let left = whole % parts;
    let larger = first.min(left.abs()) * left.signum();
    if first == 0 { 0 } else { (first * (whole / parts) + larger) * unit + finer }
}

/// One hundredth, in the units of [`Amount::units`].
pub const CENT: i128 = UNITS_PER_ONE / 100;

impl FromStr for Amount {
    type Err = NotAnAmount;

    fn from_str(text: &str) -> Result<Self, NotAnAmount> {
        let bytes = text.as_bytes();
        let (negative, digits) = match bytes.split_first() {
            None => return Err(NotAnAmount::Empty),
            Some((b'-', rest)) => (true, rest),
            Some(_) => (false, bytes),
        };
        let (whole, fraction) = match digits.iter().position(|&b| b == b'.') {
            Some(point) => (&digits[..point], Some(&digits[point + 1..])),
            None => (digits, None),
        };
        let all_digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
        if !all_digits(whole) || !fraction.is_none_or(all_digits) {
            return Err(diagnose(text));
        }
        if whole.len() > 1 && whole[0] == b'0' {
            return Err(NotAnAmount::Malformed);
        }
        if whole.len() > INTEGER_DIGITS {
            return Err(NotAnAmount::TooLarge);
        }
        let fraction = fraction.unwrap_or_default();
        if fraction.len() > DECIMALS as usize {
            return Err(NotAnAmount::TooFine);
        }
        let magnitude = whole.iter().chain(fraction).fold(0_i128, |sum, digit| sum * 10 + i128::from(digit - b'0'));
        if negative && magnitude == 0 {
            return Err(NotAnAmount::Malformed);
        }
        let mantissa = if negative { -magnitude } else { magnitude };
        Ok(Self(Decimal::from_i128_with_scale(mantissa, u32::try_from(fraction.len()).unwrap_or(DECIMALS))))
    }
}

/// Names the likeliest cause, so that the reader knows what to mend.
fn diagnose(text: &str) -> NotAnAmount {
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 {
        return NotAnAmount::Malformed;
    }
    if text.bytes().any(|b| matches!(b, b'e' | b'E')) && text.bytes().all(|b| b.is_ascii_digit() || b"eE+-.".contains(&b)) {
        return NotAnAmount::Exponent;
    }
    if text.contains(['$', '€', '£', '¥', '₹', '₩']) {
        return NotAnAmount::CurrencySign;
    }
    let is_blank = |c: char| matches!(c, ' ' | '\t' | '\u{a0}' | '\u{202f}');
    if text.starts_with(is_blank) || text.ends_with(is_blank) {
        return NotAnAmount::Blank;
    }
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    if unsigned.strip_suffix('-').is_some_and(|digits| digits.parse::<Amount>().is_ok()) {
        return NotAnAmount::TrailingMinus;
    }
    let is_whole = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if unsigned.strip_prefix('.').or_else(|| unsigned.strip_suffix('.')).is_some_and(is_whole) {
        return NotAnAmount::BarePoint;
    }
    let groups: Vec<&str> = unsigned.split(|c| is_blank(c) || matches!(c, ',' | '.' | '\'')).collect();
    match groups.as_slice() {
        groups if !groups.iter().copied().all(is_whole) => NotAnAmount::Malformed,
        [first, second] if unsigned.contains(',') && (first.len() > 3 || second.len() != 3) => NotAnAmount::DecimalComma,
        // Two digits are a group in India.
        [first, second, ..] if first.len() <= 3 && matches!(second.len(), 2 | 3) => NotAnAmount::Grouped,
        _ => NotAnAmount::Malformed,
    }
}

impl Amount {
    /// Hands out its text, which is nowhere allocated unless it is very long.
    fn written<R>(self, take: impl FnOnce(&str) -> R) -> R {
        let scale = self.0.scale() as usize;
        let Ok(mut digits) = u64::try_from(self.0.mantissa().unsigned_abs()) else { return take(&self.0.to_string()) };
        let (mut text, mut at, mut places) = ([b'0'; 32], 32, 0);
        while digits > 0 || places <= scale {
            if places == scale && scale > 0 {
                at -= 1;
                text[at] = b'.';
            }
            at -= 1;
            text[at] = b'0' + u8::try_from(digits % 10).unwrap_or(0);
            digits /= 10;
            places += 1;
        }
        if self.is_negative() {
            at -= 1;
            text[at] = b'-';
        }
        take(std::str::from_utf8(&text[at..]).expect("digits are ASCII"))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl fmt::Debug for Amount {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.written(|text| serializer.serialize_str(text))
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::id::parsed(deserializer, "an amount such as \"4000.00\"")
    }
}

/// A currency, as its three capital letters (ISO 4217). Whether ISO lists it is a finding, not a reason to refuse a fact.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// A text that is not three capital letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a currency is three capital letters such as USD")]
pub struct NotACurrency;

impl Currency {
    /// The three letters.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a currency is ASCII")
    }
}

impl Currency {
    /// Whether ISO 4217 lists it.
    pub fn is_listed(self) -> bool {
        let place = place_of(&self.0);
        LISTED[place / 64] >> (place % 64) & 1 == 1
    }

    /// How many decimals its smallest unit has: 2 unless ISO 4217 says otherwise.
    pub fn decimals(self) -> u32 {
        match self.as_str() {
            "BIF" | "CLP" | "DJF" | "GNF" | "ISK" | "JPY" | "KMF" | "KRW" | "PYG" | "RWF" | "UGX" | "UYI" | "VND" | "VUV" | "XAF"
            | "XOF" | "XPF" => 0,
            "BHD" | "IQD" | "JOD" | "KWD" | "LYD" | "OMR" | "TND" => 3,
            "CLF" | "UYW" => 4,
            _ => 2,
        }
    }
}

impl FromStr for Currency {
    type Err = NotACurrency;

    fn from_str(text: &str) -> Result<Self, NotACurrency> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(letters) if letters.iter().all(u8::is_ascii_uppercase) => Ok(Self(letters)),
            _ => Err(NotACurrency),
        }
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        crate::id::parsed(deserializer, "a currency such as \"USD\"")
    }
}

/// Sums, a currency each. Currencies never meet: there is no way to add across them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Balance(BTreeMap<Currency, i128>);

impl Balance {
    /// Adds an amount to the sum of its currency.
    pub fn add(&mut self, currency: Currency, amount: Amount) {
        *self.0.entry(currency).or_default() += amount.units();
    }

    /// The sums, by currency.
    pub fn iter(&self) -> impl Iterator<Item = (Currency, Amount)> {
        self.0.iter().map(|(currency, units)| (*currency, Amount::from_units(*units)))
    }
}

/// The codes of ISO 4217, funds and metals among them, as of 2026. A list that ages is a finding too many, never a fact refused.
#[rustfmt::skip]
const ISO_4217: &[&str] = &[
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BGN", "BHD", "BIF", "BMD", "BND", "BOB",
    "BOV", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHE", "CHF", "CHW", "CLF", "CLP", "CNY", "COP", "COU", "CRC",
    "CUC", "CUP", "CVE", "CZK", "DJF", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL", "GHS", "GIP",
    "GMD", "GNF", "GTQ", "GYD", "HKD", "HNL", "HRK", "HTG", "HUF", "IDR", "ILS", "INR", "IQD", "IRR", "ISK", "JMD", "JOD", "JPY",
    "KES", "KGS", "KHR", "KMF", "KPW", "KRW", "KWD", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "LYD", "MAD", "MDL", "MGA",
    "MKD", "MMK", "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MXV", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR", "NZD",
    "OMR", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "PYG", "QAR", "RON", "RSD", "RUB", "RWF", "SAR", "SBD", "SCR", "SDG", "SEK",
    "SGD", "SHP", "SLE", "SLL", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TND", "TOP", "TRY", "TTD",
    "TWD", "TZS", "UAH", "UGX", "USD", "USN", "UYI", "UYU", "UYW", "UZS", "VED", "VES", "VND", "VUV", "WST", "XAD", "XAF", "XAG",
    "XAU", "XBA", "XBB", "XBC", "XBD", "XCD", "XCG", "XDR", "XOF", "XPD", "XPF", "XPT", "XSU", "XTS", "XUA", "XXX", "YER", "ZAR",
    "ZMW", "ZWG", "ZWL",
];

/// The codes of [`ISO_4217`] as bits, so that looking one up is one step: it is done for every currency of every event.
const LISTED: [u64; (26_usize * 26 * 26).div_ceil(64)] = {
    let (mut bits, mut at) = ([0; _], 0);
    while at < ISO_4217.len() {
        let place = place_of(ISO_4217[at].as_bytes());
        bits[place / 64] |= 1 << (place % 64);
        at += 1;
    }
    bits
};

/// The number of a code among all of three capital letters.
const fn place_of(code: &[u8]) -> usize {
    ((code[0] - b'A') as usize * 26 + (code[1] - b'A') as usize) * 26 + (code[2] - b'A') as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Amount {
        text.parse().unwrap()
    }

    #[test]
    fn an_amount_is_written_as_it_was_read() {
        for text in ["0", "0.00", "4000", "4000.00", "-7.350", "0.00000001", "999999999999999999.99999999"] {
            assert_eq!(amount(text).to_string(), text);
            assert_eq!(serde_json::to_string(&amount(text)).unwrap(), format!("\"{text}\""));
        }
        for mantissa in (0..2_000).chain([i64::MAX, i64::MAX - 1, 10_i64.pow(17), 123_456_789_012_345]) {
            for amount in
                (0..=8).flat_map(|scale| [1, -1].map(|sign| Amount(Decimal::from_i128_with_scale(i128::from(mantissa) * sign, scale))))
            {
                assert_eq!(amount.written(str::to_owned), amount.to_string());
            }
        }
    }

    #[test]
    fn an_amount_is_written_as_its_currency_is() {
        let written = |text: &str, currency: &str| amount(text).in_units_of(currency.parse().unwrap()).to_string();
        let texts = [("1200.5", "KWD"), ("1200.5", "USD"), ("150000.00", "JPY"), ("0.50", "JPY"), ("-0.1234560", "USD"), ("0", "KWD")];
        assert_eq!(texts.map(|(text, currency)| written(text, currency)), ["1200.500", "1200.50", "150000", "0.5", "-0.123456", "0.000"]);
    }

    #[test]
    fn what_parts_sum_to_is_known_without_them() {
        for (text, parts, currency) in [
            ("100.00", 3, "USD"),
            ("-100.01", 7, "USD"),
            ("0.12345678", 30, "USD"),
            ("1000", 31, "JPY"),
            ("-12.3456", 365, "KWD"),
            ("0", 2, "EUR"),
        ] {
            let currency = currency.parse().unwrap();
            let all = allocate(amount(text), parts, currency).unwrap();
            for first in 0..=parts {
                let sum: i128 = all[..first as usize].iter().map(|part| part.units()).sum();
                assert_eq!(allocated(amount(text).units(), parts.into(), first.into(), currency), sum, "{first} of {parts} of {text}");
            }
        }
    }

    #[test]
    fn what_is_not_an_amount_is_named() {
        for (text, why) in [
            ("", NotAnAmount::Empty),
            ("4,000.00", NotAnAmount::Grouped),
            ("4 000", NotAnAmount::Grouped),
            ("1.11E+11", NotAnAmount::Exponent),
            ("$5", NotAnAmount::CurrencySign),
            ("0.000000001", NotAnAmount::TooFine),
            ("1000000000000000000", NotAnAmount::TooLarge),
            ("-0", NotAnAmount::Malformed),
            ("-0.00", NotAnAmount::Malformed),
            ("+1", NotAnAmount::Malformed),
            ("01", NotAnAmount::Malformed),
            ("4.000,00", NotAnAmount::Grouped),
            ("10,00,000.00", NotAnAmount::Grouped),
            ("1,000", NotAnAmount::Grouped),
            ("73,5", NotAnAmount::DecimalComma),
            ("4000,000", NotAnAmount::DecimalComma),
            (" 73.5", NotAnAmount::Blank),
            ("4,000.00 ", NotAnAmount::Blank),
            ("73.5-", NotAnAmount::TrailingMinus),
            (".5", NotAnAmount::BarePoint),
            ("-73.", NotAnAmount::BarePoint),
            (".", NotAnAmount::Malformed),
            ("1.2.3", NotAnAmount::Malformed),
            ("1-2", NotAnAmount::Malformed),
            ("abc", NotAnAmount::Malformed),
        ] {
            assert_eq!(text.parse::<Amount>(), Err(why), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn parts_sum_to_the_whole_and_are_as_equal_as_can_be(
            units in -1_000_000_000_000_000_i64..1_000_000_000_000_000,
            parts in 1_u32..400,
            currency in proptest::sample::select(vec!["USD", "JPY", "KWD", "EUR", "CLF"]),
        ) {
            let currency: Currency = currency.parse().unwrap();
            let unit = 10_i128.pow(DECIMALS - currency.decimals());
            let whole = Amount::from_units(i128::from(units) * unit);
            let split = allocate(whole, parts, currency).unwrap();
            proptest::prop_assert_eq!(split.len(), parts as usize);
            proptest::prop_assert_eq!(split.iter().map(|part| part.units()).sum::<i128>(), whole.units());
            let (least, most) = (split.iter().min().unwrap(), split.iter().max().unwrap());
            proptest::prop_assert!(most.units() - least.units() <= unit);
            proptest::prop_assert!(split.iter().all(|part| part.decimals() <= currency.decimals()));
            // What is finer than a unit is not lost.
            let finer = Amount::from_units(i128::from(units));
            let split = allocate(finer, parts, currency).unwrap();
            proptest::prop_assert_eq!(split.iter().map(|part| part.units()).sum::<i128>(), finer.units());
            proptest::prop_assert_eq!(allocate(whole, 0, currency), None);
        }
    }

    #[test]
    fn half_a_cent_goes_away_from_zero() {
        for (exact, rounded) in [("0.005", "0.01"), ("-0.005", "-0.01"), ("0.00499999", "0.00"), ("2.675", "2.68"), ("19.8", "19.80")] {
            assert_eq!(amount(exact).half_up(2).to_string(), rounded);
        }
    }

    #[test]
    fn the_scale_does_not_tell_amounts_apart() {
        assert_eq!(amount("4000.00"), amount("4000"));
        assert_eq!(amount("4000.00").units(), amount("4000").units());
    }

    #[test]
    fn a_currency_is_listed_or_not() {
        let letters = || 'A'..='Z';
        for code in letters().flat_map(|a| letters().flat_map(move |b| letters().map(move |c| format!("{a}{b}{c}")))) {
            assert_eq!(code.parse::<Currency>().unwrap().is_listed(), ISO_4217.contains(&code.as_str()), "{code}");
        }
    }
}
