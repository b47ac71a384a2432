"""Whether a candidate may land, as sentences about any gates."""

from hypothesis import given
from hypothesis import strategies as st

from contracts.faults import Reason, fault
from contracts.gates import GateResult, Verdict, may_land, refusing


def _result(verdict: Verdict, required: bool) -> GateResult:
    why = None if verdict is Verdict.PASSED else fault(Reason.GATE_FAILED, gate="g", code=1)
    return GateResult("g", verdict, required, why)


results = st.builds(_result, st.sampled_from(Verdict), st.booleans())


@given(st.lists(results), results)
def test_one_more_gate_never_makes_a_patch_landable(before: list[GateResult], extra: GateResult) -> None:
    if may_land([*before, extra]):
        assert may_land(before)


@given(st.lists(results))
def test_what_could_not_run_never_lands_where_it_is_required(gates: list[GateResult]) -> None:
    if any(gate.required and gate.verdict is Verdict.ERRORED for gate in gates):
        assert not may_land(gates)


@given(st.lists(results))
def test_a_refusal_names_the_gate_that_refuses(gates: list[GateResult]) -> None:
    gate = refusing(gates)
    assert (gate is None) == may_land(gates)
    if gate is not None:
        assert gate.required
        assert gate.verdict in {Verdict.FAILED, Verdict.ERRORED}


def test_an_advisory_gate_is_reported_and_refuses_nothing() -> None:
    gates = [_result(Verdict.FAILED, required=False)]
    assert may_land(gates)
    assert refusing(gates) is None
