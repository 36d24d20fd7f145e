"""Writes what botocore makes of generated STS calls, to compare this client with.

    python -m venv VENV && VENV/bin/pip install -r requirements.txt
    VENV/bin/python generate.py OUT_DIR [--count N] [--seed S] [--any-version]

Needs no network. The same seed, count and botocore give the same bytes. Both files hold one JSON object per
line (UTF-8, lines end with LF only; a value may hold U+2028 or U+0085, so split on LF).

forms.jsonl: `count` parameter sets for each operation (one for GetCallerIdentity, which has no parameters).
All are valid under the model: lengths (of strings: in code points), ranges, patterns and enums, and the
rules that the model does not say: SerialNumber and TokenCode both or neither, tag keys unique without regard
to case, TransitiveTagKeys among the tag keys, SourceIdentity not starting with "aws:", SigningAlgorithm RS256
or ES384, at most ten PolicyArns; GetScopedCredentials with Policy, DurationSeconds or both; Scope without a
value twice, and only with SubjectMode OriginIdentity and one Audience. Sensible they are not: policies need
not be JSON, ARNs may hold line breaks.

With --any-version, operations and optional members that this script has no values for are left out, and named.

    operation    "AssumeRole"
    params       {"RoleArn": "arn:...", "Tags": [{"Key": "k", "Value": "v"}], "DurationSeconds": 900, ...}
                 as given to botocore, in the order of the model; strings, integers, lists and objects only
    pairs        [["Action", "AssumeRole"], ["Version", "2011-06-15"], ["RoleArn", "arn:..."], ...]
                 the pairs of the body that botocore sent, decoded, in the order sent
    empty_lists  true if a list in params is empty (botocore then sends `Name=`); else absent
    partial      true if a ProvidedContexts item lacks one of its two members; else absent

signed.jsonl: requests that botocore signed. Fields of both kinds:

    kind               "header" or "presigned"
    operation, params  as above
    method             "POST" or "GET"
    url                before signing, without query
    headers            [[name, value], ...]; "header": all headers before signing, of which botocore signs all
                       but User-Agent, adding Host and X-Amz-*; "presigned": those signed besides Host
    body_b64           the body that was hashed, Base64
    access_key_id, secret_access_key, session_token (null if none), region, service
    time               "20150830T123600Z"
    canonical_request, string_to_sign, signature    as botocore's own signer computed them

and of one kind:

    authorization      "header": the Authorization header
    expires            "presigned": seconds
    pairs              "presigned": [[name, value], ...], what botocore moved from the form to the query
    unsigned_url       "presigned": url with these pairs as the query, in botocore's encoding
    presigned_url      "presigned": the result
"""

import argparse
import base64
import datetime
import itertools
import json
import os
import random
import re
import string
import sys
import unicodedata
import urllib.parse
from pathlib import Path

# Nothing that the user has configured may reach botocore. Before the import: it reads some of it when loaded.
for name in [name for name in os.environ if name.startswith(("AWS_", "BOTO_"))]:
    del os.environ[name]
os.environ.update(
    AWS_CONFIG_FILE=os.devnull,
    AWS_SHARED_CREDENTIALS_FILE=os.devnull,
    AWS_EC2_METADATA_DISABLED="true",
    # The signers of awscrt cannot be observed.
    BOTO_DISABLE_CRT="true",
)

try:
    import botocore
    import botocore.auth
    import botocore.awsrequest
    import botocore.session
    from botocore import xform_name
    from botocore.config import Config
    from botocore.loaders import Loader
except ImportError as error:
    sys.exit(f"{error}: run this in a virtual environment with requirements.txt installed")

UNSIGNED_OPERATIONS = ("AssumeRoleWithSAML", "AssumeRoleWithWebIdentity")
SIGNED_OPERATIONS = (
    "AssumeRole",
    "AssumeRoot",
    "DecodeAuthorizationMessage",
    "GetAccessKeyInfo",
    "GetCallerIdentity",
    "GetDelegatedAccessToken",
    "GetFederationToken",
    "GetScopedCredentials",
    "GetSessionToken",
    "GetWebIdentityToken",
)
OPERATIONS = tuple(sorted(SIGNED_OPERATIONS + UNSIGNED_OPERATIONS))

# Signed with a session token only.
TEMPORARY_ONLY = ("GetScopedCredentials",)
SIGNED_PER_OPERATION = 36
PRESIGNED = {"GetCallerIdentity": 32, "AssumeRole": 28, "GetSessionToken": 10, "GetFederationToken": 10}

