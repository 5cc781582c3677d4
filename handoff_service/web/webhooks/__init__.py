"""What other programs call: Twilio's webhooks, Rasa's action endpoint.

They may import the API and the shared pieces.
"""
