//! The first pass: every row of every file is decoded and judged; nothing is appended.

use std::collections::BTreeMap;
use std::path::Path;

use ledger_core::chain::Hash;
use ledger_core::event::Event;
use ledger_core::event::governance::ControlTotal;
use ledger_core::feed::{self, Accounts, Cells, Fact, Fingerprint, Layout, Unrecognised, Whose};
use ledger_core::hash::Map;
use ledger_core::id::AccountId;
use ledger_core::money::{Amount, Currency};
use ledger_core::problem::{Code, Located, Problem, Problems};
use ledger_core::projection::sources::{Import, Sources};
use ledger_core::statement;
use ledger_core::time::Instant;
use ledger_store::scan::in_order;

use super::files::{self, InFile};
use super::rows::{self, Chunks};
use crate::decode::csv::Rows;
use crate::decode::json;
use crate::decode::table::{self, Table};
use crate::failure::Failure;

/// What the ledger knows already.
#[derive(Clone, Copy)]
pub struct Known<'a> {
    /// The records.
    pub records: &'a ledger_core::projection::known::Known,
    /// The files.
    pub sources: &'a Sources,
    /// What AWS's bills have said.
    pub bills: &'a ledger_core::projection::records::Records,
    /// The policies.
    pub book: &'a ledger_core::book::Book,
}

/// A file that was judged.
pub struct Judged {
    /// The file.
    pub file: InFile,
    /// Which feed, or which kind of document, it is of.
    pub feed: &'static str,
    /// Whose feed it is.
    pub recipient: AccountId,
    /// Its bytes, after decompression: digest and number.
    pub digest: Hash,
    /// How many bytes it has, after decompression.
    pub decoded_bytes: u64,
    /// How many rows it has.
    pub rows: u64,
    /// How much of what it says is known already.
    pub known: u64,
    /// How many of them are new, by the type of event they become.
    pub new: BTreeMap<&'static str, u64>,
    /// Sums of the new rows, by type of event and currency.
    pub totals: BTreeMap<(&'static str, Currency), (i128, u64)>,
    /// Values that are not recorded, by column.
    pub dropped: BTreeMap<String, u64>,
    /// Rules for older files that were used, by name.
    pub fallbacks: BTreeMap<String, u64>,
    /// The lines at which rows begin that cannot be read.
    pub bad: Vec<u64>,
    /// What is known of the file.
    pub history: History,
    /// The import whose rows that were set aside it has, mended.
    pub repairs: Option<u64>,
    /// What the second pass goes by.
    pub(super) content: Content,
}

/// Nothing was said beside the files.
static NO_NAMES: BTreeMap<String, String> = BTreeMap::new();

impl Default for Said<'_> {
    fn default() -> Self {
        Self { account: None, names: &NO_NAMES, effective_at: None }
    }
}

/// What is in a file.
pub(super) enum Content {
    /// Rows of a feed, which are read again.
    Rows {
        /// How its columns lie.
        layout: Layout,
        /// What its first row calls the recipient.
        named: Option<String>,
        /// A digest of every chunk of rows, for the second pass to be held against.
        chunks: Vec<Hash>,
    },
    /// What documents say, each with the number of its document in the file.
    Facts(Vec<(u64, Fact)>),
}

/// What was said beside the files.
#[derive(Debug, Clone, Copy)]
pub struct Said<'a> {
    /// Whose they are, when they do not tell.
    pub account: Option<AccountId>,
    /// What AWS called the things that documents name by a placeholder.
    pub names: &'a BTreeMap<String, String>,
    /// Since when documents hold that do not say so.
    pub effective_at: Option<Instant>,
}

/// What the ledger knows of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    /// Nothing.
    New,
    /// It was read before, byte for byte, and all of its events are here: nothing is to be done.
    Same,
    /// It was read before, byte for byte, and some of its events are missing: the import was cut off.
    Unfinished {
        /// Position of its `source.imported`.
        import: u64,
    },
    /// An earlier state of it was read.
    Grown {
        /// Position of that `source.imported`.
        replaces: u64,
        /// Whether what was read then is still there, byte for byte.
        prefix_matches: bool,
        /// The first row that is no longer what it was, as far as a recorded column shows it.
        rewritten_from: Option<u64>,
    },
}

