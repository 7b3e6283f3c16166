//! Why an offer, an authorization, an agreement or a deal is shown as it is: each state and figure, the rule that makes it, and the events it is
//! made of.

use std::collections::BTreeSet;

use super::{Kind, View};
use crate::event::offer::OfferTerms;
use crate::id::{AgreementId, AuthorizationId, OfferId};
use crate::money::Amount;
use crate::projection::records::{OfferStates, Standing};
use crate::report::Cell;

/// A rule by which the records are read. It has a version: another reading of the same events is another rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rule {
    /// Its name and version.
    pub name: &'static str,
    /// What it says.
    pub text: &'static str,
}

macro_rules! rules {
    ($($id:ident $name:literal $text:literal,)+) => {
        $(pub(crate) const $id: Rule = Rule { name: $name, text: $text };)+

        /// Every rule by which the records are read.
        pub const RULES: &[Rule] = &[$($id),+];
    };
}

rules! {
    REVISION "current-revision/1" "of the revisions that are neither superseded nor rolled back the newest counts, else the newest rolled back, else the newest superseded (AWS's agreement_report.sql); what documents and people told is laid over it, the later over the earlier",
    SILENCE "cancellation-by-silence/1" "a request to cancel that nobody answers for seven days is granted (AWS Marketplace buyer guide, cancellation events)",
    ANSWER "cancellation-granted/1" "the buyer agreed to the seller's request to cancel",
    PLANNED "planned-instalments/1" "every instalment that was planned and not taken back, less those after an early end of the agreement (AWS Marketplace seller guide, agreement-based offers)",
    CHANNEL "channel/1" "another seller than the recipient, or a resale authorization, makes it CPPO; named buyers make it private (AWS's cppo_flag and offer_visibility)",
    STATE "offer-state/1" "an offer is what the last step made of it: accepted once an agreement names it, expired once its availability has passed",
    EXPIRY "expiry/1" "the release says until when it can be accepted; every later change of availability, and a withdrawal, says it anew",
    GRANT "grant/1" "what was told of an authorization, the later over the earlier; it is granted once it is released",
    RESTRICTION "restriction/1" "a restriction, of it or of one it stands on, stops new offers only",
    USE "use/1" "offers are counted that name it, or one that stands on it",
    MEASURE "payout-measure/1" "AWS's own measures: the rows of an invoice line, by class and action, rounded half up to two places per line and then added (AWS's published queries on the billing event feed)",
    COST_CENTRE "cost-centre/2" "a purchase belongs where the labels of its bill say; else where its offer does; else where the policy cost-centres says of the buyer's account on the day of the invoice",
    INSTALMENT "instalment/2" "an invoice is an instalment's when it is in its currency and no other's, of its amount before of another, and of the nearest day; of another amount only within five days; where no feed tells it, a line of the payer's bill that is of its amount, alone or with others, of those days or of a month in which they lie, and of no other product",
    COUNTED "edp-counted/1" "what retires a contract year: AWS's own services, what was carried over, and Marketplace purchases below the cap",
    SERVICES "edp-services/1" "the payer's bill of the month: the contract's cost column, without the line types and the support that it excludes",
    OPENED "edp-opening/1" "what had been counted of the contract year when the ledger began, as a document shows it; in the place of every line before its cut-over, until all bills of that time are here",
    COMMITTED "edp-committed/1" "what the contract commits the buyer to in the contract year, as it was signed or last amended",
    CAPPED "edp-cap/1" "so many per cent of what is committed in the contract year, or in the term, may be purchases of the Marketplace; what lies above is over the cap",
    STRAIGHT_LINE "edp-straight-line/1" "what is committed, by the part of the contract year that has gone",
    FORECAST "edp-forecast/1" "the mean day of the last three months that every payer has billed, for the days that are not billed; and what planned instalments add below the cap",
    LACKING "edp-shortfall/1" "what is committed less what counts: of a year that runs, with the forecast; below nothing it is a surplus",
    CARRIED "edp-carry-over/1" "what was beyond the year before counts, up to the contract's limit",
    MARKETPLACE "edp-marketplace/1" "a purchase counts as the rule for its kind of product says that holds on the day of the test; purchases fill the cap by invoice date, then by natural key",
    BALANCE "trial-balance/1" "an account stands at what was posted to it; how a resale, the listing fee and deferral are presented, the policy posting says",
    POSTED_ROW "posting-row/1" "a row of the billing feed moves its amount between the two accounts that its class and action choose (docs/formats/books.md)",
    POSTED_PAYOUT "posting-payout/1" "the header of a payout is in transit until the bank has it",
    POSTED_ROUNDING "posting-rounding/1" "a cent or less that AWS's rounding leaves on a line that was collected and paid out",
    POSTED_RELEASE "posting-release/1" "what was billed is released by the day of its service period, a month at a time",
    POSTED_CREDIT "posting-credit/1" "a credit that lowered a bill, in the books of who held it, in the bill's month",
    POSTED_DIFFERENCE "posting-difference/1" "what a reconciliation tolerates goes to rounding, what somebody accepts to an account of its own",
    POSTED_SHORTFALL "posting-shortfall/1" "what lacked is accrued from the day after the contract year, and payable once AWS has invoiced it",
    FEE_CHARGED "fee-charged/1" "what AWS charged for listing, less what it gave back: the fee rows of the line",
    FEE_PRICE "fee-price/1" "what the buyer pays before tax, refunds deducted: the price rows of the line",
    FEE_EXPECTED "fee-expected/1" "the price by the rate of the card in force on the day of the invoice",
    FEE_DIFFERENCE "fee-difference/1" "charged less expected",
    TOTAL "deal-total/1" "agreements of one offer set or one CRM reference are one deal; the newest of each chain of renewals and replacements is totalled",
}

