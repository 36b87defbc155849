"""Presidio's own anonymizer beside our server: the same answers, and each reads what the other encrypted."""

import base64
import json
import random
import urllib.error
import urllib.request

from presidio_anonymizer import AnonymizerEngine, DeanonymizeEngine
from presidio_anonymizer.entities import InvalidParamError
from presidio_anonymizer.services.app_entities_convertor import AppEntitiesConvertor

TEXT = "Zoë 😀 Quennell called 802-555-0143 on 3/4/2024; Zoë's MRN is 4471902."
KEYS = ["k" * 16, "l" * 24, "WmZq4t7w!z%C&F)JWmZq4t7w!z%C&F)J"]


def post(url, token, path, body):
    headers = {"content-type": "application/json"}
    if token:
        headers["authorization"] = "Basic " + base64.b64encode(f"any:{token}".encode()).decode()
    request = urllib.request.Request(url + path, json.dumps(body).encode(), headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def place(value, entity, score=0.8, text=TEXT):
    start = text.index(value)
    return {"start": start, "end": start + len(value), "score": score, "entity_type": entity}


PLACES = [place("Zoë 😀 Quennell", "PERSON"), place("802-555-0143", "PHONE_NUMBER"), place("4471902", "ID", 1)]


def theirs(body):
    """What Presidio's server answers (presidio-anonymizer/app.py), without a socket."""
    body = json.loads(json.dumps(body))
    try:
        operators = AppEntitiesConvertor.operators_config_from_json(body.get("anonymizers"))
        results = AppEntitiesConvertor.analyzer_results_from_json(body.get("analyzer_results"))
        return 200, json.loads(AnonymizerEngine().anonymize(body.get("text", ""), results, operators).to_json())
    except InvalidParamError as error:
        return 422, {"error": error.err_msg}


def same(url, token, body):
    wanted, got = theirs(body), post(url, token, "/anonymize", body)
    assert got == wanted, f"{body}\nPresidio: {wanted}\nAsepsis:  {got}"


def operators(url, token):
    for operator in [
        None,
        {"DEFAULT": {"type": "replace", "new_value": "X"}},
        {"PERSON": {"type": "replace", "new_value": ""}},
        {"PERSON": {"type": "redact"}, "ID": {"type": "keep"}},
        {"DEFAULT": {"type": "mask", "masking_char": "*", "chars_to_mask": 4, "from_end": True}},
        {"DEFAULT": {"type": "mask", "masking_char": "é", "chars_to_mask": 400, "from_end": False}},
        {"DEFAULT": {"type": "mask", "masking_char": "*", "chars_to_mask": -3, "from_end": False}},
        {"DEFAULT": {"type": "hash", "hash_type": "sha256", "salt": "0123456789abcdef"}},
        {"DEFAULT": {"type": "hash", "hash_type": "sha512", "salt": "0123456789abcdef"}},
    ]:
        same(url, token, {"text": TEXT, "anonymizers": operator, "analyzer_results": PLACES})


def wrong_parameters(url, token):
    one = [PLACES[0]]
    for body in [
        {"text": TEXT},
        {"text": TEXT, "analyzer_results": one, "anonymizers": {"PERSON": {}}},
        {"text": TEXT, "analyzer_results": one, "anonymizers": {"PERSON": {"type": "nonsense"}}},
        {"text": TEXT, "analyzer_results": one, "anonymizers": {"PERSON": {"type": "mask"}}},
        {"text": TEXT, "analyzer_results": one, "anonymizers": {"PERSON": {"type": "encrypt", "key": "short"}}},
        {"text": TEXT, "analyzer_results": one, "anonymizers": {"PERSON": {"type": "hash", "salt": "short"}}},
        {"text": TEXT, "analyzer_results": [{"start": 0, "end": 4, "entity_type": "PERSON"}]},
        {"text": TEXT, "analyzer_results": [{"start": 0, "end": 4, "score": 1}]},
        {"text": TEXT, "analyzer_results": [{"end": 4, "score": 1, "entity_type": "PERSON"}]},
        {"text": TEXT, "analyzer_results": [{"start": -1, "end": 4, "score": 1, "entity_type": "PERSON"}]},
        {"text": TEXT, "analyzer_results": [{"start": 9, "end": 4, "score": 1, "entity_type": "PERSON"}]},
        {"text": TEXT, "analyzer_results": [{"start": 0, "end": 4000, "score": 1, "entity_type": "PERSON"}]},
        # An operator that nothing is done with is not looked at.
        {"text": TEXT, "analyzer_results": one, "anonymizers": {"ID": {"type": "mask"}}},
    ]:
        same(url, token, body)


def overlaps(url, token):
    """Places at random, many of them over each other."""
    dice = random.Random(20261125)
    for _ in range(400):
        places = []
        for _ in range(dice.randrange(1, 9)):
            start = dice.randrange(0, len(TEXT))
            end = min(len(TEXT), start + dice.choice([0, 1, 2, 5, 9, 20]))
            entity, score = dice.choice(["PERSON", "ID", "URL"]), dice.choice([0.3, 0.5, 0.9])
            places.append({"start": start, "end": end, "score": score, "entity_type": entity})
        same(url, token, {"text": TEXT, "analyzer_results": places, "anonymizers": {"URL": {"type": "redact"}}})


def batches(url, token):
    status, got = post(url, token, "/anonymize", {"text": [TEXT, ""], "analyzer_results": [PLACES, []]})
    assert status == 200 and got[0] == theirs({"text": TEXT, "analyzer_results": PLACES})[1], got
    assert got[1] == {"text": "", "items": []}, got
    assert post(url, token, "/anonymize", {"text": [TEXT], "analyzer_results": []})[0] == 422


def they_decrypt_ours(url, token):
    for key in KEYS:
        encrypt = {"DEFAULT": {"type": "encrypt", "key": key}}
        status, ours = post(url, token, "/anonymize", {"text": TEXT, "anonymizers": encrypt, "analyzer_results": PLACES})
        assert status == 200 and "Quennell" not in ours["text"], ours
        back = DeanonymizeEngine().deanonymize(
            ours["text"],
            AppEntitiesConvertor.deanonymize_entities_from_json({"anonymizer_results": ours["items"]}),
            AppEntitiesConvertor.operators_config_from_json({"DEFAULT": {"type": "decrypt", "key": key}}),
        )
        assert back.text == TEXT, back.text


def we_decrypt_theirs(url, token):
    for key in KEYS:
        _, made = theirs({"text": TEXT, "anonymizers": {"DEFAULT": {"type": "encrypt", "key": key}}, "analyzer_results": PLACES})
        body = {"text": made["text"], "anonymizer_results": made["items"]}
        status, back = post(url, token, "/deanonymize", body | {"deanonymizers": {"DEFAULT": {"type": "decrypt", "key": key}}})
        assert status == 200 and back["text"] == TEXT, back
        assert [i["operator"] for i in back["items"]] == ["decrypt"] * 3, back
        status, wrong = post(url, token, "/deanonymize", body | {"deanonymizers": {"DEFAULT": {"type": "decrypt", "key": "z" * 16}}})
        assert status == 422 or wrong["text"] != TEXT, wrong


def cases(url, token):
    return [
        (case.__name__, lambda case=case: case(url, token))
        for case in [operators, wrong_parameters, overlaps, batches, they_decrypt_ours, we_decrypt_theirs]
    ]
