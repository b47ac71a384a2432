"""What people post."""

import json
from typing import Any


def command_patch(*mutations: dict[str, Any], **fields: Any) -> str:
    """A `command_patch` as text; without *mutations*, one that writes `new.txt`."""
    change = mutations or ({"op": "write", "path": "new.txt", "content": "new\n"},)
    return json.dumps({"role": "command_patch", "mutations": change} | fields, indent=2)


def fenced(*blocks: str, before: str = "") -> str:
    return "\n".join([*([before] if before else []), *(f"```\n{block.rstrip()}\n```" for block in blocks)])


def writing(path: str, content: str = "new\n", **fields: Any) -> str:
    return fenced(command_patch({"op": "write", "path": path, "content": content}, **fields))


DIFF = """\
--- a/hello.txt
+++ b/hello.txt
@@ -1,2 +1,2 @@
 hello
-world
+desk
"""
#: The gate `words` says no to it, and prints why.
FORBIDDEN = DIFF.replace("+desk", "+forbidden")
#: A brace is missing on line 4, which shows on line 5.
BROKEN = """\
{
  "role": "command_patch",
  "mutations": [
    {"op": "write", "path": "a", "content": "b"
  ]
}
"""
CHATTER = "By the way:\n```\nfor each in range(3):\n    print(each)\n```\nnice, isn't it?"
