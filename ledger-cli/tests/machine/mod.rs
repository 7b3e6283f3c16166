//! The real program in a folder of its own: hermetic, with a stopped clock, and looked at from outside.

pub(crate) mod fault;
#[path = "../support/tools.rs"]
pub(crate) mod tools;

use std::ffi::OsStr;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use ledger_core::chain::Head;
use ledger_store::scan::{Depth, ScanError, scan};
use ledger_store::{Source, backend};

/// The recipient of the feeds that are made up here.
pub(crate) const RECIPIENT: &str = "039235861748";

/// No command here takes nearly so long: one that does waits for something that never comes.
const FOREVER: Duration = Duration::from_secs(180);

/// Runs a command to its end, and does not wait for one that never ends.
#[track_caller]
pub(crate) fn run(command: &mut Command) -> Ran {
    let child = command.spawn().unwrap();
    let id = child.id();
    let (tell, told) = channel();
    thread::spawn(move || tell.send(child.wait_with_output()));
    told.recv_timeout(FOREVER).map(|output| output.unwrap().into()).unwrap_or_else(|_| {
        let _ = Command::new("kill").args(["-9", &id.to_string()]).status();
        panic!("still running after {} s: {command:?}", FOREVER.as_secs())
    })
}

/// What a command did.
pub(crate) struct Ran {
    /// How it ended; nothing if it was killed.
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl From<Output> for Ran {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

impl Ran {
    /// It is done.
    #[track_caller]
    pub(crate) fn done(self) -> Self {
        assert_eq!(self.code, Some(0), "{self}");
        self
    }

    /// It ended so, and said this on standard error.
    #[track_caller]
    pub(crate) fn failed(self, code: i32, said: &str) -> Self {
        assert!(self.code == Some(code) && self.err.contains(said), "expected {code} and `{said}`: {self}");
        assert!(self.out.is_empty(), "a failure has no result: {self}");
        self
    }

    /// The head that it says the ledger has now: what is acknowledged.
    pub(crate) fn acknowledged(&self) -> Option<String> {
        Some(self.out.split_once("head ")?.1.lines().next()?.to_owned()).filter(|_| self.out.contains('\n'))
    }
}

impl fmt::Display for Ran {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "ended with {:?}\n{}\n{}", self.code, self.out, self.err)
    }
}

/// A folder to work in. It may hold a ledger.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // Where the program puts what it makes for itself.
        fs::create_dir(folder.path().join("tmp")).unwrap();
        Self(folder)
    }

    /// A folder with a ledger that has its first line.
    pub(crate) fn ledger() -> Self {
        let place = Self::empty();
        place.run(["init", "--name", "test"]).done();
        place
    }

    /// Another folder with everything that this one has.
    pub(crate) fn copied(&self) -> Self {
        let folder = tempfile::tempdir().unwrap();
        copy(self.0.path(), folder.path());
        Self(folder)
    }

    /// A path in it.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    /// Makes a file, and the folders above it.
    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
        path
    }

    /// The program, about to be started here.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dealbook"));
        command.args(args).current_dir(self.0.path()).env_clear();
        command.env("DEALBOOK_NOW", "2026-03-01T06:00:00Z").env("TMPDIR", self.at("tmp"));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs the program here.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Ran {
        run(&mut self.command(args))
    }

    /// Starts the program here.
    pub(crate) fn start<A: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = A>) -> Child {
        self.command(args).spawn().unwrap()
    }

    /// What every party is owed.
    pub(crate) fn payouts(&self) -> String {
        self.run(["show", "payouts", "-f", "csv"]).done().out
    }

    /// What a reader finds, read from outside.
    pub(crate) fn source(&self) -> Box<dyn Source> {
        backend::read(&self.0.path().display().to_string()).unwrap_or_else(|error| panic!("refused: {error}"))
    }

    /// The head, with every line before it verified.
    pub(crate) fn verified(&self, depth: Depth) -> Head {
        let (source, mut head) = (self.source(), Head::EMPTY);
        scan(source.read(1).unwrap(), Head::EMPTY, depth, |checked| {
            head = checked.after;
            Ok::<(), ScanError>(())
        })
        .unwrap_or_else(|error| panic!("broken: {error}"));
        assert_eq!(head, source.head());
        head
    }

    /// The bytes of the log.
    pub(crate) fn log(&self) -> Vec<u8> {
        let mut segments: Vec<PathBuf> = fs::read_dir(self.at(".dealbook/log")).unwrap().map(|file| file.unwrap().path()).collect();
        segments.sort();
        segments.into_iter().flat_map(|segment| fs::read(segment).unwrap()).collect()
    }
}

