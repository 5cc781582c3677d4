"""Code that runs inside Rasa 3.6.21 (Python 3.10, .venv-bot). The service imports nothing from
here."""