# -----------------------------------------------------------------------------------------------------------
# Values

# For shapes where the model has no maximum.
UNBOUNDED_STRING = 6000
# Documented for PolicyArns, where the model has no maximum.
UNBOUNDED_LIST = 10
# Strings that may be longer than this reach their maximum once only, to keep the files small.
LARGE = 3000

WORD = string.ascii_letters + string.digits + "_"
BASE64 = string.ascii_letters + string.digits + "+/"
BASE64URL = string.ascii_letters + string.digits + "-_"
# What is easily encoded wrongly.
DELICATE = " +&=%/~*'\"?#;:@!$(),-._<>[]{}|\\^`\n\r\t"
LATIN1 = "".join(map(chr, range(0x80, 0x100)))
POLICY = "\t\n\r" + "".join(map(chr, range(0x20, 0x7F)))
# One or more of many scripts, all in \p{L}; the last row is outside of the BMP.
LETTERS = "aZßéøŁΩжЯאبदกღԱᎣሴ語かカ한ꙮﬁǅʰ" + "\U00010330\U00010400\U00012000\U0001d49c\U00020000\U0001e900"
NUMBERS = "07٣५Ⅷ²½〇\U0001d7d8\U00010107"
SPACES = " \u00a0\u1680\u2003\u2028\u2029\u202f\u3000"
TAG_SIGNS = "_.:/=+-@"
# Valid in an ARN by the model, ends of ranges included.
ARN_WIDE = DELICATE + "\x85\u00a0éЖ語\ud7ff\ue000\ufffd\U00010000\U0001f600\U0010ffff"
# Of a value of an OAuth scope: printable ASCII without space, quote, comma and backslash.
SCOPE = "".join(c for c in map(chr, range(0x21, 0x7F)) if c not in '",\\')
WILD = DELICATE + LATIN1 + LETTERS + "\U0001f600"


def text(rng, length, alphabet):
    return "".join(rng.choices(alphabet, k=length))


def word(extra=""):
    return lambda rng, length: text(rng, length, WORD + extra)


def opaque(alphabet):
    """Mostly of the alphabet; the model lets anything pass, so sometimes anything."""
    return lambda rng, length: text(rng, length, WILD if rng.random() < 0.1 else alphabet)


def arn(rng, length):
    prefix = "arn:aws:iam::123456789012:role/" if length > 40 else "arn:aws:iam::aws:p/"
    alphabet = ARN_WIDE if rng.random() < 0.25 else WORD + "+=,.@/-"
    return prefix + text(rng, length - len(prefix), alphabet)


def policy(rng, length):
    head = '{\n\t"Version": "2012-10-17",\r\n\t"Statement": [{"Sid": "'
    tail = '", "Effect": "Allow", "Action": "sts:*", "Resource": "*"}]\n}'
    room = length - len(head) - len(tail)
    alphabet = POLICY + (LATIN1 if rng.random() < 0.5 else "")
    if room < 0 or rng.random() < 0.3:
        # The model does not ask for JSON.
        return text(rng, length, alphabet)
    return head + text(rng, room, [c for c in alphabet if c >= " " and c not in '"\\']) + tail


def tag_text(rng, length):
    narrow = string.ascii_letters + string.digits + TAG_SIGNS + " "
    return text(rng, length, narrow if rng.random() < 0.4 else LETTERS + NUMBERS + SPACES + TAG_SIGNS)


def scope(rng, length):
    """Values that differ, with one space between."""
    while True:
        made = text(rng, length, SCOPE + 8 * " ")
        values = made.split(" ")
        if "" not in values and len(set(values)) == len(values):
            return made


def target_principal(rng, length):
    return arn(rng, length) if length >= 20 else text(rng, length, string.digits)


