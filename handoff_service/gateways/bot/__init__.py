"""The virtual agent: any server with Rasa's REST channel, or no bot at all."""
