//! What stands as of a line: of each fact the version that counts, and nothing that was taken back.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::event::{Entry, Event};
use crate::money::{Amount, Currency};
use crate::time::Instant;

/// A fact that stands, under the line that says it last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The position of that line.
    pub seq: u64,
    /// When it was true in the world.
    pub effective_at: Instant,
    /// What it says.
    pub event: Event,
}

/// What a line says of the world: of a restatement and of a correction, what it says now.
pub fn said(event: &Event) -> Option<&Event> {
    match event {
        Event::SourceRestated(restated) => (!restated.withdrawn && restated.precedes.is_none()).then_some(&restated.entry),
        Event::EntryCorrected(corrected) => corrected.replacement.as_ref(),
        event => Some(event),
    }
}

/// A fold of the lines, in order: what a restatement or a correction replaces no longer stands, what is withdrawn does not, and money that a
/// person recorded stands once its approvals are there. The row of a feed that comes for it stands alone.
#[derive(Debug, Default)]
pub struct Standing {
    items: BTreeMap<u64, Item>,
    /// Money by hand that waits for its approvals.
    pending: BTreeMap<u64, Item>,
    /// Of a correction the entry that was first recorded, which the row of a feed names when it comes.
    roots: BTreeMap<u64, u64>,
    /// The last correction of an entry.
    latest: BTreeMap<u64, u64>,
}

impl Standing {
    /// Takes the next line. Of events that are not `wanted` only what they do to others is kept.
    pub fn take(&mut self, entry: &Entry, wanted: impl Fn(&Event) -> bool) {
        let mut waits = entry.is_by_hand();
        match &entry.event {
            Event::SourceRestated(restated) => {
                restated.replaces.into_iter().for_each(|replaced| self.drop(replaced));
                waits = false;
            }
            Event::EntryCorrected(corrected) => {
                let root = self.roots.get(&corrected.entry).copied().unwrap_or(corrected.entry);
                self.drop(corrected.entry);
                self.roots.insert(entry.seq, root);
                self.latest.insert(root, entry.seq);
                // What people may correct of money is what people recorded.
                waits = true;
            }
            Event::EntryConfirmed(confirmed) => {
                if let Some(item) = self.pending.remove(&confirmed.entry) {
                    self.items.insert(item.seq, item);
                }
            }
            _ => (),
        }
        let Some(event) = said(&entry.event).filter(|event| wanted(event)) else { return };
        let is_pending = event.is_money() && waits || matches!(event, Event::BalanceBroughtForward(_));
        let item = Item { seq: entry.seq, effective_at: entry.effective_at, event: event.clone() };
        let into = if is_pending { &mut self.pending } else { &mut self.items };
        into.insert(item.seq, item);
    }

    fn drop(&mut self, seq: u64) {
        for gone in [Some(seq), self.latest.get(&seq).copied()].into_iter().flatten() {
            self.items.remove(&gone);
            self.pending.remove(&gone);
        }
    }

    /// What stands, by position.
    pub fn items(&self) -> impl Iterator<Item = &Item> + Clone {
        self.items.values()
    }
}

/// What can be told of a fact without knowing its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Whose it is.
    pub party: Option<String>,
    /// `BUYING` or `SELLING`: on which side the party stands, where a billing row tells it.
    pub side: Option<String>,
    /// How much, and of what.
    pub value: Option<(Currency, Amount)>,
}

impl Facts {
    /// Reads them out of an event: the party is its `recipient`, else `party`, `payer`, `holder` or `beneficiary`; the side its `charge_side`, else
    /// what the variant implies; the amount its `amount`, else `value`, `estimated_revenue`, `total` or `counted`, in its `currency`.
    pub fn of(event: &Event) -> Self {
        let mut value = serde_json::to_value(event).unwrap_or_default();
        let value = value.get_mut("value").map(Value::take).unwrap_or_default();
        let text = |fields: &[&str]| fields.iter().find_map(|field| value.get(field)?.as_str().map(str::to_owned));
        let implied = || match text(&["charge_variant", "invoice_variant"])?.as_str() {
            "PURCHASE" => Some("SELLING".to_owned()),
            "LISTING_FEE" => Some("BUYING".to_owned()),
            _ => None,
        };
        let amount =
            ["amount", "value", "estimated_revenue", "total", "counted"].iter().find_map(|field| value.get(field)?.as_str()?.parse().ok());
        let currency = text(&["currency"]).and_then(|text| text.parse().ok());
        Self {
            party: text(&["recipient", "party", "payer", "holder", "beneficiary"]),
            side: text(&["charge_side"]).or_else(implied),
            value: currency.zip(amount),
        }
    }
}
