"""A change of data or code requires a new training of the model. A change of a comment does not."""

import pytest

from handoff_service.bot_control.fingerprint import without_prose

CODE = b'''"""A module."""
class A:
    """A class."""
    def b(self):
        """A method."""
        return 1  # why
'''


@pytest.mark.parametrize(
    ("change", "same"),
    [
        ((b"# why", b"# another reason"), True),
        ((b"A module.", b"The module."), True),
        ((b"A class.", b"The class."), True),
        ((b"A method.", b"The method."), True),
        ((b"class A:\n", b"\nclass  A:\n\n"), True),
        ((b"return 1", b"return 2"), False),
        ((b"def b", b"def c"), False),
        ((b"return 1", b'return "A method."'), False),
    ],
)
def test_only_a_change_of_the_code_changes_the_fingerprint(
    change: tuple[bytes, bytes], *, same: bool
) -> None:
    changed = CODE.replace(*change)
    assert changed != CODE
    assert (without_prose(changed) == without_prose(CODE)) is same
