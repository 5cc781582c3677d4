"""The endpoints that other programs call: the SMS provider's webhooks and Rasa's action endpoint.

These modules may import the API and the shared modules.
"""
