"""Sets of options for `check.py`, generated from botocore's service model."""

import collections
import json
import re

import botocore.session
from botocore import xform_name

FORMATS = ["json", "text", "table"]
# Expressions that are of use with any reply, and some that are of use with some.
QUERIES = [
    "@",
    "keys(@)",
    "Account",
    "Credentials",
    "Credentials.[AccessKeyId, SessionToken]",
    "Credentials.{key: AccessKeyId, Expires: Expiration, a: `1`}",
    "[Arn, Account, UserId]",
    "{b: Arn, a: Credentials.AccessKeyId, Nothing: Nothing}",
    "AssumedRoleUser.Arn",
    "Nothing",
    "*",
    "*.*",
    "values(@) | [0]",
    "[Credentials, AssumedRoleUser]",
    "{r: [Credentials, AssumedRoleUser], n: `null`}",
    "[[Arn, Account], [UserId, `true`]]",
    "length(keys(@))",
    "`[]`",
    "`{}`",
    "'text'",
    "`1.5`",
    "not_null(Account, SourceIdentity, 'none')",
    "TrustedIdentityPropagationContext.TransactionContext.IdentityProvider",
    "SessionInfo.[ScopedSessionId, Arn]",
]
TEXTS = ["plain", "with space", "ünï→漢", "a=b,c", "it's \"quoted\"", "tab\tnewline\nend", "1", "true", "", "x" * 60, "{json}"]
# Of entries of maps; the order of the code points is another one than that of the letters.
KEYS = ["department", "cost:center", "Zone", "ünï", "two words", "1"]
# By parameter, what every rule of the model allows.
GOOD = {
    "RoleArn": "arn:aws:iam::123456789012:role/Deploy",
    "PrincipalArn": "arn:aws:iam::123456789012:saml-provider/Idp",
    "arn": "arn:aws:iam::aws:policy/ReadOnlyAccess",
    "ProviderArn": "arn:aws:iam::aws:contextProvider/IdentityCenter",
    "SerialNumber": "arn:aws:iam::123456789012:mfa/alice",
    "TokenCode": "654321",
    "TargetPrincipal": "123456789012",
    "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
    "SigningAlgorithm": "ES384",
    "Policy": '{"Version": "2012-10-17", "Statement": []}',
    "Scope": "openid profile:read",
    "ScopedSessionDescription": "nightly report, für alle",
}
ERRORS = [
    (403, "AccessDenied", "User: arn:aws:iam::123456789012:user/α is not authorized to perform: sts:AssumeRole"),
    (403, "ExpiredToken", "The security token included in the request is expired"),
    (400, "ValidationError", "1 validation error detected:\nValue at 'roleArn' failed"),
    (400, "PackedPolicyTooLarge", "Packed size of session tags <too> & large"),
    (403, "InvalidClientTokenId", None),
    (400, "ThrottlingException", "Rate exceeded"),
    (500, "InternalFailure", "Something broke"),
]

# Members of a result that `sts` cannot do without; the AWS CLI prints a reply without them, and ends with 0.
NEEDED = ["Credentials", "WebIdentityToken", "DecodedMessage"]
# What the parts of credentials may be, where that is not any text.
PARTS = {
    "AccessKeyId": ["AKIA", "ASIAIOSFODNN7EXAMPLE", "it's:\"text\"#of"],
    "SessionToken": ["token", "a=b", "it's:\"text\"#of", "t" * 120],
}


class Case(collections.namedtuple("Case", "arguments reply is_json unset fault", defaults=[None])):
    """`fault` is what `sts` says of a reply that it refuses and the AWS CLI prints: an intended difference."""

    @property
    def is_output_skeleton(self):
        at = self.arguments.index("--generate-cli-skeleton") if "--generate-cli-skeleton" in self.arguments else None
        return at is not None and self.arguments[at + 1] == "output"



def escape(text):
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


