//! The structures of RFC 3161 and RFC 5652 that a time stamp is made of, read as DER and in one form only.

use der::asn1::{AnyRef, BitStringRef, IntRef, ObjectIdentifier, OctetStringRef, Utf8StringRef};
use der::{Decode, DecodeValue, EncodeValue, FixedTag, Header, Length, Reader, Sequence, SliceReader, Tag, Writer};
use x509_cert::ext::Extension;
use x509_cert::spki::AlgorithmIdentifierRef;

/// A `SET OF` whose bytes are kept as they stand: over some of them a signature is made, and their order is whoever wrote them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Members<'a>(pub(super) &'a [u8]);

impl<'a> Members<'a> {
    /// Each of them, as a structure.
    pub(super) fn read<T: Decode<'a, Error = der::Error>>(self) -> der::Result<Vec<T>> {
        let (mut reader, mut all) = (SliceReader::new(self.0)?, Vec::new());
        while !reader.is_finished() {
            all.push(reader.decode()?);
        }
        Ok(all)
    }

    /// The only one.
    pub(super) fn only<T: Decode<'a, Error = der::Error>>(self) -> der::Result<T> {
        let mut reader = SliceReader::new(self.0)?;
        let one = reader.decode()?;
        reader.finish()?;
        Ok(one)
    }

    /// The bytes of each of them.
    pub(super) fn each(self) -> der::Result<Vec<&'a [u8]>> {
        let (mut reader, mut all) = (SliceReader::new(self.0)?, Vec::new());
        while !reader.is_finished() {
            all.push(reader.tlv_bytes()?);
        }
        Ok(all)
    }
}

impl FixedTag for Members<'_> {
    const TAG: Tag = Tag::Set;
}

impl<'a> DecodeValue<'a> for Members<'a> {
    type Error = der::Error;

    fn decode_value<R: Reader<'a>>(reader: &mut R, header: Header) -> der::Result<Self> {
        reader.read_slice(header.length()).map(Self)
    }
}

impl EncodeValue for Members<'_> {
    fn value_len(&self) -> der::Result<Length> {
        Length::try_from(self.0.len())
    }

    fn encode_value(&self, writer: &mut impl Writer) -> der::Result<()> {
        writer.write(self.0)
    }
}

/// `MessageImprint`: the digest of what is stamped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Sequence)]
pub(super) struct Imprint<'a> {
    pub(super) algorithm: AlgorithmIdentifierRef<'a>,
    pub(super) digest: &'a OctetStringRef,
}

/// `TimeStampReq`, without a policy, a nonce or extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Sequence)]
pub(super) struct Request<'a> {
    pub(super) version: u8,
    pub(super) imprint: Imprint<'a>,
    #[asn1(default = "Default::default")]
    pub(super) wants_certificate: bool,
}

/// `TimeStampResp`.
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
pub(super) struct Response<'a> {
    pub(super) status: Status<'a>,
    #[asn1(optional = "true")]
    pub(super) token: Option<AnyRef<'a>>,
}

/// `PKIStatusInfo`.
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
pub(super) struct Status<'a> {
    pub(super) status: u8,
    #[asn1(optional = "true")]
    pub(super) text: Option<Vec<Utf8StringRef<'a>>>,
    #[asn1(optional = "true")]
    pub(super) failure: Option<BitStringRef<'a>>,
}

/// `ContentInfo`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Sequence)]
pub(super) struct ContentInfo<'a> {
    pub(super) kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub(super) content: AnyRef<'a>,
}

/// `EncapsulatedContentInfo`, whose content is here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Sequence)]
pub(super) struct Encapsulated<'a> {
    pub(super) kind: ObjectIdentifier,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub(super) content: &'a OctetStringRef,
}

/// `SignedData`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Sequence)]
pub(super) struct SignedData<'a> {
    pub(super) version: u8,
    pub(super) digests: Members<'a>,
    pub(super) content: Encapsulated<'a>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) certificates: Option<Members<'a>>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) revocations: Option<Members<'a>>,
    pub(super) signers: Members<'a>,
}

/// `SignerInfo`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Sequence)]
pub(super) struct SignerInfo<'a> {
    pub(super) version: u8,
    pub(super) signer: AnyRef<'a>,
    pub(super) digest: AlgorithmIdentifierRef<'a>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) signed: Option<Members<'a>>,
    pub(super) algorithm: AlgorithmIdentifierRef<'a>,
    pub(super) signature: &'a OctetStringRef,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) unsigned: Option<Members<'a>>,
}

/// `IssuerAndSerialNumber`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Sequence)]
pub(super) struct IssuerAndSerial<'a> {
    pub(super) issuer: AnyRef<'a>,
    pub(super) serial: IntRef<'a>,
}

/// `Attribute`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Sequence)]
pub(super) struct Attribute<'a> {
    pub(super) kind: ObjectIdentifier,
    pub(super) values: Members<'a>,
}

/// `ESSCertID` (RFC 2634): a certificate by its SHA-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Sequence)]
pub(super) struct CertificateId<'a> {
    pub(super) digest: &'a OctetStringRef,
    #[asn1(optional = "true")]
    pub(super) issued: Option<AnyRef<'a>>,
}

/// `ESSCertIDv2` (RFC 5035): a certificate by a digest, which is SHA-256 when nothing is said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CertificateId2<'a> {
    pub(super) algorithm: Option<AlgorithmIdentifierRef<'a>>,
    pub(super) digest: &'a OctetStringRef,
}

impl<'a> CertificateId2<'a> {
    /// Reads one. Both of its optional parts are sequences, so that the second is only known by what stands before it.
    pub(super) fn read(from: AnyRef<'a>) -> der::Result<Self> {
        from.sequence(|reader| {
            let algorithm = if Tag::peek(reader)? == Tag::Sequence { Some(reader.decode()?) } else { None };
            let digest = reader.decode()?;
            let _issued: Option<AnyRef<'a>> = reader.decode()?;
            Ok(Self { algorithm, digest })
        })
    }
}

/// `TSTInfo`: what is signed.
#[derive(Debug, Clone, PartialEq, Eq, Sequence)]
pub(super) struct Info<'a> {
    pub(super) version: u8,
    pub(super) policy: ObjectIdentifier,
    pub(super) imprint: Imprint<'a>,
    pub(super) serial: IntRef<'a>,
    pub(super) time: AnyRef<'a>,
    #[asn1(optional = "true")]
    pub(super) accuracy: Option<Accuracy>,
    #[asn1(default = "Default::default")]
    pub(super) ordering: bool,
    #[asn1(optional = "true")]
    pub(super) nonce: Option<IntRef<'a>>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    pub(super) authority: Option<AnyRef<'a>>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) extensions: Option<Vec<Extension>>,
}

/// `Accuracy`: how far the time may be off, to either side.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Sequence)]
pub(super) struct Accuracy {
    #[asn1(optional = "true")]
    pub(super) seconds: Option<u32>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) millis: Option<u16>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    pub(super) micros: Option<u16>,
}

/// `RSASSA-PSS-params`. What is left out means SHA-1 or another trailer, which nobody signs with who is believed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Sequence)]
pub(super) struct Pss<'a> {
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    pub(super) digest: AlgorithmIdentifierRef<'a>,
    #[asn1(context_specific = "1", tag_mode = "EXPLICIT")]
    pub(super) mask: AlgorithmIdentifierRef<'a>,
    #[asn1(context_specific = "2", tag_mode = "EXPLICIT")]
    pub(super) salt: u8,
}