STRINGS = {
    "SAMLAssertionType": opaque(BASE64 + "="),
    "TargetPrincipalType": target_principal,
    "accessKeyIdType": word(),
    "arnType": arn,
    "clientTokenType": opaque(BASE64URL + "."),
    "contextAssertionType": opaque(BASE64URL + "."),
    "encodedMessageType": opaque(BASE64URL),
    "externalIdType": word("+=,.@:/-"),
    "jwtAlgorithmType": lambda rng, length: rng.choice(["RS256", "ES384"]),
    "roleSessionNameType": word("+=,.@-"),
    "scopedSessionDescriptionType": lambda rng, length: text(rng, length, POLICY + LATIN1[0x21:]),
    "serialNumberType": word("+=/:,.@-"),
    "sessionPolicyDocumentType": policy,
    "sourceIdentityType": word("+=,.@-"),
    "tagKeyType": tag_text,
    "tagValueType": tag_text,
    "tokenCodeType": lambda rng, length: text(rng, length, string.digits),
    "tradeInTokenType": opaque(BASE64 + "=-_."),
    "unrestrictedSessionPolicyDocumentType": policy,
    "urlType": opaque(string.ascii_lowercase + string.digits + ".-/:"),
    "userNameType": word("+=,.@-"),
    "webIdentityTokenAudienceStringType": opaque(string.ascii_lowercase + string.digits + ".-/:"),
    "webIdentityTokenScopeType": scope,
}


def pick_length(rng, shape, size):
    low = shape.metadata.get("min", 1)
    high = shape.metadata.get("max", UNBOUNDED_STRING)
    if size in ("min", "max"):
        return low if size == "min" else high
    chance = rng.random()
    if chance < 0.15:
        return low
    if chance < 0.25 and high <= LARGE:
        return high
    return rng.randint(low, min(high, max(low + 1, rng.choice([12, 40, 40, 300]))))


def make_integer(rng, shape, size):
    low, high = shape.metadata["min"], shape.metadata["max"]
    if size in ("min", "max"):
        return low if size == "min" else high
    return rng.choice([low, low + 1, high - 1, high] + [rng.randint(low, high) for _ in range(4)])


def pick_count(rng, shape, size):
    low = shape.metadata.get("min", 0)
    high = shape.metadata.get("max", UNBOUNDED_LIST)
    if size in ("min", "max"):
        return low if size == "min" else high
    return rng.choice([low, 1, 1, 2, 3, 4, 5, high if rng.random() < 0.3 else 1])


def make_list(rng, shape, size):
    count = pick_count(rng, shape, size)
    items = []
    seen = set()
    while len(items) < count:
        item = make_value(rng, shape.member, size)
        # Any of the usual ways to ignore case must find the keys of tags unique.
        folded = folded_key(item)
        if folded.isdisjoint(seen):
            seen |= folded
            items.append(item)
    return items


def folded_key(item):
    key = item.get("Key") if isinstance(item, dict) else None
    return set() if key is None else {key.lower(), key.upper(), key.casefold()}


def make_structure(rng, shape, size):
    value = {name: make_value(rng, member, size) for name, member in shape.members.items()}
    if shape.name == "ProvidedContext" and rng.random() < 0.1:
        # Both are optional, but nothing at all would be no context.
        del value[rng.choice(list(value))]
    return value


def make_value(rng, shape, size):
    """`size`: "min" and "max" give the limits throughout, "any" a mixture."""
    if shape.type_name == "string" and shape.enum:
        return rng.choice(shape.enum)
    if shape.type_name == "string":
        return STRINGS[shape.name](rng, pick_length(rng, shape, size))
    makers = {"integer": make_integer, "list": make_list, "structure": make_structure}
    return makers[shape.type_name](rng, shape, size)


# -----------------------------------------------------------------------------------------------------------
# Parameter sets

# Given both or neither.
PAIRED = ("SerialNumber", "TokenCode")
# By input shape, members of which at least one is given.
AT_LEAST_ONE = {"GetScopedCredentialsRequest": ("Policy", "DurationSeconds")}


def without_values(shape, path):
    """The paths at and below a shape that this script has no values for."""
    if shape.type_name == "structure":
        return [inner for name, member in shape.members.items() for inner in without_values(member, f"{path}.{name}")]
    if shape.type_name == "list":
        return without_values(shape.member, f"{path}[]")
    is_known = shape.type_name == "integer" or shape.type_name == "string" and (shape.enum or shape.name in STRINGS)
    return [] if is_known else [f"{path} ({shape.name})"]


def optional_units(shape):
    """The optional members as groups that are present or absent together."""
    optional = [
        name
        for name, member in shape.members.items()
        if name not in shape.required_members and not without_values(member, name)
    ]
    paired = [name for name in optional if name in PAIRED]
    single = [[name] for name in optional if name not in PAIRED]
    return single + ([paired] if paired else [])


