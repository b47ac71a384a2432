"""From what was posted to what is asked: text and bytes in, Patches and Rejections out. Pure.

`fences` finds the blocks of a message and `detect` says what each is meant to be; `command` reads a
command_patch (from `json_text` or `yaml_text`), `diff` a unified or git diff, `codex` a `*** Begin Patch`,
`blocks` search/replace blocks. Everything here is hostile until it has become a Patch.
"""
