//! What can be wrong, and how it is said: the published error codes, and the problems of an input, collected all at once.
//!
//! A reader of input returns a [`Problem`] for every value it cannot take; the decoder knows the file and the line and makes it [`Located`];
//! [`Problems`] counts them all and keeps a few of each kind, so that a file with a million bad rows costs no more memory than one.

use std::fmt;

macro_rules! codes {
    ($($code:ident $meaning:literal, $headline:literal, $explanation:literal;)+) => {
        /// The published error codes. A code keeps its meaning for ever; what is no longer used is not given to anything else.
        ///
        /// E01 types and fields, E02 values, E03 files and names, E04 rules of the business, E05 integrity, E06 the store.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $meaning] $code,)+
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &[Self] = &[$(Self::$code,)+];

            /// As it is printed: `E0211`.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$code => stringify!($code),)+ }
            }

            /// What it means, in a line.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$code => $meaning,)+ }
            }

            /// How it is said of a value: `{column}` and `{found}` stand for the column and for what was found there.
            fn headline(self) -> &'static str {
                match self { $(Self::$code => $headline,)+ }
            }

            /// What it means, what to do, and an example.
            pub fn explanation(self) -> &'static str {
                match self { $(Self::$code => $explanation,)+ }
            }
        }
    };
}

codes! {
    E0101 "the text is not JSON", "this is not JSON",
        "A file or an argument that should hold JSON does not.\n\n    {\"type\": \"offer.released\",}\n                                ^ a comma before the closing brace\n\nCheck it with any JSON tool, then try again.";
    E0102 "a required column or field is missing", "the column `{column}` is missing",
        "Feeds are read by column name, never by position, and some columns cannot be done without.\n\n    billing_event_id,action,currency\n\nhas no `amount`. `dealbook help files` lists what each kind of file needs. A file re-saved with columns left out has to be downloaded again.";
    E0103 "an unknown field", "`{found}` is no field of this",
        "Events and ledger lines name every field they have; one that this dealbook does not know is refused, so that nothing is silently dropped. Either it is mistyped, or a newer dealbook wrote it.";
    E0104 "an unknown event type", "unknown event type `{found}`",
        "The type of an event is one of a fixed list: `dealbook schema --list`.\n\n    \"type\": \"agreement.acceptd\"     did you mean `agreement.accepted`?";
    E0201 "a required value is empty", "`{column}` is empty",
        "The row has nothing in a column that every such row must fill. AWS fills it; a filter or an edit has probably emptied it. Download the file again.";
    E0202 "a value is not a whole number", "`{column}` is not a whole number",
        "Counts, revisions and flags are written with digits only.\n\n    offer_revision = 2.0     write 2";
    E0203 "a value is none of the values this column has", "`{column}` has no value `{found}`",
        "The column takes one of a closed list of values, and this is none of them. Lists that AWS extends are open: there an unknown value is kept and reported as a finding, never refused.";
    E0204 "an id is malformed", "`{found}` is not an id",
        "Ids are text of 1 to 256 characters without control characters, kept exactly as AWS writes them, leading zeros included.";
    E0205 "a currency is not three capital letters", "`{found}` is not an ISO 4217 currency code",
        "Currencies are the three letters of ISO 4217 such as USD, EUR or JPY.\n\n    \"currency\": \"USDD\"     did you mean `USD`?";
    E0206 "a value is not a moment in time", "`{column}` is not a moment in time",
        "AWS writes moments in UTC, in one of two forms:\n\n    2026-03-02T00:00:00Z\n    2026-03-02 00:00:00.0\n\nA spreadsheet rewrites them to its own form. Download the file again.";
    E0207 "a date can be read in two ways", "ambiguous date `{found}`",
        "With slashes or points nobody can tell the day from the month.\n\n    03/04/2026     3 April or 4 March? write 2026-04-03 or 2026-03-04\n\nIn a feed, a spreadsheet has re-saved the file: download it again.";
    E0208 "an amount is too fine or too large", "`{column}` does not fit an amount",
        "Amounts have at most 18 digits before the decimal point and 8 after it. They are kept exactly and never rounded on the way in.\n\n    0.000000001     nine decimals";
    E0211 "an amount is not a decimal number", "`{column}` is not a decimal number",
        "Amounts are digits with an optional minus and an optional decimal point.\n\n    \"4,000.00\"     write 4000.00\n    \"73,5\"         write 73.5\n    73.5-          write -73.5\n    $5             write 5\n    1.11E+11       most of its digits are gone, and nothing tells them\n\nAWS writes them so; a spreadsheet that re-saved the file has probably changed them. Download the file again.";
    E0214 "an id has lost its digits", "id `{found}` has lost its digits",
        "An AWS account id has 12 digits, leading zeros included. A spreadsheet takes it for a number and writes 1.11122E+11, or drops the leading zeros; the digits cannot be got back. Download the file again, and look at it with a text editor.";
    E0215 "a value is not an AWS account id", "`{found}` is not a 12-digit AWS account id",
        "An AWS account id has exactly 12 digits, leading zeros included.\n\n    4444     not a 12-digit AWS account id";
    E0216 "a value tells who somebody is", "`{column}` tells who somebody is",
        "Lines are never erased, so nothing personal may stand in one. People are ids; who they are is kept elsewhere, where it can be erased.\n\n    li@example.com     write li\n\n`dealbook check privacy` looks for what is in the ledger already.";
    E0301 "no such name or id", "nothing matches `{found}`",
        "Nothing in the ledger has this name or id. Ids may be shortened to a unique beginning; names are matched anywhere.\n\n    dealbook show payouts party:glbex     did you mean globex-retail?";
    E0302 "a file of no known kind", "this is no kind of file I know",
        "Files are recognised by their columns. A Cost Explorer download, for example, is summed up and has no invoice ids, so it cannot be taken in. `dealbook help files` lists the kinds and their columns.";
    E0303 "a file cannot be read", "this file cannot be read",
        "The operating system refused: no such file, no permission, or a failing disk. The reason it gave is printed below the message.";
    E0304 "no ledger here", "no ledger here",
        "No folder named .dealbook was found in this folder or above it. Create one with `dealbook init`, change to a folder that has one, or name it with -L or DEALBOOK_DIR.";
    E0305 "an id or name that more than one thing has", "`{found}` is ambiguous",
        "The shortened id or the name fits several things, which are listed. Write more of it.";
    E0306 "an unknown point in the ledger's history", "the ledger has no point `{found}`",
        "--known-at takes #1842 (a position), at least 6 digits of a line's hash, or a moment. `dealbook log` shows them.";
    E0311 "text that is not UTF-8", "this is not UTF-8",
        "AWS delivers UTF-8. Bytes that are not have come from a program that saved the file in another encoding, usually Latin-1 or Windows-1252.\n\n    Caf\\xE9 GmbH     é in Latin-1\n\nDownload the file again, or save it as UTF-8.";
    E0312 "a file in UTF-16", "this file is UTF-16, not UTF-8",
        "`Unicode text` of a spreadsheet is UTF-16. Save it as `CSV UTF-8`, or better: download it again.";
    E0313 "a line with too few or too many fields", "this line has another number of fields than the header",
        "Every line of a CSV file has as many fields as its header.\n\n    id,amount,currency\n    be-1,4,000.00,USD     4 fields, expected 3: the thousands separator makes one more\n\nDownload the file again.";
    E0314 "a quote that never closes", "a quote opens here and never closes",
        "A field that begins with a quote goes on, over line ends, to the next single quote. When that is missing, the rest of the file is inside it.\n\n    be-1,\"Globex Retail,4000.00\n\nThe file is damaged or was cut off. Download it again.";
    E0315 "a NUL byte", "a NUL byte stands in `{column}`",
        "A CSV file holds text, and text has no NUL bytes. The file was damaged in transit or on disk, or it is no CSV file. Download it again.";
    E0316 "an empty file", "this file is empty",
        "Not even a header is there. A file of a month in which nothing came still has its header, and counts as delivered; an empty one does not. Download it again.";
    E0317 "two columns of the same name", "two columns are named `{column}`",
        "Columns are found by name, so a name that occurs twice could mean either. The file was joined or edited. Download it again.";
    E0318 "a damaged gzip file", "this gzip file is damaged",
        "The compressed file ends too early, or its checksum is not that of its content: a download was cut off. Download it again.";
    E0319 "a field or line that is too long", "this field is too long",
        "A field has at most 1 MiB and a line at most 4 MiB, and the event that a row makes has at most 31,744 bytes, so that a line holds it and what it restates. What is longer is a damaged file, most often one whose quotes or line ends are lost.";
    E0320 "a file that expands too far", "this file expands too far",
        "A compressed file that grows more than a hundredfold, past 256 MiB, is not read on: no feed does that, but files made to exhaust a machine do. Decompress it yourself if you trust it, and import the result.";
    E0321 "text beside a quoted field", "text stands beside a quoted field",
        "A quoted field begins right after a comma and ends right before one; a quote inside it is written twice.\n\n    \"The \"best\" Ltd\"       write \"The \"\"best\"\" Ltd\"\n\nA program that does not write CSV correctly has re-saved the file. Download it again.";
    E0322 "whose feed it is cannot be told", "whose feed this is cannot be told",
        "The same agreement stands in the feeds of several sellers, so every file needs its recipient: the 12-digit folder above `<feed>_v1` in AWS's layout, the account feed beside it, or --account. When they disagree, nothing is taken in.";
    E0323 "a file that changed while it was read", "this file changed while it was read",
        "Import reads twice: once to judge, once to record. The second time the bytes were other ones, so nothing was recorded of it. Run it again when the file is no longer written to.";
    E0324 "a file that cannot be written", "this file cannot be written",
        "The output could not be written where -o said. The reason the operating system gave is printed below the message.";
    E0325 "a template that is not filled in", "`{found}` is not filled in",
        "A placeholder in double braces stands where a program was to put a value. The template says what will be asked for, not what was.\n\n    \"BuyerAccounts\": \"{{BUYER_IDS}}\"\n\nImport what was sent, or better: what AWS answered.";
    E0326 "a document that leaves something open", "this document leaves something open",
        "A change set as it was asked for does not say whether and when AWS did it, nor what AWS called what was created; the answer to GetAgreementTerms does not name the agreement. Import the answer that says it (DescribeChangeSet), or say it beside the document:\n\n    dealbook import changes.json --effective 2026-03-31 --entity CreateOffer=offer-1111111111111";
    E0327 "a file without a receipt that can be asked again", "this holds no receipt that can be asked again",
        "An answer is held against the ledger by its receipt. It stands in answers in json and ndjson, and beside those that -o writes in other formats.\n\n    dealbook show payouts -o payouts.csv          payouts.csv.receipt.json\n    dealbook verify --receipt payouts.csv.receipt.json payouts.csv\n\nWhat supposes events (--if), what was exported for another program and what was recorded is no question that the ledger alone answers.";
    E0328 "a damaged Parquet file", "this Parquet file is damaged",
        "A Parquet file says at its end what stands where in it; one whose end is missing was cut off in a download. Or what it says is not so, or it is compressed in a way that is not read here: snappy, zstd and gzip are. Download it again, or export it again.";
    E0329 "two versions of one bill", "two versions of one bill were given",
        "AWS writes a month's bill anew until it is final, and both files tell the same payer's month. One that has invoices stands for one that has none; of two that are alike in this nothing tells which is the later one, and together they would count twice. Give the later one alone.";
    E0401 "what you want to do breaks a rule", "this breaks a rule",
        "What AWS says is always recorded, with a finding when it breaks a rule. What we ourselves want to do and must not is refused, and this says which rule. Nothing was recorded.";
    E0402 "there are findings", "there are findings",
        "The command did what it should and found something that a person has to look at: `dealbook show findings`.";
    E0403 "one's own entry", "nobody approves an entry of their own",
        "An approval is a second person's. Whoever recorded an entry cannot approve it, under whatever role. Somebody else signs it: `dealbook approve N --key FILE --actor NAME`.";
    E0404 "an approval is missing", "an approval is missing",
        "A policy of this ledger says who must approve what is released, by its value, and not all of them have. Only an approval that is signed with the key of a registered person counts, and only for the terms as they were signed: a new draft needs new approvals.\n\n    dealbook approve N --key FILE --actor NAME";
    E0405 "a key or signature that does not match", "the signature does not match",
        "A signature is made with the Ed25519 key that the person was registered with, over the hash of the entry. Another key, another entry or a damaged file gives another signature.";
    E0406 "not a registered person", "`{found}` is not registered here",
        "Whoever signs is registered with a key first: `dealbook keygen`, then `dealbook record person.registered --set person=NAME --set key=KEY`.";
    E0407 "something that is not recorded", "`{found}` is not recorded here",
        "What an entry refers to has to be recorded before it: the offer that is accepted, the authorization that is sold under, the entry that is approved. `dealbook show offers`, `show authorizations`, `show agreements` and `log` list what there is.";
    E0408 "not in the state for this", "`{found}` is not in the state for this",
        "An offer is drafted, submitted, approved and released, and from then on only its availability changes; an agreement is accepted, amended and ended once; an authorization is granted and restricted once. What is said cannot follow on what stands.";
    E0409 "an authorization that does not cover this", "the resale authorization does not cover this",
        "A channel partner sells what the authorization says: its product, in its currency, to its buyers, while it is available, and as often as it allows. It is never extended; the ISV grants another one.";
    E0410 "a channel offer without an authorization", "a channel partner's offer needs a resale authorization",
        "Only the owner of a product sells it without one. A channel partner private offer names the authorization it stands on: `--set authorization=resaleauthz-…`.";
    E0411 "a payment schedule that cannot be", "the payment schedule breaks a rule",
        "A schedule has up to 60 instalments over up to five years, each on a day of its own in rising order and inside of the contract, at most one of them before acceptance, and they sum to the value of the offer exactly. AWS Marketplace seller guide, flexible payment scheduler.";
    E0412 "an amount finer than its currency", "`{column}` is finer than the currency's smallest unit",
        "JPY has no decimals, USD has two, KWD has three: ISO 4217. What is invoiced cannot be finer than what can be paid.\n\n    10000.50 JPY     write 10001";
    E0413 "offers that would be confused", "this would be confused with another offer",
        "Several private offers and the public one can stand side by side for one buyer. Each needs a name that the buyer can tell from the others.";
    E0414 "an account that it is not made to", "`{found}` is not an account this is made to",
        "A private offer is accepted by an account that it names. In an organisation of many accounts it is often another one that tries. Release an offer to the right account, or let the right account accept.";
    E0415 "too early or too late", "`{column}` lies outside of the time in which this can be",
        "An offer is accepted from its release until it expires; what ends lies after what begins.";
    E0416 "a second live subscription", "the buyer has a live subscription to this product",
        "A buyer holds one agreement per product at a time. An offer that renews or replaces the agreement says so: `--set replaces=agmt-…`.";
    E0417 "not on the buyer's list", "`{found}` is not on the buyer's list of products",
        "The buyer's private marketplace lists what may be bought, by the policy `private-marketplace` as it stands on the day. That is a gate of the buyer's organisation; a private offer is a price, and opens no gate.";
    E0418 "a fact of AWS's without a document", "this is for AWS to say",
        "What AWS invoices, collects, pays out or delivers in a feed is a fact of AWS's. Of an agreement, a party or a product it can be recorded by hand from the document that shows it: `--document FILE`. Money and opening balances come from the feeds alone: import them.";
    E0419 "an entry that cannot be corrected", "this entry cannot be corrected",
        "Entries of ours are corrected, once each: what is wrong with a correction is put right by correcting that. What a feed said stands as it was said; AWS restates it.";
    E0420 "a rule of AWS Marketplace's", "AWS Marketplace does not do this",
        "Public offers and consumption are priced in USD; professional services are sold by private offers only; only SaaS contracts are replaced in mid-term; the seller of record of an agreement never changes.";
    E0421 "a reference that names something else", "`{found}` names another entry",
        "A reference of another system (`--ref SYSTEM:ID`) stands for one entry, so that sending it twice records it once. It has come again with other content. Correct the entry, or use another reference.";
    E0422 "a day from before the ledger's beginning", "the ledger does not know that day yet",
        "A balance that was brought forward is known from its cut-over on; what it was made of before is in another system. Ask for the day of the cut-over or a later one, or import the rows from before: they take the balance's place.";
    E0501 "a line is not what its hash says", "an event does not match its hash",
        "The line after it names another hash than its bytes give: it was changed in place, or the next one was. Everything before it is proven. Compare with a copy: `dealbook copy`, or a bundle someone else keeps.";
    E0502 "a line is missing, repeated or out of order", "an event is out of its place",
        "Positions run from 1 without gaps. A line was removed, inserted or moved. Everything before it is proven.";
    E0503 "the first line begins no ledger", "event #1 does not begin a ledger",
        "The first line names 64 zeros as the hash before it. This one does not: the beginning is missing or was replaced.";
    E0504 "the ledger is shorter than it was", "the ledger is shorter than a head that was given",
        "A chain cannot show that its end was cut off; a head kept elsewhere can. The ledger here does not contain the head given with --since, or the one its own anchor remembers.";
    E0505 "a line this dealbook cannot read", "this is not a line that I can read",
        "The bytes are no line of a ledger, or one of a later format version. In the second case use the newer dealbook.";
    E0506 "a replay comes to another result", "the replay differs from the live state",
        "Folding every event from the first gives other figures than the state kept beside the ledger. The events are right; what is derived from them may be deleted (the folder `derived` of the ledger) and is rebuilt when it is next asked for. The difference is a bug to report.";
    E0507 "log and store contradict each other", "log and store contradict each other",
        "The store holds a valid continuation of the log that the log has lost, or the log ends before the last position that was made durable. Nothing is touched. `dealbook copy sled:DIR jsonl:FILE` saves what the store has.";
    E0508 "a history that does not continue a checkpoint", "the history does not continue a checkpoint",
        "A checkpoint is signed for a number of events and the root of the tree over them. The events here are fewer, or come to another root, or belong to another ledger: it was cut off, written anew, or put back from an old copy. Nothing is signed then. Everything up to the last checkpoint that it does continue is proven.";
    E0509 "a signature that is missing or does not hold", "a signature is missing or does not hold",
        "A checkpoint counts for what the key has signed that you know by other means: `--key`. It is not signed by that key, its text or its signature was changed, or a file of the folder `checkpoints` is not as it was written. A note that was handed out can be handed back: everybody may have a copy.";
    E0510 "two histories under one name", "two checkpoints of one size differ",
        "Two signed checkpoints of one ledger have the same size and different roots. Whoever has the key has told two histories. Keep both notes: together they are the proof.";
    E0511 "a proof or bundle that does not hold", "the proof or bundle does not hold",
        "A proof leads from a line to the root of a checkpoint, and a bundle holds lines, checkpoints and proofs. This one is cut off or changed, or leads to another root. Ask for it again: `dealbook prove`, `dealbook bundle`.";
    E0512 "an answer that the ledger does not give", "this is not what the ledger answers",
        "A receipt binds an answer to a history: to the line it was asked at, and to the digest of its data. What differs was changed after it was given, or the ledger was; the receipt says which. An answer that another version of the program computed may differ without that: then it says so.";
    E0513 "a time stamp that does not hold", "the time stamp does not hold",
        "A time stamping authority signs that a checkpoint was there at a moment. This reply is of something else, was changed, was signed with a certificate that is not good for it, or leads to no certificate that you trust. It proves nothing; the checkpoint itself is not affected. Put the reply back from a copy, or ask for another: `dealbook checkpoint --stamp-request`.";
    E0601 "another process is writing", "another process is writing to this ledger",
        "One process at a time writes. Readers wait for nobody. The holder is named; wait for it, or end it.";
    E0602 "the ledger has moved on", "the ledger has moved on",
        "--expect-head named a head that is no longer the last. Look at what came in between with `dealbook log`, then decide again.";
    E0603 "the disk refused", "the disk refused",
        "A read, a write or a sync failed. What was acknowledged before is safe. Free space or mend the disk, then open the ledger again.";
    E0604 "a ledger is there already", "a ledger is there already",
        "`init` never overwrites. Choose another folder.";
    E0605 "two histories have parted", "the two histories have parted",
        "Both ledgers were the same up to a point and then recorded different events. Neither can be appended to the other; both heads are named.";
    E0606 "whether it was recorded is not known", "whether it was recorded is not known",
        "The connection or the disk failed at the moment of acknowledgement. Look with `dealbook status`; running the same import again is safe.";
    E0607 "control totals that do not tie", "the control totals do not tie",
        "A row of a statement was in no class or in two, or what was billed less what the ledger has is not what the breaks come to. It is a bug: nothing was recorded. Report it with the message.";
    E0699 "not built", "this is not built",
        "This dealbook does not do that.";
}

