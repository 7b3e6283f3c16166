//! Versions of a bill: AWS writes a month's bill anew until it is final, and people keep what they were sent. Of two versions the later one
//! counts; which one that is, invoices tell: a bill has them when it is final.

use crate::id::AccountId;
use crate::time::Instant;

use super::Form;

/// A payer's month.
pub type Bill = (AccountId, Instant);

/// Which bills a file tells, and of each whether an invoice shows that it is final.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bills(Vec<(Bill, bool)>);

impl Bills {
    /// Takes in a row of a month's own bill that costs something. What is invoiced at once tells nothing of the month: it has an invoice while the
    /// month runs.
    pub(super) fn take(&mut self, bill: Bill, invoiced: bool) {
        match self.0.iter_mut().find(|(known, _)| *known == bill) {
            Some((_, is_final)) => *is_final |= invoiced,
            None => self.0.push((bill, invoiced)),
        }
    }

    fn is_final(&self, bill: Bill) -> Option<bool> {
        self.0.iter().find(|(known, _)| *known == bill).map(|(_, is_final)| *is_final)
    }
}

/// A file that may hold a version of a bill.
#[derive(Debug, Clone, Copy)]
pub struct Version<'a> {
    /// Its name; folders before it are left aside.
    pub name: &'a str,
    /// Its form: another one is another report of the same, and no version of it.
    pub form: Form,
    /// The bills it tells.
    pub bills: &'a Bills,
}

/// A file that tells a bill before it was final, beside one that tells it as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Earlier {
    /// The file, by its place.
    pub file: usize,
    /// The bill.
    pub bill: Bill,
    /// The file that stands for it.
    pub by: usize,
}

/// Which files tell a bill before it was final where another tells it as it is. A month comes in parts of several names; files of one name in two
/// folders are two versions of one part.
///
/// # Errors
/// Two files are versions of one bill, and nothing tells which is the later one: their places, and the bill.
pub fn earlier(all: &[Version<'_>], wanted: impl Fn(Bill) -> bool) -> Result<Vec<Earlier>, (usize, usize, Bill)> {
    let mut found = Vec::new();
    for (file, version) in all.iter().enumerate() {
        for (bill, is_final) in version.bills.0.iter().filter(|(bill, _)| wanted(*bill)) {
            let tell = |other: &&Version<'_>| other.form == version.form && other.bills.is_final(*bill).is_some();
            let by = all.iter().position(|other| tell(&other) && !is_final && other.bills.is_final(*bill) == Some(true));
            if let Some(by) = by {
                found.push(Earlier { file, bill: *bill, by });
                continue;
            }
            let part = |name: &str| name.rsplit(['/', '\\']).next().map(str::to_owned);
            let same = |other: &&Version<'_>| tell(other) && other.bills.is_final(*bill) == Some(*is_final);
            if let Some(other) = all[..file].iter().position(|other| same(&other) && part(other.name) == part(version.name)) {
                return Err((other, file, *bill));
            }
        }
    }
    Ok(found)
}
