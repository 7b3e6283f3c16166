//! What does not add up, or is not known: computed from the state, never a refusal.

use std::collections::BTreeMap;

use crate::money::Amount;
use crate::time::Basis;

use super::disbursements::exact;
use super::measure::Measure;
use super::sums::LineAt;
use super::table::NONE;
use super::wholesale::Wholesale;
use super::{Billing, In, LineKind};

/// Something that a reader should look at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Finding {
    /// What kind it is: a short name that does not change.
    pub code: &'static str,
    /// Whose feed it is in.
    pub party: String,
    /// What it is about: a payout, an invoice, a line.
    pub about: String,
    /// In words.
    pub why: String,
    /// How much is at stake, with its currency, where it is an amount.
    pub amount: Option<(Amount, String)>,
    /// The position of an event to begin with, where one is known.
    pub seq: Option<u64>,
}

/// Rows with a value that is not known: how many are in force, what they come to in the balance, and where the first one stands.
struct Seen {
    rows: i64,
    units: i128,
    seq: u64,
}

/// Currencies that AWS Marketplace prices or pays out in, and those whose letters ISO 4217 lists beside them. A currency that is not
/// here is a finding, because a wrong code is likelier than a new currency.
const CURRENCIES: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BHD BIF BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CLP \
    CNY COP CRC CUP CVE CZK DJF DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GNF GTQ GYD HKD HNL HTG HUF IDR ILS INR IQD IRR ISK \
    JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR LRD LSL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN \
    NIO NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PYG QAR RON RSD RUB RWF SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS \
    TMT TND TOP TRY TTD TWD TZS UAH UGX USD UYU UZS VES VND VUV WST XAF XCD XOF XPF YER ZAR ZMW ZWG";

/// Everything that this state can see, ordered by code, party and what it is about.
pub fn findings(state: &Billing, basis: Basis) -> Vec<Finding> {
    let mut found = Vec::new();
    state.payout_findings(basis, &mut found);
    state.unknown_values(basis, &mut found);
    state.line_findings(basis, &mut found);
    state.wholesale_findings(basis, &mut found);
    found.sort();
    found
}

impl Billing {
    /// Payouts that do not add up (seller guide: details and header sum to zero in the payout currency), and failures of no payout.
    fn payout_findings(&self, basis: Basis, found: &mut Vec<Finding>) {
        let payouts = self.payouts_at(basis);
        let undone: BTreeMap<u32, u32> = self.undone(&payouts).into_iter().map(|(payout, failure)| (failure, payout)).collect();
        for (payout, at) in &payouts {
            let (party, id) = self.payout_id(*payout);
            let mut report = |code, why: String, amount: Option<i128>, seq: u64| {
                let currency = at.header().map_or(NONE, |header| header.paid_currency);
                found.push(Finding {
                    code,
                    party: party.to_owned(),
                    about: id.to_owned(),
                    why,
                    amount: amount.map(|units| (exact(units), self.texts.get(currency).to_owned())),
                    seq: Some(seq),
                });
            };
            match at.header() {
                None => {
                    let rows = if at.rows == 1 { "1 row names".to_owned() } else { format!("{} rows name", at.rows) };
                    report("payout-without-header", format!("{rows} a payout that has no header"), Some(at.details), at.first_seq);
                }
                Some(header) if at.rows == 0 => {
                    report("payout-without-details", "no row says what was paid".to_owned(), Some(header.paid), header.seq);
                }
                Some(header) if at.difference() != 0 => {
                    let why = "header and details do not sum to zero in the payout currency".to_owned();
                    report("payout-unequal", why, Some(at.difference()), header.seq);
                }
                Some(_) => (),
            }
            if let Some(header) = at.header().filter(|header| header.failed && !undone.contains_key(payout)) {
                report("failure-without-payout", "no payout is known that came back".to_owned(), Some(header.paid), header.seq);
            }
        }
    }

