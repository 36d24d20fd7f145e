//! Endpoints by AWS's own test cases, and by AWS's own rules for every region and setting there is.

use std::path::Path;

use serde_json::{Value, json};
use sts_proto::ErrorKind;
use sts_proto::endpoint::{EndpointOptions, PARTITIONS, Partition};
use sts_tests::endpoint_rules::{Outcome, Rules};
use sts_tests::report::Report;
use sts_tests::vectors::{self, Cases};

/// Regions that no partition lists: new ones, and names that are hardly any.
const INVENTED: [&str; 14] = [
    "us-east-3",
    "ap-future-9",
    "eu-south-10",
    "nowhere",
    "cn-new-1",
    "us-gov-north-1",
    "us-iso-north-4",
    "us-isob-x-1",
    "eu-isoe-east-2",
    "us-isof-north-1",
    "eusc-de-west-2",
    "eusc-fr-west-1",
    "us-east",
    "xx-east-1",
];

/// A custom endpoint, as the cases have it.
const CUSTOM: &str = "https://example.com";

/// What our resolver makes of parameters, in the words of the rules.
fn ours(params: &Value) -> Result<Outcome, String> {
    let flag = |name: &str| params[name].as_bool().unwrap_or(false);
    let mut options = EndpointOptions::new()
        .fips(flag("UseFIPS"))
        .dual_stack(flag("UseDualStack"))
        .legacy_global(flag("UseGlobalEndpoint"));
    if let Some(region) = params["Region"].as_str() {
        options = options.region(region);
    }
    if let Some(url) = params["Endpoint"].as_str() {
        options = options.url(url);
    }
    match options.resolve() {
        Ok(endpoint) => Ok(Outcome::Endpoint {
            url: endpoint.url().to_string(),
            signing_region: endpoint.signing_region().map(str::to_owned),
            signing_name: Some(endpoint.signing_name().to_owned()),
        }),
        Err(error) if error.kind() == ErrorKind::InvalidInput => Ok(Outcome::Refused(error.to_string())),
        Err(error) => Err(format!("an error of another kind: {error}")),
    }
}

/// Compares an outcome of ours with what it should be: the URL but for a slash, what is signed, and whether it is an
/// error, whose sentences are our own.
fn compare(report: &mut Report, params: &Value, expected: Outcome) {
    let Some(ours) = report.ok("outcome", ours(params)) else { return };
    match (ours, expected) {
        (Outcome::Refused(_), Outcome::Refused(_)) => {}
        (
            Outcome::Endpoint { url, signing_region, signing_name },
            Outcome::Endpoint { url: their_url, signing_region: their_region, signing_name: their_name },
        ) => {
            // A URL without a path is sent with this one.
            let slash = if their_url.matches('/').count() == 2 { "/" } else { "" };
            report.same_text("URL", &url, &format!("{their_url}{slash}"));
            // What the rules leave open is the region itself, and the service.
            let region = their_region.or_else(|| params["Region"].as_str().map(str::to_owned));
            report.same("signing region", &signing_region, &region);
            let name = their_name.unwrap_or_else(|| "sts".to_owned());
            report.same("signing name", &signing_name, &Some(name));
        }
        (ours, expected) => report.fail(format!("{ours:?}, expected {expected:?}")),
    }
}

/// What a case expects.
fn expected(case: &Value) -> Result<Outcome, String> {
    if let Some(sentence) = case["expect"]["error"].as_str() {
        return Ok(Outcome::Refused(sentence.to_owned()));
    }
    let endpoint = &case["expect"]["endpoint"];
    let scheme = &endpoint["properties"]["authSchemes"][0];
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Ok(Outcome::Endpoint {
        url: text(&endpoint["url"]).ok_or("the case expects neither a URL nor an error")?,
        signing_region: text(&scheme["signingRegion"]),
        signing_name: text(&scheme["signingName"]),
    })
}

#[test]
fn endpoint_tests() {
    let Some(file) = find("endpoint-tests.json") else { return };
    let mut report = Report::new("endpoint_vectors, cases");
    for case in vectors::json(&file)["testCases"].as_array().into_iter().flatten() {
        report.case(format!("{} {}", case["documentation"].as_str().unwrap_or("?"), case["params"]));
        if let Some(expected) = report.ok("case", expected(case)) {
            compare(&mut report, &case["params"], expected);
        }
    }
    report.finish();
}

