"""The service's log: readable lines, one for each request, that agree with the answers and hold no secret."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from statistics import median
from typing import Any
from urllib.parse import unquote

from gate.contract.document import Contract
from gate.contract.nodes import METHODS
from gate.core.exchange import Exchange
from gate.core.findings import Finding, register
from gate.core.log import LogLine
from gate.core.record import Observations, Record
from gate.core.texts import as_json
from gate.oracles.registry import Need, Oracle

CODES = register("""
BG-LOG-001 major: Log line cannot be read
    Each line that the service prints is one JSON object with the documented members. What collects logs drops other
    lines, or takes the parts of one for several.
BG-LOG-002 major: Request and log line do not come in pairs
    Each request has one line in the log, with its request id. Without it nobody can say what was asked, and with two of
    them what is counted is wrong.
BG-LOG-003 minor: Log line contradicts the exchange
    The line of a request has another method, path, route, status, level or time than the exchange, or its duration is
    not in milliseconds.
BG-LOG-004 critical: Log holds a secret
    A line holds a signature, a key or a password that a request or the service's settings had. Logs are copied to many
    places, and read by many.
""")
UNREADABLE, PAIRS, CONTRADICTION, SECRET = (code.id for code in CODES)

CLOCK_SECONDS = 60.0
"""Seconds between the time of a line and the header Date of its answer; another zone would be further off."""
LEAST_SHARE, MOST_SHARE, ENOUGH = 0.002, 20.0, 10
"""Shares of the time of a request that the service accounts for, by the median of so many requests.

A single line may say more than its client saw, since it is written after the answer.
"""
SHORTEST_SECRET = 8


def oracle(extension: str) -> Oracle:
    """The oracle of the rules in an extension of the contract."""

    def check(record: Record, observations: Observations, contract: Contract) -> Iterator[Finding]:
        rules = contract.document.get(extension)
        lines = observations.log[record.logged :]
        if not rules or not observations.log:
            return
        yield from _unreadable(rules, lines)
        if not any(line.get("level") in rules["levels"][:2] for line in observations.log):
            return  # a log of warnings alone has no lines of requests
        own = [exchange for exchange in record.exchanges if exchange.url.startswith(observations.logged_url)]
        yield from _requests(rules, own, lines, contract, interrupted=record.interrupted)
        yield from _secrets(rules, record, observations, lines)

    def violation(_: Contract) -> tuple[Record, Observations]:
        key = {"idempotency-key": "a-secret-key"}
        exchange = Exchange("GET", "http://service/", 200, key, headers={"x-request-id": "a"})
        line = '{"timestamp": "", "level": "info", "event": "request", "request_id": "b", "key": "a-secret-key"}'
        other = '{"timestamp": "", "level": "info", "event": "request", "request_id": "c", "method": "PUT"}'
        another = Exchange("GET", "http://service/", 200, headers={"x-request-id": "c"})
        return Record("", [exchange, another]), Observations(
            log=[LogLine.of(text) for text in ("no JSON", line, other)]
        )

    return Oracle(
        name="log",
        promise="Each request has one log line, which says what the exchange says, and no line holds a secret.",
        codes=CODES,
        check=check,
        violation=violation,
        needs={Need.LOG: "lines of requests, and secrets in them"},
    )


def _unreadable(rules: Mapping[str, Any], lines: Iterable[LogLine]) -> Iterator[Finding]:
    for line in lines:
        if line.members is None:
            if line.text and not re.match(rules["refused_start"], line.text):
                yield Finding(UNREADABLE, "a line of the log", "a JSON object", line.text)
            continue
        missing = [name for name in rules["every_line"] if name not in line.members]
        if missing or line.get("level") not in rules["levels"]:
            yield Finding(UNREADABLE, "a line of the log", f"members {rules['every_line']} and a level", line.text)


def _requests(
    rules: Mapping[str, Any],
    exchanges: Sequence[Exchange],
    lines: Iterable[LogLine],
    contract: Contract,
    *,
    interrupted: bool,
) -> Iterator[Finding]:
    logged, names = of_requests(rules, lines), rules["request"]
    sent = Counter(exchange.headers.get("x-request-id") for exchange in exchanges)
    shares: list[float] = []
    for exchange in exchanges:
        request = exchange.headers.get("x-request-id")
        if request is None:
            continue
        mine = logged.get(request, [])
        own = exchange.request_headers.get("x-request-id") != request
        if len(mine) < sent[request] or (own and len(mine) > 1):
            if not interrupted:
                where = f"the log line of {_operation(contract, exchange)}"
                yield Finding(PAIRS, where, f"{sent[request]} with its id", str(len(mine)), request=request)
        elif len(mine) == 1:
            yield from _compared(rules, exchange, mine[0], contract)
            duration = mine[0].get(names["milliseconds"])
            if exchange.elapsed and isinstance(duration, int | float):
                shares.append(duration / (1000 * exchange.elapsed))
    if len(shares) >= ENOUGH and not LEAST_SHARE <= median(shares) <= MOST_SHARE:
        expected, got = "milliseconds", f"{median(shares):.2g} of the time that the request took"
        yield Finding(CONTRADICTION, f"a request's log line: {names['milliseconds']}", expected, got)


def of_requests(rules: Mapping[str, Any], lines: Iterable[LogLine]) -> Mapping[Any, Sequence[LogLine]]:
    """The line of each request by the request's id; other lines name the request too, and are not among them."""
    names = rules["request"]
    logged: dict[Any, list[LogLine]] = defaultdict(list)
    for line in lines:
        if line.get("event") == names["event"]:
            logged[line.get(names["request_id"])].append(line)
    return logged


