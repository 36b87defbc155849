"""What the cases share: the notes, and the clients of one side."""

import pathlib

import anthropic
import openai

NOTES = pathlib.Path(__file__).resolve().parent.parent / "notes"
FRAGMENTS = [1, 3, 7, 40]
# No outcome depends on it: what takes longer is broken.
PATIENCE = 60


def notes():
    paths = sorted(p for p in NOTES.iterdir() if not p.name.endswith(".planted.json"))
    assert len(paths) >= 3, f"the test notes are not in {NOTES}"
    return {p.name: p.read_bytes().decode("utf-8") for p in paths}


def relative(text):
    """Somebody whom a note names. Without a title or other cue only what else the conversation says can tell a name."""
    [name] = [n for n in ["Siobhán O'Dálaigh", "Béla Ács", "Dolores Ibáñez-Quirke"] if n in text]
    return name


class Side:
    """The clients of one side: the gateway, or the vendor itself."""

    def __init__(self, url, key):
        self.openai = openai.OpenAI(base_url=f"{url}/v1", api_key=key, timeout=PATIENCE, max_retries=0)
        self.openai_async = lambda: openai.AsyncOpenAI(
            base_url=f"{url}/v1", api_key=key, timeout=PATIENCE, max_retries=0
        )
        self.anthropic = anthropic.Anthropic(base_url=url, api_key=key, timeout=PATIENCE, max_retries=0)
        self.anthropic_async = lambda: anthropic.AsyncAnthropic(
            base_url=url, api_key=key, timeout=PATIENCE, max_retries=0
        )


def user(text):
    return {"role": "user", "content": text}


def tool_model(model):
    """The same model, which calls a tool."""
    return f"{model}-tool"
