"""What every test shares: how hypothesis searches, and ears for SIGINT."""

import signal

from hypothesis import settings

# No deadline per example: the machine is shared with real git and real servers, so time says nothing there.
settings.register_profile("desk", deadline=None, print_blob=True)
settings.load_profile("desk")

# In the background of a script one is deaf to it, and so would be whatever a test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
