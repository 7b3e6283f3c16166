//! What the program promises to those who do not trust it: what is derived decides nothing, what is asked is answered from the lines, and every
//! answer is as its schema says.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]
#![expect(dead_code, reason = "the support is shared with other tests")]

#[path = "support/folders.rs"]
mod folders;
#[path = "support/sampled.rs"]
mod sampled;

use std::fs;
use std::path::PathBuf;

use ledger_core::chain::Hash;
use ledger_core::event::Entry;
use ledger_core::projection::Projection;
use ledger_core::projection::billing::Billing;
use ledger_store::derived::Derived;

use sampled::{SEGMENT, dealbook, ends, err, head_of, inside, ledger, lines, out};

#[test]
fn a_replay_is_equal_whatever_was_derived() {
    let folder = ledger();
    let replayed = dealbook(folder.path(), &["replay", "-f", "csv"]);
    ends(&replayed, 0);
    let payouts = || out(&dealbook(folder.path(), &["show", "payouts", "-f", "csv"])).to_owned();
    let (answer, expected) = (payouts(), out(&replayed).to_owned());
    assert!(expected.lines().skip(1).all(|line| line.ends_with(",true")), "{expected}");
    let derived = inside(&folder, "derived");
    let files: Vec<PathBuf> = fs::read_dir(&derived).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file()).collect();
    assert!(files.len() >= 4);
    for path in &files {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    }
    assert_eq!(payouts(), answer);
    let again = dealbook(folder.path(), &["replay", "-f", "csv"]);
    ends(&again, 0);
    assert_eq!(out(&again), expected);
    fs::remove_dir_all(&derived).unwrap();
    assert_eq!(payouts(), answer);
}

#[test]
fn a_forged_state_is_found() {
    let folder = ledger();
    let all = lines(&inside(&folder, SEGMENT));
    let mut billing = Billing::default();
    for (at, line) in all.iter().enumerate().skip(1000) {
        billing.evolve(&Entry::read(line, at as u64 + 1).unwrap());
    }
    let derived = Derived::new(&inside(&folder, "derived"));
    derived.save(billing.name(), billing.version(), head_of(&all), |out| billing.write(out)).unwrap();
    for args in [&["replay"][..], &["verify", "--full"]] {
        let forged = dealbook(folder.path(), args);
        ends(&forged, 5);
        assert!(err(&forged).contains("error[E0506]"), "{}", err(&forged));
    }
    fs::remove_dir_all(inside(&folder, "derived")).unwrap();
    ends(&dealbook(folder.path(), &["replay"]), 0);
}

#[test]
fn a_replay_can_end_early_and_be_watched() {
    let folder = ledger();
    let early = dealbook(folder.path(), &["replay", "--to", "#1000", "-f", "csv"]);
    ends(&early, 0);
    let money: Vec<&str> = out(&early).lines().filter(|line| line.starts_with("billing,") && !line.contains(",digest,")).collect();
    assert!(money.len() > 3 && money.iter().all(|line| line.ends_with(",true")), "{money:?}");
    let steps = dealbook(folder.path(), &["replay", "--step", "--to", "#4", "-f", "csv"]);
    ends(&steps, 0);
    assert_eq!(
        out(&steps),
        "seq,event,projection,what,before,after\n\
         1,ledger.opened,,,,\n\
         2,source.imported,sources,events promised,0,5\n\
         2,source.imported,sources,files,0,1\n\
         2,source.imported,sources,rows,0,5\n\
         3,party.registered,records,party versions,0,1\n\
         3,party.registered,sources,events arrived,0,1\n\
         3,party.registered,known,versions,0,1\n\
         4,party.registered,records,party versions,1,2\n\
         4,party.registered,sources,events arrived,1,2\n\
         4,party.registered,known,versions,1,2\n"
    );
    ends(&dealbook(folder.path(), &["replay", "--to", "#9999"]), 6);
}