/// A state or a figure, and why it is that.
#[derive(Debug, Clone, PartialEq)]
pub struct Reason {
    /// The agreement, offer or authorization that it is of.
    pub subject: String,
    /// Which state or figure.
    pub field: &'static str,
    /// What it is.
    pub value: Cell,
    /// The rule that makes it.
    pub rule: Rule,
    /// The events it is made of, by position.
    pub events: Vec<u64>,
    /// What else there is to say.
    pub remark: Option<String>,
}

impl View<'_> {
    /// The positions of what counts of some records at the basis.
    fn said(&self, kinds: &[Kind], parts: &[&str]) -> Vec<u64> {
        let of = |kind: &Kind| self.all(*kind, parts).filter_map(|(record, _)| Some(record.in_force()?.seq)).collect::<Vec<_>>();
        kinds.iter().flat_map(of).collect::<BTreeSet<u64>>().into_iter().collect()
    }

    /// Why an agreement is shown as it is.
    fn why_agreement(&self, standing: &Standing) -> Vec<Reason> {
        let terms = &standing.terms;
        let subject = terms.agreement.to_string();
        let reason = |field, value, rule, events| Reason { subject: subject.clone(), field, value, rule, events, remark: None };
        let revisions = self.said(&[Kind::Agreement], &[&subject]);
        let cancelled = self.cancellations(&terms.agreement).into_iter().find(|asked| asked.granted_at == Some(standing.since));
        let (rule, events) = match cancelled {
            Some(asked) if asked.answered.is_none() => (SILENCE, vec![asked.seq]),
            Some(asked) => (ANSWER, vec![asked.seq]),
            None => (REVISION, revisions.clone()),
        };
        let status = Cell::or_empty(terms.status.as_ref(), Cell::text);
        let mut reasons = vec![reason("status", status, rule, events)];
        if let (Some(value), Some(currency)) = (terms.value, terms.currency) {
            reasons.push(reason("value", Cell::Money(value, currency), REVISION, revisions));
        }
        let planned = self.planned(standing);
        let standing_charges = self.instalments(standing);
        if let Some(currency) = planned.first().map(|(charge, _)| charge.currency) {
            let sum = Amount::from_units(standing_charges.iter().map(|charge| charge.amount.units()).sum());
            let stands = planned.iter().filter(|(charge, _)| standing_charges.contains(charge));
            let mut events: Vec<u64> = stands.map(|(_, version)| version.seq).collect();
            // What an early end took away is told by what ended it.
            events.extend((standing_charges.len() < planned.len()).then_some(standing.seq));
            reasons.push(reason("planned", Cell::Money(sum.half_up(2), currency), PLANNED, events));
        }
        if let Some(offer) = self.offer_of(standing) {
            reasons.push(reason("kind", Cell::text(self.channel(&offer).as_str()), CHANNEL, self.offer_events(&offer)));
        }
        reasons
    }

    fn offer_events(&self, offer: &OfferTerms) -> Vec<u64> {
        self.said(&[Kind::Offer, Kind::OfferTarget], &[offer.offer.as_str()])
    }

    /// Why an offer is shown as it is.
    fn why_offer(&self, id: &OfferId, states: &OfferStates<'_>) -> Vec<Reason> {
        let reason = |field, value, rule, events| Reason { subject: id.to_string(), field, value, rule, events, remark: None };
        let mut reasons = Vec::new();
        if let Some(state) = states.of(id) {
            reasons.push(reason("state", Cell::text(state.word), STATE, state.events));
        }
        if let Some(offer) = self.offer(id, None, None, None) {
            if let Some(expires) = self.expires_at(&offer) {
                reasons.push(reason("expires", Cell::Moment(expires), EXPIRY, self.said(&[Kind::Offer, Kind::OfferStep], &[id.as_str()])));
            }
            reasons.push(reason("kind", Cell::text(self.channel(&offer).as_str()), CHANNEL, self.offer_events(&offer)));
        }
        reasons
    }

    /// Why an authorization is shown as it is.
    fn why_authorization(&self, id: &AuthorizationId) -> Vec<Reason> {
        let reason = |field, value, rule, events| Reason { subject: id.to_string(), field, value, rule, events, remark: None };
        let mut reasons = Vec::new();
        if let Some(granted) = self.granted(id) {
            let until = granted.available_until.map_or(Cell::text("open-ended"), Cell::Moment);
            reasons.push(reason("until", until, GRANT, self.said(&[Kind::Authorization], &[id.as_str()])));
        }
        let mut chain = vec![id.clone()];
        while let Some(parent) = chain.last().and_then(|last| self.granted(last)?.parent).filter(|parent| !chain.contains(parent)) {
            chain.push(parent);
        }
        let restrictions = chain.iter().flat_map(|id| self.said(&[Kind::Authorization], &[id.as_str(), "authorization.restricted"]));
        reasons.push(reason("restricted", Cell::Flag(self.stopped(id)), RESTRICTION, restrictions.collect()));
        let made = self.made_under(id);
        let events = made.iter().flat_map(|offer| self.said(&[Kind::Offer], &[offer.as_str()])).collect();
        reasons.push(reason("offers", Cell::Count(made.len() as u64), USE, events));
        reasons
    }
}

