//! A feed imported and the same deals recorded by hand give the same deals.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

use ledger_core::book::{Book, Decision, Setting, decide};
use ledger_core::chain::Head;
use ledger_core::event::{Draft, Entry, Event, Source};
use ledger_core::feed::{Accounts, Cells, Whose, recognise};
use ledger_core::projection::Projection as _;
use ledger_core::projection::programmes::Programmes;
use ledger_core::projection::records::{self, Records};
use ledger_core::report::{Cell, Report};
use ledger_core::time::{Basis, Instant};
use proptest::prelude::*;
use serde_json::json;

const ISV: &str = "111122223333";
const PARTNER: &str = "444455556666";
const BUYERS: [&str; 2] = ["777788889999", "888899990000"];

/// The cells of a row.
struct Row<'a>(Vec<&'a str>);

impl Cells for Row<'_> {
    fn cell(&self, at: usize) -> &str {
        self.0.get(at).copied().unwrap_or_default()
    }
}

/// A deal as it was made.
#[derive(Debug, Clone)]
struct Deal {
    number: usize,
    buyer: usize,
    channel: bool,
    value: i64,
    instalments: u32,
    starts_later: bool,
    ended: bool,
}

fn deals() -> impl Strategy<Value = Vec<Deal>> {
    let deal = (0..2_usize, any::<bool>(), 1_i64..1_000_000, 0_u32..5, any::<bool>(), any::<bool>());
    proptest::collection::vec(deal, 1..5).prop_map(|deals| {
        let numbered = deals.into_iter().enumerate();
        let deal = |(number, (buyer, channel, value, instalments, starts_later, ended))| Deal {
            number,
            buyer,
            channel,
            value,
            instalments,
            starts_later,
            ended,
        };
        numbered.map(deal).collect()
    })
}

impl Deal {
    fn seller(&self) -> &'static str {
        if self.channel { PARTNER } else { ISV }
    }

    fn starts(&self) -> Option<&'static str> {
        self.starts_later.then_some("2026-03-15T00:00:00Z")
    }

    /// The instalments: day and amount.
    fn schedule(&self) -> Vec<(String, String)> {
        let (count, value) = (i64::from(self.instalments), self.value);
        let part = |number: i64| value / count + i64::from(number < value % count);
        (0..count).map(|number| (format!("2026-{:02}-01T00:00:00Z", 4 + number), format!("{}.00", part(number)))).collect()
    }
}

#[derive(Default)]
struct Ledger {
    head: Option<Head>,
    records: Records,
    book: Book,
}

impl Ledger {
    fn append(&mut self, draft: &Draft) {
        let mut line = Vec::new();
        let head = draft.write(self.head.unwrap_or(Head::EMPTY), moment("2026-12-31T00:00:00Z"), &mut line).unwrap();
        let entry = Entry::read(&line, head.seq).unwrap();
        self.records.evolve(&entry);
        self.book.evolve(&entry);
        self.head = Some(head);
    }

    /// Rows of a feed, as AWS delivers them to a seller.
    fn rows(&mut self, recipient: &str, columns: &str, rows: &[String]) {
        let layout = recognise(&columns.split(',').collect::<Vec<_>>()).ok().unwrap();
        let accounts = Accounts::new();
        let whose = Whose { recipient: recipient.parse().unwrap(), accounts: &accounts, named: None };
        for (row, text) in (1..).zip(rows) {
            let cells: Vec<&str> = text.split(',').collect();
            let fact = layout.read(&Row(cells), whose).fact.unwrap_or_else(|problems| panic!("{problems:?} in {text}"));
            let source = Some(Source::row(fact.key, 1, row, fact.stated_at));
            self.append(&Draft { actor: "import".parse().unwrap(), effective_at: fact.effective_at, event: fact.event, source });
        }
    }

    fn record(&mut self, at: &str, kind: &str, value: serde_json::Value) {
        let event: Event = serde_json::from_value(json!({ "type": kind, "value": value })).unwrap();
        let draft = Draft { actor: "li".parse().unwrap(), effective_at: moment(at), event, source: None };
        let view = self.records.at(Basis::at(u64::MAX));
        let (programmes, now) = (Programmes::default(), moment("2026-12-31T00:00:00Z"));
        let setting = Setting { book: &self.book, view: &view, programmes: &programmes, subject: None, now, known: None };
        let Decision::Record(drafts) = decide(&setting, draft).unwrap() else { panic!("known") };
        drop(view);
        drafts.iter().for_each(|draft| self.append(draft));
    }

    /// The deals, by what both tell.
    fn deals(&self) -> Vec<Vec<Cell>> {
        let report: Report = records::deals(&self.records.at(Basis::at(u64::MAX)));
        let told = [
            "deal",
            "agreement",
            "kind",
            "status",
            "seller",
            "buyer",
            "product",
            "offer",
            "authorization",
            "value",
            "currency",
            "accepted",
            "start",
            "end",
            "agreements",
            "instalments",
            "planned",
        ];
        let columns: Vec<usize> = told.iter().map(|name| report.column(name).unwrap()).collect();
        report.rows.iter().map(|row| columns.iter().map(|column| row[*column].clone()).collect()).collect()
    }
}

fn moment(text: &str) -> Instant {
    text.parse().unwrap()
}

const VALID: &str = "2026-01-10T00:00:00Z";
const ACCEPTED: &str = "2026-02-01T00:00:00Z";

