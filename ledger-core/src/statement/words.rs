//! What sides and subjects are called.

impl super::Side {
    /// Every side there is.
    pub const ALL: &[Self] = &[Self::Buyer, Self::Seller, Self::Bank];

    /// As programs and people read it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Buyer => "buyer",
            Self::Seller => "seller",
            Self::Bank => "bank",
        }
    }
}

impl super::Subject {
    /// As programs and people read it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Purchase => "purchases",
            Self::Tax => "tax",
            Self::Credit => "credits",
            Self::Model => "models",
            Self::Services => "services",
            Self::Invoice => "invoices",
            Self::Billed => "billed",
            Self::Collected => "collected",
            Self::Disbursed => "disbursed",
            Self::Deposit => "deposits",
            Self::Commitment => "commitments",
        }
    }
}
