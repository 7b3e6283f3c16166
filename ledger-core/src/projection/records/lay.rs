//! What is told in parts, laid one part over the other: what a later one does not say, an earlier one did.

use crate::event::agreement::AgreementTerms;
use crate::event::offer::{OfferSetTerms, OfferTerms};
use crate::event::resale::AuthorizationTerms;

/// Fields that may be absent, and lists that may be empty.
macro_rules! over {
    ($terms:ident, $told:ident: $($field:ident)+; $($list:ident)*) => {
        $(if $told.$field.is_some() {
            $terms.$field.clone_from(&$told.$field);
        })+
        $(if !$told.$list.is_empty() {
            $terms.$list.clone_from(&$told.$list);
        })*
    };
}

/// Lays what is told of an agreement over what was known.
pub(crate) fn lay(terms: &mut AgreementTerms, told: &AgreementTerms) {
    over!(terms, told: accepted_at acceptor acceptor_account catalog currency ends_at intent offer offer_revision offer_set preceding proposer;);
    over!(terms, told: payer proposer_account purchase_order reason recipient starts_at status valid_from value;);
    terms.extra.extend(told.extra.clone());
}

/// Lays what is told of an offer over what was known.
pub(super) fn lay_offer(terms: &mut OfferTerms, told: &OfferTerms) {
    over!(terms, told: authorization authorization_description authorization_name catalog cost_centre crm currency delivery; buyers);
    over!(terms, told: duration ends_at eula expires_at list_value markup name offer_set pre_existing pricing recipient; prices products programmes);
    over!(terms, told: recipient_account renews replaces revision segment seller seller_account starts_at valid_from value; risks schedule);
    terms.extra.extend(told.extra.clone());
}

/// Lays what is told of an authorization over what was known.
pub(super) fn lay_authorization(terms: &mut AuthorizationTerms, told: &AuthorizationTerms) {
    over!(terms, told: available_until currency description discount eula grantor name offers_max; buyers schedule wholesale);
    over!(terms, told: parent pre_existing pricing product recipient reseller;);
}

/// Lays what is told of a set of offers over what was known: offers come and go.
pub(super) fn lay_offer_set(terms: &mut OfferSetTerms, told: OfferSetTerms) {
    over!(terms, told: name recipient solution;);
    terms.offers.retain(|offer| !told.removed.contains(offer) && !told.offers.contains(offer));
    terms.offers.extend(told.offers);
}
