//! `dealbook init`

mod hand;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ledger_core::chain::Head;
use ledger_core::id::Actor;
use ledger_core::privacy::{Shape, sightings_in};
use ledger_core::report::{Cell, Column, Kind, Report};
use ledger_core::time::Instant;
use ledger_store::LogError;
use ledger_store::backend::{self, sled::Meta};
use ledger_store::ledger::{Ledger, opening};

use super::{import, status};
use crate::context::{Context, FOLDER, Location};
use crate::failure::{Code, Exit, Failure};
use crate::import::{Order, Said, files};
use crate::sample;
use crate::session::{self, States};

/// Create a ledger here (--sample for a guided demo)
///
/// The ledger is a folder named .dealbook. With --sample, a year of seller data feeds of five invented sellers is imported into it, month by
/// month, and then what people record beside them: bills, commitments, programmes, credits. Status, the verdict of verify and the payouts follow.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder to create it in; it is created too when it is missing
    #[arg(value_name = "DIR", default_value = ".", hide_default_value = true)]
    pub(crate) dir: PathBuf,
    /// The ledger's name, part of its first event for ever (default: the folder's name)
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// A name that no other ledger has, such as ledger.example.com/emea (default: dealbook.local/NAME)
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) origin: Option<String>,
    /// Fill it with the sample
    #[arg(long, conflicts_with_all = ["name", "origin"])]
    pub(crate) sample: bool,
    /// Say what would be created, and create nothing
    #[arg(short = 'n', long)]
    pub(crate) dry_run: bool,
    /// Who records it (default: init)
    #[arg(long, value_name = "NAME", env = "DEALBOOK_ACTOR", hide_env = true)]
    pub(crate) actor: Option<String>,
}

pub(super) fn run(args: Args, context: &Context) -> Result<Exit, Failure> {
    let location = match &context.global.ledger {
        Some(text) if !text.is_empty() => Location::parse(text),
        _ => Location { scheme: "sled".to_owned(), place: context.folder.join(&args.dir).join(FOLDER) },
    };
    let actor = import::actor(args.actor.as_deref(), "init")?;
    let (name, origin) = if args.sample { (sample::NAME.to_owned(), sample::ORIGIN.to_owned()) } else { names(&args, context) };
    for (flag, text) in [("--name", &name), ("--origin", &origin)] {
        // Both stand in the first line for ever, and at the head of proofs.
        if text.trim().is_empty() || text.chars().any(char::is_control) {
            return Err(Failure::usage(format!("invalid value {text:?} for {flag}")).because("it is one line of text, and not empty"));
        }
        if sightings_in(&text.as_str().into()).iter().any(|sighting| sighting.shape == Shape::EMail) {
            return Err(Failure::new(Code::E0216, format!("the value of {flag} tells who somebody is"))
                .because("it looks like an e-mail address, and a line is never erased")
                .hint("name the company or the ledger, not a person"));
        }
    }
    if !ledger_core::checkpoint::is_key_name(&origin) {
        return Err(Failure::usage(format!("invalid value `{origin}` for --origin"))
            .because("the key that signs checkpoints goes by it: no space and no +"));
    }
    if args.dry_run {
        let report = made(&location, &name, &origin, None, context);
        context.tell_in_words(&report, &format!("Would create a ledger in {}", shown(&location, context)), Head::EMPTY)?;
        return Ok(Exit::Done);
    }
    if args.sample {
        return make_sample(&args.dir, &location, context);
    }
    let ledger = create(&location, &name, &origin, &actor, context.now(), context)?;
    let head = session::close(context, ledger)?;
    let said = format!(
        "Created ledger {name} in {}\n  head {head}\n\nNext\n  dealbook import FEEDS     a folder of seller data feeds\n  dealbook status",
        shown(&location, context)
    );
    context.tell_in_words(&made(&location, &name, &origin, Some(head), context), &said, head)?;
    Ok(Exit::Done)
}

/// Under which name and origin it is made.
fn names(args: &Args, context: &Context) -> (String, String) {
    let name = args.name.clone().unwrap_or_else(|| name_of(&context.folder.join(&args.dir)));
    // What signs checkpoints goes by the origin, and such a name has no space and no +.
    let plain = |name: &str| name.replace(|c: char| c.is_whitespace() || c == '+', "-");
    let origin = args.origin.clone().unwrap_or_else(|| format!("dealbook.local/{}", plain(&name)));
    (name, origin)
}

