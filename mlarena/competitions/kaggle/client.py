"""Kaggle's official client, and what it lacks: deadlines, credentials of ours, answers that are checked.

The only place that imports it. Not `import kaggle` but the SDK under it, which that package is a command
line around: importing the package logs in with whatever it finds, writes to the home folder, prints help,
and may end the process. The SDK has no timeout of its own, takes a page of HTML for an answer as long as
its status is 200, and a file's end for its end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, TypeVar

import requests
from kagglesdk.competitions.services.competition_api_service import CompetitionApiClient
from kagglesdk.competitions.types.competition_api_service import (
    ApiCompetition,
    ApiDownloadLeaderboardRequest,
    ApiGetCompetitionRequest,
    ApiGetLeaderboardRequest,
)
from kagglesdk.kaggle_env import KaggleEnv
from kagglesdk.kaggle_http_client import KaggleHttpClient
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ProtocolError

from mlarena.competitions.kaggle.faults import Away, Busy, NotSetUp, Refused, Unreadable
from mlarena.competitions.kaggle.reading import (
    MOST_BYTES,
    Board,
    Facts,
    Row,
    board_of,
    board_of_rows,
    number,
    team_id,
    unzipped,
)
from mlarena.core.clock import utcnow
from mlarena.core.config import Settings

CONNECT_SECONDS = 5.0
# For a whole download; how long one piece may take is a setting.
DOWNLOAD_SECONDS = 90.0
PAGE = 200
MOST_PAGES = 2_000
LONGEST_WAIT = 3600.0

Answer = TypeVar("Answer")


class Kaggle:
    """A connection. Every method raises the KaggleFault that says what went wrong."""

    def __init__(self, settings: Settings) -> None:
        if not settings.kaggle_ready:
            raise NotSetUp
        self._http = _Http(settings)
        self._api = CompetitionApiClient(self._http)

    def __enter__(self) -> Kaggle:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.__exit__(None, None, None)

    def competition(self, slug: str) -> Facts:
        request = ApiGetCompetitionRequest()
        request.competition_name = slug
        return _facts(_asked(lambda: self._api.get_competition(request)))

    def board(self, slug: str, known: str = "") -> Board | None:
        """The public board with its teams' members, in one file; None if `known` is its digest."""
        request = ApiDownloadLeaderboardRequest()
        request.competition_name = slug
        response: requests.Response = _asked(lambda: self._api.download_leaderboard(request))
        with _told(), response:
            content = b"".join(_pieces(response))
        return board_of(unzipped(content), known)

    def final_board(self, slug: str) -> Board:
        """The board that counts: the private one once Kaggle shows it. It does not name the members."""
        return board_of_rows(self._pages(slug))

    def _pages(self, slug: str) -> Iterator[Row]:
        request = ApiGetLeaderboardRequest()
        request.competition_name = slug
        request.page_size = PAGE
        seen: set[str] = set()
        for _ in range(MOST_PAGES):
            page = _asked(lambda: self._api.get_leaderboard(request))
            for one in page.submissions or []:
                team, score = team_id(one.team_id), number(one.score)
                if score is not None:
                    name = " ".join(one.team_name.split())
                    yield Row(team, name, score, _utc(one.submission_date))
            token = page.next_page_token
            if not token:
                return
            if token in seen:
                raise Unreadable("Kaggle sends the same page of the board over and over.")
            seen.add(token)
            request.page_token = token
        raise Unreadable("The board that Kaggle sends has no end.")


