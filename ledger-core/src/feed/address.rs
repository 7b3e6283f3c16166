//! The address feed. Source: AWS Marketplace seller guide, address data feed; the guide says `country`, AWS's queries `country_code`.

use super::{Column, Feed, Reading, Row, columns};
use crate::event::Event;
use crate::event::catalogue::PartyLocated;

columns! {
    ValidFrom "valid_from" Needed,
    ValidTo "valid_to" Told,
    InsertDate "insert_date" Told,
    UpdateDate "update_date" Kept,
    DeleteDate "delete_date" Kept,
    AddressId "address_id" Needed,
    AwsAccountId "aws_account_id" Kept,
    EmailDomain "email_domain" Private,
    CompanyName "company_name" Needed,
    CountryCode "country_code" Kept,
    Country "country" Kept,
    StateOrRegion "state_or_region" Kept,
    City "city" Private,
    PostalCode "postal_code" Private,
    AddressLine1 "address_line_1" Private,
    AddressLine2 "address_line_2" Private,
    AddressLine3 "address_line_3" Private,
    AddressLine1Joined "address_line1" Private,
    AddressLine2Joined "address_line2" Private,
    AddressLine3Joined "address_line3" Private,
}

pub(super) struct Address;

impl Feed for Address {
    fn name(&self) -> &'static str {
        "address"
    }

    fn columns(&self) -> &'static [Column] {
        COLUMNS
    }

    fn keeps_unknown(&self) -> bool {
        false
    }

    fn read(&self, row: &Row<'_>) -> Option<Reading> {
        let address = row.needed(C::AddressId, row.id(C::AddressId));
        let valid_from = row.needed(C::ValidFrom, row.moment(C::ValidFrom));
        let located = PartyLocated {
            aws_account: row.account(C::AwsAccountId),
            company: row.owned(C::CompanyName),
            country: row.owned(C::CountryCode).or_else(|| row.owned(C::Country)),
            recipient: row.recipient(),
            state: row.owned(C::StateOrRegion),
            address: address?,
            valid_from: valid_from?,
        };
        let key = format!("{}@{}", located.address, located.valid_from);
        Some(Reading { key, event: Event::PartyLocated(Box::new(located)), effective_at: None })
    }
}
