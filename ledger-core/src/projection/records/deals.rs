//! Agreements and offers, resolved: which revision is current, what belongs to one deal, who may see an offer.

use std::collections::{BTreeMap, BTreeSet};

use super::lay::lay;
use super::{Kind, Record, Version, View, value_of};
use crate::event::Event;
use crate::event::agreement::{AgreementTerms, ChargeScheduled, SCHEDULED, Status, TermRecorded};
use crate::event::offer::{Instalment, OfferTerms};
use crate::id::{AccountId, AgreementId, FeedAccountId, OfferId};
use crate::time::Instant;

/// Where an agreement stands at a basis, as one recipient's feeds tell it, or as we recorded it ourselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Its terms, as the current revision has them.
    pub terms: AgreementTerms,
    /// Whose feeds tell it; nobody's when only we do.
    pub recipient: Option<AccountId>,
    /// Since when the current revision holds.
    pub since: Instant,
    /// How many revisions there are.
    pub revisions: u64,
    /// Position of the event that says so.
    pub seq: u64,
    /// When it was stated.
    pub stated_at: Option<Instant>,
    /// Every offer that one of its revisions names.
    pub offers: BTreeSet<OfferId>,
}

/// Who may see an offer. Source: AWS's report queries, `offer_visibility`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Visibility {
    /// Shown to everyone.
    Public,
    /// Shown to named buyer accounts.
    Private,
    /// Shown to the members of a programme.
    Program(String),
    /// Shown to buyers in some countries.
    Geo,
}

impl std::fmt::Display for Visibility {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Public => out.pad("public"),
            Self::Private => out.pad("private"),
            Self::Program(name) => write!(out, "program:{name}"),
            Self::Geo => out.pad("geo"),
        }
    }
}

/// Through whom a deal is sold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    /// A private offer of the ISV's own.
    Spo,
    /// A private offer of a channel partner's.
    Cppo,
    /// An offer that is not private.
    Public,
}

impl Channel {
    /// As it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Spo => "SPO",
            Self::Cppo => "CPPO",
            Self::Public => "public",
        }
    }
}

/// One revision of an agreement, of a feed's or of ours.
struct Revision<'v> {
    version: &'v Version,
    event: Event,
}

/// AWS picks the current revision from the first of these classes that has any.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Superseded,
    RolledBack,
    Standing,
}

impl Revision<'_> {
    fn class(&self) -> Class {
        match &self.event {
            Event::AgreementRevised(terms) => match terms.status {
                Some(Status::Superseded) => Class::Superseded,
                Some(Status::RolledBack) => Class::RolledBack,
                _ => Class::Standing,
            },
            _ => Class::Standing,
        }
    }

    fn offer(&self) -> Option<&OfferId> {
        match &self.event {
            Event::AgreementRevised(terms) | Event::AgreementAccepted(terms) | Event::AgreementAmended(terms) => terms.offer.as_ref(),
            _ => None,
        }
    }
}

/// The current revision by AWS's rule (`agreement_report.sql`): if any revision is neither SUPERSEDED nor ROLLED_BACK, the newest of
/// those; else the newest ROLLED_BACK; else the newest SUPERSEDED. A feed's revision is whole; what we recorded ourselves is laid over
/// what stood before, so that notifications and feeds come to the same state.
fn current(agreement: &AgreementId, revisions: &[Revision<'_>]) -> AgreementTerms {
    let class = revisions.iter().map(Revision::class).max();
    let mut terms = AgreementTerms::of(agreement.clone());
    for revision in revisions.iter().filter(|revision| Some(revision.class()) == class) {
        match &revision.event {
            Event::AgreementRevised(revised) => {
                // No feed tells the buyer's purchase order.
                let purchase_order = terms.purchase_order.take();
                terms = AgreementTerms { purchase_order, ..(**revised).clone() };
            }
            Event::AgreementAccepted(told) | Event::AgreementAmended(told) => {
                lay(&mut terms, told);
                terms.accepted_at = terms.accepted_at.or_else(|| Some(Instant::from_micros(revision.version.from)));
                terms.status = terms.status.take().or(Some(Status::Active));
            }
            Event::AgreementEnded(ended) => {
                terms.status = Some(ended.status.clone());
                terms.reason = ended.reason.clone().or(terms.reason);
            }
            _ => (),
        }
    }
    terms
}

/// Which agreements follow one another by renewal and replacement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chains {
    preceding: BTreeMap<AgreementId, AgreementId>,
    next: BTreeMap<AgreementId, BTreeSet<AgreementId>>,
}

