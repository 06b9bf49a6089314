"""Content, embeddings, token counts and models with the official `google-genai` client; see plumbing.py."""

from google import genai
from google.genai import types

from plumbing import Note, main

SAVED = []


def save(text: str, options: dict | None = None) -> str:
    """Saves a text."""
    SAVED.append({"text": text} | ({"options": options} if options else {}))
    return text


def connect(base_url, api_key):
    options = types.HttpOptions(base_url=base_url, timeout=30_000)
    return genai.Client(api_key=api_key, http_options=options)


def generate(client, **arguments):
    return client.models.generate_content(**arguments)


def generate_streamed(client, **arguments):
    return client.models.generate_content_stream(**arguments)


def generate_parsed(client, **arguments):
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Note)
    response = client.models.generate_content(config=config, **arguments)
    return {"text": response.text, "parsed": response.parsed}


def chat_turns(client, model, turns, config=None, stream=False):
    """A conversation that the client keeps; returns what the model said in each turn."""
    chat = client.chats.create(model=model, config=config)
    answers = []
    for turn in turns:
        if stream:
            answers.append("".join(chunk.text or "" for chunk in chat.send_message_stream(turn)))
        else:
            answers.append(chat.send_message(turn).text)
    return {"answers": answers, "history": chat.get_history()}


def call_functions(client, stream=False, **arguments):
    """The client calls the function `save` itself and goes on until the model is done."""
    SAVED.clear()
    config = types.GenerateContentConfig(tools=[save])
    if stream:
        chunks = client.models.generate_content_stream(config=config, **arguments)
        text = "".join(chunk.text or "" for chunk in chunks)
    else:
        text = client.models.generate_content(config=config, **arguments).text
    return {"text": text, "saved": list(SAVED)}


def embed(client, **arguments):
    return client.models.embed_content(**arguments)


def count(client, **arguments):
    return client.models.count_tokens(**arguments)


def models(client):
    return list(client.models.list())


main(
    connect,
    generate,
    generate_streamed,
    generate_parsed,
    chat_turns,
    call_functions,
    embed,
    count,
    models,
)
