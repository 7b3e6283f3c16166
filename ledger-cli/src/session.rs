//! A ledger as a command meets it: opened for reading or writing, with the states its reports are made of.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use ledger_core::book::Book;
use ledger_core::chain::Head;
use ledger_core::event::{Entry, Unreadable};
use ledger_core::id::AccountId;
use ledger_core::projection::Projection;
use ledger_core::projection::billing::{Billing, Names, Purchase};
use ledger_core::projection::closing::Closing;
use ledger_core::projection::edp;
use ledger_core::projection::known::Known;
use ledger_core::projection::programmes::Programmes;
use ledger_core::projection::records::{Records, View};
use ledger_core::projection::sources::Sources;
use ledger_core::projection::usage::Usage;
use ledger_core::report::Asked;
use ledger_core::time::Instant;
use ledger_store::checkpoints::{Checkpoints, Kept};
use ledger_store::derived::Derived;
use ledger_store::ledger::{self, CaughtUp, Ledger};
use ledger_store::scan::{Depth, ScanError, scan};
use ledger_store::{LogError, Notice, Source, backend};

use crate::ask::{self, Point};
use crate::context::{Context, Location, Reading, Writing};
use crate::failure::{Code, Failure};
use crate::history;

/// Every state that is kept beside a ledger. A new projection is a field, and a line in each of these.
#[derive(Default)]
pub struct States {
    /// The money.
    pub billing: Billing,
    /// Who, what, offers and agreements.
    pub records: Records,
    /// Files and what is out of the ordinary in them.
    pub sources: Sources,
    /// People, approvals, policies, references.
    pub book: Book,
    /// Programmes, applications and credits.
    pub programmes: Programmes,
    /// Reconciliations, breaks and closes.
    pub closing: Closing,
    /// Metered usage.
    pub usage: Usage,
}

impl ledger::States for States {
    fn all(&mut self) -> Vec<&mut dyn Projection> {
        vec![
            &mut self.billing,
            &mut self.records,
            &mut self.sources,
            &mut self.book,
            &mut self.programmes,
            &mut self.closing,
            &mut self.usage,
        ]
    }

    fn each(&self) -> Vec<&dyn Projection> {
        vec![&self.billing, &self.records, &self.sources, &self.book, &self.programmes, &self.closing, &self.usage]
    }
}

impl States {
    /// The entries of money that wait for their approvals, and count nowhere.
    pub fn pending(&self, view: &View<'_>) -> BTreeSet<u64> {
        let billing = self.billing.pending(&view.basis()).into_iter().map(|waits| waits.seq);
        let credits = self.programmes.at(view);
        let shortfalls = edp::pending(view, &self.book, None).into_iter().map(|(seq, ..)| seq);
        billing.chain(credits.pending().map(|(seq, ..)| seq)).chain(shortfalls).collect()
    }
}

/// Which states are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// The money.
    pub billing: bool,
    /// The records.
    pub records: bool,
}

/// Names as the records tell them at a basis, each looked up once.
pub struct Named<'a> {
    view: &'a View<'a>,
    book: Option<&'a Book>,
    parties: RefCell<BTreeMap<AccountId, Option<String>>>,
    /// The cost centres that offers name, by the agreements they became.
    cost_centres: OnceCell<BTreeMap<String, String>>,
}

impl<'a> Named<'a> {
    /// The names that a view tells.
    pub fn of(view: &'a View<'a>) -> Self {
        Self { view, book: None, parties: RefCell::default(), cost_centres: OnceCell::new() }
    }

    /// The same, with the cost centres that policies name.
    pub fn with(self, book: &'a Book) -> Self {
        Self { book: Some(book), ..self }
    }
}

impl Names for Named<'_> {
    fn party(&self, account: &AccountId) -> Option<String> {
        self.parties.borrow_mut().entry(*account).or_insert_with(|| self.view.name_of(*account)).clone()
    }

    fn account(&self, recipient: &AccountId, feed_account: &str) -> Option<AccountId> {
        self.view.account_of(*recipient, &feed_account.parse().ok()?)
    }

    /// As the offer says; else as the policy says of the buyer's account, on the day of the invoice.
    fn cost_centre(&self, purchase: Purchase<'_>) -> Option<String> {
        let named = self.cost_centres.get_or_init(|| self.view.cost_centres());
        if let Some(centre) = purchase.agreement.and_then(|agreement| named.get(agreement)) {
            return Some(centre.clone());
        }
        let buyer = purchase.buyer?;
        // A bill has the account itself.
        let buyer = self.account(purchase.recipient, buyer).or_else(|| buyer.parse().ok())?;
        let at = purchase.invoiced.or_else(|| self.view.until())?;
        self.book?.cost_centre(buyer, at, self.view.basis().known_at).map(str::to_owned)
    }
}

