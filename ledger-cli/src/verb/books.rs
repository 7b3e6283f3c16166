//! Whose books are asked for, of when, and how they are presented.

use std::collections::BTreeMap;

use ledger_core::id::AccountId;
use ledger_core::projection::Projection;
use ledger_core::projection::billing::books::{self, Asked, Posts, Presentation};
use ledger_core::projection::billing::{self, Names, Pending};
use ledger_core::projection::closing::{Differences, Shut, Shuts};
use ledger_core::projection::edp::{self, Setting, Shortfalls};
use ledger_core::projection::programmes::Credits;
use ledger_core::projection::records::{Reason, View};
use ledger_core::report::Report;
use ledger_core::time::{Basis, Instant, Period};

use super::show::{self, Noun};
use crate::ask::{Key, Query, Wants, Word};
use crate::context::Context;
use crate::failure::{Code, Failure};
use crate::session::{Named, States};

/// The books of one party.
pub(super) struct Books {
    /// Whose.
    pub(super) party: AccountId,
    basis: Basis,
    until: Instant,
    pub(super) presentation: Presentation,
    others: Vec<Box<dyn Posts>>,
    /// What was closed, and what else posted as it was known then: of the journal alone.
    shuts: Shuts,
    then: Vec<Vec<Box<dyn Posts>>>,
    presented: Vec<Presentation>,
}

