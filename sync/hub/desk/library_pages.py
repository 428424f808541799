"""The queue towards the county's own library system: how it stands, and try again."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from sqlalchemy import Connection, RowMapping, select
from werkzeug.wrappers import Response

from sync.hub.county.permits import Action
from sync.hub.desk.context import desk
from sync.hub.desk.lookups import item_titles
from sync.hub.desk.permission import needs
from sync.hub.library import tasks
from sync.hub.library.task_log import TaskState, kept_by
from sync.hub.store import schema

#: Refused ones on the page, the latest.
_REFUSED = 100


def routes(blueprint: Blueprint) -> None:
    blueprint.add_url_rule("/library", "library", _show)
    blueprint.add_url_rule("/library/retry", "library_retry", _retry, methods=["POST"])


@needs(Action.SEE_LIBRARY)
def _show() -> str:
    with desk().database.reading() as conn:
        refused = _refused(conn)
        return render_template(
            "desk/library.html",
            kept=kept_by(conn),
            status=tasks.status(conn),
            refused=refused,
            titles=item_titles(conn, [row["item"] for row in refused]),
            again=request.args.get("again", type=int),
        )


@needs(Action.SEE_LIBRARY)
def _retry() -> Response:
    """Put some refused ones back in the queue; all of them if none is named."""
    facts = request.form.getlist("fact")
    with desk().database.writing() as conn:
        again = tasks.retry(conn, facts, desk().clock())
    return redirect(url_for("desk.library", again=len(again)))


def _refused(conn: Connection) -> list[RowMapping]:
    task, fact = schema.library_tasks, schema.facts
    query = (
        select(
            task.c.fact_id,
            task.c.note,
            task.c.finished_at,
            task.c.attempts,
            fact.c.item,
            fact.c.move,
            fact.c.at,
        )
        .join(fact, fact.c.fact_id == task.c.fact_id)
        .where(task.c.state == TaskState.REFUSED.value)
        .order_by(task.c.finished_at.desc(), task.c.fact_id)
        .limit(_REFUSED)
    )
    return list(conn.execute(query).mappings())