#[test]
fn the_log_is_narrowed_by_words_and_clocks() {
    let folder = ledger();
    let rows = |args: &[&str]| {
        let args: Vec<&str> = ["log", "-f", "csv"].iter().chain(args).copied().collect();
        let output = dealbook(folder.path(), &args);
        ends(&output, 0);
        out(&output).lines().skip(1).map(str::to_owned).collect::<Vec<String>>()
    };
    let all = rows(&[]);
    assert_eq!(all.len(), 2328);
    assert!(all[0].starts_with("1,") && all[2327].ends_with(&Hash::of(lines(&inside(&folder, SEGMENT)).last().unwrap()).to_string()));
    assert_eq!(rows(&["--limit", "3"]), all[2325..]);
    assert_eq!(rows(&["--known-at", "#12"]).len(), 12);
    let invoices = rows(&["type:invoice.issued"]);
    assert!(!invoices.is_empty() && invoices.iter().all(|row| row.contains(",invoice.issued,") || row.contains(",source.restated,")));
    let april = rows(&["type:invoice.issued", "date:2025-04"]);
    assert!(april.len() < invoices.len() && april.iter().all(|row| row.split(',').nth(2).unwrap().starts_with("2025-04")));
    assert!(rows(&["--as-of", "2024-12-31", "type:invoice"]).is_empty());
}

#[test]
fn an_id_is_followed_both_ways() {
    let folder = ledger();
    let rows = |id: &str| {
        let output = dealbook(folder.path(), &["trace", id, "-f", "csv"]);
        ends(&output, 0);
        out(&output).to_owned()
    };
    let paid = "ceb7efe51d4bb3e40484dac23399d75d82228b25";
    let from_payout = rows(paid);
    for told in [
        "bank trace,7849215261,",
        "disbursement,ceb7efe51d4bb3e40484dac23399d75d82228b25,2194,disbursement.paid,2026-02-05T06:30:00Z,804753256254,4001.25,EUR,\
         804753256254/billingeventfeed_v1/year=2026/month=02/data.csv,1",
        "invoice,EUINGB25-6191844,2069,invoice.issued,",
        "agreement,agmt-gsiojzt35oma0rpqfw6k8xrjp,856,agreement.revised,",
        "offer,offer-7hl9khtna6utr,906,offer.released,",
    ] {
        assert!(from_payout.contains(told), "{told}\n{from_payout}");
    }
    for id in ["7849215261", "EUINGB25-6191844", "agmt-gsiojzt35", "offer-7hl9", "#2069", "ceb7efe5"] {
        let back = rows(id);
        assert!(back.contains(paid) && back.contains("offer-7hl9khtna6utr") && back.contains("EUINGB25-6191844"), "{id}: {back}");
    }
    let ambiguous = dealbook(folder.path(), &["trace", "agmt-"]);
    ends(&ambiguous, 6);
    assert!(err(&ambiguous).contains("error[E0305]: `agmt-` is the beginning of 63 ids"), "{}", err(&ambiguous));
    let unknown = dealbook(folder.path(), &["trace", "offer-7hl9khtna6utx"]);
    ends(&unknown, 6);
    assert!(err(&unknown).contains("error[E0301]") && err(&unknown).contains("did you mean offer-7hl9khtna6utr"), "{}", err(&unknown));
    ends(&dealbook(folder.path(), &["trace", "#9999"]), 6);
}

