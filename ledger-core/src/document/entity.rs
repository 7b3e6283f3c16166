//! Things of the catalog as they stand: the answers of `DescribeEntity` and `BatchDescribeEntities`.
//! Source: AWS Marketplace Catalog API reference, offers and resale authorizations.

use serde_json::Value;

use super::change_set::{pre_existing, terms_of_authorization, terms_of_offer};
use super::terms::{Terms, accounts};
use super::{Document, Node, Page, account_in_arn, delivery};
use crate::event::Event;
use crate::event::catalogue::ProductListed;
use crate::event::offer::OfferTerms;
use crate::event::resale::{AuthorizationRestricted, AuthorizationTerms};
use crate::id::AccountId;
use crate::problem::{Code, Problem};
use crate::time::Instant;

pub(super) struct Entity;

impl Document for Entity {
    fn name(&self) -> &'static str {
        "entity"
    }

    fn marks(&self) -> &'static [&'static [&'static str]] {
        &[&["EntityType", "EntityIdentifier"], &["EntityDetails"]]
    }

    fn account(&self, whole: &Value) -> Option<AccountId> {
        let arn = |entity: &Value| account_in_arn(entity.get("EntityArn")?.as_str()?);
        arn(whole).or_else(|| whole.get("EntityDetails")?.as_object()?.values().find_map(arn))
    }

    fn read(&self, page: &Page<'_>) {
        let root = page.root();
        let Some(several) = root.get("EntityDetails") else { return one(&root) };
        let Some(members) = several.value.as_object() else {
            return several.complain(Code::E0203, "the entities by their ids are wanted", "AWS writes them between { and }");
        };
        let ids: Vec<String> = members.keys().cloned().collect();
        ids.iter().filter_map(|id| several.get(id)).for_each(|entity| one(&entity));
    }
}

fn one(entity: &Node<'_>) {
    let page = entity.page;
    let Some(kind) = entity.needed("EntityType").and_then(|kind| kind.text()) else { return };
    let Some(id) = entity.needed("EntityIdentifier").and_then(|id| id.text()) else { return };
    let Some(details) = entity.needed("DetailsDocument") else { return };
    let stated_at = entity.moment_of("LastModifiedDate");
    let Some(at) = page.effective_at(stated_at, "this description") else { return };
    let told = Described { page, at, stated_at, id: id.split('@').next().unwrap_or_default(), key: &id, details: &details };
    match kind.split('@').next().unwrap_or_default() {
        "Offer" => told.offer(),
        "ResaleAuthorization" => told.authorization(),
        product => match delivery(product) {
            Some(delivery) => told.product(delivery),
            None => page.drop(&kind),
        },
    }
}

/// What is told of one thing.
struct Described<'a> {
    page: &'a Page<'a>,
    at: Instant,
    stated_at: Option<Instant>,
    id: &'a str,
    key: &'a str,
    details: &'a Node<'a>,
}

impl Described<'_> {
    fn tell(&self, more: &str, event: Event) {
        self.page.tell(&format!("{}{more}", self.key), self.at, self.stated_at, event);
    }

    fn parsed<T: std::str::FromStr<Err: std::fmt::Display>>(&self) -> Option<T> {
        if self.id.is_empty() {
            let problem = Problem::new(Code::E0204, self.key, "nothing stands before the revision").column("EntityIdentifier");
            self.page.problem(problem.cure("write the id as AWS does"));
            return None;
        }
        let id = Value::String(self.id.to_owned());
        Node { page: self.page, value: &id, path: "EntityIdentifier".to_owned() }.id()
    }

    fn rule(&self, kind: &str) -> Option<Node<'_>> {
        self.details.items("Rules").into_iter().find(|rule| rule.text_of("Type").as_deref() == Some(kind))
    }

    fn terms(&self) -> Terms {
        let mut terms = Terms::default();
        self.details.items("Terms").iter().for_each(|term| terms.take(term));
        terms
    }

    fn offer(&self) {
        let Some(id) = self.parsed() else { return };
        let details = self.details;
        let mut offer = OfferTerms { recipient: Some(self.page.whose()), ..OfferTerms::of(id) };
        offer.seller = Some(self.page.whose());
        offer.name = details.text_of("Name");
        offer.products.extend(details.id_of("ProductId"));
        offer.authorization = details.id_of("ResaleAuthorizationId");
        offer.replaces = details.id_of("AgreementId");
        offer.markup = details.get("MarkupPercentage").and_then(|markup| markup.amount());
        offer.pre_existing = pre_existing(details);
        terms_of_offer(&mut offer, self.terms());
        offer.expires_at = self.rule("AvailabilityRule").and_then(|rule| rule.get("AvailabilityEndDate")?.after());
        let targets = self.rule("TargetingRule");
        offer.buyers = targets.and_then(|rule| rule.get("PositiveTargeting")).map(|it| accounts(&it)).unwrap_or_default();
        let is_released = details.text_of("State").as_deref() == Some("Released");
        let offer = Box::new(offer);
        self.tell("", if is_released { Event::OfferReleased(offer) } else { Event::OfferDescribed(offer) });
    }

    fn authorization(&self) {
        let Some(id) = self.parsed::<crate::id::AuthorizationId>() else { return };
        let details = self.details;
        let mut told = AuthorizationTerms { recipient: Some(self.page.whose()), ..AuthorizationTerms::of(id.clone()) };
        let issuer = details.get("IssuerAccountId").or_else(|| details.get("ManufacturerAccountId"));
        told.grantor = issuer.and_then(|account| account.account());
        told.parent = details.id_of("SourceAuthorization");
        (told.name, told.description) = (details.text_of("Name"), details.text_of("Description"));
        told.product = details.id_of("ProductId");
        let partner = self.rule("PartnerTargetingRule");
        told.reseller = partner.and_then(|rule| rule.get("ResellerAccountId")?.account());
        told.pre_existing = pre_existing(details);
        terms_of_authorization(&mut told, self.terms());
        if let Some(rule) = self.rule("AvailabilityRule") {
            told.available_until = rule.get("AvailabilityEndDate").and_then(|date| date.after());
            told.offers_max = rule.get("OffersMaxQuantity").and_then(|most| most.count());
        }
        let status = details.text_of("Status");
        let told = Box::new(told);
        let is_draft = status.as_deref() == Some("Draft");
        self.tell("", if is_draft { Event::AuthorizationDescribed(told) } else { Event::AuthorizationGranted(told) });
        if status.as_deref() == Some("Restricted") {
            let restricted = AuthorizationRestricted { authorization: id, reason: None };
            self.tell("/restricted", Event::AuthorizationRestricted(Box::new(restricted)));
        }
    }

    fn product(&self, delivery: &str) {
        let Some(id) = self.parsed() else { return };
        let description = self.details.get("Description");
        let listed = ProductListed {
            catalog: None,
            code: description.as_ref().and_then(|description| description.id_of("ProductCode")),
            delivery: Some(delivery.to_owned()),
            extra: crate::event::Extra::new(),
            manufacturer: None,
            manufacturer_account: Some(self.page.whose()),
            product: id,
            recipient: self.page.whose(),
            title: description.and_then(|description| description.text_of("ProductTitle")),
            valid_from: self.at,
        };
        self.tell("", Event::ProductListed(Box::new(listed)));
    }
}
