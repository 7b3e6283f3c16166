//! Time stamps (RFC 3161): somebody whose clock is trusted signs that the digest of a checkpoint was there at a moment.
//!
//! ```text
//! Checkpoint -request-> TimeStampReq -- curl --> an authority -- TimeStampResp --> Reply
//! Reply: status granted -> imprint = SHA-256 of the three lines -> signed attributes -> signature -> certificate -> one that is trusted
//! ```
//!
//! What is proven: the checkpoint, and so every line below it, was there not later than that. Read as DER and strictly; signatures are RSA
//! (PKCS #1 v1.5 and PSS, from 2048 bits) and ECDSA (P-256, P-384) with SHA-2. Whether a certificate was revoked is not looked at: that takes a
//! network. `docs/formats/checkpoint.md` shows the same with openssl.

mod asn1;
mod certificate;

use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef};
use der::{Decode as _, Encode as _, Tag, Tagged as _};
use sha2::{Digest as _, Sha256};
use x509_cert::spki::AlgorithmIdentifierRef;

use crate::checkpoint::Checkpoint;
use crate::time::Instant;
use asn1::{Attribute, CertificateId, CertificateId2, ContentInfo, Imprint, Info, Members, Request, Response, SignedData, SignerInfo};
pub use certificate::{Certificate, NotACertificate};

/// The longest reply that is read, in bytes: room for every certificate on the way to a root.
pub const LONGEST: usize = 1 << 16;

const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// Why a reply is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It does not read.
    #[error("it is no reply of a time stamping authority: {0}")]
    Malformed(&'static str),
    /// The authority refused.
    #[error("the authority did not grant it: {0}")]
    NotGranted(String),
    /// It stamps something else.
    #[error("it stamps something else")]
    Another,
    /// It was changed.
    #[error("it is not as it was signed: {0}")]
    Changed(&'static str),
    /// There is no certificate of whoever signed.
    #[error("the certificate of whoever signed it is neither in it nor given")]
    NoCertificate,
    /// A certificate on the way is not good for it.
    #[error("the certificate of {0} {1}")]
    Certificate(String, &'static str),
    /// Nothing leads to a trusted certificate.
    #[error("the certificate of {0} leads to none that you trust")]
    Untrusted(String),
}

/// What a reply that holds says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// When, by the authority's clock.
    pub at: Instant,
    /// The latest moment that this can be: later by the accuracy that the authority gives its clock.
    pub not_later: Instant,
    /// Whose it is, as its certificate says.
    pub authority: String,
    /// The number of the stamp with its authority, in hexadecimal.
    pub serial: String,
    /// The authority's policy, as dotted numbers.
    pub policy: String,
    /// Whose trusted certificate it leads to; nothing when none was given.
    pub anchor: Option<String>,
}

/// The digest that is stamped: SHA-256 of the three lines.
fn imprint(checkpoint: &Checkpoint) -> [u8; 32] {
    Sha256::digest(checkpoint.to_string()).into()
}

/// What an authority is sent to stamp a checkpoint, in DER. It wants the authority's certificate back. It holds no nonce: that keeps an old
/// reply from being taken for a new one, and an old reply about these lines proves more than a new one. So the same checkpoint gives the same
/// bytes.
pub fn request(checkpoint: &Checkpoint) -> Vec<u8> {
    let digest = imprint(checkpoint);
    let algorithm = AlgorithmIdentifierRef { oid: certificate::SHA_256, parameters: Some(AnyRef::NULL) };
    let digest = OctetStringRef::new(&digest).expect("32 bytes are not too many");
    let request = Request { version: 1, imprint: Imprint { algorithm, digest }, wants_certificate: true };
    request.to_der().expect("a digest and two numbers can be written")
}

/// A reply of an authority, as it reads; nothing of it is believed yet.
#[derive(Debug, Clone)]
pub struct Reply<'a> {
    info: Info<'a>,
    content: &'a [u8],
    signer: SignerInfo<'a>,
    at: Instant,
    certificates: Vec<Certificate>,
}

