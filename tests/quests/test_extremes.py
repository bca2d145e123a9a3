"""What an author or a name may do to the quests' pages at their worst, in a real browser: nothing."""

from __future__ import annotations

from typing import Any

import pytest

from mlarena.boards import index as board_index
from mlarena.boards import service as boards
from mlarena.core.clock import utcnow
from mlarena.core.db import db
from tests.live.browsing import until
from tests.live.watcher import served

# pure: what is asked is the browser, once is enough
pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.pure]

LONGEST = "W" * 64
HUGE = '<svg xmlns="http://www.w3.org/2000/svg" width="9000" height="9000"></svg>'
BRIEF = f"""\
![huge](/static/huge.svg)

![elsewhere](https://example.org/spy.png)

{"x" * 400}

```
{"y" * 400}
```

| {" | ".join(f"column{n}" for n in range(30))} |
| {"--- | " * 30}
| {"1 | " * 30}

<script>document.title = "taken"</script> **broken [markdown](javascript:alert(1)
"""


# What the page's policy kept from leaving, as the page itself is told of it.
WATCH_REFUSED = """
window.refused = [];
addEventListener("securitypolicyviolation", ({blockedURI}) => window.refused.push(blockedURI));
"""


def test_a_page_keeps_its_shape_and_its_secrets(
    app: Any, chromium: Any, make_quest: Any, make_user: Any
) -> None:
    quest = make_quest(
        "digits",
        metric="f1_weighted",
        title=LONGEST,
        summary="z" * 300,
        description=BRIEF,
        hints=["h" * 300, "h" * 300],
        starter_code="def train(X, y):\n    return " + "a" * 400 + "\n",
    )
    make_quest(slug="one", title="K", summary="", description="")
    for name in ("K", LONGEST):
        change = boards.record(quest.board(), make_user(name).id, 0.5, "higher", utcnow())
        db.session.commit()
        board_index.apply([change])
    left: list[str] = []

    def leave(route: Any) -> None:
        left.append(route.request.url)
        route.abort()

    context = chromium.new_context()
    page = context.new_page()
    page.add_init_script(WATCH_REFUSED)
    page.route("**://example.org/**", leave)
    page.route(
        "**/static/huge.svg",
        lambda route: route.fulfill(body=HUGE, content_type="image/svg+xml"),
    )
    with served(app) as url:
        for width in (360, 1280):
            page.set_viewport_size({"width": width, "height": 800})
            for path in (f"/quests/{quest.id}", "/quests"):
                page.goto(f"{url}{path}")
                page.locator("main details").evaluate_all(
                    "all => all.forEach((one) => (one.open = true))"
                )
                assert page.evaluate("document.documentElement.scrollWidth") <= width, path
                assert "taken" not in page.title()
                if path != "/quests":
                    picture = page.locator("img[alt=huge]").bounding_box()
                    column = page.locator(".brief").bounding_box()
                    assert picture["width"] <= column["width"]
                    assert picture["height"] <= 500
                    until(page, lambda: page.evaluate("window.refused.length") == 1)
                    assert "example.org" in page.evaluate("window.refused")[0]
    assert left == []
    context.close()
