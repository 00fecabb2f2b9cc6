"""Judges signed requests as AWS would, with the signer of botocore as Debian ships it. Reads them as they arrived at a
server, as JSON; writes for each what is wrong with it, or null."""

import base64
import hashlib
import hmac
import json
import re
import sys
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

orders = json.load(sys.stdin)
AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<id>[^/]+)/(?P<date>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)"
    r"/aws4_request, SignedHeaders=(?P<signed>[a-z0-9;-]+), Signature=(?P<signature>[0-9a-f]{64})"
)


def headers_of(raw):
    named = {}
    for name, value in zip(raw[::2], raw[1::2]):
        named.setdefault(name.lower(), []).append(value)
    return {name: ",".join(values) for name, values in named.items()}


def problem(arrived):
    headers = headers_of(arrived["rawHeaders"])
    body = base64.b64decode(arrived["body"])
    authorization = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if not authorization:
        return "no Authorization of the form"
    if authorization["id"] != orders["accessKeyId"]:
        return "another access key id"
    if (authorization["region"], authorization["service"]) != (orders["region"], orders["service"]):
        return "another scope"
    if not headers["x-amz-date"].startswith(authorization["date"]):
        return "another day in the scope"
    signed = authorization["signed"].split(";")
    unsigned = [name for name in headers if name.startswith("x-amz-") and name not in signed]
    if unsigned or "host" not in signed:
        return "not signed: " + ", ".join(unsigned or ["host"])
    digest = headers.get("x-amz-content-sha256")
    if digest not in (None, "UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()):
        return "another body"

    url = "http://" + headers["host"] + arrived["url"]
    request = AWSRequest(arrived["method"], url, data=body)
    for name in signed:
        request.headers[name] = headers[name]
    request.context["timestamp"] = headers["x-amz-date"]
    credentials = Credentials(
        orders["accessKeyId"], orders["secretAccessKey"], headers.get("x-amz-security-token")
    )
    kind = S3SigV4Auth if orders["service"] == "s3" else SigV4Auth
    auth = kind(credentials, orders["service"], orders["region"])
    assert urlsplit(url).path, url
    to_sign = auth.string_to_sign(request, auth.canonical_request(request))
    expected = auth.signature(to_sign, request)
    matches = hmac.compare_digest(expected, authorization["signature"])
    return None if matches else "another signature: botocore signs\n" + auth.canonical_request(request)


json.dump([problem(arrived) for arrived in orders["arrived"]], sys.stdout)
