"""Sends the company's webhooks over HTTP, following the Standard Webhooks specification."""
