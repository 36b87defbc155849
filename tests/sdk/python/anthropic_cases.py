"""What is asked by the `anthropic` SDK. Each case gives what the SDK handed to its user."""

import asyncio
import json

from common import relative, tool_model, user
from openai_cases import CHART_TOOL

ANTHROPIC_TOOL = {
    "name": "file_in_chart",
    "description": CHART_TOOL["function"]["description"],
    "input_schema": CHART_TOOL["function"]["parameters"],
}


def text_of(message):
    return "".join(block.text for block in message.content if block.type == "text")


def anthropic_plain(side, model, text):
    message = side.anthropic.messages.create(model=model, max_tokens=1024, messages=[user(text)])
    return {"text": text_of(message), "stop": message.stop_reason, "usage": message.usage.output_tokens}


def anthropic_stream(side, model, text):
    out = {"text": "", "stop": None, "ended": False}
    for event in side.anthropic.messages.create(model=model, max_tokens=1024, messages=[user(text)], stream=True):
        if event.type == "content_block_delta":
            assert not out["ended"], "text after the end"
            out["text"] += event.delta.text
        elif event.type == "message_delta":
            out["stop"] = event.delta.stop_reason
        elif event.type == "message_stop":
            out["ended"] = True
    return out


def anthropic_helper(side, model, text):
    with side.anthropic.messages.stream(model=model, max_tokens=1024, messages=[user(text)]) as stream:
        deltas = "".join(stream.text_stream)
        final = stream.get_final_message()
    assert deltas == text_of(final), "the helper's own views of the answer differ"
    return {"text": deltas, "stop": final.stop_reason}


def anthropic_async(side, model, text):
    async def ask():
        async with side.anthropic_async() as client:
            async with client.messages.stream(model=model, max_tokens=1024, messages=[user(text)]) as stream:
                return "".join([piece async for piece in stream.text_stream])

    return {"text": asyncio.run(ask())}


def anthropic_prompts(side, model, text):
    answers = []
    for system in [
        f"You help Dr. Tomás Feßler. The chart so far:\n{text}",
        [
            {"type": "text", "text": "You help Dr. Tomás Feßler."},
            {"type": "text", "text": text, "cache_control": {"type": "ephemeral"}},
        ],
    ]:
        message = side.anthropic.messages.create(
            model=model,
            max_tokens=1024,
            system=system,
            metadata={"user_id": "ward-3"},
            messages=[user(f"What does the chart say of {relative(text)}, and since when?")],
        )
        answers.append(text_of(message))
    return {"answers": answers}


def anthropic_parts(side, model, text):
    half = text.index("\n", len(text) // 2)
    parts = [{"type": "text", "text": text[:half]}, {"type": "text", "text": text[half:]}]
    message = side.anthropic.messages.create(
        model=model, max_tokens=1024, messages=[{"role": "user", "content": parts}]
    )
    return {"text": text_of(message)}


def anthropic_turns(side, model, text):
    messages, answers = [user(text)], []
    for question in [f"And what of {relative(text)}?", "Write to bela.acs@example.com about MRN: 5530017.", None]:
        message = side.anthropic.messages.create(model=model, max_tokens=1024, messages=messages)
        answers.append(text_of(message))
        messages.append({"role": "assistant", "content": message.content})
        if question:
            messages.append(user(question))
    return {"answers": answers}


def anthropic_tool(side, model, text, streamed):
    messages = [user(text)]
    asked = {"model": tool_model(model), "max_tokens": 1024, "messages": messages, "tools": [ANTHROPIC_TOOL]}
    if streamed:
        with side.anthropic.messages.stream(**asked) as stream:
            pieces = [e.partial_json for e in stream if e.type == "input_json"]
            message = stream.get_final_message()
        [call] = [b for b in message.content if b.type == "tool_use"]
        assert json.loads("".join(pieces)) == call.input
    else:
        message = side.anthropic.messages.create(**asked)
        [call] = [b for b in message.content if b.type == "tool_use"]
    result = json.dumps({"filed": True, "by": relative(text), "subject": call.input["subject"]})
    messages += [
        {"role": "assistant", "content": message.content},
        {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": call.id, "content": [{"type": "text", "text": result}]}],
        },
    ]
    after = side.anthropic.messages.create(model=model, max_tokens=1024, messages=messages, tools=[ANTHROPIC_TOOL])
    return {
        "stop": message.stop_reason,
        "said": text_of(message),
        "call": {"id": call.id, "name": call.name, "input": call.input},
        "result": json.loads(text_of(after)),
        "after": after.stop_reason,
    }
