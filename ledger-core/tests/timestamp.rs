//! Replies of time stamping authorities that openssl made are believed, and nothing else is: not of another checkpoint, not with another
//! certificate, not with a bit changed.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(clippy::disallowed_methods, reason = "tests read fixtures; the crate reads no files")]

use std::path::Path;

use ledger_core::checkpoint::{Checkpoint, Note};
use ledger_core::timestamp::{Certificate, LONGEST, NotACertificate, Refused, Reply, Stamp, request};

fn file(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/vectors").join(name)).unwrap()
}

fn vector(name: &str) -> Vec<u8> {
    file(&format!("timestamp/{name}"))
}

fn certificates(name: &str) -> Vec<Certificate> {
    Certificate::all(&vector(name)).unwrap()
}

fn three_lines() -> Checkpoint {
    Note::parse(&file("checkpoint/three-lines.note")).unwrap().checkpoint
}

fn verified(bytes: &[u8], trusted: &[Certificate]) -> Result<Stamp, Refused> {
    Reply::parse(bytes)?.verify(&three_lines(), trusted)
}

/// A reply of the vectors with a certificate of them; none is `""`.
#[track_caller]
fn refused(reply: &str, trusted: &str, why: &str) {
    let trusted = if trusted.is_empty() { vec![] } else { certificates(trusted) };
    assert_eq!(verified(&vector(reply), &trusted).unwrap_err().to_string(), why, "{reply}");
}

#[test]
fn replies_of_openssl_are_believed() {
    for (reply, trusted, authority, anchor) in [
        ("rsa.tsr", "root.pem", "tsa.example", "Example Root CA"),
        ("rsa.tsr", "rsa.pem", "tsa.example", "tsa.example"),
        ("ecdsa.tsr", "root.pem", "tsa-ec.example", "Example Root CA"),
        ("ecdsa.tsr", "issuing.pem", "tsa-ec.example", "Example Issuing CA"),
        ("ecdsa.tsr", "ecdsa.pem", "tsa-ec.example", "tsa-ec.example"),
        ("pss.tsr", "pss-root.pem", "tsa-pss.example", "Example PSS Root CA"),
    ] {
        let stamp = verified(&vector(reply), &certificates(trusted)).unwrap();
        assert_eq!((stamp.authority.as_str(), stamp.anchor.as_deref()), (authority, Some(anchor)), "{reply}");
        assert_eq!(stamp.policy, "1.3.6.1.4.1.32473.1");
        assert_eq!(Stamp { anchor: None, ..stamp }, verified(&vector(reply), &[]).unwrap(), "{reply}, by itself");
    }
    let ecdsa = verified(&vector("ecdsa.tsr"), &[]).unwrap();
    assert_eq!((ecdsa.at.to_string().as_str(), ecdsa.not_later), ("2026-04-03T09:05:00.002000Z", ecdsa.at), "of milliseconds");
    let rsa = verified(&vector("rsa.tsr"), &[]).unwrap();
    assert_eq!(rsa.at.to_string(), "2026-04-03T09:05:00Z");
    assert_eq!(rsa.not_later.to_string(), "2026-04-03T09:05:01.500000Z", "the authority says accurate to 1.5 s");
}

#[test]
fn a_token_without_its_reply_is_believed_as_well() {
    let reply = vector("rsa.tsr");
    // The reply is a sequence of a status, five bytes of it, and the token.
    let token = &reply[4 + 5..];
    assert_eq!(verified(token, &certificates("root.pem")), verified(&reply, &certificates("root.pem")));
}

#[test]
fn what_is_asked_for_is_what_openssl_would_ask_for() {
    assert_eq!(request(&three_lines()), vector("three-lines.tsq"));
}

#[test]
fn a_certificate_is_read_from_der_and_pem_with_anything_around_it() {
    let all = [b"subject=Example\n".to_vec(), vector("root.pem"), b"\nanother\n".to_vec(), vector("rsa.pem")].concat();
    let names: Vec<String> = Certificate::all(&all).unwrap().iter().map(Certificate::name).collect();
    assert_eq!(names, ["Example Root CA", "tsa.example"]);
    for none in [&b""[..], b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", b"\x30\x00", b"\xff"] {
        assert_eq!(Certificate::all(none), Err(NotACertificate));
    }
}

