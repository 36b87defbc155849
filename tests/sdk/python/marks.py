"""What the review of a streamed answer says is read by the `anthropic` SDK as a block of text of its own, behind the model's."""

import os

import anthropic

SAID = "LOINC 4548-5 is the code."

client = anthropic.Anthropic(base_url=os.environ["GATEWAY"], api_key=os.environ["KEY"], timeout=60, max_retries=0)
asked = {"max_tokens": 500, "messages": [{"role": "user", "content": SAID}]}

with client.messages.stream(model="standin-messages-echo-f3", **asked) as stream:
    texts = "".join(stream.text_stream)
    message = stream.get_final_message()
assert [block.type for block in message.content] == ["text", "text"], message.content
assert message.content[0].text == SAID, message.content
assert "[Asepsis] Check this answer before you rely on it:" in message.content[1].text, message.content
assert texts == SAID + message.content[1].text, texts
assert message.stop_reason == "end_turn", message

# Behind the call of a tool nothing is added: the client sends the message back as it is.
tool = {"name": "note", "description": "Keeps a note.", "input_schema": {"type": "object"}}
with client.messages.stream(model="standin-messages-echo-tool-f3", tools=[tool], **asked) as stream:
    message = stream.get_final_message()
assert message.content[-1].type == "tool_use" and message.stop_reason == "tool_use", message
print("ok")
