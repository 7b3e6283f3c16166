//! The kinds of breaks, and why each may be resolved. A new kind is a line.

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident $code:literal $name:literal $about:literal [$($reason:ident),+],)+) => {
        /// What kind of break.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($(#[$doc])* $variant,)+
        }

        /// Every kind there is.
        pub const KINDS: &[Kind] = &[$(Kind::$variant),+];

        impl Kind {
            /// Its published code.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// What it is called.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// What it means, in a line.
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => $about),+ }
            }

            /// The reasons for which it may be resolved.
            pub const fn reasons(self) -> &'static [Reason] {
                match self { $(Self::$variant => &[$(Reason::$reason),+]),+ }
            }
        }
    };
}

kinds! {
    /// Billed, and the ledger has nothing of it.
    NotInBook "R01" "not in book" "it is billed, and the ledger has nothing of it" [Arrived, AwsError, Accepted],
    /// In the ledger, and nobody billed it.
    NotBilled "R02" "not billed" "the ledger has it, and no statement" [Arrived, Expectation, Timing, AwsError, Accepted],
    /// Another amount.
    Amount "R03" "amount" "another amount than the ledger's" [Arrived, Expectation, AwsError, Accepted],
    /// Another period.
    Timing "R04" "timing" "the ledger has it in another period, or it is under way" [Arrived, Timing, AwsError, Accepted],
    /// Twice.
    Duplicate "R05" "duplicate" "the same line is told twice" [AwsError, Accepted],
    /// Another currency, or another rate.
    Currency "R06" "currency or rate" "the ledger has it in another currency" [Arrived, AwsError, Accepted],
    /// Cannot be told apart.
    Ambiguous "R07" "ambiguous" "it may be one or the other" [Arrived, AwsError, Accepted],
    /// Somebody else's.
    Attribution "R08" "attribution" "the ledger has it for another account, payer, seller or product" [Arrived, Expectation, AwsError, Accepted],
    /// The fee or the tax differs.
    Fee "R09" "fee or tax" "the fee or the tax is another" [Arrived, AwsError, Accepted],
    /// The bill counts or credits something else.
    Eligibility "R10" "eligibility or credit" "the bill takes off another credit than the ledger has" [Arrived, AwsError, Accepted],
}

impl Kind {
    /// The kind of a code.
    pub fn of(code: &str) -> Option<Self> {
        KINDS.iter().copied().find(|kind| kind.code() == code)
    }
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident $name:literal,)+) => {
        /// Why a break is resolved. None of them writes a fact of AWS's.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $($(#[$doc])* $variant,)+
        }

        impl Reason {
            /// Every reason there is.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// As it is written.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
    };
}

reasons! {
    /// The fact has arrived: an entry of the ledger explains it.
    Arrived "arrived",
    /// Our own expectation was wrong, and was corrected.
    Expectation "expectation",
    /// It is under way, and waits.
    Timing "timing",
    /// AWS is wrong, and has been told.
    AwsError "aws-error",
    /// The difference is accepted, on an account of its own.
    Accepted "accepted",
}

impl Reason {
    /// The reason of a name.
    pub fn of(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|reason| reason.as_str() == name)
    }
}
