//! `trace`: from an id of a record to the events that speak of it.

use std::collections::BTreeSet;

use super::{Kind, Records};

/// What an id is the id of, in words; nothing for records whose key begins with something else.
const fn word(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::Authorization => Some("authorization"),
        Kind::Offer | Kind::OfferStep | Kind::OfferProduct | Kind::OfferTarget => Some("offer"),
        Kind::OfferSet => Some("offer set"),
        Kind::Agreement | Kind::Cancellation | Kind::Term | Kind::Charge => Some("agreement"),
        Kind::Product | Kind::Designation => Some("product"),
        Kind::Summary => Some("invoice"),
        Kind::Commitment | Kind::Statement | Kind::Shortfall => Some("commitment"),
        Kind::Party | Kind::Place | Kind::Mapping | Kind::Spend => None,
    }
}

impl Records {
    /// Every record with the id that its key begins with: what it is the id of, the id, and the position of the event.
    fn ids(&self) -> impl Iterator<Item = (&'static str, &[u8], u64)> {
        self.versions.iter().filter_map(|version| {
            let key = self.key(version);
            let end = key.iter().position(|byte| *byte == 0).unwrap_or(key.len());
            Some((word(version.kind)?, &key[..end], version.seq))
        })
    }

    /// What an id is the id of, and the positions of the events that are about it.
    pub fn about(&self, id: &str) -> (BTreeSet<&'static str>, BTreeSet<u64>) {
        self.ids().filter(|(_, found, _)| *found == id.as_bytes()).map(|(what, _, seq)| (what, seq)).unzip()
    }

    /// The ids that begin so, with what each is the id of.
    pub fn ids_beginning(&self, start: &str) -> BTreeSet<(String, &'static str)> {
        let begins = self.ids().filter(|(_, id, _)| id.starts_with(start.as_bytes()));
        begins.map(|(what, id, _)| (String::from_utf8_lossy(id).into_owned(), what)).collect()
    }
}