/// Why agreements are shown as they are.
pub fn why_agreements(view: &View<'_>, ids: &[String]) -> Vec<Reason> {
    let wanted: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
    let chosen = view.agreements().into_iter().filter(|standing| wanted.contains(standing.terms.agreement.as_str()));
    chosen.flat_map(|standing| view.why_agreement(standing)).collect()
}

/// Why deals are shown as they are: their totals, and every agreement of theirs.
pub fn why_deals(view: &View<'_>, ids: &[String]) -> Vec<Reason> {
    let (chains, grouped) = (view.chains(), view.grouped());
    let mut reasons = Vec::new();
    for id in ids {
        let deal = |standing: &&Standing| {
            let initial: &AgreementId = chains.initial(&standing.terms.agreement);
            grouped.get(initial).unwrap_or(initial).as_str() == id
        };
        let members: Vec<&Standing> = view.agreements().into_iter().filter(deal).collect();
        let events = members.iter().map(|standing| standing.seq).collect();
        let value = Cell::Count(members.len() as u64);
        reasons.push(Reason { subject: id.clone(), field: "agreements", value, rule: TOTAL, events, remark: None });
        reasons.extend(members.into_iter().flat_map(|standing| view.why_agreement(standing)));
    }
    reasons
}

/// Why offers are shown as they are.
pub fn why_offers(view: &View<'_>, ids: &[String]) -> Vec<Reason> {
    let states = view.offer_states();
    ids.iter().filter_map(|id| id.parse().ok()).flat_map(|id| view.why_offer(&id, &states)).collect()
}

/// Why authorizations are shown as they are.
pub fn why_authorizations(view: &View<'_>, ids: &[String]) -> Vec<Reason> {
    ids.iter().filter_map(|id| id.parse().ok()).flat_map(|id| view.why_authorization(&id)).collect()
}
