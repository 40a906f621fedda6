"""The coordinator's side: where each of its rooms is."""

from workflow.web import (
    account_page,
    bundle_pages,
    by_hand_pages,
    contact_pages,
    correction_pages,
    extension_actions,
    handed_in_files,
    handover_page,
    import_pages,
    inbox_pages,
    lastday_pages,
    link_pages,
    mail_pages,
    overview_page,
    preview_pages,
    register_pages,
    removal_page,
    review_actions,
    review_pages,
    rounds_pages,
    year_pages,
)
from workflow.web.office import new_router

router = new_router()
ROOMS = (
    account_page,
    overview_page,
    register_pages,
    contact_pages,
    removal_page,
    import_pages,
    correction_pages,
    rounds_pages,
    year_pages,
    lastday_pages,
    review_pages,
    review_actions,
    handed_in_files,
    extension_actions,
    mail_pages,
    handover_page,
    link_pages,
    preview_pages,
    by_hand_pages,
    inbox_pages,
    bundle_pages,
)
for room in ROOMS:
    router.include_router(room.router)
