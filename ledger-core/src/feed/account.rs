//! The account feed. Source: AWS Marketplace seller guide, account data feed; `catalog` since 2026.

use super::{Column, Feed, Reading, Row, columns};
use crate::event::Event;
use crate::event::catalogue::PartyRegistered;

columns! {
    ValidFrom "valid_from" Needed,
    InsertDate "insert_date" Told,
    UpdateDate "update_date" Kept,
    DeleteDate "delete_date" Kept,
    AccountId "account_id" Needed,
    AwsAccountId "aws_account_id" Needed,
    EncryptedAccountId "encrypted_account_id" Kept,
    MailingAddressId "mailing_address_id" Kept,
    TaxAddressId "tax_address_id" Kept,
    TaxRegistrationNumber "tax_registration_number" Private,
    TaxLegalName "tax_legal_name" Kept,
    Catalog "catalog" Kept,
}

pub(super) struct Account;

impl Feed for Account {
    fn name(&self) -> &'static str {
        "account"
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn keeps_unknown(&self) -> bool {
        false
    }

    fn read(&self, row: &Row<'_>) -> Option<Reading> {
        let account = row.needed(C::AccountId, row.id(C::AccountId));
        let valid_from = row.needed(C::ValidFrom, row.moment(C::ValidFrom));
        let party = PartyRegistered {
            aws_account: row.account(C::AwsAccountId),
            catalog: row.catalog(C::Catalog),
            encrypted_account: row.id(C::EncryptedAccountId),
            legal_name: row.owned(C::TaxLegalName),
            mailing_address: row.id(C::MailingAddressId),
            recipient: row.recipient(),
            tax_address: row.id(C::TaxAddressId),
            account: account?,
            valid_from: valid_from?,
        };
        let key = format!("{}@{}", party.account, party.valid_from);
        Some(Reading { key, event: Event::PartyRegistered(Box::new(party)), effective_at: None })
    }
}