#[test]
fn an_event_is_shown_with_all_that_belongs_to_it() {
    let folder = ledger();
    let all = lines(&inside(&folder, SEGMENT));
    let hash = Hash::of(&all[855]).to_string();
    let shown = |which: &str| {
        let output = dealbook(folder.path(), &["show", "event", which, "-f", "csv"]);
        ends(&output, 0);
        out(&output).to_owned()
    };
    let text = shown("856");
    for told in [
        "event,agreement.revised",
        "value.agreement,agmt-gsiojzt35oma0rpqfw6k8xrjp",
        "file,804753256254/agreementfeed_v1/year=2025/month=05/data.csv",
        "row,6",
        "then,#1239 restated",
        &format!("hash,b3:{hash}"),
        &format!("bytes,{}", all[855].len()),
    ] {
        assert!(text.contains(told), "{told}\n{text}");
    }
    assert_eq!(shown("#856"), text);
    assert_eq!(shown(&hash[..12]), text);
    let invoice = shown("2069");
    assert!(invoice.contains("then,#2125 invoice.collected") && invoice.contains("then,#2195 disbursement.allocated"), "{invoice}");
    ends(&dealbook(folder.path(), &["show", "event", "9999"]), 6);
    ends(&dealbook(folder.path(), &["show", "event", "2000", "--known-at", "#1000"]), 6);
    ends(&dealbook(folder.path(), &["show", "event"]), 2);
}

const APPLICATION: &str = "application=benappl-1";
const PROGRAMME: &str = "programme=mpop";
const BENEFICIARY: &str = "beneficiary=444455556666";

