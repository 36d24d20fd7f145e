#!/usr/bin/env python3
"""Writes corpus/*/seed-*: the inputs that fuzzing starts from, here in a form that can be read.

Run it after a change of this file or of what the targets take for input.
"""

import base64
import pathlib
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus"


def write(target, seeds):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("seed-*"):
        old.unlink()
    for name, data in seeds.items():
        (folder / f"seed-{name}").write_bytes(data if isinstance(data, bytes) else data.encode())


# reply_xml: a letter for the operation, a digit for the status, the body.

OPERATIONS = [
    "AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot", "DecodeAuthorizationMessage",
    "GetAccessKeyInfo", "GetCallerIdentity", "GetDelegatedAccessToken", "GetFederationToken", "GetScopedCredentials",
    "GetSessionToken", "GetWebIdentityToken",
]
XMLNS = ' xmlns="https://sts.amazonaws.com/doc/2011-06-15/"'
CREDENTIALS = (
    "<Credentials><AccessKeyId>ASIAEXAMPLE</AccessKeyId><SecretAccessKey>aB3/cD+e</SecretAccessKey>"
    "<SessionToken>IQoJb3JpZ2lu//8=</SessionToken><Expiration>2026-11-20T18:08:48Z</Expiration></Credentials>"
)
ROLE_USER = (
    "<AssumedRoleUser><AssumedRoleId>AROAEXAMPLE:s</AssumedRoleId>"
    "<Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn></AssumedRoleUser>"
)
SIZES = "<SessionTokenUtilization>7</SessionTokenUtilization><SessionTokenSize>412</SessionTokenSize>"
RESULTS = {
    "AssumeRole": CREDENTIALS + ROLE_USER + "<PackedPolicySize>6</PackedPolicySize>"
    "<SourceIdentity>Alice</SourceIdentity>" + SIZES,
    "AssumeRoleWithSAML": CREDENTIALS + ROLE_USER + "<Issuer>https://idp.test</Issuer><Subject>S</Subject>"
    "<SubjectType>transient</SubjectType><NameQualifier>q=</NameQualifier><Audience>a</Audience>",
    "AssumeRoleWithWebIdentity": "<SubjectFromWebIdentityToken>sub</SubjectFromWebIdentityToken>"
    "<Audience>a</Audience><Provider>p.test</Provider>" + ROLE_USER + CREDENTIALS,
    "AssumeRoot": CREDENTIALS + "<SourceIdentity>Alice</SourceIdentity>",
    "DecodeAuthorizationMessage": "<DecodedMessage>{&quot;allowed&quot;: false}</DecodedMessage>",
    "GetAccessKeyInfo": "<Account>123456789012</Account>",
    "GetCallerIdentity": "<Arn>arn:aws:iam::123456789012:user/Alice</Arn><UserId>AIDAEXAMPLE</UserId>"
    "<Account>123456789012</Account>",
    "GetDelegatedAccessToken": CREDENTIALS + "<AssumedPrincipal>arn:aws:iam::1:role/r</AssumedPrincipal>",
    "GetFederationToken": CREDENTIALS + "<FederatedUser><FederatedUserId>1:Bob</FederatedUserId>"
    "<Arn>arn:aws:sts::1:federated-user/Bob</Arn></FederatedUser>",
    "GetScopedCredentials": CREDENTIALS + "<SessionInfo><ScopedSessionId>AROAEXAMPLE:s</ScopedSessionId>"
    "<Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn></SessionInfo><ScopedPoliciesCount>1</ScopedPoliciesCount>"
    "<SourceIdentity>Alice</SourceIdentity>" + SIZES,
    "GetSessionToken": CREDENTIALS + SIZES,
    "GetWebIdentityToken": "<WebIdentityToken>eyJh.e30.c2ln</WebIdentityToken>"
    "<Expiration>2026-11-20T17:13:48Z</Expiration>",
}


def reply(action, result, request_id="<ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata>", ns=XMLNS):
    return f"<{action}Response{ns}><{action}Result>{result}</{action}Result>{request_id}</{action}Response>"


def entry(key, value):
    return f"<entry><key>{key}</key><value>{value}</value></entry>"


def propagated(*entries, action="AssumeRoleWithWebIdentity"):
    """A seed whose result has a trusted identity propagation context: its transaction context is a map."""
    context = (
        "<TrustedIdentityPropagationContext><OriginIdentity><Subject>bob</Subject><SubjectType>User</SubjectType>"
        "<Issuer>https://idp.test</Issuer><FederatedProviderArn>arn:aws:iam::1:oidc-provider/p.test</FederatedProviderArn>"
        f"</OriginIdentity><TransactionContext><IdentityProvider>{''.join(entries)}</IdentityProvider>"
        "</TransactionContext></TrustedIdentityPropagationContext>"
    )
    return letter(action) + "0" + reply(action, RESULTS[action] + context)