/// A ledger that is being read. It takes no lock, and answers at the last durable line.
pub struct Session {
    /// Its lines.
    pub source: Box<dyn Source>,
    /// Where its states are kept, when it has a folder.
    pub derived: Option<Derived>,
    /// Where it is.
    pub location: Location,
}

impl Session {
    /// Opens the ledger that a command is about.
    ///
    /// # Errors
    /// There is none, or it is not intact.
    pub fn open(context: &Context) -> Result<Self, Failure> {
        let location = context.location()?;
        let source = backend::read(&location.to_string())?;
        Ok(Self { source, derived: derived(&location), location })
    }

    /// The last line.
    pub fn head(&self) -> Head {
        self.source.head()
    }

    /// The states at the head: from where they were saved, or folded from the first line.
    ///
    /// # Errors
    /// The chain is broken.
    pub fn states(&self) -> Result<States, Failure> {
        self.states_of(Wanted { billing: true, records: true })
    }

    /// The states that a report is made of, at the head; the others are left empty. What a report lacks the sources know: they are
    /// always there.
    ///
    /// # Errors
    /// The chain is broken.
    pub fn states_of(&self, wanted: Wanted) -> Result<States, Failure> {
        let mut states = States::default();
        let CaughtUp { head, folded } = {
            let States { billing, records, sources, book, programmes, closing, usage } = &mut states;
            let mut chosen: Vec<&mut dyn Projection> = vec![sources, book, programmes, closing, usage];
            if wanted.billing {
                chosen.push(billing);
            }
            if wanted.records {
                chosen.push(records);
            }
            ledger::catch_up(&*self.source, self.derived.as_ref(), &mut chosen)?
        };
        if let Some(derived) = &self.derived {
            // States that were left empty are not what the log comes to, and must not be kept as if they were.
            let kept = [
                (true, &states.sources as &dyn Projection),
                (true, &states.book),
                (true, &states.programmes),
                (true, &states.closing),
                (true, &states.usage),
                (wanted.billing, &states.billing),
                (wanted.records, &states.records),
            ];
            let kept: Vec<_> = kept.into_iter().filter(|(wanted, _)| *wanted).map(|(_, state)| state).collect();
            ledger::save(derived, head, folded, &kept);
        }
        Ok(states)
    }

    /// What of sources' records is known at the head.
    ///
    /// # Errors
    /// The chain is broken.
    pub fn known(&self) -> Result<Known, Failure> {
        let mut known = Known::default();
        ledger::catch_up(&*self.source, self.derived.as_ref(), &mut [&mut known])?;
        known.settle();
        Ok(known)
    }

    /// One entry.
    ///
    /// # Errors
    /// It cannot be read. Nothing beyond the head.
    pub fn entry(&self, seq: u64) -> Result<Option<Entry>, Failure> {
        let line = self.source.line(seq)?;
        Ok(line.map(|line| Entry::read(&line, seq)).transpose()?)
    }

    /// The clocks of a question, and the line that was the last one known then.
    ///
    /// # Errors
    /// Wrong usage, or a point that the ledger does not have.
    pub fn asked(&self, reading: &Reading, context: &Context) -> Result<(Asked, Head), Failure> {
        let mut known = self.head();
        let asked = reading.asked(context.today(), |point| {
            if let Some(point) = point {
                known = self.resolve(&point)?;
            }
            Ok(known.seq)
        })?;
        Ok((asked, known))
    }

    /// The line that a point in the ledger's history means.
    ///
    /// # Errors
    /// The ledger has no such point.
    pub fn resolve(&self, point: &Point) -> Result<Head, Failure> {
        let unknown = |text: String| {
            Failure::new(Code::E0306, format!("the ledger has no point `{text}`"))
                .because(format!("its head is {}", self.head()))
                .hint("dealbook log")
        };
        match point {
            Point::Seq(seq) => self.source.head_at(*seq)?.ok_or_else(|| unknown(format!("#{seq}"))),
            Point::Hash(prefix) => match self.with_prefix(prefix)?.as_slice() {
                [] => Err(unknown(prefix.clone())),
                [head] => Ok(*head),
                several => {
                    let positions: Vec<String> = several.iter().map(ToString::to_string).collect();
                    Err(Failure::new(Code::E0305, format!("`{prefix}` is ambiguous")).because(positions.join(", ")))
                }
            },
            Point::Name(name) => {
                if let Some(month) = ask::closed_month(name)
                    && let Some(at) = self.closed_at(month)?
                {
                    return Ok(self.source.head_at(at)?.unwrap_or(Head::EMPTY));
                }
                let kept = folder_of(&self.location).map(|folder| Checkpoints::of(&folder).read()).transpose()?.unwrap_or_default();
                let named = |kept: &&Kept| kept.name.as_ref() == Some(name);
                match kept.notes.iter().rev().find(named) {
                    Some(kept) => {
                        let size = kept.note.checkpoint.size;
                        let cut_off = || history::cut_off(&format!("checkpoint {kept}"), &kept.note.checkpoint, self.head());
                        self.source.head_at(size)?.ok_or_else(cut_off)
                    }
                    None if ask::closed_month(name).is_some() => {
                        let month = name.trim_start_matches("close-");
                        Err(unknown(name.clone()).because(format!("{month} is not closed, and no checkpoint has this name")))
                    }
                    None => Err(unknown(name.clone())
                        .because("no checkpoint has this name; a point is also #1842, at least 6 digits of a hash, or a moment")
                        .suggest(name, kept.notes.iter().filter_map(|kept| kept.name.as_deref()))),
                }
            }
            Point::During(period) => {
                let seq = self.recorded_before(period.until)?;
                Ok(self.source.head_at(seq)?.unwrap_or(Head::EMPTY))
            }
        }
    }

