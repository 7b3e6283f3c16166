//! Lines for tests and measurements: billing rows as AWS's seller feeds hold them, with ids as incompressible as the real ones.

use ledger_core::chain::{Hash, Head};

/// The line that stands behind this head.
pub(crate) fn line(head: Head, salt: u64) -> Vec<u8> {
    let seq = head.seq + 1;
    let bits = |what: &str, n: u64| Hash::of(format!("{what} {n} {salt}").as_bytes()).to_string();
    let uuid = |what: &str, n: u64| {
        let hex = bits(what, n);
        format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..32])
    };
    let pick = |what: &str, n: u64, of: u64| u64::from_str_radix(&bits(what, n)[..8], 16).unwrap_or(0) % of;
    let account = |n: u64| format!("{:012}", 100_000_000_000 + pick("account", n, 899_999_999_999));
    let date = |n: u64| format!("20{:02}-{:02}-{:02}", 24 + n / 365 % 3, 1 + n / 30 % 12, 1 + n % 28);
    // Rows come in the feed's order: the lines of one invoice stand together, three or four rows each.
    let invoice = seq / 4;
    let (deal, day) = (pick("deal", invoice, 400), seq / 900);
    let buyer = account(pick("buyer", deal, 300));
    let kind = ["SELLER_REV_SHARE", "AWS_REV_SHARE", "SELLER_TAX_SHARE", "SELLER_REV_SHARE"][(seq % 4) as usize];
    let (event, action) = [("invoice.issued", "INVOICED"), ("invoice.collected", "COLLECTED"), ("disbursement.allocated", "DISBURSED")]
        [(pick("action", invoice, 3)) as usize];
    let amount =
        format!("{}{}.{:02}", if kind == "AWS_REV_SHARE" { "-" } else { "" }, pick("amount", seq, 90_000), pick("cents", seq, 100));
    let agreement = &bits("agreement", deal)[..25];
    let (at, hour, minute, second) = (date(day), pick("h", invoice, 24), pick("m", invoice, 60), pick("s", invoice, 60));
    let (offer, product, prev) = (&bits("offer", deal)[..13], &bits("product", deal % 7)[..13], head.hash);
    format!(
        concat!(
            r#"{{"actor":"import","effective_at":"{at}T{hour:02}:{minute:02}:{second:02}Z","event":{{"type":"{event}","value":{{"#,
            r#""agreement":"agmt-{agreement}","amount":"{amount}","buyer_invoice":"{buyer_invoice}","buyer_invoice_date":"{at}","#,
            r#""buyer_line":"{buyer_line}","currency":"USD","disbursement_currency":"USD","from":"{buyer}","invoice":"{invoice_id}","#,
            r#""invoice_date":"{at}T{hour:02}:{minute:02}:{second:02}Z","invoice_variant":"{variant}","line":"{line}","#,
            r#""offer":"offer-{offer}","product":"prod-{product}","recipient":"{recipient}","reference":"{reference}","to":"{to}","#,
            r#""transaction_type":"{kind}"}}}},"prev":"{prev}","recorded_at":"2026-07-01T09:{batch_m:02}:{batch_s:02}.{micro:06}Z","seq":{seq},"#,
            r#""source":{{"id":"billing_event:{recipient}:{id}","import":{import},"row":{row},"stated_at":"{at}T02:19:24Z"}},"v":1}}"#
        ),
        at = at,
        hour = hour,
        minute = minute,
        second = second,
        event = event,
        agreement = agreement,
        amount = amount,
        buyer_invoice = 700_000_000 + pick("buyer invoice", invoice, 99_999_999),
        buyer_line = uuid("buyer line", invoice),
        buyer = buyer,
        invoice_id = 700_000_000 + pick("invoice", seq / 2, 99_999_999),
        variant = if action == "INVOICED" { "PURCHASE" } else { "LISTING_FEE" },
        // A purchase is the buyer's own line; fees and taxes have lines of their own.
        line = if kind == "SELLER_REV_SHARE" { uuid("buyer line", invoice) } else { uuid("line", seq) },
        offer = offer,
        product = product,
        recipient = account(1),
        reference = uuid("reference", seq / 2),
        to = account(2 + seq % 2),
        kind = kind,
        prev = prev,
        batch_m = seq / 60_000 % 60,
        batch_s = seq / 1_000 % 60,
        micro = pick("micro", seq / 1_000, 1_000_000),
        seq = seq,
        id = &bits("id", seq)[..40],
        import = 1 + seq / 30_000 * 30_000,
        row = 1 + seq % 30_000,
    )
    .into_bytes()
}

/// So many lines behind this head.
#[cfg(test)]
pub(crate) fn lines(base: Head, count: u64, salt: u64) -> crate::Lines {
    let mut lines = crate::Lines::after(base);
    for _ in 0..count {
        let line = line(lines.head(), salt);
        lines.push(&line).unwrap();
    }
    lines
}
