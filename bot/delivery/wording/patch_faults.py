"""What can be wrong with a patch: how it is written, what it means, how it fits the branch."""

from collections.abc import Mapping
from typing import Final

from bot.delivery.wording.said import Said
from contracts.faults import Reason

_LIMITS = "The limits are in the desk's settings; its operators can raise them."
_RELATIVE = "Write paths relative to the repository's root, with `/`, as in `src/app.py`."
_FRESH = "Make the diff anew on the branch's present tip and post it again."
_SPELLING = "Copy the text exactly as it stands in the file, spaces and line ends too."

_READING: Mapping[Reason, Said] = {
    Reason.BAD_JSON: Said(
        "This is not valid JSON: {detail:words}.",
        "Mend it there and post it again. Broken JSON is never read as YAML.",
    ),
    Reason.BAD_YAML: Said("This is not valid YAML: {detail:words}.", "Mend it there and post it again."),
    Reason.DUPLICATE_KEY: Said(
        "The key {key} is there twice.", "Keep one; the desk does not choose for you."
    ),
    Reason.YAML_ALIAS: Said("YAML anchors and aliases are not taken.", "Write the value out in each place."),
    Reason.YAML_TAG: Said(
        "The YAML tag {tag} is not taken.", "Leave the tag out; quote the value if it is text."
    ),
    Reason.YAML_MERGE: Said("YAML merge keys are not taken.", "Write the fields out."),
    Reason.TOO_DEEP: Said(
        "This is nested deeper than {most:n|level|levels}.", "A patch needs three or four; flatten it."
    ),
    Reason.TOO_MANY_NODES: Said(
        "This has more than {most:n|value|values} in it.", "Split it into several patches."
    ),
    Reason.TOO_MANY_BLOCKS: Said(
        "One message may bring at most {most:n|block|blocks}; from here on none was read.",
        "Post the rest in another message.",
    ),
    Reason.BLOCK_TOO_LARGE: Said(
        "The block has {size:size}; at most {most:size} are taken.",
        f"Split it into several patches. {_LIMITS}",
    ),
    Reason.TOO_MANY_LINES: Said(
        "The block has {count:n|line|lines}; at most {most:number} are read.",
        "Split it into several patches.",
    ),
    Reason.FILE_TOO_LARGE: Said(
        "{path} would get {size:size}; a file may get at most {most:size}.",
        f"Split it, or keep large files out of patches. {_LIMITS}",
    ),
    Reason.CONTENT_TOO_LARGE: Said(
        "The patch brings {size:size}; at most {most:size} are taken.",
        f"Split it into several patches. {_LIMITS}",
    ),
    Reason.TOO_MANY_FILES: Said(
        "The patch touches {count:n|file|files}; at most {most:number} are taken.",
        f"Split it into several patches. {_LIMITS}",
    ),
    Reason.NOT_UTF8: Said(
        "This is not UTF-8 text: the byte at offset {offset:number} does not fit.",
        "Save it as UTF-8 and post it again.",
    ),
    Reason.SMART_QUOTES: Said(
        "There is a typographic quote, {found}, where a plain one is needed.",
        "Something on the way made quotes pretty. Post it inside a code fence or as a file.",
    ),
    Reason.NO_PATCH_FOUND: Said(
        "There is no patch in this.",
        "Post a diff, or a JSON or YAML block with `role: command_patch`.",
    ),
}

