"""The SDKs of both vendors, and an answer that is held for a person.

Without RELEASES each case asks, and prints the id under which its answer is held, as the SDK's error has it. With RELEASES, a JSON object
of these ids, each case asks again with its id, and prints the call that the SDK hands to its user.
"""

import json
import os

import anthropic
import openai

GATEWAY = os.environ["GATEWAY"]
KEY = os.environ["KEY"]
RELEASES = json.loads(os.environ.get("RELEASES", "null"))
WORDS = [{"role": "user", "content": "Tell Martha Collins that the visit is on Monday."}]
SCHEMA = {"type": "object", "properties": {"text": {"type": "string"}}}

chat = openai.OpenAI(base_url=f"{GATEWAY}/v1", api_key=KEY)
messages = anthropic.Anthropic(base_url=GATEWAY, api_key=KEY)


def headers(case):
    said = {"X-Asepsis-Labels": "none"}
    return said if RELEASES is None else {**said, "X-Asepsis-Release": RELEASES[case]}


def openai_case(case, stream):
    tool = {"type": "function", "function": {"name": "send_message", "description": "Sends a message.", "parameters": SCHEMA}}
    asked = {"model": "standin-tool-f5", "messages": WORDS, "tools": [tool], "extra_headers": headers(case)}
    if not stream:
        call = chat.chat.completions.create(**asked).choices[0].message.tool_calls[0]
        return [call.function.name, json.loads(call.function.arguments)]
    name, arguments = "", ""
    for chunk in chat.chat.completions.create(stream=True, **asked):
        for choice in chunk.choices:
            for call in choice.delta.tool_calls or []:
                name += call.function.name or ""
                arguments += call.function.arguments or ""
    return [name, json.loads(arguments)]


def anthropic_case(case, stream):
    tool = {"name": "send_message", "description": "Sends a message.", "input_schema": SCHEMA}
    asked = {
        "model": "standin-messages-tool-f5",
        "max_tokens": 500,
        "messages": WORDS,
        "tools": [tool],
        "extra_headers": headers(case),
    }
    if stream:
        with messages.messages.stream(**asked) as answer:
            whole = answer.get_final_message()
    else:
        whole = messages.messages.create(**asked)
    call = next(block for block in whole.content if block.type == "tool_use")
    return [call.name, call.input]


def release_of(error):
    body = error.body if isinstance(error.body, dict) else {}
    return body.get("error", body)["release"]


for name, ask in [("openai", openai_case), ("anthropic", anthropic_case)]:
    for stream in [False, True]:
        case = f"{name}/{'stream' if stream else 'plain'}"
        try:
            result = ask(case, stream)
        except (openai.APIError, anthropic.APIError) as error:
            result = release_of(error)
        print(json.dumps({"case": case, "result": result}), flush=True)
