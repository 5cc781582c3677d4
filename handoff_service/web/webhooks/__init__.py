"""Endpoints for other programs: the SMS provider's webhooks and Rasa's action endpoint.

They may import the API and the shared modules.
"""
