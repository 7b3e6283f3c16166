//! Files of billing events, written a word a column.

/// The columns of a file of 2026, as far as these tests need them.
const COLUMNS: &str = "valid_from,update_date,delete_date,billing_event_id,from_account_id,to_account_id,product_id,action,transaction_type,\
    parent_billing_event_id,disbursement_billing_event_id,currency,amount,balance_impacting,invoice_date,payment_due_date,invoice_id,\
    bank_trace_id,agreement_id,disbursement_currency,disbursement_amount,disbursement_reference_number,action_date,buyer_invoice_id,\
    line_item_id,buyer_line_item_id,invoice_variant,charge_variant,charge_side,usage_period_start_date,usage_period_end_date";

/// A file of rows, a row a line: `id action type amount day`, then `column=value` for what is not as usual.
///
/// Usual is invoice `I-1`, line `L-1`, its own buyer invoice, USD in and out, agreement `agmt-1`, a PURCHASE, stated on the day it happened.
pub(crate) fn file(rows: &str) -> String {
    let mut text = format!("{COLUMNS}\n");
    for row in rows.lines().map(str::trim).filter(|row| !row.is_empty()) {
        let words: Vec<&str> = row.split_whitespace().collect();
        let [id, action, kind, amount, day, rest @ ..] = words.as_slice() else { panic!("{row}") };
        let header = kind.starts_with("DISBURSEMENT");
        let adjustment = *kind == "BALANCE_ADJUSTMENT";
        let billed = matches!(*action, "INVOICED" | "FORGIVEN");
        let told = |column: &str| rest.iter().find_map(|word| word.strip_prefix(column)?.strip_prefix('='));
        let own_invoice = if header || adjustment { "" } else { "I-1" };
        let invoice = told("invoice_id").unwrap_or(own_invoice);
        let cells = COLUMNS.split(',').map(str::trim).map(|column| {
            let usual = match column {
                "valid_from" | "update_date" | "invoice_date" | "action_date" => format!("{day}T00:00:00Z"),
                "billing_event_id" => (*id).to_owned(),
                "action" => (*action).to_owned(),
                "transaction_type" => (*kind).to_owned(),
                "amount" | "disbursement_amount" => (*amount).to_owned(),
                "currency" | "disbursement_currency" => "USD".to_owned(),
                "balance_impacting" => u8::from(billed).to_string(),
                "invoice_id" | "buyer_invoice_id" => invoice.to_owned(),
                "line_item_id" | "buyer_line_item_id" if !own_invoice.is_empty() => "L-1".to_owned(),
                "agreement_id" if !own_invoice.is_empty() => "agmt-1".to_owned(),
                "invoice_variant" if !own_invoice.is_empty() => "PURCHASE".to_owned(),
                "charge_variant" if kind.starts_with("AWS_REV") => "LISTING_FEE".to_owned(),
                "charge_side" if kind.starts_with("AWS_REV") => "BUYING".to_owned(),
                "charge_variant" if !own_invoice.is_empty() => "PURCHASE".to_owned(),
                "charge_side" if !own_invoice.is_empty() => "SELLING".to_owned(),
                "to_account_id" => "buyer-1".to_owned(),
                _ => String::new(),
            };
            told(column).map_or(usual, str::to_owned)
        });
        text.push_str(&cells.collect::<Vec<_>>().join(","));
        text.push('\n');
    }
    text
}