def letter(action):
    return chr(ord("A") + OPERATIONS.index(action))


RAW, RAW_WITHOUT_NAME = "M", "N"
IDENTITY = RESULTS["GetCallerIdentity"]
ERROR = "<Type>Sender</Type><Code>AccessDenied</Code><Message>no</Message>"

replies = {f"ok-{action.lower()}": letter(action) + "0" + reply(action, RESULTS[action]) for action in OPERATIONS}
replies |= {
    "ok-raw": RAW + "0" + reply("AssumeRole", RESULTS["AssumeRole"]),
    "ok-raw-without-name": RAW_WITHOUT_NAME + "1<Response><a><b>x</b><b/></a><RequestId>r-1</RequestId></Response>",
    "ok-headers": letter("GetCallerIdentity") + "pFri, 20 Nov 2026 17:08:48 GMT\n"
    + reply("GetCallerIdentity", IDENTITY, ""),
    "error-obsolete-date": letter("GetCallerIdentity") + "tFriday, 20-Nov-26 17:08:48 EST (x(y))\n" + f"<Error>{ERROR}</Error>",
    "ok-declaration-and-bom": letter("GetCallerIdentity") + "0\ufeff<?xml version='1.0' encoding='UTF-8'?>\r\n<!-- c -->"
    + reply("GetCallerIdentity", IDENTITY, "<requestId>r-1</requestId>", " xmlns='u' a=\"b\"") + "\n<?pi?>\n",
    "ok-prefixes": letter("GetAccessKeyInfo") + "0<p:GetAccessKeyInfoResponse xmlns:p='u'><p:GetAccessKeyInfoResult>"
    "<p:Account>1</p:Account></p:GetAccessKeyInfoResult></p:GetAccessKeyInfoResponse>",
    "ok-entities-and-cdata": letter("DecodeAuthorizationMessage") + "0" + reply(
        "DecodeAuthorizationMessage",
        "<DecodedMessage> a&amp;&lt;&gt;&apos;&#65;&#x1F512;<![CDATA[<b>&amp;]]><!-- no -->\r\nc\t</DecodedMessage>",
    ),
    "ok-folded-secrets": letter("GetSessionToken") + "0" + reply(
        "GetSessionToken",
        CREDENTIALS.replace("IQoJb3JpZ2lu", "\n  IQoJ\n  b3Jp<![CDATA[Z2l]]>&#117;\n").replace("aB3/", "\n aB3&#x2F;"),
    ),
    "ok-minio": letter("AssumeRole") + "0" + reply(
        "AssumeRole", "<AssumedRoleUser><Arn></Arn><AssumeRoleId/></AssumedRoleUser>" + CREDENTIALS
    ),
    "ok-wrapped": letter("GetAccessKeyInfo") + "0<GetAccessKeyInfoResponse><x><y><GetAccessKeyInfoResult><z>1</z>"
    "<Account>1</Account></GetAccessKeyInfoResult></y></x></GetAccessKeyInfoResponse>",
    "ok-fraction-and-offset": letter("GetWebIdentityToken") + "0" + reply(
        "GetWebIdentityToken", RESULTS["GetWebIdentityToken"].replace("48Z", "48.359711+02:00")
    ),
    "ok-map-empty": propagated(),
    "ok-map-one": propagated(entry("department", "R&amp;D"), action="AssumeRoleWithSAML"),
    "ok-map-three": propagated(entry("a", "1"), entry("b c", ""), "<entry><value>3</value><x/><key>d</key></entry>"),
    "bad-map-without-key": propagated(entry("a", "1"), "<entry><value>2</value></entry>"),
    "bad-map-without-value": propagated("<entry><key>a</key></entry>", action="AssumeRoleWithSAML"),
    "bad-map-key-twice": propagated(entry("a", "1"), entry("a", "2")),
    "bad-twice": letter("GetSessionToken") + "0" + reply("GetSessionToken", CREDENTIALS + CREDENTIALS),
    "bad-missing": letter("GetSessionToken") + "0" + reply("GetSessionToken", "<Credentials/>"),
    "bad-empty-secret": letter("GetSessionToken") + "0" + reply("GetSessionToken", CREDENTIALS.replace("aB3/cD+e", " ")),
    "bad-empty-token": letter("GetWebIdentityToken") + "0" + reply("GetWebIdentityToken", "<WebIdentityToken/>"),
    "bad-expiration": letter("GetSessionToken") + "0" + reply("GetSessionToken", CREDENTIALS.replace("2026-", "1999-")),
    "ok-far-expiration": letter("GetSessionToken") + "0" + reply("GetSessionToken", CREDENTIALS.replace("2026-", "9999-")),
    "bad-root": letter("AssumeRole") + "0" + reply("AssumeRoot", CREDENTIALS),
    "bad-cut": letter("GetCallerIdentity") + "0" + reply("GetCallerIdentity", IDENTITY)[:90],
    "bad-deep": RAW_WITHOUT_NAME + "0<Response>" + "<a>" * 40,
    "bad-doctype": letter("GetCallerIdentity") + "0<?xml version='1.0'?><!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>",
    "bad-entity": letter("GetAccessKeyInfo") + "0" + reply("GetAccessKeyInfo", "<Account>&nbsp;&#0;&#xD800;</Account>"),
    "bad-charset": letter("GetCallerIdentity") + "0<?xml version='1.0' encoding='utf-16'?><a/>",
    "bad-utf8": (letter("GetAccessKeyInfo") + "0<GetAccessKeyInfoResponse>").encode() + b"\xff</GetAccessKeyInfoResponse>",
    "bad-html": letter("GetCallerIdentity") + "0<!DOCTYPE html>\n<html><body>Sign in</body></html>",
    "bad-text": letter("GetCallerIdentity") + "0Bad gateway",
    "bad-empty": letter("GetCallerIdentity") + "0",
    "error-sts": f"A3<ErrorResponse{XMLNS}><Error>{ERROR}</Error><RequestId>r-1</RequestId></ErrorResponse>",
    "error-id-first": f"A4<ErrorResponse><RequestId>r-1</RequestId><Error>{ERROR}</Error></ErrorResponse>",
    "error-ec2": f"A3<Response><Errors><Error>{ERROR}</Error></Errors><RequestID>r-1</RequestID></Response>",
    "error-bare": f"A4<Error>{ERROR}<Resource>/x</Resource><Detail><A>1</A><B/></Detail><RequestId>r</RequestId></Error>",
    "error-name-only": "A3<UnknownOperationException/>",
    "error-name-and-message": "A3<AccessDeniedException><Message>no</Message></AccessDeniedException>",
    "error-lower-case": "A5<ErrorResponse><Error><code>Throttling</code><message>Rate exceeded</message>"
    "<type>Receiver</type></Error></ErrorResponse>",
    "error-escaped": "A3<Error><Code><![CDATA[A]]>&#66;</Code><Message>a&#10;&#x9b;&lt;<![CDATA[b]]></Message></Error>",
    "error-half-of-a-character": "A3<ErrorResponse><Error><Code>A</Code>&#xD800;</Error></ErrorResponse>",
    "error-long": "A3<Error><Code>{0}</Code><Message>{0}</Message><RequestId>{0}</RequestId></Error>".format("\x85" * 2100),
    "error-without-code": "A3<ErrorResponse><Error><Message>no</Message></Error></ErrorResponse>",
    "error-html": "A7<html><head><title>503</title></head><body/></html>",
    "error-text": "A6upstream connect error",
    "error-empty": "A6",
    "error-redirect": "A2",
    "error-json": 'A3{"Error":{"Code":"AccessDenied","Message":"no","Type":"Sender"},"RequestId":"r-1"}',
    "error-json-flat": 'A3{"__type":"com.amazon#AccessDeniedException","message":"no","requestId":"r-1"}',
    "error-json-all": 'A3 {"a":[1,{"b":null}],"n":-1.5e3,"Error":{"Code":"X\\u0041\\"","Message":"l\\n\\\\\\ud83d\\udd12"}} ',
    "error-json-cut": 'A3{"Error":{"Code":"Acc',
}