#[test]
fn what_must_not_be_believed_is_refused() {
    refused("expired.tsr", "root.pem", "the certificate of tsa.example was not valid then");
    refused("expired.tsr", "", "the certificate of tsa.example was not valid then");
    refused("another-use.tsr", "root.pem", "the certificate of tsa.example is not one for time stamping, and for nothing else");
    refused("rsa.tsr", "another-root.pem", "the certificate of tsa.example leads to none that you trust");
    refused("ecdsa.tsr", "rsa.pem", "the certificate of tsa-ec.example leads to none that you trust");
    refused("pss-salt.tsr", "pss-root.pem", "it is not as it was signed: its signature does not hold");
    refused("pss.tsr", "root.pem", "the certificate of tsa-pss.example leads to none that you trust");
    refused("rejected.tsr", "root.pem", "the authority did not grant it: status 2, Message digest algorithm is not supported.");
    refused("close-2025-03.tsr", "root.pem", "it stamps something else");
    let other = Checkpoint { size: 4, ..three_lines() };
    assert_eq!(Reply::parse(&vector("rsa.tsr")).unwrap().verify(&other, &certificates("root.pem")), Err(Refused::Another));
    assert_eq!(verified(&vec![0x30; LONGEST + 1], &[]), Err(Refused::Malformed("it is too long")));
    assert_eq!(verified(b"\x30\x03\x02\x01\x02", &[]), Err(Refused::Malformed("it is not the DER of RFC 3161")));
    assert_eq!(verified(&hexed("3005 3003 020102"), &[]), Err(Refused::NotGranted("status 2".to_owned())));
}

fn hexed(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// Replaces what stands exactly so often.
#[track_caller]
fn replaced(bytes: &[u8], from: &[u8], to: &[u8], times: usize) -> Vec<u8> {
    assert_eq!(from.len(), to.len(), "the lengths around it stay");
    let mut bytes = bytes.to_vec();
    let found: Vec<usize> = bytes.windows(from.len()).enumerate().filter(|(_, part)| *part == from).map(|(at, _)| at).collect();
    assert_eq!(found.len(), times);
    found.into_iter().for_each(|at| bytes[at..at + to.len()].copy_from_slice(to));
    bytes
}

#[test]
fn what_is_not_as_it_was_signed_is_named() {
    let reply = vector("rsa.tsr");
    let changed = |from: &[u8], to: &[u8], times: usize| verified(&replaced(&reply, from, to, times), &[]).unwrap_err();
    assert_eq!(changed(b"20260403090500Z", b"20250403090500Z", 1), Refused::Changed("its content has another digest"));
    assert_eq!(changed(b"260403090500Z\x30", b"260403090501Z\x30", 2), Refused::Changed("its content has another digest"));
    assert_eq!(changed(b"20260403090500Z", b"20261303090500Z", 1), Refused::Malformed("its time is none"));
    // The signing time is signed and not looked at: the attributes have another digest then.
    assert_eq!(changed(b"\x17\x0d260403090500Z", b"\x17\x0d260403090501Z", 1), Refused::Changed("its signature does not hold"));
    let signed_data = hexed("2a864886f70d010702");
    assert_eq!(changed(&signed_data, &hexed("2a864886f70d010703"), 1), Refused::Malformed("it is not signed"));
    let (info, other) = (hexed("2a864886f70d0109100104"), hexed("2a864886f70d0109100105"));
    assert_eq!(changed(&info, &other, 2), Refused::Malformed("what is signed is no time stamp"));
    let message_digest = (hexed("2a864886f70d010904"), hexed("2a864886f70d01090f"));
    assert_eq!(changed(&message_digest.0, &message_digest.1, 1), Refused::Malformed("its signed attributes are not those of RFC 3161"));
    let digests = (hexed("310f300d06096086480165030402010500"), hexed("310f300d06096086480165030402030500"));
    assert_eq!(changed(&digests.0, &digests.1, 1), Refused::Malformed("it does not list the digest that was signed"));
    // The certificate is another one of that name and number, or is not there.
    assert_eq!(changed(b"tsa.example", b"tsb.example", 1), Refused::Changed("it names another certificate"));
}

/// Each bit of a reply is flipped. What is then still believed says the same; where that is, is told.
fn flipped(bytes: &[u8], root: &str) -> Vec<usize> {
    let trusted = certificates(root);
    let honest = verified(bytes, &trusted).unwrap();
    let mut equal = Vec::new();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut flipped = bytes.to_vec();
            flipped[at] ^= 1 << bit;
            if let Ok(stamp) = verified(&flipped, &trusted) {
                assert_eq!(stamp, honest, "bit {bit} of byte {at}");
                equal.push(at);
            }
        }
    }
    equal.dedup();
    equal
}

