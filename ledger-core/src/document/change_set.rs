//! Change sets of the Catalog API: as they were asked for (`StartChangeSet`), and as AWS did them (`DescribeChangeSet`).
//!
//! A request does not say whether and when AWS did it, nor what it called what was created: that is said beside it, or the answer is read
//! instead. Source: AWS Marketplace Catalog API reference, `StartChangeSet`, `DescribeChangeSet`.

use serde_json::Value;

use super::terms::{Terms, accounts};
use super::{Document, Node, Page, account_in_arn, delivery};
use crate::event::Event;
use crate::event::catalogue::ProductListed;
use crate::event::offer::{OfferAvailabilityChanged, OfferSetTerms, OfferTargeted, OfferTerms};
use crate::event::resale::{AuthorizationRestricted, AuthorizationTerms};
use crate::id::{AccountId, OfferId, ProductId};
use crate::problem::{Code, Problem};
use crate::time::Instant;

pub(super) struct ChangeSet;

impl Document for ChangeSet {
    fn name(&self) -> &'static str {
        "change_set"
    }

    fn marks(&self) -> &'static [&'static [&'static str]] {
        &[&["ChangeSet"]]
    }

    fn account(&self, whole: &Value) -> Option<AccountId> {
        account_in_arn(whole.get("ChangeSetArn")?.as_str()?)
    }

    fn read(&self, page: &Page<'_>) {
        let root = page.root();
        match root.text_of("Status").as_deref() {
            None | Some("SUCCEEDED") => (),
            Some(status) => return page.drop(&format!("change set {status}")),
        }
        let done = root.moment_of("EndTime").or_else(|| root.moment_of("StartTime"));
        let things = things(&root);
        // Of what is of no use here nothing need be known.
        if things.iter().all(|thing| !thing.is_kept()) {
            return things.iter().for_each(Thing::drop);
        }
        let Some(at) = page.effective_at(done, "a change set that is only asked for") else { return };
        let id = root.text_of("ChangeSetId").unwrap_or_else(|| page.beside.digest.to_string());
        for thing in &things {
            let telling = Telling { page, key: format!("{id}/{}", thing.id), at, stated_at: done, things: &things };
            telling.thing(thing);
        }
    }
}

/// A thing, and the changes that were made to it.
struct Thing<'a> {
    kind: String,
    id: String,
    changes: Vec<(String, Node<'a>)>,
}

impl Thing<'_> {
    fn is_kept(&self) -> bool {
        matches!(self.kind.as_str(), "Offer" | "OfferSet" | "ResaleAuthorization") || self.title().is_some() || self.is_new_product()
    }

    fn title(&self) -> Option<String> {
        delivery(&self.kind)?;
        self.changes.iter().find_map(|(_, details)| details.text_of("ProductTitle"))
    }

    fn is_new_product(&self) -> bool {
        delivery(&self.kind).is_some() && self.changes.iter().any(|(change, _)| change == "CreateProduct")
    }

    fn drop(&self) {
        self.changes.iter().for_each(|(change, details)| details.page.drop(change));
    }
}

/// The things that a change set is about, in the order in which it names them first.
fn things<'a>(root: &Node<'a>) -> Vec<Thing<'a>> {
    let changes = root.items("ChangeSet");
    let mut things: Vec<Thing<'a>> = Vec::new();
    for change in &changes {
        let Some(named) = change.needed("ChangeType") else { continue };
        let Some(what) = named.text() else { continue };
        if what == "ListEntities" {
            named.complain(Code::E0203, "it asks for a list, and changes nothing", "leave it out");
            continue;
        }
        let Some(entity) = change.needed("Entity") else { continue };
        let Some(kind) = entity.needed("Type").and_then(|kind| kind.text()) else { continue };
        let kind = kind.split('@').next().unwrap_or_default().to_owned();
        let Some(details) = change.needed("DetailsDocument") else { continue };
        let created = change.text_of("ChangeName");
        let Some(id) = id_of(&entity, &kind, created.as_deref(), &changes) else { continue };
        match things.iter_mut().find(|thing| thing.id == id && thing.kind == kind) {
            Some(thing) => thing.changes.push((what, details)),
            None => things.push(Thing { kind, id, changes: vec![(what, details)] }),
        }
    }
    things
}

