"""Code that Rasa 3.6.21 loads (Python 3.10, .venv-bot). The service imports nothing from here."""
