"""What Rasa's own reader makes of an NLU file. Run by .venv-bot (Python 3.10), not by pytest.

Arguments: the file, and where to write a JSON list of [intent, text, number of entities].
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
