//! Metered usage: what AWS estimates day by day, until an invoice says what it came to.

mod unbilled;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Projection, json_of, load_json};
use crate::event::billing::UsageMetered;
use crate::event::{Entry, Event};
use crate::id::{AccountId, AgreementId, FeedAccountId, OfferId, ProductId};
use crate::money::{Amount, Currency};
use crate::time::{Basis, Instant};

pub use self::unbilled::unbilled;

/// What a row says of one day's usage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Metered {
    agreement: Option<AgreementId>,
    currency: Option<Currency>,
    day: Instant,
    end_user: Option<FeedAccountId>,
    /// What it brings at the price of the agreement, which in a resale is not the recipient's own share.
    estimated: Option<Amount>,
    offer: Option<OfferId>,
    payer: Option<FeedAccountId>,
    product: Option<ProductId>,
    recipient: AccountId,
}

impl Metered {
    fn of(usage: &UsageMetered) -> Self {
        Self {
            agreement: usage.agreement.clone(),
            currency: usage.currency,
            day: usage.day,
            end_user: usage.end_user.clone(),
            estimated: usage.estimated_revenue,
            offer: usage.offer.clone(),
            payer: usage.payer.clone(),
            product: usage.product.clone(),
            recipient: usage.recipient,
        }
    }
}

/// One statement of one usage; nothing when it was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Version {
    seq: u64,
    stated_at: Option<Instant>,
    told: Option<Metered>,
}

/// The fold: every statement of every usage, by the recipient and the feed's id of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    corrected: BTreeMap<u64, u64>,
    versions: BTreeMap<String, Vec<Version>>,
}

impl Usage {
    fn take(&mut self, event: &Event, entry: &Entry, withdrawn: bool) {
        let Event::UsageMetered(usage) = event else { return };
        let stated_at = entry.source.as_ref().and_then(|source| source.stated_at);
        let version = Version { seq: entry.seq, stated_at, told: (!withdrawn).then(|| Metered::of(usage)) };
        self.versions.entry(format!("{}/{}", usage.recipient, usage.usage)).or_default().push(version);
    }

    /// What was said last of each usage that had happened by then, and when anything was said of it first.
    fn at(&self, basis: Basis) -> impl Iterator<Item = (&Metered, Option<Instant>)> {
        let counts = move |version: &&Version| {
            let is_corrected = self.corrected.get(&version.seq).is_some_and(|by| *by <= basis.known_at);
            !is_corrected && basis.had_been_stated(version.seq, version.stated_at)
        };
        self.versions.values().filter_map(move |all| {
            let last = all.iter().filter(counts).max_by_key(|version| (version.stated_at, version.seq))?;
            let first = all.iter().filter(counts).filter_map(|version| version.stated_at).min();
            let told = last.told.as_ref()?;
            basis.had_happened(told.day).then_some((told, first))
        })
    }
}

impl Projection for Usage {
    fn name(&self) -> &'static str {
        "usage"
    }

    fn version(&self) -> u32 {
        1
    }

    fn evolve(&mut self, entry: &Entry) {
        match &entry.event {
            Event::SourceRestated(restated) => self.take(&restated.entry, entry, restated.withdrawn),
            Event::EntryCorrected(corrected) => {
                self.corrected.insert(corrected.entry, entry.seq);
                if let Some(replacement) = &corrected.replacement {
                    self.take(replacement, entry, false);
                }
            }
            event => self.take(event, entry, false),
        }
    }

    fn save(&self) -> Vec<u8> {
        json_of(self)
    }

    fn load(&mut self, bytes: &[u8]) -> bool {
        load_json(self, bytes)
    }

    fn totals(&self) -> Vec<(String, String)> {
        vec![("usages".to_owned(), self.versions.len().to_string())]
    }
}
