"""LiteLLM's Presidio hook, as its proxy runs it before a request goes to a model and after the answer came."""

import os
import urllib.parse

# Or LiteLLM would fetch a list of prices when it is imported.
os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"

import litellm
from litellm.caching.caching import DualCache
from litellm.exceptions import BlockedPiiEntityError
from litellm.proxy._types import UserAPIKeyAuth
from litellm.proxy.guardrails.guardrail_hooks.presidio import _OPTIONAL_PresidioPIIMasking as Presidio
from litellm.types.guardrails import PiiAction
from litellm.types.utils import Choices, Message, ModelResponse

PROMPT = "Patient: Zoë Quennell 😀, SSN 219-09-8877, phone (802) 555-0143. What next?"
SECRETS = ["Quennell", "219-09-8877", "555-0143"]


def hook(url, token, **settings):
    """LiteLLM knows a base URL only: a token goes into it as a password."""
    if token:
        parts = urllib.parse.urlsplit(url)
        url = f"{parts.scheme}://asepsis:{token}@{parts.netloc}"
    settings.setdefault("event_hook", "pre_call")
    return Presidio(
        guardrail_name="presidio", default_on=True, presidio_analyzer_api_base=url, presidio_anonymizer_api_base=url, **settings
    )


async def masked(guard, content=PROMPT):
    data = {"model": "m", "messages": [{"role": "user", "content": content}], "metadata": {}}
    try:
        return await guard.async_pre_call_hook(UserAPIKeyAuth(api_key="k"), DualCache(), data, "completion")
    finally:
        await guard._close_http_session()


def nothing_left(text):
    left = [secret for secret in SECRETS if secret in text]
    assert not left, f"{left} in {text}"


async def masks_a_prompt(url, token):
    data = await masked(hook(url, token))
    text = data["messages"][0]["content"]
    nothing_left(text)
    assert text.startswith("Patient: <PERSON> 😀, SSN <US_SSN>, phone <PHONE_NUMBER>"), text


async def masks_parts_of_a_message(url, token):
    parts = [{"type": "text", "text": PROMPT}, {"type": "text", "text": "SSN 219-09-8877"}, {"type": "image_url"}]
    data = await masked(hook(url, token), parts)
    nothing_left(str(data["messages"]))


async def unmasks_the_answer(url, token):
    guard = hook(url, token, output_parse_pii=True)
    data = await masked(guard)
    sent = data["messages"][0]["content"]
    nothing_left(sent)
    answer = ModelResponse(choices=[Choices(message=Message(role="assistant", content=f"I read: {sent}"))])
    back = await guard.async_post_call_success_hook(data, UserAPIKeyAuth(api_key="k"), answer)
    assert back.choices[0].message.content == f"I read: {PROMPT}", back.choices[0].message.content


async def masks_only_what_is_configured(url, token):
    data = await masked(hook(url, token, pii_entities_config={"US_SSN": PiiAction.MASK, "CREDIT_CARD": PiiAction.MASK}))
    text = data["messages"][0]["content"]
    assert "219-09-8877" not in text and "Quennell" in text and "<US_SSN>" in text, text


async def blocks_what_is_configured(url, token):
    try:
        data = await masked(hook(url, token, pii_entities_config={"US_SSN": PiiAction.BLOCK}))
    except BlockedPiiEntityError as error:
        assert error.entity_type == "US_SSN", error
    else:
        raise AssertionError(f"it went through: {data}")


async def cuts_a_long_prompt_into_pieces(url, token):
    long = ("The weather is fine in spring. " * 40 + PROMPT + " ") * 6
    data = await masked(hook(url, token, presidio_analyze_chunk_size_bytes=2000, output_parse_pii=True), long)
    nothing_left(data["messages"][0]["content"])


async def brings_recognizers_of_its_own(url, token):
    path = os.path.join(os.path.dirname(__file__), "recognizers.json")
    data = await masked(hook(url, token, presidio_ad_hoc_recognizers=path), "Seen in ward W-1234 by the Bluebird team.")
    text = data["messages"][0]["content"]
    assert "W-1234" not in text and "Bluebird" not in text and "<WARD>" in text and "<TEAM>" in text, text


async def fails_closed_where_the_language_is_not_served(url, token):
    guard = hook(url, token, output_parse_pii=True, presidio_language="zz")
    try:
        data = await masked(guard)
    except Exception:
        return
    raise AssertionError(f"it went through: {data}")


async def passes_what_holds_nothing(url, token):
    for text in ["Hello, how are you?", "", "   "]:
        data = await masked(hook(url, token), text)
        assert data["messages"][0]["content"] == text, data


def cases(url, token):
    found = [
        masks_a_prompt,
        masks_parts_of_a_message,
        unmasks_the_answer,
        masks_only_what_is_configured,
        blocks_what_is_configured,
        cuts_a_long_prompt_into_pieces,
        brings_recognizers_of_its_own,
        fails_closed_where_the_language_is_not_served,
        passes_what_holds_nothing,
    ]
    version = getattr(litellm, "__version__", None) or __import__("importlib.metadata").metadata.version("litellm")
    return [(f"litellm {version} {case.__name__}", lambda case=case: case(url, token)) for case in found]
