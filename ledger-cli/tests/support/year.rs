//! A year of deals, written down once and told by both sides: as sellers' feeds deliver it, and as AWS's bills, reports and payouts and a bank
//! have it. What is planted is a change of one side alone.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

pub(crate) const YEAR: u32 = 2025;

/// A seller, whose feeds the ledger has.
pub(crate) struct Seller {
    pub(crate) account: &'static str,
    pub(crate) name: &'static str,
}

pub(crate) const SELLERS: [Seller; 2] =
    [Seller { account: "444455556666", name: "Acme Analytics" }, Seller { account: "555566667777", name: "Borealis Data" }];

/// Who pays, as accounts of AWS's.
pub(crate) const GLOBEX: &str = "777788889999";
pub(crate) const INITECH: &str = "888899990000";
/// Who uses it: two accounts of Globex's, one of Initech's.
pub(crate) const USERS: [&str; 3] = ["333344445555", "333344446666", "222233334444"];

/// What is sold: id, code, title and seller.
pub(crate) const PRODUCTS: [(&str, &str, &str, usize); 3] = [
    ("prod-1", "code-prod-1", "Acme Insights", 0),
    ("prod-2", "code-prod-2", "Acme Vault", 0),
    ("prod-9", "code-prod-9", "Borealis Lake", 1),
];

/// Cents, as files write them.
pub(crate) fn money(cents: i64) -> String {
    format!("{}{}.{:02}", if cents < 0 { "-" } else { "" }, cents.abs() / 100, cents.abs() % 100)
}

/// A month and its day, which may lie in the next year.
pub(crate) fn date(month: u32, day: u32) -> String {
    format!("{}-{:02}-{day:02}", YEAR + (month - 1) / 12, (month - 1) % 12 + 1)
}

/// A line of a sale, as the seller's feed tells it.
#[derive(Clone)]
pub(crate) struct Sale {
    pub(crate) invoice: String,
    /// The billing month, and the day of the invoice. Usage is invoiced on the second of the next month.
    pub(crate) at: (u32, u32),
    pub(crate) is_usage: bool,
    pub(crate) payer: &'static str,
    pub(crate) product: usize,
    pub(crate) user: Option<&'static str>,
    pub(crate) agreement: String,
    pub(crate) cents: i64,
    pub(crate) currency: &'static str,
    pub(crate) tax: i64,
    /// The listing fee, in hundredths of a per cent.
    pub(crate) fee_rate: i64,
    /// What became of it: restated to so much, told in month and day.
    pub(crate) restated: Option<(i64, (u32, u32))>,
    /// What was given back of it, in which month, on which day.
    pub(crate) refund: Option<(i64, (u32, u32))>,
}

impl Sale {
    pub(crate) fn fee(&self) -> i64 {
        (self.cents * self.fee_rate + 5_000) / 10_000
    }

    /// The day of its invoice.
    pub(crate) fn invoiced(&self) -> (u32, u32) {
        if self.is_usage { (self.at.0 + 1, 2) } else { self.at }
    }

    /// What the price is in the end.
    pub(crate) fn stands(&self) -> i64 {
        self.restated.map_or(self.cents, |(cents, _)| cents)
    }

    /// What is paid out for an amount, and in which currency: euros are paid out as dollars, at 1.10.
    pub(crate) fn paid(&self, cents: i64) -> (i64, &'static str) {
        if self.currency == "EUR" { (cents * 110 / 100, "USD") } else { (cents, self.currency) }
    }
}

/// A row of a bill.
#[derive(Clone)]
pub(crate) struct Billed {
    pub(crate) month: u32,
    pub(crate) invoice: String,
    pub(crate) payer: &'static str,
    pub(crate) user: Option<&'static str>,
    pub(crate) code: String,
    pub(crate) title: String,
    pub(crate) legal: String,
    /// As a CUR writes it: `Fee`, `Usage`, `Tax`, `Credit`, `EdpDiscount`.
    pub(crate) kind: &'static str,
    pub(crate) cents: i64,
    pub(crate) currency: &'static str,
    /// The id of the line.
    pub(crate) item: u32,
    pub(crate) corrects: bool,
    /// Of AWS's own services.
    pub(crate) is_service: bool,
}

