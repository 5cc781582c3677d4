"""Previews of texts with placeholders. The page shows a preview beside the field, and updates it
while the admin types.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from handoff_service.rules.delivery.sms_text import Segments, segments
from handoff_service.rules.shared import placeholders


@dataclass(frozen=True, slots=True, kw_only=True)
class TextPreview:
    """A preview of a text. ``values``: placeholder -> its value in the preview."""

    label: str
    values: Mapping[str, str]

    def filled(self, text: str) -> str:
        return placeholders.fill(text, self.values)

    def length(self, text: str) -> Segments:
        return segments(self.filled(text))
