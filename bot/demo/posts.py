"""What four people write in the demo's channel, and how each of it should end."""

import enum
from dataclasses import dataclass

from bot.demo.peer import ADA, BEN, CLEO, User


class Ending(enum.StrEnum):
    LANDED = "landed"
    GATE_FAILED = "gate-failed"
    REJECTED = "rejected"
    NO_ANSWER = "no-answer"


@dataclass(frozen=True, slots=True)
class Post:
    """*landing* are files that must be on the branch afterwards, with text that must be in them."""

    author: User
    text: str
    ending: Ending
    landing: tuple[tuple[str, str], ...] = ()


_COMMAND_PATCH = """\
role: command_patch
target: greeter
title: Say goodbye, too
mutations:
  - op: create
    path: greeter/farewell.py
    content: |
      def part(name: str) -> str:
          return f"Goodbye, {name or 'friend'}!"
  - op: create
    path: tests/test_farewell.py
    content: |
      import unittest

      from greeter.farewell import part


      class FarewellTest(unittest.TestCase):
          def test_it_names_the_one_who_leaves(self) -> None:
              self.assertEqual(part("Ada"), "Goodbye, Ada!")
  - op: replace
    path: README.md
    find: Greets people by name.
    replacement: Greets people by name, and lets them go.
"""

_DIFF = """\
--- a/greeter/greeting.py
+++ b/greeter/greeting.py
@@ -4,3 +4,3 @@
 def greet(name: str) -> str:
     \"\"\"A greeting for *name*; people without a name are friends.\"\"\"
-    return f"Hello, {name or 'friend'}!"
+    return f"Good day, {name or 'friend'}."
"""

_BROKEN = """\
{
  "role": "command_patch",
  "target": "greeter",
  "mutations": [
    {"op": "write", "path": "README.md", "content": "# Greeter\\n"
  ]
}
"""

_CHATTER = """\
By the way, this is how I try it out:
```python
from greeter.greeting import greet
print(greet("Cleo"))
```
Works nicely."""

#: In the order they are posted.
POSTS = (
    Post(
        ADA,
        f"People leave, too.\n```yaml\n{_COMMAND_PATCH}```",
        Ending.LANDED,
        (("greeter/farewell.py", "Goodbye, "), ("README.md", "and lets them go.")),
    ),
    Post(CLEO, _CHATTER, Ending.NO_ANSWER),
    Post(BEN, f"A little more formal, please:\n```diff\n{_DIFF}```", Ending.GATE_FAILED),
    Post(CLEO, f"Shorter is better:\n```json\n{_BROKEN}```", Ending.REJECTED),
)