/// The deals as their sellers' feeds tell them.
fn by_feed(deals: &[Deal]) -> Ledger {
    let mut ledger = Ledger::default();
    for recipient in [ISV, PARTNER] {
        let accounts =
            [ISV, PARTNER].into_iter().chain(BUYERS).map(|account| format!("2018-01-01T00:00:00Z,{VALID},,,acct-{account},{account},,,,,"));
        ledger.rows(
            recipient,
            "valid_from,insert_date,update_date,delete_date,account_id,aws_account_id,encrypted_account_id,mailing_address_id,tax_address_id,tax_registration_number,tax_legal_name",
            &accounts.collect::<Vec<_>>(),
        );
    }
    for deal in deals {
        let (number, seller, buyer) = (deal.number, deal.seller(), BUYERS[deal.buyer]);
        let authorization = if deal.channel { format!("resaleauthz-{number}") } else { String::new() };
        ledger.rows(
            seller,
            "valid_from,insert_date,update_date,delete_date,offer_id,offer_revision,name,expiration_date,opportunity_id,opportunity_name,opportunity_description,seller_account_id,recipient_account_id",
            &[format!("{VALID},{VALID},,,offer-{number},1,Plan {number},2026-03-01T00:00:00Z,{authorization},,,acct-{seller},acct-{seller}")],
        );
        ledger.rows(
            seller,
            "valid_from,insert_date,update_date,delete_date,offer_id,offer_revision,product_id",
            &[format!("{VALID},{VALID},,,offer-{number},1,prod-{number}")],
        );
        ledger.rows(
            seller,
            "valid_from,insert_date,update_date,delete_date,offer_target_id,offer_id,offer_revision,target_type,polarity,value",
            &[format!("{VALID},{VALID},,,target-{number},offer-{number},1,BuyerAccounts,PositiveTargeting,{buyer}")],
        );
        let starts = deal.starts().unwrap_or_default();
        let columns = "valid_from,insert_date,update_date,delete_date,agreement_id,proposer_account_id,acceptor_account_id,offer_id,offer_revision_at_acceptance,start_time,end_time,acceptance_time,intent,preceding_agreement_id,status,status_reason_code,currency_code,estimated_agreement_value";
        let revision = |valid: &str, status: &str| {
            format!(
                "{valid},{valid},,,agmt-{number},acct-{seller},acct-{buyer},offer-{number},1,{starts},2027-01-31T23:59:59Z,{ACCEPTED},NEW,,{status},,USD,{}.00",
                deal.value
            )
        };
        let mut revisions = vec![revision(ACCEPTED, "ACTIVE")];
        revisions.extend(deal.ended.then(|| revision("2026-06-15T00:00:00Z", "CANCELLED")));
        ledger.rows(seller, columns, &revisions);
        let charge = |(day, amount): (String, String)| format!("{ACCEPTED},{ACCEPTED},,,agmt-{number},term-{number},{day},{amount},USD");
        ledger.rows(
            seller,
            "valid_from,insert_date,update_date,delete_date,agreement_id,term_id,time,amount,currency_code",
            &deal.schedule().into_iter().map(charge).collect::<Vec<_>>(),
        );
    }
    ledger
}

/// The same deals as people record them.
fn by_hand(deals: &[Deal]) -> Ledger {
    let mut ledger = Ledger::default();
    for deal in deals {
        let (number, seller, buyer, value) = (deal.number, deal.seller(), BUYERS[deal.buyer], format!("{}.00", deal.value));
        let mut offer = json!({
            "offer": format!("offer-{number}"), "name": format!("Plan {number}"), "seller": seller, "buyers": [buyer],
            "products": [format!("prod-{number}")], "delivery": "saas", "pricing": "contract", "value": value, "currency": "USD",
            "expires_at": "2026-03-01T00:00:00Z", "ends_at": "2027-02-01T00:00:00Z",
        });
        if deal.channel {
            let authorization = format!("resaleauthz-{number}");
            let granted = json!({
                "authorization": authorization, "grantor": ISV, "reseller": PARTNER, "product": format!("prod-{number}"), "discount": "20",
            });
            ledger.record("2026-01-05T00:00:00Z", "authorization.granted", granted);
            offer["authorization"] = json!(authorization);
        }
        if let Some(starts) = deal.starts() {
            offer["starts_at"] = json!(starts);
        }
        let instalments = deal.schedule().into_iter().map(|(day, amount)| json!({ "charged_at": day, "amount": amount }));
        let instalments: Vec<_> = instalments.collect();
        if !instalments.is_empty() {
            offer["schedule"] = json!(instalments);
        }
        ledger.record(VALID, "offer.released", offer);
        let accepted = json!({ "agreement": format!("agmt-{number}"), "offer": format!("offer-{number}"), "acceptor": buyer });
        ledger.record(ACCEPTED, "agreement.accepted", accepted);
        if deal.ended {
            let ended = json!({ "agreement": format!("agmt-{number}"), "status": "CANCELLED" });
            ledger.record("2026-06-15T00:00:00Z", "agreement.ended", ended);
        }
    }
    ledger
}

proptest! {
    #[test]
    fn a_feed_and_a_hand_tell_the_same_deals(deals in deals()) {
        let (fed, recorded) = (by_feed(&deals), by_hand(&deals));
        prop_assert_eq!(fed.deals().len(), deals.len());
        prop_assert_eq!(fed.deals(), recorded.deals());
    }
}