impl fmt::Display for Code {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(self.as_str())
    }
}

impl std::str::FromStr for Code {
    type Err = NotACode;

    fn from_str(text: &str) -> Result<Self, NotACode> {
        Self::ALL.iter().find(|code| code.as_str().eq_ignore_ascii_case(text)).copied().ok_or(NotACode)
    }
}

/// A text that is no published error code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no error has this code")]
pub struct NotACode;

/// One thing that is wrong with an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its kind.
    pub code: Code,
    /// The column it is in, when it is in one.
    pub column: Option<String>,
    /// The offending text.
    pub found: String,
    /// The cause, in few words and without the offending text: `thousands separator`. Problems with the same cause are shown as one.
    pub why: String,
    /// What to do about it.
    pub cure: String,
}

impl Problem {
    /// A problem with a value; column and cure are added with [`Problem::column`] and [`Problem::cure`].
    pub fn new(code: Code, found: impl Into<String>, why: impl Into<String>) -> Self {
        Self { code, column: None, found: found.into(), why: why.into(), cure: String::new() }
    }

    /// Names the column it is in.
    #[must_use]
    pub fn column(self, column: impl Into<String>) -> Self {
        Self { column: Some(column.into()), ..self }
    }

    /// Says what to do about it.
    #[must_use]
    pub fn cure(self, cure: impl Into<String>) -> Self {
        Self { cure: cure.into(), ..self }
    }

