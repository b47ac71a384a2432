"""What every test shares: how hypothesis searches."""

from hypothesis import settings

# No deadline per example: the machine is shared with real git and real servers, so time says nothing there.
settings.register_profile("desk", deadline=None, print_blob=True)
settings.load_profile("desk")
