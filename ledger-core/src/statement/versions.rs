//! Versions of a bill: AWS writes a month's bill anew until it is final, and people keep what they were sent. Of two versions the later one
//! counts; which one that is, invoices tell: a bill has them when it is final.

use crate::id::AccountId;
use crate::time::Instant;

use super::Form;

/// A payer's month.
pub type Bill = (AccountId, Instant);

/// Which bills a file tells, and of each whether an invoice shows that it is final.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bills(Vec<Told>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Told {
    bill: Bill,
    /// Whether a row of the month's own bill has an invoice; nothing while there is no such row.
    monthly: Option<bool>,
    /// Whether any row has one.
    any: bool,
}

impl Told {
    /// What is invoiced at once has its invoice while the month runs, and tells nothing of a month of which there is more.
    fn is_final(&self) -> bool {
        self.monthly.unwrap_or(self.any)
    }
}

impl Bills {
    /// Takes in a row that costs something.
    pub(super) fn take(&mut self, bill: Bill, monthly: bool, invoiced: bool) {
        let at = self.0.iter().position(|told| told.bill == bill).unwrap_or_else(|| {
            self.0.push(Told { bill, monthly: None, any: false });
            self.0.len() - 1
        });
        let told = &mut self.0[at];
        told.any |= invoiced;
        if monthly {
            told.monthly = Some(told.monthly.unwrap_or_default() || invoiced);
        }
    }

    /// The bills that two files tell, and of each whether it is final here and there.
    fn shared<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = (Bill, bool, bool)> {
        let there = |bill: Bill| other.0.iter().find(|told| told.bill == bill).map(Told::is_final);
        self.0.iter().filter_map(move |told| Some((told.bill, told.is_final(), there(told.bill)?)))
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

/// A bill that a file tells and that is left aside there, because another file tells it better.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Aside {
    /// The file, by its place.
    pub file: usize,
    /// The bill.
    pub bill: Bill,
    /// The file that stands for it.
    pub by: usize,
}

/// Which files tell a bill before it was final where another tells it as it is: a file that does so of one payer is the earlier one of all that
/// both tell. A month comes in parts of several names; files of one name in two folders are two versions of one part.
///
/// # Errors
/// Two files are versions of one bill, and nothing tells which is the later one: their places, and the bill.
pub fn earlier(all: &[Version<'_>], wanted: impl Fn(Bill) -> bool) -> Result<Vec<Aside>, (usize, usize, Bill)> {
    let mut found: Vec<Aside> = Vec::new();
    let shared = |one: usize, other: usize| {
        let alike = one != other && all[one].form == all[other].form;
        all[one].bills.shared(all[other].bills).filter(|(bill, ..)| alike && wanted(*bill)).collect::<Vec<_>>()
    };
    for file in 0..all.len() {
        for by in 0..all.len() {
            let shared = shared(file, by);
            let becomes_final = |(_, here, there): &(Bill, bool, bool)| !here && *there;
            let was_final = |(_, here, there): &(Bill, bool, bool)| *here && !there;
            if shared.iter().any(becomes_final) && !shared.iter().any(was_final) {
                let new = shared.iter().filter(|(bill, ..)| !found.iter().any(|known| (known.file, known.bill) == (file, *bill)));
                let new: Vec<Aside> = new.map(|(bill, ..)| Aside { file, bill: *bill, by }).collect();
                found.extend(new);
            }
        }
    }
    let part = |at: usize| all[at].name.rsplit(['/', '\\']).next();
    for other in 0..all.len() {
        for one in (0..other).filter(|one| part(*one) == part(other)) {
            let settled = |bill: Bill| found.iter().any(|known| (known.file == one || known.file == other) && known.bill == bill);
            if let Some((bill, ..)) = shared(one, other).into_iter().find(|(bill, ..)| !settled(*bill)) {
                return Err((one, other, bill));
            }
        }
    }
    Ok(found)
}

/// Which files tell a bill that a file of another form of the same tells as well, a legacy CUR beside a CUR 2.0: where one form tells it as it is
/// and another before it was final, that one stands; else the form that tells more.
pub fn in_another_form(all: &[Version<'_>]) -> Vec<Aside> {
    let mut found = Vec::new();
    for (file, version) in all.iter().enumerate() {
        for Told { bill, .. } in &version.bills.0 {
            let telling = |of: &Version<'_>| of.bills.0.iter().find(|told| told.bill == *bill).map(Told::is_final);
            let is_final = |form: Form| all.iter().any(|of| of.form == form && telling(of) == Some(true));
            let told = all.iter().enumerate().filter_map(|(at, of)| Some((!is_final(of.form), of.form, !telling(of)?, at)));
            let best = told.min().map(|(.., at)| (at, &all[at]));
            found.extend(best.filter(|(_, of)| of.form != version.form).map(|(by, _)| Aside { file, bill: *bill, by }));
        }
    }
    found
}
