"""Every error that Tickvisor raises, named by what the catcher does.

TickvisorError
 ├─ ConfigError              one line to the user, exit code 2; do not restart
 ├─ NotRunning               nothing answers on the control socket: exit code 3
 ├─ AlreadyRunning           another process holds the lock: exit code 1
 ├─ ProtocolError            a frame that does not decode: count it, drop it
 └─ ExchangeError            the exchange was asked and something went wrong
     ├─ OrderRejected        definitely not executed, for cause: do not retry
     ├─ OrderUnknown         may or may not have been executed: never resend, find out
     ├─ RateLimited          definitely not executed: wait `retry_after`
     └─ ExchangeUnavailable  definitely not executed: the exchange cannot be reached or is busy
"""


class TickvisorError(Exception):
    """Base of all; catch it only to print one line at the edge of a program."""


class ConfigError(TickvisorError):
    """The configuration or the command line is wrong.

    Args:
        message: What is wrong and what would be right, in one line.
        where: `file:line` when the fault has a place.
        about: The value that is wrong (a symbol, a class), where only the reader of the
            configuration knows in which line it stands.
    """

    def __init__(self, message: str, where: str = "", about: str = "") -> None:
        """Keep the parts; `str()` joins them as `where: message`."""
        super().__init__(f"{where}: {message}" if where else message)
        self.message = message
        self.where = where
        self.about = about


class NotRunning(TickvisorError):
    """No supervisor runs that a command could talk to."""


class AlreadyRunning(TickvisorError):
    """The run's lock is held by a living process."""


class ProtocolError(TickvisorError):
    """A frame of the bus that cannot be understood; drop and count it."""


class ExchangeError(TickvisorError):
    """The exchange refused, failed or could not be asked.

    Args:
        message: The exchange's own words, or ours, without secrets.
        code: The exchange's error code, 0 when it gave none.
    """

    def __init__(self, message: str, code: int = 0) -> None:
        """Keep the exchange's code beside the message."""
        super().__init__(message)
        self.code = code


class OrderRejected(ExchangeError):
    """The order was refused for cause and does not exist: a second try would be refused again."""


class OrderUnknown(ExchangeError):
    """Nobody knows yet whether the order exists: ask, never resend."""


class RateLimited(ExchangeError):
    """A rate limit was hit; nothing was executed.

    Args:
        message: The exchange's own words.
        code: The exchange's error code.
        retry_after: Seconds to wait.
    """

    def __init__(self, message: str, code: int = 0, retry_after: float = 1.0) -> None:
        """Keep the wait in seconds."""
        super().__init__(message, code)
        self.retry_after = retry_after


class ExchangeUnavailable(ExchangeError):
    """The exchange cannot be reached or is too busy; nothing was executed."""
