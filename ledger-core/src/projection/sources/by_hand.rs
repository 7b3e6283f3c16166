//! What people recorded before its row came, held against the row.

use serde::{Deserialize, Serialize};

use super::{Sight, Sources};
use crate::event::{Entry, Event, Origin};
use crate::id::AccountId;
use crate::money::Amount;

/// What somebody recorded that a row will say one day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ByHand {
    event: Event,
    /// The entry that the row will name: its own, or the first that it corrects.
    root: u64,
    seq: u64,
}

/// A row that says something else than what somebody recorded of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Differing {
    pub(super) message: String,
    pub(super) recipient: Option<AccountId>,
    pub(super) sight: Sight,
    pub(super) subject: String,
}

impl ByHand {
    /// What the row says otherwise than what was recorded, field by field. Amounts are compared as amounts; what was not recorded is not compared.
    fn differences(&self, row: &Event) -> Vec<String> {
        let value = |event: &Event| serde_json::to_value(event).unwrap_or_default();
        let (ours, theirs) = (value(&self.event), value(row));
        let text = |value: &serde_json::Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let same = |one: &serde_json::Value, other: &serde_json::Value| {
            let amount = |value: &serde_json::Value| value.as_str().and_then(|text| text.parse::<Amount>().ok());
            one == other || amount(one).is_some() && amount(one) == amount(other)
        };
        let mut found = Vec::new();
        if self.event.type_name() != row.type_name() {
            found.push(format!("type {}, not {}", row.type_name(), self.event.type_name()));
        }
        for (name, told) in ours["value"].as_object().into_iter().flatten() {
            let theirs = &theirs["value"][name];
            if !same(told, theirs) {
                let theirs = if theirs.is_null() { "nothing".to_owned() } else { text(theirs) };
                found.push(format!("{name} {theirs}, not {}", text(told)));
            }
        }
        found
    }
}

impl Sources {
    /// Notes what people record that a row will say, and whether the row says the same.
    pub(super) fn compare(&mut self, entry: &Entry, sight: Sight) {
        let source = entry.source.as_ref();
        match &entry.event {
            Event::EntryCorrected(corrected) => {
                if let Some(at) = self.by_hand.iter().position(|known| known.seq == corrected.entry) {
                    match &corrected.replacement {
                        Some(event) => (self.by_hand[at].event, self.by_hand[at].seq) = (event.clone(), entry.seq),
                        None => drop(self.by_hand.remove(at)),
                    }
                }
            }
            Event::SourceRestated(restated) if !self.by_hand.is_empty() => {
                let Some(known) = self.by_hand.iter().find(|known| Some(known.root) == restated.replaces) else { return };
                let found = known.differences(&restated.entry);
                if !found.is_empty() {
                    let message = format!("#{} was recorded by hand; its row says {}", known.seq, found.join("; "));
                    let subject = source.map(|source| source.id.clone()).unwrap_or_default();
                    let recipient = restated.entry.billing().map(|row| row.recipient);
                    self.differing.push(Differing { message, recipient, sight, subject });
                }
            }
            event if source.is_some_and(|source| source.origin == Some(Origin::Manual) && source.id.split(':').count() > 2) => {
                self.by_hand.push(ByHand { event: event.clone(), root: entry.seq, seq: entry.seq });
            }
            _ => (),
        }
    }
}
