"""The rate limit on submissions: so many for each client address and process."""

import math
import time
from collections.abc import Sequence

from fastapi import Request
from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from runner.web.errors import ApiError


class RateLimit:
    """Counts the submissions of each client.

    Args:
        rule: such as `600/minute`, several separated by semicolons; empty for no limit.

    """

    def __init__(self, rule: str) -> None:
        self._items: Sequence[RateLimitItem] = parse_many(rule) if rule else ()
        self._counter = FixedWindowRateLimiter(MemoryStorage())

    def hit(self, client: str) -> None:
        """Count a submission.

        Raises:
            ApiError: 429 when the client has had its share; Retry-After is in seconds from now, X-RateLimit-Reset a
                Unix time in seconds.

        """
        for item in self._items:
            if self._counter.hit(item, client):
                continue
            window = self._counter.get_window_stats(item, client)
            wait = str(max(1, math.ceil(window.reset_time - time.time())))
            raise ApiError(
                429,
                "rate_limit_exceeded",
                f"There were more submissions than {item}; try again in {wait} s.",
                headers={
                    "Retry-After": wait,
                    "X-RateLimit-Limit": str(item.amount),
                    "X-RateLimit-Remaining": str(window.remaining),
                    "X-RateLimit-Reset": str(math.ceil(window.reset_time)),
                },
            )


def count_submission(request: Request) -> None:
    """Count this request against its client's limit.

    Raises:
        ApiError: 429, as `RateLimit.hit`.

    """
    limit: RateLimit = request.app.state.rate_limit
    limit.hit(request.client.host if request.client else "")
