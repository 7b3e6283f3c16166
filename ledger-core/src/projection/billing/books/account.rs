//! The accounts, and which of them a row moves.

use std::fmt;

use crate::event::billing::Variant;

use super::super::measure::{Counted, Measure};

macro_rules! accounts {
    ($($(#[$doc:meta])* $variant:ident $path:literal,)+) => {
        /// An account of a party's books. Its name is the same here, in beancount and in hledger.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Account {
            $($(#[$doc])* $variant,)+
        }

        impl Account {
            /// Every account, in the order in which a trial balance lists them.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// Its name, level by level: `Assets:Receivable:Buyers`.
            pub const fn path(self) -> &'static str {
                match self {
                    $(Self::$variant => $path,)+
                }
            }
        }
    };
}

accounts! {
    /// Invoiced, not collected.
    ReceivableBuyers "Assets:Receivable:Buyers",
    /// Collected, awaiting disbursement.
    ReceivableAws "Assets:Receivable:AWS",
    /// Sent by AWS, not matched with the bank.
    InTransit "Assets:Disbursements:InTransit",
    /// Payouts whose header and details are not both here, or differ.
    Unmatched "Assets:Disbursements:Unmatched",
    /// What the ISV has billed a reseller: a cost when what it is the cost of is earned.
    WholesaleBilled "Assets:WholesaleBilled",
    /// Tax on the listing fee, and on a wholesale invoice whose tax AWS remits. Whether it can be recovered is not in the data.
    TaxOnPurchases "Assets:TaxOnPurchases",
    /// Tax that another seller owes, passed on to it.
    OtherSellersTax "Assets:OtherSellersTax",
    /// What AWS has invoiced or corrected, until it is netted against what is collected.
    NettedByAws "Liabilities:AWS",
    /// What AWS bills this party as its customer, as far as it is posted: lowered by credits, raised by invoices of shortfalls. Bills are not posted.
    AwsBills "Liabilities:AWSBills",
    /// What lacked in a contract year that has ended, until AWS invoices it.
    ShortfallAccrued "Liabilities:AccruedShortfall",
    /// Wholesale, and the tax that goes with it, until AWS moves it to the ISV.
    PayableIsv "Liabilities:ISV",
    /// What buyers were invoiced: nothing is earned by an invoice.
    Billed "Liabilities:ContractLiabilities:Billed",
    /// Of it what AWS has forgiven.
    Forgiven "Liabilities:ContractLiabilities:Forgiven",
    /// Of it what goes to the ISV, where a resale is presented net.
    Wholesale "Liabilities:ContractLiabilities:Wholesale",
    /// Refunds that the buyer has not had yet.
    RefundsPayable "Liabilities:RefundsPayable",
    /// Tax that this party remits.
    SellerTax "Liabilities:SellerTax",
    /// AWS's corrections that nothing explains, and rows that this program does not know.
    Unexplained "Liabilities:Unexplained",
    /// A price in one currency, paid out in another.
    CurrencyClearing "Equity:CurrencyClearing",
    /// The other side of balances brought forward.
    Opening "Equity:Opening",
    /// Billings released over their service period, where a policy posts that.
    Released "Income:Released",
    /// The listing fee, where a policy takes it off the billings.
    FeeOffBillings "Income:ListingFee",
    /// The listing fee, where a policy makes it a cost of what is sold.
    FeeAsCost "Expenses:Cost:ListingFee",
    /// Wholesale cost, released with the billings.
    WholesaleReleased "Expenses:Cost:Wholesale",
    /// Infrastructure that AWS nets against the price.
    Infrastructure "Expenses:Infrastructure",
    /// The listing fee.
    ListingFee "Expenses:ListingFee",
    /// Credits that lowered what AWS charges: below zero.
    CreditsApplied "Expenses:AWS:CreditsApplied",
    /// What lacked in contract years: a cost without a service.
    Shortfall "Expenses:AWS:Shortfall",
    /// What AWS invoiced for what lacked, less what we work out.
    ShortfallDifference "Expenses:AWS:ShortfallDifference",
    /// What AWS's rounding leaves, and what a reconciliation tolerates.
    Rounding "Expenses:Rounding",
    /// Differences between statements and the ledger that somebody has accepted.
    AcceptedDifferences "Expenses:AcceptedDifferences",
}

/// How many accounts there are.
pub(super) const ACCOUNTS: usize = Account::ALL.len();

impl Account {
    /// The account, itself or above it, whose balance the sums of the payouts tell.
    pub(super) const fn told(self) -> &'static str {
        match self {
            Self::Billed | Self::Forgiven | Self::Wholesale => "Liabilities:ContractLiabilities",
            Self::Unmatched => "Assets:Disbursements",
            _ => self.path(),
        }
    }

    /// Where it goes when it is released over the service period; nothing for what is not spread.
    pub(in super::super) const fn released_to(self) -> Option<Self> {
        match self {
            Self::Billed | Self::Forgiven | Self::Wholesale => Some(Self::Released),
            Self::WholesaleBilled => Some(Self::WholesaleReleased),
            _ => None,
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.path())
    }
}

/// Whether a reseller shows the buyer's price, or what is left of it after the wholesale price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resale {
    /// It sells in its own name: price and wholesale cost.
    Gross,
    /// It sells for the ISV: the difference.
    Net,
}

