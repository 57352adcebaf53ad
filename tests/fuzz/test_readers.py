"""Bad files of every kind are read, or refused in a line: nothing else, within seconds and a bounded memory."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from edgelab.workspace import PACKAGE
from tests.fuzz.mutate import mutated
from tests.fuzz.readers import READERS

ROOT = PACKAGE.parent
COUNT = 300  # bad files of each reader
GROUPS = sorted({reader.group for reader in READERS.values()})


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="memory is bounded and told as Linux does")
@pytest.mark.parametrize("group", GROUPS)
def test_bad_files_are_read_or_refused(group, tmp_path):
    command = [sys.executable, "-m", "tests.fuzz.child", group, str(tmp_path), str(COUNT)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace", timeout=1200)
    now = tmp_path / "now"
    assert done.returncode == 0, f"died at {now.read_text() if now.exists() else 'nothing'}: {done.stderr[-3000:]}"
    told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"reader"')]
    assert not [line for line in told if "fault" in line]
    tried = {line["reader"]: line["tried"] for line in told}
    assert tried.keys() == {name for name, reader in READERS.items() if reader.group == group}
    assert min(tried.values()) >= 0.3 * COUNT


def test_the_same_number_makes_the_same_file_and_most_are_others():
    sound = json.dumps({"a": [1, {"b": "text"}], "c": 2.5}).encode()
    made = [mutated(sound, number) for number in range(200)]
    assert made == [mutated(sound, number) for number in range(200)]
    assert len(set(made)) > 150 and sound not in made[20:40]


# --- whether that is every reader ---------------------------------------------------------------

CALLS = {
    *("open", "read_text", "read_bytes", "read_csv", "read_json", "read_parquet", "read_table", "read_metadata"),
    *("ParquetFile", "DictReader", "InferenceSession", "from_file", "from_pretrained", "safe_open", "load_file"),
    *(
        "GGUFReader",
        "load_pem_private_key",
        "load_pem_public_key",
        "load_from_string",
        "frombuffer",
        "decompress",
    ),
    *(
        "b64decode",
        "create_engine",
        "read_adapter",
        "fromfile",
        "memmap",
        "loadtxt",
        "genfromtxt",
        "literal_eval",
        "unpack",
    ),
}
LOADS = {
    "json",
    "np",
    "numpy",
    "onnx",
    "yaml",
    "tomllib",
    "torch",
    "pickle",
    "joblib",
    "marshal",
    "plistlib",
    "nbformat",
    "ast",
}
OPENED = "a model or a folder that one of the readers here has refused or taken before"
SHIPPED = "what comes with the package, as its own tests read it"
BUILT = "what `build_once` has made, whole, under a key; nobody else writes there"
MADE = "a file that the same function, or the code that calls it, has just made"
OURS = "what a process of our own says to the one that started it"
SYSTEM = "what the system tells"
PINNED = "a file that is taken by its published SHA-256 alone"
CODE = "the package's own source, or the learner's code in the same process"
BUILDER = "in a process of its own, whose end is told in a line; tests/generation/test_convert.py breaks its files"
READ_BY: dict[
    str, str | tuple[str, ...]
] = {  # of each file that reads something: what reads bad ones here, or why nothing does
    "bundle/answers.py": BUILT,
    "bundle/keys.py": ("public key", "private key"),
    "bundle/manifest.py": ("manifest", "manifest, sealed"),
    "bundle/onnx_file.py": ("onnx file", "model, sealed"),
    "bundle/opening.py": ("tokenizer, sealed", "vocabulary, sealed"),
    "bundle/predict.py": ("manifest, sealed",),
    "bundle/session.py": ("model, sealed",),
    "bundle/signature.py": ("signature",),
    "bundle/transitions.py": ("manifest, sealed",),
    "bundle/vocabulary.py": ("vocabulary, sealed",),
    "bundle/wordpiece.py": ("tokenizer, sealed",),
    "build/folder.py": MADE,
    "cloud/client.py": OURS,
    "cloud/server.py": OURS,
    "commands/generate.py": ("schema",),
    "commands/output.py": SYSTEM,
    "course/editions.py": ("editions",),
    "course/journal.py": ("progress",),
    "course/notebooks.py": SHIPPED,
    "course/outline.py": SHIPPED,
    "course/outcomes.py": ("outcomes", "choice"),
    "course/prediction.py": ("guesses",),
    "course/replay.py": CODE,
    "course/scoreboard.py": ("scoreboard",),
    "course/start_here.py": SHIPPED,
    "course/workshop.py": ("workshop.json",),
    "datasets/lines.py": ("lines.txt", "lines.jsonl"),
    "datasets/loading.py": ("marked.csv", "data.tsv", "data.jsonl"),
    "datasets/packages.py": "of installed packages, by SHA-256",
    "datasets/pocket.py": SHIPPED,
    "datasets/public.py": PINNED,
    "datasets/sources.py": ("marked.csv", "data.tsv", "data.jsonl"),
    "distillation/outside.py": SHIPPED,
    "distillation/targets.py": BUILT,
    "export/cold_start.py": OURS,
    "export/fault_exercise.py": OPENED,
    "export/graph.py": OPENED,
    "export/notebook.py": OPENED,
    "export/placement.py": OPENED,
    "export/repair.py": OPENED,
    "export/small_runtime.py": OPENED,
    "export/to_onnx.py": MADE,
    "fleet/content.py": SHIPPED,
    "fleet/engine.py": ("reports.db",),
    "fleet/lab.py": OURS,
    "fleet/server.py": OURS,
    "fleet/table.py": ("reports.db", "body of a report"),
    "generation/calls.py": ("call",),
    "generation/config.py": ("genai_config",),
    "generation/convert.py": BUILDER,
    "generation/decision.py": SHIPPED,
    "generation/decode.py": OPENED,
    "generation/files.py": "bytes, to be summed",
    "generation/from_gguf.py": BUILDER,
    "generation/llama.py": ("llama",),
    "generation/micro.py": MADE,
    "generation/model.py": ("genai_config",),
    "generation/perplexity.py": BUILT,
    "generation/personal.py": SHIPPED,
    "generation/reference.py": BUILDER,
    "generation/shipped.py": ("shipped",),
    "generation/texts.py": BUILT,
    "generation/tuning.py": BUILDER,
    "generation/writing.py": OURS,
    "machine/assets.py": SHIPPED,
    "machine/host.py": SYSTEM,
    "machine/watching.py": MADE,
    "measurement/energy.py": SYSTEM,
    "measurement/notebook.py": SHIPPED,
    "measurement/population.py": ("room.csv",),
    "models/cold_start.py": OURS,
    "models/encoder.py": PINNED,
    "models/networks.py": MADE,
    "models/storage.py": BUILT,
    "models/tokens.py": PINNED,
    "models/trained.py": BUILT,
    "models/weights.py": PINNED,
    "personalization/adaptable.py": MADE,
    "personalization/adapters.py": ("person", "adapter, sealed"),
    "personalization/base.py": BUILT,
    "personalization/cache.py": ("cache",),
    "personalization/kept.py": BUILT,
    "personalization/personal.py": ("person",),
    "personalization/plan_exercise.py": SHIPPED,
    "personalization/prototypes.py": ("prototypes",),
    "personalization/seen.py": BUILT,
    "personalization/teaching.py": OURS,
    "personalization/users.py": SHIPPED,
    "privacy/attacks.py": OPENED,
    "privacy/budget.py": ("budget",),
    "privacy/encryption.py": ("encrypted",),
    "privacy/extraction.py": BUILT,
    "privacy/flow.py": CODE,
    "privacy/inspection.py": OPENED,
    "privacy/journal.py": ("journal",),
    "privacy/laws.py": SHIPPED,
    "privacy/membership.py": BUILT,
    "privacy/notebook.py": OURS,
    "privacy/session.py": MADE,
    "privacy/shipping_exercise.py": SHIPPED,
    "privacy/tampering.py": OPENED,
    "privacy/thief.py": BUILT,
    "privacy/watching.py": MADE,
    "quantization/answers.py": OPENED,
    "quantization/fault_exercise.py": OPENED,
    "quantization/notebook.py": OPENED,
    "quantization/onnx_tools.py": OPENED,
    "quantization/packing.py": OPENED,
    "routing/assistant.py": "an answer of a cloud: tests/routing/test_assistant.py",
    "routing/simulation.py": SHIPPED,
    "selection/evidence.py": ("evidence",),
    "selection/form.py": ("form",),
    "selection/release_exercise.py": SHIPPED,
    "source.py": CODE,
    "sweeps/config.py": ("sweep.json", "sweep.yaml", "sweep.toml"),
    "sweeps/parts.py": ("sources",),
    "sweeps/pieces.py": ("log.parquet", "log.jsonl"),
    "sweeps/reading.py": ("log.parquet", "log.jsonl"),
    "sweeps/run.py": ("part",),
    "sweeps/score_run.py": ("sources", "part"),
    "sweeps/scoring.py": ("part",),
    "sweeps/worker.py": SYSTEM,
    "tiers/ai_hub.py": PINNED,
    "tiers/assignment.py": MADE,
    "tiers/browser.py": SHIPPED,
    "tiers/emulated.py": OURS,
    "tiers/emulation.py": OURS,
    "tiers/figures.py": SHIPPED,
    "tiers/integers.py": OPENED,
    "tiers/perf_yaml.py": ("perf.yaml", "perf.yaml as JSON"),
    "tiers/vision.py": PINNED,
    "workspace.py": ("artifact",),
}
NOT_READING = {"Generator", "TorchGenerator", "OnnxDecoder", "direct", "webbrowser"}  # whose `open` is another


def reads(file: Path) -> bool:
    """Whether a file's code opens, parses or decodes something."""
    for node in ast.walk(ast.parse(file.read_bytes())):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            of = ast.unparse(called.value) if isinstance(called, ast.Attribute) else ""
            if (name in CALLS and of not in NOT_READING) or (name in ("load", "loads") and of in LOADS):
                return True
    return False


def test_every_file_that_reads_something_is_listed_with_what_reads_bad_ones_or_why_nothing_does():
    found = {file.relative_to(PACKAGE).as_posix() for file in PACKAGE.rglob("*.py") if reads(file)}
    assert sorted(found - READ_BY.keys()) == [] and sorted(READ_BY.keys() - found) == []
    named = {name for readers in READ_BY.values() if isinstance(readers, tuple) for name in readers}
    assert sorted(named - READERS.keys()) == [] and READERS.keys() - named <= {"policy"}
