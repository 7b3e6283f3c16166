//! Whose books are asked for, of when, and how they are presented.

use std::collections::BTreeMap;

use ledger_core::id::AccountId;
use ledger_core::projection::Projection as _;
use ledger_core::projection::billing::books::{self, Asked, Presentation};
use ledger_core::projection::billing::{self, Names, Pending};
use ledger_core::projection::records::View;
use ledger_core::report::Report;
use ledger_core::time::{Basis, Instant, Period};

use super::show::{self, Noun};
use crate::context::Context;
use crate::failure::{Code, Failure};
use crate::session::States;

/// The books of one party.
pub(super) struct Books {
    /// Whose.
    pub(super) party: AccountId,
    basis: Basis,
    until: Instant,
    pub(super) presentation: Presentation,
}

/// What posts beside the billing feed.
const OTHERS: &[&dyn books::Posts] = &[];

/// The projection that they are made of.
pub(super) fn projector(states: &States) -> String {
    format!("{}/{}", states.billing.name(), states.billing.version())
}

impl Books {
    /// The books of the party that is named, by account or by a part of its name; of the first party when none is, which is said.
    ///
    /// # Errors
    /// Nobody has books here, or nobody of that name, or more than one.
    pub(super) fn of(named: Option<&str>, states: &States, view: &View<'_>, basis: Basis, context: &Context) -> Result<Self, Failure> {
        let parties: Vec<AccountId> = books::parties(&states.billing, OTHERS).into_iter().collect();
        let told = |party: &AccountId| match view.name_of(*party) {
            Some(name) => format!("{party} {name}"),
            None => party.to_string(),
        };
        let party = match named {
            Some(named) => {
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
            None => {
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
        let until = view.until().unwrap_or_else(|| context.now());
        let presentation = states.book.presentation(Instant::from_micros(until.micros() - 1), basis.known_at);
        Ok(Self { party, basis, until, presentation })
    }

    /// The question.
    pub(super) fn asked<'a>(&self, names: &'a dyn Names, within: Option<Period>) -> Asked<'a> {
        let Self { party, basis, until, presentation } = *self;
        Asked { party, basis, until, presentation, names, within, others: OTHERS }
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
        report
    }
}