def make_params(rng, shape, units, size):
    chosen = set(shape.required_members).union(*units)
    one_of = AT_LEAST_ONE.get(shape.name)
    if one_of and chosen.isdisjoint(one_of):
        chosen.add(rng.choice(one_of))
    if "Scope" in chosen:
        chosen.add("SubjectMode")
    params = {name: make_value(rng, shape.members[name], size) for name in shape.members if name in chosen}
    if "TransitiveTagKeys" in params:
        keys = [tag["Key"] for tag in params.get("Tags", [])]
        rng.shuffle(keys)
        params["TransitiveTagKeys"] = keys[: len(keys) if size == "max" else rng.randint(0, len(keys))]
    if "Scope" in params:
        params["SubjectMode"] = "OriginIdentity"
        del params["Audience"][1:]
    return params


def plan(rng, shape):
    """Endless: what each case has of the optional members, and its sizes. The extremes come first."""
    units = optional_units(shape)
    yield units, "max"
    if ["Scope"] in units:
        # With it there is one Audience only.
        yield [unit for unit in units if unit != ["Scope"]], "max"
    yield [], "min"
    yield units, "min"
    yield [], "any"
    for unit in units:
        yield [unit], "any"
    for unit in units:
        yield [other for other in units if other is not unit], "any"
    while True:
        share = rng.random()
        yield [unit for unit in units if rng.random() < share], "any"


def parameter_sets(rng, shape, count):
    cases = itertools.islice(plan(rng, shape), count if shape.members else min(count, 1))
    for units, size in cases:
        params = make_params(rng, shape, units, size)
        check_value(shape, params, shape.name)
        check_cross_rules(shape, params)
        yield params


# -----------------------------------------------------------------------------------------------------------
# Check of the parameter sets against the model: botocore itself looks at minimums only


def category_class(categories):
    """The inside of a character class of all letters of the Unicode categories."""
    ranges = []
    for code in range(sys.maxunicode + 1):
        if unicodedata.category(chr(code))[0] in categories:
            if ranges and ranges[-1][1] == code - 1:
                ranges[-1][1] = code
            else:
                ranges.append([code, code])
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in ranges)


_compiled = {}


def compiled(pattern):
    """The model's patterns are written for another engine: two of their forms mean something else here."""
    if pattern not in _compiled:
        ours = pattern.replace(r"\u10000-\u10FFFF", r"\U00010000-\U0010FFFF")
        if r"\p{L}\p{Z}\p{N}" in ours:
            ours = ours.replace(r"\p{L}\p{Z}\p{N}", category_class("LZN"))
        _compiled[pattern] = re.compile(ours, re.ASCII)
    return _compiled[pattern]


def check(holds, what):
    if not holds:
        sys.exit(f"the generator made an invalid value: {what}")


def check_range(shape, number, path):
    low, high = shape.metadata.get("min", number), shape.metadata.get("max", number)
    check(low <= number <= high, f"{path}: {number} is not in {low}..={high}")


def check_value(shape, value, path):
    if shape.type_name == "structure":
        check(set(shape.required_members) <= set(value), f"{path} lacks a required member")
        for name, member in value.items():
            check_value(shape.members[name], member, f"{path}.{name}")
    elif shape.type_name == "list":
        check_range(shape, len(value), path)
        for index, item in enumerate(value):
            check_value(shape.member, item, f"{path}[{index}]")
    elif shape.type_name == "integer":
        check_range(shape, value, path)
    else:
        check_range(shape, len(value), path)
        pattern = shape.metadata.get("pattern")
        fits = pattern is None or compiled(pattern).fullmatch(value)
        check(fits, f"{path}: {value!r} does not fit {pattern}")
        check(not shape.enum or value in shape.enum, f"{path}: {value!r} is none of {shape.enum}")


def check_cross_rules(shape, params):
    check(("SerialNumber" in params) == ("TokenCode" in params), "SerialNumber or TokenCode alone")
    keys = [tag["Key"] for tag in params.get("Tags", [])]
    for fold in (str.lower, str.upper, str.casefold):
        check(len(set(map(fold, keys))) == len(keys), "tag keys differ in case only")
    transitive = params.get("TransitiveTagKeys", [])
    check(set(transitive) <= set(keys) and len(set(transitive)) == len(transitive), "TransitiveTagKeys")
    check(not params.get("SourceIdentity", "").startswith("aws:"), "SourceIdentity")
    one_of = AT_LEAST_ONE.get(shape.name)
    check(not one_of or not set(params).isdisjoint(one_of), f"{shape.name} has none of {one_of}")
    if "Scope" in params:
        scopes = params["Scope"].split(" ")
        check("" not in scopes and len(set(scopes)) == len(scopes), "Scope has a value twice or no value")
        check(params.get("SubjectMode") == "OriginIdentity", "Scope with another SubjectMode")
        check(len(params["Audience"]) == 1, "Scope with several Audience items")