    /// The problem in one line, as in ``id `1.11122E+11` has lost its digits``.
    pub fn headline(&self) -> String {
        let found: String = self.found.chars().take(80).collect();
        let template = self.code.headline();
        let column = self.column.as_deref().unwrap_or("a value");
        if self.column.is_none() { template.replace("`{column}`", column) } else { template.replace("{column}", column) }
            .replace("{found}", &found)
    }
}

impl fmt::Display for Problem {
    /// ``column `to_account_id`: `4444` is not a 12-digit AWS account id``
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.column {
            Some(column) => write!(out, "column `{column}`: {}", self.why),
            None => out.write_str(&self.why),
        }
    }
}

/// A problem and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// The file as the user named it.
    pub file: String,
    /// The line in the decoded text, from 1; 0 when it concerns the file as a whole.
    pub line: u64,
    /// Which column it is, from 1, when it is in one.
    pub column_number: Option<u64>,
    /// What is wrong.
    pub problem: Problem,
}

/// Every problem of some inputs: all are counted, a few of each kind are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems {
    kinds: Vec<Kind>,
    total: u64,
    rows: u64,
    last_row: Option<(String, u64)>,
}

/// Problems of the same code in the same column of the same file, for the same cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kind {
    /// The first of them.
    pub first: Located,
    /// How many there are, the first included.
    pub count: u64,
    /// The lines of the first few, the first included.
    pub lines: Vec<u64>,
}