impl<'a> Reply<'a> {
    /// Reads a `TimeStampResp`, or the token of one alone.
    ///
    /// # Errors
    /// It does not read, or the authority did not grant it.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, Refused> {
        if bytes.len() > LONGEST {
            return Err(Refused::Malformed("it is too long"));
        }
        let malformed = |_: der::Error| Refused::Malformed("it is not the DER of RFC 3161");
        let outer = AnyRef::from_der(bytes).map_err(malformed)?;
        let is_token = outer.tag() == Tag::Sequence && outer.value().first() == Some(&0x06);
        let token = if is_token { outer } else { granted(Response::from_der(bytes).map_err(malformed)?)? };
        let token: ContentInfo<'a> = token.decode_as().map_err(malformed)?;
        if token.kind != SIGNED_DATA {
            return Err(Refused::Malformed("it is not signed"));
        }
        let signed: SignedData<'a> = token.content.decode_as().map_err(malformed)?;
        if signed.content.kind != TST_INFO {
            return Err(Refused::Malformed("what is signed is no time stamp"));
        }
        let content = signed.content.content.as_bytes();
        let info = Info::from_der(content).map_err(malformed)?;
        let signer: SignerInfo<'a> = signed.signers.only().map_err(|_| Refused::Malformed("it has not one signer"))?;
        let version = if signer.signer.tag() == Tag::Sequence { 1 } else { 3 };
        if (info.version, signed.version, signer.version) != (1, 3, version) {
            return Err(Refused::Malformed("it is of an unknown version"));
        }
        // RFC 5652 5.3 leaves it to the reader to ask for this; so no byte of the list can change unseen.
        let digests: Vec<AlgorithmIdentifierRef<'_>> = signed.digests.read().map_err(malformed)?;
        if !digests.contains(&signer.digest) {
            return Err(Refused::Malformed("it does not list the digest that was signed"));
        }
        if info.extensions.iter().flatten().any(|extension| extension.critical) {
            return Err(Refused::Malformed("it says something that must be understood, and is not"));
        }
        let at = moment(info.time).ok_or(Refused::Malformed("its time is none"))?;
        // Other things than certificates may stand among them.
        let certificates = signed.certificates.map_or(Ok(vec![]), Members::each).map_err(malformed)?;
        let certificates = certificates.into_iter().filter_map(Certificate::parse).collect();
        Ok(Self { info, content, signer, at, certificates })
    }

    /// Whether it stamps this checkpoint.
    pub fn is_of(&self, checkpoint: &Checkpoint) -> bool {
        let Imprint { algorithm, digest } = &self.info.imprint;
        let plain = algorithm.parameters.is_none_or(|parameters| parameters.is_null());
        algorithm.oid == certificate::SHA_256 && plain && digest.as_bytes() == imprint(checkpoint)
    }

    /// Verifies it, with the certificates that are trusted; with none, only that it agrees with itself.
    ///
    /// # Errors
    /// The first thing that is not as it must be.
    pub fn verify(&self, checkpoint: &Checkpoint, trusted: &[Certificate]) -> Result<Stamp, Refused> {
        if !self.is_of(checkpoint) {
            return Err(Refused::Another);
        }
        let signer = self.signed_by(trusted)?;
        signer.may_stamp(self.at)?;
        let anchor = match trusted {
            [] => None,
            trusted => Some(signer.leads_to(trusted, &self.certificates, self.at)?.name()),
        };
        let accuracy = self.info.accuracy.unwrap_or_default();
        let off = i64::from(accuracy.seconds.unwrap_or(0)) * 1_000_000
            + i64::from(accuracy.millis.unwrap_or(0)) * 1_000
            + i64::from(accuracy.micros.unwrap_or(0));
        Ok(Stamp {
            at: self.at,
            not_later: Instant::from_micros(self.at.micros() + off),
            authority: signer.name(),
            serial: self.info.serial.as_bytes().iter().map(|byte| format!("{byte:02x}")).collect(),
            policy: self.info.policy.to_string(),
            anchor,
        })
    }

    /// The certificate of whoever signed, once the signature holds and names it.
    fn signed_by<'b>(&'b self, trusted: &'b [Certificate]) -> Result<&'b Certificate, Refused> {
        const NO_ATTRIBUTES: Refused = Refused::Malformed("its signed attributes are not those of RFC 3161");
        let SignerInfo { signer, digest: by, signed, algorithm, signature, .. } = &self.signer;
        let signed = signed.ok_or(NO_ATTRIBUTES)?;
        let attributes: Vec<Attribute<'_>> = signed.read().map_err(|_| NO_ATTRIBUTES)?;
        let value = |kind: ObjectIdentifier| {
            let mut of = attributes.iter().filter(|attribute| attribute.kind == kind);
            match (of.next(), of.next()) {
                (Some(one), None) => one.values.only::<AnyRef<'_>>().map(Some).map_err(|_| NO_ATTRIBUTES),
                (None, _) => Ok(None),
                _ => Err(NO_ATTRIBUTES),
            }
        };
        let kind = value(CONTENT_TYPE)?.and_then(|kind| kind.decode_as::<ObjectIdentifier>().ok());
        let said = value(MESSAGE_DIGEST)?.filter(|said| said.tag() == Tag::OctetString).ok_or(NO_ATTRIBUTES)?;
        if kind != Some(TST_INFO) {
            return Err(NO_ATTRIBUTES);
        }
        let computed = certificate::digest(by, self.content).ok_or(Refused::Malformed("its digest is none of SHA-2"))?;
        if computed.as_ref() != said.value() {
            return Err(Refused::Changed("its content has another digest"));
        }
        let (one, two) = (value(SIGNING_CERTIFICATE)?, value(SIGNING_CERTIFICATE_2)?);
        if one.is_none() && two.is_none() {
            return Err(NO_ATTRIBUTES);
        }
        let mut named = self.certificates.iter().chain(trusted).filter(|one| one.is_named(*signer)).peekable();
        if named.peek().is_none() {
            return Err(Refused::NoCertificate);
        }
        let is_meant = |certificate: &&Certificate| {
            one.is_none_or(|one| is_first(one, certificate.der()) == Some(true))
                && two.is_none_or(|two| is_first_2(two, certificate.der()) == Some(true))
        };
        let certificate = named.find(is_meant).ok_or(Refused::Changed("it names another certificate"))?;
        // RFC 5652 5.4: the attributes are signed as a SET, not under the tag that they stand under.
        let message = signed.to_der().map_err(|_| NO_ATTRIBUTES)?;
        if !certificate.has_signed(&message, signature.as_bytes(), algorithm, Some(by.oid)) {
            return Err(Refused::Changed("its signature does not hold"));
        }
        Ok(certificate)
    }
}

