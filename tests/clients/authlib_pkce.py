"""Authlib: a general OAuth client that keeps to the standard, with PKCE made mandatory."""

import secrets
import urllib.error
import urllib.parse

from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session
from kit import API, APP, CLASSIC, FAMILY, MANIFEST, REDIRECT_URI, Steps, consent, control, refused, same

step = Steps("Authlib")
control("PUT", f"/apps/{APP['client_id']}", {"pkce_required": True})


def session(method="S256"):
    return OAuth2Session(
        APP["client_id"], APP["client_secret"], redirect_uri=REDIRECT_URI, code_challenge_method=method,
        token_endpoint_auth_method="client_secret_post")


client = session()
verifier = secrets.token_urlsafe(48)


def authorize(client, verifier, **how):
    url, state = client.create_authorization_url(MANIFEST["authorization_url"], code_verifier=verifier)
    return consent(url, **how), state


@step("a request without a challenge is not shown to anybody")
def _():
    url, _ = session(method=None).create_authorization_url(MANIFEST["authorization_url"])
    same(refused(urllib.error.HTTPError, lambda: consent(url)).code, 400)


@step("a code becomes tokens with the right verifier, the state checked")
def _():
    callback, state = authorize(client, verifier, seller=FAMILY)
    token = client.fetch_token(
        MANIFEST["token_url"], authorization_response=callback, state=state, code_verifier=verifier)
    same((token["user_id"], token["token_type"]), (FAMILY["user_id"], "bearer"))


@step("the token opens the API as a Bearer")
def _():
    same(client.get(f"{API}/users/me").json()["id"], FAMILY["user_id"])


@step("a wrong verifier is an invalid grant")
def _():
    thief = session()
    callback, state = authorize(thief, verifier)
    steal = lambda: thief.fetch_token(
        MANIFEST["token_url"], authorization_response=callback, state=state, code_verifier=secrets.token_urlsafe(48))
    same(refused(OAuthError, steal).error, "invalid_grant")


@step("a refusal comes back as access_denied with the state")
def _():
    callback, state = authorize(session(), verifier, decision="deny")
    answer = urllib.parse.parse_qs(urllib.parse.urlsplit(callback).query)
    same((answer["error"], answer["state"], "code" in answer), (["access_denied"], [state], False))


@step("an access token that expired is renewed by the client itself")
def _():
    own = session()
    callback, state = authorize(own, verifier)
    own.fetch_token(MANIFEST["token_url"], authorization_response=callback, state=state, code_verifier=verifier)
    control("POST", "/time", {"advance_seconds": 6 * 3600 + 1})
    before = own.token["refresh_token"]
    same(own.get(f"{API}/users/me").status_code, 401)
    own.refresh_token(MANIFEST["token_url"])
    same((own.get(f"{API}/users/me").json()["id"], own.token["refresh_token"] != before), (CLASSIC["user_id"], True))


step.end()
