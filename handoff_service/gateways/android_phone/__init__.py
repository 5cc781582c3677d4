"""An Android phone as the SMS provider: the open-source app SMS Gateway for Android
(https://github.com/capcom6/android-sms-gateway) in its local server mode.

Nobody has tried this with a real phone yet. These modules rely on the app's public documentation
and source, and each module names what it uses. The pages and files:

| fact | source |
|---|---|
| send, ids, validity, priorities | https://docs.sms-gate.app/features/sending-messages/ |
| states | https://docs.sms-gate.app/features/status-tracking/ |
| webhooks, signature, retries | https://docs.sms-gate.app/features/webhooks/ |
| inbox | https://docs.sms-gate.app/features/reading-messages/ |
| health | https://docs.sms-gate.app/features/health/ |
| SIM cards | https://docs.sms-gate.app/features/multi-sim/ |
| settings over the API | https://docs.sms-gate.app/features/settings-management/ |
| pictures | https://docs.sms-gate.app/features/mms/ |
| a repeated id: 409; before 1.58: 202, and nothing is sent again | the app's CHANGELOG, and ``MessagesService.enqueueMessage`` |
| each retry of a webhook is signed with a new time | ``PayloadSingingPlugin.kt`` |

What we could not verify:

- whether every carrier reports deliveries, and how often a phone ends the app;
- whether two texts of one second with the same words are two webhooks: the app's own ids do not
  differ then;
- the release with which pictures can be fetched from the inbox: we read it in the source only;
- whether an address in the company's own network is accepted for webhooks: one version of the
  source, ``WebHookUrlPolicy.kt``, refuses it.
"""  # noqa: E501  # a row is not cut
