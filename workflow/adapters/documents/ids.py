"""Ids inside a Word document. The library draws them by lot; counting them gives the same bytes every time."""

from docx_plus.bookmarks import BookmarkIdRegistry
from docx_plus.core.ids import IdRegistry


class ControlIds(IdRegistry):
    def next(self) -> int:
        return self.next_sequential()


class BookmarkIds(BookmarkIdRegistry):
    def next(self) -> int:
        return self.next_sequential()
