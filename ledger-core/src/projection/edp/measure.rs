//! How a contract says that bills are read, held against what bills can say.

use std::collections::BTreeSet;

use crate::finding::{self, Finding};
use crate::projection::records::View;
use crate::statement::cost_columns;

/// Types of lines that AWS is known to write. It may write others: what stands on a payer's bill is no mistake.
const LINE_TYPES: &[&str] = &[
    "Adjustment",
    "BundledDiscount",
    "Credit",
    "Discount",
    "DiscountedUsage",
    "EdpDiscount",
    "Fee",
    "FlatRateSubscription",
    "PrivateRateDiscount",
    "Purchase",
    "RIFee",
    "Refund",
    "RiVolumeDiscount",
    "SavingsPlanCoveredUsage",
    "SavingsPlanNegation",
    "SavingsPlanRecurringFee",
    "SavingsPlanUpfrontFee",
    "SppDiscount",
    "Tax",
    "Usage",
];

/// The columns and types of lines that commitments are measured by and that no bill has, as far as anybody here knows.
pub fn findings(view: &View<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for (terms, seq) in view.commitments() {
        let mut columns: BTreeSet<String> = cost_columns().map(str::to_owned).collect();
        let mut types: BTreeSet<String> = LINE_TYPES.iter().map(|line_type| (*line_type).to_owned()).collect();
        for (spend, _) in terms.payers.iter().flat_map(|payer| view.spend_of(*payer)) {
            columns.extend(spend.amounts.into_keys());
            types.insert(spend.line_type);
        }
        let named =
            [("columns", "cost column", &terms.measure.columns, &columns), ("excluded", "line type", &terms.measure.excluded, &types)];
        for (field, what, named, known) in named {
            for word in named.iter().filter(|word| !known.contains(*word)) {
                let alike = known.iter().find(|known| known.eq_ignore_ascii_case(word));
                let alike = alike.map(|known| format!("; `{known}` is one")).unwrap_or_default();
                found.push(Finding {
                    seq,
                    code: finding::MEASURE_UNKNOWN,
                    recipient: None,
                    subject: terms.commitment.to_string(),
                    message: format!("measure.{field}: `{word}` is no {what} that AWS or a bill here is known to have{alike}"),
                    amount: None,
                });
            }
        }
    }
    found
}