def has_empty_list(params):
    return any(value == [] for value in params.values())


def has_partial_context(params):
    return any(len(context) < 2 for context in params.get("ProvidedContexts", []))


# -----------------------------------------------------------------------------------------------------------
# botocore


class Clock:
    """The time at which botocore signs."""

    now = datetime.datetime(2015, 8, 30, 12, 36, 0)

    @classmethod
    def install(cls):
        botocore.auth.get_current_datetime = lambda remove_tzinfo=True: cls.now


class Recording:
    """Put before a signer of botocore: keeps what its methods return, changes nothing."""

    last = None

    def add_auth(self, request):
        self.seen = {
            "headers": header_list(request),
            "url": request.url,
            "body": request.body,
            "data": request.data,
        }
        super().add_auth(request)
        self.seen.update(
            method=request.method,
            headers_left=header_list(request),
            url_after=request.url,
            body_after=request.body,
            authorization=request.headers.get("Authorization"),
            time=request.context["timestamp"],
            region=self._region_name,
            service=self._service_name,
        )
        Recording.last = self.seen

    def canonical_request(self, request):
        self.seen["canonical_request"] = super().canonical_request(request)
        return self.seen["canonical_request"]

    def string_to_sign(self, request, canonical_request):
        self.seen["string_to_sign"] = super().string_to_sign(request, canonical_request)
        return self.seen["string_to_sign"]

    def signature(self, string_to_sign, request):
        self.seen["signature"] = super().signature(string_to_sign, request)
        return self.seen["signature"]


class RecordingHeader(Recording, botocore.auth.SigV4Auth):
    pass


class RecordingQuery(Recording, botocore.auth.SigV4QueryAuth):
    pass


def header_list(request):
    return [[name, str(value)] for name, value in request.headers.items()]


class Answer:
    """The body of a reply, as botocore reads one."""

    def __init__(self, operation):
        self.xml = f"<{operation}Response><{operation}Result/></{operation}Response>".encode()

    def stream(self):
        yield self.xml


class Sts:
    """A client of botocore that sends nothing."""

    def __init__(self, session, credentials, region, endpoint):
        access_key_id, secret_access_key, session_token = credentials
        self.client = session.create_client(
            "sts",
            region_name=region,
            endpoint_url=endpoint,
            aws_access_key_id=access_key_id,
            aws_secret_access_key=secret_access_key,
            aws_session_token=session_token,
            # Its own user agent names the machine.
            config=Config(user_agent="botocore-oracle", retries={"total_max_attempts": 1}),
        )
        self.credentials = credentials
        self.sent = None
        self.extra_headers = {}
        self.client.meta.events.register("before-send.sts", self._answer)
        self.client.meta.events.register("before-sign.sts", self._add_headers)

    def _answer(self, request, event_name, **_):
        # An answer given here is taken instead of the network's.
        self.sent = request
        answer = Answer(event_name.rsplit(".", 1)[-1])
        return botocore.awsrequest.AWSResponse(request.url, 200, {}, answer)

    def _add_headers(self, request, **_):
        for name, value in self.extra_headers.items():
            request.headers[name] = value

    def call(self, operation, params):
        self.sent = None
        getattr(self.client, xform_name(operation))(**params)
        if self.sent is None:
            sys.exit(f"botocore did not send {operation}")
        return self.sent

    def signed(self, operation, params):
        sent = self.call(operation, params)
        seen = Recording.last
        authorization = sent.headers["Authorization"]
        if authorization not in (seen["authorization"], seen["authorization"].encode()):
            sys.exit(f"botocore signed {operation} more than once")
        return {
            **self._common("header", operation, params, seen),
            "headers": seen["headers"],
            "body_b64": base64.b64encode(seen["body"]).decode(),
            "authorization": seen["authorization"],
        }

    def presigned(self, operation, params, expires, method, extra_headers):
        self.extra_headers = extra_headers
        url = self.client.generate_presigned_url(xform_name(operation), params, expires, method)
        self.extra_headers = {}
        seen = Recording.last
        if url != seen["url_after"]:
            sys.exit(f"botocore changed the URL of {operation} after it signed it")
        return {
            **self._common("presigned", operation, params, seen),
            "headers": seen["headers_left"],
            "body_b64": base64.b64encode(seen["body_after"] or b"").decode(),
            "expires": expires,
            "pairs": [[name, str(value)] for name, value in seen["data"].items()],
            # botocore puts its own parameters behind those of the operation.
            "unsigned_url": url.split("&X-Amz-Algorithm=", 1)[0],
            "presigned_url": url,
        }

    def _common(self, kind, operation, params, seen):
        access_key_id, secret_access_key, session_token = self.credentials
        return {
            "kind": kind,
            "operation": operation,
            "params": params,
            "method": seen["method"],
            "url": seen["url"],
            "access_key_id": access_key_id,
            "secret_access_key": secret_access_key,
            "session_token": session_token,
            "region": seen["region"],
            "service": seen["service"],
            "time": seen["time"],
            "canonical_request": seen["canonical_request"],
            "string_to_sign": seen["string_to_sign"],
            "signature": seen["signature"],
        }


