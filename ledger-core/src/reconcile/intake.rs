//! Lines as they are taken in: each row once, rows that correct each other as what they come to, and everything in one order that depends on
//! nothing but what is said.

use std::collections::{BTreeMap, BTreeSet};

use super::control::{Counts, Untied, plus};
use super::whole;
use super::{Class, File, Held, Names, When};
use crate::hash::Map;
use crate::id::AccountId;
use crate::money::Currency;
use crate::statement::{Exact, Form, Line, Side, Subject};
use crate::time::{Instant, Period};

/// What tells lines apart: invoice (or a bank's trace), product, account, agreement, seller. Each is the number of a text, and 0 is nothing.
pub(super) const ATTRIBUTES: usize = 5;
pub(super) const INVOICE: usize = 0;
pub(super) const PRODUCT: usize = 1;
pub(super) const ACCOUNT: usize = 2;
pub(super) const AGREEMENT: usize = 3;

/// Texts, each once, by number.
#[derive(Debug, Default)]
pub(super) struct Texts {
    numbers: Map<String, u32>,
    texts: Vec<String>,
}

impl Texts {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        self.texts.push(text.to_owned());
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.numbers.insert(text.to_owned(), number);
        number
    }

    pub(super) fn has(&self, text: &str) -> bool {
        self.numbers.contains_key(text)
    }

    fn some(&mut self, text: Option<&str>) -> u32 {
        text.map_or(0, |text| self.number(text))
    }

    /// The texts in their own order, and by number the place of each: from here on numbers are in the order of the texts.
    fn ranked(self) -> (Vec<String>, Vec<u32>) {
        let mut order: Vec<usize> = (0..self.texts.len()).collect();
        order.sort_unstable_by(|one, other| self.texts[*one].cmp(&self.texts[*other]));
        let mut ranks = vec![0; self.texts.len() + 1];
        for (rank, at) in order.iter().enumerate() {
            ranks[at + 1] = u32::try_from(rank + 1).unwrap_or(u32::MAX);
        }
        let mut texts = self.texts;
        texts.sort_unstable();
        (texts, ranks)
    }
}

/// A row.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) side: Side,
    pub(super) subject: Subject,
    pub(super) scope: AccountId,
    pub(super) currency: Currency,
    pub(super) attributes: [u32; ATTRIBUTES],
    /// Whether the ledger does not know the product: then it stands against no other.
    strange: bool,
    /// Whether its file tells invoices, and not this line's.
    provisional: bool,
    /// Whether it takes a discount off.
    discount: bool,
    /// Of a credit memo: the invoice on which it gives back.
    pub(super) original: u32,
    pub(super) parts: Vec<(&'static str, Exact)>,
    pub(super) amount: i128,
    date: Option<Instant>,
    form: Form,
    file: usize,
    row: u64,
    /// What its file calls it, hashed; 0 when it has no name.
    item: u128,
    corrects: bool,
}

/// What statements are summed by, each kind for itself: AWS's services by type of line, credits in total.
type SumKey = (Side, Subject, AccountId, Currency, u32, Form);

#[derive(Debug, Default)]
struct Sum {
    amount: i128,
    gross: i128,
    count: u64,
    files: BTreeMap<usize, u64>,
}

/// The rows, as they come.
#[derive(Debug, Default)]
pub(super) struct Lines {
    rows: Vec<Row>,
    sums: Map<SumKey, Sum>,
    /// Rows that are compared with nothing, by class.
    aside: BTreeMap<(usize, Class), u64>,
    /// What came in, by section: the control totals.
    taken: BTreeMap<SectionKey, Counts>,
    scopes: BTreeSet<(Side, Subject, AccountId, Currency)>,
    /// Whose bills in which files are earlier versions.
    pub(super) superseded: BTreeSet<(usize, AccountId)>,
    /// Which form of statement tells most of it.
    forms: BTreeMap<(Side, Subject, AccountId), Form>,
    /// Models on Amazon Bedrock, which are on invoices: payer, currency, invoice and amount, by the form of statement and the name of the line.
    models: BTreeMap<(Form, String), (AccountId, Currency, u32, i128)>,
    /// What a source has said that is no row of any file.
    stated: Vec<Stated>,
    too_large: bool,
}