/// What AWS calls the thing that a change is about: as it says, or as was said beside it of what is created here.
fn id_of(entity: &Node<'_>, kind: &str, created: Option<&str>, changes: &[Node<'_>]) -> Option<String> {
    let page = entity.page;
    let said = entity.text_of("Identifier");
    let placeholder = match &said {
        Some(id) => match id.strip_prefix('$').and_then(|rest| rest.strip_suffix(".Entity.Identifier")) {
            // The answer names what was created where it was created.
            Some(name) => {
                let creates = |change: &&Node<'_>| change.get("ChangeName").and_then(|name| name.value.as_str()) == Some(name);
                let creator = changes.iter().find(creates).and_then(|change| change.get("Entity")?.text_of("Identifier"));
                match creator.filter(|id| !id.starts_with('$')) {
                    Some(id) => return Some(plain(&id)),
                    None => name.to_owned(),
                }
            }
            None => return Some(plain(id)),
        },
        None => created.unwrap_or(kind).to_owned(),
    };
    if let Some(id) = page.named(&placeholder).or_else(|| page.named(kind)) {
        return Some(id.to_owned());
    }
    if delivery(kind).is_none() && !matches!(kind, "Offer" | "OfferSet" | "ResaleAuthorization") {
        return Some(placeholder);
    }
    let why = format!("nothing says what AWS called the {kind} that `{placeholder}` creates");
    let cure = format!("import AWS's answer, which says it; or say it: --entity {placeholder}=…");
    page.problem(Problem::new(Code::E0326, &placeholder, why).cure(cure));
    None
}

/// `offer-1@3` is revision 3 of `offer-1`.
fn plain(id: &str) -> String {
    id.split('@').next().unwrap_or_default().to_owned()
}

/// What is being told of one thing.
struct Telling<'a> {
    page: &'a Page<'a>,
    key: String,
    at: Instant,
    stated_at: Option<Instant>,
    things: &'a [Thing<'a>],
}

