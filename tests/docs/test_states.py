from contracts.states import DeliveryEvent, DeliveryState, InboxState, PatchEvent, PatchState
from tests.docs.draw_states import PAGE, page


def test_the_pictures_are_those_of_the_tables() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "python -m tests.docs.draw_states draws it anew"


def test_every_state_and_event_is_explained() -> None:
    assert not [line for line in page().splitlines() if line.startswith("| `") and line.endswith("|  |")]
    members = [*PatchState, *DeliveryState, *InboxState, *PatchEvent, *DeliveryEvent]
    assert not [member for member in members if f"| `{member}` | " not in page()]
