//! The oracle: payouts as a straight sum over the rows of the files. It shares no code with the projection, on purpose.

use std::collections::{BTreeMap, BTreeSet};

use crate::support::Row;

/// A question: rows up to a head, stated before a moment, in effect before a moment. Moments are `YYYY-MM-DD HH:MM:SS`.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    pub(crate) head: u64,
    pub(crate) stated_before: Option<String>,
    pub(crate) effective_before: Option<String>,
    /// Every measure of a line as it is, in hundred-millionths, and not in hundredths, rounded.
    pub(crate) exact: bool,
}

/// Per party and currency: the number of lines, and the measures by name in hundredths.
pub(crate) type Payouts = BTreeMap<(String, String), BTreeMap<String, i128>>;

/// `YYYY-MM-DD HH:MM:SS`, whichever form the file has.
pub(crate) fn moment(text: &str) -> String {
    text.replace('T', " ").trim_end_matches('Z').split('.').next().unwrap().to_owned()
}

/// An amount in hundred-millionths.
fn units(text: &str) -> i128 {
    let (sign, text) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    sign * format!("{whole}{fraction:0<8}").parse::<i128>().unwrap()
}

/// Hundredths, half away from zero.
fn hundredths(units: i128) -> i128 {
    let (sign, size) = (units.signum(), units.abs());
    sign * ((size + 500_000) / 1_000_000)
}

fn class(row: &Row) -> Option<String> {
    let kind = row["transaction_type"].as_str();
    let base = kind.trim_end_matches("_REFUND").trim_end_matches("_CREDIT");
    let refund = if base == kind { "" } else { "_refund" };
    let name = match (base, row["invoice_variant"].as_str(), row["charge_variant"].as_str()) {
        ("SELLER_REV_SHARE", _, "RESALE") if row["charge_side"] == "BUYING" => "wholesale_cost",
        ("SELLER_REV_SHARE", ..) => "gross",
        ("AWS_REV_SHARE", ..) => "listing_fee",
        ("AWS_INFRA_SHARE" | "INFRA_FEE_PRETAX", ..) => return Some("infrastructure_netting".to_owned()),
        ("BALANCE_ADJUSTMENT", ..) => return Some("balance_adjustment".to_owned()),
        ("AWS_TAX_SHARE", _, "LISTING_FEE") => "listing_fee_tax",
        ("AWS_TAX_SHARE", "RESALE", _) => "wholesale_aws_tax",
        ("AWS_TAX_SHARE", ..) => "buyer_tax_informational",
        ("SELLER_TAX_SHARE", "RESALE", _) => "wholesale_seller_tax",
        ("SELLER_TAX_SHARE", ..) => "seller_tax",
        ("OTHER_SELLER_TAX_SHARE", "RESALE", _) => "wholesale_other_seller_tax",
        ("OTHER_SELLER_TAX_SHARE", ..) => "other_seller_tax",
        _ => return None,
    };
    Some(format!("{name}{refund}"))
}

/// The payouts that the rows come to.
pub(crate) fn payouts(rows: &[(String, u64, Row)], asked: &Asked) -> Payouts {
    let before = |text: &str, limit: &Option<String>| limit.as_ref().is_none_or(|limit| moment(text) < *limit);
    let mut newest: BTreeMap<(&str, &str), (String, &Row)> = BTreeMap::new();
    for (party, _, row) in rows.iter().filter(|(_, head, row)| *head <= asked.head && before(&row["update_date"], &asked.stated_before)) {
        let key = (party.as_str(), row["billing_event_id"].as_str());
        let stated = moment(&row["update_date"]);
        if newest.get(&key).is_none_or(|(known, _)| *known <= stated) {
            newest.insert(key, (stated, row));
        }
    }
    let mut lines: BTreeMap<(&str, String, &str), Vec<&Row>> = BTreeMap::new();
    for ((party, _), (_, row)) in newest {
        let when = if row["action_date"].is_empty() { &row["valid_from"] } else { &row["action_date"] };
        let header = row["transaction_type"].starts_with("DISBURSEMENT");
        if header || !row["delete_date"].is_empty() || !before(when, &asked.effective_before) {
            continue;
        }
        let line = match (row["transaction_type"].as_str(), row["buyer_invoice_id"].as_str()) {
            ("BALANCE_ADJUSTMENT", _) => format!("adjustment {}", moment(&row["invoice_date"])),
            (_, "") => format!("seller {} {}", row["invoice_id"], row["line_item_id"]),
            (_, buyers) => format!("buyer {buyers} {}", row["buyer_line_item_id"]),
        };
        lines.entry((party, line, row["currency"].as_str())).or_default().push(row);
    }
    let mut payouts = Payouts::new();
    for ((party, _, currency), rows) in lines {
        let paid_in: BTreeSet<&str> = rows.iter().map(|row| row["disbursement_currency"].as_str()).filter(|c| !c.is_empty()).collect();
        let first = paid_in.first().copied().unwrap_or_default();
        for paid_in in if paid_in.is_empty() { BTreeSet::from([""]) } else { paid_in } {
            let mut sums: BTreeMap<String, i128> = BTreeMap::new();
            for row in &rows {
                let own = row["disbursement_currency"].as_str();
                if (if own.is_empty() { first } else { own }) != paid_in {
                    continue;
                }
                let amount = units(&row["amount"]);
                let mut add = |measure: &str, amount: i128| *sums.entry(measure.to_owned()).or_default() += amount;
                match row["action"].as_str() {
                    "INVOICED" | "FORGIVEN" => {
                        if let Some(class) = class(row) {
                            add(&class, amount);
                        }
                        if row["balance_impacting"] == "1" {
                            add("net_revenue", amount);
                            add("uncollected", amount);
                            add("undisbursed", amount);
                        }
                    }
                    "COLLECTED" => {
                        add("collected", amount);
                        add("uncollected", -amount);
                        add("awaiting_disbursement", amount);
                    }
                    "DISBURSED" => {
                        add("disbursed", -amount);
                        add("undisbursed", amount);
                        add("awaiting_disbursement", amount);
                    }
                    other => panic!("{other}"),
                }
            }
            let of_party = payouts.entry((party.to_owned(), currency.to_owned())).or_default();
            *of_party.entry("lines".to_owned()).or_default() += 1;
            for (measure, sum) in sums {
                *of_party.entry(measure).or_default() += if asked.exact { sum } else { hundredths(sum) };
            }
        }
    }
    payouts.values_mut().for_each(|measures| measures.retain(|_, sum| *sum != 0));
    payouts
}
