//! What programmes and credits show that breaks a rule.

use super::reports::cents;
use super::{Benefit, Incentives};
use crate::event::Event;
use crate::finding::{self, Finding};
use crate::money::{Amount, Currency};
use crate::programme::{self, EVIDENCE};

impl Incentives<'_> {
    /// What is out of order at the basis, in order.
    pub fn findings(&self) -> Vec<Finding> {
        let told = |trouble: &super::Trouble| Finding {
            code: trouble.code,
            seq: trouble.seq,
            recipient: None,
            subject: trouble.credit.clone(),
            message: trouble.message.clone(),
            amount: trouble.amount,
        };
        let mut found: Vec<Finding> = self.troubles.iter().map(told).collect();
        for benefit in self.benefits() {
            self.judge(benefit, &mut found);
        }
        self.judge_work(&mut found);
        self.judge_applications(&mut found);
        for credit in self.credits() {
            if let Some(owed) = self.to_pass_on(credit).filter(|owed| *owed > 0) {
                let message = format!("{} of it has not been passed on to the customer", cents(owed));
                found.push(Finding {
                    code: finding::CREDIT_KEPT,
                    seq: credit.seq,
                    recipient: Some(credit.holder),
                    subject: credit.id.clone(),
                    message,
                    amount: Some((cents(owed), credit.currency)),
                });
            }
        }
        found.sort();
        found
    }

    /// What of that a fact cannot stand on: it names a credit that is not there, or more than there is of it.
    pub(crate) fn broken(&self) -> impl Iterator<Item = Finding> {
        let codes = [finding::CREDIT_UNKNOWN, finding::CREDIT_BEYOND_BALANCE, finding::CREDIT_SPLIT_UNFIT];
        self.findings().into_iter().filter(move |found| codes.contains(&found.code))
    }

    fn judge(&self, benefit: &Benefit, found: &mut Vec<Finding>) {
        let mut find = |code, seq, message, amount: Option<(Amount, Currency)>| {
            found.push(Finding { code, seq, recipient: Some(benefit.beneficiary), subject: benefit.id.clone(), message, amount });
        };
        let granted = self.granted(benefit);
        let at = benefit.credits.iter().filter_map(|id| self.credit(id)).map(|credit| credit.seq).max().unwrap_or(benefit.seq);
        let title = programme::title_of(&benefit.programme);
        if granted.is_some() && programme::named(&benefit.programme).is_some_and(|programme| !programme.keeps_balance()) {
            find(finding::GRANT_OUTSIDE_BAND, at, format!("{title} is nobody's balance, and this is a credit"), granted);
        }
        let Some(definition) = self.definition_of(benefit) else {
            let message = match programme::named(&benefit.programme) {
                Some(_) => format!("nothing defines {title} on {}", benefit.at.day()),
                None => format!("no programme `{title}` is known here"),
            };
            if granted.is_some() {
                find(finding::PROGRAMME_UNDEFINED, at, message, granted);
            }
            return;
        };
        let base = benefit.base().filter(|_| !definition.terms.rates.is_empty());
        if base.is_none() && granted.is_some() && !definition.terms.rates.is_empty() {
            let message =
                format!("nothing recorded shows what {} is of: a deal, or a first year's ARR ({})", definition.rates(), definition.rule());
            find(finding::EVIDENCE_MISSING, at, message, granted);
        }
        if let Some(base) = base {
            for (amount, currency) in self.granted_each(benefit) {
                if currency != base.1 || !definition.covers(amount, base) {
                    let message =
                        format!("{amount} {currency} is not {} of {} {} ({})", definition.rates(), base.0, base.1, definition.rule());
                    find(finding::GRANT_OUTSIDE_BAND, at, message, Some((amount, currency)));
                }
            }
        }
        if let Some(deal) = &benefit.deal {
            let roles = &definition.terms.beneficiaries;
            let holders: Vec<_> = roles.iter().filter_map(|role| deal.holder_of(role)).collect();
            let credits = benefit.credits.iter().filter_map(|id| self.credit(id));
            let first = |credit: &super::Credit| credit.holders.first().map_or(credit.holder, |(_, holder, _)| *holder);
            let receivers = credits.map(|credit| (first(credit), credit.seq)).chain([(benefit.beneficiary, benefit.seq)]);
            if let Some((holder, seq)) = receivers.into_iter().find(|(holder, _)| !holders.is_empty() && !holders.contains(holder)) {
                let message = format!("`{holder}` receives, and {title} is for the {} ({})", roles.join(" or "), definition.rule());
                find(finding::BENEFICIARY_UNFIT, seq, message, granted);
            }
            if let (Some((stated, currency, seq)), Some((committed, of))) = (benefit.first_year_arr, deal.first_year)
                && (currency != of || stated > committed)
            {
                let message =
                    format!("a first year's ARR of {stated} {currency} is stated, and the first twelve months commit {committed} {of}");
                let more = (currency == of).then(|| (cents(stated.units() - committed.units()), currency));
                find(finding::ARR_DIFFERS, seq, message, more);
            }
            if let Some(closes) = definition.closes(deal.accepted).filter(|closes| benefit.applied.is_some() && *closes <= benefit.at) {
                let message = format!("it was applied for at {}, and closed at {closes} ({})", benefit.at, definition.rule());
                find(finding::EVIDENCE_MISSING, benefit.seq, message, granted);
            }
        }
        if benefit.applied.is_some() && !definition.terms.evidence.is_empty() {
            let missing = self.missing_evidence(benefit, &definition.terms.evidence);
            if !missing.is_empty() {
                let message = format!("nothing recorded shows that {} ({})", missing.join(", that "), definition.rule());
                find(finding::EVIDENCE_MISSING, benefit.seq, message, granted);
            }
        }
    }

    /// What is asked and not shown; that it was registered too late is a finding of its own.
    fn missing_evidence(&self, benefit: &Benefit, asked: &[String]) -> Vec<&'static str> {
        let shown = benefit.opportunity.as_deref().and_then(|opportunity| self.shown(opportunity));
        let of = |name: &String| EVIDENCE.iter().find(|evidence| evidence.name == name);
        let missing = |evidence: &&programme::Evidence| match &shown {
            Some(shown) => evidence.name != "registered-before-work" && !(evidence.is_shown)(shown),
            None => true,
        };
        asked.iter().filter_map(of).filter(missing).map(|evidence| evidence.asks).collect()
    }

    /// Credits whose grants name an application that cannot have brought them.
    fn judge_applications(&self, found: &mut Vec<Finding>) {
        for credit in self.credits().iter().filter(|credit| credit.id == credit.root) {
            let Some(application) = &credit.application else { continue };
            let benefit = self.benefits().iter().find(|benefit| benefit.applied.is_some() && benefit.id == *application);
            let message = match benefit {
                None => format!("it names the application `{application}`, and none of that name is recorded"),
                Some(benefit) if credit.programme.as_ref() != Some(&benefit.programme) => {
                    format!("it names the application `{application}`, which is for {}", programme::title_of(&benefit.programme))
                }
                Some(benefit) if benefit.is_closed() => {
                    format!("it names the application `{application}`, of which AWS said {}", said(benefit))
                }
                Some(_) => continue,
            };
            found.push(Finding {
                code: finding::APPLICATION_UNFIT,
                seq: credit.seq,
                recipient: Some(credit.holder),
                subject: credit.id.clone(),
                message,
                amount: Some((cents(credit.original), credit.currency)),
            });
        }
    }

    /// Opportunities that were registered when the work had begun, or never.
    fn judge_work(&self, found: &mut Vec<Finding>) {
        let mut late = std::collections::BTreeSet::new();
        for fact in self.facts() {
            let Event::WorkBegan(it) = &fact.event else { continue };
            let id = it.opportunity.as_str();
            let message = match self.shown(id) {
                Some(shown) if shown.precedes_the_work() => continue,
                Some(shown) => {
                    let began = shown.began.map_or(fact.effective_at, |(at, _)| at);
                    format!("it was registered at {}, and the work began at {began}", shown.registered.0)
                }
                None => "the work on it began, and no registration is recorded".to_owned(),
            };
            if late.insert(id) {
                let benefit = self.benefits().iter().find(|benefit| benefit.opportunity.as_deref() == Some(id));
                let amount = benefit.and_then(|benefit| self.granted(benefit));
                let (code, seq, subject) = (finding::REGISTERED_LATE, fact.seq, id.to_owned());
                found.push(Finding { code, seq, recipient: None, subject, message, amount });
            }
        }
    }
}

/// What AWS said last of an application.
fn said(benefit: &Benefit) -> &str {
    benefit.reviews.last().map_or("", |(status, ..)| status.as_str())
}
