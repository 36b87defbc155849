"""What is asked by the `openai` SDK. Each case gives what the SDK handed to its user."""

import asyncio
import json

from common import relative, tool_model, user

CHART_TOOL = {
    "type": "function",
    "function": {
        "name": "file_in_chart",
        "description": "Files a text in the chart of Mr. Béla Ács (MRN: 5530017).",
        "parameters": {
            "type": "object",
            "properties": {
                "subject": {"type": "string"},
                "text": {"type": "string", "description": 'as Mrs. O\'Dálaigh "said" it'},
                "lines": {"type": "array", "items": {"type": "string"}},
            },
            "required": ["subject", "text"],
        },
    },
}


def openai_plain(side, model, text):
    answer = side.openai.chat.completions.create(model=model, messages=[user(text)])
    choice = answer.choices[0]
    return {"text": choice.message.content, "finish": choice.finish_reason, "usage": answer.usage.total_tokens}


def openai_stream(side, model, text):
    out = {"text": "", "finish": None, "usage": None, "role": None}
    stream = side.openai.chat.completions.create(
        model=model, messages=[user(text)], stream=True, stream_options={"include_usage": True}
    )
    for chunk in stream:
        if chunk.usage:
            out["usage"] = chunk.usage.total_tokens
        for choice in chunk.choices:
            assert not (out["finish"] and choice.delta.content), "text after the end"
            out["text"] += choice.delta.content or ""
            out["finish"] = choice.finish_reason or out["finish"]
            out["role"] = choice.delta.role or out["role"]
    return out


def openai_helper(side, model, text):
    deltas, done = "", None
    with side.openai.chat.completions.stream(model=model, messages=[user(text)]) as stream:
        for event in stream:
            if event.type == "content.delta":
                deltas += event.delta
            elif event.type == "content.done":
                done = event.content
        final = stream.get_final_completion().choices[0]
    assert deltas == done == final.message.content, "the helper's own views of the answer differ"
    return {"text": final.message.content, "finish": final.finish_reason}


def openai_async(side, model, text):
    async def ask():
        async with side.openai_async() as client:
            stream = await client.chat.completions.create(model=model, messages=[user(text)], stream=True)
            return "".join([c.choices[0].delta.content or "" async for c in stream if c.choices])

    return {"text": asyncio.run(ask())}


def openai_prompts(side, model, text):
    messages = [
        {"role": "system", "content": f"You help Dr. Tomás Feßler. The chart so far:\n{text}"},
        {"role": "developer", "content": [{"type": "text", "text": "Never call Mr. Béla Ács by his first name."}]},
        {"role": "user", "name": "ward_3", "content": f"What does the chart say of {relative(text)}, and since when?"},
    ]
    answer = side.openai.chat.completions.create(
        model=model, messages=messages, user="ward-3", temperature=0.25, seed=7
    )
    return {"text": answer.choices[0].message.content}


def openai_parts(side, model, text):
    half = len(text) // 2
    # Cut at a line's end, as a program that composes parts does.
    half = text.index("\n", half)
    parts = [{"type": "text", "text": text[:half]}, {"type": "text", "text": text[half:]}]
    answer = side.openai.chat.completions.create(model=model, messages=[{"role": "user", "content": parts}])
    return {"text": answer.choices[0].message.content}


def openai_turns(side, model, text):
    messages, answers = [user(text)], []
    for question in [f"And what of {relative(text)}?", "Write to bela.acs@example.com about MRN: 5530017.", None]:
        answer = side.openai.chat.completions.create(model=model, messages=messages)
        answers.append(answer.choices[0].message.content)
        messages.append(answer.choices[0].message)
        if question:
            messages.append(user(question))
    return {"answers": answers}


def openai_call_value(call):
    return {"id": call.id, "name": call.function.name, "arguments": json.loads(call.function.arguments)}


def openai_tool(side, model, text, streamed):
    messages = [user(text)]
    asked = {"model": tool_model(model), "messages": messages, "tools": [CHART_TOOL]}
    if streamed:
        with side.openai.chat.completions.stream(**asked) as stream:
            pieces = [e.arguments_delta for e in stream if e.type == "tool_calls.function.arguments.delta"]
            choice = stream.get_final_completion().choices[0]
        assert "".join(pieces) == choice.message.tool_calls[0].function.arguments
    else:
        choice = side.openai.chat.completions.create(**asked).choices[0]
    [call] = choice.message.tool_calls
    result = json.dumps(
        {"filed": True, "by": relative(text), "subject": json.loads(call.function.arguments)["subject"]}
    )
    messages += [
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {
                    "id": call.id,
                    "type": "function",
                    "function": {"name": call.function.name, "arguments": call.function.arguments},
                }
            ],
        },
        {"role": "tool", "tool_call_id": call.id, "content": result},
    ]
    after = side.openai.chat.completions.create(model=model, messages=messages, tools=[CHART_TOOL]).choices[0]
    return {
        "finish": choice.finish_reason,
        "call": openai_call_value(call),
        "result": json.loads(after.message.content),
        "after": after.finish_reason,
    }