#[test]
fn no_bit_of_a_reply_can_change_and_say_something_else() {
    for reply in ["rsa.tsr", "ecdsa.tsr"] {
        let bytes = vector(reply);
        // The status: granted, or granted with modifications. What is signed says which ones.
        let status = bytes.windows(5).position(|part| part == [0x30, 3, 2, 1, 0]).unwrap() + 4;
        assert_eq!(flipped(&bytes, "root.pem"), [status], "{reply}");
    }
    assert!(flipped(&vector("pss.tsr"), "pss-root.pem").is_empty(), "of a token alone, nothing");
}

/// The DER of a value.
fn tlv(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap().to_be_bytes();
    match length {
        [0, short] if short < 0x80 => [&[tag, short], value].concat(),
        [0, short] => [&[tag, 0x81, short], value].concat(),
        [high, low] => [&[tag, 0x82, high, low], value].concat(),
    }
}

/// The values that stand behind each other, whole, and what is in each.
fn values(mut bytes: &[u8]) -> Vec<(&[u8], &[u8])> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let (head, length) = match bytes[1] {
            0x82 => (4, usize::from(bytes[2]) * 256 + usize::from(bytes[3])),
            0x81 => (3, usize::from(bytes[2])),
            short => (2, usize::from(short)),
        };
        all.push((&bytes[..head + length], &bytes[head..head + length]));
        bytes = &bytes[head + length..];
    }
    all
}

/// A value with something more at the end of the one that the path leads to.
fn with(bytes: &[u8], path: &[usize], more: &[u8]) -> Vec<u8> {
    let (tag, (_, inside)) = (bytes[0], values(bytes)[0]);
    let Some((first, rest)) = path.split_first() else { return tlv(tag, &[inside, more].concat()) };
    let parts: Vec<Vec<u8>> = values(inside)
        .into_iter()
        .enumerate()
        .map(|(at, (whole, _))| if at == *first { with(whole, rest, more) } else { whole.to_vec() })
        .collect();
    tlv(tag, &parts.concat())
}

#[test]
fn what_was_not_signed_can_change_and_says_nothing() {
    let text = tlv(0x30, &tlv(0x0c, b"Granted, with our compliments"));
    let certificate = der_of("another-root.pem");
    let unsigned = tlv(0xa1, &tlv(0x30, &[hexed("06032a0304"), tlv(0x31, &tlv(0x0c, b"a note of somebody's"))].concat()));
    let mut bytes = vector("ecdsa.tsr");
    for (path, more) in [(&[0][..], &text), (&[1, 1, 0, 3], &certificate), (&[1, 1, 0, 4, 0], &unsigned)] {
        bytes = with(&bytes, path, more);
    }
    assert_eq!(verified(&bytes, &certificates("root.pem")), verified(&vector("ecdsa.tsr"), &certificates("root.pem")));
    let at = |part: &[u8]| bytes.windows(part.len()).position(|here| here == part).map(|at| at..at + part.len()).unwrap();
    let mut status = at(&text);
    status.start -= 1;
    let may = [status, at(&certificate), at(&unsigned)];
    let equal = flipped(&bytes, "root.pem");
    for range in &may {
        assert!(equal.iter().any(|byte| range.contains(byte)), "{range:?}");
    }
    assert_eq!(equal.iter().find(|byte| !may.iter().any(|range| range.contains(byte))), None);
}

/// The DER of a certificate in PEM.
fn der_of(name: &str) -> Vec<u8> {
    use base64ct::{Base64, Encoding as _};
    let text = String::from_utf8(vector(name)).unwrap();
    Base64::decode_vec(&text.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap()
}

#[test]
fn a_reply_cut_off_anywhere_is_refused() {
    for reply in ["rsa.tsr", "ecdsa.tsr", "pss.tsr", "another-use.tsr", "rejected.tsr"] {
        let bytes = vector(reply);
        for length in 0..bytes.len() {
            assert!(verified(&bytes[..length], &[]).is_err(), "{reply} with {length} bytes");
        }
        let longer = [&bytes[..], b"\0"].concat();
        assert!(verified(&longer, &[]).is_err(), "{reply} with a byte more");
    }
}