#[test]
fn every_report_is_as_its_schema_says() {
    let folder = ledger();
    let list = dealbook(folder.path(), &["schema", "--list"]);
    ends(&list, 0);
    let mut named: Vec<&str> = out(&list).lines().collect();
    assert!(named.contains(&"dealbook/event/invoice.issued/v1"));
    let commands: &[(&str, &[&str])] = &[
        ("agreements", &["show", "agreements"]),
        ("authorizations", &["show", "authorizations"]),
        ("billings", &["show", "billings"]),
        ("deferral", &["show", "billings", "--deferral"]),
        ("journal", &["show", "journal", "--entity", "yewtree"]),
        ("trial-balance", &["show", "trial-balance"]),
        ("billings-by", &["show", "billings", "--by", "buyer"]),
        ("deferral-by", &["show", "billings", "--deferral", "--by", "month"]),
        ("journal-by", &["show", "journal", "--by", "agreement"]),
        ("deal", &["show", "deal", "agmt-09wlywns86urxd0uj1nywxoyu"]),
        ("deals", &["show", "deals"]),
        ("disbursements", &["show", "disbursements"]),
        ("event", &["show", "event", "1"]),
        ("findings", &["show", "findings"]),
        ("gaps", &["show", "sources", "--gaps"]),
        ("invoices", &["show", "invoices"]),
        ("log", &["log", "--limit", "3"]),
        ("offers", &["show", "offers"]),
        ("offer-stats", &["show", "offers", "--stats"]),
        ("payouts", &["show", "payouts"]),
        ("instalments", &["show", "instalments"]),
        ("openings", &["show", "openings"]),
        ("diff", &["diff", "#100", "#1900"]),
        ("after-close", &["diff", "#100", "#1900", "--as-of", "2025-12-31", "--of", "events"]),
        ("edp", &["show", "edp"]),
        ("check", &["check", "chain"]),
        ("privacy", &["check", "privacy"]),
        ("check-closed", &["check", "closed"]),
        ("check-duties", &["check", "duties"]),
        ("check-entries", &["check", "journal-entries"]),
        ("fee-claim", &["export", "fee-claim"]),
        ("fees", &["show", "fees"]),
        ("tax", &["show", "tax", "2025Q1"]),
        ("incentives", &["show", "incentives"]),
        ("incentives-expected", &["show", "incentives", "--expected"]),
        ("incentives-missed", &["show", "incentives", "--missed"]),
        ("incentives-why", &["show", "incentives", "--why"]),
        ("spend", &["show", "spend"]),
        ("why", &["show", "agreements", "status:active", "--why"]),
        ("receivables", &["show", "receivables"]),
        ("cash", &["show", "cash"]),
        ("cash-by", &["show", "cash", "--by", "month"]),
        ("unbilled", &["show", "unbilled"]),
        ("unbilled-by", &["show", "unbilled", "--by", "agreement"]),
        ("renewals", &["show", "renewals", "--as-of", "2025-12-31"]),
        ("replay", &["replay"]),
        ("sources", &["show", "sources"]),
        ("status", &["status"]),
        ("selftest", &["selftest", "tamper"]),
        ("steps", &["replay", "--step", "--to", "#3"]),
        ("trace", &["trace", "#856"]),
        ("verify", &["verify"]),
        ("against", &["verify", "--against", "."]),
        ("confirmations", &["show", "confirmations"]),
        ("record", &["record", "offer.drafted", "--set", "offer=offer-1"]),
        ("approve", &["approve", "2329", "--actor", "mei"]),
        ("correct", &["correct", "2329", "--reason", "a slip"]),
        ("agreements-by", &["show", "agreements", "--by", "buyer"]),
        ("authorizations-by", &["show", "authorizations", "--by", "party"]),
        ("deals-by", &["show", "deals", "--by", "product"]),
        ("disbursements-by", &["show", "disbursements", "--by", "month"]),
        ("findings-by", &["show", "findings", "--by", "party"]),
        ("invoices-by", &["show", "invoices", "--by", "agreement"]),
        ("offers-by", &["show", "offers", "--by", "product"]),
        ("instalments-by", &["show", "instalments", "--by", "agreement"]),
        ("fees-by", &["show", "fees", "--by", "agreement"]),
        ("tax-by", &["show", "tax", "--by", "party"]),
        ("openings-by", &["show", "openings", "--by", "party"]),
        ("incentives-by", &["show", "incentives", "--by", "party"]),
        ("spend-by", &["show", "spend", "--by", "buyer"]),
        ("receivables-by", &["show", "receivables", "--by", "buyer"]),
        ("renewals-by", &["show", "renewals", "--by", "buyer", "--within", "20w"]),
        ("sources-by", &["show", "sources", "--by", "month"]),
        (
            "record",
            &["record", "benefit.applied", "--set", APPLICATION, "--set", PROGRAMME, "--set", BENEFICIARY, "--document", "award.txt"],
        ),
        ("claim", &["export", "claim", "benappl-1"]),
        ("init", &["init", "another"]),
        ("copy", &["copy", "jsonl:copied.jsonl"]),
    ];
    fs::write(folder.path().join("award.txt"), "applied for").unwrap();
    let json = |args: &[&str]| -> serde_json::Value {
        let output = dealbook(folder.path(), args);
        ends(&output, 0);
        serde_json::from_str(out(&output)).unwrap()
    };
    let keys = |value: &serde_json::Value| -> Vec<String> { value.as_object().unwrap().keys().cloned().collect() };
    for (name, args) in commands {
        let schema = json(&["schema", name]);
        let answer = json(&[args, &["-f", "json"][..]].concat());
        assert_eq!(answer["schema"], schema["$id"], "{name}");
        named.retain(|known| *known != answer["schema"].as_str().unwrap());
        for row in answer["data"].as_array().unwrap() {
            assert_eq!(keys(row), keys(&schema["properties"]["data"]["items"]["properties"]), "{name}");
        }
    }
    named.retain(|name| !name.starts_with("dealbook/event/"));
    // What a month's end prints is looked at in `tests/reconcile.rs`, where there is a month to close.
    let of_a_month =
        ["break", "break-assigned", "break-resolved", "breaks", "close", "reconcile"].map(|name| format!("dealbook/{name}/v1"));
    named.retain(|name| !of_a_month.iter().any(|known| known == name));
    assert_eq!(named, ["dealbook/import/v1"], "every other report has been looked at");
    assert_eq!(json(&["schema", "invoice.issued"])["$id"], "dealbook/event/invoice.issued/v1");
    assert_eq!(json(&["schema", "dealbook/event/rate.set/v1"]), json(&["schema", "rate.set"]));
    ends(&dealbook(folder.path(), &["schema", "invoice.isued"]), 6);
}