_MEANING: Mapping[Reason, Said] = {
    Reason.NOT_A_MAPPING: Said(
        "A patch is an object with fields; this is {found:words}.",
        'Write `{ "role": "command_patch", "target": ..., "mutations": [...] }`.',
    ),
    Reason.WRONG_ROLE: Said(
        "The `role` is {role}, so this is no patch.{suggestion:maybe}", "Write `role: command_patch`."
    ),
    Reason.MISSING_FIELD: Said("The field {field} is missing in {where:words}.", "Add it and post it again."),
    Reason.WRONG_TYPE: Said(
        "{field} must be {expected:words}; it is {found:words}.",
        "Change it and post it again.{quote:unquoted}",
    ),
    Reason.UNKNOWN_FIELD: Said(
        "There is no field {field} in {where:words}.{suggestion:maybe}",
        "Correct or remove it; the desk leaves nothing out in silence.",
    ),
    Reason.UNKNOWN_OPERATION: Said(
        "There is no operation {operation}.{suggestion:maybe}", "The operations are {known:list}."
    ),
    Reason.CONFLICTING_FIELDS: Said("{first} and {second} exclude each other.", "Keep the one you mean."),
    Reason.NO_MUTATIONS: Said(
        "The patch changes nothing: it has no mutations.", "Say what to change in `mutations`."
    ),
    Reason.SHELL_AS_PATCH: Said(
        "The patch is a shell command. The desk runs none that comes in a message.",
        "Say what the files should become, with `mutations` or as a diff.",
    ),
    Reason.MISSING_TARGET: Said(
        "The patch names no target, and this place has several or none.",
        "Add `target` with one of: {domains:list|or}.",
    ),
    Reason.UNKNOWN_TARGET: Said(
        "There is no target {target} here.{suggestion:maybe}", "The targets here: {domains:list}."
    ),
    Reason.TARGET_BOTH: Said(
        "The target `both` is clear only where there are two domains; here: {domains:list}.",
        "Name one of them as `target`, or list those that are meant.",
    ),
    Reason.BAD_MODE: Said(
        "{mode} is no file mode that a patch may set.",
        'Write `"100644"`, or `"100755"` for an executable file.{quote:unquoted}',
    ),
}

_PATHS: Mapping[Reason, Said] = {
    Reason.PATH_EMPTY: Said("A path is empty.", _RELATIVE),
    Reason.PATH_ABSOLUTE: Said(
        "The path {path} is absolute.",
        f"{_RELATIVE} The operators can name people's checkouts as the domain's `strip_prefixes`.",
    ),
    Reason.PATH_OUTSIDE: Said("The path {path} has a part that is `..`, `.` or empty.", _RELATIVE),
    Reason.PATH_CONTROL: Said("The path {path} has characters that cannot be seen.", "Remove them."),
    Reason.PATH_BACKSLASH: Said("The path {path} has a backslash.", _RELATIVE),
    Reason.PATH_DOTGIT: Said(
        "The path {path} is git's own, or some file systems take it for that.",
        "Patches change files, not `.git`; what git reads as a file is no folder.",
    ),
    Reason.PATH_TOO_LONG: Said(
        "The path {path} has {size:n|byte|bytes} in it or in one part; at most {most:number} are taken.",
        "Use a shorter name.",
    ),
    Reason.PATH_TOO_DEEP: Said(
        "The path {path} has more than {most:n|folder|folders} above it.", "Use a flatter place."
    ),
    Reason.PATH_COLLISION: Said(
        "{path} and {other} are the same file on some people's machines.",
        "Choose a name that nobody's machine takes for the other.",
    ),
    Reason.PATH_TWICE: Said("The path {path} is given content twice.", "Join the two changes into one."),
}

