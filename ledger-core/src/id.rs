//! Names of things, parsed once at the edge and kept as AWS writes them: every id is text, leading zeros included.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, de};

/// The longest id that is taken, in bytes. AWS's longest is a term id of 69.
const LONGEST: usize = 256;

/// A text that cannot be an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnId {
    /// Nothing was written.
    #[error("nothing is written")]
    Empty,
    /// More than 256 bytes.
    #[error("it is longer than 256 bytes")]
    TooLong,
    /// A control character stands in it.
    #[error("a control character stands in it")]
    Control,
    /// Not twelve digits, where an AWS account is wanted.
    #[error("an AWS account id is 12 digits")]
    NotAnAccount,
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        pub struct $name(Box<str>);

        impl $name {
            /// The id as AWS writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NotAnId;

            fn from_str(text: &str) -> Result<Self, NotAnId> {
                check(text).map(|()| Self(text.into()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.pad(&self.0)
            }
        }

        crate::schema::described! {
            $name { "type": "string", "minLength": 1, "maxLength": LONGEST }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                parsed(deserializer, "a text")
            }
        }
    )+};
}

ids! {
    /// An account as one recipient's feeds name it: an opaque hash, another one in every recipient's feeds.
    FeedAccountId;
    /// An address as one recipient's feeds name it.
    AddressId;
    /// `agmt-…`: an accepted offer.
    AgreementId;
    /// `offer-…`.
    OfferId;
    /// `prod-…`.
    ProductId;
    /// `resaleauthz-…`; the feeds still call it an opportunity.
    AuthorizationId;
    /// `term-…`.
    TermId;
    /// An invoice of AWS's: digits, or letters and digits such as `EUMPINGB26-12125`.
    InvoiceId;
    /// A line of an invoice.
    LineId;
    /// A billing event, private to the recipient of the feed.
    BillingEventId;
    /// The bank's name for a transfer.
    BankTraceId;
    /// Any other id or reference that is carried as it was written.
    Reference;
    /// Who recorded something: a person's or a program's id.
    Actor;
}

fn check(text: &str) -> Result<(), NotAnId> {
    if text.is_empty() {
        return Err(NotAnId::Empty);
    }
    if text.len() > LONGEST {
        return Err(NotAnId::TooLong);
    }
    // Every byte is looked at, none decides alone: so the compiler looks at many at once.
    let plain = text.bytes().fold(true, |plain, b| plain & (b' '..=b'~').contains(&b));
    if !plain && text.chars().any(char::is_control) {
        return Err(NotAnId::Control);
    }
    Ok(())
}

/// An AWS account: twelve digits, leading zeros included.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId([u8; 12]);

impl AccountId {
    /// The twelve digits.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("an account id is ASCII digits")
    }
}

impl FromStr for AccountId {
    type Err = NotAnId;

    fn from_str(text: &str) -> Result<Self, NotAnId> {
        match <[u8; 12]>::try_from(text.as_bytes()) {
            Ok(digits) if digits.iter().all(u8::is_ascii_digit) => Ok(Self(digits)),
            _ if text.is_empty() => Err(NotAnId::Empty),
            _ => Err(NotAnId::NotAnAccount),
        }
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

impl Serialize for AccountId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for AccountId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer, "a 12-digit AWS account id")
    }
}

/// Deserialises a string through `FromStr`, without keeping a copy of it.
pub(crate) fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err: fmt::Display>>(
    deserializer: D,
    expecting: &'static str,
) -> Result<T, D::Error> {
    struct Parse<T>(&'static str, std::marker::PhantomData<T>);

    impl<T: FromStr<Err: fmt::Display>> de::Visitor<'_> for Parse<T> {
        type Value = T;

        fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
            out.write_str(self.0)
        }

        fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
            text.parse().map_err(|why| E::custom(format_args!("`{text}`: {why}")))
        }
    }

    deserializer.deserialize_str(Parse(expecting, std::marker::PhantomData))
}

/// An enumeration of AWS's that may grow: a value that is not known here is kept as it was written, and reported.
macro_rules! open_enum {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
            /// A value that AWS has added since.
            Other(String),
        }

        impl $name {
            /// As AWS writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Other(text) => text,
                }
            }

            /// Whether this program knows the value.
            pub fn is_known(&self) -> bool {
                !matches!(self, Self::Other(_))
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)+
                    _ => Self::Other(text.to_owned()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                out.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        crate::schema::described! {
            // Any text: AWS may add to what it says today.
            $name { "type": "string", "examples": [$($text),+] }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                struct Text;
                impl serde::de::Visitor<'_> for Text {
                    type Value = $name;
                    fn expecting(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        out.write_str(concat!("a text such as ", $(stringify!($variant), " ",)+))
                    }
                    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<$name, E> {
                        Ok(text.into())
                    }
                }
                deserializer.deserialize_str(Text)
            }
        }
    };
}
pub(crate) use open_enum;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_keeps_its_leading_zeros() {
        let account: AccountId = "000057174132".parse().unwrap();
        assert_eq!(serde_json::to_string(&account).unwrap(), "\"000057174132\"");
        assert_eq!("57174132".parse::<AccountId>(), Err(NotAnId::NotAnAccount));
        assert_eq!("1.11122E+11".parse::<AccountId>(), Err(NotAnId::NotAnAccount));
    }

    #[test]
    fn an_id_is_text_without_control_characters() {
        assert_eq!("".parse::<InvoiceId>(), Err(NotAnId::Empty));
        assert_eq!("a\nb".parse::<InvoiceId>(), Err(NotAnId::Control));
        assert_eq!("x".repeat(257).parse::<InvoiceId>(), Err(NotAnId::TooLong));
        assert_eq!("EUMPINGB26-12125".parse::<InvoiceId>().unwrap().as_str(), "EUMPINGB26-12125");
    }
}
