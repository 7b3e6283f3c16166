//! `dealbook keygen`

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::SigningKey;
use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{EncodePrivateKey as _, KeypairBytes};

use crate::context::Context;
use crate::failure::{Code, Exit, Failure};

/// Make a key to sign approvals or checkpoints with
///
/// Writes an Ed25519 private key (PKCS #8, PEM, as openssl reads it) that only its owner may read, and prints the public key to register:
/// dealbook record person.registered --set person=NAME --set key=KEY
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where the private key goes; it never overwrites
    #[arg(value_name = "FILE")]
    pub(crate) file: PathBuf,
}

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|why| Failure::new(Code::E0603, "the system gives no random numbers").because(why))?;
    let key = SigningKey::from_bytes(&seed);
    // Without the public key beside it: what older openssl reads.
    let pair = KeypairBytes { secret_key: key.to_bytes(), public_key: None };
    let text = pair.to_pkcs8_pem(LineEnding::LF).map_err(|why| Failure::new(Code::E0405, "the key cannot be written").because(why))?;
    let path = context.folder.join(&args.file);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let write = || options.open(&path)?.write_all(text.as_bytes());
    write().map_err(|why| match why.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::new(Code::E0604, format!("{} is there already", args.file.display()))
            .because("a key is never overwritten")
            .hint("choose another file"),
        _ => Failure::unwritable(&args.file, &why),
    })?;
    context.note(format_args!("The private key is in {}: who has it signs as you", args.file.display()));
    context.say(public(&key))?;
    Ok(Exit::Done)
}

/// The public key as people register it.
fn public(key: &SigningKey) -> String {
    Base64::encode_string(key.verifying_key().as_bytes())
}
