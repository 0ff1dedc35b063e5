"""How publishing fares, in words for a terminal. Pure."""

from Heatmap.domain.failure_texts import failure_text
from Heatmap.publish.publish_status import PublishState, PublishStatus


def publish_text(status: PublishStatus) -> str:
    """Return one line."""
    words = [f"Redis {status.state.value}: {status.published} published"]
    if status.state in (PublishState.AWAY, PublishState.STOPPED) and status.waiting:
        words.append(f"up to {status.waiting} wait in the database")
    if status.refused:
        words.append(f"{status.refused} refused")
    if status.failure is not None:
        words.append(failure_text(status.failure))
    return ", ".join(words)
