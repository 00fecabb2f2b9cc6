"""An RFC 8693 client made of Authlib as Debian ships it. Reads its orders as JSON, writes what it saw as JSON."""

import json
import sys

import authlib
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session

TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
JWT = "urn:ietf:params:oauth:token-type:jwt"
TIMEOUT_SECONDS = 10

orders = json.load(sys.stdin)
origin = orders["origin"]


def session(client_id):
    return OAuth2Session(client_id=client_id, default_timeout=TIMEOUT_SECONDS)


def exchange(client, subject_token, audience, scope):
    return client.fetch_token(
        metadata["token_endpoint"],
        grant_type=TOKEN_EXCHANGE,
        subject_token=subject_token,
        subject_token_type=JWT,
        audience=audience,
        scope=scope,
    )


def introspect(handle):
    answer = workload.introspect_token(
        metadata["introspection_endpoint"], token=handle, auth=operator.token_auth
    )
    return {"status": answer.status_code, "body": answer.json()}


def refusal(subject_token):
    try:
        return {"token": exchange(session("settler"), subject_token, "ledger", "ledger.read")}
    except OAuthError as error:
        return {"error": error.error, "description": error.description}


workload = session("settler")
operator = session("operator")
metadata = workload.get(
    origin + "/.well-known/oauth-authorization-server", withhold_token=True
).json()

handle = exchange(workload, orders["subject_token"], "ledger", "ledger.read")
exchange(operator, orders["operator_token"], "postern", "introspect")

# The session puts the handle into the Authorization header, as it does for any API.
call = workload.get(origin + "/proxy/ledger/accounts/42")
before = introspect(handle["access_token"])
revocation = workload.revoke_token(metadata["revocation_endpoint"], token=handle["access_token"])
after = introspect(handle["access_token"])

json.dump(
    {
        "version": authlib.__version__,
        "issuer": metadata["issuer"],
        "handle": handle,
        "call": {"status": call.status_code, "text": call.text},
        "before": before,
        "revocation": {"status": revocation.status_code, "text": revocation.text},
        "after": after,
        "call_after": workload.get(origin + "/proxy/ledger/accounts/42").status_code,
        "spent": refusal(orders["subject_token"]),
        "not_granted": refusal(orders["stranger_token"]),
        "without_rights": workload.introspect_token(
            metadata["introspection_endpoint"], token=handle["access_token"]
        ).status_code,
    },
    sys.stdout,
)
