//! AWS's own hosts of the services around STS, by AWS's rules for every region.

use serde_json::json;
use sts_tests::endpoint_rules::{Outcome, Rules};
use sts_tests::report::Report;
use sts_tests::vectors::{self, Cases};

use super::driver::{self, load};

/// Compares the first request of a profile with the service's rules, for each region and these flags.
fn compare(service: &str, text: &str, cache: &str, flags: &[(bool, bool)]) {
    let find = |name: &str| Cases::vectors().find(&format!("endpoints/{name}"));
    let (Some(rules), Some(partitions)) =
        (find(&format!("{service}-rule-set.json")), find("partitions.json"))
    else {
        return;
    };
    let rules =
        Rules::new(&vectors::json(&rules), &vectors::json(&partitions)).expect("the rules can be read");
    let mut report = Report::new("service_urls, hosts");
    for partition in rules.partitions() {
        for region in partition.regions().iter().filter(|region| !region.ends_with("-global")) {
            for &(fips, dual_stack) in flags {
                let params = json!({"Region": region, "UseFIPS": fips, "UseDualStack": dual_stack});
                report.case(format!("{service} {params}"));
                let Some(Outcome::Endpoint { url, .. }) = report.ok("rules", rules.resolve(&params)) else {
                    continue;
                };
                let (fips, dual_stack) = (fips.to_string(), dual_stack.to_string());
                let variables =
                    [("AWS_USE_FIPS_ENDPOINT", fips.as_str()), ("AWS_USE_DUALSTACK_ENDPOINT", &dual_stack)];
                let (result, sent) = load(&variables, &text.replace("us-east-1", region), cache, false);
                match sent.first() {
                    Some(request) => {
                        let sent = request.uri();
                        let sent = format!("https://{}", sent.authority().expect("a host"));
                        report.same_text("host", &sent, &url);
                    }
                    None => report.fail(format!("nothing was sent: {result:?}")),
                }
            }
        }
    }
    report.finish();
}

const ALL_FLAGS: [(bool, bool); 4] = [(false, false), (true, false), (false, true), (true, true)];

#[test]
fn sso_portal_hosts_follow_the_rule_set() {
    compare("sso", driver::SSO, driver::SSO_GOOD, &ALL_FLAGS);
}

#[test]
fn sso_oidc_hosts_follow_the_rule_set() {
    compare("sso-oidc", driver::SSO, driver::SSO_CACHE, &ALL_FLAGS);
}

#[test]
fn sign_in_hosts_follow_the_rule_set() {
    compare("signin", driver::LOGIN, driver::LOGIN_CACHE, &[(false, false)]);
}