# form: as `arbitrary` takes it, see `Bytes`.


class Bytes:
    """The inverse of `arbitrary::Unstructured`: values stand at the front, lengths at the end, last one first."""

    def __init__(self):
        self.front, self.back = b"", b""

    def text(self, text):
        data = text.encode()
        self.front += data
        self.back = bytes([len(data)]) + self.back
        return self

    def more(self, more):
        self.front += bytes([more])
        return self

    def finish(self, rest=b""):
        data = self.front + rest + self.back
        assert len(data) <= 256, "a length is a single byte only in a short input"
        return data


def form(pairs, text=""):
    out = Bytes()
    for name, value in pairs:
        out.more(1).text(name).text(value)
    return out.more(0).finish(text.encode())


forms = {
    "pairs": form([("Action", "AssumeRole"), ("Tags.member.1.Key", "a b&c=d/é"), ("Policy", '{"*":"%~-_."}')]),
    "empty-pairs": form([("", ""), ("", "x"), ("x", ""), ("", "")]),
    "unicode": form([("\u007f\u0080", "\u07ff\u0800"), ("\ufffd\uffff", "\U00010000\U0010ffff"), ("\0\n", "+ ")]),
    "text": form([], "Action=GetCallerIdentity&Version=2011-06-15&Key=a%20b+c"),
    "text-separators": form([], "&&a&=b&c==d=&=&&"),
    "text-escapes": form([], "%=%4&%zz=%41%4g&%%41=%c3%a9%ff&+=%2B%26%3D"),
    "text-unicode": form([], "é=\u2028&%F0%9F%94%92=🔒%f0%9f%94"),
}

