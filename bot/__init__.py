"""What Rasa 3.6.21 loads (Python 3.10, .venv-bot). Nothing here is imported by the service."""
