"""An Android phone as the SMS provider: the open-source app SMS Gateway for Android
(https://github.com/capcom6/android-sms-gateway) in its local server mode.

These modules have not been tested with a real phone yet. They rely on the app's public
documentation and source code, and each module names the facts that it uses. The sources:

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

We could not verify the following:

- whether every carrier reports deliveries, and how often Android stops the app;
- whether the app calls the webhook twice for two identical texts in the same second, because both
  get the same id;
- which release first lets a program fetch pictures from the inbox, because only the source code
  shows this feature;
- whether the app accepts a webhook address in the company's own network, because one version of
  ``WebHookUrlPolicy.kt`` refuses it.
"""  # noqa: E501  # a row is not cut
