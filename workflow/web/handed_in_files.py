"""Attachments that have come in, for a coordinator to take home."""

from fastapi.responses import Response

from workflow.domain.errors import NotFoundError
from workflow.domain.submissions import submission_id
from workflow.services import attachments, overview
from workflow.web.downloads import download
from workflow.web.office import Seated, new_router

router = new_router()


@router.get("/omgang/{round_id}/underlag/{unit}/version/{number}/bilaga/{place}")
def take(desk: Seated, round_id: str, unit: str, number: int, place: int) -> Response:
    """One file of a version. Raises NotFoundError.

    Also where nobody has begun to review: as the answers, it can be taken back unread.
    """
    submission = overview.submission_view(desk.house.db, submission_id(round_id, unit)).submission
    if submission.is_sealed(number):
        raise NotFoundError(what=f"{unit} {number} {place}")
    return download(*attachments.edition_file(desk.house.db, submission.id, number, place))
