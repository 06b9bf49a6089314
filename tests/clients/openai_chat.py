"""Chat completions with the official `openai` client.

Reads {"base_url", "api_key", "prompt", "splits"} as JSON from standard input and prints what the client received as
JSON. The model's name tells the fake LLM how to answer; see tests/e2e/chat_round_trip.rs.
"""

import json
import sys

import openai

TOOLS = [
    {
        "type": "function",
        "function": {
            "name": "save",
            "description": "Saves a text.",
            "parameters": {"type": "object", "properties": {"text": {"type": "string"}}},
        },
    }
]


class Session:
    def __init__(self, settings):
        self.client = openai.OpenAI(
            base_url=settings["base_url"], api_key=settings["api_key"], max_retries=0, timeout=60
        )
        self.prompt = settings["prompt"]
        self.splits = settings["splits"]

    def create(self, model, messages=None, **options):
        messages = messages or [
            {"role": "system", "content": "You repeat what you are told."},
            {"role": "user", "content": self.prompt},
        ]
        return self.client.chat.completions.create(model=model, messages=messages, **options)

    def plain(self):
        answer = self.create("echo", extra_query={"beta": "true", "note": "a b"})
        return answer.choices[0].message.content

    def headers(self):
        completions = self.client.chat.completions.with_raw_response
        raw = completions.create(model="echo", messages=[{"role": "user", "content": self.prompt}])
        return {name.lower(): value for name, value in raw.headers.items()}

    def parts(self):
        middle = len(self.prompt) // 2
        # A line break is a place where no secret of the prompt is cut in two.
        cut = self.prompt.index("\n---\n", middle) + 1
        content = [
            {"type": "text", "text": self.prompt[:cut]},
            {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}},
            {"type": "text", "text": self.prompt[cut:]},
        ]
        answer = self.create("echo", [{"role": "user", "content": content}])
        return answer.choices[0].message.content

    def streamed(self, split):
        stream = self.create(f"echo-{split}", stream=True)
        return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)

    def tool(self):
        answer = self.create("echo", tools=TOOLS)
        return answer.choices[0].message.tool_calls[0].function.arguments

    def tool_streamed(self, split):
        stream = self.create(f"echo-{split}", tools=TOOLS, stream=True)
        arguments = ""
        for chunk in stream:
            for choice in chunk.choices:
                for call in choice.delta.tool_calls or []:
                    arguments += call.function.arguments or ""
        return arguments

    def second_turn(self):
        """The user asks, the model calls a tool, the tool answers, and the user asks again."""
        history = [{"role": "user", "content": self.prompt}]
        first = self.create("echo", history, tools=TOOLS).choices[0].message
        history.append(first.model_dump(exclude_none=True))
        history.append(
            {
                "role": "tool",
                "tool_call_id": first.tool_calls[0].id,
                "content": json.loads(first.tool_calls[0].function.arguments)["text"],
            }
        )
        history.append({"role": "user", "content": "Again: " + self.prompt})
        return self.create("echo", history).choices[0].message.content


def main():
    session = Session(json.load(sys.stdin))
    result = {
        "plain": session.plain(),
        "headers": session.headers(),
        "parts": session.parts(),
        "streamed": [session.streamed(split) for split in session.splits],
        "tool": session.tool(),
        "tool_streamed": [session.tool_streamed(split) for split in session.splits],
        "second_turn": session.second_turn(),
    }
    json.dump(result, sys.stdout)


main()
