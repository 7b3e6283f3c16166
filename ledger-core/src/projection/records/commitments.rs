//! Commitments, what AWS's bills say was spent, and what it takes to judge a purchase.

use std::collections::BTreeMap;

use super::{Kind, Record, Version, View, value_of};
use crate::event::Event;
use crate::event::commitment::{CommitmentStatement, CommitmentTerms, ShortfallInvoiced, SpendRecorded};
use crate::id::{AccountId, ProductId, Reference};
use crate::time::{Basis, Instant};

impl View<'_> {
    /// The commitments, each with the terms in force and the position that says so.
    pub fn commitments(&self) -> Vec<(CommitmentTerms, u64)> {
        let told = |record: Record<'_>| {
            let version = record.in_force()?;
            let terms = value_of!(record, Some(version), CommitmentSigned | CommitmentAmended)?;
            Some((terms, version.seq))
        };
        self.all(Kind::Commitment, &[]).filter_map(|(record, _)| told(record)).collect()
    }

    /// Since when a commitment is signed, and the terms that were told of it last, whether their time has come or not.
    pub(crate) fn terms_of_commitment(&self, commitment: &Reference) -> Option<(Instant, CommitmentTerms)> {
        let record = self.one(Kind::Commitment, &[commitment.as_str()])?;
        let stated = record.stated();
        let terms = value_of!(record, stated.last(), CommitmentSigned | CommitmentAmended)?;
        Some((Instant::from_micros(stated.first()?.from), terms))
    }

    /// What AWS says it has counted of a commitment, the earliest statement first.
    pub fn statements_of(&self, commitment: &Reference) -> Vec<(CommitmentStatement, u64)> {
        let mut told = self
            .each_told(Kind::Statement, &[commitment.as_str()], |record, version| value_of!(record, Some(version), CommitmentStatement));
        told.sort_by_key(|(statement, seq)| (statement.until, *seq));
        told
    }

    /// Each invoice of AWS's for what lacked, as it was told from each moment on.
    pub fn shortfall_invoices(&self, commitment: &Reference) -> Vec<Vec<(Instant, ShortfallInvoiced, u64)>> {
        let told = |record: &Record<'_>, version: &Version| {
            let invoiced = value_of!(record, Some(version), ShortfallInvoiced)?;
            Some((Instant::from_micros(version.from), invoiced, version.seq)).filter(|(moment, ..)| self.basis().had_happened(*moment))
        };
        let each = |record: Record<'_>| record.stated().into_iter().filter_map(|version| told(&record, version)).collect();
        self.all(Kind::Shortfall, &[commitment.as_str()]).map(|(record, _)| each(record)).collect()
    }

    /// The terms of a commitment, each with the moment from which it holds.
    pub(crate) fn terms_told(&self, commitment: &Reference) -> Vec<(Instant, CommitmentTerms)> {
        let told = |record: &Record<'_>, version: &Version| {
            let terms = value_of!(record, Some(version), CommitmentSigned | CommitmentAmended)?;
            Some((Instant::from_micros(version.from), terms))
        };
        let record = self.one(Kind::Commitment, &[commitment.as_str()]);
        record.iter().flat_map(|record| record.stated().into_iter().filter_map(|version| told(record, version))).collect()
    }

    /// What a payer's bills say was spent, each sum with the position that says so.
    pub fn spend_of(&self, payer: AccountId) -> Vec<(SpendRecorded, u64)> {
        self.each_told(Kind::Spend, &[payer.as_str()], |record, version| value_of!(record, Some(version), SpendRecorded))
    }

    /// What the bills say was bought through the Marketplace, by whomever.
    pub(crate) fn marketplace_bills(&self) -> Vec<(SpendRecorded, u64)> {
        let all = self.each_told(Kind::Spend, &[], |record, version| value_of!(record, Some(version), SpendRecorded));
        all.into_iter().filter(|(spend, _)| spend.class == "marketplace").collect()
    }

    /// When something that a bill tells was invoiced: a bill has no date of its invoices, AWS's summary has; else it is of the last day of the
    /// month.
    pub(crate) fn invoiced(&self, spend: &SpendRecorded) -> Instant {
        self.issued_on(spend).unwrap_or_else(|| spend.last_moment())
    }

    /// When something that a bill tells was invoiced, as AWS's summary of the invoice says.
    pub(crate) fn issued_on(&self, spend: &SpendRecorded) -> Option<Instant> {
        spend.invoice.as_ref().and_then(|invoice| self.issued_at(invoice.as_str()))
    }

    /// The same as [`Self::spend_of`], whether its time has come at the basis or not.
    pub(crate) fn spend_known_of(&self, payer: AccountId) -> Vec<(SpendRecorded, u64)> {
        let all = self.records.at(Basis { effective_before: None, ..self.basis() });
        all.spend_of(payer)
    }

    /// The day on which an entry was recorded: its first moment.
    pub(crate) fn recorded_on(&self, seq: u64) -> Option<Instant> {
        let day = self.records.days.iter().rfind(|(first, _)| *first <= seq);
        day.map(|(_, day)| Instant::from_micros(*day))
    }

    /// What a bill of one kind of file says of a month, whether its time has come or not: the sums by what tells them apart, and whether the
    /// bill still says each.
    pub fn bill_of(&self, payer: AccountId, month: Instant, statement: &str) -> Vec<(SpendRecorded, bool)> {
        let month = month.to_string();
        let last = |record: Record<'_>| {
            let versions = record.versions.iter().map(|at| &record.records.versions[*at as usize]);
            let last = versions.max_by_key(|version| (version.stated, version.seq))?;
            value_of!(record, Some(last), SpendRecorded).map(|told| (told, !last.withdrawn))
        };
        self.all(Kind::Spend, &[payer.as_str(), &month, statement]).filter_map(|(record, _)| last(record)).collect()
    }

    fn each_told<T>(&self, kind: Kind, key: &[&str], read: impl Fn(Record<'_>, &Version) -> Option<T>) -> Vec<(T, u64)> {
        let each = |record: Record<'_>| {
            let version = record.in_force()?;
            read(record, version).map(|told| (told, version.seq))
        };
        self.all(kind, key).filter_map(|(record, _)| each(record)).collect()
    }

    /// Products by the code that metering and AWS's bills use.
    pub fn products_by_code(&self) -> BTreeMap<String, ProductId> {
        let listed = self.all(Kind::Product, &[]).filter_map(|(record, _)| value_of!(record, record.looked_up(None), ProductListed));
        listed.filter_map(|listed| Some((listed.code?.to_string(), listed.product))).collect()
    }

    /// Product ids by all that products are called: id, code and title.
    pub fn products_by_name(&self) -> BTreeMap<String, String> {
        let listed = self.all(Kind::Product, &[]).filter_map(|(record, _)| value_of!(record, record.looked_up(None), ProductListed));
        let names = listed.flat_map(|listed| {
            let id = listed.product.to_string();
            let names = listed.title.into_iter().chain(listed.code.map(|code| code.to_string())).chain([id.clone()]);
            names.map(move |name| (name, id.clone())).collect::<Vec<_>>()
        });
        names.collect()
    }

    /// When an invoice was issued, as AWS's summary of it says.
    pub fn issued_at(&self, invoice: &str) -> Option<Instant> {
        let record = self.one(Kind::Summary, &[invoice])?;
        let version = record.in_force()?;
        matches!(record.event(version), Some(Event::InvoiceSummarised(_))).then(|| Instant::from_micros(version.from))
    }
}