impl Telling<'_> {
    fn tell(&self, more: &str, event: Event) {
        self.page.tell(&format!("{}{more}", self.key), self.at, self.stated_at, event);
    }

    fn thing(&self, thing: &Thing<'_>) {
        match thing.kind.as_str() {
            "Offer" => self.offer(thing),
            "OfferSet" => self.offer_set(thing),
            "ResaleAuthorization" => self.authorization(thing),
            kind if delivery(kind).is_some() => self.product(thing),
            _ => thing.drop(),
        }
    }

    /// An id of a thing, of this or of another kind.
    fn id<T: std::str::FromStr<Err: std::fmt::Display>>(&self, thing: &Thing<'_>) -> Option<T> {
        let refuse =
            |why: T::Err| self.page.problem(Problem::new(Code::E0204, &thing.id, why.to_string()).cure("write the id as AWS does"));
        thing.id.parse().map_err(refuse).ok()
    }

    /// A product that an offer names: an id, or one that is created beside it, with how it is delivered.
    fn product_of(&self, details: &Node<'_>) -> (Option<ProductId>, Option<String>) {
        let Some(named) = details.needed("ProductId") else { return (None, None) };
        let Some(text) = named.text() else { return (None, None) };
        let beside = if text.starts_with('$') {
            self.things.iter().find(|thing| delivery(&thing.kind).is_some())
        } else {
            self.things.iter().find(|thing| thing.id == plain(&text))
        };
        let delivered = beside.and_then(|thing| delivery(&thing.kind)).map(str::to_owned);
        match beside {
            Some(thing) => (self.id(thing), delivered),
            None if text.starts_with('$') => (None, None),
            None => (named.id(), delivered),
        }
    }

    fn offer(&self, thing: &Thing<'_>) {
        let Some(id) = self.id::<OfferId>(thing) else { return };
        let mut offer = OfferTerms { recipient: Some(self.page.whose()), ..OfferTerms::of(id.clone()) };
        let (mut terms, mut is_released, mut more) = (Terms::default(), false, 0_u64);
        for (change, details) in &thing.changes {
            let kept = match change.as_str() {
                "CreateOffer"
                | "CreateOfferUsingResaleAuthorization"
                | "CreateReplacementOffer"
                | "CreateReplacementOfferUsingResaleAuthorization" => {
                    offer.seller = Some(self.page.whose());
                    offer.name = details.text_of("Name").or(offer.name);
                    offer.authorization = details.id_of("ResaleAuthorizationId").or(offer.authorization);
                    offer.replaces = details.id_of("AgreementId").or(offer.replaces);
                    if change == "CreateOffer" {
                        let (product, delivered) = self.product_of(details);
                        offer.products.extend(product);
                        offer.delivery = delivered;
                    }
                    true
                }
                "UpdateInformation" => {
                    offer.name = details.text_of("Name").or(offer.name);
                    offer.pre_existing = pre_existing(details).or(offer.pre_existing);
                    true
                }
                "UpdatePricingTerms" | "UpdateValidityTerms" | "UpdatePaymentScheduleTerms" | "UpdateLegalTerms" => {
                    terms.model(details.text_of("PricingModel"));
                    details.items("Terms").iter().for_each(|term| terms.take(term));
                    true
                }
                "UpdateAvailability" => {
                    offer.expires_at = details.get("AvailabilityEndDate").and_then(|date| date.after());
                    more += 1;
                    false
                }
                "UpdateTargeting" => {
                    self.targets(&id, details, &mut offer);
                    !offer.buyers.is_empty()
                }
                "UpdateMarkup" => {
                    offer.markup = details.needed("Percentage").and_then(|percentage| percentage.amount());
                    true
                }
                "ReleaseOffer" => {
                    is_released = true;
                    true
                }
                _ => {
                    self.page.drop(change);
                    false
                }
            };
            more += u64::from(kept) * 2;
        }
        terms_of_offer(&mut offer, terms);
        match (is_released, more) {
            (true, _) => self.tell("", Event::OfferReleased(Box::new(offer))),
            (false, 0) => (),
            (false, 1) => {
                let changed = OfferAvailabilityChanged { expires_at: offer.expires_at, offer: id };
                self.tell("", Event::OfferAvailabilityChanged(Box::new(changed)));
            }
            (false, _) => self.tell("", Event::OfferDescribed(Box::new(offer))),
        }
    }

    /// To whom an offer is shown. Named buyers are a term of the offer; countries and programmes are targets.
    fn targets(&self, id: &OfferId, details: &Node<'_>, offer: &mut OfferTerms) {
        for polarity in ["PositiveTargeting", "NegativeTargeting"] {
            let Some(targeting) = details.get(polarity) else { continue };
            let Some(members) = targeting.value.as_object() else { continue };
            for kind in members.keys() {
                if kind == "BuyerAccounts" && polarity == "PositiveTargeting" {
                    offer.buyers = accounts(&targeting);
                    continue;
                }
                for value in targeting.items(kind).into_iter().filter_map(|item| item.text()) {
                    let target = OfferTargeted {
                        catalog: None,
                        extra: crate::event::Extra::new(),
                        kind: kind.clone(),
                        offer: id.clone(),
                        polarity: polarity.to_owned(),
                        recipient: Some(self.page.whose()),
                        revision: None,
                        target: None,
                        valid_from: None,
                        value: value.clone(),
                    };
                    self.tell(&format!("/{polarity}/{kind}/{value}"), Event::OfferTargeted(Box::new(target)));
                }
            }
        }
    }

    fn authorization(&self, thing: &Thing<'_>) {
        let Some(id) = self.id::<crate::id::AuthorizationId>(thing) else { return };
        let mut told = AuthorizationTerms { recipient: Some(self.page.whose()), ..AuthorizationTerms::of(id.clone()) };
        let (mut terms, mut is_granted, mut kept) = (Terms::default(), false, true);
        for (change, details) in &thing.changes {
            match change.as_str() {
                "CreateResaleAuthorization" => {
                    told.grantor = Some(self.page.whose());
                    told.product = self.product_of(details).0;
                    told.reseller = details.needed("ResellerAccountId").and_then(|account| account.account());
                    (told.name, told.description) = (details.text_of("Name"), details.text_of("Description"));
                }
                "UpdateInformation" => {
                    told.name = details.text_of("Name").or(told.name);
                    told.description = details.text_of("Description").or(told.description);
                    told.pre_existing = pre_existing(details).or(told.pre_existing);
                }
                "UpdatePricingTerms"
                | "UpdatePaymentScheduleTerms"
                | "UpdateLegalTerms"
                | "UpdateBuyerTargetingTerms"
                | "UpdateValidityTerms" => {
                    terms.model(details.text_of("PricingModel"));
                    details.items("Terms").iter().for_each(|term| terms.take(term));
                }
                "UpdateAvailability" => {
                    told.available_until = details.get("AvailabilityEndDate").and_then(|date| date.after());
                    told.offers_max = details.get("OffersMaxQuantity").and_then(|most| most.count());
                }
                "ReleaseResaleAuthorization" => is_granted = true,
                "RestrictResaleAuthorization" => {
                    kept = thing.changes.len() > 1;
                    let restricted = AuthorizationRestricted { authorization: id.clone(), reason: None };
                    self.tell("/restricted", Event::AuthorizationRestricted(Box::new(restricted)));
                }
                _ => {
                    self.page.drop(change);
                    kept = thing.changes.len() > 1;
                }
            }
        }
        terms_of_authorization(&mut told, terms);
        match (is_granted, kept) {
            (true, _) => self.tell("", Event::AuthorizationGranted(Box::new(told))),
            (false, true) => self.tell("", Event::AuthorizationDescribed(Box::new(told))),
            (false, false) => (),
        }
    }

    fn offer_set(&self, thing: &Thing<'_>) {
        let Some(id) = self.id(thing) else { return };
        let whose = Some(self.page.whose());
        let mut set = OfferSetTerms { name: None, offer_set: id, offers: vec![], recipient: whose, removed: vec![], solution: None };
        let mut is_released = false;
        for (change, details) in &thing.changes {
            let offers = || details.items("Offers").into_iter().filter_map(|offer| offer.id_of("OfferId"));
            match change.as_str() {
                "CreateOfferSet" | "UpdateInformation" => set.name = details.text_of("Name").or(set.name),
                "AssociateOffers" => set.offers.extend(offers()),
                "DisassociateOffers" => set.removed.extend(offers()),
                "AssociateSolution" => set.solution = details.id_of("SolutionId"),
                "ReleaseOfferSet" => is_released = true,
                _ => self.page.drop(change),
            }
        }
        if !is_released && set.name.is_none() && set.offers.is_empty() && set.removed.is_empty() && set.solution.is_none() {
            return;
        }
        let set = Box::new(set);
        self.tell("", if is_released { Event::OfferSetReleased(set) } else { Event::OfferSetDescribed(set) });
    }

    fn product(&self, thing: &Thing<'_>) {
        let told = |change: &str, details: &Node<'_>| change == "CreateProduct" || details.get("ProductTitle").is_some();
        thing.changes.iter().filter(|(change, details)| !told(change, details)).for_each(|(change, _)| self.page.drop(change));
        if !thing.is_kept() {
            return;
        }
        let Some(id) = self.id(thing) else { return };
        let listed = ProductListed {
            catalog: None,
            code: None,
            delivery: delivery(&thing.kind).map(str::to_owned),
            extra: crate::event::Extra::new(),
            manufacturer: None,
            manufacturer_account: Some(self.page.whose()),
            product: id,
            recipient: self.page.whose(),
            title: thing.title(),
            valid_from: self.at,
        };
        self.tell("", Event::ProductListed(Box::new(listed)));
    }
}