def new_session():
    session = botocore.session.Session()
    # Only the models of the package, none from the home directory.
    loader = Loader([Loader.BUILTIN_DATA_PATH], include_default_search_paths=False)
    session.register_component("data_loader", loader)
    return session


def input_shapes(session, any_version):
    """The input shape of each operation. Fails, or with `any_version` says so, if the model has what is unknown here."""
    model = session.get_service_model("sts")
    theirs = set(model.operation_names)
    shapes = {name: model.operation_model(name).input_shape for name in OPERATIONS if name in theirs}
    required = {name: [shape.members[member] for member in shape.required_members] for name, shape in shapes.items()}
    differences = {
        "new operations": sorted(theirs - set(OPERATIONS)),
        "operations that are gone": sorted(set(OPERATIONS) - theirs),
        "members that need an entry of STRINGS": [
            path for name, shape in shapes.items() for path in without_values(shape, name)
        ],
    }
    lines = [f"{what}: {', '.join(names)}" for what, names in differences.items() if names]
    if lines:
        line = f"botocore {botocore.__version__} has another model of STS: {'; '.join(lines)}"
        if not any_version:
            sys.exit(line)
        print(line, file=sys.stderr)
    return {name: shape for name, shape in shapes.items() if not any(without_values(m, "") for m in required[name])}


def check_version():
    pinned = Path(__file__).with_name("requirements.txt").read_text().split("==")[1].split()[0]
    if botocore.__version__ != pinned:
        sys.exit(f"botocore {botocore.__version__} is installed; requirements.txt asks for {pinned}")


# -----------------------------------------------------------------------------------------------------------
# forms.jsonl

CREDENTIALS = [
    ("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", None),
    (
        "ASIAIOSFODNN7EXAMPLE",
        "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
        "IQoJb3JpZ2luX2VjEXAMPLE//////////wEaCXVz+A==",
    ),
    ("AKIDEXAMPLE", "x", None),
    ("ASIA" + "Z" * 124, "s+/=" * 32, "FwoGZXIvYXdzE" + "a+/Z9" * 200 + "="),
]
REGIONS = ["us-east-1", "eu-west-1", "us-gov-west-1", "cn-north-1"]
ENDPOINTS = [
    None,
    None,
    "http://127.0.0.1:9000/sts/v1",
    "http://localhost:80",
    "https://sts.example.com:8443/a%20b/~x/",
    "http://[::1]:4566",
]
TIMES = [
    datetime.datetime(2015, 8, 30, 12, 36, 0),
    datetime.datetime(2024, 2, 29, 23, 59, 59),
    datetime.datetime(2026, 1, 1, 0, 0, 0),
]


def body_pairs(request):
    body = request.body.decode("ascii") if isinstance(request.body, bytes) else request.body
    pairs = urllib.parse.parse_qsl(body, keep_blank_values=True, strict_parsing=True, errors="strict")
    return [list(pair) for pair in pairs]