/// The token of a reply that was granted.
fn granted(response: Response<'_>) -> Result<AnyRef<'_>, Refused> {
    let text = response.status.text.iter().flatten().map(|text| text.as_str()).collect::<Vec<_>>().join("; ");
    match (response.status.status, response.token) {
        // Granted, or granted with other words than were asked for: what is signed says which.
        (0 | 1, Some(token)) => Ok(token),
        (status, _) if text.is_empty() => Err(Refused::NotGranted(format!("status {status}"))),
        (status, _) => Err(Refused::NotGranted(format!("status {status}, {text}"))),
    }
}

/// The first certificate that stands behind the signature, in the list that the attributes have of them.
fn first(list: AnyRef<'_>) -> Option<AnyRef<'_>> {
    let parts: Vec<AnyRef<'_>> = list.decode_as().ok()?;
    let certificates: Vec<AnyRef<'_>> = parts.first()?.decode_as().ok()?;
    certificates.first().copied()
}

fn is_first(list: AnyRef<'_>, certificate: &[u8]) -> Option<bool> {
    let id: CertificateId<'_> = first(list)?.decode_as().ok()?;
    // RFC 2634 has SHA-1 and nothing else. It only tells apart certificates that the signature is checked with.
    let digest = ring::digest::digest(&ring::digest::SHA1_FOR_LEGACY_USE_ONLY, certificate);
    Some(digest.as_ref() == id.digest.as_bytes())
}

fn is_first_2(list: AnyRef<'_>, certificate: &[u8]) -> Option<bool> {
    let id = CertificateId2::read(first(list)?).ok()?;
    let algorithm = id.algorithm.unwrap_or(AlgorithmIdentifierRef { oid: certificate::SHA_256, parameters: None });
    Some(certificate::digest(&algorithm, certificate)?.as_ref() == id.digest.as_bytes())
}

/// Reads a `GeneralizedTime` of RFC 3161: `YYYYMMDDhhmmss[.f…]Z`, the fraction without zeros at its end. What is finer than a microsecond
/// counts as a whole one: the moment is one that something was not later than.
fn moment(time: AnyRef<'_>) -> Option<Instant> {
    let text = std::str::from_utf8(time.value()).ok().filter(|_| time.tag() == Tag::GeneralizedTime)?;
    let text = text.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.len() != 14 || !is_digits(whole) || !is_digits(fraction) || fraction.ends_with('0') || text.ends_with('.') {
        return None;
    }
    let part = |from: usize, to: usize| &whole[from..to];
    let (day, clock) = (format!("{}-{}-{}", part(0, 4), part(4, 6), part(6, 8)), (part(8, 10), part(10, 12), part(12, 14)));
    let second: Instant = format!("{day}T{}:{}:{}Z", clock.0, clock.1, clock.2).parse().ok()?;
    let micros: i64 = format!("{fraction:0<6}")[..6].parse().ok()?;
    let finer = i64::from(fraction.len() > 6);
    Some(Instant::from_micros(second.micros() + micros + finer))
}