impl Judged {
    /// A file of which nothing is known yet.
    pub(super) fn of(file: InFile, feed: &'static str, recipient: AccountId) -> Self {
        Self {
            file,
            feed,
            recipient,
            digest: Hash::ZERO,
            decoded_bytes: 0,
            rows: 0,
            known: 0,
            new: BTreeMap::new(),
            totals: BTreeMap::new(),
            dropped: BTreeMap::new(),
            fallbacks: BTreeMap::new(),
            bad: Vec::new(),
            history: History::New,
            repairs: None,
            content: Content::Facts(Vec::new()),
        }
    }

    /// Whether it holds documents.
    pub fn is_documents(&self) -> bool {
        matches!(self.content, Content::Facts(_))
    }

    /// Whether rows of it are set aside, when damaged ones are.
    pub fn is_set_aside(&self) -> bool {
        !self.bad.is_empty() && self.history != History::Same
    }

    /// How many events follow its `source.imported`.
    pub fn events(&self) -> u64 {
        self.new.values().sum()
    }

    /// The sums, as they are recorded.
    pub fn control_totals(&self) -> Vec<ControlTotal> {
        let total = |((of, currency), (units, rows)): (&(&'static str, Currency), &(i128, u64))| ControlTotal {
            amount: Amount::from_units(*units),
            currency: *currency,
            of: (*of).to_owned(),
            rows: *rows,
        };
        self.totals.iter().map(total).collect()
    }
}

/// What came of the first pass.
pub struct Judgement {
    /// The files that could be read.
    pub files: Vec<Judged>,
    /// Opaque ids and accounts, by the recipient whose account feeds tell them: an opaque id is private to one recipient.
    pub accounts: BTreeMap<AccountId, Accounts>,
    /// What is wrong with values of single rows, which can be set aside.
    pub rows: Problems,
    /// What is wrong with files as such, which cannot.
    pub whole: Problems,
    /// What else to tell.
    pub notes: Vec<String>,
}

/// Of a recipient without an account feed.
static UNTOLD: Accounts = Accounts::new();

impl Judgement {
    /// The opaque ids of a recipient's feeds, as far as its account feeds in this import tell.
    pub fn accounts_of(&self, recipient: AccountId) -> &Accounts {
        self.accounts.get(&recipient).unwrap_or(&UNTOLD)
    }

