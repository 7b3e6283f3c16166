//! Requests to cancel an agreement, and the silence that answers them.

use super::{Kind, View};
use crate::event::Event;
use crate::event::agreement::Answer;
use crate::id::{AgreementId, Reference};
use crate::time::Instant;

/// A buyer who says nothing for so long to a request to cancel an agreement has agreed. Source: AWS Marketplace buyer guide, cancellation
/// events: seven days.
const SILENCE: i64 = 7 * 86_400_000_000;

/// A seller's request to cancel an agreement, and what became of it by the end of the asked time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cancellation {
    /// AWS's id of it.
    pub request: Reference,
    /// When it was made.
    pub asked_at: Instant,
    /// Why.
    pub reason: Option<String>,
    /// How it was answered, and when.
    pub answered: Option<(Answer, Instant)>,
    /// Since when the agreement is over by it: by the buyer's word, or by seven days of silence.
    pub granted_at: Option<Instant>,
    /// Position of the event that says so: of the answer, or of the request where silence answers.
    pub seq: u64,
}

impl Cancellation {
    /// How it stands, in a word: the answer, `SILENCE` when nobody gave one in time, or `OPEN`.
    pub fn state(&self) -> &str {
        match (&self.answered, self.granted_at) {
            (Some((answer, _)), _) => answer.as_str(),
            (None, Some(_)) => "SILENCE",
            (None, None) => "OPEN",
        }
    }

    /// Until when the buyer may answer.
    pub fn until(&self) -> Instant {
        Instant::from_micros(self.asked_at.micros() + SILENCE)
    }
}

impl View<'_> {
    /// The requests to cancel an agreement, the earliest first.
    pub fn cancellations(&self, agreement: &AgreementId) -> Vec<Cancellation> {
        let mut all: Vec<Cancellation> = Vec::new();
        let mut answers = Vec::new();
        for (record, _) in self.all(Kind::Cancellation, &[agreement.as_str()]) {
            let Some(version) = record.in_force() else { continue };
            let at = Instant::from_micros(version.from);
            match record.event(version) {
                Some(Event::CancellationRequested(asked)) => all.push(Cancellation {
                    request: asked.request,
                    asked_at: at,
                    reason: asked.reason,
                    answered: None,
                    granted_at: None,
                    seq: version.seq,
                }),
                Some(Event::CancellationAnswered(told)) => answers.push((told, at, version.seq)),
                _ => (),
            }
        }
        all.sort_by_key(|request| (request.asked_at, request.seq));
        for request in &mut all {
            // What AWS calls by a word that this program does not know is no answer.
            match answers.iter().find(|(told, ..)| told.request == request.request && told.answer.is_known()) {
                Some((told, at, seq)) => {
                    request.answered = Some((told.answer.clone(), *at));
                    request.granted_at = (told.answer == Answer::Approved).then_some(*at);
                    request.seq = *seq;
                }
                None => request.granted_at = self.until().filter(|until| request.until() < *until).map(|_| request.until()),
            }
        }
        all
    }
}