impl Problems {
    /// How many line numbers are kept of each kind.
    pub const LINES_KEPT: usize = 8;
    /// How many kinds are told apart; what comes after is counted with the last kind of its code, or in the total alone.
    pub const KINDS_KEPT: usize = 256;

    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, located: Located) {
        self.total += 1;
        if !self.last_row.as_ref().is_some_and(|(file, line)| *line == located.line && *file == located.file) {
            self.rows += 1;
            self.last_row = Some((located.file.clone(), located.line));
        }
        let same = |kind: &&mut Kind| {
            let (a, b) = (&kind.first, &located);
            a.problem.code == b.problem.code && a.file == b.file && a.problem.column == b.problem.column && a.problem.why == b.problem.why
        };
        let full = self.kinds.len() >= Self::KINDS_KEPT;
        if let Some(kind) = self.kinds.iter_mut().find(same) {
            kind.count += 1;
            if kind.lines.len() < Self::LINES_KEPT {
                kind.lines.push(located.line);
            }
        } else if !full {
            self.kinds.push(Kind { count: 1, lines: vec![located.line], first: located });
        } else if let Some(kind) = self.kinds.iter_mut().rev().find(|kind| kind.first.problem.code == located.problem.code) {
            kind.count += 1;
        }
    }

    /// Takes in those of another input.
    pub fn extend(&mut self, other: Self) {
        self.total += other.total;
        self.rows += other.rows;
        let room = Self::KINDS_KEPT.saturating_sub(self.kinds.len());
        self.kinds.extend(other.kinds.into_iter().take(room));
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// How many there are.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// How many lines have at least one. Exact when the problems of a line are added one after the other.
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// The kinds, in the order in which they were met.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(line: u64, column: &str) -> Located {
        let problem = Problem::new(Code::E0211, "4,000.00", "thousands separator").column(column).cure("AWS writes 4000.00");
        Located { file: "b.csv".into(), line, column_number: Some(4), problem }
    }

    #[test]
    fn all_are_counted_and_few_are_kept() {
        let mut problems = Problems::new();
        for line in 2..100_002 {
            problems.push(at(line, "amount"));
            problems.push(at(line, "disbursement_amount"));
        }
        assert_eq!((problems.total(), problems.rows(), problems.kinds().len()), (200_000, 100_000, 2));
        assert_eq!(problems.kinds()[0].count, 100_000);
        assert_eq!(problems.kinds()[0].lines, (2..10).collect::<Vec<_>>());
    }

    #[test]
    fn kinds_are_bounded() {
        let mut problems = Problems::new();
        (0..10_000).for_each(|n| problems.push(at(n, &format!("c{n}"))));
        assert_eq!((problems.total(), problems.kinds().len()), (10_000, Problems::KINDS_KEPT));
        assert_eq!(problems.kinds().iter().map(|kind| kind.count).sum::<u64>(), 10_000);
    }

    #[test]
    fn a_headline_names_the_column_or_the_value() {
        assert_eq!(at(1, "amount").problem.headline(), "`amount` is not a decimal number");
        assert_eq!(Problem::new(Code::E0214, "1.1E+11", "").headline(), "id `1.1E+11` has lost its digits");
        assert_eq!(Problem::new(Code::E0315, "", "").headline(), "a NUL byte stands in a value");
    }

    #[test]
    fn every_code_is_explained_and_no_two_mean_the_same() {
        let mut meanings: Vec<&str> = Code::ALL.iter().map(|code| code.meaning()).collect();
        meanings.sort_unstable();
        meanings.dedup();
        assert_eq!(meanings.len(), Code::ALL.len());
        assert!(Code::ALL.windows(2).all(|pair| pair[0].as_str() < pair[1].as_str()));
        assert!(Code::ALL.iter().all(|code| code.explanation().len() > 20));
    }
}