class _Http(KaggleHttpClient):
    """The client's transport, told where to go, as whom, and how long to wait."""

    def __init__(self, settings: Settings) -> None:
        # Without an address of ours it follows KAGGLE_API_ENVIRONMENT, as it always does.
        super().__init__(
            env=KaggleEnv.PROD if settings.kaggle_api_url else None,
            username=settings.kaggle_username,
            password=settings.kaggle_key,
            api_token=settings.kaggle_api_token,
            user_agent="mlarena",
        )
        self._endpoint: str = settings.kaggle_api_url or self._endpoint
        self._seconds = settings.kaggle_seconds

    def _init_session(self) -> None:
        if self._session is None:
            super()._init_session()
            session: Any = self._session
            for scheme in ("https://", "http://"):
                session.mount(scheme, _Patience(self._seconds))

    def _try_fill_auth(self) -> None:
        """As whom we were told to come; not as whoever has left a file in the home folder."""
        if self._api_token:
            self._session.auth = KaggleHttpClient.BearerAuth(self._api_token)
        else:
            self._session.auth = (self._username, self._password)
        self._signed_in = True


class _Patience(HTTPAdapter):
    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    def send(self, *given: Any, **more: Any) -> requests.Response:
        more["timeout"] = (min(CONNECT_SECONDS, self._seconds), self._seconds)
        try:
            return super().send(*given, **more)
        except requests.ConnectionError as broken:
            if not isinstance(next(iter(broken.args), None), ProtocolError):
                raise
            # A connection that was kept, and that the other side has just closed.
            return super().send(*given, **more)


def _asked(call: Callable[[], Answer]) -> Answer:
    with _told():
        return call()


@contextmanager
def _told() -> Iterator[None]:
    """Whatever the client raises, as one of our faults."""
    try:
        yield
    except requests.HTTPError as error:
        raise _refusal(error) from None
    except (requests.JSONDecodeError, requests.exceptions.ContentDecodingError):
        raise Unreadable("Kaggle's answer is not JSON.") from None
    except requests.Timeout:
        raise Away("Kaggle did not answer in time.") from None
    except requests.RequestException as error:
        raise Away(f"Kaggle cannot be reached ({type(error).__name__}).") from None
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Unreadable(f"Kaggle's answer is not what it should be: {error}") from None


def _refusal(error: requests.HTTPError) -> Away | Busy | Refused:
    response: Any = error.response
    status, message = response.status_code, str(error)[:200]
    if status < 400:  # the error stands in the answer alone
        status = int(response.json()["code"])
    if status == 429:
        return Busy(retry_after(response.headers.get("Retry-After", "")))
    if status >= 500:
        return Away(f"Kaggle is out of order ({status}).")
    return Refused(status, message)


def retry_after(header: str) -> float | None:
    """Seconds to wait by a header that holds seconds or a date; None if it says neither."""
    seconds = number(header)
    if seconds is None:
        try:
            until = parsedate_to_datetime(header)
        except ValueError:
            return None
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        seconds = (until - utcnow()).total_seconds()
    return min(max(1.0, seconds), LONGEST_WAIT)


def _pieces(response: requests.Response) -> Iterator[bytes]:
    """A download that ends, in time and in size."""
    end, size = time.monotonic() + DOWNLOAD_SECONDS, 0
    for piece in response.iter_content(1 << 16):
        size += len(piece)
        if size > MOST_BYTES:
            raise Unreadable("The board that Kaggle sends is larger than any board is.")
        if time.monotonic() > end:
            raise Away("Kaggle sends its board too slowly.")
        yield piece


def _facts(found: ApiCompetition) -> Facts:
    ends_at = _utc(found.deadline)
    if not found.title or ends_at is None:
        raise Unreadable("Kaggle's answer names neither a title nor a deadline.")
    return Facts(
        title=" ".join(found.title.split())[:128],
        summary=" ".join((found.description or "").split())[:300],
        metric=(found.evaluation_metric or "")[:128],
        starts_at=_utc(found.enabled_date),
        ends_at=ends_at,
        daily_limit=max(1, found.max_daily_submissions or 1),
        team_size=max(1, found.max_team_size or 1),
    )


def _utc(at: datetime | None) -> datetime | None:
    """The client gives times of UTC without saying so."""
    return at.replace(tzinfo=UTC) if at is not None and at.tzinfo is None else at
