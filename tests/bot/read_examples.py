"""Reads an NLU file with Rasa's own reader. Run by .venv-bot (Python 3.10), not by pytest.
Arguments: the NLU file, and the file for the result, a JSON list of [intent, text, number of
entities].
"""

import json
import sys
from pathlib import Path

from rasa.shared.nlu.training_data.formats.rasa_yaml import RasaYAMLReader

data = RasaYAMLReader().read(sys.argv[1])
found = [
    [one.get("intent"), one.get("text"), len(one.get("entities") or [])]
    for one in data.training_examples
]
Path(sys.argv[2]).write_text(json.dumps(found))
