"""One more window: as large, a little further, in sight, and on top of no other."""

from PyQt6.QtCore import QPoint, QRect, QSize

from Heatmap.standalone.window_places import OFFSET_PX, first_size, place_beside

ROOM = QRect(0, 30, 1600, 970)
LEAST = QSize(760, 460)


def cascade(like: QRect, count: int) -> list[QRect]:
    places, taken = [], {(like.x(), like.y())}
    for _ in range(count):
        places.append(place_beside(like, ROOM, taken, LEAST))
        taken.add((places[-1].x(), places[-1].y()))
    return places


def test_it_is_as_large_and_a_little_further_right_and_down() -> None:
    like = QRect(100, 100, 1000, 600)
    first, second = cascade(like, 2)
    assert first == like.translated(OFFSET_PX, OFFSET_PX)
    assert second == like.translated(2 * OFFSET_PX, 2 * OFFSET_PX)


def test_eight_of_them_never_share_a_corner_and_stay_in_sight() -> None:
    for like in (
        QRect(100, 100, 1000, 600),
        QRect(900, 600, 700, 400),
        # As large as the screen, larger, and beyond it.
        QRect(ROOM),
        QRect(0, 0, 4000, 3000),
        QRect(5000, 5000, 1000, 600),
        QRect(-3000, -3000, 1000, 600),
    ):
        places = cascade(like, 8)
        assert len({(one.x(), one.y()) for one in places}) == 8, like
        for one in places:
            assert ROOM.contains(one), (like, one)


def test_on_a_screen_that_is_too_small_its_title_can_be_reached() -> None:
    room = QRect(0, 0, 640, 400)
    place = place_beside(QRect(0, 0, 800, 500), room, {(0, 0)}, LEAST)
    assert room.contains(place.topLeft() + QPoint(100, 20))
    assert place.size() == LEAST


def test_a_first_window_fits_the_screen() -> None:
    wanted = QSize(1180, 700)
    assert first_size(wanted, QSize(1920, 1040), LEAST) == wanted
    # 1366 by 768 with letters of 125 %.
    small = first_size(wanted, QSize(1093, 574), LEAST)
    assert small.width() < 1093
    assert small.height() < 574
    assert first_size(wanted, QSize(640, 400), LEAST) == LEAST