    /// Values that this program does not know: types, variants, actions, currencies. A row with one is kept, and counted in net when
    /// AWS counts it in the balance.
    fn unknown_values(&self, basis: Basis, found: &mut Vec<Finding>) {
        use crate::event::billing::{Side, Variant};
        let counted = self.counted();
        let moved = &self.movements;
        let mut seen: BTreeMap<(&'static str, u32, String, u32), Seen> = BTreeMap::new();
        let mut unknown_of_class: Vec<Vec<(&'static str, String)>> = Vec::new();
        for (number, class) in (0..).zip(&counted) {
            let (names, mut unknown) = (self.class(number), Vec::new());
            if !class.known {
                unknown.push(("unknown-transaction-type", self.texts.get(names.kind).to_owned()));
            }
            if let Some(action) = self.texts.some(names.action) {
                unknown.push(("unknown-action", action.to_owned()));
            }
            let variants = [names.invoice, names.charge].into_iter().filter_map(|text| self.texts.some(text));
            unknown.extend(variants.filter(|text| !Variant::from(*text).is_known()).map(|text| ("unknown-variant", text.to_owned())));
            let side = self.texts.some(names.side).filter(|text| !Side::from(*text).is_known());
            unknown.extend(side.map(|text| ("unknown-side", text.to_owned())));
            unknown_of_class.push(unknown);
        }
        let listed = |currency: u32| currency == NONE || CURRENCIES.split_whitespace().any(|known| known == self.texts.get(currency));
        let mut odd_of_charge: Vec<Vec<u32>> = Vec::with_capacity(self.charges.len());
        let mut judged: BTreeMap<u32, bool> = BTreeMap::new();
        for words in &self.charges.rows {
            let own = [self.lines.rows[words[0] as usize][1], words[3]];
            let odd = own.into_iter().filter(|currency| !*judged.entry(*currency).or_insert_with(|| listed(*currency)));
            odd_of_charge.push(odd.collect());
        }
        for at in moved.at(basis) {
            let charge = moved.charge[at];
            let words = &self.charges.rows[charge as usize];
            let (unknown, odd) = (&unknown_of_class[words[2] as usize], &odd_of_charge[charge as usize]);
            if unknown.is_empty() && odd.is_empty() {
                continue;
            }
            let [recipient, currency, ..] = self.lines.rows[words[0] as usize];
            let odd = odd.iter().map(|currency| ("unknown-currency", self.texts.get(*currency).to_owned()));
            for (code, value) in unknown.iter().cloned().chain(odd) {
                let place = seen.entry((code, recipient, value, currency)).or_insert(Seen { rows: 0, units: 0, seq: moved.seq[at] });
                place.rows += moved.sign(at);
                if moved.kind[at] & super::IN_BALANCE != 0 {
                    place.units += moved.amount(at) * i128::from(moved.sign(at));
                }
            }
        }
        for ((code, recipient, value, currency), Seen { rows, units, seq }) in seen.into_iter().filter(|(_, seen)| seen.rows > 0) {
            let rows = if rows == 1 { "1 row has".to_owned() } else { format!("{rows} rows have") };
            found.push(Finding {
                code,
                party: self.texts.get(recipient).to_owned(),
                about: value.clone(),
                why: format!("{rows} `{value}`, which this program does not know"),
                amount: Some((exact(units), self.texts.get(currency).to_owned())),
                seq: Some(seq),
            });
        }
    }

    /// Lines that were paid more than is owed. One cent too much or too little is a known defect of AWS's rounding that is never
    /// corrected (comment in AWS's published queries); refunds that wait to be netted are no error, so only lines without one count.
    fn line_findings(&self, basis: Basis, found: &mut Vec<Finding>) {
        const TOLERATED: i128 = crate::money::CENT;
        let (sums, counted) = (self.charge_sums(basis, In::Pricing), self.counted());
        self.each_line(&sums, &counted, |at| {
            let of = |measure: Measure| at.sums.of(measure);
            let refunded = of(Measure::GrossRefund) != 0 || of(Measure::WholesaleCostRefund) != 0;
            if of(Measure::Undisbursed) < -TOLERATED && of(Measure::Disbursed) > 0 && !refunded {
                let line = self.line(at.line);
                found.push(Finding {
                    code: "paid-too-much",
                    party: self.texts.get(line.recipient).to_owned(),
                    about: self.line_name(at),
                    why: "more was paid out than is owed".to_owned(),
                    amount: Some((exact(-of(Measure::Undisbursed)), self.texts.get(line.currency).to_owned())),
                    seq: None,
                });
            }
        });
    }

    /// Wholesale invoices whose two sides are known and differ.
    fn wholesale_findings(&self, basis: Basis, found: &mut Vec<Finding>) {
        let (sums, counted) = (self.charge_sums(basis, In::Pricing), self.counted());
        for pair in self.wholesale(&sums, &counted).pairs.into_iter().filter(Wholesale::is_unequal) {
            found.push(Finding {
                code: "wholesale-unequal",
                party: self.texts.get(pair.buyer).to_owned(),
                about: self.texts.get(pair.invoice).to_owned(),
                why: format!("what is paid here and what {} is paid do not cancel", self.texts.get(pair.seller)),
                amount: Some((exact(pair.residual), self.texts.get(pair.currency).to_owned())),
                seq: None,
            });
        }
    }

    /// A line as people find it again: buyer invoice and line.
    pub(super) fn line_name(&self, at: &LineAt<'_>) -> String {
        let line = self.line(at.line);
        let parts = [line.document, line.item].into_iter().filter_map(|text| self.texts.some(text));
        let name = parts.collect::<Vec<_>>().join(":");
        if line.kind == LineKind::Adjustment { "BALANCE_ADJUSTMENT".to_owned() } else { name }
    }
}
