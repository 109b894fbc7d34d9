"""Pairs of documents that differ in a part: parameters, media types, statuses, headers, security, servers, links."""

from __future__ import annotations

from benchmarks.changes.contexts import HEAD, JSON, OK, answer, body, document, parameter
from benchmarks.changes.parts import (
    BASIC,
    BEARER,
    FORM,
    GET,
    KEY,
    LIST,
    MULTIPART,
    NONE,
    PAIR,
    VARIABLE,
    by,
    called,
    changed,
    given,
    headers,
    hook,
    linked,
    oauth,
    parameters,
    parts,
    paths,
    place,
    query,
    secured,
    sent,
    served,
    statuses,
    variants,
)
from benchmarks.changes.schemas import AB, INTEGER, OBJECT, A, B, N, S, Schema, obj

# Name, old, new, the right severity of old to new, and of new to old; "|" separates severities that are both right.
DOCUMENTS: dict[str, tuple[Schema, Schema, str, str]] = {
    # ---- paths and operations
    "path added": (paths(a=GET), paths(a=GET, b=GET), "safe", "breaking"),
    "method added": (paths(a=GET), paths(a={**GET, "put": GET["get"]}), "safe", "breaking"),
    "method replaced": (paths(a=GET), paths(a={"post": GET["get"]}), "breaking", "breaking"),
    "path item without operations": (paths(a=GET), paths(a=GET, b={"summary": "S"}), "none", "none"),
    "path of another case": (paths(a=GET), paths(A=GET), "breaking", "breaking"),
    "path with a slash at its end": (paths(a=GET), {**HEAD, "paths": {"/a/": GET}}, "breaking", "breaking"),
    "path template renamed": (
        document({"parameters": [parameter("path", S)]}, "/t/{p}"),
        document({"parameters": [{**parameter("path", S), "name": "q"}]}, "/t/{q}"),
        "none|safe",
        "none|safe",
    ),
    "paths in another order": (paths(a=GET, b=GET), paths(b=GET, a=GET), "none", "none"),
    "path item by reference": (
        paths(a=GET),
        {**HEAD, "paths": {"/a": {"$ref": "#/components/pathItems/X"}}, "components": {"pathItems": {"X": GET}}},
        "none",
        "none",
    ),
    "tags": (NONE, document({"tags": ["a"]}, tags=[{"name": "a"}]), "none", "none"),
    "texts": (NONE, document({"summary": "S", "description": "D", "externalDocs": {"url": "x"}}), "none", "none"),
    "version of the document": (NONE, {**NONE, "info": {"title": "U", "version": "2"}}, "none", "none"),
    "unused component": (NONE, document({}, components={"schemas": {"X": S}}), "none", "none"),
    "operation deprecated": (NONE, document({"deprecated": True}), "safe", "safe"),
    "operationId": (document({"operationId": "a"}), document({"operationId": "b"}), "risky", "risky"),
    # ---- parameters
    **{
        f"optional {where} parameter": (
            document({}, "/t"),
            place(where),
            "safe",
            "breaking",
        )
        for where in ("query", "header", "cookie")
    },
    **{
        f"required {where} parameter": (document({}, "/t"), place(where, required=True), "breaking", "breaking")
        for where in ("query", "header", "cookie")
    },
    **{
        f"{where} parameter required": (place(where), place(where, required=True), "breaking", "safe")
        for where in ("query", "header", "cookie")
    },
    **{
        f"{where} parameter deprecated": (place(where), place(where, deprecated=True), "none|safe", "none|safe")
        for where in ("query", "header", "cookie")
    },
    **{
        f"{where} parameter required with a default": (
            place(where, {**S, "default": "a"}),
            place(where, {**S, "default": "a"}, required=True),
            "breaking",
            "safe",
        )
        for where in ("query", "header", "cookie")
    },
    **{
        f"ignored header {name}": (
            parameters(),
            parameters({"name": name, "in": "header", "required": True, "schema": S}),
            "none",
            "none",
        )
        for name in ("Accept", "content-type", "AUTHORIZATION")
    },
    **{
        f"{first} parameter became a {second} parameter": (place(first), place(second), "breaking", "breaking")
        for first in ("query", "header", "cookie")
        for second in ("query", "header", "cookie")
        if first < second
    },
    **{
        f"{where} from {name} to a string": (place(where, schema), place(where, S), "safe", "breaking")
        for where in ("query", "path", "header", "cookie")
        for name, schema in (
            ("an integer", INTEGER),
            ("a number", N),
            ("a boolean", B),
            ("a date", {**S, "format": "date"}),
        )
    },
    **{
        f"{where} from an integer to a number": (place(where, INTEGER), place(where, N), "safe", "breaking")
        for where in ("query", "path", "header", "cookie")
    },
    **{
        f"{where} from a boolean to words": (
            place(where, B),
            place(where, {**S, "enum": ["true", "false", "auto"]}),
            "safe",
            "breaking",
        )
        for where in ("query", "path", "header", "cookie")
    },
    **{
        f"{where} of digits as words": (
            place(where, {**INTEGER, "enum": [1, 2]}),
            place(where, {**S, "enum": ["1", "2"]}),
            "none|safe",
            "none|safe",
        )
        for where in ("query", "path", "header", "cookie")
    },
    **{
        f"{where} that may be null": (
            place(where, S),
            place(where, {"type": ["string", "null"]}),
            "safe|none",
            "breaking|safe|none",
        )
        for where in ("query", "path", "header", "cookie")
    },
    **{
        f"{where} list of integers to strings": (
            place(where, {**A, "items": INTEGER}),
            place(where, LIST),
            "safe",
            "breaking",
        )
        for where in ("query", "path", "header", "cookie")
    },
    **{
        f"{where} from a string to a list": (place(where, S), place(where, LIST), "safe", "breaking")
        for where in ("query", "cookie", "path", "header")
    },
    "query list or null": (query(S), query({**LIST, "type": ["array", "null"]}), "safe", "breaking"),
    "query list not exploded": (query(LIST), query(LIST, explode=False), "breaking", "breaking"),
    "query from a string to a list without explode": (
        query(S),
        query(LIST, explode=False),
        "safe|risky|unknown",
        "breaking",
    ),
    "query list by pipes": (query(LIST), query(LIST, style="pipeDelimited"), "breaking", "breaking"),
    "query list by blanks": (
        query(LIST, style="pipeDelimited"),
        query(LIST, style="spaceDelimited"),
        "breaking",
        "breaking",
    ),
    "query object deep": (query(PAIR), query(PAIR, style="deepObject"), "breaking", "breaking"),
    "query object exploded": (query(PAIR), query(PAIR, explode=False), "breaking", "breaking"),
    "deep object's member": (
        query(obj(a=INTEGER), style="deepObject"),
        query(obj(a=S), style="deepObject"),
        "safe",
        "breaking",
    ),
    "deep object's explode": (
        query(PAIR, style="deepObject"),
        query(PAIR, style="deepObject", explode=True),
        "none",
        "none",
    ),
    "object's member in a query": (query(obj(a=INTEGER)), query(obj(a=S)), "safe", "breaking"),
    "style spelt out": (query(), query(style="form", explode=True), "none", "none"),
    "explode of a scalar": (query(), query(explode=False), "none", "none"),
    "header list's explode": (place("header", LIST), place("header", LIST, explode=True), "none", "none"),
    "header object's explode": (place("header", PAIR), place("header", PAIR, explode=True), "breaking", "breaking"),
    "path list's explode": (place("path", LIST), place("path", LIST, explode=True), "none", "none"),
    "path style of a scalar": (place("path"), place("path", style="label"), "breaking", "breaking"),
    "path matrix": (place("path"), place("path", style="matrix"), "breaking", "breaking"),
    "path style spelt out": (place("path"), place("path", style="simple", explode=False), "none", "none"),
    "cookie style spelt out": (place("cookie"), place("cookie", style="form"), "none", "none"),
    "reserved characters": (query(), query(allowReserved=True), "safe", "breaking"),
    "empty value": (query(), query(allowEmptyValue=True), "safe", "breaking"),
    "reserved characters of a header": (place("header"), place("header", allowReserved=True), "none", "none"),
    "parameter as JSON": (
        query(PAIR),
        parameters({"name": "p", "in": "query", "content": {JSON: {"schema": PAIR}}}),
        "breaking",
        "breaking",
    ),
    "parameter's media type": (
        parameters({"name": "p", "in": "query", "content": {JSON: {"schema": OBJECT}}}),
        parameters({"name": "p", "in": "query", "content": {"Application/JSON; charset=utf-8": {"schema": OBJECT}}}),
        "none",
        "none",
    ),
    "parameter of the path": (
        query(),
        {**HEAD, "paths": {"/things": {"parameters": [parameter("query", S)], "post": {"responses": OK}}}},
        "none",
        "none",
    ),
    "parameter over that of the path": (
        query(INTEGER),
        {
            **HEAD,
            "paths": {
                "/things": {
                    "parameters": [parameter("query", S)],
                    "post": {"responses": OK, "parameters": [parameter("query", INTEGER)]},
                }
            },
        },
        "none",
        "none",
    ),
    "parameter by reference": (
        query(),
        document(
            {"parameters": [{"$ref": "#/components/parameters/P"}]},
            components={"parameters": {"P": parameter("query", S)}},
        ),
        "none",
        "none",
    ),
    "parameter's texts": (query(), query(description="D", example="x"), "none", "none"),
    "parameter's required spelt out": (query(), query(required=False), "none", "none"),
    "parameters in another order": (
        parameters(parameter("query", S), parameter("header", S)),
        parameters(parameter("header", S), parameter("query", S)),
        "none",
        "none",
    ),
    "header parameter's case": (
        parameters({"name": "X-A", "in": "header", "schema": S}),
        parameters({"name": "x-a", "in": "header", "schema": S}),
        "none",
        "none",
    ),
    "query parameter's case": (
        parameters({"name": "aB", "in": "query", "schema": S}),
        parameters({"name": "ab", "in": "query", "schema": S}),
        "breaking",
        "breaking",
    ),
    "parameter's default": (query({**INTEGER, "default": 1}), query({**INTEGER, "default": 2}), "risky", "risky"),
    "parameter's default added": (query(INTEGER), query({**INTEGER, "default": 2}), "risky|safe", "risky"),
    # ---- request bodies
    "optional body": (NONE, sent(JSON, required=False), "safe", "breaking"),
    "required body": (NONE, sent(JSON), "breaking", "breaking"),
    "body required": (sent(JSON, required=False), sent(JSON), "breaking", "safe"),
    "body by reference": (
        document(body(OBJECT)),
        document(
            {"requestBody": {"$ref": "#/components/requestBodies/X"}},
            components={"requestBodies": {"X": body(OBJECT)["requestBody"]}},
        ),
        "none",
        "none",
    ),
    "body's texts": (
        sent(JSON),
        changed(sent(JSON), "paths", "/things", "post", "requestBody", "description", value="D"),
        "none",
        "none",
    ),
    "request type added": (sent(JSON), sent(JSON, "application/xml"), "safe", "breaking"),
    "request type replaced": (sent(JSON), sent("application/xml"), "breaking", "breaking"),
    "request type by a range": (sent(JSON), sent("application/*"), "safe", "breaking"),
    "request type by any": (sent(JSON), sent("*/*"), "safe", "breaking"),
    "request type's charset": (sent(JSON), sent("application/json; charset=utf-8"), "none", "none"),
    "request type's case": (sent(JSON), sent("Application/JSON"), "none", "none"),
    "request type's version": (
        sent("application/json;version=1"),
        sent("application/json;version=2"),
        "breaking",
        "breaking",
    ),
    "request type's version quoted": (
        sent("application/json;version=1"),
        sent('application/json; version="1"'),
        "none",
        "none",
    ),
    "vendor's type": (sent(JSON), sent("application/vnd.a+json"), "breaking", "breaking"),
    "form's integer to a string": (sent(FORM, schema=obj(a=INTEGER)), sent(FORM, schema=obj(a=S)), "safe", "breaking"),
    "form's list of integers": (
        sent(FORM, schema=obj(a={**A, "items": INTEGER})),
        sent(FORM, schema=obj(a=LIST)),
        "safe",
        "breaking",
    ),
    "form's scalar to a list": (sent(FORM, schema=obj(a=S)), sent(FORM, schema=obj(a=LIST)), "safe", "breaking"),
    "form's member": (sent(FORM, schema=obj(a=S)), sent(FORM, schema=obj("a", a=S)), "breaking", "safe"),
    "multipart's integer": (
        sent(MULTIPART, schema=obj(a=INTEGER)),
        sent(MULTIPART, schema=obj(a=S)),
        "safe",
        "breaking",
    ),
    "text's integer": (sent("text/plain", schema=INTEGER), sent("text/plain", schema=S), "safe", "breaking"),
    "text answered": (given("text/plain", schema=S), given("text/plain", schema=INTEGER), "safe", "breaking"),
    # ---- encodings
    "encoding's type": (
        parts(file={"contentType": "image/png"}),
        parts(file={"contentType": "image/jpeg"}),
        "breaking",
        "breaking",
    ),
    "encoding's further type": (
        parts(file={"contentType": "image/png"}),
        parts(file={"contentType": "image/png, image/jpeg"}),
        "safe",
        "breaking",
    ),
    "encoding's range": (
        parts(file={"contentType": "image/png"}),
        parts(file={"contentType": "image/*"}),
        "safe",
        "breaking",
    ),
    "encoding's type that holds anyhow": (parts(), parts(data={"contentType": JSON}), "none", "none"),
    "encoding's plain text": (parts(), parts(note={"contentType": "text/plain"}), "none", "none"),
    "encoding's octets": (parts(), parts(file={"contentType": "application/octet-stream"}), "none", "none"),
    "encoding of a member that is not there": (parts(), parts(gone={"contentType": "text/csv"}), "none", "none"),
    "encoding's required header": (
        parts(file={"headers": {"X-A": {"schema": S}}}),
        parts(file={"headers": {"X-A": {"schema": S, "required": True}}}),
        "breaking",
        "safe",
    ),
    "encoding's optional header": (
        parts(),
        parts(file={"headers": {"X-A": {"schema": S}}}),
        "safe",
        "breaking|risky|safe",
    ),
    "encoding of JSON": (
        sent(JSON, schema=obj(a=S)),
        sent(JSON, schema=obj(a=S), encoding={"a": {"contentType": "text/csv"}}),
        "none",
        "none",
    ),
    "form's list not exploded": (
        sent(FORM, schema=obj(a=LIST)),
        sent(FORM, schema=obj(a=LIST), encoding={"a": {"style": "form", "explode": False}}),
        "breaking",
        "breaking",
    ),
    "form's style spelt out": (
        sent(FORM, schema=obj(a=LIST)),
        sent(FORM, schema=obj(a=LIST), encoding={"a": {"style": "form", "explode": True}}),
        "none",
        "none",
    ),
    "form's reserved characters": (
        sent(FORM, schema=obj(a=S), encoding={"a": {"style": "form"}}),
        sent(FORM, schema=obj(a=S), encoding={"a": {"style": "form", "allowReserved": True}}),
        "safe",
        "breaking",
    ),
    "form's reserved characters of an integer": (
        sent(FORM, schema=obj(a=INTEGER), encoding={"a": {"style": "form"}}),
        sent(FORM, schema=obj(a=INTEGER), encoding={"a": {"style": "form", "allowReserved": True}}),
        "none|safe",
        "none|safe",
    ),
    # ---- statuses
    "success replaced": (statuses(s200=S), statuses(s201=S), "breaking", "breaking"),
    "success added": (statuses(s200=S), statuses(s200=S, s202=S), "risky", "breaking"),
    "error added": (statuses(s200=S), statuses(s200=S, s409=S), "risky", "safe"),
    "server error added": (statuses(s200=S), statuses(s200=S, s503=S), "risky", "safe"),
    "default added": (statuses(s200=S), statuses(s200=S, default=S), "risky", "safe"),
    "named as the default": (statuses(s200=S, default=AB), statuses(s200=S, default=AB, s404=AB), "none", "none|safe"),
    "named with less than the default": (
        statuses(s200=S, default=S),
        statuses(s200=S, default=S, s404=AB),
        "safe",
        "breaking",
    ),
    "named with another type than the default": (
        statuses(s200=S, default=S),
        statuses(s200=S, default=S, s404=INTEGER),
        "breaking",
        "breaking",
    ),
    "range in place of a status": (statuses(s200=S), statuses(s2XX=S), "risky", "safe"),
    "range of errors": (statuses(s200=S, s404=S), statuses(s200=S, s4XX=S), "risky", "safe"),
    "status within a range": (statuses(s200=S, s4XX=S), statuses(s200=S, s4XX=S, s404=S), "none|safe", "none|safe"),
    "status within a range, other type": (
        statuses(s200=S, s4XX=S),
        statuses(s200=S, s4XX=S, s404=INTEGER),
        "breaking",
        "breaking",
    ),
    "range of another case": (statuses(s200=S, s4XX=S), statuses(s200=S, s4xx=S), "none", "none"),
    "response by reference": (
        statuses(s200=S),
        document(
            {"responses": {"200": {"$ref": "#/components/responses/X"}}},
            components={"responses": {"X": answer(S)["responses"]["200"]}},
        ),
        "none",
        "none",
    ),
    "response's text": (
        statuses(s200=S),
        changed(statuses(s200=S), "paths", "/things", "post", "responses", "200", "description", value="E"),
        "none",
        "none",
    ),
    "response without content": (statuses(s200=S), document({}), "breaking", "risky|safe"),
    # ---- media types of answers
    "response type added": (given(JSON), given(JSON, "application/xml"), "risky", "breaking"),
    "response type replaced": (given(JSON), given("text/plain"), "breaking", "breaking"),
    "response type's charset": (given(JSON), given("application/json;charset=UTF-8"), "none", "none"),
    "response type's case": (given(JSON), given("APPLICATION/json"), "none", "none"),
    "response type by a range": (given("image/png"), given("image/*"), "risky|breaking", "none|safe"),
    "problem's type": (given(JSON), given("application/problem+json"), "breaking", "breaking"),
    "problem with a parameter": (
        given("application/problem+json"),
        given("application/problem+json;q=1"),
        "none|risky|safe|breaking",
        "none|risky|safe|breaking",
    ),
    # ---- headers of answers
    "header added": (headers(), headers(X_A={"schema": S}), "safe", "risky"),
    "required header added": (headers(), headers(X_A={"schema": S, "required": True}), "safe", "breaking"),
    "header required": (headers(X_A={"schema": S}), headers(X_A={"schema": S, "required": True}), "safe", "breaking"),
    "header's case": (headers(X_A={"schema": S}), headers(x_a={"schema": S}), "none", "none"),
    "header's type": (headers(X_A={"schema": S}), headers(X_A={"schema": INTEGER}), "safe", "breaking"),
    "header's words": (headers(X_A={"schema": AB}), headers(X_A={"schema": S}), "breaking", "safe"),
    "header's list": (
        headers(X_A={"schema": {**A, "items": S}}),
        headers(X_A={"schema": {**A, "items": INTEGER}}),
        "safe",
        "breaking",
    ),
    "header Content-Type is ignored": (
        headers(),
        headers(Content_Type={"schema": S, "required": True}),
        "none",
        "none",
    ),
    "header's text": (headers(X_A={"schema": S}), headers(X_A={"schema": S, "description": "D"}), "none", "none"),
    "header deprecated": (
        headers(X_A={"schema": S}),
        headers(X_A={"schema": S, "deprecated": True}),
        "none|safe",
        "none|safe",
    ),
    "header's style": (headers(X_A={"schema": S}), headers(X_A={"schema": S, "style": "simple"}), "none", "none"),
    # ---- links
    "link added": (linked(), linked(next={"operationId": "a"}), "safe", "risky"),
    "link to another operation": (
        linked(next={"operationId": "a"}),
        linked(next={"operationId": "b"}),
        "risky",
        "risky",
    ),
    "link's text": (
        linked(next={"operationId": "a"}),
        linked(next={"operationId": "a", "description": "D"}),
        "none",
        "none",
    ),
    "link's parameter": (
        linked(next={"operationId": "a", "parameters": {"id": "$response.body#/id"}}),
        linked(next={"operationId": "a", "parameters": {"id": "$response.body#/key"}}),
        "risky",
        "risky",
    ),
    # ---- security
    "security asked for": (document({}), secured({"k": []}, k=KEY), "breaking", "safe"),
    "security optional": (secured({"k": []}, k=KEY), secured({"k": []}, {}, k=KEY), "safe", "breaking"),
    "security of the document": (
        secured({"k": []}, k=KEY),
        document({}, components={"securitySchemes": {"k": KEY}}, security=[{"k": []}]),
        "none",
        "none",
    ),
    "no security in place of the document's": (
        document({"security": []}, components={"securitySchemes": {"k": KEY}}, security=[{"k": []}]),
        document({}),
        "none",
        "none",
    ),
    "security by either": (
        secured({"k": []}, k=KEY, b=BEARER),
        secured({"k": []}, {"b": []}, k=KEY, b=BEARER),
        "safe",
        "breaking",
    ),
    "security by either of two providers": (
        secured({"o": ["r"]}, o=oauth(r=""), p=oauth("password", r="")),
        secured({"o": ["r"]}, {"p": ["r"]}, o=oauth(r=""), p=oauth("password", r="")),
        "none|safe",
        "breaking",
    ),
    "security by two providers": (
        secured({"o": ["r"], "p": ["w"]}, o=oauth(r=""), p=oauth("password", w="")),
        secured({"o": [], "p": ["w"]}, o=oauth(r=""), p=oauth("password", w="")),
        "safe",
        "breaking",
    ),
    "security by both": (
        secured({"k": []}, k=KEY, b=BEARER),
        secured({"k": [], "b": []}, k=KEY, b=BEARER),
        "breaking",
        "safe",
    ),
    "security in another order": (
        secured({"k": []}, {"b": []}, k=KEY, b=BEARER),
        secured({"b": []}, {"k": []}, k=KEY, b=BEARER),
        "none",
        "none",
    ),
    "scheme renamed": (secured({"k": []}, k=KEY), secured({"z": []}, z=KEY), "none", "none"),
    "scheme's text": (secured({"k": []}, k=KEY), secured({"k": []}, k={**KEY, "description": "D"}), "none", "none"),
    "key in a query": (secured({"k": []}, k=KEY), secured({"k": []}, k={**KEY, "in": "query"}), "breaking", "breaking"),
    "key of another name": (
        secured({"k": []}, k=KEY),
        secured({"k": []}, k={**KEY, "name": "X"}),
        "breaking",
        "breaking",
    ),
    "key's case in a header": (
        secured({"k": []}, k=KEY),
        secured({"k": []}, k={**KEY, "name": "x-KEY"}),
        "none",
        "none",
    ),
    "key's case in a query": (
        secured({"k": []}, k={**KEY, "in": "query"}),
        secured({"k": []}, k={**KEY, "in": "query", "name": "x-key"}),
        "breaking",
        "breaking",
    ),
    "bearer to basic": (secured({"k": []}, k=BEARER), secured({"k": []}, k=BASIC), "breaking", "breaking"),
    "bearer's case": (
        secured({"k": []}, k=BEARER),
        secured({"k": []}, k={**BEARER, "scheme": "Bearer"}),
        "none",
        "none",
    ),
    "scope asked for": (
        secured({"o": ["r"]}, o=oauth(r="", w="")),
        secured({"o": ["r", "w"]}, o=oauth(r="", w="")),
        "breaking",
        "safe",
    ),
    "scope's text": (secured({"o": ["r"]}, o=oauth(r="")), secured({"o": ["r"]}, o=oauth(r="R")), "none", "none"),
    "scope that is not used": (
        secured({"o": ["r"]}, o=oauth(r="")),
        secured({"o": ["r"]}, o=oauth(r="", w="")),
        "none",
        "none",
    ),
    "scopes in another order": (
        secured({"o": ["r", "w"]}, o=oauth(r="", w="")),
        secured({"o": ["w", "r"]}, o=oauth(r="", w="")),
        "none",
        "none",
    ),
    "another flow": (
        secured({"o": []}, o=oauth("clientCredentials")),
        secured({"o": []}, o={"type": "oauth2", "flows": {**oauth("password")["flows"]}}),
        "breaking",
        "breaking",
    ),
    "further flow": (
        secured({"o": []}, o=oauth("clientCredentials")),
        secured({"o": []}, o={"type": "oauth2", "flows": {**oauth()["flows"], **oauth("password")["flows"]}}),
        "none|safe",
        "breaking",
    ),
    "scheme that is not used": (document({}), document({}, components={"securitySchemes": {"k": KEY}}), "none", "none"),
    # ---- servers
    "server added": (served("https://a.test"), served("https://a.test", "https://b.test"), "safe", "breaking"),
    "server's path": (served("https://a.test/v1"), served("https://a.test/v2"), "breaking", "breaking"),
    "server's host": (served("https://a.test"), served("https://b.test"), "breaking", "breaking"),
    "server's scheme": (served("http://a.test"), served("https://a.test"), "breaking", "breaking"),
    "server's slash": (served("https://a.test/v1"), served("https://a.test/v1/"), "none", "none"),
    "server's case": (served("https://A.test"), served("HTTPS://a.test"), "none", "none"),
    "server's port": (served("https://a.test:443"), served("https://a.test"), "none", "none"),
    "server's text": (served("https://a.test"), served({"url": "https://a.test", "description": "D"}), "none", "none"),
    "no server": (served(), served("/"), "none", "none"),
    "server's value": (
        served({**VARIABLE, "variables": {"r": {"default": "eu", "enum": ["eu"]}}}),
        served(VARIABLE),
        "safe",
        "breaking",
    ),
    "server's value written out": (served("https://eu.test", "https://us.test"), served(VARIABLE), "none", "none"),
    "server of the operation": (
        served("https://a.test"),
        document({"servers": [{"url": "https://a.test"}]}),
        "none",
        "none",
    ),
    "servers in another order": (
        served("https://a.test", "https://b.test"),
        served("https://b.test", "https://a.test"),
        "none|risky",
        "none|risky",
    ),
    # ---- discriminators
    "discriminator's name, sent": (variants(by(), body), variants(by("sort"), body), "breaking", "breaking"),
    "discriminator's name, answered": (variants(by(), answer), variants(by("sort"), answer), "breaking", "breaking"),
    "mapping spelt out": (
        variants(by(), body),
        variants(by(Cat="#/components/schemas/Cat", Dog="Dog"), body),
        "none",
        "none",
    ),
    "mapping with a further word, sent": (
        variants(by(cat="Cat"), body),
        variants(by(cat="Cat", kitty="Cat"), body),
        "safe",
        "breaking",
    ),
    "mapping with a further word, answered": (
        variants(by(cat="Cat"), answer),
        variants(by(cat="Cat", kitty="Cat"), answer),
        "breaking",
        "safe",
    ),
    "mapping to another schema, sent": (
        variants(by(cat="Cat"), body),
        variants(by(cat="Dog"), body),
        "breaking",
        "breaking",
    ),
    "mapping to another schema, answered": (
        variants(by(cat="Cat"), answer),
        variants(by(cat="Dog"), answer),
        "breaking",
        "breaking",
    ),
    # ---- webhooks and callbacks
    "webhook added": (document({}), {**document({}), "webhooks": hook()["webhooks"]}, "safe", "breaking"),
    "webhook's payload required": (
        hook(requestBody={"content": {JSON: {"schema": OBJECT}}}),
        hook(**body(OBJECT)),
        "safe",
        "breaking",
    ),
    "webhook's member": (hook(**body(obj(a=S))), hook(**body(obj("a", a=S))), "safe", "breaking"),
    "webhook's member of a closed object": (
        hook(**body(obj(closed=True, a=S))),
        hook(**body(obj(closed=True, a=S, b=S))),
        "breaking",
        "safe",
    ),
    "webhook's type": (hook(**body(OBJECT)), hook(**body(OBJECT, "text/csv")), "breaking", "breaking"),
    "webhook's header": (
        hook(),
        hook(parameters=[parameter("header", S)]),
        "safe",
        "breaking",
    ),
    "webhook's required header": (
        hook(parameters=[parameter("header", S)]),
        hook(parameters=[parameter("header", S, required=True)]),
        "safe",
        "breaking",
    ),
    "webhook's status": (
        hook(responses={"200": {"description": "D"}, "204": {"description": "D"}}),
        hook(),
        "breaking",
        "safe",
    ),
    "webhook's status that the default has": (
        hook(responses={**OK, "404": {"description": "D"}, "default": {"description": "D"}}),
        hook(responses={**OK, "default": {"description": "D"}}),
        "none|safe",
        "none|safe",
    ),
    "webhook's text": (hook(), hook(description="D"), "none", "none"),
    "webhook's method": (
        hook(),
        {**HEAD, "paths": {}, "webhooks": {"done": {"put": {"responses": OK}}}},
        "breaking",
        "breaking",
    ),
    "callback added": (document({}), called(), "safe|risky", "breaking|risky"),
    "callback's member": (called(**body(obj(a=S))), called(**body(obj("a", a=S))), "safe", "breaking"),
    "callback's text": (called(), called(description="D"), "none", "none"),
    "callback's payload": (called(), called(**body(OBJECT)), "risky|safe", "breaking"),
    # ---- members that are not sent in one direction
    "readOnly member required, sent": (
        document(body(obj(id={**INTEGER, "readOnly": True}))),
        document(body(obj("id", id={**INTEGER, "readOnly": True}))),
        "safe|none",
        "safe|none",
    ),
    "readOnly member, answered": (
        document(answer(obj("id", id={**INTEGER, "readOnly": True}))),
        document(answer(obj(id={**INTEGER, "readOnly": True}))),
        "breaking",
        "safe",
    ),
    "writeOnly member, answered": (
        document(answer(obj("a", a={**S, "writeOnly": True}))),
        document(answer(obj(a={**S, "writeOnly": True}))),
        "safe|none",
        "safe|none",
    ),
    "writeOnly member, sent": (
        document(body(obj(a={**S, "writeOnly": True}))),
        document(body(obj("a", a={**S, "writeOnly": True}))),
        "breaking",
        "safe",
    ),
    "readOnly enum, sent": (
        document(body(obj(a={**AB, "readOnly": True}))),
        document(body(obj(a={**S, "readOnly": True}))),
        "safe|none",
        "safe|none",
    ),
    "writeOnly enum, answered": (
        document(answer(obj(a={**AB, "writeOnly": True}))),
        document(answer(obj(a={**S, "writeOnly": True}))),
        "safe|none",
        "safe|none",
    ),
    "readOnly member added, sent": (
        document(body(obj(closed=True, a=S))),
        document(body(obj(closed=True, a=S, id={**INTEGER, "readOnly": True}))),
        "safe|none",
        "safe|none",
    ),
    # ---- members and hints, which containment does not see
    "member added, sent": (document(body(obj(a=S))), document(body(obj(a=S, b=S))), "risky", "risky"),
    "required member added, sent": (
        document(body(obj(a=S))),
        document(body(obj("b", a=S, b=S))),
        "breaking",
        "risky|safe",
    ),
    "required member with a default, sent": (
        document(body(obj(a=S))),
        document(body(obj("b", a=S, b={**S, "default": "x"}))),
        "breaking",
        "risky|safe",
    ),
    "member added, answered": (document(answer(obj(a=S))), document(answer(obj(a=S, b=S))), "safe", "risky"),
    "required member added, answered": (
        document(answer(obj(a=S))),
        document(answer(obj("b", a=S, b=S))),
        "safe",
        "breaking",
    ),
    "promised member without its schema": (
        document(answer(obj("a", a=S))),
        document(answer({**OBJECT, "required": ["a"]})),
        "breaking",
        "safe",
    ),
    "default of a member, sent": (
        document(body(obj(a={**INTEGER, "default": 1}))),
        document(body(obj(a={**INTEGER, "default": 2}))),
        "risky",
        "risky",
    ),
    "default of a member, answered": (
        document(answer(obj(a={**INTEGER, "default": 1}))),
        document(answer(obj(a={**INTEGER, "default": 2}))),
        "none|risky|safe",
        "none|risky|safe",
    ),
    "contentEncoding, sent": (
        document(body({**S, "contentEncoding": "base64"})),
        document(body({**S, "contentEncoding": "base32"})),
        "breaking",
        "breaking",
    ),
    "contentEncoding, answered": (
        document(answer({**S, "contentEncoding": "base64"})),
        document(answer({**S, "contentEncoding": "base32"})),
        "breaking",
        "breaking",
    ),
    "contentEncoding's case": (
        document(body({**S, "contentEncoding": "base64"})),
        document(body({**S, "contentEncoding": "BASE64"})),
        "none",
        "none",
    ),
    "contentMediaType, sent": (
        document(body({**S, "contentMediaType": JSON})),
        document(body({**S, "contentMediaType": "text/csv"})),
        "breaking",
        "breaking",
    ),
    "contentMediaType's case": (
        document(body({**S, "contentMediaType": JSON})),
        document(body({**S, "contentMediaType": "Application/JSON"})),
        "none",
        "none",
    ),
    "contentSchema, sent": (
        document(body({**S, "contentMediaType": JSON, "contentSchema": obj(a=S)})),
        document(body({**S, "contentMediaType": JSON, "contentSchema": obj("a", a=S)})),
        "breaking",
        "safe",
    ),
    "contentSchema without a contentMediaType": (
        document(body({**S, "contentSchema": obj(a=S)})),
        document(body({**S, "contentSchema": obj("a", a=S)})),
        "none|safe",
        "none|safe",
    ),
    "contentMediaType's parameters in another order": (
        document(answer({**S, "contentMediaType": "text/plain;a=1;b=2"})),
        document(answer({**S, "contentMediaType": "text/plain; b=2; a=1"})),
        "none",
        "none",
    ),
    "contains takes entries from unevaluatedItems": (
        document(answer({**A, "prefixItems": [S], "unevaluatedItems": S})),
        document(answer({**A, "prefixItems": [S], "unevaluatedItems": S, "contains": INTEGER, "minContains": 2})),
        "breaking",
        "breaking",
    ),
    "contentSchema, answered": (
        document(answer({**S, "contentMediaType": JSON, "contentSchema": obj(a=S)})),
        document(answer({**S, "contentMediaType": JSON, "contentSchema": obj("a", a=S)})),
        "safe",
        "breaking",
    ),
}