class Cases:
    def __init__(self, rng, folder, url):
        self.rng, self.folder, self.url = rng, folder, url
        model = botocore.session.get_session().get_service_model("sts")
        self.operations = [model.operation_model(name) for name in model.operation_names]
        self.files = 0

    def all(self, count):
        yield from self.fixed()
        for i in range(count):
            operation = self.operations[i % len(self.operations)]
            yield self.generated(operation)

    def case(self, arguments, reply, is_json=True, unset=(), fault=None):
        return Case([*arguments, "--endpoint-url", self.url], reply, is_json, unset, fault)

    def half_replies(self):
        """Replies without what a result needs, which are intended differences: see "Where it differs" of docs/CLI.md."""
        for operation in self.operations:
            shape = operation.input_shape
            document = {name: self.good(name, shape.members[name]) for name in shape.required_members}
            arguments = [xform_name(operation.name, "-"), "--cli-input-json", json.dumps(document)]
            status, whole = self.success(operation)
            broken = lambda text, fault: self.case(arguments, (status, text), fault=fault)
            for name in NEEDED:
                if name in operation.output_shape.members:
                    yield broken(re.sub(f"<{name}>.*</{name}>", "", whole), f"<{name}> is missing")
            if list(operation.output_shape.members) == ["Account"]:
                yield broken(re.sub("<Account>.*</Account>", "", whole), "<Account> is missing")
            if "WebIdentityToken" in operation.output_shape.members:
                empty = re.sub("(<WebIdentityToken>).*(</WebIdentityToken>)", r"\1\2", whole)
                yield broken(empty, "the value of <WebIdentityToken> is not valid")
            if "Credentials" not in operation.output_shape.members:
                continue
            for name in operation.output_shape.members["Credentials"].members:
                part = f"<{name}>[^<]*</{name}>"
                in_credentials = lambda change: re.sub("<Credentials>.*</Credentials>", lambda at: re.sub(part, change, at[0]), whole)
                yield broken(in_credentials(""), f"<{name}> is missing")
                # The AWS CLI fails too for an expiry that is no time.
                if name != "Expiration":
                    yield broken(in_credentials(f"<{name}></{name}>"), f"the value of <{name}> is not valid")

    def fixed(self):
        yield from self.half_replies()
        for operation in self.operations:
            name = xform_name(operation.name, "-")
            required = self.options(operation, chance=0)
            for output in FORMATS:
                arguments = [name, *required, "--output", output]
                yield self.case(arguments, self.success(operation), output == "json")
                yield self.case([name, *required, "--output", output, "--generate-cli-skeleton", "output"], (200, ""), False)
            yield self.case([name, *required, "--no-sign-request"], self.success(operation))
            yield self.case([name, "--generate-cli-skeleton"], (200, ""), False)
            yield self.case([name, "--strange", "x", *required, "--other=1"], (200, ""))
            yield self.case([name, *required], self.failure(ERRORS[0]))
            document = {member: self.good(member, shape) for member, shape in operation.input_shape.members.items()}
            yield self.case([name, "--cli-input-json", json.dumps(document)], self.success(operation))
            yield self.case([name, "--cli-input-json", self.file(json.dumps(document | {"Strange": [1]}))], (200, ""))
            if required:
                yield self.case([name], (200, ""))
                yield self.case([name, "--cli-input-json", "{}"], (200, ""))
        for error in ERRORS:
            yield self.case(["get-caller-identity"], self.failure(error))
        keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
        yield self.case(["get-caller-identity"], (200, ""), unset=keys)
        saml = next(operation for operation in self.operations if operation.name == "AssumeRoleWithSAML")
        yield self.case([xform_name(saml.name, "-"), *self.options(saml, 0)], self.success(saml), unset=keys)
        yield self.case(["no-such-operation"], (200, ""))
        yield self.case(["get-caller-identity", "--output", "xml"], (200, ""))
        yield self.case(["get-caller-identity", "--query", "a["], (200, ""))
        yield Case(["get-caller-identity", "--endpoint-url", "nohost"], (200, ""), True, ())
        identity = next(operation for operation in self.operations if operation.name == "GetCallerIdentity")
        yield from self.profiles(identity)
        for query in QUERIES:
            for output in FORMATS:
                reply = self.success(identity)
                yield self.case(["get-caller-identity", "--query", query, "--output", output], reply, output == "json")

    def profiles(self, identity):
        reply = self.success(identity)
        who = ["get-caller-identity"]
        yield self.case([*who, "--profile", "keys", "--output", "json"], reply)
        yield self.case([*who, "--profile", "keys"], reply, False)
        yield self.case([*who, "--profile", "keys", "--no-sign-request"], reply, False)
        yield self.case([*who, "--profile", "none"], reply)
        yield self.case([*who, "--profile", "half"], reply)
        yield self.case(who, reply, unset=("AWS_SECRET_ACCESS_KEY",))
        # By its own `endpoint_url`, because an option of the AWS CLI is not for the call that gets the credentials.
        yield Case([*who, "--profile", "role"], self.failure(ERRORS[1]), True, ())
        assumed = (
            "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>ASIAROLEEXAMPLE00000</AccessKeyId>"
            "<SecretAccessKey>role/secret</SecretAccessKey><SessionToken>role/token</SessionToken>"
            "<Expiration>2096-01-02T03:04:05Z</Expiration></Credentials><AssumedRoleUser><AssumedRoleId>AROA:session"
            "</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/Deploy/session</Arn></AssumedRoleUser>"
            "</AssumeRoleResult></AssumeRoleResponse>"
        )
        replies = {"AssumeRole": assumed, "GetCallerIdentity": reply[1]}
        yield Case([*who, "--profile", "role"], (200, replies), False, ())

    def generated(self, operation):
        rng = self.rng
        arguments = [xform_name(operation.name, "-"), *self.options(operation, chance=0.4)]
        output = rng.choice(FORMATS)
        arguments[1:1] = rng.choice([[], ["--output", output]])
        is_json = "--output" not in arguments or output == "json"
        if rng.random() < 0.5:
            arguments += ["--query", rng.choice(QUERIES)]
        if rng.random() < 0.05:
            arguments += [rng.choice(["--strange", "stray", "--no-paginate", "--region=us-east-2", "--color=off", "--debu"])]
        if "stray" in arguments:
            # Not after `--query`: the AWS CLI takes the global options out first, and a list before them goes on.
            arguments.remove("stray")
            arguments.insert(1, "stray")
        if "--debu" in arguments:
            arguments.remove("--debu")
        # An error that is tried again costs seconds of waiting.
        reply = self.failure(rng.choice(ERRORS[:5])) if rng.random() < 0.1 else self.success(operation)
        return self.case(arguments, reply, is_json)

    def options(self, operation, chance):
        """Options of an operation: those that are required, and others by chance."""
        shape = operation.input_shape
        options = []
        for name, member in shape.members.items():
            is_required = name in shape.required_members
            if not is_required and self.rng.random() >= chance:
                continue
            if is_required and chance and self.rng.random() < 0.03:
                continue
            values = self.values(name, member, is_wild=bool(chance) and self.rng.random() < 0.15)
            options.append([f"--{xform_name(name, '-')}", *values])
        self.rng.shuffle(options)
        if options and self.rng.random() < chance / 8:
            options.append(self.rng.choice(options))
        return [word for option in options for word in option]

    def values(self, name, shape, is_wild):
        """What stands on the command line for a parameter."""
        rng = self.rng
        if shape.type_name == "list":
            value = [self.any(name, shape.member, is_wild) for _ in range(rng.choice([0, 1, 1, 2, 3]) if is_wild else rng.choice([1, 2]))]
            if shape.member.type_name != "structure":
                return rng.choice([lambda: value, lambda: [json.dumps(value)], lambda: [self.file(json.dumps(value))]])()
            return rng.choice(
                [
                    lambda: [self.shorthand(item) for item in value],
                    lambda: [json.dumps(value, ensure_ascii=rng.random() < 0.5)],
                    lambda: [json.dumps(item) for item in value] or ["[]"],
                    lambda: [self.file(json.dumps(value))],
                    lambda: [rng.choice(["Key=a,Key=b", "a", "Key=", "Key=a,Value=b,c", "Key={a=b}", "[1", '{"a"', "Strange=1"])]
                    if is_wild
                    else [self.shorthand(item) for item in value],
                ]
            )()
        if shape.type_name in ("structure", "map"):
            value = self.any(name, shape, is_wild)
            return rng.choice([lambda: [self.shorthand(value)], lambda: [json.dumps(value)]])()
        value = str(self.any(name, shape, is_wild))
        if shape.type_name == "string" and rng.random() < 0.15:
            return [rng.choice([self.file(value), "file:///no/such/file"])]
        return [value]

    def any(self, name, shape, is_wild):
        return self.wild(name, shape) if is_wild else self.good(name, shape)

    def good(self, name, shape):
        if shape.type_name == "structure":
            return {member: self.good(member, inner) for member, inner in shape.members.items()}
        if shape.type_name == "list":
            return [self.good(name, shape.member)]
        if shape.type_name == "map":
            return {self.rng.choice(KEYS): self.good(name, shape.value)}
        if shape.type_name == "integer":
            return self.rng.choice([900, 3600, 43200])
        if name in GOOD:
            return GOOD[name]
        if shape.enum:
            return self.rng.choice(shape.enum)
        return self.rng.choice([text for text in TEXTS if len(text) >= shape.metadata.get("min", 0)])

    def wild(self, name, shape):
        rng = self.rng
        if shape.type_name == "structure":
            members = {member: self.any(member, inner, rng.random() < 0.5) for member, inner in shape.members.items()}
            if rng.random() < 0.3:
                members.pop(rng.choice(list(members)))
            if rng.random() < 0.2:
                members["Strange"] = "x"
            return members
        if shape.type_name == "map":
            return self.good(name, shape)
        if shape.type_name == "integer":
            return rng.choice([0, 1, 899, 10**9, "abc", "1.5", " 900 ", "+900"])
        return rng.choice(TEXTS)

    def shorthand(self, value):
        def quoted(text):
            text = str(text)
            style = self.rng.choice(["plain", "single", "double"])
            if style == "single":
                return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
            if style == "double":
                return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
            return text.replace(",", "\\,")

        return ",".join(f"{name}={quoted(text)}" for name, text in value.items())

    def file(self, text, scheme="file"):
        self.files += 1
        path = self.folder / f"value-{self.files}"
        path.write_text(text)
        return f"{scheme}://{path}"

    def success(self, operation):
        result = self.elements(operation.output_shape)
        name = operation.name
        return 200, (
            f'<{name}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{name}Result>{result}</{name}Result>'
            f"<ResponseMetadata><RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId></ResponseMetadata></{name}Response>"
        )

    def elements(self, shape):
        """Members in any order, some of them absent, and one that nobody knows."""
        rng = self.rng
        pieces = []
        for name, member in shape.members.items():
            is_part = shape.name == "Credentials"
            is_needed = is_part or name in NEEDED or len(shape.members) == 1
            if not is_needed and rng.random() < 0.15:
                continue
            content = escape(rng.choice(PARTS[name])) if is_part and name in PARTS else self.content(name, member)
            pieces.append(f"<{name}>{content}</{name}>")
        rng.shuffle(pieces)
        return "".join(pieces) + "<Unheard>of</Unheard>"

    def content(self, name, shape):
        """What is inside of an element."""
        rng = self.rng
        if shape.type_name == "structure":
            return self.elements(shape)
        if shape.type_name == "map":
            keys = rng.sample(KEYS, rng.randrange(4))
            return "".join(
                f"<entry><key>{key}</key><value>{self.content(name, shape.value)}</value></entry>" for key in keys
            )
        if shape.type_name == "integer":
            return str(rng.choice([0, 6, 100]))
        if shape.type_name == "timestamp":
            return rng.choice(["2026-11-20T18:08:48Z", "2026-11-20T18:08:48.711Z", "2026-11-20T18:08:48.000001Z"])
        if shape.enum:
            return rng.choice(shape.enum)
        texts = [name, GOOD.get(name, "123456789012"), "AKIA", "it's a: \"text\" # of", "ünï→漢", "t" * 120, "word " * 30 + "end"]
        return escape(rng.choice(texts))

    def failure(self, error):
        status, code, message = error
        message = "" if message is None else f"<Message>{escape(message)}</Message>"
        return status, (
            '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
            f"<Code>{code}</Code>{message}</Error><RequestId>r-1</RequestId></ErrorResponse>"
        )
