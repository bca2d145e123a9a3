"""Do the real PostgreSQL and Redis of the tests answer? Exit 0 yes, 75 (EX_TEMPFAIL) no.

With MLARENA_REQUIRE_SERVICES=1 a no is an error (exit 1), so that CI cannot pass without them.
"""

from __future__ import annotations

import os
import sys

import psycopg2
import redis

# The same names and defaults as tests/conftest.py.
POSTGRES = os.environ.get(
    "MLARENA_TEST_DATABASE_URL", "postgresql://postgres@127.0.0.1:5432/postgres"
)
REDIS = os.environ.get("MLARENA_TEST_REDIS_URL", "redis://127.0.0.1:6379/0")


def main() -> int:
    missing = []
    try:
        psycopg2.connect(POSTGRES, connect_timeout=3).close()
    except psycopg2.OperationalError as error:
        missing.append(f"PostgreSQL ({str(error).strip().splitlines()[0]})")
    try:
        redis.Redis.from_url(REDIS, socket_connect_timeout=3).ping()
    except redis.RedisError as error:
        missing.append(f"Redis ({error})")
    if not missing:
        return 0
    required = os.environ.get("MLARENA_REQUIRE_SERVICES") == "1"
    print(
        f"{' and '.join(missing)} not there: {'required here' if required else 'real run left out'}."
    )
    return 1 if required else 75


if __name__ == "__main__":
    sys.exit(main())
