"""Asking for background jobs by Celery on Redis or Valkey; a broker that is away or stuck never holds a page up."""

import logging
import time
from threading import BoundedSemaphore, Event, Thread
from typing import Any

from celery import Celery
from kombu import Queue as BrokerQueue
from kombu.exceptions import KombuError
from redis.exceptions import AuthenticationError, RedisError, ResponseError

from workflow.ports import Job

QUEUE = "tertial"
EXPIRES = 60  # seconds: two ticks; a worker that comes back late finds the newest asking only
PATIENCE = 0.8  # seconds that asking may take; a page should answer within one
AT_ONCE = 8  # askings under way; fewer than the ten connections of Celery's pool
REST = 5.0  # seconds in which nobody asks after it has failed

# A frozen broker costs a worker that is told to end five such timeouts, one after another.
_WORKER_SOCKET = {"socket_timeout": 2, "socket_connect_timeout": 3, "socket_keepalive": True}
_ASKING_SOCKET = {"socket_timeout": 2, "socket_connect_timeout": 1, "socket_keepalive": True}
_TRANSPORT = {
    "global_keyprefix": "tertial:",
    "visibility_timeout": 1800,  # a job that runs for longer is given to another worker too, which does no harm
    "unacked_restore_throttle": 1,  # with the default of 10, a killed worker's jobs come back up to 100 s later
    "health_check_interval": 10,
}

_log = logging.getLogger(__name__)


def make_celery(url: str) -> Celery:
    """Make the Celery app that worker and askers share. The caller registers the jobs; nothing is connected yet."""
    app = Celery("tertial", broker=url, set_as_current=False)
    app.conf.update(
        enable_utc=True,
        timezone="UTC",
        accept_content=["json"],
        task_serializer="json",
        task_ignore_result=True,
        task_queues=[BrokerQueue(QUEUE)],
        task_default_queue=QUEUE,
        task_create_missing_queues=False,
        task_publish_retry=False,
        task_acks_late=True,
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_soft_shutdown_timeout=30,
        worker_enable_soft_shutdown_on_idle=True,
        worker_hijack_root_logger=False,
        worker_enable_remote_control=False,  # nobody asks the workers anything; its queue is one more thing to close
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,  # for ever: meanwhile the worker looks by itself
        broker_transport_options=_TRANSPORT | _WORKER_SOCKET,
    )
    return app


class BrokerRefusesError(Exception):
    """The broker is there, and does not keep what it is given; the text is what it says of it."""


def try_keeping(url: str) -> None:
    """Have something kept for a second, by the way that an asking takes. Raises BrokerRefusesError."""
    app = make_celery(url)
    app.conf.broker_transport_options = _TRANSPORT | _ASKING_SOCKET
    try:
        with app.connection_for_write() as connection:
            channel: Any = connection.channel()  # kombu's types know no broker
            channel.client.set("check", 1, ex=1)
    except (ResponseError, AuthenticationError) as error:
        raise BrokerRefusesError(str(error)) from error
    except (KombuError, RedisError, OSError) as error:  # by its kind only: the text may hold the broker's password
        raise BrokerRefusesError(type(error).__name__) from error


class CeleryQueue:
    """Implements ports.Queue. An asking that does not get through is only logged: the next tick asks again."""

    def __init__(self, url: str, *, expires: float = EXPIRES, patience: float = PATIENCE, rest: float = REST) -> None:
        self._app = make_celery(url)
        self._app.conf.broker_transport_options = _TRANSPORT | _ASKING_SOCKET
        self._expires = expires
        self._patience = patience
        self._rest = rest
        self._places = BoundedSemaphore(AT_ONCE)
        self._stuck = Event()
        self._rests_until = 0.0

    def ask(self, job: Job) -> None:
        """Ask in a thread of its own, and wait for it only as long as the broker has been answering.

        After a failure nothing is asked for a while: ticks and the workers' own look at the database make up for it.
        """
        if time.monotonic() < self._rests_until:
            _log.debug("job %s not asked for: the broker did not answer a moment ago", job)
            return
        if not self._places.acquire(blocking=False):
            _log.warning("job %s not asked for: the broker does not answer", job)
            return
        asking = Thread(target=self._send, args=(job,), name=f"ask {job}", daemon=True)
        try:
            asking.start()
        except RuntimeError as error:  # no thread to be had, or the process is ending
            self._places.release()
            _log.warning("job %s not asked for: %s", job, error)
            return
        asking.join(0 if self._stuck.is_set() else self._patience)
        if asking.is_alive():
            self._fail()

    def _send(self, job: Job) -> None:
        try:
            self._app.send_task(job.value, expires=self._expires, ignore_result=True, retry=False)
            self._stuck.clear()
            self._rests_until = 0.0
        except (KombuError, RedisError, OSError) as error:  # by its kind only: the text may hold the broker's password
            self._fail()
            _log.warning("job %s not asked for: %s", job, type(error).__name__)
        finally:
            self._places.release()

    def _fail(self) -> None:
        self._stuck.set()
        self._rests_until = time.monotonic() + self._rest