/// What a source has said: side, subject, whose, in which currency, of what, and how much.
type Stated = (SectionKey, [u32; ATTRIBUTES], i128, Option<Instant>);

/// What totals are told by.
pub(super) type SectionKey = (Side, Subject, AccountId, Currency);

/// What is compared as a sum: rows of it are many, and no line of the ledger is one of them.
pub(super) const fn is_summed(subject: Subject) -> bool {
    matches!(subject, Subject::Services | Subject::Credit | Subject::Commitment)
}

impl Lines {
    pub(super) fn scopes(&self) -> Vec<(Side, AccountId)> {
        let all: BTreeSet<_> = self.scopes.iter().map(|(side, _, scope, _)| (*side, *scope)).collect();
        all.into_iter().collect()
    }

    pub(super) fn list(&mut self, side: Side, subject: Subject, scope: AccountId, currency: Currency) {
        self.scopes.insert((side, subject, scope, currency));
    }

    pub(super) fn tells(&self, side: Side, subject: Subject) -> bool {
        self.scopes.iter().any(|(of, about, ..)| (*of, *about) == (side, subject))
    }

    pub(super) fn state(&mut self, line: Line, texts: &mut Texts) {
        let key = (line.side, line.subject, line.scope, line.currency);
        self.scopes.insert(key);
        let amount = line.amount.parts();
        self.too_large |= self.taken.entry(key).or_default().add(0, amount, amount.checked_abs()).is_none();
        let mut attributes = [0; ATTRIBUTES];
        attributes[AGREEMENT] = texts.some(line.agreement.as_ref().map(|agreement| agreement.as_str()));
        self.stated.push((key, attributes, amount, line.date));
    }

    pub(super) fn add(
        &mut self,
        (file, of): (usize, &File),
        (mut line, rows): (Line, u64),
        period: Period,
        names: &Names,
        texts: &mut Texts,
    ) {
        // A credit that AWS takes off its own services is one of the credits.
        if line.subject == Subject::Services && line.line_type == "Credit" {
            line.subject = Subject::Credit;
        }
        let aside = match &line {
            line if line.month != period => Some(Class::OtherMonth),
            line if self.superseded.contains(&(file, line.scope)) => Some(Class::Superseded),
            Line { subject: Subject::Model, .. } => Some(Class::Model),
            _ => None,
        };
        if line.month == period {
            self.scopes.insert((line.side, line.subject, line.scope, line.currency));
        }
        if aside == Some(Class::Model) {
            let invoice = texts.some(line.invoice.as_ref().map(|invoice| invoice.as_str()));
            let name = line.item.clone().unwrap_or_else(|| format!("{file}:{}", line.row));
            self.models.insert((of.form, name), (line.scope, line.currency, invoice, line.amount.parts()));
        }
        if let Some(class) = aside {
            *self.aside.entry((file, class)).or_default() += rows;
            return;
        }
        let meant = self.forms.entry((line.side, line.subject, line.scope)).or_insert(of.form);
        *meant = of.form.min(*meant);
        let amount = line.amount.parts();
        let taken = self.taken.entry((line.side, line.subject, line.scope, line.currency)).or_default();
        self.too_large |= taken.add(rows, amount, amount.checked_abs()).is_none();
        if is_summed(line.subject) {
            let line_type = if line.subject == Subject::Services { texts.number(&line.line_type) } else { 0 };
            let sum = self.sums.entry((line.side, line.subject, line.scope, line.currency, line_type, of.form)).or_default();
            let sums = (plus(sum.amount, amount), amount.checked_abs().and_then(|gross| plus(sum.gross, gross)?.into()));
            match sums {
                (Some(net), Some(gross)) => (sum.amount, sum.gross) = (net, gross),
                _ => self.too_large = true,
            }
            sum.count += rows;
            let of_file = sum.files.entry(file).or_insert(line.row);
            *of_file = line.row.min(*of_file);
            return;
        }
        let product = line.product.as_ref().map(|product| product.as_str());
        let known = product.and_then(|product| names.products.get(product));
        let seller = line.seller.as_ref().and_then(|seller| names.sellers.get(seller));
        let invoice = match line.subject {
            Subject::Deposit => texts.some(line.trace.as_ref().map(|trace| trace.as_str())),
            _ => texts.some(line.invoice.as_ref().map(|invoice| invoice.as_str())),
        };
        let item = line.item.as_ref().map_or(0, |item| {
            let digest = blake3::hash(item.as_bytes());
            digest.as_bytes().first_chunk::<16>().map_or(0, |bytes| u128::from_le_bytes(*bytes))
        });
        self.rows.push(Row {
            side: line.side,
            subject: line.subject,
            scope: line.scope,
            currency: line.currency,
            attributes: [
                invoice,
                texts.some(known.map(String::as_str).or(product)),
                texts.some(line.account.as_ref().map(|account| account.as_str())),
                texts.some(line.agreement.as_ref().map(|agreement| agreement.as_str())),
                texts.some(seller.map(AccountId::as_str)),
            ],
            strange: known.is_none(),
            provisional: (of.tells_invoices && invoice == 0 || of.may_change) && line.subject == Subject::Purchase,
            // The types are an open list: `EdpDiscount`, `PrivateRateDiscount`, and others that AWS adds.
            discount: line.subject == Subject::Purchase && line.line_type.ends_with("Discount"),
            original: texts.some(line.others.iter().find(|(what, _)| *what == "original").map(|(_, invoice)| invoice.as_str())),
            parts: line.parts,
            amount,
            date: line.date,
            form: of.form,
            file,
            row: line.row,
            item,
            corrects: line.corrects,
        });
    }
}

