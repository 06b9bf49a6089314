"""Chat completions, completions, responses, embeddings and models with the official `openai` client; see plumbing.py."""

import json

import openai

from plumbing import Note, main


def connect(base_url, api_key):
    return openai.OpenAI(base_url=base_url, api_key=api_key, max_retries=0, timeout=30)


def chat(client, **arguments):
    return client.chat.completions.create(**arguments)


def chat_headers(client, **arguments):
    raw = client.chat.completions.with_raw_response.create(**arguments)
    return {name.lower(): value for name, value in raw.headers.items()}


def chat_retried(client, **arguments):
    return chat(client.with_options(max_retries=1), **arguments)


def chat_parsed(client, **arguments):
    return client.chat.completions.parse(response_format=Note, **arguments)


def chat_assembled(client, **arguments):
    """The client reads the stream and puts the answer together itself."""
    with client.chat.completions.stream(**arguments) as stream:
        return stream.get_final_completion()


def chat_turns(client, messages, stream=False, **arguments):
    """The model calls tools, they return their arguments, and the model answers; returns all its messages."""
    history = list(messages)
    answers = []
    while True:
        if stream:
            completion = chat_assembled(client, messages=history, **arguments)
        else:
            completion = chat(client, messages=history, **arguments)
        message = completion.choices[0].message
        answers.append(message)
        if not message.tool_calls:
            return answers
        history.append(message.model_dump(mode="json", exclude_unset=True, exclude={"parsed"}, warnings=False))
        for call in message.tool_calls:
            text = json.loads(call.function.arguments)["text"]
            history.append({"role": "tool", "tool_call_id": call.id, "content": text})


def complete(client, **arguments):
    return client.completions.create(**arguments)


def respond(client, **arguments):
    return client.responses.create(**arguments)


def respond_parsed(client, **arguments):
    return client.responses.parse(text_format=Note, **arguments)


def respond_assembled(client, **arguments):
    with client.responses.stream(**arguments) as stream:
        *_, last = stream
        # The client's own method knows complete responses only.
        return last.response if last.type == "response.incomplete" else stream.get_final_response()


def respond_turns(client, input, stream=False, **arguments):
    """As `chat_turns`; returns all items that the model put out."""
    history = list(input)
    items = []
    while True:
        create = respond_assembled if stream else respond
        output = create(client, input=history, **arguments).output
        items.extend(output)
        calls = [item for item in output if item.type == "function_call"]
        if not calls:
            return items
        history.extend(
            item.model_dump(mode="json", exclude_unset=True, exclude={"parsed_arguments"}, warnings=False)
            for item in output
        )
        for call in calls:
            text = json.loads(call.arguments)["text"]
            history.append({"type": "function_call_output", "call_id": call.call_id, "output": text})


def embed(client, **arguments):
    return client.embeddings.create(**arguments)


def models(client):
    return list(client.models.list())


def model(client, model):
    return client.models.retrieve(model)


main(
    connect,
    chat,
    chat_headers,
    chat_retried,
    chat_parsed,
    chat_assembled,
    chat_turns,
    complete,
    respond,
    respond_parsed,
    respond_assembled,
    respond_turns,
    embed,
    models,
    model,
)
