"""The coordinator's side: where each of its rooms is."""

from workflow.web import bundle_pages, mail_pages, overview_page, review_actions, review_pages, rounds_pages, year_pages
from workflow.web.office import new_router

router = new_router()
for room in (overview_page, rounds_pages, year_pages, review_pages, review_actions, mail_pages, bundle_pages):
    router.include_router(room.router)