_DIFFS: Mapping[Reason, Said] = {
    Reason.DIFF_NO_HEADER: Said(
        "The diff has changes before any file is named.", "Keep its `---` and `+++` lines."
    ),
    Reason.DIFF_BAD_HEADER: Said(
        "This line of the diff is no header: {text}.", "Post the diff as git printed it."
    ),
    Reason.DIFF_CONTRADICTION: Said(
        "The headers of the file that begins with {text} contradict each other: its names, its modes, "
        "or whether it comes, goes or moves.",
        "Post the diff as git printed it: both sides name the file the same, but for `a/` and `b/`.",
    ),
    Reason.DIFF_EMPTY: Said(
        "No change follows on {text}, and the file is not said to be empty.",
        "Post the diff as git printed it; something seems to have been cut out.",
    ),
    Reason.DIFF_BAD_HUNK: Said(
        "This line does not belong into a hunk: {text}.",
        "In a hunk each line starts with a space, `+`, `-` or `\\`; check for lost leading spaces.",
    ),
    Reason.DIFF_HUNK_COUNT: Said(
        "Hunk {hunk:number} of {path} says {said:words} in its header and has {found:words}.",
        "Post the diff as git printed it; lines seem to be lost or added.",
    ),
    Reason.DIFF_BINARY_STUB: Said(
        "The diff says that the binary file {path} differs, but not how.", "Make it with `git diff --binary`."
    ),
    Reason.DIFF_ZERO_CONTEXT: Said(
        "Hunk {hunk:number} of {path} has no context lines, so its place cannot be checked.",
        "Make the diff with context, as `git diff` does by default.",
    ),
    Reason.DIFF_BAD_MODE: Said(
        "The diff gives {path} the mode {mode}.",
        "Only `100644` and `100755` are taken; no links, no submodules.",
    ),
    Reason.DIFF_UNSURE_NAMES: Said(
        "All files of the diff are new, and {folder} looks like the folder of a release: "
        "nothing tells whether it is part of the name {path}.",
        "Begin the names with `a/` and `b/`, as `git diff` does.",
    ),
}

_EDITS: Mapping[Reason, Said] = {
    Reason.EDIT_STRAY_LINE: Said(
        "This line belongs to no change: {text}.",
        "Inside a change each line starts with a space, `+` or `-`; check for lost leading spaces.",
    ),
    Reason.EDIT_CUT_OFF: Said(
        "The patch is cut off: {missing} does not follow.", "Post it again, whole, or as a file."
    ),
    Reason.EDIT_NO_FILE: Said(
        "It is not said which file this block is for.", "Write the file's path on the line above the block."
    ),
    Reason.EDIT_EMPTY: Said(
        "Change {chunk:number} of {path} changes nothing.", "Mark what goes with `-` and what comes with `+`."
    ),
    Reason.EDIT_WITHOUT_CONTEXT: Said(
        "Change {chunk:number} of {path} only adds lines, and nothing says where.",
        "Keep some of the lines around it, or say that it is for the end of the file.",
    ),
    Reason.EDIT_NOT_FOUND: Said(
        "Change {chunk:number} of {path} does not fit the branch: {detail:words}."
        "{expected:expected}{found:found}",
        "Copy the lines as they stand in the file, blanks too, and post it again.",
    ),
    Reason.EDIT_AMBIGUOUS: Said(
        "Change {chunk:number} of {path} fits in {count:n|place|places} at least: at lines {lines:words}.",
        "Take in more of the lines around it, or name the function above it with `@@`.",
    ),
    Reason.EDIT_ANCHOR_NOT_FOUND: Said(
        "Change {chunk:number} of {path} is to stand below {text}, and there is no such line.",
        "Copy that line from the file.",
    ),
}