    /// Since which position a month is closed, by the close that is in force.
    fn closed_at(&self, month: Instant) -> Result<Option<u64>, Failure> {
        let (mut book, mut closing) = (Book::default(), Closing::default());
        ledger::catch_up(&*self.source, self.derived.as_ref(), &mut [&mut book, &mut closing])?;
        Ok(closing.in_force(month, &book, self.head().seq).map(|(_, at)| at))
    }

    /// The first 32 bits of the hash of every line up to a head: what is printed behind a position.
    ///
    /// # Errors
    /// The chain is broken.
    pub fn hashes(&self, until: Head) -> Result<Vec<u32>, Failure> {
        let mut hashes = Vec::new();
        if until.seq > 0 {
            scan(self.source.read(1)?, Head::EMPTY, Depth::Heads, |checked| {
                let known = checked.heads.iter().filter(|head| head.seq <= until.seq);
                hashes.extend(known.map(|head| u32::from_str_radix(&head.hash.to_string()[..8], 16).unwrap_or(0)));
                Ok::<(), ScanError>(())
            })?;
        }
        Ok(hashes)
    }

    /// The lines whose hash begins so.
    fn with_prefix(&self, prefix: &str) -> Result<Vec<Head>, Failure> {
        let mut found = Vec::new();
        let mut consider = |head: Head| {
            if head.seq > 0 && head.hash.to_string().starts_with(prefix) {
                found.push(head);
            }
        };
        if self.head().seq > 0 {
            scan(self.source.read(1)?, Head::EMPTY, Depth::Heads, |checked| {
                checked.heads.into_iter().for_each(&mut consider);
                Ok::<(), ScanError>(())
            })?;
        }
        Ok(found)
    }

    /// The last position that was recorded before a moment: entries are recorded in the order of their moments.
    fn recorded_before(&self, moment: Instant) -> Result<u64, Failure> {
        let (mut low, mut high) = (0, self.head().seq);
        while low < high {
            let middle = low + (high - low).div_ceil(2);
            let recorded_at = self.entry(middle)?.map(|entry| entry.recorded_at);
            if recorded_at.is_some_and(|recorded_at| recorded_at < moment) {
                low = middle;
            } else {
                high = middle - 1;
            }
        }
        Ok(low)
    }
}

/// Opens the ledger that a command is about for writing. What was out of order and has been put right is told.
///
/// # Errors
/// There is none, it has no first line, it is not intact, or another process is writing.
pub fn write(context: &Context) -> Result<Ledger<States>, Failure> {
    let location = context.location()?;
    let ledger = open_for_writing(context, &location)?;
    if ledger.head() == Head::EMPTY {
        // Nothing may stand before the line that says whose ledger it is.
        return Err(Failure::new(Code::E0304, format!("the ledger {location} has no first event: its making was cut off"))
            .hint("`dealbook init` makes it"));
    }
    Ok(ledger)
}

/// Opens a ledger for writing.
///
/// # Errors
/// There is none, it is not intact, or another process is writing.
pub fn open_for_writing(context: &Context, location: &Location) -> Result<Ledger<States>, Failure> {
    let opened = backend::open(&location.to_string(), backend::sled::Options::default())?;
    tell(context, &opened.notices);
    Ok(Ledger::open(opened.log, derived(location), States::default())?)
}

/// Appends what is staged and closes a ledger. What went wrong beside the log is told.
///
/// # Errors
/// What is staged could not be appended.
pub fn close(context: &Context, ledger: Ledger<States>) -> Result<Head, Failure> {
    let (head, notices) = ledger.close()?;
    tell(context, &notices);
    Ok(head)
}

fn tell(context: &Context, notices: &[Notice]) {
    notices.iter().for_each(|notice| context.note(format_args!("note: {notice}")));
}

