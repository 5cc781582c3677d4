"""Names the browser and the operating system of a session. Agents recognize their own sessions by
these names."""

from handoff_service.rules.shared.phrases import filled, phrase
from handoff_service.rules.shared.stored_sentences import recognized

# The first match wins: many browsers also name the browser that they imitate, such as Safari.
# https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/User-Agent
BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser/": "Samsung Internet",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "CrOS": "ChromeOS",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}
OTHER = phrase("Another program")
NAMED = phrase("{browser} on {system}")


def device_of(user_agent: str) -> str:
    """Return the browser and the operating system of a User-Agent header: Firefox on Linux. If only
    the browser is known, return the browser. If the browser is unknown, return OTHER."""
    browser = next((name for mark, name in BROWSERS.items() if mark in user_agent), "")
    system = next((name for mark, name in SYSTEMS.items() if mark in user_agent), "")
    if browser and system:
        return filled(NAMED, browser=browser, system=system)
    return browser or OTHER


def device_words(stored: str) -> str:
    """Return the translatable phrase for a stored result of ``device_of``."""
    return recognized(stored, (NAMED, OTHER))
