"""`python bot.py`, the process of the Procfile, as production has it: Telegram calls us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mlarena.bot.client import UPDATES
from tests.bot.conftest import ADA, PATIENCE, until
from tests.bot.stub import TOKEN

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = "https://arena.example"


def test_what_telegram_calls_with_is_answered_by_the_process_beside_it(
    bot_app: Any, telegram: Any, hears: Any, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = bot_app.extensions["settings"].model_copy(update={"telegram_updates": "webhook"})
    monkeypatch.setitem(bot_app.extensions, "settings", settings)
    environment = {
        "MLARENA_ENV": settings.mlarena_env,
        "MLARENA_DATA": str(settings.mlarena_data),
        "SECRET_KEY": settings.key(),
        "DATABASE_URL": settings.database,
        "REDIS_URL": settings.redis,
        "PUBLIC_URL": ADDRESS,
        "TELEGRAM_BOT_TOKEN": TOKEN,
        "TELEGRAM_API_URL": telegram.url,
        "TELEGRAM_UPDATES": "webhook",
    }
    process = subprocess.Popen(
        [sys.executable, "bot.py"], cwd=ROOT, env={**os.environ, **environment}
    )
    try:
        asked = until(lambda: telegram.webhook)
        assert sorted(asked["allowed_updates"]) == sorted(UPDATES)
        place = asked["url"].removeprefix(ADDRESS)
        shown = {"X-Telegram-Bot-Api-Secret-Token": asked["secret_token"]}
        for words in ("/help", "/help"):  # the second finds it listening
            update = telegram.write(ADA, words)
            for _ in range(2):  # told twice, as Telegram does where it heard no answer
                assert client.post(place, json=update, headers=shown).status_code == 200
        hears(ADA, "What I know")
        until(lambda: len(telegram.texts(ADA)) == 2)
        assert telegram.of("getUpdates") == []
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE) == 0
        assert len(telegram.texts(ADA)) == 2
    finally:
        process.kill()
        process.wait(PATIENCE)


def test_without_a_token_there_is_no_process_and_one_line_says_so(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "bot.py"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "MLARENA_DATA": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("TELEGRAM_BOT_TOKEN is not set")