/// A row of a seller's report.
#[derive(Clone)]
pub(crate) struct Reported {
    pub(crate) sale: Sale,
    /// By what it was invoiced, in the price's currency: price and fee.
    pub(crate) parts: (i64, i64),
    /// Of a payout: the month and day of it, and its trace.
    pub(crate) paid: Option<((u32, u32), String)>,
    pub(crate) reference: String,
}

/// What arrived at a bank.
#[derive(Clone)]
pub(crate) struct Deposit {
    pub(crate) seller: usize,
    pub(crate) at: (u32, u32),
    pub(crate) trace: String,
    pub(crate) cents: i64,
    pub(crate) currency: &'static str,
}

/// An instalment that an agreement plans.
#[derive(Clone)]
pub(crate) struct Planned {
    pub(crate) agreement: String,
    pub(crate) at: (u32, u32),
    pub(crate) cents: i64,
    /// The agreement's value, and what it became on a day of the month.
    pub(crate) value: i64,
    pub(crate) amended: Option<((u32, u32), i64)>,
}

/// A break that somebody planted: what the program has to say of it, and nothing else.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Planted {
    pub(crate) month: u32,
    pub(crate) side: &'static str,
    pub(crate) subject: &'static str,
    pub(crate) scope: String,
    pub(crate) code: &'static str,
    pub(crate) invoice: String,
    pub(crate) billed: i64,
    pub(crate) ledger: i64,
    pub(crate) currency: &'static str,
}

/// The year as both sides tell it.
#[derive(Default)]
pub(crate) struct Year {
    pub(crate) sales: Vec<Sale>,
    pub(crate) planned: Vec<Planned>,
    pub(crate) bill: Vec<Billed>,
    pub(crate) revenue: Vec<Reported>,
    pub(crate) payouts: Vec<Reported>,
    pub(crate) bank: Vec<Deposit>,
    pub(crate) breaks: Vec<Planted>,
    /// What looks like a break and is none, by month.
    pub(crate) look_alikes: Vec<(u32, &'static str)>,
    items: u32,
}

pub(crate) fn sale(invoice: &str, at: (u32, u32), payer: &'static str, product: usize, user: usize, cents: i64) -> Sale {
    Sale {
        invoice: invoice.to_owned(),
        at,
        is_usage: false,
        payer,
        product,
        user: Some(USERS[user]),
        agreement: format!("agmt-{}-{product}", &payer[..4]),
        cents,
        currency: "USD",
        tax: 0,
        fee_rate: 300,
        restated: None,
        refund: None,
    }
}

impl Year {
    /// The row of a bill that tells a sale.
    pub(crate) fn row(&mut self, sale: &Sale) -> Billed {
        self.items += 1;
        let (_, code, title, seller) = PRODUCTS[sale.product];
        Billed {
            month: sale.at.0,
            invoice: sale.invoice.clone(),
            payer: sale.payer,
            user: sale.user,
            code: code.to_owned(),
            title: title.to_owned(),
            legal: SELLERS[seller].name.to_owned(),
            kind: if sale.is_usage { "Usage" } else { "Fee" },
            cents: sale.cents,
            currency: sale.currency,
            item: self.items,
            corrects: false,
            is_service: false,
        }
    }

    /// A sale in the ledger alone, and what sellers' reports and the bank will say of it.
    pub(crate) fn sell(&mut self, sale: Sale) {
        self.sales.push(sale);
    }

    /// A sale on both sides.
    pub(crate) fn both(&mut self, sale: Sale) -> &mut Billed {
        let row = self.row(&sale);
        if sale.tax != 0 {
            self.items += 1;
            self.bill.push(Billed { kind: "Tax", cents: sale.tax, item: self.items, ..row.clone() });
        }
        self.sell(sale);
        self.bill.push(row);
        self.bill.last_mut().unwrap()
    }

    /// A row on the bill alone.
    pub(crate) fn bill(&mut self, row: Billed) {
        self.items += 1;
        self.bill.push(Billed { item: self.items, ..row });
    }

