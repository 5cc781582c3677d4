"""Lint the virtual agent's texts: the responses in domain.yml and the texts of actions. Each error
names the file and the line."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError

from handoff_service.errors import SetupError
from handoff_service.rules.shared.counted import counted
from handoff_service.rules.virtual_agent.sms_check import (
    BotText,
    SmsCheckSettings,
    SmsProblem,
    TextAt,
    problems,
)

SETTINGS_FILE, DOMAIN = "sms_check.yml", "domain.yml"


def check(root: Path, code: Path | None = None) -> int:
    """Check all texts, and return their number. Raises SetupError with a line for each problem.

    ``root``: the folder with domain.yml and, optionally, an sms_check.yml. ``code``: the folder
    with the actions and the default sms_check.yml; None: the same as ``root``.
    """
    code = code or root
    settings = read_settings(root if (root / SETTINGS_FILE).exists() else code)
    texts = [*in_domain(root), *in_actions(code)]
    found: list[SmsProblem] = [problem for text in texts for problem in problems(text, settings)]
    if found:
        listed = "\n".join(f"  {problem}" for problem in found)
        raise SetupError(
            f"The virtual agent's texts have {counted(len(found), 'problem')}:\n{listed}"
        )
    return len(texts)


def read_settings(root: Path) -> SmsCheckSettings:
    """The settings in sms_check.yml. Raises SetupError when the file is invalid."""
    written = _yaml(root / SETTINGS_FILE)
    unknown = [str(key) for key in written if key not in ("allowed_hosts", "longest")]
    if unknown:
        line = written.lc.key(unknown[0])[0] + 1
        raise SetupError(
            f"{SETTINGS_FILE}:{line}: there is no key {unknown[0]!r}; the keys are allowed_hosts "
            "and longest"
        )
    return SmsCheckSettings(
        allowed_hosts=frozenset(str(host).lower() for host in written.get("allowed_hosts") or ()),
        longest={
            str(name): "x" * value if isinstance(value, int) else str(value)
            for name, value in (written.get("longest") or {}).items()
        },
    )


def in_domain(root: Path) -> Iterator[BotText]:
    """The SMS variants of each response. The service never sends the variants for other
    channels."""
    for response, variants in (_yaml(root / DOMAIN).get("responses") or {}).items():
        for variant in variants or ():
            if variant.get("channel", "sms") != "sms":
                continue
            yield BotText(
                file=DOMAIN,
                name=str(response),
                text=_text(variant),
                buttons=[_line(button, "title") for button in variant.get("buttons") or ()],
            )


def in_actions(root: Path) -> Iterator[BotText]:
    """The texts that actions pass to ``utter_message(text=...)`` as a string, an f-string or a
    constant of the module."""
    for path in sorted((root / "actions").glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8-sig"))
        constants = {
            target.id: node.value
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            if isinstance(call.func, ast.Attribute) and call.func.attr == "utter_message":
                yield from _uttered(call, constants, f"actions/{path.name}")


def _uttered(call: ast.Call, constants: dict[str, ast.expr], file: str) -> Iterator[BotText]:
    for text in (keyword.value for keyword in call.keywords if keyword.arg == "text"):
        node = constants.get(text.id, text) if isinstance(text, ast.Name) else text
        words = _words(node)
        if words is not None:
            yield BotText(
                file=file, name="utter_message", text=TextAt(line=node.lineno, words=words)
            )


def _words(node: ast.expr) -> str | None:
    """The words of a string or an f-string, with a placeholder for each expression. None for other
    code, which computes the text at run time."""
    match node:
        case ast.Constant(value=str() as words):
            return words
        case ast.JoinedStr(values=parts):
            return "".join(
                f"{{{ast.unparse(part.value)}}}"
                if isinstance(part, ast.FormattedValue)
                else _words(part) or ""
                for part in parts
            )
    return None


def _text(variant: CommentedMap) -> TextAt:
    """The text followed by the address of its picture, which is how the service sends them."""
    words = "\n".join(str(variant[key]) for key in ("text", "image") if variant.get(key))
    number = variant.lc.value("text")[0] if "text" in variant else variant.lc.line
    return TextAt(line=number + 1, words=words)


def _line(of: CommentedMap, key: str) -> TextAt:
    return TextAt(line=of.lc.value(key)[0] + 1, words=str(of[key]))


def _yaml(path: Path) -> Any:
    """Load a YAML file with line numbers."""
    try:
        return YAML(typ="rt").load(path.read_text(encoding="utf-8-sig")) or CommentedMap()
    except OSError as error:
        raise SetupError(f"{path.name} cannot be read: {error.strerror}") from error
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise SetupError(f"{path.name}:{line}: {error.problem}") from error