/// Copies a folder.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// Where a month of billing events lies in the delivery layout.
pub(crate) fn month(year: u32, month: u32) -> String {
    format!("feeds/{RECIPIENT}/billingeventfeed_v1/year={year}/month={month:02}/data.csv")
}

/// Billing events as a feed has them, `from` up to `to`: the same numbers are the same rows.
pub(crate) fn billing(rows: std::ops::Range<u64>) -> String {
    const COLUMNS: &[(&str, &str)] = &[
        ("valid_from", "2025-03-01T11:26:56Z"),
        ("insert_date", "2025-03-02T02:28:19Z"),
        ("update_date", "2025-03-02T02:28:19Z"),
        ("delete_date", ""),
        ("billing_event_id", "{id}"),
        ("from_account_id", "lZAhIZcRfXwzhrX1q2hVQ7fMzeZ6124lmQq9PZTqGv"),
        ("to_account_id", "nQAWHb6D1pvnb6cx1Xytono7YVePoAjzFiXBKbaAnE"),
        ("end_user_account_id", "lZAhIZcRfXwzhrX1q2hVQ7fMzeZ6124lmQq9PZTqGv"),
        ("product_id", "prod-4xlrck328zjmv"),
        ("action", "INVOICED"),
        ("transaction_type", "SELLER_REV_SHARE"),
        ("parent_billing_event_id", ""),
        ("disbursement_billing_event_id", ""),
        ("currency", "USD"),
        ("amount", "{amount}"),
        ("balance_impacting", "1"),
        ("invoice_date", "2025-02-03T11:16:56Z"),
        ("payment_due_date", "2025-03-05T11:16:56Z"),
        ("usage_period_start_date", "2025-02-03T00:00:00Z"),
        ("usage_period_end_date", "2025-02-03T23:59:59Z"),
        ("invoice_id", "{invoice}"),
        ("billing_address_id", ""),
        ("transaction_reference_id", ""),
        ("bank_trace_id", ""),
        ("broker_id", "AWS_INC"),
        ("agreement_id", "agmt-h4pnt1y5rz08z682ydbi9slld"),
        ("buyer_transaction_reference_id", ""),
        ("disbursement_currency", "USD"),
        ("disbursement_amount", "{amount}"),
        ("disbursement_reference_number", ""),
        ("action_date", "2025-03-01 11:26:56.000000"),
        ("offer_id", "offer-biunug53v4taa"),
        ("buyer_invoice_id", "{invoice}"),
        ("buyer_invoice_date", "2025-02-03 11:16:56.000000"),
        ("line_item_id", "{line}"),
        ("buyer_line_item_id", "{line}"),
        ("invoice_variant", "PURCHASE"),
        ("charge_variant", "PURCHASE"),
        ("charge_side", "SELLING"),
        ("recipient_account_id", "nQAWHb6D1pvnb6cx1Xytono7YVePoAjzFiXBKbaAnE"),
        ("catalog", "AWSMarketplace"),
    ];
    let joined = |values: Vec<String>| values.join(",") + "\n";
    let header = joined(COLUMNS.iter().map(|(name, _)| (*name).to_owned()).collect());
    let row = |n: u64| {
        let value = |text: &str| match text {
            // As long and as incompressible as the real ones.
            "{id}" => blake3::hash(&n.to_le_bytes()).to_hex()[..40].to_owned(),
            "{amount}" => format!("{}.{:02}", 1 + n % 977, n % 100),
            "{invoice}" => (700_000_000 + n / 4).to_string(),
            "{line}" => blake3::hash(&(n / 2).to_be_bytes()).to_hex()[..36].to_owned(),
            text => text.to_owned(),
        };
        joined(COLUMNS.iter().map(|(_, text)| value(text)).collect())
    };
    rows.fold(header, |feed, n| feed + &row(n))
}

/// Numbers that look random and are the same on every run.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `of`.
    pub(crate) fn roll(&mut self, of: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) % of
    }
}