/// A line of a statement, as it is compared: a row, or what several come to.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    pub(super) side: Side,
    pub(super) subject: Subject,
    pub(super) scope: AccountId,
    pub(super) currency: Currency,
    pub(super) attributes: [u32; ATTRIBUTES],
    pub(super) strange: bool,
    pub(super) provisional: bool,
    pub(super) discount: bool,
    /// Whether its own file says it twice.
    pub(super) duplicate: bool,
    pub(super) parts: Vec<(&'static str, Exact)>,
    pub(super) amount: i128,
    pub(super) gross: i128,
    pub(super) count: u64,
    pub(super) date: Option<Instant>,
    /// Its rows; of many the first of each file.
    pub(super) rows: Vec<(usize, u64)>,
}

impl Unit {
    /// One of which nothing particular is said, and no amount yet.
    fn plain((side, subject, scope, currency): SectionKey, attributes: [u32; ATTRIBUTES]) -> Self {
        Self {
            side,
            subject,
            scope,
            currency,
            attributes,
            strange: false,
            provisional: false,
            discount: false,
            duplicate: false,
            parts: Vec::new(),
            amount: 0,
            gross: 0,
            count: 0,
            date: None,
            rows: Vec::new(),
        }
    }
}

/// A line of the ledger, as it is compared.
#[derive(Debug)]
pub(super) struct Of {
    pub(super) held: Held,
    pub(super) attributes: [u32; ATTRIBUTES],
    pub(super) amount: i128,
    /// Whether it stands in this period and in the scope of a statement: that it is missing there is a break.
    pub(super) inside: bool,
    /// Whether one of the files compared is its source.
    pub(super) own: bool,
}

/// Everything, in order.
#[derive(Debug)]
pub(super) struct Laid {
    pub(super) units: Vec<Unit>,
    pub(super) held: Vec<Of>,
    texts: Vec<String>,
    /// Rows that are not compared, by class.
    pub(super) aside: BTreeMap<Class, u64>,
    /// What of it was repeated, by section.
    pub(super) repeated: BTreeMap<SectionKey, Counts>,
    pub(super) taken: BTreeMap<SectionKey, Counts>,
    /// What the ledger has inside, by section.
    pub(super) expected: BTreeMap<SectionKey, Counts>,
}

impl Laid {
    /// The text of a number.
    pub(super) fn text(&self, number: u32) -> Option<&str> {
        (number as usize).checked_sub(1).and_then(|at| self.texts.get(at)).map(String::as_str)
    }
}

