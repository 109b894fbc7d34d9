"""The page at /: what this service is, and where its contract and its portal are."""

from string import Template
from typing import Final

from starlette.requests import Request
from starlette.responses import HTMLResponse

from runner import __version__

_PAGE: Final = Template("""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Project Beacon runner</title>
<style>
:root { color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif; }
body { max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
dt { font-weight: 600; margin-top: .8rem; }
dd { margin: 0; }
</style>
<main>
<h1>Project Beacon runner</h1>
<p>Version $version. It asks the same questions of models in several regions and compares the answers.</p>
<dl>
$portal<dt><a href="/openapi.yaml">Contract</a></dt>
<dd>The API that this service promises, as an OpenAPI document.</dd>
<dt><a href="/health">Health</a></dt>
<dd>The state of the database, the queue and the inference router.</dd>
<dt><a href="/metrics">Metrics</a></dt>
<dd>Counters in the format of Prometheus.</dd>
</dl>
</main>
</html>
""")
_PORTAL: Final = """<dt><a href="/portal/">Portal</a></dt>
<dd>Submit jobs, and read their results.</dd>
"""


async def page(request: Request) -> HTMLResponse:
    """Return the page; it links to the portal where this process serves it."""
    return HTMLResponse(_PAGE.substitute(version=__version__, portal=_PORTAL if request.app.state.portal else ""))
