"""Whether the virtual agent has promised to text about a case."""

#: sentences of the virtual agent's answer that opens a case (see actions/requests.py)
SENTENCES = ("We'll text you updates.", "Le avisaremos por texto.")


def promises_text(answer: str) -> bool:
    """Whether an answer of the virtual agent promises a text about the case that it opened."""
    plain = answer.replace("\u2019", "'")
    return any(sentence in plain for sentence in SENTENCES)
