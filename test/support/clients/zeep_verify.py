"""Reads SOAP messages as they arrived at a server, with lxml, and compares the UsernameToken of each with the one that zeep
as Debian ships it makes of the same nonce and time. JSON in; out for each what is wrong with it, or null."""

import base64
import datetime
import json
import sys

from lxml import etree
from zeep import ns
from zeep.wsse.username import UsernameToken

orders = json.load(sys.stdin)
PARSER = etree.XMLParser(resolve_entities=False, no_network=True)
WSSE = "{%s}" % ns.WSSE
WSU = "{%s}" % ns.WSU


class Nonce(bytes):
    """zeep encodes the nonce that it is given: these are bytes already."""

    def encode(self, _):
        return bytes(self)


def token_of_zeep(username, password, envelope_namespace, sent):
    made = etree.fromstring('<e:Envelope xmlns:e="%s"><e:Body/></e:Envelope>' % envelope_namespace)
    if orders["type"] == "text":
        token = UsernameToken(username, password)
    else:
        created = datetime.datetime.strptime(sent.findtext(WSU + "Created"), "%Y-%m-%dT%H:%M:%SZ")
        nonce = Nonce(base64.b64decode(sent.findtext(WSSE + "Nonce")))
        token = UsernameToken(
            username, password, use_digest=True, nonce=nonce, created=created, zulu_timestamp=True
        )
    token.apply(made, {})
    return next(made.iter(WSSE + "UsernameToken"))


def elements(token):
    return [(one.tag, dict(one.attrib), one.text) for one in token.iter()]


def problem(message):
    root = etree.fromstring(base64.b64decode(message), PARSER)
    namespace = etree.QName(root).namespace
    soap = "{%s}" % namespace
    header = root[0]
    if root.tag != soap + "Envelope" or header.tag != soap + "Header":
        return "no header first in the envelope"
    securities = header.findall(WSSE + "Security")
    tokens = list(root.iter(WSSE + "UsernameToken"))
    if len(securities) != 1 or len(tokens) != 1 or tokens[0].getparent() is not securities[0]:
        return "not one UsernameToken in one Security"
    understand = securities[0].get(soap + "mustUnderstand") == "1"
    if understand != orders["mustUnderstand"]:
        return "another mustUnderstand"
    sent = elements(tokens[0])
    made = elements(token_of_zeep(orders["username"], orders["password"], namespace, tokens[0]))
    return None if sent == made else "zeep makes %r" % made


json.dump([problem(message) for message in orders["arrived"]], sys.stdout)