    pub(crate) fn plant(
        &mut self,
        (month, side, subject, scope): (u32, &'static str, &'static str, &str),
        (code, invoice): (&'static str, &str),
        (billed, ledger, currency): (i64, i64, &'static str),
    ) {
        let (scope, invoice) = (scope.to_owned(), invoice.to_owned());
        self.breaks.push(Planted { month, side, subject, scope, code, invoice, billed, ledger, currency });
    }

    /// What sellers' reports and banks have of the sales: made when all of them are there, and before one side is changed.
    pub(crate) fn report(&mut self) {
        let mut sums: BTreeMap<(usize, u32, &'static str), i64> = BTreeMap::new();
        for (number, sale) in self.sales.iter().enumerate() {
            let reference = format!("tref-{number}");
            let parts = (sale.stands(), -sale.fee());
            self.revenue.push(Reported { sale: sale.clone(), parts, paid: None, reference: reference.clone() });
            let (seller, month) = (PRODUCTS[sale.product].3, sale.invoiced().0 + 1);
            let (gross, currency) = sale.paid(sale.stands());
            let fee = sale.paid(-sale.fee()).0;
            *sums.entry((seller, month, currency)).or_default() += gross + fee;
            let paid = Some(((month, 5), trace(seller, month, currency)));
            self.payouts.push(Reported { sale: sale.clone(), parts: (gross, fee), paid, reference });
        }
        for ((seller, month, currency), cents) in sums {
            self.bank.push(Deposit { seller, at: (month, 6), trace: trace(seller, month, currency), cents, currency });
        }
    }
}

pub(crate) fn trace(seller: usize, month: u32, currency: &str) -> String {
    format!("0{seller}{month:02}{}", if currency == "USD" { 1 } else { 2 })
}

const BILLING: &str = "recipient_account_id,catalog,billing_event_id,valid_from,insert_date,update_date,delete_date,from_account_id,to_account_id,end_user_account_id,product_id,action,transaction_type,parent_billing_event_id,disbursement_billing_event_id,currency,amount,balance_impacting,invoice_date,payment_due_date,usage_period_start_date,usage_period_end_date,invoice_id,billing_address_id,transaction_reference_id,bank_trace_id,broker_id,agreement_id,buyer_transaction_reference_id,disbursement_currency,disbursement_amount,disbursement_reference_number,action_date,offer_id,buyer_invoice_id,buyer_invoice_date,line_item_id,buyer_line_item_id,invoice_variant,charge_variant,charge_side\n";

/// A row of a billing event feed: when it takes effect, when it was stated, and its text.
type Row = ((u32, u32), (u32, u32), String);

/// The rows of billing events of a seller.
fn billing(year: &Year, seller: usize) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    let mut payouts: BTreeMap<(u32, &str), i64> = BTreeMap::new();
    for (number, sale) in year.sales.iter().enumerate().filter(|(_, sale)| PRODUCTS[sale.product].3 == seller) {
        let invoiced = sale.invoiced();
        let (invoice, product) = (&sale.invoice, PRODUCTS[sale.product].0);
        let day = date(invoiced.0, invoiced.1);
        let used = if sale.is_usage { format!("{}T23:59:59Z", date(sale.at.0, 28)) } else { String::new() };
        let mut event = |(id, action, kind): (&str, &str, &str), cents: i64, (at, stated): ((u32, u32), (u32, u32)), payout: &str| {
            let is_fee = kind.starts_with("AWS_REV_SHARE");
            let own = if is_fee { format!("FEE-{}", &invoice[4..]) } else { invoice.clone() };
            let (variant, side) = if is_fee { ("LISTING_FEE", "BUYING") } else { ("PURCHASE", "SELLING") };
            let (paid, currency) = sale.paid(cents);
            let counts = u8::from(action == "INVOICED" && kind != "AWS_TAX_SHARE");
            let currency = if kind == "AWS_TAX_SHARE" { "" } else { currency };
            let (when, told) = (date(at.0, at.1), date(stated.0, stated.1));
            let (buyer, user) = (payer(sale.payer), sale.user.map(user).unwrap_or_default());
            let mut text = format!("acct-self,AWSMarketplace,{id},{when}T10:00:00Z,{told}T12:00:00Z,{told}T12:00:00Z,,{buyer},acct-self,");
            let price = sale.currency;
            write!(text, "{user},{product},{action},{kind},,{payout},{price},{},{counts},{day}T10:00:00Z,,", money(cents)).unwrap();
            write!(text, ",{used},{own},,tref-{number},,AWS_INC,{},,{currency},{},", sale.agreement, money(paid)).unwrap();
            write!(text, ",{when}T10:00:00Z,,{invoice},{day}T10:00:00Z,L-{number},L-{number},{variant},{variant},{side}").unwrap();
            rows.push((at, stated, text));
        };
        event((&format!("s{number}"), "INVOICED", "SELLER_REV_SHARE"), sale.cents, (invoiced, invoiced), "");
        if let Some((cents, stated)) = sale.restated {
            event((&format!("s{number}"), "INVOICED", "SELLER_REV_SHARE"), cents, (invoiced, stated), "");
        }
        if sale.tax != 0 {
            event((&format!("t{number}"), "INVOICED", "AWS_TAX_SHARE"), sale.tax, (invoiced, invoiced), "");
        }
        event((&format!("f{number}"), "INVOICED", "AWS_REV_SHARE"), -sale.fee(), (invoiced, invoiced), "");
        if let Some((cents, at)) = sale.refund {
            event((&format!("r{number}"), "INVOICED", "SELLER_REV_SHARE_REFUND"), -cents, (at, at), "");
        }
        let (collected, paid) = ((invoiced.0, 25), (invoiced.0 + 1, 5));
        let id = trace(seller, paid.0, sale.paid(1).1);
        for (what, kind, cents) in [("", "SELLER_REV_SHARE", sale.stands()), ("f", "AWS_REV_SHARE", -sale.fee())] {
            event((&format!("c{what}{number}"), "COLLECTED", kind), cents, (collected, collected), "");
            event((&format!("d{what}{number}"), "DISBURSED", kind), -cents, (paid, paid), &format!("p{id}"));
            *payouts.entry((paid.0, sale.paid(1).1)).or_default() += sale.paid(cents).0;
        }
    }
    for ((month, currency), cents) in payouts {
        let (id, day, amount) = (trace(seller, month, currency), date(month, 5), money(cents));
        let mut text = format!("acct-self,AWSMarketplace,p{id},{day}T10:00:00Z,{day}T12:00:00Z,{day}T12:00:00Z,,acct-aws,acct-self,,,");
        write!(text, "DISBURSED,DISBURSEMENT,,,{currency},{amount},0,{day}T10:00:00Z,,,,,,,{id},AWS_INC,,,{currency},").unwrap();
        write!(text, "{amount},REF-{id},{day}T10:00:00Z,,,,,,,,").unwrap();
        rows.push(((month, 5), (month, 5), text));
    }
    rows.sort();
    rows
}

fn payer(account: &str) -> String {
    format!("acct-{}", &account[..4])
}

fn user(account: &str) -> String {
    format!("acct-{}-{}", &account[..4], &account[8..])
}

fn file(folder: &Path, (seller, feed): (usize, &str), month: u32, text: &str) {
    let (year, number) = (YEAR + (month - 1) / 12, (month - 1) % 12 + 1);
    let account = SELLERS[seller].account;
    let folder = folder.join(account).join(format!("{feed}_v1")).join(format!("year={year}")).join(format!("month={number:02}"));
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("data.csv"), text).unwrap();
}

/// What AWS has delivered by the third day after a month: that month, and the first days of the next.
pub(crate) fn deliver(year: &Year, month: u32, folder: &Path) {
    for seller in 0..SELLERS.len() {
        if month == 1 {
            records(year, seller, folder);
        }
        let rows = billing(year, seller);
        for of in [month, month + 1] {
            // A row is delivered in the month in which it is stated.
            let told = |row: &&Row| row.1.0 == of && (of == month || row.1.1 <= 3);
            let text: Vec<&str> = rows.iter().filter(told).map(|row| row.2.as_str()).collect();
            file(folder, (seller, "billingeventfeed"), of, &format!("{BILLING}{}\n", text.join("\n")));
        }
        if seller == 0 {
            agreements(year, month, folder);
        }
    }
}

fn records(year: &Year, seller: usize, folder: &Path) {
    let at = "2024-12-01T00:00:00Z,2024-12-02T00:00:00Z,2024-12-02T00:00:00Z,";
    let mut accounts = String::from(
        "valid_from,insert_date,update_date,delete_date,account_id,aws_account_id,encrypted_account_id,mailing_address_id,tax_address_id,tax_registration_number,tax_legal_name,catalog\n",
    );
    let own = (String::from("acct-self"), SELLERS[seller].account, SELLERS[seller].name);
    let mut all = vec![own, (payer(GLOBEX), GLOBEX, "Globex Retail"), (payer(INITECH), INITECH, "Initech")];
    all.extend(USERS.iter().map(|account| (user(account), *account, "")));
    for (id, account, name) in all {
        writeln!(accounts, "{at},{id},{account},enc-{id},,,,{name},AWSMarketplace").unwrap();
    }
    file(folder, (seller, "accountfeed"), 1, &accounts);
    let mut products =
        String::from("valid_from,insert_date,update_date,delete_date,product_id,manufacturer_account_id,product_code,title,catalog\n");
    for (id, code, title, _) in PRODUCTS.iter().filter(|product| product.3 == seller) {
        writeln!(products, "{at},{id},acct-self,{code},{title},AWSMarketplace").unwrap();
    }
    file(folder, (seller, "productfeed"), 1, &products);
    if seller == 0 {
        let mut offers = String::from(
            "valid_from,insert_date,update_date,delete_date,offer_id,offer_revision,name,expiration_date,opportunity_id,opportunity_name,opportunity_description,seller_account_id,recipient_account_id,catalog\n",
        );
        let mut products = String::from("valid_from,insert_date,update_date,delete_date,offer_id,offer_revision,product_id\n");
        let mut targets = String::from(
            "valid_from,insert_date,update_date,delete_date,offer_target_id,offer_id,offer_revision,target_type,polarity,value,catalog\n",
        );
        for planned in &year.planned {
            let offer = planned.agreement.replace("agmt", "offer");
            writeln!(offers, "{at},{offer},1,Insights for Globex,2026-12-31T00:00:00Z,,,,acct-self,acct-self,AWSMarketplace").unwrap();
            writeln!(products, "{at},{offer},1,prod-1").unwrap();
            writeln!(targets, "{at},t-{offer},{offer},1,BuyerAccounts,PositiveTargeting,{GLOBEX},AWSMarketplace").unwrap();
        }
        file(folder, (seller, "offerfeed"), 1, &offers);
        file(folder, (seller, "offerproductfeed"), 1, &products);
        file(folder, (seller, "offertargetfeed"), 1, &targets);
    }
}

/// The agreements with instalments, their amendments, and what they plan.
fn agreements(year: &Year, month: u32, folder: &Path) {
    let mut text = String::from(
        "valid_from,insert_date,update_date,delete_date,agreement_id,proposer_account_id,acceptor_account_id,offer_id,offer_revision_at_acceptance,start_time,end_time,acceptance_time,intent,preceding_agreement_id,status,status_reason_code,currency_code,estimated_agreement_value,offer_set_id,catalog\n",
    );
    let mut charges = String::from("valid_from,insert_date,update_date,delete_date,agreement_id,term_id,currency_code,amount,time\n");
    for planned in &year.planned {
        let Planned { agreement, at, cents, value, amended } = planned;
        let offer = agreement.replace("agmt", "offer");
        let mut row = |at: &str, value: i64| {
            let dates = "2025-01-02 00:00:00.0,2026-01-01 23:59:59.0,2025-01-02 00:00:00.0,NEW";
            writeln!(
                text,
                "{at} 00:00:00.0,{at} 02:00:00.0,{at} 02:00:00.0,,{agreement},acct-self,{},{offer},1,{dates},,ACTIVE,,USD,{},,AWSMarketplace",
                payer(GLOBEX),
                money(value)
            )
            .unwrap();
        };
        if month == 1 {
            row("2025-01-02", *value);
            let due = date(at.0, at.1);
            if *cents == 0 {
                continue;
            }
            writeln!(
                charges,
                "2025-01-02 00:00:00.0,2025-01-02 02:00:00.0,2025-01-02 02:00:00.0,,{agreement},term-1,USD,{},{due} 00:00:00.0",
                money(*cents)
            )
            .unwrap();
        }
        if let Some(((of, day), value)) = amended.filter(|((of, _), _)| *of == month) {
            row(&date(of, day), value);
        }
    }
    if text.lines().count() > 1 {
        file(folder, (0, "agreementfeed"), month, &text);
    }
    if charges.lines().count() > 1 {
        file(folder, (0, "agreementchargefeed"), month, &charges);
    }
}
