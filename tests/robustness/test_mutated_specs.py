"""Five hundred spoilt specs: a clear list of problems, or a spec that can be trusted."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lamplighter.cli.main import main
from lamplighter.spec import ModelSpec, load_spec
from robustness.broken_specs import SPEC_MUTATIONS, Mutation
from robustness.early_night import champion_of, early_night, small_world
from world import World, day

SEEDS = st.integers(0, 2**32 - 1)
MUTATIONS = st.sampled_from(SPEC_MUTATIONS)
LONGEST_MESSAGE = 20_000
FIXED = settings(
    max_examples=500,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return small_world(tmp_path_factory.mktemp("specs"))


@pytest.fixture(scope="module")
def whole(world: World) -> bytes:
    return world.spec_path.read_bytes()


def spoilt(world: World, whole: bytes, mutation: Mutation, seed: int) -> Path:
    path = world.folder / "spoilt.yaml"
    path.write_bytes(mutation(whole, Random(seed)))
    return path


def looked_at(path: Path, capsys: pytest.CaptureFixture[str]) -> int:
    """Check a spec as a user does; what comes back must be a verdict in words."""
    code = main(["check", str(path)])
    printed = capsys.readouterr()
    text = printed.out + printed.err
    assert code in (0, 1)
    assert str(path) in text
    assert "Traceback" not in text
    assert len(text) < LONGEST_MESSAGE
    return code


@FIXED
@given(mutation=MUTATIONS, seed=SEEDS)
def test_a_spoilt_spec_is_refused_in_words_or_read_as_a_whole(
    world: World,
    whole: bytes,
    capsys: pytest.CaptureFixture[str],
    mutation: Mutation,
    seed: int,
) -> None:
    path = spoilt(world, whole, mutation, seed)
    if looked_at(path, capsys) == 1:
        return
    spec = load_spec(path)
    stored = json.loads(json.dumps(spec.document(), allow_nan=False))
    assert ModelSpec.model_validate(stored).digest == spec.digest


def some_nights(world: World, whole: bytes, seeds: range) -> int:
    """Begin a night with each spoilt spec that is still one; return how many there were."""
    before = champion_of(world)
    done = 0
    for seed in seeds:
        random = Random(seed)
        path = spoilt(world, whole, random.choice(SPEC_MUTATIONS), random.randrange(2**32))
        if main(["check", str(path)]) == 1 or path.read_bytes() == whole:
            continue
        early_night(world, path, as_of=day(27), run_id=f"spoilt/{seed}")
        assert champion_of(world) == before
        done += 1
    return done


def test_a_night_with_a_spec_that_changed_ends_in_words_and_leaves_the_champion(
    world: World, whole: bytes
) -> None:
    world.run(day(24))
    assert champion_of(world) is not None
    assert some_nights(world, whole, range(130)) >= 5


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_many_nights_with_specs_that_changed_end_in_words(world: World, whole: bytes) -> None:
    assert some_nights(world, whole, range(1_000, 4_000)) >= 120
