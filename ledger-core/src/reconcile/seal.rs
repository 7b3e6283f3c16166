//! A result as the ledger keeps it.

use super::{Break, Class, Reconciled, Tolerances};
use crate::chain::Head;
use crate::event::Event;
use crate::event::close::{OtherCurrency, ReconciliationSealed, SealedBreak, SealedFile, SealedSection, SealedTolerated, SeenRow};
use crate::time::Period;

/// So many bytes of breaks and sections are in a part: a line holds twice as much.
const PART: usize = 30_000;
/// So many events of a break are named.
const EVENTS: usize = 20;

impl Break {
    /// As the ledger keeps it; `files` are those of the result.
    pub fn sealed(&self, files: &[super::File]) -> SealedBreak {
        let text = |text: &Option<String>| text.clone();
        SealedBreak {
            account: text(&self.account),
            agreement: text(&self.agreement),
            billed: self.billed.in_cents(),
            cause: self.cause.clone(),
            code: self.kind.code().to_owned(),
            currency: self.currency,
            events: self.events.iter().copied().take(EVENTS).collect(),
            id: self.id.parse().expect("an id of a break is letters and digits"),
            invoice: text(&self.invoice),
            ledger: self.ledger.in_cents(),
            other: self.other.map(|(currency, amount)| OtherCurrency { amount: amount.in_cents(), currency }),
            product: text(&self.product),
            rows: self.row_count,
            scope: self.scope,
            seen: self.rows.iter().map(|(file, row)| SeenRow { file: files[*file].digest, row: *row }).collect(),
            side: self.side.as_str().to_owned(),
            since: self.since,
            subject: self.subject.as_str().to_owned(),
        }
    }
}

impl Reconciled {
    /// The events that keep it: as many parts as it takes.
    pub fn sealed(&self, period: Period, head: Head, tolerances: &Tolerances) -> Vec<Event> {
        let empty = ReconciliationSealed {
            breaks: Vec::new(),
            classes: Default::default(),
            files: Vec::new(),
            head: head.hash,
            known_at: head.seq,
            month: period.from,
            part: 0,
            parts: 0,
            policy: tolerances.policy,
            sections: Vec::new(),
            tolerated: Vec::new(),
        };
        let mut parts = vec![empty.clone()];
        let mut left = PART;
        let mut room = |length: usize, parts: &mut Vec<ReconciliationSealed>| {
            if length > left {
                parts.push(empty.clone());
                left = PART;
            }
            left = left.saturating_sub(length);
        };
        parts[0].classes = self.classes.iter().map(|(class, rows)| (name_of(*class), *rows)).collect();
        for file in &self.files {
            let sealed = SealedFile { digest: file.digest, file: file.name.clone(), rows: file.rows };
            room(length_of(&sealed), &mut parts);
            parts.last_mut().expect("there is a first").files.push(sealed);
        }
        for section in &self.sections {
            let rows = |class: Class| section.classes.get(&class).map_or(0, |counts| counts.lines);
            let sealed = SealedSection {
                billed: section.billed.net.in_cents(),
                breaks: section.breaks.in_cents(),
                currency: section.currency,
                ledger: section.ledger.net.in_cents(),
                provisional: section.provisional.in_cents(),
                provisional_rows: rows(Class::Provisional),
                self_compared: rows(Class::SelfCompared),
                scope: section.scope,
                side: section.side.as_str().to_owned(),
                subject: section.subject.as_str().to_owned(),
                tolerated: section.tolerated.in_cents(),
            };
            room(length_of(&sealed), &mut parts);
            parts.last_mut().expect("there is a first").sections.push(sealed);
        }
        for found in &self.breaks {
            let sealed = found.sealed(&self.files);
            room(length_of(&sealed), &mut parts);
            parts.last_mut().expect("there is a first").breaks.push(sealed);
        }
        for line in &self.tolerated {
            let sealed = SealedTolerated {
                billed: line.billed.in_cents(),
                currency: line.currency,
                events: line.events.iter().copied().take(EVENTS).collect(),
                invoice: line.invoice.clone(),
                ledger: line.ledger.in_cents(),
                scope: line.scope,
                side: line.side.as_str().to_owned(),
                subject: line.subject.as_str().to_owned(),
            };
            room(length_of(&sealed), &mut parts);
            parts.last_mut().expect("there is a first").tolerated.push(sealed);
        }
        let count = parts.len() as u64;
        let numbered = (1..).zip(parts).map(|(part, sealed)| ReconciliationSealed { part, parts: count, ..sealed });
        numbered.map(|sealed| Event::ReconciliationSealed(Box::new(sealed))).collect()
    }
}

fn length_of(value: &impl serde::Serialize) -> usize {
    serde_json::to_vec(value).map_or(PART, |bytes| bytes.len() + 1)
}

/// A class as a key: small letters and underscores.
fn name_of(class: Class) -> String {
    class.as_str().chars().filter(|c| *c != ',').map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect()
}
