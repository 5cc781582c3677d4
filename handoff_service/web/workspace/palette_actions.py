"""The actions on the open conversation that the command palette offers."""

from handoff_service.rules.desk.command_palette import PaletteEntry
from handoff_service.rules.shared.phrases import phrase

#: The script hides an action if the page does not have its button.
ACTIONS = (
    PaletteEntry(
        label=phrase("Write a text"), keys="Enter", does="write", other_words=phrase("reply answer")
    ),
    PaletteEntry(label=phrase("Write a private note"), keys="Alt N", does="note"),
    PaletteEntry(
        label=phrase("Insert a template"),
        keys="/",
        press="to-templates",
        other_words=phrase("canned"),
    ),
    PaletteEntry(label=phrase("Run a macro"), keys="m", press="to-macros"),
    PaletteEntry(label=phrase("Send later"), press="to-later", other_words=phrase("schedule text")),
    PaletteEntry(
        label=phrase("Close the conversation"),
        keys="e",
        press="close-it",
        other_words=phrase("end done"),
    ),
    PaletteEntry(
        label=phrase("Transfer"),
        keys="t",
        press="transfer-it",
        other_words=phrase("assign agent queue"),
    ),
    PaletteEntry(
        label=phrase("Labels"), keys="l", press="label-it", other_words=phrase("topic tag")
    ),
    PaletteEntry(
        label=phrase("Hand back to the virtual agent"),
        press="hand-back",
        other_words=phrase("bot return"),
    ),
    PaletteEntry(label=phrase("Join the conversation"), press="more-join"),
    PaletteEntry(label=phrase("Leave the conversation"), press="more-leave"),
    PaletteEntry(
        label=phrase("Assign or see routing"), press="assign-it", other_words=phrase("supervisor")
    ),
    PaletteEntry(
        label=phrase("Identify the requester"),
        press="identify",
        other_words=phrase("who verify user"),
    ),
    PaletteEntry(label=phrase("Show the timers"), press="timer-chip"),
)
HOLD = PaletteEntry(
    label=phrase("Put on hold"), keys="h", press="hold-it", other_words=phrase("snooze")
)
RESUME = PaletteEntry(
    label=phrase("Take off hold"), keys="h", press="hold-it", other_words=phrase("resume")
)