/// What the buyer had before: through whom, and how it was priced.
pub(super) fn pre_existing(details: &Node<'_>) -> Option<String> {
    let before = details.get("PreExistingAgreement").or_else(|| details.get("PreExistingBuyerAgreement"))?;
    let parts: Vec<String> = ["AcquisitionChannel", "PricingModel"].into_iter().filter_map(|part| before.text_of(part)).collect();
    Some(parts.join(" ")).filter(|before| !before.is_empty() && before != "Unknown Unknown")
}

/// Puts what terms say together into an offer.
pub(super) fn terms_of_offer(offer: &mut OfferTerms, terms: Terms) {
    (offer.pricing, offer.value) = (terms.pricing(), terms.value());
    (offer.currency, offer.duration, offer.eula) = (terms.currency, terms.duration, terms.eula);
    (offer.starts_at, offer.ends_at) = (terms.starts_at, terms.ends_at);
    (offer.prices, offer.schedule) = (terms.prices, terms.schedule);
}

/// Puts what terms say together into an authorization.
pub(super) fn terms_of_authorization(told: &mut AuthorizationTerms, terms: Terms) {
    told.pricing = terms.pricing();
    (told.currency, told.eula, told.buyers) = (terms.currency, terms.eula, terms.buyers);
    (told.wholesale, told.schedule) = (terms.prices, terms.schedule);
}
