"""What the gateway says by itself: errors in the SDKs' own types, streams that break off, models, the exchange's id."""

import anthropic
import openai

from common import FRAGMENTS, notes, user


def raised(kind, ask, *fragments):
    """The error of that very kind that `ask` raises; each fragment must stand in its message."""
    try:
        answer = ask()
    except kind as error:
        assert type(error) is kind, f"{type(error).__name__} in place of {kind.__name__}"
        for fragment in fragments:
            assert fragment in str(error), f"{fragment!r} is not in {error}"
        return error
    raise AssertionError(f"no {kind.__name__} was raised, but this came: {answer}")


def own_cases(gateway, key):
    text = notes()["call.txt"]

    def openai_ask(model, client=None, **more):
        client = client or gateway.openai
        return client.chat.completions.create(model=model, messages=[user(text)], **more)

    def anthropic_ask(model, client=None, **more):
        client = client or gateway.anthropic
        return client.messages.create(model=model, max_tokens=1024, messages=[user(text)], **more)

    def both(check):
        return [
            (f"openai_{check.__name__}", lambda: check(openai, openai_ask, "standin")),
            (f"anthropic_{check.__name__}", lambda: check(anthropic, anthropic_ask, "standin-messages")),
        ]

    def wrong_key(sdk, ask, stem):
        client = gateway.openai if sdk is openai else gateway.anthropic
        wrong = key[:-1] + ("A" if key[-1] != "A" else "B")
        error = raised(sdk.AuthenticationError, lambda: ask(f"{stem}-echo", client.with_options(api_key=wrong)), "ex_")
        assert error.status_code == 401

    def unknown_model(sdk, ask, stem):
        raised(sdk.NotFoundError, lambda: ask("no-such-model"), "no registered AI system", "ex_")

    def refused_by_policy(sdk, ask, stem):
        # The word "refused" in the model's name lets the caller see that the vendor never got it.
        headers = {"x-asepsis-purpose": "HMARKT"}
        error = raised(
            sdk.PermissionDeniedError, lambda: ask(f"{stem}-refused", extra_headers=headers), "did not send this", "ex_"
        )
        assert error.status_code == 403

    def unknown_purpose(sdk, ask, stem):
        raised(sdk.BadRequestError, lambda: ask(f"{stem}-refused", extra_headers={"x-asepsis-purpose": "FUN"}), "ex_")

    def bad_request(sdk, ask, stem):
        error = raised(sdk.BadRequestError, lambda: ask(f"{stem}-refused", extra_body={"messages": "none"}), "messages")
        assert error.request_id.startswith("ex_"), error.request_id

    def image_part(sdk, ask, stem):
        part = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
        more = {"extra_body": {"messages": [{"role": "user", "content": [part]}]}}
        raised(sdk.BadRequestError, lambda: ask(f"{stem}-refused", **more), "not text")

    def rate_limit(sdk, ask, stem):
        error = raised(sdk.RateLimitError, lambda: ask(f"{stem}-e429"), "as the model's name asks")
        assert error.response.headers["retry-after"] == "7"

    def rate_limit_of_a_stream(sdk, ask, stem):
        raised(sdk.RateLimitError, lambda: ask(f"{stem}-e429", stream=True), "as the model's name asks")

    def vendor_failure(sdk, ask, stem):
        error = raised(sdk.InternalServerError, lambda: ask(f"{stem}-e500"))
        assert error.status_code == 500

    def cut_answer(sdk, ask, stem):
        raised(sdk.InternalServerError, lambda: ask(f"{stem}-echo-cut"), "ex_")

    def request_id(sdk, ask, stem):
        create = (
            gateway.openai.chat.completions if sdk is openai else gateway.anthropic.messages
        ).with_raw_response.create
        more = {} if sdk is openai else {"max_tokens": 1024}
        raw = create(model=f"{stem}-echo", messages=[user(text)], **more)
        named = raw.headers["x-request-id"]
        assert named.startswith("ex_") and len(named) == 35, named
        assert raw.headers["request-id"] == raw.headers["x-asepsis-exchange"] == named
        assert raw.headers["x-asepsis-form"] == "pseudonymised"
        assert int(raw.headers["x-asepsis-replaced"]) > 18
        assert raw.parse()._request_id == named

    cases = []
    for check in [
        wrong_key,
        unknown_model,
        refused_by_policy,
        unknown_purpose,
        bad_request,
        image_part,
        rate_limit,
        rate_limit_of_a_stream,
        vendor_failure,
        cut_answer,
        request_id,
    ]:
        cases += both(check)

    def openai_models():
        ids = [model.id for model in gateway.openai.models.list()]
        assert ids == ["standin*"], ids

    def anthropic_models():
        ids = [model.id for model in gateway.anthropic.models.list()]
        assert ids == ["standin-messages*"], ids

    def openai_cut_stream(failure, size):
        finished, pieces = [], []
        stream = openai_ask(f"standin-echo-f{size}-{failure}", stream=True)

        def read():
            for chunk in stream:
                finished.extend(c.finish_reason for c in chunk.choices if c.finish_reason)
                pieces.extend(c.delta.content or "" for c in chunk.choices)

        try:
            read()
        except openai.OpenAIError:
            pass
        else:
            raise AssertionError(f"a broken stream ended as if it were whole, after {''.join(pieces)!r}")
        assert not finished, f"a broken stream said that it had finished: {finished}"
        # What came before the break came to the letter.
        assert pieces and text.startswith("".join(pieces)), "".join(pieces)

    def openai_cut_helper(failure, size):
        try:
            with gateway.openai.chat.completions.stream(
                model=f"standin-echo-f{size}-{failure}", messages=[user(text)]
            ) as stream:
                final = stream.get_final_completion()
        except openai.OpenAIError:
            return
        raise AssertionError(f"a broken stream gave a final answer: {final}")

    def anthropic_cut_stream(failure, size):
        ended, pieces = [], []
        stream = anthropic_ask(f"standin-messages-echo-f{size}-{failure}", stream=True)

        def read():
            for event in stream:
                if event.type in ("message_stop", "message_delta"):
                    ended.append(event.type)
                elif event.type == "content_block_delta":
                    pieces.append(event.delta.text)

        try:
            read()
        except anthropic.AnthropicError:
            pass
        else:
            raise AssertionError(f"a broken stream ended as if it were whole, after {''.join(pieces)!r}")
        assert not ended, f"a broken stream said that it had ended: {ended}"
        assert pieces and text.startswith("".join(pieces)), "".join(pieces)

    def anthropic_cut_helper(failure, size):
        try:
            with gateway.anthropic.messages.stream(
                model=f"standin-messages-echo-f{size}-{failure}", max_tokens=1024, messages=[user(text)]
            ) as stream:
                final = stream.get_final_message()
        except anthropic.AnthropicError:
            return
        raise AssertionError(f"a broken stream gave a final answer: {final}")

    cases += [("openai_models", openai_models), ("anthropic_models", anthropic_models)]
    for failure in ["cut", "badjson", "badutf8"]:
        for size in FRAGMENTS:
            for check in [openai_cut_stream, openai_cut_helper, anthropic_cut_stream, anthropic_cut_helper]:
                cases.append((f"{check.__name__} {failure} f{size}", lambda c=check, f=failure, s=size: c(f, s)))
    return cases
