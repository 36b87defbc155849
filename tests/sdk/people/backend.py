"""A SMART backend service made of Authlib and requests.

`keys FOLDER` writes key pairs and their public set; `token ENDPOINT CLIENT KEY ALG [KIND]` asks for a token by client_credentials with a
signed assertion, of which KIND makes a wrong one, and prints status and body.
"""

import json
import sys
import time
import uuid
import warnings

warnings.simplefilter("ignore")
import requests  # noqa: E402
from authlib.jose import JsonWebKey, jwt  # noqa: E402
from authlib.oauth2.rfc7523 import private_key_jwt_sign  # noqa: E402

if sys.argv[1] == "keys":
    rsa = JsonWebKey.generate_key("RSA", 2048, {"kid": "rsa", "use": "sig", "alg": "RS384"}, is_private=True)
    curve = JsonWebKey.generate_key("EC", "P-384", {"kid": "ec", "use": "sig", "alg": "ES384"}, is_private=True)
    stranger = JsonWebKey.generate_key("EC", "P-384", {"kid": "ec", "use": "sig"}, is_private=True)
    for name, key in [("rsa", rsa), ("ec", curve), ("stranger", stranger)]:
        with open(f"{sys.argv[2]}/{name}.pem", "wb") as file:
            file.write(key.as_pem(is_private=True))
    with open(f"{sys.argv[2]}/jwks.json", "w") as file:
        json.dump({"keys": [rsa.as_dict(is_private=False), curve.as_dict(is_private=False)]}, file)
    sys.exit()

endpoint, client, key_file, algorithm = sys.argv[2:6]
kind = sys.argv[6] if len(sys.argv) > 6 else "good"
scope = sys.argv[7] if len(sys.argv) > 7 else "asepsis/exchange asepsis/models"
key = open(key_file).read()
kid = "rsa" if algorithm.startswith("RS") else "ec"
now = int(time.time())


def signed(**changes):
    claims = {"iss": client, "sub": client, "aud": endpoint, "exp": now + 240, "iat": now, "jti": str(uuid.uuid4()), **changes}
    return jwt.encode({"alg": algorithm, "kid": kid, "typ": "JWT"}, {k: v for k, v in claims.items() if v is not None}, key).decode()


if kind in ("good", "twice"):
    # As Authlib's own client does it.
    made = private_key_jwt_sign(key, client_id=client, token_endpoint=endpoint, alg=algorithm, header={"kid": kid}, expires_at=now + 240)
    assertion = made.decode() if isinstance(made, bytes) else made
else:
    assertion = signed(**{
        "expired": {"exp": now - 90},
        "long": {"exp": now + 3600},
        "audience": {"aud": "https://elsewhere.example/token"},
        "several": {"aud": [endpoint, "https://elsewhere.example/token"]},
        "issuer": {"iss": "somebody-else"},
        "subject": {"sub": "somebody-else"},
        "no_jti": {"jti": None},
        "signed": {},
    }[kind])
form = {
    "grant_type": "client_credentials",
    "scope": scope,
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "client_assertion": assertion,
}
address = sys.argv[8] if len(sys.argv) > 8 else endpoint
for _ in range(2 if kind == "twice" else 1):
    answer = requests.post(address, data=form, timeout=30)
print(json.dumps({"status": answer.status_code, "body": answer.json(), "cache": answer.headers.get("cache-control")}))
