//! `listing-fees`: AWS's rate card, a row each parameter. `fee` has its grammar and says which row a deal has.

use crate::book::rules::Breaches;
use crate::fee::{Wrong, judge};
use crate::problem::Code;

pub(in crate::book) const NAME: &str = "listing-fees";

pub(super) fn check(field: &str, parameter: &str, value: &str, breaches: &mut Breaches) {
    let Err(wrong) = judge(parameter, value) else { return };
    match wrong {
        Wrong::Name => {
            let cure = "public_saas, public_server, public_data, private_saas …, private_usd and other currencies, renewal, channel_uplift, \
                        professional_services, region_de and other countries";
            breaches.add(Code::E0203, field, parameter, "it is no row of a rate card", cure);
        }
        Wrong::Rate => breaches.add(Code::E0211, field, value, "it is no rate", "write per cent, from 0 to 100: 2.5"),
        Wrong::Tiers => {
            let cure = "write the rate from nothing on, then each threshold with its rate, upwards: 3 1000000:2 10000000:1.5";
            breaches.add(Code::E0203, field, value, "it is no table of tiers", cure);
        }
    }
}