/// Puts everything in order.
///
/// # Errors
/// An amount has more digits than there is room for.
pub(super) fn lay(lines: Lines, held: Vec<Held>, files: &[File], mut texts: Texts) -> Result<Laid, Untied> {
    if lines.too_large {
        return Err(Untied::TooLarge);
    }
    let numbered: Vec<(Held, [u32; ATTRIBUTES])> = held
        .into_iter()
        .map(|held| {
            let attributes = [
                match held.subject {
                    Subject::Deposit => texts.some(held.trace.as_ref().map(|trace| trace.as_str())),
                    _ => texts.some(held.invoice.as_ref().map(|invoice| invoice.as_str())),
                },
                match held.subject {
                    Subject::Services => texts.some(held.line_type.as_deref()),
                    _ => texts.some(held.product.as_ref().map(|product| product.as_str())),
                },
                texts.some(held.account.as_ref().map(AccountId::as_str)),
                texts.some(held.agreement.as_ref().map(|agreement| agreement.as_str())),
                texts.some(held.seller.as_ref().map(AccountId::as_str)),
            ];
            (held, attributes)
        })
        .collect();
    let Lines { mut rows, mut sums, aside, taken, scopes, forms, models, stated, .. } = lines;
    let (texts, ranks) = texts.ranked();
    let rank = |attributes: &mut [u32; ATTRIBUTES]| attributes.iter_mut().for_each(|number| *number = ranks[*number as usize]);
    let mut order: Vec<usize> = (0..files.len()).collect();
    order.sort_by_key(|at| files[*at].digest);
    let mut place = vec![0; files.len()];
    order.iter().enumerate().for_each(|(rank, at)| place[*at] = rank);
    let mut laid = Laid {
        units: Vec::new(),
        held: Vec::new(),
        texts,
        aside: BTreeMap::new(),
        repeated: BTreeMap::new(),
        taken,
        expected: BTreeMap::new(),
    };
    for ((_, class), count) in aside {
        *laid.aside.entry(class).or_default() += count;
    }
    for row in &mut rows {
        rank(&mut row.attributes);
        row.original = ranks[row.original as usize];
        row.file = place[row.file];
    }
    let models =
        models.into_iter().map(|((form, _), (payer, currency, invoice, units))| (form, payer, currency, ranks[invoice as usize], units));
    let models: Vec<whole::Model> = models.collect();
    told_in_another_form(&mut rows, &mut sums, &forms, &mut laid);
    let duplicates = repeats(&mut rows, &mut laid);
    let wholes = numbered.iter().filter(|(held, _)| held.subject == Subject::Invoice);
    let known: BTreeSet<&str> = wholes.filter_map(|(held, _)| Some(held.invoice.as_ref()?.as_str())).collect();
    whole::told_by_lines(&mut rows, &models, &known, &mut laid);
    rows.sort_by_key(row_key);
    units(rows, &duplicates, &mut laid)?;
    for ((side, subject, scope, currency, of, _), sum) in sums {
        let rows = sum.files.iter().map(|(file, row)| (place[*file], *row)).collect();
        let mut attributes = [0; ATTRIBUTES];
        attributes[PRODUCT] = ranks[of as usize];
        let plain = Unit::plain((side, subject, scope, currency), attributes);
        laid.units.push(Unit { amount: sum.amount, gross: sum.gross, count: sum.count, rows, ..plain });
    }
    for ((side, subject, scope, currency), mut attributes, amount, date) in stated {
        rank(&mut attributes);
        let gross = amount.checked_abs().ok_or(Untied::TooLarge)?;
        laid.units.push(Unit { amount, gross, date, ..Unit::plain((side, subject, scope, currency), attributes) });
    }
    laid.units.sort_by(|one, other| unit_key(one).cmp(&unit_key(other)));

    let digests: BTreeSet<_> = files.iter().map(|file| file.digest).collect();
    let taxed: BTreeSet<(AccountId, u32)> =
        laid.units.iter().filter(|unit| unit.subject == Subject::Tax).map(|unit| (unit.scope, unit.attributes[INVOICE])).collect();
    let wholes: BTreeSet<_> = laid.units.iter().filter(|unit| unit.subject == Subject::Invoice).map(whole::of_unit).collect();
    for (held, mut attributes) in numbered {
        rank(&mut attributes);
        let amount = held.amount.parts();
        let own = held.sources.iter().any(|digest| digests.contains(digest));
        let covered = covering(held.subject).iter().any(|by| scopes.contains(&(held.side, *by, held.scope, held.currency)));
        let told = held.subject != Subject::Tax || taxed.contains(&(held.scope, attributes[INVOICE]));
        // Where other statements tell the lines of invoices, those are compared, and of whole invoices only what they do not come to.
        let by_lines = |by: Subject| scopes.contains(&(held.side, by, held.scope, held.currency));
        let told = told
            && (held.subject != Subject::Invoice
                || !whole::LINES.iter().copied().any(by_lines)
                || wholes.contains(&(held.side, held.scope, held.currency, attributes[INVOICE])));
        let inside = held.when == When::Inside && covered && told && !own;
        if inside {
            let counts = laid.expected.entry((held.side, held.subject, held.scope, held.currency)).or_default();
            counts.add(1, amount, amount.checked_abs()).ok_or(Untied::TooLarge)?;
        }
        laid.held.push(Of { held, attributes, amount, inside, own });
    }
    laid.held.sort_by(|one, other| held_key(one).cmp(&held_key(other)));
    Ok(laid)
}

