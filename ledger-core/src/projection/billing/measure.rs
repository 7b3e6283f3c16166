//! What a row is counted as: AWS's own measures.
//!
//! Sources: the seller guide's billing event feed (transaction types and their signs), AWS's published queries on the feeds of 2026
//! (which variant of an invoice and of a charge makes which class), and for files before the variants the guide's own channel example.

use crate::event::billing::TransactionType;

macro_rules! measures {
    ($($(#[$doc:meta])* $variant:ident $name:literal $title:literal,)+) => {
        /// A sum that is reported per line, in the order in which AWS lists them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Measure {
            $($(#[$doc])* $variant,)+
        }

        impl Measure {
            /// Every measure, in order.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// As programs call it: AWS's name, in snake case.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// As people read it on a statement.
            pub const fn title(self) -> &'static str {
                match self {
                    $(Self::$variant => $title,)+
                }
            }
        }
    };
}

measures! {
    /// The price; for an ISV in a channel deal the wholesale price.
    Gross "gross" "Gross",
    /// Refunds and credits of it.
    GrossRefund "gross_refund" "- Refunds",
    /// AWS's share.
    ListingFee "listing_fee" "- Listing fee",
    /// AWS's share, given back.
    ListingFeeRefund "listing_fee_refund" "  Listing fee refunded",
    /// Tax on AWS's share.
    ListingFeeTax "listing_fee_tax" "- Tax on listing fee",
    /// Tax on AWS's share, given back.
    ListingFeeTaxRefund "listing_fee_tax_refund" "  Tax on listing fee refunded",
    /// Tax that this seller remits.
    SellerTax "seller_tax" "  Tax to remit",
    /// Of it, refunded.
    SellerTaxRefund "seller_tax_refund" "- Tax to remit refunded",
    /// Tax collected here and owed by another seller.
    OtherSellerTax "other_seller_tax" "- Tax of another seller",
    /// Of it, refunded.
    OtherSellerTaxRefund "other_seller_tax_refund" "  Tax of another seller refunded",
    /// What a reseller pays the ISV.
    WholesaleCost "wholesale_cost" "- Wholesale cost",
    /// Of it, refunded.
    WholesaleCostRefund "wholesale_cost_refund" "  Wholesale cost refunded",
    /// Tax on the wholesale invoice that this seller remits.
    WholesaleSellerTax "wholesale_seller_tax" "  Wholesale tax to remit",
    /// Of it, refunded.
    WholesaleSellerTaxRefund "wholesale_seller_tax_refund" "- Wholesale tax to remit refunded",
    /// Tax on the wholesale invoice that is passed on to the seller who remits it.
    WholesaleOtherSellerTax "wholesale_other_seller_tax" "- Wholesale tax passed on",
    /// Of it, refunded.
    WholesaleOtherSellerTaxRefund "wholesale_other_seller_tax_refund" "  Wholesale tax refunded",
    /// Tax on the wholesale invoice that the operator remits: owed by the reseller, informational for the ISV.
    WholesaleAwsTax "wholesale_aws_tax" "  Wholesale tax that AWS remits",
    /// Of it, refunded.
    WholesaleAwsTaxRefund "wholesale_aws_tax_refund" "  Wholesale AWS tax refunded",
    /// Infrastructure netted against the price.
    InfrastructureNetting "infrastructure_netting" "- Infrastructure netted",
    /// AWS's corrections.
    BalanceAdjustment "balance_adjustment" "  Balance adjustments",
    /// Tax on the buyer's invoice that the operator remits; never part of net.
    BuyerTaxInformational "buyer_tax_informational" "Buyer's tax, not in net",
    /// Of it, refunded.
    BuyerTaxInformationalRefund "buyer_tax_informational_refund" "Buyer's tax refunded, not in net",
    /// What the seller is owed: everything above that touches its balance, invoiced and forgiven. AWS calls it net revenue.
    NetRevenue "net_revenue" "= Net owed",
    /// Money received from buyers.
    Collected "collected" "  Collected",
    /// Net minus collected.
    Uncollected "uncollected" "  Not collected yet",
    /// Collected minus disbursed; negative while a refund waits to be netted.
    AwaitingDisbursement "awaiting_disbursement" "    Awaiting disbursement",
    /// Paid out, failed payouts netted.
    Disbursed "disbursed" "    Disbursed",
    /// Net minus disbursed.
    Undisbursed "undisbursed" "  Not disbursed yet",
}

/// How many measures there are.
pub const MEASURES: usize = Measure::ALL.len();

/// On which side of the wholesale leg of a channel deal a row stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leg {
    /// On none.
    None,
    /// The reseller's: what it pays, and the tax it passes on with it.
    Buying,
    /// The ISV's, or the distributor's: what it is paid, and the tax it remits on it.
    Selling,
    /// Tax on the buyer's invoice that the reseller passes on to the ISV.
    PassedOn,
}

/// What the rows of one class are counted as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counted {
    /// Rows that touch the balance, when invoiced or forgiven. `None`: in no class, and in net all the same.
    pub(super) in_balance: Option<Measure>,
    /// Rows that are informational.
    pub(super) informational: Option<Measure>,
    /// The wholesale leg.
    pub(super) leg: Leg,
    /// Whether this program knows the type.
    pub(super) known: bool,
}

