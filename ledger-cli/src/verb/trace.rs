//! `dealbook trace`
//!
//! ```text
//! bank trace <-> disbursement <-> invoice line <-> agreement <-> offer <-> source row
//! ```

use std::collections::{BTreeMap, BTreeSet};

use ledger_core::chain::Head;
use ledger_core::event::offer::OfferTerms;
use ledger_core::event::{Entry, Event};
use ledger_core::id::AuthorizationId;
use ledger_core::projection::billing::Linked;
use ledger_core::projection::records::Standing;
use ledger_core::report::{Cell, Column, Kind, Receipt, Report};
use ledger_core::time::{Basis, Instant};
use ledger_store::ledger::States as _;
use ledger_store::scan::{Depth, ScanError, scan};

use super::facts::{Facts, own_id};
use super::log::inside;
use super::why;
use crate::context::{Context, Reading};
use crate::failure::{Code, Exit, Failure};
use crate::session::{Session, States};

/// Follow an id: bank trace, disbursement, invoice line, agreement, offer, source row
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// An id: of a bank trace, disbursement, invoice, agreement, offer or source row, or #SEQ; a unique beginning is enough
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) reading: Reading,
}

/// The levels in the order in which money goes through them, from the bank back to the offer.
const LEVELS: &[&str] = &[
    "bank trace",
    "disbursement reference",
    "disbursement",
    "invoice",
    "buyer invoice",
    "buyer line",
    "agreement",
    "offer",
    "authorization",
    "product",
    "opportunity",
    "application",
    "credit",
];

/// The columns of the report.
pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::new("level", "Level", Kind::Text),
        Column::new("id", "Id", Kind::Text),
        Column::new("seq", "#", Kind::Count),
        Column::new("event", "Event", Kind::Text),
        Column::new("effective_at", "Effective", Kind::Moment),
        Column::new("party", "Party", Kind::Text),
        Column::new("amount", "Amount", Kind::Amount),
        Column::new("currency", "", Kind::Text),
        Column::new("file", "Source file", Kind::Text),
        Column::new("row", "Row", Kind::Count),
        Column::new("document", "Document", Kind::Text),
    ]
}

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let session = Session::open(context)?;
    let (asked, head) = session.asked(&args.reading, context)?;
    let states = session.states()?;
    let (what, found) = look_up(&args.id, &session, &states, asked.basis)?;
    let mut report = Report::new("trace", columns());
    report.heading.push(what);
    report.rows = rows(&found, &session, &states, asked.basis)?;
    report.hide_empty("document");
    let told = BTreeMap::from([("report".to_owned(), "trace".to_owned()), ("id".to_owned(), args.id)]);
    let projectors: Vec<String> = states.each().iter().map(|state| format!("{}/{}", state.name(), state.version())).collect();
    context.print(&report, &Receipt::new(&report, asked, told, head, projectors.join(" ")))?;
    Ok(Exit::Done)
}

/// What an id is connected with.
#[derive(Default)]
struct Found {
    /// Level, party, id.
    ids: BTreeSet<(&'static str, String, String)>,
    events: BTreeSet<u64>,
}

impl Found {
    fn take(&mut self, linked: Linked) {
        self.ids.extend(linked.ids.into_iter().map(|(kind, party, id)| (kind.as_str(), party, id)));
        self.events.extend(linked.events);
    }

