"""What other programs call: the SMS provider's webhooks, Rasa's action endpoint.

They may import the API and the shared pieces.
"""
