//! Who is who and what is what, as the records tell it at a basis: accounts, names, places, products.

use super::{Accounts, Kind, Record, Version, View, value_of};
use crate::event::catalogue::PartyRegistered;
use crate::id::{AccountId, AddressId, FeedAccountId, ProductId};
use crate::time::Instant;

impl View<'_> {
    /// An account of a recipient's feeds, with the attributes it had at a moment.
    pub(super) fn party(&self, recipient: AccountId, account: &FeedAccountId, moment: Option<Instant>) -> Option<PartyRegistered> {
        let record = self.one(Kind::Party, &[account.as_str(), recipient.as_str()])?;
        value_of!(record, record.looked_up(moment), PartyRegistered)
    }

    /// The AWS account behind an opaque id of a recipient's feeds.
    pub fn account_of(&self, recipient: AccountId, account: &FeedAccountId) -> Option<AccountId> {
        if let Some(known) = self.asked.borrow().get(&recipient).and_then(|of_recipient| of_recipient.get(account)) {
            return *known;
        }
        let found = self.party(recipient, account, None).and_then(|party| party.aws_account);
        self.asked.borrow_mut().entry(recipient).or_default().insert(account.clone(), found);
        found
    }

    /// Whether a recipient's account feed has ever had a row for an opaque id.
    pub(super) fn knows_account(&self, recipient: AccountId, account: &FeedAccountId) -> bool {
        self.one(Kind::Party, &[account.as_str(), recipient.as_str()]).is_some_and(|record| !record.stated().is_empty())
    }

    pub(super) fn accounts(&self) -> &Accounts {
        self.accounts.get_or_init(|| {
            let mut accounts = Accounts::new();
            for (record, range) in self.all(Kind::Party, &[]) {
                if let Some(party) = value_of!(record, record.looked_up(None), PartyRegistered)
                    && let Some(account) = party.aws_account
                {
                    accounts.entry(account).or_default().push((party.recipient, range));
                }
            }
            // What a party's own feeds say of it comes first.
            for (account, rows) in &mut accounts {
                rows.sort_by_key(|(recipient, range)| (recipient != account, *recipient, range.start));
            }
            accounts
        })
    }

    /// The name of a party at the basis: its legal name, else the company of its tax address, else that of its mailing address. This
    /// is the order in which AWS's own reports look.
    pub fn name_of(&self, account: AccountId) -> Option<String> {
        self.name_at(account, None)
    }

    /// Every party that has a name, with it.
    pub fn named(&self) -> impl Iterator<Item = (AccountId, String)> {
        self.accounts().keys().filter_map(|account| Some((*account, self.name_of(*account)?)))
    }

    /// The name that a party had at a moment.
    pub fn name_at(&self, account: AccountId, moment: Option<Instant>) -> Option<String> {
        self.accounts().get(&account)?.iter().find_map(|(_, range)| {
            let record = self.record(range.clone());
            self.name_in(&value_of!(record, record.looked_up(moment), PartyRegistered)?, moment)
        })
    }

    pub(super) fn name_in(&self, party: &PartyRegistered, moment: Option<Instant>) -> Option<String> {
        let company = |address: &Option<AddressId>| self.company(party.recipient, address.as_ref()?, moment);
        party.legal_name.clone().or_else(|| company(&party.tax_address)).or_else(|| company(&party.mailing_address))
    }

    pub(super) fn company(&self, recipient: AccountId, address: &AddressId, moment: Option<Instant>) -> Option<String> {
        let record = self.one(Kind::Place, &[address.as_str(), recipient.as_str()])?;
        value_of!(record, record.looked_up(moment), PartyLocated)?.company
    }

    /// Where a party is taxed, or else gets its post: country and state.
    pub fn place_of(&self, account: AccountId, moment: Option<Instant>) -> Option<(Option<String>, Option<String>)> {
        self.accounts().get(&account)?.iter().find_map(|(_, range)| {
            let record = self.record(range.clone());
            let party = value_of!(record, record.looked_up(moment), PartyRegistered)?;
            [&party.tax_address, &party.mailing_address].into_iter().flatten().find_map(|address| {
                let record = self.one(Kind::Place, &[address.as_str(), party.recipient.as_str()])?;
                value_of!(record, record.looked_up(moment), PartyLocated).map(|place| (place.country, place.state))
            })
        })
    }

    /// The title that a product had at a moment, or has at the basis.
    pub fn title_of(&self, product: &ProductId, moment: Option<Instant>) -> Option<String> {
        self.all(Kind::Product, &[product.as_str()])
            .find_map(|(record, _)| value_of!(record, record.looked_up(moment), ProductListed)?.title)
    }

    /// How a product is delivered, where a document says so: `saas`. Feeds do not tell it.
    pub(crate) fn delivery_of(&self, product: &ProductId) -> Option<String> {
        self.all(Kind::Product, &[product.as_str()])
            .find_map(|(record, _)| value_of!(record, record.looked_up(None), ProductListed)?.delivery)
    }

    /// What a product was designated at a moment: `deployed-on-aws`. It can be lost: nothing covers the time before.
    pub(crate) fn designations_of(&self, product: &ProductId, moment: Instant) -> Vec<String> {
        let held = |record: Record<'_>| {
            let before = |version: &&Version| {
                let from = Instant::from_micros(version.from);
                from <= moment && self.basis.had_happened(from)
            };
            value_of!(record, record.stated().into_iter().rfind(before), ProductDesignated).filter(|told| told.holds)
        };
        self.all(Kind::Designation, &[product.as_str()]).filter_map(|(record, _)| held(record)).map(|told| told.designation).collect()
    }

    /// The ISV that owns a product.
    pub fn manufacturer_of(&self, product: &ProductId) -> Option<AccountId> {
        self.all(Kind::Product, &[product.as_str()]).find_map(|(record, _)| {
            let listed = value_of!(record, record.looked_up(None), ProductListed)?;
            listed.manufacturer_account.or_else(|| self.account_of(listed.recipient, listed.manufacturer.as_ref()?))
        })
    }

    /// The id that replaced an older one of a product or an offer; AWS does not use the mapping for current data.
    pub fn replacement_of(&self, kind: &str, legacy: &str) -> Option<String> {
        self.all(Kind::Mapping, &[kind, legacy])
            .find_map(|(record, _)| value_of!(record, record.looked_up(None), IdMapped).map(|mapping| mapping.new.to_string()))
    }
}
