//! What ends soon, and what follows it: agreements that run out, offers nobody has accepted yet, authorizations, credits with a balance.

use std::collections::BTreeSet;

use super::View;
use super::reports::{list, maybe, moment, money, party, titles};
use crate::event::agreement::Status;
use crate::id::{AccountId, OfferId};
use crate::money::{Amount, Currency};
use crate::report::{Cell, Column, Kind as Of, Report, grouped};
use crate::time::Instant;

/// A credit that ends with a balance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndingCredit {
    /// The credit.
    pub credit: String,
    /// The first moment at which it has expired.
    pub ends: Instant,
    /// Who holds it.
    pub holder: AccountId,
    /// What is left of it.
    pub balance: Amount,
    /// Its currency.
    pub currency: Currency,
    /// What of that will be unused, at the run rate; nothing before it begins.
    pub at_risk: Option<Amount>,
}

/// One row for everything that ends in so many days after the end of the asked time, the soonest first; of `credits` those that do.
pub fn renewals(view: &View<'_>, days: u64, credits: &[EndingCredit]) -> Report {
    let mut report = Report::new(
        "renewals",
        vec![
            Column::new("ends", "Ends", Of::Moment),
            Column::new("days", "Days", Of::Count),
            Column::new("kind", "Kind", Of::Text),
            Column::new("subject", "Subject", Of::Text),
            Column::new("seller", "Seller", Of::Text),
            Column::new("seller_name", "Seller's name", Of::Text),
            Column::new("buyer", "Buyer", Of::List),
            Column::new("buyer_name", "Buyer's name", Of::Text),
            Column::new("product", "Product", Of::List),
            Column::new("value", "Value", Of::Money),
            Column::new("currency", "Currency", Of::Text),
            Column::new("next", "Next", Of::Text),
            Column::new("follows", "Follows", Of::List),
        ],
    );
    report.shown = vec!["ends", "days", "kind", "subject", "seller_name", "buyer_name", "product", "value", "currency", "next", "follows"];
    // Of an empty ledger nothing ends.
    let Some(now) = view.until() else { return report };
    let left = |ends: Option<Instant>| {
        let ends = ends.filter(|ends| *ends >= now)?;
        let left = u64::try_from((ends.day() - now.day()).num_days()).ok().filter(|left| *left < days)?;
        Some((ends, left))
    };
    let mut rows = Vec::new();
    let accepted: BTreeSet<&OfferId> = view.standings().iter().flat_map(|standing| &standing.offers).collect();
    let open = |offer: &crate::event::offer::OfferTerms| {
        !accepted.contains(&offer.offer) && view.expires_at(offer).is_none_or(|expires| expires > now)
    };
    let offers: Vec<_> = view.released_offers().filter(open).collect();
    let chains = view.chains();
    for standing in view.agreements() {
        let (terms, active) = (&standing.terms, matches!(standing.terms.status, Some(Status::Active | Status::Renewed)));
        let Some((ends, left)) = left(terms.ends_at).filter(|_| active) else { continue };
        let renewed: Vec<String> = chains.next(&terms.agreement).map(ToString::to_string).collect();
        let made = offers.iter().filter(|offer| [&offer.renews, &offer.replaces].contains(&&Some(terms.agreement.clone())));
        let offered: BTreeSet<String> = made.map(|offer| offer.offer.to_string()).collect();
        let next = match (renewed.is_empty(), offered.is_empty()) {
            (false, _) => "renewed",
            (true, false) => "offered",
            (true, true) => "nothing",
        };
        let [seller, seller_name] = party(view, view.proposer(standing), terms.proposer_account.as_ref(), None);
        let [buyer, buyer_name] = party(view, view.acceptor(standing), terms.acceptor_account.as_ref(), None);
        let products = view.offer_of(standing).map(|offer| view.products_of(&offer)).unwrap_or_default();
        rows.push((
            ends,
            0,
            terms.agreement.to_string(),
            vec![
                Cell::Moment(ends),
                Cell::Count(left),
                Cell::text("agreement"),
                Cell::text(&terms.agreement),
                seller,
                seller_name,
                match buyer {
                    Cell::Text(buyer) => list([buyer]),
                    nobody => nobody,
                },
                buyer_name,
                titles(view, &products, None),
                money(terms.value, terms.currency),
                maybe(terms.currency),
                Cell::text(next),
                list(renewed.into_iter().chain(offered)),
            ],
        ));
    }
    let mut seen = BTreeSet::new();
    for offer in &offers {
        let Some((ends, left)) = left(view.expires_at(offer)).filter(|_| seen.insert(&offer.offer)) else { continue };
        let [seller, seller_name] = party(view, view.seller(offer), offer.seller_account.as_ref(), None);
        let buyers = view.buyers_of(offer);
        let [_, buyer_name] = party(view, buyers.first().copied().filter(|_| buyers.len() == 1), None, None);
        rows.push((
            ends,
            1,
            offer.offer.to_string(),
            vec![
                moment(Some(ends)),
                Cell::Count(left),
                Cell::text("offer"),
                Cell::text(&offer.offer),
                seller,
                seller_name,
                list(buyers),
                buyer_name,
                titles(view, &view.products_of(offer), None),
                money(offer.value, offer.currency),
                maybe(offer.currency),
                Cell::text("not accepted"),
                Cell::Empty,
            ],
        ));
    }
    for id in view.all_granted() {
        let Some(granted) = view.granted(&id).filter(|_| !view.stopped(&id)) else { continue };
        let Some((ends, left)) = left(granted.available_until) else { continue };
        let [seller, seller_name] = party(view, granted.reseller, None, None);
        let mut row = vec![Cell::Moment(ends), Cell::Count(left), Cell::text("authorization"), Cell::text(&id), seller, seller_name];
        row.extend([list(&granted.buyers), Cell::Empty, titles(view, granted.product.as_slice(), None)]);
        row.extend([Cell::Empty, maybe(granted.currency), Cell::text("nothing"), Cell::Empty]);
        rows.push((ends, 2, id.to_string(), row));
    }
    for credit in credits {
        let Some((ends, left)) = left(Some(credit.ends)) else { continue };
        let [_, holder_name] = party(view, Some(credit.holder), None, None);
        let next = match credit.at_risk {
            Some(unused) if unused.is_zero() => "used by then".to_owned(),
            unused => format!("{} unused", grouped(&unused.unwrap_or(credit.balance).to_string())),
        };
        let mut row =
            vec![Cell::Moment(ends), Cell::Count(left), Cell::text("credit"), Cell::text(&credit.credit), Cell::Empty, Cell::Empty];
        row.extend([
            list([credit.holder]),
            holder_name,
            Cell::Empty,
            money(Some(credit.balance), Some(credit.currency)),
            maybe(Some(credit.currency)),
        ]);
        row.extend([Cell::Text(next), Cell::Empty]);
        rows.push((ends, 3, credit.credit.clone(), row));
    }
    rows.sort_by(|(ends, kind, id, _), (other_ends, other_kind, other, _)| (ends, kind, id).cmp(&(other_ends, other_kind, other)));
    report.rows = rows.into_iter().map(|(.., row)| row).collect();
    report
}