/// A file of the folder `endpoints`. A folder with none of them has no case.
fn find(name: &str) -> Option<std::path::PathBuf> {
    let folder = Cases::vectors().find("endpoints")?;
    let known = ["endpoint-tests.json", "endpoint-rule-set.json", "partitions.json"];
    let any = vectors::entries(&folder).iter().any(|path| known.contains(&vectors::name(path).as_str()));
    assert!(any, "{} exists but holds no case", folder.display());
    Cases::vectors().find(&format!("endpoints/{name}"))
}

fn rules() -> Option<Rules> {
    let read = |path: &Path| vectors::json(path);
    let (rule_set, partitions) = (find("endpoint-rule-set.json")?, find("partitions.json")?);
    Some(Rules::new(&read(&rule_set), &read(&partitions)).expect("the rules can be read"))
}

/// All settings of the three flags.
fn flags() -> impl Iterator<Item = Value> {
    (0..8).map(|bits| {
        json!({"UseFIPS": bits & 1 != 0, "UseDualStack": bits & 2 != 0, "UseGlobalEndpoint": bits & 4 != 0})
    })
}

/// All combinations of a region, or none, and an endpoint, or none, that are to be compared.
fn places(rules: &Rules) -> Vec<Value> {
    let listed = rules.partitions().iter().flat_map(|partition| partition.regions()).map(String::as_str);
    let mut places: Vec<Value> = listed.chain(INVENTED).map(|region| json!({"Region": region})).collect();
    places.push(json!({}));
    places.push(json!({"Endpoint": CUSTOM}));
    places.push(json!({"Endpoint": format!("{CUSTOM}:8443/sts"), "Region": "eu-west-1"}));
    places
}

#[test]
fn the_rule_set() {
    let Some(rules) = rules() else { return };
    let mut report = Report::new("endpoint_vectors, rules");
    for place in places(&rules) {
        for mut params in flags() {
            let all = params.as_object_mut().expect("flags are an object");
            all.extend(place.as_object().cloned().unwrap_or_default());
            report.case(params.to_string());
            if let Some(expected) = report.ok("rules", rules.resolve(&params)) {
                compare(&mut report, &params, expected);
            }
        }
    }
    report.finish();
}

#[test]
fn the_partitions() {
    let Some(rules) = rules() else { return };
    let mut report = Report::new("endpoint_vectors, partitions");
    report.case("all");
    let theirs: Vec<_> = rules.partitions().iter().map(|partition| partition.id()).collect();
    report.same("ids", &PARTITIONS.iter().map(|partition| partition.id).collect(), &theirs);
    for (ours, theirs) in PARTITIONS.iter().zip(rules.partitions()) {
        report.case(ours.id);
        report.same("dnsSuffix", &ours.dns_suffix, &theirs.output("dnsSuffix"));
        report.same("dualStackDnsSuffix", &ours.dual_stack_dns_suffix, &theirs.output("dualStackDnsSuffix"));
        let region = theirs.output("implicitGlobalRegion");
        report.same("implicitGlobalRegion", &ours.implicit_global_region, &region);
        for region in theirs.regions() {
            report.same(region, &Partition::of_region(region).id, &theirs.id());
        }
    }
    report.finish();
}

/// AWS's own hosts of the services around STS, by AWS's rules: none of them is taken without TLS.
#[test]
fn hosts_of_aws_by_the_rule_sets_are_refused_without_tls() {
    let Some(partitions) = find("partitions.json") else { return };
    let partitions = vectors::json(&partitions);
    let mut report = Report::new("endpoint_vectors, own hosts");
    let services = ["endpoint", "signin", "sso", "sso-oidc"];
    for (service, file) in services.map(|service| (service, find(&format!("{service}-rule-set.json")))) {
        let Some(file) = file else { continue };
        let rules = Rules::new(&vectors::json(&file), &partitions).expect("the rules can be read");
        let regions: Vec<_> = rules.partitions().iter().flat_map(|partition| partition.regions()).collect();
        for region in regions {
            for mut params in flags() {
                params["Region"] = json!(region);
                report.case(format!("{service} {params}"));
                let Some(Outcome::Endpoint { url, .. }) = report.ok("rules", rules.resolve(&params)) else {
                    continue;
                };
                let plain = url.replacen("https://", "http://", 1);
                match EndpointOptions::new().url(&plain).resolve() {
                    Err(error) if error.to_string().contains("without TLS") => {}
                    other => report.fail(format!("{plain}: {other:?}")),
                }
            }
        }
    }
    report.finish();
}
