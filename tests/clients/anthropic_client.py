"""Messages, token counts and models with the official `anthropic` client; see plumbing.py."""

import anthropic

from plumbing import Note, main


def connect(base_url, api_key):
    return anthropic.Anthropic(base_url=base_url, api_key=api_key, max_retries=0, timeout=30)


def message(client, **arguments):
    return client.messages.create(**arguments)


def message_retried(client, **arguments):
    return message(client.with_options(max_retries=1), **arguments)


def message_parsed(client, **arguments):
    answer = client.messages.parse(output_format=Note, **arguments)
    return {"message": answer, "parsed": answer.parsed_output}


def message_assembled(client, **arguments):
    """The client reads the stream and puts the answer together itself."""
    with client.messages.stream(**arguments) as stream:
        return stream.get_final_message()


def message_turns(client, messages, stream=False, **arguments):
    """The model calls tools, they return their arguments, and the model answers; returns all its messages."""
    history = list(messages)
    answers = []
    while True:
        create = message_assembled if stream else message
        answer = create(client, messages=history, **arguments)
        answers.append(answer)
        calls = [block for block in answer.content if block.type == "tool_use"]
        if not calls:
            return answers
        history.append({"role": "assistant", "content": answer.content})
        results = [
            {"type": "tool_result", "tool_use_id": call.id, "content": call.input["text"]} for call in calls
        ]
        history.append({"role": "user", "content": results})


def count(client, **arguments):
    return client.messages.count_tokens(**arguments)


def models(client):
    return list(client.models.list())


main(
    connect,
    message,
    message_retried,
    message_parsed,
    message_assembled,
    message_turns,
    count,
    models,
)