    /// The ids of a level.
    fn of(&self, level: &str) -> BTreeSet<String> {
        self.ids.iter().filter(|(found, ..)| *found == level).map(|(.., id)| id.clone()).collect()
    }
}

/// Finds an id, or what begins so, and everything that is connected with it.
fn look_up(text: &str, session: &Session, states: &States, basis: Basis) -> Result<(String, Found), Failure> {
    let mut found = Found::default();
    if let Some(seq) = text.strip_prefix('#') {
        let unknown =
            || Failure::new(Code::E0301, format!("the ledger has no event `{text}`")).because(format!("its head is {}", session.head()));
        let seq: u64 = seq.parse().map_err(|_| unknown())?;
        let entry = session.entry(seq)?.filter(|entry| inside(entry, &basis)).ok_or_else(unknown)?;
        take_event(&mut found, &entry, states, basis);
        widen(&mut found, states, basis, false);
        return Ok((format!("#{seq} {}", entry.event.type_name()), found));
    }
    let view = states.records.at(basis);
    let under = view.authorizations();
    let Some(id) = unique(text, begins(text, states, &under))? else {
        let Some((id, events)) = source_row(text, session, &basis)? else { return Err(unknown(text, states)) };
        for seq in events {
            session.entry(seq)?.iter().for_each(|entry| take_event(&mut found, entry, states, basis));
        }
        widen(&mut found, states, basis, false);
        return Ok((format!("{id}  source row"), found));
    };
    let linked = states.billing.trace(basis, &id);
    let (words, events) = states.records.about(&id);
    let of_programmes = states.programmes.ids_beginning(&id).into_iter().filter(|(found, _)| *found == id).map(|(_, kind)| kind);
    let offers = id.parse().ok().and_then(|id| under.get(&id));
    let is_authorization = offers.map(|_| "authorization");
    let kinds: BTreeSet<&str> =
        linked.is.iter().map(|kind| kind.as_str()).chain(words).chain(of_programmes).chain(is_authorization).collect();
    found.ids.extend(offers.into_iter().flatten().map(|(offer, _)| ("offer", String::new(), offer.offer.to_string())));
    let (of_it, agreements) = states.programmes.connected(&BTreeSet::from([id.clone()]));
    found.events.extend(of_it);
    found.ids.extend(agreements.into_iter().map(|agreement| ("agreement", String::new(), agreement.to_string())));
    let is_offer = kinds.contains("offer") || kinds.contains("authorization");
    for level in &kinds {
        found.ids.extend(LEVELS.iter().find(|known| *known == level).map(|level| (*level, String::new(), id.clone())));
    }
    found.take(linked);
    found.events.extend(events);
    widen(&mut found, states, basis, is_offer);
    let kinds: Vec<&str> = kinds.into_iter().collect();
    Ok((format!("{id}  {}", kinds.join(", ")), found))
}

/// Takes an event, and what it is connected with.
fn take_event(found: &mut Found, entry: &Entry, states: &States, basis: Basis) {
    found.take(states.billing.trace_events(basis, &[entry.seq]));
    found.events.insert(entry.seq);
    let facts = Facts::of(&entry.event);
    for (field, level) in [("agreement", "agreement"), ("offer", "offer"), ("authorization", "authorization")] {
        if let Some(id) = facts.text(field).filter(|_| entry.event.billing().is_none()) {
            found.ids.insert((level, String::new(), id.to_owned()));
        }
    }
}

/// The deals that an agreement or an offer belongs to: many, of an offer that many accepted.
pub(super) fn deals_of(id: &str, states: &States, basis: Basis) -> BTreeSet<String> {
    let view = states.records.at(basis);
    let chains = view.chains();
    let is_it = |standing: &&&Standing| standing.terms.agreement.as_str() == id || standing.offers.iter().any(|offer| offer.as_str() == id);
    view.agreements().iter().filter(is_it).map(|standing| chains.initial(&standing.terms.agreement).to_string()).collect()
}

/// The agreements of a deal: the first, and all that followed it.
pub(super) fn agreements_of(deal: &str, states: &States, basis: Basis) -> BTreeSet<String> {
    let view = states.records.at(basis);
    let (chains, agreements) = (view.chains(), view.agreements());
    let of_deal = agreements.iter().filter(|standing| chains.initial(&standing.terms.agreement).as_str() == deal);
    of_deal.map(|standing| standing.terms.agreement.to_string()).collect()
}

/// The events of a deal: of every agreement of its chain, of the offers they were made by, of the authorizations behind those, and of the
/// money.
pub(super) fn of_deal(deal: &str, states: &States, basis: Basis) -> BTreeSet<u64> {
    let view = states.records.at(basis);
    let (chains, agreements) = (view.chains(), view.agreements());
    let mut found = Found::default();
    for standing in agreements.iter().filter(|standing| chains.initial(&standing.terms.agreement).as_str() == deal) {
        let agreement = standing.terms.agreement.as_str();
        found.ids.insert(("agreement", String::new(), agreement.to_owned()));
        found.take(states.billing.trace(basis, agreement));
        found.ids.extend(standing.offers.iter().map(|offer| ("offer", String::new(), offer.to_string())));
        let behind = view.offer_of(standing).and_then(|offer| offer.authorization);
        let mut next = behind;
        while let Some(authorization) = next.take() {
            if found.ids.insert(("authorization", String::new(), authorization.to_string())) {
                next = view.granted(&authorization).and_then(|granted| granted.parent);
            }
        }
    }
    widen(&mut found, states, basis, false);
    found.events.extend(states.programmes.connected(&found.of("agreement")).0);
    found.events
}

/// Adds what the records tell: the offer of an agreement, the agreements of an offer that was asked for, the authorization that an offer stands
/// on, and the events of them all.
fn widen(found: &mut Found, states: &States, basis: Basis, from_offer: bool) {
    let view = states.records.at(basis);
    let (agreements, offers) = (found.of("agreement"), found.of("offer"));
    for standing in view.agreements() {
        let (agreement, offer) = (standing.terms.agreement.as_str(), standing.terms.offer.as_ref().map(|offer| offer.as_str()));
        let Some(offer) = offer else { continue };
        if agreements.contains(agreement) {
            found.ids.insert(("offer", String::new(), offer.to_owned()));
        } else if from_offer && offers.contains(offer) {
            found.ids.insert(("agreement", String::new(), agreement.to_owned()));
            found.take(states.billing.trace(basis, agreement));
        }
    }
    let offers = found.of("offer");
    let stands_on = |under: &[(OfferTerms, Instant)]| under.iter().any(|(offer, _)| offers.contains(offer.offer.as_str()));
    let authorizations = view.authorizations().into_iter().filter(|(_, under)| stands_on(under));
    found.ids.extend(authorizations.map(|(authorization, _)| ("authorization", String::new(), authorization.to_string())));
    for level in ["agreement", "offer", "authorization"] {
        for id in found.of(level) {
            found.events.extend(states.records.about(&id).1);
        }
    }
}

/// The ids that begin so, with what each is the id of.
fn begins(text: &str, states: &States, under: &BTreeMap<AuthorizationId, Vec<(OfferTerms, Instant)>>) -> Begins {
    let mut begins = Begins::new();
    for (id, kind) in states.billing.ids_beginning(text) {
        begins.entry(id).or_default().insert(kind.as_str());
    }
    for (id, kind) in states.records.ids_beginning(text).into_iter().chain(states.programmes.ids_beginning(text)) {
        begins.entry(id).or_default().insert(kind);
    }
    for id in under.keys().filter(|id| id.as_str().starts_with(text)) {
        begins.entry(id.to_string()).or_default().insert("authorization");
    }
    begins
}

/// Ids, with what each is the id of.
type Begins = BTreeMap<String, BTreeSet<&'static str>>;

/// The one id that is meant: this one, or the only one that begins so. Nothing when none does.
fn unique(text: &str, begins: Begins) -> Result<Option<String>, Failure> {
    if text.is_empty() {
        return Err(Failure::usage("an id is wanted"));
    }
    if begins.contains_key(text) {
        return Ok(Some(text.to_owned()));
    }
    if begins.len() < 2 {
        return Ok(begins.into_keys().next());
    }
    let mut failure = Failure::new(Code::E0305, format!("`{text}` is the beginning of {} ids", begins.len()));
    for (id, kinds) in begins.iter().take(5) {
        let kinds: Vec<&str> = kinds.iter().copied().collect();
        failure = failure.because(format!("{id}  {}", kinds.join(", ")));
    }
    if begins.len() > 5 {
        failure = failure.note(format!("and {} more", begins.len() - 5));
    }
    Err(failure.hint("write more of it"))
}

/// The row of a source that is meant, by its own id or its natural key, and every event that tells it. No state has these ids: the lines are read.
fn source_row(text: &str, session: &Session, basis: &Basis) -> Result<Option<(String, Vec<u64>)>, Failure> {
    let mut found: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    if session.head() != Head::EMPTY {
        scan(session.source.read(1).map_err(Failure::from)?, Head::EMPTY, Depth::Entries, |checked| {
            for entry in checked.entries.iter().filter(|entry| inside(entry, basis)) {
                let named = [own_id(entry), entry.source.as_ref().map(|source| source.id.as_str())];
                if let Some(id) = named.into_iter().flatten().find(|id| id.starts_with(text)) {
                    found.entry(id.to_owned()).or_default().push(entry.seq);
                }
            }
            Ok::<(), ScanError>(())
        })?;
    }
    let ids = found.keys().map(|id| (id.clone(), BTreeSet::from(["source row"]))).collect();
    Ok(unique(text, ids)?.and_then(|id| found.remove_entry(&id)))
}

fn unknown(text: &str, states: &States) -> Failure {
    let of_billing = states.billing.ids_beginning("").into_iter().map(|(id, _)| id);
    let more = states.records.ids_beginning("").into_iter().chain(states.programmes.ids_beginning("")).map(|(id, _)| id);
    let all: BTreeSet<String> = of_billing.chain(more).collect();
    Failure::new(Code::E0301, format!("nothing has the id `{text}`, or one that begins so"))
        .suggest(text, all.iter().map(String::as_str))
        .hint("an account has many events: `dealbook log party:…` or `buyer:…`")
}

/// The level and the id that an event belongs to.
pub(super) fn place(entry: &Entry, facts: &Facts) -> (&'static str, String) {
    let own = || own_id(entry).unwrap_or_default().to_owned();
    let text = |field: &str| facts.text(field).map(str::to_owned);
    let event = match &entry.event {
        Event::SourceRestated(restated) => &restated.entry,
        event => event,
    };
    match event {
        Event::DisbursementPaid(_) | Event::DisbursementFailed(_) => ("disbursement", own()),
        Event::EntryConfirmed(confirmed) => ("event", format!("#{}", confirmed.entry)),
        Event::DisbursementAllocated(_) => ("disbursement", text("disbursement").unwrap_or_else(own)),
        event if event.billing().is_some() => ("invoice", text("invoice").unwrap_or_else(own)),
        _ => {
            // What names a credit, an application or an opportunity is about that.
            let named = ["credit", "application", "opportunity", "agreement", "offer", "authorization", "product"]
                .into_iter()
                .find_map(|level| Some((level, text(level)?)));
            named.unwrap_or(("event", own()))
        }
    }
}

/// A row for every event, and one for every id that no event stands for.
fn rows(found: &Found, session: &Session, states: &States, basis: Basis) -> Result<Vec<Vec<Cell>>, Failure> {
    let files: BTreeMap<u64, &str> =
        states.sources.imports_by(basis.known_at).map(|import| (import.seq, import.said.file.as_str())).collect();
    let mut rows = Vec::new();
    let mut told: BTreeSet<(&str, String)> = BTreeSet::new();
    let level_of = |level: &str| LEVELS.iter().position(|known| *known == level).unwrap_or(LEVELS.len());
    for seq in &found.events {
        let Some(entry) = session.entry(*seq)?.filter(|entry| inside(entry, &basis)) else { continue };
        let facts = Facts::of(&entry.event);
        let (level, id) = place(&entry, &facts);
        let source = entry.source.as_ref();
        let cells = vec![
            Cell::text(level),
            Cell::text(&id),
            Cell::Count(entry.seq),
            Cell::text(entry.event.type_name()),
            Cell::Moment(entry.effective_at),
            facts.party(),
            facts.amount(),
            facts.currency(),
            Cell::or_empty(source.and_then(|source| files.get(&source.import?)), Cell::text),
            Cell::or_empty(source.and_then(|source| source.row), Cell::Count),
            why::document(&entry),
        ];
        told.insert((level, id.clone()));
        rows.push(((level_of(level), id, Some(entry.effective_at), entry.seq), cells));
    }
    for (level, party, id) in &found.ids {
        if told.insert((level, id.clone())) {
            let party = Cell::or_empty(Some(party).filter(|party| !party.is_empty()), Cell::text);
            let mut cells = vec![Cell::text(level), Cell::text(id)];
            cells.extend([Cell::Empty, Cell::Empty, Cell::Empty, party]);
            cells.resize(columns().len(), Cell::Empty);
            rows.push(((level_of(level), id.clone(), None, 0), cells));
        }
    }
    rows.sort_by(|(one, _), (other, _)| one.cmp(other));
    Ok(rows.into_iter().map(|(_, cells)| cells).collect())
}

/// What happened later to what an event is about.
pub(super) fn later(states: &States, basis: Basis, seq: u64) -> BTreeSet<u64> {
    let linked: Linked = states.billing.trace_events(basis, &[seq]);
    linked.events.into_iter().filter(|later| *later > seq).collect()
}