# sigv4: eight fields as `arbitrary` takes them, then the request as text.


def sigv4(target, headers="", body="", token="", seconds=1440938160, expires=60, flags=(1, 1, 0, 0), payload=0,
          names=("us-east-1", "sts"), key=("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), offset=0):
    # The discriminant of an enum of three is multiplied by three and shifted by 32 bits.
    payload_bytes = struct.pack("<I", [0, 1 << 31, 0xFFFF_FFFF][payload]) + (b"\xab" if payload == 1 else b"")
    fields = struct.pack("<qIiI", seconds, 0, offset, expires) + bytes(flags) + payload_bytes
    lines = [*key, token, *names, target, *([headers] if headers else []), "", body]
    return fields + "\n".join(lines).encode("latin-1")


FORM = "content-type:application/x-www-form-urlencoded; charset=utf-8"
signatures = {
    "post": sigv4("POST https://sts.eu-west-1.amazonaws.com/", FORM + "\nuser-agent:x",
                  "Action=GetCallerIdentity&Version=2011-06-15", "IQoJb3JpZ2lu//8="),
    "get": sigv4("GET https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08", FORM, names=("us-east-1", "iam")),
    "eks": sigv4("GET https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15",
                 "x-k8s-aws-id:cluster", token="IQo="),
    "late-token": sigv4("GET https://h.test/", "host:h.test", token="IQo=", flags=(1, 1, 0, 1)),
    "s3": sigv4("PUT https://b.s3.amazonaws.com/a//b/../c%20d%2Fe", "x-amz-meta-a:  b  c ", "x", "IQo=",
                flags=(0, 0, 1, 0), payload=2, names=("us-east-1", "s3")),
    "digest": sigv4("PUT https://h.test/x", "", "", flags=(1, 1, 1, 0), payload=1),
    "dots": sigv4("GET http://h.test:8080/a/./b//../../c/..%2f/é/."),
    "default-port": sigv4("GET https://u:p@h.test:443?"),
    "port": sigv4("GET http://[::1]:443/"),
    "query": sigv4("GET https://h.test/?b=2&a=%7e&a=1&c&=&d=%zz%&e=a+b&k=%ff&X-Amz-Date=x&&A=b=c"),
    "query-plain": sigv4("GET https://h.test/a?b=2&a=%7e&a=1&c&=&d=%zz%&%c3%a9=%2B%2f&X-Amz-Date=x&&A=b=c&b=10&b", token="t"),
    "headers-plain": sigv4("PATCH http://h.test:80/", "x-a: b \nx-a:\nX-A:c   d\nx-ab:1\nx-b:\"e  f\"\nx-amz-date:z\nte:x\n"
                           "host:one\nhost:two\nuser-agent:u\nx-amz-content-sha256:0", "b", "t", flags=(1, 0, 0, 0)),
    "headers": sigv4("DELETE https://h.test/", "x-a: b \nx-a:\nX-A:c   d\nx-b:\t\"e  f\"\nx-c:\xe9\nx-amz-date:z\nte:x\n"
                     "authorization:y\nx-amz-security-token:old"),
    "presigned": sigv4("GET https://h.test/?X-Amz-Signature=00", expires=604800),
    "far-times": sigv4("GET https://h.test/", seconds=253402300799, offset=-86399),
    "no-host": sigv4("GET /"),
    "host-header-only": sigv4("OPTIONS *", "host:h.test"),
    "authority-only": sigv4("CONNECT h.test:443"),
    "odd-names": sigv4("GET https://h.test/", names=("", "s/3"), key=(" a/b,", "\x00")),
}

if __name__ == "__main__":
    write("reply_xml", replies)
    write("form", forms)
    write("sigv4", signatures)

# http1_reply: the sizes of the slices and the bytes of a reply. `arbitrary` takes the length of the last slice from the
# end of the input, so the sizes come first, with their number behind them.

def http1(head, body=b"", sizes=b"\x03\x01\x07"):
    reply = ("HTTP/1.1 " + head.replace("\n", "\r\n") + "\r\n\r\n").encode() + body
    return sizes + reply + bytes([len(sizes)])


write("http1_reply", {
    "length": http1("200 OK\nContent-Length: 3", b"abc"),
    "close": http1("200 OK", b"abc"),
    "chunked": http1("200 OK\nTransfer-Encoding: chunked", b"3;x=y\r\nabc\r\n0\r\nA: b\r\n\r\n"),
    "interim": http1("100 Continue", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    "both": http1("200 OK\nContent-Length: 3\nTransfer-Encoding: chunked", b"abc"),
    "folded": http1("200 OK\nA: b\n c", b"abc"),
    "after": http1("200 OK\nContent-Length: 1", b"abc"),
    "kept": http1("200 OK\nConnection: close, keep-alive\nContent-Length: 0"),
})

# call_flow: a list of decisions, see `Bytes` of the target. Numbers below 240 are one byte.

DEFAULT, BEFORE_2026, JAVASCRIPT, OWN = b"\x00", b"\x01", b"\x02", b"\x06"
STATUS = {200: 12, 400: 13, 403: 14, 429: 15, 500: 16, 503: 17}
TRANSPORT = ["dns", "connect", "proxy", "refused", "timeout", "tls", "closed", "protocol", "too-large", "other"]
SOON = b"\x00"
NO_SKEW = b"\x01\x00\x00"  # corrected, none set


def millis(number):
    return b"\x06\xf3" + number.to_bytes(3, "big")


def begin(attempt=b"\x03", total=b"\x04", seed=b"\x07"):
    return attempt + total + seed


def answered(status, what=0, code=0, more=b""):
    return SOON + bytes([STATUS[status], what]) + more + bytes([code])


def failed(kind):
    return SOON + bytes([TRANSPORT.index(kind)])


def clock(seconds, back):
    return b"\x01\xf3" + seconds.to_bytes(3, "big") + bytes([back])


REFUSED, DATE, RETRY_AFTER = 1, 0x40, 0x08
plain = DEFAULT + NO_SKEW + b"\x00" + begin()
write("call_flow", {
    "ok": plain + answered(200),
    "down": plain + 3 * (answered(503, REFUSED) + SOON),
    "throttled": plain + 2 * (answered(429, REFUSED) + SOON) + answered(200),
    "retry-after": plain + answered(503, REFUSED | RETRY_AFTER, more=b"\xf2\x05\xdc") + SOON + answered(200),
    "skewed": plain + answered(403, REFUSED | DATE, 35, b"\x00\xf2\x0e\x10\x00") + SOON + answered(200),
    "clock-set-back": plain + clock(3600, 1) + answered(503, REFUSED)[1:] + clock(3600, 0) + answered(200),
    "year-zero": DEFAULT + NO_SKEW + b"\x02\xf5\x0e\x79\x7a\xb9\x00\x01" + begin() + answered(503, REFUSED)
    + clock(9000, 1) + answered(200),
    "no-time": DEFAULT + NO_SKEW + b"\x00" + begin(b"\x05", b"\x04") + answered(200),
    "javascript": JAVASCRIPT + b"\xff\x00" + NO_SKEW + b"\x00" + begin(b"\x00", b"\x00") + 9 * (answered(500, REFUSED) + SOON),
    "own": OWN + b"\x09" + millis(10) + millis(20) + millis(90) + b"\x1e\x05\x03\x07" + NO_SKEW + b"\x00" + begin()
    + 6 * (failed("timeout") + SOON) + begin() + answered(200),
    "none": OWN + b"\x00\x05\x05\x05\x00\x00\x00\x00" + NO_SKEW + b"\x00" + begin() + failed("closed"),
    "most": OWN + b"\xff\x00\x00\x00\xff\xff\xff\xff" + NO_SKEW + b"\x00" + begin(b"\x00", b"\x00") + failed("closed"),
    **{kind: plain + failed(kind) + SOON + answered(200) for kind in TRANSPORT},
})

# endpoint: the switches (FIPS, dual-stack, legacy), then a line for each setting.

def endpoint(region="", url="", signing_region="", name="", http="", https="", all="", no="", switches=0):
    return chr(switches) + "\n".join([region, url, signing_region, name, http, https, all, no])


SECRET_PROXY = "http://alice:hunter2@proxy.test:3128"
write("endpoint", {
    "regional": endpoint("eu-west-1"),
    "china": endpoint("cn-north-1", switches=2),
    "fips": endpoint("us-gov-west-1", switches=1),
    "fips-dual-stack": endpoint("us-east-2", switches=3),
    "legacy": endpoint("us-east-1", switches=4),
    "global": endpoint("aws-global"),
    "none": endpoint(),
    "local": endpoint(url="http://localhost:4566/path", signing_region="us-east-1", name="sts"),
    "ipv6": endpoint("eu-west-1", "http://[::1]:8080/"),
    "aws": endpoint("eu-west-1", "https://sts.eu-west-1.amazonaws.com"),
    "aws-without-tls": endpoint("eu-west-1", "http://sts.eu-west-1.amazonaws.com"),
    "contradiction": endpoint("", "https://sts.eu-west-1.amazonaws.com", "us-east-1"),
    "password": endpoint("eu-west-1", "https://alice:hunter2@h.test/"),
    "query": endpoint("eu-west-1", "https://h.test/a/../b?c#d"),
    "upper-case": endpoint("EU-WEST-1", signing_region="a b", name="\u00e9"),
    "proxy": endpoint("eu-west-1", https=SECRET_PROXY, no="localhost,10.0.0.0/8,.test,*"),
    "proxy-for-http": endpoint("eu-west-1", "http://h.test:1/", http=SECRET_PROXY, no="[::1],fd00::/8,h.test:1"),
    "proxy-for-all": endpoint("eu-west-1", "http://192.0.2.7/", all="socks5://h:1", no="192.0.2.0/24"),
    "proxy-odd": endpoint("eu-west-1", https="alice:hunter2@h", http="//", all="http://:hunter2@h:99999"),
})

# validate: operation, rules that are off, whether texts are marked; then values.

def values(operation, *texts, off=0, marked=0):
    return bytes([operation, off, marked]) + "\0".join(texts).encode()


ARN, MFA = "arn:aws:iam::123456789012:role/r", "arn:aws:iam::123456789012:mfa/a"
write("validate", {
    "role": values(0, ARN, "session", "external-id", '{"Version":"2012-10-17"}', MFA, "123456", "Alice", "900", "k", "v",
                   "k2", "", "k"),
    "role-bare": values(0, ARN, "session"),
    "role-short": values(0, "a", "s", "e", "", "m", "1", "a", "1"),
    "role-odd": values(0, "\u0007" * 20, "a b", "\u00e9\u00e9", "\u0001", "\u1000" * 9, "12345a", "\U0001f512", "99999"),
    "role-long": values(0, ARN, "s" * 65, "e" * 1225, "p" * 3000, "m" * 257, "1234567", "i" * 65, "43201"),
    "role-marked": values(0, ARN, "session", "id", "{}", MFA, "123456", "Alice", marked=1),
    "role-lenient": values(0, "a", "s", off=15),
    "saml": values(1, ARN, "arn:aws:iam::123456789012:saml-provider/p", "PFJlc3BvbnNlPjw="),
    "web-identity": values(2, ARN, "session", "eyJhbGciOiJub25lIn0.e30.c2ln"),
    "root": values(3, "123456789012", "arn:aws:iam::aws:policy/root-task/S3UnlockBucketPolicy"),
    "message": values(4, "encoded"),
    "key": values(5, "AKIAIOSFODNN7EXAMPLE"),
    "key-odd": values(5, "AKIAIOSFODNN7EXAMPL\u00c9"),
    "trade-in": values(6, "token"),
    "federation": values(7, "Bob"),
    "scoped": values(8, '{"Version":"2012-10-17"}', "nightly \u00e9", "900"),
    "scoped-policy": values(8, '{"Version":"2012-10-17"}'),
    "scoped-duration": values(8, "", "", "129600"),
    "scoped-nothing": values(8, "", "nightly"),
    "scoped-odd": values(8, "\u0100", "\u00a0", "0"),
    "session": values(9, MFA, "123456"),
    "session-half": values(9, MFA),
    "token": values(10, "https://x.test", "https://y.test"),
    "token-scope": values(10, "https://x.test", "", "openid profile:read", "OriginIdentity"),
    "token-scope-twice": values(10, "https://x.test", "", "read read", "OriginIdentity"),
    "token-scope-odd": values(10, "https://x.test", "https://y.test", " a,b ", "Nobody"),
})

# profile: the config file, a zero byte, the credentials file.

STATIC = "aws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = aB3/cD+e\n"
write("profile", {
    "empty": "",
    "default": "[default]\nregion = eu-west-1\n\0[default]\n" + STATIC,
    "prefixed-default": "[default]\na = 1\n[profile default]\nb = 2\n\0[default]\nc = 3",
    "merged": "[profile a]\nX = 1\n[profile a]\nx = 2\n\0[a]\nx = 3\n[b]\n" + STATIC,
    "comments": "# c\n; c\n[profile a];c\n  # c\nx = 1 # c\ny = 1#c ;d\nz = # c\n s = 1 # c\n",
    "continued": "[profile a]\nx = 1\n 2 # 3\n\n\t4\ny =\n a = 1\n b c = 2\n a = 3\n",
    "windows": "\ufeff[profile a]\r\nx = 1\r\n y\r\n",
    "names": "[profile \ta \t]\n[ profile b ]\n[in valid]\nx y = 1\n[profile]\n[]\n[b]\n\0[profile a]\n[a/b.c%d@e_f:g+h]\nx=",
    "services": "[profile a]\nservices = s\nregion = eu-west-1\n[services s]\nsts =\n  endpoint_url = http://localhost:1\n",
    "sso": "[profile a]\nsso_session = s\n[sso-session s]\nsso_region = eu-west-1\n[sso-sessions]\nx = 1",
    "settings": "[default]\nregion = eu-west-1\nuse_fips_endpoint = TRUE\nuse_dualstack_endpoint = false\nretry_mode = Legacy\n"
    "max_attempts = 5\nsts_regional_endpoints = legacy\nca_bundle = /pem\nsdk_ua_app_id = a\n"
    "disable_clock_skew_correction = true\nec2_metadata_service_endpoint_mode = IPv6\nec2_metadata_v1_disabled = false\n"
    "metadata_service_timeout = 2\nmetadata_service_num_attempts = 3\n",
    "wrong-settings": "[default]\nregion = a b\nuse_fips_endpoint = 1\nmax_attempts = 0\nendpoint_url = x\nservices = y\n",
    "bad-header": "[profile a",
    "bad-property": "[profile a]\nx",
    "bad-name": "[profile a]\n= 1",
    "bad-sub-property": "[profile a]\nx =\n y",
    "bad-continuation": "[profile a]\n y = 1",
    "bad-beginning": "x = 1",
    "bad-utf8": b"[profile a]\nx = \xff",
})

# chain_flow: the environment, the config file, the credentials file and an answer for every step, with zero bytes between
# them. Of an answer the first byte is the clock's, the second its kind, the third a document; see `Given`.

CHAIN = "arn:aws:iam::123456789012:role/R"


def role(name, **lines):
    return f"[profile {name}]\nrole_arn={CHAIN}\n" + "".join(f"{key}={value}\n" for key, value in lines.items())


def chain(environment="", config="", credentials="", *answers):
    return "\0".join(["\n".join(environment) if isinstance(environment, list) else environment, config, credentials, *answers])


SSO = "[profile a]\nsso_session=s\nsso_account_id=123456789012\nsso_role_name=R\n[sso-session s]\nsso_start_url=https://s\nsso_region=eu-west-1\n"
ASSUME = role("a", source_profile="secret")
A = "AWS_PROFILE=a"
NOTHING = "AWS_EC2_METADATA_DISABLED=true"
write("chain_flow", {
    "empty": chain(),
    "environment": chain(["AWS_ACCESS_KEY_ID=AKIA", "AWS_SECRET_ACCESS_KEY=SECRET"]),
    "keys": chain("AWS_PROFILE=secret"),
    "role": chain(A, ASSUME, "", "..A"),
    "role-refused": chain(A, ASSUME, "", "..E#", "."),
    "role-throttled": chain(A, ASSUME, "", ".9E.", ".", ".9E.", ".", "..A"),
    "role-cut": chain(A, ASSUME, "", "..A\x80"),
    "role-mfa": chain(A, role("a", source_profile="secret", mfa_serial="GAHT12345678"), "", "..123456", "..A"),
    "roles": chain(A, ASSUME.replace("secret", "b") + role("b", source_profile="c") + role("c", source_profile="secret"), "", *3 * ["..A"]),
    "cached": chain([A, "CACHE="], ASSUME, "", "..C", "..C"),
    "cache-made": chain([A, "CACHE="], ASSUME, "", ".", "..A", "..", "..C"),
    "cached-refused": chain([A, "CACHE="], role("a", source_profile="b") + role("b", source_profile="secret"), "", ".", "..C", ".4E.", "..C", "..A", "..", "..A"),
    "circle": chain(A, role("a", source_profile="b") + role("b", source_profile="a")),
    "by-environment": chain([A, "AWS_SECRET_ACCESS_KEY=SECRET"], role("a", credential_source="Environment")),
    "web": chain(["AWS_ROLE_ARN=" + CHAIN, "AWS_WEB_IDENTITY_TOKEN_FILE=/t"], "", "", ".T", "..W"),
    "web-written": chain(["AWS_ROLE_ARN=" + CHAIN, "AWS_WEB_IDENTITY_TOKEN_FILE=/t"], "", "", ".", ".", "..T\x30", ".", ".T", "..W"),
    "role-of-all": chain(A, role("a", source_profile="secret", role_session_name="n", external_id="xx", duration_seconds=900, session_tags="a=b,c=d", transitive_session_tags="a", source_identity="me"), "", "..A"),
    "role-own": chain(A, ASSUME.replace("secret", "a"), "[a]\naws_access_key_id=AKIA\naws_secret_access_key=s\naws_session_token=t\naws_account_id=1\n", "..A"),
    "role-two-ways": chain(A, role("a", source_profile="b", credential_source="Environment")),
    "role-no-way": chain(A, role("a")),
    "role-unknown-way": chain(A, role("a", credential_source="Elsewhere")),
    "role-of-nobody": chain(A, role("a", source_profile="b")),
    "role-of-nothing": chain(A, role("a", source_profile="b") + "[profile b]\nregion=x\n"),
    "by-keys-of-environment": chain([A, "AWS_ACCESS_KEY_ID=AKIA", "AWS_SECRET_ACCESS_KEY=SECRET"], role("a", credential_source="Environment"), "", "..A"),
    "by-instance": chain(A, role("a", credential_source="Ec2InstanceMetadata"), "", "..token", "..role", "..J", "..A"),
    "by-container": chain([A, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/x"], role("a", credential_source="EcsContainer"), "", "..J", "..A"),
    "web-profile": chain(A, role("a", web_identity_token_file="/t", role_session_name="n", duration_seconds=900), "", ".T", "..W"),
    "half-keys": chain(A, "[profile a]\naws_access_key_id=AKIA\n"),
    "sso-legacy": chain(A, "[profile a]\nsso_start_url=https://s\nsso_region=eu-west-1\nsso_account_id=1\nsso_role_name=R\n", "", "..S", "..S"),
    "sso-half": chain(A, SSO.replace("sso_role_name=R\n", "")),
    "sso-no-session": chain(A, SSO.replace("-session s", "-session t")),
    "process": chain(A, "[profile a]\ncredential_process=p 'a b'\n", "", "..J"),
    "process-fails": chain(A, "[profile a]\ncredential_process=p\n", "", ".eno\x1b[2J token"),
    "sso": chain(A, SSO, "", "..S", "..S", "..S", "..S"),
    "container": chain(["AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169.254.170.2/x", "AWS_CONTAINER_AUTHORIZATION_TOKEN=SECRET"], "", "", "..J"),
    "container-refused": chain(["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI=/x"], "", "", '.4{"code":"no","message":"\u202e"}'),
    "instance": chain("", "", "", "..token", "..role", "..J"),
    "instance-away": chain("", "", "", ".t", ".t", ".t", ".t"),
    "instance-clock": chain("", "", "", ">.token", "<.role", "}.J"),
    "nothing": chain(NOTHING),
    "login": chain(A, "[profile a]\nlogin_session=arn:aws:sts::1:assumed-role/r/s\nregion=eu-west-1\n", "", "..S"),
})

# eks_verify: an enum of three as `arbitrary` takes it, then the text or the parts, see `Bytes` and `sigv4`.

TOKEN, URL, BUILD = (struct.pack("<I", n) for n in (0, 1 << 31, 0xFFFF_FFFF))
PRESIGNED = (
    "https://sts.eu-west-1.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15&X-Amz-Algorithm=AWS4-HMAC-SHA256"
    "&X-Amz-Credential=ASIAEXAMPLE%2F20261120%2Feu-west-1%2Fsts%2Faws4_request&X-Amz-Date=20261120T170848Z&X-Amz-Expires=60"
    "&X-Amz-SignedHeaders=host%3Bx-k8s-aws-id&X-Amz-Security-Token=to%2Fken&X-Amz-Signature=" + 64 * "0"
)


def eks_built(cluster, key, secret, token, region=0, offset=0):
    out = Bytes()
    out.front += BUILD
    for part in (cluster, key, secret, token):
        out.text(part)
    out.front += bytes([region]) + struct.pack("<h", offset)
    return out.finish()


write("eks_verify", {
    "token": TOKEN + b"k8s-aws-v1." + base64.urlsafe_b64encode(PRESIGNED.encode()).rstrip(b"="),
    "token-padded": TOKEN + b"k8s-aws-v1.aHR0cHM=",
    "url": URL + PRESIGNED.encode(),
    "url-fips": URL + PRESIGNED.replace("sts.eu-west-1.amazonaws.com", "sts-fips.us-gov-west-1.api.aws").encode(),
    "url-global": URL + PRESIGNED.replace("eu-west-1.", "").encode(),
    "url-user": URL + PRESIGNED.replace("sts.", "u@sts.").encode(),
    "url-twice": URL + PRESIGNED.replace("Action=", "action=AssumeRole&Action=").encode(),
    "url-spellings": URL + PRESIGNED.lower().replace("getcalleridentity", "GetCallerIdentity").encode(),
    "url-no-token": URL + PRESIGNED.replace("&X-Amz-Security-Token=to%2Fken", "").encode(),
    **{f"built-{i}": eks_built("my-cluster", "ASIAEXAMPLE", "secret", "to/ken+=", i, 60 * i) for i in range(6)},
    "built-long-term": eks_built("c", "AKIAEXAMPLE", "s", ""),
})