_APPLYING: Mapping[Reason, Said] = {
    Reason.FILE_MISSING: Said("There is no file {path} on the branch.{suggestion:maybe}", "Check the path."),
    Reason.FILE_EXISTS: Said("{path} is on the branch already.", "Use an update, if that is what you mean."),
    Reason.NOT_A_FILE: Said("{path} is {found:words}, not a file.", "Patches change plain files only."),
    Reason.NOT_TEXT: Said("{path} is not text.", "Write the whole file, or send a binary git diff."),
    Reason.TEXT_NOT_FOUND: Said(
        "{path} does not contain {text}{detail:because}.{expected:expected}{found:found}", _SPELLING
    ),
    Reason.TEXT_AMBIGUOUS: Said(
        "{path} contains {text} {count:n|time|times} (line {lines:words}); once is needed.",
        "Take in more of the lines around it.",
    ),
    Reason.MATCH_COUNT: Said(
        "The text to replace was to be in {path} {said:n|time|times}; it is there {found:n|time|times}.",
        "Check the text, or correct the count.",
    ),
    Reason.TOO_MANY_MATCHES: Said(
        "The text to replace is in {path} more than {most:n|time|times}.", "Make it more exact."
    ),
    Reason.REGEX_INVALID: Said(
        "{pattern} is no regular expression: {detail:words}.", "Mend it, or use a literal replacement."
    ),
    Reason.REGEX_TIMEOUT: Said(
        "The regular expression had not finished on {path} after {most:took}.",
        "Make it simpler; nested repeats are the usual cause.",
    ),
    Reason.LINE_OUTSIDE: Said(
        "Line {said:number} is outside {path}, which has {lines:n|line|lines}.",
        "Lines count from 1; one past the last appends.",
    ),
    Reason.DIFF_DOES_NOT_APPLY: Said(
        "Hunk {hunk:number} of {path} does not fit the branch: {detail:words}."
        "{expected:expected}{found:found}",
        _FRESH,
    ),
    Reason.DIFF_AMBIGUOUS: Said(
        "Hunk {hunk:number} of {path} fits in {count:n|place|places}: at lines {lines:words}.",
        "Make the diff with more context (`git diff -U10`).",
    ),
    Reason.DIFF_ELSEWHERE: Said(
        "Hunk {hunk:number} of {path} is for line {said:number}, and its lines stand at line {at:number}.",
        _FRESH,
    ),
    Reason.NEEDS_ADJUSTING: Said(
        "It does not fit the branch as it was posted; the desk could make it fit.",
        "Look at the adjusted patch, and apply it if it is what you mean.",
    ),
    Reason.NOT_OFFERED: Said(
        "There is no adjusted form of patch {id}.", "Only one that was offered can be applied."
    ),
    Reason.OFFER_HIDDEN: Said(
        "It does not fit the branch as it was posted. What the desk would make of it has what looks like a "
        "credential; that is not shown, and what is not shown whole is not offered.",
        _FRESH,
    ),
    Reason.DIFF_MISREAD: Said(
        "The diff names {seen:list}, but git would change {applied:list}.", "Post the diff as git printed it."
    ),
    Reason.BASE_MOVED: Said(
        "The base moved: this would land as the tree {found:commit}, and {expected:commit} was expected.",
        "Look at it again with `patchdesk preview`, and submit it with the tree that this names.",
    ),
    Reason.REVERT_CONFLICT: Said(
        "Patch {patch} cannot be undone in {files:list}: {detail:words}.{expected:expected}{found:found}",
        "Later changes stand on it. Revert these first, or post a patch that undoes it by hand.",
    ),
    Reason.REVERT_GONE: Said(
        "Commit {commit}, with which patch {patch} landed, is not on the branch any more.",
        "Somebody has rewritten the branch; post a patch that undoes it by hand.",
    ),
    Reason.TOOK_LINE_ENDS: Said("The change to {path} was given the line ends that the file has.", ""),
    Reason.TOOK_COUNTS: Said(
        "Hunk {hunk:number} of {path} said {said:words} and was taken as what it holds, {found:words}.", ""
    ),
    Reason.TOOK_MOVED_LINES: Said(
        "The lines of {path} have moved since the diff was made; {count:n|hunk|hunks} went with them.", ""
    ),
    Reason.TOOK_PLACE: Said(
        "Hunk {hunk:number} of {path} was put at line {at:number} instead of line {said:number}, the one "
        "place where its lines stand.",
        "",
    ),
    Reason.TOOK_BLANKS: Said(
        "Change {number:number} of {path} was put at line {at:number}, the one place where its lines stand "
        "with other {differs:words}.",
        "",
    ),
    Reason.TOOK_SECOND_VERDICT: Said(
        "{gate} said no, and passed when it ran again on the same files; that verdict was taken.", ""
    ),
    Reason.NOTHING_CHANGED: Said(
        "The branch already is as the patch wants it.", "There is nothing to do, unless the target is wrong."
    ),
}

PATCH_FAULTS: Final[Mapping[Reason, Said]] = {
    **_READING,
    **_MEANING,
    **_PATHS,
    **_DIFFS,
    **_EDITS,
    **_APPLYING,
}
