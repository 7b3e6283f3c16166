//! Certificates of time stamping authorities: what they may be used for, when, and which of them leads to one that somebody trusts.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode as _, Encode as _, Reader as _, SliceReader, Tag, Tagged as _};
use ring::digest as ring_digest;
use ring::signature::{self, UnparsedPublicKey, VerificationAlgorithm};
use x509_cert::ext::pkix::{BasicConstraints, ExtendedKeyUsage, KeyUsage, SubjectKeyIdentifier};
use x509_cert::spki::AlgorithmIdentifierRef;

use super::Refused;
use super::asn1::{IssuerAndSerial, Pss};
use crate::time::Instant;

const fn oid(text: &str) -> ObjectIdentifier {
    ObjectIdentifier::new_unwrap(text)
}

pub(super) const SHA_256: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.1");
const SHA_384: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.2");
const SHA_512: ObjectIdentifier = oid("2.16.840.1.101.3.4.2.3");
const RSA: ObjectIdentifier = oid("1.2.840.113549.1.1.1");
const RSA_PSS: ObjectIdentifier = oid("1.2.840.113549.1.1.10");
const MASK_1: ObjectIdentifier = oid("1.2.840.113549.1.1.8");
const ELLIPTIC: ObjectIdentifier = oid("1.2.840.10045.2.1");
const P_256: ObjectIdentifier = oid("1.2.840.10045.3.1.7");
const P_384: ObjectIdentifier = oid("1.3.132.0.34");
const TIME_STAMPING: ObjectIdentifier = oid("1.3.6.1.5.5.7.3.8");
const ANY_USE: ObjectIdentifier = oid("2.5.29.37.0");
/// The extensions that are looked at, or whose being critical changes nothing here: basic constraints, key usage, extended key usage,
/// certificate policies (any is accepted), subject alternative name.
const KNOWN: [ObjectIdentifier; 5] = [oid("2.5.29.19"), oid("2.5.29.15"), oid("2.5.29.37"), oid("2.5.29.32"), oid("2.5.29.17")];
/// Which digest goes with which signature; without one for RSA whose digest is named elsewhere.
const SIGNATURES: [(ObjectIdentifier, ObjectIdentifier, Option<ObjectIdentifier>); 6] = [
    (RSA, RSA, None),
    (oid("1.2.840.113549.1.1.11"), RSA, Some(SHA_256)),
    (oid("1.2.840.113549.1.1.12"), RSA, Some(SHA_384)),
    (oid("1.2.840.113549.1.1.13"), RSA, Some(SHA_512)),
    (oid("1.2.840.10045.4.3.2"), ELLIPTIC, Some(SHA_256)),
    (oid("1.2.840.10045.4.3.3"), ELLIPTIC, Some(SHA_384)),
];
/// No path from an authority to a trusted certificate is longer.
const LONGEST_PATH: u8 = 8;

/// A digest by the name of its algorithm; SHA-1 is not among them.
pub(super) fn digest(algorithm: &AlgorithmIdentifierRef<'_>, bytes: &[u8]) -> Option<ring_digest::Digest> {
    let plain = algorithm.parameters.is_none_or(|parameters| parameters.is_null());
    let by = match algorithm.oid {
        SHA_256 => &ring_digest::SHA256,
        SHA_384 => &ring_digest::SHA384,
        SHA_512 => &ring_digest::SHA512,
        _ => return None,
    };
    plain.then(|| ring_digest::digest(by, bytes))
}

/// The digest of an RSA signature with PSS (RFC 4055), when its mask is of the same and its salt as long: all that RFC 8017 recommends, and
/// all that is verified.
fn pss(algorithm: &AlgorithmIdentifierRef<'_>) -> Option<ObjectIdentifier> {
    let Pss { digest: by, mask, salt } = algorithm.parameters?.decode_as().ok()?;
    let mask_by: AlgorithmIdentifierRef<'_> = mask.parameters.filter(|_| mask.oid == MASK_1)?.decode_as().ok()?;
    let length = digest(&by, &[])?.as_ref().len();
    let same = mask_by.oid == by.oid && digest(&mask_by, &[]).is_some() && usize::from(salt) == length;
    same.then_some(by.oid)
}

/// How RSA with PSS is verified over a digest.
fn padded(digest: ObjectIdentifier) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match digest {
        SHA_256 => &signature::RSA_PSS_2048_8192_SHA256,
        SHA_384 => &signature::RSA_PSS_2048_8192_SHA384,
        SHA_512 => &signature::RSA_PSS_2048_8192_SHA512,
        _ => return None,
    })
}

/// A certificate (RFC 5280).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Certificate {
    der: Vec<u8>,
    read: x509_cert::Certificate,
}

/// Text that holds no certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a certificate is DER, or PEM that begins with -----BEGIN CERTIFICATE-----")]
pub struct NotACertificate;