    /// The account behind the opaque id that a file's rows have for its recipient. Where its folder does not say whose ids these are, all
    /// account feeds are asked, and must not disagree.
    fn recipient_behind(&self, opaque: &str, folder: Option<AccountId>) -> Option<AccountId> {
        if let Some(recipient) = folder {
            return self.accounts_of(recipient).get(opaque).copied();
        }
        let mut told = self.accounts.values().filter_map(|accounts| accounts.get(opaque).copied());
        told.next().filter(|first| told.all(|other| other == *first))
    }
}

/// Judges files. `tick` is told of every few rows that have been read.
///
/// # Errors
/// A file that cannot be opened.
pub fn judge(files: Vec<InFile>, said: Said<'_>, known: Known<'_>, mut tick: impl FnMut(u64)) -> Result<Judgement, Failure> {
    let mut judgement =
        Judgement { files: Vec::new(), accounts: BTreeMap::new(), rows: Problems::new(), whole: Problems::new(), notes: Vec::new() };
    let (mut recognised, mut documents, mut bills) = (Vec::new(), Vec::new(), Vec::new());
    for file in files {
        if json::is_json(&file.path)? {
            documents.push(file);
        } else {
            match open(&file.path, &mut judgement.whole)? {
                Some(Opened::Feed(layout)) => recognised.push((file, layout)),
                Some(Opened::Bill(layout)) => bills.push((file, layout)),
                None => (),
            }
        }
    }
    for (file, layout) in recognised.iter().filter(|(_, layout)| layout.feed.name() == "account") {
        if let Some(recipient) = file.place.recipient.or(said.account) {
            read_accounts(&file.path, layout, judgement.accounts.entry(recipient).or_default())?;
        }
    }
    let mut seen: Map<Fingerprint, ()> = Map::default();
    for (file, layout) in recognised {
        let first = first_recipient(&file.path, &layout)?;
        let by_rows = first.as_deref().and_then(|opaque| judgement.recipient_behind(opaque, file.place.recipient));
        match whose(&file, ("its rows", by_rows), said.account) {
            Ok(recipient) => {
                let whose = (recipient, first);
                let judged = judge_file(file, layout, whose, known, &mut seen, &mut judgement, &mut tick)?;
                judgement.files.push(judged);
            }
            Err(problem) => judgement.whole.push(whole_file(&file.path, problem)),
        }
    }
    super::statements::judge(bills, known, &mut seen, &mut judgement, &mut tick)?;
    for file in documents {
        super::documents::judge(file, &said, known, &mut seen, &mut judgement)?;
    }
    let too_large = |judged: &Judged| {
        let sums = judged.totals.iter().filter(|(_, (units, _))| !Amount::is_written(*units));
        sums.map(|((of, currency), (units, _))| {
            let sum = units / 10_i128.pow(8);
            let problem = Problem::new(Code::E0208, sum.to_string(), format!("its rows of {of} sum to more than 18 digits of {currency}"));
            whole_file(
                &judged.file.path,
                problem.column("control total").cure("no month of AWS's comes to that: look at the amounts of this file"),
            )
        })
        .collect::<Vec<_>>()
    };
    let found: Vec<Located> = judgement.files.iter().flat_map(too_large).collect();
    found.into_iter().for_each(|problem| judgement.whole.push(problem));
    Ok(judgement)
}

pub(super) fn whole_file(path: &Path, problem: Problem) -> Located {
    Located { file: path.display().to_string(), line: 1, column_number: None, problem }
}

/// What a file of rows is.
enum Opened {
    Feed(Layout),
    Bill(statement::Layout),
}

/// Opens a file and finds the feed, or the kind of bill, that its header belongs to.
fn open(path: &Path, problems: &mut Problems) -> Result<Option<Opened>, Failure> {
    // Feeds are CSV; of bills AWS exports Parquet as well.
    let Some(table) = Table::open(path, problems)? else { return Ok(None) };
    let header: Vec<&str> = table.header().iter().map(String::as_str).collect();
    if let Ok(layout) = statement::recognise(&header)
        && layout.statement.is_bill()
    {
        return Ok(Some(Opened::Bill(layout)));
    }
    match feed::recognise(&header) {
        Ok(_) if table::is_parquet(path)? => {
            let problem = Problem::new(Code::E0302, "", "a feed as Parquet").cure("give the CSV file that AWS delivers");
            problems.push(whole_file(path, problem));
            Ok(None)
        }
        Ok(layout) => Ok(Some(Opened::Feed(layout))),
        Err(unrecognised) => {
            problems.push(whole_file(path, unknown_kind(&header, &unrecognised)));
            Ok(None)
        }
    }
}

fn unknown_kind(header: &[&str], unrecognised: &Unrecognised) -> Problem {
    let Unrecognised { closest, present, missing } = unrecognised;
    let columns = header.iter().take(8).copied().collect::<Vec<_>>().join(", ");
    let wanted = present.len() + missing.len();
    let why = format!("found columns {columns}; the closest feed is {closest}: {} of {wanted} needed columns", present.len());
    let cure = format!("{closest} also needs {}; `dealbook help files` lists every kind of file", missing.join(", "));
    Problem::new(Code::E0302, columns, why).cure(cure)
}

fn read_accounts(path: &Path, layout: &Layout, accounts: &mut Accounts) -> Result<(), Failure> {
    let mut ignored = Problems::new();
    let Some(mut rows) = Rows::open(path, None, &mut ignored)? else { return Ok(()) };
    let place = |name: &str| layout.feed.columns().iter().position(|column| column.name == name).and_then(|column| layout.position(column));
    let (Some(opaque), Some(aws)) = (place("account_id"), place("aws_account_id")) else { return Ok(()) };
    while let Some(row) = rows.next(&mut ignored) {
        if let Ok(account) = row.get(aws).parse() {
            accounts.insert(row.get(opaque).to_owned(), account);
        }
    }
    Ok(())
}

/// The recipient that the first row names, as its feed names accounts.
fn first_recipient(path: &Path, layout: &Layout) -> Result<Option<String>, Failure> {
    let Some(column) = layout.recipient_column() else { return Ok(None) };
    let mut ignored = Problems::new();
    let Some(mut rows) = Rows::open(path, None, &mut ignored)? else { return Ok(None) };
    Ok(rows.next(&mut ignored).map(|row| row.get(column).to_owned()).filter(|text| !text.is_empty()))
}

/// Whose a file is: by its path, by what is in it, or by what the user says. They must not disagree.
pub(super) fn whose(file: &InFile, inside: (&'static str, Option<AccountId>), account: Option<AccountId>) -> Result<AccountId, Problem> {
    let told = [("its folder", file.place.recipient), inside, ("--account", account)];
    let mut told = told.into_iter().filter_map(|(by, account)| Some((by, account?)));
    let Some((by, recipient)) = told.next() else {
        let cure = "give --account, or keep AWS's layout: <12-digit account>/<feed>_v1/year=YYYY/month=MM/data.csv";
        return Err(Problem::new(Code::E0322, "", format!("neither its folder nor {} say whose it is", inside.0)).cure(cure));
    };
    match told.find(|(_, other)| *other != recipient) {
        Some((other_by, other)) => {
            let why = format!("{by} says {recipient}, {other_by} says {other}");
            Err(Problem::new(Code::E0322, other.to_string(), why)
                .cure("put the file under its own recipient's folder, or leave --account out"))
        }
        None => Ok(recipient),
    }
}

/// What the ledger knows of a file that was judged as a whole. The same bytes may have something new in them: what is said beside them may be
/// something else this time, or another file may have said something else in between.
pub(super) fn history_of(recipient: AccountId, digest: Hash, is_new: bool, sources: &Sources) -> History {
    let mut imports = sources.imports().iter().rev();
    match imports.find(|import| import.said.recipient == recipient && import.said.digest == digest) {
        Some(same) if same.is_complete() && !is_new => History::Same,
        Some(same) if !same.is_complete() => History::Unfinished { import: same.seq },
        _ => History::New,
    }
}

/// The latest import of the same file, and any import of the same bytes.
fn history(file: &InFile, feed: &str, recipient: AccountId, sources: &Sources) -> (Option<Import>, Vec<Import>) {
    let same_file = |import: &&Import| {
        let said = &import.said;
        let place = (said.version, said.year, said.month);
        said.recipient == recipient && said.feed == feed && place == (file.place.version, file.place.year, file.place.month)
    };
    let imports: Vec<Import> = sources.imports().iter().filter(same_file).cloned().collect();
    // Without a month in its path there is no telling that two files are the same one at two times. Mended rows are a file of their own.
    let is_told = file.place.year.is_some() && !files::are_mended(&file.name);
    let latest = imports.iter().rev().find(|import| is_told && !files::are_mended(&import.said.file)).cloned();
    (latest, imports)
}

fn judge_file(
    file: InFile,
    layout: Layout,
    (recipient, named): (AccountId, Option<String>),
    known: Known<'_>,
    seen: &mut Map<Fingerprint, ()>,
    judgement: &mut Judgement,
    tick: &mut impl FnMut(u64),
) -> Result<Judged, Failure> {
    let (latest, imports) = history(&file, layout.feed.name(), recipient, known.sources);
    let mut decoding = Problems::new();
    let opened = Rows::open(&file.path, latest.as_ref().map(|import| import.said.decoded_bytes), &mut decoding)?;
    let Some(mut rows) = opened else { return Err(changed(&file.path)) };
    let shown = rows.file().to_owned();
    let mut chunks = Vec::new();
    let mut judged = Judged::of(file, layout.feed.name(), recipient);
    let mut first_new = None;
    {
        let (layout, accounts, records) = (&layout, judgement.accounts.get(&recipient).unwrap_or(&UNTOLD), known.records);
        let whose = Whose { recipient, accounts, named: named.as_deref() };
        let unrecorded: Vec<(usize, &str)> = layout.unrecorded().collect();
        let (problems, seen) = (&mut judgement.rows, seen);
        let (new, totals, dropped, fallbacks) = (&mut judged.new, &mut judged.totals, &mut judged.dropped, &mut judged.fallbacks);
        let (bad, chunks, count) = (&mut judged.bad, &mut chunks, &mut judged.rows);
        in_order(
            Chunks::new(&mut rows, &mut decoding),
            |chunk| {
                let outcomes: Vec<_> = rows::read(&chunk, layout, whose).collect();
                let mut prints = Fingerprint::of_each(outcomes.iter().filter_map(|(_, _, outcome)| outcome.fact.as_ref().ok())).into_iter();
                let mut summed = |fact: Fact| (prints.next().expect("every fact has its fingerprint"), measured(&fact.event));
                let readings =
                    outcomes.into_iter().map(|(row, line, outcome)| (row, line, outcome.fact.map(&mut summed), outcome.fallbacks));
                let readings: Vec<_> = readings.collect();
                let dropped: Vec<u64> = unrecorded
                    .iter()
                    .map(|(at, _)| chunk.rows().filter(|(_, _, cells)| !cells.cell(*at).is_empty()).count() as u64)
                    .collect();
                (chunk.digest(), readings, dropped)
            },
            |(digest, readings, counts)| {
                let read = readings.len() as u64;
                chunks.push(digest);
                *count += read;
                for ((_, name), values) in unrecorded.iter().zip(counts).filter(|(_, values)| *values > 0) {
                    *dropped.entry((*name).to_owned()).or_default() += values;
                }
                for (row, line, reading, rules) in readings {
                    for rule in rules {
                        *fallbacks.entry(rule.to_owned()).or_default() += 1;
                    }
                    match reading {
                        Ok((print, (kind, money))) => {
                            if records.holds(print) || seen.insert(print, ()).is_some() {
                                continue;
                            }
                            first_new.get_or_insert(row);
                            *new.entry(kind).or_default() += 1;
                            if let Some((currency, amount)) = money {
                                let (sum, rows) = totals.entry((kind, currency)).or_default();
                                *sum += amount.units();
                                *rows += 1;
                            }
                        }
                        Err(found) => {
                            bad.push(line);
                            for problem in found {
                                let column_number = problem.column.as_deref().and_then(|name| layout.column_number(name));
                                problems.push(Located { file: shown.clone(), line, column_number, problem });
                            }
                        }
                    }
                }
                tick(read);
                Ok::<(), std::convert::Infallible>(())
            },
        )
        .unwrap_or_else(|never| match never {});
    }
    let ragged = rows.rejected().to_vec();
    let summary = rows.finish()?;
    if summary.damaged {
        judgement.whole.extend(decoding);
    } else {
        judgement.rows.extend(decoding);
    }
    judged.rows += ragged.len() as u64;
    judged.bad.extend(ragged);
    judged.bad.sort_unstable();
    judgement.notes.extend(summary.notes.iter().cloned());
    (judged.digest, judged.decoded_bytes) = (summary.digest, summary.length);
    judged.history = match (imports.iter().rev().find(|import| import.said.digest == summary.digest), latest) {
        (Some(same), _) if same.is_complete() => History::Same,
        (Some(same), _) => History::Unfinished { import: same.seq },
        (None, Some(latest)) => {
            let prefix_matches = summary.prefix == Some(latest.said.digest);
            let rewritten_from = first_new.filter(|row| !prefix_matches && *row <= latest.said.rows);
            History::Grown { replaces: latest.seq, prefix_matches, rewritten_from }
        }
        (None, None) => History::New,
    };
    judged.known = judged.rows - judged.events() - judged.bad.len() as u64;
    judged.content = Content::Rows { layout, named, chunks };
    if matches!(judged.history, History::New | History::Same) {
        judged.repairs = repairs(&judged, known.sources);
    }
    if judged.repairs.is_some() {
        judged.history = History::New;
    }
    Ok(judged)
}

/// The import whose rows that were set aside a file has: those rows alone, under the name that they were given last, or its whole file once
/// more, and mended.
fn repairs(judged: &Judged, sources: &Sources) -> Option<u64> {
    let (name, feed) = (&judged.file.name, judged.feed);
    let set_aside = |import: &&Import| import.said.quarantined > 0 && import.said.recipient == judged.recipient && import.said.feed == feed;
    let mut imports = sources.imports().iter().rev().filter(set_aside);
    let import = if files::are_mended(name) {
        imports.find(|import| files::rejected(&import.said.file) == *name).filter(|import| judged.rows >= import.said.quarantined)?
    } else {
        imports.find(|Import { said, .. }| {
            let read = said.rows.saturating_sub(said.quarantined);
            said.file == *name && said.digest != judged.digest && judged.rows >= said.rows && judged.known >= read && read > 0
        })?
    };
    (!sources.settled(u64::MAX).contains(&import.seq)).then_some(import.seq)
}

/// A file is not what it was a moment ago.
pub(super) fn changed(path: &Path) -> Failure {
    Failure::new(Code::E0323, format!("`{}` changed while it was read", path.display())).hint("run the same import again")
}

/// What of an event goes into the control totals.
pub(super) fn measured(event: &Event) -> (&'static str, Option<(Currency, Amount)>) {
    let money = match event {
        Event::ChargeScheduled(charge) => Some((charge.currency, charge.amount)),
        Event::TaxItemised(item) => item.currency.map(|currency| (currency, item.amount)),
        Event::UsageMetered(usage) => usage.currency.zip(usage.estimated_revenue),
        // Of several cost columns the first in order.
        Event::SpendRecorded(spend) => spend.amounts.values().next().map(|amount| (spend.currency, *amount)),
        event => event.billing().map(|row| (row.currency, row.amount)),
    };
    (event.type_name(), money)
}
