"""Pages for what went wrong, in the visitor's language and in the portal's own look."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from foundation.logs import request_reference
from portal.pages.coercion import Problem
from portal.pages.fields import Fields, TooManyFieldsError, read_fields
from portal.pages.language_choice import language_of
from portal.pages.page import portal_root
from portal.pages.site import Site
from portal.pages.visit import Visit, begin, render, visit
from portal.pages.visitors import Visitor
from portal.pages.words import msgid
from segments.audiences import CONSUMER, Audience
from segments.viewer import Viewer

TEMPLATE = "error.html"
# Title and words by status. Every other status shows those of 400 or 500.
WORDS: Mapping[int, tuple[str, str]] = {
    400: (msgid("这个地址不对"), msgid("地址里有不认识的内容。请从导航重新进入，或检查链接是否完整。")),
    403: (msgid("您无权查看这一页"), msgid("这一页属于另一个门户，或需要您没有的权限。请用有权限的账号登录。")),
    404: (msgid("没有这一页"), msgid("它可能已被移走，或不在您的查看范围内。")),
    405: (msgid("不能这样提交"), msgid("请从页面上的表单或链接进入。")),
    413: (msgid("提交的内容太大"), msgid("请缩短内容，或分几次提交。")),
    500: (msgid("出了问题"), msgid("不是您的操作有误，我们已经记录。请稍后再试。")),
    503: (msgid("暂时繁忙"), msgid("请稍等片刻再试。")),
}
STALE_FORM = msgid("这份表单已经过期，或不是从我们的页面提交的。请返回上一页，刷新后再提交一次。")
# What the codes of refused operations mean for a page. Others are faults of ours.
STATUSES: Mapping[str, int] = {
    "UNAUTHENTICATED": 401,
    "FORBIDDEN": 403,
    "INSUFFICIENT_SCOPE": 403,
    "NOT_FOUND": 404,
    "BAD_USER_INPUT": 400,
    # With its own defaults no page costs too much (page_limits.py), so the address asked for more.
    "LIMIT_COST": 400,
    "OVERLOADED": 503,
    "TIMEOUT": 503,
    # A form that was sent before, or is being sent now: said above the form, which has a fresh key.
    "KEY_REUSED": 422,
    "KEY_BUSY": 422,
    "KEY_ANSWER_TOLD": 422,
    "KEY_WITHOUT_CALLER": 401,
}


def refuse(
    visit: Visit,
    status: int,
    audience: Audience | None = None,
    *,
    words: str = "",
    problems: Sequence[Problem] = (),
    told: Sequence[tuple[str, str]] = (),
    reference: str | None = None,
) -> Response:
    """A page that says no. `words` replace the usual ones; `problems` are named one by one, and those told already."""
    title, usual = WORDS.get(status) or WORDS[500 if status >= 500 else 400]
    named = [(problem.path, visit.say(problem.mistake.value)) for problem in problems]
    return render(
        visit,
        TEMPLATE,
        audience or audience_of(visit.site, visit.request.url.path),
        status=status,
        heading=visit.say(title),
        words=visit.say(words or usual),
        problems=[*named, *told],
        reference=reference,
    )


def audience_of(site: Site, path: str) -> Audience:
    """The portal that a path lies in, whether there is a page or not."""
    first = path.lstrip("/").split("/")[0]
    return next((a for a in Audience if portal_root(a) == f"/{first}" and site.registry.of(a)), CONSUMER)


def refused_status(errors: Sequence[Mapping[str, Any]]) -> int:
    """The status of a page whose operation was refused."""
    codes = [error.get("extensions", {}).get("code") for error in errors]
    return max((STATUSES.get(code, 500) for code in codes), default=500)


Handler = Callable[[Request, Exception], Awaitable[Response]]


def exception_handlers(site: Site) -> dict[int | type[Exception], Handler]:
    """For the application: what pages answer to a wrong address, a wrong method and a fault."""

    async def refused(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        response = refuse(await visit(site, request, fields_of(request)), status)
        response.headers.update(getattr(error, "headers", None) or {})
        return response

    async def failed(request: Request, _: Exception) -> Response:
        # Whatever failed may fail again: the visitor is not looked up, and the page asks for nothing.
        anonymous = Visitor(Viewer.anonymous(language_of(request, site.language)))
        return refuse(begin(site, request, anonymous, Fields(())), 500, reference=request_reference.get())

    return {HTTPException: refused, Exception: failed}


def fields_of(request: Request) -> Fields:
    """The query, or nothing when it is none."""
    try:
        return read_fields(request.url.query)
    except TooManyFieldsError:
        return Fields(())