impl Certificate {
    /// Reads the certificates of a file: one in DER, or some in PEM, whatever stands between them.
    ///
    /// # Errors
    /// It holds none, or one that cannot be read.
    pub fn all(bytes: &[u8]) -> Result<Vec<Self>, NotACertificate> {
        const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
        const END: &str = "-----END CERTIFICATE-----";
        if let Some(one) = Self::parse(bytes) {
            return Ok(vec![one]);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| NotACertificate)?;
        let blocks = text.split(BEGIN).skip(1).map(|block| {
            let (block, _) = block.split_once(END)?;
            let (_, der) = der::pem::decode_vec(format!("{BEGIN}{block}{END}").as_bytes()).ok()?;
            Self::parse(&der)
        });
        let all: Option<Vec<Self>> = blocks.collect();
        all.filter(|all| !all.is_empty()).ok_or(NotACertificate)
    }

    pub(super) fn parse(der: &[u8]) -> Option<Self> {
        x509_cert::Certificate::from_der(der).ok().map(|read| Self { der: der.to_vec(), read })
    }

    pub(super) fn der(&self) -> &[u8] {
        &self.der
    }

    /// Whose it is: the common name, or everything that is said of the subject.
    pub fn name(&self) -> String {
        let subject = self.read.tbs_certificate().subject();
        match subject.common_name() {
            Ok(Some(name)) => name.value().into_owned(),
            _ => subject.to_string(),
        }
    }

    /// Its SHA-256 in hexadecimal, as `openssl x509 -fingerprint -sha256` prints it but for the colons.
    pub fn fingerprint(&self) -> String {
        ring_digest::digest(&ring_digest::SHA256, &self.der).as_ref().iter().map(|byte| format!("{byte:02X}")).collect()
    }

