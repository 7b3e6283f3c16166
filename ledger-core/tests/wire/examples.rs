//! One example of every event with all its fields, and one with none that can be left out.

/// The type, its value in full, its value at its sparsest. The tests hold that full is full and sparse is sparse.
pub(crate) const EXAMPLES: &[(&str, &str, &str)] = &[
    (
        "ledger.opened",
        r#"{"algorithms": {"chain": "blake3", "tree": "rfc6962-sha256"}, "name": "EMEA channel", "origin": "ledger.example.com/emea"}"#,
        r#"{"algorithms": {"chain": "blake3", "tree": "rfc6962-sha256"}, "name": "EMEA channel", "origin": "ledger.example.com/emea"}"#,
    ),
    (
        "source.imported",
        r#"{"control_totals": [{"amount": "120.50", "currency": "USD", "of": "invoice.issued", "rows": 3}], "decoded_bytes": 4096,
            "digest": "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262", "dropped": {"email_domain": 2, "tax_registration_number": 1},
            "events": 3, "fallbacks": {"wholesale_by_sign": 1}, "feed": "billing_event",
            "file": "000057174132/billingeventfeed_v1/year=2026/month=03/data.csv", "month": 3, "quarantined": 1, "recipient": "000057174132",
            "replaces": 7, "rewritten": true, "rewritten_from": 2, "rows": 4, "version": 1, "year": 2026}"#,
        r#"{"decoded_bytes": 4096, "digest": "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262", "events": 3,
            "feed": "billing_event", "file": "data.csv", "recipient": "000057174132", "rows": 3}"#,
    ),
    (
        "source.restated",
        r#"{"entry": {"type": "product.listed", "value": {"product": "prod-1", "recipient": "000057174132", "title": "Anchor 2", "valid_from": "2025-01-01T00:00:00Z"}},
            "precedes": 12, "replaced": {"effective_at": "2025-01-01T00:00:00Z", "entry": {"type": "product.listed",
            "value": {"product": "prod-1", "recipient": "000057174132", "title": "Anchor", "valid_from": "2025-01-01T00:00:00Z"}}},
            "replaces": 9, "until": "2025-03-01T00:00:00Z", "withdrawn": false}"#,
        r#"{"entry": {"type": "product.listed", "value": {"product": "prod-1", "recipient": "000057174132", "valid_from": "2025-01-01T00:00:00Z"}}, "withdrawn": true}"#,
    ),
    (
        "entry.corrected",
        r#"{"entry": 40, "reason": "typed twice", "replacement": {"type": "offer.withdrawn", "value": {"offer": "offer-1"}}}"#,
        r#"{"entry": 40, "reason": "typed twice"}"#,
    ),
    (
        "entry.approved",
        r#"{"entry": 40, "hash": "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262", "note": "as agreed", "signature": "c2ln"}"#,
        r#"{"entry": 40, "hash": "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262"}"#,
    ),
    ("entry.confirmed", r#"{"entry": 41}"#, r#"{"entry": 41}"#),
    ("person.registered", r#"{"key": "a2V5", "person": "li", "roles": ["approver", "recorder"]}"#, r#"{"person": "li"}"#),
    (
        "rate.set",
        r#"{"base": "EUR", "quote": "USD", "rate": "1.0832", "source": "ECB"}"#,
        r#"{"base": "EUR", "quote": "USD", "rate": "1.0832", "source": "ECB"}"#,
    ),
    (
        "balance.brought_forward",
        r#"{"agreement": "agmt-1", "amount": "-12.30", "currency": "JPY", "cut_over": "2025-01-01T00:00:00Z",
            "document": "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262", "due": "2025-02-01T00:00:00Z",
            "invoice_date": "2024-12-01T00:00:00Z", "item": "INV-9", "kind": "receivable", "line": "line-1", "party": "000057174132"}"#,
        r#"{"amount": "-12.30", "currency": "JPY", "cut_over": "2025-01-01T00:00:00Z",
            "document": "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262", "item": "INV-9", "kind": "grant", "party": "000057174132"}"#,
    ),
    (
        "party.registered",
        r#"{"account": "acc-a", "aws_account": "111122223333", "catalog": "AWSGovCloud", "encrypted_account": "Enc1", "legal_name": "Müller \"Nord\" & Söhne GmbH",
            "mailing_address": "adr-m", "recipient": "000057174132", "tax_address": "adr-t", "valid_from": "2018-12-12T00:00:00Z"}"#,
        r#"{"account": "acc-a", "recipient": "000057174132", "valid_from": "2018-12-12T00:00:00Z"}"#,
    ),
    (
        "party.located",
        r#"{"address": "adr-t", "aws_account": "111122223333", "company": "Müller", "country": "DE", "recipient": "000057174132", "state": "Bremen",
            "valid_from": "2018-12-12T00:00:00Z"}"#,
        r#"{"address": "adr-t", "recipient": "000057174132", "valid_from": "2018-12-12T00:00:00Z"}"#,
    ),
    (
        "product.listed",
        r#"{"catalog": "AWSGovCloud", "code": "code1", "delivery": "saas", "extra": {"new_column": "x"}, "manufacturer": "acc-isv", "manufacturer_account": "000057174132", "product": "prod-1",
            "recipient": "000057174132", "title": "Anchor", "valid_from": "2025-01-01T00:00:00Z"}"#,
        r#"{"product": "prod-1", "recipient": "000057174132", "valid_from": "2025-01-01T00:00:00Z"}"#,
    ),
    (
        "product.designated",
        r#"{"designation": "deployed-on-aws", "holds": true, "product": "prod-1"}"#,
        r#"{"designation": "deployed-on-aws", "holds": false, "product": "prod-1"}"#,
    ),
    (
        "id.mapped",
        r#"{"catalog": "AWSGovCloud", "extra": {"min_data_catalog": "a"}, "kind": "PRODUCT", "legacy": "2b6c-guid", "new": "prod-1",
            "recipient": "000057174132", "valid_from": "2025-01-01T00:00:00Z"}"#,
        r#"{"kind": "PRODUCT", "legacy": "2b6c-guid", "new": "prod-1", "recipient": "000057174132", "valid_from": "2025-01-01T00:00:00Z"}"#,
    ),
    (
        "template.saved",
        r#"{"fields": {"eula": "standard", "version": "2022-07-14"}, "kind": "eula", "template": "scmp"}"#,
        r#"{"fields": {}, "kind": "eula", "template": "scmp"}"#,
    ),
    ("policy.set", r#"{"parameters": {"saas": "3"}, "policy": "listing-fees"}"#, r#"{"parameters": {}, "policy": "listing-fees"}"#),
    ("authorization.described", AUTHORIZATION, r#"{"authorization": "resaleauthz-1"}"#),
    ("authorization.granted", AUTHORIZATION, r#"{"authorization": "resaleauthz-1"}"#),
    (
        "authorization.restricted",
        r#"{"authorization": "resaleauthz-1", "reason": "partner left the programme"}"#,
        r#"{"authorization": "resaleauthz-1"}"#,
    ),
    ("offer.drafted", OFFER, r#"{"offer": "offer-1"}"#),
    ("offer.described", OFFER, r#"{"offer": "offer-1"}"#),
    ("offer.submitted", STEP, r#"{"offer": "offer-1"}"#),
    ("offer.approved", STEP, r#"{"offer": "offer-1"}"#),
    ("offer.rejected", STEP, r#"{"offer": "offer-1"}"#),
    ("offer.released", OFFER, r#"{"offer": "offer-1"}"#),
    (
        "offer.product_added",
        r#"{"extra": {"new_column": "x"}, "offer": "offer-1", "product": "prod-1", "recipient": "000057174132", "revision": 1, "valid_from": "2025-01-01T00:00:00Z"}"#,
        r#"{"offer": "offer-1", "product": "prod-1"}"#,
    ),
    (
        "offer.targeted",
        r#"{"catalog": "AWSGovCloud", "extra": {"new_column": "x"}, "kind": "BuyerAccounts", "offer": "offer-1", "polarity": "PositiveTargeting",
            "recipient": "000057174132", "revision": 1, "target": "target-1", "valid_from": "2025-01-01T00:00:00Z", "value": "111122223333"}"#,
        r#"{"kind": "CountryCodes", "offer": "offer-1", "polarity": "PositiveTargeting", "value": "DE"}"#,
    ),
    ("offer.availability_changed", r#"{"expires_at": "2026-01-01T00:00:00Z", "offer": "offer-1"}"#, r#"{"offer": "offer-1"}"#),
    ("offer.withdrawn", STEP, r#"{"offer": "offer-1"}"#),
    ("offer_set.described", OFFER_SET, r#"{"offer_set": "offerset-1"}"#),
    ("offer_set.released", OFFER_SET, r#"{"offer_set": "offerset-1"}"#),
    ("agreement.accepted", AGREEMENT, r#"{"agreement": "agmt-1"}"#),
    ("agreement.amended", AGREEMENT, r#"{"agreement": "agmt-1"}"#),
    (
        "agreement.ended",
        r#"{"agreement": "agmt-1", "reason": "BUYER_DISSATISFACTION", "status": "CANCELLED"}"#,
        r#"{"agreement": "agmt-1", "status": "TERMINATED"}"#,
    ),
    (
        "cancellation.requested",
        r#"{"agreement": "agmt-1", "note": "the rate was wrong", "reason": "INCORRECT_TERMS_ACCEPTED", "request": "acr-1"}"#,
        r#"{"agreement": "agmt-1", "request": "acr-1"}"#,
    ),
    (
        "cancellation.answered",
        r#"{"agreement": "agmt-1", "answer": "REJECTED", "note": "we still need it", "request": "acr-1"}"#,
        r#"{"agreement": "agmt-1", "answer": "APPROVED", "request": "acr-1"}"#,
    ),
    ("agreement.revised", AGREEMENT, r#"{"agreement": "agmt-1"}"#),
    (
        "term.recorded",
        r#"{"agreement": "agmt-1", "configuration": "{\"selectorValue\":\"P12M\"}", "extra": {"new_column": "x"}, "kind": "ConfigurableUpfrontPricingTerm",
            "recipient": "000057174132", "term": "term-1", "valid_from": "2025-01-01T00:00:00Z"}"#,
        r#"{"agreement": "agmt-1", "kind": "LegalTerm", "term": "term-1"}"#,
    ),
    (
        "charge.scheduled",
        r#"{"agreement": "agmt-1", "amount": "2500.00", "charged_at": "2025-06-01T00:00:00Z", "currency": "USD", "extra": {"new_column": "x"},
            "recipient": "000057174132", "term": "term-1", "valid_from": "2025-01-01T00:00:00Z"}"#,
        r#"{"agreement": "agmt-1", "amount": "2500.00", "charged_at": "2025-06-01T00:00:00Z", "currency": "USD", "term": "term-1"}"#,
    ),
    ("invoice.issued", BILLING, BILLING_SPARSE),
    ("invoice.adjusted", BILLING, BILLING_SPARSE),
    ("invoice.forgiven", BILLING, BILLING_SPARSE),
    ("invoice.collected", BILLING, BILLING_SPARSE),
    ("disbursement.allocated", BILLING, BILLING_SPARSE),
    ("disbursement.paid", BILLING, BILLING_SPARSE),
    ("disbursement.failed", BILLING, BILLING_SPARSE),
    ("balance.adjusted", BILLING, BILLING_SPARSE),
    ("billing.unclassified", BILLING, BILLING_SPARSE),
    (
        "invoice.summarised",
        r#"{"account": "111122223333", "currency": "USD", "due": "2026-02-01T00:00:00Z", "invoice": "EUMPINGB26-12125", "invoice_type": "CREDIT_MEMO",
            "original": "EUMPINGB26-12000", "purchase_order": "PO-7", "total": "-12.00"}"#,
        r#"{"invoice": "EUMPINGB26-12125"}"#,
    ),
    (
        "usage.metered",
        r#"{"agreement": "agmt-1", "catalog": "AWSGovCloud", "currency": "USD", "day": "2026-03-31T00:00:00Z", "description": "hours", "dimension": "m5.large",
            "end_user": "acc-e", "estimated_revenue": "3.25", "extra": {"new_column": "x"}, "offer": "offer-1", "payer": "acc-p", "product": "prod-1",
            "quantity": "2.50", "rate": "1.300000", "recipient": "000057174132", "region": "eu-west-1", "unit": "Hrs", "usage": "usage-1",
            "valid_from": "2026-04-01T00:00:00Z"}"#,
        r#"{"day": "2026-03-31T00:00:00Z", "recipient": "000057174132", "usage": "usage-1", "valid_from": "2026-04-01T00:00:00Z"}"#,
    ),
    (
        "tax.itemised",
        r#"{"amount": "20.60", "calculation_reason": "Taxable", "country": "DE", "currency": "EUR", "customer_bill": "bill-1", "dated": "2026-03-31T00:00:00Z",
            "display": "Exclusive", "exemption": "none", "invoice": "EUMPINGB26-12125", "invoice_date": "2026-03-31T00:00:00Z", "item": "tax-1",
            "jurisdiction": "Germany", "jurisdiction_level": "Country", "liable": "AWS", "line": "line-1", "nontaxable": "0.00", "product": "prod-1",
            "product_tax_code": "code", "rate": "0.206", "recipient": "000057174132", "reference": "ref-1", "state": "Bremen", "tax_type": "None",
            "taxable": "100.00", "taxed_account": "acc-b", "transaction": "AWS", "valid_from": "2026-04-01T00:00:00Z"}"#,
        r#"{"amount": "20.60", "item": "tax-1", "recipient": "000057174132", "valid_from": "2026-04-01T00:00:00Z"}"#,
    ),
];

const AUTHORIZATION: &str = r#"{"authorization": "resaleauthz-1", "available_until": "2026-01-01T00:00:00Z", "buyers": ["111122223333"], "currency": "USD",
    "description": "for one buyer", "discount": "26.5", "eula": "standard:2022-07-14", "grantor": "000057174132", "name": "Spring", "offers_max": 1,
    "parent": "resaleauthz-0", "pre_existing": "AwsMarketplace Contract", "pricing": "contract", "product": "prod-1", "recipient": "000057174132", "reseller": "804753256254",
    "schedule": [{"amount": "73.50", "charged_at": "2025-06-01T00:00:00Z"}], "wholesale": [{"amount": "73.50", "duration": "P12M", "of": "users"}]}"#;

const OFFER_SET: &str = r#"{"name": "Spring bundle", "offer_set": "offerset-1", "offers": ["offer-1", "offer-2"], "recipient": "000057174132",
    "removed": ["offer-3"], "solution": "soln-1"}"#;

const OFFER: &str = r#"{"authorization": "resaleauthz-1", "authorization_description": "for one buyer", "authorization_name": "Spring", "buyers": ["111122223333"],
    "catalog": "AWSGovCloud", "cost_centre": "cc-7", "crm": "deal-7", "currency": "USD", "delivery": "saas", "duration": "P12M", "ends_at": "2027-01-01T00:00:00Z",
    "eula": "standard:2022-07-14", "expires_at": "2026-01-01T00:00:00Z",
    "extra": {"new_column": "x"}, "list_value": "12500.00", "markup": "25", "name": "Anchor for Müller", "offer": "offer-1",
    "offer_set": "offerset-1", "pre_existing": "External Contract", "prices": [{"amount": "73.50", "of": "users"}], "pricing": "contract", "products": ["prod-1"], "programmes": ["mpop"], "recipient": "000057174132",
    "recipient_account": "acc-r", "renews": "agmt-0", "replaces": "agmt-9", "revision": 1, "risks": ["custom_eula"],
    "schedule": [{"amount": "2500.00", "charged_at": "2025-06-01T00:00:00Z"}], "segment": "retail", "seller": "804753256254", "seller_account": "acc-s",
    "starts_at": "2026-01-01T00:00:00Z", "valid_from": "2025-01-01T00:00:00Z", "value": "10000.00"}"#;

const STEP: &str = r#"{"by": "li", "note": "within policy", "offer": "offer-1", "role": "finance"}"#;

const AGREEMENT: &str = r#"{"accepted_at": "2025-01-15T09:30:00Z", "acceptor": "111122223333", "acceptor_account": "acc-b", "agreement": "agmt-1",
    "catalog": "AWSGovCloud", "currency": "USD", "ends_at": "2026-01-15T00:00:00Z", "extra": {"new_column": "x"}, "intent": "NEW", "offer": "offer-1",
    "offer_revision": 1, "offer_set": "offerset-1", "payer": "222233334444", "preceding": "agmt-0", "proposer": "000057174132", "proposer_account": "acc-s", "purchase_order": "PO-7", "reason": "none",
    "recipient": "000057174132", "starts_at": "2025-01-15T00:00:00Z", "status": "ACTIVE", "valid_from": "2025-01-15T09:30:00Z", "value": "10000.00"}"#;

const BILLING: &str = r#"{"action": "INVOICED", "agreement": "agmt-1", "amount": "73.500000", "balance_impacting": true, "bank_trace": "0070123",
    "billing_address": "adr-b", "broker": "AWS_EUROPE", "buyer_invoice": "736188921", "buyer_invoice_date": "2025-06-01T00:00:00Z", "buyer_line": "line-0",
    "catalog": "AWSGovCloud", "charge_side": "SELLING", "charge_variant": "RESALE", "counterparty": "acc-b", "currency": "GBP", "disbursement": "be-99",
    "disbursement_amount": "93.10", "disbursement_currency": "USD", "disbursement_reference": "ref-9", "due": "2025-07-01T00:00:00Z", "end_user": "acc-e",
    "extra": {"new_column": "x"}, "invoice": "EUMPINGB26-12125", "invoice_date": "2025-06-02T00:00:00Z", "invoice_variant": "RESALE", "line": "line-1",
    "offer": "offer-1", "parent": "be-1", "product": "prod-1", "recipient": "000057174132", "reference": "tr-1", "seller_only": true,
    "transaction_type": "SELLER_REV_SHARE", "usage_from": "2025-05-01T00:00:00Z", "usage_until": "2025-06-01T00:00:00Z", "wholesale": true}"#;

const BILLING_SPARSE: &str = r#"{"amount": "-1", "currency": "USD", "recipient": "000057174132", "transaction_type": "AWS_REV_SHARE"}"#;