/// What the listing fee is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fee {
    /// An expense.
    Expense,
    /// Less revenue.
    ContraRevenue,
    /// A cost of what is sold.
    Cost,
}

/// What becomes of the deferral schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deferral {
    /// It is shown beside the books.
    Memo,
    /// It is posted, a month at a time.
    Posted,
}

/// How the books are presented: what the policy `posting` has decided. What is not decided stays so, and is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Presentation {
    /// Of a resale.
    pub resale: Option<Resale>,
    /// Of the listing fee.
    pub listing_fee: Option<Fee>,
    /// Of the deferral schedule.
    pub deferral: Option<Deferral>,
    /// The entry that set it.
    pub policy: Option<u64>,
}

/// Where the rows of a class are posted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct Place {
    /// From invoice to collection: who owes it.
    pub(in super::super) open: Account,
    /// What it was invoiced for.
    pub(in super::super) cause: Account,
}

impl Place {
    /// Of a class, by its measure. What is in no measure is not explained.
    pub(super) fn of(counted: &Counted, invoice: Option<&str>, presentation: &Presentation) -> Self {
        use Account as A;
        use Measure as M;
        let (open, cause) = match counted.in_balance.unwrap_or(M::NetRevenue) {
            M::Gross => (A::ReceivableBuyers, A::Billed),
            M::GrossRefund => (A::RefundsPayable, A::Billed),
            M::ListingFee | M::ListingFeeRefund => {
                let class = match presentation.listing_fee {
                    Some(Fee::ContraRevenue) => A::FeeOffBillings,
                    Some(Fee::Cost) => A::FeeAsCost,
                    Some(Fee::Expense) | None => A::ListingFee,
                };
                (A::NettedByAws, class)
            }
            M::ListingFeeTax | M::ListingFeeTaxRefund | M::WholesaleAwsTax | M::WholesaleAwsTaxRefund => {
                (A::NettedByAws, A::TaxOnPurchases)
            }
            // On an invoice of the seller's to AWS it is AWS that owes the tax.
            M::SellerTax | M::SellerTaxRefund if invoice == Some(Variant::TaxVat.as_str()) => (A::NettedByAws, A::SellerTax),
            M::SellerTax | M::WholesaleSellerTax => (A::ReceivableBuyers, A::SellerTax),
            M::SellerTaxRefund | M::WholesaleSellerTaxRefund => (A::RefundsPayable, A::SellerTax),
            M::OtherSellerTax | M::OtherSellerTaxRefund | M::WholesaleOtherSellerTax | M::WholesaleOtherSellerTaxRefund => {
                (A::PayableIsv, A::OtherSellersTax)
            }
            M::WholesaleCost | M::WholesaleCostRefund => {
                let net = presentation.resale == Some(Resale::Net);
                (A::PayableIsv, if net { A::Wholesale } else { A::WholesaleBilled })
            }
            M::InfrastructureNetting => (A::NettedByAws, A::Infrastructure),
            M::BalanceAdjustment => (A::NettedByAws, A::Unexplained),
            M::BuyerTaxInformational
            | M::BuyerTaxInformationalRefund
            | M::NetRevenue
            | M::Collected
            | M::Uncollected
            | M::AwaitingDisbursement
            | M::Disbursed
            | M::Undisbursed => Self::UNKNOWN,
        };
        Self { open, cause }
    }

    /// Of an action that this program does not know.
    pub(super) const UNKNOWN: (Account, Account) = (Account::ReceivableBuyers, Account::Unexplained);

    /// What a forgiven row takes back.
    pub(in super::super) const fn forgiven(self) -> Account {
        match self.cause {
            Account::Billed => Account::Forgiven,
            cause => cause,
        }
    }
}