    /// Whether a signer is named by it: by issuer and number, or by the id of its key.
    pub(super) fn is_named(&self, signer: AnyRef<'_>) -> bool {
        let tbs = self.read.tbs_certificate();
        if signer.tag() == Tag::Sequence {
            let same = |named: IssuerAndSerial<'_>| -> der::Result<bool> {
                Ok(named.serial.as_bytes() == tbs.serial_number().as_bytes() && named.issuer.to_der()? == tbs.issuer().to_der()?)
            };
            return signer.decode_as().and_then(same).unwrap_or(false);
        }
        matches!(tbs.get_extension::<SubjectKeyIdentifier>(), Ok(Some((_, id))) if id.0.as_bytes() == signer.value())
    }

    /// Whether a signature is that of its key. `by` is the digest that a signature is over which does not say it.
    pub(super) fn has_signed(
        &self,
        message: &[u8],
        signature: &[u8],
        algorithm: &AlgorithmIdentifierRef<'_>,
        by: Option<ObjectIdentifier>,
    ) -> bool {
        let key = self.read.tbs_certificate().subject_public_key_info();
        let verified = || {
            let verify = if algorithm.oid == RSA_PSS {
                // A key that is for nothing else may say with which parameters.
                let given = key.algorithm.parameters.as_ref().map(AnyRef::from);
                let fits = key.algorithm.oid == RSA || key.algorithm.oid == RSA_PSS && (given.is_none() || given == algorithm.parameters);
                let digest = pss(algorithm).filter(|digest| fits && by.is_none_or(|by| by == *digest))?;
                padded(digest)?
            } else {
                self.plain(algorithm, by)?
            };
            UnparsedPublicKey::new(verify, key.subject_public_key.as_bytes()?).verify(message, signature).ok()
        };
        verified().is_some()
    }

    /// How its key verifies a signature whose algorithm has no parameters.
    fn plain(&self, algorithm: &AlgorithmIdentifierRef<'_>, by: Option<ObjectIdentifier>) -> Option<&'static dyn VerificationAlgorithm> {
        let key = &self.read.tbs_certificate().subject_public_key_info().algorithm;
        let (_, kind, named) = SIGNATURES.into_iter().find(|(of, ..)| *of == algorithm.oid)?;
        let digest = match (named, by) {
            (Some(named), Some(by)) if named != by => return None,
            (named, by) => named.or(by)?,
        };
        // RSA has a NULL beside its name, or nothing; ECDSA has nothing.
        let plain = algorithm.parameters.is_none_or(|parameters| kind == RSA && parameters.is_null());
        if key.oid != kind || !plain {
            return None;
        }
        let curve = key.parameters.as_ref().and_then(|curve| curve.decode_as::<ObjectIdentifier>().ok());
        Some(match (curve.filter(|_| kind == ELLIPTIC), digest) {
            (None, SHA_256) if kind == RSA => &signature::RSA_PKCS1_2048_8192_SHA256,
            (None, SHA_384) if kind == RSA => &signature::RSA_PKCS1_2048_8192_SHA384,
            (None, SHA_512) if kind == RSA => &signature::RSA_PKCS1_2048_8192_SHA512,
            (Some(P_256), SHA_256) => &signature::ECDSA_P256_SHA256_ASN1,
            (Some(P_256), SHA_384) => &signature::ECDSA_P256_SHA384_ASN1,
            (Some(P_384), SHA_256) => &signature::ECDSA_P384_SHA256_ASN1,
            (Some(P_384), SHA_384) => &signature::ECDSA_P384_SHA384_ASN1,
            _ => return None,
        })
    }

    /// What is wrong with it as the certificate of whoever stamps, at a moment.
    pub(super) fn may_stamp(&self, at: Instant) -> Result<(), Refused> {
        let tbs = self.read.tbs_certificate();
        self.is_usable(at)?;
        // RFC 3161 2.3: for nothing else, and critical.
        match tbs.get_extension::<ExtendedKeyUsage>() {
            Ok(Some((true, uses))) if uses.0 == [TIME_STAMPING] => {}
            _ => return Err(self.refused("is not one for time stamping, and for nothing else")),
        }
        match tbs.get_extension::<KeyUsage>() {
            Ok(Some((_, uses))) if !uses.digital_signature() && !uses.non_repudiation() => Err(self.refused("is not one to sign with")),
            _ => Ok(()),
        }
    }

    /// What is wrong with it as the certificate of whoever issues others, with so many below it.
    fn may_issue(&self, below: u8, at: Instant) -> Result<(), Refused> {
        let tbs = self.read.tbs_certificate();
        self.is_usable(at)?;
        let issues = matches!(tbs.get_extension::<BasicConstraints>(), Ok(Some((_, may)))
            if may.ca && may.path_len_constraint.is_none_or(|longest| below <= longest));
        let signs = matches!(tbs.get_extension::<KeyUsage>(), Ok(None))
            || matches!(tbs.get_extension::<KeyUsage>(), Ok(Some((_, uses))) if uses.key_cert_sign());
        let stamps = match tbs.get_extension::<ExtendedKeyUsage>() {
            Ok(Some((_, uses))) => uses.0.contains(&TIME_STAMPING) || uses.0.contains(&ANY_USE),
            Ok(None) => true,
            Err(_) => false,
        };
        if issues && signs && stamps { Ok(()) } else { Err(self.refused("is not one to issue such certificates with")) }
    }

    /// What every certificate of a path must be.
    fn is_usable(&self, at: Instant) -> Result<(), Refused> {
        let tbs = self.read.tbs_certificate();
        let second = |time: x509_cert::time::Time| i64::try_from(time.to_unix_duration().as_secs()).unwrap_or(i64::MAX);
        let now = at.micros().div_euclid(1_000_000);
        if !(second(tbs.validity().not_before)..=second(tbs.validity().not_after)).contains(&now) {
            return Err(self.refused("was not valid then"));
        }
        let all = tbs.extensions().map(Vec::as_slice).unwrap_or_default();
        if all.iter().any(|one| one.critical && !KNOWN.contains(&one.extn_id)) {
            return Err(self.refused("says something that must be understood, and is not"));
        }
        Ok(())
    }

    fn refused(&self, why: &'static str) -> Refused {
        Refused::Certificate(self.name(), why)
    }

    /// Whether another one was issued by this one.
    fn has_issued(&self, other: &Self) -> bool {
        let (tbs, signed) = (self.read.tbs_certificate(), &other.read);
        let message = || {
            let whole = AnyRef::from_der(&other.der).ok()?;
            SliceReader::new(whole.value()).ok()?.tlv_bytes().ok()
        };
        let algorithm = AlgorithmIdentifierRef {
            oid: signed.signature_algorithm().oid,
            parameters: signed.signature_algorithm().parameters.as_ref().map(AnyRef::from),
        };
        tbs.subject() == signed.tbs_certificate().issuer()
            && signed.signature_algorithm() == signed.tbs_certificate().signature()
            // A signature is whole bytes: `as_bytes` refuses bits that are left over, where one could be changed.
            && message().zip(signed.signature().as_bytes()).is_some_and(|(message, by)| self.has_signed(message, by, &algorithm, None))
    }

    /// The trusted certificate that this one is, or that it leads to.
    pub(super) fn leads_to<'a>(&'a self, trusted: &'a [Self], others: &'a [Self], at: Instant) -> Result<&'a Self, Refused> {
        let mut tried = vec![self];
        let mut why = None;
        self.search(0, &|one| trusted.contains(one), &[trusted, others], at, &mut tried, &mut why)
            .ok_or_else(|| why.unwrap_or_else(|| Refused::Untrusted(self.name())))
    }

    fn search<'a>(
        &'a self,
        below: u8,
        is_trusted: &dyn Fn(&Self) -> bool,
        all: &[&'a [Self]; 2],
        at: Instant,
        tried: &mut Vec<&'a Self>,
        why: &mut Option<Refused>,
    ) -> Option<&'a Self> {
        if is_trusted(self) {
            return Some(self);
        }
        for issuer in all.iter().copied().flatten() {
            // Each once: whoever writes a reply does not decide how long it is looked at.
            if below == LONGEST_PATH || tried.contains(&issuer) || !issuer.has_issued(self) {
                continue;
            }
            tried.push(issuer);
            match issuer.may_issue(below, at) {
                Err(refused) => *why = Some(refused),
                Ok(()) => {
                    if let Some(found) = issuer.search(below + 1, is_trusted, all, at, tried, why) {
                        return Some(found);
                    }
                }
            }
        }
        None
    }
}
