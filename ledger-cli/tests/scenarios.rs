//! What finance people know, a folder a case: feed files as AWS delivers them, questions, and everything that is answered.
//!
//! ```text
//! fixtures/scenarios/<name>/ask     # why the figures are what they are
//!                                   @ 2025-03-01T06:00:00Z              what time it is from here on
//!                                   import feeds                       arguments of dealbook, a command a line
//!                                   show payouts -f csv --as-of 2025-01-31
//!                                   = invoice.issued                   what the log holds of this type
//! fixtures/scenarios/<name>/...     the files, in AWS's delivery layout where the case is not about another
//! ```
//!
//! Every `show payouts -f csv` is also held against the oracle, which sums the rows of the imported files and shares no code with the
//! program; `# no oracle` stands in a case whose files it cannot read.
#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod support;

use std::path::{Path, PathBuf};

use support::oracle::{self, Asked};
use support::{Row, billing_recipient, dealbook, end_of, figures, files_below, fixture, rows, text};

/// A case, while it is being played.
struct Play {
    folder: tempfile::TempDir,
    now: String,
    /// The moment of each import so far, and the rows of billing events that it brought, with whose they are.
    imports: Vec<(String, Vec<(String, Row)>)>,
    oracle: bool,
    out: String,
}

fn play(case: &Path) -> String {
    let folder = tempfile::tempdir().unwrap();
    for file in files_below(case).into_iter().filter(|file| !file.ends_with("answers.snap")) {
        let to = folder.path().join(file.strip_prefix(case).unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(&file, to).unwrap();
    }
    let created = dealbook(folder.path(), "2018-01-01T00:00:00Z", &["init", "--name", "scenario", "-q"]);
    assert!(created.status.success(), "{}", String::from_utf8_lossy(&created.stderr));
    let mut play = Play { folder, now: String::new(), imports: Vec::new(), oracle: true, out: String::new() };
    for line in std::fs::read_to_string(case.join("ask")).unwrap().lines() {
        play.line(line);
    }
    play.out
}

impl Play {
    fn line(&mut self, line: &str) {
        if let Some(comment) = line.strip_prefix('#') {
            self.oracle &= !comment.starts_with(" no oracle");
            self.out += &format!("{line}\n");
            return;
        }
        if let Some(now) = line.strip_prefix("@ ") {
            now.clone_into(&mut self.now);
            self.out += &format!("{line}\n");
            return;
        }
        if let Some(kind) = line.strip_prefix("= ") {
            self.out += &format!("\n= {kind}\n{}", self.recorded(kind));
            return;
        }
        let args = words(line);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let output = dealbook(self.folder.path(), &self.now, &args);
        let said = |bytes: &[u8]| self.steady(std::str::from_utf8(bytes).unwrap());
        let (stdout, stderr) = (said(&output.stdout), said(&output.stderr));
        self.out += &format!("\n$ dealbook {line}\n{stdout}");
        if !stderr.is_empty() {
            self.out += &format!("--- stderr\n{stderr}");
        }
        match output.status.code() {
            Some(0) => (),
            code => self.out += &format!("--- exit {}\n", code.unwrap()),
        }
        if output.status.success() && self.oracle {
            match args.as_slice() {
                ["import", rest @ ..] if !rest.contains(&"--dry-run") => self.imported(rest),
                ["show", "payouts", "-f", "csv", clocks @ ..] if !clocks.iter().any(|flag| ["--by", "--in"].contains(flag)) => {
                    assert_eq!(figures(std::str::from_utf8(&output.stdout).unwrap()), self.oracle(clocks), "{line}");
                }
                _ => (),
            }
        }
    }

    /// What the events of a type say, as they stand in the log.
    fn recorded(&self, kind: &str) -> String {
        let is_it = |line: &&str| line.contains(&format!(r#""event":{{"type":"{kind}""#));
        let value = |line: &str| line.split_once(r#""value":"#).unwrap().1.split_once(r#"},"prev":"#).unwrap().0.to_owned() + "\n";
        let log = files_below(&self.folder.path().join(".dealbook/log")).iter().map(|file| text(file)).collect::<String>();
        self.steady(&log.lines().filter(is_it).map(value).collect::<String>())
    }

    /// Hashes depend on every byte of every line before them; other tests hold those. Here they would only hide what changed.
    fn steady(&self, text: &str) -> String {
        let text = text.replace(&format!("{}/", self.folder.path().display()), "");
        let mut out = String::new();
        let mut rest = text.as_str();
        while let Some(start) = rest.find(|c: char| c.is_ascii_hexdigit()) {
            out += &rest[..start];
            let hex = rest[start..].bytes().take_while(u8::is_ascii_hexdigit).count();
            let named = out.ends_with("b3:") || out.ends_with("receipt r:");
            let is_hash = named || hex == 64 && rest[start..start + hex].bytes().any(|b| b != b'0');
            out += if is_hash { "<hash>" } else { &rest[start..start + hex] };
            rest = &rest[start + hex..];
        }
        out + rest
    }

    fn imported(&mut self, args: &[&str]) {
        let paths = args.iter().filter(|arg| !arg.starts_with('-')).map(|arg| self.folder.path().join(arg));
        let mut files: Vec<PathBuf> =
            paths.filter(|path| path.exists()).flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect();
        files.sort_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
        let read = |file: &PathBuf| {
            let whose = billing_recipient(file)?;
            Some(rows(&text(file)).into_iter().map(move |row| (whose.clone(), row)))
        };
        self.imports.push((oracle::moment(&self.now), files.iter().filter_map(read).flatten().collect()));
    }

    /// The rows of all imports so far, at the clocks of a question.
    fn oracle(&self, clocks: &[&str]) -> oracle::Payouts {
        let after = |flag: &str| -> Option<String> {
            let at = clocks.iter().position(|clock| *clock == flag)?;
            Some(end_of(clocks[at + 1]))
        };
        let known = after("--known-at");
        let imports = self.imports.iter().filter(|(at, _)| known.as_ref().is_none_or(|known| at < known));
        let rows: Vec<(String, u64, Row)> =
            imports.flat_map(|(_, rows)| rows).map(|(whose, row)| (whose.clone(), 1, row.clone())).collect();
        oracle::payouts(&rows, &Asked { head: 1, stated_before: after("--stated-by"), effective_before: after("--as-of"), exact: false })
    }
}

/// A line's words, as a shell takes them: quotes hold spaces together.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
    for c in line.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(std::mem::take(&mut word)),
            c => word.push(c),
        }
    }
    words.push(word);
    words
}

/// Declares a test for each case, by the name of its folder, and one that no folder is forgotten.
macro_rules! cases {
    ($($case:ident)+) => {
        $(#[test]
        fn $case() {
            let name = stringify!($case).replace('_', "-");
            let answers = Path::new("../../fixtures/scenarios").join(&name);
            let told = play(&fixture("scenarios").join(&name));
            insta::with_settings!({ snapshot_path => answers, prepend_module_to_snapshot => false, omit_expression => true }, {
                insta::assert_snapshot!("answers", told);
            });
        })+

        #[test]
        fn no_case_is_forgotten() {
            let folders = fixture("scenarios").read_dir().unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
            let mut there: Vec<String> = folders.map(|name| name.replace('-', "_")).collect();
            there.sort();
            assert_eq!(there, [$(stringify!($case)),+]);
        }
    };
}

cases! {
    a_cent_too_much_or_too_little
    a_year_in_dinars
    agreement_replaced_mid_term
    all_thirteen_feeds
    balance_adjustments
    buyer_is_renamed_and_moves
    channel_deal
    channel_refund
    columns_in_another_order
    columns_that_are_new
    consolidated_invoice_of_three_lines
    correction_and_change_of_a_product
    credit_by_aws
    credit_memo_before_payment
    daily_usage
    deals_of_similar_names
    direct_sale_paid_out
    edp_badge_lost_mid_contract
    edp_bill_restated
    edp_bills_that_are_not_all
    edp_cap_reached_mid_month
    edp_policy_of_kinds
    edp_ramped_years_and_carry_over
    edp_refund_after_year_end
    edp_statement_differs
    edp_two_payers_partial_coverage
    fee_behind_the_buyers_invoice
    fee_refunded_and_reissued
    fees_that_cannot_be_judged
    file_grows_day_by_day
    file_rewritten
    first_seen_deleted
    forgiven_charge
    gzip
    ids_with_leading_zeros
    import_rehearsed
    incentives_missed_of_deals_that_stand
    infrastructure_netting
    instalments_planned_and_invoiced
    late_rows
    months_empty_and_months_missing
    offers_accepted_against_their_terms
    older_files_in_any_split
    older_files_of_the_guide
    older_months_arrive_late
    one_line_in_two_pricing_currencies
    one_side_of_a_channel_deal
    paid_in_two_parts
    paid_out_in_another_currency
    payout_failed_and_not_repeated
    payout_failed_and_repeated
    payouts_that_do_not_add_up
    period_without_end
    quarantine
    rate_card_changes_between_instalments
    refund_in_july_of_an_april_invoice
    refund_netted_in_a_larger_payout
    renewal_and_future_start
    resale_chain_of_three
    restated_amount
    revision_delivered_in_error
    revision_rolled_back
    same_opaque_id_of_two_recipients
    same_rows_twice
    seller_issued_tax_invoice
    status_of_a_line
    tax_items_and_shares
    tax_to_remit
    two_forms_of_a_moment
    two_statements_at_one_moment
    usage_and_what_does_not_bill_it
    usage_estimated_then_invoiced
    usage_of_fractions_of_a_cent
    values_that_are_new
    who_may_see_an_offer
    wholesale_sides_that_differ
    wholesale_tax_three_ways
    whose_feed_it_is
    withdrawn_rows
}

/// Every way in which a file has been seen to be damaged, in one import: each is said once, with file, line, column, cause and cure, and
/// nothing is appended, of the whole files neither.
#[test]
fn all_damage_is_told_at_once_and_nothing_is_appended() {
    let folder = tempfile::tempdir().unwrap();
    let now = "2026-01-01T06:00:00Z";
    support::printed(dealbook(folder.path(), now, &["init", "--name", "damaged"]));
    let log = || files_below(&folder.path().join(".dealbook/log")).iter().map(|file| std::fs::read(file).unwrap()).collect::<Vec<_>>();
    let before = log();
    let gallery = fixture("feeds/damaged").canonicalize().unwrap();
    let output = dealbook(folder.path(), now, &["import", gallery.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(3));
    assert!(output.stdout.is_empty());
    assert_eq!(log(), before);
    let said = String::from_utf8(output.stderr).unwrap();
    for file in files_below(&gallery) {
        let name = file.to_str().unwrap();
        assert_eq!(said.contains(name), !name.contains("productfeed"), "{name}");
    }
    insta::with_settings!({ snapshot_path => "../../fixtures/feeds", prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("damaged", said.replace(&format!("{}/", gallery.display()), ""));
    });
    // A folder that can be read in part is still appended only as a whole: with --quarantine the files that cannot be read refuse it.
    let kept = dealbook(folder.path(), now, &["import", "--quarantine", gallery.to_str().unwrap()]);
    assert_eq!((kept.status.code(), log()), (Some(3), before));
}