/// Refuses when the head is not the one that a command expects.
///
/// # Errors
/// The ledger has moved on.
pub fn expect(writing: &Writing, head: Head) -> Result<(), Failure> {
    let Some(text) = &writing.expect_head else { return Ok(()) };
    // As it is printed, `#42 b3:0123abcd`, or any part of that which tells it from others.
    let (seq, hash) = match text.strip_prefix('#') {
        Some(rest) => rest.split_once([':', ' ']).map_or((Some(rest), None), |(seq, hash)| (Some(seq), Some(hash))),
        None => (None, Some(text.as_str())),
    };
    let hash = hash.map(|hash| hash.strip_prefix("b3:").unwrap_or(hash));
    let is_seq = |seq: &str| !seq.is_empty() && seq.bytes().all(|byte| byte.is_ascii_digit());
    let is_hash = |hash: &str| (6..=64).contains(&hash.len()) && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !seq.is_none_or(is_seq) || !hash.is_none_or(is_hash) {
        return Err(Failure::usage(format!("invalid value `{text}` for --expect-head"))
            .hint("a head is #42, at least 6 digits of its hash, or both as they are printed: #42 b3:0123abcd"));
    }
    let same_seq = seq.is_none_or(|seq| seq.parse() == Ok(head.seq));
    if same_seq && hash.is_none_or(|hash| head.hash.to_string().starts_with(hash)) {
        return Ok(());
    }
    Err(Failure::new(Code::E0602, format!("the head is {head}, not `{text}`"))
        .hint("look at what came in between with `dealbook log`; nothing was appended"))
}

/// Where the states of a ledger are kept: only a folder has room for them.
pub(crate) fn derived(location: &Location) -> Option<Derived> {
    folder_of(location).map(|folder| Derived::new(&folder.join("derived")))
}

/// The folder of a ledger that has one.
pub(crate) fn folder_of(location: &Location) -> Option<std::path::PathBuf> {
    (location.scheme == "sled").then(|| folder(&location.place))
}

/// The folder of a ledger: the one named, or the `.dealbook` in it.
fn folder(place: &Path) -> std::path::PathBuf {
    let inside = place.join(crate::context::FOLDER);
    if !place.join("meta.json").exists() && inside.is_dir() { inside } else { place.to_owned() }
}

impl From<ScanError> for Failure {
    fn from(error: ScanError) -> Self {
        match error {
            ScanError::Log(error) => error.into(),
            ScanError::Unreadable(error) => error.into(),
        }
    }
}

impl From<Unreadable> for Failure {
    fn from(error: Unreadable) -> Self {
        match error {
            Unreadable::Broken(broken) => broken.into(),
            other => Self::new(Code::E0505, other.to_string()).hint("`dealbook verify --full` reads every event again"),
        }
    }
}

impl From<LogError> for Failure {
    fn from(error: LogError) -> Self {
        let message = error.to_string();
        match error {
            LogError::Broken(broken) => broken.into(),
            LogError::ShorterThanAnchor { .. } | LogError::DiffersFromAnchor { .. } => {
                Self::new(Code::E0504, message).hint("nothing was changed; restore the log from a copy, and compare: `dealbook copy`")
            }
            LogError::StoreAheadOfLog { .. } => {
                Self::new(Code::E0507, message).hint("nothing was changed; `dealbook copy sled:DIR jsonl:FILE` saves what the store has")
            }
            LogError::Locked { .. } => Self::new(Code::E0601, message).hint("wait for it, or end it; reading needs no lock"),
            LogError::Moved { .. } => {
                Self::new(Code::E0602, message).hint("nothing was recorded; look at what came in between with `dealbook log`")
            }
            LogError::Exists { .. } => Self::new(Code::E0604, message).hint("choose another folder"),
            LogError::Parted { .. } => Self::new(Code::E0605, message).hint("nothing was copied"),
            LogError::Unknown { source, .. } => {
                Self::new(Code::E0606, message).because(source).hint("running the same command again is safe")
            }
            // Its lines are what it is; what is said beside them can be made again.
            LogError::NotALedger { path } if path.join("log").is_dir() => Self::new(Code::E0304, message)
                .because("its `meta.json` is missing; its lines are there")
                .hint("put the file back from a copy of the folder")
                .hint(format!(
                    "or make a ledger of its lines: cat {}/*.jsonl > lines.jsonl; dealbook copy jsonl:lines.jsonl sled:DIR",
                    path.join("log").display()
                )),
            LogError::NotALedger { .. } => Self::new(Code::E0304, message).hint("`dealbook init` makes one"),
            LogError::Newer { .. } => Self::new(Code::E0505, message).exit(crate::failure::Exit::Failure).hint("use the newer dealbook"),
            LogError::NoSuchBackend { .. } => Self::usage(message),
            LogError::Io { source, .. } => Self::new(Code::E0603, message).because(source),
            _ => Self::new(Code::E0603, message),
        }
    }
}