impl Chains {
    fn of(standings: &[Standing]) -> Self {
        let mut chains = Self::default();
        for terms in standings.iter().map(|standing| &standing.terms) {
            if let Some(preceding) = &terms.preceding {
                chains.preceding.insert(terms.agreement.clone(), preceding.clone());
                chains.next.entry(preceding.clone()).or_default().insert(terms.agreement.clone());
            }
        }
        chains
    }

    /// The first agreement of the chain: what AWS calls the initial agreement, and what stands for the deal.
    pub fn initial<'c>(&'c self, agreement: &'c AgreementId) -> &'c AgreementId {
        let (mut first, mut seen) = (agreement, BTreeSet::from([agreement]));
        while let Some(before) = self.preceding.get(first) {
            if !seen.insert(before) {
                break; // a chain that bites its tail: any of its members may stand for it, this one does
            }
            first = before;
        }
        first
    }

    /// The agreements that renewed or replaced it.
    pub fn next(&self, agreement: &AgreementId) -> impl Iterator<Item = &AgreementId> {
        self.next.get(agreement).into_iter().flatten()
    }
}

/// Whether the seller is another than the recipient of the feed. The feeds tell both since 2026.
pub(super) fn sold_by_another(view: &View<'_>, offer: &OfferTerms) -> bool {
    match (&offer.seller_account, &offer.recipient_account, offer.recipient) {
        (Some(seller), Some(recipient), _) => seller != recipient,
        (Some(seller), None, Some(recipient)) => view.account_of(recipient, seller).is_some_and(|seller| seller != recipient),
        _ => matches!((offer.seller, offer.recipient), (Some(seller), Some(recipient)) if seller != recipient),
    }
}

