"""What an exchange's answer to a request means: the one table of definite outcomes (pure).

A reply is *definite* only if its verb, HTTP status and code (or text) stand here. Everything else
is *unknown*: the order may exist. Codes as of autumn 2026.
"""

from enum import Enum, StrEnum, auto

from lib.errors import (
    ExchangeError,
    ExchangeUnavailable,
    OrderRejected,
    OrderUnknown,
    RateLimited,
)


class Verb(StrEnum):
    """What a request wants; the same code means different things to each."""

    PLACE = "place"
    CANCEL = "cancel"
    QUERY = "query"
    """One order by its id."""
    READ = "read"
    """Anything that changes nothing."""


class Meaning(Enum):
    """What is known after a failed request."""

    REJECTED = auto()
    """Not executed, for cause: the same request would be refused again."""
    BUSY = auto()
    """Not executed; the same request may succeed later."""
    LIMITED = auto()
    """Not executed: a rate limit."""
    CLOCK = auto()
    """Not executed: our timestamp was off."""
    EXISTS = auto()
    """An earlier attempt was executed: the order exists."""
    GONE = auto()
    """The exchange does not know such an open order: a question, never a cancellation."""
    UNKNOWN = auto()
    """May have been executed."""


BAD_REQUEST = 400
UNAUTHORIZED = 401
FIREWALL = 403
BANNED = 418
LIMITED_HTTP = (429, BANNED)
SERVICE_UNAVAILABLE = 503
PAUSES = {FIREWALL: 60.0, BANNED: 120.0, 429: 1.0}
"""HTTP status -> seconds in which nothing more is sent when the exchange does not say how many.
Whatever the body is: a page instead of a code leaves the fate of the request open, but knocking on
makes it worse."""

CLOCK_CODES = frozenset({-1021, -5028})
LIMIT_CODES = frozenset({-1003, -1015})
GONE_CODES = frozenset({-2011, -2013})
DUPLICATE_ID = -4116
TRIGGERING = -4117
KEY_CODES = frozenset({-2014, -2015})
RULE_CODES = frozenset(
    {-1111, -4001, -4002, -4003, -4004, -4005, -4013, -4014, -4016, -4023, -4024, -4164}
)
"""Price or quantity against the product's rules; what was checked by them before means that the
rules have changed."""
AGAINST_RULES = -1111
"""Said by ourselves, as the exchange would say it."""
BUSY_TEXT = "Service Unavailable."

REFUSALS = frozenset(
    {
        # the request itself
        *(-1022, -1100, -1101, -1102, -1103, -1104, -1105, -1106, -1108, -1109, -1110),
        *(-1111, -1112, -1114, -1115, -1116, -1117, -1118, -1119, -1120, -1121, -1125),
        *(-1127, -1128, -1130, -1136),
        # the order against the account
        *(-2010, -2018, -2019, -2020, -2021, -2022, -2023, -2024, -2025, -2026, -2027, -2028),
        # the order against the product's rules
        *(-4000, -4001, -4002, -4003, -4004, -4005, -4006, -4007, -4008, -4009, -4010, -4011),
        *(-4012, -4013, -4014, -4015, -4016, -4017, -4018, -4019, -4020, -4021, -4022, -4023),
        *(-4024, -4025, -4026, -4028, -4029, -4030, -4045, -4061, -4062, -4082, -4087, -4088),
        *(-4104, -4105, -4106, -4107, -4108, -4118, -4120, -4131, -4135, -4136, -4137, -4138),
        *(-4139, -4140, -4141, -4142, -4164, -4183, -4184, -4192, -4400, -4401, -4402, -4403),
        # matching that is refused before it leaves a trace
        *(-5021, -5022, -5024, -5037, -5038, -5039, -5040, -5041),
    }
)


def classify(verb: Verb, http: int, code: int | None, text: str = "") -> Meaning:
    """Return what a failed request's answer means.

    Args:
        verb: What the request wanted.
        http: HTTP status; 400 for an item of a batch, which has none of its own.
        code: The exchange's code, None when the body had none or was not JSON.
        text: The exchange's message.
    """
    if code is None or code == 0:
        busy = http == SERVICE_UNAVAILABLE and text == BUSY_TEXT
        return Meaning.BUSY if busy else Meaning.UNKNOWN
    if http in LIMITED_HTTP:
        return Meaning.LIMITED if code in LIMIT_CODES else Meaning.UNKNOWN
    if http == UNAUTHORIZED:
        return Meaning.REJECTED if code in KEY_CODES else Meaning.UNKNOWN
    if http != BAD_REQUEST:
        return Meaning.UNKNOWN
    return _classify_refusal(verb, code)


def _classify_refusal(verb: Verb, code: int) -> Meaning:
    if code in CLOCK_CODES:
        return Meaning.CLOCK
    if code in LIMIT_CODES:
        return Meaning.LIMITED
    if code == DUPLICATE_ID and verb is Verb.PLACE:
        return Meaning.EXISTS
    if code in GONE_CODES or code == TRIGGERING:
        return Meaning.UNKNOWN if verb is Verb.PLACE else Meaning.GONE
    return Meaning.REJECTED if code in REFUSALS else Meaning.UNKNOWN


def error_of(
    verb: Verb, meaning: Meaning, code: int, text: str, retry_after: float = 1.0
) -> ExchangeError:
    """Return the error of `lib.errors` that says to the catcher what to do.

    A question about an order (`EXISTS`, `GONE`) is an `OrderUnknown` that carries the code. A read
    that failed for whatever reason but a refusal is `ExchangeUnavailable`: it proved nothing.
    """
    if meaning is Meaning.LIMITED:
        return RateLimited(text, code, retry_after)
    if meaning is Meaning.REJECTED:
        return OrderRejected(text, code)
    if meaning in (Meaning.BUSY, Meaning.CLOCK):
        return ExchangeUnavailable(text, code)
    if meaning is Meaning.UNKNOWN and verb in (Verb.QUERY, Verb.READ):
        return ExchangeUnavailable(text, code)
    return OrderUnknown(text, code)
