//! ISV Accelerate: co-selling with AWS, for SaaS that runs on AWS or integrates with it and is listed on AWS Marketplace.

use super::{Deal, Programme};

pub(super) struct IsvAccelerate;

/// The designations of a product that runs on AWS, or integrates with it.
const ON_AWS: &[&str] = &["deployed-on-aws", "integrates-with-aws"];

impl Programme for IsvAccelerate {
    fn name(&self) -> &'static str {
        "isv-accelerate"
    }

    fn title(&self) -> &'static str {
        "ISV Accelerate"
    }

    /// What was bought through AWS Marketplace is listed there.
    fn fits(&self, deal: &Deal) -> Option<String> {
        let designation = ON_AWS.iter().find(|designation| deal.designations.contains(**designation))?;
        deal.is_saas.then(|| format!("SaaS that is {designation}, and listed"))
    }

    fn is_joined(&self) -> bool {
        true
    }
}