def _operation(contract: Contract, exchange: Exchange) -> str:
    return str(contract.operation(exchange.method, exchange.path) or f"{exchange.method} of no operation")


def _compared(rules: Mapping[str, Any], exchange: Exchange, line: LogLine, contract: Contract) -> Iterator[Finding]:
    names = rules["request"]
    level = "warning" if exchange.status >= rules["warning_from"] else "info"
    expected = {
        names["method"]: exchange.method[:32],
        names["status"]: exchange.status,
        names["path"]: path_of(exchange)[: names["longest_path"]],
        "level": level,
    }
    # An operation that is not routed is a finding of the contract; its log line says the same.
    route = route_of(contract, exchange.path)
    absent = contract.is_unrouted(exchange) or (exchange.status == 404 and not exchange.error_code)
    if exchange.method != "OPTIONS" and not (route and absent):
        expected[names["route"]] = route or names["unmatched"]
    for name, value in expected.items():
        if line.get(name) != value and not (name == names["route"] and _beside(contract, exchange, line.get(name))):
            where = f"a request's log line: {name}"
            yield Finding(CONTRADICTION, where, as_json(value), as_json(line.get(name)), request=exchange.request_id)
    duration = line.get(names["milliseconds"])
    if not isinstance(duration, int | float) or duration < 0:
        where = f"a request's log line: {names['milliseconds']}"
        yield Finding(CONTRADICTION, where, "a number from 0 up", as_json(duration), request=exchange.request_id)
    if not _at(line.get("timestamp"), exchange.headers.get("date", ""), CLOCK_SECONDS + exchange.elapsed):
        where, date = "a request's log line: timestamp", exchange.headers.get("date")
        yield Finding(
            CONTRADICTION, where, f"UTC, about {date}", as_json(line.get("timestamp")), request=exchange.request_id
        )


def _beside(contract: Contract, exchange: Exchange, got: Any) -> bool:
    """Return whether a route is one that the service has beside its contract."""
    if not isinstance(got, str) or route_of(contract, exchange.path) is not None:
        return False
    return exchange.path == got or (got != "/" and exchange.path.startswith(got))


def path_of(exchange: Exchange) -> str:
    """The decoded path of an exchange; an encoded slash separates nothing, so it stays."""
    return unquote(re.sub("%2f", "%252F", exchange.path, flags=re.IGNORECASE))


def route_of(contract: Contract, path: str) -> str | None:
    """The template of the contract that a path belongs to, whatever the method."""
    segments = re.sub("%2f", "-", path, flags=re.IGNORECASE)  # an encoded slash is a part of its segment
    operations = (contract.operation(method, segments) for method in METHODS)
    return next((operation.path for operation in operations if operation), None)


def _at(timestamp: Any, date: str, seconds: float) -> bool:
    """Return whether a time is in UTC, and within so many seconds of the header Date."""
    try:
        moment = datetime.fromisoformat(str(timestamp))
        offset = moment.utcoffset()
        if offset is None or offset.total_seconds():
            return False
        return not date or abs((moment - parsedate_to_datetime(date)).total_seconds()) <= seconds
    except ValueError:
        return False


def _secrets(
    rules: Mapping[str, Any], record: Record, observations: Observations, lines: Sequence[LogLine]
) -> Iterator[Finding]:
    secrets = {value: name for name, value in observations.inside.items() if "password" in name}
    for exchange in record.exchanges:
        for name in rules["secret_headers"]:
            secrets[exchange.request_headers.get(name.lower(), "")] = f"the header {name}"
        for name, value in _members(exchange.sent, rules["secret_members"]):
            secrets[value] = f"the member {name}"
    texts = "\n".join(line.text for line in lines)
    known = {*record.resources, *(exchange.request_id for exchange in record.exchanges)}  # logged by other names
    for secret, name in secrets.items():
        if len(secret) >= SHORTEST_SECRET and secret not in known and secret in texts:
            line = next(line.text for line in lines if secret in line.text)
            yield Finding(SECRET, f"the log: {name}", "no such text", line.replace(secret, "***"))


def _members(value: Any, names: Sequence[str], within: str = "") -> Iterator[tuple[str, str]]:
    """The texts of secret members, and of all that is within one."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _members(member, names, within or (name if name in names else ""))
    elif isinstance(value, list) and within:
        for entry in value:
            yield from _members(entry, names, within)
    elif isinstance(value, str) and within:
        yield within, value
