"""Whether the virtual agent has promised to text about a case."""

#: The first sentence of ``NEXT_STEP`` in actions/requests.py, in each language.
SENTENCES = (
    "We'll text you updates.",
    "Le avisaremos por texto.",
    "Wir schreiben Ihnen, wie es weitergeht.",
    "Nous vous tiendrons au courant par SMS.",
)


def promises_text(answer: str) -> bool:
    """Whether an answer of the virtual agent promises a text about the case that it opened."""
    plain = answer.replace("\u2019", "'")
    return any(sentence in plain for sentence in SENTENCES)
