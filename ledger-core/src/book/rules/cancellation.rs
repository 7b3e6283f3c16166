//! A seller's request to cancel an agreement, and the buyer's answer. Source: AWS Marketplace Agreement API, cancellation requests; buyer
//! guide: a buyer who says nothing for seven days has agreed.

use super::{Breaches, agreement::live};
use crate::book::decide::Setting;
use crate::event::agreement::{Answer, CancellationAnswered, CancellationRequested};
use crate::problem::Code;
use crate::time::Instant;

pub(in crate::book) fn requested(setting: &Setting<'_>, told: &CancellationRequested, at: Instant, is_fact: bool, breaches: &mut Breaches) {
    let request = told.request.as_str();
    let known = setting.view.cancellations(&told.agreement);
    if known.iter().any(|known| known.request == told.request) {
        breaches.add(Code::E0408, "request", request, "it is recorded already", "cancellation.answered answers it");
    }
    if is_fact {
        return;
    }
    let Some(standing) = live(setting, &told.agreement, at, breaches) else { return };
    if let Some(open) = known.iter().find(|known| known.answered.is_none()) {
        let why = format!("`{}` is open until {}", open.request, open.until());
        breaches.add(Code::E0408, "request", request, why, "take that one back first: cancellation.answered, answer CANCELLED");
    }
    if let Some(accepted) = standing.terms.accepted_at.filter(|accepted| at < *accepted) {
        breaches.add(Code::E0415, "effective", at.to_string(), format!("it was accepted at {accepted}"), "it is asked for after that");
    }
}

pub(in crate::book) fn answered(setting: &Setting<'_>, told: &CancellationAnswered, at: Instant, breaches: &mut Breaches) {
    let request = told.request.as_str();
    if !told.answer.is_known() {
        let cure = "one of APPROVED, REJECTED, CANCELLED, VALIDATION_FAILED";
        breaches.add(Code::E0203, "answer", told.answer.as_str(), "a request is not answered so", cure);
    }
    let known = setting.view.cancellations(&told.agreement);
    let Some(asked) = known.iter().find(|known| known.request == told.request) else {
        let why = format!("no such request is recorded for `{}`", told.agreement);
        return breaches.add(Code::E0407, "request", request, why, "cancellation.requested comes first");
    };
    if let Some((answer, since)) = &asked.answered {
        breaches.add(Code::E0408, "request", request, format!("it is {answer} since {since}"), "nothing is left to do");
    }
    if at < asked.asked_at {
        let why = format!("it was asked at {}", asked.asked_at);
        breaches.add(Code::E0415, "effective", at.to_string(), why, "it is answered after that");
    } else if at >= asked.until() && told.answer != Answer::Approved {
        let why = format!("nobody had answered it by {}, and silence is a yes", asked.until());
        breaches.add(Code::E0415, "effective", at.to_string(), why, "the agreement is cancelled; a new offer makes a new one");
    }
}