pub(super) fn columns() -> Vec<Column> {
    vec![
        Column::new("ledger", "Ledger", Kind::Text),
        Column::new("name", "Name", Kind::Text),
        Column::new("origin", "Origin", Kind::Text),
        Column::new("seq", "#", Kind::Count),
        Column::new("hash", "Hash", Kind::Hash),
    ]
}

/// What was made: where, under which names, and its head. Without a head it would be made.
fn made(location: &Location, name: &str, origin: &str, head: Option<Head>, context: &Context) -> Report {
    let mut report = Report::new("init", columns());
    report.rows.push(vec![
        Cell::text(shown(location, context)),
        Cell::text(name),
        Cell::text(origin),
        Cell::or_empty(head.map(|head| head.seq), Cell::Count),
        Cell::or_empty(head.map(|head| head.hash), Cell::Hash),
    ]);
    report
}

/// Makes a ledger with its first line.
fn create(
    location: &Location,
    name: &str,
    origin: &str,
    actor: &Actor,
    now: Instant,
    context: &Context,
) -> Result<Ledger<States>, Failure> {
    if let Some(parent) = location.place.parent().filter(|_| location.scheme == "sled") {
        std::fs::create_dir_all(parent).map_err(|why| Failure::unwritable(parent, &why))?;
    }
    backend::create(&location.to_string(), &Meta::new(name, origin))?;
    let mut ledger = session::open_for_writing(context, location)?;
    if ledger.head() != Head::EMPTY {
        // Another process was faster.
        return Err(LogError::Exists { path: location.place.clone() }.into());
    }
    ledger.stage(now, opening(actor.clone(), now, name, origin))?;
    ledger.commit()?;
    Ok(ledger)
}

fn make_sample(dir: &Path, location: &Location, context: &Context) -> Result<Exit, Failure> {
    let folder = context.folder.join(dir);
    if let Some(taken) = sample::FOLDERS.iter().find(|name| folder.join(name).exists()) {
        let message = format!("`{}` is there already", dir.join(taken).display());
        return Err(Failure::new(Code::E0604, message)
            .because(format!("the sample keeps its {taken} there"))
            .hint("choose another folder"));
    }
    let actor = sample::NAME.parse().map_err(|_| Failure::usage("the sample has no name"))?;
    let mut ledger = create(location, sample::NAME, sample::ORIGIN, &actor, sample::opened_at(), context)?;
    sample::unpack(&folder)?;
    let mut months: BTreeMap<Instant, Vec<files::InFile>> = BTreeMap::new();
    for file in files::find(&[folder.join("feeds")])? {
        months.entry(sample::imported_at(&file)).or_default().push(file);
    }
    for (now, files) in months {
        let order = Order { said: Said::default(), actor: actor.clone(), clock: &|| now, quarantine: false };
        crate::import::run(&mut ledger, files, &order, context)?;
        ledger.commit()?;
    }
    hand::take(&mut ledger, &folder, context)?;
    let head = session::close(context, ledger)?;
    let [feeds, bills, papers] = sample::FOLDERS.map(|name| dir.join(name));
    let said = format!(
        "Created ledger {} in {}\n  14 months of seller data feeds of five sellers, kept in {}\n  \
         commitments, programmes and credits of their buyers, from {} and {}\n  head {head}\n",
        sample::NAME,
        shown(location, context),
        feeds.display(),
        bills.display(),
        papers.display()
    );
    context.tell_in_words(&made(location, sample::NAME, sample::ORIGIN, Some(head), context), &said, head)?;
    status::after_init(location, context)
}

/// A location as the user would write it.
fn shown(location: &Location, context: &Context) -> String {
    location.place.strip_prefix(&context.folder).unwrap_or(&location.place).display().to_string()
}

/// The name of a folder.
fn name_of(folder: &Path) -> String {
    let name = folder.canonicalize().ok().and_then(|folder| Some(folder.file_name()?.to_string_lossy().into_owned()));
    name.or_else(|| Some(folder.file_name()?.to_string_lossy().into_owned())).unwrap_or_else(|| "ledger".to_owned())
}