def forms(session, shapes, count, seed):
    sts = Sts(session, CREDENTIALS[0], REGIONS[0], None)
    for operation, shape in shapes.items():
        rng = random.Random(f"{seed}/forms/{operation}")
        for params in parameter_sets(rng, shape, count):
            pairs = body_pairs(sts.call(operation, params))
            line = {"operation": operation, "params": params, "pairs": pairs}
            if has_empty_list(params):
                line["empty_lists"] = True
            if has_partial_context(params):
                line["partial"] = True
            yield line


# -----------------------------------------------------------------------------------------------------------
# signed.jsonl


class Clients:
    """A botocore client for each mixture of credentials, region and endpoint."""

    def __init__(self, session):
        self.session = session
        self.made = {}

    def get(self, setting):
        if setting not in self.made:
            self.made[setting] = Sts(self.session, *setting)
        return self.made[setting]


def settings(rng):
    """Endless: all mixtures of credentials, regions and endpoints, then again."""
    mixtures = list(itertools.product(CREDENTIALS, REGIONS, ENDPOINTS))
    while True:
        rng.shuffle(mixtures)
        yield from mixtures


def any_params(rng, shape):
    units = [unit for unit in optional_units(shape) if rng.random() < 0.5]
    params = make_params(rng, shape, units, "any")
    check_value(shape, params, shape.name)
    check_cross_rules(shape, params)
    return params


def signed(clients, shapes, seed):
    for operation in filter(shapes.get, SIGNED_OPERATIONS):
        rng = random.Random(f"{seed}/signed/{operation}")
        fitting = (setting for setting in settings(rng) if setting[0][2] or operation not in TEMPORARY_ONLY)
        for setting in itertools.islice(fitting, SIGNED_PER_OPERATION):
            Clock.now = rng.choice(TIMES)
            yield clients.get(setting).signed(operation, any_params(rng, shapes[operation]))


def presigned(clients, shapes, seed):
    mixtures = settings(random.Random(f"{seed}/presigned"))
    for operation, count in PRESIGNED.items():
        if operation not in shapes:
            continue
        rng = random.Random(f"{seed}/presigned/{operation}")
        for index in range(count):
            Clock.now = rng.choice(TIMES)
            # The model's own method, POST, once in a while: botocore takes it if none is named.
            method = None if index % 5 == 4 else "GET"
            # As tokens for EKS clusters have it.
            extra = {"x-k8s-aws-id": f"cluster-{index}"} if index % 3 == 1 else {}
            expires = rng.choice([60, 61, 900, 3600, rng.randint(60, 3600)])
            params = any_params(rng, shapes[operation])
            yield clients.get(next(mixtures)).presigned(operation, params, expires, method, extra)


# -----------------------------------------------------------------------------------------------------------


def write_lines(path, lines):
    """All or nothing: what stops half-way must not look like a full set."""
    count = 0
    unfinished = path.with_name(path.name + ".unfinished")
    with open(unfinished, "w", encoding="utf-8", newline="\n") as file:
        for line in lines:
            file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n")
            count += 1
    unfinished.replace(path)
    return count


def positive(argument):
    number = int(argument)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def arguments():
    parser = argparse.ArgumentParser(description="Write what botocore makes of generated STS calls.")
    add = parser.add_argument
    add("out_dir", metavar="OUT_DIR", type=Path, help="where forms.jsonl and signed.jsonl are written")
    add("--count", metavar="N", type=positive, default=300, help="forms of each operation (default: 300)")
    add("--seed", metavar="S", type=int, default=1, help="another seed gives other cases (default: 1)")
    add("--any-version", action="store_true", help="take another botocore than requirements.txt asks for")
    return parser.parse_args()


def main():
    options = arguments()
    if not options.any_version:
        check_version()
    options.out_dir.mkdir(parents=True, exist_ok=True)
    Clock.install()
    botocore.auth.AUTH_TYPE_MAPS.update({"v4": RecordingHeader, "v4-query": RecordingQuery})
    session = new_session()
    shapes = input_shapes(session, options.any_version)
    clients = Clients(session)
    seed = options.seed
    form_lines = forms(session, shapes, options.count, seed)
    signed_lines = itertools.chain(signed(clients, shapes, seed), presigned(clients, shapes, seed))
    form_count = write_lines(options.out_dir / "forms.jsonl", form_lines)
    signed_count = write_lines(options.out_dir / "signed.jsonl", signed_lines)
    print(f"botocore {botocore.__version__}, seed {seed}: {form_count} forms, {signed_count} signed requests")


if __name__ == "__main__":
    main()