impl View<'_> {
    /// Where every agreement stands, once for each recipient that tells of it, by agreement and recipient.
    pub fn standings(&self) -> &[Standing] {
        self.standings.get_or_init(|| {
            let mut all = Vec::new();
            let mut start = self.range(Kind::Agreement, &[]).start;
            let end = self.range(Kind::Agreement, &[]).end;
            while start < end {
                let first = self.record(start..start + 1);
                let Some(id) = first.key().first().map(|id| (*id).to_owned()) else { break };
                self.standings_of(&id, &mut all);
                start = self.range(Kind::Agreement, &[&id]).end.max(start + 1);
            }
            all
        })
    }

    pub(super) fn standings_of(&self, id: &str, all: &mut Vec<Standing>) {
        let Ok(agreement) = id.parse::<AgreementId>() else { return };
        let mut by_recipient: BTreeMap<&str, Vec<Revision<'_>>> = BTreeMap::new();
        let records: Vec<_> = self.all(Kind::Agreement, &[id]).map(|(record, _)| record).collect();
        for record in &records {
            let key = record.key();
            let revisions = by_recipient.entry(key.get(1).copied().unwrap_or_default()).or_default();
            for version in record.stated() {
                if self.basis.had_happened(Instant::from_micros(version.from)) {
                    revisions.extend(record.event(version).map(|event| Revision { version, event }));
                }
            }
        }
        let ours = by_recipient.remove("").unwrap_or_default();
        if by_recipient.values().all(Vec::is_empty) {
            by_recipient = BTreeMap::from([("", Vec::new())]);
        }
        let cancelled =
            self.cancellations(&agreement).into_iter().find_map(|request| Some((request.granted_at?, request.seq, request.reason)));
        for (recipient, mut revisions) in by_recipient {
            let told = revisions.len();
            revisions.extend(ours.iter().map(|revision| Revision { version: revision.version, event: revision.event.clone() }));
            if revisions.is_empty() || (told == 0 && !recipient.is_empty()) {
                continue;
            }
            // What we recorded for the same moment has no statement and comes first, so that the feed's word replaces it.
            revisions.sort_by_key(|revision| (revision.version.from, revision.version.stated, revision.version.seq));
            let mut terms = current(&agreement, &revisions);
            let class = revisions.iter().map(Revision::class).max();
            let Some(last) = revisions.iter().rfind(|revision| Some(revision.class()) == class) else { continue };
            // Who says once more that it is over does not say that it ended later.
            let over = |revision: &&Revision<'_>| match (&revision.event, &last.event) {
                (Event::AgreementEnded(one), Event::AgreementEnded(other)) => one.status == other.status,
                _ => false,
            };
            let ended = revisions.iter().rev().take_while(over).last().unwrap_or(last).version;
            let (mut since, mut seq) = (Instant::from_micros(ended.from), ended.seq);
            if let Some(cancelled) = cancelled.as_ref().filter(|_| matches!(terms.status, Some(Status::Active))) {
                (since, seq) = (cancelled.0, cancelled.1);
                terms.status = Some(Status::Cancelled);
                terms.reason = cancelled.2.clone().or(terms.reason);
            }
            all.push(Standing {
                recipient: recipient.parse().ok(),
                since,
                revisions: revisions.iter().map(|revision| revision.version.from).collect::<BTreeSet<_>>().len() as u64,
                seq,
                stated_at: last.version.stated_at(),
                offers: revisions.iter().filter_map(Revision::offer).cloned().collect(),
                terms,
            });
        }
    }

    /// Where every agreement stands, once: as its seller of record tells it, where that one's feeds are here, else as the first
    /// recipient does.
    pub fn agreements(&self) -> Vec<&Standing> {
        let mut chosen: Vec<&Standing> = Vec::new();
        for standing in self.standings() {
            let own = |standing: &Standing| standing.recipient.is_some() && self.proposer(standing) == standing.recipient;
            match chosen.last_mut() {
                Some(last) if last.terms.agreement == standing.terms.agreement => {
                    if own(standing) && !own(last) {
                        *last = standing;
                    }
                }
                _ => chosen.push(standing),
            }
        }
        chosen
    }

    /// Where one agreement stands, as [`View::agreements`] has it, without looking at the others.
    pub fn agreement(&self, agreement: &AgreementId) -> Option<Standing> {
        let mut told = Vec::new();
        self.standings_of(agreement.as_str(), &mut told);
        let own = told.iter().position(|standing| standing.recipient.is_some() && self.proposer(standing) == standing.recipient);
        (!told.is_empty()).then(|| told.swap_remove(own.unwrap_or(0)))
    }

    /// Which agreements follow one another.
    pub fn chains(&self) -> Chains {
        Chains::of(self.standings())
    }

    pub(super) fn resolve(
        &self,
        recipient: Option<AccountId>,
        told: Option<AccountId>,
        opaque: Option<&FeedAccountId>,
    ) -> Option<AccountId> {
        told.or_else(|| self.account_of(recipient?, opaque?))
    }

    /// The seller of record.
    pub fn proposer(&self, standing: &Standing) -> Option<AccountId> {
        self.resolve(standing.recipient, standing.terms.proposer, standing.terms.proposer_account.as_ref())
    }

    /// The buyer.
    pub fn acceptor(&self, standing: &Standing) -> Option<AccountId> {
        self.resolve(standing.recipient, standing.terms.acceptor, standing.terms.acceptor_account.as_ref())
    }

    /// Every instalment that was ever planned for an agreement, with its term.
    pub(crate) fn planned_for(&self, standing: &Standing) -> Vec<(Instalment, String)> {
        let told = |(charge, _): (ChargeScheduled, Version)| {
            (Instalment { amount: charge.amount, charged_at: charge.charged_at }, charge.term.to_string())
        };
        self.planned(standing).into_iter().map(told).collect()
    }

    /// Every offer that had been released at the basis, each revision as each recipient tells it.
    pub fn released_offers(&self) -> impl Iterator<Item = OfferTerms> {
        self.released().into_iter().map(|(offer, _)| offer)
    }

    /// The terms of an agreement.
    pub(super) fn terms_of(&self, standing: &Standing) -> Vec<TermRecorded> {
        self.told_with(Kind::Term, standing, |record| value_of!(record, record.in_force(), TermRecorded))
    }

    /// What belongs to an agreement, as whoever tells of it does; as we recorded it ourselves, or as the first other one does, where that one
    /// does not tell it.
    fn told_with<T>(&self, kind: Kind, standing: &Standing, read: impl Fn(Record<'_>) -> Option<T>) -> Vec<T> {
        let agreement = standing.terms.agreement.as_str();
        let recipient = standing.recipient.map(|recipient| recipient.to_string()).unwrap_or_default();
        let told = |recipient: &str| self.all(kind, &[agreement, recipient]).filter_map(|(record, _)| read(record)).collect::<Vec<_>>();
        let teller = |record: Record<'_>| record.key().get(1).map(|other| (*other).to_owned());
        let others: BTreeSet<String> = self.all(kind, &[agreement]).filter_map(|(record, _)| teller(record)).collect();
        let tellers = [recipient, String::new()].into_iter().chain(others);
        tellers.map(|teller| told(&teller)).find(|told| !told.is_empty()).unwrap_or_default()
    }

    /// Every instalment that was ever planned for an agreement and not taken back.
    pub(super) fn planned(&self, standing: &Standing) -> Vec<(ChargeScheduled, Version)> {
        let mut planned = self.told_with(Kind::Charge, standing, |record| {
            let version = record.in_force()?;
            value_of!(record, Some(version), ChargeScheduled).map(|charge| (charge, *version))
        });
        // A term that tells its whole schedule takes back what it had before.
        let terms = self.terms_of(standing);
        planned.retain(|(charge, _)| {
            let term = terms.iter().find(|term| term.term == charge.term);
            let days = term.and_then(|term| term.extra.get(SCHEDULED));
            days.is_none_or(|days| days.split(' ').any(|day| day == charge.charged_at.to_string()))
        });
        planned
    }

    /// The instalments that stand: what was planned for after an early end is planned no more. When an agreement is replaced, its
    /// remaining payments are cancelled (AWS Marketplace seller guide, agreement-based offers).
    pub(crate) fn instalments(&self, standing: &Standing) -> Vec<ChargeScheduled> {
        let ended = match standing.terms.status {
            Some(Status::Cancelled | Status::Replaced | Status::Terminated | Status::Archived) => Some(standing.since),
            _ => None,
        };
        let stands = |charge: &ChargeScheduled| ended.is_none_or(|ended| charge.charged_at < ended);
        self.planned(standing).into_iter().map(|(charge, _)| charge).filter(stands).collect()
    }

    /// The purchase orders that invoices are charged to, by invoice, with the position that says so.
    pub fn purchase_orders(&self) -> BTreeMap<String, (String, u64)> {
        let told = |record: Record<'_>| {
            let version = record.in_force()?;
            let told = value_of!(record, Some(version), InvoiceSummarised)?;
            Some((told.invoice.to_string(), (told.purchase_order?.to_string(), version.seq)))
        };
        self.all(Kind::Summary, &[]).filter_map(|(record, _)| told(record)).collect()
    }

    /// The cost centres that offers name, by the agreements they became.
    pub fn cost_centres(&self) -> BTreeMap<String, String> {
        let centre = |standing: &&Standing| {
            let centre = self.offer_of(standing)?.cost_centre?;
            Some((standing.terms.agreement.to_string(), centre.to_string()))
        };
        self.agreements().iter().filter_map(centre).collect()
    }

    /// What followed of itself from an acceptance of ours: the positions of the instalments it planned and of the agreement it ended.
    pub(crate) fn followed_from(&self, accepted: &AgreementTerms, seq: u64) -> BTreeSet<u64> {
        let mut all = BTreeSet::new();
        for (record, _) in self.all(Kind::Charge, &[accepted.agreement.as_str(), "", crate::book::SCHEDULE]) {
            all.extend(record.stated().into_iter().map(|version| version.seq));
        }
        if let Some(before) = &accepted.preceding {
            for (record, _) in self.all(Kind::Agreement, &[before.as_str(), "", "agreement.ended"]) {
                all.extend(record.stated().into_iter().map(|version| version.seq));
            }
        }
        all.into_iter().filter(|next| *next > seq).collect()
    }
}
