"""An identity provider that answers with whatever token it is asked for, signed by Authlib: what a provider must not do, and what others
try in its name. Says on standard output where it is; ends with standard input.

`code` at the token endpoint, and `kind` at /access, is a kind of token and, behind a dot, its nonce.
"""

import base64
import json
import sys
import threading
import time
import urllib.parse
import warnings
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

warnings.simplefilter("ignore")
from authlib.jose import JsonWebKey, jwt  # noqa: E402

client, audience = sys.argv[1], sys.argv[2]
rsa = JsonWebKey.generate_key("RSA", 2048, {"kid": "rsa", "use": "sig"}, is_private=True)
other = JsonWebKey.generate_key("RSA", 2048, {"kid": "rsa", "use": "sig"}, is_private=True)
curve = JsonWebKey.generate_key("EC", "P-256", {"kid": "ec", "use": "sig"}, is_private=True)
added = JsonWebKey.generate_key("EC", "P-256", {"kid": "added", "use": "sig"}, is_private=True)
published = [rsa, curve]


def unsigned(header, claims):
    part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")
    return (part(header) + b"." + part(claims) + b".").decode()


def token(kind, nonce, access):
    now = int(time.time())
    claims = {"iss": issuer, "sub": "u1", "aud": audience if access else client, "exp": now + 300, "iat": now,
              "preferred_username": "dr-weber", "groups": ["clinicians"]}
    header = {"alg": "RS256", "kid": "rsa", "typ": "at+jwt" if access else "JWT"}
    key = rsa
    if not access:
        claims["nonce"] = nonce
    if kind == "ec":
        header, key = {**header, "alg": "ES256", "kid": "ec"}, curve
    elif kind == "ps":
        header["alg"] = "PS256"
    elif kind == "skewed":
        claims["exp"], claims["iat"] = now - 30, now + 30
    elif kind == "expired":
        claims["exp"] = now - 90
    elif kind == "future":
        claims["nbf"] = now + 300
    elif kind == "future_iat":
        claims["iat"] = now + 300
    elif kind == "no_exp":
        del claims["exp"]
    elif kind == "audience":
        claims["aud"] = "somebody-else"
    elif kind == "issuer":
        claims["iss"] = issuer + "/"
    elif kind == "nonce":
        claims["nonce"] = "another"
    elif kind == "no_nonce":
        claims.pop("nonce", None)
    elif kind == "azp":
        claims["azp"] = "somebody-else"
    elif kind == "several":
        claims["aud"] = [claims["aud"], "somebody-else"]
    elif kind == "no_sub":
        del claims["sub"]
    elif kind == "user":
        claims["preferred_username"] = "a\nb"
    elif kind == "groups":
        claims["groups"] = ["everybody"]
    elif kind == "type":
        header["typ"] = "JWT" if access else "at+jwt"
    elif kind == "none":
        return unsigned({**header, "alg": "none"}, claims)
    elif kind == "confused":
        # The public key, which everybody knows, as a shared secret.
        import hashlib
        import hmac
        part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=")
        text = part({**header, "alg": "HS256"}) + b"." + part(claims)
        mac = hmac.new(rsa.as_pem(is_private=False), text, hashlib.sha256).digest()
        return (text + b"." + base64.urlsafe_b64encode(mac).rstrip(b"=")).decode()
    elif kind == "kid":
        # A key that has an id of its own puts that into the header.
        header["kid"], key = "nobody", JsonWebKey.import_key(rsa.as_pem(is_private=True), {"kty": "RSA"})
    elif kind == "embedded":
        header["jwk"] = other.as_dict()
        key = other
    elif kind == "stranger":
        key = other
    elif kind == "rotated":
        header, key = {**header, "alg": "ES256", "kid": "added"}, added
    text = jwt.encode(header, claims, key).decode()
    if kind == "tampered":
        head, body, signature = text.split(".")
        claims["preferred_username"] = "admin"
        body = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
        text = f"{head}.{body}.{signature}"
    elif kind == "cut":
        text = text[:-8]
    return text


class Answers(BaseHTTPRequestHandler):
    def answer(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        path, _, query = self.path.partition("?")
        if path == "/.well-known/openid-configuration":
            self.answer({"issuer": issuer, "authorization_endpoint": issuer + "/authorize", "token_endpoint": issuer + "/token",
                         "jwks_uri": issuer + "/keys", "code_challenge_methods_supported": ["S256"]})
        elif path == "/keys":
            self.answer({"keys": [key.as_dict(is_private=False) for key in published] + [{"kty": "unheard-of"}]})
        elif path == "/rotate":
            published.append(added)
            self.answer({})
        else:
            self.answer(token(urllib.parse.parse_qs(query)["kind"][0], "", True))

    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        kind, _, nonce = form["code"][0].partition(".")
        self.answer({"access_token": "x", "token_type": "Bearer", "id_token": token(kind, nonce, False)})

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
issuer = f"http://127.0.0.1:{server.server_address[1]}"
threading.Thread(target=server.serve_forever, daemon=True).start()
print(issuer, flush=True)
sys.stdin.read()