/// The subjects of which a statement that has one of these lines would have all: that a line of the ledger is missing there is a break.
const fn covering(subject: Subject) -> &'static [Subject] {
    match subject {
        Subject::Purchase => &[Subject::Purchase, Subject::Tax, Subject::Model, Subject::Services, Subject::Credit],
        Subject::Credit => &[Subject::Credit, Subject::Services],
        Subject::Tax => &[Subject::Tax],
        Subject::Model => &[],
        Subject::Services => &[Subject::Services],
        Subject::Invoice => &[Subject::Invoice],
        Subject::Billed => &[Subject::Billed],
        Subject::Collected => &[Subject::Collected],
        Subject::Disbursed => &[Subject::Disbursed],
        Subject::Deposit => &[Subject::Deposit],
        Subject::Commitment => &[Subject::Commitment],
    }
}

type RowKey = (Side, Subject, AccountId, Currency, [u32; ATTRIBUTES], bool, i128, usize, u64);

fn row_key(row: &Row) -> RowKey {
    (row.side, row.subject, row.scope, row.currency, row.attributes, row.provisional, row.amount, row.file, row.row)
}

type UnitKey<'a> = ((Side, Subject, AccountId, Currency, [u32; ATTRIBUTES]), (bool, bool, i128), &'a [(usize, u64)]);

fn unit_key(unit: &Unit) -> UnitKey<'_> {
    let whose = (unit.side, unit.subject, unit.scope, unit.currency, unit.attributes);
    (whose, (unit.provisional, unit.duplicate, unit.amount), &unit.rows)
}

type HeldKey<'a> = ((Side, Subject, AccountId, Currency, [u32; ATTRIBUTES]), (i128, Option<Instant>, bool, When), &'a [u64]);

fn held_key(of: &Of) -> HeldKey<'_> {
    let held = &of.held;
    let whose = (held.side, held.subject, held.scope, held.currency, of.attributes);
    (whose, (of.amount, held.date, held.planned, held.when), &held.events)
}

/// Takes out what another form of statement tells as well: a CUR beside a FOCUS export, a disbursement report beside the collections. Their rows
/// are cut otherwise, so that no row is another's; of each subject the form that tells most stands for all.
fn told_in_another_form(
    rows: &mut Vec<Row>,
    sums: &mut Map<SumKey, Sum>,
    forms: &BTreeMap<(Side, Subject, AccountId), Form>,
    laid: &mut Laid,
) {
    let mut gone = 0;
    let mut repeated = |key: SectionKey, count: u64, amount: i128, gross: i128| {
        // What came in has been added up already, so that this cannot be too large.
        let _ = laid.repeated.entry(key).or_default().add(count, amount, Some(gross));
        gone += count;
    };
    let is_meant = |side, subject, scope, form| forms.get(&(side, subject, scope)).is_none_or(|meant| *meant == form);
    rows.retain(|row| {
        let stays = is_meant(row.side, row.subject, row.scope, row.form);
        if !stays {
            repeated((row.side, row.subject, row.scope, row.currency), 1, row.amount, row.amount.saturating_abs());
        }
        stays
    });
    sums.retain(|(side, subject, scope, currency, _, form), sum| {
        let stays = is_meant(*side, *subject, *scope, *form);
        if !stays {
            repeated((*side, *subject, *scope, *currency), sum.count, sum.amount, sum.gross);
        }
        stays
    });
    if gone > 0 {
        *laid.aside.entry(Class::Repeated).or_default() += gone;
    }
}