/// The class of a row, by transaction type and by the variant of invoice and charge.
///
/// - The price is wholesale cost where the charge is a RESALE and the recipient is BUYING (AWS's query), or where a file without these
///   columns was read as one.
/// - AWS_TAX_SHARE is tax on the listing fee where the charge is a LISTING_FEE; the operator's wholesale tax on a RESALE invoice; else
///   the buyer's tax, which is informational. In files without variants one that touches the balance can only be tax on the fee: the
///   buyer's tax never does.
/// - SELLER_TAX_SHARE and OTHER_SELLER_TAX_SHARE are wholesale on a RESALE invoice.
pub(super) fn counted(kind: &TransactionType, invoice: Option<&str>, charge: Option<&str>, side: Option<&str>, wholesale: bool) -> Counted {
    use Measure as M;
    use TransactionType as T;
    let charge = charge.or(invoice);
    let (resale, no_variant) = (invoice == Some("RESALE"), invoice.is_none());
    let bought = wholesale || charge == Some("RESALE") && side == Some("BUYING");
    let sold = no_variant || charge == Some("RESALE") && side == Some("SELLING");
    let refunds = matches!(
        kind,
        T::SellerRevShareRefund
            | T::SellerRevShareCredit
            | T::SellerTaxShareRefund
            | T::OtherSellerTaxShareRefund
            | T::AwsRevShareRefund
            | T::AwsRevShareCredit
            | T::AwsTaxShareRefund
    );
    let of = |plain: M, refund: M| if refunds { refund } else { plain };
    let both = |measure: M, leg: Leg| Counted { in_balance: Some(measure), informational: Some(measure), leg, known: true };
    match kind {
        T::SellerRevShare | T::SellerRevShareRefund | T::SellerRevShareCredit if bought => {
            both(of(M::WholesaleCost, M::WholesaleCostRefund), Leg::Buying)
        }
        T::SellerRevShare | T::SellerRevShareRefund | T::SellerRevShareCredit => {
            both(of(M::Gross, M::GrossRefund), if sold { Leg::Selling } else { Leg::None })
        }
        T::AwsRevShare | T::AwsRevShareRefund | T::AwsRevShareCredit => both(of(M::ListingFee, M::ListingFeeRefund), Leg::None),
        T::AwsInfraShare | T::InfraFeePretax => both(M::InfrastructureNetting, Leg::None),
        T::BalanceAdjustment => both(M::BalanceAdjustment, Leg::None),
        T::AwsTaxShare | T::AwsTaxShareRefund if charge == Some("LISTING_FEE") => {
            both(of(M::ListingFeeTax, M::ListingFeeTaxRefund), Leg::None)
        }
        T::AwsTaxShare | T::AwsTaxShareRefund if resale => both(of(M::WholesaleAwsTax, M::WholesaleAwsTaxRefund), Leg::None),
        T::AwsTaxShare | T::AwsTaxShareRefund => Counted {
            in_balance: Some(of(M::ListingFeeTax, M::ListingFeeTaxRefund)),
            informational: Some(of(M::BuyerTaxInformational, M::BuyerTaxInformationalRefund)),
            leg: Leg::None,
            known: true,
        },
        T::SellerTaxShare | T::SellerTaxShareRefund if resale => {
            both(of(M::WholesaleSellerTax, M::WholesaleSellerTaxRefund), if side == Some("BUYING") { Leg::None } else { Leg::Selling })
        }
        T::SellerTaxShare | T::SellerTaxShareRefund => {
            both(of(M::SellerTax, M::SellerTaxRefund), if no_variant { Leg::Selling } else { Leg::None })
        }
        T::OtherSellerTaxShare | T::OtherSellerTaxShareRefund if resale => {
            both(of(M::WholesaleOtherSellerTax, M::WholesaleOtherSellerTaxRefund), Leg::Buying)
        }
        T::OtherSellerTaxShare | T::OtherSellerTaxShareRefund => both(of(M::OtherSellerTax, M::OtherSellerTaxRefund), Leg::PassedOn),
        T::Disbursement | T::DisbursementFailure | T::Other(_) => {
            Counted { in_balance: None, informational: None, leg: Leg::None, known: false }
        }
    }
}