/// What a projection posts, worked out of what is known at a basis.
type Other = fn(&States, &Setting<'_>) -> Box<dyn Posts>;

/// What posts beside the billing feed: a line each.
const OTHERS: &[Other] = &[
    |states, setting| Box::new(Credits::of(&states.programmes.at(setting.view))),
    |_, setting| Box::new(Shortfalls::of(setting)),
    |states, setting| Box::new(Differences::of(&states.closing, setting.book, setting.view.basis())),
];

/// What posts beside the billing feed, at the basis of a view.
fn others(states: &States, view: &View<'_>) -> Vec<Box<dyn Posts>> {
    let names = Named::of(view).with(&states.book);
    let setting = Setting { view, billing: &states.billing, book: &states.book, names: &names };
    OTHERS.iter().map(|other| other(states, &setting)).collect()
}

/// Whose books a query asks for, and what else it asks for: `party:` chooses the books, and not rows of somebody's.
///
/// # Errors
/// Wrong usage: more than one party, or none of one, or a flag that names one as well.
pub(super) fn named(args: &show::Args, mut query: Query) -> Result<(Option<String>, Query), Failure> {
    let is_party = |word: &Word| args.noun.is_of_books() && matches!(word.wants, Wants::Text(Key::Party, _));
    let (own, rest): (Vec<Word>, Vec<Word>) = query.words.into_iter().partition(is_party);
    query.words = rest;
    match (own.as_slice(), &args.entity) {
        ([], entity) => Ok((entity.clone(), query)),
        ([Word { not: false, wants: Wants::Text(_, party) }], None) => Ok((Some(party.clone()), query)),
        _ => Err(Failure::usage("books are of one party").hint("name it once: --entity PARTY, or party:PARTY")),
    }
}

/// The basis at which a trial balance stands as it is posted: of closed time what was known when it was closed.
pub(super) fn as_posted(states: &States, basis: Basis) -> Basis {
    let shuts = states.closing.shuts(&states.book, basis.known_at);
    let closed = basis.effective_before.and_then(|before| shuts.closing(before));
    Basis { known_at: closed.map_or(basis.known_at, |shut| shut.at.min(basis.known_at)), ..basis }
}

impl Books {
    /// The books of the party that is named, by account or by a part of its name; of the first party when none is, which is said.
    ///
    /// # Errors
    /// Nobody has books here, or nobody of that name, or more than one.
    pub(super) fn of(named: Option<&str>, states: &States, view: &View<'_>, basis: Basis, context: &Context) -> Result<Self, Failure> {
        let others = others(states, view);
        let parties: Vec<AccountId> = books::parties(&states.billing, &others).into_iter().collect();
        let told = |party: &AccountId| match view.name_of(*party) {
            Some(name) => format!("{party} {name}"),
            None => party.to_string(),
        };
        let party = match named {
            Some(named) if !parties.is_empty() => {
                let wanted = named.trim().to_lowercase();
                let is_named = |party: &&AccountId| told(party).to_lowercase().contains(&wanted) && !wanted.is_empty();
                let exact =
                    parties.iter().find(|party| party.as_str() == wanted || view.name_of(**party).is_some_and(|name| name == named));
                let found: Vec<&AccountId> = exact.map_or_else(|| parties.iter().filter(is_named).collect(), |exact| vec![exact]);
                let names = |parties: &[&AccountId]| parties.iter().map(|party| told(party)).collect::<Vec<_>>().join("; ");
                match found.as_slice() {
                    [party] => **party,
                    [] => {
                        let failure = Failure::new(Code::E0301, format!("nobody named `{named}` has books here"));
                        return Err(failure.because(format!("these have: {}", names(&parties.iter().collect::<Vec<_>>()))));
                    }
                    several => {
                        let failure = Failure::new(Code::E0305, format!("`{named}` is more than one party"));
                        return Err(failure.because(names(several)).hint("name it by its account"));
                    }
                }
            }
            _ => {
                let Some(first) = parties.first() else {
                    let failure = Failure::new(Code::E0301, "nobody has books here");
                    return Err(failure.because("no billing event is recorded").hint("dealbook import FEEDS"));
                };
                if parties.len() > 1 {
                    context.note(format_args!("note: the books of {}; --entity names another of {}", told(first), parties.len()));
                }
                *first
            }
        };
        Ok(Self::at(party, others, states, view, basis, context))
    }

    fn at(party: AccountId, others: Vec<Box<dyn Posts>>, states: &States, view: &View<'_>, basis: Basis, context: &Context) -> Self {
        let until = view.until().unwrap_or_else(|| context.now());
        let presentation = states.book.presentation(Instant::from_micros(until.micros() - 1), basis.known_at);
        Self { party, basis, until, presentation, others, shuts: Shuts::default(), then: Vec::new(), presented: Vec::new() }
    }

    /// The trial balances of every party, below each other.
    pub(super) fn every_trial_balance(states: &States, basis: Basis, context: &Context) -> Report {
        let view = states.records.at(basis);
        let names = Named::of(&view);
        let others = others(states, &view);
        let mut parties = books::parties(&states.billing, &others).into_iter();
        let first = parties.next().unwrap_or_else(|| "000000000000".parse().expect("an account has 12 digits"));
        let mut books = Self::at(first, others, states, &view, basis, context);
        let mut report = books::trial_balance(&states.billing, books.asked(&names, None));
        for party in parties {
            books.party = party;
            report.rows.append(&mut books::trial_balance(&states.billing, books.asked(&names, None)).rows);
        }
        report
    }

    /// The same, as they are posted: what was recorded after the close of its month comes in the first month that was open then.
    pub(super) fn posted(mut self, states: &States) -> Self {
        self.shuts = states.closing.shuts(&states.book, self.basis.known_at);
        let known_then = |shut: Shut| {
            let before = self.basis.effective_before.map_or(shut.until, |before| before.min(shut.until));
            let basis = Basis { effective_before: Some(before), known_at: shut.at.min(self.basis.known_at), ..self.basis };
            others(states, &states.records.at(basis))
        };
        self.then = self.shuts.iter().map(known_then).collect();
        let presented_then = |shut: Shut| {
            let before = self.basis.effective_before.map_or(shut.until, |before| before.min(shut.until));
            states.book.presentation(Instant::from_micros(before.micros() - 1), shut.at.min(self.basis.known_at))
        };
        self.presented = self.shuts.iter().map(presented_then).collect();
        self
    }

    /// The question.
    pub(super) fn asked<'a>(&'a self, names: &'a dyn Names, within: Option<Period>) -> Asked<'a> {
        let Self { party, basis, until, presentation, ref others, ref shuts, ref then, ref presented } = *self;
        Asked { party, basis, until, presentation, names, within, others, shuts, then, presented }
    }

    /// The projections that the answer is made of: those that post to this party's books.
    pub(super) fn projector(&self, states: &States) -> String {
        let by = |state: &dyn Projection| format!("{}/{}", state.name(), state.version());
        if self.others.iter().all(|others| others.transactions(self.party).is_empty()) {
            return by(&states.billing);
        }
        [by(&states.billing), by(&states.records), by(&states.programmes), by(&states.book)].join(" ")
    }

    /// Whose books they are, and what is not decided of their presentation.
    pub(super) fn heading(&self, names: &dyn Names) -> Vec<String> {
        self.asked(names, None).heading()
    }

    /// Why accounts stand at what they do: those that are wanted, `ACCOUNT CURRENCY`.
    pub(super) fn why(&self, states: &States, names: &dyn Names, wanted: &[String]) -> Vec<Reason> {
        books::why(&states.billing, self.asked(names, None), wanted)
    }

    /// The policies that have a part in the answer, and where each was set.
    pub(super) fn policies(&self) -> BTreeMap<String, String> {
        self.presentation.policy.map(|seq| ("posting".to_owned(), format!("#{seq}"))).into_iter().collect()
    }

    /// The report that is asked for.
    pub(super) fn report(&self, args: &show::Args, states: &States, names: &dyn Names, span: Option<Period>) -> Report {
        let (state, asked) = (&states.billing, self.asked(names, None));
        let mut report = match args.noun {
            Noun::Journal => books::journal(state, Asked { within: span, ..asked }),
            Noun::Billings if args.deferral => billing::deferral(state, asked),
            Noun::Billings => billing::billings(state, asked),
            _ => books::trial_balance(state, asked),
        };
        let own: Vec<Pending> = state.pending(&self.basis).into_iter().filter(|pending| pending.party == self.party).collect();
        report.notes.extend(show::pending(&own));
        report.notes.extend(show::waits(edp::pending(&states.records.at(self.basis), &states.book, Some(self.party))));
        report
    }
}