/// Takes out the rows that stand in another file as well, and finds those that their own file says twice. Of a line that one file has with an
/// invoice and another without, the one with is meant: the bill has become final.
fn repeats(rows: &mut Vec<Row>, laid: &mut Laid) -> BTreeSet<(usize, u64)> {
    let mut named: Vec<usize> = (0..rows.len()).filter(|at| rows[*at].item != 0).collect();
    let whose = |row: &Row| (row.side, row.subject, row.scope, row.item);
    let standing = |row: &Row| (row.attributes[INVOICE] == 0, row.file, row.row);
    named.sort_by_key(|at| (whose(&rows[*at]), standing(&rows[*at])));
    let (mut gone, mut duplicates) = (BTreeSet::new(), BTreeSet::new());
    for same in named.chunk_by(|one, other| whose(&rows[*one]) == whose(&rows[*other])) {
        let kept = &rows[same[0]];
        for again in &same[1..] {
            let row = &rows[*again];
            let became_final = (row.attributes[INVOICE] == 0) != (kept.attributes[INVOICE] == 0);
            let says_the_same = row.amount == kept.amount && row.currency == kept.currency && row.attributes == kept.attributes;
            if row.file != kept.file && (says_the_same || became_final) {
                gone.insert(*again);
            } else if row.file == kept.file && says_the_same {
                duplicates.insert((row.file, row.row));
            }
        }
    }
    if !gone.is_empty() {
        for at in &gone {
            let row = &rows[*at];
            let counts = laid.repeated.entry((row.side, row.subject, row.scope, row.currency)).or_default();
            // What came in has been added up already, so that this cannot be too large.
            let _ = counts.add(1, row.amount, row.amount.checked_abs());
        }
        let mut at = 0;
        rows.retain(|_| {
            at += 1;
            !gone.contains(&(at - 1))
        });
        *laid.aside.entry(Class::Repeated).or_default() += gone.len() as u64;
    }
    duplicates
}

/// Rows to units, in their order. Where a row corrects others of its like, all of them are one unit: whether AWS writes the difference, or takes
/// the old row away and writes a new one, it comes to the same.
fn units(rows: Vec<Row>, duplicates: &BTreeSet<(usize, u64)>, laid: &mut Laid) -> Result<(), Untied> {
    let alike = |one: &Row, other: &Row| {
        (one.side, one.subject, one.scope, one.currency, one.attributes, one.provisional)
            == (other.side, other.subject, other.scope, other.currency, other.attributes, other.provisional)
    };
    let unit = |row: Row, duplicate: bool| -> Result<Unit, Untied> {
        Ok(Unit {
            strange: row.strange,
            provisional: row.provisional,
            discount: row.discount,
            duplicate,
            parts: row.parts,
            amount: row.amount,
            gross: row.amount.checked_abs().ok_or(Untied::TooLarge)?,
            count: 1,
            date: row.date,
            rows: vec![(row.file, row.row)],
            ..Unit::plain((row.side, row.subject, row.scope, row.currency), row.attributes)
        })
    };
    let mut rows = rows.into_iter().peekable();
    while let Some(first) = rows.next() {
        let mut group = vec![first];
        while rows.peek().is_some_and(|next| alike(next, &group[0])) {
            group.extend(rows.next());
        }
        let corrects = group.iter().any(|row| row.corrects);
        let mut merged: Option<Unit> = None;
        for row in group {
            let duplicate = duplicates.contains(&(row.file, row.row));
            let next = unit(row, duplicate)?;
            match &mut merged {
                Some(into) if corrects && !duplicate => {
                    into.amount = plus(into.amount, next.amount).ok_or(Untied::TooLarge)?;
                    into.gross = plus(into.gross, next.gross).ok_or(Untied::TooLarge)?;
                    into.count += next.count;
                    into.date = into.date.into_iter().chain(next.date).min();
                    into.rows.extend(next.rows);
                }
                None if corrects && !duplicate => merged = Some(next),
                _ => laid.units.push(next),
            }
        }
        if let Some(mut merged) = merged {
            merged.rows.sort_unstable();
            laid.units.push(merged);
        }
    }
    Ok(())
}
