//! AWS's order of sources.

use std::sync::Arc;

use crate::config::{Config, Origin};
use crate::error::Error;
use crate::source::environment::Environment;
use crate::source::{
    Chain, Context, Found, InstanceMetadata, Looking, Profile, Source, WebIdentity, profile,
};

impl Chain {
    /// The sources that AWS's SDKs look at, in botocore's order: the environment, a web identity in it, the chosen profile,
    /// the container's, and the instance's. A profile that assumes a role comes before the web identity; a profile that the
    /// program chose, and not `AWS_PROFILE`, comes instead of the environment's credentials.
    ///
    /// AWS: [credential provider chain](https://docs.aws.amazon.com/sdkref/latest/guide/standardized-credentials.html).
    pub fn of_config(config: Arc<Config>) -> Self {
        let lookup = |name: &str| config.environment().get(name).map(str::to_owned);
        let is_chosen = *config.profile_origin() == Origin::Option;
        let profile = Profile::new(Arc::clone(&config));
        let mut sources: Vec<Arc<dyn Source>> = Vec::new();
        if !is_chosen {
            sources.push(Arc::new(Environment::new(lookup)));
        }
        let web_identity = (!is_chosen).then(|| {
            let source = WebIdentity::from_environment(lookup).with_cache(profile::role_cache(&config));
            Arc::new(source) as Arc<dyn Source>
        });
        if profile.assumes_role() {
            sources.push(Arc::new(profile));
            sources.extend(web_identity);
        } else {
            sources.extend(web_identity);
            sources.push(Arc::new(profile));
        }
        sources.push(Arc::new(profile::container(&config)));
        sources.push(Arc::new(Instance(config)));
        sources.into_iter().collect()
    }
}

/// The instance metadata service as the configuration has it, whose mistakes matter only once it is looked at.
#[derive(Debug)]
struct Instance(Arc<Config>);

impl Source for Instance {
    fn name(&self) -> &'static str {
        InstanceMetadata::new().name()
    }

    fn look<'a>(&'a self, context: &'a Context) -> Looking<'a> {
        Box::pin(async move {
            let found: Result<Found, Error> = InstanceMetadata::from_config(&self.0)?.look(context).await;
            found
        })
    }
}
