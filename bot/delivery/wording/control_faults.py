"""Why something about the course of patches and domains cannot be, and what can."""

from collections.abc import Mapping
from typing import Final

from bot.delivery.wording.said import Said
from contracts.faults import Reason

CONTROL_FAULTS: Final[Mapping[Reason, Said]] = {
    Reason.NOT_YOURS: Said(
        "Only who asked for a patch and the people who may change {domain} can do that.",
        "Ask one of them in the thread.",
    ),
    Reason.NOT_STEERED_HERE: Said(
        "{domain} cannot be paused, drained or frozen from here.", "Say it in one of its channels."
    ),
    Reason.NOT_AN_OPERATOR: Said(
        "Only the desk's operators can halt it.",
        "They do so in their channel, or with `patchdesk halt` on its machine; `pause` stops one domain.",
    ),
    Reason.WHICH_PATCH: Said(
        "It is not clear which patch is meant; in this thread: {ids:list}.", "Say its id, too."
    ),
    Reason.STATE_UNFIT: Said(
        "That cannot be done with {id}, which is {state:words}.",
        "It can be done while one is: {wanted:list|or}.",
    ),
    Reason.LANDING_NOW: Said(
        "{id} is landing this very moment and cannot be stopped any more.",
        "If it must not stay, `revert` it once it has landed.",
    ),
    Reason.SET_CLEARED: Said(
        "{id} cannot be taken back any more: all of its set have passed their gates and are landing.",
        "`revert` undoes what must not stay, once it has landed.",
    ),
    Reason.STOPPING_ALREADY: Said("{by:words} has stopped {id} already.", "It ends within seconds."),
    Reason.NOT_HELD: Said("{id} is not on hold.", "`why` with its id says what it waits for."),
    Reason.NOT_CLOSED: Said(
        "There is nothing to end: {domain:words} is not {closing:words}.",
        "`status` shows how the domains stand.",
    ),
    Reason.FROZEN_BY_SETTINGS: Said(
        "{domain} is frozen by its settings until {until:words} ({why:words}).",
        "A patch with `hotfix: true` goes through once somebody else has approved it.",
    ),
    Reason.BAD_PRIORITY: Said("{said} is no priority.{suggestion:maybe}", "The priorities are {known:list}."),
    Reason.DOMAIN_DRAINING: Said(
        "{domain} takes no new patches: {by:words} lets it run empty ({why:words}).",
        "Post it again when the domain is open; `status` shows it.",
    ),
    Reason.UNKNOWN_DEPENDENCY: Said(
        "It depends on {name}, and there is no such patch.{suggestion:maybe}",
        "Name a patch by its id, or by the `id` that a block of this message or an earlier patch has.",
    ),
    Reason.DEPENDENCY_OVER: Said(
        "It depends on {name} (patch {id}), which will not land: it is {state:words}.",
        "Bring that one in again, with `replay` or anew: it gets an id of its own to depend on.",
    ),
    Reason.DEPENDENCY_CYCLE: Said(
        "These patches wait for each other: {cycle:words}.", "Take one of these dependencies out."
    ),
    Reason.SET_KEPT_WHOLE: Said(
        "It is atomic, and its part for {domains:list} cannot enter: nothing of it was queued.",
        "Without `atomic: true` each domain takes its part by itself.",
    ),
    Reason.SET_IN_PART: Said("Its part for {domains:list} was queued all the same.", ""),
    Reason.SET_TWIN: Said(
        "Its part for {domain} is open already, as patch {id}.",
        "Wait until that one is over or stop it, or leave out `atomic: true`.",
    ),
    Reason.SET_BROUGHT: Said(
        "This message has brought its part for {domain} before.",
        "Post what is new as a block of its own, in a message of its own.",
    ),
    Reason.SET_OVER: Said("All of the set {id} is over.", "`show` with its id says what came of it."),
    Reason.SET_NAMED: Said("{id} is a set, and this takes one of its patches: {ids:list|or}.", "Say which."),
    Reason.SET_PARTED: Said(
        "{id} is to land in all domains of its set {set} or in none; alone it would land without the others.",
        "Post the whole block again.",
    ),
    Reason.SET_REPEATS: Said(
        "Block {block:number} brings the same change to {domain}.", "Leave it out of one of the two."
    ),
    Reason.NO_HISTORY: Said(
        "Nothing has run in {domain} yet, so nobody can tell how long it takes.",
        "It gets known with the first.",
    ),
    Reason.NO_FORECAST: Said(
        "It waits for something that has no time of its own.",
        "Once that is out of the way there is an estimate.",
    ),
}
